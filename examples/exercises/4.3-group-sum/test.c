#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../numbers.h"

enum { NONE = -77 };   // stands for null
#define MOST INT64_MAX
#define LEAST INT64_MIN

static dfq_value of(int64_t x) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  v.type = x == NONE ? DFQ_NULL : DFQ_I64;
  v.as.i = x;
  return v;
}

static const char *text_of(dfq_rows *r) {
  static char text[2000];
  const dfq_value *row;
  size_t at = 0;
  text[0] = 0;
  while (at < sizeof text - 100 && dfq_rows_next(r, &row)) {
    char part[2][24];
    for (int c = 0; c < 2; c++) {
      bool null = row[c].type == DFQ_NULL;
      snprintf(part[c], sizeof part[c], null ? "." : "%lld", (long long)row[c].as.i);
    }
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:%s", at ? " " : "", part[0],
                           part[1]);
  }
  if (dfq_rows_failed(r)) snprintf(text + at, sizeof text - at, "%sfailed", at ? " " : "");
  dfq_rows_close(r);
  return text;
}

// cells: key, x, key, x, ...
static const char *summed(const int64_t *cells, size_t rows) {
  static dfq_value value[200];
  static char text[2000];
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < 2 * rows; i++) value[i] = of(cells[i]);
  snprintf(text, sizeof text, "%s", text_of(group_sum(dfq_rows_array(db, value, rows, 2))));
  dfq_close(db);
  return text;
}

TEST(groups_come_as_first_seen) {
  static const int64_t cells[] = { 7, 1, 3, 10, 7, 2, 5, 100, 3, 20 };
  CHECK_STR(summed(cells, 5), "7:3 3:30 5:100");
  CHECK_STR(summed(cells, 0), "");
}

TEST(groups_and_nulls) {
  static const int64_t cells[] = { NONE, 1, 0, 2, NONE, 4, 1, NONE, 0, NONE, 1, NONE };
  CHECK_STR(summed(cells, 6), ".:5 0:2 1:.");
}

TEST(sums_may_leave_i64_on_the_way) {
  static const int64_t over[] = { 1, MOST, 1, 1, 1, -1 };
  static const int64_t both[] = { 1, LEAST, 1, LEAST, 1, MOST, 1, MOST, 1, 2, 2, MOST };
  CHECK_STR(summed(over, 3), "1:9223372036854775807");
  CHECK_STR(summed(both, 6), "1:0 2:9223372036854775807");
}

TEST(sums_that_do_not_fit_are_errors) {
  static const int64_t above[] = { 1, 5, 2, MOST, 2, 1, 3, 7 };
  static const int64_t below[] = { 1, LEAST, 2, LEAST, 2, -1 };
  CHECK_STR(summed(above, 4), "1:5 failed");
  CHECK_STR(summed(below, 3), "1:-9223372036854775808 failed");
}

static bool keyed(void *user, const dfq_value *row, dfq_value *to) {
  (void)user;
  to[0] = to[1] = row[0];
  to[0].as.i = row[0].as.i % 30000 << 30;
  return true;
}

TEST(groups_may_be_many) {
  const dfq_value *row;
  int64_t n = 0, total = 0, wrong = 0;
  dfq *db = dfq_open(NULL);
  dfq_rows *r = group_sum(dfq_rows_map(numbers(db, 60000), 2, keyed, NULL));
  while (dfq_rows_next(r, &row)) {
    n++;
    wrong += row[0].as.i != n % 30000 << 30;
    total += row[1].as.i;
  }
  CHECK_INT(n, 30000);
  CHECK_INT(wrong, 0);
  CHECK_INT(total, (int64_t)60000 * 60001 / 2);
  dfq_rows_close(r);
  dfq_close(db);
}

TEST(groups_hand_errors_on) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(text_of(group_sum(dfq_rows_map(numbers_failing(db, 2), 2, keyed, NULL))),
            "failed");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(groups_come_as_first_seen);
  RUN(groups_and_nulls);
  RUN(sums_may_leave_i64_on_the_way);
  RUN(sums_that_do_not_fit_are_errors);
  RUN(groups_may_be_many);
  RUN(groups_hand_errors_on);
  return test_summary();
}
