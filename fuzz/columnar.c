// columnar.c - a columnar file. Somebody who writes a file writes its checksums, too, so those
// are made right first, as far as the footer can be found: what is tried is what stands under
// them. Whatever it is, it is an error or a table, and then the same one in every way.
#include "fuzz.h"

// The same sums as the engine's, written once more: h becomes (h ^ word) * C1, turned by 29.
static uint64_t columnar_check(const char *s, size_t n) {
  uint64_t h[4] = { 1, 2, 3, 4 }, all = n;
  for (size_t i = 0; i < n; i += 8) {
    uint64_t w = 0;
    memcpy(&w, s + i, n - i < 8 ? n - i : 8);
    uint64_t *x = &h[i / 8 % 4];
    *x = (*x ^ w) * UINT64_C(0x9E3779B97F4A7C15);
    *x = *x << 29 | *x >> 35;
  }
  for (size_t i = (n + 7) / 8; i % 4; i++) {   // the last step is always one of four words
    h[i % 4] *= UINT64_C(0x9E3779B97F4A7C15);
    h[i % 4] = h[i % 4] << 29 | h[i % 4] >> 35;
  }
  for (int i = 0; i < 4; i++) {
    all = (all ^ h[i]) * UINT64_C(0xD6E8FEB86659FD93);
    all ^= all >> 32;
  }
  return all;
}

enum { COLUMNAR_BLOCK = 88, COLUMNAR_TAIL = 32 };

static uint64_t columnar_word(const char *at) {
  uint64_t w;
  memcpy(&w, at, sizeof w);
  return w;
}

static void columnar_mend(char *bytes, size_t n) {
  static const char mark[8] = { '\x89', 'D', 'F', 'Q', '\r', '\n', '\x1a', '\n' };
  static const uint32_t head[2] = { 0x01020304, 1 };
  if (n < 64 + 16 + COLUMNAR_TAIL) return;
  char *tail = bytes + n - COLUMNAR_TAIL;
  memcpy(bytes, mark, sizeof mark);
  memcpy(bytes + 8, head, sizeof head);
  memset(bytes + 16, 0, 48);
  memcpy(tail + 24, mark, sizeof mark);
  uint64_t from = columnar_word(tail), size = n - COLUMNAR_TAIL - from;
  if (from < 64 || from > n - COLUMNAR_TAIL - 16) return;
  memcpy(tail + 8, &size, sizeof size);
  uint32_t counts[2];   // columns, groups
  memcpy(counts, bytes + from, sizeof counts);
  uint64_t blocks = (uint64_t)counts[0] * counts[1];
  for (uint64_t i = 1; i <= blocks && i * COLUMNAR_BLOCK <= size; i++) {
    char *b = tail - i * COLUMNAR_BLOCK;
    uint64_t offset = columnar_word(b), length = columnar_word(b + 8);
    if (offset > n || length > n - offset) continue;
    uint64_t check = columnar_check(bytes + offset, (size_t)length);
    memcpy(b + 16, &check, sizeof check);
  }
  uint64_t check = columnar_check(bytes + from, (size_t)size);
  memcpy(tail + 16, &check, sizeof check);
}

static void fuzz_columnar(const uint8_t *data, size_t size) {
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  fuzz_put(&disk, "a.dfq", data, size);
  columnar_mend(disk.file[0].bytes, size);
  dfq *db = fuzz_context(&disk);
  dfq_frame *f = dfq_scan_columnar(db, "a.dfq", NULL);
  const dfq_schema *s = dfq_schema_of(f);
  if (!dfq_frame_error(f)) {
    dfq_table *t = fuzz_same(db, f);
    char why[256];
    FUZZ_CHECK(!t || dfq_table_equal(t, t, why, sizeof why), "not equal to itself", "");
    bool written = t && dfq_write(f, "out.dfq", NULL);
    fuzz_file *w = fuzz_find(&disk, "written");
    if (written) {   // and written once more it is the same
      fuzz_put(&disk, "again.dfq", w->bytes, w->size);
      dfq_table *again = dfq_collect(dfq_scan_columnar(db, "again.dfq", NULL));
      FUZZ_CHECK(again || fuzz_gave_up(db), dfq_error(db), "");
      FUZZ_CHECK(!again || dfq_table_equal(t, again, why, sizeof why), "written again", why);
      dfq_table_free(again);
    }
    dfq_table_free(t);
    // Bounds that lie may leave rows out; they must not lead anywhere else.
    dfq_expr *first = s->count ? dfq_col(db, s->field[0].name) : dfq_null(db);
    (void)dfq_count(dfq_filter_expr(f, dfq_is_null(first)));
    (void)dfq_count(dfq_filter_expr(f, dfq_lt(first, dfq_i64(db, 3))));
    (void)dfq_count(dfq_filter_expr(f, dfq_ge(first, dfq_str(db, "a text of some length"))));
  } else {
    const char *why = dfq_frame_error(f);
    FUZZ_CHECK(strstr(why, "a.dfq: ") || fuzz_gave_up(db), why, "");
  }
  dfq_close(db);
  fuzz_clear(&disk);
}
