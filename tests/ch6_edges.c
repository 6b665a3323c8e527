// ch6_edges.c - where a file ends, where a thread's part of it begins, and other edges at which
// a reader or a writer may still hold what came before.

// What a pipeline over a file of these bytes gives, with so many threads and rows a batch.
static char *edges_dump(const char *query, const char *bytes, size_t n, int threads,
                        size_t batch) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  char text[512];
  memset(&run, 0, sizeof run);
  run.threads = threads;
  run.batch_rows = batch;
  snprintf(text, sizeof text, query, test_file_n("edges.csv", bytes, n));
  char *got = csv_dump(dfq_configure(dfq_query(db, text), &run));
  dfq_close(db);
  return got;
}

#define EDGES_MEANS(query, bytes, want) \
  edges_means(TEST_AT, query, bytes, sizeof(bytes) - 1, want)

// Bytes of a disk mean the same in whatever pieces they come. query: of the file f.csv.
static void edges_means(const char *at, const char *query, const char *bytes, size_t n,
                        const char *want) {
  static const size_t pieces[] = { 0, 1, 2, 7 };
  for (int i = 0; i < 4; i++) {
    csv_disk disk = csv_disk_of(bytes, n);
    disk.piece = pieces[i];
    dfq *db = csv_on(&disk);
    char *got = csv_dump((dfq_query)(db, query));
    test_str(at, query, "what it means", got, want);
    free(got);
    dfq_close(db);
    CHECK_INT(disk.opens, disk.closes);
  }
}

// A thread's second morsel begins with nothing of its first: no escape, above all. With a
// single column, lines that became one row would be no error.
TEST(edges_escapes_in_morsels) {
  static const char q[] =
      "scan '%s' escape '\\' row_bytes 700 | group : count() as n, max(len_chars(a)) as m";
  uint64_t state = 5;
  for (int round = 0; round < 6; round++) {
    test_string t = { NULL, 0, 0 };
    test_puts(&t, "a\n");
    for (int i = 0, kind = 0; i < 6000; i++) {
      static const char *const lines[] = { "q\"\n", "q\\,\n", "\\,\n", "\\\\q\n" };
      if (test_random(&state) % 300 == 0) kind = !kind;   // many lines without an escape
      test_puts(&t, lines[kind ? test_random(&state) % 4 : 0]);
    }
    for (int threads = 1; threads < 4; threads++)
      for (size_t batch = 2; batch < 12; batch += 3) {
        char *got = edges_dump(q, t.s, t.len, threads, batch);
        CHECK_STR(got, "n i64|m i64\n6000|2\n");
        free(got);
      }
    free(t.s);
  }
}

// A file may be over before it is known that its bytes have an encoding.
TEST(edges_tiny_files_with_an_encoding) {
  EDGES_MEANS("scan f.csv header false encoding 'latin1'", "7\n", "column_1 i64\n7\n");
  EDGES_MEANS("scan f.csv header false encoding 'utf8'", "7", "column_1 i64\n7\n");
  EDGES_MEANS("scan f.csv header false encoding 'lossy'", "\xFF",
              "column_1 str\n\xEF\xBF\xBD\n");
  EDGES_MEANS("scan f.csv encoding 'latin1'", "a\n", "a str\n");
  EDGES_MEANS("scan f.csv header false names (a)", "\xFF\xFE", "a str\n");
  EDGES_MEANS("scan f.csv header false", "\xFF\xFE" "7\0", "column_1 i64\n7\n");
  EDGES_MEANS("scan f.csv header false", "\xFE\xFF\0" "7", "column_1 i64\n7\n");
}

// The bytes behind the last line are not looked at, however long a comment's first bytes are.
TEST(edges_comments_longer_than_the_file) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "scan f.csv comment '");
  for (int i = 0; i < 400; i++) test_puts(&t, "#");
  test_puts(&t, "'");
  EDGES_MEANS(t.s, "a,b\n#,2\n#", "a str|b i64\n#|2\ndfq: malformed data, f.csv:3:2, "
              "scan: this row has 1 field, but there are 2 columns\n  \"#\"\n"
              "  try: another delimiter; or skip N, where lines before the header are no rows; "
              "or ragged fill");
  EDGES_MEANS("scan f.csv comment '##'", "##x\na\n#\n##", "a str\n#\n");
  EDGES_MEANS("scan f.csv comment '##' widths (1, 2)", "##x\na b\n1 2\n##",
              "a i64|b i64\n1|2\n");
  free(t.s);
}

// Lines that end with CR are counted as such behind a quoted one, too.
TEST(edges_lines_that_end_with_cr) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "a,b\r\"x\ry\",1\r");
  for (int i = 0; i < 60000; i++) test_puts(&t, "abc,2\r");
  test_puts(&t, "abc,no\r");
  char *got = edges_dump("scan '%s' types (b: i64) | filter b > 3", t.s, t.len, 1, 0);
  CHECK_HAS(got, "edges.csv:60004:5, scan: column b holds \"no\"");
  free(got);
  free(t.s);
}

// Bytes of JSON that are no text are that, and not a bracket that is never closed.
TEST(edges_json_that_is_no_text) {
  static const char pair[] = "\xFF\xFE{\0\"\0a\0\"\0:\0" "1\0}\0\n\0\0\xDC{\0}\0";
  csv_disk disk = csv_disk_of(pair, sizeof pair - 1);
  dfq *db = csv_on(&disk);
  char *got = csv_dump(dfq_query(db, "scan f.jsonl types (a: i64)"));
  CHECK_HAS(got, "f.jsonl:2:1, scan: the bytes here are no UTF-16");
  CHECK(!strstr(got, "try:"));
  free(got);
  dfq_close(db);
}

// A condition that names no column fails at a row, whose number is told all the same.
TEST(edges_conditions_without_columns) {
  static const char want[] = "n i64\ndfq: value error, scan: cast('x' as i64) has no value of "
                             "type i64, in row 1\n  try: try_cast, which makes null of what "
                             "cannot be cast";
  EDGES_MEANS("scan f.jsonl | filter cast(concat('x','') as i64) = 1 | group : count() as n",
              "{\"a\":1}\n{\"a\":2}\n", want);
  EDGES_MEANS("scan f.csv widths (2) | filter cast(concat('x','') as i64) = 1 "
              "| group : count() as n", "a\n1\n2\n", want);
  EDGES_MEANS("scan f.csv | filter cast(concat('x','') as i64) = 1 | group : count() as n",
              "a\n1\n2\n", want);
}

// A value that is no object is bad, and what stands behind it in its row is not.
TEST(edges_values_behind_a_bad_one) {
  static const char text[] = "{\"g\":{\"x\":1,\"y\":[1]},\"b\":2,\"h\":{\"z\":1}}\n"
                             "{\"g\":5,\"b\":4,\"h\":[],\"b2\":1}\n"
                             "{\"b\":\"\\u00e4\",\"g\":\"}\",\"h\":{\"z\":7}}\n"
                             "{\"b\":6,\"g\":null}\n";
  EDGES_MEANS("scan f.jsonl infer 1 bad_values null unknown ignore", text,
              "g.x i64|g.y list(i64)|b i64|h.z i64\n1||2|1\n~|~|4|~\n~|~|~|7\n~|~|6|~\n");
  EDGES_MEANS("scan f.jsonl infer 1 bad_values skip unknown ignore", text,
              "g.x i64|g.y list(i64)|b i64|h.z i64\n1||2|1\n~|~|6|~\n");
  dfq *db = dfq_open(NULL);
  char query[500];
  const char *path = test_file("behind.jsonl", text);
  snprintf(query, sizeof query, "scan '%s' infer 1 bad_values null unknown ignore "
           "| filter b > 3 | select b, \"h.z\"", path);
  CHECK_SAME(dfq_query(db, query));
  dfq_table *t = dfq_collect(dfq_query(db, query));
  CHECK_INT(t ? dfq_table_rows(t) : 0, 2);
  dfq_table_free(t);
  CHECK_HAS(json_error(db, "infer 1 bad_values null", text), "a key that the sample has not");
  CHECK_HAS(json_error(db, "infer 1 bad_values skip", "{\"g\":{\"x\":1}}\n{\"g\":1,}\n"),
            "j.jsonl:2:8, scan: no JSON");
  dfq_close(db);
}

// What a pipeline's rows are as CSV with some options; or the error. Owns: the caller.
static char *edges_csv(dfq *db, dfq_frame *f, const dfq_write_options *o) {
  FILE *out = tmpfile();
  bool ok = dfq_print_csv(f, out, o);
  char *text = test_text(out);
  if (ok) return text;
  free(text);
  text = (char *)test_alloc(500);
  snprintf(text, 500, "%s", dfq_error(db));
  return text;
}

static const char edges_row[] =
    "scan '%s' types (t: time, i: i64, b: bool) | select t, i, b, date '2024-01-01' as d,"
    " datetime '2024-01-01 10:00:00.5' as w, duration '1d 02:03:04' as s, -1e300 as x,"
    " cast(-1.50 as decimal(9, 2)) as m, f64 'nan' as n, -f64 'inf' as f, 'x' as u";

// Whatever the delimiter is, what is written has as many fields, and reads back equal.
TEST(edges_delimiters_in_numbers_and_dates) {
  static const char types[] = "t: time, i: i64, b: bool, d: date, w: datetime, s: duration, "
                              "x: f64, m: decimal(9, 2), n: f64, f: f64, u: str";
  char query[600];
  dfq *db = dfq_open(NULL);
  const char *path = test_file("row.csv", "t,i,b\n10:00:00,-5,true\n,,\n");
  snprintf(query, sizeof query, edges_row, path);
  for (const char *d = "059aeflnrstuTdE+-.: ;\t|_"; *d; d++) {
    dfq_frame *f = dfq_query(db, query);
    dfq_write_options o = files_as(NULL);
    o.delimiter = *d;
    char *text = edges_csv(db, f, &o), difference[200] = "";
    dfq_csv_options read = csv_options();
    read.delimiter = *d;
    read.types = types;
    dfq_table *want = dfq_collect(f);
    dfq_table *got = dfq_collect(dfq_scan_csv(db, test_file("back.csv", text), &read));
    if (!CHECK(got && dfq_table_equal(want, got, difference, sizeof difference)))
      test_fail("    delimiter %c: %s\n%s%s\n", *d, difference, text, got ? "" : dfq_error(db));
    dfq_table_free(want);
    dfq_table_free(got);
    free(text);
    o.quote = DFQ_QUOTE_NEVER;
    text = edges_csv(db, f, &o);
    if (strchr("0-: .", *d)) CHECK_HAS(text, "quote is never");
    free(text);
  }
  dfq_close(db);
}

// With an encoding the sample's buffer is full when a character might not fit into it: that is
// no end of the sample.
TEST(edges_fixed_samples_with_an_encoding) {
  static const char *const options[] = { "", "encoding 'lossy'", "encoding 'latin1'" };
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "Name  Age\nAd\xE4    36\n");
  for (int i = 0; i < 900; i++) test_puts(&t, "Ada    36\n");
  test_puts(&t, "Ada   abc\n");
  for (int i = 0; i < 3; i++)
    for (int bytes = 500; bytes < 504; bytes++) {
      char query[200];
      snprintf(query, sizeof query, "scan '%%s' format fixed infer all row_bytes %d %s | group "
               ": count() as n, max(Age) as a", bytes, options[i]);
      char *got = edges_dump(query, t.s, t.len, 1, 0);
      CHECK_STR(got, "n i64|a str\n902|abc\n");
      free(got);
    }
  free(t.s);
}

// A key whose name begins as hidden folders do is written and read back.
TEST(edges_keys_like_hidden_folders) {
  static const char *const queries[] = {
    "scan '%s' | select id, id %% 3 as _k, 'a=b' as \".\", '_x' as \"a/b\"",
    "scan '%s/' | select id, _k, \".\", \"a/b\"",
  };
  dfq *db = dfq_open(NULL);
  char query[500];
  const char *path = test_path("hidden"), *from = test_file("hide.csv", "id\n1\n2\n3\n4\n");
  snprintf(query, sizeof query, queries[0], from);
  dfq_frame *f = dfq_query(db, query);
  CHECK(dfq_write_partitioned(f, path, "_k, \".\", \"a/b\"", NULL));
  snprintf(query, sizeof query, queries[1], path);
  dfq_frame *g = dfq_query(db, query);
  dfq_table *want = dfq_collect(dfq_sort(f, "id")), *got = dfq_collect(dfq_sort(g, "id"));
  if (!CHECK(got && dfq_table_equal(want, got, NULL, 0))) test_fail("    %s\n", dfq_error(db));
  CHECK_SAME(dfq_filter(g, "_k = 1 or \".\" = 'z'"));
  dfq_table_free(want);
  dfq_table_free(got);
  files_fell(path);
  dfq_close(db);
}

static int edges_listed;
static dfq_io edges_io;
static bool edges_list(void *user, const char *folder,
                       bool (*entry)(void *to, const char *name, bool folder, int64_t bytes),
                       void *to, const char **why) {
  edges_listed++;
  return edges_io.list(user, folder, entry, to, why);
}

// However many ** there are before it, a folder is listed once for each way to it.
TEST(edges_folders_are_listed_once) {
  static const struct { const char *pattern, *want; int listed; } cases[] = {
    { "deep/**/x.csv", "a i64\n1\n2\n3\n4\n", 4 }, { "deep/**", "a i64\n1\n2\n3\n4\n", 4 },
    { "deep/", "a i64\n1\n2\n3\n4\n", 4 },         { "deep/*/x.csv", "a i64\n2\n3\n", 3 },
    { "deep/**/b/x.csv", "a i64\n1\n", 5 },         { "deep/**/b/**", "a i64\n1\n", 5 },
  };
  dfq_options options;
  dfq *plain = dfq_open(NULL);
  edges_io = plain->io;
  dfq_io io = edges_io;
  memset(&options, 0, sizeof options);
  io.list = edges_list;
  options.io = &io;
  dfq *db = dfq_open(&options);
  files_plant("deep/x.csv", "a\n4\n");
  files_plant("deep/a/x.csv", "a\n2\n");
  files_plant("deep/a/b/x.csv", "a\n1\n");
  files_plant("deep/c/x.csv", "a\n3\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    edges_listed = 0;
    char *got = files_scan(db, cases[i].pattern, NULL, NULL);
    if (!CHECK_INT(edges_listed, cases[i].listed)) test_fail("    %s\n", cases[i].pattern);
    CHECK_STR(got, cases[i].want);
    free(got);
  }
  files_fell(test_path("deep"));
  dfq_close(db);
  dfq_close(plain);
}

// What a scan holds is what it holds at once, not what all of its batches held.
TEST(edges_scans_hold_a_group_at_most) {
  dfq *db = dfq_open(NULL);
  dfq_write_options o = files_as(NULL);
  const char *path = test_path("held.dfq");
  o.group_rows = 1000;
  dfq_frame *f = dfq_filter(files_rows(db, 20000), "id >= 0");
  CHECK(dfq_write(f, path, &o));
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.batch_rows = 50;
  run.threads = 1;
  f = dfq_filter(dfq_configure(dfq_scan_columnar(db, path, NULL), &run), "id % 2 > 5");
  FILE *out = tmpfile();
  CHECK(dfq_explain_as(dfq_select(f, "name"), DFQ_EXPLAIN_ANALYZE, out));
  char *text = test_text(out), *scan = strstr(text, "held.dfq"), peak[40] = "";
  CHECK_INT(scan ? sscanf(scan, "%*s - 0 0 %*s %39s", peak) : 0, 1);
  CHECK(strlen(peak) < strlen("100,000"));   // of 20 groups it would be 3 million
  free(text);
  dfq_close(db);
}

// With fill_missing a type may be given for a column that some files lack, but not all.
TEST(edges_types_of_columns_that_some_files_lack) {
  static const char *const queries[] = {
    "scan '%s' fill_missing true types (b: str, c: date '%%d.%%m.%%Y')",
    "scan '%s' fill_missing true types (b: str, d: i64)",
    "scan '%s' fill_missing true types (b: str, b: i64)",
    "scan '%s' fill_missing true types (lacks: i64)",
    "scan '%s' fill_missing true file_name f types (f: str)",
  };
  static const char *const want[] = {
    "a i64|b str|c date\n1|007|~\n2|~|2024-02-01\n",
    "some/lacks=1/x?.csv has no column d", "two types for column b",
    "has no column lacks", "has no column f",
  };
  char query[500];
  dfq *db = dfq_open(NULL);
  files_plant("some/lacks=1/x1.csv", "a,b\n1,007\n");
  files_plant("some/lacks=1/x2.csv", "a,c\n2,01.02.2024\n");
  for (int i = 0; i < 5; i++) {
    snprintf(query, sizeof query, queries[i], test_path("some/lacks=1/x?.csv"));
    if (i) CHECK_HAS(dfq_frame_error(dfq_query(db, query)), want[i]);
    if (i) continue;
    dfq_frame *f = dfq_query(db, query);
    char *got = csv_dump(dfq_drop(f, "lacks"));
    CHECK_STR(got, want[0]);
    free(got);
    CHECK_SAME(dfq_filter(f, "b like '0%' or c > date '2024-01-01'"));
    got = csv_dump(dfq_drop(dfq_query(db, dfq_pipeline_text(f)), "lacks"));
    CHECK_STR(got, want[0]);
    free(got);
  }
  snprintf(query, sizeof query, "scan '%s' fill_missing true types (c: str)",
           test_path("some/lacks=1/x1.csv"));
  CHECK_HAS(dfq_frame_error(dfq_query(db, query)), "x1.csv has no column c");
  files_fell(test_path("some"));
  dfq_close(db);
}

// Of JSON, too, rows that are not read say nothing of the columns.
TEST(edges_samples_of_the_rows_that_are_read) {
  static const char text[] = "{\"a\":1}\n{\"b\":1}\n{\"a\":\"x\"}\n";
  EDGES_MEANS("scan f.jsonl rows 1", text, "a i64\n1\n");
  EDGES_MEANS("scan f.jsonl rows 2", text, "a i64|b i64\n1|~\n~|1\n");
  EDGES_MEANS("scan f.jsonl rows 2 infer 1 unknown ignore", text, "a i64\n1\n~\n");
}

// A value that cannot be written ends the run: what is wrong behind it is not met.
TEST(edges_writing_stops_at_the_first_failure) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.batch_rows = 10;
  run.threads = 1;
  dfq_write_options o = files_as(NULL);
  o.quote = DFQ_QUOTE_NEVER;
  dfq_frame *f = dfq_with_columns(files_rows(db, 500), "'a,b' as s");
  f = dfq_filter(dfq_configure(f, &run), "cast(if(id < 400, '1', 'x') as i64) = 1");
  char *got = edges_csv(db, f, &o);
  CHECK_HAS(got, "quote is never");
  free(got);
  got = edges_csv(db, dfq_drop(f, "s, name"), &o);
  CHECK_HAS(got, "has no value of type i64, in row 401");
  free(got);
  dfq_close(db);
}

// The last of two folders with one key says what it is, unless that is null.
TEST(edges_keys_that_stand_twice) {
  dfq *db = dfq_open(NULL);
  files_plant("twice/k=1/%6B=2/x.csv", "a\n1\n");
  files_plant("twice/k=3/k=__HIVE_DEFAULT_PARTITION__/x.csv", "a\n2\n");
  files_plant("twice/j=%41/x.csv", "a\n3\n");
  char *got = files_scan(db, "twice/", NULL, NULL);
  CHECK_STR(got, "a i64|j str|k i64\n3|A|~\n1|~|2\n2|~|3\n");
  free(got);
  files_fell(test_path("twice"));
  dfq_close(db);
}

// A key of an object that stands twice is an error like any other, whatever its values are.
TEST(edges_objects_that_stand_twice) {
  static const char *const twice[] = {
    "{\"g\":{\"x\":1},\"g\":{\"y\":2}}\n", "{\"g\":{\"x\":1},\"g\":null}\n",
    "{\"g\":null,\"g\":{\"x\":1}}\n",       "{\"g\":{\"x\":1},\"g\":[2,{}]}\n",
    "{\"g\":5,\"g\":{\"x\":1,\"y\":1}}\n",
  };
  static const char head[] = "{\"g\":{\"x\":1,\"y\":2},\"h\":{\"g\":{\"x\":1}}}\n";
  dfq *db = dfq_open(NULL);
  char text[300];
  for (int i = 0; i < 5; i++) {
    snprintf(text, sizeof text, "%s%s%s", head, head, twice[i]);
    const char *error = json_error(db, "infer 1 bad_values null", text);
    CHECK_HAS(error, "j.jsonl:3:");
    CHECK_HAS(error, "another value of a key that stands twice in its object");
    CHECK_STR(json_error(db, "infer 1 bad_values null | select \"h.g.x\"", text), "no error");
  }
  dfq_close(db);
}

static void run_ch6_edges(void) {
  RUN(edges_escapes_in_morsels);
  RUN(edges_tiny_files_with_an_encoding);
  RUN(edges_comments_longer_than_the_file);
  RUN(edges_lines_that_end_with_cr);
  RUN(edges_json_that_is_no_text);
  RUN(edges_conditions_without_columns);
  RUN(edges_values_behind_a_bad_one);
  RUN(edges_delimiters_in_numbers_and_dates);
  RUN(edges_fixed_samples_with_an_encoding);
  RUN(edges_keys_like_hidden_folders);
  RUN(edges_folders_are_listed_once);
  RUN(edges_scans_hold_a_group_at_most);
  RUN(edges_types_of_columns_that_some_files_lack);
  RUN(edges_samples_of_the_rows_that_are_read);
  RUN(edges_writing_stops_at_the_first_failure);
  RUN(edges_keys_that_stand_twice);
  RUN(edges_objects_that_stand_twice);
}
