// Mutant 6.1: most files never show it, for the border has to fall between two quotes. Here it
// must: a quoted line end and commas in every row, rows of many lengths, far more bytes than a
// buffer.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

enum { ROWS = 40000 };

TEST(quotes_reach_over_borders) {
  test_string t = { NULL, 0, 0 };
  char row[100];
  test_puts(&t, "id,text\n");
  for (int i = 0; i < ROWS; i++) {
    snprintf(row, sizeof row, "%d,\"a,%.*s\nb,c\"\n", i, i % 23, "-----------------------");
    test_puts(&t, row);
  }
  const char *path = test_file_n("rows.csv", t.s, t.len);
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_filter(dfq_scan_csv(db, path, NULL), "text like 'a,%\nb,c'");
  CHECK_INT(dfq_count(f), ROWS);
  CHECK_STR(dfq_error(db), "");
  dfq_close(db);
  free(t.s);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(quotes_reach_over_borders);
  return test_summary();
}
