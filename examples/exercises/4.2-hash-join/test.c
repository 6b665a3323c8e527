#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../numbers.h"

enum { NONE = -1 };   // stands for null

static dfq_rows *rows_of(dfq *db, dfq_value *cells, const int64_t *key, size_t n) {
  for (size_t i = 0; i < n; i++) {
    memset(&cells[2 * i], 0, 2 * sizeof *cells);
    cells[2 * i].type = key[i] == NONE ? DFQ_NULL : DFQ_I64;
    cells[2 * i].as.i = key[i];
    cells[2 * i + 1].type = DFQ_I64;
    cells[2 * i + 1].as.i = (int64_t)i;
  }
  return dfq_rows_array(db, cells, n, 2);
}

// "1:0-2" is left row 0 with the key 1 and right row 2; "." is null.
static const char *pairs(dfq_rows *r) {
  static char text[1000];
  const dfq_value *row;
  size_t at = 0;
  text[0] = 0;
  while (at < sizeof text - 100 && dfq_rows_next(r, &row)) {
    char key[24] = ".", right[24] = ".";
    if (row[0].type != DFQ_NULL) snprintf(key, sizeof key, "%d", (int)row[0].as.i);
    if (row[3].type != DFQ_NULL) snprintf(right, sizeof right, "%d", (int)row[3].as.i);
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:%d-%s", at ? " " : "", key,
                           (int)row[1].as.i, right);
  }
  if (dfq_rows_failed(r)) snprintf(text + at, sizeof text - at, " failed");
  dfq_rows_close(r);
  return text;
}

static const char *joined(const int64_t *l, size_t n, const int64_t *r, size_t m, bool keep) {
  static dfq_value left[200], right[200];
  static char text[1000];
  dfq *db = dfq_open(NULL);
  snprintf(text, sizeof text, "%s",
           pairs(hash_join(rows_of(db, left, l, n), rows_of(db, right, r, m), keep)));
  dfq_close(db);
  return text;
}

static const int64_t orders[] = { 2, 1, 9, 2 }, people[] = { 1, 2, 3, 2 };

TEST(join_keeps_the_order_of_both) {
  CHECK_STR(joined(orders, 4, people, 4, false), "2:0-1 2:0-3 1:1-0 2:3-1 2:3-3");
}

TEST(join_left_keeps_every_left_row) {
  CHECK_STR(joined(orders, 4, people, 4, true), "2:0-1 2:0-3 1:1-0 9:2-. 2:3-1 2:3-3");
  CHECK_STR(joined(orders, 2, people, 0, true), "2:0-. 1:1-.");
  CHECK_STR(joined(orders, 0, people, 4, true), "");
}

TEST(join_null_equals_nothing) {
  static const int64_t a[] = { NONE, 5, NONE }, b[] = { NONE, 5, NONE };
  CHECK_STR(joined(a, 3, b, 3, false), "5:1-1");
  CHECK_STR(joined(a, 3, b, 3, true), ".:0-. 5:1-1 .:2-.");
}

TEST(join_asks_the_left_side_last) {
  const dfq_value *row;
  dfq_value cells[8];
  dfq *db = dfq_open(NULL);
  dfq_rows *right = rows_of(db, cells, people, 4), *left = numbers(db, 0x7fffffff);
  dfq_rows *r = hash_join(left, right, false);
  CHECK_INT(numbers_asked, 0);
  CHECK(dfq_rows_next(r, &row));
  CHECK_INT(numbers_asked, 1);
  CHECK(dfq_rows_next(r, &row) && dfq_rows_next(r, &row));
  CHECK_INT(numbers_asked, 2);           // the key 2 has two matches
  dfq_rows_close(r);
  dfq_close(db);
}

TEST(join_hands_errors_on) {
  dfq_value cells[8];
  dfq *db = dfq_open(NULL);
  dfq_rows *bad = numbers_failing(db, 1), *good = rows_of(db, cells, people, 4);
  CHECK_STR(numbers_text(hash_join(bad, good, true)), "1 failed");
  bad = numbers_failing(db, 2);
  good = rows_of(db, cells, people, 4);
  CHECK_STR(numbers_text(hash_join(good, bad, true)), "failed");
  dfq_close(db);
}

// Every key meets one row. A nested loop would take 2,500,000,000 comparisons.
TEST(join_looks_up) {
  enum { ROWS = 50000 };
  static dfq_value left[2 * ROWS], right[2 * ROWS];
  static int64_t key[ROWS];
  const dfq_value *row;
  int64_t pairs_found = 0, wrong = 0;
  dfq *db = dfq_open(NULL);
  for (int64_t i = 0; i < ROWS; i++) key[i] = i << 20;
  dfq_rows *l = rows_of(db, left, key, ROWS), *r = rows_of(db, right, key, ROWS);
  dfq_rows *j = hash_join(l, r, false);
  while (dfq_rows_next(j, &row)) {
    wrong += row[0].as.i != row[2].as.i || row[1].as.i != pairs_found;
    pairs_found++;
  }
  CHECK_INT(pairs_found, ROWS);
  CHECK_INT(wrong, 0);
  dfq_rows_close(j);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(join_keeps_the_order_of_both);
  RUN(join_left_keeps_every_left_row);
  RUN(join_null_equals_nothing);
  RUN(join_asks_the_left_side_last);
  RUN(join_hands_errors_on);
  RUN(join_looks_up);
  return test_summary();
}
