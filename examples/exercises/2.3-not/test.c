#include "dfq.h"
#include "test.h"
#include YOURS
#include "../trees.h"

TEST(not_reaches_comparisons) {
  static const char *const pairs[] = {
    "not (a > 1 and b = 2)", "a <= 1 or b != 2",
    "not (a < 1 or not b >= 2)", "a >= 1 and b >= 2",
    "not not (a != 1)", "a != 1",
    "c and not (a is null)", "c and a is not null",
    NULL
  };
  BECOME(without_not, pairs);
}

TEST(not_stays_above_the_rest) {
  static const char *const pairs[] = {
    "not c", "not c",
    "not (c and a > 1)", "not c or a <= 1",
    "a > 1", "a > 1",
    NULL
  };
  BECOME(without_not, pairs);
}

// Every combination of a few values, null and NaN among them, before and after.
TEST(means_the_same) {
  static const char *const texts[] = {
    "not (a > 1)", "not (a > 1 and b <= a)", "not (a = b or not (a < 1 and b is null))",
    "not not (a >= b) or not (b != 1)", "not (a is not null) and not (not (a < b))",
  };
  static const dfq_field fields[] = { { "a", DFQ_F64, NULL }, { "b", DFQ_F64, NULL } };
  static const dfq_schema schema = { 2, fields };
  dfq *db = dfq_open(NULL);
  double number[] = { 0, 1, 2, 0 };
  number[3] = (number[3] - number[3]) / number[3];
  for (int t = 0; t < 5; t++)
    for (int i = 0; i < 25; i++) {
      dfq_value row[2], want, got;
      memset(row, 0, sizeof row);
      for (int c = 0; c < 2; c++) {
        int k = c ? i / 5 : i % 5;
        if (k == 4) continue;   // null
        row[c].type = DFQ_F64;
        row[c].as.f = number[k];
      }
      dfq_expr *e = dfq_parse(db, texts[t]);
      CHECK(dfq_expr_eval(e, &schema, row, &want));
      CHECK(dfq_expr_eval(without_not(db, e), &schema, row, &got));
      CHECK_INT(got.type, want.type);
      if (want.type != DFQ_NULL) CHECK_INT(got.as.i, want.as.i);
    }
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(not_reaches_comparisons);
  RUN(not_stays_above_the_rest);
  RUN(means_the_same);
  return test_summary();
}
