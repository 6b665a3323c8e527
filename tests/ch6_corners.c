// ch6_corners.c - two things at a time: a mistake when there is no memory for its message, a
// locale whose point has two bytes, blocks that are one here and two for the system, and random
// rows of extremes through what has a fast form for common ones.

// ---- mistakes without memory ----------------------------------------------------------------

// Pages that are wrong, with every allocation of the run refused once: always an error.
TEST(corners_wrong_pages_without_memory) {
  static const own_fault faults[] = { OWN_WRONG_TYPE, OWN_BAD_FIELD,    OWN_TWICE,
                                      OWN_NO_DATA,    OWN_MISSING,      OWN_RETURNS_7,
                                      OWN_ROWS_TWICE, OWN_NO_ROWS_CALL, OWN_ROWS_AT_END };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    bool reached = true;
    for (size_t n = 1; reached && n < 5000; n++) {
      own_source s = own_make(30, 10, OWN_COLUMNS, faults[i]);
      dfq_source v = own_vtable(&s);
      ch0_hook h = ch0_hook_new(0, false);
      dfq *db = ch0_open(&h, 0);
      dfq_frame *f = dfq_scan_source(db, &v);
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.threads = 1;
      f = dfq_configure(f, &run);
      h.fail_at = h.calls + n;
      if (!CHECK(!dfq_collect(f))) printf("    fault %d, call %d\n", (int)i, (int)n);
      reached = h.calls >= h.fail_at;
      CHECK(dfq_error_status(db) != DFQ_OK);
      ch0_close(db, &h);
      if (test_now.broken) return;
    }
  }
}

// Texts that are not there, in the same way: the message is what finds no memory.
static int corners_no_texts(void *cursor, dfq_page *page, const char **why) {
  (void)cursor;
  (void)why;
  dfq_page_rows(page, 4);
  dfq_page_texts(page, 0, NULL, NULL);
  return 1;
}

static void *corners_open(void *user, const dfq_scan_request *request, const char **why) {
  (void)request;
  (void)why;
  return user;
}

static void corners_close(void *cursor) { (void)cursor; }

TEST(corners_no_texts_without_memory) {
  static const dfq_field field = { "s", DFQ_STR, NULL };
  bool reached = true;
  for (size_t n = 1; reached && n < 5000; n++) {
    dfq_source v;
    ch0_hook h = ch0_hook_new(0, false);
    dfq *db = ch0_open(&h, 0);
    memset(&v, 0, sizeof v);
    v.size = sizeof v;
    v.fields = &field;
    v.count = 1;
    v.user = &h;
    v.open = corners_open;
    v.next = corners_no_texts;
    v.close = corners_close;
    dfq_frame *f = dfq_scan_source(db, &v);
    h.fail_at = h.calls + n;
    CHECK(!dfq_collect(f));
    reached = h.calls >= h.fail_at;
    if (!reached) CHECK_HAS(dfq_error(db), "column s comes without data");
    if (!ch0_close(db, &h)) return;
  }
}

// ---- the system's ways ----------------------------------------------------------------------

// The point of ps_AF is U+066B, two bytes.
TEST(corners_points_of_locales) {
  static const char *const rows[][2] = {
    { "3\xd9\xab" "14", "3.14" },     { "-3,5e+10", "-3.5e+10" }, { "0.25", "0.25" },
    { "7", "7" },                     { "\xd9\xab" "5", ".5" },   { "1,e-7", "1.e-7" },
    { "-0\xd9\xab" "00", "-0.00" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[32];
    snprintf(text, sizeof text, "%s", rows[i][0]);
    CHECK_INT(dfq__plain_point(text, strlen(text)), strlen(rows[i][1]));
    CHECK_STR(text, rows[i][1]);
  }
}

// No name has a zero byte: a key with %00 keeps its name, two of them are two columns.
TEST(corners_keys_with_zero_bytes) {
  dfq *db = dfq_open(NULL);
  dfq__files s;
  dfq__names keys = dfq__names_in(&db->arena);
  const char *path[] = { "a%00b=1/a%20c=%41%00/x.csv", "a%00c=2/a%20c=z/x.csv" };
  dfq_value value[3];
  memset(&s, 0, sizeof s);
  s.count = 2;
  s.path = path;
  dfq__hive_keys(&s, &keys, db);
  CHECK_INT(keys.count, 3);
  CHECK_STR(keys.name[0], "a%00b");
  CHECK_STR(keys.name[1], "a c");
  CHECK_STR(keys.name[2], "a%00c");
  CHECK(dfq__hive_values(db, path[0], &keys, value));
  CHECK_INT(value[0].len, 1);
  CHECK_INT(value[1].len, 2);      // a value may have one
  CHECK(value[2].type == DFQ_NULL);
  dfq_close(db);
}

#if defined(__linux__) && !defined(DFQ_NO_HUGE_PAGES) && !defined(__SANITIZE_ADDRESS__) && \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__i386__) || defined(__riscv))
// A block that is two for the system cannot be moved as one; it stays as it was, and is copied.
TEST(corners_blocks_of_two_mappings) {
  const size_t huge = DFQ__HUGE;
  dfq *db = dfq_open(NULL);
  dfq__heap *heap = db->heap;
  char *p = (char *)dfq__alloc(heap, 4 * huge);
  if (!CHECK(p)) return;
  memset(p, 7, 4 * huge);
  CHECK_INT(mprotect(p + 2 * huge, huge, PROT_READ), 0);   // three mappings now
  CHECK(dfq__huge_resize(p, 4 * huge, 6 * huge) == NULL);
  CHECK(p[0] == 7 && p[4 * huge - 1] == 7);
  char *q = (char *)dfq__resize(heap, p, 4 * huge, 6 * huge);
  CHECK(q && q != p && q[0] == 7 && q[3 * huge] == 7 && q[4 * huge - 1] == 7);
  if (q) memset(q, 1, 6 * huge);
  dfq__free(heap, q ? q : p, (q ? 6 : 4) * huge);
  CHECK_INT(heap->used > 64 * huge, 0);
  dfq_close(db);
}
#define CORNERS_MAPPINGS
#endif

// A limit beyond what 32 bits count is no limit of no rows.
TEST(corners_limits_beyond_32_bits) {
  dfq *db = dfq_open(NULL);
  const char *path[] = { test_file("far_1.csv", "a\n1\n2\n"),
                         test_file("far_2.csv", "a\n3\n") };
  dfq_frame *f = dfq_scan_csv_files(db, path, 2, NULL);
  CHECK_INT(dfq_count(dfq_limit(f, (int64_t)1 << 32)), 3);
  CHECK_INT(dfq_count(dfq_limit(dfq_sort(f, "a desc"), (int64_t)1 << 32)), 3);
  CHECK_INT(dfq_count(dfq_limit(f, INT64_MAX)), 3);
  dfq_close(db);
}

// ---- extremes at random ---------------------------------------------------------------------

enum { CORNERS_ROWS = 400, CORNERS_COLUMNS = 7 };

static dfq_value corners_cell(int column, uint64_t *seed) {
  static const double floats[] = { 0.0, -0.0, 1.5, -1.5, 1e300, -1e300, 4.9e-324, 0.1, 3.0,
                                   1048576.0, 1048577.0, 9007199254740993.0, 1e16, -7.0 };
  static const int64_t ints[] = { 0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 1, 4294967296,
                                  1125899906842624, -1125899906842625, 42 };
  static const char *const texts[] = { "", "a", "b", "twelve bytes", "thirteen byte", "\xff",
                                       "a rather long text that has no place in a view" };
  uint64_t r = test_random(seed), pick = r >> 8;
  const char *text = texts[pick % 7];
  if (r % 9 == 0) return dfq__value_null();
  switch (column) {
    case 0: return dfq__value_int(DFQ_I64, (int64_t)(pick % 6));
    case 1: return dfq__value_int(DFQ_I64, ints[pick % 10]);
    case 2: return dfq__value_f64(pick % 17 == 3   ? (double)NAN
                                  : pick % 17 == 5 ? (double)INFINITY
                                  : pick % 17 == 6 ? -(double)INFINITY : floats[pick % 14]);
    case 3: return dfq__value_str(text, strlen(text));
    case 4: return dfq__value_int(DFQ_DATE, (int64_t)(pick % 5) * 1000000 - 2000000);
    case 5: return dfq__value_f64((double)(pick % 2000) / 16 - 50);
    default: return dfq__value_int(DFQ_I64, (int64_t)(pick % 300));
  }
}

// g, i, f, s, d, x, n of so many rows, as a table whose batches are morsels.
static dfq_frame *corners_rows(dfq *db, int rows, uint64_t seed) {
  static dfq_value cell[CORNERS_ROWS * CORNERS_COLUMNS];
  static const dfq_field field[] = { { "g", DFQ_I64, NULL },  { "i", DFQ_I64, NULL },
                                     { "f", DFQ_F64, NULL },  { "s", DFQ_STR, NULL },
                                     { "d", DFQ_DATE, NULL }, { "x", DFQ_F64, NULL },
                                     { "n", DFQ_I64, NULL } };
  for (int i = 0; i < rows * CORNERS_COLUMNS; i++)
    cell[i] = corners_cell(i % CORNERS_COLUMNS, &seed);
  dfq_table *t = dfq_table_from_rows(db, field, CORNERS_COLUMNS, cell, (size_t)rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

// Each query over tables a and b of no rows, one, a few and many: the same in all ways.
static void corners_same(const char *const *query, size_t count) {
  static const int sizes[] = { 0, 1, 7, CORNERS_ROWS };
  for (int k = 0; k < 4; k++) {
    dfq *db = dfq_open(NULL);
    db->heap->morsel = 1;
    dfq_register(db, "a", corners_rows(db, sizes[k], 11));
    dfq_register(db, "b", corners_rows(db, sizes[k] / 3, 12));
    for (size_t i = 0; i < count; i++)
      if (!CHECK_SAME(dfq_query(db, query[i])))
        printf("    %d rows: %s\n    %s\n", sizes[k], query[i], dfq_error(db));
    dfq_close(db);
  }
}

// Sums of a word, exact states behind them, several groups and one, states that copies share.
TEST(corners_hot_sums) {
  static const char *const queries[] = {
    "a | group g: sum(f) as a, mean(f) as b, var(f) as c, count(f) as n, count() as m",
    "a | group : sum(f) as a, mean(f) as b, std(f) as c, cov(f, x) as d, corr(x, n) as e",
    "a | group s: sum(x) as a, var(x) as b, corr(x, n) as c, cov(n, x) as d, mean(n) as e",
    "a | group g, d: sum(n) as a, mean(i) as b, min(f) as c, median(x) as q, first(s) as e",
    "a | filter f = 0.0 | group g: sum(f) as a, mean(f) as b, var(f) as c, max(f) as d",
    "a | filter i > 1000 | group g: mean(i) as a, var(i) as b, max(i) as c, count() as d",
    "a | sort g | group g: sum(x) as a, sum(f) as b, mean(n) as c, corr(n, x) as d",
    "a | with x * 1048576.0 as y, x / 3.0 as z | group g: sum(y) as a, var(y) as b, "
    "sum(z) as c, corr(y, z) as d",
    "a | group : sum(i) as a",       // does not fit, mostly
  };
  corners_same(queries, sizeof queries / sizeof *queries);
}

// Places of a window, keys of a join, conditions in any order.
TEST(corners_places_sieves_and_filters) {
  static const char *const queries[] = {
    "a | with row_number() over (partition by g order by f) as p | filter p <= 2",
    "a | with rank() over (partition by g order by f desc nulls first) as p | filter p <= 3",
    "a | with row_number() over (partition by s order by i desc) as p | filter p = 1",
    "a | with rank() over (partition by f order by i nulls first, s) as p | filter p < 4",
    "a | with row_number() over (order by f desc) as p | filter 5 >= p and x > 0.0",
    "a | with row_number() over (partition by g, s, d, f order by x) as p | filter p <= 1",
    "a | join (b | filter x > 0.0) on i inner",
    "a | join (b | filter x > 0.0) on i semi | group g: count() as n, sum(x) as x",
    "a | filter s != 'a' | join (b | filter n < 100) on d = d, n inner",
    "a | filter x > -40.0 | join (b | filter n < 100) on i right",
    "a | join (b | filter x > 0.0 | limit 5) on n semi | join (b | filter n > 20) on g semi",
    "a | join (a | filter n < 30) on i inner | group : count() as n",
    "b | join (a | filter x > 0.0) on n, g semi | group g: count() as n",
    "b | join (a | filter x > 0.0) on i, s anti | group : count() as n",
    "b | join (a | filter n > 5) on g inner where x < x_right and i < i_right | group s: "
    "count() as n",
    "a | filter s = 'a' or s is null or f > 1.0 | filter not s like '%e%' | filter i != 0",
    "a | filter d > date '1970-01-01' and f != f64 'nan' and g in (1, 3, null) and x < 20.0",
  };
  corners_same(queries, sizeof queries / sizeof *queries);
}

static void run_ch6_corners(void) {
  RUN(corners_wrong_pages_without_memory);
  RUN(corners_no_texts_without_memory);
  RUN(corners_points_of_locales);
  RUN(corners_keys_with_zero_bytes);
#if defined(CORNERS_MAPPINGS)
  RUN(corners_blocks_of_two_mappings);
#endif
  RUN(corners_limits_beyond_32_bits);
  RUN(corners_hot_sums);
  RUN(corners_places_sieves_and_filters);
}
