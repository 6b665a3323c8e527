#include "dfq.h"
#include "test.h"
#include YOURS

static const char *folded(dfq *db, const char *text) {
  return dfq_expr_text(fold(db, dfq_parse(db, text)));
}

TEST(folds_what_is_constant) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(folded(db, "2 * 3600 * hours"), "7200 * hours");
  CHECK_STR(folded(db, "x > 60 * 60 and y = upper('eu')"), "x > 3600 and y = 'EU'");
  CHECK_STR(folded(db, "1 + 2 * 3 - 4"), "3");
  CHECK_STR(folded(db, "not (1 > 2)"), "true");
  dfq_close(db);
}

TEST(leaves_what_is_not) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(folded(db, "hours * 2 * 3600"), "hours * 2 * 3600");
  CHECK_STR(folded(db, "x"), "x");
  CHECK_STR(folded(db, "a + b"), "a + b");
  dfq_close(db);
}

TEST(leaves_what_fails) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(folded(db, "9223372036854775807 + 1"), "9223372036854775807 + 1");
  CHECK_STR(folded(db, "x > 0 and 9223372036854775807 + (3 - 2) > x"),
            "x > 0 and 9223372036854775807 + 1 > x");
  CHECK_STR(dfq_error(db), "");
  dfq_close(db);
}

TEST(keeps_the_type_of_null) {
  dfq *db = dfq_open(NULL);
  dfq_type type;
  CHECK(dfq_expr_type(fold(db, dfq_parse(db, "7 // 0")), &none, &type));
  CHECK_STR(dfq_type_name(type), "i64");
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(folds_what_is_constant);
  RUN(leaves_what_is_not);
  RUN(leaves_what_fails);
  RUN(keeps_the_type_of_null);
  return test_summary();
}
