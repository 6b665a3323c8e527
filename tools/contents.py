#!/usr/bin/env python3
"""Writes the table of contents in dfq.h's top comment anew, from the sections' banners.

    tools/contents.py         then read the diff; tools/check_style.py checks that it is current
"""
import os
import re

HEADER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "dfq.h")
COLUMNS, INDENT = 96, 22
# What a chapter is called in the contents, by how its title begins.
CHAPTERS = [("the API", None), ("0 foundations", "CHAPTER 0"), ("1 rows", "CHAPTER 1"),
            ("2 expressions", "CHAPTER 2"), ("3 engine room", "CHAPTER 3"),
            ("4 hashing, order", "CHAPTER 4"), ("5 optimizer", "CHAPTER 5"),
            ("6 streaming", "CHAPTER 6"), ("the end", "THE END")]


def tags_by_chapter(lines):
    tags, chapter = {name: [] for name, _ in CHAPTERS}, CHAPTERS[0][0]
    for line in lines:
        for name, title in CHAPTERS[1:]:
            if line.startswith("// %s" % title):
                chapter = name
        banner = re.match(r"// ---- (>>[\w-]+): ", line)
        if banner:
            tags[chapter].append(banner.group(1))
    return tags


def contents(tags):
    for name, _ in CHAPTERS:
        line = "//   %-*s" % (INDENT - 6, name)
        for tag in tags[name]:
            if len(line) + 1 + len(tag) > COLUMNS:
                yield line
                line = "//" + " " * (INDENT - 3)
            line += " " + tag
        yield line


def main():
    with open(HEADER, encoding="utf-8") as file:
        lines = file.read().split("\n")
    end = next(i for i, line in enumerate(lines) if not line.startswith("//"))
    begin = next(i for i, line in enumerate(lines) if line.startswith("// CONTENTS")) + 1
    lines[begin:end] = contents(tags_by_chapter(lines[end:]))
    with open(HEADER, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


main()
