#!/bin/sh
# Runs each example and recipe and compares what it prints with its file in examples/expected,
# from the project's root and after `make examples`. With --update, stores what they print instead: look
# at the difference before it is committed.
#
# Times and bytes of explain analyze differ from run to run; they are left out on both sides.
set -u
without_times() {
  sed -E 's/ +[0-9]+\.[0-9]{3} +[0-9,]+ +([0-9,]+|-)$/  (ms)  (bytes)  \1/
          s/^[0-9]+\.[0-9]{3} ms in all$/(ms) in all/'
}

mkdir -p build/check/examples/recipes
failed=0
for expected in examples/expected/*.txt examples/expected/recipes/*.txt; do
  name=${expected#examples/expected/}
  name=${name%.txt}
  printed=build/check/examples/$name.txt
  "build/$name" >"$printed.raw" 2>&1 </dev/null
  status=$?
  without_times <"$printed.raw" >"$printed"
  [ "${1:-}" != --update ] || cp "$printed" "$expected"
  if [ "$status" -ne 0 ]; then
    echo "FAIL examples: build/$name ended with status $status"
    tail -n 5 "$printed"
    failed=1
  elif ! diff -u "$expected" "$printed"; then
    echo "FAIL examples: build/$name prints something else than $expected"
    failed=1
  fi
done

# The drills' own answers are right when they are given, and anything else is wrong.
for seed in 1 2 3 4 5 6 7 8; do
  raw=build/check/examples/drills
  build/drills --seed $seed --answers | sed -n 's/^ *answer: //p' >"$raw.answers"
  count=$(wc -l <"$raw.answers" | tr -d ' ')
  for word in '&' '& x'; do
    want=$count
    [ "$word" = '&' ] || want=0
    sed "s/.*/$word/" "$raw.answers" | build/drills --seed $seed >"$raw.judged"
    grep -q "^$want of $count right" "$raw.judged" && [ "$count" -gt 0 ] && continue
    echo "FAIL examples: build/drills --seed $seed takes $(tail -n 1 "$raw.judged"), not $want"
    failed=1
  done
done
exit "$failed"
