#include "dfq.h"
#include "test.h"
#include YOURS

enum { ROWS = 12 };

static const dfq_join_type types[] = { DFQ_INNER, DFQ_LEFT, DFQ_RIGHT, DFQ_FULL, DFQ_SEMI,
                                       DFQ_ANTI };
static const char *const names[] = { "inner", "left", "right", "full", "semi", "anti" };

// Keys k (l or r), a value v that may be null; some keys of each side have no partner.
static dfq_frame *input(dfq *db, int side) {
  static int64_t key[ROWS], value[ROWS];
  static uint8_t valid[ROWS];
  dfq_column c[2];
  memset(c, 0, sizeof c);
  for (int i = 0; i < ROWS; i++) {
    key[i] = i % 8 + 3 * side;
    value[i] = i * 5 % 7;
    valid[i] = i % 4 != 0;
  }
  c[0].name = side ? "r" : "l";
  c[0].type = DFQ_I64;
  c[0].data = key;
  c[1].name = side ? "b" : "a";
  c[1].type = DFQ_I64;
  c[1].data = value;
  c[1].valid = valid;
  dfq_table *t = dfq_table_new(db, c, 2, ROWS);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

// The same rows, in the same order, bit by bit, from both plans?
static bool same(dfq *db, dfq_frame *f, dfq_frame *g) {
  dfq_table *t = dfq_collect(f), *u = dfq_collect(g);
  bool equal = t && u && dfq_table_equal(t, u, NULL, 0);
  CHECK_STR(dfq_error(db), "");
  dfq_table_free(t);
  dfq_table_free(u);
  return equal;
}

// The first condition is never true for nulls, the others may be.
static const char *const conditions[2][3] = {
  { "a < 4", "a is null", "coalesce(a, 9) > 3" }, { "b < 4", "b is null", "coalesce(b, 9) > 3" }
};

TEST(pushes_what_may_be_pushed) {
  dfq *db = dfq_open(NULL);
  dfq_frame *l = input(db, 0), *r = input(db, 1);
  for (int t = 0; t < 6; t++)
    for (int side = 0; side < (types[t] >= DFQ_SEMI ? 1 : 2); side++) {
      bool right = true;
      for (int c = 0; c < 3; c++) {
        const char *e = conditions[side][c];
        dfq_frame *above = dfq_filter(dfq_join(l, r, "l = r", types[t]), e);
        dfq_frame *below = dfq_join(side ? l : dfq_filter(l, e), side ? dfq_filter(r, e) : r,
                                    "l = r", types[t]);
        right = right && same(db, above, below);
        CHECK(dfq_check_equivalent(above, NULL));
      }
      if (may_push(side, types[t]) != right)
        test_fail("  %s join, %s side: %s\n", names[t], side ? "right" : "left",
                  right ? "it may go there" : "other rows come out");
    }
  dfq_close(db);
}

// Both are asked for everything that can be won, and for nothing more: each type that gives the
// same rows is tried, and the engine says in its journal which one it takes.
TEST(outer_joins_become_less) {
  dfq *db = dfq_open(NULL);
  dfq_frame *l = input(db, 0), *r = input(db, 1);
  for (int t = 0; t < 4; t++)
    for (int side = 0; side < 2; side++) {
      const char *e = conditions[side][0];
      dfq_join_type to = becomes(side, types[t]);
      dfq_frame *was = dfq_filter(dfq_join(l, r, "l = r", types[t]), e);
      dfq_frame *is = dfq_filter(dfq_join(l, r, "l = r", to), e);
      const char *plan = dfq_explain_text(was, DFQ_EXPLAIN_OPTIMIZED), *name = "?";
      char want[40];
      for (int i = 0; i < 6; i++)
        if (types[i] == to) name = names[i];
      snprintf(want, sizeof want, "on l = r %s", name);
      if (!CHECK(same(db, was, is)) | !CHECK_HAS(plan, want))
        printf("    %s join, never true for a null %s\n", names[t], side ? "b" : "a");
    }
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(pushes_what_may_be_pushed);
  RUN(outer_joins_become_less);
  return test_summary();
}
