// ch2_functions.c - the library of functions: texts, dates, numbers, nulls. A table for each:
// expression, wanted answer, over the row behind ch2_row; then both engines over a small table.
//
// ch2_row: s 'héllo', empty '', sn null, i3 7, i 10, z 0, n null, big and small the ends of
// i64, f 2.5, fn null, nan, inf, d 2020-02-29, t 2020-02-29 01:02:03.000004, dn null.

#define FN_TABLE(name, ...)                                                                    \
  TEST(name) {                                                                                 \
    static const ch2_case cases[] = { __VA_ARGS__ };                                           \
    ch2_table(cases, CH2_COUNT(cases));                                                        \
  }

#define FN_E "\xc3\xa9"          // é, two bytes
#define FN_EURO "\xe2\x82\xac"   // three
#define FN_FACE "\xf0\x9f\x99\x82"   // four

// ---- texts ----------------------------------------------------------------------------------

FN_TABLE(fn_letters,
  { "upper(s)", "str H" FN_E "LLO" },       { "upper('azAZ09{`')", "str AZAZ09{`" },
  { "upper(empty)", "str " },               { "upper(sn)", "str null" },
  { "upper(null)", "str null" },            { "lower('ABZ" FN_E "[@')", "str abz" FN_E "[@" },
  { "lower(empty)", "str " },               { "lower(sn)", "str null" },
  { "title('the qUICK 3rd fox')", "str The Quick 3rd Fox" },
  { "title('don''t x-ray')", "str Don'T X-Ray" },
  { "title('" FN_E "a a')", "str " FN_E "a A" },
  { "title(empty)", "str " },               { "title(sn)", "str null" },
  { "upper(1)", "!upper takes (str), not (i64)" },
  { "lower(d)", "!lower takes (str), not (date)" },
  { "title(true)", "!title takes (str), not (bool)" },
  { "upper('a', 'b')", "!upper" })

FN_TABLE(fn_strip,
  { "strip('  a b ')", "str a b" },         { "lstrip('  a b ')", "str a b " },
  { "rstrip('  a b ')", "str   a b" },      { "strip('    ')", "str " },
  { "strip(empty)", "str " },               { "strip(sn)", "str null" },
  { "strip('\t\v\r\nx\f')", "str x" },      { "strip('xxaxx', 'x')", "str a" },
  { "strip('xyaxy', 'yx')", "str a" },      { "strip(s, 'ho')", "str " FN_E "ll" },
  { "strip('" FN_E "a" FN_E "', '" FN_E "')", "str a" },
  { "strip('" FN_E "a', '\xc3')", "str " FN_E "a" },
  { "strip(' a ', '')", "str  a " },        { "strip(s, sn)", "str null" },
  { "lstrip('aab', 'a')", "str b" },        { "rstrip('baa', 'a')", "str b" },
  { "lstrip('aa', 'a')", "str " },          { "rstrip(empty, 'a')", "str " },
  { "strip(i)", "!strip takes (str) or (str, str), not (i64)" },
  { "lstrip(s, 1)", "!lstrip takes (str) or (str, str), not (str, i64)" })

FN_TABLE(fn_contains,
  { "contains(s, 'll')", "bool true" },     { "contains(s, 'lll')", "bool false" },
  { "contains(s, '')", "bool true" },       { "contains(empty, '')", "bool true" },
  { "contains(empty, 'a')", "bool false" }, { "contains(s, sn)", "bool null" },
  { "contains(sn, 'a')", "bool null" },     { "contains('aaab', 'aab')", "bool true" },
  { "contains(s, '" FN_E "')", "bool true" },
  { "starts_with(s, 'h')", "bool true" },   { "starts_with(s, 'e')", "bool false" },
  { "starts_with(s, '')", "bool true" },    { "starts_with('a', 'ab')", "bool false" },
  { "starts_with(sn, '')", "bool null" },   { "ends_with(s, 'lo')", "bool true" },
  { "ends_with(s, 'h')", "bool false" },    { "ends_with(empty, empty)", "bool true" },
  { "ends_with('b', 'ab')", "bool false" }, { "ends_with(s, null)", "bool null" },
  { "contains(s, 1)", "!contains takes (str, str), not (str, i64)" },
  { "starts_with(d, s)", "!starts_with takes (str, str), not (date, str)" },
  { "ends_with(s)", "!ends_with" })

FN_TABLE(fn_replace,
  { "replace('abcabc', 'b', 'xy')", "str axycaxyc" },
  { "replace('aaaa', 'aa', 'a')", "str aa" }, { "replace('aaa', 'a', 'aa')", "str aaaaaa" },
  { "replace(s, 'l', '')", "str h" FN_E "o" }, { "replace(s, 'x', 'y')", "str h" FN_E "llo" },
  { "replace(s, '', 'y')", "str h" FN_E "llo" }, { "replace(empty, 'a', 'b')", "str " },
  { "replace(s, '" FN_E "', 'e')", "str hello" }, { "replace(s, sn, 'a')", "str null" },
  { "replace('ab', 'ab', empty)", "str " }, { "replace(sn, 'a', 'b')", "str null" },
  { "replace(s, 'l', 1)", "!replace takes (str, str, str), not (str, str, i64)" })

FN_TABLE(fn_find,
  { "find(s, 'l')", "i64 2" },              { "find(s, 'h')", "i64 0" },
  { "find(s, 'x')", "i64 -1" },             { "find(s, '')", "i64 0" },
  { "find(empty, '')", "i64 0" },           { "find(empty, 'a')", "i64 -1" },
  { "find(s, sn)", "i64 null" },            { "find('aab', 'ab')", "i64 1" },
  { "find('" FN_FACE FN_EURO "b', 'b')", "i64 2" },
  { "find(s, i)", "!find takes (str, str), not (str, i64)" })

FN_TABLE(fn_prefix_and_suffix, { "strip_prefix('foobar', 'foo')", "str bar" },
         { "strip_prefix('foo', 'foo')", "str " },
         { "strip_prefix('foobar', 'bar')", "str foobar" },
         { "strip_prefix(s, '')", "str h" FN_E "llo" },
         { "strip_prefix('aab', 'a')", "str ab" }, { "strip_prefix(sn, 'a')", "str null" },
         { "strip_suffix('foobar', 'bar')", "str foo" }, { "strip_suffix('x', 'yx')", "str x" },
         { "strip_suffix(empty, 'a')", "str " }, { "strip_suffix(s, sn)", "str null" },
         { "strip_suffix(s, 'lo')", "str h" FN_E "l" },
         { "strip_prefix(1, 's')", "!strip_prefix takes (str, str), not (i64, str)" })

FN_TABLE(
    fn_slice, { "slice(s, 1, 2)", "str " FN_E "l" }, { "slice(s, 0, 100)", "str h" FN_E "llo" },
    { "slice(s, -2, 1)", "str l" }, { "slice(s, -2)", "str lo" }, { "slice(s, 2)", "str llo" },
    { "slice(s, 5, 1)", "str " }, { "slice(s, 1, 0)", "str " }, { "slice(s, 1, -1)", "str " },
    { "slice(s, -100, 2)", "str h" FN_E }, { "slice(s, small, big)", "str h" FN_E "llo" },
    { "slice(s, big, big)", "str " }, { "slice(s, 0, small)", "str " },
    { "slice(empty, 0, 1)", "str " }, { "slice(empty, -1)", "str " },
    { "slice(sn, 0, 1)", "str null" }, { "slice(s, n)", "str null" },
    { "slice(s, i3, i3)", "str " }, { "slice('" FN_FACE "ab', 0, 2)", "str " FN_FACE "a" },
    { "slice(s, f, 1)", "!slice takes (str, i64, i64) or (str, i64), not (str, f64, i64)" })

FN_TABLE(fn_left_and_right,
  { "left(s, 2)", "str h" FN_E },           { "left(s, 0)", "str " },
  { "left(s, -1)", "str " },                { "left(s, big)", "str h" FN_E "llo" },
  { "left(empty, 3)", "str " },             { "left(sn, 1)", "str null" },
  { "right(s, 4)", "str " FN_E "llo" },     { "right(s, 0)", "str " },
  { "right(s, small)", "str " },            { "right(s, big)", "str h" FN_E "llo" },
  { "right(empty, 3)", "str " },            { "right(s, n)", "str null" },
  { "left(s, '1')", "!left takes (str, i64), not (str, str)" })

FN_TABLE(fn_reverse_repeat_concat, { "reverse(s)", "str oll" FN_E "h" },
         { "reverse(empty)", "str " },
         { "reverse('a" FN_EURO FN_FACE "')", "str " FN_FACE FN_EURO "a" },
         { "reverse(sn)", "str null" }, { "repeat('ab', 3)", "str ababab" },
         { "repeat(s, 1)", "str h" FN_E "llo" }, { "repeat(s, 0)", "str " },
         { "repeat(s, small)", "str " }, { "repeat(empty, big)", "str " },
         { "repeat(sn, 2)", "str null" }, { "repeat('ab', n)", "str null" },
         { "len_bytes(repeat('x', 16777216))", "i64 16777216" },
         { "repeat('x', 16777217)", "!makes a text of more than 16 MiB" },
         { "repeat('ab', big)", "!makes a text of more than 16 MiB" },
         { "concat('a', 'b')", "str ab" },
         { "concat(s, '', s)", "str h" FN_E "lloh" FN_E "llo" },
         { "concat(empty, empty)", "str " }, { "concat(s, sn)", "str null" },
         { "concat('1','2','3','4','5','6','7','8','9','0')", "str 1234567890" },
         { "concat(s, cast(i as str))", "str h" FN_E "llo10" }, { "concat(s)", "!concat" },
         { "concat(s, i)", "!concat takes (str, str, ...), not (str, i64)" },
         { "reverse(i)", "!reverse takes (str), not (i64)" },
         { "repeat(s, s)", "!repeat takes (str, i64), not (str, str)" })

FN_TABLE(
    fn_pad, { "pad_left('7', 3, '0')", "str 007" }, { "pad_left('7', 3)", "str   7" },
    { "pad_right('7', 3, '-')", "str 7--" }, { "concat(pad_right('7', 3), '|')", "str 7  |" },
    { "pad_left(s, 7, '*')", "str **h" FN_E "llo" },
    { "pad_left(s, 5, '*')", "str h" FN_E "llo" },
    { "pad_left(s, 2, '*')", "str h" FN_E "llo" }, { "pad_left('a', 6, 'xyz')", "str xyzxya" },
    { "pad_right('a', 4, '" FN_E "')", "str a" FN_E FN_E FN_E },
    { "pad_left('a', 9, '')", "str a" }, { "pad_left('a', small)", "str a" },
    { "pad_left(empty, 2, '.')", "str .." }, { "pad_left(sn, 2)", "str null" },
    { "pad_right(s, 9, sn)", "str null" },
    { "pad_left('a', big)", "!makes a text of more than 16 MiB" },
    { "pad_right('a', 16777216, '" FN_E "')", "!16 MiB" },
    { "pad_left(s, 'x')", "!pad_left takes (str, i64) or (str, i64, str), not (str, str)" })

// ---- dates ----------------------------------------------------------------------------------

FN_TABLE(fn_calendar,
  { "year(d)", "i64 2020" },                { "month(d)", "i64 2" },
  { "day(d)", "i64 29" },                   { "quarter(d)", "i64 1" },
  { "year(t)", "i64 2020" },                { "month(t)", "i64 2" },
  { "day(t)", "i64 29" },                   { "day_of_year(d)", "i64 60" },
  { "weekday(d)", "i64 6" },                { "week(d)", "i64 9" },
  { "year(dn)", "i64 null" },               { "day(null)", "i64 null" },
  { "year(date '0000-01-01')", "i64 0" },   { "year(date '9999-12-31')", "i64 9999" },
  { "day_of_year(date '2020-12-31')", "i64 366" },
  { "day_of_year(date '2021-12-31')", "i64 365" },
  { "quarter(date '2021-12-31')", "i64 4" }, { "quarter(date '2021-04-01')", "i64 2" },
  { "day(datetime '1969-12-31 23:59:59.999999')", "i64 31" },
  { "year(datetime '1969-12-31 23:59:59.999999')", "i64 1969" },
  { "weekday(date '1970-01-01')", "i64 4" }, { "weekday(date '1969-12-29')", "i64 1" },
  { "weekday(date '2024-09-01')", "i64 7" }, { "weekday(dn)", "i64 null" },
  { "year('2020-01-01')", "!year takes (date) or (datetime), not (str)" },
  { "month(i)", "!month takes (date) or (datetime), not (i64)" },
  { "day(u)", "!day takes (date) or (datetime), not (duration)" })

// The examples of ISO 8601 and its corners: years of 52 and 53 weeks.
FN_TABLE(fn_iso_weeks,
  { "week(date '2005-01-01')", "i64 53" },  { "week(date '2005-01-03')", "i64 1" },
  { "week(date '2005-12-31')", "i64 52" },  { "week(date '2007-01-01')", "i64 1" },
  { "week(date '2008-12-29')", "i64 1" },   { "week(date '2010-01-03')", "i64 53" },
  { "week(date '2021-01-01')", "i64 53" },  { "week(date '2020-12-31')", "i64 53" },
  { "week(date '2021-01-04')", "i64 1" },   { "week(date '0000-01-01')", "i64 52" },
  { "week(date '9999-12-31')", "i64 52" },  { "week(t)", "i64 9" },
  { "week(dn)", "i64 null" })

FN_TABLE(fn_clock,
  { "hour(t)", "i64 1" },                   { "minute(t)", "i64 2" },
  { "second(t)", "i64 3" },                 { "microsecond(t)", "i64 4" },
  { "hour(d)", "i64 0" },                   { "hour(null)", "i64 null" },
  { "hour(datetime '1969-12-31 23:58:57.999999')", "i64 23" },
  { "minute(datetime '1969-12-31 23:58:57.999999')", "i64 58" },
  { "second(datetime '1969-12-31 23:58:57.999999')", "i64 57" },
  { "microsecond(datetime '1969-12-31 23:58:57.999999')", "i64 999999" },
  { "hour(datetime '0000-01-01 00:00')", "i64 0" },
  { "second(s)", "!second takes (datetime) or (time), not (str)" },
  { "minute(u)", "!minute takes (datetime) or (time), not (duration)" })

FN_TABLE(fn_names_of_days, { "day_name(d)", "str Saturday" }, { "day_name(t)", "str Saturday" },
         { "day_name(date '1970-01-05')", "str Monday" },
         { "day_name(date '1969-12-28')", "str Sunday" }, { "day_name(dn)", "str null" },
         { "month_name(d)", "str February" },
         { "month_name(date '2021-12-01')", "str December" }, { "month_name(dn)", "str null" },
         { "month_name(2)", "!month_name takes (date)" }, { "is_leap_year(d)", "bool true" },
         { "is_leap_year(date '1900-06-01')", "bool false" },
         { "is_leap_year(date '2000-06-01')", "bool true" },
         { "is_leap_year(date '0000-06-01')", "bool true" },
         { "is_leap_year(dn)", "bool null" },
         { "last_day(date '2021-02-03')", "date 2021-02-28" },
         { "last_day(d)", "date 2020-02-29" }, { "last_day(t)", "date 2020-02-29" },
         { "last_day(date '9999-12-01')", "date 9999-12-31" }, { "last_day(dn)", "date null" },
         { "last_day(1)", "!last_day takes (date)" })

FN_TABLE(fn_dates_and_epochs,
  { "date(t)", "date 2020-02-29" },         { "date(d)", "date 2020-02-29" },
  { "date(datetime '1969-12-31 23:59:59')", "date 1969-12-31" },
  { "date(null)", "date null" },            { "date('2020-01-01')", "!date takes" },
  { "epoch_seconds(t)", "i64 1582938123" }, { "epoch_seconds(d)", "i64 1582934400" },
  { "epoch_seconds(datetime '1969-12-31 23:59:59.5')", "i64 -1" },
  { "epoch_seconds(null)", "i64 null" },    { "epoch_seconds(1)", "!epoch_seconds takes" },
  { "from_epoch_seconds(0)", "datetime 1970-01-01 00:00:00" },
  { "from_epoch_seconds(-1)", "datetime 1969-12-31 23:59:59" },
  { "from_epoch_seconds(i3)", "datetime 1970-01-01 00:00:07" },
  { "from_epoch_seconds(253402300799)", "datetime 9999-12-31 23:59:59" },
  { "from_epoch_seconds(253402300800)", "!leaves the years 0 to 9999" },
  { "from_epoch_seconds(big)", "!leaves the years 0 to 9999" },
  { "from_epoch_seconds(small)", "!leaves the years 0 to 9999" },
  { "from_epoch_seconds(n)", "datetime null" },
  { "from_epoch_seconds(f)", "!from_epoch_seconds takes (i64), not (f64)" })

FN_TABLE(fn_truncate,
  { "truncate(d, 'year')", "date 2020-01-01" }, { "truncate(d, 'month')", "date 2020-02-01" },
  { "truncate(date '2021-12-31', 'quarter')", "date 2021-10-01" },
  { "truncate(d, 'week')", "date 2020-02-24" }, { "truncate(d, 'day')", "date 2020-02-29" },
  { "truncate(d, 'hour')", "date 2020-02-29" },
  { "truncate(t, 'year')", "datetime 2020-01-01 00:00:00" },
  { "truncate(t, 'week')", "datetime 2020-02-24 00:00:00" },
  { "truncate(t, 'day')", "datetime 2020-02-29 00:00:00" },
  { "truncate(t, 'hour')", "datetime 2020-02-29 01:00:00" },
  { "truncate(t, 'minute')", "datetime 2020-02-29 01:02:00" },
  { "truncate(datetime '1969-12-31 23:59:59', 'hour')", "datetime 1969-12-31 23:00:00" },
  { "truncate(date '0000-01-01', 'week')", "date 0000-01-01" },
  { "truncate(date '0000-01-03', 'week')", "date 0000-01-03" },
  { "truncate(date '9999-12-31', 'year')", "date 9999-01-01" },
  { "truncate(dn, 'month')", "date null" }, { "truncate(null, 'month')", "date null" },
  { "truncate(d, 'months')", "!truncate knows no such unit" },
  { "truncate(d, '')", "!the units: year, quarter" },
  { "truncate(d, s)", "!truncate needs a unit written as a literal" },
  { "truncate(d, null)", "!truncate needs a unit written as a literal" },
  { "truncate(i, 'month')", "!truncate takes (date, str) or (datetime, str), not (i64, str)" })

// Dates that cannot be written may stand in a caller's column: nothing may overflow over them.
TEST(fn_dates_beyond_writing) {
  static const char *const texts[] = {
    "year(d)", "week(d)", "weekday(d)", "day_of_year(d)", "last_day(d)", "truncate(d, 'week')",
    "truncate(d, 'year')", "day_name(d)", "month_name(d)", "is_leap_year(d)", "time(t)",
    "year(t)", "week(t)", "last_day(t)", "truncate(t, 'week')", "truncate(t, 'minute')",
    "microsecond(t)", "epoch_seconds(t)", "date(t)", "hour(t)"
  };
  dfq *db = dfq_open(NULL);
  dfq_field field[] = { { "d", DFQ_DATE, NULL }, { "t", DFQ_DATETIME, NULL } };
  dfq_schema schema = { 2, field };
  for (int end = 0; end < 2; end++)
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
      dfq_value to, row[] = { ch2_int(DFQ_DATE, end ? INT32_MAX : INT32_MIN),
                              ch2_int(DFQ_DATETIME, end ? INT64_MAX : INT64_MIN) };
      bool ok = dfq_expr_eval(dfq_parse(db, texts[i]), &schema, row, &to);
      if (!CHECK(ok && to.type != DFQ_NULL)) printf("    %s\n", texts[i]);
      bool is_date = ok && to.type == DFQ_DATE;
      CHECK(!is_date || (to.as.i >= INT32_MIN && to.as.i <= INT32_MAX));
    }
  dfq_close(db);
}

// ---- numbers --------------------------------------------------------------------------------

FN_TABLE(fn_rounding, { "floor(big)", "i64 9223372036854775807" },
         { "ceil(small)", "i64 -9223372036854775808" },
         { "trunc(9007199254740993)", "i64 9007199254740993" },
         { "round(big)", "i64 9223372036854775807" }, { "floor(i3)", "i64 7" },
         { "floor(n)", "i64 null" }, { "floor(2.5)", "f64 2.0" }, { "floor(-2.5)", "f64 -3.0" },
         { "ceil(2.5)", "f64 3.0" }, { "ceil(-2.5)", "f64 -2.0" },
         { "trunc(-2.5)", "f64 -2.0" }, { "floor(nan)", "f64 nan" },
         { "ceil(-inf)", "f64 -inf" }, { "trunc(fn)", "f64 null" }, { "round(2.5)", "f64 3.0" },
         { "round(-2.5)", "f64 -3.0" }, { "round(0.49999999999999994)", "f64 0.0" },
         { "round(nan)", "f64 nan" }, { "round(2.345, 2)", "f64 2.35" },
         { "round(1.005, 2)", "f64 1.0" }, { "round(1.115, 2)", "f64 1.11" },
         { "round(2.675, 2)", "f64 2.67" }, { "round(0.125, 2)", "f64 0.13" },
         { "round(-0.125, 2)", "f64 -0.13" }, { "round(1234.5, -2)", "f64 1200.0" },
         { "round(1250.0, -2)", "f64 1300.0" }, { "round(-1250.0, -2)", "f64 -1300.0" },
         { "round(5.0, -1)", "f64 10.0" }, { "round(1e300, 2)", "f64 1e+300" },
         { "round(0.1, 30)", "f64 0.1" }, { "round(7.0, -400)", "f64 0.0" },
         { "round(f, small)", "f64 0.0" }, { "round(f, big)", "f64 2.5" },
         { "round(inf, 2)", "f64 inf" }, { "round(nan, 2)", "f64 nan" },
         { "round(f, n)", "f64 null" }, { "round(1234, -2)", "i64 1200" },
         { "round(1250, -2)", "i64 1300" }, { "round(-1250, -2)", "i64 -1300" },
         { "round(i, 3)", "i64 10" }, { "round(small, -19)", "!overflows i64" },
         { "round(big, -1)", "!overflows i64" },
         { "round(big, -2)", "i64 9223372036854775800" },
         { "round(small, -2)", "i64 -9223372036854775800" },
         { "round(4000000000000000000, -19)", "i64 0" }, { "round(big, -20)", "i64 0" },
         { "round(big, small)", "i64 0" }, { "round(s)", "!round takes (i64) or (f64)" },
         { "round(f, 1.5)", "!round takes" },
         { "floor(s)", "!floor takes (i64) or (f64) or (decimal), not (str)" },
         { "ceil(d)", "!ceil takes" },
         { "trunc(true)", "!trunc takes" })

FN_TABLE(fn_sign_and_roots,
  { "sign(small)", "i64 -1" },              { "sign(z)", "i64 0" },
  { "sign(big)", "i64 1" },                 { "sign(-0.5)", "f64 -1.0" },
  { "sign(0.0)", "f64 0.0" },               { "sign(nan)", "f64 nan" },
  { "sign(n)", "i64 null" },                { "sign(s)", "!sign takes (i64) or (f64)" },
  { "sqrt(9)", "f64 3.0" },                 { "sqrt(-1)", "f64 nan" },
  { "sqrt(inf)", "f64 inf" },               { "sqrt(fn)", "f64 null" },
  { "cbrt(-27.0)", "f64 -3.0" },            { "cbrt(nan)", "f64 nan" },
  { "exp(0)", "f64 1.0" },                  { "exp(1000)", "f64 inf" },
  { "exp(-inf)", "f64 0.0" },               { "ln(1)", "f64 0.0" },
  { "ln(0)", "f64 -inf" },                  { "ln(-1)", "f64 nan" },
  { "log10(1000)", "f64 3.0" },             { "log2(8)", "f64 3.0" },
  { "log2(0)", "f64 -inf" },                { "log10(n)", "f64 null" },
  { "pow(2, 10)", "f64 1024.0" },           { "pow(2, -1)", "f64 0.5" },
  { "pow(-8, 1.0 / 3)", "f64 nan" },        { "pow(0, 0)", "f64 1.0" },
  { "pow(nan, 0)", "f64 1.0" },             { "pow(2, n)", "f64 null" },
  { "pow(10, 400)", "f64 inf" },            { "sin(0)", "f64 0.0" },
  { "cos(0)", "f64 1.0" },                  { "tan(0)", "f64 0.0" },
  { "sin(inf)", "f64 nan" },                { "cos(null)", "f64 null" },
  { "atan2(0, 1)", "f64 0.0" },             { "round(atan2(1, 1) * 4, 5)", "f64 3.14159" },
  { "atan2(1, fn)", "f64 null" },           { "sqrt('4')", "!sqrt takes (f64), not (str)" },
  { "pow(2)", "!pow" },                     { "ln(d)", "!ln takes (f64), not (date)" },
  { "tan(true)", "!tan takes (f64), not (bool)" })

FN_TABLE(fn_least_and_greatest,
  { "least(3, 1, 2)", "i64 1" },            { "greatest(3, 1, 2)", "i64 3" },
  { "least(i, f)", "f64 2.5" },             { "greatest(i, n)", "i64 10" },
  { "least(n, i, n)", "i64 10" },           { "least(n, n)", "i64 null" },
  { "greatest(null, null)", "i64 null" },   { "greatest(1.0, nan)", "f64 nan" },
  { "least(1.0, nan)", "f64 1.0" },         { "least(inf, -inf)", "f64 -inf" },
  { "least('b', 'a')", "str a" },           { "greatest(s, empty)", "str h" FN_E "llo" },
  { "greatest(true, false)", "bool true" }, { "least(big, small)", "i64 -9223372036854775808" },
  { "least(d, date '1999-01-01')", "date 1999-01-01" },
  { "greatest(d, t)", "datetime 2020-02-29 01:02:03.000004" },
  { "greatest(1,2,3,4,5,6,7,8,9,10)", "i64 10" }, { "least(i3, i3)", "i64 7" },
  { "least(1, 'a')", "!least takes" },      { "greatest(i)", "!greatest" },
  { "clip(5, 1, 3)", "i64 3" },             { "clip(0, 1, 3)", "i64 1" },
  { "clip(2, 1, 3)", "i64 2" },             { "clip(f, 0, 1)", "f64 1.0" },
  { "clip(nan, 0, 1)", "f64 nan" },         { "clip(inf, 0, 1)", "f64 1.0" },
  { "clip(5, 3, 1)", "i64 1" },             { "clip(n, 1, 3)", "i64 null" },
  { "clip(5, n, 3)", "i64 null" },          { "clip('m', 'a', 'f')", "str f" },
  { "clip(d, date '2021-01-01', date '2022-01-01')", "date 2021-01-01" },
  { "clip(s, 1, 2)", "!clip takes" },       { "clip(1, 2)", "!clip" })

FN_TABLE(fn_bits, { "bit_and(12, 10)", "i64 8" }, { "bit_or(12, 10)", "i64 14" },
         { "bit_xor(12, 10)", "i64 6" }, { "bit_and(-1, big)", "i64 9223372036854775807" },
         { "bit_xor(big, small)", "i64 -1" }, { "bit_or(n, 1)", "i64 null" },
         { "bit_and(f, 1)", "!bit_and takes (i64, i64), not (f64, i64)" },
         { "shift_left(1, 62)", "i64 4611686018427387904" },
         { "shift_left(1, 63)", "!overflows i64" },
         { "shift_left(-1, 63)", "i64 -9223372036854775808" },
         { "shift_left(-2, 63)", "!overflows i64" }, { "shift_left(0, 63)", "i64 0" },
         { "shift_left(big, 1)", "!overflows i64" }, { "shift_left(5, 0)", "i64 5" },
         { "shift_left(1, -1)", "!needs a shift of 0 to 63" },
         { "shift_left(1, 64)", "!needs a shift of 0 to 63" },
         { "shift_left(n, 64)", "i64 null" }, { "shift_right(-1, 63)", "i64 -1" },
         { "shift_right(-5, 1)", "i64 -3" }, { "shift_right(small, 63)", "i64 -1" },
         { "shift_right(big, 62)", "i64 1" },
         { "hash(i) = hash(i, 0)", "bool true" }, { "hash(i, 1) = hash(i)", "bool false" },
         { "hash(0.0) = hash(-0.0)", "bool true" }, { "hash(n)", "i64 null" },
         { "hash('') = hash('a')", "bool false" },
         { "hash('a text of 8 or more', 7)", "i64 -8882036614374135370" },
         { "hash(1)", "i64 -1547715641947990325" },
         { "hash(1, 2.0)", "!hash takes" },
         { "shift_right(1, big)", "!needs a shift of 0 to 63" },
         { "shift_right(i, n)", "i64 null" },
         { "shift_right(1.0, 1)", "!shift_right takes (i64, i64), not (f64, i64)" })

// ---- nulls ----------------------------------------------------------------------------------

FN_TABLE(fn_nulls,
  { "if_null(n, 5)", "i64 5" },             { "if_null(i, 5)", "i64 10" },
  { "if_null(sn, 'x')", "str x" },          { "if_null(fn, nan)", "f64 nan" },
  { "if_null(n, f)", "f64 2.5" },           { "fill(n, 0)", "i64 0" },
  { "if_null(1, 1 // 0 + big + 1)", "i64 1" },   // the second is never looked at
  { "null_if(i, 10)", "i64 null" },         { "null_if(i, 11)", "i64 10" },
  { "null_if(n, 1)", "i64 null" },          { "null_if(i, n)", "i64 10" },
  { "null_if(empty, '')", "str null" },     { "null_if(nan, nan)", "f64 null" },
  { "if_null(1)", "!if_null" },             { "null_if(1, 2, 3)", "!null_if" },
  { "if_null(i, 'x')", "!one branch is" },  { "null_if(i, 'x')", "!cannot compare" },
  { "nul_if(1, 2)", "!null_if" })

// They are cases, and so print as what they are.
TEST(fn_nulls_as_cases) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(dfq_expr_text(dfq_parse(db, "if_null(a, b)")),
            "case when a is not null then a else b end");
  CHECK_STR(dfq_expr_text(dfq_parse(db, "null_if(a, b)")),
            "case when a = b then null else a end");
  CHECK(dfq_expr_equal(dfq_parse(db, "fill(a, b)"), dfq_parse(db, "coalesce(a, b)")));
  dfq_close(db);
}

// ---- nothing of memory ----------------------------------------------------------------------

// A text that finds no room is want of memory, not a fault of the value.
TEST(fn_out_of_memory) {
  static const char *const texts[] = { "repeat(s, 2000000)", "pad_left(s, 16000000)",
                                       "replace(repeat(s, 1000), 'l', repeat(s, 1000))" };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.budget = 2000000;
    dfq *db = dfq_open(&options);
    dfq_value to;
    CHECK(!dfq_expr_eval(dfq_parse(db, texts[i]), &ch2_schema, ch2_row(), &to));
    CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_close(db);
  }
}

// ---- both engines ---------------------------------------------------------------------------

#if DFQ_CHAPTER >= 5
// Every function over a small table, in a filter as well, so that it is moved and folded.
TEST(fn_engines_agree) {
  static const char *const columns[] = {
    "upper(s)", "title(s)", "strip(s)", "rstrip(s, 'o ')", "contains(s, 'l')", "find(s, p)",
    "replace(s, 'l', 'LL')", "slice(s, 1, i)", "left(s, i)", "right(s, i)", "reverse(s)",
    "repeat(s, 9)", "concat(s, p, s)", "pad_left(s, 20, p)", "pad_right(s, i)",
    "strip_prefix(s, p)", "strip_suffix(s, p)", "starts_with(s, p)", "ends_with(s, 'o')",
    "year(d)", "week(d)", "day_of_year(t)", "day_name(d)", "month_name(t)", "last_day(d)",
    "truncate(t, 'hour')", "truncate(d, 'week')", "hour(t)", "microsecond(t)", "date(t)",
    "epoch_seconds(t)", "from_epoch_seconds(i)", "is_leap_year(t)", "sign(f)", "round(f, 1)",
    "round(i, -1)", "floor(i)", "sqrt(f)", "ln(f)", "pow(f, i)", "least(i, 3)",
    "greatest(f, 0.5, i)", "clip(i, 0, 5)", "bit_xor(i, 3)", "shift_right(i, 1)",
    "if_null(i, 0)", "null_if(s, p)"
  };
  static const char *const texts[] = { "h" FN_E "llo", "", "  two words ", "l" FN_EURO "o",
                                       "a text that is too long for a view", "o" };
  enum { ROWS = 150, COLUMNS = 6 };
  static dfq_value cell[ROWS * COLUMNS];
  dfq_field field[COLUMNS] = { { "s", DFQ_STR, NULL }, { "p", DFQ_STR, NULL },
                               { "i", DFQ_I64, NULL }, { "f", DFQ_F64, NULL },
                               { "d", DFQ_DATE, NULL }, { "t", DFQ_DATETIME, NULL } };
  uint64_t seed = 11;
  for (int r = 0; r < ROWS; r++) {
    dfq_value *v = cell + r * COLUMNS;
    v[0] = ch2_string(texts[ch0_below(&seed, 6)]);
    v[1] = ch2_string(texts[ch0_below(&seed, 6)]);
    v[2] = ch2_int(DFQ_I64, ch0_below(&seed, 60) - 20);
    v[3] = ch2_float(ch0_below(&seed, 100) / 8.0 - 5);
    v[4] = ch2_int(DFQ_DATE, ch0_below(&seed, 40000) - 20000);
    v[5] = ch2_int(DFQ_DATETIME, (v[4].as.i * 86400 + ch0_below(&seed, 86400)) * 1000000 + 7);
    if (r % 5 == 4) v[ch0_below(&seed, COLUMNS)] = ch2_int(DFQ_NULL, 0);
  }
  dfq *db = dfq_open(NULL);
  dfq_table *t = dfq_table_from_rows(db, field, COLUMNS, cell, ROWS);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    char text[200];
    dfq_frame *f = dfq_scan_table(db, t);
    snprintf(text, sizeof text, "*, %s as r", columns[i]);
    f = dfq_select(f, text);
    if (!CHECK(dfq_check_equivalent(f, NULL))) printf("  %s: %s\n", text, dfq_error(db));
    snprintf(text, sizeof text, "r is null or r = %s", columns[i]);
    f = dfq_filter(f, text);
    if (!CHECK(dfq_check_equivalent(f, NULL))) printf("  %s: %s\n", text, dfq_error(db));
  }
  dfq_table_free(t);
  dfq_close(db);
}
#endif

static void run_ch2_functions(void) {
  RUN(fn_letters);
  RUN(fn_strip);
  RUN(fn_contains);
  RUN(fn_replace);
  RUN(fn_find);
  RUN(fn_prefix_and_suffix);
  RUN(fn_slice);
  RUN(fn_left_and_right);
  RUN(fn_reverse_repeat_concat);
  RUN(fn_pad);
  RUN(fn_calendar);
  RUN(fn_iso_weeks);
  RUN(fn_clock);
  RUN(fn_names_of_days);
  RUN(fn_dates_and_epochs);
  RUN(fn_truncate);
  RUN(fn_dates_beyond_writing);
  RUN(fn_rounding);
  RUN(fn_sign_and_roots);
  RUN(fn_least_and_greatest);
  RUN(fn_bits);
  RUN(fn_nulls);
  RUN(fn_nulls_as_cases);
  RUN(fn_out_of_memory);
#if DFQ_CHAPTER >= 5
  RUN(fn_engines_agree);
#endif
}
