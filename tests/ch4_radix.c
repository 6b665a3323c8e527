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

// A table of rows, one of which has six columns: a key of integers that come again, and texts.
static dfq_frame *radix_table(dfq *db, size_t rows) {
  char text[512];
  snprintf(text, sizeof text,
           "(i * 7919) %% %zu as k, concat('text ', cast(i %% 11 as str)) as t, "
           "case when i %% 7 = 0 then null else i * 0.5 end as x, i * 100000000000 as w, "
           "date '2024-01-01' + interval '1' day as d", rows / 3 + 1);
  int64_t *number = (int64_t *)test_alloc(rows * sizeof *number + 1);
  for (size_t i = 0; i < rows; i++) number[i] = (int64_t)i;
  dfq_column c;
  memset(&c, 0, sizeof c);
  c.name = "i";
  c.type = DFQ_I64;
  c.data = number;
  dfq_table *narrow = dfq_table_new(db, &c, 1, rows);
  dfq_table *t = dfq_collect(dfq_with_columns(dfq_scan_table(db, narrow), text));
  dfq_frame *f = dfq_scan_table(db, t);
  if (!t) test_fail("  %s\n", dfq_error(db));
  dfq_table_free(narrow);
  dfq_table_free(t);
  free(number);
  return f;
}

// Rows of a table are sorted where they lie, by keys that are columns or computed, below a
// choice of columns, too; what is computed or dropped below has to be kept.
TEST(radix_sorts_a_table_where_it_lies) {
  static const char *const verbs[] = {
    "sort k", "sort t desc, k", "sort x nulls first, i desc", "sort k % 5, x",
    "select t, w, k | sort k", "rename k as q | select q, i, q + 0 as r | sort q, r",
    "filter i % 3 = 1 | sort k", "sort k | limit 9 offset 2", "sort d",
    "select x as y, x as z, d | sort y desc | select z", "sort 1 // (i - 50), k"
  };
  dfq *db = dfq_open(NULL);
  CHECK(dfq_register(db, "x", radix_table(db, 300)));
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    char text[256];
    snprintf(text, sizeof text, "x | %s", verbs[i]);
    dfq_frame *f = dfq_query(db, text);
    CHECK(!dfq_frame_error(f));
    if (!OPT_SAME(f)) test_fail("  %s\n", text);
  }
  dfq_close(db);
}

static bool radix_each(void *user, const dfq_batch *batch) {
  *(size_t *)user += batch->rows;
  return true;
}

// ... so that a sort holds its keys, and not the columns.
TEST(radix_holds_keys_of_a_table) {
  enum { ROWS = 300000 };
  dfq *db = dfq_open(NULL);
  CHECK(dfq_register(db, "x", radix_table(db, ROWS)));
  size_t rows = 0, before = dfq_bytes_used(db);
  CHECK(dfq_each_batch(dfq_query(db, "x | sort k"), radix_each, &rows));
  CHECK_INT(rows, ROWS);
  // the key, its word, two entries to sort, the number, and as much again for what is rounded
  size_t most = (size_t)2 * ROWS * (8 + 8 + 16 + 4);
  if (!CHECK(dfq_bytes_peak(db) - before < most))
    test_fail("  %zu bytes\n", dfq_bytes_peak(db) - before);
  dfq_close(db);
}

static void run_ch4_radix(void) {
  RUN(radix_sorts_words_of_all_kinds);
  RUN(radix_keys_of_a_sort);
  RUN(radix_sorts_a_table_where_it_lies);
  RUN(radix_holds_keys_of_a_table);
}
