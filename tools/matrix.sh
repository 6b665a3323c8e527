#!/bin/sh
# Compilers and platforms, as far as they are installed: sh tools/matrix.sh [NAME-PART] [full]
#
# Each row builds tools/compare_random.c, runs it on the platform (an emulator, wine, node), and
# compares what it says to random pipelines with SQLite. On foreign platforms all tests run, too
# (PLANS=3 random plans among them), and with `full` also for each compiler, standard and level.
# Prints a line for each row, with its seconds, and what to install for those left out. All of it
# takes about an hour on two idle cores, python3 and what the rows name; `full` three.
#
# Not all tests run everywhere: they count in 128 bits, which neither tcc nor gcc for 32 bits has;
# there it is the comparison alone. What a system has not (threads, pipes, links, a locale) the
# tests leave out themselves.
set -u
part=${1:-}
[ "$part" = full ] && { part=; set -- '' full; }
full=${2:-}
cases=${CASES:-100}
ONLY=${ONLY:-}
out=build/matrix
mkdir -p "$out"
good=0 bad=0 left=0 tests_run=0 compared=0
export WINEDEBUG=-all

# row NAME PACKAGE TOOL RUNNER TESTS COMPILER...: TESTS is - for no tests, full for those that
# wait for that word, else the tests are run.
row() {
  name=$1 package=$2 tool=$3 runner=$4 tests=$5 began=$(date +%s)
  shift 5
  case $name in *"$part"*) ;; *) return ;; esac
  for need in $tool; do
    if ! command -v "$need" >/dev/null 2>&1; then
      echo "none $name: apt-get install $package"
      left=$((left + 1))
      return
    fi
  done
  file=$out/$(echo "$name" | tr ' /+' '___')
  case $name in windows*) file=$file.exe ;; esac
  if ! "$@" -I. tools/compare_random.c -o "$file" $libs >"$file.log" 2>&1; then
    echo "FAIL $name: does not compile"
    grep -m 5 -E 'error|undefined' "$file.log"
    bad=$((bad + 1))
    return
  fi
  if ! DRIVER="$runner $file" python3 tools/compare_random.py CASES="$cases" DUCK=0 \
    >"$file.log" 2>&1; then
    echo "FAIL $name"
    head -40 "$file.log"
    bad=$((bad + 1))
    return
  fi
  note=$(sed -n 's/.* \([0-9]* compared, [0-9]* agreed\).*/\1/p' "$file.log")
  if [ "$tests" = yes ] || [ "$tests$full" = fullfull ]; then
    case $file in *.exe) program=${file%.exe}.tests.exe ;; *) program=$file.tests ;; esac
    "$@" -I. tests/all.c -o "$program" $libs $wide >"$file.log" 2>&1
    # An emulator keeps 280 KB of each thread that ever was: the tests go in parts.
    case $runner in qemu*) parts='1/8 2/8 3/8 4/8 5/8 6/8 7/8 8/8' ;; *) parts=1/1 ;; esac
    count=0
    for shard in $parts; do
      TEST_SHARD=$shard DFQ_PLANS=${PLANS:-3} $runner "$program" $ONLY >"$file.log" 2>&1 || {
        echo "FAIL $name: tests"; grep -A 6 FAIL "$file.log" | head -60; tail -n 2 "$file.log"
        bad=$((bad + 1)); return; }
      passed=$(sed -n 's/^\([0-9]*\) passed, 0 failed.*/\1/p' "$file.log" | tail -n 1)
      count=$((count + ${passed:-0}))
    done
    tests_run=$((tests_run + count))
    note="$note; tests: $count passed"
  fi
  compared=$((compared + cases))
  echo "ok   $name: $note; $(($(date +%s) - began)) s"
  good=$((good + 1))
}

# refused NAME COMPILER...: must not compile, by the header's own words.
refused() {
  name="$1 is refused"
  shift
  case $name in *"$part"*) ;; *) return ;; esac
  printf '#define DFQ_IMPLEMENTATION\n#include "dfq.h"\n' >"$out/refused.c"
  if ! "$@" -I. -fsyntax-only "$out/refused.c" >"$out/refused.log" 2>&1 &&
    grep -q 'error.*dfq: ' "$out/refused.log"; then
    echo "ok   $name"
    good=$((good + 1))
  else
    echo "FAIL $name"
    head -5 "$out/refused.log"
    bad=$((bad + 1))
  fi
}

wide=
libs='-lm -pthread'
for compiler in gcc clang; do
  for standard in c11 gnu17; do
    for level in 0 1 2 3; do
      row "$compiler $standard -O$level" "$compiler" "$compiler" '' full \
        "$compiler" "-std=$standard" "-O$level"
    done
  done
done
for compiler in g++ clang++; do
  for standard in c++11 c++14 c++17 c++20; do
    row "$compiler $standard" "$compiler" "$compiler" '' - \
      "$compiler" -w -x c++ "-std=$standard" -O1
  done
done
m32='-m32 -msse2 -mfpmath=sse -I/usr/include/x86_64-linux-gnu -std=gnu11'
if echo 'int main(void){return 0;}' | gcc -m32 -x c - -o "$out/probe" 2>/dev/null; then
  row 'gcc 32 bits' gcc-12-multilib gcc '' - gcc $m32 -O2
  wide=tools/wide32.c
  row 'clang 32 bits' 'clang gcc-12-multilib' clang '' yes clang $m32 -O1
  wide=
  refused 'gcc 32 bits, x87' gcc -m32 -I/usr/include/x86_64-linux-gnu -std=gnu11
else
  echo 'none gcc 32 bits, clang 32 bits: apt-get install gcc-12-multilib'
  left=$((left + 2))
fi
row 'musl' musl-tools musl-gcc '' yes musl-gcc -static -std=gnu11 -O2
row 'arm 64' 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user' \
  'aarch64-linux-gnu-gcc qemu-aarch64' qemu-aarch64 yes \
  aarch64-linux-gnu-gcc -static -std=gnu11 -O1
# In strict C11 floats are worked out as doubles there (FLT_EVAL_METHOD 1).
row 's390x, big-endian' 'gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user' \
  's390x-linux-gnu-gcc qemu-s390x' qemu-s390x yes \
  s390x-linux-gnu-gcc -static -std=c11 -D_GNU_SOURCE -O1
row 'windows, mingw-w64' 'gcc-mingw-w64-x86-64-win32 wine64 wine' \
  'x86_64-w64-mingw32-gcc wine' wine yes x86_64-w64-mingw32-gcc -std=gnu11 -O1 -static
libs='-lm'
row 'tcc' tcc tcc '' - tcc -std=c11 -DDFQ_NO_THREADS
libs='-lm -pthread'
switches=$(sed -n 's/^\/\/   \(DFQ_NO_[A-Z_]*\) .*/-D\1/p' dfq.h | sort -u)
for switch in $switches; do
  row "gcc $switch" gcc gcc '' - gcc -std=c11 -O1 "$switch"
done
row 'gcc all DFQ_NO' gcc gcc '' - gcc -std=c11 -O1 $switches
# Debian's 128-bit arithmetic for it was compiled with a stack protector, which nobody has.
printf '%s\n' '#include <stdint.h>' 'uintptr_t __stack_chk_guard = 1;' \
  'void __stack_chk_fail(void);' 'void __stack_chk_fail(void) { __builtin_trap(); }' >"$out/wasi.c"
libs="$out/wasi.c -lwasi-emulated-mman -lwasi-emulated-getpid -lc-printscan-long-double -Wl,-z,stack-size=8388608"
row 'webassembly, node' 'clang lld wasi-libc libclang-rt-14-dev-wasm32 nodejs' 'clang wasm-ld node' \
  'node --no-warnings tools/wasi.mjs' yes clang --target=wasm32-wasi -std=gnu11 -O1 \
  -DDFQ_NO_THREADS -D_WASI_EMULATED_MMAN -D_WASI_EMULATED_GETPID

refused 'gcc -ffast-math' gcc -ffast-math
refused 'clang -ffast-math' clang -ffast-math
refused 'gcc -mfpmath=387' gcc -mfpmath=387
echo "matrix: $good rows ok, $bad failed, $left not installed;" \
  "$tests_run tests passed, $compared pipelines compared"
[ "$bad" -eq 0 ]
