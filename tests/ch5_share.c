// ch5_share.c - what is wanted twice is computed once: which parts of a plan are taken for the
// same, which columns the one that stays gets, what is refused, and where an error comes.

static dfq_frame *share_groups(dfq *db, const char *aggregates) {
  return dfq_group_by(opt_left(db), "id", aggregates);
}

// Their best: the frame with a grouping of itself.
static dfq_frame *share_best(dfq_frame *f, const char *best) {
  return dfq_join(f, dfq_group_by(f, NULL, best), "x = best", DFQ_SEMI);
}

TEST(share_a_grouping) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = share_best(share_groups(db, "sum(a) as x, count() as n"), "max(x) as best");
  CHECK_STR(opt_plan(f), "join#6 on x = best semi\n"
                         "  scan#7 rows of group#2\n"
                         "    group#2 id: sum(a) as x, count() as n\n"
                         "      scan#1 table of 7 rows\n"
                         "  group#5: max(x) as best\n"
                         "    scan#8 rows of group#2\n");
  OPT_OK(f, "share", "group#4", "group#2", "computed once");
  const char *plan = dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED);
  CHECK_HAS(plan, "[3 columns: id, x, n; kept for 2 places");
  CHECK_HAS(plan, "[2 of 3 columns: id, x; kept for 2 places");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_ANALYZE), "scan#8 rows of group#2");
  CHECK(!opt_has_step(opt_without(f, DFQ_RULE_SHARE), true, "share", NULL, NULL, NULL));
  dfq_run_options rows;
  memset(&rows, 0, sizeof rows);
  rows.engine = DFQ_ROW_ENGINE;
  CHECK(!opt_has_step(dfq_configure(f, &rows), true, "share", NULL, NULL, NULL));
  OPT_SAME(f);
  dfq_close(db);
}

// Each place has read other columns of it; the one that stays has all of them, wherever below
// they come from: aggregates, projections, joins, filters, sorts, scans.
TEST(share_unites_columns) {
  for (int i = 0; i < 6; i++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *g = opt_left(db);
    g = i == 0 ? g
        : i == 1 ? dfq_filter(g, "a > 0")
        : i == 2 ? dfq_with_columns(g, "a + 1 as c, f * 2 as d")
        : i == 3 ? dfq_filter(dfq_sort(g, "a desc"), "f < 9")
        : i == 4 ? dfq_limit(dfq_sort(g, "f"), 5)
                 : dfq_with_columns(dfq_rename(g, "a as c"), "c as a");
    g = dfq_join(g, opt_right(db), "id", DFQ_LEFT);
    g = dfq_group_by(g, "id", "sum(a) as x, max(f) as y, min(t) as z, max(b) as w,"
                              " min(s) as v");
    dfq_frame *two[] = { dfq_select(g, "id, x, z"), dfq_select(g, "y, id as k, w, v") };
    dfq_frame *f = dfq_join(two[0], two[1], "id = k", DFQ_FULL);
    if (!opt_has_step(f, true, "share", NULL, NULL, "computed once"))
      test_fail("  %d is not shared: %s\n", i, opt_plan(f));
    if (!OPT_SAME(f)) test_fail("  %d\n", i);
    OPT_SAME(dfq_union(dfq_sort(two[0], "x"), dfq_sort(two[0], "x")));
    dfq_close(db);
  }
}

// Every kind of work, over and over, inside of each other, and sorted once for a merge join.
TEST(share_works_of_all_kinds) {
  dfq *db = dfq_open(NULL);
  dfq_frame *l = opt_left(db);
  dfq_frame *works[] = {
    dfq_distinct(l, "id"), dfq_distinct(dfq_select(l, "id, a"), NULL),
    dfq_sort(l, "f desc, id"), dfq_limit(dfq_sort(l, "f"), 3),
    dfq_with_columns(l, "sum(a) over (partition by id) as w"),
    dfq_filter(dfq_join(l, opt_right(db), "id", DFQ_INNER), "b = 20"),
    dfq_filter(dfq_group_by(l, "id", "max(a) as a"), "a > 1"),
    dfq_with_columns(dfq_group_by(l, "id", "max(s) as t"), "len_bytes(t) as n"),
    dfq_group_by(l, NULL, "count() as id"), dfq_join(l, l, "id = a", DFQ_SEMI),
    dfq_unpivot(dfq_group_by(l, "id", "sum(a) as x, count() as y"), "x, y") };
  for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
    dfq_frame *f = works[i];
    if (!f || f->error) { test_fail("  %d: %s\n", (int)i, dfq_error(db)); continue; }
    dfq_frame *u = dfq_union(dfq_union(f, f), f);
    if (!opt_has_step(u, true, "share", NULL, NULL, NULL) && i != 5 && i != 9)
      test_fail("  %d is not shared:\n%s%s", (int)i, opt_plan(u),
                dfq_explain_text(u, DFQ_EXPLAIN_JOURNAL));
    if (!OPT_SAME(u)) test_fail("  %d\n", (int)i);
    if (!OPT_SAME(dfq_distinct(dfq_union(dfq_distinct(u, NULL), u), NULL)))
      test_fail("  %d, inside of each other\n", (int)i);
  }
  dfq_frame *sorted = dfq_sort(dfq_filter(l, "id > 0"), "id");
  dfq_frame *merged = dfq_join(sorted, sorted, "id", DFQ_INNER);
  OPT_OK(merged, "share", NULL, NULL, "computed once");
  OPT_OK(merged, "use_order", "merge", NULL, "both sides ascend");
  OPT_SAME(merged);
  dfq_close(db);
}

// Other conditions, keys, directions, sources, tables: two parts.
TEST(share_only_the_same) {
  dfq *db = dfq_open(NULL);
  dfq_frame *l = opt_left(db), *other = opt_left(db), *g = dfq_group_by(l, "id", "sum(a) as x");
  dfq_frame *pairs[][2] = {
    { g, dfq_group_by(other, "id", "sum(a) as x") },
    { g, dfq_group_by(l, "a as id", "sum(a) as x") },
    { g, dfq_group_by(l, "id", "sum(id) as x") },
    { g, dfq_group_by(dfq_filter(l, "a > 1"), "id", "sum(a) as x") },
    { dfq_filter(g, "id > 1"), dfq_filter(g, "id > 2") },
    { dfq_sort(l, "a"), dfq_sort(l, "a desc") },
    { dfq_sort(l, "a"), dfq_sort(l, "a nulls first") },
    { dfq_limit(dfq_sort(l, "a"), 2), dfq_limit(dfq_sort(l, "a"), 3) },
    { dfq_distinct(l, "id"), dfq_distinct(l, "id, a") },
    { dfq_filter(dfq_join(l, opt_right(db), "id", DFQ_LEFT), "b is null"),
      dfq_filter(dfq_join(l, opt_right(db), "id", DFQ_FULL), "b is null") },
    { l, l }, { dfq_filter(l, "a > 1"), dfq_filter(l, "a > 1") } };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    dfq_frame *f = dfq_union(pairs[i][0], pairs[i][1]);
    if (opt_has_step(f, true, "share", NULL, NULL, NULL))
      test_fail("  pair %d is shared: %s\n", (int)i, opt_plan(f));
    if (!OPT_SAME(f)) test_fail("  pair %d\n", (int)i);
  }
  dfq_table *t = dfq_collect(l);   // two scans of one table
  dfq_frame *a = dfq_scan_table(db, t), *b = dfq_scan_table(db, t);
  dfq_frame *f = dfq_union(dfq_group_by(a, "id", "sum(a) as x"),
                           dfq_group_by(b, "id", "sum(a) as x"));
  OPT_OK(f, "share", NULL, NULL, "computed once");
  OPT_SAME(f);
  dfq_table_free(t);
  dfq_close(db);
}

TEST(share_refused) {
  dfq *db = dfq_open(NULL);
  dfq_frame *d = dfq_distinct(opt_left(db), "id"), *j = opt_join(db, DFQ_CROSS);
  dfq_frame *f = dfq_limit(dfq_row_index(dfq_union(d, d), "n"), 3);
  OPT_NO(f, "share", NULL, NULL, "not all may be asked for");
  OPT_SAME(f);
  f = dfq_union(j, j);
  OPT_NO(f, "share", "join#6", "join#3", "costs as much");
  OPT_SAME(f);
  dfq_close(db);
}

// An error comes where it came: behind the rows before it, once.
TEST(share_keeps_the_place_of_an_error) {
  dfq *db = dfq_open(NULL);
  dfq_frame *l = opt_scan(db, "id i64, a i64, s str", "1 5 7, 2 6 8, 3 7 x, 4 8 9");
  dfq_frame *g = dfq_with_columns(dfq_group_by(l, "id", "min(s) as s, max(a) as a"),
                                  "cast(s as i64) as n");
  dfq_frame *pair = dfq_join(g, dfq_group_by(dfq_limit(g, 2), NULL, "max(n) as best"),
                             "n = best", DFQ_SEMI);
  OPT_SAME(pair);
  CHECK(dfq_collect(pair) == NULL);
  CHECK_HAS(dfq_error(db), "has no value of type i64");
  for (int threads = 1; threads <= 2; threads++)
    for (int limit = 0; limit <= 5; limit++) {
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.threads = threads;
      dfq_frame *f = dfq_union(dfq_sort(g, "a"), dfq_limit(g, 2));
      f = dfq_configure(dfq_limit(f, limit), &run);
      OPT_SAME(f);
      f = dfq_filter(dfq_union(g, dfq_filter(g, "true or n > 1")), "id != 9");
      f = dfq_configure(f, &run);
      OPT_OK(f, "share", NULL, NULL, "computed once");
      dfq_rows *r = dfq_rows_open(f);
      const dfq_value *row;
      int n = 0;
      while (n < limit && dfq_rows_next(r, &row)) CHECK_INT(row[0].as.i, ++n);
      CHECK_INT(n, limit < 2 ? limit : 2);
      CHECK(dfq_rows_failed(r) == (limit > 2));
      dfq_rows_close(r);
      CHECK(dfq_count(dfq_filter(f, "n > 0")) == -1);
    }
  dfq_close(db);
}

// Many rows, which threads share; texts that live in a table, and some that do not.
TEST(share_many_rows) {
  enum { ROWS = 9000 };
  static const char *const texts[] = { "a", "a text of more than twelve", "", "b", "more" };
  dfq *db = dfq_open(NULL);
  dfq_field field[] = { { "id", DFQ_I64, NULL }, { "s", DFQ_STR, NULL },
                        { "x", DFQ_F64, NULL } };
  dfq_value *v = (dfq_value *)test_alloc(3 * ROWS * sizeof *v);
  for (int i = 0; i < ROWS; i++) {
    v[3 * i] = dfq__value_int(DFQ_I64, i % 4001);
    v[3 * i + 1] = dfq__value_str(texts[i % 5], strlen(texts[i % 5]));
    v[3 * i + 2] = dfq__value_f64(i % 7 / 4.0);
  }
  dfq_table *t = dfq_table_from_rows(db, field, 3, v, ROWS);
  free(v);
  dfq_frame *g = dfq_group_by(dfq_scan_table(db, t), "id",
                              "first(s) as s, sum(x) as x, max(upper(s)) as u, count() as n");
  dfq_frame *f = dfq_join(g, dfq_filter(g, "true"), "id", DFQ_INNER);
  OPT_OK(f, "share", NULL, NULL, "computed once");
  OPT_SAME(f);
  OPT_SAME(share_best(g, "max(x) as best"));
  OPT_SAME(dfq_sort(dfq_union(dfq_sort(g, "u, id"), dfq_sort(g, "u, id")), "s, id"));
  dfq_table_free(t);
  dfq_close(db);
}

static void share_told(void *user, const dfq_progress *now) { *(dfq_progress *)user = *now; }

// What is kept for two places is read once, and no source's when it is read again.
TEST(share_progress) {
  dfq *db = dfq_open(NULL);
  dfq_progress last = { 0, 0, 0, 0 };
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.progress = share_told;
  run.progress_user = &last;
  dfq_frame *sorted = dfq_sort(opt_left(db), "f desc");
  for (int on = 0; on < 2; on++) {
    run.rules_off = on ? 0 : 1u << DFQ_RULE_SHARE;
    CHECK_INT(dfq_count(dfq_configure(dfq_union(sorted, sorted), &run)), 14);
    CHECK_INT(last.rows, on ? 7 : 14);
    CHECK_F64(last.fraction, 1);
  }
  dfq_close(db);
}

static bool share_cancel(void *user) { return --*(int *)user < 0; }

// It ends at every step, with nothing left behind.
TEST(share_cancelled) {
  bool done = false;
  for (int steps = 0; !done && steps < 500; steps++) {
    dfq *db = dfq_open(NULL);
    int left = steps;
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.batch_rows = 2;
    run.cancel = share_cancel;
    run.cancel_user = &left;
    dfq_frame *f = share_best(share_groups(db, "sum(a) as x"), "max(x) as best");
    dfq_table *t = dfq_collect(dfq_configure(f, &run));
    done = t != NULL;
    if (!t) CHECK_HAS(dfq_error(db), "cancelled");
    dfq_table_free(t);
    dfq_close(db);
  }
  CHECK(done);
}

static bool share_one_run(dfq *db) {
  dfq_frame *f = share_best(share_groups(db, "sum(a) as x, min(s) as t"), "max(x) as best");
  dfq_table *t = dfq_collect(f);
  dfq_table_free(t);
  return t != NULL;
}

TEST(share_without_memory) { ch0_fail_each(share_one_run); }

static void run_ch5_share(void) {
  RUN(share_a_grouping);
  RUN(share_unites_columns);
  RUN(share_works_of_all_kinds);
  RUN(share_only_the_same);
  RUN(share_refused);
  RUN(share_keeps_the_place_of_an_error);
  RUN(share_many_rows);
  RUN(share_progress);
  RUN(share_cancelled);
  RUN(share_without_memory);
}
