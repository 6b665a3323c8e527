// ch1_rows.c - chapter 1: a query as a chain of machines that hand over one row at a time.
//
// Built against the first chapter alone: there are no expressions, columns or plans here, only
// iterators and C functions. The source counts how often it is asked for a row, because the
// point of pulling is what does not happen.
#define DFQ_CHAPTER 1
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <stdlib.h>

// ---- a source: the numbers 1, 2, 3, ... without an end -------------------------------------
// The source is a factory: open makes a cursor that stands before 1, as often as it is called.

typedef struct counter { int opened, asked, closed; } counter;
typedef struct cursor { counter *count; int64_t at; } cursor;

static void *numbers_open(void *user) {
  cursor *c = (cursor *)malloc(sizeof *c);
  if (!c) return NULL;
  c->count = (counter *)user;
  c->at = 0;
  c->count->opened++;
  return c;
}

static int numbers_next(void *at, dfq_value *row) {
  cursor *c = (cursor *)at;
  c->count->asked++;
  row[0].type = DFQ_I64;
  row[0].as.i = ++c->at;
  return 1;   // there is always another one
}

static void numbers_close(void *at) {
  cursor *c = (cursor *)at;
  c->count->closed++;
  free(c);
}

// ---- what the machines in between do -------------------------------------------------------

static bool divides(void *user, const dfq_value *row) {
  return row[0].as.i % *(int *)user == 0;
}

static bool with_square(void *user, const dfq_value *row, dfq_value *to) {
  (void)user;
  to[0] = to[1] = row[0];
  to[1].as.i = row[0].as.i * row[0].as.i;
  return true;
}

// take(n) <- map(with_square) <- filter(divides by three) <- numbers
static dfq_rows *squares(dfq *db, counter *count, size_t n) {
  static int three = 3;
  static const dfq_field field[] = { { "number", DFQ_I64, NULL } };
  dfq_row_source numbers = { "numbers", field, 1, count, numbers_open, numbers_next,
                             numbers_close, false };
  dfq_rows *rows = dfq_rows_source(db, &numbers);
  rows = dfq_rows_filter(rows, divides, &three);
  rows = dfq_rows_map(rows, 2, with_square, NULL);
  return dfq_rows_take(rows, n);
}

// ---- the naive way -------------------------------------------------------------------------
// Each step a loop over an array, each array whole before the next step begins. An endless
// source cannot be read so: somebody has to say how many numbers will be enough.

typedef struct arrays { size_t enough, kept, cells; } arrays;

static arrays naive(size_t enough, dfq_value first[4][2]) {
  arrays a = { enough, 0, 0 };
  int three = 3;
  dfq_value *number = (dfq_value *)calloc(enough, sizeof *number);
  dfq_value *kept = (dfq_value *)calloc(enough, sizeof *kept);
  dfq_value *squared = (dfq_value *)calloc(2 * enough, sizeof *squared);
  if (!number || !kept || !squared) exit(1);
  for (size_t i = 0; i < enough; i++) {
    number[i].type = DFQ_I64;
    number[i].as.i = (int64_t)i + 1;
  }
  for (size_t i = 0; i < enough; i++)
    if (divides(&three, &number[i])) kept[a.kept++] = number[i];
  for (size_t i = 0; i < a.kept; i++) with_square(NULL, &kept[i], &squared[2 * i]);
  for (size_t i = 0; i < 8; i++) first[i / 2][i % 2] = squared[i];
  a.cells = enough + 3 * a.kept;
  free(number);
  free(kept);
  free(squared);
  return a;
}

static void report(const char *when, const counter *c) {
  printf("  %-21s  opened %d, asked for %2d rows, closed %d\n", when, c->opened, c->asked,
         c->closed);
}

int main(void) {
  counter count = { 0, 0, 0 };
  const dfq_value *row;
  dfq *db = dfq_open(NULL);

  puts("The naive way: arrays. The first four squares of numbers that 3 divides:\n");
  dfq_value first[4][2];
  arrays a = naive(1000000, first);
  printf("  %d, %d, %d, %d\n", (int)first[0][1].as.i, (int)first[1][1].as.i,
         (int)first[2][1].as.i, (int)first[3][1].as.i);
  printf("  read %zu numbers, kept %zu, filled %zu cells of arrays\n\n", a.enough, a.kept,
         a.cells);

  puts("A chain over all numbers: keep those that 3 divides, square them, take four.\n");
  dfq_rows *rows = squares(db, &count, 4);
  report("after it is built:", &count);
  while (dfq_rows_next(rows, &row)) {
    char text[40];
    snprintf(text, sizeof text, "row %zu: %d, %d", dfq_rows_pulled(rows), (int)row[0].as.i,
             (int)row[1].as.i);
    report(text, &count);
  }
  report("after its end:", &count);
  dfq_rows_close(rows);

  puts("\nThe same chain again, left after one row. Whoever stops asking ends the work:\n");
  rows = squares(db, &count, 4);
  dfq_rows_next(rows, &row);
  dfq_rows_close(rows);
  report("after an early close:", &count);

  puts("\nRows from an array, and how a chain ended:\n");
  static const dfq_value cells[] = {
    { DFQ_I64, 0, { 10 } }, { DFQ_I64, 0, { 20 } }, { DFQ_I64, 0, { 30 } },
  };
  rows = dfq_rows_take(dfq_rows_array(db, cells, 3, 1), 2);
  while (dfq_rows_next(rows, &row)) printf("  %d\n", (int)row[0].as.i);
  bool failed = dfq_rows_failed(rows);
  printf("  %s\n", failed ? dfq_error(db) : "the end, no error");
  dfq_rows_close(rows);

  dfq_close(db);
  return failed;
}
