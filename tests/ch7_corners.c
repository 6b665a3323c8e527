// ch7_corners.c - what threads leave behind when their work counts for nothing: the result is
// that of one thread all the same.

static dfq_frame *corner_run(dfq_frame *f, int threads) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = threads;
  run.batch_rows = 8;
  return dfq_configure(f, &run);
}

static void corner_lines(test_string *t, const char *line, int count) {
  for (int i = 0; i < count; i++) test_puts(t, line);
}

// A line end within quotes begins a morsel that does not fit. The rows that were read wrongly
// are enough to make a column narrow; the right ones are fewer, and one needs more than a byte.
TEST(corner_wrong_morsels_leave_no_narrow_cells) {
  enum { ONES = 100 };
  dfq *db = dfq_open(NULL);
  db->heap->narrow = ONES + 10;
  test_string text = { NULL, 0, 0 };
  test_puts(&text, "a,s\n");
  corner_lines(&text, "1,a line of 40 bytes with its line end.\n", ONES);
  test_puts(&text, "1,\"");
  corner_lines(&text, "\n2,y", 50);                // 4,004 bytes before: the cut is in here
  test_puts(&text, "\n2,\"\n300000,z\n1,\"");      // within quotes, if those seem to be outside
  corner_lines(&text, "\n2,y", 100);
  test_puts(&text, "\"\n");
  const char *path = test_file("corner.csv", text.s);
  dfq_frame *f = dfq_scan_csv(db, path, NULL);
  for (int threads = 1; threads < 4; threads++) {
    dfq_table *t = dfq_collect(corner_run(f, threads));
    CHECK_INT(dfq_table_rows(t), ONES + 3);
    CHECK_INT(dfq_table_i64(t, ONES + 1, 0), 300000);
    dfq_table_free(t);
  }
  free(text.s);
  dfq_close(db);
}

static void run_ch7_corners(void) {
  RUN(corner_wrong_morsels_leave_no_narrow_cells);
}
