// 3.3, hard: an operator of the batch engine. every(in, n) brings the rows 0, n, 2n, ... of its
// input, whatever the batches are that they come in.
//
// It has no plan node of its own: op_over puts it upon an operator that is open already. What
// is yours is next, what it keeps from batch to batch, and close. The rules of >>operators:
//
//   - ask by dfq__pull(op->in[0]), never by calling next; its batch is in->out, borrowed until
//     the next pull, and not to be changed
//   - a batch has at least one row: when none of a batch's rows is wanted, ask again
//   - dfq__END and dfq__ERROR (DFQ__END, DFQ__ERROR) are handed on
//   - memory comes from op->eval.heap; what close does not give back is lost
//
// dfq__pack, in >>filter, copies the rows with given numbers.

typedef struct every_op {
  dfq__op head;
  size_t n;             // every n-th row
  size_t rows;          // of the input, before the batch at hand
  dfq__buffer row;      // numbers (uint32_t) of the rows wanted of the batch at hand
  dfq__buffer *packed;  // two for each column, as dfq__pack likes them
} every_op;

static bool every_open(dfq__op *op) {
  every_op *e = (every_op *)op;
  e->packed = (dfq__buffer *)dfq__op_array(op, 2 * (size_t)op->out.columns,
                                           sizeof *e->packed);
  return e->packed != NULL;
}

static dfq__event every_next(dfq__op *op) {
  dfq__event got = dfq__pull(op->in[0]);
  if (got != DFQ__BATCH) return got;
  const dfq__batch *in = &op->in[0]->out;
  for (int c = 0; c < in->columns; c++) op->out.column[c] = in->column[c];
  op->out.rows = in->rows;           // yours: not all of them
  return DFQ__BATCH;
}

static void every_close(dfq__op *op) {
  (void)op;                          // yours
}

static const dfq__op_class every_class = {
  sizeof(every_op), every_open, NULL, every_next, every_close, NULL
};
