// plans.h - the tables that the chapters' benchmarks ask about, and one call that times ways to
// run a plan against each other:
//
//   static const plan_way ways[] = {
//     { "row engine", "orders | filter amount > 100", DFQ_ROW_ENGINE, 1, 0, 0 },
//     { "batch engine", "orders | filter amount > 100", DFQ_BATCH_ENGINE, 1, 0, 0 } };
//   compare("row or batch", ORDERS, ways, 2);
//
// The answers of all ways are compared before anything is timed. The first way is what the
// others are set against: "row engine takes 10.2 times as long as batch engine".
// Programs are linked with build/dfq.o, the header compiled once for all of them.
#ifndef PLANS_H
#define PLANS_H

#include "dfq.h"

#include "bench.h"

#include <stdint.h>
#include <string.h>

enum { ORDERS = 1000000, CUSTOMERS = 10000, REGIONS = 8, ROUNDS = 7, WAYS = 12 };

static dfq *db;

static inline void must(bool ok) {
  if (ok) return;
  fprintf(stderr, "%s\n", dfq_error(db));
  exit(1);
}

// ---- data: the same on every machine --------------------------------------------------------

// A linear congruential generator (Knuth, MMIX); its high bits are good enough.
static inline uint32_t random_below(uint32_t n) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 32) * n >> 32);
}

// orders(order_id, customer_id, amount, year, item): customer_id has 11,000 values, item a
// million.
static inline dfq_table *orders_table(int rows) {
  int64_t *number = (int64_t *)malloc((size_t)rows * 4 * sizeof *number);
  double *amount = (double *)malloc((size_t)rows * sizeof *amount);
  if (!number || !amount) exit(1);
  int64_t *id = number, *customer = id + rows, *year = customer + rows, *item = year + rows;
  for (int i = 0; i < rows; i++) {
    id[i] = i;
    customer[i] = random_below(CUSTOMERS + CUSTOMERS / 10);   // some are unknown
    year[i] = 2000 + random_below(25);
    amount[i] = random_below(40000) / 100.0;
    item[i] = random_below(1000000);
  }
  dfq_column columns[] = { { "order_id", DFQ_I64, id, NULL },
                           { "customer_id", DFQ_I64, customer, NULL },
                           { "amount", DFQ_F64, amount, NULL },
                           { "year", DFQ_I64, year, NULL },
                           { "item", DFQ_I64, item, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 5, (size_t)rows);
  must(t != NULL);
  free(number);
  free(amount);
  return t;
}

// customers(customer_id, name, region): 8 regions.
static inline dfq_table *customers_table(void) {
  static const char *const regions[REGIONS] = { "EU", "US", "Asia", "Africa",
                                                "Oceania", "Brazil", "Canada", "India" };
  static int64_t id[CUSTOMERS];
  static char names[CUSTOMERS][20];
  static const char *name[CUSTOMERS], *region[CUSTOMERS];
  for (int i = 0; i < CUSTOMERS; i++) {
    id[i] = i;
    snprintf(names[i], sizeof names[i], "customer %d", i);
    name[i] = names[i];
    region[i] = regions[random_below(REGIONS)];
  }
  dfq_column columns[] = { { "customer_id", DFQ_I64, id, NULL },
                           { "name", DFQ_STR, name, NULL },
                           { "region", DFQ_STR, region, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 3, CUSTOMERS);
  must(t != NULL);
  return t;
}

// What the query makes, in memory under that name. Only the batch engine keeps whole numbers in
// the bytes that they need.
static inline void keep_by(const char *name, const char *text, dfq_engine engine) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  dfq_table *t = dfq_collect(dfq_configure(dfq_query(db, text), &run));
  must(t && dfq_register(db, name, dfq_scan_table(db, t)));
  dfq_table_free(t);
}

static inline void keep(const char *name, const char *text) {
  keep_by(name, text, DFQ_BATCH_ENGINE);
}

// A context with both tables under their names, and the first also as build/bench_orders.csv.
static inline bool begin(bool files) {
  db = dfq_open(NULL);
  if (!db) return false;
  dfq_table *o = orders_table(ORDERS), *c = customers_table();
  must(dfq_register(db, "orders", dfq_scan_table(db, o)));
  must(dfq_register(db, "customers", dfq_scan_table(db, c)));
  if (files) must(dfq_write_csv(dfq_scan_table(db, o), "build/bench_orders.csv", NULL));
  dfq_table_free(o);
  dfq_table_free(c);
  return true;
}

// ---- ways to run a plan ---------------------------------------------------------------------

typedef struct plan_way {
  const char *name, *text;   // text: a pipeline
  dfq_engine engine;
  int threads;               // 0: one per core
  size_t batch;              // rows; 0: the default
  uint32_t off;              // rules that are off, a bit each: OFF(DFQ_RULE_PRUNE)
} plan_way;

#define OFF(rule) (1u << (rule))
#define ALL_OFF ((1u << DFQ_RULE_COUNT) - 1u)

static inline bool run_plan(void *frame) {
  dfq_table *t = dfq_collect((dfq_frame *)frame);
  dfq_table_free(t);
  return t != NULL;
}

static inline dfq_frame *plan_of(const plan_way *w) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = w->engine;
  run.threads = w->threads;
  run.batch_rows = w->batch;
  run.rules_off = w->off;
  return dfq_configure(dfq_query(db, w->text), &run);
}

static inline void must_agree(void *a, void *b, const char *name) {
  char difference[200] = "";
  dfq_table *x = dfq_collect((dfq_frame *)a), *y = dfq_collect((dfq_frame *)b);
  must(x && y);
  if (!dfq_table_equal(x, y, difference, sizeof difference)) {
    fprintf(stderr, "%s: the answers differ: %s\n", name, difference);
    exit(1);
  }
  dfq_table_free(x);
  dfq_table_free(y);
}

// Times the ways in turns, and prints the first's time as so many times each other's. same:
// they compute the same rows, which is looked at first.
static inline void compare(const char *title, double rows, const plan_way *way, int ways,
                           bool same) {
  bench_case cases[WAYS];
  for (int i = 0; i < ways; i++) {
    bench_case c = BENCH(way[i].name, run_plan, plan_of(&way[i]));
    cases[i] = c;
    if (i && same) must_agree(cases[0].user, c.user, way[i].name);
  }
  must(bench_run(cases, ways, ROUNDS));
  bench_header(title);
  for (int i = 0; i < ways; i++) bench_print(&cases[i], rows);
  for (int i = 1; i < ways; i++)
    printf("  %s takes %.2f times as long as %s\n", way[0].name,
           bench_best(&cases[0]) / bench_best(&cases[i]), way[i].name);
}

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))
#define COMPARE(title, rows, list, same) compare(title, rows, list, COUNT(list), same)

#endif // PLANS_H
