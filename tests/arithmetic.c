// arithmetic.c - numbers against what they must be: exact integers of any length, 128 bits, a
// calendar that is walked day by day, nested loops.
//
// Each test makes its values, asks both engines, and works out every answer a second time, from
// the definition. The short form is part of the tests; DFQ_ARITHMETIC=40 (`make arithmetic`)
// tries about so many times as much, and says how many values there were.

static uint64_t arith_tried;   // values that were compared

// How many times as much as in the short form.
static size_t arith_scale(void) {
  const char *text = getenv("DFQ_ARITHMETIC");
  long scale = text ? strtol(text, NULL, 10) : 1;
  return scale > 1 ? (size_t)scale : 1;
}

// ---- integers of any length -----------------------------------------------------------------

enum { ARITH_WORDS = 300 };   // 9,600 bits: 800 digits, over the whole range of exponents

typedef struct arith_big {
  int n;                      // words in use; the last is not 0
  uint32_t w[ARITH_WORDS];
} arith_big;

// b = b * by + plus
static void arith_times(arith_big *b, uint32_t by, uint32_t plus) {
  uint64_t carry = plus;
  for (int i = 0; i < b->n; i++) {
    carry += (uint64_t)b->w[i] * by;
    b->w[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (!carry) return;
  if (b->n == ARITH_WORDS) {
    fputs("arithmetic.c: a number is too long\n", stderr);
    exit(1);
  }
  b->w[b->n++] = (uint32_t)carry;
}

static void arith_tens(arith_big *b, int power) {
  for (; power >= 9; power -= 9) arith_times(b, 1000000000, 0);
  for (; power > 0; power--) arith_times(b, 10, 0);
}

static void arith_twos(arith_big *b, int power) {
  for (; power >= 31; power -= 31) arith_times(b, (uint32_t)1 << 31, 0);
  arith_times(b, (uint32_t)1 << power, 0);
}

static void arith_set(arith_big *b, uint64_t v) {
  b->n = 0;
  arith_times(b, 0, (uint32_t)(v >> 32));
  arith_times(b, (uint32_t)1 << 31, 0);
  arith_times(b, 2, (uint32_t)v);
}

static int arith_order(const arith_big *a, const arith_big *b) {
  if (a->n != b->n) return a->n < b->n ? -1 : 1;
  for (int i = a->n; i-- > 0;)
    if (a->w[i] != b->w[i]) return a->w[i] < b->w[i] ? -1 : 1;
  return 0;
}

// A decimal number as it is written: whole * 10^tens.
typedef struct arith_number {
  arith_big whole;
  int tens;
  bool negative;
} arith_number;

// Reads what the tests write: [-]digits[.digits][e[+-]digits].
static void arith_read(const char *s, arith_number *to) {
  bool point = false;
  to->whole.n = to->tens = 0;
  to->negative = *s == '-';
  for (s += *s == '-'; *s && *s != 'e' && *s != 'E'; s++) {
    if (*s == '.') { point = true; continue; }
    arith_times(&to->whole, 10, (uint32_t)(*s - '0'));
    to->tens -= point;
  }
  if (*s) to->tens += (int)strtol(s + 1, NULL, 10);
}

// The order of a number without its sign, and m * 2^twos.
static int arith_against(const arith_number *x, uint64_t m, int twos) {
  static arith_big a, b;
  if (x->whole.n && x->tens + 9.6 * x->whole.n > 700) return 1;       // 10^300 and more above
  if (x->whole.n && x->tens + 9.7 * x->whole.n < -700) return -1;     // all doubles, or below
  a = x->whole;
  arith_set(&b, m);
  arith_tens(x->tens > 0 ? &a : &b, x->tens > 0 ? x->tens : -x->tens);
  arith_twos(twos < 0 ? &a : &b, twos < 0 ? -twos : twos);
  return arith_order(&a, &b);
}

// Is v the double that is nearest to x, or the f32, the even one if there are two? By the
// middles between v and its neighbours. Infinity stands for what no finite one is nearest to.
static bool arith_nearest(const arith_number *x, double v, bool narrow) {
  float f = (float)v;
  uint64_t bits = test_bits(v) & (UINT64_MAX >> 1);
  uint32_t small = 0;
  int own = narrow ? 23 : 52, least = narrow ? -149 : -1074;   // bits; the least is 2^least
  memcpy(&small, &f, sizeof f);
  if (narrow) bits = small & (UINT32_MAX >> 1);
  uint64_t m = bits & ((UINT64_C(1) << own) - 1);
  int e = (int)(bits >> own), infinite = narrow ? 255 : 2047;
  if (test_bits(v) >> 63 != x->negative || (narrow && (double)f != v)) return false;
  if (e == infinite)
    return m == 0 && arith_against(x, (UINT64_C(4) << own) - 1, infinite - 3 + least) >= 0;
  bool binade = e > 1 && m == 0, even = m % 2 == 0;   // below a power of two they lie closer
  if (e) m += UINT64_C(1) << own;
  else e = 1;
  int unit = e - 2 + least;   // a middle is odd in units of half a step
  int above = arith_against(x, 2 * m + 1, unit);
  int below = m ? arith_against(x, binade ? 4 * m - 1 : 2 * m - 1, unit - binade) : 1;
  return (above < 0 || (above == 0 && even)) && (below > 0 || (below == 0 && even));
}

// ---- floats ---------------------------------------------------------------------------------

static bool arith_reads(const char *text) {
  static arith_number x;
  arith_read(text, &x);
  for (int narrow = 0; narrow < 2; narrow++) {
    double v = 0;
    arith_tried++;
    if (!dfq__read_float(text, strlen(text), narrow, &v))
      v = x.negative ? -(double)INFINITY : (double)INFINITY;
    if (!arith_nearest(&x, v, narrow))
      return test_fail("  %s\n    got  %.17g, which is not the nearest%s\n", text, v,
                       narrow ? " f32" : "");
  }
  return true;
}

// Decimal numbers that lie as close to the middle between two doubles as their length allows
// (Paxson, "A Program for Testing IEEE Decimal-Binary Conversion", 1991), and others that have
// been read wrongly somewhere.
TEST(arithmetic_reads_hard_floats) {
  static const char *const hard[] = {
    "5e125", "69e267", "999e-26", "7861e-34", "75569e-254", "928609e-261", "9210917e80",
    "84863171e114", "653777767e273", "5232604057e-298", "27235667517e-109",
    "653532977297e-123", "3142213164987e-294", "46202199371337e-72", "231010996856685e-73",
    "9324754620109615e212", "78459735791271921e49", "272104041512242479e200",
    "6802601037806061975e198", "20505426358836677347e-221", "836168422905420598437e-234",
    "4891559871276714924261e222", "9e-265", "85e-37", "623e100", "3571e263", "81661e153",
    "920657e-23", "4603285e-24", "87575437e-309", "245540327e122", "6138508175e120",
    "83356057653e193", "619534293513e124", "2335141086879e218", "36167929443327e-159",
    "609610927149051e-255", "3743626360493413e-165", "94080055902682397e-242",
    "899810892172646163e283", "7120190517612959703e120", "25188282901709339043e-252",
    "308984926168550152811e-52", "6372891218502368041059e64", "2.2250738585072011e-308",
    "2.2250738585072012e-308", "2.2250738585072014e-308", "2.225073858507201136057409e-308",
    "1.7976931348623158e308", "1.797693134862315807e308", "1.797693134862315808e308",
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901"
    "79775872070963302864166928879109465555478519404026306574886715058206819089020007083836762"
    "73854845817711531764475730270069855571366959622842914819860834936475292719074168444365510"
    "704342711559699508093042880", "4.9406564584124654e-324", "2.4703282292062327208e-324",
    "2.4703282292062328e-324", "0e400", "0.000e-400", "1e-400", "9007199254740993",
    "9007199254740992.999999999999999999", "9007199254740993.000000000000000001", "1e22",
    "1e23", "9e22", "1.00000000000000011102230246251565404236316680908203125",
    "1.00000000000000011102230246251565404236316680908203124",
    "1.00000000000000011102230246251565404236316680908203126", "179769313486231570e291",
    "123456789012345678901234567890123456789012345678901234567890e-60", "0.1", "0.3",
    "6929495644600919.5", "3.7455744005952583e15", "1448997445238699", "89255e-22", "10e-322",
    "9.5466761359362636e-153", "2.4703282292062327208299e-324", "2.4703282292062327209e-324",
    "7.006492321624085354618e-46", "7.006492321624085354619e-46", "1.00000005960464477539",
    "1.000000059604644775390625", "1.00000005960464477539062500000000000000000000000000001",
    "16777217", "16777217.0000000000000001", "16777219", "1.17549429e-38", "1.1754943e-38",
    "3.4028235677973366e38", "340282356779733661637539395458142568447.9999",
    "340282356779733661637539395458142568448", "1e39"
  };
  for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
    char text[400];
    arith_reads(hard[i]);
    snprintf(text, sizeof text, "-%s", hard[i]);
    arith_reads(text);
  }
}

// Digits at random, short ones and hundreds; half of them a double's own, and one off.
TEST(arithmetic_reads_random_floats) {
  char text[900];
  size_t rounds = 6000 * arith_scale();
  uint64_t seed = 101;
  for (size_t i = 0; i < rounds && !test_now.broken; i++) {
    double v = ch2_double(ch0_next(&seed));
    if (i % 2 && v - v == 0) {
      int n = snprintf(text, sizeof text, "%.*e", ch0_below(&seed, i % 64 == 1 ? 770 : 25), v);
      char *e = strchr(text, 'e');
      if (n && e && i % 4 == 1 && e[-1] > '0' && e[-1] < '9')
        e[-1] = (char)(e[-1] + (i % 8 == 1 ? 1 : -1));
    } else {
      int n = 0, digits = 1 + ch0_below(&seed, i % 64 == 0 ? 760 : 25), point = digits;
      if (ch0_below(&seed, 2)) point = ch0_below(&seed, digits);
      for (int d = 0; d < digits; d++) {
        if (d == point && d) text[n++] = '.';
        text[n++] = (char)('0' + ch0_below(&seed, 10));
      }
      int tens = i % 3 ? ch0_below(&seed, 700) - 350 : ch0_below(&seed, 90) - 50;
      snprintf(text + n, 16, "e%d", tens - digits / 2);
    }
    arith_reads(text);
  }
}

// The middle between two doubles, or two f32, written out in full, and a last digit more or
// less: the subnormal ones too.
TEST(arithmetic_reads_middles) {
  static char text[1300];
  size_t rounds = 400 * arith_scale();
  uint64_t seed = 102;
  for (size_t i = 0; i < rounds && !test_now.broken; i++) {
    int own = i % 3 == 1 ? 23 : 52, least = i % 3 == 1 ? -150 : -1075, n = 0;
    uint64_t m = (UINT64_C(1) << own) + (ch0_next(&seed) >> (64 - own));
    int twos = least + (i % 4 ? ch0_below(&seed, i % 3 == 1 ? 250 : 2040) : 0);
    if (i % 4 == 0) m >>= ch0_below(&seed, own + 2);              // in units of 2^twos
    static arith_big big;
    arith_set(&big, 2 * m + 1);
    for (int t = twos; t < 0; t++) arith_times(&big, 5, 0);       // m * 2^-t = m * 5^t * 10^-t
    arith_twos(&big, twos > 0 ? twos : 0);
    char digit[1200];
    while (big.n) {                                               // divided by 10, on paper
      uint64_t rest = 0;
      for (int w = big.n; w-- > 0;) {
        rest = rest << 32 | big.w[w];
        big.w[w] = (uint32_t)(rest / 10);
        rest %= 10;
      }
      while (big.n && !big.w[big.n - 1]) big.n--;
      digit[n++] = (char)('0' + rest);
    }
    for (int d = 0; d < n; d++) text[d] = digit[n - 1 - d];
    for (int by = -1; by <= 1; by++) {
      text[n - 1] = (char)(digit[0] + by);
      if (text[n - 1] < '0' || text[n - 1] > '9') continue;
      snprintf(text + n, 16, "e%d", twos < 0 ? twos : 0);
      arith_reads(text);
    }
  }
}

// Does any decimal number with a digit less than text read as v? The two around v are tried;
// text is what was written for v, which is not 0.
static bool arith_is_shorter(const char *text, double v, bool narrow) {
  char less[64];
  int digits = 0, zeros = 0;
  for (const char *s = text; *s && *s != 'e'; s++) {
    if (*s == '0' && digits) zeros++;
    else if (*s > '0' && *s <= '9') { digits += zeros + 1; zeros = 0; }
  }
  if (digits < 2) return false;
  snprintf(less, sizeof less, "%.*e", digits - 2, v);
  char *e = strchr(less, 'e');
  int power = (int)strtol(e + 1, NULL, 10) - (digits - 2);
  uint64_t m = 0;
  for (char *s = less; s < e; s++)
    if (*s >= '0' && *s <= '9') m = m * 10 + (uint64_t)(*s - '0');
  for (int by = -1; by <= 1; by++) {
    double back;
    int n = snprintf(less, sizeof less, "%s%llue%d", v < 0 ? "-" : "",
                     (unsigned long long)(m + (uint64_t)(int64_t)by), power);
    if (!dfq__read_float(less, (size_t)n, narrow, &back)) continue;
    if (test_bits(back) == test_bits(v)) return true;
  }
  return false;
}

static bool arith_writes(double v, bool narrow) {
  char text[DFQ__NUMBER_TEXT];
  double back = 0;
  arith_tried++;
  size_t n = dfq__write_float(text, v, narrow ? 6 : 15, narrow);
  if (!dfq__read_float(text, n, narrow, &back)) return test_fail("  %s is no number\n", text);
  if (!CHECK_F64(back, v)) return test_fail("  read from %s\n", text);
  double c = narrow ? (double)strtof(text, NULL) : ch2_strtod(text);
  if (!CHECK_F64(c, v)) return test_fail("  %s by the C library\n", text);
  if (v != 0 && arith_is_shorter(text, v, narrow))
    return test_fail("  %s is not the shortest of %.17g\n", text, v);
  return true;
}

TEST(arithmetic_writes_shortest_f64) {
  size_t rounds = 40000 * arith_scale();
  uint64_t seed = 103;
  for (int e = -1074; e < 1024; e++)               // powers of two: a gap below, a wider above
    for (int by = -1; by <= 1; by++) {
      double v = ch2_double(test_bits(ldexp(1, e)) + (uint64_t)(int64_t)by);
      if (!arith_writes(v, false) || !arith_writes(-v, false)) return;
    }
  for (int e = -323; e < 309; e++) {               // powers of ten and their neighbours
    char text[16];
    snprintf(text, sizeof text, "1e%d", e);
    for (int by = -2; by <= 2; by++)
      if (!arith_writes(ch2_double(test_bits(strtod(text, NULL)) + (uint64_t)(int64_t)by),
                        false)) return;
  }
  for (size_t i = 0; i < rounds; i++) {
    uint64_t bits = ch0_next(&seed);
    if (i % 8 == 1) bits &= ~(UINT64_C(0x7ff) << 52);                        // subnormal
    if (i % 8 == 2) bits = test_bits((double)(int64_t)bits / 100);           // money
    if (i % 8 == 3) bits = test_bits((double)(int64_t)(bits >> ch0_below(&seed, 64)));
    if (i % 8 == 4) bits = test_bits((double)(int64_t)(bits >> 44) / 1e6);
    double v = ch2_double(bits);
    if (v - v == 0 && !arith_writes(v, false)) return;
  }
}

// Any count of digits, as printf rounds: short numbers among them, which lie in the middle.
TEST(arithmetic_writes_any_digits) {
  char got[DFQ__NUMBER_TEXT], want[64];
  size_t rounds = 20000 * arith_scale();
  uint64_t seed = 105;
  for (size_t i = 0; i < rounds && !test_now.broken; i++) {
    double v = ch2_double(ch0_next(&seed) >> (i % 16 == 1 ? 12 + ch0_below(&seed, 52) : 0));
    if (i % 4 == 2) v = ldexp(ch0_below(&seed, 2000), ch0_below(&seed, 80) - 40);
    if (i % 4 == 3) v = (double)ch0_below(&seed, 1000000) / 1000;
    int digits = 1 + ch0_below(&seed, 17), tens;
    if (v == 0 || v - v != 0) continue;
    uint64_t n = dfq__round_digits(fabs(v), digits, &tens);
    got[dfq__general(got, v < 0, n, tens)] = 0;
    snprintf(want, sizeof want, "%.*g", digits, v);
    arith_tried++;
    CHECK_STR(got, want);
  }
}

TEST(arithmetic_writes_shortest_f32) {
  uint64_t step = UINT64_C(4294967296) / (30000 * arith_scale());
  for (uint64_t i = 0; i < UINT64_C(4294967296); i += step | 1) {
    uint32_t bits = (uint32_t)i;
    float v;
    memcpy(&v, &bits, sizeof v);
    if (v - v == 0 && !arith_writes((double)v, true)) return;
  }
  for (int e = -149; e < 128; e++)
    for (int by = -1; by <= 1; by++) {
      float v = (float)ldexp(1, e);
      uint32_t bits;
      memcpy(&bits, &v, sizeof v);
      bits += (uint32_t)by;
      memcpy(&v, &bits, sizeof v);
      if (!arith_writes((double)v, true)) return;
    }
}

// ---- integers -------------------------------------------------------------------------------

typedef struct arith_op {
  const char *text;                 // of a and b; s is the count of a shift
  int what;
} arith_op;

enum {
  ARITH_ADD, ARITH_SUB, ARITH_MUL, ARITH_DIV, ARITH_MOD, ARITH_FLOOR_DIV, ARITH_FLOOR_MOD,
  ARITH_NEG, ARITH_ABS, ARITH_AND, ARITH_OR, ARITH_XOR, ARITH_NOT, ARITH_GCD, ARITH_LCM,
  ARITH_LEFT, ARITH_RIGHT, ARITH_WRAP_ADD, ARITH_WRAP_SUB, ARITH_WRAP_MUL, ARITH_GREATEST,
  ARITH_LEAST, ARITH_LT, ARITH_LE, ARITH_EQ, ARITH_NE, ARITH_GT, ARITH_GE, ARITH_SIGN,
  ARITH_BITS
};

static const arith_op arith_ops[] = {
  { "a + b", ARITH_ADD }, { "a - b", ARITH_SUB }, { "a * b", ARITH_MUL },
  { "a // b", ARITH_DIV }, { "a % b", ARITH_MOD }, { "floor_div(a, b)", ARITH_FLOOR_DIV },
  { "floor_mod(a, b)", ARITH_FLOOR_MOD }, { "-a", ARITH_NEG }, { "abs(a)", ARITH_ABS },
  { "bit_and(a, b)", ARITH_AND }, { "bit_or(a, b)", ARITH_OR }, { "bit_xor(a, b)", ARITH_XOR },
  { "bit_not(a)", ARITH_NOT }, { "gcd(a, b)", ARITH_GCD }, { "lcm(a, b)", ARITH_LCM },
  { "shift_left(a, s)", ARITH_LEFT }, { "shift_right(a, s)", ARITH_RIGHT },
  { "wrap_add(a, b)", ARITH_WRAP_ADD }, { "wrap_sub(a, b)", ARITH_WRAP_SUB },
  { "wrap_mul(a, b)", ARITH_WRAP_MUL }, { "greatest(a, b)", ARITH_GREATEST },
  { "least(a, b)", ARITH_LEAST }, { "a < b", ARITH_LT }, { "a <= b", ARITH_LE },
  { "a = b", ARITH_EQ }, { "a <> b", ARITH_NE }, { "a > b", ARITH_GT }, { "a >= b", ARITH_GE },
  { "sign(a)", ARITH_SIGN }, { "bit_count(a)", ARITH_BITS }
};
enum { ARITH_OPS = (int)(sizeof arith_ops / sizeof *arith_ops) };

static model_wide arith_gcd(model_wide a, model_wide b) {
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  while (b != 0) {
    model_wide r = a % b;
    a = b;
    b = r;
  }
  return a;
}

// What an operation on integers gives if nothing is too large. False: null.
static bool arith_exact(int what, int64_t x, int64_t y, int64_t s, model_wide *to) {
  model_wide a = x, b = y, q = 0, r = 0;
  if (b != 0) {
    q = a / b;
    r = a - q * b;
  }
  bool floored = r != 0 && (r < 0) != (b < 0);
  switch (what) {
    case ARITH_ADD: *to = a + b; return true;
    case ARITH_SUB: *to = a - b; return true;
    case ARITH_MUL: *to = a * b; return true;
    case ARITH_DIV: *to = q; return b != 0;
    case ARITH_MOD: *to = r; return b != 0;
    case ARITH_FLOOR_DIV: *to = floored ? q - 1 : q; return b != 0;
    case ARITH_FLOOR_MOD: *to = floored ? r + b : r; return b != 0;
    case ARITH_NEG: *to = -a; return true;
    case ARITH_ABS: *to = a < 0 ? -a : a; return true;
    case ARITH_AND: *to = x & y; return true;
    case ARITH_OR: *to = x | y; return true;
    case ARITH_XOR: *to = x ^ y; return true;
    case ARITH_NOT: *to = -a - 1; return true;
    case ARITH_GCD: *to = arith_gcd(a, b); return true;
    case ARITH_LCM: *to = a == 0 || b == 0 ? 0 : (a < 0 ? -a : a) / arith_gcd(a, b) * b;
      if (*to < 0) *to = -*to;
      return true;
    case ARITH_LEFT: *to = a; while (s-- > 0) *to *= 2;
      return true;
    case ARITH_RIGHT: *to = a; while (s-- > 0) *to = (*to - (*to < 0)) / 2;
      return true;
    case ARITH_WRAP_ADD: *to = (int64_t)((uint64_t)x + (uint64_t)y); return true;
    case ARITH_WRAP_SUB: *to = (int64_t)((uint64_t)x - (uint64_t)y); return true;
    case ARITH_WRAP_MUL: *to = (int64_t)((uint64_t)x * (uint64_t)y); return true;
    case ARITH_GREATEST: *to = a > b ? a : b; return true;
    case ARITH_LEAST: *to = a < b ? a : b; return true;
    case ARITH_LT: *to = a < b; return true;
    case ARITH_LE: *to = a <= b; return true;
    case ARITH_EQ: *to = a == b; return true;
    case ARITH_NE: *to = a != b; return true;
    case ARITH_GT: *to = a > b; return true;
    case ARITH_GE: *to = a >= b; return true;
    case ARITH_SIGN: *to = a > 0 ? 1 : a < 0 ? -1 : 0; return true;
    default:
      *to = 0;
      for (uint64_t u = (uint64_t)x; u; u /= 2) *to += u % 2;
      return true;
  }
}

static bool arith_fits(model_wide x) { return x >= INT64_MIN && x <= INT64_MAX; }

// A frame's only column of integers in one of the engines; NULL: it failed. Owns: the caller.
static dfq_table *arith_run(dfq_frame *f, bool rows) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = rows ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
  run.threads = 1;
  dfq_clear_error(f->db);
  return dfq_collect(dfq_configure(f, &run));
}

// Three columns of integers as a frame.
typedef struct arith_pairs {
  int64_t *a, *b, *s;
  size_t count;
} arith_pairs;

static arith_pairs arith_pairs_new(size_t room) {
  arith_pairs p;
  p.a = (int64_t *)test_alloc(3 * room * sizeof *p.a);
  p.b = p.a + room;
  p.s = p.b + room;
  p.count = 0;
  return p;
}

static void arith_pairs_add(arith_pairs *p, int64_t a, int64_t b, int64_t s) {
  p->a[p->count] = a;
  p->b[p->count] = b;
  p->s[p->count++] = s;
}

static dfq_frame *arith_scan(dfq *db, const arith_pairs *p, const char *a, const char *b) {
  char items[100];
  dfq_column column[] = {
    { "a", DFQ_I64, p->a, NULL }, { "b", DFQ_I64, p->b, NULL }, { "s", DFQ_I64, p->s, NULL }
  };
  dfq_table *t = dfq_table_new(db, column, 3, p->count);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  snprintf(items, sizeof items, "cast(a as %s) as a, cast(b as %s) as b, s", a, b);
  return strcmp(a, "i64") == 0 && strcmp(b, "i64") == 0 ? f : dfq_select(f, items);
}

// All pairs, by one operation, in both engines, where all of them fit.
static bool arith_all(dfq *db, const arith_pairs *p, const char *types, const arith_op *op) {
  char a[8], b[8];
  bool good = true;
  if (sscanf(types, "%7s %7s", a, b) != 2) return false;
  dfq_frame *f = dfq_select(arith_scan(db, p, a, b), op->text);
  for (int rows = 0; rows < 2; rows++) {
    dfq_table *t = arith_run(f, rows);
    if (!t) return test_fail("  %s of %s: %s\n", op->text, types, dfq_error(db));
    for (size_t i = 0; i < p->count && good; i++, arith_tried++) {
      model_wide want;
      bool some = arith_exact(op->what, p->a[i], p->b[i], p->s[i], &want);
      good = dfq_table_is_null(t, i, 0) != some;
      if (good && some) good = dfq_table_i64(t, i, 0) == want;
      if (!good)
        test_fail("  %s of %s, a = %lld, b = %lld: got %lld\n", op->text, types,
                  (long long)p->a[i], (long long)p->b[i], (long long)dfq_table_i64(t, i, 0));
    }
    dfq_table_free(t);
  }
  return good;
}

// Every pair of bytes.
TEST(arithmetic_of_all_bytes) {
  static const char *const types[] = { "i8 i8", "u8 u8", "i8 u8", "u8 i64" };
  arith_pairs p = arith_pairs_new(65536);
  for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
    int64_t low_a = types[k][0] == 'i' ? -128 : 0, low_b = types[k][3] == 'i' ? -128 : 0;
    p.count = 0;
    for (int64_t a = low_a; a < low_a + 256; a++)
      for (int64_t b = low_b; b < low_b + 256; b++) arith_pairs_add(&p, a, b, b & 31);
    dfq *db = dfq_open(NULL);
    for (int i = 0; i < ARITH_OPS; i++)
      if (k == 0 || i % 8 == (int)k || arith_scale() > 1)
        if (!arith_all(db, &p, types[k], &arith_ops[i])) break;
    dfq_close(db);
  }
  free(p.a);
}

// Every pair of bytes, shifted to every place of 64 bits: an overflow is seen, and only that.
TEST(arithmetic_checks_all_bytes) {
  int step = arith_scale() > 1 ? 1 : 8;
  for (int i = 0; i <= 56; i += step)
    for (int k = 0; k <= 56; k += step)
      for (int64_t a = -128; a < 128; a++)
        for (int64_t b = -128; b < 128; b++) {
          int64_t x = a * (INT64_C(1) << i), y = b * (INT64_C(1) << k), r[3];
          model_wide want[3] = { (model_wide)x + y, (model_wide)x - y, (model_wide)x * y };
          bool wrong[3] = { dfq__add_check(x, y, &r[0]), dfq__sub_check(x, y, &r[1]),
                            dfq__mul_check(x, y, &r[2]) };
          for (int c = 0; c < 3; c++, arith_tried++)
            if (wrong[c] == arith_fits(want[c]) || (!wrong[c] && r[c] != want[c])) {
              test_fail("  %lld %c %lld\n", (long long)x, "+-*"[c], (long long)y);
              return;
            }
        }
}

// Numbers at which something changes.
static size_t arith_edges(int64_t *to) {
  static const int64_t base[] = {
    0, 1, 2, 3, 5, 7, 10, 63, 127, 255, 32767, 65535, 46340, 2147483647, 4294967295, 3037000499,
    3037000500, 1000000007, 4611686018427387904, 4611686018427387903, 3074457345618258602,
    1000000000000000000, INT64_MAX, INT64_MAX - 1, INT64_MAX / 2, 9007199254740993
  };
  size_t n = 0;
  for (size_t i = 0; i < sizeof base / sizeof *base; i++) {
    to[n++] = base[i];
    to[n++] = -base[i] - 1;
    if (i % 3 == 1) to[n++] = -base[i];
  }
  return n;
}

// The pairs that fit all at once; the others one by one: an error, which says where.
TEST(arithmetic_at_the_edges) {
  int64_t edge[100];
  size_t n = arith_edges(edge), stride = arith_scale() > 1 ? 1 : 7, turn = 0;
  arith_pairs good = arith_pairs_new(n * n), bad = arith_pairs_new(n * n);
  for (int i = 0; i < ARITH_OPS && !test_now.broken; i++) {
    dfq *db = dfq_open(NULL);
    size_t mark = dfq_mark(db);
    good.count = bad.count = 0;
    for (size_t k = 0; k < n * n; k++) {
      int64_t a = edge[k / n], b = edge[k % n], s = b & 63;
      model_wide want = 0;
      bool some = arith_exact(arith_ops[i].what, a, b, s, &want);
      arith_pairs_add(!some || arith_fits(want) ? &good : &bad, a, b, s);
    }
    if (!arith_all(db, &good, "i64 i64", &arith_ops[i])) { dfq_close(db); break; }
    for (size_t k = turn++ % stride; k < bad.count && !test_now.broken; k += stride) {
      arith_pairs one = good;
      char where[40];
      one.count = 70 + k % 60;
      size_t at = one.count - 1 - k % 3;
      int64_t kept[3] = { one.a[at], one.b[at], one.s[at] };
      one.a[at] = bad.a[k];
      one.b[at] = bad.b[k];
      one.s[at] = bad.s[k];
      snprintf(where, sizeof where, "overflows i64, in row %d ", (int)at + 1);
      dfq_frame *f = dfq_select(arith_scan(db, &one, "i64", "i64"), arith_ops[i].text);
      for (int rows = 0; rows < 2; rows++, arith_tried++) {
        dfq_table *t = arith_run(f, rows);
        if (!CHECK(!t) || !CHECK_HAS(dfq_error(db), where))
          test_fail("  %s, a = %lld, b = %lld\n", arith_ops[i].text, (long long)bad.a[k],
                    (long long)bad.b[k]);
        dfq_table_free(t);
      }
      one.a[at] = kept[0];
      one.b[at] = kept[1];
      one.s[at] = kept[2];
      dfq_release(db, mark);
    }
    dfq_close(db);
  }
  free(good.a);
  free(bad.a);
}

// ---- casts ----------------------------------------------------------------------------------

typedef struct arith_range {
  const char *name;
  model_wide low, high;
} arith_range;

static const arith_range arith_ranges[] = {
  { "i8", -128, 127 }, { "u8", 0, 255 }, { "i16", -32768, 32767 }, { "u16", 0, 65535 },
  { "i32", INT32_MIN, INT32_MAX }, { "u32", 0, UINT32_MAX }, { "i64", INT64_MIN, INT64_MAX },
  { "u64", 0, UINT64_MAX }
};
enum { ARITH_RANGES = (int)(sizeof arith_ranges / sizeof *arith_ranges) };

// try_cast(x as T) of a column, against the whole numbers that its rows should become.
static bool arith_casts(dfq_frame *f, const model_wide *want, const uint8_t *some, size_t n) {
  for (int k = 0; k < ARITH_RANGES; k++)
    for (int rows = 0; rows < 2; rows++) {
      const arith_range *r = &arith_ranges[k];
      char item[40];
      snprintf(item, sizeof item, "try_cast(x as %s)", r->name);
      dfq_table *t = arith_run(dfq_select(f, item), rows);
      if (!t) return test_fail("  %s: %s\n", item, dfq_error(f->db));
      for (size_t i = 0; i < n; i++, arith_tried++) {
        bool fits = some[i] && want[i] >= r->low && want[i] <= r->high;
        int64_t got = dfq_table_i64(t, i, 0);
        if (dfq_table_is_null(t, i, 0) == fits || (fits && got != (int64_t)want[i])) {
          dfq_table_free(t);
          return test_fail("  %s, row %d: got %lld\n", item, (int)i, (long long)got);
        }
      }
      dfq_table_free(t);
    }
  return true;
}

// A column as a frame.
static dfq_frame *arith_column(dfq *db, dfq_type type, const void *data, size_t rows) {
  dfq_column column = { "x", type, data, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

// Every integer from -70,000 to 70,000, and those at the borders of the larger types; as
// integers, as text, and as the floats around them.
TEST(arithmetic_casts_to_integers) {
  enum { NEAR = 70000, ROOM = 2 * NEAR + 300 };
  int64_t *x = (int64_t *)test_alloc(ROOM * sizeof *x);
  model_wide *want = (model_wide *)test_alloc(ROOM * sizeof *want);
  uint8_t *some = (uint8_t *)test_alloc(ROOM);
  double *f = (double *)test_alloc(ROOM * sizeof *f);
  size_t n = 0, stride = arith_scale() > 1 ? 1 : 19;
  for (int64_t i = -NEAR; i <= NEAR; i += (int64_t)stride) x[n++] = i;
  for (int bit = 17; bit < 63; bit++)
    for (int by = -1; by <= 1; by++) {
      x[n++] = (INT64_C(1) << bit) + by;
      x[n++] = -(INT64_C(1) << bit) + by;
    }
  x[n++] = INT64_MAX;
  x[n++] = INT64_MIN;
  dfq *db = dfq_open(NULL);
  memset(some, 1, ROOM);
  memset(want, 0, ROOM * sizeof *want);   // gcc -O1 does not see that n is not 0
  for (size_t i = 0; i < n; i++) want[i] = x[i];
  dfq_frame *ints = arith_column(db, DFQ_I64, x, n);
  if (arith_casts(ints, want, some, n))
    arith_casts(dfq_select(ints, "cast(x as str) as x"), want, some, n);
  for (size_t i = 0; i < n; i++) want[i] = (model_wide)(uint64_t)x[i];
  arith_casts(arith_column(db, DFQ_U64, x, n), want, some, n);
  for (int part = -3; part <= 3; part++) {       // quarters around each; cut towards zero
    for (size_t i = 0; i < n; i++) {
      f[i] = (double)x[i] + part / 4.0;
      double whole = trunc(f[i]);
      want[i] = (model_wide)whole;
    }
    arith_casts(arith_column(db, DFQ_F64, f, n), want, some, n);
  }
  for (n = 0; n < 200; n++) {                    // neighbours of powers of two; no numbers
    int bit = (int)n / 3 - 1;
    f[n] = ch2_double(test_bits(ldexp(1, bit)) + n % 3 - 1) * (n >= 100 ? -1 : 1);
    if (n == 0) f[n] = (double)NAN;
    if (n == 1 || n == 2) f[n] = n == 1 ? (double)INFINITY : -(double)INFINITY;
    some[n] = n > 2;
    want[n] = some[n] ? (model_wide)trunc(f[n]) : 0;
  }
  arith_casts(arith_column(db, DFQ_F64, f, n), want, some, n);
  dfq_close(db);
  free(x);
  free(want);
  free(some);
  free(f);
}

// ---- dates ----------------------------------------------------------------------------------

// A calendar on foot: one day after the other, from 1 January of year 0, a Saturday.
typedef struct arith_day {
  int64_t number;                      // since 1970-01-01
  int y, m, d, weekday, of_year;
  int week, iso_year;                  // 0 before the first Monday
  int64_t month_began, quarter_began, year_began, week_began;
} arith_day;

static int arith_month(int y, int m) {
  if (m == 2) return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 29 : 28;
  return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
}

static arith_day arith_first(void) {
  arith_day t = { -719528, 0, 1, 1, 6, 1, 0, 0, -719528, -719528, -719528, -719533 };
  return t;
}

// Week 1 is the one with 4 January in it, so it begins on one of seven days.
static void arith_tomorrow(arith_day *t) {
  t->number++;
  t->of_year++;
  if (++t->d > arith_month(t->y, t->m)) {
    t->d = 1;
    t->month_began = t->number;
    if (t->m % 3 == 0) t->quarter_began = t->number;
    if (++t->m > 12) {
      t->m = t->of_year = 1;
      t->y++;
      t->year_began = t->number;
    }
  }
  t->weekday = t->weekday % 7 + 1;
  if (t->weekday != 1) return;
  t->week_began = t->number;
  t->week++;
  if ((t->m == 12 && t->d >= 29) || (t->m == 1 && t->d <= 4)) {
    t->week = 1;
    t->iso_year = t->m == 12 ? t->y + 1 : t->y;
  }
}

static const char *const arith_parts =
  "year(d), month(d), day(d), weekday(d), day_of_year(d), week(d), iso_year(d), quarter(d), "
  "days_in_month(d), is_leap_year(d), last_day(d), truncate(d, 'month'), "
  "truncate(d, 'quarter'), truncate(d, 'year'), truncate(d, 'week'), "
  "make_date(year(d), month(d), day(d)), "
  "cast(cast(d as str) as date), epoch_seconds(d), date_diff(date '2000-01-01', d, 'month'), "
  "date_diff(date '2000-01-01', d, 'year'), d + interval '1' month, "
  "cast(cast(d as datetime) as date), parse_date(format(d, '%d/%m/%Y'), '%d/%m/%Y'), "
  "year(cast(d as datetime)), "
  "day_of_year(cast(d as datetime) + interval '86399' second)";

static int arith_day_parts(const arith_day *t, int64_t *to) {
  int n = 0, last = arith_month(t->y, t->m), next = arith_month(t->y, t->m % 12 + 1);
  to[n++] = t->y;
  to[n++] = t->m;
  to[n++] = t->d;
  to[n++] = t->weekday;
  to[n++] = t->of_year;
  to[n++] = t->week;
  to[n++] = t->iso_year;
  to[n++] = (t->m + 2) / 3;
  to[n++] = last;
  to[n++] = arith_month(t->y, 2) == 29;
  to[n++] = t->month_began + last - 1;
  to[n++] = t->month_began;
  to[n++] = t->quarter_began;
  to[n++] = t->year_began;
  to[n++] = t->week_began;
  to[n++] = t->number;
  to[n++] = t->number;
  to[n++] = t->number * 86400;
  to[n++] = (t->y - 2000) * 12 + t->m - 1;
  to[n++] = t->y - 2000;
  to[n++] = t->month_began + last + (t->d < next ? t->d : next) - 1;
  to[n++] = t->number;
  to[n++] = t->number;
  to[n++] = t->y;
  to[n++] = t->of_year;
  return n;
}

// A few years at a time, each day of them, in both engines.
static bool arith_days(const arith_day *first, size_t count) {
  int32_t *day = (int32_t *)test_alloc(count * sizeof *day);
  bool good = true;
  for (size_t i = 0; i < count; i++) day[i] = (int32_t)(first->number + (int64_t)i);
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_select(arith_column(db, DFQ_DATE, day, count), "x as d");
  for (int rows = 0; rows < 2 && good; rows++) {
    dfq_table *t = arith_run(dfq_select(f, arith_parts), rows);
    arith_day now = *first;
    if (!t) good = test_fail("  %s\n", dfq_error(db));
    for (size_t i = 0; i < count && good; i++, arith_tomorrow(&now)) {
      int64_t want[40];
      int n = arith_day_parts(&now, want);
      for (int c = 0; c < n && good; c++, arith_tried++)
        if (dfq_table_is_null(t, i, c) || dfq_table_i64(t, i, c) != want[c])
          good = test_fail("  %04d-%02d-%02d, %s: got %lld, not %lld\n", now.y, now.m, now.d,
                           dfq_table_schema(t)->field[c].name,
                           (long long)dfq_table_i64(t, i, c), (long long)want[c]);
    }
    dfq_table_free(t);
  }
  dfq_close(db);
  free(day);
  return good;
}

// Every day of years 0 to 9999, ten years at a time; in the short form those of a few decades.
TEST(arithmetic_of_all_dates) {
  arith_day t = arith_first();
  while (!t.week) arith_tomorrow(&t);
  for (int decade = 0; decade < 1000; decade++) {
    arith_day first = t;
    size_t count = 0;
    for (; t.y < 10 * decade + 10; count++) arith_tomorrow(&t);
    if (decade == 999) count -= 31;              // the last month has none after it
    bool some = decade < 1 || decade == 999 || (decade > 195 && decade < 199) || decade == 210;
    if ((some || arith_scale() > 1) && !arith_days(&first, count)) return;
  }
  CHECK_INT(t.number, 2932897);
}

static int64_t arith_floor(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// Times of day and what is added to them, which stays within the year 9999.
TEST(arithmetic_of_moments) {
  enum { COUNT = 3000 };
  static int64_t at[COUNT];
  const int64_t day = INT64_C(86400000000), hour = day / 24, minute = hour / 60;
  uint64_t seed = 104;
  for (size_t round = 0; round < arith_scale(); round++) {
    dfq *db = dfq_open(NULL);
    for (int i = 0; i < COUNT; i++) {
      at[i] = (int64_t)(ch0_next(&seed) % (uint64_t)(3651890 * day)) - 719000 * day;
      if (i % 4 == 0) at[i] -= at[i] % day;
      if (i % 4 == 1) at[i] = ch0_below(&seed, 2000000) - 1000000;
    }
    dfq_frame *f = dfq_select(arith_column(db, DFQ_DATETIME, at, COUNT),
      "hour(x), minute(x), second(x), microsecond(x), date(x), time(x), truncate(x, 'hour'), "
      "truncate(x, '15 minutes'), truncate(x, 'second'), epoch_ms(x), epoch_seconds(x), "
      "x + interval '36' hour, x - interval '1' day, cast(cast(x as str) as datetime), "
      "x - datetime '1970-01-01', date_diff(datetime '1970-01-01 00:00:00', x, 'hour')");
    for (int rows = 0; rows < 2; rows++) {
      dfq_table *t = arith_run(f, rows);
      if (!t) { test_fail("  %s\n", dfq_error(db)); break; }
      for (size_t i = 0; i < COUNT && !test_now.broken; i++) {
        int64_t x = at[i], date = arith_floor(x, day), clock = x - date * day;
        int64_t quarter = 15 * minute;
        int64_t want[] = {
          clock / hour, clock % hour / minute, clock % minute / 1000000, clock % 1000000, date,
          clock, arith_floor(x, hour) * hour, arith_floor(x, quarter) * quarter,
          arith_floor(x, 1000000) * 1000000, arith_floor(x, 1000), arith_floor(x, 1000000),
          x + 36 * hour, x - day, x, x, arith_floor(x, hour)
        };
        for (int c = 0; c < (int)(sizeof want / sizeof *want); c++, arith_tried++)
          if (dfq_table_i64(t, i, c) != want[c])
            test_fail("  %lld, %s: got %lld, not %lld\n", (long long)x,
                      dfq_table_schema(t)->field[c].name, (long long)dfq_table_i64(t, i, c),
                      (long long)want[c]);
      }
      dfq_table_free(t);
    }
    dfq_close(db);
  }
}

// ---- decimals -------------------------------------------------------------------------------

static model_wide arith_wide_tens(int power) {
  model_wide p = 1;
  while (power-- > 0) p *= 10;
  return p;
}

// x / p, half away from zero.
static model_wide arith_half(model_wide x, model_wide p) {
  model_wide q = x / p, rest = x - q * p;
  if (rest < 0) rest = -rest;
  return 2 * rest >= p ? q + (x < 0 ? -1 : 1) : q;
}

static int64_t arith_money(uint64_t *seed, const int64_t *edge, size_t edges) {
  uint64_t v = ch0_next(seed);
  if (ch0_below(seed, 3) == 0) return edge[v % edges];
  int64_t x = (int64_t)(v >> 1 >> ch0_below(seed, 63));
  return ch0_below(seed, 2) ? x : -x;
}

// x, of one scale, by what is asked for; false: it does not fit.
typedef struct arith_pair {
  int64_t a, b;
  int p, q;                            // the scales
} arith_pair;

static bool arith_decimal(int what, const arith_pair *x, model_wide *to) {
  int most = x->p > x->q ? x->p : x->q;
  model_wide a = (model_wide)x->a * arith_wide_tens(most - x->p);
  model_wide b = (model_wide)x->b * arith_wide_tens(most - x->q);
  switch (what) {
    case 0: *to = a + b; return arith_fits(a) && arith_fits(b) && arith_fits(*to);
    case 1: *to = a - b; return arith_fits(a) && arith_fits(b) && arith_fits(*to);
    case 2: *to = (model_wide)x->a * x->b; return arith_fits(*to);
    case 3: *to = a < b; return true;
    case 4: *to = a == b; return true;
    case 5: *to = x->q < x->p ? arith_half(x->a, arith_wide_tens(x->p - x->q)) : a;
      return arith_fits(*to);                    // a as a decimal of b's scale
    case 6: *to = arith_half(x->a, arith_wide_tens(x->p)); return true;   // as an i64
    case 7: *to = arith_half(x->a, arith_wide_tens(x->p)) * arith_wide_tens(x->p);
      return arith_fits(*to);                    // rounded
    case 8: *to = x->a; return true;             // to text and back
    default: *to = -(model_wide)x->a; return arith_fits(*to);
  }
}

static void arith_decimal_pairs(const arith_pair *like, uint64_t *seed) {
  enum { COUNT = 600 };
  static int64_t edge[100], a[COUNT], b[COUNT];
  size_t edges = arith_edges(edge);
  for (int what = 0; what < 10 && !test_now.broken; what++) {
    char text[80] = "-a";
    size_t n = 0;
    if (what == 2 && like->p + like->q > 18) continue;
    if (what < 5) snprintf(text, sizeof text, "a %c b", "+-*<="[what]);
    if (what == 5) snprintf(text, sizeof text, "cast(a as decimal(%d))", like->q);
    if (what == 6) snprintf(text, sizeof text, "cast(a as i64)");
    if (what == 7) snprintf(text, sizeof text, "round(a)");
    if (what == 8) snprintf(text, sizeof text, "cast(cast(a as str) as decimal(%d))", like->p);
    dfq *db = dfq_open(NULL);
    for (int i = 0; i < COUNT; i++) {            // what fits goes into one table
      arith_pair x = *like;
      model_wide want;
      x.a = a[n] = arith_money(seed, edge, edges);
      x.b = b[n] = arith_money(seed, edge, edges);
      bool fits = arith_decimal(what, &x, &want);
      if (fits) { n++; continue; }
      if (i % 8) continue;                       // and what does not into one of its own
      dfq_column one[] = { { "a", dfq_decimal_of(x.p), &x.a, NULL },
                           { "b", dfq_decimal_of(x.q), &x.b, NULL } };
      dfq_table *t = dfq_table_new(db, one, 2, 1);
      for (int rows = 0; rows < 2; rows++, arith_tried++) {
        dfq_table *none = arith_run(dfq_select(dfq_scan_table(db, t), text), rows);
        if (!CHECK(!none)) test_fail("  %s: %lld, %lld of scales %d, %d\n", text,
                                     (long long)x.a, (long long)x.b, x.p, x.q);
        dfq_table_free(none);
      }
      dfq_table_free(t);
    }
    dfq_column column[] = { { "a", dfq_decimal_of(like->p), a, NULL },
                            { "b", dfq_decimal_of(like->q), b, NULL } };
    dfq_table *t = dfq_table_new(db, column, 2, n);
    for (int rows = 0; rows < 2; rows++) {
      dfq_table *got = arith_run(dfq_select(dfq_scan_table(db, t), text), rows);
      if (!got) test_fail("  %s: %s\n", text, dfq_error(db));
      for (size_t i = 0; i < n && got; i++, arith_tried++) {
        arith_pair x = { a[i], b[i], like->p, like->q };
        model_wide want = 0;
        (void)arith_decimal(what, &x, &want);
        if (dfq_table_is_null(got, i, 0) || dfq_table_i64(got, i, 0) != want) {
          test_fail("  %s: %lld, %lld of scales %d, %d: got %lld\n", text, (long long)x.a,
                    (long long)x.b, x.p, x.q, (long long)dfq_table_i64(got, i, 0));
          break;
        }
      }
      dfq_table_free(got);
    }
    dfq_table_free(t);
    dfq_close(db);
  }
}

TEST(arithmetic_of_decimals) {
  static const int scale[] = { 0, 1, 2, 4, 9, 17, 18 };
  uint64_t seed = 105;
  for (size_t round = 0; round < arith_scale(); round++)
    for (size_t i = 0; i < 49 && !test_now.broken; i++) {
      arith_pair like = { 0, 0, scale[i / 7], scale[i % 7] };
      if (arith_scale() > 1 || i % 3 != 1) arith_decimal_pairs(&like, &seed);
    }
}

// Is i the double v in units of 10^-scale, half away from zero? 2 |v| 10^scale lies in
// [2 |i| - 1, 2 |i| + 1).
static bool arith_is_rounded(double v, int scale, int64_t i) {
  static arith_big x, y;
  uint64_t bits = test_bits(v) & (UINT64_MAX >> 1), u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
  int e = (int)(bits >> 52);
  uint64_t m = (bits & (UINT64_MAX >> 12)) | (e ? UINT64_C(1) << 52 : 0);
  if (i != 0 && (i < 0) != (v < 0)) return false;
  int twos = (e ? e : 1) - 1075 + 1;
  for (int side = 0; side < 2; side++) {
    if (side == 0 && u == 0) continue;
    arith_set(&x, m);
    arith_tens(&x, scale);
    arith_set(&y, side ? 2 * u + 1 : 2 * u - 1);
    arith_twos(twos < 0 ? &y : &x, twos < 0 ? -twos : twos);
    int order = arith_order(&x, &y);
    if (side ? order >= 0 : order < 0) return false;
  }
  return true;
}

// From floats, rounded once, and to the nearest float.
TEST(arithmetic_of_decimals_and_floats) {
  static int64_t edge[100];
  static arith_number number;
  size_t edges = arith_edges(edge), rounds = 20000 * arith_scale();
  uint64_t seed = 106;
  for (size_t i = 0; i < rounds && !test_now.broken; i++, arith_tried += 2) {
    int scale = ch0_below(&seed, 19);
    int64_t x = arith_money(&seed, edge, edges), back = 0;
    char text[DFQ__NUMBER_TEXT];
    double v = dfq__decimal_to_float(x, scale, false);
    text[dfq__write_decimal(text, x, scale)] = 0;
    arith_read(text, &number);
    if (x && !arith_nearest(&number, v, false)) test_fail("  %s is not %.17g\n", text, v);
    if (!dfq__read_decimal(text, strlen(text), scale, &back) || back != x)
      CHECK_INT(back, x);
    if (i % 2) {                                 // near a half of the last digit
      v = ((double)(x >> ch0_below(&seed, 60)) + 0.5) / dfq__powers[scale];
      v = ch2_double(test_bits(v) + (uint64_t)(int64_t)(ch0_below(&seed, 5) - 2));
    } else if (i % 4) {
      v = ldexp((double)(int64_t)ch0_next(&seed), -ch0_below(&seed, 1100));
    }
    bool fits = dfq__decimal_from_f64(v, scale, &back);
    bool large = fabs(v) * dfq__powers[scale] >= 9223372036854775808.0;
    if (fits == large) test_fail("  %.17g at scale %d: fits, or not\n", v, scale);
    if (fits && !arith_is_rounded(v, scale, back))
      test_fail("  %.17g at scale %d: got %lld\n", v, scale, (long long)back);
  }
}

// ---- sums -----------------------------------------------------------------------------------

// A frame in one way of a few: its engine, its threads, the rows of its batches.
static dfq_table *arith_run_as(dfq_frame *f, int way) {
  static const size_t batches[] = { 0, 0, 1000, 0, 64 };
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = way == 0 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
  run.threads = way < 3 ? 1 : way - 1;
  run.batch_rows = batches[way];
  return dfq_collect(dfq_configure(f, &run));
}

// Sums of groups, few or many, against an accumulator that holds every bit of a double.
TEST(arithmetic_of_sums) {
  enum { ROWS = 6000 };
  static double x[ROWS];
  static int64_t k[ROWS], whole[ROWS];
  uint64_t seed = 107;
  for (size_t round = 0; round < 7 * arith_scale() && !test_now.broken; round++) {
    int groups = round % 3 == 0 ? 3 : round % 3 == 1 ? 80 : 2000;
    model_sum *sum = (model_sum *)test_alloc((size_t)groups * sizeof *sum);
    model_wide *wide = (model_wide *)test_alloc((size_t)groups * sizeof *wide);
    memset(sum, 0, (size_t)groups * sizeof *sum);
    memset(wide, 0, (size_t)groups * sizeof *wide);
    for (int i = 0; i < ROWS; i++) {
      k[i] = i < groups ? i : ch0_below(&seed, groups);
      x[i] = hash_nasty(&seed, round % 7 == 6 ? ch0_below(&seed, 6) : (int)(round % 7));
      if (i % 5 == 4) x[i] = -x[i - 1];
      whole[i] = (int64_t)ch0_next(&seed) / (groups == 2000 ? 3 : 1);
      if (groups < 2000 && i % 2) whole[i] = -whole[i - 1];     // great, and their sum is not
      model_sum_add(&sum[k[i]], x[i]);
    }
    for (int i = 0; i < ROWS; i++) wide[k[i]] += whole[i];
    for (int i = 0; i < ROWS; i++)                              // what does not fit is left out
      if (!arith_fits(wide[k[i]])) { wide[k[i]] -= whole[i]; whole[i] = 0; }
    dfq *db = dfq_open(NULL);
    dfq_column column[] = {
      { "k", DFQ_I64, k, NULL }, { "x", DFQ_F64, x, NULL }, { "i", DFQ_I64, whole, NULL }
    };
    dfq_table *t = dfq_table_new(db, column, 3, ROWS);
    dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "k", "sum(x), sum(i), sum(x) as again");
    for (int way = 0; way < 5; way++) {
      dfq_table *got = arith_run_as(f, way);
      if (!got) { test_fail("  %s\n", dfq_error(db)); break; }
      CHECK_INT(dfq_table_rows(got), groups);
      for (int g = 0; g < groups && !test_now.broken; g++, arith_tried += 2) {
        CHECK_INT(dfq_table_i64(got, (size_t)g, 0), g);
        CHECK_F64(dfq_table_f64(got, (size_t)g, 1), model_sum_value(&sum[g]));
        CHECK(dfq_table_i64(got, (size_t)g, 2) == wide[g]);
      }
      dfq_table_free(got);
    }
    dfq_table_free(t);
    dfq_close(db);
    free(sum);
    free(wide);
  }
}

// ---- sorting and joining --------------------------------------------------------------------

enum { ARITH_KINDS = 6 };
static const dfq_type arith_kinds[ARITH_KINDS] = {
  DFQ_I64, DFQ_F64, DFQ_STR, DFQ_U64, DFQ_BOOL, DFQ_I8
};

// A random value of a type: few different ones, or many, with the extremes and a few nulls.
static dfq_value arith_value(uint64_t *seed, dfq_type type, int many, char *room) {
  static const double float_edges[] = { 0.0, -0.0, 1e300, -1e300, 5e-324, 1.5 };
  uint64_t u = ch0_next(seed);
  dfq_value v = model_int(type, (int64_t)(u % (uint64_t)many) - many / 2);
  if (u >> 60 == 0) return model_null();
  bool edge = u >> 58 == 13;
  switch (type) {
    case DFQ_BOOL: v.as.i = u & 1; break;
    case DFQ_I8: v.as.i = (int8_t)v.as.i; break;
    case DFQ_I64: if (edge) v.as.i = u & 1 ? INT64_MAX : INT64_MIN;
      break;
    case DFQ_F64:
      v.as.f = edge ? float_edges[u % 6] : (double)v.as.i / 8;
      if (edge && u % 16 == 7) v.as.f = (double)NAN;
      if (edge && u % 16 == 9) v.as.f = u & 16 ? (double)INFINITY : -(double)INFINITY;
      break;
    case DFQ_STR:
      v.as.s = room;
      v.len = (uint32_t)snprintf(room, 40, u & 64 ? "a long prefix %d" : "%d", (int)v.as.i);
      if (edge) v.len = (uint32_t)(u % 4);
      break;
    default: break;
  }
  return v;
}

// Two columns of keys and the row's number. Owns: the caller. *cells: what is in it.
static dfq_table *arith_keys(dfq *db, uint64_t *seed, const dfq_type *type, size_t rows,
                             const int *many, const char *number, dfq_value **cells) {
  dfq_field field[] = { { "a", type[0], NULL }, { "b", type[1], NULL },
                        { number, DFQ_I64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc(3 * rows * sizeof *cell + 80 * rows);
  char *room = (char *)(cell + 3 * rows);
  for (size_t i = 0; i < rows; i++) {
    for (size_t c = 0; c < 2; c++)
      cell[3 * i + c] = arith_value(seed, type[c], many[c], room + 80 * i + 40 * c);
    cell[3 * i + 2] = model_int(DFQ_I64, (int64_t)i);
  }
  *cells = cell;
  return dfq_table_from_rows(db, field, 3, cell, rows);
}

// Is row x before, after or beside row y? how: of each key, 1 descending, 2 nulls first.
static int arith_before(const dfq_value *x, const dfq_value *y, const int *how) {
  for (int c = 0; c < 2; c++) {
    bool p = model_is_null(&x[c]), q = model_is_null(&y[c]);
    if (p && q) continue;
    if (p || q) return p == ((how[c] & 2) != 0) ? -1 : 1;
    int order = model_compare(&x[c], &y[c]);
    if (order) return how[c] & 1 ? -order : order;
  }
  return 0;
}

// What a sort gives is all rows, each once, in order, and equal ones as they were.
TEST(arithmetic_of_sorting) {
  static const char *const word[] = { "", " desc", " nulls first", " desc nulls first" };
  uint64_t seed = 108;
  for (size_t round = 0; round < 24 * arith_scale() && !test_now.broken; round++) {
    dfq_type type[2];
    for (size_t c = 0; c < 2; c++) type[c] = arith_kinds[round / (1 + c) % ARITH_KINDS];
    int many[2] = { ch0_below(&seed, 2) ? 7 : 1000000, ch0_below(&seed, 2) ? 7 : 5000 };
    int how[2] = { ch0_below(&seed, 4), ch0_below(&seed, 4) };
    size_t rows = (size_t)ch0_below(&seed, round % 8 == 7 ? 30000 : 3000);
    char keys[80];
    dfq_value *cell;
    dfq *db = dfq_open(NULL);
    dfq_table *t = arith_keys(db, &seed, type, rows, many, "n", &cell);
    snprintf(keys, sizeof keys, "a%s, b%s", word[how[0]], word[how[1]]);
    dfq_frame *f = dfq_select(dfq_sort(dfq_scan_table(db, t), keys), "n");
    uint8_t *seen = (uint8_t *)test_alloc(rows + 1);
    for (int way = 0; way < 5; way++) {
      dfq_table *got = arith_run_as(f, way);
      int64_t last = -1;
      memset(seen, 0, rows + 1);
      CHECK_INT(dfq_table_rows(got), rows);
      for (size_t i = 0; i < rows && !test_now.broken; i++, arith_tried++) {
        int64_t n = dfq_table_i64(got, i, 0);
        if (!CHECK(n >= 0 && n < (int64_t)rows && !seen[n])) break;
        seen[n] = 1;
        int order = last < 0 ? -1 : arith_before(&cell[3 * last], &cell[3 * n], how);
        if (order > 0 || (order == 0 && last > n))
          test_fail("  sort %s of %s, %s: row %d before %d\n", keys, dfq_type_name(type[0]),
                    dfq_type_name(type[1]), (int)last, (int)n);
        last = n;
      }
      dfq_table_free(got);
    }
    free(seen);
    free(cell);
    dfq_table_free(t);
    dfq_close(db);
  }
}

// Pairs of row numbers, -1 where there is no row.
typedef struct arith_matches {
  int64_t (*pair)[2];
  size_t count, room;
} arith_matches;

static void arith_match(arith_matches *m, int64_t x, int64_t y) {
  if (m->count == m->room) {
    m->room = 2 * m->room + 1000;
    m->pair = (int64_t (*)[2])realloc(m->pair, m->room * sizeof *m->pair);
    if (!m->pair) exit(1);
  }
  m->pair[m->count][0] = x;
  m->pair[m->count++][1] = y;
}

// Nested loops: left rows in order, in each the right ones; unmatched right ones at the end.
static void arith_nested(arith_matches *m, const dfq_value *left, size_t n,
                         const dfq_value *right, size_t k, dfq_join_type how) {
  uint8_t *seen = (uint8_t *)test_alloc(k + 1);
  bool outer = how == DFQ_LEFT || how == DFQ_FULL, both = how == DFQ_RIGHT || how == DFQ_FULL;
  memset(seen, 0, k + 1);
  m->count = 0;
  for (size_t i = 0; i < n; i++) {
    bool any = false;
    for (size_t j = 0; j < k && !(any && (how == DFQ_SEMI || how == DFQ_ANTI)); j++) {
      const dfq_value *x = &left[3 * i], *y = &right[3 * j];
      if (model_is_null(&x[0]) || model_is_null(&x[1]) || model_is_null(&y[0]) ||
          model_is_null(&y[1]) || model_compare(&x[0], &y[0]) != 0 ||
          model_compare(&x[1], &y[1]) != 0) continue;
      seen[j] = 1;
      any = true;
      if (how != DFQ_SEMI && how != DFQ_ANTI) arith_match(m, (int64_t)i, (int64_t)j);
    }
    if (any ? how == DFQ_SEMI : how == DFQ_ANTI || outer) arith_match(m, (int64_t)i, -1);
  }
  for (size_t j = 0; j < k && both; j++)
    if (!seen[j]) arith_match(m, -1, (int64_t)j);
  free(seen);
}

TEST(arithmetic_of_joining) {
  static const dfq_join_type hows[] = {
    DFQ_INNER, DFQ_LEFT, DFQ_RIGHT, DFQ_FULL, DFQ_SEMI, DFQ_ANTI
  };
  arith_matches want = { NULL, 0, 0 };
  uint64_t seed = 109;
  for (size_t round = 0; round < 24 * arith_scale() && !test_now.broken; round++) {
    dfq_type type[2];
    for (size_t c = 0; c < 2; c++) type[c] = arith_kinds[round / (1 + 4 * c) % ARITH_KINDS];
    int many[2] = { ch0_below(&seed, 2) ? 20 : 900, ch0_below(&seed, 2) ? 9 : 400 };
    size_t n = (size_t)ch0_below(&seed, 900), k = (size_t)ch0_below(&seed, 900);
    dfq_join_type how = hows[round % 7 % 6];
    dfq_value *left, *right;
    dfq *db = dfq_open(NULL);
    dfq_table *x = arith_keys(db, &seed, type, n, many, "n", &left);
    dfq_table *y = arith_keys(db, &seed, type, k, many, "m", &right);
    bool one = how == DFQ_SEMI || how == DFQ_ANTI;
    dfq_frame *f = dfq_join(dfq_scan_table(db, x), dfq_scan_table(db, y), "a, b", how);
    f = dfq_select(f, one ? "n" : "n, m");
    arith_nested(&want, left, n, right, k, how);
    for (int way = 0; way < 5; way++) {
      dfq_table *got = arith_run_as(f, way);
      CHECK_INT(dfq_table_rows(got), want.count);
      for (size_t i = 0; i < want.count && !test_now.broken; i++, arith_tried++)
        for (int c = 0; c < (one ? 1 : 2); c++) {
          int64_t m = dfq_table_is_null(got, i, c) ? -1 : dfq_table_i64(got, i, c);
          if (!CHECK_INT(m, want.pair[i][c])) test_fail("  in row %d, way %d\n", (int)i, way);
        }
      dfq_table_free(got);
    }
    dfq_table_free(x);
    dfq_table_free(y);
    dfq_close(db);
    free(left);
    free(right);
  }
  free(want.pair);
}

static void run_arithmetic(void) {
  RUN(arithmetic_reads_hard_floats);
  RUN(arithmetic_reads_random_floats);
  RUN(arithmetic_reads_middles);
  RUN(arithmetic_writes_shortest_f64);
  RUN(arithmetic_writes_any_digits);
  RUN(arithmetic_writes_shortest_f32);
  RUN(arithmetic_of_all_bytes);
  RUN(arithmetic_checks_all_bytes);
  RUN(arithmetic_at_the_edges);
  RUN(arithmetic_casts_to_integers);
  RUN(arithmetic_of_all_dates);
  RUN(arithmetic_of_moments);
  RUN(arithmetic_of_decimals);
  RUN(arithmetic_of_decimals_and_floats);
  RUN(arithmetic_of_sums);
  RUN(arithmetic_of_sorting);
  RUN(arithmetic_of_joining);
  if (arith_tried)
    printf("arithmetic: %llu values\n", (unsigned long long)arith_tried);
}
