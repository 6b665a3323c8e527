// Mutant 3.2: n + 9223372036854775800 overflows from row 8 on. Who wants three rows never meets
// it, in no engine and at no batch size; who wants all of them gets the error.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include "../exercises/measurements.h"

TEST(rows_come_before_their_error) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(counted_frame(db, &ten, 100), "n + 9223372036854775800 > 0");
  CHECK_INT(dfq_count(dfq_limit(f, 3)), 3);
  CHECK_INT(dfq_count(dfq_limit(f, 7)), 7);
  CHECK_INT(dfq_count(f), -1);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(rows_come_before_their_error);
  return test_summary();
}
