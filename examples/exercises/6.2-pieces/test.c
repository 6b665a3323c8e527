#include "dfq.h"
#include "test.h"
#include YOURS

// What was heard: [a] for a field, null, / behind a row.
static char heard[4000];

static void hear_field(void *user, const char *text, size_t len, bool null) {
  size_t *n = (size_t *)user;
  if (*n + len + 8 > sizeof heard) return;
  if (null) *n += (size_t)sprintf(heard + *n, "null ");
  else *n += (size_t)sprintf(heard + *n, "[%.*s] ", (int)len, text);
}

static void hear_row(void *user) {
  size_t *n = (size_t *)user;
  if (*n + 2 < sizeof heard) *n += (size_t)sprintf(heard + *n, "/");
}

// The rows of a text that is cut at two places.
static const char *rows_of(const char *text, size_t first, size_t second) {
  splitter s;
  size_t n = 0, len = strlen(text);
  memset(&s, 0, sizeof s);
  heard[0] = 0;
  s.field = hear_field;
  s.row = hear_row;
  s.user = &n;
  bool ok = take(&s, text, first) && take(&s, text + first, second - first) &&
            take(&s, text + second, len - second);
  if (!ok) return "text behind a quote";
  return finish(&s) ? heard : "an open quote";
}

// In pieces of every kind.
static void means(const char *at, const char *text, const char *want) {
  size_t n = strlen(text);
  for (size_t i = 0; i <= n; i++)
    for (size_t k = i; k <= n; k++) test_str(at, text, "its rows", rows_of(text, i, k), want);
}

#define MEANS(text, want) means(TEST_AT, text, want)

TEST(plain_rows) {
  MEANS("a,b\n1,2\n", "[a] [b] /[1] [2] /");
  MEANS("a,b\n1,2", "[a] [b] /[1] [2] /");
  MEANS(",x\ny,", "null [x] /[y] null /");
}

TEST(blank_lines_are_no_rows) {
  MEANS("", "");
  MEANS("\n\na\n\nb", "[a] /[b] /");
  MEANS("\"\"\n", "[] /");
}

TEST(quotes_keep_what_is_in_them) {
  MEANS("\"a,\nb\",2\n3,\"x\"\"y\"", "[a,\nb] [2] /[3] [x\"y] /");
  MEANS("\"\",\n\"\"\"\",5\" pipe\n", "[] null /[\"] [5\" pipe] /");
}

TEST(what_is_no_csv) {
  MEANS("\"a\"b\n", "text behind a quote");
  MEANS("a,\"b\nc", "an open quote");
  MEANS("\"\"\"", "an open quote");
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(plain_rows);
  RUN(blank_lines_are_no_rows);
  RUN(quotes_keep_what_is_in_them);
  RUN(what_is_no_csv);
  return test_summary();
}
