#include "dfq.h"
#include "test.h"

enum { LINES = 400 };

static int handed;   // rows, by all readings since it was set to 0

// at: two entries for each tick, null in the last ten.
static dfq_value entry_at(int i) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  if (i >= LINES - 10) return v;
  v.type = DFQ_I64;
  v.as.i = i / 2;
  return v;
}

static dfq_value entry_level(int i) {
  static const char *const levels[] = { "info", "error", "info", "warning", NULL, "info" };
  const char *level = levels[i % 6];
  dfq_value v;
  memset(&v, 0, sizeof v);
  if (!level) return v;
  v.type = DFQ_STR;
  v.as.s = level;
  v.len = strlen(level);
  return v;
}

static void hand_over(dfq_page *page, int i) {
  dfq_value row[2];
  row[0] = entry_at(i);
  row[1] = entry_level(i);
  dfq_page_row(page, row);
  handed++;
}

#include YOURS

static dfq_source journal(void) {
  static const dfq_field fields[] = { { "at", DFQ_I64, NULL }, { "level", DFQ_STR, NULL } };
  dfq_source s;
  memset(&s, 0, sizeof s);
  s.size = sizeof s;
  s.name = "the journal";
  s.fields = fields;
  s.count = 2;
  s.open = open_journal;
  s.next = next_entry;
  s.close = free;
  s.takes = takes;
  return s;
}

// How many rows come out of a query, and how many the source handed over for it.
static void brings(const char *at, const char *stages, int want_rows, int want_handed) {
  char text[200];
  dfq *db = dfq_open(NULL);
  dfq_source s = journal();
  dfq_register(db, "journal", dfq_scan_source(db, &s));
  snprintf(text, sizeof text, "journal | %s", stages);
  handed = 0;
  dfq_table *t = dfq_collect(dfq_query(db, text));
  test_int(at, stages, "rows", t ? (long long)dfq_table_rows(t) : -1, want_rows);
  test_int(at, stages, "handed over", handed, want_handed);
  dfq_table_free(t);
  dfq_close(db);
}

#define BRINGS(stages, rows, handed) brings(TEST_AT, stages, rows, handed)

TEST(ranges) {
  BRINGS("filter at >= 100 and at < 110", 20, 20);
  BRINGS("filter at = 7", 2, 2);
  BRINGS("filter at <= 3", 8, 8);
  BRINGS("filter at > 192", 4, 4);
  BRINGS("filter at > 5 and at < 5", 0, 0);
}

TEST(levels) {
  BRINGS("filter level = 'error'", 67, 67);
  BRINGS("filter level = 'error' and at < 30", 10, 10);
  BRINGS("filter level = 'nothing'", 0, 0);
}

TEST(limits) {
  BRINGS("limit 3", 3, 3);
  BRINGS("filter at >= 100 | limit 3", 3, 3);
  BRINGS("filter level = 'error' | limit 100", 67, 67);
}

TEST(what_is_not_taken_is_left_to_the_engine) {
  BRINGS("filter at is null", 10, LINES);
  BRINGS("filter level != 'info' and at < 10", 7, 20);
}

TEST(keeps_its_promises) {
  dfq *db = dfq_open(NULL);
  dfq_source s = journal();
  CHECK(dfq_check_source(db, &s, stderr));
  dfq_close(db);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(ranges);
  RUN(levels);
  RUN(limits);
  RUN(what_is_not_taken_is_left_to_the_engine);
  RUN(keeps_its_promises);
  return test_summary();
}
