#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../numbers.h"

TEST(skip_passes_over_the_first) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(skip(numbers(db, 6), 4)), "5 6");
  CHECK_STR(numbers_text(skip(numbers(db, 6), 0)), "1 2 3 4 5 6");
  dfq_close(db);
}

TEST(skip_all_and_more) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(skip(numbers(db, 3), 3)), "");
  CHECK_STR(numbers_text(skip(numbers(db, 3), 100)), "");
  CHECK_STR(numbers_text(skip(numbers(db, 0), 1)), "");
  dfq_close(db);
}

TEST(skip_asks_no_more_than_it_must) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(dfq_rows_take(skip(numbers(db, 0x7fffffff), 10), 2)), "11 12");
  CHECK_INT(numbers_asked, 12);
  dfq_close(db);
}

TEST(skip_hands_errors_on) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(skip(numbers_failing(db, 2), 5)), "failed");
  CHECK_STR(numbers_text(skip(numbers_failing(db, 2), 1)), "2 failed");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(skip_passes_over_the_first);
  RUN(skip_all_and_more);
  RUN(skip_asks_no_more_than_it_must);
  RUN(skip_hands_errors_on);
  return test_summary();
}
