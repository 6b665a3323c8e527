#include "dfq.h"
#include "test.h"
#include YOURS

// The fields of a row, each in brackets; null without.
static const char *fields_of(const char *row) {
  static char text[1000];
  field to[8];
  size_t n = 0;
  int count = split(row, to, 8);
  text[0] = 0;
  if (count < 0) return "no CSV";
  for (int i = 0; i < count; i++)
    n += (size_t)sprintf(text + n, to[i].null ? "null " : "[%s] ", to[i].text);
  return text;
}

TEST(commas) {
  CHECK_STR(fields_of("1,two,3.5"), "[1] [two] [3.5] ");
  CHECK_STR(fields_of("one"), "[one] ");
  CHECK_STR(fields_of(",a,"), "null [a] null ");
}

TEST(quotes) {
  CHECK_STR(fields_of("\"a,b\",c"), "[a,b] [c] ");
  CHECK_STR(fields_of("\"a\"\"b\",\"\"\"\""), "[a\"b] [\"] ");
  CHECK_STR(fields_of("1,\"\","), "[1] [] null ");
  CHECK_STR(fields_of("\"\"\"a\"\"\",x"), "[\"a\"] [x] ");
}

TEST(a_quote_within_a_field_is_text) {
  CHECK_STR(fields_of("5\" pipe,x"), "[5\" pipe] [x] ");
  CHECK_STR(fields_of(" \"a\",b"), "[ \"a\"] [b] ");
}

TEST(what_is_no_csv) {
  CHECK_STR(fields_of("\"a\"b,c"), "no CSV");
  CHECK_STR(fields_of("a,\"b"), "no CSV");
  CHECK_STR(fields_of("\"a\" ,b"), "no CSV");
  CHECK_STR(fields_of("\"\"\""), "no CSV");
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(commas);
  RUN(quotes);
  RUN(a_quote_within_a_field_is_text);
  RUN(what_is_no_csv);
  return test_summary();
}
