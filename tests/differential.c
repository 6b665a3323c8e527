// differential.c - random plans over random tables: the model, both engines, every rule and
// batch size must give the same bits.
//
//   DFQ_PLANS=100000 DFQ_SEED=7 build/tests diff_     more plans, from another seed on
//
// Each plan has its own seed; a failure prints it, with the plan and the first difference.
// The refinement rule (decisions A7): the reference is the model, with the row engine as the
// plan was written beside it. Where the reference fails, an optimized plan may do as it likes;
// where it succeeds, everything must.

#include "model.h"

// ---- random numbers, and text that grows ---------------------------------------------------

typedef struct diff_text {
  char data[6000];
  size_t len;
} diff_text;

typedef struct diff_gen {
  uint64_t state;        // of the random numbers (splitmix64)
  dfq *db;
  diff_text plan;        // how the plan was built, for the report
  int names;             // columns named so far
  bool extreme;          // this plan's data may overflow
  bool sorted;           // it has a sorted join or group, which may fail later than the model
} diff_gen;

static uint64_t diff_random(diff_gen *g) { return test_random(&g->state); }

static int diff_below(diff_gen *g, int n) { return (int)(diff_random(g) % (uint64_t)n); }
static bool diff_chance(diff_gen *g, int percent) { return diff_below(g, 100) < percent; }

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void diff_put(diff_text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(t->data + t->len, sizeof t->data - t->len, format, args);
  va_end(args);
  t->len += (size_t)n;
  if (t->len >= sizeof t->data) t->len = sizeof t->data - 1;
}

// ---- random tables -------------------------------------------------------------------------

static const dfq_type diff_types[] = { DFQ_I64, DFQ_I64, DFQ_F64, DFQ_F64, DFQ_STR, DFQ_STR,
                                       DFQ_BOOL, DFQ_I32, DFQ_DATE, DFQ_DATETIME,
                                       DFQ_DURATION };

// Mostly the types above; else one of those that are narrow, exact, or several.
static dfq_type diff_type(diff_gen *g) {
  static const dfq_type more[] = { DFQ_TIME, DFQ_U8, DFQ_I16, DFQ_U32, DFQ_U64, DFQ_F32 };
  if (diff_chance(g, 60)) return diff_types[diff_below(g, 11)];
  switch (diff_below(g, 10)) {
    case 0: return dfq_decimal_of(2);
    case 1: return dfq_decimal_of(4);
    case 2: return dfq_list_of(DFQ_I64);
    case 3: return dfq_list_of(DFQ_STR);
    default: return more[diff_below(g, 6)];
  }
}

static bool diff_is_list(dfq_type type) { return (type & 0xff) == DFQ_LIST; }

static const char *const diff_strings[] = { "",
                                            "a",
                                            "b",
                                            "ab",
                                            "B",
                                            "%",
                                            "12",
                                            "-7",
                                            "2.5",
                                            "x1",
                                            "1999-12-31",
                                            "exactly12byt",
                                            "thirteen byte",
                                            "thirteen bytf",
                                            "a long text that is no view",
                                            "a long text that is no viex",
                                            "gr\xc3\xbc\xc3\x9f dich",
                                            "\xff\x01" };

static int64_t diff_integer(diff_gen *g) {
  static const int64_t extreme[] = { INT64_MIN, INT64_MAX, INT64_MIN + 1, 1 - INT64_MAX,
                                     INT64_C(4611686018427387904), INT64_C(9007199254740993) };
  if (g->extreme && diff_chance(g, 8)) return extreme[diff_below(g, 6)];
  if (diff_chance(g, 5)) return (int64_t)diff_below(g, 2000000000) - 1000000000;
  return diff_below(g, 9) - 3;
}

static double diff_double(diff_gen *g) {
  static const double nasty[] = { 1e308,
                                  -1e308,
                                  5e-324,
                                  -5e-324,
                                  1e16,
                                  -1e16,
                                  9007199254740993.0,
                                  2.2250738585072014e-308,
                                  1e-17,
                                  1.7976931348623157e308 };
  int kind = diff_below(g, 100);
  if (kind < 8) return (double)NAN;
  if (kind < 14) return diff_chance(g, 50) ? 0.0 : -0.0;
  if (kind < 17) return diff_chance(g, 50) ? (double)INFINITY : -(double)INFINITY;
  if (kind < 27) return nasty[diff_below(g, 10)];
  if (kind < 45) return (double)diff_below(g, 1000000) / 7.0 - 60000.0;
  return (double)(diff_below(g, 9) - 4) / 2;
}

static dfq_value diff_value(diff_gen *g, dfq_type type, int nulls);

// The values of narrow types: mostly few and small, sometimes the last that there are.
static int64_t diff_narrow(diff_gen *g, dfq_type type) {
  bool last = diff_chance(g, 6), high = diff_chance(g, 50);
  int small = diff_below(g, 6);
  switch (type) {
    case DFQ_U8: return last ? 255 : small;
    case DFQ_I16: return last ? (high ? INT16_MAX : INT16_MIN) : small - 2;
    case DFQ_U32: return last ? (int64_t)UINT32_MAX : small;
    default: return g->extreme && last ? (high ? -1 : INT64_MIN) : small;
  }
}

static dfq_value diff_list_value(diff_gen *g, dfq_type child) {
  dfq_value cell[3], v;
  int count = diff_below(g, 4);
  for (int i = 0; i < count; i++) cell[i] = diff_value(g, child, 20);
  (void)dfq_list_value(g->db, child, cell, (size_t)count, &v);
  return v;
}

static dfq_value diff_value(diff_gen *g, dfq_type type, int nulls) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  if (diff_chance(g, nulls)) return v;
  if (diff_is_list(type)) return diff_list_value(g, type >> 8);
  v.type = type;
  switch (type & 0xff) {
    case DFQ_BOOL: v.as.i = diff_below(g, 2); break;
    case DFQ_I32: v.as.i = diff_chance(g, 4) ? (diff_chance(g, 50) ? INT32_MIN : INT32_MAX)
                                             : diff_below(g, 7) - 2; break;
    case DFQ_F64: v.as.f = diff_double(g); break;
    case DFQ_F32:
      v.as.f = diff_double(g);
      if (v.as.f - v.as.f == 0 && fabs(v.as.f) > 3e38) v.as.f = 1e38;
      v.as.f = (double)(float)v.as.f;
      break;
    case DFQ_U8: case DFQ_I16: case DFQ_U32: case DFQ_U64:
      v.as.i = diff_narrow(g, type);
      break;
    case DFQ_TIME:
      v.as.i = diff_below(g, 24) * INT64_C(3600000000) + (diff_chance(g, 20) ? 1 : 0);
      break;
    case DFQ_STR:
      v.as.s = diff_strings[diff_below(g, (int)(sizeof diff_strings / sizeof *diff_strings))];
      v.len = (uint32_t)strlen(v.as.s);
      break;
    case DFQ_DATE: v.as.i = diff_chance(g, 5) ? 2932896 : 10950 + diff_below(g, 40); break;
    case DFQ_DATETIME: v.as.i = INT64_C(86400000000) * (10950 + diff_below(g, 5)) +
                                (diff_chance(g, 50) ? diff_below(g, 1000) : 0); break;
    default: v.as.i = diff_integer(g); break;
  }
  return v;
}

// The rows of a table or of a source, which must stay until its frames are gone.
typedef struct diff_data {
  dfq_field field[8];
  int columns;
  size_t rows;
  dfq_value *cell;
  struct diff_cursor { struct diff_data *data; size_t at; } cursor;
} diff_data;

static void *diff_source_open(void *user) {
  struct diff_cursor *c = (struct diff_cursor *)test_alloc(sizeof *c);
  c->data = (diff_data *)user;
  c->at = 0;
  return c;
}

static int diff_source_next(void *cursor, dfq_value *row) {
  struct diff_cursor *c = (struct diff_cursor *)cursor;
  size_t columns = (size_t)c->data->columns;
  if (c->at == c->data->rows) return 0;
  memcpy(row, c->data->cell + c->at++ * columns, columns * sizeof *row);
  return 1;
}

static size_t diff_row_count(diff_gen *g) {
  int kind = diff_below(g, 100);
  if (kind < 6) return 0;
  if (kind < 12) return 1;
  if (kind < 88) return (size_t)diff_below(g, 24) + 2;
  return (size_t)diff_below(g, 160) + 40;
}

static void diff_fill(diff_gen *g, diff_data *d) {
  static const char *const names[] = { "a", "b", "c", "d", "e", "k" };
  int nulls = diff_chance(g, 30) ? 0 : diff_below(g, 40), first = diff_below(g, 6);
  d->columns = diff_below(g, 5) + 1;
  d->rows = diff_row_count(g);
  for (int c = 0; c < d->columns; c++) {
    d->field[c].name = names[(first + c) % 6];
    d->field[c].type = diff_type(g);
    d->field[c].why = NULL;
  }
  size_t cells = d->rows * (size_t)d->columns;
  d->cell = (dfq_value *)test_alloc((cells + 1) * sizeof *d->cell);
  for (size_t i = 0; i < cells; i++)
    d->cell[i] = diff_value(g, d->field[i % (size_t)d->columns].type, nulls);
}

static dfq_frame *diff_scan(diff_gen *g, diff_data *d) {
  diff_fill(g, d);
  diff_put(&g->plan, "  scan of %d rows:", (int)d->rows);
  for (int c = 0; c < d->columns; c++)
    diff_put(&g->plan, " %s %s", d->field[c].name, dfq_type_name(d->field[c].type));
  dfq_row_source s;
  memset(&s, 0, sizeof s);
  s.name = "random";
  s.fields = d->field;
  s.count = d->columns;
  s.user = d;
  s.open = diff_source_open;
  s.next = diff_source_next;
  s.close = free;
  if (diff_chance(g, 25)) {
    diff_put(&g->plan, " (a source)\n");
    return dfq_scan_rows(g->db, &s);
  }
  diff_put(&g->plan, "\n");
  dfq_table *t = g->db->heap->narrow > 1   // else whole numbers are narrow, and texts numbered
                     ? dfq_table_from_rows(g->db, d->field, d->columns, d->cell, d->rows)
                     : dfq_collect(dfq_scan_rows(g->db, &s));
  dfq_frame *f = dfq_scan_table(g->db, t);
  dfq_table_free(t);
  return f;
}

// ---- random expressions --------------------------------------------------------------------

typedef struct diff_scope {
  const dfq_schema *schema;
  bool aggregates;          // columns stand inside aggregates
  int keys;                 // the first columns, which may stand alone
  const dfq_schema *out;    // ... under these names
} diff_scope;

static void diff_expr(diff_gen *g, const diff_scope *s, dfq_type type, int depth, diff_text *t);

// A random column of a type: its number, or -1.
static int diff_column(diff_gen *g, const dfq_schema *s, dfq_type type) {
  if (s->count == 0) return -1;
  int start = diff_below(g, s->count);
  for (int i = 0; i < s->count; i++) {
    int c = (start + i) % s->count;
    if (s->field[c].type == type) return c;
  }
  return -1;
}

static void diff_name(diff_text *t, const char *name) {
  bool plain = true;
  for (const char *c = name; *c; c++)
    plain = plain && ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_');
  if (plain) diff_put(t, "%s", name);
  else diff_put(t, "\"%s\"", name);
}

static void diff_literal(diff_gen *g, dfq_type type, diff_text *t) {
  static const char *const floats[] = { "0.0", "-0.0", "0.5", "2.0", "1e308", "f64 'nan'",
                                        "f64 'inf'", "0.1", "-1.5", "3.0" };
  static const char *const texts[] = {
    "''",  "'a'", "'ab'",           "'12'", "'a long text that is no view'",
    "'b'", "'B'", "'thirteen bytf'"
  };
  static const char *const dates[] = { "date '1999-12-31'", "date '2000-01-15'",
                                       "date '2000-02-29'" };
  static const char *const list_texts[] = { "list('a', null)", "list('')",
                                            "list('a long text', 'of two pieces')" };
  static const char *const list_numbers[] = { "list(1)", "list(2, null)", "list(0, -3, 2)" };
  if (diff_is_list(type)) {
    const char *const *lists = type >> 8 == DFQ_STR ? list_texts : list_numbers;
    if (diff_chance(g, 20)) diff_put(t, "cast(null as %s)", dfq_type_name(type));
    else diff_put(t, "%s", lists[diff_below(g, 3)]);
    return;
  }
  if (diff_chance(g, 4)) { diff_put(t, "try_cast('' as %s)", dfq_type_name(type)); return; }
  switch (type & 0xff) {
    case DFQ_BOOL: diff_put(t, "%s", diff_chance(g, 50) ? "true" : "false"); break;
    case DFQ_F64: diff_put(t, "%s", floats[diff_below(g, 10)]); break;
    case DFQ_STR: diff_put(t, "%s", texts[diff_below(g, 8)]); break;
    case DFQ_DATE: diff_put(t, "%s", dates[diff_below(g, 3)]); break;
    case DFQ_DATETIME: diff_put(t, "datetime '1999-12-3%d 00:00:00'", diff_below(g, 2)); break;
    case DFQ_DURATION: diff_put(t, "interval '%d' hour", diff_below(g, 50)); break;
    case DFQ_TIME: diff_put(t, "time '%02d:00'", diff_below(g, 24)); break;
    case DFQ_U8: case DFQ_I16: case DFQ_U32: case DFQ_U64: case DFQ_F32:
      diff_put(t, "%s '%d'", dfq_type_name(type), diff_below(g, 6));
      break;
    case DFQ_DECIMAL:
      diff_put(t, "decimal '%d.%0*d'", diff_below(g, 5) - 2, (int)(type >> 8),
               diff_below(g, 4));
      break;
    case DFQ_I32: diff_put(t, "cast(%d as i32)", diff_below(g, 5) - 1); break;
    default: diff_put(t, "%lld", (long long)diff_integer(g)); break;
  }
}

static void diff_leaf(diff_gen *g, const diff_scope *s, dfq_type type, diff_text *t) {
  int c = diff_column(g, s->schema, type);
  if (c < 0 && type == DFQ_I64) c = diff_column(g, s->schema, DFQ_I32);
  if (c < 0 || diff_chance(g, 20)) { diff_literal(g, type, t); return; }
  diff_name(t, s->schema->field[c].name);
}

static dfq_type diff_any_type(diff_gen *g, const dfq_schema *s) {
  if (s->count && diff_chance(g, 80)) return s->field[diff_below(g, s->count)].type;
  return diff_type(g);
}

static void diff_infix(diff_gen *g, const diff_scope *s, dfq_type a, const char *op, dfq_type b,
                       int depth, diff_text *t) {
  diff_put(t, "(");
  diff_expr(g, s, a, depth - 1, t);
  diff_put(t, " %s ", op);
  diff_expr(g, s, b, depth - 1, t);
  diff_put(t, ")");
}

static void diff_call(diff_gen *g, const diff_scope *s, const char *name, dfq_type type,
                      int count, int depth, diff_text *t) {
  diff_put(t, "%s(", name);
  for (int i = 0; i < count; i++) {
    if (i) diff_put(t, ", ");
    diff_expr(g, s, type, depth - 1, t);
  }
  diff_put(t, ")");
}

static void diff_case(diff_gen *g, const diff_scope *s, dfq_type type, int depth,
                      diff_text *t) {
  int arms = diff_below(g, 2) + 1;
  diff_put(t, "case");
  for (int i = 0; i < arms; i++) {
    diff_put(t, " when ");
    diff_expr(g, s, DFQ_BOOL, depth - 1, t);
    diff_put(t, " then ");
    if (i && diff_chance(g, 10)) diff_put(t, "null");
    else diff_expr(g, s, type, depth - 1, t);
  }
  if (diff_chance(g, 75)) {
    diff_put(t, " else ");
    diff_expr(g, s, type, depth - 1, t);
  }
  diff_put(t, " end");
}

// The type of the other operand: mostly the same, sometimes one that widens.
static dfq_type diff_partner(diff_gen *g, dfq_type type) {
  if (!diff_chance(g, 20)) return type;
  if (type == DFQ_I64 && diff_chance(g, 30)) return diff_chance(g, 50) ? DFQ_U8 : DFQ_U64;
  if (type == DFQ_I64) return diff_chance(g, 50) ? DFQ_F64 : DFQ_I32;
  if (type == DFQ_U8 || type == DFQ_U32) return diff_chance(g, 50) ? DFQ_I16 : DFQ_F32;
  if ((type & 0xff) == DFQ_DECIMAL)
    return diff_chance(g, 50) ? dfq_decimal_of(diff_chance(g, 50) ? 2 : 4)
                              : diff_chance(g, 60) ? DFQ_I64 : DFQ_F64;
  if (type == DFQ_F64 || type == DFQ_I32) return DFQ_I64;
  if (type == DFQ_DATE) return DFQ_DATETIME;
  return type == DFQ_DATETIME ? (dfq_type)DFQ_DATE : type;
}

static void diff_bool(diff_gen *g, const diff_scope *s, int depth, diff_text *t) {
  static const char *const compare[] = { "=", "!=", "<", "<=", ">", ">=", "is distinct from",
                                         "is not distinct from" };
  static const char *const equal[] = { "=", "!=", "is distinct from", "is not distinct from" };
  dfq_type type = diff_any_type(g, s->schema);
  switch (diff_below(g, 12)) {
    case 0: diff_infix(g, s, DFQ_BOOL, "and", DFQ_BOOL, depth, t); return;
    case 1: diff_infix(g, s, DFQ_BOOL, "or", DFQ_BOOL, depth, t); return;
    case 2:
      diff_put(t, "not (");
      diff_expr(g, s, DFQ_BOOL, depth - 1, t);
      diff_put(t, ")");
      return;
    case 3:
      diff_put(t, "(");
      diff_expr(g, s, type, depth - 1, t);
      diff_put(t, diff_chance(g, 50) ? " is null)" : " is not null)");
      return;
    case 4:
      diff_put(t, "(");
      diff_expr(g, s, type, depth - 1, t);
      diff_put(t, diff_chance(g, 30) ? " not in (" : " in (");
      for (int i = diff_below(g, 3); i >= 0; i--) {
        diff_expr(g, s, diff_partner(g, type), 0, t);
        diff_put(t, i ? ", " : diff_chance(g, 20) ? ", null))" : "))");
      }
      return;
    case 5:
      diff_put(t, "(");
      diff_expr(g, s, DFQ_STR, depth - 1, t);
      diff_put(t, " %s '%s')", diff_chance(g, 70) ? "like" : "ilike",
               diff_chance(g, 50) ? "%a%" : diff_chance(g, 50) ? "_" : "thirteen%");
      return;
    case 6:
      if (diff_is_list(type)) type = DFQ_I64;   // which have no order
      diff_put(t, "(");
      diff_expr(g, s, type, depth - 1, t);
      diff_put(t, " between ");
      diff_literal(g, type, t);
      diff_put(t, " and ");
      diff_expr(g, s, type, 0, t);
      diff_put(t, ")");
      return;
    case 7: diff_call(g, s, "is_nan", DFQ_F64, 1, depth, t); return;
    case 8: diff_case(g, s, DFQ_BOOL, depth, t); return;
    default:
      if (diff_is_list(type)) {
        diff_infix(g, s, type, equal[diff_below(g, 4)], type, depth, t);
        return;
      }
      diff_infix(g, s, type, compare[diff_below(g, type == DFQ_BOOL ? 2 : 8)],
                 type == DFQ_BOOL ? type : diff_partner(g, type), depth, t);
      return;
  }
}

static void diff_i64(diff_gen *g, const diff_scope *s, int depth, diff_text *t) {
  static const char *const infix[] = { "+", "-", "*", "//", "%" };
  static const char *const names[] = { "floor_div", "floor_mod", "wrap_add", "wrap_sub",
                                       "wrap_mul" };
  switch (diff_below(g, 12)) {
    case 0: diff_call(g, s, diff_chance(g, 50) ? "abs" : "neg", DFQ_I64, 1, depth, t); return;
    case 1: diff_call(g, s, names[diff_below(g, 5)], DFQ_I64, 2, depth, t); return;
    case 2: diff_case(g, s, DFQ_I64, depth, t); return;
    case 3:
      diff_call(g, s, diff_chance(g, 50) ? "len_bytes" : "len_chars", DFQ_STR, 1, depth, t);
      return;
    case 4:
      diff_put(t, "try_cast(");
      diff_expr(g, s, diff_chance(g, 50) ? DFQ_STR : DFQ_F64, depth - 1, t);
      diff_put(t, " as i64)");
      return;
    case 5: diff_infix(g, s, DFQ_DATE, "-", DFQ_DATE, depth, t); return;
    case 6: diff_call(g, s, "coalesce", DFQ_I64, 2, depth, t); return;
    case 7:
      diff_put(t, "cast(");
      diff_expr(g, s, diff_chance(g, 40) ? DFQ_F64 : DFQ_BOOL, depth - 1, t);
      diff_put(t, " as i64)");
      return;
    default:
      diff_infix(g, s, DFQ_I64, infix[diff_below(g, 5)],
                 diff_chance(g, 10) ? DFQ_I32 : DFQ_I64, depth, t);
      return;
  }
}

static void diff_f64(diff_gen *g, const diff_scope *s, int depth, diff_text *t) {
  static const char *const infix[] = { "+", "-", "*", "/", "//", "%" };
  switch (diff_below(g, 9)) {
    case 0: diff_call(g, s, diff_chance(g, 50) ? "abs" : "neg", DFQ_F64, 1, depth, t); return;
    case 1:
      diff_call(g, s, diff_chance(g, 50) ? "floor_div" : "floor_mod", DFQ_F64, 2, depth, t);
      return;
    case 2: diff_case(g, s, DFQ_F64, depth, t); return;
    case 3: diff_infix(g, s, DFQ_I64, "/", DFQ_I64, depth, t); return;
    case 4:
      diff_put(t, "try_cast(");
      diff_expr(g, s, DFQ_STR, depth - 1, t);
      diff_put(t, " as f64)");
      return;
    case 5: diff_infix(g, s, DFQ_F64, infix[diff_below(g, 6)], DFQ_I64, depth, t); return;
    default: diff_infix(g, s, DFQ_F64, infix[diff_below(g, 6)], DFQ_F64, depth, t); return;
  }
}

static void diff_cast(diff_gen *g, const diff_scope *s, dfq_type from, dfq_type to, int depth,
                      diff_text *t) {
  diff_put(t, "%s(", diff_chance(g, 50) ? "cast" : "try_cast");
  diff_expr(g, s, from, depth - 1, t);
  diff_put(t, " as %s)", dfq_type_name(to));
}

// Narrow numbers come of wide ones, where they fit.
static void diff_narrow_expr(diff_gen *g, const diff_scope *s, dfq_type type, int depth,
                             diff_text *t) {
  dfq_type from = type == DFQ_F32 ? DFQ_F64 : diff_chance(g, 70) ? DFQ_I64 : DFQ_BOOL;
  if (diff_chance(g, 30)) { diff_case(g, s, type, depth, t); return; }
  if (diff_chance(g, 30)) { diff_call(g, s, "coalesce", type, 2, depth, t); return; }
  if (diff_chance(g, 10)) { diff_cast(g, s, from, type, depth, t); return; }
  diff_put(t, "try_cast(");
  diff_expr(g, s, from, depth - 1, t);
  diff_put(t, " as %s)", dfq_type_name(type));
}

static void diff_decimal(diff_gen *g, const diff_scope *s, dfq_type type, int depth,
                         diff_text *t) {
  const char *op = diff_chance(g, 50) ? "+" : "-";
  dfq_type two = dfq_decimal_of(2);
  switch (diff_below(g, 7)) {
    case 0: diff_case(g, s, type, depth, t); return;
    case 1: diff_call(g, s, diff_chance(g, 50) ? "abs" : "neg", type, 1, depth, t); return;
    case 2: diff_infix(g, s, type, op, diff_chance(g, 50) ? DFQ_I64 : DFQ_U8, depth, t); return;
    case 3:
      if (type == two) diff_infix(g, s, type, "*", DFQ_I16, depth, t);
      else diff_infix(g, s, two, "*", two, depth, t);
      return;
    case 4: diff_cast(g, s, diff_chance(g, 50) ? two : (dfq_type)DFQ_U32, type, depth, t);
      return;
    case 5: diff_infix(g, s, type == two ? type : two, op, type, depth, t); return;
    default: diff_infix(g, s, type, op, type, depth, t); return;
  }
}

static void diff_list(diff_gen *g, const diff_scope *s, dfq_type type, int depth,
                      diff_text *t) {
  if (diff_chance(g, 30)) diff_case(g, s, type, depth, t);
  else if (diff_chance(g, 30)) diff_call(g, s, "coalesce", type, 2, depth, t);
  else diff_call(g, s, "list", type >> 8, diff_below(g, 2) + 1, depth, t);
}

static void diff_time(diff_gen *g, const diff_scope *s, dfq_type type, int depth,
                      diff_text *t) {
  static const char *const units[] = { "day", "month", "hour" };
  const char *op = diff_chance(g, 50) ? "+" : "-";
  if (diff_chance(g, 25)) { diff_case(g, s, type, depth, t); return; }
  if (type == DFQ_DURATION) {
    dfq_type of = diff_chance(g, 50) ? DFQ_DATETIME : DFQ_DURATION;
    if (diff_chance(g, 10)) of = DFQ_TIME;
    diff_infix(g, s, of, of == DFQ_DURATION ? op : "-", of, depth, t);
    return;
  }
  if (type == DFQ_TIME && diff_chance(g, 90)) {
    diff_cast(g, s, DFQ_DATETIME, type, depth, t);
    return;
  }
  if (type == DFQ_TIME) { diff_infix(g, s, type, op, DFQ_DURATION, depth, t); return; }
  if (type == DFQ_DATETIME && diff_chance(g, 10)) {
    diff_infix(g, s, DFQ_DATE, "+", DFQ_TIME, depth, t);
    return;
  }
  if (diff_chance(g, 25)) {
    diff_cast(g, s, type == DFQ_DATE ? DFQ_DATETIME : DFQ_DATE, type, depth, t);
    return;
  }
  if (type == DFQ_DATETIME && diff_chance(g, 30)) {
    diff_infix(g, s, type, op, DFQ_DURATION, depth, t);
    return;
  }
  diff_put(t, "(");
  diff_expr(g, s, type, depth - 1, t);
  diff_put(t, " %s ", op);
  if (depth > 1 && diff_chance(g, 30)) {   // so many times the interval, few enough
    diff_expr(g, s, DFQ_I64, depth - 1, t);
    diff_put(t, " %% 9 * ");
  }
  diff_put(t, "interval '%d' %s)", diff_below(g, 14),
           units[diff_below(g, type == DFQ_DATE ? 2 : 3)]);
}

static void diff_expr(diff_gen *g, const diff_scope *s, dfq_type type, int depth,
                      diff_text *t) {
  if (depth <= 0 || t->len > 1200 || diff_chance(g, 25)) { diff_leaf(g, s, type, t); return; }
  switch (type & 0xff) {
    case DFQ_BOOL: diff_bool(g, s, depth, t); return;
    case DFQ_I64: diff_i64(g, s, depth, t); return;
    case DFQ_F64: diff_f64(g, s, depth, t); return;
    case DFQ_I32: diff_cast(g, s, diff_chance(g, 50) ? DFQ_I64 : DFQ_BOOL, type, depth, t);
      return;
    case DFQ_STR:
      if (diff_chance(g, 40)) diff_cast(g, s, diff_any_type(g, s->schema), type, depth, t);
      else if (diff_chance(g, 30)) diff_call(g, s, "coalesce", type, 2, depth, t);
      else diff_case(g, s, type, depth, t);
      return;
    case DFQ_LIST: diff_list(g, s, type, depth, t); return;
    case DFQ_DECIMAL: diff_decimal(g, s, type, depth, t); return;
    case DFQ_U8: case DFQ_I16: case DFQ_U32: case DFQ_U64: case DFQ_F32:
      diff_narrow_expr(g, s, type, depth, t);
      return;
    default: diff_time(g, s, type, depth, t); return;
  }
}

// ---- random verbs --------------------------------------------------------------------------

static const dfq_schema *diff_schema(dfq_frame *f) { return dfq_schema_of(f); }

static diff_scope diff_scope_of(dfq_frame *f) {
  diff_scope s = { diff_schema(f), false, 0, NULL };
  return s;
}

static dfq_frame *diff_filter(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  diff_scope s = diff_scope_of(f);
  diff_expr(g, &s, DFQ_BOOL, 3, &t);
  diff_put(&g->plan, "  filter %s\n", t.data);
  return dfq_filter(f, t.data);
}

// One item; a new name, or one that is there.
static void diff_item(diff_gen *g, const diff_scope *s, bool old, diff_text *t) {
  diff_text e = { "", 0 };
  diff_expr(g, s, diff_any_type(g, s->schema), 3, &e);
  diff_put(t, "%s as ", e.data);
  if (old && s->schema->count)
    diff_name(t, s->schema->field[diff_below(g, s->schema->count)].name);
  else diff_put(t, "x%d", g->names++);
}

static dfq_frame *diff_select(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  diff_scope s = diff_scope_of(f);
  int count = 0;
  for (int c = 0; c < s.schema->count; c++) {
    if (!diff_chance(g, 60)) continue;
    diff_put(&t, "%s", count++ ? ", " : "");
    diff_name(&t, s.schema->field[c].name);
    if (diff_chance(g, 15)) diff_put(&t, " as x%d", g->names++);
  }
  for (int i = diff_below(g, 3); i > 0 || !count; i--) {
    diff_put(&t, "%s", count++ ? ", " : "");
    diff_item(g, &s, false, &t);
  }
  diff_put(&g->plan, "  select %s\n", t.data);
  return dfq_select(f, t.data);
}

static dfq_frame *diff_with(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  diff_scope s = diff_scope_of(f);
  diff_item(g, &s, diff_chance(g, 30), &t);
  if (diff_chance(g, 40)) {
    diff_put(&t, ", ");
    diff_item(g, &s, false, &t);
  }
  diff_put(&g->plan, "  with %s\n", t.data);
  return dfq_with_columns(f, t.data);
}

static dfq_frame *diff_drop_or_rename(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  const dfq_schema *s = diff_schema(f);
  if (s->count == 0) return f;
  diff_name(&t, s->field[diff_below(g, s->count)].name);
  if (s->count > 1 && diff_chance(g, 50)) {
    diff_put(&g->plan, "  drop %s\n", t.data);
    return dfq_drop(f, t.data);
  }
  diff_put(&t, " as x%d", g->names++);
  diff_put(&g->plan, "  rename %s\n", t.data);
  return dfq_rename(f, t.data);
}

static dfq_frame *diff_slice(diff_gen *g, dfq_frame *f) {
  if (diff_chance(g, 20)) {
    int last = diff_below(g, 30);
    diff_put(&g->plan, last ? "  tail %d\n" : "  reverse\n", last);
    return last ? dfq_tail(f, last) : dfq_reverse(f);
  }
  int offset = diff_chance(g, 60) ? 0 : diff_below(g, 12);
  int count = diff_chance(g, 10) ? -1 : diff_below(g, 30);
  diff_put(&g->plan, "  slice %d %d\n", offset, count);
  return dfq_slice(f, offset, count);
}

static dfq_frame *diff_row_index(diff_gen *g, dfq_frame *f) {
  char name[16];
  snprintf(name, sizeof name, "i%d", g->names++);
  diff_put(&g->plan, "  row_index %s\n", name);
  return dfq_row_index(f, name);
}

static void diff_keys(diff_gen *g, dfq_frame *f, bool plain, diff_text *t) {
  const dfq_schema *s = diff_schema(f);
  diff_scope scope = diff_scope_of(f);
  int count = diff_below(g, 3) + 1;
  for (int i = 0; i < count; i++) {
    diff_put(t, "%s", i ? ", " : "");
    if (s->count && (plain || diff_chance(g, 75)))
      diff_name(t, s->field[diff_below(g, s->count)].name);
    else diff_expr(g, &scope, diff_any_type(g, s), 2, t);
    if (plain) continue;
    if (diff_chance(g, 40)) diff_put(t, " desc");
    if (diff_chance(g, 20)) diff_put(t, " nulls %s", diff_chance(g, 70) ? "first" : "last");
  }
}

static dfq_frame *diff_sort(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  diff_keys(g, f, false, &t);
  diff_put(&g->plan, "  sort %s\n", t.data);
  return dfq_sort(f, t.data);
}

static dfq_frame *diff_distinct(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  if (diff_chance(g, 70)) diff_keys(g, f, true, &t);
  if (diff_chance(g, 30)) diff_put(&t, diff_chance(g, 50) ? " keep last" : " keep none");
  diff_put(&g->plan, "  distinct %s\n", t.data);
  return dfq_distinct(f, t.len ? t.data : NULL);
}

static void diff_aggregate_call(diff_gen *g, const diff_scope *s, diff_text *t) {
  static const char *const any[] = { "count", "min", "max", "first", "last", "first_non_null",
                                     "last_non_null", "n_unique", "null_count", "mode",
                                     "approx_n_unique" };
  static const char *const number[] = { "sum", "mean", "var", "std", "median", "sum", "mean",
                                        "product", "skew", "kurtosis" };
  static const char *const pair[] = { "corr", "cov", "cov_pop" };
  dfq_type type = diff_any_type(g, s->schema), other = diff_any_type(g, s->schema);
  bool is_number = model_is_number(type);
  diff_text e = { "", 0 };
  if (diff_chance(g, 10)) { diff_put(t, "count()"); return; }
  diff_expr(g, s, type, diff_chance(g, 70) ? 0 : 2, &e);
  if (type == DFQ_BOOL && diff_chance(g, 50))
    diff_put(t, "%s(%s)", diff_chance(g, 50) ? "any" : diff_chance(g, 50) ? "all" : "count_if",
             e.data);
  else if (type == DFQ_DURATION && diff_chance(g, 50)) diff_put(t, "sum(%s)", e.data);
  else if (is_number && diff_chance(g, 10))
    diff_put(t, "quantile(%s, %s)", e.data, diff_chance(g, 50) ? "0.25" : "1");
  else if (is_number && diff_chance(g, 65))
    diff_put(t, "%s(%s)", number[diff_below(g, 10)], e.data);
  else if (is_number && diff_chance(g, 30)) {
    diff_put(t, "%s(%s, ", pair[diff_below(g, 3)], e.data);
    diff_expr(g, s, diff_chance(g, 50) ? DFQ_F64 : DFQ_I64, 1, t);
    diff_put(t, ")");
  } else if (type == DFQ_STR && diff_chance(g, 20)) {
    diff_put(t, "string_agg(%s, '%s')", e.data, diff_chance(g, 50) ? ", " : "");
  } else if (diff_chance(g, 15)) {
    diff_put(t, "%s(%s, ", diff_chance(g, 50) ? "min_by" : "max_by", e.data);
    diff_expr(g, s, other, 1, t);
    diff_put(t, ")");
  } else diff_put(t, "%s(%s)", any[diff_below(g, 11)], e.data);
}

// Lists come out as texts: the rest of a plan knows no lists.
static void diff_list_call(diff_gen *g, const diff_scope *s, diff_text *t) {
  dfq_type type = diff_any_type(g, s->schema);
  int kind = diff_below(g, 3);
  diff_put(t, "%s(", kind == 0 ? "implode" : kind == 1 ? "top_k" : "bottom_k");
  diff_expr(g, s, type, 1, t);
  if (kind) diff_put(t, ", %d", diff_below(g, 4) + 1);
  diff_put(t, ")");
}

static void diff_aggregate(diff_gen *g, const diff_scope *s, diff_text *t) {
  diff_text e = { "", 0 };
  bool list = diff_chance(g, 10);
  if (list) diff_put(t, "cast(");
  if (list) diff_list_call(g, s, t);
  else diff_aggregate_call(g, s, t);
  if (diff_chance(g, 25)) {
    diff_expr(g, s, DFQ_BOOL, 2, &e);
    diff_put(t, " filter (%s%s)", diff_chance(g, 50) ? "where " : "", e.data);
  }
  if (list) diff_put(t, " as str)");
}

static dfq_frame *diff_group(diff_gen *g, dfq_frame *f) {
  diff_text keys = { "", 0 }, items = { "", 0 };
  diff_scope s = diff_scope_of(f);
  bool sorted = diff_chance(g, 20), any = s.schema->count > 0 && diff_chance(g, 85);
  if (any && (sorted || diff_chance(g, 75))) diff_keys(g, f, true, &keys);
  else if (any) diff_item(g, &s, false, &keys);
  for (int i = diff_below(g, 4); i >= 0; i--) {
    diff_aggregate(g, &s, &items);
    if (diff_chance(g, 10)) {
      diff_put(&items, " is null or count() > ");
      diff_put(&items, "%d", diff_below(g, 5));
    }
    diff_put(&items, " as x%d%s", g->names++, i ? ", " : "");
  }
  if (sorted && any) {
    g->sorted = true;
    diff_put(&g->plan, "  sort %s\n  group sorted %s: %s\n", keys.data, keys.data, items.data);
    if (diff_chance(g, 90)) f = dfq_sort(f, keys.data);
    return dfq_group_by_sorted(f, keys.data, items.data);
  }
  diff_put(&g->plan, "  group %s: %s\n", keys.data, items.data);
  return dfq_group_by(f, keys.data, items.data);
}

static dfq_frame *diff_plan(diff_gen *g, diff_data *data, int *used, int stages);

enum { DIFF_SCANS = 6 };

// The other side of a join or union: this frame again, as it is or grouped or filtered, or a
// plan of its own.
static dfq_frame *diff_other(diff_gen *g, dfq_frame *f, diff_data *data, int *used) {
  if (*used >= DIFF_SCANS || diff_chance(g, 20)) {
    diff_put(&g->plan, "  itself\n");
    return diff_chance(g, 30) ? diff_group(g, f) : diff_chance(g, 30) ? diff_filter(g, f) : f;
  }
  diff_put(&g->plan, "  (\n");
  dfq_frame *other = diff_plan(g, data, used, diff_below(g, 3));
  diff_put(&g->plan, "  )\n");
  return other;
}

// Pairs of columns of the same type: "a, b = c". Returns how many.
static int diff_join_keys(diff_gen *g, const dfq_schema *a, const dfq_schema *b, diff_text *t,
                          diff_text *left, diff_text *right) {
  int want = diff_chance(g, 70) ? 1 : 2, count = 0;
  for (int tries = 0; tries < 12 && count < want && a->count; tries++) {
    const dfq_field *x = &a->field[diff_below(g, a->count)];
    int c = diff_chance(g, 60) ? model_find(b, x->name) : diff_column(g, b, x->type);
    if (c < 0 || b->field[c].type != x->type || strstr(left->data, x->name)) continue;
    const char *sep = count++ ? ", " : "";
    diff_put(t, "%s", sep);
    diff_put(left, "%s", sep);
    diff_put(right, "%s", sep);
    diff_name(t, x->name);
    diff_name(left, x->name);
    diff_name(right, b->field[c].name);
    if (strcmp(x->name, b->field[c].name) == 0) continue;
    diff_put(t, " = ");
    diff_name(t, b->field[c].name);
  }
  return count;
}

// Do values of these types compare as they are? Decimals do with those of other scales.
static bool diff_comparable(dfq_type a, dfq_type b) {
  bool decimals = model_is_decimal(a) && (model_is_decimal(b) || b == DFQ_I64);
  return a == b || decimals || (a == DFQ_I64 && model_is_decimal(b));
}

// A condition over both sides: anything, or a range.
static void diff_join_where(diff_gen *g, dfq_frame *f, dfq_frame *other, dfq_join_options how,
                            diff_text *t) {
  static const char *const compare[] = { "<", "<=", ">", ">=", "=", "!=" };
  how.type = *how.keys ? DFQ_INNER : DFQ_CROSS;
  diff_scope pair = diff_scope_of(dfq_join_with(f, other, &how));
  int left = diff_schema(f)->count, count = pair.schema->count;
  if (count <= left || left == 0 || diff_chance(g, 50)) {
    diff_expr(g, &pair, DFQ_BOOL, diff_below(g, 3), t);
    return;
  }
  for (int i = diff_below(g, 2); i >= 0; i--) {
    const dfq_field *x = &pair.schema->field[diff_below(g, left)], *y = NULL;
    for (int c = left; c < count && !y; c++)
      if (diff_comparable(pair.schema->field[c].type, x->type)) y = &pair.schema->field[c];
    bool swap = diff_chance(g, 40);
    if (!y || x->type == DFQ_BOOL) diff_expr(g, &pair, DFQ_BOOL, 1, t);
    else {
      diff_name(t, swap ? y->name : x->name);
      diff_put(t, " %s ", compare[diff_below(g, 6)]);
      diff_name(t, swap ? x->name : y->name);
    }
    if (i) diff_put(t, " and ");
  }
}

// The nearest row in time, by any column that has an order.
static dfq_frame *diff_near(diff_gen *g, dfq_frame *f, dfq_frame *other, const char *suffix) {
  const dfq_schema *a = diff_schema(f), *b = diff_schema(other);
  diff_text on = { "", 0 }, by = { "", 0 }, left = { "", 0 }, right = { "", 0 };
  dfq_asof_options how;
  memset(&how, 0, sizeof how);
  if (a->count == 0) return f;
  const dfq_field *x = &a->field[diff_below(g, a->count)];
  int c = diff_column(g, b, x->type);
  if (c < 0) return f;
  diff_name(&on, x->name);
  diff_put(&on, " = ");
  diff_name(&on, b->field[c].name);
  how.on = on.data;
  if (diff_chance(g, 60) && diff_join_keys(g, a, b, &by, &left, &right)) how.by = by.data;
  how.direction = (dfq_asof)diff_below(g, 3);
  how.strict = diff_chance(g, 30);
  how.suffix = suffix;
  bool time = x->type == DFQ_DATETIME || x->type == DFQ_DURATION;
  if (diff_chance(g, 40)) how.tolerance = time ? "interval '2' hour" : "2";
  diff_put(&g->plan, "  join_asof on %s by %s direction %d tolerance %s%s\n", on.data, by.data,
           (int)how.direction, how.tolerance ? how.tolerance : "none",
           how.strict ? " strict" : "");
  return dfq_join_asof(f, other, &how);
}

static dfq_frame *diff_join(diff_gen *g, dfq_frame *f, diff_data *data, int *used) {
  static const char *const types[] = {
    "inner", "left", "right", "full", "semi", "anti", "cross"
  };
  dfq_frame *other = diff_other(g, f, data, used);
  diff_text keys = { "", 0 }, left = { "", 0 }, right = { "", 0 }, where = { "", 0 };
  char suffix[16];
  dfq_join_options how;
  memset(&how, 0, sizeof how);
  snprintf(suffix, sizeof suffix, "_%d", g->names++);
  how.suffix = suffix;
  how.type = (dfq_join_type)diff_below(g, 6);
  how.nulls_equal = diff_chance(g, 20);
  if (!diff_join_keys(g, diff_schema(f), diff_schema(other), &keys, &left, &right))
    how.type = DFQ_CROSS;
  how.keys = keys.data;
  if (how.type == DFQ_CROSS) f = dfq_limit(f, 8);
  if (diff_chance(g, 45)) {
    diff_join_where(g, f, other, how, &where);
    how.where = where.data;
    if (how.type == DFQ_CROSS && diff_chance(g, 80)) how.type = (dfq_join_type)diff_below(g, 6);
  }
  if (diff_chance(g, 15)) return diff_near(g, f, other, suffix);
  if (how.type == DFQ_ANTI && !how.where && !how.nulls_equal && !strchr(keys.data, ','))
    how.not_in = keys.len && diff_chance(g, 50);
  if (keys.len && !how.where && !how.not_in && diff_chance(g, 20)) {
    how.strategy = DFQ_SORTED;
    g->sorted = true;
    f = dfq_sort(f, left.data);
    if (diff_chance(g, 95)) other = dfq_sort(other, right.data);
  }
  diff_put(&g->plan, "  join %s on %s%s%s where %s\n", types[how.type], keys.data,
           how.nulls_equal ? " nulls equal" : "", how.strategy ? " sorted" : "", where.data);
  return dfq_join_with(f, other, &how);
}

// A union needs the same names and types: the other side is brought to them.
static dfq_frame *diff_union(diff_gen *g, dfq_frame *f, diff_data *data, int *used) {
  dfq_frame *other = diff_other(g, f, data, used);
  const dfq_schema *s = diff_schema(f);
  diff_scope scope = diff_scope_of(other);
  diff_text t = { "", 0 };
  for (int c = 0; c < s->count; c++) {
    diff_put(&t, "%s", c ? ", " : "");
    diff_expr(g, &scope, s->field[c].type, 1, &t);
    diff_put(&t, " as ");
    diff_name(&t, s->field[c].name);
  }
  diff_put(&g->plan, "  union with the other's %s\n", t.data);
  return dfq_union(f, s->count ? dfq_select(other, t.data) : other);
}

// Some columns into rows, the same number of them a turn; labels and values have new names.
static dfq_frame *diff_unpivot(diff_gen *g, dfq_frame *f) {
  const dfq_schema *s = diff_schema(f);
  diff_text t = { "", 0 };
  int turns = diff_below(g, 3) + 1, values = diff_chance(g, 70) ? 1 : 2;
  if (s->count == 0) return f;
  for (int i = 0; i < turns; i++) {
    diff_put(&t, i ? ", (" : "(");
    for (int v = 0; v < values; v++) {
      diff_put(&t, v ? ", " : "");
      diff_name(&t, s->field[diff_below(g, s->count)].name);
    }
    diff_put(&t, diff_chance(g, 50) ? ") as \"turn %d\"" : ") as t%d", i);
  }
  if (diff_chance(g, 20)) diff_put(&t, " keep none");
  diff_put(&t, " names to x%d values to x%d", g->names, g->names + 1);
  if (values == 2) diff_put(&t, ", x%d", g->names + 2);
  g->names += 3;
  diff_put(&g->plan, "  unpivot %s\n", t.data);
  return dfq_unpivot(f, t.data);
}

// ---- random windows: over plain columns, which cannot fail before the functions do

static const char *const diff_bounds[] = { "unbounded preceding", "3 preceding", "1 preceding",
                                           "current row", "1 following", "4 following",
                                           "unbounded following" };

static void diff_over(diff_gen *g, const dfq_schema *s, bool framed, diff_text *t) {
  int from = diff_below(g, 6), to = from + diff_below(g, 7 - from), unit = diff_below(g, 3);
  bool order = diff_chance(g, 70), empty = to == 0 || (from == 1 && diff_chance(g, 10));
  diff_put(t, " over (");
  if (diff_chance(g, 60)) {
    diff_put(t, "partition by ");
    diff_name(t, s->field[diff_below(g, s->count)].name);
  }
  for (int i = 0; order && i < 2 - diff_below(g, 2); i++) {
    diff_put(t, i ? ", " : " order by ");
    diff_name(t, s->field[diff_below(g, s->count)].name);
    diff_put(t, "%s%s", diff_chance(g, 40) ? " desc" : "",
             diff_chance(g, 20) ? " nulls first" : "");
  }
  if (unit == DFQ__BY_VALUE) {      // by distance: see ch4_frames.c
    from = from < 3 ? 0 : 3;
    to = to < 4 ? 3 : 6;
  }
  if (empty) { from = 1; to = unit == DFQ__BY_VALUE ? 3 : 1; }
  if (framed && diff_chance(g, 60))
    diff_put(t, " %s between %s and %s", dfq__frame_units[unit],
             unit == DFQ__BY_VALUE && from == 1 ? diff_bounds[3] : diff_bounds[from],
             diff_bounds[to]);
  diff_put(t, ")");
}

static void diff_window_item(diff_gen *g, const dfq_schema *s, diff_text *t) {
  static const char *const any[] = { "count", "min", "max", "first", "last", "first_non_null",
                                     "last_non_null", "n_unique" };
  static const char *const own[] = { "lag(%s)",           "lead(%s, 2)",
                                     "forward_fill(%s)",  "backward_fill(%s, 2)",
                                     "cum_min(%s)",       "cum_count(%s)",
                                     "rolling_max(%s, 3)", "rolling_count(%s, 2, 1)" };
  static const char *const number[] = { "sum(%s)", "mean(%s)", "std(%s)", "median(%s)" };
  static const char *const sums[] = { "cum_sum(%s)", "cum_mean(%s)", "rolling_sum(%s, 3)",
                                      "rolling_mean(%s, 4, 1)", "rolling_var(%s, 3, 2)" };
  static const char *const place[] = { "row_number()", "rank()", "dense_rank()", "ntile(3)",
                                       "percent_rank()", "cume_dist()", "count()" };
  const dfq_field *f = &s->field[diff_below(g, s->count)];
  bool is_number = model_is_number(f->type) && f->type != DFQ_U64;   // whose cast may fail
  diff_text column = { "", 0 };
  int kind = diff_below(g, 10);
  diff_name(&column, f->name);
  if (kind == 0) diff_put(t, "nth_value(%s, 2)", column.data);
  else if (kind < 3) diff_put(t, "%s", place[diff_below(g, 7)]);
  else if (kind < 5 && is_number) diff_put(t, sums[diff_below(g, 5)], column.data);
  else if (kind < 7) diff_put(t, own[diff_below(g, 8)], column.data);
  else if (is_number && diff_chance(g, 50)) diff_put(t, number[diff_below(g, 4)], column.data);
  else diff_put(t, "%s(%s)", any[diff_below(g, 8)], column.data);
  if (kind < 3 || kind > 6 || (kind < 7 && diff_chance(g, 60)))
    diff_over(g, s, kind == 0 || kind > 6, t);
  diff_put(t, " as x%d", g->names++);
}

static dfq_frame *diff_window(diff_gen *g, dfq_frame *f) {
  diff_text t = { "", 0 };
  const dfq_schema *s = diff_schema(f);
  if (s->count == 0) return f;
  for (int i = diff_below(g, 3); i >= 0; i--) {
    diff_window_item(g, s, &t);
    if (i) diff_put(&t, ", ");
  }
  diff_put(&g->plan, "  with %s\n", t.data);
  return dfq_with_columns(f, t.data);
}

// All rows so far into a file; what comes out is a row of its name, and how much it holds.
#if DFQ_CHAPTER >= 6
// Plans that several threads run at once write no files: they would be the same ones.
static bool diff_no_files;

static dfq_frame *diff_write(diff_gen *g, dfq_frame *f) {
  if (diff_no_files) return f;
  const char *format = dfq_format_at(diff_below(g, DFQ__FORMATS));
  dfq_write_options o;
  memset(&o, 0, sizeof o);
  o.format = format;
  o.null = strcmp(format, "csv") == 0 && diff_chance(g, 50) ? "NA" : NULL;
  diff_put(&g->plan, "  write format %s%s\n", format, o.null ? " null 'NA'" : "");
  return dfq_write_stage(f, test_path("diff-written"), NULL, &o);
}
#else
static dfq_frame *diff_write(diff_gen *g, dfq_frame *f) { return g ? f : NULL; }
#endif

static dfq_frame *diff_stage(diff_gen *g, dfq_frame *f, diff_data *data, int *used) {
  if (diff_chance(g, 2)) return diff_write(g, f);
  switch (diff_below(g, 21)) {
    case 0: case 1: case 2: case 3: return diff_filter(g, f);
    case 4: return diff_select(g, f);
    case 5: case 6: return diff_with(g, f);
    case 7: return diff_drop_or_rename(g, f);
    case 8: return diff_slice(g, f);
    case 9: return diff_row_index(g, f);
    case 10: return diff_union(g, f, data, used);
    case 11: case 12: return diff_group(g, f);
    case 13: case 14: return diff_sort(g, f);
    case 15: return diff_distinct(g, f);
    case 16: return diff_unpivot(g, f);
    case 17: case 18: return diff_window(g, f);
    default:   // what takes work may stand on both sides
      return diff_join(g, diff_chance(g, 20) ? diff_group(g, f) : f, data, used);
  }
}

static dfq_frame *diff_plan(diff_gen *g, diff_data *data, int *used, int stages) {
  dfq_frame *f = diff_scan(g, &data[(*used)++]);
  for (int i = 0; i < stages; i++) {
    dfq_frame *next = diff_stage(g, f, data, used);
    if (!dfq_frame_error(next)) f = next;   // a stage that is refused is left out
    else diff_put(&g->plan, "  (refused: %.60s)\n", dfq_frame_error(next));
  }
  return f;
}

// Of the whole plan, and not of the parts that are joined to it, some end in a file.
static dfq_frame *diff_ends(diff_gen *g, dfq_frame *f) {
  dfq_frame *written = diff_chance(g, 5) ? diff_write(g, f) : f;
  return dfq_frame_error(written) ? f : written;
}

// ---- running in every way ------------------------------------------------------------------

typedef struct diff_check {
  dfq_frame *frame;
  model m;
  model_table want;
  bool sorted;             // has a sorted join or group
  dfq_table *rows;         // the row engine's rows, up to the end or its error, ...
  bool failed;             // ... whether it failed, ...
  char message[600];       // ... and what it said: the batch engine says the same
  char report[1200];
} diff_check;

// The rows of a result up to its end or error, as a table.
static dfq_table *diff_rows(dfq_frame *f, bool *failed) {
  const dfq_schema *s = dfq_schema_of(f);
  model m = model_open(f->db);
  model_table t = model_new(s);
  dfq_rows *r = dfq_rows_open(f);
  const dfq_value *row = NULL;
  while (dfq_rows_next(r, &row)) {
    dfq_value *to = model_add(&m, &t);
    for (int c = 0; c < s->count; c++) to[c] = model_keep_text(&m, row[c]);
  }
  *failed = dfq_rows_failed(r);
  dfq_rows_close(r);
  dfq_table *table = dfq_table_from_rows(f->db, s->field, s->count, t.cell, t.rows);
  model_close(&m);
  return table;
}

static bool diff_report(diff_check *c, const char *how, const char *what) {
  snprintf(c->report, sizeof c->report, "%s: %s", how, what);
  return false;
}

// The rows before an error count as well, where they are defined: in plans as written. A merge
// ends with the shorter side: it may not get to where the model sees that the other is not
// sorted. How far it got is then for the row engine to say, and the batch engine does the same.
static bool diff_prefix(diff_check *c, const dfq_run_options *run, const char *how) {
  bool failed, is_row = run->engine == DFQ_ROW_ENGINE, late = c->sorted && c->want.failed;
  char message[600], why[200];
  dfq_clear_error(c->frame->db);
  dfq_table *got = diff_rows(dfq_configure(c->frame, run), &failed);
  snprintf(message, sizeof message, "%s", failed ? dfq_error(c->frame->db) : "");
  if (is_row) {
    memcpy(c->message, message, sizeof message);
    c->failed = failed;
    c->rows = got;
  } else if (strcmp(message, c->message) != 0) diff_report(c, how, message);
  if (failed != (late ? c->failed : c->want.failed))
    diff_report(c, how, failed ? dfq_error(c->frame->db) : "does not fail, the model does");
  const char *difference = *c->report || late
                               ? NULL : model_difference(&c->m, &c->want, got, c->want.rows);
  if (!dfq_table_equal(c->rows, got, why, sizeof why)) difference = why;
  if (difference) diff_report(c, how, difference);
  if (!is_row) dfq_table_free(got);
  return !*c->report;
}

// A plan that ends in a file leaves the bytes that the model says.
static bool diff_same_file(diff_check *c, const char *how) {
  bool same = true;
#if DFQ_CHAPTER >= 6
  size_t size = 0;
  if (c->frame->node->kind != DFQ__WRITE || !c->m.written) return true;
  char *text = test_read_n(c->frame->node->to->path, &size);
  same = text && size == c->m.written_size && memcmp(text, c->m.written, size) == 0;
  free(text);
#endif
  return same || diff_report(c, how, "the file has other bytes than the model's");
}

static bool diff_run(diff_check *c, const dfq_run_options *run, const char *how) {
  dfq_table *got = dfq_collect(dfq_configure(c->frame, run));
  if (c->want.failed) {              // anything goes but a wrong success of the plain plan
    bool ok = !got || !run->no_optimize || c->sorted;
    dfq_table_free(got);
    return ok || diff_report(c, how, "does not fail, the model does");
  }
  if (!got) return diff_report(c, how, dfq_error(c->frame->db));
  const char *difference = model_difference(&c->m, &c->want, got, c->want.rows);
  dfq_table_free(got);
  return difference ? diff_report(c, how, difference) : diff_same_file(c, how);
}

// Optimized, with each rule off in turn where the plan's number says so.
#if DFQ_CHAPTER >= 5
static bool diff_run_optimized(diff_check *c, uint64_t number) {
  dfq_run_options run;
  char how[120];
  for (int i = 0; i < 4 + DFQ_RULE_COUNT; i++) {
    int rule = i - 4;
    memset(&run, 0, sizeof run);
    run.threads = i == 3 ? 2 : 1;
    run.engine = i == 0 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
    run.batch_rows = i == 2 ? 3 : i == 3 ? 1 : 0;
    if (rule >= 0 && number % 4 != 0 && (uint64_t)rule != number % DFQ_RULE_COUNT) continue;
    if (rule >= 0) run.rules_off = 1u << rule;
    snprintf(how, sizeof how, "optimized, %s, batches of %d, threads %d, without %s",
             run.engine ? "rows" : "batches", (int)run.batch_rows, run.threads,
             rule >= 0 ? dfq_rule_name((dfq_rule)rule) : "nothing");
    if (!diff_run(c, &run, how)) return false;
  }
  return true;
}
#endif

static bool diff_run_all(diff_check *c, uint64_t number) {
  static const size_t batches[] = { 1, 3, 64, 2048, 1 };   // the last with threads
  dfq_run_options run;
  char how[120];
  memset(&run, 0, sizeof run);
  run.no_optimize = true;
  run.threads = 1;
  run.engine = DFQ_ROW_ENGINE;
  if (!diff_prefix(c, &run, "row engine, as written")) return false;
  run.engine = DFQ_BATCH_ENGINE;
  if (!diff_prefix(c, &run, "rows of batches, as written")) return false;
  for (int i = 0; i < 5; i++) {
    run.batch_rows = batches[i];
    run.threads = i < 4 ? 1 : 3;
    snprintf(how, sizeof how, "as written, batches of %d, threads %d", (int)batches[i],
             run.threads);
    if (!diff_run(c, &run, how)) return false;
  }
#if DFQ_CHAPTER >= 5
  if (!diff_run_optimized(c, number)) return false;
#else
  (void)number;
#endif
  return true;
}

// A generator, and the frame it made of its seed.
typedef struct diff_trial {
  diff_gen gen;
  diff_check check;
  diff_data data[DIFF_SCANS];
} diff_trial;

static diff_trial *diff_open(uint64_t seed) {
  diff_trial *d = (diff_trial *)test_alloc(sizeof *d);
  int used = 0;
  memset(d, 0, sizeof *d);
  d->gen.state = seed * UINT64_C(0x2545f4914f6cdd1d);
  d->gen.db = dfq_open(NULL);
  d->gen.extreme = diff_chance(&d->gen, 30);
  if (seed % 2) d->gen.db->heap->narrow = 1;
  d->check.frame = diff_plan(&d->gen, d->data, &used, diff_below(&d->gen, 8) + 1);
  d->check.frame = diff_ends(&d->gen, d->check.frame);
  d->check.m = model_open(d->gen.db);
  return d;
}

static void diff_close(diff_trial *d) {
  model_close(&d->check.m);
  dfq_table_free(d->check.rows);
  dfq_close(d->gen.db);
  for (int i = 0; i < DIFF_SCANS; i++) free(d->data[i].cell);
  free(d);
}

// Makes and runs the plan of one seed. *good: the reference succeeded.
static bool diff_seed(uint64_t seed, bool *good) {
  diff_trial *d = diff_open(seed);
  diff_check *c = &d->check;
  c->want = model_run(&c->m, c->frame->node);
  c->sorted = d->gen.sorted;
  bool ok = c->m.too_big || (!c->m.wrong && diff_run_all(c, seed));
  if (c->m.wrong) diff_report(c, "the model", c->m.wrong);
  *good = ok && !c->want.failed && !c->m.too_big;
  if (!ok)
    test_fail("  DFQ_SEED=%llu DFQ_PLANS=1: %s\n%s", (unsigned long long)seed, c->report,
              d->gen.plan.data);
#if DFQ_CHAPTER >= 5
  const char *plan = ok ? NULL : dfq_explain_text(c->frame, DFQ_EXPLAIN_BOTH);
  if (plan) printf("%s\n", plan);
#endif
  diff_close(d);
  return ok;
}

static uint64_t diff_setting(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

TEST(diff_random_plans) {
  uint64_t first = diff_setting("DFQ_SEED", 1), plans = diff_setting("DFQ_PLANS", 1000);
  uint64_t good = 0, wrong = 0;
  for (uint64_t i = 0; i < plans && wrong < 5; i++) {
    bool succeeded = false;
    if (!diff_seed(first + i, &succeeded)) wrong++;
    good += succeeded;
  }
  CHECK_INT(wrong, 0);
  if (plans >= 100) CHECK(good * 2 > plans);   // else the generator tests little
  printf("plans: %llu at random, %llu of them without an error\n", (unsigned long long)plans,
         (unsigned long long)good);
}

// What users have for their own plans says the same.
#if DFQ_CHAPTER >= 5
TEST(diff_public_check) {
  for (uint64_t seed = 1; seed <= 60; seed++) {
    diff_trial *d = diff_open(seed);
    d->check.want = model_run(&d->check.m, d->check.frame->node);
    bool judged = !d->check.want.failed && !d->check.m.too_big;
    if (judged && !CHECK(dfq_check_equivalent(d->check.frame, NULL)))
      test_fail("    DFQ_SEED=%d: %s\n%s", (int)seed, dfq_error(d->gen.db), d->gen.plan.data);
    diff_close(d);
  }
}

// A source that gives other rows each time it is read.
TEST(diff_public_check_finds) {
  diff_data data;
  dfq_row_source s;
  dfq *db = dfq_open(NULL);
  dfq_value cell[1] = { model_int(DFQ_I64, 1) };
  FILE *out = tmpfile();
  memset(&data, 0, sizeof data);
  memset(&s, 0, sizeof s);
  data.field[0].name = "a";
  data.field[0].type = DFQ_I64;
  data.columns = 1;
  data.rows = 1;
  data.cell = cell;
  data.cursor.data = &data;
  s.fields = data.field;
  s.count = 1;
  s.user = &data.cursor;     // one cursor for all: only the first run sees the row
  s.next = diff_source_next;
  CHECK(!dfq_check_equivalent(dfq_filter(dfq_scan_rows(db, &s), "a > 0"), out));
  char *report = test_text(out);
  CHECK_HAS(report, "rows");
  CHECK_HAS(dfq_error(db), "dfq: ");
  free(report);
  CHECK(!dfq_check_equivalent(dfq_filter(dfq_scan_rows(db, &s), "zz > 0"), NULL));
  CHECK_HAS(dfq_error(db), "no column zz");
  CHECK(!dfq_check_equivalent(NULL, NULL));
  dfq_close(db);
}
#endif

static void run_differential(void) {
  RUN(diff_random_plans);
#if DFQ_CHAPTER >= 5
  RUN(diff_public_check);
  RUN(diff_public_check_finds);
#endif
}
