// ch6_streaming.c - CSV in and out: what a file means, by tables and beside csv-spectrum;
// errors and where they stand; every way a file may arrive in pieces; faults of disk and
// memory; and what is written reads back equal, by a table and at random.

// ---- a disk in memory -----------------------------------------------------------------------

// One file to read, given out in pieces, and one that is written; failures on demand.
typedef struct csv_disk {
  const char *data;
  size_t size, at;
  size_t first, piece;    // bytes of the first read, of each further one; 0: what is asked for
  long fail_read;         // the read that fails, counted from 1; 0: none
  size_t repeat, from;    // the data from there on comes so many times more
  size_t repeated;
  bool no_size;
  char written[4096];
  size_t written_bytes, write_piece, write_room;   // 0: any number
  bool fail_open, fail_close, fail_rename;
  int reads, opens, closes, renames, removes;
  char temp[512], target[512];
} csv_disk;

static void *csv_disk_open(void *user, const char *path, bool write, const char **why) {
  csv_disk *d = (csv_disk *)user;
  if (d->fail_open) {
    *why = "the disk is on fire";
    return NULL;
  }
  d->opens++;
  d->at = d->repeated = 0;
  d->reads = 0;
  if (write) snprintf(d->temp, sizeof d->temp, "%s", path);
  return d;
}

static int64_t csv_disk_read(void *user, void *file, void *to, size_t bytes) {
  csv_disk *d = (csv_disk *)file;
  (void)user;
  size_t piece = ++d->reads == 1 && d->first ? d->first : d->piece;
  if (d->reads == d->fail_read) return -1;
  if (d->at == d->size && d->repeated < d->repeat) {
    d->repeated++;
    d->at = d->from;
  }
  size_t n = d->size - d->at;
  if (n > bytes) n = bytes;
  if (piece && n > piece) n = piece;
  memcpy(to, d->data + d->at, n);
  d->at += n;
  return (int64_t)n;
}

static int64_t csv_disk_write(void *user, void *file, const void *from, size_t bytes) {
  csv_disk *d = (csv_disk *)file;
  (void)user;
  size_t n = d->write_piece && bytes > d->write_piece ? d->write_piece : bytes;
  if (d->write_room && d->written_bytes + n > d->write_room) return -1;
  size_t room = d->written_bytes < sizeof d->written ? sizeof d->written - d->written_bytes : 0;
  memcpy(d->written + sizeof d->written - room, from, n < room ? n : room);
  d->written_bytes += n;
  return (int64_t)n;
}

static bool csv_disk_close(void *user, void *file) {
  csv_disk *d = (csv_disk *)file;
  (void)user;
  d->closes++;
  return !d->fail_close;
}

static bool csv_disk_rename(void *user, const char *from, const char *to) {
  csv_disk *d = (csv_disk *)user;
  d->renames++;
  CHECK_STR(from, d->temp);
  snprintf(d->target, sizeof d->target, "%s", to);
  return !d->fail_rename;
}

static void csv_disk_remove(void *user, const char *path) {
  csv_disk *d = (csv_disk *)user;
  d->removes++;
  CHECK_STR(path, d->temp);
}

static int64_t csv_disk_size(void *user, void *file) {
  csv_disk *d = (csv_disk *)file;
  (void)user;
  return d->no_size ? -1 : (int64_t)(d->size * (d->repeat + 1));
}

static dfq *csv_on(csv_disk *disk) {
  dfq_io io;
  memset(&io, 0, sizeof io);
  io.user = disk;
  io.open = csv_disk_open;
  io.read = csv_disk_read;
  io.write = csv_disk_write;
  io.close = csv_disk_close;
  io.rename = csv_disk_rename;
  io.remove = csv_disk_remove;
  io.size = csv_disk_size;
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.io = &io;
  return dfq_open(&o);
}

static csv_disk csv_disk_of(const char *data, size_t size) {
  csv_disk d;
  memset(&d, 0, sizeof d);
  d.data = data;
  d.size = size;
  return d;
}

// ---- results as text ------------------------------------------------------------------------

static void csv_put_cell(test_string *t, const dfq_value *v) {
  char number[DFQ__NUMBER_TEXT];
  if (v->type == DFQ_NULL) test_puts(t, "~");
  else if (v->type == DFQ_STR) test_add(t, v->as.s, v->len);
  else test_add(t, number, dfq__write_value(number, v));
}

// "a i64|b str\n1|x\n": names and types, then the rows, null as ~; an error behind the rows
// before it. Owns: the caller, who frees it.
static char *csv_dump(dfq_frame *f) {
  test_string t = { NULL, 0, 0 };
  const dfq_schema *s = dfq_schema_of(f);
  test_puts(&t, "");
  for (int c = 0; c < s->count; c++) {
    if (c) test_puts(&t, "|");
    test_puts(&t, s->field[c].name);
    test_puts(&t, " ");
    test_puts(&t, dfq_type_name(s->field[c].type));
  }
  test_puts(&t, "\n");
  dfq_rows *rows = dfq_rows_open(f);
  const dfq_value *row;
  while (dfq_rows_next(rows, &row)) {
    for (int c = 0; c < dfq_rows_columns(rows); c++) {
      if (c) test_puts(&t, "|");
      csv_put_cell(&t, &row[c]);
    }
    test_puts(&t, "\n");
  }
  bool failed = dfq_rows_failed(rows);
  dfq_rows_close(rows);
  if (failed) test_puts(&t, dfq_error(f->db));
  return t.s;
}

// What a file of these bytes is read as, once by each of a few ways to cut it into pieces.
static void csv_means_n(const char *at, const char *bytes, size_t n, const dfq_csv_options *o,
                        const char *want) {
  static const size_t pieces[] = { 0, 1, 7, 64 };
  for (int i = 0; i < 4; i++) {
    csv_disk disk = csv_disk_of(bytes, n);
    disk.piece = pieces[i];
    dfq *db = csv_on(&disk);
    char *got = csv_dump(dfq_scan_csv(db, "f.csv", o));
    test_str(at, "the file", "what it means", got, want);
    free(got);
    dfq_close(db);
    CHECK_INT(disk.opens, disk.closes);
  }
}

#define CSV_MEANS(text, options, want) csv_means_n(TEST_AT, text, strlen(text), options, want)

static dfq_csv_options csv_options(void) {
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  return o;
}

// The message for a file: of the frame, or of its run.
static const char *csv_error(dfq *db, const char *path, const dfq_csv_options *o) {
  dfq_table *t = dfq_collect(dfq_scan_csv(db, path, o));
  if (t) {
    dfq_table_free(t);
    return "no error";
  }
  return dfq_error(db);
}

// ---- what a file means ----------------------------------------------------------------------

TEST(csv_lines) {
  CSV_MEANS("a,b\n1,2\n3,4\n", NULL, "a i64|b i64\n1|2\n3|4\n");
  CSV_MEANS("a,b\r\n1,2\r\n3,4\r\n", NULL, "a i64|b i64\n1|2\n3|4\n");
  CSV_MEANS("a,b\n1,2\n3,4", NULL, "a i64|b i64\n1|2\n3|4\n");
  CSV_MEANS("a,b\r\n1,2\r\n3,4\r", NULL, "a i64|b i64\n1|2\n3|4\n");
  CSV_MEANS("a,b\r\n1,x\r\n,\r\n", NULL, "a i64|b str\n1|x\n~|~\n");
  CSV_MEANS("a\r\nx\r\n\"y\"\r\n", NULL, "a str\nx\ny\n");
  CSV_MEANS("\n\na,b\n\n1,2\n\n\n3,4\n\n", NULL, "a i64|b i64\n1|2\n3|4\n");
  CSV_MEANS("a,b\r\n\r\n1,2\r\n", NULL, "a i64|b i64\n1|2\n");
  CSV_MEANS("a\n1\n\n2\n", NULL, "a i64\n1\n~\n2\n");             // one column: a null row
  CSV_MEANS("a\r\n1\r\n\r\n2\r\n", NULL, "a i64\n1\n~\n2\n");
  CSV_MEANS("a,b", NULL, "a str|b str\n");
  CSV_MEANS("a", NULL, "a str\n");
  CSV_MEANS("\xEF\xBB\xBF" "a,b\n1,2\n", NULL, "a i64|b i64\n1|2\n");
  CSV_MEANS("\xEF\xBB\xBF\"a\",b\n1,2\n", NULL, "a i64|b i64\n1|2\n");
  CSV_MEANS("a,b\n1,x\ry\n", NULL, "a i64|b str\n1|x\ry\n");     // a CR elsewhere is text
  CSV_MEANS("a,b\n1,\rx\n", NULL, "a i64|b str\n1|\rx\n");
}

TEST(csv_quotes) {
  CSV_MEANS("a,b\n\"x,y\",\"p\nq\"\n", NULL, "a str|b str\nx,y|p\nq\n");
  CSV_MEANS("a,b\n\"x\"\"y\",\"\"\"\"\n", NULL, "a str|b str\nx\"y|\"\n");
  CSV_MEANS("a,b\n\"\"\"x\"\"\",\"\"\n", NULL, "a str|b str\n\"x\"|\n");
  CSV_MEANS("a,b\nx\"y,z\"\nab\"\"c,\"d\"\n", NULL, "a str|b str\nx\"y|z\"\nab\"\"c|d\n");
  CSV_MEANS("a,b\n,\"\"\n\"\",\n", NULL, "a str|b str\n~|\n|~\n");
  CSV_MEANS("a,b\n1,\"\"\n2,\"3\"\n", NULL, "a i64|b i64\n1|~\n2|3\n");
  CSV_MEANS("\"a \"\"x\"\"\",\"b,c\"\n1,2\n", NULL, "a \"x\" i64|b,c i64\n1|2\n");
  CSV_MEANS("a\n\"x\r\ny\"\r\n", NULL, "a str\nx\r\ny\n");
  dfq_csv_options o = csv_options();
  o.quote = '\'';
  CSV_MEANS("a,b\n'x,y','it''s \"so\"'\n", &o, "a str|b str\nx,y|it's \"so\"\n");
  o.quote = '\n';
  CSV_MEANS("a,b\n\"x,y\"\n", &o, "a str|b str\n\"x|y\"\n");
}

TEST(csv_dialects) {
  dfq_csv_options o = csv_options();
  o.delimiter = ';';
  CSV_MEANS("a;b\n1,5;\"x;y\"\n", &o, "a str|b str\n1,5|x;y\n");
  o.delimiter = '\t';
  CSV_MEANS("a\tb\n1\t\n", &o, "a i64|b str\n1|~\n");
  o.delimiter = '1';   // foolish, and still right
  CSV_MEANS("a1b\n213\n.515\n", &o, "a f64|b i64\n2.0|3\n0.5|5\n");
  o.delimiter = '.';
  CSV_MEANS("a.b\n2.3\n", &o, "a i64|b i64\n2|3\n");
  o = csv_options();
  o.comment = "#";
  CSV_MEANS("# \"one\n#two,\na,b\n#1,2\n3,#4\n\"#5\",6\n# end", &o,
            "a str|b str\n3|#4\n#5|6\n");
  o = csv_options();
  o.skip = 2;
  CSV_MEANS("made by, \"hand\nand more,,\na,b\n1,2\n", &o, "a i64|b i64\n1|2\n");
  o = csv_options();
  o.no_header = true;
  CSV_MEANS("1,x\n2,y\n", &o, "column_1 i64|column_2 str\n1|x\n2|y\n");
  o.names = "id, \"two words\",";
  CSV_MEANS("1,x\n2,y\n", &o, "id i64|two words str\n1|x\n2|y\n");
  CSV_MEANS("", &o, "id str|two words str\n");
  o.no_header = false;
  CSV_MEANS("1,x\n2,y\n", &o, "id i64|two words str\n2|y\n");
}

TEST(csv_trailing_delimiters) {
  dfq_csv_options o = csv_options();
  o.delimiter = '|';
  CSV_MEANS("a|b|\n1|x|\n2||\n", &o, "a i64|b str\n1|x\n2|~\n");
  CSV_MEANS("a|b\n1|x|\r\n2|y|\r\n", &o, "a i64|b str\n1|x\n2|y\n");
  CSV_MEANS("a|b|\n1|x\n2|y\n", &o, "a i64|b str\n1|x\n2|y\n");
  CSV_MEANS("a|b|\n", &o, "a str|b str\n");
  CSV_MEANS("a|b|\n1|x|\n2|y", &o, "a i64|b str\n1|x\n2|y\n"); // the last line may do without
  CSV_MEANS("a|b|c\n1|x|\n", &o, "a i64|b str|c str\n1|x|~\n");     // a column that is all null
  CSV_MEANS("a|b|\n1|x|3\n", &o, "a i64|b str|column_3 i64\n1|x|3\n");
  o.no_header = true;
  CSV_MEANS("1|x|\n2|y|\n", &o, "column_1 i64|column_2 str\n1|x\n2|y\n");
  o.names = "k, v";
  CSV_MEANS("1|x|\n2|y|\n", &o, "k i64|v str\n1|x\n2|y\n");
}

TEST(csv_nulls) {
  dfq_csv_options o = csv_options();
  o.nulls = "NA";
  CSV_MEANS("a,b\n1,NA\nNA,NAN\n\"NA\",\"NA\"\n", &o, "a i64|b str\n1|~\n~|NAN\n~|NA\n");
  o.nulls = " NA , -, n/a,";
  CSV_MEANS("a,b\n1,n/a\n-,x\nNA,-\n-1,\n", &o, "a i64|b str\n1|~\n~|x\n~|~\n-1|~\n");
  o.nulls = "-999";
  CSV_MEANS("a,b\n-999,1.5\n-9990,-999\n", &o, "a i64|b f64\n~|1.5\n-9990|~\n");
}

TEST(csv_bytes_stay) {
  // csv_means_n sees the result up to the zero byte only
  csv_means_n(TEST_AT, "a,b\nx\0y,1\n\0,2\n", 14, NULL, "a str|b i64\nx");
  csv_disk disk = csv_disk_of("a,b\nx\0y,1\n\0,2\n", 14);
  dfq *db = csv_on(&disk);
  dfq_table *t = dfq_collect(dfq_scan_csv(db, "f.csv", NULL));
  size_t n = 0;
  if (CHECK(t != NULL)) {
    CHECK(memcmp(dfq_table_str(t, 0, 0, &n), "x\0y", 3) == 0 && n == 3);
    CHECK(memcmp(dfq_table_str(t, 1, 0, &n), "\0", 1) == 0 && n == 1);
  }
  dfq_table_free(t);
  dfq_close(db);
  CSV_MEANS("a,b\n\xFF\xFE\x80,\xC3\n", NULL, "a str|b str\n\xFF\xFE\x80|\xC3\n");
  CSV_MEANS("\xC3\xA4\xFF,b\n\xE2\x82\xAC,\xF0\x9F\x98\x80\n", NULL,
            "\xC3\xA4\xFF str|b str\n\xE2\x82\xAC|\xF0\x9F\x98\x80\n");
}

// A view holds the text and nothing behind it: equal texts are equal, whatever follows them.
TEST(csv_views_of_all_lengths) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "k,a,b,c\n");
  for (int n = 1; n < 20; n++) {
    char row[160];
    snprintf(row, sizeof row, "%d,%.*s,\"%.*s\",%.*s\n", n, n, "abcdefghijklmnopqrstuvw", n,
             "abcdefghijklmnopqrstuvw", n, "abcdefghijklmnopqrstuvw");
    test_puts(&t, row);
  }
  csv_disk disk = csv_disk_of(t.s, t.len);
  dfq *db = csv_on(&disk);
  dfq_frame *f = dfq_scan_csv(db, "f.csv", NULL);
  CHECK_INT(dfq_count(dfq_filter(f, "a = b and b = c and len_bytes(a) = k")), 19);
  f = dfq_filter(f, "a = 'abc' or b = 'abcdefghijkl' or c = 'abcdefghijklm'");
  CHECK_INT(dfq_count(f), 3);
  dfq_close(db);
  free(t.s);
}

// ---- types ----------------------------------------------------------------------------------

// The type that a column of these values gets.
static const char *csv_type_of(const char *values) {
  static char text[256];
  snprintf(text, sizeof text, "k,x\n");
  for (const char *v = values; *v;) {
    size_t n = strcspn(v, " ");
    snprintf(text + strlen(text), sizeof text - strlen(text), "1,%.*s\n", (int)n,
             strncmp(v, "_", n) == 0 ? "\n" : v);
    v += n + (v[n] == ' ');
  }
  csv_disk disk = csv_disk_of(text, strlen(text));
  dfq *db = csv_on(&disk);
  const dfq_schema *s = dfq_schema_of(dfq_scan_csv(db, "f.csv", NULL));
  const char *type = s->count == 2 ? dfq_type_name(s->field[1].type) : "no schema";
  dfq_close(db);
  return type;
}

TEST(csv_inference_ladder) {
  static const char *const cases[][2] = {
    { "true false", "bool" }, { "True FALSE _", "bool" }, { "true 1", "str" },
    { "t f", "str" }, { "1 -2 0", "i64" },
    { "9223372036854775807 -9223372036854775808", "i64" }, { "9223372036854775808", "str" },
    { "12345678901234567890", "str" }, { "007", "str" }, { "1 007", "str" }, { "-07", "str" },
    { "+1", "str" }, { "+1.5", "str" }, { "00.5", "str" }, { "1 2.5", "f64" }, { "-0", "f64" },
    { ".5 5.", "f64" }, { "1e5 1E-3", "f64" }, { "1e400", "str" },
    { "0.12345678901234567", "f64" }, { "0.123456789012345678", "str" },
    { "1.50000000000000000000", "f64" }, { "1.5 1234567890123456789", "str" },
    { "nan inf", "str" }, { "1 nan", "f64" }, { "1.5 -Infinity NaN", "f64" },
    { "2020-01-31", "date" }, { "2020/01/31 1999-12-31", "date" }, { "2020-02-30", "str" },
    { "2020-01-31 5", "str" }, { "2020-01-31T10:00:00", "datetime" },
    { "2020-01-31 2020-01-31T10:00", "datetime" }, { "2020-01-31T10:00:00Z", "datetime" },
    { "10:00:00", "time" }, { "_ _", "str" }, { "abc", "str" }, { "- 1", "str" },
    { "0x10", "str" }, { "\"12\" 13", "i64" }, { "\"\" 5", "i64" }, { "\"\" \"\"", "str" },
    { "1_000", "str" }
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (!CHECK_STR(csv_type_of(cases[i][0]), cases[i][1]))
      test_fail("    of %s\n", cases[i][0]);
}

// Why column 0 of a file has its type.
static const char *csv_why(dfq *db, const char *name, const char *text,
                           const dfq_csv_options *o) {
  const dfq_schema *s = dfq_schema_of(dfq_scan_csv(db, test_file(name, text), o));
  return s->count ? s->field[0].why : dfq_error(db);
}

TEST(csv_inference_says_why) {
  dfq *db = dfq_open(NULL);
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n1,\n2,\nN/A,\n4,\n", NULL),
            "csv_why.csv:4 holds \"N/A\" (3 of 4 sampled rows are i64)");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n1,\n2,\n2.5,\n", NULL),
            "csv_why.csv:4 holds \"2.5\" (2 of 3 sampled rows are i64)");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n1,\n,\n", NULL),
            "1 of 2 sampled rows is i64, the others have no value");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n\"a\nb\",\n", NULL),
            "csv_why.csv:2 holds \"a\\nb\"");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n,\n", NULL),
            "none of the sampled rows has a value");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n", NULL), "no rows");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\nnan,\n", NULL),
            "csv_why.csv:2 holds \"nan\", and no sampled row holds a number");
  CHECK_HAS(csv_why(db, "csv_why.csv", "x,y\n10,\n007,\n", NULL),
            "csv_why.csv:3 holds \"007\" (1 of 2 sampled rows is i64)");
  dfq_csv_options o = csv_options();
  o.infer_rows = 2;
  CHECK_STR(csv_why(db, "csv_why.csv", "x,y\n1,\n2,\nN/A,\n", &o),
            "2 of 2 sampled rows are i64");
  o.types = "x: str";
  CHECK_STR(csv_why(db, "csv_why.csv", "x,y\n1,\n2,\nN/A,\n", &o), NULL);
  char long_value[200];
  snprintf(long_value, sizeof long_value, "x,y\n%0150d,\n", 1);
  CHECK_HAS(csv_why(db, "csv_why.csv", long_value, NULL), "000...\"");
  dfq_close(db);
}

TEST(csv_types_given) {
  dfq_csv_options o = csv_options();
  o.types = "zip: str, n: i32, day: date, t: datetime, d: duration, x: f64, ok: bool";
  CSV_MEANS(
      "zip,n,day,t,d,x,ok\n007,-5,2020-01-02,2020-01-02 03:04,1d 02:03:04.5,1,TRUE\n,,,,,,\n",
      &o,
      "zip str|n i32|day date|t datetime|d duration|x f64|ok bool\n"
      "007|-5|2020-01-02|2020-01-02 03:04:00|1d 02:03:04.500000|1.0|true\n~|~|~|~|~|~|~\n");
  o.types = "n: i64";
  CSV_MEANS("n,m\n007,1\n\"08\",2\n", &o, "n i64|m i64\n7|1\n8|2\n");   // who says so gets it
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_types.csv", "zip,amount\n1,2\n");
  o.types = "zap: str";
  CHECK_HAS(csv_error(db, path, &o), "has no column zap; did you mean zip?");
  CHECK_INT(dfq_error_status(db), DFQ_UNKNOWN_NAME);
  o.types = "zip: string";
  CHECK_HAS(csv_error(db, path, &o), "expected a type");
  o.types = "zip str";
  CHECK_HAS(csv_error(db, path, &o), "expected :");
  o.types = "zip: str, zip: i64";
  CHECK_HAS(csv_error(db, path, &o), "two types for column zip");
  o.types = "amount: i32";
  path = test_file("csv_types.csv", "zip,amount\n1,2\n3,3000000000\n");
  CHECK_HAS(
      csv_error(db, path, &o),
      "csv_types.csv:3:3, scan: column amount holds \"3000000000\", which does not fit in i32\n"
      "  amount was given as i32 in types\n  try: types (amount: str)");
  dfq_close(db);
}

// Rows of a number, a text and another number; quoted: so many texts in a hundred hold a line
// end, and what looks like a row behind it.
static const char *csv_morsel_file(uint64_t *state, int rows, unsigned quoted) {
  size_t room = (size_t)rows * 64 + 64, n = 0;
  char *text = (char *)test_alloc(room);
  n += (size_t)snprintf(text, room, "k,s,v\n");
  for (int i = 0; i < rows; i++) {
    bool odd = test_random(state) % 100 < quoted;
    const char *form = odd ? "%d,\"a\n%d,\"\"b,%d\",%d\n" : "%d,%dx%d,%d\n";
    int second = (int)(test_random(state) % 1000);
    n += (size_t)snprintf(text + n, room - n, form, i % 17, second, i, i);
  }
  if (quoted % 2) text[--n] = 0;               // some have no line end at the end
  const char *path = test_file("csv_morsels.csv", text);
  free(text);
  return path;
}

// A file is cut at guesses, and what comes of it is as if it was not: also where the guess is
// wrong, because a line end is quoted, and where there is an error far behind.
TEST(csv_in_morsels) {
  static const unsigned quoted[] = { 0, 0, 1, 5, 50, 100 };
  uint64_t state = 3;
  for (size_t i = 0; i < 6; i++)
    for (int batch = 1; batch < 9; batch += 3) {
      dfq *db = dfq_open(NULL);
      const char *path = csv_morsel_file(&state, 700, quoted[i]);
      dfq_frame *f = dfq_filter(dfq_scan_csv(db, path, NULL), "v % 3 != 0");
      f = dfq_group_by(f, i % 2 ? "k" : "s", "count() as n, sum(v) as v, first(s) as f");
      dfq_table *table[3];
      for (int threads = 1; threads <= 3; threads++) {
        dfq_run_options run;
        memset(&run, 0, sizeof run);
        run.threads = threads;
        run.batch_rows = (size_t)batch;
        table[threads - 1] = dfq_collect(dfq_configure(f, &run));
        CHECK(table[threads - 1] != NULL);
      }
      CHECK(dfq_table_equal(table[0], table[1], NULL, 0));
      CHECK(dfq_table_equal(table[0], table[2], NULL, 0));
      for (int t = 0; t < 3; t++) dfq_table_free(table[t]);
      dfq_close(db);
    }
}

// Counts how often a file is opened: by each thread that comes to it, and by one more where the
// cut failed.
static size_t csv_opens;
static void *(*csv_open_file)(void *user, const char *path, bool write, const char **why);
static void *csv_count_opens(void *user, const char *path, bool write, const char **why) {
  dfq__add_fetch(&csv_opens, 1);
  return csv_open_file(user, path, write, why);
}

static int csv_opens_of(const char *path, bool seek, const char **message) {
  dfq_options options;
  dfq *plain = dfq_open(NULL);
  dfq_io io = plain->io;
  memset(&options, 0, sizeof options);
  csv_open_file = io.open;
  io.open = csv_count_opens;
  if (!seek) io.seek = NULL;
  options.io = &io;
  options.run.threads = 1;
  dfq *db = dfq_open(&options);
  dfq_frame *f = dfq_group_by(dfq_scan_csv(db, path, NULL), "k", "sum(v) as v");
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 2;
  run.batch_rows = 4;
  csv_opens = 0;
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  static char text[400];
  snprintf(text, sizeof text, "%s", t ? "" : dfq_error(db));
  *message = text;
  dfq_table_free(t);
  dfq_close(db);
  dfq_close(plain);
  return (int)csv_opens;
}

TEST(csv_morsels_fall_back) {
  uint64_t state = 5;
  const char *message;
  const char *path = csv_morsel_file(&state, 900, 0);
  CHECK_INT(csv_opens_of(path, true, &message), 2);      // both threads, and they fit
  CHECK_INT(csv_opens_of(path, false, &message), 1);     // who cannot seek reads alone
  path = csv_morsel_file(&state, 900, 100);
  CHECK(csv_opens_of(path, true, &message) >= 2);        // and once more, from the start
  CHECK_STR(message, "");
  char *text = (char *)test_alloc(40000);
  size_t n = (size_t)snprintf(text, 40000, "k,v\n");
  for (int i = 0; i < 3000; i++)
    n += (size_t)snprintf(text + n, 40000 - n, i == 2500 ? "1,x\n" : "%d,%d\n", i % 7, i);
  path = test_file("csv_morsels_bad.csv", text);
  CHECK(csv_opens_of(path, true, &message) >= 2);        // an error is found again, by one
  CHECK_HAS(message, "csv_morsels_bad.csv:2502:3, scan: column v holds \"x\"");
  free(text);
}

// The fast paths against the exact readers, on numbers of every shape.
static size_t csv_random_number(uint64_t *state, char *to) {
  size_t n = 0, digits = test_random(state) % 20, decimals = test_random(state) % 20;
  bool point = test_random(state) % 3 > 0;
  if (test_random(state) % 3 == 0) to[n++] = '-';
  for (size_t i = 0; i < digits; i++) to[n++] = (char)('0' + test_random(state) % 10);
  if (point) to[n++] = '.';
  for (size_t i = 0; point && i < decimals; i++)
    to[n++] = (char)('0' + test_random(state) % 10);
  if (test_random(state) % 16 == 0 && n)
    to[test_random(state) % n] = "x.-+e/:"[test_random(state) % 7];
  return n;
}

TEST(csv_fast_numbers_are_exact) {
  uint64_t seed = 1;
  char room[128];
  int taken = 0;
  memset(room, '7', sizeof room);   // what stands around a field must not matter
  for (int i = 0; i < 300000; i++) {
    char *text = room + 16;
    size_t n = csv_random_number(&seed, text);
    text[n] = ',';
    int64_t fast_i = 0, exact_i = 0;
    double fast_f = 0, exact_f = 0;
    if (dfq__csv_get_i64(text, text + n, &fast_i) &&
        !(dfq__read_i64(text, n, &exact_i) && fast_i == exact_i))
      test_fail("    i64 %.*s\n", (int)n, text);
    if (!dfq__csv_get_f64(text, text + n, &fast_f)) continue;
    taken++;
    text[n] = 0;
    bool good = dfq__read_f64(text, n, &exact_f);
    if (!good || !CHECK_F64(fast_f, exact_f) || !CHECK_F64(fast_f, ch2_strtod(text)))
      test_fail("    f64 %.*s\n", (int)n, text);
  }
  CHECK(taken > 100000);
}

TEST(csv_durations) {
  static const int64_t micros[] = {
    0, 1, -1, 999999, 1000000, 86399999999, 86400000000, -86400000001, 3723000000, INT64_MAX,
    INT64_MIN, INT64_MIN + 1
  };
  for (size_t i = 0; i < sizeof micros / sizeof *micros; i++) {
    char text[DFQ__NUMBER_TEXT];
    int64_t back = 5;
    size_t n = dfq__write_duration(text, micros[i]);
    if (!CHECK(dfq__read_duration(text, n, &back)) || !CHECK_INT(back, micros[i]))
      test_fail("    %s\n", text);
  }
  static const char *const bad[] = {
    "", "-", "1:2:3", "24:00:00", "00:60:00", "00:00:60", "00:00:00.", "00:00:00.1234567",
    " 00:00:00", "-1d -1:00:00", "1d  00:00:00", "1 00:00:00", "1d00:00:00", "1d", "d 00:00:00",
    "106751991d 04:00:54.775808", "00:00:00x", "--00:00:01", "- 00:00:01"
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t v;
    if (!CHECK(!dfq__read_duration(bad[i], strlen(bad[i]), &v))) test_fail("    %s\n", bad[i]);
  }
}

TEST(csv_names_are_unique) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_names.csv", "a,a,,a_2,a,column_3\n1,2,3,4,5,6\n");
  char *got = csv_dump(dfq_scan_csv(db, path, NULL));
  CHECK_STR(got, "a i64|a_3 i64|column_3_2 i64|a_2 i64|a_4 i64|column_3 i64\n1|2|3|4|5|6\n");
  free(got);
  CHECK_HAS(dfq_warnings(db), "csv_names.csv: column 2 is called a_3, because a was taken\n");
  CHECK_HAS(dfq_warnings(db), "csv_names.csv: column 3 has no name and is called column_3_2\n");
  dfq_clear_error(db);
  dfq_csv_options o = csv_options();
  o.names = "a, b, a";
  CHECK_HAS(csv_error(db, path, &o), "two columns are called a");
  o.names = "a, b";
  CHECK_HAS(csv_error(db, path, &o), "names has 2 names, but there are 6 columns in");
  o.names = "a b";
  CHECK_HAS(csv_error(db, path, &o), "expected");
  path = test_file_n("csv_names.csv", "a,b\0c\n1,2\n", 10);
  CHECK_HAS(csv_error(db, path, NULL),
            "csv_names.csv:1:3, scan: the name of column 2 holds a zero byte");
  dfq_close(db);
}

TEST(csv_real_files) {
  static const char *const files[][2] = {
    { "airports",
      "iata str|name str|city str|state str|country str|latitude f64|longitude f64" },
    { "customers", "customer_id i64|name str|region str" },
    { "flights-airport", "origin str|destination str|count i64" },
    { "orders", "order_id i64|customer_id i64|amount f64|year i64" },
    { "penguins",
      "species str|island str|bill_length_mm f64|bill_depth_mm f64|flipper_length_mm i64|"
      "body_mass_g i64|sex str" },
    { "seattle-weather",
      "date date|precipitation f64|temp_max f64|temp_min f64|wind f64|weather str" },
    { "titanic",
      "survived i64|pclass i64|sex str|age f64|sibsp i64|parch i64|fare f64|embarked str|"
      "class str|who str|adult_male bool|deck str|embark_town str|alive str|alone bool" },
  };
  static const int rows[] = { 3376, 4, 5366, 6, 344, 1461, 891 };
  for (int i = 0; i < 7; i++) {
    char path[256];
    dfq *db = dfq_open(NULL);
    snprintf(path, sizeof path, "examples/data/%s.csv", files[i][0]);
    dfq_frame *f = dfq_scan_csv(db, path, NULL);
    char *got = csv_dump(f);
    got[strcspn(got, "\n")] = 0;
    CHECK_STR(got, files[i][1]);
    free(got);
    CHECK_INT(dfq_count(f), rows[i]);
    CHECK_STR(dfq_warnings(db), "");
    CHECK(f->node && f->node->source->is->rows(f->node->source) > 0.7 * rows[i]);
    CHECK(f->node && f->node->source->is->rows(f->node->source) < 1.3 * rows[i]);
    dfq_close(db);
  }
}

// ---- csv-spectrum, beside its twins in JSON -------------------------------------------------

// A string of JSON at *p, which is moved behind it. Owns: the caller.
static char *csv_json_string(const char **p) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "");
  for ((*p)++; **p && **p != '"'; (*p)++) {
    char c = **p;
    if (c == '\\') {
      c = *++*p;
      c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
    test_add(&t, &c, 1);
  }
  if (**p) (*p)++;
  return t.s;
}

// An array of flat objects of strings as csv_dump would print it.
static char *csv_json_dump(const char *json) {
  test_string names = { NULL, 0, 0 }, rows = { NULL, 0, 0 };
  int row = 0, column = 0;
  test_puts(&names, "");
  test_puts(&rows, "");
  for (const char *p = json; *p;) {
    if (*p == '{') column = 0;
    if (*p == '}') { test_puts(&rows, "\n"); row++; }
    if (*p != '"') { p++; continue; }
    char *key = csv_json_string(&p);
    p += strcspn(p, "\"");
    char *value = csv_json_string(&p);
    if (column) test_puts(&rows, "|");
    test_puts(&rows, value);
    if (!row) {
      if (column) test_puts(&names, "|");
      test_puts(&names, key);
      test_puts(&names, " str");
    }
    column++;
    free(key);
    free(value);
  }
  test_puts(&names, "\n");
  test_puts(&names, rows.s);
  free(rows.s);
  return names.s;
}

// "a: str, b: str" for every column that the file has.
static char *csv_all_text(dfq *db, const char *path) {
  const dfq_schema *s = dfq_schema_of(dfq_scan_csv(db, path, NULL));
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "");
  for (int c = 0; c < s->count; c++) {
    test_puts(&t, c ? ", \"" : "\"");
    test_puts(&t, s->field[c].name);
    test_puts(&t, "\": str");
  }
  return t.s;
}

TEST(csv_spectrum) {
  static const char *const names[] = {
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "newlines",
    "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8"
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[256];
    dfq *db = dfq_open(NULL);
    snprintf(path, sizeof path, "tests/data/csv-spectrum/%s.json", names[i]);
    char *json = test_read(path);
    snprintf(path, sizeof path, "tests/data/csv-spectrum/%s.csv", names[i]);
    char *types = csv_all_text(db, path);
    dfq_csv_options o = csv_options();
    o.types = types;
    char *got = csv_dump(dfq_scan_csv(db, path, &o)), *want = csv_json_dump(json ? json : "");
    if (!CHECK_STR(got, want)) test_fail("    in %s\n", names[i]);
    free(json);
    free(types);
    free(got);
    free(want);
    dfq_close(db);
  }
}

// ---- files in pieces ------------------------------------------------------------------------

// Every trap in one file: both line ends, quotes at every place, empty fields, blank lines.
static const char csv_traps[] =
    "\xEF\xBB\xBF"
    "id,\"te\"\"xt\",n\r\n1,\"a,\"\"b\"\"\nc\",1.5\r\n\r\n\"2\",,\n3,x\"y,\"7\"\r\n"
    "4,\"\",-0.25\n\n5,\"\"\"\",\r\n6,\"\r\n\",1e3";
static const char csv_traps_mean[] =
    "id i64|te\"xt str|n "
    "f64\n1|a,\"b\"\nc|1.5\n2|~|~\n3|x\"y|7.0\n4||-0.25\n5|\"|~\n6|\r\n|1000.0\n";

// What a query over f makes of the file of that disk.
static bool csv_means(const char *at, csv_disk *disk, const char *query, const char *want) {
  dfq *db = csv_on(disk);
  char *got = csv_dump(dfq_query(db, query));
  bool same = test_str(at, query, "what it means", got, want);
  free(got);
  dfq_close(db);
  return same;
}

// A file of these bytes, cut in two at each of its bytes, and its rest in small pieces, means
// the same to a query that scans f.
static void csv_split_everywhere(const char *at, const char *query, const char *bytes, size_t n,
                                 const char *want) {
  for (size_t first = 1; first < n; first++)
    for (size_t piece = 0; piece < 4; piece++) {
      csv_disk disk = csv_disk_of(bytes, n);
      disk.first = first;
      disk.piece = piece;
      if (!csv_means(at, &disk, query, want))
        test_fail("    split at %zu, then %zu\n", first, piece);
    }
}

TEST(csv_every_split_point) {
  csv_split_everywhere(TEST_AT, "scan f.csv", csv_traps, sizeof csv_traps - 1, csv_traps_mean);
}

// The same rows behind text of every length: each byte stands at each place of a block of 64.
TEST(csv_every_alignment) {
  for (int pad = 0; pad < 140; pad++) {
    char head[200], want[512];
    test_string t = { NULL, 0, 0 };
    snprintf(head, sizeof head, "id,t,n\n0,%0*d,0.5\n", pad + 2, 0);
    test_puts(&t, head);
    test_puts(&t, strchr(csv_traps, '\n') + 1);
    snprintf(want, sizeof want, "id i64|t str|n f64\n0|%0*d|0.5\n%s", pad + 2, 0,
             strchr(csv_traps_mean, '\n') + 1);
    csv_disk disk = csv_disk_of(t.s, t.len);
    if (!csv_means(TEST_AT, &disk, "scan f.csv", want))
      test_fail("    behind %d bytes\n", pad);
    free(t.s);
  }
}

// Random files of few bytes: in one piece and in many they mean the same, error messages
// included.
TEST(csv_random_bytes_in_pieces) {
  static const char alphabet[] = ",,,\n\n\"\"\"ab1\r#.-";
  uint64_t seed = 7;
  for (int i = 0; i < 2000; i++) {
    char text[96] = "a,b\n", *want = NULL;
    size_t n = 4 + test_random(&seed) % 90;
    for (size_t k = 4; k < n; k++)
      text[k] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
    dfq_csv_options o = csv_options();
    o.types = "a: str, b: str";
    o.comment = i & 1 ? "#" : NULL;
    for (size_t piece = 0; piece < 5; piece++) {
      csv_disk disk = csv_disk_of(text, n);
      disk.piece = piece;
      disk.first = piece ? 1 + test_random(&seed) % n : 0;
      dfq *db = csv_on(&disk);
      char *got = csv_dump(dfq_scan_csv(db, "f.csv", &o));
      if (!want) want = got;
      else if (!CHECK_STR(got, want)) test_fail("    of %.*s\n", (int)n, text);
      if (want != got) free(got);
      dfq_close(db);
    }
    free(want);
  }
}

// What 64 bytes hold, looked at one by one.
TEST(csv_masks) {
  static const dfq__csv_dialect dialects[] = {
    { ',', '"', 0, 0, '\n', false, NULL, 0 },    { ';', '\'', '#', 0, '\n', false, NULL, 0 },
    { '\t', 0, '#', '\\', '\n', false, NULL, 0 }, { (char)0x80, 0, 0, 0, '\r', false, NULL, 0 },
    { '|', (char)0xFF, '\x01', '\x80', '\n', false, NULL, 0 }
  };
  static const char alphabet[] = ",;\t|\n\"'#\x01\x80\xFF\x7F\r-+ a";
  uint64_t seed = 13;
  for (int i = 0; i < 2000; i++) {
    char text[64];
    const dfq__csv_dialect *d = &dialects[i % 5];
    for (int k = 0; k < 64; k++) text[k] = alphabet[test_random(&seed) % sizeof alphabet];
    dfq__csv_needles needles = dfq__csv_needles_of(d);
    dfq__csv_masks m = dfq__csv_look(text, &needles);
    if (dfq__can_wide()) {
      dfq__csv_masks wide = dfq__csv_look_wide(text, &needles);
      if (!CHECK(wide.sep == m.sep && wide.end == m.end && wide.odd == m.odd)) return;
    }
    for (int k = 0; k < 64; k++) {
      bool end = text[k] == d->end, sep = end || text[k] == d->delimiter;
      bool odd = (d->quote && text[k] == d->quote) || (d->comment && text[k] == d->comment) ||
                 (d->escape && text[k] == d->escape);
      bool same = (m.end >> k & 1) == end && (m.sep >> k & 1) == sep && (m.odd >> k & 1) == odd;
      if (!CHECK(same)) return;
    }
    CHECK_INT(dfq__count_bits(m.sep), __builtin_popcountll(m.sep));
  }
}

// The index of a text, as it stands behind the head of a buffer.
typedef struct csv_indexed {
  dfq__csv_reader reader;
  char text[1024];
  uint32_t seps[1024], rows[1024];
  bool fine;
} csv_indexed;

static void csv_index_text(csv_indexed *x, const dfq__csv_dialect *d, const char *text,
                           size_t n, bool wide) {
  dfq__csv_reader *r = &x->reader;
  dfq__csv_needles needles = dfq__csv_needles_of(d);
  memset(x, 0, sizeof *x);
  memcpy(x->text + DFQ__CSV_HEAD, text, n);
  r->dialect = *d;
  r->text.data = x->text;
  r->seps.data = (char *)x->seps;
  r->rows.data = (char *)x->rows;
  r->indexed = r->begin = DFQ__CSV_HEAD;
  r->end = r->begin + n;
  r->sep_count = x->rows[0] = 1;
  x->seps[0] = DFQ__CSV_HEAD - 1;
  x->fine = wide ? dfq__csv_index_wide(r, r->end, &needles)
                 : dfq__csv_index_to(r, r->end, &needles);
}

// Code for AVX2 and code for every machine find the same separators, and stop where it does.
TEST(csv_index_wide) {
  static const dfq__csv_dialect dialects[] = {
    { ',', '"', 0, 0, '\n', false, NULL, 0 }, { ';', '\'', '#', '\\', '\n', true, "#", 1 },
    { ',', 0, 0, 0, '\n', false, NULL, 0 }
  };
  static const char alphabet[] = "abcdefghijkl,,,,\n\n;;;";
  uint64_t seed = 17;
  if (!dfq__can_wide()) return;
  for (int i = 0; i < 3000; i++) {
    char text[700];
    csv_indexed a, b;
    size_t n = test_random(&seed) % sizeof text;
    for (size_t k = 0; k < n; k++) {
      text[k] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
      if (test_random(&seed) % 60 == 0) text[k] = "\"'#\\"[test_random(&seed) % 4];
    }
    csv_index_text(&a, &dialects[i % 3], text, n, false);
    csv_index_text(&b, &dialects[i % 3], text, n, true);
    bool same = a.fine == b.fine && a.reader.indexed == b.reader.indexed &&
                a.reader.mode == b.reader.mode && a.reader.problem_at == b.reader.problem_at &&
                a.reader.sep_count == b.reader.sep_count &&
                a.reader.row_count == b.reader.row_count &&
                memcmp(a.seps, b.seps, a.reader.sep_count * sizeof *a.seps) == 0 &&
                memcmp(a.rows, b.rows, (a.reader.row_count + 1) * sizeof *a.rows) == 0;
    if (!CHECK(same)) test_fail("    of %.*s\n", (int)n, text);
  }
}

// The index against a reader of one byte at a time: rows of the same fields, or an error in
// both.
static int csv_plain_reader(const char *s, size_t n, test_string *out) {
  size_t i = 0, fields = 0;
  bool row = false;
  while (i < n) {
    if (!row && (s[i] == '\n' || (s[i] == '\r' && (i + 1 == n || s[i + 1] == '\n')))) {
      i += s[i] == '\n' ? 1 : i + 1 == n ? 1 : 2;
      continue;
    }
    if (fields) test_puts(out, "|");
    row = true;
    fields++;
    if (s[i] == '"') {
      for (i++;; i++) {
        if (i >= n) return -1;
        if (s[i] == '"' && i + 1 < n && s[i + 1] == '"') i++;
        else if (s[i] == '"') break;
        test_add(out, s + i, 1);
      }
      i++;
      if (i + 1 < n && s[i] == '\r' && s[i + 1] == '\n') i++;
      else if (i + 1 == n && s[i] == '\r') i++;
      if (i < n && s[i] != ',' && s[i] != '\n') return -1;
    } else {
      size_t from = i;
      while (i < n && s[i] != ',' && s[i] != '\n') i++;
      size_t to = i > from && s[i - 1] == '\r' && (i == n || s[i] == '\n') ? i - 1 : i;
      if (from == to) test_puts(out, "~");
      test_add(out, s + from, to - from);
    }
    bool ends = i >= n || s[i] == '\n';
    if (!ends && i + 1 == n) {   // a delimiter is the file's last byte
      test_puts(out, "|~");
      fields++;
      ends = true;
    }
    i++;
    if (!ends) continue;
    if (fields != 2) return -1;
    test_puts(out, "\n");
    fields = 0;
    row = false;
  }
  return 0;
}

TEST(csv_agrees_with_a_plain_reader) {
  static const char alphabet[] = ",,,,\n\n\n\"\"ab\r";
  uint64_t seed = 11;
  int good = 0;
  for (int i = 0; i < 15000; i++) {
    char text[64] = "a,b\nx,y\n";
    size_t n = 8 + test_random(&seed) % 24;
    for (size_t k = 8; k < n; k++)
      text[k] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
    test_string want = { NULL, 0, 0 };
    test_puts(&want, "a str|b str\n");
    int failed = csv_plain_reader(text + 4, n - 4, &want);
    dfq_csv_options o = csv_options();
    o.types = "a: str, b: str";
    csv_disk disk = csv_disk_of(text, n);
    dfq *db = csv_on(&disk);
    if (i % 2) db->heap->wide = 1;   // as if there were no AVX2
    char *got = csv_dump(dfq_scan_csv(db, "f.csv", &o));
    if (failed ? !CHECK_HAS(got, "dfq: malformed data") : !CHECK_STR(got, want.s))
      test_fail("    of %.*s\n", (int)n, text);
    good += !failed;
    free(got);
    free(want.s);
    dfq_close(db);
  }
  CHECK(good > 500);
}

TEST(csv_long_rows) {
  size_t n = 10 << 20;
  test_string t = { NULL, 0, 0 };
  char *big = (char *)test_alloc(n);
  memset(big, 'x', n);
  test_puts(&t, "a,b\n1,");
  test_add(&t, big, n);
  test_puts(&t, "\n2,\"");
  test_add(&t, big, n);
  test_puts(&t, "\"\"\n\"\n3,y\n");
  const char *path = test_file_n("csv_long.csv", t.s, t.len);
  dfq *db = dfq_open(NULL);
  dfq_table *table = dfq_collect(dfq_scan_csv(db, path, NULL));
  if (CHECK(table != NULL) && CHECK_INT(dfq_table_rows(table), 3)) {
    size_t len;
    CHECK(memcmp(dfq_table_str(table, 0, 1, &len), big, n) == 0 && len == n);
    (void)dfq_table_str(table, 1, 1, &len);
    CHECK_INT(len, n + 2);
    CHECK_STR(dfq_table_str(table, 2, 1, &len), "y");
  }
  dfq_table_free(table);
  dfq_close(db);
  free(big);
  free(t.s);
}

// 70 MB without an end: an unclosed quote, and a row that just goes on.
TEST(csv_rows_have_a_limit) {
  static const char *const heads[] = { "a,b\n1,2\n3,4", "a,b\n1,2\n3,\"" };
  for (int quoted = 0; quoted < 2; quoted++) {
    char block[1000];
    memset(block, 'x', sizeof block);
    memcpy(block, heads[quoted], 11);
    csv_disk disk = csv_disk_of(block, sizeof block);
    disk.from = 11;
    disk.repeat = 70000;
    dfq *db = csv_on(&disk);
    char *got = csv_dump(dfq_scan_csv(db, "f.csv", NULL));
    CHECK_HAS(got,
              "1|2\ndfq: limit reached, f.csv:3:1, scan: the row that begins here is longer "
              "than 64 MB");
    if (quoted) CHECK_HAS(got, "the quote that opens at f.csv:3:3 is not closed before that");
    free(got);
    dfq_close(db);
  }
}

// ---- errors and where they stand ------------------------------------------------------------

TEST(csv_files_that_cannot_be_read) {
  dfq *db = dfq_open(NULL);
  CHECK_HAS(csv_error(db, test_path("csv_nowhere.csv"), NULL), "csv_nowhere.csv: No such file");
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  CHECK_HAS(dfq_error(db), "ch6_streaming.c:");
#if defined(_WIN32)
  CHECK_HAS(csv_error(db, test_dir(), NULL), "Permission denied");
#elif defined(__wasi__)
  CHECK_HAS(csv_error(db, test_dir(), NULL), "Capabilities insufficient");
#else
  CHECK_HAS(csv_error(db, test_dir(), NULL), "Is a directory");
#endif
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  CHECK_HAS(csv_error(db, test_file("csv_empty.csv", ""), NULL),
            "csv_empty.csv is empty, it has no header to take names from\n  try: names (a, b)");
  CHECK_INT(dfq_error_status(db), DFQ_FORMAT_ERROR);
  CHECK_HAS(csv_error(db, test_file("csv_empty.csv", "\xEF\xBB\xBF\n\r\n"), NULL), "is empty");
  dfq_csv_options o = csv_options();
  o.skip = 5;
  CHECK_HAS(csv_error(db, test_file("csv_empty.csv", "a,b\n1,2\n"), &o), "is empty");
  o = csv_options();
  o.no_header = true;
  CHECK_HAS(csv_error(db, test_file("csv_empty.csv", ""), &o), "is empty");
  CHECK_HAS(csv_error(db, NULL, NULL), "no path is given");
  CHECK_HAS(csv_error(db, "", NULL), "no path is given");
  dfq_table *t = dfq_collect(dfq_scan_csv(db, test_file("csv_header.csv", "a,b\n"), NULL));
  CHECK_INT(dfq_table_rows(t), 0);
  CHECK_INT(dfq_table_columns(t), 2);
  dfq_table_free(t);
  dfq_close(db);
}

TEST(csv_options_that_cannot_be) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_options.csv", "a,b\n");
  dfq_csv_options o = csv_options();
  o.delimiter = '"';
  CHECK_HAS(csv_error(db, path, &o), "different bytes");
  CHECK_INT(dfq_error_status(db), DFQ_USAGE);
  o.delimiter = '\n';
  CHECK_HAS(csv_error(db, path, &o), "the delimiter is a line end");
  o = csv_options();
  o.comment = ",";
  CHECK_HAS(csv_error(db, path, &o), "different bytes");
  o.comment = "\n";
  CHECK_HAS(csv_error(db, path, &o), "a line end");
  dfq_close(db);
}

// Messages in full, and the rows that come out before them.
static const struct { const char *text, *want;
} csv_errors[] = {
  { "a,b\n1,2\n3\n5,6\n",
    "a i64|b i64\n1|2\n"
    "dfq: malformed data, f.csv:3:2, scan: this row has 1 field, but there are 2 columns\n  "
    "\"3\"\n"
    "  try: another delimiter; or skip N, where lines before the header are no rows; or "
    "ragged fill" },
  { "a,b\n1,2\n3,4,\"5,\"\n",
    "a i64|b i64\n1|2\n"
    "dfq: malformed data, f.csv:3:5, scan: this row has 3 fields, but there are 2 columns\n"
    "  \"3,4,\"5,\"\"\n  try: another delimiter; or quotes around fields that hold it; or "
    "ragged truncate" },
  { "a\n1\n2,3\n",
    "a i64\n1\n"
    "dfq: malformed data, f.csv:3:3, scan: this row has 2 fields, but there is 1 column\n  "
    "\"2,3\"\n"
    "  try: another delimiter; or quotes around fields that hold it; or ragged truncate" },
  { "a,b\n1,\"x\n2\"\n3,\"y\n4,z\n5,w",
    "a i64|b str\n1|x\n2\n"
    "dfq: malformed data, f.csv:4:3, scan: the quote that opens here is never closed\n"
    "  try: quote '' (in C: .quote = '\\n'), where quotes are ordinary text" },
  { "a,b\n1,2\n3,\"y\"z\n",
    "a i64|b i64\n1|2\n"
    "dfq: malformed data, f.csv:3:6, scan: text behind the closing quote; a quote within "
    "quotes is "
    "written twice\n  try: quote '' (in C: .quote = '\\n'), where quotes are ordinary text" },
  { "a,b\n1,2\n3,\"y\" \n",
    "a i64|b i64\n1|2\n"
    "dfq: malformed data, f.csv:3:6, scan: text behind the closing quote; a quote within "
    "quotes is "
    "written twice\n  try: quote '' (in C: .quote = '\\n'), where quotes are ordinary text" },
};

TEST(csv_structure_errors) {
  for (size_t i = 0; i < sizeof csv_errors / sizeof *csv_errors; i++)
    CSV_MEANS(csv_errors[i].text, NULL, csv_errors[i].want);
  CSV_MEANS(
      "a,\"b\n", NULL,
      "\ndfq: malformed data, f.csv:1:3, scan: the quote that opens here is "
      "never closed\n  try: quote '' (in C: .quote = '\\n'), where quotes are ordinary text");
  CSV_MEANS("\"a\"x,b\n", NULL,
            "\ndfq: malformed data, f.csv:1:4, scan: text behind the closing "
            "quote; a quote within quotes is written twice\n"
            "  try: quote '' (in C: .quote = '\\n'), where quotes are ordinary text");
}

// n rows "i,i.5,text i", in which row bad (from 1; 0: none) has another amount.
static char *csv_many(int n, int bad, const char *amount) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "id,amount,name\n");
  for (int i = 1; i <= n; i++) {
    char row[160];
    snprintf(row, sizeof row,
             i == bad ? "%d,%s,name of row %d\n" : "%d,%.0s%d,name of row %d\n", i, amount,
             i == bad ? i : i * 2, i);
    test_puts(&t, row);
  }
  return t.s;
}

TEST(csv_wrong_type_in_row_5000) {
  char *text = csv_many(6000, 5000, "abc");
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_late.csv", text);
  CHECK_HAS(csv_error(db, path, NULL),
            "csv_late.csv:5001:6, scan: column amount holds \"abc\", which is no i64\n"
            "  amount was taken for i64 from the first 1,000 rows\n"
            "  try: types (amount: str), or bad_values null or skip");
  CHECK_HAS(dfq_error(db), "dfq: malformed data, ");
  CHECK_INT(dfq_error_status(db), DFQ_FORMAT_ERROR);
  dfq_csv_options o = csv_options();
  o.infer_rows = 6000;
  dfq_table *t = dfq_collect(dfq_scan_csv(db, path, &o));
  CHECK_INT(dfq_table_rows(t), 6000);
  dfq_table_free(t);
  dfq_close(db);
  free(text);
}

TEST(csv_late_values_that_would_change) {
  static const char *const bad[][2] = {
    { "007", "\"007\", which i64 would not keep as it is written" },
    { "+7", "\"+7\", which is no i64" },
    { "1.5", "\"1.5\", which is no i64" },
    { "99999999999999999999", "\"99999999999999999999\", which does not fit in i64" },
    { "\"x\"\"y\"", "\"x\"y\", which is no i64" },
    { " 7", "\" 7\", which is no i64" },
    { "nan", "\"nan\", which is no i64" },
  };
  dfq_csv_options o = csv_options();
  o.infer_rows = 10;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char *text = csv_many(20, 15, bad[i][0]);
    csv_disk disk = csv_disk_of(text, strlen(text));
    dfq *db = csv_on(&disk);
    CHECK_HAS(csv_error(db, "f.csv", &o), bad[i][1]);
    CHECK_HAS(dfq_error(db), "f.csv:16:4, ");
    dfq_close(db);
    free(text);
  }
  csv_disk disk = csv_disk_of("a,b\n1,2\n1,x\0y\n", 14);
  dfq *db = csv_on(&disk);
  o.infer_rows = 1;
  CHECK_HAS(csv_error(db, "f.csv", &o), "column b holds \"x\\x00y\", which is no i64");
  dfq_close(db);
}

// Rows before the bad one come out, at any batch size, and the error names the same place.
static const size_t csv_batches[] = { 1, 3, 64, 2048 };

static bool csv_count_rows(void *user, const dfq_batch *batch) {
  *(size_t *)user += dfq_batch_rows(batch);
  return true;
}

TEST(csv_errors_are_positions) {
  char *text = csv_many(5000, 3000, "abc");
  for (int engine = 0; engine < 2; engine++)
    for (size_t i = 0; i < 4; i++) {
      csv_disk disk = csv_disk_of(text, strlen(text));
      disk.piece = i == 1 ? 10000 : 0;
      dfq *db = csv_on(&disk);
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.batch_rows = csv_batches[i];
      run.engine = engine ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
      dfq_frame *f = dfq_configure(dfq_scan_csv(db, "f.csv", NULL), &run);
      size_t rows = 0;
      CHECK(!dfq_each_batch(f, csv_count_rows, &rows));
      CHECK_INT(rows, 2999);
      CHECK_HAS(dfq_error(db), "f.csv:3001:6, scan: column amount holds \"abc\"");
      dfq_clear_error(db);
      dfq_table *t = dfq_collect(dfq_limit(f, 2999));   // nobody asks for row 3,000
      CHECK_INT(dfq_table_rows(t), 2999);
      CHECK_STR(dfq_error(db), "");
      dfq_table_free(t);
      t = dfq_collect(dfq_limit(f, 3000));
      CHECK(!t);
      dfq_table_free(t);
      dfq_close(db);
    }
  free(text);
}

TEST(csv_pruned_columns_cannot_fail) {
  char *text = csv_many(5000, 3000, "abc");
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_pruned.csv", text);
  dfq_frame *f = dfq_scan_csv(db, path, NULL);
  dfq_table *t = dfq_collect(dfq_select(f, "id, name"));
  CHECK_INT(dfq_table_rows(t), 5000);
  dfq_table_free(t);
  CHECK_INT(dfq_count(f), 5000);
  t = dfq_collect(dfq_select(dfq_filter(f, "id != 3000"), "amount"));
  CHECK_INT(dfq_table_rows(t), 4999);
  dfq_table_free(t);
  free(text);
  text = csv_many(5000, 3000, "1,2");   // but structure counts for all of them
  path = test_file("csv_pruned.csv", text);
  CHECK(!dfq_collect(dfq_select(dfq_scan_csv(db, path, NULL), "id")));
  CHECK_HAS(dfq_error(db), "csv_pruned.csv:3001:");
  CHECK_INT(dfq_count(dfq_scan_csv(db, path, NULL)), -1);
  dfq_close(db);
  free(text);
}

TEST(csv_changed_files) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_changed.csv", "a,b\n1,2\n");
  dfq_frame *f = dfq_scan_csv(db, path, NULL);
  CHECK_INT(dfq_count(f), 1);
  test_file("csv_changed.csv", "a,b\n1,2\n3,4\n");   // more rows are fine
  CHECK_INT(dfq_count(f), 2);
  test_file("csv_changed.csv", "b,a\n1,2\n");
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db),
            "csv_changed.csv:1:1, scan: the header is not the one it was when the scan "
            "was built\n  it was \"a,b\"\n  it is  \"b,a\"");
  test_file("csv_changed.csv", "");
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db), "is empty now");
  remove(path);
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db), "csv_changed.csv: No such file");
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  dfq_close(db);
}

TEST(csv_opening_reads_the_sample_only) {
  char *text = csv_many(50000, 0, "");
  csv_disk disk = csv_disk_of(text, strlen(text));
  disk.piece = 5000;
  dfq *db = csv_on(&disk);
  dfq_frame *f = dfq_scan_csv(db, "f.csv", NULL);
  CHECK_INT(disk.opens, 1);
  CHECK_INT(disk.closes, 1);
  CHECK(disk.at < 50000);
  double rows = f->node->source->is->rows(f->node->source);
  CHECK(rows > 35000 && rows < 65000);
  dfq_table_free(dfq_first(f, 10));
  CHECK(disk.at < 50000);
  CHECK_INT(dfq_count(f), 50000);
  CHECK_INT(disk.closes, 3);
  disk.no_size = true;
  f = dfq_scan_csv(db, "f.csv", NULL);
  CHECK(f->node->source->is->rows(f->node->source) < 0);
  dfq_close(db);
  free(text);
}

// What cannot be sought in cannot be opened twice: the sample is kept for the one run there is.
TEST(csv_pipes_are_read_once) {
  char *text = csv_many(5000, 0, "");
  csv_disk disk = csv_disk_of(text, strlen(text));
  disk.no_size = true;
  disk.piece = 1000;
  dfq *db = csv_on(&disk);
  dfq_frame *f = dfq_scan_csv(db, "f.csv", NULL);
  dfq_table *t = dfq_collect(f);
  CHECK_INT(dfq_table_rows(t), 5000);
  CHECK_INT(dfq_table_i64(t, 0, 0), 1);
  dfq_table_free(t);
  CHECK_INT(disk.opens, 1);
  CHECK_INT(disk.closes, 1);
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db), "f.csv is a pipe, it can be read only once");
  (void)dfq_scan_csv(db, "f.csv", NULL);   // nobody runs it: closed with the context
  dfq_close(db);
  CHECK_INT(disk.closes, 2);
  free(text);
}

// ---- filters in the scan --------------------------------------------------------------------

// Puts conjuncts and a count into a copy of the scan's node, as the optimizer does.
static dfq_frame *csv_pushed(dfq_frame *scan, const char *const *conjuncts, int count,
                             int64_t rows, const char *columns) {
  dfq *db = scan->db;
  dfq__node *n = (dfq__node *)dfq__arena_alloc(&db->arena, sizeof *n);
  *n = *scan->node;
  n->expr = (dfq_expr **)dfq__arena_array(&db->arena, (size_t)count + 1, sizeof *n->expr);
  for (int i = 0; i < count; i++) n->expr[i] = dfq_parse(db, conjuncts[i]);
  n->expr_count = count;
  n->count = rows;
  if (columns) n->schema = *dfq_schema_of(dfq_select(scan, columns));
  return dfq__frame_of(db, n, &scan->run);
}

static char *csv_random_table(uint64_t seed, int rows) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "a,b,c,d\n");
  for (int i = 0; i < rows; i++) {
    char row[160];
    uint64_t x = test_random(&seed);
    snprintf(row, sizeof row, "%.*d,%s%d.5%s,%s%d%s,2020-01-%02d\n", x % 7 ? 1 : 0,
             x % 7 ? (int)(x >> 8) % 10 : 0, x % 5 ? "" : "\"", (int)(x >> 16) % 100,
             x % 5 ? "" : "\"", x % 3 ? "" : "\"long, \"\"text\"\" with a number, ",
             (int)(x >> 24) % 50, x % 3 ? "" : "\"", (int)((x >> 32) % 28 + 1));
    test_puts(&t, row);
  }
  return t.s;
}

TEST(csv_pushed_filters_are_filters) {
  static const char *const sets[][3] = {
    { "a > 4", NULL, NULL },
    { "a > 4", "b < 50.0", NULL },
    { "c like '%1%'", "a is not null", "d > date '2020-01-10'" },
    { "a is null", "c = '7'", NULL },
    { "false", NULL, NULL },
    { "true", "a >= 0", "a <= 9" },
    { "a = 1 or b > 90.0", "d != date '2020-01-05'", "c != 'x'" },
    { "a > 100", "b > 0.0", NULL },
  };
  static const char *const columns[] = { NULL, "a", "c", "d, b", "b, a, c" };
  char *text = csv_random_table(3, 3000);
  csv_disk disk = csv_disk_of(text, strlen(text));
  dfq *db = csv_on(&disk);
  dfq_frame *scan = dfq_scan_csv(db, "f.csv", NULL);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.no_optimize = true;
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    for (size_t k = 0; k < 5; k++)
      for (int limit = -1; limit < 40; limit += 20) {
        run.batch_rows = csv_batches[(i + k) % 4];
        disk.piece = k == 2 ? 700 : 0;
        int count = 0;
        dfq_frame *f = scan;
        for (; count < 3 && sets[i][count]; count++) f = dfq_filter(f, sets[i][count]);
        if (columns[k]) f = dfq_select(f, columns[k]);
        if (limit >= 0) f = dfq_limit(f, limit);
        dfq_frame *g = csv_pushed(scan, sets[i], count, limit, columns[k]);
        char *want = csv_dump(dfq_configure(f, &run)), *got = csv_dump(dfq_configure(g, &run));
        if (!CHECK_STR(got, want))
          test_fail("    %s, columns %zu, limit %d\n", sets[i][0], k, limit);
        free(got);
        free(want);
      }
  dfq_close(db);
  free(text);
}

TEST(csv_pushed_filters_that_fail) {
  static const char *const conjuncts[] = { "id > 10", "id != 9223372036854775807 - amount" };
  char *text = csv_many(100, 0, "");
  memcpy(strstr(text, "\n50,100,") + 4, "-99", 3);   // 9223372036854775807 + 99
  memset(strstr(text, "\n12,24,"), '\n', 21);        // all of row 12 becomes blank lines
  csv_disk disk = csv_disk_of(text, strlen(text));
  dfq *db = csv_on(&disk);
  dfq_frame *scan = dfq_scan_csv(db, "f.csv", NULL);
  for (size_t i = 0; i < 4; i++) {
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.batch_rows = csv_batches[i];
    run.no_optimize = true;
    size_t rows = 0;
    dfq_frame *f = dfq_configure(csv_pushed(scan, conjuncts, 2, -1, "name"), &run);
    CHECK(!dfq_each_batch(f, csv_count_rows, &rows));
    CHECK_INT(rows, 38);
    CHECK_HAS(dfq_error(db), "overflows i64, in row 49 (");
    f = dfq_configure(csv_pushed(scan, conjuncts, 2, 38, "name"), &run);
    dfq_clear_error(db);
    rows = 0;
    CHECK(dfq_each_batch(f, csv_count_rows, &rows));
    CHECK_INT(rows, 38);
    CHECK_STR(dfq_error(db), "");
  }
  dfq_close(db);
  free(text);
}

// A bad value counts only where its row is still wanted; the first in the order of rows is
// reported.
TEST(csv_pushed_filters_and_bad_values) {
  static const char *const first[] = { "id != 50" }, *const both[] = { "id > 0", "amount > 0" };
  char *text = csv_many(100, 50, "abc");
  csv_disk disk = csv_disk_of(text, strlen(text));
  dfq *db = csv_on(&disk);
  dfq_csv_options o = csv_options();
  o.infer_rows = 10;
  dfq_frame *scan = dfq_scan_csv(db, "f.csv", &o);
  CHECK_INT(dfq_count(csv_pushed(scan, first, 1, -1, "amount")), 99);
  CHECK_INT(dfq_count(csv_pushed(scan, both, 2, -1, "id")), -1);
  CHECK_HAS(dfq_error(db), "f.csv:51:4, scan: column amount holds \"abc\"");
  CHECK_INT(dfq_count(csv_pushed(scan, both, 2, 49, "id")), 49);
  dfq_close(db);
  free(text);
}

static bool csv_cancel(void *user) { return ++*(int *)user > 5; }

TEST(csv_pushed_filters_can_be_cancelled) {
  static const char *const never[] = { "id < 0" };
  char *text = csv_many(5000, 0, "");
  csv_disk disk = csv_disk_of(text, strlen(text));
  disk.piece = 1000;
  dfq *db = csv_on(&disk);
  int asked = 0;
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.no_optimize = true;
  run.cancel = csv_cancel;
  run.cancel_user = &asked;
  dfq_frame *f = dfq_configure(csv_pushed(dfq_scan_csv(db, "f.csv", NULL), never, 1, -1, NULL),
                               &run);
  CHECK_INT(dfq_count(f), -1);
  CHECK_INT(dfq_error_status(db), DFQ_CANCELLED);
  CHECK(disk.at < 10000);
  dfq_close(db);
  free(text);
}

// ---- bad values -----------------------------------------------------------------------------

TEST(csv_bad_values) {
  static const char text[] =
      "id,amount,day\n1,10,2020-01-01\n2,x,2020-01-02\n3,30,soon\n4,y,never\n5,50,\n6,"
      "\"z\"\"\",2020-01-03\n";
  dfq_csv_options o = csv_options();
  o.infer_rows = 1;
  o.bad_values = DFQ_BAD_NULL;
  CSV_MEANS(
      text, &o,
      "id i64|amount i64|day date\n1|10|2020-01-01\n2|~|2020-01-02\n3|30|~\n4|~|~\n5|50|~\n"
      "6|~|2020-01-03\n");
  o.bad_values = DFQ_BAD_SKIP;
  CSV_MEANS(text, &o, "id i64|amount i64|day date\n1|10|2020-01-01\n5|50|~\n");
  for (size_t i = 0; i < 4; i++) {
    dfq *db = dfq_open(NULL);
    const char *path = test_file("csv_bad.csv", text);
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.batch_rows = csv_batches[i];
    o.bad_values = DFQ_BAD_NULL;
    dfq_frame *f = dfq_configure(dfq_scan_csv(db, path, &o), &run);
    dfq_table_free(dfq_collect(f));
    CHECK_HAS(dfq_warnings(db), "csv_bad.csv: 5 bad values made null: ");
    CHECK_HAS(dfq_warnings(db), "csv_bad.csv:3:3 \"x\", ");
    if (i == 0) CHECK_HAS(dfq_warnings(db), "csv_bad.csv:5:3 \"y\", ...\n");
    dfq_clear_error(db);
    dfq_table_free(dfq_collect(dfq_select(f, "day")));
    CHECK_HAS(dfq_warnings(db), "csv_bad.csv: 2 bad values made null: ");
    o.bad_values = DFQ_BAD_SKIP;
    f = dfq_configure(dfq_scan_csv(db, path, &o), &run);
    dfq_clear_error(db);
    CHECK_INT(dfq_count(f), 2);   // pruning would change what is counted
    CHECK_HAS(dfq_warnings(db), "csv_bad.csv: 4 rows skipped for bad values: ");
    dfq_table *t = dfq_collect(dfq_select(dfq_filter(f, "id > 1"), "id"));
    CHECK_INT(dfq_table_rows(t), 1);
    dfq_table_free(t);
    t = dfq_collect(dfq_limit(f, 1));
    CHECK_INT(dfq_table_rows(t), 1);
    dfq_table_free(t);
    dfq_close(db);
  }
  o.bad_values = DFQ_BAD_SKIP;   // a row of the wrong length is an error all the same
  CSV_MEANS("a,b\n1,2\nx,3\n4\n", &o,
            "a i64|b i64\n1|2\ndfq: malformed data, f.csv:4:2, scan: this "
            "row has 1 field, but there are 2 columns\n  \"4\"\n"
            "  try: another delimiter; or skip N, where lines before the header are no "
            "rows; or ragged fill");
}

// ---- plans as text --------------------------------------------------------------------------

TEST(csv_source_prints_itself) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv print.csv", "#\nignored\n1;'x'\n");
  dfq_csv_options o = csv_options();
  o.delimiter = ';';
  o.quote = '\'';
  o.comment = "#";
  o.nulls = "N'A, -";
  o.no_header = true;
  o.skip = 2;
  o.infer_rows = 7;
  o.names = "id, \"two words\"";
  o.types = "\"two words\": str,";
  o.bad_values = DFQ_BAD_SKIP;
  const dfq__source *s = dfq_scan_csv(db, path, &o)->node->source;
  dfq__text t = dfq__text_in(db->heap);
  s->is->print(&t, s);
  CHECK_HAS(
      t.data,
      "csv print.csv' delimiter ';' quote '''' comment '#' nulls 'N''A, -' header false "
      "skip 2 infer 7 names (id, \"two words\") types (\"two words\": str) bad_values skip");
  t.len = 0;
  o = csv_options();
  o.quote = '\n';
  s = dfq_scan_csv(db, "examples/data/orders.csv", &o)->node->source;
  s->is->print(&t, s);
  CHECK_STR(t.data, "examples/data/orders.csv quote ''");
  dfq__text_free(&t);
  dfq_close(db);
}

// ---- writing --------------------------------------------------------------------------------

static dfq_table *csv_sample_table(dfq *db) {
  static const dfq_field fields[] = {
    { "ok", DFQ_BOOL, NULL },     { "n", DFQ_I32, NULL },        { "big", DFQ_I64, NULL },
    { "x", DFQ_F64, NULL },       { "text", DFQ_STR, NULL },     { "day", DFQ_DATE, NULL },
    { "at", DFQ_DATETIME, NULL }, { "took", DFQ_DURATION, NULL }
  };
  dfq_value cells[16];
  cells[0] = dfq__value_int(DFQ_BOOL, 1);
  cells[1] = dfq__value_int(DFQ_I32, -5);
  cells[2] = dfq__value_int(DFQ_I64, INT64_MIN);
  cells[3] = dfq__value_f64(0.1);
  cells[4] = dfq__value_str("say \"hi\",\n\x01\xFF", 12);
  cells[5] = dfq__value_int(DFQ_DATE, 0);
  cells[6] = dfq__value_int(DFQ_DATETIME, 1500000);
  cells[7] = dfq__value_int(DFQ_DURATION, -90061000001);
  for (int c = 8; c < 16; c++) cells[c] = dfq__value_null();
  cells[11] = dfq__value_f64((double)INFINITY);
  cells[12] = dfq__value_str("", 0);
  return dfq_table_from_rows(db, fields, 8, cells, 2);
}

TEST(csv_prints) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = csv_sample_table(db);
  dfq_frame *f = dfq_scan_table(db, t);
  FILE *out = tmpfile();
  CHECK(dfq_print_csv(f, out, NULL));
  char *got = test_text(out);
  CHECK_STR(got,
            "ok,n,big,x,text,day,at,took\ntrue,-5,-9223372036854775808,0.1,\"say "
            "\"\"hi\"\",\n\x01\xFF\""
            ",1970-01-01,1970-01-01 00:00:01.500000,-1d 01:01:01.000001\n,,,inf,\"\",,,\n");
  free(got);
  dfq_write_options o;
  memset(&o, 0, sizeof o);
  o.delimiter = '\t';
  o.null = "NULL";
  o.no_header = true;
  out = tmpfile();
  CHECK(dfq_print_csv(dfq_select(f, "n, text, 'NULL' as s"), out, &o));
  got = test_text(out);
  CHECK_STR(got, "-5\t\"say \"\"hi\"\",\n\x01\xFF\"\t\"NULL\"\nNULL\t\"\"\t\"NULL\"\n");
  free(got);
  out = tmpfile();
  CHECK(dfq_print_csv(dfq_filter(f, "n = 0"), out, NULL));
  got = test_text(out);
  CHECK_STR(got, "ok,n,big,x,text,day,at,took\n");
  free(got);
  dfq_table_free(t);
  dfq_close(db);
}

TEST(csv_prints_json) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = csv_sample_table(db);
  dfq_frame *f = dfq_scan_table(db, t);
  FILE *out = tmpfile();
  CHECK(dfq_print_json(f, out));
  char *got = test_text(out);
  CHECK_STR(
      got,
      "[\n  {\"ok\": true, \"n\": -5, \"big\": -9223372036854775808, \"x\": 0.1, \"text\": "
      "\"say \\\"hi\\\",\\n\\u0001\xEF\xBF\xBD\", \"day\": \"1970-01-01\", \"at\": "
      "\"1970-01-01 00:00:01.500000\", \"took\": \"-1d 01:01:01.000001\"},\n"
      "  {\"ok\": null, \"n\": null, \"big\": null, \"x\": null, \"text\": \"\", \"day\": "
      "null, "
      "\"at\": null, \"took\": null}\n]\n");
  free(got);
  out = tmpfile();
  CHECK(dfq_print_json(dfq_filter(f, "n = 0"), out));
  got = test_text(out);
  CHECK_STR(got, "[]\n");
  free(got);
  dfq_table_free(t);
  dfq_close(db);
}

TEST(csv_json_texts) {
  static const char *const cases[][2] = {
    { "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\"a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"" },
    { "\xC3", "\"\xEF\xBF\xBD\"" },
    { "\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },
    { "\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
    { "\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
    { "\xE0\x9F\xBFz", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"" },
    { "\\\"\b\f\n\r\t\x1F\x7F", "\"\\\\\\\"\\b\\f\\n\\r\\t\\u001f\x7F\"" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq__text t = dfq__text_in(db->heap);
    dfq__put_json_utf8(&t, cases[i][0], strlen(cases[i][0]));
    CHECK_STR(t.data, cases[i][1]);
    dfq__text_free(&t);
  }
  dfq_close(db);
}

// A value of a type: extremes and nulls as often as ordinary ones.
static dfq_value csv_random_value(uint64_t *seed, dfq_type type, char *room) {
  static const double floats[] = { 0.0, -0.0, 1e308, 5e-324, 0.1, -1.5, 1e15, 123456789.125 };
  static const char alphabet[] = "ab,\"\n\r\t ;|#NA1.\xC3\xA4";
  uint64_t x = test_random(seed);
  int64_t i = (int64_t)test_random(seed);
  if (x % 4 == 0) return dfq__value_null();
  bool extreme = x % 4 == 1;
  switch (type) {
    case DFQ_BOOL: return dfq__value_int(type, i & 1);
    case DFQ_I32:
      return dfq__value_int(type, extreme ? (i & 1 ? INT32_MAX : INT32_MIN) : (int32_t)i);
    case DFQ_I64:
      return dfq__value_int(type, extreme ? (i & 1 ? INT64_MAX : INT64_MIN) : i >> (x >> 58));
    case DFQ_DATE:
      return dfq__value_int(type, extreme ? (i & 1 ? 2932896 : -719162) : i % 700000);
    case DFQ_DATETIME: return dfq__value_int(type, i % 60000000000000000);
    case DFQ_DURATION:
      return dfq__value_int(type, extreme ? (i & 1 ? INT64_MAX : INT64_MIN) : i);
    case DFQ_F64: {
      double f;
      memcpy(&f, &i, sizeof f);
      if (extreme) f = floats[(uint64_t)i % 8];
      if (x % 32 == 2) f = i & 1 ? (double)NAN : i & 2 ? (double)INFINITY : -(double)INFINITY;
      return dfq__value_f64(f != f ? (double)NAN : f);
    }
    default: break;
  }
  size_t n = extreme ? 0 : (x >> 32) % 30;
  for (size_t k = 0; k < n; k++) room[k] = alphabet[test_random(seed) % (sizeof alphabet - 1)];
  return dfq__value_str(room, n);
}

TEST(csv_what_is_written_reads_back) {
  static const dfq_type types[] = { DFQ_BOOL, DFQ_I32, DFQ_I64, DFQ_F64, DFQ_STR, DFQ_DATE,
                                    DFQ_DATETIME, DFQ_DURATION };
  static const char *const names[] = { "a", "b c",           "d,e",  "f\"g",
                                       "h", "\xEF\xBB\xBFi", "j\nk", "#l" };
  static char room[8 * 40 * 30];
  static dfq_value cells[8 * 40];
  uint64_t seed = 5;
  for (int round = 0; round < 400; round++) {
    dfq *db = dfq_open(NULL);
    int columns = 1 + (int)(test_random(&seed) % 8);
    size_t rows = test_random(&seed) % 40;
    dfq_field fields[8];
    test_string given = { NULL, 0, 0 };
    for (int c = 0; c < columns; c++) {
      fields[c].name = names[c];
      fields[c].type = types[test_random(&seed) % 8];
      fields[c].why = NULL;
      if (c) test_puts(&given, ", ");
      dfq__text t = dfq__text_in(db->heap);
      dfq__put_name(&t, names[c]);
      test_puts(&given, t.data);
      dfq__text_free(&t);
      test_puts(&given, ": ");
      test_puts(&given, dfq_type_name(fields[c].type));
    }
    for (size_t i = 0; i < rows * (size_t)columns; i++)
      cells[i] = csv_random_value(&seed, fields[i % (size_t)columns].type, room + 30 * i);
    dfq_table *want = dfq_table_from_rows(db, fields, columns, cells, rows);
    dfq_write_options w;
    memset(&w, 0, sizeof w);
    dfq_csv_options o = csv_options();
    o.delimiter = w.delimiter = ",;\t|"[round % 4];
    o.types = given.s;
    if (round % 3 == 0) o.nulls = w.null = "N/A";
    if (round % 5 == 0) w.quote = DFQ_QUOTE_ALWAYS;
    if (round % 7 == 0) w.line_end = "\r\n";
    if (round % 11 == 0) w.datetime_format = "%F %T.%f";
    const char *path = test_path("csv_back.csv");
    bool wrote = dfq_write_csv(dfq_scan_table(db, want), path, &w);
    dfq_table *got = dfq_collect(dfq_scan_csv(db, path, &o));
    char difference[200] = "";
    if (!CHECK(wrote) || !CHECK(got != NULL)) test_fail("    %s\n", dfq_error(db));
    else if (!CHECK(dfq_table_equal(want, got, difference, sizeof difference)))
      test_fail("    round %d: %s\n", round, difference);
    free(given.s);
    dfq_table_free(want);
    dfq_table_free(got);
    dfq_close(db);
  }
}

TEST(csv_writes_whole_files_only) {
  int before = test_file_count();
  dfq *db = dfq_open(NULL);
  const char *path = test_file("csv_out.csv", "the old file\n");
  char *text = csv_many(5000, 4000, "abc");
  const char *from = test_file("csv_in.csv", text);
  CHECK(!dfq_write_csv(dfq_scan_csv(db, from, NULL), path, NULL));
  CHECK_HAS(dfq_error(db), "csv_in.csv:4001:6");
  char *left = test_read(path);
  CHECK_STR(left, "the old file\n");
  free(left);
  CHECK(dfq_write_csv(dfq_select(dfq_scan_csv(db, from, NULL), "id, name"), path, NULL));
  CHECK_INT(dfq_count(dfq_scan_csv(db, path, NULL)), 5000);
  CHECK_INT(test_file_count(), before + 2);
  CHECK(!dfq_write_csv(dfq_scan_csv(db, from, NULL), test_path("nowhere/x.csv"), NULL));
  CHECK_HAS(dfq_error(db), "nowhere/x.csv: No such file");
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  CHECK(!dfq_write_csv(dfq_scan_csv(db, from, NULL), "", NULL));
  CHECK_HAS(dfq_error(db), "no path is given");
  CHECK_INT(test_file_count(), before + 2);
  remove(path);
  remove(from);
  dfq_close(db);
  free(text);
}

// ---- faults ---------------------------------------------------------------------------------

// Writes four columns of 3,000 rows to the disk. Returns what dfq_write_csv did.
static bool csv_write_on(csv_disk *disk, dfq **db) {
  char *text = csv_random_table(9, 3000);
  disk->data = text;
  disk->size = strlen(text);
  *db = csv_on(disk);
  dfq_frame *f = dfq_scan_csv(*db, "in.csv", NULL);
  dfq_table *t = dfq_collect(f);
  bool ok = dfq_write_csv(dfq_scan_table(*db, t), "out.csv", NULL);
  dfq_table_free(t);
  free(text);
  return ok;
}

TEST(csv_write_faults) {
  for (int fault = 0; fault < 6; fault++) {
    csv_disk disk = csv_disk_of(NULL, 0);
    dfq *db;
    disk.write_piece = fault == 1 ? 777 : 0;   // short writes are no fault
    disk.write_room = fault == 2 ? 70000 : fault == 3 ? 10 : 0;
    disk.fail_close = fault == 4;
    disk.fail_rename = fault == 5;
    bool ok = csv_write_on(&disk, &db);
    CHECK_INT(ok, fault < 2);
    CHECK_INT(disk.opens, disk.closes);
    CHECK_INT(disk.renames, fault < 2 || fault == 5);
    CHECK_INT(disk.removes, fault >= 2);
    CHECK(strncmp(disk.temp, "out.csv.", 8) == 0);
    if (fault < 2) {
      CHECK_STR(disk.target, "out.csv");
      CHECK(strncmp(disk.written, "a,b,c,d\n", 8) == 0);
      CHECK(disk.written_bytes > 80000);
    } else {
      CHECK_HAS(dfq_error(db), "write_csv: out.csv: ");
      CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
    }
    dfq_close(db);
  }
}

#if defined(__linux__)
TEST(csv_full_disk_and_closed_pipe) {
  FILE *full = fopen("/dev/full", "wb");
  if (!CHECK(full != NULL)) return;
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_csv(db, "examples/data/orders.csv", NULL);
  CHECK(!dfq_print_csv(f, full, NULL));
  CHECK_HAS(dfq_error(db), "print_csv: No space left on device");
  clearerr(full);
  CHECK(!dfq_print_json(dfq_scan_csv(db, "examples/data/airports.csv", NULL), full));
  CHECK_HAS(dfq_error(db), "print_json: No space left on device");
  fclose(full);
  dfq_close(db);
}
#endif

TEST(csv_reads_that_fail) {
  char *text = csv_many(5000, 0, "");
  for (long fail = 1; fail < 200; fail += 1 + fail / 4) {
    csv_disk disk = csv_disk_of(text, strlen(text));
    disk.piece = 997;
    dfq *db = csv_on(&disk);
    size_t rows = 0;
    dfq_csv_options o = csv_options();
    o.infer_rows = 20;
    dfq_frame *f = dfq_scan_csv(db, "f.csv", &o);
    disk.fail_read = fail;
    bool ok = dfq_each_batch(f, csv_count_rows, &rows);
    bool enough = fail > (long)(strlen(text) / 997) + 2;
    CHECK_INT(ok, enough);
    if (!ok) CHECK_HAS(dfq_error(db), "scan: f.csv: ");
    if (!ok) CHECK(fail < 3 || rows > 0);
    CHECK_INT(disk.opens, disk.closes);
    dfq_close(db);
  }
  csv_disk disk = csv_disk_of(text, strlen(text));
  disk.fail_read = 1;
  dfq *db = csv_on(&disk);
  CHECK_HAS(csv_error(db, "f.csv", NULL), "scan: f.csv: ");
  disk.fail_open = true;
  CHECK_HAS(csv_error(db, "f.csv", NULL), "scan: f.csv: the disk is on fire");
  dfq_close(db);
  free(text);
}

// Memory that ends at the n-th call, and knows how much is out.
typedef struct csv_memory {
  long calls, fail_at;
  size_t out;
} csv_memory;

static void *csv_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  csv_memory *m = (csv_memory *)user;
  if (new_size > old_size && m->fail_at && ++m->calls == m->fail_at) return NULL;
  m->out = m->out - old_size + new_size;
  if (new_size) return realloc(ptr, new_size);
  free(ptr);
  return NULL;
}

// Fails each allocation of use in turn: an error, nothing left, no crash. told: false where use
// goes on after an error, which the context may have forgotten then. Returns how many
// allocations there are; 0 when something was wrong.
static long csv_fail_each(bool (*use)(dfq *db, const void *user), const void *user, bool told) {
  bool worked = false;
  long fail = 1;
  for (; !worked && fail < 5000; fail++) {
    csv_memory memory = { 0, fail, 0 };
    dfq_options o;
    memset(&o, 0, sizeof o);
    o.realloc = csv_realloc;
    o.realloc_user = &memory;
    dfq *db = dfq_open(&o);
    bool ok = db && use(db, user);
    if (db && !ok && told) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    worked = ok && memory.calls < fail;   // a lost warning or note is no failure
    dfq_close(db);
    if (!CHECK_INT(memory.out, 0)) return 0;
  }
  return worked ? fail : 0;
}

typedef struct csv_round {
  const char *in, *out;
  bool go_on;
} csv_round;

// Scan with every option, filter, write, and read back; to the end, or up to the first failure.
// Returns true when all of it worked.
static bool csv_use_everything(dfq *db, const void *user) {
  const csv_round *r = (const csv_round *)user;
  dfq_csv_options o = csv_options();
  o.nulls = "NA, -";
  o.types = "id: i32";
  o.infer_rows = 3;
  o.bad_values = DFQ_BAD_NULL;
  dfq_frame *f = dfq_select(dfq_filter(dfq_scan_csv(db, r->in, &o), "id > 1 and t != 'q'"),
                            "t, n, id");
  bool ok = dfq_write_csv(f, r->out, NULL);
  if (!ok && !r->go_on) return false;
  o.bad_values = DFQ_BAD_SKIP;
  ok = dfq_count(dfq_scan_csv(db, r->in, &o)) >= 0 && ok;
  if (!ok && !r->go_on) return false;
  o = csv_options();
  o.names = "a, b, c";
  dfq_table *t = dfq_collect(dfq_scan_csv(db, r->out, &o));
  dfq_table_free(t);
  return t && ok;
}

TEST(csv_out_of_memory_everywhere) {
  csv_round r = { test_file(
      "csv_memory.csv",
      "id,t,n,n\n1,\"a \"\"long\"\" text of some size\",1.5,\n2,p,2.5,1\n3,q,NA,2\n"
      "4,\"more than \"\"twelve\"\" bytes\",0.1,x\n5,r,zz,-\n"),
                  test_path("csv_memory_out.csv"), false };
  for (int i = 0; i < 2; i++) {
    r.go_on = i == 1;
    CHECK(csv_fail_each(csv_use_everything, &r, !r.go_on) > 50);
  }
  remove(r.in);
  remove(r.out);
}

static void run_ch6_streaming(void) {
  RUN(csv_in_morsels);
  RUN(csv_morsels_fall_back);
  RUN(csv_lines);
  RUN(csv_quotes);
  RUN(csv_dialects);
  RUN(csv_trailing_delimiters);
  RUN(csv_nulls);
  RUN(csv_bytes_stay);
  RUN(csv_views_of_all_lengths);
  RUN(csv_inference_ladder);
  RUN(csv_inference_says_why);
  RUN(csv_types_given);
  RUN(csv_fast_numbers_are_exact);
  RUN(csv_durations);
  RUN(csv_names_are_unique);
  RUN(csv_real_files);
  RUN(csv_spectrum);
  RUN(csv_every_split_point);
  RUN(csv_every_alignment);
  RUN(csv_random_bytes_in_pieces);
  RUN(csv_masks);
  RUN(csv_index_wide);
  RUN(csv_agrees_with_a_plain_reader);
  RUN(csv_long_rows);
  RUN(csv_rows_have_a_limit);
  RUN(csv_files_that_cannot_be_read);
  RUN(csv_options_that_cannot_be);
  RUN(csv_structure_errors);
  RUN(csv_wrong_type_in_row_5000);
  RUN(csv_late_values_that_would_change);
  RUN(csv_errors_are_positions);
  RUN(csv_pruned_columns_cannot_fail);
  RUN(csv_changed_files);
  RUN(csv_opening_reads_the_sample_only);
  RUN(csv_pipes_are_read_once);
  RUN(csv_pushed_filters_are_filters);
  RUN(csv_pushed_filters_that_fail);
  RUN(csv_pushed_filters_and_bad_values);
  RUN(csv_pushed_filters_can_be_cancelled);
  RUN(csv_bad_values);
  RUN(csv_source_prints_itself);
  RUN(csv_prints);
  RUN(csv_prints_json);
  RUN(csv_json_texts);
  RUN(csv_what_is_written_reads_back);
  RUN(csv_writes_whole_files_only);
  RUN(csv_write_faults);
#if defined(__linux__)
  RUN(csv_full_disk_and_closed_pipe);
#endif
  RUN(csv_reads_that_fail);
  RUN(csv_out_of_memory_everywhere);
}
