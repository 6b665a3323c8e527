// 4.1: a heap with the worst of the best at its top. Rising is for the first k rows, sinking
// for all others, and once more to take the heap apart.

static void rise(entry *heap, size_t i) {
  for (; i > 0 && before(&heap[(i - 1) / 2], &heap[i]); i = (i - 1) / 2) {
    entry parent = heap[(i - 1) / 2];
    heap[(i - 1) / 2] = heap[i];
    heap[i] = parent;
  }
}

static void sink(entry *heap, size_t n) {
  for (size_t i = 0, child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && before(&heap[child], &heap[child + 1])) child++;
    if (before(&heap[child], &heap[i])) return;
    entry worse = heap[child];
    heap[child] = heap[i];
    heap[i] = worse;
  }
}

static int64_t top_k(dfq_rows *in, entry *best, size_t k) {
  const dfq_value *row;
  size_t n = 0;
  entry now = { 0, -1 };
  while (dfq_rows_next(in, &row)) {
    now.row++;
    if (row[0].type == DFQ_NULL) continue;
    now.key = row[0].as.i;
    if (n < k) {
      best[n] = now;
      rise(best, n++);
    } else if (k && before(&now, &best[0])) {
      best[0] = now;
      sink(best, k);
    }
  }
  bool failed = dfq_rows_failed(in);
  dfq_rows_close(in);
  for (size_t left = n; left-- > 1;) {
    entry worst = best[0];
    best[0] = best[left];
    best[left] = worst;
    sink(best, left);
  }
  return failed ? -1 : (int64_t)n;
}
