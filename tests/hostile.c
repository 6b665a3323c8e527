// hostile.c - input that is made to hurt: shapes that no limit was thought of for, names and
// paths of every kind, keys that would collide. What is too much is an error that names the
// limit and what to do; everything else just works, in time that grows with the input. With
// DFQ_HOSTILE=full in the environment the sizes are a hundred times those of every day.

static size_t hostile_scale(void) {
  const char *full = getenv("DFQ_HOSTILE");
  return full && strcmp(full, "full") == 0 ? 100 : 1;
}

// A file of nothing but line ends: each is a null of the one column. In fixed memory.
TEST(hostile_empty_rows) {
  size_t rows = 1000000 * hostile_scale();
  csv_disk disk = csv_disk_of("a\n\n\n\n\n\n\n\n\n\n\n", 12);
  disk.from = 2;
  disk.repeat = rows / 10 - 1;
  dfq *db = csv_on(&disk);
  CHECK_INT(dfq_count(dfq_scan_csv(db, "f.csv", NULL)), rows);
  dfq_frame *f = dfq_group_by(dfq_scan_csv(db, "f.csv", NULL), "a", "count() as n");
  dfq_table *t = dfq_collect(f);
  CHECK_INT(dfq_table_i64(t, 0, 1), rows);
  dfq_table_free(t);
  CHECK(dfq_bytes_peak(db) < (size_t)16 << 20);
  dfq_close(db);
}

// A file of one row: column c, or a if they are all called so, is c.
static const char *hostile_wide(size_t columns, bool same) {
  test_string s = { NULL, 0, 0 };
  for (int line = 0; line < 2; line++)
    for (size_t c = 0; c < columns; c++) {
      char name[32];
      const char *end = c + 1 < columns ? "," : "\n";
      if (!line && same) snprintf(name, sizeof name, "a%s", end);
      else snprintf(name, sizeof name, "%s%zu%s", line ? "" : "c", c, end);
      test_puts(&s, name);
    }
  const char *path = test_file_n("wide.csv", s.s, s.len);
  free(s.s);
  return path;
}

// Columns without end: all are there, in time that their number explains, or an error says how
// many there may be.
TEST(hostile_many_columns) {
  size_t columns = hostile_scale() > 1 ? 1000000 : 10000;
  dfq *db = dfq_open(NULL);
  dfq_csv_options comma = csv_options();
  comma.delimiter = ',';
  for (int same = 0; same < 2; same++) {
    dfq_frame *f = dfq_scan_csv(db, hostile_wide(columns, same), &comma);
    CHECK_INT(dfq_schema_of(f)->count, columns);
    dfq_table *t = dfq_collect(dfq_select(f, same ? "a_8, a_10000" : "c7, c9999"));
    CHECK_INT(dfq_table_i64(t, 0, 1), 9999);
    dfq_table_free(t);
  }
  columns = hostile_scale() > 1 ? 2000000 : 1000001;
  limit_says(dfq_frame_error(dfq_scan_csv(db, hostile_wide(columns, true), &comma)),
             "columns, more than 1000000", "a part of them");
  dfq_close(db);
}

// Every stage that looks at all columns does so in time that grows as they do, not as their
// pairs: names out of order, and twice, among them.
TEST(hostile_stages_of_many_columns) {
  int columns = hostile_scale() > 1 ? 200000 : 5000;
  static const char *const stages[] = {
    "drop c3", "select cols(*)", "select cols(i64) * 2", "move c9 first", "rename c5 as x",
    "with c1 + 1 as x, c2 * 2 as c2", "filter c1 > 0 | sort c2", "row_index x",
    "join wide on c0", "join (wide | move c9 first | rename c5 as x) on c0 left",
    "union wide", "union (wide | move c9 first) by name", "unpivot cols(* - c1) keep c1",
    "with sum(c1) over (partition by c2) as x", "fill_null 0 in c1", "limit 1 | filter c7 > 1",
  };
  dfq *db = dfq_open(NULL);
  dfq_csv_options comma = csv_options();
  comma.delimiter = ',';
  dfq_register(db, "wide", dfq_scan_csv(db, hostile_wide((size_t)columns, false), &comma));
  for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
    char text[200];
    snprintf(text, sizeof text, "wide | %s", stages[i]);
    dfq_frame *f = dfq_query(db, text);
    dfq_table *t = dfq_collect(f);
    CHECK_STR(t ? "" : dfq_error(db), "");
    CHECK_INT(dfq_schema_of(f)->count, dfq_table_columns(t));
    dfq_table_free(t);
  }
  dfq_close(db);
}

// A field of many megabytes: read while there is memory, and else an error that says so.
TEST(hostile_huge_field) {
  static char part[1 << 16];
  memset(part, 'x', sizeof part);
  memcpy(part, "a,b\n1,", 6);
  csv_disk disk = csv_disk_of(part, sizeof part);
  disk.from = 6;
  for (int i = 0; i < 3; i++) {
    dfq_io io;
    dfq_options o;
    disk.repeat = i == 0 ? 20 : (i == 1 ? 400u : 2000u) * hostile_scale();
    dfq *db = csv_on(&disk);
    io = db->io;
    memset(&o, 0, sizeof o);
    o.io = &io;
    o.budget = (size_t)(i == 1 ? 24 : 1000) << 20;
    dfq_close(db);
    db = dfq_open(&o);
    dfq_table *t = dfq_collect(dfq_scan_csv(db, "f.csv", NULL));
    CHECK((t != NULL) == (i == 0));
    if (i == 1) CHECK_HAS(dfq_error(db), "options.budget");
    if (i == 2) CHECK_HAS(dfq_error(db), "longer than 64 MB");
    CHECK(dfq_bytes_peak(db) <= o.budget);
    dfq_table_free(t);
    dfq_close(db);
  }
}

// Nothing nests without end: the parser says where it stopped, and the stack holds.
TEST(hostile_nesting) {
  static const char *const open[] = { "(", "not ", "- ", "coalesce(", "case when true then ",
                                      "a + (", "[", "cast(", "a = (b or " };
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < (int)(sizeof open / sizeof *open); i++) {
    test_string s = { NULL, 0, 0 };
    for (int k = 0; k < 100000; k++) test_puts(&s, open[i]);
    test_puts(&s, "1");
    CHECK(dfq_expr_kind_of(dfq_parse(db, s.s)) == DFQ_FAILED);
    CHECK(strlen(dfq_error(db)) < 5000);
    free(s.s);
  }
  test_string p = { NULL, 0, 0 };
  for (int k = 0; k < 100000; k++) test_puts(&p, "(");
  CHECK_HAS(dfq_frame_error(dfq_query(db, p.s)), "nested more than 200 deep");
  free(p.s);
  dfq_close(db);
}

// Plans of ten thousand steps: up to a length they run, beyond it they say the limit.
TEST(hostile_long_plans) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, test_file("long.csv", "a\n1\n2\n"), NULL);
  for (int i = 0; i < 10000 && !dfq_frame_error(f); i++) f = dfq_filter(f, "a > 0");
  CHECK_HAS(dfq_frame_error(f), "limit reached");
  CHECK_HAS(dfq_frame_error(f), "the plan is more than 1000 steps long");
  f = dfq_scan_csv(db, test_path("long.csv"), NULL);
  for (int i = 0; i < 900; i++) f = dfq_filter(f, "a > 1");
  CHECK_INT(dfq_count(f), 1);
  f = dfq_scan_csv(db, test_path("long.csv"), NULL);   // wide, not long: a union doubles
  for (int i = 0; i < 40 && !dfq_frame_error(f); i++) f = dfq_union(f, f);
  CHECK_HAS(dfq_frame_error(f), "the plan has more than 100000 nodes");
  test_string s = { NULL, 0, 0 };
  test_puts(&s, "scan ");
  test_puts(&s, test_path("long.csv"));
  for (int i = 0; i < 10000; i++) test_puts(&s, " | limit 5");
  CHECK_HAS(dfq_frame_error(dfq_query(db, s.s)), "steps long");
  free(s.s);
  dfq_close(db);
}

// Two ways back of a table whose names are anything: the same columns come out.
static void hostile_names_back(dfq *db, dfq_frame *f, const dfq_csv_options *comma) {
  static const char *const files[] = { "names.dfq", "names2.csv" };
  for (int i = 0; i < 2; i++) {
    char why[256] = "";
    CHECK(dfq_write(f, test_path(files[i]), NULL));
    dfq_frame *back = i ? dfq_scan_csv(db, test_path(files[i]), comma)
                        : dfq_scan(db, test_path(files[i]));
    dfq_table *a = dfq_collect(f), *b = dfq_collect(back);
    if (!CHECK(dfq_table_equal(a, b, why, sizeof why))) printf("    %s\n", why);
    dfq_table_free(a);
    dfq_table_free(b);
  }
}

// Names of every byte there is: read, asked for, printed, written, and read again.
TEST(hostile_names) {
  test_string s = { NULL, 0, 0 };
  dfq *db = dfq_open(NULL);
  for (int b = 1; b < 256; b++) {
    char name[8] = "\"x y\"";
    name[2] = (char)b;
    test_puts(&s, b > 1 ? "," : "");
    test_puts(&s, b == '"' ? "\"x\"\"y\"" : name);
  }
  test_puts(&s, "\n1");
  for (int b = 2; b < 256; b++) test_puts(&s, ",1");
  dfq_csv_options comma = csv_options();
  comma.delimiter = ',';
  comma.header = true;
  dfq_frame *f = dfq_scan_csv(db, test_file_n("names.csv", s.s, s.len), &comma);
  CHECK_INT(dfq_schema_of(f)->count, 255);
  for (int c = 0; c < dfq_schema_of(f)->count; c++) {
    dfq_expr *e = dfq_col(db, dfq_schema_of(f)->field[c].name);
    dfq_frame *one = dfq_filter(dfq_select_exprs(f, &e, 1), dfq_expr_text(dfq_eq(e, e)));
    CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
    const char *text = dfq_pipeline_text(one);
    CHECK_STR(dfq_pipeline_text(dfq_query(db, text)), text);
    CHECK_INT(dfq_count(one), 1);
  }
  hostile_names_back(db, f, &comma);
  free(s.s);
  dfq_close(db);
}

// How far keys of these hashes stand from where they should, on average, in a table that is at
// most half full, and goes by the upper or the lower bits.
static double hostile_walk(const uint64_t *hash, size_t n, bool low) {
  size_t slots = 1, walk = 0;
  int lg = 0;
  for (; slots < 2 * n; lg++) slots *= 2;
  uint8_t *used = (uint8_t *)test_alloc(slots);
  memset(used, 0, slots);
  for (size_t i = 0; i < n; i++) {
    size_t at = (size_t)(low ? hash[i] & (slots - 1) : hash[i] >> (64 - lg));
    for (; used[at]; at = (at + 1) & (slots - 1)) walk++;
    used[at] = 1;
  }
  free(used);
  return (double)walk / (double)n;
}

// Keys that somebody chose who knows the code, and not the seed: multiples of the constants
// that it multiplies with, keys that differ in high bits only, floats of few bits.
TEST(hostile_keys) {
  enum { N = 20000 };
  uint64_t *key = (uint64_t *)test_alloc(N * sizeof *key);
  for (int how = 0; how < 6; how++) {
    dfq *db = dfq_open(NULL);
    for (uint64_t i = 0; i < N; i++) {
      double x = (double)i;
      memcpy(&key[i], &x, sizeof x);
      if (how == 0) key[i] = i << 48 | i >> 16;
      if (how == 1) key[i] = i * UINT64_C(0x9E3779B97F4A7C15);
      if (how == 2) key[i] = i << 32;
      if (how == 3) key[i] = ~i;
      if (how == 4) key[i] = i * UINT64_C(0xD6E8FEB86659FD93);
      key[i] = dfq__hash_word(key[i], db->seed);
    }
    double walk = hostile_walk(key, N, false);
    if (!CHECK(walk < 4)) printf("    way %d: %g\n", how, walk);   // 0.5 is usual
    dfq_close(db);
  }
  free(key);
}

// Paths that are no files to read or write.
TEST(hostile_paths) {
  dfq *db = dfq_open(NULL);
  const char *dir = test_dir();
  dfq_frame *good = dfq_scan_csv(db, test_file("good.csv", "a\n1\n"), NULL);
  CHECK(dfq_frame_error(dfq_scan_csv(db, dir, NULL)) != NULL);
  CHECK(dfq_frame_error(dfq_scan_csv(db, "", NULL)) != NULL);
  CHECK_HAS(dfq_frame_error(dfq_scan_csv(db, test_path("good.csv/x"), NULL)), "good.csv/x");
  char *deep = (char *)test_alloc(20001);
  memset(deep, 'd', 20000);
  deep[20000] = 0;
  CHECK(dfq_frame_error(dfq_scan_csv(db, deep, NULL)) != NULL);
  CHECK(!dfq_write_csv(good, deep, NULL));
  CHECK(!dfq_write_csv(good, dir, NULL));
  CHECK(!dfq_write_csv(good, "", NULL));
  CHECK(!dfq_write(good, test_path("no/such/dir.dfq"), NULL));
#if !defined(_WIN32)
  CHECK_HAS(dfq_frame_error(dfq_scan_csv(db, "/dev/null", NULL)), "/dev/null is empty");
  CHECK(dfq_write_csv(good, "/dev/null", NULL));
  dfq_write_options o;
  memset(&o, 0, sizeof o);
  o.format = "dfq";
  CHECK(dfq_write(good, "/dev/null", &o));
  struct stat null;
  CHECK(stat("/dev/null", &null) == 0 && S_ISCHR(null.st_mode));
#endif
  free(deep);
  dfq_close(db);
}

// A device that never ends: its first row has a limit, and memory has one.
TEST(hostile_endless) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.budget = (size_t)8 << 20;
  dfq *db = dfq_open(&o);
  CHECK(dfq_frame_error(dfq_scan_csv(db, "/dev/zero", NULL)) != NULL);
  CHECK(dfq_bytes_peak(db) <= o.budget);
  dfq_close(db);
}

static void run_hostile(void) {
  RUN(hostile_empty_rows);
  RUN(hostile_many_columns);
  RUN(hostile_stages_of_many_columns);
  RUN(hostile_huge_field);
  RUN(hostile_nesting);
  RUN(hostile_long_plans);
  RUN(hostile_names);
  RUN(hostile_keys);
  RUN(hostile_paths);
  RUN(hostile_endless);
}
