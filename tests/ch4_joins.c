// ch4_joins.c - joins that ask for more than equal keys: conditions on pairs, ranges, the
// nearest row in time, membership. Random sides against the model's nested loops, by hand, what
// the optimizer may do with a condition, and what is refused.

// A plan against the model, and run in many ways.
static bool joins_check(const char *at, dfq_frame *f) {
  if (dfq_frame_error(f)) return test_fail("  %s: %s\n", at, dfq_frame_error(f));
  if (!hash_check(f)) return test_fail("  %s\n", at);
#if DFQ_CHAPTER >= 5
  if (!dfq_check_equivalent(f, NULL)) return test_fail("  %s: %s\n", at, dfq_error(f->db));
#endif
  return true;
}
#define JOINS_CHECK(f) joins_check(TEST_AT, f)

static dfq_frame *joins_where(dfq_frame *a, dfq_frame *b, const char *keys, dfq_join_type type,
                              const char *where) {
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = keys;
  how.type = type;
  how.where = where;
  return dfq_join_with(a, b, &how);
}

// ---- conditions -----------------------------------------------------------------------------

// hash_side's columns: i i64, s str, f f64, d date, and the row's number under a name.
static const char *const joins_conditions[] = {
  "i < i_right",
  "l != r and f <= f_right",
  "i = i_right",
  "i + i_right > 3 or s = s_right",
  "d_right is null",
  "l > 5",
  "r > 5 and f is not null",
  "i < i_right and i_right < i + 3",
  "d between d_right and d_right + interval '1' day",
  "f >= f_right and r < l",
  "null",
  "true",
  "l // (i - i_right) > 1",
  "case when i = 2 then s < s_right else l < r end",
};
enum { JOINS_CONDITIONS = sizeof joins_conditions / sizeof *joins_conditions };

TEST(joins_conditions_match_model) {
  static const size_t sizes[][2] = { { 0, 0 }, { 0, 5 }, { 5, 0 }, { 1, 1 }, { 9, 30 },
                                     { 40, 25 } };
  static const char *const keys[] = { "", "d", "d = d, s" };
  uint64_t seed = 21;
  for (int z = 0; z < 6; z++)
    for (int t = 0; t < 6; t++) {
      dfq *db = dfq_open(NULL);
      dfq_frame *a = hash_side(db, &seed, sizes[z][0], "l", z % 2 * 20, false);
      dfq_frame *b = hash_side(db, &seed, sizes[z][1], "r", z % 2 * 20, false);
      for (int c = 0; c < JOINS_CONDITIONS; c++) {
        int k = (c + t + z) % 3;
        const char *where = joins_conditions[c];
        if (k == 1 && strstr(where, "d_right")) k = 0;   // a shared key is one column
        if (k == 2 && (strstr(where, "d_right") || strstr(where, "s_right"))) k = 0;
        if (JOINS_CHECK(joins_where(a, b, keys[k], hash_joins[t], where))) continue;
        test_fail("    type %d on \"%s\" where %s\n", (int)hash_joins[t], keys[k], where);
        dfq_close(db);
        return;
      }
      dfq_close(db);
    }
}

// All match, none does, and sides of more than a batch.
TEST(joins_conditions_over_batches) {
  uint64_t seed = 5;
  for (int t = 0; t < 6; t++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *a = hash_side(db, &seed, 120, "l", 10, false);
    dfq_frame *b = hash_side(db, &seed, 30, "r", 10, false);
    static const char *const where[] = { "l >= 0", "l < 0", "l % 7 = r % 7", "l < r",
                                         "l > r * 7" };
    for (int w = 0; w < 5; w++)
      for (int k = 0; k < 2; k++)
        if (!JOINS_CHECK(joins_where(a, b, k ? "i" : "", hash_joins[t], where[w])))
          test_fail("    type %d where %s\n", (int)hash_joins[t], where[w]);
    dfq_close(db);
  }
}

static dfq_frame *joins_a(dfq *db) {
  return engine_scan(db, "k i64, x i64", "1 10; 2 20; null 30; 4 null; 1 50");
}

static dfq_frame *joins_b(dfq *db) {
  return engine_scan(db, "k i64, x i64", "1 15; 3 30; null 40; 1 5; 2 null");
}

TEST(joins_conditions_by_hand) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = joins_a(db), *b = joins_b(db);
  const char *w = "x > x_right";
  CHECK_STR(engine_all(joins_where(a, b, "k", DFQ_INNER, w)), "1 10 5; 1 50 15; 1 50 5");
  CHECK_STR(engine_all(joins_where(a, b, "k", DFQ_LEFT, w)),
            "1 10 5; 2 20 null; null 30 null; 4 null null; 1 50 15; 1 50 5");
  CHECK_STR(engine_all(joins_where(a, b, "k", DFQ_RIGHT, w)),
            "1 10 5; 1 50 15; 1 50 5; 3 null 30; null null 40; 2 null null");
  CHECK_STR(engine_all(joins_where(a, b, "k", DFQ_FULL, w)),
            "1 10 5; 2 20 null; null 30 null; 4 null null; 1 50 15; 1 50 5; 3 null 30; "
            "null null 40; 2 null null");
  CHECK_STR(engine_all(joins_where(a, b, "k", DFQ_SEMI, w)), "1 10; 1 50");
  CHECK_STR(engine_all(joins_where(a, b, "k", DFQ_ANTI, w)), "2 20; null 30; 4 null");
  CHECK_STR(engine_all(joins_where(a, b, NULL, DFQ_INNER, "x = x_right + 5")),
            "1 10 1 5; 2 20 1 15");
  CHECK_STR(engine_all(joins_where(a, b, "", DFQ_CROSS, "k_right = 3 and x > 20")),
            "null 30 3 30; 1 50 3 30");
  CHECK_STR(engine_all(joins_where(a, b, NULL, DFQ_ANTI, "x < x_right")),
            "4 null; 1 50");
  dfq_join_options how;     // both forms of a condition, and another suffix
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.suffix = "_b";
  how.where = "x > x_b";
  how.condition = dfq_lt(dfq_col(db, "x"), dfq_i64(db, 20));
  CHECK_STR(engine_all(dfq_join_with(a, b, &how)), "1 10 5");
  dfq_close(db);
}

// The first pair that fails ends the result, in both engines; a semi join does not look at
// candidates behind a match.
TEST(joins_conditions_that_fail) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64, s str", "1 7; 2 8; 2 no; 3 9");
  dfq_frame *b = engine_scan(db, "k i64, t str", "2 6; 1 5; 2 4; 2 bad; 3 1");
  const char *where = "cast(s as i64) > cast(t as i64)";
  CHECK(JOINS_CHECK(joins_where(dfq_limit(a, 1), b, "k", DFQ_INNER, where)));
  CHECK(JOINS_CHECK(joins_where(dfq_limit(a, 2), b, "k", DFQ_SEMI, where)));
  CHECK_STR(engine_all(joins_where(dfq_limit(a, 2), b, "k", DFQ_SEMI, where)), "1 7; 2 8");
  CHECK_STR(engine_all(joins_where(dfq_limit(a, 2), b, "k", DFQ_ANTI, where)), "");
  for (int t = 0; t < 6; t++) {
    dfq_run_options rows;
    memset(&rows, 0, sizeof rows);
    dfq_frame *f = joins_where(a, b, "k", hash_joins[t], where);
    CHECK(!dfq_collect(f));
    CHECK_HAS(dfq_error(db), hash_joins[t] == DFQ_SEMI || hash_joins[t] == DFQ_ANTI
                             ? "(s = 'no')" : "(t = 'bad')");
    char message[400];
    snprintf(message, sizeof message, "%s", dfq_error(db));
    rows.engine = DFQ_ROW_ENGINE;
    CHECK(!dfq_collect(dfq_configure(f, &rows)));
    CHECK_STR(dfq_error(db), message);
    dfq_table *first = dfq_first(f, 1);      // before the error there are rows
    CHECK(hash_joins[t] == DFQ_ANTI || (first && dfq_table_rows(first) == 1));
    dfq_table_free(first);
  }
  dfq_close(db);
}

static bool joins_fails(const char *at, dfq_frame *f, const char *piece) {
  const char *error = dfq_frame_error(f);
  return test_has(at, "error", error ? error : "(none)", piece);
}
#define JOINS_FAILS(f, piece) joins_fails(TEST_AT, f, piece)

TEST(joins_conditions_refused) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = joins_a(db), *b = joins_b(db);
  dfq_join_options how;
  CHECK(JOINS_FAILS(joins_where(a, b, "k", DFQ_INNER, "x < y"), "no column y"));
  CHECK(JOINS_FAILS(joins_where(a, b, "k", DFQ_SEMI, "x < xright"), "x_right"));
  CHECK(JOINS_FAILS(joins_where(a, b, "k", DFQ_INNER, "x + x_right"),
                    "a condition is a bool, this is i64"));
  CHECK(JOINS_FAILS(joins_where(a, b, "k", DFQ_INNER, "x <"), "syntax error"));
  CHECK(JOINS_FAILS(joins_where(a, b, "k", DFQ_INNER, "sum(x) > 1"), "sum"));
  CHECK(JOINS_FAILS(joins_where(a, b, "k", DFQ_CROSS, "x > 1"), "takes no keys"));
  CHECK(JOINS_FAILS(joins_where(a, b, NULL, DFQ_LEFT, NULL), "give a condition"));
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.strategy = DFQ_SORTED;
  how.where = "x > 1";
  CHECK(JOINS_FAILS(dfq_join_with(a, b, &how), "takes no condition"));
  dfq_close(db);
}

// ---- ranges ---------------------------------------------------------------------------------

#if DFQ_CHAPTER >= 5
static const char *const joins_ranges[] = {
  "i <= l and r < i_right",
  "l < r",
  "l >= r",
  "f < f_right",
  "f_right < f and r > l",
  "f >= f_right and f_right > f - 2.5",
  "r <= l and l < r + 3",
  "r + 1 >= l and r - 1 <= l and s = s_right",
  "d_right > d",
  "l > r and l // (r - 3) > 0",
  "r between l - 2 and l + 2",
  "l * 2 < r and i_right >= i and f <= f_right",
  "cast(d as datetime) <= cast(d_right as datetime)",
  "s < s_right",
  "r > 3 and r < 9",
  "case when l > 3 then 1 else r end < i_right",
};

TEST(joins_ranges_match_model) {
  static const size_t sizes[][2] = { { 0, 5 }, { 7, 0 }, { 1, 1 }, { 30, 40 }, { 12, 300 },
                                     { 90, 9 } };
  uint64_t seed = 77;
  for (int z = 0; z < 6; z++)
    for (int t = 0; t < 6; t++) {
      dfq *db = dfq_open(NULL);
      dfq_frame *a = hash_side(db, &seed, sizes[z][0], "l", z * 6, false);
      dfq_frame *b = hash_side(db, &seed, sizes[z][1], "r", z * 6, t % 2);
      for (size_t w = 0; w < sizeof joins_ranges / sizeof *joins_ranges; w++) {
        dfq_frame *f = joins_where(a, b, NULL, hash_joins[t], joins_ranges[w]);
        if (z < 4 || w % 6 == (size_t)t)
          if (!JOINS_CHECK(f))
            test_fail("    type %d where %s\n", (int)hash_joins[t], joins_ranges[w]);
      }
      dfq_close(db);
    }
}

// Wide ranges go through the bitmap, narrow ones are sorted; both in the right's order.
TEST(joins_ranges_explained) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "t i64", "7; 1; null; 12; 5");
  dfq_frame *b = engine_scan(db, "low i64, high i64", "6 8; 1 5; 9 12; 4 6; null 3; 2 null");
  dfq_frame *f = joins_where(a, b, NULL, DFQ_LEFT, "low <= t and t < high");
  CHECK_STR(engine_all(f), "7 6 8; 1 1 5; null null null; 12 null null; 5 4 6");
  CHECK(OPT_OK(f, "range_join", "low <= t", "join#3", "the right side is sorted by it"));
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "[range, build right; ~");
  CHECK(JOINS_CHECK(f));
  f = joins_where(a, b, NULL, DFQ_INNER, "low != t");
  CHECK(!opt_has_step(f, true, "range_join", NULL, NULL, NULL));
  f = joins_where(a, b, "t = low", DFQ_LEFT, "t < high");    // keys are better than ranges
  CHECK(!opt_has_step(f, true, "range_join", NULL, NULL, NULL));
  f = dfq_filter(dfq_join(a, b, NULL, DFQ_CROSS), "t between low and high");
  CHECK(OPT_OK(f, "range_join", "t >= low", "join#3", NULL));
  CHECK_STR(engine_all(f), "7 6 8; 1 1 5; 12 9 12; 5 1 5; 5 4 6");
  // a scalar from the other side: one row, once for each left row
  dfq_frame *mean = dfq_group_by(b, "", "mean(low) as m");
  f = dfq_filter(dfq_join(a, mean, NULL, DFQ_CROSS), "t > m");
  CHECK_STR(engine_all(f), "7 4.4; 12 4.4; 5 4.4");
  CHECK(JOINS_CHECK(f));
  dfq_close(db);
}
#endif

// ---- where a condition may go ---------------------------------------------------------------

#if DFQ_CHAPTER >= 5
// For each type, whether a conjunct about one side may go into that input.
TEST(joins_conditions_pushed) {
  static const bool left[] = { true, false, true, false, true, false };
  static const bool right[] = { true, true, false, false, true, true };
  for (int t = 0; t < 6; t++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *f = joins_where(joins_a(db), joins_b(db), "k", hash_joins[t],
                               "x > 10 and x_right < 40 and x < x_right");
    CHECK(opt_step(TEST_AT, f, left[t], "push_filter", "x > 10", "below join#3 (left)",
                   left[t] ? "do not come out" : "decides which rows match"));
    CHECK(opt_step(TEST_AT, f, right[t], "push_filter", "x_right < 40", "below join#3 (right)",
                   right[t] ? "do not come out" : "decides which rows match"));
    CHECK(JOINS_CHECK(f));
    f = joins_where(joins_a(db), joins_b(db), NULL, hash_joins[t], "k = k_right and x != 20");
    CHECK(OPT_OK(f, "push_filter", "k = k_right", "join#3", "becomes a key"));
    CHECK(JOINS_CHECK(f));
    f = joins_where(joins_a(db), joins_b(db), "k", hash_joins[t],
                    "1000 // x_right > 60 and cast(x as i32) > 10");
    CHECK(OPT_NO(f, "push_filter", "cast(x as i32) > 10", "below join#3 (left)", NULL));
    CHECK(JOINS_CHECK(f));
    dfq_close(db);
  }
}

TEST(joins_filters_become_conditions) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(dfq_join(joins_a(db), joins_b(db), NULL, DFQ_CROSS),
                            "x < x_right and k != k_right");
  CHECK(OPT_OK(f, "push_filter", "x < x_right", "join#3", "is asked of each pair"));
  CHECK_HAS(opt_plan(f), "join#3 inner where x < x_right and k != k_right");
  CHECK(JOINS_CHECK(f));
  // only the condition reads x: it comes out of neither input's other columns
  f = dfq_select(f, "k");
  CHECK(JOINS_CHECK(f));
  f = dfq_filter(joins_where(joins_a(db), joins_b(db), "k", DFQ_LEFT, "x > 0"), "x_right > x");
  CHECK(OPT_OK(f, "outer_to_inner", NULL, "join#3", "left -> inner"));
  CHECK(OPT_OK(f, "push_filter", "x_right > x", "join#3", "is asked of each pair"));
  CHECK(JOINS_CHECK(f));
  // a filter above keeps its own rule: the join's type decides
  f = dfq_filter(joins_where(joins_a(db), joins_b(db), "k", DFQ_LEFT, "x > x_right"),
                 "x_right is null");
  CHECK(OPT_NO(f, "push_filter", "x_right is null", "below join#3 (right)", "null-extended"));
  CHECK(JOINS_CHECK(f));
  dfq_close(db);
}

TEST(joins_conditions_folded) {
  dfq *db = dfq_open(NULL);
  static const char *const where[] = { "true", "1 = 1 and x > x_right", "false", "1 > 2",
                                       "null and x > 1", "x_right > 2 + 2" };
  for (int t = 0; t < 6; t++)
    for (int w = 0; w < 6; w++)
      for (int k = 0; k < 2; k++)
        CHECK(JOINS_CHECK(joins_where(joins_a(db), joins_b(db), k ? "k" : NULL, hash_joins[t],
                                      where[w])));
  dfq_close(db);
}
#endif

// ---- the nearest row in time ----------------------------------------------------------------

static dfq_frame *joins_near(dfq_frame *a, dfq_frame *b, const char *on, const char *by,
                             dfq_asof direction, const char *tolerance, bool strict) {
  dfq_asof_options how;
  memset(&how, 0, sizeof how);
  how.on = on;
  how.by = by;
  how.direction = direction;
  how.tolerance = tolerance;
  how.strict = strict;
  return dfq_join_asof(a, b, &how);
}

TEST(joins_near_by_hand) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "t i64, s str", "5 A; 1 A; null A; 9 B; 4 null; 7 B");
  dfq_frame *b = engine_scan(db, "t i64, s str, v i64",
                             "6 B 1; 3 A 2; 5 A 3; 8 B 4; 5 A 5; null A 6; 3 null 7; 12 A 8");
  CHECK_STR(engine_all(joins_near(a, b, "t", "s", DFQ_BACKWARD, NULL, false)),
            "5 A 5 5; 1 A null null; null A null null; 9 B 8 4; 4 null null null; 7 B 6 1");
  CHECK_STR(engine_all(joins_near(a, b, "t", "s", DFQ_FORWARD, NULL, false)),
            "5 A 5 3; 1 A 3 2; null A null null; 9 B null null; 4 null null null; 7 B 8 4");
  CHECK_STR(engine_all(joins_near(a, b, "t", "s", DFQ_NEAREST, NULL, false)),
            "5 A 5 5; 1 A 3 2; null A null null; 9 B 8 4; 4 null null null; 7 B 6 1");
  CHECK_STR(engine_all(joins_near(a, b, "t", "s", DFQ_NEAREST, "1", true)),
            "5 A null null; 1 A null null; null A null null; 9 B 8 4; 4 null null null; "
            "7 B 6 1");
  CHECK_STR(engine_all(joins_near(a, b, "t", "s", DFQ_NEAREST, "1 + 1", true)),
            "5 A 3 2; 1 A 3 2; null A null null; 9 B 8 4; 4 null null null; 7 B 6 1");
  CHECK_STR(engine_all(dfq_select(joins_near(a, b, "t", NULL, DFQ_BACKWARD, NULL, true),
                                  "t, v")), "5 7; 1 null; null null; 9 4; 4 7; 7 1");
  CHECK_STR(engine_all(joins_near(a, dfq_limit(b, 0), "t", "s", DFQ_NEAREST, NULL, false)),
            "5 A null null; 1 A null null; null A null null; 9 B null null; 4 null null null; "
            "7 B null null");
  dfq_frame *c = engine_scan(db, "d date, v i64", "2020-01-01 1; 2020-01-05 2");
  const char *near = "2020-01-01 2020-01-01 1 1; 2020-01-05 2020-01-05 2 2";
  dfq_frame *later = dfq_with_columns(c, "d + interval '1' day as d");
  const char *items = "d - interval '1' day as x, d_right, v, v_right";
  static const char *const days[] = { NULL, "1", "interval '1' day", "interval '24' hour" };
  for (int i = 0; i < 4; i++) {
    dfq_frame *f = joins_near(later, c, "d", NULL, DFQ_BACKWARD, days[i], false);
    CHECK_STR(engine_all(dfq_select(f, items)), near);
  }
  dfq_frame *at = dfq_with_columns(c, "cast(d as datetime) as d");
  later = dfq_with_columns(later, "cast(d as datetime) as d");
  later = joins_near(later, at, "d", NULL, DFQ_BACKWARD, "interval '1' day", false);
  CHECK_STR(engine_all(dfq_select(later, "v_right")), "1; 2");
  dfq_close(db);
}

// Every type that has a distance, every direction, both ways of equality.
TEST(joins_near_match_model) {
  static const char *const on[] = { "i", "f", "d", "i = r", "l = i", "l = r", "e", "g" };
  static const char *const tolerance[] = { "2", "0.5", "interval '24' hour", "0", "1", "3",
                                           "interval '36' hour", "2" };
  uint64_t seed = 31;
  for (int z = 0; z < 4; z++)
    for (int k = 0; k < 8; k++) {
      dfq *db = dfq_open(NULL);
      const char *more = "*, cast(d as datetime) as e, cast(i as i32) as g";
      dfq_frame *a = hash_side(db, &seed, (size_t)z * 17, "l", z * 10, k == 4);
      dfq_frame *b = hash_side(db, &seed, (size_t)z * 23, "r", z * 10, k == 3);
      a = dfq_select(a, more);
      b = dfq_select(b, more);
      for (int way = 0; way < 12; way++) {
        const char *by = way % 4 == 0 ? NULL : way % 4 == 1 ? "s" : "s, i";
        if (JOINS_CHECK(joins_near(a, b, on[k], by, (dfq_asof)(way % 3),
                                   way / 3 % 2 ? tolerance[k] : NULL, way >= 6)))
          continue;
        test_fail("    on %s by %s, way %d\n", on[k], by ? by : "nothing", way);
      }
      dfq_close(db);
    }
}

// Differences that do not fit: distances are unsigned, floats have infinities.
TEST(joins_near_extremes) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "t i64", "-9223372036854775808; 9223372036854775807; 0");
  CHECK_STR(engine_all(joins_near(a, dfq_slice(a, 1, 1), "t", NULL, DFQ_NEAREST, NULL, false)),
            "-9223372036854775808 9223372036854775807; 9223372036854775807 "
            "9223372036854775807; 0 9223372036854775807");
  CHECK_STR(engine_all(joins_near(a, dfq_slice(a, 1, 1), "t", NULL, DFQ_NEAREST,
                                  "9223372036854775807", false)),
            "-9223372036854775808 null; 9223372036854775807 9223372036854775807; "
            "0 9223372036854775807");
  dfq_frame *f = engine_scan(db, "t f64", "inf; -inf; nan; 0.0; -0.0; 1e308");
  CHECK(JOINS_CHECK(joins_near(f, f, "t", NULL, DFQ_NEAREST, NULL, true)));
  CHECK(JOINS_CHECK(joins_near(f, f, "t", NULL, DFQ_NEAREST, "0", false)));
  CHECK(JOINS_CHECK(joins_near(f, f, "t", NULL, DFQ_BACKWARD, "f64 'inf'", true)));
  dfq_close(db);
}

TEST(joins_near_refused) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "t i64, f f64, d date, s str, b bool",
                             "1 1.0 2020-01-01 x true");
  const char *none = NULL;
  CHECK(JOINS_FAILS(joins_near(a, a, "s", none, DFQ_BACKWARD, none, false), "on s (str)"));
  CHECK(JOINS_FAILS(joins_near(a, a, "b", none, DFQ_BACKWARD, none, false), "on b (bool)"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t = f", none, DFQ_BACKWARD, none, false),
                    "cannot match"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t, f", none, DFQ_BACKWARD, none, false), "one column"));
  CHECK(JOINS_FAILS(joins_near(a, a, none, none, DFQ_BACKWARD, none, false), "one column"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t", "u", DFQ_BACKWARD, none, false), "no column u"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t", none, DFQ_BACKWARD, "0 - 1", false), "negative"));
  CHECK(JOINS_FAILS(joins_near(a, a, "f", none, DFQ_BACKWARD, "f64 'nan'", false), "negative"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t", none, DFQ_BACKWARD, "1.5", false), "is a number"));
  CHECK(JOINS_FAILS(joins_near(a, a, "d", none, DFQ_BACKWARD, "'x'", false), "days"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t", none, DFQ_BACKWARD, "t", false), "no column t"));
  CHECK(JOINS_FAILS(joins_near(a, a, "t", none, (dfq_asof)7, none, false), "direction"));
  CHECK(JOINS_FAILS(dfq_join_asof(a, a, NULL), "NULL"));
  dfq_close(db);
}

#if DFQ_CHAPTER >= 5
// A filter about the right side may not choose among the rows that are nearest.
TEST(joins_near_optimized) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "t i64, s str", "5 A; 1 A; 9 B");
  dfq_frame *b = engine_scan(db, "t i64, s str, v i64", "6 B 1; 3 A 2; 5 A 3; 8 B 4");
  dfq_frame *f = joins_near(a, b, "t", "s", DFQ_BACKWARD, NULL, false);
  dfq_frame *g = dfq_filter(f, "v < 3");
  CHECK(OPT_NO(g, "push_filter", "v < 3", "below join_asof#3 (right)", "from all rows"));
  CHECK_STR(engine_all(g), "");
  CHECK(JOINS_CHECK(g));
  g = dfq_filter(f, "t > 4");
  CHECK(OPT_OK(g, "push_filter", "t > 4", "below join_asof#3 (left)", NULL));
  CHECK(!opt_has_step(g, true, "push_filter", NULL, "below join_asof#3 (right)", NULL));
  CHECK(JOINS_CHECK(g));
  g = dfq_filter(f, "s = 'A'");
  CHECK(OPT_OK(g, "push_filter", "s = 'A'", "below join_asof#3 (right)", "its partner"));
  CHECK(JOINS_CHECK(g));
  g = dfq_limit(dfq_select(f, "v"), 2);
  CHECK(OPT_OK(g, "push_limit", NULL, "below join_asof#3", "enough"));
  CHECK(JOINS_CHECK(g));
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "[sort right; ~3 rows]");
  dfq_close(db);
}
#endif

// ---- membership, updates, merged sides ------------------------------------------------------

TEST(joins_membership) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = joins_a(db), *b = dfq_rename(joins_b(db), "k as y");
  dfq_frame *full = dfq_filter(b, "y is not null"), *none = dfq_filter(b, "y > 100");
  CHECK_STR(engine_all(dfq_filter_in(a, "k", b, "y")), "1 10; 2 20; 1 50");
  CHECK_STR(engine_all(dfq_filter_in(a, "k", dfq_select(b, "y"), NULL)), "1 10; 2 20; 1 50");
  CHECK_STR(engine_all(dfq_filter_not_in(a, "k", b, "y")), "");
  CHECK_STR(engine_all(dfq_filter_not_in(a, "k", full, "y")), "4 null");
  CHECK_STR(engine_all(dfq_filter_not_in(a, "k", none, "y")),
            "1 10; 2 20; null 30; 4 null; 1 50");
  dfq_frame *f[] = { dfq_filter_in(a, "k", b, "y"), dfq_filter_not_in(a, "k", b, "y"),
                     dfq_filter_not_in(a, "k", full, "y"), dfq_filter_not_in(a, "k", none, "y"),
                     dfq_filter(dfq_filter_not_in(a, "k", full, "y"), "k < 5 and x is null") };
  for (int i = 0; i < 5; i++) CHECK(JOINS_CHECK(f[i]));
#if DFQ_CHAPTER >= 5
  CHECK(OPT_OK(f[4], "push_filter", "k < 5", "below join#5 (left)", NULL));
  // the partner's condition would drop the nulls there
  CHECK(!opt_has_step(f[4], true, "push_filter", "y < 5", NULL, NULL));
#endif
  CHECK(JOINS_FAILS(dfq_filter_in(a, "k", b, NULL), "select one"));
  CHECK(JOINS_FAILS(dfq_filter_in(a, "z", b, "y"), "no column z"));
  CHECK(JOINS_FAILS(dfq_filter_not_in(a, NULL, b, "y"), "NULL"));
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k = y";
  how.not_in = true;
  CHECK(JOINS_FAILS(dfq_join_with(a, b, &how), "anti join on one key"));
  dfq_close(db);
}

TEST(joins_update) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "id i64, x i64, s str", "1 10 a; 2 20 b; null 30 c; 3 null d");
  dfq_frame *b = engine_scan(db, "x i64, id i64", "7 3; null 1; 8 2; 9 2; 5 null");
  CHECK_STR(engine_all(dfq_update(a, b, "id")), "1 10 a; 2 8 b; null 30 c; 3 7 d");
  CHECK(JOINS_CHECK(dfq_update(a, b, "id")));
  b = dfq_rename(b, "id as other");
  CHECK_STR(engine_all(dfq_update(a, b, "id = other")), "1 10 a; 2 8 b; null 30 c; 3 7 d");
  CHECK(JOINS_FAILS(dfq_update(a, b, "id = x"), "no column other to update"));
  CHECK(JOINS_FAILS(dfq_update(a, dfq_with_columns(b, "'q' as x"), "id = other"), "cast it"));
  CHECK(JOINS_FAILS(dfq_update(a, b, NULL), "no keys"));
  dfq_close(db);
}

TEST(joins_merge_sorted) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "t i64, s str", "1 a; 3 b; 3 c; null d");
  dfq_frame *b = engine_scan(db, "t i64, s str", "0 e; 3 f; 4 g; null h");
  CHECK_STR(engine_all(dfq_merge_sorted(a, b, "t")),
            "0 e; 1 a; 3 b; 3 c; 3 f; 4 g; null d; null h");
  CHECK(JOINS_CHECK(dfq_merge_sorted(a, b, "t")));
  CHECK(JOINS_FAILS(dfq_merge_sorted(a, dfq_drop(b, "s"), "t"), "2 columns, the other 1"));
  dfq_close(db);
}

// ---- as pipelines ---------------------------------------------------------------------------

#if DFQ_CHAPTER >= 6
// A pipeline over the two files of these tests: what it gives, after it was printed and parsed.
static const char *joins_query(dfq *db, const char *stages) {
  char text[600];
  const char *a = test_file("joins_a.csv", "k,x\n1,10\n2,20\n,30\n4,\n1,50\n");
  const char *b = test_file("joins_b.csv", "k,x\n1,15\n3,30\n,40\n1,5\n2,\n");
  snprintf(text, sizeof text, "let b = scan %s; scan %s | %s", b, a, stages);
  dfq_frame *f = dfq_query(db, text);
  if (dfq_frame_error(f)) return dfq_frame_error(f);
  const char *printed = dfq_pipeline_text(f);
  dfq_frame *again = dfq_query(db, printed);
  if (dfq_frame_error(again)) return dfq_frame_error(again);
  if (!CHECK_STR(dfq_pipeline_text(again), printed)) return "";
  CHECK_SAME(again);
  return engine_all(again);
}

TEST(joins_conditions_as_text) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(joins_query(db, "join b on k where x > x_right"), "1 10 5; 1 50 15; 1 50 5");
  CHECK_STR(joins_query(db, "join b on k anti where x > x_right | select x"), "20; 30; null");
  CHECK_STR(joins_query(db, "join b where x_right = x and k_right = 3 | select x, k_right"),
            "30 3");
  CHECK_STR(joins_query(db, "join b on k left suffix '_b' where x > x_b | limit 1"), "1 10 5");
  CHECK_STR(joins_query(db, "join b cross where x < 15 and x_right > 20"),
            "1 10 3 30; 1 10 null 40");
  CHECK_HAS(joins_query(db, "join b on k where x > y"), "no column y");
  CHECK_HAS(joins_query(db, "join b on k where x > x_right left"), "come last");
  CHECK_HAS(joins_query(db, "join b left"), "or where and a condition");
  CHECK_STR(joins_query(db, "join_asof b on x | select x, x_right"),
            "10 5; 20 15; 30 30; null null; 50 40");
  CHECK_STR(joins_query(db, "join_asof b on x = k forward tolerance 2 * 3 by k = x strict"),
            "1 10 null null; 2 20 null null; null 30 null null; 4 null null null; "
            "1 50 null null");
  CHECK_STR(joins_query(db, "join_asof b on x by k nearest tolerance 5 suffix '_b' | "
                            "select x, x_b"), "10 5; 20 null; 30 null; null null; 50 null");
  CHECK_HAS(joins_query(db, "join_asof b on x backwards"), "did you mean backward");
  CHECK_HAS(joins_query(db, "join_asof b"), "expected on");
  CHECK_STR(joins_query(db, "filter_in k in (b | select k)"), "1 10; 2 20; 1 50");
  CHECK_STR(joins_query(db, "filter_in k not in (b | select k)"), "");
  CHECK_STR(joins_query(db, "filter_in k not in (b | filter k = 1 | select k) | select k"),
            "2; 4");
  CHECK_HAS(joins_query(db, "filter_in k in b"), "select one");
  CHECK_HAS(joins_query(db, "filter_in z in b"), "no column z");
  CHECK_HAS(joins_query(db, "filter_in k b"), "expected in");
  CHECK_STR(joins_query(db, "update b on k"), "1 15; 2 20; null 30; 4 null; 1 15");
  CHECK_STR(joins_query(db, "merge_sorted (b | select x as k, k as x) by k desc | limit 3"),
            "40 null; 30 3; 15 1");
  dfq_close(db);
}
#endif

static void run_ch4_joins(void) {
  RUN(joins_conditions_match_model);
  RUN(joins_conditions_over_batches);
  RUN(joins_conditions_by_hand);
  RUN(joins_conditions_that_fail);
  RUN(joins_conditions_refused);
  RUN(joins_near_by_hand);
  RUN(joins_near_match_model);
  RUN(joins_near_extremes);
  RUN(joins_near_refused);
  RUN(joins_membership);
  RUN(joins_update);
  RUN(joins_merge_sorted);
#if DFQ_CHAPTER >= 5
  RUN(joins_near_optimized);
  RUN(joins_ranges_match_model);
  RUN(joins_ranges_explained);
  RUN(joins_conditions_pushed);
  RUN(joins_filters_become_conditions);
  RUN(joins_conditions_folded);
#endif
#if DFQ_CHAPTER >= 6
  RUN(joins_conditions_as_text);
#endif
}
