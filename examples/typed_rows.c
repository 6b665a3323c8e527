// typed_rows.c - rows as structs of the program's own: an array is scanned where it lies, a
// pipeline runs over it, and the result comes back as an array of another struct.
//
//   make build/typed_rows && build/typed_rows
#define DFQ_IMPLEMENTATION
#include "dfq.h"

typedef struct order {
  int32_t id;
  char region[8];
  double amount;
  bool no_amount;      // true: there is none
  const char *buyer;   // NULL: nobody knows
} order;

static const dfq_member order_members[] = {
  DFQ_MEMBER(order, id, DFQ_I32),
  DFQ_MEMBER(order, region, DFQ_CHARS),
  DFQ_NULLABLE(order, amount, DFQ_F64, no_amount),
  DFQ_MEMBER(order, buyer, DFQ_STR),
};

typedef struct total {
  char region[8];
  double amount;
  uint16_t orders;
  const char *first_buyer;
} total;

static const dfq_member total_members[] = {
  DFQ_MEMBER(total, region, DFQ_CHARS),
  DFQ_MEMBER(total, amount, DFQ_F64),
  DFQ_MEMBER(total, orders, DFQ_U16),
  DFQ_MEMBER(total, first_buyer, DFQ_STR),
};

enum { ORDERS = 5, MEMBERS = 4 };

int main(void) {
  static const order orders[ORDERS] = {
    { 1, "EU", 120.5, false, "Ann" },  { 2, "US", 80.0, false, NULL },
    { 3, "EU", 0, true, "Bob" },       { 4, "US", 42.25, false, "Cy" },
    { 5, "Asia", 7.0, false, NULL },
  };
  dfq *db = dfq_open(NULL);
  dfq_binding *in = dfq_bind_struct(db, order_members, MEMBERS, sizeof(order));
  dfq_frame *f = dfq_scan_structs(db, "orders", orders, ORDERS, in);
  f = dfq_group_by(f, "region",
                   "sum(amount) as amount, count() as orders, "
                   "first_non_null(buyer) as first_buyer");

  dfq_binding *out = dfq_bind(f, total_members, MEMBERS, sizeof(total));
  size_t count;
  total *totals = (total *)dfq_collect_structs(f, out, &count);
  for (size_t i = 0; i < count; i++)
    printf("%-5s %8.2f in %u orders, first %s\n", totals[i].region, totals[i].amount,
           (unsigned)totals[i].orders, totals[i].first_buyer ? totals[i].first_buyer : "-");
  dfq_free_structs(totals);

  puts("\nOne at a time, with a null that the struct has no place for:");
  f = dfq_with_columns(f, "case when region != 'Asia' then amount end as amount");
  dfq_structs *rows = dfq_structs_open(f, out);
  total one;
  while (dfq_structs_next(rows, &one)) printf("%-5s %8.2f\n", one.region, one.amount);
  if (dfq_structs_failed(rows)) puts(dfq_error(db));
  dfq_structs_close(rows);

  puts("\nA column of another type is found before anything runs:");
  if (!dfq_bind(dfq_select(f, "region, 'x' as amount, orders, first_buyer"), total_members,
                MEMBERS, sizeof(total)))
    puts(dfq_error(db));
  dfq_close(db);
  return 0;
}
