// 1.2: take_while(keep). No flag is needed: whoever returns 0 is closed and not asked again.

typedef struct while_rows {
  dfq_rows head;
  bool (*keep)(void *user, const dfq_value *row);
  void *user;
} while_rows;

static int while_next(dfq_rows *r, const dfq_value **row) {
  while_rows *w = (while_rows *)r;
  if (!dfq_rows_next(r->in, row)) return dfq__rows_end(r->in);
  return w->keep(w->user, *row);
}

static const dfq__rows_class while_class = { "take_while", NULL, while_next, NULL };

static dfq_rows *take_while(dfq_rows *in, bool (*keep)(void *user, const dfq_value *row),
                            void *user) {
  if (!in) return NULL;
  dfq_rows *r = dfq__rows_new(in->db, sizeof(while_rows), &while_class, in, in->columns);
  while_rows *w = (while_rows *)r;
  if (!r) return NULL;
  w->keep = keep;
  w->user = user;
  return r;
}
