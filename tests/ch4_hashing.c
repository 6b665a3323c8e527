// ch4_hashing.c - hash tables, exact sums, aggregates, joins, sorting, distinct: against
// numbers worked out by hand, and against the model (model.h).

#include "model.h"

// Every way of running must agree with the model, bit by bit.
static bool hash_check(dfq_frame *f) {
  dfq_run_options run;
  bool ok = true;
  if (dfq_frame_error(f)) return test_fail("  %s\n", dfq_frame_error(f));
  for (int i = 0; ok && engine_way(i, &run); i++) {
    model m = model_open(f->db);
    const char *difference = model_check(&m, dfq_configure(f, &run));
    if (difference) ok = test_fail("  way %d: %s\n", i, difference);
    model_close(&m);
  }
  return ok;
}

// ---- tables of keys ------------------------------------------------------------------------

// 0: dense, 1: far apart, 2: alike in the low bits, 3: alike in the high ones
static uint64_t hash_key(int shape, uint64_t i) {
  switch (shape) {
    case 0: return i;
    case 1: return i * UINT64_C(0x9e3779b97f4a7c15);
    case 2: return i << 40;
    default: return i | UINT64_C(0xffffffff00000000);
  }
}

TEST(hash_table_grows) {
  enum { N = 20000 };
  dfq *db = dfq_open(NULL);
  uint64_t *key = (uint64_t *)test_alloc(3 * N * sizeof *key);
  uint32_t *number = (uint32_t *)test_alloc(N * sizeof *number);
  for (int shape = 0; shape < 4; shape++)
    for (size_t words = 1; words <= 3; words += 2) {
      dfq__hash_table t;
      bool same = true;
      CHECK(dfq__table_init(&t, db->heap, db->seed, words));
      for (size_t i = 0; i < N; i++)
        for (size_t w = 0; w < words; w++)
          key[i * words + w] = w == 1 ? 7 : hash_key(shape, i / 2);
      for (size_t i = 0; i < N; i += 1000)
        CHECK(dfq__find_or_add(&t, key + i * words, 1000, number + i));
      for (size_t i = 0; i < N; i++)
        same = same && number[i] == i / 2; // in the order they came
      CHECK(same);
      CHECK_INT(t.count, N / 2);
      memset(number, 0, N * sizeof *number);
      dfq__find(&t, key, N, number);
      for (size_t i = 0; i < N; i++) same = same && number[i] == i / 2;
      for (size_t i = 0; i < 500; i++) key[i * words] = hash_key(shape, N + i);
      dfq__find(&t, key, 500, number);
      for (size_t i = 0; i < 500; i++) same = same && number[i] == DFQ__EMPTY;
      CHECK(same);
      CHECK_INT(t.count, N / 2);
      dfq__table_close(&t);
    }
  free(key);
  free(number);
  dfq_close(db);
}

// Keys with one hash for all: the table is slow then, but right.
TEST(hash_table_collides) {
  dfq *db = dfq_open(NULL);
  dfq__hash_table t;
  uint64_t key[400], found = 0;
  uint32_t number[400];
  CHECK(dfq__table_init(&t, db->heap, db->seed, 1));
  for (uint64_t i = 0; found < 400; i++)   // those that want the same slot of the first 1,024
    if (dfq__hash_words(&i, 1, db->seed) >> 54 == 5) key[found++] = i;
  CHECK(dfq__find_or_add(&t, key, 400, number));
  for (uint32_t i = 0; i < 400; i++) CHECK_INT(number[i], i);
  CHECK(dfq__find_or_add(&t, key + 200, 100, number));
  for (uint32_t i = 0; i < 100; i++) CHECK_INT(number[i], 200 + i);
  dfq__table_close(&t);
  dfq_close(db);
}

// A value for a key column: near zero, near a year, anywhere, at the ends, or null (below 0).
static int key_value(int shape, uint64_t *state, int64_t *to) {
  uint64_t r = test_random(state);
  static const int64_t ends[] = { INT64_MIN, INT64_MAX, -1, 0, INT64_MIN + 1, INT64_MAX - 1 };
  switch (shape) {
    case 0: *to = (int64_t)(r % 7) - 3; break;
    case 1: *to = 1990 + (int64_t)(r % 40); break;
    case 2: *to = (int64_t)(r >> (r % 60)); break;
    case 3: *to = ends[r % 6]; break;
    default: *to = -(int64_t)(r % 100000) * 1000; break;
  }
  return r / 8 % 9 != 0;
}

// Whatever the order in which words come, and however often fields are widened: equal keys have
// equal numbers, in the order of their first rows, and come back as they were.
TEST(hash_keys_are_packed) {
  enum { ROWS = 600, COLUMNS = 3 };
  dfq *db = dfq_open(NULL);
  uint64_t state = 1;
  size_t packed = 0, rows = 0, direct = 0;
  for (int round = 0; round < 125; round++) {
    int64_t value[COLUMNS][ROWS], back[ROWS];
    uint8_t valid[COLUMNS][ROWS], back_valid[ROWS];
    uint32_t number[ROWS], found[ROWS];
    dfq_type type[COLUMNS] = { DFQ_I64, DFQ_I64, DFQ_I64 };
    int shape[COLUMNS] = { round % 5, round / 5 % 5, round / 25 };
    size_t batch = round % 3 == 0 ? 1 : round % 3 == 1 ? 7 : 100;
    dfq__key_set k;
    dfq__vec column[COLUMNS];
    CHECK(dfq__keys_init(&k, db, type, COLUMNS));
    for (int c = 0; c < COLUMNS; c++)
      for (size_t i = 0; i < ROWS; i++)
        valid[c][i] = (uint8_t)key_value(shape[c], &state, &value[c][i]);
    for (size_t at = 0; at < ROWS; at += batch) {
      size_t n = ROWS - at < batch ? ROWS - at : batch;
      for (int c = 0; c < COLUMNS; c++) {
        dfq__vec v = dfq__vec_of(DFQ_I64, &value[c][at], &valid[c][at]);
        column[c] = v;
      }
      CHECK(dfq__keys_add(&k, column, n, &number[at]));
    }
    size_t next = 0;
    bool same = true;
    for (size_t i = 0; i < ROWS; i++) {
      size_t j = 0;
      for (bool equal = false; j < i && !equal; j += !equal) {
        equal = true;
        for (int c = 0; c < COLUMNS; c++)
          equal = equal && valid[c][i] == valid[c][j] &&
                  (!valid[c][i] || value[c][i] == value[c][j]);
        if (equal) break;
      }
      same = same && number[i] == (j < i ? number[j] : next++);
    }
    CHECK(same);
    CHECK_INT(k.table.count, next);
    for (int c = 0; c < COLUMNS; c++) {
      dfq__vec v = dfq__vec_of(DFQ_I64, value[c], valid[c]);
      column[c] = v;
      dfq__keys_get(&k, c, 0, next, back, back_valid);
      for (size_t i = 0; i < ROWS; i++)
        same = same && back_valid[number[i]] == valid[c][i] &&
               (!valid[c][i] || back[number[i]] == value[c][i]);
    }
    CHECK(same);
    const uint64_t *key = dfq__keys_words(&k, column, ROWS, false);
    dfq__find(&k.table, key, ROWS, found);
    CHECK(memcmp(found, number, sizeof found) == 0);
    for (size_t i = 0; i < ROWS; i++) value[0][i] = 123456789123 + (int64_t)i;   // never drawn
    memset(valid[0], 1, ROWS);
    key = dfq__keys_words(&k, column, ROWS, false);
    dfq__find(&k.table, key, ROWS, found);
    for (size_t i = 0; i < ROWS; i++) same = same && found[i] == DFQ__EMPTY;
    CHECK(same);
    direct += k.table.direct;
    packed += k.packed;
    rows += !k.packed;
    dfq__keys_free(&k);
  }
  CHECK(packed > 20 && rows > 20 && direct > 0);   // all three ways were taken
  dfq_close(db);
}

// A table of texts: few short ones, few long ones with nulls, and as many as there are rows.
static dfq_table *coded_table(dfq *db, int rows) {
  static const dfq_field field[] = { { "few", DFQ_STR, NULL }, { "long", DFQ_STR, NULL },
                                     { "each", DFQ_STR, NULL }, { "n", DFQ_I64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((size_t)rows * 4 * sizeof *cell);
  char (*text)[24] = (char (*)[24])test_alloc((size_t)rows * sizeof *text);
  static const char *const few[] = { "EU", "US", "", "a text that is no view" };
  for (int i = 0; i < rows; i++) {
    snprintf(text[i], sizeof text[i], "number %d", i);
    cell[4 * i] = dfq__value_str(few[i % 3], strlen(few[i % 3]));
    cell[4 * i + 1] = dfq__value_str(few[i % 4], strlen(few[i % 4]));
    if (i % 5 == 0) cell[4 * i + 1] = dfq__value_null();
    cell[4 * i + 2] = dfq__value_str(text[i], strlen(text[i]));
    cell[4 * i + 3] = dfq__value_int(DFQ_I64, i);
  }
  dfq_table *t = dfq_table_from_rows(db, field, 4, cell, (size_t)rows);
  free(cell);
  free(text);
  return t;
}

static dfq_frame *coded_query(int q, dfq_frame *t, dfq_frame *u) {
  switch (q) {
    case 0: return dfq_group_by(t, "few, long", "sum(n) as s, first(each) as f");
    case 1:
      t = dfq_filter(t, "n % 3 != 1 and long is distinct from 'US'");
      return dfq_group_by(t, "long", "count() as c");
    case 2: return dfq_sort(dfq_distinct(dfq_select(t, "long as l, few as f, n"), "f, l"), "n");
    case 3: return dfq_group_by(dfq_union(t, u), "long", "sum(n) as s, n_unique(few) as k");
    case 4:
      t = dfq_join(dfq_limit(t, 90), dfq_limit(u, 90), "few = long", DFQ_LEFT);
      return dfq_group_by(t, "few, long", "count() as c");
    case 5:
      t = dfq_join(t, dfq_select(u, "each, few as other"), "each", DFQ_INNER);
      return dfq_group_by(t, "other", "sum(n) as s");
    default:
      t = dfq_with_columns(t, "case when n > 50 then long else few end as l");
      return dfq_group_by(t, "l, few", "max(n) as m");
  }
}

// The first use as a key numbers a table's texts; what is asked is the same with and without.
TEST(hash_tables_number_their_texts) {
  for (int q = 0; q < 7; q++) {
    dfq *db = dfq_open(NULL);
    dfq_table *t = coded_table(db, 300), *u = coded_table(db, 200);
    dfq_frame *f = coded_query(q, dfq_scan_table(db, t), dfq_scan_table(db, u));
    dfq_table *before = dfq_collect(f), *after = dfq_collect(f);
    CHECK(dfq_table_equal(before, after, NULL, 0));
    CHECK(hash_check(f));
    if (q == 0) CHECK_INT(t->coded[0].words->texts.count, 3);
    if (q == 0) CHECK_INT(t->coded[1].words->texts.count, 4);
    if (q == 0) CHECK(!t->coded[2].tried);
    dfq_table_free(before);
    dfq_table_free(after);
    dfq_table_free(t);
    dfq_table_free(u);
    dfq_close(db);
  }
}

// Where nearly every row has its own text, numbers are not worth it.
TEST(hash_tables_give_up_numbering) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = coded_table(db, 140000);
  CHECK_INT(dfq_count(dfq_group_by(dfq_scan_table(db, t), "each", "count()")), 140000);
  CHECK(t->coded[2].tried && !t->coded[2].words);
  dfq_table_free(t);
  dfq_close(db);
}

TEST(hash_dictionary) {
  enum { N = 5000 };
  dfq *db = dfq_open(NULL);
  dfq__dictionary d;
  char text[N][40];
  CHECK(dfq__dictionary_init(&d, db->heap, db->seed));
  for (uint32_t i = 0; i < N; i++) {       // short, of twelve bytes, and long with one prefix
    snprintf(text[i], sizeof text[i],
             i % 3 ? i % 3 == 1 ? "%u" : "twelve %05u" : "the same prefix %u", i);
    dfq_view v = dfq__view_of(text[i], strlen(text[i]));
    CHECK_INT(dfq__dictionary_add(&d, &v), i);
  }
  dfq_view empty = dfq__view_of("", 0);
  CHECK_INT(dfq__dictionary_add(&d, &empty), N);
  for (uint32_t i = 0; i < N; i++) {
    char copy[40];
    size_t n;
    memcpy(copy, text[i], sizeof copy);
    memset(text[i], '?', sizeof text[i]);  // it keeps copies
    dfq_view v = dfq__view_of(copy, strlen(copy));
    CHECK_INT(dfq__dictionary_add(&d, &v), i);
    const char *kept = dfq_view_text(&dfq__dictionary_views(&d)[i], &n);
    CHECK(n == strlen(copy) && memcmp(kept, copy, n) == 0);
  }
  dfq__dictionary_free(&d);
  dfq_close(db);
}

// ---- exact sums ----------------------------------------------------------------------------

static double hash_nasty(uint64_t *seed, int kind) {
  double v = (double)(int64_t)(ch0_next(seed) >> 11) * (ch0_below(seed, 2) ? 1 : -1);
  switch (kind) {
    case 0: return ldexp(v, ch0_below(seed, 120) - 110);        // around one
    case 1: return ldexp(v, ch0_below(seed, 2000) - 1074);      // everything
    case 2: return ldexp(v, 971 - ch0_below(seed, 3));          // near the largest
    case 3: return ldexp(v, -1074 - ch0_below(seed, 40));       // denormal
    case 4: return ldexp((double)(ch0_below(seed, 5) - 2), 50 + ch0_below(seed, 4));
    default: return (double)ch0_below(seed, 1000) / 10;         // money
  }
}

static double hash_sum_of(const double *x, size_t n, dfq__arena *arena) {
  dfq__sum s = { 0, 0, NULL };
  for (size_t i = 0; i < n; i++) CHECK(dfq__sum_add(&s, x[i], arena));
  return dfq__sum_value(&s);
}

static double hash_exact(const double *x, size_t n) {
  model_sum *s = (model_sum *)test_alloc(sizeof *s);
  memset(s, 0, sizeof *s);
  for (size_t i = 0; i < n; i++) model_sum_add(s, x[i]);
  double v = model_sum_value(s);
  free(s);
  return v;
}

TEST(hash_sums_are_exact) {
  dfq *db = dfq_open(NULL);
  dfq__arena arena = { db->heap, NULL, NULL };
  uint64_t seed = 5;
  double x[400];
  for (int round = 0; round < 600; round++) {
    size_t n = (size_t)ch0_below(&seed, 400), kind = (size_t)round % 7;
    for (size_t i = 0; i < n; i++)
      x[i] = hash_nasty(&seed, kind == 6 ? ch0_below(&seed, 6) : (int)kind);
    if (round % 3 == 0)                                 // cancellation to almost nothing
      for (size_t i = n / 2; i < n; i++) x[i] = i == n - 1 ? 5e-324 : -x[i - n / 2];
    double want = hash_exact(x, n);
    if (!CHECK_F64(hash_sum_of(x, n, &arena), want)) break;
    for (size_t i = n; i > 1; i--) {                    // shuffled
      size_t k = (size_t)ch0_below(&seed, (int)i);
      double t = x[i - 1];
      x[i - 1] = x[k];
      x[k] = t;
    }
    if (!CHECK_F64(hash_sum_of(x, n, &arena), want)) break;
    dfq__sum part[3] = { { 0, 0, NULL }, { 0, 0, NULL }, { 0, 0, NULL } };
    for (size_t i = 0; i < n; i++) (void)dfq__sum_add(&part[i % 3], x[i], &arena);
    CHECK(dfq__sum_merge(&part[0], &part[1], &arena));
    CHECK(dfq__sum_merge(&part[2], &part[0], &arena));
    if (!CHECK_F64(dfq__sum_value(&part[2]), want)) break;
    dfq__arena_rewind(&arena);
  }
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

TEST(hash_sums_by_hand) {
  static const struct {
    double x[5];
    size_t n;
    double want;
  } cases[] = {
    { { 0.1, 0.2, 0.3 }, 3, 0.6 }, // not 0.6000000000000001
    { { 1e308, 1e308, -1e308, -1e308, 1 }, 5, 1 }, // past infinity
    { { 1e308, 1e308 }, 2, (double)INFINITY },
    { { -1.7976931348623157e308, -1e292 }, 2, -(double)INFINITY },
    { { 1e16, 1, -1e16 }, 3, 1 },
    { { 1, 1e-17, -1 }, 3, 1e-17 },
    { { 5e-324, 5e-324 }, 2, 1e-323 },
    { { -0.0, -0.0 }, 2, 0.0 },
    { { 9007199254740992.0, 1, 1e-300 }, 3, 9007199254740994.0 }, // just above a tie
    { { 9007199254740992.0, 1 }, 2, 9007199254740992.0 }, // a tie goes to even
    { { 9007199254740994.0, 1 }, 2, 9007199254740996.0 },
    { { (double)INFINITY, 1 }, 2, (double)INFINITY },
    { { (double)INFINITY, -(double)INFINITY, 1 }, 3, (double)NAN },
    { { (double)NAN, 1 }, 2, (double)NAN },
  };
  dfq *db = dfq_open(NULL);
  dfq__arena arena = { db->heap, NULL, NULL };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_F64(hash_sum_of(cases[i].x, cases[i].n, &arena), cases[i].want);
    CHECK_F64(hash_exact(cases[i].x, cases[i].n), cases[i].want);
  }
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

// An exact sum as parts: nothing of it is lost.
TEST(hash_sum_parts) {
  dfq *db = dfq_open(NULL);
  dfq__arena arena = { db->heap, NULL, NULL };
  dfq__sum s = { 0, 0, NULL };
  double part[3];
  (void)dfq__sum_add(&s, 1, &arena);
  (void)dfq__sum_add(&s, 1e-30, &arena);
  dfq__sum_parts((const uint64_t *)(const void *)&s, 0, part);
  CHECK_F64(part[0], 1);
  CHECK_F64(part[1], 1e-30);
  CHECK_F64(part[2], 0);
  CHECK_F64(dfq__sum_value(&s), 1);
  (void)dfq__sum_add(&s, -1, &arena);
  CHECK_F64(dfq__sum_value(&s), 1e-30);
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

// Equal values have no spread, whatever their last bits; and the difference of sums that agree
// in 15 digits is still right to the last one or two.
TEST(hash_variance_by_hand) {
  dfq *db = dfq_open(NULL);
  dfq__arena arena = { db->heap, NULL, NULL };
  for (int n = 2; n < 100; n++) {
    uint64_t words[10] = { 0 };
    for (int i = 0; i < n; i++) (void)dfq__spread_add(words, 0.1, &arena);
    if (!CHECK_F64(dfq__spread_variance(words), 0)) printf("  of %d values\n", n);
  }
  uint64_t far[10] = { 0 };   // 0, 1, 2, ... quarters far from 0: the variance of 0 .. 8, / 16
  for (int i = 0; i < 9; i++) (void)dfq__spread_add(far, 1.7e15 + i / 4.0, &arena);
  CHECK_F64(dfq__spread_variance(far), 7.5 / 16);
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

TEST(hash_variance_is_exact) {
  dfq *db = dfq_open(NULL);
  dfq__arena arena = { db->heap, NULL, NULL };
  uint64_t seed = 6;
  double x[200], square;
  for (int round = 0; round < 300; round++) {
    size_t n = (size_t)ch0_below(&seed, 198) + 2;
    double offset = round % 4 == 0 ? 0 : ldexp(1, ch0_below(&seed, 60));
    uint64_t words[10];
    memset(words, 0, sizeof words);
    for (size_t i = 0; i < n; i++) {
      x[i] = offset + hash_nasty(&seed, round % 5 == 1 ? 3 : round % 5 == 2 ? 0 : 5);
      if (round % 5 == 3) x[i] = offset;                  // all the same: no variance
      CHECK(dfq__spread_add(words, x[i], &arena));
    }
    double got = dfq__spread_variance(words), want = model_variance(x, n, &square);
    if (!CHECK(model_is_variance(got, x, n))) {
      test_fail("    round %d: %.17g, exactly %.17g\n", round, got, want);
      break;
    }
    if (round % 5 == 3) CHECK_F64(got, 0.0);
    dfq__arena_rewind(&arena);
  }
  dfq__arena_release(&arena, 0);
  dfq_close(db);
}

// ---- aggregates ----------------------------------------------------------------------------

#define HASH_ALL_NUMBERS                                                                 \
  "count() as n, count(x) as c, sum(x) as s, mean(x) as m, min(x) as lo, max(x) as hi, " \
  "first(x) as f, last(x) as l, first_non_null(x) as fn, last_non_null(x) as ln, "       \
  "n_unique(x) as u, var(x) as v, std(x) as d, median(x) as md, quantile(x, 0.25) as q"

TEST(hash_aggregates_of_numbers) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k str, x i64", "a 4; a null; b 7; a 1; a 1; c null; a 8");
  CHECK_STR(engine_all(dfq_group_by(f, "k", HASH_ALL_NUMBERS)),
            "a 5 4 14 3.5 1 8 4 8 4 8 3 11.0 3.3166247903554 2.5 1.0; "
            "b 1 1 7 7.0 7 7 7 7 7 7 1 null null 7.0 7.0; "
            "c 1 0 null null null null null null null null 0 null null null null");
  f = engine_scan(db, "k str, x f64",
                  "a 0.5; a null; b nan; a -0.0; a 2.5; b 1; c null; a 0.0");
  CHECK_STR(
      engine_all(dfq_group_by(f, "k",
                              "sum(x) as s, min(x) as lo, max(x) as hi, n_unique(x) as u, "
                              "median(x) as md, last(x) as l, mean(x) as m")),
      "a 3.0 0.0 2.5 3 0.25 0.0 0.75; b nan 1.0 nan 2 nan 1.0 nan; "
      "c null null null 0 null null null");
  CHECK(hash_check(dfq_group_by(f, "k", HASH_ALL_NUMBERS)));
  dfq_close(db);
}

TEST(hash_aggregates_of_nothing) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k str, x f64, s str, b bool", "");
  CHECK_STR(engine_all(dfq_group_by(f, "k", HASH_ALL_NUMBERS)), "");
  CHECK_STR(engine_all(dfq_group_by(f, "", HASH_ALL_NUMBERS)),
            "0 0 null null null null null null null null 0 null null null null");
  CHECK_STR(engine_all(dfq_group_by(f, NULL,
                                    "min(s) as a, any(b) as b, all(b) as c, count() + 1 as d")),
            "null null null 1");
  CHECK_STR(engine_all(dfq_group_by(f, "k", "")), "");
  CHECK_STR(engine_all(dfq_group_by(engine_scan(db, "k i64", "2; 1; 2"), "k", "")), "2; 1");
  dfq_close(db);
}

TEST(hash_aggregates_of_text) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(
      db, "k i64, s str",
      "1 b; 1 a; 2 thirteen~byte; 2 thirteen~bytf; 1 null; 2 thirteen~byta; "
      "3 ''; 3 null; 4 null; 2 thirteen~byte; 1 ab");
  CHECK_STR(engine_all(dfq_group_by(f, "k",
                                    "min(s) as lo, max(s) as hi, first(s) as f, last(s) as l, "
                                    "last_non_null(s) as ln, n_unique(s) as u, count(s) as c")),
            "1 a b b ab ab 3 3; 2 thirteen byta thirteen bytf thirteen byte thirteen byte "
            "thirteen byte 3 4; 3 '' '' '' null '' 1 1; 4 null null null null null 0 0");
  f = engine_scan(db, "k i64, b bool, d date, n i32",
                  "1 true 2020-01-01 5; 1 null 2019-01-01 null; 2 false null -3; 1 false "
                  "2021-05-05 7; 3 null null null");
  CHECK_STR(
      engine_all(dfq_group_by(f, "k",
                              "any(b) as a, all(b) as al, min(b) as mb, max(d) as md, "
                              "first(d) as fd, sum(n) as sn, min(n) as mn, mean(n) as av")),
      "1 true false false 2021-05-05 2020-01-01 12 5 6.0; 2 false false false null null -3 -3 "
      "-3.0; "
      "3 null null null null null null null null");
  CHECK_STR(engine_schema(
                dfq_group_by(f, "k", "sum(n) as sn, min(n) as mn, max(d) as md, mean(n) as m")),
            "k i64, sn i64, mn i32, md date, m f64");
  dfq_close(db);
}

// A sum of integers fails only when its total does not fit, whatever the order.
TEST(hash_integer_sums) {
  dfq *db = dfq_open(NULL);
  const char *why;
  dfq_frame *f = engine_scan(
      db, "k i64, x i64",
      "1 9223372036854775807; 1 9223372036854775807; 1 -9223372036854775807; "
      "2 5; 1 -9223372036854775808");
  CHECK_STR(engine_all(dfq_group_by(f, "k", "sum(x) as s, mean(x) as m")),
            "1 -1 -0.25; 2 5 5.0");
  f = engine_scan(db, "k i64, x i64", "1 1; 2 2; 3 9223372036854775807; 3 1; 4 4");
  f = dfq_group_by(f, "k", "count() as n, sum(x) as total");
  CHECK_STR(engine_pull_all(f, &why), "1 1 1; 2 1 2");            // the groups before it
  CHECK_HAS(why, "sum(x) overflows i64");
  CHECK_HAS(why, "try: cast its argument to f64");
  CHECK_STR(engine_all(dfq_limit(f, 2)), "1 1 1; 2 1 2");
  CHECK_HAS(engine_all(dfq_limit(f, 3)), "overflows");
  CHECK_STR(engine_all(dfq_group_by(
                engine_scan(db, "x i64", "9223372036854775807; 9223372036854775807"), "",
                "mean(x) as m, sum(cast(x as f64)) as s")),
            "9.223372036854776e+18 1.8446744073709552e+19");
  dfq_close(db);
}

TEST(hash_expressions_over_aggregates) {
  dfq *db = dfq_open(NULL);
  const char *why;
  dfq_frame *f = engine_scan(db, "k i64, x i64, s str", "1 4 a; 2 10 b; 1 6 c; 2 0 9; 3 5 7");
  CHECK_STR(
      engine_all(dfq_group_by(f, "k",
                              "max(x) - min(x) as r, sum(x) / count() as m, k * 10 as t, "
                              "case when count() > 1 then 'many' else 'one' end as w, 1 as c")),
      "1 2 5.0 10 many 1; 2 10 5.0 20 many 1; 3 0 5.0 30 one 1");
  CHECK_STR(engine_all(dfq_group_by(f, "k % 2 as odd, k > 2 as big",
                                    "sum(x * 2) as s, sum(x) + sum(x) as t")),
            "1 false 20 20; 0 false 20 20; 1 true 10 10");
  CHECK_STR(engine_schema(dfq_group_by(f, "k + 1", "sum(x), count()")),
            "k + 1 i64, sum(x) i64, count() i64");
  CHECK_STR(
      engine_pull_all(
          dfq_group_by(f, "k", "10 // (count() - 1) as q, cast(last(s) as i64) as n"), &why),
      "");
  CHECK_HAS(why, "in row 1");
  CHECK_STR(engine_pull_all(dfq_group_by(f, "k", "sum(cast(s as i64)) as n"), &why), "");
  CHECK_HAS(why, "cast(s as i64) has no value of type i64, in row 1 (s = 'a')");
  dfq_close(db);
}

TEST(hash_group_refuses) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k i64, amount i64, s str", "1 2 x");
  CHECK_HAS(engine_schema(dfq_group_by(f, "kk", "count()")), "no column kk; did you mean k?");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "sum(amout)")), "did you mean amount?");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "amount")),
            "amount is neither a key nor inside an aggregate; try first(amount), or add it to "
            "the keys");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "sum(amount) + s")), "s is neither a key");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "sum(s)")), "sum does not take str");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "any(amount)")), "any does not take i64");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "sum(sum(amount))")), "aggregate");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "count() as k")), "two columns are called k");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k, k", "count()")), "the key k stands twice");
  CHECK_HAS(engine_schema(dfq_group_by(f, "sum(k)", "count()")), "aggregate");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "*")), "* cannot be aggregated");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "quantile(amount, 1.5)")), "from 0.0 to 1.0");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "quantile(amount, k)")), "from 0.0 to 1.0");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "sum(amount")), "syntax error");
  CHECK_HAS(engine_schema(dfq_group_by(f, "k", "count() over")), "dfq: ");
  CHECK_HAS(engine_schema(dfq_group_by(dfq_filter(f, "zz"), "k", "count()")), "no column zz");
  dfq_close(db);
}

// Keys of every type: first seen order, null a group, NaN one, -0.0 as 0.0.
TEST(hash_group_keys) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k f64", "-0.0; nan; 0.0; null; -nan; 1; null; 0.0");
  CHECK_STR(engine_all(dfq_group_by(f, "k", "count() as n")), "0.0 3; nan 2; null 2; 1.0 1");
  f = engine_scan(db, "a str, b i64",
                  "'' 1; null 1; a 1; '' 1; null null; null 1; null null; a 2");
  CHECK_STR(engine_all(dfq_group_by(f, "a, b", "count() as n")),
            "'' 1 2; null 1 2; a 1 1; null null 2; a 2 1");
  f = engine_scan(
      db, "a i32, b bool, c date, d datetime",
      "1 true 2020-01-01 2020-01-01T00:00:00; -1 true 2020-01-01 2020-01-01T00:00:00; "
      "1 true 2020-01-01 2020-01-01T00:00:00; 1 null 2020-01-01 2020-01-01T00:00:01");
  CHECK(hash_check(dfq_group_by(f, "a, b, c, d", "count() as n")));
  CHECK(
      hash_check(dfq_group_by(f, "a", "n_unique(b) as x, n_unique(c) as y, n_unique(d) as z")));
  dfq_close(db);
}

// Nulls that come late: the table of keys is rebuilt with room to mark them.
TEST(hash_late_nulls) {
  dfq *db = dfq_open(NULL);
  for (int null_at = 0; null_at < 100; null_at += 9) {
    dfq_field field[2] = { { "a", DFQ_I64, NULL }, { "b", DFQ_STR, NULL } };
    dfq_value cell[200];
    for (int i = 0; i < 100; i++) {
      cell[2 * i] = dfq__value_int(DFQ_I64, i % 11);
      cell[2 * i + 1] = dfq__value_str(i % 2 ? "x" : "", (size_t)(i % 2));
      if (i >= null_at && i % 5 == 0) cell[2 * i + i % 2] = dfq__value_null();
    }
    dfq_table *t = dfq_table_from_rows(db, field, 2, cell, 100);
    dfq_frame *f = dfq_scan_table(db, t);
    dfq_table_free(t);
    CHECK(hash_check(dfq_group_by(f, "a, b", "count() as n, n_unique(b) as u")));
    CHECK(hash_check(dfq_group_by(f, "b", "n_unique(a) as u, first(a) as f")));
    CHECK(hash_check(dfq_distinct(f, NULL)));
    CHECK(hash_check(dfq_join(f, dfq_limit(f, 30), "b, a", DFQ_FULL)));
  }
  dfq_close(db);
}

TEST(hash_many_groups) {
  enum { N = 50000 };
  dfq *db = dfq_open(NULL);
  int64_t *key = (int64_t *)test_alloc(N * sizeof *key);
  for (int i = 0; i < N; i++) key[i] = (int64_t)((i * 7919) % 25000) * 1000003;
  dfq_column column = { "k", DFQ_I64, key, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, N), *got[2];
  dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "k", "count() as n, sum(k) as s");
  for (int i = 0; i < 2; i++) {
    dfq_run_options run;
    (void)engine_way(i, &run);
    got[i] = dfq_collect(dfq_configure(f, &run));
    CHECK_INT(dfq_table_rows(got[i]), 25000);
    CHECK_INT(dfq_table_i64(got[i], 1, 0), key[1]);
    CHECK_INT(dfq_table_i64(got[i], 24999, 1), 2);
  }
  CHECK(dfq_table_equal(got[0], got[1], NULL, 0));
  for (int i = 0; i < 2; i++) dfq_table_free(got[i]);
  dfq_table_free(t);
  free(key);
  dfq_close(db);
}

// Threads take morsels of 32 batches: the groups, their order and the bits of every sum must be
// those of one thread, and an error the first in the order of rows.
TEST(hash_groups_in_threads) {
  enum { N = 6000 };
  uint64_t seed = 17;
  dfq_value *cell = (dfq_value *)test_alloc(4 * N * sizeof *cell);
  for (size_t i = 0; i < N; i++) {
    dfq_value *v = cell + 4 * i;
    v[0] = dfq__value_int(DFQ_I64, ch0_below(&seed, i < 3000 ? 20 : 600));
    v[1] = engine_random(&seed, DFQ_STR);
    v[2] = dfq__value_f64(hash_nasty(&seed, ch0_below(&seed, 6)));
    v[3] = dfq__value_int(DFQ_I64, (int64_t)i);
    for (int c = 0; c < 3 && i > 2000; c++)            // nulls come late
      if (ch0_below(&seed, 9) == 0) v[c] = dfq__value_null();
  }
  static const char *const keys[] = { "", "k", "t", "k, t", "k % 7 as z, t" };
  dfq *db = dfq_open(NULL);
  dfq_field field[4] = { { "k", DFQ_I64, NULL }, { "t", DFQ_STR, NULL }, { "x", DFQ_F64, NULL },
                         { "n", DFQ_I64, NULL } };
  dfq_table *t = dfq_table_from_rows(db, field, 4, cell, N);
  dfq_frame *f = dfq_scan_table(db, t), *other = dfq_rename(dfq_limit(f, 40), "x as y, n as o");
  dfq_table_free(t);
  for (int i = 0; i < 15; i++) {
    dfq_frame *g = i % 3 == 0 ? f : dfq_filter(dfq_with_columns(f, "x * 2 as x"), "n % 3 > 0");
    if (i % 3 == 2) g = dfq_join(g, dfq_drop(other, "t"), "k", i % 2 ? DFQ_LEFT : DFQ_INNER);
    g = dfq_group_by(g, keys[i / 3], HASH_ALL_NUMBERS ", min(t) as ms, last(t) as ls, "
                                     "n_unique(t) as us, sum(n) as sn, any(n > 5990) as an");
    dfq_run_options run;
    (void)engine_way(1, &run);
    dfq_table *want = dfq_collect(dfq_configure(g, &run));
    for (int threads = 2; threads <= 5; threads++) {
      char why[120] = "";
      run.threads = threads;
      run.batch_rows = threads == 5 ? 7 : (size_t)threads - 1;
      dfq_table *got = dfq_collect(dfq_configure(g, &run));
      if (!CHECK(got && want && dfq_table_equal(got, want, why, sizeof why)))
        test_fail("    %d threads, by %s: %s\n", threads, keys[i / 3],
                  got ? why : dfq_error(db));
      dfq_table_free(got);
    }
    dfq_table_free(want);
  }
  f = dfq_group_by(dfq_with_columns(f, "9223372036854775807 - 3100 + n as z"), "k",
                   "max(z) as z");
  CHECK_HAS(engine_all(f), "in row 3,102 (n = 3101)");
  free(cell);
  dfq_close(db);
}

TEST(hash_sorted_groups) {
  dfq *db = dfq_open(NULL);
  const char *why;
  dfq_frame *f = engine_scan(
      db, "k i64, s str, x i64",
      "3 b 1; null a 2; 1 a 3; 3 a 4; 1 a 5; null a 6; 2 null 7; 3 b 8; 1 z 9");
  dfq_frame *sorted = dfq_sort(f, "k, s");
  const char *aggs =
      "count() as n, sum(x) as t, first(x) as f, last(x) as l, n_unique(x % 2) as u, "
      "median(x) as m, max(s) as hi";
  CHECK(hash_check(dfq_group_by_sorted(sorted, "k, s", aggs)));
  CHECK(hash_check(dfq_group_by_sorted(sorted, "k", aggs)));
  CHECK_STR(engine_all(dfq_group_by_sorted(sorted, "k", aggs)),
            engine_all(dfq_group_by(sorted, "k", aggs)));
  CHECK_STR(engine_all(dfq_group_by_sorted(dfq_limit(f, 0), "k", aggs)), "");
  CHECK_STR(engine_all(dfq_group_by_sorted(f, "", "count() as n")), "9");
  CHECK_STR(engine_all(dfq_group_by_sorted(dfq_limit(f, 0), "", "count() as n")), "0");
  CHECK(hash_check(dfq_group_by_sorted(dfq_sort(f, "x"), "x", "first(s) as s")));
  dfq_frame *bad = dfq_group_by_sorted(engine_scan(db, "k i64", "1; 2; 2; 1; 3"), "k",
                                       "count() as n");
  CHECK_HAS(engine_all(bad),
            "the input is not in ascending order of the keys: row 4 goes back");
  bad = dfq_group_by_sorted(engine_scan(db, "k i64", "1; null; 2"), "k", "count() as n");
  CHECK_HAS(engine_all(bad), "row 3 goes back");
  (void)why;
  dfq_close(db);
}

// ---- joins ---------------------------------------------------------------------------------

static const dfq_join_type hash_joins[] = { DFQ_INNER, DFQ_LEFT, DFQ_RIGHT, DFQ_FULL, DFQ_SEMI,
                                            DFQ_ANTI };

// A side of a join: few keys of every kind, some null, and a number for each row.
static dfq_frame *hash_side(dfq *db, uint64_t *seed, size_t rows, const char *number, int nulls,
                            bool unique) {
  static const char *const text[] = { "", "a", "b", "thirteen byte", "thirteen bytf" };
  dfq_field field[] = { { "i", DFQ_I64, NULL }, { "s", DFQ_STR, NULL }, { "f", DFQ_F64, NULL },
                        { "d", DFQ_DATE, NULL }, { number, DFQ_I64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((5 * rows + 1) * sizeof *cell);
  for (size_t r = 0; r < rows; r++) {
    dfq_value *v = cell + 5 * r;
    int k = ch0_below(seed, 5);
    v[0] = dfq__value_int(DFQ_I64, unique ? (int64_t)(rows - r) : k);
    v[1] = dfq__value_str(text[k], strlen(text[k]));
    v[2] = dfq__value_f64(k == 0 ? -0.0 : k == 1 ? 0.0 : k == 2 ? (double)NAN : k);
    v[3] = dfq__value_int(DFQ_DATE, 10000 + ch0_below(seed, 3));
    v[4] = dfq__value_int(DFQ_I64, (int64_t)r);
    for (int c = 0; c < 4; c++)
      if (ch0_below(seed, 100) < nulls) v[c] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, field, 5, cell, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  return f;
}

// One join in its forms: hash, built on the left (where the optimizer may do that), merge.
static bool hash_join_forms(dfq_frame *a, dfq_frame *b, const char *keys,
                            dfq_join_options how) {
  how.keys = keys;
  dfq_frame *f = dfq_join_with(a, b, &how);
  if (!hash_check(f)) return test_fail("    join type %d on %s\n", (int)how.type, keys);
  if (how.type == DFQ_INNER) {
    dfq_frame *left = dfq_join_with(a, b, &how);
    left->node->join->build_left = true;
    if (!hash_check(left)) return test_fail("    built on the left, on %s\n", keys);
  }
  char sort[2][100];                                   // "a = b, c" as the order of each side
  for (int side = 0; side < 2; side++) {
    size_t n = 0;
    bool other = side == 0;
    for (const char *k = keys; *k; k++) {
      if (*k == '=') { if (side) n = 0; other = !other; continue; }
      if (*k == ',') { test_fail("  one key\n"); return false; }
      if (*k != ' ' && (other || !strchr(keys, '='))) sort[side][n++] = *k;
    }
    sort[side][n] = 0;
  }
  how.strategy = DFQ_SORTED;
  f = dfq_join_with(dfq_sort(a, sort[0]), dfq_sort(b, sort[1]), &how);
  return hash_check(f) || test_fail("    merge join type %d on %s\n", (int)how.type, keys);
}

TEST(hash_joins_match_model) {
  static const size_t sizes[][2] = { { 0, 0 }, { 0, 5 },  { 5, 0 },
                                     { 1, 1 }, { 7, 30 }, { 40, 25 } };
  static const char *const keys[] = { "i", "s", "f", "d", "i = r", "l = i" };
  uint64_t seed = 8;
  for (size_t z = 0; z < 6; z++)
    for (int t = 0; t < 6; t++) {
      dfq *db = dfq_open(NULL);
      for (int k = 0; k < 6; k++)
        for (int nulls = 0; nulls < 2; nulls++) {
          dfq_frame *a = hash_side(db, &seed, sizes[z][0], "l", nulls * 25, k == 4);
          dfq_frame *b = hash_side(db, &seed, sizes[z][1], "r", nulls * 25, k == 5);
          dfq_join_options how;
          memset(&how, 0, sizeof how);
          how.type = hash_joins[t];
          how.nulls_equal = nulls && k % 2;
          if (!hash_join_forms(a, b, keys[k], how)) { dfq_close(db); return; }
        }
      dfq_close(db);
    }
}

TEST(hash_joins_on_several_keys) {
  static const char *const keys[] = { "i, s", "i, s, f, d", "i = i, s = s, d", "l = r, i",
                                      "f, l = i, i = r" };
  uint64_t seed = 9;
  for (int t = 0; t < 6; t++)
    for (int k = 0; k < 5; k++) {
      dfq *db = dfq_open(NULL);
      dfq_frame *a = hash_side(db, &seed, 40, "l", 20, false);
      dfq_frame *b = hash_side(db, &seed, 30, "r", 20, false);
      dfq_join_options how;
      memset(&how, 0, sizeof how);
      how.keys = keys[k];
      how.type = hash_joins[t];
      how.nulls_equal = k % 2;
      CHECK(hash_check(dfq_join_with(a, b, &how)));
      how.strategy = DFQ_SORTED;
      if (k == 0)
        CHECK(hash_check(dfq_join_with(dfq_sort(a, "i, s"), dfq_sort(b, "i, s"), &how)));
      if (k == 3)
        CHECK(hash_check(dfq_join_with(dfq_sort(a, "l, i"), dfq_sort(b, "r, i"), &how)));
      if (k == 4)
        CHECK(hash_check(dfq_join_with(dfq_sort(a, "f, l, i"), dfq_sort(b, "f, i, r"), &how)));
      dfq_close(db);
    }
}

TEST(hash_joins_by_hand) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64, x str", "1 a; 2 b; null c; 2 d; 3 e");
  dfq_frame *b = engine_scan(db, "k i64, y str", "2 P; 4 Q; 2 R; null S; 1 T");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_INNER)), "1 a T; 2 b P; 2 b R; 2 d P; 2 d R");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_LEFT)),
            "1 a T; 2 b P; 2 b R; null c null; 2 d P; 2 d R; 3 e null");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_RIGHT)),
            "1 a T; 2 b P; 2 b R; 2 d P; 2 d R; 4 null Q; null null S");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_FULL)),
            "1 a T; 2 b P; 2 b R; null c null; 2 d P; 2 d R; 3 e null; 4 null Q; null null S");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_SEMI)), "1 a; 2 b; 2 d");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_ANTI)), "null c; 3 e");
  CHECK_STR(engine_all(dfq_join(dfq_limit(a, 2), dfq_limit(b, 2), NULL, DFQ_CROSS)),
            "1 a 2 P; 1 a 4 Q; 2 b 2 P; 2 b 4 Q");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.type = DFQ_FULL;
  how.nulls_equal = true;
  CHECK_STR(engine_all(dfq_join_with(a, b, &how)),
            "1 a T; 2 b P; 2 b R; null c S; 2 d P; 2 d R; 3 e null; 4 null Q");
  how.type = DFQ_ANTI;
  CHECK_STR(engine_all(dfq_join_with(a, b, &how)), "3 e");
  // A self-join shares one frame; the sides stay apart.
  CHECK_STR(engine_all(dfq_join(a, a, "k", DFQ_INNER)),
            "1 a a; 2 b b; 2 b d; 2 d b; 2 d d; 3 e e");
  dfq_close(db);
}

TEST(hash_join_names) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64, v i64, w i64", "1 10 5"),
            *b = engine_scan(db, "k i64, v i64, k2 i64", "1 20 1");
  CHECK_STR(engine_schema(dfq_join(a, b, "k", DFQ_INNER)),
            "k i64, v i64, w i64, v_right i64, k2 i64");
  CHECK_STR(engine_schema(dfq_join(a, b, "k = k2", DFQ_INNER)),
            "k i64, v i64, w i64, k_right i64, v_right i64, k2 i64");
  CHECK_STR(engine_all(dfq_join(a, b, "k = k2", DFQ_FULL)), "1 10 5 1 20 1");
  CHECK_STR(engine_schema(dfq_join(a, b, "k", DFQ_SEMI)), "k i64, v i64, w i64");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.suffix = ".b";
  CHECK_STR(engine_schema(dfq_join_with(a, b, &how)), "k i64, v i64, w i64, v.b i64, k2 i64");
  how.suffix = "";
  CHECK_HAS(engine_schema(dfq_join_with(a, b, &how)), "two columns are called v; rename one");
  dfq_frame *c = dfq_rename(a, "w as v_right");
  CHECK_HAS(engine_schema(dfq_join(c, b, "k", DFQ_LEFT)), "two columns are called v_right");
  CHECK_HAS(engine_schema(dfq_join(a, b, "w", DFQ_LEFT)), "no column w on the right side");
  CHECK_HAS(engine_schema(dfq_join(a, b, "kk", DFQ_LEFT)),
            "no column kk on the left side; did you mean k?");
  CHECK_HAS(engine_schema(dfq_join(a, b, "k = kk2", DFQ_LEFT)), "did you mean k2?");
  CHECK_HAS(engine_schema(dfq_join(a, b, "", DFQ_LEFT)), "no keys; say on which columns");
  CHECK_HAS(engine_schema(dfq_join(a, b, "k", DFQ_CROSS)), "a cross join takes no keys");
  CHECK_HAS(engine_schema(dfq_join(a, b, "k", (dfq_join_type)9)),
            "no join type has the number 9");
  CHECK_HAS(engine_schema(dfq_join(a, engine_scan(db, "k str", "1"), "k", DFQ_INNER)),
            "cannot match k (i64) with k (str)");
  CHECK_HAS(engine_schema(dfq_join(a, engine_scan(db, "k f64", "1"), "k", DFQ_INNER)), "cast");
  CHECK_HAS(engine_schema(dfq_join(a, dfq_filter(b, "zz"), "k", DFQ_INNER)), "no column zz");
  dfq_close(db);
}

TEST(hash_merge_join_wants_order) {
  dfq *db = dfq_open(NULL);
  dfq_frame *up = engine_scan(db, "k i64", "1; 2; 2; null"),
            *down = engine_scan(db, "k i64", "1; 3; 2");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.strategy = DFQ_SORTED;
  CHECK_STR(engine_all(dfq_join_with(up, up, &how)), "1; 2; 2; 2; 2");
  CHECK_HAS(engine_all(dfq_join_with(down, up, &how)),
            "the left side is not in ascending order of the keys: row 3");
  how.type = DFQ_FULL;
  CHECK_HAS(engine_all(dfq_join_with(up, down, &how)),
            "the right side is not in ascending order of the keys: row 3");
  dfq_close(db);
}

// Runs of equal keys that are longer than batches, and results larger than one.
TEST(hash_join_many_to_many) {
  dfq *db = dfq_open(NULL);
  int64_t key[300], number[300];
  for (int i = 0; i < 300; i++) { key[i] = i < 100 ? 1 : i < 280 ? i / 90 : i; number[i] = i; }
  dfq_column column[2] = { { "k", DFQ_I64, key, NULL }, { "n", DFQ_I64, number, NULL } };
  dfq_table *t = dfq_table_new(db, column, 2, 300);
  dfq_frame *f = dfq_scan_table(db, t), *g = dfq_filter(f, "n % 3 = 0");
  dfq_table_free(t);
  for (int type = 0; type < 6; type++)
    for (int sorted = 0; sorted < 2; sorted++) {
      dfq_join_options how;
      memset(&how, 0, sizeof how);
      how.keys = "k";
      how.type = hash_joins[type];
      how.strategy = sorted ? DFQ_SORTED : DFQ_AUTO;
      CHECK(hash_check(dfq_join_with(f, g, &how)));
    }
  dfq_close(db);
}

// ---- sorting -------------------------------------------------------------------------------

TEST(hash_sort_by_hand) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x f64, n i64",
                             "nan 0; 1 1; -0.0 2; null 3; inf 4; 0.0 5; -inf 6; nan 7");
  CHECK_STR(engine_all(dfq_select(dfq_sort(f, "x"), "n")), "6; 2; 5; 1; 4; 0; 7; 3");
  CHECK_STR(engine_all(dfq_select(dfq_sort(f, "x desc"), "n")), "0; 7; 4; 1; 2; 5; 6; 3");
  CHECK_STR(engine_all(dfq_select(dfq_sort(f, "x nulls first"), "n")),
            "3; 6; 2; 5; 1; 4; 0; 7");
  CHECK_STR(engine_all(dfq_select(dfq_sort(f, "x desc nulls first, n desc"), "n")),
            "3; 7; 0; 4; 1; 5; 2; 6");
  f = engine_scan(db, "s str",
                  "b; ''; a; null; B; ab; thirteen~bytf; thirteen~byte; thirteen; \xc3\xa9");
  CHECK_STR(engine_all(dfq_sort(f, "s")),
            "''; B; a; ab; b; thirteen; thirteen byte; thirteen bytf; \xc3\xa9; null");
  CHECK_STR(engine_all(dfq_sort(f, "s desc")),
            "\xc3\xa9; thirteen bytf; thirteen byte; thirteen; b; ab; a; B; ''; null");
  f = engine_scan(db, "i i64", "3; -9223372036854775808; 9223372036854775807; 0; -1");
  CHECK_STR(engine_all(dfq_sort(f, "i")),
            "-9223372036854775808; -1; 0; 3; 9223372036854775807");
  CHECK_STR(engine_all(dfq_sort(f, "i % 2 = 0, i desc")),
            "9223372036854775807; 3; -1; 0; -9223372036854775808");
  CHECK_HAS(engine_schema(dfq_sort(f, "ii")), "did you mean i?");
  CHECK_HAS(engine_schema(dfq_sort(f, "")), "dfq: ");
  CHECK_HAS(engine_schema(dfq_sort(f, "sum(i)")), "aggregate");
  CHECK_HAS(engine_schema(dfq_sort(f, "interval '1' month")), "cannot be sorted by");
  CHECK_HAS(engine_all(dfq_sort(engine_scan(db, "s str", "1; x"), "cast(s as i64)")),
            "in row 2");
  dfq_close(db);
}

TEST(hash_sort_matches_model) {
  static const char *const keys[] = {
    "a", "b desc", "a desc nulls first, b", "b nulls first, a desc", "a is null, b", "1"
  };
  uint64_t seed = 11;
  for (size_t i = 0; i < 7; i++)
    for (int k = 0; k < 6; k++)
      for (size_t rows = 0; rows < 400; rows = rows * 3 + 1) {
        dfq *db = dfq_open(NULL);
        dfq_table *t = engine_random_table(db, &seed, engine_letter_types[i],
                                           engine_letter_types[(i + (size_t)k) % 7], rows,
                                           false);
        dfq_frame *f = dfq_row_index(dfq_scan_table(db, t), "n");
        dfq_table_free(t);
        bool ok = hash_check(dfq_sort(f, keys[k]));
        dfq_close(db);
        if (!ok) { test_fail("    sort %s of %d rows\n", keys[k], (int)rows); return; }
      }
}

// What a sort makes is ordered, keeps equal rows as they were, and loses none.
static bool hash_is_sorted(const dfq_table *t, bool descending) {
  size_t n = dfq_table_rows(t);
  for (size_t r = 1; r < n; r++) {
    dfq_value a, b;
    dfq_table_get(t, r - 1, 0, &a);
    dfq_table_get(t, r, 0, &b);
    int order = model_is_null(&a) || model_is_null(&b)
                    ? (int)model_is_null(&a) - (int)model_is_null(&b)
                    : descending ? model_compare(&b, &a) : model_compare(&a, &b);
    if (order > 0 || (order == 0 && dfq_table_i64(t, r - 1, 1) >= dfq_table_i64(t, r, 1)))
      return false;
  }
  return true;
}

// shape: 0 random, 1 sorted, 2 reversed, 3 constant, 4 few keys, 5 long common prefixes
static dfq_frame *hash_shaped(dfq *db, int shape, int64_t rows, bool text) {
  dfq_field field[2] = { { "k", text ? DFQ_STR : DFQ_I64, NULL }, { "n", DFQ_I64, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((size_t)rows * 2 * sizeof *cell);
  char *room = (char *)test_alloc((size_t)rows * 40);
  uint64_t seed = 13;
  for (int64_t i = 0; i < rows; i++) {
    int64_t k = shape == 0 || shape == 5 ? (int64_t)(ch0_next(&seed) >> 40) : shape == 1 ? i
                : shape == 2 ? rows - i : shape == 3 ? 7 : ch0_below(&seed, 10);
    char *s = room + i * 40;
    if (text) snprintf(s, 40, shape == 5 ? "a prefix for all %09d" : "%09d", (int)k);
    cell[2 * i] = text ? dfq__value_str(s, strlen(s)) : dfq__value_int(DFQ_I64, k - 1000);
    if (shape == 4 && k == 0) cell[2 * i] = dfq__value_null();
    cell[2 * i + 1] = dfq__value_int(DFQ_I64, i);
  }
  dfq_table *t = dfq_table_from_rows(db, field, 2, cell, (size_t)rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  free(room);
  return f;
}

TEST(hash_sort_shapes) {
  for (int shape = 0; shape < 6; shape++)
    for (int text = 0; text < 2; text++)
      for (int desc = 0; desc < 2; desc++) {
        dfq *db = dfq_open(NULL);
        dfq_frame *f = dfq_sort(hash_shaped(db, shape, 6000, text), desc ? "k desc" : "k");
        dfq_table *got[4];
        for (int i = 0; i < 4; i++) {
          dfq_run_options run;
          (void)engine_way(i % 2, &run);
          if (i > 1) { memset(&run, 0, sizeof run); run.threads = 1 + i; }
          got[i] = dfq_collect(dfq_configure(f, &run));
          CHECK_INT(dfq_table_rows(got[i]), 6000);
          CHECK(hash_is_sorted(got[i], desc));
        }
        for (int i = 1; i < 4; i++) CHECK(dfq_table_equal(got[0], got[i], NULL, 0));
        for (int i = 0; i < 4; i++) dfq_table_free(got[i]);
        dfq_close(db);
      }
}

// The first rows of a sort, in one node, against the first rows of the whole sort.
static void hash_check_top(dfq_frame *f, const char *keys, int64_t count, int way) {
  dfq_frame *top = dfq_sort(f, keys);
  dfq_table *want = dfq_first(top, (size_t)count);
  top->node->kind = DFQ__TOP_K;              // as the optimizer makes it
  top->node->count = count;
  dfq_run_options run;
  (void)engine_way(way, &run);
  dfq_table *got = dfq_collect(dfq_configure(top, &run));
  char why[100] = "";
  if (!CHECK(got && dfq_table_equal(got, want, why, sizeof why)))
    test_fail("    top %d by %s: %s\n", (int)count, keys, why);
  dfq_table_free(got);
  dfq_table_free(want);
}

// It throws rows away while it reads: those that come after the worst it has, nulls included.
TEST(hash_top_k) {
  static const int64_t counts[] = { 0, 1, 2, 10, 100, 2047, 2048, 5000, 30000, 70000 };
  static const char *const keys[] = {
    "k", "k desc", "k nulls first", "k desc nulls first, n desc", "k, n desc",
    "k is null desc, n", "n desc"
  };
  for (int shape = 0; shape < 6; shape++)
    for (int text = 0; text < 2; text++) {
      dfq *db = dfq_open(NULL);
      dfq_frame *f = hash_shaped(db, shape, 30000, text);
      for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        hash_check_top(f, keys[(i + (size_t)shape) % 7], counts[i], (int)i % 2);
      for (size_t k = 0; shape == 4 && k < 7; k++) {
        hash_check_top(f, keys[k], 50, 1);
        hash_check_top(f, keys[k], 3500, 1);       // more than there are nulls
        hash_check_top(dfq_filter(f, "k is null or n > 29000"), keys[k], 900, 1);
      }
      dfq_close(db);
    }
}

// ---- distinct ------------------------------------------------------------------------------

TEST(hash_distinct) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(
      db, "a f64, s str, n i64",
      "-0.0 x 1; nan y 2; 0.0 x 3; null null 4; nan z 5; null null 6; 0.0 '' 7");
  CHECK_STR(engine_all(dfq_distinct(f, "a")), "-0.0 x 1; nan y 2; null null 4");
  CHECK_STR(engine_all(dfq_distinct(f, "s, a")),
            "-0.0 x 1; nan y 2; null null 4; nan z 5; 0.0 '' 7");
  CHECK_STR(engine_all(dfq_distinct(dfq_drop(f, "n"), NULL)),
            "-0.0 x; nan y; null null; nan z; 0.0 ''");
  CHECK_STR(engine_all(dfq_distinct(dfq_union(f, f), "")), engine_all(f));
  CHECK_STR(engine_all(dfq_distinct(dfq_limit(f, 0), "a")), "");
  CHECK_STR(engine_all(dfq_limit(dfq_distinct(f, "a"), 2)), "-0.0 x 1; nan y 2");
  CHECK_HAS(engine_schema(dfq_distinct(f, "aa")), "did you mean a?");
  CHECK_INT(dfq_count(dfq_distinct(dfq_drop(f, "a, s, n"), NULL)),
            1); // rows of nothing are alike
  CHECK_INT(dfq_count(dfq_distinct(dfq_limit(dfq_drop(f, "a, s, n"), 0), NULL)), 0);
  dfq_close(db);
}

// The rows before an error come through; distinct does not wait for all of its input.
TEST(hash_distinct_streams) {
  dfq *db = dfq_open(NULL);
  const char *why;
  dfq_frame *f = dfq_select(engine_scan(db, "s str", "1; 2; 1; x; 3"), "cast(s as i64) as v");
  CHECK_STR(engine_pull_all(dfq_distinct(f, NULL), &why), "1; 2");
  CHECK_HAS(why, "in row 4");
  CHECK_STR(engine_all(dfq_limit(dfq_distinct(f, NULL), 2)), "1; 2");
  CHECK_STR(engine_pull_all(dfq_join(f, f, "v", DFQ_LEFT), &why), "");
  CHECK_STR(engine_pull_all(dfq_join(f, engine_scan(db, "v i64", "1"), "v", DFQ_LEFT), &why),
            "1; 2; 1");
  CHECK_STR(engine_pull_all(dfq_sort(f, "v"), &why), "");
  CHECK_STR(engine_pull_all(dfq_group_by(f, "v", "count() as n"), &why), "");
  CHECK_STR(engine_all(dfq_limit(dfq_join(f, engine_scan(db, "v i64", "1"), "v", DFQ_LEFT), 3)),
            "1; 2; 1");
  dfq_close(db);
}

// Inputs that are never opened are closed all the same (a join below limit 0, a failing side).
TEST(hash_join_closes_both) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  for (int i = 0; engine_way(i, &run); i++) {
    engine_source s = engine_counted(10), bad = engine_counted(10);
    bad.fail_at = 3;
    dfq_frame *a = engine_source_scan(db, &s, false), *b = engine_source_scan(db, &bad, false);
    CHECK_INT(dfq_count(dfq_configure(dfq_limit(dfq_join(a, a, "i", DFQ_FULL), 0), &run)), 0);
    CHECK_INT(dfq_count(dfq_configure(dfq_join(a, b, "i", DFQ_FULL), &run)), -1);
    CHECK_INT(dfq_count(dfq_configure(dfq_join(b, a, "i", DFQ_INNER), &run)), -1);
    CHECK_INT(s.opens, s.closes);
    CHECK_INT(bad.opens, bad.closes);
  }
  dfq_close(db);
}

// ---- no memory -----------------------------------------------------------------------------

static bool hash_oom(dfq *db, dfq_engine engine) {
  dfq_frame *a = engine_scan(db, "k i64, s str",
                             "1 a; 2 a~text~of~more~than~twelve; null c; 2 d");
  dfq_frame *b = engine_scan(db, "k i64, t str",
                             "2 x; 4 another~text~that~is~long; 2 y; null z");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.type = DFQ_FULL;
  dfq_frame *f = dfq_join_with(a, b, &how);
  how.strategy = DFQ_SORTED;
  f = dfq_union(f, dfq_join_with(dfq_sort(a, "k"), dfq_sort(b, "k"), &how));
  f = dfq_sort(dfq_distinct(f, NULL), "t desc nulls first, s, k");
  f = dfq_group_by(f, "k, s",
                   "count() as n, max(t) as m, median(k / 3.0) as md, n_unique(t) as u, "
                   "var(k * 1e200) as v, last(s) as l, sum(k / 3) as sum");
  f = dfq_group_by_sorted(dfq_sort(f, "k"), "k",
                          "first(m) as m, sum(n) as n, min(s) as s, mean(md) as md, "
                          "n_unique(l) as u");
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.batch_rows = 3;
  run.threads = 1;
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  if (t)
    CHECK_STR(engine_text(t, db),
              "1 null 1 a 0.3333333333333333 1; 2 y 4 a text of more than twelve "
              "0.6666666666666666 2; 4 another text that is long 1 null "
              "1.3333333333333333 0; null null 2 c null 1");
  dfq_table_free(t);
  return t != NULL;
}

static bool hash_oom_rows(dfq *db) { return hash_oom(db, DFQ_ROW_ENGINE); }
static bool hash_oom_batches(dfq *db) { return hash_oom(db, DFQ_BATCH_ENGINE); }

TEST(hash_memory_runs_out) {
  ch0_fail_each(hash_oom_rows);
  ch0_fail_each(hash_oom_batches);
}

// The same with threads, which call the hook all at once.
typedef struct hash_hook {
  ch0_hook hook;
  dfq__lock lock;
} hash_hook;

static void *hash_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  hash_hook *h = (hash_hook *)user;
  dfq__lock_take(&h->lock);
  void *p = ch0_realloc(&h->hook, ptr, old_size, new_size);
  dfq__lock_give(&h->lock);
  return p;
}

static bool hash_oom_threads(dfq *db) {
  char rows[4000] = "";
  for (int i = 0; i < 200; i++)
    snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%d text~number~%d;", i, i % 3);
  dfq_frame *f = engine_scan(db, "n i64, s str", rows);
  f = dfq_join(dfq_filter(f, "n % 5 > 0"), dfq_distinct(f, "s"), "s", DFQ_LEFT);
  f = dfq_group_by(f, "s", "count() as c, sum(n * 1e300) > 0 as p, median(n) as m, "
                           "n_unique(n % 7) as u, max(s) as hi");
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 3;
  run.batch_rows = 1;
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  if (t)
    CHECK_STR(engine_text(t, db), "text number 1 54 true 100.0 7 text number 1; "
                                  "text number 2 53 true 101.0 7 text number 2; "
                                  "text number 0 53 true 99.0 7 text number 0");
  dfq_table_free(t);
  return t != NULL;
}

static void hash_fail_in_threads(bool (*run)(dfq *db)) {
  bool reached = true;
  for (size_t n = 1; reached && !test_now.broken; n += n < 100 ? 7 : 3) {
    hash_hook h;
    dfq_options o;
    memset(&h, 0, sizeof h);
    memset(&o, 0, sizeof o);
    h.hook = ch0_hook_new(n, n % 2);
    dfq__lock_init(&h.lock);
    o.realloc = hash_realloc;
    o.realloc_user = &h;
    dfq *db = dfq_open(&o);
    bool ok = db && run(db);
    reached = h.hook.calls >= n;
    CHECK(ok || reached);
    if (db && !ok) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    ch0_close(db, &h.hook);
    dfq__lock_free(&h.lock);
  }
}

TEST(hash_memory_runs_out_in_threads) { hash_fail_in_threads(hash_oom_threads); }

static void run_ch4_hashing(void) {
  RUN(hash_keys_are_packed);
  RUN(hash_tables_number_their_texts);
  RUN(hash_tables_give_up_numbering);
  RUN(hash_table_grows);
  RUN(hash_table_collides);
  RUN(hash_dictionary);
  RUN(hash_sums_are_exact);
  RUN(hash_sums_by_hand);
  RUN(hash_sum_parts);
  RUN(hash_variance_by_hand);
  RUN(hash_variance_is_exact);
  RUN(hash_aggregates_of_numbers);
  RUN(hash_aggregates_of_nothing);
  RUN(hash_aggregates_of_text);
  RUN(hash_integer_sums);
  RUN(hash_expressions_over_aggregates);
  RUN(hash_group_refuses);
  RUN(hash_group_keys);
  RUN(hash_late_nulls);
  RUN(hash_many_groups);
  RUN(hash_groups_in_threads);
  RUN(hash_sorted_groups);
  RUN(hash_joins_match_model);
  RUN(hash_joins_on_several_keys);
  RUN(hash_joins_by_hand);
  RUN(hash_join_names);
  RUN(hash_merge_join_wants_order);
  RUN(hash_join_many_to_many);
  RUN(hash_sort_by_hand);
  RUN(hash_sort_matches_model);
  RUN(hash_sort_shapes);
  RUN(hash_top_k);
  RUN(hash_distinct);
  RUN(hash_distinct_streams);
  RUN(hash_join_closes_both);
  RUN(hash_memory_runs_out);
  RUN(hash_memory_runs_out_in_threads);
}
