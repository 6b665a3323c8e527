// Mutant 1.2: the rows are the same, so look at what was asked for.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include "../exercises/numbers.h"

TEST(take_asks_for_what_it_gives) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(dfq_rows_take(numbers(db, 9), 2)), "1 2");
  CHECK_INT(numbers_asked, 2);
  CHECK_STR(numbers_text(dfq_rows_take(numbers_failing(db, 2), 2)), "1 2");
  CHECK_STR(numbers_text(dfq_rows_take(numbers(db, 9), 0)), "");
  CHECK_INT(numbers_asked, 0);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(take_asks_for_what_it_gives);
  return test_summary();
}
