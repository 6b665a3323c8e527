// ch4_hashing.c - what chapter 4 says of joins, groups and sorts: the hash table against
// the nested loop, which side to build on, hash against sorted groups, from few to many, coded
// texts against texts that a query has just made, threads, top-k against a whole sort, the
// first rows of each group, and sums that fit a word.
#include "plans.h"

static const plan_way joins[] = {
  { "nested loop", "left_side | join right_side cross | filter k = r | select k, r",
    DFQ_BATCH_ENGINE, 1, 0, ALL_OFF },
  { "hash join", "left_side | join right_side on k = r | select k, k as r",
    DFQ_BATCH_ENGINE, 1, 0, ALL_OFF },
};

#define BIG_LEFT "orders | join customers on customer_id | group: count() as n"
#define BIG_RIGHT "customers | join orders on customer_id | group: count() as n"
static const plan_way sides[] = {
  { "built on a million", BIG_RIGHT, DFQ_BATCH_ENGINE, 1, 0, OFF(DFQ_RULE_BUILD_SIDE) },
  { "built on ten thousand", BIG_LEFT, DFQ_BATCH_ENGINE, 1, 0, OFF(DFQ_RULE_BUILD_SIDE) },
  { "the optimizer's choice", BIG_RIGHT, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

// Both ways sort first. The rule use_order has groups of sorted rows end when the
// key changes, without a table.
#define GROUPED(key) "by_" key " | group " key ": sum(amount) as total"
#define ORDERED(key)                                                                           \
  { "hash, " key, GROUPED(key), DFQ_BATCH_ENGINE, 1, 0, OFF(DFQ_RULE_SORTED) },                \
  { "sorted runs, " key, GROUPED(key), DFQ_BATCH_ENGINE, 1, 0, 0 }
static const plan_way few[] = { ORDERED("year") };
static const plan_way middle[] = { ORDERED("customer_id") };
static const plan_way many[] = { ORDERED("item") };

static const plan_way texts[] = {
  { "texts made in the query", "named | with concat(region, '') as r | group r: count() as n",
    DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "texts of a table, coded", "named | group region: count() as n",
    DFQ_BATCH_ENGINE, 1, 0, 0 },
};

#define WORK "orders | group customer_id: sum(amount) as total, mean(amount) as mean"
static const plan_way group_threads[] = {
  { "one thread", WORK, DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "one per core", WORK, DFQ_BATCH_ENGINE, 0, 0, 0 },
};
static const plan_way sort_threads[] = {
  { "one thread", "orders | sort amount", DFQ_BATCH_ENGINE, 1, 0, 0 },
  { "one per core", "orders | sort amount", DFQ_BATCH_ENGINE, 0, 0, 0 },
};

static const plan_way top[] = {
  { "a whole sort", "orders | sort amount desc, order_id | limit 10", DFQ_BATCH_ENGINE, 1, 0,
    OFF(DFQ_RULE_TOPK) },
  { "the ten largest", "orders | sort amount desc, order_id | limit 10", DFQ_BATCH_ENGINE, 1, 0,
    0 },
};

#define PLACES                                                                                 \
  "orders | with row_number() over (partition by customer_id order by amount desc) as place"   \
  " | filter place <= 2 | select customer_id, amount"
static const plan_way places[] = {
  { "all rows sorted, then filtered", PLACES, DFQ_BATCH_ENGINE, 1, 0, OFF(DFQ_RULE_TOPK) },
  { "the best two of each kept", PLACES, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

// Times 2^60 the amounts are no integers of 50 bits any more: exact states at once.
#define SUMS(x) "orders | group customer_id: sum(" x ") as total, std(" x ") as spread"
static const plan_way sums[] = {
  { "exact states, row by row", SUMS("amount * 1152921504606846976.0"), DFQ_BATCH_ENGINE, 1, 0,
    0 },
  { "integers first", SUMS("amount"), DFQ_BATCH_ENGINE, 1, 0, 0 },
};

// What a join knows of its keys is handed down to the rows that will look for them, and to the
// groups that are made of such rows.
#define FEW "(customers | filter region = 'EU' and name like '%7')"
#define CARRIED                                                                                \
  "orders | filter amount > 40 | join " FEW " on customer_id"                                  \
  " | group region: sum(amount) as total, sum(order_id) as ids, sum(item) as items"
#define ASKED                                                                                  \
  "orders | filter order_id < 500 | join (orders | group item: sum(amount) as total"           \
  " | filter total > 100) on item semi | group: count() as n"
static const plan_way carried[] = {
  { "every order meets the join", CARRIED, DFQ_BATCH_ENGINE, 1, 0, OFF(DFQ_RULE_SIEVE) },
  { "those of its keys", CARRIED, DFQ_BATCH_ENGINE, 1, 0, 0 },
};
static const plan_way asked[] = {
  { "groups of all orders", ASKED, DFQ_BATCH_ENGINE, 1, 0,
    OFF(DFQ_RULE_SIEVE) | OFF(DFQ_RULE_BUILD_SIDE) },
  { "groups that are asked for", ASKED, DFQ_BATCH_ENGINE, 1, 0, 0 },
};

int main(void) {
  if (!begin(false)) return 1;
  keep("left_side", "orders | limit 2000 | select order_id as k");
  keep("right_side", "orders | limit 2000 | select order_id as r");
  must(dfq_define(db, "let by_year = orders | sort year;"
                      "let by_customer_id = orders | sort customer_id;"
                      "let by_item = orders | sort item;"));
  keep("named", "orders | join customers on customer_id | select order_id, region");
  COMPARE("2,000 times 2,000 rows, joined", 2000, joins, true);
  COMPARE("a million orders, 10,000 customers", ORDERS, sides, true);
  COMPARE("25 groups of sorted rows", ORDERS, few, true);
  COMPARE("11,000 groups of sorted rows", ORDERS, middle, true);
  COMPARE("600,000 groups of sorted rows", ORDERS, many, true);
  COMPARE("8 groups by text", ORDERS, texts, false);
  COMPARE("keys handed down", ORDERS, carried, true);
  COMPARE("keys handed down to groups", ORDERS, asked, true);
  COMPARE("group on threads", ORDERS, group_threads, true);
  COMPARE("sort on threads", ORDERS, sort_threads, true);
  COMPARE("sort + limit 10", ORDERS, top, true);
  COMPARE("the first two of 10,000 groups", ORDERS, places, true);
  COMPARE("sums and spreads of 10,000 groups", ORDERS, sums, false);
  dfq_close(db);
  return 0;
}
