// custom_source.c - a table that is not in a file: readings of a sensor, kept one page a day.
// The query's conditions choose the pages, its columns what is filled in, its limit when to
// stop; dfq_check_source shows that all of it is right.
//
//   make build/custom_source && build/custom_source
#include <stdlib.h>
#include <string.h>
#define DFQ_IMPLEMENTATION
#include "dfq.h"

enum { DAYS = 365, A_DAY = 24, FIRST_DAY = 19723 };   // 2024-01-01

static const dfq_field fields[] = {
  { "day", DFQ_DATE, NULL }, { "hour", DFQ_I32, NULL }, { "celsius", DFQ_F64, NULL },
  { "state", DFQ_STR, NULL },
};

// One reading of the source: what is left of it, and the memory of the page at hand.
typedef struct reading {
  int *pages;            // counts pages over all readings, for this example
  int day, last;         // days to come
  int32_t days[A_DAY], hours[A_DAY];
  double celsius[A_DAY];
  const char *state[A_DAY];
} reading;

// Conditions on the day choose pages. A plain comparison with a day is obeyed to the letter;
// of anything else about it, pages that cannot match are left out and the engine does the rest.
static dfq_pushdown takes(void *user, dfq_expr *filter) {
  const char *const *columns;
  dfq_value value;
  (void)user;
  if (dfq_expr_columns(filter, &columns) != 1 || strcmp(columns[0], "day") != 0)
    return DFQ_UNSUPPORTED;
  bool plain = dfq_expr_kind_of(filter) == DFQ_CALL && dfq_expr_args(filter) == 2 &&
               dfq_expr_kind_of(dfq_expr_arg(filter, 0)) == DFQ_COLUMN &&
               dfq_expr_literal(dfq_expr_arg(filter, 1), &value) && value.type == DFQ_DATE;
  const char *name = plain ? dfq_expr_name(filter) : "";
  bool range = strcmp(name, "eq") == 0 || strcmp(name, "lt") == 0 || strcmp(name, "le") == 0 ||
               strcmp(name, "gt") == 0 || strcmp(name, "ge") == 0;
  return range ? DFQ_EXACT : DFQ_INEXACT;
}

// Narrows the days by each condition: the helper says between which values it can be true.
static void *open_reading(void *user, const dfq_scan_request *request, const char **why) {
  reading *r = (reading *)calloc(1, sizeof *r);
  if (!r) { *why = "no memory for a page"; return NULL; }
  r->pages = (int *)user;
  r->day = FIRST_DAY;
  r->last = FIRST_DAY + DAYS - 1;
  for (int i = 0; i < request->filter_count; i++) {
    dfq_allowed days;
    if (!dfq_expr_allows(request->filters[i], "day", DFQ_DATE, &days)) continue;
    if (days.none) r->last = r->day - 1;
    if (days.low.type == DFQ_DATE && days.low.as.i + days.low_open > r->day)
      r->day = (int)days.low.as.i + days.low_open;
    if (days.high.type == DFQ_DATE && days.high.as.i - days.high_open < r->last)
      r->last = (int)days.high.as.i - days.high_open;
  }
  return r;
}

// A page is a day. Columns that are not wanted are not even computed.
static int next_page(void *cursor, dfq_page *page, const char **why) {
  reading *r = (reading *)cursor;
  (void)why;
  if (r->day > r->last) return 0;
  ++*r->pages;
  for (int h = 0; h < A_DAY; h++) {
    r->days[h] = r->day;
    r->hours[h] = h;
    r->celsius[h] = (r->day * 7 % 40) / 2.0 + (h > 12 ? 24 - h : h) * 0.25 - 5;
    r->state[h] = r->day % 9 == 0 && h == 3 ? NULL : r->celsius[h] < 0 ? "freezing" : "ok";
  }
  r->day++;
  dfq_page_rows(page, A_DAY);
  dfq_page_column(page, 0, DFQ_DATE, r->days, NULL);
  dfq_page_column(page, 1, DFQ_I32, r->hours, NULL);
  dfq_page_column(page, 2, DFQ_F64, r->celsius, NULL);
  if (dfq_page_wants(page, 3)) dfq_page_texts(page, 3, r->state, NULL);
  return 1;
}

int main(void) {
  int pages = 0;
  dfq *db = dfq_open(NULL);
  dfq_source source;
  memset(&source, 0, sizeof source);
  source.size = sizeof source;
  source.name = "the sensor";
  source.fields = fields;
  source.count = 4;
  source.user = &pages;
  source.open = open_reading;
  source.next = next_page;
  source.close = free;
  source.takes = takes;
  source.rows = DAYS * A_DAY;
  source.sorted = "day, hour";
  dfq_register(db, "sensor", dfq_scan_source(db, &source));

  dfq_frame *q = dfq_query(db, "sensor | filter day >= date '2024-03-01' and "
                               "day < date '2024-03-08' and celsius < 0"
                               " | group day: count() as hours, min(celsius) as coldest");
  bool ok = dfq_show(q, stdout);
  printf("%d of %d pages were made\n\n", pages, DAYS);
  ok = dfq_explain_as(q, DFQ_EXPLAIN_OPTIMIZED, stdout) && ok;
  printf("\n");
  ok = dfq_explain_as(q, DFQ_EXPLAIN_JOURNAL, stdout) && ok;

  pages = 0;
  q = dfq_query(db, "sensor | filter day = date '2024-07-14' | limit 3");
  printf("\n");
  ok = dfq_show(q, stdout) && ok;
  printf("%d page was made\n\n", pages);

  ok = dfq_check_source(db, &source, stdout) && ok;
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
