// expression.c - the text of an expression. What parses is printed, and what is printed parses
// to the same tree; over a table with all types it means the same in every way of running it.
#include "fuzz.h"

static void expression_prints(dfq *db, dfq_expr *e) {
  const char *text = dfq_expr_text(e);
  FUZZ_CHECK(text, dfq_error(db), "");
  dfq_expr *again = dfq_parse(db, text);
  const char *more = dfq_expr_text(again);
  FUZZ_CHECK(dfq_expr_equal(e, again), text, dfq_error(db));
  FUZZ_CHECK(more && strcmp(text, more) == 0, text, more);
}

static void fuzz_expression(const uint8_t *data, size_t size) {
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  char *text = fuzz_text(&in, true);
  dfq *db = fuzz_context(&disk);
  dfq_expr *e = dfq_parse(db, text);
  if (dfq_expr_kind_of(e) != DFQ_FAILED) {
    expression_prints(db, e);
    dfq_table *t = fuzz_table(db, FUZZ_ROWS);
    dfq_frame *scan = dfq_scan_table(db, t), *f = dfq_select_exprs(scan, &e, 1);
    if (!dfq_frame_error(f)) dfq_table_free(fuzz_same(db, f));
    f = dfq_filter_expr(scan, e);
    if (!dfq_frame_error(f)) dfq_table_free(fuzz_same(db, f));
    dfq_expr *key = dfq_col(db, "g");
    dfq_group_spec spec;
    memset(&spec, 0, sizeof spec);
    spec.keys = &key;
    spec.key_count = 1;
    spec.aggregates = &e;
    spec.aggregate_count = 1;
    f = dfq_group_exprs(scan, &spec);
    if (!dfq_frame_error(f)) dfq_table_free(fuzz_same(db, f));
    dfq_table_free(t);
  }
  dfq_close(db);
  free(text);
}
