// ch2_reference.c - the functions as the tables list them: each has a sentence and an example
// that runs, and whatever has a sentence exists.

static bool ref_is_over_rows(const dfq_function_info *f) {
  return f->kind == DFQ_FUNCTION_GROUP || f->kind == DFQ_FUNCTION_WINDOW;
}

// Every signature begins with the function's name, and has a result.
static bool ref_signatures_are_lines(const dfq_function_info *f) {
  const char *s = f->signatures;
  size_t n = strlen(f->name);
  for (bool more = true; more; s += strcspn(s, "\n"), more = *s++ == '\n') {
    const char *arrow = strstr(s, " -> ");
    if (!arrow || arrow > s + strcspn(s, "\n")) return false;
    if (f->kind != DFQ_FORM && strncmp(s, f->name, n) != 0) return false;
  }
  return true;
}

TEST(reference_every_function_is_described) {
  dfq *db = dfq_open(NULL);
  dfq_function_info f;
  int count = 0;
  for (; dfq_function_at(db, count, &f); count++) {
    bool ok = CHECK(f.name && f.signatures && f.group && f.doc && f.example);
    ok = ok && CHECK(strlen(f.doc) > 4) && CHECK(ref_signatures_are_lines(&f));
    if (!ok) printf("    %s: %s\n", f.name ? f.name : "?", f.signatures ? f.signatures : "");
  }
  CHECK(count > 100);
  CHECK(!dfq_function_at(db, -1, &f));
  CHECK(!dfq_function_at(db, count, &f));
  CHECK_INT(dfq_error_status(db), DFQ_OK);
  dfq_close(db);
}

static int ref_rows_of(const char *name) {
  int found = 0;
  for (int i = 0; i < DFQ__DOC_COUNT; i++)
    found += dfq__docs[i].name && strcmp(dfq__docs[i].name, name) == 0;
  return found;
}

static bool ref_exists(const char *name) {
  bool form = false;
  size_t n = strlen(name);
  for (int k = 0; k < DFQ__FORM_COUNT; k++) form = form || !strcmp(dfq__forms[k].name, name);
  return form || dfq__function_find(name, n) >= 0 || dfq__aggregate_find(name, n) >= 0;
}

// Each function once, and nothing that is gone: whoever adds one writes its row.
TEST(reference_one_sentence_for_each_function) {
  const char *name[DFQ__FUNCTION_COUNT + DFQ__FORM_COUNT + DFQ__AGGREGATE_COUNT];
  int count = 0;
  for (int k = 0; k < DFQ__FUNCTION_COUNT; k++) name[count++] = dfq__functions[k].name;
  for (int k = 0; k < DFQ__FORM_COUNT; k++) name[count++] = dfq__forms[k].name;
  for (int k = 0; k < DFQ__AGGREGATE_COUNT; k++) name[count++] = dfq__aggregates[k].name;
  for (int k = 0; k < count; k++)
    if (!CHECK_INT(ref_rows_of(name[k]), 1)) printf("    %s\n", name[k]);
  for (int k = 0; k < DFQ__DOC_COUNT; k++)
    if (dfq__docs[k].name && !CHECK(ref_exists(dfq__docs[k].name)))
      printf("    %s\n", dfq__docs[k].name);
}

typedef struct ref_wanted { const char *name; bool found; } ref_wanted;

static bool ref_shows(void *user, dfq_expr *e) {
  ref_wanted *w = (ref_wanted *)user;
  const char *name = dfq_expr_name(e);
  w->found = w->found || (name && strcmp(name, w->name) == 0);
  return true;
}

// An example shows its own function, of values that are written down, and has a value.
TEST(reference_examples_of_values_run) {
  static const dfq_schema nothing = { 0, NULL };
  dfq *db = dfq_open(NULL);
  dfq_function_info f;
  for (int i = 0; dfq_function_at(db, i, &f); i++) {
    dfq_value to;
    dfq_expr *e = dfq_parse(db, f.example);
    if (ref_is_over_rows(&f)) continue;
    if (!CHECK(dfq_expr_eval(e, &nothing, NULL, &to)))
      printf("    %s\n    %s\n", f.example, dfq_error(db));
    ref_wanted wanted = { f.name, f.kind == DFQ_FORM };
    dfq_visit(e, ref_shows, &wanted);
    if (!CHECK(wanted.found)) printf("    %s: %s\n", f.name, f.example);
  }
  dfq_close(db);
}

#if DFQ_CHAPTER >= 5
TEST(reference_examples_over_rows_run) {
  dfq *db = dfq_open(NULL);
  dfq_function_info f;
  int64_t amounts[] = { 250, 100, 0, 300 }, years[] = { 2024, 2024, 2023, 2023 };
  int64_t orders[] = { 101, 102, 103, 104 }, customers[] = { 1, 2, 1, 3 };
  uint8_t known[] = { 1, 1, 0, 1 };
  dfq_column columns[] = { { "order_id", DFQ_I64, orders, NULL },
                           { "customer_id", DFQ_I64, customers, NULL },
                           { "amount", DFQ_I64, amounts, known },
                           { "year", DFQ_I64, years, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 4, 4);
  for (int i = 0; dfq_function_at(db, i, &f); i++) {
    char text[400];
    if (!ref_is_over_rows(&f)) continue;
    dfq_frame *q = dfq_scan_table(db, t);
    snprintf(text, sizeof text, "%s as result", f.example);
    bool window = dfq_expr_kind_of(dfq_parse(db, f.example)) == DFQ_OVER;
    CHECK_INT(window, f.kind == DFQ_FUNCTION_WINDOW);
    q = window ? dfq_with_columns(q, text) : dfq_group_by(q, "year", text);
    if (!CHECK(dfq_check_equivalent(q, NULL)))
      printf("    %s\n    %s\n", f.example, dfq_error(db));
    CHECK(strncmp(f.example, f.name, strlen(f.name)) == 0);
  }
  dfq_table_free(t);
  dfq_close(db);
}
#endif

static bool ref_find(dfq *db, const char *name, dfq_function_info *to) {
  for (int i = 0; dfq_function_at(db, i, to); i++)
    if (strcmp(to->name, name) == 0) return true;
  return test_fail("  no function %s\n", name);
}

TEST(reference_says_what_the_tables_say) {
  dfq *db = dfq_open(NULL);
  dfq_function_info f;
  ref_find(db, "strip", &f);
  CHECK_STR(f.signatures, "strip(str) -> str\nstrip(str, str) -> str");
  CHECK(f.kind == DFQ_FUNCTION && !f.may_fail && !f.takes_null && !f.makes_null && !f.infix);
  ref_find(db, "idiv", &f);
  CHECK_STR(f.infix, "//");
  CHECK(f.may_fail && f.makes_null && !f.takes_null);
  ref_find(db, "least", &f);
  CHECK(f.takes_null);
  ref_find(db, "concat", &f);
  CHECK_STR(f.signatures, "concat(str, str, ...) -> str");
  ref_find(db, "coalesce", &f);
  CHECK(f.kind == DFQ_FORM);
  ref_find(db, "count", &f);
  CHECK_STR(f.signatures, "count() -> i64\ncount(any) -> i64");
  CHECK(f.kind == DFQ_FUNCTION_GROUP);
  ref_find(db, "rank", &f);
  CHECK_STR(f.signatures, "rank() -> i64");
  CHECK(f.kind == DFQ_FUNCTION_WINDOW);
  ref_find(db, "any", &f);
  CHECK_STR(f.signatures, "any(bool) -> bool");
  dfq_close(db);
}

// if is a case: only the value that is asked for is computed.
TEST(reference_if_is_a_case) {
  static const ch2_case cases[] = {
    { "if(i > 5, 'many', 'few')", "str many" }, { "if(bn, 1, 2)", "i64 2" },
    { "if(true, 1, 2.5)", "f64 1.0" },          { "if(z != 0, big + i, 0)", "i64 0" },
    { "if(1, 2, 3)", "!when needs a bool, not i64" },
    { "if(b, 1)", "!if does not take 2 arguments" },
    { "if(b, 1, 'x')", "!one branch is" },      { "fill_null(n, 3)", "i64 3" },
    { "fil_null(n, 3)", "!did you mean fill_null?" },
  };
  ch2_table(cases, CH2_COUNT(cases));
  dfq *db = dfq_open(NULL);
  CHECK_STR(dfq_expr_text(dfq_parse(db, "if(a, b, c)")), "case when a then b else c end");
  dfq_close(db);
}

static void run_ch2_reference(void) {
  RUN(reference_every_function_is_described);
  RUN(reference_one_sentence_for_each_function);
  RUN(reference_examples_of_values_run);
#if DFQ_CHAPTER >= 5
  RUN(reference_examples_over_rows_run);
#endif
  RUN(reference_says_what_the_tables_say);
  RUN(reference_if_is_a_case);
}
