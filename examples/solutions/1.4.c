// 1.4: flat_map. What it remembers is the row at hand, borrowed until the input is asked again.

typedef bool give_fn(void *user, const dfq_value *row, int k, dfq_value *to);

typedef struct flat_rows {
  dfq_rows head;
  give_fn *give;
  void *user;
  const dfq_value *at;   // NULL: no row is at hand
  int k;
} flat_rows;

static int flat_next(dfq_rows *r, const dfq_value **row) {
  flat_rows *f = (flat_rows *)r;
  for (;;) {
    if (!f->at) {
      if (!dfq_rows_next(r->in, &f->at)) return dfq__rows_end(r->in);
      f->k = 0;
    }
    if (f->give(f->user, f->at, f->k++, r->row)) break;
    f->at = NULL;
  }
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
