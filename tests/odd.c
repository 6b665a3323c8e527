// odd.c - what people found who tried to break it: by odd data, odd files, and calls that
// no program should make.

// The message of a query's error, of its run if it has none; "" when both are fine.
static const char *odd_error(dfq *db, const char *text) {
  dfq_frame *f = dfq_query(db, text);
  dfq_clear_error(db);
  if (dfq_frame_error(f)) return dfq_frame_error(f);
  return dfq_count(f) < 0 ? dfq_error(db) : "";
}

// ---- expressions ----------------------------------------------------------------------------

// A cast that nobody wrote may fail as one that is written: the other side of an or, and what a
// join drops, must not meet it.
TEST(odd_casts_unasked) {
  dfq *db = dfq_open(NULL);
  char text[600];
  const char *u = test_file("odd_u.csv", "id,f,u\n1,0.5,18446744073709551615\n2,2.0,1\n");
  static const struct { const char *stages; int64_t rows; } cases[] = {
    { "filter f < 1.0 or u < 5", 2 },
    { "filter f > 1.0 and u = 1", 1 },
    { "filter any_of(f < 1.0, u < 5)", 2 },
    { "filter f < 1.0 or u in (1, id)", 2 },
    { "filter f < 1.0 or case when id = 2 then u else 3 end = 1", 2 },
    { "filter f < 1.0 or coalesce(u, id) = 1", 2 },
    { "group : count() filter (where f < 1.0 or u < 5) as n | filter n = 2", 1 },
    { "group id, u: max(f) as m | filter m > 1.0 | filter u = 1", 1 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(text, sizeof text, "scan '%s' types (u: u64) | %s", u, cases[i].stages);
    dfq_frame *f = dfq_query(db, text);
    CHECK_SAME(f);
    if (!CHECK_INT(dfq_count(f), cases[i].rows)) printf("  %s\n", text);
  }
  snprintf(text, sizeof text, "scan '%s' types (u: u64) | join (scan '%s' | filter f > 1.0 | "
           "select id) on id | filter u = 1", u, u);
  dfq_frame *f = dfq_query(db, text);
  CHECK_SAME(f);
  CHECK_INT(dfq_count(f), 1);
  dfq_close(db);
}

// Types and names as deep as a text is long.
TEST(odd_deep_types) {
  dfq *db = dfq_open(NULL);
  enum { DEEP = 100000 };
  test_string s = { NULL, 0, 0 };
  test_puts(&s, "cast(null as ");
  for (int i = 0; i < DEEP; i++) test_puts(&s, "list(");
  test_puts(&s, "i64");
  for (int i = 0; i < DEEP + 1; i++) test_puts(&s, ")");
  CHECK(dfq_expr_kind_of(dfq_parse(db, s.s)) == DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "a list holds no lists");
  s.len = 0;
  test_puts(&s, "\"a");
  for (int i = 0; i < 5000; i++) test_puts(&s, ".a");
  test_puts(&s, "\": i64");
  dfq_json_options o;
  memset(&o, 0, sizeof o);
  o.types = s.s;
  dfq_frame *f = dfq_scan_json(db, test_file("odd_deep.jsonl", "{\"a\": 1}\n"), &o);
  CHECK_HAS(dfq_frame_error(f), "nested more than 1024 deep");
  free(s.s);
  dfq_close(db);
}

TEST(odd_pivoted_values) {
  dfq *db = dfq_open(NULL);
  test_string s = { NULL, 0, 0 };
  const char *path = test_file("odd_pivot.csv", "a,b\n1,2\n");
  test_puts(&s, "a on b in (0");
  for (int i = 1; i < 1005; i++) {
    char one[16];
    snprintf(one, sizeof one, ", %d", i);
    test_puts(&s, one);
  }
  test_puts(&s, "): sum(a)");
  CHECK_HAS(dfq_frame_error(dfq_pivot(dfq_scan_csv(db, path, NULL), s.s)),
            "more than 1000 values");
  free(s.s);
  dfq_close(db);
}

// ---- files ----------------------------------------------------------------------------------

// A folder of two files, or as many as the key has values. Owns: as test_path.
static const char *odd_parted(dfq *db, const char *name, const char *text, const char *key) {
  const char *folder = test_path(name);
  dfq_frame *f = dfq_scan_csv(db, test_file("odd_parted.csv", text), NULL);
  CHECK(dfq_write_partitioned(f, folder, key, NULL));
  return folder;
}

// A folder's key may be called what the file's name was to be called.
TEST(odd_key_of_a_name) {
  dfq *db = dfq_open(NULL);
  char text[400];
  const char *folder = odd_parted(db, "odd_k", "v,k\n1,-5\n2,100000000\n", "k");
  snprintf(text, sizeof text, "scan '%s/' file_name k", folder);
  CHECK_HAS(odd_error(db, text), "there is a column k already");
  snprintf(text, sizeof text, "scan '%s/' file_name path", folder);
  CHECK_STR(odd_error(db, text), "");
  dfq_close(db);
}

// What stands where a folder shall be is not taken away for it.
TEST(odd_folders_over_files) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, test_file("odd_p.csv", "a,b\n1,x\n2,y\n"), NULL);
  const char *precious = test_file("odd_precious.txt", "precious");
  CHECK(!dfq_write_partitioned(f, precious, "b", NULL));
  CHECK_HAS(dfq_error(db), "is no folder, and stays what it is");
  CHECK(dfq_count(dfq_write_stage(f, precious, "b", NULL)) < 0);
  char *got = test_read(precious);
  CHECK_STR(got, "precious");
  free(got);
  CHECK(!dfq_write_partitioned(f, "", "b", NULL));
  CHECK(dfq_write_partitioned(f, test_path("odd_new/"), "b", NULL));
  CHECK(!dfq_write_partitioned(f, test_path("odd_new"), "b", NULL));
  CHECK_HAS(dfq_error(db), "is not empty");
  dfq_close(db);
}

// A file that is not whole yet, or never was to be, is none of a folder's.
TEST(odd_unfinished_files) {
  dfq *db = dfq_open(NULL);
  char path[400];
  const char *folder = odd_parted(db, "odd_w", "a,b\n1,x\n2,y\n", "b");
  snprintf(path, sizeof path, "%s/b=x/new.csv.36ca864831f214c9.tmp", folder);
  FILE *out = fopen(path, "wb");
  if (CHECK(out != NULL)) { fputs("a\n7\n", out); fclose(out); }
  snprintf(path, sizeof path, "%s/", folder);
  CHECK_INT(dfq_count(dfq_scan(db, path)), 2);
  snprintf(path, sizeof path, "%s/b=*/*", folder);
  CHECK_INT(dfq_count(dfq_scan(db, path)), 2);
  dfq_close(db);
}

// A list may name a file twice.
TEST(odd_lists_of_files) {
  dfq *db = dfq_open(NULL);
  char text[900];
  const char *path = test_file("odd_l.csv", "a\n1\n2\n");
  snprintf(text, sizeof text, "scan ('%s', '%s', '%s')", path, path, path);
  dfq_frame *f = dfq_query(db, text);
  CHECK_INT(dfq_count(f), 6);
  CHECK_SAME(f);
  dfq_close(db);
}

// No row of what a write says is asked for, and still it writes.
TEST(odd_writes_below_filters) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, test_file("odd_f.csv", "a\n1\n"), NULL);
  const char *path = test_path("odd_f_out.csv");
  remove(path);
  CHECK_INT(dfq_count(dfq_filter(dfq_write_stage(f, path, NULL, NULL), "false")), 0);
  char *got = test_read(path);
  CHECK_STR(got, "a\n1\n");
  free(got);
  dfq_close(db);
}

// One column has no delimiter that a reader could know.
TEST(odd_one_column) {
  static const char *const texts[] = { "a;b", "a|b", "a\tb", "a,b", "\xFF\xFE x" };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (int header = 0; header < 2; header++) {
      dfq *db = dfq_open(NULL);
      dfq_field field = { header ? "x;y" : "x", DFQ_STR, NULL };
      dfq_value cell[2];
      for (int r = 0; r < 2; r++) cell[r] = dfq__value_str(texts[i], strlen(texts[i]));
      dfq_table *t = dfq_table_from_rows(db, &field, 1, cell, 2);
      dfq_write_options o;
      dfq_csv_options in = csv_options();
      memset(&o, 0, sizeof o);
      o.no_header = !header;
      in.no_header = !header;
      in.header = header;
      const char *path = test_path("odd_one.csv");
      CHECK(dfq_write(dfq_scan_table(db, t), path, &o));
      dfq_table *back = dfq_collect(dfq_scan_csv(db, path, &in));
      CHECK_INT(back ? dfq_table_columns(back) : 0, 1);
      dfq_value v = dfq__value_null();
      if (back) dfq_table_get(back, 1, 0, &v);
      CHECK(v.type == DFQ_STR && v.len == strlen(texts[i]) && !memcmp(v.as.s, texts[i], v.len));
      dfq_table_free(back);
      dfq_table_free(t);
      dfq_close(db);
    }
}

TEST(odd_keys_of_json) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("odd_zero.jsonl", "{\"a\\u0000b\": 1, \"a\": 2}\n");
  CHECK_HAS(dfq_frame_error(dfq_scan(db, path)), "\\u0000");
  dfq_csv_found found;
  CHECK(!dfq_sniff_csv(db, path, NULL, &found));
  CHECK_HAS(dfq_error(db), "JSON");
  path = test_file("odd_lines.csv", "s\n\"a\nb\"\n\"c\nd\"\n");
  CHECK(dfq_sniff_csv(db, path, NULL, &found));
  CHECK(strstr(found.text, "quote") == NULL);
  dfq_close(db);
}

// A row of nulls is a row; and names are no more than the places that a line has.
TEST(odd_fixed_width) {
  dfq *db = dfq_open(NULL);
  const char *rows = "{\"a\": \"x\", \"b\": \"y\"}\n{\"a\": null, \"b\": null}\n"
                     "{\"a\": \"z\", \"b\": \"w\"}\n";
  dfq_frame *f = dfq_scan(db, test_file("odd_nulls.jsonl", rows));
  CHECK(dfq_write(f, test_path("odd_nulls.fwf"), NULL));
  CHECK_INT(dfq_count(dfq_scan(db, test_path("odd_nulls.fwf"))), 3);
  for (int sniffed = 0; sniffed < 2; sniffed++) {
    dfq_csv_options o = csv_options();
    o.widths = sniffed ? "" : "10";
    o.names = "a, b, c, d, e, f, g, h";
    o.no_header = true;
    f = dfq_scan_fixed(db, test_file("odd_empty.fwf", ""), &o);
    if (!sniffed) CHECK_HAS(dfq_frame_error(f), "names has 8 names, but there is 1 column");
    (void)test_file("odd_empty.fwf", "0123456789\n0123456789\n");
    CHECK_INT(dfq_count(f), -1);
  }
  dfq_close(db);
}

// ---- calls ----------------------------------------------------------------------------------

// Literals and parameters are looked at as the cells of tables are.
TEST(odd_literals) {
  dfq *db = dfq_open(NULL);
  static const struct { dfq_type type; int64_t i; bool good; } cases[] = {
    { DFQ_I8, 1000, false },           { DFQ_DATE, (int64_t)1 << 40, false },
    { DFQ_TIME, -5, false },           { DFQ_TIME, 86400000000, false },
    { 99, 1, false },                  { (dfq_type)DFQ_DECIMAL | (dfq_type)200 << 8, 1, false },
    { DFQ_I8, -128, true },            { DFQ_TIME, 86399999999, true },
    { dfq_decimal_of(18), 5, true },   { DFQ_NULL, 0, true },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq_value v = dfq__value_int(cases[i].type, cases[i].i);
    dfq_expr *e = dfq_literal(db, &v);
    CHECK_INT(dfq_expr_kind_of(e) != DFQ_FAILED, cases[i].good);
    CHECK_INT(dfq_set_param(db, "p", &v), cases[i].good);
    (void)dfq_expr_text(e);
  }
  dfq_value seven = dfq__value_int(DFQ_BOOL, 7);
  CHECK(dfq_set_param(db, "b", &seven));
  dfq_frame *f = dfq_scan_csv(db, test_file("odd_b.csv", "a\n1\n2\n"), NULL);
  CHECK_INT(dfq_count(dfq_filter(f, "$b = true")), 2);
  CHECK_SAME(dfq_filter(f, "$b = (a = 1)"));
  dfq_close(db);
}

static const char *odd_update(void *user, void *state, const dfq_value *args,
                              dfq_memory *memory) {
  (void)user;
  (void)state;
  (void)args;
  (void)memory;
  return NULL;
}

static const char *odd_finish(void *user, void *state, dfq_memory *memory, dfq_value *result) {
  (void)user;
  (void)state;
  (void)memory;
  *result = dfq__value_null();
  return NULL;
}

TEST(odd_calls) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  int64_t x[] = { INT64_MIN };
  dfq_column c[] = { { "x", DFQ_DATETIME, x, NULL } };
  dfq_table *t = dfq_table_new(db, c, 1, 1);
  dfq_frame *f = dfq_scan_table(db, t);
  FILE *out = tmpfile();
  CHECK(dfq_show(f, out));
  if (out) fclose(out);
  CHECK(dfq_count(dfq_filter(f, "x - interval '1' month < x")) < 0);
  CHECK(dfq_table_new(db, c, -1, 5) == NULL);
  CHECK_HAS(dfq_error(db), "the number of columns is negative");
  CHECK(dfq_table_from_rows(db, NULL, -1, NULL, 5) == NULL);
  c[0].name = NULL;
  CHECK(dfq_table_new(db, c, 1, 1) == NULL);
  CHECK_HAS(dfq_error(db), "name is NULL");
  c[0].name = "x";
  c[0].data = NULL;
  CHECK(dfq_table_new(db, c, 1, 1) == NULL);
  dfq_row_source none;
  memset(&none, 0, sizeof none);
  CHECK_HAS(dfq_frame_error(dfq_scan_rows(db, &none)), "scan: next");
  dfq_expr *item[] = { dfq_as(dfq_str(other, "a text longer than twelve bytes"), "y") };
  CHECK_HAS(dfq_frame_error(dfq_select_exprs(f, item, 1)), "another context");
  CHECK_HAS(dfq_frame_error(dfq_filter_expr(f, dfq_bool(other, true))), "another context");
  CHECK(dfq_with_exprs(f, NULL, 0) == f);
  CHECK_HAS(dfq_frame_error(dfq_with_exprs(f, item, -3)), "negative");
  CHECK_HAS(dfq_frame_error(dfq_union_with(f, f, (dfq_union_how)99)), "99");
  CHECK(dfq_expr_kind_of(dfq_in(dfq_col(db, "x"), NULL, 0)) == DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "the list is empty");
  dfq_aggregator sum;
  memset(&sum, 0, sizeof sum);
  sum.name = "my_sum";
  sum.arg_count = 1;
  sum.update = odd_update;
  sum.finish = odd_finish;
  CHECK(!dfq_define_aggregate(db, &sum));
  CHECK_HAS(dfq_error(db), "args is NULL");
  dfq_table_free(t);
  dfq_close(other);
  dfq_close(db);
}

// Halves of floats are floats: a range may be longer than the largest of them.
TEST(odd_histogram) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("odd_h.csv", "x\n-1e308\n0.0\n1e308\n1.7e308\n");
  dfq_frame *f = dfq_histogram(dfq_scan_csv(db, path, NULL), "x bins 3");
  CHECK_SAME(f);
  dfq_table *t = dfq_collect(f);
  static const int64_t want[] = { 1, 1, 2 };
  int n = dfq_table_find(t, "count");
  for (size_t i = 0; i < 3; i++) CHECK_INT(dfq_table_i64(t, i, n), want[i]);
  dfq_table_free(t);
  CHECK(dfq_explain_text(f, (dfq_explain_form)99) == NULL);
  CHECK_HAS(dfq_error(db), "no form has that number");
  FILE *full = fopen("/dev/full", "wb");
  if (full) CHECK(!dfq_show(f, full));
  if (full) fclose(full);
  dfq_close(db);
}

// A binding is of a context, as expressions and frames are.
TEST(odd_bindings) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  static const dfq_member member[] = { { "i", DFQ_I64, 0, 8, false, 0 } };
  int64_t row[] = { 7 };
  size_t count = 0;
  const dfq_binding *b = dfq_bind_struct(other, member, 1, sizeof *row);
  CHECK(b != NULL);
  CHECK_HAS(dfq_frame_error(dfq_scan_structs(db, "x", row, 1, b)), "another context");
  dfq_frame *f = dfq_scan_csv(db, test_file("odd_i.csv", "i\n1\n"), NULL);
  CHECK(dfq_collect_structs(f, b, &count) == NULL);
  CHECK_HAS(dfq_error(db), "another context");
  CHECK(dfq_structs_open(f, b) == NULL);
  dfq_close(other);
  dfq_close(db);
}

#ifndef DFQ_NO_ARROW
typedef struct odd_streams {
  dfq_frame *frame[2];
  const char *says[2];
  int wrong[2];
} odd_streams;

static void odd_stream(void *all, int i) {
  odd_streams *m = (odd_streams *)all;
  for (int k = 0; k < 300; k++) {
    struct ArrowArrayStream s;
    struct ArrowArray out;
    if (!dfq_export_arrow(m->frame[i], &s)) continue;
    if (s.get_next(&s, &out)) m->wrong[i] += !strstr(s.get_last_error(&s), m->says[i]);
    s.release(&s);
  }
}

// Streams of one context in several threads: each says what went wrong with itself.
TEST(odd_streams_say_their_own) {
  dfq *db = dfq_open(NULL);
  int64_t x[] = { INT64_MAX };
  dfq_column c[] = { { "a", DFQ_I64, x, NULL } };
  dfq_table *t = dfq_table_new(db, c, 1, 1);
  dfq_frame *f = dfq_scan_table(db, t);
  odd_streams m = { { dfq_select(f, "a + 1 as x"), dfq_select(f, "cast(a as i8) as y") },
                     { "overflow", "i8" }, { 0, 0 } };
  dfq__parallel(2, odd_stream, &m);
  CHECK_INT(m.wrong[0], 0);
  CHECK_INT(m.wrong[1], 0);
  dfq_table_free(t);
  dfq_close(db);
}
#endif

// ---- pipes ----------------------------------------------------------------------------------

// Two scans of a pipe would each get a part of what is in it.
#if !defined(_WIN32) && !defined(__wasi__)
TEST(odd_pipes_scanned_twice) {
  const char *path = test_path("odd_pipe");
  if (!found_shell("rm -f '%s'; mkfifo '%s' 2>/dev/null", path)) return;   // none here
  dfq *db = dfq_open(NULL);
  CHECK(found_shell("(seq 1 100000 > '%s') 2>/dev/null &", path));
  dfq_csv_options o = csv_options();
  o.no_header = true;
  dfq_frame *f = dfq_scan_csv(db, path, &o), *g = dfq_scan_csv(db, path, &o);
  CHECK_HAS(dfq_frame_error(g), "can be read only once, and another scan reads it");
  CHECK_INT(dfq_count(f), 100000);
  CHECK(found_shell("(seq 1 7 > '%s') &", path));   // another pipe, of the same name
  CHECK_INT(dfq_count(dfq_scan_csv(db, path, &o)), 7);
  dfq_close(db);
}
#endif

// ---- numbers that are too large, or none ----------------------------------------------------

TEST(odd_counts) {
  dfq *db = dfq_open(NULL);
  static const char *const cases[][2] = {
    { "rows 0", "from 1 on (for none: | limit 0)" },
    { "rows 99999999999999999999", "does not fit in i64" },
    { "| with lag(a, 9223372036854775807) over (order by a) as l", "more rows than" },
    { "| with rolling_sum(a, 9223372036854775807) as l", "more rows than there can be" },
    { "| with rolling_sum(a, 2, 5) as l", "more values than the 2 rows that it sees" },
  };
  char text[600];
  const char *path = test_file("odd_counts.csv", "a\n1\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(text, sizeof text, "scan '%s' %s", path, cases[i][0]);
    CHECK_HAS(odd_error(db, text), cases[i][1]);
  }
  dfq_close(db);
}

// Where = compares, so do these: a number that the decimal's type cannot hold is another one.
TEST(odd_decimals_are_distinct) {
  dfq *db = dfq_open(NULL);
  dfq_csv_options o = csv_options();
  o.types = "d: decimal(2)";
  const char *path = test_file("odd_decimals.csv", "d,n\n1.5,9223372036854775807\n2,2\n,\n");
  dfq_frame *f = dfq_select(dfq_scan_csv(db, path, &o),
                            "d is distinct from n as a, n is not distinct from d as b, "
                            "d is not distinct from 2.000 as c, d is distinct from null as e");
  char *got = csv_dump(f);
  CHECK_STR(got, "a bool|b bool|c bool|e bool\ntrue|false|false|true\nfalse|true|true|true\n"
                 "false|true|false|false\n");
  free(got);
  CHECK_SAME(f);
  dfq_close(db);
}

// ---- values ---------------------------------------------------------------------------------

// Joins by ranges of decimals that count in different parts: 1.50 is 150 of them, 2 is 2.
TEST(odd_ranges_of_decimals) {
  dfq *db = dfq_open(NULL);
  dfq_csv_options o = csv_options(), p = csv_options();
  o.types = "a: decimal(2)";
  dfq_frame *left = dfq_scan_csv(db, test_file("odd_ra.csv", "a\n1.50\n2.25\n-3\n"), &o);
  const char *path = test_file("odd_rb.csv", "b\n2\n3\n-4\n");
  static const char *const types[] = { "b: i64", "b: decimal(1)", "b: decimal(4)",
                                       "b: decimal(2)", "b: f64" };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    p.types = types[i];
    dfq_frame *pairs = dfq_join(left, dfq_scan_csv(db, path, &p), NULL, DFQ_CROSS);
    dfq_frame *f = dfq_filter(pairs, "b > a and b * 2 >= a");
    CHECK_INT(dfq_count(dfq_filter(pairs, "b > a")), 5);
    CHECK_INT(dfq_count(f), 5);
    CHECK_SAME(f);
  }
  dfq_close(db);
}

// Keys of a range beyond i64 are as far from each other as any.
TEST(odd_ranges_of_u64) {
  dfq *db = dfq_open(NULL);
  dfq_csv_options o = csv_options();
  o.types = "a: u64";
  const char *path = test_file("odd_ru.csv", "a,x\n0,1\n9223372036854775807,1\n"
                               "9223372036854775808,2\n9223372036854775809,3\n"
                               "18446744073709551610,4\n18446744073709551615,5\n,6\n");
  dfq_frame *f = dfq_select(dfq_scan_csv(db, path, &o),
                            "count() over (order by a range between 1 preceding and current "
                            "row) as c, count() over (order by a desc range between 1 "
                            "preceding and 5 following) as d, rolling_sum_by(x, a, 2, 1) as s");
  char *got = csv_dump(f);
  CHECK_STR(got, "c i64|d i64|s i64\n1|1|1\n1|2|1\n2|3|3\n2|3|5\n1|1|4\n1|2|5\n1|1|6\n");
  free(got);
  CHECK_SAME(f);
  dfq_close(db);
}

// Half way between two floats is the nearest float, as a mean of two is.
TEST(odd_medians) {
  dfq *db = dfq_open(NULL);
  double x[] = { 0.1, 1.5 }, big[] = { 1.6e308, 1.7e308 };
  for (int i = 0; i < 2; i++) {
    dfq_column c[] = { { "x", DFQ_F64, i ? big : x, NULL } };
    dfq_table *t = dfq_table_new(db, c, 1, 2);
    dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "",
                                "median(x) as m, quantile(x, 0.5) as q");
    char *got = csv_dump(f);
    CHECK_STR(got, i ? "m f64|q f64\n1.6499999999999999e+308|1.6499999999999999e+308\n"
                     : "m f64|q f64\n0.8|0.8\n");
    free(got);
    CHECK_SAME(f);
    dfq_table_free(t);
  }
  dfq_close(db);
}

static bool odd_patience(void *user) { return --*(int *)user < 0; }

// A window asks for cancel while it computes: its frames may be as long as the table.
TEST(odd_windows_are_cancelled) {
  dfq *db = dfq_open(NULL);
  int left = 100, before;
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 1;
  run.cancel = odd_patience;
  run.cancel_user = &left;
  int64_t *n = (int64_t *)calloc(20000, sizeof *n);
  dfq_column c[] = { { "n", DFQ_I64, n, NULL } };
  dfq_table *t = dfq_table_new(db, c, 1, 20000);
  free(n);
  dfq_frame *f = dfq_with_columns(dfq_scan_table(db, t), "median(n) over (rows between 3 "
                                  "preceding and current row) as m");
  CHECK(dfq_collect(dfq_configure(f, &run)) == NULL);
  CHECK_INT(dfq_error_status(db), DFQ_CANCELLED);
  left = before = INT32_MAX;
  CHECK_INT(dfq_count(dfq_filter(dfq_configure(f, &run), "m = 0")), 20000);
  CHECK(before - left >= 20000 / 64);
  dfq_table_free(t);
  dfq_close(db);
}

// ---- text -----------------------------------------------------------------------------------

TEST(odd_words_that_shout) {
  dfq *db = dfq_open(NULL);
  (void)test_file("odd_shout.csv", "k,d,x\na,2024-01-31,1\na,2024-02-01,2\n");
  WRITTEN_MANY("scan '@/odd_shout.csv' HEADER true | with sum(x) OVER (PARTITION BY k ORDER BY "
               "d DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s, CAST(x AS f64) "
               "AS f, DATE '2024-02-01' - INTERVAL '1' DAY AS e | SORT x DESC | SELECT s, f, e",
               "s i64|f f64|e date\n2|2.0|2024-01-31\n3|1.0|2024-01-31\n");
  dfq_close(db);
}

// Of a stage of several lines a message names the line that it shows.
TEST(odd_lines_of_a_stage) {
  dfq *db = dfq_open(NULL);
  char text[600];
  const char *path = test_file("odd_lines.csv", "a,b\n1,2\n");
  WRITTEN_MANY("scan '@/odd_lines.csv'\n| group a:\n    count() as n,\n    sum(zz) as s\n",
               "! line 4, group: no column zz\n      sum(zz)");
  snprintf(text, sizeof text, "scan '%s'\n| with 1 as c,\n  nil + 1 as d", path);
  CHECK_HAS(dfq_frame_error(dfq_query_at(db, text, "x.dfq")), "x.dfq, line 3, with: no column");
  dfq_close(db);
}

// ---- several files, and what is wrong with them ---------------------------------------------

TEST(odd_files_beside_folders) {
  dfq *db = dfq_open(NULL);
  char name[40];
  files_plant("oh/f.csv", "a,b\n1,x\n");
  files_plant("oh/b=y/p.csv", "a\n2\n");
  WRITTEN_MANY("scan '@/oh/' fill_missing true",
               "! has a column b, and others are in folders called b=...");
  WRITTEN_MANY("scan '@/oh/' fill_missing true hive false | sort a",
               "a i64|b str\n1|x\n2|~\n");
  files_fell(test_path("oh"));
  // a name that stands for another, and files behind those that are looked at first
  files_plant("op/my%20key=1/p.csv", "a,my key\n1,2\n");
  files_plant("op/my%20key=2/p.csv", "a,my key\n3,4\n");
  WRITTEN_MANY("scan '@/op/' | sort a", "a i64|my key i64\n1|1\n3|2\n");
  files_fell(test_path("op"));
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "ob/k=1/%02d.csv", i);
    files_plant(name, "a,k\n1,1\n");
  }
  files_plant("ob/y/z.csv", "a,k\n2,9\n");
  WRITTEN_MANY("scan '@/ob/' | sort k",
               "! z.csv has a column k, and others are in folders called k=");
  files_fell(test_path("ob"));
  dfq_close(db);
}

TEST(odd_empty_files) {
  dfq *db = dfq_open(NULL);
  files_plant("oe/a.csv", "a,b\n1,x\n");
  files_plant("oe/b.csv", "");
  WRITTEN_MANY("scan '@/oe/'", "! b.csv is empty, it has no header to take names from");
  WRITTEN_MANY("scan '@/oe/'", "! try: fill_missing true");
  WRITTEN_MANY("scan '@/oe/' fill_missing true", "a i64|b str\n1|x\n");
  files_fell(test_path("oe"));
  dfq_close(db);
}

// Of types nothing is known when the first row is too long.
TEST(odd_first_rows_too_long) {
  dfq *db = dfq_open(NULL);
  test_string s = { NULL, 0, 0 };
  test_puts(&s, "a,b\n1,");
  for (int i = 0; i < 300000; i += 10) test_puts(&s, "xxxxxxxxxx");
  test_puts(&s, "\n2,y\n");
  (void)test_file("odd_long.csv", s.s);
  WRITTEN_MANY("scan '@/odd_long.csv' row_bytes 1000 | group : sum(a) as s",
               "! is longer than 1000 bytes");
  free(s.s);
  dfq_close(db);
}

// 1,234 is a thousand where commas part the fields, and anything where they do not.
TEST(odd_commas) {
  dfq *db = dfq_open(NULL);
  dfq_csv_found found;
  const char *path = test_file("odd_c1.csv", "c,p\nA,\"123,456\"\nB,\"7,890\"\nC,999\n");
  CHECK(dfq_sniff_csv(db, path, NULL, &found));
  CHECK_HAS(found.text, "thousands ','");
  CHECK_HAS(found.text, "p: i64");
  path = test_file("odd_c2.csv", "c;p\nA;123,456\nB;7,890\n");
  CHECK(dfq_sniff_csv(db, path, NULL, &found));
  CHECK(strstr(found.text, "thousands") == NULL && strstr(found.text, "decimal") == NULL);
  CHECK_HAS(found.why, "1,234 may be 1234 or 1.234");
  path = test_file("odd_c3.csv", "c;p\nA;123,456\nB;7,8\n");
  CHECK(dfq_sniff_csv(db, path, NULL, &found));
  CHECK_HAS(found.text, "decimal ','");
  path = test_file("odd_c4.csv", "c;p;w\nA;1.234,50;12,345\nB;2.999,00;7,125\n");
  CHECK(dfq_sniff_csv(db, path, NULL, &found));
  CHECK_HAS(found.text, "thousands '.'");
  CHECK_HAS(found.text, "p: f64, w: f64");
  path = test_file("odd_c5.csv", "c;p;q\nA;1,5;1,234,567\n");
  CHECK(dfq_sniff_csv(db, path, NULL, &found));
  CHECK(strstr(found.why, "may be") == NULL);
  dfq_close(db);
}

// ---- calls ----------------------------------------------------------------------------------

TEST(odd_parts_of_two_contexts) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  int64_t x[] = { 1, 2 };
  dfq_column c[] = { { "x", DFQ_I64, x, NULL } };
  dfq_table *t = dfq_table_new(db, c, 1, 2);
  dfq_expr *e = dfq_eq(dfq_cast(dfq_col(db, "x"), DFQ_STR), dfq_str(other, "1"));
  dfq_frame *f = dfq_filter_expr(dfq_scan_table(db, t), e);
  CHECK_HAS(dfq_frame_error(f), "two contexts");
  dfq_expr *pair[] = { dfq_gt(dfq_col(db, "x"), dfq_i64(db, 1)), dfq_str(other, "a") };
  e = dfq_case(pair, 1, NULL);
  CHECK_HAS(dfq_frame_error(dfq_select_exprs(dfq_scan_table(db, t), &e, 1)), "two contexts");
  dfq_close(other);
  dfq_clear_error(db);
  CHECK(dfq_rows_array(db, NULL, 0, -2) == NULL);
  CHECK_HAS(dfq_error(db), "columns is negative");
  CHECK(!dfq_function_at(db, 0, NULL));
  dfq_table_free(t);
  dfq_close(db);
}

#ifndef DFQ_NO_ARROW
static void odd_schema_gone(struct ArrowSchema *schema) { schema->release = NULL; }
static void odd_array_gone(struct ArrowArray *array) { array->release = NULL; }

// A list of nanoseconds as Arrow has it, {1000, 2000}, {7, 7}, {3000, 4000}. null: which of
// them is null, below which there may be anything; -1: none. views: {1000}, {1000} and
// {3000, 4000} as a list view, which has the 7 in no list and the 1000 in two.
static dfq_table *odd_arrow_lists(dfq *db, int null, bool views) {
  static const int32_t begin[3] = { 0, 0, 4 }, size[3] = { 1, 1, 2 };
  static const int64_t nano[6] = { 1000, 2000, 7, 7, 3000, 4000 };
  static const int32_t offset[4] = { 0, 2, 4, 6 };
  static uint8_t bits;
  bits = (uint8_t)(null < 0 ? 7 : 7 & ~(1 << null));
  const void *values[2] = { NULL, nano }, *lists[3] = { &bits, offset, size };
  if (views) lists[1] = begin;
  struct ArrowSchema child, schema, *children = &child;
  struct ArrowArray below, array, *arrays = &below;
  memset(&child, 0, sizeof child);
  memset(&schema, 0, sizeof schema);
  memset(&below, 0, sizeof below);
  memset(&array, 0, sizeof array);
  child.format = "tsn:";
  child.name = "item";
  schema.format = views ? "+vl" : "+l";
  schema.name = "l";
  child.flags = schema.flags = 2;
  schema.n_children = array.n_children = 1;
  schema.children = &children;
  array.children = &arrays;
  below.length = 6;
  array.length = 3;
  array.null_count = null >= 0;
  below.n_buffers = 2;
  array.n_buffers = 2 + views;
  below.buffers = values;
  array.buffers = lists;
  child.release = schema.release = odd_schema_gone;
  below.release = array.release = odd_array_gone;
  return dfq_import_arrow(db, &schema, &array);
}

TEST(odd_lists_of_arrow) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = odd_arrow_lists(db, 1, false);
  CHECK_INT(dfq_table_rows(t), 3);
  char *got = csv_dump(dfq_select(dfq_scan_table(db, t), "list_len(l) as n"));
  CHECK_STR(got, "n i64\n2\n~\n2\n");
  free(got);
  dfq_table_free(t);
  CHECK(odd_arrow_lists(db, -1, false) == NULL);
  CHECK_HAS(dfq_error(db), "column l: row 2 would lose what is below the unit here");
  t = odd_arrow_lists(db, -1, true);
  CHECK_INT(dfq_table_rows(t), 3);
  dfq_table_free(t);
  dfq_close(db);
}
#endif

static void run_odd(void) {
  RUN(odd_casts_unasked);
  RUN(odd_deep_types);
  RUN(odd_pivoted_values);
  RUN(odd_key_of_a_name);
  RUN(odd_folders_over_files);
  RUN(odd_unfinished_files);
  RUN(odd_lists_of_files);
  RUN(odd_writes_below_filters);
  RUN(odd_one_column);
  RUN(odd_keys_of_json);
  RUN(odd_fixed_width);
  RUN(odd_literals);
  RUN(odd_calls);
  RUN(odd_histogram);
  RUN(odd_bindings);
  RUN(odd_counts);
  RUN(odd_decimals_are_distinct);
  RUN(odd_ranges_of_decimals);
  RUN(odd_ranges_of_u64);
  RUN(odd_medians);
  RUN(odd_windows_are_cancelled);
  RUN(odd_words_that_shout);
  RUN(odd_lines_of_a_stage);
  RUN(odd_files_beside_folders);
  RUN(odd_empty_files);
  RUN(odd_first_rows_too_long);
  RUN(odd_commas);
  RUN(odd_parts_of_two_contexts);
#ifndef DFQ_NO_ARROW
  RUN(odd_streams_say_their_own);
  RUN(odd_lists_of_arrow);
#endif
#if !defined(_WIN32) && !defined(__wasi__)
  RUN(odd_pipes_scanned_twice);
#endif
}
