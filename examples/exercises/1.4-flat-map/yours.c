// 1.4, medium: flat_map, a map node whose function may make no row of a row, one, or many.
//
// give is asked with a row and k = 0, 1, 2, ...: it fills to[0 .. columns) and returns true, or
// returns false when it has no k-th row to give. Then the next row of the input has its turn.
// Rows come out one at a time, when they are asked for: a row that makes a million rows must
// not be worked off at once. row: borrowed from the input until it is asked for its next one.
//
// r->row has room for a row of the result; *row = r->row hands it out. The constructor is
// complete; the struct and next are yours.

typedef bool give_fn(void *user, const dfq_value *row, int k, dfq_value *to);

typedef struct flat_rows {
  dfq_rows head;
  give_fn *give;
  void *user;
} flat_rows;

static int flat_next(dfq_rows *r, const dfq_value **row) {
  flat_rows *f = (flat_rows *)r;
  if (!dfq_rows_next(r->in, row)) return dfq__rows_end(r->in);
  if (!f->give(f->user, *row, 0, r->row)) return 0;   // yours: no end, nor the only one
  *row = r->row;
  return 1;
}

static const dfq__rows_class flat_class = { "flat_map", NULL, flat_next, NULL };

static dfq_rows *flat_map(dfq_rows *in, int columns, give_fn *give, void *user) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(flat_rows), &flat_class, in, columns);
  flat_rows *f = (flat_rows *)r;
  if (!r) return NULL;
  f->give = give;
  f->user = user;
  return r;
}
