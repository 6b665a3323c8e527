// 1.3, hard: merge(a, b), the rows of two sorted iterators as one sorted iterator.
//
// Both are sorted by their first column, an i64 that is never null. Rows of equal keys: a's
// come first. An iterator has a place for a second input (r->other); closing takes care of
// both.
//
// A row is borrowed until the next call of the iterator that gave it: so the smaller one of two
// rows at hand can be handed out, and the other one stays as it is until its own iterator is
// asked again.

static dfq_rows *merge(dfq_rows *a, dfq_rows *b) {
  dfq_rows_close(b);    // yours
  return a;
}
