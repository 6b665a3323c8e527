// ch4_sorted.c - joins and groups that take their inputs as sorted: where an input is not, or
// fails, both engines give the same rows before they say the same. So a limit above, which ends
// the run before that, has one answer.

enum { SORTED_ROWS = 14 };

// Keys that ascend, with ties; nulls last. One in three times, one of them goes back.
static dfq_frame *sorted_side(dfq *db, uint64_t *state, const char *value) {
  dfq_field field[] = { { "k", DFQ_I64, NULL }, { value, DFQ_I64, NULL } };
  dfq_value cell[2 * SORTED_ROWS];
  size_t rows = test_random(state) % SORTED_ROWS;
  int64_t key = 0;
  for (size_t i = 0; i < rows; i++) {
    key += test_random(state) % 3 == 0;
    bool null = rows > 4 && i + test_random(state) % 3 >= rows;
    cell[2 * i] = null || (i && cell[2 * i - 2].type == DFQ_NULL) ? dfq__value_null()
                                                               : dfq__value_int(DFQ_I64, key);
    cell[2 * i + 1] = dfq__value_int(DFQ_I64, (int64_t)i);
  }
  if (rows && test_random(state) % 3 == 0)
    cell[2 * (test_random(state) % rows)] = dfq__value_int(DFQ_I64, 1);
  dfq_table *t = dfq_table_from_rows(db, field, 2, cell, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  if (test_random(state) % 3) return f;
  char fails[100];
  snprintf(fails, sizeof fails,
           "cast(case when %s = %d then 'q' else '1' end as i64) + %s as %s", value,
           (int)(test_random(state) % SORTED_ROWS), value, value);
  return dfq_with_columns(f, fails);
}

static dfq_frame *sorted_plan(dfq *db, uint64_t *state) {
  static const dfq_join_type types[] = { DFQ_INNER, DFQ_LEFT, DFQ_RIGHT, DFQ_FULL, DFQ_SEMI,
                                         DFQ_ANTI };
  dfq_frame *left = sorted_side(db, state, "x"), *right = sorted_side(db, state, "y");
  dfq_join_options how;
  if (test_random(state) % 4 == 0)
    return dfq_group_by_sorted(left, "k", "sum(x) as s, count() as n, min(1 // (x - 3)) as m");
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.type = types[test_random(state) % 6];
  how.nulls_equal = test_random(state) % 2;
  how.strategy = DFQ_SORTED;
  return dfq_join_with(left, right, &how);
}

// The rows, or what is said instead. Owns: the caller.
static dfq_table *sorted_run(dfq_frame *f, dfq_engine engine, size_t batch, test_string *why) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.batch_rows = batch;
  run.threads = 1;
  run.no_optimize = true;
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  test_puts(why, t ? "" : dfq_error(f->db));
  return t;
}

static bool sorted_same(dfq_frame *f, size_t batch) {
  char differ[200] = "";
  test_string a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
  dfq_table *rows = sorted_run(f, DFQ_ROW_ENGINE, 1, &a);
  dfq_table *batches = sorted_run(f, DFQ_BATCH_ENGINE, batch, &b);
  bool same = !rows == !batches && strcmp(a.s, b.s) == 0 &&
              (!rows || dfq_table_equal(rows, batches, differ, sizeof differ));
  if (!same) test_fail("  rows: %s\n  batches of %d: %s\n  %s\n", a.s, (int)batch, b.s, differ);
  dfq_table_free(rows);
  dfq_table_free(batches);
  free(a.s);
  free(b.s);
  return same;
}

TEST(sorted_errors_have_a_place) {
  static const size_t batches[] = { 1, 2, 5, 2048 };
  uint64_t plans = diff_setting("DFQ_PLANS", 400), failed = 0;
  for (uint64_t seed = 1; seed <= plans && !test_now.broken; seed++) {
    uint64_t state = seed;
    dfq *db = dfq_open(NULL);
    dfq_frame *f = sorted_plan(db, &state);
    failed += dfq_count(f) < 0;
    for (int limit = 0; limit < 30; limit += 1 + limit / 8)
      if (!sorted_same(dfq_limit(f, limit), batches[(seed + (uint64_t)limit) % 4]))
        printf("  seed %d, limit %d: %s\n", (int)seed, limit, dfq_frame_error(f));
    dfq_close(db);
  }
  if (plans >= 100) CHECK(failed * 8 > plans && failed * 8 < 7 * plans);
}

// Rows before the one that goes back are there; and what the merge does not come to is no
// matter: the right side ends where the left has.
TEST(sorted_rows_before_an_error) {
  static const int64_t up[] = { 1, 1, 2, 3, 1, 4 }, left[] = { 1, 2 };
  for (int engine = 0; engine < 2; engine++) {
    dfq *db = dfq_open(NULL);
    dfq_column c = { "k", DFQ_I64, up, NULL }, d = { "k", DFQ_I64, left, NULL };
    dfq_table *t = dfq_table_new(db, &c, 1, 6), *u = dfq_table_new(db, &d, 1, 2);
    dfq_run_options run;
    dfq_join_options how;
    memset(&run, 0, sizeof run);
    memset(&how, 0, sizeof how);
    run.engine = engine ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
    how.keys = "k";
    how.strategy = DFQ_SORTED;
    dfq_frame *f = dfq_scan_table(db, t), *g = dfq_scan_table(db, u);
    dfq_frame *groups = dfq_configure(dfq_group_by_sorted(f, "k", "count() as n"), &run);
    CHECK_INT(dfq_count(dfq_limit(groups, 2)), 2);
    CHECK_INT(dfq_count(dfq_limit(groups, 3)), -1);
    CHECK_HAS(dfq_error(db), "the input is not in ascending order of the keys: row 5 goes");
    dfq_frame *pairs = dfq_configure(dfq_join_with(f, f, &how), &run);
    CHECK_INT(dfq_count(dfq_limit(pairs, 4)), 4);
    CHECK_INT(dfq_count(dfq_limit(pairs, 5)), 5);
    CHECK_INT(dfq_count(pairs), -1);
    CHECK_HAS(dfq_error(db), "the right side is not in ascending order of the keys: row 5");
    pairs = dfq_configure(dfq_join_with(g, f, &how), &run);
    CHECK_INT(dfq_count(pairs), 3);
    how.type = DFQ_FULL;
    pairs = dfq_configure(dfq_join_with(g, f, &how), &run);
    CHECK_INT(dfq_count(dfq_limit(pairs, 3)), 3);
    CHECK_INT(dfq_count(pairs), -1);
    dfq_table_free(t);
    dfq_table_free(u);
    dfq_close(db);
  }
}

static void run_ch4_sorted(void) {
  RUN(sorted_errors_have_a_place);
  RUN(sorted_rows_before_an_error);
}
