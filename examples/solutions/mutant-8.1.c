// Mutant 8.1: the first batch sets the base, the next one has the number below it.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(one_below_the_base_is_not_null) {
  int64_t key[] = { 1000, 1001, 1002, 1003, 999, 1000, 1000, 1001 };
  dfq *db = dfq_open(NULL);
  dfq_column column = { "k", DFQ_I64, key, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 8);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 1;
  run.batch_rows = 4;
  dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "k", "count() as n");
  dfq_table *groups = dfq_collect(dfq_configure(f, &run));
  CHECK_INT(dfq_table_rows(groups), 5);
  dfq_value last;
  dfq_table_get(groups, 4, 0, &last);
  CHECK(last.type == DFQ_I64 && last.as.i == 999);
  dfq_table_free(groups);
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(one_below_the_base_is_not_null);
  return test_summary();
}
