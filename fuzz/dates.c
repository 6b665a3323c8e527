// dates.c - a format of strftime's signs, a zero byte, a text. What is read by the format is
// written by it, and that is read as something that is written alike; both engines agree, and
// the errors of parse_date say what try_parse_date makes null.
#include "fuzz.h"

static dfq_frame *dates_select(dfq *db, dfq_table *t, const char *format) {
  static const char *const read[] = { "try_parse_datetime", "try_parse_date" };
  dfq_expr *arg[2], *item[6], *again[2];
  for (int i = 0; i < 2; i++) {
    arg[0] = dfq_col(db, "s");
    arg[1] = dfq_str(db, format);
    item[3 * i] = arg[0] = dfq_call(db, read[i], arg, 2);
    item[3 * i + 1] = again[0] = dfq_call(db, "format", arg, 2);
    again[1] = arg[1];
    arg[0] = dfq_call(db, read[i], again, 2);
    item[3 * i + 2] = dfq_call(db, "format", arg, 2);
  }
  for (int i = 0; i < 6; i++) {
    static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
    item[i] = dfq_as(item[i], names[i]);
  }
  return dfq_select_exprs(dfq_scan_table(db, t), item, 6);
}

// Does each part of the clock stand in the format once? Twice they add up, and what is written
// of that is read as still more.
static bool dates_once(const char *format) {
  int hours = 0, minutes = 0, seconds = 0, parts = 0;
  for (const char *s = format; *s; s++) {
    if (*s != '%' || !s[1]) continue;
    s++;
    hours += strchr("HITR", *s) != NULL;
    minutes += strchr("MTR", *s) != NULL;
    seconds += strchr("ST", *s) != NULL;
    parts += *s == 'f';
  }
  return hours <= 1 && minutes <= 1 && seconds <= 1 && parts <= 1;
}

static void fuzz_dates(const uint8_t *data, size_t size) {
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  char *format = fuzz_text(&in, true);
  dfq *db = fuzz_context(&disk);
  dfq_field field = { "s", DFQ_STR, NULL };
  dfq_value cell[3] = { fuzz_string((const char *)in.at, in.left),
                        fuzz_string("2024-02-29 13:05:59", 19), fuzz_value(DFQ_NULL, 0) };
  dfq_table *t = dfq_table_from_rows(db, &field, 1, cell, 3);
  dfq_frame *f = dates_select(db, t, format);
  dfq_table *got = dfq_frame_error(f) ? NULL : fuzz_same(db, f);
  for (size_t r = 0; got && r < 3; r++)
    for (int c = 0; c < 6; c += 3) {
      size_t n = 0, m = 0;
      bool null = dfq_table_is_null(got, r, c);
      const char *first = dfq_table_str(got, r, c + 1, &n);
      const char *second = dfq_table_str(got, r, c + 2, &m);
      FUZZ_CHECK(null == dfq_table_is_null(got, r, c + 1), format, "");
      if (null || dfq_table_is_null(got, r, c + 2) || !dates_once(format)) continue;
      FUZZ_CHECK(n == m && memcmp(first, second, n) == 0, format, first);
    }
  dfq_table_free(got);
  dfq_table_free(t);
  dfq_close(db);
  free(format);
}
