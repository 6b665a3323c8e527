// ch4_radix.c - rows sorted by words: of every range, with words far from all others, with many
// that are equal in their upper bits or wholly, by one thread and several. Stable each time.

typedef struct radix_entry { uint64_t word; uint32_t row; } radix_entry;

static int radix_before(const void *x, const void *y) {
  const radix_entry *a = (const radix_entry *)x, *b = (const radix_entry *)y;
  if (a->word != b->word) return a->word < b->word ? -1 : 1;
  return a->row < b->row ? -1 : a->row > b->row;
}

static uint64_t radix_word(int kind, uint64_t i, uint64_t n, uint64_t *seed) {
  uint64_t r = test_random(seed);
  switch (kind) {
    case 0: return r;
    case 1: return r % 7;
    case 2: return i == n / 2 ? UINT64_MAX : r % 100000;       // one far from all others
    case 3: return (r % 3) << 61 | (r >> 8) % 50;              // runs of equal upper bits
    case 4: return (r % 5) << 50 | (uint64_t)1 << 63;
    case 5: return n - i;
    case 6: return i;
    case 7: return 42;
    case 8: return (r % 40 << 40) + (r >> 20) % 3;
    case 9: return r % 1000 ? 1 : r;
    case 10: return dfq__order_word_f64((double)(r % 100000000) / 1e6);
    default: return r % 2 ? r % 300 : UINT64_MAX - r % 300;
  }
}

TEST(radix_sorts_words_of_all_kinds) {
  static const uint64_t sizes[] = { 0, 1, 2, 31, 33, 257, 4000 };
  dfq *db = dfq_open(NULL);
  uint64_t seed = 5;
  for (int kind = 0; kind < 12; kind++)
    for (int s = 0; s < 7; s++)
      for (int threads = 1; threads <= 3; threads++) {
        uint64_t n = sizes[s];
        uint64_t *word = (uint64_t *)test_alloc((size_t)(n + 1) * 8);
        uint32_t *row = (uint32_t *)test_alloc((size_t)(n + 1) * 4);
        radix_entry *want = (radix_entry *)test_alloc((size_t)(n + 1) * sizeof *want);
        size_t wrong = 0;
        for (uint32_t i = 0; i < n; i++) {
          word[i] = radix_word(kind, i, n, &seed);
          row[i] = want[i].row = i;
          want[i].word = word[i];
        }
        qsort(want, (size_t)n, sizeof *want, radix_before);
        CHECK(dfq__radix_sort(db->heap, word, row, (size_t)n, threads));
        for (size_t i = 0; i < n; i++) wrong += row[i] != want[i].row;
        if (wrong) test_fail("  kind %d, %d rows, %d threads: %d are wrong\n", kind, (int)n,
                             threads, (int)wrong);
        free(word);
        free(row);
        free(want);
      }
  dfq_close(db);
}

// Keys that are columns, more than once, and expressions beside them; and ties of both.
TEST(radix_keys_of_a_sort) {
  static const char *const keys[] = {
    "a", "a desc", "f, a", "f desc nulls first, s", "a + 1, a", "s, a * 2 desc, a", "a, a desc",
    "s desc, f", "id, f", "id + 0, id desc" };
  dfq *db = dfq_open(NULL);
  dfq_frame *l = dfq_union(opt_left(db), dfq_union(opt_left(db), opt_left(db)));
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (!OPT_SAME(dfq_sort(l, keys[i]))) test_fail("  by %s\n", keys[i]);
    if (!OPT_SAME(dfq_limit(dfq_sort(l, keys[i]), 4))) test_fail("  top by %s\n", keys[i]);
  }
  dfq_close(db);
}

static void run_ch4_radix(void) {
  RUN(radix_sorts_words_of_all_kinds);
  RUN(radix_keys_of_a_sort);
}
