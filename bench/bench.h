// bench.h - a small harness: named cases, run in turns, and what came out of it.
//
//   bench_case cases[] = { BENCH("row engine", run_rows, plan), BENCH("batch engine", ...) };
//   if (!bench_run(cases, 2, 7)) ...
//   printf("%.1f times\n", bench_best(&cases[0]) / bench_best(&cases[1]));
//
// The cases take turns, round by round, so that a machine that grows slow or busy is slow for
// all of them. The best time is the one to compare: whatever disturbs a run makes it longer.
// The spread says how far to trust it.
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_ROUNDS = 32 };

typedef struct bench_case {
  const char *name;
  bool (*run)(void *user);   // false: it failed
  void *user;
  int rounds;
  double seconds[BENCH_ROUNDS];   // sorted once all rounds are over
} bench_case;

#define BENCH(name, run, user) { name, run, user, 0, { 0 } }

// Seconds on the wall; with -DBENCH_CPU those the processor spent here, all threads together:
// what to compare on a machine that has other work to do.
static inline double bench_now(void) {
#ifdef BENCH_CPU
  return (double)clock() / CLOCKS_PER_SEC;
#else
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
#endif
}

static inline int bench_compare(const void *a, const void *b) {
  const double *x = (const double *)a, *y = (const double *)b;
  return (*x > *y) - (*x < *y);
}

// Runs every case once for nothing, then each once a round. Returns false when one failed.
static inline bool bench_run(bench_case *cases, int count, int rounds) {
  if (rounds > BENCH_ROUNDS) rounds = BENCH_ROUNDS;
  for (int round = -1; round < rounds; round++) {
    for (int i = 0; i < count; i++) {
      bench_case *c = &cases[i];
      double start = bench_now();
      if (!c->run(c->user)) return false;
      if (round >= 0) c->seconds[round] = bench_now() - start;
      c->rounds = round + 1;
    }
  }
  for (int i = 0; i < count; i++)
    qsort(cases[i].seconds, (size_t)rounds, sizeof(double), bench_compare);
  return true;
}

static inline double bench_best(const bench_case *c) { return c->seconds[0]; }
static inline double bench_median(const bench_case *c) { return c->seconds[c->rounds / 2]; }

// How much longer than the best the median took, in percent.
static inline double bench_spread(const bench_case *c) {
  return 100 * (bench_median(c) / bench_best(c) - 1);
}

static inline void bench_header(const char *title) {
  printf("\n%-34s %10s %10s %8s %10s\n", title, "best ms", "median ms", "spread", "ns/row");
}

static inline void bench_print(const bench_case *c, double rows) {
  printf("  %-32s %10.2f %10.2f %7.0f%% %10.2f\n", c->name, bench_best(c) * 1e3,
         bench_median(c) * 1e3, bench_spread(c), bench_best(c) * 1e9 / rows);
}

#endif // BENCH_H
