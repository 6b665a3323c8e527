// Mutant 1.1: a source that fails after two rows, under a filter. The end and an error both
// make dfq_rows_next return false; only dfq_rows_failed tells them apart.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include "../exercises/numbers.h"

static bool any(void *user, const dfq_value *row) { return user || row; }

TEST(filter_hands_errors_on) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(dfq_rows_filter(numbers_failing(db, 2), any, NULL)), "1 2 failed");
  CHECK_STR(numbers_text(dfq_rows_filter(numbers(db, 2), any, NULL)), "1 2");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(filter_hands_errors_on);
  return test_summary();
}
