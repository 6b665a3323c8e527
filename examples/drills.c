// drills.c - plans to read: small ones, made at random, with questions to each.
//
//   build/drills                asks, reads answers, says right or wrong, and why
//   build/drills --seed 7       other plans
//   build/drills --answers      answers itself
//   build/drills < /dev/null    the questions alone, a work sheet
//
// Nothing here knows an answer. Rows are counted by running the plan; all else is read from the
// engine's own explain, in its JSON form, as written and optimized, and from its journal.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DRILLS = 3, MOST_NODES = 16, MOST_COLUMNS = 12, TEXT = 256 };

static dfq *db;

static void stop(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

static void must(bool ok) {
  if (!ok) stop(dfq_error(db));
}

// ---- plans, from JSON ----------------------------------------------------------------------
// explain knows each key of a node; here only those that are asked for.

typedef struct node {
  int id, in[2], inputs, columns;
  double rows;
  char kind[TEXT], stage[TEXT], where[TEXT], way[TEXT], column[MOST_COLUMNS][TEXT];
} node;

typedef struct plan {
  node n[MOST_NODES];   // the root is the first
  int count;
} plan;

static bool token(const char **at, char c) {
  if (**at != c) return false;
  ++*at;
  return true;
}

// "text" into to. The texts of these plans have no escapes but quotes and backslashes.
static void take_text(const char **at, char *to) {
  size_t len = 0;
  if (!token(at, '"')) stop("JSON: no text where one should be");
  for (; **at && **at != '"' && len + 1 < TEXT; ++*at) {
    if (**at == '\\') ++*at;
    to[len++] = **at;
  }
  to[len] = 0;
  if (!token(at, '"')) stop("JSON: a text that is too long");
}

// [{"name":"a","type":"i64"},...]
static void take_columns(const char **at, node *n) {
  char text[TEXT];
  token(at, '[');
  while (token(at, '{')) {
    if (n->columns == MOST_COLUMNS) stop("JSON: too many columns");
    do {
      take_text(at, text);
      token(at, ':');
      if (!strcmp(text, "name")) take_text(at, n->column[n->columns]);
      else take_text(at, text);
    } while (token(at, ','));
    n->columns++;
    token(at, '}');
    token(at, ',');
  }
  token(at, ']');
}

static int take_node(plan *p, const char **at);

static void take_inputs(plan *p, node *n, const char **at) {
  token(at, '[');
  while (**at == '{' && n->inputs < 2) {
    n->in[n->inputs++] = take_node(p, at);
    token(at, ',');
  }
  token(at, ']');
}

static void take_number(const char **at, double *to) {
  char *end;
  *to = strtod(*at, &end);
  *at = end;
}

// Returns: the node's place in p.
static int take_node(plan *p, const char **at) {
  char key[TEXT], other[TEXT];
  double number = 0;
  if (p->count == MOST_NODES || !token(at, '{')) stop("JSON: not a plan, or a large one");
  int place = p->count++;
  node *n = &p->n[place];
  do {
    take_text(at, key);
    token(at, ':');
    if (!strcmp(key, "columns")) take_columns(at, n);
    else if (!strcmp(key, "inputs")) take_inputs(p, n, at);
    else if (!strcmp(key, "kind")) take_text(at, n->kind);
    else if (!strcmp(key, "stage")) take_text(at, n->stage);
    else if (!strcmp(key, "where")) take_text(at, n->where);
    else if (!strcmp(key, "way")) take_text(at, n->way);
    else if (**at == '"') take_text(at, other);
    else take_number(at, &number);
    if (!strcmp(key, "id")) n->id = (int)number;
    if (!strcmp(key, "rows")) n->rows = number;
  } while (token(at, ','));
  token(at, '}');
  return place;
}

static dfq_frame *as_written(dfq_frame *f) {
  dfq_run_options off;
  memset(&off, 0, sizeof off);
  off.no_optimize = true;
  return dfq_configure(f, &off);
}

static void read_plan(plan *p, dfq_frame *f) {
  const char *json = dfq_explain_text(f, DFQ_EXPLAIN_JSON);
  must(json != NULL);
  const char *at = strstr(json, "\"plan\":");
  memset(p, 0, sizeof *p);
  if (!at) stop("JSON: no plan");
  at += strlen("\"plan\":");
  take_node(p, &at);
}

static const node *by_id(const plan *p, int id) {
  for (int i = 0; i < p->count; i++)
    if (p->n[i].id == id) return &p->n[i];
  return NULL;
}

static const node *by_kind(const plan *p, const char *kind) {
  for (int i = 0; i < p->count; i++)
    if (!strcmp(p->n[i].kind, kind)) return &p->n[i];
  return NULL;
}

// ---- lists: "a, b" or "none" ---------------------------------------------------------------

static void append(char *list, const char *format, ...) {
  va_list args;
  size_t len = strlen(list);
  if (len) len += (size_t)snprintf(list + len, TEXT - len, ", ");
  va_start(args, format);
  vsnprintf(list + len, TEXT - len, format, args);
  va_end(args);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The words of a list in small letters, one blank between them; sorted if order is nothing.
static void normal(const char *list, bool sorted, char *to) {
  char copy[TEXT];
  const char *word[TEXT];
  int count = 0;
  snprintf(copy, sizeof copy, "%s", list);
  for (char *c = copy; *c; c++) *c = (char)tolower((unsigned char)*c);
  for (char *w = strtok(copy, ", \t\r\n"); w; w = strtok(NULL, ", \t\r\n")) word[count++] = w;
  if (sorted) qsort(word, (size_t)count, sizeof *word, by_text);
  to[0] = 0;
  for (int i = 0; i < count; i++) {
    if (i) strcat(to, " ");
    strcat(to, word[i]);
  }
}

// Is text one of the conjuncts of "a and b"? Conditions here have no other "and".
static bool has_conjunct(const char *all, const char *text) {
  size_t len = strlen(text);
  for (const char *at = all; at; at = strstr(at, " and ")) {
    if (at != all) at += strlen(" and ");
    if (!strncmp(at, text, len) && (!at[len] || !strncmp(at + len, " and ", 5))) return true;
  }
  return false;
}

// ---- asking --------------------------------------------------------------------------------

typedef struct quiz {
  dfq_frame *frame;
  plan before, after;
  bool answers, ended;         // answers itself; there is no more input
  int number, asked, right;
} quiz;

// The journal's lines about what, about where, or by a rule; NULL: any. Returns: whether any.
static bool reasons(const quiz *q, const char *rule, const char *what, const char *where) {
  int count;
  bool any = false;
  const dfq_step *s = dfq_journal(q->frame, &count);
  for (int i = 0; i < count; i++) {
    if (rule && strcmp(s[i].rule, rule)) continue;
    if (what && strcmp(s[i].what, what)) continue;
    if (where && strcmp(s[i].where, where)) continue;
    printf("       %s %s %s %s: %s\n", s[i].rule, s[i].what, s[i].where,
           s[i].applied ? "ok" : "REFUSED", s[i].why);
    any = true;
  }
  return any;
}

// Reads an answer and judges it. Returns: true when the reason is wanted.
static bool answered(quiz *q, const char *want, bool sorted) {
  char line[TEXT], got[TEXT], norm[TEXT];
  if (!*want) want = "none";
  if (q->answers) {
    printf("     answer: %s\n", want);
    return true;
  }
  if (q->ended) return false;
  printf("     > ");
  fflush(stdout);
  q->ended = !fgets(line, sizeof line, stdin);
  if (q->ended) { puts(""); return false; }
  normal(line, sorted, got);
  normal(want, sorted, norm);
  q->asked++;
  if (!strcmp(got, norm)) {
    q->right++;
    puts("     right");
  } else {
    printf("     wrong: %s\n", want);
  }
  return true;
}

static void put_question(quiz *q, const char *format, ...) {
  va_list args;
  printf("\n  %d. ", ++q->number);
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  puts("");
}

// ---- annotate: rows ------------------------------------------------------------------------

// The stages of a drill, from the scan on.
typedef struct drill {
  char stage[10][TEXT];
  int count;
} drill;

static dfq_frame *frame_of(const drill *d, int stages) {
  char text[10 * TEXT] = "";
  for (int i = 0; i < stages; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " | " : "",
             d->stage[i]);
  return dfq_query(db, text);
}

// Each stage alone is counted: a prefix of the plan has the same numbers for its nodes.
static void ask_rows(quiz *q, const drill *d) {
  int64_t rows[MOST_NODES + 1];
  char want[TEXT] = "", ids[TEXT] = "";
  plan part;
  memset(rows, 0, sizeof rows);
  for (int i = 1; i <= d->count; i++) {
    dfq_frame *f = frame_of(d, i);
    read_plan(&part, as_written(f));
    rows[part.n[0].id] = dfq_count(f);
    must(rows[part.n[0].id] >= 0);
  }
  for (int i = 0; i < q->before.count; i++) {
    const node *n = &q->before.n[i];
    if (!strcmp(n->kind, "scan")) rows[n->id] = dfq_count(dfq_query(db, n->stage));
  }
  for (int id = 1; id <= q->before.count; id++) {
    append(ids, "#%d", id);
    append(want, "%lld", (long long)rows[id]);
  }
  put_question(q, "Annotate it. How many rows come out of %s, as written?", ids);
  if (answered(q, want, false)) puts("       counted: each node was run with all below it");
}

// ---- the two wastes ------------------------------------------------------------------------

// Does the scan read that column: because it gives it, or for a condition of its own?
static bool reads(const node *scan, const char *column) {
  const char *const *name;
  for (int c = 0; c < scan->columns; c++)
    if (!strcmp(scan->column[c], column)) return true;
  int count = *scan->where ? dfq_expr_columns(dfq_parse(db, scan->where), &name) : 0;
  for (int i = 0; i < count; i++)
    if (!strcmp(name[i], column)) return true;
  return false;
}

static void ask_columns_wasted(quiz *q) {
  char want[TEXT] = "";
  for (int id = 1; id <= q->before.count; id++) {
    const node *was = by_id(&q->before, id), *is = by_id(&q->after, id);
    for (int c = 0; !strcmp(was->kind, "scan") && c < was->columns; c++)
      if (is && !reads(is, was->column[c])) append(want, "#%d.%s", id, was->column[c]);
  }
  put_question(q, "The first waste: columns that are read and not needed, like #1.year; or "
                  "none.");
  if (answered(q, want, true) && !reasons(q, "prune", NULL, NULL))
    puts("       all columns of all scans come out at the top, or something reads them");
}

// Filters of which a part sinks, sorts that a limit makes short.
static void ask_work_wasted(quiz *q) {
  char want[TEXT] = "", label[2 * TEXT];
  int count;
  const dfq_step *s = dfq_journal(q->frame, &count);
  for (int id = 1; id <= q->before.count; id++) {
    const node *n = by_id(&q->before, id);
    bool late = false;
    snprintf(label, sizeof label, "%s#%d", n->kind, id);
    for (int i = 0; i < count; i++) {
      bool sinks = !strcmp(s[i].rule, "push_filter") && !strcmp(n->kind, "filter") &&
                   has_conjunct(n->stage + strlen("filter "), s[i].what);
      bool shortens = !strcmp(s[i].rule, "top_k") && !strcmp(s[i].what, label);
      late = late || (s[i].applied && (sinks || shortens));
    }
    if (late) append(want, "%s", label);
  }
  put_question(q, "The second: filters that ask too late, sorts that sort too much, like "
                  "filter#4; or none.");
  if (!answered(q, want, true)) return;
  bool any = reasons(q, "push_filter", NULL, NULL);
  if (!reasons(q, "top_k", NULL, NULL) && !any) puts("       nothing here can be done earlier");
}

// ---- predict what the optimizer makes of it ------------------------------------------------

// Where a condition is asked: "scan#1", or the node below the filter that asks.
static void place_of(const plan *p, const char *condition, char *to) {
  to[0] = 0;
  for (int i = 0; i < p->count; i++) {
    const node *n = &p->n[i];
    bool filter = !strcmp(n->kind, "filter");
    if (!filter && !*n->where) continue;
    if (!has_conjunct(filter ? n->stage + strlen("filter ") : n->where, condition)) continue;
    while (!strcmp(n->kind, "filter")) n = &p->n[n->in[0]];
    append(to, "%s#%d", n->kind, n->id);
  }
}

static void ask_place(quiz *q, const char *condition) {
  char want[TEXT];
  place_of(&q->after, condition, want);
  put_question(q, "Optimized: where is %s asked? In a scan, like scan#1, or right above\n"
                  "     a node, like join#3.", condition);
  if (answered(q, want, true)) reasons(q, NULL, condition, NULL);
}

static void ask_places(quiz *q) {
  for (int id = 1; id <= q->before.count; id++) {
    const node *n = by_id(&q->before, id);
    char copy[TEXT];
    if (strcmp(n->kind, "filter")) continue;
    snprintf(copy, sizeof copy, "%s", n->stage + strlen("filter "));
    for (char *at = copy, *next; at; at = next) {
      next = strstr(at, " and ");
      if (next) { *next = 0; next += 5; }
      ask_place(q, at);
    }
  }
}

static void ask_scans(quiz *q) {
  for (int id = 1; id <= q->before.count; id++) {
    char want[TEXT] = "", label[TEXT];
    const node *was = by_id(&q->before, id), *is = by_id(&q->after, id);
    if (!is || strcmp(was->kind, "scan")) continue;
    for (int c = 0; c < was->columns; c++)
      if (reads(is, was->column[c])) append(want, "%s", was->column[c]);
    snprintf(label, sizeof label, "scan#%d", id);
    put_question(q, "Optimized: which columns does %s read?", label);
    if (answered(q, want, true) && !reasons(q, NULL, NULL, label))
      puts("       nothing is said of it in the journal: all are needed");
  }
}

// The last word of "join ... on customer_id left", and the side of "build left".
static void ask_join(quiz *q) {
  const node *n = by_kind(&q->after, "join");
  char label[TEXT], side[TEXT];
  if (!n || !strrchr(n->stage, ' ')) return;
  snprintf(label, sizeof label, "join#%d", n->id);
  put_question(q, "Optimized: of which type is %s?", label);
  if (answered(q, strrchr(n->stage, ' ') + 1, true) &&
      !reasons(q, "outer_to_inner", NULL, label))
    puts("       as written: no rule has changed it");
  const char *build = strstr(n->way, "build ");
  if (!build) return;
  snprintf(side, sizeof side, "%s", build + strlen("build "));
  put_question(q, "Optimized: which side of %s is built, its table of keys: left or right?",
               label);
  if (answered(q, side, true) && !reasons(q, "build_side", NULL, NULL))
    printf("       the right one, unless the left is smaller: about %.0f rows against %.0f\n",
           q->after.n[n->in[0]].rows, q->after.n[n->in[1]].rows);
}

// ---- plans at random -----------------------------------------------------------------------

static uint32_t state;
static int any(int below) {
  state = state * 1664525u + 1013904223u;
  return (int)((state >> 16) % (uint32_t)below);
}

static void put_stage(drill *d, const char *text) {
  snprintf(d->stage[d->count++], TEXT, "%s", text);
}

static const char *one_of(const char *const *list, int count) { return list[any(count)]; }

static void put_filter(drill *d, bool joined) {
  static const char *const orders[] = { "filter amount > 100", "filter year = 2024",
                                        "filter order_id < 105", "filter amount is null" };
  static const char *const both[] = { "filter region = 'EU'", "filter region is null",
    "filter region = 'US' and amount > 100", "filter name like 'B%' and year = 2024" };
  put_stage(d, joined && any(3) ? one_of(both, 4) : one_of(orders, 4));
}

// kind: any number; three in a row give three different ends.
static void put_end(drill *d, bool joined, int kind) {
  static const char *const groups[] = { "group year: sum(amount) as total",
                                        "group region: count() as orders" };
  static const char *const having[] = { "filter year > 2023", "filter region = 'EU'" };
  int group = joined && any(2);
  switch (kind % 3) {
    case 0:
      put_stage(d, groups[group]);
      if (any(2)) put_stage(d, having[group]);
      break;
    case 1:
      put_stage(d, "sort amount desc");
      put_stage(d, "limit 2");
      put_stage(d, "select order_id, amount");
      break;
    default:
      put_stage(d, joined ? "select order_id, name" : "select order_id, year");
  }
}

static void make_drill(drill *d, int number) {
  static const char *const types[] = { "inner", "left", "right", "left" };
  char join[TEXT];
  bool joined = any(4) > 0;
  memset(d, 0, sizeof *d);
  put_stage(d, "scan examples/data/orders.csv");
  if (any(4) == 0) put_stage(d, "limit 4");
  if (joined) {
    snprintf(join, sizeof join, "join examples/data/customers.csv on customer_id %s",
             one_of(types, 4));
    put_stage(d, join);
  }
  put_filter(d, joined);
  put_end(d, joined, number);
}

static void run_drill(quiz *q, int number) {
  drill d;
  make_drill(&d, number);
  q->frame = frame_of(&d, d.count);
  q->number = 0;
  read_plan(&q->before, as_written(q->frame));
  read_plan(&q->after, q->frame);
  printf("\n== Drill %d ==\n\n", number);
  must(dfq_explain_as(q->frame, DFQ_EXPLAIN_PLAIN, stdout));
  ask_rows(q, &d);
  ask_columns_wasted(q);
  ask_work_wasted(q);
  ask_places(q);
  ask_scans(q);
  ask_join(q);
  if (!q->answers && q->ended) return;
  puts("\n  The plan after the optimizer:\n");
  must(dfq_explain_as(q->frame, DFQ_EXPLAIN_OPTIMIZED, stdout));
}

static void show(const char *path) {
  char text[TEXT];
  snprintf(text, sizeof text, "scan %s", path);
  printf("%s\n\n", path);
  must(dfq_show(dfq_query(db, text), stdout));
  puts("");
}

int main(int argc, char **argv) {
  static quiz q;
  state = 1;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--answers")) q.answers = true;
    else if (!strcmp(argv[i], "--seed") && i + 1 < argc) state = (uint32_t)atol(argv[++i]);
    else stop("usage: drills [--seed N] [--answers]");
  }
  state *= 2654435761u;
  db = dfq_open(NULL);
  show("examples/data/orders.csv");
  show("examples/data/customers.csv");
  puts("Answers are words or numbers with commas or blanks between them.");
  for (int i = 1; i <= DRILLS; i++) run_drill(&q, i);
  if (q.asked) printf("\n%d of %d right\n", q.right, q.asked);
  dfq_close(db);
  return 0;
}
