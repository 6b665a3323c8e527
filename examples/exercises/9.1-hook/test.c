#include "dfq.h"
#include "test.h"
#include YOURS

static dfq *open_limited(limited *l, size_t most) {
  dfq_options o;
  memset(l, 0, sizeof *l);
  memset(&o, 0, sizeof o);
  l->most = most;
  o.realloc = limited_hook;
  o.realloc_user = l;
  return dfq_open(&o);
}

TEST(hook_counts_and_gives_back) {
  limited l = { 100, 0, 0 };
  void *p = limited_hook(&l, NULL, 0, 40);
  CHECK_INT(l.used, 40);
  p = limited_hook(&l, p, 40, 100);
  CHECK_INT(l.used, 100);
  CHECK(limited_hook(&l, p, 100, 101) == NULL);
  CHECK_INT(l.used, 100);
  p = limited_hook(&l, p, 100, 10);
  CHECK_INT(l.used, 10);
  limited_hook(&l, p, 10, 0);
  CHECK_INT(l.used, 0);
  CHECK_INT(l.peak, 100);
}

TEST(hook_of_a_context) {
  limited l;
  dfq *db = open_limited(&l, (size_t)64 << 20);
  CHECK_INT(dfq_count(dfq_scan_csv(db, "examples/data/orders.csv", NULL)), 6);
  CHECK(l.used > 0);
  dfq_close(db);
  CHECK_INT(l.used, 0);
}

TEST(hook_says_no) {
  limited l;
  CHECK(open_limited(&l, 100) == NULL);
  CHECK_INT(l.used, 0);
  dfq *db = open_limited(&l, 200000);
  CHECK(db != NULL);
  CHECK_INT(dfq_count(dfq_scan_csv(db, "examples/data/orders.csv", NULL)), -1);
  dfq_close(db);
  CHECK(l.peak <= 200000 && l.peak > 0);
  CHECK_INT(l.used, 0);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(hook_counts_and_gives_back);
  RUN(hook_of_a_context);
  RUN(hook_says_no);
  return test_summary();
}
