// plan.h - what exercise 5.1 works on: a plan without joins as a list, and a set of names.
#ifndef PLAN_H
#define PLAN_H

// A node: "scan", "filter", "select", "with", "sort" or "group", and what it computes. made has
// a name for each item of select and with, and for each aggregate of a group.
typedef struct stage {
  const char *kind;
  const char *item[4];      // conditions, expressions, keys of a sort; up to a NULL
  const char *made[4];      // beside item: what the column is called. A filter makes none
  const char *key[4];       // group: its keys, which are columns
} stage;

enum { MOST_NAMES = 16 };

typedef struct names { const char *name[MOST_NAMES]; int count; } names;

static inline bool has(const names *s, const char *name) {
  for (int i = 0; i < s->count; i++)
    if (!strcmp(s->name[i], name)) return true;
  return false;
}

static inline void add(names *s, const char *name) {
  if (!has(s, name) && s->count < MOST_NAMES) s->name[s->count++] = name;
}

static inline void take_out(names *s, const char *name) {
  for (int i = 0; i < s->count; i++)
    if (!strcmp(s->name[i], name)) s->name[i--] = s->name[--s->count];
}

// Adds the columns that an expression reads.
static inline void add_reads(names *s, dfq *db, const char *text) {
  const char *const *column;
  int count = dfq_expr_columns(dfq_parse(db, text), &column);
  for (int i = 0; i < count; i++) add(s, column[i]);
}

#endif // PLAN_H
