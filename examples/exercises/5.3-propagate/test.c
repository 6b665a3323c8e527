#include "dfq.h"
#include "test.h"
#include YOURS
#include "../trees.h"

static const dfq_field fields[] = {
  { "x", DFQ_I64, NULL }, { "y", DFQ_I64, NULL }, { "f", DFQ_F64, NULL }
};
static const dfq_schema schema = { 3, fields };

static dfq_expr *turned(dfq *db, dfq_expr *e) { return propagate(db, &schema, e); }

TEST(constants_go_along) {
  static const char *const pairs[] = {
    "x = 5 and y > x", "x = 5 and y > 5",
    "y > x and 5 = x", "y > 5 and 5 = x",
    "x = 5 and x < y and f is null and x != 3", "x = 5 and 5 < y and f is null and 5 != 3",
    "f = 2.5 and f >= y", "f = 2.5 and 2.5 >= y",
    NULL
  };
  BECOME(turned, pairs);
}

TEST(chains_and_repetitions) {
  static const char *const pairs[] = {
    "x = 5 and y = x and f > y", "x = 5 and y = 5 and f > 5",
    "x = 5 and x = 5", "x = 5 and 5 = 5",
    "x = 5 and x = 7", "x = 5 and 5 = 7",
    NULL
  };
  BECOME(turned, pairs);
}

TEST(leaves_the_rest) {
  static const char *const same[] = {
    "x = 5 or y > x", "not x = 5 and y > x", "x = 5 and y + x > 3", "f = 5 and y = f",
    "x = null and y > x", "x > 5 and y > x", "x = 5 and (y > x or y < 0)", "x = 5",
  };
  for (int i = 0; i < 8; i++) {
    const char *pairs[] = { same[i], same[i], NULL };
    BECOME(turned, pairs);
  }
}

// ---- the proof: random conditions over random rows ------------------------------------------

static uint32_t seed = 20;
static int any(int below) {
  seed = seed * 1664525u + 1013904223u;
  return (int)((seed >> 16) % (uint32_t)below);
}

static const char *operand(void) {
  static const char *const texts[] = { "x", "y", "f", "x", "y", "5", "9007199254740993", "2.5",
                                       "-0.0", "0.0", "9007199254740992", "7" };
  return texts[any(12)];
}

// Conjuncts, most of them equalities, and an "or" now and then.
static void put_condition(char *text) {
  static const char *const ops[] = { "=", "=", "=", "!=", "<", ">=", ">" };
  text[0] = 0;
  for (int i = 0, n = 2 + any(3); i < n; i++) {
    const char *l = operand(), *op = ops[any(7)];
    const char *r = operand();
    const char *join = !i ? "" : any(8) ? " and " : " or ";
    sprintf(text + strlen(text), any(10) ? "%s%s %s %s" : "%snot (%s %s %s)", join, l, op, r);
  }
}

static void put_row(dfq_value *row) {
  static const int64_t numbers[] = { 5, 7, 0, 9007199254740993, 9007199254740992 };
  static const double floats[] = { 5, 2.5, 0.0, -0.0, 9007199254740992.0 };
  memset(row, 0, 3 * sizeof *row);
  for (int c = 0; c < 3; c++) {
    int k = any(6);
    if (k == 5) continue;     // null
    row[c].type = fields[c].type;
    if (c == 2) row[c].as.f = floats[k];
    else row[c].as.i = numbers[k];
  }
}

static bool keeps(dfq_expr *e, const dfq_value *row) {
  dfq_value v;
  return CHECK(dfq_expr_eval(e, &schema, row, &v)) && v.type == DFQ_BOOL && v.as.i;
}

TEST(keeps_the_same_rows) {
  dfq *db = dfq_open(NULL);
  int changed = 0;
  for (int i = 0; i < 2000; i++) {
    char text[400];
    dfq_value row[3];
    put_condition(text);
    dfq_expr *e = dfq_parse(db, text), *now = propagate(db, &schema, e);
    changed += !dfq_expr_equal(e, now);
    for (int k = 0; k < 40; k++) {
      put_row(row);
      if (keeps(e, row) == keeps(now, row)) continue;
      test_fail("  %s\n  is not %s\n  for x = %lld, y = %lld, f = %g (0 may be a null)\n",
                text, dfq_expr_text(now), (long long)row[0].as.i, (long long)row[1].as.i,
                row[2].as.f);
      dfq_close(db);
      return;
    }
  }
  CHECK(changed > 100);
  dfq_close(db);
}

// Below a join: the condition on the other side's column is what was to be won.
TEST(a_join_profits) {
  static int64_t n[4] = { 4, 5, 6, 7 };
  dfq *db = dfq_open(NULL);
  dfq_column left = { "x", DFQ_I64, n, NULL }, right = { "y", DFQ_I64, n, NULL };
  dfq_table *l = dfq_table_new(db, &left, 1, 4), *r = dfq_table_new(db, &right, 1, 4);
  dfq_frame *f = dfq_join(dfq_scan_table(db, l), dfq_scan_table(db, r), "", DFQ_CROSS);
  dfq_expr *e = propagate(db, dfq_schema_of(f), dfq_parse(db, "x = 5 and y > x"));
  f = dfq_filter_expr(f, e);
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), " y > 5");
  CHECK_INT(dfq_count(f), 2);
  CHECK(dfq_check_equivalent(f, NULL));
  dfq_table_free(l);
  dfq_table_free(r);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(constants_go_along);
  RUN(chains_and_repetitions);
  RUN(leaves_the_rest);
  RUN(keeps_the_same_rows);
  RUN(a_join_profits);
  return test_summary();
}
