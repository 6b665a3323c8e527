// ch4_hashing.c - chapter 4: joins, groups, order.
//
// Two tables small enough to follow with a finger: who ordered what. One order has no customer,
// one has a customer that does not exist, and one customer ordered nothing.
#define DFQ_CHAPTER 4
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <stdlib.h>

// ---- the naive way, counted ----------------------------------------------------------------
// Keys only: what is compared is how many looks a join takes, not how fast one is.

static size_t naive_join(const uint64_t *left, const uint64_t *right, size_t n, size_t *looks) {
  size_t pairs = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      pairs += left[i] == right[k];
      ++*looks;
    }
  return pairs;
}

// How many slots of the table are looked at until a key, or the empty slot that says "not
// here", is found: dfq__table_probe, with a counter.
static size_t slots_looked_at(const dfq__hash_table *t, const uint64_t *key) {
  size_t at = (size_t)(dfq__hash_words(key, 1, t->seed) >> (64 - t->lg)), looked = 1;
  size_t mask = ((size_t)1 << t->lg) - 1;
  for (; t->slot[at] != DFQ__EMPTY && *dfq__table_key(t, t->slot[at]) != *key; looked++)
    at = (at + 1) & mask;
  return looked;
}

// The right keys are numbered, and rows of each number counted; then each left key is looked up
// once.
static size_t hash_join(dfq *db, const uint64_t *left, const uint64_t *right, size_t n,
                        size_t *looks) {
  dfq__hash_table t;
  uint32_t number;
  size_t pairs = 0, *rows = (size_t *)calloc(n, sizeof *rows);
  if (!rows || !dfq__table_init(&t, db->heap, 4, 1)) exit(1);
  for (size_t k = 0; k < n; k++) {
    *looks += slots_looked_at(&t, &right[k]);
    if (!dfq__find_or_add(&t, &right[k], 1, &number)) exit(1);
    rows[number]++;
  }
  for (size_t i = 0; i < n; i++) {
    *looks += slots_looked_at(&t, &left[i]);
    dfq__find(&t, &left[i], 1, &number);
    if (number != DFQ__EMPTY) pairs += rows[number];
  }
  dfq__table_close(&t);
  free(rows);
  return pairs;
}

// Left keys are 0 .. n - 1 shuffled, right keys the even numbers below n, each of them twice.
static void count_looks(dfq *db) {
  printf("The naive way: every pair is looked at. The same join with a hash table\n\n");
  printf("    rows a side     pairs   nested loop   hash table\n");
  for (size_t n = 10; n <= 10000; n *= 10) {
    uint64_t *left = (uint64_t *)calloc(n, sizeof *left);
    uint64_t *right = (uint64_t *)calloc(n, sizeof *right);
    size_t naive_looks = 0, hash_looks = 0;
    if (!left || !right) exit(1);
    for (size_t i = 0; i < n; i++) {
      left[i] = i * 7 % n;
      right[i] = i * 2 % n;
    }
    size_t pairs = naive_join(left, right, n, &naive_looks);
    if (hash_join(db, left, right, n, &hash_looks) != pairs) exit(1);
    printf("    %11zu %9zu %13zu %12zu\n", n, pairs, naive_looks, hash_looks);
    free(left);
    free(right);
  }
}

// ---- the tables ----------------------------------------------------------------------------

static dfq_table *orders_table(dfq *db) {
  static const int64_t id[] = { 101, 102, 103, 104, 105, 106 };
  static const int64_t customer[] = { 1, 2, 1, 0, 9, 3 };
  static const uint8_t known[] = { 1, 1, 1, 0, 1, 1 };
  static const double amount[] = { 250, 100, 80, 40, 300, 120.5 };
  dfq_column columns[] = { { "order_id", DFQ_I64, id, NULL },
                           { "customer", DFQ_I64, customer, known },
                           { "amount", DFQ_F64, amount, NULL } };
  return dfq_table_new(db, columns, 3, 6);
}

static dfq_table *customers_table(dfq *db) {
  static const int64_t id[] = { 1, 2, 3, 4 };
  static const char *const name[] = { "Ada", "Bo", "Cleo", "Dan" };
  static const char *const region[] = { "EU", "US", "EU", NULL };
  dfq_column columns[] = { { "id", DFQ_I64, id, NULL },
                           { "name", DFQ_STR, name, NULL },
                           { "region", DFQ_STR, region, NULL } };
  return dfq_table_new(db, columns, 3, 4);
}

static bool good = true;

static void show(dfq *db, const char *heading, dfq_frame *f) {
  printf("\n%s\n\n", heading);
  if (dfq_show(f, stdout)) return;
  printf("%s\n", dfq_error(db));
  good = false;
}

static void count_joins(dfq_frame *orders, dfq_frame *customers) {
  static const struct { const char *name; dfq_join_type type; } joins[] = {
    { "inner", DFQ_INNER }, { "left", DFQ_LEFT }, { "right", DFQ_RIGHT }, { "full", DFQ_FULL },
    { "semi", DFQ_SEMI },   { "anti", DFQ_ANTI }, { "cross", DFQ_CROSS },
  };
  printf("\nSeven joins of 6 orders and 4 customers\n\n");
  for (int i = 0; i < 7; i++) {
    const char *keys = joins[i].type == DFQ_CROSS ? NULL : "customer = id";
    dfq_frame *f = dfq_join(orders, customers, keys, joins[i].type);
    printf("  %-6s %2lld rows, %d columns\n", joins[i].name, (long long)dfq_count(f),
           dfq_schema_of(f)->count);
  }
}

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_table *o = orders_table(db), *c = customers_table(db);
  dfq_frame *orders = dfq_scan_table(db, o), *customers = dfq_scan_table(db, c);

  count_looks(db);
  show(db, "A full join: a null key matches nothing, not even another null",
       dfq_join(orders, customers, "customer = id", DFQ_FULL));
  count_joins(orders, customers);

  dfq_frame *left = dfq_join(orders, customers, "customer = id", DFQ_LEFT);
  show(db, "Groups in first-seen order; all nulls are one group",
       dfq_group_by(left, "region", "count() as orders, sum(amount) as total, "
                                    "max(amount) - min(amount) as spread"));
  dfq_frame *nothing = dfq_filter(orders, "amount > 1000");
  show(db, "No keys: one row, even over nothing",
       dfq_group_by(nothing, NULL, "count() as n, sum(amount) as total"));
  show(db, "The key may be an expression",
       dfq_group_by(orders, "amount >= 100 as large", "count() as n, mean(amount) as mean"));

  show(db, "Sort is stable, nulls come last unless told otherwise",
       dfq_sort(left, "region desc, amount"));
  show(db, "The first order of each customer", dfq_distinct(orders, "customer"));

  show(db, "A window sees the rows around a row, and keeps them all",
       dfq_select(orders, "order_id, customer, amount, "
                          "max(amount) over (partition by customer) as largest, "
                          "sum(amount) over (order by order_id) as running"));

  // The sorted twins keep one group, or one run of equal keys, in memory. They check the order.
  dfq_frame *ascending = dfq_sort(orders, "customer");
  dfq_join_options merge = { "customer = id", DFQ_INNER, NULL, false, DFQ_SORTED, NULL, NULL,
                             false };
  show(db, "Merge join and grouping over sorted rows: the same answers, constant memory",
       dfq_group_by_sorted(dfq_join_with(ascending, customers, &merge), "customer",
                           "first(name) as name, sum(amount) as total"));
  printf("\nOver rows that are not sorted they refuse\n\n");
  dfq_frame *unsorted = dfq_group_by_sorted(orders, "customer", "count() as n");
  if (dfq_count(unsorted) < 0) printf("%s\n", dfq_error(db));
  else good = false;

  dfq_table_free(o);
  dfq_table_free(c);
  dfq_close(db);
  return !good;
}
