// ch2_selectors.c - cols(...): what a selector holds, what items over one become, in every
// verb, and what is refused. A row of a table is two pipelines behind one scan: the one with
// selectors must print as the other does. A second text that begins with ! is a piece of the
// error.

static const char *const sel_file =
    "id,price,tax,x_b,x_a,name,note,day,ok\n"
    "1,2.5,0.5,7,8,ann,,2024-02-29,true\n"
    "2,-1.5,,9,1,bob,hi,2024-03-01,false\n"
    "3,,1.0,7,2,,yo,,\n";

typedef struct sel_case { const char *with, *want; } sel_case;

static bool sel_run(dfq *db, const char *path, const sel_case *c) {
  char text[3000];
  snprintf(text, sizeof text, "scan '%s' | %s", path, c->with);
  dfq_clear_error(db);
  dfq_frame *f = dfq_query(db, text);
  if (*c->want == '!') {
    bool refused = CHECK(dfq_frame_error(f) != NULL);
    bool ok = CHECK_HAS(dfq_error(db), c->want + 1) && refused;
    if (!ok) test_fail("    from %s\n", c->with);
    return ok;
  }
  bool ok = CHECK_STR(dfq_error(db), "");
  snprintf(text, sizeof text, "scan '%s' | %s", path, c->want);
  dfq_frame *plain = dfq_query(db, text);
  ok = CHECK_STR(dfq_error(db), "") && ok;
  ok = CHECK_STR(dfq_pipeline_text(f), dfq_pipeline_text(plain)) && ok;
  if (ok) ok = CHECK(dfq_check_equivalent(f, NULL));
  if (!ok) test_fail("    from %s\n    %s\n", c->with, dfq_error(db));
  return ok;
}

#define SEL_TABLE(name, ...)                                                                   \
  TEST(name) {                                                                                 \
    static const sel_case cases[] = { __VA_ARGS__ };                                           \
    const char *path = test_file(#name ".csv", sel_file);                                      \
    dfq *db = dfq_open(NULL);                                                                  \
    for (size_t i = 0; i < CH2_COUNT(cases); i++) {                                            \
      size_t mark = dfq_mark(db);                                                              \
      sel_run(db, path, &cases[i]);                                                            \
      dfq_release(db, mark);                                                                   \
    }                                                                                          \
    dfq_close(db);                                                                             \
  }

// ---- what a selector holds ------------------------------------------------------------------

SEL_TABLE(sel_sets,
  { "select cols(*)", "select id, price, tax, x_b, x_a, name, note, day, ok" },
  { "select cols(f64)", "select price, tax" },
  { "select cols(i64)", "select id, x_b, x_a" },
  { "select cols(str)", "select name, note" },
  { "select cols(bool)", "select ok" },
  { "select cols(numeric)", "select id, price, tax, x_b, x_a" },
  { "select cols(integer)", "select id, x_b, x_a" },
  { "select cols(float)", "select price, tax" },
  { "select cols(temporal)", "select day" },
  { "select cols(date)", "select day" },
  { "select cols(x_a, id)", "select id, x_a" },            // the table's order
  { "select cols(x_a | id,)", "select id, x_a" },
  { "select cols('x_*')", "select x_b, x_a" },
  { "select cols('*a*')", "select tax, x_a, name, day" },
  { "select cols('?" "?')", "select id, ok" },
  { "select cols('')", "!selects no column" },
  { "select cols('*')", "select cols(*)" },
  { "select cols(* - id)", "select price, tax, x_b, x_a, name, note, day, ok" },
  { "select cols(*-id-'x*')", "select price, tax, name, note, day, ok" },
  { "select cols(numeric & 'x_*')", "select x_b, x_a" },
  { "select cols(~numeric)", "select name, note, day, ok" },
  { "select cols(~(numeric | str))", "select day, ok" },
  { "select cols(~~str)", "select name, note" },
  { "select cols(numeric - f64 & 'x_*' | ok)", "select id, price, tax, x_b, x_a, ok" },
  { "select cols((numeric - f64) & 'x_*' | ok)", "select x_b, x_a, ok" },
  { "select cols(\"name\")", "select name" })

SEL_TABLE(sel_refused,
  { "select 1 as a, cols(i32), 2", "!cols(i32), 2\n" },
  { "select cols(i32)", "!selects no column; there are id i64, price f64, tax f64, x_b i64" },
  { "select cols(list)", "!selects no column" },
  { "select cols(list(i64))", "!selects no column" },
  { "select cols(nam)", "!no column nam; did you mean name?" },
  { "select cols(numeric & prise)", "!no column prise; did you mean price?" },
  { "select cols()", "!expected a column, a type, a pattern in '' or *, not )" },
  { "select cols(a b)", "!expected ), not b" },
  { "select cols(* &)", "!expected a column, a type, a pattern in '' or *, not )" },
  { "select cols(*", "!expected ), but the text ends here" },
  { "select cols('a)", "!this quote is never closed" },
  { "filter cols(bool) | limit 1", "filter ok | limit 1" },
  { "filter cols(numeric) > 1", "!try: it in select, with, group or sort; in a condition" },
  { "select cols(f64) + cols(i64)", "!two selectors in one item must be the same" },
  { "select cols(f64) as a", "!makes 2 columns, and all would be called a; write {}" },
  { "select cols(f64) * 'a'", "!cannot compute price (f64) * 'a' (str)" },
  { "select upper(cols(f64))", "!upper takes (str), not (f64)" },
  { "select cols(f64), price", "!two columns are called price" },
  { "group : sum(cols(str))", "!sum does not take str" },
  { "group id : sum(cols(id))", "!and keys are left out of aggregates" },
  { "join t.csv on cols(*)", "!" },
  { "rename cols(*) as x", "!" },
  { "drop_nulls cols('z*')", "!selects no column" },
  { "limit cols(*)", "!" })

// ---- what items become ----------------------------------------------------------------------

SEL_TABLE(sel_items,
  { "select cols(f64) * 2", "select price * 2 as price, tax * 2 as tax" },
  { "select id, cols(f64) * 2 as \"{}_2\"",
    "select id, price * 2 as price_2, tax * 2 as tax_2" },
  { "select cols(f64) as \"{}{}_\"", "select price as priceprice_, tax as taxtax_" },
  { "select cols(f64) as \"x_{}\"", "select price as x_price, tax as x_tax" },
  { "select cols(bool) as yes", "select ok as yes" },
  { "select id as \"{}\"", "select id as \"{}\"" },
  { "select cols(f64) * cols(f64)", "select price * price as price, tax * tax as tax" },
  { "select cols(f64) / id", "select price / id as price, tax / id as tax" },
  { "select round(cols(f64), 1)", "select round(price, 1) as price, round(tax, 1) as tax" },
  { "select cast(cols('x_*') as f64)",
    "select cast(x_b as f64) as x_b, cast(x_a as f64) as x_a" },
  { "select case when cols(f64) > 0 then cols(f64) end as \"{}\"",
    "select case when price > 0 then price end as price, "
    "case when tax > 0 then tax end as tax" },
  { "select fill_null(cols(str), '-')",
    "select fill_null(name, '-') as name, fill_null(note, '-') as note" },
  { "select cols(str) is null as \"no_{}\"",
    "select name is null as no_name, note is null as no_note" },
  { "with cols(f64) * 2, id + 1 as id",
    "with price * 2 as price, tax * 2 as tax, id + 1 as id" },
  { "with cols(i64) - 1 as \"{}_before\"",
    "with id - 1 as id_before, x_b - 1 as x_b_before, x_a - 1 as x_a_before" },
  { "drop cols(f64), id", "drop price, tax, id" },
  { "drop cols(* - id - ok)", "drop cols(~(id | ok))" },
  { "sort cols(bool | f64) desc nulls first, id",
    "sort price desc nulls first, tax desc nulls first, ok desc nulls first, id" },
  { "sort -cols(f64)", "sort -price, -tax" },
  { "distinct cols('x_*')", "distinct x_b, x_a" },
  { "distinct cols(i64), ok", "distinct id, x_b, x_a, ok" },
  { "distinct on cols('x_*') keep last", "distinct on x_b, x_a keep last" },
  { "drop_nulls cols(f64), note", "drop_nulls price, tax, note" },
  { "cast cols(f64) as i64, id as str", "cast price as i64, tax as i64, id as str" },
  { "drop_nulls cols(f64) | with tax as q | cast cols(f64) as str",
    "drop_nulls price, tax | with tax as q | cast price as str, tax as str, q as str" },
  { "drop_nulls cols(f64) | drop tax | try_cast cols(f64) as i64",
    "drop_nulls price, tax | drop tax | try_cast price as i64" },
  { "fill_null 0 in cols(float)", "fill_null 0 in price, tax" },
  { "unpivot cols('x_*') keep cols(id | ok)", "unpivot x_b, x_a keep id, ok" },
  { "unpivot id, cols('x_*') keep none", "unpivot id, x_b, x_a keep none" },
  { "unpivot (id, x_b), cols('x_a')", "!one column a turn here, 2 before" },
  { "group cols('x_*') : count() as n", "group x_b, x_a : count() as n" },
  { "group x_b : sum(cols(numeric))",
    "group x_b : sum(id) as id, sum(price) as price, sum(tax) as tax, sum(x_a) as x_a" },
  { "group : sum(cols(f64)) as \"{}_sum\", mean(cols(f64)) as \"{}_mean\", count() as n",
    "group : sum(price) as price_sum, sum(tax) as tax_sum, mean(price) as price_mean, "
    "mean(tax) as tax_mean, count() as n" },
  { "group : max(cols(i64)) - min(cols(i64))",
    "group : max(id) - min(id) as id, max(x_b) - min(x_b) as x_b, max(x_a) - min(x_a) as x_a" },
  { "with sum(cols(f64)) over (partition by x_b) as \"{}_all\"",
    "with sum(price) over (partition by x_b) as price_all, "
    "sum(tax) over (partition by x_b) as tax_all" })

SEL_TABLE(sel_spread,
  { "select least(cols(f64)) as a", "select least(price, tax) as a" },
  { "select greatest(cols(f64) * 2, 0.0) as a",
    "select greatest(price * 2, tax * 2, 0.0) as a" },
  { "select least(cols(bool)) as a", "select ok as a" },
  { "select coalesce(cols(str), 'x') as a", "select coalesce(name, note, 'x') as a" },
  { "select concat(cols(str)) as a", "select concat(name, note) as a" },
  { "select id in (cols('x_*'), 2) as a", "select id in (x_b, x_a, 2) as a" },
  { "select cols(i64) in (1, 2)", "select id in (1, 2) as id, x_b in (1, 2) as x_b, "
    "x_a in (1, 2) as x_a" },
  { "filter any_of(cols(f64) > 1)", "filter price > 1 or tax > 1" },
  { "filter all_of(cols(~bool) is not null)",
    "filter id is not null and price is not null and tax is not null and x_b is not null and "
    "x_a is not null and name is not null and note is not null and day is not null" },
  { "filter not any_of(cols(str) = 'bob', ok)",
    "filter not (name = 'bob' or note = 'bob' or ok)" },
  { "filter any_of(ok)", "filter ok" },
  { "select cols(f64) + least(cols(i64))",
    "select price + least(id, x_b, x_a) as price, tax + least(id, x_b, x_a) as tax" },
  { "group : sum(least(cols(i64))) as a", "group : sum(least(id, x_b, x_a)) as a" },
  { "select least(cols(f64) + cols(i64)) as a", "!two selectors in one item" },
  { "select least(cols(str), 1)", "!least takes" },
  { "filter any_of(cols(i64))", "!cannot compute id (i64) or x_b (i64)" },
  { "select concat(cols(i32)) as a", "!selects no column" })

// ---- selectors without a pipeline -----------------------------------------------------------

TEST(sel_constructors) {
  dfq *db = dfq_open(NULL);
  dfq_expr *e = dfq_cols(db, " f64 - id ");
  CHECK_INT(dfq_expr_kind_of(e), DFQ_COLS);
  CHECK_STR(dfq_expr_text(e), "cols(f64 - id)");
  CHECK(dfq_expr_equal(e, dfq_parse(db, "cols( f64 - id )")));
  CHECK(!dfq_expr_equal(e, dfq_cols(db, "f64")));
  dfq_expr *spread = dfq_call(db, "least", &e, 1);
  CHECK_INT(dfq_expr_kind_of(spread), DFQ_SPREAD);
  CHECK_STR(dfq_expr_text(spread), "least(cols(f64 - id))");
  CHECK(dfq_expr_equal(dfq_parse(db, dfq_expr_text(spread)), spread));
  CHECK_STR(dfq_expr_text(dfq_as(dfq_sum(e), "{}_s")), "sum(cols(f64 - id)) as \"{}_s\"");
  dfq_type type;
  CHECK(!dfq_expr_type(e, &ch2_schema, &type));
  CHECK_HAS(dfq_error(db), "cols stands for several columns; here one value is needed");
  CHECK(!dfq_expr_type(spread, &ch2_schema, &type));
  CHECK_INT(dfq_expr_kind_of(dfq_cols(db, "f64 -")), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "expected a column, a type, a pattern in '' or *");
  CHECK_INT(dfq_expr_kind_of(dfq_cols(db, "")), DFQ_FAILED);
  CHECK_INT(dfq_expr_kind_of(dfq_cols(db, "a b")), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "expected |, &, - or the end, not b");
  dfq_close(db);
}

// Deep nesting is refused, not a stack that overflows.
TEST(sel_deep) {
  dfq *db = dfq_open(NULL);
  char *text = (char *)calloc(1, 20100);
  memset(text, '~', 20000);
  text[20000] = '*';
  CHECK_INT(dfq_expr_kind_of(dfq_cols(db, text)), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "nested more than");
  memset(text, '(', 20000);
  CHECK_INT(dfq_expr_kind_of(dfq_cols(db, text)), DFQ_FAILED);
  free(text);
  dfq_close(db);
}

// A frame of constructors, and names that are told from types by their quotes.
TEST(sel_frames) {
  dfq *db = dfq_open(NULL);
  static const int64_t one[] = { 1, 2 };
  static const double two[] = { 1.5, 2.5 };
  dfq_column columns[] = { { "date", DFQ_I64, one, NULL }, { "numeric", DFQ_F64, two, NULL },
                           { "a \"b\"", DFQ_F64, two, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 3, 2);
  dfq_frame *f = dfq_scan_table(db, t);
  CHECK_INT(dfq_schema_of(dfq_select(f, "cols(\"date\")"))->count, 1);
  CHECK(dfq_frame_error(dfq_select(f, "cols(date)")) != NULL);
  CHECK_STR(dfq_schema_of(dfq_select(f, "cols(\"numeric\" | \"a \"\"b\"\"\")"))->field[1].name,
            "a \"b\"");
  dfq_expr *twice = dfq_as(dfq_mul(dfq_cols(db, "f64"), dfq_i64(db, 2)), "{}2");
  CHECK_STR(dfq_schema_of(dfq_with_exprs(f, &twice, 1))->field[3].name, "numeric2");
  CHECK_INT(dfq_schema_of(dfq_drop(f, "cols(f64)"))->count, 1);
  CHECK(dfq_frame_error(dfq_drop(f, "cols(str)")) != NULL);
  CHECK_HAS(dfq_error(db), "drop: selects no column");
  CHECK_SAME(dfq_group_by(f, "", "sum(cols(numeric))"));
  dfq_table_free(t);
  dfq_close(db);
}

// Every allocation of a plan with selectors fails once; each is an error, none is a crash.
static void *sel_scarce(void *user, void *p, size_t old_size, size_t new_size) {
  int *left = (int *)user;
  (void)old_size;
  if (new_size == 0) { free(p); return NULL; }
  if ((*left)-- <= 0) return NULL;
  return realloc(p, new_size);
}

TEST(sel_no_memory) {
  const char *path = test_file("sel_memory.csv", sel_file);
  char text[600];
  snprintf(text, sizeof text,
           "scan '%s' | with cols(f64) * 2 as \"{}_2\" | filter any_of(cols('*_2') > 1) "
           "| drop cols(str) | group cols(x_b) : sum(cols(numeric - id)) | sort cols(*) desc",
           path);
  for (int n = 0; n < 400; n++) {
    int left = n;
    dfq_options o;
    memset(&o, 0, sizeof o);
    o.realloc = sel_scarce;
    o.realloc_user = &left;
    dfq *db = dfq_open(&o);
    if (!db) continue;
    dfq_frame *f = dfq_query(db, text);
    if (dfq_frame_error(f)) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    dfq_close(db);
  }
}

static void run_ch2_selectors(void) {
  RUN(sel_sets);
  RUN(sel_refused);
  RUN(sel_items);
  RUN(sel_spread);
  RUN(sel_constructors);
  RUN(sel_deep);
  RUN(sel_frames);
  RUN(sel_no_memory);
}
