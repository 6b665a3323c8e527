// numbers.h - what chapter 1's exercises read from: the numbers 1, 2, 3, ..., and a way to look
// at what comes out.
#ifndef NUMBERS_H
#define NUMBERS_H

typedef struct number_cursor { int64_t at, last; bool fails; } number_cursor;

static int64_t numbers_asked;               // by all cursors, since the source made last
static number_cursor numbers_start[100];    // what the cursors of a source are copied from
static int numbers_sources;

static void *numbers_open(void *user) {
  number_cursor *c = (number_cursor *)malloc(sizeof *c);
  if (c) *c = *(const number_cursor *)user;
  return c;
}

static int numbers_next(void *cursor, dfq_value *row) {
  number_cursor *c = (number_cursor *)cursor;
  numbers_asked++;
  if (c->at == c->last) return c->fails ? -1 : 0;
  row[0].type = DFQ_I64;
  row[0].as.i = ++c->at;
  return 1;
}

static dfq_rows *numbers_of(dfq *db, int64_t last, bool fails) {
  static const dfq_field field[] = { { "n", DFQ_I64, NULL } };
  number_cursor start = { 0, last, fails };
  dfq_row_source s;
  memset(&s, 0, sizeof s);
  numbers_start[numbers_sources] = start;
  s.user = &numbers_start[numbers_sources++];
  s.fields = field;
  s.count = 1;
  s.open = numbers_open;
  s.next = numbers_next;
  s.close = free;
  numbers_asked = 0;
  return dfq_rows_source(db, &s);
}

// 1 .. last.
static inline dfq_rows *numbers(dfq *db, int64_t last) { return numbers_of(db, last, false); }

// 1 .. last, and then an error.
static inline dfq_rows *numbers_failing(dfq *db, int64_t last) {
  return numbers_of(db, last, true);
}

// Reads to the end and closes. Returns: the first column, "1 2 3", with "failed" behind the
// rows before an error. Valid until the next call.
static inline const char *numbers_text(dfq_rows *rows) {
  static char text[1000];
  const dfq_value *row;
  size_t n = 0;
  text[0] = 0;
  while (n < sizeof text - 32 && dfq_rows_next(rows, &row))
    n += (size_t)sprintf(text + n, "%s%lld", n ? " " : "", (long long)row[0].as.i);
  if (dfq_rows_failed(rows)) sprintf(text + n, "%sfailed", n ? " " : "");
  dfq_rows_close(rows);
  return text;
}

#endif // NUMBERS_H
