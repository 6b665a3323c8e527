// A program that uses dfq from where it was installed, or from beside it: the same source for
// every build system of this folder. engine.c holds the implementation.
#include <dfq.h>
#include <string.h>

#if DFQ_VERSION_NUMBER < 100
#error "this program was written for dfq 0.1"
#endif

int main(void) {
  if (strcmp(dfq_version(), DFQ_VERSION) != 0) {
    fprintf(stderr, "the header is dfq %s, the object %s\n", DFQ_VERSION, dfq_version());
    return 1;
  }
  int64_t amount[] = { 120, 30, 250 };
  dfq_column column = { "amount", DFQ_I64, amount, NULL };
  dfq *db = dfq_open(NULL);
  dfq_table *orders = dfq_table_new(db, &column, 1, 3);
  dfq_frame *q = dfq_filter(dfq_scan_table(db, orders), "amount > 100");
  q = dfq_group_by(q, "", "sum(amount) as total, count() as orders");
  bool ok = dfq_show(q, stdout);
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_table_free(orders);
  dfq_close(db);
  return !ok;
}
