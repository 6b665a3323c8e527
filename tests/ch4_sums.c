// ch4_sums.c - what a filter lets through: the rows picked from a mask, against the plain way.

// Every way in which eight rows can be left, in front of and behind others, and all lengths.
TEST(sums_rows_where_a_mask_is_true) {
  enum { MOST = 40 };
  uint64_t seed = 7;
  for (int k = 0; k < 256 * 4 + MOST; k++) {
    uint8_t *mask = (uint8_t *)test_alloc(MOST);
    size_t n = k < 1024 ? 24 : (size_t)(k - 1024), m = 0;
    uint32_t *row = (uint32_t *)test_alloc((n + 1) * sizeof *row), want[MOST];
    for (size_t i = 0; i < n; i++) {
      bool given = k < 1024 && i / 8 == 1;
      mask[i] = (uint8_t)((given ? (uint64_t)k >> (i % 8) : test_random(&seed)) & 1);
      if (mask[i]) want[m++] = (uint32_t)i;
    }
    CHECK_INT(dfq__select_rows(row, mask, n), m);
    CHECK(memcmp(row, want, m * sizeof *row) == 0);
    free(mask);
    free(row);
  }
}

static void run_ch4_sums(void) {
  RUN(sums_rows_where_a_mask_is_true);
}
