// numbers.c - text to numbers and dates, against the C library and against plain arithmetic;
// and from bits to text and back, with no digit too many.
#include "fuzz.h"

enum { NUMBERS_TYPES = 12 };
static const dfq_type numbers_types[NUMBERS_TYPES] = {
  DFQ_F64, DFQ_I64, DFQ_U64, DFQ_F32, DFQ_DATE, DFQ_DATETIME, DFQ_DURATION, DFQ_TIME,
  dfq_decimal_of(2), dfq_decimal_of(18), DFQ_I8, DFQ_BOOL
};

// [-]digits[.digits][e[+-]digits]: what both sides call a number, with an exponent of at most
// nine digits. whole: without point and e.
static bool numbers_plain(const char *s, bool *whole) {
  if (*s == '-') s++;
  size_t n = strspn(s, "0123456789");
  *whole = true;
  if (!n) return false;
  s += n;
  if (*s == '.') {
    *whole = false;
    n = strspn(++s, "0123456789");
    if (!n) return false;
    s += n;
  }
  if (*s == 'e' || *s == 'E') {
    *whole = false;
    if (*++s == '-' || *s == '+') s++;
    n = strspn(s, "0123456789");
    if (!n || n > 9) return false;
    s += n;
  }
  return !*s;
}

static bool numbers_same(double a, double b) {
  return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

// The columns try_cast(s as type), and behind them try_cast(cast(that as str) as type).
static dfq_table *numbers_cast(dfq *db, dfq_table *t, const dfq_type *type, int count) {
  static char name[2 * NUMBERS_TYPES][8];
  dfq_expr *item[2 * NUMBERS_TYPES];
  for (int i = 0; i < count; i++) {
    dfq_expr *first = dfq_try_cast(dfq_col(db, "s"), type[i]);
    sprintf(name[2 * i], "a%d", i);
    sprintf(name[2 * i + 1], "b%d", i);
    item[2 * i] = dfq_as(first, name[2 * i]);
    item[2 * i + 1] = dfq_as(dfq_try_cast(dfq_cast(first, DFQ_STR), type[i]), name[2 * i + 1]);
  }
  dfq_frame *f = dfq_select_exprs(dfq_scan_table(db, t), item, 2 * count);
  FUZZ_CHECK(!dfq_frame_error(f), dfq_frame_error(f), "");
  return fuzz_same(db, f);
}

static void numbers_of_text(dfq *db, const char *text, size_t n) {
  dfq_field field = { "s", DFQ_STR, NULL };
  dfq_value cell = fuzz_string(text, n);
  dfq_table *t = dfq_table_from_rows(db, &field, 1, &cell, 1);
  dfq_table *got = numbers_cast(db, t, numbers_types, NUMBERS_TYPES);
  bool whole, plain = numbers_plain(text, &whole) && strlen(text) == n;
  FUZZ_CHECK(got, dfq_error(db), text);
  if (plain) {
    errno = 0;
    double want = strtod(text, NULL);
    long long i = strtoll(text, NULL, 10);
    bool fits = whole && errno != ERANGE;
    // What is beyond the range of floats may be refused, or infinite, but nothing else.
    if (!dfq_table_is_null(got, 0, 0))
      FUZZ_CHECK(numbers_same(want, dfq_table_f64(got, 0, 0)), text, "as f64");
    else FUZZ_CHECK(want - want != 0, text, "as f64 is null");
    if (whole && fits) {
      FUZZ_CHECK(!dfq_table_is_null(got, 0, 2), text, "as i64 is null");
      FUZZ_CHECK(dfq_table_i64(got, 0, 2) == i, text, "as i64");
    } else if (whole) {
      errno = 0;
      (void)strtoll(text, NULL, 10);
      if (errno == ERANGE) FUZZ_CHECK(dfq_table_is_null(got, 0, 2), text, "as i64");
    }
  }
  for (int i = 0; i < NUMBERS_TYPES; i++) {   // what was read is written and read again
    bool null = dfq_table_is_null(got, 0, 2 * i);
    const char *name = dfq_type_name(numbers_types[i]);
    FUZZ_CHECK(null == dfq_table_is_null(got, 0, 2 * i + 1), text, name);
    if (!null && (i == 0 || i == 3))
      FUZZ_CHECK(numbers_same(dfq_table_f64(got, 0, 2 * i), dfq_table_f64(got, 0, 2 * i + 1)),
                 text, name);
    else if (!null)
      FUZZ_CHECK(dfq_table_i64(got, 0, 2 * i) == dfq_table_i64(got, 0, 2 * i + 1), text, name);
  }
  dfq_table_free(got);
  dfq_table_free(t);
}

// The fewest digits that bring a float back, by trying.
static int numbers_digits(double x) {
  char text[64];
  for (int digits = 1; digits < 17; digits++) {
    sprintf(text, "%.*e", digits - 1, x);
    if (strtod(text, NULL) == x) return digits;
  }
  return 17;
}

// Digits of a number's text, without zeros at either end.
static int numbers_digits_in(const char *s) {
  int digits = 0, kept = 0;
  for (; *s && *s != 'e' && *s != 'E'; s++)
    if (*s >= '0' && *s <= '9' && (*s != '0' || digits)) {
      digits++;
      if (*s != '0') kept = digits;
    }
  return kept;
}

static void numbers_of_bits(dfq *db, uint64_t bits) {
  double x;
  char text[128];
  memcpy(&x, &bits, sizeof x);
  dfq_field field = { "x", DFQ_F64, NULL };
  dfq_value cell = fuzz_float(DFQ_F64, x);
  dfq_table *t = dfq_table_from_rows(db, &field, 1, &cell, 1);
  dfq_expr *item = dfq_as(dfq_cast(dfq_col(db, "x"), DFQ_STR), "s");
  dfq_table *got = fuzz_same(db, dfq_select_exprs(dfq_scan_table(db, t), &item, 1));
  size_t n;
  const char *s = dfq_table_str(got, 0, 0, &n);
  FUZZ_CHECK(n < sizeof text, "a long text", "");
  memcpy(text, s, n);
  text[n] = 0;
  if (x - x == 0) {
    FUZZ_CHECK(numbers_same(strtod(text, NULL), x), text, "is another number");
    FUZZ_CHECK(x == 0 || numbers_digits_in(text) <= numbers_digits(x), text, "has more digits");
  }
  numbers_of_text(db, text, n);
  dfq_table_free(got);
  dfq_table_free(t);
}

static void fuzz_numbers(const uint8_t *data, size_t size) {
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  dfq *db = fuzz_context(&disk);
  if (size && data[0] == 0xFF) {   // eight bytes that are a number
    uint64_t bits = 0;
    fuzz_byte(&in);
    for (int i = 0; i < 8; i++) bits = bits << 8 | fuzz_byte(&in);
    numbers_of_bits(db, bits);
  } else {
    char *text = fuzz_text(&in, false);
    numbers_of_text(db, text, size);
    free(text);
  }
  dfq_close(db);
}
