#!/usr/bin/env python3
"""Random pipelines, answered by dfq and, as SQL, by SQLite and by DuckDB: make compare-random.

    tools/compare_random.py [CASES=300] [SEED=1] [DUCK=0] [STAGES=6] [SHOW=60]

Case N of a run is made from the seed SEED + N alone: SEED=that CASES=1 replays it. A difference
is shrunk to a small pipeline and two small CSVs, which are printed: SHOW says in how many seconds,
0 that it is only counted. DRIVER="qemu-s390x build/x" is another machine's dfq. DuckDB takes part
where @duckdb/node-api is found (see tools/compare_duckdb.py), unless DUCK=0. MASKED=1 prints what
is not compared, and why; DRAWN=1 how often each stage, function and aggregate was drawn.

A pipeline is a tree of tuples; stage() writes one step of it in one of three languages and says
what columns come out. So the shrinker may take anything away: what makes no sense any more
raises Bad. What the languages do not have in common is listed in MASKED, and left out.
"""
import datetime
import itertools
import json
import math
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DRIVER = (os.environ.get("DRIVER") or os.path.join(ROOT, "build", "compare_random")).split()
DFQ, LITE, DUCK = 0, 1, 2

# What is not compared, or only in part, and why.
MASKED = [
    ("NaN, in SQLite", "it has none: null takes its place. Cases with NaN go to DuckDB alone"),
    ("arithmetic on extreme floats, in SQLite", "inf - inf and 0 * inf are null there"),
    ("decimals, times of day, lists, regular expressions, quantiles", "not in SQLite: DuckDB alone"),
    ("x / 0, x // 0, x % 0", "x / 0 is null in both, in dfq inf or NaN: divisors are null_if(y, 0)"),
    ("sums of floats that round", "dfq's are exact, theirs depend on the order: such columns are not"
     " summed, and sums are of values whose sum is exact in every order"),
    ("var, std, corr, ..., mean of what rounds", "compared within 1e-9, and not used any further"),
    ("corr and kurtosis of values beyond 2^20", "theirs cancel; dfq's are of exact sums"),
    ("skew", "theirs is a sample's, with another factor"),
    ("mode", "theirs takes any of the most frequent values, dfq the first"),
    ("integers compared with floats beyond 2^53", "dfq and DuckDB compare as f64, SQLite exactly"),
    ("integer overflow", "an error in dfq, a float in SQLite, an error in DuckDB unless its plan never"
     " computes the value (of a row that a join or a limit does not need): counted, not compared"),
    ("queries that SQLite or DuckDB has no plan for", "not implemented: correlated subqueries, full joins"),
    ("outer joins without keys, in SQLite", "3.40 loses the left row where the condition is over a"
     " group of no rows: SEED=514164 CASES=1 had it, before such joins went to DuckDB alone"),
    ("min and max of two values", "SQLite's are null with any null: coalesced in the SQL"),
    ("rows without an order", "SQL knows no input order: rows are compared as a bag, but behind a"
     " scan, sort or join whose order SQL can spell, one by one"),
    ("first, last, string_agg, fill forward, weeks, months added", "not in SQLite 3.40"),
    ("upper, lower in DuckDB", "change more than ASCII: spelled with translate()"),
    ("floats as texts", "both give the shortest digits that read back, but in other forms"),
    ("durations", "theirs are months, days and microseconds apart, dfq's are one number: they are"
     " added and compared, and are no columns"),
    ("lists in CSV files", "are not read; lists are made by list, split, implode and top_k"),
    ("dates before the year 1 or behind 9999, in SQLite", "dates are texts of ten characters there"),
    ("order of lists", "lists have none in dfq"),
    ("a list of no rows", "theirs is null, dfq's is empty: coalesced in the SQL"),
    ("structs, unnest", "come of JSON files alone: see ch6_json.c"),
    ("NUL in texts", "ends a text in SQLite"),
    ("title, hash, wrap_add, approx_n_unique, ewm_mean", "no counterpart in either"),
    ("sin, exp, pow, ...", "not random: tools/compare_functions.py has them, with a tolerance"),
    ("-0.0", "equal to 0.0, and compared so"),
    ("write", "gives what was written; files are compared by ch6_written.c and differential.c"),
    ("describe, histogram, qcut, sample, corr_matrix", "no counterpart in either"),
]


class Bad(Exception):
    pass


# ---- values -----------------------------------------------------------------------------------

# Types: w is a moment (when), h a time of day (hour), c money (cents), p and q are lists.
NAMES = {"i": "i64", "f": "f64", "s": "str", "b": "bool", "d": "date", "w": "datetime",
         "h": "time", "c": "decimal(2)", "p": "list(i64)", "q": "list(str)"}
DUCKS = {"i": "bigint", "f": "double", "s": "varchar", "b": "boolean", "d": "date",
         "w": "timestamp", "h": "time", "c": "decimal(20,2)", "p": "bigint[]", "q": "varchar[]"}
DUCK_ALONE, LISTS = "hcpq", "pq"
WILD_I = [2**63 - 1, -2**63, 2**62, -2**62, 2**53 + 1, 2**31, -2**31 - 1, 3037000500]
WILD_F = [1e300, -1e300, 1.7976931348623157e308, 5e-324, 1e-300, 0.1, math.inf, -math.inf, -0.0]
TEXTS = ["", "a", "b", "ab", "aab", "A", "x y", "a,b", 'q"q', "it's", "h\u00e9", "\u20ac\U0001f600",
         "12", "-7", "%", "_", "a\nb", "2024-02-29", "aa-12", "\ttab", "x" * 300, "long text of more than twelve bytes", "long text of more than 12"]
DATES = ["1970-01-01", "2024-02-29", "2023-12-31", "2024-01-31", "1969-12-31", "1900-03-01",
         "2000-02-29", "9998-12-31", "0001-01-01", "2024-03-01"]
WHENS = [d + t for d in DATES for t in (" 00:00:00", " 12:34:56", " 23:59:59")]
TIMES = ["00:00:00", "12:34:56", "23:59:59", "00:00:01", "12:00:00", "12:34:56.789012"]
MONEY = ["0.00", "1.50", "-2.25", "0.01", "12.30", "-0.99", "100.00"]
WILD_MONEY = ["92233720368547758.07", "-92233720368547758.08", "99999999999999.99", "0.01"]
WILD, FUZZY = 99, 100   # levels: how many bits a number may take, else these


def literal(t, v, to):
    """A value as text in a language."""
    name = NAMES[t] if to == DFQ else DUCKS[t]
    if v is None:
        return "null" if to == LITE else "cast(null as %s)" % name
    if t == "s":
        return "'" + v.replace("'", "''") + "'"
    if t == "b":
        return str(int(v)) if to == LITE else ("true" if v else "false")
    if t in LISTS:
        parts = ", ".join(literal("i" if t == "p" else "s", x, to) for x in v)
        return "list(%s)" % parts if to == DFQ else "[%s]::%s" % (parts, name)
    if t in "dwhc":
        return "'%s'" % v if to == LITE else "%s '%s'" % (
            "decimal" if t == "c" and to == DFQ else name, v)
    if t == "f":
        if to == LITE:
            return "(%s)" % {"inf": "9e999", "-inf": "-9e999"}.get(repr(v), repr(v))
        return "f64 '%r'" % v if to == DFQ else "'%r'::double" % v
    return ("(%d)" if to != DUCK else "'%d'::bigint") % v


def some_value(r, t, wild, nan):
    if r.random() < 0.12:
        return None
    if t == "i":
        return r.choice(WILD_I) if wild and r.random() < 0.3 else r.randint(-5, 9)
    if t == "f":
        if wild and r.random() < 0.4:
            return math.nan if nan and r.random() < 0.3 else r.choice(WILD_F)
        return r.randint(-12, 24) / 4
    if t in LISTS:
        return [some_value(r, "i" if t == "p" else "s", wild, nan) for _ in range(r.randint(1, 3))]
    if t == "w" and nan and r.random() < 0.2:
        return r.choice(WHENS) + ".000001"
    if t == "c" and wild and r.random() < 0.2:
        return r.choice(WILD_MONEY)
    return {"s": lambda: r.choice(TEXTS), "b": lambda: r.random() < 0.5,
            "d": lambda: r.choice(DATES), "w": lambda: r.choice(WHENS),
            "h": lambda: r.choice(TIMES), "c": lambda: r.choice(MONEY)}[t]()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


# ---- expressions: op, types of arguments, type of the result, and three ways to write it ------
# Types: n is i or f, t any. A result n is f when an argument is. "=" means as in the one before.

def ops(rows):
    table = {}
    for name, types, *texts in rows:
        args, result = types.split(">")
        mine = texts[0]
        lite = mine if texts[1] == "=" else texts[1]
        duck = lite if texts[2] == "=" else texts[2]
        table[name] = (args, result, (mine, lite, duck))
    return table


UP = "translate({}, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')"
DOWN = "translate({}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
OPS = ops([
    ("add", "nn>n", "({} + {})", "=", "="), ("sub", "nn>n", "({} - {})", "=", "="),
    ("mul", "nn>n", "({} * {})", "=", "="), ("neg", "n>n", "(-{})", "=", "="),
    ("idiv", "ii>i", "({} // {})", "({} / {})", "({} // nullif({}, 0))"),
    ("mod", "ii>i", "({} % {})", "=", "({} % nullif({}, 0))"),
    ("div", "nn>f", "({} / null_if({}, 0))", "(cast({} as real) / nullif({}, 0))",
     "({}::double / nullif({}, 0))"),
    ("abs", "n>n", "abs({})", "=", "="), ("sign", "i>i", "sign({})", "=", "sign({})::bigint"),
    ("floor", "f>f", "floor({})", "=", "="), ("ceil", "f>f", "ceil({})", "=", "="),
    ("trunc", "f>f", "trunc({})", "=", "="), ("round", "f>f", "round({})", "=", "="),
    ("least", "nn>n", "least({0}, {1})", "coalesce(min({0}, {1}), {0}, {1})", "least({0}, {1})"),
    ("most", "nn>n", "greatest({0}, {1})", "coalesce(max({0}, {1}), {0}, {1})",
     "greatest({0}, {1})"),
    ("least_s", "ss>s", "least({0}, {1})", "coalesce(min({0}, {1}), {0}, {1})", "least({0}, {1})"),
    ("clip", "iii>i", "case when {1} <= {2} then clip({0}, {1}, {2}) end",
     "case when {1} <= {2} then min(max({0}, {1}), {2}) end",
     "case when {1} <= {2} and {0} is not null then least(greatest({0}, {1}), {2}) end"),
    ("bit_and", "ii>i", "bit_and({}, {})", "({} & {})", "="),
    ("bit_or", "ii>i", "bit_or({}, {})", "({} | {})", "="),
    ("bit_xor", "ii>i", "bit_xor({0}, {1})", "(({0} | {1}) - ({0} & {1}))", "xor({0}, {1})"),
    ("bit_not", "i>i", "bit_not({})", "(~{})", "="),
    ("eq", "tt>b", "({} = {})", "=", "="), ("ne", "tt>b", "({} != {})", "=", "="),
    ("lt", "tt>b", "({} < {})", "=", "="), ("le", "tt>b", "({} <= {})", "=", "="),
    ("gt", "tt>b", "({} > {})", "=", "="), ("ge", "tt>b", "({} >= {})", "=", "="),
    ("between", "ttt>b", "({} between {} and {})", "=", "="),
    ("not_between", "ttt>b", "({} not between {} and {})", "=", "="),
    ("distinct", "tt>b", "({} is distinct from {})", "({} is not {})",
     "({} is distinct from {})"),
    ("same", "tt>b", "({} is not distinct from {})", "({} is {})", "({} is not distinct from {})"),
    ("in", "ttt>b", "({} in ({}, {}))", "=", "="),
    ("not_in", "ttt>b", "({} not in ({}, {}))", "=", "="),
    ("is_null", "t>b", "({} is null)", "=", "="), ("there", "t>b", "({} is not null)", "=", "="),
    ("and", "bb>b", "({} and {})", "=", "="), ("or", "bb>b", "({} or {})", "=", "="),
    ("not", "b>b", "(not {})", "=", "="),
    ("case", "btt>t", "case when {} then {} else {} end", "=", "="),
    ("case1", "bt>t", "case when {} then {} end", "=", "="),
    ("if", "btt>t", "if({}, {}, {})", "iif({}, {}, {})", "if({}, {}, {})"),
    ("coalesce", "tt>t", "coalesce({}, {})", "=", "="),
    ("null_if", "tt>t", "null_if({}, {})", "nullif({}, {})", "="),
    ("upper", "s>s", "upper({})", "=", UP), ("lower", "s>s", "lower({})", "=", DOWN),
    ("concat", "ss>s", "concat({}, {})", "({} || {})", "="),
    ("chars", "s>i", "len_chars({})", "length({})", "="),
    ("bytes", "s>i", "len_bytes({})", "length(cast({} as blob))", "strlen({})"),
    ("sub_1", "s>s", "substring({}, 1, 2)", "substr({}, 1, 2)", "="),
    ("sub_2", "s>s", "substring({}, 2, 3)", "substr({}, 2, 3)", "="),
    ("replace", "s>s", "replace({}, 'a', 'xyz')", "=", "="),
    ("has", "s>b", "contains({}, 'a')", "(instr({}, 'a') > 0)", "contains({}, 'a')"),
    ("begins", "s>b", "starts_with({}, 'a')", "(substr({}, 1, 1) = 'a')", "starts_with({}, 'a')"),
    ("strip", "s>s", "strip({}, 'a ')", "trim({}, 'a ')", "="),
    ("like_1", "s>b", "({} like 'a%')", "=", "="), ("like_2", "s>b", "({} like '_a%')", "=", "="),
    ("not_like", "s>b", "({} not like '%b')", "=", "="),
    ("text", "i>s", "cast({} as str)", "cast({} as text)", "cast({} as varchar)"),
    ("float", "i>f", "cast({} as f64)", "cast({} as real)", "{}::double"),
    ("count_it", "b>i", "cast({} as i64)", "{}", "{}::bigint"),
    ("year", "d>i", "year({})", "cast(strftime('%Y', {}) as integer)", "year({})"),
    ("month", "d>i", "month({})", "cast(strftime('%m', {}) as integer)", "month({})"),
    ("day", "d>i", "day({})", "cast(strftime('%d', {}) as integer)", "day({})"),
    ("doy", "d>i", "day_of_year({})", "cast(strftime('%j', {}) as integer)", "dayofyear({})"),
    ("weekday", "d>i", "weekday({})", "((strftime('%w', {}) + 6) % 7 + 1)", "isodow({})"),
    ("quarter", "d>i", "quarter({})", "((strftime('%m', {}) + 2) / 3)", "quarter({})"),
    ("later", "d>d", "({} + interval '30' day)", "date({}, '+30 days')", "({} + 30)"),
    ("days", "dd>i", "({} - {})", "cast(julianday({}) - julianday({}) as integer)", "({} - {})"),
    ("start", "d>d", "truncate({}, 'month')", "date({}, 'start of month')",
     "date_trunc('month', {})::date"),
    ("form", "d>s", "format({}, '%Y/%m-%d')", "strftime('%Y/%m-%d', {})",
     "strftime({}, '%Y/%m-%d')"),
    ("ilike", "s>b", "({} ilike 'A%')", "(lower({}) like 'a%')", "(%s like 'a%%')" % DOWN),
    ("lstrip", "s>s", "lstrip({}, 'a ')", "ltrim({}, 'a ')", "="),
    ("rstrip", "s>s", "rstrip({}, 'b ')", "rtrim({}, 'b ')", "="),
    ("right", "s>s", "right({}, 2)", "substr({}, -2)", "right({}, 2)"),
    ("ord", "s>i", "ord({})", "unicode(nullif({}, ''))", "ord(nullif({}, ''))"),
    ("split_case", "ss>s", "case {} when {} then 'same' when 'a' then 'a' else null end", "=", "="),
    ("if_null", "tt>t", "if_null({}, {})", "ifnull({}, {})", "="),
    ("hour", "w>i", "hour({})", "cast(strftime('%H', {}) as integer)", "hour({})"),
    ("minute", "w>i", "minute({})", "cast(strftime('%M', {}) as integer)", "minute({})"),
    ("second", "w>i", "second({})", "cast(strftime('%S', {}) as integer)", "second({})"),
    ("w_year", "w>i", "year({})", "cast(strftime('%Y', {}) as integer)", "year({})"),
    ("date_of", "w>d", "date({})", "date({})", "{}::date"),
    ("moment", "d>w", "cast({} as datetime)", "({} || ' 00:00:00')", "{}::timestamp"),
    ("minutes", "w>w", "({} + interval '90' minute)", "datetime({}, '+90 minutes')",
     "({} + interval 90 minute)"),
    ("days_off", "w>w", "({} - interval '3' day)", "datetime({}, '-3 days')",
     "({} - interval 3 day)"),
    ("longer", "ww>b", "(({} - {}) > interval '90' minute)",
     "(strftime('%s', {}) - strftime('%s', {}) > 5400)", "(epoch_us({}) - epoch_us({}) > 5400000000)"),
    ("w_form", "w>s", "format({}, '%d.%m.%Y %H:%M:%S')", "strftime('%d.%m.%Y %H:%M:%S', {})",
     "strftime({}, '%d.%m.%Y %H:%M:%S')"),
    # DuckDB alone
    ("w_start", "w>w", "truncate({}, 'hour')", None, "date_trunc('hour', {})"),
    ("w_quarter", "w>w", "truncate({}, 'quarter')", None, "date_trunc('quarter', {})::timestamp"),
    ("w_months", "w>w", "({} + interval '5' month)", None, "({} + interval 5 month)"),
    ("epoch", "w>i", "epoch_us({})", None, "epoch_us({})"),
    ("hours_between", "ww>i", "date_diff({}, {}, 'hour')", None, "date_diff('hour', {}, {})"),
    ("months_between", "dd>i", "date_diff({}, {}, 'month')", None, "date_diff('month', {}, {})"),
    ("time_of", "w>h", "time({})", None, "{}::time"),
    ("h_hour", "h>i", "hour({})", None, "hour({})"),
    ("h_second", "h>i", "second({})", None, "second({})"),
    ("iso_year", "d>i", "iso_year({})", None, "isoyear({})"),
    ("parse", "s>d", "try_parse_date({}, '%Y-%m-%d')", None, "try_strptime({}, '%Y-%m-%d')::date"),
    ("c_add", "cc>c", "({} + {})", None, "({} + {})::decimal(20,2)"),
    ("c_sub", "cc>c", "({} - {})", None, "({} - {})::decimal(20,2)"),
    ("c_times", "ci>c", "({} * {})", None, "({} * ({})::integer)::decimal(20,2)"),
    ("c_neg", "c>c", "(-{})", None, "(-{})::decimal(20,2)"),
    ("c_abs", "c>c", "abs({})", None, "abs({})::decimal(20,2)"),
    ("c_whole", "c>i", "cast({} as i64)", None, "{}::bigint"),
    ("c_text", "c>s", "cast({} as str)", None, "{}::varchar"),
    ("c_of", "i>c", "cast({} as decimal(2))", None, "{}::decimal(20,2)"),
    ("c_read", "s>c", "try_cast({} as decimal(2))", None,
     "case when regexp_full_match({0}, '[+-]?\\d+') then try_cast({0} as decimal(20,2)) end"),
    ("c_half", "c>b", "({} > decimal '0.50')", None, "({} > 0.50)"),
    ("c_int", "ci>b", "({} < {})", None, "({} < {})"),
    ("match", "s>b", "regex_match({}, '^a+|[0-9]$')", None, "regexp_matches({}, '^a+|[0-9]$')"),
    ("match_2", "s>b", "regex_match({}, '(.)\\s?[^a-z]')", None,
     "regexp_matches({}, '(.)\\s?[^a-z]')"),
    ("extract", "s>s", "regex_extract({}, '([a-c]+)-?(.)', 2)", None,
     "case when regexp_matches({0}, '([a-c]+)-?(.)') then regexp_extract({0}, '([a-c]+)-?(.)', 2) end"),
    ("swap", "s>s", "regex_replace({}, '(a)(b|$)', '$2-$1')", None,
     "regexp_replace({}, '(a)(b|$)', '\\2-\\1', 'g')"),
    ("squeeze", "s>s", "regex_replace({}, '[aeiou]{{1,2}}', '')", None,
     "regexp_replace({}, '[aeiou]{{1,2}}', '', 'g')"),
    ("matches", "s>i", "regex_count({}, '[a-z][a-z]')", None,
     "len(regexp_extract_all({}, '[a-z][a-z]'))"),
    ("ends", "s>b", "ends_with({}, 'b')", None, "suffix({}, 'b')"),
    ("back", "s>s", "reverse({})", None, "reverse({})"),
    ("twice", "s>s", "repeat({}, 2)", None, "repeat({}, 2)"),
    ("pad", "s>s", "pad_left({}, 4, '*')", None,
     "case when length({0}) < 4 then lpad({0}, 4, '*') else {0} end"),
    ("edit", "ss>i", "case when len_bytes({0}) = len_chars({0}) and len_bytes({1}) = len_chars({1})"
     " then levenshtein({0}, {1}) end", None, "case when strlen({0}) = length({0}) and strlen({1})"
     " = length({1}) then levenshtein({0}, {1}) end"),
    ("join_texts", "ss>s", "concat_ws('-', {}, {})", None, "concat_ws('-', {}, {})"),
    ("occurs", "s>i", "count_matches({}, 'a')", None,
     "(length({0}) - length(replace({0}, 'a', '')))"),
    ("floor_div", "ii>i", "floor_div({}, {})", None,
     "({0} // nullif({1}, 0) - (case when ({0} % nullif({1}, 0)) != 0 and (({0} < 0) != ({1} < 0))"
     " then 1 else 0 end))"),
    ("floor_mod", "ii>i", "floor_mod({}, {})", None,
     "(case when ({0} % nullif({1}, 0)) != 0 and (({0} < 0) != ({1} < 0)) then {0} % {1} + {1}"
     " else {0} % nullif({1}, 0) end)"),
    ("gcd", "ii>i", "gcd({}, {})", None, "gcd({}, {})"),
    ("shift_up", "i>i", "shift_left({}, 2)", None, "({} * 4)"),
    ("shift_down", "i>i", "shift_right({}, 2)", None, "({} >> 2)"),
    ("finite", "f>b", "is_finite({})", None, "isfinite({})"),
    ("inf", "f>b", "is_inf({})", None, "isinf({})"),
    ("any_of", "bb>b", "any_of({}, {})", None, "({} or {})"),
    ("all_of", "bb>b", "all_of({}, {})", None, "({} and {})"),
    ("list_1", "ii>p", "list({}, {})", None, "[{}, {}]"),
    ("list_2", "ss>q", "list({}, {})", None, "[{}, {}]"),
    ("split", "s>q", "split({}, 'a')", None, "string_split({}, 'a')"),
    ("list_len", "p>i", "list_len({})", None, "len({})"),
    ("list_len_q", "q>i", "list_len({})", None, "len({})"),
    ("list_get", "p>i", "list_get({}, 1)", None, "({})[2]"),
    ("list_get_q", "q>s", "list_get({}, -1)", None, "({})[-1]"),
    ("list_min", "p>i", "list_min({})", None, "list_min({})"),
    ("list_max", "q>s", "list_max({})", None, "list_max({})"),
    ("list_join", "q>s", "list_join({}, '+')", None, "coalesce(array_to_string({0}, '+'),"
     " case when {0} is not null then '' end)"),
    ("list_has", "pi>b", "list_contains({}, {})", None,
     "case when {1} is null or {0} is null then null when list_contains({0}, {1}) then true"
     " when list_count({0}) < len({0}) then null else false end"),
    ("months", "d>d", "({} + interval '1' month)", None, "({} + interval 1 month)::date"),
    ("last_day", "d>d", "last_day({})", None, "last_day({})"),
    ("week", "d>i", "week({})", None, "week({})"),
    ("is_nan", "f>b", "is_nan({})", None, "isnan({})"),
    ("whole", "f>i", "try_cast({} as i64)", None, "try_cast(trunc({}) as bigint)"),
    ("left", "s>s", "left({}, 2)", None, "left({}, 2)"),
    ("find", "s>i", "find({}, 'a')", None, "(instr({}, 'a') - 1)"),
    ("part", "s>s", "split_part({}, 'a', 2)", None, "split_part({}, 'a', 2)"),
    ("bits", "i>i", "bit_count({})", None, "bit_count({})::bigint"),
    ("as_date", "s>d", "try_cast({} as date)", None,
     "case when regexp_full_match({0}, '\\d{{4}}-\\d\\d-\\d\\d') then try_cast({0} as date) end"),
    ("as_int", "s>i", "try_cast({} as i64)", None,
     "case when regexp_full_match({0}, '[+-]?\\d+') then try_cast({0} as bigint) end"),
])
OPS_OF = {t: [op for op, (_, result, _) in OPS.items()
              if result == t or result == "n" and t in "if"] for t in [*NAMES, "t"]}
EXACT = {"add": lambda b: max(b) + 1, "sub": lambda b: max(b) + 1, "mul": sum, "neg": max,
         "div": lambda b: WILD}
LISTED = "eq ne distinct same is_null there case case1 if coalesce if_null null_if".split()
KEEPS = "if_null neg abs least most least_s clip case case1 if coalesce null_if floor ceil trunc round float " \
        "whole".split()


class Columns:
    """What a step gives: names, (type, level), the SQL order if it is known, and rows at most."""

    def __init__(self, cols, order, rows, key=None):
        self.cols, self.order, self.rows, self.key = cols, order, rows, key

    def names(self):
        return list(self.cols)


def level(op, args, result, types):
    bits = [b for _, _, b in args]
    if FUZZY in bits:
        raise Bad("a rounded value is not computed with")
    numbers = [b for (_, t, b) in args if t in "if"] or [0]
    if op in EXACT:
        bits = EXACT[op](numbers)
    elif op in KEEPS:
        bits = max(numbers)
    elif result == "i" and op in ("idiv", "mod", "bit_and", "bit_or", "bit_xor", "bit_not"):
        bits = max(numbers) + 1
    else:
        wild = op in ("as_int", "epoch", "c_whole") or op.startswith(("list_", "shift_", "gcd"))
        return WILD if wild else 40 if result in "if" else 0
    return bits if bits <= (45 if result == "f" else 60) else WILD


def fits(pattern, have):
    """The type that n or t stands for, or Bad."""
    for p, t in zip(pattern, have):
        if p in NAMES and p != t or p == "n" and t not in "if":
            raise Bad("types")
    general = {t for p, t in zip(pattern, have) if p in "nt"}
    if general == {"i", "f"}:
        return "f"
    if len(general) > 1:
        raise Bad("types")
    return general.pop() if general else None


def expression(e, cols, to, duck, name=quoted):
    """(text, type, level). duck: the case goes to DuckDB alone."""
    if e[0] == "col":
        if e[1] not in cols:
            raise Bad("no column " + e[1])
        return (name(e[1]), *cols[e[1]])
    if e[0] == "lit":
        t, v = e[1:]
        plain = t not in "if" or v is None or abs(v) < 1e6 and v * 4 % 1 == 0
        if not duck and t in DUCK_ALONE:
            raise Bad("not in SQLite")
        return literal(t, v, to), t, (6 if plain else WILD) if t in "if" else 0
    pattern, result, texts = OPS[e[0]]
    args = [expression(a, cols, to, duck, name) for a in e[1:]]
    if len(args) != len(pattern):
        raise Bad("arguments")
    have = "".join(t for _, t, _ in args)
    general = fits(pattern, have)
    if general and general in LISTS and e[0] not in LISTED:
        raise Bad("lists have no order")
    if not duck and general and general in DUCK_ALONE:
        raise Bad("not in SQLite")
    result = general if result in "nt" else result
    if texts[LITE] is None and not duck:
        raise Bad("not in SQLite")
    floats = [b for _, t, b in args if t == "f"]
    if not duck and WILD in floats and pattern[0] in "nf" and e[0] not in ("least", "most"):
        raise Bad("extreme floats in SQLite")
    if "i" in have and floats and max(b for _, t, b in args if t == "i") > 52:
        raise Bad("integers beyond 2^53 as floats")
    if e[0] == "float" and args[0][2] > 52:
        raise Bad("integers beyond 2^53 as floats")
    bits = level(e[0], args, result, have)
    text = [a for a, _, _ in args]
    if general == "f" and to != DFQ and result == "f" and "i" in have:   # one type on every path
        text = ["cast(%s as %s)" % (a, "real" if to == LITE else "double") if t == "i" else a
                for a, t in zip(text, have)]
    return texts[to].format(*text), result, bits


# ---- aggregates and windows -------------------------------------------------------------------

# name: types of the arguments, parted by commas, result ("same" as the first argument), dfq's and
# theirs; the last: who. ORDER stands for the order of rows, FIRST for what comes before it.
AGGS = {
    "count": ("t", "i", "count({})", "count({})"), "rows": ("", "i", "count()", "count(*)"),
    "sum": ("ifc", "same", "sum({})", "sum({})"), "mean": ("ifc", "f", "mean({})", "avg({})"),
    "min": ("ifsdwhc", "same", "min({})", "min({})"),
    "max": ("ifsdwhc", "same", "max({})", "max({})"),
    "n_unique": ("t", "i", "n_unique({})", "count(distinct {})"),
    "any": ("b", "b", "any({})", "max({})"), "all": ("b", "b", "all({})", "min({})"),
    "count_if": ("b", "i", "count_if({})", "count(case when {} then 1 end)"),
    "null_count": ("t", "i", "null_count({})", "count(*) - count({})"),
    "var": ("if", "f", "var({})", "var_samp({})", DUCK),
    "std": ("if", "f", "std({})", "stddev_samp({})", DUCK),
    "median": ("if", "f", "median({})", "median({})", DUCK),
    "first": ("t", "same", "first({})", "first({} order by ORDER)", DUCK),
    "last": ("t", "same", "last({})", "last({} order by ORDER)", DUCK),
    "string_agg": ("s", "s", "string_agg({}, '-')", "string_agg({}, '-' order by ORDER)", DUCK),
    "first_there": ("t", "same", "first_non_null({})",
                    "first({0} order by ORDER) filter (where {0} is not null)", DUCK),
    "last_there": ("t", "same", "last_non_null({})",
                   "last({0} order by ORDER) filter (where {0} is not null)", DUCK),
    "quantile": ("if", "f", "quantile({}, 0.25)", "quantile_cont({}, 0.25)", DUCK),
    "product": ("f", "f", "product({})", "product({})", DUCK),
    "kurtosis": ("i", "f", "kurtosis({})",
                 "coalesce(kurtosis_pop({0}), case when count({0}) > 0 then 'nan'::double end)", DUCK),
    "corr": ("i,i", "f", "corr({}, {})",
             "case when regr_count({0}, {1}) > 1 then corr({0}, {1}) end", DUCK),
    "cov": ("i,i", "f", "cov({}, {})", "covar_samp({}, {})", DUCK),
    "cov_pop": ("i,i", "f", "cov_pop({}, {})", "covar_pop({}, {})", DUCK),
    "min_by": ("t,ifsdwhc", "same", "min_by({}, {})",
               "first({0} order by {1} asc, ORDER) filter (where {1} is not null)", DUCK),
    "max_by": ("t,ifsdwhc", "same", "max_by({}, {})",
               "first({0} order by {1} desc, ORDER) filter (where {1} is not null)", DUCK),
    "top_k": ("is", "list", "top_k({}, 2)", "coalesce((list({0} order by {0} desc)"
              " filter (where {0} is not null))[1:2], [])", DUCK),
    "bottom_k": ("is", "list", "bottom_k({}, 3)", "coalesce((list({0} order by {0})"
                 " filter (where {0} is not null))[1:3], [])", DUCK),
    "implode": ("is", "list", "implode({})", "coalesce(list({} order by ORDER), [])", DUCK),
}
# Those whose SQL has a filter of its own, or is wrapped: no filter can be put behind it.
CLOSED = "null_count first_there last_there min_by max_by top_k bottom_k implode kurtosis corr".split()
ROUND = "sum mean var std median quantile product kurtosis corr cov cov_pop".split()
WINDOWS = {
    "row_number": ("", "i", "row_number()", "row_number()"),
    "rank": ("", "i", "rank()", "rank()"), "dense_rank": ("", "i", "dense_rank()", "dense_rank()"),
    "ntile": ("", "i", "ntile(3)", "ntile(3)"),
    "percent_rank": ("", "f", "percent_rank()", "percent_rank()"),
    "cume_dist": ("", "f", "cume_dist()", "cume_dist()"),
    "lag": ("t", "same", "lag({})", "lag({})"), "lead": ("t", "same", "lead({}, 2)", "lead({}, 2)"),
    "first": ("t", "same", "first({})", "first_value({})"),
    "last": ("t", "same", "last({})", "last_value({})"),
    "nth": ("t", "same", "nth_value({}, 2)", "nth_value({}, 2)"),
    "sum": AGGS["sum"], "mean": AGGS["mean"], "min": AGGS["min"], "max": AGGS["max"],
    "count": AGGS["count"], "n_unique": (*AGGS["n_unique"], DUCK), "var": AGGS["var"],
    "std": AGGS["std"], "median": AGGS["median"],
    # {W} is the window without its frame
    "cum_sum": ("i", "same", "cum_sum({})", "sum({0}) over ({W} ROWS){C}"),
    "cum_max": ("ifsd", "same", "cum_max({})", "max({0}) over ({W} ROWS)"),
    "cum_count": ("t", "i", "cum_count({})", "count({0}) over ({W} ROWS)"),
    "rolling_sum": ("i", "same", "rolling_sum({}, 3)", "case when count({0}) over ({W} LAST3) >= 3"
                    " then sum({0}) over ({W} LAST3) end{C}"),
    "rolling_min": ("ifsd", "same", "rolling_min({}, 3, 1)", "min({0}) over ({W} LAST3)"),
    "rolling_count": ("t", "i", "rolling_count({}, 3)", "count({0}) over ({W} LAST3)"),
    "rolling_mean": ("i", "f", "rolling_mean({}, 3, 2)", "case when count({0}) over ({W} LAST3) >= 2"
                     " then avg({0}) over ({W} LAST3) end"),
    "diff": ("i", "same", "diff({})", "({0} - lag({0}) over ({W}))"),
    "shift": ("t", "same", "shift({}, -1)", "lead({0}) over ({W})"),
    "forward_fill": ("t", "same", "forward_fill({})", "last_value({0} ignore nulls) over ({W} ROWS)",
                     DUCK),
    "backward_fill": ("t", "same", "backward_fill({}, 2)", "first_value({0} ignore nulls)"
                      " over ({W} rows between current row and 2 following)", DUCK),
}
WHOLE = {"ROWS": "rows between unbounded preceding and current row",
         "LAST3": "rows between 2 preceding and current row"}

FRAMES = ["", "rows between 2 preceding and current row", "rows between 1 preceding and 1 following",
          "rows between unbounded preceding and current row",
          "rows between current row and unbounded following",
          "rows between 3 preceding and 1 preceding",
          "rows between unbounded preceding and unbounded following",
          "range between unbounded preceding and current row",
          "range between 2 preceding and 1 following", "range between current row and 3 following",
          "groups between 1 preceding and current row",
          "groups between unbounded preceding and 1 following"]
PEERS = ("rank", "dense_rank", "percent_rank", "cume_dist", "sum", "mean", "min", "max", "count",
         "n_unique", "var", "std", "median")
UNFRAMED = "row_number rank dense_rank ntile percent_rank cume_dist lag lead".split()


def aggregate(a, s, to, duck, table):
    """a: name, argument (or a tuple "two" and both) or None, condition or None. (text, type, level)"""
    types, result, mine, theirs, *who = table[a[0]]
    if who and not duck:
        raise Bad("not in SQLite")
    wanted = types.split(",") if types else []
    given = list(a[1][1:]) if len(wanted) == 2 else [a[1]] if wanted else []
    args = [expression(e, s.cols, to, duck) for e in given]
    for (_, t, bits), ok in zip(args, wanted):
        if bits == FUZZY or ok != "t" and t not in ok:
            raise Bad("types")
    if a[0] in ("min_by", "max_by") and given[1][0] == "lit":
        raise Bad("ordered by a literal")
    _, t, bits = args[0] if args else ("", "i", 0)
    if t in LISTS and (a[0] in ("n_unique", "null_count", "nth") or table is WINDOWS):
        raise Bad("lists")
    if a[0] in ROUND + ["cum_sum", "rolling_sum", "rolling_mean"]:
        for _, t, bits in args:
            if t == "f" and bits + 12 > 52 or t == "i" and a[0] not in (
                    "sum", "cum_sum", "rolling_sum") and bits + 12 > 52:
                raise Bad("sums that round")
            if a[0] in ("corr", "kurtosis", "cov", "cov_pop") and bits > 20:
                raise Bad("theirs cancel")
    t, bits = args[0][1:] if args else ("i", 0)
    result = {"same": t, "list": "p" if t == "i" else "q"}.get(result, result)
    out = mine if to == DFQ else theirs
    for mark in ("{W}", "{C}"):
        out = out.replace(mark, "{" + mark + "}")
    out = out.format(*[text for text, _, _ in args])
    if a[0] in ("any", "all") and to == DUCK:
        out = out.replace("max(", "bool_or(").replace("min(", "bool_and(")
    if a[0] == "sum" and t in "ic" and to == DUCK:
        out += "{F}::" + DUCKS[t]
    if "ORDER" in out:
        if s.order is None:
            raise Bad("no order")
        out = out.replace("ORDER", order_by(s.order, to))
    if a[0] in ROUND[1:]:
        bits = WILD if a[0] in ("mean", "median") and t != "c" else FUZZY
    elif a[0] in ("sum", "cum_sum", "rolling_sum", "diff"):
        bits = bits + 12 if bits + 12 < 60 else WILD
    elif a[0] == "rolling_mean":
        bits = WILD
    elif not (result == t and types):
        bits = 40
    return out, result, bits


def order_by(keys, to, name=quoted):
    """keys: (column, descending, nulls first); none where one row is all there is."""
    if not keys and to != DFQ:
        return "1"
    if to == DFQ:
        return ", ".join(name(c) + " desc" * d + " nulls first" * n for c, d, n in keys)
    return ", ".join(name(c) + (" desc" if d else " asc") + (" nulls first" if n else " nulls last")
                     for c, d, n in keys)


def usable(s, keys):
    for k in keys:
        if k not in s.cols or s.cols[k][1] == FUZZY or s.cols[k][0] in LISTS:
            raise Bad("key")


def in_turn(w):
    """Does this window go by rows, so that rows with equal keys get values of their own?"""
    name, _, _, keys, frame = w
    return name not in PEERS or frame.startswith("rows") or not keys


def window(w, s, to, duck):
    """w: name, argument, partition, order keys, frame."""
    name, arg, parts, keys, frame = w
    usable(s, parts + [k for k, _, _ in keys])
    text, t, bits = aggregate((name, arg, None), s, to, duck, WINDOWS)
    ranged = frame.startswith("range between") and "unbounded" not in frame
    own = "{" in WINDOWS[name][3].replace("{0}", "").replace("{}", "")
    if frame and (name in UNFRAMED or own):
        raise Bad("frame")
    if frame and not frame.startswith("rows") and (name not in PEERS or not keys):
        raise Bad("frame")
    if ranged and (len(keys) != 1 or s.cols[keys[0][0]][0] not in "if" or keys[0][0] in parts or
                   s.cols[keys[0][0]][1] > 40):
        raise Bad("frame")
    if name == "n_unique" and to == DUCK and frame.startswith("groups"):
        pass
    if in_turn(w) and name != "percent_rank":
        if s.order is None:
            raise Bad("no order")
        keys = keys + [k for k in s.order if k[0] not in [c for c, _, _ in keys]]
    if not keys:
        raise Bad("no order")
    over = "partition by " + ", ".join(map(quoted, parts)) + " " if parts else ""
    over += "order by " + order_by(keys, to)
    if name in ("percent_rank", "cume_dist"):
        bits = FUZZY
    if "{W}" in text:
        for word, is_frame in WHOLE.items():
            text = text.replace(" " + word, " " + is_frame)
        text = text.replace("{W}", over)
        return ("(%s)::bigint" % text.replace("{C}", "") if to == DUCK and "{C}" in text
                else text.replace("{C}", "")), t, bits
    over = " over (" + (over + " " + frame).strip() + ")"
    return text.replace("{F}", over) if "{F}" in text else text + over, t, bits


# ---- stages: each as text, and what comes out ------------------------------------------------


def keep_order(s, names, renamed=lambda n: n):
    """The order, if its columns are still there."""
    if s.order is None or any(c not in names for c, _, _ in s.order):
        return None
    return [(renamed(c), d, n) for c, d, n in s.order]


def order_behind(s, names, pairs):
    """The order behind computed columns. Equal rows that a window has told apart have none: which
    of them stands first is dfq's to say, and any engine's."""
    if s.order and s.key not in [c for c, _, _ in s.order] and \
            any(e[0] == "over" and in_turn(e[1:]) for _, e in pairs):
        return None
    return keep_order(s, names)


def items(s, pairs, to, duck, base):
    """SQL's list for columns base and computed ones, and the columns."""
    cols, texts = {}, {}
    for n in base:
        if n not in s.cols:
            raise Bad("no column")
        cols[n], texts[n] = s.cols[n], quoted(n)
    for n, e in pairs:
        text, t, bits = window(e[1:], s, to, duck) if e[0] == "over" else \
            expression(e, s.cols, to, duck)
        cols[n], texts[n] = (t, bits), text
    return cols, ", ".join("%s as %s" % (texts[n], quoted(n)) for n in cols)


def sql(what, prev, rest=""):
    return "select %s from %s t%s" % (what, prev, rest)


def st_filter(a, s, to, duck, prev, sub):
    text, t, _ = expression(a[0], s.cols, to, duck)
    if t != "b":
        raise Bad("no condition")
    return "filter " + text if to == DFQ else sql("*", prev, " where " + text), \
        Columns(s.cols, s.order, s.rows, s.key)


def st_with(a, s, to, duck, prev, sub):
    if not a[0]:
        raise Bad("nothing")
    cols, text = items(s, a[0], to, duck, s.cols)
    changed = {n for n, _ in a[0]}
    order = order_behind(s, set(s.cols) - changed, a[0])
    if to == DFQ:
        _, text = items(s, a[0], to, duck, [])
        text = "with " + text
    return text if to == DFQ else sql(text, prev), \
        Columns(cols, order, s.rows, s.key if s.key not in changed else None)


def st_select(a, s, to, duck, prev, sub):
    base, pairs = a
    if not base and not pairs or {n for n, _ in pairs} & set(base):
        raise Bad("names")
    cols, text = items(s, pairs, to, duck, base)
    return "select " + text if to == DFQ else sql(text, prev), \
        Columns(cols, order_behind(s, base, pairs), s.rows, s.key if s.key in base else None)


def st_drop(a, s, to, duck, prev, sub):
    if not a[0]:
        raise Bad("nothing")
    left = [c for c in s.cols if c not in a[0]]
    usable(Columns(dict.fromkeys(s.cols, ("i", 0)), None, 0), a[0])
    _, out = st_select((left, []), s, to, duck, prev, sub)
    return "drop " + ", ".join(map(quoted, a[0])) if to == DFQ \
        else sql(", ".join(map(quoted, left)), prev), out


def st_rename(a, s, to, duck, prev, sub):
    old, new = a
    if old not in s.cols or new in s.cols:
        raise Bad("names")
    name = {old: new}
    cols = {name.get(c, c): v for c, v in s.cols.items()}
    text = ", ".join("%s as %s" % (quoted(c), quoted(name.get(c, c))) for c in s.cols)
    order = keep_order(s, s.cols, lambda c: name.get(c, c))
    return "rename %s as %s" % (quoted(old), quoted(new)) if to == DFQ else sql(text, prev), \
        Columns(cols, order, s.rows, name.get(s.key, s.key))


def st_group(a, s, to, duck, prev, sub):
    keys, aggs, *how = a
    usable(s, keys)
    if how and how[0] and keys:          # sorted: what stands behind the sort is of another order
        first, s = st_sort(([(k, False, False) for k in keys],), s, to, duck, prev, sub)
        text, out = st_group((keys, aggs), s, to, duck, prev, sub)
        return first + " | " + text + (" sorted" if aggs else "") if to == DFQ else text, out
    cols = {k: s.cols[k] for k in keys}
    texts = []
    for n, agg in aggs:
        text, t, bits = aggregate(agg, s, to, duck, AGGS)
        if agg[2] is not None:
            where, b, _ = expression(agg[2], s.cols, to, duck)
            if b != "b" or agg[0] in CLOSED:
                raise Bad("no condition")
            where = " filter (where %s)" % where
        else:
            where = ""
        text = text.replace("{F}", where) if "{F}" in text else text + where
        if n in cols:
            raise Bad("names")
        cols[n] = (t, bits)
        texts.append("%s as %s" % (text, quoted(n)))
    names = ", ".join(map(quoted, keys))
    if to == DFQ:
        text = "group %s: %s" % (names, ", ".join(texts)) if texts else "group " + names
    else:
        text = sql(", ".join(list(map(quoted, keys)) + texts), prev,
                   " group by " + names if keys else "")
    if not cols:
        raise Bad("no columns")
    return text, Columns(cols, None if keys else [], s.rows)


def st_sort(a, s, to, duck, prev, sub):
    keys = a[0]
    usable(s, [k for k, _, _ in keys])
    if not keys:
        raise Bad("no keys")
    order = None
    if s.order is not None:
        order = keys + [k for k in s.order if k[0] not in [c for c, _, _ in keys]]
    elif set(c for c, _, _ in keys) == set(s.cols):
        order = keys
    return "sort " + order_by(keys, to) if to == DFQ else sql("*", prev), \
        Columns(s.cols, order, s.rows, s.key)


def st_limit(a, s, to, duck, prev, sub):
    if s.order is None:
        raise Bad("no order")
    by = " order by " + order_by(s.order, to) if s.order else ""
    return "limit %d offset %d" % a if to == DFQ else sql("*", prev, by + " limit %d offset %d" % a), \
        Columns(s.cols, s.order, min(s.rows, a[0]), s.key)


def st_offset(a, s, to, duck, prev, sub):
    _, out = st_limit((10**9, a[0]), s, to, duck, prev, sub)
    return "offset %d" % a if to == DFQ else _, Columns(out.cols, out.order, s.rows, s.key)


# From and to: which operation a cast stands for, and may it fail?
CASTS = {"if": ("float", False), "is": ("text", False), "bi": ("count_it", False),
         "dw": ("moment", False), "wd": ("date_of", False), "fi": ("whole", True),
         "si": ("as_int", True), "sd": ("as_date", True), "ic": ("c_of", False),
         "ci": ("c_whole", False), "cs": ("c_text", False)}


def st_cast(a, s, to, duck, prev, sub):
    name, new, gently = a
    if name not in s.cols or s.cols[name][0] + new not in CASTS:
        raise Bad("types")
    op, fails = CASTS[s.cols[name][0] + new]
    if fails and not gently:
        raise Bad("fails")
    text, out = st_with(([(name, (op, ("col", name)))],), s, to, duck, prev, sub)
    if to == DFQ:
        text = "%scast %s as %s" % ("try_" if gently else "", quoted(name), NAMES[new])
    return text, out


def st_move(a, s, to, duck, prev, sub):
    names, where = a
    if not names or any(n not in s.cols for n in names):
        raise Bad("names")
    rest = [n for n in s.cols if n not in names]
    order = names + rest if where == "first" else rest + names
    text, out = st_select((order, []), s, to, duck, prev, sub)
    return "move %s %s" % (", ".join(map(quoted, names)), where) if to == DFQ else text, \
        Columns(out.cols, s.order, s.rows, s.key)


def st_rename_with(a, s, to, duck, prev, sub):
    names, text = a
    if any(n not in s.cols for n in names) or not names:
        raise Bad("names")
    new = {n: text + n if n in names else n for n in s.cols}
    if len(set(new.values())) < len(new):
        raise Bad("names")
    cols = {new[n]: v for n, v in s.cols.items()}
    if to == DFQ:
        out = "rename_with prefix '%s' in %s" % (text, ", ".join(map(quoted, names)))
    else:
        out = sql(", ".join("%s as %s" % (quoted(n), quoted(m)) for n, m in new.items()), prev)
    return out, Columns(cols, keep_order(s, s.cols, lambda n: new[n]), s.rows, new.get(s.key))


def st_cut(a, s, to, duck, prev, sub):
    name, left, new = a
    if name not in s.cols or s.cols[name][0] not in "if" or new in s.cols or \
            s.cols[name][1] == FUZZY:
        raise Bad("types")
    sign = "<" if left else "<="
    value = ("case when {0} is null then null when {0} %s -1 then 'low' when {0} %s 4 then 'mid'"
             " else 'high' end" % (sign, sign)).format(quoted(name))
    if to == DFQ:
        return "cut %s in (-1, 4)%s labels ('low', 'mid', 'high') as %s" % (
            quoted(name), " left" if left else "", quoted(new)), \
            Columns({**s.cols, new: ("s", 0)}, s.order, s.rows, s.key)
    return sql("*, %s as %s" % (value, quoted(new)), prev), \
        Columns({**s.cols, new: ("s", 0)}, s.order, s.rows, s.key)


def st_drop_nans(a, s, to, duck, prev, sub):
    if not duck or not a[0] or any(n not in s.cols or s.cols[n][0] != "f" for n in a[0]):
        raise Bad("types")
    where = " and ".join("not coalesce(isnan(%s), false)" % quoted(n) for n in a[0])
    return "drop_nans " + ", ".join(map(quoted, a[0])) if to == DFQ else \
        sql("*", prev, " where " + where), Columns(s.cols, s.order, s.rows, s.key)


def st_fill_nan(a, s, to, duck, prev, sub):
    name = a[0]
    if not duck or name not in s.cols or s.cols[name][0] != "f" or s.cols[name][1] == FUZZY:
        raise Bad("types")
    new = ("case", ("is_nan", ("col", name)), ("lit", "f", 2.5), ("col", name))
    text, out = st_with(([(name, new)],), s, to, duck, prev, sub)
    return "fill_nan 2.5 in " + quoted(name) if to == DFQ else text, out


def st_explode(a, s, to, duck, prev, sub):
    name = a[0]
    if not duck or name not in s.cols or s.cols[name][0] not in LISTS or len(s.cols) < 2:
        raise Bad("types")
    t = "i" if s.cols[name][0] == "p" else "s"
    cols = {n: (t, WILD if t == "i" else 0) if n == name else v for n, v in s.cols.items()}
    value = "unnest(case when len({0}) > 0 then {0} else [null] end)".format(quoted(name))
    texts = [(value if n == name else quoted(n)) + " as " + quoted(n) for n in s.cols]
    return "explode " + quoted(name) if to == DFQ else sql(", ".join(texts), prev), \
        Columns(cols, None, 4 * s.rows)


def st_implode(a, s, to, duck, prev, sub):
    name = a[0]
    if not duck or s.order is None or not s.order or name not in s.cols or \
            s.cols[name][0] not in "is":
        raise Bad("types")
    keys = [n for n in s.cols if n != name]
    usable(s, keys)
    if not keys:
        raise Bad("keys")
    value = "list(%s order by %s)" % (quoted(name), order_by(s.order, to))
    cols = {n: s.cols[n] for n in keys}
    cols[name] = ("p" if s.cols[name][0] == "i" else "q", 0)
    texts = [(value if n == name else quoted(n)) + " as " + quoted(n) for n in cols]
    return "implode " + quoted(name) if to == DFQ else \
        sql(", ".join(texts), prev, " group by " + ", ".join(map(quoted, keys))), \
        Columns(cols, None, s.rows)


def st_update(a, s, to, duck, prev, sub):
    pipe, pairs = a
    text, r = sub(pipe)
    usable(s, [x for x, _ in pairs])
    usable(r, [y for _, y in pairs])
    if not pairs or any(s.cols[x][0] != r.cols[y][0] for x, y in pairs) or \
            r.key not in [y for _, y in pairs]:      # else a row might match several
        raise Bad("keys")
    theirs = [y for _, y in pairs]
    if any(n not in s.cols and n not in theirs for n in r.cols):
        raise Bad("names")
    if len(set(theirs)) < len(pairs) or len({x for x, _ in pairs}) < len(pairs):
        raise Bad("keys")
    if any(n in r.cols and n not in theirs and (
            r.cols[n][0] != t or FUZZY in (b, r.cols[n][1])) for n, (t, b) in s.cols.items()):
        raise Bad("types")
    changed = [n for n in s.cols if n in r.cols and n not in theirs]
    if s.order is not None and any(c in changed for c, _, _ in s.order):
        order, key = None, None
    else:
        order, key = s.order, s.key
    cols = {n: (t, max(b, r.cols[n][1])) if n in changed else (t, b)
            for n, (t, b) in s.cols.items()}
    if to == DFQ:
        return "update (%s) on %s" % (text, ", ".join(
            quoted(x) + ("" if x == y else " = " + quoted(y)) for x, y in pairs)), \
            Columns(cols, order, s.rows, key)
    texts = [("coalesce(r.{0}, l.{0})" if n in changed else "l.{0}").format(quoted(n)) + " as "
             + quoted(n) for n in s.cols]
    on = " and ".join("l.%s = r.%s" % (quoted(x), quoted(y)) for x, y in pairs)
    return "select %s from %s l left join (%s) r on %s" % (", ".join(texts), prev, text, on), \
        Columns(cols, order, s.rows, key)


def backwards(s):
    if s.order is None:
        raise Bad("no order")
    return [(c, not d, not n) for c, d, n in s.order]


def st_tail(a, s, to, duck, prev, sub):
    back = backwards(s)
    by = " order by " + order_by(back, to) if back else ""
    return "tail %d" % a if to == DFQ else sql("*", prev, by + " limit %d" % a), \
        Columns(s.cols, s.order, min(s.rows, a[0]), s.key)


def st_reverse(a, s, to, duck, prev, sub):
    return "reverse" if to == DFQ else sql("*", prev), Columns(s.cols, backwards(s), s.rows, s.key)


def st_row_index(a, s, to, duck, prev, sub):
    if s.order is None or a[0] in s.cols:
        raise Bad("no order")
    by = "order by " + order_by(s.order, to) if s.order else ""
    cols = {a[0]: ("i", 8), **s.cols}
    return "row_index " + quoted(a[0]) if to == DFQ else \
        sql("row_number() over (%s) - 1 as %s, *" % (by, quoted(a[0])), prev), \
        Columns(cols, [(a[0], False, False)], s.rows, a[0])


def st_distinct(a, s, to, duck, prev, sub):
    names, keep = a
    if not names:
        usable(s, s.cols)
        return "distinct" if to == DFQ else sql("distinct *", prev), Columns(s.cols, None, s.rows)
    usable(s, names)
    if s.order is None or not s.order:
        raise Bad("no order")
    text = "distinct " + ", ".join(map(quoted, names)) + " keep " + keep
    by = order_by(s.order if keep == "first" else backwards(s), to)
    parts = ", ".join(map(quoted, names))
    number = "row_number() over (partition by %s order by %s)" % (parts, by)
    if keep == "none":
        number = "count(*) over (partition by %s)" % parts
    inner = sql("*, %s as q__" % number, prev)
    return text if to == DFQ else \
        sql(", ".join(map(quoted, s.cols)), "(%s)" % inner, " where q__ = 1"), \
        Columns(s.cols, s.order, s.rows, s.key)


def st_join(a, s, to, duck, prev, sub):
    pipe, kind, pairs, where, nulls, *more = a
    text, r = sub(pipe)
    in_order, suffix = more or (False, "_right")
    before = ""
    if in_order and pairs and kind != "cross" and where is None:
        usable(s, [x for x, _ in pairs])
        usable(r, [y for _, y in pairs])
        before, s = st_sort(([(x, False, False) for x, _ in pairs],), s, to, duck, prev, sub)
        step, r = st_sort(([(y, False, False) for _, y in pairs],), r, to, duck, prev, sub)
        before, text = before + " | ", text + " | " + step if to == DFQ else text
    else:
        in_order = False
    usable(s, [x for x, _ in pairs])
    usable(r, [y for _, y in pairs])
    if any(s.cols[x][0] != r.cols[y][0] for x, y in pairs) or len(set(pairs)) < len(pairs):
        raise Bad("types of keys")
    if len({x for x, _ in pairs}) < len(pairs) or len({y for _, y in pairs}) < len(pairs):
        raise Bad("keys")
    if s.rows * r.rows > 2000 or kind == "cross" and (pairs or where or nulls):
        raise Bad("rows")
    if kind != "cross" and not pairs and not where:
        raise Bad("keys")
    if not duck and not pairs and kind in ("left", "right", "full"):
        raise Bad("SQLite 3.40 loses rows of these")
    shared = [x for x, y in pairs if x == y]
    left = {n: "l." + quoted(n) for n in s.cols}
    names = {}                                   # the right's columns by their new names
    for n in r.cols:
        if n not in shared:
            new = n + suffix if n in s.cols else n
            if new in names or new in s.cols:
                raise Bad("names")
            names[new] = n
    sides = {**left, **{new: "r." + quoted(n) for new, n in names.items()}}
    cols = {**s.cols, **{new: r.cols[n] for new, n in names.items()}}
    same = " is not distinct from " if to == DUCK else " is "
    on = ["l.%s%sr.%s" % (quoted(x), same if nulls else " = ", quoted(y)) for x, y in pairs]
    condition = ""
    if where is not None:
        condition, t, _ = expression(where, cols, to, duck,
                                     quoted if to == DFQ else lambda n: sides[n])
        if t != "b":
            raise Bad("no condition")
        on.append(condition)
    if kind in ("semi", "anti"):
        out = Columns(s.cols, s.order, s.rows, s.key)
    else:
        order = None
        fits_all = kind in ("inner", "left", "cross") or len(s.order or []) == 1 and \
            s.order[0] == (s.key, False, False) and s.key not in shared
        renamed = {n: new for new, n in names.items()}
        renamed.update({n: n for n in shared if kind == "inner"})
        mine = keep_order(r, renamed, lambda n: renamed[n])
        once = s.order is not None and s.key in [c for c, _, _ in s.order]
        if once and mine is not None and fits_all:
            order = s.order + [k for k in mine if k[0] not in [c for c, _, _ in s.order]]
        out = Columns(cols, order, s.rows * r.rows + s.rows + r.rows)
    if to == DFQ:
        keys = " on " + ", ".join(quoted(x) + ("" if x == y else " = " + quoted(y))
                                  for x, y in pairs) if pairs else ""
        return "%sjoin (%s)%s %s%s%s%s%s" % (
            before, text, keys, kind, " nulls_equal" if nulls else "", " sorted" if in_order else "",
            " suffix '%s'" % suffix if suffix != "_right" else "",
            " where " + condition if condition else ""), out
    on = " and ".join(on)
    if kind in ("semi", "anti"):
        return "select * from %s l where %sexists (select 1 from (%s) r where %s)" % (
            prev, "not " if kind == "anti" else "", text, on), out
    texts = []
    for n in cols:
        value = sides[n]
        if n in shared and kind in ("right", "full"):
            value = "coalesce(l.%s, r.%s)" % (quoted(n), quoted(n))
        texts.append(value + " as " + quoted(n))
    return "select %s from %s l %s join (%s) r%s" % (
        ", ".join(texts), prev, kind, text, " on " + on if kind != "cross" else ""), out


def st_filter_in(a, s, to, duck, prev, sub):
    pipe, mine, theirs, negative = a
    text, r = sub(pipe)
    usable(s, [mine])
    usable(r, [theirs])
    if s.cols[mine][0] != r.cols[theirs][0]:
        raise Bad("types")
    word = "not in" if negative else "in"
    if to == DFQ:
        text = "filter_in %s %s (%s | select %s)" % (quoted(mine), word, text, quoted(theirs))
    else:
        text = sql("*", prev, " where t.%s %s (select u.%s from (%s) u)" % (
            quoted(mine), word, quoted(theirs), text))
    return text, Columns(s.cols, s.order, s.rows, s.key)


def st_asof(a, s, to, duck, prev, sub):
    pipe, mine, theirs, by, forward, strict, *more = a
    nearest, within = more or (False, None)
    text, r = sub(pipe)
    pairs = [(mine, theirs)] + [(x, y) for x, y in by]
    usable(s, [x for x, _ in pairs])
    usable(r, [y for _, y in pairs])
    if any(s.cols[x][0] != r.cols[y][0] for x, y in pairs) or s.cols[mine][0] not in "ifdw":
        raise Bad("types")
    if r.key is None or r.order != [(r.key, False, False)] or set(s.cols) & set(r.cols):
        raise Bad("no order")
    if len(set(x for x, _ in pairs)) < len(pairs) or len(set(y for _, y in pairs)) < len(pairs):
        raise Bad("keys")
    if duck and s.cols[mine][0] == "f":
        raise Bad("NaN as a time")
    if (nearest or within is not None) and (s.cols[mine][0] != "i" or max(
            s.cols[mine][1], r.cols[theirs][1]) > 60):
        raise Bad("differences that overflow")
    out = Columns({**s.cols, **r.cols}, s.order, s.rows, s.key)
    if to == DFQ:
        return "join_asof (%s) on %s = %s%s%s%s%s" % (
            text, quoted(mine), quoted(theirs),
            " by " + ", ".join("%s = %s" % (quoted(x), quoted(y)) for x, y in by) if by else "",
            " nearest" if nearest else " forward" if forward else "",
            "" if within is None else " tolerance %d" % within, " strict" if strict else ""), out
    sign = (">" if forward else "<") + ("" if strict else "=")
    times = quoted(theirs), quoted(mine)
    on = ["q.%s %s l.%s" % (times[0], "!=" if nearest and strict else sign, times[1])]
    if nearest and not strict:
        on = []
    if within is not None:
        on.append("abs(q.%s - l.%s) <= %d" % (*times, within))
    on += ["q.%s = l.%s" % (quoted(y), quoted(x)) for x, y in by]
    if nearest:     # of two as near the one before; of equal times before the last, behind the first
        best = ("abs(q.{0} - l.{1}), q.{0}, case when q.{0} <= l.{1} then -q.{2} else q.{2} end"
                .format(*times, quoted(r.key)))
        on.append("q.%s is not null and l.%s is not null" % times)
    else:
        best = "q.%s %s, q.%s %s" % (quoted(theirs), "asc" if forward else "desc", quoted(r.key),
                                     "asc" if forward else "desc")
    found = "(select q.%s from (%s) q where %s order by %s limit 1)" % (
        quoted(r.key), text, " and ".join(on), best)
    return "select %s from (select l.*, %s as q__ from %s l) l left join (%s) r on r.%s = l.q__" % (
        ", ".join(["l." + quoted(n) for n in s.cols] + ["r." + quoted(n) for n in r.cols]),
        found, prev, text, quoted(r.key)), out


def st_union(a, s, to, duck, prev, sub):
    pipe, how = a
    text, r = sub(pipe)
    mine = [(n, t) for n, (t, _) in s.cols.items()]
    theirs = [(n, t) for n, (t, _) in r.cols.items()]
    cols = {n: (t, max(b, r.cols[n][1])) if n in r.cols else (t, b)
            for n, (t, b) in s.cols.items()}
    names = list(s.cols)
    if how == "" and mine != theirs or how == "by name" and sorted(mine) != sorted(theirs):
        raise Bad("columns")
    if how == "by position":
        if [t for _, t in mine] != [t for _, t in theirs]:
            raise Bad("columns")
        cols = {n: (t, max(b, v[1])) for (n, (t, b)), v in zip(s.cols.items(), r.cols.values())}
    if how == "diagonal":
        if any(n in s.cols and s.cols[n][0] != t for n, t in theirs):
            raise Bad("columns")
        cols.update({n: v for n, v in r.cols.items() if n not in cols})
        names = list(cols)
    out = Columns(cols, None, s.rows + r.rows)
    if to == DFQ:
        return "union (%s) %s" % (text, how), out

    def part(have):
        return ", ".join((quoted(n) if n in have else literal(cols[n][0], None, to)) + " as "
                         + quoted(n) for n in names)

    second = ", ".join(map(quoted, r.cols)) if how == "by position" else part(r.cols)
    return "select %s from %s t union all select %s from (%s) u" % (
        part(s.cols), prev, second, text), out


def st_merge(a, s, to, duck, prev, sub):
    pipe, keys = a
    usable(s, [k for k, _, _ in keys])
    text, out = st_union((pipe, ""), s, to, duck, prev, sub)
    if not keys:
        raise Bad("no keys")
    order = keys if set(c for c, _, _ in keys) == set(s.cols) else None
    if to == DFQ:
        text = "merge_sorted " + text[len("union "):] + " by " + order_by(keys, to)
    return text, Columns(out.cols, order, out.rows)


def st_unpivot(a, s, to, duck, prev, sub):
    names, keep = a
    usable(s, names)
    types = {s.cols[n][0] for n in names}
    if len(types) != 1 or set(names) & set(keep) or len(names) < 2 or {"n__", "v__"} & set(keep):
        raise Bad("types")
    usable(Columns(dict.fromkeys(s.cols, ("i", 0)), None, 0), keep)
    cols = {k: s.cols[k] for k in keep}
    cols["n__"] = ("s", 0)
    cols["v__"] = (types.pop(), max(s.cols[n][1] for n in names))
    text = "unpivot %s keep %s names to n__ values to v__" % (
        ", ".join(map(quoted, names)), ", ".join(map(quoted, keep)) if keep else "none")
    parts = ["select %s'%s' as n__, %s as v__ from %s t" % (
        "".join(quoted(k) + ", " for k in keep), n.replace("'", "''"), quoted(n), prev)
        for n in names]
    return text if to == DFQ else " union all ".join(parts), \
        Columns(cols, None, s.rows * len(names))


def st_pivot(a, s, to, duck, prev, sub):
    keys, on, values, agg = a
    usable(s, keys + [on])
    if on in keys or agg[0] in CLOSED or not keys:
        raise Bad("keys")
    text, t, bits = aggregate(agg, s, to, duck, AGGS)
    if agg[2] is not None or not values or len({repr(v) for v in values}) < len(values):
        raise Bad("values")
    cols = {k: s.cols[k] for k in keys}
    names = ["p%d__" % i for i in range(len(values))]
    if set(names) & set(cols):
        raise Bad("names")
    cols.update(dict.fromkeys(names, (t, bits)))
    values = [literal(s.cols[on][0], v, to) for v in values]
    if to == DFQ:
        return "pivot %s on %s in (%s): %s" % (
            ", ".join(map(quoted, keys)), quoted(on),
            ", ".join(v + " as " + n for v, n in zip(values, names)),
            text.replace("{F}", "")), Columns(cols, None, s.rows)
    texts = []
    for v, n in zip(values, names):
        where = " filter (where %s = %s)" % (quoted(on), v)
        texts.append((text.replace("{F}", where) if "{F}" in text else text + where) + " as " + n)
    by = ", ".join(map(quoted, keys))
    return sql(by + ", " + ", ".join(texts), prev, " group by " + by), Columns(cols, None, s.rows)


def st_value_counts(a, s, to, duck, prev, sub):
    usable(s, a[0])
    if "count" in a[0] or not a[0]:
        raise Bad("names")
    names = ", ".join(map(quoted, a[0]))
    cols = {**{n: s.cols[n] for n in a[0]}, "count": ("i", 10)}
    return "value_counts " + names + " sort" * (len(a) > 1 and a[1]) if to == DFQ else \
        sql(names + ", count(*) as count", prev, " group by " + names), Columns(cols, None, s.rows)


def st_drop_nulls(a, s, to, duck, prev, sub):
    names = a[0] or list(s.cols)
    if any(n not in s.cols for n in names):
        raise Bad("names")
    where = " and ".join(quoted(n) + " is not null" for n in names)
    return "drop_nulls " + ", ".join(map(quoted, a[0])) if to == DFQ else \
        sql("*", prev, " where " + where), Columns(s.cols, s.order, s.rows, s.key)


def st_fill_null(a, s, to, duck, prev, sub):
    name, t, v = a
    if name not in s.cols or s.cols[name][0] != t or s.cols[name][1] == FUZZY or v is None:
        raise Bad("types")
    text = "fill_null %s in %s" % (literal(t, v, to), quoted(name))
    new = ("coalesce", ("col", name), ("lit", t, v))
    other, out = st_with(([(name, new)],), s, to, duck, prev, sub)
    return text if to == DFQ else other, out


def st_fill_forward(a, s, to, duck, prev, sub):
    if not duck or s.order is None or not s.order or a[0] not in s.cols:
        raise Bad("not in SQLite")
    back = len(a) > 1 and a[1]
    over = "order by %s rows between %s" % (order_by(s.order, to), "current row and unbounded following"
                                            if back else "unbounded preceding and current row")
    texts = [("%s_value(%s ignore nulls) over (%s)" % ("first" if back else "last", quoted(n), over)
              if n == a[0] else quoted(n)) + " as " + quoted(n) for n in s.cols]
    return "fill_null %s in " % ("backward" if back else "forward") + quoted(a[0]) if to == DFQ else sql(", ".join(texts), prev), \
        Columns(s.cols, keep_order(s, set(s.cols) - {a[0]}), s.rows, None)


STAGES = {name[3:]: f for name, f in globals().items() if name.startswith("st_")}


# ---- a pipeline in a language -----------------------------------------------------------------


def scan(case, table):
    rows = len(case["rows"][table])
    cols = dict(case["tables"][table])
    key = next(iter(cols), None)
    if not cols:
        raise Bad("no columns")
    order = [(key, False, False)] if key in ("id", "rid") else None
    return Columns({n: tuple(v) for n, v in cols.items()}, order, rows,
                   key if order else None)


def pipeline(case, pipe, to):
    """pipe: the table's name and stages. (text, columns)"""
    table, stages = pipe
    s = scan(case, table)
    text = table if to == DFQ else "select * from %s" % table

    def sub(other):
        return pipeline(case, other, to)

    for name, *a in stages:
        prev = "(%s)" % text
        step, s = STAGES[name](tuple(a), s, to, case["duck"], prev, sub)
        text = text + " | " + step if to == DFQ else step
        if len(text) > 60000:
            raise Bad("too long")
    return text, s


def values_sql(case, table, to):
    cols = case["tables"][table]
    rows = [", ".join(literal(t, v, to) for (t, _), v in zip(cols.values(), row))
            for row in case["rows"][table]]
    names = ", ".join(map(quoted, cols))
    if not rows:
        blank = ", ".join(literal(t, None, to) for t, _ in cols.values())
        return "%s(%s) as (select * from (values (%s)) t where 1 = 0)" % (table, names, blank)
    return "%s(%s) as (values %s)" % (table, names, ", ".join("(%s)" % r for r in rows))


def question(case, to):
    text, s = pipeline(case, case["pipe"], to)
    names = ["t." + quoted(n) for n in s.cols]
    if to == DUCK:
        shape = {"d": "({} - date '1970-01-01')", "w": "epoch_us({})", "h": "epoch_us({})",
                 "c": "(({}) * 100)::hugeint", "p": "to_json({})", "q": "to_json({})"}
        names = ["cast(%s as varchar)" % shape.get(t, "{}").format(n)
                 for n, (t, _) in zip(names, s.cols.values())]
    by = ""
    if s.order:
        by = " order by " + order_by(s.order, to, lambda n: "t." + quoted(n))
    return "with %s, %s select %s from (%s) t%s" % (
        values_sql(case, "l", to), values_sql(case, "r", to), ", ".join(names), text, by), s


def write_csv(case, table, path):
    def cell(t, v):
        if v is None:
            return ""
        if t == "s":
            return '"' + v.replace('"', '""') + '"'
        if t in "dwhc":
            return v
        return str(v).lower() if t == "b" else repr(v) if t == "f" else str(v)

    cols = case["tables"][table]
    lines = [",".join(map(quoted, cols))]
    lines += [",".join(cell(t, v) for (t, _), v in zip(cols.values(), row))
              for row in case["rows"][table]]
    text = "\n".join(lines) + "\n"
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    return text


def dfq_text(case, where):
    lets = []
    for table in "lr":
        types = ", ".join("%s: %s" % (quoted(n), NAMES[t])
                          for n, (t, _) in case["tables"][table].items())
        lets.append("let %s = scan '%s/%s.csv' types (%s); " % (table, where, table, types))
    return "".join(lets) + pipeline(case, case["pipe"], DFQ)[0]


# ---- asking and comparing ---------------------------------------------------------------------


class Engine:
    def __init__(self):
        self.process = None
        self.dir = tempfile.mkdtemp(prefix="dfq-random-")

    def ask(self, case):
        """Rows, or the text of an error. A crash is an error, too."""
        for table in "lr":
            write_csv(case, table, os.path.join(self.dir, table + ".csv"))
        if self.process is None:
            self.process = subprocess.Popen(DRIVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            encoding="utf-8")
        text = dfq_text(case, self.dir).replace("\n", "\x1f")   # a line, with those inside texts
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        rows = []
        for line in self.process.stdout:
            if line == ".\n":
                return rows
            if line[0] == "!":
                return line[1:].rstrip("\n")
            rows.append([parsed(c) for c in line.rstrip("\n").split("\t")])
        status = self.process.wait()
        self.process = None
        return "crash: the process ended with status %d" % status


def parsed(cell):
    """Dates, moments, times and decimals are counted: days, microseconds, cents."""
    kind, v = cell[0], cell[1:]
    if kind == "n":
        return None
    if kind == "l":
        return [parsed(x) for x in v.split("\x1e")[1:]]
    if kind == "s":
        return v.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")
    return float(v) if kind == "f" else int(v)


def counted(v, t):
    """A text of SQLite's as the number that dfq counts with."""
    if not isinstance(v, str) or t not in "dw":
        return v
    then = datetime.datetime.fromisoformat(v) - datetime.datetime(1970, 1, 1)
    return then.days if t == "d" else then // datetime.timedelta(microseconds=1)


def ask_lite(case):
    db = sqlite3.connect(":memory:")
    db.execute("pragma case_sensitive_like = on")
    try:
        text, s = question(case, LITE)
        types = [t for t, _ in s.cols.values()]
        return [[counted(v, t) for v, t in zip(row, types)] for row in db.execute(text)]
    except ValueError as e:
        return "error: a date is out of range: %s" % e
    except sqlite3.Error as e:
        if "tables to its right" in str(e):   # a limit of its own for full and right joins
            return "error: Not implemented in SQLite"
        return "error: " + str(e)


def ask_duck(cases):
    """The rows of many cases, from one process; None where DuckDB is not installed."""
    script = os.path.join(ROOT, "bench", "peers", "duckdb.mjs")
    queries = [question(c, DUCK)[0] for c in cases]
    try:
        done = subprocess.run(["node", script, "ask"], input=json.dumps(queries),
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    if done.returncode:
        return None
    answers = json.loads(done.stdout)["results"]
    return [duck_rows(a, question(c, DUCK)[1]) for a, c in zip(answers, cases)]


def duck_rows(rows, s):
    if isinstance(rows, str):
        return "error: " + rows
    read = {"i": int, "f": float, "b": lambda v: int(v == "true"), "s": str, "d": int, "w": int,
            "h": int, "c": int, "p": json.loads, "q": json.loads}
    types = [t for t, _ in s.cols.values()]
    return [[None if v is None else read[t](v) for t, v in zip(types, row)] for row in rows]


def same_value(a, b, t, bits):
    if a is None or b is None:
        return a is b
    if t != "f":
        return a == b and type(a) == type(b)
    a, b = float(a), float(b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if bits == FUZZY:
        return a == b or abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))
    return a == b


def sort_key(row, types):
    """What a bag's rows are sorted by: floats by the digits that a rounded one has, too."""
    return [(v is None, "" if v is None else repr(v) if t in LISTS else
             "%.6e" % (v + 0.0) if t == "f" else str(v)) for v, t in zip(row, types)]


def overflowed(rows, s):
    return isinstance(rows, str) or any(
        isinstance(v, float) for row in rows for v, (t, _) in zip(row, s.cols.values()) if t == "i")


def difference(mine, theirs, s, to):
    """None when they agree, "masked ..." when they may differ, else what differs."""
    if isinstance(mine, str):
        if mine.startswith(("crash", "engines", "only optimized")):
            return mine
        if "value error" in mine and re.search("overflow|too large|range|of type decimal", mine):
            return "masked: overflow of both" if overflowed(theirs, s) else "masked: overflow"
        return "error: " + mine
    if isinstance(theirs, str):
        if re.search("overflow|out of range|to DECIMAL", theirs, re.IGNORECASE):
            return "masked: their error"
        if "Not implemented" in theirs:
            return "masked: no plan there"
        return "their error: " + theirs
    if to == LITE and overflowed(theirs, s):
        return "masked: SQLite's float"
    if len(mine) != len(theirs):
        return "%d rows, theirs %d" % (len(mine), len(theirs))
    if s.order is None:
        types = [t for t, _ in s.cols.values()]
        mine, theirs = (sorted(x, key=lambda row: sort_key(row, types)) for x in (mine, theirs))
    for i, (a, b) in enumerate(zip(mine, theirs)):
        for x, y, (n, (t, bits)) in zip(a, b, s.cols.items()):
            if not same_value(x, y, t, bits):
                return "row %d, %s: %r, theirs %r" % (i, n, x, y)
    return None


# ---- making a case ----------------------------------------------------------------------------

COLUMN_NAMES = ["a", "b", "c", "d", "e", "x y", "sort", "\u00e9", "F"]


class Maker:
    def __init__(self, seed, stages, duck_here):
        self.r = random.Random(seed)
        self.most = stages
        self.case = {"seed": seed, "duck": duck_here and self.r.random() < 0.4}
        self.wild = self.r.random() < 0.35
        self.n = 0

    def table(self, key):
        cols = {key: ("i", 8)}
        for n in self.r.sample(COLUMN_NAMES, self.r.randint(2, 5)):
            t = self.r.choice("iiffssbdw" + "iiffsswhcc" * self.case["duck"])
            cols[n] = (t, (WILD if self.wild else 8) if t in "if" else 0)
        many = self.r.choice([0, 1, 3, 6, 8, 8, 12, 12, 16, 20, 40])
        nulls = self.r.choice([0, 0.1, 0.1, 0.6])
        rows = [[i + 1] + [None if self.r.random() < nulls else
                           some_value(self.r, t, self.wild, self.case["duck"])
                           for t, _ in list(cols.values())[1:]] for i in range(many)]
        return cols, rows

    def of_type(self, s, t, depth):
        r = self.r
        cols = [n for n, (k, b) in s.cols.items() if k == t and b != FUZZY]
        if cols and r.random() < (0.35 if depth else 0.85):
            return ("col", r.choice(cols))
        if depth <= 0 or r.random() < 0.1:
            return ("lit", t, some_value(r, t, self.wild and r.random() < 0.2, self.case["duck"]))
        own = OPS_OF[t] if r.random() < 0.75 else OPS_OF["t"]
        if own:
            op = r.choice(own)
            args, result, _ = OPS[op]
            general = t if result in "nt" else r.choice(
                "if" if "n" in args else "iifsdw" + "hcp" * self.case["duck"])
            e = (op, *[self.of_type(s, general if a in "nt" else a, depth - 1) for a in args])
            return e
        return ("lit", t, some_value(r, t, False, False))

    def good(self, make, s, check):
        """The first of some tries that makes sense."""
        for _ in range(12):
            try:
                e = make()
                check(e)
                return e
            except Bad:
                pass
        raise Bad("nothing fits")

    def expr(self, s, t, depth=2):
        return self.good(lambda: self.of_type(s, t, depth), s,
                         lambda e: [expression(e, s.cols, to, self.case["duck"]) for to in (0,)])

    def some(self, s, most, ok=lambda t, b: b != FUZZY):
        names = [n for n, (t, b) in s.cols.items() if ok(t, b) and (t not in LISTS or ok(t, FUZZY))]
        return self.r.sample(names, min(len(names), self.r.randint(1, most)))

    def name(self):
        self.n += 1
        return "n%d" % self.n

    def keys(self, s, most=3):
        return [(n, self.r.random() < 0.4, self.r.random() < 0.3) for n in self.some(s, most)]

    def argument(self, s, types):
        if not types:
            return None
        made = [self.expr(s, self.r.choice(("ifsbdw" + "hc" * self.case["duck"]) if t == "t" else t), 1)
                for t in types.split(",")]
        return made[0] if len(made) == 1 else ("two", *made)

    def agg(self, s):
        name = self.r.choice(list(AGGS))
        where = self.expr(s, "b", 1) if self.r.random() < 0.2 and name not in CLOSED else None
        return (name, self.argument(s, AGGS[name][0]), where)

    def win(self, s):
        name = self.r.choice(list(WINDOWS))
        types = WINDOWS[name][0]
        parts = self.some(s, 2) if self.r.random() < 0.6 else []
        own = "{" in WINDOWS[name][3].replace("{0}", "").replace("{}", "") or name in UNFRAMED
        frame = self.r.choice(FRAMES) if types and not own else ""
        ranged = frame.startswith("range") and "unbounded" not in frame
        keys = self.keys(s, 1) if ranged else self.keys(s, 2)
        return ("over", name, self.argument(s, types), parts, keys, frame)

    def fit(self, make, s):
        return self.good(make, s, lambda a: aggregate(a, s, DFQ, self.case["duck"], AGGS))

    def computed(self, s):
        r = self.r
        name = r.choice(list(s.cols)) if r.random() < 0.2 else self.name()
        return name, self.good(
            lambda: self.win(s), s, lambda w: window(w[1:], s, DFQ, self.case["duck"])) \
            if r.random() < 0.3 else self.expr(s, r.choice("iiffsbdw" + "iifsswhcpq" * self.case["duck"]), 3)

    def other(self, depth, prefix):
        """A second pipeline: over r, or the one that this one is so far, then one more stage."""
        if self.r.random() < 0.25 and prefix:
            table, stages = prefix
            return (table, stages + [s for s in [self.try_stage((table, stages), 0)] if s])
        pipe = ("r", [])
        for _ in range(self.r.randint(0, 1) if depth else 0):
            s = self.try_stage(pipe, 0)
            pipe = ("r", pipe[1] + [s] if s else pipe[1])
        return pipe

    def pairs(self, s, o):
        out = []
        for _ in range(self.r.choice([1, 1, 1, 2])):
            both = [(x, y) for x, (t, b) in s.cols.items() for y, (u, c) in o.cols.items()
                    if t == u and FUZZY not in (b, c) and x not in [p for p, _ in out]
                    and y not in [q for _, q in out]]
            same = [p for p in both if p[0] == p[1]]
            if both:
                out.append(self.r.choice(same if same and self.r.random() < 0.5 else both))
        return out

    def stage(self, pipe, s, depth):
        r = self.r
        names = "filter filter with with select rename group group sort sort limit distinct drop_nulls " \
                "fill_null fill_forward tail reverse row_index value_counts drop unpivot pivot " \
                "offset cast move rename_with cut"
        if self.case["duck"]:
            names += " drop_nans fill_nan implode"
            names += " explode explode explode" * any(t in LISTS for t, _ in s.cols.values())
        if depth:
            names += " join join join join filter_in asof asof union union merge update"
        name = r.choice(names.split())
        if name == "filter":
            return name, self.expr(s, "b", 3)
        if name == "with":
            return name, [self.computed(s) for _ in range(r.randint(1, 2))]
        if name == "select":
            base = self.some(s, 4, lambda t, b: True)
            if s.key and r.random() < 0.7 and s.key not in base:
                base.append(s.key)
            return name, base, [(self.name(), self.expr(s, r.choice("iifsbd"), 3))
                                for _ in range(r.randint(0, 2))]
        if name == "rename":
            return name, r.choice(list(s.cols)), self.name()
        if name == "group":
            return name, self.some(s, 2) if r.random() < 0.85 else [], \
                [(self.name(), self.fit(lambda: self.agg(s), s)) for _ in range(r.randint(1, 3))], \
                r.random() < 0.15
        if name == "sort":
            keys = self.keys(s)
            if s.order is None and r.random() < 0.8:
                keys = [(n, r.random() < 0.4, r.random() < 0.3)
                        for n in r.sample(list(s.cols), len(s.cols))]
            return name, keys
        if name == "limit":
            return name, r.choice([0, 1, 3, 5, 7, 9, 50]), r.choice([0, 0, 0, 1, 4])
        if name == "distinct":
            return name, self.some(s, 2) if r.random() < 0.6 else [], \
                r.choice(["first", "last", "none"])
        if name == "offset":
            return name, r.choice([0, 1, 2, 5, 30])
        if name in ("drop_nulls", "value_counts"):
            return name, self.some(s, 2), r.random() < 0.3
        if name == "cast":
            n = r.choice(list(s.cols))
            to = [c[1] for c in CASTS if c[0] == s.cols[n][0]]
            return name, n, r.choice(to), r.random() < 0.6
        if name == "move":
            return name, self.some(s, 2, lambda t, b: True), r.choice(["first", "last"])
        if name == "rename_with":
            return name, self.some(s, 2, lambda t, b: True), r.choice(["p_", "a ", "x"])
        if name in ("cut", "drop_nans", "fill_nan", "explode", "implode"):
            kinds = {"cut": "if", "explode": LISTS, "implode": "is"}.get(name, "f")
            fitting = [n for n, (t, b) in s.cols.items() if t in kinds]
            if name == "cut":
                return name, r.choice(fitting), r.random() < 0.5, self.name()
            return name, ([r.choice(fitting)] if name == "drop_nans" else r.choice(fitting))
        if name == "fill_null":
            n = r.choice(list(s.cols))
            t = s.cols[n][0]
            return name, n, t, some_value(r, t, self.wild, self.case["duck"])
        if name in ("fill_forward", "row_index"):
            if name == "row_index":
                return name, self.name()
            return name, r.choice(list(s.cols)), r.random() < 0.4
        if name == "tail":
            return name, r.choice([0, 1, 4, 6, 8, 30])
        if name == "reverse":
            return (name,)
        if name == "drop":
            return name, self.some(s, 2, lambda t, b: True)
        if name == "unpivot":
            names = self.some(s, 3)
            t = s.cols[names[0]][0]
            names = [n for n, (k, b) in s.cols.items() if k == t and b != FUZZY][:3]
            return name, names, [n for n in s.cols if n not in names and r.random() < 0.6]
        if name == "pivot":
            on = self.some(s, 1)[0]
            t = s.cols[on][0]
            agg = self.fit(lambda: self.agg(s), s)
            return name, self.some(s, 2), on, \
                [v for v in [some_value(r, t, False, False) for _ in range(2)] if v is not None], \
                (agg[0], agg[1], None)
        pipe2 = self.other(depth, pipe)
        if name in ("union", "merge"):
            if r.random() < 0.7:
                pipe2 = (pipe[0], pipe[1] + [("filter", self.expr(s, "b", 2))])
            if name == "merge":
                return name, pipe2, self.keys(s)
            return name, pipe2, r.choice(["", "by name", "by position", "diagonal"])
        o = pipeline(self.case, pipe2, DFQ)[1]
        if name == "join":
            kind = r.choice("inner inner left left right full semi anti cross".split())
            pairs = [] if kind == "cross" else self.pairs(s, o)
            where = None
            if kind != "cross" and (r.random() < 0.25 or not pairs):
                both = Columns({**s.cols, **{n if n not in s.cols else n + "_right": v
                                             for n, v in o.cols.items()
                                             if (n, n) not in pairs}}, None, 0)
                where = self.expr(both, "b", 2)
            return name, pipe2, kind, pairs, where, bool(pairs) and r.random() < 0.15, \
                r.random() < 0.2, r.choice(["_right", "_right", "_z", " 2"])
        if name == "update":
            same = [(x, o.key) for x, (t, _) in s.cols.items() if o.key and t == o.cols[o.key][0]]
            fits_in = [o.key] + [n for n in o.cols if n in s.cols and n != o.key]
            return name, (pipe2[0], list(pipe2[1]) + [("select", fits_in, [])]), [r.choice(same)]
        x, y = r.choice(self.pairs(s, o) or [("", "")])
        if name == "filter_in":
            return name, pipe2, x, y, r.random() < 0.5
        clash = [n for n in o.cols if n in s.cols and n != y]
        stages = list(pipe2[1]) + [("rename", n, self.name()) for n in clash]
        if y in s.cols:
            new = self.name()
            stages.append(("rename", y, new))
            y = new
        by = []
        if r.random() < 0.4:
            now = pipeline(self.case, (pipe2[0], stages), DFQ)[1]
            by = [(a, b) for a, b in self.pairs(s, now)[:1] if a != x and b != y]
        return "asof", (pipe2[0], stages), x, y, by, r.random() < 0.4, r.random() < 0.3, \
            self.case["duck"] and r.random() < 0.3, r.choice([None, None, 0, 2])

    def try_stage(self, pipe, depth):
        table, stages = pipe
        s = pipeline(self.case, pipe, DFQ)[1]
        for _ in range(6):
            try:
                new = self.stage(pipe, s, depth)
                for to in (LITE, DUCK) if not self.case["duck"] else (DUCK,):
                    pipeline(self.case, (table, stages + [new]), to)
                pipeline(self.case, (table, stages + [new]), DFQ)
                return new
            except (Bad, IndexError):
                pass
        return None

    def make(self):
        (left, rows), (right, more) = self.table("id"), self.table("rid")
        self.case["tables"] = {"l": left, "r": right}
        self.case["rows"] = {"l": rows, "r": more}
        pipe = ("l", [])
        for _ in range(self.r.randint(1, self.most)):
            new = self.try_stage(pipe, 1)
            if new:
                pipe = ("l", pipe[1] + [new])
        self.case["pipe"] = pipe
        return self.case


# ---- making a failure smaller -----------------------------------------------------------------


def smaller_expressions(e):
    """Ways to make a tree of tuples smaller: a part of it, or one of its parts made smaller."""
    if isinstance(e, tuple) and e and e[0] in OPS:
        for a in e[1:]:
            yield a
    if isinstance(e, (tuple, list)):
        for i, part in enumerate(e):
            for new in smaller_expressions(part):
                yield type(e)(list(e[:i]) + [new] + list(e[i + 1:]))
        if isinstance(e, list):
            for i in range(len(e)):
                yield e[:i] + e[i + 1:]
    if isinstance(e, tuple) and len(e) == 3 and e[0] in AGGS and e[2] is not None:
        yield (e[0], e[1], None)


def smaller_values(t, v):
    simple = {"i": [0, 1], "f": [0.0, 1.0], "s": ["", "a"], "b": [False], "d": ["1970-01-01"],
              "w": ["1970-01-01 00:00:00"], "h": ["00:00:00"], "c": ["0.00", "0.01"]}[t]
    return [None] + [x for x in simple] if v is not None and v not in simple else []


def smaller(case):
    for new in smaller_expressions(case["pipe"]):
        yield {**case, "pipe": new}
    for table in "lr":
        rows = case["rows"][table]
        n = len(rows)
        step = max(1, n // 2)
        while n and step:
            for i in range(0, n, step):
                yield {**case, "rows": {**case["rows"], table: rows[:i] + rows[i + step:]}}
            step //= 2
        cols = case["tables"][table]
        for i, c in enumerate(cols):
            if len(cols) > 1 and i:
                fewer = {k: v for k, v in cols.items() if k != c}
                yield {**case, "tables": {**case["tables"], table: fewer}, "rows": {
                    **case["rows"], table: [r[:i] + r[i + 1:] for r in rows]}}
            t = cols[c][0]
            for j, row in enumerate(rows):
                for v in smaller_values(t, row[i]) if i else []:
                    new = rows[:j] + [row[:i] + [v] + row[i + 1:]] + rows[j + 1:]
                    yield {**case, "rows": {**case["rows"], table: new}}


def kind_of(what):
    """Of two differences: are they likely to be one bug?"""
    words = re.sub(r"tools/\S*|'.*?'|[0-9.]+", "", what).split()
    return words[:6] if "error" in what else ["row" in what, "rows" in what]


def tried(cases, to, what, engine):
    """The first of some cases that still differs in the same way, and how."""
    asked = []
    for new in cases:
        try:
            question(new, to)
            dfq_text(new, engine.dir)
            asked.append(new)
        except (Bad, KeyError, ValueError, TypeError, IndexError):
            continue
    answers = [ask_lite(c) for c in asked] if to == LITE else asked and ask_duck(asked)
    for new, theirs in zip(asked, answers):
        now = difference(engine.ask(new), theirs, question(new, to)[1], to)
        if now and not now.startswith("masked") and kind_of(now) == kind_of(what):
            return new, now
    return None


def shrink(case, to, what, engine, seconds):
    """The smallest case found that still differs in the same way."""
    until, at_once = time.time() + seconds, 1 if to == LITE else 40   # a process for each batch
    found = True
    while found and time.time() < until:
        found, rest = None, smaller(case)
        while not found and time.time() < until:
            some = list(itertools.islice(rest, at_once))
            if not some:
                break
            found = tried(some, to, what, engine)
        case, what = found or (case, what)
    return case, what


def show(case, to, what, engine, seconds):
    case, what = shrink(case, to, what, engine, seconds)
    print("\n== SEED=%d CASES=1: dfq and %s differ: %s" % (
        case["seed"], "DuckDB" if to == DUCK else "SQLite", what))
    for table in "lr":
        print("-- %s.csv" % table)
        print(write_csv(case, table, os.path.join(engine.dir, table + ".csv")), end="")
    print("-- dfq\n%s" % dfq_text(case, "."))
    print("-- sql\n%s" % question(case, to)[0])
    print("-- dfq says\n%s" % (engine.ask(case),))
    print("-- the other says\n%s" % (ask_lite(case) if to == LITE else ask_duck([case])[0],),
          flush=True)


# ---- all of them ------------------------------------------------------------------------------


def count(table, what):
    table[what] = table.get(what, 0) + 1


def compare(cases, to, answers, engine, totals, shown):
    for case, theirs in zip(cases, answers):
        what = difference(case["mine"], theirs, question(case, to)[1], to)
        count(totals[to], "agreed" if not what else what if what.startswith("masked") else "failed")
        if what and not what.startswith("masked") and shown:
            show(case, to, what, engine, shown)


def drawn(tree, table):
    """Counts the stages, functions and aggregates of a pipeline."""
    if isinstance(tree, (tuple, list)):
        if tree and isinstance(tree[0], str):
            kind = tree[0]
            if kind == "over":
                count(table, "over " + tree[1])
            elif kind in STAGES or kind in OPS or kind in AGGS:
                count(table, kind)
        for part in tree:
            drawn(part, table)


def report(totals, made, seconds):
    print("%d random pipelines in %.0f s" % (made, seconds))
    for to, name in ((LITE, "SQLite " + sqlite3.sqlite_version), (DUCK, "DuckDB")):
        row = totals[to]
        if row:
            masked = {k: v for k, v in row.items() if k.startswith("masked")}
            print("%-14s %6d compared, %d agreed, %d masked (%s), %d failed" % (
                name, sum(row.values()), row.get("agreed", 0), sum(masked.values()),
                ", ".join("%s %d" % (k[8:], v) for k, v in sorted(masked.items())),
                row.get("failed", 0)))
    return sum(row.get("failed", 0) for row in totals.values())


def main():
    flags = dict(a.split("=", 1) for a in sys.argv[1:])
    cases, seed = int(flags.get("CASES") or 300), int(flags.get("SEED") or 1)
    stages, shown = int(flags.get("STAGES") or 6), int(flags.get("SHOW") or 60)
    engine, totals = Engine(), {LITE: {}, DUCK: {}}
    probe = {"tables": {"l": {"id": ("i", 8)}, "r": {"id": ("i", 8)}}, "pipe": ("l", []),
             "rows": {"l": [], "r": []}, "duck": True, "seed": 0}
    duck = flags.get("DUCK") != "0" and ask_duck([probe]) is not None
    start, batch, made, names = time.time(), [], 0, {}
    for n in range(seed, seed + cases):
        case = Maker(n, stages, duck).make()
        case["mine"] = engine.ask(case)
        made += 1
        drawn(case["pipe"], names)
        if not case["duck"]:
            compare([case], LITE, [ask_lite(case)], engine, totals, shown)
        batch.append(case)
        if duck and (len(batch) >= 400 or n == seed + cases - 1):
            compare(batch, DUCK, ask_duck(batch), engine, totals, shown)
            batch = []
        elif not duck:
            batch = []
    if not duck:
        print("note: without DuckDB (see tools/compare_duckdb.py)")
    if flags.get("DRAWN"):
        every = list(STAGES) + list(OPS) + list(AGGS) + ["over " + w for w in WINDOWS]
        print("drawn: " + ", ".join("%s %d" % (n, names.get(n, 0)) for n in every))
    if flags.get("MASKED"):
        for what, why in MASKED:
            print("masked: %s: %s" % (what, why))
    return report(totals, made, time.time() - start) > 0


if __name__ == "__main__":
    sys.exit(main())
