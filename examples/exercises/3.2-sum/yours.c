// 3.2, medium: a kernel by hand, the sum of an i64 column.
//
// sum_i64(data, valid, n, &sum) adds up the rows whose byte in valid is 1, or all of them when
// valid is NULL. Where it is 0, data holds any value at all. Returns true and sets *sum when
// the exact sum fits into an i64, else false: a sum may leave the range and come back into it,
// for the order of rows is no business of a sum. n is below 2^31.
//
// In C an overflow of int64_t is undefined; of uint64_t it wraps.

static bool sum_i64(const int64_t *data, const uint8_t *valid, size_t n, int64_t *sum) {
  uint64_t total = 0;
  (void)valid;                       // yours
  for (size_t i = 0; i < n; i++) total += (uint64_t)data[i];
  *sum = (int64_t)total;
  return true;
}
