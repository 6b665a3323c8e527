// 6.2: a machine whose whole memory is s: the state between two bytes, and the text of the
// field at hand. The end of the file goes through it like a line end.

enum { ROW, FIELD, PLAIN, QUOTED, MAYBE };   // MAYBE: a quote within quotes, not yet decided

typedef struct splitter {
  void (*field)(void *user, const char *text, size_t len, bool null);
  void (*row)(void *user);
  void *user;
  char text[256];
  size_t len;
  int state;
} splitter;

// A comma or the end of a row, outside quotes.
static void end_field(splitter *s, bool ends) {
  s->field(s->user, s->text, s->len, s->state == ROW || s->state == FIELD);
  if (ends) s->row(s->user);
  s->len = 0;
  s->state = ends ? ROW : FIELD;
}

static bool step(splitter *s, char c) {
  bool start = s->state == ROW || s->state == FIELD;
  if (s->state == QUOTED) {
    if (c == '"') s->state = MAYBE;
    else s->text[s->len++] = c;
  } else if (c == ',' || c == '\n') {
    if (c == ',' || s->state != ROW) end_field(s, c == '\n');
  } else if (s->state == MAYBE && c != '"') {
    return false;
  } else if (start && c == '"') {
    s->state = QUOTED;
  } else {
    s->text[s->len++] = c;
    s->state = s->state == MAYBE ? QUOTED : PLAIN;
  }
  return true;
}

static bool take(splitter *s, const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!step(s, bytes[i])) return false;
  return true;
}

static bool finish(splitter *s) { return s->state != QUOTED && step(s, '\n'); }
