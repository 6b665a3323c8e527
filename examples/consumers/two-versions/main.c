// Two versions of dfq in one program. old.h is another release's header whose names all begin
// with old_; tools/prefix.py made it, and old.c holds its implementation. A result goes from
// the one to the other as an Arrow stream, without a copy. In a real program the halves would
// be two libraries, each with the version that it was written for.
#include <dfq.h>
#include "old.h"

int main(void) {
  int64_t amount[] = { 120, 30, 250 };
  old_column column = { "amount", OLD_I64, amount, NULL };
  struct ArrowArrayStream stream;
  old *before = old_open(NULL);
  dfq *db = dfq_open(NULL);
  old_table *orders = old_table_new(before, &column, 1, 3);
  old_frame *large = old_filter(old_scan_table(before, orders), "amount > 100");
  bool ok = old_export_arrow(large, &stream);
  if (!ok) fprintf(stderr, "dfq %s: %s\n", old_version(), old_error(before));
  dfq_frame *q = dfq_scan_arrow_stream(db, &stream);
  q = dfq_group_by(q, "", "sum(amount) as total, count() as orders");
  ok = ok && dfq_show(q, stdout);
  if (!ok) fprintf(stderr, "dfq %s: %s\n", dfq_version(), dfq_error(db));
  old_table_free(orders);
  dfq_close(db);
  old_close(before);
  return !ok;
}
