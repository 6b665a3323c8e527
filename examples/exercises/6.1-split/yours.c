// 6.1, easy: the fields of one row of CSV, where quotes may stand.
//
// split(row, to, room) cuts the row (a text without its line end) at its commas and puts at
// most `room` fields into to. Returns: how many there are; -1 when the row is no CSV: text
// behind a closing quote, or a quote that nothing closes.
//
//   1,two,,"",      five fields: 1; two; null; the empty text; null
//   "a,b","c""d"    two: a,b and c"d
//   5" pipe,x       two: 5" pipe and x. A quote counts only where a field begins
//
// A field that is empty and has no quotes is null. Texts are less than 64 bytes long.

typedef struct field { bool null; char text[64]; } field;

static int split(const char *row, field *to, int room) {
  int n = 0;
  for (;; row++) {      // this one has not heard of quotes: yours
    size_t len = strcspn(row, ",");
    if (n == room) return n;
    to[n].null = len == 0;
    memcpy(to[n].text, row, len);
    to[n++].text[len] = 0;
    row += len;
    if (!*row) return n;
  }
}
