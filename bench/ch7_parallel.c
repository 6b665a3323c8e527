// ch7_parallel.c - what a second thread costs where there is little to do, and what it brings
// where there is much; and a chain that only one thread can walk, whatever is asked for.
#include "plans.h"

#define GROUP " | group year: sum(amount) as total, count() as n"
#define GROUPS "orders | group order_id: sum(amount) as total"
#define MEDIANS "orders | group customer_id: median(amount) as middle"
#define RIGHT "customers | join orders on customer_id right | group: count() as n"

static const plan_way few[] = {
  { "two threads", "few" GROUP, DFQ_BATCH_ENGINE, 2, 16, 0 },
  { "one thread", "few" GROUP, DFQ_BATCH_ENGINE, 1, 16, 0 },
};
#define ONE_AND_TWO(text, off)                                                                 \
  { { "one thread", text, DFQ_BATCH_ENGINE, 1, 0, off },                                       \
    { "two threads", text, DFQ_BATCH_ENGINE, 2, 0, off } }
static const plan_way many[] = ONE_AND_TWO("orders" GROUP, 0);
static const plan_way groups[] = ONE_AND_TWO(GROUPS, 0);
static const plan_way medians[] = ONE_AND_TWO(MEDIANS, 0);
static const plan_way right[] = ONE_AND_TWO(RIGHT, OFF(DFQ_RULE_BUILD_SIDE));

int main(void) {
  if (!begin(false)) return 1;
  keep("few", "orders | limit 1000");
  COMPARE("a thousand rows", 1000, few, true);
  COMPARE("a million rows", ORDERS, many, true);
  COMPARE("as many groups as rows", ORDERS, groups, true);
  COMPARE("medians, whose lists are merged", ORDERS, medians, true);
  COMPARE("a right join, which is not copied", ORDERS, right, true);
  dfq_close(db);
  return 0;
}
