// ch7_places.c - the first places of each partition, when several threads read: each knows its
// own rows, and what they know becomes one. Over the rows of ch7_top.c, against the query
// without the optimizer, which sorts them all.

TEST(places_of_several_threads) {
  static const char *const queries[] = {
    "x | with row_number() over (partition by k order by w) as p | filter p <= 2",
    "x | with row_number() over (partition by k order by x desc) as p | filter p <= 3",
    "x | with row_number() over (partition by s, k order by x nulls first) as p | filter p < 3",
    "x | with row_number() over (partition by x order by w desc) as p | filter p = 1",
    "x | with row_number() over (partition by w, x, t order by k) as p | filter p = 1",
    "x | with row_number() over (partition by t order by s, w) as p | filter p <= 7",
    "x | with rank() over (partition by w order by k) as p | filter p <= 2",
    "x | with rank() over (order by x desc) as p | filter p <= 40",
    "x | with row_number() over (order by w) as p | filter p <= 64",
    "x | with row_number() over (partition by k) as p | filter p <= 5",
    "x | filter n > 2990 or n < 9"
      " | with row_number() over (partition by n % 5, s order by x) as p | filter p = 1",
    "x | filter n < 0 | with row_number() over (partition by k order by w) as p | filter p = 1",
    "x | with n * 1000003 % 2611 - 1300 as m"     // fields that widen, otherwise in each thread
      " | with row_number() over (partition by m order by n desc) as p | filter p <= 1",
    "x | with if(n < 1500, 'a', concat(s, cast(n % 90 as str), t)) as u"
      " | with row_number() over (partition by u, k order by w, n) as p | filter p <= 2",
  };
  for (int plain = 0; plain < 2; plain++) {
    dfq *db = top_db(3000, plain == 1, 77 + (uint64_t)plain);
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) top_check(db, queries[q]);
    dfq_close(db);
  }
}

// Partitions of one row each: that it is no use shows late, when half of all rows are read; and
// when the rows ascend, so that all of them stay, some threads stop asking, and others may not.
TEST(places_that_leave_all_rows) {
  enum { ROWS = 2200000 };
  static const char *const queries[] = {
    "x | with row_number() over (partition by n order by n) as p"
      " | filter p = 1 | group: sum(n) as n, sum(p) as p, count() as c",
    "x | with n % 300 as k | with row_number() over (partition by k order by n desc) as p"
      " | filter p <= 2 | group: sum(n) as n, sum(p) as p, count() as c",
  };
  static const int64_t sums[][3] = {
    { (int64_t)ROWS * (ROWS - 1) / 2, ROWS, ROWS },
    { 600 * (int64_t)ROWS - 600 * 601 / 2, 900, 600 },   // the last 600 rows
  };
  int64_t *n = (int64_t *)test_alloc(ROWS * sizeof *n);
  for (int i = 0; i < ROWS; i++) n[i] = i;
  dfq *db = dfq_open(NULL);
  dfq_column column = { "n", DFQ_I64, n, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, ROWS);
  CHECK(dfq_register(db, "x", dfq_scan_table(db, t)));
  dfq_table_free(t);
  free(n);
  for (int i = 0; i < 4; i++) {
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.threads = 1 + i / 2;
    dfq_table *got = dfq_collect(dfq_configure(dfq_query(db, queries[i % 2]), &run));
    for (int c = 0; c < 3; c++)
      CHECK_INT(dfq_table_i64(got, 0, c), sums[i % 2][c]);
    dfq_table_free(got);
  }
  dfq_close(db);
}

static bool places_without_memory(dfq *db) {
  dfq_run_options run;
  db->heap->morsel = 1;
  memset(&run, 0, sizeof run);
  run.threads = 3;
  run.batch_rows = 16;
  if (!dfq_register(db, "x", top_table(db, 300, false, 4))) return false;
  dfq_frame *f = dfq_query(db, "x | with row_number() over (partition by s, k order by w) as p"
                               "  | filter p <= 2");
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  if (t) CHECK_INT(dfq_table_rows(t), 61);
  dfq_table_free(t);
  return t != NULL;
}

TEST(places_memory_runs_out) { hash_fail_in_threads(places_without_memory); }

static void run_ch7_places(void) {
  RUN(places_of_several_threads);
  RUN(places_that_leave_all_rows);
  RUN(places_memory_runs_out);
}
