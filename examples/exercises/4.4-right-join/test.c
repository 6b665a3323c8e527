#include "dfq.h"
#include "test.h"
#include YOURS

enum { NONE = -1 };   // stands for null

// A frame of a key and a number of the row; text: a third column, of texts.
static dfq_frame *frame_of(dfq *db, const char *row_name, const int64_t *key, size_t n,
                           const char *text) {
  static const char *const words[] = { "one", "two", NULL, "three", "four", "five", "six" };
  uint8_t there[16] = { 0 };
  int64_t row[16] = { 0 };
  dfq_column columns[] = { { "id", DFQ_I64, key, there }, { row_name, DFQ_I64, row, NULL },
                           { text, DFQ_STR, words, NULL } };
  for (size_t i = 0; i < n; i++) {
    there[i] = key[i] != NONE;
    row[i] = (int64_t)i;
  }
  dfq_table *t = dfq_table_new(db, columns, text ? 3 : 2, n);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

static void same(const char *at, const int64_t *l, size_t n, const int64_t *r, size_t m) {
  char why[400] = "";
  dfq *db = dfq_open(NULL);
  dfq_frame *left = frame_of(db, "order_row", l, n, NULL);
  dfq_frame *right = frame_of(db, "person_row", r, m, "name");
  dfq_table *want = dfq_collect(dfq_join(left, right, "id", DFQ_RIGHT));
  dfq_table *got = dfq_collect(right_join(left, right, "id"));
  if (!got) test_fail("  %s: %s\n", at, dfq_error(db));
  else if (!dfq_table_equal(want, got, why, sizeof why)) test_fail("  %s: %s\n", at, why);
  dfq_table_free(got);
  dfq_table_free(want);
  dfq_close(db);
}

static const int64_t orders[] = { 2, 1, 9, 2, NONE }, people[] = { 4, 1, 2, NONE, 3, 2, 5 };

TEST(right_keeps_the_pairs) { same(TEST_AT, orders, 2, people + 1, 2); }

TEST(right_keeps_who_met_nobody) {
  same(TEST_AT, orders, 4, people, 7);
  same(TEST_AT, orders, 0, people, 7);
}

TEST(right_leaves_nobody_of_the_left) {
  same(TEST_AT, orders, 5, people, 3);
  same(TEST_AT, orders, 5, people, 0);
}

TEST(right_null_equals_nothing) { same(TEST_AT, orders, 5, people, 7); }

// Types of all kinds, other names, and a left side with more columns than one.
TEST(right_of_any_columns) {
  char why[400] = "";
  dfq *db = dfq_open(NULL);
  dfq_frame *left = dfq_with_columns(frame_of(db, "n", orders, 5, "city"),
                                     "n / 2 as half, n > 1 as late, date '2024-01-31' as day");
  dfq_frame *right = dfq_with_columns(frame_of(db, "m", people, 7, NULL), "m * 1.5 as price");
  left = dfq_select(left, "city, half, id, late, day");
  dfq_table *want = dfq_collect(dfq_join(left, right, "id", DFQ_RIGHT));
  dfq_table *got = dfq_collect(right_join(left, right, "id"));
  CHECK(want && got && dfq_table_equal(want, got, why, sizeof why));
  CHECK_STR(why, "");
  dfq_table_free(got);
  dfq_table_free(want);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(right_keeps_the_pairs);
  RUN(right_keeps_who_met_nobody);
  RUN(right_leaves_nobody_of_the_left);
  RUN(right_null_equals_nothing);
  RUN(right_of_any_columns);
  return test_summary();
}
