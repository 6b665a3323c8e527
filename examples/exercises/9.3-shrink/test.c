#include "test.h"
#include YOURS

static int asked;

// Fails when it has these letters in this order, anywhere.
static bool has_letters(void *user, const char *text, size_t n) {
  const char *want = (const char *)user;
  asked++;
  for (size_t i = 0; i < n && *want; i++) want += text[i] == *want;
  return !*want;
}

// Fails when each bracket is closed, and there is an x: brackets go in pairs only.
static bool balanced(void *user, const char *text, size_t n) {
  int depth = 0;
  bool x = false;
  (void)user;
  asked++;
  for (size_t i = 0; i < n && depth >= 0; i++) {
    depth += (text[i] == '(') - (text[i] == ')');
    x |= text[i] == 'x';
  }
  return depth == 0 && x;
}

static char text[5000];

static size_t fill(const char *with, size_t n) {
  uint32_t seed = 11;
  for (size_t i = 0; i < n; i++)
    text[i] = with[((seed = seed * 1664525u + 1013904223u) >> 16) % strlen(with)];
  return n;
}

static const char *shrunk(size_t n, fails_fn *fails, const void *user) {
  static char out[5001];
  asked = 0;
  size_t left = shrink(text, n, fails, (void *)(uintptr_t)user);
  memcpy(out, text, left);
  out[left] = 0;
  return out;
}

TEST(shrink_to_one) {
  size_t n = fill("abc", 1000);
  text[700] = '!';
  CHECK_STR(shrunk(n, has_letters, "!"), "!");
  CHECK(asked < 100);
}

TEST(shrink_to_a_few) {
  size_t n = fill("abcdefgh", 4000);
  text[10] = '1';
  text[2222] = '2';
  text[3999] = '3';
  CHECK_STR(shrunk(n, has_letters, "123"), "123");
  CHECK(asked < 400);
}

TEST(shrink_what_cannot_be_shrunk) {
  memcpy(text, "abc", 3);
  CHECK_STR(shrunk(3, has_letters, "abc"), "abc");
  CHECK_STR(shrunk(0, has_letters, ""), "");
}

TEST(shrink_until_nothing_goes) {
  for (size_t n = 1; n < 200; n++) {
    size_t open = 0;
    fill("(x", n);
    for (size_t i = 0; i < n; i++) open += text[i] == '(';
    memset(text + n, ')', open);
    text[n + open] = 'x';
    const char *left = shrunk(n + open + 1, balanced, NULL);
    size_t rest = strlen(left);
    if (!CHECK(balanced(NULL, left, rest))) return;
    for (size_t i = 0; i < rest; i++) {
      char less[5000];
      memcpy(less, left, i);
      memcpy(less + i, left + i + 1, rest - i);
      if (!CHECK(!balanced(NULL, less, rest - 1))) return;
    }
  }
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(shrink_to_one);
  RUN(shrink_to_a_few);
  RUN(shrink_what_cannot_be_shrunk);
  RUN(shrink_until_nothing_goes);
  return test_summary();
}
