#!/usr/bin/env python3
"""Measures dfq.h by the rules of CONTRIBUTING.md, prints a summary, and fails on violations.

    tools/check_style.py               dfq.h by all rules, the other sources by the simple ones
    tools/check_style.py --ratchet     the same, then stores today's size as the new limit
    tools/check_style.py --functions   the same, and every function with its length
    tools/check_style.py OTHER.h       all rules on another header

How things are counted:
  functions   lines from the signature to the closing brace, without kernels made by a macro
  nesting     1 is the body of a function; lines inside functions only
  comments    implementation: lines with nothing but a comment, per line of code; API: lines
              with any comment, per line of code that is no directive, below the top comment
  chapters    from `#if DFQ_CHAPTER >= N` in column 0 to the next one
"""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RATCHET = os.path.join(ROOT, "tools", "ratchet.json")

OTHERS = ["tests/*.c", "tests/*.h", "examples/*.c", "examples/*/*.[ch]", "examples/*/*/*.c",
          "bench/*.c"]

COLUMNS = 96
TOP_COMMENT = 150
SECTION = 400
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_MAX = 12, 35, 70
DEEP, DEEP_SHARE = 5, 0.02
IMPLEMENTATION_COMMENTS = (0.18, 0.45)   # aim at 0.20 to 0.30
API_COMMENTS = 0.8                       # aim at 1.0

BANNER = re.compile(r"^// -{4,} >>([\w-]+): (.*\S) -{3,}$")
CONTENTS = re.compile(r">>([\w-]+)")
CHAPTER = re.compile(r"^#\s*if DFQ_CHAPTER >= (\d+)")
BORDER = re.compile(r"^#\s*ifdef DFQ_IMPLEMENTATION\b|^#\s*if defined\(DFQ_IMPLEMENTATION\)")
INCLUDE = re.compile(r'^#\s*include "([^"]+)"')
# Sections that may speak to the operating system.
SYSTEM = ("platform", "files")
# Sections where a switch over types is at home: one table or leaf function per operation.
TYPE_TABLES = re.compile(r"kernel|hash|compare|gather|types|scalar|cast", re.I)
TYPE_SWITCH = re.compile(r"\bswitch\s*\(.*type")
ENDS = re.compile(r"\b(abort|exit|_Exit|quick_exit)\s*\(")
PRINTS = re.compile(r"\b(v?printf|puts|putchar|perror)\s*\(|\bstd(out|err)\b")
STREAMS = re.compile(r"\b(v?fprintf|fput[cs]|putc|fwrite)\s*\(")

Line = collections.namedtuple("Line", "file number text code comment")
Function = collections.namedtuple("Function", "name first last")   # indices into the lines


class Report:
    def __init__(self):
        self.violations = []

    def add(self, line, message):
        self.violations.append("%s:%d: %s" % (line.file, line.number, message))


# ---- reading ---------------------------------------------------------------------------------


def raw_lines(path, inlined):
    """(file, number, text) of each line, following the includes of a header still in pieces."""
    name = os.path.relpath(path, ROOT)
    name = path if name.startswith("..") else name
    with open(path, encoding="utf-8", errors="replace") as f:
        texts = f.read().split("\n")
    if texts and texts[-1] == "":
        texts.pop()
    for number, text in enumerate(texts, 1):
        include = INCLUDE.match(text)
        part = include and os.path.join(os.path.dirname(path), include.group(1))
        if inlined is not None and part and os.path.isfile(part):
            inlined.append((name, number, include.group(1)))
            for line in raw_lines(part, inlined):
                yield line
        else:
            yield name, number, text


TOKEN = re.compile(r"""//.*|/\*|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^/"']+|.""")


def split_comments(raw):
    """Lines whose code has no comments and empty strings."""
    lines, inside = [], False
    for file, number, text in raw:
        code, comment, at = "", inside, 0
        while at < len(text):
            if inside:
                end = text.find("*/", at)
                inside, at = end < 0, len(text) if end < 0 else end + 2
                continue
            token = TOKEN.match(text, at).group(0)
            at += len(token)
            if token.startswith("//") or token == "/*":
                comment, inside = True, token == "/*"
            else:
                code += token[0] * 2 if token[0] in "\"'" else token
        lines.append(Line(file, number, text, code.rstrip(), comment))
    return lines


def without_macros(lines):
    """The code of each line, empty for the preprocessor's lines and what they continue onto."""
    codes, continued = [], False
    for line in lines:
        macro = continued or line.code.lstrip().startswith("#")
        codes.append("" if macro else line.code)
        continued = macro and line.text.endswith("\\")
    return codes


# ---- functions -------------------------------------------------------------------------------


def signature(head):
    """(name, index of its first line) if the text before a `{` begins a function."""
    text = "".join(char for char, _ in head)
    if not text.rstrip().endswith(")"):
        return None
    depth, open_at, groups = 0, 0, []
    for i, char in enumerate(text):
        if char == "(":
            open_at = i if depth == 0 else open_at
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                groups.append((open_at, i))
        elif char == "=" and depth == 0:
            return None
    found, start = None, 0
    for open_at, close_at in groups:
        name = re.search(r"(\w+)\s*$", text[start:open_at])
        if name and "attribute" not in name.group(1):
            found = name.group(1), start + len(text[start:]) - len(text[start:].lstrip())
        start = close_at + 1
    return found and (found[0], head[found[1]][1])


def find_functions(lines, codes):
    functions, depth, head, current, branches = [], 0, [], None, []
    for i, code in enumerate(codes):
        directive = lines[i].code.lstrip()
        if directive.startswith("#if"):
            branches.append(depth)
        elif directive.startswith(("#else", "#elif")) and branches:
            depth = branches[-1]
        elif directive.startswith("#endif") and branches:
            branches.pop()
        if code.startswith("}"):      # in column 0: whatever was open ends here
            depth = min(depth, 1)
        for char in code + "\n":
            if char == "{":
                if depth == 0 and "".join(c for c, _ in head).rstrip().endswith('""'):
                    head = []         # extern "C" { opens no level
                    continue
                if depth == 0:
                    current = signature(head)
                depth += 1
            elif char == "}":
                depth = max(depth - 1, 0)
                if depth == 0:
                    if current:
                        functions.append(Function(current[0], current[1], i))
                    head, current = [], None
            elif depth == 0:
                if char == ";":
                    head = []
                elif head or not char.isspace():
                    head.append((char, i))
    return functions


def is_flat(codes, function):
    """A switch or a table that is long but flat: a reader may skim it."""
    body = [c.strip() for c in codes[function.first:function.last + 1] if c.strip()]
    cases = sum(1 for c in body if re.match(r"case\b|default\s*:", c))
    rows = sum(1 for c in body if re.match(r"[{\[].*[},]$", c))
    return cases * 3 >= len(body) or rows * 2 >= len(body)


def depths(codes, function):
    """(line index, nesting) by indentation, for lines that begin a statement."""
    before, parens = ";", 0
    for i in range(function.first, function.last + 1):
        code = codes[i]
        if not code.strip():
            continue
        begins = parens == 0 and (before[-1] in ";{}:)" or re.search(r"\b(else|do)$", before))
        if begins and not re.match(r"\s*([-+*/%&|<>=?]|\)|,)", code):
            yield i, (len(code) - len(code.lstrip())) // 2
        parens += code.count("(") - code.count(")")
        before = code.rstrip()


# ---- rules -----------------------------------------------------------------------------------


def matches(pattern, lines):
    """(what its first group matched, index) of every line that begins with the pattern."""
    found = [pattern.match(line.text) for line in lines]
    return [(match.group(1), i) for i, match in enumerate(found) if match]


def check_text(lines, report):
    for line in lines:
        if len(line.text) > COLUMNS:
            report.add(line, "%d columns, at most %d" % (len(line.text), COLUMNS))
        if "\t" in line.text:
            report.add(line, "tab")
        if line.text != line.text.rstrip():
            report.add(line, "trailing space")
        if re.search(r"\b(TODO|FIXME|XXX)\b", line.text):
            report.add(line, "a note to oneself: do it or drop it")


def check_top_comment(lines, report):
    top = next((i for i, l in enumerate(lines) if not l.text.startswith("//")), len(lines))
    if top > TOP_COMMENT:
        report.add(lines[top - 1], "top comment of %d lines, at most %d" % (top, TOP_COMMENT))
    return top


def check_sections(lines, top, report):
    """Every section as (tag, first line, one past its last)."""
    starts = matches(BANNER, lines)
    for line in lines:
        if re.match(r"// -+ ?>>", line.text) and not BANNER.match(line.text):
            report.add(line, "a banner looks like `// ---- >>tag: title -----`")
    ends = [i for _, i in starts[1:]] + [len(lines)]
    sections = [(tag, i, end) for (tag, i), end in zip(starts, ends)]
    for tag, i, end in sections:
        if end - i > SECTION:
            report.add(lines[i], "section %s of %d lines, at most %d" % (tag, end - i, SECTION))
    check_contents(lines, top, starts, report)
    return sections


def check_contents(lines, top, starts, report):
    listed = [(tag, i) for i in range(top) for tag in CONTENTS.findall(lines[i].text)]
    tags, names = [tag for tag, _ in starts], [tag for tag, _ in listed]
    for tag, i in starts:
        if tag not in names:
            report.add(lines[i], "section %s is not in the table of contents" % tag)
        if tags.count(tag) > 1:
            report.add(lines[i], "two sections with the tag %s" % tag)
    for tag, i in listed:
        if tag not in tags:
            report.add(lines[i], "the table of contents lists %s, which is no section" % tag)
    if sorted(tags) == sorted(names) and tags != names:
        k = next(k for k in range(len(tags)) if tags[k] != names[k])
        report.add(lines[listed[k][1]], "the contents' order differs: here comes %s" % tags[k])


def check_functions(lines, codes, functions, report):
    lengths = sorted(f.last - f.first + 1 for f in functions)
    if not lengths:
        return 0, 0, 0
    flat = set(f for f in functions if is_flat(codes, f))
    for f in functions:
        length = f.last - f.first + 1
        if length > FUNCTION_MAX and f not in flat:
            report.add(lines[f.first], "%s has %d lines, at most %d"
                       % (f.name, length, FUNCTION_MAX))
    median, p90 = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10]
    longest = max([f.last - f.first + 1 for f in functions if f not in flat] or [0])
    if median > FUNCTION_MEDIAN:
        report.add(lines[0], "median function of %d lines, at most %d"
                   % (median, FUNCTION_MEDIAN))
    if p90 > FUNCTION_P90:
        report.add(lines[0], "one function in ten has %d lines or more, at most %d"
                   % (p90, FUNCTION_P90))
    return median, p90, longest


def check_nesting(lines, codes, functions, report):
    measured = [(i, depth) for f in functions for i, depth in depths(codes, f)]
    deep = [i for i, depth in measured if depth >= DEEP]
    part = share(len(deep), len(measured)) or 0
    if part >= DEEP_SHARE:
        for i in deep:
            report.add(lines[i], "nested %d deep or more, as %.1f %% of the lines are"
                       % (DEEP, 100 * part))
    return part


def share(part, whole):
    return part / whole if whole else None


def check_comments(lines, codes, top, border, report):
    api = share(sum(1 for l in lines[top:border] if l.comment),
                sum(1 for code in codes[top:border] if code.strip()))
    implementation = share(sum(1 for l in lines[border:] if l.comment and not l.code.strip()),
                           sum(1 for l in lines[border:] if l.code.strip()))
    low, high = IMPLEMENTATION_COMMENTS
    if api is not None and api < API_COMMENTS:
        report.add(lines[top], "API: %.2f comment lines per code line, at least %.2f"
                   % (api, API_COMMENTS))
    if implementation is not None and not low <= implementation <= high:
        report.add(lines[border], "implementation: %.2f comment lines per code line, must be"
                   " %.2f to %.2f" % (implementation, low, high))
    return api, implementation


def check_words(lines, codes, border, functions, sections, report):
    """What a library does not do. Returns the number of type switches outside the tables."""
    function_at, section_at = {}, {}
    for f in functions:
        function_at.update((i, f.name) for i in range(f.first, f.last + 1))
    for tag, first, last in sections:
        title = lines[first].text
        section_at.update((i, (tag, title)) for i in range(first, last))
    switches = 0
    for i in range(border, len(lines)):
        code = codes[i]
        tag, title = section_at.get(i, ("", ""))
        prints = function_at.get(i, "").startswith("dfq__put") or "dfq__put" in code
        if ENDS.search(code):
            report.add(lines[i], "a library does not end the program")
        if PRINTS.search(code):
            report.add(lines[i], "a library prints only to a FILE that the user passed")
        elif STREAMS.search(code) and not prints and tag not in SYSTEM:
            report.add(lines[i], "write to a FILE only in dfq__put..., or in sections "
                       + " and ".join(SYSTEM))
        if re.search(r"\berrno\b", code) and tag not in SYSTEM:
            report.add(lines[i], "errno belongs in sections " + " and ".join(SYSTEM))
        if re.search(r"\bdfq\w*_t\b", code):
            report.add(lines[i], "names do not end in _t")
        if TYPE_SWITCH.search(code) and not TYPE_TABLES.search(title):
            switches += 1
    return switches


# ---- size and the ratchet --------------------------------------------------------------------


def chapter_lines(lines, border):
    """(chapter, lines), in order. What stands before the first mark belongs to chapter 0."""
    starts = [(0, border)] + [(int(n), i) for n, i in matches(CHAPTER, lines)]
    chapters = collections.Counter()
    for (n, i), (_, end) in zip(starts, starts[1:] + [(0, len(lines))]):
        chapters[n] += end - i
    return sorted(chapters.items())


def compile_chapter(header, chapter):
    """(bytes of code and constants, seconds) up to a chapter; None if it does not compile."""
    compiler, size = shutil.which("gcc") or shutil.which("cc"), shutil.which("size")
    if not compiler or not size:
        return None
    with tempfile.TemporaryDirectory() as directory:
        target = os.path.join(directory, "dfq.o")
        command = [compiler, "-std=c11", "-O2", "-w", "-DDFQ_IMPLEMENTATION",
                   "-DDFQ_CHAPTER=%d" % chapter, "-x", "c", "-c", header, "-o", target]
        start = time.time()
        if subprocess.call(command, stderr=subprocess.DEVNULL) != 0:
            return None
        seconds = time.time() - start
        table = subprocess.check_output([size, target], universal_newlines=True).split("\n")
        text, data = table[1].split()[:2]
        return int(text) + int(data), seconds


def measure_chapters(header, chapters):
    """(chapter, lines, bytes, seconds) that each adds, None where unknown; and the totals."""
    rows, before = [], (0, 0.0)
    for n, count in chapters:
        measured = compile_chapter(header, n)
        if measured is None:
            return rows + [(m, k, None, None) for m, k in chapters[len(rows):]], (None, None)
        rows.append((n, count, measured[0] - before[0], max(measured[1] - before[1], 0.0)))
        before = measured
    return rows, before


def load_ratchet():
    if not os.path.isfile(RATCHET):
        return {}
    with open(RATCHET) as f:
        return json.load(f)


def check_ratchet(measured, limits, header_line, report):
    for key, value in measured.items():
        if value is not None and value > limits.get(key, value):
            report.add(header_line, "%s: %d is past the ratchet of %d; make it smaller, or"
                       " raise it with `tools/check_style.py --ratchet` and say why"
                       % (key, value, limits[key]))


def store_ratchet(measured):
    limits = dict(load_ratchet(), **dict((k, v) for k, v in measured.items() if v is not None))
    for key, step in (("lines", 100), ("object_bytes", 8192)):   # 3 % of room, in round steps
        if measured[key] is not None:
            limits[key] = (measured[key] * 103 // 100 // step + 1) * step
    with open(RATCHET, "w") as f:
        json.dump(limits, f, indent=2, sort_keys=True)
        f.write("\n")
    print("stored in tools/ratchet.json: %s" % json.dumps(limits, sort_keys=True))


# ---- the whole -------------------------------------------------------------------------------


def print_summary(title, rows, border, chapters):
    def shown(value):
        return "unknown" if value is None else "%.2f" % value if type(value) is float else value

    print("%-36s %12s   %s" % (title, "measured", "limit"))
    for what, value, limit in rows:
        print("  %-34s %12s   %s" % (what, shown(value), shown(limit)))
    print("  %-10s %8s %14s %8s" % ("chapter", "lines", "object bytes", "seconds"))
    print("  %-10s %8d" % ("API", border))
    for n, count, size, seconds in chapters:
        print("  %-10d %8d %14s %8s" % (n, count, shown(size), shown(seconds)))


def check_header(path, report, options):
    inlined = []
    lines = split_comments(raw_lines(path, inlined)) or [Line(path, 1, "", "", False)]
    for file, number, part in inlined:
        report.violations.append('%s:%d: includes "%s", but the header must be one file'
                                 % (file, number, part))
    codes = without_macros(lines)
    functions = find_functions(lines, codes)
    border = next((i for i, l in enumerate(lines) if BORDER.match(l.text)), None)
    if border is None:
        report.add(lines[0], "no line `#ifdef DFQ_IMPLEMENTATION`")
        border = len(lines) - 1
    check_text(lines, report)
    top = check_top_comment(lines, report)
    sections = check_sections(lines, top, report)
    median, p90, longest = check_functions(lines, codes, functions, report)
    deep = check_nesting(lines, codes, functions, report)
    api, implementation = check_comments(lines, codes, top, border, report)
    switches = check_words(lines, codes, border, functions, sections, report)
    chapters, (size, seconds) = measure_chapters(path, chapter_lines(lines, border))
    measured = {"lines": len(lines), "object_bytes": size, "type_switches": switches}
    limits = load_ratchet()
    check_ratchet(measured, limits, lines[0], report)
    print_summary(lines[0].file, [
        ("lines", len(lines), limits.get("lines", "none stored")),
        ("object bytes at -O2", size, limits.get("object_bytes", "none stored")),
        ("switches over types, not in tables", switches,
         limits.get("type_switches", "none stored")),
        ("seconds to compile at -O2", seconds, ""),
        ("lines of the top comment", top, TOP_COMMENT),
        ("sections", len(sections), ""),
        ("longest section", max([end - i for _, i, end in sections] or [0]), SECTION),
        ("functions", len(functions), ""),
        ("median length", median, FUNCTION_MEDIAN),
        ("90th percentile", p90, FUNCTION_P90),
        ("longest that is no flat switch", longest, FUNCTION_MAX),
        ("share of lines nested %d deep" % DEEP, "%.1f %%" % (100 * deep),
         "%.1f %%" % (100 * DEEP_SHARE)),
        ("comments per code line, API", api, "%.2f, aim at 1.00" % API_COMMENTS),
        ("comments per code line, below it", implementation,
         "%.2f to %.2f, aim at 0.20 to 0.30" % IMPLEMENTATION_COMMENTS),
    ], border, chapters)
    if "--functions" in options:
        for f in sorted(functions, key=lambda f: f.first - f.last):
            first = lines[f.first]
            print("  %4d  %s:%d  %s" % (f.last - f.first + 1, first.file, first.number, f.name))
    if "--ratchet" in options:
        store_ratchet(measured)


def main(arguments):
    options = [a for a in arguments if a.startswith("--")]
    paths = [a for a in arguments if not a.startswith("--")]
    header = paths[0] if paths else os.path.join(ROOT, "dfq.h")
    if set(options) - {"--ratchet", "--functions"}:
        print(__doc__)
        return 2
    if not os.path.isfile(header):
        print("%s: not found" % header)
        return 1
    report = Report()
    check_header(os.path.abspath(header), report, options)
    for pattern in [] if paths else OTHERS:
        for path in sorted(glob.glob(os.path.join(ROOT, pattern))):
            check_text(split_comments(raw_lines(path, None)), report)
    for violation in report.violations:
        print(violation)
    print("%d violations" % len(report.violations))
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
