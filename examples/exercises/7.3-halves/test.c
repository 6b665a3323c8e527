#include "test.h"
#include YOURS

// What one thread says, which reads the text from its start.
static long plain(const char *text, size_t n) {
  long rows = 0;
  bool within = false, open = false;
  for (size_t i = 0; i < n; i++) {
    within ^= text[i] == '"';
    open = text[i] != '\n' || within;
    rows += !open;
  }
  return rows + open;
}

enum { MOST = 60 };

static uint32_t seed = 7;
static size_t any(size_t below) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 16) % below;
}

static size_t some_text(char *text) {
  size_t n = any(MOST);
  for (size_t i = 0; i < n; i++) text[i] = "a,\n\"\nb\"\n"[any(8)];
  return n;
}

// Joins the pieces first .. last - 1 in a grouping of its own each time.
static piece joined(const piece *p, size_t first, size_t last) {
  if (last - first == 1) return p[first];
  size_t middle = first + 1 + any(last - first - 1);
  return piece_join(joined(p, first, middle), joined(p, middle, last));
}

TEST(halves_of_one_piece) {
  CHECK_INT(piece_rows(piece_read("", 0)), 0);
  CHECK_INT(piece_rows(piece_read("a\nb\n", 4)), 2);
  CHECK_INT(piece_rows(piece_read("a\nb", 3)), 2);
  CHECK_INT(piece_rows(piece_read("\"a\nb\"\nc\n", 8)), 2);
  CHECK_INT(piece_rows(piece_read("\"a\nb", 4)), 1);
  CHECK_INT(piece_rows(piece_read("\n\n", 2)), 2);
}

TEST(halves_cut_at_each_byte) {
  for (int turn = 0; turn < 400; turn++) {
    char text[MOST];
    size_t n = some_text(text);
    for (size_t cut = 0; cut <= n; cut++) {
      piece both = piece_join(piece_read(text, cut), piece_read(text + cut, n - cut));
      if (!CHECK_INT(piece_rows(both), plain(text, n))) return;
    }
  }
}

TEST(halves_in_any_grouping) {
  for (int turn = 0; turn < 3000; turn++) {
    char text[MOST];
    piece pieces[8];
    size_t n = some_text(text), at = 0, count = 1 + any(8);
    for (size_t i = 0; i < count; i++) {
      size_t length = i + 1 < count ? any(n - at + 1) : n - at;   // of some, nothing
      pieces[i] = piece_read(text + at, length);
      at += length;
    }
    if (!CHECK_INT(piece_rows(joined(pieces, 0, count)), plain(text, n))) return;
  }
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(halves_of_one_piece);
  RUN(halves_cut_at_each_byte);
  RUN(halves_in_any_grouping);
  return test_summary();
}
