// ch7_top.c - the first rows of a sort, kept by several threads, against the first rows of the
// whole sort: ties by the rows' places, nulls, NaN, several keys, columns kept narrow. Small
// morsels and batches make many of both out of some ten thousand rows.

enum { TOP_COLUMNS = 6 };

// n ascends; k has few values, w some thousand, both kept narrow; x has NaN, -0.0, inf and
// nulls, or (plain) neither; s and t are texts, long and short, with nulls.
static dfq_frame *top_table(dfq *db, int rows, bool plain, uint64_t seed) {
  static const double odd[] = { -0.0, 0.0, 1e300, -1e300, 5e-324 };
  static const char *const text[] = { "", "b", "a text that is long", "a text that is longer" };
  static const char *const names[] = { "n", "k", "w", "x", "s", "t" };
  static const dfq_type types[] = { DFQ_I64, DFQ_I64, DFQ_I64, DFQ_F64, DFQ_STR, DFQ_STR };
  dfq_value *cell = (dfq_value *)test_alloc(sizeof *cell * TOP_COLUMNS * ((size_t)rows + 1));
  dfq_field field[TOP_COLUMNS];
  for (int c = 0; c < TOP_COLUMNS; c++) {
    dfq_field f = { names[c], types[c], NULL };
    field[c] = f;
  }
  for (int i = 0; i < rows; i++) {
    dfq_value *v = cell + i * TOP_COLUMNS;
    uint64_t r = test_random(&seed);
    const char *s = text[r >> 40 & 3], *t = text[r >> 42 & 3];
    v[0] = dfq__value_int(DFQ_I64, i);
    v[1] = dfq__value_int(DFQ_I64, (int64_t)(r % 7));
    v[2] = dfq__value_int(DFQ_I64, (int64_t)(r >> 8 & 0xfff) - 2000);
    v[3] = dfq__value_f64((double)(int64_t)(r >> 20 & 0xffffff) / 64 - 1000);
    v[4] = dfq__value_str(s, strlen(s));
    v[5] = dfq__value_str(t, strlen(t));
    if (plain) continue;
    if (r % 31 == 0) v[3] = dfq__value_f64(odd[r / 31 % 5]);
    if (r % 37 == 0) v[3] = dfq__value_f64(r / 37 % 2 ? (double)INFINITY : (double)NAN);
    for (int c = 2; c < TOP_COLUMNS; c++)
      if ((r >> (7 * c) & 31) == 3) v[c] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, field, TOP_COLUMNS, cell, (size_t)rows), *n;
  free(cell);
  n = dfq_collect(dfq_scan_table(db, t));
  dfq_frame *f = dfq_scan_table(db, n);
  dfq_table_free(t);
  dfq_table_free(n);
  return f;
}

static dfq *top_db(int rows, bool plain, uint64_t seed) {
  dfq *db = dfq_open(NULL);
  db->heap->narrow = 20;
  db->heap->morsel = 1;
  CHECK(dfq_register(db, "x", top_table(db, rows, plain, seed)));
  return db;
}

// The first rows of the whole sort, or what is said instead, are what top-k gives.
static void top_check(dfq *db, const char *query) {
  static const int threads[] = { 1, 2, 3, 8 };
  static const size_t batches[] = { 7, 512, 2048 };
  dfq_run_options run;
  char error[300] = "", why[200] = "";
  memset(&run, 0, sizeof run);
  run.threads = 1;
  run.no_optimize = true;
  dfq_frame *f = dfq_query(db, query);
  dfq_table *want = dfq_collect(dfq_configure(f, &run)), *got;
  if (!want) snprintf(error, sizeof error, "%s", dfq_error(db));
  run.no_optimize = false;
  for (int b = 0; b < 3; b++)
    for (int i = 0; i < 4; i++) {
      run.threads = threads[i];
      run.batch_rows = batches[b];
      got = dfq_collect(dfq_configure(f, &run));
      if (!CHECK(want ? got && dfq_table_equal(got, want, why, sizeof why)
                      : !got && strcmp(dfq_error(db), error) == 0))
        test_fail("    %s: %d threads, batches of %zu: %s\n    want %s\n", query, threads[i],
                  batches[b], got ? why : dfq_error(db), error);
      dfq_table_free(got);
    }
  dfq_table_free(want);
}

static const char *const top_keys[] = {
  "x", "x desc", "x nulls first", "x desc nulls first, n desc", "k", "k desc", "k, x desc",
  "w desc", "w desc nulls first, s", "s", "s desc, t nulls first", "n desc", "x * 2 - w desc",
  "k is null, upper(t), w", "x is null desc, x desc"
};

TEST(top_of_several_threads) {
  static const char *const counts[] = { "1", "5 offset 3", "100", "2 offset 999", "4000" };
  for (int plain = 0; plain < 2; plain++) {
    dfq *db = top_db(plain ? 5000 : 3000, plain, 7);
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++) {
      char text[200];
      snprintf(text, sizeof text, "x | sort %s | limit %s", top_keys[i], counts[i % 5]);
      top_check(db, text);
      snprintf(text, sizeof text, "x | select t, x, n, k, w, s | sort %s | limit %s",
               top_keys[i], counts[(i + 1 + (size_t)plain) % 5]);
      top_check(db, text);
    }
    dfq_close(db);
  }
}

// Enough rows for a bound in each thread, and orders that are the worst and the best.
TEST(top_bounds_of_many_rows) {
  for (int plain = 0; plain < 2; plain++) {
    dfq *db = top_db(60000, plain, 9);
    for (size_t i = 0; i < sizeof top_keys / sizeof *top_keys; i++) {
      char text[200];
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      snprintf(text, sizeof text, "x | filter n < 59000 | sort %s | limit %d", top_keys[i],
               i % 3 ? 30 : 2500);
      dfq_table *got[3];
      char why[200] = "";
      for (int way = 0; way < 3; way++) {
        run.threads = way;
        run.batch_rows = way == 2 ? 300 : 0;
        run.no_optimize = way == 0;
        got[way] = dfq_collect(dfq_configure(dfq_query(db, text), &run));
        if (!CHECK(dfq_table_equal(got[way], got[0], why, sizeof why)))
          test_fail("    %s, way %d: %s\n", text, way, why);
      }
      for (int way = 0; way < 3; way++) dfq_table_free(got[way]);
    }
    dfq_close(db);
  }
}

TEST(top_of_plans) {
  static const char *const plans[] = {
    "x | sort k | limit 0",
    "x | filter n < 0 | sort k | limit 3",
    "x | filter k = 3 | with w + n as m | sort m desc, s | limit 20",
    "x | group w, s: sum(x) as v, count() as c | sort v desc | limit 9",
    "x | join (x | select w, n as m | filter m % 5 = 0) on w | sort x desc, m | limit 40",
    "x | sort x desc | limit 90 | sort n | limit 7 offset 2",
    "x | sort x | limit 500 | group k: count() as c, max(n) as m",
    "x | with row_number() over (partition by k order by x) as p | sort p desc, n | limit 12",
    "x | union (x | filter n % 2 = 0) | sort w, x desc | limit 25",
    "x | sort 2000000000000000000 * n desc | limit 4",
    "x | with 9223372036854774307 + n as z | sort x | limit 4",
    "x | limit 1000 | sort x desc, n | limit 4",
  };
  dfq *db = top_db(3000, false, 3);
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) top_check(db, plans[i]);
  dfq_close(db);
  db = top_db(300, false, 5);
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) CHECK_SAME(dfq_query(db, plans[i]));
  dfq_close(db);
}

// The optimizer sorts everything for as many rows; whoever asks for them gets all, and nothing
// is sorted on the way: memory is asked for a few times, not with every batch.
TEST(top_of_more_rows_than_there_can_be) {
  static const int64_t counts[] = { INT64_C(1) << 61, INT64_C(1) << 62, INT64_MAX };
  ch0_hook h = ch0_hook_new(0, false);
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.realloc = ch0_realloc;
  o.realloc_user = &h;
  o.run.threads = 1;
  o.run.batch_rows = 20;
  dfq *db = dfq_open(&o);
  dfq_frame *f = dfq_sort(top_table(db, 20000, true, 6), "k, x desc");
  dfq_table *want = dfq_collect(f);
  for (int i = 0; i < 3; i++) {
    f->node->kind = DFQ__TOP_K;
    f->node->count = counts[i];
    size_t calls = h.calls;
    dfq_table *got = dfq_collect(f);
    CHECK(dfq_table_equal(got, want, NULL, 0));
    CHECK(h.calls - calls < 1000);
    dfq_table_free(got);
  }
  dfq_table_free(want);
  ch0_close(db, &h);
}

// A file is cut into pieces, and its rows' places are those of the pieces.
TEST(top_of_a_file) {
  dfq *db = dfq_open(NULL);
  test_string s = { NULL, 0, 0 };
  uint64_t seed = 5;
  char line[60], query[300];
  test_puts(&s, "n,k,x\n");
  for (int i = 0; i < 60000; i++) {
    uint64_t r = test_random(&seed);
    snprintf(line, sizeof line, "%d,%d,%d.5\n", i, (int)(r % 5), (int)(r >> 20 & 0xffff));
    test_puts(&s, line);
  }
  const char *path = test_file("top.csv", s.s);
  free(s.s);
  static const char *const keys[] = { "x desc", "k", "k desc, x" };
  for (int i = 0; i < 3; i++) {
    snprintf(query, sizeof query, "scan '%s' | sort %s | limit 50", path, keys[i]);
    top_check(db, query);
  }
  dfq_close(db);
}

// What rows are looked at with: comparisons of floats, 64 at a time and the rest, columns with
// columns and with constants; and sums of them, where there is one group.
TEST(top_floats_are_compared_and_summed) {
  static const char *const ops[] = { "=", "<>", "<", "<=", ">", ">=" };
  static const char *const with[] = { "y", "0.0", "f64 'nan'", "f64 'inf'", "x", "250.5" };
  static const char *const sums[] = { "x", "y", "x * 1e13", "x * 1e-30", "y * 0.0",
                                      "case when n > 100 then 1e200 else 0.5 end" };
  dfq *db = top_db(300, false, 21);
  char text[200];
  CHECK(dfq_register(db, "z", dfq_query(db, "x | with case when n % 3 = 0 then x when n % 3 = "
                                            "1 then -x else x * 0.5 end as y")));
  dfq_table *t = dfq_collect(dfq_query(db, "z"));
  CHECK(dfq_register(db, "u", dfq_scan_table(db, t)));
  dfq_table_free(t);
  for (int i = 0; i < 6; i++) {
    for (int k = 0; k < 6; k++) {
      snprintf(text, sizeof text, "u | with x %s %s as b | with %s %s x as c", ops[i], with[k],
               with[k], ops[(i + k) % 6]);
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.engine = DFQ_ROW_ENGINE;
      dfq_table *want = dfq_collect(dfq_configure(dfq_query(db, text), &run));
      dfq_table *got = dfq_collect(dfq_query(db, text));
      if (!CHECK(dfq_table_equal(got, want, NULL, 0))) test_fail("    %s\n", text);
      dfq_table_free(want);
      dfq_table_free(got);
    }
    snprintf(text, sizeof text, "u | filter x %s y or n %% 2 = 0 | group: sum(%s) as s, "
             "mean(%s) as m, count(x) as c, sum(n) as i", ops[i], sums[i], sums[i]);
    CHECK_SAME(dfq_query(db, text));
  }
  dfq_close(db);
}

// Every allocation fails in turn, in whichever thread it is.
static bool top_without_memory(dfq *db) {
  dfq_table *t = NULL;
  dfq_run_options run;
  db->heap->morsel = 1;
  memset(&run, 0, sizeof run);
  run.threads = 3;
  run.batch_rows = 16;
  dfq_frame *f = top_table(db, 300, false, 4);
  f = dfq_limit(dfq_sort(dfq_filter(f, "n % 7 > 0"), "s desc, x * 2"), 40);
  t = dfq_collect(dfq_configure(f, &run));
  if (t) CHECK_INT(dfq_table_rows(t), 40);
  dfq_table_free(t);
  return t != NULL;
}

TEST(top_memory_runs_out) { hash_fail_in_threads(top_without_memory); }

// The cancel function is asked in the caller's thread, and what it says ends the others.
TEST(top_is_cancelled) {
  dfq *db = top_db(3000, false, 11);
  for (int most = 0; most < 120; most += 7)
    par_run_cancelled(db, dfq_query(db, "x | sort x, n | limit 9"), 20, most);
  dfq_close(db);
}

static void run_ch7_top(void) {
  RUN(top_of_several_threads);
  RUN(top_bounds_of_many_rows);
  RUN(top_of_plans);
  RUN(top_of_more_rows_than_there_can_be);
  RUN(top_of_a_file);
  RUN(top_floats_are_compared_and_summed);
  RUN(top_memory_runs_out);
  RUN(top_is_cancelled);
}
