// ch8_machine.c - what chapter 8 says of keys: a place in an array, a word in a hash table, a
// row of words in one; of sorting what varies in few bytes; and of numbers kept in few.
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

// Rows of four columns of whole numbers, as their type has them and in the bytes they need.
#define SUMS " | group year: sum(region) as a, sum(items) as b, sum(cents) as c"
static const plan_way cells[] = {
  { "cells of eight bytes", "wide" SUMS, DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "cells of one and two", "narrow" SUMS, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

static const char CELLS[] =
    "orders | select year, customer_id % 8 as region, order_id % 5 as items, "
    "order_id % 30000 as cents | join (orders | limit 8 | select amount) cross | drop amount";

int main(void) {
  if (!begin(false)) return 1;
  size_t before = dfq_bytes_used(db);
  keep_by("wide", CELLS, DFQ_ROW_ENGINE);
  size_t between = dfq_bytes_used(db);
  keep_by("narrow", CELLS, DFQ_BATCH_ENGINE);
  double wide = (double)(between - before), narrow = (double)(dfq_bytes_used(db) - between);
  keep("stored", "orders | select year, customer_id % 8 as region, amount, "
                 "cast(year as f64) as year_as_float, "
                 "cast(customer_id % 8 as f64) as region_as_float, "
                 "wrap_mul(order_id + 1, 7046029254386353131) as noise");
  COMPARE("25 groups", ORDERS, keys, false);
  COMPARE("200 groups of two columns", ORDERS, words, false);
  COMPARE("a million numbers, sorted", ORDERS, bytes, false);
  COMPARE("sums of three columns of eight million rows", 8 * ORDERS, cells, false);
  printf("  in memory %.0f MB and %.0f MB\n", wide / 1e6, narrow / 1e6);
  dfq_close(db);
  return 0;
}
