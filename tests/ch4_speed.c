// ch4_speed.c - where chapters 4 and 5 take a shorter way to the same answer: the first places
// of each partition, sums of whole numbers in 64 bits, growing blocks. Every query runs in both
// engines, with and without the optimizer, on one thread and on two.

// Columns of a table t: g (some groups), s (texts that begin alike), i and j (integers, a few
// of them large), f and h (floats: whole ones, fractions, and the odd ones out), b (a bool).
enum { SPEED_COLUMNS = 7 };

static double speed_float(uint64_t r) {
  static const double odd[] = { -0.0, 0.0, 1e300, -1e-300, 4503599627370496.5, 1048576,
                                -1048576, 1048575, 0.1 };
  if (r % 97 == 0) return odd[r / 97 % (sizeof odd / sizeof *odd)];
  if (r % 101 == 0) return r / 101 % 2 ? (double)INFINITY : (double)NAN;
  return (double)(int64_t)(r >> 8 & 0xffff) - 30000;
}

// kind 0: whole numbers; 1: with fractions now and then; 2: and with inf, NaN and nulls.
static dfq_frame *speed_table(dfq *db, int rows, int groups, int kind, uint64_t seed) {
  static const char *const names[] = { "g", "s", "i", "j", "f", "h", "b" };
  static const dfq_type types[] = { DFQ_I64, DFQ_STR, DFQ_I64, DFQ_I64,
                                    DFQ_F64, DFQ_F64, DFQ_BOOL };
  static char text[64][32];
  dfq_field field[SPEED_COLUMNS];
  dfq_value *cell = (dfq_value *)test_alloc(sizeof *cell * SPEED_COLUMNS * ((size_t)rows + 1));
  for (int i = 0; i < 64; i++) snprintf(text[i], sizeof text[i], "a text like %d", i);
  for (int c = 0; c < SPEED_COLUMNS; c++) {
    field[c].name = names[c];
    field[c].type = types[c];
    field[c].why = NULL;
  }
  for (int r = 0; r < rows; r++) {
    dfq_value *v = cell + r * SPEED_COLUMNS;
    uint64_t a = test_random(&seed), b = test_random(&seed);
    int t = (int)(b % 64);
    v[0] = dfq__value_int(DFQ_I64, (int64_t)(a % (uint64_t)groups));
    v[1] = dfq__value_str(text[t], strlen(text[t]));
    v[2] = dfq__value_int(DFQ_I64, (int64_t)(a >> 20 & 0xfff) - 1000);
    v[3] = dfq__value_int(DFQ_I64, kind && b % 300 == 7 ? (int64_t)b : (int64_t)(b >> 30 & 15));
    v[4] = dfq__value_f64(kind == 2 ? speed_float(a) : (double)(a >> 10 & 0xff));
    v[5] = dfq__value_f64(kind && b % 200 == 3 ? (double)(b >> 40) / 1000 : (double)(b & 7));
    v[6] = dfq__value_int(DFQ_BOOL, (int64_t)(b >> 50 & 1));
    for (int c = 1; kind == 2 && c < SPEED_COLUMNS; c++)
      if ((a >> (c * 7) & 31) == 5) v[c] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, field, SPEED_COLUMNS, cell, (size_t)rows);
  free(cell);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  dfq_register(db, "t", f);
  return f;
}

static bool speed_check(dfq *db, const char *query) {
  if (CHECK(dfq_check_equivalent(dfq_query(db, query), NULL))) return true;
  return test_fail("    %s\n    %s\n", query, dfq_error(db));
}

// Does the journal have an applied step of that rule which says so?
static bool speed_step(dfq *db, const char *query, const char *rule, bool applied,
                       const char *why) {
  int count;
  const dfq_step *step = dfq_journal(dfq_query(db, query), &count);
  for (int i = 0; step && i < count; i++)
    if (strcmp(step[i].rule, rule) == 0 && step[i].applied == applied &&
        strstr(step[i].why, why)) return true;
  return test_fail("  no step \"%s\" of %s in %s\n", why, rule, query);
}

TEST(speed_places) {
  static const char *const windows[] = {
    "row_number() over (partition by g order by i desc)",
    "row_number() over (partition by g order by f)",
    "row_number() over (partition by g order by f desc nulls first)",
    "row_number() over (partition by g order by s)",
    "row_number() over (partition by s, b order by j, i desc)",
    "row_number() over (partition by g)",
    "row_number() over (order by h nulls first)",
    "row_number() over (partition by f order by b)",
    "rank() over (partition by g order by i)",
    "rank() over (partition by b order by h desc)",
    "rank() over (partition by g order by s desc, i)",
  };
  static const char *const filters[] = { "p <= 2", "p < 2", "p = 1", "3 >= p", "1 = p",
                                         "p <= 5 and i > 0", "p < 0", "i > 3 and 2 > p" };
  char query[256];
  for (int kind = 0; kind < 3; kind++)
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
      dfq *db = dfq_open(NULL);
      speed_table(db, 400, kind == 1 ? 5 : 40, kind, 11 + w);
      snprintf(query, sizeof query, "t | with %s as p | filter %s", windows[w],
               filters[(w + (size_t)kind) % (sizeof filters / sizeof *filters)]);
      speed_check(db, query);
      speed_step(db, query, "top_k", true, "are dropped at once");
      dfq_close(db);
    }
}

// Enough rows for morsels and for the trial; ascending rows all stay, and it stops asking.
TEST(speed_places_many_rows) {
  dfq *db = dfq_open(NULL);
  speed_table(db, 150000, 400, 0, 5);
  const char *query = "t | with row_number() over (partition by g order by i) as p"
                      "  | filter p <= 3 | group: count() as n, sum(i) as i, sum(p) as p";
  char all[256];
  for (int threads = 1; threads <= 2; threads++) {
    dfq_run_options o;
    memset(&o, 0, sizeof o);
    o.threads = threads;
    dfq_table *a = dfq_collect(dfq_configure(dfq_query(db, query), &o));
    o.no_optimize = true;
    dfq_table *b = dfq_collect(dfq_configure(dfq_query(db, query), &o));
    CHECK(dfq_table_equal(a, b, all, sizeof all));
    CHECK_INT(dfq_table_i64(a, 0, 0), 1200);
    dfq_table_free(a);
    dfq_table_free(b);
  }
  const char *ascending = "t | row_index at | with row_number() over (partition by g order by "
                          "at desc) as p | filter p <= 2 | group: count() as n, sum(at) as s";
  dfq_table *a = dfq_collect(dfq_query(db, ascending));
  CHECK_INT(dfq_table_i64(a, 0, 0), 800);
  dfq_table_free(a);
  dfq_close(db);
}

TEST(speed_places_refused) {
  dfq *db = dfq_open(NULL);
  speed_table(db, 50, 5, 2, 3);
  speed_step(db, "t | with row_number() over (partition by g order by i) as p | filter p <= 65",
             "top_k", false, "too many places");
  int64_t number = 0;
  dfq_function next = user_function("next_id", NULL, 0, DFQ_I64, DFQ_VOLATILE);
  next.row = user_next;
  next.user = &number;
  CHECK(dfq_define_scalar(db, &next));
  speed_step(db, "t | with rank() over (order by i) as p | filter p <= 5 and next_id() > 0",
             "top_k", false, "volatile");
  static const char *const none[] = {
    "t | with row_number() over (order by i) as p | filter p >= 2",
    "t | with row_number() over (order by i) as p | filter p <= i",
    "t | with row_number() over (order by i) as p | filter i <= 2",
    "t | with row_number() over (order by i) as p | filter p <= 2 or i = 3",
    "t | with dense_rank() over (order by i) as p | filter p <= 2",
    "t | with row_number() over (order by i) as p, sum(i) over () as q | filter p <= 2",
  };
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    int count;
    const dfq_step *step = dfq_journal(dfq_query(db, none[i]), &count);
    for (int k = 0; k < count; k++) CHECK(strcmp(step[k].rule, "top_k") != 0);
    speed_check(db, none[i]);
  }
  dfq_close(db);
}

// Variances and correlations of whole numbers in 64 bits, of others by exact products, and of
// columns where both meet: the same bits.
TEST(speed_whole_numbers) {
  static const char *const groups[] = {
    "t | group g: corr(i, j) as c, cov(i, j) as v, var(i) as a, std(j) as s",
    "t | group g: corr(f, h) as c, cov_pop(f, i) as v, var(f) as a, std(h) as s",
    "t | group b: corr(h, j) as c, corr(j, h) as d, var(h) as a, var(j) as s",
    "t | group: corr(i, h) as c, cov(h, f) as v, var(f) as a, std(h) as s",
    "t | with var(h) over (partition by g order by i rows between 90 preceding and current row)"
    " as v, corr(i, h) over (partition by b) as c | select g, v, c",
  };
  for (int kind = 0; kind < 3; kind++)
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
      dfq *db = dfq_open(NULL);
      speed_table(db, 900, 7, kind, 31 + i);
      speed_check(db, groups[i]);
      dfq_close(db);
    }
}

// More rows in a group than 64 bits are trusted with: they are poured into the exact sums.
TEST(speed_whole_numbers_overflow) {
  dfq *db = dfq_open(NULL);
  enum { ROWS = 20000 };
  double *x = (double *)test_alloc(ROWS * sizeof *x);
  double *y = (double *)test_alloc(ROWS * sizeof *y);
  for (int i = 0; i < ROWS; i++) {
    x[i] = i % 2 ? 1048575 : -1048575;
    y[i] = 2 * x[i] < 1e6 ? 1048575 : -1048575;
  }
  dfq_column column[2] = { { "x", DFQ_F64, x, NULL }, { "y", DFQ_F64, y, NULL } };
  dfq_table *t = dfq_table_new(db, column, 2, ROWS);
  dfq_register(db, "t", dfq_scan_table(db, t));
  dfq_table *a = dfq_collect(dfq_query(db, "t | group: corr(x, y) as c, var(x) as v,"
                                           " cov_pop(x, x) as w"));
  CHECK_F64(dfq_table_f64(a, 0, 0), -1);
  CHECK_F64(dfq_table_f64(a, 0, 2), 1048575.0 * 1048575.0);
  CHECK_F64(dfq_table_f64(a, 0, 1), 1048575.0 * 1048575.0 * ROWS / (ROWS - 1));
  dfq_table_free(a);
  dfq_table_free(t);
  dfq_close(db);
  free(x);
  free(y);
}

// More groups than a million, of a row each, and half as many of two: the table grows to what
// the rest of the rows will bring, and blocks are kept, cut and joined.
TEST(speed_many_groups) {
  enum { ROWS = 1500000 };
  dfq *db = dfq_open(NULL);
  int64_t *x = (int64_t *)test_alloc(ROWS * sizeof *x);
  for (int kind = 0; kind < 2; kind++) {
    for (int64_t i = 0; i < ROWS; i++) x[i] = i * 7919 % (kind ? ROWS / 2 : ROWS);
    dfq_column column = { "x", DFQ_I64, x, NULL };
    dfq_table *t = dfq_table_new(db, &column, 1, ROWS);
    dfq_register(db, "t", dfq_scan_table(db, t));
    dfq_table *a = dfq_collect(dfq_query(db, "t | group x: count() as n, sum(x) as s | "
                                             "group n: count() as g, sum(s) as s"));
    CHECK_INT(dfq_table_rows(a), 1);
    CHECK_INT(dfq_table_i64(a, 0, 0), 1 + kind);
    CHECK_INT(dfq_table_i64(a, 0, 1), ROWS / (1 + kind));
    int64_t groups = ROWS / (1 + kind);
    CHECK_INT(dfq_table_i64(a, 0, 2), groups * (groups - 1) / 2 * (1 + kind));
    dfq_table_free(a);
    dfq_table_free(t);
  }
  dfq_close(db);
  free(x);
}

// A table of six columns: a key of integers that come again, texts, nulls, days.
static dfq_frame *speed_six_columns(dfq *db, size_t rows) {
  char text[512];
  snprintf(text, sizeof text,
           "(i * 7919) %% %zu as k, concat('text ', cast(i %% 11 as str)) as t, "
           "case when i %% 7 = 0 then null else i * 0.5 end as x, i * 100000000000 as w, "
           "date '2024-01-01' + interval '1' day as d", rows / 3 + 1);
  int64_t *number = (int64_t *)test_alloc(rows * sizeof *number + 1);
  for (size_t i = 0; i < rows; i++) number[i] = (int64_t)i;
  dfq_column c;
  memset(&c, 0, sizeof c);
  c.name = "i";
  c.type = DFQ_I64;
  c.data = number;
  dfq_table *narrow = dfq_table_new(db, &c, 1, rows);
  dfq_table *t = dfq_collect(dfq_with_columns(dfq_scan_table(db, narrow), text));
  dfq_frame *f = dfq_scan_table(db, t);
  if (!t) test_fail("  %s\n", dfq_error(db));
  dfq_table_free(narrow);
  dfq_table_free(t);
  free(number);
  return f;
}

// Rows of a table are sorted where they lie, by keys that are columns or computed, below a
// choice of columns, too; what is computed or dropped below has to be kept.
TEST(speed_sorts_a_table_where_it_lies) {
  static const char *const verbs[] = {
    "sort k", "sort t desc, k", "sort x nulls first, i desc", "sort k % 5, x",
    "select t, w, k | sort k", "rename k as q | select q, i, q + 0 as r | sort q, r",
    "filter i % 3 = 1 | sort k", "sort k | limit 9 offset 2", "sort d",
    "select x as y, x as z, d | sort y desc | select z", "sort 1 // (i - 50), k"
  };
  dfq *db = dfq_open(NULL);
  CHECK(dfq_register(db, "x", speed_six_columns(db, 300)));
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    char text[256];
    snprintf(text, sizeof text, "x | %s", verbs[i]);
    dfq_frame *f = dfq_query(db, text);
    CHECK(!dfq_frame_error(f));
    if (!OPT_SAME(f)) test_fail("  %s\n", text);
  }
  dfq_close(db);
}

static bool speed_each(void *user, const dfq_batch *batch) {
  *(size_t *)user += batch->rows;
  return true;
}

// ... so that a sort holds its keys, and not the columns.
TEST(speed_holds_keys_of_a_table) {
  enum { ROWS = 300000 };
  dfq *db = dfq_open(NULL);
  CHECK(dfq_register(db, "x", speed_six_columns(db, ROWS)));
  size_t rows = 0, before = dfq_bytes_used(db);
  CHECK(dfq_each_batch(dfq_query(db, "x | sort k"), speed_each, &rows));
  CHECK_INT(rows, ROWS);
  // the key, its word, two entries to sort, the number, and as much again for what is rounded
  size_t most = (size_t)2 * ROWS * (8 + 8 + 16 + 4);
  if (!CHECK(dfq_bytes_peak(db) - before < most))
    test_fail("  %zu bytes\n", dfq_bytes_peak(db) - before);
  dfq_close(db);
}

static void run_ch4_speed(void) {
  RUN(speed_places);
  RUN(speed_places_many_rows);
  RUN(speed_places_refused);
  RUN(speed_whole_numbers);
  RUN(speed_whole_numbers_overflow);
  RUN(speed_many_groups);
  RUN(speed_sorts_a_table_where_it_lies);
  RUN(speed_holds_keys_of_a_table);
}
