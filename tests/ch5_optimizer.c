// ch5_optimizer.c - the rules, what they refuse and why, the journal, explain, equivalence.
// Each line of the legality table is here twice: applied, and refused with its reason.

// ---- tables from text -----------------------------------------------------------------------

// Cuts text at a separator: the piece before it, trimmed, into to. Returns what is behind it.
static const char *opt_cut(const char *text, char separator, char *to, size_t size) {
  size_t n = 0;
  while (*text == ' ') text++;
  for (; *text && *text != separator; text++)
    if (n + 1 < size) to[n++] = *text;
  while (n && to[n - 1] == ' ') n--;
  to[n] = 0;
  return *text ? text + 1 : text;
}

// A cell as the type asks for; - is null.
static dfq_value opt_cell(dfq_type type, const char *text, char *kept) {
  dfq_value v = dfq__value_null();
  if (strcmp(text, "-") == 0) return v;
  strcpy(kept, text);
  if (!dfq__read_value(type, kept, strlen(kept), &v)) test_fail("  no cell: %s\n", text);
  return v;
}

// A scan of a table: opt_scan(db, "a i64, s str", "1 x, 2 y, - z").
static dfq_frame *opt_scan(dfq *db, const char *columns, const char *rows) {
  enum { COLUMNS = 8, CELLS = 256 };
  static char names[COLUMNS][32], kept[CELLS][32];
  dfq_field field[COLUMNS];
  dfq_value cell[CELLS];
  char piece[256], word[32];
  int count = 0, n = 0;
  memset(field, 0, sizeof field);
  while (*columns && count < COLUMNS) {
    columns = opt_cut(columns, ',', piece, sizeof piece);
    const char *type = opt_cut(piece, ' ', names[count], sizeof names[0]);
    field[count].name = names[count];
    field[count].type = dfq__type_find(type, strlen(type), dfq__same_text);
    count++;
  }
  while (*rows) {
    rows = opt_cut(rows, ',', piece, sizeof piece);
    const char *at = piece;
    for (int c = 0; c < count && n < CELLS; c++, n++) {
      at = opt_cut(at, ' ', word, sizeof word);
      cell[n] = opt_cell(field[c].type, word, kept[n]);
    }
  }
  dfq_table *t = dfq_table_from_rows(db, field, count, cell, (size_t)(n / count));
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

static dfq_frame *opt_left(dfq *db) {
  return opt_scan(db, "id i64, a i64, f f64, s str",
                  "1 1 0.5 x, 2 2 -0.0 7, 3 - nan y, 4 4 0.0 -, 5 5 2.5 12, - 6 1.5 3, "
                  "2 0 0.0 8");
}

static dfq_frame *opt_right(dfq *db) {
  return opt_scan(db, "id i64, b i64, t str",
                  "1 10 p, 2 20 q, 2 21 r, 6 60 s, - 70 t, 4 - u, 3 30 7");
}

static dfq_frame *opt_join(dfq *db, dfq_join_type type) {
  return dfq_join(opt_left(db), opt_right(db), type == DFQ_CROSS ? NULL : "id", type);
}

// ---- what a frame's plan and journal say ----------------------------------------------------

// The optimized plan without its brackets, two blanks less on each line.
static const char *opt_plan_of(dfq_frame *f, dfq_explain_form form) {
  const char *from = dfq_explain_text(f, form);
  if (!from) return dfq_error(f->db);
  char *to = (char *)dfq__arena_alloc(&f->db->arena, strlen(from) + 1), *at = to;
  while (*from) {
    size_t n = strcspn(from, "\n");
    const char *bracket = strstr(from, "  [");
    size_t shown = bracket && (size_t)(bracket - from) < n ? (size_t)(bracket - from) : n;
    size_t skip = shown > 2 ? 2 : 0;
    memcpy(at, from + skip, shown - skip);
    at += shown - skip;
    *at++ = '\n';
    from += from[n] ? n + 1 : n;
  }
  *at = 0;
  return to;
}

static const char *opt_plan(dfq_frame *f) { return opt_plan_of(f, DFQ_EXPLAIN_OPTIMIZED); }

// Is there such a step? NULL matches anything; why is a piece of the reason.
static bool opt_has_step(dfq_frame *f, bool applied, const char *rule, const char *what,
                         const char *where, const char *why) {
  int count = 0;
  const dfq_step *s = dfq_journal(f, &count);
  for (int i = 0; i < count; i++) {
    if (s[i].applied != applied || strcmp(s[i].rule, rule) != 0) continue;
    if (what && strcmp(s[i].what, what) != 0) continue;
    if (where && strcmp(s[i].where, where) != 0) continue;
    if (!why || strstr(s[i].why, why)) return true;
  }
  return false;
}

static bool opt_step(const char *at, dfq_frame *f, bool applied, const char *rule,
                     const char *what, const char *where, const char *why) {
  if (opt_has_step(f, applied, rule, what, where, why)) return true;
  const char *journal = dfq_explain_text(f, DFQ_EXPLAIN_JOURNAL);
  return test_fail("  %s: no step %s %s %s %s: %s\n%s", at, rule, what ? what : "*",
                   where ? where : "*", applied ? "ok" : "REFUSED", why ? why : "*",
                   journal ? journal : dfq_error(f->db));
}
#define OPT_OK(f, rule, what, where, why) opt_step(TEST_AT, f, true, rule, what, where, why)
#define OPT_NO(f, rule, what, where, why) opt_step(TEST_AT, f, false, rule, what, where, why)

// All ways of running it give the same.
static bool opt_same(const char *at, dfq_frame *f) {
  if (dfq_check_equivalent(f, NULL)) return true;
  return test_fail("  %s: %s\n%s", at, dfq_error(f->db), opt_plan(f));
}
#define OPT_SAME(f) opt_same(TEST_AT, f)

static dfq_frame *opt_without(dfq_frame *f, dfq_rule rule) {
  dfq_run_options o;
  memset(&o, 0, sizeof o);
  o.rules_off = (uint32_t)1 << rule;
  return dfq_configure(f, &o);
}

// ---- names, split, fold ---------------------------------------------------------------------

TEST(opt_rule_names) {
  CHECK_STR(dfq_rule_name(DFQ_RULE_SPLIT), "split_and");
  CHECK_STR(dfq_rule_name(DFQ_RULE_SORTED), "use_order");
  CHECK_STR(dfq_rule_name(DFQ_RULE_COUNT), "?");
  for (int i = 0; i < DFQ_RULE_COUNT; i++)
    CHECK_INT(dfq_rule_find(dfq_rule_name((dfq_rule)i)), i);
  CHECK_INT(dfq_rule_find("nosuch"), -1);
  CHECK_INT(dfq_rule_find(NULL), -1);
}

TEST(opt_split_and) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(opt_left(db), "a > 1 and (s = 'x' or a = 2) and f < 9");
  OPT_OK(f, "split_and", "a > 1 and (s = 'x' or a = 2) and f < 9", "filter#2", "3 conjuncts");
  CHECK_STR(opt_plan(f), "filter#2 a > 1 and (s = 'x' or a = 2) and f < 9\n"
                         "  scan#1 table of 7 rows\n");
  OPT_SAME(f);
  CHECK(!opt_has_step(dfq_filter(opt_left(db), "a > 1 or f < 9"), true, "split_and", NULL, NULL,
                      NULL));
  dfq_close(db);
}

// Does the optimized projection's first item have the type that its column was promised?
static bool opt_keeps_type(dfq_frame *f) {
  dfq__run *run = dfq__run_open(f, true);
  if (!run) return false;
  const dfq__node *n = run->plan;
  dfq_type type = n->schema.field[0].type;
  if (n->kind == DFQ__PROJECT) (void)dfq_expr_type(n->expr[0], &n->in[0]->schema, &type);
  bool same = type == n->schema.field[0].type;
  dfq__run_close(run);
  return same;
}

// Constants and algebra; what must stay stays.
TEST(opt_fold_expressions) {
  static const char *const cases[][2] = {
    { "1 + 2 * 3", "7" },
    { "a + (1 + 2)", "a + 3" },
    { "a + 1 + 2", "a + 1 + 2" },
    { "9223372036854775807 + 1", "9223372036854775807 + 1" },      // would fail: stays
    { "cast('x' as i64)", "cast('x' as i64)" },
    { "try_cast('x' as i64)", "cast(null as i64)" },
    { "cast('12' as i64)", "12" },
    { "1 // 0", "cast(null as i64)" },
    { "1 / 0", "f64 'inf'" },
    { "cast(5 as i32)", "i32 '5'" },
    { "date '2024-01-31' + interval '1' month", "date '2024-02-29'" },
    { "true and a > 1", "a > 1" },
    { "a > 1 and true", "a > 1" },
    { "a > 1 and false", "false" },
    { "false or a > 1", "a > 1" },
    { "a > 1 or true", "true" },
    { "null and a > 1", "null and a > 1" },                          // false when a <= 1
    { "null or a > 1", "null or a > 1" },
    { "a = null", "cast(null as bool)" },
    { "a + null", "cast(null as i64)" },
    { "a is null", "a is null" },
    { "a in (1, null)", "a in (1, null)" },
    { "not not a > 1", "a > 1" },
    { "a = a", "a = a" },                                            // null where a is
    { "f = f", "f = f" },
    { "a - a", "a - a" },
    { "f * 0.0", "f * 0.0" },                                        // nan, -0.0
    { "cast(a as i64)", "a" },
    { "cast(a as f64)", "cast(a as f64)" },
    { "try_cast(s as str)", "s" },
    { "case when true then a else 7 end", "a" },
    { "case when true then a else 2.5 end", "cast(a as f64)" },      // the type stays
    { "case when false then a when null then 8 else 7 end", "7" },
    { "case when a > 1 then 1 when true then 2 when f > 1 then 3 end",
      "case when a > 1 then 1 else 2 end" },
    { "case when a > 1 then 1 when false then 2.5 end",
      "cast(case when a > 1 then 1 end as f64)" },
    { "coalesce(null, a)", "a" },
    { "case when a != 0 then 10 // a else 1 + 1 end",
     "case when a != 0 then 10 // a else 2 end" },
    { "cast(s as i64) > 0 and false", "false" },                     // an error may go
    { "s like 'x' or 1 > 2", "s like 'x'" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq *db = dfq_open(NULL);
    char item[160], want[200];
    (void)snprintf(item, sizeof item, "%s as x", cases[i][0]);
    dfq_frame *f = dfq_select(opt_left(db), item);
    const char *is = cases[i][1];
    bool same = strcmp(is, "a") == 0 || strcmp(is, "s") == 0;
    (void)snprintf(want, sizeof want, "select#2 %s as x\n  scan#1 table of 7 rows\n", is);
    if (CHECK(!dfq_frame_error(f)) && !same) CHECK_STR(opt_plan(f), want);
    CHECK_HAS(opt_plan(f), is);
    OPT_SAME(f);
    CHECK(opt_keeps_type(f));
    dfq_close(db);
  }
}

TEST(opt_fold_filters) {
  dfq *db = dfq_open(NULL);
  dfq_frame *yes = dfq_filter(opt_left(db), "1 < 2"), *no = dfq_filter(opt_left(db), "1 > 2");
  dfq_frame *null = dfq_filter(opt_left(db), "a = null"), *some;
  CHECK_STR(opt_plan(yes), "scan#1 table of 7 rows\n");
  OPT_OK(yes, "fold", "filter#2", "", "always true");
  CHECK_STR(opt_plan(no), "limit#3 0\n  scan#1 table of 7 rows\n");
  OPT_OK(no, "fold", "filter#2", "", "never true");
  CHECK_STR(opt_plan(null), "limit#3 0\n  scan#1 table of 7 rows\n");
  some = dfq_filter(opt_left(db), "a > 1 and 1 < 2 and f > 1");
  CHECK_STR(opt_plan(some), "filter#2 a > 1 and f > 1\n  scan#1 table of 7 rows\n");
  OPT_SAME(yes);
  OPT_SAME(no);
  OPT_SAME(null);
  OPT_SAME(some);
  OPT_SAME(dfq_group_by(no, NULL, "count() as n, sum(a) as a"));   // one row all the same
  CHECK_STR(opt_plan(opt_without(yes, DFQ_RULE_FOLD)),
            "filter#2 1 < 2\n  scan#1 table of 7 rows\n");
  dfq_close(db);
}

// Inside sort keys, group keys, aggregates and windows; a quantile's share stays a literal.
TEST(opt_fold_elsewhere) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_group_by(opt_left(db), "a % (1 + 1) as k",
                              "sum(a + (2 - 1)) as x, quantile(f, 0.5) as q, "
                              "max(a) + (1 + 1) as m");
  CHECK_HAS(opt_plan(f),
            "group#2 a % 2 as k: sum(a + 1) as x, quantile(f, 0.5) as q, max(a) + 2 as m");
  OPT_SAME(f);
  f = dfq_sort(opt_left(db), "a * (1 - 2)");
  CHECK_HAS(opt_plan(f), "sort#2 a * -1");
  OPT_SAME(f);
  f = dfq_with_columns(opt_left(db), "sum(a + (1 + 1)) over (partition by s order by id) as w");
  CHECK_HAS(opt_plan(f), "sum(a + 2) over");
  OPT_SAME(f);
  dfq_close(db);
}

// ---- filters below one input ----------------------------------------------------------------

TEST(opt_push_project) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *f = dfq_filter(dfq_rename(in, "a as z"), "z > 1");
  OPT_OK(f, "push_filter", "z > 1", "below rename#2", "there it is a > 1");
  OPT_SAME(f);
  f = dfq_filter(dfq_with_columns(in, "f * 2 as g"), "a > 1");
  OPT_OK(f, "push_filter", "a > 1", "below with#2", "its columns pass unchanged");
  CHECK_STR(opt_plan(f), "with#2 f * 2 as g\n  filter#3 a > 1\n    scan#1 table of 7 rows\n");
  OPT_SAME(f);
  f = dfq_filter(dfq_with_columns(in, "f * 2.0 as g"), "g > 1");
  OPT_OK(f, "push_filter", "g > 1", "below with#2", "there it is f * 2.0 > 1");
  OPT_SAME(f);
  f = dfq_filter(dfq_with_columns(in, "a + 1 as g"), "g > 1");
  OPT_NO(f, "push_filter", "g > 1", "below with#2", "g is a + 1, which may fail");
  OPT_SAME(f);
  f = dfq_filter(dfq_with_columns(in, "f * 2.0 + f * 3.0 - f / 2.0 as g"), "g > 1");
  OPT_NO(f, "push_filter", "g > 1", "below with#2", "steps, too many to repeat");
  OPT_SAME(f);
  f = dfq_filter(dfq_with_columns(in, "a + 1 as a"),
                 "f > 1");    // the computed one is not used
  OPT_OK(f, "push_filter", "f > 1", "below with#2", NULL);
  OPT_SAME(f);
  f = dfq_filter(dfq_select(in, "a as b, f as a"), "b > 1 and a > 0");  // names change places
  OPT_OK(f, "push_filter", "b > 1", "below select#2", "there it is a > 1");
  OPT_OK(f, "push_filter", "a > 0", "below select#2", "there it is f > 0");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_sort_and_limit) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *f = dfq_filter(dfq_sort(in, "f desc"), "a > 1");
  OPT_OK(f, "push_filter", "a > 1", "below sort#2", "stable");
  OPT_SAME(f);
  f = dfq_filter(dfq_limit(in, 3), "a > 1");
  OPT_NO(f, "push_filter", "a > 1", "below limit#2", "count other rows");
  OPT_SAME(f);
  f = dfq_filter(dfq_slice(in, 2, -1), "a > 1");
  OPT_NO(f, "push_filter", "a > 1", "below offset#2", "count other rows");
  OPT_SAME(f);
  f = dfq_filter(dfq_limit(dfq_sort(in, "f"), 3), "a > 1");
  OPT_NO(f, "push_filter", "a > 1", "below top#2", "count other rows");
  OPT_SAME(f);
  f = dfq_filter(dfq_row_index(in, "i"), "a > 1");    // not even when i is not used
  OPT_NO(f, "push_filter", "a > 1", "below row_index#2", "number other rows");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_union) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(dfq_union(opt_left(db), dfq_filter(opt_left(db), "f > 0")),
                            "a > 1");
  OPT_OK(f, "push_filter", "a > 1", NULL, "a copy into each branch");
  CHECK_STR(opt_plan(f), "union#4\n  filter#5 a > 1\n    scan#1 table of 7 rows\n"
                         "  filter#3 f > 0 and a > 1\n    scan#2 table of 7 rows\n");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_group) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *g = dfq_group_by(in, "id, f, a % 2 as odd, a + 1 as next", "sum(a) as total");
  dfq_frame *f = dfq_filter(g, "id > 1");
  OPT_OK(f, "push_filter", "id > 1", "below group#2", "group keys only");
  OPT_SAME(f);
  f = dfq_filter(g, "odd = 1");
  OPT_OK(f, "push_filter", "odd = 1", "below group#2", NULL);
  CHECK_HAS(opt_plan(f), "filter#3 a % 2 = 1");
  OPT_SAME(f);
  f = dfq_filter(g, "total > 1");
  OPT_NO(f, "push_filter", "total > 1", "below group#2", "total is known after grouping only");
  OPT_SAME(f);
  f = dfq_filter(g, "next > 1");
  OPT_NO(f, "push_filter", "next > 1", "below group#2", "next is a + 1, which may fail");
  f = dfq_filter(g, "f > 0");
  OPT_OK(f, "push_filter", "f > 0", "below group#2", NULL);
  OPT_SAME(f);
  f = dfq_filter(g, "1.0 / f > 0");      // -0.0 and 0.0 are one group, whose key is 0.0
  OPT_NO(f, "push_filter", "1.0 / f > 0", "below group#2", "-0.0 and 0.0 are one key");
  OPT_SAME(f);
  f = dfq_filter(g, "cast(cast(id as str) as i64) > 1");
  OPT_NO(f, "push_filter", NULL, "below group#2", "may fail, and group#2 drops rows");
  OPT_SAME(f);
  f = dfq_filter(dfq_group_by(in, NULL, "count() as n"), "n > 100");
  OPT_NO(f, "push_filter", "n > 100", "below group#2", "without keys there is one row");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_distinct) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db), *f = dfq_filter(dfq_distinct(in, "id"), "id > 1");
  OPT_OK(f, "push_filter", "id > 1", "below distinct#2", "distinct keys only");
  OPT_SAME(f);
  f = dfq_filter(dfq_distinct(in, "id"), "a > 1");
  OPT_NO(f, "push_filter", "a > 1", "below distinct#2", "a is no key");
  OPT_SAME(f);
  f = dfq_filter(dfq_distinct(in, NULL), "a > 1");
  OPT_OK(f, "push_filter", "a > 1", "below distinct#2", NULL);
  OPT_SAME(f);
  f = dfq_filter(dfq_distinct(in, "f"), "cast(f as str) = '0.0'");
  OPT_NO(f, "push_filter", NULL, "below distinct#2", "-0.0 and 0.0 are one key");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_window) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *w = dfq_with_columns(in, "sum(a) over (partition by id) as w, "
                                      "count() over (partition by id, s) as n");
  dfq_frame *f = dfq_filter(w, "id > 1");
  OPT_OK(f, "push_filter", "id > 1", "below with#2", "whole partitions");
  OPT_SAME(f);
  f = dfq_filter(w, "s = 'x'");                       // a partition of one window only
  OPT_NO(f, "push_filter", "s = 'x'", "below with#2", "not every window is partitioned by s");
  OPT_SAME(f);
  f = dfq_filter(w, "w > 1");
  OPT_NO(f, "push_filter", NULL, "below with#2", "what the window computes");
  OPT_SAME(f);
  f = dfq_select(w, "a, n");                          // the other window goes
  CHECK(strstr(opt_plan(f), "sum(a) over") == NULL);
  OPT_SAME(f);
  f = dfq_select(w, "a");                             // and then the node
  CHECK_STR(opt_plan(f), "scan#1 table of 7 rows\n");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_source_refuses) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(opt_left(db), "a > 1");
  OPT_NO(f, "push_filter", "a > 1", "into scan#1", "this source takes no conditions");
  CHECK_STR(opt_plan(f), "filter#2 a > 1\n  scan#1 table of 7 rows\n");
  dfq_close(db);
}

// ---- filters and joins ----------------------------------------------------------------------

// For each join type, where a filter on left and right columns may go. 0: it must stay.
TEST(opt_push_join_sides) {
  static const struct { dfq_join_type type; bool left, right; } cases[] = {
    { DFQ_INNER, true, true }, { DFQ_CROSS, true, true }, { DFQ_LEFT, true, false },
    { DFQ_RIGHT, false, true }, { DFQ_FULL, false, false }, { DFQ_SEMI, true, false },
    { DFQ_ANTI, true, false },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq *db = dfq_open(NULL);
    dfq_join_type type = cases[i].type;
    dfq_frame *j = opt_join(db, type);
    dfq_frame *l = dfq_filter(j, "a is null or a > 1"), *r = NULL;   // true for null: no rescue
    if (type != DFQ_SEMI && type != DFQ_ANTI) r = dfq_filter(j, "b is null or b > 20");
    opt_step(TEST_AT, l, cases[i].left, "push_filter", "a is null or a > 1",
             "below join#3 (left)", cases[i].left ? NULL : "a is null-extended");
    if (r) opt_step(TEST_AT, r, cases[i].right, "push_filter", "b is null or b > 20",
                    "below join#3 (right)", cases[i].right ? NULL
                    : "b is null-extended, unmatched rows would survive");
    OPT_SAME(l);
    if (r) OPT_SAME(r);
    dfq_close(db);
  }
}

TEST(opt_push_join_key) {
  dfq *db = dfq_open(NULL);
  dfq_frame *cross = dfq_rename(opt_join(db, DFQ_CROSS), "id_right as other");
  dfq_frame *f = dfq_filter(cross, "other = id");
  OPT_OK(f, "push_filter", "id_right = id", "join#3", "becomes a key of the join");
  CHECK_HAS(opt_plan(f), "join#3 on id inner");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_INNER), "a = b");
  OPT_OK(f, "push_filter", "a = b", "join#3", "becomes a key");
  CHECK_HAS(opt_plan(f), "join#3 on id, a = b inner");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_INNER), "a < b");
  OPT_OK(f, "push_filter", "a < b", "join#3", "is asked of each pair");
  CHECK_HAS(opt_plan(f), "join#3 on id inner where a < b");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_INNER), "f = b");
  OPT_NO(f, "push_filter", "f = b", "below join#3", "no key: the types differ");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_LEFT), "a = b or b is null");
  OPT_NO(f, "push_filter", NULL, "below join#3", "both sides of a join that is left");
  OPT_SAME(f);
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "id";
  how.nulls_equal = true;
  f = dfq_filter(dfq_join_with(opt_left(db), opt_right(db), &how), "a = b");
  OPT_NO(f, "push_filter", "a = b", "below join#3", "nulls are equal");
  OPT_SAME(f);
  dfq_close(db);
}

// a = b on the keys: what holds for one holds for the other, where that side need not come out.
TEST(opt_push_join_transfer) {
  static const dfq_join_type types[] = { DFQ_INNER, DFQ_LEFT, DFQ_SEMI, DFQ_ANTI };
  for (int i = 0; i < 4; i++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *r = dfq_rename(opt_right(db), "id as rid");
    dfq_frame *f = dfq_filter(dfq_join(opt_left(db), r, "id = rid", types[i]), "id = 2");
    OPT_OK(f, "push_filter", "id = 2", "below join#4 (left)", NULL);
    OPT_OK(f, "push_filter", "rid = 2", "below join#4 (right)", "what id = 2 says of one key");
    OPT_SAME(f);
    dfq_close(db);
  }
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(opt_join(db, DFQ_RIGHT), "id = 2");      // coalesced: the right's
  OPT_OK(f, "push_filter", "id = 2", "below join#3 (right)", NULL);
  OPT_OK(f, "push_filter", "id = 2", "below join#3 (left)", "holds for its partner");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_INNER), "a = 2");                  // no key: no copy
  CHECK(!opt_has_step(f, true, "push_filter", NULL, "below join#3 (right)", NULL));
  dfq_frame *k = dfq_select(opt_left(db), "f as k, a");
  f = dfq_filter(dfq_join(k, k, "k", DFQ_INNER), "1.0 / k > 0");     // sees the sign of zero
  CHECK(!opt_has_step(f, true, "push_filter", NULL, "below join#5 (right)", NULL));
  OPT_SAME(f);
  f = dfq_filter(dfq_join(k, k, "k", DFQ_INNER), "k = 0.0");
  OPT_OK(f, "push_filter", "k = 0.0", "below join#5 (right)", NULL);
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_push_full_key) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(opt_join(db, DFQ_FULL), "id > 1");
  OPT_OK(f, "push_filter", "id > 1", "below join#3 (both)", "coalesced keys only");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_FULL), "id is null");
  OPT_OK(f, "push_filter", "id is null", "below join#3 (both)", NULL);
  OPT_SAME(f);
  dfq_frame *k = dfq_select(opt_left(db), "f as k, a");
  f = dfq_filter(dfq_join(k, k, "k", DFQ_FULL), "1.0 / k > 0");
  OPT_NO(f, "push_filter", NULL, "below join#5 (both)", "-0.0 and 0.0 are one key");
  OPT_SAME(f);
  dfq_close(db);
}

// ---- what may fail --------------------------------------------------------------------------

// The course's pair: b != 0 guards what comes after it, wherever filters go.
TEST(opt_fallible_guard) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(dfq_filter(opt_join(db, DFQ_INNER), "b != 0"),
                            "cast(s as i64) > 3");
  OPT_NO(f, "push_filter", "cast(s as i64) > 3", "below join#3 (left)",
         "may fail, and join#3 drops rows");
  OPT_SAME(f);
  f = dfq_filter(dfq_filter(dfq_limit(opt_left(db), 4), "a != 0"), "10 // a = 2");
  OPT_NO(f, "push_filter", "10 // a = 2", "below limit#2",
         "may fail, and a != 0 has to come first");
  OPT_SAME(f);
  f = dfq_filter(dfq_filter(dfq_with_columns(opt_left(db), "a + 1 as c"), "c > 3"),
                 "cast(s as i64) = 12");   // rows 1 and 3 are no numbers
  OPT_NO(f, "push_filter", "cast(s as i64) = 12", "below with#2", "c > 3 has to come first");
  CHECK_INT(dfq_count(f), 1);
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_fallible_places) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *f = dfq_filter(dfq_sort(in, "a"), "cast(s as i64) > 3");   // read to its end: fine
  OPT_OK(f, "push_filter", "cast(s as i64) > 3", "below sort#2", NULL);
  f = dfq_limit(dfq_filter(dfq_sort(in, "s"), "cast(s as i64) > 1"), 1);  // '12' comes first
  OPT_NO(f, "push_filter", "cast(s as i64) > 1", "below sort#2",
         "not all rows may be asked for");
  CHECK_INT(dfq_count(f), 1);
  OPT_SAME(f);
  f = dfq_filter(dfq_union(in, in), "cast(s as i64) > 3");
  OPT_OK(f, "push_filter", "cast(s as i64) > 3", "below union#3", NULL);
  f = dfq_filter(dfq_distinct(in, "s"), "cast(s as i64) > 3");
  OPT_NO(f, "push_filter", NULL, "below distinct#2", "may fail, and distinct#2 drops rows");
  f = dfq_filter(opt_join(db, DFQ_LEFT),
                 "cast(s as i64) > 3");         // each left row comes out
  OPT_OK(f, "push_filter", "cast(s as i64) > 3", "below join#3 (left)", "preserved");
  f = dfq_limit(dfq_filter(opt_join(db, DFQ_LEFT), "cast(s as i64) > 3"), 1);
  OPT_NO(f, "push_filter", NULL, "below join#3 (left)", "not all rows may be asked for");
  f = dfq_filter(opt_join(db, DFQ_SEMI), "cast(s as i64) > 3");
  OPT_NO(f, "push_filter", NULL, "below join#3 (left)", "may fail, and join#3 drops rows");
  f = dfq_filter(dfq_group_by(in, "s", "count() as n"), "cast(s as i64) > 3");
  OPT_NO(f, "push_filter", NULL, "below group#2", "may fail, and group#2 drops rows");
  dfq_close(db);
}

// An error that was there may go, and none may come.
TEST(opt_errors_only_go) {
  dfq *db = dfq_open(NULL);
  dfq_frame *bad = dfq_with_columns(opt_left(db), "cast(s as i64) as n");
  dfq_frame *f = dfq_select(bad, "a");
  dfq_table *t = dfq_collect(f);
  CHECK(t != NULL);                                   // n is not needed
  dfq_table_free(t);
  dfq_run_options plain;
  memset(&plain, 0, sizeof plain);
  plain.no_optimize = true;
  CHECK(dfq_collect(dfq_configure(f, &plain)) == NULL);
  CHECK_HAS(dfq_error(db), "has no value of type i64");
  OPT_SAME(f);
  OPT_SAME(bad);
  dfq_close(db);
}

// ---- outer joins ----------------------------------------------------------------------------

// Does the filter reject a null b? Answered by the rule, and by running it.
TEST(opt_outer_rejects_null) {
  static const struct { const char *filter; bool rejects; } cases[] = {
    { "b < 30", true },                     { "b = 10 and a > 0", true },
    { "b < 30 or a > 1", false },           { "b < 30 or b > 60", true },
    { "b is null", false },                 { "b is not null", true },
    { "not b is null", true },              { "not b < 30", true },
    { "not (b is null or a > 1)", true },   { "b in (10, 20)", true },
    { "a in (1, b)", false },               { "b in (10, null)", true },
    { "coalesce(b, 0) < 30", false },       { "b + 1 < 30", true },
    { "b // 0 is null", false },            { "t like 'p%'", true },
    { "b is distinct from 10", false },     { "b is not distinct from null", false },
    { "case when b < 30 then true else false end", true },
    { "case when b is null then true else false end", false },
    { "case when a > 1 then b < 30 else b > 30 end", true },
    { "cast(b as f64) < 30.0", true },      { "try_cast(t as i64) = 7", true },
    { "b < 30 and t is null", true },       { "a > 1", false },
    { "(b < 30) is null", false },            { "(b < 30) = (b < 30)", true },
    { "cast(b is null as i64) = 1", false },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *f = dfq_filter(opt_join(db, DFQ_LEFT), cases[i].filter);
    if (!CHECK(!dfq_frame_error(f))) printf("%s\n", dfq_frame_error(f));
    bool inner = opt_has_step(f, true, "outer_to_inner", NULL, "join#3", "left -> inner");
    if (inner != cases[i].rejects) test_fail("  %s: %d\n", cases[i].filter, inner);
    OPT_SAME(f);
    dfq_close(db);
  }
}

TEST(opt_outer_types) {
  dfq *db = dfq_open(NULL);
  dfq_frame *full = opt_join(db, DFQ_FULL);
  dfq_frame *f = dfq_filter(full, "a > 1");
  OPT_OK(f, "outer_to_inner", "a > 1", "join#3", "full -> left");
  OPT_OK(f, "push_filter", "a > 1", "below join#3 (left)", NULL);
  OPT_SAME(f);
  f = dfq_filter(full, "b > 10");
  OPT_OK(f, "outer_to_inner", "b > 10", "join#3", "full -> right");
  OPT_SAME(f);
  f = dfq_filter(full, "a > 1 and b > 10");
  OPT_OK(f, "outer_to_inner", "a > 1", "join#3", "full -> left");
  OPT_OK(f, "outer_to_inner", "b > 10", "join#3", "left -> inner");
  CHECK_HAS(opt_plan(f), "join#3 on id inner");
  OPT_SAME(f);
  f = dfq_filter(full, "id > 1");                       // the coalesced key belongs to no side
  CHECK(!opt_has_step(f, true, "outer_to_inner", NULL, NULL, NULL));
  f = dfq_filter(opt_join(db, DFQ_RIGHT), "a > 1");
  OPT_OK(f, "outer_to_inner", "a > 1", "join#3", "right -> inner");
  OPT_SAME(f);
  f = dfq_filter(opt_join(db, DFQ_LEFT), "b is null or b > 10");
  OPT_NO(f, "outer_to_inner", "b is null or b > 10", "join#3", "it may be true for a null b");
  OPT_SAME(f);
  dfq_close(db);
}

// The example of design.md: refused, then made legal, then done.
TEST(opt_outer_then_push) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(opt_join(db, DFQ_LEFT), "a > 1 and b < 9");
  CHECK_STR(dfq_explain_text(f, DFQ_EXPLAIN_JOURNAL),
    "    1 split_and      a > 1 and b < 9 filter#4             ok: 2 conjuncts\n"
    "    2 push_filter    a > 1           below join#3 (left)  ok: its columns are on the "
    "preserved side\n"
    "    3 push_filter    b < 9           below join#3 (right) REFUSED: b is null-extended, "
    "unmatched rows would survive\n"
    "    4 push_filter    a > 1           into scan#1          REFUSED: this source takes no "
    "conditions\n"
    "    5 outer_to_inner b < 9           join#3               ok: left -> inner, never true "
    "for a null b\n"
    "    6 push_filter    b < 9           below join#3 (right) ok: its columns are on that "
    "side only\n"
    "    7 push_filter    b < 9           into scan#2          REFUSED: this source takes no "
    "conditions\n"
    "    8 join_keys_down id              join#3 to filter#5   ok: rows of other keys are "
    "dropped there\n");
  dfq_close(db);
}

// ---- merge, prune ---------------------------------------------------------------------------

TEST(opt_merge) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *f = dfq_filter(dfq_filter(in, "a > 1"), "f > 0");
  CHECK_STR(opt_plan(f), "filter#2 a > 1 and f > 0\n  scan#1 table of 7 rows\n");
  OPT_OK(f, "merge", "filter#3", "into filter#2", "one filter");
  OPT_SAME(f);
  f = dfq_select(dfq_with_columns(in, "a * 2 as b"), "b + 1 as c, s");
  CHECK_STR(opt_plan(f), "select#3 a * 2 + 1 as c, s\n  scan#1 table of 7 rows\n");
  OPT_OK(f, "merge", "select#3", "into with#2", "one projection");
  OPT_SAME(f);
  f = dfq_select(dfq_with_columns(in, "a * 2 as b"), "b + b as c");
  OPT_NO(f, "merge", "select#3", NULL, "b would be computed twice");
  OPT_SAME(f);
  f = dfq_select(dfq_with_columns(in, "a as b, 5 as c"), "b + b as d, c + c as e");
  CHECK_HAS(opt_plan(f), "select#3 a + a as d, 10 as e");
  OPT_SAME(f);
  f = dfq_select(in, "*");
  CHECK_STR(opt_plan(f), "scan#1 table of 7 rows\n");
  OPT_OK(f, "merge", "select#2", "", "changes nothing");
  f = dfq_slice(in, 0, -1);
  CHECK_STR(opt_plan(f), "scan#1 table of 7 rows\n");
  f = dfq_select(in, "a, id, f, s");                    // another order is the table's
  CHECK_STR(opt_plan(f), "scan#1 table of 7 rows\n");
  OPT_OK(f, "merge", "select#2", "into scan#1", "the table's columns in that order");
  OPT_SAME(f);
  f = dfq_select(in, "a as id, id as a, f, s");         // other names are something
  CHECK_HAS(opt_plan(f), "select#2 a as id, id as a, f, s\n");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_merge_limits) {
  static const int64_t cuts[][2] = { { 0, 0 }, { 0, 3 }, { 1, 3 }, { 2, -1 }, { 4, 1 },
                                    { 9, 5 } };
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      dfq *db = dfq_open(NULL);
      dfq_frame *f = dfq_slice(opt_left(db), cuts[i][0], cuts[i][1]);
      f = dfq_slice(f, cuts[j][0], cuts[j][1]);
      OPT_SAME(f);
      const char *plan = opt_plan(f), *first = strchr(plan, '\n');
      CHECK(first && strstr(first, "limit") == NULL && strstr(first, "offset") == NULL);
      dfq_close(db);
    }
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_slice(dfq_slice(opt_left(db), INT64_MAX, 1), INT64_MAX, 1);  // no overflow
  CHECK_INT(dfq_count(f), 0);
  OPT_SAME(f);
  dfq_close(db);
}

// The columns that the optimized plan reads of its first scan.
static int opt_scan_columns(dfq_frame *f) {
  dfq__run *run = dfq__run_open(f, true);
  if (!run) return -1;
  const dfq__node *n = run->plan;
  while (n->in[0]) n = n->in[0];
  int count = n->schema.count;
  dfq__run_close(run);
  return count;
}

// What dfq_count runs: a projection of no columns.
static dfq_frame *opt_no_columns(dfq_frame *in) {
  dfq__node *n = dfq__node_new(&in->db->arena, DFQ__PROJECT, "count", NULL, in->node, NULL);
  n->schema = dfq__no_schema;
  return dfq__frame_of(in->db, n, &in->run);
}

TEST(opt_prune_scans) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db), *right = opt_right(db);
  CHECK_INT(opt_scan_columns(dfq_select(in, "a")), 1);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_filter(in, "f > 0"), "a")), 2);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_sort(in, "f"), "a")), 2);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_rename(in, "a as z"), "z")), 1);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_union(in, in), "a")), 1);
  CHECK_INT(opt_scan_columns(dfq_group_by(in, "s", "sum(a) as a")), 2);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_join(in, right, "id", DFQ_INNER), "b")), 1);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_distinct(in, NULL), "a")), 4);
  CHECK_INT(opt_scan_columns(dfq_select(dfq_distinct(in, "s"), "a")), 2);
  CHECK_INT(opt_scan_columns(dfq_drop(in, "a, f")), 2);
  CHECK_INT(opt_scan_columns(opt_no_columns(in)), 0);
  CHECK_INT(opt_scan_columns(opt_no_columns(dfq_filter(in, "a > 1"))), 1);
  CHECK_INT(dfq_count(in), 7);
  CHECK_INT(dfq_count(dfq_filter(in, "a > 1")), 4);
  CHECK_INT(dfq_count(dfq_join(in, right, "id", DFQ_FULL)), 11);
  CHECK_INT(dfq_count(dfq_join(in, right, NULL, DFQ_CROSS)), 49);
  CHECK_INT(dfq_count(dfq_union(in, in)), 14);
  OPT_OK(dfq_select(in, "a"), "prune", "1 of 4 columns", "scan#1", "the others are not needed");
  dfq_close(db);
}

TEST(opt_prune_nodes) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *f = dfq_select(dfq_row_index(in, "i"), "a, s");
  OPT_OK(f, "prune", "i", "row_index#2", "not needed above");
  CHECK(strstr(opt_plan(f), "row_index") == NULL);
  OPT_SAME(f);
  f = dfq_select(dfq_row_index(in, "i"), "i, s");
  CHECK_HAS(opt_plan(f), "row_index#2 i");
  OPT_SAME(f);
  f = dfq_select(dfq_group_by(in, "s", "sum(a) as a, max(f) as m"), "m");
  OPT_OK(f, "prune", "a", "group#2", NULL);
  CHECK_HAS(opt_plan(f), "group#2 s: max(f) as m");
  OPT_SAME(f);
  f = dfq_select(dfq_group_by(in, NULL, "sum(a) as a, max(f) as m"),
                 "7 as x");  // still one row
  CHECK_INT(dfq_count(f), 1);
  OPT_SAME(f);
  f = dfq_select(dfq_with_columns(in, "a * 2 as b, f * 2 as g"), "g, s");
  CHECK(strstr(opt_plan(f), "a * 2") == NULL);
  OPT_OK(opt_without(f, DFQ_RULE_MERGE), "prune", "id, a, f, b", "select#2",
         "not needed above");
  OPT_SAME(f);
  f = dfq_select(dfq_sort(dfq_filter(in, "f > 0"), "a"), "a, s");    // f is not carried along
  CHECK_STR(opt_plan(f),
            "sort#3 a\n  select#5 a, s\n    filter#2 f > 0\n      scan#1 table of 7 rows\n");
  OPT_SAME(f);
  f = dfq_select(dfq_union(dfq_filter(in, "f > 0"), in), "a");       // branches stay alike
  OPT_SAME(f);
  f = dfq_select(dfq_join(in, opt_right(db), "id", DFQ_FULL), "id, t");
  OPT_SAME(f);
  dfq_close(db);
}

// ---- limits ---------------------------------------------------------------------------------

TEST(opt_push_limit) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db), *right = opt_right(db);
  dfq_frame *f = dfq_limit(dfq_with_columns(in, "a + 1 as b"), 2);
  CHECK_STR(opt_plan(f), "with#2 a + 1 as b\n  limit#3 2\n    scan#1 table of 7 rows\n");
  OPT_OK(f, "push_limit", "limit#3", "below with#2", "one row of each");
  OPT_OK(f, "push_limit", "limit#3", "into scan#1", "no more than 2 rows are wanted");
  OPT_SAME(f);
  f = dfq_limit(dfq_row_index(in, "i"), 2);
  CHECK_STR(opt_plan(f), "row_index#2 i\n  limit#3 2\n    scan#1 table of 7 rows\n");
  OPT_SAME(f);
  f = dfq_slice(dfq_row_index(in, "i"), 2, 2);           // the first number must stay 2
  CHECK_STR(opt_plan(f), "limit#3 2 offset 2\n  row_index#2 i\n    limit#4 4\n"
                         "      scan#1 table of 7 rows\n");
  OPT_SAME(f);
  f = dfq_slice(dfq_union(in, in), 1, 2);
  CHECK_STR(opt_plan(f),
            "limit#4 2 offset 1\n  union#3\n    limit#5 3\n      scan#1 table of 7 rows\n"
                         "    limit#6 3\n      scan#2 table of 7 rows\n");
  OPT_OK(f, "push_limit", "limit#4", "below union#3 (right)", "a copy: 3 rows are enough");
  OPT_SAME(f);
  f = dfq_limit(dfq_join(in, right, "id", DFQ_LEFT), 2);
  CHECK_HAS(opt_plan(f), "    limit#5 2\n      scan#1");
  OPT_SAME(f);
  f = dfq_limit(dfq_join(in, right, "id", DFQ_INNER), 2);
  OPT_NO(f, "push_limit", "limit#4", "below join#3", "it may drop rows, and more be needed");
  OPT_SAME(f);
  f = dfq_limit(dfq_filter(in, "a > 1"), 2);
  OPT_NO(f, "push_limit", "limit#3", "below filter#2", "it drops rows, and more may be needed");
  OPT_SAME(f);
  f = dfq_limit(dfq_group_by(in, "s", "count() as n"), 2);
  OPT_NO(f, "push_limit", "limit#3", "below group#2", "all rows are needed");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_top_k) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_frame *f = dfq_limit(dfq_sort(in, "f desc, a nulls first"), 3);
  CHECK_STR(opt_plan(f), "top#2 3 by f desc, a nulls first\n  scan#1 table of 7 rows\n");
  OPT_OK(f, "top_k", "sort#2", "under limit#3", "keeps the first 3 rows only");
  OPT_SAME(f);
  f = dfq_slice(dfq_sort(in, "f"), 2, 3);
  CHECK_STR(opt_plan(f), "limit#3 3 offset 2\n  top#2 5 by f\n    scan#1 table of 7 rows\n");
  OPT_SAME(f);
  f = dfq_limit(dfq_select(dfq_sort(in, "f"), "a"), 3);     // the limit passes the projection
  CHECK_HAS(opt_plan(f), "top#2 3 by f");
  OPT_SAME(f);
  f = dfq_slice(dfq_sort(in, "f"), 2, -1);
  CHECK_HAS(opt_plan(f), "sort#2 f");
  OPT_SAME(f);
  f = dfq_limit(dfq_sort(in, "f"), (int64_t)1 << 40);
  OPT_NO(f, "top_k", "sort#2", "under limit#3", "too many rows to keep");
  OPT_SAME(f);
  f = dfq_limit(dfq_sort(in, "f"), 0);
  OPT_SAME(f);
  dfq_close(db);
}

// A limit pulls no more than it needs, wherever it moved.
typedef struct opt_counted { int64_t rows, left; } opt_counted;

static void *opt_counted_open(void *user) {
  ((opt_counted *)user)->left = ((opt_counted *)user)->rows;
  return user;
}

static int opt_counted_next(void *cursor, dfq_value *row) {
  opt_counted *c = (opt_counted *)cursor;
  if (c->left == 0) return 0;
  row[0] = dfq__value_int(DFQ_I64, --c->left);
  return 1;
}

TEST(opt_limit_reads_little) {
  dfq *db = dfq_open(NULL);
  opt_counted c = { 100000, 0 };
  dfq_field field = { "n", DFQ_I64, NULL };
  dfq_row_source source = { "counted", &field, 1, &c, opt_counted_open, opt_counted_next, NULL,
                            false };
  dfq_frame *f = dfq_limit(dfq_with_columns(dfq_scan_rows(db, &source), "n * 2 as m"), 5);
  dfq_table *t = dfq_collect(f);
  CHECK_INT(dfq_table_rows(t), 5);
  CHECK(c.rows - c.left <= 2048);
  dfq_table_free(t);
  dfq_close(db);
}

// ---- build side, order ----------------------------------------------------------------------

TEST(opt_build_side) {
  dfq *db = dfq_open(NULL);
  dfq_frame *small = dfq_filter(opt_left(db), "a = 2"), *right = opt_right(db);
  dfq_frame *f = dfq_join(small, right, "id", DFQ_INNER);
  OPT_OK(f, "build_side", "build left", "join#4", "about 1 rows against 7");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "build left");
  OPT_SAME(f);
  OPT_NO(dfq_limit(f, 1), "build_side", "build left", "join#4",
         "not all rows may be asked for");
  OPT_SAME(dfq_limit(f, 1));
  f = dfq_join(opt_left(db), right, "id", DFQ_INNER);
  CHECK(!opt_has_step(f, true, "build_side", NULL, NULL, NULL));
  f = dfq_join(small, right, "id", DFQ_LEFT);
  CHECK(!opt_has_step(f, true, "build_side", NULL, NULL, NULL));
  // a coalesced key, then inner
  f = dfq_filter(dfq_join(small, right, "id", DFQ_RIGHT), "a > 0");
  OPT_OK(f, "build_side", "build left", "join#4", NULL);
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_use_order) {
  dfq *db = dfq_open(NULL);
  dfq_frame *l = dfq_sort(opt_left(db), "id, a"), *r = dfq_sort(opt_right(db), "id");
  static const dfq_join_type types[] = { DFQ_INNER, DFQ_LEFT, DFQ_SEMI, DFQ_ANTI };
  for (int i = 0; i < 4; i++) {
    dfq_frame *f = dfq_join(l, r, "id", types[i]);
    OPT_OK(f, "use_order", "merge", "join#5", "both sides ascend by the keys");
    OPT_SAME(f);
  }
  dfq_frame *f = dfq_join(l, r, "id", DFQ_FULL);
  CHECK(!opt_has_step(f, true, "use_order", NULL, NULL, NULL));
  f = dfq_join(l, opt_right(db), "id", DFQ_INNER);
  OPT_NO(f, "use_order", "merge", "join#4", "the right side is not known to ascend");
  OPT_SAME(f);
  f = dfq_group_by(l, "id", "sum(a) as a");
  OPT_OK(f, "use_order", "runs", "group#3", "the input ascends by the keys");
  CHECK_HAS(opt_plan(f), "group#3 id: sum(a) as a sorted");
  OPT_SAME(f);
  f = dfq_group_by(l, "id, s", "sum(a) as a");
  OPT_NO(f, "use_order", "runs", "group#3", "ascends by 1 of 2 keys");
  OPT_SAME(f);
  f = dfq_group_by(dfq_sort(opt_left(db), "id desc"), "id", "sum(a) as a");
  CHECK(!opt_has_step(f, true, "use_order", NULL, NULL, NULL));
  f = dfq_group_by(dfq_sort(opt_left(db), "id nulls first"), "id", "sum(a) as a");
  CHECK(!opt_has_step(f, true, "use_order", NULL, NULL, NULL));
  // who asks for hashing gets it
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "id";
  how.strategy = DFQ_HASH;
  f = dfq_join_with(l, r, &how);
  CHECK(!opt_has_step(f, true, "use_order", NULL, NULL, NULL));
  dfq_expr *key = dfq_col(db, "id"), *n = dfq_count_rows(db);
  dfq_group_spec spec = { &key, 1, &n, 1, DFQ_HASH };
  CHECK(!opt_has_step(dfq_group_exprs(l, &spec), true, "use_order", NULL, NULL, NULL));
  // the order is known through renames, filters, limits, left joins and groups
  f = dfq_rename(dfq_filter(l, "a is null or a > 0"), "id as k");
  f = dfq_join(f, dfq_rename(opt_right(db), "id as k"), "k", DFQ_LEFT);
  f = dfq_group_by(dfq_limit(f, 5), "k", "count() as n");
  OPT_OK(f, "use_order", "runs", NULL, NULL);
  OPT_SAME(f);
  f = dfq_group_by(dfq_with_columns(l, "id * 2 as id"), "id", "count() as n");  // another id
  CHECK(!opt_has_step(f, true, "use_order", NULL, NULL, NULL));
  OPT_SAME(f);
  dfq_close(db);
}

// ---- the driver -----------------------------------------------------------------------------

// A frame on which every rule has something to do.
static dfq_frame *opt_everything(dfq *db) {
  dfq_frame *l = dfq_sort(dfq_filter(opt_left(db), "a > 0 + 1 and a < 9"), "id");
  dfq_frame *f = dfq_join(l, dfq_sort(opt_right(db), "id"), "id", DFQ_LEFT);
  f = dfq_filter(dfq_filter(f, "b > 1"), "f >= 0");
  f = dfq_with_columns(f, "a * 2 as c");
  f = dfq_join(dfq_limit(dfq_sort(f, "a"), 4), opt_right(db), "b = b", DFQ_INNER);
  return dfq_limit(dfq_select(dfq_union(f, f), "a, c, t"), 9);
}

TEST(opt_rules_off) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = opt_everything(db), *b = dfq_join(dfq_filter(opt_left(db), "a = 2"),
                                                   opt_right(db), "id", DFQ_INNER);
  dfq_frame *c = dfq_filter(opt_join(db, DFQ_CROSS), "a < b");
  dfq_frame *d = dfq_sort(opt_left(db), "a");
  dfq_run_options none;
  OPT_SAME(f);
  for (int i = 0; i < DFQ_RULE_COUNT; i++) {
    dfq_frame *g = i == DFQ_RULE_BUILD_SIDE || i == DFQ_RULE_SIEVE ? b
                   : i == DFQ_RULE_RANGE                           ? c
                   : i == DFQ_RULE_SHARE                           ? dfq_union(d, d)
                                                                   : f;
    const char *name = dfq_rule_name((dfq_rule)i);
    if (!opt_has_step(g, true, name, NULL, NULL, NULL)) test_fail("  %s did nothing\n", name);
    g = opt_without(g, (dfq_rule)i);
    if (opt_has_step(g, true, name, NULL, NULL, NULL))
      test_fail("  %s is off, and ran\n", name);
    CHECK(!opt_has_step(g, false, name, NULL, NULL, NULL));
  }
  memset(&none, 0, sizeof none);
  none.no_optimize = true;
  int count = -1;
  CHECK(dfq_journal(dfq_configure(f, &none), &count) != NULL);
  CHECK_INT(count, 0);
  CHECK_STR(opt_plan(dfq_configure(f, &none)), opt_plan_of(f, DFQ_EXPLAIN_PLAIN));
  dfq_close(db);
}

// After the last round nothing is left to do, and ids are still distinct.
static void opt_mark_ids(const dfq__node *n, int *seen, int room) {
  if (CHECK(n->id > 0 && n->id <= room)) CHECK_INT(seen[n->id]++, 0);
  for (int i = 0; i < 2; i++)
    if (n->in[i]) opt_mark_ids(n->in[i], seen, room);
}

static void opt_check_fixpoint(dfq_frame *f) {
  dfq__run *run = dfq__run_open(f, true);
  if (!CHECK(run != NULL)) return;
  dfq__opt o;
  memset(&o, 0, sizeof o);
  o.run = run;
  o.db = run->own;
  o.scratch.heap = run->own->heap;
  o.journal = (dfq__journal *)run->journal;
  CHECK(!dfq__opt_round(&o, &run->plan, false));
  dfq__arena_release(&o.scratch, 0);
  int *seen = (int *)test_alloc(((size_t)run->node_count + 1) * sizeof *seen);
  memset(seen, 0, ((size_t)run->node_count + 1) * sizeof *seen);
  opt_mark_ids(run->plan, seen, run->node_count);
  free(seen);
  dfq__run_close(run);
}

TEST(opt_fixpoint) {
  dfq *db = dfq_open(NULL);
  opt_check_fixpoint(opt_everything(db));
  dfq_frame *deep = opt_left(db);
  for (int i = 0; i < 60; i++) {
    deep = dfq_with_columns(deep, "f + 1.0 as f");
    deep = dfq_filter(deep, "a > 0 and id is not null");
    if (i % 7 == 3) deep = dfq_sort(deep, "a");
    if (i % 20 == 13) deep = dfq_union(deep, deep);
  }
  opt_check_fixpoint(deep);
  dfq_run_options row;
  memset(&row, 0, sizeof row);
  row.engine = DFQ_ROW_ENGINE;
  row.no_optimize = true;
  dfq_table *a = dfq_collect(deep), *b = dfq_collect(dfq_configure(deep, &row));
  char difference[200] = "";
  if (!CHECK(a && b && dfq_table_equal(a, b, difference, sizeof difference)))
    printf("%s\n", difference);
  dfq_table_free(a);
  dfq_table_free(b);
  dfq_close(db);
}

// A refusal stands in the journal once, however often the rule met it.
TEST(opt_journal_once) {
  dfq *db = dfq_open(NULL);
  int count = 0, found = 0;
  dfq_frame *f = dfq_filter(opt_join(db, DFQ_LEFT), "b is null");
  const dfq_step *s = dfq_journal(dfq_sort(dfq_limit(f, 3), "a"), &count);
  for (int i = 0; i < count; i++)
    found += !s[i].applied && strcmp(s[i].rule, "push_filter") == 0;
  CHECK_INT(found, 1);
  CHECK(dfq_journal(NULL, &count) == NULL);
  CHECK_INT(count, 0);
  CHECK(dfq_journal(dfq_filter(f, "nosuch > 1"), &count) == NULL);
  CHECK_HAS(dfq_error(db), "nosuch");
  dfq_close(db);
}

// ---- explain --------------------------------------------------------------------------------

static dfq_frame *opt_course(dfq *db) {
  dfq_frame *orders = opt_scan(db, "order_id i64, customer_id i64, amount f64, note str",
                               "1 1 250 a, 2 2 80 b, 3 1 120 c, 4 3 300 d, 5 4 99 e, "
                               "6 9 500 f");
  dfq_frame *customers = opt_scan(db, "customer_id i64, name str, region str",
                                  "1 Ann EU, 2 Bob US, 3 Cem EU, 4 Dee APAC");
  dfq_frame *f = dfq_join(orders, customers, "customer_id", DFQ_LEFT);
  f = dfq_filter(f, "amount > 100 and region = 'EU'");
  f = dfq_with_columns(f, "amount * 0.2 as tax");
  f = dfq_group_by(f, "region", "sum(tax) as tax, count() as orders");
  return dfq_limit(dfq_sort(f, "tax desc"), 3);
}

TEST(opt_explain_course) {
  dfq *db = dfq_open(NULL);
  dfq_run_options o;
  memset(&o, 0, sizeof o);
  o.threads = 2;
  dfq_frame *f = dfq_configure(opt_course(db), &o);
  CHECK_STR(dfq_explain_text(f, DFQ_EXPLAIN_BOTH),
    "batch engine, 2,048 rows a batch, 2 threads, optimizer on\n"
    "\nas written\n"
    "  limit#8 3  [~1 rows]\n"
    "    sort#7 tax desc  [~1 rows]\n"
    "      group#6 region: sum(tax) as tax, count() as orders  [hash; ~1 rows]\n"
    "        with#5 amount * 0.2 as tax  [~1 rows]\n"
    "          filter#4 amount > 100 and region = 'EU'  [~1 rows]\n"
    "            join#3 on customer_id left  [build right; ~6 rows]\n"
    "              scan#1 table of 6 rows  [4 columns: order_id, customer_id, amount, note; "
    "~6 rows]\n"
    "              scan#2 table of 4 rows  [3 columns: customer_id, name, region; ~4 rows]\n"
    "\noptimized\n"
    "  top#7 3 by tax desc  [~1 rows]\n"
    "    group#6 region: sum(tax) as tax, count() as orders  [hash; ~1 rows]\n"
    "      select#5 region, amount * 0.2 as tax  [~2 rows]\n"
    "        join#3 on customer_id inner  [build right; ~2 rows]\n"
    "          filter#9 amount > 100  [customer_id among the keys of #3; ~2 rows]\n"
    "            scan#1 table of 6 rows  [2 of 4 columns: customer_id, amount; ~6 rows]\n"
    "          filter#4 region = 'EU'  [~2 rows]\n"
    "            scan#2 table of 4 rows  [2 of 3 columns: customer_id, region; ~4 rows]\n"
    "\njournal\n"
    "    1 split_and      amount > 100 and region = 'EU'    filter#4             ok: 2 "
    "conjuncts\n"
    "    2 push_filter    amount > 100                      below join#3 (left)  ok: its "
    "columns are on the preserved side\n"
    "    3 push_filter    region = 'EU'                     below join#3 (right) REFUSED: "
    "region is null-extended, unmatched rows would survive\n"
    "    4 push_filter    amount > 100                      into scan#1          REFUSED: "
    "this source takes no conditions\n"
    "    5 outer_to_inner region = 'EU'                     join#3               ok: left -> "
    "inner, never true for a null region\n"
    "    6 prune          order_id, customer_id, amount, note, name select#5             ok: "
    "not "
    "needed above\n"
    "    7 prune          order_id, customer_id, note, name join#3               ok: not "
    "needed above\n"
    "    8 prune          2 of 4 columns                    scan#1               ok: the "
    "others are not needed\n"
    "    9 prune          2 of 3 columns                    scan#2               ok: the "
    "others are not needed\n"
    "   10 top_k          sort#7                            under limit#8        ok: keeps "
    "the first 3 rows only\n"
    "   11 push_filter    region = 'EU'                     below join#3 (right) ok: its "
    "columns are on that side only\n"
    "   12 push_filter    region = 'EU'                     into scan#2          REFUSED: "
    "this source takes no conditions\n"
    "   13 join_keys_down customer_id                       join#3 to filter#9   ok: rows of "
    "other keys are dropped there\n");
  OPT_SAME(f);
  dfq_close(db);
}

TEST(opt_explain_stages) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db);
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "id, a = b";
  how.suffix = "_r";
  how.nulls_equal = true;
  how.type = DFQ_FULL;
  dfq_frame *f = dfq_join_with(in, opt_right(db), &how);
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_PLAIN),
            "join#3 on id, a = b full suffix '_r' nulls_equal");
  f = dfq_rename(in, "a as \"a b\", s as x");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_PLAIN), "rename#2 a as \"a b\", s as x");
  CHECK_HAS(dfq_explain_text(dfq_drop(in, "a, s"), DFQ_EXPLAIN_PLAIN), "drop#2 a, s");
  CHECK_HAS(dfq_explain_text(dfq_select(in, "a, a + 1, f as g"), DFQ_EXPLAIN_PLAIN),
            "select#2 a, a + 1, f as g");
  CHECK_HAS(dfq_explain_text(dfq_with_columns(in, "a + 1 as a, 2 as b"), DFQ_EXPLAIN_PLAIN),
            "with#2 a + 1 as a, 2 as b");
  CHECK_HAS(dfq_explain_text(dfq_group_by(in, NULL, "count()"), DFQ_EXPLAIN_PLAIN),
            "group#2: count()");
  CHECK_HAS(dfq_explain_text(dfq_group_by(in, "a, s as t", NULL), DFQ_EXPLAIN_PLAIN),
            "group#2 a, s as t");
  CHECK_HAS(dfq_explain_text(dfq_distinct(in, "a, s"), DFQ_EXPLAIN_PLAIN), "distinct#2 a, s");
  CHECK_HAS(dfq_explain_text(dfq_slice(in, 3, -1), DFQ_EXPLAIN_PLAIN), "offset#2 3");
  CHECK_HAS(dfq_explain_text(dfq_slice(in, 3, 4), DFQ_EXPLAIN_PLAIN), "limit#2 4 offset 3");
  CHECK_HAS(dfq_explain_text(opt_no_columns(in), DFQ_EXPLAIN_PLAIN), "(no columns)");
  CHECK_HAS(dfq_explain_text(dfq_filter(dfq_filter(in, "a > 1 or f > 1"), "s = 'it''s'"),
                             DFQ_EXPLAIN_OPTIMIZED),
                                 "filter#2 (a > 1 or f > 1) and s = 'it''s'");
  dfq_close(db);
}

TEST(opt_explain_settings) {
  dfq *db = dfq_open(NULL);
  dfq_run_options o;
  memset(&o, 0, sizeof o);
  o.engine = DFQ_ROW_ENGINE;
  o.threads = 1;
  o.batch_rows = 64;
  o.rules_off = 1u << DFQ_RULE_FOLD | 1u << DFQ_RULE_TOPK;
  CHECK_HAS(dfq_explain_text(dfq_configure(opt_left(db), &o), DFQ_EXPLAIN_BOTH),
            "row engine, 64 rows a batch, 1 thread, optimizer on but for fold, top_k\n");
  o.no_optimize = true;
  CHECK_HAS(dfq_explain_text(dfq_configure(opt_left(db), &o), DFQ_EXPLAIN_BOTH),
            "optimizer off\n");
  dfq_close(db);
}

// The numbers of a node in explain analyze: rows in and out.
static bool opt_measured(const char *text, const char *node, const char *in, const char *out) {
  char a[32] = "", b[32] = "";
  const char *at = strstr(text, node);
  if (!at || sscanf(at + strlen(node), "%31s %31s", a, b) != 2)
    return test_fail("  no %s in\n%s", node, text);
  if (strcmp(a, in) == 0 && strcmp(b, out) == 0) return true;
  return test_fail("  %s: %s in, %s out\n%s", node, a, b, text);
}

TEST(opt_explain_analyze) {
  for (int engine = 0; engine < 2; engine++) {
    dfq *db = dfq_open(NULL);
    dfq_run_options o;
    memset(&o, 0, sizeof o);
    o.engine = (dfq_engine)engine;
    const char *text = dfq_explain_text(dfq_configure(opt_course(db), &o), DFQ_EXPLAIN_ANALYZE);
    if (CHECK(text != NULL)) {
      CHECK(opt_measured(text, "top#7 3 by tax desc", "1", "1"));
      CHECK(opt_measured(text, "join#3 on customer_id inner", engine ? "6" : "5", "3"));
      CHECK(opt_measured(text, "filter#9 amount > 100", "6", engine ? "4" : "3"));
      CHECK(opt_measured(text, "scan#1 table of 6 rows", "-", "6"));
      CHECK_HAS(text, "rows in     rows out  batches     own ms     peak bytes");
      CHECK_HAS(text, "ms in all\n");
    }
    dfq_frame *bad = dfq_with_columns(opt_left(db), "cast(s as i64) as n");
    CHECK(dfq_explain_text(bad, DFQ_EXPLAIN_ANALYZE) == NULL);
    CHECK_HAS(dfq_error(db), "has no value of type i64");
    dfq_close(db);
  }
}

// A JSON value; returns what is behind it, NULL when it is none.
static const char *opt_json(const char *s);

static const char *opt_json_blank(const char *s) {
  while (s && (*s == ' ' || *s == '\n')) s++;
  return s;
}

static const char *opt_json_text(const char *s) {
  for (s++; *s && *s != '"'; s++) {
    if ((unsigned char)*s < 32) return NULL;
    if (*s == '\\') s++;
  }
  return *s ? s + 1 : NULL;
}

static const char *opt_json_list(const char *s, bool object) {
  char end = object ? '}' : ']';
  s = opt_json_blank(s + 1);
  if (*s == end) return s + 1;
  for (;; s++) {
    if (object) {
      s = opt_json_blank(s);
      s = *s == '"' ? opt_json_blank(opt_json_text(s)) : NULL;
      if (!s || *s++ != ':') return NULL;
    }
    s = opt_json_blank(opt_json(s));
    if (!s || *s == end) return s ? s + 1 : NULL;
    if (*s != ',') return NULL;
  }
}

static const char *opt_json(const char *s) {
  static const char *const words[] = { "true", "false", "null" };
  s = opt_json_blank(s);
  if (!s) return NULL;
  if (*s == '{' || *s == '[') return opt_json_list(s, *s == '{');
  if (*s == '"') return opt_json_text(s);
  for (int i = 0; i < 3; i++)
    if (strncmp(s, words[i], strlen(words[i])) == 0) return s + strlen(words[i]);
  char *end;
  (void)strtod(s, &end);
  return end > s ? end : NULL;
}

TEST(opt_explain_json) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(opt_course(db), "region != 'a\"b\\c\n\x01\xff'");
  const char *text = dfq_explain_text(f, DFQ_EXPLAIN_JSON), *end = text ? opt_json(text) : NULL;
  if (!CHECK(end && *opt_json_blank(end) == 0)) printf("%s\n", text ? text : dfq_error(db));
  if (text) {
    CHECK_HAS(text, "\"settings\":{\"engine\":\"batch\",\"batch_rows\":2048");
    CHECK_HAS(text, "\"stage\":\"join ... on customer_id inner\"");
    CHECK_HAS(text, "\"way\":\"build right\"");
    CHECK_HAS(text, "{\"id\":1,\"kind\":\"scan\"");
    CHECK_HAS(text, "{\"name\":\"amount\",\"type\":\"f64\"}");
    CHECK_HAS(text, "\\u0001\xEF\xBF\xBD");
    CHECK_HAS(text, "\"applied\":false,\"rule\":\"push_filter\"");
  }
  dfq_close(db);
}

TEST(opt_explain_dot) {
  dfq *db = dfq_open(NULL);
  const char *text = dfq_explain_text(opt_course(db), DFQ_EXPLAIN_DOT);
  if (CHECK(text != NULL)) {
    CHECK(strncmp(text, "digraph plan {\n", 15) == 0);
    CHECK_HAS(text, "  n3 [label=\"join#3 on customer_id inner  [build right; ~2 rows]\"];\n");
    CHECK_HAS(text, "  n9 -> n3;\n");
    CHECK_HAS(text, "  n4 -> n3;\n");
    CHECK_STR(text + strlen(text) - 3, "\n}\n");
  }
  dfq_close(db);
}

TEST(opt_explain_to_file) {
  dfq *db = dfq_open(NULL);
  FILE *out = tmpfile();
  if (!CHECK(out != NULL)) return;
  dfq_frame *f = dfq_filter(opt_left(db), "a > 1");
  CHECK(dfq_explain(f, out));
  CHECK(dfq_explain_as(f, DFQ_EXPLAIN_JOURNAL, out));
  char *text = test_text(out);
  CHECK_HAS(text, "as written\n  filter#2 a > 1");
  CHECK_HAS(text, "journal\n");
  free(text);
  CHECK(!dfq_explain(NULL, stdout));
  CHECK(dfq_explain_text(NULL, DFQ_EXPLAIN_BOTH) == NULL);
  CHECK(dfq_explain_text(dfq_filter(f, "nosuch = 1"), DFQ_EXPLAIN_BOTH) == NULL);
  CHECK_HAS(dfq_error(db), "no column nosuch");
  dfq_close(db);
}

// ---- equivalence ----------------------------------------------------------------------------

// A source that brings other rows each time it is read.
static void *opt_fickle_open(void *user) {
  opt_counted *c = (opt_counted *)user;
  c->left = ++c->rows;
  return c;
}

TEST(opt_check_equivalent) {
  dfq *db = dfq_open(NULL);
  FILE *out = tmpfile();
  if (!CHECK(out != NULL)) return;
  CHECK(dfq_check_equivalent(opt_everything(db), out));
  CHECK(dfq_check_equivalent(dfq_with_columns(opt_left(db), "cast(s as i64) as n"), out));
  opt_counted c = { 2, 0 };
  dfq_field field = { "n", DFQ_I64, NULL };
  dfq_row_source source = { "fickle", &field, 1, &c, opt_fickle_open, opt_counted_next, NULL,
                            false };
  dfq_clear_error(db);
  CHECK(!dfq_check_equivalent(dfq_filter(dfq_scan_rows(db, &source), "n >= 0"), out));
  CHECK_HAS(dfq_error(db),
            "check_equivalent: batch engine, 1 rows a batch, 1 thread, optimizer off");
  CHECK_HAS(dfq_error(db), "4 rows and 3");
  source.one_shot = true;
  CHECK(!dfq_check_equivalent(dfq_scan_rows(db, &source), NULL));
  CHECK_HAS(dfq_error(db), "it fails");
  CHECK(!dfq_check_equivalent(dfq_filter(opt_left(db), "nosuch"), NULL));
  CHECK(!dfq_check_equivalent(NULL, NULL));
  char *text = test_text(out);
  CHECK_HAS(text, "ways, one result\n");
  CHECK_HAS(text, "ways; the plan as written fails\n");
  CHECK_HAS(text, "this and the row engine without the optimizer: ");
  free(text);
  dfq_close(db);
}

// ---- traps of the reference engine ----------------------------------------------------------

TEST(opt_traps) {
  dfq *db = dfq_open(NULL);
  dfq_frame *in = opt_left(db), *right = opt_right(db);
  // pushdown minds the join type: unmatched rows do not come back
  OPT_SAME(dfq_filter(dfq_join(in, right, "id", DFQ_LEFT), "b is null"));
  CHECK_INT(dfq_count(dfq_filter(dfq_join(in, right, "id", DFQ_LEFT), "b is null")), 3);
  // pruning does not stop at sort, rename or union
  dfq_frame *f = dfq_rename(dfq_sort(dfq_union(in, in), "a"), "a as z");
  CHECK_INT(opt_scan_columns(dfq_select(f, "z")), 1);
  OPT_SAME(dfq_select(f, "z"));
  // not (b > 20) is null where b is, pushed or not
  OPT_SAME(dfq_filter(dfq_join(in, right, "id", DFQ_INNER), "not b > 20"));
  CHECK_INT(dfq_count(dfq_filter(right, "not b > 20")), 2);
  // group_by without keys over nothing gives one row; with keys none
  f = dfq_filter(in, "a > 100");
  CHECK_INT(dfq_count(dfq_group_by(f, NULL, "sum(a) as a")), 1);
  CHECK_INT(dfq_count(dfq_group_by(f, "s", "sum(a) as a")), 0);
  OPT_SAME(dfq_filter(dfq_group_by(f, NULL, "sum(a) as a"), "a is null"));
  // a filter on what with_columns replaces is not the filter on the old column
  f = dfq_filter(dfq_with_columns(in, "a * -1.0 as a"), "a > -3");
  OPT_SAME(f);
  CHECK_INT(dfq_count(f), 3);
  // a self-join: the same frame on both sides, pruned and filtered apart
  f = dfq_filter(dfq_join(in, in, "id", DFQ_LEFT), "a = 2 and a_right > 0");
  OPT_SAME(f);
  dfq_close(db);
}

// ---- memory ---------------------------------------------------------------------------------

// Fails the n-th allocation and all after it, until it is told otherwise.
typedef struct opt_meter { long left; size_t used; } opt_meter;

static void *opt_meter_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  opt_meter *m = (opt_meter *)user;
  if (new_size > old_size && m->left-- <= 0) return NULL;
  if (new_size == 0) {
    m->used -= old_size;
    free(ptr);
    return NULL;
  }
  void *to = realloc(ptr, new_size);
  if (to) m->used += new_size - old_size;
  return to;
}

TEST(opt_no_memory) {
  for (int form = DFQ_EXPLAIN_BOTH; form <= DFQ_EXPLAIN_JSON; form++) {
    bool done = false;
    for (long n = 0; !done && n < 100000; n += n < 40 ? 1 : 7) {
      opt_meter m = { 1000000, 0 };
      dfq_options options;
      memset(&options, 0, sizeof options);
      options.realloc = opt_meter_realloc;
      options.realloc_user = &m;
      dfq *db = dfq_open(&options);
      dfq_frame *f = opt_everything(db);
      m.left = n;
      const char *text = dfq_explain_text(f, (dfq_explain_form)form);
      done = text != NULL;
      if (!done) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
      m.left = 1000000;
      dfq_close(db);
      CHECK_INT(m.used, 0);
    }
    CHECK(done);
  }
}

// ---- files (chapter 6) ----------------------------------------------------------------------

#if DFQ_CHAPTER >= 6
TEST(opt_scan_takes_filters) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("opt.csv", "id,a,s,x\n1,10,p,1\n2,20,q,2\n3,30,r,3\n4,,s,4\n");
  dfq_frame *scan = dfq_scan_csv(db, path, NULL);
  dfq_frame *f = dfq_select(dfq_filter(scan, "a > 10 and s != 'r'"), "id");
  OPT_OK(f, "push_filter", "a > 10", "into scan#1", "evaluated while reading");
  OPT_OK(f, "push_filter", "s != 'r'", "into scan#1", "evaluated while reading");
  OPT_OK(f, "prune", "3 of 4 columns", "scan#1", NULL);
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED),
            "[3 of 4 columns: id, a, s; where a > 10 and s != 'r'; ");
  CHECK_INT(opt_scan_columns(f), 1);           // a and s stay inside the scan
  OPT_SAME(f);
  f = dfq_limit(scan, 2);
  OPT_OK(f, "push_limit", "limit#2", "into scan#1", "no more than 2 rows are wanted");
  OPT_SAME(f);
  f = dfq_limit(dfq_filter(scan, "a > 10"), 1);
  OPT_NO(f, "push_limit", "limit#3", "into scan#1", "it drops rows while reading");
  OPT_SAME(f);
  f = dfq_filter(dfq_limit(scan, 2), "a > 10");
  OPT_NO(f, "push_filter", "a > 10", "below limit#2", "count other rows");
  OPT_SAME(f);
  CHECK_INT(dfq_count(scan), 4);
  dfq_close(db);
}

// Rows with bad values are skipped: that is known only after all columns were read.
TEST(opt_scan_that_skips) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("skip.csv", "id,a\n1,10\n2,x\n3,30\n");
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.types = "id: i64, a: i64";
  o.bad_values = DFQ_BAD_SKIP;
  dfq_frame *scan = dfq_scan_csv(db, path, &o), *f = dfq_select(scan, "id");
  OPT_NO(f, "prune", "1 of 2 columns", "scan#1", "which rows are skipped");
  CHECK_INT(dfq_count(f), 2);
  OPT_SAME(f);
  f = dfq_filter(scan, "id > 1");
  OPT_NO(f, "push_filter", "id > 1", "into scan#1", "which rows are skipped");
  OPT_SAME(f);
  dfq_close(db);
}
#endif

static void run_ch5_optimizer(void) {
  RUN(opt_rule_names);
  RUN(opt_split_and);
  RUN(opt_fold_expressions);
  RUN(opt_fold_filters);
  RUN(opt_fold_elsewhere);
  RUN(opt_push_project);
  RUN(opt_push_sort_and_limit);
  RUN(opt_push_union);
  RUN(opt_push_group);
  RUN(opt_push_distinct);
  RUN(opt_push_window);
  RUN(opt_push_source_refuses);
  RUN(opt_push_join_sides);
  RUN(opt_push_join_key);
  RUN(opt_push_join_transfer);
  RUN(opt_push_full_key);
  RUN(opt_fallible_guard);
  RUN(opt_fallible_places);
  RUN(opt_errors_only_go);
  RUN(opt_outer_rejects_null);
  RUN(opt_outer_types);
  RUN(opt_outer_then_push);
  RUN(opt_merge);
  RUN(opt_merge_limits);
  RUN(opt_prune_scans);
  RUN(opt_prune_nodes);
  RUN(opt_push_limit);
  RUN(opt_top_k);
  RUN(opt_limit_reads_little);
  RUN(opt_build_side);
  RUN(opt_use_order);
  RUN(opt_rules_off);
  RUN(opt_fixpoint);
  RUN(opt_journal_once);
  RUN(opt_explain_course);
  RUN(opt_explain_stages);
  RUN(opt_explain_settings);
  RUN(opt_explain_analyze);
  RUN(opt_explain_json);
  RUN(opt_explain_dot);
  RUN(opt_explain_to_file);
  RUN(opt_check_equivalent);
  RUN(opt_traps);
  RUN(opt_no_memory);
#if DFQ_CHAPTER >= 6
  RUN(opt_scan_takes_filters);
  RUN(opt_scan_that_skips);
#endif
}
