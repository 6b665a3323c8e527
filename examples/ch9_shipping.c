// ch9_shipping.c - chapter 9: what a library owes the program that it is part of: memory by
// the program's own hook, errors instead of exits, files whole or not at all.
#include <stdlib.h>
#include <string.h>
#define DFQ_IMPLEMENTATION
#include "dfq.h"

static const char out_path[] = "build/ch9_out.csv";
static const char *const text[] = { "12", "7", "n/a", "30" };

// Writes texts as numbers, and stops at one that is none. Whatever was written by then stays.
static bool naive(const char *path) {
  FILE *f = fopen(path, "wb");
  if (!f) return false;
  fprintf(f, "n\n");
  for (int i = 0; i < 4; i++) {
    char *end;
    long n = strtol(text[i], &end, 10);
    if (*end) {
      fclose(f);
      return false;
    }
    fprintf(f, "%ld\n", n);
  }
  return fclose(f) == 0;
}

static void show_file(const char *path) {
  char line[80];
  FILE *f = fopen(path, "rb");
  if (!f) {
    puts("  no file");
    return;
  }
  while (fgets(line, sizeof line, f)) printf("  %s", line);
  fclose(f);
}

// ---- a hook that counts, and can be told to fail --------------------------------------------

typedef struct memory {
  size_t calls, fail_at;   // the call that fails, from 1; 0: none
  size_t used;             // bytes that are not given back yet
} memory;

static void *hook(void *user, void *ptr, size_t old_size, size_t new_size) {
  memory *m = (memory *)user;
  if (new_size && ++m->calls == m->fail_at) return NULL;
  if (!new_size) {
    free(ptr);
    m->used -= old_size;
    return NULL;
  }
  void *to = realloc(ptr, new_size);
  if (to) m->used += new_size - old_size;
  return to;
}

// A whole life: open, build, run, close. Returns rows, or -1 for an error.
static int64_t ask(memory *m) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.realloc = hook;
  o.realloc_user = m;
  o.run.threads = 1;
  dfq *db = dfq_open(&o);
  if (!db) return -1;
  dfq_frame *f = dfq_scan_csv(db, "examples/data/orders.csv", NULL);
  f = dfq_sort(dfq_group_by(dfq_filter(f, "amount > 50"), "year", "sum(amount) as s"), "s");
  int64_t rows = dfq_count(f);
  dfq_close(db);
  return rows;
}

// Fails each allocation once. Returns how many runs did not end well; *ran counts them.
static size_t fail_each(int64_t right, size_t *ran) {
  size_t bad = 0;
  for (size_t n = 1;; n++) {
    memory m = { 0, 0, 0 };
    m.fail_at = n;
    int64_t rows = ask(&m);
    if (m.calls < n) return bad;   // there is no n-th call: all have failed once
    *ran += 1;
    if ((rows != -1 && rows != right) || m.used) bad++;
  }
}

int main(void) {
  puts("The naive way: a text that is no number, in the middle of a file\n");
  printf("  written: %s\n", naive(out_path) ? "yes" : "no, but look what is there:");
  show_file(out_path);
  remove(out_path);

  dfq *db = dfq_open(NULL);
  dfq_column column = { "t", DFQ_STR, text, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 4);
  dfq_frame *f = dfq_select(dfq_scan_table(db, t), "cast(t as i64) as n");
  puts("\nThe engine: an error, and what is there:\n");
  bool wrote = dfq_write_csv(f, out_path, NULL);
  printf("%s\n", dfq_error(db));
  show_file(out_path);
  f = dfq_filter(dfq_scan_csv(db, "examples/data/orders.csv", NULL), "amuont > 100");
  puts("\nA wrong name is an error when the frame is built; any number of steps may follow:\n");
  bool ran = dfq_show(dfq_sort(dfq_limit(f, 3), "year"), stdout);
  printf("%s\n", dfq_error(db));
  dfq_table_free(t);
  dfq_close(db);

  memory m = { 0, 0, 0 };
  size_t runs = 0;
  int64_t right = ask(&m);
  size_t bad = fail_each(right, &runs);
  puts("\nEach allocation of a query fails once:\n");
  printf("  runs of another result, or with a byte not given back: %zu\n", bad);
  return wrote || ran || bad || !runs;
}
