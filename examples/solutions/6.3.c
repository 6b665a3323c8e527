// 6.3: takes says yes to few shapes only; open makes the list of the rows that pass, so that
// no filter is looked at later.

typedef struct cursor { int next, count, row[LINES]; } cursor;

// A comparison of that column with a literal of its type?
static bool compares(dfq_expr *filter, const char *column, dfq_type type) {
  dfq_value v;
  if (dfq_expr_kind_of(filter) != DFQ_CALL || dfq_expr_args(filter) != 2) return false;
  dfq_expr *left = dfq_expr_arg(filter, 0);
  return dfq_expr_kind_of(left) == DFQ_COLUMN && strcmp(dfq_expr_name(left), column) == 0 &&
         dfq_expr_literal(dfq_expr_arg(filter, 1), &v) && v.type == type;
}

static dfq_pushdown takes(void *user, dfq_expr *filter) {
  static const char *const ways[] = { "eq", "lt", "le", "gt", "ge" };
  (void)user;
  bool at = compares(filter, "at", DFQ_I64), level = compares(filter, "level", DFQ_STR);
  for (int i = 0; i < (at ? 5 : level ? 1 : 0); i++)
    if (strcmp(dfq_expr_name(filter), ways[i]) == 0) return DFQ_EXACT;
  return DFQ_UNSUPPORTED;
}

// Keeps the rows that pass one filter. False without memory.
static bool keep(cursor *c, dfq_expr *filter) {
  bool at = compares(filter, "at", DFQ_I64);
  int kept = 0;
  dfq_allowed allowed;
  if (!dfq_expr_allows(filter, at ? "at" : "level", at ? DFQ_I64 : DFQ_STR, &allowed))
    return false;
  for (int i = 0; i < c->count; i++) {
    dfq_value v = at ? entry_at(c->row[i]) : entry_level(c->row[i]);
    if (dfq_allows(&allowed, &v)) c->row[kept++] = c->row[i];
  }
  c->count = kept;
  return true;
}

static void *open_journal(void *user, const dfq_scan_request *request, const char **why) {
  cursor *c = (cursor *)calloc(1, sizeof *c);
  (void)user;
  *why = "no memory for a cursor";
  if (!c) return NULL;
  for (; c->count < LINES; c->count++) c->row[c->count] = c->count;
  for (int i = 0; i < request->filter_count; i++)
    if (!keep(c, request->filters[i])) { free(c); return NULL; }
  if (request->limit >= 0 && request->limit < c->count) c->count = (int)request->limit;
  return c;
}

static int next_entry(void *opened, dfq_page *page, const char **why) {
  cursor *c = (cursor *)opened;
  (void)why;
  if (c->next == c->count) return 0;
  hand_over(page, c->row[c->next++]);
  return 1;
}
