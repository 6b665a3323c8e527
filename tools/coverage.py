#!/usr/bin/env python3
"""Which lines and branches of dfq.h the tests reach: make coverage, or tools/coverage.py [LEAST].

Compiles the tests and the command-line program with gcc --coverage, runs them as `make test`
does, but with 100 random plans unless DFQ_PLANS says more, and adds up what gcov says of dfq.h. Prints the figures, the functions that nothing calls and those with the most lines that
nothing reaches; build/coverage.txt has all of them. Fails when a test fails, or when less than
LEAST percent of the lines are reached (95 when not given).
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "build", "coverage")
REPORT = os.path.join(ROOT, "build", "coverage.txt")

# name, source, how it is run: the tests by two processes, half of them each.
PROGRAMS = [
    ("tests", "tests/all.c", ["TEST_SHARD=1/2 %s", "TEST_SHARD=2/2 %s"]),
    ("dfq", "examples/dfq.c", ["sh tests/cli.sh %s"]),
]

# Defences: what is there for a case that no test can make, and why it stays.
DEFENCES = {
    "dfq__re_next_stamp": "after 2^32 steps of one pattern the marks begin anew",
    "dfq__too_many_kept": "a side of a join beyond 4,294,967,294 rows: more memory than CI has",
    "dfq__join_too_large": "the same",
    "dfq__sorter_sort": "a sort of more than 4,294,967,294 rows; memory that ends is tried",
}


def call(command, log):
    with open(log, "w") as out:
        return subprocess.Popen(command, shell=True, cwd=ROOT, stdout=out,
                                stderr=subprocess.STDOUT)


def build_and_run():
    os.makedirs(OUT, exist_ok=True)
    for old in glob.glob(os.path.join(OUT, "*.gc*")):
        os.remove(old)
    os.environ.setdefault("DFQ_PLANS", "100")
    ok = True
    for name, source, commands in PROGRAMS:
        program = os.path.join(OUT, name)
        compiled = call("cd %s && gcc -std=gnu11 -O0 --coverage -fprofile-update=atomic -I%s -c"
                        " %s/%s -o %s.o && gcc --coverage %s.o -o %s -lm -pthread"
                        % (OUT, ROOT, ROOT, source, name, name, name), program + ".log")
        if compiled.wait():
            sys.exit(open(program + ".log").read())
        logs = ["%s.%d.log" % (program, i) for i in range(len(commands))]
        running = [call(c % program, log) for c, log in zip(commands, logs)]
        for process, log in zip(running, logs):
            if process.wait():
                ok = False
                print("FAIL %s" % name)
            print("%s: %s" % (name, open(log).read().rstrip().split("\n")[-1]))
    return ok


class Function:
    def __init__(self, name, start, end):
        self.name, self.start, self.end, self.calls = name, start, end, 0
        self.lines = collections.Counter()


def gather():
    """Functions by (name, line), and branches by (function, line, number): how often taken."""
    functions, branches = {}, collections.Counter()
    for name, _, _ in PROGRAMS:
        text = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout",
                               name + ".gcda"], cwd=OUT, check=True, stdout=subprocess.PIPE).stdout
        for unit in text.decode().strip().split("\n"):
            for source in json.loads(unit)["files"]:
                if os.path.basename(source["file"]) == "dfq.h":
                    add(source, functions, branches)
    return functions, branches


def add(source, functions, branches):
    for f in source["functions"]:
        mine = functions.setdefault(f["name"], Function(f["name"], f["start_line"], f["end_line"]))
        mine.calls += f["execution_count"]
    for line in source["lines"]:
        name = line.get("function_name")
        if name is None:
            continue
        functions[name].lines[line["line_number"]] += line["count"]
        for i, branch in enumerate(line["branches"]):
            branches[name, line["line_number"], i] += branch["count"]


def ranges(numbers):
    out = []
    for n in sorted(numbers):
        if out and n == out[-1][1] + 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return " ".join("%d" % a if a == b else "%d-%d" % (a, b) for a, b in out)


def percent(part, whole):
    return 100.0 * part / max(whole, 1)


def report(functions, branches):
    lines = collections.Counter()
    for f in functions.values():
        lines.update(f.lines)
    missed, named = [], []
    for f in functions.values():
        gaps = [n for n, count in f.lines.items() if count == 0]
        if gaps:
            text = "%4d of %4d  %s:%s" % (len(gaps), len(f.lines), f.name, ranges(gaps))
            (named if f.name in DEFENCES else missed).append((-len(gaps), f.start, text))
    never = sorted((f.start, f.name) for f in functions.values() if f.calls == 0)
    halves = collections.Counter((n, l) for (n, l, _), c in branches.items() if c == 0)
    with open(REPORT, "w") as out:
        out.write("lines that nothing reaches: how many of how many, function:lines\n")
        out.writelines(text + "\n" for _, _, text in sorted(missed))
        out.write("\ndefences\n")
        for _, _, text in sorted(named):
            out.write("%s\n            %s\n" % (text, DEFENCES[text.split()[3].split(":")[0]]))
        out.write("\nfunctions that nothing calls: line, name\n")
        out.writelines("%6d  %s\n" % one for one in never)
        out.write("\nbranches never taken: line, how many, function\n")
        out.writelines("%6d  %d  %s\n" % (l, c, n) for (n, l), c in sorted(
            halves.items(), key=lambda one: one[0][1]))
    for _, _, text in sorted(missed)[:15]:
        print(text)
    print("all of it: %s" % os.path.relpath(REPORT, ROOT))
    hit = sum(1 for c in lines.values() if c)
    taken = sum(1 for c in branches.values() if c)
    print("coverage of dfq.h: %.1f %% of lines (%d of %d), %.1f %% of branches (%d of %d), "
          "%d of %d functions" % (
              percent(hit, len(lines)), hit, len(lines), percent(taken, len(branches)), taken,
              len(branches), len(functions) - len(never), len(functions)))
    return percent(hit, len(lines))


def main():
    least = float(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else 95.0
    began = time.time()
    ok = "again" in sys.argv[2:] or build_and_run()
    reached = report(*gather())
    print("%.0f s" % (time.time() - began), file=sys.stderr)
    if reached < least:
        print("FAIL less than %.1f %%" % least)
    sys.exit(0 if ok and reached >= least else 1)


main()
