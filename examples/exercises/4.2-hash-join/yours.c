// 4.2, medium: a hash join as an iterator of chapter 1.
//
// The key is the first column of either side, an i64 or null. A row of the result is a left
// row, then a right row with an equal key. The left rows keep their order, and the matches of
// one left row stand in the order of the right rows. Null equals nothing, not even null.
// keep_left: a left row without a match comes out once, with nulls for the right columns.
//
// The right side is read to its end by the first next, and closed by dfq_rows_close like all
// inputs. The left side is asked for a row when one is needed, not before: it may be endless.
// All columns are i64 or null, so a row can be copied value by value.
//
// An iterator has two inputs, r->in and r->other. The constructor is complete; the struct,
// open, next and close are yours. Write the table yourself: dfq__hash_word(key, seed) hashes.

typedef struct join_rows {
  dfq_rows head;
  bool keep_left;
} join_rows;

static bool join_open(dfq_rows *r) {
  (void)r;              // yours: read r->other, copy its rows, chain those of one key
  return true;
}

static int join_next(dfq_rows *r, const dfq_value **row) {
  (void)row;            // yours
  (void)r;
  return 0;
}

static void join_close(dfq_rows *r) {
  (void)r;              // yours: free what open has taken, also after an open that failed
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
