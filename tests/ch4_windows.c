// ch4_windows.c - window functions: each by hand on a few rows, both engines and many batch
// sizes on random rows, and what is refused.

// ---- tables by hand
// ---------------------------------------------------------------------------

enum { WINDOW_COLUMNS = 3 };

// k, d, x; nulls as DFQ_NULL.
static dfq_table *window_table(dfq *db, const int64_t *rows, size_t count) {
  static const dfq_field fields[] = { { "k", DFQ_I64, NULL }, { "d", DFQ_I64, NULL },
                                      { "x", DFQ_I64, NULL } };
  dfq_value *cells = (dfq_value *)test_alloc((count * WINDOW_COLUMNS + 1) * sizeof *cells);
  cells[0] = dfq__value_null();   // where count is 0 the compiler would miss it
  for (size_t i = 0; i < count * WINDOW_COLUMNS; i++)
    cells[i] = rows[i] == INT64_MIN ? dfq__value_null() : dfq__value_int(DFQ_I64, rows[i]);
  dfq_table *t = dfq_table_from_rows(db, fields, WINDOW_COLUMNS, cells, count);
  free(cells);
  return t;
}

// The values of one expression over the table, as "5 2 8 null"; both engines must agree.
static void window_values(dfq_frame *in, const char *expr, char *to, size_t size) {
  char item[512];
  size_t at = 0;
  (void)snprintf(item, sizeof item, "%s as v", expr);
  dfq_frame *q = dfq_select(in, item);
  dfq_run_options rows_first;
  memset(&rows_first, 0, sizeof rows_first);
  rows_first.engine = DFQ_ROW_ENGINE;
  dfq_table *t = dfq_collect(q), *u = dfq_collect(dfq_configure(q, &rows_first));
  (void)snprintf(to, size, "%s", t ? "" : dfq_error(in->db));
  for (size_t r = 0; t && r < dfq_table_rows(t); r++) {
    char text[DFQ__NUMBER_TEXT];
    dfq_value v;
    dfq_table_get(t, r, 0, &v);
    dfq__write_value(text, &v);
    at += (size_t)snprintf(to + at, size - at, "%s%s", r ? " " : "",
                           v.type == DFQ_NULL ? "null" : text);
  }
  if (t && (!u || !dfq_table_equal(t, u, NULL, 0)))
    (void)snprintf(to, size, "the engines differ over %s", expr);
  dfq_table_free(t);
  dfq_table_free(u);
}

typedef struct window_case { const char *expr, *want; } window_case;

static const int64_t window_rows[] = {
  // k  d  x
  1, 1, 5,   2, 1, 2,   1, 3, 1,   1, 2, 7,   2, 1, INT64_MIN,   INT64_MIN, 4, 9,   1, 3, 4,
};

static const window_case window_cases[] = {
  { "sum(x) over ()", "28 28 28 28 28 28 28" },
  { "sum(x) over (partition by k)", "17 2 17 17 2 9 17" },
  { "sum(x) over (partition by k order by d)", "5 2 17 12 2 9 17" },
  { "sum(x) over (partition by k order by d rows between unbounded preceding and current row)",
    "5 2 13 12 2 9 17" },
  { "sum(x) over (partition by k order by d rows between 1 preceding and current row)",
    "5 2 8 12 2 9 5" },
  { "sum(x) over (partition by k order by d rows between 2 following and 3 following)",
    "5 null null 4 null null null" },
  { "sum(x) over (partition by k order by d rows between 3 preceding and 2 preceding)",
    "null null 5 null null null 12" },
  { "sum(x) over (order by d range between current row and unbounded following)",
    "28 28 14 21 28 9 14" },
  { "count() over (partition by k order by d desc)", "4 2 2 3 2 1 2" },
  { "count(x) over (partition by k)", "4 1 4 4 1 1 4" },
  { "row_number() over ()", "1 2 3 4 5 6 7" },
  { "row_number() over (partition by k order by d)", "1 1 3 2 2 1 4" },
  { "rank() over (partition by k order by d)", "1 1 3 2 1 1 3" },
  { "dense_rank() over (order by d)", "1 1 3 2 1 4 3" },
  { "rank() over (order by d desc)", "5 5 2 4 5 1 2" },
  { "percent_rank() over (partition by k order by d)",
    "0.0 0.0 0.6666666666666666 0.3333333333333333 0.0 0.0 0.6666666666666666" },
  { "ntile(3) over (order by d, x)", "1 1 2 2 1 3 3" },
  { "lag(x) over (partition by k order by d)", "null null 7 5 2 null 1" },
  { "lag(x, 2, -1) over (partition by k order by d)", "-1 -1 5 -1 -1 -1 7" },
  { "lead(x, 1, 0.5) over (order by d, k)", "2.0 null 4.0 1.0 7.0 0.5 9.0" },
  { "lag(x, 0) over (order by d)", "5 2 1 7 null 9 4" },
  { "nth_value(x, 2) over (partition by k order by d)", "null null 7 7 null null 7" },
  { "first(x) over (partition by k order by d desc)", "1 2 1 1 2 9 1" },
  { "last(x) over (partition by k)", "4 null 4 4 null 9 4" },
  { "max(x) over (partition by k) - min(x) over (partition by k)", "6 0 6 6 0 0 6" },
  { "cum_prod(x)", "5 10 10 70 70 630 2520" },
  { "cum_prod(x * 0.5) over (partition by k order by d)", "2.5 1.0 4.375 8.75 1.0 4.5 8.75" },
  { "ewm_mean(x, 0.5)",
    "5.0 3.0 1.8571428571428572 4.6 4.6 6.870967741935484 5.412698412698413" },
  { "median(x) over (partition by k)", "4.5 2.0 4.5 4.5 2.0 9.0 4.5" },
  { "n_unique(k) over (order by d)", "2 2 2 2 2 2 2" },
  { "x * 100 / sum(x) over (partition by k)",
    "29.41176470588235 100.0 5.882352941176471 41.1764705882353 null 100.0 "
    "23.529411764705884" },
  { "sum(x) over (order by x nulls first rows between 1 preceding and current row)",
    "9 3 1 12 null 16 6" },
};

TEST(window_by_hand) {
  dfq *db = dfq_open(NULL);
  size_t n = sizeof window_rows / sizeof *window_rows / WINDOW_COLUMNS;
  dfq_table *t = window_table(db, window_rows, n);
  dfq_frame *in = dfq_scan_table(db, t);
  char got[1024];
  for (size_t i = 0; i < sizeof window_cases / sizeof *window_cases; i++) {
    window_values(in, window_cases[i].expr, got, sizeof got);
    if (!CHECK_STR(got, window_cases[i].want)) printf("  for %s\n", window_cases[i].expr);
  }
  dfq_table_free(t);
  dfq_close(db);
}

TEST(window_of_nothing) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, window_rows, 0);
  char got[256];
  window_values(dfq_scan_table(db, t), "sum(x) over (partition by k order by d)", got,
                sizeof got);
  CHECK_STR(got, "");
  dfq_table_free(t);
  dfq_close(db);
}

// A sum over no value is null, in a group and in a window alike.
TEST(window_sum_of_nulls) {
  static const int64_t rows[] = { 1, 1, INT64_MIN, 1, 2, INT64_MIN };
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, rows, 2);
  char got[256];
  window_values(dfq_scan_table(db, t), "sum(x) over (partition by k)", got, sizeof got);
  CHECK_STR(got, "null null");
  dfq_table *g = dfq_collect(dfq_group_by(dfq_scan_table(db, t), "k", "sum(x) as s"));
  CHECK(dfq_table_is_null(g, 0, 1));
  dfq_table_free(g);
  dfq_table_free(t);
  dfq_close(db);
}

// ---- what is refused
// --------------------------------------------------------------------------

static const window_case window_refused[] = {
  { "rank()", "rank needs over (order by ...)" },
  { "ntile(0) over ()", "an integer literal of at least 1" },
  { "ntile(k) over ()", "an integer literal of at least 1" },
  { "lag(x, -1) over (order by d)", "an integer literal of at least 0" },
  { "lag(x, 1, 'a') over (order by d)", "the default is str, the value i64" },
  { "sum(nope) over ()", "no column nope" },
  { "sum(x) over (partition by nope)", "no column nope" },
  { "abs(x) over ()", "only aggregates and window functions have one" },
  { "sum(x) over (order d)", "expected by" },
  { "sum(x) over (rows between 1 following and 1 preceding)", "ends before it begins" },
  { "sum(x) over (range between 1 preceding and current row)", "one order by key, not 0" },
  { "sum(sum(x) over ()) over ()", "windows do not nest" },
  { "any(x) over ()", "any does not take i64" },
};

TEST(window_refuses) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, window_rows, 7);
  dfq_frame *in = dfq_scan_table(db, t);
  for (size_t i = 0; i < sizeof window_refused / sizeof *window_refused; i++) {
    dfq_frame *q = dfq_select(in, window_refused[i].expr);
    const char *why = dfq_frame_error(q);
    if (!CHECK_HAS(why ? why : "no error", window_refused[i].want))
      printf("  for %s\n", window_refused[i].expr);
  }
  CHECK_HAS(dfq_frame_error(dfq_filter(in, "rank() over (order by d) = 1")),
            "in select and with");
  CHECK_HAS(dfq_frame_error(dfq_sort(in, "rank() over (order by d)")), "in select and with");
  CHECK_HAS(dfq_frame_error(dfq_group_by(in, "k", "rank()")), "rank needs over");
  dfq_table_free(t);
  dfq_close(db);
}

TEST(window_product_overflow) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, window_rows, 7);
  dfq_frame *q = dfq_select(dfq_scan_table(db, t), "cum_prod(x * 1000000000) as p");
  CHECK(dfq_collect(q) == NULL);
  CHECK_HAS(dfq_error(db), "cum_prod(x * 1000000000) overflows i64");
  dfq_table_free(t);
  dfq_close(db);
}

TEST(window_overflow_is_an_error) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, window_rows, 7);
  dfq_frame *q = dfq_select(dfq_scan_table(db, t), "sum(x + 9223372036854775000) over () as s");
  CHECK(dfq_collect(q) == NULL);
  CHECK_HAS(dfq_error(db), "overflows i64");
  dfq_table_free(t);
  dfq_close(db);
}

// ---- text and constructors
// --------------------------------------------------------------------

TEST(window_two_roads) {
  dfq *db = dfq_open(NULL);
  dfq_expr *part[] = { dfq_col(db, "k") };
  dfq_key order[] = { { dfq_col(db, "d"), true, true } };
  dfq_window how;
  memset(&how, 0, sizeof how);
  how.partition_by = part;
  how.partition_count = 1;
  how.order_by = order;
  how.order_count = 1;
  const char *text = "sum(x) over (partition by k order by d desc nulls first)";
  CHECK(dfq_expr_equal(dfq_over(dfq_sum(dfq_col(db, "x")), &how), dfq_parse(db, text)));
  how.rows = true;
  how.first = -2;
  how.last = INT64_MAX;
  dfq_expr *framed = dfq_over(dfq_sum(dfq_col(db, "x")), &how);
  CHECK_STR(dfq_expr_text(framed), "sum(x) over (partition by k order by d desc nulls first "
                                   "rows between 2 preceding and unbounded following)");
  CHECK(dfq_expr_equal(framed, dfq_parse(db, dfq_expr_text(framed))));
  CHECK(!dfq_expr_equal(framed, dfq_parse(db, text)));
  dfq_close(db);
}

// Several windows in one expression, the same one twice, an alias that is taken.
TEST(window_columns) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, window_rows, 7);
  dfq_frame *q = dfq_with_columns(
      dfq_scan_table(db, t),
      "sum(x) over (partition by k) as x, rank() over (order by d) as r,"
      "rank() over (order by d) + rank() over (order by d) as r2");
  const dfq_schema *s = dfq_schema_of(q);
  CHECK_INT(s->count, 5);
  CHECK_STR(s->field[2].name, "x");
  CHECK_STR(s->field[3].name, "r");
  dfq_table *u = dfq_collect(q);
  CHECK_INT(dfq_table_i64(u, 0, 2), 17);
  for (size_t r = 0; r < 7; r++)
    CHECK_INT(dfq_table_i64(u, r, 4), 2 * dfq_table_i64(u, r, 3));
  dfq_table_free(u);
  dfq_table_free(t);
  dfq_close(db);
}

// ---- at random
// --------------------------------------------------------------------------------

static dfq_table *window_random(dfq *db, uint64_t seed, size_t rows) {
  static const dfq_field fields[] = { { "k", DFQ_STR, NULL }, { "d", DFQ_DATE, NULL },
                                      { "x", DFQ_F64, NULL }, { "n", DFQ_I64, NULL } };
  static const char *const keys[] = { "a", "", "a long key, longer than a view", "b" };
  static const double floats[] = { 0.0, -0.0, 1.5, -2.25, 1e300, -1e300, 1e-300, 7.0 };
  dfq_value *cells = (dfq_value *)test_alloc((rows * 4 + 1) * sizeof *cells);
  for (size_t r = 0; r < rows; r++) {
    dfq_value *v = cells + r * 4;
    uint64_t h = dfq__hash_word(r, seed);
    v[0] = dfq__value_str(keys[h % 4], strlen(keys[h % 4]));
    v[1] = dfq__value_int(DFQ_DATE, (int64_t)(h >> 8 & 7));
    v[2] = dfq__value_f64(h >> 20 & 15 ? floats[h >> 12 & 7] : (double)NAN);
    v[3] = dfq__value_int(DFQ_I64, (int64_t)(h >> 24 & 31) - 16);
    for (int c = 0; c < 4; c++)
      if ((h >> (32 + 4 * c) & 15) == 0) v[c] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, fields, 4, cells, rows);
  free(cells);
  return t;
}

TEST(window_many_ways) {
  static const char *const items[] = {
    "sum(x) over (partition by k) as a, rank() over (partition by k order by d, n desc) as b",
    "lag(k, 2, 'none') over (order by d) as a, min(k) over (partition by d order by n) as b",
    "mean(x) over (order by n rows between 3 preceding and 2 following) as a, std(n) over "
    "(partition by k order by d) as b, count(x) over (order by k desc nulls first) as c",
    "last(k) over (partition by n order by d rows between 1 following and 2 following) as a, "
    "nth_value(x, 3) over (order by x) as b, n_unique(k) over (partition by d order by n) as c",
    "median(n) over (partition by k order by d range between current row and unbounded "
    "following)"
    " as a, any(n > 0) over (partition by d) as b, ntile(4) over (partition by k order by n) "
    "as c",
  };
  for (uint64_t seed = 1; seed <= 4; seed++) {
    dfq *db = dfq_open(NULL);
    dfq_table *t = window_random(db, seed, seed == 1 ? 1 : 40 * (size_t)seed);
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
      dfq_frame *q = dfq_with_columns(dfq_scan_table(db, t), items[i]);
#if DFQ_CHAPTER >= 5
      if (!CHECK(dfq_check_equivalent(q, NULL)))
        printf("  seed %d: %s\n", (int)seed, dfq_error(db));
      q = dfq_filter(dfq_drop(q, "x"), "n > 0 and k = 'a'");
      if (!CHECK(dfq_check_equivalent(q, NULL)))
        printf("  seed %d: %s\n", (int)seed, dfq_error(db));
#else
      CHECK(dfq_count(q) == (int64_t)dfq_table_rows(t));
#endif
    }
    dfq_table_free(t);
    dfq_close(db);
  }
}

#if DFQ_CHAPTER >= 5
// A filter may take whole partitions out before a window, and nothing else.
TEST(window_push_filter) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = window_table(db, window_rows, 7);
  dfq_frame *w = dfq_with_columns(dfq_scan_table(db, t),
                                  "sum(x) over (partition by k) as s, "
                                  "count() over (partition by k, d) as c");
  const char *journal = dfq_explain_text(dfq_filter(w, "k = 1"), DFQ_EXPLAIN_JOURNAL);
  CHECK_HAS(journal, "ok: it takes or leaves whole partitions");
  journal = dfq_explain_text(dfq_filter(w, "d = 1"), DFQ_EXPLAIN_JOURNAL);
  CHECK_HAS(journal, "REFUSED: not every window is partitioned by d");
  journal = dfq_explain_text(dfq_filter(w, "s > 1"), DFQ_EXPLAIN_JOURNAL);
  CHECK_HAS(journal, "REFUSED: s is what the window computes");
  journal = dfq_explain_text(dfq_limit(w, 1), DFQ_EXPLAIN_JOURNAL);
  CHECK_HAS(journal, "all rows are needed to know one partition");
  const char *plan = dfq_explain_text(dfq_select(w, "k, c"), DFQ_EXPLAIN_OPTIMIZED);
  CHECK(!strstr(plan, "sum(x)"));
  plan = dfq_explain_text(dfq_select(w, "x"), DFQ_EXPLAIN_OPTIMIZED);
  CHECK(!strstr(plan, "over"));
  dfq_table_free(t);
  dfq_close(db);
}
#endif

// ---- memory
// -----------------------------------------------------------------------------------

static void *window_failing(void *user, void *p, size_t old_size, size_t new_size) {
  long *left = (long *)user;
  (void)old_size;
  if (new_size == 0) { free(p); return NULL; }
  if (*left == 0) return NULL;
  if (*left > 0) --*left;
  return realloc(p, new_size);
}

// One query with every allocation failing in turn, on either engine.
static void window_run_dry(const char *items) {
  bool done = false;
  for (long n = 0; !done && n < 5000; n++) {
    long left = n;
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.realloc = window_failing;
    options.realloc_user = &left;
    options.run.engine = n % 2 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
    dfq *db = dfq_open(&options);
    if (!db) continue;
    dfq_table *t = window_random(db, 7, 20);
    dfq_table *u = dfq_collect(dfq_with_columns(dfq_scan_table(db, t), items));
    if (!u && !CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY))
      printf("  allocation %ld of %s: %s\n", n, items, dfq_error(db));
    done = u && left > 0 && n % 2 == 0;
    dfq_table_free(u);
    dfq_table_free(t);
    dfq_close(db);
  }
  CHECK(done);
}

// What a window reads is kept once, where it is a column; more keys of a sort than columns.
TEST(window_reads_columns_in_place) {
  static const char *const items[] = {
    "sum(x) over (partition by k order by d) as a, "
    "max(x) over (partition by k order by d) as b, "
    "lag(k, 1, d) over (partition by x order by d desc, d, d desc, k) as c",
    "sum(x + 0) over (partition by k + 0 order by d + 0) as a, max(x + 0) over (partition by "
    "k + 0 order by d + 0) as b, lag(k + 0, 1, d + 0) over (partition by x + 0 order by "
    "d + 0 desc, d + 0, d + 0 desc, k + 0) as c",
  };
  static int64_t k[4000], d[4000], x[4000];
  size_t peak[2];
  dfq_table *got[2];
  char why[200] = "";
  for (int i = 0; i < 4000; i++) {
    k[i] = i % 7;
    d[i] = i * 31 % 4001;
    x[i] = i % 5;
  }
  dfq_column column[] = { { "k", DFQ_I64, k, NULL }, { "d", DFQ_I64, d, NULL },
                          { "x", DFQ_I64, x, NULL } };
  for (int i = 0; i < 2; i++) {
    dfq *db = dfq_open(NULL);
    dfq_table *t = dfq_table_new(db, column, 3, 4000);
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.threads = 1;
    dfq_frame *f = dfq_configure(dfq_with_columns(dfq_scan_table(db, t), items[i]), &run);
    got[i] = dfq_collect(f);
    peak[i] = dfq_bytes_peak(db);
#if DFQ_CHAPTER >= 5
    CHECK(dfq_check_equivalent(dfq_with_columns(dfq_limit(dfq_scan_table(db, t), 90), items[i]),
                               NULL));
#endif
    dfq_table_free(t);
    dfq_close(db);
  }
  if (!CHECK(dfq_table_equal(got[0], got[1], why, sizeof why))) printf("    %s\n", why);
  CHECK(peak[0] + 8 * sizeof k < peak[1]);     // of eleven that are computed
  dfq_table_free(got[0]);
  dfq_table_free(got[1]);
}

TEST(window_out_of_memory) {
  window_run_dry("sum(x) over (partition by k order by d) as s, lag(k) over (order by n)");
  window_run_dry("sum(x) over (order by d range between interval '1' day preceding and current "
                 "row) as a, rolling_mean(x, 3) as b, diff(n // 2) as c");
  window_run_dry("rolling_max_by(k, d, interval '2' day) as a, forward_fill(k) as b, median(x) "
                 "over (partition by k rows between 2 preceding and current row) as c");
}

static void run_ch4_windows(void) {
  RUN(window_by_hand);
  RUN(window_of_nothing);
  RUN(window_sum_of_nulls);
  RUN(window_refuses);
  RUN(window_product_overflow);
  RUN(window_overflow_is_an_error);
  RUN(window_two_roads);
  RUN(window_columns);
  RUN(window_many_ways);
#if DFQ_CHAPTER >= 5
  RUN(window_push_filter);
#endif
  RUN(window_reads_columns_in_place);
  RUN(window_out_of_memory);
}
