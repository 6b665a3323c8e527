// 7.2, medium: count(), group by key, by several threads, as one would answer.
//
// The rows are cut into morsels. A thread takes some of them, each ascending, and counts in a
// state of its own: nobody else looks at it. At the end one thread merges the states. Keys must
// come out in the order of their first rows, whoever was faster. Complete both functions.

enum { MOST_KEYS = 64 };

typedef struct counted {
  int key;
  long count;
  long first;                     // yours to use: where this key was first seen
} counted;

typedef struct count_state {
  counted key[MOST_KEYS];
  int keys;
} count_state;

// Counts a morsel's n keys. row: the number of its first row in the whole input.
static void count_take(count_state *s, const int *key, int n, long row) {
  (void)row;
  for (int i = 0; i < n; i++) {
    int k = 0;
    while (k < s->keys && s->key[k].key != key[i]) k++;
    if (k == s->keys) s->key[s->keys++].key = key[i];
    s->key[k].count++;
  }
}

// Merges the states of all threads into to, which is empty.
static void count_merge(count_state *to, const count_state *from, int states) {
  (void)from;                     // yours: now only the first thread's groups are there
  if (states) *to = from[0];
}
