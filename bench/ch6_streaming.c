// ch6_streaming.c - what chapter 6 says of files: a column that nobody needs costs next to
// nothing, a run that stops early reads little, pieces of a file go to several threads.
#include "plans.h"

#define FILE_ "scan 'build/bench_orders.csv'"

static const plan_way columns[] = {
  { "all five columns", FILE_, DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "two of them", FILE_ " | select amount, year", DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "none: count them", FILE_ " | group: count() as n", DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "the first ten rows", FILE_ " | limit 10", DFQ_BATCH_ENGINE, 1, 0, 0 },
};

#define GROUP " | group year: sum(amount) as total"
static const plan_way threads[] = {
  { "one thread", FILE_ GROUP, DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "one per core", FILE_ GROUP, DFQ_BATCH_ENGINE, 0, 0, 0 },
};
static const plan_way memory[] = {
  { "from the file", FILE_ GROUP, DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "from memory", "orders" GROUP, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

int main(void) {
  if (!begin(true)) return 1;
  COMPARE("reading less of a CSV file", ORDERS, columns, false);
  COMPARE("CSV to groups, on threads", ORDERS, threads, true);
  COMPARE("a file or memory", ORDERS, memory, false);
  dfq_close(db);
  return 0;
}
