#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../numbers.h"

static int gave;   // calls of the functions below

static bool put(dfq_value *to, int64_t n) {
  to->type = DFQ_I64;
  to->as.i = n;
  gave++;
  return true;
}

// Of n: n, n times. Of a multiple of three: nothing.
static bool times(void *user, const dfq_value *row, int k, dfq_value *to) {
  (void)user;
  return row[0].as.i % 3 && k < row[0].as.i && put(to, row[0].as.i);
}

static bool square(void *user, const dfq_value *row, int k, dfq_value *to) {
  (void)user;
  return k == 0 && put(to, row[0].as.i * row[0].as.i);
}

static bool nothing(void *user, const dfq_value *row, int k, dfq_value *to) {
  (void)user; (void)row; (void)k; (void)to;
  return false;
}

// A row without end: 10n, 10n + 1, ...
static bool endless(void *user, const dfq_value *row, int k, dfq_value *to) {
  (void)user;
  return put(to, row[0].as.i * 10 + k);
}

TEST(flat_map_of_one_is_a_map) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(flat_map(numbers(db, 4), 1, square, NULL)), "1 4 9 16");
  dfq_close(db);
}

TEST(flat_map_repeats_and_leaves_out) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(flat_map(numbers(db, 5), 1, times, NULL)), "1 2 2 4 4 4 4 5 5 5 5 5");
  CHECK_STR(numbers_text(flat_map(numbers(db, 5), 1, nothing, NULL)), "");
  CHECK_STR(numbers_text(flat_map(numbers(db, 0), 1, times, NULL)), "");
  dfq_close(db);
}

TEST(flat_map_gives_when_it_is_asked) {
  dfq *db = dfq_open(NULL);
  gave = 0;
  dfq_rows *r = dfq_rows_take(flat_map(numbers(db, 0x7fffffff), 1, endless, NULL), 3);
  CHECK_STR(numbers_text(r), "10 11 12");
  CHECK_INT(gave, 3);
  CHECK_INT(numbers_asked, 1);
  dfq_close(db);
}

TEST(flat_map_hands_errors_on) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(numbers_text(flat_map(numbers_failing(db, 2), 1, times, NULL)), "1 2 2 failed");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(flat_map_of_one_is_a_map);
  RUN(flat_map_repeats_and_leaves_out);
  RUN(flat_map_gives_when_it_is_asked);
  RUN(flat_map_hands_errors_on);
  return test_summary();
}
