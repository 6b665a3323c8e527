// ch6_seldom.c - what queries seldom come to: lists of names as long as they may be, frames of
// two contexts, groups that fail in the middle of a sorted input, constants on the left in
// front of a columnar file, tables of a hundred thousand keys.

// "a1, a2, ..., an", each with what is put around it. Owns: nobody; a static text.
static const char *seldom_names(int n, const char *format) {
  static char text[20000];
  size_t len = 0;
  for (int i = 1; i <= n; i++) {
    if (i > 1) len += (size_t)snprintf(text + len, sizeof text - len, ", ");
    len += (size_t)snprintf(text + len, sizeof text - len, format, i, i);
  }
  return text;
}

// A frame with no rows and n columns a1, a2, ...
static dfq_frame *seldom_wide(dfq *db, int n) {
  dfq_field field[200];
  static char name[200][16];
  for (int i = 0; i < n; i++) {
    snprintf(name[i], sizeof name[i], "a%d", i + 1);
    field[i].name = name[i];
    field[i].type = DFQ_I64;
    field[i].why = NULL;
  }
  dfq_table *t = dfq_table_from_rows(db, field, n, NULL, 0);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

TEST(seldom_long_lists) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = seldom_wide(db, 100);
  CHECK_HAS(dfq_frame_error(dfq_distinct(f, "a1, zz")), "no column zz");
  CHECK_HAS(dfq_frame_error(dfq_rename(f, seldom_names(120, "a%d as b%d"))), "more names");
  CHECK_HAS(dfq_frame_error(dfq_rename(f, "a1 as x, a1 as y")), "a1 is given two new names");
  dfq_expr *item[1] = { dfq_parse(db, "a1 +") };
  dfq_group_spec spec;
  memset(&spec, 0, sizeof spec);
  spec.keys = item;
  spec.key_count = 1;
  CHECK_HAS(dfq_frame_error(dfq_group_exprs(f, &spec)), "syntax error");
  dfq_key key = { item[0], false, false };
  CHECK_HAS(dfq_frame_error(dfq_sort_exprs(f, &key, 1)), "syntax error");
  CHECK_HAS(dfq_frame_error(dfq_select(f, "cols(") ), "syntax error");
  CHECK_HAS(dfq_frame_error(dfq_drop(f, "cols(~)")), "syntax error");
  dfq_close(db);
}

TEST(seldom_two_contexts) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  dfq_frame *f = seldom_wide(db, 2), *g = seldom_wide(other, 2);
  dfq_asof_options near;
  memset(&near, 0, sizeof near);
  near.on = "a1";
  const char *want = "the two frames belong to different contexts";
  CHECK_HAS(dfq_frame_error(dfq_join(f, g, "a1", DFQ_INNER)), want);
  CHECK_HAS(dfq_frame_error(dfq_join_asof(f, g, &near)), want);
  CHECK_HAS(dfq_frame_error(dfq_update(f, g, "a1")), want);
  near.on = "a1 +";
  CHECK(dfq_frame_error(dfq_join_asof(f, f, &near)) != NULL);
  dfq_close(db);
  dfq_close(other);
}

// Groups of a sorted input: those before the row or the sum that fails have come out.
TEST(seldom_sorted_groups_fail) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k i64, s str", "1 5; 1 6; 2 7; 3 8; 3 x; 4 9");
  dfq_frame *g = dfq_group_by_sorted(f, "k", "sum(cast(s as i64)) as s");
  CHECK_HAS(engine_all(g), "in row 5");
  const char *why;
  CHECK_STR(engine_pull_all(g, &why), "1 11; 2 7");
  CHECK_STR(engine_all(dfq_limit(g, 2)), "1 11; 2 7");
  f = engine_scan(db, "k i64, n i64", "1 5; 2 9223372036854775807; 2 1; 3 1");
  g = dfq_group_by_sorted(f, "k", "sum(n) as n");
  CHECK_HAS(engine_all(g), "sum(n) overflows i64");
  CHECK_STR(engine_all(dfq_limit(g, 1)), "1 5");
  dfq_close(db);
}

// A constant in front of a comparison leaves out the same parts of a columnar file.
TEST(seldom_constants_on_the_left) {
  static const char *const conditions[] = {
    "5 < a", "5 <= a", "5 > a", "5 >= a", "5 = a", "5 <> a", "190000 < a", "199999 <= a",
    "-1 > a", "0 >= a", "100000 = a", "a is distinct from 5"
  };
  dfq *db = dfq_open(NULL);
  int64_t *a = (int64_t *)test_alloc(200000 * sizeof *a);
  for (int64_t i = 0; i < 200000; i++) a[i] = i;
  dfq_frame *f = dfq_select(arith_column(db, DFQ_I64, a, 200000), "x as a");
  const char *path = test_path("seldom.dfq");
  CHECK(dfq_write(f, path, NULL));
  dfq_frame *file = dfq_scan_columnar(db, path, NULL);
  for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
    dfq_frame *found = dfq_filter(file, conditions[i]), *want = dfq_filter(f, conditions[i]);
    dfq_table *x = dfq_collect(dfq_group_by(found, "", "count() as n, sum(a)"));
    dfq_table *y = dfq_collect(dfq_group_by(want, "", "count() as n, sum(a)"));
    if (!CHECK(x && y && dfq_table_equal(x, y, NULL, 0))) test_fail("  %s\n", conditions[i]);
    dfq_table_free(x);
    dfq_table_free(y);
  }
  dfq_frame *same = dfq_join(f, dfq_select(file, "a + 1 as a, a as b"), "a", DFQ_LEFT);
  same = dfq_group_by(same, "", "count() as n, count(b) as m, sum(a - b) as d");
  dfq_table *t = dfq_collect(same);           // a hundred thousand keys and more to look up
  CHECK_STR(engine_text(t, db), "200000 199999 199999");
  dfq_table_free(t);
  free(a);
  dfq_close(db);
}

// The limit of Ertl's estimator for registers that are full, by its series.
TEST(seldom_sketch_limits) {
  for (int k = 0; k <= 100; k++) {
    double x = k / 100.0, root = x, part = 0.5, sum = 1 - x;
    for (int i = 0; i < 60; i++, part /= 2) {
      root = sqrt(root);
      sum -= (1 - root) * (1 - root) * part;
    }
    double want = x == 0 || x == 1 ? 0 : sum / 3;
    CHECK(fabs(dfq__sketch_tau(x) - want) < 1e-12);
  }
}

// A list in a difference, an error in a narrow type, a number that a user's function may not
// give, texts onto a disk that is full.
static const char *seldom_gives(void *user, const dfq_value *args, int count,
                                dfq_memory *memory, dfq_value *result) {
  (void)args;
  (void)count;
  (void)memory;
  *result = *(const dfq_value *)user;
  return NULL;
}

TEST(seldom_results_of_users) {
  static const dfq_type types[] = { DFQ_TIME, DFQ_DATE };
  dfq *db = dfq_open(NULL);
  dfq_value gives[2];
  for (int i = 0; i < 2; i++) {
    char name[20];
    dfq_function fn;
    memset(&fn, 0, sizeof fn);
    snprintf(name, sizeof name, "give%d", i);
    gives[i] = dfq__value_int(types[i], INT64_MAX);
    fn.name = name;
    fn.args = types;
    fn.arg_count = 0;
    fn.result = types[i];
    fn.row = seldom_gives;
    fn.user = &gives[i];
    CHECK(dfq_define_scalar(db, &fn));
  }
  dfq_frame *f = engine_scan(db, "a i64", "1");
  CHECK_HAS(engine_all(dfq_select(f, "give0()")), "gave a number that its type does not hold");
  CHECK_HAS(engine_all(dfq_select(f, "give1()")), "gave a date beyond 32 bits");
  CHECK_STR(engine_all(dfq_select(f, "round(a, -70) as r")), "0");
  dfq_close(db);
}

TEST(seldom_unions_and_files) {
  dfq *db = dfq_open(NULL);
  const char *a = test_file("seldom_a.csv", "x,y\n1,2\n"), *b = test_file("seldom_b.csv",
                                                                        "y,z\n3.5,t\n");
  char text[2000];
  snprintf(text, sizeof text, "scan '%s' | union '%s' diagonal", a, b);
  dfq_frame *f = dfq_query(db, text);
  CHECK_HAS(engine_schema(f), "y (i64) on one side, y (f64) on the other");
  snprintf(text, sizeof text, "scan '%s' | select y, 1.5 as w | union '%s' diagonal", b, b);
  CHECK_STR(engine_all(dfq_query(db, text)), "3.5 1.5 null; 3.5 null t");
  CHECK_STR(dfq_pipeline_text(dfq_query(db, text)) ? "prints" : "", "prints");
  dfq_table *one = dfq_collect(dfq_select(dfq_scan_csv(db, a, NULL), "list(x) as l"));
  dfq_table *two = dfq_collect(dfq_select(dfq_scan_csv(db, a, NULL), "list(x, y) as l"));
  char why[200];
  CHECK(!dfq_table_equal(one, two, why, sizeof why));
  CHECK_HAS(why, "a list of 2");
  dfq_table_free(one);
  dfq_table_free(two);
  dfq_close(db);
}

static void run_ch6_seldom(void) {
  RUN(seldom_long_lists);
  RUN(seldom_two_contexts);
  RUN(seldom_sorted_groups_fail);
  RUN(seldom_constants_on_the_left);
  RUN(seldom_sketch_limits);
  RUN(seldom_results_of_users);
  RUN(seldom_unions_and_files);
}
