// ch7_corners.c - what threads leave behind when their work counts for nothing, and what they
// make of files that have no rows: the result is that of one thread all the same.

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

// Of no rows there is one group, if it has no keys; also where there is no morsel to take.
TEST(corner_one_group_of_no_rows) {
  dfq *db = dfq_open(NULL);
  dfq_field field = { "a", DFQ_I64, NULL };
  dfq_table *t = dfq_table_from_rows(db, &field, 1, NULL, 0);
  const char *path = test_path("corner.dfq");
  CHECK(dfq_write(dfq_scan_table(db, t), path, NULL));
  dfq_frame *f = dfq_scan_columnar(db, path, NULL);
  for (int threads = 1; threads < 4; threads++)
    for (int keys = 0; keys < 2; keys++) {
      dfq_frame *g = dfq_group_by(f, keys ? "a" : NULL,
                                  "count() as n, sum(a) as s, median(a) as m, mode(a) as o");
      dfq_table *r = dfq_collect(corner_run(g, threads));
      CHECK_INT(dfq_table_rows(r), !keys);
      if (!keys) CHECK_INT(dfq_table_i64(r, 0, 0), 0);
      for (int c = 1; c < 4 && !keys; c++) CHECK(dfq_table_is_null(r, 0, c));
      dfq_table_free(r);
      CHECK_SAME(g);
    }
  dfq_table_free(t);
  dfq_close(db);
}

static dfq *corner_open(dfq_realloc_fn hook, void *user) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.realloc = hook;
  o.realloc_user = user;
  return dfq_open(&o);
}

// A memory hook for several threads, of which one call is refused; it counts what is held.
typedef struct corner_hook {
  dfq__lock lock;
  ch0_hook memory;
} corner_hook;

static void *corner_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  corner_hook *h = (corner_hook *)user;
  dfq__lock_take(&h->lock);
  void *to = ch0_realloc(&h->memory, ptr, old_size, new_size);
  dfq__lock_give(&h->lock);
  return to;
}

// Groups that several threads fold, with texts that they keep. *calls: of the hook, in the run;
// back: so many calls before its end, as it was the last time, one is refused.
static void corner_fold(size_t *calls, size_t back) {
  enum { ROWS = 18000, GROUPS = 9000 };
  corner_hook h;
  memset(&h, 0, sizeof h);
  dfq__lock_init(&h.lock);
  dfq *db = corner_open(corner_realloc, &h);
  db->heap->morsel = 1;
  db->heap->chunk = 64;
  dfq_field field[2] = { { "k", DFQ_I64, NULL }, { "s", DFQ_STR, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc(2 * ROWS * sizeof *cell);
  for (int i = 0; i < ROWS; i++) {
    static const char *const text[] = { "b, and more than twelve", "a text that comes later" };
    cell[2 * i] = dfq__value_int(DFQ_I64, i % GROUPS);
    cell[2 * i + 1] = dfq__value_str(text[i >= GROUPS], 23);
  }
  dfq_table *t = dfq_table_from_rows(db, field, 2, cell, ROWS), *got = NULL;
  free(cell);
  dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "k",
                              "min(s) as s, approx_n_unique(s) as n");
  f = corner_run(f, 2);
  size_t before = h.memory.calls;
  h.memory.fail_at = back ? before + (*calls > back ? *calls - back : 1) : 0;
  got = dfq_collect(f);
  if (!got) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
  else CHECK_INT(dfq_table_rows(got), GROUPS);
  if (!back) *calls = h.memory.calls - before;
  dfq_table_free(got);
  dfq_table_free(t);
  (void)ch0_close(db, &h.memory);
  dfq__lock_free(&h.lock);
}

// Whichever thread had no memory for what its groups point to, the others' is given back.
TEST(corner_fold_without_memory) {
  size_t calls = 0;
  corner_fold(&calls, 0);
  for (size_t back = 700; back < 1300; back += 12) corner_fold(&calls, back);
}

// Several threads ask for the array of a narrow column, and at first there is no memory for it.
enum { CORNER_CELLS = 3000 };

typedef struct corner_arrays {
  dfq_table *table;
  size_t came, asked, wrong;
} corner_arrays;

static void *corner_refuse(void *user, void *p, size_t old_size, size_t new_size) {
  corner_arrays *a = (corner_arrays *)user;
  bool array = a->table && old_size == 0 && new_size >= CORNER_CELLS * sizeof(int64_t);
  if (array && dfq__add_fetch(&a->asked, 1) < 100) return NULL;
  if (new_size) return realloc(p, new_size);
  free(p);
  return NULL;
}

static void corner_ask(void *arrays, int thread) {
  corner_arrays *a = (corner_arrays *)arrays;
  const uint8_t *valid;
  const int64_t *x = NULL;
  dfq__add_fetch(&a->came, 1);
  for (int spin = 1; dfq__load(&a->came) < 4; spin++)    // all at the same time, about
    if (thread >= 0 && spin % 1000 == 0) sched_yield();
  while (!x) x = (const int64_t *)dfq_table_data(a->table, 0, &valid);
  if (x[CORNER_CELLS - 1] != (CORNER_CELLS - 1) % 100) dfq__add_fetch(&a->wrong, 1);
}

// Who did not get it finds no array that another is still making: an array that is there is
// whole. The sanitizer sees it in some of the rounds.
static void corner_arrays_round(void) {
  corner_arrays a = { NULL, 0, 0, 0 };
  dfq *db = corner_open(corner_refuse, &a);
  db->heap->narrow = 10;
  static int64_t x[CORNER_CELLS];
  for (int i = 0; i < CORNER_CELLS; i++) x[i] = i % 100;
  dfq_column column = { "x", DFQ_I64, x, NULL };
  a.table = dfq_table_new(db, &column, 1, CORNER_CELLS);
  dfq__parallel(4, corner_ask, &a);
  CHECK_INT(a.wrong, 0);
  dfq_table_free(a.table);
  dfq_close(db);
}

TEST(corner_arrays_for_several_threads) {
  for (int round = 0; round < 30; round++) corner_arrays_round();
}

static void run_ch7_corners(void) {
  RUN(corner_wrong_morsels_leave_no_narrow_cells);
  RUN(corner_one_group_of_no_rows);
  RUN(corner_fold_without_memory);
  RUN(corner_arrays_for_several_threads);
}
