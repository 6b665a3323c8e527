#include "dfq.h"
#include "test.h"
#include YOURS
#include "../trees.h"

TEST(folds_what_is_constant) {
  static const char *const pairs[] = {
    "2 * 3600 * hours", "7200 * hours",
    "x > 60 * 60 and y = upper('eu')", "x > 3600 and y = 'EU'",
    "1 + 2 * 3 - 4", "3",
    "not (1 > 2)", "true",
    NULL
  };
  BECOME(fold, pairs);
}

TEST(leaves_what_is_not) {
  static const char *const pairs[] = {
    "hours * 2 * 3600", "hours * 2 * 3600",
    "x", "x",
    "a + b", "a + b",
    NULL
  };
  BECOME(fold, pairs);
}

TEST(leaves_what_fails) {
  static const char *const pairs[] = {
    "9223372036854775807 + 1", "9223372036854775807 + 1",
    "x > 0 and 9223372036854775807 + (3 - 2) > x", "x > 0 and 9223372036854775807 + 1 > x",
    NULL
  };
  BECOME(fold, pairs);
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
