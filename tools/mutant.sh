#!/bin/sh
# Wrong engines, one for each trap of the book, and the tests that readers write against them.
# From the project's root; needs a C compiler and patch.
#
#   tools/mutant.sh 1.2           your test has to pass with dfq.h and to fail with the mutant
#   tools/mutant.sh --check       so do the tests of examples/solutions, for every mutant
#
# A mutant is a directory N.M-name of examples/mutants: mutant.diff, what is wrong in dfq.h;
# yours.c, the reader's test, which includes dfq.h with its implementation.
set -u
CC=${CC:-cc}
out=build/mutants
mkdir -p "$out"

# ran PROGRAM: how it ended. A crash or a run without an end counts as caught.
ran() { (ulimit -t 20; "$1" >"$out/log" 2>&1); }

# judge DIRECTORY TEST: says what came of it; true when the mutant is caught.
judge() {
  name=$(basename "$1")
  chapter=${name%%.*}
  mkdir -p "$out/$name"
  patch -s -f -o "$out/$name/dfq.h" dfq.h "$1/mutant.diff" >"$out/log" 2>&1 ||
    { echo "$name: mutant.diff does not fit dfq.h any more"; cat "$out/log"; return 1; }
  flags="-std=c11 -Wall -Wextra -O0 -g -DDFQ_CHAPTER=$chapter -Itests"
  "$CC" $flags -I. "$2" -o "$out/$name/right" -lm -pthread || return 1
  "$CC" $flags "-I$out/$name" "$2" -o "$out/$name/wrong" -lm -pthread || return 1
  ran "$out/$name/right" ||
    { echo "$name: the test fails with the right engine:"; cat "$out/log"; return 1; }
  ran "$out/$name/wrong" &&
    { echo "$name: not caught, the test passes with the wrong engine, too"; return 1; }
  echo "$name: caught"
}

command -v patch >/dev/null || { echo "needs patch: apt-get install patch"; exit 1; }
if [ "${1:-}" = --check ]; then
  for directory in examples/mutants/[0-9]*; do
    name=$(basename "$directory")
    judge "$directory" "examples/solutions/mutant-${name%%-*}.c" || exit 1
  done
  exit 0
fi

found=0 failed=0
for directory in examples/mutants/"${1:-none}"-* examples/mutants/"${1:-none}".*-*; do
  [ -d "$directory" ] || continue
  found=1
  judge "$directory" "$directory/yours.c" || failed=1
done
if [ $found = 0 ]; then
  echo "make mutant N=1.2. There are:"
  ls examples/mutants | grep '^[0-9]'
  exit 1
fi
exit $failed
