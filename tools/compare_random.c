// compare_random.c - answers pipelines, a line each, for tools/compare_random.py.
//
//   in    a pipeline of one line; 0x1f stands for a line's end in it
//   out   a line for each row: cells parted by tabs, each a letter and a value: n null, i whole
//         number, b bool, d date (days), w datetime, h time (microseconds), c decimal (without
//         its point), f float (17 digits), s text, l list: 0x1e before each of its cells; tab,
//         newline and backslash in a text are \t \n \\. At the end a line ".", or "!" and the
//         message in one line.
//
// Each pipeline runs twice: as a program would run it, and as written in the row engine, in
// batches of three rows. Where both succeed the tables must be equal; the optimizer may remove
// an error, and must not add one.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

static void put_text(const char *s, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (s[i] == '\n') fputs("\\n", stdout);
    else if (s[i] == '\t') fputs("\\t", stdout);
    else if (s[i] == '\\') fputs("\\\\", stdout);
    else putchar(s[i]);
  }
}

static void put_value(const dfq_value *v) {
  switch (v->type & 255) {
    case DFQ_NULL: putchar('n'); break;
    case DFQ_BOOL: printf("b%d", (int)v->as.i); break;
    case DFQ_DATE: printf("d%lld", (long long)v->as.i); break;
    case DFQ_F64: printf("f%.17g", v->as.f); break;
    case DFQ_STR: putchar('s'); put_text(v->as.s, v->len); break;
    case DFQ_I64: printf("i%lld", (long long)v->as.i); break;
    case DFQ_DATETIME: printf("w%lld", (long long)v->as.i); break;
    case DFQ_TIME: printf("h%lld", (long long)v->as.i); break;
    case DFQ_DECIMAL: printf("c%lld", (long long)v->as.i); break;
    case DFQ_LIST: {
      dfq_value child;
      putchar('l');
      for (size_t i = 0; i < dfq_list_len(v) && dfq_list_get(v, i, &child); i++) {
        putchar(0x1e);
        put_value(&child);
      }
      break;
    }
    default: printf("?%s", dfq_type_name(v->type));
  }
}

static void put_table(const dfq_table *table) {
  int columns = dfq_table_columns(table);
  for (size_t row = 0; row < dfq_table_rows(table); row++) {
    for (int c = 0; c < columns; c++) {
      dfq_value v;
      dfq_table_get(table, row, c, &v);
      if (c) putchar('\t');
      put_value(&v);
    }
    putchar('\n');
  }
}

static void put_error(const char *kind, const char *message) {
  printf("!%s", kind);
  put_text(message, strlen(message));
  putchar('\n');
}

static void answer(dfq *db, const char *text) {
  char difference[512] = "";
  dfq_run_options plain;
  memset(&plain, 0, sizeof plain);
  plain.engine = DFQ_ROW_ENGINE;
  plain.threads = 1;
  plain.batch_rows = 3;
  plain.no_optimize = true;
  size_t mark = dfq_mark(db);
  dfq_frame *frame = dfq_query(db, text);
  dfq_table *table = dfq_collect(frame);
  char *error = NULL;
  if (!table) {
    size_t n = strlen(dfq_error(db)) + 1;
    error = (char *)malloc(n);
    if (error) memcpy(error, dfq_error(db), n);
  }
  dfq_table *same = dfq_frame_error(frame) ? NULL : dfq_collect(dfq_configure(frame, &plain));
  if (same && !table) put_error("only optimized: ", error ? error : "");
  else if (!table) put_error("", error ? error : "");
  else if (same && !dfq_table_equal(table, same, difference, sizeof difference))
    put_error("engines differ: ", difference);
  else {
    put_table(table);
    puts(".");
  }
  free(error);
  dfq_table_free(table);
  dfq_table_free(same);
  dfq_release(db, mark);
  dfq_clear_error(db);
  fflush(stdout);
}

int main(void) {
  enum { LINE = 1 << 18 };
  dfq *db = dfq_open(NULL);
  char *line = (char *)malloc(LINE);
  while (db && line && fgets(line, LINE, stdin)) {
    line[strcspn(line, "\n")] = 0;
    for (char *c = line; *c; c++)
      if (*c == 0x1f) *c = '\n';
    answer(db, line);
  }
  free(line);
  dfq_close(db);
  return db ? 0 : 1;
}
