#!/usr/bin/env python3
"""dfq and its peers in turns: tables, plots and targets, in build/bench/peers.md.

    make bench-peers [ROWS=1e6] [RUNS=3] [ROUNDS=2] [TPCH=DIR] [ONLY="groupby join"]
    make bench-csv   [ROWS=1e7]          the csv work alone: at 1e7 rows a file of 500 MB
    make bench-peers ROWS=1e8 ONLY="growth groupby work"    how time grows with the rows, dfq alone

In each round every engine loads the data and runs all queries at one thread and at two, one
engine after the other, so that a machine that grows slow is slow for all; the best time of a query
counts. Results are stored; dfq and DuckDB are timed without that, too, and compared with each
other. Then each work runs once more, each query of it in a process of its own up to a million
rows (MEMORY=all: always), for its peak of memory, loading included. Checksums that differ by more
than 1e-6 are marked with ! and fail the run, as do answers of TPC-H that differ from DuckDB's.

What is missing is fetched by npm into build/peers (DFQ_PEERS: elsewhere); data.table and gnuplot
come from the system: apt-get install r-cran-data.table gnuplot-nox.
"""
import csv
import math
import os
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("DFQ_PEERS", os.path.join(ROOT, "build", "peers"))
OUT = os.path.join(ROOT, "build", "bench")
LINE = re.compile(r"^(\w+) ([\d.]+)(?: ms rows=(\d+)(?: chk=(\S*))?)?$")
STORED = ["dfq", "DuckDB", "Polars", "data.table", "SQLite"]
UNSTORED = ["dfq, not stored", "DuckDB, not stored"]
# Of each work: the ratio to the best peer that no query may exceed, that of the mean, and memory.
TARGETS = {"groupby": (0.5, 0.2), "join": (0.5, 0.25), "tpch": (1.0, 0.5), "work": (0.6, 0.4),
           "csv": (0.3, 0.2)}
QUERIES = {"groupby": 10, "join": 5, "work": 3}   # of those whose growth is asked for
TITLES = {"groupby": "db-benchmark: groupings", "join": "db-benchmark: joins",
          "work": "sort, filter + sum, top-k", "csv": "from a CSV file", "tpch": "TPC-H"}


def package(name):
    return os.path.isdir(os.path.join(PEERS, "node_modules", *name.split("/")))


def fetch():
    """Gets the peers that npm has, and says what else is missing."""
    wanted = {"@duckdb/node-api": [], "nodejs-polars": [], "nodejs-polars-linux-x64-gnu": [],
              "better-sqlite3": ["--ignore-scripts"]}
    for name, flags in wanted.items():
        if package(name) or not shutil.which("npm"):
            continue
        os.makedirs(PEERS, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", *flags, "--prefix", PEERS, name],
                       check=False)
    if not shutil.which("npm"):
        print("no DuckDB and no Polars: apt-get install npm")
    if not has_datatable():
        print("no data.table: apt-get install r-cran-data.table")
    if not shutil.which("gnuplot"):
        print("no plots: apt-get install gnuplot-nox")


def has_datatable():
    return bool(shutil.which("Rscript")) and subprocess.run(
        ["Rscript", "-e", "library(data.table)"], capture_output=True, check=False).returncode == 0


def engines(kind, rows):
    """Name: (command, flags)."""
    ours = ["build/bench/tpch"] if kind == "tpch" else ["build/bench/h2o", kind]
    duckdb = ["node", "bench/peers/duckdb.mjs", kind]
    found = {"dfq": (ours, []), "dfq, not stored": (ours, ["--nocopy"])}
    if package("@duckdb/node-api"):
        found["DuckDB"] = (duckdb, [])
        found["DuckDB, not stored"] = (duckdb, ["--nocopy"])
    if package("nodejs-polars") and kind != "tpch":
        found["Polars"] = (["node", "bench/peers/polars.mjs", kind], [])
    if kind != "tpch" and has_datatable():
        found["data.table"] = (["Rscript", "bench/peers/datatable.R", kind], [])
    if kind != "csv" and float(rows) <= 1e6:   # it would take an hour
        found["SQLite"] = ([sys.executable, "bench/peers/sqlite.py", kind], [])
    return found


def data(rows, kinds):
    """The files of the works, made once: kind -> words of the command line."""
    group = os.path.join(OUT, "G1_%s.csv" % rows)
    join = os.path.join(OUT, "J1_%s" % rows)
    if not os.path.exists(group):
        subprocess.run(["build/bench/gen", "groupby", rows, "1e2", "0", "0", group], check=True)
    if "join" in kinds and not os.path.isdir(join):
        os.makedirs(join)
        subprocess.run(["build/bench/gen", "join", rows, "0", "0", "0", join], check=True)
    names = ["x", "small", "medium", "big"]
    files = {"groupby": [group], "join": [os.path.join(join, n + ".csv") for n in names],
             "work": [group], "csv": [group]}
    return {k: files[k] for k in kinds if k in files}


def run(command, threads, before=None):
    """The lines it printed, parsed, and its peak memory in MiB. before: called in its process."""
    env = dict(os.environ, POLARS_MAX_THREADS=str(threads))
    with subprocess.Popen(command + ["--threads", str(threads)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=env,
                          preexec_fn=before) as p:
        text = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = status
    lines = [LINE.match(line) for line in text.splitlines()]
    return [m.groups() for m in lines if m], usage.ru_maxrss / 1024


def same(a, b):
    if a is None or b is None:
        return True
    if a[0] != b[0] or len(a[1].split(";")) != len(b[1].split(";")):
        return False
    pairs = [(float(x), float(y)) for x, y in zip(a[1].split(";"), b[1].split(";"))]
    return all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-9) or x != x and y != y
               for x, y in pairs)


class Work:
    """What was measured of one kind of work."""

    def __init__(self, kind, words, options):
        self.kind, self.words, self.options = kind, words, options
        self.engines = engines(kind, options["ROWS"])
        self.times = {}     # (engine, threads) -> {query: ms}
        self.memory = {}    # engine -> {query or "all": MiB}
        self.answer = {}    # query -> (rows, checksum): those of dfq
        self.wrong = set()  # (engine, query)

    def threads_of(self, name):
        return (1,) if name == "SQLite" else (1, 2)

    def time(self):
        for _ in range(int(self.options["ROUNDS"])):
            for threads in (1, 2):
                for name in self.engines:
                    if threads in self.threads_of(name):
                        self.turn(name, threads)

    def turn(self, name, threads):
        command, flags = self.engines[name]
        start = time.time()
        lines, peak = run(command + self.words + flags + ["--runs", self.options["RUNS"]], threads)
        if not lines:
            raise SystemExit("%s answers nothing: %s" % (name, " ".join(command + self.words)))
        best = self.times.setdefault((name, threads), {})
        for query, ms, rows, chk in lines:
            best[query] = min(best.get(query, math.inf), max(float(ms), 0.05))
            if chk is None or name == "dfq, not stored":
                continue
            if not same(self.answer.setdefault(query, (rows, chk)), (rows, chk)):
                self.wrong.add((name, query))
        memory = self.memory.setdefault(name, {})
        memory["all"] = max(memory.get("all", 0), peak)
        print("%s: %s, %d threads, %d queries, %.0f s" % (self.kind, name, threads, len(lines),
                                                         time.time() - start), flush=True)

    def remember(self):
        """The peak of each query in a process of its own."""
        if float(self.options["ROWS"]) > 1e6 and self.options["MEMORY"] != "all":
            return
        for name in STORED:
            if name not in self.engines or name == "SQLite":
                continue
            for n, query in enumerate(self.times[("dfq", 1)], 1):
                command, flags = self.engines[name]
                _, peak = run(command + self.words + flags + ["--runs", "1", "--query", str(n)], 2)
                self.memory[name][query] = peak

    def ratios(self, ours, names, threads):
        """query -> ours / the best of the peers."""
        found = {}
        for query, ms in self.times.get((ours, threads), {}).items():
            peers = [self.times[(n, t)][query] for n in names for t in (threads, 1)
                     if n != ours and query in self.times.get((n, t), {})
                     and (t == threads or n == "SQLite")]
            if peers:
                found[query] = ms / min(peers)
        return found

    def memory_ratios(self):
        found = {}
        for query, ours in self.memory["dfq"].items():
            peers = [self.memory[n][query] for n in STORED[1:] if n != "SQLite"
                     and query in self.memory.get(n, {})]
            if peers:
                found[query] = ours / min(peers)
        return found

    def table(self):
        keys = [(n, t) for t in (1, 2) for n in STORED + UNSTORED if (n, t) in self.times]
        columns = [self.ratios("dfq", STORED, 1), self.ratios("dfq", STORED, 2),
                   self.ratios(*[UNSTORED[0], UNSTORED], 1),
                   self.ratios(*[UNSTORED[0], UNSTORED], 2), self.memory_ratios()]
        lines = ["## " + TITLES[self.kind], "", "| query | "
                 + " | ".join("%s, %dT" % k for k in keys)
                 + " | dfq / best, 1T | 2T | not stored, 1T | 2T | MiB | dfq / best |",
                 "|---|" + "---:|" * (len(keys) + 6)]
        for query in self.times[("dfq", 1)]:
            cells = ["%.1f%s" % (self.times[k][query], " !" if (k[0], query) in self.wrong else "")
                     if query in self.times[k] else "-" for k in keys]
            cells += ["%.2f" % c[query] if query in c else "-" for c in columns[:4]]
            cells.append("%.0f" % self.memory["dfq"].get(query, math.nan))
            cells.append("%.2f" % columns[4].get(query, math.nan))
            lines.append("| %s | %s |" % (query, " | ".join(cells).replace("nan", "-")))
        means = ["%.2f" % mean(c.values()) for c in columns]
        lines.append("| geometric mean |" + " |" * len(keys) + " %s | | %s |"
                     % (" | ".join(means[:4]), means[4]))
        peaks = ["%s %.0f" % (n, self.memory[n]["all"]) for n in STORED if n in self.memory]
        return lines + ["", "Peak MiB of the whole work: " + ", ".join(peaks) + ".", ""]

    def verdicts(self):
        """Lines of the table of targets."""
        each, middle = TARGETS[self.kind]
        for threads in (1, 2):
            r = self.ratios("dfq", STORED, threads)
            if not r:
                continue
            missed = ["%s %.2f" % (q, x) for q, x in r.items() if x > each]
            yield "| %s, %dT | %.2f | %.2f | %s | %.2f | %.2f | %s |" % (
                TITLES[self.kind], threads, each, max(r.values()),
                "missed: " + ", ".join(missed) if missed else "met", middle, mean(r.values()),
                "met" if mean(r.values()) <= middle else "missed")
        r = self.memory_ratios()
        if r:
            missed = ["%s %.2f" % (q, x) for q, x in r.items() if x > 1]
            yield "| %s, memory | 1.00 | %.2f | %s | 0.60 | %.2f | %s |" % (
                TITLES[self.kind], max(r.values()),
                "missed: " + ", ".join(missed) if missed else "met", mean(r.values()),
                "met" if mean(r.values()) <= 0.6 else "missed")

    def scaling(self):
        """query -> time at one thread / time at two."""
        two = self.times.get(("dfq", 2), {})
        return {q: ms / two[q] for q, ms in self.times[("dfq", 1)].items() if q in two}

    def rows(self):
        for (name, threads), queries in self.times.items():
            for query, ms in queries.items():
                yield [self.kind, query, name, threads, ms,
                       "%.1f" % self.memory[name].get(query, self.memory[name]["all"])]


def mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


# ---- growth ----------------------------------------------------------------------------------

def leave_memory():
    """A process that wants more than the machine has fails, and nobody else is killed for it."""
    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 4 // 5
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def growth(options, kinds):
    """rows -> {query: ms} of dfq at one thread, from 1e5 rows on, ten times more each step.
    Each query has a process of its own, so that one without memory takes no other along."""
    sizes = [s for s in ("1e5", "1e6", "1e7", "1e8") if float(s) <= float(options["ROWS"])]
    found = {}
    for size in sizes:
        times = found.setdefault(size, {})
        for kind, words in data(size, [k for k in kinds if k in QUERIES]).items():
            for query in range(1, QUERIES[kind] + 1):
                command = ["build/bench/h2o", kind] + words + ["--query", str(query)]
                lines, _ = run(command + ["--runs", "3"], 1, leave_memory)
                times.update({q: float(ms) for q, ms, _, _ in lines})
    return found


def figure(x):
    return "no memory" if math.isnan(x) else "%.1f" % x


def growth_table(found):
    """How many times longer ten times the rows take."""
    sizes = list(found)
    lines = ["## Growth", "", "Milliseconds at one thread, and how many times longer ten times "
             "the rows take.", "", "| query | " + " | ".join(s + " rows" for s in sizes) + " | "
             + " | ".join("to " + s for s in sizes[1:]) + " |",
             "|---|" + "---:|" * (2 * len(sizes) - 1)]
    for query in found[sizes[0]]:
        ms = [max(found[s].get(query, math.nan), 0.05) for s in sizes]
        lines.append("| %s | %s | %s |" % (query, " | ".join(map(figure, ms)), " | ".join(
            figure(b / a) for a, b in zip(ms, ms[1:]))))
    return lines + [""]


# ---- the library itself ----------------------------------------------------------------------

def compiled(source, flags):
    """Seconds of processor time, bytes of code and data, and of tables for unwinding."""
    out = os.path.join(OUT, "size.o")
    before = os.times()
    subprocess.run(["cc", "-O2", *flags, "-c", source, "-o", out], check=True)
    after = os.times()
    size = subprocess.run(["size", out], capture_output=True, text=True, check=True).stdout
    text, initialised = size.splitlines()[1].split()[:2]
    seconds = after.children_user + after.children_system - before.children_user \
        - before.children_system
    sections = subprocess.run(["size", "-A", out], capture_output=True, text=True, check=True)
    tables = sum(int(line.split()[1]) for line in sections.stdout.splitlines()
                 if line.startswith(".eh_frame"))
    return seconds, int(text) + int(initialised) - tables, tables


def lines_of(path):
    with open(path, "rb") as f:
        return sum(1 for _ in f)


def sizes():
    """The table of compile time, object and lines."""
    source = os.path.join(OUT, "size.c")
    with open(source, "w", encoding="utf-8") as f:
        f.write('#define DFQ_IMPLEMENTATION\n#include "dfq.h"\n')
    lines = ["## The library itself", "", "`cc -O2`: seconds of the processor; code and data, and apart from them "
             "the tables by which", "debuggers unwind the stack, which "
             "`-fno-asynchronous-unwind-tables` leaves out.", "",
             "| | seconds | KB | tables, KB | lines |", "|---|---:|---:|---:|---:|"]
    row = "| %s | %s | %d | %s | %s |"
    seconds, size, tables = compiled(source, ["-std=c11", "-I."])
    lines.append(row % ("dfq.h", "%.1f" % seconds, size / 1000, "%d" % (tables / 1000),
                        lines_of("dfq.h")))
    amalgamation = os.path.join(PEERS, "node_modules/better-sqlite3/deps/sqlite3/sqlite3.c")
    if os.path.exists(amalgamation):
        seconds, size, tables = compiled(amalgamation, [])
        lines.append(row % ("SQLite's amalgamation", "%.1f" % seconds, size / 1000,
                            "%d" % (tables / 1000), lines_of(amalgamation)))
    for folder, _, files in os.walk(os.path.join(PEERS, "node_modules")):
        for name in files:
            path = os.path.join(folder, name)
            if name.startswith("libduckdb.so") or name.startswith("nodejs-polars.") \
                    and name.endswith(".node"):
                lines.append(row % (name, "-", os.path.getsize(path) / 1000, "-", "-"))
    return lines + [""]


# ---- plots -----------------------------------------------------------------------------------

def gnuplot(name, header, rows, style, script):
    """Writes NAME.dat and, by gnuplot, NAME.svg. Returns the line that shows it."""
    path = os.path.join(OUT, name)
    with open(path + ".dat", "w", encoding="utf-8") as f:
        print(*('"%s"' % h for h in header), file=f)
        for r in rows:
            print(*(("NaN" if isinstance(x, float) and math.isnan(x) else x) for x in r), file=f)
    if not shutil.which("gnuplot"):
        return []
    script = ("set terminal svg size 960,420 background '#ffffff'; set output '%s.svg'; "
              "set key outside top horizontal; set grid ytics; set logscale y; %s; "
              "plot for [c=2:%d] '%s.dat' using %s title columnheader(c)"
              % (path, script, len(header), path, style))
    subprocess.run(["gnuplot", "-e", script], check=False)
    return ["![%s](%s.svg)" % (name, name), ""]


BARS = "c:xtic(1)"
BOXES = "set style data histograms; set style fill solid"


def plots(w):
    nan = math.nan
    queries = list(w.times[("dfq", 1)])
    names = [n for n in STORED + UNSTORED if n in w.engines]
    two = {n: w.times.get((n, 2), w.times.get((n, 1), {})) for n in names}
    ratios = [w.ratios("dfq", ["dfq", n], 2) or w.ratios("dfq", ["dfq", n], 1) for n in STORED[1:]
              if n in names]
    shown = gnuplot(w.kind + "-time", ["query"] + names,
                    [[q] + [two[n].get(q, nan) for n in names] for q in queries], BARS,
                    BOXES + "; set ylabel 'ms, two threads'")
    shown += gnuplot(w.kind + "-ratio", ["query"] + [n for n in STORED[1:] if n in names],
                     [[q] + [r.get(q, nan) for r in ratios] for q in queries], BARS,
                     BOXES + "; set ylabel 'time of dfq / time of the peer'")
    stored = [n for n in STORED if n in w.memory]
    return shown + gnuplot(w.kind + "-memory", ["query"] + stored,
                           [[q] + [w.memory[n].get(q, nan) for n in stored]
                            for q in queries + ["all"]], BARS, BOXES + "; set ylabel 'peak MiB'")


def growth_plot(found):
    queries = list(found[list(found)[0]])
    return gnuplot("growth", ["rows"] + queries,
                   [[float(s)] + [max(found[s].get(q, math.nan), 0.05) for q in queries]
                    for s in found], "1:c with linespoints",
                   "set logscale x; set ylabel 'ms, one thread'; set xlabel 'rows'")


# ---- all of it -------------------------------------------------------------------------------

def check_tpch(folder):
    """TPC-H's answers row by row against DuckDB's. Returns: what the check says, is it fine."""
    done = subprocess.run([sys.executable, "tools/check_tpch.py", folder], capture_output=True,
                          text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return said[-1] if said else "no answer", done.returncode == 0


def throughput(work):
    """GB/s of each engine over the file."""
    size = os.path.getsize(work.words[0])
    keys = [(n, t) for t in (1, 2) for n in STORED if (n, t) in work.times]
    lines = ["The file has %.0f MB. GB/s:" % (size / 1e6), "",
             "| query | " + " | ".join("%s, %dT" % k for k in keys) + " |",
             "|---|" + "---:|" * len(keys)]
    for query in work.times[("dfq", 1)]:
        lines.append("| %s | %s |" % (query, " | ".join(
            "%.2f" % (size / 1e6 / work.times[k][query]) if query in work.times[k] else "-"
            for k in keys)))
    return lines + [""]


def report(works, options, fine):
    lines = ["# dfq and its peers", "", "Best milliseconds of %s runs in %s rounds, %s rows of "
             "db-benchmark's data. A ratio below 1 means that dfq is faster, or smaller."
             % (options["RUNS"], options["ROUNDS"], options["ROWS"]), "",
             "| work | every query | worst | | mean | is | |", "|---|---:|---:|---|---:|---:|---|"]
    for w in works:
        lines += list(w.verdicts())
    lines.append("")
    for w in works:
        two = w.scaling()
        lines.append("- %s: two threads are %.2f times as fast as one (%s)" % (
            TITLES[w.kind], mean(two.values()),
            ", ".join("%s %.1f" % pair for pair in two.items())))
    lines += ["", "Checksums: " + ("all equal." if not any(w.wrong for w in works) else
              "DIFFERENT: " + ", ".join("%s %s" % p for w in works for p in sorted(w.wrong))), ""]
    for w in works:
        lines += w.table() + (throughput(w) if w.kind == "csv" else []) + plots(w)
    return lines + fine


def write_lines(name, lines):
    with open(os.path.join(OUT, name + ".md"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


def write(works, options, rest):
    """peers.md and peers.csv as far as they go. Returns the lines of the first."""
    lines = report(works, options, rest)
    name = "csv" if options["ONLY"] == "csv" else "peers"
    write_lines(name, lines)
    with open(os.path.join(OUT, name + ".csv"), "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(["work", "query", "engine", "threads", "ms", "MiB"])
        for work in works:
            out.writerows(work.rows())
    return lines


def main(arguments):
    options = {"ROWS": "1e6", "RUNS": "3", "ROUNDS": "2", "TPCH": "", "ONLY": "", "MEMORY": ""}
    options.update({k: v for k, v in (a.split("=", 1) for a in arguments) if v})
    os.chdir(ROOT)
    os.makedirs(OUT, exist_ok=True)
    fetch()
    only = options["ONLY"].split()
    kinds = [k for k in only if k != "growth"] or list(TITLES)
    words = {} if "growth" in only else data(options["ROWS"], kinds)
    if options["TPCH"] and "tpch" in kinds:
        words["tpch"] = [os.path.abspath(options["TPCH"])]
    works, rest, ok = [], [], True
    for kind, w in words.items():
        work = Work(kind, w, options)
        work.time()
        work.remember()
        works.append(work)
        write(works, options, [])
        ok = ok and not work.wrong
    if "tpch" in words:
        said, fine = check_tpch(words["tpch"][0])
        rest += ["TPC-H's answers, row by row: " + said, ""]
        ok = ok and fine
    if not only or "growth" in only:
        found = growth(options, kinds)
        rest += growth_table(found) + growth_plot(found)
    if "growth" in only:
        write_lines("growth", rest)
        print("\n".join(rest))
        return 0
    if not only:
        rest += sizes()
    lines = write(works, options, rest)
    print("\n".join(lines))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
