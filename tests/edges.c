// edges.c - numbers as large as their type allows, in the places where a sum or a product of
// them decides what is read. The sanitizers of `make test` see a sum that wraps.

// ---- offsets --------------------------------------------------------------------------------

TEST(edges_member_beyond_all_structs) {
  static const size_t at[][2] = { { SIZE_MAX - 3, 8 }, { 8, 8 }, { 4, 8 }, { 0, SIZE_MAX } };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
    dfq_member m = { "x", DFQ_I64, at[i][0], at[i][1], false, 0 };
    CHECK(!dfq_bind_struct(db, &m, 1, 8));
    CHECK_HAS(dfq_error(db), "member x stands outside of the struct");
  }
  dfq_close(db);
}

// A row's place in cells of one width is a product, and the offset is the producer's.
TEST(edges_arrow_cells) {
  static const int64_t values[] = { 7, 8, 9, 10 };
  static const char *const formats[] = { "+w:1024", "+w:2147483647", "w:1024" };
  for (int i = 0; i < 3; i++) {
    struct ArrowSchema s, *column = arrow_schema(formats[i], "x", i < 2);
    struct ArrowArray x, *cells = arrow_array(1, (int64_t)1 << 54, i < 2);
    arrow_buffer(cells, NULL, 0, false);
    if (i < 2) {
      column->children[0] = arrow_schema("l", "item", 0);
      cells->children[0] = arrow_fixed(values, 8, 4, NULL, 0, false);
    } else {
      arrow_buffer(cells, values, sizeof values, false);
    }
    arrow_wrap(&s, &x, column, cells);
    arrow_expect(formats[i], &s, &x, "column x: row 1 is beyond all values");
  }
}

// As many empty lists as nobody has memory for: it is asked for before any is looked at.
TEST(edges_arrow_rows) {
  struct ArrowSchema s, *column = arrow_schema("+w:0", "x", 1);
  struct ArrowArray x, *cells = arrow_array((int64_t)1 << 54, 0, 1);
  dfq_options options;
  column->children[0] = arrow_schema("n", "item", 0);
  cells->children[0] = arrow_array(0, 0, 0);
  arrow_buffer(cells, NULL, 0, false);
  arrow_wrap(&s, &x, column, cells);
  memset(&options, 0, sizeof options);
  options.budget = 1 << 20;
  dfq *db = dfq_open(&options);
  CHECK(!dfq_import_arrow(db, &s, &x));
  CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
  dfq_close(db);
  CHECK_INT(arrow_live, 0);
}

// ---- bounds ---------------------------------------------------------------------------------

// A literal of a finer unit, brought to the column's: the day before that of the least moment.
TEST(edges_bounds) {
  static const int64_t moment[] = { INT64_MIN, INT64_MAX, -1, 0, INT64_C(-86400000000) };
  static const int64_t high[] = { -106751992, 106751991, -1, -1, -2 };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof moment / sizeof moment[0]; i++) {
    dfq_allowed a;
    dfq_value v = dfq__value_int(DFQ_DATETIME, moment[i]);
    dfq_expr *e = dfq_lt(dfq_col(db, "d"), dfq_literal(db, &v));
    CHECK(dfq_expr_allows(e, "d", DFQ_DATE, &a));
    CHECK_INT(a.high.as.i - (a.high_open ? 1 : 0), high[i]);
  }
  dfq_close(db);
}

// ---- dates and distances --------------------------------------------------------------------

static dfq_frame *edges_column(dfq *db, dfq_type type, const void *data, size_t rows) {
  dfq_column c = { "d", type, data, NULL };
  dfq_table *t = dfq_table_new(db, &c, 1, rows);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

// Dates of a table may be too far away for a distance: each is on its side of all that are not.
TEST(edges_range_of_far_dates) {
  static const int32_t days[] = { 0, 1, INT32_MAX, INT32_MIN, INT32_MAX - 1, 1 };
  static const struct { const char *over; int64_t want[6]; } rows[] = {
    { "order by d range between interval '1' hour preceding and interval '1' hour following",
      { 1, 2, 2, 1, 2, 2 } },
    { "order by d desc range between interval '1' hour preceding and current row",
      { 1, 2, 1, 1, 2, 2 } },
    { "order by d range between unbounded preceding and interval '1' day following",
      { 4, 4, 6, 1, 6, 4 } },
    { "order by d range between interval '1' day following and unbounded following",
      { 4, 2, 2, 6, 2, 2 } },
    { "order by d desc range between interval '9223372036854775807' microsecond preceding and "
      "interval '1' day preceding", { 4, 2, 2, 1, 2, 2 } },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char item[300];
    dfq *db = dfq_open(NULL);
    snprintf(item, sizeof item, "count(d) over (%s) as n", rows[i].over);
    dfq_frame *f = dfq_with_columns(edges_column(db, DFQ_DATE, days, 6), item);
    dfq_table *t = dfq_collect(f);
    if (!CHECK_SAME(f)) printf("    %s\n", item);
    for (size_t r = 0; t && r < 6; r++)
      if (!CHECK_INT(dfq_table_i64(t, r, 1), rows[i].want[r]))
        printf("    %s, row %d\n", item, (int)r);
    if (!t) CHECK_STR(dfq_error(db), "");
    dfq_table_free(t);
    dfq_close(db);
  }
}

// A row so many places away as there are numbers.
TEST(edges_far_neighbours) {
  static const int64_t x[] = { 1, 2, 3, 4 };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = edges_column(db, DFQ_I64, x, 4);
  CHECK_SAME(dfq_with_columns(f, "lead(d, 9223372036854775806) over (order by d) as a, "
                                 "lag(d, 9223372036854775806, 7) over (order by d) as b, "
                                 "nth_value(d, 9223372036854775806) over (order by d) as c, "
                                 "shift(d, -9223372036854775806) over (order by d) as e"));
  dfq_close(db);
}

// An interval of the calendar is a value, and no column: said of windows as of aggregates.
TEST(edges_windows_of_intervals) {
  static const int32_t days[] = { 0, 1 };
  static const char *const items[][2] = {
    { "lag(interval '1' day) over (order by d) as y", "lag does not take " },
    { "lead(interval '1' month, 1) over (order by d) as y", "lead does not take " },
    { "nth_value(interval '1' month, 2) over (order by d) as y", "nth_value does not take " },
    { "first(interval '1' month) over (order by d) as y", "first does not take " },
  };
  for (int i = 0; i < 4; i++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *f = dfq_with_columns(edges_column(db, DFQ_DATE, days, 2), items[i][0]);
    CHECK_HAS(dfq_frame_error(f) ? dfq_frame_error(f) : "no error", items[i][1]);
    CHECK_HAS(dfq_frame_error(f) ? dfq_frame_error(f) : "no error", "it is ");
    dfq_close(db);
  }
}

// ---- times ----------------------------------------------------------------------------------

// No day has the time 99:00, whoever brings it. Under a null it may be anything.
TEST(edges_times_of_no_day) {
  static const int64_t bad[] = { 0, INT64_C(86400000000), -1, INT64_MAX };
  static const uint8_t some[] = { 1, 0, 0, 0 }, all[] = { 1, 1, 1, 1 };
  dfq *db = dfq_open(NULL);
  dfq_column c = { "t", DFQ_TIME, bad, some };
  dfq_table *t = dfq_table_new(db, &c, 1, 4);
  CHECK(t != NULL);
  CHECK_SAME(dfq_select(dfq_scan_table(db, t), "t, hour(t) as h"));
  dfq_table_free(t);
  for (int i = 0; i < 3; i++) {
    c.data = bad + i;
    c.valid = i == 1 ? all : NULL;
    CHECK(!dfq_table_new(db, &c, 1, 2));
    CHECK_HAS(dfq_error(db), i == 0 ? "row 2, column t: what was given does not fit time"
                                    : "row 1, column t: what was given does not fit time");
  }
  dfq_field field = { "t", DFQ_TIME, NULL };
  dfq_value v = dfq__value_int(DFQ_TIME, -1);
  CHECK(!dfq_table_from_rows(db, &field, 1, &v, 1));
  CHECK_HAS(dfq_error(db), "row 1, column t: what was given does not fit time");
  v = dfq__value_int(DFQ_DATE, 1);
  CHECK(!dfq_table_from_rows(db, &field, 1, &v, 1));
  CHECK_HAS(dfq_error(db), "row 1, column t: a value of type date does not fit time");
  dfq_close(db);
}

static const char *edges_late(void *user, const dfq_value *a, int n, dfq_memory *m,
                              dfq_value *to) {
  (void)user; (void)n; (void)m;
  to->type = DFQ_TIME;
  to->as.i = a[0].as.i * INT64_C(3600000000);
  return NULL;
}

static bool edges_late_batch(void *user, const dfq_array *a, int n, size_t rows,
                             dfq_result *to) {
  (void)user; (void)n;
  for (size_t i = 0; i < rows; i++)
    ((int64_t *)to->data)[i] = (int64_t)((uint64_t)((const int64_t *)a[0].data)[i] *
                                         UINT64_C(3600000000));
  return true;
}

// A function's time is looked at in both of its forms.
TEST(edges_times_of_functions) {
  static const int64_t hours[] = { 0, 23, 99, 1 }, good[] = { 1, 2, 3, 23 };
  static const dfq_type args[] = { DFQ_I64 };
  dfq *db = dfq_open(NULL);
  dfq_function f;
  memset(&f, 0, sizeof f);
  f.name = "late";
  f.args = args;
  f.arg_count = 1;
  f.result = DFQ_TIME;
  f.row = edges_late;
  f.batch = edges_late_batch;
  CHECK(dfq_define_scalar(db, &f));
  CHECK_SAME(dfq_select(edges_column(db, DFQ_I64, hours, 4), "late(d) as t"));
  CHECK(!dfq_collect(dfq_select(edges_column(db, DFQ_I64, hours, 4), "late(d) as t")));
  CHECK_HAS(dfq_error(db), "late(d) gave a number that its type does not hold, in row 3");
  dfq_frame *fine = dfq_select(edges_column(db, DFQ_I64, good, 4), "late(d) as t");
  CHECK_INT(dfq_count(fine), 4);
  CHECK_SAME(fine);
  dfq_close(db);
}

// ---- rows of functions ----------------------------------------------------------------------

typedef struct edges_cells { dfq_value cell; int at; } edges_cells;

static int edges_next(void *user, dfq_value *row) {
  edges_cells *c = (edges_cells *)user;
  row[0] = c->cell;
  return c->at++ == 0;
}

// What does not fit is called that, whatever its type is.
TEST(edges_row_sources) {
  static const struct { dfq_type type; int64_t i; const char *declared; } rows[] = {
    { DFQ_I8, 300, "i8" }, { DFQ_U8, -1, "u8" }, { DFQ_I32, INT64_MAX, "i32" },
    { DFQ_TIME, -1, "time" }, { DFQ_DATE, INT64_MIN, "date" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (int engine = 0; engine < 2; engine++) {
      char want[100];
      edges_cells c = { dfq__value_int(rows[i].type, rows[i].i), 0 };
      dfq_field field = { "a", rows[i].type, NULL };
      dfq_row_source s;
      dfq_run_options run;
      dfq *db = dfq_open(NULL);
      memset(&run, 0, sizeof run);
      memset(&s, 0, sizeof s);
      s.name = "cells";
      s.fields = &field;
      s.count = 1;
      s.user = &c;
      s.next = edges_next;
      run.engine = engine ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
      CHECK(!dfq_collect(dfq_configure(dfq_scan_rows(db, &s), &run)));
      snprintf(want, sizeof want, "row 1 of cells: column a holds what does not fit, it was "
               "declared %s", rows[i].declared);
      CHECK_HAS(dfq_error(db), want);
      dfq_close(db);
    }
}

static void run_edges(void) {
  RUN(edges_range_of_far_dates);
  RUN(edges_far_neighbours);
  RUN(edges_windows_of_intervals);
  RUN(edges_times_of_no_day);
  RUN(edges_times_of_functions);
  RUN(edges_row_sources);
  RUN(edges_member_beyond_all_structs);
  RUN(edges_arrow_cells);
  RUN(edges_arrow_rows);
  RUN(edges_bounds);
}
