#!/bin/sh
# Runs each example that has a file in examples/expected and compares what it prints, from the
# project's root and after `make examples`. With --update, stores what they print instead: look
# at the difference before it is committed.
#
# Times and bytes of explain analyze differ from run to run; they are left out on both sides.
set -u
without_times() {
  sed -E 's/ +[0-9]+\.[0-9]{3} +[0-9,]+ +([0-9,]+|-)$/  (ms)  (bytes)  \1/
          s/^[0-9]+\.[0-9]{3} ms in all$/(ms) in all/'
}

mkdir -p build/check/examples
failed=0
for expected in examples/expected/*.txt; do
  name=$(basename "$expected" .txt)
  printed=build/check/examples/$name.txt
  "build/$name" >"$printed.raw" 2>&1
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
exit "$failed"
