#!/usr/bin/env python3
"""Three static analysers over dfq.h: make analyze [TOOL=gcc|tidy|cppcheck] [TIDY=clang-tidy]

What a tool says is a finding, unless tools/analyze.txt has a line for it: the tool, the check, the
function it is in (* for all), and the reason why it is none. A line that fits nothing any more is
a finding, too. Ends with a line for each tool; fails when something is left.

gcc and clang-tidy follow paths from function to function, for which the whole header is too much
(20 GB were not enough). They get it in pieces: each has the bodies of some sections, and of all
other functions the declaration alone.
"""
import collections
import concurrent.futures
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADER = os.path.join(ROOT, "dfq.h")
SETTINGS = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
PIECE = 1500        # lines of bodies, about: 5 to 20 seconds, a gigabyte
MEMORY = 6 << 30    # bytes that a tool may have

CHECKS = ("-*,bugprone-*,cert-*,clang-analyzer-*,misc-*,performance-*,portability-*,"
          # Advice for another language or library, or about looks:
          "-bugprone-easily-swappable-parameters,-misc-no-recursion,"
          "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling")
START = re.compile(r"(?:DFQ__[A-Z]+(?:\([^)]*\))?\s+)*(?:static|DFQ_API)\b")
NAME = re.compile(r"(\w+)\)?\(")
FINDING = re.compile(r"[^:\n]*:(\d+):\d+: (?:warning|error|portability|performance|style): (.*)"
                     r" \[(?:CWE-\d+\] \[-W)?([\w.,-]+)\]$")


def functions(lines):
    """(first line, line of the brace, last line, name) of each function that is written out."""
    i = 0
    while i < len(lines):
        j = i
        if not START.match(lines[i]) or lines[i].rstrip().endswith("\\"):
            i += 1
            continue
        while "{" not in lines[j] and ";" not in lines[j]:
            j += 1
        head = "\n".join(lines[i:j + 1]).split("{")[0].rstrip()
        name = NAME.search(re.sub(r"DFQ__FORMAT\(\d\)", "", head))
        if "=" in head or ";" in head or not head.endswith(")") or "{" not in lines[j]:
            i = j + 1
            continue
        last = j
        one = lines[j].split("//")[0].rstrip().endswith("}")
        while not one and not lines[last].startswith("}"):
            last += 1
        yield i, j, last, name[1]
        i = last + 1


def pieces(lines):
    """The header, again and again, each time with the bodies of other sections."""
    part, parts, size = [], [], 0
    for f in functions(lines):
        banner = part and any(t.startswith("// ---- >>") for t in lines[part[-1][2]:f[0]])
        if banner and size > PIECE:
            parts.append(part)
            part, size = [], 0
        part.append(f)
        size += f[2] - f[0] + 1
    parts.append(part)
    everything = [f for p in parts for f in p]
    for part in parts:
        kept, text = {f[0] for f in part}, list(lines)
        for first, brace, last, _ in everything:
            if first in kept:
                continue
            head = "\n".join(lines[first:brace + 1]).split("{")[0].rstrip() + ";"
            text[first:last + 1] = head.split("\n") + [""] * (last - brace)
        # What is only declared cannot be inlined, not even always.
        yield "\n".join(text).replace("inline __attribute__((always_inline))", "inline")


def run(command):
    def limits():
        os.nice(5)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    p = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, preexec_fn=limits)
    return p.returncode, p.stdout + p.stderr


def each_piece(command, behind=()):
    lines = open(HEADER, encoding="utf-8").read().split("\n")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, text in enumerate(pieces(lines)):
            paths.append(os.path.join(folder, "piece%d.h" % i))
            with open(paths[-1], "w", encoding="utf-8") as f:
                f.write(text)
        with concurrent.futures.ThreadPoolExecutor(int(SETTINGS.get("JOBS", "1"))) as pool:
            found = list(pool.map(lambda path: run([*command, path, *behind]), paths))
    for _, text in found:
        if re.search(r"^\S+:\d+:\d+: error: ", text, re.M):
            raise SystemExit("analyze: a piece of dfq.h does not compile:\n" + text)
    return found


def gcc():
    return each_piece(["gcc", "-std=c11", "-O0", "-fanalyzer", "-fdiagnostics-plain-output",
                       "-fdiagnostics-path-format=none", "-Wno-unused-function", "-S",
                       "-DDFQ_IMPLEMENTATION", "-x", "c", "-o", "/dev/null"])


def tidy():
    # A piece is the main file: of what is included the analyser follows no path.
    return each_piece([SETTINGS.get("TIDY", "clang-tidy"), "--quiet", "--checks=" + CHECKS],
                      ["--", "-x", "c", "-std=c11", "-DDFQ_IMPLEMENTATION", "-w"])


def cppcheck():
    return [run(["cppcheck", "--quiet", "--std=c11", "--language=c", "--inline-suppr",
                 "--enable=warning,performance,portability", "--suppress=missingIncludeSystem",
                 "--template={file}:{line}:{column}: {severity}: {message} [{id}]",
                 "--template-location=", "-DDFQ_IMPLEMENTATION", "-D__GNUC__=12", "-D__x86_64__",
                 "-D__linux__", "-D__SSE2__", "dfq.h"])]


def excuses():
    """[tool, check, function, how often used] for each line of the list."""
    found = []
    for number, line in enumerate(open(os.path.join(ROOT, "tools", "analyze.txt"))):
        fields = line.split(None, 3)
        if not fields or fields[0] == "#":
            continue
        if len(fields) < 4:
            sys.exit("tools/analyze.txt:%d: no reason" % (number + 1))
        found.append(fields[:3] + [0])
    return found


def findings(results):
    """(line, check, message), each once."""
    found = collections.OrderedDict()
    for code, text in results:
        for line in text.split("\n"):
            m = FINDING.match(line.strip())
            if m:
                found[int(m[1]), m[3], m[2]] = True
        if code and not FINDING.search(text.replace("\n", " \n")) and "warning" not in text:
            found[0, "tool", "ended with %d: %s" % (code, text.strip()[-400:])] = True
    return list(found)


def main():
    lines = open(HEADER, encoding="utf-8").read().split("\n")
    spans = list(functions(lines))
    macro = re.compile(r"DFQ__[A-Z0-9_]+\((dfq__\w+),")

    def function(line):
        for first, _, last, name in spans:
            if first < line <= last + 1:
                return name
        m = macro.match(lines[line - 1]) if 0 < line <= len(lines) else None
        return m[1] if m else "-"

    bad, excused = 0, excuses()
    for tool in [SETTINGS["TOOL"]] if "TOOL" in SETTINGS else ["gcc", "tidy", "cppcheck"]:
        start, left, hidden = time.time(), 0, 0
        for line, check, message in findings({"gcc": gcc, "tidy": tidy, "cppcheck": cppcheck}[tool]()):
            where = function(line)
            fits = [e for e in excused if e[0] == tool and e[1] in check.split(",")
                    and e[2] in ("*", where)]
            for e in fits:
                e[3] += 1
            hidden += bool(fits)
            if not fits:
                left += 1
                print("dfq.h:%d: %s: %s [%s %s]" % (line, where, message, tool, check))
        for e in excused:
            if e[0] == tool and not e[3]:
                left += 1
                print("tools/analyze.txt: nothing to excuse: %s" % " ".join(e[:3]))
        print("%-8s  %d findings, %d excused, %d s" % (tool, left, hidden, time.time() - start))
        bad += left
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
