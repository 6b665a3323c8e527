// 1.1: skip(n). The loop is the whole operator; what comes after it is one question per row.

typedef struct skip_rows {
  dfq_rows head;
  size_t left;
} skip_rows;

static int skip_next(dfq_rows *r, const dfq_value **row) {
  skip_rows *s = (skip_rows *)r;
  for (; s->left > 0; s->left--)
    if (!dfq_rows_next(r->in, row)) return dfq__rows_end(r->in);
  return dfq_rows_next(r->in, row) ? 1 : dfq__rows_end(r->in);
}

static const dfq__rows_class skip_class = { "skip", NULL, skip_next, NULL };

static dfq_rows *skip(dfq_rows *in, size_t n) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(skip_rows), &skip_class, in, in->columns);
  if (r) ((skip_rows *)r)->left = n;
  return r;
}
