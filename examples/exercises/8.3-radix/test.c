#include "test.h"
#include YOURS

enum { MANY = 200000 };

static sort_row rows[MANY], spare[MANY];
static uint64_t made = 1;

static uint64_t any(void) {
  made = made * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return made >> 20;
}

// Fills n rows with base + any % range, sorts, and compares. Returns the passes, or -1.
static int sorted(size_t n, uint64_t base, uint64_t range) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    rows[i].word = base + any() % range;
    rows[i].number = (uint32_t)i;
    sum += rows[i].word * (i + 1);
  }
  int passes = radix_sort(rows, spare, n);
  for (size_t i = 0; i < n; i++) {
    sum -= rows[i].word * ((uint64_t)rows[i].number + 1);
    if (i == 0 || rows[i - 1].word < rows[i].word) continue;
    if (rows[i - 1].word > rows[i].word || rows[i - 1].number >= rows[i].number) return -1;
  }
  return sum ? -1 : passes;
}

TEST(radix_few) {
  CHECK_INT(sorted(0, 5, 1), 0);
  CHECK_INT(sorted(1, 5, 1), 0);
  CHECK_INT(sorted(100, 5, 1), 0);
  CHECK_INT(sorted(100, 0, 8), 1);
  CHECK(sorted(1000, 0, UINT64_C(1) << 40) == 5);
}

TEST(radix_looks_at_what_differs) {
  CHECK_INT(sorted(MANY, 1950, 75), 1);                          // years
  CHECK_INT(sorted(MANY, UINT64_C(1) << 63, 100000), 3);         // cents
  CHECK_INT(sorted(MANY, UINT64_C(0x0123456789000000), 65536), 2);
}

TEST(radix_all_bytes) { CHECK_INT(sorted(MANY, any() << 22, UINT64_C(1) << 44), 6); }

// The bytes that differ need not lie side by side.
TEST(radix_with_gaps) {
  for (size_t i = 0; i < 1000; i++) {
    rows[i].word = (any() % 3) << 48 | (any() % 5) << 8 | UINT64_C(0xff00ff00ff000077);
    rows[i].number = (uint32_t)i;
  }
  CHECK_INT(radix_sort(rows, spare, 1000), 2);
  for (size_t i = 1; i < 1000; i++) {
    bool equal = rows[i - 1].word == rows[i].word;
    if (!CHECK(equal ? rows[i - 1].number < rows[i].number : rows[i - 1].word < rows[i].word))
      return;
  }
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(radix_few);
  RUN(radix_looks_at_what_differs);
  RUN(radix_all_bytes);
  RUN(radix_with_gaps);
  return test_summary();
}
