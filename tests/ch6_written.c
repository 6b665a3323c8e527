// ch6_written.c - what is written, form by form and option by option; columns that are padded;
// writing as a step of a plan; and the promise above all: what is written reads back equal.

// ---- options --------------------------------------------------------------------------------

// What a query ends up as in a form, with options as the stage write has them; or the error.
// Owns: the caller.
static char *written_as(dfq *db, dfq_frame *f, const char *format, const char *options) {
  dfq_write_options o = files_options(db, options);
  FILE *out = tmpfile();
  o.format = format;
  bool ok = dfq_print(f, out, &o);
  char *text = test_text(out);
  if (ok) return text;
  free(text);
  text = (char *)test_alloc(1000);
  snprintf(text, 1000, "%s", dfq_error(db));
  return text;
}

// A row of each sort of value, and a row of nulls.
static const char written_rows[] =
    "let one = scan examples/data/orders.csv | limit 1;"
    "let data = one | select 7 as i, 0.5 as x, f64 'nan' as n, -f64 'inf' as m, 'a|b' as s,"
    " date '2024-01-31' as d, datetime '2024-01-31 23:59:58' as t, list(1.5, f64 'inf') as l;"
    "data | union (one | select cast(null as i64) as i, cast(null as f64) as x,"
    " cast(null as f64) as n, cast(null as f64) as m, cast(null as str) as s,"
    " cast(null as date) as d, cast(null as datetime) as t, list(1.0) as l | limit 1)";

TEST(written_options) {
  static const struct { const char *items, *format, *options, *want; } cases[] = {
    { "i, x, n, m, l", "jsonl", "",
      "{\"i\": 7, \"x\": 0.5, \"n\": null, \"m\": null, \"l\": [1.5, null]}\n"
      "{\"i\": null, \"x\": null, \"n\": null, \"m\": null, \"l\": [1.0]}\n" },
    { "i, x, n, m, l", "jsonl", "nan 'NaN' inf 'Inf' float_digits 2 line_end crlf",
      "{\"i\": 7, \"x\": 0.50, \"n\": \"NaN\", \"m\": \"-Inf\", \"l\": [1.50, \"Inf\"]}\r\n"
      "{\"i\": null, \"x\": null, \"n\": null, \"m\": null, \"l\": [1.00]}\r\n" },
    { "i, n, s", "json", "skip_nulls true nan 'a\"b'",
      "[\n  {\"i\": 7, \"n\": \"a\\\"b\", \"s\": \"a|b\"},\n  {}\n]\n" },
    { "d, t", "json", "date_format '%d.%m.%Y' datetime_format '%H\"%M' skip_nulls true",
      "[\n  {\"d\": \"31.01.2024\", \"t\": \"23\\\"59\"},\n  {}\n]\n" },
    { "i, x, s, d", "md", "",
      "| i | x | s | d |\n| ---: | ---: | --- | --- |\n| 7 | 0.5 | a\\|b | 2024-01-31 |\n"
      "|  |  |  |  |\n" },
    { "i, x, s, d", "md", "align true null '-' float_digits 3 date_format '%m/%d'",
      "|    i |     x | s    | d     |\n| ---: | ----: | ---- | ----- |\n"
      "|    7 | 0.500 | a\\|b | 01/31 |\n|    - |     - | -    | -     |\n" },
    { "n, m", "md", "nan 'x|y' inf '*' line_end crlf",
      "| n | m |\r\n| ---: | ---: |\r\n| x\\|y | -\\* |\r\n|  |  |\r\n" },
    { "i, s, x", "fixed", "", "i  s      x\n7  a|b  0.5\n \n" },
    { "i, s, x", "fixed", "null '-' float_digits 0 line_end crlf",
      "i  s    x\r\n7  a|b  0\r\n-  -    -\r\n" },
    { "i, s, x", "fixed", "header false widths (3, 5, 5)", "  7a|b    0.5\n \n" },
    { "i, s, x", "fixed", "widths (3, 2, 5)",
      "dfq: value error, print: row 1: \"a|b\" is wider than its column\n"
      "  try: the option widths" },
    { "i as much", "fixed", "widths (3)",
      "dfq: value error, print: \"much\" is wider than its column\n  try: the option widths" },
    { "i, s", "fixed", "widths (3)",
      "dfq: wrong call, print: widths are numbers of characters, one for each column" },
    { "i, s", "fixed", "widths (3, 0)",
      "dfq: wrong call, print: widths are numbers of characters, one for each column" },
    { "i, s", "fixed", "widths (3, 4, 5)",
      "dfq: wrong call, print: widths are numbers of characters, one for each column" },
    { "concat(s, chr(10)) as s", "fixed", "",
      "dfq: value error, print: row 1: \"a|b\\n\" holds a line end, which ends the row here" },
    { "x, d, n", "table", "null 'none' float_digits 1 date_format '%Y' nan '?'",
      "   x  d        n\n f64  date   f64\n----  ----  ----\n 0.5  2024     ?\n"
      "none  none  none\n2 rows\n" },
    { "i", "json", "null 'x'",
      "dfq: wrong call, print: json has no option null; it has skip_nulls nan inf "
      "float_digits date_format datetime_format sync" },
    { "i", "jsonl", "delimiter ';'", "dfq: wrong call, print: jsonl has no option delimiter" },
    { "i", "md", "widths (1)", "dfq: wrong call, print: md has no option widths" },
    { "i", "table", "quote always", "dfq: wrong call, print: table has no option quote" },
    { "i", "dfq", "float_digits 2",
      "dfq: wrong call, print: dfq has no option float_digits; it has group_rows sync" },
    { "i", "csv", "group_rows 2", "dfq: wrong call, print: csv has no option group_rows" },
    { "i", "csv", "skip_nulls true", "dfq: wrong call, print: csv has no option skip_nulls" },
    { "i", "fixed", "float_digits 99", "dfq: wrong call, print: float_digits is -1 to 17" },
  };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_query(db, written_rows);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *got = written_as(db, dfq_select(f, cases[i].items), cases[i].format,
                           cases[i].options);
    bool error = strncmp(cases[i].want, "dfq: ", 5) == 0;
    if (error) CHECK_HAS(got, cases[i].want);
    else CHECK_STR(got, cases[i].want);
    free(got);
  }
  dfq_close(db);
}

// How wide columns are is decided by the first megabyte of cells: until then nothing is laid
// out, and behind it a wider cell finds room, or does not.
TEST(written_columns_are_padded) {
  dfq *db = dfq_open(NULL);
  const char *path = test_path("padded.fwf");
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "id,text\n");
  for (int i = 0; i < 60000; i++) {
    char line[60];
    const char *text = i == 50000 ? "a text of some length" : "\xC3\xA4";
    snprintf(line, sizeof line, "%d,%s\n", i, text);
    test_puts(&t, line);
  }
  dfq_frame *f = dfq_scan_csv(db, test_file("padded.csv", t.s), NULL);
  free(t.s);
  dfq_table *want = dfq_collect(f);
  CHECK(dfq_write(f, path, NULL));   // the last column has all the room there is
  dfq_table *got = dfq_collect(dfq_scan(db, path));
  CHECK(got && dfq_table_equal(want, got, NULL, 0));
  dfq_table_free(got);
  CHECK(!dfq_write(dfq_select(f, "text, id"), path, NULL));
  CHECK_HAS(dfq_error(db), "padded.fwf: row 50001: \"a text of some length\" is wider than its "
                           "column\n  try: the option widths");
  dfq_write_options o = files_as("fixed");
  o.widths = "25, 8";
  CHECK(dfq_write(dfq_select(f, "text, id"), path, &o));
  dfq_csv_options in = csv_options();
  in.widths = o.widths;
  got = dfq_collect(dfq_select(dfq_scan_fixed(db, path, &in), "id, text"));
  CHECK(got && dfq_table_equal(want, got, NULL, 0));
  dfq_table_free(got);
  dfq_table_free(want);
  // Markdown: the lines behind that one stand as before.
  char *md = written_as(db, dfq_slice(f, 49999, 3), "md", "align true");
  CHECK_STR(md, "|    id | text                  |\n| ----: | --------------------- |\n"
                "| 49999 | \xC3\xA4                     |\n"
                "| 50000 | a text of some length |\n"
                "| 50001 | \xC3\xA4                     |\n");
  free(md);
  md = written_as(db, dfq_select(f, "text, id"), "md", "align true");
  CHECK_HAS(md, "| \xC3\xA4    | 49999 |\n| a text of some length | 50000 |\n"
                "| \xC3\xA4    | 50001 |\n");
  free(md);
  dfq_close(db);
}

// ---- the stage write ------------------------------------------------------------------------

TEST(written_stage) {
  static const char *const texts[] = {
    "orders | write '%s'",
    "orders | filter amount > 100 | write '%s' format json skip_nulls true",
    "orders | write '%s' format tsv delimiter ';' quote always header false null 'N A' "
    "line_end crlf float_digits 0 date_format '%%d.%%m.' sync true | select rows, bytes",
    "orders | write '%s' format md align true nan '' inf 'oo' | filter rows > 0",
    "orders | write '%s' format fixed widths (12, 12, 12, 12)",
    "orders | write '%s' format dfq group_rows 2 | limit 1",
    "orders | limit 0 | write '%s' format jsonl line_end lf",
  };
  dfq *db = dfq_open(NULL);
  dfq_register(db, "orders", dfq_scan_csv(db, "examples/data/orders.csv", NULL));
  const char *path = test_path("stage out.csv");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char text[1000];
    snprintf(text, sizeof text, texts[i], path);
    dfq_frame *f = dfq_query(db, text);
    if (!CHECK(!dfq_frame_error(f))) { test_fail("  %s\n", dfq_error(db)); continue; }
    const char *back = dfq_pipeline_text(f);
    dfq_frame *g = dfq_query(db, back);
    CHECK_STR(dfq_pipeline_text(g), back);
    CHECK(!strstr(back, "float_digits -1"));
    dfq_table *a = dfq_collect(f), *b = dfq_collect(g);
    CHECK(a && b && dfq_table_equal(a, b, NULL, 0));
    dfq_table_free(a);
    dfq_table_free(b);
    CHECK_SAME(f);
  }
  dfq_table *t = dfq_collect(dfq_write_stage(dfq_query(db, "orders"), path, NULL, NULL));
  size_t n = 0;
  char *file = test_read_n(path, &n);
  dfq_value v;
  dfq_table_get(t, 0, 3, &v);
  CHECK_INT(v.as.i, n);
  dfq_table_free(t);
  free(file);
  CHECK_HAS(dfq_explain_text(dfq_query(db, "orders | write '/dev/null' format csv | "
                                           "filter rows > 1 | select path | limit 3"),
                             DFQ_EXPLAIN_BOTH),
            "below write#2  REFUSED: it is about the files, not about their rows");
  dfq_close(db);
}

TEST(written_stage_parts) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_keyed(db, 3000, 20);
  const char *path = test_path("stage_parts");
  char text[1000], pattern[1000];
  dfq_register(db, "keyed", f);
  snprintf(pattern, sizeof pattern, "%s/", path);
  for (int engine = 0; engine < 2; engine++)
    for (int form = 0; form < 4; form++) {
      static const char *const forms[] = { "csv", "jsonl", "dfq", "fixed null '-'" };
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.engine = (dfq_engine)engine;
      snprintf(text, sizeof text, "keyed | write '%s' by k, \"t\" format %s", path,
               forms[form]);
      dfq_frame *w = dfq_configure(dfq_query(db, text), &run);
      CHECK_STR(dfq_pipeline_text(dfq_query(db, dfq_pipeline_text(w))), dfq_pipeline_text(w));
      dfq_table *t = dfq_collect(w);
      if (!CHECK(t != NULL)) { test_fail("  %s\n", dfq_error(db)); continue; }
      dfq_value files, rows;
      dfq_table_get(t, 0, 1, &files);
      dfq_table_get(t, 0, 2, &rows);
      CHECK(files.as.i > 15);
      CHECK_INT(rows.as.i, 3000);
      dfq_table_free(t);
      CHECK(dfq_collect(w) == NULL);   // once more is once too often
      CHECK_HAS(dfq_error(db), "write: ");
      CHECK_HAS(dfq_error(db), "stage_parts: is not empty");
      files_fell(path);
    }
  dfq_close(db);
}

TEST(written_stage_errors) {
  static const struct { const char *text, *want; } cases[] = {
    { "orders | write", "expected a path" },
    { "orders | write x.what", "what is x.what to hold? The option format says it" },
    { "orders | write x format what", "there is no format what; there are csv" },
    { "orders | write x.csv nul 'NA'", "no option called nul; did you mean null?" },
    { "orders | write x.csv null 'NA' null 'x'", "null stands twice" },
    { "orders | write x.json null 'NA'", "json has no option null" },
    { "orders | write x.csv line_end cr", "lf or crlf" },
    { "orders | write x.csv float_digits 18", "float_digits is -1 to 17" },
    { "orders | write x by nosuch", "no column nosuch" },
    { "orders | write x by year, customer_id, order_id, amount", "every column is a key" },
    { "orders | write x by year null ','", "null must hold none of the three" },
    { "orders | implode order_id | write x by order_id", "a list is no key" },
    { "orders | write x.fwf widths (1, 2)", "widths are numbers of characters" },
    { "orders | save x.csv", "no stage called save; did you mean write?" },
    { "orders | write x.csv | filter amount > 1", "no column amount" },
  };
  dfq *db = dfq_open(NULL);
  dfq_register(db, "orders", dfq_scan_csv(db, "examples/data/orders.csv", NULL));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK_HAS(dfq_frame_error(dfq_query(db, cases[i].text)), cases[i].want);
  int before = test_file_count();
  const char *path = test_file("stage_kept.csv", "old\n");
  dfq_frame *bad = dfq_query(db, "orders | filter order_id < 3 or cast('x' as i64) > 0");
  for (int engine = 0; engine < 2; engine++) {   // what goes wrong while it runs
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.engine = (dfq_engine)engine;
    CHECK(!dfq_collect(dfq_configure(dfq_write_stage(bad, path, NULL, NULL), &run)));
    CHECK_HAS(dfq_error(db), "cast('x' as i64)");
    dfq_frame *f = dfq_query(db, "orders");
    CHECK(!dfq_collect(dfq_configure(dfq_write_stage(f, test_path("no/x.csv"), NULL, NULL),
                                     &run)));
    CHECK_HAS(dfq_error(db), "ch6_written.c:");
    CHECK_HAS(dfq_error(db), "no/x.csv: No such file");
    CHECK(!dfq_collect(dfq_configure(dfq_write_stage(f, test_path("no/x"), "year", NULL),
                                     &run)));
    CHECK_HAS(dfq_error(db), "no/x: No such file");
  }
  char *kept = test_read(path);
  CHECK_STR(kept, "old\n");
  free(kept);
  CHECK_INT(test_file_count(), before + 1);
  dfq_close(db);
}

static bool written_use(dfq *db, const void *user) {
  dfq_write_options o = files_as("fixed");
  dfq_frame *f = dfq_scan_csv(db, "examples/data/orders.csv", NULL);
  const char *path = (const char *)user;
  files_fell(path);   // written is written, even if there is no room for the row about it
  dfq_table *t = dfq_collect(dfq_write_stage(f, path, "year", &o));
  if (t) files_fell(path);
  dfq_table_free(t);
  if (!t) return false;
  o.format = "md";
  o.align = true;
  t = dfq_collect(dfq_write_stage(f, path, NULL, &o));
  dfq_table_free(t);
  return t != NULL;
}

TEST(written_without_memory) {
  int before = test_file_count();
  const char *path = test_path("written_memory");
  CHECK(csv_fail_each(written_use, path, true) > 50);
  files_fell(path);
  CHECK_INT(test_file_count(), before);
}

// ---- and back -------------------------------------------------------------------------------

// Every type that columns have, and of each what is hard to write: ends of ranges, texts that
// look like something else, floats of all magnitudes, nulls.
static const char *const written_types[] = {
  "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "str", "date",
  "datetime", "duration", "time", "decimal(2)", "decimal(18)", "list(i64)", "list(str)",
  "list(f64)", "list(date)"
};
enum { WRITTEN_TYPES = (int)(sizeof written_types / sizeof *written_types) };

// A text of few signs, the awkward ones. plain: none that only some forms can hold.
static dfq_value written_text(uint64_t *seed, char *room, bool plain) {
  static const char signs[] = "ab,;\"'|\\\n\t <*_{}[]:~\r-N0.%#";
  static const char *const whole[] = { "", "NA", "null", "nan", "-inf", "true", "12", "007",
                                       "2024-01-31", "\xC3\xA4\xE2\x82\xAC", "\\N", " x ",
                                       "more than twelve bytes of text" };
  uint64_t x = test_random(seed);
  if (x % 3 == 0) {
    const char *s = whole[plain ? 6 + x / 3 % 5 : x / 3 % 13];
    return dfq__value_str(s, strlen(s));
  }
  size_t n = x / 3 % 20 + (size_t)plain;
  for (size_t i = 0; i < n; i++) {
    room[i] = signs[test_random(seed) % (sizeof signs - 1)];
    if (plain) room[i] = (char)('a' + (unsigned char)room[i] % 26);
  }
  return dfq__value_str(room, n);
}

static dfq_value written_value(uint64_t *seed, dfq_type type, char *room, bool plain) {
  uint64_t x = test_random(seed), bits = test_random(seed);
  dfq_type kind = dfq__kind(type);
  if (x % 7 == 0) return dfq__value_null();
  if (kind == DFQ_STR) return written_text(seed, room, plain);
  if (kind == DFQ_BOOL) return dfq__value_int(DFQ_BOOL, bits & 1);
  if (dfq__is_float(type)) {
    double d = (double)(int64_t)(bits >> 20) / 1024;
    if (x % 5 == 0) memcpy(&d, &bits, sizeof d);
    if (x % 11 == 0) d = 0 * -1.0;
    if (d - d != 0) d = plain ? 0.1 : d == d ? d : (double)NAN;
    if (kind == DFQ_F32) d = (double)(float)(d > 1e30 || d < -1e30 ? 1.5 : d);
    dfq_value v = dfq__value_f64(d);
    v.type = type;
    return v;
  }
  int64_t n = (int64_t)bits >> x / 7 % 64;
  if (kind == DFQ_DATE) n = n % 700000;
  if (kind == DFQ_DATETIME) n = n % INT64_C(60000000000000000);
  if (kind == DFQ_TIME) n = (int64_t)(bits % UINT64_C(86400000000));
  if (kind == DFQ_DECIMAL) n = n % INT64_C(1000000000000000000);
  for (; kind != DFQ_DURATION && !dfq__int_fits(type, n); n /= 2) continue;
  return dfq__value_int(type, n);
}

// A list of up to four values, in bytes of db's.
static dfq_value written_list(dfq *db, uint64_t *seed, dfq_type type, bool plain) {
  dfq__list_builder b;
  dfq_value v, to = dfq__value_null();
  char room[24];
  uint64_t n = test_random(seed) % 6;
  if (n == 5) return to;
  dfq__list_init(&b, db->heap, dfq__child_of(type));
  for (; n; n--) {
    v = written_value(seed, dfq__child_of(type), room, plain);
    dfq__list_append(&b, &v);
  }
  CHECK(dfq__list_value(&b, &db->arena, &to));
  return to;
}

// One form: what it is written with and read with, and what it cannot hold.
typedef struct written_form {
  const char *ending, *write, *read;
  bool plain, lists;   // texts of few signs only; lists come back
} written_form;

static const written_form written_forms[] = {
  { "csv", "", "", false, false },
  { "csv", "delimiter ';' line_end crlf", "delimiter ';'", false, false },
  { "csv", "quote always null 'N/A'", "nulls 'N/A'", false, false },
  { "csv", "header false delimiter '|'", "header false delimiter '|'", false, false },
  { "csv", "nan 'NAN' inf 'INF'", "", false, false },
  { "csv", "datetime_format '%F %T.%f' date_format '%d.%m.%Y'", "date_format '%d.%m.%Y'",
    false, false },
  { "tsv", "", "", false, false },
  { "tab", "line_end crlf quote always", "", false, false },
  { "json", "nan 'nan' inf 'inf'", "", true, true },
  { "jsonl", "nan 'nan' inf 'inf' line_end crlf", "", true, true },
  { "ndjson", "skip_nulls true nan 'nan' inf 'inf'", "", true, true },
  { "fwf", "null '~'", "nulls '~'", true, false },
  { "prn", "null '~' line_end crlf", "nulls '~'", true, false },
  { "dfq", "", "", false, true },
  { "dfq", "group_rows 3", "", false, true },
};
enum { WRITTEN_FORMS = (int)(sizeof written_forms / sizeof *written_forms) };

// Writes a table in a form, and reads it as its types.
static void written_back(dfq *db, dfq_table *want, const written_form *form, const char *types,
                         const char *names, int round) {
  char file[40], text[4000], difference[300] = "";
  bool self = strcmp(form->ending, "dfq") == 0, head = !strstr(form->write, "header false");
  dfq_write_options o = files_options(db, form->write);
  snprintf(file, sizeof file, "back.%s", form->ending);
  const char *path = test_path(file);
  bool wrote = dfq_write(dfq_scan_table(db, want), path, &o);
  snprintf(text, sizeof text, "scan '%s' %s %s%s%s %s%s%s | select %s", path, form->read,
           self ? "" : "types (", self ? "" : types, self ? "" : ")", head ? "" : "names (",
           head ? "" : names, head ? "" : ")", names);
  dfq_table *got = dfq_collect(dfq_query(db, text));
  if (!CHECK(wrote && got)) test_fail("    %s, round %d: %s\n", file, round, dfq_error(db));
  else if (!CHECK(dfq_table_equal(want, got, difference, sizeof difference)))
    test_fail("    %s %s, round %d: %s\n", file, form->write, round, difference);
  dfq_table_free(got);
  remove(path);
}

// Random tables of every type, in every form and with every option that loses nothing.
TEST(written_reads_back) {
  static dfq_value cells[8 * 24];
  static char room[8 * 24 * 24];
  uint64_t seed = 99;
  for (int round = 0; round < 20 * WRITTEN_FORMS; round++) {
    const written_form *form = &written_forms[round % WRITTEN_FORMS];
    dfq *db = dfq_open(NULL);
    int columns = 2 + (int)(test_random(&seed) % 7);
    size_t rows = 1 + test_random(&seed) % 24;
    dfq_field fields[8];
    char types[1000] = "", names[200] = "";
    for (int c = 0; c < columns; c++) {
      uint64_t held = WRITTEN_TYPES - (form->lists ? 0u : 4u);
      int pick = (int)(test_random(&seed) % held);
      const char *type = c ? written_types[pick] : "i64";
      char name[20], one[60];
      snprintf(name, sizeof name, "c%d", c);
      snprintf(one, sizeof one, "cast(null as %s)", type);
      fields[c].name = dfq__intern(db, name);
      fields[c].type = dfq_expr_cast_type(dfq_parse(db, one));
      fields[c].why = NULL;
      snprintf(one, sizeof one, "%s%s: %s", c ? ", " : "", name, type);
      strcat(types, one);
      strcat(strcat(names, c ? ", " : ""), name);
    }
    for (size_t i = 0; i < rows * (size_t)columns; i++) {
      dfq_type type = fields[i % (size_t)columns].type;
      cells[i] = dfq__kind(type) == DFQ_LIST ? written_list(db, &seed, type, form->plain)
                                             : written_value(&seed, type, room + 24 * i,
                                                             form->plain);
      if (i % (size_t)columns == 0) cells[i] = dfq__value_int(DFQ_I64, (int64_t)i);
    }
    dfq_table *want = dfq_table_from_rows(db, fields, columns, cells, rows);
    if (CHECK(want != NULL)) written_back(db, want, form, types, names, round);
    else test_fail("    %s\n", dfq_error(db));
    dfq_table_free(want);
    dfq_close(db);
  }
}

// The forms whose files were not cut everywhere yet: CSV and JSON have tests of their own.
TEST(written_every_split_point) {
  static const char tsv[] = "id\tt\r\n1\t\"a\tb\"\r\n2\t\"\"\"x\n\"\r\n3\t\n";
  static const char lines[] =
      "{\"a\":1,\"s\":\"x\\ny\"}\r\n{\"a\":null}\n\n{\"s\":\"\",\"a\":3}";
  static const char fixed[] = "id  name  x\n 1  \xC3\xA4     1.5\r\n22  bob   2\n\n 3        7";
  csv_split_everywhere(TEST_AT, "scan f.tsv", tsv, sizeof tsv - 1,
                       "id i64|t str\n1|a\tb\n2|\"x\n\n3|~\n");
  csv_split_everywhere(TEST_AT, "scan f.jsonl", lines, sizeof lines - 1,
                       "a i64|s str\n1|x\ny\n~|~\n3|\n");
  csv_split_everywhere(TEST_AT, "scan f.fwf", fixed, sizeof fixed - 1,
                       "id i64|name str|x f64\n1|\xC3\xA4|1.5\n22|bob|2.0\n3|~|7.0\n");
  csv_split_everywhere(TEST_AT, "scan f.fwf widths (4, 6, 3)", fixed, sizeof fixed - 1,
                       "id i64|name str|x f64\n1|\xC3\xA4|1.5\n22|bob|2.0\n3|~|7.0\n");
}

// ---- faults of the real system --------------------------------------------------------------
// tests/faults.c fails each call of the file hook; here the C library's files fail by
// themselves.

#if !defined(_WIN32) && !defined(__wasi__)
#include <signal.h>
#include <sys/resource.h>

// Strict C11 hides what is not C: musl has both, glibc behind a macro that dfq.h does without.
extern FILE *fdopen(int file, const char *mode);
extern int truncate(const char *path, off_t bytes);

// Files may not grow beyond 40 KB: a disk that is full in the middle. The old file stays, and
// no other does.
TEST(written_when_the_disk_is_full) {
  struct rlimit old, small;
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_rows(db, 9000);
  const char *path = test_file("full_disk.csv", "old\n");
  int before = test_file_count();
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  if (!CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0)) return;
  small = old;
  small.rlim_cur = 40000;
  setrlimit(RLIMIT_FSIZE, &small);
  for (int i = 0; dfq_format_at(i); i++) {
    dfq_write_options o = files_as(dfq_format_at(i));
    if (strcmp(o.format, "table") == 0) continue;   // 40 rows fit everywhere
    CHECK(!dfq_write(f, path, &o));
    CHECK_HAS(dfq_error(db), "full_disk.csv: File too large");
    CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
    CHECK(!dfq_write_partitioned(dfq_with_columns(f, "1 as one"), test_path("full_disk"),
                                 "one", &o));
    CHECK_HAS(dfq_error(db), "File too large");
    CHECK_INT(test_file_count(), before);
  }
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  char *kept = test_read(path);
  CHECK_STR(kept, "old\n");
  free(kept);
  CHECK(dfq_write(f, path, NULL));   // and with room again it works
  dfq_close(db);
}

// A pipe that nobody reads, and places where nothing can be written.
TEST(written_where_nobody_reads) {
  int end[2];
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_rows(db, 9000);
  void (*handler)(int) = signal(SIGPIPE, SIG_IGN);
  FILE *out = pipe(end) == 0 ? fdopen(end[1], "wb") : NULL;
  if (!CHECK(out != NULL)) return;
  close(end[0]);
  CHECK(!dfq_print(f, out, NULL));
  CHECK_HAS(dfq_error(db), "print: Broken pipe");
  fclose(out);
  signal(SIGPIPE, handler);
  int before = test_file_count();
  CHECK(!dfq_write(f, "/proc/nowhere/x.csv", NULL));
  CHECK_HAS(dfq_error(db), "write: /proc/nowhere/x.csv: No such file");
  const char *folder = test_path("read_only");
  test_mkdir(folder);
  CHECK(!dfq_write(f, folder, NULL));
  dfq_write_options o = files_as("csv");
  CHECK(!dfq_write(f, folder, &o));   // a folder is no file
  CHECK_HAS(dfq_error(db), "read_only: ");
  chmod(folder, 0500);
  if (getuid() != 0) {
    CHECK(!dfq_write(f, test_path("read_only/x.csv"), NULL));
    CHECK_HAS(dfq_error(db), "read_only/x.csv: Permission denied");
  }
  chmod(folder, 0700);
  files_fell(folder);
  CHECK_INT(test_file_count(), before);
  dfq_close(db);
}

// A file that becomes shorter while a run reads it: an error, whatever its form.
TEST(written_and_cut_off_while_read) {
  static const char *const names[] = { "cut.csv", "cut.jsonl", "cut.json", "cut.fwf",
                                       "cut.dfq" };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = files_rows(db, 40000);
  for (int i = 0; i < 5; i++) {
    const char *path = test_path(names[i]);
    const dfq_value *row;
    dfq_write_options o = files_as(NULL);
    o.group_rows = i == 4 ? 1000 : 0;
    if (!CHECK(dfq_write(f, path, &o))) continue;
    dfq_rows *rows = dfq_rows_open(dfq_scan(db, path));
    CHECK(dfq_rows_next(rows, &row));
    CHECK(truncate(path, i == 4 ? 100000 : 700000) == 0);
    while (dfq_rows_next(rows, &row)) continue;
    CHECK(dfq_rows_failed(rows));
    CHECK_HAS(dfq_error(db), names[i]);
    dfq_rows_close(rows);
    remove(path);
  }
  dfq_close(db);
}
#endif

// ---- many files of other forms --------------------------------------------------------------

// What a query over files below the tests' folder gives; %s in it is that folder.
static void written_many(const char *at, dfq *db, const char *query, const char *want) {
  char text[2000];
  size_t n = 0;
  for (const char *c = query; *c && n < sizeof text - 200; c++) {
    if (*c == '@') n += (size_t)snprintf(text + n, 200, "%s", test_dir());
    else text[n++] = *c;
  }
  text[n] = 0;
  dfq_frame *f = dfq_query(db, text);
  char *got = csv_dump(f);
  const char *why = dfq_frame_error(f) ? dfq_frame_error(f) : got;
  if (strncmp(want, "! ", 2) == 0) test_has(at, query, why, want + 2);
  else {
    test_str(at, query, "what it means", got, want);
    const char *back = dfq_pipeline_text(f);
    dfq_frame *g = dfq_query(db, back);
    CHECK_STR(dfq_pipeline_text(g), back);
    char *again = csv_dump(g);
    CHECK_STR(again, got);
    free(again);
    CHECK_SAME(f);
  }
  free(got);
}

#define WRITTEN_MANY(query, want) written_many(TEST_AT, db, query, want)

TEST(written_many_json) {
  dfq *db = dfq_open(NULL);
  files_plant("mj/k=1/a.json", "[{\"id\":1,\"x\":1},{\"id\":2,\"x\":2}]");
  files_plant("mj/k=2/b.jsonl", "{\"x\":0.5,\"id\":3}\n");
  files_plant("mj/k=2/c.jsonl", "{\"x\":\"n\",\"id\":4}\n{\"x\":\"d\\\"\",\"id\":5}\n");
  files_plant("mj/k=3/d.json", "[{\"id\":6,\"p\":{\"q\":true}}]");
  WRITTEN_MANY("scan ('@/mj/k=1/a.json', '@/mj/k=2/b.jsonl')",
               "id i64|x f64|k i64\n1|1.0|1\n2|2.0|1\n3|0.5|2\n");
  WRITTEN_MANY("scan '@/mj/*/*.json*' fill_missing true",
               "id i64|x str|p.q bool|k i64\n1|1|~|1\n2|2|~|1\n3|0.5|~|2\n4|n|~|2\n5|d\"|~|2\n"
               "6|~|true|3\n");
  WRITTEN_MANY("scan '@/mj/' fill_missing true hive false file_name f rows 4 "
               "| filter x = '0.5' or f like '%d.json' | select id, f ilike '%JSONL' as l",
               "id i64|l bool\n3|true\n");
  WRITTEN_MANY("scan '@/mj/' fill_missing true | filter k = 3 | select id", "id i64\n6\n");
  WRITTEN_MANY("scan '@/mj/' fill_missing true hive_types (k: str) | filter k = '3' "
               "| select k, id", "k str|id i64\n3|6\n");
  WRITTEN_MANY("scan '@/mj/**' fill_missing true unknown ignore types (x: str) infer 1 "
               "| filter k < 3 | group x: count() as n",
               "x str|n i64\n1|1\n2|1\n0.5|1\nn|1\nd\"|1\n");
  WRITTEN_MANY("scan '@/mj/'", "! d.json has no column x, which ");
  WRITTEN_MANY("scan '@/mj/'", "! try: fill_missing true");
  WRITTEN_MANY("scan '@/mj/k=1/a.json' row_index i", "! is JSON, which has other options");
  dfq_json_options o;
  memset(&o, 0, sizeof o);
  o.fill_missing = o.no_hive = true;
  o.file_name = "f";
  char *got = csv_dump(dfq_drop(dfq_scan_json(db, test_path("mj/k=3/*"), &o), "f"));
  CHECK_STR(got, "id i64|p.q bool\n6|true\n");
  free(got);
  files_fell(test_path("mj"));
  dfq_close(db);
}

// What folders are called is of the types that are given for it; else a text 1 is a number.
TEST(written_hive_types) {
  dfq *db = dfq_open(NULL);
  files_plant("ht/k=1/c=01/x.csv", "id\n1\n");
  files_plant("ht/k=2/c=b/x.csv", "id\n2\n");
  files_plant("ht/k=__HIVE_DEFAULT_PARTITION__/c=b/x.csv", "id\n3\n");
  WRITTEN_MANY("scan '@/ht/'", "id i64|k i64|c str\n1|1|01\n2|2|b\n3|~|b\n");
  WRITTEN_MANY("scan '@/ht/' hive_types (k: str,)",
               "id i64|k str|c str\n1|1|01\n2|2|b\n3|~|b\n");
  WRITTEN_MANY("scan '@/ht/' hive_types (c: str, k: decimal(1)) | filter k < 2.0",
               "id i64|k decimal(1)|c str\n1|1.0|01\n");
  WRITTEN_MANY("scan '@/ht/' hive_types (k: i8) types (id: i16) | limit 1",
               "id i16|k i8|c str\n1|1|01\n");
  WRITTEN_MANY("scan '@/ht/' hive_types (z: str)", "! no folder is called z=...");
  WRITTEN_MANY("scan '@/ht/' hive false hive_types (k: str)", "! no folder is called k=...");
  WRITTEN_MANY("scan '@/ht/' hive_types (c: i64)", "! b/x.csv: c=b is no i64");
  WRITTEN_MANY("scan '@/ht/' hive_types (k: list(i64))",
               "! a folder's name is a text, no list(i64)");
  WRITTEN_MANY("scan '@/ht/' hive_types (k: str, k: i64)", "! two types for column k");
  WRITTEN_MANY("scan '@/ht/' hive_types (k str)", "! expected");
  WRITTEN_MANY("scan '@/ht/' hive_types (k: date '%Y')", "! expected");
  WRITTEN_MANY("scan '@/ht/' types (k: str)",
               "! has no column k\n  try: hive_types, for what folders are called");
  dfq_csv_options o = csv_options();
  o.hive_types = "k: str";
  char *got = csv_dump(dfq_scan_csv(db, test_path("ht/k=1/c=01/x.csv"), &o));   // one file, too
  CHECK_STR(got, "id i64|k str|c str\n1|1|01\n");
  free(got);
  o.hive_types = "k: str   # a comment";
  dfq_frame *f = dfq_scan_csv(db, test_path("ht/k=1/c=01/x.csv"), &o);
  CHECK_INT(dfq_count(dfq_query(db, dfq_pipeline_text(f))), 1);
  files_fell(test_path("ht"));
  dfq_close(db);
}

// Files with a schema of their own are cast; conditions, limits and threads see no difference.
TEST(written_many_columnar) {
  dfq *db = dfq_open(NULL);
  files_plant("mc/k=1/none", "");
  files_plant("mc/k=2/none", "");
  const char *a = test_path("mc/k=1/a.dfq"), *b = test_path("mc/k=2/b.dfq");
  remove(test_path("mc/k=1/none"));
  remove(test_path("mc/k=2/none"));
  dfq_register(db, "orders", dfq_scan_csv(db, "examples/data/orders.csv", NULL));
  CHECK(dfq_write(dfq_query(db, "orders | limit 2 | select order_id as id, amount * 1.0 as x"),
                  a, NULL));
  CHECK(dfq_write(dfq_query(db, "orders | offset 4 | select cast(amount as i32) as x, order_id "
                                "as id, 'y' as extra"), b, NULL));
  WRITTEN_MANY("scan '@/mc/k=1/*.dfq'", "id i64|x f64|k i64\n101|250.0|1\n102|100.0|1\n");
  WRITTEN_MANY("scan '@/mc/'", "! has no column extra, which ");
  WRITTEN_MANY("scan ('@/mc/k=1/a.dfq', '@/mc/k=2/b.dfq') fill_missing true",
               "id i64|x f64|extra str|k i64\n101|250.0|~|1\n102|100.0|~|1\n"
               "105|300.0|y|2\n106|120.0|y|2\n");
  WRITTEN_MANY("scan '@/mc/' format dfq fill_missing true | filter x > 120 and k > 1",
               "id i64|x f64|extra str|k i64\n105|300.0|y|2\n");
  WRITTEN_MANY("scan '@/mc/' fill_missing true file_name f map | filter x > 100 | limit 2 "
               "| select x + 0.5 as y", "y f64\n250.5\n300.5\n");
  WRITTEN_MANY("scan '@/mc/' fill_missing true rows 3 | select extra, id",
               "extra str|id i64\n~|101\n~|102\ny|105\n");
  WRITTEN_MANY("scan '@/mc/' fill_missing true | filter x > 120 | group k: count() as n",
               "k i64|n i64\n1|1\n2|1\n");
  WRITTEN_MANY("scan '@/mc/k=1/' hive false skip 1", "! has its schema in itself");
  WRITTEN_MANY("scan '@/mc/k=2/' hive_types (k: str) | select k", "k str\n2\n2\n");
  // and beside text, whatever comes first
  files_plant("mc/k=3/c.csv", "x,id\n1.5,9\n");
  files_plant("mc/k=4/d.jsonl", "{\"id\":10,\"x\":\"big\"}\n");
  WRITTEN_MANY("scan ('@/mc/k=3/c.csv', '@/mc/k=1/a.dfq')",
               "x f64|id i64|k i64\n1.5|9|3\n250.0|101|1\n100.0|102|1\n");
  WRITTEN_MANY("scan '@/mc/' fill_missing true hive false",
               "id i64|x str|extra str\n101|250.0|~\n102|100.0|~\n105|300|y\n106|120|y\n"
               "9|1.5|~\n"
               "10|big|~\n");
  WRITTEN_MANY("scan '@/mc/' fill_missing true hive false | filter x > '11' and id < 106",
               "id i64|x str|extra str\n101|250.0|~\n105|300|y\n10|big|~\n");
  WRITTEN_MANY("scan ('@/mc/k=1/a.dfq', '@/mc/k=3/c.csv') delimiter ';'",
               "! a.dfq has its schema in itself");
  dfq_columnar_options o;
  memset(&o, 0, sizeof o);
  o.file_name = "f";
  dfq_frame *f = dfq_scan_columnar(db, test_path("mc/k=1/*.dfq"), &o);
  CHECK_INT(dfq_count(dfq_filter(f, "f like '%a.dfq'")), 2);
  files_fell(test_path("mc"));
  dfq_close(db);
}

static void run_ch6_written(void) {
  RUN(written_options);
  RUN(written_columns_are_padded);
  RUN(written_stage);
  RUN(written_stage_parts);
  RUN(written_stage_errors);
  RUN(written_without_memory);
  RUN(written_reads_back);
  RUN(written_every_split_point);
#if !defined(_WIN32) && !defined(__wasi__)
  RUN(written_when_the_disk_is_full);
  RUN(written_where_nobody_reads);
  RUN(written_and_cut_off_while_read);
#endif
  RUN(written_many_json);
  RUN(written_hive_types);
  RUN(written_many_columnar);
}
