// Mutant 8.2: texts that begin alike, sorted both ways.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(long_texts_descend) {
  static const char *const names[] = { "customer 2", "customer 10", "customer 3", "buyer" };
  dfq *db = dfq_open(NULL);
  dfq_column column = { "name", DFQ_STR, names, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 4);
  dfq_table *up = dfq_collect(dfq_sort(dfq_scan_table(db, t), "name"));
  dfq_table *down = dfq_collect(dfq_sort(dfq_scan_table(db, t), "name desc"));
  for (size_t r = 0; r < 4; r++) {
    size_t a, b;
    const char *x = dfq_table_str(up, r, 0, &a), *y = dfq_table_str(down, 3 - r, 0, &b);
    CHECK(a == b && memcmp(x, y, a) == 0);
  }
  dfq_table_free(up);
  dfq_table_free(down);
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(long_texts_descend);
  return test_summary();
}
