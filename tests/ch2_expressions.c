// ch2_expressions.c - expressions as data: text and constructors, printing, errors with carets,
// types before any row, the meaning of every operator, numbers and dates as text, limits,
// memory.
//
// Most tests are tables. A row's result is written "type value", as in "i64 3"; a wanted result
// that begins with ! is a piece of the error message. ch2_row is the row behind the names.

static const dfq_field ch2_fields[] = {
  { "b", DFQ_BOOL, NULL },      { "no", DFQ_BOOL, NULL },     { "bn", DFQ_BOOL, NULL },
  { "i3", DFQ_I32, NULL },      { "n3", DFQ_I32, NULL },      { "i", DFQ_I64, NULL },
  { "z", DFQ_I64, NULL },       { "n", DFQ_I64, NULL },       { "big", DFQ_I64, NULL },
  { "small", DFQ_I64, NULL },   { "f", DFQ_F64, NULL },       { "fn", DFQ_F64, NULL },
  { "nan", DFQ_F64, NULL },     { "inf", DFQ_F64, NULL },     { "s", DFQ_STR, NULL },
  { "sn", DFQ_STR, NULL },      { "empty", DFQ_STR, NULL },   { "d", DFQ_DATE, NULL },
  { "t", DFQ_DATETIME, NULL },  { "u", DFQ_DURATION, NULL },  { "dn", DFQ_DATE, NULL },
  { "ten", DFQ_STR, "line 7 holds '-'" }
};
enum { CH2_COLUMNS = sizeof ch2_fields / sizeof *ch2_fields };
static const dfq_schema ch2_schema = { CH2_COLUMNS, ch2_fields };

static dfq_value ch2_int(dfq_type type, int64_t i) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  v.type = type;
  v.as.i = i;
  return v;
}

static dfq_value ch2_float(double f) {
  dfq_value v = ch2_int(DFQ_F64, 0);
  v.as.f = f;
  return v;
}

static dfq_value ch2_string(const char *s) {
  dfq_value v = ch2_int(DFQ_STR, 0);
  v.as.s = s;
  v.len = (uint32_t)strlen(s);
  return v;
}

static const dfq_value *ch2_row(void) {
  static dfq_value row[CH2_COLUMNS];
  dfq_value *v = row, none = ch2_int(DFQ_NULL, 0);
  *v++ = ch2_int(DFQ_BOOL, 1);
  *v++ = ch2_int(DFQ_BOOL, 0);
  *v++ = none;
  *v++ = ch2_int(DFQ_I32, 7);
  *v++ = none;
  *v++ = ch2_int(DFQ_I64, 10);
  *v++ = ch2_int(DFQ_I64, 0);
  *v++ = none;
  *v++ = ch2_int(DFQ_I64, INT64_MAX);
  *v++ = ch2_int(DFQ_I64, INT64_MIN);
  *v++ = ch2_float(2.5);
  *v++ = none;
  *v++ = ch2_float((double)NAN);
  *v++ = ch2_float((double)INFINITY);
  *v++ = ch2_string("h\xc3\xa9llo");
  *v++ = none;
  *v = ch2_int(DFQ_STR, 0);   // the empty string of a NULL pointer
  v->as.s = NULL;
  v++;
  *v++ = ch2_int(DFQ_DATE, 18321);   // 2020-02-29
  *v++ = ch2_int(DFQ_DATETIME, (int64_t)18321 * 86400 * 1000000 + 3723000004);
  *v++ = ch2_int(DFQ_DURATION, 90000000);
  *v++ = none;
  *v++ = ch2_string("10");
  return row;
}

// ---- tables of expressions ------------------------------------------------------------------

typedef struct ch2_case { const char *text, *want; } ch2_case;

#define CH2_COUNT(table) ((int)(sizeof table / sizeof *table))

// "type value", or "! message"; a value whose type is not the promised one says so.
static void ch2_show(dfq *db, dfq_expr *e, char *to, size_t size) {
  dfq_type type = DFQ_KINDS;
  dfq_value v;
  if (!dfq_expr_type(e, &ch2_schema, &type) || !dfq_expr_eval(e, &ch2_schema, ch2_row(), &v)) {
    snprintf(to, size, "! %s", dfq_error(db));
    return;
  }
  dfq__text t = dfq__text_in(db->heap);
  if (v.type != DFQ_NULL && v.type != type) dfq__putf(&t, "(a %s!) ", dfq_type_name(v.type));
  dfq__put_value(&t, &v);
  snprintf(to, size, "%s %.*s", dfq_type_name(type), (int)t.len, t.len ? t.data : "");
  dfq__text_free(&t);
}

static bool ch2_check(dfq *db, dfq_expr *e, const char *text, const char *want) {
  char got[1024];
  ch2_show(db, e, got, sizeof got);
  bool ok = *want == '!' ? *got == '!' && CHECK_HAS(got, want + 1) : CHECK_STR(got, want);
  if (*want == '!' && *got != '!') ok = CHECK_STR(got, want);
  if (!ok) printf("    from %.200s\n", text);
  return ok;
}

static void ch2_table(const ch2_case *cases, int count) {
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < count; i++) {
    size_t mark = dfq_mark(db);
    ch2_check(db, dfq_parse(db, cases[i].text), cases[i].text, cases[i].want);
    dfq_release(db, mark);
  }
  dfq_close(db);
}

// ---- constructors and their text ------------------------------------------------------------

// Both roads give one tree, and its text gives it back.
static void ch2_twin(dfq *db, dfq_expr *built, const char *text) {
  dfq_expr *parsed = dfq_parse(db, text);
  bool ok = CHECK(dfq_expr_kind_of(parsed) != DFQ_FAILED);
  ok = ok && CHECK(dfq_expr_equal(built, parsed)) && CHECK(dfq_expr_equal(parsed, built));
  ok = ok && CHECK_STR(dfq_expr_text(built), dfq_expr_text(parsed));
  ok = ok && CHECK(dfq_expr_equal(built, dfq_parse(db, dfq_expr_text(built))));
  if (!ok) printf("    %s\n    %s\n    %s\n", text, dfq_expr_text(built), dfq_error(db));
}

TEST(expr_twins_values) {
  dfq *db = dfq_open(NULL);
  dfq_value day = ch2_int(DFQ_DATE, 18262), narrow = ch2_int(DFQ_I32, -5);
  dfq_value month = ch2_int(DFQ_MONTHS, 3), later = ch2_int(DFQ_DURATION, 3600000000);
  ch2_twin(db, dfq_col(db, "amount"), "amount");
  ch2_twin(db, dfq_col(db, "two words"), "\"two words\"");
  ch2_twin(db, dfq_i64(db, 42), "42");
  ch2_twin(db, dfq_i64(db, INT64_MIN), "-9223372036854775808");
  ch2_twin(db, dfq_i64(db, INT64_MAX), "9223372036854775807");
  ch2_twin(db, dfq_f64(db, 0.5), "0.5");
  ch2_twin(db, dfq_f64(db, 2), "2.0");
  ch2_twin(db, dfq_f64(db, -0.0), "-0.0");
  ch2_twin(db, dfq_f64(db, (double)NAN), "f64 'nan'");
  ch2_twin(db, dfq_f64(db, -(double)NAN), "f64 'nan'");
  ch2_twin(db, dfq_f64(db, -(double)INFINITY), "f64 '-inf'");
  ch2_twin(db, dfq_bool(db, true), "true");
  ch2_twin(db, dfq_bool(db, false), "FALSE");
  ch2_twin(db, dfq_str(db, "it's"), "'it''s'");
  ch2_twin(db, dfq_str_n(db, "abcdef", 3), "'abc'");
  ch2_twin(db, dfq_str(db, ""), "''");
  ch2_twin(db, dfq_null(db), "null");
  ch2_twin(db, dfq_literal(db, &day), "date '2020-01-01'");
  ch2_twin(db, dfq_literal(db, &narrow), "i32 '-5'");
  ch2_twin(db, dfq_literal(db, &month), "interval '1' quarter");
  ch2_twin(db, dfq_literal(db, &later), "interval '1' hour");
  dfq_close(db);
}

TEST(expr_twins_operators) {
  dfq *db = dfq_open(NULL);
  dfq_expr *a = dfq_col(db, "a"), *c = dfq_col(db, "c");
  ch2_twin(db, dfq_add(a, c), "a + c");
  ch2_twin(db, dfq_sub(a, c), "a - c");
  ch2_twin(db, dfq_mul(a, c), "a * c");
  ch2_twin(db, dfq_div(a, c), "a / c");
  ch2_twin(db, dfq_idiv(a, c), "a // c");
  ch2_twin(db, dfq_mod(a, c), "a % c");
  ch2_twin(db, dfq_neg(a), "-a");
  ch2_twin(db, dfq_eq(a, c), "a = c");
  ch2_twin(db, dfq_eq(a, c), "a == c");
  ch2_twin(db, dfq_ne(a, c), "a != c");
  ch2_twin(db, dfq_ne(a, c), "a <> c");
  ch2_twin(db, dfq_lt(a, c), "a < c");
  ch2_twin(db, dfq_le(a, c), "a <= c");
  ch2_twin(db, dfq_gt(a, c), "a > c");
  ch2_twin(db, dfq_ge(a, c), "a >= c");
  ch2_twin(db, dfq_and(a, c), "a and c");
  ch2_twin(db, dfq_or(a, c), "a or c");
  ch2_twin(db, dfq_not(a), "not a");
  ch2_twin(db, dfq_is_null(a), "a is null");
  ch2_twin(db, dfq_is_not_null(a), "a is not null");
  ch2_twin(db, dfq_is_distinct(a, c), "a is distinct from c");
  ch2_twin(db, dfq_not(dfq_is_distinct(a, c)), "not a is distinct from c");
  ch2_twin(db, dfq_like(a, dfq_str(db, "x%")), "a like 'x%'");
  ch2_twin(db, dfq_between(a, dfq_i64(db, 1), c), "a between 1 and c");
  ch2_twin(db, dfq_not(dfq_between(a, c, a)), "a not between c and a");
  ch2_twin(db, dfq_gt(dfq_col(db, "amount"), dfq_i64(db, 100)), "amount > 100");
  dfq_close(db);
}

TEST(expr_twins_compound) {
  dfq *db = dfq_open(NULL);
  dfq_expr *a = dfq_col(db, "a"), *c = dfq_col(db, "c"), *one = dfq_i64(db, 1);
  dfq_expr *list[] = { one, c, dfq_null(db) };
  dfq_expr *pairs[] = { dfq_gt(a, one), dfq_str(db, "x"), dfq_is_null(c), dfq_str(db, "y") };
  dfq_expr *subject[] = { dfq_eq(a, one), c };
  ch2_twin(db, dfq_in(a, list, 3), "a in (1, c, null)");
  ch2_twin(db, dfq_in(a, list, 3), "a in (1, c, null,)");
  ch2_twin(db, dfq_not(dfq_in(a, list, 1)), "a not in (1)");
  ch2_twin(db, dfq_case(pairs, 2, dfq_str(db, "z")),
           "case when a > 1 then 'x' when c is null then 'y' else 'z' end");
  ch2_twin(db, dfq_case(pairs, 1, NULL), "case when a > 1 then 'x' end");
  ch2_twin(db, dfq_case(pairs, 1, dfq_null(db)), "case when a > 1 then 'x' else null end");
  ch2_twin(db, dfq_case(subject, 1, NULL), "case a when 1 then c end");
  ch2_twin(db, dfq_cast(a, DFQ_F64), "cast(a as f64)");
  ch2_twin(db, dfq_try_cast(a, DFQ_DATETIME), "try_cast(a as datetime)");
  ch2_twin(db, dfq_as(dfq_add(a, one), "next"), "a + 1 as next");
  ch2_twin(db, dfq_as(a, "as"), "a as \"as\"");
  ch2_twin(db, dfq_as(dfq_as(a, "x"), "y"), "a as y");
  ch2_twin(db, dfq_add(dfq_as(a, "x"), one), "a + 1");
  ch2_twin(db, dfq_call(db, "abs", &a, 1), "abs(a)");
  ch2_twin(db, dfq_call(db, "add", list, 2), "1 + c");
  ch2_twin(db, dfq_call(db, "coalesce", list, 2), "coalesce(1, c)");
  ch2_twin(db, dfq_call(db, "coalesce", list, 2), "case when 1 is not null then 1 else c end");
  ch2_twin(db, dfq_call(db, "coalesce", &a, 1), "coalesce(a)");
  ch2_twin(db, dfq_call(db, "floor_mod", list, 2), "floor_mod(1, c)");
  ch2_twin(db, dfq_sum(a), "sum(a)");
  ch2_twin(db, dfq_mean(a), "mean(a)");
  ch2_twin(db, dfq_mean(a), "avg(a)");
  ch2_twin(db, dfq_min(a), "min(a)");
  ch2_twin(db, dfq_max(a), "max(a)");
  ch2_twin(db, dfq_count_of(a), "count(a)");
  ch2_twin(db, dfq_count_rows(db), "count()");
  ch2_twin(db, dfq_count_rows(db), "count(*)");
  ch2_twin(db, dfq_call(db, "quantile", list, 2), "quantile(1, c)");
  dfq_close(db);
}

// Every name of the two tables can be called, and prints as something that parses back.
TEST(expr_twins_every_function) {
  dfq *db = dfq_open(NULL);
  dfq_expr *a = dfq_col(db, "a"), *args[] = { a, dfq_col(db, "b"), dfq_str(db, "!"), a, a, a };
  for (int i = 0; i < DFQ__FUNCTION_COUNT + DFQ__AGGREGATE_COUNT; i++) {
    int aggregate = i - DFQ__FUNCTION_COUNT, made = 0;
    const char *name = aggregate < 0 ? dfq__functions[i].name : dfq__aggregates[aggregate].name;
    for (int count = 0; count <= 6; count++) {
      dfq_expr *e = dfq_call(db, name, args, count);
      if (dfq_expr_kind_of(e) == DFQ_FAILED) continue;
      made++;
      dfq_expr *call = dfq_expr_kind_of(e) == DFQ_OVER ? dfq_expr_arg(e, 0) : e;
      CHECK_STR(dfq_expr_name(call), name);
      CHECK_INT(dfq_expr_args(call), count);
      if (!CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))))) printf("    %s\n", name);
    }
    CHECK(made > 0);
  }
  dfq_close(db);
}

TEST(expr_unequal) {
  static const char *const texts[] = {
    "a", "A", "\"a \"", "1", "1.0", "i32 '1'", "true", "'1'", "'a'", "null", "0.0", "-0.0",
    "f64 'nan'", "f64 'inf'", "date '1970-01-02'", "interval '1' day", "interval '1' month",
    "interval '1' microsecond", "-a", "-(1)", "-1", "not a", "a + b", "b + a", "a - b",
    "a + b + c", "a + (b + c)", "wrap_add(a, b)", "sum(a)", "mean(a)", "count(a)", "count()",
    "abs(a)", "a in (b)", "a in (b, c)", "a = b", "a is distinct from b", "a like b",
    "a ilike b", "a like b escape '!'", "cast(a as i64)", "cast(a as i32)",
    "try_cast(a as i64)", "case when a then b end", "case when a then b else c end",
    "case when a then b when c then d end", "a as x", "a as y", "*"
  };
  dfq *db = dfq_open(NULL);
  dfq_expr *e[CH2_COUNT(texts)];
  for (int i = 0; i < CH2_COUNT(texts); i++) e[i] = dfq_parse(db, texts[i]);
  for (int i = 0; i < CH2_COUNT(texts); i++)
    for (int j = 0; j < CH2_COUNT(texts); j++)
      if (!CHECK_INT(dfq_expr_equal(e[i], e[j]), i == j))
        printf("    %s, %s\n", texts[i], texts[j]);
  CHECK(!dfq_expr_equal(e[0], NULL));
  CHECK(!dfq_expr_equal(NULL, e[0]));
  dfq_close(db);
}

// ---- printing -------------------------------------------------------------------------------

static const dfq_type ch2_spans[] = { DFQ_DURATION, DFQ_DAYS, DFQ_MONTHS };

// text, and how it prints (NULL: just so).
TEST(expr_prints) {
  static const ch2_case cases[] = {
    { "a + b * c", NULL },               { "(a + b) * c", NULL },
    { "a - b - c", NULL },               { "a - (b - c)", NULL },
    { "a / (b * c)", NULL },             { "(a / b) * c", "a / b * c" },
    { "a // b % c", NULL },              { "a * (b // c)", NULL },
    { "-a * b", NULL },                  { "-(a * b)", NULL },
    { "--a", NULL },                     { "- - 5", "--(5)" },
    { "-5", NULL },                      { "- 5", "-(5)" },
    { "--5", "-(-5)" },                  { "a -5", "a - 5" },
    { "a - -5", NULL },                  { "a-(-5)", "a - -5" },
    { "a - -b", NULL },                  { "-5 * a", NULL },
    { "-9223372036854775808", NULL },    { "-(-9223372036854775808)", NULL },
    { "-(f64 'nan')", NULL },            { "-('x')", NULL },
    { "1 + 2 * 3 > x", NULL },           { "1 + (2 * 3 > x)", NULL },
    { "not a = b", NULL },               { "(not a) = b", NULL },
    { "not not a", NULL },               { "a = (not b)", NULL },
    { "not a and b", NULL },             { "not (a and b)", NULL },
    { "a and b or c and d", NULL },      { "a and (b or c) and d", NULL },
    { "a or (b or c)", NULL },           { "(a or b) or c", "a or b or c" },
    { "a and (b and c)", NULL },         { "not (a or b)", NULL },
    { "(a = b) = c", NULL },             { "a = (b = c)", NULL },
    { "(a < b) is null", NULL },         { "a + b is null", NULL },
    { "-a is not null", NULL },          { "(a is null) is null", NULL },
    { "a is null = b", "!" },            { "(a is null) = b", NULL },
    { "a is distinct from b + 1", NULL },
    { "a IS NOT distinct from b", "a is not distinct from b" },
    { "a not in (1, 2)", "not a in (1, 2)" },
    { "a + 1 in (b = c, d,)", "a + 1 in (b = c, d)" },
    { "(a in (1)) in (true)", NULL },    { "a in ((b in (c)))", "a in (b in (c))" },
    { "a like 'x!%' escape '!'", NULL }, { "a not ilike b || c", "!" },
    { "a not like b", "not a like b" },  { "a like b escape (c + d)", NULL },
    { "a ilike b + c escape -d", "a ilike b + c escape (-d)" },
    { "(a like b) like c", NULL },       { "a like (b like c)", NULL },
    { "a like escape escape escape", NULL },
    { "a between 1 and 2 and b", "a >= 1 and a <= 2 and b" },
    { "a between b - 1 and b + 1 or c", "a >= b - 1 and a <= b + 1 or c" },
    { "NOT a NOT BETWEEN 1 AND 2", "not not (a >= 1 and a <= 2)" },
    { "case when case when a then b end then c else case d when 1 then 2 end end",
      "case when case when a then b end then c else case when d = 1 then 2 end end" },
    { "CASE a WHEN 1 THEN TRUE ELSE NULL END", "case when a = 1 then true end" },
    { "case when a then b end + 1", NULL },
    { "-case when a then b end", NULL },
    { "interval '3' day", NULL },        { "interval '2 weeks'", "interval '14' day" },
    { "interval '1' years", "interval '12' month" },
    { "interval '-2' hour", "interval '-7200000000' microsecond" },
    { "interval '5 millisecond'", "interval '5000' microsecond" },
    { "interval + 1", NULL },            { "interval", NULL },
    { "duration '5'", "interval '5' microsecond" },
    { "date '2020-02-29'", NULL },       { "date '0000-01-01'", NULL },
    { "date '9999/12/31'", "date '9999-12-31'" },
    { "datetime '2020-02-29'", "datetime '2020-02-29 00:00:00'" },
    { "datetime '2020-02-29T12:34:56.5+02:00'", "datetime '2020-02-29 10:34:56.500000'" },
    { "datetime '1969-12-31 23:59:59.999999'", NULL },
    { "i32 '-2147483648'", NULL },       { "i64 '7'", "7" },
    { "bool 'True'", "true" },           { "str 'x'", "'x'" },
    { "f64 'NaN'", "f64 'nan'" },        { "f64 '-Infinity'", "f64 '-inf'" },
    { "f64 '1'", "1.0" },                { "1e3", "1000.0" },
    { "1e22", "1e+22" },                 { "1E-7", "1e-07" },
    { "0.1", NULL },                     { "-0.0", NULL },
    { "1.7976931348623157e308", "1.7976931348623157e+308" },
    { "5e-324", "5e-324" },
    { "date > date '2020-01-01'", NULL },
    { "i64 + cast(str as i64)", NULL },  { "try_cast(date as date)", NULL },
    { "count + sum(count)", NULL },      { "count()", NULL },
    { "\"and\" and \"AND\"", NULL },     { "And and aNd", NULL },
    { "\"null\" is null", NULL },        { "\"TRUE\" = TRUE", "\"TRUE\" = true" },
    { "\"\"", NULL },                    { "\"a\"\"b\"", NULL },
    { "\"1st\"", NULL },                 { "\"plain\"", "plain" },
    { "\"a b\" + \"c-d\"", NULL },       { "\xc3\xa9t\xc3\xa9", NULL },
    { "distinct is distinct from from", NULL },
    { "'a''b'", NULL },                  { "'\"'", NULL },
    { "'# no comment' # a comment", "'# no comment'" },
    { "a # 'x\n + b", "a + b" },         { " a\t+\r\n b ", "a + b" },
    { "coalesce(a, b, 0)",
      "case when a is not null then a when b is not null then b else 0 end" },
    { "abs(-a,)", "abs(-a)" },           { "floor_div(a + 1, (b))", "floor_div(a + 1, b)" },
    { "AND", "!" },                      { "* ", "*" },
    { "a = b as c", NULL },              { "a AS \"b c\"", "a as \"b c\"" },
    { "first(a) - last(b)", NULL },      { "quantile(a, 0.5) as q", NULL },
  };
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < CH2_COUNT(cases); i++) {
    const char *text = cases[i].text, *want = cases[i].want ? cases[i].want : text;
    dfq_expr *e = dfq_parse(db, text);
    if (*want == '!') {
      if (!CHECK_INT(dfq_expr_kind_of(e), DFQ_FAILED)) printf("    %s\n", text);
      continue;
    }
    bool ok = CHECK_STR(dfq_expr_text(e), want);
    ok = ok && CHECK(dfq_expr_equal(e, dfq_parse(db, want)));
    if (!ok) printf("    from %s\n    %s\n", text, dfq_error(db));
  }
  dfq_close(db);
}

static dfq_expr *ch2_random_literal(dfq *db, uint64_t *seed) {
  static const char *const pieces[] = {
    "'", "\"", "#", "%", "_", " ", "\n", "\\", "a", "B", "0", "\xc3\xa9", "\xff", "--", "//",
    "null", "$x", "\t"
  };
  uint64_t word = ch0_next(seed) >> ch0_below(seed, 64);
  int64_t day = (int64_t)(word % 3652425) - 719528;
  char text[64] = "";
  double f;
  dfq_value v;
  switch (ch0_below(seed, 12)) {
    case 0: return dfq_null(db);
    case 1: return dfq_bool(db, word & 1);
    case 2: v = ch2_int(DFQ_I32, (int32_t)(uint32_t)word); break;
    case 3: return dfq_i64(db, (int64_t)word);
    case 4: return dfq_i64(db, (int64_t)(0 - word));
    case 5: memcpy(&f, &word, sizeof f); return dfq_f64(db, f);
    case 6: return dfq_f64(db, (double)(int64_t)word / 1024);
    case 7: v = ch2_int(DFQ_DATE, day); break;
    case 8: v = ch2_int(DFQ_DATETIME, day * DFQ__DAY + (int64_t)(word % 86400000000)); break;
    case 9: v = ch2_int(ch2_spans[word % 3], (int64_t)ch0_next(seed)); break;
    default:
      for (int n = ch0_below(seed, 6); n > 0; n--) strcat(text, pieces[ch0_below(seed, 18)]);
      return dfq_str(db, text);
  }
  return dfq_literal(db, &v);
}

static dfq_expr *ch2_random_tree(dfq *db, uint64_t *seed, int depth) {
  static const char *const names[] = {
    "a", "b", "and", "NULL", "case", "x y", "\"", "", "date", "interval", "escape", "\xc3\xa9",
    "1a", "cast", "*"
  };
  dfq_expr *arg[7];
  int kind = ch0_below(seed, 16), count = 1 + ch0_below(seed, 3);
  if (depth == 0 || kind == 0)
    return ch0_below(seed, 2) ? ch2_random_literal(db, seed)
                              : dfq_col(db, names[ch0_below(seed, 15)]);
  for (int i = 0; i < 7; i++)
    arg[i] = i <= 2 * count ? ch2_random_tree(db, seed, depth - 1) : NULL;
  switch (kind) {
    case 1: return dfq_cast(arg[0], DFQ_BOOL + (dfq_type)ch0_below(seed, 8));
    case 2: return dfq_try_cast(arg[0], DFQ_BOOL + (dfq_type)ch0_below(seed, 8));
    case 3: return dfq_case(arg, count, ch0_below(seed, 2) ? arg[2 * count] : NULL);
    case 4: return dfq_in(arg[0], arg + 1, count);
    case 5: return dfq_between(arg[0], arg[1], arg[2]);
    case 6: return dfq_neg(arg[0]);
    case 7: return dfq_not(arg[0]);
    case 8: return dfq_call(db, count % 2 ? "like" : "ilike", arg, 2 + ch0_below(seed, 2));
    case 9: return dfq_call(db, "coalesce", arg, count);
    case 10: return dfq_call(db, dfq__aggregates[1 + ch0_below(seed, DFQ__VAR)].name, arg, 1);
    default: break;
  }
  for (;;) {   // any function, with as many arguments as it takes
    const char *name = dfq__functions[ch0_below(seed, DFQ__FUNCTION_COUNT)].name;
    int argc = dfq__takes_count(name, strlen(name), 2) ? 2 : 1;
    if (dfq__takes_count(name, strlen(name), argc)) return dfq_call(db, name, arg, argc);
  }
}

TEST(expr_prints_random_trees) {
  dfq *db = dfq_open(NULL);
  for (uint64_t start = 1; start <= 6000 && !test_now.broken; start++) {
    uint64_t seed = start;
    size_t mark = dfq_mark(db);
    dfq_expr *e = ch2_random_tree(db, &seed, ch0_below(&seed, 6));
    if (ch0_below(&seed, 4) == 0) e = dfq_as(e, "and so on");
    const char *text = dfq_expr_text(e);
    dfq_expr *back = dfq_parse(db, text);
    bool ok = CHECK(dfq_expr_kind_of(e) != DFQ_FAILED);
    ok = ok && CHECK(dfq_expr_equal(e, back)) && CHECK_STR(dfq_expr_text(back), text);
    if (!ok) printf("    seed %d: %s\n%s\n", (int)start, text, dfq_error(db));
    dfq_release(db, mark);
  }
  dfq_close(db);
}

// What a window computes is chapter 4's; here it is a tree like any other.
TEST(expr_windows_as_trees) {
  static const char *const good[] = {
    "sum(a) over ()",
    "sum(a) over (partition by b, c order by d desc nulls first, e"
    " rows between 3 preceding and current row)",
    "row_number() over (order by a + 1)", "lag(a, 1, 0) over (order by a) as x",
    "sum(a) over (order by b range between unbounded preceding and unbounded following) + 1",
    "max(a) over (rows between 1 following and 2 following)",
    "max(a) over (rows between 2 following and 1 following)",
    "sum(a) over (order by b range between 1.5 preceding and interval '2' week following)",
    "sum(a) over (order by b groups between 1 preceding and 9223372036854775806 following)",
    "sum(a) over (order by b range between 0 preceding and 0.0 following)",
    "cum_sum(a) + 1", "rolling_mean(a, 3, 1) over (partition by b order by c)", "diff(a)",
    "rolling_sum_by(a, b, interval '7' day) over ()", "shift(a, -2) as x", "forward_fill(a, 3)",
    "row_number() * 2", "lag(a)",
    "partition + over + rows + range", "\"over\"", "a as over"
  };
  static const ch2_case bad[] = {
    { "a over ()", "not over" },  { "sum(a) over b", "expected (" },
    { "sum(a) over (partition b)", "expected by" },
    { "sum(a) over (order by)", "an expression" },
    { "sum(a) over (partition by b", "expected )" },
    { "sum(a) over (rows 3 preceding)", "expected between" },
    { "sum(a) over (rows between 1 following and current row)", "ends before it begins" },
    { "sum(a) over (rows between unbounded following and 1 following)", "ends before" },
    { "sum(a) over (order by b range between -1 preceding and current row)", "not negative" },
    { "sum(a) over (order by b range between 'x' preceding and current row)", "a number" },
    { "sum(a) over (order by b groups between 1.5 preceding and current row)", "an integer" },
    { "rolling_sum(a)", "rolling_sum does not take 1 argument" },
    { "sum(a) over (rows between x preceding and current row)", "unbounded, current row or a" },
  };
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < CH2_COUNT(good); i++) {
    dfq_expr *e = dfq_parse(db, good[i]);
    CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
    if (!CHECK_INT(dfq_expr_kind_of(e) == DFQ_FAILED, 0)) printf("    %s\n", dfq_error(db));
  }
  for (int i = 0; i < CH2_COUNT(bad); i++) {
    dfq_clear_error(db);
    dfq_parse(db, bad[i].text);
    if (!CHECK_HAS(dfq_error(db), bad[i].want)) printf("    from %s\n", bad[i].text);
  }
  dfq_expr *b = dfq_col(db, "b"), *sum = dfq_sum(dfq_col(db, "a"));
  dfq_window w;
  memset(&w, 0, sizeof w);
  w.partition_by = &b;
  w.partition_count = 1;
  CHECK_STR(dfq_expr_text(dfq_over(sum, &w)), "sum(a) over (partition by b)");
  CHECK_INT(dfq_expr_kind_of(dfq_over(b, &w)), DFQ_FAILED);
  CHECK(dfq_over(NULL, &w) == NULL);
  dfq_close(db);
}

// ---- errors in the text ---------------------------------------------------------------------

typedef struct ch2_bad {
  const char *text, *piece;   // a piece of the message
  int at, carets;             // the caret line: where, and how many
  dfq_status status;          // DFQ_OK: DFQ_SYNTAX
} ch2_bad;

// The message's end: the text, and carets below it. Counts characters, so for ASCII only.
static void ch2_caret(char *to, size_t size, const char *text, int at, int carets) {
  int n = snprintf(to, size, "\n  %s\n  ", text);
  memset(to + n, ' ', (size_t)at);
  memset(to + n + at, '^', (size_t)carets);
  to[n + at + carets] = 0;
}

TEST(expr_syntax_errors) {
  static const ch2_bad cases[] = {
    { "", "expected an expression, but the text ends here", 0, 1, DFQ_OK },
    { "   ", "but the text ends here", 0, 1, DFQ_OK },
    { "# all comment", "but the text ends here", 0, 1, DFQ_OK },
    { "a +", "expected an expression, but the text ends here", 3, 1, DFQ_OK },
    { "a + # why", "but the text ends here", 3, 1, DFQ_OK },
    { "a + )", "expected an expression, not )", 4, 1, DFQ_OK },
    { "(a", "expected ), but the text ends here", 2, 1, DFQ_OK },
    { "(a b", "expected ), not b", 3, 1, DFQ_OK },
    { "a)", "expected an operator or the end, not )", 1, 1, DFQ_OK },
    { "a b", "expected an operator or the end, not b", 2, 1, DFQ_OK },
    { "a 'x'", "expected an operator or the end, not 'x'", 2, 3, DFQ_OK },
    { "()", "expected an expression, not )", 1, 1, DFQ_OK },
    { "a, b", "expected an operator or the end, not ,", 1, 1, DFQ_OK },
    { "* as x", "expected an operator or the end, not as", 2, 2, DFQ_OK },
    { "a * * b", "expected an expression, not *", 4, 1, DFQ_OK },
    { "+ a", "expected an expression, not +", 0, 1, DFQ_OK },
    { "a = b = c", "comparisons do not chain", 6, 1, DFQ_OK },
    { "a < b <= c", "write a < b and b < c", 6, 2, DFQ_OK },
    { "a = b is null", "comparisons do not chain", 6, 2, DFQ_OK },
    { "a is null = b", "comparisons do not chain", 10, 1, DFQ_OK },
    { "a in (1) in (2)", "comparisons do not chain", 9, 2, DFQ_OK },
    { "a like b not like c", "comparisons do not chain", 9, 3, DFQ_OK },
    { "a between 1 and 2 = b", "comparisons do not chain", 18, 1, DFQ_OK },
    { "a is 3", "expected null or distinct from, not 3", 5, 1, DFQ_OK },
    { "a is not b", "expected null or distinct from, not b", 9, 1, DFQ_OK },
    { "a is distinct b", "expected null or distinct from, not b", 14, 1, DFQ_OK },
    { "a not b", "expected in, like, ilike or between, not b", 6, 1, DFQ_OK },
    { "a in 3", "expected (, not 3", 5, 1, DFQ_OK },
    { "a in (1 2)", "expected ), not 2", 8, 1, DFQ_OK },
    { "a in (,)", "expected an expression, not ,", 6, 1, DFQ_OK },
    { "a in (1,,2)", "expected an expression, not ,", 8, 1, DFQ_OK },
    { "a between 1", "expected and, but the text ends here", 11, 1, DFQ_OK },
    { "a between 1 or 2", "expected and, not or", 12, 2, DFQ_OK },
    { "a || b", "write or for a choice", 2, 2, DFQ_OK },
    { "a | b", "separates the stages", 2, 1, DFQ_OK },
    { "a && b", "write and", 2, 2, DFQ_OK },
    { "a & b", "write and", 2, 1, DFQ_OK },
    { "a ! b", "no such sign in an expression: !", 2, 1, DFQ_OK },
    { "a @ b", "no such sign in an expression: @", 2, 1, DFQ_OK },
    { "a = [b]", "no such sign in an expression: [", 4, 1, DFQ_OK },
    { "a; b", "expected an operator or the end, not ;", 1, 1, DFQ_OK },
    { "a.1", "expected an operator or the end, not .", 1, 1, DFQ_OK },
    { ".5", "expected an expression, not .", 0, 1, DFQ_OK },
    { "1.", "expected an operator or the end, not .", 1, 1, DFQ_OK },
    { "12ab + 1", "neither a number nor a name", 0, 4, DFQ_OK },
    { "1e5x", "neither a number nor a name", 0, 4, DFQ_OK },
    { "0x1F", "neither a number nor a name", 0, 4, DFQ_OK },
    { "1e", "neither a number nor a name", 0, 2, DFQ_OK },
    { "9223372036854775808", "does not fit in i64 (write it with .0 for f64)", 0, 19, DFQ_OK },
    { "-9223372036854775809", "does not fit in i64", 1, 19, DFQ_OK },
    { "1 - 9223372036854775808", "does not fit in i64", 4, 19, DFQ_OK },
    { "1e400", "1e400 does not fit in f64", 0, 5, DFQ_OK },
    { "-1e400", "1e400 does not fit in f64", 1, 5, DFQ_OK },
    { "1e99999999999", "does not fit in f64", 0, 13, DFQ_OK },
    { "f64 '1e400'", "'1e400' does not fit in f64", 4, 7, DFQ_OK },
    { "i32 '2147483648'", "does not fit in i32", 4, 12, DFQ_OK },
    { "i64 'x'", "'x' is no i64", 4, 3, DFQ_OK },
    { "i64 '1.5'", "'1.5' is no i64", 4, 5, DFQ_OK },
    { "f64 ''", "'' is no f64", 4, 2, DFQ_OK },
    { "bool 'yes'", "'yes' is no bool", 5, 5, DFQ_OK },
    { "date '2021-02-29'", "is no date (YYYY-MM-DD)", 5, 12, DFQ_OK },
    { "datetime '2021-02-28 25:00'", "is no datetime (YYYY-MM-DD HH:MM:SS)", 9, 18, DFQ_OK },
    { "interval '3'", "an interval is a number and one unit", 9, 3, DFQ_OK },
    { "interval 'day'", "an interval is a number and one unit", 9, 5, DFQ_OK },
    { "interval '3' parsecs", "an interval is a number and one unit", 9, 3, DFQ_OK },
    { "interval '1.5' day", "an interval is a number and one unit", 9, 5, DFQ_OK },
    { "interval '1-1' day", "an interval is a number and one unit", 9, 5, DFQ_OK },
    { "interval '9223372036854775807' year", "an interval is", 9, 21, DFQ_OK },
    { "interval '3 day' day", "expected an operator or the end, not day", 17, 3, DFQ_OK },
    { "'abc", "this quote is never closed", 0, 1, DFQ_OK },
    { "a = 'it''s", "this quote is never closed", 4, 1, DFQ_OK },
    { "a = \"b", "this quote is never closed", 4, 1, DFQ_OK },
    { "a 'b", "this quote is never closed", 2, 1, DFQ_OK },
    { "and", "expected an expression, not and", 0, 3, DFQ_OK },
    { "a and and b", "expected an expression, not and", 6, 3, DFQ_OK },
    { "a = THEN", "expected an expression, not THEN", 4, 4, DFQ_OK },
    { "not", "expected an expression, but the text ends here", 3, 1, DFQ_OK },
    { "case end", "expected an expression, not end", 5, 3, DFQ_OK },
    { "case a end", "expected when, not end", 7, 3, DFQ_OK },
    { "case when a end", "expected then, not end", 12, 3, DFQ_OK },
    { "case when a then b", "expected end, but the text ends here", 18, 1, DFQ_OK },
    { "case when a then b else", "expected an expression", 23, 1, DFQ_OK },
    { "case when a then b else c when d then e end", "expected end, not when", 26, 4, DFQ_OK },
    { "cast(a)", "expected as, not )", 6, 1, DFQ_OK },
    { "cast(a as)", "expected a type (bool, i8 to i64", 9, 1, DFQ_OK },
    { "cast(a as int)", "expected a type (bool, i8 to i64", 10, 3, DFQ_OK },
    { "cast(a as days)", "expected a type (bool, i8 to i64", 10, 4, DFQ_OK },
    { "cast(a as i64", "expected ), but the text ends here", 13, 1, DFQ_OK },
    { "abs(a", "expected ), but the text ends here", 5, 1, DFQ_OK },
    { "abs(a; b)", "expected ), not ;", 5, 1, DFQ_OK },
    { "abs()", "abs does not take 0 arguments", 0, 3, DFQ_OK },
    { "abs(a, b)", "abs does not take 2 arguments", 0, 3, DFQ_OK },
    { "1 + sum()", "sum does not take 0 arguments", 4, 3, DFQ_OK },
    { "floor_div(a)", "floor_div does not take 1 argument", 0, 9, DFQ_OK },
    { "coalesce()", "coalesce does not take 0 arguments", 0, 8, DFQ_OK },
    { "sum(*)", "expected an expression, not *", 4, 1, DFQ_OK },
    { "count(*, a)", "expected ), not ,", 7, 1, DFQ_OK },
    { "a as", "expected a name, but the text ends here", 4, 1, DFQ_OK },
    { "a as and", "expected a name, not and", 5, 3, DFQ_OK },
    { "a as 'b'", "expected a name, not 'b'", 5, 3, DFQ_OK },
    { "a as b c", "expected an operator or the end, not c", 7, 1, DFQ_OK },
    { "(a as b)", "expected ), not as", 3, 2, DFQ_OK },
    { "b + abz(a)", "no function abz; did you mean abs?", 4, 3, DFQ_UNKNOWN_NAME },
    { "len(s)", "no function len", 0, 3, DFQ_UNKNOWN_NAME },
    { "Sum(a)", "did you mean sum?", 0, 3, DFQ_UNKNOWN_NAME },
    { "coalesc(a)", "did you mean coalesce?", 0, 7, DFQ_UNKNOWN_NAME },
    { "frobnicate(a)", "no function frobnicate", 0, 10, DFQ_UNKNOWN_NAME },
    { "a > $low", "the parameter $low has no value; dfq_set_i64", 4, 4, DFQ_UNKNOWN_NAME },
    { "$", "the parameter $ has no value", 0, 1, DFQ_UNKNOWN_NAME },
  };
  char want[256];
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < CH2_COUNT(cases); i++) {
    const ch2_bad *c = &cases[i];
    dfq_expr *e = dfq_parse(db, c->text);
    ch2_caret(want, sizeof want, c->text, c->at, c->carets);
    bool ok = CHECK_INT(dfq_expr_kind_of(e), DFQ_FAILED);
    ok = ok && CHECK_HAS(dfq_error(db), c->piece);
    const char *end = dfq_error(db) + strlen(dfq_error(db)) - strlen(want);
    ok = ok && CHECK(end > dfq_error(db)) && CHECK_STR(end, want);
    ok = ok && CHECK_INT(dfq_error_status(db), c->status ? c->status : DFQ_SYNTAX);
    if (!ok) printf("    from %s\n", c->text);
  }
  dfq_close(db);
}

TEST(expr_error_messages_whole) {
  dfq *db = dfq_open(NULL);
  dfq_parse(db, "amount > 'abc");
  CHECK_STR(dfq_error(db), "dfq: syntax error, expression: this quote is never closed\n"
                           "  amount > 'abc\n"
                           "           ^");
  dfq_parse(db, "a +\n  b c +\nd");   // the line at fault, alone
  CHECK_STR(dfq_error(db), "dfq: syntax error, expression: expected an operator or the end, "
                           "not c\n    b c +\n      ^");
  dfq_parse(db, "'\xc3\xa9\xc3\xa9' + )");   // carets count characters
  CHECK_STR(dfq_error(db), "dfq: syntax error, expression: expected an expression, not )\n"
                           "  '\xc3\xa9\xc3\xa9' + )\n"
                           "         ^");
  dfq_parse(db, "\ta )");                    // and stand below tabs
  CHECK_HAS(dfq_error(db), "\n  \ta )\n  \t  ^");
  dfq_call(db, "lenbytes", NULL, 0);
  CHECK_STR(dfq_error(db), "dfq: unknown name, call: no function lenbytes with 0 arguments; "
                           "did you mean len_bytes?");
  dfq_call(db, "abs", NULL, 0);
  CHECK_HAS(dfq_error(db), "no function abs with 0 arguments");
  CHECK(!strstr(dfq_error(db), "did you mean"));
  dfq_close(db);
}

// A long line is shown around the place only.
TEST(expr_error_in_a_long_line) {
  char text[2000] = "";
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 150; i++) strcat(text, "long + ");
  size_t at = strlen(text);
  strcat(text, ") here");
  for (int i = 0; i < 100; i++) strcat(text, " + last");
  dfq_parse(db, text);
  const char *line = strchr(dfq_error(db), '\n');
  if (CHECK(line != NULL)) {
    const char *caret = strchr(line + 1, '\n');
    CHECK(caret && caret - line < 170);
    CHECK(caret && strlen(caret) < 80);
    const char *sign = caret ? strchr(caret, '^') : NULL;
    CHECK(sign && line[sign - caret] == ')');
  }
  CHECK(text[at] == ')');
  dfq_close(db);
}

// What is built over a failure is that failure, and the first error stays.
TEST(expr_failures_stick) {
  dfq *db = dfq_open(NULL);
  dfq_expr *bad = dfq_parse(db, "a +"), *a = dfq_col(db, "a"), *both[] = { a, bad, a };
  dfq_type type;
  dfq_value v;
  CHECK_INT(dfq_expr_kind_of(bad), DFQ_FAILED);
  CHECK(dfq_add(bad, a) == bad);
  CHECK(dfq_add(a, dfq_neg(bad)) == bad);
  CHECK(dfq_in(a, both, 2) == bad);
  CHECK(dfq_case(both, 1, NULL) == bad);
  CHECK(dfq_case(&a, 0, NULL) == NULL);
  CHECK(dfq_cast(bad, DFQ_I64) == bad);
  CHECK(dfq_as(bad, "x") == bad);
  CHECK(dfq_sum(bad) == bad);
  CHECK(dfq_between(a, a, bad) == bad);
  CHECK(dfq_call(db, "coalesce", both, 3) == bad);
  dfq_clear_error(db);
  CHECK(!dfq_expr_type(dfq_add(bad, a), &ch2_schema, &type));
  CHECK_HAS(dfq_error(db), "but the text ends here");
  CHECK(!dfq_expr_eval(bad, &ch2_schema, ch2_row(), &v));
  CHECK_STR(dfq_expr_text(bad), "(failed)");
  CHECK_INT(dfq_expr_args(bad), 0);
  CHECK(dfq_expr_name(bad) == NULL);
  dfq_close(db);
}

TEST(expr_null_is_tolerated) {
  dfq *db = dfq_open(NULL);
  dfq_expr *a = dfq_col(db, "a"), *none = NULL;
  const char *const *names;
  dfq_type type;
  dfq_value v;
  CHECK(dfq_add(a, NULL) == NULL);
  CHECK(dfq_add(NULL, a) == NULL);
  CHECK(dfq_not(NULL) == NULL);
  CHECK(dfq_as(NULL, "x") == NULL);
  CHECK(dfq_cast(NULL, DFQ_I64) == NULL);
  CHECK(dfq_sum(NULL) == NULL);
  CHECK(dfq_in(NULL, &a, 1) == NULL);
  CHECK(dfq_in(a, &none, 1) == NULL);
  CHECK_INT(dfq_expr_kind_of(NULL), DFQ_FAILED);
  CHECK(dfq_expr_name(NULL) == NULL);
  CHECK_INT(dfq_expr_args(NULL), 0);
  CHECK(dfq_expr_arg(NULL, 0) == NULL);
  CHECK(!dfq_expr_literal(NULL, &v));
  CHECK_STR(dfq_expr_text(NULL), "");
  CHECK_INT(dfq_expr_columns(NULL, &names), 0);
  CHECK(!dfq_expr_type(NULL, &ch2_schema, &type));
  CHECK(!dfq_expr_eval(NULL, &ch2_schema, ch2_row(), &v));
  CHECK(dfq_expr_arg(dfq_neg(a), -1) == NULL);
  CHECK(dfq_expr_arg(dfq_neg(a), 1) == NULL);
  CHECK(dfq_expr_arg(dfq_neg(a), 0) == a);
  dfq_close(db);
}

// ---- parameters, columns, visitors ----------------------------------------------------------

TEST(expr_parameters) {
  dfq *db = dfq_open(NULL);
  char low[] = "it's $5 # or \" more";
  dfq_value day = ch2_int(DFQ_DATE, 0), none = ch2_int(DFQ_NULL, 0);
  CHECK(dfq_set_i64(db, "low", 5));
  CHECK(dfq_set_f64(db, "2", 0.5));
  CHECK(dfq_set_str(db, "text", low));
  CHECK(dfq_set_param(db, "day", &day));
  CHECK(dfq_set_param(db, "none", &none));
  memset(low, 'x', sizeof low - 1);   // it was copied
  dfq_expr *e = dfq_parse(db, "a > $low and b < -$2 and c = $text and d = $day or $none");
  const char *want = "a > 5 and b < -(0.5) and c = 'it''s $5 # or \" more' and "
                     "d = date '1970-01-01' or null";
  CHECK_STR(dfq_expr_text(e), want);
  CHECK(dfq_set_i64(db, "low", 6));   // for later texts only
  CHECK_STR(dfq_expr_text(e), want);
  CHECK_STR(dfq_expr_text(dfq_parse(db, "$low+$low")), "6 + 6");
  CHECK_INT(dfq_expr_kind_of(dfq_parse(db, "$LOW")), DFQ_FAILED);
  size_t mark = dfq_mark(db);         // parameters outlive releases
  dfq_set_str(db, "later", "kept");
  dfq_release(db, mark);
  CHECK_STR(dfq_expr_text(dfq_parse(db, "$later")), "'kept'");
  dfq_close(db);
}

TEST(expr_columns) {
  static const ch2_case cases[] = {
    { "1", "" }, { "a", "a" }, { "b + a * b - c", "b a c" }, { "count()", "" },
    { "case when a then b when c then a else d end", "a b c d" },
    { "sum(x) / count(y)", "x y" },
    { "k as m", "k" }, { "cast(z as str) in (y, x, 'w')", "z y x" }, { "*", "" },
    { "a1+a2+a3+a4+a5+a6+a7+a8+a9+b1+b2+b3+b4+b5+b6+b7+b8+b9+a1",
      "a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8 b9" },
  };
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < CH2_COUNT(cases); i++) {
    const char *const *names = NULL;
    char got[128] = "";
    int n = dfq_expr_columns(dfq_parse(db, cases[i].text), &names);
    for (int j = 0; j < n; j++) {
      if (j) strcat(got, " ");
      strcat(got, names[j]);
    }
    CHECK_STR(got, cases[i].want);
  }
  dfq_close(db);
}

typedef struct ch2_visit { char seen[256]; bool skip_calls; } ch2_visit;

// A letter for each kind of node that the test meets.
static char ch2_letter(const dfq_expr *e) {
  switch ((int)dfq_expr_kind_of(e)) {
    case DFQ_COLUMN: return 'c';
    case DFQ_LITERAL: return 'l';
    case DFQ_CALL: return 'f';
    case DFQ_CAST: return 't';
    case DFQ_CASE: return 'w';
    case DFQ_ALIAS: return 'a';
    default: return '?';
  }
}

static bool ch2_note(void *user, dfq_expr *e) {
  ch2_visit *v = (ch2_visit *)user;
  const char *name = dfq_expr_name(e);
  size_t n = strlen(v->seen);
  snprintf(v->seen + n, sizeof v->seen - n, " %c:%s", ch2_letter(e),
           name ? name : "");
  return !(v->skip_calls && dfq_expr_kind_of(e) == DFQ_CALL);
}

TEST(expr_visitor) {
  ch2_visit all = { "", false }, some = { "", true };
  dfq *db = dfq_open(NULL);
  dfq_expr *e = dfq_parse(db, "case when a > 1 then cast(b as i64) end as x");
  dfq_visit(e, ch2_note, &all);
  CHECK_STR(all.seen, " a:x w: f:gt c:a l: t: c:b l:");
  dfq_visit(e, ch2_note, &some);
  CHECK_STR(some.seen, " a:x w: f:gt t: c:b l:");
  dfq_visit(NULL, ch2_note, &all);
  dfq_value v;
  CHECK(dfq_expr_literal(dfq_parse(db, "-7"), &v) && v.type == DFQ_I64 && v.as.i == -7);
  CHECK(!dfq_expr_literal(e, &v));
  CHECK_STR(dfq_expr_name(dfq_parse(db, "sum(a)")), "sum");
  CHECK_STR(dfq_expr_name(dfq_parse(db, "a != b")), "ne");
  CHECK(dfq_expr_name(dfq_parse(db, "1")) == NULL);
  dfq_close(db);
}

static dfq_expr *ch2_to_double(void *user, const dfq_expr *column) {
  dfq *db = (dfq *)user;
  if (strcmp(column->name, "a") != 0) return NULL;
  return dfq_mul(dfq_col(db, "x"), dfq_i64(db, 2));
}

TEST(expr_substitute) {
  dfq *db = dfq_open(NULL);
  dfq_expr *e = dfq_parse(db, "a + b > case when c then a else d end as e");
  CHECK_STR(dfq_expr_text(dfq__substitute(e, ch2_to_double, db)),
            "x * 2 + b > case when c then x * 2 else d end as e");
  CHECK_STR(dfq_expr_text(e), "a + b > case when c then a else d end as e");
  dfq_expr *other = dfq_parse(db, "b + c");
  CHECK(dfq__substitute(other, ch2_to_double, db) == other);
  CHECK(dfq__has_aggregate(dfq_parse(db, "1 + max(a)")));
  CHECK(!dfq__has_aggregate(e));
  dfq_close(db);
}

// ---- types ----------------------------------------------------------------------------------

enum { CH2_NONE = DFQ_KINDS };

static bool ch2_number(dfq_type t) { return t == DFQ_I32 || t == DFQ_I64 || t == DFQ_F64; }

// + and - without nulls, as the rules say it: integers are i64, with a float f64; a date moves
// by days and months and stays a date; what is finer makes a datetime of it.
static dfq_type ch2_sum_type(bool minus, dfq_type a, dfq_type b) {
  bool day = a == DFQ_DATE, time = a == DFQ_DATETIME, days = b == DFQ_DAYS || b == DFQ_MONTHS;
  if (ch2_number(a) && ch2_number(b)) return a == DFQ_F64 || b == DFQ_F64 ? DFQ_F64 : DFQ_I64;
  if ((day || time) && days) return a;
  if ((day || time) && b == DFQ_DURATION) return DFQ_DATETIME;
  if (a == DFQ_DURATION && b == DFQ_DURATION) return DFQ_DURATION;
  if (!minus || !(day || time) || !(b == DFQ_DATE || b == DFQ_DATETIME)) return CH2_NONE;
  return day && b == DFQ_DATE ? DFQ_I64 : DFQ_DURATION;
}

static bool ch2_comparable(dfq_type a, dfq_type b) {
  bool times = (a == DFQ_DATE || a == DFQ_DATETIME) && (b == DFQ_DATE || b == DFQ_DATETIME);
  return a == b || times || (ch2_number(a) && ch2_number(b));
}

static bool ch2_span(dfq_type t) {
  return t == DFQ_DURATION || t == DFQ_DAYS || t == DFQ_MONTHS;
}

// The type of fn over two types that are not null; CH2_NONE: an error.
static dfq_type ch2_rule(int fn, dfq_type a, dfq_type b) {
  bool column = a < DFQ_DAYS && b < DFQ_DAYS, numbers = ch2_number(a) && ch2_number(b);
  bool floats = a == DFQ_F64 || b == DFQ_F64;
  switch (fn) {
    case DFQ__OR: case DFQ__AND: return a == DFQ_BOOL && b == DFQ_BOOL ? DFQ_BOOL : CH2_NONE;
    case DFQ__LIKE: case DFQ__ILIKE: return a == DFQ_STR && b == DFQ_STR ? DFQ_BOOL : CH2_NONE;
    case DFQ__DISTINCT: case DFQ__NOT_DISTINCT: case DFQ__IN:
      return ch2_comparable(a, b) ? DFQ_BOOL : CH2_NONE;
    case DFQ__EQ: case DFQ__NE: case DFQ__LT: case DFQ__LE: case DFQ__GT: case DFQ__GE:
      return column && ch2_comparable(a, b) ? DFQ_BOOL : CH2_NONE;
    case DFQ__ADD: case DFQ__SUB: return ch2_sum_type(fn == DFQ__SUB, a, b);
    case DFQ__DIV: return numbers ? DFQ_F64 : CH2_NONE;
    case DFQ__MUL:   // so many times an interval
      if ((a == DFQ_I32 || a == DFQ_I64) && ch2_span(b)) return b;
      if (ch2_span(a) && (b == DFQ_I32 || b == DFQ_I64)) return a;
      return !numbers ? CH2_NONE : floats ? DFQ_F64 : DFQ_I64;
    case DFQ__WRAP_ADD: case DFQ__WRAP_SUB: case DFQ__WRAP_MUL:
    case DFQ__F_BIT_AND: case DFQ__F_BIT_OR: case DFQ__F_BIT_XOR:
    case DFQ__F_SHIFT_LEFT: case DFQ__F_SHIFT_RIGHT:
      return numbers && !floats ? DFQ_I64 : CH2_NONE;
    case DFQ__F_POW: case DFQ__F_ATAN2: return numbers ? DFQ_F64 : CH2_NONE;
    case DFQ__F_ROUND:
      if (!numbers || b == DFQ_F64) return CH2_NONE;
      return a == DFQ_F64 ? DFQ_F64 : DFQ_I64;
    case DFQ__F_LEAST: case DFQ__F_GREATEST:
      if (!column || !ch2_comparable(a, b)) return CH2_NONE;
      return a != b && !numbers ? DFQ_DATETIME : !numbers ? a : floats ? DFQ_F64 : DFQ_I64;
    case DFQ__F_CONTAINS: case DFQ__F_STARTS_WITH: case DFQ__F_ENDS_WITH:
      return a == DFQ_STR && b == DFQ_STR ? DFQ_BOOL : CH2_NONE;
    case DFQ__F_FIND: return a == DFQ_STR && b == DFQ_STR ? DFQ_I64 : CH2_NONE;
    case DFQ__F_STRIP: case DFQ__F_LSTRIP: case DFQ__F_RSTRIP: case DFQ__F_CONCAT:
    case DFQ__F_STRIP_PREFIX: case DFQ__F_STRIP_SUFFIX:
      return a == DFQ_STR && b == DFQ_STR ? DFQ_STR : CH2_NONE;
    case DFQ__F_SLICE: case DFQ__F_LEFT: case DFQ__F_RIGHT: case DFQ__F_REPEAT:
    case DFQ__F_PAD_LEFT: case DFQ__F_PAD_RIGHT:
      return a == DFQ_STR && (b == DFQ_I32 || b == DFQ_I64) ? DFQ_STR : CH2_NONE;
    case DFQ__F_HASH: return b == DFQ_I32 || b == DFQ_I64 ? DFQ_I64 : CH2_NONE;
    case DFQ__F_TRUNCATE: return CH2_NONE;   // the unit is a column here, and must not be
    default: return !numbers ? CH2_NONE : floats ? DFQ_F64 : DFQ_I64;
  }
}

// The types that this table is about; tests/ch2_types.c has those with a parameter.
static const dfq_type ch2_kinds[] = { DFQ_NULL, DFQ_BOOL, DFQ_I32, DFQ_I64, DFQ_F64, DFQ_STR,
                                      DFQ_DATE, DFQ_DATETIME, DFQ_DURATION, DFQ_DAYS,
                                      DFQ_MONTHS };
enum { CH2_KINDS = sizeof ch2_kinds / sizeof *ch2_kinds };

// Null is of any type: what comes out must be what some type in its place gives.
static bool ch2_type_is_right(int fn, dfq_type a, dfq_type b, dfq_type got) {
  bool possible = false;
  if (a != DFQ_NULL && b != DFQ_NULL) return got == ch2_rule(fn, a, b);
  for (int i = 1; i < CH2_KINDS; i++)
    for (int j = 1; j < CH2_KINDS; j++) {
      dfq_type x = ch2_kinds[i], y = ch2_kinds[j];
      if ((a != DFQ_NULL && x != a) || (b != DFQ_NULL && y != b)) continue;
      if (ch2_rule(fn, x, y) == got && got != CH2_NONE) return true;
      possible = possible || ch2_rule(fn, x, y) != CH2_NONE;
    }
  return got == CH2_NONE && !possible;
}

TEST(expr_types_of_all_pairs) {
  dfq *db = dfq_open(NULL);
  dfq_field field[2] = { { "x", DFQ_NULL, NULL }, { "y", DFQ_NULL, NULL } };
  dfq_schema schema = { 2, field };
  for (int fn = 0; fn < DFQ__FUNCTION_COUNT; fn++) {
    const char *name = dfq__functions[fn].name;
    if (!dfq__takes_count(name, strlen(name), 2)) continue;
    if (fn >= DFQ__F_LIST) continue;   // these have their types tested beside their values
    for (int i = 0; i < CH2_KINDS; i++)
      for (int j = 0; j < CH2_KINDS; j++) {
        dfq_type a = ch2_kinds[i], b = ch2_kinds[j];
        size_t mark = dfq_mark(db);
        dfq_expr *arg[] = { dfq_col(db, "x"), dfq_col(db, "y") };
        dfq_type type = CH2_NONE;
        field[0].type = a;
        field[1].type = b;
        dfq_clear_error(db);
        bool fits = dfq_expr_type(dfq_call(db, name, arg, 2), &schema, &type);
        bool ok = CHECK_INT(fits, type != CH2_NONE);
        ok &= CHECK(ch2_type_is_right(fn, a, b, type));
        ok &= CHECK_INT(dfq_error_status(db), fits ? DFQ_OK : DFQ_TYPE_ERROR);
        if (fn == DFQ__ADD || fn == DFQ__SUB || fn == DFQ__LT)
          ok &= CHECK_INT(dfq__result_type(fn, a, b), type);
        if (!ok)
          printf("    %s(%s, %s): %s\n", name, dfq_type_name(a), dfq_type_name(b),
                 dfq_type_name(type));
        dfq_release(db, mark);
      }
  }
  dfq_close(db);
}

TEST(expr_types) {
  static const ch2_case cases[] = {
    { "-i3", "i64 -7" },              { "-n", "i64 null" },          { "-f", "f64 -2.5" },
    { "abs(i3)", "i64 7" },           { "-null", "i64 null" },
    { "-s", "!neg takes (i64) or (f64) or (decimal), not (str)" },
    { "-b", "!type error" },          { "-d", "!type error" },
    { "not i", "!not takes (bool), not (i64)" },
    { "not null", "bool null" },      { "is_nan(i)", "bool false" },
    { "is_nan(nan)", "bool true" },
    { "is_nan(s)", "!type error" },   { "is_nan(fn)", "bool null" }, { "i3", "i32 7" },
    { "i3 + i3", "i64 14" },          { "i3 * f", "f64 17.5" },      { "i3 = f", "bool false" },
    { "null", "null null" },          { "null + null", "i64 null" },
    { "null = null", "bool null" },
    { "case when b then i3 end", "i32 7" },
    { "case when b then i3 else i end", "i64 7" },
    { "case when b then i3 else f end", "f64 7.0" },
    { "case when b then i3 else s end", "!one branch is i32, this one is str" },
    { "case when b then d else t end", "datetime 2020-02-29 00:00:00" },
    { "case when i then 1 end", "!when needs a bool, not i64" },
    { "case when null then 1 end", "i64 null" },
    { "case when b then null end", "null null" },
    { "case i when 10 then 'x' end", "str x" },
    { "case i when 'x' then 1 end", "!cannot compare i (i64) with 'x' (str)" },
    { "i in (1, 2.5, 10)", "bool true" },
    { "i in ('a')", "!type error" },  { "d in (t)", "bool false" },
    { "coalesce(n, 1.5)", "f64 1.5" },{ "coalesce(n3, i3)", "i32 7" },
    { "coalesce(n, s)", "!one branch is i64, this one is str" },
    { "s like 'x' escape 1", "!like takes (str, str) or (str, str, str), not (str, str, i64)" },
    { "i in ()", "!the list is empty: x in (1, 2)" },
    { "sum(i)", "!sum is an aggregate: it belongs into group" },
    { "1 + max(i)", "!try: group : max(i), one row of all, or max(i) over (), a value" },
    { "*", "!* stands for all columns" },
    { "i as j", "i64 10" },
    { "interval '1' day", "days 1" },
    { "interval '1' day + interval '1' day", "!cannot compute interval '1' day (days) + " },
    { "interval '1' day < interval '1' day", "!cannot compare" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

TEST(expr_type_errors_whole) {
  dfq *db = dfq_open(NULL);
  dfq_type type;
  CHECK(!dfq_expr_type(dfq_parse(db, "b and s > 5"), &ch2_schema, &type));
  CHECK_STR(dfq_error(db), "dfq: type error: cannot compare s (str) with 5 (i64)\n"
                           "  b and s > 5\n"
                           "        ^\n"
                           "  try: try_cast(s as i64)");
  CHECK(!dfq_expr_type(dfq_parse(db, "i + ten * 2"), &ch2_schema, &type));
  CHECK_STR(dfq_error(db), "dfq: type error: cannot compute ten (str) * 2 (i64)\n"
                           "  i + ten * 2\n"
                           "      ^^^^^^^\n"
                           "  ten is str because line 7 holds '-'\n"
                           "  try: try_cast(ten as i64), or name that value in the scan's "
                           "nulls option");
  dfq_expr *late = dfq_gt(dfq_col(db, "d"), dfq_str(db, "2020-01-01"));
  CHECK(!dfq_expr_type(late, &ch2_schema, &type));
  CHECK_STR(dfq_error(db), "dfq: type error: cannot compare d (date) with '2020-01-01' (str)\n"
                           "  d > '2020-01-01'\n"
                           "      ^^^^^^^^^^^^\n"
                           "  try: date '2020-01-01'");
  CHECK(!dfq_expr_type(dfq_parse(db, "i + emty"), &ch2_schema, &type));
  CHECK_STR(dfq_error(db), "dfq: unknown name: no column emty; did you mean empty?\n"
                           "  i + emty\n"
                           "      ^^^^\n"
                           "  the columns here: b, no, bn, i3, n3, i, z, n, big, small, f, fn, "
                           "... (22 columns)");
  CHECK_INT(dfq_error_status(db), DFQ_UNKNOWN_NAME);
  CHECK(!dfq_expr_type(dfq_parse(db, "I"), &ch2_schema, &type));   // names are case-sensitive
  CHECK(!dfq_expr_type(dfq_parse(db, "cast(d as i64)"), &ch2_schema, &type));
  CHECK_HAS(dfq_error(db), "cannot cast date to i64\n  cast(d as i64)\n  ^^^^^^^^^^^^^^");
  CHECK(!dfq_expr_type(dfq_parse(db, "b = i"), &ch2_schema, &type));
  CHECK_HAS(dfq_error(db), "cannot compare b (bool) with i (i64)\n  b = i\n  ^^^^^");
  dfq_close(db);
}

TEST(expr_promotions_table) {
  static const char *const lines[] = {
    "i32 i8 i16 u8 u16 u32 u64 are stored as such, and computed with as i64\n"
    "f32 are stored as such, and computed with as f64\n",
    "\n+          bool       i64        f64        decimal(2) str        date       datetime",
    "\ni64        .          i64        f64        decimal(2) .          .          ",
    "\ndate       .          .          .          .          .          .          .          "
    "datetime   datetime   date       date      \n", "\n/          bool ",
    "\ndecimal(2) .          decimal(2) f64        decimal(4) .          ",
    "\ni64        .          f64        f64        f64        .  ", "\n<          bool ",
    "\nstr        .          .          .          .          bool       .  "
  };
  dfq *db = dfq_open(NULL);
  FILE *f = tmpfile();
  if (!CHECK(f != NULL)) return;
  CHECK(dfq_print_promotions(db, f));
  char *text = test_text(f);
  for (int i = 0; i < CH2_COUNT(lines); i++) CHECK_HAS(text, lines[i]);
  free(text);
  dfq_close(db);
}

// ---- the meaning of the operators -----------------------------------------------------------

// Kleene's tables, by literals and by columns: null is "unknown".
TEST(expr_kleene) {
  static const char *const literal[] = { "false", "true", "null" };
  static const char *const column[] = { "no", "b", "bn" };
  static const char *const shown[] = { "bool false", "bool true", "bool null" };
  static const int both[3][3] = { { 0, 0, 0 }, { 0, 1, 2 }, { 0, 2, 2 } };
  static const int either[3][3] = { { 0, 1, 2 }, { 1, 1, 1 }, { 2, 1, 2 } };
  static const int opposite[] = { 1, 0, 2 };
  dfq *db = dfq_open(NULL);
  for (int way = 0; way < 4; way++)
    for (int i = 0; i < 3; i++) {
      const char *a = (way & 1 ? literal : column)[i];
      char text[64];
      snprintf(text, sizeof text, "not %s", a);
      ch2_check(db, dfq_parse(db, text), text, shown[opposite[i]]);
      for (int j = 0; j < 3; j++) {
        const char *c = (way & 2 ? literal : column)[j];
        snprintf(text, sizeof text, "%s and %s", a, c);
        ch2_check(db, dfq_parse(db, text), text, shown[both[i][j]]);
        snprintf(text, sizeof text, "%s or %s", a, c);
        ch2_check(db, dfq_parse(db, text), text, shown[either[i][j]]);
      }
    }
  dfq_close(db);
}

// Null comes out wherever it goes in, but where the operator asks for it.
TEST(expr_null_propagates) {
  static const ch2_case cases[] = {
    { "n = 1", "bool null" },         { "n != 1", "bool null" },       { "n < 1", "bool null" },
    { "1 >= n", "bool null" },        { "n = n", "bool null" },
    { "n = null", "bool null" },
    { "i + n", "i64 null" },          { "n * f", "f64 null" },         { "fn / 0", "f64 null" },
    { "n // 0", "i64 null" },         { "big + n", "i64 null" },       { "abs(n)", "i64 null" },
    { "sn = 'x'", "bool null" },      { "sn like '%'", "bool null" },
    { "s like sn", "bool null" },
    { "len_bytes(sn)", "i64 null" },  { "dn + interval '1' day", "date null" },
    { "cast(n as str)", "str null" }, { "cast(sn as i64)", "i64 null" },
    { "try_cast(sn as date)", "date null" },
    { "n is null", "bool true" },     { "i is null", "bool false" },
    { "n is not null", "bool false" },
    { "null is null", "bool true" },  { "nan is null", "bool false" },
    { "empty is null", "bool false" },
    { "n is distinct from n", "bool false" },  { "n is distinct from 1", "bool true" },
    { "i is distinct from n", "bool true" },   { "i is distinct from 10", "bool false" },
    { "n is not distinct from null", "bool true" },
    { "i is not distinct from null", "bool false" },
    { "nan is distinct from f64 'nan'", "bool false" },
    { "-0.0 is distinct from 0.0", "bool false" },
    { "s is not distinct from s", "bool true" },
    { "i in (1, 10, null)", "bool true" },     { "i in (1, null)", "bool null" },
    { "i in (1, 2)", "bool false" },           { "n in (1, 2)", "bool null" },
    { "n in (null)", "bool null" },            { "i in (null)", "bool null" },
    { "i not in (1, null)", "bool null" },     { "i not in (10, null)", "bool false" },
    { "nan in (1.0, f64 'nan')", "bool true" },{ "-0.0 in (0)", "bool true" },
    { "s in ('x', sn)", "bool null" },         { "empty in ('')", "bool true" },
    { "i in (1,2,3,4,5,6,7,8,9,10)", "bool true" },
    { "i between n and 5", "bool false" },     { "i between n and 50", "bool null" },
    { "i not between 20 and n", "bool true" },
    { "coalesce(n, i)", "i64 10" },            { "coalesce(n, n)", "i64 null" },
    { "case when bn then 1 else 2 end", "i64 2" },
    { "case n when null then 1 else 2 end", "i64 2" },
    { "case when no then 1 end", "i64 null" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

TEST(expr_float_order) {
  static const ch2_case cases[] = {
    { "nan = nan", "bool true" },     { "nan != nan", "bool false" },
    { "nan > inf", "bool true" },
    { "nan >= inf", "bool true" },    { "nan < inf", "bool false" },
    { "inf < nan", "bool true" },
    { "inf <= nan", "bool true" },    { "nan <= nan", "bool true" },
    { "nan >= nan", "bool true" },
    { "nan < nan", "bool false" },    { "nan > nan", "bool false" },
    { "nan <= 1.0", "bool false" },
    { "1 < nan", "bool true" },       { "-inf < inf", "bool true" },
    { "nan = 1", "bool false" },
    { "-0.0 = 0.0", "bool true" },    { "-0.0 < 0.0", "bool false" },
    { "-0.0 >= 0.0", "bool true" },
    { "inf = inf", "bool true" },     { "f64 '-inf' < small", "bool true" },
    { "big < inf", "bool true" },     { "nan between 1 and nan", "bool true" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

TEST(expr_integers) {
  static const ch2_case cases[] = {
    { "big + 1", "!big + 1 overflows i64, in row 1 (big = 9223372036854775807)" },
    { "big + 1", "!try: cast an operand to f64, or wrap_add" },
    { "big + 0", "i64 9223372036854775807" },  { "big - -1", "!overflows i64" },
    { "small - 1", "!overflows i64" },         { "small + -1", "!overflows i64" },
    { "small + 0", "i64 -9223372036854775808" }, { "big + small", "i64 -1" },
    { "0 - small", "!overflows i64" },         { "-1 - small", "i64 9223372036854775807" },
    { "-small", "!-small overflows i64" },     { "-big", "i64 -9223372036854775807" },
    { "abs(small)", "!abs(small) overflows i64" }, { "abs(-big)", "i64 9223372036854775807" },
    { "small * -1", "!overflows i64" },        { "-1 * small", "!overflows i64" },
    { "big * 2", "!overflows i64" },           { "small * 1", "i64 -9223372036854775808" },
    { "3037000500 * 3037000500", "!overflows i64" },
    { "3037000499 * 3037000499", "i64 9223372030926249001" },
    { "4294967296 * -2147483648", "i64 -9223372036854775808" },
    { "small // -1", "!small // -1 overflows i64, in row 1" },
    { "floor_div(small, -1)", "!overflows i64" },
    { "small % -1", "i64 0" },                 { "floor_mod(small, -1)", "i64 0" },
    { "small // 1", "i64 -9223372036854775808" }, { "big // -1", "i64 -9223372036854775807" },
    { "wrap_add(big, 1)", "i64 -9223372036854775808" },
    { "wrap_sub(small, 1)", "i64 9223372036854775807" },
    { "wrap_mul(big, 2)", "i64 -2" },
    { "wrap_mul(small, -1)", "i64 -9223372036854775808" },
    { "i // 0", "i64 null" },                  { "i % z", "i64 null" },
    { "floor_div(i, 0)", "i64 null" },         { "floor_mod(i, z)", "i64 null" },
    { "z // z", "i64 null" },                  { "small // 0", "i64 null" },
    { "7 // 2", "i64 3" },    { "-7 // 2", "i64 -3" },  { "7 // -2", "i64 -3" },
    { "-7 // -2", "i64 3" },
    { "7 % 2", "i64 1" },     { "-7 % 2", "i64 -1" },   { "7 % -2", "i64 1" },
    { "-7 % -2", "i64 -1" },
    { "floor_div(-7, 2)", "i64 -4" }, { "floor_div(7, -2)", "i64 -4" },
    { "floor_div(-7, -2)", "i64 3" },
    { "floor_mod(-7, 2)", "i64 1" },  { "floor_mod(7, -2)", "i64 -1" },
    { "floor_mod(-7, -2)", "i64 -1" },
    { "floor_div(-8, 2)", "i64 -4" }, { "floor_mod(-8, 2)", "i64 0" },
    { "floor_div(7, 2)", "i64 3" },   { "floor_mod(7, 2)", "i64 1" },
    { "i3 + 2147483647", "i64 2147483654" },
    { "cast(2147483647 as i32) + i32 '1'", "i64 2147483648" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

TEST(expr_division_of_floats) {
  static const ch2_case cases[] = {
    { "7 / 2", "f64 3.5" },      { "6 / 2", "f64 3.0" },      { "i / 0", "f64 inf" },
    { "-i / z", "f64 -inf" },    { "z / z", "f64 nan" },      { "1 / -0.0", "f64 -inf" },
    { "nan / 1", "f64 nan" },    { "i3 / i3", "f64 1.0" },
    { "big / 1", "f64 9.223372036854776e+18" },
    { "7.5 // 2", "f64 3.0" },   { "-7.5 // 2", "f64 -3.0" }, { "7.5 // 0", "f64 null" },
    { "7.5 % 2", "f64 1.5" },    { "-7.5 % 2", "f64 -1.5" },  { "7.5 % -0.0", "f64 null" },
    { "nan // 0", "f64 null" },  { "nan % 2", "f64 nan" },    { "2 % inf", "f64 2.0" },
    { "inf % 2", "f64 nan" },    { "inf // 2", "f64 inf" },
    { "floor_div(-7.5, 2)", "f64 -4.0" }, { "floor_mod(-7.5, 2)", "f64 0.5" },
    { "floor_mod(7.5, -2)", "f64 -0.5" }, { "floor_mod(7.5, 0)", "f64 null" },
    { "floor_div(1.0, 0)", "f64 null" },  { "floor_mod(-6.0, 3)", "f64 -0.0" },
    { "1e308 * 10", "f64 inf" }, { "inf - inf", "f64 nan" },
    { "0.1 + 0.2", "f64 0.30000000000000004" },
    { "-(0.0)", "f64 -0.0" },    { "abs(-0.0)", "f64 0.0" },  { "abs(-2.5)", "f64 2.5" },
    { "big + 0.5", "f64 9.223372036854776e+18" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

TEST(expr_strings) {
  static const ch2_case cases[] = {
    { "len_bytes(s)", "i64 6" },      { "len_chars(s)", "i64 5" },
    { "len_bytes('')", "i64 0" },
    { "len_chars(empty)", "i64 0" },  { "len_chars('\xe2\x82\xac\xf0\x9f\x98\x80')", "i64 2" },
    { "len_bytes('\xe2\x82\xac\xf0\x9f\x98\x80')", "i64 7" },
    { "len_bytes(i)", "!type error" },
    { "'a' < 'b'", "bool true" },     { "'a' < 'B'", "bool false" },
    { "'Z' < 'a'", "bool true" },
    { "'a' < 'ab'", "bool true" },    { "'ab' < 'a'", "bool false" },
    { "'' < 'a'", "bool true" },
    { "'z' < '\xc3\xa9'", "bool true" }, { "'\xc3\xa9' < '\xe2\x82\xac'", "bool true" },
    { "'\xef\xbf\xbf' < '\xf0\x90\x80\x80'", "bool true" }, { "'10' < '9'", "bool true" },
    { "'a' = 'a '", "bool false" },   { "empty = ''", "bool true" },
    { "empty < s", "bool true" },
    { "empty != empty", "bool false" }, { "'' >= empty", "bool true" },
    { "s >= s", "bool true" },        { "s > 'h\xc3\xa9ll'", "bool true" },
    { "s = i", "!try: try_cast(s as i64)" }, { "b = 'true'", "!cannot compare b (bool)" },
    { "'1' + 1", "!cannot compute '1' (str) + 1 (i64)" }, { "s + s", "!cannot compute" },
    { "b + 1", "!cannot compute b (bool) + 1 (i64)" },
    { "d = '2020-02-29'", "!try: date '2020-02-29'" },
    { "t < '2020-02-29'", "!try: datetime '2020-02-29'" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

TEST(expr_like) {
  static const ch2_case cases[] = {
    { "'abc' like 'abc'", "bool true" },   { "'abc' like 'ABC'", "bool false" },
    { "'abc' ilike 'ABC'", "bool true" },  { "'a' like ''", "bool false" },
    { "'' like ''", "bool true" },         { "'' like '%'", "bool true" },
    { "empty like '%%'", "bool true" },    { "'' like '_'", "bool false" },
    { "'abc' like 'a%'", "bool true" },    { "'abc' like '%c'", "bool true" },
    { "'abc' like '%b%'", "bool true" },   { "'abc' like '%d%'", "bool false" },
    { "'abc' like 'a_c'", "bool true" },   { "'abc' like '__'", "bool false" },
    { "'abc' like '____'", "bool false" }, { "'abc' like '%_c'", "bool true" },
    { "'aXbXc' like 'a%X_'", "bool true" },{ "'mississippi' like '%iss%ip%i'", "bool true" },
    { "'mississippi' like '%iss%ip%s'", "bool false" },
    { "'abab' like '%ab'", "bool true" },  { "'aab' like '%ab'", "bool true" },
    { "s like 'h_llo'", "bool true" },     { "s like 'h__llo'", "bool false" },
    { "s like '%\xc3\xa9%'", "bool true" },{ "s like '_____'", "bool true" },
    { "'\xf0\x9f\x98\x80' like '_'", "bool true" }, { "'\xc3\xa9' like '%_'", "bool true" },
    { "'\xc3\xa9' like '%__'", "bool false" }, { "'\xff\xfe' like '__'", "bool true" },
    { "'\xc3\x89' ilike '\xc3\xa9'", "bool false" },   // ASCII letters only
    { "'50%' like '50!%' escape '!'", "bool true" },
    { "'505' like '50!%' escape '!'", "bool false" },
    { "'a_b' like 'a!_b' escape '!'", "bool true" },
    { "'axb' like 'a!_b' escape '!'", "bool false" },
    { "'a!b' like 'a!!b' escape '!'", "bool true" },
    { "'a!' like 'a!' escape '!'", "bool true" },
    { "'xa%y' like '%a!%_' escape '!'", "bool true" },
    { "'xaby' like '%a!%_' escape '!'", "bool false" },
    { "'%' like '%%' escape '%'", "bool true" },
    { "'a' like '%%' escape '%'", "bool false" },
    { "'a' like 'a%' escape '%'", "bool false" },
    { "'a%' like 'a%' escape '%'", "bool true" },
    { "'AB' ilike 'a!b' escape '!'", "bool true" },    { "'a\\%' like 'a\\%'", "bool true" },
    { "'ab' like 'ab' escape 'xy'", "!needs an escape of one byte" },
    { "'ab' like 'ab' escape ''", "!needs an escape of one byte" },
    { "s like 5", "!cannot compute s (str) like 5 (i64)" },
    { "'a\nb' like 'a_b'", "bool true" },  { "'abc' not like 'b%'", "bool true" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

// like against the plainest matcher there is: by recursion, over random texts and patterns.
static bool ch2_plain_like(const char *p, const char *s) {
  if (!*p) return !*s;
  if (*p == '%') return ch2_plain_like(p + 1, s) || (*s && ch2_plain_like(p, s + 1));
  if (*p == '_' && (unsigned char)*s == 0xC3) return ch2_plain_like(p + 1, s + 2);
  return *s && (*p == '_' || *p == *s) && ch2_plain_like(p + 1, s + 1);
}

TEST(expr_like_random) {
  static const char *const pieces[] = { "a", "b", "\xc3\xa9", "%", "_", "aa" };
  for (uint64_t start = 1; start <= 200000 && !test_now.broken; start++) {
    uint64_t seed = start;
    char text[32] = "", pattern[32] = "";
    for (int n = ch0_below(&seed, 9); n > 0; n--) strcat(text, pieces[ch0_below(&seed, 3)]);
    for (int n = ch0_below(&seed, 8); n > 0; n--) strcat(pattern, pieces[ch0_below(&seed, 6)]);
    dfq__like_pattern l = { pattern, strlen(pattern), -1, false };
    bool got = dfq__like_match(&l, text, strlen(text));
    if (!CHECK_INT(got, ch2_plain_like(pattern, text)))
      printf("    seed %d: '%s' like '%s'\n", (int)start, text, pattern);
  }
}

// Many % cost text times pattern, not their power.
TEST(expr_like_is_not_exponential) {
  char text[2001], pattern[] = "%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%b";
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = 0;
  dfq__like_pattern l = { pattern, strlen(pattern), -1, false };
  CHECK(!dfq__like_match(&l, text, sizeof text - 1));
}

TEST(expr_lazy) {
  static const ch2_case cases[] = {
    { "no and big + 1 > 0", "bool false" },        { "b or big + 1 > 0", "bool true" },
    { "b and big + 1 > 0", "!overflows" },         { "no or big + 1 > 0", "!overflows" },
    { "bn and big + 1 > 0", "!overflows" },        { "bn or big + 1 > 0", "!overflows" },
    { "z != 0 and cast('x' as i64) = 1", "bool false" },
    { "i = 0 or 10 // i = 1", "bool true" },       { "z != 0 and 10 // z = 2", "bool false" },
    { "case when z = 0 then 0 else cast('x' as i64) end", "i64 0" },
    { "case when b then 1 when big + 1 > 0 then 2 end", "i64 1" },
    { "case when no then big + 1 else 3 end", "i64 3" },
    { "case when no then 1 else big + 1 end", "!overflows" },
    { "case when big + 1 > 0 then 1 end", "!overflows" },
    { "coalesce(i, big + 1)", "i64 10" },          { "coalesce(n, big + 1)", "!overflows" },
    { "i between 20 and big + 1", "bool false" },
    { "cast('x' as i64) = 1 and no", "!has no value of type i64" },
    { "i in (10, big + 1)", "!overflows" },        // a list is computed as a whole
  };
  ch2_table(cases, CH2_COUNT(cases));
}

// ---- casts ----------------------------------------------------------------------------------

// From each type to each: . refused when the plan is built, + works, ! may fail.
TEST(expr_casts_all_pairs) {
  static const char *const columns[] = { "null", "b", "i3", "i", "f", "s", "d", "t", "u" };
  static const char *const rows[] = {
    "++++++++", "+++++...", "+++++...", "+++++...", "+++++...", "!!!!+!!!", "....+++.",
    "....+++.", "....+..+"
  };
  dfq *db = dfq_open(NULL);
  for (int from = 0; from < 9; from++)
    for (dfq_type to = DFQ_BOOL; to <= DFQ_DURATION; to++) {
      char kind = rows[from][to - DFQ_BOOL], text[64], got[256];
      for (int way = 0; way < 2; way++) {
        snprintf(text, sizeof text, "%s(%s as %s)", way ? "try_cast" : "cast", columns[from],
                 dfq_type_name(to));
        ch2_show(db, dfq_parse(db, text), got, sizeof got);
        bool ok = true;
        if (kind == '.') ok = CHECK_HAS(got, "cannot cast");
        else if (kind == '!' && !way) ok = CHECK_HAS(got, "has no value of type");
        else ok = CHECK(strncmp(got, dfq_type_name(to), strlen(dfq_type_name(to))) == 0);
        if (kind == '!' && way) ok = CHECK_HAS(got, " null") && ok;
        if (!ok) printf("    %s: %s\n", text, got);
      }
    }
  dfq_close(db);
}

TEST(expr_casts) {
  static const ch2_case cases[] = {
    { "cast(b as i64)", "i64 1" },          { "cast(no as f64)", "f64 0.0" },
    { "cast(b as str)", "str true" },       { "cast(i as bool)", "bool true" },
    { "cast(z as bool)", "bool false" },    { "cast(nan as bool)", "bool true" },
    { "cast(-0.0 as bool)", "bool false" }, { "cast(i3 as str)", "str 7" },
    { "cast(2147483648 as i32)", "!cast(2147483648 as i32) has no value of type i32" },
    { "cast(-2147483649 as i32)", "!has no value of type i32" },
    { "cast(-2147483648 as i32)", "i32 -2147483648" },
    { "try_cast(2147483648 as i32)", "i32 null" },
    { "cast(2.9 as i64)", "i64 2" },        { "cast(-2.9 as i64)", "i64 -2" },
    { "cast(-0.5 as i64)", "i64 0" },       { "cast(nan as i64)", "!has no value of type i64" },
    { "cast(inf as i64)", "!has no value" },{ "try_cast(nan as i64)", "i64 null" },
    { "cast(9223372036854775808.0 as i64)", "!has no value" },
    { "cast(9223372036854774784.0 as i64)", "i64 9223372036854774784" },
    { "cast(-9223372036854775808.0 as i64)", "i64 -9223372036854775808" },
    { "cast(-9223372036854777856.0 as i64)", "!has no value" },
    { "cast(2147483647.9 as i32)", "i32 2147483647" },
    { "cast(-2147483648.9 as i32)", "i32 -2147483648" },
    { "cast(2147483648.0 as i32)", "!has no value" },
    { "cast(big as f64)", "f64 9.223372036854776e+18" },
    { "cast(nan as str)", "str nan" },      { "cast(1e20 as str)", "str 1e+20" },
    { "cast(2 as f64)", "f64 2.0" },        { "cast(cast(2 as f64) as str)", "str 2.0" },
    { "cast('42' as i64)", "i64 42" },      { "cast('-42' as i32)", "i32 -42" },
    { "cast(' 42' as i64)", "!has no value" }, { "cast('42 ' as i64)", "!has no value" },
    { "cast('' as i64)", "!has no value" }, { "cast('+42' as i64)", "!has no value" },
    { "cast('4.0' as i64)", "!has no value" },
    { "cast('9223372036854775808' as i64)", "!has no value" },
    { "cast('3000000000' as i32)", "!has no value" },
    { "cast('3000000000' as i64)", "i64 3000000000" },
    { "cast('1e3' as f64)", "f64 1000.0" }, { "cast('.5' as f64)", "f64 0.5" },
    { "cast('5.' as f64)", "f64 5.0" },     { "cast('+5' as f64)", "f64 5.0" },
    { "cast('NaN' as f64)", "f64 nan" },    { "cast('-inf' as f64)", "f64 -inf" },
    { "cast('1e400' as f64)", "!has no value of type f64" },
    { "cast('0x10' as f64)", "!has no value" }, { "cast('1,5' as f64)", "!has no value" },
    { "cast('TRUE' as bool)", "bool true" },{ "cast('1' as bool)", "!has no value" },
    { "cast('2020-02-29' as date)", "date 2020-02-29" },
    { "cast('2020-02-29 10:00' as date)", "!has no value" },
    { "cast('2020-02-29 10:00' as datetime)", "datetime 2020-02-29 10:00:00" },
    { "cast('x' as date)", "!has no value of type date" },
    { "try_cast('x' as date)", "date null" },
    { "cast(ten as i64) + 1", "i64 11" },   { "cast(empty as str)", "str " },
    { "cast(d as str)", "str 2020-02-29" },
    { "cast(d as datetime)", "datetime 2020-02-29 00:00:00" },
    { "cast(t as date)", "date 2020-02-29" },
    { "cast(t as str)", "str 2020-02-29 01:02:03.000004" },
    { "cast(datetime '1969-12-31 23:59' as date)", "date 1969-12-31" },
    { "cast(datetime '1970-01-01' as date)", "date 1970-01-01" },
    { "cast(u as str)", "str 00:01:30" },
    { "cast(interval '-49' hour as str)", "str -2d 01:00:00" },
    { "cast(interval '1' microsecond as str)", "str 00:00:00.000001" },
    { "cast(interval '1' day as str)", "!cannot cast days to str" },
    { "cast(s as i64)", "!in row 1 (s = 'h\xc3\xa9llo')\n  try: try_cast" },
    { "cast(i as i64)", "i64 10" },         { "try_cast(i as str)", "str 10" },
    { "try_cast(big + 1 as str)", "!overflows" },   // only the cast itself is tried
  };
  ch2_table(cases, CH2_COUNT(cases));
}

// ---- dates ----------------------------------------------------------------------------------

TEST(expr_date_arithmetic) {
  static const ch2_case cases[] = {
    { "date '2023-01-31' + interval '1' month", "date 2023-02-28" },
    { "date '2024-01-31' + interval '1' month", "date 2024-02-29" },
    { "date '2023-03-31' - interval '1' month", "date 2023-02-28" },
    { "date '2023-05-31' + interval '1' month", "date 2023-06-30" },
    { "date '2023-12-31' + interval '2' month", "date 2024-02-29" },
    { "d + interval '1' year", "date 2021-02-28" },
    { "d + interval '4' year", "date 2024-02-29" },
    { "d - interval '1' quarter", "date 2019-11-29" },
    { "d + interval '-2' month", "date 2019-12-29" },
    { "date '1970-01-15' - interval '1' month", "date 1969-12-15" },
    { "date '0000-01-31' + interval '1' month", "date 0000-02-29" },
    { "d + interval '1' day", "date 2020-03-01" },
    { "d - interval '1' week", "date 2020-02-22" },
    { "d + interval '1' hour", "datetime 2020-02-29 01:00:00" },
    { "d - interval '1' microsecond", "datetime 2020-02-28 23:59:59.999999" },
    { "t + interval '1' month", "datetime 2020-03-29 01:02:03.000004" },
    { "t - interval '1' day", "datetime 2020-02-28 01:02:03.000004" },
    { "t + u", "datetime 2020-02-29 01:03:33.000004" },
    { "t - u", "datetime 2020-02-29 01:00:33.000004" },
    { "datetime '1969-12-31 12:00' - interval '1' month", "datetime 1969-11-30 12:00:00" },
    { "datetime '2023-01-31 23:59:59.5' + interval '1' month",
      "datetime 2023-02-28 23:59:59.500000" },
    { "d - date '2020-01-01'", "i64 59" },            { "date '2020-01-01' - d", "i64 -59" },
    { "t - d", "duration 01:02:03.000004" },          { "d - t", "duration -01:02:03.000004" },
    { "t - t", "duration 00:00:00" },                 { "u + u", "duration 00:03:00" },
    { "u - interval '2' minute", "duration -00:00:30" },
    { "date '9999-12-31' + interval '1' day", "!leaves the years 0 to 9999" },
    { "date '9999-12-01' + interval '1' month", "!leaves the years 0 to 9999" },
    { "date '0000-01-01' - interval '1' day", "!leaves the years 0 to 9999" },
    { "date '0000-01-31' - interval '1' month", "!leaves the years 0 to 9999" },
    { "d + interval '9223372036854775807' day", "!leaves the years" },
    { "d - interval '-9223372036854775808' day", "!leaves the years" },
    { "t + interval '9223372036854775807' day", "!leaves the years" },
    { "t + interval '9223372036854775807' microsecond", "!leaves the years" },
    { "d + interval '9223372036854775807' month", "!leaves the years" },
    { "d - interval '-9223372036854775808' month", "!leaves the years" },
    { "d + interval '119999' month", "!leaves the years" },
    { "datetime '9999-12-31 23:59:59.999999' + interval '1' microsecond", "!leaves the years" },
    { "interval '9223372036854775807' microsecond + interval '1' microsecond",
      "!overflows duration" },
    { "d + 1", "!cannot compute d (date) + 1 (i64)" },{ "u * 2", "duration 00:03:00" },
    { "d = t", "bool false" },  { "d < t", "bool true" },
    { "d = datetime '2020-02-29'", "bool true" },
    { "u > interval '1' minute", "bool true" },       { "d < u", "!cannot compare" },
    { "d + interval '1' month + interval '1' month", "date 2020-04-29" },
  };
  ch2_table(cases, CH2_COUNT(cases));
}

static bool ch2_leap(int y) { return y % 400 == 0 || (y % 4 == 0 && y % 100 != 0); }

static int ch2_month_length(int y, int m) {
  if (m == 2) return ch2_leap(y) ? 29 : 28;
  return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
}

// Every day there is, counted one by one from the first.
TEST(expr_dates_day_by_day) {
  int64_t day = -719528, back;
  char text[DFQ__NUMBER_TEXT], want[32];
  CHECK(!dfq__date_fits(day - 1));
  for (int y = 0; y <= 9999 && !test_now.broken; y++)
    for (int m = 1; m <= 12; m++) {
      CHECK_INT(dfq__month_days(y, m), ch2_month_length(y, m));
      for (int d = 1; d <= ch2_month_length(y, m); d++, day++) {
        int64_t year;
        int month, of_month;
        dfq__civil_from_days(day, &year, &month, &of_month);
        bool ok = year == y && month == m && of_month == d && dfq__date_fits(day);
        ok = ok && dfq__days_from_civil(y, m, d) == day;
        if (!ok) CHECK_INT(year * 10000 + month * 100 + of_month, y * 10000 + m * 100 + d);
        if (day % 11 && y % 400) continue;
        size_t n = dfq__write_date(text, day);
        snprintf(want, sizeof want, "%04d-%02d-%02d", y, m, d);
        if (n != 10 || strcmp(text, want) != 0) CHECK_STR(text, want);
        if (!dfq__read_date(text, n, &back) || back != day) CHECK_INT(back, day);
      }
    }
  CHECK_INT(day, 2932897);
  CHECK(!dfq__date_fits(day));
  CHECK_INT(dfq__days_from_civil(1970, 1, 1), 0);
}

TEST(expr_dates_invalid) {
  static const char *const dates[] = {
    "", "2020", "2020-1-01", "2020-01-1", "2020-01-001", "20200101", "2020-00-01", "2020-13-01",
    "2020-01-00", "2020-01-32", "2020-04-31", "2021-02-29", "1900-02-29", "2100-02-29",
    "2020-02-30", "2020-01/01", "2020.01.01", "2020-01-01 ", " 2020-01-01", "+020-01-01",
    "-020-01-01", "2020-0a-01", "12020-01-01", "abcd-ef-gh", "2020-01-01T", "99-01-01",
    "2020-01--1"
  };
  static const char *const times[] = {
    "", "2020-02-30 00:00", "2020-01-01 ", "2020-01-01 1:00", "2020-01-01 24:00",
    "2020-01-01 00:60", "2020-01-01 00:00:60", "2020-01-01 00:00:0", "2020-01-01 00:00:00.",
    "2020-01-01 00:00:00.1234567", "2020-01-01 00:00.5", "2020-01-01x00:00", "2020-01-01 00-00",
    "2020-01-01 00:00:00 ", "2020-01-01 00:00:00+1", "2020-01-01 00:00:00+24:00",
    "2020-01-01 00:00:00+01:60", "2020-01-01 00:00:00+0100x", "2020-01-01 00:00:00+01-00",
    "2020-01-01 00:00:00 Z", "2020-01-01 00:00:00ZZ", "2020-01-01 -1:00",
    "0000-01-01 00:00+01:00", "9999-12-31 23:30-01:00", "2020-01-01  00:00",
    "2020-01-01 00:00:00,5", "2020-01-01T0000"
  };
  int64_t to;
  for (int i = 0; i < CH2_COUNT(dates); i++)
    if (!CHECK(!dfq__read_date(dates[i], strlen(dates[i]), &to))) printf("    %s\n", dates[i]);
  for (int i = 0; i < CH2_COUNT(times); i++)
    if (!CHECK(!dfq__read_datetime(times[i], strlen(times[i]), &to)))
      printf("    %s\n", times[i]);
}

TEST(expr_datetimes) {
  static const ch2_case cases[] = {
    { "2020-02-29", "2020-02-29 00:00:00" },
    { "2020/02/29 01:02", "2020-02-29 01:02:00" },
    { "2020-02-29T01:02:03", "2020-02-29 01:02:03" },
    { "2020-02-29 01:02:03.5", "2020-02-29 01:02:03.500000" },
    { "2020-02-29 01:02:03.000001", "2020-02-29 01:02:03.000001" },
    { "2020-02-29 01:02:03.0", "2020-02-29 01:02:03" },
    { "2020-02-29 01:02Z", "2020-02-29 01:02:00" },
    { "2020-02-29 01:02:03z", "2020-02-29 01:02:03" },
    { "2020-02-29 01:02+02", "2020-02-28 23:02:00" },
    { "2020-02-29 01:02:03+0230", "2020-02-28 22:32:03" },
    { "2020-02-29 23:02:03.25-02:30", "2020-03-01 01:32:03.250000" },
    { "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999" },
    { "0000-01-01 01:00+01:00", "0000-01-01 00:00:00" },
    { "9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999" },
  };
  char text[DFQ__NUMBER_TEXT];
  int64_t at, back;
  for (int i = 0; i < CH2_COUNT(cases); i++) {
    if (!CHECK(dfq__read_datetime(cases[i].text, strlen(cases[i].text), &at))) continue;
    dfq__write_datetime(text, at);
    CHECK_STR(text, cases[i].want);
  }
  for (uint64_t seed = 7, i = 0; i < 100000; i++) {
    int64_t span = INT64_C(3652425) * 86400 * 1000000;   // ten thousand years, less 25 days
    at = (int64_t)(ch0_next(&seed) % (uint64_t)span) - INT64_C(719528) * 86400 * 1000000;
    size_t n = dfq__write_datetime(text, at);
    if (!dfq__read_datetime(text, n, &back) || back != at) CHECK_STR(text, "itself");
  }
}

// Month by month on foot, against the shift in one step.
TEST(expr_months) {
  uint64_t seed = 11;
  for (int i = 0; i < 50000 && !test_now.broken; i++) {
    int y = 1000 + ch0_below(&seed, 8000), m = 1 + ch0_below(&seed, 12);
    int d = 1 + ch0_below(&seed, ch2_month_length(y, m)), by = ch0_below(&seed, 600) - 300;
    dfq_value from = ch2_int(DFQ_DATE, dfq__days_from_civil(y, m, d)), to = from;
    CHECK(dfq__shift_months(&to, &from, by, false) == NULL);
    dfq_value same = from;
    CHECK(dfq__shift_months(&same, &from, -by, true) == NULL);
    for (int step = by; step > 0; step--) { m++; if (m > 12) { m = 1; y++; } }
    for (int step = by; step < 0; step++) { m--; if (m < 1) { m = 12; y--; } }
    int last = ch2_month_length(y, m);
    CHECK_INT(to.as.i, dfq__days_from_civil(y, m, d < last ? d : last));
    CHECK_INT(to.as.i, same.as.i);
  }
}

// ---- numbers as text ------------------------------------------------------------------------

static double ch2_double(uint64_t bits) {
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

// The C library's answer, where it is the nearest: on Windows it is rounded twice, by way of a
// long double, so that only tests/arithmetic.c says there what is right.
static double ch2_strtod(const char *text) {
#if defined(_WIN32)
  double v = 0;
  if (dfq__read_f64(text, strlen(text), &v)) return v;
#endif
  return strtod(text, NULL);
}

static bool ch2_reads_as(const char *text, double want) {
  double got = 0;
  if (want - want != 0) {   // too large is no number
    if (!dfq__read_f64(text, strlen(text), &got)) return true;
  } else if (dfq__read_f64(text, strlen(text), &got) && test_bits(got) == test_bits(want)) {
    return true;
  }
  return test_fail("  %s\n    got  %.17g\n    want %.17g\n", text, got, want);
}

TEST(expr_read_i64) {
  static const char *const bad[] = {
    "", "-", "+1", " 1", "1 ", "1.0", "--1", "9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "1e3", "0x1", "99999999999999999999999", "1-", "a"
  };
  int64_t v = 0;
  char text[64];
  for (int i = 0; i < CH2_COUNT(bad); i++)
    if (!CHECK(!dfq__read_i64(bad[i], strlen(bad[i]), &v))) printf("    %s\n", bad[i]);
  CHECK(dfq__read_i64("9223372036854775807", 19, &v) && v == INT64_MAX);
  CHECK(dfq__read_i64("-9223372036854775808", 20, &v) && v == INT64_MIN);
  CHECK(dfq__read_i64("-0", 2, &v) && v == 0);
  CHECK(dfq__read_i64("007", 3, &v) && v == 7);
  CHECK(dfq__read_i64("00000000000000000000000000012", 29, &v) && v == 12);
  CHECK(dfq__read_i64("12345", 3, &v) && v == 123);   // n bytes, no more
  for (uint64_t seed = 3, i = 0; i < 200000; i++) {
    uint64_t word = ch0_next(&seed) >> ch0_below(&seed, 64);
    int64_t want = (int64_t)(i & 1 ? word : 0 - word);
    int n = snprintf(text, sizeof text, "%lld", (long long)want);
    if (!dfq__read_i64(text, (size_t)n, &v) || v != want) CHECK_STR(text, "itself");
  }
  for (uint64_t seed = 4, i = 0; i < 100000; i++) {   // near the limits: 17 to 20 digits
    int n = 0, digits = 17 + ch0_below(&seed, 4);
    if (i & 1) text[n++] = '-';
    for (int d = 0; d < digits; d++) text[n++] = (char)('0' + ch0_below(&seed, 10));
    text[n] = 0;
    errno = 0;
    long long want = strtoll(text, NULL, 10);
    bool fits = errno == 0, read = dfq__read_i64(text, (size_t)n, &v);
    if (read != fits || (fits && v != want)) CHECK_STR(text, "as strtoll reads it");
  }
}

TEST(expr_read_f64_forms) {
  static const char *const good[] = {
    "0", "-0", "+0.0", "1", ".5", "5.", "-.5", "1e5", "1E5", "1e+5", "1e-5", "0e999", "00001.5",
    "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "2e-324", "1e-400",
    "0.000000000000000000000000000000000001", "123456789012345678901234567890",
    "9007199254740993", "9007199254740992.5",
    "9007199254740993.00000000000000000000000000000001", "2.2250738585072011e-308", "0.1",
    "1e22", "1e23", "8.5e22", "1e308", "179769313486231570e291", "1.7976931348623158e308",
    "1.7976931348623159e308", "1e309", "-1e309", "1e999999999", "1e-999999999",
    "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324"
  };
  static const char *const bad[] = {
    "", ".", "-", "+", "e5", ".e5", "1e", "1e+", "1e-", "1e+-5", "1e--5", "1.2.3", "1 ", " 1",
    "1f", "0x1p3", "1,5", "--1", "+-1", "1e5.0", "1e99999999999", "na", "nanx", "in", "infi",
    "infinit", "infinityy", "nan(1)", "1_000"
  };
  double v;
  for (int i = 0; i < CH2_COUNT(good); i++) ch2_reads_as(good[i], ch2_strtod(good[i]));
  for (int i = 0; i < CH2_COUNT(bad); i++)
    if (!CHECK(!dfq__read_f64(bad[i], strlen(bad[i]), &v))) printf("    %s\n", bad[i]);
  CHECK(dfq__read_f64("nan", 3, &v) && v != v);
  CHECK(dfq__read_f64("-NaN", 4, &v) && v != v);
  CHECK(dfq__read_f64("+Inf", 4, &v) && v > 1e308);
  CHECK(dfq__read_f64("-INFINITY", 9, &v) && v < -1e308);
  CHECK(dfq__read_f64("1.5x", 3, &v) && v == 1.5);
}

TEST(expr_read_f64_random) {
  char text[1300];
  for (uint64_t seed = 5, i = 0; i < 200000 && !test_now.broken; i++) {   // any bits
    double v = ch2_double(ch0_next(&seed) & ~(i % 8 ? 0 : UINT64_C(0x7ff) << 52));
    if (v - v != 0) continue;
    snprintf(text, sizeof text, "%.*e", ch0_below(&seed, 20), v);
    ch2_reads_as(text, ch2_strtod(text));
  }
  for (uint64_t seed = 6, i = 0; i < 100000 && !test_now.broken; i++) {   // as people write
    int whole = ch0_below(&seed, 12), part = ch0_below(&seed, 12), n = 0;
    for (int d = 0; d <= whole; d++) text[n++] = (char)('0' + ch0_below(&seed, 10));
    text[n++] = '.';
    for (int d = 0; d < part; d++) text[n++] = (char)('0' + ch0_below(&seed, 10));
    text[n] = 0;
    if (i % 3 == 0) snprintf(text + n, 16, "e%d", ch0_below(&seed, 60) - 30);
    ch2_reads_as(text, ch2_strtod(text));
  }
  for (uint64_t seed = 8, i = 0; i < 2000 && !test_now.broken; i++) {     // hundreds of digits
    int n = 0, digits = 1 + ch0_below(&seed, 1200), point = ch0_below(&seed, 1200);
    for (int d = 0; d < digits; d++) {
      if (d == point) text[n++] = '.';
      text[n++] = (char)('0' + ch0_below(&seed, 10));
    }
    snprintf(text + n, 16, "e%d", ch0_below(&seed, 700) - 500);
    ch2_reads_as(text, ch2_strtod(text));
  }
}

// Halfway between two doubles, exactly, and a digit to either side of it. A long double of 64
// bits holds the middle; where it has fewer, this is one more random test.
TEST(expr_read_f64_halfway) {
  static char text[1300];
  for (uint64_t seed = 9, i = 0; i < 4000 && !test_now.broken; i++) {
    uint64_t bits = ch0_next(&seed) & (UINT64_MAX >> 1);
    if (i % 4 == 0) bits = bits >> 12;                                  // subnormal
    if (i % 4 == 1) bits = (bits & (UINT64_MAX >> 12)) | (uint64_t)(1023 + 40 + i % 60) << 52;
    if ((bits >> 52) >= 2046) continue;
    long double middle = (long double)ch2_double(bits) + (long double)ch2_double(bits + 1);
    middle /= 2;
    int n = i % 4 == 1 ? snprintf(text, sizeof text, "%.20Lf", middle)
                       : snprintf(text, sizeof text, "%.780Le", middle);
    ch2_reads_as(text, ch2_strtod(text));
    char *e = strchr(text, 'e'), *last = e ? e - 1 : text + n - 1;
    *last = '1';                                                        // just above
    ch2_reads_as(text, ch2_strtod(text));
    *last = '0';
    for (char *p = last; p > text; p--) {                               // just below
      if (*p == '.') continue;
      if (*p != '0') { (*p)--; break; }
      *p = '9';
    }
    ch2_reads_as(text, ch2_strtod(text));
  }
}

TEST(expr_write_f64) {
  static const ch2_case cases[] = {
    { "0", "0.0" }, { "-0", "-0.0" }, { "1", "1.0" }, { "100000", "100000.0" },
    { "123456789012345", "123456789012345.0" }, { "1e15", "1e+15" }, { "1e-5", "1e-05" },
    { "0.0001", "0.0001" }, { "0.1", "0.1" }, { "0.3", "0.3" },
    { "0.30000000000000004", "0.30000000000000004" }, { "nan", "nan" }, { "inf", "inf" },
    { "-inf", "-inf" }, { "1e300", "1e+300" }, { "9007199254740993", "9007199254740992.0" },
    { "5e-324", "5e-324" }, { "-1e-310", "-1e-310" }, { "2.5e-320", "2.5e-320" },
    { "2.2250738585072014e-308", "2.2250738585072014e-308" },
    { "5.6843418860808015e-14", "5.684341886080802e-14" },   // 2^-44: one digit less will do
  };
  char text[DFQ__NUMBER_TEXT], plain[64];
  for (int i = 0; i < CH2_COUNT(cases); i++) {
    size_t n = dfq__write_f64(text, ch2_strtod(cases[i].text));
    CHECK_STR(text, cases[i].want);
    CHECK_INT(n, strlen(text));
  }
  for (uint64_t seed = 10, i = 0; i < 200000 && !test_now.broken; i++) {
    double v = ch2_double(ch0_next(&seed));
    if (i % 4 == 1) v = (double)(int64_t)ch0_next(&seed) / 1000;
    if (i % 4 == 2) v = (double)(ch0_below(&seed, 2000000) - 1000000) / 100;
    if (v - v != 0) continue;
    size_t n = dfq__write_f64(text, v);
    int digits = v != 0 && (v < 0 ? -v : v) < 2.2250738585072014e-308 ? 1 : 15;
    do snprintf(plain, sizeof plain, "%.*g", digits, v);
    while (test_bits(ch2_strtod(plain)) != test_bits(v) && digits++ < 17);
    if (!strpbrk(plain, ".e")) strcat(plain, ".0");
    if (n != strlen(text) || strcmp(text, plain) != 0) CHECK_STR(text, plain);
    if (test_bits(ch2_strtod(text)) != test_bits(v)) CHECK_F64(ch2_strtod(text), v);
  }
}

TEST(expr_write_values) {
  char text[DFQ__NUMBER_TEXT];
  dfq_value longest = ch2_int(DFQ_DURATION, INT64_MIN);
  CHECK_INT(dfq__write_value(text, &longest), 27);
  CHECK_STR(text, "-106751991d 04:00:54.775808");
  longest = ch2_int(DFQ_DATETIME, INT64_MAX);
  dfq__write_value(text, &longest);
  CHECK_STR(text, "294247-01-10 04:00:54.775807");
  dfq_value none = ch2_int(DFQ_NULL, 0);
  CHECK_INT(dfq__write_value(text, &none), 0);
  CHECK_STR(text, "");
}

// ---- limits ---------------------------------------------------------------------------------

// count times piece, then middle, then count times end. Owns: the caller.
static char *ch2_repeat(const char *piece, const char *middle, const char *end, size_t count) {
  size_t a = strlen(piece), b = strlen(middle), c = strlen(end);
  char *text = (char *)test_alloc((a + c) * count + b + 1), *to = text;
  for (size_t i = 0; i < count; i++, to += a) memcpy(to, piece, a);
  memcpy(to, middle, b);
  to += b;
  for (size_t i = 0; i < count; i++, to += c) memcpy(to, end, c);
  *to = 0;
  return text;
}

// most: how often it may be nested before shared parts make it too large; 0: until too deep.
typedef struct ch2_nest {
  const char *piece, *middle, *end;
  size_t most;
} ch2_nest;

static const ch2_nest ch2_nests[] = {
  { "(", "x", ")", 0 },         { "-", "x", "", 0 },              { "- ", "1", "", 0 },
  { "not ", "b", "", 0 },       { "1 + ", "x", "", 0 },           { "", "x", " + 1", 0 },
  { "1 - (", "x", ")", 0 },     { "abs(", "x", ")", 0 },
  { "cast(", "x", " as i64)", 0 },
  { "b and (", "b", ")", 0 },   { "", "x", " - x", 0 },          { "", "x", " * x", 0 },
  { "(", "x", " is null)", 0 }, { "x in (", "x", ")", 0 },        { "x = (", "x", ")", 0 },
  { "(", "s", " like s)", 0 },  { "s like (", "s", ")", 0 },
  { "case when ", "b", " then b end", 0 },
  { "case when b then ", "x", " else x end", 0 },
  { "case ", "x", " when 1 then x end", 0 },
  { "case when b then x else ", "x", " end", 0 },
  { "coalesce(", "x", ", x)", 12 },
  { "(", "x", " between 1 and 2)", 12 },
  { "x between (", "x", ") and 2", 0 },
  { "s like s escape (", "s", ")", 0 },
  { "x is distinct from (", "x", ")", 0 },
};

TEST(expr_depth_is_limited) {
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < CH2_COUNT(ch2_nests); i++) {
    const ch2_nest *n = &ch2_nests[i];
    char *text = ch2_repeat(n->piece, n->middle, n->end, 100000);
    size_t mark = dfq_mark(db);
    bool ok = CHECK_INT(dfq_expr_kind_of(dfq_parse(db, text)), DFQ_FAILED);
    ok &= CHECK_INT(dfq_error_status(db), DFQ_LIMIT);
    ok &= CHECK(strlen(dfq_error(db)) < 600);
    if (!ok) printf("    %s%s%s: %s\n", n->piece, n->middle, n->end, dfq_error(db));
    free(text);
    text = ch2_repeat(n->piece, "", "", *n->piece ? 100000 : 1);   // and cut off in the middle
    CHECK_INT(dfq_expr_kind_of(dfq_parse(db, text)), DFQ_FAILED);
    free(text);
    dfq_release(db, mark);
  }
  dfq_close(db);
}

// The deepest that is allowed still prints, and parses back.
TEST(expr_depth_below_the_limit) {
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < CH2_COUNT(ch2_nests); i++) {
    const ch2_nest *n = &ch2_nests[i];
    size_t mark = dfq_mark(db), count = n->most ? n->most : DFQ__MAX_DEPTH + 5;
    dfq_expr *e = NULL;
    for (; count > 1; count--) {
      char *text = ch2_repeat(n->piece, n->middle, n->end, count);
      e = dfq_parse(db, text);
      free(text);
      if (dfq_expr_kind_of(e) != DFQ_FAILED) break;
    }
    bool ok = CHECK(n->most || count >= DFQ__MAX_DEPTH / 2 - 1);
    ok = ok && CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
    if (!ok) printf("    %s%s%s, %d deep\n", n->piece, n->middle, n->end, (int)count);
    dfq_release(db, mark);
  }
  dfq_close(db);
}

// Constructors meet the same limits; what they just allow still prints, parses and computes.
TEST(expr_constructors_are_limited) {
  dfq *db = dfq_open(NULL);
  dfq_expr *e = dfq_col(db, "i"), *last = e, *right = e, *one = dfq_i64(db, 1);
  int steps = 0;
  for (; dfq_expr_kind_of(e) != DFQ_FAILED; steps++) { last = e; e = dfq_neg(e); }
  CHECK_INT(steps, DFQ__MAX_DEPTH);
  CHECK_STR(dfq_error(db), "dfq: limit reached, expression: is nested more than 500 deep\n"
                           "  try: make a part of it a column first");
  CHECK(dfq_expr_equal(last, dfq_parse(db, dfq_expr_text(last))));
  ch2_check(db, last, "-...-i", "i64 -10");
  for (int i = 1; i < DFQ__MAX_DEPTH; i++) right = dfq_sub(one, right);   // the deepest text
  CHECK(dfq_expr_equal(right, dfq_parse(db, dfq_expr_text(right))));
  ch2_check(db, right, "1 - (1 - ...)", "i64 -9");
  e = dfq_col(db, "i");
  for (steps = 0; steps < 100 && dfq_expr_kind_of(e) != DFQ_FAILED; steps++)
    e = dfq_between(e, e, e);   // fourfold each time
  CHECK(steps < 20);
  CHECK_HAS(dfq_error(db), "has more than 10000000 parts");
  CHECK_INT(dfq_error_status(db), DFQ_LIMIT);
  dfq_close(db);
}

// Long is not deep: a list may have as many members as it likes.
TEST(expr_long_lists) {
  dfq *db = dfq_open(NULL);
  char *text = ch2_repeat("7, ", "", "", 100000), *all = ch2_repeat("", text, "", 1);
  free(all);
  all = (char *)test_alloc(strlen(text) + 32);
  snprintf(all, strlen(text) + 32, "i in (%s 10)", text);
  dfq_expr *e = dfq_parse(db, all);
  CHECK_INT(dfq_expr_args(e), 100002);
  ch2_check(db, e, "i in (7, ..., 10)", "bool true");
  memcpy(all, "f", 1);   // each member widens, which must not add up to a type error
  ch2_check(db, dfq_parse(db, all), "f in (7, ..., 10)", "bool false");
  dfq_type mixed;
  CHECK(!dfq_expr_type(dfq_parse(db, "f in (1,2,3,4,5,'6')"), &ch2_schema, &mixed));
  CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
  free(text);
  free(all);
  text = ch2_repeat("x", "", "", 1000000);   // and a name as many letters
  CHECK_INT(strlen(dfq_expr_name(dfq_parse(db, text))), 1000000);
  dfq_type type;
  CHECK(!dfq_expr_type(dfq_parse(db, text), &ch2_schema, &type));
  CHECK_INT(dfq_error_status(db), DFQ_UNKNOWN_NAME);
  free(text);
  dfq_close(db);
}

// Whatever bytes there are, the parser says something and comes back.
TEST(expr_parses_any_text) {
  static const char *const pieces[] = {
    "a", "1", "1.5", "'x'", "\"n\"", "(", ")", ",", "+", "-", "*", "/", "//", "%", "=", "!=",
    "<", "<=", "and", "or", "not", "is", "null", "in", "like", "between", "case", "when",
    "then", "else", "end", "as", "cast", "sum", "abs", "count", "date", "interval", "day",
    "distinct", "from", "escape", "$p", "#", "\n", "'", "\"", ".", "|", "&&", "\xff", "i64",
    "true", "coalesce", "1e"
  };
  dfq *db = dfq_open(NULL);
  dfq_set_i64(db, "p", 1);
  int good = 0;
  for (uint64_t start = 1; start <= 40000 && !test_now.broken; start++) {
    uint64_t seed = start;
    char text[256] = "", shown[512];
    for (int n = ch0_below(&seed, 12); n > 0; n--) {
      strcat(text, pieces[ch0_below(&seed, CH2_COUNT(pieces))]);
      if (ch0_below(&seed, 5)) strcat(text, " ");
    }
    size_t mark = dfq_mark(db);
    dfq_clear_error(db);
    dfq_expr *e = dfq_parse(db, text);
    bool failed = dfq_expr_kind_of(e) == DFQ_FAILED;
    bool ok = CHECK_INT(dfq_error_status(db) != DFQ_OK, failed);
    if (failed) ok &= CHECK_HAS(dfq_error(db), "^");
    else ok &= CHECK(dfq_expr_equal(e, dfq_parse(db, dfq_expr_text(e))));
    good += !failed;
    ch2_show(db, e, shown, sizeof shown);
    if (!ok) printf("    seed %d: %s\n    %s\n", (int)start, text, dfq_error(db));
    dfq_release(db, mark);
  }
  CHECK(good > 500);
  dfq_close(db);
}

// ---- memory ---------------------------------------------------------------------------------

// Parses, prints, types and computes a little of everything.
static bool ch2_use(dfq *db) {
  static const char *const text =
    "case when s like 'h%' escape '!' and i between 1 and 20 then cast(i as str)"
    " when d + interval '1 month' > date '2020-01-01' then 'it''s' else try_cast($p as str) end"
    " as \"a name\"";
  dfq_expr *three[] = { dfq_col(db, "i"), dfq_i64(db, 3), dfq_null(db) };
  const char *const *names = NULL;
  dfq_value v;
  dfq_type type;
  bool ok = dfq_set_str(db, "p", "text");
  dfq_expr *e = dfq_parse(db, text), *in = dfq_in(dfq_call(db, "coalesce", three, 2), three, 3);
  ok = ok && dfq_expr_eval(e, &ch2_schema, ch2_row(), &v) && v.type == DFQ_STR && v.len == 2;
  ok = ok && memcmp(v.as.s, "10", 2) == 0;
  ok = ok && dfq_expr_type(in, &ch2_schema, &type) && type == DFQ_BOOL;
  ok = ok && dfq_expr_columns(e, &names) == 3 && strcmp(names[2], "d") == 0;
  const char *printed = dfq_expr_text(e);
  ok = ok && *printed && dfq_expr_equal(e, dfq_parse(db, printed));
  return ok && dfq_expr_kind_of(dfq_case(three, 1, dfq_as(in, "x"))) == DFQ_CASE;
}

TEST(expr_fail_each_allocation) { ch0_fail_each(ch2_use); }

// The error's own text may not fit either: then the error is that.
static bool ch2_use_bad(dfq *db) {
  static const ch2_case bad[] = {
    { "a + ", "text ends here" }, { "abz(i)", "did you mean abs?" }, { "$q", "has no value" },
    { "i + emty", "no column emty" }, { "s > 5", "cannot compare" },
    { "d > 'x'", "cannot compare" },
    { "big + i", "overflows i64, in row 1 (big = " },
    { "cast(s as i64)", "has no value of type" },
    { "sum(i)", "is an aggregate" }, { "i in (1,2,3,4,5,6,7,8,big + 1)", "overflows" },
  };
  dfq_value v;
  for (int i = 0; i < CH2_COUNT(bad); i++) {
    dfq_expr *e = dfq_parse(db, bad[i].text);
    if (dfq_expr_eval(e, &ch2_schema, ch2_row(), &v)) return CHECK(false);
    if (!strstr(dfq_error(db), bad[i].want)) return false;
  }
  return true;
}

TEST(expr_fail_each_allocation_of_an_error) { ch0_fail_each(ch2_use_bad); }

TEST(expr_releases_all) {
  dfq *db = dfq_open(NULL);
  ch2_use(db);
  ch2_use_bad(db);
  size_t mark = dfq_mark(db), used = dfq_bytes_used(db);
  for (int i = 0; i < 50; i++) {
    CHECK(ch2_use_bad(db));
    dfq_release(db, mark);
  }
  CHECK(dfq_bytes_used(db) < used + 4096);
  dfq_close(db);
}

static void run_ch2_expressions(void) {
  RUN(expr_twins_values);
  RUN(expr_twins_operators);
  RUN(expr_twins_compound);
  RUN(expr_twins_every_function);
  RUN(expr_unequal);
  RUN(expr_prints);
  RUN(expr_prints_random_trees);
  RUN(expr_windows_as_trees);
  RUN(expr_syntax_errors);
  RUN(expr_error_messages_whole);
  RUN(expr_error_in_a_long_line);
  RUN(expr_failures_stick);
  RUN(expr_null_is_tolerated);
  RUN(expr_parameters);
  RUN(expr_columns);
  RUN(expr_visitor);
  RUN(expr_substitute);
  RUN(expr_types_of_all_pairs);
  RUN(expr_types);
  RUN(expr_type_errors_whole);
  RUN(expr_promotions_table);
  RUN(expr_kleene);
  RUN(expr_null_propagates);
  RUN(expr_float_order);
  RUN(expr_integers);
  RUN(expr_division_of_floats);
  RUN(expr_strings);
  RUN(expr_like);
  RUN(expr_like_random);
  RUN(expr_like_is_not_exponential);
  RUN(expr_lazy);
  RUN(expr_casts_all_pairs);
  RUN(expr_casts);
  RUN(expr_date_arithmetic);
  RUN(expr_dates_day_by_day);
  RUN(expr_dates_invalid);
  RUN(expr_datetimes);
  RUN(expr_months);
  RUN(expr_read_i64);
  RUN(expr_read_f64_forms);
  RUN(expr_read_f64_random);
  RUN(expr_read_f64_halfway);
  RUN(expr_write_f64);
  RUN(expr_write_values);
  RUN(expr_depth_is_limited);
  RUN(expr_depth_below_the_limit);
  RUN(expr_constructors_are_limited);
  RUN(expr_long_lists);
  RUN(expr_parses_any_text);
  RUN(expr_fail_each_allocation);
  RUN(expr_fail_each_allocation_of_an_error);
  RUN(expr_releases_all);
}
