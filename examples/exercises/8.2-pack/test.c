#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS

TEST(pack_as_few_bits_as_do) {
  field f[2];
  int64_t low[] = { 0, 2020 }, high[] = { 4, 2026 };
  CHECK_INT(pack_layout(f, 2, low, high), 6);   // 5 and 7 values, and null: 3 bits each
  CHECK_INT(f[1].shift, 3);
  high[1] = 2027;
  CHECK_INT(pack_layout(f, 2, low, high), 7);
}

TEST(pack_there_and_back) {
  field f[2];
  int64_t low[] = { -3, 10 }, high[] = { 3, 12 };
  uint64_t keys[40];
  int n = 0;
  CHECK_INT(pack_layout(f, 2, low, high), 5);   // 7 values and null: 3 bits; 3 and null: 2
  for (int64_t a = -4; a <= 3; a++)
    for (int64_t b = 9; b <= 12; b++) {
      int64_t value[] = { a, b }, got = 0;
      bool null[] = { a < -3, b < 10 };
      uint64_t key = pack(f, 2, value, null);
      CHECK(unpack(f, 0, key, &got) == !null[0] && (null[0] || got == a));
      CHECK(unpack(f, 1, key, &got) == !null[1] && (null[1] || got == b));
      for (int i = 0; i < n; i++) CHECK(keys[i] != key);
      keys[n++] = key;
    }
}

TEST(pack_what_fits_and_no_more) {
  field f[3];
  int64_t low[] = { 0, 0, 0 }, high[] = { INT64_MAX / 2 - 1, 0, 0 };
  CHECK_INT(pack_layout(f, 1, low, high), 62);
  CHECK_INT(pack_layout(f, 2, low, high), 63);
  CHECK_INT(pack_layout(f, 3, low, high), 0);
  low[0] = INT64_MIN;
  high[0] = INT64_MAX;
  CHECK_INT(pack_layout(f, 1, low, high), 0);
}

TEST(pack_at_the_end_of_the_integers) {
  field f[1];
  int64_t low[] = { INT64_MIN }, high[] = { INT64_MIN + 5 }, got = 0;
  bool null[] = { false };
  CHECK_INT(pack_layout(f, 1, low, high), 3);
  CHECK(unpack(f, 0, pack(f, 1, high, null), &got) && got == high[0]);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(pack_as_few_bits_as_do);
  RUN(pack_there_and_back);
  RUN(pack_what_fits_and_no_more);
  RUN(pack_at_the_end_of_the_integers);
  return test_summary();
}
