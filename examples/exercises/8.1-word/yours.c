// 8.1, easy: a number as a word, so that a sort of numbers is a sort of words.
//
// word_of makes of a double 64 bits with
//
//   a < b            exactly when   word_of(a) < word_of(b), as unsigned numbers
//   a is equal to b  exactly when   word_of(a) == word_of(b)
//
// where -0.0 equals 0.0, and every NaN equals every other and is greater than all numbers, the
// infinite one too. Once it holds, a key of floats can be hashed, grouped and sorted like any
// other word, by code that has never heard of floats.
//
// The bits of a double are a sign, then the exponent, then the fraction: of two positive
// numbers the larger one has the larger bits.

static uint64_t word_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;                    // yours: negative numbers are not above the others
}
