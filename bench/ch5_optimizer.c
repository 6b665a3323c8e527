// ch5_optimizer.c - what each rule of chapter 5 brings, alone: the plan with all rules but that
// one, and with all. In memory, and from a CSV file, where what is not read need not be parsed.
#include "plans.h"

#define ONE(rule, text)                                                                        \
  { "without it", text, DFQ_BATCH_ENGINE, 1, 0, OFF(rule) },                                   \
  { "with it", text, DFQ_BATCH_ENGINE, 1, 0, 0 }

#define FILE_ "scan 'build/bench_orders.csv'"
#define PUSH " | join customers on customer_id | filter year = 2001 and region = 'EU'"         \
             " | group region: sum(amount) as total"
#define PRUNE " | sort customer_id | group year: sum(amount) as total"
#define FEW " | group year: sum(amount) as total"

static const plan_way push[] = { ONE(DFQ_RULE_PUSH_FILTER, "orders" PUSH) };
static const plan_way push_csv[] = { ONE(DFQ_RULE_PUSH_FILTER, FILE_ PUSH) };
static const plan_way prune[] = { ONE(DFQ_RULE_PRUNE, "orders" PRUNE) };
static const plan_way prune_csv[] = { ONE(DFQ_RULE_PRUNE, FILE_ FEW) };
static const plan_way limit[] = {
  ONE(DFQ_RULE_PUSH_LIMIT, "orders | with amount * 2 as twice | limit 100000") };
static const plan_way fold[] = {
  ONE(DFQ_RULE_FOLD, "orders | filter amount > 100 + 50 * 2 - 1 | select year") };
#define TOTALS "orders | group customer_id: sum(amount) as total"
static const plan_way share[] = {
  ONE(DFQ_RULE_SHARE, "(" TOTALS ") | join (" TOTALS " | group : max(total) as best)"
                      " on total = best semi") };
static const plan_way whole[] = {
  { "as written", FILE_ PUSH, DFQ_BATCH_ENGINE, 1, 0, ALL_OFF },
  { "optimized", FILE_ PUSH, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

int main(void) {
  if (!begin(true)) return 1;
  COMPARE("push_filter, below a join", ORDERS, push, true);
  COMPARE("push_filter, from CSV", ORDERS, push_csv, true);
  COMPARE("prune, below a sort", ORDERS, prune, true);
  COMPARE("prune, two columns of five, CSV", ORDERS, prune_csv, true);
  COMPARE("push_limit", ORDERS, limit, true);
  COMPARE("fold", ORDERS, fold, true);
  COMPARE("share, a grouping and its maximum", ORDERS, share, true);
  COMPARE("all rules, from CSV", ORDERS, whole, true);
  dfq_close(db);
  return 0;
}
