// ch4_parallel.c - morsels: whatever several threads do together, the result is the table, or
// the error, that one of them makes alone. Small batches make small morsels (32 batches), so a
// few thousand rows are many of them.

// A word of that number; one in so many is longer.
static dfq_value par_word(char (*to)[40], int word, int every) {
  int n = snprintf(*to, sizeof *to, word % every ? "w%d" : "a word that is longer, %d", word);
  return dfq__value_str(*to, (size_t)n);
}

// A scan of rows; their cells and texts are freed.
static dfq_frame *par_rows(dfq *db, const dfq_field *field, int columns, dfq_value *cell,
                           size_t rows, char (*text)[40]) {
  dfq_table *t = dfq_table_from_rows(db, field, columns, cell, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  free(text);
  return f;
}

// A table of 3,000 rows: n ascends, k and s repeat, x and s have nulls, but only from row 1,000
// on; some texts are too long for a view.
static dfq_frame *par_table(dfq *db, uint64_t seed) {
  enum { N = 3000 };
  dfq_value *cell = (dfq_value *)test_alloc(5 * N * sizeof *cell);
  char (*text)[40] = (char (*)[40])test_alloc(N * sizeof *text);
  for (size_t i = 0; i < N; i++) {
    dfq_value *v = cell + 5 * i;
    int word = ch0_below(&seed, 60);
    v[0] = dfq__value_int(DFQ_I64, (int64_t)i);
    v[1] = dfq__value_int(DFQ_I64, ch0_below(&seed, 40));
    v[2] = par_word(&text[i], word, 3);
    v[3] = dfq__value_f64(hash_nasty(&seed, ch0_below(&seed, 6)));
    v[4] = dfq__value_int(DFQ_BOOL, ch0_below(&seed, 2));
    for (int c = 2; c < 4 && i > 1000; c++)
      if (ch0_below(&seed, 9) == 0) v[c] = dfq__value_null();
  }
  dfq_field field[5] = { { "n", DFQ_I64, NULL }, { "k", DFQ_I64, NULL }, { "s", DFQ_STR, NULL },
                         { "x", DFQ_F64, NULL }, { "b", DFQ_BOOL, NULL } };
  return par_rows(db, field, 5, cell, N, text);
}

// One thread's table, or its error, is what every number of threads gives, at any batch size.
static bool par_check(const char *at, dfq_frame *f) {
  static const int threads[] = { 2, 3, 8 };
  static const size_t batches[] = { 1, 7, 2048 };
  dfq_run_options run;
  bool same = true;
  memset(&run, 0, sizeof run);
  for (int b = 0; b < 3; b++) {
    char error[300] = "", why[200] = "";
    run.threads = 1;
    run.batch_rows = batches[b];
    dfq_table *want = dfq_collect(dfq_configure(f, &run));
    if (!want) snprintf(error, sizeof error, "%s", dfq_error(f->db));
    for (int i = 0; i < 3; i++) {
      run.threads = threads[i];
      dfq_table *got = dfq_collect(dfq_configure(f, &run));
      bool ok = want ? got && dfq_table_equal(got, want, why, sizeof why)
                     : !got && strncmp(dfq_error(f->db), error, sizeof error - 1) == 0;
      if (!ok)
        same = test_fail("  %s: %d threads, batches of %zu: %s\n", at, threads[i], batches[b],
                         got ? why : dfq_error(f->db));
      int64_t rows = dfq_count(dfq_configure(f, &run));
      if (want && rows != (int64_t)dfq_table_rows(want))
        same = test_fail("  %s: counts %lld\n", at, (long long)rows);
      dfq_table_free(got);
    }
    dfq_table_free(want);
  }
  return same;
}
#define PAR_CHECK(f) par_check(TEST_AT, f)

TEST(par_rows_in_their_order) {
  static const char *const filters[] = { "true", "n % 3 = 1", "n > 2990", "n < 0", "s is null",
                                         "n // 200 % 2 = 0 and x > 1.0" };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = par_table(db, 3);
  PAR_CHECK(f);
  PAR_CHECK(dfq_drop(f, "s, x"));
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
    dfq_frame *g = dfq_filter(f, filters[i]);
    PAR_CHECK(g);
    PAR_CHECK(dfq_select(g, "n, upper(s) as u, x * 2 as y, 7 as seven, null as nothing"));
  }
  PAR_CHECK(dfq_limit(dfq_filter(f, "k = 3"), 5));
  dfq_close(db);
}

TEST(par_joins) {
  static const dfq_join_type types[] = { DFQ_INNER, DFQ_LEFT, DFQ_SEMI, DFQ_ANTI, DFQ_RIGHT,
                                         DFQ_FULL };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = par_table(db, 5);
  dfq_frame *once = dfq_distinct(dfq_filter(f, "k % 3 != 0"), "k");
  dfq_frame *often = dfq_limit(dfq_rename(f, "n as m"), 90);
  for (int i = 0; i < 6; i++) {
    PAR_CHECK(dfq_join(f, dfq_select(once, "k, s as word, x as y"), "k", types[i]));
    PAR_CHECK(dfq_join(dfq_filter(f, "b"), dfq_select(often, "s, m"), "s", types[i]));
    PAR_CHECK(dfq_join(often, dfq_filter(f, "n % 7 > 0"), "k, s", types[i]));
  }
  PAR_CHECK(dfq_join(dfq_limit(f, 70), dfq_select(often, "m"), "", DFQ_CROSS));
  dfq_frame *other = par_table(db, 8), *few = dfq_limit(par_table(db, 12), 30);
  for (int i = 0; i < 6; i++) {   // tables that stay where they are
    PAR_CHECK(dfq_join(dfq_filter(f, "b"), other, "n", types[i]));
    PAR_CHECK(dfq_join(few, other, "s, k", types[i]));
    PAR_CHECK(dfq_join(other, dfq_filter(dfq_with_columns(f, "n * 2 as n"), "b"), "n, s",
                       types[i]));
  }
  dfq_close(db);
}

// What has all its rows is read, and gives them out, by several threads.
TEST(par_breakers) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = par_table(db, 6), *g = dfq_filter(f, "n % 3 > 0");
  PAR_CHECK(dfq_sort(f, "s desc nulls first, x"));
  PAR_CHECK(dfq_with_columns(dfq_sort(g, "x, k * 2 desc"), "n + 1 as m"));
  PAR_CHECK(dfq_limit(dfq_sort(g, "k, x desc"), 700));
  PAR_CHECK(dfq_sort(dfq_filter(f, "n < 0"), "x"));
  PAR_CHECK(dfq_with_columns(g, "row_number() over (partition by k order by x desc) as place, "
                                "sum(n) over (partition by s) as total, max(s) over () as m"));
  const char *every = "count() as c, sum(x) as t, median(x) as m, quantile(n, 0.3) as q, "
                      "string_agg(s, '+') as a, implode(s) as l, mode(s) as o, std(n) as d, "
                      "n_unique(s) as u, min(s) as lo, last(x) as e, corr(n, k) as r, "
                      "top_k(n, 3) as best, min_by(s, n) as by, approx_n_unique(n) as h";
  PAR_CHECK(dfq_group_by(f, "k, b", every));
  PAR_CHECK(dfq_sort(dfq_filter(dfq_group_by(g, "n // 2 as half", every), "c = 1"), "u, half"));
  PAR_CHECK(dfq_group_by(dfq_group_by(f, "s, k", every), "k", "sum(m) as m, max(a) as a"));
  PAR_CHECK(dfq_join(dfq_sort(f, "x"), dfq_group_by(f, "k", "sum(n) as t"), "k", DFQ_LEFT));
  PAR_CHECK(dfq_group_by(f, "n // 7 as w", "sum(case when n = 2500 then 9223372036854775807 "
                                           "else n end) as t"));
  PAR_CHECK(dfq_sort(dfq_with_columns(f, "9223372036854775807 - 1500 + n as z"), "x"));
  PAR_CHECK(dfq_with_columns(dfq_sort(f, "x"), "9223372036854775807 - 1500 + n as z"));
  dfq_close(db);
}

// As many groups as rows: threads that find that out leave it to one.
TEST(par_many_groups) {
  enum { N = 300000 };
  dfq *db = dfq_open(NULL);
  int64_t *v = (int64_t *)test_alloc(N * sizeof *v);
  for (int i = 0; i < N; i++) v[i] = (int64_t)i * 7919 % 290000;
  dfq_column column = { "v", DFQ_I64, v, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, N), *got[2] = { NULL, NULL };
  dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "v", "count() as n, sum(v) as s");
  for (int threads = 1; threads <= 2; threads++) {
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.threads = threads;
    got[threads - 1] = dfq_collect(dfq_configure(f, &run));
  }
  CHECK_INT(dfq_table_rows(got[0]), 290000);
  CHECK(dfq_table_equal(got[0], got[1], NULL, 0));
  for (int i = 0; i < 2; i++) dfq_table_free(got[i]);
  dfq_table_free(t);
  free(v);
  dfq_close(db);
}

// The first error in the order of rows, whichever thread meets one first; none at all when a
// limit is reached before.
TEST(par_errors_have_their_row) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = par_table(db, 7);
  dfq_frame *late = dfq_with_columns(f, "9223372036854775807 - 1500 + n as z");
  PAR_CHECK(late);
  CHECK_HAS(engine_all(late), "in row 1,502");
  PAR_CHECK(dfq_filter(f, "9223372036854775807 - 2999 + n > 0"));
  PAR_CHECK(dfq_filter(f, "9223372036854775807 - 2998 + n > 0"));
  PAR_CHECK(dfq_filter(f, "9223372036854775807 - 10 + n > 0"));
  PAR_CHECK(dfq_join(late, dfq_select(f, "n, k as q"), "n", DFQ_LEFT));
  PAR_CHECK(dfq_join(dfq_select(f, "n, k as q"), late, "n", DFQ_INNER));
  PAR_CHECK(dfq_limit(late, 1500));
  dfq_close(db);
}

#if DFQ_CHAPTER >= 6
// Files are cut where their lines probably end; see csv_in_morsels for cuts that are wrong.
TEST(par_files) {
  static const unsigned quoted[] = { 0, 1, 30, 100 };
  uint64_t state = 9;
  for (size_t i = 0; i < 4; i++) {
    dfq *db = dfq_open(NULL);
    const char *path = csv_morsel_file(&state, 900, quoted[i]);
    dfq_frame *f = dfq_scan_csv(db, path, NULL);
    PAR_CHECK(f);
    PAR_CHECK(dfq_select(dfq_filter(f, "v % 5 = 1"), "s, v"));
    dfq_close(db);
  }
}

TEST(par_files_with_errors) {
  test_string text = { NULL, 0, 0 };
  dfq *db = dfq_open(NULL);
  test_puts(&text, "a,b\n");
  for (int i = 0; i < 4000; i++) {
    char line[40];
    snprintf(line, sizeof line, i == 2600 || i == 3900 ? "%d,x\n" : "%d,1\n", i);
    test_puts(&text, line);
  }
  dfq_frame *f = dfq_scan_csv(db, test_file("par.csv", text.s), NULL);
  PAR_CHECK(f);
  CHECK_HAS(engine_all(f), "par.csv:2602:");
  free(text.s);
  dfq_close(db);
}
#endif

// The cancel function is called in the thread that runs the query, and in no other.
typedef struct par_cancel {
  pthread_t caller;
  int calls, most;
  bool elsewhere;
} par_cancel;

static bool par_asked(void *user) {
  par_cancel *c = (par_cancel *)user;
  if (!pthread_equal(c->caller, pthread_self())) c->elsewhere = true;
  return ++c->calls > c->most;
}

// Three threads, until they are asked more often than `most`: by the caller's thread alone.
static void par_run_cancelled(dfq *db, dfq_frame *f, size_t batch_rows, int most) {
  par_cancel c = { pthread_self(), 0, most, false };
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 3;
  run.batch_rows = batch_rows;
  run.cancel = par_asked;
  run.cancel_user = &c;
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  CHECK(!c.elsewhere);
  CHECK(t ? c.calls <= most : dfq_error_status(db) == DFQ_CANCELLED);
  dfq_table_free(t);
}

TEST(par_cancel_is_asked_by_one) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(par_table(db, 11), "n % 2 = 0");
  for (int most = 0; most < 100; most += 3)
    par_run_cancelled(db, most % 2 ? dfq_group_by(f, "k", "sum(x) as x") : f, 1, most);
  dfq_close(db);
}

// Every allocation fails in turn, in whichever thread it is.
static bool par_without_memory(dfq *db) {
  char rows[4000] = "";
  for (int i = 0; i < 200; i++)
    snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%d text~number~%d;", i, i % 3);
  dfq_frame *f = engine_scan(db, "n i64, s str", rows);
  dfq_frame *g = dfq_filter(f, "n % 50 > 0");
  g = dfq_join(dfq_select(g, "n, s, n * 2 as m"), dfq_distinct(f, "s"), "s", DFQ_LEFT);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 3;
  run.batch_rows = 1;
  dfq_table *t = dfq_collect(dfq_configure(g, &run));
  if (t) CHECK_INT(dfq_table_rows(t), 196);
  if (t) CHECK_STR(dfq_table_str(t, 195, 1, NULL), "text number 1");
  dfq_table_free(t);
  return t != NULL;
}

TEST(par_memory_runs_out) { hash_fail_in_threads(par_without_memory); }

static void run_ch4_parallel(void) {
  RUN(par_rows_in_their_order);
  RUN(par_joins);
  RUN(par_breakers);
  RUN(par_many_groups);
  RUN(par_errors_have_their_row);
#if DFQ_CHAPTER >= 6
  RUN(par_files);
  RUN(par_files_with_errors);
#endif
  RUN(par_cancel_is_asked_by_one);
  RUN(par_memory_runs_out);
}
