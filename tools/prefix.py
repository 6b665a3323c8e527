#!/usr/bin/env python3
"""The header under another name: python3 tools/prefix.py NAME [dfq.h] > NAME.h

Every name of it, public or private, function, type or macro, begins with NAME_ or NAME__ (and
constants with NAME in capitals) instead of dfq: so two versions of the engine can be linked into
one program, or one included beside the other. What stands in quotes stays: messages say dfq, and
files are the same. examples/consumers/two-versions is a program that does so.
"""
import os
import re
import sys

# Texts and single characters stay as they are. Comments are matched for the sake of their quotes
# and apostrophes; the names in them are changed, too, but not the word dfq, nor .dfq of files.
TOKEN = re.compile(r'''(?P<comment>//[^\n]*|/\*.*?\*/)
                     | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
                     | (?P<include>\#[ ]*include[^\n]*)
                     | (?P<name>[A-Za-z_][A-Za-z_0-9]*)''', re.S | re.X)
OURS = re.compile(r"\b(dfq|DFQ)(?=_|$)")
NAMED = re.compile(r"\b(dfq|DFQ)(?=_| \*)")


def renamed(source, name):
    def one(m):
        if m["text"] or m["include"]:
            return m.group()
        ours = NAMED if m["comment"] else OURS
        return ours.sub(lambda at: name if at[1] == "dfq" else name.upper(), m.group())

    return TOKEN.sub(one, source)


def main():
    header = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "dfq.h")
    if not 2 <= len(sys.argv) <= 3 or not re.fullmatch(r"[a-z][a-z0-9_]*", sys.argv[1]):
        sys.exit(__doc__.split("\n\n")[0] + "\nNAME: small letters, digits and _")
    with open(sys.argv[2] if len(sys.argv) == 3 else header, encoding="utf-8") as f:
        print(renamed(f.read(), sys.argv[1]), end="")


if __name__ == "__main__":
    main()
