// measurements.h - what chapter 3's exercises read from: the numbers 1, 2, 3, ... as a frame
// that counts the rows it was asked for, in batches of any size.
#ifndef MEASUREMENTS_H
#define MEASUREMENTS_H

#include <stdlib.h>
#include <string.h>

typedef struct counted { int64_t last, asked; } counted;
typedef struct counted_cursor { counted *of; int64_t at; } counted_cursor;

static void *counted_open(void *user) {
  counted_cursor *c = (counted_cursor *)malloc(sizeof *c);
  if (!c) return NULL;
  c->of = (counted *)user;
  c->at = 0;
  c->of->asked = 0;
  return c;
}

static int counted_next(void *cursor, dfq_value *row) {
  counted_cursor *c = (counted_cursor *)cursor;
  if (c->at == c->of->last) return 0;
  row[0].type = DFQ_I64;
  row[0].as.i = ++c->at;
  c->of->asked++;
  return 1;
}

// A frame over 1 .. of->last, one column n, that runs in batches of so many rows.
static inline dfq_frame *counted_frame(dfq *db, counted *of, size_t batch_rows) {
  static const dfq_field field[] = { { "n", DFQ_I64, NULL } };
  dfq_row_source s;
  dfq_run_options run;
  memset(&s, 0, sizeof s);
  memset(&run, 0, sizeof run);
  s.fields = field;
  s.count = 1;
  s.user = of;
  s.open = counted_open;
  s.next = counted_next;
  s.close = free;
  run.batch_rows = batch_rows;
  return dfq_configure(dfq_scan_rows(db, &s), &run);
}

#endif // MEASUREMENTS_H
