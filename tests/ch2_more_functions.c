// ch2_more_functions.c - texts and numbers that came later, hints for names of other languages,
// and every signature of the tables on random values: all engines and settings must give one
// answer, or one error.

FN_TABLE(more_texts,
  { "concat_ws('-', 'a', 'b')", "str a-b" }, { "concat_ws('-', 'a', sn, 'b')", "str a-b" },
  { "concat_ws('-', sn, sn)", "str " },     { "concat_ws(sn, 'a')", "str null" },
  { "concat_ws('-', sn, 'b', '')", "str b-" },
  { "concat_ws('', s, s)", "str h" FN_E "lloh" FN_E "llo" },
  { "concat_ws('-', 1)", "!concat_ws takes" },
  { "substring(s, 2, 2)", "str " FN_E "l" }, { "substring(s, 1)", "str h" FN_E "llo" },
  { "substring(s, 0, 2)", "str h" },        { "substring(s, -1, 3)", "str h" },
  { "substring(s, 2, -1)", "str " },        { "substring(s, 9, 2)", "str " },
  { "substring(s, big, big)", "str " },     { "substring(s, small, big)", "str " },
  { "substring(s, small, small)", "str " }, { "substring(s, 2, big)", "str " FN_E "llo" },
  { "substring(s, n, 2)", "str null" }, { "substring(i, 1)", "!substring takes (str, i64)" },
  { "split_part('a,b,c', ',', 1)", "str a" }, { "split_part('a,b,c', ',', 3)", "str c" },
  { "split_part('a,b,c', ',', -1)", "str c" }, { "split_part('a,b,c', ',', -3)", "str a" },
  { "split_part('a,b,c', ',', 4)", "str " }, { "split_part('a,b,c', ',', 0)", "str " },
  { "split_part('a,b,c', ',', small)", "str " }, { "split_part('a--b', '--', 2)", "str b" },
  { "split_part(s, '', 1)", "str h" FN_E "llo" }, { "split_part(empty, ',', 1)", "str " },
  { "split_part('a,', ',', 2)", "str " },   { "split_part(sn, ',', 1)", "str null" },
  { "count_matches('aaaa', 'aa')", "i64 2" }, { "count_matches(s, 'l')", "i64 2" },
  { "count_matches(s, '')", "i64 0" },      { "count_matches(empty, 'a')", "i64 0" },
  { "count_matches(s, sn)", "i64 null" },   { "chr(65)", "str A" },
  { "chr(8364)", "str " FN_EURO },          { "chr(128578)", "str " FN_FACE },
  { "chr(233)", "str " FN_E },              { "chr(-1)", "!chr(-1) is no character" },
  { "chr(55296)", "!is no character" },     { "chr(1114112)", "!is no character" },
  { "chr(n)", "str null" },                 { "len_bytes(chr(0))", "i64 1" },
  { "ord('A')", "i64 65" },                 { "ord('" FN_FACE "x')", "i64 128578" },
  { "ord(empty)", "i64 null" },             { "ord(sn)", "i64 null" },
  { "levenshtein('kitten', 'sitting')", "i64 3" }, { "levenshtein(s, s)", "i64 0" },
  { "levenshtein(s, 'hello')", "i64 1" },   { "levenshtein(empty, 'abc')", "i64 3" },
  { "levenshtein('abc', empty)", "i64 3" }, { "levenshtein(empty, empty)", "i64 0" },
  { "levenshtein('ab', 'ba')", "i64 2" },   { "levenshtein(sn, 'a')", "i64 null" })

FN_TABLE(more_numbers,
  { "bit_not(0)", "i64 -1" },               { "bit_not(big)", "i64 -9223372036854775808" },
  { "bit_count(-1)", "i64 64" },            { "bit_count(0)", "i64 0" },
  { "bit_count(small)", "i64 1" },          { "bit_not(f)", "!bit_not takes (i64), not (f64)" },
  { "gcd(12, -18)", "i64 6" },              { "gcd(0, 0)", "i64 0" },
  { "gcd(0, 5)", "i64 5" },                 { "gcd(small, 6)", "i64 2" },
  { "gcd(small, small)", "!overflows i64" }, { "gcd(small, 0)", "!overflows i64" },
  { "lcm(4, 6)", "i64 12" }, { "lcm(-4, 6)", "i64 12" }, { "lcm(0, 6)", "i64 0" },
  { "lcm(0, 0)", "i64 0" },                 { "lcm(big, 2)", "!overflows i64" },
  { "lcm(small, 1)", "!overflows i64" },    { "lcm(small, small)", "!overflows i64" },
  { "lcm(0, small)", "i64 0" },             { "lcm(small, 0)", "i64 0" },
  { "gcd(n, 1)", "i64 null" },              { "is_finite(f)", "bool true" },
  { "is_finite(nan)", "bool false" },       { "is_finite(inf)", "bool false" },
  { "is_finite(i)", "bool true" },          { "is_inf(inf)", "bool true" },
  { "is_inf(-inf)", "bool true" },          { "is_inf(nan)", "bool false" },
  { "is_inf(fn)", "bool null" },            { "log(2, 8)", "f64 3.0" },
  { "log(10, 0)", "f64 -inf" },             { "log(2, -1)", "f64 nan" },
  { "log(8)", "!log does not take 1 argument" }, { "round(pi(), 4)", "f64 3.1416" },
  { "round(degrees(pi()), 9)", "f64 180.0" }, { "round(radians(180) - pi(), 12)", "f64 0.0" },
  { "sin(asin(0.5)) - 0.5 < 1e-15", "bool true" }, { "acos(2)", "f64 nan" },
  { "acos(1)", "f64 0.0" },                 { "atan(inf) = pi() / 2", "bool true" },
  { "sinh(0)", "f64 0.0" },                 { "cosh(0)", "f64 1.0" },
  { "tanh(inf)", "f64 1.0" },               { "pi(1)", "!pi does not take 1 argument" },
  { "asin('1')", "!asin takes (f64), not (str)" })

FN_TABLE(more_hints,
  { "len(s)", "!no function len; did you mean len_chars or len_bytes?" },
  { "trim(s)", "!did you mean strip?" },
  { "substr(s, 1)", "!did you mean substring or slice?" },
  { "strftime(d, 'x')", "!did you mean format?" }, { "date_trunc('day', t)", "!truncate?" },
  { "i in ()", "!the list is empty: x in (1, 2)" }, { "i not in ()", "!the list is empty" })

#if DFQ_CHAPTER >= 5
// ---- every signature, on random values ------------------------------------------------------

// A column for each letter of a signature; two of the same type differ.
static const dfq_type more_types[] = { DFQ_BOOL, DFQ_I64, DFQ_F64, DFQ_STR, DFQ_DATE,
                                       DFQ_DATETIME, DFQ_DURATION, DFQ_TIME };
static const char *const more_names[] = { "b", "i", "f", "s", "d", "t", "u", "c" };
enum { MORE_TYPES = sizeof more_types / sizeof *more_types, MORE_ROWS = 60,
       MORE_COLUMNS = 2 * MORE_TYPES };

static dfq_value more_random(uint64_t *seed, dfq_type type) {
  static const char *const texts[] = { "", "a", "h" FN_E "llo", "(", "a*", "%d", "%",
                                       "2024-02-29", "l" FN_EURO, "\xff\xfe", "a,b,,c",
                                       "%Y", "  x ", "[a-",
                                       "a longer text than fits a view" };
  static const int64_t whole[] = { 0, 1, -1, 2, 3, -7, 17, 63, 64, 1000, INT64_MAX, INT64_MIN };
  static const double floats[] = { 0, -0.0, 1, -1, 0.5, 2.5, -2.5, 1e300, -1e300, 1e-300,
                                   (double)NAN, (double)INFINITY, -(double)INFINITY, 9.5e18 };
  if (ch0_below(seed, 8) == 0) return ch2_int(DFQ_NULL, 0);
  int64_t day = (int64_t)(ch0_next(seed) % 3652425) - 719528;
  int64_t clock = (int64_t)(ch0_next(seed) % 86400000000);
  switch (type) {
    case DFQ_BOOL: return ch2_int(type, ch0_below(seed, 2));
    case DFQ_F64: return ch2_float(floats[ch0_below(seed, 14)]);
    case DFQ_STR: return ch2_string(texts[ch0_below(seed, 15)]);
    case DFQ_DATE: return ch2_int(type, day);
    case DFQ_DATETIME: return ch2_int(type, day * 86400000000 + clock);
    case DFQ_TIME: return ch2_int(type, clock);
    default: return ch2_int(type, whole[ch0_below(seed, 12)]);
  }
}

// The call of a signature over the columns; false when it takes what no column here has.
static bool more_call(const dfq__overload *o, int extra, char *text, size_t size) {
  int n = (int)strcspn(o->args, "+"), used = 0;
  int len = snprintf(text, size, "%s(", dfq__functions[o->fn].name);
  if (o->fn == DFQ__IN) return false;
  if (o->args[n] == '+') n += extra;
  for (int i = 0; i < n; i++) {
    char letter = dfq__letter_of(o, i);
    const char *at = letter == '*' ? "s" : strchr("bifsdtuc", letter);
    bool unit = (o->fn == DFQ__F_TRUNCATE && i == 1) || (o->fn == DFQ__F_DATE_DIFF && i == 2);
    if (!at || !letter) return false;
    len += snprintf(text + len, size - (size_t)len, "%s", i ? ", " : "");
    if (unit) len += snprintf(text + len, size - (size_t)len, "'month'");
    else len += snprintf(text + len, size - (size_t)len, "%c%d", *at, 1 + used++ % 2);
  }
  snprintf(text + len, size - (size_t)len, ")");
  return true;
}

TEST(more_every_signature_on_both_engines) {
  static dfq_value cell[MORE_ROWS * MORE_COLUMNS];
  static char names[MORE_COLUMNS][4];
  dfq_field field[MORE_COLUMNS];
  uint64_t seed = 29;
  int calls = 0;
  for (int c = 0; c < MORE_COLUMNS; c++) {
    snprintf(names[c], sizeof names[c], "%s%d", more_names[c / 2], 1 + c % 2);
    dfq_field f = { names[c], more_types[c / 2], NULL };
    field[c] = f;
    for (int r = 0; r < MORE_ROWS; r++)
      cell[r * MORE_COLUMNS + c] = more_random(&seed, more_types[c / 2]);
  }
  dfq *db = dfq_open(NULL);
  dfq_table *t = dfq_table_from_rows(db, field, MORE_COLUMNS, cell, MORE_ROWS);
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++) {
    char call[200], item[240];
    size_t mark = dfq_mark(db);
    if (!more_call(&dfq__overloads[i], ch0_below(&seed, 2), call, sizeof call)) continue;
    snprintf(item, sizeof item, "%s as r", call);
    dfq_expr *e = dfq_parse(db, call);
    if (dfq_expr_kind_of(e) == DFQ_FAILED) { dfq_release(db, mark); continue; }
    calls++;
    // Row by row: what fails fails on its own row, so that the others are compared, too.
    for (int r = 0; r < MORE_ROWS; r += 7) {
      dfq_frame *f = dfq_select(dfq_slice(dfq_scan_table(db, t), r, 7), item);
      if (!CHECK(dfq_check_equivalent(f, NULL))) printf("  %s: %s\n", item, dfq_error(db));
    }
    dfq_release(db, mark);
  }
  CHECK(calls > 150);
  dfq_table_free(t);
  dfq_close(db);
}
#endif

static void run_ch2_more_functions(void) {
  RUN(more_texts);
  RUN(more_numbers);
  RUN(more_hints);
#if DFQ_CHAPTER >= 5
  RUN(more_every_signature_on_both_engines);
#endif
}
