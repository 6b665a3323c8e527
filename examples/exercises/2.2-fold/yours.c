// 2.2, medium: constant folding. 2 * 3600 * hours should be 7200 * hours before any row is
// read.
//
// fold(e) gives a tree of the same meaning, in which a call over literals alone is a literal.
// Go through calls only: whatever else there is (columns, literals, casts, case, ...) stays
// as it is. A call that cannot be computed, such as an overflow, has to stay, too: it may
// stand on a row that never comes, and an optimizer may take errors away but never add one.
//
// You have: dfq_expr_kind_of, dfq_expr_args, dfq_expr_arg, dfq_expr_name, dfq_expr_literal to
// look at a tree; dfq_call and dfq_literal to build one; dfq_expr_eval over the empty schema
// `none` to compute; and dfq_clear_error after a computation that failed.

static const dfq_schema none = { 0, NULL };

static dfq_expr *fold(dfq *db, dfq_expr *e) {
  (void)db;
  (void)none;
  return e;             // yours
}
