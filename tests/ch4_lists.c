// ch4_lists.c - lists of values behind medians: how much room they are given.

// A hook that counts how often a large block had to grow.
typedef struct lists_hook { int grown; } lists_hook;

static void *lists_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  lists_hook *h = (lists_hook *)user;
  if (old_size > 800000 && new_size > old_size) h->grown++;
  if (new_size) return realloc(ptr, new_size);
  free(ptr);
  return NULL;
}

// A table t of n rows: g is one of 50 groups, i the row, v its value.
static dfq *lists_open(lists_hook *h, int n) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  memset(h, 0, sizeof *h);
  o.run.threads = 1;           // shares of threads are not equal, and may have to grow
  o.realloc = lists_realloc;
  o.realloc_user = h;
  dfq *db = dfq_open(&o);
  static const dfq_field field[] = { { "g", DFQ_I64, NULL }, { "i", DFQ_I64, NULL },
                                     { "v", DFQ_F64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((size_t)n * 3 * sizeof *cell);
  for (int i = 0; i < n; i++) {
    cell[3 * i] = dfq__value_int(DFQ_I64, i % 50);
    cell[3 * i + 1] = dfq__value_int(DFQ_I64, i);
    cell[3 * i + 2] = dfq__value_f64((double)(i * 7919LL % 100003) / 8);
  }
  dfq_table *t = dfq_table_from_rows(db, field, 3, cell, (size_t)n);
  free(cell);
  dfq_register(db, "t", dfq_scan_table(db, t));
  dfq_table_free(t);
  h->grown = 0;
  return db;
}

// The sum of all medians, or what the error says.
static double lists_run(dfq *db, const char *query, bool *ok) {
  dfq_value v = dfq__value_null();
  dfq_table *t = dfq_collect(dfq_query(db, query));
  *ok = t != NULL;
  if (t) dfq_table_get(t, 0, 0, &v);
  dfq_table_free(t);
  return t ? v.as.f : 0;
}

TEST(lists_room) {
  lists_hook h;
  bool ok;
  dfq *db = lists_open(&h, 400000);
  lists_run(db, "t | group g: median(v) as m | group: sum(m) as s", &ok);
  CHECK(ok);
  CHECK_INT(h.grown, 0);                                     // all of it at once
  lists_run(db, "t | filter i >= 390000 | group g: median(v) as m | group: sum(m) as s", &ok);
  CHECK(ok);
  CHECK_INT(h.grown, 0);
  dfq_close(db);
}

// More rows are expected than come: a budget that has no room for them does not matter.
TEST(lists_room_refused) {
  const char *query = "t | filter i < 150000 | group g: median(v) as m | group: sum(m) as s";
  lists_hook h;
  bool ok;
  int refused = 0, done = 0;
  dfq *db = lists_open(&h, 400000);
  double want = lists_run(db, query, &ok);
  size_t table = db->heap->used;
  dfq_close(db);
  for (size_t budget = table + 1000000; budget < table + 12000000; budget += 700000) {
    db = lists_open(&h, 400000);
    db->heap->budget = budget;
    double got = lists_run(db, query, &ok);
    if (ok) CHECK_F64(got, want);
    else CHECK_HAS(dfq_error(db), "budget");
    refused += !ok;
    done += ok;
    dfq_close(db);
  }
  CHECK(refused > 0 && done > 0);
}

static void run_ch4_lists(void) {
  RUN(lists_room);
  RUN(lists_room_refused);
}
