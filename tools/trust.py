#!/usr/bin/env python3
"""What was tried, what failed and how long it took, as a table: make trust.

    tools/trust.py [LONG=1] [ONLY=NAME,...] [UPDATE=1]
    tools/trust.py SEEN=FILE,...

Each row is a command of the project's, in its short form, or with LONG=1 in its long one; the
counts are those that the command prints. What it printed is kept in build/trust/NAME.log, and the
row itself beside it: ONLY runs some rows anew and prints the others as they were last. A row whose
tool is missing says what to install. UPDATE=1 writes the table into README.md, too. Fails when
a row that was run failed.

SEEN=FILE,... runs nothing: it is the table of what `make check` and `make test` have tried, by
the counts in what they printed, which is in those files.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "build", "trust")
BEGIN, END = "<!-- trust: the last table of make trust UPDATE=1 -->", "<!-- end of trust -->"

# name, short, long ("" is the same), what the output says, how it is put, tools and the packages
# that have them.
PASSED = r"^(\d+) passed, (\d+) failed$"
ROWS = [
    ("tests", "make test", "", PASSED,
     "{0} tests under sanitizers, the command line's among them", {}),
    ("plans", "DFQ_PLANS=300 build/tests diff_random", "DFQ_PLANS=20000 build/tests diff_random",
     r"^plans: (\d+) at random", "{0} random plans in both engines, each batch size, rule and "
     "number of threads, against nested loops", {}),
    ("faults", "build/tests faults_", "make faults",
     r"^faults: (\d+) pipelines, (\d+) runs with a fault",
     "{1} runs of {0} pipelines in which memory, a file, a budget or patience ends", {}),
    ("hostile", "build/tests hostile_", "DFQ_HOSTILE=full build/tests hostile_", PASSED,
     "{0} kinds of hostile input: rows, columns, fields, nesting, plans without end, names and "
     "paths of all kinds, keys made to collide", {}),
    ("arithmetic", "build/tests arithmetic_", "make arithmetic", r"^arithmetic: (\d+) values",
     "{0} values against exact arithmetic", {}),
    ("fuzzing", "make check-fuzz", "make fuzz TIME=60", r"^ok   fuzz, (\d+) inputs|units: *(\d+)",
     "{+} inputs of each kind of file, text and pipeline", {"clang": "clang libclang-rt-14-dev"}),
    ("functions", "make compare-functions", "", r"^(\d+) .*agree",
     "{+} results of functions against SQLite's and DuckDB's", {"python3": "python3"}),
    ("queries", "make compare-random CASES=500", "make compare-random CASES=20000",
     r"(\d+) compared, (\d+) agreed", "{+} random queries against SQLite's or DuckDB's answers",
     {"python3": "python3"}),
    ("arrow", "make compare-arrow", "", r"^(\d+) of (\d+) tables",
     "{0} tables through DuckDB as Arrow streams, and back", {}),
    ("threads", "make tsan ONLY=threads_", "make tsan", PASSED,
     "{0} tests under a sanitizer of threads", {}),
    ("valgrind", "make valgrind", "make valgrind LONG=1", PASSED,
     "{0} tests under valgrind", {"valgrind": "valgrind"}),
    ("memory", "make msan SHARD=1/10", "make msan", PASSED,
     "{0} tests under a sanitizer of memory that was not written", {"clang": "clang"}),
    ("integers", "make integers SHARD=1/10", "make integers", PASSED,
     "{0} tests in which no number wraps or is cut unasked", {"clang": "clang"}),
    ("analysers", "make analyze TOOL=cppcheck", "make analyze",
     r"^(\w+) +(\d+) findings, (\d+) excused",
     "dfq.h, read by {all}; {2+} findings excused, each with its reason",
     {"clang-tidy": "clang-tidy", "cppcheck": "cppcheck"}),
    ("platforms", "sh tools/matrix.sh 'DFQ_NO'", "make matrix",
     r"^matrix: (\d+) rows ok, (\d+) failed, (\d+) not installed",
     "{0} compilers, switches and platforms ({2} not installed here)", {"gcc": "gcc"}),
    ("coverage", "make coverage", "", r"^coverage of dfq.h: (.*) \(\d+ of \d+\), (.*) \(",
     "{0}, {1} of dfq.h", {"gcov": "gcc"}),
]
# Which group of a row's pattern counts failures.
FAILED = {"tests": 1, "hostile": 1, "threads": 1, "valgrind": 1, "memory": 1, "integers": 1,
          "analysers": 1, "platforms": 1}

# Rows of which each of two processes counts its part.
PARTS = {"faults", "arithmetic"}

# What of it `make check` and `make test` try: rows as above with their lines, if these differ.
SEEN = {
    "tests": None, "plans": None, "faults": None, "arithmetic": None, "fuzzing": None,
    "queries": None,
    "threads": r"^ok   tsan, (\d+) passed, (\d+) failed",
}
WAYS = r"^ok   (?:api|c11|cpp|switches|units|static|names|chapter-\d|consumers)\b"


def missing(command, tools):
    """Why a row cannot be run, or None."""
    absent = [package for tool, package in tools.items() if not shutil.which(tool)]
    if absent:
        return "not run: apt-get install " + " ".join(absent)
    words = command.split()
    if words[0] == "make" and subprocess.run(
            ["make", "-n", words[1]], cwd=ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode:
        return "not run: there is no " + " ".join(words[:2])
    return None


def found(name, pattern, text, output):
    """The counts of an output as a sentence, and how many failures it speaks of."""
    matches = re.findall(pattern, output, re.MULTILINE)
    if not matches:
        return None, 0
    rows = [m if isinstance(m, tuple) else (m,) for m in matches]
    numbers = [[int(x) if x.isdigit() else 0 for x in row] for row in rows]
    last, failed = rows[-1], 0
    if name in PARTS:
        last = [str(sum(row[i] for row in numbers)) for i in range(len(last))]
    if name in FAILED:
        failed = sum(row[FAILED[name]] for row in (numbers if "{all}" in text else numbers[-1:]))
    text = text.replace("{+}", grouped(str(sum(next((x for x in row if x), 0) for row in numbers))))
    text = text.replace("{all}", ", ".join(row[0] for row in rows))
    text = text.replace("{2+}", grouped(str(sum(row[2] for row in numbers if len(row) > 2))))
    return text.format(*[grouped(x) for x in last]), failed


def grouped(x):
    return "{:,}".format(int(x)) if x.isdigit() else x


def own_settings():
    """The environment without what make was told: a row's make has settings of its own."""
    mine = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "LONG", "ONLY", "UPDATE", "SEEN"}
    return {k: v for k, v in os.environ.items() if k not in mine}


def run(row, long):
    name, short, other, pattern, text, tools = row
    command = other if long and other else short
    why = missing(command, tools)
    if why:
        return {"tried": why, "failed": "-", "seconds": 0, "command": command, "ran": False}
    if "build/tests" in command:
        subprocess.run(["make", "-s", "build/tests"], cwd=ROOT, env=own_settings())
    began = time.time()
    done = subprocess.run(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          env=own_settings())
    with open(os.path.join(OUT, name + ".log"), "w") as log:
        log.write(done.stdout)
    absent = re.search(r"apt-get install .*|npm install .*", done.stdout)
    tried, failed = found(name, pattern, text, done.stdout)
    if done.returncode and tried is None and absent:
        return {"tried": "not run: " + absent.group(0).strip(), "failed": "-", "seconds": 0,
                "command": command, "ran": False}
    if done.returncode and not failed:
        failed = "see build/trust/%s.log" % name
    return {"tried": tried or "nothing was counted", "failed": str(failed),
            "seconds": round(time.time() - began), "command": command, "ran": True}


def table(rows):
    lines = ["| what | tried | failed | seconds | command |", "|---|---|---|---|---|"]
    for name, r in rows:
        lines.append("| %s | %s | %s | %s | `%s` |" % (
            name, r["tried"], r["failed"], r["seconds"] if r["ran"] else "", r["command"]))
    return "\n".join(lines)


def seen(paths):
    """The table of what was printed elsewhere. Fails when a line is missing, or counts failures."""
    output = "".join(open(path, errors="replace").read() for path in paths)
    rows, bad = [], []
    for name, short, _, pattern, text, _ in ROWS:
        if name not in SEEN:
            continue
        tried, failed = found(name, SEEN[name] or pattern, text, output)
        rows.append((tried or name + ": nothing was counted", failed))
        bad += [name] if failed or not tried else []
    rows.append(("%d groups of ways to build it: compilers, standards, switches, chapters, "
                 "build systems" % len(re.findall(WAYS, output, re.MULTILINE)), 0))
    print("what was tried, and how much of it failed")
    for tried, failed in rows:
        print("%8s  %s" % (failed, tried))
    return bad


def update(text):
    path = os.path.join(ROOT, "README.md")
    with open(path) as f:
        page = f.read()
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    with open(path, "w") as f:
        f.write(page[:begin] + "\n" + text + "\n" + page[end:])


def main():
    flags = dict(a.split("=", 1) for a in sys.argv[1:])
    if flags.get("SEEN"):
        sys.exit(1 if seen(flags["SEEN"].split(",")) else 0)
    only = [n for n in flags.get("ONLY", "").split(",") if n]
    unknown = set(only) - {row[0] for row in ROWS}
    if unknown:
        sys.exit("no row %s; there are %s" % (
            ", ".join(sorted(unknown)), ", ".join(row[0] for row in ROWS)))
    os.makedirs(OUT, exist_ok=True)
    rows, bad = [], 0
    for row in ROWS:
        path = os.path.join(OUT, row[0] + ".json")
        if only and row[0] not in only:
            if os.path.exists(path):
                rows.append((row[0], json.load(open(path))))
            continue
        result = run(row, bool(flags.get("LONG")))
        with open(path, "w") as f:
            json.dump(result, f)
        rows.append((row[0], result))
        print("%-10s %s; failed: %s; %s s" % (
            row[0], result["tried"], result["failed"], result["seconds"]), flush=True)
        bad += result["ran"] and result["failed"] != "0"
    print("\n" + table(rows))
    if flags.get("UPDATE"):
        update(table(rows))
    print("\ntrust: %d rows, %d failed, %d not run, %d s" % (
        len(rows), bad, sum(1 for _, r in rows if not r["ran"]), sum(r["seconds"] for _, r in rows)))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
