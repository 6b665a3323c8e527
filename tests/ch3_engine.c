// ch3_engine.c - schemas, kernels, both engines, sources, tables, actions, shortage of memory.
//
// Most tests state a frame and the text of its result, and engine_all runs it in every way that
// there is: rows, batches of 1, 2, 3 and the default, and later the optimizer.

// ---- frames from text, results as text -----------------------------------------------------

// "a i64, b str" and "1 x; 2 null": cells between spaces; '' is the empty text, ~ a space.
static dfq_table *engine_table(dfq *db, const char *fields, const char *rows) {
  dfq_field field[32];
  static dfq_value cell[4000];
  char *copy = (char *)test_alloc(strlen(fields) + strlen(rows) + 3), *at = copy;
  int columns = 0;
  size_t cells = 0;
  memcpy(copy, fields, strlen(fields) + 1);
  for (char *word = strtok(copy, " ,"); word; word = strtok(NULL, " ,")) {
    field[columns].name = word;
    word = strtok(NULL, " ,");
    field[columns].why = NULL;
    field[columns++].type = dfq__type_find(word, strlen(word), dfq__same_text);
  }
  at = copy + strlen(fields) + 1;
  memcpy(at, rows, strlen(rows) + 1);
  for (char *word = strtok(at, " ;"); word; word = strtok(NULL, " ;")) {
    dfq_value *v = &cell[cells];
    dfq_type type = field[cells++ % (size_t)columns].type;
    *v = dfq__value_null();
    for (char *c = word; *c; c++)
      if (*c == '~') *c = ' ';
    if (strcmp(word, "null") == 0) continue;
    if (strcmp(word, "''") == 0) *word = 0;
    if (type == DFQ_STR) *v = dfq__value_str(word, strlen(word));
    else if (!dfq__read_value(type, word, strlen(word), v)) test_fail("  bad cell %s\n", word);
  }
  if (columns && cells % (size_t)columns) test_fail("  cells are missing\n");
  dfq_table *t = dfq_table_from_rows(db, field, columns, cell,
                                     columns ? cells / (size_t)columns : 0);
  free(copy);
  return t;
}

static dfq_frame *engine_scan(dfq *db, const char *fields, const char *rows) {
  dfq_table *t = engine_table(db, fields, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

// Room for a few texts that are compared soon.
static char *engine_room(void) {
  static char room[16][8000];
  static int turn;
  turn = (turn + 1) % 16;
  room[turn][0] = 0;
  return room[turn];
}

static void engine_put_cell(char *to, size_t size, const dfq_value *v) {
  char number[DFQ__NUMBER_TEXT];
  size_t n = strlen(to);
  if (v->type == DFQ_STR) snprintf(to + n, size - n, "%.*s", v->len ? (int)v->len : 2,
                                   v->len ? v->as.s : "''");
  else if (v->type == DFQ_NULL) snprintf(to + n, size - n, "null");
  else if (dfq__kind(v->type) == DFQ_LIST) {
    dfq_value one;
    snprintf(to + n, size - n, "[");
    for (size_t i = 0; dfq_list_get(v, i, &one); i++) {
      if (i) snprintf(to + strlen(to), size - strlen(to), ", ");
      engine_put_cell(to, size, &one);
    }
    snprintf(to + strlen(to), size - strlen(to), "]");
  }
  else { dfq__write_value(number, v); snprintf(to + n, size - n, "%s", number); }
}

// "1 x; 2 null", or the error.
static const char *engine_text(const dfq_table *t, const dfq *db) {
  char *to = engine_room();
  if (!t) { snprintf(to, 8000, "error: %s", dfq_error(db)); return to; }
  for (size_t r = 0; r < dfq_table_rows(t); r++)
    for (int c = 0; c < dfq_table_columns(t); c++) {
      dfq_value v;
      size_t n = strlen(to);
      dfq_table_get(t, r, c, &v);
      if (r || c) snprintf(to + n, 8000 - n, c ? " " : "; ");
      engine_put_cell(to, 8000, &v);
    }
  return to;
}

static const char *engine_run(dfq_frame *f, const dfq_run_options *run) {
  dfq_table *t = dfq_collect(dfq_configure(f, run));
  const char *text = engine_text(t, f->db);
  dfq_table_free(t);
  return text;
}

// How a frame is run for a test: one of a list; false after the last. Batches of one row make
// morsels of 32, so that small inputs are shared among threads, too.
static bool engine_way(int i, dfq_run_options *run) {
  static const size_t batches[] = { 0, 0, 1, 2, 3, 64, 1, 0, 0, 1 };
  memset(run, 0, sizeof *run);
  run->threads = i == 6 || i == 9 ? 3 : 1;
  run->no_optimize = i < 7;
  run->engine = i == 0 || i == 8 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
  run->batch_rows = batches[i < 10 ? i : 0];
  return i < (DFQ_CHAPTER >= 5 ? 10 : 7);
}

// The result as text, or the error; every way of running must agree on it. An optimized plan
// may fail at another place, or not at all (decisions A7).
static const char *engine_all(dfq_frame *f) {
  dfq_run_options run;
  const char *want = NULL;
  for (int i = 0; engine_way(i, &run); i++) {
    const char *got = engine_run(f, &run);
    if (!want) want = got;
    if (run.no_optimize || strncmp(want, "error", 5) != 0)
      if (!CHECK_STR(got, want)) test_fail("    that was way %d\n", i);
  }
  return want;
}

// The schema as "a i64, b str", or the error.
static const char *engine_schema(dfq_frame *f) {
  char *to = engine_room();
  const dfq_schema *s = dfq_schema_of(f);
  if (dfq_frame_error(f)) return dfq_frame_error(f);
  for (int c = 0; c < s->count; c++) {
    size_t n = strlen(to);
    snprintf(to + n, 8000 - n, "%s%s %s", c ? ", " : "", s->field[c].name,
             dfq_type_name(s->field[c].type));
  }
  return to;
}

// Pulls all rows, as text; *error: the message at the end, "" for none.
static const char *engine_pull(dfq_frame *f, const dfq_run_options *run, char *error,
                               size_t size) {
  char *to = engine_room();
  const dfq_value *row = NULL;
  dfq_clear_error(f->db);
  dfq_rows *r = dfq_rows_open(dfq_configure(f, run));
  while (dfq_rows_next(r, &row))
    for (int c = 0; c < dfq_rows_columns(r); c++) {
      size_t n = strlen(to);
      snprintf(to + n, 8000 - n, "%s", c ? " " : n ? "; " : "");
      engine_put_cell(to, 8000, &row[c]);
    }
  snprintf(error, size, "%s", dfq_rows_failed(r) ? dfq_error(f->db) : "");
  dfq_rows_close(r);
  return to;
}

// The rows before an error and the error's words: the same in both engines at every batch size.
static const char *engine_pull_all(dfq_frame *f, const char **why) {
  char *error = engine_room(), again[1000];
  dfq_run_options run;
  (void)engine_way(0, &run);
  const char *want = engine_pull(f, &run, error, 1000);
  for (int i = 1; engine_way(i, &run) && run.no_optimize; i++) {
    CHECK_STR(engine_pull(f, &run, again, sizeof again), want);
    CHECK_STR(again, error);
  }
  if (why) *why = error;
  return want;
}

// ---- schemas -------------------------------------------------------------------------------

static void *engine_no_open(void *user) {
  (void)user;
  test_fail("  a schema opened its source\n");
  return NULL;
}

static int engine_no_next(void *cursor, dfq_value *row) { (void)cursor; (void)row; return 0; }

static dfq_frame *engine_untouched(dfq *db) {
  static const dfq_field field[] = { { "a", DFQ_I64, NULL }, { "b", DFQ_F64, NULL },
                                     { "s", DFQ_STR, NULL }, { "d", DFQ_DATE, NULL },
                                     { "n", DFQ_I32, NULL } };
  dfq_row_source s;
  memset(&s, 0, sizeof s);
  s.fields = field;
  s.count = 5;
  s.open = engine_no_open;
  s.next = engine_no_next;
  return dfq_scan_rows(db, &s);
}

TEST(engine_schema_without_data) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_untouched(db);
  CHECK_STR(engine_schema(f), "a i64, b f64, s str, d date, n i32");
  CHECK_STR(engine_schema(dfq_filter(f, "a > 1")), "a i64, b f64, s str, d date, n i32");
  CHECK_STR(
      engine_schema(dfq_select(f, "a + 1 as x, a * b, a / a, s = 'q' as t, n, n + n as m")),
      "x i64, a * b f64, a / a f64, t bool, n i32, m i64");
  CHECK_STR(engine_schema(dfq_select(f, "*, d + interval '1' day as e, d - d as days")),
            "a i64, b f64, s str, d date, n i32, e date, days i64");
  CHECK_STR(engine_schema(dfq_select(f, "null as x, case when a > 1 then 1 else 2.5 end as y")),
            "x str, y f64");
  CHECK_STR(engine_schema(dfq_with_columns(f, "s as a, a as z")),
            "a str, b f64, s str, d date, n i32, z i64");
  CHECK_STR(engine_schema(dfq_drop(f, "a, d")), "b f64, s str, n i32");
  CHECK_STR(engine_schema(dfq_rename(f, "a as b, b as a")),
            "b i64, a f64, s str, d date, n i32");
  CHECK_STR(engine_schema(dfq_row_index(f, "i")), "i i64, a i64, b f64, s str, d date, n i32");
  CHECK_STR(engine_schema(dfq_union(f, dfq_limit(f, 1))), "a i64, b f64, s str, d date, n i32");
  CHECK_STR(engine_schema(dfq_drop(f, "a, b, s, d, n")), "");
  CHECK_INT(dfq_schema_of(dfq_filter(f, "zz > 1"))->count, 0);
  CHECK_INT(dfq_schema_of(NULL)->count, 0);
  dfq_close(db);
}

// with computes all its items from the columns below it, not from each other.
TEST(engine_with_sees_old_columns) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_with_columns(engine_scan(db, "a i64, b i64", "1 10; 2 20"),
                                  "b as a, a as b");
  CHECK_STR(engine_all(f), "10 1; 20 2");
  dfq_close(db);
}

// ---- kernels -------------------------------------------------------------------------------

static const dfq_type engine_letter_types[] = { DFQ_BOOL, DFQ_I64, DFQ_F64, DFQ_STR, DFQ_DATE,
                                                DFQ_DATETIME, DFQ_DURATION };

static dfq_value engine_random(uint64_t *seed, dfq_type type) {
  static const char *const text[] = { "", "a", "ab", "12", "exactly12byt", "thirteen byte",
                                      "thirteen bytf", "x%_y", "true", "1999-01-01" };
  static const int64_t whole[] = {
    0, 1, -1, 2, 7, -7, INT64_MAX, INT64_MIN, 4611686018427387904
  };
  static const double real[] = { 0.0, -0.0, 1, -1.5, 2, 1e308, 5e-324, 7.25 };
  int k = ch0_below(seed, 100);
  switch (type & 0xff) {
    case DFQ_BOOL: return dfq__value_int(type, k & 1);
    case DFQ_I32: return dfq__value_int(type, k < 5 ? INT32_MIN : k - 50);
    case DFQ_F64:
      if (k < 10) return dfq__value_f64((double)(k < 5 ? NAN : INFINITY));
      return dfq__value_f64(real[k % 8]);
    case DFQ_STR: return dfq__value_str(text[k % 10], strlen(text[k % 10]));
    case DFQ_DATE: return dfq__value_int(type, k < 2 ? 2932896 : 10000 + k);
    case DFQ_DATETIME: return dfq__value_int(type, (10000 + k % 7) * DFQ__DAY + k % 3);
    case DFQ_I8: return dfq__value_int(type, k < 5 ? INT8_MIN : k);
    case DFQ_I16: return dfq__value_int(type, k < 5 ? INT16_MIN : k - 50);
    case DFQ_U8: return dfq__value_int(type, k < 5 ? UINT8_MAX : k);
    case DFQ_U16: return dfq__value_int(type, k < 5 ? UINT16_MAX : k);
    case DFQ_U32: return dfq__value_int(type, k < 5 ? (int64_t)UINT32_MAX : k);
    case DFQ_F32: {
      dfq_value v = dfq__value_f64((double)(float)(k < 5 ? NAN : k < 10 ? 3e38 : real[k % 5]));
      v.type = DFQ_F32;
      return v;
    }
    case DFQ_TIME: return dfq__value_int(type, k < 2 ? DFQ__DAY - 1 : k * DFQ__SECOND);
    case DFQ_DURATION: return dfq__value_int(type, k < 2 ? INT64_MAX : k * DFQ__SECOND);
    default: return dfq__value_int(type, k < 4 ? whole[6 + k % 3] : whole[k % 6]);
  }
}

// A value of any column's type: lists of up to four, with nulls.
static dfq_value engine_random_in(dfq *db, uint64_t *seed, dfq_type type) {
  dfq_value item[4], list;
  int n = ch0_below(seed, 5);
  if (dfq__kind(type) != DFQ_LIST) return engine_random(seed, type);
  for (int i = 0; i < n; i++) {
    item[i] = engine_random(seed, dfq__child_of(type));
    if (ch0_below(seed, 5) == 0) item[i] = dfq__value_null();
  }
  (void)dfq_list_value(db, dfq__child_of(type), item, (size_t)n, &list);
  return list;
}

// Garbage where valid is 0: nobody may look at it.
static void engine_poison(dfq_table *t) {
  for (int c = 0; c < t->schema.count; c++) {
    dfq_type type = t->schema.field[c].type;
    size_t size = dfq__size_of(type);
    char *data = t->store.data[c].data;
    for (size_t r = 0; t->store.valid[c].data && r < t->store.rows; r++) {
      if (t->store.valid[c].data[r]) continue;
      dfq_view wild = dfq__view_of("a", 1);          // any that can be read
      if (dfq__is_bytes(type)) memcpy(data + r * size, &wild, size);
      else memset(data + r * size, type == DFQ_BOOL ? 1 : r % 2 ? 0x7f : 0x80, size);
    }
  }
}

// Columns a and b of a type each, some of it null, with garbage under the nulls. tame: values
// that make no checked arithmetic fail.
static dfq_table *engine_random_table(dfq *db, uint64_t *seed, dfq_type a, dfq_type b,
                                      size_t rows, bool tame) {
  dfq_field field[2] = { { "a", a, NULL }, { "b", b, NULL } };
  dfq_value *cell = (dfq_value *)test_alloc((2 * rows + 1) * sizeof *cell);
  for (size_t i = 0; i < 2 * rows; i++) {
    cell[i] = engine_random_in(db, seed, i % 2 ? b : a);
    if (ch0_below(seed, 5) == 0) cell[i] = dfq__value_null();
    bool number = cell[i].type == DFQ_I64 || cell[i].type == DFQ_DURATION;
    if (tame && number) cell[i].as.i %= 1000;
    if (tame && cell[i].type == DFQ_DATE) cell[i].as.i %= 20000;
  }
  dfq_table *t = dfq_table_from_rows(db, field, 2, cell, rows);
  free(cell);
  engine_poison(t);
  return t;
}

// The argument number i of a signature: a column, or a constant.
static dfq_expr *engine_argument(dfq *db, uint64_t *seed, char letter, dfq_type any, int i,
                                 bool constant) {
  dfq_value v;
  if (letter == 'D' || letter == 'M') {
    v = dfq__value_int(letter == 'D' ? DFQ_DAYS : DFQ_MONTHS, ch0_below(seed, 40));
    return dfq_literal(db, &v);
  }
  if (!constant && i < 2) return dfq_col(db, i ? "b" : "a");   // later ones: constants
  dfq_type type = dfq__wanted(letter, any);
  v = engine_random_in(db, seed, type);
  if (ch0_below(seed, 6) == 0 || dfq__kind(type) == DFQ_LIST) v = dfq__value_null();
  return v.type == DFQ_NULL ? dfq_cast(dfq_null(db), type) : dfq_literal(db, &v);
}

static dfq_type engine_letter(char letter, dfq_type any) {
  if (letter == 0 || letter == '+' || letter == 'D' || letter == 'M') return DFQ_I64;
  return dfq__wanted(letter, any);
}

// One signature over columns and constants, in both engines.
static bool engine_signature(dfq *db, uint64_t *seed, const dfq__overload *o, dfq_type any,
                             size_t rows, int constants, bool tame) {
  dfq_expr *arg[8];
  int argc = (int)strcspn(o->args, "+");
  dfq_type a = engine_letter(o->args[0], any);
  dfq_type b = engine_letter(argc > 1 ? o->args[1] : 0, any);
  for (int i = 0; i < argc; i++)
    arg[i] = engine_argument(db, seed, o->args[i], any, i, constants >> i & 1);
  if (o->fn == DFQ__LIKE || o->fn == DFQ__ILIKE) {
    if (argc == 3) arg[2] = dfq_str(db, "x");
  }
  dfq_table *t = engine_random_table(db, seed, a, b, rows, tame);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_expr *e = argc ? dfq__expr_over(DFQ_CALL, o->fn, arg, argc)
                     : dfq_call(db, dfq__functions[o->fn].name, NULL, 0);
  e = dfq_as(e, "r");
  f = dfq_select_exprs(f, &e, 1);
  dfq_table_free(t);
  char why[2][600];
  dfq_run_options run;
  (void)engine_way(0, &run);
  const char *want = engine_pull(f, &run, why[0], sizeof why[0]);
  run.engine = DFQ_BATCH_ENGINE;
  bool ok = CHECK_STR(engine_pull(f, &run, why[1], sizeof why[1]), want);
  ok = CHECK_STR(why[1], why[0]) && ok;
  if (!ok) test_fail("    %s over %d rows\n", dfq_expr_text(e), (int)rows);
  return ok;
}

TEST(engine_kernels_match_scalars) {
  static const size_t lengths[] = { 0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 100, 127, 128, 129, 191,
                                    192, 193, 200 };
  uint64_t seed = 3;
  for (int i = 0; i < DFQ__OVERLOAD_COUNT; i++) {
    const dfq__overload *o = &dfq__overloads[i];
    if (!o->scalar) continue;
    dfq *db = dfq_open(NULL);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
      for (int constants = 0; constants < 4; constants++) {
        dfq_type any = engine_letter_types[(k + (size_t)i) % 7];
        if (strpbrk(o->args, "mq")) any = dfq_decimal_of(k % 4);
        if (!engine_signature(db, &seed, o, any, lengths[k], constants, k % 3 != 0)) return;
      }
    dfq_close(db);
  }
}

// Every cast that the matrix allows, and every length around the blocks of 64.
TEST(engine_casts_match_scalars) {
  uint64_t seed = 4;
  for (dfq_type from = DFQ_BOOL; from < DFQ_LIST; from++)
    for (dfq_type to = DFQ_BOOL; to < DFQ_LIST; to++) {
      if (dfq__cast_kind(from, to) == '.') continue;
      dfq *db = dfq_open(NULL);
      for (size_t rows = 0; rows < 200; rows += 7) {
        dfq_table *t = engine_random_table(db, &seed, from, from, rows, rows % 2);
        dfq_frame *f = dfq_scan_table(db, t);
        dfq_expr *e[2] = { dfq_as(dfq_try_cast(dfq_col(db, "a"), to), "x"),
                           dfq_as(dfq_cast(dfq_col(db, "b"), to), "y") };
        dfq_table_free(t);
        engine_pull_all(dfq_select_exprs(f, e, 1), NULL);
        if (rows % 3 == 0) engine_pull_all(dfq_select_exprs(f, e, 2), NULL);
      }
      dfq_close(db);
      if (test_now.broken) return;
    }
}

// Overflow in what stands under a null is no overflow.
TEST(engine_no_false_alarm_under_nulls) {
  static const char *const checked[] = { "a + b",
                                         "a - b",
                                         "a * b",
                                         "a // b",
                                         "neg(a)",
                                         "abs(a)",
                                         "a + 9223372036854775807",
                                         "a * 9223372036854775807" };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof checked / sizeof *checked; i++)
    for (size_t rows = 1; rows < 140; rows += 23) {
      dfq_column column[2] = { { "a", DFQ_I64, NULL, NULL }, { "b", DFQ_I64, NULL, NULL } };
      int64_t values[140] = { 0 };
      uint8_t valid[140] = { 0 };
      values[rows - 1] = 1;
      valid[rows - 1] = 1;                          // the one row that counts
      for (int c = 0; c < 2; c++) { column[c].data = values; column[c].valid = valid; }
      dfq_table *t = dfq_table_new(db, column, 2, rows);
      for (size_t r = 0; r + 1 < rows; r++) {
        ((int64_t *)(void *)t->store.data[0].data)[r] = INT64_MIN;
        ((int64_t *)(void *)t->store.data[1].data)[r] = -1;
      }
      dfq_frame *f = dfq_select(dfq_scan_table(db, t), checked[i]);
      dfq_table_free(t);
      bool last = i == 6 && rows > 0;              // 1 + INT64_MAX does overflow
      dfq_table *got = dfq_collect(f);
      CHECK((got == NULL) == last);
      if (got) CHECK_INT(dfq_table_is_null(got, 0, 0), rows > 1);
      dfq_table_free(got);
    }
  dfq_close(db);
}

// ---- constants -----------------------------------------------------------------------------

TEST(engine_constants) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64", "1; 2; 3");
  CHECK_STR(
      engine_all(dfq_select(f, "1 as x, 'long enough to need a pointer' as s, null as n")),
      "1 long enough to need a pointer null; 1 long enough to need a pointer null; "
      "1 long enough to need a pointer null");
  CHECK_STR(engine_all(dfq_filter(f, "true")), "1; 2; 3");
  CHECK_STR(engine_all(dfq_filter(f, "false")), "");
  CHECK_STR(engine_all(dfq_filter(f, "null")), "");
  CHECK_STR(engine_all(dfq_filter(f, "1 < 2 and a > 1")), "2; 3");
  CHECK_STR(engine_all(dfq_select(f, "case when true then a end as x, false or null as y")),
            "1 null; 2 null; 3 null");
  dfq_frame *c = dfq_select(f, "7 as k, a");
  CHECK_STR(engine_all(dfq_slice(dfq_union(c, c), 2, 2)), "7 3; 7 1");
  CHECK_STR(engine_all(dfq_row_index(dfq_filter(c, "k + a > 8"), "i")), "0 7 2; 1 7 3");
  CHECK_STR(engine_all(dfq_select(dfq_limit(f, 0), "1 as x")), "");
  CHECK_STR(engine_all(dfq_select(f, "1 + 1 as x, 5 // 0 as y, 1 in (2, null) as z")),
            "2 null null; 2 null null; 2 null null");
  CHECK_HAS(engine_all(dfq_select(f, "9223372036854775807 + 1 as x")),
            "overflows i64, in row 1");
  CHECK_STR(engine_all(dfq_select(dfq_filter(f, "false"), "9223372036854775807 + 1 as x")), "");
  dfq_close(db);
}

// ---- errors are positions ------------------------------------------------------------------

TEST(engine_lazy_operands) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "s str, a i64", "1 1; x 2; 3 3; null 4; y 5; 6 null; 7 7");
  CHECK_STR(engine_all(dfq_filter(f, "s not in ('x', 'y') and cast(s as i64) > 1")),
            "3 3; 6 null; 7 7");
  CHECK_STR(engine_all(dfq_filter(f, "a in (2, 5) or cast(s as i64) = 1")), "1 1; x 2; y 5");
  CHECK_STR(engine_all(dfq_select(f, "case when s like '%y%' or s = 'x' then -1 "
                                     "else cast(s as i64) end as v")),
            "1; -1; 3; null; -1; 6; 7");
  CHECK_STR(engine_all(dfq_select(f, "coalesce(try_cast(s as i64), a * 100) as v")),
            "1; 200; 3; 400; 500; 6; 7");
  CHECK_STR(engine_all(dfq_select(
                f, "case a when 2 then 0 when 5 then 0 else cast(s as i64) end as v")),
            "1; 0; 3; null; 0; 6; 7");
  CHECK_STR(engine_all(dfq_filter(
                f, "not (a in (2, 5)) and (cast(s as i64) > 2 and cast(s as i64) < 7)")),
            "3 3");
  dfq_close(db);
}

TEST(engine_rows_before_error) {
  const char *why;
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "s str", "1; 2; 3; x; 5; 6");
  dfq_frame *g = dfq_select(f, "cast(s as i64) as v");
  CHECK_STR(engine_pull_all(g, &why), "1; 2; 3");
  CHECK_HAS(why, "cast(s as i64) has no value of type i64, in row 4 (s = 'x')");
  CHECK_HAS(why, "try_cast");
  CHECK_HAS(why, "ch3_engine.c:");
  CHECK_STR(engine_all(dfq_limit(g, 3)), "1; 2; 3");
  CHECK_HAS(engine_all(dfq_limit(g, 4)), "in row 4");
  CHECK_STR(engine_all(dfq_limit(dfq_filter(g, "v >= 2"), 2)), "2; 3");
  CHECK_STR(engine_all(dfq_limit(dfq_union(g, g), 2)), "1; 2");
  CHECK_HAS(engine_all(g), "value error");
  CHECK_INT(dfq_error_status(db), DFQ_VALUE_ERROR);
  // The number is the input's of the verb that fails, whatever was dropped before.
  f = dfq_filter(f, "s != '2'");
  CHECK_STR(engine_pull_all(dfq_filter(f, "s < 'z' and cast(s as i64) > 0"), &why), "1; 3");
  CHECK_HAS(why, "in row 3 (s = 'x')");
  f = engine_scan(db, "s str", "1; 2; 1; 3; x");       // rows that were dropped count
  CHECK_STR(engine_pull_all(dfq_filter(f, "cast(s as i64) > 1"), &why), "2; 3");
  CHECK_HAS(why, "in row 5 (s = 'x')");
  // The first failing row wins over the first failing expression.
  f = engine_scan(db, "s str, t str", "1 1; 2 y; x 3");
  CHECK_STR(engine_pull_all(dfq_select(f, "cast(s as i64) as a, cast(t as i64) as b"), &why),
            "1 1");
  CHECK_HAS(why, "in row 2 (t = 'y')");
  dfq_close(db);
}

// Rows 70 and 140 of 200: after whole blocks, and in the middle of a batch.
TEST(engine_late_errors) {
  char rows[1200] = "";
  const char *why;
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 200; i++)
    snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%d;",
             i == 140 ? 0 : i == 70 ? -1 : 1);
  dfq_frame *f = dfq_row_index(engine_scan(db, "a i64", rows), "i");
  dfq_frame *g = dfq_select(f, "i, a * 9223372036854775807 + a as v");
  engine_pull_all(g, &why);
  CHECK_HAS(why, "a * 9223372036854775807 + a overflows i64, in row 1 (a = 1)");
  g = dfq_filter(f, "i != 70 or a + -9223372036854775808 = 0");
  engine_pull_all(g, &why);
  CHECK_HAS(why, "in row 71 (a = -1)");
  g = dfq_filter(f, "case when i = 140 then cast(a as bool) and a + 1 > 0 when i = 70 then "
                    "i - 9223372036854775807 - 100 < 0 else true end");
  engine_pull_all(g, &why);
  CHECK_HAS(why, "in row 71");
  CHECK_STR(engine_all(dfq_limit(dfq_select(g, "1 as x"), 1)), "1");
  dfq_close(db);
}

// An error behind a limit must not come back in a later part of the plan.
TEST(engine_error_behind_a_limit) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "s str", "1; 2; x");
  dfq_frame *g = dfq_limit(dfq_select(f, "cast(s as i64) as v"), 2);
  CHECK_STR(engine_all(g), "1; 2");
  CHECK_STR(engine_all(dfq_union(g, g)), "1; 2; 1; 2");
  CHECK_STR(engine_all(dfq_slice(dfq_select(f, "cast(s as i64) as v"), 9, 0)), "");
  CHECK_STR(dfq_error(db), "");
  CHECK_INT(dfq_count(g), 2);
  dfq_close(db);
}

// ---- frames --------------------------------------------------------------------------------

TEST(engine_limits_and_slices) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64", "0; 1; 2; 3; 4; 5; 6");
  CHECK_STR(engine_all(dfq_limit(f, 0)), "");
  CHECK_STR(engine_all(dfq_limit(f, 2)), "0; 1");
  CHECK_STR(engine_all(dfq_limit(f, 100)), "0; 1; 2; 3; 4; 5; 6");
  CHECK_STR(engine_all(dfq_slice(f, 5, -1)), "5; 6");
  CHECK_STR(engine_all(dfq_slice(f, 2, 3)), "2; 3; 4");
  CHECK_STR(engine_all(dfq_slice(f, 7, 3)), "");
  CHECK_STR(engine_all(dfq_slice(f, INT64_MAX, INT64_MAX)), "");
  CHECK_STR(engine_all(dfq_slice(f, 6, INT64_MAX)), "6");
  CHECK_STR(engine_all(dfq_slice(dfq_slice(f, 1, 5), 2, 2)), "3; 4");
  CHECK_STR(engine_all(dfq_limit(dfq_union(f, f), 9)), "0; 1; 2; 3; 4; 5; 6; 0; 1");
  CHECK_STR(engine_all(dfq_row_index(dfq_slice(f, 5, -1), "i")), "0 5; 1 6");
  dfq_close(db);
}

TEST(engine_batch_sizes) {
  static const size_t sizes[] = { 1, 2, 5, 63, 64, 65, 100, 2048, 1u << 30, SIZE_MAX };
  char rows[2400] = "";
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 300; i++)
    snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "%d %d;", i, i % 7);
  dfq_frame *f = engine_scan(db, "a i64, b i64", rows);
  f = dfq_filter(dfq_filter(f, "b > 1"), "a % 3 = 0");
  f = dfq_slice(dfq_with_columns(dfq_union(f, f), "a * b as c"), 10, 120);
  dfq_run_options run;
  (void)engine_way(0, &run);
  const char *want = engine_run(f, &run);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    (void)engine_way(1, &run);
    run.batch_rows = sizes[i];
    CHECK_STR(engine_run(f, &run), want);
  }
  CHECK_INT(dfq_count(f), 120);
  dfq_close(db);
}

TEST(engine_zero_rows_and_columns) {
  dfq *db = dfq_open(NULL);
  dfq_frame *empty = engine_scan(db, "a i64, s str", ""), *none;
  CHECK_STR(engine_all(dfq_filter(empty, "a > 1")), "");
  CHECK_STR(
      engine_all(dfq_select(empty, "a + 1 as x, 'c' as y, case when a > 1 then s end as z")),
      "");
  CHECK_STR(engine_all(dfq_row_index(dfq_union(empty, empty), "i")), "");
  CHECK_INT(dfq_count(empty), 0);
  none = dfq_drop(engine_scan(db, "a i64", "1; 2; 3"), "a");
  CHECK_STR(engine_schema(none), "");
  CHECK_INT(dfq_count(none), 3);
  CHECK_INT(dfq_count(dfq_limit(none, 2)), 2);
  CHECK_INT(dfq_count(dfq_union(none, none)), 6);
  CHECK_STR(engine_all(dfq_row_index(none, "i")), "0; 1; 2");
  CHECK_STR(engine_all(dfq_select(none, "1 as x")), "1; 1; 1");
  CHECK_STR(engine_all(dfq_filter(dfq_row_index(none, "i"), "i > 0")), "1; 2");
  dfq_table *t = dfq_collect(none);
  CHECK_INT(dfq_table_rows(t), 3);
  CHECK_INT(dfq_table_columns(t), 0);
  CHECK_INT(dfq_count(dfq_scan_table(db, t)), 3);
  dfq_table_free(t);
  dfq_table *bare = dfq_table_new(db, NULL, 0, 0);
  CHECK(bare != NULL);
  CHECK_STR(engine_all(dfq_scan_table(db, bare)), "");
  dfq_table_free(bare);
  dfq_close(db);
}

TEST(engine_frames_are_shared) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64", "1; 2; 3");
  dfq_frame *big = dfq_filter(f, "a > 1"), *small = dfq_filter(f, "a < 3");
  CHECK_STR(engine_all(dfq_union(big, small)), "2; 3; 1; 2");
  CHECK_STR(engine_all(dfq_union(f, f)), "1; 2; 3; 1; 2; 3");
  CHECK_STR(engine_all(big), "2; 3");
  CHECK_STR(engine_all(f), "1; 2; 3");
  dfq_frame *broken = dfq_filter(f, "zz > 1");     // the others do not mind
  CHECK(dfq_frame_error(broken) != NULL);
  CHECK_STR(engine_all(small), "1; 2");
  CHECK(dfq_frame_error(small) == NULL);
  size_t mark = dfq_mark(db);
  dfq_frame *later = dfq_select(big, "a * 2 as b");
  CHECK_STR(engine_all(later), "4; 6");
  dfq_release(db, mark);
  CHECK_STR(engine_all(big), "2; 3");
  dfq_close(db);
}

TEST(engine_doubled_plans_end) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64", "1");
  int i = 0;
  while (i < 60 && !dfq_frame_error(f)) {
    f = dfq_union(f, f);
    i++;
  }
  CHECK(i > 10 && i < 40);
  CHECK_HAS(dfq_frame_error(f), "the plan has more than");
  f = engine_scan(db, "a i64", "1");
  for (i = 0; i < 2000 && !dfq_frame_error(f); i++) f = dfq_filter(f, "a > 0");
  CHECK_HAS(dfq_frame_error(f), "steps long");
  dfq_close(db);
}

// ---- what verbs refuse ---------------------------------------------------------------------

TEST(engine_unknown_columns) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "amount i64, region str", "1 x");
  const dfq_frame *bad[] = { dfq_filter(f, "amout > 1"), dfq_select(f, "regoin"),
                             dfq_with_columns(f, "amonut * 2 as x"), dfq_drop(f, "regin"),
                             dfq_rename(f, "amoun as x") };
  const char *near[] = { "amount", "region", "amount", "region", "amount" };
  const char *verb[] = { "filter", "select", "with", "drop", "rename" };
  for (int i = 0; i < 5; i++) {
    char want[60];
    snprintf(want, sizeof want, "did you mean %s?", near[i]);
    CHECK_HAS(dfq_frame_error(bad[i]), want);
    snprintf(want, sizeof want, ", %s: no column ", verb[i]);
    CHECK_HAS(dfq_frame_error(bad[i]), want);
    CHECK_HAS(dfq_frame_error(bad[i]), "the columns here: amount, region");
    CHECK_HAS(dfq_frame_error(bad[i]), "unknown name, ");
    CHECK_HAS(dfq_frame_error(bad[i]), "ch3_engine.c:");
  }
  CHECK_HAS(dfq_frame_error(dfq_filter(f, "Amount > 1")), "did you mean amount?");
  CHECK_INT(dfq_error_status(db), DFQ_UNKNOWN_NAME);
  f = dfq_filter(f, "nothing_like_it > 1");
  CHECK(strstr(dfq_frame_error(f), "did you mean") == NULL);
  const char *first = dfq_frame_error(f);
  f = dfq_select(dfq_filter(f, "zz"), "yy");      // the first error stays
  CHECK_STR(dfq_frame_error(f), first);
  CHECK(dfq_collect(f) == NULL);
  CHECK_STR(dfq_error(db), first);
  CHECK_INT(dfq_count(f), -1);
  CHECK(!dfq_show(f, stdout));
  dfq_close(db);
}

TEST(engine_names_stand_once) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64, b i64", "1 2");
  CHECK_HAS(engine_schema(dfq_select(f, "a, b as a")),
            "two columns are called a; name one of them with as");
  CHECK_HAS(engine_schema(dfq_select(f, "*, *")), "two columns are called a");
  CHECK_HAS(engine_schema(dfq_select(f, "*, a")), "two columns are called a");
  CHECK_HAS(engine_schema(dfq_rename(f, "a as b")), "two columns are called b");
  CHECK_HAS(engine_schema(dfq_row_index(f, "b")), "there is a column b already");
  CHECK_HAS(engine_schema(dfq_with_columns(f, "1 as x, 2.5 as x")), "two columns are called x");
  CHECK_STR(engine_schema(dfq_rename(f, "a as b, b as a")), "b i64, a i64");
  CHECK_HAS(engine_schema(dfq_with_columns(f, "*")), "they stay anyway");
  dfq_field field[2] = { { "x", DFQ_I64, NULL }, { "x", DFQ_STR, NULL } };
  CHECK(dfq_table_from_rows(db, field, 2, NULL, 0) == NULL);
  CHECK_HAS(dfq_error(db), "column x stands twice");
  field[1].name = "y";
  field[1].type = DFQ_MONTHS;
  CHECK(dfq_table_from_rows(db, field, 2, NULL, 0) == NULL);
  CHECK_HAS(dfq_error(db), "column y is of no type that columns have");
  dfq_close(db);
}

TEST(engine_wrong_types_and_numbers) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64, s str", "1 x");
  CHECK_HAS(engine_schema(dfq_filter(f, "a")), "a condition is a bool, this is i64");
  CHECK_HAS(engine_schema(dfq_filter(f, "s = 1")), "type error");
  CHECK_HAS(engine_schema(dfq_filter(f, "a and true")), "type error");
  CHECK_HAS(engine_schema(dfq_select(f, "a + s as x")), "type error");
  CHECK_HAS(engine_schema(dfq_select(f, "sum(a) as x")), "it belongs into group");
  CHECK_HAS(engine_schema(dfq_select(f, "interval '1' month as x")), "which no column can be");
  CHECK_HAS(engine_schema(dfq_filter(f, "a >")), "syntax error");
  CHECK_HAS(engine_schema(dfq_select(f, "")), "syntax error");
  CHECK_HAS(engine_schema(dfq_limit(f, -1)), "the limit is negative: -1");
  CHECK_HAS(engine_schema(dfq_slice(f, -2, 1)), "the offset is negative: -2");
  CHECK_INT(dfq_error_status(db), DFQ_USAGE);
  CHECK_HAS(engine_schema(dfq_union(f, dfq_drop(f, "s"))),
            "one side has 2 columns, the other 1");
  CHECK_HAS(engine_schema(dfq_union(f, dfq_select(f, "s, a"))),
            "column 1 is a (i64) on one side, s (str) on the other");
  CHECK_HAS(engine_schema(dfq_union(f, dfq_select(f, "1.5 as a, s"))),
            "column 1 is a (i64) on one side, a (f64) on the other");
  CHECK_HAS(engine_schema(dfq_union(f, engine_scan(other, "a i64, s str", ""))),
            "the two frames belong to different contexts");
  CHECK_HAS(engine_schema(dfq_scan_table(db, NULL)), "dfq: ");
  CHECK_HAS(engine_schema(dfq_filter(f, NULL)), "dfq: ");
  CHECK(dfq_filter(NULL, "a") == NULL);
  CHECK(dfq_collect(NULL) == NULL);
  CHECK_INT(dfq_count(NULL), -1);
  CHECK(dfq_rows_open(NULL) == NULL);
  dfq_close(db);
  dfq_close(other);
}

// ---- tables --------------------------------------------------------------------------------

TEST(engine_table_accessors) {
  dfq *db = dfq_open(NULL);
  const char *text[3] = { "short", NULL, "long enough to need a pointer" };
  const double real[3] = { 1.5, 2.5, -0.0 };
  const int64_t whole[3] = { 1, 2, INT64_MIN };
  const uint8_t valid[3] = { 1, 0, 1 }, flag[3] = { 1, 0, 1 };
  const int32_t small[3] = { -1, 2, 3 };
  dfq_column column[] = { { "i", DFQ_I64, whole, valid }, { "f", DFQ_F64, real, NULL },
                          { "s", DFQ_STR, text, NULL }, { "b", DFQ_BOOL, flag, NULL },
                          { "n", DFQ_I32, small, NULL }, { "d", DFQ_DATE, small, NULL } };
  dfq_table *t = dfq_table_new(db, column, 6, 3);
  size_t len = 9;
  const uint8_t *mask = NULL;
  CHECK_INT(dfq_table_rows(t), 3);
  CHECK_INT(dfq_table_columns(t), 6);
  CHECK_INT(dfq_table_find(t, "s"), 2);
  CHECK_INT(dfq_table_find(t, "S"), -1);
  CHECK_INT(dfq_table_i64(t, 2, 0), INT64_MIN);
  CHECK_INT(dfq_table_i64(t, 1, 0), 0);
  CHECK(dfq_table_is_null(t, 1, 0) && !dfq_table_is_null(t, 0, 0) &&
        dfq_table_is_null(t, 1, 2));
  CHECK_F64(dfq_table_f64(t, 2, 1), -0.0);
  CHECK_F64(dfq_table_f64(t, 0, 0), 1.0);
  CHECK_F64(dfq_table_f64(t, 1, 0), (double)NAN);
  CHECK_F64(dfq_table_f64(t, 0, 2), (double)NAN);
  CHECK_STR(dfq_table_str(t, 2, 2, &len), "long enough to need a pointer");
  CHECK_INT(len, 29);
  CHECK_STR(dfq_table_str(t, 1, 2, &len), "");
  CHECK_INT(len, 0);
  CHECK_STR(dfq_table_str(t, 0, 0, &len), "");
  CHECK_INT(dfq_table_i64(t, 0, 4), -1);
  CHECK_INT(dfq_table_i64(t, 0, 5), -1);
  CHECK_INT(dfq_table_i64(t, 1, 3), 0);
  // Out of range: null, 0, NaN, "".
  for (int c = -1; c < 8; c += 8) {
    CHECK(dfq_table_is_null(t, 0, c) && dfq_table_is_null(t, 3, 0) &&
          dfq_table_is_null(t, SIZE_MAX, 0));
    CHECK_INT(dfq_table_i64(t, 0, c), 0);
    CHECK_F64(dfq_table_f64(t, 3, 1), (double)NAN);
    CHECK_STR(dfq_table_str(t, 0, c, &len), "");
    CHECK(dfq_table_data(t, c, &mask) == NULL && mask == NULL);
  }
  CHECK_INT(((const int64_t *)dfq_table_data(t, 0, &mask))[2], INT64_MIN);
  CHECK(mask && mask[0] == 1 && mask[1] == 0);
  CHECK_STR(dfq_view_text((const dfq_view *)dfq_table_data(t, 2, &mask) + 2, &len),
            "long enough to need a pointer");
  CHECK(dfq_table_data(t, 1, &mask) != NULL && mask == NULL);
  CHECK_INT(dfq_table_rows(NULL), 0);
  CHECK_INT(dfq_table_columns(NULL), 0);
  CHECK(dfq_table_schema(NULL)->count == 0 && dfq_table_is_null(NULL, 0, 0));
  CHECK_INT(dfq_table_find(NULL, "a"), -1);
  dfq_table_free(NULL);
  dfq_table_free(t);
  dfq_close(db);
}

TEST(engine_table_outlives_context) {
  dfq *db = dfq_open(NULL), *second = dfq_open(NULL);
  dfq_frame *f = engine_scan(db, "a i64, s str", "1 x; 2 a~text~of~more~than~twelve");
  dfq_table *t = dfq_collect(f), *first = dfq_first(f, 1);
  dfq_frame *kept = dfq_scan_table(second, t);
  dfq_close(db);
  CHECK_STR(engine_text(t, second), "1 x; 2 a text of more than twelve");
  CHECK_STR(engine_text(first, second), "1 x");
  CHECK_STR(dfq_table_schema(t)->field[1].name, "s");
  dfq_table_free(t);                       // the frame of the second context keeps it
  CHECK_STR(engine_all(dfq_filter(kept, "a > 1")), "2 a text of more than twelve");
  dfq_table_free(first);
  dfq_close(second);
}

TEST(engine_table_equal) {
  char why[100] = "";
  dfq *db = dfq_open(NULL);
  dfq_table *a = engine_table(db, "a f64, s str", "1 x; nan null");
  dfq_table *same = engine_table(db, "a f64, s str", "1 x; nan null");
  dfq_table *zero = engine_table(db, "a f64, s str", "1 x; nan ''");
  dfq_table *shorter = engine_table(db, "a f64, s str", "1 x");
  dfq_table *name = engine_table(db, "a f64, t str", "1 x; nan null");
  dfq_table *type = engine_table(db, "a i64, s str", "1 x; 2 null");
  dfq_table *narrow = engine_table(db, "a f64", "1; nan");
  CHECK(dfq_table_equal(a, same, why, sizeof why) && dfq_table_equal(a, a, NULL, 0));
  CHECK(!dfq_table_equal(a, zero, why, sizeof why));
  CHECK_STR(why, "row 1, s: null and ''");
  CHECK(!dfq_table_equal(a, shorter, why, sizeof why));
  CHECK_STR(why, "2 rows and 1");
  CHECK(!dfq_table_equal(a, name, why, sizeof why));
  CHECK_STR(why, "column 1: s (str) and t (str)");
  CHECK(!dfq_table_equal(a, type, why, sizeof why));
  CHECK_STR(why, "column 0: a (f64) and a (i64)");
  CHECK(!dfq_table_equal(a, narrow, why, sizeof why));
  CHECK_STR(why, "2 columns and 1");
  dfq_table *all[] = { a, same, zero, shorter, name, type, narrow };
  for (int i = 0; i < 7; i++) dfq_table_free(all[i]);
  dfq_table *plus = engine_table(db, "a f64", "0.0"),
            *minus = engine_table(db, "a f64", "-0.0");
  CHECK(!dfq_table_equal(plus, minus, NULL, 0));      // bit by bit
  dfq_table_free(plus);
  dfq_table_free(minus);
  dfq_close(db);
}

// ---- sources -------------------------------------------------------------------------------

// Numbers from 0, and what was done to the source.
typedef struct engine_source {
  int64_t rows, fail_at, wrong_at;   // -1: never
  int opens, closes, nexts;
  bool refuses;
} engine_source;

typedef struct engine_cursor {
  engine_source *source;
  int64_t at;
  char text[40];
} engine_cursor;

static void *engine_open(void *user) {
  engine_source *s = (engine_source *)user;
  s->opens++;
  if (s->refuses) return NULL;
  engine_cursor *c = (engine_cursor *)test_alloc(sizeof *c);
  memset(c, 0, sizeof *c);
  c->source = s;
  return c;
}

static int engine_next(void *cursor, dfq_value *row) {
  engine_cursor *c = (engine_cursor *)cursor;
  c->source->nexts++;
  if (c->at == c->source->rows) return 0;
  if (c->at == c->source->fail_at) return -1;
  row[0] = dfq__value_int(DFQ_I64, c->at);
  if (c->at == c->source->wrong_at) row[0] = dfq__value_f64(1);
  snprintf(c->text, sizeof c->text, "text number %d", (int)c->at++);   // changes with every row
  row[1] = dfq__value_str(c->text, strlen(c->text));
  return 1;
}

static void engine_close(void *cursor) {
  ((engine_cursor *)cursor)->source->closes++;
  free(cursor);
}

static engine_source engine_counted(int64_t rows) {
  engine_source s = { rows, -1, -1, 0, 0, 0, false };
  return s;
}

static dfq_frame *engine_source_scan(dfq *db, engine_source *s, bool one_shot) {
  static const dfq_field field[] = { { "i", DFQ_I64, NULL }, { "s", DFQ_STR, NULL } };
  dfq_row_source source;
  memset(&source, 0, sizeof source);
  source.name = "numbers";
  source.fields = field;
  source.count = 2;
  source.user = s;
  source.open = engine_open;
  source.next = engine_next;
  source.close = engine_close;
  source.one_shot = one_shot;
  return dfq_scan_rows(db, &source);
}

TEST(engine_source_replays) {
  dfq *db = dfq_open(NULL);
  engine_source s = engine_counted(3);
  dfq_frame *f = engine_source_scan(db, &s, false);
  CHECK_INT(s.opens, 0);
  CHECK_STR(engine_all(f), "0 text number 0; 1 text number 1; 2 text number 2");
  CHECK_STR(engine_all(dfq_union(f, dfq_drop(dfq_with_columns(f, "1 as x"), "x"))),
            "0 text number 0; 1 text number 1; 2 text number 2; "
            "0 text number 0; 1 text number 1; 2 text number 2");
  CHECK(s.opens > 3);
  CHECK_INT(s.closes, s.opens);
  dfq_close(db);
}

TEST(engine_source_once) {
  dfq *db = dfq_open(NULL);
  for (int engine = 0; engine < 2; engine++) {
    engine_source s = engine_counted(3);
    dfq_run_options run;
    (void)engine_way(engine, &run);
    dfq_frame *f = dfq_configure(engine_source_scan(db, &s, true), &run);
    CHECK_INT(dfq_count(f), 3);
    CHECK_INT(dfq_count(f), -1);
    CHECK_HAS(dfq_error(db), "numbers can be read once only (one_shot), and it was");
    CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
    CHECK_INT(s.closes, 1);
  }
  dfq_close(db);
}

TEST(engine_source_failures) {
  dfq *db = dfq_open(NULL);
  const char *why;
  engine_source s = engine_counted(5);
  dfq_frame *f = dfq_select(engine_source_scan(db, &s, false), "i");
  s.fail_at = 2;
  CHECK_STR(engine_pull_all(f, &why), "0; 1");
  CHECK_HAS(why, "cannot read or write, ");
  CHECK_HAS(why, "the next function of numbers failed after row 2");
  CHECK_STR(engine_all(dfq_limit(f, 2)), "0; 1");
  s.fail_at = -1;
  s.wrong_at = 3;
  CHECK_STR(engine_pull_all(f, &why), "0; 1; 2");
  CHECK_HAS(why, "row 4 of numbers: column i holds f64, it was declared i64");
  s.refuses = true;
  CHECK_STR(engine_pull_all(f, &why), "");
  CHECK_HAS(why, "the open function of numbers returned NULL");
  CHECK_INT(dfq_count(f), -1);
  dfq_close(db);
}

TEST(engine_stops_early) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  for (int i = 0; engine_way(i, &run); i++) {
    engine_source s = engine_counted(100000);
    dfq_frame *f = dfq_configure(engine_source_scan(db, &s, false), &run);
    dfq_table *t = dfq_collect(dfq_limit(dfq_filter(f, "i % 2 = 1"), 5));
    CHECK_INT(dfq_table_rows(t), 5);
    dfq_table_free(t);
    int batch = run.batch_rows ? (int)run.batch_rows : 2048;
    CHECK(s.nexts <= (run.engine == DFQ_ROW_ENGINE ? 10 : batch < 10 ? 10 + batch : batch));
    CHECK_INT(s.opens, 1);
    CHECK_INT(s.closes, 1);
    // Rows one by one: no more is read than was asked for, but for a batch.
    s = engine_counted(100000);
    const dfq_value *row = NULL;
    dfq_rows *r = dfq_rows_open(f);
    CHECK_INT(s.opens, 0);
    CHECK(dfq_rows_next(r, &row) && dfq_rows_next(r, &row) && row[0].as.i == 1);
    CHECK_INT(dfq_rows_pulled(r), 2);
    CHECK(s.nexts <= (run.engine == DFQ_ROW_ENGINE ? 2 : batch < 2 ? 2 : batch));
    dfq_rows_close(r);
    CHECK_INT(s.closes, 1);
    CHECK_INT(dfq_rows_columns(dfq_rows_take(NULL, 1)), 0);
  }
  dfq_rows *never = dfq_rows_open(engine_scan(db, "a i64", "1"));
  CHECK_INT(dfq_rows_columns(never), 1);
  dfq_rows_close(never);
  dfq_close(db);
}

// An input that is never asked for is closed all the same.
TEST(engine_unopened_inputs) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  for (int i = 0; engine_way(i, &run); i++) {
    engine_source s = engine_counted(10);
    dfq_frame *f = engine_source_scan(db, &s, false);
    f = dfq_configure(dfq_limit(dfq_union(f, f), 0), &run);
    CHECK_INT(dfq_count(f), 0);
    CHECK_INT(s.opens, 0);
    f = dfq_configure(dfq_limit(dfq_union(engine_source_scan(db, &s, false),
                                          engine_source_scan(db, &s, false)), 3), &run);
    CHECK_INT(dfq_count(f), 3);
    CHECK_INT(s.opens, 1);
    CHECK_INT(s.closes, 1);
  }
  dfq_close(db);
}

typedef struct engine_seen {
  size_t rows, batches, stop_after;
  int64_t sum;
} engine_seen;

static bool engine_see(void *user, const dfq_batch *batch) {
  engine_seen *s = (engine_seen *)user;
  dfq_value v;
  const uint8_t *valid = NULL;
  s->batches++;
  s->rows += dfq_batch_rows(batch);
  for (size_t r = 0; r < dfq_batch_rows(batch); r++) {
    dfq_batch_get(batch, r, 0, &v);
    s->sum += v.as.i;
  }
  dfq_batch_get(batch, dfq_batch_rows(batch), 0, &v);
  CHECK(v.type == DFQ_NULL);
  dfq_batch_get(batch, 0, 2, &v);
  CHECK(v.type == DFQ_NULL);
  CHECK_INT(dfq_batch_columns(batch), 2);
  CHECK(dfq_batch_data(batch, 0, &valid) != NULL);
  CHECK(dfq_batch_data(batch, 2, &valid) == NULL && dfq_batch_data(batch, -1, &valid) == NULL);
  return s->batches < s->stop_after;
}

TEST(engine_each_batch) {
  dfq *db = dfq_open(NULL);
  for (int engine = 0; engine < 2; engine++) {
    engine_source s = engine_counted(1000);
    engine_seen seen = { 0, 0, 1000, 0 };
    dfq_run_options run;
    (void)engine_way(engine, &run);
    run.batch_rows = 64;
    dfq_frame *f = dfq_configure(engine_source_scan(db, &s, false), &run);
    CHECK(dfq_each_batch(f, engine_see, &seen));
    CHECK_INT(seen.rows, 1000);
    CHECK_INT(seen.batches, 16);
    CHECK_INT(seen.sum, 499500);
    engine_seen part = { 0, 0, 2, 0 };
    s = engine_counted(1000);
    s.fail_at = 130;                          // behind what is looked at
    CHECK(dfq_each_batch(f, engine_see, &part));
    CHECK_INT(part.rows, 128);
    CHECK_INT(s.closes, 1);
    CHECK(s.nexts <= 129);
    engine_seen all = { 0, 0, 1000, 0 };
    CHECK(!dfq_each_batch(f, engine_see, &all));
    CHECK_INT(all.rows, 130);
  }
  dfq_close(db);
}

// ---- actions -------------------------------------------------------------------------------

static const char *engine_shown(dfq_frame *f) {
  FILE *out = tmpfile();
  char *to = engine_room();
  if (!dfq_show(f, out)) { fclose(out); return dfq_error(f->db); }
  char *text = test_text(out);
  snprintf(to, 8000, "%s", text);
  free(text);
  dfq_table *t = dfq_collect(f);
  out = tmpfile();
  CHECK(dfq_show_table(f->db, t, out));
  text = test_text(out);
  CHECK_STR(text, to);
  free(text);
  dfq_table_free(t);
  return to;
}

TEST(engine_show_small) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = engine_scan(
      db, "name str, amount f64, n i64, day date, ok bool",
      "EU 12.5 1 2024-01-31 true; '' null -20 null false; US 1e300 3 1999-12-31 null");
  CHECK_STR(engine_shown(f),
            "name  amount    n  day         ok\n"
            "str      f64  i64  date        bool\n"
            "----  ------  ---  ----------  -----\n"
            "EU      12.5    1  2024-01-31  true\n"
            "        null  -20  null        false\n"
            "US    1e+300    3  1999-12-31  null\n"
            "3 rows\n");
  CHECK_STR(engine_shown(dfq_limit(f, 0)), "name  amount    n  day   ok\n"
                                           "str      f64  i64  date  bool\n"
                                           "----  ------  ---  ----  ----\n0 rows\n");
  CHECK_HAS(engine_shown(dfq_limit(f, 1)), "\n1 row\n");
  CHECK_HAS(engine_shown(dfq_drop(f, "name, amount, n, day, ok")), "3 rows\n");
  dfq_close(db);
}

TEST(engine_show_text) {
  dfq *db = dfq_open(NULL);
  dfq_field field[1] = { { "t", DFQ_STR, NULL } };
  const char *text[] = { "gr\xc3\xbc\xc3\x9f", "line\nbreak\ttab", "bell\x07",
                         "a text that is much wider than thirty-two characters" };
  dfq_value cell[4];
  for (int i = 0; i < 4; i++) cell[i] = dfq__value_str(text[i], strlen(text[i]));
  dfq_table *t = dfq_table_from_rows(db, field, 1, cell, 4);
  CHECK_STR(engine_shown(dfq_scan_table(db, t)),
            "t\nstr\n-----------------------------------\n"
            "gr\xc3\xbc\xc3\x9f\nline\\nbreak\\ttab\nbell?\n"
            "a text that is much wider than t...\n4 rows\n");
  dfq_table_free(t);
  CHECK(!dfq_show_table(db, NULL, stdout));
  dfq_close(db);
}

// Of a long result the first and the last twenty rows.
TEST(engine_show_elides_rows) {
  static const size_t batches[] = { 0, 1, 7, 20, 64 };
  static const int sizes[] = { 39, 40, 41, 59, 60, 61, 200, 5000 };
  dfq *db = dfq_open(NULL);
  for (int k = 0; k < 8; k++)
    for (int b = 0; b < 10; b++) {
      engine_source s = engine_counted(sizes[k]);
      dfq_run_options run;
      char want[3000], count[40];
      (void)engine_way(b % 2, &run);
      run.batch_rows = batches[b / 2];
      dfq_frame *f = dfq_configure(dfq_select(engine_source_scan(db, &s, false), "i"), &run);
      int width = sizes[k] > 1000 ? 4 : 3;
      snprintf(want, sizeof want, "%*s\n%*s\n%.*s\n", width, "i", width, "i64", width, "----");
      for (int i = 0; i < sizes[k]; i++) {
        bool cut = sizes[k] > 40;
        if (cut && i == 20) snprintf(want + strlen(want), sizeof want - strlen(want), "...\n");
        if (cut && i >= 20 && i < sizes[k] - 20) continue;
        snprintf(want + strlen(want), sizeof want - strlen(want), "%*d\n", width, i);
      }
      snprintf(count, sizeof count, sizes[k] > 1000 ? "5,000 rows\n" : "%d rows\n", sizes[k]);
      snprintf(want + strlen(want), sizeof want - strlen(want), "%s", count);
      CHECK_STR(engine_shown(f), want);
      if (test_now.broken) return;
    }
  dfq_close(db);
}

TEST(engine_show_elides_columns) {
  dfq *db = dfq_open(NULL);
  char items[3000] = "";
  dfq_frame *f = engine_scan(db, "a i64", "1");
  for (int i = 0; i < 60; i++)
    snprintf(items + strlen(items), sizeof items - strlen(items), "%sa as column_number_%d",
             i ? ", " : "", i);
  const char *text = engine_shown(dfq_select(f, items));
  CHECK_HAS(text, "column_number_0");
  CHECK_HAS(text, "column_number_59");
  CHECK(strstr(text, "column_number_30") == NULL);
  CHECK_HAS(text, "...");
  for (const char *line = text; *line; line = strchr(line, '\n') + 1)
    CHECK(strchr(line, '\n') - line <= 160);
  dfq_close(db);
}

TEST(engine_count_and_first) {
  dfq *db = dfq_open(NULL);
  engine_source s = engine_counted(5000);
  dfq_frame *f = engine_source_scan(db, &s, false);
  CHECK_INT(dfq_count(f), 5000);
  CHECK_INT(dfq_count(dfq_filter(f, "i % 10 = 0")), 500);
  CHECK_INT(dfq_count(dfq_filter(f, "i < 0")), 0);
  dfq_table *t = dfq_first(f, 2);
  CHECK_STR(engine_text(t, db), "0 text number 0; 1 text number 1");
  dfq_table_free(t);
  t = dfq_first(f, 0);
  CHECK_INT(dfq_table_rows(t), 0);
  CHECK_INT(dfq_table_columns(t), 2);
  dfq_table_free(t);
  t = dfq_first(f, SIZE_MAX);
  CHECK_INT(dfq_table_rows(t), 5000);
  dfq_table_free(t);
  CHECK(dfq_first(dfq_filter(f, "zz"), 2) == NULL);
  CHECK_INT(s.opens, s.closes);
  size_t used = dfq_bytes_used(db);
  for (int i = 0; i < 50; i++) CHECK_INT(dfq_count(f), 5000);
  CHECK_INT(dfq_bytes_used(db), used);         // an action leaves nothing behind
  dfq_close(db);
}

static bool engine_cancel(void *user) { return --*(int *)user < 0; }

TEST(engine_cancels) {
  dfq *db = dfq_open(NULL);
  engine_source s = engine_counted(100000);
  int left = 5;
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.batch_rows = 10;
  run.threads = 1;
  run.cancel = engine_cancel;
  run.cancel_user = &left;
  dfq_frame *f = dfq_configure(dfq_filter(engine_source_scan(db, &s, false), "i > 5"), &run);
  CHECK(dfq_collect(f) == NULL);
  CHECK_INT(dfq_error_status(db), DFQ_CANCELLED);
  CHECK_HAS(dfq_error(db), "cancelled");
  CHECK(s.nexts < 1000);
  CHECK_INT(s.opens, s.closes);
  left = INT32_MAX;
  CHECK_INT(dfq_count(f), 99994);
  dfq_close(db);
}

// ---- threads, budgets ----------------------------------------------------------------------

typedef struct engine_crowd {
  dfq_frame *shared;         // one frame for all; NULL: each makes its own context
  const char *want;
  bool ok[8];
} engine_crowd;

static void engine_work(void *arg, int worker) {
  engine_crowd *c = (engine_crowd *)arg;
  bool ok = true;
  for (int i = 0; i < 20 && ok; i++) {
    dfq *db = c->shared ? NULL : dfq_open(NULL);
    dfq_frame *f = c->shared;
    if (db) {
      int64_t values[3] = { 1, 2, 3 };
      dfq_column column = { "a", DFQ_I64, values, NULL };
      dfq_table *t = dfq_table_new(db, &column, 1, 3);
      f = dfq_select(dfq_scan_table(db, t), "a * 2 as b");
      dfq_table_free(t);
    }
    dfq_table *got = dfq_collect(f);
    ok = got && dfq_table_rows(got) == 3 && dfq_table_i64(got, 2, 0) == 6;
    dfq_table_free(got);
    dfq_close(db);
  }
  c->ok[worker] = ok;
}

TEST(engine_contexts_in_threads) {
  engine_crowd c = { NULL, NULL, { false } };
  dfq__parallel(8, engine_work, &c);
  for (int i = 0; i < 8; i++) CHECK(c.ok[i]);
}

TEST(engine_one_frame_in_threads) {
  dfq *db = dfq_open(NULL);
  engine_crowd c = { NULL, NULL, { false } };
  c.shared = dfq_select(dfq_filter(engine_scan(db, "a i64", "1; 2; 0; 3"), "a > 0"),
                        "a * 2 as b");
  dfq__parallel(8, engine_work, &c);
  for (int i = 0; i < 8; i++) CHECK(c.ok[i]);
  dfq_close(db);
}

TEST(engine_budget) {
  ch0_hook h = ch0_hook_new(0, false);
  dfq *db = ch0_open(&h, 400000);
  engine_source s = engine_counted(200000);
  dfq_frame *f = engine_source_scan(db, &s, false);
  CHECK(dfq_collect(f) == NULL);
  CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
  CHECK(dfq_bytes_peak(db) <= 400000);
  dfq_clear_error(db);
  CHECK_INT(dfq_count(dfq_filter(f, "i % 2 = 0")), 100000);     // it streams
  CHECK_INT(s.opens, s.closes);
  ch0_close(db, &h);
}

// ---- no memory, at every allocation --------------------------------------------------------

// A pipeline of all verbs of this chapter. True when the result is right; a failure must be
// nothing but a shortage, and the context must work afterwards.
static dfq_frame *engine_pipeline(dfq *db, engine_source *s) {
  dfq_frame *f = engine_source_scan(db, s, false);
  dfq_frame *g = engine_scan(db, "i i64, s str",
                             "100 a~text~of~more~than~twelve; 101 x; null null");
  f = dfq_filter(dfq_union(f, g), "i is null or i >= 0 and cast(s like '%' as i64) + i > 0");
  f = dfq_with_columns(
      f,
      "case when i % 2 = 0 then s else 'odd' end as t, 1 as one, "
      "try_cast(s as i64) as n, try_cast(i as str) as u, i in (1, 2, null) as m, "
      "i / 2.0 + 1 as h, i // 2 as q");
  f = dfq_row_index(dfq_rename(dfq_drop(f, "n"), "one as eins"), "k");
  return dfq_slice(dfq_select(f, "*, k + eins as z"), 1, 7);
}

static bool engine_oom(dfq *db, dfq_engine engine) {
  engine_source s = engine_counted(5);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.batch_rows = 2;
  run.threads = 1;
  dfq_table *t = dfq_collect(dfq_configure(engine_pipeline(db, &s), &run));
  const char *want =
    "1 1 text number 1 odd 1 1 true 1.5 0 2; 2 2 text number 2 text number 2 1 2 true 2.0 1 3; "
    "3 3 text number 3 odd 1 3 null 2.5 1 4; 4 4 text number 4 text number 4 1 4 null 3.0 2 5; "
    "5 100 a text of more than twelve a text of more than twelve 1 100 null 51.0 50 6; "
    "6 101 x odd 1 101 null 51.5 50 7; 7 null null odd 1 null null null null 8";
  bool ok = t != NULL;
  if (t) CHECK_STR(engine_text(t, db), want);     // a shortage never makes a wrong result
  dfq_table_free(t);
  CHECK_INT(s.opens, s.closes);
  return ok;
}

static bool engine_oom_rows(dfq *db) { return engine_oom(db, DFQ_ROW_ENGINE); }
static bool engine_oom_batches(dfq *db) { return engine_oom(db, DFQ_BATCH_ENGINE); }

TEST(engine_memory_runs_out) {
  ch0_fail_each(engine_oom_rows);
  ch0_fail_each(engine_oom_batches);
}

// A text that finds no room is an error, and not the null of a try_cast.
static bool engine_oom_texts(dfq *db) {
  engine_source s = engine_counted(2000);
  dfq_frame *f = dfq_select(engine_source_scan(db, &s, false),
                            "try_cast(i + 100000 as str) as t");
  f = dfq_select(f, "case when t is null then 'lost' end as u, 1 as x");
  return dfq_count(dfq_filter(f, "u is null or x < 0")) == 2000;
}

TEST(engine_memory_runs_out_for_texts) { ch0_fail_each(engine_oom_texts); }

static bool engine_oom_actions(dfq *db) {
  engine_source s = engine_counted(100);
  engine_seen seen = { 0, 0, 3, 0 };
  dfq_frame *f = engine_source_scan(db, &s, false);
  const dfq_value *row = NULL;
  FILE *out = tmpfile();
  bool ok = dfq_show(f, out);
  fclose(out);
  ok = dfq_count(f) == 100 && ok;
  ok = dfq_each_batch(f, engine_see, &seen) && ok;
  dfq_rows *r = dfq_rows_open(f);
  ok = r && dfq_rows_next(r, &row) && ok;
  dfq_rows_close(r);
  dfq_table *t = dfq_first(f, 3);
  ok = t && ok;
  dfq_table_free(t);
  CHECK_INT(s.opens, s.closes);
  return ok;
}

TEST(engine_memory_runs_out_in_actions) { ch0_fail_each(engine_oom_actions); }

// After a shortage, the same context works.
TEST(engine_works_after_shortage) {
  for (size_t n = 20; n < 140; n += 7) {
    ch0_hook h = ch0_hook_new(0, false);
    dfq *db = ch0_open(&h, 0);
    h.fail_at = h.calls + n;
    (void)engine_oom_batches(db);
    h.fail_at = 0;
    dfq_clear_error(db);
    CHECK(engine_oom_batches(db));
    CHECK_STR(dfq_error(db), "");
    ch0_close(db, &h);
  }
}

// What observers are told adds up, in both engines and with threads. Counts by kind; several
// threads add to them.
typedef struct engine_steps {
  size_t kind[DFQ_TRACE_CLOSE + 1], workers, last_rows;
  int last;                 // the number of the operator on top
} engine_steps;

static void engine_step(void *user, const dfq_trace *trace) {
  engine_steps *s = (engine_steps *)user;
  dfq__add_fetch(&s->kind[trace->kind], 1);
  if (trace->worker > 0) dfq__add_fetch(&s->workers, 1);
  if (trace->kind == DFQ_TRACE_GIVE && trace->number == s->last) s->last_rows += trace->rows;
}

static void engine_observe(dfq *db, const char *filter, dfq_engine engine, int threads,
                           bool fails) {
  engine_steps seen;
  dfq_run_options run;
  memset(&seen, 0, sizeof seen);
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.threads = threads;
  run.batch_rows = 2;
  run.observe = engine_step;
  run.observe_user = &seen;
  dfq_frame *f = engine_scan(db, "a i64", "1; 2; 3; 4; 5; 6; 7; 8; 9; 10");
#if DFQ_CHAPTER >= 4
  if (threads > 1) f = dfq_group_by(f, "a % 2 as odd", "sum(a) as a");
#endif
  f = dfq_configure(dfq_filter(f, filter), &run);
  seen.last = f->node->size;
  dfq_table *t = dfq_collect(f);
  CHECK((t == NULL) == fails);
  CHECK_INT(seen.kind[DFQ_TRACE_OPEN], seen.kind[DFQ_TRACE_CLOSE]);
  CHECK_INT(seen.kind[DFQ_TRACE_ASK], seen.kind[DFQ_TRACE_GIVE] + seen.kind[DFQ_TRACE_END] +
                                          seen.kind[DFQ_TRACE_ERROR]);
  CHECK(seen.kind[DFQ_TRACE_ASK] > 0);
  CHECK((seen.kind[DFQ_TRACE_ERROR] > 0) == fails);
  if (t && threads == 1) CHECK_INT(seen.last_rows, dfq_table_rows(t));
  dfq_table_free(t);
}

TEST(engine_observed) {
  dfq *db = dfq_open(NULL);
  for (int e = 0; e < 2; e++) {
    engine_observe(db, "a > 3", (dfq_engine)e, 1, false);
    engine_observe(db, "10 / (a - 8) > 0", (dfq_engine)e, 1, false);
    engine_observe(db, "a + 9223372036854775800 > 0", (dfq_engine)e, 1, true);
  }
#if DFQ_CHAPTER >= 4
  engine_observe(db, "a > 3", DFQ_BATCH_ENGINE, 2, false);
#endif
  dfq_close(db);
}

static void run_ch3_engine(void) {
  RUN(engine_observed);
  RUN(engine_schema_without_data);
  RUN(engine_with_sees_old_columns);
  RUN(engine_kernels_match_scalars);
  RUN(engine_casts_match_scalars);
  RUN(engine_no_false_alarm_under_nulls);
  RUN(engine_constants);
  RUN(engine_lazy_operands);
  RUN(engine_rows_before_error);
  RUN(engine_late_errors);
  RUN(engine_error_behind_a_limit);
  RUN(engine_limits_and_slices);
  RUN(engine_batch_sizes);
  RUN(engine_zero_rows_and_columns);
  RUN(engine_frames_are_shared);
  RUN(engine_doubled_plans_end);
  RUN(engine_unknown_columns);
  RUN(engine_names_stand_once);
  RUN(engine_wrong_types_and_numbers);
  RUN(engine_table_accessors);
  RUN(engine_table_outlives_context);
  RUN(engine_table_equal);
  RUN(engine_source_replays);
  RUN(engine_source_once);
  RUN(engine_source_failures);
  RUN(engine_stops_early);
  RUN(engine_unopened_inputs);
  RUN(engine_each_batch);
  RUN(engine_show_small);
  RUN(engine_show_text);
  RUN(engine_show_elides_rows);
  RUN(engine_show_elides_columns);
  RUN(engine_count_and_first);
  RUN(engine_cancels);
  RUN(engine_contexts_in_threads);
  RUN(engine_one_frame_in_threads);
  RUN(engine_budget);
  RUN(engine_memory_runs_out);
  RUN(engine_memory_runs_out_for_texts);
  RUN(engine_memory_runs_out_in_actions);
  RUN(engine_works_after_shortage);
}
