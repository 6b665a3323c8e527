// ch4_hashing.c - chapter 4: joins, groups, order.
//
// Two tables small enough to follow with a finger: who ordered what. One order has no customer,
// one has a customer that does not exist, and one customer ordered nothing.
#define DFQ_CHAPTER 4
#define DFQ_IMPLEMENTATION
#include "dfq.h"

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
