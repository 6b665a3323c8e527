// ch3_engine.c - what chapter 3 says of the two engines: columns beat rows, a batch must be
// neither a row nor all rows; and the interlude's question, as written and optimized, which a
// file asks for as much as memory does.
#include "plans.h"

#define GROUP "orders | filter amount > 100 | group year: sum(amount) as total, count() as n"
static const plan_way engines[] = {
  { "row engine", GROUP, DFQ_ROW_ENGINE, 1, 0, 0 },
  { "batch engine, one thread", GROUP, DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "batch engine, one per core", GROUP, DFQ_BATCH_ENGINE, 0, 0, 0 },
};

static const plan_way sizes[] = {
  { "batches of 1 row", GROUP, DFQ_BATCH_ENGINE, 1, 1, 0 },
  { "of 4", GROUP, DFQ_BATCH_ENGINE, 1, 4, 0 },
  { "of 16", GROUP, DFQ_BATCH_ENGINE, 1, 16, 0 },
  { "of 64", GROUP, DFQ_BATCH_ENGINE, 1, 64, 0 },
  { "of 256", GROUP, DFQ_BATCH_ENGINE, 1, 256, 0 },
  { "of 1,024", GROUP, DFQ_BATCH_ENGINE, 1, 1024, 0 },
  { "of 4,096", GROUP, DFQ_BATCH_ENGINE, 1, 4096, 0 },
  { "of 16,384", GROUP, DFQ_BATCH_ENGINE, 1, 16384, 0 },
  { "of 65,536", GROUP, DFQ_BATCH_ENGINE, 1, 65536, 0 },
  { "the row engine", GROUP, DFQ_ROW_ENGINE, 1, 0, 0 },
};

#define INTERLUDE(orders)                                                                      \
  orders " | join customers on customer_id | filter amount > 100"                        \
         " | with amount * 0.2 as tax | group region: sum(tax) as tax, count() as orders"      \
         " | sort tax desc"
#define TWICE(orders)                                                                          \
  { "as written", INTERLUDE(orders), DFQ_BATCH_ENGINE, 1, 0, ALL_OFF },                        \
  { "optimized", INTERLUDE(orders), DFQ_BATCH_ENGINE, 1, 0, 0 }
static const plan_way in_memory[] = { TWICE("orders") };
static const plan_way from_csv[] = { TWICE("scan 'build/bench_orders.csv'") };

int main(void) {
  if (!begin(true)) return 1;
  COMPARE("filter + group, in memory", ORDERS, engines, true);
  COMPARE("filter + group by batch size", ORDERS, sizes, true);
  COMPARE("interlude, in memory", ORDERS, in_memory, true);
  COMPARE("interlude, from a CSV file", ORDERS, from_csv, true);
  dfq_close(db);
  return 0;
}
