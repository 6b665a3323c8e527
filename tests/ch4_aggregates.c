// ch4_aggregates.c - every aggregate in a group, over everything, over windows and over sorted
// rows: by hand on a few rows, in every way of running on random ones, and what is refused.

// ---- a table by hand -----------------------------------------------------------------------

enum { AGGS_COLUMNS = 7, AGGS_ROWS = 8 };

// k: two groups and a null; i, f: numbers with nulls, f with a NaN; s: texts, one longer than a
// view; b, d; n: always null.
static dfq_table *aggs_table(dfq *db) {
  static const dfq_field fields[] = { { "k", DFQ_STR, NULL },  { "i", DFQ_I64, NULL },
                                      { "f", DFQ_F64, NULL },  { "s", DFQ_STR, NULL },
                                      { "b", DFQ_BOOL, NULL }, { "d", DFQ_DATE, NULL },
                                      { "n", DFQ_I64, NULL } };
  static const int64_t none = INT64_MIN;
  static const int64_t ints[] = { 3, 5, none, 3, -2, 4, 5, none };
  static const double floats[] = { 1.5, (double)NAN, 0.25, 2.0, -1.0, 8.0, 0, 4.0 };
  static const char *const keys[] = { "a", "b", "a", "a", "b", "a", NULL, "b" };
  static const char *const texts[] = { "x", "pear", "a text that is no view", "x", "", "b",
                                       NULL, "pear" };
  dfq_value cell[AGGS_ROWS * AGGS_COLUMNS];
  for (size_t r = 0; r < AGGS_ROWS; r++) {
    dfq_value *v = cell + r * AGGS_COLUMNS;
    memset(v, 0, AGGS_COLUMNS * sizeof *v);
    if (keys[r]) v[0] = dfq__value_str(keys[r], strlen(keys[r]));
    if (ints[r] != none) v[1] = dfq__value_int(DFQ_I64, ints[r]);
    if (r != 6) v[2] = dfq__value_f64(floats[r]);
    if (texts[r]) v[3] = dfq__value_str(texts[r], strlen(texts[r]));
    if (r != 2) v[4] = dfq__value_int(DFQ_BOOL, r % 2 == 0);
    v[5] = dfq__value_int(DFQ_DATE, (int64_t)(10957 + r * 5 % 4));
  }
  return dfq_table_from_rows(db, fields, AGGS_COLUMNS, cell, AGGS_ROWS);
}

// over: of everything, and by k in the order a, b, null.
typedef struct aggs_case { const char *expr, *whole, *by_key; } aggs_case;

static const aggs_case aggs_cases[] = {
  // the filter clause
  { "sum(i) filter (where i > 3)", "14", "a 4; b 5; null 5" },
  { "count() filter (where b)", "3", "a 1; b 1; null 1" },
  { "count(i) filter (where b)", "3", "a 1; b 1; null 1" },
  { "count() filter (where b is null)", "1", "a 1; b 0; null 0" },
  { "mean(i) filter (where i > 100)", "null", "a null; b null; null null" },
  { "first(i) filter (where f > 0 and f < 1)", "null", "a null; b null; null null" },
  { "first(i) filter (where i is null or b)", "3", "a 3; b -2; null 5" },
  { "last(i) filter (where i is null or b)", "null", "a null; b null; null 5" },
  { "first_non_null(s) filter (where not b)", "pear", "a x; b pear; null null" },
  { "min(s) filter (where s != '')", "a text that is no view",
    "a a text that is no view; b pear; null null" },
  { "n_unique(s) filter (where i is not null)", "4", "a 2; b 2; null 0" },
  { "std(i) filter (where i = 3)", "0.0", "a 0.0; b null; null null" },
  { "quantile(if(i > 3, f64 'inf', if(i < 3, f64 '-inf', 1.0)), 0.1)", "-inf",
    "a 1.0; b -inf; null inf" },
  { "quantile(f, 0.5) filter (where f < 3)", "0.875", "a 1.5; b -1.0; null null" },
  { "all(b) filter (where i = 3)", "false", "a false; b null; null null" },
  { "sum(1) filter (where null)", "null", "a null; b null; null null" },
  { "count(i) filter (where true)", "6", "a 3; b 2; null 1" },
  { "sum(i) filter (where b) - sum(i) filter (where not b)", "-6", "a -4; b -7; null null" },
  // counting, and the others in the order of the table
  { "count_if(b)", "3", "a 1; b 1; null 1" },
  { "count_if(i = 3) filter (where b)", "1", "a 1; b 0; null 0" },
  { "count_if(n > 0)", "0", "a 0; b 0; null 0" },
  { "null_count(i)", "2", "a 1; b 1; null 0" },
  { "null_count(n) filter (where b)", "3", "a 1; b 1; null 1" },
  { "mode(i)", "3", "a 3; b 5; null 5" },
  { "mode(s)", "x", "a x; b pear; null null" },
  { "mode(f)", "1.5", "a 1.5; b nan; null null" },
  { "mode(k)", "a", "a a; b b; null null" },
  { "mode(i) filter (where b)", "3", "a 3; b -2; null 5" },
  { "approx_n_unique(i)", "4", "a 2; b 2; null 1" },
  { "approx_n_unique(s) filter (where i > 0)", "3", "a 2; b 1; null 0" },
  { "product(i)", "-1800", "a 36; b -10; null 5" },
  { "product(f)", "nan", "a 6.0; b nan; null null" },
  { "product(i) filter (where i > 0)", "900", "a 36; b 5; null 5" },
  { "skew(i)", "-1.3343845506619858", "a 0.7071067811865475; b 0.0; null nan" },
  { "kurtosis(i)", "0.4152249134948094", "a -1.5; b -2.0; null nan" },
  { "skew(f) filter (where f < 10)",
    "0.8107955164063487",
    "a 0.994899368789904; b 0.0; null null" },
  { "cov(i, f) filter (where f < 10)",
    "7.833333333333333",
    "a 2.0833333333333335; b null; null null" },
  { "cov_pop(i, f) filter (where f < 10)", "5.875", "a 1.388888888888889; b 0.0; null null" },
  { "corr(i, f) filter (where f < 10)",
    "0.7580152191355722",
    "a 0.9976086055845277; b null; null null" },
  { "corr(i, 2 * i + 1)", "1.0", "a 1.0; b 1.0; null null" },
  { "corr(i, -i)", "-1.0", "a -1.0; b -1.0; null null" },
  { "cov(i, n)", "null", "a null; b null; null null" },
  { "min_by(s, i)", "''", "a x; b ''; null null" },
  { "max_by(s, i)", "pear", "a b; b pear; null null" },
  { "min_by(i, f)", "-2", "a null; b -2; null null" },
  { "max_by(i, f)", "5", "a 4; b 5; null null" },
  { "min_by(d, s)", "2000-01-01", "a 2000-01-03; b 2000-01-01; null null" },
  { "max_by(s, s) filter (where not b)", "x", "a x; b pear; null null" },
  { "arg_max(s, d)", "x", "a x; b pear; null null" },
  { "min_by(i, n)", "null", "a null; b null; null null" },
  { "top_k(i, 2)", "[5, 5]", "a [4, 3]; b [5, -2]; null [5]" },
  { "bottom_k(s, 2)",
    "['', a text that is no view]",
    "a [a text that is no view, b]; b ['', pear]; null []" },
  { "top_k(f, 3)", "[nan, 8.0, 4.0]", "a [8.0, 2.0, 1.5]; b [nan, 4.0, -1.0]; null []" },
  { "bottom_k(d, 1)", "[2000-01-01]", "a [2000-01-01]; b [2000-01-01]; null [2000-01-03]" },
  { "top_k(i, 5) filter (where not b)", "[5, 4, 3]", "a [4, 3]; b [5]; null []" },
  { "implode(i)",
    "[3, 5, null, 3, -2, 4, 5, null]",
    "a [3, null, 3, 4]; b [5, -2, null]; null [5]" },
  { "implode(s) filter (where i is null or b)",
    "[x, a text that is no view, '', null, pear]",
    "a [x, a text that is no view]; b ['', pear]; null [null]" },
  { "implode(b)",
    "[true, false, null, false, true, false, true, false]",
    "a [true, null, false, false]; b [false, true, false]; null [true]" },
  { "string_agg(s, ', ')",
    "x, pear, a text that is no view, x, , b, pear",
    "a x, a text that is no view, x, b; b pear, , pear; null null" },
  { "string_agg(k, '') filter (where i > 2)", "abaa", "a aaa; b b; null null" },
  { "top_k(b, 9)",
    "[true, true, true, false, false, false, false]",
    "a [true, false, false]; b [true, false, false]; null [true]" },
};
enum { AGGS_CASES = sizeof aggs_cases / sizeof *aggs_cases };

static dfq_frame *aggs_group(dfq_frame *f, const char *keys, const char *expr, bool sorted) {
  char item[400];
  (void)snprintf(item, sizeof item, "%s as v", expr);
  return sorted ? dfq_group_by_sorted(f, keys, item) : dfq_group_by(f, keys, item);
}

TEST(aggs_by_hand) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = aggs_table(db);
  dfq_frame *in = dfq_scan_table(db, t);
  for (int i = 0; i < AGGS_CASES; i++) {
    const aggs_case *c = &aggs_cases[i];
    bool ok = CHECK_STR(engine_all(aggs_group(in, "", c->expr, false)), c->whole);
    ok = CHECK_STR(engine_all(aggs_group(in, "k", c->expr, false)), c->by_key) && ok;
    ok = CHECK_STR(engine_all(aggs_group(dfq_sort(in, "k"), "k", c->expr, true)), c->by_key) &&
         ok;
    if (!ok) printf("  for %s\n", c->expr);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// Windows: the whole partition is the group; the other frames are compared between engines.
// over stands behind one call, so expressions of two calls are left out.
TEST(aggs_over_windows) {
  static const char *const overs[] = {
    "(partition by k order by i, d)",
    "(order by d desc rows between 2 preceding and 1 following)",
    "(partition by b order by f rows between 1 following and unbounded following)",
    "(order by s nulls first)"
  };
  dfq *db = dfq_open(NULL);
  dfq_table *t = aggs_table(db);
  dfq_frame *in = dfq_scan_table(db, t);
  for (int i = 0; i < AGGS_CASES; i++) {
    char item[400];
    const aggs_case *c = &aggs_cases[i];
    if (strstr(c->expr, " - ")) continue;
    (void)snprintf(item, sizeof item, "k, %s over (partition by k) as v", c->expr);
    dfq_frame *q = dfq_sort(dfq_distinct(dfq_select(in, item), "k"), "k");
    bool ok = CHECK_STR(engine_all(q), c->by_key);
    for (size_t o = 0; o < sizeof overs / sizeof *overs; o++) {
      (void)snprintf(item, sizeof item, "%s over %s as v", c->expr, overs[o]);
      const char *got = engine_all(dfq_select(in, item));
      ok = CHECK(strncmp(got, "error", 5) != 0) && ok;
    }
    if (!ok) printf("  for %s\n", item);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// ---- nothing, and one row ------------------------------------------------------------------

TEST(aggs_of_nothing) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = aggs_table(db);
  dfq_frame *none = dfq_limit(dfq_scan_table(db, t), 0);
  dfq_frame *nulls = dfq_with_columns(dfq_scan_table(db, t),
                                      "try_cast('' as i64) as i, try_cast('' as f64) as f, "
                                      "try_cast('' as str) as s, try_cast('' as bool) as b");
  for (int i = 0; i < AGGS_CASES; i++) {
    const aggs_case *c = &aggs_cases[i];
    bool counts = strncmp(c->expr, "count", 5) == 0 || strncmp(c->expr, "n_unique", 8) == 0 ||
                  strncmp(c->expr, "null_count", 10) == 0 ||
                  strncmp(c->expr, "approx_n_unique", 15) == 0;
    bool list = strncmp(c->expr, "top", 3) == 0 || strncmp(c->expr, "bottom", 6) == 0 ||
                strncmp(c->expr, "implode", 7) == 0;
    const char *want = counts ? "0" : list ? "[]" : "null";
    bool ok = CHECK_STR(engine_all(aggs_group(none, "", c->expr, false)), want);
    ok = CHECK_STR(engine_all(aggs_group(none, "k", c->expr, false)), "") && ok;
    ok = CHECK(strncmp(engine_all(aggs_group(nulls, "k", c->expr, false)), "error", 5)) && ok;
    if (!ok) printf("  for %s\n", c->expr);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// ---- the filter clause ---------------------------------------------------------------------

// Rows that the filter drops are not computed: what would fail there does not fail.
TEST(aggs_filter_is_lazy) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = aggs_table(db);
  dfq_frame *in = dfq_scan_table(db, t);
  CHECK_STR(engine_all(aggs_group(in, "", "sum(cast(s as i64)) filter (where s = '1')", false)),
            "null");
  const char *fails = "first(cast(s as i64)) filter (where s = '')";
  CHECK_HAS(engine_all(aggs_group(in, "", fails, false)), "in row 5 (s = '')");
  dfq_table_free(t);
  dfq_close(db);
}

TEST(aggs_filter_two_roads) {
  static const char *const round[][2] = {
    { "sum(x) filter (where y > 0)", "sum(x) filter (where y > 0)" },
    { "sum(x) filter (y > 0 or z)", "sum(x) filter (where y > 0 or z)" },
    { "count(*) filter (where where)", "count() filter (where where)" },
    { "quantile(x, 0.5) filter (where a) over (partition by k)",
      "quantile(x, 0.5) filter (where a) over (partition by k)" },
    { "count_if(a) + 1", "count_if(a) + 1" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof round / sizeof *round; i++) {
    dfq_expr *e = dfq_parse(db, round[i][0]);
    CHECK_STR(dfq_expr_text(e), round[i][1]);
    CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
  }
  dfq_expr *x = dfq_col(db, "x"), *a = dfq_col(db, "a"), *b = dfq_col(db, "b");
  dfq_expr *once = dfq_agg_filter(dfq_sum(x), a);
  CHECK(dfq_expr_equal(once, dfq_parse(db, "sum(x) filter (where a)")));
  CHECK(!dfq_expr_equal(once, dfq_parse(db, "sum(x)")));
  CHECK(dfq_expr_filter(once) == a);
  CHECK(dfq_expr_filter(x) == NULL && dfq_expr_filter(NULL) == NULL);
  CHECK_STR(dfq_expr_text(dfq_agg_filter(once, b)), "sum(x) filter (where a and b)");
  CHECK_STR(dfq_expr_text(dfq_agg_filter(dfq_count_rows(db), b)), "count() filter (where b)");
  CHECK(dfq_agg_filter(NULL, a) == NULL && dfq_agg_filter(once, NULL) == NULL);
  CHECK_INT(dfq_expr_kind_of(dfq_agg_filter(x, a)), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "only aggregates have one");
  dfq_close(db);
}

// ---- numbers -------------------------------------------------------------------------------

// One aggregate of x and y, rows of floats or, with y NULL, integers x.
static dfq_value aggs_value(dfq *db, const double *x, const double *y, size_t n,
                            const char *expr) {
  dfq_column columns[] = { { "x", DFQ_F64, x, NULL }, { "y", DFQ_F64, y ? y : x, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 2, n);
  dfq_frame *f = aggs_group(dfq_scan_table(db, t), "", expr, false);
  dfq_table *u = dfq_collect(f);
  dfq_value v = dfq__value_null();
  if (CHECK(u != NULL)) dfq_table_get(u, 0, 0, &v);
  CHECK(strncmp(engine_all(f), "error", 5) != 0);
  dfq_table_free(u);
  dfq_table_free(t);
  return v;
}

static double aggs_f64(dfq *db, const double *x, const double *y, size_t n, const char *expr) {
  dfq_value v = aggs_value(db, x, y, n, expr);
  CHECK_INT(v.type, DFQ_F64);
  return v.as.f;
}

// Exact to the last bit where arithmetic with doubles would have lost everything.
TEST(aggs_numbers) {
  dfq *db = dfq_open(NULL);
  const double far[] = { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 };
  const double line[] = { 2e9 + 8, 2e9 + 14, 2e9 + 26, 2e9 + 32 };
  const double huge[] = { 1e150, 3e150, 2e150 }, tiny[] = { 1e-140, 3e-140, 2e-140 };
  const double same[] = { 0.1, 0.1, 0.1 }, inf[] = { 1, (double)INFINITY, 2 };
  const double root[] = { 1e200, 1e200, 1e-200, 1e-200 }, two[] = { 4, 9 };
  CHECK_F64(aggs_f64(db, far, line, 4, "cov(x, y)"), 60);
  CHECK_F64(aggs_f64(db, far, line, 4, "cov_pop(x, y)"), 45);
  CHECK_F64(aggs_f64(db, far, line, 4, "corr(x, y)"), 1);
  CHECK_F64(aggs_f64(db, far, line, 4, "corr(x, -y)"), -1);
  CHECK_F64(aggs_f64(db, far, NULL, 4, "skew(x)"), 0);
  CHECK_F64(aggs_f64(db, far, NULL, 4, "kurtosis(x)"), -1.64);
  CHECK_F64(aggs_f64(db, huge, tiny, 3, "corr(x, y)"), 1);
  CHECK(fabs(aggs_f64(db, huge, NULL, 3, "skew(x * 1e50)")) < 1e-15);
  CHECK(fabs(aggs_f64(db, huge, NULL, 3, "kurtosis(x * 1e50)") + 1.5) < 1e-15);
  CHECK_F64(aggs_f64(db, same, same, 3, "corr(x, y)"), (double)NAN);
  CHECK_F64(aggs_f64(db, same, same, 3, "cov(x, y)"), 0);
  CHECK_F64(aggs_f64(db, same, same, 3, "skew(x)"), (double)NAN);
  CHECK_F64(aggs_f64(db, inf, same, 3, "corr(x, y)"), (double)NAN);
  CHECK_F64(aggs_f64(db, inf, same, 3, "cov(x, y)"), (double)NAN);
  CHECK_F64(aggs_f64(db, inf, NULL, 3, "kurtosis(x)"), (double)NAN);
  CHECK_F64(aggs_f64(db, inf, NULL, 3, "product(x)"), (double)INFINITY);
  CHECK_F64(aggs_f64(db, two, NULL, 1, "cov_pop(x, y)"), 0);
  CHECK_INT(aggs_value(db, two, NULL, 1, "cov(x, y)").type, DFQ_NULL);
  CHECK_INT(aggs_value(db, two, NULL, 1, "corr(x, y)").type, DFQ_NULL);
  CHECK_F64(aggs_f64(db, root, NULL, 4, "product(x)"), (double)INFINITY);   // row by row
  dfq_close(db);
}

// Only the whole product can overflow, whatever comes first; a zero makes it 0.
TEST(aggs_products) {
  static const struct { int64_t v[4]; const char *want; } cases[] = {
    { { INT64_C(1) << 62, -2, 1, 1 }, "-9223372036854775808" },
    { { INT64_C(1) << 62, 2, 1, 1 }, "overflows i64" },
    { { INT64_C(1) << 62, 2, -1, 1 }, "-9223372036854775808" },
    { { INT64_MIN, INT64_MIN, INT64_MAX, 0 }, "0" },
    { { INT64_MIN, 1, 1, 1 }, "-9223372036854775808" },
    { { INT64_MIN, -1, 1, 1 }, "overflows i64" },
    { { INT64_MIN, -1, -1, 1 }, "-9223372036854775808" },
    { { 3037000500, 3037000500, 1, 1 }, "overflows i64" },
    { { 3037000499, 3037000499, 1, -1 }, "-9223372030926249001" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq_column column = { "x", DFQ_I64, cases[i].v, NULL };
    dfq_table *t = dfq_table_new(db, &column, 1, 4);
    CHECK_HAS(engine_all(aggs_group(dfq_scan_table(db, t), "", "product(x)", false)),
              cases[i].want);
    dfq_table_free(t);
  }
  dfq_close(db);
}

// Three standard errors; below a hundred values next to nothing is off.
TEST(aggs_estimates) {
  dfq *db = dfq_open(NULL);
  enum { N = 60000 };
  double *x = (double *)test_alloc(N * sizeof *x);
  for (int i = 0; i < N; i++) x[i] = i;
  for (size_t n = 1; n <= N; n = n * 3 + 1) {
    static const char *const as[] = { "x", "cast(x as i64)", "cast(x as str)", "x * 1000" };
    for (int k = 0; k < 4; k++) {
      char expr[80];
      (void)snprintf(expr, sizeof expr, "approx_n_unique(%s)", as[k]);
      double got = (double)aggs_value(db, x, NULL, n, expr).as.i;
      if (!CHECK(fabs(got - (double)n) <= (n < 100 ? 2 : 0.05 * (double)n)))
        printf("  %s of %d: %.0f\n", expr, (int)n, got);
    }
  }
  free(x);
  dfq_close(db);
}

// ---- at random -----------------------------------------------------------------------------

// Types, nulls and values as they come; k has few values, so that groups are large and go over
// the borders of batches and threads.
static dfq_table *aggs_random(dfq *db, uint64_t seed, size_t rows) {
  static const dfq_field fields[] = { { "k", DFQ_I64, NULL }, { "i", DFQ_I64, NULL },
                                      { "f", DFQ_F64, NULL }, { "s", DFQ_STR, NULL },
                                      { "d", DFQ_DATE, NULL }, { "b", DFQ_BOOL, NULL },
                                      { "g", DFQ_F64, NULL } };
  static const double floats[] = { 0.0, -0.0, 1.5, -2.25, 1e200, -1e200, 1e-300, (double)NAN };
  static const char *const texts[] = { "", "a", "b", "a long text that is no view",
                                       "a long text that is no viex", "twelve bytes" };
  enum { COLUMNS = 7 };
  dfq_value *cell = (dfq_value *)test_alloc((rows * COLUMNS + 1) * sizeof *cell);
  for (size_t r = 0; r < rows; r++) {
    dfq_value *v = cell + r * COLUMNS;
    uint64_t h = dfq__hash_word(r, seed);
    const char *text = texts[(h >> 3) % 6];
    v[0] = dfq__value_int(DFQ_I64, (int64_t)(h % 3));
    v[1] = dfq__value_int(DFQ_I64, (int64_t)(h >> 8 & 15) - 7);
    v[2] = dfq__value_f64(floats[h >> 12 & 7]);
    v[3] = dfq__value_str(text, strlen(text));
    v[4] = dfq__value_int(DFQ_DATE, (int64_t)(h >> 16 & 7));
    v[5] = dfq__value_int(DFQ_BOOL, (int64_t)(h >> 20 & 1));
    v[6] = dfq__value_f64((double)(int64_t)(h >> 24 & 0xffff) / 100 - 300);
    for (int c = 0; c < COLUMNS; c++)
      if ((h >> (40 + 3 * c) & 7) == 0) v[c] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, fields, COLUMNS, cell, rows);
  free(cell);
  return t;
}

static const char *const aggs_items[] = {
  "mode(i) as ra, mode(s) as rb, mode(f) as rc, mode(d) filter (where b) as rd",
  "product(g) as ra, product(i) filter (where i > 0 and i < 3) as rb, skew(g) as rc, "
  "kurtosis(i) as rd, sum(g) as re, mean(g) as rf, var(g) as rg, std(g) as rh, mean(i) as ri, "
  "sum(i) as rj, sum(g) filter (where b) as rk",
  "cov(i, g) as ra, corr(g, f) as rb, corr(i, g) filter (where b) as rc, cov_pop(f, g) as rd, "
  "std(g) as re",
  "min_by(s, g) as ra, max_by(g, s) as rb, min_by(f, d) filter (where i > 0) as rc, "
  "max_by(i, f) as rd",
  "top_k(i, 3) as ra, bottom_k(s, 4) as rb, top_k(f, 5) filter (where d is not null) as rc, "
  "bottom_k(g, 2) as rd, top_k(d, 1) as re, bottom_k(b, 3) as rf",
  "implode(i) as ra, implode(s) filter (where b) as rb, string_agg(s, '; ') as rc",
  "approx_n_unique(i) as ra, approx_n_unique(g) as rb, "
  "approx_n_unique(s) filter (where b) as rc, "
  "n_unique(g) as rd, n_unique(s) filter (where not b) as re",
  "median(g) as ra, quantile(g, 0.9) as rb, median(f) filter (where b) as rc",
  "top_k(cast(i as i8), 2) as ra, bottom_k(cast(g as f32), 3) as rb, "
  "top_k(try_cast(i as u64), 2) as rc, mode(cast(i as i16)) as rd, "
  "min_by(cast(i as i8), cast(g as f32)) as re, approx_n_unique(cast(g as f32)) as rf, "
  "implode(cast(i as i16)) as rg, top_k(cast(g as decimal(2)), 2) as rh, "
  "max_by(g, cast(i as decimal(1))) as ri, product(try_cast(i as u8)) as rj",
  "count_if(b) as rd, null_count(f) as re, first(g) filter (where i > 2) as rf, "
  "last(s) filter (where b) as rg",
};

#if DFQ_CHAPTER >= 5
TEST(aggs_many_ways) {
  for (uint64_t seed = 1; seed <= 3; seed++) {
    dfq *db = dfq_open(NULL);
    dfq_table *t = aggs_random(db, seed, seed == 1 ? 3 : 140 * (size_t)seed);
    dfq_frame *in = dfq_scan_table(db, t);
    for (size_t i = 0; i < sizeof aggs_items / sizeof *aggs_items; i++) {
      dfq_frame *q[] = { dfq_group_by(in, "k", aggs_items[i]),
                         dfq_group_by(in, "", aggs_items[i]),
                         dfq_group_by(in, "d, b", aggs_items[i]),
                         dfq_group_by(dfq_sort(in, "k, d"), "k, d", aggs_items[i]),
                         dfq_group_by(dfq_filter(in, "g > 0"), "s", aggs_items[i]) };
      for (int k = 0; k < 5; k++)
        if (!CHECK(dfq_check_equivalent(q[k], NULL)))
          printf("  seed %d, form %d: %s\n", (int)seed, k, dfq_error(db));
    }
    dfq_table_free(t);
    dfq_close(db);
  }
}

// Over windows: each item is given frames of all kinds. Their names begin with r.
TEST(aggs_many_windows) {
  static const char *const overs[] = {
    "over (partition by k)", "over (partition by k order by d)",
    "over (order by g rows between 3 preceding and 1 following)",
    "over (partition by b order by s rows between current row and unbounded following)"
  };
  for (size_t i = 0; i < sizeof aggs_items / sizeof *aggs_items; i++) {
    char item[4000];
    dfq *db = dfq_open(NULL);
    dfq_table *t = aggs_random(db, i + 7, 60);
    for (size_t o = 0; o < sizeof overs / sizeof *overs; o++) {
      size_t n = 0;
      for (const char *s = aggs_items[i], *as; *s; s = as) {
        as = strstr(s, " as r");
        if (!as) as = s + strlen(s);
        n += (size_t)snprintf(item + n, sizeof item - n, "%.*s %s", (int)(as - s), s,
                              *as ? overs[o] : "");
        if (!*as) break;
        n += (size_t)snprintf(item + n, sizeof item - n, "%.4s", as);
        as += 4;
      }
      dfq_frame *q = dfq_select(dfq_scan_table(db, t), item);
      if (!CHECK(dfq_check_equivalent(q, NULL))) printf("  %s: %s\n", item, dfq_error(db));
    }
    dfq_table_free(t);
    dfq_close(db);
  }
}
#endif

// ---- memory --------------------------------------------------------------------------------

TEST(aggs_out_of_memory) {
  for (size_t i = 0; i < sizeof aggs_items / sizeof *aggs_items; i++) {
    bool done = false;
    for (long n = 0; !done && n < 4000; n++) {
      long left = n;
      dfq_options options;
      memset(&options, 0, sizeof options);
      options.realloc = window_failing;
      options.realloc_user = &left;
      options.run.engine = n % 2 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
      dfq *db = dfq_open(&options);
      if (!db) continue;
      dfq_table *t = aggs_random(db, 7, 12);
      dfq_table *u = dfq_collect(dfq_group_by(dfq_scan_table(db, t), "k", aggs_items[i]));
      if (!u) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
      done = u && left > 0 && n % 2 == 0;
      dfq_table_free(u);
      dfq_table_free(t);
      dfq_close(db);
    }
    CHECK(done);
  }
}

// ---- what is refused -----------------------------------------------------------------------

static const char *const aggs_refused[][2] = {
  { "sum(i) filter (where i)", "a filter's condition is a bool, not i64" },
  { "sum(i) filter (where nope)", "no column nope" },
  { "sum(i) filter (where sum(i) > 1)", "sum is an aggregate" },
  { "sum(s)", "sum does not take str" },
  { "sum(s)", "it is sum(i64 or f64 or duration or decimal)" },
  { "count_if(i)", "count_if(bool)" },
  { "quantile(s, 0.5)", "it is quantile(i64 or f64, a share)" },
  { "quantile(i, 2)", "a literal from 0.0 to 1.0" },
  { "quantile(i, i)", "a literal from 0.0 to 1.0" },
  { "corr(i, s)", "corr does not take str" },
  { "corr(i, s)", "it is corr(i64 or f64, i64 or f64)" },
  { "corr(i)", "corr does not take 1 argument" },
  { "min_by(i, list(i))", "it is min_by(any, any but a list)" },
  { "implode(list(i))", "implode does not take list(i64)" },
  { "implode(list(i))", "it is implode(any but a list)" },
  { "top_k(i, 0)", "top_k's count is a literal from 1 to 1000" },
  { "top_k(i, k)", "top_k's count is a literal" },
  { "top_k(list(i), 1)", "top_k does not take list(i64)" },
  { "string_agg(i, ',')", "it is string_agg(str, a text)" },
  { "string_agg(s, s)", "string_agg's separator is a literal text" },
  { "product(d)", "product does not take date" },
};

TEST(aggs_refuse) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = aggs_table(db);
  dfq_frame *in = dfq_scan_table(db, t);
  for (size_t i = 0; i < sizeof aggs_refused / sizeof *aggs_refused; i++) {
    const char *why = dfq_frame_error(aggs_group(in, "k", aggs_refused[i][0], false));
    if (!CHECK_HAS(why ? why : "no error", aggs_refused[i][1]))
      printf("  for %s\n", aggs_refused[i][0]);
  }
  CHECK_HAS(dfq_frame_error(dfq_select(in, "rank() filter (where b) over (order by i)")),
            "rank takes no filter");
  CHECK_HAS(dfq_frame_error(dfq_select(in, "sum(i) filter (where b)")),
            "sum is an aggregate: it belongs into group");
  CHECK_HAS(dfq_frame_error(dfq_group_by(in, "k", "abs(i) filter (where b)")),
            "only aggregates have one");
  dfq_table_free(t);
  dfq_close(db);
}

static void run_ch4_aggregates(void) {
  RUN(aggs_by_hand);
  RUN(aggs_over_windows);
  RUN(aggs_of_nothing);
  RUN(aggs_filter_is_lazy);
  RUN(aggs_filter_two_roads);
  RUN(aggs_numbers);
  RUN(aggs_products);
  RUN(aggs_estimates);
#if DFQ_CHAPTER >= 5
  RUN(aggs_many_ways);
  RUN(aggs_many_windows);
#endif
  RUN(aggs_out_of_memory);
  RUN(aggs_refuse);
}
