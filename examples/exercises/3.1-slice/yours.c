// 3.1, easy: limit with an offset, over batches.
//
// slice(frame, offset, limit, row, user) calls row for the rows offset .. offset + limit - 1 of
// the frame's result (fewer, when there are fewer), by dfq_each_batch. Batches have any size:
// the first row wanted may lie in the third batch, and the last one in the fifth. No batch is
// asked for from which no row is wanted. Returns: false when the frame failed (dfq_error).
//
// dfq_each_batch calls a function with each batch until it returns false. What has to be known
// from one batch to the next stands in a struct.

typedef void row_fn(void *user, const dfq_batch *batch, size_t row);

typedef struct slicing {
  size_t skip, left;   // rows still to pass over, and still to hand on
  row_fn *row;
  void *user;
} slicing;

static bool slice_batch(void *state, const dfq_batch *batch) {
  slicing *s = (slicing *)state;
  for (size_t i = s->skip; i < s->skip + s->left; i++) {   // yours: a batch is not everything
    if (i >= dfq_batch_rows(batch)) break;
    s->row(s->user, batch, i);
  }
  return true;
}

static bool slice(dfq_frame *frame, size_t offset, size_t limit, row_fn *row, void *user) {
  slicing s = { offset, limit, row, user };
  return dfq_each_batch(frame, slice_batch, &s);
}
