// ch3_user.c - functions and aggregates that a program defines, and rows that are its structs.
// Every function here that claims to be pure is run in both engines, through both of its forms,
// by dfq_check_equivalent.

// ---- some functions -------------------------------------------------------------------------

static const char *user_half(void *user, const dfq_value *a, int n, dfq_memory *m,
                             dfq_value *to) {
  (void)user; (void)n; (void)m;
  *to = a[0];
  to->as.f = a[0].as.f / 2;
  return NULL;
}

static bool user_half_batch(void *user, const dfq_array *a, int n, size_t rows,
                            dfq_result *to) {
  const double *x = (const double *)a[0].data;
  double *r = (double *)to->data;
  (void)user; (void)n;
  for (size_t i = 0; i < rows; i++) r[i] = x[i] / 2;
  return true;
}

// The root of a number that is no square fails; user counts the calls.
static const char *user_root(void *user, const dfq_value *a, int n, dfq_memory *m,
                             dfq_value *to) {
  int64_t r = 0;
  (void)n; (void)m;
  if (user) ++*(int *)user;
  if (a[0].as.i < 0) return "is of a negative number";
  while (r * r < a[0].as.i) r++;
  if (r * r != a[0].as.i) return "is no integer";
  *to = a[0];
  to->as.i = r;
  return NULL;
}

// Says that it failed as soon as a batch has anything negative in it, under a null or not.
static bool user_root_batch(void *user, const dfq_array *a, int n, size_t rows,
                            dfq_result *to) {
  const int64_t *x = (const int64_t *)a[0].data;
  (void)user; (void)n;
  for (size_t i = 0; i < rows; i++) {
    int64_t r = 0;
    while (r * r < x[i]) r++;
    if (r * r != x[i]) return false;
    ((int64_t *)to->data)[i] = r;
  }
  return true;
}

// "a-b-c" of any number of texts; nulls are left out.
static const char *user_join(void *user, const dfq_value *a, int n, dfq_memory *m,
                             dfq_value *to) {
  size_t len = 0;
  (void)user;
  for (int i = 0; i < n; i++) len += a[i].len + 1u;
  char *s = (char *)dfq_keep(m, len);
  size_t at = 0;
  if (!s) return "no memory";
  for (int i = 0; i < n; i++) {
    if (a[i].type == DFQ_NULL) continue;
    if (at) s[at++] = '-';
    if (a[i].len) memcpy(s + at, a[i].as.s, a[i].len);
    at += a[i].len;
  }
  to->type = DFQ_STR;
  to->as.s = s;
  to->len = (uint32_t)at;
  return NULL;
}

static bool user_join_batch(void *user, const dfq_array *a, int n, size_t rows,
                            dfq_result *to) {
  char text[400];
  (void)user;
  for (size_t i = 0; i < rows; i++) {
    size_t at = 0, len;
    for (int k = 0; k < n; k++) {
      if (a[k].valid && !a[k].valid[i]) continue;
      const char *s = dfq_view_text((const dfq_view *)a[k].data + i, &len);
      if (at) text[at++] = '-';
      memcpy(text + at, s, len);
      at += len;
    }
    if (!dfq_result_str(to, i, text, at)) return false;
  }
  return true;
}

static const char *user_next(void *user, const dfq_value *a, int n, dfq_memory *m,
                             dfq_value *to) {
  (void)a; (void)n; (void)m;
  to->type = DFQ_I64;
  to->as.i = ++*(int64_t *)user;
  return NULL;
}

// What it returns is never what was declared.
static const char *user_liar(void *user, const dfq_value *a, int n, dfq_memory *m,
                             dfq_value *to) {
  (void)user; (void)a; (void)n; (void)m;
  to->type = DFQ_I64;
  return NULL;
}

// True as the number 7, in both forms; a null for 0.
static const char *user_odd(void *user, const dfq_value *a, int n, dfq_memory *m,
                            dfq_value *to) {
  (void)user; (void)n; (void)m;
  if (a[0].as.i == 0) return NULL;
  to->type = DFQ_BOOL;
  to->as.i = a[0].as.i % 2 ? 7 : 0;
  return NULL;
}

static bool user_odd_batch(void *user, const dfq_array *a, int n, size_t rows,
                           dfq_result *to) {
  (void)user; (void)n;
  for (size_t i = 0; i < rows; i++) {
    int64_t x = ((const int64_t *)a[0].data)[i];
    ((uint8_t *)to->data)[i] = x % 2 ? 7 : 0;
    to->valid[i] = x != 0 ? 9 : 0;
  }
  return true;
}

static const dfq_type user_f64[] = { DFQ_F64 }, user_i64[] = { DFQ_I64 };
static const dfq_type user_str[] = { DFQ_STR };

static dfq_function user_function(const char *name, const dfq_type *args, int count,
                                  dfq_type result, uint32_t flags) {
  dfq_function f;
  memset(&f, 0, sizeof f);
  f.name = name;
  f.args = args;
  f.arg_count = count;
  f.result = result;
  f.flags = flags;
  return f;
}

// A context with the functions above; counter: of root's calls, or NULL.
static dfq *user_open(int *counter) {
  static int64_t number;
  dfq *db = dfq_open(NULL);
  dfq_function f = user_function("half", user_f64, 1, DFQ_F64, 0);
  f.row = user_half;
  f.batch = user_half_batch;
  f.doc = "the half of a number";
  CHECK(dfq_define_scalar(db, &f));
  f = user_function("root", user_i64, 1, DFQ_I64, DFQ_MAY_FAIL);
  f.row = user_root;
  f.batch = counter ? NULL : user_root_batch;
  f.user = counter;
  CHECK(dfq_define_scalar(db, &f));
  f = user_function("joined", user_str, 1, DFQ_STR, DFQ_SEES_NULL | DFQ_VARIADIC);
  f.row = user_join;
  f.batch = user_join_batch;
  CHECK(dfq_define_scalar(db, &f));
  f = user_function("next_id", NULL, 0, DFQ_I64, DFQ_VOLATILE);
  f.row = user_next;
  f.user = &number;
  number = 0;
  CHECK(dfq_define_scalar(db, &f));
  f = user_function("liar", user_i64, 1, DFQ_STR, 0);
  f.row = user_liar;
  CHECK(dfq_define_scalar(db, &f));
  f = user_function("is_odd", user_i64, 1, DFQ_BOOL, 0);
  f.row = user_odd;
  f.batch = user_odd_batch;
  CHECK(dfq_define_scalar(db, &f));
  return db;
}

// id 1 .. n, x a float or null, k 0 .. 6, s a text, short, long or null.
static dfq_frame *user_frame(dfq *db, int n) {
  dfq_field field[] = { { "id", DFQ_I64, NULL }, { "x", DFQ_F64, NULL }, { "k", DFQ_I64, NULL },
                        { "s", DFQ_STR, NULL } };
  dfq_value *cell = (dfq_value *)calloc((size_t)n * 4 + 1, sizeof *cell);
  for (int i = 0; i < n; i++) {
    dfq_value *v = cell + 4 * i;
    v[0] = ch2_int(DFQ_I64, i + 1);
    if (i % 5 != 3) v[1] = ch2_float(i * 0.75 - 3);
    if (i % 7 != 2) v[2] = ch2_int(DFQ_I64, (i * 31) % 7);
    if (i % 4) v[3] = ch2_string(i % 4 == 2 ? "a text that is long enough" : "short");
  }
  dfq_table *t = dfq_table_from_rows(db, field, 4, cell, (size_t)n);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  free(cell);
  return f;
}

static bool user_explains(dfq_frame *f, const char *piece) {
  FILE *out = tmpfile();
  bool ok = CHECK(dfq_explain(f, out));
  char *text = test_text(out);
  ok = CHECK_HAS(text, piece) && ok;
  free(text);
  return ok;
}

// ---- scalar functions -----------------------------------------------------------------------

static bool user_shows(dfq *db, const char *text, const char *want) {
  dfq_expr *e = dfq_parse(db, text);
  dfq_value v;
  char got[200] = "null";
  if (*want == '!') {
    bool failed = !dfq_expr_eval(e, &ch2_schema, ch2_row(), &v);
    return CHECK(failed) && CHECK_HAS(dfq_error(db), want + 1);
  }
  if (!CHECK(dfq_expr_eval(e, &ch2_schema, ch2_row(), &v))) return CHECK_STR(dfq_error(db), "");
  dfq_expr *literal = dfq_literal(db, &v);
  snprintf(got, sizeof got, "%s", dfq_expr_text(literal));
  return CHECK_STR(got, want) && CHECK(dfq_expr_equal(dfq_parse(db, dfq_expr_text(e)), e));
}

TEST(user_values) {
  dfq *db = user_open(NULL);
  user_shows(db, "half(f)", "1.25");
  user_shows(db, "half(i)", "5.0");                // widened
  user_shows(db, "half(fn)", "null");
  user_shows(db, "half(null)", "null");
  user_shows(db, "half(nan)", "f64 'nan'");
  user_shows(db, "half(half(10)) + 1", "3.5");
  user_shows(db, "root(i3 + 9)", "4");
  user_shows(db, "root(i)", "!root(i) is no integer, in row 1 (i = 10)");
  user_shows(db, "root(-i)", "!root(-i) is of a negative number");
  user_shows(db, "no and root(i) = 1", "false");
  user_shows(db, "joined(s, sn, 'x', empty)", "'h\xc3\xa9llo-x-'");
  user_shows(db, "joined(null)", "''");
  user_shows(db, "is_odd(i3)", "true");
  user_shows(db, "is_odd(i3) = true", "true");     // a 7 would be neither
  user_shows(db, "is_odd(z)", "null");
  user_shows(db, "liar(i)", "!liar(i) gave i64, and was defined to give str");
  user_shows(db, "half(s)", "!half takes (f64), not (str)");
  user_shows(db, "joined(s, 1)", "!joined takes (str, ...), not (str, i64)");
  user_shows(db, "half(1, 2)", "!half does not take 2 arguments");
  user_shows(db, "joined()", "!joined does not take 0 arguments");
  user_shows(db, "hal(1)", "!no function hal; did you mean half?");
  user_shows(db, "next_id() between 0 and 9", "!would call a volatile function twice");
  user_shows(db, "coalesce(next_id(), 1)", "!would call a volatile function twice");
  user_shows(db, "null_if(next_id(), 1)", "!would call a volatile function twice");
  user_shows(db, "case next_id() when 1 then 2 end", "!would call a volatile function twice");
  dfq_expr *x = dfq_col(db, "f");
  CHECK_STR(dfq_expr_text(dfq_call(db, "half", &x, 1)), "half(f)");
  CHECK_INT(dfq_expr_kind_of(dfq_call(db, "half", &x, 0)), DFQ_FAILED);
  CHECK_STR(dfq_expr_name(dfq_call(db, "half", &x, 1)), "half");
  CHECK(!dfq_expr_equal(dfq_parse(db, "half(f)"), dfq_parse(db, "root(f)")));
  dfq_close(db);
}

TEST(user_definitions) {
  dfq *db = user_open(NULL);
  dfq_type list = dfq_list_of(DFQ_I64), i32 = DFQ_I32;
  struct { const char *name; const dfq_type *arg; int count; dfq_type result; uint32_t flags;
           const char *why; } cases[] = {
    { "sum", user_f64, 1, DFQ_F64, 0, "dfq has a function of that name" },
    { "upper", user_f64, 1, DFQ_F64, 0, "dfq has a function of that name" },
    { "coalesce", user_f64, 1, DFQ_F64, 0, "dfq has a function of that name" },
    { "cast", user_f64, 1, DFQ_F64, 0, "dfq has a function of that name" },
    { "cols", user_f64, 1, DFQ_F64, 0, "dfq has a function of that name" },
    { "i64", user_f64, 1, DFQ_F64, 0, "dfq has a function of that name" },
    { "half", user_f64, 1, DFQ_F64, 0, "is defined already" },
    { "a b", user_f64, 1, DFQ_F64, 0, "letters, digits and _" },
    { "9a", user_f64, 1, DFQ_F64, 0, "letters, digits and _" },
    { "", user_f64, 1, DFQ_F64, 0, "letters, digits and _" },
    { NULL, user_f64, 1, DFQ_F64, 0, "(no name)" },
    { "and", user_f64, 1, DFQ_F64, 0, "no word of the language" },
    { "f1", &list, 1, DFQ_F64, 0, "an argument is list(i64)" },
    { "f1", &i32, 1, DFQ_F64, 0, "an argument is i32; bool, i64" },
    { "f1", user_f64, 1, DFQ_NULL, 0, "the result is null" },
    { "f1", user_f64, 1, DFQ_DAYS, 0, "the result is days" },
    { "f1", user_f64, 99, DFQ_F64, 0, "takes 99 arguments; from 0 to 16" },
    { "f1", NULL, 0, DFQ_F64, DFQ_VARIADIC, "takes 0 arguments; from 1 to 16" },
  };
  for (size_t i = 0; i < CH2_COUNT(cases); i++) {
    dfq_function f = user_function(cases[i].name, cases[i].arg, cases[i].count, cases[i].result,
                                   cases[i].flags);
    f.row = user_half;
    CHECK(!dfq_define_scalar(db, &f));
    if (!CHECK_HAS(dfq_error(db), cases[i].why)) printf("    case %zu\n", i);
  }
  dfq_function f = user_function("f1", user_f64, 1, DFQ_F64, 0);
  f.batch = user_half_batch;
  CHECK(!dfq_define_scalar(db, &f));
  CHECK_HAS(dfq_error(db), "f1: has no row function");
  CHECK(!dfq_define_scalar(db, NULL) && !dfq_define_scalar(NULL, &f));
  dfq_function_info info;
  int i = 0, found = 0;
  for (; dfq_function_at(db, i, &info); i++)
    if (strcmp(info.name, "half") == 0) {
      found++;
      CHECK_STR(info.signatures, "half(f64) -> f64");
      CHECK_STR(info.doc, "the half of a number");
      CHECK_STR(info.group, "Defined by the program");
    }
  CHECK_INT(found, 1);
  dfq_close(db);
}

TEST(user_plans) {
  dfq *db = user_open(NULL);
  dfq_frame *f = user_frame(db, 100);
  static const char *const items[] = {
    "half(x) as h, root(id * id) as r, joined(s, 'x', s) as j, is_odd(k) as o",
    "joined(s) as a, half(2) as b, joined('constant text, rather long', s) as c",
    "case when k > 3 then half(x) else x end as h", "half(x) > 1 and is_odd(id) as b",
  };
  for (size_t i = 0; i < CH2_COUNT(items); i++) {
    dfq_frame *q = dfq_select(f, items[i]);
    if (!CHECK(dfq_check_equivalent(q, NULL))) printf("    %s\n%s\n", items[i], dfq_error(db));
  }
  dfq_frame *q = dfq_filter(dfq_with_columns(f, "half(x) as h"), "h > 1 and is_odd(k)");
  CHECK(dfq_check_equivalent(q, NULL));
  user_explains(q, "half(x)");
  q = dfq_group_by(f, "is_odd(k) as o", "sum(half(x)) as s, count() as n, max(joined(s)) as j");
  CHECK(dfq_check_equivalent(q, NULL));
  CHECK_HAS(dfq_pipeline_text(q), "group is_odd(k) as o: sum(half(x)) as s");
  CHECK(dfq_check_equivalent(dfq_sort(f, "joined(s) desc, half(id)"), NULL));
  CHECK(dfq_check_equivalent(dfq_with_columns(f, "sum(half(x)) over (partition by k) as w"),
                             NULL));
  CHECK(dfq_check_equivalent(dfq_select(f, "joined(cols(str), 'y') as j"), NULL));
  CHECK(dfq_check_equivalent(dfq_select(f, "half(cols(i64))"), NULL));
  CHECK(dfq_check_equivalent(dfq_select(f, "root(id - 2) as r"), NULL));   // fails in row 1
  CHECK(dfq_frame_error(dfq_select(f, "half(s)")) != NULL);
  dfq_close(db);
}

// A fallible function does not meet rows that a filter was to drop, and its error has its row.
TEST(user_failures) {
  int calls = 0;
  dfq *db = user_open(&calls);
  dfq_frame *f = user_frame(db, 60);
  dfq_frame *q = dfq_filter(dfq_filter(f, "k = 4"), "root(k) = 2");
  dfq_table *t = dfq_collect(q);
  CHECK(t != NULL && dfq_table_rows(t) > 0);
  CHECK(dfq_check_equivalent(q, NULL));
  dfq_table_free(t);
  q = dfq_select(f, "id, root(id) as r");
  CHECK(dfq_collect(q) == NULL);
  CHECK_HAS(dfq_error(db), "root(id) is no integer, in row 2 (id = 2)");
  CHECK(dfq_check_equivalent(q, NULL));
  t = dfq_collect(dfq_limit(q, 1));
  CHECK_INT(dfq_table_rows(t), 1);
  dfq_table_free(t);
  q = dfq_filter(f, "id in (1, 4, 9) and root(id) > 1");
  CHECK(dfq_check_equivalent(q, NULL));
  calls = 0;   // a constant call is folded, not repeated for each row
  t = dfq_collect(dfq_select(f, "root(16) as r"));
  CHECK_INT(dfq_table_i64(t, 59, 0), 4);
  CHECK(calls < 5);
  dfq_table_free(t);
  calls = 0;   // one that fails is left alone until a row meets it
  t = dfq_collect(dfq_filter(f, "id < 0 and root(3) = 1"));
  CHECK_INT(dfq_table_rows(t), 0);
  CHECK(calls < 5);
  dfq_table_free(t);
  dfq_close(db);
}

// A volatile call is computed once for each row, where it was written.
TEST(user_volatile) {
  dfq *db = user_open(NULL);
  dfq_frame *f = user_frame(db, 50);
  dfq_frame *q = dfq_filter(dfq_with_columns(f, "next_id() as n"), "n > 10 and n <= 20");
  dfq_table *t = dfq_collect(q);
  CHECK_INT(dfq_table_rows(t), 10);
  for (size_t i = 0; i < 10; i++)
    CHECK_INT(dfq_table_i64(t, i, 4), dfq_table_i64(t, i, 0));
  dfq_table_free(t);
  user_explains(dfq_filter(dfq_sort(f, "id"), "next_id() > 0"),
                "calls a volatile function, which stays in its place");
  t = dfq_collect(dfq_select(f, "next_id() as a, next_id() as b"));
  CHECK(dfq_table_i64(t, 0, 0) != dfq_table_i64(t, 0, 1));
  dfq_table_free(t);
  q = dfq_select(dfq_select(f, "next_id() as a"), "a - a as zero");
  t = dfq_collect(q);
  for (size_t i = 0; i < 50; i++) CHECK_INT(dfq_table_i64(t, i, 0), 0);
  dfq_table_free(t);
  q = dfq_group_by(f, "", "sum(next_id()) - sum(next_id()) as d");
  t = dfq_collect(q);
  CHECK(dfq_table_i64(t, 0, 0) != 0);
  dfq_table_free(t);
  dfq_close(db);
}

// Every allocation fails once.
TEST(user_no_memory) {
  for (int n = 0; n < 260; n++) {
    int left = n;
    dfq_options o;
    memset(&o, 0, sizeof o);
    o.realloc = sel_scarce;
    o.realloc_user = &left;
    dfq *db = dfq_open(&o);
    if (!db) continue;
    dfq_function f = user_function("joined", user_str, 1, DFQ_STR, DFQ_VARIADIC);
    f.row = user_join;
    f.batch = n % 2 ? user_join_batch : NULL;
    if (dfq_define_scalar(db, &f)) {
      left = 100000;
      dfq_frame *q = user_frame(db, 10);
      left = n;
      dfq_table *t = dfq_collect(dfq_select(q, "joined('long enough to be kept', s) as j"));
      if (!t) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
      dfq_table_free(t);
    } else CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_close(db);
  }
}

static void run_ch3_user(void) {
  RUN(user_values);
  RUN(user_definitions);
  RUN(user_plans);
  RUN(user_failures);
  RUN(user_volatile);
  RUN(user_no_memory);
}
