// ch8_machine.c - what chapter 8 says of keys: a place in an array, a word in a hash table, a
// row of words in one; and of sorting what varies in few bytes.
#include "plans.h"

#define BY(key) "stored | group " key ": sum(amount) as total"
static const plan_way keys[] = {
  { "a hash table, by floats", BY("year_as_float"), DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "an array, by integers", BY("year"), DFQ_BATCH_ENGINE, 1, 0, 0 },
};
static const plan_way words[] = {
  { "two words, by floats", BY("year_as_float, region_as_float"), DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "one word, packed", BY("year, region"), DFQ_BATCH_ENGINE, 1, 0, 0 },
};

static const plan_way bytes[] = {
  { "eight bytes vary", "stored | select noise | sort noise", DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "one byte varies", "stored | select year | sort year", DFQ_BATCH_ENGINE, 1, 0, 0 },
};

int main(void) {
  if (!begin(false)) return 1;
  keep("stored", "orders | select year, customer_id % 8 as region, amount, "
                 "cast(year as f64) as year_as_float, "
                 "cast(customer_id % 8 as f64) as region_as_float, "
                 "wrap_mul(order_id + 1, 7046029254386353131) as noise");
  COMPARE("25 groups", ORDERS, keys, false);
  COMPARE("200 groups of two columns", ORDERS, words, false);
  COMPARE("a million numbers, sorted", ORDERS, bytes, false);
  dfq_close(db);
  return 0;
}
