// 5.3: the conjuncts in an array, and each equality put into the others.

enum { MOST_CONJUNCTS = 32 };

typedef struct conjuncts { dfq_expr *e[MOST_CONJUNCTS]; int count; } conjuncts;

static bool is_call(dfq_expr *e, const char *name) {
  return dfq_expr_kind_of(e) == DFQ_CALL && !strcmp(dfq_expr_name(e), name);
}

// Nested too deep for the array: what does not fit stays one conjunct.
static void flatten(conjuncts *to, dfq_expr *e) {
  if (is_call(e, "and") && to->count < MOST_CONJUNCTS - 2) {
    flatten(to, dfq_expr_arg(e, 0));
    flatten(to, dfq_expr_arg(e, 1));
  } else {
    to->e[to->count++] = e;
  }
}

// The column that e says a literal's value of, and the literal; NULL when it says no such
// thing.
static dfq_expr *source(const dfq_schema *schema, dfq_expr *e, dfq_expr **literal) {
  for (int side = 0; is_call(e, "eq") && side < 2; side++) {
    dfq_expr *column = dfq_expr_arg(e, side);
    dfq_value v;
    dfq_type type;
    *literal = dfq_expr_arg(e, 1 - side);
    if (dfq_expr_kind_of(column) == DFQ_COLUMN && dfq_expr_literal(*literal, &v) &&
        dfq_expr_type(column, schema, &type) && type == v.type)
      return column;
  }
  return NULL;
}

static dfq_expr *put_in(dfq *db, dfq_expr *target, dfq_expr *column, dfq_expr *literal) {
  static const char *const comparisons[] = { "eq", "ne", "lt", "le", "gt", "ge" };
  dfq_expr *args[2];
  bool compares = false, changed = false;
  for (int i = 0; i < 6; i++) compares = compares || is_call(target, comparisons[i]);
  for (int i = 0; compares && i < 2; i++) {
    args[i] = dfq_expr_arg(target, i);
    dfq_expr_kind kind = dfq_expr_kind_of(args[i]);
    if (kind != DFQ_COLUMN && kind != DFQ_LITERAL) return target;
    if (!dfq_expr_equal(args[i], column)) continue;
    args[i] = literal;
    changed = true;
  }
  return changed ? dfq_call(db, dfq_expr_name(target), args, 2) : target;
}

static dfq_expr *propagate(dfq *db, const dfq_schema *schema, dfq_expr *e) {
  conjuncts all = { { NULL }, 0 };
  flatten(&all, e);
  for (int i = 0; i < all.count; i++) {
    dfq_expr *literal, *column = source(schema, all.e[i], &literal);
    for (int j = 0; column && j < all.count; j++)
      if (j != i) all.e[j] = put_in(db, all.e[j], column, literal);
  }
  e = all.e[0];
  for (int i = 1; i < all.count; i++) e = dfq_and(e, all.e[i]);
  return e;
}
