// ch4_reshape.c - verbs that change the shape of a table, and those made of other verbs: each
// by hand on a few rows with nulls, on an empty table, in every engine, and its errors.

// ---- tables by hand -------------------------------------------------------------------------

// id i64, name str, x i64, y f64, q1 i64, q2 i64, with nulls; rows as texts, "." is null.
static const dfq_field reshape_fields[] = {
  { "id", DFQ_I64, NULL }, { "name", DFQ_STR, NULL }, { "x", DFQ_I64, NULL },
  { "y", DFQ_F64, NULL },  { "q1", DFQ_I64, NULL },   { "q2", DFQ_I64, NULL },
};
enum { RESHAPE_COLUMNS = 6, RESHAPE_ROWS = 6 };
static const char *const reshape_cells[RESHAPE_ROWS][RESHAPE_COLUMNS] = {
  { "1", "a", "5", "0.5", "10", "11" }, { "2", "b", ".", "nan", "20", "." },
  { "3", "a", "5", ".", ".", "31" },    { "4", ".", "7", "2.5", "40", "41" },
  { "5", "b", "1", "nan", "50", "51" }, { "6", "a", ".", "-1.0", "60", "61" },
};

// A value of its type from text, "." for null.
static dfq_value reshape_value(dfq_type type, const char *text) {
  dfq_value v = dfq__value_null();
  if (strcmp(text, ".") != 0 && !dfq__read_value(type, text, strlen(text), &v))
    test_fail("  %s is no %s\n", text, dfq_type_name(type));
  return v;
}

// The first rows of the table above.
static dfq_frame *reshape_some(dfq *db, size_t rows) {
  dfq_value cell[RESHAPE_ROWS * RESHAPE_COLUMNS];
  memset(cell, 0, sizeof cell);
  for (size_t i = 0; i < rows * RESHAPE_COLUMNS; i++) {
    size_t r = i / RESHAPE_COLUMNS, c = i % RESHAPE_COLUMNS;
    cell[i] = reshape_value(reshape_fields[c].type, reshape_cells[r][c]);
  }
  dfq_table *t = dfq_table_from_rows(db, reshape_fields, RESHAPE_COLUMNS, cell, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

static dfq_frame *reshape_all(dfq *db) { return reshape_some(db, RESHAPE_ROWS); }

// [1, 2], with sep in front. Returns how many bytes.
static size_t reshape_put_list(char *to, size_t size, const char *sep, const dfq_value *list) {
  dfq__heap *heap = dfq__heap_open(NULL);
  dfq__text t = dfq__text_in(heap);
  dfq__put_list_text(&t, list);
  int n = snprintf(to, size, "%s%s", sep, t.failed ? "?" : t.data);
  dfq__text_free(&t);
  dfq__heap_drop(heap);
  return (size_t)n;
}

// A result as "id x; 1 5; 2 .", or its error.
static const char *reshape_text(dfq_frame *f) {
  static char to[4000];
  size_t at = 0;
  dfq_table *t = dfq_collect(f);
  (void)snprintf(to, sizeof to, "%s", t ? "" : dfq_error(f->db));
  int columns = dfq_table_columns(t);
  for (int c = 0; c < columns; c++)
    at += (size_t)snprintf(to + at, sizeof to - at, "%s%s", c ? " " : "",
                           dfq_table_schema(t)->field[c].name);
  for (size_t r = 0; r < dfq_table_rows(t); r++)
    for (int c = 0; c < columns; c++) {
      char text[DFQ__NUMBER_TEXT];
      dfq_value v;
      dfq_table_get(t, r, c, &v);
      const char *sep = c ? " " : "; ";
      if (dfq__kind(v.type) == DFQ_LIST)
        at += reshape_put_list(to + at, sizeof to - at, sep, &v);
      else if (v.type == DFQ_STR)
        at += (size_t)snprintf(to + at, sizeof to - at, "%s%.*s", sep, (int)v.len, v.as.s);
      else
        at += (size_t)snprintf(to + at, sizeof to - at, "%s%s", sep,
                               v.type == DFQ_NULL ? "." : (dfq__write_value(text, &v), text));
    }
  dfq_table_free(t);
#if DFQ_CHAPTER >= 5
  if (t && !dfq_check_equivalent(f, NULL))
    (void)snprintf(to, sizeof to, "%s", dfq_error(f->db));
#endif
  return to;
}

typedef dfq_frame *(*reshape_verb)(dfq_frame *in, const char *text, const char *at);
typedef struct reshape_case {
  reshape_verb verb;
  const char *text, *columns, *want; // of columns only; NULL: all
} reshape_case;

// Runs each verb over the table and compares; the columns that come out are as wanted.
static void reshape_check(const reshape_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    dfq *db = dfq_open(NULL);
    const reshape_case *c = &cases[i];
    dfq_frame *f = reshape_all(db);
    if (c->columns) f = dfq_select(f, c->columns);
    f = c->verb(f, c->text, "here");
    if (!CHECK_STR(reshape_text(f), c->want)) test_fail("    %s\n", c->text);
    CHECK(!dfq_frame_error(c->verb(reshape_some(db, 0), c->text, NULL)) || c->columns);
    dfq_close(db);
  }
}
#define RESHAPE_CHECK(cases) reshape_check(cases, sizeof(cases) / sizeof *(cases))

// Each verb fails when it is built, with these words in the message.
static void reshape_refuse(const reshape_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *f = cases[i].verb(reshape_all(db), cases[i].text, "here");
    const char *error = dfq_frame_error(f);
    if (!CHECK_HAS(error ? error : "(no error)", cases[i].want))
      test_fail("    %s\n", cases[i].text);
    CHECK(cases[i].verb(f, cases[i].text, NULL) == f); // handed on as it is
    CHECK(cases[i].verb(NULL, cases[i].text, NULL) == NULL);
    dfq_close(db);
  }
}
#define RESHAPE_REFUSE(cases) reshape_refuse(cases, sizeof(cases) / sizeof *(cases))

// ---- unpivot --------------------------------------------------------------------------------

static const reshape_case reshape_unpivots[] = {
  { dfq_unpivot_at, "q1, q2", "id, q1, q2",
    "id variable value; 1 q1 10; 1 q2 11; 2 q1 20; 2 q2 .; 3 q1 .; 3 q2 31; 4 q1 40; 4 q2 41; "
    "5 q1 50; 5 q2 51; 6 q1 60; 6 q2 61" },
  { dfq_unpivot_at, "q1 keep name, id names to quarter values to amount,", "id, name, q1",
    "name id quarter amount; a 1 q1 10; b 2 q1 20; a 3 q1 .; . 4 q1 40; b 5 q1 50; a 6 q1 60" },
  { dfq_unpivot_at, "keep id", "id, x, y",
    "id variable value; 1 x 5.0; 1 y 0.5; 2 x .; 2 y nan; 3 x 5.0; 3 y .; 4 x 7.0; 4 y 2.5; "
    "5 x 1.0; 5 y nan; 6 x .; 6 y -1.0" },
  { dfq_unpivot_at, "q2, q1 keep none values to \"v w\"", "id, q1, q2",
    "variable v w; q2 11; q1 10; q2 .; q1 20; q2 31; q1 .; q2 41; q1 40; q2 51; q1 50; q2 61; "
    "q1 60" },
  { dfq_unpivot_at, "(q1, x) as \"first half\", (q2, id) values to q, other", "id, x, q1, q2",
    "variable q other; first half 10 5; q2_id 11 1; first half 20 .; q2_id . 2; first half . "
    "5; "
    "q2_id 31 3; first half 40 7; q2_id 41 4; first half 50 1; q2_id 51 5; first half 60 .; "
    "q2_id 61 6" },
  { dfq_unpivot_at, "", "q1", "variable value; q1 10; q1 20; q1 .; q1 40; q1 50; q1 60" },
};

static const reshape_case reshape_bad_unpivots[] = {
  { dfq_unpivot_at, "q3, q1", NULL, "did you mean q" },
  { dfq_unpivot_at, "q1 keep idd", NULL, "no column idd" },
  { dfq_unpivot_at, "q1, name", NULL, "cast one of them" },
  { dfq_unpivot_at, "q1 keep q1", NULL, "kept and unpivoted" },
  { dfq_unpivot_at, "q1 names to id", NULL, "two columns are called id" },
  { dfq_unpivot_at, "q1 names to v values to v", NULL, "two columns are called v" },
  { dfq_unpivot_at, "(q1, x), q2 values to a, b", NULL, "1 columns here, 2 before" },
  { dfq_unpivot_at, "(q1, x), (q2, id)", NULL, "2 values a row need 2 names" },
  { dfq_unpivot_at, "(q1, q1), (y, x) values to a, b", NULL, "as another type" },
  { dfq_unpivot_at, "q1 names quarter", NULL, "expected to" },
  { dfq_unpivot_at, "q1 and q2", NULL, "and" },
};

TEST(reshape_unpivot) {
  RESHAPE_CHECK(reshape_unpivots);
  RESHAPE_REFUSE(reshape_bad_unpivots);
}

// What every column has in common with no column: nothing to make rows of.
TEST(reshape_unpivot_nothing) {
  dfq *db = dfq_open(NULL);
  CHECK_HAS(dfq_frame_error(dfq_unpivot(dfq_select(reshape_all(db), "id"), "keep id")),
            "columns to unpivot");
  dfq_close(db);
}

#if DFQ_CHAPTER >= 5
// The journal's line about a conjunct, "" where there is none.
static const char *reshape_journal(dfq_frame *f, const char *what, bool applied) {
  static char line[300];
  int count = 0;
  const dfq_step *s = dfq_journal(f, &count);
  line[0] = 0;
  for (int i = 0; i < count; i++)
    if (strcmp(s[i].what, what) == 0 && s[i].applied == applied)
      (void)snprintf(line, sizeof line, "%s %s: %s", s[i].rule, s[i].where, s[i].why);
  return line;
}

TEST(reshape_unpivot_rules) {
  dfq *db = dfq_open(NULL);
  dfq_frame *long_one = dfq_unpivot(reshape_all(db), "q1, q2 keep id, name");
  dfq_frame *f = dfq_filter(long_one, "id > 2 and value > 30 and variable = 'q1'");
  CHECK_HAS(reshape_journal(f, "id > 2", true), "columns that repeat only");
  CHECK_HAS(reshape_journal(f, "value > 30", false),
            "value differs among the rows made of one row");
  CHECK_HAS(reshape_journal(f, "variable = 'q1'", false), "variable differs among");
  CHECK_STR(reshape_text(f), "id name variable value; 4 . q1 40; 5 b q1 50; 6 a q1 60");
  f = dfq_filter(long_one, "10 // id > 1"); // may fail, and drops no row here
  CHECK_HAS(reshape_journal(f, "10 // id > 1", true), "columns that repeat only");
  f = dfq_select(long_one, "value");
  CHECK_HAS(reshape_journal(f, "2 of 6 columns", true), "not needed");
  CHECK_STR(reshape_text(dfq_limit(f, 3)), "value; 10; 11; 20");
  CHECK_HAS(reshape_journal(dfq_limit(long_one, 3), "limit#3", true), "2 rows are enough");
  f = dfq_group_by(dfq_unpivot(dfq_sort(reshape_all(db), "id"), "q1, q2"), "id", "sum(value)");
  CHECK_HAS(reshape_journal(f, "runs", true), "ascends by the keys");
  CHECK_SAME(f);
  dfq_close(db);
}
#endif

// ---- explode --------------------------------------------------------------------------------

static const dfq_field reshape_list_fields[] = {
  { "id", DFQ_I64, NULL },
  { "n", dfq_list_of(DFQ_I64), NULL },
  { "s", dfq_list_of(DFQ_STR), NULL },
  { "d", dfq_list_of(DFQ_F64), NULL },
};

// A list of the given texts, "." a null, each a value of type.
static dfq_value reshape_list(dfq *db, dfq_type type, const char *const *text, size_t count) {
  dfq_value item[8], list = dfq__value_null();
  memset(item, 0, sizeof item);
  for (size_t i = 0; i < count; i++) item[i] = reshape_value(type, text[i]);
  CHECK(dfq_list_value(db, type, item, count, &list));
  return list;
}

// Rows of id, n, s and d whose lists have 0 to 6 values; some are null. Different each seed.
static dfq_frame *reshape_lists(dfq *db, uint64_t seed, size_t rows) {
  static const char *const numbers[] = { "1", ".", "-7", "9000000000", "0", "2" };
  static const char *const texts[] = { "", "a", ".", "exactly12byt", "longer than twelve bytes",
                                       "b" };
  dfq_value *cell = (dfq_value *)test_alloc((rows * 4 + 1) * sizeof *cell);
  for (size_t i = 0; i < rows * 4; i++) {
    const char *pick[6];
    dfq_type child = dfq__child_of(reshape_list_fields[i % 4].type);
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    size_t n = (size_t)(seed >> 33) % 7, from = (size_t)(seed >> 40) % 6;
    for (size_t k = 0; k < n; k++)
      pick[k] = child == DFQ_STR ? texts[(from + k) % 6] : numbers[(from + k) % 6];
    if (i % 4 == 0) cell[i] = dfq__value_int(DFQ_I64, (int64_t)(i / 4));
    else if ((seed >> 50) % 5 == 0) cell[i] = dfq__value_null();
    else cell[i] = reshape_list(db, child, pick, n);
  }
  dfq_table *t = dfq_table_from_rows(db, reshape_list_fields, 4, cell, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  return f;
}

TEST(reshape_explode) {
  dfq *db = dfq_open(NULL);
  static const char *const texts[] = { "a", ".", "longer than twelve" }, *const one[] = { "5" };
  dfq_value cell[] = {
    dfq__value_int(DFQ_I64, 1),
    reshape_list(db, DFQ_I64, one, 1),
    reshape_list(db, DFQ_STR, texts, 3),
    dfq__value_null(),
    dfq__value_int(DFQ_I64, 2),
    reshape_list(db, DFQ_I64, one, 0),
    dfq__value_null(),
    dfq__value_null(),
    dfq__value_int(DFQ_I64, 3),
    reshape_list(db, DFQ_I64, one, 1),
    reshape_list(db, DFQ_STR, texts, 1),
    dfq__value_null(),
  };
  dfq_table *t = dfq_table_from_rows(db, reshape_list_fields, 4, cell, 3);
  dfq_frame *f = dfq_scan_table(db, t), *g = dfq_drop(f, "d");
  dfq_table_free(t);
  CHECK_STR(reshape_text(dfq_select(dfq_explode(f, "s"), "id, s")),
            "id s; 1 a; 1 .; 1 longer than twelve; 2 .; 3 a");
  CHECK_STR(reshape_text(dfq_explode(g, "s, n,")),
            "id n s; 1 5 a; 1 . .; 1 . longer than twelve; 2 . .; 3 5 a");
  CHECK_STR(reshape_text(dfq_explode(dfq_explode(g, "n"), "s")),
            "id n s; 1 5 a; 1 5 .; 1 5 longer than twelve; 2 . .; 3 5 a");
  CHECK_INT(dfq_count(dfq_explode(f, "s")), 5);
  CHECK_INT(dfq_count(dfq_explode(dfq_limit(f, 0), "s")), 0);
  CHECK_HAS(dfq_frame_error(dfq_explode(f, "id")), "id is i64, no list");
  CHECK_HAS(dfq_frame_error(dfq_explode(f, "ss")), "no column ss");
  CHECK_HAS(dfq_frame_error(dfq_explode(f, "")), "expected a column");
#if DFQ_CHAPTER >= 5
  g = dfq_filter(dfq_explode(f, "s"), "id > 1 and s = 'a'");
  CHECK_HAS(reshape_journal(g, "id > 1", true), "columns that repeat only");
  CHECK_HAS(reshape_journal(g, "s = 'a'", false), "s differs among the rows made of one row");
  CHECK_STR(reshape_text(g), "id n s d; 3 [5] a .");
  g = dfq_limit(dfq_explode(f, "s"), 2);
  CHECK_HAS(reshape_journal(g, "limit#3", true), "a copy: 2 rows are enough");
  CHECK_HAS(reshape_journal(dfq_select(g, "s"), "1 of 4 columns", true), "not needed");
#endif
  dfq_close(db);
}

// Random lists, against the model and in every engine.
TEST(reshape_explode_random) {
  static const char *const filters[] = { "id % 3 != 1", "n > 0", "s is null",
                                         "id > 2 or d > 0" };
  for (uint64_t seed = 1; seed <= 24; seed++) {
    dfq *db = dfq_open(NULL);
    model m = model_open(db);
    dfq_frame *f = reshape_lists(db, seed, (size_t)seed % 9);
    f = seed % 2 ? dfq_explode(f, "n, s, d") : dfq_explode(dfq_explode(f, "d, n"), "s");
    if (seed % 3) f = dfq_filter(f, filters[seed % 4]);
    if (seed % 5 == 0) f = dfq_limit(f, (int64_t)seed / 2);
    const char *difference = model_check(&m, f);
    CHECK_STR(difference ? difference : "", "");
#if DFQ_CHAPTER >= 5
    CHECK_SAME(f);
#endif
    model_close(&m);
    dfq_close(db);
  }
}

// ---- rows -----------------------------------------------------------------------------------

static const reshape_case reshape_distincts[] = {
  { dfq_distinct_at, "name", "id, name", "id name; 1 a; 2 b; 4 ." },
  { dfq_distinct_at, "on name keep first", "id, name", "id name; 1 a; 2 b; 4 ." },
  { dfq_distinct_at, "name keep any", "id, name", "id name; 1 a; 2 b; 4 ." },
  { dfq_distinct_at, "on name keep last", "id, name", "id name; 4 .; 5 b; 6 a" },
  { dfq_distinct_at, "name keep none", "id, name", "id name; 4 ." },
  { dfq_distinct_at, "name, x keep none", "id, name, x",
    "id name x; 2 b .; 4 . 7; 5 b 1; 6 a ." },
  { dfq_distinct_at, "keep last", "name, x", "name x; b .; a 5; . 7; b 1; a ." },
  { dfq_distinct_at, "", "x", "x; 5; .; 7; 1" },
  { dfq_distinct_at, "y keep last", "id, y", "id y; 1 0.5; 3 .; 4 2.5; 5 nan; 6 -1.0" },
};

static const reshape_case reshape_bad_distincts[] = {
  { dfq_distinct_at, "on nam", NULL, "did you mean name" },
  { dfq_distinct_at, "name keep second", NULL, "first, last, none or any" },
  { dfq_distinct_at, "keep", NULL, "no column keep" },
};

TEST(reshape_distinct_keep) {
  RESHAPE_CHECK(reshape_distincts);
  RESHAPE_REFUSE(reshape_bad_distincts);
}

TEST(reshape_tail_reverse) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_select(reshape_all(db), "id, x");
  CHECK_STR(reshape_text(dfq_tail(f, 2)), "id x; 5 1; 6 .");
  CHECK_STR(reshape_text(dfq_tail(f, 0)), "id x");
  CHECK_STR(reshape_text(dfq_tail(f, 100)), "id x; 1 5; 2 .; 3 5; 4 7; 5 1; 6 .");
  CHECK_STR(reshape_text(dfq_reverse(dfq_filter(f, "id != 3"))),
            "id x; 6 .; 5 1; 4 7; 2 .; 1 5");
  CHECK_STR(reshape_text(dfq_tail(dfq_select(reshape_some(db, 0), "x"), 2)), "x");
  CHECK_STR(reshape_text(dfq_tail(dfq_rename(f, "x as _row"), 1)), "id _row; 6 .");
  CHECK_HAS(dfq_frame_error(dfq_tail(f, -1)), "a number of rows");
#if DFQ_CHAPTER >= 5
  dfq_frame *last = dfq_filter(dfq_tail(f, 3), "x is not null");
  CHECK_STR(reshape_text(last), "id x; 4 7; 5 1");
  CHECK_HAS(dfq_explain_text(last, DFQ_EXPLAIN_OPTIMIZED), "3 by _row desc");
  CHECK_HAS(reshape_journal(last, "x is not null", false), "it would count other rows");
  f = dfq_filter(dfq_reverse(f), "x > 4");
  CHECK_HAS(reshape_journal(f, "x > 4", false), "it would number other rows");
#endif
  dfq_close(db);
}

// ---- nulls ----------------------------------------------------------------------------------

static const reshape_case reshape_nulls[] = {
  { dfq_drop_nulls_at, "x", "id, x", "id x; 1 5; 3 5; 4 7; 5 1" },
  { dfq_drop_nulls_at, "", "id, x, name", "id x name; 1 5 a; 3 5 a; 5 1 b" },
  { dfq_drop_nans_at, "", "id, y", "id y; 1 0.5; 3 .; 4 2.5; 6 -1.0" },
  { dfq_drop_nans_at, "y,", "id, y", "id y; 1 0.5; 3 .; 4 2.5; 6 -1.0" },
  { dfq_drop_nans_at, "", "id", "id; 1; 2; 3; 4; 5; 6" },
  { dfq_fill_null_at, "0", "id, name, x, y",
    "id name x y; 1 a 5 0.5; 2 b 0 nan; 3 a 5 0.0; 4 . 7 2.5; 5 b 1 nan; 6 a 0 -1.0" },
  { dfq_fill_null_at, "'?'", "id, name, x",
    "id name x; 1 a 5; 2 b .; 3 a 5; 4 ? 7; 5 b 1; 6 a ." },
  { dfq_fill_null_at, "id * 100 in x, q1", "id, x, q1, q2",
    "id x q1 q2; 1 5 10 11; 2 200 20 .; 3 5 300 31; 4 7 40 41; 5 1 50 51; 6 600 60 61" },
  { dfq_fill_null_at, "0.5 in x", "id, x", "id x; 1 5.0; 2 0.5; 3 5.0; 4 7.0; 5 1.0; 6 0.5" },
  { dfq_fill_null_at, "0.5", "x, y", "x y; 5 0.5; . nan; 5 0.5; 7 2.5; 1 nan; . -1.0" },
  { dfq_fill_null_at, "null", "id, x", "id x; 1 5; 2 .; 3 5; 4 7; 5 1; 6 ." },
  { dfq_fill_null_at, "forward", "name, x", "name x; a 5; b 5; a 5; a 7; b 1; a 1" },
  { dfq_fill_null_at, "backward in x", "name, x", "name x; a 5; b 5; a 5; . 7; b 1; a ." },
  { dfq_fill_null_at, "forward in q2", "q1, q2",
    "q1 q2; 10 11; 20 11; . 31; 40 41; 50 51; 60 61" },
  { dfq_fill_nan_at, "0.0", "id, y", "id y; 1 0.5; 2 0.0; 3 .; 4 2.5; 5 0.0; 6 -1.0" },
  { dfq_fill_null_at, "0.5", "cast(x as f32) as z, cast(y as f32) as w",
    "z w; 5.0 0.5; 0.5 nan; 5.0 0.5; 7.0 2.5; 1.0 nan; 0.5 -1.0" },
  { dfq_fill_null_at, "7", "cast(x as i32) as z", "z; 5; 7; 5; 7; 1; 7" },
  { dfq_fill_nan_at, "0", "cast(y as f32) as w", "w; 0.5; 0.0; .; 2.5; 0.0; -1.0" },
  { dfq_fill_nan_at, "null in y", "id, y", "id y; 1 0.5; 2 .; 3 .; 4 2.5; 5 .; 6 -1.0" },
};

static const reshape_case reshape_bad_nulls[] = {
  { dfq_drop_nulls_at, "xx", NULL, "no column xx" },
  { dfq_drop_nans_at, "name", NULL, "is_nan" },
  { dfq_fill_null_at, "'a' in x", NULL, "x" },
  { dfq_fill_null_at, "nam in x", NULL, "did you mean name" },
  { dfq_fill_null_at, "0 in x x", NULL, "x" },
  { dfq_fill_null_at, "", NULL, "expected an expression" },
  { dfq_fill_nan_at, "0.0 in name", NULL, "is_nan" },
};

TEST(reshape_null_verbs) {
  RESHAPE_CHECK(reshape_nulls);
  RESHAPE_REFUSE(reshape_bad_nulls);
}

// A column that is called forward is meant, when there is one.
TEST(reshape_fill_from_column) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_select(reshape_all(db), "id as forward, x");
  CHECK_STR(reshape_text(dfq_fill_null(f, "forward in x")),
            "forward x; 1 5; 2 2; 3 5; 4 7; 5 1; 6 6");
  dfq_close(db);
}

// ---- columns --------------------------------------------------------------------------------

static const reshape_case reshape_columns[] = {
  { dfq_cast_columns_at, "x as f64, id as str", "id, x",
    "id x; 1 5.0; 2 .; 3 5.0; 4 7.0; 5 1.0; 6 ." },
  { dfq_cast_columns_at, "cols(i64 - id) as str, id as f64", "id, x",
    "id x; 1.0 5; 2.0 .; "
    "3.0 5; 4.0 7; 5.0 1; 6.0 ." },
  { dfq_try_cast_columns_at, "name as i64,", "name, x",
    "name x; . 5; . .; . 5; . 7; . 1; . ." },
  { dfq_move_at, "q2, x first", "id, x, q1, q2",
    "q2 x id q1; 11 5 1 10; . . 2 20; 31 5 3 .; "
    "41 7 4 40; 51 1 5 50; 61 . 6 60" },
  { dfq_move_at, "id last", "id, x", "x id; 5 1; . 2; 5 3; 7 4; 1 5; . 6" },
  { dfq_move_at, "x before id", "id, x", "x id; 5 1; . 2; 5 3; 7 4; 1 5; . 6" },
  { dfq_move_at, "id after x", "id, x", "x id; 5 1; . 2; 5 3; 7 4; 1 5; . 6" },
  { dfq_move_at, "id, x before x2", "id, x, id as x2",
    "id x x2; 1 5 1; 2 . 2; 3 5 3; 4 7 4; 5 1 5; 6 . 6" },
  { dfq_rename_with_at, "upper", "id, x", "ID X; 1 5; 2 .; 3 5; 4 7; 5 1; 6 ." },
  { dfq_rename_with_at, "lower in X", "id as ID, x as X",
    "ID x; 1 5; 2 .; 3 5; 4 7; 5 1; 6 ." },
  { dfq_rename_with_at, "prefix 'a b'", "id, x", "a bid a bx; 1 5; 2 .; 3 5; 4 7; 5 1; 6 ." },
  { dfq_rename_with_at, "suffix '_l' in x", "id, x", "id x_l; 1 5; 2 .; 3 5; 4 7; 5 1; 6 ." },
  { dfq_rename_with_at, "replace 'q' 'quarter_'", "q1, x",
    "quarter_1 x; 10 5; 20 .; . 5; 40 7; 50 1; 60 ." },
  { dfq_rename_with_at, "replace '' 'z'", "id, x", "id x; 1 5; 2 .; 3 5; 4 7; 5 1; 6 ." },
  { dfq_unnest_at, "s", "id, x as \"s.x\", q1 as \"s.y z\"",
    "id x y z; 1 5 10; 2 . 20; 3 5 .; 4 7 40; 5 1 50; 6 . 60" },
};

static const reshape_case reshape_bad_columns[] = {
  { dfq_cast_columns_at, "x as f65", NULL, "a type" },
  { dfq_cast_columns_at, "z as i64", NULL, "no column z" },
  { dfq_cast_columns_at, "y as date", NULL, "date" },
  { dfq_cast_columns_at, "x as f64, x as str", NULL, "two columns are called x" },
  { dfq_move_at, "x", NULL, "first, last, before or after" },
  { dfq_move_at, "x before x", NULL, "x is moved itself" },
  { dfq_move_at, "x after zz", NULL, "no column zz" },
  { dfq_rename_with_at, "uper", NULL, "upper, lower" },
  { dfq_rename_with_at, "prefix x", NULL, "a text in quotes" },
  { dfq_rename_with_at, "replace '1' '2' in q1, q2", NULL, "q2" },
  { dfq_unnest_at, "s", NULL, "no columns s.x, s.y" },
};

TEST(reshape_column_verbs) {
  RESHAPE_CHECK(reshape_columns);
  RESHAPE_REFUSE(reshape_bad_columns);
}

TEST(reshape_unnest_clash) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_select(reshape_all(db), "x, id as \"s.x\"");
  CHECK_HAS(dfq_frame_error(dfq_unnest(f, "s")), "two columns are called x");
  dfq_close(db);
}

// Names of two letters get one in front, others stay.
static const char *reshape_namer(void *user, const char *name) {
  char *to = (char *)user;
  if (strlen(name) != 2) return NULL;
  (void)snprintf(to, 8, "_%s", name);
  return to;
}

TEST(reshape_rename_by) {
  dfq *db = dfq_open(NULL);
  char room[8];
  dfq_frame *f = dfq_rename_by(dfq_select(reshape_some(db, 1), "id, x, q1"), reshape_namer,
                               room);
  CHECK_STR(reshape_text(f), "_id x _q1; 1 5 10");
  CHECK(dfq_rename_by(NULL, reshape_namer, room) == NULL);
  dfq_close(db);
}

// ---- union ----------------------------------------------------------------------------------

TEST(reshape_unions) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = dfq_select(reshape_some(db, 2), "id, x"), *b = dfq_select(a, "x, id");
  dfq_frame *c = dfq_select(reshape_some(db, 1), "name, id");
  CHECK_STR(reshape_text(dfq_union_with(a, b, DFQ_UNION_BY_NAME)), "id x; 1 5; 2 .; 1 5; 2 .");
  CHECK_STR(reshape_text(dfq_union_with(a, b, DFQ_UNION_BY_POSITION)),
            "id x; 1 5; 2 .; 5 1; . 2");
  CHECK_STR(reshape_text(dfq_union_with(a, c, DFQ_UNION_DIAGONAL)),
            "id x name; 1 5 .; 2 . .; 1 . a");
  CHECK_STR(reshape_text(dfq_union_with(a, a, DFQ_UNION_SAME)), "id x; 1 5; 2 .; 1 5; 2 .");
  CHECK_HAS(dfq_frame_error(dfq_union_with(a, b, DFQ_UNION_SAME)), "column 1");
  CHECK_HAS(dfq_frame_error(dfq_union_with(a, c, DFQ_UNION_BY_NAME)),
            "only the left side has a column x");
  CHECK_HAS(dfq_frame_error(dfq_union_with(dfq_select(a, "id"), a, DFQ_UNION_BY_NAME)),
            "only the right side has a column x");
  CHECK_HAS(dfq_frame_error(dfq_union_with(a, c, DFQ_UNION_BY_POSITION)), "column 1");
  CHECK_HAS(dfq_frame_error(dfq_union_with(a, dfq_select(a, "id"), DFQ_UNION_BY_POSITION)),
            "2 columns");
  CHECK_HAS(
      dfq_frame_error(dfq_union_with(a, dfq_with_columns(c, "'t' as x"), DFQ_UNION_DIAGONAL)),
      "cast changes types");
  CHECK(dfq_union_with(NULL, a, DFQ_UNION_DIAGONAL) == NULL);
  dfq_close(db);
}

// ---- samples --------------------------------------------------------------------------------

// Numbers from 0 on, as column i.
static dfq_frame *reshape_numbers(dfq *db, int count) {
  dfq_value *cell = (dfq_value *)test_alloc(((size_t)count + 1) * sizeof *cell);
  for (int i = 0; i < count; i++) cell[i] = dfq__value_int(DFQ_I64, i);
  static const dfq_field field = { "i", DFQ_I64, NULL };
  dfq_table *t = dfq_table_from_rows(db, &field, 1, cell, (size_t)count);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  return f;
}

TEST(reshape_sample) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = reshape_numbers(db, 1000);
  int64_t tenth = dfq_count(dfq_sample(f, "10% seed 7"));
  CHECK(tenth > 60 && tenth < 140);
  CHECK_INT(dfq_count(dfq_sample(f, "fraction 0.1 seed 7")), tenth);
  CHECK_INT(dfq_count(dfq_sample(f, "100%")), 1000);
  CHECK_INT(dfq_count(dfq_sample(f, "fraction 0")), 0);
  CHECK_INT(dfq_count(dfq_sample(f, "n 100")), 100);
  CHECK_INT(dfq_count(dfq_sample(f, "n 0")), 0);
  CHECK_INT(dfq_count(dfq_sample(f, "n 5000 seed 3")), 1000);
  CHECK_INT(dfq_count(dfq_sample(dfq_limit(f, 0), "n 5")), 0);
  const char *first = reshape_text(dfq_limit(dfq_sample(f, "n 3 seed 1"), 3));
  CHECK_STR(first, "i; 298; 579; 809"); // on every machine
  CHECK_STR(reshape_text(dfq_limit(dfq_sample(f, "1%"), 3)), "i; 23; 134; 302");
#if DFQ_CHAPTER >= 5
  CHECK_SAME(dfq_sample(dfq_sample(f, "50%"), "n 20 seed 9"));
  dfq_frame *even = dfq_filter(dfq_sample(f, "50%"), "i % 2 = 0");
  CHECK_HAS(reshape_journal(even, "i % 2 = 0", false), "it would number other rows");
  CHECK_SAME(even);
#endif
  dfq_close(db);
}

// The halves of a sample are about halves, whatever the seed: bits are mixed well.
TEST(reshape_sample_even) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = reshape_numbers(db, 2000);
  for (int seed = 0; seed < 40; seed++) {
    char text[40];
    (void)snprintf(text, sizeof text, "50%% seed %d", seed);
    int64_t n = dfq_count(dfq_sample(f, text));
    int64_t odd = dfq_count(dfq_filter(dfq_sample(f, text), "i % 2 = 1"));
    CHECK(n > 880 && n < 1120 && odd > 400 && odd < 600);
  }
  dfq_close(db);
}

static const reshape_case reshape_bad_samples[] = {
  { dfq_sample_at, "10", NULL, "sample 10%" },
  { dfq_sample_at, "110%", NULL, "from 0 to 100" },
  { dfq_sample_at, "fraction 1.5", NULL, "from 0 to 1" },
  { dfq_sample_at, "fraction x", NULL, "from 0 to 1" },
  { dfq_sample_at, "n 1.5", NULL, "a number of rows" },
  { dfq_sample_at, "n 5 seed 'a'", NULL, "a number as seed" },
  { dfq_sample_at, "5% of", NULL, "of" },
};

TEST(reshape_sample_errors) { RESHAPE_REFUSE(reshape_bad_samples); }

// ---- values and bins ------------------------------------------------------------------------

static const reshape_case reshape_bins[] = {
  { dfq_value_counts_at, "name", NULL, "name count; a 3; b 2; . 1" },
  { dfq_value_counts_at, "name, x as n sort", NULL,
    "name x n; a 5 2; b . 1; . 7 1; b 1 1; a . 1" },
  { dfq_cut_at, "x in (1, 5)", "id, x",
    "id x x_bin; 1 5 (1, 5]; 2 . .; 3 5 (1, 5]; 4 7 (5, inf); 5 1 (-inf, 1]; 6 . ." },
  { dfq_cut_at, "x in (1, 5) left labels ('low', 'mid', 'high') as size", "id, x",
    "id x size; 1 5 high; 2 . .; 3 5 high; 4 7 high; 5 1 mid; 6 . ." },
  { dfq_cut_at, "y in (0.0,) as c", "y",
    "y c; 0.5 (0.0, inf); nan (0.0, inf); . .; 2.5 (0.0, inf); nan (0.0, inf); "
    "-1.0 (-inf, 0.0]" },
  { dfq_cut_at, "name in ('a') labels ('A', 'later')", "name",
    "name name_bin; a A; b later; a A; . .; b later; a A" },
  { dfq_qcut_at, "id bins 3", "id", "id id_bin; 1 q1; 2 q1; 3 q2; 4 q2; 5 q3; 6 q3" },
  { dfq_qcut_at, "id bins 2 labels ('low', 'high') as half", "id",
    "id half; 1 low; 2 low; 3 low; 4 high; 5 high; 6 high" },
  { dfq_qcut_at, "id bins 1", "id", "id id_bin; 1 q1; 2 q1; 3 q1; 4 q1; 5 q1; 6 q1" },
  { dfq_histogram_at, "q1 bins 2", NULL, "bin low high count; 0 10.0 35.0 2; 1 35.0 60.0 3" },
  { dfq_histogram_at, "y bins 2", NULL, "bin low high count; 0 -1.0 0.75 2; 1 0.75 2.5 1" },
  { dfq_histogram_at, "x in (1, 5, 7)", NULL, "bin low high count; 0 1 5 1; 1 5 7 3" },
  { dfq_histogram_at, "name in ('a', 'b')", NULL, "bin low high count; 0 a b 5" },
};

static const reshape_case reshape_bad_bins[] = {
  { dfq_value_counts_at, "nam", NULL, "did you mean name" },
  { dfq_value_counts_at, "name as name", NULL, "two columns are called name" },
  { dfq_cut_at, "x in (5, 1)", NULL, "ascend" },
  { dfq_cut_at, "x in ()", NULL, "no breaks" },
  { dfq_cut_at, "x in (1, 5) labels ('a')", NULL, "1 labels for 3 pieces" },
  { dfq_cut_at, "x in ('a')", NULL, "str" },
  { dfq_qcut_at, "name bins 3", NULL, "name" },
  { dfq_qcut_at, "x bins 0", NULL, "1 to 1000 bins" },
  { dfq_histogram_at, "name bins 3", NULL, "are for numbers" },
  { dfq_histogram_at, "x bins 2000", NULL, "1 to 1000 bins" },
  { dfq_histogram_at, "x in (1)", NULL, "2 to 1000 edges" },
  { dfq_histogram_at, "x", NULL, "expected bins" },
};

TEST(reshape_bin_verbs) {
  RESHAPE_CHECK(reshape_bins);
  RESHAPE_REFUSE(reshape_bad_bins);
}

// Nothing to count, one value only, and values that are no numbers.
TEST(reshape_histogram_edges) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(reshape_text(dfq_histogram(reshape_some(db, 0), "y bins 2")),
            "bin low high count; 0 . . 0; 1 . . 0");
  dfq_frame *f = dfq_with_columns(reshape_all(db), "f64 'inf' as y, 3 as x");
  CHECK_STR(reshape_text(dfq_histogram(f, "y bins 1")), "bin low high count; 0 . . 0");
  CHECK_STR(reshape_text(dfq_histogram(f, "x bins 2")),
            "bin low high count; 0 3.0 3.0 6; 1 3.0 3.0 0");
  dfq_close(db);
}

TEST(reshape_describe) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_select(reshape_all(db), "name, x, q1, x > 4 as big");
  CHECK_STR(reshape_text(dfq_describe(f, NULL)),
            "column type count nulls n_unique mean std min q25 median q75 max; "
            "name str 5 1 2 . . a . . . b; "
            "x i64 4 2 3 4.5 2.516611478423583 1 4.0 5.0 5.5 7; "
            "q1 i64 5 1 5 36.0 20.73644135332772 10 20.0 40.0 50.0 60; "
            "big bool 4 2 2 . . false . . . true");
  CHECK_STR(reshape_text(dfq_describe(dfq_limit(f, 0), "x")),
            "column type count nulls n_unique mean std min q25 median q75 max; "
            "x i64 0 0 0 . . . . . . .");
  CHECK_HAS(dfq_frame_error(dfq_describe(f, "xx")), "no column xx");
  CHECK_HAS(reshape_text(dfq_describe(reshape_lists(db, 3, 5), "n, s")), "s list(str)");
  dfq_close(db);
}

TEST(reshape_corr_matrix) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_with_columns(reshape_all(db), "-id as m, 1 as c");
  CHECK_STR(reshape_text(dfq_corr_matrix(f, "id, m, c")),
            "column id m c; id 1.0 -1.0 nan; m -1.0 1.0 nan; c nan nan nan");
  CHECK_STR(reshape_text(dfq_select(dfq_corr_matrix(f, ""), "column")),
            "column; id; x; y; q1; q2; m; c");
  CHECK_HAS(dfq_frame_error(dfq_corr_matrix(dfq_select(f, "name"), "")),
            "no columns of numbers");
  CHECK_HAS(dfq_frame_error(dfq_corr_matrix(f, "name, id")), "corr");
  CHECK_HAS(dfq_frame_error(dfq_corr_matrix(dfq_rename(f, "m as column"), "")),
            "two columns are called column");
  dfq_close(db);
}

// Explode and implode are each other's way back, but for empty lists and nulls.
TEST(reshape_implode) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_select(reshape_all(db), "name, x, id");
  CHECK_STR(reshape_text(dfq_implode(dfq_drop(f, "x"), "id")),
            "name id; a [1, 3, 6]; b [2, 5]; . [4]");
  CHECK_STR(reshape_text(dfq_implode(f, "x, id")),
            "name x id; a [5, 5, null] [1, 3, 6]; b [null, 1] [2, 5]; . [7] [4]");
  CHECK_STR(reshape_text(dfq_implode(dfq_select(f, "id"), "id")), "id; [1, 2, 3, 4, 5, 6]");
  f = dfq_implode(f, "x, id");
  CHECK_STR(reshape_text(dfq_implode(dfq_explode(f, "x, id"), "x, id")),
            "name x id; a [5, 5, null] [1, 3, 6]; b [null, 1] [2, 5]; . [7] [4]");
  CHECK_HAS(dfq_frame_error(dfq_implode(f, "x")), "implode");
  CHECK_HAS(dfq_frame_error(dfq_implode(f, "z")), "no column z");
  dfq_close(db);
}

// ---- pivot ----------------------------------------------------------------------------------

static const reshape_case reshape_pivots[] = {
  { dfq_pivot_at, "x on name in ('a', 'b'): sum(q1)", NULL,
    "x a b; 5 10 .; . 60 20; 7 . .; 1 . 50" },
  { dfq_pivot_at, "on name in ('a' as first, null): sum(q1), count() as n", NULL,
    "first_sum(q1) first_n null_sum(q1) null_n; 70 3 40 1" },
  { dfq_pivot_at, "name on x in (5, 7): max(id) - min(id) as span,", NULL,
    "name 5_span 7_span; a 2 .; b . .; . . 0" },
  { dfq_pivot_at, "name on x in (5): sum(q2) filter (where id > 1)", NULL,
    "name 5; a 31; b .; . ." },
  { dfq_pivot_at, "name on x in (5): min_by(id, q1), implode(id)", NULL,
    "name 5_min_by(id, q1) 5_implode(id); a 1 [1, 3]; b . []; . . []" },
  { dfq_pivot_at, "id on y in (0.5, f64 'nan'): first(name)", NULL,
    "id 0.5 nan; 1 a .; 2 . b; 3 . .; 4 . .; 5 . b; 6 . ." },
};

static const reshape_case reshape_bad_pivots[] = {
  { dfq_pivot_at, "x on name: sum(q1)", NULL, "dfq_pivot_discover" },
  { dfq_pivot_at, "x on nam in ('a'): sum(q1)", NULL, "did you mean name" },
  { dfq_pivot_at, "x in ('a'): sum(q1)", NULL, "expected on" },
  { dfq_pivot_at, "x on name in ('a'): q1", NULL, "needs an aggregate" },
  { dfq_pivot_at, "x on name in ('a', 'a'): sum(q1)", NULL, "two columns are called a" },
  { dfq_pivot_at, "x on name in (name): sum(q1)", NULL, "are literals" },
  { dfq_pivot_at, "x on name in (1): sum(q1)", NULL, "str" },
  { dfq_pivot_at, "x on name in (): sum(q1)", NULL, "expected an expression" },
  { dfq_pivot_at, "x on name in ('a')", NULL, "expected :" },
};

TEST(reshape_pivot) {
  RESHAPE_CHECK(reshape_pivots);
  RESHAPE_REFUSE(reshape_bad_pivots);
}

static bool reshape_stop(void *user) { return *(bool *)user; }

TEST(reshape_pivot_discover) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = reshape_all(db), *g = dfq_pivot_discover(f, "x on name: sum(q1)");
  CHECK_STR(reshape_text(g), "x a b null; 5 10 . .; . 60 20 .; 7 . . 40; 1 . 50 .");
  CHECK_STR(reshape_text(dfq_pivot_discover(f, "x on name in ('b'): sum(q1)")),
            "x b; 5 .; . 20; 7 .; 1 50");
  CHECK_STR(reshape_text(dfq_pivot_discover(reshape_some(db, 0), "x on name: sum(q1)")), "x");
  CHECK_HAS(dfq_frame_error(dfq_pivot_discover(f, "x on nam: sum(q1)")), "did you mean name");
  CHECK_HAS(dfq_frame_error(dfq_pivot_discover(reshape_numbers(db, 1200), "on i: count()")),
            "more than 1000 values");
  dfq_run_options run;
  bool stop = true;
  memset(&run, 0, sizeof run);
  run.cancel = reshape_stop;
  run.cancel_user = &stop;
  f = dfq_pivot_discover(dfq_configure(f, &run), "x on name: sum(q1)"); // the run fails
  CHECK_HAS(dfq_frame_error(f), "cancel");
  CHECK(dfq_pivot_discover(NULL, "") == NULL);
#if DFQ_CHAPTER >= 5
  f = dfq_filter(dfq_pivot(reshape_all(db), "x on name in ('a', 'b'): sum(q1)"),
                 "x > 1 and a > 5");
  CHECK_HAS(reshape_journal(f, "x > 1", true), "it uses group keys only");
  CHECK_HAS(reshape_journal(f, "a > 5", false), "a is known after grouping only");
#endif
  dfq_close(db);
}

// ---- partition_by ---------------------------------------------------------------------------

TEST(reshape_partition_by) {
  dfq *db = dfq_open(NULL);
  static const char *const want[] = { "id name x; 1 a 5; 3 a 5; 6 a .",
                                      "id name x; 2 b .; 5 b 1", "id name x; 4 . 7" };
  int count = 0;
  dfq_frame *f = dfq_select(reshape_all(db), "id, name, x");
  dfq_table **t = dfq_partition_by(f, "name", &count);
  CHECK_INT(count, 3);
  for (int i = 0; i < count; i++) {
    CHECK_STR(reshape_text(dfq_scan_table(db, t[i])), want[i]);
    dfq_table_free(t[i]);
  }
  t = dfq_partition_by(f, "name, x", &count);
  CHECK_INT(count, 5);
  for (int i = 0; i < count; i++) dfq_table_free(t[i]);
  t = dfq_partition_by(dfq_limit(f, 0), "x", &count);
  CHECK(t != NULL && count == 0);
  CHECK(dfq_partition_by(f, "nam", &count) == NULL);
  CHECK_HAS(dfq_error(db), "did you mean name");
  CHECK(dfq_partition_by(f, "", &count) == NULL);
  CHECK(dfq_partition_by(NULL, "name", &count) == NULL);
  CHECK(dfq_partition_by(dfq_filter(f, "zz"), "name", &count) == NULL);
  CHECK_INT(count, 0);
  t = dfq_partition_by(dfq_with_columns(reshape_numbers(db, 9000), "i % 7 as k"), "k", &count);
  CHECK_INT(count, 7);
  size_t rows = 0;
  for (int i = 0; i < count; i++) {
    CHECK_INT(dfq_table_i64(t[i], 0, 1), i);
    rows += dfq_table_rows(t[i]);
    dfq_table_free(t[i]);
  }
  CHECK_INT(rows, 9000);
  dfq_close(db);
}

// ---- out of memory --------------------------------------------------------------------------

static const reshape_case reshape_scarce[] = {
  { dfq_unpivot_at, "(q1, y) as a, (q2, x) as b keep name values to p, q", NULL, NULL },
  { dfq_distinct_at, "name, x keep last", NULL, NULL },
  { dfq_fill_null_at, "0", NULL, NULL },
  { dfq_fill_null_at, "forward", NULL, NULL },
  { dfq_fill_nan_at, "0", NULL, NULL },
  { dfq_cast_columns_at, "x as f64, id as str", NULL, NULL },
  { dfq_move_at, "q2, x before id", NULL, NULL },
  { dfq_rename_with_at, "replace 'q' 'r'", NULL, NULL },
  { dfq_sample_at, "n 3", NULL, NULL },
  { dfq_value_counts_at, "name sort", NULL, NULL },
  { dfq_qcut_at, "id bins 3", NULL, NULL },
  { dfq_histogram_at, "q1 bins 2", NULL, NULL },
  { dfq_describe_at, "x, name", NULL, NULL },
  { dfq_pivot_at, "x on name in ('a', null): sum(q1), count() as n", NULL, NULL },
  { dfq_pivot_discover_at, "x on name: sum(q1)", NULL, NULL },
  { dfq_explode_at, "l", NULL, NULL },
  { dfq_implode_at, "id", NULL, NULL },
  { dfq_corr_matrix_at, "x, q1", NULL, NULL },
};

// Builds and runs one case where one call for memory fails, or all from it on. Returns whether
// the hook was asked so often.
static bool reshape_run_scarce(const reshape_case *c, size_t fail_at, bool stay_out) {
  ch0_hook h = ch0_hook_new(fail_at, stay_out);
  dfq *db = ch0_open(&h, 0);
  if (!db) return true;
  dfq_frame *f = dfq_with_columns(reshape_all(db), "list(id, x) as l");
  f = c->verb(f, c->text, NULL);
  dfq_table *t = dfq_collect(f);
  bool asked = h.calls >= fail_at;
  if (!asked && !CHECK(t != NULL)) test_fail("    %s: %s\n", c->text, dfq_error(db));
  if (!t) CHECK_HAS(dfq_error(db), asked ? "memory" : "");
  dfq_table_free(t);
  int count = 0;
  dfq_table **parts = dfq_partition_by(reshape_all(db), "name, x", &count);
  for (int i = 0; i < count; i++) dfq_table_free(parts[i]);
  CHECK(ch0_close(db, &h));
  return asked;
}

TEST(reshape_out_of_memory) {
  for (size_t i = 0; i < sizeof reshape_scarce / sizeof *reshape_scarce; i++) {
    const reshape_case *c = &reshape_scarce[i];
    for (size_t n = 1; reshape_run_scarce(c, n, n % 2); n += n < 40 ? 1 : 3) continue;
  }
}

// ---- the text of a plan, and text that is read ----------------------------------------------

#if DFQ_CHAPTER >= 6
// What a stage prints as, and that what is printed reads back to the same.
static void reshape_prints(const char *stages, const char *want) {
  dfq *db = dfq_open(NULL);
  char text[2000];
  const char *path = test_file("reshape.csv",
                               "id,name,q1,q2,keep,none\n1,a,1,2,3,4\n2,,3,,5,6\n");
  (void)snprintf(text, sizeof text, "scan %s %s", path, stages);
  dfq_frame *f = dfq_query(db, text);
  const char *got = dfq_frame_error(f) ? dfq_frame_error(f) : dfq_pipeline_text(f);
  const char *rest = strchr(got, '\n');
  CHECK_STR(rest ? rest + 1 : got, want);
  CHECK_STR(dfq_pipeline_text(dfq_query(db, got)), got);
  CHECK_SAME(f);
  dfq_close(db);
}

TEST(reshape_pipeline_text) {
  reshape_prints("| unpivot q1, q2 keep id",
                 "| unpivot q1, q2 keep id names to variable values to value");
  reshape_prints(
      "| unpivot (keep, q1) as \"a b\" keep none values to \"none\", v",
      "| unpivot (keep, q1) as \"a b\" keep none names to variable values to none, v");
  reshape_prints("| unpivot \"keep\" as k, q1 keep \"none\"",
                 "| unpivot (keep) as k, q1 keep \"none\" names to variable values to value");
  reshape_prints("| with split(name, ',') as l | explode l",
                 "| with split(name, ',') as l\n| explode l");
  reshape_prints("| pivot name on keep in (1, 2 as two): sum(q1)",
                 "| group name: sum(q1) filter (where keep = 1) as \"1\", "
                 "sum(q1) filter (where keep = 2) as two");
  reshape_prints("| sample 25%",
                 "| row_index _row\n| filter hash(_row, 0) < "
                 "-4611686018427387904\n| drop _row");
  reshape_prints("| value_counts id sort", "| group id: count() as count\n| sort count desc");
  reshape_prints("| tail 1",
                 "| row_index _row\n| sort _row desc\n| limit 1\n| sort _row\n"
                 "| drop _row");
  reshape_prints("| distinct on id keep none",
                 "| with count() over (partition by id) as _same\n| filter _same = 1\n"
                 "| drop _same");
  reshape_prints("| drop_nulls id, q1 | fill_null 'x' in name | move q2 first | reverse",
                 "| filter id is not null and q1 is not null\n"
                 "| with case when name is not null then name else 'x' end as name\n"
                 "| select q2, id, name, q1, keep, none\n"
                 "| row_index _row\n| sort _row desc\n| drop _row");
  reshape_prints("| cast q1 as str | rename_with prefix 'a ' in id",
                 "| with cast(q1 as str) as q1\n| rename id as \"a id\"");
}

// Errors in a pipeline have their caret under the name.
TEST(reshape_pipeline_errors) {
  static const char *const cases[][2] = {
    { "| unpivot q1, qq2 keep id", "no column qq2" },
    { "| melt q1", "did you mean unpivot" },
    { "| tail x", "expected a number of rows, not x" },
    { "| head 3", "did you mean limit" },
    { "| dropna", "did you mean drop_nulls" },
    { "| dedup id", "did you mean distinct" },
    { "| with_column id", "did you mean with" },
    { "| group_by id", "did you mean group" },
    { "| agg sum(id)", "did you mean group" },
    { "| window sum(id)", "did you mean with" },
    { "| union_all x", "did you mean union" },
    { "| merge x", "did you mean join" },
    { "| pivot_wider id", "did you mean pivot" },
    { "| summary", "did you mean describe" },
    { "| fillna 0", "did you mean fill_null" },
    { "| drop_duplicates", "did you mean distinct" },
    { "| pivot id on name: sum(q1)", "dfq_pivot_discover" },
    { "| where id > 1", "did you mean filter" },
    { "| order_by id", "did you mean sort" },
    { "| reverse id", "expected |" },
    { "| fill_nul 0", "did you mean fill_null" },
    { "| move id befor q1", "first, last, before or after" },
    { "| union x by size", "name or position" },
  };
  dfq *db = dfq_open(NULL);
  const char *path = test_file("reshape.csv", "id,name,q1,q2\n1,a,1,2\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[500];
    (void)snprintf(text, sizeof text, "let x = scan %s; x %s", path, cases[i][0]);
    dfq_frame *f = dfq_query(db, text);
    CHECK_HAS(dfq_frame_error(f), cases[i][1]);
    CHECK_HAS(dfq_frame_error(f), "^");
  }
  dfq_close(db);
}
#endif

static void run_ch4_reshape(void) {
  RUN(reshape_unpivot);
  RUN(reshape_unpivot_nothing);
#if DFQ_CHAPTER >= 5
  RUN(reshape_unpivot_rules);
#endif
  RUN(reshape_explode);
  RUN(reshape_explode_random);
  RUN(reshape_distinct_keep);
  RUN(reshape_tail_reverse);
  RUN(reshape_null_verbs);
  RUN(reshape_fill_from_column);
  RUN(reshape_column_verbs);
  RUN(reshape_unnest_clash);
  RUN(reshape_rename_by);
  RUN(reshape_unions);
  RUN(reshape_sample);
  RUN(reshape_sample_even);
  RUN(reshape_sample_errors);
  RUN(reshape_bin_verbs);
  RUN(reshape_histogram_edges);
  RUN(reshape_describe);
  RUN(reshape_corr_matrix);
  RUN(reshape_implode);
  RUN(reshape_pivot);
  RUN(reshape_pivot_discover);
  RUN(reshape_partition_by);
  RUN(reshape_out_of_memory);
#if DFQ_CHAPTER >= 6
  RUN(reshape_pipeline_text);
  RUN(reshape_pipeline_errors);
#endif
}
