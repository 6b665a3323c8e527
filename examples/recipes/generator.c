// generator.c - a table that nobody has stored: rows made when they are asked for, without end.
#include <stdlib.h>

#include "dfq.h"

// Collatz: halve what is even, triple what is odd and add one. How many steps to one?
static int64_t steps(int64_t n) {
  int64_t count = 0;
  for (; n != 1; count++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return count;
}

// A cursor is the state of one run. It is made by open, so that each run begins with 1.
static void *open_numbers(void *user) {
  int64_t *next = (int64_t *)malloc(sizeof *next);
  (void)user;
  if (next) *next = 1;
  return next;
}

// One row: its values, each with its type. Returns 1; 0 would be the end, -1 a failure.
static int next_number(void *cursor, dfq_value *row) {
  int64_t *next = (int64_t *)cursor;
  row[0].type = DFQ_I64;
  row[0].as.i = *next;
  row[1].type = DFQ_I64;
  row[1].as.i = steps(*next);
  ++*next;
  return 1;
}

int main(void) {
  static const dfq_field fields[] = { { "n", DFQ_I64, NULL }, { "steps", DFQ_I64, NULL } };
  static const dfq_row_source numbers = {
    "collatz", fields, 2, NULL, open_numbers, next_number, free, false
  };
  dfq *db = dfq_open(NULL);
  dfq_register(db, "collatz", dfq_scan_rows(db, &numbers));   // a name for it, in texts

  // limit ends the run, and with it the generator. A sort needs one before it, to have an end.
  bool ok = dfq_show(dfq_query(db, "collatz | filter steps > 110 | limit 3"), stdout);
  puts("");
  dfq_frame *most = dfq_query(db, "collatz | limit 10000 | sort steps desc | limit 3");
  ok = ok && dfq_show(most, stdout);
  puts("");
  ok = ok && dfq_show(dfq_query(db, "collatz | limit 1000"
                                    " | group steps // 50 * 50 as at_least: count() as numbers"
                                    " | sort at_least"), stdout);
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
