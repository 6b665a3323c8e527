// ch4_sums.c - what a filter lets through, and sums of everything: the rows picked from a mask,
// and floats added up without writing their parts down. Both against the plain way.

// Every way in which eight rows can be left, in front of and behind others, and all lengths.
TEST(sums_rows_where_a_mask_is_true) {
  enum { MOST = 40 };
  uint64_t seed = 7;
  for (int k = 0; k < 256 * 4 + MOST; k++) {
    uint8_t *mask = (uint8_t *)test_alloc(MOST);
    size_t n = k < 1024 ? 24 : (size_t)(k - 1024), m = 0;
    uint32_t *row = (uint32_t *)test_alloc((n + 1) * sizeof *row), want[MOST];
    for (size_t i = 0; i < n; i++) {
      bool given = k < 1024 && i / 8 == 1;
      mask[i] = (uint8_t)((given ? (uint64_t)k >> (i % 8) : test_random(&seed)) & 1);
      if (mask[i]) want[m++] = (uint32_t)i;
    }
    CHECK_INT(dfq__select_rows(row, mask, n), m);
    CHECK(memcmp(row, want, m * sizeof *row) == 0);
    free(mask);
    free(row);
  }
}

// kind: of its floats. 0: prices; 1: all sizes, and inf and NaN at times; 2: prices, now and
// then one too fine, or negative, or null; 3: far too large; 4: 0 and -0; 5: nothing but nulls;
// 6: as 0, and the second half larger than 51 bits of the first's.
static dfq_value sums_float(int kind, size_t i, size_t rows, uint64_t *seed) {
  uint64_t r = test_random(seed);
  double v = (double)(r >> 40) / 1e3;
  if (kind == 1) memcpy(&v, &r, 8);
  if (kind == 1 && r % 64 == 1) v = r % 3 ? HUGE_VAL : r % 5 ? -HUGE_VAL : (double)NAN;
  if (kind == 2 && r % 700 == 3) v = 1e-30;
  if (kind == 2 && r % 3 == 1) v = -v;
  if (kind == 3) v = v * 1e30;
  if (kind == 4) v = r % 2 ? 0.0 : -0.0;
  if (kind == 6 && i > rows / 2) v = v * 1e13 + 0.5;
  bool null = kind == 5 || (kind == 2 && r % 900 == 5);
  return null ? dfq__value_null() : dfq__value_f64(v);
}

enum { SUMS_KINDS = 7 };

static dfq_frame *sums_table(dfq *db, size_t rows, int kind, uint64_t seed) {
  static const dfq_field field[] = { { "f", DFQ_F64, NULL }, { "g", DFQ_F32, NULL },
                                     { "i", DFQ_I64, NULL }, { "k", DFQ_I64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((4 * rows + 1) * sizeof *cell);
  for (size_t i = 0; i < rows; i++) {
    dfq_value *v = cell + 4 * i;
    v[0] = sums_float(kind, i, rows, &seed);
    v[1] = sums_float(kind ? 2 : 0, i, rows, &seed);
    if (v[1].type != DFQ_NULL) v[1] = dfq__value_f64((double)(float)v[1].as.f);
    v[1].type = v[1].type == DFQ_NULL ? (dfq_type)DFQ_NULL : (dfq_type)DFQ_F32;
    v[2] = dfq__value_int(DFQ_I64, (int64_t)(test_random(&seed) >> 30) - 5000);
    v[3] = dfq__value_int(DFQ_I64, (int64_t)(test_random(&seed) % 100));
  }
  dfq_table *t = dfq_table_from_rows(db, field, 4, cell, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  return f;
}

// One sum of each of them at any number of threads, whatever the morsels, with wide registers
// and without.
static void sums_threads(dfq *db, const char *pipeline) {
  dfq_table *want = NULL;
  for (int threads = 1; threads <= 3; threads++) {
    dfq_run_options run;
    char why[200] = "";
    memset(&run, 0, sizeof run);
    run.threads = threads;
    db->heap->wide = threads == 2 ? 1 : 0;   // as if there were none; asked anew
    dfq_table *got = dfq_collect(dfq_configure(dfq_query(db, pipeline), &run));
    CHECK(got && (!want || dfq_table_equal(got, want, why, sizeof why)));
    if (want) dfq_table_free(got);
    else want = got;
  }
  dfq_table_free(want);
}

TEST(sums_of_all_rows_are_exact) {
  static const char *const tails[] = {
    "x | group: sum(f) as s", "x | filter k > 50 | group: sum(f) as s, count() as n",
    "x | filter f > 50 | group: mean(f) as m, sum(f) as s, sum(g) as t, sum(i) as u",
    "x | filter k < 0 | group: sum(f) as s, mean(g) as m", "x | filter k >= 0 | group: sum(f)",
    "x | filter k = 7 | group: sum(g) as s, min(f) as m, std(f) as d",
    "x | filter f > 50 and g < 9000 | group: sum(f) as s, sum(-f) as t, sum(f * 0.1) as u",
    "x | group k % 5 as c: corr(k, k * k % 97) as r, std(f) as d, mean(g) as m | sort c"
  };
  enum { TAILS = sizeof tails / sizeof *tails };
  static const size_t sizes[] = { 0, 1, 63, 64, 300, 2500 };
  for (int kind = 0; kind < SUMS_KINDS; kind++) {
    dfq *db = dfq_open(NULL);
    db->heap->morsel = 1;
    for (int size = 0; size < 6; size++) {
      CHECK(dfq_register(db, "x", sums_table(db, sizes[size], kind, (uint64_t)size + 5)));
      CHECK_SAME(dfq_query(db, tails[(size + kind) % TAILS]));
      CHECK_SAME(dfq_query(db, tails[(size + 2 * kind + 3) % TAILS]));
    }
    CHECK(dfq_register(db, "x", sums_table(db, 30000, kind, 3)));
    for (int i = 0; i < TAILS; i++) sums_threads(db, tails[i]);
    dfq_close(db);
  }
}

// Against integers: the floats are multiples of 2^-20, so their sum is one, of so many units.
TEST(sums_that_integers_know) {
  dfq *db = dfq_open(NULL);
  enum { ROWS = 20000 };
  dfq_field field = { "f", DFQ_F64, NULL };
  dfq_value *cell = (dfq_value *)test_alloc(ROWS * sizeof *cell);
  uint64_t seed = 11;
  int64_t want = 0;
  for (size_t i = 0; i < ROWS; i++) {
    int64_t v = (int64_t)(test_random(&seed) >> (i % 1000 == 1 ? 17 : 30)) - 9000000;
    cell[i] = dfq__value_f64((double)v / 1048576.0);
    if (v > 1 << 30) want += v;
  }
  dfq_table *t = dfq_table_from_rows(db, &field, 1, cell, ROWS);
  CHECK(dfq_register(db, "x", dfq_scan_table(db, t)));
  dfq_table_free(t);
  free(cell);
  t = dfq_collect(dfq_query(db, "x | filter f > 1024 | group: sum(f) as s"));
  dfq_value v = dfq__value_null();
  if (CHECK(t)) dfq_table_get(t, 0, 0, &v);
  CHECK_F64(v.as.f, (double)want / 1048576.0);
  dfq_table_free(t);
  dfq_close(db);
}

// Keys in cells of a byte: new ones come late, in a batch of their own or among others; tables
// of wide cells follow; the keys are added up, too. k: as i64, d: as dates, u: as u32, w: not
// always a byte; n: with nulls.
static dfq_frame *sums_keys(dfq *db, int rows, int late, int64_t apart, uint64_t seed) {
  static const dfq_field field[] = { { "k", DFQ_I64, NULL }, { "d", DFQ_DATE, NULL },
                                     { "u", DFQ_U32, NULL }, { "w", DFQ_I64, NULL },
                                     { "n", DFQ_I64, NULL }, { "f", DFQ_F64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((size_t)(6 * rows + 1) * sizeof *cell);
  for (int i = 0; i < rows; i++) {
    dfq_value *v = cell + 6 * i;
    uint64_t r = test_random(&seed);
    int64_t k = (int64_t)(r >> 20) % (i < late ? 7 : 120) - (i < late ? 3 : 60);
    v[0] = dfq__value_int(DFQ_I64, k * apart);
    v[1] = dfq__value_int(DFQ_DATE, k);
    v[2] = dfq__value_int(DFQ_U32, k + 60);
    v[3] = dfq__value_int(DFQ_I64, i < late ? k : k * 1000);
    v[4] = r % 17 ? v[0] : dfq__value_null();
    v[5] = sums_float(0, 0, 0, &seed);
  }
  dfq_table *t = dfq_table_from_rows(db, field, 6, cell, (size_t)rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table *n = dfq_collect(f);        // whose cells are narrow
  dfq_frame *narrow = dfq_scan_table(db, n);
  dfq_table_free(t);
  dfq_table_free(n);
  free(cell);
  return narrow;
}

TEST(sums_by_keys_of_a_byte) {
  static const char *const tails[] = {
    "x | group k: mean(f) as m, sum(u) as u", "x | group d: count() as n, sum(f) as s",
    "x | group u: sum(u) as s, mean(f) as m", "x | group w: sum(f) as s, max(w) as m",
    "x | group n: sum(f) as s, sum(k) as k", "x | union y | group k: sum(f) as s, max(k) as m",
    "y | union x | union z | group k: mean(k) as s", "x | group k + 1 as k: sum(f) as s",
    "x | filter f > 9000 | group k: sum(f) as s", "x | group k, d: sum(f) as s",
    "y | union x | group w: sum(f) as f | join x on w | group k: sum(f) as s", "x | distinct k"
  };
  for (int seed = 0; seed < 6; seed++) {
    dfq *db = dfq_open(NULL);
    int rows = seed ? 90 * seed * seed : 40;
    db->heap->narrow = 20;
    db->heap->morsel = 1;
    CHECK(dfq_register(db, "x", sums_keys(db, rows, rows * seed / 6, 1, (uint64_t)seed)));
    CHECK(dfq_register(db, "y", sums_keys(db, 150, 70, 100000, 7)));
    CHECK(dfq_register(db, "z", sums_keys(db, 15, 5, 2, 8)));
    for (int i = seed % 2; i < 12; i += 2) {
      if (seed < 3) CHECK_SAME(dfq_query(db, tails[i]));
      else sums_threads(db, tails[i]);
    }
    dfq_close(db);
  }
}

static void run_ch4_sums(void) {
  RUN(sums_rows_where_a_mask_is_true);
  RUN(sums_of_all_rows_are_exact);
  RUN(sums_that_integers_know);
  RUN(sums_by_keys_of_a_byte);
}
