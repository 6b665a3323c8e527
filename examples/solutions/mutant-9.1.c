// Mutant 9.1: one call that is too large, then the same context is asked for something small.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

enum { MANY = 1000000 };

static double number[MANY];

TEST(a_refusal_costs_nothing) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.budget = 4 << 20;
  dfq *db = dfq_open(&o);
  dfq_column column = { "n", DFQ_F64, number, NULL };
  dfq_table *large = dfq_table_new(db, &column, 1, MANY);
  CHECK(large == NULL);
  dfq_table *small = dfq_table_new(db, &column, 1, 10);
  CHECK(small != NULL);
  CHECK_INT(dfq_count(dfq_group_by(dfq_scan_table(db, small), "n", "count() as c")), 1);
  dfq_table_free(small);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(a_refusal_costs_nothing);
  return test_summary();
}
