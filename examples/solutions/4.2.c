// 4.2: the right rows as an array, a slot for each key with its first row, and next[] from row
// to row. Putting rows in backwards leaves every chain in row order.

typedef struct join_rows {
  dfq_rows head;
  bool keep_left;
  dfq_value *kept;      // the right rows
  size_t rows, room, mask;
  int64_t *slot, *next; // row numbers; -1: none
  dfq_value *pair;      // left and right values; the left ones are of the row at hand
  int64_t chain;        // its next match
} join_rows;

static const dfq_value *right_row(const join_rows *j, int64_t row) {
  return j->kept + (size_t)row * (size_t)j->head.other->columns;
}

// The slot of a key, or the empty one where it belongs.
static int64_t *slot_of(const join_rows *j, int64_t key) {
  size_t at = (size_t)dfq__hash_word((uint64_t)key, 0) & j->mask;
  while (j->slot[at] >= 0 && right_row(j, j->slot[at])[0].as.i != key) at = (at + 1) & j->mask;
  return &j->slot[at];
}

static bool keep_right(join_rows *j) {
  dfq_rows *in = j->head.other;
  size_t width = (size_t)in->columns;
  const dfq_value *row;
  while (dfq_rows_next(in, &row)) {
    if (j->rows == j->room) {
      size_t room = 2 * j->room + 16;
      dfq_value *more = (dfq_value *)realloc(j->kept, room * width * sizeof *more);
      if (!more) return false;
      j->kept = more;
      j->room = room;
    }
    memcpy(j->kept + j->rows++ * width, row, width * sizeof *row);
  }
  return !dfq_rows_failed(in);
}

static bool join_open(dfq_rows *r) {
  join_rows *j = (join_rows *)r;
  if (!keep_right(j)) return false;
  for (j->mask = 15; j->mask < 2 * j->rows;) j->mask = 2 * j->mask + 1;
  j->slot = (int64_t *)malloc((j->mask + 1) * sizeof *j->slot);
  j->next = (int64_t *)malloc((j->rows + 1) * sizeof *j->next);
  j->pair = (dfq_value *)calloc((size_t)r->columns, sizeof *j->pair);
  if (!j->slot || !j->next || !j->pair) return false;
  memset(j->slot, 0xff, (j->mask + 1) * sizeof *j->slot);
  for (int64_t i = (int64_t)j->rows; i-- > 0;) {
    if (right_row(j, i)[0].type == DFQ_NULL) continue;
    int64_t *slot = slot_of(j, right_row(j, i)[0].as.i);
    j->next[i] = *slot;
    *slot = i;
  }
  j->chain = -1;
  return true;
}

static int join_next(dfq_rows *r, const dfq_value **row) {
  join_rows *j = (join_rows *)r;
  size_t left = (size_t)r->in->columns, right = (size_t)r->other->columns;
  *row = j->pair;
  while (j->chain < 0) {
    const dfq_value *now;
    if (!dfq_rows_next(r->in, &now)) return dfq__rows_end(r->in);
    memcpy(j->pair, now, left * sizeof *now);
    if (now[0].type != DFQ_NULL) j->chain = *slot_of(j, now[0].as.i);
    if (j->chain >= 0 || !j->keep_left) continue;
    memset(j->pair + left, 0, right * sizeof *now);
    for (size_t c = 0; c < right; c++) j->pair[left + c].type = DFQ_NULL;
    return 1;
  }
  memcpy(j->pair + left, right_row(j, j->chain), right * sizeof **row);
  j->chain = j->next[j->chain];
  return 1;
}

static void join_close(dfq_rows *r) {
  join_rows *j = (join_rows *)r;
  free(j->kept);
  free(j->slot);
  free(j->next);
  free(j->pair);
}

static const dfq__rows_class join_class = { "join", join_open, join_next, join_close };

static dfq_rows *hash_join(dfq_rows *left, dfq_rows *right, bool keep_left) {
  if (!left || !right) { dfq_rows_close(left); dfq_rows_close(right); return NULL; }
  int columns = dfq_rows_columns(left) + dfq_rows_columns(right);
  dfq_rows *r = dfq__rows_new(left->db, sizeof(join_rows), &join_class, left, columns);
  if (!r) { dfq_rows_close(right); return NULL; }
  r->other = right;
  ((join_rows *)r)->keep_left = keep_left;
  return r;
}
