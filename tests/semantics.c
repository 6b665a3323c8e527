// semantics.c - what dfq means, a test for each row of the table of meanings, for each row of
// the table of legal pushdowns, and for each trap of the engine that the course was taken from.
//
// Every frame is run by engine_all: rows, batches of several sizes, and the optimizer where it
// is there; all must agree, and the result is stated here.

// The value of an expression over one row, as text.
static const char *sem_value(dfq *db, const char *fields, const char *row, const char *expr) {
  char items[600];
  snprintf(items, sizeof items, "%s as result", expr);
  return engine_all(dfq_select(engine_scan(db, fields, row), items));
}

#define SEM(expr, want) CHECK_STR(sem_value(db, fields, row, expr), want)

// ---- the table of meanings -----------------------------------------------------------------

TEST(sem_null_comparisons) {
  dfq *db = dfq_open(NULL);
  const char *fields = "x i64, n i64, s str", *row = "1 null a";
  SEM("n = x", "null");
  SEM("n < x", "null");
  SEM("n = n", "null");
  SEM("n != null", "null");
  SEM("n is distinct from x", "true");
  SEM("n is distinct from n", "false");
  SEM("n is not distinct from null", "true");
  SEM("x is not distinct from 1", "true");
  SEM("n + 1 is null", "true");
  SEM("n between 0 and 2", "null");
  SEM("s like try_cast(n as str)", "null");
  dfq_close(db);
}

TEST(sem_not_null) {
  dfq *db = dfq_open(NULL);
  const char *fields = "b bool", *row = "null";
  SEM("not b", "null");
  SEM("not (b = true)", "null");
  dfq_close(db);
}

TEST(sem_kleene) {
  static const char *const name[] = { "f", "t", "n" };
  static const char *const both[] = { "false", "false", "false", "false", "true",
                                      "null",  "false", "null",  "null" };
  static const char *const either[] = { "false", "true", "null", "true", "true", "true", "null",
                                        "true", "null" };
  dfq *db = dfq_open(NULL);
  const char *fields = "f bool, t bool, n bool", *row = "false true null";
  for (int i = 0; i < 9; i++) {
    char expr[20];
    snprintf(expr, sizeof expr, "%s and %s", name[i / 3], name[i % 3]);
    SEM(expr, both[i]);
    snprintf(expr, sizeof expr, "%s or %s", name[i / 3], name[i % 3]);
    SEM(expr, either[i]);
  }
  dfq_close(db);
}

TEST(sem_filter_on_null) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64", "1; null; 3");
  CHECK_STR(engine_all(dfq_filter(f, "x > 1")), "3");
  CHECK_STR(engine_all(dfq_filter(f, "x > 1 or null")), "3");
  CHECK_STR(engine_all(dfq_filter(f, "null")), "");
  dfq_close(db);
}

TEST(sem_in_with_null) {
  dfq *db = dfq_open(NULL);
  const char *fields = "x i64, n i64", *row = "1 null";
  SEM("x in (2, null)", "null");
  SEM("x in (1, null)", "true");
  SEM("x not in (2, null)", "null");
  SEM("x in (2, 3)", "false");
  SEM("n in (1, 2)", "null");
  SEM("n in (null, 2)", "null");
  dfq_close(db);
}

TEST(sem_aggregates_of_nulls) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64, y f64", "null null; null null");
  CHECK_STR(engine_all(dfq_group_by(
                f, "", "sum(x) as a, sum(y) as b, mean(y) as c, min(x) as d, max(y) as e")),
            "null null null null null");
  dfq_close(db);
}

TEST(sem_counts) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64", "1; null; 1");
  CHECK_STR(engine_all(dfq_group_by(f, "", "count(x) as c, count() as n")), "2 3");
  dfq_close(db);
}

TEST(sem_n_unique) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x f64", "1; null; 1; nan; nan; 0.0; -0.0; null");
  CHECK_STR(engine_all(dfq_group_by(f, "", "n_unique(x) as u")), "3");
  dfq_close(db);
}

TEST(sem_first_and_last) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64", "null; 2; 3; null");
  CHECK_STR(
      engine_all(dfq_group_by(
          f, "", "first(x) as a, last(x) as b, first_non_null(x) as c, last_non_null(x) as d")),
      "null null 2 3");
  dfq_close(db);
}

TEST(sem_group_key_null) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k str", "a; null; a; null; null");
  CHECK_STR(engine_all(dfq_group_by(f, "k", "count() as n")), "a 2; null 3");
  dfq_close(db);
}

TEST(sem_join_key_null) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64, x str", "null a; 1 b"),
            *b = engine_scan(db, "k i64, y str", "null P; 1 Q; null R");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_INNER)), "1 b Q");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_LEFT)), "null a null; 1 b Q");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_ANTI)), "null a");
  how.keys = "k";
  how.nulls_equal = true;
  CHECK_STR(engine_all(dfq_join_with(a, b, &how)), "null a P; null a R; 1 b Q");
  dfq_close(db);
}

TEST(sem_nan_is_equal_and_greatest) {
  dfq *db = dfq_open(NULL);
  const char *fields = "x f64, y f64, i f64", *row = "nan nan inf";
  SEM("x = y", "true");
  SEM("x != y", "false");
  SEM("x > i", "true");
  SEM("i < x", "true");
  SEM("x <= i", "false");
  SEM("x >= y", "true");
  SEM("x < y", "false");
  SEM("x in (1.0, f64 'nan')", "true");
  SEM("x is distinct from y", "false");
  dfq_frame *f = engine_scan(db, "x f64, n i64", "nan 1; inf 2; null 3; 1 4; nan 5");
  CHECK_STR(engine_all(dfq_select(dfq_sort(f, "x"), "n")), "4; 2; 1; 5; 3");
  CHECK_STR(engine_all(dfq_group_by(f, "x", "count() as n")), "nan 2; inf 1; null 1; 1.0 1");
  CHECK_STR(engine_all(dfq_select(dfq_join(f, dfq_limit(f, 1), "x", DFQ_INNER), "n, n_right")),
            "1 1; 5 1");
  dfq_close(db);
}

TEST(sem_max_with_nan) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x f64", "1; nan; 3");
  CHECK_STR(engine_all(dfq_group_by(f, "", "max(x) as hi, min(x) as lo")), "nan 1.0");
  dfq_close(db);
}

TEST(sem_minus_zero) {
  dfq *db = dfq_open(NULL);
  const char *fields = "x f64, y f64", *row = "-0.0 0.0";
  SEM("x = y", "true");
  SEM("x < y", "false");
  dfq_frame *f = engine_scan(db, "x f64", "-0.0; 0.0");
  CHECK_STR(engine_all(dfq_group_by(f, "x", "count() as n, min(x) as lo")), "0.0 2 0.0");
  CHECK_STR(engine_all(dfq_join(f, f, "x", DFQ_SEMI)), "-0.0; 0.0");
  CHECK_INT(dfq_count(dfq_join(f, f, "x", DFQ_INNER)), 4);
  CHECK_INT(dfq_count(dfq_distinct(f, NULL)), 1);
  dfq_close(db);
}

TEST(sem_integer_overflow) {
  static const char *const fails[] = { "x + 1",  "0 - y - 0", "x * 2", "y // -1",
                                       "abs(y)", "neg(y)",    "y - 1" };
  dfq *db = dfq_open(NULL);
  const char *fields = "x i64, y i64", *row = "9223372036854775807 -9223372036854775808";
  for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
    const char *got = sem_value(db, fields, row, fails[i]);
    CHECK_HAS(got, "overflows i64, in row 1 (");
    CHECK_HAS(got,
              strchr(fails[i], 'x') ? "x = 9223372036854775807" : "y = -9223372036854775808");
  }
  SEM("wrap_add(x, 1)", "-9223372036854775808");
  SEM("wrap_sub(y, 1)", "9223372036854775807");
  SEM("wrap_mul(x, 2)", "-2");
  SEM("y % -1", "0");
  SEM("cast(x as f64) + 1", "9.223372036854776e+18");
  dfq_close(db);
}

TEST(sem_sum_of_integers) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64", "9223372036854775807; 1; -2");
  CHECK_STR(engine_all(dfq_group_by(f, "", "sum(x) as s")), "9223372036854775806");
  CHECK_HAS(engine_all(dfq_group_by(dfq_limit(f, 2), "", "sum(x) as s")), "overflows i64");
  CHECK_STR(engine_schema(dfq_group_by(f, "", "sum(cast(1 as i32)) as s")), "s i64");
  dfq_close(db);
}

// 0.1 ten times, with a large value that comes and goes: any order gives the same bits.
TEST(sem_sum_of_floats) {
  dfq *db = dfq_open(NULL);
  const char *want = "1.0 0.08333333333333333";
  const char *orders[] = { "1e16; 0.1; 0.1; 0.1; 0.1; 0.1; 0.1; 0.1; 0.1; 0.1; 0.1; -1e16",
                           "0.1; 0.1; 0.1; 0.1; 1e16; 0.1; -1e16; 0.1; 0.1; 0.1; 0.1; 0.1",
                           "-1e16; 0.1; 0.1; 0.1; 0.1; 0.1; 1e16; 0.1; 0.1; 0.1; 0.1; 0.1" };
  for (int i = 0; i < 3; i++)
    CHECK_STR(engine_all(dfq_group_by(engine_scan(db, "x f64", orders[i]), "",
                                      "sum(x) as s, mean(x) as m")),
              want);
  dfq_close(db);
}

TEST(sem_division) {
  dfq *db = dfq_open(NULL);
  const char *fields = "a i64, z i64, f f64, g f64", *row = "7 0 -7.5 0.0";
  SEM("a / 2", "3.5");
  SEM("a / z", "inf");
  SEM("-a / z", "-inf");
  SEM("z / z", "nan");
  SEM("a // z", "null");
  SEM("a % z", "null");
  SEM("f // g", "null");
  SEM("f % g", "null");
  SEM("f / g", "-inf");
  CHECK_STR(engine_schema(dfq_select(engine_scan(db, "a i64", ""), "a / a as q")), "q f64");
  dfq_close(db);
}

TEST(sem_division_of_negatives) {
  dfq *db = dfq_open(NULL);
  const char *fields = "a i64, b i64", *row = "-7 2";
  SEM("a // b", "-3");
  SEM("a % b", "-1");
  SEM("a // -b", "3");
  SEM("-a % -b", "1");
  SEM("floor_div(a, b)", "-4");
  SEM("floor_mod(a, b)", "1");
  SEM("floor_mod(-a, -b)", "-1");
  SEM("-7.5 // 2", "-3.0");
  SEM("floor_div(-7.5, 2)", "-4.0");
  dfq_close(db);
}

TEST(sem_promotion) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "i i64, n i32, x f64, d date", "3 2 0.5 2020-01-01");
  CHECK_STR(engine_schema(dfq_select(
                f, "i * x as a, n + n as b, n * x as c, i > x as e, i / i as g, d - d as h")),
            "a f64, b i64, c f64, e bool, g f64, h i64");
  CHECK_STR(
      engine_all(dfq_select(f, "i * x as a, n + n as b, i = 3.0 as c, n in (2.0, 5) as e")),
      "1.5 4 true true");
  dfq_close(db);
}

TEST(sem_times_an_interval) {
  dfq *db = dfq_open(NULL);
  const char *fields = "k i64, n i64, d date", *row = "-1 null 2024-03-31";
  SEM("d + k * interval '1' month", "2024-02-29");
  SEM("d + interval '2' day * k", "2024-03-29");
  SEM("d + n * interval '1' day", "null");
  SEM("d - k * interval '1' day", "2024-04-01");
  CHECK_HAS(sem_value(db, fields, row, "d - k * interval '9000' year"), "leaves the years");
  dfq_close(db);
}

TEST(sem_cast_failure) {
  dfq *db = dfq_open(NULL);
  const char *got;
  const char *fields = "s str", *row = "12x";
  got = sem_value(db, fields, row, "cast(s as i64)");
  CHECK_HAS(got, "cast(s as i64) has no value of type i64, in row 1 (s = '12x')");
  SEM("try_cast(s as i64)", "null");
  SEM("try_cast('' as f64)", "null");
  SEM("cast('12' as i64)", "12");
  dfq_close(db);
}

TEST(sem_float_to_integer) {
  dfq *db = dfq_open(NULL);
  const char *fields = "x f64, y f64, z f64, n f64", *row = "2.9 -2.9 9223372036854775808 nan";
  SEM("cast(x as i64)", "2");
  SEM("cast(y as i64)", "-2");
  SEM("try_cast(z as i64)", "null");
  SEM("try_cast(n as i64)", "null");
  SEM("cast(-z as i64)", "-9223372036854775808");
  CHECK_HAS(sem_value(db, fields, row, "cast(z as i64)"), "has no value of type i64");
  SEM("try_cast(x * 1e9 as i32)", "null");
  dfq_close(db);
}

TEST(sem_no_implicit_conversion) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "s str, i i64, b bool", "1 1 true");
  CHECK_HAS(engine_schema(dfq_select(f, "s + i as x")), "type error");
  CHECK_HAS(engine_schema(dfq_filter(f, "s = 1")), "type error");
  CHECK_HAS(engine_schema(dfq_filter(f, "b = 1")), "type error");
  CHECK_HAS(engine_schema(dfq_select(f, "b + 1 as x")), "type error");
  CHECK_HAS(engine_schema(dfq_select(f, "case when b then s else i end as x")), "type error");
  CHECK_HAS(engine_schema(dfq_filter(f, "i in ('a')")), "type error");
  CHECK_STR(engine_all(dfq_select(f, "cast(s as i64) + i + cast(b as i64) as x")), "3");
  dfq_close(db);
}

TEST(sem_string_length) {
  dfq *db = dfq_open(NULL);
  const char *fields = "s str", *row = "gr\xc3\xbc\xc3\x9f";
  SEM("len_bytes(s)", "6");
  SEM("len_chars(s)", "4");
  CHECK_HAS(engine_schema(dfq_select(engine_scan(db, fields, row), "len(s) as x")),
            "no function len");
  dfq_close(db);
}

TEST(sem_string_order) {
  dfq *db = dfq_open(NULL);
  const char *fields = "a str, b str, c str", *row = "Z a \xc3\xa9";
  SEM("a < b and b < c", "true");
  SEM("a < 'ZZ' and '' < a", "true");
  dfq_close(db);
}

TEST(sem_sort) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64, n i64", "2 0; null 1; 1 2; 2 3; null 4; 1 5");
  CHECK_STR(engine_all(dfq_sort(f, "x")), "1 2; 1 5; 2 0; 2 3; null 1; null 4");
  CHECK_STR(engine_all(dfq_sort(f, "x desc")), "2 0; 2 3; 1 2; 1 5; null 1; null 4");
  CHECK_STR(engine_all(dfq_sort(f, "x nulls first")), "null 1; null 4; 1 2; 1 5; 2 0; 2 3");
  CHECK_STR(engine_all(dfq_sort(f, "x desc nulls first, n desc")),
            "null 4; null 1; 2 3; 2 0; 1 5; 1 2");
  dfq_close(db);
}

TEST(sem_row_order) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64, n i64", "3 0; 1 1; 2 2; 1 3"),
            *b = engine_scan(db, "k i64, m i64", "1 0; 3 1; 1 2; 9 3");
  CHECK_STR(engine_all(dfq_filter(a, "k < 3")), "1 1; 2 2; 1 3");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_INNER)), "3 0 1; 1 1 0; 1 1 2; 1 3 0; 1 3 2");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_FULL)),
            "3 0 1; 1 1 0; 1 1 2; 2 2 null; 1 3 0; 1 3 2; 9 null 3");
  CHECK_STR(engine_all(dfq_join(dfq_limit(a, 1), b, "k", DFQ_INNER)), "3 0 1");
  dfq_close(db);
}

TEST(sem_group_order) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k str", "z; a; null; z; m; a");
  CHECK_STR(engine_all(dfq_group_by(f, "k", "count() as n")), "z 2; a 2; null 1; m 1");
  dfq_close(db);
}

TEST(sem_aggregate_of_nothing) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x i64", "");
  CHECK_STR(engine_all(dfq_group_by(f, "", "count() as n, sum(x) as s")), "0 null");
  CHECK_STR(engine_all(dfq_group_by(dfq_filter(engine_scan(db, "x i64", "1"), "x > 1"), "",
                                    "count() as n")),
            "0");
  CHECK_STR(engine_all(dfq_group_by(f, "x", "count() as n")), "");
  dfq_close(db);
}

TEST(sem_join_name_clash) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64, v i64", "1 2"),
            *b = engine_scan(db, "k i64, v i64", "1 3");
  CHECK_STR(engine_schema(dfq_join(a, b, "k", DFQ_INNER)), "k i64, v i64, v_right i64");
  CHECK_HAS(engine_schema(dfq_join(dfq_with_columns(a, "1 as v_right"), b, "k", DFQ_INNER)),
            "two columns are called v_right");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.suffix = "_b";
  CHECK_STR(engine_schema(dfq_join_with(dfq_with_columns(a, "1 as v_right"), b, &how)),
            "k i64, v i64, v_right i64, v_b i64");
  dfq_close(db);
}

TEST(sem_join_keys_of_one_name) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64", "1; 2"),
            *b = engine_scan(db, "k i64, j i64", "2 2; 3 3");
  CHECK_STR(engine_all(dfq_join(a, b, "k", DFQ_FULL)), "1 null; 2 2; 3 3");
  CHECK_STR(engine_all(dfq_join(a, dfq_drop(b, "k"), "k = j", DFQ_FULL)),
            "1 null; 2 2; null 3");
  CHECK_STR(engine_schema(dfq_join(a, dfq_drop(b, "k"), "k = j", DFQ_FULL)), "k i64, j i64");
  dfq_close(db);
}

TEST(sem_names) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "Amount i64, amount i64", "1 2");
  CHECK_STR(engine_all(dfq_select(f, "amount")), "2");
  CHECK_STR(engine_all(dfq_select(f, "Amount")), "1");
  CHECK_HAS(engine_schema(dfq_select(f, "AMOUNT")), "did you mean ");
  dfq_close(db);
}

TEST(sem_union) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "x i64, y str", "1 a"),
            *b = engine_scan(db, "y str, x i64", "b 2");
  CHECK_HAS(engine_schema(dfq_union(a, b)),
            "column 1 is x (i64) on one side, y (str) on the other");
  CHECK_STR(engine_all(dfq_union(a, dfq_select(b, "x, y"))), "1 a; 2 b");
  CHECK_HAS(engine_schema(dfq_union(a, dfq_select(b, "cast(x as f64) as x, y"))),
            "(f64) on the other");
  dfq_close(db);
}

// ---- the traps of the reference engine -----------------------------------------------------

TEST(sem_trap_left_join_then_filter_on_the_right) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64", "1; 2; 3"),
            *b = engine_scan(db, "k i64, v i64", "1 5; 2 50");
  dfq_frame *f = dfq_join(a, b, "k", DFQ_LEFT);
  CHECK_STR(engine_all(dfq_filter(f, "v < 10")), "1 5");
  CHECK_STR(engine_all(dfq_filter(f, "v is null")), "3 null");
  CHECK_STR(engine_all(dfq_filter(f, "v is null or v > 10")), "2 50; 3 null");
  CHECK_STR(engine_all(dfq_filter(f, "coalesce(v, 0) < 10")), "1 5; 3 null");
  dfq_close(db);
}

TEST(sem_trap_null_keys_in_a_sorted_join) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64", "1; null; null"),
            *b = engine_scan(db, "k i64, v i64", "1 5; null 6");
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.strategy = DFQ_SORTED;
  CHECK_STR(engine_all(dfq_join_with(a, b, &how)), "1 5");
  how.type = DFQ_FULL;
  CHECK_STR(engine_all(dfq_join_with(a, b, &how)), "1 5; null null; null null; null 6");
  dfq_close(db);
}

TEST(sem_trap_not_keeps_nulls_out) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(engine_all(dfq_filter(engine_scan(db, "x i64", "1; null; 3"), "not (x > 2)")), "1");
  dfq_close(db);
}

TEST(sem_trap_sum_of_nulls) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(engine_all(dfq_group_by(engine_scan(db, "k i64, x i64", "1 null; 2 3; 1 null"), "k",
                                    "sum(x) as s")),
            "1 null; 2 3");
  dfq_close(db);
}

TEST(sem_trap_types_of_arithmetic) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(engine_schema(dfq_select(engine_scan(db, "i i64, x f64", ""), "i * x as p")),
            "p f64");
  dfq_close(db);
}

// Columns that nobody needs are not read, through sort, rename, union and row index as well.
TEST(sem_trap_pruning_stops) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64, b i64, c i64", "3 1 7; 1 2 8");
  f = dfq_row_index(dfq_rename(dfq_sort(dfq_union(f, f), "a"), "b as z"), "i");
  CHECK_STR(engine_all(dfq_select(f, "i, z")), "0 2; 1 2; 2 1; 3 1");
  dfq_close(db);
}

TEST(sem_trap_union_checks_names) {
  dfq *db = dfq_open(NULL);
  CHECK_HAS(engine_schema(dfq_union(engine_scan(db, "a i64, b i64", "1 2"),
                                    engine_scan(db, "b i64, a i64", "1 2"))),
            "column 1 is a (i64) on one side, b (i64) on the other");
  dfq_close(db);
}

TEST(sem_trap_empty_inputs) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k i64, v i64", ""),
            *one = engine_scan(db, "k i64, v i64", "1 2");
  CHECK_STR(engine_all(dfq_group_by(f, "k", "sum(v) as s")), "");
  CHECK_STR(engine_all(dfq_sort(f, "k desc")), "");
  CHECK_STR(engine_all(dfq_distinct(f, NULL)), "");
  CHECK_STR(engine_all(dfq_join(f, one, "k", DFQ_LEFT)), "");
  CHECK_STR(engine_all(dfq_join(one, f, "k", DFQ_LEFT)), "1 2 null");
  CHECK_STR(engine_all(dfq_join(f, one, "k", DFQ_FULL)), "1 null 2");
  CHECK_STR(engine_all(dfq_join(f, f, "k", DFQ_FULL)), "");
  CHECK_STR(engine_all(dfq_join(one, f, NULL, DFQ_CROSS)), "");
  CHECK_STR(engine_all(dfq_union(f, one)), "1 2");
  dfq_close(db);
}

TEST(sem_trap_descending_sort_and_nan_groups) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x f64", "1; null; nan; nan; 2");
  CHECK_STR(engine_all(dfq_sort(f, "x desc")), "nan; nan; 2.0; 1.0; null");
  CHECK_STR(engine_all(dfq_group_by(f, "x", "count() as n")), "1.0 1; null 1; nan 2; 2.0 1");
  dfq_close(db);
}

// ---- where a filter may go -----------------------------------------------------------------
// The data are such that a push that is not legal changes the rows. engine_all compares the
// plan as written with what the optimizer makes of it; from chapter 5 on so does
// dfq_check_equivalent.

static const char *sem_pushed(dfq_frame *f) {
#if DFQ_CHAPTER >= 5
  if (!CHECK(dfq_check_equivalent(f, NULL))) test_fail("    %s\n", dfq_error(f->db));
#endif
  return engine_all(f);
}

typedef struct sem_sides { dfq *db; dfq_frame *a, *b; } sem_sides;

// Keys that match none, one and two rows, and are null on both sides.
static sem_sides sem_two(void) {
  sem_sides s;
  s.db = dfq_open(NULL);
  s.a = engine_scan(s.db, "k i64, x i64", "1 10; 2 20; null 30; 4 null; 1 50");
  s.b = engine_scan(s.db, "k i64, y i64", "1 100; 3 300; null 400; 1 500; 2 null");
  return s;
}

TEST(sem_push_inner_and_cross) {
  sem_sides s = sem_two();
  dfq_frame *f = dfq_join(s.a, s.b, "k", DFQ_INNER);
  CHECK_STR(sem_pushed(dfq_filter(f, "x > 15")), "2 20 null; 1 50 100; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "y > 100 and x < 20")), "1 10 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "y is null or x = 50")), "2 20 null; 1 50 100; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "x * 10 = y")), "1 10 100; 1 50 500");
  f = dfq_join(s.a, s.b, NULL, DFQ_CROSS);
  CHECK_STR(sem_pushed(dfq_filter(f, "k = k_right and y > 100")), "1 10 1 500; 1 50 1 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "k is not distinct from k_right and y > 100")),
            "1 10 1 500; null 30 null 400; 1 50 1 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "x = 10 and y = 300")), "1 10 3 300");
  dfq_close(s.db);
}

TEST(sem_push_left_and_right) {
  sem_sides s = sem_two();
  dfq_frame *f = dfq_join(s.a, s.b, "k", DFQ_LEFT);
  CHECK_STR(sem_pushed(dfq_filter(f, "x >= 20")),
            "2 20 null; null 30 null; 1 50 100; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "y > 100")), "1 10 500; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "y is null")), "2 20 null; null 30 null; 4 null null");
  CHECK_STR(sem_pushed(dfq_filter(f, "y > 100 or x = 30")), "1 10 500; null 30 null; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "case when y is null then true else y > 100 end")),
            "1 10 500; 2 20 null; null 30 null; 4 null null; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "not (y > 100)")), "1 10 100; 1 50 100");
  CHECK_STR(sem_pushed(dfq_filter(f, "y in (100, null)")), "1 10 100; 1 50 100");
  CHECK_STR(sem_pushed(dfq_filter(f, "y is not distinct from 100")), "1 10 100; 1 50 100");
  f = dfq_join(s.a, s.b, "k", DFQ_RIGHT);
  CHECK_STR(sem_pushed(dfq_filter(f, "y > 100")),
            "1 10 500; 1 50 500; 3 null 300; null null 400");
  CHECK_STR(sem_pushed(dfq_filter(f, "x > 10")), "2 20 null; 1 50 100; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "x is null")), "3 null 300; null null 400");
  CHECK_STR(sem_pushed(dfq_filter(f, "k = 3")), "3 null 300");
  dfq_close(s.db);
}

TEST(sem_push_full) {
  sem_sides s = sem_two();
  dfq_frame *f = dfq_join(s.a, s.b, "k", DFQ_FULL);
  CHECK_STR(sem_pushed(dfq_filter(f, "x > 10")), "2 20 null; null 30 null; 1 50 100; 1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "y >= 300")),
            "1 10 500; 1 50 500; 3 null 300; null null 400");
  CHECK_STR(sem_pushed(dfq_filter(f, "x > 10 and y > 100")), "1 50 500");
  CHECK_STR(sem_pushed(dfq_filter(f, "k > 2")), "4 null null; 3 null 300");
  CHECK_STR(sem_pushed(dfq_filter(f, "k is null")), "null 30 null; null null 400");
  CHECK_STR(sem_pushed(dfq_filter(f, "x is null or y is null")),
            "2 20 null; null 30 null; 4 null null; 3 null 300; null null 400");
  dfq_close(s.db);
}

TEST(sem_push_semi_and_anti) {
  sem_sides s = sem_two();
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, s.b, "k", DFQ_SEMI), "x > 10")), "2 20; 1 50");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, s.b, "k", DFQ_ANTI), "x is null or x > 10")),
            "null 30; 4 null");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, s.b, "k", DFQ_ANTI), "k = 4")), "4 null");
  dfq_close(s.db);
}

// a = b and a = 5: b = 5 as well, but not where the other side is kept without a match.
TEST(sem_push_through_join_keys) {
  sem_sides s = sem_two();
  dfq_frame *b = dfq_rename(s.b, "k as j");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, b, "k = j", DFQ_INNER), "k = 1")),
            "1 10 1 100; 1 10 1 500; 1 50 1 100; 1 50 1 500");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, b, "k = j", DFQ_LEFT), "k = 4")),
            "4 null null null");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, b, "k = j", DFQ_LEFT), "k = 1 and y > 100")),
            "1 10 1 500; 1 50 1 500");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, b, "k = j", DFQ_RIGHT), "k = 1 or j = 3")),
            "1 10 1 100; 1 10 1 500; 1 50 1 100; 1 50 1 500; null null 3 300");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, b, "k = j", DFQ_FULL), "j = 3")),
            "null null 3 300");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(s.a, b, "k = j", DFQ_ANTI), "k = 4")), "4 null");
  dfq_close(s.db);
}

TEST(sem_push_aggregate) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k i64, x i64", "1 10; 2 20; 1 30; null 40");
  dfq_frame *g = dfq_group_by(f, "k", "sum(x) as s, count() as n");
  CHECK_STR(sem_pushed(dfq_filter(g, "k = 1")), "1 40 2");
  CHECK_STR(sem_pushed(dfq_filter(g, "k is null")), "null 40 1");
  CHECK_STR(sem_pushed(dfq_filter(g, "s > 20")), "1 40 2; null 40 1");
  CHECK_STR(sem_pushed(dfq_filter(g, "k = 1 and n > 5")), "");
  g = dfq_group_by(f, "k * 2 as d", "sum(x) as s");
  CHECK_STR(sem_pushed(dfq_filter(g, "d = 2")), "2 40");
  g = dfq_group_by(f, "", "count() as n");           // one row, whatever comes in
  CHECK_STR(sem_pushed(dfq_filter(g, "1 = 2")), "");
  CHECK_STR(sem_pushed(dfq_filter(g, "n > 0 and true")), "4");
  CHECK_STR(sem_pushed(dfq_group_by(dfq_filter(f, "false"), "", "count() as n")), "0");
  dfq_close(db);
}

TEST(sem_push_sort_limit_distinct) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "k i64, x i64", "3 1; 1 2; 2 3; 1 4; 3 5");
  CHECK_STR(sem_pushed(dfq_filter(dfq_sort(f, "k"), "x > 1")), "1 2; 1 4; 2 3; 3 5");
  CHECK_STR(sem_pushed(dfq_filter(dfq_limit(f, 2), "k = 1")), "1 2");
  CHECK_STR(sem_pushed(dfq_filter(dfq_slice(f, 1, 3), "k = 1")), "1 2; 1 4");
  CHECK_STR(sem_pushed(dfq_filter(dfq_limit(dfq_sort(f, "k"), 3), "k > 1")), "2 3");
  CHECK_STR(sem_pushed(dfq_filter(dfq_row_index(f, "i"), "k = 1")), "1 1 2; 3 1 4");
  CHECK_STR(sem_pushed(dfq_filter(dfq_row_index(f, "i"), "i > 2")), "3 1 4; 4 3 5");
  CHECK_STR(sem_pushed(dfq_filter(dfq_distinct(f, "k"), "x > 1")), "1 2; 2 3");
  CHECK_STR(sem_pushed(dfq_filter(dfq_distinct(f, "k"), "k != 1")), "3 1; 2 3");
  CHECK_STR(sem_pushed(dfq_filter(dfq_distinct(f, NULL), "x > 3")), "1 4; 3 5");
  dfq_close(db);
}

// Rows that are equal as keys but not as values: the first of them stands for all.
TEST(sem_push_distinct_of_zeros) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "x f64, s str", "-0.0 a; 0.0 b; 1 c");
  CHECK_STR(sem_pushed(dfq_filter(dfq_distinct(f, "x"), "1 / x > 0")), "1.0 c");
  CHECK_STR(sem_pushed(dfq_filter(dfq_distinct(f, "x"), "cast(x as str) = '0.0'")), "");
  CHECK_STR(
      sem_pushed(dfq_filter(dfq_group_by(f, "x", "count() as n"), "cast(x as str) = '0.0'")),
      "0.0 2");
  CHECK_STR(sem_pushed(dfq_filter(dfq_group_by(f, "x", "count() as n"), "1 / x > 0")),
            "0.0 2; 1.0 1");
  dfq_frame *g = engine_scan(db, "x f64, t str", "0.0 p; -0.0 q");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(f, g, "x", DFQ_INNER), "1 / x > 0")),
            "0.0 b p; 0.0 b q");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(f, g, "x", DFQ_FULL), "1 / x > 0")),
            "0.0 b p; 0.0 b q; 1.0 c null");
  dfq_close(db);
}

TEST(sem_push_union_and_project) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64, b i64", "1 10; 2 20; 3 30");
  CHECK_STR(
      sem_pushed(dfq_filter(dfq_union(f, dfq_select(f, "b as a, a as b")), "a > 2 and a < 25")),
      "3 30; 10 1; 20 2");
  CHECK_STR(sem_pushed(dfq_filter(dfq_select(f, "a + b as s, a"), "s > 20")), "22 2; 33 3");
  CHECK_STR(sem_pushed(dfq_filter(dfq_rename(f, "a as b, b as a"), "a > 10")), "2 20; 3 30");
  CHECK_STR(
      sem_pushed(dfq_filter(dfq_with_columns(f, "a * 2 as a, a as c"), "a > 2 and c < 3")),
      "4 20 2");
  CHECK_STR(sem_pushed(dfq_filter(dfq_with_columns(f, "a + b as s"), "b > 10")),
            "2 20 22; 3 30 33");
  dfq_close(db);
}

// What may fail stays above what removes rows, and behind the conjuncts before it.
TEST(sem_push_fallible) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "s str, b i64", "x 0; 1 1; 5 1; null 1");
  CHECK_STR(sem_pushed(dfq_filter(dfq_filter(f, "b != 0"), "cast(s as i64) > 3")), "5 1");
  CHECK_STR(sem_pushed(dfq_filter(f, "b != 0 and cast(s as i64) > 3")), "5 1");
  CHECK_HAS(engine_all(dfq_filter(dfq_filter(f, "cast(s as i64) > 3"), "b != 0")),
            "in row 1 (s = 'x')");
  dfq_frame *keys = engine_scan(db, "b i64, t i64", "1 7");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(f, keys, "b", DFQ_INNER), "cast(s as i64) > 3")),
            "5 1 7");
  CHECK_STR(sem_pushed(dfq_filter(dfq_join(f, keys, "b", DFQ_SEMI), "cast(s as i64) > 3")),
            "5 1");
  CHECK_STR(sem_pushed(dfq_filter(dfq_limit(dfq_sort(f, "b desc"), 3), "cast(s as i64) > 3")),
            "5 1");
  dfq_frame *g = dfq_with_columns(dfq_filter(f, "b != 0"), "cast(s as i64) as v");
  CHECK_STR(sem_pushed(dfq_filter(g, "v > 3")), "5 1 5");
  CHECK_STR(sem_pushed(dfq_filter(dfq_filter(g, "b = 1"), "v < 5")), "1 1 1");
  g = dfq_distinct(engine_scan(db, "b i64, s str", "1 1; 1 x; 2 5"), "b");
  CHECK_STR(sem_pushed(dfq_filter(g, "cast(s as i64) > 0")), "1 1; 2 5");
  dfq_close(db);
}

static void run_semantics(void) {
  RUN(sem_null_comparisons);
  RUN(sem_not_null);
  RUN(sem_kleene);
  RUN(sem_filter_on_null);
  RUN(sem_in_with_null);
  RUN(sem_aggregates_of_nulls);
  RUN(sem_counts);
  RUN(sem_n_unique);
  RUN(sem_first_and_last);
  RUN(sem_group_key_null);
  RUN(sem_join_key_null);
  RUN(sem_nan_is_equal_and_greatest);
  RUN(sem_max_with_nan);
  RUN(sem_minus_zero);
  RUN(sem_integer_overflow);
  RUN(sem_sum_of_integers);
  RUN(sem_sum_of_floats);
  RUN(sem_division);
  RUN(sem_division_of_negatives);
  RUN(sem_promotion);
  RUN(sem_times_an_interval);
  RUN(sem_cast_failure);
  RUN(sem_float_to_integer);
  RUN(sem_no_implicit_conversion);
  RUN(sem_string_length);
  RUN(sem_string_order);
  RUN(sem_sort);
  RUN(sem_row_order);
  RUN(sem_group_order);
  RUN(sem_aggregate_of_nothing);
  RUN(sem_join_name_clash);
  RUN(sem_join_keys_of_one_name);
  RUN(sem_names);
  RUN(sem_union);
  RUN(sem_trap_left_join_then_filter_on_the_right);
  RUN(sem_trap_null_keys_in_a_sorted_join);
  RUN(sem_trap_not_keeps_nulls_out);
  RUN(sem_trap_sum_of_nulls);
  RUN(sem_trap_types_of_arithmetic);
  RUN(sem_trap_pruning_stops);
  RUN(sem_trap_union_checks_names);
  RUN(sem_trap_empty_inputs);
  RUN(sem_trap_descending_sort_and_nan_groups);
  RUN(sem_push_inner_and_cross);
  RUN(sem_push_left_and_right);
  RUN(sem_push_full);
  RUN(sem_push_semi_and_anti);
  RUN(sem_push_through_join_keys);
  RUN(sem_push_aggregate);
  RUN(sem_push_sort_limit_distinct);
  RUN(sem_push_distinct_of_zeros);
  RUN(sem_push_union_and_project);
  RUN(sem_push_fallible);
}
