// ch7_fold.c - groups of several threads: whatever the keys are made of and however the rows
// are dealt out, the groups, their order and every bit of them are those of one thread.

enum { FOLD_ROWS = 40000 };

// a: close to 0. b: its range moves on as the rows do, so that threads make fields of different
// widths. c: more bits than one word has beside others. s: texts, some long, some null. f:
// floats, as keys and to be added up. t: as s, but few. d: large and fine floats by turns.
static dfq_frame *fold_table(dfq *db, uint64_t seed) {
  dfq_value *cell = (dfq_value *)test_alloc(7 * FOLD_ROWS * sizeof *cell);
  char (*text)[40] = (char (*)[40])test_alloc(FOLD_ROWS * sizeof *text);
  for (size_t i = 0; i < FOLD_ROWS; i++) {
    dfq_value *v = cell + 7 * i;
    int word = ch0_below(&seed, 20000);
    v[0] = dfq__value_int(DFQ_I64, ch0_below(&seed, 12000));
    v[1] = dfq__value_int(DFQ_I64, (int64_t)(i * i / 3000) - 500 + ch0_below(&seed, 100));
    v[2] = dfq__value_int(DFQ_I64, (int64_t)((uint64_t)ch0_below(&seed, 90) << 57));
    v[3] = par_word(&text[i], word, 5);
    v[4] = dfq__value_f64(ch0_below(&seed, 9000) / 7.0);
    v[5] = dfq__value_str(text[i], 2);
    v[6] = dfq__value_f64(i % 3 ? 1e15 + word : 1e-9 * word);
    for (int c = 0; c < 5; c++)
      if (ch0_below(&seed, 50) == 0) v[c] = dfq__value_null();
  }
  dfq_field field[7] = { { "a", DFQ_I64, NULL }, { "b", DFQ_I64, NULL }, { "c", DFQ_I64, NULL },
                         { "s", DFQ_STR, NULL }, { "f", DFQ_F64, NULL }, { "t", DFQ_STR, NULL },
                         { "d", DFQ_F64, NULL } };
  return par_rows(db, field, 7, cell, FOLD_ROWS, text);
}

static void fold_check(dfq *db, const char *name, const char *pipeline) {
  static const int threads[] = { 1, 2, 3, 8 };
  dfq_table *want = NULL;
  dfq_run_options run;
  char why[200] = "";
  memset(&run, 0, sizeof run);
  for (int i = 0; i < 4; i++) {
    run.threads = threads[i];
    run.batch_rows = i % 2 ? 2048 : 96;
    dfq_table *got = dfq_collect(dfq_configure(dfq_query(db, pipeline), &run));
    bool ok = got && (!want || dfq_table_equal(got, want, why, sizeof why));
    if (!ok) CHECK(test_fail("  %s: %d threads: %s\n", name, run.threads,
                             got ? why : dfq_error(db)));
    if (want) dfq_table_free(got);
    else want = got;
  }
  dfq_table_free(want);
}

#define FOLD_SUMS ": count() as n, sum(b) as x, mean(f) as y, std(d) as z, max(s) as m"
#define FOLD_MOVES ": median(f) as q, n_unique(t) as u, mode(a) as w, implode(c) as l, " \
                   "first(s) as i, last(d) as o, top_k(f, 2) as k, min_by(s, f) as e"

TEST(fold_keys_of_all_kinds) {
  static const char *const keys[] = {
    "a", "b", "s", "f", "b, a", "s, b", "c, b, a", "t, f", "t", "a // 4000", "upper(s), t"
  };
  for (int seed = 0; seed < 2; seed++) {
    dfq *db = dfq_open(NULL);
    char text[400];
    db->heap->morsel = seed ? 32 : 2;
    CHECK(dfq_register(db, "x", fold_table(db, (uint64_t)seed)));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
      bool moves = ((int)k + seed) % 2;
      snprintf(text, sizeof text, "x | group %s%s", keys[k], moves ? FOLD_MOVES : FOLD_SUMS);
      fold_check(db, keys[k], text);
    }
    fold_check(db, "no keys", "x | group" FOLD_SUMS);
    fold_check(db, "no rows", "x | filter a < -5 | group" FOLD_MOVES);
    fold_check(db, "no rows, keys", "x | filter a < -5 | group s, a" FOLD_MOVES);
    fold_check(db, "few rows", "x | filter a < 3 | group s, a" FOLD_SUMS);
    fold_check(db, "two tables", "x | union (x | with upper(s) as s) | group s" FOLD_SUMS);
    fold_check(db, "groups of groups", "x | group a, t" FOLD_SUMS " | group n: sum(y) as y");
    dfq_close(db);
  }
}

// Groups with fewer than 4,096 rows in each thread, and more in all: hot rows are poured while
// they are folded.
TEST(fold_hot_rows_that_are_full) {
  dfq *db = dfq_open(NULL);
  db->heap->morsel = 1;
  CHECK(dfq_register(db, "x", fold_table(db, 3)));
  fold_check(db, "eight groups", "x | group a % 8 as a" FOLD_SUMS);
  fold_check(db, "twelve", "x | group a // 1000 as a" FOLD_SUMS);
  dfq_close(db);
}

// Lists of many values, sorted out by several threads: in the order of their rows.
TEST(fold_lists_in_the_order_of_rows) {
  dfq *db = dfq_open(NULL);
  CHECK(dfq_register(db, "few", fold_table(db, 4)));
  CHECK(dfq_register(db, "x", dfq_query(db, "few | union few | union few | union few | with "
                                            "row_number() over () as r")));
  dfq_table *t = dfq_collect(dfq_query(db, "x"));
  CHECK(dfq_register(db, "y", dfq_scan_table(db, t)));
  dfq_table_free(t);
  fold_check(db, "numbers", "y | group a % 6 as a: implode(r) as l, median(f) as m");
  fold_check(db, "texts", "y | group b % 4 as b: string_agg(s, '-') as l, implode(c) as c");
  dfq_close(db);
}

// The numbers of a table's texts are the keys' words, until other texts come.
TEST(fold_texts_that_are_lent) {
  dfq *db = dfq_open(NULL);
  CHECK(dfq_register(db, "x", fold_table(db, 5)));
  CHECK(dfq_register(db, "y", dfq_query(db, "x | limit 300")));
  CHECK(dfq_check_equivalent(dfq_query(db, "y | union (y | with upper(t) as t) | group t: "
                                           "count() as n, mode(s) as s"), stderr));
  CHECK(dfq_check_equivalent(dfq_query(db, "y | with lower(t) as t | union (y | limit 90) | "
                                           "group t, s: max(a) as a"), stderr));
  CHECK(dfq_check_equivalent(dfq_query(db, "y | group s, t: sum(f) as f"), stderr));
  dfq_close(db);
}

static void run_ch7_fold(void) {
  RUN(fold_keys_of_all_kinds);
  RUN(fold_hot_rows_that_are_full);
  RUN(fold_lists_in_the_order_of_rows);
  RUN(fold_texts_that_are_lent);
}
