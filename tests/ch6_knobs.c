// ch6_knobs.c - every option of a CSV scan: what a file means by it, in pieces of all sizes, by
// both engines; what cannot be; and random tables written in random dialects and read back.

// What the bytes mean, split at every place, and in pieces of one byte; then from a file, by
// both engines with rules on and off.
static void knobs_mean(const char *at, const char *bytes, size_t n, const dfq_csv_options *o,
                       const char *want) {
  for (size_t first = 0; first <= n; first++)
    for (size_t piece = 0; piece < 3; piece++) {
      csv_disk disk = csv_disk_of(bytes, n);
      disk.first = first;
      disk.piece = piece;
      disk.no_size = first % 3 == 1;
      dfq *db = csv_on(&disk);
      char *got = csv_dump(dfq_scan_csv(db, "f.csv", o));
      bool same = test_str(at, "the file", "what it means", got, want);
      if (!same) test_fail("    split at %zu, then %zu\n", first, piece);
      free(got);
      dfq_close(db);
      CHECK_INT(disk.opens, disk.closes);
      if (!same) return;
    }
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, test_file_n("knobs.csv", bytes, n), o);
  if (!strstr(want, "dfq: ") && !dfq_check_equivalent(f, NULL))
    test_fail("  %s: engines differ\n", at);
  dfq_frame *again = dfq_query(db, dfq_pipeline_text(f));
  if (!strstr(want, "dfq: ")) {
    char *got = csv_dump(again);
    test_str(at, dfq_pipeline_text(f), "what it means", got, want);
    free(got);
  }
  dfq_close(db);
}
#define KNOBS(text, o, want) knobs_mean(TEST_AT, text, sizeof text - 1, o, want)

TEST(knobs_escape) {
  dfq_csv_options o = csv_options();
  o.escape = '\\';
  KNOBS("a,b\n\"x\\\"y\",\"p\\\\\"\nq\\,r,s\\\nt\nC:\\temp,\\N\n\"\"\"\\\"\",u\\\n", &o,
        "a str|b str\nx\"y|p\\\nq,r|s\nt\nC:\\temp|\\N\n\"\"|u\n\n");
  KNOBS("a,b\n1,\\\"x\n\\#,y\\", &o, "a str|b str\n1|\"x\n\\#|y\\\n");
  o.nulls = "\\N";
  o.comment = "#";
  KNOBS("a,b\n#\\\n1,\\N\n\\#2,x\n", &o, "a str|b str\n1|~\n#2|x\n");
  o = csv_options();
  o.escape = '"';   // which is what a quote does anyway
  KNOBS("a\n\"x\"\"y\"\n", &o, "a str\nx\"y\n");
}

TEST(knobs_comments) {
  dfq_csv_options o = csv_options();
  o.comment = "//";
  KNOBS("// one, \"two\n//\na,b\n/1,2\n//3,4\n\"//5\",6\n7,//\n//", &o,
        "a str|b str\n/1|2\n//5|6\n7|//\n");
}

TEST(knobs_rows_skipped_and_taken) {
  dfq_csv_options o = csv_options();
  o.skip = 1;
  o.skip_rows = 1;
  o.n_rows = 2;
  KNOBS("made \"by\na,b\nkg,m\n\n1,2\n3,4\n5,x\n", &o, "a i64|b i64\n1|2\n3|4\n");
  o.row_index = "no";
  KNOBS("made by\na,b\nkg,m\n1,2\n3,4\n5,x\n", &o, "no i64|a i64|b i64\n0|1|2\n1|3|4\n");
  o = csv_options();
  o.row_index = "no";
  o.bad_values = DFQ_BAD_SKIP;
  o.infer_rows = 1;
  KNOBS("a,b\n1,2\nx,4\n5,6\n", &o, "no i64|a i64|b i64\n0|1|2\n2|5|6\n");
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, "examples/data/airports.csv", &o);
  f = dfq_select(dfq_filter(f, "state = 'TX' and no > 100"), "no, iata");
  CHECK_SAME(f);
  dfq_table *t = dfq_collect(f);
  dfq_table *u = dfq_collect(dfq_query(
      db, "scan examples/data/airports.csv | row_index no | filter state = 'TX' and no > 100 "
          "| select no, iata"));
  char difference[200];
  CHECK(dfq_table_equal(t, u, difference, sizeof difference));
  dfq_table_free(t);
  dfq_table_free(u);
  dfq_close(db);
}

TEST(knobs_nulls) {
  dfq_csv_options o = csv_options();
  o.nulls = "NA, '1,5', b: 99, \"c d\": '-', 'x:y'";
  KNOBS("a,b,c d\n1,99,-\nNA,7,x:y\n99,\"1,5\",\"NA\"\n", &o,
        "a i64|b i64|c d str\n1|~|~\n~|7|~\n99|~|NA\n");
  o.no_header = true;
  o.nulls = "column_2: 0";
  KNOBS("5,0\n0,1\n", &o, "column_1 i64|column_2 i64\n5|~\n0|1\n");
}

TEST(knobs_words_of_truth) {
  dfq_csv_options o = csv_options();
  o.true_words = "yes, 'J,a'";
  o.false_words = "no";
  KNOBS("a,b\nyes,true\nno,yes\n\"J,a\",false\n,\n", &o,
        "a bool|b bool\ntrue|true\nfalse|true\ntrue|false\n~|~\n");
  o.types = "a: bool";
  KNOBS("a\nyes\nmaybe\n", &o,
        "a bool\ntrue\ndfq: malformed data, f.csv:3:1, scan: column a holds \"maybe\", which "
        "is no bool\n  a was given as bool in types\n  try: types (a: str), or bad_values "
        "null or skip");
}

TEST(knobs_decimal_comma_and_thousands) {
  dfq_csv_options o = csv_options();
  o.delimiter = ';';
  o.decimal = ',';
  KNOBS("a;b\n1,5;2\n-0,25;1.5\n1e3;7\n", &o, "a f64|b str\n1.5|2\n-0.25|1.5\n1000.0|7\n");
  o.thousands = '.';
  KNOBS("a;b;c\n1.234,5;1.000;1.2345\n-12;-1.234.567;12.34.567\n", &o,
        "a f64|b i64|c str\n1234.5|1000|1.2345\n-12.0|-1234567|12.34.567\n");
  o.types = "a: decimal(2), b: i32";
  KNOBS("a;b\n1.234,50;1.000\n\"7\";\n", &o, "a decimal(2)|b i32\n1234.50|1000\n7.00|~\n");
  o = csv_options();
  o.thousands = ',';
  KNOBS("a|b\n1,234.5|1,23\n2|x\n", &o, "a f64|b str\n1234.5|1,23\n2.0|x\n");
}

TEST(knobs_trim) {
  dfq_csv_options o = csv_options();
  o.trim = true;
  KNOBS("a , \"b\" ,\tc\n 1, \"x, y\" ,2 \n3,\" z\",  \n", &o,
        "a i64|b str|c i64\n1|x, y|2\n3| z|~\n");
  KNOBS("a,b\n1, \"x\" y\n", &o,
        "a str|b str\ndfq: malformed data, f.csv:2:7, scan: text behind the closing quote; a "
        "quote within quotes is written twice\n  try: quote '' (in C: .quote = '\\n'), where "
        "quotes are ordinary text");
}

TEST(knobs_dates) {
  dfq_csv_options o = csv_options();
  KNOBS("a,b,c\nJan 1 2000,31/12/1999,1/2/2000\nFeb 10 2001,1/2/2000,3/4/2001\n", NULL,
        "a date|b date|c str\n2000-01-01|1999-12-31|1/2/2000\n"
        "2001-02-10|2000-02-01|3/4/2001\n");
  KNOBS("a;b\n24.12.2020 18:30;3/30/2021 1:05 PM\n1.1.2021 0:00;1/1/2021 12:00 AM\n", NULL,
        "a datetime|b datetime\n2020-12-24 18:30:00|2021-03-30 13:05:00\n"
        "2021-01-01 00:00:00|2021-01-01 00:00:00\n");
  KNOBS("a\n1/13/20\n1/14/20\n", NULL, "a str\n1/13/20\n1/14/20\n");
  o.no_dates = true;
  KNOBS("a,b\n2020-01-01,10:00\n", &o, "a str|b str\n2020-01-01|10:00\n");
  o = csv_options();
  o.date_format = "%Y%m%d";
  KNOBS("a,b\n20200131,2020-01-01\n", &o, "a date|b date\n2020-01-31|2020-01-01\n");
  o.datetime_format = "%d/%m/%y %H.%M";
  KNOBS("a,b\n20200131,31/01/20 10.30\n", &o,
        "a date|b datetime\n2020-01-31|2020-01-31 10:30:00\n");
  o = csv_options();
  o.types = "b: date '%m/%d/%Y', a: datetime '%Y%m%d%H%M'";
  KNOBS("a,b\n202001311200,1/2/2000\n", &o,
        "a datetime|b date\n2020-01-31 12:00:00|2000-01-02\n");
  KNOBS("a,b\n202001311200,1/2/2000\n,13/1/2000\n", &o,
        "a datetime|b date\n2020-01-31 12:00:00|2000-01-02\n"
        "dfq: malformed data, f.csv:3:2, scan: column b holds \"13/1/2000\", which is no date "
        "by '%m/%d/%Y'\n  b was given as date in types\n  try: types (b: str), or bad_values "
        "null or skip");
}

TEST(knobs_inference_length) {
  dfq_csv_options o = csv_options();
  o.infer_rows = DFQ_INFER_NONE;
  KNOBS("a,b\n1,2020-01-01\nx,\n", &o, "a str|b str\n1|2020-01-01\nx|~\n");
  o.types = "a: i64";
  KNOBS("a,b\n1,2\n", &o, "a i64|b str\n1|2\n");
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "a\n");
  for (int i = 0; i < 3000; i++) test_puts(&t, "1\n");
  test_puts(&t, "x\n");
  dfq *db = dfq_open(NULL);
  const char *path = test_file("knobs_all.csv", t.s);
  o = csv_options();
  CHECK_INT(dfq_schema_of(dfq_scan_csv(db, path, &o))->field[0].type, DFQ_I64);
  o.infer_rows = DFQ_INFER_ALL;
  CHECK_INT(dfq_schema_of(dfq_scan_csv(db, path, &o))->field[0].type, DFQ_STR);
  dfq_close(db);
  free(t.s);
}

TEST(knobs_ragged) {
  dfq_csv_options o = csv_options();
  o.ragged = DFQ_RAGGED_FILL;
  KNOBS("a,b,c\n1\n2,3\n4,5,6\n7,8,9,\n", &o,
        "a i64|b i64|c i64\n1|~|~\n2|3|~\n4|5|6\n7|8|9\n");
  KNOBS("a,b\n1\n2,3,4\n", &o,
        "a i64|b i64\n1|~\ndfq: malformed data, f.csv:3:5, scan: this row has 3 fields, but "
        "there are 2 columns\n  \"2,3,4\"\n  try: another delimiter; or quotes around fields "
        "that hold it; or ragged truncate");
  o.ragged = DFQ_RAGGED_TRUNCATE;
  KNOBS("a,b\n1\n2,3,4,5\n\n\"6\"\n", &o, "a i64|b i64\n1|~\n2|3\n6|~\n");
  o.no_header = true;
  o.names = "x, y";
  KNOBS("1\n2,3,z\n", &o, "x i64|y i64\n1|~\n2|3\n");
  dfq *db = dfq_open(NULL);
  const char *path = test_file("knobs_ragged.csv", "1,1\n2\n3\n4\n5\n");
  CHECK_INT(dfq_count(dfq_filter(dfq_scan_csv(db, path, &o), "y is null and x > 2")), 3);
  CHECK_HAS(dfq_warnings(db), "4 rows filled with nulls or cut: ");
  CHECK_HAS(dfq_warnings(db), "knobs_ragged.csv:2:1, ");
  dfq_close(db);
}

TEST(knobs_encodings) {
  dfq_csv_options o = csv_options();
  o.encoding = DFQ_ENCODING_LATIN1;
  KNOBS("n\xE4me,b\nZ\xFCrich,1\n\xFF,2\n", &o,
        "n\xC3\xA4me str|b i64\nZ\xC3\xBCrich|1\n\xC3\xBF|2\n");
  o.encoding = DFQ_ENCODING_LOSSY;
  KNOBS("a,b\nZ\xFCrich,\xC3\xA4\xC3\n\xE2\x82,\xE2\x82\xAC\n", &o,
        "a str|b str\nZ\xEF\xBF\xBDrich|\xC3\xA4\xEF\xBF\xBD\n"
        "\xEF\xBF\xBD\xEF\xBF\xBD|\xE2\x82\xAC\n");
  o.encoding = DFQ_ENCODING_UTF8;
  KNOBS("\xEF\xBB\xBF" "a,b\n\xE2\x82\xAC,\xF0\x9F\x98\x80\n", &o,
        "a str|b str\n\xE2\x82\xAC|\xF0\x9F\x98\x80\n");
  KNOBS("a,b\n1,x\n2,\xC3\xA4\xFCy\n3,z\n", &o,
        "a i64|b str\n1|x\ndfq: malformed data, f.csv:3:5, scan: the bytes here are no UTF-8\n"
        "  try: encoding 'latin1', which has a character for each byte; or 'lossy', which puts "
        "U+FFFD there");
  KNOBS("\xFF\xFE" "a\0,\0b\0\n\0" "1\0,\0\xAC\x20\n\0" "2\0,\0\x3D\xD8\x00\xDE\n\0", NULL,
        "a i64|b str\n1|\xE2\x82\xAC\n2|\xF0\x9F\x98\x80\n");
  KNOBS("\xFE\xFF\0a\0\r\0\n\0" "1\0\r\0\n", NULL, "a i64\n1\n");
  KNOBS("\xFF\xFE" "a\0\n\0x\0\n\0\x00\xD8y\0\n\0", NULL,
        "a str\nx\ndfq: malformed data, f.csv:3:1, scan: the bytes here are no UTF-16\n"
        "  try: encoding 'latin1', which has a character for each byte; or 'lossy', which puts "
        "U+FFFD there");
}

TEST(knobs_line_ends_of_old_macs) {
  KNOBS("a,b\r1,\"x\ry\"\r\r2,z", NULL, "a i64|b str\n1|x\ry\n2|z\n");
  dfq_csv_options o = csv_options();
  o.skip = 1;
  KNOBS("by hand\ra\r1\r\rx\r", &o, "a str\n1\n~\nx\n");
  KNOBS("a,b\r1,2\r3\r", NULL,
        "a i64|b i64\n1|2\ndfq: malformed data, f.csv:3:2, scan: this row has 1 field, but "
        "there are 2 columns\n  \"3\"\n  try: another delimiter; or skip N, where lines before "
        "the header are no rows; or ragged fill");
}

TEST(knobs_delimiters_are_found) {
  KNOBS("a;b\n1,5;x\n2,5;y\n", NULL, "a str|b str\n1,5|x\n2,5|y\n");
  KNOBS("a\tb, c\n1\tx\n", NULL, "a i64|b, c str\n1|x\n");
  KNOBS("a|b\n1|\"x|y\"\n", NULL, "a i64|b str\n1|x|y\n");
  KNOBS("a|b\n1|2|\n3|4|\n", NULL, "a i64|b i64\n1|2\n3|4\n");
  KNOBS("text\none; two\nthree\n", NULL, "text str\none; two\nthree\n");
  KNOBS("a;b,c\n1;2,3\n", NULL, "a;b str|c i64\n1;2|3\n");   // a comma is a comma first
  dfq_csv_options o = csv_options();
  o.delimiter = ',';
  KNOBS("a;b\n1;2\n", &o, "a;b str\n1;2\n");
}

TEST(knobs_headers_are_found) {
  KNOBS("x,2020-01-01\ny,2020-01-02\n", NULL,
        "column_1 str|column_2 date\nx|2020-01-01\ny|2020-01-02\n");
  KNOBS("0,a\n1,b\n2,c\n3,d\n", NULL, "column_1 i64|column_2 str\n0|a\n1|b\n2|c\n3|d\n");
  KNOBS("1|a|-2.5|\n2|b|1|\n", NULL,
        "column_1 i64|column_2 str|column_3 f64\n1|a|-2.5\n2|b|1.0\n");
  KNOBS("name,2001,2002\nx,1,2\ny,3,4\n", NULL, "name str|2001 i64|2002 i64\nx|1|2\ny|3|4\n");
  KNOBS("q,0.5,0.9\nx,1.5,2.5\n", NULL, "q str|0.5 f64|0.9 f64\nx|1.5|2.5\n");
  KNOBS("0,1,2\n1,0,1\n0,0,1\n1,1,1\n", NULL, "0 i64|1 i64|2 i64\n1|0|1\n0|0|1\n1|1|1\n");
  KNOBS("id,2020-01-01\n1,5\n2,6\n", NULL, "id i64|2020-01-01 i64\n1|5\n2|6\n");
  dfq_csv_options o = csv_options();
  o.header = true;
  KNOBS("x,2020-01-01\ny,2020-01-02\n", &o, "x str|2020-01-01 date\ny|2020-01-02\n");
  dfq *db = dfq_open(NULL);
  (void)dfq_scan_csv(db, test_file("knobs_head.csv", "1.5,a\n2.5,b\n"), NULL);
  CHECK_HAS(dfq_warnings(db), "the first line is taken for a row, because of its \"1.5\"");
  dfq_close(db);
}

TEST(knobs_row_bytes) {
  dfq_csv_options o = csv_options();
  o.row_bytes = 100;
  char text[400] = "a,b\n1,";
  memset(text + 6, 'x', 300);
  memcpy(text + 306, "\n2,y\n", 6);
  char *got;
  csv_disk disk = csv_disk_of(text, strlen(text));
  dfq *db = csv_on(&disk);
  got = csv_dump(dfq_scan_csv(db, "f.csv", &o));
  CHECK_HAS(got, "f.csv:2:1, scan: the row that begins here is longer than 100 bytes");
  CHECK_HAS(got, "try: row_bytes N, if there are such rows");
  free(got);
  dfq_close(db);
  o.row_bytes = 400;
  KNOBS("a,b\n1,x\n2,yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n3,z\n", &o,
        "a i64|b str\n1|x\n2|yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n3|z\n");
}

// ---- what fits a file -----------------------------------------------------------------------

// The options found for a file, without its types, and a piece of what the search says of them.
static void knobs_found(const char *at, const char *bytes, const char *want, const char *why) {
  dfq *db = dfq_open(NULL);
  dfq_csv_found found;
  const char *path = test_file("found.csv", bytes);
  bool ok = dfq_sniff_csv(db, path, NULL, &found);
  if (!test_true(at, dfq_error(db), ok)) { dfq_close(db); return; }
  char *options = (char *)test_alloc(strlen(found.text) + 1);
  strcpy(options, strstr(found.text, "found.csv") + 9);
  char *types = strstr(options, " types (");
  if (types) *types = 0;
  test_str(at, "the options", "what they are", options, want);
  test_has(at, "the reasons", found.why, why);
  dfq_frame *f = dfq_query(db, found.text), *g = dfq_scan_csv(db, path, &found.options);
  const dfq_schema *a = dfq_schema_of(f), *b = dfq_schema_of(g);
  CHECK_INT(a->count, found.schema.count);
  for (int c = 0; c < a->count && c < b->count; c++) {
    CHECK_STR(a->field[c].name, found.schema.field[c].name);
    CHECK_INT(a->field[c].type, found.schema.field[c].type);
    CHECK_INT(b->field[c].type, found.schema.field[c].type);
    CHECK(found.schema.field[c].why == NULL || *found.schema.field[c].why);
  }
  char *x = csv_dump(f), *y = csv_dump(g);
  CHECK_STR(x, y);
  free(x);
  free(y);
  free(options);
  dfq_close(db);
}

TEST(knobs_are_found) {
  knobs_found(TEST_AT, "a;b\n1,5;x\n2,25;y\n", " delimiter ';' decimal ',' header true",
              "decimal ',': 1 columns have a type, not 0");
  knobs_found(TEST_AT, "a\tb\n1.234,5\tx\n2,25\ty\n",
              " delimiter '\t' decimal ',' thousands '.' header true",
              "delimiter '\\t': it cuts");
  knobs_found(TEST_AT, "a,b\n1,x\nNA,y\n-,?\n", " delimiter ',' nulls 'NA, -' header true",
              "nulls 'NA, -': 1 columns");
  knobs_found(TEST_AT, "# by hand\na,b\n1,x\n", " delimiter ',' comment '#' header true",
              "comment '#': 1 sampled rows of 2 columns fit");
  knobs_found(TEST_AT, "a,b\n1,\"x\\\",y\"\n2,z\n",
              " delimiter ',' escape '\\' header true", "escape '\\': 2 sampled rows");
  knobs_found(TEST_AT, "a, b\n1, 2\n3, 4\n", " delimiter ',' trim true header true",
              "trim true");
  knobs_found(TEST_AT, "a,b\n1,Z\xFCrich\n", " delimiter ',' encoding latin1 header true",
              "encoding latin1: the sample holds bytes that are no UTF-8");
  knobs_found(TEST_AT, "0|x|\n1|y|\n2|z|\n3|w|\n", " delimiter '|' header false",
              "header false: the first line is plainly a row");
  knobs_found(TEST_AT, "word\nx\n", " header true", "header true");
  dfq *db = dfq_open(NULL);
  dfq_csv_found found;
  CHECK(!dfq_sniff_csv(db, test_path("found_nowhere.csv"), NULL, &found));
  CHECK_HAS(dfq_error(db), "found_nowhere.csv: No such file");
  dfq_csv_options o = csv_options();
  o.decimal = '.';
  CHECK(dfq_sniff_csv(db, test_file("found.csv", "a;b\n1,5;2\n"), &o, &found));
  CHECK_INT(found.options.decimal, '.');
  CHECK(!dfq_sniff_csv(db, NULL, NULL, &found));
  dfq_close(db);
  csv_disk disk = csv_disk_of("a\n1\n", 4);
  disk.no_size = true;
  db = csv_on(&disk);
  CHECK(!dfq_sniff_csv(db, "pipe", NULL, &found));
  CHECK_HAS(dfq_error(db), "pipe is a pipe, which trials would use up");
  dfq_close(db);
}

// ---- tables at random, in dialects at random ------------------------------------------------

// A random way to write a table, and the options that read it.
typedef struct knobs_dialect {
  dfq_csv_options o;
  const char *end, *null, *truth[2];
} knobs_dialect;

static knobs_dialect knobs_random_dialect(uint64_t *seed) {
  static const char *const ends[] = { "\n", "\r\n", "\r" };
  uint64_t x = test_random(seed);
  knobs_dialect d;
  memset(&d, 0, sizeof d);
  d.o = csv_options();
  d.o.delimiter = ",;\t|"[x % 4];
  d.o.quote = (x >> 4) % 3 ? '"' : '\'';
  d.o.escape = (x >> 8) % 2 ? '\\' : 0;
  d.o.decimal = (x >> 12) % 3 ? 0 : ',';
  d.o.thousands = (x >> 16) % 3 ? 0 : d.o.decimal ? '.' : '_';
  d.o.comment = (x >> 20) % 2 ? "//" : NULL;
  d.o.trim = (x >> 24) % 3 == 0;
  d.end = ends[(x >> 28) % 3];
  d.o.nulls = d.null = (x >> 32) % 2 ? "NULL" : NULL;
  bool words = (x >> 36) % 2;
  d.o.true_words = words ? "yes" : NULL;
  d.o.false_words = words ? "no" : NULL;
  d.truth[0] = words ? "no" : "false";
  d.truth[1] = words ? "yes" : "true";
  d.o.encoding = (x >> 40) % 3 ? DFQ_ENCODING_ANY : DFQ_ENCODING_UTF8;
  d.o.ragged = (x >> 44) % 2 ? DFQ_RAGGED_ERROR : DFQ_RAGGED_FILL;
  d.o.types = "n: i64, x: f64, t: str, b: bool, d: date '%d/%m/%Y', e: str";
  return d;
}

// A text in quotes, each quote in it doubled or escaped.
static void knobs_put_quoted(test_string *t, const knobs_dialect *d, const char *s, size_t n,
                             uint64_t x) {
  test_add(t, &d->o.quote, 1);
  for (size_t i = 0; i < n; i++) {
    bool escape = d->o.escape && s[i] == d->o.escape;
    if (escape || (d->o.escape && s[i] == d->o.quote && x >> i & 1))
      test_add(t, &d->o.escape, 1);
    else if (s[i] == d->o.quote) test_add(t, s + i, 1);
    test_add(t, s + i, 1);
  }
  test_add(t, &d->o.quote, 1);
}

// 1234567.5 with the dialect's marks.
static void knobs_put_number(test_string *t, const knobs_dialect *d, const char *s) {
  size_t whole = strspn(s, "-0123456789"), digits = whole - (*s == '-');
  for (size_t i = 0; s[i]; i++) {
    char c = s[i] == '.' && d->o.decimal ? d->o.decimal : s[i];
    size_t behind = whole - i;
    bool mark = d->o.thousands && i && i < whole && s[i - 1] != '-' && behind % 3 == 0;
    if (mark && digits > 3) test_add(t, &d->o.thousands, 1);
    test_add(t, &c, 1);
  }
}

static void knobs_put_cell(test_string *t, const knobs_dialect *d, int column,
                           const dfq_value *v, uint64_t x) {
  char text[DFQ__NUMBER_TEXT + 1];
  if (d->o.trim && x % 3 == 0) test_puts(t, "  ");
  if (v->type == DFQ_NULL) {
    if (d->null) test_puts(t, d->null);
  } else if (v->type == DFQ_STR) knobs_put_quoted(t, d, v->as.s, v->len, x);
  else if (v->type == DFQ_BOOL) test_puts(t, d->truth[v->as.i]);
  else {
    text[dfq__write_value(text, v)] = 0;
    char day[16];
    snprintf(day, sizeof day, "%.2s/%.2s/%.4s", text + 8, text + 5, text);
    test_string number = { NULL, 0, 0 };
    knobs_put_number(&number, d, text);
    const char *s = column == 4 ? day : number.s;
    bool quoted = x & 64 || strchr(s, d->o.delimiter) != NULL;
    if (quoted) knobs_put_quoted(t, d, s, strlen(s), 0);
    else test_puts(t, s);
    free(number.s);
  }
  if (d->o.trim && x % 5 == 0) test_puts(t, " ");
}

// lf: not where lines end with CR, for that is how such files are known.
static dfq_value knobs_random_value(uint64_t *seed, int column, bool lf, char *room) {
  static const char alphabet[] = "ab,;\t|\"'\\\n\r/ #_.-0";
  uint64_t x = test_random(seed);
  if (x % 6 == 0) return dfq__value_null();
  if (column == 0) return dfq__value_int(DFQ_I64, (int64_t)test_random(seed) >> (x >> 8) % 64);
  if (column == 1) return dfq__value_f64((double)((int64_t)test_random(seed) >> 34) / 64);
  if (column == 3) return dfq__value_int(DFQ_BOOL, x >> 8 & 1);
  if (column == 4) return dfq__value_int(DFQ_DATE, (int64_t)((x >> 8) % 30000));
  size_t n = (x >> 8) % 20;
  for (size_t k = 0; k < n; k++) {
    room[k] = alphabet[test_random(seed) % (sizeof alphabet - 1)];
    if (!lf && room[k] == '\n') room[k] = 'n';
  }
  return dfq__value_str(room, n);
}

TEST(knobs_random_tables_come_back) {
  static const char *const names[] = { "n", "x", "t", "b", "d", "e" };
  static const dfq_type types[] = { DFQ_I64, DFQ_F64, DFQ_STR, DFQ_BOOL, DFQ_DATE, DFQ_STR };
  static char room[6 * 40 * 20];
  static dfq_value cells[6 * 40];
  uint64_t seed = 29;
  for (int round = 0; round < 150; round++) {
    knobs_dialect d = knobs_random_dialect(&seed);
    size_t rows = test_random(&seed) % 40;
    test_string t = { NULL, 0, 0 };
    if (d.o.comment) test_puts(&t, "// a \"comment");
    if (d.o.comment) test_puts(&t, d.end);
    dfq_field fields[6];
    for (int c = 0; c < 6; c++) {
      dfq_field field = { names[c], types[c], NULL };
      fields[c] = field;
      if (c) test_add(&t, &d.o.delimiter, 1);
      test_puts(&t, names[c]);
    }
    test_puts(&t, d.end);
    for (size_t i = 0; i < rows * 6; i++) {
      cells[i] = knobs_random_value(&seed, (int)(i % 6), *d.end != '\r' || d.end[1],
                                    room + 20 * i);
      if (i % 6) test_add(&t, &d.o.delimiter, 1);
      knobs_put_cell(&t, &d, (int)(i % 6), &cells[i], test_random(&seed));
      if (i % 6 == 5) test_puts(&t, d.end);
    }
    dfq *db = dfq_open(NULL);
    dfq_table *want = dfq_table_from_rows(db, fields, 6, cells, rows);
    const char *path = test_file_n("knobs_random.csv", t.s, t.len);
    char difference[200] = "";
    for (int k = 0; k < 6; k++) {
      static const size_t batches[] = { 0, 1, 7 };
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.threads = 1 + k % 2;
      run.batch_rows = batches[k % 3];
      run.engine = k % 4 == 3 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
      dfq_frame *f = dfq_configure(dfq_scan_csv(db, path, &d.o), &run), *q = f;
      dfq_frame *all = dfq_configure(dfq_scan_table(db, want), &run);
      static const char *const some = "(b is null or not b) and len_bytes(t) > 3";
      if (k > 2) q = dfq_select(dfq_filter(f, some), "e, x, n");
      if (k > 2) all = dfq_select(dfq_filter(all, some), "e, x, n");
      dfq_table *a = dfq_collect(q), *b = dfq_collect(all);
      if (!a) test_fail("  round %d: %s\n", round, dfq_error(db));
      else if (!CHECK(b && dfq_table_equal(b, a, difference, sizeof difference)))
        test_fail("    round %d, run %d: %s\n", round, k, difference);
      dfq_table_free(a);
      dfq_table_free(b);
    }
    dfq_table_free(want);
    dfq_close(db);
    free(t.s);
  }
}

// The heads of real files, with no option at all.
TEST(knobs_real_files) {
  static const char *const texts[][2] = {
    { "0|AFRICA|lar deposits. blithely, final packages|\n1|AMERICA|hs use ironic, even|\n"
      "2|ASIA|ges. thinly even pinto beans ca|\n3|EUROPE|ly final courts|\n",
      "column_1 i64|column_2 str|column_3 str" },
    { "1|Customer#000000001|IVhzIApeRb ot,c,E|15|25-989-741-2988|711.56|BUILDING|to the|\n"
      "2|Customer#000000002|XSTf4,NCwDVaWNe6tE|13|23-768-687-3665|121.65|AUTOMOBILE|l|\n",
      "column_1 i64|column_2 str|column_3 str|column_4 i64|column_5 str|column_6 f64|"
      "column_7 str|column_8 str" },
    { "1|2|3325|771.64|, even theodolites. regular, final|\n1|252|8076|993.49|ven ideas.|\n",
      "column_1 i64|column_2 i64|column_3 i64|column_4 f64|column_5 str" },
    { "symbol,date,price\nMSFT,Jan 1 2000,39.81\nAMZN,Feb 1 2000,68.87\nIBM,Mar 1 2010,125\n",
      "symbol str|date date|price f64" },
  };
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 4; i++) {
    char *got = csv_dump(dfq_scan_csv(db, test_file("knobs.tbl", texts[i][0]), NULL));
    CHECK(!strstr(got, "dfq: "));
    got[strcspn(got, "\n")] = 0;
    CHECK_STR(got, texts[i][1]);
    free(got);
  }
  dfq_close(db);
}

// A file that somebody writes to while it is read.
TEST(knobs_files_that_change) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "a,b\n");
  for (int i = 0; i < 100000; i++) test_puts(&t, "12,some text\n");
  const char *path = test_file("knobs_changed.csv", t.s);
  dfq *db = dfq_open(NULL);
  for (int k = 0; k < 2; k++) {
    dfq_rows *rows = dfq_rows_open(dfq_scan_csv(db, path, NULL));
    const dfq_value *row;
    CHECK(dfq_rows_next(rows, &row));
    FILE *f = k ? fopen(path, "ab") : NULL;
    if (f) fputs("13,more\n", f);
    if (f) fclose(f);
    while (dfq_rows_next(rows, &row)) continue;
    CHECK_INT(dfq_rows_failed(rows), k == 1);
    dfq_rows_close(rows);
  }
  CHECK_HAS(dfq_error(db), "knobs_changed.csv was changed by somebody while it was read");
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  dfq_close(db);
  free(t.s);
}

// Not enough memory, at every place, with options that need some of their own.
TEST(knobs_out_of_memory_everywhere) {
  const char *path = test_file("knobs_memory.csv", "a;b;c\n1.234,5;\"x\\\"y\";2/1/2000\n"
                                                   "NA;z\n3,5;\xFC;14/1/2000\n");
  bool done = false;
  for (long room = 1; !done && room < 2000; room += 7) {
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.budget = (size_t)room * 1024;
    dfq *db = dfq_open(&options);
    dfq_csv_options o = csv_options();
    o.decimal = ',';
    o.thousands = '.';
    o.escape = '\\';
    o.nulls = "NA, a: 7";
    o.true_words = "yes";
    o.ragged = DFQ_RAGGED_FILL;
    o.encoding = DFQ_ENCODING_LATIN1;
    o.row_index = "i";
    dfq_table *got = db ? dfq_collect(dfq_scan_csv(db, path, &o)) : NULL;
    if (db && !got) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_csv_found found;
    done = got && dfq_sniff_csv(db, path, NULL, &found);
    if (db && got && !done) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_table_free(got);
    dfq_close(db);
  }
  CHECK(done);
}

static void run_ch6_knobs(void) {
  RUN(knobs_escape);
  RUN(knobs_comments);
  RUN(knobs_rows_skipped_and_taken);
  RUN(knobs_nulls);
  RUN(knobs_words_of_truth);
  RUN(knobs_decimal_comma_and_thousands);
  RUN(knobs_trim);
  RUN(knobs_dates);
  RUN(knobs_inference_length);
  RUN(knobs_ragged);
  RUN(knobs_encodings);
  RUN(knobs_line_ends_of_old_macs);
  RUN(knobs_delimiters_are_found);
  RUN(knobs_headers_are_found);
  RUN(knobs_row_bytes);
  RUN(knobs_real_files);
  RUN(knobs_files_that_change);
  RUN(knobs_out_of_memory_everywhere);
  RUN(knobs_are_found);
  RUN(knobs_random_tables_come_back);
}
