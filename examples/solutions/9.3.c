// 9.3: parts of half the text, of a quarter, ... of a byte, from the end to the start; the last
// size until nothing goes any more.

typedef bool fails_fn(void *user, const char *text, size_t n);

static size_t shrink(char *text, size_t n, fails_fn *fails, void *user) {
  char *less = (char *)malloc(n + 1);
  size_t part = n / 2 + 1;
  bool went = false;
  while (less && part > 0) {
    for (size_t end = n; end > 0;) {
      size_t from = end > part ? end - part : 0;
      memcpy(less, text, from);
      memcpy(less + from, text + end, n - end);
      if (fails(user, less, n - (end - from))) {
        n -= end - from;
        memcpy(text, less, n);
        went = true;
      }
      end = from;
    }
    if (part > 1) part /= 2;
    else if (!went) break;
    else went = false;
  }
  free(less);
  return n;
}
