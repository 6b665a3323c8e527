// 6.2, medium: the same over a file that comes in pieces, which may be cut anywhere: in a
// number, within quotes, between the two quotes that stand for one.
//
//   take(s, bytes, n)   one more piece. false: text behind a closing quote
//   finish(s)           there is no more. false: a quote is open
//
// For each field s->field is called, for each row, behind its fields, s->row. Lines end with
// LF; within quotes a LF is text. The last line may lack its LF; a file that ends with a LF has
// no empty row behind it, and blank lines are no rows. What has come of the field at hand is in
// s->text; a field has less than 256 bytes. s->state is yours, 0 at first, and you may add what
// you need: all of it begins as zeros.
//
// As it stands it is 6.1's beginning: it knows no quotes, and takes the end of a piece for the
// end of a row.

typedef struct splitter {
  void (*field)(void *user, const char *text, size_t len, bool null);
  void (*row)(void *user);
  void *user;
  char text[256];
  size_t len;
  int state;
} splitter;

static bool take(splitter *s, const char *bytes, size_t n) {
  for (size_t i = 0; i <= n; i++) {
    bool ends = i == n || bytes[i] == '\n';
    if (!ends && bytes[i] != ',') { s->text[s->len++] = bytes[i]; continue; }
    s->field(s->user, s->text, s->len, s->len == 0);
    s->len = 0;
    if (ends) s->row(s->user);
  }
  return true;
}

static bool finish(splitter *s) { return s->state == 0; }
