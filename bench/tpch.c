// tpch.c - times the 22 queries of examples/tpch over .tbl files.
//
//   build/bench/tpch DIR      from the project's root; DIR: the eight tables
//   flags: --query N   only this one       --threads N (1)   --runs N (3)
//          --print     prints the answers as CSV with a header, instead of times
//          --from-files   reads the files in every run; else they are loaded first
//          --nocopy    walks through the result in batches, does not store it
//
// One line for each query, "Q1 34.5": the best of its runs in milliseconds.
#define _XOPEN_SOURCE 700   // chdir
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include "suite.h"

#include <unistd.h>

enum { QUERIES = 22 };

static const char *const tables[] = {
  "region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"
};

// The text of a file below examples/tpch. Never freed: the program ends soon.
static char *text_of(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "examples/tpch/%s.dfq", name);
  FILE *f = fopen(path, "rb");
  char *text = (char *)calloc(1, 1 << 16);
  if (!f || !text || fread(text, 1, (1 << 16) - 1, f) == 0) {
    fprintf(stderr, "cannot read %s: run it from the project's root\n", path);
    exit(1);
  }
  fclose(f);
  return text;
}

static void run(suite *s, int n, const char *text) {
  size_t mark = dfq_mark(s->db);
  dfq_frame *q = dfq_query(s->db, text);
  if (s->print) suite_must(s, dfq_print_csv(q, stdout, NULL));
  else printf("Q%d %.1f\n", n, suite_time(s, q, NULL));
  fflush(stdout);
  dfq_release(s->db, mark);
}

int main(int argc, char **argv) {
  suite s;
  char *query[QUERIES + 1], name[8];
  if (!suite_flags(&s, argc, argv) || s.count != 1 || s.query > QUERIES) {
    fputs("usage: tpch DIR [--query N] [--threads N] [--runs N] [--print] [--from-files]\n"
          "       [--nocopy]\n", stderr);
    return 2;
  }
  char *all = text_of("tables");
  for (int n = 1; n <= QUERIES; n++) {
    snprintf(name, sizeof name, "q%02d", n);
    query[n] = text_of(name);
  }
  if (chdir(s.word[0]) != 0) {   // the tables' files are named without a path
    fprintf(stderr, "there is no directory %s\n", s.word[0]);
    return 1;
  }
  suite_must(&s, dfq_define(s.db, all));
  double start = bench_now();
  for (int i = 0; !s.from_files && i < 8; i++) suite_load(&s, tables[i]);
  if (!s.from_files) fprintf(stderr, "loaded in %.0f ms\n", (bench_now() - start) * 1e3);
  for (int n = 1; n <= QUERIES; n++)
    if (!s.query || s.query == n) run(&s, n, query[n]);
  dfq_close(s.db);
  return 0;
}
