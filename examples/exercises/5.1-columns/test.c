#include "dfq.h"
#include "test.h"
#include "plan.h"
#include YOURS

static const char *const columns[] = { "id", "region", "year", "amount", "note" };

static dfq_frame *scan(dfq *db) {
  static int64_t n[3] = { 1, 2, 3 };
  dfq_column c[5];
  memset(c, 0, sizeof c);
  for (int i = 0; i < 5; i++) {
    c[i].name = columns[i];
    c[i].type = DFQ_I64;
    c[i].data = n;
  }
  dfq_table *t = dfq_table_new(db, c, 5, 3);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  return f;
}

// "a, b" or "x + 1 as a, y as b".
static const char *list(char *to, const char *const *item, const char *const *made) {
  to[0] = 0;
  for (int i = 0; i < 4 && item[i]; i++)
    sprintf(to + strlen(to), made && made[i] ? "%s%s as %s" : "%s%s", i ? ", " : "", item[i],
            made ? made[i] : NULL);
  return to;
}

static dfq_frame *stage_on(dfq_frame *f, const stage *s) {
  char items[200], keys[200];
  list(items, s->item, s->made);
  if (!strcmp(s->kind, "filter")) return dfq_filter(f, items);
  if (!strcmp(s->kind, "sort")) return dfq_sort(f, items);
  if (!strcmp(s->kind, "select")) return dfq_select(f, items);
  if (!strcmp(s->kind, "with")) return dfq_with_columns(f, items);
  return dfq_group_by(f, list(keys, s->key, NULL), items);
}

// Does the engine's scan bring that column? The JSON form of explain ends with it.
static bool engine_reads(const char *json, const char *name) {
  char piece[40];
  const char *at = strstr(json, "\"kind\":\"scan\"");
  snprintf(piece, sizeof piece, "{\"name\":\"%s\"", name);
  const char *found = at ? strstr(at, piece) : NULL;
  return found && found < strstr(at, "\"inputs\"");
}

// plan: from the top down to a scan. The engine has the plan, too, and is asked.
static void compare(const stage *plan, int count) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = scan(db);
  names need = { { NULL }, 0 };
  for (int i = count; i-- > 0;) f = stage_on(f, &plan[i]);
  const dfq_schema *all = dfq_schema_of(f);
  const char *json = dfq_explain_text(f, DFQ_EXPLAIN_JSON);
  CHECK_STR(dfq_error(db), "");
  for (int c = 0; all && c < all->count; c++) add(&need, all->field[c].name);
  for (int i = 0; i < count; i++) need = asked(&plan[i], need, db);
  for (int c = 0; json && c < 5; c++)
    if (has(&need, columns[c]) != engine_reads(json, columns[c]))
      test_fail("  column %s: yours says %s\n", columns[c], has(&need, columns[c]) ? "read"
                                                                              : "not read");
  dfq_close(db);
}

TEST(select_ends_it) {
  static const stage plan[] = {
    { "select", { "id", "year + 1" }, { "id", "next" }, { NULL } },
    { "filter", { "amount > 1" }, { NULL }, { NULL } },
  };
  compare(plan, 2);
}

TEST(with_makes_what_it_was_asked_for) {
  static const stage plan[] = {
    { "select", { "tax" }, { "tax" }, { NULL } },
    { "with", { "amount * 2", "note + 1" }, { "tax", "lost" }, { NULL } },
    { "sort", { "year" }, { NULL }, { NULL } },
  };
  compare(plan, 3);
}

TEST(with_may_read_what_it_makes) {
  static const stage plan[] = {
    { "select", { "amount", "note" }, { "amount", "note" }, { NULL } },
    { "with", { "amount + id", "year" }, { "amount", "note" }, { NULL } },
  };
  compare(plan, 2);
}

TEST(group_keeps_its_keys) {
  static const stage plan[] = {
    { "select", { "total" }, { "total" }, { NULL } },
    { "group", { "sum(amount)", "max(note)" }, { "total", "last" }, { "region" } },
    { "filter", { "year = 2" }, { NULL }, { NULL } },
  };
  compare(plan, 3);
}

int main(int argc, char **argv) {
  test_begin(argc, argv);
  RUN(select_ends_it);
  RUN(with_makes_what_it_was_asked_for);
  RUN(with_may_read_what_it_makes);
  RUN(group_keeps_its_keys);
  return test_summary();
}
