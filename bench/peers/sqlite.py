#!/usr/bin/env python3
"""SQLite, by python's own module: the same work as build/bench/h2o, the same lines out.

    python3 bench/peers/sqlite.py groupby FILE [flags]
    python3 bench/peers/sqlite.py join X SMALL MEDIUM BIG [flags]
    python3 bench/peers/sqlite.py work FILE [flags]
    python3 bench/peers/sqlite.py tpch DIR [flags]
    flags: --runs N (3)  --query N  --nocopy; it has one thread, --threads is passed over

Everything is loaded into memory first. It has no median, deviation or correlation: q6 and q9 are
left out. The tables of TPC-H have the indexes of their primary keys, and lineitem one more; a
query that takes longer than a minute is given up.
"""
import csv
import os
import re
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = {"q1": 1, "q2": 2, "q3": 1, "q4": 1, "q5": 1, "q7": 1, "q8": 1, "q10": 6}


def queries(letters):
    with open(os.path.join(HERE, "h2o.sql"), encoding="utf-8") as f:
        parts = re.split(r"^-- (\w+)$", f.read(), flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2]))
    return {n: q.strip().rstrip(";") for n, q in found.items()
            if n[0] in letters and n not in ("q6", "q9")}


def load(db, name, path):
    with open(path, newline="", encoding="utf-8") as f:
        rows = csv.reader(f)
        header, first = next(rows), next(rows)
        kind = ["integer" if v.isdigit() else "real" if v[:1].isdigit() else "text" for v in first]
        columns = ", ".join("%s %s" % pair for pair in zip(header, kind))
        places = ", ".join("?" * len(header))
        db.execute("create table %s (%s)" % (name, columns))
        insert = "insert into %s values (%s)" % (name, places)
        db.execute(insert, [v or None for v in first])
        db.executemany(insert, ([v or None for v in row] for row in rows))


# The keys of TPC-H's tables, and what else its queries look up.
TPCH = {"region": ["r_regionkey"], "nation": ["n_nationkey"], "supplier": ["s_suppkey"],
        "customer": ["c_custkey"], "part": ["p_partkey"],
        "partsupp": ["ps_partkey, ps_suppkey"], "orders": ["o_orderkey", "o_custkey"],
        "lineitem": ["l_orderkey, l_linenumber", "l_partkey, l_suppkey"]}


def tpch_query(text):
    """Dates are texts of the same order."""
    text = re.sub(r"\bdate (?=')", "", text)
    return re.sub(r"extract\(year from (\w+)\)", r"cast(substr(\1, 1, 4) as integer)", text)


def load_tpch(db, folder):
    with open(os.path.join(HERE, "duckdb.mjs"), encoding="utf-8") as f:
        text = f.read().split("const tables = {")[1].split("\n}")[0].replace("${money}", "real")
    for name, columns in re.findall(r"(\w+): ['`]([^'`]*)['`]", text):
        db.execute("create table %s (%s)" % (name, columns.replace("varchar", "text")))
        places = ", ".join("?" * (columns.count(",") + 1))
        with open(os.path.join(folder, name + ".tbl"), encoding="utf-8") as f:
            db.executemany("insert into %s values (%s)" % (name, places),
                           (line.rstrip("\n")[:-1].split("|") for line in f))
        for i, key in enumerate(TPCH[name]):
            db.execute("create index %s_%d on %s (%s)" % (name, i, name, key))
    db.execute("analyze")


def run_tpch(db, folder, flags):
    with open(os.path.join(HERE, "tpch.sql"), encoding="utf-8") as f:
        parts = re.split(r"^-- (\d+)$", f.read(), flags=re.M)
    load_tpch(db, folder)
    until = [0.0]
    db.set_progress_handler(lambda: time.perf_counter() > until[0], 100000)
    for name, text in zip(parts[1::2], parts[2::2]):
        if flags["query"] in (0, int(name)):
            until[0] = time.perf_counter() + 60
            try:
                print("Q%s %.1f" % (name, best(db, tpch_query(text.strip().rstrip(";")), flags)),
                      flush=True)
            except sqlite3.OperationalError as e:
                print("Q%s: %s" % (name, e), file=sys.stderr)


def best(db, sql, flags):
    times = []
    for _ in range(flags["runs"]):
        db.execute("drop table if exists answer")
        start = time.perf_counter()
        if flags["nocopy"]:
            for _row in db.execute(sql):
                pass
        else:
            db.execute("create temp table answer as " + sql)
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def checksum(db, name, sql):
    cursor = db.execute("select * from (%s) limit 0" % sql)
    columns = [c[0] for c in cursor.description]
    counted = columns[KEYS[name]:] if name in KEYS else [c for c in columns if c in ("v1", "v2", "v3")]
    sums = ", ".join("total(%s)" % c for c in counted)
    rows, *values = db.execute("select count(*), %s from (%s)" % (sums, sql)).fetchone()
    return "rows=%d chk=%s" % (rows, ";".join("%.10g" % v for v in values))


def main(arguments):
    words, flags = [], {"threads": 1, "runs": 3, "query": 0, "nocopy": False}
    while arguments:
        word = arguments.pop(0)
        if word == "--nocopy":
            flags["nocopy"] = True
        elif word.startswith("--"):
            flags[word[2:]] = int(arguments.pop(0))
        else:
            words.append(word)
    wants = {"groupby": 2, "join": 5, "work": 2, "tpch": 2}
    if len(words) != wants.get(words[0] if words else "", 0):
        print(__doc__)
        return 2
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("pragma temp_store = memory")
    if words[0] == "tpch":
        run_tpch(db, words[1], flags)
        return 0
    for name, path in zip(("x", "small", "medium", "big"), words[1:]):
        load(db, name, path)
    letters = {"groupby": "q", "join": "j", "work": "sft"}[words[0]]
    for name, sql in queries(letters).items():
        place = 1 + "sft".index(name[0]) if letters == "sft" else int(name[1:])
        if flags["query"] in (0, place):
            print("%s %.1f ms %s" % (name, best(db, sql, flags), checksum(db, name, sql)),
                  flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
