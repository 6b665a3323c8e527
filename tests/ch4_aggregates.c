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
  { "quantile(f, 0.5) filter (where f < 3)", "0.875", "a 1.5; b -1.0; null null" },
  { "all(b) filter (where i = 3)", "false", "a false; b null; null null" },
  { "sum(1) filter (where null)", "null", "a null; b null; null null" },
  { "count(i) filter (where true)", "6", "a 3; b 2; null 1" },
  { "sum(i) filter (where b) - sum(i) filter (where not b)", "-6", "a -4; b -7; null null" },
  // counting
  { "count_if(b)", "3", "a 1; b 1; null 1" },
  { "count_if(i = 3) filter (where b)", "1", "a 1; b 0; null 0" },
  { "count_if(n > 0)", "0", "a 0; b 0; null 0" },
  { "null_count(i)", "2", "a 1; b 1; null 0" },
  { "null_count(n) filter (where b)", "3", "a 1; b 1; null 1" },
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
                  strncmp(c->expr, "null_count", 10) == 0;
    const char *want = counts ? "0" : "null";
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

// ---- what is refused -----------------------------------------------------------------------

static const char *const aggs_refused[][2] = {
  { "sum(i) filter (where i)", "a filter's condition is a bool, not i64" },
  { "sum(i) filter (where nope)", "no column nope" },
  { "sum(i) filter (where sum(i) > 1)", "sum is an aggregate" },
  { "sum(s)", "sum does not take str" },
  { "sum(s)", "it is sum(i64 or f64 or duration)" },
  { "count_if(i)", "count_if(bool)" },
  { "quantile(s, 0.5)", "it is quantile(i64 or f64, a share)" },
  { "quantile(i, 2)", "a literal from 0.0 to 1.0" },
  { "quantile(i, i)", "a literal from 0.0 to 1.0" },
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
            "sum is an aggregate: it belongs into group_by");
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
  RUN(aggs_refuse);
}
