// allocator.c - all memory through functions of the program's own, counted, with a budget.
#include <stdatomic.h>
#include <stdlib.h>

#include "dfq.h"

// May be called from several threads at once, so the counters are atomic.
typedef struct counters {
  atomic_size_t calls, bytes;
} counters;

// In the manner of realloc, with the old size: (NULL, 0, n) allocates, (p, n, 0) frees.
static void *counted(void *user, void *ptr, size_t old_size, size_t new_size) {
  counters *c = (counters *)user;
  if (new_size == 0) {
    free(ptr);
    atomic_fetch_sub(&c->bytes, old_size);
    return NULL;
  }
  void *fresh = realloc(ptr, new_size);
  if (!fresh) return NULL;                 // becomes the error "out of memory"
  atomic_fetch_add(&c->calls, 1);
  atomic_fetch_add(&c->bytes, new_size - old_size);
  return fresh;
}

// Collects the pairs of airports of a state, under a budget; 0: without one.
static void pairs_within(size_t budget) {
  counters c;
  atomic_init(&c.calls, 0);
  atomic_init(&c.bytes, 0);
  dfq_options options = { 0 };
  options.realloc = counted;
  options.realloc_user = &c;
  options.budget = budget;
  options.run.threads = 1;
  dfq *db = dfq_open(&options);
  dfq_frame *q = dfq_scan_csv(db, "examples/data/airports.csv", NULL);
  q = dfq_join(dfq_select(q, "state, iata"), dfq_select(q, "state, iata"), "state", DFQ_INNER);
  dfq_table *t = dfq_collect(q);
  if (t) printf("%d pairs\n", (int)dfq_table_rows(t));
  else puts(dfq_status_text(dfq_error_status(db)));   // dfq_error has the figures, too

  // After an error the context goes on: two pairs need less than all of them.
  if (!t) dfq_show(dfq_select(dfq_limit(q, 2), "iata, iata_right"), stdout);
  if (budget > 0) printf("kept to it: %s\n", dfq_bytes_peak(db) <= budget ? "yes" : "no");
  dfq_table_free(t);
  dfq_close(db);
  printf("%s, and %d bytes are left\n\n", atomic_load(&c.calls) > 0 ? "all by the hook" : "?",
         (int)atomic_load(&c.bytes));
}

int main(void) {
  pairs_within(0);
  pairs_within(8 << 20);
  return 0;
}
