// ch4_lists.c - lists of values behind medians: how a rank is found among them, how much room
// they are given, and that neither changes a bit of what comes out.

static int lists_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

// Values of some shape: random, few different ones, ascending, descending, and up and down.
static void lists_fill(double *v, size_t n, int shape, uint64_t *seed) {
  for (size_t i = 0; i < n; i++) {
    double r = (double)(test_random(seed) % 1000), at = (double)i;
    v[i] = shape == 0 ? r : shape == 1 ? (double)(int)(r / 400) : shape == 2 ? at
         : shape == 3 ? -at : (double)(i % 7);
    if (shape == 0 && r < 3) v[i] = r == 0 ? -0.0 : r == 1 ? (double)INFINITY
                                                           : -(double)INFINITY;
  }
}

// Every rank of many lists, against sorting: the value at it, and the next one in order.
TEST(lists_select) {
  enum { MOST = 300 };
  double v[MOST], sorted[MOST], q[MOST];
  uint64_t seed = 6;
  for (int shape = 0; shape < 5; shape++)
    for (size_t n = 1; n <= MOST; n += n < 20 ? 1 : 40) {
      lists_fill(v, n, shape, &seed);
      memcpy(sorted, v, n * sizeof *v);
      qsort(sorted, n, sizeof *v, lists_compare);
      for (size_t k = 0; k < n; k++) {
        memcpy(q, v, n * sizeof *v);
        size_t end = dfq__select_nth(q, n, k), least = k + 1;
        if (!CHECK(q[k] == sorted[k]) || !CHECK(end > k && end <= n)) return;
        for (size_t i = k + 2; i < end; i++)
          if (q[i] < q[least]) least = i;
        if (k + 1 == n) continue;
        if (!CHECK(end > k + 1) || !CHECK(q[least] == sorted[k + 1])) return;
      }
    }
}

// NaNs are greater than all else, wherever they stand, and half a NaN is one.
TEST(lists_nan) {
  double a[] = { NAN, 3, 1 }, b[] = { 1, NAN, 3, NAN }, c[] = { NAN, NAN }, d[] = { 2 };
  CHECK_F64(dfq__quantile_of(a, 3, 0.5), 3);
  CHECK_F64(dfq__quantile_of(b, 4, 0.5), NAN);
  CHECK_F64(dfq__quantile_of(c, 2, 0), NAN);
  CHECK_F64(dfq__quantile_of(d, 1, 0.5), 2);
}

// -- room

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
  RUN(lists_select);
  RUN(lists_nan);
  RUN(lists_room);
  RUN(lists_room_refused);
}
