// ch3_engine.c - chapter 3: plans, batches, and two engines behind one plan.
//
// A frame is a plan that nothing has run. The same plan runs in the row engine (chapters 1 and
// 2 taken at their word) and in the batch engine (columns, a few thousand rows at a time), and
// the answers are the same bits.
#define DFQ_CHAPTER 3
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 100000 };

// ---- a source of 100,000 measurements that counts what it is asked for ---------------------

static void *sensor_open(void *user) { *(int64_t *)user = 0; return user; }

static int sensor_next(void *cursor, dfq_value *row) {
  int64_t i = (*(int64_t *)cursor)++;
  if (i == ROWS) return 0;
  row[0].type = DFQ_I64;
  row[0].as.i = i;
  row[1].type = i % 7 ? DFQ_F64 : DFQ_NULL;   // every seventh measurement is missing
  row[1].as.f = (double)(i * 37 % 1000) / 10;
  return 1;
}

static dfq_frame *sensor(dfq *db, int64_t *position) {
  static const dfq_field fields[] = {
    { "second", DFQ_I64, NULL }, { "celsius", DFQ_F64, NULL },
  };
  dfq_row_source source = { "sensor", fields, 2, position, sensor_open, sensor_next, NULL,
                            false };
  return dfq_scan_rows(db, &source);
}

// ---- the naive way -------------------------------------------------------------------------
// Rows as an array of boxed cells, and a condition as a tree that is walked for each of them.

typedef struct cost { size_t kept, calls, types, bytes; } cost;

// op: 'c' a column, 'n' a number, '>' a comparison of two of them.
typedef struct tree {
  char op;
  int column;
  dfq_value number;
  const struct tree *a, *b;
} tree;

static dfq_value naive_value(const tree *t, const dfq_value *row, cost *c) {
  dfq_value v, x, y;
  memset(&v, 0, sizeof v);           // null
  c->calls++;
  switch (t->op) {                   // what is to be done here?
    case 'c': return row[t->column];
    case 'n': return t->number;
  }
  x = naive_value(t->a, row, c);
  y = naive_value(t->b, row, c);
  c->types += 2;                     // and with what?
  if (x.type != DFQ_F64 || y.type != DFQ_F64) return v;
  v.type = DFQ_BOOL;
  v.as.i = x.as.f > y.as.f;
  return v;
}

static cost naive(double than) {
  cost c = { 0, 0, 0, 0 };
  int64_t position = 0;
  tree column = { 'c', 1, { DFQ_NULL, 0, { 0 } }, NULL, NULL };
  tree number = { 'n', 0, { DFQ_F64, 0, { 0 } }, NULL, NULL };
  tree greater = { '>', 0, { DFQ_NULL, 0, { 0 } }, &column, &number };
  dfq_value *cells = (dfq_value *)calloc(2 * ROWS, sizeof *cells);
  if (!cells) exit(1);
  number.number.as.f = than;
  for (size_t i = 0; i < ROWS; i++) sensor_next(&position, &cells[2 * i]);
  for (size_t i = 0; i < ROWS; i++) {
    dfq_value v = naive_value(&greater, &cells[2 * i], &c);
    c.kept += v.type == DFQ_BOOL && v.as.i;
  }
  c.bytes = 2 * ROWS * sizeof *cells;
  free(cells);
  return c;
}

// The same question to a batch: what to do, and with which type, is asked once for all of its
// rows. What is left is a loop over numbers.
static bool count_hot(void *user, const dfq_batch *batch) {
  cost *c = (cost *)user;
  const uint8_t *valid;
  const double *celsius = (const double *)dfq_batch_data(batch, 1, &valid);
  size_t n = dfq_batch_rows(batch);
  for (size_t i = 0; i < n; i++)
    c->kept += (size_t)(celsius[i] > 99) & (size_t)(!valid || valid[i]);
  c->calls++;
  c->types++;
  c->bytes += n * (sizeof *celsius + 1);
  return true;
}

static bool naive_beside_batches(dfq_frame *all) {
  cost cells = naive(99), columns = { 0, 0, 0, 0 };
  bool ok = dfq_each_batch(all, count_hot, &columns);
  puts("The naive way, beside columns in batches: how many measurements are above 99?\n");
  printf("  %22s  %6s  %7s  %17s  %20s\n", "", "kept", "calls", "questions of type",
         "bytes looked through");
  printf("  boxed cells, row by row %6zu  %7zu  %17zu  %20zu\n", cells.kept, cells.calls,
         cells.types, cells.bytes);
  printf("  a column, by batches    %6zu  %7zu  %17zu  %20zu\n\n", columns.kept,
         columns.calls, columns.types, columns.bytes);
  return ok && cells.kept == columns.kept;
}

// ---- looking at a result batch by batch ----------------------------------------------------

typedef struct tally { size_t batches, rows, nulls; } tally;

static bool count_batch(void *user, const dfq_batch *batch) {
  tally *t = (tally *)user;
  const uint8_t *valid;
  dfq_batch_data(batch, 1, &valid);   // a whole column, and a byte per row: is there a value?
  for (size_t i = 0; valid && i < dfq_batch_rows(batch); i++) t->nulls += !valid[i];
  t->batches++;
  t->rows += dfq_batch_rows(batch);
  return true;
}

static void print_schema(dfq_frame *f) {
  const dfq_schema *s = dfq_schema_of(f);
  for (int i = 0; i < s->count; i++)
    printf("%s%s %s", i ? ", " : "  ", s->field[i].name, dfq_type_name(s->field[i].type));
  puts("");
}

// Zero is the default of every option.
static dfq_run_options run_by(dfq_engine engine, size_t batch_rows) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.batch_rows = batch_rows;
  return run;
}

static bool run_twice(dfq_frame *plan) {
  dfq_run_options by_row = run_by(DFQ_ROW_ENGINE, 0);
  dfq_run_options by_three = run_by(DFQ_BATCH_ENGINE, 3);
  dfq_table *rows = dfq_collect(dfq_configure(plan, &by_row));
  dfq_table *batches = dfq_collect(plan);
  dfq_table *threes = dfq_collect(dfq_configure(plan, &by_three));
  char difference[200] = "";
  bool same = rows && batches && threes &&
              dfq_table_equal(rows, batches, difference, sizeof difference) &&
              dfq_table_equal(rows, threes, difference, sizeof difference);
  printf("  row engine = batch engine = batches of 3: %s", same ? "yes\n" : "no\n");
  if (!same) printf("  %s\n", difference);
  dfq_table_free(rows);
  dfq_table_free(batches);
  dfq_table_free(threes);
  return same;
}

int main(void) {
  dfq *db = dfq_open(NULL);
  int64_t position = 0;

  dfq_frame *all = sensor(db, &position);
  bool ok = naive_beside_batches(all);
  position = 0;

  puts("Each verb makes a new plan; the schema is known and nothing has run\n");
  dfq_frame *warm = dfq_filter(all, "celsius > 99");
  dfq_frame *plan = dfq_with_columns(warm, "celsius > 99.8 as hot, second // 60 as minute");
  print_schema(all);
  print_schema(plan);
  printf("  rows read so far: %d\n", (int)position);

  puts("\nAn action runs it. Frames are immutable, so both of these can be used\n");
  ok = dfq_show(dfq_limit(plan, 3), stdout) && ok;
  printf("  rows of all: %lld, of them warm: %lld\n", (long long)dfq_count(all),
         (long long)dfq_count(warm));

  puts("\nThe result as batches: as many rows as fit into the processor's cache\n");
  tally t = { 0, 0, 0 };
  ok = ok && dfq_each_batch(all, count_batch, &t);
  printf("  %zu rows in %zu batches, %zu nulls\n", t.rows, t.batches, t.nulls);

  puts("\nOne plan, two engines, any batch size\n");
  ok = ok && run_twice(plan);

  puts("\nA limit stops the source, at a batch's end or, row by row, at once\n");
  dfq_run_options by_row = run_by(DFQ_ROW_ENGINE, 0);
  dfq_frame *two = dfq_limit(warm, 2);
  dfq_table_free(dfq_collect(two));
  printf("  batch engine: %6d rows read\n", (int)position);
  dfq_table_free(dfq_collect(dfq_configure(two, &by_row)));
  printf("  row engine:   %6d rows read\n", (int)position);

  puts("\nA mistake sticks to the frame; what runs it reports it\n");
  dfq_frame *wrong = dfq_limit(dfq_filter(all, "celcius > 30"), 5);
  printf("  count: %lld\n%s\n", (long long)dfq_count(wrong), dfq_error(db));

  dfq_close(db);
  return !ok;
}
