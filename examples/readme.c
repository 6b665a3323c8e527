#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_frame *orders = dfq_scan_csv(db, "examples/data/orders.csv", NULL);
  dfq_frame *customers = dfq_scan_csv(db, "examples/data/customers.csv", NULL);
  dfq_frame *q = dfq_join(orders, customers, "customer_id", DFQ_INNER);
  q = dfq_filter(q, "amount > 100");
  q = dfq_with_columns(q, "amount * 0.2 as tax");
  q = dfq_group_by(q, "region", "sum(tax) as tax, count() as orders");
  q = dfq_sort(q, "tax desc");

  dfq_explain_as(q, DFQ_EXPLAIN_OPTIMIZED, stdout);  // what will run; nothing has yet
  puts("");
  bool ok = dfq_show(q, stdout);                     // runs it
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);                                     // frees all of it
  return !ok;
}
