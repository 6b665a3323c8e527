// 8.3: count, sum up, scatter; and no pass for a byte in which all words agree.

typedef struct sort_row {
  uint64_t word;
  uint32_t number;
} sort_row;

static int radix_sort(sort_row *row, sort_row *spare, size_t n) {
  uint64_t all = UINT64_MAX, some = 0;
  sort_row *from = row, *to = spare;
  int passes = 0;
  for (size_t i = 0; i < n; i++) {
    all &= row[i].word;
    some |= row[i].word;
  }
  for (int shift = 0; n > 1 && shift < 64; shift += 8) {
    size_t at[256] = { 0 }, sum = 0;
    if (!((all ^ some) >> shift & 0xff)) continue;
    for (size_t i = 0; i < n; i++) at[from[i].word >> shift & 0xff]++;
    for (int b = 0; b < 256; b++) {
      size_t count = at[b];
      at[b] = sum;
      sum += count;
    }
    for (size_t i = 0; i < n; i++) to[at[from[i].word >> shift & 0xff]++] = from[i];
    sort_row *sorted = to;
    to = from;
    from = sorted;
    passes++;
  }
  if (from != row) memcpy(row, from, n * sizeof *row);
  return passes;
}
