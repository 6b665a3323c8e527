// 7.1: one addition hands out a number; what it stands for is arithmetic.

#include <stdatomic.h>

typedef struct morsels {
  size_t rows, size;
  atomic_size_t cursor;
} morsels;

static bool deal(morsels *m, size_t *first, size_t *count) {
  *first = atomic_fetch_add(&m->cursor, 1) * m->size;
  if (*first >= m->rows) return false;
  *count = m->rows - *first < m->size ? m->rows - *first : m->size;
  return true;
}
