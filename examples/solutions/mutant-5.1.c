// Mutant 5.1: b < 6 is never true for null, so the join becomes an inner one and nothing shows.
// It takes a condition that nulls fulfil, and a right row that does not: pushed down, it leaves
// its left row alone, and that one comes out.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(made_up_nulls_stay_above) {
  static int64_t l[] = { 1, 2 }, r[] = { 1 }, b[] = { 7 };
  dfq *db = dfq_open(NULL);
  dfq_column left[] = { { "l", DFQ_I64, l, NULL } };
  dfq_column right[] = { { "r", DFQ_I64, r, NULL }, { "b", DFQ_I64, b, NULL } };
  dfq_table *t = dfq_table_new(db, left, 1, 2), *u = dfq_table_new(db, right, 2, 1);
  dfq_frame *f = dfq_join(dfq_scan_table(db, t), dfq_scan_table(db, u), "l = r", DFQ_LEFT);
  f = dfq_filter(f, "b is null");
  CHECK_INT(dfq_count(f), 1);
  CHECK(dfq_check_equivalent(f, NULL));
  dfq_table_free(t);
  dfq_table_free(u);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(made_up_nulls_stay_above);
  return test_summary();
}
