// 3.1: both counters go down by what this batch has taken, and false is said by the batch that
// has the last row: the next one would already have been read.

typedef void row_fn(void *user, const dfq_batch *batch, size_t row);

typedef struct slicing {
  size_t skip, left;
  row_fn *row;
  void *user;
} slicing;

static bool slice_batch(void *state, const dfq_batch *batch) {
  slicing *s = (slicing *)state;
  size_t rows = dfq_batch_rows(batch);
  size_t first = s->skip < rows ? s->skip : rows;
  size_t count = s->left < rows - first ? s->left : rows - first;
  for (size_t i = 0; i < count; i++) s->row(s->user, batch, first + i);
  s->skip -= first;
  s->left -= count;
  return s->left > 0;
}

static bool slice(dfq_frame *frame, size_t offset, size_t limit, row_fn *row, void *user) {
  slicing s = { offset, limit, row, user };
  return limit == 0 || dfq_each_batch(frame, slice_batch, &s);
}
