// 8.2: unsigned all the way, so that the range of all integers is a number like any other.

typedef struct field {
  int64_t base;
  int shift, bits;
} field;

static int pack_layout(field *f, int n, const int64_t *low, const int64_t *high) {
  int all = 0;
  for (int c = 0; c < n; c++) {
    uint64_t most = (uint64_t)high[c] - (uint64_t)low[c] + 1;
    int bits = 0;
    while (bits < 64 && (most == 0 || most >> bits)) bits++;
    if (all + bits > 63) return 0;
    f[c].base = low[c];
    f[c].shift = all;
    f[c].bits = bits;
    all += bits;
  }
  return all;
}

static uint64_t pack(const field *f, int n, const int64_t *value, const bool *null) {
  uint64_t key = 0;
  for (int c = 0; c < n; c++)
    if (!null[c]) key |= ((uint64_t)value[c] - (uint64_t)f[c].base + 1) << f[c].shift;
  return key;
}

static bool unpack(const field *f, int c, uint64_t key, int64_t *value) {
  uint64_t there = key >> f[c].shift & (((uint64_t)1 << f[c].bits) - 1);
  if (!there) return false;
  *value = (int64_t)(there - 1 + (uint64_t)f[c].base);
  return true;
}
