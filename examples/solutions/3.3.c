// 3.3: the place of a row in the stream is rows + i, so the first one wanted of a batch follows
// from what came before it. No state says "so many are still to be passed over": that would be
// the same number, and one more to keep right.

typedef struct every_op {
  dfq__op head;
  size_t n;
  size_t rows;
  dfq__buffer row;
  dfq__buffer *packed;
} every_op;

static bool every_open(dfq__op *op) {
  every_op *e = (every_op *)op;
  e->packed = (dfq__buffer *)dfq__op_array(op, 2 * (size_t)op->out.columns,
                                           sizeof *e->packed);
  return e->packed != NULL;
}

static dfq__event every_next(dfq__op *op) {
  every_op *e = (every_op *)op;
  size_t kept = 0;
  while (kept == 0) {
    dfq__event got = dfq__pull(op->in[0]);
    if (got != DFQ__BATCH) return got;
    const dfq__batch *in = &op->in[0]->out;
    if (!dfq__buffer_reserve(op->eval.heap, &e->row, in->rows * sizeof(uint32_t)))
      return DFQ__ERROR;
    uint32_t *row = (uint32_t *)(void *)e->row.data;
    for (size_t i = (e->n - e->rows % e->n) % e->n; i < in->rows; i += e->n)
      row[kept++] = (uint32_t)i;
    e->rows += in->rows;
  }
  const dfq__batch *in = &op->in[0]->out;
  for (int c = 0; c < in->columns; c++) op->out.column[c] = in->column[c];
  return dfq__pack(op->eval.heap, e->packed, &op->out, (const uint32_t *)(void *)e->row.data,
                   kept, NULL) ? DFQ__BATCH : DFQ__ERROR;
}

static void every_close(dfq__op *op) {
  every_op *e = (every_op *)op;
  dfq__buffer_free(op->eval.heap, &e->row);
  dfq__buffers_free(op->eval.heap, e->packed, 2 * op->out.columns);
}

static const dfq__op_class every_class = {
  sizeof(every_op), every_open, NULL, every_next, every_close, NULL
};
