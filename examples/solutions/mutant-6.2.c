// Mutant 6.2: the last of many rows cannot be computed. By then a part of the file is written,
// and the file that was there before has to be there still.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

TEST(an_error_leaves_the_old_file) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "n\n");
  for (int i = 0; i < 50000; i++) test_puts(&t, "12\n");
  test_puts(&t, "x\n");
  const char *in = test_file_n("in.csv", t.s, t.len);
  const char *out = test_file_n("out.csv", "old\n", 4);
  dfq *db = dfq_open(NULL);
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.types = "n: str";
  dfq_frame *f = dfq_with_columns(dfq_scan_csv(db, in, &o), "cast(n as i64) as m");
  CHECK(!dfq_write(f, out, NULL));
  char *now = test_read(out);
  CHECK_STR(now, "old\n");
  free(now);
  dfq_close(db);
  free(t.s);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(an_error_leaves_the_old_file);
  return test_summary();
}
