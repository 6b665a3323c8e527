// ch2_dates.c - units of time, formats, parts that dates are made of: the tables as in
// ch2_functions.c, then every format back and forth on random moments.

FN_TABLE(dates_truncate_by_several,
  { "truncate(t, '15 minutes')", "datetime 2020-02-29 01:00:00" },
  { "truncate(t, '1 minute')", "datetime 2020-02-29 01:02:00" },
  { "truncate(t, 'second')", "datetime 2020-02-29 01:02:03" },
  { "truncate(t, '2 seconds')", "datetime 2020-02-29 01:02:02" },
  { "truncate(t, '2 hours')", "datetime 2020-02-29 00:00:00" },
  { "truncate(t, '2 days')", "datetime 2020-02-28 00:00:00" },
  { "truncate(d, '2 weeks')", "date 2020-02-17" },
  { "truncate(date '1970-01-05', '2 weeks')", "date 1969-12-29" },
  { "truncate(date '1970-01-12', '2 weeks')", "date 1970-01-12" },
  { "truncate(d, '6 months')", "date 2020-01-01" },
  { "truncate(d, '5 years')", "date 2020-01-01" },
  { "truncate(date '2019-12-31', '5 years')", "date 2015-01-01" },
  { "truncate(date '2021-05-05', '2 quarters')", "date 2021-01-01" },
  { "truncate(d, '10000 years')", "date 0000-01-01" },
  { "truncate(d, '3650000 days')", "date 1970-01-01" },
  { "truncate(d, '10001 years')", "!truncate knows no such unit" },
  { "truncate(d, '99999999999999999999 days')", "!truncate knows no such unit" },
  { "truncate(d, '0 days')", "!truncate knows no such unit" },
  { "truncate(d, '-1 day')", "!truncate knows no such unit" },
  { "truncate(d, '2  days')", "!truncate knows no such unit" },
  { "truncate(d, '2')", "!as '15 minutes'" }, { "truncate(dn, '2 days')", "date null" },
  { "truncate(date '0000-01-01', '7 weeks')", "date 0000-01-01" },
  { "truncate(date '9999-12-31', '9 weeks')", "date 9999-11-01" })

FN_TABLE(dates_diff,
  { "date_diff(date '2023-12-31', date '2024-01-01', 'year')", "i64 1" },
  { "date_diff(date '2024-01-01', date '2023-12-31', 'year')", "i64 -1" },
  { "date_diff(date '2024-01-01', date '2024-12-31', 'year')", "i64 0" },
  { "date_diff(date '2024-01-31', date '2024-03-01', 'month')", "i64 2" },
  { "date_diff(date '2024-01-31', date '2024-04-01', 'quarter')", "i64 1" },
  { "date_diff(date '2024-02-04', date '2024-02-05', 'week')", "i64 1" },
  { "date_diff(d, date '2020-03-01', 'day')", "i64 1" },
  { "date_diff(t, datetime '2020-02-29 02:00:00', 'hour')", "i64 1" },
  { "date_diff(d, t, 'minute')", "i64 62" }, { "date_diff(d, t, 'second')", "i64 3723" },
  { "date_diff(date '0000-01-01', date '9999-12-31', 'second')", "i64 315569433600" },
  { "date_diff(dn, d, 'day')", "i64 null" }, { "date_diff(d, null, 'day')", "i64 null" },
  { "date_diff(d, d, '2 days')", "!date_diff knows no such unit" },
  { "date_diff(d, d, s)", "!date_diff needs a unit written as a literal" },
  { "date_diff(d, i, 'day')",
    "!date_diff takes (date, date, str) or (datetime, datetime, str)" })

FN_TABLE(dates_made_and_taken_apart,
  { "make_date(2020, 2, 29)", "date 2020-02-29" }, { "make_date(0, 1, 1)", "date 0000-01-01" },
  { "make_date(2021, 2, 29)", "!names no day of the calendar" },
  { "make_date(2021, 13, 1)", "!names no day" }, { "make_date(10000, 1, 1)", "!names no day" },
  { "make_date(big, small, 0)", "!names no day" }, { "make_date(n, 1, 1)", "date null" },
  { "make_date(i3, i3, i3)", "date 0007-07-07" },
  { "make_date('2020', 1, 1)", "!make_date takes (i64, i64, i64), not (str, i64, i64)" },
  { "make_datetime(2020, 2, 29, 23, 59, 59)", "datetime 2020-02-29 23:59:59" },
  { "make_datetime(2020, 2, 29, 24, 0, 0)", "!names no day of the calendar, or no time of it" },
  { "make_datetime(2020, 2, 29, 0, -1, 0)", "!names no day" },
  { "iso_year(date '2021-01-01')", "i64 2020" }, { "iso_year(date '2019-12-30')", "i64 2020" },
  { "iso_year(t)", "i64 2020" },            { "iso_year(dn)", "i64 null" },
  { "days_in_month(d)", "i64 29" },         { "days_in_month(date '2021-02-01')", "i64 28" },
  { "days_in_month(t)", "i64 29" },         { "days_in_month(1)", "!days_in_month takes" },
  { "epoch_ms(t)", "i64 1582938123000" },   { "epoch_us(t)", "i64 1582938123000004" },
  { "epoch_ms(datetime '1969-12-31 23:59:59.999999')", "i64 -1" },
  { "epoch_ms(dn)", "i64 null" },           { "epoch_us(d)", "i64 1582934400000000" },
  { "from_epoch_ms(-1)", "datetime 1969-12-31 23:59:59.999000" },
  { "from_epoch_us(-1)", "datetime 1969-12-31 23:59:59.999999" },
  { "from_epoch_ms(big)", "!leaves the years" }, { "from_epoch_us(big)", "!leaves the years" },
  { "from_epoch_us(small)", "!leaves the years" }, { "from_epoch_ms(n)", "datetime null" })

FN_TABLE(dates_format,
  { "format(d, '%Y-%m-%d')", "str 2020-02-29" },
  { "format(d, '%F %T')", "str 2020-02-29 00:00:00" },
  { "format(t, '%d.%m.%y %H:%M:%S.%f')", "str 29.02.20 01:02:03.000004" },
  { "format(t, '%a %A %b %B %e %j')", "str Sat Saturday Feb February 29 060" },
  { "format(t, '%I %p %R')", "str 01 AM 01:02" },
  { "format(datetime '2024-01-05 00:00:00', '%I%p %e')", "str 12AM  5" },
  { "format(datetime '2024-01-05 12:00:00', '%I%p')", "str 12PM" },
  { "format(datetime '2024-01-05 23:00:00', '%I%p')", "str 11PM" },
  { "format(date '2021-01-01', '%G-W%V-%u %w')", "str 2020-W53-5 5" },
  { "format(date '2021-01-03', '%u %w')", "str 7 0" }, { "format(t, '%s')", "str 1582938123" },
  { "format(d, '100%%')", "str 100%" },     { "format(d, '')", "str " },
  { "format(date '0000-01-01', '%Y %G')", "str 0000 -001" },
  { "format(d, '" FN_E "%m')", "str " FN_E "02" }, { "format(dn, '%Y')", "str null" },
  { "format(d, sn)", "str null" }, { "format(d, '%Q')", "!a format with an unknown part" },
  { "format(d, '%')", "!a format with an unknown part" },
  { "format(d, concat('%', s))",
    "!format(d, concat('%', s)) has a format with an unknown part" },
  { "format(i, '%Y')", "!format takes (date, str)" })

FN_TABLE(dates_parse,
  { "parse_date('29.02.2020', '%d.%m.%Y')", "date 2020-02-29" },
  { "parse_date('9.2.2024', '%d.%m.%Y')", "date 2024-02-09" },
  { "parse_date('20240209', '%Y%m%d')", "date 2024-02-09" },
  { "parse_date('feb 9, 69', '%b %d, %y')", "date 1969-02-09" },
  { "parse_date('FEBRUARY 9 68', '%B %d %y')", "date 2068-02-09" },
  { "parse_date('may 9 24', '%b %d %y')", "date 2024-05-09" },
  { "parse_date('Friday 2024', '%A %Y')", "date 2024-01-01" },
  { "parse_date('2024', '%Y')", "date 2024-01-01" },
  { "parse_date('2024-02-09 13:45', '%F %R')", "date 2024-02-09" },
  { "parse_datetime('2024-02-09T13:45:06.5', '%FT%T.%f')",
    "datetime 2024-02-09 13:45:06.500000" },
  { "parse_datetime('2024 12 AM', '%Y %I %p')", "datetime 2024-01-01 00:00:00" },
  { "parse_datetime('2024 12 pm', '%Y %I %p')", "datetime 2024-01-01 12:00:00" },
  { "parse_datetime('2024 1 pm', '%Y %I %p')", "datetime 2024-01-01 13:00:00" },
  { "parse_datetime('2024 13 pm', '%Y %H %p')", "!does not have the format" },
  { "parse_datetime('2024 13', '%Y %I')", "!does not have the format" },
  { "parse_datetime('2024 1 xm', '%Y %I %p')", "!does not have the format" },
  { "parse_datetime('2024 pp', '%Y %p')", "!does not have the format" },
  { "parse_date('2021-02-29', '%F')", "!does not have the format" },
  { "parse_date('2021-02-2x', '%F')", "!does not have the format" },
  { "parse_date('2021-02-21 ', '%F')", "!does not have the format" },
  { "parse_date('2021-00-21', '%F')", "!does not have the format" },
  { "parse_date('', '%F')", "!does not have the format" },
  { "parse_date(empty, '%Y')", "!does not have the format" },
  { "parse_datetime('2021 60', '%Y %M')", "!does not have the format" },
  { "try_parse_date('soon', '%F')", "date null" },
  { "try_parse_datetime('2021-02-29', '%F')", "datetime null" },
  { "try_parse_date('2021-02-28', '%F')", "date 2021-02-28" },
  { "try_parse_date(s, '%m')", "!has a format without a year" },
  { "parse_datetime('2024 1 2', '%Y %H %I')", "!has a format that tells the same thing twice" },
  { "parse_datetime('2024 1 1', '%Y %M:%T')", "!has a format that tells the same thing twice" },
  { "parse_date('2024-01-02 3', '%F %d')", "!has a format that tells the same thing twice" },
  { "parse_date('24 2024', '%y %Y')", "!has a format that tells the same thing twice" },
  { "parse_date('1 Jan 2024', '%m %b %Y')", "!has a format that tells the same thing twice" },
  { "format(date '2024-02-09', '%Y %F')", "str 2024 2024-02-09" },
  { "parse_datetime('Fri Friday 2024-02-09 10:11', '%a %A %F %R')",
    "datetime 2024-02-09 10:11:00" },
  { "parse_date(s, '%Y%j')", "!has a format with an unknown part" },
  { "parse_date(sn, '%Y')", "date null" },  { "parse_date(s, sn)", "date null" },
  { "try_parse_date(s, s)", "!has a format without a year" },
  { "parse_date(d, '%Y')", "!parse_date takes (str, str), not (date, str)" })

FN_TABLE(dates_intervals_without_quotes,
  { "d + interval 1 day", "date 2020-03-01" }, { "d - interval 3 months", "date 2019-11-29" },
  { "t + interval 90 minutes", "datetime 2020-02-29 02:32:03.000004" },
  { "d + interval '2' weeks", "date 2020-03-14" },
  { "d + interval 1", "!an interval is a number and one unit" },
  { "d + interval 1 apple", "!an interval is a number and one unit" },
  { "d + interval 99999999999999999999 days", "!an interval is a number and one unit" })

TEST(dates_format_errors_show_the_place) {
  dfq *db = dfq_open(NULL);
  dfq_type type;
  CHECK(!dfq_expr_type(dfq_parse(db, "format(d, '%Y-%Q')"), &ch2_schema, &type));
  CHECK_HAS(dfq_error(db), "\n  %Y-%Q\n     ^");
  CHECK_STR(dfq_expr_text(dfq_parse(db, "interval 5 day")), "interval '5' day");
  dfq_close(db);
}

// What format writes, parse reads: of any moment that can be written.
TEST(dates_formats_read_what_they_write) {
  static const char *const formats[] = {
    "%Y-%m-%d %H:%M:%S.%f", "%F %T.%f", "%f %S %M %H %d %m %Y", "%b %d %Y %I:%M:%S.%f %p",
    "%A, %B %d, %Y, %R:%S.%f", "%d%m%Y%H%M%S%f", "%a%%%d.%m.%Y%T%f"
  };
  dfq *db = dfq_open(NULL);
  dfq_field field[] = { { "t", DFQ_DATETIME, NULL } };
  dfq_schema schema = { 1, field };
  uint64_t seed = 17;
  for (int i = 0; i < 700; i++) {
    char text[200];
    size_t mark = dfq_mark(db);
    int64_t day = (int64_t)(ch0_next(&seed) % 3652425) - 719528;
    int64_t clock = (int64_t)(ch0_next(&seed) % 86400000000);
    dfq_value to, row = ch2_int(DFQ_DATETIME, day * 86400000000 + clock);
    const char *f = formats[i % 7];
    snprintf(text, sizeof text, "parse_datetime(format(t, '%s'), '%s')", f, f);
    bool ok = CHECK(dfq_expr_eval(dfq_parse(db, text), &schema, &row, &to));
    if (!ok || !CHECK_INT(to.as.i, row.as.i)) printf("    %s %s\n", text, dfq_error(db));
    dfq_release(db, mark);
  }
  dfq_close(db);
}

// Any bytes as a text and as a format: an answer, null or an error, and nothing worse.
TEST(dates_formats_take_any_bytes) {
  static const char pieces[] = "%%%%YymdHIMSfpaAbBFTR-: 0123456789PMamJanFri\xc3";
  dfq *db = dfq_open(NULL);
  dfq__arena arena = { db->heap, NULL, NULL };
  uint64_t seed = 23;
  for (int i = 0; i < 30000; i++) {
    char format[12], text[12];
    int n = ch0_below(&seed, 11), m = ch0_below(&seed, 11);
    for (int k = 0; k < n; k++) format[k] = pieces[ch0_below(&seed, (int)sizeof pieces - 1)];
    for (int k = 0; k < m; k++) text[k] = pieces[ch0_below(&seed, (int)sizeof pieces - 1)];
    format[n] = text[m] = 0;
    dfq_value a[] = { ch2_string(text), ch2_string(format) }, to = ch2_int(DFQ_NULL, 0);
    dfq__scalar_args in = { a, 2, &arena, DFQ_DATETIME, NULL };
    (void)dfq__parse_time(&in, &to, DFQ_DATETIME, true);
    CHECK(to.type == DFQ_NULL || dfq__date_fits(dfq__day_of(to.as.i)));
    a[0] = ch2_int(DFQ_DATETIME, (int64_t)ch0_next(&seed));
    (void)dfq__format_time(&in, &to);
    dfq__arena_release(&arena, 0);
  }
  dfq_close(db);
}

static void run_ch2_dates(void) {
  RUN(dates_truncate_by_several);
  RUN(dates_diff);
  RUN(dates_made_and_taken_apart);
  RUN(dates_format);
  RUN(dates_parse);
  RUN(dates_intervals_without_quotes);
  RUN(dates_format_errors_show_the_place);
  RUN(dates_formats_read_what_they_write);
  RUN(dates_formats_take_any_bytes);
}
