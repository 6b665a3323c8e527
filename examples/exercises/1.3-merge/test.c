#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../numbers.h"

static bool odd(void *user, const dfq_value *row) { (void)user; return row[0].as.i % 2 != 0; }
static bool even(void *user, const dfq_value *row) { return !odd(user, row); }
static bool third(void *user, const dfq_value *row) { (void)user; return row[0].as.i % 3 == 0; }

TEST(merge_interleaves) {
  dfq *db = dfq_open(NULL);
  dfq_rows *a = dfq_rows_filter(numbers(db, 9), odd, NULL);
  dfq_rows *b = dfq_rows_filter(numbers(db, 9), even, NULL);
  CHECK_STR(numbers_text(merge(a, b)), "1 2 3 4 5 6 7 8 9");
  dfq_close(db);
}

TEST(merge_with_nothing) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(merge(numbers(db, 3), dfq_rows_take(numbers(db, 3), 0))),
            "1 2 3");
  CHECK_STR(numbers_text(merge(dfq_rows_take(numbers(db, 3), 0), numbers(db, 3))), "1 2 3");
  dfq_close(db);
}

TEST(merge_keeps_both_of_equal_rows) {
  dfq *db = dfq_open(NULL);
  dfq_rows *a = dfq_rows_filter(numbers(db, 6), odd, NULL);
  dfq_rows *b = dfq_rows_filter(numbers(db, 6), third, NULL);
  CHECK_STR(numbers_text(merge(a, b)), "1 3 3 5 6");
  dfq_close(db);
}

TEST(merge_stops_at_an_error) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(merge(numbers_failing(db, 2), numbers(db, 9))), "1 1 2 failed");
  CHECK_STR(numbers_text(merge(numbers(db, 9), numbers_failing(db, 2))), "1 1 2 2 failed");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(merge_interleaves);
  RUN(merge_with_nothing);
  RUN(merge_keeps_both_of_equal_rows);
  RUN(merge_stops_at_an_error);
  return test_summary();
}
