#include "test.h"
#include YOURS
#include <pthread.h>

// "0+4 4+4 8+2": what one thread is given.
static const char *dealt(size_t rows, size_t size) {
  static char text[400];
  morsels m = { rows, size, 0 };
  size_t n = 0, first, count;
  text[0] = 0;
  for (int i = 0; i < 20 && deal(&m, &first, &count); i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%d+%d", i ? " " : "", (int)first,
                          (int)count);
  for (int i = 0; i < 3; i++) CHECK(!deal(&m, &first, &count));
  return text;
}

TEST(deal_all_and_no_more) {
  CHECK_STR(dealt(12, 4), "0+4 4+4 8+4");
  CHECK_STR(dealt(10, 4), "0+4 4+4 8+2");
  CHECK_STR(dealt(3, 4), "0+3");
  CHECK_STR(dealt(0, 4), "");
}

enum { ROWS = 400003, SIZE = 2, THREADS = 4 };

static morsels shared;
static unsigned char seen[ROWS + SIZE];   // how often a row was dealt; by one thread, each

static void *work(void *arg) {
  size_t first, count;
  while (deal(&shared, &first, &count))
    for (size_t i = first; i < first + count && i < ROWS + SIZE; i++)
      if (seen[i] < 100) seen[i]++;
  return arg;
}

TEST(deal_each_row_once) {
  pthread_t thread[THREADS];
  int wrong = 0, started = 0;
  shared.rows = ROWS;
  shared.size = SIZE;
  shared.cursor = 0;
  while (started < THREADS && !pthread_create(&thread[started], NULL, work, NULL)) started++;
  for (int t = 0; t < started; t++) pthread_join(thread[t], NULL);
  for (size_t i = 0; i < ROWS + SIZE; i++) wrong += seen[i] != (i < ROWS);
  CHECK_INT(wrong, 0);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(deal_all_and_no_more);
  RUN(deal_each_row_once);
  return test_summary();
}
