#!/usr/bin/env python3
"""Runs the 22 queries of examples/tpch over TPC-H tables and compares the answers.

    make tpch DIR=path/to/tables        .tbl files of the official generator, scale factor 0.1
    tools/check_tpch.py DIR [Q ...]     only these queries

Each query runs in both engines, optimized and as written, on one thread and on two, and each
time its answer must be the same text; it is compared row by row with examples/tpch/answers:
text and integers exactly, numbers to 9 digits or half a cent. The answers are those of DuckDB at
scale factor 0.1. Where @duckdb/node-api is installed (build/peers, bench/README.md), it computes them
anew from DIR, and tables of any scale can be checked; elsewhere the stored ones count.
"""
import csv
import glob
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUERIES = os.path.join(ROOT, "examples", "tpch")
DFQ = os.path.join(ROOT, "build", "dfq")
WAYS = [[], ["--threads", "1"], ["--threads", "2"], ["--no-optimize"],
        ["--no-optimize", "--threads", "2"], ["--engine", "row"],
        ["--engine", "row", "--no-optimize"]]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def same(a, b):
    x, y = number(a), number(b)
    if x is None or y is None:
        return a == b
    return abs(x - y) <= max(1e-9 * max(abs(x), abs(y)), 0.005 if "." in b else 0)


def differs(got, want):
    """What is different first, or None. Both are lists of rows."""
    if len(got) != len(want):
        return "%d rows, not %d" % (len(got) - 1, len(want) - 1)
    for i, (a, b) in enumerate(zip(got, want)):
        if len(a) != len(b) or not all(map(same, a, b)):
            return "row %d is %s, not %s" % (i, a, b)
    return None


def rows(text):
    return list(csv.reader(text.splitlines()))


def duckdb(data, out):
    """Lets DuckDB answer into out, if it is installed."""
    script = os.path.join(ROOT, "bench", "peers", "duckdb.mjs")
    try:
        done = subprocess.run(["node", script, "answers", data, out], capture_output=True,
                              text=True, check=False)
    except FileNotFoundError:
        return False
    if done.returncode and "Cannot find module" not in done.stderr:
        sys.exit("DuckDB failed:\n" + done.stderr)
    return done.returncode == 0


def answer(query, data, way):
    done = subprocess.run([DFQ, "-f", os.path.join(QUERIES, "tables.dfq"), "-f", query,
                           "--format", "csv"] + way, cwd=data, capture_output=True, text=True,
                          check=False)
    return done.stdout if done.returncode == 0 else "failed\n" + done.stderr


def check(query, data, stored):
    name = os.path.basename(query)[:-4]
    with open(os.path.join(stored, name + ".csv"), encoding="utf-8") as f:
        want = rows(f.read())
    first = answer(query, data, [])
    wrong = differs(rows(first), want)
    if wrong:
        return wrong
    for way in WAYS[1:]:
        if answer(query, data, way) != first:
            return "another answer with " + " ".join(way)
    return None


def main(arguments):
    if not arguments:
        print(__doc__)
        return 2
    data, only = os.path.abspath(arguments[0]), ["%02d" % int(a) for a in arguments[1:]]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as fresh:
        fresher = duckdb(data, fresh)
        stored = fresh if fresher else os.path.join(QUERIES, "answers")
        print("answers:", "DuckDB's, computed now" if fresher else "DuckDB's, as stored")
        for query in sorted(glob.glob(os.path.join(QUERIES, "q*.dfq"))):
            name = os.path.basename(query)[1:3]
            if only and name not in only:
                continue
            wrong = check(query, data, stored)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            print("Q%s %s" % (name, wrong or "ok"), flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
