// ch6_sources.c - sources that a program brings: right ones, in every way of handing rows over,
// and wrong ones, each of which must end in an error that says what it did.

// ---- a source over rows that are computed ---------------------------------------------------

static const dfq_field own_fields[] = {
  { "id", DFQ_I64, NULL }, { "name", DFQ_STR, NULL },  { "price", DFQ_F64, NULL },
  { "flag", DFQ_BOOL, NULL }, { "day", DFQ_DATE, NULL }, { "n", DFQ_I16, NULL },
};
enum { OWN_FIELDS = 6, OWN_PAGE = 64 };

// How a source hands its pages over, and what it does wrong.
typedef enum own_way { OWN_COLUMNS, OWN_TEXTS, OWN_ROWS } own_way;
typedef enum own_fault {
  OWN_FINE, OWN_FAILS, OWN_FAILS_SILENTLY, OWN_WRONG_TYPE, OWN_MISSING, OWN_TWICE,
  OWN_BAD_FIELD, OWN_NO_DATA, OWN_RETURNS_7, OWN_ROWS_AT_END, OWN_NO_ROWS_CALL,
  OWN_ROWS_TWICE, OWN_MIXED,
  OWN_BAD_CELL, OWN_NOT_OPEN, OWN_LIES_EXACT, OWN_LIES_INEXACT, OWN_SHARED, OWN_FORGETS,
  OWN_SHORT_LIMIT, OWN_COLUMN_ORDER, OWN_CHANGES, OWN_UNSORTED, OWN_WRONG_PARTS, OWN_FICKLE
} own_fault;

typedef struct own_source {
  int rows, page;       // in all; of a page
  own_way way;
  own_fault fault;
  bool filters, inexact;
  int opened, closed, released, asked;
  size_t nexts;        // threads count together
  int shared_at;        // of a source that keeps its place where it must not
  int64_t last_limit;
  int last_filters, last_columns;
} own_source;

typedef struct own_cursor {
  own_source *s;
  dfq_allowed id;       // what the filters leave of the ids
  int columns[OWN_FIELDS], column_count;
  int64_t limit;
  int at, end;
  bool ended;
  // a page's memory
  int64_t ids[OWN_PAGE];
  char text[OWN_PAGE][24];
  const char *texts[OWN_PAGE];
  dfq_view names[OWN_PAGE];
  double prices[OWN_PAGE];
  uint8_t flags[OWN_PAGE], valid[OWN_PAGE];
  int32_t days[OWN_PAGE];
  int16_t ns[OWN_PAGE];
} own_cursor;

static bool own_null(int i) { return i % 7 == 3; }

static void own_name(char *to, int i) {
  snprintf(to, 24, i % 3 ? "n%d" : "a longer name %d", i % 11);
}

// id = 3 and the like: what this source can decide by itself.
static dfq_pushdown own_takes(void *user, dfq_expr *e) {
  own_source *s = (own_source *)user;
  dfq_value v;
  const char *const *names;
  s->asked++;
  if (!s->filters) return DFQ_UNSUPPORTED;
  if (s->fault == OWN_FICKLE) return s->asked % 2 ? DFQ_EXACT : DFQ_UNSUPPORTED;
  if (dfq_expr_columns(e, &names) != 1 || strcmp(names[0], "id") != 0) return DFQ_UNSUPPORTED;
  bool plain = dfq_expr_kind_of(e) == DFQ_CALL && dfq_expr_args(e) == 2 &&
               dfq_expr_kind_of(dfq_expr_arg(e, 0)) == DFQ_COLUMN &&
               dfq_expr_literal(dfq_expr_arg(e, 1), &v) && v.type == DFQ_I64;
  bool order = plain && strstr("eq lt le gt ge",
                               dfq_expr_name(e)) != NULL;
  if (s->fault == OWN_LIES_EXACT || s->fault == OWN_LIES_INEXACT) order = plain;
  return s->inexact || !order ? DFQ_INEXACT : DFQ_EXACT;
}

static void *own_open(void *user, const dfq_scan_request *r, const char **why) {
  own_source *s = (own_source *)user;
  if (s->fault == OWN_NOT_OPEN) { *why = "the door is locked"; return NULL; }
  own_cursor *c = (own_cursor *)calloc(1, sizeof *c);
  c->s = s;
  c->end = s->rows;
  s->opened++;
  s->last_limit = c->limit = r->limit;
  s->last_filters = r->filter_count;
  s->last_columns = c->column_count = r->column_count;
  for (int i = 0; i < r->column_count; i++) c->columns[i] = r->columns[i];
  c->id = dfq__allow_all();
  for (int i = 0; i < r->filter_count; i++) {
    dfq_allowed a;
    dfq__asking q = { r->filters[i]->db, "id", DFQ_I64, false };
    CHECK(dfq_expr_allows(r->filters[i], "id", DFQ_I64, &a));
    c->id = dfq__allowed_both(&q, c->id, a);
  }
  if (s->fault == OWN_FORGETS) c->id = dfq__allow_all();
  return c;
}

static void own_close(void *cursor) {
  ((own_cursor *)cursor)->s->closed++;
  free(cursor);
}

static void own_release(void *user) { ((own_source *)user)->released++; }

static bool own_claim(void *cursor, size_t part) {
  own_cursor *c = (own_cursor *)cursor;
  int size = 100, from = (int)part * size;
  if (c->s->fault == OWN_WRONG_PARTS) from += (int)part;
  if (from >= c->s->rows) return false;
  c->at = from;
  c->end = from + size < c->s->rows ? from + size : c->s->rows;
  return true;
}

static void own_fill(own_cursor *c, int k, int i) {
  own_source *s = c->s;
  c->ids[k] = s->fault == OWN_UNSORTED && i == 50 ? 1 : i / 2;
  if (s->fault == OWN_CHANGES && s->opened > 1 && i == 5) c->ids[k] = 77;
  own_name(c->text[k], i);
  c->valid[k] = own_null(i) ? 0 : (uint8_t)(1 + i % 2 * 254);
  c->texts[k] = own_null(i) ? NULL : c->text[k];
  c->names[k] = dfq_view_of(c->text[k], strlen(c->text[k]));
  if (own_null(i)) memset(&c->names[k], 0xff, sizeof c->names[k]);   // nobody may look at it
  c->prices[k] = i % 13 == 5 ? (double)NAN : i * 0.25 - 20;
  c->flags[k] = (uint8_t)(i % 3 * 100);
  c->days[k] = 18000 + i % 9;
  c->ns[k] = (int16_t)(i % 5 - 2);
}

static void own_put_row(own_cursor *c, dfq_page *page, int k) {
  dfq_value row[OWN_FIELDS];
  memset(row, 0, sizeof row);
  row[0] = dfq__value_int(DFQ_I64, c->ids[k]);
  if (c->texts[k]) row[1] = dfq__value_str(c->text[k], strlen(c->text[k]));
  row[2] = dfq__value_f64(c->prices[k]);
  row[3] = dfq__value_int(DFQ_BOOL, c->flags[k] != 0);
  row[4] = dfq__value_int(DFQ_DATE, c->days[k]);
  row[5] = dfq__value_int(DFQ_I16, c->ns[k]);
  if (c->s->fault == OWN_BAD_CELL && c->at > 100) row[5].as.i = 70000;
  dfq_page_row(page, row);
}

static void own_put_columns(own_cursor *c, dfq_page *page, int n) {
  own_fault fault = c->s->fault;
  bool texts = c->s->way == OWN_TEXTS;
  if (fault == OWN_WRONG_TYPE) dfq_page_column(page, 0, DFQ_F64, c->ids, NULL);
  if (fault == OWN_BAD_FIELD) dfq_page_column(page, 9, DFQ_I64, c->ids, NULL);
  if (fault == OWN_TWICE) dfq_page_column(page, 0, DFQ_I64, c->ids, NULL);
  dfq_page_column(page, 0, DFQ_I64, fault == OWN_NO_DATA ? NULL : c->ids, NULL);
  if (texts) dfq_page_texts(page, 1, c->texts, NULL);
  else dfq_page_column(page, 1, DFQ_STR, c->names, c->valid);
  int swap = fault == OWN_COLUMN_ORDER && c->column_count > 1 && c->columns[0] > c->columns[1];
  for (int k = 0; swap && k < n; k++) c->prices[k] = 0;
  dfq_page_column(page, 2, DFQ_F64, c->prices, NULL);
  if (fault != OWN_MISSING) dfq_page_column(page, 3, DFQ_BOOL, c->flags, NULL);
  if (dfq_page_wants(page, 4)) dfq_page_column(page, 4, DFQ_DATE, c->days, NULL);
  dfq_page_column(page, 5, DFQ_I16, c->ns, NULL);
}

static int own_next(void *cursor, dfq_page *page, const char **why) {
  own_cursor *c = (own_cursor *)cursor;
  own_source *s = c->s;
  int n = 0, *at = s->fault == OWN_SHARED ? &s->shared_at : &c->at;
  dfq__add_fetch(&s->nexts, 1);
  if (c->ended) return test_fail("  next came after the end\n") - 1;
  if ((s->fault == OWN_FAILS || s->fault == OWN_FAILS_SILENTLY) && *at >= 100) {
    c->ended = true;
    if (s->fault == OWN_FAILS) *why = "the disk is wet";
    return -1;
  }
  if (s->fault == OWN_RETURNS_7) return 7;
  for (; n < s->page && *at < c->end; ++*at) {
    dfq_value id = dfq__value_int(DFQ_I64, *at / 2);
    bool in = dfq_allows(&c->id, &id);
    if (s->fault == OWN_LIES_INEXACT && !c->id.none && *at % 10 == 1) in = in && c->id.nulls;
    if (!in) continue;
    if (s->fault == OWN_SHORT_LIMIT && c->limit >= 0 && c->limit-- < 2) break;
    own_fill(c, n++, *at);
    if (s->way == OWN_ROWS) own_put_row(c, page, n - 1);
  }
  if (n == 0 && *at >= c->end) {
    c->ended = c->end == s->rows;
    if (s->fault == OWN_SHARED) *at = 0;
    if (s->fault == OWN_ROWS_AT_END) dfq_page_rows(page, 3);
    return 0;
  }
  if (s->fault == OWN_SHORT_LIMIT && n == 0) return 0;
  if (s->way == OWN_ROWS) {
    if (s->fault == OWN_MIXED) dfq_page_column(page, 0, DFQ_I64, c->ids, NULL);
    return 1;
  }
  if (s->fault != OWN_NO_ROWS_CALL) dfq_page_rows(page, (size_t)n);
  if (s->fault == OWN_ROWS_TWICE) dfq_page_rows(page, (size_t)n);
  own_put_columns(c, page, n);
  return 1;
}

static dfq_source own_vtable(own_source *s) {
  dfq_source v;
  memset(&v, 0, sizeof v);
  v.size = sizeof v;
  v.name = "own";
  v.fields = own_fields;
  v.count = OWN_FIELDS;
  v.user = s;
  v.open = own_open;
  v.next = own_next;
  v.close = own_close;
  v.takes = own_takes;
  v.release = own_release;
  v.rows = s->rows;
  return v;
}

static own_source own_make(int rows, int page, own_way way, own_fault fault) {
  own_source s;
  memset(&s, 0, sizeof s);
  s.rows = rows;
  s.page = page;
  s.way = way;
  s.fault = fault;
  return s;
}

// The same rows as a table.
static dfq_table *own_table(dfq *db, int rows) {
  dfq_value *cells = (dfq_value *)test_alloc((size_t)rows * OWN_FIELDS * sizeof *cells + 1);
  char (*names)[24] = (char (*)[24])test_alloc((size_t)rows * 24 + 1);
  for (int i = 0; i < rows; i++) {
    dfq_value *v = cells + i * OWN_FIELDS;
    own_name(names[i], i);
    v[0] = dfq__value_int(DFQ_I64, i / 2);
    v[1] = own_null(i) ? dfq__value_null() : dfq__value_str(names[i], strlen(names[i]));
    v[2] = dfq__value_f64(i % 13 == 5 ? (double)NAN : i * 0.25 - 20);
    v[3] = dfq__value_int(DFQ_BOOL, i % 3 != 0);
    v[4] = dfq__value_int(DFQ_DATE, 18000 + i % 9);
    v[5] = dfq__value_int(DFQ_I16, i % 5 - 2);
  }
  dfq_table *t = dfq_table_from_rows(db, own_fields, OWN_FIELDS, cells, (size_t)rows);
  free(names);
  free(cells);
  return t;
}

// ---- right ones -----------------------------------------------------------------------------

TEST(source_reads) {
  static const int pages[] = { 1, 7, 64 };
  for (int way = 0; way < 3; way++)
    for (int k = 0; k < 3; k++) {
      dfq *db = dfq_open(NULL);
      own_source s = own_make(300, pages[k], (own_way)way, OWN_FINE);
      dfq_source v = own_vtable(&s);
      dfq_table *want = own_table(db, 300);
      dfq_frame *f = dfq_scan_source(db, &v);
      CHECK_INT(s.opened, 0);
      dfq_table *got = dfq_collect(f);
      char text[256] = "";
      if (!CHECK(dfq_table_equal(got, want, text, sizeof text)))
        test_fail("  way %d, page %d: %s %s\n", way, pages[k], text, dfq_error(db));
      CHECK_INT(dfq_count(f), 300);
      CHECK_INT(s.last_columns, 0);
      CHECK_INT(s.opened, 2);
      CHECK_INT(s.closed, 2);
      dfq_table_free(want);
      dfq_table_free(got);
      dfq_close(db);
      CHECK_INT(s.released, 1);
    }
}

// A source that says it has more rows than memory could hold, or does not say: there is room
// for those that come, in a result that is longer than its first rooms, with one thread and
// more.
TEST(source_of_too_many_rows) {
  static const int64_t said[] = { INT64_MAX, INT64_MAX / 8, (int64_t)1 << 60, 200000, 0 };
  for (int k = 0; k < 10; k++) {
    dfq_options o;
    memset(&o, 0, sizeof o);
    o.run.threads = 1 + k % 2;
    o.budget = (size_t)1 << 30;   // refuses the room, instead of a system that promises it
    dfq *db = dfq_open(&o);
    own_source s = own_make(200000, OWN_PAGE, OWN_COLUMNS, OWN_FINE);
    dfq_source v = own_vtable(&s);
    v.rows = said[k / 2];
    if (k % 2) v.claim = own_claim;
    CHECK(dfq_register(db, "own", dfq_scan_source(db, &v)));
    dfq_table *all = dfq_collect(dfq_query(db, "own"));
    dfq_table *wide = dfq_collect(dfq_query(db, "own | select id * 10000000000 as w"));
    if (CHECK(all && wide) && CHECK_INT(dfq_table_rows(all), 200000))
      CHECK_INT(dfq_table_i64(wide, 199999, 0), 99999 * INT64_C(10000000000));
    dfq_table_free(all);
    dfq_table_free(wide);
    dfq_close(db);
  }
}

static const char *const own_queries[] = {
  "own | filter id > 20 and id <= 60 | select id, name, price",
  "own | filter id > 20 and price < 3 and name is not null | select name, flag, n",
  "own | filter id in (3, 9, 40) and (id < 5 or flag) | select flag, id",
  "own | filter id != 7 | limit 20",
  "own | filter id >= 30 | limit 11 offset 3 | select id",
  "own | limit 7",
  "own | filter 10 // (id - 5) > 1 | filter id > 6 | select id",
  "own | group flag, n: sum(id) as s, count(name) as c, min(price) as p",
  "own | filter id < 90 | group name: count() as c | sort name | limit 3",
  "own | filter id = 30 | join (own | filter id < 40 | select id, n) on id"
  " | select id, n_right",
  "own | filter day = date '2019-04-16' and id between 10 and 100 | select id, day",
  "own | filter id > 1000",
  "own | filter id is not null and id is distinct from 4 | select n | distinct n",
  "own | sort id, price desc | limit 5",
  "own | group_sorted id: count() as c",
};

TEST(source_queries) {
  for (int mode = 0; mode < 6; mode++) {
    dfq *db = dfq_open(NULL);
    own_source s = own_make(250, 33, (own_way)(mode % 3), OWN_FINE);
    s.filters = mode > 1;
    s.inexact = mode == 3;
    dfq_source v = own_vtable(&s);
    if (mode > 3) v.claim = own_claim;
    v.sorted = mode > 2 ? "id" : NULL;
    CHECK(dfq_register(db, "own", dfq_scan_source(db, &v)));
    for (size_t q = 0; q < sizeof own_queries / sizeof own_queries[0]; q++) {
      dfq_frame *f = dfq_query(db, own_queries[q]);
      if (strstr(own_queries[q], "group_sorted"))
        f = dfq_group_by_sorted(dfq_query(db, "own"), "id", "count() as c");
      if (!dfq_check_equivalent(f, NULL))
        test_fail("  mode %d, %s:\n%s\n", mode, own_queries[q], dfq_error(db));
    }
    CHECK_INT(s.opened, s.closed);
    dfq_close(db);
  }
}

TEST(source_pushes) {
  dfq *db = dfq_open(NULL);
  own_source s = own_make(250, 33, OWN_COLUMNS, OWN_FINE);
  dfq_source v = own_vtable(&s);
  s.filters = true;
  v.sorted = "id";
  dfq_frame *all = dfq_scan_source(db, &v);
  dfq_frame *f = dfq_select(dfq_limit(dfq_filter(all, "id > 20 and id <= 60"), 5), "name");
  const char *text = dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED);
  CHECK_HAS(text, "pages of own  [2 of 6 columns: id, name; where id > 20 and id <= 60; "
                  "at most 5 rows wanted");
  CHECK(!strstr(text, "filter"));
  dfq_table *t = dfq_collect(f);
  CHECK_INT(dfq_table_rows(t), 5);
  CHECK_INT(s.last_limit, 5);
  CHECK_INT(s.last_filters, 2);
  CHECK_INT(s.last_columns, 1);
  dfq_table_free(t);
  // in part, or not at all, it stays above; a limit then stays as well
  f = dfq_limit(dfq_filter(all, "id in (4, 5, 200) and price > 0 and id < 50"), 5);
  text = dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED);
  CHECK_HAS(text, "filter#2 id in (4, 5, 200) and price > 0");
  CHECK_HAS(text, "where id < 50; roughly where id in (4, 5, 200)");
  text = dfq_explain_text(f, DFQ_EXPLAIN_JOURNAL);
  CHECK_HAS(text, "the source answers UNSUPPORTED");
  CHECK_HAS(text, "the source answers EXACT");
  CHECK_HAS(text, "the source answers INEXACT, so it is tested here again");
  f = dfq_filter(all, "10 // id > 1 and cast(name as i64) > 3");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_JOURNAL), "may fail, and the source cannot say");
  f = dfq_group_by(all, "id", "count() as n");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "run by run");
  f = dfq_group_by(dfq_select(all, "id, n"), "n", "count() as c");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "hash");
  CHECK_HAS(dfq_pipeline_text(all), "scan pages of own");
  dfq_close(db);
}

// An answer that changes afterwards cannot make a wrong result: the plan keeps the first.
TEST(source_fickle) {
  dfq *db = dfq_open(NULL);
  own_source s = own_make(250, 33, OWN_COLUMNS, OWN_FICKLE);
  dfq_source v = own_vtable(&s);
  s.filters = true;
  for (int i = 0; i < 4; i++)
    CHECK_INT(dfq_count(dfq_filter(dfq_scan_source(db, &v), "id < 10")), 20);
  dfq_close(db);
}

TEST(source_stops) {
  dfq *db = dfq_open(NULL);
  own_source s = own_make(100000, 50, OWN_COLUMNS, OWN_FINE);
  dfq_source v = own_vtable(&s);
  dfq_table *t = dfq_first(dfq_scan_source(db, &v), 120);
  CHECK_INT(dfq_table_rows(t), 120);
  CHECK_INT(s.nexts, 3);
  CHECK_INT(s.closed, 1);
  dfq_table_free(t);
  dfq_rows *rows = dfq_rows_open(dfq_scan_source(db, &v));
  const dfq_value *row;
  CHECK(dfq_rows_next(rows, &row));
  dfq_rows_close(rows);
  CHECK_INT(s.closed, 2);
  dfq_close(db);
}

TEST(source_one_shot) {
  dfq *db = dfq_open(NULL);
  own_source s = own_make(100, 50, OWN_ROWS, OWN_FINE);
  dfq_source v = own_vtable(&s);
  v.one_shot = true;
  v.claim = own_claim;
  dfq_frame *f = dfq_scan_source(db, &v);
  CHECK(dfq_explain_text(f, DFQ_EXPLAIN_BOTH) != NULL);
  CHECK_INT(dfq_count(f), 100);
  CHECK_INT(dfq_count(f), -1);
  CHECK_HAS(dfq_error(db), "own can be read once only (one_shot), and it was");
  CHECK_HAS(dfq_error(db), "try: dfq_collect");
  dfq_close(db);
}

// ---- wrong ones -----------------------------------------------------------------------------

TEST(source_faults) {
  static const struct { own_fault fault; own_way way; const char *what; } rows[] = {
    { OWN_FAILS, OWN_COLUMNS, "page 3 of own: the disk is wet" },
    { OWN_FAILS_SILENTLY, OWN_COLUMNS, "page 3 of own: the next function failed" },
    { OWN_WRONG_TYPE, OWN_COLUMNS, "column id comes as f64, it was declared i64" },
    { OWN_MISSING, OWN_COLUMNS, "column flag is wanted, and was not given" },
    { OWN_TWICE, OWN_COLUMNS, "column id comes twice" },
    { OWN_BAD_FIELD, OWN_COLUMNS, "there is no field 9, the source has 6" },
    { OWN_NO_DATA, OWN_COLUMNS, "column id comes without data" },
    { OWN_RETURNS_7, OWN_COLUMNS, "the next function returned 7, not 1, 0 or -1" },
    { OWN_ROWS_AT_END, OWN_COLUMNS, "it has rows, but next said that there are none" },
    { OWN_NO_ROWS_CALL, OWN_COLUMNS, "column id comes before dfq_page_rows" },
    { OWN_ROWS_TWICE, OWN_TEXTS, "its rows are counted twice" },
    { OWN_MIXED, OWN_ROWS, "column id comes beside single rows" },
    { OWN_BAD_CELL, OWN_ROWS, "column n holds what does not fit, it was declared i16" },
    { OWN_NOT_OPEN, OWN_COLUMNS, "own cannot be opened: the door is locked" },
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    dfq *db = dfq_open(NULL);
    own_source s = own_make(300, 50, rows[r].way, rows[r].fault);
    dfq_source v = own_vtable(&s);
    dfq_frame *f = dfq_scan_source_at(db, &v, "here.c:7");
    dfq_table *t = dfq_collect(f);
    CHECK(!t);
    CHECK_HAS(dfq_error(db), rows[r].what);
    CHECK_HAS(dfq_error(db), "here.c:7, scan: ");
    CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
    CHECK_INT(s.opened, s.closed);
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.engine = DFQ_ROW_ENGINE;
    f = dfq_configure(f, &run);
    CHECK(!dfq_collect(f));
    CHECK_HAS(dfq_error(db), rows[r].what);
    dfq_close(db);
    CHECK_INT(s.released, 1);
  }
}

// Rows of the pages before an error are there; who does not want more never sees it.
TEST(source_error_is_late) {
  dfq *db = dfq_open(NULL);
  own_source s = own_make(300, 50, OWN_COLUMNS, OWN_FAILS);
  dfq_source v = own_vtable(&s);
  dfq_frame *all = dfq_scan_source(db, &v);
  dfq_table *t = dfq_first(all, 100);
  CHECK_INT(dfq_table_rows(t), 100);
  dfq_table_free(t);
  CHECK(!dfq_first(all, 101));
  dfq_close(db);
}

TEST(source_refused) {
  dfq *db = dfq_open(NULL);
  own_source s = own_make(10, 5, OWN_COLUMNS, OWN_FINE);
  static const dfq_field twice[] = { { "a", DFQ_I64, NULL }, { "a", DFQ_STR, NULL } };
  dfq_source v = own_vtable(&s), w = v;
  w.size = 0;
  CHECK_HAS(dfq_frame_error(dfq_scan_source(db, &w)), "size must be sizeof(dfq_source)");
  w = v;
  w.next = NULL;
  CHECK_HAS(dfq_frame_error(dfq_scan_source(db, &w)), "a source needs open and next");
  w = v;
  w.fields = twice;
  w.count = 2;
  CHECK_HAS(dfq_frame_error(dfq_scan_source(db, &w)), "column a stands twice");
  w = v;
  w.sorted = "id, nix";
  CHECK_HAS(dfq_frame_error(dfq_scan_source(db, &w)), "own is sorted by nix");
  CHECK_HAS(dfq_frame_error(dfq_scan_source(db, NULL)), "the source is NULL");
  w = v;                       // a program that was built before claim, release, ... were there
  w.size = offsetof(dfq_source, takes);
  CHECK_INT(dfq_count(dfq_scan_source(db, &w)), 10);
  dfq_close(db);
  CHECK_INT(s.released, 2);    // of the two that came far enough, and were told of release
}

// ---- the tester -----------------------------------------------------------------------------

// What dfq_check_source says of a source with that fault.
static bool own_check(own_source *s, const dfq_source *v, char **text) {
  FILE *out = tmpfile();
  dfq *db = dfq_open(NULL);
  bool good = dfq_check_source(db, v, out);
  CHECK(good || dfq_error_status(db) != DFQ_OK);
  CHECK_INT(s->opened, s->closed);
  CHECK_INT(s->released, 0);
  *text = test_text(out);
  dfq_close(db);
  return good;
}

TEST(source_check_good) {
  for (int mode = 0; mode < 9; mode++) {
    char *text;
    own_source s = own_make(mode == 8 ? 0 : 220, 30, (own_way)(mode % 3), OWN_FINE);
    s.filters = mode > 1;
    s.inexact = mode > 3 && mode < 6;
    dfq_source v = own_vtable(&s);
    if (mode > 2) v.claim = own_claim;
    v.sorted = "id";
    if (!CHECK(own_check(&s, &v, &text))) printf("%s", text);
    CHECK_HAS(text, " readings, 0 violated");
    free(text);
  }
}

TEST(source_check_bad) {
  static const struct { own_fault fault; const char *what; } rows[] = {
    { OWN_FAILS, "violated: the first reading: dfq: cannot read or write" },
    { OWN_LIES_EXACT, "violated: EXACT, all columns where id != " },
    { OWN_LIES_INEXACT, "violated: EXACT, all columns where id " },
    { OWN_SHARED, "violated: two readings by turns: they are not what one reading brings" },
    { OWN_FORGETS, "violated: EXACT, all columns where id = " },
    { OWN_SHORT_LIMIT, "violated: reading all columns limit 2 in batches of 5: 1 rows and 2" },
    { OWN_COLUMN_ORDER, "violated: reading columns (price, id): row 0, price" },
    { OWN_CHANGES, "violated: read again, all columns: row 5, id: 77 and 2" },
    { OWN_UNSORTED, "violated: sorted: row 51 is before row 50" },
    { OWN_WRONG_PARTS, "violated: all parts in order: " },
    { OWN_FICKLE, "violated: takes: it answers differently when it is asked again" },
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    char *text;
    own_source s = own_make(220, 30, OWN_COLUMNS, rows[r].fault);
    s.filters = true;
    dfq_source v = own_vtable(&s);
    v.claim = own_claim;
    v.sorted = "id";
    CHECK(!own_check(&s, &v, &text));
    CHECK_HAS(text, rows[r].what);
    free(text);
  }
}

TEST(source_check_inexact) {
  char *text;
  own_source s = own_make(220, 30, OWN_TEXTS, OWN_LIES_INEXACT);
  s.filters = s.inexact = true;
  dfq_source v = own_vtable(&s);
  CHECK(!own_check(&s, &v, &text));
  CHECK_HAS(text, "violated: INEXACT, all columns where id ");
  free(text);
  s = own_make(220, 30, OWN_TEXTS, OWN_FINE);
  v = own_vtable(&s);
  v.one_shot = true;
  CHECK(own_check(&s, &v, &text));
  CHECK_HAS(text, "one_shot: only one reading was looked at\n1 readings, 0 violated");
  free(text);
  v.size = 3;
  CHECK(!own_check(&s, &v, &text));
  free(text);
}

// Every allocation fails once: an error each time, and nothing is left behind.
TEST(source_no_memory) {
  for (long budget = 2000; budget < 90000; budget += 700) {
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.budget = (size_t)budget;
    dfq *db = dfq_open(&options);
    if (!db) continue;
    own_source s = own_make(200, 64, (own_way)(budget / 700 % 3), OWN_FINE);
    s.filters = true;
    dfq_source v = own_vtable(&s);
    v.sorted = "id";
    dfq_frame *f = dfq_filter(dfq_scan_source(db, &v), "id > 3 and price < 10");
    int64_t n = dfq_count(f);
    if (n < 0) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    else CHECK_INT(n, 104);
    CHECK_INT(s.opened, s.closed);
    dfq_close(db);
  }
}

// What is lent to the tester is not released, wherever the context's memory ends; what is
// handed over is, once.
TEST(source_no_memory_release) {
  for (int lent = 0; lent < 2; lent++)
    for (size_t used = 0; used < 2048; used += 16) {
      own_source s = own_make(3, 2, OWN_COLUMNS, OWN_FINE);
      dfq_source v = own_vtable(&s);
      ch0_hook h = ch0_hook_new(0, true);
      dfq *db = ch0_open(&h, 0);
      CHECK(dfq__arena_alloc(&db->arena, 2048) && dfq__arena_alloc(&db->arena, used));
      h.fail_at = h.calls + 1;
      if (lent) CHECK(!dfq_check_source(db, &v, NULL));
      else CHECK(dfq_scan_source(db, &v) != NULL);
      ch0_close(db, &h);
      CHECK_INT(s.released, !lent);
      CHECK_INT(s.opened, s.closed);
    }
}

static void run_ch6_sources(void) {
  RUN(source_no_memory_release);
  RUN(source_check_good);
  RUN(source_check_bad);
  RUN(source_check_inexact);
  RUN(source_no_memory);
  RUN(source_reads);
  RUN(source_of_too_many_rows);
  RUN(source_queries);
  RUN(source_pushes);
  RUN(source_fickle);
  RUN(source_stops);
  RUN(source_one_shot);
  RUN(source_faults);
  RUN(source_error_is_late);
  RUN(source_refused);
}
