// Mutant 4.2: a sort by one number is a radix sort, and that part of the engine is right. What
// is wrong is how runs of equal first keys are settled by the others: so two keys, rows that
// are equal in both, and a column that tells them apart.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(equal_rows_keep_their_order) {
  static const int64_t a[] = { 1, 1, 1, 1, 1, 1 }, b[] = { 2, 1, 2, 1, 2, 1 };
  static const int64_t id[] = { 0, 1, 2, 3, 4, 5 }, want[] = { 1, 3, 5, 0, 2, 4 };
  dfq_column column[] = { { "a", DFQ_I64, a, NULL }, { "b", DFQ_I64, b, NULL },
                          { "id", DFQ_I64, id, NULL } };
  dfq *db = dfq_open(NULL);
  dfq_table *t = dfq_table_new(db, column, 3, 6);
  dfq_rows *r = dfq_rows_open(dfq_sort(dfq_scan_table(db, t), "a, b"));
  const dfq_value *row;
  for (int i = 0; i < 6 && CHECK(dfq_rows_next(r, &row)); i++) CHECK_INT(row[2].as.i, want[i]);
  dfq_rows_close(r);
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(equal_rows_keep_their_order);
  return test_summary();
}
