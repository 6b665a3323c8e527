// ch6_predicates.c - what conditions say of columns. The rule that counts is soundness: a row
// for which a condition is true is never left out by what is derived from it.

static const dfq_field predicate_fields[] = {
  { "i", DFQ_I64, NULL }, { "u", DFQ_U8, NULL },   { "d", dfq_decimal_of(2), NULL },
  { "f", DFQ_F64, NULL }, { "g", DFQ_F32, NULL },  { "s", DFQ_STR, NULL },
  { "b", DFQ_BOOL, NULL }, { "dt", DFQ_DATE, NULL }, { "tm", DFQ_DATETIME, NULL },
};
enum { PREDICATE_FIELDS = sizeof predicate_fields / sizeof predicate_fields[0] };

// "[1, 5) null {2, 3}"
static const char *allowed_text(char *to, size_t size, const dfq_allowed *a) {
  char low[64] = "..", high[64] = "..", one[64];
  size_t n = 0;
  if (a->low.type != DFQ_NULL) dfq__cell_text(low, sizeof low, &a->low);
  if (a->high.type != DFQ_NULL) dfq__cell_text(high, sizeof high, &a->high);
  if (a->none) n += (size_t)snprintf(to, size, "none");
  else n += (size_t)snprintf(to, size, "%s%s, %s%s", a->low_open ? "(" : "[", low, high,
                             a->high_open ? ")" : "]");
  if (a->nulls) n += (size_t)snprintf(to + n, size - n, " null");
  if (a->count > 0) n += (size_t)snprintf(to + n, size - n, " {");
  for (int i = 0; i < a->count; i++) {
    dfq__cell_text(one, sizeof one, &a->value[i]);
    n += (size_t)snprintf(to + n, size - n, "%s%s", i ? " " : "", one);
  }
  if (a->count > 0) (void)snprintf(to + n, size - n, "}");
  return to;
}

TEST(predicate_allows) {
  static const struct { const char *text, *column, *want; } rows[] = {
    { "i > 3", "i", "(3, ..]" },
    { "3 <= i", "i", "[3, ..]" },
    { "i between -5 and 7", "i", "[-5, 7]" },
    { "i = 4", "i", "[4, 4] {4}" },
    { "not (i != 4)", "i", "[4, 4] {4}" },
    { "not (i = 4)", "i", "[.., ..]" },
    { "i in (9, 3, 5, 3, null)", "i", "[3, 9] {3 5 9}" },
    { "i in (9, 3, 5) and i > 3", "i", "[5, 9] {5 9}" },
    { "i in (1, 2) or i = 0", "i", "[0, 2] {0 1 2}" },
    { "i in (1, 2) or i > 5", "i", "[1, ..]" },
    { "i < 3 or i is null", "i", "[.., 3) null" },
    { "i is null", "i", "none null" },
    { "i is not null", "i", "[.., ..]" },
    { "i > 5 and i < 5", "i", "none" },
    { "i > 5 and i <= 5", "i", "none" },
    { "i = null", "i", "none" },
    { "i is distinct from 5", "i", "[.., ..] null" },
    { "i is not distinct from 5", "i", "[5, 5] {5}" },
    { "i is not distinct from null", "i", "none null" },
    { "not (i is not distinct from null)", "i", "[.., ..]" },
    { "i > 3 and u > 100", "u", "(100, ..]" },
    { "i > 3 or u > 100", "u", "[.., ..] null" },
    { "not (i > 3 or u > 100)", "u", "[.., 100]" },
    { "i > 2.5", "i", "[3, ..]" },
    { "i < 2.5", "i", "[.., 2]" },
    { "i = 2.5", "i", "none" },
    { "i <= 3.0", "i", "[.., 3]" },
    { "i < 1e300", "i", "[.., ..]" },
    { "i < f64 'nan'", "i", "[.., ..]" },
    { "i + 1 > 4", "i", "[.., ..] null" },
    { "i = u", "i", "[.., ..]" },
    { "f > 1", "f", "(1.0, ..]" },
    { "f <= f64 'nan'", "f", "[.., nan]" },
    { "f = -0.0", "f", "[-0.0, -0.0] {-0.0}" },
    { "d < 12.5", "d", "[.., 12.51]" },
    { "d = 3", "d", "[3.00, 3.00] {3.00}" },
    { "s >= 'b' and s < 'd'", "s", "['b', 'd')" },
    { "s in ('x', 'a')", "s", "['a', 'x'] {'a' 'x'}" },
    { "b", "b", "[true, true] {true}" },
    { "not b", "b", "[false, false] {false}" },
    { "b and i > 3", "b", "[true, true] {true}" },
    { "dt >= date '2020-01-02'", "dt", "[2020-01-02, ..]" },
    { "dt > datetime '2020-01-02 10:00'", "dt", "[2020-01-03, ..]" },
    { "tm < date '2020-01-02'", "tm", "[.., 2020-01-02 00:00:00)" },
    { "true", "i", "[.., ..] null" },
    { "false", "i", "none" },
    { "null", "i", "none" },
    { "i > 3 and false", "i", "none" },
    { "(i = 1 or i = 5) and not (i in (5, 6) or s = 'a')", "i", "[1, 5] {1 5}" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    dfq_allowed a;
    char text[256];
    dfq_type type = DFQ_NULL;
    for (int c = 0; c < PREDICATE_FIELDS; c++)
      if (strcmp(predicate_fields[c].name, rows[r].column) == 0)
        type = predicate_fields[c].type;
    CHECK(dfq_expr_allows(dfq_parse(db, rows[r].text), rows[r].column, type, &a));
    allowed_text(text, sizeof text, &a);
    if (strcmp(text, rows[r].want) != 0)
      test_fail("  %s: %s\n    got  %s\n    want %s\n", rows[r].text, rows[r].column, text,
                rows[r].want);
  }
  dfq_close(db);
}

TEST(predicate_restrict) {
  static const char *const columns[] = { "a", "b" };
  static const char *const rows[][2] = {
    { "a > 1 and c > 2", "a > 1" },
    { "a > 1 or c > 2", "true" },
    { "a > 1 or b > 2 and c = 1", "a > 1 or b > 2" },
    { "not (a > 1 or c > 2)", "not a > 1" },
    { "not (a > 1 and c > 2)", "true" },
    { "not (not (a = 1 and c = 2) or b = 5)", "not (not a = 1 or b = 5)" },
    { "c", "true" },
    { "a + b > 3", "a + b > 3" },
    { "coalesce(a, c) > 3", "true" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
    CHECK_STR(dfq_expr_text(dfq_expr_restrict(dfq_parse(db, rows[r][0]), columns, 2)),
              rows[r][1]);
  CHECK(dfq_expr_restrict(NULL, columns, 2) == NULL);
  dfq_close(db);
}

TEST(predicate_conjuncts) {
  dfq_expr *const *list;
  dfq *db = dfq_open(NULL);
  CHECK_INT(dfq_expr_conjuncts(dfq_parse(db, "a and (b > 1 and (c or d)) and e"), &list), 4);
  CHECK_STR(dfq_expr_text(list[1]), "b > 1");
  CHECK_STR(dfq_expr_text(list[2]), "c or d");
  CHECK_INT(dfq_expr_conjuncts(NULL, &list), 0);
  CHECK_INT(dfq_expr_cast_type(dfq_parse(db, "cast(a as f64)")), DFQ_F64);
  CHECK_INT(dfq_expr_cast_type(dfq_parse(db, "a")), DFQ_NULL);
  dfq_close(db);
}

// ---- random ones ----------------------------------------------------------------------------

static const char *const predicate_literals[][7] = {
  { "-3", "0", "2", "2.5", "7", "null", "-1e18" },
  { "0", "3", "255", "1.5", "300", "null", "-1" },
  { "0.5", "1", "1.25", "-0.01", "2", "null", "1.255" },
  { "0.0", "-0.0", "1.5", "f64 'nan'", "2", "null", "f64 'inf'" },
  { "0.0", "f64 '-inf'", "1.5", "f64 'nan'", "2", "null", "0.1" },
  { "''", "'a'", "'ab'", "'b'", "'zz'", "null", "'a'" },
  { "true", "false", "true", "false", "true", "null", "false" },
  { "date '2020-01-01'", "date '2020-01-03'", "datetime '2020-01-02 12:00'",
    "datetime '2020-01-01 00:00'", "date '1969-12-31'", "null", "date '2020-01-02'" },
  { "datetime '2020-01-01 00:00'", "date '2020-01-01'", "datetime '2020-01-01 12:00'",
    "date '1969-12-31'", "date '2020-01-02'", "null", "datetime '2020-01-02 00:00'" },
};

static void predicate_add(test_string *t, uint64_t *state, int depth) {
  static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=", "is distinct from",
                                     "is not distinct from" };
  char piece[256];
  uint64_t r = test_random(state);
  int c = (int)(r >> 8 & 0xff) % PREDICATE_FIELDS;
  const char *name = predicate_fields[c].name, *const *lit = predicate_literals[c];
  const char *a = lit[(r >> 16 & 0xff) % 7], *b = lit[(r >> 24 & 0xff) % 7];
  const char *op = ops[(r >> 32 & 0xff) % 8];
  if (depth > 0 && r % 3 < 2) {
    bool not_ = (r >> 41 & 3) == 0;
    test_puts(t, not_ ? "not (" : "(");
    predicate_add(t, state, depth - 1);
    test_puts(t, r >> 40 & 1 ? ") and (" : ") or (");
    predicate_add(t, state, depth - 1);
    test_puts(t, ")");
    return;
  }
  switch (r >> 48 & 7) {
    case 0:
      snprintf(piece, sizeof piece, "%s is %snull", name, r >> 52 & 1 ? "not " : "");
      break;
    case 1:
      snprintf(piece, sizeof piece, "%s %sin (%s, %s)", name, r >> 52 & 1 ? "not " : "", a, b);
      break;
    case 2:
      snprintf(piece, sizeof piece, "%s %sbetween %s and %s", name, r >> 52 & 1 ? "not " : "",
               a, b);
      break;
    case 3: snprintf(piece, sizeof piece, "%s %s %s", a, op, name); break;
    case 4: snprintf(piece, sizeof piece, "%s", r >> 52 & 1 ? "b" : "coalesce(b, true)"); break;
    default: snprintf(piece, sizeof piece, "%s %s %s", name, op, a);
  }
  test_puts(t, piece);
}

// A value of column c near the literals; one in six is null.
static dfq_value predicate_value(int c, uint64_t *state) {
  static const double floats[] = { 0.0, -0.0, 1.5, (double)NAN, 2, (double)INFINITY,
                                   -(double)INFINITY, 0.1 };
  static const char *const texts[] = { "", "a", "aa", "ab", "b", "c", "zz", "zzz" };
  uint64_t r = test_random(state);
  dfq_value v = dfq__value_null();
  if (r % 6 == 0) return v;
  int k = (int)(r >> 8 & 7);
  v.type = predicate_fields[c].type;
  switch (c) {
    case 0: v.as.i = k == 7 ? INT64_C(-1000000000000000000) : k - 3; break;
    case 1: v.as.i = k == 7 ? 255 : k; break;
    case 2: v.as.i = (int64_t)(r >> 16 & 0xff) - 30; break;
    case 3: v.as.f = floats[k]; break;
    case 4: v.as.f = (double)(float)floats[k]; break;
    case 5: v.as.s = texts[k]; v.len = (uint32_t)strlen(texts[k]); break;
    case 6: v.as.i = k & 1; break;
    case 7: v.as.i = k == 7 ? -1 : 18262 + k % 4; break;
    default: v.as.i = (18262 + k % 4 - (k == 7) * 18263) * DFQ__DAY + (k & 1) * DFQ__DAY / 2;
  }
  return v;
}

// One predicate over many rows: whatever is true must be allowed, and true when restricted.
static bool predicate_holds(dfq *db, const char *text, uint64_t *state) {
  dfq_schema schema = { PREDICATE_FIELDS, predicate_fields };
  dfq_expr *e = dfq_parse(db, text);
  dfq_allowed a[PREDICATE_FIELDS];
  dfq_value row[PREDICATE_FIELDS], got;
  const char *some[PREDICATE_FIELDS];
  int n = 0;
  uint64_t keep = test_random(state);
  for (int c = 0; c < PREDICATE_FIELDS; c++) {
    if (!dfq_expr_allows(e, predicate_fields[c].name, predicate_fields[c].type, &a[c]))
      return false;
    if (keep >> c & 1) some[n++] = predicate_fields[c].name;
  }
  dfq_expr *less = dfq_expr_restrict(e, some, n);
  for (int r = 0; r < 60; r++) {
    for (int c = 0; c < PREDICATE_FIELDS; c++) row[c] = predicate_value(c, state);
    if (!dfq_expr_eval(e, &schema, row, &got)) return test_fail("  %s\n", dfq_error(db));
    if (got.type == DFQ_NULL || !got.as.i) continue;
    for (int c = 0; c < PREDICATE_FIELDS; c++)
      if (!dfq_allows(&a[c], &row[c]))
        return test_fail("  %s leaves out a row by %s\n", text, predicate_fields[c].name);
    if (!dfq_expr_eval(less, &schema, row, &got) || got.type == DFQ_NULL || !got.as.i)
      return test_fail("  %s restricted is %s\n", text, dfq_expr_text(less));
  }
  return true;
}

TEST(predicate_random) {
  uint64_t state = 20;
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 600; i++) {
    test_string t = { NULL, 0, 0 };
    size_t mark = dfq_mark(db);
    predicate_add(&t, &state, i % 4);
    bool good = predicate_holds(db, t.s, &state);
    dfq_release(db, mark);
    free(t.s);
    if (!CHECK(good)) break;
  }
  dfq_close(db);
}

TEST(predicate_long_list) {
  test_string t = { NULL, 0, 0 };
  char number[32];
  dfq_allowed a;
  dfq *db = dfq_open(NULL);
  test_puts(&t, "i in (0");
  for (int i = 1; i < 3000; i++) {
    snprintf(number, sizeof number, ", %d", i * 7);
    test_puts(&t, number);
  }
  test_puts(&t, ")");
  CHECK(dfq_expr_allows(dfq_parse(db, t.s), "i", DFQ_I64, &a));
  CHECK_INT(a.count, -1);
  CHECK_INT(a.low.as.i, 0);
  CHECK_INT(a.high.as.i, 2999 * 7);
  free(t.s);
  dfq_close(db);
}

static void run_ch6_predicates(void) {
  RUN(predicate_allows);
  RUN(predicate_restrict);
  RUN(predicate_conjuncts);
  RUN(predicate_random);
  RUN(predicate_long_list);
}
