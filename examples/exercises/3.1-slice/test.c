#include "dfq.h"
#include "test.h"
#include YOURS
#include "../measurements.h"

static char sliced[400];

static void append_row(void *user, const dfq_batch *batch, size_t row) {
  dfq_value v;
  (void)user;
  dfq_batch_get(batch, row, 0, &v);
  size_t n = strlen(sliced);
  snprintf(sliced + n, sizeof sliced - n, "%s%d", n ? " " : "", (int)v.as.i);
}

// The numbers of a slice of 1 .. last, as text.
static const char *slice_of(counted *of, size_t batch_rows, size_t offset, size_t limit) {
  dfq *db = dfq_open(NULL);
  sliced[0] = 0;
  of->asked = 0;
  CHECK(slice(counted_frame(db, of, batch_rows), offset, limit, append_row, NULL));
  dfq_close(db);
  return sliced;
}

TEST(slice_of_one_batch) {
  counted ten = { 10, 0 };
  CHECK_STR(slice_of(&ten, 100, 0, 3), "1 2 3");
  CHECK_STR(slice_of(&ten, 100, 4, 2), "5 6");
  CHECK_STR(slice_of(&ten, 100, 8, 9), "9 10");
  CHECK_STR(slice_of(&ten, 100, 10, 1), "");
  CHECK_STR(slice_of(&ten, 100, 99, 99), "");
}

TEST(slice_at_any_batch_size) {
  counted ten = { 10, 0 };
  for (size_t batch_rows = 1; batch_rows < 12; batch_rows++) {
    CHECK_STR(slice_of(&ten, batch_rows, 3, 4), "4 5 6 7");
    CHECK_STR(slice_of(&ten, batch_rows, 0, 5), "1 2 3 4 5");
    CHECK_STR(slice_of(&ten, batch_rows, 7, 100), "8 9 10");
    CHECK_STR(slice_of(&ten, batch_rows, 10, 1), "");
  }
}

TEST(slice_reads_no_batch_too_many) {
  counted many = { 1000, 0 };
  CHECK_STR(slice_of(&many, 4, 3, 2), "4 5");
  CHECK_INT(many.asked, 8);
  slice_of(&many, 4, 0, 4);
  CHECK_INT(many.asked, 4);
  CHECK_STR(slice_of(&many, 4, 0, 0), "");
  CHECK_INT(many.asked, 0);
}

TEST(slice_hands_errors_on) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(counted_frame(db, &ten, 4), "n + 9223372036854775800 > 0");
  sliced[0] = 0;
  CHECK(!slice(f, 5, 3, append_row, NULL));
  CHECK_STR(sliced, "6 7");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(slice_of_one_batch);
  RUN(slice_at_any_batch_size);
  RUN(slice_reads_no_batch_too_many);
  RUN(slice_hands_errors_on);
  return test_summary();
}
