// 1.1, easy: skip(n), the rows after the first n. dfq_rows_take in >>row-operators is its
// mirror.
//
// An operator of chapter 1 is three things: a struct that begins with a dfq_rows, a next, and a
// constructor that makes it over the iterator below. Two of them are here. Complete next.

typedef struct skip_rows {
  dfq_rows head;
  size_t left;          // rows still to be passed over
} skip_rows;

// Returns 1 with *row set, 0 at the end, -1 after an error below: dfq__rows_end knows which.
static int skip_next(dfq_rows *r, const dfq_value **row) {
  skip_rows *s = (skip_rows *)r;
  (void)s;              // yours: pass over what is left to pass over
  return dfq_rows_next(r->in, row) ? 1 : dfq__rows_end(r->in);
}

static const dfq__rows_class skip_class = { "skip", NULL, skip_next, NULL };

static dfq_rows *skip(dfq_rows *in, size_t n) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(skip_rows), &skip_class, in, in->columns);
  if (r) ((skip_rows *)r)->left = n;
  return r;
}
