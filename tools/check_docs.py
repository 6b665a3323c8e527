#!/usr/bin/env python3
"""Holds README.md and docs/ against the code, from the project's root and after `make examples`.

    tools/check_docs.py            checks, prints what does not agree, fails if anything
    tools/check_docs.py --update   writes what differs, code and output, into the pages
    Paths of pages behind either: these pages alone.

What is checked:
  >>tag                   each tag that a page names is a section of dfq.h (>>tag itself is not)
  ```c FILE               the block is the whole file; ```cpp likewise
  ```c FILE:SYMBOL        the block is the definition of SYMBOL (function, type, macro or array),
                          with or without the comment above it
  ```console              each `$ command` is run and prints what follows, standard error
                          included; only programs in build/, no shell. A line [...] stands for
                          any lines; times, and bytes held, of explain analyze are not compared
  <!-- made by COMMAND -->   what follows up to <!-- end --> is what COMMAND prints
  <!-- price: ... -->     the figure is that of prices.md (tools/prices.py)
  [text](path)            a link into the project leads to a file
  chapters 1 to 9         have the headings of TEMPLATE in that order, five questions, and name
                          each of their exercises and mutants
"""
import glob
import os
import re
import shlex
import subprocess
import sys

import prices

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TAG = re.compile(r">>([a-z][a-z0-9-]*)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
MADE = re.compile(r"^<!-- made by (build/.*) -->$")
FENCE = re.compile(r"^( *)```(.*)$")
ELIDED = "[...]"
MEASURED = [(re.compile(r" +\d+\.\d{3} +[\d,]+ +([\d,]+|-)$"), r"  (ms)  (bytes)  \1"),
            (re.compile(r"^\d+\.\d{3} ms in all$"), "(ms) in all")]

TEMPLATE = ["What you will be able to do", "The naive way", "The idea", "Build it", "Run it",
            "Look inside", "Traps", "Exercises", "The price", "Elsewhere", "Recap", "Questions"]

problems = []


def problem(page, number, text):
    problems.append("%s:%d: %s" % (page, number, text))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


# ---- blocks of code ---------------------------------------------------------------------------


def comment_above(lines, first):
    while first > 0 and lines[first - 1].startswith("//") and "----" not in lines[first - 1]:
        first -= 1
    return first


def definition(lines, symbol):
    """(first line of the comment, first line, line after the last), or None."""
    name = re.escape(symbol)
    starts = re.compile(r"^(?!//|\s|#|\}).*\b%s\b" % name)
    macro = re.compile(r"^#define %s\b" % name)
    for i, line in enumerate(lines):
        if macro.match(line):
            end = i
            while lines[end].endswith("\\"):
                end += 1
            return comment_above(lines, i), i, end + 1
        if not starts.match(line):
            continue
        end = i
        while end < len(lines) and not re.search(r"[;{}]\s*(//.*)?$", lines[end]):
            end += 1
        if end == len(lines) or lines[end].split("//")[0].rstrip().endswith(";"):
            continue                     # a declaration, or a use
        if not lines[end].split("//")[0].rstrip().endswith("}"):
            while not lines[end].startswith("}"):
                end += 1
        return comment_above(lines, i), i, end + 1
    return None


def check_code(page, number, info, block):
    """Returns the block as it should be."""
    path, _, symbol = info.partition(":")
    if not os.path.isfile(os.path.join(ROOT, path)):
        problem(page, number, "no file %s" % path)
        return block
    lines = read(path).rstrip("\n").split("\n")
    where = definition(lines, symbol) if symbol else (0, 0, len(lines))
    if not where:
        problem(page, number, "%s defines no %s" % (path, symbol))
        return block
    above, first, end = where
    if block in (lines[first:end], lines[above:end]):
        return block
    problem(page, number, "the block is not what stands in %s:%d" % (path, first + 1))
    return lines[above:end] if block[:1] and block[0].startswith("//") else lines[first:end]


# ---- commands and what they print ---------------------------------------------------------------


def measured_out(lines):
    for pattern, to in MEASURED:
        lines = [pattern.sub(to, line) for line in lines]
    return lines


def matches(want, got):
    """Whether got is want, whose [...] lines stand for any lines."""
    if not want:
        return not got
    if want[0] == ELIDED:
        return any(matches(want[1:], got[i:]) for i in range(len(got) + 1))
    return bool(got) and want[0] == got[0] and matches(want[1:], got[1:])


def refit(want, got):
    """The lines of got that stand where those of want stood, the same parts elided."""
    fresh, at, part = [], 0, []
    for line in want + [ELIDED]:
        if line != ELIDED:
            part.append(line)
            continue
        if part:
            try:
                first = got.index(part[0], at)
                at = got.index(part[-1], first) + 1 if part[-1] in got[first:] else first + len(part)
            except ValueError:
                return got               # the part is gone: show all, for someone to cut
            fresh += got[first:at]
        fresh.append(line)
        part = []
    return fresh[:-1]


def run(page, number, command):
    words = shlex.split(command)
    if not words or not words[0].startswith("build/"):
        problem(page, number, "only programs in build/ are run: %s" % command)
        return None
    done = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    printed = done.stdout.decode("utf-8", "replace").rstrip("\n")
    return printed.split("\n") if printed else []


def check_console(page, number, block):
    """Returns the block with each output replaced by what the command prints now."""
    fresh, i = [], 0
    while i < len(block):
        if not block[i].startswith("$ "):
            problem(page, number + 1 + i, "a console block begins with `$ command`")
            return block
        at, command = i, block[i][2:]
        while command.endswith("\\") and i + 1 < len(block):
            i += 1
            command = command[:-1] + block[i]
        fresh += block[at:i + 1]
        i += 1
        want = []
        while i < len(block) and not block[i].startswith("$ "):
            want.append(block[i])
            i += 1
        got = run(page, number + 1 + at, command)
        if got is None:
            return block
        got = [line.rstrip() for line in got]
        if matches(measured_out([line.rstrip() for line in want]), measured_out(got)):
            fresh += want
            continue
        fresh += refit(want, got) if ELIDED in want else got
        differs = next((k for k, pair in enumerate(zip(want, got)) if pair[0] != pair[1]),
                       min(len(want), len(got)))
        if ELIDED in want:
            differs, shown = -1, " something else now"
        else:
            shown = " no more" if differs >= len(got) else ": " + got[differs]
        problem(page, number + 2 + at + differs, "%s prints%s" % (command, shown))
    return fresh


def check_made(page, number, command, block):
    """Returns the block as the command prints it now."""
    got = run(page, number, command)
    if got is not None and got != block:
        problem(page, number, "%s prints something else now" % command)
    return block if got is None else got


# ---- pages --------------------------------------------------------------------------------------


def check_page(page, tags, update):
    text = read(page)
    lines, out, i = text.split("\n"), [], 0
    for number, what in prices.check(page, text, prices.ratios(read(prices.PAGE))):
        problem(page, number, what)
    for number, line in enumerate(lines, 1):
        for tag in TAG.findall(line):
            if tag not in tags and tag not in ("tag", "tags"):
                problem(page, number, "dfq.h has no section >>%s" % tag)
        for link in LINK.findall(line):
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)):
                problem(page, number, "the link leads nowhere: %s" % link)
    while i < len(lines):
        fence, made = FENCE.match(lines[i]), MADE.match(lines[i])
        out.append(lines[i])
        i += 1
        if made:
            first = i
            i = lines.index("<!-- end -->", i)
            out += check_made(page, first, made.group(1), lines[first:i])
        if not fence:
            continue
        first, info = i, fence.group(2).split()
        while i < len(lines) and lines[i].strip() != "```":
            i += 1
        block = lines[first:i]
        if info[:1] in (["c"], ["cpp"]) and len(info) > 1:
            block = check_code(page, first, info[1], block)
        if info[:1] == ["console"]:
            block = check_console(page, first, block)
        out += block + lines[i:i + 1]
        i += 1
    if update and out != lines:
        with open(os.path.join(ROOT, page), "w", encoding="utf-8") as f:
            f.write("\n".join(out))


def check_chapter(page):
    text, number = read(page), int(os.path.basename(page)[:2])
    headings = re.findall(r"^## (.*)$", text, re.M)
    if headings != TEMPLATE:
        problem(page, 1, "its headings are not those of TEMPLATE: %s" % ", ".join(headings))
    questions = re.findall(r"^\d+\. \*", text.partition("## Questions")[2], re.M)
    if len(questions) != 5:
        problem(page, 1, "%d questions, not five" % len(questions))
    for path in glob.glob("examples/exercises/%d.*" % number):
        if path not in text:
            problem(page, 1, "does not name %s" % path)
    for path in glob.glob("examples/mutants/%d.*" % number):
        if not re.search(r"[Mm]utant[^.]{0,20}%s" % os.path.basename(path).split("-")[0], text):
            problem(page, 1, "does not name the mutant %s" % path)


def check_rules(page):
    """The optimizer's rules, as the page lists them."""
    rules = ", ".join(re.findall(r'X\(DFQ_RULE_\w+, "(\w+)"\)', read("dfq.h")))
    lines = read(page).splitlines()
    at = next((i for i, line in enumerate(lines) if line.startswith("| optimizer |")), 0)
    if rules + ";" not in lines[at]:
        problem(page, at + 1, "its rules are not those of DFQ_RULE_LIST: %s" % rules)


def main(arguments):
    update = arguments[:1] == ["--update"]
    named = arguments[update:]
    if any(not page.endswith(".md") for page in named):
        print(__doc__)
        return 2
    os.chdir(ROOT)
    tags = set(re.findall(r"^// -{4,} >>([\w-]+):", read("dfq.h"), re.M))
    pages = ["README.md", "CONTRIBUTING.md"] + sorted(glob.glob("docs/**/*.md", recursive=True))
    for page in named or pages:
        check_page(page, tags, update)
    for page in sorted(glob.glob("docs/chapters/0[1-9]-*.md")):
        if not named or page in named:
            check_chapter(page)
    if "README.md" in (named or pages):
        check_rules("README.md")
    for line in problems:
        print(line)
    if problems:
        print("%d problems%s" % (len(problems), "; code and output are updated" if update else ""))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
