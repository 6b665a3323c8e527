// found.c - what comparing random plans has found, each as a small test; and the checks that
// keep the suites which draw, break and overload things as wide as the library is.

// Runs a pipeline over two small columns, a: i32 and b: i16; the message of its error, or "".
static const char *found_error(dfq *db, const char *stages) {
  static char text[600];
  snprintf(text, sizeof text, "scan '%s' types (a: i32, b: i16) | %s",
           test_file("found.csv", "a,b\n1,2\n3,4\n"), stages);
  dfq_frame *f = dfq_query(db, text);
  if (!dfq_frame_error(f)) CHECK(dfq_check_equivalent(f, NULL));
  return dfq_frame_error(f) ? dfq_frame_error(f) : "";
}

// A column that stands in two value columns was cast for the first of them, and its bits were
// read as the type of the other: integers came out as the smallest of floats.
TEST(found_unpivot_one_column_two_types) {
  dfq *db = dfq_open(NULL);
  const char *two = "select cast(a as f64) as x, a, b, cast(b as i64) as i | unpivot %s";
  char text[300];
  static const char *const wrong[] = {
    "(i, x), (b, x), (a, a) values to v, w", "(a, a), (i, x) values to v, w",
    "(x, a), (a, b) values to v, w", "(i, b), (b, x) values to v, w"
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    snprintf(text, sizeof text, two, wrong[i]);
    CHECK_HAS(found_error(db, text), "and as another type; make a column of each with cast");
  }
  CHECK_STR(found_error(db, "unpivot (a, b), (a, b) values to v, w"), "");
  CHECK_STR(found_error(db, "with cast(a as f64) as x | unpivot (a, b), (x, b) values to v, w"
                            " | filter v > 0"), "");
  dfq_close(db);
}

// Null words of a column that only some files of a set have.
TEST(found_null_words_of_some_files) {
  dfq *db = dfq_open(NULL);
  char text[400], path[300];
  dfq_value v;
  test_file("found-set-1.csv", "a,b\n1,NA\n2,5\n");
  test_file("found-set-2.csv", "a\n7\n");
  snprintf(path, sizeof path, "scan '%s' fill_missing true", test_path("found-set-*.csv"));
  snprintf(text, sizeof text, "%s nulls 'b: NA'", path);
  dfq_frame *f = dfq_query(db, text);
  CHECK(dfq_check_equivalent(f, NULL));
  dfq_table *t = dfq_collect(f);
  CHECK_INT(dfq_table_rows(t), 3);
  CHECK_INT(dfq_table_i64(t, 1, 1), 5);
  for (size_t row = 0; row < 3; row += 2) {
    dfq_table_get(t, row, 1, &v);
    CHECK_INT(v.type, DFQ_NULL);
  }
  dfq_table_free(t);
  snprintf(text, sizeof text, "%s nulls 'b: NA, c: NA'", path);
  CHECK_HAS(dfq_frame_error(dfq_query(db, text)), "found-set-*.csv has no column c");
  snprintf(text, sizeof text, "%s nulls 'NA' types (c: i64)", path);
  CHECK_HAS(dfq_frame_error(dfq_query(db, text)), "found-set-*.csv has no column c");
  snprintf(text, sizeof text, "scan '%s' nulls 'b: NA'", test_path("found-set-2.csv"));
  CHECK_HAS(dfq_frame_error(dfq_query(db, text)), "found-set-2.csv has no column b");
  dfq_close(db);
}

// A columnar file had under its nulls what stood in the rows that a join gathered from: values
// of other rows, and other bytes for the same result in another size of batch.
TEST(found_columnar_nulls_hold_nothing) {
  dfq *db = dfq_open(NULL);
  char text[400], *first = NULL, secret[8] = "\x11\x22\x33\x44\x55\x66\x77\x08";
  int64_t number;
  size_t n = 0, m = 0;
  memcpy(&number, secret, 8);
  snprintf(text, sizeof text, "a,b\n0,%lld\n1,%lld\n2,5\n", (long long)number,
           (long long)number);
  const char *csv = test_file("found-secret.csv", text);
  snprintf(text, sizeof text, "scan '%s' | select a | join (scan '%s' | select a as c, b) on"
           " a = c left where b < 6", csv, csv);
  for (int batch = 0; batch < 4; batch++) {
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.batch_rows = (size_t)batch;
    run.no_optimize = batch % 2 != 0;
    CHECK(dfq_write(dfq_configure(dfq_query(db, text), &run), test_path("found.dfq"), NULL));
    char *bytes = test_read_n(test_path("found.dfq"), &m);
    for (size_t i = 0; i + 8 <= m; i++) CHECK(memcmp(bytes + i, secret, 8) != 0);
    if (first && CHECK_INT(m, n)) CHECK(memcmp(first, bytes, n) == 0);
    if (first) free(bytes);
    else first = bytes;
    n = m;
  }
  free(first);
  dfq_close(db);
}

// ---- hostile keys and paths -----------------------------------------------------------------

// Texts of somebody who knows the code, and not the seed: zero bytes of every length, words
// that are multiples of the hash's constants, texts that differ in their first, last or 9th
// bytes.
static size_t found_hostile_text(int how, uint64_t i, char *to) {
  static const uint64_t factor[] = { UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xD6E8FEB86659FD93),
                                     (uint64_t)1 << 32, (uint64_t)1 << 48 };
  uint64_t word[3] = { 0, 0, 0 };
  if (how < 4) word[0] = i * factor[how];
  else if (how < 8) word[1] = i * factor[how - 4];
  else if (how == 8) word[0] = word[1] = i;
  else if (how == 9) word[0] = ~(word[1] = i << 20);
  else word[2] = i;
  memcpy(to, word, sizeof word);
  return how < 4 ? 8 : how == 10 ? 17 + (size_t)(i % 3) : how % 2 ? 16 : 12 + (size_t)(i & 3);
}

// By either end of their hashes: groups, joins, dictionaries and the table of names take one.
TEST(found_hostile_texts) {
  enum { N = 20000 };
  char (*text)[24] = (char (*)[24])test_alloc(N * sizeof *text);
  uint64_t *hash = (uint64_t *)test_alloc(N * sizeof *hash);
  dfq_field field = { "s", DFQ_STR, NULL };
  dfq_value *cell = (dfq_value *)test_alloc(N * sizeof *cell);
  for (int how = 0; how < 11; how++) {
    dfq *db = dfq_open(NULL);
    for (size_t i = 0; i < N; i++) {
      cell[i] = dfq__value_str(text[i], found_hostile_text(how, i, text[i]));
      hash[i] = dfq__hash_bytes(text[i], cell[i].len, db->seed);
    }
    dfq_table *t = dfq_table_from_rows(db, &field, 1, cell, N);
    dfq_frame *f = dfq_scan_table(db, t);
    int64_t keys = dfq_count(dfq_distinct(f, NULL));
    CHECK_INT(dfq_count(dfq_join(f, dfq_distinct(f, NULL), "s", DFQ_INNER)), N);
    for (int low = 0; low < 2 && keys == N; low++) {
      double walk = hostile_walk(hash, N, low != 0);
      if (!CHECK(walk < 4)) printf("    way %d: %g\n", how, walk);   // 0.5 is usual
    }
    dfq_table_free(t);
    dfq_close(db);
  }
  free(cell);
  free(hash);
  free(text);
}

// A pipe with a name is read once, and written to: it is not replaced by a file.
#if !defined(_WIN32) && !defined(__wasi__)
static bool found_shell(const char *format, const char *path) {
  char command[600];
  snprintf(command, sizeof command, format, path, path, path, path);
  return system(command) == 0;
}

TEST(found_pipes) {
  const char *path = test_path("found-pipe");
  if (!found_shell("rm -f '%s'; mkfifo '%s' 2>/dev/null", path)) return;   // none here
  dfq *db = dfq_open(NULL);
  CHECK(found_shell("(printf 'a,b\\n1,2\\n3,4\\n' > '%s') &", path));
  dfq_frame *f = dfq_scan_csv(db, path, NULL);
  CHECK_INT(dfq_count(dfq_filter(f, "a > 1")), 1);
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db), "pipe");
  f = dfq_scan_csv(db, test_file("found-good.csv", "a\n1\n2\n"), NULL);
  CHECK(found_shell("(cat '%s' > '%s.part'; mv '%s.part' '%s.out') &", path));
  CHECK(dfq_write_csv(f, path, NULL));
  CHECK(found_shell("test -p '%s'", path));
  CHECK(found_shell("i=0; until test -f '%s.out' || test $i = 50; do sleep 0.1; i=$((i+1));"
                    " done", path));
  char *got = test_read(test_path("found-pipe.out"));
  CHECK_STR(got, "a\n1\n2\n");
  free(got);
  dfq_close(db);
}
#endif

static void run_found(void) {
  RUN(found_unpivot_one_column_two_types);
  RUN(found_null_words_of_some_files);
  RUN(found_columnar_nulls_hold_nothing);
  RUN(found_hostile_texts);
#if !defined(_WIN32) && !defined(__wasi__)
  RUN(found_pipes);
#endif
}
