// ch5_keys_down.c - what a join hands down to the side that is asked later: where it may, where
// it must not, keys of every kind, and the filters that use them. All ways of running a plan
// give the same.

enum { KEYS_DOWN_ROWS = 700 };

// Rows of a key (null one time in nulls), a date made of it, a text of eight, and a number.
static dfq_frame *keys_down_side(dfq *db, const char *names, int rows, int64_t low,
                                 uint64_t range, int nulls, uint64_t seed) {
  static const char *const texts[] = { "red", "green", "a_rather_long_blue", "", "grey" };
  static dfq_value cell[KEYS_DOWN_ROWS * 4];
  char name[4][16];
  dfq_field field[4];
  static const dfq_type type[] = { DFQ_I64, DFQ_DATE, DFQ_STR, DFQ_F64 };
  memset(field, 0, sizeof field);
  for (int c = 0; c < 4; c++) {
    snprintf(name[c], sizeof name[c], "%c%c", names[0], "kdtx"[c]);
    field[c].name = name[c];
    field[c].type = type[c];
  }
  for (int r = 0; r < rows; r++) {
    dfq_value *v = &cell[4 * r];
    int64_t key = (int64_t)((uint64_t)low + test_random(&seed) % range);
    const char *text = texts[test_random(&seed) % 5];
    v[0] = dfq__value_int(DFQ_I64, key);
    v[1] = dfq__value_int(DFQ_DATE, (int64_t)((uint64_t)key % 1000));
    v[2] = dfq__value_str(text, strlen(text));
    v[3] = dfq__value_f64((double)(test_random(&seed) % 100) / 4);
    for (int c = 0; c < 3 && nulls; c++)
      if (test_random(&seed) % (unsigned)nulls == 0) v[c] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, field, 4, cell, (size_t)rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

static const dfq_join_type keys_down_types[] = { DFQ_INNER, DFQ_LEFT, DFQ_RIGHT, DFQ_FULL,
                                                 DFQ_SEMI,  DFQ_ANTI };

// Close to each other, negative, wide apart, at both ends of the range; unique or not; none.
TEST(keys_down_keys_of_all_kinds) {
  static const struct { int64_t low; uint64_t range; int rows; } kinds[] = {
    { 0, 50, 200 },           { -40, 60, 200 },         { 0, 5000, 120 },
    { -5000000000, 9000000000, 90 }, { INT64_MIN, 40, 90 }, { INT64_MAX - 39, 40, 90 },
    { INT64_MIN, UINT64_MAX, 60 },   { 7, 1, 3 },           { 3, 9, 0 },
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    for (int t = 0; t < 6; t++)
      for (int small = 0; small < 2; small++) {
        dfq *db = dfq_open(NULL);
        dfq_frame *a = keys_down_side(db, "a", small ? 20 : 300, kinds[i].low, kinds[i].range,
                                      9, 1 + i);
        dfq_frame *b = keys_down_side(db, "b", kinds[i].rows, kinds[i].low, kinds[i].range, 11,
                                      50 + i);
        dfq_frame *f = dfq_join(dfq_filter(a, "ax > 3.0"), dfq_filter(b, "bx < 9.0"),
                                t % 2 ? "ad = bd" : "ak = bk", keys_down_types[t]);
        if (!OPT_SAME(f)) test_fail("    keys %d type %d small %d\n", (int)i, t, small);
        dfq_close(db);
      }
}

// Through every kind of node that keeps its meaning, to the lowest filter or to one of its own.
TEST(keys_down_places) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = keys_down_side(db, "a", 600, 0, 90, 9, 3);
  dfq_frame *b = dfq_filter(keys_down_side(db, "b", 80, 0, 90, 9, 4), "bx < 3.0");
  dfq_frame *c = keys_down_side(db, "c", 80, 0, 90, 0, 5);
  dfq_frame *f = dfq_join(a, b, "ak = bk", DFQ_SEMI);
  OPT_OK(f, "join_keys_down", "ak", "join#4 to filter#5", "dropped there");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "filter#5  [ak among the keys of #4;");
  OPT_SAME(f);
  f = dfq_join(dfq_filter(a, "ax > 1.0"), b, "ak = bk", DFQ_INNER);
  OPT_OK(f, "join_keys_down", "ak", "join#5 to filter#2", NULL);
  OPT_SAME(f);
  // renamed, sorted, grouped by, and from either side of another join
  f = dfq_select(a, "ak as k, ad as d, ax + 1.0 as x");
  OPT_OK(dfq_join(f, b, "k = bk", DFQ_SEMI), "join_keys_down", "k", "join#5 to filter#6", NULL);
  OPT_SAME(dfq_join(f, b, "k = bk", DFQ_SEMI));
  f = dfq_sort(dfq_filter(a, "at != 'red'"), "ax, at");
  OPT_OK(dfq_join(f, b, "ak = bk", DFQ_INNER), "join_keys_down", "ak", NULL, NULL);
  OPT_SAME(dfq_join(f, b, "ak = bk", DFQ_INNER));
  f = dfq_filter(dfq_group_by(a, "ak as k, at", "count() as n"), "n > 1");
  OPT_OK(dfq_join(f, b, "k = bk", DFQ_RIGHT), "join_keys_down", "k", "join#6 to filter#7",
         NULL);
  OPT_SAME(dfq_join(f, b, "k = bk", DFQ_RIGHT));
  for (int t = 0; t < 6; t++) {
    f = dfq_join(dfq_filter(a, "ax > 1.0"), c, "ad = cd", keys_down_types[t]);
    OPT_SAME(dfq_join(f, b, "ak = bk", DFQ_SEMI));
    if (keys_down_types[t] == DFQ_SEMI || keys_down_types[t] == DFQ_ANTI) continue;
    OPT_SAME(dfq_join(f, b, "ck = bk", DFQ_INNER));
    OPT_SAME(dfq_join(f, b, "ck = bk, ak = bk", DFQ_SEMI));
  }
  f = dfq_join(dfq_join(a, c, "ad = cd", DFQ_INNER), b, "ck = bk", DFQ_INNER);
  OPT_OK(f, "join_keys_down", "ck", "join#6 to filter#7", NULL);
  dfq_close(db);
}

TEST(keys_down_refused) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = keys_down_side(db, "a", 600, 0, 90, 9, 3), *l = dfq_filter(a, "ax > 1.0");
  dfq_frame *all = keys_down_side(db, "b", 80, 0, 90, 9, 4), *b = dfq_filter(all, "bx < 3.0");
  OPT_NO(dfq_join(l, b, "ak = bk", DFQ_LEFT), "join_keys_down", "ak", "join#5",
         "rows without a partner come out");
  OPT_NO(dfq_join(l, b, "ak = bk", DFQ_FULL), "join_keys_down", "ak", NULL, NULL);
  OPT_NO(dfq_join(l, all, "ak = bk", DFQ_INNER), "join_keys_down", "ak", NULL,
         "nothing is left out");
  OPT_NO(dfq_join(l, b, "at = bt", DFQ_INNER), "join_keys_down", "at", NULL,
         "only integers and dates");
  OPT_NO(dfq_join(l, b, "ax = bx", DFQ_INNER), "join_keys_down", "ax", NULL,
         "only integers and dates");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "ak = bk";
  how.nulls_equal = true;
  OPT_NO(dfq_join_with(l, b, &how), "join_keys_down", "ak", NULL, "null may be one");
  OPT_SAME(dfq_join_with(l, b, &how));
  // what counts rows, computes the key, brings rows back, or may fail
  dfq_frame *stop[] = {
    dfq_limit(a, 500), dfq_row_index(a, "n"), dfq_with_columns(a, "ak + 0 as ak"),
    dfq_distinct(a, "at"), dfq_union(a, a), dfq_select(a, "ak, sum(ax) over () as s"),
  };
  for (size_t i = 0; i < sizeof stop / sizeof *stop; i++) {
    dfq_frame *f = dfq_join(stop[i], b, "ak = bk", DFQ_SEMI);
    if (!OPT_NO(f, "join_keys_down", "ak", NULL, "no rows can be dropped earlier"))
      test_fail("    %d\n", (int)i);
    OPT_SAME(f);
  }
  dfq_frame *bad = dfq_filter(a, "ax > 1.0 and cast(at as i64) > 3");
  CHECK(dfq_collect(dfq_join(bad, b, "ak = bk", DFQ_SEMI)) == NULL);
  CHECK_HAS(dfq_error(db), "has no value of type i64");
  dfq_close(db);
}

// A semi or anti join that builds on its smaller left side marks rows: keys that come often on
// either side, and nulls, on one thread and two.
TEST(keys_down_marks) {
  for (int range = 5; range < 500; range *= 9)
    for (int t = 4; t < 6; t++)
      for (int nulls = 0; nulls < 8; nulls += 7) {
        dfq *db = dfq_open(NULL);
        dfq_frame *a = keys_down_side(db, "a", 60, 0, (uint64_t)range, nulls, 8);
        dfq_frame *b = keys_down_side(db, "b", 700, 0, (uint64_t)range, nulls, 9);
        dfq_frame *f = dfq_join(a, dfq_filter(b, "bx > 9.0"), "ak = bk", keys_down_types[t]);
        OPT_OK(f, "build_side", "build left", NULL, NULL);
        OPT_SAME(f);
        OPT_SAME(dfq_join(a, b, "at = bt, ak = bk", keys_down_types[t]));
        f = dfq_join(a, dfq_group_by(b, "bk", "count() as n"), "ak = bk", keys_down_types[t]);
        OPT_SAME(dfq_group_by(f, "at", "sum(ax) as x, count() as n"));
        dfq_close(db);
      }
}

// Filters: tests by cost and by what they drop, texts by number, nulls, and an expression that
// may fail, which sees only what those written before it let through.
TEST(keys_down_filters) {
  static const char *const conditions[] = {
    "at = 'red' and ax > 9.0",
    "at like '%e%' and ax > 9.0 and ak < 40",
    "at is null or at like 'gr%'",
    "at in ('red', '', 'a_rather_long_blue') and at != 'red' and ad > date '1970-01-20'",
    "ak > 3 and ax > 20.0 and ak < 80 and ax < 21.0",
    "ax > 400.0 and at = 'red'",
    "ak is not null and at != '' and cast(concat('1', cast(ak as str)) as i64) > 150 and "
    "ax > 1.0",
    "ax >= 0.0 and at is not null",
    "contains(at, 'e') = (ak > 40)",
  };
  dfq *db = dfq_open(NULL);
  dfq_frame *a = keys_down_side(db, "a", KEYS_DOWN_ROWS, 0, 90, 9, 3);
  for (int again = 0; again < 2; again++) {   // the second time the texts have numbers
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
      OPT_SAME(dfq_filter(a, conditions[i]));
    OPT_SAME(dfq_group_by(dfq_filter(a, "at != 'red'"), "at", "count() as n"));
  }
  dfq_frame *bad = dfq_filter(a, "ax >= 0.0 and at != 'red' and cast(at as i64) > 3");
  CHECK(dfq_collect(bad) == NULL);
  CHECK_HAS(dfq_error(db), "has no value of type i64");
  dfq_close(db);
}

static void run_ch5_keys_down(void) {
  RUN(keys_down_keys_of_all_kinds);
  RUN(keys_down_places);
  RUN(keys_down_refused);
  RUN(keys_down_marks);
  RUN(keys_down_filters);
}
