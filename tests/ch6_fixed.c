// ch6_fixed.c - columns by their places: given, and found in the blanks of the sample; files
// of tabs; and forms that the ends of names tell.

// What a file means as one of columns by their places, in pieces of several sizes.
static void fixed_means_as(const char *at, const char *text, const dfq_csv_options *o,
                           const char *want) {
  static const size_t pieces[] = { 0, 1, 7 };
  for (int i = 0; i < 3; i++) {
    csv_disk disk = csv_disk_of(text, strlen(text));
    disk.piece = pieces[i];
    dfq *db = csv_on(&disk);
    char *got = csv_dump(dfq_scan_fixed(db, "f.txt", o));
    test_str(at, "the file", "what it means", got, want);
    free(got);
    dfq_close(db);
    CHECK_INT(disk.opens, disk.closes);
  }
}

static void fixed_means(const char *at, const char *widths, const char *text,
                        const char *want) {
  dfq_csv_options o = csv_options();
  o.widths = widths;
  fixed_means_as(at, text, &o, want);
}

#define FIXED_MEANS(widths, text, want) fixed_means(TEST_AT, widths, text, want)

TEST(fixed_widths) {
  FIXED_MEANS("3, 4", "a  b\n1  x\n22 y y\n", "a i64|b str\n1|x\n22|y y\n");
  FIXED_MEANS("2,2,2", "a b c\n 1 2 3\n", "a i64|b i64|c i64\n1|2|3\n");
  FIXED_MEANS("1-2, 5-", "a    b\n1 zzxy\n2 zz   q  \r\n", "a i64|b str\n1|xy\n2|q\n");
  FIXED_MEANS("1, 3-3, 1", "a bc\n1-23\n", "a i64|b i64|c i64\n1|2|3\n");
  // a line that ends early is null where it has nothing, so is a column of blanks
  FIXED_MEANS("3,3,3", "a  b  c\n1\n   2\n\n      3",
              "a i64|b i64|c i64\n1|~|~\n~|2|~\n~|~|3\n");
  FIXED_MEANS("3", "a\n1\n\n2\n", "a i64\n1\n~\n2\n");
  // neighbours without a blank between them
  FIXED_MEANS("4,2,5", "yearmmvalue\n202401-1.50\n20231212.25\n",
              "year i64|mm str|value f64\n2024|01|-1.5\n2023|12|12.25\n");
  FIXED_MEANS("10,9", "day       ok\n2024-01-31true\n2024-02-01false\n",
              "day date|ok bool\n2024-01-31|true\n2024-02-01|false\n");
  // characters are counted, not bytes; quotes and commas are text
  FIXED_MEANS("4,3", "n\xC3\xA4m x\n\xC3\xB6\xE2\x82\xAC  1\n\"a,\"2\n",
              "n\xC3\xA4m str|x i64\n\xC3\xB6\xE2\x82\xAC|1\n\"a,\"|2\n");
  FIXED_MEANS("3,3", "\xEF\xBB\xBF" "a  b\n1  2\n", "a i64|b i64\n1|2\n");
}

TEST(fixed_options_are_those_of_csv) {
  dfq_csv_options o = csv_options();
  o.widths = "3,4";
  o.no_header = true;
  o.names = "id, t";
  o.types = "id: i32";
  o.nulls = "-";
  o.comment = "#";
  o.skip = 1;
  o.bad_values = DFQ_BAD_NULL;
  fixed_means_as(TEST_AT, "ignored\n1  abc\n#  no\n-  -\nx  q\n", &o,
                 "id i32|t str\n1|abc\n~|~\n~|q\n");
}

TEST(fixed_places_are_found) {
  FIXED_MEANS("", "Name      Age  City\nAda        36  London\nOttilie R 101  Ulm\n"
                  "Bob            Bonn\n",
              "Name str|Age i64|City str\nAda|36|London\nOttilie R|101|Ulm\nBob|~|Bonn\n");
  // names to the left of what they name, and to the right
  FIXED_MEANS("", "id        text\n       1  a\n      22  b b\n     333  c\n",
              "id i64|text str\n1|a\n22|b b\n333|c\n");
  FIXED_MEANS("", "       id text\n1         a\n22        b\n", "id i64|text str\n1|a\n22|b\n");
  // a name of two words, and a column without values
  FIXED_MEANS("", "First name  x   y\nAda         1\nBo          2\n",
              "First name str|x i64|y str\nAda|1|~\nBo|2|~\n");
  FIXED_MEANS("", "a\n1\n", "a i64\n1\n");
  dfq_csv_options o = csv_options();
  o.infer_rows = 1;   // values that are longer than the sample's, on either side
  fixed_means_as(TEST_AT, "   a  b    c\n   1  x    y\n1000  xyz \xC3\xB6" "y\n"
                 "  12  x   zy\n", &o,
                 "a i64|b str|c str\n1|x|y\n1000|xyz|\xC3\xB6y\n12|x|zy\n");
  o = csv_options();
  o.no_header = true;
  fixed_means_as(TEST_AT, "1  x\n2  yy\n10 z\n", &o,
                 "column_1 i64|column_2 str\n1|x\n2|yy\n10|z\n");
}

static const char *fixed_error(dfq *db, const char *widths, const char *text) {
  dfq_csv_options o = csv_options();
  o.widths = widths;
  dfq_table *t = dfq_collect(dfq_scan_fixed(db, test_file("places.txt", text), &o));
  dfq_table_free(t);
  return t ? "no error" : dfq_error(db);
}

TEST(fixed_errors_say_where) {
  dfq *db = dfq_open(NULL);
  const char *e = fixed_error(db, "3,3", "a  b\n1  2\n1  2  x\n");
  CHECK_HAS(e, "places.txt:3:7, scan: text where no column is: \"x\"");
  CHECK_HAS(e, "the last one may be open");
  dfq_csv_options o = csv_options();
  o.infer_rows = 1;
  const char *path = test_file("places.txt", "a   b\n1   2\n3 4 5\n");
  CHECK(dfq_collect(dfq_scan_fixed(db, path, &o)) == NULL);
  CHECK_HAS(dfq_error(db), "places.txt:3:3, scan: text where no column is: \"4 5\"");
  path = test_file("places.txt", "a   b\n1   2\n30005\n");
  CHECK(dfq_collect(dfq_scan_fixed(db, path, &o)) == NULL);
  CHECK_HAS(dfq_error(db), "places.txt:3:2, scan: text where no column is: \"0005\"");
  CHECK_HAS(dfq_error(db), "this place was blank in the sample");
  path = test_file("places.txt", "a   b\n1   2\n3   x\n");
  CHECK(dfq_collect(dfq_scan_fixed(db, path, &o)) == NULL);
  CHECK_HAS(dfq_error(db), "places.txt:3:5, scan: column b holds \"x\", which is no i64");
  CHECK_HAS(fixed_error(db, "3,", "a\n"), "a number of characters, as in 10 or 1-10");
  CHECK_HAS(fixed_error(db, "0, 3", "a\n"), "columns have a character at least");
  CHECK_HAS(fixed_error(db, "1-5, 3-8", "a\n"), "stand one behind the other");
  CHECK_HAS(fixed_error(db, "1-, 3", "a\n"), "stand one behind the other");
  CHECK_HAS(fixed_error(db, "5-3", "a\n"), "^^^");
  CHECK_HAS(fixed_error(db, "3, 3", ""), "is empty");
  o = csv_options();
  o.delimiter = ';';
  CHECK_HAS(dfq_frame_error(dfq_scan_fixed(db, path, &o)), "not parted by delimiters");
  CHECK_HAS(dfq_frame_error(dfq_scan_fixed(db, "nosuch.fwf", NULL)), "nosuch.fwf");
  CHECK_HAS(dfq_frame_error(dfq_scan_fixed(db, NULL, NULL)), "no path");
  dfq_close(db);
}

// Random tables as lines of places: filters, pruning, limits, threads and both engines agree
// with the same table as CSV.
TEST(fixed_agrees_with_csv) {
  uint64_t seed = 11;
  for (int round = 0; round < 12; round++) {
    test_string fixed = { NULL, 0, 0 }, csv = { NULL, 0, 0 };
    test_puts(&fixed, "a    b     c\n");
    test_puts(&csv, "a,b,c\n");
    for (int i = 0; i < 300; i++) {
      char line[128];
      uint64_t x = test_random(&seed);
      int a = (int)(x % 2000) - 1000, b = (int)(x >> 16 & 255);
      const char *c = x >> 32 & 1 ? "\xC3\xA9t\xC3\xA9" : x >> 33 & 1 ? "" : "long enough text";
      snprintf(line, sizeof line, "%5d%3d.5 %s\n", a, b, c);
      test_puts(&fixed, line);
      snprintf(line, sizeof line, "%d,%d.5,%s\n", a, b, c);
      test_puts(&csv, line);
    }
    const char *path = test_file("places.txt", fixed.s), *other = test_file("same.csv", csv.s);
    dfq *db = dfq_open(NULL);
    dfq_csv_options o = csv_options();
    o.widths = "1-5, 6-10, 12-";
    static const char *const queries[] = {
      "a > 0", "c = '\xC3\xA9t\xC3\xA9' and b < 100.0", "c is null", "a % 7 = 3 or b > 250.0"
    };
    for (int q = 0; q < 4; q++) {
      dfq_frame *f = dfq_filter(dfq_scan_fixed(db, path, &o), queries[q]);
      dfq_frame *g = dfq_filter(dfq_scan_csv(db, other, NULL), queries[q]);
      if (q & 1) f = dfq_select(f, "c, a");
      if (q & 1) g = dfq_select(g, "c, a");
      if (!CHECK(dfq_check_equivalent(f, NULL))) test_fail("    %s\n", dfq_error(db));
      char *got = csv_dump(f), *want = csv_dump(g);
      CHECK_STR(got, want);
      free(got);
      free(want);
    }
    dfq_close(db);
    free(fixed.s);
    free(csv.s);
  }
}

// A file of several morsels, by two threads.
TEST(fixed_in_morsels) {
  test_string t = { NULL, 0, 0 };
  int64_t sum = 0;
  test_puts(&t, "id      text\n");
  for (int i = 0; i < 60000; i++) {
    char line[64];
    snprintf(line, sizeof line, "%-7d row %d\n", i, i % 100);
    test_puts(&t, line);
    sum += i;
  }
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 2;
  run.batch_rows = 256;
  dfq_frame *f = dfq_scan_fixed(db, test_file("many.fwf", t.s), NULL);
  f = dfq_configure(dfq_group_by(f, "", "sum(id) as s, count() as n"), &run);
  dfq_table *got = dfq_collect(f);
  if (CHECK(got != NULL)) CHECK_INT(dfq_table_i64(got, 0, 0), sum);
  dfq_table_free(got);
  free(t.s);
  dfq_close(db);
}

TEST(fixed_prints_and_parses_back) {
  dfq *db = dfq_open(NULL);
  const char *fwf = test_file("print.fwf", "a   b\n1   x\n"), *txt = test_file("print.txt",
                                                                              "a   b\n1   x\n");
  const char *tsv = test_file("print.TSV", "a\tb\n1\t\"x\ty\"\n");
  static const char *const options[] = {
    "", " widths (1-3, 5-)", " widths (4, 2)", " widths ()", " format csv", " format fixed",
    " format fixed header false", " format tsv"
  };
  const char *const paths[] = { fwf, txt, tsv };
  for (int p = 0; p < 3; p++)
    for (int i = 0; i < 8; i++) {
      char text[512];
      snprintf(text, sizeof text, "scan %s%s", paths[p], options[i]);
      dfq_frame *f = dfq_query(db, text);
      const char *back = dfq_pipeline_text(f);
      dfq_frame *g = dfq_query(db, back);
      if (!CHECK_STR(dfq_pipeline_text(g), back)) test_fail("    of %s\n", text);
      char *want = csv_dump(f), *got = csv_dump(g);
      CHECK_STR(got, want);
      if (CHECK(*back)) CHECK_INT(dfq_schema_of(f)->count, dfq_schema_of(g)->count);
      free(want);
      free(got);
    }
  char *got = csv_dump(dfq_scan(db, tsv));
  CHECK_STR(got, "a i64|b str\n1|x\ty\n");
  free(got);
  got = csv_dump(dfq_scan(db, fwf));
  CHECK_STR(got, "a i64|b str\n1|x\n");
  free(got);
  CHECK_STR(dfq_pipeline_text(dfq_query(db, "scan examples/data/orders.csv format csv")),
            "scan examples/data/orders.csv");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan a.csv format xml")),
            "csv, tsv, fixed, dfq or json");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan a.csv widths (3")), "expected )");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan a.csv widths (3 | limit 1")), "expected )");
  CHECK_HAS(dfq_frame_error((dfq_scan)(db, "nosuch.tsv")), "nosuch.tsv");
  dfq_close(db);
}

static bool fixed_use(dfq *db, const void *user) {
  const char *path = (const char *)user;
  dfq_csv_options o = csv_options();
  dfq_table *t = dfq_collect(dfq_filter(dfq_scan_fixed(db, path, &o), "b > 1"));
  if (t) dfq_table_free(t);
  o.widths = "4, 5-";
  t = t ? dfq_collect(dfq_scan_fixed(db, path, &o)) : NULL;
  dfq_table_free(t);
  return t != NULL;
}

TEST(fixed_out_of_memory_everywhere) {
  const char *path = test_file("memory.fwf", "a   b\nx   1\ny   2\nzz  3\n");
  CHECK(csv_fail_each(fixed_use, path, true) > 20);
}

static void run_ch6_fixed(void) {
  RUN(fixed_widths);
  RUN(fixed_options_are_those_of_csv);
  RUN(fixed_places_are_found);
  RUN(fixed_errors_say_where);
  RUN(fixed_agrees_with_csv);
  RUN(fixed_in_morsels);
  RUN(fixed_prints_and_parses_back);
  RUN(fixed_out_of_memory_everywhere);
}
