#define DFQ_IMPLEMENTATION
#include "dfq.h"
#include "test.h"
#include YOURS

enum { MORSEL = 5, MORSELS = 40, THREADS = 3 };

static int key[MORSEL * MORSELS];

static void make_keys(void) {
  uint32_t x = 7;
  for (int i = 0; i < MORSEL * MORSELS; i++) {
    x = x * 1664525 + 1013904223;
    key[i] = (int)(x >> 16) % (3 + i / 8);
  }
}

static const char *state_text(const count_state *s) {
  static char text[2000];
  size_t n = 0;
  text[0] = 0;
  for (int k = 0; k < s->keys; k++)
    n += (size_t)sprintf(text + n, "%s%d:%ld", k ? " " : "", s->key[k].key, s->key[k].count);
  return text;
}

// What a plain loop over all rows says.
static const char *plain(void) {
  static char text[2000];
  count_state s;
  memset(&s, 0, sizeof s);
  for (int i = 0; i < MORSEL * MORSELS; i++) {
    int k = 0;
    while (k < s.keys && s.key[k].key != key[i]) k++;
    if (k == s.keys) s.key[s.keys++].key = key[i];
    s.key[k].count++;
  }
  strcpy(text, state_text(&s));
  return text;
}

// Each morsel goes to the thread that who names; the states are merged as they stand.
static const char *scheduled(const int *who) {
  static count_state state[THREADS], all;
  memset(state, 0, sizeof state);
  memset(&all, 0, sizeof all);
  for (int m = 0; m < MORSELS; m++)
    count_take(&state[who[m]], key + m * MORSEL, MORSEL, (long)m * MORSEL);
  count_merge(&all, state, THREADS);
  return state_text(&all);
}

TEST(count_by_one_thread) {
  int who[MORSELS] = { 0 };
  CHECK_STR(scheduled(who), plain());
}

TEST(count_by_whoever_is_free) {
  uint32_t x = 1;
  for (int turn = 0; turn < 200; turn++) {
    int who[MORSELS];
    for (int m = 0; m < MORSELS; m++) who[m] = (int)((x = x * 1664525 + 1013904223) >> 30) % 3;
    CHECK_STR(scheduled(who), plain());
  }
}

TEST(count_when_the_last_thread_began) {
  int who[MORSELS];
  for (int m = 0; m < MORSELS; m++) who[m] = m < 20 ? 2 : 0;
  CHECK_STR(scheduled(who), plain());
}

typedef struct crew {
  count_state state[THREADS];
  size_t cursor;
} crew;

static void work(void *arg, int worker) {
  crew *c = (crew *)arg;
  for (size_t m; (m = dfq__add_fetch(&c->cursor, 1) - 1) < MORSELS;)
    count_take(&c->state[worker], key + m * MORSEL, MORSEL, (long)m * MORSEL);
}

TEST(count_by_threads) {
  static crew c;
  static count_state all;
  dfq__parallel(THREADS, work, &c);
  count_merge(&all, c.state, THREADS);
  CHECK_STR(state_text(&all), plain());
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  make_keys();
  RUN(count_by_one_thread);
  RUN(count_by_whoever_is_free);
  RUN(count_when_the_last_thread_began);
  RUN(count_by_threads);
  return test_summary();
}
