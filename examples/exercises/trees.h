// trees.h - for exercises that make one expression of another: what becomes of a text.
#ifndef TREES_H
#define TREES_H

typedef dfq_expr *tree_fn(dfq *db, dfq_expr *e);

// pairs: an expression and what it becomes, as texts, and so on, NULL at the end.
static inline void trees_become(const char *at, tree_fn *fn, const char *const *pairs) {
  dfq *db = dfq_open(NULL);
  for (; pairs[0]; pairs += 2)
    test_str(at, pairs[0], "", dfq_expr_text(fn(db, dfq_parse(db, pairs[0]))), pairs[1]);
  test_str(at, "dfq_error(db)", "", dfq_error(db), "");
  dfq_close(db);
}

#define BECOME(fn, pairs) trees_become(TEST_AT, fn, pairs)

#endif // TREES_H
