// test.h - the test harness: small, without registration magic.
//
//   TEST(rows_take_stops_early) {
//     CHECK_INT(count, 3);
//     CHECK_HAS(dfq_error(db), "did you mean");
//   }
//   static void run_ch1_rows(void) { RUN(rows_take_stops_early); }
//
// A failed check prints where, what and both values and fails its test, which goes on.
// Every check is an expression that is true when it holds, for `if (!CHECK(p)) return;`. A test
// that is never RUN is an unused function, which the compiler reports. With an argument, the
// program runs only the tests whose name contains it.
//
// Files: test_file and test_path live in one directory per process, flat, removed at the end.
#ifndef TEST_H
#define TEST_H

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST(name) static void name(void)
#define RUN(name) test_run(#name, name)

#define CHECK(cond) test_true(TEST_AT, #cond, (cond))
#define CHECK_INT(got, want) \
  test_int(TEST_AT, #got, #want, (long long)(got), (long long)(want))
#define CHECK_STR(got, want) test_str(TEST_AT, #got, #want, (got), (want))
#define CHECK_HAS(text, piece) test_has(TEST_AT, #text, (text), (piece))
#define CHECK_F64(got, want) test_f64(TEST_AT, #got, #want, (got), (want)) // bits or both NaN
// All ways of running a frame give the same; what they say is shown when they do not.
#define CHECK_SAME(frame) test_same(TEST_AT, #frame, dfq_check_equivalent(frame, test_log()))

#define TEST_TEXT(x) #x
#define TEST_LINE(x) TEST_TEXT(x)
#define TEST_AT __FILE__ ":" TEST_LINE(__LINE__)

#if defined(__GNUC__)
#define TEST_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define TEST_PRINTF
#endif

// Paths given out by test_path, kept until the end.
typedef struct test_name {
  struct test_name *next;
  char path[1];
} test_name;

typedef struct test_state {
  const char *filter;       // "" runs everything
  const char *running;
  int passed, failed;
  int shard, shards, seen;  // of all tests, which part is for this process
  bool broken;              // a check of the running test has failed
  char *dir;                // made by the first test_path
  test_name *names;
  FILE *log;                // of the latest test_log
} test_state;

static test_state test_now = { "", "", 0, 0, 0, 0, 0, false, NULL, NULL, NULL };

// ---- checks ---------------------------------------------------------------------------------

// Marks the running test as failed and says why. Returns false.
static inline bool TEST_PRINTF test_fail(const char *format, ...) {
  va_list args;
  if (!test_now.broken) printf("FAIL %s\n", test_now.running);
  test_now.broken = true;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  return false;
}

static inline bool test_true(const char *at, const char *what, bool ok) {
  return ok || test_fail("  %s: %s\n", at, what);
}

static inline bool test_int(const char *at, const char *what, const char *to, long long got,
                            long long want) {
  return got == want ||
         test_fail("  %s: %s == %s\n    got  %lld\n    want %lld\n", at, what, to, got, want);
}

static inline bool test_str(const char *at, const char *what, const char *to, const char *got,
                            const char *want) {
  if (got && want ? strcmp(got, want) == 0 : got == want) return true;
  return test_fail("  %s: %s == %s\n    got  %s\n    want %s\n", at, what, to,
                   got ? got : "(null)", want ? want : "(null)");
}

static inline bool test_has(const char *at, const char *what, const char *text,
                            const char *piece) {
  if (text && strstr(text, piece)) return true;
  return test_fail("  %s: %s has \"%s\"\n    text %s\n", at, what, piece,
                   text ? text : "(null)");
}

static inline uint64_t test_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline bool test_is_nan(double x) {
  return (test_bits(x) & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000);
}

static inline bool test_f64(const char *at, const char *what, const char *to, double got,
                            double want) {
  if (test_bits(got) == test_bits(want)) return true;
  if (test_is_nan(got) && test_is_nan(want)) return true;
  return test_fail("  %s: %s == %s\n    got  %.17g (%016llx)\n    want %.17g (%016llx)\n", at,
                   what, to, got, (unsigned long long)test_bits(got), want,
                   (unsigned long long)test_bits(want));
}

// ---- files and text -------------------------------------------------------------------------

// The next random number of a sequence that its state begins (splitmix64: Steele, Lea, Flood,
// "Fast splittable pseudorandom number generators", 2014).
static inline uint64_t test_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static inline void *test_alloc(size_t bytes) {
  void *p = malloc(bytes);
  if (!p) {
    fputs("the tests ran out of memory\n", stderr);
    exit(1);
  }
  return p;
}

// Text that grows. Owns: the caller, who frees s.
typedef struct test_string {
  char *s;
  size_t len, size;
} test_string;

static inline void test_add(test_string *t, const char *s, size_t n) {
  if (t->len + n + 1 > t->size) {
    size_t size = 2 * (t->len + n + 1);
    char *more = (char *)test_alloc(size);
    if (t->len) memcpy(more, t->s, t->len);
    free(t->s);
    t->s = more;
    t->size = size;
  }
  memcpy(t->s + t->len, s, n);
  t->len += n;
  t->s[t->len] = 0;
}

static inline void test_puts(test_string *t, const char *s) { test_add(t, s, strlen(s)); }

#if defined(_WIN32)
static inline int test_mkdir(const char *path) { return mkdir(path); }
#else
static inline int test_mkdir(const char *path) { return mkdir(path, 0700); }
#endif

// The process's own directory, new: below $TMPDIR or /tmp.
static inline const char *test_dir(void) {
  const char *tmp = getenv("TMPDIR");
  if (test_now.dir) return test_now.dir;
  if (!tmp || !*tmp) tmp = "/tmp";
  size_t size = strlen(tmp) + 64;
  test_now.dir = (char *)test_alloc(size);
  for (int i = 0; i < 1000; i++) {
    snprintf(test_now.dir, size, "%s/dfq-test-%ld-%d", tmp, (long)getpid(), i);
    if (test_mkdir(test_now.dir) == 0) return test_now.dir;
  }
  fprintf(stderr, "no directory for the tests' files below %s\n", tmp);
  exit(1);
}

// The path of a file, not made, in the process's directory. Valid until the end of the program.
static inline const char *test_path(const char *name) {
  const char *dir = test_dir();
  size_t size = strlen(dir) + strlen(name) + 2;
  test_name *n = (test_name *)test_alloc(sizeof *n + size);
  snprintf(n->path, size, "%s/%s", dir, name);
  n->next = test_now.names;
  test_now.names = n;
  return n->path;
}

// May a file be called so on this system?
static inline bool test_can_be_called(const char *name) {
#if defined(_WIN32)
  for (; *name; name++)
    if ((unsigned char)*name < 32 || strchr("<>:\"|?*", *name)) return false;
#else
  (void)name;
#endif
  return true;
}

#if defined(__wasi__)   // which has no tmpfile
static inline FILE *test_tmpfile(void) {
  const char *path = test_path("tmpfile");
  FILE *f = fopen(path, "w+b");
  remove(path);
  return f;
}
#define tmpfile test_tmpfile
#endif

// Writes n bytes to the file of that name and returns its path.
static inline const char *test_file_n(const char *name, const void *bytes, size_t n) {
  const char *path = test_path(name);
  FILE *f = fopen(path, "wb");
  bool ok = f && fwrite(bytes, 1, n, f) == n;
  if (f && fclose(f) != 0) ok = false;
  if (!ok) test_fail("  cannot write %s\n", path);
  return path;
}

static inline const char *test_file(const char *name, const char *text) {
  return test_file_n(name, text, strlen(text));
}

// All of an open file, from its start, with a 0 behind it; closes it. n may be NULL. Owns: the
// caller, who frees it. With tmpfile() it catches what a function prints to a FILE.
static inline char *test_text_n(FILE *f, size_t *n) {
  size_t size = 0, room = 4096, got;
  char *text = (char *)test_alloc(room);
  rewind(f);
  while ((got = fread(text + size, 1, room - size - 1, f)) > 0) {
    size += got;
    if (room - size > 1) continue;
    char *more = (char *)test_alloc(room *= 2);
    memcpy(more, text, size);
    free(text);
    text = more;
  }
  fclose(f);
  text[size] = 0;
  if (n) *n = size;
  return text;
}

static inline char *test_text(FILE *f) { return test_text_n(f, NULL); }

// An empty file for what is worth reading only when a check fails; NULL where there is none.
static inline FILE *test_log(void) {
  if (test_now.log) fclose(test_now.log);
  return test_now.log = tmpfile();
}

static inline bool test_same(const char *at, const char *what, bool same) {
  char *text = !same && test_now.log ? test_text(test_now.log) : NULL;
  if (same) return true;
  test_now.log = NULL;
  test_fail("  %s: %s\n%s", at, what, text ? text : "");
  free(text);
  return false;
}

// A file's content as test_text_n gives it, or NULL when it cannot be opened.
static inline char *test_read_n(const char *path, size_t *n) {
  FILE *f = fopen(path, "rb");
  return f ? test_text_n(f, n) : NULL;
}

static inline char *test_read(const char *path) { return test_read_n(path, NULL); }

static inline bool test_is_file(const char *name) {
  return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

// How many files lie in the process's directory: a test of writers that clean up behind them.
static inline int test_file_count(void) {
  int count = 0;
  DIR *dir = opendir(test_dir());
  for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) count += test_is_file(e->d_name);
  if (dir) closedir(dir);
  return count;
}

static inline void test_clean(void) {
  DIR *dir = test_now.dir ? opendir(test_now.dir) : NULL;
  for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
    if (test_is_file(e->d_name)) remove(test_path(e->d_name));
  if (dir) closedir(dir);
  if (test_now.dir) remove(test_now.dir);
  if (test_now.log) fclose(test_now.log);
  free(test_now.dir);
  test_now.log = NULL;
  test_now.dir = NULL;
  while (test_now.names) {
    test_name *next = test_now.names->next;
    free(test_now.names);
    test_now.names = next;
  }
}

// ---- running --------------------------------------------------------------------------------

// TEST_SHARD=1/2 and TEST_SHARD=2/2 run every other test each, for two processes at a time.
static inline void test_begin(int argc, char **argv) {
  const char *shard = getenv("TEST_SHARD");
#if defined(__wasi__)
  if (getenv("PWD") && chdir(getenv("PWD")) != 0) printf("  $PWD is not here\n");
#endif
  setvbuf(stdout, NULL, _IOLBF, 1 << 16);   // what was printed survives a crash
  if (argc > 1) test_now.filter = argv[1];
  if (shard && sscanf(shard, "%d/%d", &test_now.shard, &test_now.shards) != 2)
    test_now.shards = 0;
}

static inline void test_run(const char *name, void (*test)(void)) {
  if (!strstr(name, test_now.filter)) return;
  if (test_now.shards > 0 && test_now.seen++ % test_now.shards != test_now.shard - 1) return;
  test_now.running = name;
  test_now.broken = false;
  test();
  if (test_now.broken) test_now.failed++;
  else test_now.passed++;
  if (*test_now.filter && !test_now.broken) printf("ok   %s\n", name);
}

// The last line, and the exit code: 0 when at least one test ran and none failed.
static inline int test_summary(void) {
  test_clean();
  printf("%d passed, %d failed\n", test_now.passed, test_now.failed);
  return test_now.failed > 0 || test_now.passed == 0;
}

#endif // TEST_H
