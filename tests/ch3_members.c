// ch3_members.c - x in a list of constants: short ones are compared one by one, long ones are
// looked up. Both must be what a chain of or says, and what the row engine says.

enum { MEMBERS_TYPES = 15 };

static const dfq_type members_types[MEMBERS_TYPES] = {
  DFQ_I64, DFQ_F64, DFQ_STR, DFQ_BOOL, DFQ_I32, DFQ_U64, DFQ_DATE, DFQ_DATETIME, DFQ_TIME,
  DFQ_DURATION, dfq_decimal_of(2), DFQ_I16, DFQ_U8, DFQ_F32, DFQ_U32
};

static dfq_value members_float(dfq_type type, double f) {
  dfq_value v = dfq__value_f64(f);
  v.type = type;
  return v;
}

// One of few values, of which some are hard to tell apart: two zeros, two kinds of NaN, texts
// of 12 bytes and 13, and with zero bytes.
static dfq_value members_value(dfq_type type, uint64_t r) {
  static const char text[] = "a text of more than twelve\0\0\0\0\0\0\0\0";
  double strange[] = { 0.0, -0.0, (double)NAN, -(double)NAN, (double)INFINITY, 1e300, 5e-324 };
  int64_t big = (int64_t)((r >> 16) % 3) << 31;
  bool small = dfq__size_of(type) < 8;
  if (type == DFQ_STR)
    return dfq__value_str(text + r % 2 * (r / 2 % 30), (r / 64) % (r % 2 ? 4 : 26));
  if (dfq__is_float(type) && r % 4 == 0)
    return members_float(type, strange[r / 4 % (type == DFQ_F64 ? 7 : 5)]);
  if (dfq__is_float(type)) return members_float(type, (double)(r / 4 % 90) / 2);
  if (type == DFQ_BOOL) return dfq__value_int(type, (int64_t)(r % 2));
  return dfq__value_int(type, (int64_t)(r % 100) + (small || type == DFQ_TIME ? 0 : big));
}

static dfq_table *members_table(dfq *db, dfq_type type, size_t rows, bool nulls, uint64_t *s) {
  dfq_field field[1];
  memset(field, 0, sizeof field);
  field[0].name = "x";
  field[0].type = type;
  dfq_value *cell = (dfq_value *)test_alloc(sizeof *cell * (rows + 1));
  for (size_t i = 0; i < rows; i++) {
    cell[i] = members_value(type, test_random(s) >> 8);
    if (nulls && test_random(s) % 7 == 3) cell[i] = dfq__value_null();
  }
  dfq_table *t = dfq_table_from_rows(db, field, 1, cell, rows);
  free(cell);
  return t;
}

// x in a random list, or what is the same by hand: x = one or x = another ...
static dfq_expr *members_expr(dfq *db, dfq_type type, int count, bool nulls, bool by_hand,
                              uint64_t s) {
  dfq_expr **list = (dfq_expr **)test_alloc(sizeof *list * (size_t)count);
  dfq_expr *x = dfq_col(db, "x"), *any = NULL;
  for (int i = 0; i < count; i++) {
    dfq_value v = members_value(type, test_random(&s) >> 8);
    list[i] = nulls && i == count / 2 ? dfq_null(db) : dfq_literal(db, &v);
    dfq_expr *one = dfq_eq(x, list[i]);
    any = any ? dfq_or(any, one) : one;
  }
  dfq_expr *to = by_hand ? any : dfq_in(x, list, count);
  free(list);
  return to;
}

static void members_check(dfq *db, dfq_table *t, dfq_type type, int count, bool nulls,
                          uint64_t seed) {
  dfq_expr *a = members_expr(db, type, count, nulls, false, seed);
  dfq_expr *b = members_expr(db, type, count, nulls, true, seed);
  dfq_expr *items[] = { dfq_as(a, "a"), dfq_as(b, "b"), dfq_as(dfq_not(a), "c") };
  dfq_frame *f = dfq_select_exprs(dfq_scan_table(db, t), items, 3);
  CHECK_SAME(f);
  CHECK_SAME(dfq_filter_expr(dfq_scan_table(db, t), dfq_not(a)));
  dfq_table *n = dfq_collect(dfq_filter(f, "a is distinct from b or a is not distinct from c "
                                           "and a is not null"));
  if (CHECK(n != NULL)) CHECK_INT(dfq_table_rows(n), 0);
  dfq_table_free(n);
}

TEST(members_are_found_as_by_hand) {
  static const int counts[] = { 1, DFQ__MEMBERS - 1, DFQ__MEMBERS, 30, 40 };
  uint64_t s = 4711;
  for (int k = 0; k < MEMBERS_TYPES; k++) {
    dfq *db = dfq_open(NULL);
    dfq_type type = members_types[k];
    for (int i = 0; i < 10; i++) {
      dfq_table *t = members_table(db, type, i ? 40 : 3, i % 5 != 4, &s);
      members_check(db, t, type, counts[i % 5], i > 4, test_random(&s));
      dfq_table_free(t);
    }
    dfq_close(db);
  }
}

// The numbers from 0 on, in a column n.
static dfq_table *members_numbers(dfq *db, size_t rows) {
  int64_t *n = (int64_t *)test_alloc(sizeof *n * rows);
  for (size_t i = 0; i < rows; i++) n[i] = (int64_t)i;
  dfq_column column = { "n", DFQ_I64, n, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, rows);
  free(n);
  return t;
}

// A column of one type and constants of another: the binder makes them one.
TEST(members_of_other_types) {
  static const char *const x[] = { "n", "n * 0.5", "cast(n as u8)", "cast(n as f32)",
                                   "cast(n as decimal(2))", "make_date(2024, 1, n % 20 + 1)" };
  static const char *const last[] = { "3", "-0.0", "2.5", "null", "cast('NaN' as f64)" };
  static const char *const day = "date '2024-01-09', datetime '2024-01-11 00:00:00'";
  for (int i = 0; i < 6; i++)
    for (int k = 0; k < 5; k++)
      for (int count = 20; count < 40; count += 19) {
        dfq *db = dfq_open(NULL);
        dfq__text t = dfq__text_in(db->heap);
        dfq_table *numbers = members_numbers(db, 50);
        dfq__putf(&t, "n, %s in (%s", x[i], i < 5 ? last[k] : day);
        for (int v = 0; v < count; v++)
          dfq__putf(&t, i < 5 ? ", %d" : ", date '2024-02-%02d'", v % 29 + 1);
        dfq__put(&t, ") as a");
        CHECK_SAME(dfq_select(dfq_scan_table(db, numbers), t.data));
        dfq_table_free(numbers);
        dfq__text_free(&t);
        dfq_close(db);
      }
}

// Twenty thousand constants are no depth, and are neither compared with nor printed pair by
// pair: the row engine alone takes its time.
TEST(members_by_the_thousand) {
  dfq *db = dfq_open(NULL);
  dfq__text t = dfq__text_in(db->heap);
  dfq_table *numbers = members_numbers(db, 30000);
  dfq__put(&t, "n not in (60000");
  for (int v = 1; v < 20000; v++) dfq__putf(&t, ", %d", 60000 - 3 * v);
  dfq__put(&t, ")");
  dfq_frame *f = dfq_filter(dfq_scan_table(db, numbers), t.data);
  FILE *out = tmpfile();
  CHECK(dfq_explain(f, out));
  fclose(out);
  dfq_table *n = dfq_collect(f);
  if (CHECK(n != NULL)) CHECK_INT(dfq_table_rows(n), 20001);
  dfq_table_free(n);
  dfq_table_free(numbers);
  dfq__text_free(&t);
  dfq_close(db);
}

static bool members_without_memory(dfq *db) {
  int64_t x[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
  dfq_column column = { "n", DFQ_I64, x, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 9);
  dfq_table *n = dfq_collect(dfq_filter(
      dfq_scan_table(db, t), "concat(cast(n as str), ' and thirteen') in ('1 and thirteen', '2 "
          "and thirteen', '', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', "
          "'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v')"));
  bool ok = n != NULL;
  if (n) CHECK_INT(dfq_table_rows(n), 2);
  dfq_table_free(n);
  dfq_table_free(t);
  return ok;
}

TEST(members_memory_runs_out) { ch0_fail_each(members_without_memory); }

static void run_ch3_members(void) {
  RUN(members_are_found_as_by_hand);
  RUN(members_of_other_types);
  RUN(members_by_the_thousand);
  RUN(members_memory_runs_out);
}
