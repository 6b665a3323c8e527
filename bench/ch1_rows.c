// ch1_rows.c - what chapter 1 says of rows that are pulled: who stops early reads little.
#include "plans.h"

#define FILE_ "scan 'build/bench_orders.csv'"

static const plan_way stop[] = {
  { "all rows", FILE_, DFQ_ROW_ENGINE, 1, 0, 0 },
  { "the first ten", FILE_ " | limit 10", DFQ_ROW_ENGINE, 1, 0, 0 },
};

static const plan_way found[] = {
  { "all rows above 399.9", FILE_ " | filter amount > 399.9", DFQ_ROW_ENGINE, 1, 0, 0 },
  { "ten of them", FILE_ " | filter amount > 399.9 | limit 10", DFQ_ROW_ENGINE, 1, 0, 0 },
};

int main(void) {
  if (!begin(true)) return 1;
  COMPARE("early stop, row engine", ORDERS, stop, false);
  COMPARE("early stop behind a filter", ORDERS, found, false);
  dfq_close(db);
  return 0;
}
