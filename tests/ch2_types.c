// ch2_types.c - the types beyond numbers, texts and dates: what each holds, what it becomes,
// and that it goes through every part of the engine: files, groups, joins, sorts, windows.
//
// Most tests are tables of a pipeline's stages over one file and the CSV that comes out of it,
// in every way a frame can be run.

typedef struct types_case { const char *stages, *want; } types_case;

// Runs "scan path | stages" in every way; the result as CSV on one line, rows between blanks.
// want that begins with ! is a piece of the error.
static bool types_run(dfq *db, const char *path, const types_case *c) {
  char text[4000];
  snprintf(text, sizeof text, "scan '%s' %s", path, c->stages);
  dfq_clear_error(db);
  dfq_frame *f = dfq_query(db, text);
  FILE *out = tmpfile();
  bool ran = dfq_print_csv(f, out, NULL);
  char *got = test_text(out);
  for (char *p = got; *p; p++)
    if (*p == '\n') *p = p[1] ? ' ' : 0;
  bool ok = *c->want == '!' ? CHECK_HAS(dfq_error(db), c->want + 1) : CHECK_STR(got, c->want);
  if (!ran && *c->want != '!') ok = CHECK_STR(dfq_error(db), "");
  if (!dfq_frame_error(f)) {
    const char *again = dfq_pipeline_text(f);
    ok = CHECK_STR(dfq_pipeline_text(dfq_query(db, again)), again) && ok;
    if (ran) ok = CHECK(dfq_check_equivalent(f, NULL)) && ok;
  }
  if (!ok) test_fail("    from %.300s\n    %s\n", c->stages, dfq_error(db));
  free(got);
  return ok;
}

static void types_table(const char *name, const char *file, const types_case *cases, int n) {
  const char *path = test_file(name, file);
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < n; i++) {
    size_t mark = dfq_mark(db);
    types_run(db, path, &cases[i]);
    dfq_release(db, mark);
  }
  dfq_close(db);
}

#define TYPES_TABLE(name, file, ...)                                                           \
  TEST(name) {                                                                                 \
    static const types_case cases[] = { __VA_ARGS__ };                                         \
    types_table(#name ".csv", file, cases, CH2_COUNT(cases));                                  \
  }

// ---- lists ----------------------------------------------------------------------------------

FN_TABLE(types_list_functions,
  { "list(1, 2, null)", "list(i64) [1, 2, null]" },
  { "list('a', 'it''s', '')", "list(str) ['a', 'it''s', '']" },
  { "list(null)", "list(str) [null]" },      { "list(i, f)", "list(f64) [10.0, 2.5]" },
  { "list(i3)", "list(i32) [7]" },           { "list(b, bn)", "list(bool) [true, null]" },
  { "list(d, t)", "list(datetime) [2020-02-29 00:00:00, 2020-02-29 01:02:03.000004]" },
  { "list(u, u)", "list(duration) [00:01:30, 00:01:30]" },
  { "list(-0.0, 0.0) = list(0.0, -0.0)", "bool true" },
  { "list(nan) = list(-nan)", "bool true" }, { "list(1) = list(1, null)", "bool false" },
  { "list(1) != list(2)", "bool true" },     { "list(n) = list(n)", "bool true" },
  { "list(1) = null", "bool null" },         { "null != list(1)", "bool null" },
  { "list(1) is distinct from list(1)", "bool false" },
  { "list(1) is not null", "bool true" },    { "list(1) in (list(2), list(1))", "bool true" },
  { "list_len(list(1, null))", "i64 2" },    { "list_len(null)", "i64 null" },
  { "list_get(list(5, 6, 7), 0)", "i64 5" }, { "list_get(list(5, 6, 7), -1)", "i64 7" },
  { "list_get(list(5, 6, 7), 3)", "i64 null" },
  { "list_get(list(5, 6, 7), -4)", "i64 null" },
  { "list_get(list(5), small)", "i64 null" }, { "list_get(list(5), big)", "i64 null" },
  { "list_get(list(5), n)", "i64 null" },    { "list_get(list(5, n), 1)", "i64 null" },
  { "list_get(list(s, empty), 0)", "str h" FN_E "llo" },
  { "list_get(list(nan), 0)", "f64 nan" },   { "list_get(list(1.5, 2.5), 1)", "f64 2.5" },
  { "list_contains(list(1, 2), 2)", "bool true" },
  { "list_contains(list(1, 2), 3)", "bool false" },
  { "list_contains(list(1, n), 3)", "bool null" },
  { "list_contains(list(1, n), 1)", "bool true" },
  { "list_contains(list(nan), nan)", "bool true" },
  { "list_contains(list(1.5), 1)", "bool false" },
  { "list_contains(list(1), n)", "bool null" },
  { "list_contains(list('a'), 'a')", "bool true" },
  { "list_min(list(3, 1, n))", "i64 1" },    { "list_max(list(3, 1, n))", "i64 3" },
  { "list_min(list(n))", "i64 null" },       { "list_max(list(1.0, nan))", "f64 nan" },
  { "list_max(list('a', 'b'))", "str b" },
  { "list_join(list('a', 'b', null, 'c'), '-')", "str a-b-c" },
  { "list_join(list(sn), ',')", "str " },    { "list_join(list(sn), sn)", "str null" },
  { "split('a,b,,c', ',')", "list(str) ['a', 'b', '', 'c']" },
  { "split('', ',')", "list(str) ['']" },    { "split('abc', 'x')", "list(str) ['abc']" },
  { "split('axxbxx', 'xx')", "list(str) ['a', 'b', '']" },
  { "split('h" FN_E "y', '')", "list(str) ['h', '" FN_E "', 'y']" },
  { "split('', '')", "list(str) []" },       { "split(sn, ',')", "list(str) null" },
  { "list_len(split('', ''))", "i64 0" },    { "list_min(split('', ''))", "str null" },
  { "cast(list(1, null) as str)", "str [1, null]" },
  { "cast(null as list(i64))", "list(i64) null" },
  { "case when b then list(1) else null end", "list(i64) [1]" },
  { "coalesce(null, list(1))", "list(i64) [1]" },
  { "list(1, 'a')", "!list takes (any, ...), not (i64, str)" },
  { "list()", "!list does not take 0 arguments" },
  { "list(list(1))", "!list takes (any, ...), not (list(i64))" },
  { "list(1) < list(2)", "!cannot compare" }, { "list(1) = list(1.5)", "!cannot compare" },
  { "list(1) + 1", "!cannot compute" },      { "least(list(1), list(2))", "!type error" },
  { "list_len(1)", "!list_len takes (list), not (i64)" },
  { "list_get(list(1), 'a')", "!list_get takes (list, i64)" },
  { "list_contains(list(1), 'a')", "!list_contains takes (list, any)" },
  { "list_join(list(1), ',')", "!list_join takes (list(str), str), not (list(i64), str)" },
  { "cast(list(1) as list(str))", "!cannot cast list(i64) to list(str)" },
  { "cast('x' as list(i64))", "!cannot cast str to list(i64)" },
  { "cast(1 as list(list(i64)))", "!a list holds no lists" },
  { "cast(1 as list)", "!expected (" })

// a is a list that is null, or empty, or holds nulls; short ones fit a view, long ones do not.
#define TYPES_LISTS "k,t,x\n1,a-b,1\n2,,2\n1,a-b,3\n3,a long text-of two pieces,\n2,\"\",5\n"
#define TYPES_SPLIT "| with split(t, '-') as l, list(x, k) as n "

TYPES_TABLE(types_lists_in_plans, TYPES_LISTS,
  { TYPES_SPLIT "| select l, n",
    "l,n \"['a', 'b']\",\"[1, 1]\" ,\"[2, 2]\" \"['a', 'b']\",\"[3, 1]\" "
    "\"['a long text', 'of two pieces']\",\"[null, 3]\" [''],\"[5, 2]\"" },
  { TYPES_SPLIT "| filter list_len(l) = 2 and list_get(n, 0) > 1 | select k", "k 1" },
  { TYPES_SPLIT "| group l : count() as c, first(n) as f, last(n) as b, n_unique(n) as u",
    "l,c,f,b,u \"['a', 'b']\",2,\"[1, 1]\",\"[3, 1]\",2 ,1,\"[2, 2]\",\"[2, 2]\",1 "
    "\"['a long text', 'of two pieces']\",1,\"[null, 3]\",\"[null, 3]\",1 "
    "[''],1,\"[5, 2]\",\"[5, 2]\",1" },
  { TYPES_SPLIT "| distinct l | select k", "k 1 2 3 2" },
  { TYPES_SPLIT "| select l | distinct | limit 2 offset 1 | select list_len(l) as n", "n  2" },
  { TYPES_SPLIT "| sort k desc, x | select n, k",
    "n,k \"[null, 3]\",3 \"[2, 2]\",2 \"[5, 2]\",2 "
    "\"[1, 1]\",1 \"[3, 1]\",1" },
  { TYPES_SPLIT "| with lag(l) over (order by x) as b, first(n) over (partition by k) as p "
    "| select b, p",
    "b,p ,\"[1, 1]\" \"['a', 'b']\",\"[2, 2]\" ,\"[1, 1]\" [''],\"[null, 3]\" "
    "\"['a', 'b']\",\"[2, 2]\"" },
  { TYPES_SPLIT "| with count() over (partition by l) as c | select c", "c 2 1 2 1 1" },
  { TYPES_SPLIT "| sort l", "!type error" },
  { TYPES_SPLIT "| with rank() over (order by l) as r", "!list(str) is no type to order by" },
  { TYPES_SPLIT "| group k : min(l) as m", "!min does not take list(str)" },
  { TYPES_SPLIT "| group k : sum(n) as m", "!sum does not take list(i64)" },
  { "types (x: list(i64))", "!a file has texts, no lists; try: x: str, and split(x, ',')" })

TEST(types_lists_join) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("types_lists_join.csv", TYPES_LISTS);
  static const char *const kinds[] = { "inner", "left", "right", "full", "semi", "anti" };
  static const int64_t rows[] = { 6, 7, 7, 8, 4, 1 };
  for (int i = 0; i < 6; i++) {
    char text[600];
    snprintf(text, sizeof text, "scan '%s' " TYPES_SPLIT "| select l, k | join (scan '%s' "
             TYPES_SPLIT "| select l, x) on l %s", path, path, kinds[i]);
    dfq_frame *f = dfq_query(db, text);
    CHECK_INT(dfq_count(f), rows[i]);
    CHECK_SAME(f);
  }
  dfq_close(db);
}

TEST(types_lists_in_c) {
  dfq *db = dfq_open(NULL);
  dfq_value three[3] = { ch2_int(DFQ_I64, 7), ch2_int(DFQ_NULL, 0), ch2_int(DFQ_I64, -1) };
  dfq_value cell[2], v, out;
  dfq_field field[2] = { { "l", dfq_list_of(DFQ_I64), NULL }, { "s", DFQ_STR, NULL } };
  CHECK_STR(dfq_type_name(field[0].type), "list(i64)");
  CHECK_STR(dfq_type_name(dfq_list_of(field[0].type)), "?");
  CHECK_STR(dfq_type_name(DFQ_LIST), "list");
  CHECK(dfq_list_value(db, DFQ_I64, three, 3, &v));
  CHECK_INT(dfq_list_len(&v), 3);
  CHECK(dfq_list_get(&v, 2, &out));
  CHECK_INT(out.as.i, -1);
  CHECK(dfq_list_get(&v, 1, &out) && out.type == DFQ_NULL);
  CHECK(!dfq_list_get(&v, 3, &out) && out.type == DFQ_NULL);
  CHECK_INT(dfq_list_len(&out), 0);
  CHECK(!dfq_list_value(db, DFQ_F64, three, 3, &out));
  CHECK_HAS(dfq_error(db), "a list holds values of one type");
  CHECK(!dfq_list_value(db, v.type, &v, 1, &out));
  CHECK(!dfq_list_value(db, DFQ_DAYS, NULL, 0, &out));
  cell[0] = v;
  cell[1] = ch2_string("x");
  dfq_table *t = dfq_table_from_rows(db, field, 2, cell, 1);
  dfq_table_get(t, 0, 0, &out);
  CHECK_INT(out.type, field[0].type);
  CHECK_INT(dfq_list_len(&out), 3);
  CHECK_INT(dfq_table_i64(t, 0, 0), 0);
  CHECK_STR(dfq_table_str(t, 0, 0, NULL), "");
  dfq_frame *f = dfq_with_columns(dfq_scan_table(db, t), "l as m, cast(l as str) as c");
  CHECK_SAME(f);
  FILE *file = tmpfile();
  CHECK(dfq_print_json(f, file));
  char *text = test_text(file);
  CHECK_STR(text, "[\n  {\"l\": [7, null, -1], \"s\": \"x\", \"m\": [7, null, -1], "
                  "\"c\": \"[7, null, -1]\"}\n]\n");
  free(text);
  file = tmpfile();
  CHECK(dfq_show(f, file));
  text = test_text(file);
  CHECK_HAS(text, "[7, null, -1]  x");
  CHECK_HAS(text, "list(i64)");
  free(text);
  dfq_table_free(t);
  cell[0].len--;                         // bytes that are no list
  CHECK(!dfq_table_from_rows(db, field, 2, cell, 1));
  cell[0] = ch2_string("x");
  CHECK(!dfq_table_from_rows(db, field, 2, cell, 1));
  CHECK_HAS(dfq_error(db), "a value of type str does not fit list(i64)");
  dfq_column column = { "l", dfq_list_of(DFQ_I64), three, NULL };
  CHECK(!dfq_table_new(db, &column, 1, 3));
  CHECK_HAS(dfq_error(db), "column l of lists needs dfq_table_from_rows");
  CHECK_INT(dfq_expr_kind_of(dfq_literal(db, &v)), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "the function list makes one");
  CHECK(!dfq_set_param(db, "p", &v));
  dfq_close(db);
}

// ---- time of day ----------------------------------------------------------------------------

FN_TABLE(types_time_functions,
  { "time '12:34:56.789'", "time 12:34:56.789000" },
  { "time '00:00'", "time 00:00:00" },
  { "time '23:59:59.999999'", "time 23:59:59.999999" },
  { "time '24:00:00'", "!'24:00:00' is no time (HH:MM:SS)" },
  { "time '7:30'", "!is no time" },          { "time '12:34:56.1234567'", "!is no time" },
  { "time '12:34:56Z'", "!is no time" },     { "time ''", "!is no time" },
  { "hour(time '23:59:58.5')", "i64 23" },   { "minute(time '23:59:58.5')", "i64 59" },
  { "second(time '23:59:58.5')", "i64 58" },
  { "microsecond(time '23:59:58.5')", "i64 500000" },
  { "time(t)", "time 01:02:03.000004" },     { "time(d)", "time 00:00:00" },
  { "time(datetime '1969-12-31 23:59:59')", "time 23:59:59" }, { "time(dn)", "time null" },
  { "d + time '01:30'", "datetime 2020-02-29 01:30:00" },
  { "date(t) + time(t) = t", "bool true" },  { "dn + time '01:30'", "datetime null" },
  { "time '12:00' - time '12:00:01'", "duration -00:00:01" },
  { "time '12:00' + u", "time 12:01:30" },   { "time '00:01:30' - u", "time 00:00:00" },
  { "time '23:59' + u", "!leaves the day" }, { "time '00:01' - u", "!leaves the day" },
  { "time '00:00' + interval '24' hour", "!leaves the day" },
  { "time '01:00' < time '02:00'", "bool true" },
  { "time '01:00' = time '01:00:00'", "bool true" },
  { "time '01:00' in (time '02:00', time '01:00')", "bool true" },
  { "time '01:00' between time '00:30' and time '02:00'", "bool true" },
  { "least(time '03:00', time '02:00')", "time 02:00:00" },
  { "greatest(time '03:00', null)", "time 03:00:00" },
  { "clip(time '03:00', time '04:00', time '05:00')", "time 04:00:00" },
  { "list(time '03:00', null)", "list(time) [03:00:00, null]" },
  { "cast('03:00' as time)", "time 03:00:00" }, { "cast(t as time)", "time 01:02:03.000004" },
  { "try_cast('x' as time)", "time null" },
  { "cast('x' as time)", "!has no value of type time" },
  { "cast(time '03:00' as str)", "str 03:00:00" },
  { "cast(time '03:00' as i64)", "!cannot cast time to i64" },
  { "cast(1 as time)", "!cannot cast i64 to time" },
  { "cast(time '03:00' as duration)", "!cannot cast time to duration" },
  { "time '03:00' + time '03:00'", "!cannot compute" },
  { "t + time '03:00'", "!cannot compute" },
  { "time '03:00' < u", "!cannot compare" }, { "time '03:00' < '04:00'", "!try: time '04:00'" },
  { "time '03:00' + interval '1' day", "!cannot compute" },
  { "year(time '03:00')", "!year takes" },   { "abs(time '03:00')", "!abs takes" })

#define TYPES_TIMES "k,at\n1,12:00\n2,23:59:59.5\n1,\n2,00:00:00\n1,12:00:00\n"

TYPES_TABLE(types_times_in_plans, TYPES_TIMES,
  { "", "k,at 1,12:00:00 2,23:59:59.500000 1, 2,00:00:00 1,12:00:00" },
  { "| sort at desc | select at", "at 23:59:59.500000 12:00:00 12:00:00 00:00:00 " },
  { "| group k : min(at) as a, max(at) as b, first(at) as c, last(at) as d, n_unique(at) as e",
    "k,a,b,c,d,e 1,12:00:00,12:00:00,12:00:00,12:00:00,1 "
    "2,00:00:00,23:59:59.500000,23:59:59.500000,00:00:00,2" },
  { "| group at : count() as n", "at,n 12:00:00,2 23:59:59.500000,1 ,1 00:00:00,1" },
  { "| filter at >= time '12:00' and hour(at) < 23 | select k", "k 1 1" },
  { "| with lag(at) over (order by at) as b, max(at) over (partition by k) as m | select b, m",
    "b,m 00:00:00,12:00:00 12:00:00,23:59:59.500000 23:59:59.500000,12:00:00 "
    ",23:59:59.500000 12:00:00,12:00:00" },
  { "types (at: time) | distinct at", "k,at 1,12:00:00 2,23:59:59.500000 1, 2,00:00:00" },
  { "| select date '2020-01-01' + at as t | limit 2",
    "t 2020-01-01 12:00:00 2020-01-01 23:59:59.500000" },
  { "| select at + interval '1' minute as t",
    "!leaves the day, in row 2 (at = 23:59:59.500000)" },
  { "| group k : sum(at) as m", "!sum does not take time" },
  { "| group k : mean(at) as m", "!mean does not take time" },
  { "types (k: time)", "!column k holds \"1\", which is no time" })

// The text of a duration is read as what it was written from.
FN_TABLE(types_duration_texts,
  { "cast('30d 10:20:30.5' as duration)", "duration 30d 10:20:30.500000" },
  { "cast('-1d 00:00:00.000001' as duration)", "duration -1d 00:00:00.000001" },
  { "cast('-00:00:01' as duration)", "duration -00:00:01" },
  { "cast('1500000' as duration)", "duration 00:00:01.500000" },
  { "cast(cast(u as str) as duration) = u", "bool true" },
  { "cast(cast(interval '9223372036854775807' microsecond as str) as duration)",
    "duration 106751991d 04:00:54.775807" },
  { "cast('-106751991d 04:00:54.775808' as duration)", "duration -106751991d 04:00:54.775808" },
  { "cast('106751991d 04:00:54.775808' as duration)", "!has no value of type duration" },
  { "cast('106751992d 00:00:00' as duration)", "!has no value of type duration" },
  { "try_cast('--1d 00:00:00' as duration)", "duration null" },
  { "try_cast('1d' as duration)", "duration null" },
  { "try_cast('1d 24:00:00' as duration)", "duration null" },
  { "try_cast('1d 10:00' as duration)", "duration null" },
  { "try_cast('' as duration)", "duration null" },
  { "cast(sn as duration)", "duration null" },
  { "cast(1 as duration)", "!cannot cast i64 to duration" })

// A date outside the years that can be written has no datetime: an error, and null in try_cast.
TEST(types_dates_without_datetime) {
  dfq *db = dfq_open(NULL);
  static const int32_t days[] = { 0, INT32_MAX, 2932896, 2932897, -719528, -719529, INT32_MIN };
  dfq_column column = { "d", DFQ_DATE, days, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 7);
  dfq_frame *f = dfq_select(dfq_scan_table(db, t), "try_cast(d as datetime) as t");
  CHECK_STR(engine_all(f), "1970-01-01 00:00:00; null; 9999-12-31 00:00:00; null; "
                           "0000-01-01 00:00:00; null; null");
  CHECK_SAME(f);
  static const char *const fails[] = { "cast(d as datetime)", "d < datetime '2020-01-01 12:00'",
                                       "d + time '12:00'", "hour(d)" };
  for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
    dfq_expr *e = dfq_as(dfq_parse(db, fails[i]), "r");
    f = dfq_select_exprs(dfq_scan_table(db, t), &e, 1);
    CHECK_HAS(engine_all(f), "in row 2 (d = 5881580-07-11)");
    CHECK_SAME(f);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// ---- narrow numbers -------------------------------------------------------------------------

FN_TABLE(types_narrow_functions,
  { "i8 '-128'", "i8 -128" },                { "i8 '128'", "!'128' does not fit in i8" },
  { "i16 '32767'", "i16 32767" },            { "i16 '-32769'", "!does not fit in i16" },
  { "u8 '255'", "u8 255" },                  { "u8 '-1'", "!does not fit in u8" },
  { "u16 '65535'", "u16 65535" },            { "u32 '4294967295'", "u32 4294967295" },
  { "u32 '4294967296'", "!does not fit in u32" },
  { "u64 '18446744073709551615'", "u64 18446744073709551615" },
  { "u64 '18446744073709551616'", "!does not fit in u64" }, { "u8 'x'", "!'x' is no u8" },
  { "f32 '0.1'", "f32 0.1" },                { "f32 '1e39'", "!does not fit in f32" },
  { "f32 '1.00000005960464477540'", "f32 1.0000001" },   // an f64 would be a middle
  { "f32 '1.000000059604644775390625'", "f32 1.0" },
  { "f32 '340282356779733661637539395458142568447'", "f32 3.4028235e+38" },
  { "f32 '340282356779733661637539395458142568448'", "!does not fit in f32" },
  { "cast('1.00000005960464477540' as f32)", "f32 1.0000001" },
  { "cast(decimal '1.000000059604644776' as f32)", "f32 1.0000001" },
  { "cast(9007199791611905 as f32)", "f32 9.0072e+15" },
  { "cast(9007199791611904 as f32)", "f32 9.007199e+15" },
  { "cast(-9007199791611905 as f32)", "f32 -9.0072e+15" },
  { "cast(u64 '18446742424442109953' as f32)", "f32 1.8446743e+19" },
  { "cast(u64 '18446742424442109952' as f32)", "f32 1.8446742e+19" },
  { "f32 'inf'", "f32 inf" },                { "f32 '16777217'", "f32 16777216.0" },
  { "i8 '100' + i8 '100'", "i64 200" },      { "-i8 '-128'", "i64 128" },
  { "u8 '1' - u8 '2'", "i64 -1" },           { "f32 '0.5' + 1", "f64 1.5" },
  { "f32 '0.1' + 0.0", "f64 0.10000000149011612" },
  { "u32 '7' / u8 '2'", "f64 3.5" },         { "abs(i16 '-5')", "i64 5" },
  { "u64 '5' + 1", "i64 6" },                { "u64 '5' + 0.5", "f64 5.5" },
  { "u64 '18446744073709551615' + 1", "!has no value of type i64" },
  { "u64 '18446744073709551615' + 0.5", "f64 1.8446744073709552e+19" },
  { "u64 '18446744073709551615' > u64 '1'", "bool true" },
  { "u64 '18446744073709551615' = u64 '18446744073709551615'", "bool true" },
  { "greatest(u64 '9223372036854775808', u64 '1')", "u64 9223372036854775808" },
  { "u8 '5' = 5", "bool true" },             { "f32 '0.5' = 0.5", "bool true" },
  { "i8 '5' in (5, 6)", "bool true" },
  { "u8 '5' is distinct from i16 '5'", "bool false" },
  { "case when b then u8 '5' end", "u8 5" },
  { "case when b then u8 '5' else i8 '1' end", "i64 5" },
  { "coalesce(f32 '0.5', i8 '1')", "f64 0.5" }, { "coalesce(n, u8 '1')", "i64 1" },
  { "list(u8 '1', i8 '2')", "list(i64) [1, 2]" }, { "list(u8 '1')", "list(u8) [1]" },
  { "cast(300 as u8)", "!has no value of type u8" }, { "try_cast(300 as u8)", "u8 null" },
  { "cast(-1 as u64)", "!has no value of type u64" },
  { "cast(1.8e19 as u64)", "u64 18000000000000000000" },
  { "cast(2e19 as u64)", "!has no value of type u64" }, { "cast(-0.5 as u8)", "u8 0" },
  { "try_cast(nan as i8)", "i8 null" },      { "cast(u8 '200' as i8)", "!no value of type i8" },
  { "cast(u64 '18446744073709551615' as f64)", "f64 1.8446744073709552e+19" },
  { "cast(u64 '18446744073709551615' as str)", "str 18446744073709551615" },
  { "cast('18446744073709551615' as u64)", "u64 18446744073709551615" },
  { "cast('256' as u8)", "!has no value of type u8" }, { "cast(b as u16)", "u16 1" },
  { "cast(u16 '7' as bool)", "bool true" },  { "cast(i as f32)", "f32 10.0" },
  { "cast(1e300 as f32)", "!has no value of type f32" }, { "cast(inf as f32)", "f32 inf" },
  { "cast(f32 '2.75' as i8)", "i8 2" },      { "cast(d as u8)", "!cannot cast date to u8" },
  { "year(u8 '1')", "!year takes" },         { "slice(s, u8 '1')", "str " FN_E "llo" })

#define TYPES_NARROW                                                                           \
  "a,b,c,d,e,f,g\n-128,300,255,65535,4294967295,18446744073709551615,0.1\n"                    \
  ",,,,,,\n127,-5,0,0,0,0,-2.5\n127,-5,0,0,0,1,-2.5\n"
#define TYPES_WIDTHS "types (a: i8, b: i16, c: u8, d: u16, e: u32, f: u64, g: f32) "

TYPES_TABLE(types_narrow_in_plans, TYPES_NARROW,
  { TYPES_WIDTHS, "a,b,c,d,e,f,g -128,300,255,65535,4294967295,18446744073709551615,0.1 ,,,,,, "
                  "127,-5,0,0,0,0,-2.5 127,-5,0,0,0,1,-2.5" },
  { TYPES_WIDTHS "| sort f desc, a | select f, g",
    "f,g 18446744073709551615,0.1 1,-2.5 0,-2.5 ," },
  { TYPES_WIDTHS "| sort a, b, c, d, e | select a", "a -128 127 127 " },
  { TYPES_WIDTHS "| sort g desc | select g", "g 0.1 -2.5 -2.5 " },
  { TYPES_WIDTHS "| group a, b, c, d, e, f, g : count() as n",
    "a,b,c,d,e,f,g,n -128,300,255,65535,4294967295,18446744073709551615,0.1,1 ,,,,,,,1 "
    "127,-5,0,0,0,0,-2.5,1 127,-5,0,0,0,1,-2.5,1" },
  { TYPES_WIDTHS "| group g, a : count() as n", "g,a,n 0.1,-128,1 ,,1 -2.5,127,2" },
  { TYPES_WIDTHS "| group : min(a) as a, max(b) as b, min(c) as c, max(d) as d, max(e) as e, "
    "max(f) as f, min(f) as h, min(g) as g, max(g) as m",
    "a,b,c,d,e,f,h,g,m -128,300,0,65535,4294967295,18446744073709551615,0,-2.5,0.1" },
  { TYPES_WIDTHS "| group b : first(f) as f, last(g) as g, n_unique(a) as n, "
    "last_non_null(c) as c",
    "b,f,g,n,c 300,18446744073709551615,0.1,1,255 ,,,0, -5,0,-2.5,1,0" },
  { TYPES_WIDTHS "| group : sum(a) as a, mean(c) as c, sum(e) as e, sum(g) as g, "
    "median(d) as d",
    "a,c,e,g,d 126,85.0,4294967295,-4.899999998509884,0.0" },
  { TYPES_WIDTHS "| select sum(a) over (order by e) as a, max(f) over (order by a) as f, "
    "lag(c) over (order by a) as c",
    "a,f,c 126,18446744073709551615, 126,18446744073709551615,0 "
    "254,18446744073709551615,255 254,18446744073709551615,0" },
  { TYPES_WIDTHS "| distinct c, g | select c", "c 255  0" },
  { TYPES_WIDTHS "| filter f > u64 '1' and g < 1 and c = 255 | select a", "a -128" },
  { TYPES_WIDTHS "| select a + b as x, c * 2 as y, -e as z, g / 2 as w",
    "x,y,z,w 172,510,-4294967295,0.05000000074505806 ,,, 122,0,0,-1.25 122,0,0,-1.25" },
  { TYPES_WIDTHS "| filter a in (i8 '127', i8 '1') or c in (u8 '7', u8 '255') | select b",
    "b 300 -5 -5" },
  { TYPES_WIDTHS "| filter g not in (f32 '0.1') and b in (i16 '-5') | select f", "f 0 1" },
  { TYPES_WIDTHS "| filter d in (u16 '0') and e in (u32 '0') | select f", "f 0 1" },
  { TYPES_WIDTHS "| unpivot (b), (b) names to n values to v | select v",
    "v 300 300   -5 -5 -5 -5" },
  { TYPES_WIDTHS "| group : sum(f) as s", "!has no value of type i64, in row 1 (f = 184467" },
  { TYPES_WIDTHS "| filter f > 1",
    "!has no value of type i64, in row 1 (f = 18446744073709551615)" },
  { "types (a: u8)", "!column a holds \"-128\", which does not fit in u8" },
  { "types (b: i8)", "!column b holds \"300\", which does not fit in i8" },
  { "types (f: i64)", "!which does not fit in i64" })

// Columns of each width from arrays and back, and joins of one width with another.
TEST(types_narrow_in_c) {
  static const int8_t a[] = { -128, 127, 5 };
  static const uint16_t b[] = { 65535, 0, 5 };
  static const uint64_t c[] = { UINT64_MAX, 0, 5 };
  static const float d[] = { 0.1f, -3e38f, 5 };
  static const uint8_t valid[] = { 1, 0, 1 };
  dfq *db = dfq_open(NULL);
  dfq_column column[] = { { "a", DFQ_I8, a, valid }, { "b", DFQ_U16, b, NULL },
                          { "c", DFQ_U64, c, NULL }, { "d", DFQ_F32, d, NULL } };
  dfq_table *t = dfq_table_new(db, column, 4, 3);
  const uint8_t *there;
  CHECK_INT(((const uint16_t *)dfq_table_data(t, 1, &there))[0], 65535);
  CHECK_F64((double)((const float *)dfq_table_data(t, 3, &there))[0], (double)d[0]);
  CHECK_INT(((const int8_t *)dfq_table_data(t, 0, &there))[2], 5);
  CHECK_INT(there[1], 0);
  CHECK_INT(dfq_table_i64(t, 0, 0), -128);
  CHECK_F64(dfq_table_f64(t, 0, 2), 18446744073709551616.0);
  CHECK_F64(dfq_table_f64(t, 2, 3), 5.0);
  CHECK_INT(dfq_table_i64(t, 2, 3), 0);
  dfq_frame *f = dfq_scan_table(db, t);
  static const char *const on[] = { "b, c", "d", "c", "a" };
  for (int k = 0; k < 4; k++) {
    dfq_frame *j = dfq_join(f, f, on[k], DFQ_INNER);
    CHECK_INT(dfq_count(j), k == 3 ? 2 : 3);   // a has a null
    CHECK_SAME(j);
  }
  CHECK_HAS(dfq_frame_error(dfq_join(f, f, "a = b", DFQ_INNER)), "match a (i8) with b (u16)");
  dfq_table_free(t);
  dfq_field field = { "x", DFQ_U8, NULL };
  dfq_value big = ch2_int(DFQ_U8, 256), exact = ch2_float(0.1);
  CHECK(!dfq_table_from_rows(db, &field, 1, &big, 1));
  field.type = exact.type = DFQ_F32;
  CHECK(!dfq_table_from_rows(db, &field, 1, &exact, 1));   // no float has that value
  exact.as.f = 0.5;
  t = dfq_table_from_rows(db, &field, 1, &exact, 1);
  CHECK_F64(dfq_table_f64(t, 0, 0), 0.5);
  dfq_table_free(t);
  dfq_close(db);
}

// ---- decimals -------------------------------------------------------------------------------

#define TYPES_MOST "9223372036854775807"

FN_TABLE(types_decimal_functions,
  { "decimal '12.30'", "decimal(2) 12.30" }, { "decimal '-0.05'", "decimal(2) -0.05" },
  { "decimal '7'", "decimal(0) 7" },         { "decimal '.5'", "decimal(1) 0.5" },
  { "decimal '92233720368547758.07'", "decimal(2) 92233720368547758.07" },
  { "decimal '-92233720368547758.08'", "decimal(2) -92233720368547758.08" },
  { "decimal '92233720368547758.08'", "!does not fit in decimal" },
  { "decimal '0.0000000000000000001'", "!decimal" }, { "decimal 'x'", "!'x' is no decimal" },
  { "decimal '1.50000000000000000000'", "decimal(1) 1.5" },
  { "decimal '9223372036854775807.0'", "decimal(0) " TYPES_MOST },
  { "decimal '92233720368547758.070'", "decimal(2) 92233720368547758.07" },
  { "decimal '1.00000000000000000001'", "!does not fit in decimal" },
  { "decimal '9300000000000000000.00'", "!does not fit in decimal" },
  { "decimal '0.00000000000000000000'", "decimal(0) 0" },
  { "cast('12.30000000000000000000' as decimal(2))", "decimal(2) 12.30" },
  { "cast('12.30000000000000000001' as decimal(2))", "!has no value of type decimal(2)" },
  { "decimal '0.10' + decimal '0.20'", "decimal(2) 0.30" },
  { "decimal '0.1' + decimal '0.02'", "decimal(2) 0.12" },
  { "decimal '1.5' - 2", "decimal(1) -0.5" }, { "1 - decimal '0.05'", "decimal(2) 0.95" },
  { "decimal '1.5' * decimal '0.25'", "decimal(3) 0.375" },
  { "decimal '1.50' * i", "decimal(2) 15.00" },
  { "decimal '1.50' / 2", "f64 0.75" },      { "decimal '0.30' / decimal '0.15'", "f64 2.0" },
  { "decimal '0.30' // decimal '0.1'", "i64 3" }, { "decimal '7.5' % 2", "decimal(1) 1.5" },
  { "floor_mod(decimal '-7.5', 2)", "decimal(1) 0.5" },
  { "floor_div(decimal '-7.5', 2)", "i64 -4" }, { "decimal '7.5' % 0", "decimal(1) null" },
  { "decimal '1.5' + f", "f64 4.0" },        { "decimal '0.1' + 0.2",
    "f64 0.30000000000000004" },
  { "decimal '1.5' + n", "decimal(1) null" }, { "decimal '1.5' + u8 '1'", "decimal(1) 2.5" },
  { "decimal '1.5' + f32 '0.5'", "f64 2.0" },
  { "decimal '" TYPES_MOST "' + 1", "!overflows decimal" },
  { "decimal '92233720368547758.07' * 10", "!overflows decimal" },
  { "decimal '0.1' + big", "!has no value of type decimal(1)" },
  { "decimal '0.0000000001' * decimal '0.000000001'", "!more than 18 digits behind the point" },
  { "-decimal '1.50'", "decimal(2) -1.50" }, { "-decimal '-" TYPES_MOST "'",
    "decimal(0) " TYPES_MOST },              { "abs(decimal '-1.50')", "decimal(2) 1.50" },
  { "abs(decimal '-9223372036854775808')", "!overflows decimal" },
  { "sign(decimal '-1.50')", "i64 -1" },     { "round(decimal '2.50')", "decimal(2) 3.00" },
  { "round(decimal '-2.50')", "decimal(2) -3.00" },
  { "round(decimal '2.49')", "decimal(2) 2.00" },
  { "round(decimal '2.345', 2)", "decimal(3) 2.350" },
  { "round(decimal '2.345', 5)", "decimal(3) 2.345" },
  { "round(decimal '1250.00', -2)", "decimal(2) 1300.00" },
  { "round(decimal '1250.00', -30)", "decimal(2) 0.00" },
  { "ceil(decimal '92233720368547758.07')", "!overflows decimal" },
  { "floor(decimal '-2.01')", "decimal(2) -3.00" },
  { "ceil(decimal '2.01')", "decimal(2) 3.00" },
  { "ceil(decimal '-2.99')", "decimal(2) -2.00" },
  { "trunc(decimal '-2.99')", "decimal(2) -2.00" },
  { "least(decimal '2.5', decimal '2.45', 3)", "decimal(2) 2.45" },
  { "greatest(decimal '2.5', null)", "decimal(1) 2.5" },
  { "clip(decimal '2.5', 0, 2)", "decimal(1) 2.0" }, { "sqrt(decimal '2.25')", "f64 1.5" },
  { "decimal '1.50' = decimal '1.5'", "bool true" }, { "decimal '1.50' != 1.5", "bool false" },
  { "decimal '-1.51' < decimal '-1.5'", "bool true" }, { "decimal '3.00' = 3", "bool true" },
  { "decimal '2.99' < 3", "bool true" },     { "decimal '0.5' > big", "bool false" },
  { "decimal '0.000000000000000001' < decimal '" TYPES_MOST "'", "bool true" },
  { "decimal '1.50' in (1.5, 2)", "bool true" }, { "decimal '1.50' in (2, 3)", "bool false" },
  { "decimal '1.50' between 1 and decimal '1.500'", "bool true" },
  { "decimal '1.5' is distinct from decimal '1.50'", "bool false" },
  { "case when b then decimal '1.5' else 2 end", "decimal(1) 1.5" },
  { "coalesce(null, decimal '1.5', 0)", "decimal(1) 1.5" },
  { "list(decimal '1.5', 2)", "list(decimal(1)) [1.5, 2.0]" },
  { "cast('12.3' as decimal(2))", "decimal(2) 12.30" },
  { "cast('12.300' as decimal(2))", "decimal(2) 12.30" },
  { "cast('12.345' as decimal(2))", "!has no value of type decimal(2)" },
  { "try_cast('12.345' as decimal(15, 2))", "decimal(2) null" },
  { "cast('1.5e2' as decimal(1))", "decimal(1) 150.0" },
  { "cast(12.345 as decimal(2))", "decimal(2) 12.35" },   // the float is a little above
  { "cast(1.005 as decimal(2))", "decimal(2) 1.00" },     // ... and below
  { "cast(-0.125 as decimal(2))", "decimal(2) -0.13" },
  { "cast(0.49999999999999994 as decimal(0))",
    "decimal(0) 0" },                        { "try_cast(nan as decimal(2))",
    "decimal(2) null" },
  { "cast(1e17 as decimal(2))", "!has no value of type decimal(2)" },
  { "cast(9007199254740993.0 as decimal(1))", "decimal(1) 9007199254740992.0" },
  { "cast(12 as decimal(2))", "decimal(2) 12.00" },
  { "cast(u8 '12' as decimal(2))", "decimal(2) 12.00" },
  { "cast(big as decimal(1))", "!has no value of type decimal(1)" },
  { "cast(small as decimal(0))", "decimal(0) -9223372036854775808" },
  { "cast(decimal '2.50' as i64)", "i64 3" }, { "cast(decimal '-2.49' as i8)", "i8 -2" },
  { "cast(decimal '300' as u8)", "!has no value of type u8" },
  { "cast(decimal '0.30' as f64)", "f64 0.3" }, { "cast(decimal '0.1' as f32)", "f32 0.1" },
  { "cast(decimal '92233720368547758.07' as f64)", "f64 9.223372036854776e+16" },
  { "cast(decimal '9007199254.740993' as f64)", "f64 9007199254.740993" },
  { "cast(decimal '2.345' as decimal(2))", "decimal(2) 2.35" },
  { "cast(decimal '2.3' as decimal(3))", "decimal(3) 2.300" },
  { "cast(decimal '" TYPES_MOST "' as decimal(1))", "!has no value of type decimal(1)" },
  { "cast(decimal '" "922337203685477580.7' as decimal(0))", "decimal(0) 922337203685477581" },
  { "cast(decimal '1.5' as str)", "str 1.5" }, { "cast(decimal '0.0' as bool)", "bool false" },
  { "cast(1 as decimal)", "!a decimal has 0 to 18 digits behind the point" },
  { "cast(1 as decimal(19))", "!a decimal has 0 to 18" },
  { "cast(1 as decimal(4, 5))", "!a decimal" },
  { "cast(1 as decimal(20, 2))", "!a decimal has" },
  { "cast(d as decimal(2))", "!cannot cast" },
  { "decimal '1.5' < s", "!cannot compare" }, { "decimal '1.5' + d", "!cannot compute" },
  { "upper(decimal '1.5')", "!upper takes" }, { "bit_and(decimal '1', 1)", "!bit_and takes" })

#define TYPES_MONEY                                                                            \
  "k,p,q,r\n1,12.30,2,0.0725\n2,-0.05,3,0.1\n1,,4,0\n2,99999.99,1,-1\n3,12.3,2,.5\n"
#define TYPES_PRICED "types (p: decimal(2), r: decimal(4)) "

TYPES_TABLE(types_decimals_in_plans, TYPES_MONEY,
  { TYPES_PRICED, "k,p,q,r 1,12.30,2,0.0725 2,-0.05,3,0.1000 1,,4,0.0000 2,99999.99,1,-1.0000 "
                  "3,12.30,2,0.5000" },
  { TYPES_PRICED "| select p * q as a, p * (1 - r) as b, p + r as c, p / 2 as d",
    "a,b,c,d 24.60,11.408250,12.3725,6.15 -0.15,-0.045000,0.0500,-0.025 ,,, "
    "99999.99,199999.980000,99998.9900,49999.995 24.60,6.150000,12.8000,6.15" },
  { TYPES_PRICED "| group k : sum(p) as s, mean(p) as m, min(p) as a, max(p) as b, "
    "first(p) as c, last(p) as d, n_unique(p) as n, sum(p * q) as t",
    "k,s,m,a,b,c,d,n,t 1,12.30,12.3,12.30,12.30,12.30,,1,24.60 "
    "2,99999.94,49999.97,-0.05,99999.99,-0.05,99999.99,2,99999.84 "
    "3,12.30,12.3,12.30,12.30,12.30,12.30,1,24.60" },
  { TYPES_PRICED "| group p : count() as n | sort p", "p,n -0.05,1 12.30,2 99999.99,1 ,1" },
  { TYPES_PRICED "| group : median(p) as m, sum(r) as r", "m,r 12.3,-0.3275" },
  { TYPES_PRICED "| sort p desc, r | select p, r",
    "p,r 99999.99,-1.0000 12.30,0.0725 12.30,0.5000 -0.05,0.1000 ,0.0000" },
  { TYPES_PRICED "| filter p > 12 and p < decimal '12.301' and r != 0.5 | select k", "k 1" },
  { TYPES_PRICED "| filter p = 12.3 | select k", "k 1 3" },
  { TYPES_PRICED "| filter p > r | select k", "k 1 2 3" },
  { TYPES_PRICED "| filter p = decimal '12.3000' | select k", "k 1 3" },
  { TYPES_PRICED "| select sum(p) over (order by q rows between 1 preceding and current row) "
    "as s, "
    "mean(p) over (partition by k) as m, lag(p, 1, 0) over (order by q) as l, "
    "min(p) over (order by q rows between 1 preceding and 1 following) as n",
    "s,m,l,n 100012.29,12.3,99999.99,12.30 12.25,49999.97,12.30,-0.05 -0.05,12.3,-0.05,-0.05 "
    "99999.99,49999.97,0.00,12.30 24.60,12.3,12.30,-0.05" },
  { TYPES_PRICED "| distinct p | select p", "p 12.30 -0.05  99999.99" },
  { TYPES_PRICED "| select cast(p as i64) as i, cast(q as decimal(3)) as d, round(r, 1) as r "
    "| limit 2",
    "i,d,r 12,2.000,0.1000 0,3.000,0.1000" },
  { TYPES_PRICED "| select p * 1000000000000000000 as x",
    "!overflows decimal, in row 1 (p = 12.30)" },
  { TYPES_PRICED "| group : sum(p + decimal '92233720368547745.77') as s",
    "!overflows decimal" },
  { "types (p: decimal(1))", "!column p holds \"-0.05\", which" },
  { "types (p: decimal(15, 2), k: decimal(0)) | select k, p | limit 1", "k,p 1,12.30" })

TEST(types_decimals_in_c) {
  static const int64_t cents[] = { 1230, -5, INT64_MAX };
  dfq *db = dfq_open(NULL);
  dfq_column column = { "p", dfq_decimal_of(2), cents, NULL };
  CHECK_STR(dfq_type_name(column.type), "decimal(2)");
  CHECK_STR(dfq_type_name(dfq_list_of(dfq_decimal_of(18))), "list(decimal(18))");
  CHECK_STR(dfq_type_name(dfq_decimal_of(19)), "?");
  dfq_table *t = dfq_table_new(db, &column, 1, 3);
  CHECK_INT(dfq_table_i64(t, 0, 0), 1230);
  CHECK_F64(dfq_table_f64(t, 0, 0), 12.3);
  FILE *file = tmpfile();
  CHECK(dfq_print_json(dfq_limit(dfq_scan_table(db, t), 2), file));
  char *text = test_text(file);
  CHECK_STR(text, "[\n  {\"p\": 12.30},\n  {\"p\": -0.05}\n]\n");
  free(text);
  dfq_frame *f = dfq_scan_table(db, t);
  CHECK_SAME(dfq_join(f, f, "p", DFQ_LEFT));
  CHECK_INT(dfq_count(dfq_join(f, f, "p", DFQ_INNER)), 3);
  dfq_table_free(t);
  column.type = dfq_decimal_of(19);
  CHECK(!dfq_table_new(db, &column, 1, 3));
  dfq_close(db);
}

// ---- structs --------------------------------------------------------------------------------

// A struct s is the columns s.x and s.y; a point in a header makes one, too.
TYPES_TABLE(types_structs, "k,pos.x,pos.y,end.at\n1,10,20,a\n2,11,,b\n",
  { "", "k,pos.x,pos.y,end.at 1,10,20,a 2,11,,b" },
  { "| select pos.x + pos.y as d, end.at", "d,end.at 30,a ,b" },
  { "| filter pos.y is null and end.at = 'b' | select k", "k 2" },
  { "| select pos", "pos.x,pos.y 10,20 11," },
  { "| select k, pos as p", "k,p.x,p.y 1,10,20 2,11," },
  { "| drop pos", "k,end.at 1,a 2,b" },
  { "| distinct pos | select k", "k 1 2" },
  { "| sort pos.x desc | select pos.x", "pos.x 11 10" },
  { "| group pos : count() as n", "pos.x,pos.y,n 10,20,1 11,,1" },
  { "| select struct(k, pos.x + 1 as x) as s", "s.k,s.x 1,11 2,12" },
  { "| with struct(k as a, struct(k as b) as t) as s | select s", "s.a,s.t.b 1,1 2,2" },
  { "| select struct(cols(i64)) as s", "s.k,s.pos.x,s.pos.y 1,10,20 2,11," },
  { "| rename pos.x as x | select x, pos.y", "x,pos.y 10,20 11," },
  { "| select pos | unnest pos", "x,y 10,20 11," },
  { "| group : struct(min(k) as low, max(k) as high) as k | select k.low, k.high",
    "k.low,k.high 1,2" },
  { "| with struct(k as a) as s, k * 2 as b | select s.a, b", "s.a,b 1,2 2,4" },
  { "| select pos + 1 as x", "!pos is a struct: as a whole it stands in lists of columns; here "
                             "name a field, as in pos.x" },
  { "| select pos.z", "!no column pos.z; did you mean pos.x?" },
  { "| select struct(k + 1) as s", "!a field of a struct needs a name: as x" },
  { "| select struct(k as a)", "!expected as, and the name of the struct" },
  { "| select pos.1", "!expected" })

TEST(types_struct_names) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(dfq_expr_text(dfq_col(db, "s.x")), "s.x");
  CHECK_STR(dfq_expr_text(dfq_col(db, "s.t.x")), "s.t.x");
  CHECK_STR(dfq_expr_text(dfq_col(db, ".x")), "\".x\"");
  CHECK_STR(dfq_expr_text(dfq_col(db, "s.")), "\"s.\"");
  CHECK_STR(dfq_expr_text(dfq_col(db, "s..x")), "\"s..x\"");
  CHECK_STR(dfq_expr_text(dfq_col(db, "s.1")), "\"s.1\"");
  CHECK_STR(dfq_expr_text(dfq_col(db, "s.my x")), "\"s.my x\"");
  CHECK_STR(dfq_expr_text(dfq_parse(db, "\"s.x\" + end.case")), "s.x + end.case");
  dfq_close(db);
}

static void run_ch2_types(void) {
  RUN(types_structs);
  RUN(types_struct_names);
  RUN(types_decimal_functions);
  RUN(types_decimals_in_plans);
  RUN(types_decimals_in_c);
  RUN(types_narrow_functions);
  RUN(types_narrow_in_plans);
  RUN(types_narrow_in_c);
  RUN(types_time_functions);
  RUN(types_times_in_plans);
  RUN(types_duration_texts);
  RUN(types_dates_without_datetime);
  RUN(types_list_functions);
  RUN(types_lists_in_plans);
  RUN(types_lists_join);
  RUN(types_lists_in_c);
}
