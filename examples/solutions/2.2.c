// 2.2: constant folding, from the leaves up. The engine's own is in >>fold (chapter 5).

static const dfq_schema none = { 0, NULL };

enum { MOST_ARGUMENTS = 16 };

static dfq_expr *fold(dfq *db, dfq_expr *e) {
  dfq_expr *args[MOST_ARGUMENTS];
  dfq_value v;
  int count = dfq_expr_args(e);
  bool constant = true, changed = false;
  if (dfq_expr_kind_of(e) != DFQ_CALL || count > MOST_ARGUMENTS) return e;
  for (int i = 0; i < count; i++) {
    args[i] = fold(db, dfq_expr_arg(e, i));
    constant = constant && dfq_expr_literal(args[i], &v);
    changed = changed || args[i] != dfq_expr_arg(e, i);
  }
  dfq_expr *call = changed ? dfq_call(db, dfq_expr_name(e), args, count) : e;
  if (!constant) return call;
  if (!dfq_expr_eval(call, &none, NULL, &v)) dfq_clear_error(db);
  else if (v.type != DFQ_NULL) return dfq_literal(db, &v);
  return call;
}
