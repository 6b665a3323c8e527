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
  if (user) dfq__add_fetch((size_t *)user, 1);   // from any thread
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
static dfq *user_open(size_t *counter) {
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
  CHECK_SAME(q);
  user_explains(q, "half(x)");
  q = dfq_group_by(f, "is_odd(k) as o", "sum(half(x)) as s, count() as n, max(joined(s)) as j");
  CHECK_SAME(q);
  CHECK_HAS(dfq_pipeline_text(q), "group is_odd(k) as o: sum(half(x)) as s");
  CHECK_SAME(dfq_sort(f, "joined(s) desc, half(id)"));
  CHECK(dfq_check_equivalent(dfq_with_columns(f, "sum(half(x)) over (partition by k) as w"),
                             NULL));
  CHECK_SAME(dfq_select(f, "joined(cols(str), 'y') as j"));
  CHECK_SAME(dfq_select(f, "half(cols(i64))"));
  CHECK(dfq_check_equivalent(dfq_select(f, "root(id - 2) as r"), NULL));   // fails in row 1
  CHECK(dfq_frame_error(dfq_select(f, "half(s)")) != NULL);
  dfq_close(db);
}

// A fallible function does not meet rows that a filter was to drop, and its error has its row.
TEST(user_failures) {
  size_t calls = 0;
  dfq *db = user_open(&calls);
  dfq_frame *f = user_frame(db, 60);
  dfq_frame *q = dfq_filter(dfq_filter(f, "k = 4"), "root(k) = 2");
  dfq_table *t = dfq_collect(q);
  CHECK(t != NULL && dfq_table_rows(t) > 0);
  CHECK_SAME(q);
  dfq_table_free(t);
  q = dfq_select(f, "id, root(id) as r");
  CHECK(dfq_collect(q) == NULL);
  CHECK_HAS(dfq_error(db), "root(id) is no integer, in row 2 (id = 2)");
  CHECK_SAME(q);
  t = dfq_collect(dfq_limit(q, 1));
  CHECK_INT(dfq_table_rows(t), 1);
  dfq_table_free(t);
  q = dfq_filter(f, "id in (1, 4, 9) and root(id) > 1");
  CHECK_SAME(q);
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

// ---- aggregates -----------------------------------------------------------------------------

typedef struct user_mean { double sum, weight; int64_t rows; } user_mean;

static const char *user_mean_update(void *user, void *state, const dfq_value *a,
                                    dfq_memory *m) {
  user_mean *s = (user_mean *)state;
  (void)user; (void)m;
  s->sum += a[0].as.f * a[1].as.f;
  s->weight += a[1].as.f;
  s->rows++;
  return a[1].as.f < 0 ? "has a negative weight" : NULL;
}

static const char *user_mean_finish(void *user, void *state, dfq_memory *m, dfq_value *to) {
  user_mean *s = (user_mean *)state;
  (void)user; (void)m;
  if (s->weight == 0) return NULL;
  to->type = DFQ_F64;
  to->as.f = s->sum / s->weight;
  return NULL;
}

// The texts with their places: "1:a 2:- 3:b"; depends on the order, and sees nulls.
typedef struct user_trace { char *text; size_t len, room; int rows; } user_trace;

static void user_trace_init(void *user, void *state) {
  (void)user;
  ((user_trace *)state)->rows = 1;
}

static const char *user_trace_update(void *user, void *state, const dfq_value *a,
                                     dfq_memory *m) {
  user_trace *s = (user_trace *)state;
  size_t n = a[0].type == DFQ_NULL ? 1 : a[0].len;
  (void)user;
  if (s->len + n + 20 > s->room) {
    char *more = (char *)dfq_keep(m, 2 * s->room + n + 40);
    if (!more) return "no memory";
    if (s->len) memcpy(more, s->text, s->len);
    s->text = more;
    s->room = 2 * s->room + n + 40;
  }
  s->len += (size_t)sprintf(s->text + s->len, "%s%d:", s->len ? " " : "", s->rows++);
  memcpy(s->text + s->len, a[0].type == DFQ_NULL ? "-" : a[0].as.s, n);
  s->len += n;
  return NULL;
}

static const char *user_trace_finish(void *user, void *state, dfq_memory *m, dfq_value *to) {
  user_trace *s = (user_trace *)state;
  (void)user; (void)m;
  to->type = DFQ_STR;
  to->as.s = s->text;
  to->len = (uint32_t)s->len;
  return NULL;
}

static const dfq_type user_two[] = { DFQ_F64, DFQ_F64 };

static dfq *user_open_aggregates(void) {
  dfq *db = user_open(NULL);
  dfq_aggregator a;
  memset(&a, 0, sizeof a);
  a.name = "weighted";
  a.args = user_two;
  a.arg_count = 2;
  a.result = DFQ_F64;
  a.state_size = sizeof(user_mean);
  a.update = user_mean_update;
  a.finish = user_mean_finish;
  a.flags = DFQ_MAY_FAIL;
  a.doc = "the mean of the first, weighted by the second";
  CHECK(dfq_define_aggregate(db, &a));
  CHECK(!dfq_define_aggregate(db, &a));
  CHECK_HAS(dfq_error(db), "weighted: is defined already");
  a.name = "trace";
  a.args = user_str;
  a.arg_count = 1;
  a.result = DFQ_STR;
  a.state_size = sizeof(user_trace);
  a.init = user_trace_init;
  a.update = user_trace_update;
  a.finish = user_trace_finish;
  a.flags = DFQ_SEES_NULL;
  CHECK(dfq_define_aggregate(db, &a));
  a.name = "broken";
  a.finish = NULL;
  CHECK(!dfq_define_aggregate(db, &a));
  CHECK_HAS(dfq_error(db), "needs update, finish and an argument");
  dfq_clear_error(db);
  return db;
}

TEST(user_aggregates) {
  dfq *db = user_open_aggregates();
  dfq_frame *f = user_frame(db, 100);
  struct { const char *keys, *items, *text; } cases[] = {
    { "k", "weighted(x, id) as w, trace(s) as t, count() as n",
      "group k: weighted(x, id) as w, trace(s) as t, count() as n" },
    { "", "weighted(x, id) as w, trace(s)", "group: weighted(x, id) as w, trace(s)" },
    { "is_odd(id) as o", "half(weighted(x, 2)) + sum(x) as w",
      "group is_odd(id) as o: half(weighted(x, 2)) + sum(x) as w" },
    { "k", "trace(s) filter (where id > 50) as t, weighted(x, id) filter (where x > 0) as w",
      "trace(s) filter (where id > 50) as t, weighted(x, id) filter (where x > 0) as w" },
  };
  for (size_t i = 0; i < CH2_COUNT(cases); i++) {
    dfq_frame *q = dfq_group_by(f, cases[i].keys, cases[i].items);
    CHECK_HAS(dfq_pipeline_text(q), cases[i].text);
    if (!CHECK(dfq_check_equivalent(q, NULL))) printf("    %s\n", dfq_error(db));
  }
  static const char *const windows[] = {
    "trace(s) over (partition by k order by id rows between 2 preceding and current row) as t",
    "weighted(x, id) over (partition by k) as w", "trace(s) over () as t",
    "weighted(x, id) filter (where x > 0) over (order by id) as w",
  };
  for (size_t i = 0; i < CH2_COUNT(windows); i++) {
    dfq_frame *q = dfq_with_columns(f, windows[i]);
    if (!CHECK(dfq_check_equivalent(q, NULL))) printf("    %s\n", dfq_error(db));
    CHECK_HAS(dfq_pipeline_text(q), windows[i]);
  }
  dfq_table *t = dfq_collect(dfq_group_by(dfq_limit(f, 4), "", "trace(s) as t"));
  size_t len;
  const char *text = dfq_table_str(t, 0, 0, &len);
  static const char want[] = "1:- 2:short 3:a text that is long enough 4:short";
  CHECK(t && len == strlen(want) && memcmp(text, want, len) == 0);
  dfq_table_free(t);
  t = dfq_collect(dfq_group_by(dfq_filter(f, "id < 0"), "", "weighted(x, id) as w"));
  CHECK(dfq_table_rows(t) == 1 && dfq_table_is_null(t, 0, 0));
  dfq_table_free(t);
  user_explains(dfq_group_by(f, "k", "weighted(x, id) as w"), "weighted(x, id)");
  dfq_close(db);
}

TEST(user_aggregates_refused) {
  dfq *db = user_open_aggregates();
  dfq_frame *f = user_frame(db, 30);
  CHECK(dfq_frame_error(dfq_group_by(f, "k", "weighted(s, id)")) != NULL);
  CHECK_HAS(dfq_error(db), "argument 1 of weighted is f64, not str");
  CHECK(dfq_frame_error(dfq_group_by(f, "k", "weighted(x)")) != NULL);
  CHECK_HAS(dfq_error(db), "weighted does not take 1 argument");
  CHECK(dfq_frame_error(dfq_select(f, "weighted(x, id)")) != NULL);
  CHECK_HAS(dfq_error(db), "weighted is an aggregate: it belongs into group");
  CHECK(dfq_frame_error(dfq_group_by(f, "k", "weighted(sum(x), id)")) != NULL);
  dfq_frame *q = dfq_group_by(f, "k", "weighted(x, 10 - id) as w");
  CHECK(dfq_collect(q) == NULL);
  CHECK_HAS(dfq_error(db), "has a negative weight");
  CHECK_SAME(q);
  dfq_expr *args[] = { dfq_col(db, "x"), dfq_col(db, "id") };
  dfq_expr *e = dfq_call(db, "weighted", args, 2);
  CHECK_STR(dfq_expr_text(e), "weighted(x, id)");
  CHECK(dfq_expr_equal(e, dfq_parse(db, "weighted(x, id)")));
  dfq_window w;
  memset(&w, 0, sizeof w);
  w.partition_by = args + 1;
  w.partition_count = 1;
  CHECK_HAS(dfq_expr_text(dfq_over(e, &w)), "weighted(x, id) over (partition by id");
  e = dfq_agg_filter(e, dfq_parse(db, "x > 1"));
  CHECK_STR(dfq_expr_text(e), "weighted(x, id) filter (where x > 1)");
  CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
  dfq_close(db);
}

// ---- typed rows -----------------------------------------------------------------------------

typedef struct user_order {
  int64_t id;
  double amount;
  bool no_amount;
  char region[8];
  const char *name;
  int16_t small;
  bool big;
} user_order;

static const dfq_member user_members[] = {
  DFQ_MEMBER(user_order, id, DFQ_I64), DFQ_NULLABLE(user_order, amount, DFQ_F64, no_amount),
  DFQ_MEMBER(user_order, region, DFQ_CHARS), DFQ_MEMBER(user_order, name, DFQ_STR),
  DFQ_MEMBER(user_order, small, DFQ_I16), DFQ_MEMBER(user_order, big, DFQ_BOOL)
};
enum { USER_MEMBERS = sizeof user_members / sizeof *user_members };

static dfq_frame *user_orders(dfq *db, const char *more) {
  char items[400];
  snprintf(items, sizeof items,
           "id, half(x) as amount, case when is_odd(id) then 'EU' else 'Asia' end as region, "
           "s as name, id %% 100 as small, id > 3 as big%s", more);
  return dfq_select(user_frame(db, 50), items);
}

TEST(user_structs_collect) {
  dfq *db = user_open(NULL);
  dfq_frame *f = user_orders(db, ", k as unused");
  dfq_binding *b = dfq_bind(f, user_members, USER_MEMBERS, sizeof(user_order));
  size_t n = 99;
  user_order *o = (user_order *)dfq_collect_structs(f, b, &n);
  CHECK_INT(n, 50);
  CHECK(o && o[0].id == 1 && o[0].amount == -1.5 && !o[0].no_amount && !o[0].name);
  if (o) {
    CHECK_STR(o[0].region, "EU");
    CHECK_STR(o[1].region, "Asia");
    CHECK_STR(o[1].name, "short");
    CHECK_STR(o[2].name, "a text that is long enough");
    CHECK(o[3].no_amount && o[3].amount == 0 && o[3].big && !o[2].big && o[49].small == 50);
  }
  dfq_structs *it = dfq_structs_open(f, b);
  user_order one;
  for (size_t i = 0; dfq_structs_next(it, &one); i++) {
    CHECK(one.id == o[i].id && one.no_amount == o[i].no_amount && one.small == o[i].small);
    CHECK_STR(one.name, o[i].name);
    CHECK_STR(one.region, o[i].region);
  }
  CHECK(!dfq_structs_failed(it));
  dfq_structs_close(it);
  dfq_close(db);
  CHECK_STR(o[1].name, "short");    // outlives the context
  dfq_free_structs(o);
  dfq_free_structs(NULL);
}

TEST(user_structs_scan) {
  dfq *db = user_open(NULL);
  user_order in[] = {
    { 7, 1.5, false, "EU", "ann", -3, true },
    { 8, 0, true, "", NULL, 9, false },
    { 9, 2.5, false, { 'f', 'u', 'l', 'l', ' ', 's', 'i', 'z' }, "", 1, true }
  };
  dfq_binding *b = dfq_bind_struct(db, user_members, USER_MEMBERS, sizeof(user_order));
  dfq_frame *f = dfq_scan_structs(db, "orders", in, 3, b);
  CHECK_INT(dfq_schema_of(f)->count, USER_MEMBERS);
  CHECK_INT(dfq_schema_of(f)->field[4].type, DFQ_I16);
  CHECK_SAME(dfq_select(f, "*, small + 1 as more, upper(name) as u"));
  dfq_frame *groups = dfq_group_by(f, "big", "sum(small) as s, max(region) as r");
  CHECK_SAME(groups);
  user_explains(f, "rows of orders");
  size_t n;
  user_order *o = (user_order *)dfq_collect_structs(dfq_limit(f, 2), b, &n);
  CHECK(n == 2 && o && o[0].id == 7 && o[0].small == -3 && o[1].no_amount && !o[1].name);
  if (o) CHECK_STR(o[0].name, "ann");
  dfq_free_structs(o);
  CHECK(dfq_collect_structs(f, b, &n) == NULL);   // the third's region has no zero
  CHECK_HAS(dfq_error(db), "row 3, column region: 'full siz' is too long for the member (str)");
  o = (user_order *)dfq_collect_structs(dfq_limit(f, 0), b, &n);
  CHECK(o != NULL && n == 0);
  dfq_free_structs(o);
  CHECK(dfq_frame_error(dfq_scan_structs(db, "x", NULL, 3, b)) != NULL);
  CHECK(dfq_frame_error(dfq_scan_structs(db, "x", in, 3, NULL)) != NULL);
  CHECK(dfq_frame_error(dfq_scan_structs(db, "x", NULL, 0, b)) == NULL);
  dfq_close(db);
}

typedef struct user_narrow {
  int8_t a; int16_t b; int32_t c; uint8_t d; uint16_t e; uint32_t f; uint64_t g; float h;
} user_narrow;

static const dfq_member user_narrow_members[] = {
  DFQ_MEMBER(user_narrow, a, DFQ_I8), DFQ_MEMBER(user_narrow, b, DFQ_I16),
  DFQ_MEMBER(user_narrow, c, DFQ_I32), DFQ_MEMBER(user_narrow, d, DFQ_U8),
  DFQ_MEMBER(user_narrow, e, DFQ_U16), DFQ_MEMBER(user_narrow, f, DFQ_U32),
  DFQ_MEMBER(user_narrow, g, DFQ_U64), DFQ_MEMBER(user_narrow, h, DFQ_F32)
};

// Every width, out of i64 and f64 columns, in at both ends and out one further.
TEST(user_structs_narrow) {
  dfq *db = dfq_open(NULL);
  user_narrow in[] = {
    { INT8_MIN, INT16_MIN, INT32_MIN, 0, 0, 0, 0, 0.5f },
    { INT8_MAX, INT16_MAX, INT32_MAX, UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX, -2.0f }
  };
  dfq_binding *b = dfq_bind_struct(db, user_narrow_members, 8, sizeof(user_narrow));
  dfq_frame *f = dfq_scan_structs(db, "narrow", in, 2, b);
  CHECK_SAME(f);
  size_t n;
  user_narrow *o = (user_narrow *)dfq_collect_structs(f, b, &n);
  CHECK(n == 2 && o);
  for (int i = 0; o && i < 2; i++)
    CHECK(o[i].a == in[i].a && o[i].b == in[i].b && o[i].c == in[i].c && o[i].d == in[i].d &&
          o[i].e == in[i].e && o[i].f == in[i].f && o[i].g == in[i].g && o[i].h == in[i].h);
  dfq_free_structs(o);
  dfq_frame *wide = dfq_select(dfq_limit(f, 1),
                               "a + 0 as a, b + 0 as b, c + 0 as c, d + 0 as d, e + 0 as e, "
                               "f + 0 as f, g + 0 as g, h + 0.0 as h");
  dfq_free_structs(dfq_collect_structs(wide, b, &n));
  CHECK_INT(n, 1);
  static const char *const bad[] = { "a - 1 as a", "b - 1 as b", "c - 1 as c", "d - 1 as d",
                                     "e - 1 as e", "f - 1 as f", "g - 1 as g",
                                     "h * 1e39 as h" };
  for (int i = 0; i < 8; i++) {
    CHECK(dfq_collect_structs(dfq_with_columns(wide, bad[i]), b, &n) == NULL);
    CHECK_HAS(dfq_error(db), "does not fit in the member");
  }
  dfq_close(db);
}

TEST(user_structs_refused) {
  dfq *db = user_open(NULL);
  dfq_frame *f = user_orders(db, "");
  dfq_member m[USER_MEMBERS];
#define USER_REFUSED(i, change, words)                                                         \
  memcpy(m, user_members, sizeof m);                                                           \
  m[i].change;                                                                                 \
  CHECK(dfq_bind(f, m, USER_MEMBERS, sizeof(user_order)) == NULL);                             \
  CHECK_HAS(dfq_error(db), words)
  USER_REFUSED(0, name = "idd", "no column idd; did you mean id?");
  USER_REFUSED(0, name = NULL, "member ? has no name");
  USER_REFUSED(0, name = "name", "member name stands twice");
  USER_REFUSED(0, type = DFQ_F64, "column id is i64, the struct's member is f64");
  USER_REFUSED(0, type = DFQ_I32, "member id has another size in the struct than its type");
  USER_REFUSED(0, type = DFQ_DAYS, "is of no type that structs hold");
  USER_REFUSED(0, offset = 4000, "stands outside of the struct");
  USER_REFUSED(2, name = "id", "");
  USER_REFUSED(3, name = "region", "stands twice");
#undef USER_REFUSED
  CHECK(dfq_bind(f, user_members, 0, sizeof(user_order)) == NULL);
  CHECK(dfq_bind(NULL, user_members, 1, sizeof(user_order)) == NULL);
  CHECK(dfq_bind(dfq_select(f, "nope"), user_members, 1, sizeof(user_order)) == NULL);
  size_t n;
  dfq_binding *b = dfq_bind(f, user_members, USER_MEMBERS, sizeof(user_order));
  CHECK(dfq_collect_structs(dfq_with_columns(f, "try_cast(name as i64) as id"), b, &n) == NULL);
  CHECK_HAS(dfq_error(db), "row 1, column id: it is null, and the member has no place for it");
  CHECK(dfq_collect_structs(dfq_with_columns(f, "id * 1000 as small"), b, &n) == NULL);
  CHECK_HAS(dfq_error(db), "row 33, column small: 33000 does not fit in the member (i16)");
  CHECK(dfq_collect_structs(dfq_select(f, "id"), b, &n) == NULL);
  CHECK_HAS(dfq_error(db), "no column amount");
  CHECK(dfq_collect_structs(dfq_select(f, "nope"), b, &n) == NULL);
  CHECK(dfq_collect_structs(f, NULL, &n) == NULL && dfq_collect_structs(NULL, b, &n) == NULL);
  dfq_structs *it = dfq_structs_open(dfq_with_columns(f, "id * 1000 as small"), b);
  user_order one;
  int rows = 0;
  while (dfq_structs_next(it, &one)) rows++;
  CHECK(rows == 32 && dfq_structs_failed(it));
  dfq_structs_close(it);
  dfq_structs_close(NULL);
  CHECK(!dfq_structs_next(NULL, &one));
  it = dfq_structs_open(f, b);
  CHECK(dfq_structs_next(it, &one));
  dfq_structs_close(it);   // early
  dfq_close(db);
}

TEST(user_structs_no_memory) {
  user_order in[40];
  memset(in, 0, sizeof in);
  for (int i = 0; i < 40; i++) in[i].name = "a text that does not fit into a view";
  for (int n = 0; n < 200; n++) {
    int left = n;
    dfq_options o;
    memset(&o, 0, sizeof o);
    o.realloc = sel_scarce;
    o.realloc_user = &left;
    dfq *db = dfq_open(&o);
    if (!db) continue;
    dfq_binding *b = dfq_bind_struct(db, user_members, USER_MEMBERS, sizeof(user_order));
    dfq_frame *f = dfq_scan_structs(db, "in", in, 40, b);
    size_t count;
    void *all = dfq_collect_structs(f, b, &count);
    user_order one;
    dfq_structs *it = dfq_structs_open(f, b);
    while (dfq_structs_next(it, &one)) continue;
    if (b && !dfq_frame_error(f) && (!all || dfq_structs_failed(it)))
      CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_structs_close(it);
    dfq_free_structs(all);
    dfq_close(db);
  }
}

static void run_ch3_user(void) {
  RUN(user_aggregates);
  RUN(user_aggregates_refused);
  RUN(user_structs_collect);
  RUN(user_structs_scan);
  RUN(user_structs_narrow);
  RUN(user_structs_refused);
  RUN(user_structs_no_memory);
  RUN(user_values);
  RUN(user_definitions);
  RUN(user_plans);
  RUN(user_failures);
  RUN(user_volatile);
  RUN(user_no_memory);
}
