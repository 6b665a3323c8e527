// ch6_fours.c - integers of a file, read four rows at a time: whatever stands among the four,
// the values, the nulls and the places of errors are those of rows read one by one.

// What the quick reading takes is what the exact one reads, and it takes what is plain.
TEST(fours_are_exact) {
  uint64_t seed = 3;
  for (int i = 0; i < 100000; i++) {
    char room[256];
    uint32_t sep[5] = { 31 }, at[4] = { 1, 2, 3, 4 };
    int64_t got[4], want = 0;
    bool plain = true;
    memset(room, '7', sizeof room);   // what stands around the fields must not matter
    for (int k = 0; k < 4; k++) {
      char *text = room + sep[k] + 1;
      size_t n = (size_t)sprintf(text, "%d", (int)(test_random(&seed) >> 33));
      size_t cut = test_random(&seed) % 9;
      if (test_random(&seed) % 16 == 0) n = csv_random_number(&seed, text);
      else if (cut && cut < n) n = cut;
      text[n] = ',';
      sep[k + 1] = (uint32_t)(sep[k] + 1 + n);
      for (size_t b = 0; b < n; b++) plain = plain && dfq__is_digit(text[b]);
      plain = plain && n >= 1 && n <= 8 && (n == 1 || *text != '0');
    }
    bool took = dfq__csv_four(room, sep, at, got);   // never, without SSE2
    if (took && !CHECK(plain)) return;
    for (int k = 0; took && k < 4; k++)
      if (!dfq__read_i64(room + sep[k] + 1, sep[k + 1] - sep[k] - 1, &want) ||
          !CHECK_INT(got[k], want))
        return;
#if defined(__SSE2__) && !defined(DFQ_NO_SIMD)
    if (!CHECK(took == plain)) return;
#endif
  }
}

// A file of a column of integers, thrice: all values are those that a cast of the text gives.
// ends: of the lines. odd: one in so many is not plain; 0: none.
static void fours_file(uint64_t *seed, const char *ends, int rows, int odd) {
  static const char *const others[] = { "-1", "007", "123456789012345", "-99999999", "0",
                                        "\"12\"", "99999999", "999999999" };
  test_string t = { NULL, 0, 0 };
  char line[64];
  test_puts(&t, "a,b,c");
  test_puts(&t, ends);
  for (int i = 0; i < rows; i++) {
    uint64_t cut = 36 + test_random(seed) % 24;
    snprintf(line, sizeof line, "%d", (int)(test_random(seed) >> cut));
    bool other = odd && test_random(seed) % (uint64_t)odd == 0;
    const char *s = other ? others[test_random(seed) % 8] : line;
    for (int c = 0; c < 3; c++) {
      test_puts(&t, s);
      test_puts(&t, c < 2 ? "," : i + 1 < rows ? ends : "");
    }
  }
  const char *path = test_file_n("fours.csv", t.s, t.len);
  for (size_t batch = 1; batch < 4000; batch = batch * 3 + 1)
    for (int threads = 1; threads < 3; threads++) {
      dfq *db = dfq_open(NULL);
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.threads = threads;
      run.batch_rows = batch;
      char q[512];
      snprintf(q, sizeof q, "scan '%s' types (a: i64, b: str, c: i64) "
               "| filter a = cast(b as i64) and a = c | group : count() as n", path);
      dfq_frame *f = dfq_configure(dfq_query(db, q), &run);
      char *got = csv_dump(f), want[64];
      snprintf(want, sizeof want, "n i64\n%d\n", rows);
      CHECK_STR(got, want);
      free(got);
      if (batch == 13 && threads == 1) CHECK_SAME(f);
      dfq_close(db);
    }
  free(t.s);
}

TEST(fours_among_others) {
  uint64_t seed = 7;
  for (int rows = 1; rows < 12; rows++) fours_file(&seed, "\n", rows, rows % 3);
  fours_file(&seed, "\n", 3000, 0);
  fours_file(&seed, "\n", 3000, 2);
  fours_file(&seed, "\r\n", 3000, 40);
  fours_file(&seed, "\n", 3000, 400);
}

// A bad value is found at its place, wherever among the four it stands, and the rows before it
// come out.
TEST(fours_say_where) {
  for (int bad = 0; bad < 14; bad++) {
    test_string t = { NULL, 0, 0 };
    char place[64];
    test_puts(&t, "n,a\n");
    for (int i = 0; i < 14; i++) {
      snprintf(place, sizeof place, "%d,%s\n", i, i == bad ? "1x" : "17");
      test_puts(&t, place);
    }
    dfq *db = dfq_open(NULL);
    dfq_csv_options o;
    memset(&o, 0, sizeof o);
    o.types = "a: i64";
    dfq_frame *f = dfq_scan_csv(db, test_file_n("bad.csv", t.s, t.len), &o);
    CHECK_SAME(f);
    CHECK(dfq_collect(f) == NULL);
    snprintf(place, sizeof place, "bad.csv:%d:%d, scan", bad + 2, bad < 10 ? 3 : 4);
    CHECK_HAS(dfq_error(db), place);
    CHECK_HAS(dfq_error(db), "\"1x\"");
    dfq_close(db);
    free(t.s);
  }
}

// A digit may be a null, and a delimiter.
TEST(fours_digits_that_mean_more) {
  const char *path = test_file("null.csv", "a\n5\n6\n55\n5\n7\n8\n9\n5\n1\n");
  dfq *db = dfq_open(NULL);
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.nulls = "5";
  dfq_frame *f = dfq_scan_csv(db, path, &o);
  CHECK_SAME(f);
  char *got = csv_dump(dfq_group_by(f, "", "count() as n, count(a) as some, sum(a) as total"));
  CHECK_STR(got, "n i64|some i64|total i64\n9|6|86\n");
  free(got);
  memset(&o, 0, sizeof o);
  o.delimiter = '0';
  f = dfq_scan_csv(db, test_file("zero.csv", "a0b\n102\n304\n506\n708\n11022\n"), &o);
  CHECK_SAME(f);
  got = csv_dump(f);
  CHECK_STR(got, "a i64|b i64\n1|2\n3|4\n5|6\n7|8\n11|22\n");
  free(got);
  dfq_close(db);
}

static void run_ch6_fours(void) {
  RUN(fours_are_exact);
  RUN(fours_among_others);
  RUN(fours_say_where);
  RUN(fours_digits_that_mean_more);
}
