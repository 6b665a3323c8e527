// Mutant 7.1: two threads that are made to take turns, so that neither has all early morsels.
#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"

enum { ROWS = 20000, BATCH = 64 };   // a morsel is 32 batches

static size_t given[3];              // batches that each worker's scan has given

// Worker 1 waits until worker 2 has begun, worker 2 until worker 1 is in its second morsel. A
// machine that never gets there is not waited for for long.
static void take_turns(void *user, const dfq_trace *t) {
  (void)user;
  if (t->kind != DFQ_TRACE_GIVE || t->worker < 1 || t->worker > 2) return;
  if (strcmp(t->name, "scan") != 0) return;
  dfq__add_fetch(&given[t->worker], 1);
  double end = dfq__now() + 2;
  size_t enough = t->worker == 1 ? 1 : 34;
  while (dfq__load(&given[3 - t->worker]) < enough && dfq__now() < end) continue;
}

TEST(groups_are_in_the_order_of_their_first_rows) {
  static int64_t key[ROWS];
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < ROWS; i++) key[i] = i / 100;
  dfq_column column = { "k", DFQ_I64, key, NULL };
  dfq_table *t = dfq_table_new(db, &column, 1, ROWS);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = 2;
  run.batch_rows = BATCH;
  run.observe = take_turns;
  dfq_frame *f = dfq_group_by(dfq_scan_table(db, t), "k", "count() as n");
  dfq_table *groups = dfq_collect(dfq_configure(f, &run));
  CHECK_INT(dfq_table_rows(groups), ROWS / 100);
  for (size_t r = 0; r < dfq_table_rows(groups); r++) {
    dfq_value v;
    dfq_table_get(groups, r, 0, &v);
    CHECK_INT(v.as.i, (int64_t)r);
  }
  dfq_table_free(groups);
  dfq_table_free(t);
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(groups_are_in_the_order_of_their_first_rows);
  return test_summary();
}
