// ch2_expressions.c - chapter 2: expressions as data.
//
// A function pointer can only be called. A tree can be printed, compared, asked which columns
// it reads and which type it has, and only then be evaluated. No table is needed for that.
#define DFQ_CHAPTER 2
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <string.h>

static const dfq_field fields[] = {
  { "amount", DFQ_F64, NULL }, { "region", DFQ_STR, NULL }, { "year", DFQ_I64, NULL },
};
static const dfq_schema orders = { 3, fields };

// ---- the naive way -------------------------------------------------------------------------
// A list of conditions, all of which have to hold. No or, no arithmetic, and a truth value of
// two: what is missing is not larger than 100, so it counts as "not larger".

typedef struct naive { const char *column; char op; double than; bool negated; } naive;

static bool naive_holds(const naive *list, int count, const dfq_value *row) {
  bool all = true;
  for (int i = 0; i < count && all; i++) {
    const dfq_value *v = NULL;
    for (int c = 0; c < orders.count; c++)
      if (!strcmp(orders.field[c].name, list[i].column)) v = &row[c];
    bool holds = v && v->type == DFQ_F64 &&
                 (list[i].op == '>' ? v->as.f > list[i].than : v->as.f < list[i].than);
    all = holds != list[i].negated;
  }
  return all;
}

static void naive_way(dfq *db) {
  static const naive large[] = { { "amount", '>', 100, false } };
  static const naive not_large[] = { { "amount", '>', 100, true } };
  dfq_expr *e = dfq_parse(db, "not (amount > 100)");
  printf("  %-10s %-14s %-20s %s\n", "amount", "amount > 100", "not (amount > 100)",
         "as a tree");
  for (int i = 0; i < 3; i++) {
    dfq_value row[3], v;
    memset(row, 0, sizeof row);
    row[0].type = i < 2 ? DFQ_F64 : DFQ_NULL;
    row[0].as.f = i ? 40 : 250;
    bool ok = dfq_expr_eval(e, &orders, row, &v);
    printf("  %-10s %-14s %-20s %s\n", i == 0 ? "250" : i == 1 ? "40" : "null",
           naive_holds(large, 1, row) ? "true" : "false",
           naive_holds(not_large, 1, row) ? "true" : "false",
           !ok ? "failed" : v.type == DFQ_NULL ? "null" : v.as.i ? "true" : "false");
  }
}

static void print_value(const dfq_value *v) {
  switch (v->type) {
    case DFQ_NULL: printf("null"); break;
    case DFQ_BOOL: printf("%s", v->as.i ? "true" : "false"); break;
    case DFQ_F64: printf("%g", v->as.f); break;
    case DFQ_STR: printf("'%.*s'", (int)v->len, v->as.s); break;
    default: printf("%lld", (long long)v->as.i);
  }
}

// A node per line, its operands indented below it.
static void print_tree(dfq_expr *e, int depth) {
  static const char *const kinds[] = {   // in the order of dfq_expr_kind
    "column", "literal", "call", "cast", "try_cast", "case", "aggregate", "over", "alias",
    "star", "failed"
  };
  const char *name = dfq_expr_name(e);
  dfq_value v;
  printf("%*s%s", 2 + 2 * depth, "", kinds[dfq_expr_kind_of(e)]);
  if (name) printf(" %s", name);
  if (dfq_expr_literal(e, &v)) { printf(" "); print_value(&v); }
  puts("");
  for (int i = 0; i < dfq_expr_args(e); i++) print_tree(dfq_expr_arg(e, i), depth + 1);
}

// Which columns a text reads and which type it has, or what is wrong with it.
static void ask(dfq *db, const char *source) {
  dfq_expr *e = dfq_parse(db, source);
  const char *const *names;
  dfq_type type;
  int count = dfq_expr_columns(e, &names);
  dfq_clear_error(db);
  if (!dfq_expr_type(e, &orders, &type)) {
    printf("%s\n\n", dfq_error(db));
    return;
  }
  printf("  %-34s is %-5s reads", source, dfq_type_name(type));
  for (int i = 0; i < count; i++) printf("%s %s", i ? "," : "", names[i]);
  puts(count ? "" : " nothing");
}

// The value of a text for one row.
static void evaluate(dfq *db, const char *source, const dfq_value *row) {
  dfq_value v;
  printf("  %-34s ", source);
  if (dfq_expr_eval(dfq_parse(db, source), &orders, row, &v)) print_value(&v);
  else printf("%s", dfq_error(db));
  puts("");
}

int main(void) {
  dfq *db = dfq_open(NULL);

  puts("The naive way, a list of conditions, beside a tree\n");
  naive_way(db);

  puts("\nTwo roads to one tree\n");
  dfq_expr *parsed = dfq_parse(db, "amount > 100 and region = 'EU'");
  dfq_expr *built = dfq_and(dfq_gt(dfq_col(db, "amount"), dfq_i64(db, 100)),
                            dfq_eq(dfq_col(db, "region"), dfq_str(db, "EU")));
  print_tree(parsed, 0);
  printf("\n  as text: %s\n", dfq_expr_text(built));
  printf("  the parsed and the built tree are %s\n",
         dfq_expr_equal(parsed, built) ? "equal" : "different");

  puts("\nQuestions to a tree, without any data\n");
  ask(db, "amount * 0.2");
  ask(db, "year // 100");
  ask(db, "year / 100");
  ask(db, "region in ('EU', 'US')");
  ask(db, "case when amount > 0 then year end");

  puts("\nMistakes are found as early\n");
  ask(db, "amout > 100");
  ask(db, "amount > 100 and region + 1 = 2");
  ask(db, "amount > (100");

  puts("The value for one row: amount null, region 'EU', year 2024\n");
  dfq_value row[] = { { DFQ_NULL, 0, { 0 } }, { DFQ_STR, 2, { 0 } }, { DFQ_I64, 0, { 2024 } } };
  row[1].as.s = "EU";
  evaluate(db, "amount > 100", row);
  evaluate(db, "amount > 100 and region = 'US'", row);
  evaluate(db, "amount > 100 or region = 'EU'", row);
  evaluate(db, "not (amount > 100)", row);
  evaluate(db, "amount is null", row);
  evaluate(db, "amount is distinct from 100", row);
  evaluate(db, "coalesce(amount, 0) + 1", row);
  evaluate(db, "year / 0", row);
  evaluate(db, "year // 0", row);
  evaluate(db, "-7 // 2 * 10 + -7 % 2", row);
  evaluate(db, "region like 'E_'", row);
  evaluate(db, "year + 9223372036854775807", row);

  puts("\nA value from outside is a parameter and never becomes text\n");
  dfq_set_str(db, "who", "x' or true --");
  evaluate(db, "region = $who", row);
  printf("  %s\n", dfq_expr_text(dfq_parse(db, "region = $who")));

  puts("\nWhat + takes and gives\n");
  bool ok = dfq_print_promotions(db, stdout);
  dfq_close(db);
  return !ok;
}
