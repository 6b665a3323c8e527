// Mutant 9.2: files that count themselves, and a result whose last row is an error.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

static dfq_io plain;
static int open_files;

static void *counted_open(void *user, const char *path, bool write, const char **why) {
  void *file = plain.open(user, path, write, why);
  open_files += file != NULL;
  return file;
}

static bool counted_close(void *user, void *file) {
  open_files--;
  return plain.close(user, file);
}

TEST(a_failed_result_closes_its_file) {
  int64_t number[] = { 1, 2, INT64_MAX };
  plain = dfq_io_default();
  dfq_io io = plain;
  dfq_options o;
  memset(&o, 0, sizeof o);
  io.open = counted_open;
  io.close = counted_close;
  o.io = &io;
  dfq *db = dfq_open(&o);
  dfq_column column = { "n", DFQ_I64, number, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, 3);
  dfq_frame *f = dfq_scan_table(db, t);
  CHECK(!dfq_write(dfq_select(f, "n + 1 as m"), test_path("none.csv"), NULL));
  CHECK_INT(open_files, 0);
  CHECK(dfq_write(f, test_path("some.csv"), NULL));
  CHECK_INT(open_files, 0);
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(a_failed_result_closes_its_file);
  return test_summary();
}
