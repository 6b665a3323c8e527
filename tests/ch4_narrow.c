// ch4_narrow.c - tables that keep whole numbers in fewer bytes than their type has: nobody may
// notice. The rows up to which tables are as their types have them are made few, so that small
// tables are narrow, and every value is compared with what went in.

enum { NARROW_COLUMNS = 10 };

static const dfq_type narrow_types[NARROW_COLUMNS] = {
  DFQ_I64, DFQ_I32, DFQ_U32, DFQ_U64, DFQ_DATE, DFQ_DATETIME, DFQ_I16, DFQ_F64, DFQ_STR, DFQ_I64
};
static const char *const narrow_names[NARROW_COLUMNS] = { "a", "b", "c", "d", "e",
                                                          "f", "g", "h", "s", "k" };

// A value of about so many bits, at the edges of cells now and then.
static int64_t narrow_number(dfq_type type, int bits, uint64_t r) {
  static const int64_t edge[] = { 0, -1, 127, -128, 128, -129, 32767, -32768, 32768, -32769,
                                  2147483647, INT64_C(-2147483648) };
  int64_t v = (int64_t)(r >> 8) >> (56 - bits);
  if (r % 5 == 0 && bits >= 8) v = edge[r / 5 % (bits >= 32 ? 12 : bits >= 16 ? 8 : 4)];
  if (type == DFQ_U32) return (int64_t)(uint32_t)v;
  if (type == DFQ_I16) return (int16_t)v;
  if (type == DFQ_I32 || type == DFQ_DATE) return (int32_t)v;
  if (type == DFQ_DATETIME) return v % INT64_C(100000000000000000);
  return v;
}

// late: from that row on, values of more bits come.
static void narrow_cells(dfq_value *cell, int rows, int late, bool nulls, uint64_t seed) {
  static const char *const word[] = { "", "one", "a text of more than twelve", "two" };
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < NARROW_COLUMNS; c++) {
      uint64_t x = test_random(&seed);
      int bits = r < late ? 7 : (int)(x % 4) * 14 + 8;
      dfq_value *v = &cell[r * NARROW_COLUMNS + c];
      dfq_type type = narrow_types[c];
      if (type == DFQ_STR) *v = dfq__value_str(word[x % 4], strlen(word[x % 4]));
      else if (type == DFQ_F64) *v = dfq__value_f64((double)(int64_t)(x >> 40) / 8);
      else *v = dfq__value_int(type, narrow_number(type, bits, test_random(&seed)));
      if (c == NARROW_COLUMNS - 1) *v = dfq__value_int(DFQ_I64, (int64_t)(x % 13));
      if (nulls && x % 11 == 3) *v = dfq__value_null();
    }
}

// The same rows, as their types have them, and narrow: collected by so many threads.
static dfq_table *narrow_table(dfq *db, int rows, int late, bool nulls, uint64_t seed) {
  dfq_field field[NARROW_COLUMNS];
  dfq_value *cell = (dfq_value *)test_alloc(sizeof *cell * NARROW_COLUMNS * ((size_t)rows + 1));
  memset(field, 0, sizeof field);
  for (int c = 0; c < NARROW_COLUMNS; c++) {
    field[c].name = narrow_names[c];
    field[c].type = narrow_types[c];
  }
  narrow_cells(cell, rows, late, nulls, seed);
  dfq_table *t = dfq_table_from_rows(db, field, NARROW_COLUMNS, cell, (size_t)rows);
  free(cell);
  return t;
}

static dfq_table *narrow_copy(dfq *db, dfq_table *t, int threads) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = threads;
  run.batch_rows = 7;
  return dfq_collect(dfq_configure(dfq_scan_table(db, t), &run));
}

// How many columns are narrow.
static int narrow_count(const dfq_table *t) {
  int n = 0;
  for (int c = 0; c < t->store.columns; c++) n += dfq__store_vec(&t->store, c).width != 0;
  return n;
}

static bool narrow_same(const dfq_table *got, const dfq_table *want) {
  char why[200];
  if (!CHECK(got != NULL)) return false;
  if (CHECK(dfq_table_equal(got, want, why, sizeof why))) return true;
  return test_fail("    %s\n", why);
}

static dfq *narrow_db(void) {
  dfq *db = dfq_open(NULL);
  db->heap->narrow = 20;
  db->heap->morsel = 1;
  return db;
}

TEST(narrow_tables_are_the_same) {
  static const int sizes[] = { 0, 1, 19, 20, 21, 64, 65, 300, 1000 };
  for (int i = 0; i < 9; i++)
    for (int late = 0; late < 4; late++)
      for (int nulls = 0; nulls < 2; nulls++) {
        dfq *db = narrow_db();
        int rows = sizes[i];
        dfq_table *t = narrow_table(db, rows, late * rows / 3, nulls, (uint64_t)(i * 8 + late));
        for (int threads = 1; threads < 4; threads++) {
          dfq_table *n = narrow_copy(db, t, threads);
          narrow_same(n, t);
          dfq_table_free(n);
        }
        dfq_table_free(t);
        dfq_close(db);
      }
}

// Where all values fit in a byte, a cell is a byte.
TEST(narrow_cells_are_as_small_as_can_be) {
  dfq *db = narrow_db();
  dfq_table *t = narrow_table(db, 500, 500, true, 3);
  for (int threads = 1; threads < 3; threads++) {
    dfq_table *n = narrow_copy(db, t, threads);
    CHECK_INT(narrow_count(t), 0);
    CHECK_INT(narrow_count(n), 7);   // not i16, f64, str
    CHECK_INT(dfq__cell_size(&n->store, 0), 1);
    CHECK_INT(dfq__cell_size(&n->store, 4), 1);
    dfq_table_free(n);
  }
  db->heap->narrow = 500;
  dfq_table *n = narrow_copy(db, t, 1);
  CHECK_INT(narrow_count(n), 0);
  dfq_table_free(n);
  dfq_table_free(t);
  dfq_close(db);
}

// No more memory is asked for than the narrow cells take: room for all rows is made when it is
// known how small these are.
TEST(narrow_tables_ask_for_no_more) {
  dfq *db = narrow_db();
  dfq_table *t = narrow_table(db, 20000, 20000, false, 3);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.batch_rows = 100;
  for (run.threads = 1; run.threads < 3; run.threads++) {
    dfq_frame *f = dfq_configure(dfq_select(dfq_scan_table(db, t), "a, d, f, h, k"), &run);
    size_t before = db->heap->peak = db->heap->used;
    dfq_table *n = dfq_collect(f);
    CHECK_INT(narrow_count(n), 4);
    CHECK(db->heap->peak - before < 2 * dfq__store_bytes(&n->store));
    dfq_table_free(n);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// One large value at the end: the column is laid out anew, up to being as wide as its type.
TEST(narrow_columns_grow_wide) {
  static const int64_t large[] = { 127, 128, -129, 40000, -40000, INT64_C(1) << 31, INT64_MIN };
  static const size_t cell[] = { 1, 2, 2, 4, 4, 8, 8 };
  for (int i = 0; i < 7; i++) {
    dfq *db = narrow_db();
    int64_t x[100];
    dfq_column column = { "x", DFQ_I64, x, NULL };
    for (int r = 0; r < 100; r++) x[r] = r < 99 ? r % 100 : large[i];
    dfq_table *t = dfq_table_new(db, &column, 1, 100);
    CHECK_INT(dfq__cell_size(&t->store, 0), cell[i]);
    for (int threads = 1; threads < 3; threads++) {
      dfq_table *n = narrow_copy(db, t, threads);
      const uint8_t *valid;
      CHECK_INT(dfq__cell_size(&n->store, 0), cell[i]);
      narrow_same(n, t);
      CHECK(memcmp(dfq_table_data(n, 0, &valid), x, sizeof x) == 0);
      dfq_table_free(n);
    }
    dfq_table_free(t);
    dfq_close(db);
  }
}

// What a program reads: each column as an array of its type.
TEST(narrow_columns_as_arrays) {
  dfq *db = narrow_db();
  dfq_table *t = narrow_table(db, 200, 60, true, 5), *n = narrow_copy(db, t, 1);
  for (int c = 0; c < NARROW_COLUMNS; c++) {
    const uint8_t *valid[2];
    const void *a = dfq_table_data(t, c, &valid[0]), *b = dfq_table_data(n, c, &valid[1]);
    CHECK(b == dfq_table_data(n, c, &valid[1]));   // the same array every time
    dfq__vec x = dfq__vec_of(narrow_types[c], a, valid[0]);
    dfq__vec y = dfq__vec_of(narrow_types[c], b, valid[1]);
    for (size_t r = 0; r < 200; r++) {
      dfq_value v, w;
      dfq__vec_get(&x, r, &v);
      dfq__vec_get(&y, r, &w);
      if (!CHECK(dfq__same_cell(&v, &w))) return;
    }
  }
  dfq_table_free(n);
  dfq_table_free(t);
  dfq_close(db);
}

static const char *const narrow_queries[] = {
  "n", "n | select d, c, a", "n | filter a > 3", "n | filter a > 3 and b < 90 | select e, s",
  "n | filter s = 'one' and c % 3 = 1", "n | filter false", "n | filter k = 3 or a is null",
  "n | filter a > b | group k: sum(c) as c, count() as n, min(e) as e",
  "n | group k: sum(a) as a, mean(b) as b, median(d) as d, max(f) as f",
  "n | group a, b: count() as n", "n | sort d desc, a | limit 9", "n | sort a, b, c, d, h",
  "n | join n on k where a < b | group k: count() as n",
  "n | filter a < 40 | join m on k | sort a, a_right, b, d, h | limit 60",
  "n | select a, k | join m on k left | limit 99",
  "m | select a, k | join n on k right | select k, a_right, d",
  "n | join m on k full | group k: count() as n, sum(a_right) as s",
  "m | join n on k semi | select a, k", "m | join n on k anti | select a, k",
  "n | with row_number() over (partition by k order by a, b, c, d) as r | filter r <= 2",
  "n | distinct k", "n | unpivot a, b | group variable: sum(value) as v",
  "n | with a + b as x, year(e) as y | filter x > 0",
  "n | filter a in (1, 2, 3, 127, 128) | select d",
  "n | select k, b | join m on k where b between a and b_right | group k: count() as n",
};

TEST(narrow_tables_in_queries) {
  for (uint64_t seed = 1; seed < 4; seed++) {
    dfq *db = narrow_db();
    dfq_table *t = narrow_table(db, 150, seed == 2 ? 150 : 90, seed > 1, seed);
    dfq_table *n = narrow_copy(db, t, 1), *wide, *narrow;
    size_t count = sizeof narrow_queries / sizeof *narrow_queries;
    for (size_t i = 0; i < count; i++) {
      dfq_register(db, "m", dfq_limit(dfq_scan_table(db, t), 40));
      dfq_register(db, "n", dfq_scan_table(db, t));
      wide = dfq_collect(dfq_query(db, narrow_queries[i]));
      if (!CHECK(wide != NULL)) test_fail("    %s\n", dfq_error(db));
      dfq_register(db, "m", dfq_limit(dfq_scan_table(db, n), 40));
      dfq_register(db, "n", dfq_scan_table(db, n));
      narrow = dfq_collect(dfq_query(db, narrow_queries[i]));
      bool ok = narrow_same(narrow, wide) &&
                CHECK(dfq_check_equivalent(dfq_query(db, narrow_queries[i]), NULL));
      if (!ok) test_fail("    %s\n", narrow_queries[i]);
      dfq_table_free(wide);
      dfq_table_free(narrow);
    }
    dfq_table_free(n);
    dfq_table_free(t);
    dfq_close(db);
  }
}

// Tables by key, and a table as people see it, read the cells too.
TEST(narrow_tables_apart_and_shown) {
  dfq *db = narrow_db();
  dfq_table *t = narrow_table(db, 300, 100, true, 8), *n = narrow_copy(db, t, 2);
  int count[2];
  dfq_table **a = dfq_partition_by(dfq_scan_table(db, t), "k, s", &count[0]);
  dfq_table **b = dfq_partition_by(dfq_scan_table(db, n), "k, s", &count[1]);
  CHECK_INT(count[0], count[1]);
  for (int i = 0; a && b && i < count[0] && i < count[1]; i++) {
    narrow_same(b[i], a[i]);
    dfq_table_free(a[i]);
    dfq_table_free(b[i]);
  }
  FILE *out[2] = { tmpfile(), tmpfile() };
  CHECK(dfq_show_table(db, t, out[0]) && dfq_show_table(db, n, out[1]));
  char *want = test_text(out[0]), *got = test_text(out[1]);
  CHECK_STR(got, want);
  free(want);
  free(got);
  dfq_table_free(n);
  dfq_table_free(t);
  dfq_close(db);
}

// The row that fails is computed once more: beside what fails stand cells that nobody widened.
TEST(narrow_rows_that_fail) {
  dfq *db = narrow_db();
  dfq_table *t = narrow_table(db, 301, 290, true, 6), *n = narrow_copy(db, t, 2);
  static const char *const plans[] = {
    "filter 9223372036854775680 + a > 0",
    "group s: sum(9223372036854775680 + a) as m, sum(k) as n",
    "sort 9223372036854775680 + a | limit 5",
  };
  for (int i = 0; i < 3; i++) {
    char text[200], error[2][200] = { "", "" };
    snprintf(text, sizeof text, "t | %s", plans[i]);
    for (int way = 0; way < 2; way++) {
      CHECK(dfq_register(db, "t", dfq_scan_table(db, way ? n : t)));
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.batch_rows = 7;             // so that cells of a byte begin anywhere
      dfq_table *got = dfq_collect(dfq_configure(dfq_query(db, text), &run));
      CHECK(got == NULL);
      snprintf(error[way], sizeof error[way], "%s", dfq_error(db));
      dfq_table_free(got);
    }
    CHECK_HAS(error[0], "overflows i64, in row");
    CHECK_STR(error[1], error[0]);
  }
  dfq_table_free(n);
  dfq_table_free(t);
  dfq_close(db);
}

static bool narrow_without_memory(dfq *db) {
  db->heap->narrow = 4;
  int64_t x[40];
  const uint8_t *valid;
  dfq_column column = { "x", DFQ_I64, x, NULL };
  for (int r = 0; r < 40; r++) x[r] = r < 38 ? r : 1000 * r;
  dfq_table *t = dfq_table_new(db, &column, 1, 40);
  dfq_frame *f = dfq_filter(dfq_scan_table(db, t), "x > 3");
  dfq_table *n = dfq_collect(f);
  bool ok = n && dfq_table_data(n, 0, &valid);
  if (n) CHECK_INT(n->store.rows, 36);
  if (n && !ok) dfq__report(db, &dfq__error_memory);   // dfq_table_data has no context to tell
  dfq_table_free(n);
  dfq_table_free(t);
  return ok;
}

TEST(narrow_memory_runs_out) { ch0_fail_each(narrow_without_memory); }

static void run_ch4_narrow(void) {
  RUN(narrow_tables_are_the_same);
  RUN(narrow_cells_are_as_small_as_can_be);
  RUN(narrow_tables_ask_for_no_more);
  RUN(narrow_columns_grow_wide);
  RUN(narrow_columns_as_arrays);
  RUN(narrow_tables_in_queries);
  RUN(narrow_tables_apart_and_shown);
  RUN(narrow_rows_that_fail);
  RUN(narrow_memory_runs_out);
}
