# make run     the interlude: a two-file pipeline planned, optimized, explained and answered
# make test    every test, with address and undefined-behaviour sanitizers if the compiler can
# make check   the house rules: style, every way to build the header, every chapter on its own
# make bench   the micro-benchmarks; make suites builds those with data: bench/README.md
# make bench-compare REV=...   the micro-benchmarks of a revision and of the working copy
# make tpch DIR=...   the 22 queries of examples/tpch over tables made by the official generator
# make recipes   the programs of one page in examples/recipes, into build/recipes
# make exercise N=1.2   the book's exercises: tries yours; with HINT=1 .. 3 a hint
# make mutant N=1.2   a wrong engine, against the test that you have written for it
# make book          the book as a site, in build/book/site; make book-pdf prints it
# make fuzz TIME=60 [TARGET=csv]   libFuzzer on each target of fuzz/, so many seconds each
# make install   header, dfq.pc, dfq and its page into PREFIX=/usr/local, below DESTDIR
# make uninstall   the same four away again, with the same PREFIX and DESTDIR
# make clean   removes build/, where all of these write
# make faults   whatever can fail fails once, and from then on: memory, files, budgets, cancel
# make tsan [SHARD=1/4] [ONLY=threads]   the tests under a sanitizer of threads: 15 minutes in all
# make arithmetic   tests/arithmetic.c in its long form: numbers against exact arithmetic
# make coverage   the lines and branches of dfq.h that the tests reach; fails below 95 % of lines
# make integers [SHARD=1/4] [ONLY=csv]   the tests, ended by an unsigned number that wraps, or is cut: clang
# make valgrind [SHARD=1/20] [LONG=1]   a twentieth of the tests, SHARD's part, or all, under memcheck
# make msan [SHARD=1/4] [ONLY=csv]   the tests, ended by what depends on memory not written: clang
# make analyze [TOOL=gcc]   gcc -fanalyzer, clang-tidy and cppcheck: 10 minutes, 2 GB
# make matrix   compilers and platforms, as far as installed: sh tools/matrix.sh NAME-PART, full
# make trust [LONG=1] [ONLY=tests,fuzzing]   all of these in their short or long form, as a table;
#   SEEN=FILES: the table of what make check and make test have printed into them, as in .ci/run
# make compare-functions   how many results agree with SQLite's and DuckDB's
# make compare-arrow   tables of all types through DuckDB, as Arrow streams, and back
# make compare-random CASES=20000 SEED=1 [MASKED=1] [DRAWN=1]   random pipelines, as SQL also for
#   SQLite and DuckDB; what is left out and why; how often each stage and function was drawn
# make bench-peers   the suites, DuckDB, Polars, data.table, SQLite in turns: bench/README.md
# make bench-csv   a CSV file of 500 MB: load, group, count, filter, next to the peers
# make prices   the benchmarks, and their ratios into the book: on a machine that has nothing else to do
# make expected   stores what the examples print now, in examples/expected and in the pages
#
# fuzz needs clang and its libraries: apt-get install clang libclang-rt-14-dev
# run, test, bench and suites need a C compiler and make. check also needs gcc, g++, clang,
# binutils, python3 and patch; compare-functions, tpch and bench-peers python3, the last one npm too.
#   make CC=clang test      another compiler
#   make test ONLY=join     only the tests whose name contains "join"
#   make check-chapter-3    one check alone; make -j2 -k check runs all of them, two at a time

ifeq ($(origin CC),default)
CC := $(notdir $(firstword $(shell command -v cc || command -v gcc || command -v clang) cc))
endif
CFLAGS ?= -O2
LDLIBS := -lm -pthread
STRICT := -std=c11 -Wall -Wextra -Wpedantic
SANITIZERS := -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover
CLI := $(if $(ONLY),,$(if $(wildcard tests/cli.sh),build/dfq))
SUITES := $(patsubst %,build/bench/%,gen h2o tpch)
BENCHES := $(filter-out $(SUITES),$(patsubst bench/%.c,build/bench/%,$(wildcard bench/*.c)))

.PHONY: run test check bench bench-programs bench-peers bench-csv bench-compare suites tpch clean \
  help examples recipes FORCE
.DEFAULT_GOAL := help

help:
	@sed -n '/^$$/q;s/^# \{0,1\}//p' Makefile

# ---- programs --------------------------------------------------------------------------------
# -MMD writes down which headers a program was made of; `flags` changes when the compiler does.

COMPILE = $(CC) $(STRICT) $(CFLAGS) -I. -MMD -MP -MF $@.d

build build/bench build/check build/recipes:
	@mkdir -p $@

build/flags: FORCE | build
	@echo '$(CC) $(CFLAGS) $(CPPFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(CPPFLAGS)' > $@

build/recipes/%: examples/recipes/%.c build/dfq.o | build/recipes
	$(COMPILE) $(CPPFLAGS) $< build/dfq.o -o $@ $(LDLIBS)

build/recipes/%: examples/recipes/%.cpp build/dfq.o | build/recipes
	$(CXX) -std=c++11 -Wall -Wextra -Wpedantic $(CFLAGS) -I. $(CPPFLAGS) $< build/dfq.o -o $@ $(LDLIBS)

build/%: examples/%.c build/flags
	$(COMPILE) $(CPPFLAGS) $< -o $@ $(LDLIBS)

# These want the whole engine and do not look inside: they are linked to the one object of it,
# and DFQ__IMPLEMENTED, the header's own guard, says that it is compiled already.
LINKED := arrow ch7_parallel ch9_shipping custom_source dfq drills gzip interlude readme trace \
          typed_rows user_functions
$(LINKED:%=build/%): build/%: examples/%.c build/dfq.o build/flags
	$(COMPILE) $(CPPFLAGS) -DDFQ__IMPLEMENTED $< build/dfq.o -o $@ $(LDLIBS)

build/bench/%: bench/%.c build/flags | build/bench
	$(COMPILE) $(CPPFLAGS) $< -o $@ $(LDLIBS)

# The example of packed files, where zlib is there.
ZLIB := $(if $(wildcard /usr/include/zlib.h),-lz)
build/gzip: LDLIBS += $(ZLIB)
build/gzip: CPPFLAGS += $(ZLIB:-lz=-DWITH_ZLIB)

# The header, compiled once.
build/dfq.o: dfq.h build/flags
	$(CC) $(STRICT) $(CFLAGS) $(CPPFLAGS) -DDFQ_IMPLEMENTATION -x c -c $< -o $@

build/bench/ch%: bench/ch%.c bench/plans.h bench/bench.h build/dfq.o | build/bench
	$(CC) $(STRICT) $(CFLAGS) -I. $(CPPFLAGS) $< build/dfq.o -o $@ $(LDLIBS)

-include $(wildcard build/*.d build/bench/*.d build/recipes/*.d)

run: build/interlude build/dfq
	@build/interlude

examples: $(patsubst examples/%.c,build/%,$(wildcard examples/*.c)) recipes

# The one in C++ is left out where there is no compiler for it.
RECIPES := $(wildcard examples/recipes/*.c \
             $(if $(shell command -v $(CXX)),examples/recipes/*.cpp))
recipes: $(patsubst examples/%,build/%,$(basename $(RECIPES)))

suites: $(SUITES)

bench-peers: suites build/dfq
	@python3 bench/peers/run.py ROWS=$(ROWS) RUNS=$(RUNS) ROUNDS=$(ROUNDS) TPCH=$(TPCH) \
	  'ONLY=$(ONLY)' MEMORY=$(MEMORY)

bench-csv: suites
	@python3 bench/peers/run.py ROWS=$(or $(ROWS),1e7) RUNS=$(RUNS) ROUNDS=$(ROUNDS) ONLY=csv

bench-compare:
	@test -n "$(REV)" || { echo "make bench-compare REV=main"; exit 1; }
	@CC='$(CC)' sh tools/bench_compare.sh $(REV)

bench: $(BENCHES)
	@for bench in $(BENCHES); do echo "== $$bench"; $$bench || exit 1; done
	@$(MAKE) -s bench-programs

.PHONY: prices
prices:
	@CC='$(CC)' python3 tools/prices.py $(ONLY)

# Whole programs: start, read, answer, end.
BENCH_FILE := build/bench_orders.csv
bench-programs: build/dfq build/bench/ch1_rows
	@test -f $(BENCH_FILE) || build/bench/ch1_rows > build/bench/ch1_rows.log
	@if command -v hyperfine > build/bench/which; then hyperfine -N --warmup 2 \
	  "build/dfq 'scan $(BENCH_FILE) | group year: sum(amount) as total'" \
	  "build/dfq 'scan $(BENCH_FILE) | filter amount > 399 | limit 10'" \
	  "build/dfq 'scan $(BENCH_FILE) | sort amount desc | limit 10'"; \
	else echo "whole programs are not timed, hyperfine is missing: apt-get install hyperfine"; fi

clean:
	rm -rf build

# ---- installing ------------------------------------------------------------------------------
# dfq.pc stands in share, since a header is the same for every machine.

.PHONY: install uninstall
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(PREFIX)/share/pkgconfig
MANDIR ?= $(PREFIX)/share/man
VERSION := $(shell sed -n 's/^.define DFQ_VERSION "\(.*\)"$$/\1/p' dfq.h)

install: build/dfq
	@sed -e 's|@prefix@|$(PREFIX)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
	  -e 's|@version@|$(VERSION)|' packaging/dfq.pc.in > build/dfq.pc
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(PKGCONFIGDIR)' \
	  '$(DESTDIR)$(MANDIR)/man1'
	install -m 755 build/dfq '$(DESTDIR)$(BINDIR)/dfq'
	install -m 644 dfq.h '$(DESTDIR)$(INCLUDEDIR)/dfq.h'
	install -m 644 build/dfq.pc '$(DESTDIR)$(PKGCONFIGDIR)/dfq.pc'
	install -m 644 docs/dfq.1 '$(DESTDIR)$(MANDIR)/man1/dfq.1'

uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/dfq' '$(DESTDIR)$(INCLUDEDIR)/dfq.h' \
	  '$(DESTDIR)$(PKGCONFIGDIR)/dfq.pc' '$(DESTDIR)$(MANDIR)/man1/dfq.1'

# ---- tests -----------------------------------------------------------------------------------

# The sanitizers' flags if a program made with them runs, else nothing.
build/sanitizers: build/flags
	@echo 'int main(void) { return 0; }' > build/probe.c
	@$(CC) $(SANITIZERS) build/probe.c -o build/probe 2>/dev/null && build/probe \
	  && echo '$(SANITIZERS)' > $@ || : > $@

build/tests: tests/all.c build/flags build/sanitizers
	$(COMPILE) $(CPPFLAGS) -O1 -g $$(cat build/sanitizers) $< -o $@ $(LDLIBS)

test: build/tests $(CLI)
	@test -s build/sanitizers || echo "note: $(CC) has no sanitizers here, the tests run without"
	@sh tools/run_tests.sh '$(strip $(if $(ONLY),,2x )build/tests $(ONLY))' $(if $(CLI),'sh tests/cli.sh $(CLI)')

# Every allocation, every call of the file hook, every batch, many budgets: make test strides.
.PHONY: faults
faults: build/tests
	@DFQ_FAULTS=1 build/tests faults_

# With fewer random plans: everything takes ten times as long.
.PHONY: tsan
build/tsan: tests/all.c build/flags
	$(COMPILE) $(CPPFLAGS) -O1 -g -fsanitize=thread $< -o $@ $(LDLIBS)

tsan: build/tsan
	@DFQ_PLANS=$${DFQ_PLANS:-200} TEST_SHARD=$(or $(SHARD),1/1) \
	  $$(! setarch -R true 2>/dev/null || echo setarch -R) build/tsan $(ONLY)

# Numbers, dates, sums, sorts and joins worked out a second time, 40 times as many as in make test.
.PHONY: arithmetic
arithmetic: build/tests
	@DFQ_ARITHMETIC=$(or $(TIMES),40) build/tests arithmetic_

# Where wrapping is meant, tools/wraps.txt says so.
.PHONY: integers valgrind analyze
build/integers: tests/all.c build/flags tools/wraps.txt
	clang -std=c11 -O0 -g -I. -MMD -MP -MF $@.d \
	  -fsanitize=unsigned-integer-overflow,implicit-conversion -fno-sanitize-recover=all \
	  -fsanitize-ignorelist=tools/wraps.txt $< -o $@ $(LDLIBS)

integers: build/integers
	@DFQ_PLANS=$${DFQ_PLANS:-300} TEST_SHARD=$(or $(SHARD),1/1) build/integers $(ONLY)

# What was not written yet is seen when something depends on it; leaks as well. Large blocks come
# from the C library: memcheck looks at their ends then, and takes what a block has grown by, where
# mremap moved it to an address of its own, for memory that is not there.
build/plain_tests: tests/all.c build/flags
	$(COMPILE) $(CPPFLAGS) -O1 -g -DDFQ_NO_HUGE_PAGES $< -o $@ $(LDLIBS)

valgrind: build/plain_tests
	@DFQ_PLANS=$${DFQ_PLANS:-20} TEST_SHARD=$(or $(SHARD),$(if $(LONG),1/1,1/20)) \
	  valgrind -q --leak-check=full --error-exitcode=9 build/plain_tests $(ONLY)

# The same for the compiler's own watchman: seen where it is decided on, and all tests in minutes.
# Large blocks come from the C library here, too.
.PHONY: msan
build/msan: tests/all.c build/flags
	clang -std=c11 -O0 -g -I. -MMD -MP -MF $@.d -fsanitize=memory -fno-sanitize-recover=all \
	  -DDFQ_NO_HUGE_PAGES $< -o $@ $(LDLIBS)

msan: build/msan
	@DFQ_PLANS=$${DFQ_PLANS:-50} TEST_SHARD=$(or $(SHARD),1/1) build/msan $(ONLY)

analyze:
	@python3 tools/analyze.py $(if $(TOOL),TOOL=$(TOOL))

tpch: build/dfq
	@test -n "$(DIR)" || { echo "make tpch DIR=path/to/tables: examples/tpch/README.md"; exit 1; }
	@python3 tools/check_tpch.py $(DIR)

# The functions that SQLite has, too, on the same values: how many cases agree.
.PHONY: compare-functions
compare-functions: build/dfq
	@python3 tools/compare_functions.py
	@python3 tools/compare_duckdb.py

build/compare_random: tools/compare_random.c build/flags
	$(COMPILE) $(CPPFLAGS) $< -o $@ $(LDLIBS)

# A difference is shrunk and printed; CASES=1 SEED=N replays case N.
.PHONY: compare-random
compare-random: build/compare_random
	@python3 tools/compare_random.py CASES=$(CASES) SEED=$(SEED) MASKED=$(MASKED) DRAWN=$(DRAWN)

# ---- the book's exercises --------------------------------------------------------------------

.PHONY: exercise mutant
exercise:
	@CC='$(CC)' sh tools/exercise.sh '$(N)' $(if $(HINT),hint $(HINT))

mutant:
	@CC='$(CC)' sh tools/mutant.sh '$(N)'

# ---- the book as a site ----------------------------------------------------------------------
# docs/book has the generator's configuration; npm fetches it into build/book. BOOK_SOURCE=URL/
# makes the captions of code lead to URL/FILE#Lnnn, else they lead to copies in the site.

.PHONY: book book-pdf
build/book/installed: docs/book/package.json
	@command -v npm >/dev/null || { echo "the book needs npm, of Node.js 18 or later:" \
	  "apt-get install npm"; exit 1; }
	@mkdir -p build/book && cp docs/book/package.json build/book/
	@cd build/book && npm install --no-audit --no-fund --loglevel=error && touch installed

book: build/book/installed
	@cp -R docs/book/. build/book/ && cd build/book && npm run --silent build
	@echo "build/book/site; to read it: python3 -m http.server -d build/book/site"

book-pdf: book
	@cd build/book && npm run --silent pdf

# ---- fuzzing ---------------------------------------------------------------------------------
# The engine is compiled once, and measured for coverage; the targets are linked to it. What is
# found is in build/fuzz/crash-TARGET-*; replay it with build/fuzz/replay TARGET FILE.

.PHONY: fuzz
TIME ?= 60
FUZZ_TARGETS := $(basename $(filter-out all.c,$(notdir $(wildcard fuzz/*.c))))
FUZZ_CLANG := clang -std=c11 -O1 -g -I. -fno-sanitize-recover=undefined

build/fuzz:
	@mkdir -p $@

build/fuzz/engine.c: | build/fuzz
	@printf '#define DFQ_IMPLEMENTATION\n#include "dfq.h"\n' > $@

build/fuzz/engine.o: build/fuzz/engine.c dfq.h
	$(FUZZ_CLANG) -fsanitize=fuzzer-no-link,address,undefined -c $< -o $@

build/fuzz/fuzz: build/fuzz/engine.o $(wildcard fuzz/*.c) fuzz/fuzz.h
	$(FUZZ_CLANG) -fsanitize=fuzzer,address,undefined -DFUZZ_LIBFUZZER fuzz/all.c $< -o $@ \
	  $(LDLIBS)

build/fuzz/replay: build/fuzz/engine.o $(wildcard fuzz/*.c) fuzz/fuzz.h
	$(FUZZ_CLANG) -fsanitize=address,undefined fuzz/all.c $< -o $@ $(LDLIBS)

fuzz: build/fuzz/fuzz build/fuzz/replay
	@for target in $(or $(TARGET),$(FUZZ_TARGETS)); do \
	  work=build/fuzz/work-$$target; mkdir -p $$work; build/fuzz/replay -o $$work $$target; \
	  dict=; test ! -s fuzz/dict/$$target.dict || dict=-dict=fuzz/dict/$$target.dict; \
	  echo "== $$target, $(TIME) s"; \
	  FUZZ_TARGET=$$target build/fuzz/fuzz -max_total_time=$(TIME) -timeout=20 -max_len=3000 \
	    -rss_limit_mb=3000 -print_final_stats=1 $$dict \
	    -artifact_prefix=build/fuzz/crash-$$target- $$work 2>build/fuzz/log-$$target || \
	    { tail -n 40 build/fuzz/log-$$target; exit 1; }; \
	  grep number_of_executed_units build/fuzz/log-$$target; \
	done
# Random tables through DuckDB's Arrow interfaces and back.
.PHONY: compare-arrow
compare-arrow: | build
	@lib=$$(ls $${DFQ_PEERS:-build/peers}/node_modules/@duckdb/*/libduckdb.so 2>/dev/null | head -n 1); \
	 test -n "$$lib" || { echo "DuckDB is not here: npm install --prefix build/peers" \
	                           "@duckdb/node-api, or DFQ_PEERS=..."; exit 1; }; \
	 $(CC) -std=gnu11 -O1 -I. tools/compare_arrow.c -o build/compare_arrow "$$lib" \
	   -Wl,-rpath,"$$(cd "$$(dirname "$$lib")" && pwd)" $(LDLIBS) && build/compare_arrow

.PHONY: matrix coverage trust
matrix:
	@sh tools/matrix.sh

coverage: | build
	@python3 tools/coverage.py $(LEAST)

# What was tried, what failed, how long it took. UPDATE=1 writes the table into README.md.
trust:
	@python3 tools/trust.py LONG=$(LONG) ONLY=$(ONLY) UPDATE=$(UPDATE) SEEN=$(SEEN)

# ---- checks ----------------------------------------------------------------------------------
# Each is one call of tools/check_headers.sh, so that -j can spread them; it says what they do.

CHECKS := chapter-6 style chapter-5 chapter-4 c11 cpp chapter-3 chapter-2 chapter-1 chapter-0 \
          api switches units static names programs examples docs exercises mutants random \
          tsan fuzz man consumers

.PHONY: expected $(CHECKS:%=check-%)
check: $(CHECKS:%=check-%)
	@echo "all checks passed"

check-examples check-docs: examples

check-man check-consumers: build/dfq

expected: examples | build/check
	@sh tools/check_examples.sh --update
	@python3 tools/check_docs.py --update

$(CHECKS:%=check-%): check-%: | build/check
	@sh tools/check_headers.sh $*
