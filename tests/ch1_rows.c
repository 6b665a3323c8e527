// ch1_rows.c - iterators over rows: when what is opened, read, counted and closed.
//
// The source here counts what is done to it. Its rows are (number, number squared, name).

typedef struct ch1_source {
  size_t rows;
  size_t fail_at;        // next fails when this row is asked for, counted from 1; 0: never
  bool cannot_open;
  int opens, closes;     // calls of the factory, and cursors closed
  size_t nexts;          // calls of next, over all cursors
  int open_now;
  bool misused;          // next after the end or an error, or close of what was not open
} ch1_source;

typedef struct ch1_cursor {
  ch1_source *source;
  size_t at;
  bool done;
  char name[32];
} ch1_cursor;

static void *ch1_source_open(void *user) {
  ch1_source *s = (ch1_source *)user;
  s->opens++;
  if (s->cannot_open) return NULL;
  ch1_cursor *c = (ch1_cursor *)test_alloc(sizeof *c);
  memset(c, 0, sizeof *c);
  c->source = s;
  s->open_now++;
  return c;
}

static int ch1_source_next(void *cursor, dfq_value *row) {
  ch1_cursor *c = (ch1_cursor *)cursor;
  ch1_source *s = c->source;
  s->nexts++;
  if (c->done) s->misused = true;
  c->at++;
  c->done = c->at > s->rows || c->at == s->fail_at;
  if (c->at == s->fail_at) return -1;
  if (c->at > s->rows) return 0;
  memset(row, 0, 3 * sizeof *row);
  row[0].type = DFQ_I64;
  row[0].as.i = (int64_t)c->at;
  row[1] = row[0];
  row[1].as.i *= (int64_t)c->at;
  row[2].type = DFQ_STR;
  row[2].len = (uint32_t)snprintf(c->name, sizeof c->name, "row %d", (int)c->at);
  row[2].as.s = c->name;
  return 1;
}

static void ch1_source_close(void *cursor) {
  ch1_cursor *c = (ch1_cursor *)cursor;
  c->source->closes++;
  c->source->open_now--;
  free(c);
}

static const dfq_field ch1_fields[] = {
  { "n", DFQ_I64, NULL }, { "square", DFQ_I64, NULL }, { "name", DFQ_STR, NULL }
};

static ch1_source ch1_source_of(size_t rows) {
  ch1_source s;
  memset(&s, 0, sizeof s);
  s.rows = rows;
  return s;
}

static dfq_rows *ch1_rows_of(dfq *db, ch1_source *s) {
  dfq_row_source source;
  memset(&source, 0, sizeof source);
  source.name = "numbers";
  source.fields = ch1_fields;
  source.count = 3;
  source.user = s;
  source.open = ch1_source_open;
  source.next = ch1_source_next;
  source.close = ch1_source_close;
  return dfq_rows_source(db, &source);
}

// The source was opened, read and closed as often as that, and never against the rules.
static bool ch1_used(const ch1_source *s, int opens, int nexts, int closes) {
  bool opened = CHECK_INT(s->opens, opens), read = CHECK_INT(s->nexts, nexts);
  bool closed = CHECK_INT(s->closes, closes), right = CHECK(!s->misused);
  return opened && read && closed && right;
}

static bool ch1_is_odd(void *user, const dfq_value *row) {
  if (user) ++*(size_t *)user;
  return row[0].as.i % 2 == 1;
}

static bool ch1_never(void *user, const dfq_value *row) {
  (void)user;
  (void)row;
  return false;
}

// (n, square, name) to (name, n + *user)
static bool ch1_swap(void *user, const dfq_value *row, dfq_value *to) {
  to[0] = row[2];
  to[1] = row[0];
  to[1].as.i += *(const int64_t *)user;
  return true;
}

static bool ch1_fails_at_4(void *user, const dfq_value *row, dfq_value *to) {
  (void)user;
  to[0] = row[0];
  return row[0].as.i != 4;
}

// Reads to the end. Returns: the sum of an i64 column; *count rows.
static int64_t ch1_sum(dfq_rows *rows, int column, size_t *count) {
  const dfq_value *row;
  int64_t sum = 0;
  *count = 0;
  while (dfq_rows_next(rows, &row)) {
    sum += row[column].as.i;
    ++*count;
  }
  return sum;
}

static dfq_value ch1_int(int64_t i) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  v.type = DFQ_I64;
  v.as.i = i;
  return v;
}

// ---- sources --------------------------------------------------------------------------------

TEST(rows_array) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  dfq_value cells[6];
  const dfq_value *row = NULL;
  for (int i = 0; i < 6; i++) cells[i] = ch1_int(i);
  dfq_rows *r = dfq_rows_array(db, cells, 3, 2);
  CHECK_INT(dfq_rows_columns(r), 2);
  for (int i = 0; i < 3; i++) {
    CHECK_INT(dfq_rows_pulled(r), i);
    if (!CHECK(dfq_rows_next(r, &row))) break;
    CHECK(row == cells + 2 * i);   // nothing is copied
    CHECK_INT(row[1].as.i, 2 * i + 1);
  }
  for (int i = 0; i < 3; i++) CHECK(!dfq_rows_next(r, &row));   // the end stays the end
  CHECK(!dfq_rows_failed(r));
  CHECK_INT(dfq_rows_pulled(r), 3);
  dfq_rows_close(r);
  CHECK_STR(dfq_error(db), "");
  ch0_close(db, &h);
}

TEST(rows_none) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  const dfq_value *row = NULL;
  dfq_value cell = ch1_int(1);
  dfq_rows *r = dfq_rows_array(db, NULL, 0, 3);
  CHECK(!dfq_rows_next(r, &row));
  CHECK(!dfq_rows_failed(r));
  CHECK_INT(dfq_rows_pulled(r), 0);
  dfq_rows_close(r);

  ch1_source s = ch1_source_of(0);
  r = ch1_rows_of(db, &s);
  CHECK(!dfq_rows_next(r, &row));
  CHECK(!dfq_rows_failed(r));
  dfq_rows_close(r);
  ch1_used(&s, 1, 1, 1);

  r = dfq_rows_array(db, &cell, 2, 0);   // rows without columns are rows
  CHECK_INT(dfq_rows_columns(r), 0);
  CHECK(dfq_rows_next(r, &row));
  CHECK(dfq_rows_next(r, &row));
  CHECK(!dfq_rows_next(r, &row));
  CHECK_INT(dfq_rows_pulled(r), 2);
  dfq_rows_close(r);
  ch0_close(db, &h);
}

TEST(rows_null_is_fine) {
  const dfq_value *row = NULL;
  CHECK(!dfq_rows_next(NULL, &row));
  CHECK(dfq_rows_failed(NULL));
  CHECK_INT(dfq_rows_columns(NULL), 0);
  CHECK_INT(dfq_rows_pulled(NULL), 0);
  CHECK(dfq_rows_filter(NULL, ch1_never, NULL) == NULL);
  CHECK(dfq_rows_map(NULL, 1, ch1_fails_at_4, NULL) == NULL);
  CHECK(dfq_rows_take(NULL, 1) == NULL);
  dfq_rows_close(NULL);
}

TEST(rows_source) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(5);
  const dfq_value *row = NULL;
  dfq_rows *r = ch1_rows_of(db, &s);
  CHECK_INT(dfq_rows_columns(r), 3);
  for (int i = 1; i <= 5; i++) {
    if (!CHECK(dfq_rows_next(r, &row))) break;
    CHECK_INT(row[0].as.i, i);
    CHECK_INT(row[1].as.i, i * i);
    CHECK_INT(row[2].len, 5);
    CHECK(row[2].as.s[4] == '0' + i);
  }
  CHECK_INT(s.closes, 0);
  CHECK(!dfq_rows_next(r, &row));
  ch1_used(&s, 1, 6, 1);       // closed at its end, before the iterator is
  dfq_rows_close(r);
  ch1_used(&s, 1, 6, 1);
  ch0_close(db, &h);
}

// Nothing happens before the first next, whatever stands above the source.
TEST(rows_are_lazy) {
  dfq *db = dfq_open(NULL);
  ch1_source s = ch1_source_of(10);
  size_t asked = 0;
  int64_t plus = 0;
  const dfq_value *row = NULL;
  dfq_rows *r = ch1_rows_of(db, &s);
  r = dfq_rows_filter(r, ch1_is_odd, &asked);
  r = dfq_rows_map(r, 2, ch1_swap, &plus);
  r = dfq_rows_take(r, 100);
  CHECK_INT(dfq_rows_columns(r), 2);
  ch1_used(&s, 0, 0, 0);
  CHECK_INT(asked, 0);
  CHECK(dfq_rows_next(r, &row));
  ch1_used(&s, 1, 1, 0);       // one row asked for, one row read
  CHECK_INT(asked, 1);
  CHECK(dfq_rows_next(r, &row));
  ch1_used(&s, 1, 3, 0);       // row 2 is even
  dfq_rows_close(r);
  ch1_used(&s, 1, 3, 1);
  dfq_close(db);
}

TEST(rows_closed_unread) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(10);
  dfq_rows_close(dfq_rows_take(ch1_rows_of(db, &s), 3));
  ch1_used(&s, 0, 0, 0);
  ch0_close(db, &h);
}

TEST(rows_closed_early) {
  for (size_t read = 1; read <= 10; read++) {
    ch0_hook h = ch0_hook_new(0, false);
    dfq *db = ch0_open(&h, 0);
    ch1_source s = ch1_source_of(10);
    const dfq_value *row = NULL;
    dfq_rows *r = dfq_rows_filter(ch1_rows_of(db, &s), ch1_is_odd, NULL);
    for (size_t i = 0; i < read; i++) dfq_rows_next(r, &row);
    dfq_rows_close(r);
    CHECK_INT(s.opens, 1);
    CHECK_INT(s.closes, 1);
    CHECK_INT(s.nexts, read <= 5 ? 2 * read - 1 : 11);
    CHECK(!s.misused);
    ch0_close(db, &h);
  }
}

// open makes a fresh cursor each time, so the same source runs again, even twice at once.
TEST(rows_replay) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(4);
  const dfq_value *x = NULL, *y = NULL;
  size_t n;
  for (int round = 0; round < 2; round++) {
    dfq_rows *r = ch1_rows_of(db, &s);
    CHECK_INT(ch1_sum(r, 1, &n), 1 + 4 + 9 + 16);
    CHECK_INT(n, 4);
    dfq_rows_close(r);
  }
  ch1_used(&s, 2, 10, 2);
  dfq_rows *a = ch1_rows_of(db, &s), *b = ch1_rows_of(db, &s);
  CHECK(dfq_rows_next(a, &x) && dfq_rows_next(a, &x) && dfq_rows_next(b, &y));
  CHECK_INT(x[0].as.i, 2);
  CHECK_INT(y[0].as.i, 1);
  CHECK_INT(s.open_now, 2);
  dfq_rows_close(a);
  CHECK(dfq_rows_next(b, &y));
  CHECK_INT(y[0].as.i, 2);
  dfq_rows_close(b);
  CHECK_INT(s.open_now, 0);
  ch0_close(db, &h);
}

static int ch1_count_down(void *cursor, dfq_value *row) {
  int *left = (int *)cursor;
  if (*left == 0) return 0;
  row[0] = ch1_int((*left)--);
  return 1;
}

// Neither open nor close: user is the cursor.
TEST(rows_source_without_factory) {
  dfq *db = dfq_open(NULL);
  int left = 3;
  size_t n;
  dfq_row_source source;
  memset(&source, 0, sizeof source);
  source.fields = ch1_fields;
  source.count = 1;
  source.user = &left;
  source.next = ch1_count_down;
  dfq_rows *r = dfq_rows_source(db, &source);
  memset(&source, 0, sizeof source);   // the struct was copied
  CHECK_INT(ch1_sum(r, 0, &n), 6);
  CHECK_INT(n, 3);
  dfq_rows_close(r);
  dfq_close(db);
}

// ---- operators ------------------------------------------------------------------------------

TEST(rows_filter) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(7);
  size_t asked = 0, n;
  dfq_rows *r = dfq_rows_filter(ch1_rows_of(db, &s), ch1_is_odd, &asked);
  CHECK_INT(ch1_sum(r, 0, &n), 1 + 3 + 5 + 7);
  CHECK_INT(n, 4);
  CHECK_INT(asked, 7);
  CHECK_INT(dfq_rows_pulled(r), 4);
  CHECK_INT(dfq_rows_pulled(r->in), 7);
  dfq_rows_close(r);
  ch1_used(&s, 1, 8, 1);
  ch0_close(db, &h);
}

TEST(rows_filter_drops_all) {
  dfq *db = dfq_open(NULL);
  ch1_source s = ch1_source_of(1000);
  const dfq_value *row = NULL;
  dfq_rows *r = dfq_rows_filter(ch1_rows_of(db, &s), ch1_never, NULL);
  CHECK(!dfq_rows_next(r, &row));
  CHECK(!dfq_rows_failed(r));
  ch1_used(&s, 1, 1001, 1);
  dfq_rows_close(r);
  dfq_close(db);
}

TEST(rows_map) {
  dfq *db = dfq_open(NULL);
  ch1_source s = ch1_source_of(3);
  int64_t plus = 100;
  const dfq_value *row = NULL;
  dfq_rows *r = dfq_rows_map(ch1_rows_of(db, &s), 2, ch1_swap, &plus);
  for (int i = 1; i <= 3; i++) {
    if (!CHECK(dfq_rows_next(r, &row))) break;
    CHECK(row[0].type == DFQ_STR && memcmp(row[0].as.s, "row ", 4) == 0);
    CHECK_INT(row[1].as.i, 100 + i);
  }
  CHECK(!dfq_rows_next(r, &row));
  dfq_rows_close(r);
  dfq_close(db);
}

// take(n) of a filter: the filter reads up to the n-th row it keeps, and not one further.
TEST(rows_take_stops_early) {
  for (size_t n = 0; n <= 8; n++) {
    ch0_hook h = ch0_hook_new(0, false);
    dfq *db = ch0_open(&h, 0);
    ch1_source s = ch1_source_of(14);
    size_t got, kept = n < 7 ? n : 7;
    dfq_rows *filter = dfq_rows_filter(ch1_rows_of(db, &s), ch1_is_odd, NULL);
    dfq_rows *r = dfq_rows_take(filter, n);
    CHECK_INT(ch1_sum(r, 0, &got), (int64_t)(kept * kept));
    CHECK_INT(got, kept);
    CHECK_INT(dfq_rows_pulled(r), kept);
    CHECK_INT(dfq_rows_pulled(filter), kept);
    CHECK_INT(dfq_rows_pulled(filter->in), n == 0 ? 0 : n <= 7 ? 2 * n - 1 : 14);
    CHECK_INT(s.nexts, n == 0 ? 0 : n <= 7 ? 2 * n - 1 : 15);
    CHECK_INT(s.opens, n > 0);
    CHECK_INT(s.closes, n > 0);   // at take's end, with the iterator still there
    dfq_rows_close(r);
    CHECK_INT(s.closes, n > 0);   // once
    CHECK(!s.misused);
    ch0_close(db, &h);
  }
}

// The last row of a take is still valid when the caller looks at it: the source closes later.
TEST(rows_take_keeps_its_last_row) {
  dfq *db = dfq_open(NULL);
  ch1_source s = ch1_source_of(5);
  const dfq_value *row = NULL;
  dfq_rows *r = dfq_rows_take(ch1_rows_of(db, &s), 2);
  CHECK(dfq_rows_next(r, &row));
  CHECK(dfq_rows_next(r, &row));
  CHECK_INT(s.closes, 0);
  CHECK(memcmp(row[2].as.s, "row 2", 5) == 0);
  CHECK(!dfq_rows_next(r, &row));
  ch1_used(&s, 1, 2, 1);
  dfq_rows_close(r);
  dfq_close(db);
}

TEST(rows_take_of_take) {
  static const size_t sizes[][4] = {   // source, inner, outer, rows
    { 10, 4, 2, 2 }, { 10, 2, 4, 2 }, { 3, 5, 7, 3 }, { 10, 0, 5, 0 }, { 10, 5, 0, 0 },
    { 10, SIZE_MAX, 9, 9 }, { 0, 1, 1, 0 },
  };
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    dfq *db = dfq_open(NULL);
    ch1_source s = ch1_source_of(sizes[i][0]);
    size_t n;
    dfq_rows *inner = dfq_rows_take(ch1_rows_of(db, &s), sizes[i][1]);
    dfq_rows *r = dfq_rows_take(inner, sizes[i][2]);
    ch1_sum(r, 0, &n);
    CHECK_INT(n, sizes[i][3]);
    CHECK_INT(dfq_rows_pulled(inner), sizes[i][3]);
    CHECK(s.nexts <= sizes[i][3] + 1);
    CHECK_INT(s.opens, s.closes);
    dfq_rows_close(r);
    CHECK_INT(s.open_now, 0);
    CHECK(!s.misused);
    dfq_close(db);
  }
}

TEST(rows_long_chain) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(50);
  size_t n;
  dfq_rows *r = ch1_rows_of(db, &s);
  for (int i = 0; i < 100; i++) {
    r = dfq_rows_take(r, (size_t)(120 - i));
    r = dfq_rows_filter(r, ch1_is_odd, NULL);
  }
  CHECK_INT(ch1_sum(r, 0, &n), 21 * 21);   // 25 of the 50 rows are odd, the last take has 21
  CHECK_INT(n, 21);
  dfq_rows_close(r);
  CHECK_INT(s.open_now, 0);
  ch0_close(db, &h);
}

// ---- failures -------------------------------------------------------------------------------

TEST(rows_open_fails) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(5);
  const dfq_value *row = NULL;
  s.cannot_open = true;
  dfq_rows *r = dfq_rows_take(dfq_rows_filter(ch1_rows_of(db, &s), ch1_is_odd, NULL), 3);
  CHECK(!dfq_rows_failed(r));
  CHECK(!dfq_rows_next(r, &row));
  CHECK(dfq_rows_failed(r));
  CHECK(!dfq_rows_next(r, &row));   // not opened again
  ch1_used(&s, 1, 0, 0);            // and what was not opened is not closed
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  CHECK_HAS(dfq_error(db), "numbers");
  CHECK_HAS(dfq_error(db), "open");
  dfq_rows_close(r);
  ch0_close(db, &h);
}

TEST(rows_next_fails) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(9);
  s.fail_at = 6;
  size_t n;
  const dfq_value *row = NULL;
  int64_t plus = 0;
  dfq_rows *r = dfq_rows_filter(ch1_rows_of(db, &s), ch1_is_odd, NULL);
  r = dfq_rows_take(dfq_rows_map(r, 2, ch1_swap, &plus), 100);
  CHECK_INT(ch1_sum(r, 1, &n), 1 + 3 + 5);
  CHECK(dfq_rows_failed(r));
  CHECK(!dfq_rows_next(r, &row));
  ch1_used(&s, 1, 6, 1);
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  CHECK_HAS(dfq_error(db), "numbers");
  CHECK_HAS(dfq_error(db), "after row 5");
  dfq_rows_close(r);
  ch1_used(&s, 1, 6, 1);
  ch0_close(db, &h);
}

// What fails behind the last row that is wanted is never found out.
TEST(rows_take_before_the_failure) {
  dfq *db = dfq_open(NULL);
  ch1_source s = ch1_source_of(9);
  s.fail_at = 4;
  size_t n;
  dfq_rows *r = dfq_rows_take(ch1_rows_of(db, &s), 3);
  CHECK_INT(ch1_sum(r, 0, &n), 6);
  CHECK(!dfq_rows_failed(r));
  CHECK_INT(dfq_error_status(db), DFQ_OK);
  ch1_used(&s, 1, 3, 1);
  dfq_rows_close(r);
  dfq_close(db);
}

TEST(rows_map_fails) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 0);
  ch1_source s = ch1_source_of(9);
  size_t n;
  dfq_rows *r = dfq_rows_map(ch1_rows_of(db, &s), 1, ch1_fails_at_4, NULL);
  r = dfq_rows_filter(r, ch1_is_odd, NULL);
  CHECK_INT(ch1_sum(r, 0, &n), 1 + 3);
  CHECK(dfq_rows_failed(r));
  CHECK_INT(dfq_error_status(db), DFQ_VALUE_ERROR);
  CHECK_HAS(dfq_error(db), "map");
  ch1_used(&s, 1, 4, 1);
  dfq_rows_close(r);
  ch0_close(db, &h);
}

// A source and the whole chain above it, out of memory at every allocation.
// Each step as a letter and the operator's number: o2 opens, a2 is asked, g2 gives, e2 ends,
// f2 fails, c2 closes.
static void ch1_note(void *user, const dfq_trace *trace) {
  static const char letter[] = "oagefc";
  dfq__text *t = (dfq__text *)user;
  dfq__putf(t, "%c%d ", letter[trace->kind], trace->number);
}

TEST(rows_observed) {
  ch1_source s = ch1_source_of(14);
  dfq *db = dfq_open(NULL);
  dfq__text t = dfq__text_in(db->heap);
  dfq_rows *r = dfq_rows_take(dfq_rows_filter(ch1_rows_of(db, &s), ch1_is_odd, NULL), 2);
  dfq_rows_observe(r, ch1_note, &t);
  const dfq_value *row;
  CHECK(dfq_rows_next(r, &row));
  CHECK_STR(t.data, "a3 o3 a2 o2 a1 o1 g1 g2 g3 ");
  t.len = 0;
  CHECK(dfq_rows_next(r, &row));
  CHECK_STR(t.data, "a3 a2 a1 g1 a1 g1 g2 g3 ");
  t.len = 0;
  CHECK(!dfq_rows_next(r, &row));
  CHECK_STR(t.data, "a3 e3 c3 c2 c1 ");
  t.len = 0;
  dfq_rows_observe(r, NULL, NULL);
  dfq_rows_close(r);
  dfq_rows_observe(NULL, ch1_note, &t);
  CHECK_INT(t.len, 0);
  dfq__text_free(&t);
  dfq_close(db);
}

static bool ch1_use_rows(dfq *db) {
  ch1_source s = ch1_source_of(20);
  int64_t plus = 1;
  size_t n;
  dfq_rows *r = ch1_rows_of(db, &s);
  r = dfq_rows_filter(r, ch1_is_odd, NULL);
  r = dfq_rows_map(r, 2, ch1_swap, &plus);
  r = dfq_rows_take(r, 5);
  int64_t sum = ch1_sum(r, 1, &n);
  bool ok = !dfq_rows_failed(r);
  if (ok) CHECK_INT(sum, 1 + 3 + 5 + 7 + 9 + 5);
  dfq_rows_close(r);
  CHECK_INT(s.open_now, 0);
  return ok;
}

TEST(rows_fail_each_allocation) { ch0_fail_each(ch1_use_rows); }

// An error's text may not fit into memory either.
static bool ch1_use_bad_rows(dfq *db) {
  ch1_source s = ch1_source_of(20);
  s.fail_at = 3;
  size_t n;
  dfq_rows *r = dfq_rows_take(ch1_rows_of(db, &s), 5);
  ch1_sum(r, 0, &n);
  CHECK(dfq_rows_failed(r));
  bool told = dfq_error_status(db) == DFQ_IO_ERROR;
  dfq_rows_close(r);
  CHECK_INT(s.open_now, 0);
  return told;
}

TEST(rows_fail_each_allocation_of_an_error) { ch0_fail_each(ch1_use_bad_rows); }

static void run_ch1_rows(void) {
  RUN(rows_array);
  RUN(rows_none);
  RUN(rows_null_is_fine);
  RUN(rows_source);
  RUN(rows_are_lazy);
  RUN(rows_closed_unread);
  RUN(rows_closed_early);
  RUN(rows_replay);
  RUN(rows_source_without_factory);
  RUN(rows_filter);
  RUN(rows_filter_drops_all);
  RUN(rows_map);
  RUN(rows_take_stops_early);
  RUN(rows_observed);
  RUN(rows_take_keeps_its_last_row);
  RUN(rows_take_of_take);
  RUN(rows_long_chain);
  RUN(rows_open_fails);
  RUN(rows_next_fails);
  RUN(rows_take_before_the_failure);
  RUN(rows_map_fails);
  RUN(rows_fail_each_allocation);
  RUN(rows_fail_each_allocation_of_an_error);
}
