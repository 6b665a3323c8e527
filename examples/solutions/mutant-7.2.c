// Mutant 7.2: a text of many lines, far longer than a piece, among ordinary rows.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

enum { ROWS = 100, LINES = 400 };

static int64_t rows_by(const char *path, int threads) {
  dfq *db = dfq_open(NULL);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = threads;
  run.batch_rows = 1;
  dfq_frame *f = dfq_group_by(dfq_scan_csv(db, path, NULL), "", "max(id), count() as n");
  dfq_table *t = dfq_collect(dfq_configure(f, &run));
  int64_t rows = t ? dfq_table_i64(t, 0, 1) : -1;
  dfq_table_free(t);
  dfq_close(db);
  return rows;
}

// Within the quotes stand lines that look like rows, so that whoever begins there is content:
// the quote that ends the text begins one for him, and the next quote, behind as many rows as
// bring him over the end of his piece, ends it.
TEST(a_quoted_line_end_ends_no_row) {
  const char *path = test_path("quoted.csv");
  FILE *f = fopen(path, "wb");
  fprintf(f, "id,text\n1000,\"");
  for (int k = 0; k < LINES; k++) fprintf(f, "%d,within\n", k);
  fprintf(f, "7,\"\n");
  for (int i = 0; i < ROWS; i++) fprintf(f, "%d,plain\n", i);
  fprintf(f, "2000,\"\nlast\"\n");
  fclose(f);
  CHECK_INT(rows_by(path, 1), ROWS + 2);
  CHECK_INT(rows_by(path, 2), ROWS + 2);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(a_quoted_line_end_ends_no_row);
  return test_summary();
}
