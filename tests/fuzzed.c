// fuzzed.c - what the targets in fuzz/ have found, each as the smallest case of its own.

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

static void run_fuzzed(void) {
  RUN(fuzzed_csv_first_row);
  RUN(fuzzed_sample_shares);
  RUN(fuzzed_fixed_sample);
  RUN(fuzzed_csv_longer_as_utf8);
}
