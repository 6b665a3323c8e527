// ch2_expressions.c - what chapter 2's tree walk costs, against the kernels of chapter 3 that
// the same tree is bound to; and a function of texts, which has less to gain.
#include "plans.h"

#define NUMBERS "orders | select amount * 2 + year - 1 as x"
#define CHOICE "orders | select case when amount > 200 then year else 0 end as x"
#define TEXTS "customers | select upper(name) as x"

static const plan_way numbers[] = {
  { "tree walk", NUMBERS, DFQ_ROW_ENGINE, 1, 0, 0 },
  { "bound kernels", NUMBERS, DFQ_BATCH_ENGINE, 1, 0, 0 },
};
static const plan_way choice[] = {
  { "tree walk", CHOICE, DFQ_ROW_ENGINE, 1, 0, 0 },
  { "bound kernels", CHOICE, DFQ_BATCH_ENGINE, 1, 0, 0 },
};
static const plan_way texts[] = {
  { "tree walk", TEXTS, DFQ_ROW_ENGINE, 1, 0, 0 },
  { "bound kernels", TEXTS, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

int main(void) {
  if (!begin(false)) return 1;
  COMPARE("amount * 2 + year - 1", ORDERS, numbers, true);
  COMPARE("case when amount > 200", ORDERS, choice, true);
  COMPARE("upper(name)", CUSTOMERS, texts, true);
  dfq_close(db);
  return 0;
}
