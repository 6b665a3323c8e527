// ch8_machine.c - chapter 8: fitting the data to the machine. What is counted here is the same
// on every machine: probes of keys, bytes, passes of a sort. Times are bench/'s business.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

enum { ROWS = 10000 };

static const char *const country[] = { "Norway", "Brazil", "Canada", "Kenya", "Japan" };

// Groups by a text and a year, by comparing each row with each key known so far. Returns how
// many bytes were compared.
static size_t naive(size_t rows) {
  struct { const char *country; int64_t year; } key[64];
  size_t keys = 0, bytes = 0;
  for (size_t i = 0; i < rows; i++) {
    const char *name = country[i * 7 % 5];
    int64_t year = 2000 + (int64_t)(i * 13 % 8);
    size_t k = 0;
    while (k < keys) {
      size_t same = 0;
      while (name[same] && name[same] == key[k].country[same]) same++;
      bytes += same + 1;
      if (name[same] == key[k].country[same]) bytes += 8;
      if (name[same] == key[k].country[same] && key[k].year == year) break;
      k++;
    }
    if (k < keys) continue;
    key[keys].country = name;
    key[keys++].year = year;
  }
  return bytes;
}

// The engine's keys for a text and a year: what fields they have. False without memory.
static bool packed(dfq *db) {
  static const dfq_type type[] = { DFQ_STR, DFQ_I64 };
  dfq__key_set keys;
  dfq_view name[80];
  int64_t year[80];
  uint32_t number[80];
  for (int i = 0; i < 80; i++) {
    const char *s = country[i * 7 % 5];
    name[i] = dfq__view_of(s, (uint32_t)strlen(s));
    year[i] = 2000 + i * 13 % 8;
  }
  dfq__vec column[] = { dfq__vec_of(DFQ_STR, name, NULL), dfq__vec_of(DFQ_I64, year, NULL) };
  bool ok = dfq__keys_init(&keys, db, type, 2) && dfq__keys_add(&keys, column, 80, number);
  if (ok) {
    printf("  country   %d bits, from %lld\n", keys.pack[0].bits, (long long)keys.pack[0].base);
    printf("  year      %d bits, from %lld\n", keys.pack[1].bits, (long long)keys.pack[1].base);
    printf("  a key     %d bits: %s of %d places, %zu in use\n", keys.bits,
           keys.table.direct ? "an array" : "a hash table", 1 << keys.table.lg,
           keys.table.count);
  }
  dfq__keys_free(&keys);
  return ok;
}

// Bytes of a sort's words that are not the same in all rows: so many passes.
static int passes(const int64_t *value, size_t n) {
  uint64_t all = UINT64_MAX, any = 0;
  int differ = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t word = (uint64_t)value[i] ^ (uint64_t)1 << 63;
    all &= word;
    any |= word;
  }
  for (int byte = 0; byte < 8; byte++) differ += (all ^ any) >> 8 * byte & 255 ? 1 : 0;
  return differ;
}

static void show_passes(void) {
  static int64_t year[ROWS], cents[ROWS], change[ROWS];
  for (int i = 0; i < ROWS; i++) {
    year[i] = 1950 + i * 7919 % 75;
    cents[i] = (int64_t)i * 7919 % 100000;
    change[i] = cents[i] - 50000;
  }
  puts("\nBytes that a radix sort has to look at, of eight:\n");
  printf("  years, 1950 to 2024                %d\n", passes(year, ROWS));
  printf("  cents, 0 to 99,999                 %d\n", passes(cents, ROWS));
  printf("  the same, from -50,000 on          %d\n", passes(change, ROWS));
}

int main(void) {
  dfq *db = dfq_open(NULL);
  printf("The naive way: %d rows, 40 groups, %zu bytes compared\n", ROWS, naive(ROWS));
  puts("\nThe engine: two columns, packed into one word\n");
  bool good = packed(db);
  show_passes();
  dfq_close(db);
  return !good;
}
