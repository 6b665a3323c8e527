// Mutant 4.1: a null on both sides, or it cannot show. The other way round, with nulls_equal,
// is worth a line as well: an engine that never matches nulls would be wrong there.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

static int64_t pairs(dfq *db, dfq_table *t, dfq_join_type type, bool nulls_equal) {
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  how.keys = "k";
  how.type = type;
  how.nulls_equal = nulls_equal;
  return dfq_count(dfq_join_with(f, f, &how));
}

TEST(null_equals_nothing) {
  static const int64_t key[] = { 1, 0, 2, 0 };
  static const uint8_t known[] = { 1, 0, 1, 0 };
  dfq_column column[] = { { "k", DFQ_I64, key, known } };
  dfq *db = dfq_open(NULL);
  dfq_table *t = dfq_table_new(db, column, 1, 4);
  CHECK_INT(pairs(db, t, DFQ_INNER, false), 2);
  CHECK_INT(pairs(db, t, DFQ_LEFT, false), 4);
  CHECK_INT(pairs(db, t, DFQ_ANTI, false), 2);
  CHECK_INT(pairs(db, t, DFQ_INNER, true), 6);
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(null_equals_nothing);
  return test_summary();
}
