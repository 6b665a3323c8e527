// user_functions.c - functions of the program's own: one of values, with a form for whole
// batches; one that may fail; and an aggregate. They stand in text beside the built-in ones.
//
//   make build/user_functions && build/user_functions
#define DFQ_IMPLEMENTATION
#include "dfq.h"

// ---- celsius(f64) -> f64 --------------------------------------------------------------------

static const char *celsius(void *user, const dfq_value *args, int count, dfq_memory *memory,
                           dfq_value *result) {
  (void)user; (void)count; (void)memory;
  result->type = DFQ_F64;
  result->as.f = (args[0].as.f - 32) / 1.8;
  return NULL;
}

// The same for all rows of a batch. What stands under a null is computed, too, and thrown away.
static bool celsius_batch(void *user, const dfq_array *args, int count, size_t rows,
                          dfq_result *result) {
  const double *from = (const double *)args[0].data;
  double *to = (double *)result->data;
  (void)user; (void)count;
  for (size_t i = 0; i < rows; i++) to[i] = (from[i] - 32) / 1.8;
  return true;
}

// ---- station(str) -> i64, which may fail ----------------------------------------------------

static const char *station(void *user, const dfq_value *args, int count, dfq_memory *memory,
                           dfq_value *result) {
  (void)user; (void)count; (void)memory;
  if (args[0].len != 2 || args[0].as.s[0] != 'S') return "is no station: they are S1 to S9";
  result->type = DFQ_I64;
  result->as.i = args[0].as.s[1] - '0';
  return NULL;
}

// ---- spread(f64) -> f64, an aggregate -------------------------------------------------------

typedef struct spread { double low, high; bool any; } spread;

static const char *spread_update(void *user, void *state, const dfq_value *args,
                                 dfq_memory *memory) {
  spread *s = (spread *)state;
  double x = args[0].as.f;
  (void)user; (void)memory;
  if (!s->any || x < s->low) s->low = x;
  if (!s->any || x > s->high) s->high = x;
  s->any = true;
  return NULL;
}

static const char *spread_finish(void *user, void *state, dfq_memory *memory,
                                 dfq_value *result) {
  const spread *s = (const spread *)state;
  (void)user; (void)memory;
  if (!s->any) return NULL;   // *result is null already
  result->type = DFQ_F64;
  result->as.f = s->high - s->low;
  return NULL;
}

static bool define(dfq *db) {
  static const dfq_type number[] = { DFQ_F64 }, text[] = { DFQ_STR };
  dfq_function c = { "celsius", number, 1, DFQ_F64, celsius, celsius_batch, NULL, 0,
                     "degrees Celsius, from Fahrenheit" };
  dfq_function s = { "station", text, 1, DFQ_I64, station, NULL, NULL, DFQ_MAY_FAIL, NULL };
  dfq_aggregator a = { "spread", number, 1, DFQ_F64, sizeof(spread), NULL, spread_update,
                       spread_finish, NULL, 0, NULL };
  return dfq_define_scalar(db, &c) && dfq_define_scalar(db, &s) && dfq_define_aggregate(db, &a);
}

static void show(dfq *db, dfq_frame *f) {
  if (!dfq_show(f, stdout)) puts(dfq_error(db));
}

int main(void) {
  static const char *const places[] = { "S1", "S2", "S1", "harbour", "S2" };
  static const double heat[] = { 50, 68, 59, 86, 212 };
  dfq_column columns[] = { { "place", DFQ_STR, places, NULL }, { "f", DFQ_F64, heat, NULL } };
  dfq *db = dfq_open(NULL);
  if (!define(db)) puts(dfq_error(db));
  dfq_table *t = dfq_table_new(db, columns, 2, 5);
  dfq_frame *in = dfq_scan_table(db, t);
  dfq_frame *f = dfq_with_columns(in, "celsius(f) as c");

  show(db, dfq_group_by(f, "place", "mean(c) as c, spread(c) as spread"));
  puts("\nOne that may fail is asked only about rows that are left:");
  show(db, dfq_select(dfq_filter(f, "place like 'S_'"), "station(place) as station, c"));
  puts("\nElse its words are the error's:");
  show(db, dfq_select(f, "station(place) as station"));
  puts("\nTypes are checked as for any function:");
  show(db, dfq_select(f, "celsius(place)"));
  dfq_table_free(t);
  dfq_close(db);
  return 0;
}
