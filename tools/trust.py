#!/usr/bin/env python3
"""What was tried, what failed and how long it took, as a table: make trust.

    tools/trust.py [LONG=1] [ONLY=NAME,...] [UPDATE=1]

Each row is a command of the project's, in its short form, or with LONG=1 in its long one; the
counts are those that the command prints. What it printed is kept in build/trust/NAME.log, and the
row itself beside it: ONLY runs some rows anew and prints the others as they were last. A row whose
tool is missing says what to install. UPDATE=1 writes the table into README.md, too. Fails when
a row that was run failed.
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

# name, what is tried, short, long ("" is the same), what the output says, how it is put, tools
# and the packages that have them.
ROWS = [
    ("tests", "make test", "",
     r"^(\d+) passed, (\d+) failed$", "{0} tests under sanitizers, the command line's among them",
     {}),
    ("plans", "DFQ_PLANS=300 build/tests diff_random", "DFQ_PLANS=20000 build/tests diff_random",
     r"^plans: (\d+) at random", "{0} random plans in both engines, each batch size, rule and "
     "number of threads, against nested loops", {}),
    ("faults", "build/tests faults_", "make faults",
     r"^faults: (\d+) pipelines, (\d+) runs with a fault",
     "{1} runs of {0} pipelines in which memory, a file, a budget or patience ends", {}),
    ("arithmetic", "build/tests arithmetic_", "make arithmetic", r"^arithmetic: (\d+) values",
     "{0} values against exact arithmetic", {}),
    ("fuzzing", "make check-fuzz", "make fuzz TIME=300", r"^ok   fuzz, (\d+) inputs|units: *(\d+)",
     "{+} inputs of each kind of file, text and pipeline", {"clang": "clang libclang-rt-14-dev"}),
    ("functions", "make compare-functions", "", r"^(\d+) .*agree",
     "{+} results of functions against SQLite's and DuckDB's", {"python3": "python3"}),
    ("queries", "make compare-random CASES=500", "make compare-random CASES=20000",
     r"(\d+) compared, (\d+) agreed", "{+} random queries against SQLite's or DuckDB's answers",
     {"python3": "python3"}),
    ("arrow", "make compare-arrow", "", r"^(\d+) of (\d+) tables",
     "{0} tables through DuckDB as Arrow streams, and back", {}),
    ("threads", "make tsan ONLY=threads_", "make tsan", r"^(\d+) passed, (\d+) failed$",
     "{0} tests under a sanitizer of threads", {}),
    ("valgrind", "make valgrind", "make valgrind LONG=1", r"^(\d+) passed, (\d+) failed$",
     "{0} tests under valgrind", {"valgrind": "valgrind"}),
    ("analysers", "make analyze", "", r"^(.*(?:findings|warnings|suppress).*)$", "{0}",
     {"clang-tidy": "clang-tidy", "cppcheck": "cppcheck"}),
    ("platforms", "sh tools/matrix.sh 'DFQ_NO'", "make matrix",
     r"^matrix: (\d+) rows ok, (\d+) failed, (\d+) not installed",
     "{0} compilers, switches and platforms ({2} not installed here)", {"gcc": "gcc"}),
    ("coverage", "make coverage", "", r"^coverage of dfq.h: (.*) \(\d+ of \d+\), (.*) \(",
     "{0}, {1} of dfq.h", {"gcov": "gcc"}),
]
FAILED = {"tests": 1, "threads": 1, "valgrind": 1, "platforms": 1}   # which group counts failures


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
    total = sum(int(next((x for x in row if x), 0)) for row in rows) if "{+}" in text else 0
    last = rows[-1]
    failed = int(last[FAILED[name]]) if name in FAILED else 0
    return text.replace("{+}", grouped(str(total))).format(*[grouped(x) for x in last]), failed


def grouped(x):
    return "{:,}".format(int(x)) if x.isdigit() else x


def run(row, long):
    name, short, other, pattern, text, tools = row
    command = other if long and other else short
    why = missing(command, tools)
    if why:
        return {"tried": why, "failed": "-", "seconds": 0, "command": command, "ran": False}
    if "build/tests" in command:
        subprocess.run(["make", "-s", "build/tests"], cwd=ROOT)
    began = time.time()
    done = subprocess.run(command, shell=True, cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace")
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


def update(text):
    path = os.path.join(ROOT, "README.md")
    with open(path) as f:
        page = f.read()
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    with open(path, "w") as f:
        f.write(page[:begin] + "\n" + text + "\n" + page[end:])


def main():
    flags = dict(a.split("=", 1) for a in sys.argv[1:])
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
