// Mutant 3.1: with 2,048 rows to a batch, an offset of 5 is passed over in the first one, and
// nothing is wrong. Batches of a few rows bring it to light.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include "../exercises/measurements.h"

TEST(offset_reaches_over_batches) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  for (size_t batch_rows = 1; batch_rows < 12; batch_rows++) {
    dfq_frame *f = dfq_slice(counted_frame(db, &ten, batch_rows), 5, 3);
    dfq_table *t = dfq_collect(f);
    CHECK_INT(dfq_table_rows(t), 3);
    CHECK_INT(dfq_table_i64(t, 0, 0), 6);
    dfq_table_free(t);
  }
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(offset_reaches_over_batches);
  return test_summary();
}
