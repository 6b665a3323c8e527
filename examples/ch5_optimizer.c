// ch5_optimizer.c - chapter 5: a plan is rewritten, and the journal says why, and why not.
//
// First a rule as everybody writes it, and the joins that it breaks. Then three filters over
// joins: one may sink below its join, one may not, and one may because it changes the join
// first. The engine proves on the data that no answer changed.
#define DFQ_CHAPTER 5
#define DFQ_IMPLEMENTATION
#include "dfq.h"

enum { ORDERS = 1000, CUSTOMERS = 40 };

static dfq_table *orders_table(dfq *db) {
  static int64_t id[ORDERS], customer[ORDERS];
  static double amount[ORDERS];
  for (int i = 0; i < ORDERS; i++) {
    id[i] = i;
    customer[i] = i * 7 % 50;   // ten of the fifty numbers belong to nobody
    amount[i] = i * 37 % 200;
  }
  dfq_column columns[] = { { "order_id", DFQ_I64, id, NULL },
                           { "customer", DFQ_I64, customer, NULL },
                           { "amount", DFQ_F64, amount, NULL } };
  return dfq_table_new(db, columns, 3, ORDERS);
}

static dfq_table *customers_table(dfq *db) {
  static int64_t id[CUSTOMERS], since[CUSTOMERS];
  static const char *region[CUSTOMERS];
  for (int i = 0; i < CUSTOMERS; i++) {
    id[i] = i;
    since[i] = 2000 + i % 20;
    region[i] = i % 3 ? "EU" : "US";
  }
  dfq_column columns[] = { { "id", DFQ_I64, id, NULL },
                           { "since", DFQ_I64, since, NULL },
                           { "region", DFQ_STR, region, NULL } };
  return dfq_table_new(db, columns, 3, CUSTOMERS);
}

// The rule as everybody writes it first: a condition belongs to the input whose columns it
// reads.
static dfq_frame *naive(dfq *db, dfq_frame *in[2], dfq_join_type type, const char *condition) {
  const char *const *reads;
  dfq_frame *input[2] = { in[0], in[1] };
  int count = dfq_expr_columns(dfq_parse(db, condition), &reads);
  for (int side = 0; side < 2; side++) {
    const dfq_schema *has = dfq_schema_of(in[side]);
    int found = 0;
    for (int i = 0; i < count; i++)
      for (int c = 0; c < has->count; c++) found += !strcmp(reads[i], has->field[c].name);
    if (found < count) continue;
    input[side] = dfq_filter(in[side], condition);
    return dfq_join(input[0], input[1], "customer = id", type);
  }
  return dfq_filter(dfq_join(in[0], in[1], "customer = id", type), condition);
}

// The rows of each kind of join with the filter above it, where it was written, and after
// naive.
static bool naive_way(dfq *db, dfq_frame *orders, dfq_frame *customers) {
  static const struct { const char *name; dfq_join_type type; } join[] = {
    { "inner", DFQ_INNER }, { "left", DFQ_LEFT }, { "right", DFQ_RIGHT }, { "full", DFQ_FULL }
  };
  static const char *const condition[] = { "amount > 150", "region = 'US'", "region is null" };
  dfq_frame *in[2] = { orders, customers };
  bool ok = true;
  printf("The naive way: a filter goes to the input whose columns it reads\n\n"
         "  join   filter            rows   naive\n");
  for (int c = 0; c < 3; c++)
    for (int t = 0; t < 4; t++) {
      dfq_frame *joined = dfq_join(orders, customers, "customer = id", join[t].type);
      int64_t want = dfq_count(dfq_filter(joined, condition[c]));
      int64_t got = dfq_count(naive(db, in, join[t].type, condition[c]));
      ok = ok && want >= 0 && got >= 0;
      printf("  %-6s %-14s %7lld %7lld%s\n", join[t].name, condition[c], (long long)want,
             (long long)got, want == got ? "" : "  wrong");
    }
  return ok;
}

// What the rules did with a plan; then all ways to run it, compared bit by bit.
static bool look(const char *heading, dfq_frame *f) {
  printf("\n%s\n\n", heading);
  bool ok = dfq_explain_as(f, DFQ_EXPLAIN_PLAIN, stdout);
  puts("");
  ok = ok && dfq_explain_as(f, DFQ_EXPLAIN_JOURNAL, stdout);
  puts("");
  ok = ok && dfq_explain_as(f, DFQ_EXPLAIN_OPTIMIZED, stdout);
  printf("\n  run in ");
  return dfq_check_equivalent(f, stdout) && ok;
}

// The journal as data, for tests and tools.
static int refusals(dfq_frame *f) {
  int count, refused = 0;
  const dfq_step *step = dfq_journal(f, &count);
  for (int i = 0; i < count; i++) refused += !step[i].applied;
  return refused;
}

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_table *o = orders_table(db), *c = customers_table(db);
  dfq_frame *orders = dfq_scan_table(db, o), *customers = dfq_scan_table(db, c);
  dfq_frame *inner = dfq_join(orders, customers, "customer = id", DFQ_INNER);
  dfq_frame *left = dfq_join(orders, customers, "customer = id", DFQ_LEFT);
  bool ok = naive_way(db, orders, customers);

  ok = look("An inner join: each half of the filter goes to its side",
            dfq_select(dfq_filter(inner, "amount > 150 and region = 'US'"), "order_id")) && ok;

  dfq_frame *unknown = dfq_filter(left, "region is null or region = 'US'");
  ok = look("A left join: the filter keeps rows that met nobody and must stay", unknown) && ok;
  printf("  refusals in its journal: %d\n", refusals(unknown));

  ok = look("A left join whose filter drops those rows is an inner join",
            dfq_filter(left, "region = 'US' and amount > 150")) && ok;

  dfq_frame *large = dfq_filter(orders, "amount > 10 * 10 + 80 and 1 < 2");
  ok = look("Constants are folded; sort and limit become one node that keeps three rows",
            dfq_limit(dfq_sort(large, "amount desc"), 3)) && ok;

  dfq_table_free(o);
  dfq_table_free(c);
  if (!ok) printf("%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
