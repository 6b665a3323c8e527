// Mutant 2.2: what was parsed is best asked as a tree. Values would do as well, but they are
// more work to choose, and bool columns hide the mistake: (not a) = b and not (a = b) agree
// there.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(not_is_looser_than_comparisons) {
  dfq *db = dfq_open(NULL);
  CHECK(dfq_expr_equal(dfq_parse(db, "not a = b"), dfq_parse(db, "not (a = b)")));
  CHECK(dfq_expr_equal(dfq_parse(db, "not a and b"), dfq_parse(db, "(not a) and b")));
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(not_is_looser_than_comparisons);
  return test_summary();
}
