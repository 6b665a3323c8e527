// engines.c - what batches bring, and what the optimizer brings, on a million orders.
//
//   make bench
//
// 1. filter + group in memory: the row engine against the batch engine
// 2. the same with batches of 1 to 65,536 rows
// 3. the interlude's question, as written and optimized: from files in build/, and in memory
//
// Before anything is timed, the ways to compute the same thing are compared with each other.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include "bench.h"

#include <stdint.h>

enum { ORDERS = 1000000, CUSTOMERS = 10000, REGIONS = 8, ROUNDS = 7 };

static const char orders_path[] = "build/bench_orders.csv";
static const char customers_path[] = "build/bench_customers.csv";

static dfq *db;

static void must(bool ok) {
  if (ok) return;
  fprintf(stderr, "%s\n", dfq_error(db));
  exit(1);
}

// ---- data: the same on every machine --------------------------------------------------------

// A linear congruential generator (Knuth, MMIX); its high bits are good enough.
static uint32_t random_below(uint32_t n) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 32) * n >> 32);
}

static dfq_table *orders_table(void) {
  int64_t *id = (int64_t *)malloc(ORDERS * sizeof *id);
  int64_t *customer = (int64_t *)malloc(ORDERS * sizeof *customer);
  int64_t *year = (int64_t *)malloc(ORDERS * sizeof *year);
  double *amount = (double *)malloc(ORDERS * sizeof *amount);
  if (!id || !customer || !year || !amount) exit(1);
  for (int i = 0; i < ORDERS; i++) {
    id[i] = i;
    customer[i] = random_below(CUSTOMERS + CUSTOMERS / 10);   // some are unknown
    year[i] = 2000 + random_below(25);
    amount[i] = random_below(40000) / 100.0;
  }
  dfq_column columns[] = { { "order_id", DFQ_I64, id, NULL },
                           { "customer_id", DFQ_I64, customer, NULL },
                           { "amount", DFQ_F64, amount, NULL },
                           { "year", DFQ_I64, year, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 4, ORDERS);
  must(t != NULL);
  free(id);
  free(customer);
  free(year);
  free(amount);
  return t;
}

static dfq_table *customers_table(void) {
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

// ---- queries --------------------------------------------------------------------------------

static dfq_frame *filter_group(dfq_frame *orders) {
  dfq_frame *q = dfq_filter(orders, "amount > 100");
  return dfq_group_by(q, "year", "sum(amount) as total, count() as n");
}

static dfq_frame *interlude(dfq_frame *orders, dfq_frame *customers) {
  dfq_frame *q = dfq_join(orders, customers, "customer_id", DFQ_INNER);
  q = dfq_filter(q, "amount > 100");
  q = dfq_with_columns(q, "amount * 0.2 as tax");
  q = dfq_group_by(q, "region", "sum(tax) as tax, count() as orders");
  return dfq_sort(q, "tax desc");
}

static dfq_frame *with(dfq_frame *f, dfq_engine engine, size_t batch_rows, bool no_optimize) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.threads = 1;
  run.batch_rows = batch_rows;
  run.no_optimize = no_optimize;
  return dfq_configure(f, &run);
}

static bool collect(void *frame) {
  dfq_table *t = dfq_collect((dfq_frame *)frame);
  dfq_table_free(t);
  return t != NULL;
}

static void must_agree(dfq_frame *a, dfq_frame *b) {
  char difference[200] = "";
  dfq_table *x = dfq_collect(a), *y = dfq_collect(b);
  must(x && y);
  if (!dfq_table_equal(x, y, difference, sizeof difference)) {
    fprintf(stderr, "the answers differ: %s\n", difference);
    exit(1);
  }
  dfq_table_free(x);
  dfq_table_free(y);
}

// ---- measurements ---------------------------------------------------------------------------

static void engines(dfq_frame *orders) {
  dfq_frame *q = filter_group(orders);
  bench_case cases[] = {
    BENCH("row engine", collect, with(q, DFQ_ROW_ENGINE, 0, false)),
    BENCH("batch engine, one thread", collect, with(q, DFQ_BATCH_ENGINE, 0, false)),
    BENCH("batch engine, as it comes", collect, q),
  };
  must_agree((dfq_frame *)cases[0].user, (dfq_frame *)cases[1].user);
  must_agree((dfq_frame *)cases[0].user, (dfq_frame *)cases[2].user);
  must(bench_run(cases, 3, ROUNDS));
  bench_header("filter + group, in memory");
  for (int i = 0; i < 3; i++) bench_print(&cases[i], ORDERS);
  double row = bench_best(&cases[0]);
  printf("  batch beats row %.1f times on one thread, %.1f times on all\n",
         row / bench_best(&cases[1]), row / bench_best(&cases[2]));
}

static void batch_sizes(dfq_frame *orders) {
  enum { SIZES = 9 };
  static char name[SIZES][32];
  bench_case cases[SIZES];
  size_t rows = 1;
  for (int i = 0; i < SIZES; i++, rows *= 4) {
    bench_case c = BENCH(name[i], collect, NULL);
    snprintf(name[i], sizeof name[i], "batches of %zu", rows);
    c.user = with(filter_group(orders), DFQ_BATCH_ENGINE, rows, false);
    cases[i] = c;
  }
  must(bench_run(cases, SIZES, ROUNDS));
  bench_header("filter + group by batch size");
  for (int i = 0; i < SIZES; i++) bench_print(&cases[i], ORDERS);
}

static void optimizer(const char *title, dfq_frame *q) {
  bench_case cases[] = {
    BENCH("as written", collect, with(q, DFQ_BATCH_ENGINE, 0, true)),
    BENCH("optimized", collect, with(q, DFQ_BATCH_ENGINE, 0, false)),
  };
  must_agree((dfq_frame *)cases[0].user, (dfq_frame *)cases[1].user);
  must(bench_run(cases, 2, ROUNDS));
  bench_header(title);
  for (int i = 0; i < 2; i++) bench_print(&cases[i], ORDERS);
  printf("  the optimizer brings %.2f times\n", bench_best(&cases[0]) / bench_best(&cases[1]));
}

int main(void) {
  db = dfq_open(NULL);
  if (!db) return 1;
  dfq_table *o = orders_table(), *c = customers_table();
  dfq_frame *orders = dfq_scan_table(db, o), *customers = dfq_scan_table(db, c);
  must(dfq_write_csv(orders, orders_path, NULL));
  must(dfq_write_csv(customers, customers_path, NULL));
  printf("%d orders, %d customers, %d rounds, one thread unless it says otherwise\n", ORDERS,
         CUSTOMERS, ROUNDS);

  engines(orders);
  batch_sizes(orders);
  optimizer("interlude, in memory", interlude(orders, customers));
  orders = dfq_scan_csv(db, orders_path, NULL);
  customers = dfq_scan_csv(db, customers_path, NULL);
  optimizer("interlude, from CSV files", interlude(orders, customers));

  dfq_table_free(o);
  dfq_table_free(c);
  dfq_close(db);
  return 0;
}
