// Results in files: every format through one path, whole or not at all.

// ---- formats and faults ---------------------------------------------------------------------

static dfq_write_options files_as(const char *format) {
  dfq_write_options o;
  memset(&o, 0, sizeof o);
  o.format = format;
  return o;
}

// Rows of all common types, nulls among them.
static dfq_frame *files_rows(dfq *db, int n) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "id,name,amount,day\n");
  for (int i = 0; i < n; i++) {
    char line[100];
    snprintf(line, sizeof line, i % 7 ? "%d,\"n, %d\",%d.5,2024-01-%02d\n" : "%d,,,\n", i,
             i % 100, i % 1000, i % 28 + 1);
    test_puts(&t, line);
  }
  dfq_frame *f = dfq_scan_csv(db, test_file("files_rows.csv", t.s), NULL);
  free(t.s);
  return f;
}

TEST(files_formats_by_ending) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(dfq_format_of("a/b.c/x.csv"), "csv");
  CHECK_STR(dfq_format_of("X.CSV"), "csv");
  CHECK_STR(dfq_format_of("x.tab"), "tsv");
  CHECK_STR(dfq_format_of("x.json"), "json");
  CHECK_STR(dfq_format_of("x.txt"), "table");
  CHECK(dfq_format_of("x.csv.old") == NULL);
  CHECK(dfq_format_of("x.cs") == NULL);
  CHECK(dfq_format_of("x.csvv") == NULL);
  CHECK(dfq_format_of("csv") == NULL);
  CHECK(dfq_format_of(NULL) == NULL);
  CHECK(dfq_format_at(-1) == NULL && dfq_format_at(0) && !dfq_format_at(1000));
  dfq_frame *f = dfq_select(files_rows(db, 2), "id, name");
  const char *path = test_path("files_out.csv");
  CHECK(dfq_write(f, path, NULL));
  char *text = test_read(path);
  CHECK_STR(text, "id,name\n0,\n1,\"n, 1\"\n");
  free(text);
  dfq_write_options o = files_as("tsv");
  CHECK(dfq_write(f, path, &o));
  text = test_read(path);
  CHECK_STR(text, "id\tname\n0\t\n1\tn, 1\n");
  free(text);
  CHECK(!dfq_write(f, "x.what", NULL));
  CHECK_HAS(dfq_error(db), "write: what is x.what to hold? The option format says it, or an "
                           "ending: .csv, .tsv, .json");
  o.format = "xml";
  CHECK(!dfq_write(f, path, &o));
  CHECK_HAS(dfq_error(db), "there is no format xml; there are csv, tsv, json");
  CHECK(!dfq_write(f, NULL, NULL));
  CHECK(!dfq_write(NULL, path, NULL));
  CHECK(!dfq_write(dfq_filter(f, "nosuch > 1"), path, NULL));
  CHECK_HAS(dfq_error(db), "nosuch");
  dfq_close(db);
}

// What is printed is what is written; a run that fails at once prints nothing.
TEST(files_print_as_written) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_rows(db, 3000);
  const char *path = test_path("files_same");
  for (int i = 0; dfq_format_at(i); i++) {
    dfq_write_options o = files_as(dfq_format_at(i));
    FILE *out = tmpfile();
    o.sync = i == 0;
    size_t n = 0, m = 0;
    CHECK(dfq_write(f, path, &o));
    CHECK(out && dfq_print(f, out, &o));
    char *printed = test_text_n(out, &n), *written = test_read_n(path, &m);
    CHECK(n == m && n > 0 && memcmp(printed, written, n) == 0);
    free(printed);
    free(written);
    out = tmpfile();
    CHECK(!dfq_print(dfq_scan_csv(db, "nosuch.csv", NULL), out, &o));
    printed = test_text_n(out, &n);
    CHECK_INT(n, 0);
    free(printed);
  }
  dfq_close(db);
}

// Every way in which a disk may fail, in every format: an error that names the file, the old
// file as it was, nothing left behind.
TEST(files_formats_on_bad_disks) {
  dfq *source = dfq_open(NULL);
  dfq_table *t = dfq_collect(files_rows(source, 3000));
  for (int i = 0; dfq_format_at(i); i++)
    for (int fault = 0; fault < 6; fault++) {
      csv_disk disk = csv_disk_of("", 0);
      disk.write_piece = fault == 1 ? 777 : 0;
      disk.write_room = fault == 2 ? 1000 : 0;
      disk.fail_close = fault == 3;
      disk.fail_rename = fault == 4;
      disk.fail_open = fault == 5;
      dfq *db = csv_on(&disk);
      dfq_write_options o = files_as(dfq_format_at(i));
      bool ok = dfq_write(dfq_scan_table(db, t), "out", &o);
      CHECK_INT(ok, fault < 2);
      CHECK_INT(disk.opens, disk.closes);
      CHECK_INT(disk.renames, fault < 2 || fault == 4);
      CHECK_INT(disk.removes, fault >= 2 && fault < 5);
      if (!ok) CHECK_HAS(dfq_error(db), "write: out: ");
      if (!ok) CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
      dfq_close(db);
    }
  dfq_table_free(t);
  dfq_close(source);
}

// Each allocation fails once: an error, no file, no leak.
TEST(files_formats_without_memory) {
  dfq *plain = dfq_open(NULL);
  dfq_table *t = dfq_collect(files_rows(plain, 100));
  int before = test_file_count();
  const char *path = test_path("files_oom");
  for (int i = 0; dfq_format_at(i); i++) {
    bool ok = false;
    for (size_t budget = 20000; !ok && budget < 4000000; budget += budget / 8) {
      dfq_options options;
      memset(&options, 0, sizeof options);
      options.budget = budget;
      dfq *db = dfq_open(&options);
      if (!db) continue;
      dfq_write_options o = files_as(dfq_format_at(i));
      ok = dfq_write(dfq_scan_table(db, t), path, &o);
      if (!ok) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
      CHECK_INT(test_file_count(), before + ok);
      dfq_close(db);
    }
    CHECK(ok);
    remove(path);
  }
  dfq_table_free(t);
  dfq_close(plain);
}

// ---- how CSV is written ---------------------------------------------------------------------

// What a pipeline over files_rows prints with some options. Owns: the caller.
static char *files_csv(dfq *db, const char *items, const dfq_csv_write_options *o) {
  FILE *out = tmpfile();
  bool ok = dfq_print_csv(dfq_select(files_rows(db, 2), items), out, o);
  char *text = test_text(out);
  if (ok) return text;
  free(text);
  text = (char *)test_alloc(500);
  snprintf(text, 500, "%s", dfq_error(db));
  return text;
}

TEST(files_csv_options) {
  static const struct {
    const char *items, *want;
    dfq_csv_write_options o;
  } cases[] = {
    { "id, name", "\"id\",\"name\"\r\n\"0\",\r\n\"1\",\"n, 1\"\r\n",
      { 0, false, NULL, DFQ_QUOTE_ALWAYS, "\r\n", 0, NULL, NULL } },
    { "id, '' as e", "0;\"\"\n1;\"\"\n",
      { ';', true, "-", DFQ_QUOTE_NEEDED, NULL, 0, NULL, NULL } },
    { "id, name", "0;-\n1;n, 1\n", { ';', true, "-", DFQ_QUOTE_NEVER, NULL, 0, NULL, NULL } },
    { "id, name",
      "dfq: value error, print_csv: row 2: \"n, 1\" would be read as something else without "
      "quotes, and quote is never",
      { 0, true, NULL, DFQ_QUOTE_NEVER, NULL, 0, NULL, NULL } },
    { "id as \"a,b\"",
      "dfq: value error, print_csv: \"a,b\" would be read as something else without quotes, "
      "and quote is never",
      { 0, false, NULL, DFQ_QUOTE_NEVER, NULL, 0, NULL, NULL } },
    { "amount, day", ",\n1.50, 2.01.24\n",
      { 0, true, NULL, DFQ_QUOTE_NEEDED, NULL, 2, "%e.%m.%y", NULL } },
    { "amount * 3 as a, day + interval '1' hour as h", ",\n4,\"Tue, 01\"\n",
      { 0, true, NULL, DFQ_QUOTE_NEEDED, NULL, -1, NULL, "%a, %H" } },
    { "f64 'inf' as a, f64 'nan' as b, 1e20 as c, -0.25 as d",
      "inf,nan,100000000000000000000.0,-0.2\ninf,nan,100000000000000000000.0,-0.2\n",
      { 0, true, NULL, DFQ_QUOTE_NEEDED, NULL, 1, NULL, NULL } },
    { "id", "dfq: wrong call, print_csv: lines end with \\n or \\r\\n",
      { 0, false, NULL, DFQ_QUOTE_NEEDED, "\r", 0, NULL, NULL } },
    { "id", "dfq: wrong call, print_csv: float_digits is -1 to 17",
      { 0, false, NULL, DFQ_QUOTE_NEEDED, NULL, 18, NULL, NULL } },
    { "id", "dfq: wrong call, print_csv: a date format has an unknown part",
      { 0, false, NULL, DFQ_QUOTE_NEEDED, NULL, 0, NULL, "%Q" } },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *got = files_csv(db, cases[i].items, &cases[i].o);
    CHECK_STR(got, cases[i].want);
    free(got);
  }
  dfq_close(db);
}

static void run_ch6_files(void) {
  RUN(files_formats_by_ending);
  RUN(files_print_as_written);
  RUN(files_formats_on_bad_disks);
  RUN(files_formats_without_memory);
  RUN(files_csv_options);
}
