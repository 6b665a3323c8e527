// regex.c - a pattern, a zero byte, a text. Four functions must agree about what matches, both
// engines about the functions, and no pattern may take long: the fuzzer's own clock sees to it.
#include "fuzz.h"

static void fuzz_regex(const uint8_t *data, size_t size) {
  static const char *const functions[] = { "regex_match", "regex_count", "regex_extract",
                                           "regex_replace" };
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  char *pattern = fuzz_text(&in, true);
  dfq *db = fuzz_context(&disk);
  dfq_field field = { "s", DFQ_STR, NULL };
  dfq_value cell[3] = { fuzz_string((const char *)in.at, in.left), fuzz_string("aab", 3),
                        fuzz_value(DFQ_NULL, 0) };
  dfq_table *t = dfq_table_from_rows(db, &field, 1, cell, 3);
  dfq_expr *arg[3], *item[4];
  arg[0] = dfq_col(db, "s");
  arg[1] = dfq_str(db, pattern);
  arg[2] = dfq_str(db, "<$0>");
  for (int i = 0; i < 4; i++)
    item[i] = dfq_as(dfq_call(db, functions[i], arg, i == 3 ? 3 : 2), functions[i]);
  dfq_frame *f = dfq_select_exprs(dfq_scan_table(db, t), item, 4);
  dfq_table *got = dfq_frame_error(f) ? NULL : fuzz_same(db, f);
  for (size_t r = 0; got && r < 2; r++) {
    bool match = dfq_table_i64(got, r, 0) != 0;
    int64_t count = dfq_table_i64(got, r, 1);
    size_t n, part, whole = cell[r].len;
    const char *changed = dfq_table_str(got, r, 3, &n);
    (void)dfq_table_str(got, r, 2, &part);
    FUZZ_CHECK(match == (count > 0), pattern, "");
    FUZZ_CHECK(match == !dfq_table_is_null(got, r, 2), pattern, "");
    FUZZ_CHECK(part <= whole, pattern, "");
    FUZZ_CHECK(n == whole + 2 * (size_t)count, pattern, changed);   // "<" and ">" for each
  }
  dfq_table_free(got);
  dfq_table_free(t);
  dfq_close(db);
  free(pattern);
}
