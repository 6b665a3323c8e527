#!/usr/bin/env python3
"""The book's figures, as the benchmarks print them. From the project's root: make prices

    tools/prices.py              builds and runs bench/ch*.c, writes docs/chapters/prices.md, and
                                 the figures into the pages
    tools/prices.py PROGRAM...   runs these alone, ch4_hashing for example
    tools/prices.py --marks      runs nothing: the figures of prices.md into the pages
    tools/prices.py --check      says which figures of the pages are not those of prices.md

A figure in a page stands in a mark, not at a line's start, where Markdown takes it for a block.
Its keys are the program, the title that it prints above a comparison, and the two ways of which
the first takes so many times as long as the second:

    <!-- price: ch4_hashing; sort + limit 10; a whole sort; the ten largest -->31<!-- end -->

What the programs print beside the ratios, times and their spread, stands in prices.md, too. Run
it on a machine that does nothing else.
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "docs/chapters/prices.md"
MARK = re.compile(r"<!-- price: ([^;]+?); ([^;]+?); ([^;]+?); ([^;]+?) -->(.*?)<!-- end -->", re.S)
BEGINS, ENDS = "<!-- prices -->\n", "<!-- end of prices -->\n"
RATIO = re.compile(r"^  (.+) takes ([0-9.]+) times as long as (.+)$")
TITLE = re.compile(r"^(\S.*?) +best ms +median ms")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(os.path.join(ROOT, path), "w", encoding="utf-8") as f:
        f.write(text)


def shown(ratio):
    """Two digits that mean something."""
    x = float(ratio)
    if x >= 100:
        return "{:,}".format(int(float("%.2g" % x)))
    return "%.0f" % x if x >= 10 else "%.1f" % x if x >= 1 else "%.2f" % x


def ratios(text):
    """{(program, title, slow, fast): the figure} of what the page has."""
    found, program, title = {}, "", ""     # sections of programs, blocks of comparisons
    for line in text.split("\n"):
        ran = re.match(r"^## (\w+)$", line)
        program = ran.group(1) if ran else program
        head, ratio = TITLE.match(line), RATIO.match(line)
        title = head.group(1) if head else title
        if ratio:
            found[program, title, ratio.group(1), ratio.group(3)] = shown(ratio.group(2))
    return found


def pages():
    return [path for path in sorted(glob.glob(os.path.join(ROOT, "docs/chapters/*.md")))
            if not path.endswith("/prices.md")]


def check(page, text, found):
    """What is wrong with a page's figures: (line, sentence) each."""
    for mark in MARK.finditer(text):
        number = text.count("\n", 0, mark.start()) + 1
        key = tuple(" ".join(part.split()) for part in mark.groups()[:4])
        if key not in found:
            yield number, "prices.md has no line for the price: %s" % "; ".join(key)
        elif mark.group(5) != found[key]:
            yield number, "the price is %s now: tools/prices.py --marks" % found[key]


def fill(found):
    for path in pages():
        text = read(path)

        def figure(mark):
            key = tuple(" ".join(part.split()) for part in mark.groups()[:4])
            whole, old = mark.group(0), mark.group(5)
            at = len(whole) - len(old) - len("<!-- end -->")
            return whole[:at] + found.get(key, old) + "<!-- end -->"

        fresh = MARK.sub(figure, text)
        if fresh != text:
            write(path, fresh)
            print("figures in", os.path.relpath(path, ROOT))


def machine():
    model = "an unknown processor"
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            named = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
        model = " ".join(named.group(1).split()) if named else model
    cc = os.environ.get("CC", "cc")
    version = subprocess.run([cc, "--version"], stdout=subprocess.PIPE, check=True)
    compiler = version.stdout.decode("utf-8", "replace").split("\n")[0]
    allowed = getattr(os, "sched_getaffinity", None)
    cores = len(allowed(0)) if allowed else os.cpu_count()
    return "Measured on %s, %d cores, with %s.\n" % (model, cores, compiler)


def run(names):
    """The page's sections, those of names fresh, the others as they were."""
    text = read(PAGE)
    before, rest = text.split(BEGINS)
    old, after = rest.split(ENDS)
    kept = dict(re.findall(r"^## (\w+)\n\n(```text\n.*?\n```\n)", old, re.M | re.S))
    for name in names:
        print("build/bench/" + name, flush=True)
        subprocess.run(["make", "-s", "build/bench/" + name], cwd=ROOT, check=True)
        done = subprocess.run(["build/bench/" + name], cwd=ROOT, stdout=subprocess.PIPE,
                              check=True)
        kept[name] = "```text\n%s\n```\n" % done.stdout.decode("utf-8").strip("\n")
    sections = ["## %s\n\n%s" % (name, kept[name]) for name in sorted(kept)]
    write(PAGE, before + BEGINS + machine() + "\n" + "\n".join(sections) + ENDS + after)


def main(arguments):
    os.chdir(ROOT)
    programs = [os.path.basename(path)[:-2] for path in sorted(glob.glob("bench/ch*.c"))]
    if arguments == ["--check"]:
        found, wrong = ratios(read(PAGE)), 0
        for path in pages():
            for number, text in check(path, read(path), found):
                print("%s:%d: %s" % (os.path.relpath(path, ROOT), number, text))
                wrong += 1
        return 1 if wrong else 0
    if arguments != ["--marks"]:
        if any(name not in programs for name in arguments):
            print(__doc__)
            return 2
        run(arguments or programs)
    fill(ratios(read(PAGE)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
