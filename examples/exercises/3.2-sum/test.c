#include "dfq.h"
#include "test.h"
#include YOURS

static const int64_t largest = INT64_MAX, smallest = INT64_MIN;

// The sum of data, or -99 when it does not fit.
static int64_t sum_or_99(const int64_t *data, const uint8_t *valid, size_t n) {
  int64_t sum = 77;
  return sum_i64(data, valid, n, &sum) ? sum : -99;
}

TEST(sum_adds_up) {
  static const int64_t data[] = { 5, -7, 100, 4000000000, -9000000000 };
  CHECK_INT(sum_or_99(data, NULL, 5), -4999999902);
  CHECK_INT(sum_or_99(data, NULL, 2), -2);
  CHECK_INT(sum_or_99(data, NULL, 0), 0);
}

TEST(sum_leaves_nulls_out) {
  static const int64_t data[] = { 1, 2, 4, 8, 16 };
  static const uint8_t some[] = { 1, 0, 1, 0, 1 }, none[5] = { 0 };
  CHECK_INT(sum_or_99(data, some, 5), 21);
  CHECK_INT(sum_or_99(data, none, 5), 0);
}

TEST(sum_says_when_it_does_not_fit) {
  const int64_t up[] = { largest, 1 }, down[] = { smallest, -1 }, edge[] = { smallest, 0 };
  int64_t sum;
  CHECK(!sum_i64(up, NULL, 2, &sum));
  CHECK(!sum_i64(down, NULL, 2, &sum));
  CHECK(sum_i64(edge, NULL, 2, &sum) && sum == smallest);
  CHECK(sum_i64(up, NULL, 1, &sum) && sum == largest);
}

TEST(sum_may_leave_the_range_and_come_back) {
  const int64_t data[] = { largest, largest, 5, smallest, smallest, -2 };
  CHECK_INT(sum_or_99(data, NULL, 6), 1);
}

TEST(sum_ignores_garbage_under_a_null) {
  const int64_t data[] = { largest, 3, largest, smallest, 4 };
  static const uint8_t valid[] = { 0, 1, 0, 0, 1 };
  CHECK_INT(sum_or_99(data, valid, 5), 7);
}

// Random columns, in every length around a block, against one row at a time with care.
TEST(sum_of_random_columns) {
  uint64_t seed = 3;
  int64_t data[200];
  uint8_t valid[200];
  for (size_t n = 0; n < 200; n++) {
    int64_t want = 0, sum;
    for (size_t i = 0; i < n; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      data[i] = (int64_t)(seed >> 8) - ((int64_t)1 << 55);
      valid[i] = seed >> 40 & 1;
      if (valid[i]) want += data[i];
    }
    CHECK(sum_i64(data, valid, n, &sum) && sum == want);
  }
}

// And a column of the engine's own, batch by batch.
static bool add_batch(void *user, const dfq_batch *batch) {
  const uint8_t *valid;
  const int64_t *data = (const int64_t *)dfq_batch_data(batch, 0, &valid);
  int64_t sum;
  if (CHECK(sum_i64(data, valid, dfq_batch_rows(batch), &sum))) *(int64_t *)user += sum;
  return true;
}

TEST(sum_of_batches) {
  int64_t data[300], total = 0;
  uint8_t valid[300];
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 300; i++) { data[i] = i; valid[i] = i % 3 != 0; }
  dfq_column column = { "n", DFQ_I64, data, valid };
  dfq_table *t = dfq_table_new(db, &column, 1, 300);
  dfq_frame *f = dfq_select(dfq_scan_table(db, t), "n * 2 as n");
  CHECK(dfq_each_batch(f, add_batch, &total));
  CHECK_INT(total, 2 * (300 * 299 / 2 - 3 * (100 * 99 / 2)));
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(sum_adds_up);
  RUN(sum_leaves_nulls_out);
  RUN(sum_says_when_it_does_not_fit);
  RUN(sum_may_leave_the_range_and_come_back);
  RUN(sum_ignores_garbage_under_a_null);
  RUN(sum_of_random_columns);
  RUN(sum_of_batches);
  return test_summary();
}
