// 1.3: merge(a, b). at[i] is the row at hand of side i, NULL when there is none any more. A
// side is asked again only when its row has been handed out, so both rows are valid.

typedef struct merge_rows {
  dfq_rows head;
  const dfq_value *at[2];
  bool taken[2];        // fetch another row before comparing
} merge_rows;

static bool merge_open(dfq_rows *r) {
  merge_rows *m = (merge_rows *)r;
  m->taken[0] = m->taken[1] = true;
  return true;
}

static int merge_next(dfq_rows *r, const dfq_value **row) {
  merge_rows *m = (merge_rows *)r;
  dfq_rows *side[2] = { r->in, r->other };
  for (int i = 0; i < 2; i++) {
    if (!m->taken[i]) continue;
    m->taken[i] = false;
    if (dfq_rows_next(side[i], &m->at[i])) continue;
    if (dfq_rows_failed(side[i])) return -1;
    m->at[i] = NULL;
  }
  if (!m->at[0] && !m->at[1]) return 0;
  int first = !m->at[0] || (m->at[1] && m->at[1][0].as.i < m->at[0][0].as.i);
  m->taken[first] = true;
  *row = m->at[first];
  return 1;
}

static const dfq__rows_class merge_class = { "merge", merge_open, merge_next, NULL };

static dfq_rows *merge(dfq_rows *a, dfq_rows *b) {
  if (!a || !b) { dfq_rows_close(a); dfq_rows_close(b); return NULL; }
  dfq_rows *r = dfq__rows_new(a->db, sizeof(merge_rows), &merge_class, a, a->columns);
  if (r) r->other = b;
  else dfq_rows_close(b);
  return r;
}
