// 6.3, hard: a source that obeys. A journal of LINES entries, in the order of `at`; where `at`
// is null, at the end, the clock had stopped. `level` is null for some.
//
// The three functions below are a correct source that brings all of it, whatever is asked:
// dfq_check_source finds nothing. Make it answer DFQ_EXACT to
//
//   at = 5, at < 5, at <= 5, at > 5, at >= 5       a column and a literal, on that side
//   level = 'error'
//
// and to nothing else, bring exactly the rows for which all that it took is true, and no more
// than request->limit of them. The tests count the rows that you hand over, and then
// dfq_check_source tries to catch you.
//
// You have: dfq_expr_kind_of, dfq_expr_name ("eq", "lt", "le", "gt", "ge"), dfq_expr_arg,
// dfq_expr_literal in takes; dfq_expr_allows and dfq_allows (or the same functions again) in
// open; entry_at(i) and entry_level(i) for the values of row i, 0 .. LINES - 1. What you learn
// from filters must be in the cursor when open returns.

typedef struct cursor { int next; } cursor;

static dfq_pushdown takes(void *user, dfq_expr *filter) {
  (void)user;
  (void)filter;
  return DFQ_UNSUPPORTED;                        // yours
}

static void *open_journal(void *user, const dfq_scan_request *request, const char **why) {
  cursor *c = (cursor *)calloc(1, sizeof *c);    // yours: what request->filters say
  (void)user;
  (void)request;
  if (!c) *why = "no memory for a cursor";
  return c;
}

// A row, or the end. hand_over counts it, and puts it into the page.
static int next_entry(void *opened, dfq_page *page, const char **why) {
  cursor *c = (cursor *)opened;
  (void)why;
  if (c->next == LINES) return 0;
  hand_over(page, c->next++);                    // yours: only if it is wanted
  return 1;
}
