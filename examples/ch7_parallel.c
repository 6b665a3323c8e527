// ch7_parallel.c - chapter 7: several threads, one answer.
//
// The naive way adds up shares, and merges groups as threads come home: what it prints depends
// on how many there are and who was faster. The engine's answers are the same bits.
#include <string.h>
#define DFQ_IMPLEMENTATION
#include "dfq.h"

enum { ROWS = 200000 };

static double amount[ROWS];
static const char *region[ROWS];

static void make_rows(void) {
  static const char *const name[] = { "EU", "US", "Asia", "Africa" };
  uint64_t x = 1;
  for (int i = 0; i < ROWS; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    amount[i] = (double)(int64_t)(x >> 40) / 1000 * (x >> 60 ? 1 : 1e9);
    region[i] = name[(int)(x >> 33) % (1 + 3 * i / ROWS + (i > 9))];
  }
}

// Each of `shares` threads would add up its share; then the shares are added.
static double naive(int shares) {
  double sum = 0;
  for (int s = 0; s < shares; s++) {
    double part = 0;
    for (int i = ROWS / shares * s; i < (s + 1 < shares ? ROWS / shares * (s + 1) : ROWS); i++)
      part += amount[i];
    sum += part;
  }
  return sum;
}

// The regions as threads come home that had rows [begin[t], end[t]): first home, first merged.
static void naive_groups(const int *begin, const int *end, int threads) {
  const char *seen[4];
  int groups = 0;
  for (int t = 0; t < threads; t++)
    for (int i = begin[t]; i < end[t]; i++) {
      int g = 0;
      while (g < groups && strcmp(seen[g], region[i]) != 0) g++;
      if (g == groups) seen[groups++] = region[i];
    }
  for (int g = 0; g < groups; g++) printf(" %s", seen[g]);
  puts("");
}

static void show_naive(void) {
  static const int half = ROWS / 2, first[] = { 0, half }, last[] = { half, ROWS };
  static const int late[] = { half, 0 }, done[] = { ROWS, half };
  puts("The naive way. A sum of shares, by the number of shares:\n");
  for (int shares = 1; shares <= 4; shares++) printf("  %d  %.17g\n", shares, naive(shares));
  printf("\nRegions, when the first half is done first: ");
  naive_groups(first, last, 2);
  printf("Regions, when the second half is done first:");
  naive_groups(late, done, 2);
}

// The same question of the engine. False on error.
static bool ask(dfq *db, dfq_frame *f, int threads) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = threads;
  run.batch_rows = 512;   // small batches make many morsels
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  if (!t) {
    fprintf(stderr, "%s\n", dfq_error(db));
    return false;
  }
  printf("  %d ", threads);
  for (size_t r = 0; r < dfq_table_rows(t); r++) {
    dfq_value name, sum;
    dfq_table_get(t, r, 0, &name);
    dfq_table_get(t, r, 1, &sum);
    printf(" %.*s %.17g", (int)name.len, name.as.s, sum.as.f);
  }
  puts("");
  dfq_table_free(t);
  return true;
}

int main(void) {
  dfq *db = dfq_open(NULL);
  make_rows();
  dfq_column columns[] = { { "region", DFQ_STR, region, NULL },
                           { "amount", DFQ_F64, amount, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 2, ROWS);
  dfq_frame *orders = dfq_scan_table(db, t);
  show_naive();
  puts("\nThe engine, at one to four threads: regions in the order of their first rows\n");
  dfq_frame *groups = dfq_group_by(orders, "region", "sum(amount) as total");
  bool good = true;
  for (int threads = 1; good && threads <= 4; threads++) good = ask(db, groups, threads);
  dfq_table_free(t);
  dfq_close(db);
  return !good;
}
