// Mutant 2.1: in a filter, null and false are the same, so the mistake hides there. "not"
// brings it to light: not (null and true) has to stay null.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(unknown_stays_unknown) {
  static const dfq_schema none = { 0, NULL };
  dfq *db = dfq_open(NULL);
  dfq_value v;
  CHECK(dfq_expr_eval(dfq_parse(db, "not (cast(null as bool) and true)"), &none, NULL, &v));
  CHECK_INT(v.type, DFQ_NULL);
  CHECK(dfq_expr_eval(dfq_parse(db, "cast(null as bool) and false"), &none, NULL, &v));
  CHECK(v.type == DFQ_BOOL && v.as.i == 0);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(unknown_stays_unknown);
  return test_summary();
}
