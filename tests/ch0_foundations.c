// ch0_foundations.c - memory, arenas, text, errors, names, hashes, threads, files, the context.
//
// ch0_hook is a memory hook that knows every block's size: it catches a wrong old size, counts
// what was not given back, and can refuse a chosen call. Later chapters use it as well.

typedef struct ch0_hook {
  size_t used, blocks;   // bytes and blocks that the engine holds now
  size_t calls;          // of those that ask for more memory
  size_t fail_at;        // this call fails; 0: none
  bool stay_out;         // and so do all after it
  bool wrong;            // a size that was not the block's, or a block that was none
} ch0_hook;

enum { CH0_HEAD = 16, CH0_MAGIC = 0x5afe };   // the head of a block: its size, then a mark

static void *ch0_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  ch0_hook *h = (ch0_hook *)user;
  size_t *head = ptr ? (size_t *)(void *)((char *)ptr - CH0_HEAD) : NULL;
  if (head && (head[0] != old_size || head[1] != CH0_MAGIC)) h->wrong = true;
  if (!head && old_size) h->wrong = true;
  if (new_size > old_size) {
    h->calls++;
    bool past = h->stay_out && h->fail_at && h->calls > h->fail_at;
    if (past || h->calls == h->fail_at) return NULL;
  }
  size_t *to = NULL;
  if (new_size) {
    to = (size_t *)malloc(new_size + CH0_HEAD);   // always moves: a stale pointer is found out
    if (!to) return NULL;
    to[0] = new_size;
    to[1] = CH0_MAGIC;
    h->blocks++;
    h->used += new_size;
    if (head) memcpy((char *)to + CH0_HEAD, ptr, old_size < new_size ? old_size : new_size);
  }
  if (head) {
    h->blocks--;
    h->used -= head[0];
    head[1] = 0;
    free(head);
  }
  return to ? (char *)to + CH0_HEAD : NULL;
}

static ch0_hook ch0_hook_new(size_t fail_at, bool stay_out) {
  ch0_hook h = { 0, 0, 0, fail_at, stay_out, false };
  return h;
}

static dfq *ch0_open(ch0_hook *h, size_t budget) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.realloc = ch0_realloc;
  o.realloc_user = h;
  o.budget = budget;
  return dfq_open(&o);
}

// Closes, and checks that everything came back with its right size.
static bool ch0_close(dfq *db, ch0_hook *h) {
  dfq_close(db);
  bool known = CHECK(!h->wrong), empty = CHECK_INT(h->used, 0), freed = CHECK_INT(h->blocks, 0);
  return known && empty && freed;
}

// Runs a scenario with every allocation refused once, and again with every allocation from the
// n-th on refused: no crash, no leak, and the scenario must say whether it went well. It must
// go well when nothing is refused, and must not claim success when it was told "out of memory".
typedef bool (*ch0_scenario)(dfq *db);

static void ch0_fail_each(ch0_scenario run) {
  for (int forever = 0; forever < 2; forever++) {
    size_t n = 1;
    for (bool reached = true; reached && n < 100000; n++) {
      ch0_hook h = ch0_hook_new(n, forever);
      dfq *db = ch0_open(&h, 0);
      bool ok = db && run(db);
      reached = h.calls >= n;
      if (!reached && !CHECK(ok)) printf("    nothing was refused\n");
      if (db && !ok && !CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY))
        printf("    call %d of the hook was refused: %s\n", (int)n, dfq_error(db));
      if (!ch0_close(db, &h)) printf("    call %d of the hook was refused\n", (int)n);
      if (test_now.broken) return;
    }
    CHECK(n > 2);
  }
}

// A generator for tests: splitmix64 (Steele, Lea, Flood 2014).
static uint64_t ch0_next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

// 0 .. below - 1
static int ch0_below(uint64_t *state, int below) {
  return (int)(ch0_next(state) >> 33) % below;
}

// ---- platform -------------------------------------------------------------------------------

TEST(foundations_bits) {
  uint64_t seed = 1;
  for (int i = 0; i < 64; i++) {
    uint64_t bit = UINT64_C(1) << i;
    CHECK_INT(dfq__low_bit(bit), i);
    CHECK_INT(dfq__high_bit(bit), i);
    CHECK_INT(dfq__low_bit(bit | ((ch0_next(&seed) | 1) << i)), i);
    CHECK_INT(dfq__high_bit(bit | (ch0_next(&seed) & (bit - 1))), i);
  }
  CHECK_INT(dfq__min(3, 5), 3);
  CHECK_INT(dfq__max(3, 5), 5);
}

TEST(foundations_clock) {
  double a = dfq__now(), b = dfq__now();
  CHECK(a > 1e9);
  CHECK(b >= a);
  CHECK(b - a < 60);
}

TEST(foundations_atomics) {
  size_t n = 5;
  CHECK_INT(dfq__load(&n), 5);
  CHECK_INT(dfq__add_fetch(&n, 7), 12);
  CHECK_INT(dfq__add_fetch(&n, (size_t)-2), 10);
  dfq__publish(&n, 3);
  CHECK_INT(dfq__load(&n), 3);
}

// ---- memory ---------------------------------------------------------------------------------

TEST(foundations_open_close) {
  dfq *db = dfq_open(NULL);
  if (!CHECK(db != NULL)) return;
  CHECK_STR(dfq_error(db), "");
  CHECK_INT(dfq_error_status(db), DFQ_OK);
  CHECK_STR(dfq_warnings(db), "");
  CHECK(dfq_bytes_used(db) > 0);
  CHECK(dfq_bytes_peak(db) >= dfq_bytes_used(db));
  CHECK(dfq_bytes_used(db) < 64 << 10);   // contexts are cheap
  dfq_close(db);
  dfq_close(NULL);
  CHECK_INT(dfq_bytes_used(NULL), 0);
  CHECK_INT(dfq_bytes_peak(NULL), 0);
  CHECK_INT(dfq_mark(NULL), 0);
  dfq_release(NULL, 0);
  dfq_clear_error(NULL);
  CHECK_INT(dfq_error_status(NULL), DFQ_NO_MEMORY);
  CHECK_HAS(dfq_error(NULL), "out of memory");
  CHECK_STR(dfq_warnings(NULL), "");
}

TEST(foundations_hook_sees_all) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  for (int i = 0; i < 300; i++) {
    char name[32];
    snprintf(name, sizeof name, "name %d", i);
    CHECK(dfq__intern(db, name) != NULL);
    CHECK(dfq__arena_alloc(&db->arena, (size_t)i * 37) != NULL);
    dfq__warn(db, "warning %d", i);
    // The heap's own struct comes from the hook too, but is not counted in the context.
    CHECK_INT(dfq_bytes_used(db), h.used - sizeof(dfq__heap));
  }
  CHECK(dfq_bytes_peak(db) >= dfq_bytes_used(db));
  CHECK(!h.wrong);
  dfq_release(db, 0);
  CHECK_INT(dfq_bytes_used(db), h.used - sizeof(dfq__heap));
  ch0_close(db, &h);
}

TEST(foundations_open_without_memory) {
  size_t n = 1;
  for (; n < 100; n++) {
    ch0_hook h = ch0_hook_new(n, true);
    dfq *db = ch0_open(&h, 0);
    bool opened = db != NULL;
    ch0_close(db, &h);
    if (opened) break;
  }
  CHECK(n > 1 && n < 20);
}

static bool ch0_use_foundations(dfq *db) {
  dfq__buffer b = { NULL, NULL, 0 };
  dfq__text t = dfq__text_in(db->heap);
  bool ok = true;
  for (int i = 0; i < 200; i++) {
    char name[32];
    snprintf(name, sizeof name, "name %d", i);
    ok = dfq__intern(db, name) && ok;
    ok = dfq__arena_alloc(&db->arena, 100) && ok;
    dfq__putf(&t, "%d and %s, ", i, name);
  }
  ok = dfq__buffer_reserve(db->heap, &b, 5000) && ok;
  ok = dfq__buffer_reserve(db->heap, &b, 50000) && ok;
  ok = !t.failed && ok;
  dfq__buffer_free(db->heap, &b);
  dfq__text_free(&t);
  const dfq__error *e =
      dfq__error_new(&db->arena, DFQ_USAGE, "a.c:1", "test", "all is %s", "well");
  ok = e->status == DFQ_USAGE && ok;
  if (!ok) e = &dfq__error_memory;
  dfq__report(db, e);
  return ok && dfq_error_status(db) == DFQ_USAGE;
}

TEST(foundations_fail_each_allocation) { ch0_fail_each(ch0_use_foundations); }

TEST(foundations_budget) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 40000);
  if (!CHECK(db != NULL)) return;
  size_t used = dfq_bytes_used(db), free_bytes = 40000 - used, calls = h.calls;
  CHECK(dfq__alloc(db->heap, free_bytes + 1) == NULL);   // one byte too many
  CHECK_INT(h.calls, calls);                             // the hook was not even asked
  CHECK_INT(dfq_bytes_used(db), used);
  void *p = dfq__alloc(db->heap, free_bytes);            // exactly what is left
  CHECK(p != NULL);
  CHECK_INT(dfq_bytes_used(db), 40000);
  CHECK_INT(dfq_bytes_peak(db), 40000);
  CHECK(dfq__arena_alloc(&db->arena, 8000) == NULL);
  CHECK(dfq__resize(db->heap, p, free_bytes, free_bytes + 1) == NULL);   // p is still there
  memset(p, 1, free_bytes);
  dfq__free(db->heap, p, free_bytes);
  CHECK_INT(dfq_bytes_used(db), used);
  CHECK(dfq__arena_alloc(&db->arena, 8000) != NULL);     // and the context is usable again
  CHECK(dfq__intern(db, "still here") == dfq__intern(db, "still here"));
  ch0_close(db, &h);
}

TEST(foundations_budget_too_small) {
  for (size_t budget = 1; budget < 2000; budget += 13) {
    ch0_hook h = ch0_hook_new(0, false);
    dfq *db = ch0_open(&h, budget);
    CHECK(db == NULL);
    ch0_close(db, &h);
  }
}

TEST(foundations_budget_fill_and_empty) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 300000);
  if (!CHECK(db != NULL)) return;
  for (int round = 0; round < 3; round++) {
    size_t mark = dfq_mark(db), got = 0;
    while (dfq__arena_alloc(&db->arena, 1000)) got += 1000;
    CHECK(got > 100000);
    CHECK(dfq_bytes_used(db) <= 300000);
    dfq_release(db, mark);
    CHECK(dfq_bytes_used(db) < 30000);
  }
  CHECK(dfq_bytes_peak(db) <= 300000);
  ch0_close(db, &h);
}

TEST(foundations_resize_keeps_bytes) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  size_t size = 1;
  char *p = (char *)dfq__alloc(db->heap, 1);
  p[0] = 0;
  uint64_t seed = 7;
  for (int i = 0; i < 200; i++) {
    size_t to = 1 + (size_t)ch0_below(&seed, 3000);
    p = (char *)dfq__resize(db->heap, p, size, to);
    for (size_t j = 0; j < to && j < size; j++) CHECK_INT(p[j], (char)(j * 7));
    for (size_t j = 0; j < to; j++) p[j] = (char)(j * 7);
    size = to;
  }
  dfq__free(db->heap, p, size);
  dfq__free(db->heap, NULL, 0);
  CHECK(dfq__alloc(db->heap, SIZE_MAX / 2 + 1) == NULL);
  CHECK(dfq__alloc(db->heap, SIZE_MAX) == NULL);
  ch0_close(db, &h);
}

static void *ch0_never_shrinks(void *user, void *ptr, size_t old_size, size_t new_size) {
  if (new_size && new_size < old_size) return NULL;
  return ch0_realloc(user, ptr, old_size, new_size);
}

// A hook may refuse to make a block smaller; the block is then used as it is.
TEST(foundations_refused_shrink) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.realloc = ch0_never_shrinks;
  o.realloc_user = &h;
  dfq *db = dfq_open(&o);
  if (!CHECK(db != NULL)) return;
  char *p = (char *)dfq__alloc(db->heap, 100);
  memset(p, 7, 100);
  CHECK(dfq__resize(db->heap, p, 100, 10) == p);
  CHECK_INT(p[9], 7);
  CHECK(!h.wrong);
  dfq__free(db->heap, p, 100);
  dfq_close(db);
  CHECK_INT(h.blocks, 0);
}

TEST(foundations_alloc_zero) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  int half = (int)sizeof(size_t) * 4 + 1;   // a product of two such is four times too large
  uint32_t *p = (uint32_t *)dfq__alloc_zero(db->heap, 100, sizeof *p);
  for (int i = 0; i < 100; i++) CHECK_INT(p[i], 0);
  dfq__free(db->heap, p, 100 * sizeof *p);
  CHECK(dfq__alloc_zero(db->heap, SIZE_MAX / 4, 8) == NULL);
  CHECK(dfq__alloc_zero(db->heap, 8, SIZE_MAX / 4) == NULL);
  CHECK(dfq__alloc_zero(db->heap, (size_t)1 << half, (size_t)1 << half) == NULL);
  void *nothing = dfq__alloc_zero(db->heap, 0, 8);
  CHECK(nothing != NULL);
  dfq__free(db->heap, nothing, 1);
  ch0_close(db, &h);
}

TEST(foundations_large_blocks_are_reused) {
  dfq *db = dfq_open(NULL);
  if (!CHECK(db != NULL)) return;
  dfq__heap *heap = db->heap;
  size_t used = dfq_bytes_used(db), mib = 1 << 20;
  char *a = (char *)dfq__alloc(heap, 3 * mib);
  if (!CHECK(a != NULL)) return;
  a[0] = 1;
  a[3 * mib - 1] = 2;
  CHECK_INT((uintptr_t)a % 16, 0);
  CHECK(dfq__resize(heap, a, 3 * mib, 4 * mib) == a);   // within its last huge page
  CHECK_INT(dfq_bytes_used(db), used + 4 * mib);
  char *b = (char *)dfq__resize(heap, a, 4 * mib, 9 * mib);
  CHECK_INT(b[0], 1);
  CHECK_INT(b[3 * mib - 1], 2);
  char *c = (char *)dfq__alloc(heap, 3 * mib + 5);
  CHECK(c != NULL && c != b);            // on most systems a, which b grew out of
  CHECK(dfq__alloc(heap, 0) == NULL);
  char *small = (char *)dfq__resize(heap, b, 9 * mib, 100);
  CHECK_INT(small[0], 1);
  small = (char *)dfq__resize(heap, small, 100, 2 * mib);
  CHECK_INT(small[0], 1);
  dfq__free(heap, small, 2 * mib);
  dfq__free(heap, c, 3 * mib + 5);
  CHECK_INT(dfq_bytes_used(db), used);
  CHECK_INT(dfq_bytes_peak(db), used + 9 * mib + 3 * mib + 5);
  dfq_close(db);
}

// Sixteen free blocks are kept; a seventeenth drives out the smallest.
TEST(foundations_large_blocks_kept) {
  dfq *db = dfq_open(NULL);
  void *block[DFQ__KEPT_HUGE + 4];
  if (!CHECK(db != NULL)) return;
  for (size_t i = 0; i < DFQ__KEPT_HUGE + 4; i++)
    block[i] = dfq__alloc(db->heap, (i + 1) * DFQ__HUGE);
  for (size_t i = 0; i < DFQ__KEPT_HUGE + 4; i++)
    dfq__free(db->heap, block[i], (i + 1) * DFQ__HUGE);
  size_t least = SIZE_MAX, count = 0;
  for (int i = 0; i < DFQ__KEPT_HUGE; i++) {
    count += db->heap->kept[i].ptr != NULL;
    least = dfq__min(least, db->heap->kept[i].size);
  }
  CHECK_INT(count, DFQ__KEPT_HUGE);
  CHECK_INT(least, 5 * (size_t)DFQ__HUGE);
  void *again = dfq__alloc(db->heap, 7 * (size_t)DFQ__HUGE);
  CHECK(again == block[6]);
  void *other = dfq__alloc(db->heap, 7 * (size_t)DFQ__HUGE);   // kept once only
  CHECK(other != NULL && other != again);
  dfq__free(db->heap, again, 7 * (size_t)DFQ__HUGE);
  dfq__free(db->heap, other, 7 * (size_t)DFQ__HUGE);
  char *medium = (char *)dfq__alloc(db->heap, DFQ__LARGE + 7);   // has places of its own
  memset(medium, 1, DFQ__LARGE + 7);
  CHECK(dfq__resize(db->heap, medium, DFQ__LARGE + 7, 2 * DFQ__LARGE) == medium);
  dfq__free(db->heap, medium, 2 * DFQ__LARGE);
  CHECK(dfq__alloc(db->heap, 2 * DFQ__LARGE - 9) == medium);
  // and back to malloc
  medium = (char *)dfq__resize(db->heap, medium, 2 * DFQ__LARGE - 9, 100);
  CHECK(medium && medium[99] == 1);
  dfq__free(db->heap, medium, 100);
  dfq_close(db);
}

TEST(foundations_heap_outlives_context) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  dfq__heap *heap = db->heap;
  char *p = (char *)dfq__alloc(heap, 100);
  dfq__heap_hold(heap);   // as a table does
  dfq_close(db);
  CHECK_INT(h.blocks, 2);
  CHECK_INT(heap->used, 100);
  memset(p, 1, 100);
  p = (char *)dfq__resize(heap, p, 100, 200);
  CHECK(p != NULL);
  dfq__free(heap, p, 200);
  dfq__heap_drop(heap);
  CHECK_INT(h.blocks, 0);
  CHECK(!h.wrong);
}

TEST(foundations_buffers) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  dfq__buffer b = { NULL, NULL, 0 };
  if (!CHECK(db != NULL)) return;
  size_t before = dfq_bytes_used(db);
  CHECK(dfq__buffer_reserve(db->heap, &b, 0));   // an empty column has memory to point to
  CHECK(b.data != NULL);
  size_t filled = 0, moves = 0;
  for (size_t n = 1; n < 200000; n += n / 3 + 1) {
    char *was = b.data;
    CHECK(dfq__buffer_reserve(db->heap, &b, n));
    moves += b.data != was;
    CHECK_INT((uintptr_t)b.data % DFQ__ALIGN, 0);
    CHECK(b.bytes >= n);
    for (size_t i = 0; i < filled; i++)
      if (b.data[i] != (char)i) { CHECK_INT(b.data[i], (char)i); break; }
    memset(b.data, 0, n + DFQ__BLOCK * sizeof(dfq_view));   // a block past the end is ours
    for (size_t i = 0; i < n; i++) b.data[i] = (char)i;
    filled = n;
  }
  CHECK(moves < 40);
  char *data = b.data;
  CHECK(dfq__buffer_reserve(db->heap, &b, 10));   // never smaller
  CHECK(b.data == data);
  CHECK(!dfq__buffer_reserve(db->heap, &b, SIZE_MAX));
  CHECK(!dfq__buffer_reserve(db->heap, &b, SIZE_MAX / 2));
  h.fail_at = h.calls + 1;
  CHECK(!dfq__buffer_reserve(db->heap, &b, b.bytes + 1));
  CHECK(b.data == data);
  CHECK_INT(b.data[100], 100);
  dfq__buffer_free(db->heap, &b);
  dfq__buffer_free(db->heap, &b);
  CHECK_INT(dfq_bytes_used(db), before);
  ch0_close(db, &h);
}

// ---- arenas ---------------------------------------------------------------------------------

static bool ch0_is_zero(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (p[i]) return false;
  return true;
}

TEST(foundations_arena_alloc) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  dfq__arena a = { db->heap, NULL, NULL };
  CHECK_INT(dfq__arena_mark(&a), 0);
  for (size_t n = 0; n < 3000; n += 7) {
    char *p = (char *)dfq__arena_alloc(&a, n);
    CHECK(p != NULL);
    CHECK_INT((uintptr_t)p % 16, 0);
    CHECK(ch0_is_zero(p, n));
    memset(p, 0xff, n);   // so that memory that is used again would show
  }
  CHECK(dfq__arena_alloc(&a, 3 << 20) != NULL);   // larger than any chunk
  CHECK_STR(dfq__arena_text(&a, "text and more", 4), "text");
  CHECK_STR(dfq__arena_text(&a, NULL, 0), "");
  CHECK(dfq__arena_alloc(&a, SIZE_MAX) == NULL);
  CHECK(dfq__arena_alloc(&a, SIZE_MAX / 2) == NULL);
  CHECK(dfq__arena_array(&a, SIZE_MAX / 8, 16) == NULL);
  CHECK(dfq__arena_array(&a, 10, 0) != NULL);
  dfq__arena_release(&a, 0);
  CHECK(a.top == NULL);
  dfq__arena_release(&a, 0);
  ch0_close(db, &h);
}

// Marks and releases in random order against a model that remembers every piece.
TEST(foundations_arena_marks) {
  enum { PIECES = 4000, MARKS = 50 };
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  char **piece = (char **)test_alloc(PIECES * sizeof *piece);
  size_t *size = (size_t *)test_alloc(PIECES * sizeof *size);
  size_t mark[MARKS];
  int at_mark[MARKS], pieces = 0, marks = 0;
  uint64_t seed = 11;
  if (!CHECK(db != NULL)) return;
  dfq__arena a = { db->heap, NULL, NULL };
  for (int step = 0; step < 20000; step++) {
    int what = ch0_below(&seed, 20);
    if (what == 0 && marks < MARKS) {
      mark[marks] = dfq__arena_mark(&a);
      at_mark[marks++] = pieces;
    } else if (what == 1 && marks > 0) {
      int back = ch0_below(&seed, marks);
      dfq__arena_release(&a, mark[back]);
      CHECK_INT(dfq__arena_mark(&a), mark[back]);
      pieces = at_mark[back];
      marks = back;
    } else if (pieces < PIECES) {
      size_t n = what == 2 ? 5000 : (size_t)ch0_below(&seed, 200);
      char *p = (char *)dfq__arena_alloc(&a, n);
      CHECK(p && ch0_is_zero(p, n));
      memset(p, pieces % 127 + 1, n);
      piece[pieces] = p;
      size[pieces++] = n;
    }
    if (step % 500 != 0) continue;
    for (int i = 0; i < pieces; i++)
      for (size_t j = 0; j < size[i]; j++)
        if (piece[i][j] != i % 127 + 1) { CHECK_INT(piece[i][j], i % 127 + 1); break; }
  }
  dfq__arena_release(&a, 0);
  CHECK_INT(dfq__arena_mark(&a), 0);
  free(piece);
  free(size);
  ch0_close(db, &h);
}

typedef struct ch0_log {
  int count, order[64];
} ch0_log;

typedef struct ch0_entry {
  ch0_log *log;
  int number;
} ch0_entry;

static void ch0_log_release(void *what) {
  ch0_entry *e = (ch0_entry *)what;
  e->log->order[e->log->count++] = e->number;
}

TEST(foundations_arena_cleanups) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  ch0_log log = { 0, { 0 } };
  dfq__arena a = { db->heap, NULL, NULL };
  size_t mark[30];
  for (int i = 0; i < 30; i++) {   // over several chunks; entries live in the arena themselves
    mark[i] = dfq__arena_mark(&a);
    ch0_entry *e = (ch0_entry *)dfq__arena_alloc(&a, sizeof *e);
    e->log = &log;
    e->number = i;
    CHECK(dfq__arena_on_release(&a, ch0_log_release, e));
    CHECK(dfq__arena_alloc(&a, (size_t)i * 100) != NULL);
  }
  dfq__arena_release(&a, dfq__arena_mark(&a));
  CHECK_INT(log.count, 0);
  dfq__arena_release(&a, mark[29]);
  CHECK_INT(log.count, 1);
  dfq__arena_release(&a, mark[7]);
  CHECK_INT(log.count, 23);
  dfq__arena_release(&a, 0);
  CHECK_INT(log.count, 30);
  for (int i = 0; i < 30; i++) CHECK_INT(log.order[i], 29 - i);   // the newest first
  ch0_close(db, &h);
}

TEST(foundations_release_runs_cleanups) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  ch0_log log = { 0, { 0 } };
  ch0_entry early = { &log, 1 }, late = { &log, 2 };
  const char *name = dfq__intern(db, "kept");
  CHECK(dfq__arena_on_release(&db->arena, ch0_log_release, &early));
  size_t mark = dfq_mark(db), used = dfq_bytes_used(db);
  CHECK(dfq__arena_on_release(&db->arena, ch0_log_release, &late));
  CHECK(dfq__arena_alloc(&db->arena, 100000) != NULL);
  CHECK(dfq_bytes_used(db) > used + 99999);
  dfq_release(db, mark);
  CHECK_INT(dfq_bytes_used(db), used);
  CHECK_INT(log.count, 1);
  CHECK_INT(log.order[0], 2);
  CHECK(dfq__intern(db, "kept") == name);   // names outlive releases
  ch0_close(db, &h);
  CHECK_INT(log.count, 2);
  CHECK_INT(log.order[1], 1);
}

TEST(foundations_arena_rewind) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  dfq__arena a = { db->heap, NULL, NULL };
  dfq__arena_rewind(&a);
  for (int i = 0; i < 100; i++) CHECK(dfq__arena_alloc(&a, 500) != NULL);
  dfq__arena_rewind(&a);
  CHECK_INT(dfq__arena_mark(&a), 0);
  CHECK(a.top && !a.top->below);
  size_t room = a.top->size, calls = h.calls;
  for (int round = 0; round < 10; round++) {   // the same chunk serves every round
    for (size_t used = 0; used + 512 <= room; used += 512) {
      char *p = (char *)dfq__arena_alloc(&a, 512);
      CHECK(ch0_is_zero(p, 512));
      memset(p, 1, 512);
    }
    dfq__arena_rewind(&a);
  }
  CHECK_INT(h.calls, calls);
  dfq__arena_release(&a, 0);
  ch0_close(db, &h);
}

// ---- text -----------------------------------------------------------------------------------

TEST(foundations_text) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  char longer[1000];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = 0;
  dfq__text t = dfq__text_in(db->heap);
  dfq__put(&t, "");
  CHECK_STR(t.data, "");
  dfq__put(&t, "one");
  dfq__put_char(&t, ',');
  dfq__put_n(&t, "two and", 3);
  dfq__put_repeat(&t, '-', 3);
  dfq__put_repeat(&t, '-', 0);
  dfq__putf(&t, "%s=%d", "n", 5);
  CHECK_STR(t.data, "one,two---n=5");
  CHECK_INT(t.len, strlen(t.data));
  t.len = 0;
  dfq__putf(&t, "<%s>", longer);   // longer than the small buffer of put_list
  CHECK_INT(t.len, 1001);
  CHECK_INT(strlen(t.data), 1001);
  CHECK(t.data[1000] == '>');
  for (size_t n = 250; n < 260; n++) {
    t.len = 0;
    dfq__putf(&t, "%.*s", (int)n, longer);
    CHECK_INT(t.len, n);
    CHECK_INT(strlen(t.data), n);
  }
  dfq__text_free(&t);
  CHECK_INT(t.len, 0);
  ch0_close(db, &h);
}

TEST(foundations_text_without_memory) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  dfq__text t = dfq__text_in(db->heap);
  dfq__put(&t, "first");
  h.fail_at = h.calls + 1;
  dfq__put_repeat(&t, 'x', 10000);
  CHECK(t.failed);
  size_t calls = h.calls;
  dfq__put(&t, "second");   // would fit, but the text has a hole: nothing more is put
  dfq__putf(&t, "%d", 5);
  dfq__put_repeat(&t, 'y', 2);
  CHECK_STR(t.data, "first");
  CHECK_INT(h.calls, calls);
  dfq__text_free(&t);
  ch0_close(db, &h);
}

TEST(foundations_put_count) {
  static const struct { uint64_t n; const char *text; } table[] = {
    { 0, "0" }, { 7, "7" }, { 999, "999" }, { 1000, "1,000" }, { 12345, "12,345" },
    { 123456, "123,456" }, { 1234567, "1,234,567" }, { 1000000000, "1,000,000,000" },
    { UINT64_MAX, "18,446,744,073,709,551,615" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    dfq__text t = dfq__text_in(db->heap);
    dfq__put_count(&t, table[i].n);
    CHECK_STR(t.data, table[i].text);
    dfq__text_free(&t);
  }
  dfq_close(db);
}

// ---- errors ---------------------------------------------------------------------------------

TEST(foundations_status_texts) {
  for (int s = 0; s < DFQ_STATUS_COUNT; s++) {
    const char *text = dfq_status_text((dfq_status)s);
    CHECK(text && *text && strcmp(text, "?") != 0);
    for (int other = 0; other < s; other++)
      CHECK(strcmp(text, dfq_status_text((dfq_status)other)) != 0);
  }
  CHECK_STR(dfq_status_text(DFQ_OK), "ok");
  CHECK_STR(dfq_status_text(DFQ_TYPE_ERROR), "type error");
  CHECK_STR(dfq_status_text(DFQ_STATUS_COUNT), "?");
}

TEST(foundations_errors) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  const dfq__error *a =
      dfq__error_new(&db->arena, DFQ_TYPE_ERROR, "q.c:4", "filter", "%s %d", "n", 1);
  const dfq__error *b = dfq__error_new(&db->arena, DFQ_IO_ERROR, NULL, "scan", "no");
  const dfq__error *c = dfq__error_new(&db->arena, DFQ_LIMIT, NULL, NULL, "much");
  CHECK_STR(dfq_error(db), "");   // made, but not yet reported
  dfq__report(db, a);
  CHECK_STR(dfq_error(db), "dfq: type error, q.c:4, filter: n 1");
  CHECK_INT(dfq_error_status(db), DFQ_TYPE_ERROR);
  dfq__report(db, b);             // the latest wins
  CHECK_STR(dfq_error(db), "dfq: cannot read or write, scan: no");
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  dfq__report(db, c);
  CHECK_STR(dfq_error(db), "dfq: limit reached: much");
  dfq_release(db, 0);             // the context has a copy
  CHECK_STR(dfq_error(db), "dfq: limit reached: much");
  dfq_clear_error(db);
  CHECK_STR(dfq_error(db), "");
  CHECK_INT(dfq_error_status(db), DFQ_OK);
  ch0_close(db, &h);
}

// Without memory for its text an error becomes "out of memory": code and message agree.
TEST(foundations_error_without_memory) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  dfq__error e = { DFQ_USAGE, "short" };
  h.fail_at = h.calls + 1;
  h.stay_out = true;
  dfq__report(db, &e);
  CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
  CHECK_HAS(dfq_error(db), "out of memory");
  CHECK(dfq__error_new(&db->arena, DFQ_USAGE, NULL, NULL, "x") == &dfq__error_memory);
  dfq_clear_error(db);
  CHECK_STR(dfq_error(db), "");
  CHECK_INT(dfq_error_status(db), DFQ_OK);
  h.fail_at = 0;
  dfq__report(db, &e);
  CHECK_STR(dfq_error(db), "short");
  CHECK_INT(dfq_error_status(db), DFQ_USAGE);
  ch0_close(db, &h);
}

TEST(foundations_warnings) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  if (!CHECK(db != NULL)) return;
  dfq__warn(db, "renamed %s to %s", "a", "a_2");
  dfq__warn(db, "%d bad values", 3);
  CHECK_STR(dfq_warnings(db), "renamed a to a_2\n3 bad values\n");
  CHECK_INT(dfq_error_status(db), DFQ_OK);
  dfq_clear_error(db);
  CHECK_STR(dfq_warnings(db), "");
  h.fail_at = h.calls + 1;
  for (int i = 0; i < 100; i++) dfq__warn(db, "a warning that is one too many");
  dfq_clear_error(db);
  dfq__warn(db, "again");
  CHECK_STR(dfq_warnings(db), "again\n");
  ch0_close(db, &h);
}

// ---- names ----------------------------------------------------------------------------------

TEST(foundations_interning) {
  enum { NAMES = 20000 };
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  const char **first = (const char **)test_alloc(NAMES * sizeof *first);
  char name[32];
  if (!CHECK(db != NULL)) return;
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < NAMES; i++) {
      snprintf(name, sizeof name, "%s%d", i % 3 ? "column_" : "c", i);
      const char *text = dfq__intern(db, name);
      if (round == 0) first[i] = text;
      if (!text || text == name || text != first[i] || strcmp(text, name) != 0)
        if (!CHECK_STR(text, name)) i = NAMES;
    }
  CHECK_INT(db->name_count, NAMES);
  for (int i = 1; i < NAMES; i++)
    if (first[i] == first[i - 1]) CHECK(first[i] != first[i - 1]);
  CHECK(dfq__intern_n(db, "column_1 and more", 8) == first[1]);
  CHECK(dfq__intern(db, "Column_1") != first[1]);   // names are case-sensitive
  CHECK_STR(dfq__intern(db, ""), "");
  CHECK(dfq__intern(db, "") == dfq__intern_n(db, "xyz", 0));
  CHECK(dfq__intern_n(db, "a\0b", 3) != dfq__intern(db, "a"));
  CHECK(dfq__intern_n(db, "a\0b", 3) == dfq__intern_n(db, "a\0b", 3));
  free(first);
  ch0_close(db, &h);
}

// The textbook recursion, for short texts.
static int ch0_distance(const char *a, const char *b) {
  if (!*a) return (int)strlen(b);
  if (!*b) return (int)strlen(a);
  int best = ch0_distance(a + 1, b + 1) + (dfq__lower(*a) != dfq__lower(*b));
  int drop = ch0_distance(a + 1, b) + 1, add = ch0_distance(a, b + 1) + 1;
  if (drop < best) best = drop;
  if (a[1] && b[1] && dfq__lower(a[0]) == dfq__lower(b[1]) &&
      dfq__lower(a[1]) == dfq__lower(b[0])) {
    int swap = ch0_distance(a + 2, b + 2) + 1;
    if (swap < best) best = swap;
  }
  return add < best ? add : best;
}

TEST(foundations_edit_distance) {
  char many[80], limit[64];
  memset(many, 'a', sizeof many);
  many[64] = 0;
  memset(limit, 'a', sizeof limit);
  limit[63] = 0;
  CHECK_INT(dfq__edit_distance("", ""), 0);
  CHECK_INT(dfq__edit_distance("abc", ""), 3);
  CHECK_INT(dfq__edit_distance("", "abc"), 3);
  CHECK_INT(dfq__edit_distance("amount", "amuont"), 1);   // two that changed places
  CHECK_INT(dfq__edit_distance("amount", "AMOUNT"), 0);
  CHECK_INT(dfq__edit_distance("region", "regions"), 1);
  CHECK_INT(dfq__edit_distance("kitten", "sitting"), 3);
  CHECK_INT(dfq__edit_distance(limit, ""), 63);
  CHECK_INT(dfq__edit_distance(limit, limit), 0);
  CHECK_INT(dfq__edit_distance(many, "a"), 99);
  CHECK_INT(dfq__edit_distance("a", many), 99);
  uint64_t seed = 5;
  for (int i = 0; i < 2000; i++) {
    char a[8] = "", b[8] = "";
    int n = ch0_below(&seed, 6), m = ch0_below(&seed, 6);
    for (int j = 0; j < n; j++) a[j] = (char)("abAc"[ch0_below(&seed, 4)]);
    for (int j = 0; j < m; j++) b[j] = (char)("abBc"[ch0_below(&seed, 4)]);
    int d = dfq__edit_distance(a, b);
    if (d != ch0_distance(a, b) || d != dfq__edit_distance(b, a)) {
      CHECK_INT(d, ch0_distance(a, b));
      printf("    %s %s\n", a, b);
    }
  }
}

static const char *ch0_nearest(const char *wanted, const char *const *names) {
  const char *best = NULL;
  int distance = dfq__near_limit(wanted);
  for (; *names; names++) dfq__nearer(wanted, *names, &best, &distance);
  return best;
}

TEST(foundations_did_you_mean) {
  static const char *const names[] = { "or", "amount", "amounts", "id", "ID2", "region", NULL };
  CHECK_INT(dfq__near_limit(""), 0);
  CHECK_INT(dfq__near_limit("a"), 0);
  CHECK_INT(dfq__near_limit("ab"), 1);
  CHECK_INT(dfq__near_limit("foo"), 1);
  CHECK_INT(dfq__near_limit("amount"), 2);
  CHECK_STR(ch0_nearest("amuont", names), "amount");
  CHECK_STR(ch0_nearest("Amount", names), "amount");
  CHECK_STR(ch0_nearest("amountz", names), "amount");   // as near as amounts, which comes later
  CHECK_STR(ch0_nearest("amountss", names), "amounts");
  CHECK_STR(ch0_nearest("ide", names), "id");
  CHECK_STR(ch0_nearest("regoin", names), "region");
  CHECK_STR(ch0_nearest("foo", names), NULL);
  CHECK_STR(ch0_nearest("x", names), NULL);
  CHECK_STR(ch0_nearest("ox", names), "or");
  CHECK_STR(ch0_nearest("price", names), NULL);
  CHECK_STR(ch0_nearest("", names), NULL);
}

// ---- hashes ---------------------------------------------------------------------------------

static int ch0_compare_u64(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static size_t ch0_collisions(uint64_t *hash, size_t n) {
  size_t same = 0;
  qsort(hash, n, sizeof *hash, ch0_compare_u64);
  for (size_t i = 1; i < n; i++) same += hash[i] == hash[i - 1];
  return same;
}

// The fullest of 4,096 buckets, by the top or the low bits.
static int ch0_fullest(const uint64_t *hash, size_t n, bool top) {
  static int count[4096];
  int most = 0;
  memset(count, 0, sizeof count);
  for (size_t i = 0; i < n; i++) count[top ? hash[i] >> 52 : hash[i] & 4095]++;
  for (int i = 0; i < 4096; i++) most = count[i] > most ? count[i] : most;
  return most;
}

TEST(foundations_hash_words) {
  enum { N = 1 << 17 };   // 32 for each bucket: chance makes the fullest about 60
  uint64_t *hash = (uint64_t *)test_alloc(N * sizeof *hash);
  static const int shifts[] = { 0, 1, 8, 16, 32, 40, 47 };
  for (int s = 0; s < 7; s++) {
    for (uint64_t i = 0; i < N; i++) hash[i] = dfq__hash_word(i << shifts[s], 12345);
    CHECK(ch0_fullest(hash, N, true) < 90);
    CHECK(ch0_fullest(hash, N, false) < 90);
    CHECK_INT(ch0_collisions(hash, N), 0);
  }
  for (uint64_t i = 0; i < N; i++) {   // two words: both count, and their order
    uint64_t h = dfq__hash_word(i % 362, 1);
    hash[i] = dfq__hash_more(h, i / 362);
  }
  CHECK_INT(ch0_collisions(hash, N), 0);
  CHECK(dfq__hash_word(7, 1) != dfq__hash_word(7, 2));
  CHECK_INT(dfq__hash_word(7, 1), dfq__hash_word(7, 1));
  free(hash);
}

TEST(foundations_hash_bytes) {
  enum { N = 100000 };
  uint64_t *hash = (uint64_t *)test_alloc(N * sizeof *hash);
  char text[40];
  for (int i = 0; i < N; i++) {
    int n = snprintf(text, sizeof text, i % 2 ? "key%d" : "a rather longer key %d", i);
    hash[i] = dfq__hash_bytes(text, (size_t)n, 99);
    char moved[48];
    memcpy(moved + 3, text, (size_t)n);   // alignment means nothing
    if (hash[i] != dfq__hash_bytes(moved + 3, (size_t)n, 99)) CHECK(false);
  }
  CHECK(ch0_fullest(hash, N, true) < 80);
  CHECK_INT(ch0_collisions(hash, N), 0);
  memset(text, 0, sizeof text);   // zero bytes count
  for (size_t n = 0; n < sizeof text; n++) hash[n] = dfq__hash_bytes(text, n, 99);
  CHECK_INT(ch0_collisions(hash, sizeof text), 0);
  free(hash);
}

// Each input bit changes about half of the output bits.
TEST(foundations_hash_avalanche) {
  uint64_t seed = 3, flips = 0, count = 0;
  for (int i = 0; i < 200; i++) {
    char text[24];
    for (size_t j = 0; j < sizeof text; j += 8) {
      uint64_t w = ch0_next(&seed);
      memcpy(text + j, &w, 8);
    }
    uint64_t h = dfq__hash_bytes(text, sizeof text, 5);
    for (int bit = 0; bit < 24 * 8; bit++) {
      text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
      uint64_t x = h ^ dfq__hash_bytes(text, sizeof text, 5);
      text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
      int ones = 0;
      for (; x; x &= x - 1) ones++;
      if (ones < 8) CHECK(ones >= 8);
      flips += (uint64_t)ones;
      count++;
    }
  }
  CHECK(flips > 30 * count && flips < 34 * count);
}

// ---- threads --------------------------------------------------------------------------------

typedef struct ch0_work {
  size_t runs[DFQ__MAX_THREADS], next, sum;
} ch0_work;

// Takes numbers from a common cursor until 10,000 have been taken, as morsels are.
static void ch0_add_numbers(void *arg, int worker) {
  ch0_work *w = (ch0_work *)arg;
  dfq__add_fetch(&w->runs[worker], 1);
  for (size_t i; (i = dfq__add_fetch(&w->next, 1)) <= 10000;) dfq__add_fetch(&w->sum, i);
}

TEST(foundations_parallel) {
  for (int threads = 1; threads <= DFQ__MAX_THREADS; threads = threads * 3 / 2 + 1) {
    ch0_work w;
    memset(&w, 0, sizeof w);
    dfq__parallel(threads, ch0_add_numbers, &w);
    CHECK_INT(w.sum, 50005000);
    for (int i = 0; i < DFQ__MAX_THREADS; i++) CHECK_INT(w.runs[i], i < threads);
  }
  CHECK(dfq__cores() >= 1 && dfq__cores() <= DFQ__MAX_THREADS);
}

typedef struct ch0_contexts {
  bool ok[16];
} ch0_contexts;

static void ch0_use_context(void *arg, int worker) {
  ch0_contexts *all = (ch0_contexts *)arg;
  ch0_hook h = ch0_hook_new(0, false);
  bool ok = true;
  for (int round = 0; round < 20; round++) {
    dfq *db = ch0_open(&h, 0);
    char text[32], want[64];
    if (!db) return;
    for (int i = 0; i < 100; i++) {
      snprintf(text, sizeof text, "worker %d name %d", worker, i);
      const char *name = dfq__intern(db, text);
      ok = ok && name && strcmp(name, text) == 0 && name == dfq__intern(db, text);
    }
    snprintf(want, sizeof want, "dfq: wrong call: %s", text);
    dfq__report(db, dfq__error_new(&db->arena, DFQ_USAGE, NULL, NULL, "%s", text));
    ok = ok && strcmp(dfq_error(db), want) == 0;
    void *large = dfq__alloc(db->heap, 3 << 20);
    ok = ok && large;
    dfq__free(db->heap, large, 3 << 20);
    dfq_close(db);
    ok = ok && h.used == 0 && !h.wrong;
  }
  all->ok[worker] = ok;
}

TEST(foundations_contexts_side_by_side) {
  ch0_contexts all;
  memset(&all, 0, sizeof all);
  dfq__parallel(16, ch0_use_context, &all);
  for (int i = 0; i < 16; i++) CHECK(all.ok[i]);
}

// One heap under several threads: the counts stay exact, large blocks are shared safely.
static void ch0_use_heap(void *arg, int worker) {
  dfq__heap *heap = (dfq__heap *)arg;
  uint64_t seed = (uint64_t)worker;
  for (int i = 0; i < 300; i++) {
    size_t n = i % 10 ? 1 + (size_t)ch0_below(&seed, 5000) : (size_t)DFQ__HUGE + 1;
    char *p = (char *)dfq__alloc(heap, n);
    if (!p) continue;
    p[0] = p[n - 1] = (char)worker;
    dfq__free(heap, p, n);
  }
}

TEST(foundations_heap_in_threads) {
  dfq *db = dfq_open(NULL);
  size_t used = dfq_bytes_used(db);
  dfq__parallel(8, ch0_use_heap, db->heap);
  CHECK_INT(dfq_bytes_used(db), used);
  CHECK(dfq_bytes_peak(db) > used + DFQ__HUGE);
  dfq_close(db);
}

// ---- files ----------------------------------------------------------------------------------

TEST(foundations_files) {
  dfq *db = dfq_open(NULL);
  dfq_io io = db->io;
  const char *a = test_path("io_a"), *b = test_path("io_b"), *why = NULL;
  char text[64];
  void *f = io.open(io.user, a, true, &why);
  if (!CHECK(f != NULL)) return;
  CHECK_INT(io.write(io.user, f, "hello\r\n\0x", 9), 9);
  CHECK(io.close(io.user, f));
  CHECK(io.rename(io.user, a, b));
  f = io.open(io.user, a, false, &why);
  CHECK(f == NULL && why && *why);
  f = io.open(io.user, b, false, &why);
  if (!CHECK(f != NULL)) return;
  CHECK_INT(io.read(io.user, f, text, 4), 4);
  CHECK_INT(io.read(io.user, f, text + 4, 60), 5);
  CHECK(memcmp(text, "hello\r\n\0x", 9) == 0);
  CHECK_INT(io.read(io.user, f, text, 60), 0);
  CHECK_INT(io.read(io.user, f, text, 60), 0);
  CHECK_INT(io.write(io.user, f, "x", 1), -1);   // not open for that
  (void)io.close(io.user, f);                    // on Windows it says so again
  io.remove(io.user, b);
  CHECK(io.open(io.user, b, false, &why) == NULL);
  CHECK(!io.rename(io.user, b, a));
  io.remove(io.user, b);
  dfq_close(db);
}

// A directory opens or does not, by system; nothing is ever read from it.
TEST(foundations_files_directory) {
  dfq *db = dfq_open(NULL);
  dfq_io io = db->io;
  const char *why = NULL;
  char text[16];
  void *f = io.open(io.user, test_dir(), false, &why);
  if (f) {
    CHECK_INT(io.read(io.user, f, text, sizeof text), -1);
    io.close(io.user, f);
  } else {
    CHECK(why && *why);
  }
  CHECK(io.open(io.user, test_dir(), true, &why) == NULL);
  dfq_close(db);
}

static void *ch0_io_open(void *user, const char *path, bool write, const char **why) {
  (void)path;
  (void)write;
  *why = "no files here";
  ++*(int *)user;
  return NULL;
}

TEST(foundations_files_hook) {
  int opens = 0;
  const char *why = NULL;
  dfq_io io;
  dfq_options o;
  memset(&io, 0, sizeof io);
  io.user = &opens;
  io.open = ch0_io_open;
  memset(&o, 0, sizeof o);
  o.io = &io;
  dfq *db = dfq_open(&o);
  memset(&io, 0, sizeof io);   // the context has its own copy
  CHECK(db->io.open(db->io.user, "x", false, &why) == NULL);
  CHECK_INT(opens, 1);
  CHECK_STR(why, "no files here");
  dfq_close(db);
}

// The text, the numbers and what the implementation says of itself are one version.
TEST(foundations_version) {
  char text[40];
  (void)snprintf(text, sizeof text, "%d.%d.%d", DFQ_VERSION_MAJOR, DFQ_VERSION_MINOR,
                 DFQ_VERSION_PATCH);
  CHECK_STR(text, DFQ_VERSION);
  CHECK_STR(dfq_version(), DFQ_VERSION);
  CHECK(DFQ_VERSION_MINOR < 100 && DFQ_VERSION_PATCH < 100);   // two digits each in the number
#if DFQ_VERSION_NUMBER < 100
  CHECK(false);                                                // the preprocessor can count it
#endif
}

static void run_ch0_foundations(void) {
  RUN(foundations_bits);
  RUN(foundations_clock);
  RUN(foundations_atomics);
  RUN(foundations_version);
  RUN(foundations_open_close);
  RUN(foundations_hook_sees_all);
  RUN(foundations_open_without_memory);
  RUN(foundations_fail_each_allocation);
  RUN(foundations_budget);
  RUN(foundations_budget_too_small);
  RUN(foundations_budget_fill_and_empty);
  RUN(foundations_resize_keeps_bytes);
  RUN(foundations_refused_shrink);
  RUN(foundations_alloc_zero);
  RUN(foundations_large_blocks_are_reused);
  RUN(foundations_large_blocks_kept);
  RUN(foundations_heap_outlives_context);
  RUN(foundations_buffers);
  RUN(foundations_arena_alloc);
  RUN(foundations_arena_marks);
  RUN(foundations_arena_cleanups);
  RUN(foundations_release_runs_cleanups);
  RUN(foundations_arena_rewind);
  RUN(foundations_text);
  RUN(foundations_text_without_memory);
  RUN(foundations_put_count);
  RUN(foundations_status_texts);
  RUN(foundations_errors);
  RUN(foundations_error_without_memory);
  RUN(foundations_warnings);
  RUN(foundations_interning);
  RUN(foundations_edit_distance);
  RUN(foundations_did_you_mean);
  RUN(foundations_hash_words);
  RUN(foundations_hash_bytes);
  RUN(foundations_hash_avalanche);
  RUN(foundations_parallel);
  RUN(foundations_contexts_side_by_side);
  RUN(foundations_heap_in_threads);
  RUN(foundations_files);
  RUN(foundations_files_directory);
  RUN(foundations_files_hook);
}
