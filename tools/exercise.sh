#!/bin/sh
# The book's exercises, from the project's root. A C compiler is all they need.
#
#   tools/exercise.sh 1           tries what stands in the files yours.c of chapter 1's exercises
#   tools/exercise.sh 1.2         the same for one exercise
#   tools/exercise.sh 1.2 hint 1  its first hint, of three
#   tools/exercise.sh --check     each exercise fails as it is given out, and passes with its
#                                 solution; works on the state of the last commit of yours.c
#
# An exercise is a directory N.M-name of examples/exercises: yours.c, which the reader completes;
# test.c, which includes YOURS and has the tests; hints.txt. The engine is built up to chapter N.
set -u
CC=${CC:-cc}
out=build/exercises
mkdir -p "$out"

# The engine up to a chapter, compiled once: for tests that do not look inside it.
engine() {
  object=$out/engine-$1.o
  [ "$object" -nt dfq.h ] && return 0
  printf '#define DFQ_IMPLEMENTATION\n#include "dfq.h"\n' >"$out/engine.c"
  "$CC" -std=c11 -O0 "-DDFQ_CHAPTER=$1" -I. -c "$out/engine.c" -o "$object"
}

# build DIRECTORY YOURS PROGRAM: compiles an exercise with somebody's part of it.
build() {
  chapter=$(basename "$1" | sed 's/\..*//')
  object=
  if grep -q dfq.h "$1/test.c" && ! grep -q DFQ_IMPLEMENTATION "$1/test.c"; then
    engine "$chapter" || return 1
    object=$out/engine-$chapter.o
  fi
  "$CC" -std=c11 -Wall -Wextra -g "-DDFQ_CHAPTER=$chapter" "-DYOURS=\"$2\"" -I. -Itests \
    "$1/test.c" $object -o "$3" -lm -pthread
}

try() {
  name=$(basename "$1")
  echo "== $name: $1/yours.c"
  build "$1" "$PWD/$1/yours.c" "$out/$name" || return 1
  "$out/$name" && return 0
  echo "   a hint: make exercise N=${name%%-*} HINT=1"
  return 1
}

hint() {
  awk -v n="$2" '/^[0-9]+:/ { on = ($0 ~ "^" n ":") } on' "$1/hints.txt"
}

# As it is given out, an exercise compiles and at least one of its tests fails.
check() {
  name=$(basename "$1")
  solution=examples/solutions/${name%%-*}.c
  [ -f "$solution" ] || { echo "FAIL $name: there is no $solution"; return 1; }
  for hint in 1 2 3; do
    grep -q "^$hint: " "$1/hints.txt" || { echo "FAIL $name: no hint $hint"; return 1; }
  done
  build "$1" "$PWD/$1/yours.c" "$out/$name" 2>"$out/log" &&
    build "$1" "$PWD/$solution" "$out/$name-solved" 2>>"$out/log" ||
    { echo "FAIL $name: does not compile"; cat "$out/log"; return 1; }
  [ -s "$out/log" ] && { echo "FAIL $name: warnings"; cat "$out/log"; return 1; }
  "$out/$name" >"$out/log" 2>&1 && { echo "FAIL $name: passes without a solution"; return 1; }
  "$out/$name-solved" >"$out/log" 2>&1 ||
    { echo "FAIL $name: its solution fails"; cat "$out/log"; return 1; }
}

if [ "${1:-}" = --check ]; then
  count=0
  for directory in examples/exercises/[0-9]*; do
    check "$directory" || exit 1
    count=$((count + 1))
  done
  echo "$count exercises"
  exit 0
fi

found=0 failed=0
for directory in examples/exercises/"${1:-none}"-* examples/exercises/"${1:-none}".*-*; do
  [ -d "$directory" ] || continue
  found=1
  if [ "${2:-}" = hint ]; then hint "$directory" "${3:-1}"; continue; fi
  try "$directory" || failed=1
done
if [ $found = 0 ]; then
  echo "make exercise N=1 for a chapter's, N=1.2 for one. There are:"
  ls examples/exercises | grep '^[0-9]'
  exit 1
fi
exit $failed
