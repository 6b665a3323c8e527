// 3.2: each number is high * 2^32 + low, and the halves are added up apart. 2^31 numbers of 32
// bits fit into 64, so nothing is checked in the loop, and it has no branch: a null is a mask
// of zeros. Compilers make vector instructions of it.

static bool sum_i64(const int64_t *data, const uint8_t *valid, size_t n, int64_t *sum) {
  int64_t high = 0;
  uint64_t low = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t mask = valid ? 0 - (uint64_t)valid[i] : UINT64_MAX;
    uint64_t bits = (uint64_t)data[i] & mask;
    low += bits & 0xffffffffu;
    high += (int32_t)(uint32_t)(bits >> 32);
  }
  high += (int64_t)(low >> 32);      // what does not fit into the lower half
  if (high < INT32_MIN || high > INT32_MAX) return false;
  *sum = (int64_t)((uint64_t)high << 32 | (low & 0xffffffffu));
  return true;
}
