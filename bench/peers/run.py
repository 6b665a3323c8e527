#!/usr/bin/env python3
"""dfq and its peers in turns: writes build/bench/peers.md, and peers.svg where gnuplot is.

    make bench-peers [ROWS=1e6] [RUNS=3] [TPCH=DIR]

Two rounds; in each, every engine loads the data and runs all queries at one thread and at two, one
engine after the other, so that a machine that grows slow is slow for all. The best time of a query
counts. A result is stored, and for DuckDB timed without that, too. Peak memory is that of the
whole process, loading included. Checksums that differ by more than 1e-6 are marked with !.
"""
import math
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("DFQ_PEERS", os.path.join(ROOT, "build", "peers"))
OUT = os.path.join(ROOT, "build", "bench")
LINE = re.compile(r"^(\w+) ([\d.]+)(?: ms rows=(\d+) chk=(\S*))?$")


def engines(kind):
    """Name: (command, flags)."""
    duckdb = ["node", "bench/peers/duckdb.mjs", kind]
    found = {"dfq": (["build/bench/tpch"] if kind == "tpch" else ["build/bench/h2o", kind], [])}
    if shutil.which("node") and os.path.isdir(os.path.join(PEERS, "node_modules", "@duckdb")):
        found["DuckDB"] = (duckdb, [])
        found["DuckDB, not stored"] = (duckdb, ["--nocopy"])
    if kind != "tpch":
        found["SQLite"] = ([sys.executable, "bench/peers/sqlite.py", kind], [])
    return found


def get_duckdb():
    if os.path.isdir(os.path.join(PEERS, "node_modules", "@duckdb")):
        return
    if not shutil.which("npm"):
        print("no npm here, so no DuckDB: apt-get install npm")
        return
    os.makedirs(PEERS, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--prefix", PEERS, "@duckdb/node-api"],
                   check=False)


def data(rows):
    """The files of both suites, made once: kind -> words of the command line."""
    group = os.path.join(OUT, "G1_%s.csv" % rows)
    join = os.path.join(OUT, "J1_%s" % rows)
    if not os.path.exists(group):
        subprocess.run(["build/bench/gen", "groupby", rows, "1e2", "0", "0", group], check=True)
    if not os.path.isdir(join):
        os.makedirs(join)
        subprocess.run(["build/bench/gen", "join", rows, "0", "0", "0", join], check=True)
    names = ["x", "small", "medium", "big"]
    return {"groupby": [group], "join": [os.path.join(join, n + ".csv") for n in names]}


def run(command):
    """The lines it printed, parsed, and its peak memory in MiB."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          cwd=ROOT) as p:
        text = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = status
    lines = [LINE.match(line) for line in text.splitlines()]
    return [m.groups() for m in lines if m], usage.ru_maxrss / 1024


def same(a, b):
    if a is None or b is None:
        return True
    pairs = [(float(x), float(y)) for x, y in zip(a.split(";"), b.split(";"))]
    return all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) or x != x and y != y
               for x, y in pairs)


def suite(kind, words, runs):
    """(engine, threads) -> {query: ms}, {..: MiB}, the set of queries whose sums differ."""
    times, memory, sums, wrong = {}, {}, {}, set()
    for _ in range(2):
        for threads in (1, 2):
            for name, (command, flags) in engines(kind).items():
                if name == "SQLite" and threads == 2:
                    continue
                lines, peak = run(command + words + flags + ["--threads", str(threads),
                                                            "--runs", str(runs)])
                key = (name, threads)
                memory[key] = max(memory.get(key, 0), peak)
                for query, ms, _rows, chk in lines:
                    best = times.setdefault(key, {})
                    best[query] = min(best.get(query, math.inf), float(ms))
                    if not same(sums.setdefault(query, chk), chk):
                        wrong.add((name, query))
                print(kind, name, threads, "threads:", len(lines), "queries", flush=True)
    return times, memory, wrong


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def table(kind, times, memory, wrong):
    keys = sorted(times, key=lambda k: (k[1], k[0] != "dfq", k[0]))
    queries = list(times[("dfq", 1)])
    lines = ["## " + kind, "", "| query | " + " | ".join("%s, %dT" % k for k in keys)
             + " | dfq / best, 1T | 2T |", "|---|" + "---|" * (len(keys) + 2)]
    ratios = {1: [], 2: []}
    for query in queries:
        cells = ["%.1f%s" % (times[k][query], " !" if (k[0], query) in wrong else "")
                 if query in times[k] else "-" for k in keys]
        for threads, all_of in ratios.items():
            peers = [times[k][query] for k in keys
                     if k[0] != "dfq" and k[1] == threads and query in times[k]]
            ratio = times[("dfq", threads)][query] / min(peers) if peers else math.nan
            cells.append("%.2f" % ratio)
            if peers and ratio > 0:
                all_of.append(ratio)
        lines.append("| %s | %s |" % (query, " | ".join(cells)))
    lines.append("| geometric mean |" + " |" * len(keys)
                 + " %.2f | %.2f |" % (mean(ratios[1]), mean(ratios[2])))
    lines.append("| peak MiB | " + " | ".join("%.0f" % memory[k] for k in keys) + " | | |")
    return lines + [""]


def plot(kind, times):
    if not shutil.which("gnuplot"):
        print("no plots: apt-get install gnuplot-nox")
        return
    keys = [k for k in times if k[1] == 2 or k[0] == "SQLite"]
    path = os.path.join(OUT, kind + ".dat")
    with open(path, "w", encoding="utf-8") as f:
        print("query", *('"%s"' % k[0] for k in keys), file=f)
        for query in times[("dfq", 1)]:
            print(query, *(times[k].get(query, "NaN") for k in keys), file=f)
    script = ("set terminal svg size 900,420; set output '%s.svg'; set style data histograms;"
              "set style fill solid; set logscale y; set ylabel 'ms'; set key outside top;"
              "plot for [c=2:%d] '%s' using c:xtic(1) title columnheader(c)"
              % (path[:-4], len(keys) + 1, path))
    subprocess.run(["gnuplot", "-e", script], check=False)


def main(arguments):
    options = dict(a.split("=", 1) for a in arguments)
    rows, runs = options.get("ROWS") or "1e6", int(options.get("RUNS") or 3)
    os.chdir(ROOT)
    get_duckdb()
    kinds = data(rows)
    if options.get("TPCH"):
        kinds["tpch"] = [os.path.abspath(options["TPCH"])]
    lines = ["# dfq and its peers", "", "Best milliseconds of %d runs in two rounds; db-benchmark "
             "with %s rows. A ratio below 1 means dfq is faster." % (runs, rows), ""]
    for kind, words in kinds.items():
        times, memory, wrong = suite(kind, words, runs)
        lines += table(kind, times, memory, wrong)
        plot(kind, times)
    with open(os.path.join(OUT, "peers.md"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
