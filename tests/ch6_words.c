// ch6_words.c - what dfq says to somebody who meets it for the first time: NULL where something
// has to be, the wrong word, the wrong type, too much. Each message names the place and what to
// try.

// ---- NULL where something has to be ---------------------------------------------------------

// call fails with a message that names the function and the argument.
#define WORDS_USAGE(call, words)                                                               \
  (dfq_clear_error(db), (void)(call), CHECK_INT(dfq_error_status(db), DFQ_USAGE),              \
   CHECK_HAS(dfq_error(db), words))

static const char *words_rename(void *user, const char *name) {
  (void)user;
  return name;
}

TEST(words_null_values_and_expressions) {
  dfq *db = dfq_open(NULL);
  dfq_value v;
  dfq_expr *x = dfq_col(db, "k");
  dfq_schema none = { 0, NULL };
  memset(&v, 0, sizeof v);
  WORDS_USAGE(dfq_set_str(db, "x", NULL), "set_str: value is NULL");
  WORDS_USAGE(dfq_set_str(db, NULL, "x"), "set_param: name is NULL");
  WORDS_USAGE(dfq_set_i64(db, NULL, 1), "set_param: name is NULL");
  WORDS_USAGE(dfq_set_f64(db, NULL, 1), "set_param: name is NULL");
  WORDS_USAGE(dfq_set_param(db, "x", NULL), "set_param: value is NULL");
  WORDS_USAGE(dfq_str(db, NULL), "str: value is NULL");
  WORDS_USAGE(dfq_str_n(db, NULL, 1), "str_n: value is NULL");
  WORDS_USAGE(dfq_literal(db, NULL), "literal: value is NULL");
  WORDS_USAGE(dfq_col(db, NULL), "col: name is NULL");
  WORDS_USAGE(dfq_cols(db, NULL), "cols: selector is NULL");
  WORDS_USAGE(dfq_parse(db, NULL), "parse: text is NULL");
  WORDS_USAGE(dfq_as(x, NULL), "as: name is NULL");
  WORDS_USAGE(dfq_in(x, NULL, 1), "in: list is NULL");
  WORDS_USAGE(dfq_over(dfq_sum(x), NULL), "over: how is NULL");
  WORDS_USAGE(dfq_call(db, NULL, NULL, 0), "call: name is NULL");
  WORDS_USAGE(dfq_call(db, "sum", NULL, 1), "call: args is NULL");
  WORDS_USAGE(dfq_expr_type(x, NULL, NULL), "expr_type: schema is NULL");
  WORDS_USAGE(dfq_expr_eval(x, NULL, NULL, &v), "expr_eval: schema is NULL");
  WORDS_USAGE(dfq_expr_eval(x, &none, NULL, NULL), "expr_eval: to is NULL");
  WORDS_USAGE(dfq_expr_conjuncts(x, NULL), "expr_conjuncts: list is NULL");
  WORDS_USAGE(dfq_expr_restrict(x, NULL, 1), "expr_restrict: columns is NULL");
  WORDS_USAGE(dfq_print_promotions(db, NULL), "print_promotions: out is NULL");
  WORDS_USAGE(dfq_define_scalar(db, NULL), "define_scalar: function is NULL");
  WORDS_USAGE(dfq_define_aggregate(db, NULL), "define_aggregate: aggregate is NULL");
  CHECK(!(dfq_define)(db, NULL));
  WORDS_USAGE(dfq_define(db, NULL), "define: text is NULL");
  WORDS_USAGE(dfq_list_value(db, DFQ_I64, NULL, 1, &v), "list_value: values is NULL");
  WORDS_USAGE(dfq_list_value(db, DFQ_I64, NULL, 0, NULL), "list_value: to is NULL");
  WORDS_USAGE(dfq_rows_array(db, NULL, 1, 1), "rows_array: cells is NULL");
  WORDS_USAGE(dfq_rows_source(db, NULL), "rows_source: source is NULL");
  WORDS_USAGE(dfq_table_new(db, NULL, 2, 2), "table: columns is NULL");
  WORDS_USAGE(dfq_table_from_rows(db, NULL, 1, &v, 1), "table: fields is NULL");
  WORDS_USAGE(dfq_scan_rows(db, NULL), "scan: source is NULL");
  WORDS_USAGE(dfq_scan_csv_files(db, NULL, 2, NULL), "scan: paths is NULL");
  WORDS_USAGE(dfq_sniff_csv(db, "x", NULL, NULL), "sniff: to is NULL");
  WORDS_USAGE(dfq_bind_struct(db, NULL, 1, 8), "bind: members is NULL");
  // A failed expression is an expression: whatever is built over it says the same.
  CHECK_INT(dfq_expr_kind_of(dfq_not(dfq_col(db, NULL))), DFQ_FAILED);
  dfq_close(db);
}

TEST(words_null_frames_and_results) {
  dfq *db = dfq_open(NULL);
  int64_t k[] = { 1, 2 };
  dfq_column column = { "k", DFQ_I64, k, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 2);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_expr *none[] = { NULL }, *x = dfq_col(db, "k");
  dfq_member member = { "k", DFQ_I64, 0, 8, false, 0 };
  dfq_binding *b = dfq_bind(f, &member, 1, 8);
  size_t n = 0;
  WORDS_USAGE(dfq_row_index(f, NULL), "row_index: the name is NULL");
  WORDS_USAGE(dfq_filter_expr(f, NULL), "filter: item 1 is NULL");
  WORDS_USAGE(dfq_filter_expr(f, dfq_add(x, NULL)), "filter: item 1 is NULL");
  WORDS_USAGE(dfq_select_exprs(f, NULL, 0), "select: no items");
  WORDS_USAGE(dfq_select_exprs(f, NULL, 1), "select: the list is NULL");
  WORDS_USAGE(dfq_select_exprs(f, none, 1), "select: item 1 is NULL");
  WORDS_USAGE(dfq_with_exprs(f, none, 1), "with: item 1 is NULL");
  WORDS_USAGE(dfq_group_exprs(f, NULL), "group: the spec is NULL");
  WORDS_USAGE(dfq_sort_exprs(f, NULL, 1), "sort: the list is NULL");
  WORDS_USAGE(dfq_rename_by(f, NULL, NULL), "rename_by: fn is NULL");
  WORDS_USAGE(dfq_each_batch(f, NULL, NULL), "each_batch: each is NULL");
  WORDS_USAGE(dfq_show(f, NULL), "show: out is NULL");
  WORDS_USAGE(dfq_show_table(db, t, NULL), "show_table: out is NULL");
  WORDS_USAGE(dfq_explain(f, NULL), "explain: out is NULL");
  WORDS_USAGE(dfq_print(f, NULL, NULL), "print: out is NULL");
  WORDS_USAGE(dfq_print_csv(f, NULL, NULL), "print: out is NULL");
  WORDS_USAGE(dfq_print_json(f, NULL), "print: out is NULL");
  WORDS_USAGE(dfq_write_csv(f, NULL, NULL), "write: path is NULL");
  WORDS_USAGE(dfq_write_all(f, NULL, 1), "write_all: sinks is NULL");
  WORDS_USAGE(dfq_partition_by(f, "k", NULL), "partition_by: count is NULL");
  WORDS_USAGE(dfq_journal(f, NULL), "journal: count is NULL");
  WORDS_USAGE(dfq_bind(f, NULL, 1, 8), "bind: members is NULL");
  WORDS_USAGE(dfq_collect_structs(f, NULL, &n), "collect_structs: binding is NULL");
  WORDS_USAGE(dfq_collect_structs(f, b, NULL), "collect_structs: count is NULL");
  WORDS_USAGE(dfq_structs_open(f, NULL), "structs_open: binding is NULL");
  dfq_structs *s = dfq_structs_open(f, b);
  WORDS_USAGE(dfq_structs_next(s, NULL), "structs_next: to is NULL");
  dfq_structs_close(s);
#ifndef DFQ_NO_ARROW
  WORDS_USAGE(dfq_export_arrow(f, NULL), "export_arrow: out is NULL");
  WORDS_USAGE(dfq_table_export(db, t, NULL, NULL), "table_export: schema or array is NULL");
#endif
  CHECK_INT(dfq_count(dfq_rename_by(f, words_rename, NULL)), 2);
  dfq_table_free(t);
  dfq_close(db);
}

// Where nothing can be told (no context), or nothing is wanted, NULL does no harm.
TEST(words_null_without_a_context) {
  size_t n = 1;
  dfq_value v;
  int count = 1;
  CHECK(!dfq_set_i64(NULL, "x", 1) && !dfq_parse(NULL, "1") && !dfq_i64(NULL, 1));
  CHECK(!dfq_str(NULL, "x") && !dfq_col(NULL, "x") && !dfq_cols(NULL, "x") && !dfq_null(NULL));
  CHECK(!dfq_call(NULL, "sum", NULL, 0) && !dfq_count_rows(NULL));
  CHECK(!dfq_scan_table(NULL, NULL) && !dfq_scan_rows(NULL, NULL));
  CHECK(!dfq_scan_csv_files(NULL, NULL, 1, NULL));
  CHECK(!dfq_table_new(NULL, NULL, 0, 0) && !dfq_print_promotions(NULL, stdout));
  CHECK(!dfq_rows_array(NULL, NULL, 0, 0) && !dfq_journal(NULL, &count));
  CHECK_INT(count, 0);
  count = 1;
  CHECK(!dfq_partition_by(NULL, "k", &count) && !dfq_collect_structs(NULL, NULL, &n));
  CHECK(count == 0 && n == 0);   // who loops over what came needs no look at the error
  n = 1;
  CHECK(!dfq_each_batch(NULL, NULL, NULL) && !dfq_show(NULL, NULL));
  CHECK(!dfq_list_get(NULL, 0, &v) && dfq_list_len(NULL) == 0);
  CHECK_STR(dfq_view_text(NULL, &n), "");
  CHECK_INT(n, 0);
  CHECK_INT(dfq_view_of(NULL, 3).len, 0);
  CHECK_INT(dfq_batch_rows(NULL), 0);
  CHECK_INT(dfq_table_find(NULL, NULL), -1);
}

// Row by row: null before a text, as the batches below.
static const char *words_row(void *user, const dfq_value *a, int n, dfq_memory *m,
                             dfq_value *to) {
  static const char text[] = "a text that is not short";
  (void)user; (void)n; (void)m;
  if (a[0].type == DFQ_NULL) return NULL;
  to->type = DFQ_STR;
  to->as.s = text;
  to->len = sizeof text - 1;
  return NULL;
}

// What the engine hands to functions and sources, given back as NULL, and NULL in its place.
static bool words_batch(void *user, const dfq_array *a, int n, size_t rows, dfq_result *to) {
  dfq_result none = { NULL, NULL, NULL };
  (void)user; (void)a; (void)n;
  CHECK(!dfq_result_str(NULL, 0, "x", 1) && !dfq_result_str(&none, 0, "x", 1));
  for (size_t i = 0; i < rows; i++)
    if (!dfq_result_str(to, i, i % 2 ? "a text that is not short" : NULL, 24)) return false;
  return true;
}

static void *words_open(void *user, const dfq_scan_request *request, const char **why) {
  (void)request; (void)why;
  return user;
}

// Step 0: an array that is NULL; then what has no page, and a page with a null text.
static int words_next(void *cursor, dfq_page *page, const char **why) {
  static const char *const text[] = { NULL, "b" };
  int *step = (int *)cursor;
  (void)why;
  dfq_page_rows(NULL, 1);
  dfq_page_column(NULL, 0, DFQ_STR, text, NULL);
  dfq_page_texts(NULL, 0, text, NULL);
  dfq_page_row(NULL, NULL);
  CHECK(!dfq_page_wants(NULL, 0));
#ifndef DFQ_NO_ARROW
  dfq_page_arrow(NULL, NULL, NULL);
  if (*step == 0) dfq_page_arrow(page, NULL, NULL);
#endif
  if (*step == 0) return 1;
  if (*step > 1) return 0;
  *step = 2;
  dfq_page_rows(page, 2);
  dfq_page_texts(page, 0, text, NULL);
  return 1;
}

static void words_close(void *cursor) { (void)cursor; }

TEST(words_null_pages_and_results) {
  static const dfq_type args[] = { DFQ_STR };
  dfq *db = dfq_open(NULL);
  dfq_field field;
  dfq_function f;
  dfq_source source;
  int step = 0;
  memset(&field, 0, sizeof field);
  memset(&f, 0, sizeof f);
  memset(&source, 0, sizeof source);
  CHECK(!dfq_keep(NULL, 8));
  f.name = "words_of";
  f.args = args;
  f.arg_count = 1;
  f.result = DFQ_STR;
  f.flags = DFQ_SEES_NULL;
  f.row = words_row;
  f.batch = words_batch;
  CHECK(dfq_define_scalar(db, &f));
  field.name = "s";
  field.type = DFQ_STR;
  source.size = sizeof source;
  source.name = "words";
  source.fields = &field;
  source.count = 1;
  source.user = &step;
  source.open = words_open;
  source.next = words_next;
  source.close = words_close;
#ifndef DFQ_NO_ARROW
  CHECK(dfq_count(dfq_scan_source(db, &source)) < 0);
  CHECK_HAS(dfq_error(db), "its schema or array is NULL");
#endif
  step = 1;
  CHECK_INT(dfq_count(dfq_filter(dfq_scan_source(db, &source), "s is null")), 1);
  step = 1;
  CHECK_INT(dfq_count(dfq_filter(dfq_scan_source(db, &source), "words_of(s) is null")), 1);
  dfq_close(db);
}

// ---- keys of two types ----------------------------------------------------------------------

// The hint, followed to the letter, loses nothing: what is cast is the side that fits.
TEST(words_keys_of_two_types) {
  static const char *const at[][2] = {
    { "a | join b on k", "on the left side, before this, with cast(k as f64) as k" },
    { "b | join a on k", "on the right side, before this, with cast(k as f64) as k" },
    { "b | join a on k = n", "on the right side, before this, with cast(n as f64) as n" },
    { "a | join a on k = s", "on the left side, before this, with cast(k as str) as k" },
    { "a | join a on s = k", "on the right side, before this, with cast(k as str) as k" },
    { "a | filter_in k in (b | select k)", "on the left side, before this, with cast(k as" },
    { "b | update (a | select k) on k", "on the right side, before this, with cast(k as f64)" },
  };
  dfq *db = dfq_open(NULL);
  int64_t k[] = { 1, 2 };
  double f[] = { 1.5, 2 };
  const char *s[] = { "1", "2" };
  dfq_column a[] = { { "k", DFQ_I64, k, NULL }, { "n", DFQ_I64, k, NULL },
                     { "s", DFQ_STR, s, NULL } };
  dfq_column b[] = { { "k", DFQ_F64, f, NULL } };
  dfq_table *ta = dfq_table_new(db, a, 3, 2), *tb = dfq_table_new(db, b, 1, 2);
  CHECK(dfq_register(db, "a", dfq_scan_table(db, ta)));
  CHECK(dfq_register(db, "b", dfq_scan_table(db, tb)));
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    const char *error = dfq_frame_error(dfq_query(db, at[i][0]));
    CHECK_HAS(error, at[i][1]);
  }
  CHECK_INT(dfq_count(dfq_query(db, "b | join (a | with cast(k as f64) as k) on k")), 1);
  dfq_table_free(ta);
  dfq_table_free(tb);
  dfq_close(db);
}

// ---- words and signs of other languages -----------------------------------------------------

static const char *const words_wrong[][2] = {
  { "a | filter k & 1 = 1", "write and, or bit_and(a, b) for bits" },
  { "a | filter k && k", "write and, or bit_and" },
  { "a | group k: sum(n & 1)", "write and, or bit_and" },
  { "a | with 'a' || 'b' as c", "concat(a, b) for texts" },
  { "a | filter k ^ 1 = 1", "no such sign in an expression: ^" },
  { "a | group k: sum(sum(n))", "sum is an aggregate: they do not nest" },
  { "a | group sum(n): count()", "are no keys" },
  { "a | Filter k = 1", "did you mean filter?" },
  { "a | Limit 1", "did you mean limit?" },
  { "a | wirte x.csv", "did you mean write?" },
  { "a | rename k as n", "two columns are called n; rename the other, too, or drop it before" },
  { "a | filter k = $low", "--param low=..." },
};

TEST(words_of_other_languages) {
  dfq *db = dfq_open(NULL);
  int64_t k[] = { 1, 2 };
  dfq_column a[] = { { "k", DFQ_I64, k, NULL }, { "n", DFQ_I64, k, NULL } };
  dfq_table *t = dfq_table_new(db, a, 2, 2);
  CHECK(dfq_register(db, "a", dfq_scan_table(db, t)));
  for (size_t i = 0; i < sizeof words_wrong / sizeof *words_wrong; i++) {
    const char *error = dfq_frame_error(dfq_query(db, words_wrong[i][0]));
    CHECK_HAS(error, words_wrong[i][1]);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// ---- many columns ---------------------------------------------------------------------------

// A condition over all columns is one of parts, which is not as deep as it is long.
TEST(words_recipes_over_many_columns) {
  enum { COLUMNS = 1200 };
  static char name[COLUMNS][16];
  static dfq_column column[COLUMNS];
  static double x[] = { 1, (double)NAN, 3 };
  static uint8_t valid[] = { 0, 1, 1 };
  dfq *db = dfq_open(NULL);
  for (int c = 0; c < COLUMNS; c++) {
    dfq_column one = { name[c], DFQ_F64, x, c % 100 ? NULL : valid };
    snprintf(name[c], sizeof name[c], "c%d", c);
    column[c] = one;
  }
  dfq_table *t = dfq_table_new(db, column, COLUMNS, 3);
  dfq_frame *f = dfq_scan_table(db, t);
  CHECK_INT(dfq_count(dfq_drop_nulls(f, NULL)), 2);
  CHECK_INT(dfq_count(dfq_drop_nans(f, NULL)), 2);
  CHECK_INT(dfq_count(dfq_drop_nans(dfq_drop_nulls(f, NULL), NULL)), 1);
  CHECK_INT(dfq_count(dfq_fill_null(f, "0.0")), 3);
  CHECK_STR(dfq_error(db), "");
  dfq_table_free(t);
  dfq_close(db);
}

// ---- a budget -------------------------------------------------------------------------------

// What is out of a budget says how large it is, and what would have been in use.
TEST(words_out_of_budget) {
  dfq_options o;
  memset(&o, 0, sizeof o);
  o.budget = 200000;
  dfq *db = dfq_open(&o);
  static int64_t k[100000];
  dfq_column a = { "k", DFQ_I64, k, NULL };
  for (size_t i = 0; i < 100000; i++) k[i] = (int64_t)(i * UINT64_C(0x9e3779b97f4a7c15));
  CHECK(!dfq_table_new(db, &a, 1, 100000));
  CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
  CHECK_HAS(dfq_error(db), "out of memory: options.budget is 200000 bytes, and ");
  CHECK_HAS(dfq_error(db), "would have been in use\n  try: a larger budget");
  dfq_table *t = dfq_table_new(db, &a, 1, 3);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  CHECK_HAS(dfq_frame_error(dfq_filter_expr(f, NULL)), "out of memory");   // it made the NULL
  dfq_clear_error(db);
  CHECK_HAS(dfq_frame_error(dfq_filter_expr(f, NULL)), "item 1 is NULL");
  dfq_close(db);
}

static void run_ch6_words(void) {
  RUN(words_out_of_budget);
  RUN(words_of_other_languages);
  RUN(words_recipes_over_many_columns);
  RUN(words_keys_of_two_types);
  RUN(words_null_values_and_expressions);
  RUN(words_null_frames_and_results);
  RUN(words_null_without_a_context);
  RUN(words_null_pages_and_results);
}
