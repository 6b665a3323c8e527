// ch6_strange.c - what somebody met who had never seen dfq: very wide tables, histograms of
// many bins, long chains of operators, days from a column, and messages that did not help.

// ---- wide tables ----------------------------------------------------------------------------

// A table of so many columns of small integers, c0, c1, ...; every seventh has a null.
static dfq_table *strange_wide(dfq *db, int columns) {
  static int64_t x[8];
  static uint8_t valid[] = { 1, 0, 1, 1, 1, 1, 1, 1 };
  dfq_column *column = (dfq_column *)test_alloc((size_t)columns * sizeof *column);
  char (*name)[16] = (char (*)[16])test_alloc((size_t)columns * 16);
  for (int i = 0; i < 8; i++) x[i] = (i * 5 + 3) % 7;
  for (int c = 0; c < columns; c++) {
    dfq_column one = { name[c], DFQ_I64, x, c % 7 ? NULL : valid };
    snprintf(name[c], sizeof name[c], "c%d", c);
    column[c] = one;
  }
  dfq_table *t = dfq_table_new(db, column, columns, 8);
  free(column);
  free(name);
  return t;
}

// piece once for each number from 0 on, sep between; each # in it is that number.
static char *strange_list(const char *piece, const char *sep, int count) {
  test_string t = { NULL, 0, 0 };
  char number[16];
  for (int i = 0; i < count; i++) {
    snprintf(number, sizeof number, "%d", i);
    if (i) test_puts(&t, sep);
    for (const char *s = piece; *s; s++) {
      if (*s == '#') test_puts(&t, number);
      else test_add(&t, s, 1);
    }
  }
  return t.s;
}

// What is kept for an operand that is computed for some rows only is as long as what it reads,
// not as the table is wide: a thousand of those would be a gigabyte.
TEST(strange_lazy_operands_of_wide_tables) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = strange_wide(db, 1500);
  dfq_frame *f = dfq_scan_table(db, t);
  char *items = strange_list("case when c# > 3 then c# // 2 else c# end as c#", ", ", 1500);
  CHECK_INT(dfq_count(dfq_filter(dfq_fill_null(f, "0"), "c0 + c7 + c1499 = 1")), 1);
  CHECK_INT(dfq_count(dfq_filter(dfq_with_columns(f, items), "c1499 = 2")), 3);
  CHECK(dfq_bytes_peak(db) < (size_t)100000000);
  dfq_table *d = dfq_collect(dfq_describe(f, NULL));
  CHECK_INT(dfq_table_rows(d), 1500);
  CHECK_INT(dfq_table_i64(d, 7, dfq_table_find(d, "nulls")), 1);
  CHECK_INT(dfq_table_i64(d, 1499, dfq_table_find(d, "count")), 8);
  CHECK_STR(dfq_error(db), "");
  CHECK(dfq_bytes_peak(db) < (size_t)400000000);
  dfq_table_free(d);
  dfq_table_free(t);
  free(items);
  dfq_close(db);
}

// An operand within an operand, which reads the same columns as the one around it.
TEST(strange_lazy_operands_within_each_other) {
  static const char *const items[] = {
    "case when a > 2 then case when 10 // b > 2 then coalesce(n, a) else a + b end "
    "else case when n is null then b else n - a end end as x",
    "a > 1 and (10 / b > 3 or cast(cast(b as str) as i64) > n) and n + a > 2 as x",
    "coalesce(case when a = 1 then n end, case when b = 2 then n + a end, a * b) as x",
    "case when a > 0 and 7 % b = 1 then cast(cast(a as str) as i64) + a else a end as x, a",
    "case when cast(cast(a as str) as i64) > 3 then a end as x, b, n",
  };
  enum { ROWS = 500 };
  static int64_t a[ROWS], b[ROWS], n[ROWS];
  static uint8_t valid[ROWS];
  dfq *db = dfq_open(NULL);
  uint64_t state = 5;
  for (int i = 0; i < ROWS; i++) {
    a[i] = (int64_t)(test_random(&state) % 6);
    b[i] = (int64_t)(test_random(&state) % 5);
    n[i] = (int64_t)(test_random(&state) % 9);
    valid[i] = test_random(&state) % 4 != 0;
  }
  dfq_column c[] = { { "a", DFQ_I64, a, NULL }, { "b", DFQ_I64, b, NULL },
                     { "n", DFQ_I64, n, valid } };
  dfq_table *t = dfq_table_new(db, c, 3, ROWS);
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    CHECK_SAME(dfq_select(dfq_scan_table(db, t), items[i]));
    CHECK_SAME(dfq_with_columns(dfq_scan_table(db, t), items[i]));
  }
  dfq_table_free(t);
  dfq_close(db);
}

// Calls that are the same are one, and those of one state share it, however many there are.
TEST(strange_aggregates_of_wide_tables) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = strange_wide(db, 300);
  dfq_frame *f = dfq_scan_table(db, t);
  char *items = strange_list("sum(c#) as s#, mean(c#) as m#, sum(c#) / count(c#) as q#, "
                             "var(c#) as v#, std(c#) as d#, sum(c# + 1) - sum(c#) as n#",
                             ", ", 300);
  char *over = strange_list("sum(c#) over (partition by c1) as s#, sum(c#) over (partition by "
                            "c1) + 1 as t#", ", ", 300);
  dfq_frame *g = dfq_group_by(f, "c1", items), *w = dfq_with_columns(f, over);
  CHECK_INT(dfq_count(dfq_filter(g, "s299 / n299 != q299")), 0);
  CHECK_INT(dfq_count(dfq_filter(g, "q298 is distinct from m298")), 0);
  CHECK_INT(dfq_count(dfq_filter(w, "s150 + 1 = t150")), 8);
  dfq_frame *few = dfq_select(g, "c1, s0, m0, q0, v0, d0, n0, s299, m299, q299, v299, d299");
  CHECK_SAME(few);
  CHECK_SAME(dfq_select(w, "c0, s0, t0, s7, t7, s299, t299"));
  dfq_frame *r = dfq_group_by(f, "", "sum(c1) as a, sum(c1) as b, mean(c1 + 0) as c, "
                              "sum(c1 + 0) as d");
  CHECK_INT(dfq_count(dfq_filter(r, "a = b and a = d and c = d / 8")), 1);
  free(items);
  free(over);
  dfq_table_free(t);
  dfq_close(db);
}

// ---- histograms -----------------------------------------------------------------------------

static dfq_table *strange_values(dfq *db, int rows) {
  double *x = (double *)test_alloc((size_t)rows * sizeof *x);
  int64_t *k = (int64_t *)test_alloc((size_t)rows * sizeof *k);
  uint8_t *valid = (uint8_t *)test_alloc((size_t)rows);
  uint64_t state = 11;
  for (int i = 0; i < rows; i++) {
    k[i] = (int64_t)(test_random(&state) % 100) - 20;
    x[i] = i % 50 == 7 ? (double)NAN : i % 50 == 8 ? (double)INFINITY : (double)k[i] * 0.25;
    valid[i] = i % 9 != 4;
  }
  dfq_column c[] = { { "x", DFQ_F64, x, valid }, { "k", DFQ_I64, k, valid } };
  dfq_table *t = dfq_table_new(db, c, 2, (size_t)rows);
  free(x);
  free(k);
  free(valid);
  return t;
}

// Bins that are found count what conditions count, one for each bin.
TEST(strange_histograms_count_by_condition) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = strange_values(db, 700);
  dfq_frame *f = dfq_scan_table(db, t);
  static const char *const what[] = {
    "x in (-5, -2.5, 0, 1, 2.5, 7, 30)", "k in (-20, -19, 0, 33)", "k in (0, 0.5, 10)",
    "x in (0, 1)", "k in (1 + 1, 3, 9)", "x bins 1", "x bins 7", "k bins 40", "k bins 90",
  };
  for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
    dfq_frame *h = dfq_histogram(f, what[i]);
    dfq_table *bins = dfq_collect(h);
    CHECK_SAME(h);
    for (size_t b = 0; bins && b < dfq_table_rows(bins); b += dfq_table_rows(bins) / 7 + 1) {
      dfq_value low, high, n;
      char text[200];
      bool last = b + 1 == dfq_table_rows(bins);
      dfq_table_get(bins, b, dfq_table_find(bins, "low"), &low);
      dfq_table_get(bins, b, dfq_table_find(bins, "high"), &high);
      dfq_table_get(bins, b, dfq_table_find(bins, "count"), &n);
      char from[60], to[60];
      snprintf(from, sizeof from, "%s", dfq_expr_text(dfq_literal(db, &low)));
      snprintf(to, sizeof to, "%s", dfq_expr_text(dfq_literal(db, &high)));
      snprintf(text, sizeof text, "%c >= %s and %c %s %s", *what[i], from, *what[i],
               last ? "<=" : "<", to);
      // Equal bins are computed by a division: on a border it may differ in the last digit.
      if (!strstr(what[i], "bins") || dfq_table_rows(bins) == 1)
        CHECK_INT(n.as.i, dfq_count(dfq_filter(f, text)));
    }
    dfq_table_free(bins);
  }
  dfq_table_free(t);
  dfq_close(db);
}

TEST(strange_histograms_of_nothing_and_of_texts) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = strange_values(db, 60);
  dfq_frame *f = dfq_scan_table(db, t), *none = dfq_filter(f, "k > 1000");
  dfq_frame *names = dfq_select(f, "cast(k as str) as s, x as _bin, x as _n, x as _lo");
  CHECK_INT(dfq_count(dfq_filter(dfq_histogram(none, "x bins 3"), "count = 0")), 3);
  CHECK_INT(dfq_count(dfq_filter(dfq_histogram(none, "x in (0, 1, 2)"), "count = 0")), 2);
  CHECK_SAME(dfq_histogram(names, "s in ('0', '3', '6', '9')"));
  CHECK_SAME(dfq_histogram(names, "_n bins 4"));
  CHECK_SAME(dfq_histogram(names, "_bin in (0, 2, 9)"));
  CHECK(dfq_frame_error(dfq_histogram(f, "k in (3, 2.5)")) != NULL);
  CHECK_HAS(dfq_error(db), "the breaks have to ascend");
  dfq_table_free(t);
  dfq_close(db);
}

// A cut of many breaks looks by halves, and gives what trying them one by one gives.
TEST(strange_cuts_of_many_breaks) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = strange_values(db, 900);
  dfq_frame *f = dfq_scan_table(db, t);
  static const char *const tails[] = { "", " left" };
  for (int i = 0; i < 2; i++) {
    char *known = strange_list("#.5", ", ", 60), *sums = strange_list("0.5 + #", ", ", 60);
    char *labels = strange_list("'p#'", ", ", 61), text[3000], other[3000];
    snprintf(text, sizeof text, "x in (%s)%s labels (%s) as p", known, tails[i], labels);
    snprintf(other, sizeof other, "x in (%s)%s labels (%s) as p", sums, tails[i], labels);
    dfq_frame *halves = dfq_cut(f, text);
    dfq_table *a = dfq_collect(halves), *b = dfq_collect(dfq_cut(f, other));
    CHECK(a && b && dfq_table_equal(a, b, NULL, 0));
    CHECK_SAME(halves);
    dfq_table_free(a);
    dfq_table_free(b);
    free(known);
    free(sums);
    free(labels);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// ---- long chains ----------------------------------------------------------------------------

// A chain of and or of or is not nested, however long it is; it prints and comes back.
TEST(strange_long_chains) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = strange_values(db, 60);
  dfq_frame *f = dfq_scan_table(db, t);
  static const int counts[] = { 400, 401, 500, 1500 };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    char *any = strange_list("k = # - 10", " or ", counts[i]);
    char *all = strange_list("not (k = 3 * # or x = #)", " and ", counts[i]);
    dfq_expr *a = dfq_parse(db, any), *b = dfq_parse(db, all);
    CHECK(dfq_expr_equal(a, dfq_parse(db, dfq_expr_text(a))));
    CHECK(dfq_expr_equal(b, dfq_parse(db, dfq_expr_text(b))));
    CHECK_INT(dfq_count(dfq_filter(f, any)), dfq_count(dfq_filter(f, "k >= -10")));
    CHECK(dfq_count(dfq_filter(f, all)) > 0);
    free(any);
    free(all);
  }
  char *fails = strange_list("k = # or cast('9' as i64) // (k - k) > 1 or cast(cast(k as str) "
                             "as i64) = 1000 + #", " or ", 200);
  char *sure = strange_list("k < 90 and cast(cast(k as str) as i64) != 200 + #", " and ", 260);
  CHECK_SAME(dfq_filter(f, fails));
  CHECK_SAME(dfq_with_columns(dfq_select(f, "k"), fails));
  CHECK_SAME(dfq_select(f, sure));
  free(fails);
  free(sure);
  dfq_table_free(t);
  dfq_close(db);
}

// The first operand that fails is the one that is told of, for the first row that has one.
TEST(strange_long_chains_fail_in_order) {
  dfq *db = dfq_open(NULL);
  const char *s[] = { "1", "2", "x", "y" };
  dfq_column c[] = { { "s", DFQ_STR, s, NULL } };
  dfq_table *t = dfq_table_new(db, c, 1, 4);
  dfq_frame *f = dfq_scan_table(db, t);
  char *all = strange_list("cast(s as i64) != #0", " and ", 700);
  char *type = strange_list("s != '#'", " and ", 600);
  test_string wrong = { NULL, 0, 0 };
  CHECK_INT(dfq_count(dfq_filter(f, all)), -1);
  CHECK_HAS(dfq_error(db), "row 3");
  CHECK_SAME(dfq_filter(f, all));
  test_puts(&wrong, type);
  test_puts(&wrong, " and len_bytes(s) and s != 'z'");
  CHECK(dfq_frame_error(dfq_filter(f, wrong.s)) != NULL);
  CHECK_HAS(dfq_error(db), "len_bytes(s)");
  CHECK_INT(dfq_error_status(db), DFQ_TYPE_ERROR);
  free(all);
  free(type);
  free(wrong.s);
  dfq_table_free(t);
  dfq_close(db);
}

// A sum of floats depends on its order, so a very long one is an error that says so.
TEST(strange_long_sums_are_told_of) {
  dfq *db = dfq_open(NULL);
  char *sum = strange_list("#", " + ", 500), *more = strange_list("#", " - ", 501);
  char *deep = strange_list("(", "", 100000), *chosen = strange_list("c#", " | ", 5000);
  CHECK(dfq_expr_kind_of(dfq_parse(db, sum)) == DFQ_CALL);
  CHECK(dfq_expr_kind_of(dfq_parse(db, more)) == DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "more than 499 operators in a row");
  CHECK_HAS(dfq_error(db), "parentheses around parts");
  CHECK(dfq_expr_kind_of(dfq_parse(db, deep)) == DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "nested more than 1000 deep");
  CHECK(dfq_expr_kind_of(dfq_cols(db, chosen)) != DFQ_FAILED);
  free(sum);
  free(more);
  free(deep);
  free(chosen);
  dfq_close(db);
}

// ---- days from a column ---------------------------------------------------------------------

// An interval times a whole number of a column: by the calendar, null for null, an error where
// it leaves the years, the same in both engines.
TEST(strange_intervals_times_a_column) {
  dfq *db = dfq_open(NULL);
  static int32_t d[] = { 19753, 19782, 0, 18321 };
  static int64_t k[] = { 1, -3, 5, 0 }, huge[] = { 1, 2, INT64_MAX, 4 };
  static uint8_t valid[] = { 1, 1, 0, 1 }, known[] = { 1, 1, 1, 0 };
  dfq_column c[] = { { "d", DFQ_DATE, d, valid }, { "k", DFQ_I64, k, known },
                     { "huge", DFQ_I64, huge, NULL } };
  dfq_table *t = dfq_table_new(db, c, 3, 4);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_frame *g = dfq_with_columns(f, "d + k * interval '1' day as days, d - interval '1' month "
                                  "* k as months, cast(d as datetime) + k * interval '90' "
                                  "minute as t, interval '1' hour * k as u");
  CHECK_INT(dfq_count(dfq_filter(g, "days = date '2024-02-01' and months = date '2023-12-31' "
                                 "and t = datetime '2024-01-31 01:30:00'")), 1);
  CHECK_INT(dfq_count(dfq_filter(g, "days = date '2024-02-26' and months = date '2024-05-29'")),
            1);
  CHECK_INT(dfq_count(dfq_filter(g, "days is null and months is null and t is null")), 2);
  CHECK_SAME(g);
  g = dfq_select(f, "d + try_cast('' as i64) * interval '1' month as x, "
                 "d - case when false then interval '1' day end as y, d + null * interval '1' "
                 "day as z");
  CHECK_INT(dfq_count(dfq_filter(g, "x is null and y is null and z is null")), 4);
  CHECK_SAME(g);
  dfq_frame *over = dfq_select(f, "interval '1' hour * huge as u");
  CHECK_INT(dfq_count(over), 4);
  CHECK(!dfq_collect(over));
  CHECK_HAS(dfq_error(db), "overflows the interval");
  CHECK_SAME(over);
  CHECK_SAME(dfq_select(f, "d + (k + 1) * interval '3000000' day as x"));
  CHECK(dfq_frame_error(dfq_select(f, "k * interval '1' day as x")) != NULL);
  CHECK_HAS(dfq_error(db), "x is days, which no column can be");
  g = dfq_select(f, "d - (k + 1) * interval '1' month as x, d + 2 * 3 * interval '1' day as y");
  CHECK_HAS(dfq_pipeline_text(g), "d - (k + 1) * interval '1' month as x");
  CHECK_HAS(dfq_explain_text(g, DFQ_EXPLAIN_OPTIMIZED), "d + interval '6' day");
  CHECK_SAME(g);
  dfq_table_free(t);
  dfq_close(db);
}

// What nearly moves a date is told how to.
TEST(strange_dates_and_bare_numbers) {
  static const char *const cases[][2] = {
    { "d + k", "try: d + k * interval '1' day" },
    { "k + d", "try: d + k * interval '1' day" },
    { "d - (k + 1)", "try: d - (k + 1) * interval '1' day" },
    { "d + 5", "try: d + 5 * interval '1' day" },
    { "interval '1' month + d", "try: d + interval '1' month" },
    { "k * interval '1' day + d", "try: d + k * interval '1' day" },
    { "time '10:00:00' + k", "try: time '10:00:00' + k * interval '1' hour" },
    { "k - d", NULL }, { "d + 1.5", NULL }, { "time '10:00:00' + interval '1' day", NULL },
  };
  dfq *db = dfq_open(NULL);
  int64_t k[] = { 1 };
  dfq_column c = { "k", DFQ_I64, k, NULL };
  dfq_table *t = dfq_table_new(db, &c, 1, 1);
  dfq_frame *f = dfq_with_columns(dfq_scan_table(db, t), "date '2024-01-01' as d");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *said = dfq_frame_error(dfq_with_columns(f, cases[i][0]));
    CHECK_HAS(said, "cannot compute");
    if (!cases[i][1]) { CHECK(!strstr(said, "try:")); continue; }
    CHECK_HAS(said, cases[i][1]);
    char text[200];
    snprintf(text, sizeof text, "%s as x", strstr(said, "try: ") + strlen("try: "));
    CHECK(!dfq_frame_error(dfq_with_columns(f, text)));   // what it says can be written
  }
  dfq_table_free(t);
  dfq_close(db);
}

// ---- what a message has to add --------------------------------------------------------------

// A first line that begins like a comment is the likely reason when rows do not fit it.
TEST(strange_comments_nobody_spoke_of) {
  dfq *db = dfq_open(NULL);
  const char *first = test_file("first.csv", "# made by hand\na,b\n1,2\n");
  const char *later = test_file("later.csv", "a,b\n1,2\n# three\n3,4\n");
  const char *none = test_file("none.csv", "a,b\n1,2,3\n");
  static const char *const how[] = { "", " header false" };
  char text[400];
  for (int i = 0; i < 4; i++) {
    snprintf(text, sizeof text, "scan %s%s", i == 3 ? none : i == 2 ? later : first,
             how[i == 1]);
    CHECK(!dfq_collect(dfq_query(db, text)));
    CHECK_HAS(dfq_error(db), "another delimiter; or ");
    CHECK(!strstr(dfq_error(db), "try: comment '#'") == (i == 3));
    if (i < 3 && i != 1) {
      snprintf(text, sizeof text, "scan %s comment '#'", i == 2 ? later : first);
      CHECK_INT(dfq_count(dfq_query(db, text)), i == 2 ? 2 : 1);
    }
  }
  dfq_close(db);
}

// The words that a pipeline knows, not only those of C.
TEST(strange_pivots_without_values) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("pivot.csv", "id,q,x\n1,a,2\n");
  char text[400];
  snprintf(text, sizeof text, "scan %s | pivot id on q: sum(x)", path);
  CHECK_HAS(dfq_frame_error(dfq_query(db, text)), "group q: count() lists them");
  dfq_close(db);
}

static void run_ch6_strange(void) {
  RUN(strange_comments_nobody_spoke_of);
  RUN(strange_pivots_without_values);
  RUN(strange_intervals_times_a_column);
  RUN(strange_dates_and_bare_numbers);
  RUN(strange_lazy_operands_of_wide_tables);
  RUN(strange_lazy_operands_within_each_other);
  RUN(strange_aggregates_of_wide_tables);
  RUN(strange_histograms_count_by_condition);
  RUN(strange_histograms_of_nothing_and_of_texts);
  RUN(strange_cuts_of_many_breaks);
  RUN(strange_long_chains);
  RUN(strange_long_chains_fail_in_order);
  RUN(strange_long_sums_are_told_of);
}
