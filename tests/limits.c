// limits.c - a limit that is hit says which it is, and what to do; and doing that works.

// What a limit says, and below it what to try.
static bool limit_says(const char *message, const char *limit, const char *advice) {
  bool said = CHECK_HAS(message, "limit reached") && CHECK_HAS(message, limit);
  const char *next = said ? strstr(message, "\n  try: ") : NULL;
  return said && CHECK(next != NULL) && CHECK_HAS(next, advice);
}

// A long plan is collected, and goes on from the table; or is written, and from the file.
TEST(limits_of_plans) {
  dfq *db = dfq_open(NULL);
  dfq_frame *start = dfq_scan_csv(db, test_file("limits.csv", "a\n1\n2\n"), NULL);
  dfq_frame *f = start, *last = f;
  for (; !dfq_frame_error(f); f = dfq_filter(f, "a > 0")) last = f;
  limit_says(dfq_frame_error(f), "the plan is more than 1000 steps long", "collect");
  dfq_table *t = dfq_collect(last);
  CHECK_INT(dfq_count(dfq_filter(dfq_scan_table(db, t), "a > 1")), 1);
  dfq_table_free(t);
  CHECK(dfq_write(last, test_path("limits.dfq"), NULL));
  CHECK_INT(dfq_count(dfq_filter(dfq_scan(db, test_path("limits.dfq")), "a > 1")), 1);
  for (f = start; !dfq_frame_error(f); f = dfq_union(f, f)) last = f;
  limit_says(dfq_frame_error(f), "the plan has more than 100000 nodes", "scan that table");
  dfq_frame *half = dfq_union(start, start);
  t = dfq_collect(dfq_union(half, half));
  f = dfq_scan_table(db, t);
  CHECK_INT(dfq_count(dfq_union(f, f)), 16);
  dfq_table_free(t);
  dfq_close(db);
}

// A deep expression, cut in two: the first part is a column, the second goes on from it.
TEST(limits_of_expressions) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, test_file("limits_deep.csv", "i\n7\n"), NULL);
  dfq_expr *e = dfq_col(db, "i"), *last = e;
  for (int i = 0; dfq_expr_kind_of(e) != DFQ_FAILED; i++, e = dfq_neg(e))
    if (i % 2 == 0) last = e;
  limit_says(dfq_error(db), "is nested more than 500 deep", "a column first");
  dfq_expr *x = dfq_as(last, "x"), *y = dfq_col(db, "x");
  for (int i = 0; i < 400; i++) y = dfq_neg(y);
  y = dfq_as(y, "y");
  f = dfq_select_exprs(dfq_select_exprs(f, &x, 1), &y, 1);
  CHECK_INT(dfq_count(dfq_filter(f, "y = 7")), 1);
  CHECK_SAME(f);
  test_string s = { NULL, 0, 0 };
  for (int i = 0; i < 2000; i++) test_puts(&s, "(");
  (void)dfq_parse(db, s.s);
  limit_says(dfq_error(db), "nested more than 1000 deep", "a column first");
  limit_says(dfq_frame_error(dfq_query(db, s.s)), "nested more than 200 deep", "let NAME");
  limit_says(dfq_frame_error(dfq_select(f, s.s)), "nested more than 1000 deep", "a column");
  free(s.s);
  dfq_close(db);
}

// More values than a table has columns for are rows of groups.
TEST(limits_of_pivots) {
  test_string s = { NULL, 0, 0 };
  test_puts(&s, "a,b");
  for (int i = 0; i < 1200; i++) {
    char line[32];
    snprintf(line, sizeof line, "\n%d,%d", i % 3, i);
    test_puts(&s, line);
  }
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, test_file("limits_pivot.csv", s.s), NULL);
  limit_says(dfq_frame_error(dfq_pivot_discover(f, "a on b: sum(b)")), "more than 1000 values",
             "group by");
  CHECK_INT(dfq_count(dfq_group_by(f, "a, b", "sum(b) as n")), 1200);
  free(s.s);
  dfq_close(db);
}

static void run_limits(void) {
  RUN(limits_of_plans);
  RUN(limits_of_expressions);
  RUN(limits_of_pivots);
}
