// 7.1, easy: the cursor that deals out morsels.
//
// Threads ask deal for work until it returns false. Each call gives a piece of its own: the
// rows *first .. *first + *count - 1. All pieces together are the rows 0 .. rows - 1, each row
// once; every piece has size rows, but the last one may be shorter, and none is empty.
//
// deal is called by several threads at once, and more often than there are pieces. There is no
// lock: the cursor is atomic, and atomic_fetch_add(&m->cursor, 1) adds and returns what was
// there before, in one step that no other thread can come between.

#include <stdatomic.h>

typedef struct morsels {
  size_t rows, size;
  atomic_size_t cursor;    // the number of the next morsel: 0, 1, 2, ...
} morsels;

static bool deal(morsels *m, size_t *first, size_t *count) {
  size_t number = m->cursor;                // yours: two threads may read the same number
  if (number * m->size > m->rows) return false;
  *first = number * m->size;
  *count = m->size;                         // yours: is there so much left?
  m->cursor = number + 1;
  return true;
}
