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

static void run_edges(void) {
  RUN(edges_member_beyond_all_structs);
  RUN(edges_arrow_cells);
  RUN(edges_arrow_rows);
  RUN(edges_bounds);
}
