// threads.c - what several threads may do at the same time.

#include <sched.h>

// ---- counts ---------------------------------------------------------------------------------

// The peak is the most that there ever was, whoever raises it at the same time. The blocks are
// none: only their sizes count.
typedef struct thr_peaks {
  dfq__heap *heap;
  size_t came, lost;
} thr_peaks;

enum { THR_LARGE = 1 << 20, THR_TURNS = 20000 };   // bytes: more than the context has

static void *thr_no_block(void *user, void *p, size_t old_size, size_t new_size) {
  (void)p; (void)old_size;
  return new_size ? user : NULL;
}

// Both go on when both are there: at the same moment, as far as the machine has it.
static void thr_both(thr_peaks *p, size_t turn) {
  dfq__add_fetch(&p->came, 1);
  for (int spin = 1; dfq__load(&p->came) < 2 * turn; spin++)
    if (spin % 1000 == 0) sched_yield();
}

// One raises it by little, again and again; the other once by much, and that must last.
static void thr_raise_peak(void *arg, int worker) {
  thr_peaks *p = (thr_peaks *)arg;
  for (size_t round = 0; round < THR_TURNS; round++) {
    if (worker) dfq__publish(&p->heap->peak, 0);
    thr_both(p, 2 * round + 1);
    for (size_t i = worker ? round % 50 : 0; i <= 50; i++) {
      size_t bytes = worker && i == 50 ? THR_LARGE : worker ? 1 : THR_LARGE / 2 + i;
      dfq__free(p->heap, dfq__alloc(p->heap, bytes), bytes);
    }
    thr_both(p, 2 * round + 2);
    if (worker && dfq__load(&p->heap->peak) < THR_LARGE) p->lost++;
  }
}

TEST(threads_peak) {
  dfq *db = dfq_open(NULL);
  thr_peaks p = { db->heap, 0, 0 };
  dfq_realloc_fn before = db->heap->realloc;
  db->heap->realloc = thr_no_block;
  dfq__parallel(2, thr_raise_peak, &p);
  db->heap->realloc = before;
  CHECK_INT(p.lost, 0);
  dfq_close(db);
}

static void run_threads(void) { RUN(threads_peak); }
