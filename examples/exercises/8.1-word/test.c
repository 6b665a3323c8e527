#include "test.h"
#include YOURS

static double of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static int compare(double a, double b) {
  if (a != a || b != b) return (a != a) - (b != b);
  return (a > b) - (a < b);
}

static bool agree(double a, double b) {
  uint64_t x = word_of(a), y = word_of(b);
  int want = compare(a, b), got = (x > y) - (x < y);
  return got == want || test_fail("  %.17g and %.17g: %d instead of %d\n", a, b, got, want);
}

TEST(word_of_a_few) {
  static const double some[] = { 0.0, -0.0, 1, -1, 1.5, -1.5, 2, -2, 1e308, -1e308, 5e-324,
                                 -5e-324, 1e-300, 100, -100 };
  for (size_t i = 0; i < 15; i++)
    for (size_t k = 0; k < 15; k++)
      if (!agree(some[i], some[k])) return;
}

TEST(word_of_the_last_ones) {
  double infinite = of_bits(UINT64_C(0x7ff0000000000000));
  double nan[] = { of_bits(UINT64_C(0x7ff8000000000000)), of_bits(UINT64_C(0xfff8000000000000)),
                   of_bits(UINT64_C(0x7fffffffffffffff)) };
  CHECK(agree(infinite, 1e308));
  CHECK(agree(-infinite, -1e308));
  for (int i = 0; i < 3; i++) {
    CHECK(agree(nan[i], infinite) && agree(nan[i], -infinite) && agree(nan[i], 0));
    for (int k = 0; k < 3; k++) CHECK(agree(nan[i], nan[k]));
  }
}

TEST(word_of_anything) {
  uint64_t bits = 20, last = 0;
  for (int i = 0; i < 100000; i++) {
    bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    if (!agree(of_bits(bits), of_bits(last))) return;
    if (!agree(of_bits(bits), of_bits(bits ^ 1))) return;
    last = bits;
  }
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(word_of_a_few);
  RUN(word_of_the_last_ones);
  RUN(word_of_anything);
  return test_summary();
}
