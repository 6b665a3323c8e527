#!/usr/bin/env python3
"""SQLite, by python's own module: the same work as build/bench/h2o, the same lines out.

    python3 bench/peers/sqlite.py groupby FILE [flags]
    python3 bench/peers/sqlite.py join X SMALL MEDIUM BIG [flags]
    flags: --runs N (3)  --query N  --nocopy; it has one thread, --threads is passed over

Everything is loaded into memory first. It has no median, deviation or correlation: q6 and q9 are
left out.
"""
import csv
import os
import re
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = {"q1": 1, "q2": 2, "q3": 1, "q4": 1, "q5": 1, "q7": 1, "q8": 1, "q10": 6}


def queries(letter):
    with open(os.path.join(HERE, "h2o.sql"), encoding="utf-8") as f:
        parts = re.split(r"^-- (\w+)$", f.read(), flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2]))
    return {n: q.strip().rstrip(";") for n, q in found.items()
            if n[0] == letter and n not in ("q6", "q9")}


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
    counted = columns[KEYS[name]:] if name in KEYS else [c for c in columns if c in ("v1", "v2")]
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
    if len(words) != {"groupby": 2, "join": 5}.get(words[0] if words else "", 0):
        print(__doc__)
        return 2
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("pragma temp_store = memory")
    for name, path in zip(("x", "small", "medium", "big"), words[1:]):
        load(db, name, path)
    for name, sql in queries("q" if words[0] == "groupby" else "j").items():
        if flags["query"] in (0, int(name[1:])):
            print("%s %.1f ms %s" % (name, best(db, sql, flags), checksum(db, name, sql)),
                  flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
