#include "dfq.h"
#include "test.h"

typedef struct entry { int64_t key, row; } entry;
static int64_t asked;

static inline bool before(const entry *a, const entry *b) {
  asked++;
  return a->key != b->key ? a->key > b->key : a->row < b->row;
}

#include YOURS

static dfq_value of(int64_t key) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  v.type = DFQ_I64;
  v.as.i = key;
  return v;
}

// What comes out, as "key@row key@row".
static const char *text_of(dfq_rows *in, size_t k) {
  static char text[1000];
  static entry best[100];
  int64_t n = top_k(in, best, k);
  size_t at = 0;
  text[0] = 0;
  if (n < 0) return "failed";
  for (int64_t i = 0; i < n && at < sizeof text - 50; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld@%lld", at ? " " : "",
                           (long long)best[i].key, (long long)best[i].row);
  return text;
}

TEST(top_k_best_first) {
  dfq *db = dfq_open(NULL);
  dfq_value cells[] = { of(3), of(9), of(-4), of(7), of(1), of(8) };
  CHECK_STR(text_of(dfq_rows_array(db, cells, 6, 1), 3), "9@1 8@5 7@3");
  CHECK_STR(text_of(dfq_rows_array(db, cells, 6, 1), 1), "9@1");
  CHECK_STR(text_of(dfq_rows_array(db, cells, 6, 1), 0), "");
  CHECK_STR(text_of(dfq_rows_array(db, cells, 6, 1), 10), "9@1 8@5 7@3 3@0 1@4 -4@2");
  CHECK_STR(text_of(dfq_rows_array(db, cells, 0, 1), 3), "");
  dfq_close(db);
}

TEST(top_k_of_equals_the_earlier) {
  dfq *db = dfq_open(NULL);
  dfq_value cells[] = { of(5), of(6), of(5), of(5), of(6) };
  CHECK_STR(text_of(dfq_rows_array(db, cells, 5, 1), 3), "6@1 6@4 5@0");
  CHECK_STR(text_of(dfq_rows_array(db, cells, 5, 1), 4), "6@1 6@4 5@0 5@2");
  dfq_close(db);
}

TEST(top_k_passes_over_nulls) {
  dfq *db = dfq_open(NULL);
  dfq_value cells[] = { of(1), of(2), of(3) };
  cells[1].type = DFQ_NULL;
  CHECK_STR(text_of(dfq_rows_array(db, cells, 3, 1), 3), "3@2 1@0");
  dfq_close(db);
}

static int fails(void *cursor, dfq_value *row) {
  int *left = (int *)cursor;
  row[0] = of(*left);
  return (*left)-- > 0 ? 1 : -1;
}
static void *give(void *user) { return user; }

TEST(top_k_hands_errors_on) {
  static const dfq_field field[] = { { "n", DFQ_I64, NULL } };
  int left = 4;
  dfq *db = dfq_open(NULL);
  dfq_row_source s;
  memset(&s, 0, sizeof s);
  s.fields = field;
  s.count = 1;
  s.user = &left;
  s.open = give;
  s.next = fails;
  CHECK_STR(text_of(dfq_rows_source(db, &s), 2), "failed");
  dfq_close(db);
}

// The worst order there is: every row is better than all before it.
TEST(top_k_asks_a_few_times_a_row) {
  enum { ROWS = 20000, K = 1000 };
  static dfq_value cells[ROWS];
  static entry best[K];
  dfq *db = dfq_open(NULL);
  for (int i = 0; i < ROWS; i++) cells[i] = of(i);
  asked = 0;
  CHECK_INT(top_k(dfq_rows_array(db, cells, ROWS, 1), best, K), K);
  CHECK(best[0].key == ROWS - 1 && best[K - 1].key == ROWS - K);
  CHECK(asked <= (int64_t)ROWS * 24);
  for (int i = 0; i < ROWS; i++) cells[i] = of(ROWS - i);
  asked = 0;
  CHECK_INT(top_k(dfq_rows_array(db, cells, ROWS, 1), best, K), K);
  CHECK(asked <= ROWS + K * 36);         // nearly every row costs one question
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(top_k_best_first);
  RUN(top_k_of_equals_the_earlier);
  RUN(top_k_passes_over_nulls);
  RUN(top_k_hands_errors_on);
  RUN(top_k_asks_a_few_times_a_row);
  return test_summary();
}
