// ch3_engine.c - chapter 3: plans, batches, and two engines behind one plan.
//
// A frame is a plan that nothing has run. The same plan runs in the row engine (chapters 1 and
// 2 taken at their word) and in the batch engine (columns, a few thousand rows at a time), and
// the answers are the same bits.
#define DFQ_CHAPTER 3
#define DFQ_IMPLEMENTATION
#include "dfq.h"

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

  puts("Each verb makes a new plan; the schema is known and nothing has run\n");
  dfq_frame *all = sensor(db, &position);
  dfq_frame *warm = dfq_filter(all, "celsius > 99");
  dfq_frame *plan = dfq_with_columns(warm, "celsius > 99.8 as hot, second // 60 as minute");
  print_schema(all);
  print_schema(plan);
  printf("  rows read so far: %d\n", (int)position);

  puts("\nAn action runs it. Frames are immutable, so both of these can be used\n");
  bool ok = dfq_show(dfq_limit(plan, 3), stdout);
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
