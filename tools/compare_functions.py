#!/usr/bin/env python3
"""Compares functions with SQLite's: make compare-functions, after which build/dfq exists.

For each function that both have, the same calls on the same values; prints how many agreed, and
the differences that are known with their reason. Fails when one is not known.
"""
import itertools
import math
import sqlite3
import subprocess
import sys

TEXTS = ["''", "'a'", "'Hello'", "'hello'", "'h\u00e9llo'", "'a,b'", "'%x_'", "null"]
NUMBERS = ["0", "1", "-1", "7", "-7", "2.5", "-2.5", "0.5", "1000", "null"]
WHOLE = ["0", "1", "-1", "2", "5", "-7", "null"]
DATES = ["'1970-01-01'", "'2024-02-29'", "'1999-12-31'", "'0000-01-01'", "'9999-12-31'"]

# what is compared, dfq's text, SQLite's, and the lists of its arguments
CALLS = [
    ("upper", "upper({})", "upper({})", TEXTS), ("lower", "lower({})", "lower({})", TEXTS),
    ("len_chars", "len_chars({})", "length({})", TEXTS),
    ("strip", "strip({}, {})", "trim({}, {})", TEXTS, ["'a'", "'Hh'", "'o'"]),
    ("replace", "replace({}, {}, {})", "replace({}, {}, {})", TEXTS, TEXTS, ["'-'", "''"]),
    ("find", "find({}, {})", "instr({}, {}) - 1", TEXTS, TEXTS),
    ("substring", "substring({}, {}, {})", "substr({}, {}, {})", TEXTS, ["1", "2", "9"],
     ["0", "1", "3", "99"]),
    ("like", "{} like {}", "{} like {}", TEXTS, TEXTS),
    ("coalesce", "coalesce({}, {})", "coalesce({}, {})", TEXTS, TEXTS),
    ("null_if", "null_if({}, {})", "nullif({}, {})", TEXTS, TEXTS),
    ("abs", "abs({})", "abs({})", NUMBERS), ("sign", "sign({})", "sign({})", NUMBERS),
    ("round", "round({})", "round({})", NUMBERS), ("+", "{} + {}", "{} + {}", NUMBERS, NUMBERS),
    ("-", "{} - ({})", "{} - ({})", NUMBERS, NUMBERS),
    ("*", "{} * {}", "{} * {}", NUMBERS, NUMBERS),
    ("//", "{} // {}", "{} / {}", WHOLE, WHOLE), ("%", "{} % {}", "{} % {}", WHOLE, WHOLE),
    ("bit_and", "bit_and({}, {})", "{} & {}", WHOLE, WHOLE),
    ("bit_or", "bit_or({}, {})", "{} | {}", WHOLE, WHOLE),
    ("bit_not", "bit_not({})", "~({})", WHOLE), ("ord", "ord({})", "unicode({})", TEXTS),
    ("is distinct from", "{} is distinct from {}", "{} is not {}", WHOLE, WHOLE),
    ("format", "format(date {}, '%Y %m %d %j %H %M %S %w %s %%')",
     "strftime('%Y %m %d %j %H %M %S %w %s %%', {})", DATES),
    ("last_day", "last_day(date {})", "date({}, 'start of month', '+1 month', '-1 day')", DATES),
]
KNOWN = {
    "like": "SQLite's like ignores the case of ASCII letters: dfq has ilike for that",
    "last_day": "SQLite goes by way of the next month, and has no year 10000",
}


def value_of_dfq(expression):
    pipeline = "scan examples/data/customers.csv | limit 1 | select %s as x, 1 as y" % expression
    run = subprocess.run(["build/dfq", "--format", "csv", pipeline], capture_output=True, text=True)
    if run.returncode:
        return "error: " + run.stderr
    return run.stdout.split("\n", 1)[1].rsplit(",", 1)[0].strip('"')


def same(mine, theirs):
    if theirs is None:
        return mine == ""
    if mine in ("true", "false"):
        return (mine == "true") == bool(theirs)
    if isinstance(theirs, (int, float)):
        if not mine or mine.startswith("error"):
            return False
        return math.isclose(float(mine), theirs, rel_tol=1e-12)
    return mine == theirs


def main():
    db, agreed, cases, unknown = sqlite3.connect(":memory:"), 0, 0, 0
    for name, mine, theirs, *lists in CALLS:
        good, first = 0, None
        values = list(itertools.product(*lists))
        for arguments in values:
            want = db.execute("select " + theirs.format(*arguments)).fetchone()[0]
            got = value_of_dfq(mine.format(*arguments))
            if same(got, want):
                good += 1
            else:
                first = first or "%s is %r, there %r" % (mine.format(*arguments), got, want)
        note = "" if not first else "  " + KNOWN.get(name, "UNKNOWN") + "; " + first
        print("%-18s %4d of %4d%s" % (name, good, len(values), note))
        unknown += first is not None and name not in KNOWN
        agreed, cases = agreed + good, cases + len(values)
    print("%d of %d cases agreed with SQLite %s" % (agreed, cases, sqlite3.sqlite_version))
    return unknown > 0


if __name__ == "__main__":
    sys.exit(main())
