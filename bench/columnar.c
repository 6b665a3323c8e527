// columnar.c - one table as CSV and as the engine's own file: how long it takes to load all of
// it, to group by one column and sum another, and to filter by the column it was written in the
// order of. ROWS in the environment: how many, 2,000,000 if it does not say.
#define DFQ_IMPLEMENTATION
#include "../dfq.h"

static const char *const stages[] = { "load", "group k: sum(x)", "filter id < 1000" };

static double timed(dfq *db, const char *path, int what) {
  double start = dfq__now();
  dfq_frame *f = dfq_scan(db, path);
  if (what == 1) f = dfq_group_by(f, "k", "sum(x) as s");
  if (what == 2) f = dfq_filter(f, "id < 1000");
  dfq_table *t = dfq_collect(f);
  if (!t) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_table_free(t);
  return dfq__now() - start;
}

int main(void) {
  static const char *const paths[] = { "build/bench_columnar.csv", "build/bench_columnar.dfq" };
  const char *asked = getenv("ROWS");
  long rows = asked ? atol(asked) : 2000000;
  FILE *f = fopen(paths[0], "w");
  if (!f) return 1;
  fprintf(f, "id,k,x,day,name\n");
  for (long i = 0; i < rows; i++)
    fprintf(f, "%ld,%ld,%ld.%02ld,2024-%02ld-%02ld,name of %ld\n", i, i * 7919 % 100, i % 9973,
            i % 100, 1 + i % 12, 1 + i % 28, i * 31 % 5000);
  long bytes = ftell(f);
  fclose(f);
  dfq *db = dfq_open(NULL);
  double start = dfq__now();
  if (!dfq_write(dfq_scan(db, paths[0]), paths[1], NULL)) return 1;
  printf("%ld rows, %.0f MB of CSV, written as .dfq in %.2f s\n", rows, (double)bytes / 1e6,
         dfq__now() - start);
  printf("%-20s %10s %10s %8s\n", "", "CSV s", ".dfq s", "times");
  for (int what = 0; what < 3; what++) {
    double best[2] = { 1e9, 1e9 };
    for (int run = 0; run < 6; run++) {
      double s = timed(db, paths[run % 2], what);
      if (s < best[run % 2]) best[run % 2] = s;
    }
    printf("%-20s %10.4f %10.4f %8.1f\n", stages[what], best[0], best[1], best[0] / best[1]);
  }
  dfq_close(db);
  remove(paths[0]);
  remove(paths[1]);
  return 0;
}
