#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../numbers.h"

static bool below(void *user, const dfq_value *row) { return row[0].as.i < *(int64_t *)user; }
static bool odd(void *user, const dfq_value *row) { (void)user; return row[0].as.i % 2 != 0; }

TEST(take_while_ends_at_the_first_refused) {
  int64_t four = 4, one = 1;
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(take_while(numbers(db, 9), below, &four)), "1 2 3");
  CHECK_STR(numbers_text(take_while(numbers(db, 9), below, &one)), "");
  CHECK_STR(numbers_text(take_while(numbers(db, 9), odd, NULL)), "1");
  dfq_close(db);
}

TEST(take_while_reads_one_row_too_many_and_no_more) {
  int64_t four = 4;
  dfq *db = dfq_open(NULL);
  numbers_text(take_while(numbers(db, 0x7fffffff), below, &four));
  CHECK_INT(numbers_asked, 4);
  dfq_close(db);
}

TEST(take_while_stays_ended) {
  int64_t two = 2;
  const dfq_value *row;
  dfq *db = dfq_open(NULL);
  dfq_rows *r = take_while(numbers(db, 9), below, &two);
  CHECK(dfq_rows_next(r, &row));
  CHECK(!dfq_rows_next(r, &row));
  CHECK(!dfq_rows_next(r, &row));
  CHECK(!dfq_rows_failed(r));
  dfq_rows_close(r);
  dfq_close(db);
}

TEST(take_while_hands_errors_on) {
  int64_t nine = 9;
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(take_while(numbers_failing(db, 3), below, &nine)), "1 2 3 failed");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(take_while_ends_at_the_first_refused);
  RUN(take_while_reads_one_row_too_many_and_no_more);
  RUN(take_while_stays_ended);
  RUN(take_while_hands_errors_on);
  return test_summary();
}
