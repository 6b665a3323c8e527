// fuzzed.c - what the targets in fuzz/ have found, each as the smallest case of its own.

#ifndef DFQ_NO_ARROW
static void fuzzed_schema_end(struct ArrowSchema *s) { s->release = NULL; }
static void fuzzed_array_end(struct ArrowArray *x) { x->release = NULL; }
#endif

// A first row that is no row, in a file without header: the same message however the file comes
// in pieces. Cut after its first byte, it was taken for an empty file.
TEST(fuzzed_csv_first_row) {
  static const size_t pieces[] = { 0, 1, 7 };
  static const char *const texts[] = { "\"\"x,t\n1,2\n", "\"\"x", "\"\"x\n", "\"ab" };
  for (int i = 0; i < 12; i++) {
    csv_disk disk = csv_disk_of(texts[i % 4], strlen(texts[i % 4]));
    disk.piece = pieces[i / 4];
    disk.no_size = i % 2;
    dfq *db = csv_on(&disk);
    dfq_csv_options o = csv_options();
    o.no_header = true;
    CHECK_HAS(csv_error(db, "f.csv", &o), i % 4 == 3 ? "is never closed" : "f.csv:1:3");
    dfq_close(db);
  }
}

// What is no share of the rows went on into a conversion to an integer that it did not fit.
TEST(fuzzed_sample_shares) {
  static const char *const texts[] = { "scan t.csv | sample -400%",
                                       "scan t.csv | sample 1e300%",
                                       "scan t.csv | sample fraction f64 'nan'",
                                       "scan t.csv | sample fraction 'x'" };
  csv_disk disk = csv_disk_of("x\n1\n", 4);
  dfq *db = csv_on(&disk);
  for (int i = 0; i < 4; i++)
    CHECK_HAS(dfq_frame_error(dfq_query(db, texts[i])), "a share of the rows is from 0 to 1");
  dfq_close(db);
}

// Where columns are was taken from fewer lines when blank ones came between and the file in
// pieces, because they were counted and then passed over.
TEST(fuzzed_fixed_sample) {
  static const char text[] = "ab  cd\n\n\n\n1   2\n\n\n333344\n5    6\n";
  for (size_t piece = 0; piece < 9; piece++) {
    csv_disk disk = csv_disk_of(text, sizeof text - 1);
    disk.piece = piece;
    dfq *db = csv_on(&disk);
    dfq_csv_options o = csv_options();
    o.infer_rows = 2;
    dfq_frame *f = dfq_scan_fixed(db, "f.fwf", &o);
    CHECK_INT(dfq_schema_of(f)->count, 1);
    CHECK_INT(dfq_count(f), 8);   // blank lines are nulls of the one column
    dfq_close(db);
  }
}

// Text that becomes longer on its way to UTF-8: where a row stands in the file, computed from
// its place in the buffer, was one before the file's start, and taken for the end of all rows.
TEST(fuzzed_csv_longer_as_utf8) {
  static const char text[] = "\xE9,1\n\xE9\xE9,2\n3,3\n";
  for (size_t piece = 0; piece < 16; piece++) {
    csv_disk disk = csv_disk_of(text, sizeof text - 1);
    disk.piece = piece;
    dfq *db = csv_on(&disk);
    dfq_csv_options o = csv_options();
    o.encoding = DFQ_ENCODING_LATIN1;
    o.no_header = true;
    o.delimiter = ',';
    CHECK_INT(dfq_count(dfq_scan_csv(db, "f.csv", &o)), 3);
    dfq_close(db);
  }
}

#ifndef DFQ_NO_ARROW
// The offsets of a text went back behind a null, and its bytes were looked for where the last
// offset says that there are none.
TEST(fuzzed_arrow_offsets) {
  static const int32_t offsets[] = { 0, 900, 2, 3 };
  static const uint8_t valid[] = { 5 };
  for (int part = 0; part < 2; part++) {   // 1: the row that goes back is not asked for
    const void *none[] = { NULL }, *buffer[] = { part ? NULL : valid, offsets, "abc" };
    struct ArrowSchema s, *child = &s, top;
    struct ArrowArray x, *column = &x, rows;
    dfq *db = dfq_open(NULL);
    memset(&top, 0, sizeof top);
    top.format = "+s";
    top.release = fuzzed_schema_end;
    s = top;
    s.format = "u";
    s.name = "t";
    top.n_children = 1;
    top.children = &child;
    memset(&x, 0, sizeof x);
    x.length = 3;
    x.null_count = -1;
    x.n_buffers = 3;
    x.buffers = buffer;
    x.release = fuzzed_array_end;
    rows = x;
    rows.length = part ? 1 : 3;
    rows.n_buffers = rows.n_children = 1;
    rows.buffers = none;
    rows.children = &column;
    CHECK(dfq_import_arrow(db, &top, &rows) == NULL);
    CHECK_HAS(dfq_error(db), "column t: row 1 has no bytes, or too many");
    dfq_close(db);
  }
}
#endif

static void run_fuzzed(void) {
  RUN(fuzzed_csv_first_row);
  RUN(fuzzed_sample_shares);
  RUN(fuzzed_fixed_sample);
  RUN(fuzzed_csv_longer_as_utf8);
#ifndef DFQ_NO_ARROW
  RUN(fuzzed_arrow_offsets);
#endif
}
