// Mutant 5.2: as long as the first rows pass the filter, the answer is right. So the first row
// must not.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(a_limit_counts_what_the_filter_keeps) {
  static int64_t n[] = { 1, 2, 3, 4, 5 };
  dfq *db = dfq_open(NULL);
  dfq_column column[] = { { "n", DFQ_I64, n, NULL } };
  dfq_table *t = dfq_table_new(db, column, 1, 5);
  dfq_frame *f = dfq_limit(dfq_filter(dfq_scan_table(db, t), "n % 2 = 0"), 2);
  CHECK_INT(dfq_count(f), 2);
  CHECK(dfq_check_equivalent(f, NULL));
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(a_limit_counts_what_the_filter_keeps);
  return test_summary();
}
