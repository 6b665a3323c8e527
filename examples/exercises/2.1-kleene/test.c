#include "dfq.h"
#include "test.h"
#include YOURS

// The engine itself says what is right: each pair of false, true and null.
static dfq_value value_of(dfq *db, const char *text) {
  static const dfq_schema none = { 0, NULL };
  dfq_value v;
  memset(&v, 0, sizeof v);
  CHECK(dfq_expr_eval(dfq_parse(db, text), &none, NULL, &v));
  return v;
}

static int code(dfq_value v) { return v.type == DFQ_NULL ? 2 : v.as.i != 0; }

static const char *const words[] = { "false", "true", "cast(null as bool)" };

static void each_pair(const char *op, dfq_value (*yours)(dfq_value, dfq_value)) {
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < 9; i++) {
    char text[80];
    snprintf(text, sizeof text, "%s %s %s", words[i / 3], op, words[i % 3]);
    dfq_value a = value_of(db, words[i / 3]), b = value_of(db, words[i % 3]);
    if (!CHECK_INT(code(yours(a, b)), code(value_of(db, text)))) printf("    %s\n", text);
  }
  dfq_close(db);
}

TEST(kleene_not_of_each) {
  dfq *db = dfq_open(NULL);
  CHECK_INT(code(kleene_not(value_of(db, words[0]))), 1);
  CHECK_INT(code(kleene_not(value_of(db, words[1]))), 0);
  CHECK_INT(code(kleene_not(value_of(db, words[2]))), 2);
  dfq_close(db);
}

TEST(kleene_and_of_each_pair) { each_pair("and", kleene_and); }
TEST(kleene_or_of_each_pair) { each_pair("or", kleene_or); }

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(kleene_not_of_each);
  RUN(kleene_and_of_each_pair);
  RUN(kleene_or_of_each_pair);
  return test_summary();
}
