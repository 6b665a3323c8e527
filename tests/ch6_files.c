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
static char *files_csv(dfq *db, const char *items, const dfq_write_options *o) {
  FILE *out = tmpfile();
  bool ok = dfq_print_csv(dfq_select(files_rows(db, 2), items), out, o);
  char *text = test_text(out);
  if (ok) return text;
  free(text);
  text = (char *)test_alloc(500);
  snprintf(text, 500, "%s", dfq_error(db));
  return text;
}

// Options as the stage write has them: "quote always line_end crlf". The texts are db's.
static dfq_write_options files_options(dfq *db, const char *text) {
  dfq_write_options o = files_as(NULL);
  uint64_t seen = 0;
  dfq__parser p = dfq__parser_of(db, text, strlen(text), "options", NULL);
  while (dfq__parse_write_option(&p, &o, &seen)) continue;
  dfq__expect_end(&p);
  if (p.error) test_fail("  options %s: %s\n", text, p.error->message);
  return o;
}

TEST(files_csv_options) {
  static const struct { const char *items, *want, *options; } cases[] = {
    { "id, name", "\"id\",\"name\"\r\n\"0\",\r\n\"1\",\"n, 1\"\r\n",
      "quote always line_end crlf" },
    { "id, '' as e", "0;\"\"\n1;\"\"\n", "delimiter ';' header false null '-'" },
    { "id, name", "0;-\n1;n, 1\n", "delimiter ';' header false null '-' quote never" },
    { "id, name",
      "dfq: value error, print_csv: row 2: \"n, 1\" would be read as something else without "
      "quotes, and quote is never", "header false quote never" },
    { "id as \"a,b\"",
      "dfq: value error, print_csv: \"a,b\" would be read as something else without quotes, "
      "and quote is never", "quote never" },
    { "amount, day", ",\n1.50, 2.01.24\n",
      "header false float_digits 2 date_format '%e.%m.%y'" },
    { "amount * 3 as a, day + interval '1' hour as h", ",\n4,\"Tue, 01\"\n",
      "header false float_digits 0 datetime_format '%a, %H'" },
    { "f64 'inf' as a, f64 'nan' as b, 1e20 as c, -0.25 as d",
      "inf,nan,100000000000000000000.0,-0.2\ninf,nan,100000000000000000000.0,-0.2\n",
      "header false float_digits 1" },
    { "f64 'inf' as a, -f64 'inf' as b, f64 'nan' as c", "oo,-oo,\"\"\noo,-oo,\"\"\n",
      "header false inf 'oo' nan ''" },
    { "id", "dfq: value error, print_csv: row 2: \"1\" would be read as a null, which the "
            "option null has the same text for\n  try: fill_null, where nulls are meant to "
            "become that value", "header false null '1'" },
    { "id > 0 as a, name",
      "dfq: value error, print_csv: row 2: \"true\" would be read as a null, which the option "
      "null has the same text for\n  try: fill_null, where nulls are meant to become that "
      "value", "null 'true' quote always" },
    { "id + 1 as a, '7' as b, cast(null as i64) as c", "1,\"7\",7\n2,\"7\",7\n",
      "header false null '7'" },
    { "id", "dfq: wrong call, print_csv: float_digits is -1 to 17", "float_digits 18" },
    { "id", "dfq: wrong call, print_csv: a date format has an unknown part",
      "datetime_format '%Q'" },
    { "id", "dfq: wrong call, print_csv: the delimiter must not be a quote or a line end, and "
            "null must hold none of the three", "null 'a,b'" },
    { "id", "dfq: wrong call, print_csv: csv has no option align; it has delimiter quote "
            "header line_end null nan inf float_digits date_format datetime_format sync",
      "align true" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq_write_options o = files_options(db, cases[i].options);
    char *got = files_csv(db, cases[i].items, &o);
    CHECK_STR(got, cases[i].want);
    free(got);
  }
  dfq_write_options o = files_as(NULL);
  o.line_end = "\r";
  char *got = files_csv(db, "id", &o);
  CHECK_STR(got, "dfq: wrong call, print_csv: lines end with \\n or \\r\\n");
  free(got);
  dfq_close(db);
}

// ---- many files as one ----------------------------------------------------------------------

// Makes the folders on the way to a file, and the file. Returns its path.
static const char *files_plant(const char *name, const char *text) {
  const char *path = test_path(name);
  char folder[1000];
  for (size_t i = strlen(test_dir()) + 1; path[i]; i++) {
    if (path[i] != '/') continue;
    snprintf(folder, sizeof folder, "%.*s", (int)i, path);
    test_mkdir(folder);
  }
  return test_file(name, text);
}

// Removes a folder with all that is in it.
static void files_fell(const char *path) {
  char name[1000];
  DIR *dir = opendir(path);
  for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
    if (!test_is_file(e->d_name)) continue;
    snprintf(name, sizeof name, "%s/%s", path, e->d_name);
    if (remove(name) != 0) files_fell(name);
  }
  if (dir) closedir(dir);
  if (remove(path) != 0) rmdir(path);   // Windows tells them apart
}

// What a scan of a pattern below the tests' folder gives, as csv_dump does. Owns: the caller.
static char *files_scan(dfq *db, const char *pattern, const char *rest,
                        const dfq_csv_options *o) {
  dfq_frame *f = dfq_scan_csv(db, test_path(pattern), o);
  if (rest) f = dfq_filter(f, rest);
  return csv_dump(f);
}

TEST(files_patterns) {
  static const char *const cases[][2] = {
    { "wood/*.csv", "b _x a" },          { "wood/?.csv", "b a" },
    { "wood/**/*.csv", "b _x a c d" },   { "wood/**", "b a c d" },
    { "wood/", "b a c d" },              { "wood/*/*.csv", "c" },
    { "wood/*/c*v", "c" },               { "wood/**/d.csv", "d" },
    { "wood/.*", "hidden" },             { "wood/**/**/c.csv", "c" },
    { "w*d/in/deep/d.csv", "d" },        { "wood/B*.csv", "b" },
  };
  dfq *db = dfq_open(NULL);
  files_plant("wood/a.csv", "name\na\n");
  files_plant("wood/B.csv", "name\nb\n");   // by bytes, capitals come first
  files_plant("wood/_x.csv", "name\n_x\n");
  files_plant("wood/.hidden.csv", "name\nhidden\n");
  files_plant("wood/in/c.csv", "name\nc\n");
  files_plant("wood/in/deep/d.csv", "name\nd\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *got = files_scan(db, cases[i][0], NULL, NULL);
    char want[100];
    snprintf(want, sizeof want, "name str\n%s\n", cases[i][1]);
    for (char *c = want + 9; *c; c++)
      if (*c == ' ') *c = '\n';
    CHECK_STR(got, want);
    free(got);
  }
  const char *star = test_can_be_called("*") ? "wood/[*].csv" : "wood/[a].csv";
  files_plant(star, "name\nstar\n");   // a file that is called so is no pattern
  char *got = files_scan(db, star, NULL, NULL);
  CHECK_STR(got, "name str\nstar\n");
  free(got);
  CHECK_HAS(dfq_frame_error(dfq_scan_csv(db, test_path("wood/z*.csv"), NULL)),
            "no file is called");
  CHECK_HAS(dfq_frame_error(dfq_scan_csv(db, test_path("nowhere/*.csv"), NULL)),
            "nowhere/: No such file");
  files_fell(test_path("wood"));
  dfq_close(db);
}

// A tree of sales by year and region, more files than are sampled.
static void files_sales(void) {
  static const char *const regions[] = { "EU", "US", "A%2FB", "__HIVE_DEFAULT_PARTITION__" };
  for (int year = 2020; year < 2026; year++)
    for (int r = 0; r < 4; r++) {
      char name[200], text[200];
      snprintf(name, sizeof name, "sales/year=%d/region=%s/p.csv", year, regions[r]);
      const char *lines = r == 2 ? "amount,id\n%d.5,1\n3,%d\n" : "id,amount\n%d,2\n5,%d\n";
      snprintf(text, sizeof text, lines, year + r, year % 7);
      files_plant(name, text);
    }
}

TEST(files_folders_are_columns) {
  static const char *const queries[] = {
    "year = 2021", "region = 'EU'", "region is null", "year >= 2024 and id > 3",
    "year * 2 + id > 4050", "region = 'A/B' or amount > 2", "year = 1999",
    "coalesce(region, 'none') like '%o%'", "100 / (year - 2022) > 0",
    "id % 2 = 0 and year in (2020, 2025)",
  };
  files_sales();
  dfq *db = dfq_open(NULL);
  char text[1000];
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    static const char *const stages[] = {
      "filter %s", "filter %s | group year, region: count() as n, sum(id) as s",
      "filter %s | limit 3 offset 1", "filter %s | select year | distinct",
      "filter %s | row_index i | sort region, id",
    };
    for (int k = 0; k < 5; k++) {
      char rest[300];
      snprintf(rest, sizeof rest, stages[k], queries[i]);
      snprintf(text, sizeof text, "scan '%s' | %s", test_path("sales/"), rest);
      dfq_frame *f = dfq_query(db, text);
      if (!CHECK(dfq_check_equivalent(f, NULL))) test_fail("    %s\n", text);
      dfq_frame *again = dfq_query(db, dfq_pipeline_text(f));
      CHECK_STR(dfq_pipeline_text(again), dfq_pipeline_text(f));
    }
  }
  dfq_frame *f = dfq_scan_csv(db, test_path("sales/"), NULL);
  CHECK_INT(dfq_count(f), 48);
  dfq_frame *sum = dfq_group_by(dfq_filter(f, "region = 'A/B'"), "year", "sum(amount) as a");
  char *got = csv_dump(sum);
  CHECK_HAS(got, "year i64|a f64\n2020|2025.5\n2021|2026.5\n");
  free(got);
  files_fell(test_path("sales"));
  dfq_close(db);
}

// Files of more rows than a constant has copies: what keeps rows sees the value in each row.
TEST(files_folders_of_many_rows) {
  static const char *const rest[] = {
    "sort id desc, k | limit 5", "sort k, id", "group k: count() as n, sum(id) as s",
    "join (scan '%s' | filter id < 3) on k", "with k * 2 as kk | distinct kk",
    "with sum(id) over (partition by k order by id) as s", "select k, tag, id",
  };
  test_string t = { NULL, 0, 0 };
  char text[600], query[900];
  test_puts(&t, "id\n");
  for (int i = 0; i < 300; i++) {
    snprintf(text, sizeof text, "%d\n", i);
    test_puts(&t, text);
  }
  files_plant("many/k=1/tag=a long name of a tag/x.csv", t.s);
  files_plant("many/k=2/tag=__HIVE_DEFAULT_PARTITION__/x.csv", t.s);
  free(t.s);
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
    snprintf(text, sizeof text, rest[i], test_path("many/"));
    snprintf(query, sizeof query, "scan '%s' | %s", test_path("many/"), text);
    if (!CHECK(dfq_check_equivalent(dfq_query(db, query), NULL))) test_fail("    %s\n", query);
  }
  snprintf(query, sizeof query, "scan '%s' | sort id desc, k | limit 2", test_path("many/"));
  CHECK_STR(engine_all(dfq_query(db, query)), "299 1 a long name of a tag; 299 2 null");
  files_fell(test_path("many"));
  dfq_close(db);
}

// Files that a condition on folders rules out are not opened, and explain says how many.
TEST(files_pruned_are_not_opened) {
  files_sales();
  dfq_options options;
  dfq *plain = dfq_open(NULL);
  dfq_io io = plain->io;
  memset(&options, 0, sizeof options);
  csv_open_file = io.open;
  io.open = csv_count_opens;
  options.io = &io;
  dfq *db = dfq_open(&options);
  dfq_frame *f = dfq_scan_csv(db, test_path("sales/**/*.csv"), NULL);
  csv_opens = 0;
  CHECK_INT(dfq_count(dfq_filter(f, "year = 2025 and region = 'EU'")), 2);
  CHECK(csv_opens <= 2);   // its columns are compared, then it is read
  csv_opens = 0;
  CHECK_INT(dfq_count(dfq_filter(f, "year = 1900")), 0);
  CHECK_INT(csv_opens, 0);
  CHECK_INT(dfq_count(dfq_limit(f, 3)), 3);
  CHECK_INT(csv_opens, 2);
  FILE *out = tmpfile();
  CHECK(dfq_explain_as(dfq_filter(f, "year = 2025 and id > 1"), DFQ_EXPLAIN_OPTIMIZED, out));
  char *text = test_text(out);
  CHECK_HAS(text, "files 4 of 24");
  CHECK_HAS(text, "where year = 2025 and id > 1");
  free(text);
  files_fell(test_path("sales"));
  dfq_close(db);
  dfq_close(plain);
}

TEST(files_columns_must_agree) {
  dfq *db = dfq_open(NULL);
  dfq_csv_options o = csv_options();
  files_plant("mix/a.csv", "id,x\n1,2\n");
  files_plant("mix/b.csv", "x,id\n3.5,4\n");
  files_plant("mix/c.csv", "id,y\n,2024-01-01\n");
  char *got = files_scan(db, "mix/?.csv", NULL, &o);
  CHECK_HAS(got, "mix/c.csv has no column x, which ");
  CHECK_HAS(got, "try: fill_missing true");
  free(got);
  o.fill_missing = true;
  o.file_name = "from";
  got = files_scan(db, "mix/?.csv", "from not like '%/b.csv'", &o);
  CHECK_HAS(got, "id i64|x f64|y date|from str\n1|2.0|~|");
  CHECK_HAS(got, "\n~|~|2024-01-01|");
  free(got);
  o.file_name = "x";
  got = files_scan(db, "mix/?.csv", NULL, &o);
  CHECK_HAS(got, "file_name: there is a column x already");
  free(got);
  // A single file may say its name, too.
  o = csv_options();
  o.file_name = "from";
  got = files_scan(db, "mix/a.csv", "id = 1", &o);
  CHECK_HAS(got, "id i64|x i64|from str\n1|2|");
  CHECK_HAS(got, "mix/a.csv\n");
  free(got);
  for (int i = 0; i < 3; i++) {
    static const char *const filters[] = { "x is null or y is null", "from = 'no'",
                                           "id + 1 > 0" };
    o.fill_missing = true;
    dfq_frame *f = dfq_scan_csv(db, test_path("mix/*.csv"), &o);
    CHECK_SAME(dfq_filter(f, filters[i]));
  }
  files_fell(test_path("mix"));
  dfq_close(db);
}

// A file behind those that were sampled may be of other columns or types: the run says so.
TEST(files_beyond_the_sample) {
  dfq *db = dfq_open(NULL);
  char name[50];
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof name, "late/%02d.csv", i);
    files_plant(name, i == 19   ? "id,z\n1,2\n"
                      : i == 18 ? "x,id\n2,a\n"
                                : "id,x\n1,2\n");
  }
  dfq_frame *f = dfq_scan_csv(db, test_path("late/*.csv"), NULL);
  CHECK(dfq_frame_error(f) == NULL);
  CHECK(dfq_collect(f) == NULL);
  CHECK_HAS(dfq_error(db), "late/18.csv:2:3");
  CHECK_HAS(dfq_error(db), "column id holds \"a\"");
  CHECK(dfq_collect(dfq_select(f, "x")) == NULL);
  CHECK_HAS(dfq_error(db), "late/19.csv has no column x, which ");
  CHECK_INT(dfq_count(dfq_limit(f, 18)), 18);
  dfq_table *t = dfq_first(f, 18);
  CHECK(t != NULL);
  dfq_table_free(t);
  files_fell(test_path("late"));
  dfq_close(db);
}

TEST(files_lists_of_paths) {
  dfq *db = dfq_open(NULL);
  files_plant("list/b.csv", "id\n1\n");
  files_plant("list/a 1.csv", "id\n2\n");
  const char *paths[] = { test_path("list/b.csv"), test_path("list/a*.csv") };
  dfq_frame *f = dfq_scan_csv_files(db, paths, 2, NULL);
  char *got = csv_dump(f);
  CHECK_STR(got, "id i64\n1\n2\n");
  free(got);
  CHECK_HAS(dfq_pipeline_text(f), "scan (");
  dfq_frame *again = dfq_query(db, dfq_pipeline_text(f));
  CHECK_STR(dfq_pipeline_text(again), dfq_pipeline_text(f));
  CHECK_SAME(dfq_join(f, again, "id", DFQ_INNER));
  const char *joined = dfq_pipeline_text(dfq_join(f, again, "id", DFQ_INNER));
  CHECK_STR(dfq_pipeline_text(dfq_query(db, joined)), joined);
  CHECK_HAS(dfq_frame_error(dfq_scan_csv_files(db, paths, 0, NULL)), "no path is given");
  paths[1] = NULL;
  CHECK_HAS(dfq_frame_error(dfq_scan_csv_files(db, paths, 2, NULL)), "no path is given");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan (a.csv, )")), "expected a path");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan (a.csv")), "expected");
  files_fell(test_path("list"));
  dfq_close(db);
}

// Wherever memory ends, it is said, and nothing is left.
TEST(files_many_without_memory) {
  files_sales();
  bool ok = false;
  for (size_t budget = 20000; !ok && budget < 8000000; budget += budget / 8) {
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.budget = budget;
    dfq *db = dfq_open(&options);
    if (!db) continue;
    dfq_frame *f = dfq_scan_csv(db, test_path("sales/"), NULL);
    dfq_table *t = dfq_collect(dfq_filter(f, "year > 2022 and id > 3"));
    ok = t != NULL;
    if (!ok) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_table_free(t);
    dfq_close(db);
  }
  CHECK(ok);
  files_fell(test_path("sales"));
}

// ---- several sinks, progress, cancel --------------------------------------------------------

typedef struct files_seen {
  size_t rows, most, calls;
  dfq *cancel;
  double fraction;
} files_seen;

static bool files_count_rows(void *user, const dfq_batch *batch) {
  files_seen *s = (files_seen *)user;
  s->rows += dfq_batch_rows(batch);
  if (s->cancel && s->rows > 5000) dfq_cancel(s->cancel);
  return s->rows < s->most;
}

TEST(files_several_sinks) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_rows(db, 9000);
  files_seen few = { 0, 100, 0, NULL, 0 }, all = { 0, SIZE_MAX, 0, NULL, 0 };
  const char *csv = test_path("files_sink.csv"), *json = test_path("files_sink.json");
  dfq_sink sinks[] = { { csv, NULL, NULL, NULL },
                       { json, NULL, NULL, NULL },
                       { NULL, NULL, files_count_rows, &few },
                       { NULL, NULL, files_count_rows, &all } };
  CHECK(dfq_write_all(f, sinks, 4));
  CHECK_INT(few.rows, 2048);   // was not called again
  CHECK_INT(all.rows, 9000);
  CHECK_INT(dfq_count(dfq_scan_csv(db, csv, NULL)), 9000);
  CHECK_SAME(dfq_scan_csv(db, csv, NULL));
  // Functions that have seen enough end the run; so a later error does not come.
  few.rows = 0;
  CHECK(dfq_write_all(dfq_filter(f, "id < 2000 or cast(name as i64) > 0"), sinks + 2, 1));
  // A sink that cannot be opened, or a run that fails: no file changes.
  char *before = test_read(csv);
  int count = test_file_count();
  sinks[1].path = test_path("nowhere/x.json");
  CHECK(!dfq_write_all(dfq_limit(f, 3), sinks, 2));
  CHECK_HAS(dfq_error(db), "nowhere/x.json: No such file");
  sinks[1].path = test_path("files_sink.what");
  CHECK(!dfq_write_all(dfq_limit(f, 3), sinks, 2));
  CHECK_HAS(dfq_error(db), "what is ");
  sinks[1].path = json;
  CHECK(!dfq_write_all(dfq_with_columns(f, "cast(name as i64) as y"), sinks, 2));
  char *after = test_read(csv);
  CHECK_STR(after, before);
  CHECK_INT(test_file_count(), count);
  free(before);
  free(after);
  dfq_close(db);
}

TEST(files_cancel_from_anywhere) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  dfq_frame *f = files_rows(db, 30000);
  files_seen s = { 0, SIZE_MAX, 0, db, 0 };
  CHECK(!dfq_each_batch(f, files_count_rows, &s));
  CHECK_INT(dfq_error_status(db), DFQ_CANCELLED);
  CHECK_HAS(dfq_error(db), "dfq_cancel was called");
  CHECK(s.rows > 5000 && s.rows < 30000);
  s.rows = 0;
  s.cancel = other;                    // another context's runs, of which there are none
  CHECK(dfq_each_batch(f, files_count_rows, &s));
  CHECK_INT(s.rows, 30000);            // and the run after a cancelled one is not
  dfq_cancel(NULL);
  dfq_close(other);
  dfq_close(db);
}

static void files_note_progress(void *user, const dfq_progress *now) {
  files_seen *s = (files_seen *)user;
  s->calls++;
  CHECK(now->rows >= s->rows && now->fraction <= 1 && now->seconds >= 0);
  CHECK(now->fraction == -1 || now->fraction >= s->fraction);
  s->rows = (size_t)now->rows;
  s->most = (size_t)now->bytes;
  s->fraction = now->fraction;
}

TEST(files_progress) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  files_seen s = { 0, 0, 0, NULL, 0 };
  memset(&run, 0, sizeof run);
  run.progress = files_note_progress;
  run.progress_user = &s;
  for (int threads = 1; threads <= 2; threads++) {
    memset(&s, 0, sizeof s);
    run.threads = threads;
    dfq_frame *f = dfq_configure(files_rows(db, 20000), &run);
    CHECK_INT(dfq_count(dfq_group_by(dfq_filter(f, "id < 0"), "name", "count() as n")), 0);
    CHECK(s.calls >= 1);
    CHECK_INT(s.rows, 20000);
    CHECK(s.most > 400000);
    CHECK_F64(s.fraction, 1);
  }
  dfq_close(db);
}

// ---- parted output --------------------------------------------------------------------------

// Rows with keys of several types, odd texts and nulls among them.
static dfq_frame *files_keyed(dfq *db, int n, int keys) {
  static const char *const odd[] = { "EU", "", "a/b.", "50% ", "_x", "\xC3\xA4 =", "NA",
                                     "__HIVE_DEFAULT_PARTITION__" };
  test_string t = { NULL, 0, 0 };
  int wide = keys > 100 ? 300 : 1;   // so much that it does not wait in memory
  test_puts(&t, "id,k,t,x,wide\n");
  for (int i = 0; i < n; i++) {
    char line[100];
    int k = (int)((unsigned)i * 2654435761u >> 8) % keys;
    if (k % 9 == 8) snprintf(line, sizeof line, "%d,,,%d.5,", i, i);
    else snprintf(line, sizeof line, "%d,%d,\"%s\",%d.5,", i, k, odd[k % 8], i);
    test_puts(&t, line);
    for (int c = 0; c < wide; c++) test_add(&t, c + 1 < wide ? "w" : "\n", 1);
  }
  dfq_frame *f = dfq_scan_csv(db, test_file("files_keyed.csv", t.s), NULL);
  free(t.s);
  return f;
}

// The rows of a frame in one order, with its columns in one. Owns: the caller.
static dfq_table *files_sorted(dfq_frame *f) {
  return dfq_collect(dfq_sort(dfq_select(f, "id, k, t, x"), "id"));
}

TEST(files_parted_and_back) {
  for (int round = 0; round < 4; round++) {
    dfq *db = dfq_open(NULL);
    dfq_write_options o = files_as(round == 3 ? "table" : round == 2 ? "tsv" : NULL);
    int rows = round == 1 ? 40000 : 2500, keys = round == 1 ? 150 : round == 3 ? 5 : 20;
    dfq_frame *f = files_keyed(db, rows, keys);
    const char *path = test_path("parted");
    if (round == 2) test_mkdir(path);    // an empty folder may be there
    char pattern[1000];
    snprintf(pattern, sizeof pattern, "%s/", path);
    if (!CHECK(dfq_write_partitioned(f, round ? path : pattern, "k, t", &o)))
      test_fail("    %s\n", dfq_error(db));
    if (round < 3) {
      dfq_csv_options read = csv_options();
      if (round == 2) read.delimiter = '\t';
      dfq_table *want = files_sorted(f);
      dfq_table *got = files_sorted(dfq_scan_csv(db, pattern, &read));
      char difference[200] = "";
      if (!CHECK(got != NULL)) test_fail("    %s\n", dfq_error(db));
      else if (!CHECK(dfq_table_equal(want, got, difference, sizeof difference)))
        test_fail("    round %d: %s\n", round, difference);
      dfq_table_free(want);
      dfq_table_free(got);
    }
    CHECK(!dfq_write_partitioned(f, path, "k", NULL));
    CHECK_HAS(dfq_error(db), "parted: is not empty");
    snprintf(pattern, sizeof pattern, "%s/**/part-1.csv", path);
    bool second = dfq_frame_error(dfq_scan_csv(db, pattern, NULL)) == NULL;
    CHECK_INT(second, round == 1);   // more keys than files may be open
    files_fell(path);
    dfq_close(db);
  }
}

// Whatever goes wrong, there is no folder, and none that it was to become.
TEST(files_parted_wholly_or_not) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_keyed(db, 9000, 20);
  const char *path = test_path("never");
  int before = test_file_count();
  dfq_frame *late = dfq_filter(f, "id < 8000 or cast(t as i64) > 0");
  CHECK(!dfq_write_partitioned(late, path, "t", NULL));
  CHECK(!dfq_write_partitioned(f, path, "t, nosuch", NULL));
  CHECK_HAS(dfq_error(db), "no column nosuch");
  CHECK(!dfq_write_partitioned(f, path, "id, k, t, x, wide", NULL));
  CHECK_HAS(dfq_error(db), "every column is a key");
  CHECK(!dfq_write_partitioned(f, path, "", NULL));
  CHECK(!dfq_write_partitioned(f, "", "t", NULL));
  CHECK_HAS(dfq_error(db), "no folder is given");
  CHECK(!dfq_write_partitioned(f, test_path("nowhere/x"), "t", NULL));
  CHECK_HAS(dfq_error(db), "nowhere/x: No such file");
  dfq_write_options o = files_as("what");
  CHECK(!dfq_write_partitioned(f, path, "t", &o));
  CHECK_HAS(dfq_error(db), "there is no format what");
  CHECK_INT(test_file_count(), before);
  bool ok = false;
  for (size_t budget = 100000; !ok && budget < 30000000; budget += budget / 4) {
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.budget = budget;
    dfq *small = dfq_open(&options);
    dfq_frame *g = dfq_scan_csv(small, test_path("files_keyed.csv"), NULL);
    ok = dfq_write_partitioned(g, path, "k, t", NULL);
    if (!ok) CHECK_INT(dfq_error_status(small), DFQ_NO_MEMORY);
    CHECK_INT(test_file_count(), before + ok);
    dfq_close(small);
  }
  CHECK(ok);
  files_fell(path);
  dfq_close(db);
}

// The options of many files as words, and rows counted over all of them.
TEST(files_options_as_text) {
  dfq *db = dfq_open(NULL);
  char text[1000];
  files_plant("opt/k=1/a.csv", "id\n1\n2\n");
  files_plant("opt/k=2/b.csv", "id,z\n3,4\n");
  snprintf(text, sizeof text, "scan '%s' file_name from fill_missing true hive false rows 3 "
           "row_index i | drop from", test_path("opt/**/*.csv"));
  dfq_frame *f = dfq_query(db, text);
  char *got = csv_dump(f);
  CHECK_STR(got, "i i64|id i64|z i64\n0|1|~\n1|2|~\n2|3|4\n");
  free(got);
  CHECK_HAS(dfq_pipeline_text(f), "file_name from hive false fill_missing true\n| limit 3");
  CHECK_STR(dfq_pipeline_text(dfq_query(db, dfq_pipeline_text(f))), dfq_pipeline_text(f));
  CHECK_SAME(f);
  files_fell(test_path("opt"));
  dfq_close(db);
}

// ---- memory ---------------------------------------------------------------------------------

// A file ten times what the context may use goes through it, in both ways.
TEST(files_ten_times_the_budget) {
  const char *path = test_path("files_big.csv"), *out = test_path("files_big_out.csv");
  FILE *f = fopen(path, "wb");
  if (!CHECK(f != NULL)) return;
  fputs("id,key,text\n", f);
  long size = 0;
  for (unsigned i = 0; size < 15 << 20; i++)
    size += fprintf(f, "%u,%u,\"a text, as long as they often are, number %u\"\n", i, i % 50,
                    i);
  fclose(f);
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.budget = 15 << 20;
  options.budget /= 10;
  options.run.threads = 1;
  dfq *db = dfq_open(&options);
  dfq_frame *all = dfq_scan_csv(db, path, NULL);
  if (!CHECK(dfq_write(all, out, NULL))) test_fail("    %s\n", dfq_error(db));
  dfq_table *t = dfq_collect(dfq_group_by(dfq_filter(dfq_scan_csv(db, out, NULL), "id % 3 > 0"),
                                          "key", "count() as n, max(text) as last"));
  CHECK_INT(dfq_table_rows(t), 50);
  CHECK(dfq_bytes_peak(db) <= options.budget);
  dfq_table_free(t);
  dfq_close(db);
  remove(path);
  remove(out);
}

static void run_ch6_files(void) {
  RUN(files_ten_times_the_budget);
  RUN(files_options_as_text);
  RUN(files_parted_and_back);
  RUN(files_parted_wholly_or_not);
  RUN(files_several_sinks);
  RUN(files_cancel_from_anywhere);
  RUN(files_progress);
  RUN(files_patterns);
  RUN(files_folders_are_columns);
  RUN(files_folders_of_many_rows);
  RUN(files_pruned_are_not_opened);
  RUN(files_columns_must_agree);
  RUN(files_beyond_the_sample);
  RUN(files_lists_of_paths);
  RUN(files_many_without_memory);
  RUN(files_formats_by_ending);
  RUN(files_print_as_written);
  RUN(files_formats_on_bad_disks);
  RUN(files_formats_without_memory);
  RUN(files_csv_options);
}
