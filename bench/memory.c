// memory.c - how much memory a run takes, whatever the size of the file.
//
//   build/bench/memory [MEGABYTES]
//
// Makes a CSV file ten times as large as the memory that the context may use, and runs over it
// what streams: CSV to CSV, and a filter with few groups. Prints the most bytes that were in
// use at a time, and fails when a run does not fit.
#define DFQ_IMPLEMENTATION
#include "../dfq.h"

static const char path[] = "build/bench/memory.csv", copy[] = "build/bench/memory-copy.csv";

// Rows of an id, a key of 50, a float, a date and a text, until there is that much.
static bool make_file(size_t bytes) {
  FILE *f = fopen(path, "wb");
  size_t size = 0;
  if (!f) return false;
  size += (size_t)fprintf(f, "id,key,amount,day,name\n");
  for (unsigned i = 0; size < bytes; i++)
    size += (size_t)fprintf(f, "%u,%u,%u.25,2024-%02u-%02u,\"customer, number %u\"\n", i,
                            i * 7919 % 50, i % 1000, i % 12 + 1, i % 28 + 1, i * 2654435761u);
  return fclose(f) == 0;
}

// What is run. False on error.
typedef bool (*action)(dfq *db, dfq_frame *f);

static bool convert(dfq *db, dfq_frame *f) {
  (void)db;
  return dfq_write(f, copy, NULL);
}

static bool group(dfq *db, dfq_frame *f) {
  f = dfq_filter(f, "amount > 100 and day >= date '2024-03-01'");
  f = dfq_group_by(f, "key", "count() as n, sum(amount) as total, max(name) as last");
  dfq_table *t = dfq_collect(dfq_sort(f, "key"));
  (void)db;
  dfq_table_free(t);
  return t != NULL;
}

static bool run(const char *name, size_t budget, int threads, action what) {
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.budget = budget;
  options.run.threads = threads;
  dfq *db = dfq_open(&options);
  double start = dfq__now();
  bool ok = db && what(db, dfq_scan_csv(db, path, NULL));
  printf("%-16s  %d thread%s  %9zu of %9zu bytes  %5.2f s  %s\n", name, threads,
         threads == 1 ? " " : "s", dfq_bytes_peak(db), budget, dfq__now() - start,
         ok ? "fits" : dfq_error(db));
  dfq_close(db);
  return ok;
}

int main(int argc, char **argv) {
  long megabytes = argc > 1 ? atol(argv[1]) : 80;
  size_t bytes = (size_t)(megabytes < 40 ? 40 : megabytes) << 20, budget = bytes / 10;
  if (!make_file(bytes)) return 1;
  bool ok = true;
  for (int threads = 1; threads <= 2; threads++) {
    ok = run("CSV to CSV", budget, threads, convert) && ok;
    ok = run("filter and group", budget, threads, group) && ok;
  }
  remove(path);
  remove(copy);
  return !ok;
}
