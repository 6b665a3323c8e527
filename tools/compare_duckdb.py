#!/usr/bin/env python3
"""Compares functions, aggregates and windows with DuckDB's: the second half of
make compare-functions, or python3 tools/compare_duckdb.py [NAME-PART] alone.

@duckdb/node-api is looked for where DFQ_PEERS says, or in build/peers. All of DuckDB's queries go
to one process, and many of dfq's calls are one pipeline, so the whole is a matter of seconds.
"""
import csv
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DFQ = os.path.join(ROOT, "build", "dfq")
MISSING = ("DuckDB is not here: npm install --prefix build/peers @duckdb/node-api, or DFQ_PEERS="
           "the directory over its node_modules")

# ---- values: as dfq writes them, and as DuckDB does -------------------------------------------


def typed(mine, theirs, *values):
    """Literals of a type, null among them."""
    pairs = [(mine % v, theirs % v) for v in values]
    return pairs + [("cast(null as %s)" % mine.split()[0].strip("("), theirs % "null")]


def plain(*values):
    return [(v, v) for v in values]


F64 = [("f64 '%s'" % v, "'%s'::double" % v) for v in
       "0 -0.0 1 -1 0.5 -0.5 1.5 2.5 -2.5 0.1 7 1234.5678 1e-300 1e300 nan inf -inf".split()]
F64 += [("cast(null as f64)", "null::double")]
FEW = [F64[i] for i in (0, 2, 3, 4, 8, 10, 11, 14, 15, 17)]
I64 = [(v, v + "::bigint") for v in
       "0 1 2 5 12 -1 -7 -18 63 9223372036854775807 -9223372036854775807".split()]
I64 += [("cast(null as i64)", "null::bigint")]
TEXTS = plain("''", "'a'", "'Hello'", "'h\u00e9llo w\u00f6rld'", "'a,b,,c'", "'%x_'", "'banana'",
              "'  two  words '", "'\u20ac\U0001f600'") + [("cast(null as str)", "null::varchar")]
BITS = plain("''", "'a'", "'an'", "','", "'l'", "'\u00e9'", "'Hello'")
DATES = "1970-01-01 2024-02-29 2023-12-31 2021-01-03 2021-01-04 2020-12-31 2018-12-31 2016-01-01 " \
        "1969-12-28 1900-03-01 1582-10-15 0001-01-01 9999-12-31".split()
DATE = [("date '%s'" % d, "date '%s'" % d) for d in DATES]
DATE += [("cast(null as date)", "null::date")]
TIME = [("datetime '%s'" % t, "timestamp '%s'" % t) for t in
        ["2024-02-29 13:45:06.123456", "1969-12-31 23:59:59.999999", "1970-01-01 00:00:00",
         "2021-01-03 23:59:59", "1583-06-15 00:30:00", "9999-12-31 23:59:59.5"]]
TIME += [("cast(null as datetime)", "null::timestamp")]
UNITS = plain("'year'", "'quarter'", "'month'", "'week'", "'day'", "'hour'", "'minute'",
              "'second'")
DIGITS = plain("0", "1", "2", "3", "-1", "-2")
SMALL = plain("-9", "-3", "-1", "0", "1", "2", "3", "99")
PATTERNS = plain("'a'", "'an?'", "'[a-z]+'", "'^.'", "'.$'", "'l{2}'", "'(a|n)+'", "'\\w+'",
                 "'\\s'", "'[^a-z]'", "'o.*l'", "'(?i)hello'", "'x?'", "'b(.)(.)'")
FORMATS = plain("'%Y-%m-%d'", "'%j'", "'%G-%V-%u'", "'%U %W'", "'%a %A %b %B'", "'%y'",
                "'%H:%M:%S'", "'%I %p'", "'%w'", "'%%'", "'%d.%m.%Y'", "'%-d/%-m'", "'%f'")

# ---- functions: name, dfq's text, DuckDB's, the lists of their arguments ----------------------


def alike(lists, *names):
    """Functions that both write alike; "a=b": dfq's a is DuckDB's b."""
    holes = ", ".join(["{}"] * len(lists))
    return [(n.split("=")[0], "%s(%s)" % (n.split("=")[0], holes),
             "%s(%s)" % (n.split("=")[-1], holes), *lists) for n in names]


def infix(lists, *names):
    return [(n, "{} %s {}" % n, "{} %s {}" % n, *lists) for n in names]


CALLS = [
    *alike([F64], "abs", "sign", "floor", "ceil", "trunc", "cbrt", "exp", "sin", "cos", "tan",
           "atan", "sinh", "cosh", "tanh", "degrees", "radians", "is_nan=isnan",
           "is_finite=isfinite", "is_inf=isinf", "sqrt", "ln", "log10", "log2", "asin", "acos",
           "round"),
    *alike([F64, DIGITS], "round"), *alike([FEW, FEW], "pow", "atan2", "log", "least", "greatest"),
    *infix([FEW, FEW], "+", "-", "*", "/", "=", "<", ">=", "is distinct from"),
    *infix([I64, I64], "+", "-", "*", "//", "%", "/", "=", "<"),
    ("bit_and", "bit_and({}, {})", "{} & {}", I64, I64), ("gcd", "gcd({}, {})", "gcd({}, {})",
                                                          I64, I64),
    ("bit_or", "bit_or({}, {})", "{} | {}", I64, I64),
    ("bit_xor", "bit_xor({}, {})", "xor({}, {})", I64, I64),
    ("bit_not", "bit_not({})", "~({})", I64), *alike([I64], "bit_count", "abs"),
    ("lcm", "lcm({}, {})", "lcm({}, {})", I64[:8], I64[:8]),
    ("shift_left", "shift_left({}, {})", "{} << {}", I64[:5], plain("0", "1", "5", "40")),
    *alike([TEXTS], "upper", "lower", "len_chars=length", "len_bytes=strlen", "reverse", "ord",
           "strip=trim", "lstrip=ltrim", "rstrip=rtrim"),
    *alike([TEXTS, BITS], "contains", "starts_with", "ends_with", "strip=trim", "lstrip=ltrim",
           "rstrip=rtrim", "levenshtein"),
    ("find", "find({}, {})", "instr({}, {}) - 1", TEXTS, BITS),
    ("replace", "replace({}, {}, 'XY')", "replace({}, {}, 'XY')", TEXTS, BITS),
    *alike([TEXTS, SMALL], "left", "right"), *alike([TEXTS, plain("0", "1", "3")], "repeat"),
    ("substring", "substring({}, {}, {})", "substring({}, {}, {})", TEXTS, SMALL[2:],
     plain("0", "1", "3", "99")),
    ("split_part", "split_part({}, ',', {})", "split_part({}, ',', {})", TEXTS, SMALL),
    ("pad_left", "pad_left({}, {}, '*-')", "lpad({}, {}, '*-')", TEXTS, plain("0", "3", "9")),
    ("pad_right", "pad_right({}, {}, '*-')", "rpad({}, {}, '*-')", TEXTS, plain("0", "3", "9")),
    *alike([TEXTS, TEXTS], "concat"), ("concat_ws", "concat_ws('-', {}, {})",
                                       "concat_ws('-', {}, {})", TEXTS, TEXTS),
    *alike([plain("65", "233", "8364", "128512")], "chr"),
    *infix([TEXTS, plain("'%'", "'h_llo%'", "'%an%'", "'_'", "''", "'H%o'")], "like", "ilike"),
    *infix([TEXTS, TEXTS], "=", "<"),
    *alike([TEXTS, PATTERNS], "regex_match=regexp_matches"),
    ("regex_extract", "regex_extract({}, {})", "nullif(regexp_extract({0}, {1}), '')", TEXTS,
     PATTERNS[:12]),
    ("regex_replace", "regex_replace({}, {}, '<$0>')", "regexp_replace({}, {}, '<\\0>', 'g')",
     TEXTS, PATTERNS[:12]),
    ("regex_count", "regex_count({}, {})", "len(regexp_extract_all({}, {}))", TEXTS, PATTERNS),
    *alike([DATE + TIME], "year", "quarter", "month", "week", "day", "weekday=isodow",
           "day_of_year=dayofyear", "iso_year=isoyear", "day_name=dayname",
           "month_name=monthname", "last_day"),
    ("epoch_seconds", "epoch_seconds({})", "floor(epoch({}))::bigint", DATE + TIME),
    *alike([TIME], "epoch_us", "hour", "minute", "second", "epoch_ms"),
    ("microsecond", "microsecond({})", "microsecond({}) % 1000000", TIME),
    ("days_in_month", "days_in_month({})", "day(last_day({}))", DATE),
    ("truncate", "truncate({0}, {1})", "date_trunc({1}, {0})::timestamp", TIME, UNITS),
    ("truncate", "truncate({0}, {1})", "date_trunc({1}, {0})::date", DATE, UNITS[:5]),
    ("truncate n", "truncate({0}, '{1}')", "time_bucket(interval '{1}', {0}, origin := "
     "timestamp '1970-01-01')", TIME, plain("15 minutes", "7 days", "36 hours")),
    ("truncate n", "truncate({0}, '2 weeks')", "time_bucket(interval '14 days', {0}, origin := "
     "timestamp '1969-12-29')", TIME),
    ("date_diff", "date_diff({0}, {1}, {2})", "date_diff({2}, {0}, {1})", DATE, DATE, UNITS),
    ("date_diff", "date_diff({0}, {1}, {2})", "date_diff({2}, {0}, {1})", TIME, TIME, UNITS),
    ("format", "format({}, {})", "strftime({}, {})", DATE + TIME, FORMATS),
    ("make_date", "make_date({}, {}, {})", "make_date({}, {}, {})", plain("1", "2023", "2024"),
     plain("0", "1", "2", "12", "13"), plain("0", "1", "29", "31")),
    *alike([plain("0", "86399999", "-1", "1709214306007")], "from_epoch_ms=epoch_ms"),
    *alike([TEXTS, TEXTS], "coalesce", "null_if=nullif"),
    ("parse_date", "parse_date({}, {})", "strptime({}, {})::date",
     plain("'9.2.2024'", "'29.02.2023'", "'29.02.2024'", "'x'"), plain("'%d.%m.%Y'")),
    ("cast as i64", "cast({} as i64)", "{}::bigint", F64),
    ("cast as f64", "cast({} as f64)", "{}::double",
     plain("'1'", "'-2.5e3'", "''", "'nan'", "'inf'", "'1e400'", "' 1'")),
]

# ---- tables: one of each kind of trouble, in one file -----------------------------------------

INF, NAN = "inf", "nan"
SETS = {   # name: x, y pairs
    "empty": [], "one": [(3, 4)], "two": [(1, 2), (2, 5)], "nulls": [("", ""), ("", 1)],
    "some": [(1.5, 2), ("", 3), (4, ""), (4, 1), (-2, 7), (0.25, 7), (9, 3), (1.5, 0)],
    "equal": [(2.5, 1), (2.5, 2), (2.5, 3), (2.5, 4)], "nan": [(1, 2), (NAN, 3), (2, 5), (3, 1)],
    "inf": [(1, 2), (INF, 3), ("-inf", 5), (3, 1)], "three": [(1, 3), (2, 9), (4, 1)],
    "large": [(1e15 + i % 7, i) for i in range(40)],
    "many": [((i * 7919 % 101) / 8, (i * 31 % 17) - 8) for i in range(300)],
    "line": [(i, 3 * i + 2) for i in range(1, 12)], "huge": [(1e200, 1), (-1e200, 2), (3e200, 5)],
}


def rows_of_sets():
    for name, pairs in SETS.items():
        for i, (x, y) in enumerate(pairs):
            yield name, i, x, y, i * 37 % 5, "" if x == "" else "t%s" % (i % 4), i % 3


POP_SKEW = "skewness(x) * (count(x) - 2) / sqrt(count(x) * (count(x) - 1.0))"
AGGREGATES = [   # name, dfq's, DuckDB's
    *[(n, n.split("=")[0] + "(x)", n.split("=")[-1] + "(x)") for n in (
        "count", "sum", "mean", "min", "max", "var=var_samp", "std=stddev_samp", "median",
        "product", "kurtosis=kurtosis_pop")],
    *[("%s %s" % (n, c), "%s(%s)" % (n, c), "%s(%s)" % (n, c)) for n in ("sum", "min", "max")
      for c in ("n", "y")],
    *[(n, n + "(x)", "count(distinct x)") for n in ("n_unique", "approx_n_unique")],
    ("count()", "count()", "count(*)"),
    ("skew", "skew(x)", POP_SKEW), ("cov", "cov(x, y)", "covar_samp(x, y)"),
    ("cov_pop", "cov_pop(x, y)", "covar_pop(x, y)"), ("corr", "corr(x, y)", "corr(x, y)"),
    *[("quantile", "quantile(x, %s)" % q, "quantile_cont(x, %s)" % q)
      for q in ("0", "0.1", "0.25", "0.5", "0.9", "1")],
    ("mode", "mode(s)", "mode(s)"), ("arg_min", "arg_min(s, x)", "arg_min_null(s, x)"),
    ("arg_max", "arg_max(s, x)", "arg_max_null(s, x)"),
    ("arg_min", "arg_min(n, i)", "arg_min(n, i)"), ("arg_max", "arg_max(n, y)", "arg_max(n, y)"),
    ("first", "first(x)", "first(x order by i)"), ("last", "last(x)", "last(x order by i)"),
    ("first_non_null", "first_non_null(x)", "any_value(x order by i)"),
    ("string_agg", "string_agg(s, '-')", "string_agg(s, '-' order by i)"),
    ("count_if", "count_if(x > 2)", "count_if(x > 2)"), ("any", "any(x > 2)", "bool_or(x > 2)"),
    ("all", "all(x > 2)", "bool_and(x > 2)"),
    ("null_count", "null_count(x)", "count(*) - count(x)"),
]
FRAME = "partition by p order by %s rows between %s"
BY_I, ALL_I = "(partition by p order by i)", "(order by i)"
WINDOWS = [
    *[(n, n + "() over (order by y)", n + "() over (order by y nulls last)") for n in
      ("rank", "dense_rank", "percent_rank", "cume_dist")],
    *[(n, n + "() over (order by x desc)", n + "() over (order by x desc nulls last)") for n in
      ("rank", "dense_rank", "percent_rank", "cume_dist")],
    ("row_number", "row_number() over " + BY_I, "row_number() over " + BY_I),
    *[("ntile", "ntile(%d) over %s" % (n, w), "ntile(%d) over %s" % (n, w))
      for n in (1, 2, 3, 5, 400) for w in (BY_I, ALL_I)],
    *[(n, t % n, t % n) for n in ("lag", "lead") for t in
      ("%s(x) over " + BY_I, "%s(x, 2) over " + ALL_I, "%s(y, 1, 0) over " + BY_I,
       "%s(x, 0) over " + ALL_I, "%s(y, 3, -1) over " + BY_I)],
    *[("rows " + n, t, t) for n in ("sum", "mean", "min", "max", "count")
      for f in ("2 preceding and current row", "1 preceding and 1 following",
                "unbounded preceding and current row", "1 following and 3 following",
                "current row and unbounded following", "4 preceding and 2 preceding")
      for t in ["%s(x) over (%s)" % (n, FRAME % ("i", f))]],
    *[("range " + n, t, t) for n in ("sum", "mean", "min", "max", "count")
      for f in ("1 preceding and current row", "2 preceding and 1 following",
                "unbounded preceding and current row", "1 following and 3 following")
      for t in ["%s(x) over (order by n range between %s)" % (n, f)]],
    *[("over " + n, "%s(x) over %s" % (n, w), "%s(x) over %s" % (n, w))
      for n in ("sum", "count", "min", "max") for w in ("()", "(partition by p)", "(order by n)")],
    *[(n, t % n, t.replace("mean", "avg") % m) for n, m in (
        ("var", "var_samp"), ("std", "stddev_samp"), ("median", "median"))
      for t in ["%s(y) over (" + FRAME % ("i", "3 preceding and 1 following") + ")"]],
    ("nth_value", "nth_value(x, 2) over " + BY_I, "nth_value(x, 2) over " + BY_I),
    ("first", "first(x) over " + BY_I, "first_value(x) over " + BY_I),
    ("last", "last(x) over (partition by p)",
     "last_value(x) over (partition by p order by i rows between unbounded preceding and "
     "unbounded following)"),
    ("cum_sum", "cum_sum(y)", "sum(y) over (order by i rows unbounded preceding)"),
    ("diff", "diff(y)", "y - lag(y) over (order by i)"),
]

# ---- known differences: of all cases of a name, or of those whose dfq text holds a part -------

UNDEFINED = "NaN or an infinity, as in IEEE 754; DuckDB makes an error of it"
SQUARES = "the mathematics of NaN, infinities and overflowing squares give NaN; DuckDB an error"
EXACT = "values near 1e15: sums of products are exact here, DuckDB's are off by rounding"
SCALED = "deviations are scaled, so that no power overflows; DuckDB makes an error of it"
FAILURES = (UNDEFINED, SQUARES, SCALED)
KNOWN = [
    ("sin, cos, tan, sqrt, ln, log10, log2, log, asin, acos", "", UNDEFINED),
    ("sign", "nan", "of NaN NaN; DuckDB says 0"),
    ("round", "'nan', -", "NaN stays NaN; DuckDB makes 0 of it"),
    ("round", "inf', -", "an infinity stays one; DuckDB makes 0 of it"),
    ("upper", "\u00e9", "changes ASCII's letters only, as stated"),
    ("ord", "''", "an empty text has no first character: null; DuckDB says -1"),
    ("levenshtein", "", "counts characters; DuckDB counts bytes"),
    ("left, right", ", -", "a negative count takes nothing; DuckDB leaves out so many"),
    ("substring", ", -1", "a position before the text is one, as in SQL; DuckDB counts from the end"),
    ("pad_left, pad_right", "", "fill up and never cut; DuckDB cuts what is longer"),
    ("concat", "null", "null with any null, concat_ws leaves nulls out; DuckDB's concat, too"),
    ("regex_count", "'x?'", "an empty match right behind another is none, as in regex_replace"),
    ("epoch_ms", "1969", "rounds down, so that it never falls as time goes on; DuckDB towards 1970"),
    ("date_diff", "'week'", "counts Mondays, as it counts all borders; DuckDB full weeks between"),
    ("format", "%U", "has no weeks but those of ISO: %V with %G"),
    ("format", "%-d", "has no flags between % and the letter"),
    ("cast as i64", ".", "truncates; DuckDB rounds"),
    ("cast as f64", "", "a text beyond the range, or with blanks, is no number"),
    ("skew, kurtosis", "of huge", SCALED),
    *[("var, std, cov, cov_pop, corr, skew, kurtosis", "of " + k, EXACT if k == "large" else SQUARES)
      for k in ("large", "nan", "inf", "huge")],
    ("kurtosis, skew", "of one", "of equal values NaN, 0 / 0, as in Polars; DuckDB null"),
    ("kurtosis", "of equal", "of equal values NaN, 0 / 0, as in Polars; DuckDB null"),
    ("skew", "of two", "the population's moment exists for two values; DuckDB's needs three"),
    ("corr", "of one", "fewer than two rows give null, as for cov; DuckDB says NaN"),
    ("count_if", "", "a count is never null; DuckDB's is, of no values"),
]
WITHIN = {"approx_n_unique": 0.05}   # three of its standard errors; all else 1e-11


def reason(name, text, want):
    """Why these differ. Where DuckDB fails, only its failing is known, not another value."""
    failed = bool(want) and str(want[0]).startswith("error")
    for names, part, why in KNOWN:
        if name in names.split(", ") and part in text and failed == (why in FAILURES):
            return why
    return None


# ---- asking -----------------------------------------------------------------------------------


def run(pipeline):
    done = subprocess.run([DFQ, "--format", "csv", pipeline], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        return None, done.stderr.strip()
    return done.stdout, None


def cells(text):
    """Rows of (text, quoted): csv.reader would make one of null and the empty text."""
    rows, field, quoted, inside, row = [], "", False, False, []
    for c in text:
        if c == '"':
            inside, quoted = not inside, True
        elif inside or c not in ",\n":
            field += c
        else:
            row.append(None if not field and not quoted else field)
            field, quoted = "", False
            if c == "\n":
                rows.append(row)
                row = []
    return rows[1:]


def scalars(texts):
    """The values of texts, many at once, and by halves where one of them fails."""
    items = ", ".join("%s as c%d" % t[::-1] for t in enumerate(texts))
    out, error = run("scan examples/data/customers.csv | limit 1 | select %s, 1 as z" % items)
    if out is not None:
        return cells(out)[0][:-1]
    if len(texts) == 1:
        return ["error: " + error]
    half = len(texts) // 2
    return scalars(texts[:half]) + scalars(texts[half:])


def tables(head, tail, texts):
    out, error = run(head + ", ".join("%s as c%d" % t[::-1] for t in enumerate(texts)) + tail)
    if out is not None:
        return [list(column) for column in zip(*cells(out))][-len(texts):] or [[]] * len(texts)
    if len(texts) == 1:
        return [["error: " + error]]
    half = len(texts) // 2
    return tables(head, tail, texts[:half]) + tables(head, tail, texts[half:])


def ask(queries):
    script = os.path.join(ROOT, "bench", "peers", "duckdb.mjs")
    try:
        done = subprocess.run(["node", script, "ask"], input=json.dumps(queries),
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    if done.returncode == 0:
        return json.loads(done.stdout)
    if "Cannot find module" in done.stderr:
        return None
    sys.exit("DuckDB failed:\n" + done.stderr)


def same(mine, theirs, within=1e-11):
    if mine is None or theirs is None:
        return mine is theirs
    if mine == theirs or (mine.startswith("error") and theirs.startswith("error")):
        return True
    try:
        a, b = float(mine), float(theirs)
    except ValueError:
        return mine.rstrip("0").rstrip(".") == theirs.rstrip("0").rstrip(".") and ":" in mine
    return math.isclose(a, b, rel_tol=within, abs_tol=1e-300) or (a != a and b != b)


# ---- the comparison ---------------------------------------------------------------------------


def scalar_cases(part):
    for name, mine, theirs, *lists in CALLS:
        for values in itertools.product(*lists) if part in name else ():
            yield (name, mine.format(*[v[0] for v in values]),
                   "select (%s)::varchar" % theirs.format(*[v[1] for v in values]))


def table_cases(part):
    for kind, calls in (("aggregate", AGGREGATES), ("window", WINDOWS)):
        for (name, mine, theirs), k in itertools.product(calls, SETS):
            tail = " order by i" if kind == "window" else ""
            if part in name:
                yield (kind, k, name.split("=")[0], mine.replace("avg", "mean"),
                       "select (%s)::varchar from t where k = '%s'%s" % (theirs, k, tail))


def chunks(cases, size):
    return [cases[i:i + size] for i in range(0, len(cases), size)]


def all_of_dfq(scalar, table, path):
    got = []
    for chunk in chunks(scalar, 60):
        got += [[v] for v in scalars([c[1] for c in chunk])]
    order = sorted(range(len(table)), key=lambda i: table[i][:2])
    answers = [None] * len(table)
    for (kind, k), group in itertools.groupby(order, lambda i: table[i][:2]):
        group = list(group)
        head = "scan %s types (s: str, x: f64, y: f64) | filter k = '%s' | " % (path, k)
        head += "group : " if kind == "aggregate" else "select i, "
        for i, answer in zip(group, tables(head, "", [table[i][3] for i in group])):
            answers[i] = answer
    return got + answers


def report(cases, got, theirs):
    names, agreed, known = {}, 0, {}
    for (name, text), mine, want in zip(cases, got, theirs):
        want = ["error: " + want] if isinstance(want, str) else [row[0] for row in want]
        fine = len(mine) == len(want) and all(
            same(a, b, WITHIN.get(name, 1e-11)) for a, b in zip(mine, want))
        good, total, bad = names.get(name, (0, 0, None))
        why = None if fine else reason(name, text, want)
        if why:
            known[why] = known.get(why, 0) + 1
        elif not fine:
            pair = [p for p in zip(mine, want) if not same(*p)][:1] or [(mine, want)]
            bad = bad or "%s is %r, there %r" % (text, *pair[0])
            if os.environ.get("ALL"):
                print("  %s is %r, there %r" % (text, *pair[0]))
        names[name] = (good + fine, total + 1, bad)
        agreed += fine
    for name, (good, total, bad) in names.items():
        print("%-18s %4d of %4d%s" % (name, good, total, "  UNKNOWN; " + bad if bad else ""))
    for why, count in known.items():
        print("known, %d: %s" % (count, why))
    return agreed, any(bad for _, _, bad in names.values())


def main(part=""):
    scalar, table = list(scalar_cases(part)), list(table_cases(part))
    with tempfile.TemporaryDirectory() as where:
        path = os.path.join(where, "t.csv")
        with open(path, "w", newline="", encoding="utf8") as out:
            csv.writer(out).writerows([("k", "i", "x", "y", "n", "s", "p"), *rows_of_sets()])
        setup = ("create table t as select * from read_csv('%s', header=true, columns={'k': "
                 "'varchar', 'i': 'bigint', 'x': 'double', 'y': 'double', 'n': 'bigint', 's': "
                 "'varchar', 'p': 'bigint'})" % path)
        answer = ask([setup] + [c[-1] for c in scalar + table])
        if not answer:
            print(MISSING)
            return False
        got = all_of_dfq(scalar, table, path)
    cases = [(c[0], c[1]) for c in scalar] + [(c[2], "%s of %s" % (c[3], c[1])) for c in table]
    agreed, unknown = report(cases, got, answer["results"][1:])
    print("%d of %d cases agreed with DuckDB %s" % (agreed, len(cases), answer["version"]))
    return unknown


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(*sys.argv[1:2]))
