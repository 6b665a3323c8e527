// suite.h - what the two suites, h2o and tpch, have in common: their flags, loading, and timing
// a query over tables that are in memory already.
#ifndef SUITE_H
#define SUITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct suite {
  int threads, runs, query;   // query 0: all
  bool nocopy;                // the result is walked through, not stored
  bool from_files, print;     // tpch only
  int count;                  // of what is no flag
  const char *word[8];
  dfq *db;
} suite;

static inline void suite_must(suite *s, bool ok) {
  if (ok) return;
  fprintf(stderr, "%s\n", dfq_error(s->db));
  exit(1);
}

// The number behind the flag --name, which may be written --name=N; takes it from argv.
static inline bool suite_number(int argc, char **argv, int *i, const char *name, int *to) {
  size_t n = strlen(name);
  const char *text = NULL;
  if (strncmp(argv[*i], name, n) != 0) return false;
  if (argv[*i][n] == '=') text = argv[*i] + n + 1;
  else if (!argv[*i][n] && *i + 1 < argc) text = argv[++*i];
  if (!text || atoi(text) <= 0) return false;
  *to = atoi(text);
  return true;
}

// Reads the flags. Returns: false for one that there is not.
static inline bool suite_flags(suite *s, int argc, char **argv) {
  memset(s, 0, sizeof *s);
  s->threads = 1;
  s->runs = 3;
  for (int i = 1; i < argc; i++) {
    if (suite_number(argc, argv, &i, "--threads", &s->threads)) continue;
    if (suite_number(argc, argv, &i, "--runs", &s->runs)) continue;
    if (suite_number(argc, argv, &i, "--query", &s->query)) continue;
    if (strcmp(argv[i], "--nocopy") == 0) s->nocopy = true;
    else if (strcmp(argv[i], "--from-files") == 0) s->from_files = true;
    else if (strcmp(argv[i], "--print") == 0) s->print = true;
    else if (argv[i][0] == '-' || s->count == 8) return false;
    else s->word[s->count++] = argv[i];
  }
  if (s->runs > BENCH_ROUNDS) s->runs = BENCH_ROUNDS;
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.run.threads = s->threads;
  s->db = dfq_open(&options);
  return s->db != NULL;
}

// Loads what the name stands for, and gives the rows in memory that name.
static inline void suite_load(suite *s, const char *name) {
  dfq_table *t = dfq_collect(dfq_query(s->db, name));
  suite_must(s, t && dfq_register(s->db, name, dfq_scan_table(s->db, t)));
  dfq_table_free(t);   // the frame keeps it alive
}

// What came out: the rows, and the sum of each column of numbers.
enum { SUITE_COLUMNS = 32 };
typedef struct suite_answer {
  size_t rows;
  int columns;
  double sum[SUITE_COLUMNS];
} suite_answer;

static inline void suite_add(suite_answer *a, int c, const dfq_value *v) {
  if (v->type == DFQ_F64) a->sum[c] += v->as.f;
  else if (v->type == DFQ_I64 || v->type == DFQ_I32) a->sum[c] += (double)v->as.i;
}

// Reads the first value of each column, so that none is left uncomputed.
static inline bool suite_walk(void *user, const dfq_batch *batch) {
  suite_answer *a = (suite_answer *)user;
  dfq_value v;
  a->rows += dfq_batch_rows(batch);
  for (int c = 0; c < dfq_batch_columns(batch) && c < SUITE_COLUMNS; c++) {
    dfq_batch_get(batch, 0, c, &v);
    suite_add(a, c, &v);
  }
  return true;
}

// The checksum of a stored result. Not timed.
static inline void suite_sums(suite_answer *a, const dfq_table *t) {
  dfq_value v;
  memset(a, 0, sizeof *a);
  a->rows = dfq_table_rows(t);
  a->columns = dfq_table_columns(t) < SUITE_COLUMNS ? dfq_table_columns(t) : SUITE_COLUMNS;
  for (int c = 0; c < a->columns; c++)
    for (size_t r = 0; r < a->rows; r++) {
      dfq_table_get(t, r, c, &v);
      suite_add(a, c, &v);
    }
}

// The best of the suite's runs, in milliseconds. a: what came out, NULL when nobody asks.
static inline double suite_time(suite *s, dfq_frame *q, suite_answer *a) {
  double best = 1e300;
  for (int run = 0; run < s->runs; run++) {
    suite_answer walked = { 0, 0, { 0 } };
    double start = bench_now();
    dfq_table *t = s->nocopy ? NULL : dfq_collect(q);
    bool ok = s->nocopy ? dfq_each_batch(q, suite_walk, &walked) : t != NULL;
    double seconds = bench_now() - start;
    suite_must(s, ok);
    if (seconds < best) best = seconds;
    if (a && run == 0 && t) suite_sums(a, t);
    else if (a && run == 0) *a = walked;
    dfq_table_free(t);
  }
  return best * 1e3;
}

#endif // SUITE_H
