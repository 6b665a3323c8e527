#!/bin/sh
# One check by its name: sh tools/check_headers.sh NAME, from the project's root. `make check`
# runs them all. Each works in build/check/NAME, prints one line when all is well, and else the
# command that failed and what it said.
#
#   style       tools/check_style.py: sizes, comments, banners, and the ratchet
#   api         the declarations alone: C99 to gnu17, C++11 to C++20; included twice; after others
#   c11         the implementation as C11: gcc and clang, all warnings, with and without asserts;
#               flags that change what floats are, -ffast-math and x87, are refused
#   cpp         the implementation inside a C++11 file, and read as C++20: g++ and clang++; C++
#               calling a C object
#   chapter-N   the header cut after chapter N, and the tests of what is left, with fewer random
#               plans than make test, which runs those of the whole
#   switches    each DFQ_NO_*, alone and all together; DFQ_NO_THREADS asks for no thread library
#   units       two files include the header, one holds the implementation
#   static      two files of one program each hold a DFQ_STATIC copy
#   names       no symbol or macro outside the prefix, no writable global data
#   programs    tests, examples and benchmarks under every warning
#   examples    tools/check_examples.sh: each example prints what is expected
#   random      a few hundred random pipelines, compared with SQLite (make compare-random: more)
#   exercises   each of the book's fails as it is given out and passes with its solution
#   mutants     each of the book's wrong engines fails the test in examples/solutions
#   tsan        tests/threads.c under a sanitizer of threads, in short (make tsan: all tests)
#   fuzz        the inputs of each target in fuzz/, and mutations of them, under sanitizers
#   man         docs/dfq.1 names the options, the exit codes and the version that the program has
#   consumers   make install and uninstall; the programs of examples/consumers, by each build
#               system that is installed: the line at the end names those that are not
#   docs        tools/check_docs.py: code, output, tags and links of the pages are those of today
set -eu
name=$1
out=build/check/$name
mkdir -p "$out"

both='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align'
both="$both -Wundef -Werror"
c_warnings="$both -Wstrict-prototypes -Wmissing-prototypes"
cpp_warnings='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror'
libs='-lm -pthread'

fail() { echo "FAIL $name: $*"; exit 1; }

need() {
  for tool; do
    command -v "$tool" >/dev/null 2>&1 ||
      fail "needs $tool, which is not installed: apt-get install gcc g++ clang binutils python3 patch"
  done
}

# try WHAT COMMAND...: says nothing when the command works, everything when not.
try() {
  what=$1
  shift
  if "$@" >"$out/log" 2>&1; then return 0; fi
  echo "FAIL $name: $what"
  echo "  $*"
  cat "$out/log"
  exit 1
}

c() { compiler=$1; shift; try "$compiler $*" "$compiler" -std=c11 $c_warnings -I. "$@"; }
cpp() { compiler=$1; shift; try "$compiler $*" "$compiler" -std=c++11 $cpp_warnings -I. "$@"; }

# The sources that the checks compile, in $out.
implementation() { printf '#define DFQ_IMPLEMENTATION\n#include "dfq.h"\n'; }
user() {
  printf '#include "dfq.h"\n\nint main(void) {\n'
  printf '  dfq *db = dfq_open(NULL);\n  int opened = db != NULL;\n  dfq_close(db);\n'
  printf '  return !opened;\n}\n'
}

# The switches that the top comment lists, and those that the code asks for.
switches() { sed -n 's/^\/\/   \(DFQ_NO_[A-Z_]*\) .*/\1/p' dfq.h | sort -u; }
asked() {
  grep -E '^ *# *(el)?if' dfq.h | grep -o 'DFQ_NO_[A-Z_]*' | sort -u
}

# Declarations leave a translation unit without code, so each source has a main.
check_api() {
  need gcc g++ clang clang++
  user >"$out/user.c"
  { echo '#include <stdio.h>'; echo '#include "dfq.h"'; user; } >"$out/twice.c"
  cp "$out/twice.c" "$out/twice.cpp"
  for compiler in gcc clang; do
    for standard in c99 c11 gnu11 gnu17; do
      c "$compiler" "-std=$standard" -c "$out/user.c" -o "$out/user.o"
      c "$compiler" "-std=$standard" -c "$out/twice.c" -o "$out/user.o"
    done
  done
  for compiler in g++ clang++; do
    for standard in c++11 c++14 c++17 c++20; do
      cpp "$compiler" "-std=$standard" -c "$out/twice.cpp" -o "$out/user.o"
    done
  done
}

check_c11() {
  need gcc clang
  implementation >"$out/implementation.c"
  # A program that already uses the standard library, in the compilers' own default dialect.
  { printf '#include <stdio.h>\n#include <math.h>\n#include "dfq.h"\n'
    implementation; echo '#include "dfq.h"'; } >"$out/late.c"
  for compiler in gcc clang; do
    c "$compiler" -O2 -c "$out/implementation.c" -o "$out/$compiler.o"
    c "$compiler" -O2 -DNDEBUG -c "$out/implementation.c" -o "$out/$compiler.o"
    c "$compiler" -std=gnu11 -O0 -c "$out/late.c" -o "$out/$compiler.o"
    refused "$compiler" -ffast-math
    refused "$compiler" -ffinite-math-only
  done
  case $(uname -m) in x86_64 | i?86) refused gcc -mfpmath=387 ;; esac
}

# By the header's own words, not because a compiler does not know the flag.
refused() {
  "$1" "$2" -std=gnu11 -fsyntax-only -I. "$out/implementation.c" >"$out/log" 2>&1 &&
    fail "$1 $2 is not refused"
  grep -q 'error.*dfq: ' "$out/log" || fail "$1 $2 is refused by something else"
}

check_cpp() {
  need gcc g++ clang++
  implementation >"$out/implementation.cpp"
  implementation >"$out/implementation.c"
  user >"$out/user.cpp"
  for compiler in g++ clang++; do
    cpp "$compiler" -O1 -c "$out/implementation.cpp" -o "$out/cpp.o"
    cpp "$compiler" -std=c++20 -fsyntax-only "$out/implementation.cpp"
    cpp "$compiler" -c "$out/user.cpp" -o "$out/user.o"
    cpp "$compiler" "$out/cpp.o" "$out/user.o" -o "$out/program" $libs
    try "a C++ program" "$out/program"
  done
  c gcc -c "$out/implementation.c" -o "$out/c.o"
  cpp g++ "$out/c.o" "$out/user.cpp" -o "$out/program" $libs
  try "a C++ program over a C object" "$out/program"
  printf '#include "tests/test.h"\nint main() { return test_summary(); }\n' >"$out/harness.cpp"
  cpp g++ -c "$out/harness.cpp" -o "$out/harness.o"
}

check_chapter() {
  need gcc clang
  implementation >"$out/implementation.c"
  for compiler in gcc clang; do
    c "$compiler" "-DDFQ_CHAPTER=$1" -c "$out/implementation.c" -o "$out/$compiler.o"
  done
  [ "$1" -lt 6 ] || return 0
  c gcc "-DDFQ_CHAPTER=$1" -O0 -g tests/all.c -o "$out/tests" $libs
  try "the tests up to chapter $1" env "DFQ_PLANS=${DFQ_PLANS:-50}" "$out/tests"
  note=", $(tail -n 1 "$out/log")"
}

check_switches() {
  need gcc
  implementation >"$out/implementation.c"
  { implementation; user; } >"$out/program.c"
  all=
  for switch in $(switches); do
    c gcc "-D$switch" -c "$out/implementation.c" -o "$out/alone.o"
    all="$all -D$switch"
  done
  [ "$(switches)" = "$(asked)" ] ||
    fail "the top comment lists" $(switches) "but the code asks for" $(asked)
  c gcc $all -c "$out/implementation.c" -o "$out/all.o"
  case $all in *DFQ_NO_THREADS*)
    nm -u "$out/all.o" | grep pthread_ >"$out/log" && fail "threads in spite of DFQ_NO_THREADS"
  esac
  c gcc $all "$out/program.c" -o "$out/program" -lm
  try "a program with$all" "$out/program"
  note=",$all"
}

check_units() {
  need gcc clang
  implementation >"$out/one.c"
  user >"$out/two.c"
  for compiler in gcc clang; do
    c "$compiler" "$out/one.c" "$out/two.c" -o "$out/program" $libs
    try "the program" "$out/program"
  done
}

check_static() {
  need gcc clang
  { echo '#define DFQ_STATIC'; implementation; user; } >"$out/one.c"
  { echo '#define DFQ_STATIC'; implementation; echo 'int dfq_second(void);'
    user | sed 's/int main/int dfq_second/'; } >"$out/two.c"
  for compiler in gcc clang; do
    c "$compiler" -c "$out/one.c" -o "$out/one.o"
    c "$compiler" -c "$out/two.c" -o "$out/two.o"
    c "$compiler" "$out/one.o" "$out/two.o" -o "$out/program" $libs
    try "the program" "$out/program"
  done
  nm -g --defined-only "$out/one.o" | awk '$3 != "main" { print "  " $3 }' >"$out/log"
  [ ! -s "$out/log" ] || fail "exported in spite of DFQ_STATIC:" $(cat "$out/log")
}

# Macros that are defined in the header itself and still are at its end.
leaked_macros() {
  gcc -std=c11 -I. -E -dD "$1" | awk '
    /^# [0-9]+ "/ { own = $3 !~ /^"(<|\/usr\/)/ && $0 !~ / 3( 4)?$/; next }
    /^#define / && own { split($2, part, "("); defined[part[1]] = 1 }
    /^#undef /  { delete defined[$2] }
    END { for (macro in defined) print macro }' |
    grep -Ev '^(DFQ_|dfq_|ARROW_(C_|FLAG_)|_(GNU|DEFAULT|DARWIN_C|POSIX_C)_SOURCE$|_FILE_OFFSET_BITS$)' | sort
}

check_names() {
  need gcc nm objdump
  echo '#include "dfq.h"' >"$out/api.c"
  implementation >"$out/implementation.c"
  c gcc -O0 -c "$out/implementation.c" -o "$out/implementation.o"
  nm -g --defined-only "$out/implementation.o" | awk '$3 !~ /^_?dfq_/ { print $3 }' >"$out/log"
  [ ! -s "$out/log" ] || fail "external symbols outside dfq_:" $(cat "$out/log")
  nm --defined-only "$out/implementation.o" |
    awk '$2 == "t" && $3 !~ /^_?dfq_/ { print $3 }' >"$out/log"
  [ ! -s "$out/log" ] || fail "functions outside dfq_:" $(cat "$out/log")
  # .data.rel.ro holds constants with addresses in them; the linker makes it read-only.
  objdump -t "$out/implementation.o" |
    awk 'NF > 4 && $(NF-2) ~ /^(\.t?data|\.t?bss|\*COM\*)/ && $NF !~ /^\./ &&
         $(NF-2) !~ /^\.data\.rel\.ro/ { print $NF }' >"$out/log"
  [ ! -s "$out/log" ] || fail "writable global data:" $(cat "$out/log")
  for source in api implementation; do
    leaked_macros "$out/$source.c" >"$out/log"
    [ ! -s "$out/log" ] || fail "macros outside DFQ_ and dfq_ ($source):" $(cat "$out/log")
  done
}

check_programs() {
  need gcc g++
  for source in tests/all.c examples/*.c examples/recipes/*.c bench/*.c fuzz/all.c; do
    [ ! -f "$source" ] || c gcc -O0 -c "$source" -o "$out/program.o"
  done
  for source in examples/recipes/*.cpp; do cpp g++ -O0 -c "$source" -o "$out/program.o"; done
}

check_random() {
  need gcc python3
  c gcc -O0 tools/compare_random.c -o build/compare_random $libs
  try "random pipelines" python3 tools/compare_random.py CASES=500 DUCK=0
  note=", $(grep compared "$out/log")"
}

# What fails is in $out/TARGET. DFQ_FUZZ: how many mutations, if not 2,000 for each target.
check_fuzz() {
  need gcc
  sanitize='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover'
  implementation >"$out/engine.c"
  try "the engine" gcc -std=c11 $sanitize -I. -c "$out/engine.c" -o "$out/engine.o"
  c gcc $sanitize fuzz/all.c "$out/engine.o" -o "$out/replay" $libs
  try "a target; its input is in $out" "$out/replay" -n "${DFQ_FUZZ:-2000}" -k "$out"
  note=", $(awk '{ n += $2 + $4 } END { print n }' "$out/log") inputs"
}

# Without optimization: compiling takes longer than the tests. Some kernels place memory where
# the sanitizer wants its own, unless told not to; some containers forbid to tell them.
check_tsan() {
  need gcc
  fixed=
  ! setarch -R true 2>/dev/null || fixed='setarch -R'
  try "the tests" gcc -std=c11 -O0 -g -fsanitize=thread -I. tests/all.c -o "$out/tests" $libs
  try "the tests of threads" env "DFQ_PLANS=${DFQ_PLANS:-50}" $fixed "$out/tests" threads_
  note=", $(tail -n 1 "$out/log")"
}

# The page has each option in bold at the start of its entry; the help may name one anywhere.
check_man() {
  build/dfq --help >"$out/help"
  grep -oE -e "(^|[ [])--?[a-z][a-z-]*" "$out/help" | tr -d ' [' | sort -u >"$out/in-help"
  sed -n '/^\.TP/{n;s/\\-/-/g;s/^\.B[RI]* \(-[a-z-]*\).*/\1/p;}' docs/dfq.1 | sort -u >"$out/in-page"
  [ "$(wc -l <"$out/in-help")" -gt 20 ] || fail "found too few options in dfq --help"
  diff "$out/in-help" "$out/in-page" >"$out/log" ||
    fail "< is in dfq --help alone, > in docs/dfq.1:" $(grep '^[<>]' "$out/log")
  build/dfq --version >"$out/version"
  grep -q "^\.TH DFQ 1 .*\"$(cat "$out/version")\"" docs/dfq.1 ||
    fail "the first line of docs/dfq.1 is not of $(cat "$out/version")"
  sed -n '/^exit code/s/[^0-9]*\([0-9]\)[^0-9]*/\1 /gp' "$out/help" >"$out/codes"
  for code in $(cat "$out/codes"); do
    grep -qx "\.B $code" docs/dfq.1 || fail "docs/dfq.1 lacks exit code $code"
  done
  note=", $(wc -l <"$out/in-page" | tr -d ' ') options"
  if command -v groff >/dev/null 2>&1; then
    groff -man -Tascii -ww docs/dfq.1 >"$out/page" 2>"$out/log"
    [ ! -s "$out/log" ] || fail "groff says:" "$(cat "$out/log")"
  fi
}

# Says that a build system was tried, or is missing, for the line at the end.
tried= missing=
has() {
  if command -v "$1" >/dev/null 2>&1; then tried="$tried $1"; return 0; fi
  missing="$missing $1"
  return 1
}

consumer() {
  try "the consumer: $1" "$1"
  printf 'total  orders\n  i64     i64\n-----  ------\n  370       2\n1 row\n' >"$out/expected"
  diff "$out/expected" "$out/log" >"$out/difference" ||
    { cat "$out/difference"; fail "$1 printed something else"; }
}

# cmake_consumer FOLDER OPTIONS...
cmake_consumer() {
  folder=$1
  shift
  try "cmake in $folder" cmake -S "examples/consumers/$folder" -B "$out/$folder" "$@"
  try "cmake --build of $folder" cmake --build "$out/$folder"
  consumer "$out/$folder/consumer"
}

check_consumers() {
  need gcc make python3
  root=$PWD/$out
  rm -rf "$root"
  mkdir -p "$root/make" "$root/stage"
  try "make install" make -s install "PREFIX=$root/make"
  try "the installed program" "$root/make/bin/dfq" --version
  try "make install with DESTDIR" make -s install PREFIX=/usr "DESTDIR=$root/stage"
  for file in bin/dfq include/dfq.h share/pkgconfig/dfq.pc share/man/man1/dfq.1; do
    [ -f "$root/stage/usr/$file" ] || fail "make install left out $file"
  done
  grep -q "$root" "$root/stage/usr/share/pkgconfig/dfq.pc" && fail "DESTDIR is in dfq.pc"
  try "make uninstall" make -s uninstall PREFIX=/usr "DESTDIR=$root/stage"
  [ -z "$(find "$root/stage" -type f)" ] || fail "left behind:" $(find "$root/stage" -type f)
  consumers_versions
  consumers_pkg_config
  consumers_cmake
  consumers_meson
  consumers_managers
  note=",$tried${missing:+; not installed, so skipped:$missing}; conan, vcpkg: templates read, not run"
}

# The other version is this one with another number.
consumers_versions() {
  mkdir -p "$out/versions"
  sed 's/^\(#define DFQ_VERSION "\).*/\10.0.9"/' dfq.h >"$out/versions/dfq-0.0.9.h"
  try "the consumer of two versions" make -s -C examples/consumers/two-versions CC=gcc \
    "CFLAGS=-O0 -Wall -Wextra -Werror" "BUILD=$root/versions" "OLD=$root/versions/dfq-0.0.9.h"
  consumer "$out/versions/consumer"
  nm "$out/versions/old.o" | awk '$2 != "U" && $3 ~ /dfq/ { print $3 }' >"$out/log"
  [ ! -s "$out/log" ] || fail "tools/prefix.py leaves:" $(cat "$out/log")
}

consumers_pkg_config() {
  has pkg-config || return 0
  mkdir -p "$out/pkg-config"
  try "pkg-config's consumer" env "PKG_CONFIG_PATH=$root/make/share/pkgconfig" \
    make -s -C examples/consumers/pkg-config CC=gcc CFLAGS=-O0 "BUILD=$root/pkg-config"
  consumer "$out/pkg-config/consumer"
}

# The engine is compiled anew for each: without optimization, that it does not take long.
consumers_cmake() {
  has cmake || return 0
  try "cmake" cmake -S . -B "$out/build" -DCMAKE_C_FLAGS=-O0 "-DCMAKE_INSTALL_PREFIX=$root/cmake" \
    -DCMAKE_BUILD_TYPE=Debug
  try "cmake --build" cmake --build "$out/build"
  try "cmake --install" cmake --install "$out/build"
  try "the program that cmake installed" "$root/cmake/bin/dfq" --version
  cmake_consumer cmake "-DCMAKE_PREFIX_PATH=$root/cmake"
  cmake_consumer cmake-subdirectory
  cmake_consumer cmake-fetchcontent
}

# The project itself, and a copy of it as a subproject; dfq.pc must not be found on the way.
consumers_meson() {
  has meson || return 0
  mkdir -p "$out/meson-source/subprojects/dfq"
  cp -r examples/consumers/*.c "$out/meson-source"
  sed "s|'\.\./|'|g" examples/consumers/meson/meson.build >"$out/meson-source/meson.build"
  cp dfq.h meson.build meson_options.txt "$out/meson-source/subprojects/dfq"
  try "meson, a subproject" env PKG_CONFIG_PATH= meson setup --buildtype=plain "$out/meson-sub" \
    "$out/meson-source" --force-fallback-for=dfq
  try "ninja, a subproject" meson compile -C "$out/meson-sub"
  consumer "$out/meson-sub/consumer"
  try "meson" meson setup --buildtype=plain "--prefix=$root/meson" -Dcli=false "$out/meson-build"
  try "meson install" meson install -C "$out/meson-build"
  try "meson, installed" env "PKG_CONFIG_PATH=$root/meson/share/pkgconfig" \
    meson setup --buildtype=plain "$out/meson" examples/consumers/meson
  try "ninja, installed" meson compile -C "$out/meson"
  consumer "$out/meson/consumer"
}

# The templates of the package managers are not run: that would install into the user's own.
consumers_managers() {
  version=$(sed -n 's/^#define DFQ_VERSION "\(.*\)"$/\1/p' dfq.h)
  grep -q "\"version-semver\": \"$version\"" packaging/vcpkg/vcpkg.json ||
    fail "packaging/vcpkg/vcpkg.json is not of version $version"
  for file in packaging/vcpkg/vcpkg.json examples/consumers/cmake/vcpkg.json; do
    try "$file" python3 -m json.tool "$file"
  done
  grep -q "^## $version" CHANGELOG.md || fail "CHANGELOG.md has nothing on $version"
  try "conanfile.py" python3 -c 'import ast; ast.parse(open("packaging/conan/conanfile.py").read())'
}

note=
[ -f dfq.h ] || fail "no dfq.h here: run it from the project's root"
case $name in
  style) need python3; python3 tools/check_style.py || fail "see above" ;;
  examples) sh tools/check_examples.sh || fail "see above" ;;
  docs) need python3; python3 tools/check_docs.py || fail "see above" ;;
  exercises) CC=gcc sh tools/exercise.sh --check >"$out/log" || { cat "$out/log"; fail "see above"; }
             note=", $(tail -n 1 "$out/log")" ;;
  mutants) need patch
           CC=gcc sh tools/mutant.sh --check >"$out/log" || { cat "$out/log"; fail "see above"; }
           note=", $(grep -c caught "$out/log") caught" ;;
  chapter-*) check_chapter "${name#chapter-}" ;;
  api|c11|cpp|switches|units|static|names|programs|random|tsan|fuzz|man|consumers)
    "check_$name" ;;
  *) fail "no check of that name" ;;
esac
echo "ok   $name$note"
