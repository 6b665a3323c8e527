// 6.1: the fields of a row. A field is decided by its first byte, and each kind has its own
// loop.

typedef struct field { bool null; char text[64]; } field;

// Behind the closing quote; NULL when there is none.
static const char *quoted(const char *at, field *to) {
  char *text = to->text;
  for (at++; *at; at++) {
    if (*at == '"' && *++at != '"') { *text = 0; return at; }
    *text++ = *at;
  }
  return NULL;
}

static int split(const char *row, field *to, int room) {
  for (int n = 0; n < room; row++) {
    size_t len = *row == '"' ? 0 : strcspn(row, ",");
    to[n].null = *row != '"' && len == 0;
    memcpy(to[n].text, row, len);
    to[n].text[len] = 0;
    row = *row == '"' ? quoted(row, &to[n]) : row + len;
    n++;
    if (!row || (*row && *row != ',')) return -1;
    if (!*row) return n;
  }
  return room;
}
