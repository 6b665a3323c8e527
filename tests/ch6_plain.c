// ch6_plain.c - the verbs as functions, as a binding calls them: the same frames as by the
// macros of their names, which add the place of the call.

static void plain_same(const char *verb, dfq_frame *plain, dfq_frame *placed) {
  dfq_table *a = dfq_collect(plain), *b = dfq_collect(placed);
  char why[200] = "";
  if (!a || !b || !dfq_table_equal(a, b, why, sizeof why))
    test_fail("  %s: %s\n", verb, a && b ? why : dfq_frame_error(a ? placed : plain));
  dfq_table_free(a);
  dfq_table_free(b);
}

// The parentheses keep the macro away; behind them it is the macro.
#define PLAIN(verb, args) plain_same(#verb, (verb) args, verb args)

// Three rows, from a cursor that counts them.
static void *plain_open(void *user) {
  *(int *)user = 0;
  return user;
}

static int plain_next(void *cursor, dfq_value *row) {
  row[0] = dfq__value_int(DFQ_I64, *(int *)cursor);
  return (*(int *)cursor)++ < 3;
}

static const char *plain_upper(void *user, const char *name) {
  (void)user;
  return strcmp(name, "a") == 0 ? "A" : name;
}

TEST(plain_verbs) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = engine_table(db, "a i64, b f64, s str",
                              "1 1.5 x; 2 nan y; 2 null x; 4 0.5 null; 5 -1 z");
  dfq_frame *f = dfq_scan_table(db, t), *g = dfq_limit(f, 3);
  dfq_frame *lists = dfq_group_by(f, "a", "implode(s) as s");
  dfq_expr *item = dfq_col(db, "a"), *sum = dfq_parse(db, "sum(b)");
  dfq_expr *cond = dfq_parse(db, "a > 1");
  dfq_group_spec spec;
  dfq_join_options how;
  dfq_asof_options near;
  dfq_key key = { item, true, false };
  memset(&spec, 0, sizeof spec);
  memset(&how, 0, sizeof how);
  memset(&near, 0, sizeof near);
  spec.keys = &item;
  spec.aggregates = &sum;
  spec.key_count = spec.aggregate_count = 1;
  how.keys = "a";
  near.on = "a";
  PLAIN(dfq_scan_table, (db, t));
  PLAIN(dfq_filter, (f, "a > 1"));
  PLAIN(dfq_select, (f, "s, a + 1 as c"));
  PLAIN(dfq_with_columns, (f, "a + 1 as c"));
  PLAIN(dfq_drop, (f, "a"));
  PLAIN(dfq_rename, (f, "a as c"));
  PLAIN(dfq_limit, (f, 2));
  PLAIN(dfq_slice, (f, 1, 2));
  PLAIN(dfq_row_index, (f, "n"));
  PLAIN(dfq_union, (f, g));
  PLAIN(dfq_filter_expr, (f, cond));
  PLAIN(dfq_select_exprs, (f, &item, 1));
  PLAIN(dfq_with_exprs, (f, &cond, 1));
  PLAIN(dfq_group_by, (f, "s", "sum(a)"));
  PLAIN(dfq_group_by_sorted, (f, "a", "sum(b)"));
  PLAIN(dfq_sort, (f, "s, b desc"));
  PLAIN(dfq_distinct, (f, "a"));
  PLAIN(dfq_join, (f, g, "a", DFQ_LEFT));
  PLAIN(dfq_join_with, (f, g, &how));
  PLAIN(dfq_join_asof, (f, g, &near));
  PLAIN(dfq_filter_in, (f, "a", g, "a"));
  PLAIN(dfq_filter_not_in, (f, "a", g, "a"));
  PLAIN(dfq_update, (f, dfq_distinct(g, "a"), "a"));
  PLAIN(dfq_merge_sorted, (f, g, "a"));
  PLAIN(dfq_group_exprs, (f, &spec));
  PLAIN(dfq_sort_exprs, (f, &key, 1));
  PLAIN(dfq_union_with, (f, g, DFQ_UNION_BY_POSITION));
  PLAIN(dfq_unpivot, (f, "a, b keep s"));
  PLAIN(dfq_corr_matrix, (f, "a, b"));
  PLAIN(dfq_implode, (f, "a"));
  PLAIN(dfq_describe, (f, "a"));
  PLAIN(dfq_value_counts, (f, "s"));
  PLAIN(dfq_histogram, (f, "a bins 2"));
  PLAIN(dfq_cut, (f, "a in (2, 4)"));
  PLAIN(dfq_qcut, (f, "a bins 2"));
  PLAIN(dfq_sample, (f, "n 2 seed 1"));
  PLAIN(dfq_pivot, (f, "on s in ('x', 'y'): sum(a)"));
  PLAIN(dfq_pivot_discover, (f, "on s: sum(a)"));
  PLAIN(dfq_explode, (lists, "s"));
  PLAIN(dfq_unnest, (dfq_select(f, "struct(a) as p"), "p"));
  PLAIN(dfq_drop_nulls, (f, "b"));
  PLAIN(dfq_drop_nans, (f, "b"));
  PLAIN(dfq_fill_null, (f, "0 in b"));
  PLAIN(dfq_fill_nan, (f, "0 in b"));
  PLAIN(dfq_cast_columns, (f, "a as f64"));
  PLAIN(dfq_try_cast_columns, (f, "s as i64"));
  PLAIN(dfq_rename_with, (f, "upper"));
  PLAIN(dfq_rename_by, (f, plain_upper, NULL));
  PLAIN(dfq_move, (f, "s first"));
  PLAIN(dfq_tail, (f, 2));
  PLAIN(dfq_reverse, (f));
  dfq_table_free(t);
  dfq_close(db);
}

TEST(plain_sources) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("plain.csv", "a,b\n1,x\n2,y\n"), *out = test_path("plain.dfq");
  const char *json = test_file("plain.json", "[{\"a\": 1}, {\"a\": 2}]");
  const char *fixed = test_file("plain.prn", "a b\n1 x\n2 y\n");
  char text[1000];
  int number = 0;
  dfq_field field = { "n", DFQ_I64, NULL };
  dfq_row_source rows;
  memset(&rows, 0, sizeof rows);
  rows.fields = &field;
  rows.count = 1;
  rows.user = &number;
  rows.open = plain_open;
  rows.next = plain_next;
  snprintf(text, sizeof text, "scan '%s' | filter a > 1", path);
  PLAIN(dfq_scan_rows, (db, &rows));
  PLAIN(dfq_scan_csv, (db, path, NULL));
  PLAIN(dfq_scan_csv_files, (db, &path, 1, NULL));
  PLAIN(dfq_scan_fixed, (db, fixed, NULL));
  PLAIN(dfq_scan_json, (db, json, NULL));
  PLAIN(dfq_scan, (db, path));
  PLAIN(dfq_query, (db, text));
  CHECK(dfq_write(dfq_scan_csv(db, path, NULL), out, NULL));
  PLAIN(dfq_scan_columnar, (db, out, NULL));
  snprintf(text, sizeof text, "let t = scan '%s'; let u = t | limit 1;", path);
  CHECK((dfq_define)(db, text));
  CHECK_INT(dfq_count((dfq_query)(db, "u | union t")), 3);
  CHECK_HAS(dfq_frame_error((dfq_filter)(dfq_query(db, "t"), "c > 1")), "no column c");
  dfq_close(db);
}

static void run_ch6_plain(void) {
  RUN(plain_verbs);
  RUN(plain_sources);
}
