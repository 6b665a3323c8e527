#!/bin/sh
# The micro-benchmarks of two revisions in turns: sh tools/bench_compare.sh REV [ROUNDS], from
# the project's root. REV's header is compiled with today's benchmarks, the working copy's too; a
# line for each case has the best time of each and their ratio: above 1 the working copy is
# slower. `make bench-compare REV=main`; ONLY=ch4 asks one program alone. A benchmark that asks
# for what REV has not yet is left out, and said to be.
set -eu
rev=$1
rounds=${2:-3}
out=build/bench/compare
rm -rf "$out"
mkdir -p "$out/old" "$out/new"
git show "$rev:dfq.h" >"$out/old/dfq.h"
cp dfq.h "$out/new/dfq.h"
cc="${CC:-cc} -O2 -std=c11"
for side in old new; do
  $cc -DDFQ_IMPLEMENTATION -x c -c "$out/$side/dfq.h" -o "$out/$side/dfq.o"
  for bench in bench/${ONLY:-ch}*.c; do
    name=$(basename "$bench" .c)
    $cc -I"$out/$side" -Ibench "$bench" "$out/$side/dfq.o" -o "$out/$side/$name" -lm -pthread
  done
done
i=0
while [ "$i" -lt "$rounds" ]; do
  for bench in "$out"/new/ch*; do
    name=$(basename "$bench")
    for side in old new; do
      "$out/$side/$name" >>"$out/$side/log" || echo "left out for $side: the rest of $name"
    done
  done
  i=$((i + 1))
done
# A case is a line "  name   best median spread% ns"; the title above it tells equal names apart.
best() {
  awk '/best ms/ { title = $0; sub(/ +best ms.*/, "", title) }
       match($0, / +[0-9.]+ +[0-9.]+ +[0-9]+% +[0-9.]+$/) {
         name = title ": " substr($0, 3, RSTART - 3); split(substr($0, RSTART), n, " +")
         if (!(name in least)) order[++count] = name
         if (!(name in least) || n[2] + 0 < least[name]) least[name] = n[2] + 0 }
       END { for (i = 1; i <= count; i++) print order[i] "\t" least[order[i]] }' "$1"
}
best "$out/old/log" >"$out/old/best"
best "$out/new/log" >"$out/new/best"
printf '%-56s %10s %10s %6s\n' "best of $rounds rounds, ms" "$rev" now ratio
awk -F '\t' 'NR == FNR { old[$1] = $2; next }
  $1 in old { printf "%-56s %10.2f %10.2f %6.2f\n", $1, old[$1], $2, $2 / old[$1] }' \
  "$out/old/best" "$out/new/best"
