// 2.3: a flag goes down the tree, and "not" disappears into it.

// Names that are each other's opposites stand side by side.
static const char *const opposites[] = {
  "and", "or", "eq", "ne", "lt", "ge", "gt", "le", "is_null", "is_not_null"
};

static dfq_expr *turn(dfq *db, dfq_expr *e, bool negated) {
  bool call = dfq_expr_kind_of(e) == DFQ_CALL;
  if (call && !strcmp(dfq_expr_name(e), "not")) return turn(db, dfq_expr_arg(e, 0), !negated);
  for (int i = 0; call && i < 10; i++) {
    if (strcmp(dfq_expr_name(e), opposites[i])) continue;
    dfq_expr *args[2] = { dfq_expr_arg(e, 0), dfq_expr_arg(e, 1) };
    for (int k = 0; i < 2 && k < 2; k++) args[k] = turn(db, args[k], negated);
    return dfq_call(db, opposites[negated ? i ^ 1 : i], args, dfq_expr_args(e));
  }
  return negated ? dfq_not(e) : e;
}

static dfq_expr *without_not(dfq *db, dfq_expr *e) { return turn(db, e, false); }
