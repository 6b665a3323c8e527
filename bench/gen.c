// gen.c - the data of db-benchmark (h2oai), to its published recipe, and a small TPC-H.
//
//   gen groupby N K NAs SORTED FILE     N rows: id1 .. id6, v1 .. v3
//   gen join N K NAs SORTED DIR         DIR/x.csv, small.csv, medium.csv, big.csv; K: unused
//   gen tpch SCALE DIR                  DIR/*.tbl, 6,000 lines of orders times SCALE, made up
//
// N, K and so on may be written 1e7. NAs: percent of the values (of the keys: of the distinct
// ones) that are missing. SORTED: 1 sorts by id1 .. id6. The recipe draws with R's generator
// and this one with its own, so the numbers differ from the published files; ranges,
// cardinalities and the share of keys that match are the same. The same bytes on every machine.
#include "../tests/tpch_data.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t state = 108;   // the recipe's seed

// A number below n: a linear congruential generator (Knuth, MMIX), its high bits.
static uint32_t below(uint32_t n) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((state >> 32) * n >> 32);
}

static void *need(size_t bytes) {
  void *p = malloc(bytes ? bytes : 1);
  if (p) return p;
  fputs("gen: out of memory\n", stderr);
  exit(1);
}

static FILE *create(const char *path) {
  FILE *f = fopen(path, "wb");
  if (f) return f;
  fprintf(stderr, "gen: cannot write %s: %s\n", path, strerror(errno));
  exit(1);
}

static void finish(FILE *f, const char *path) {
  if (!(ferror(f) | fclose(f))) return;
  fprintf(stderr, "gen: cannot write %s\n", path);
  exit(1);
}

// ---- groupby: two times three keys of few, few and many values, and three values ------------

enum { KEYS = 6 };

typedef struct g_row {
  uint32_t id[KEYS];   // 0: missing
  uint8_t v1, v2;      // likewise
  int32_t v3;          // in millionths; -1: missing
} g_row;

static int compare_rows(const void *a, const void *b) {
  const g_row *x = (const g_row *)a, *y = (const g_row *)b;
  for (int k = 0; k < KEYS; k++)
    if (x->id[k] != y->id[k]) return x->id[k] < y->id[k] ? -1 : 1;
  return 0;
}

// Of the distinct values of a key, these percent are missing wherever they stood.
static void lose_keys(g_row *row, uint32_t rows, int key, uint32_t distinct, uint32_t percent) {
  uint8_t *lost = (uint8_t *)need(distinct + 1);
  memset(lost, 0, distinct + 1);
  for (uint32_t n = (uint32_t)((uint64_t)distinct * percent / 100); n > 0;) {
    uint32_t value = 1 + below(distinct);
    n -= !lost[value];
    lost[value] = 1;
  }
  for (uint32_t i = 0; i < rows; i++)
    if (lost[row[i].id[key]]) row[i].id[key] = 0;
  free(lost);
}

static void print_row(FILE *f, const g_row *r) {
  for (int k = 0; k < KEYS; k++) {
    if (r->id[k]) fprintf(f, k < 2 ? "id%03u" : k == 2 ? "id%010u" : "%u", r->id[k]);
    putc(',', f);
  }
  if (r->v1) fprintf(f, "%d", r->v1);
  putc(',', f);
  if (r->v2) fprintf(f, "%d", r->v2);
  putc(',', f);
  if (r->v3 >= 0) fprintf(f, "%d.%06d", r->v3 / 1000000, r->v3 % 1000000);
  putc('\n', f);
}

static void groupby(uint32_t n, uint32_t k, uint32_t nas, bool sorted, const char *path) {
  const uint32_t distinct[KEYS] = { k, k, n / k, k, k, n / k };
  g_row *row = (g_row *)need(n * sizeof *row);
  FILE *f = create(path);
  for (uint32_t i = 0; i < n; i++) {
    for (int c = 0; c < KEYS; c++) row[i].id[c] = 1 + below(distinct[c]);
    row[i].v1 = (uint8_t)(1 + below(5));
    row[i].v2 = (uint8_t)(1 + below(15));
    row[i].v3 = (int32_t)below(100000000);
  }
  for (int c = 0; nas && c < KEYS; c++) lose_keys(row, n, c, distinct[c], nas);
  for (uint32_t i = 0; nas && i < n; i++) {
    if (below(100) < nas) row[i].v1 = 0;
    if (below(100) < nas) row[i].v2 = 0;
    if (below(100) < nas) row[i].v3 = -1;
  }
  if (sorted) qsort(row, n, sizeof *row, compare_rows);
  fputs("id1,id2,id3,id4,id5,id6,v1,v2,v3\n", f);
  for (uint32_t i = 0; i < n; i++) print_row(f, &row[i]);
  finish(f, path);
  free(row);
}

// ---- join: three keys of n/1e6, n/1e3 and n values; nine tenths of each side's match --------

static void shuffle(uint32_t *v, uint32_t n) {
  for (uint32_t i = n; i > 1; i--) {
    uint32_t j = below(i), t = v[i - 1];
    v[i - 1] = v[j];
    v[j] = t;
  }
}

// A key's values: 1 .. 1.1 n shuffled. The left side has the first n of them, the right one the
// first 0.9 n and the last 0.1 n.
typedef struct j_key { uint32_t *value, n, common; } j_key;

static j_key key_of(uint32_t n) {
  j_key k = { NULL, n, n - n / 10 };
  uint32_t all = n + n / 10;
  k.value = (uint32_t *)need(all * sizeof *k.value);
  for (uint32_t i = 0; i < all; i++) k.value[i] = i + 1;
  shuffle(k.value, all);
  return k;
}

static uint32_t key_at(const j_key *k, bool right, uint32_t i) {
  return k->value[right && i >= k->common ? i + k->n / 10 : i];
}

// rows values of a side: each of them at least once, the rest drawn, all in random order.
static uint32_t *draw_key(const j_key *k, bool right, uint32_t rows) {
  uint32_t *v = (uint32_t *)need(rows * sizeof *v);
  for (uint32_t i = 0; i < rows; i++) v[i] = key_at(k, right, i < k->n ? i : below(k->n));
  shuffle(v, rows);
  return v;
}

// The shape of all four tables.
typedef struct j_shape { const char *dir; uint32_t nas; bool sorted; } j_shape;

// One table: the first keys of the three as numbers, then as text, and a value. The left one
// has v1, the others v2.
static void join_table(const j_shape *shape, const char *name, const j_key *key, int keys,
                       uint32_t rows) {
  bool right = strcmp(name, "x") != 0;
  static const char *const header[] = { "id1,id4", "id1,id2,id4,id5",
                                        "id1,id2,id3,id4,id5,id6" };
  char path[1024];
  uint32_t *v[3] = { NULL, NULL, NULL };
  snprintf(path, sizeof path, "%s/%s.csv", shape->dir, name);
  FILE *f = create(path);
  g_row *order = (g_row *)need(rows * sizeof *order);
  memset(order, 0, rows * sizeof *order);
  for (int c = 0; c < keys; c++) v[c] = draw_key(&key[c], right, rows);
  for (uint32_t i = 0; i < rows; i++)
    for (int c = 0; c < keys; c++) order[i].id[c] = v[c][i];
  for (int c = 0; shape->nas && c < keys; c++)
    lose_keys(order, rows, c, key[c].n + key[c].n / 10, shape->nas);
  if (shape->sorted) qsort(order, rows, sizeof *order, compare_rows);
  fprintf(f, "%s,%s\n", header[keys - 1], right ? "v2" : "v1");
  for (uint32_t i = 0; i < rows; i++) {
    for (int c = 0; c < 2 * keys; c++) {
      uint32_t id = order[i].id[c % keys];
      if (id) fprintf(f, c < keys ? "%u" : "id%u", id);
      putc(',', f);
    }
    uint32_t x = below(100000000);
    bool missing = shape->nas && below(100) < shape->nas;
    if (!missing) fprintf(f, "%u.%06u", x / 1000000, x % 1000000);
    putc('\n', f);
  }
  for (int c = 0; c < keys; c++) free(v[c]);
  free(order);
  finish(f, path);
}

static void join(uint32_t n, const j_shape *shape) {
  uint32_t small = n / 1000000 < 10 ? 10 : n / 1000000;   // the recipe begins at 1e7 rows
  uint32_t medium = n / 1000 < 100 ? 100 : n / 1000;
  j_key key[3] = { key_of(small), key_of(medium), key_of(n) };
  join_table(shape, "x", key, 3, n);
  join_table(shape, "small", key, 1, small);
  join_table(shape, "medium", key, 2, medium);
  join_table(shape, "big", key, 3, n);
  for (int i = 0; i < 3; i++) free(key[i].value);
}

static int usage(void) {
  fputs("usage: gen groupby N K NAs SORTED FILE\n"
        "       gen join N K NAs SORTED DIR\n"
        "       gen tpch SCALE DIR\n", stderr);
  return 2;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "tpch") == 0) return !tpch_write(argv[3], atoi(argv[2]));
  if (argc != 7) return usage();
  double n = strtod(argv[2], NULL), k = strtod(argv[3], NULL), nas = strtod(argv[4], NULL);
  bool sorted = strtod(argv[5], NULL) != 0, group = strcmp(argv[1], "groupby") == 0;
  if (!(n >= 100 && n <= 1e9) || !(nas >= 0 && nas <= 90)) return usage();
  if (group && !(k >= 1 && k <= n)) return usage();
  j_shape shape = { argv[6], (uint32_t)nas, sorted };
  if (group) groupby((uint32_t)n, (uint32_t)k, (uint32_t)nas, sorted, argv[6]);
  else if (strcmp(argv[1], "join") == 0) join((uint32_t)n, &shape);
  else return usage();
  return 0;
}
