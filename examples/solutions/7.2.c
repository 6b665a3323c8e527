// 7.2: what is kept per thread says where; the merge needs nothing else, and no luck.

enum { MOST_KEYS = 64 };

typedef struct counted {
  int key;
  long count;
  long first;
} counted;

typedef struct count_state {
  counted key[MOST_KEYS];
  int keys;
} count_state;

static void count_add(count_state *s, const counted *c) {
  int k = 0;
  while (k < s->keys && s->key[k].key != c->key) k++;
  if (k == s->keys) {
    s->key[s->keys++] = *c;
    return;
  }
  s->key[k].count += c->count;
  if (c->first < s->key[k].first) s->key[k].first = c->first;
}

static void count_take(count_state *s, const int *key, int n, long row) {
  for (int i = 0; i < n; i++) {
    counted one = { key[i], 1, row + i };
    count_add(s, &one);
  }
}

static int by_first(const void *a, const void *b) {
  long x = ((const counted *)a)->first, y = ((const counted *)b)->first;
  return (x > y) - (x < y);
}

static void count_merge(count_state *to, const count_state *from, int states) {
  for (int s = 0; s < states; s++)
    for (int k = 0; k < from[s].keys; k++) count_add(to, &from[s].key[k]);
  qsort(to->key, (size_t)to->keys, sizeof *to->key, by_first);
}
