#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS
#include "../measurements.h"

// An every over an operator that is open: what dfq__op_open does, without a node of its own.
static dfq__op *op_over(dfq__op *in, dfq__counters *count, size_t n) {
  dfq__run *run = in->run;
  every_op *e = (every_op *)dfq__arena_alloc(&run->own->arena, sizeof *e);
  size_t columns = (size_t)in->out.columns;
  if (!e) return NULL;
  dfq__op *op = &e->head;
  op->is = &every_class;
  op->run = run;
  op->node = in->node;
  op->in[0] = in;
  op->out.columns = in->out.columns;
  op->out.column = (dfq__vec *)dfq__arena_array(&run->own->arena, columns, sizeof(dfq__vec));
  op->eval.db = run->own;
  op->eval.heap = op->eval.strings.heap = run->own->heap;
  op->count = count;
  e->n = n;
  return op->out.column && every_class.open(op) ? op : NULL;
}

static char text_of_rows[4000];

// The first column of every n-th row, as text; "failed" stands behind the rows before an error.
static const char *every(dfq_frame *f, size_t n) {
  dfq__counters count;
  dfq__event got = DFQ__ERROR;
  size_t len = 0;
  memset(&count, 0, sizeof count);
  text_of_rows[0] = 0;
  dfq__run *run = dfq__run_open(f, true);
  dfq__op *in = run ? dfq__op_open(run, run->plan) : NULL;
  dfq__op *op = in ? op_over(in, &count, n) : NULL;
  while (op && (got = dfq__pull(op)) == DFQ__BATCH) {
    CHECK(op->out.rows > 0);
    for (size_t i = 0; i < op->out.rows && len + 32 < sizeof text_of_rows; i++) {
      dfq_value v;
      dfq_batch_get(&op->out, i, 0, &v);
      len += (size_t)snprintf(text_of_rows + len, sizeof text_of_rows - len,
                              v.type == DFQ_NULL ? "%s-" : "%s%d", len ? " " : "",
                              (int)v.as.i);
    }
  }
  if (got == DFQ__ERROR) strcpy(text_of_rows + len, len ? " failed" : "failed");
  dfq__op_close(op);
  dfq__run_close(run);
  return text_of_rows;
}

TEST(every_nth_of_one_batch) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  CHECK_STR(every(counted_frame(db, &ten, 100), 1), "1 2 3 4 5 6 7 8 9 10");
  CHECK_STR(every(counted_frame(db, &ten, 100), 3), "1 4 7 10");
  CHECK_STR(every(counted_frame(db, &ten, 100), 100), "1");
  counted none = { 0, 0 };
  CHECK_STR(every(counted_frame(db, &none, 100), 3), "");
  dfq_close(db);
}

TEST(every_nth_at_any_batch_size) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  for (size_t batch_rows = 1; batch_rows < 12; batch_rows++) {
    CHECK_STR(every(counted_frame(db, &ten, batch_rows), 3), "1 4 7 10");
    CHECK_STR(every(counted_frame(db, &ten, batch_rows), 4), "1 5 9");
    CHECK_STR(every(counted_frame(db, &ten, batch_rows), 9), "1 10");
    dfq_frame *even = dfq_filter(counted_frame(db, &ten, batch_rows), "n % 2 = 0");
    CHECK_STR(every(even, 2), "2 6 10");
  }
  dfq_close(db);
}

TEST(every_nth_with_nulls) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  for (size_t batch_rows = 1; batch_rows < 12; batch_rows++)
    CHECK_STR(every(dfq_select(counted_frame(db, &ten, batch_rows),
                               "case when n > 4 then n end as n"), 2), "- - 5 7 9");
  dfq_close(db);
}

TEST(every_nth_before_an_error) {
  counted ten = { 10, 0 };
  dfq *db = dfq_open(NULL);
  for (size_t batch_rows = 1; batch_rows < 12; batch_rows++) {
    dfq_frame *f = dfq_filter(counted_frame(db, &ten, batch_rows),
                              "n + 9223372036854775800 > 0");
    CHECK_STR(every(f, 3), "1 4 7 failed");
    CHECK_STR(every(f, 4), "1 5 failed");
    dfq_clear_error(db);
  }
  dfq_close(db);
}

// Everything that is allocated is counted, so that what is lost can be seen.
static size_t in_use;

static void *counting(void *user, void *block, size_t old_size, size_t new_size) {
  (void)user;
  void *to = NULL;
  if (new_size) to = realloc(block, new_size);
  else free(block);
  if (to || !new_size) in_use = in_use - old_size + new_size;
  return to;
}

TEST(every_gives_memory_back) {
  counted many = { 5000, 0 };
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.realloc = counting;
  dfq *db = dfq_open(&options);
  every(counted_frame(db, &many, 2048), 700);
  dfq_close(db);
  CHECK_INT(in_use, 0);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(every_nth_of_one_batch);
  RUN(every_nth_at_any_batch_size);
  RUN(every_nth_with_nulls);
  RUN(every_nth_before_an_error);
  RUN(every_gives_memory_back);
  return test_summary();
}
