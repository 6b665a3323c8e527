// model.h - the oracle: what a plan means, computed in the dumbest way over rows of values.
//
// It reads the plan's nodes and nothing else of the engine: joins are nested loops, groups and
// distinct rows are found by linear search, sorting is insertion, sums are added digit by digit
// over the whole range of doubles. Types, Kleene logic, comparison and arithmetic are written
// here a second time. Shared with dfq.h are only leaf scalars: casts, dates, like, and the last
// formula of the variance, which is checked against an exact one on each call.
//
// An error is a position in the stream: a table that failed holds the rows before it.
#ifndef MODEL_H
#define MODEL_H

typedef struct model_table {
  const dfq_schema *schema;
  size_t rows, room;
  dfq_value *cell;       // row by row
  bool failed;           // these are the rows before an error
} model_table;

typedef struct model {
  dfq__arena arena;
  const char *wrong;     // where the plan contradicts the model: a type, a variance
  bool too_big;          // more rows than a test should take
  char *written;         // what the latest write stage puts into its file
  size_t written_size;
} model;

enum { MODEL_MOST_ROWS = 20000 };

// What an expression sees: a row; in group_by's items the group's keys, and its members.
typedef struct model_scope {
  const dfq_schema *schema;
  const dfq_value *row;
  const model_table *in;   // the input of the group
  const size_t *member;
  size_t members;
} model_scope;

static inline void *model_room(model *m, size_t count, size_t size) {
  void *p = dfq__arena_array(&m->arena, count + 1, size);
  if (!p) {
    fputs("the model ran out of memory\n", stderr);
    exit(1);
  }
  return p;
}

static inline dfq_value model_null(void) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  return v;
}

static inline dfq_value model_int(dfq_type type, int64_t i) {
  dfq_value v = model_null();
  v.type = type;
  v.as.i = i;
  return v;
}

static inline dfq_value model_f64(double f) {
  dfq_value v = model_null();
  v.type = DFQ_F64;
  v.as.f = f;
  return v;
}

static inline dfq_value model_bool(bool b) { return model_int(DFQ_BOOL, b); }

// ---- values: equality and order ------------------------------------------------------------

static inline int model_compare_text(const dfq_value *a, const dfq_value *b) {
  for (uint32_t i = 0; i < a->len && i < b->len; i++) {
    unsigned char x = (unsigned char)a->as.s[i], y = (unsigned char)b->as.s[i];
    if (x != y) return x < y ? -1 : 1;
  }
  return a->len < b->len ? -1 : a->len > b->len;
}

// Integers by the exact result in 128 bits.
#if defined(__SIZEOF_INT128__)
__extension__ typedef __int128 model_wide;
#else
__extension__ typedef _BitInt(128) model_wide;   // clang, for machines of 32 bits
#endif

static inline bool model_is_float(dfq_type t) { return t == DFQ_F64 || t == DFQ_F32; }
static inline bool model_is_decimal(dfq_type t) { return (t & 0xff) == DFQ_DECIMAL; }
static inline bool model_is_list(dfq_type t) { return (t & 0xff) == DFQ_LIST; }

// An integer as it counts: a u64 above all i64; a decimal in units of 10^-18.
static inline model_wide model_worth(const dfq_value *v) {
  model_wide x = v->type == DFQ_U64 ? (model_wide)(uint64_t)v->as.i : (model_wide)v->as.i;
  for (unsigned i = v->type >> 8; model_is_decimal(v->type) && i < 18; i++) x *= 10;
  return x;
}

// Two values of one type, or decimals, neither null. NaN equals itself and is above everything.
// Lists are equal, or not.
static inline int model_compare(const dfq_value *a, const dfq_value *b) {
  if (a->type == DFQ_STR || model_is_list(a->type)) return model_compare_text(a, b);
  if (!model_is_float(a->type)) {
    if (a->type == b->type && a->type != DFQ_U64)
      return a->as.i < b->as.i ? -1 : a->as.i > b->as.i;
    model_wide x = model_worth(a), y = model_worth(b);
    return x < y ? -1 : x > y;
  }
  bool p = test_is_nan(a->as.f), q = test_is_nan(b->as.f);
  if (p || q) return (int)p - (int)q;
  return a->as.f < b->as.f ? -1 : a->as.f > b->as.f;
}

static inline bool model_is_null(const dfq_value *v) { return v->type == DFQ_NULL; }

// Null is one key of its own.
static inline bool model_same_key(const dfq_value *a, const dfq_value *b) {
  if (model_is_null(a) || model_is_null(b)) return model_is_null(a) == model_is_null(b);
  return model_compare(a, b) == 0;
}

// -0.0 and NaN as they stand in keys, minima and maxima.
static inline dfq_value model_canonical(dfq_value v) {
  if (!model_is_float(v.type)) return v;
  if (v.as.f == 0) v.as.f = 0;
  if (test_is_nan(v.as.f)) v.as.f = (double)NAN;
  return v;
}

// ---- types: what an expression's type is, without looking at data --------------------------

static inline bool model_is_integer(dfq_type t) {
  return t == DFQ_I32 || t == DFQ_I64 || (t >= DFQ_I8 && t <= DFQ_U64);
}
static inline bool model_is_number(dfq_type t) {
  return model_is_integer(t) || model_is_float(t) || model_is_decimal(t);
}

// The type that both widen to.
static inline dfq_type model_common(dfq_type a, dfq_type b) {
  if (a == b || b == DFQ_NULL) return a;
  if (a == DFQ_NULL) return b;
  if (model_is_number(a) && model_is_number(b)) {
    if (model_is_float(a) || model_is_float(b)) return DFQ_F64;
    if (model_is_decimal(a) && model_is_decimal(b)) return a > b ? a : b;
    return model_is_decimal(a) ? a : model_is_decimal(b) ? b : (dfq_type)DFQ_I64;
  }
  if ((a == DFQ_DATE && b == DFQ_DATETIME) || (a == DFQ_DATETIME && b == DFQ_DATE))
    return DFQ_DATETIME;
  return DFQ_KINDS;
}

// The type that numbers of a type are computed in.
static inline dfq_type model_computed(dfq_type t) {
  if (t == DFQ_NULL || model_is_integer(t)) return DFQ_I64;
  return t == DFQ_F32 ? (dfq_type)DFQ_F64 : t;
}

// + - *: numbers as i64, f64 or decimal; dates, times and durations among themselves.
static inline dfq_type model_arithmetic(int fn, dfq_type a, dfq_type b) {
  dfq_type t = model_computed(model_common(a, b));
  if (fn == DFQ__MUL && model_is_decimal(t))
    return dfq_decimal_of((model_is_decimal(a) ? (int)(a >> 8) : 0) +
                          (model_is_decimal(b) ? (int)(b >> 8) : 0));
  if (model_is_number(t)) return t;
  if (fn == DFQ__MUL) return model_is_integer(a) ? b : a;   // so many times an interval
  if (t == DFQ_DURATION) return t;
  if (fn == DFQ__SUB && t == DFQ_DATE) return DFQ_I64;
  if (fn == DFQ__SUB && (t == DFQ_DATETIME || t == DFQ_TIME)) return DFQ_DURATION;
  if (a == DFQ_TIME) return a;
  return a == DFQ_DATE && b != DFQ_DURATION && b != DFQ_TIME ? DFQ_DATE : DFQ_DATETIME;
}

static inline int model_find(const dfq_schema *s, const char *name) {
  for (int c = 0; c < s->count; c++)
    if (strcmp(s->field[c].name, name) == 0) return c;
  return -1;
}

static inline dfq_type model_type(const model_scope *s, const dfq_expr *e);

static inline dfq_type model_type_of_aggregate(const model_scope *s, const dfq_expr *e) {
  model_scope rows = { s->in->schema, NULL, NULL, NULL, 0 };
  dfq_type arg = e->argc > e->filtered ? model_type(&rows, e->arg[0]) : (dfq_type)DFQ_NULL;
  switch (e->fn) {
    case DFQ__COUNT: case DFQ__N_UNIQUE: case DFQ__COUNT_IF: case DFQ__NULL_COUNT:
    case DFQ__APPROX_N_UNIQUE:
      return DFQ_I64;
    case DFQ__IMPLODE: case DFQ__TOP_OF: case DFQ__BOTTOM_OF:
      return dfq_list_of(arg == DFQ_NULL ? (dfq_type)DFQ_STR : arg);
    case DFQ__ANY: case DFQ__ALL: return DFQ_BOOL;
    case DFQ__MEAN: case DFQ__VAR: case DFQ__STD: case DFQ__MEDIAN: case DFQ__QUANTILE:
    case DFQ__SKEW: case DFQ__KURTOSIS: case DFQ__COV: case DFQ__COV_POP: case DFQ__CORR:
      return DFQ_F64;
    case DFQ__SUM: return model_computed(arg);
    case DFQ__PRODUCT: return model_is_decimal(arg) ? (dfq_type)DFQ_F64 : model_computed(arg);
    default: return arg == DFQ_NULL ? (dfq_type)DFQ_STR : arg;
  }
}

static inline dfq_type model_type_of_call(const model_scope *s, const dfq_expr *e) {
  dfq_type a = model_type(s, e->arg[0]);
  dfq_type b = e->argc > 1 ? model_type(s, e->arg[1]) : a;
  switch (e->fn) {
    case DFQ__ADD: case DFQ__SUB: case DFQ__MUL: return model_arithmetic(e->fn, a, b);
    case DFQ__DIV: return DFQ_F64;
    case DFQ__IDIV: case DFQ__MOD: case DFQ__FLOOR_DIV: case DFQ__FLOOR_MOD:
    case DFQ__NEG: case DFQ__ABS:
      return model_computed(model_common(a, b));
    case DFQ__F_LIST: return dfq_list_of(model_common(a, b));
    case DFQ__WRAP_ADD: case DFQ__WRAP_SUB: case DFQ__WRAP_MUL:
    case DFQ__LEN_BYTES: case DFQ__LEN_CHARS: return DFQ_I64;
    default: return DFQ_BOOL;
  }
}

static inline dfq_type model_type(const model_scope *s, const dfq_expr *e) {
  dfq_type t = DFQ_NULL;
  int c;
  switch (e->kind) {
    case DFQ_COLUMN:
      c = model_find(s->schema, e->name);
      return c < 0 ? (dfq_type)DFQ_KINDS : s->schema->field[c].type;
    case DFQ_LITERAL: return e->value.type;
    case DFQ_CAST: case DFQ_TRY_CAST: return e->type;
    case DFQ_AGGREGATE: return model_type_of_aggregate(s, e);
    case DFQ_CALL: return model_type_of_call(s, e);
    case DFQ_CASE:
      for (int i = 0; i < e->argc; i++)
        if (i % 2 || i + 1 == e->argc) t = model_common(t, model_type(s, e->arg[i]));
      return t;
    default: return DFQ_KINDS;
  }
}

// A value as it stands where the wider type is expected; of type DFQ_KINDS when it does not
// fit.
static inline dfq_value model_widen(dfq_value v, dfq_type to) {
  if (model_is_null(&v) || v.type == to) return v;
  if (v.type == DFQ_F32) return model_f64(v.as.f);
  if (to == DFQ_F64 && model_is_decimal(v.type))
    return model_f64(dfq__decimal_to_float(v.as.i, (int)(v.type >> 8), false));
  if (to == DFQ_F64) return model_f64((double)model_worth(&v));
  if (v.type == DFQ_U64 && v.as.i < 0) return model_int(DFQ_KINDS, 0);
  if (model_is_decimal(to)) {
    model_wide x = v.as.i;
    for (unsigned i = model_is_decimal(v.type) ? v.type >> 8 : 0; i < to >> 8; i++) x *= 10;
    return model_int(x >= INT64_MIN && x <= INT64_MAX ? to : (dfq_type)DFQ_KINDS, (int64_t)x);
  }
  if (to == DFQ_DATETIME) return model_int(to, v.as.i * INT64_C(86400000000));
  return model_int(to, v.as.i);
}

// ---- expressions ---------------------------------------------------------------------------

static inline bool model_eval(model *m, const model_scope *s, const dfq_expr *e, dfq_value *to);

// False when it does not fit 64 bits.
static inline bool model_narrow(model_wide wide, dfq_type type, dfq_value *to) {
  *to = model_int(type, (int64_t)wide);
  return wide >= INT64_MIN && wide <= INT64_MAX;
}

// Decimals are integers here: type is what + - * neg and abs give.
static inline bool model_integers(int fn, dfq_type type, int64_t x, int64_t y, dfq_value *to) {
  model_wide a = x, b = y, q, r;
  switch (fn) {
    case DFQ__ADD: return model_narrow(a + b, type, to);
    case DFQ__SUB: return model_narrow(a - b, type, to);
    case DFQ__MUL: return model_narrow(a * b, type, to);
    case DFQ__NEG: return model_narrow(-a, type, to);
    case DFQ__ABS: return model_narrow(a < 0 ? -a : a, type, to);
    case DFQ__WRAP_ADD: *to = model_int(DFQ_I64, (int64_t)(a + b)); return true;
    case DFQ__WRAP_SUB: *to = model_int(DFQ_I64, (int64_t)(a - b)); return true;
    case DFQ__WRAP_MUL: *to = model_int(DFQ_I64, (int64_t)((uint64_t)x * (uint64_t)y));
      return true;
    default: break;
  }
  if (b == 0) return true;                       // null
  q = a / b;
  r = a - q * b;
  bool floored = fn == DFQ__FLOOR_DIV || fn == DFQ__FLOOR_MOD;
  if (floored && r != 0 && (r < 0) != (b < 0)) {
    q -= 1;
    r += b;
  }
  return model_narrow(fn == DFQ__IDIV || fn == DFQ__FLOOR_DIV ? q : r, DFQ_I64, to);
}

static inline bool model_floats(int fn, double a, double b, dfq_value *to) {
  double r;
  switch (fn) {
    case DFQ__ADD: *to = model_f64(a + b); return true;
    case DFQ__SUB: *to = model_f64(a - b); return true;
    case DFQ__MUL: *to = model_f64(a * b); return true;
    case DFQ__DIV: *to = model_f64(a / b); return true;
    case DFQ__NEG: *to = model_f64(-a); return true;
    case DFQ__ABS: *to = model_f64(fabs(a)); return true;
    default: break;
  }
  if (b == 0) return true;                       // null
  r = fmod(a, b);
  if (fn == DFQ__IDIV) *to = model_f64(trunc(a / b));
  else if (fn == DFQ__FLOOR_DIV) *to = model_f64(floor(a / b));
  else *to = model_f64(fn == DFQ__FLOOR_MOD && r != 0 && (r < 0) != (b < 0) ? r + b : r);
  return true;
}

// Dates and times are leaf scalars of the engine, called by type.
static inline bool model_times(int fn, const dfq_value *a, const dfq_value *b, dfq_value *to) {
  dfq_value pair[2] = { *a, *b };
  dfq__scalar_args in;
  memset(&in, 0, sizeof in);
  in.a = pair;
  in.count = 2;
  bool add = fn == DFQ__ADD;
  const char *why;
  if (b->type == DFQ_DURATION && a->type == DFQ_DATE) pair[0] = model_widen(*a, DFQ_DATETIME);
  dfq_type x = pair[0].type, y = b->type;
  if (x != y && y == DFQ_DATE) pair[1] = model_widen(*b, DFQ_DATETIME);
  if (x != y && x == DFQ_DATE && y == DFQ_DATETIME) pair[0] = model_widen(*a, DFQ_DATETIME);
  if (x == DFQ_DATE && y == DFQ_DATE) {
    *to = model_int(DFQ_I64, a->as.i - b->as.i);
    return true;
  }
  if (x == DFQ_DATE && y == DFQ_TIME) why = dfq__date_at(&in, to);
  else if (y == DFQ_MONTHS) why = (add ? dfq__month_add : dfq__month_sub)(&in, to);
  else if (y == DFQ_DAYS && x == DFQ_DATE)
    why = (add ? dfq__date_add_days : dfq__date_sub_days)(&in, to);
  else if (y == DFQ_DAYS) why = (add ? dfq__time_add_days : dfq__time_sub_days)(&in, to);
  else if (y != DFQ_DURATION || x == DFQ_DURATION) {
    model_wide r = (model_wide)pair[0].as.i + (add ? 1 : -1) * (model_wide)pair[1].as.i;
    return model_narrow(r, DFQ_DURATION, to);
  } else if (x == DFQ_TIME && y == DFQ_DURATION)
    why = (add ? dfq__clock_add : dfq__clock_sub)(&in, to);
  else why = (add ? dfq__time_add : dfq__time_sub)(&in, to);
  return !why;
}

static inline bool model_compares(int fn, int order) {
  switch (fn) {
    case DFQ__EQ: return order == 0;
    case DFQ__NE: return order != 0;
    case DFQ__LT: return order < 0;
    case DFQ__LE: return order <= 0;
    case DFQ__GT: return order > 0;
    default: return order >= 0;
  }
}

// Kleene: false and anything is false, true or anything is true; else null wins.
static inline bool model_logic(model *m, const model_scope *s, const dfq_expr *e,
                               dfq_value *to) {
  dfq_value a, b;
  bool decides = e->fn == DFQ__OR;
  if (!model_eval(m, s, e->arg[0], &a)) return false;
  if (!model_is_null(&a) && (a.as.i != 0) == decides) {
    *to = a;
    return true;
  }
  if (!model_eval(m, s, e->arg[1], &b)) return false;
  if (!model_is_null(&b) && (b.as.i != 0) == decides) *to = b;
  else if (model_is_null(&a) || model_is_null(&b)) *to = model_null();
  else *to = model_bool(!decides);
  return true;
}

static inline bool model_case(model *m, const model_scope *s, const dfq_expr *e,
                              dfq_value *to) {
  dfq_value when;
  dfq_type type = model_type(s, e);
  int i = 0;
  for (; i + 1 < e->argc; i += 2) {
    if (!model_eval(m, s, e->arg[i], &when)) return false;
    if (model_is_null(&when) || !when.as.i) continue;
    i++;
    break;
  }
  if (!model_eval(m, s, e->arg[i], to)) return false;
  *to = model_widen(*to, type);
  return to->type != DFQ_KINDS;
}

// in: true when found; else null when something was null.
static inline dfq_value model_in(const dfq_value *a, int count) {
  bool unknown = model_is_null(&a[0]);
  for (int i = 1; i < count; i++) {
    if (model_is_null(&a[i])) unknown = true;
    else if (!model_is_null(&a[0]) && model_compare(&a[0], &a[i]) == 0) return model_bool(true);
  }
  return unknown ? model_null() : model_bool(false);
}

static inline int64_t model_characters(const dfq_value *v) {
  int64_t n = 0;
  for (uint32_t i = 0; i < v->len; i++) n += ((unsigned char)v->as.s[i] & 0xC0) != 0x80;
  return n;
}

// A function whose arguments are all there, widened to their common type, and not null.
static inline bool model_apply(int fn, const dfq_value *a, int count, dfq_value *to) {
  dfq_type t = a[0].type;
  dfq__scalar_args in;
  memset(&in, 0, sizeof in);
  in.a = a;
  in.count = count;
  switch (fn) {
    case DFQ__NOT: *to = model_bool(!a[0].as.i); return true;
    case DFQ__EQ: case DFQ__NE: case DFQ__LT: case DFQ__LE: case DFQ__GT: case DFQ__GE:
      *to = model_bool(model_compares(fn, model_compare(&a[0], &a[1])));
      return true;
    case DFQ__IS_NAN: *to = model_bool(test_is_nan(a[0].as.f)); return true;
    case DFQ__LEN_BYTES: *to = model_int(DFQ_I64, a[0].len); return true;
    case DFQ__LEN_CHARS: *to = model_int(DFQ_I64, model_characters(&a[0])); return true;
    case DFQ__LIKE: return !dfq__like_str(&in, to);
    case DFQ__ILIKE: return !dfq__ilike_str(&in, to);
    default: break;
  }
  if (t == DFQ_F64) return model_floats(fn, a[0].as.f, a[count - 1].as.f, to);
  if (fn == DFQ__MUL || model_is_decimal(t) || model_is_decimal(a[count - 1].type))
    t = model_arithmetic(fn, t, a[count - 1].type);
  return model_integers(fn, t, a[0].as.i, a[count - 1].as.i, to);
}

// The type that a function's arguments are widened to before it runs; DFQ_NULL: as they are.
static inline dfq_type model_operand(int fn, dfq_type a, dfq_type b) {
  dfq_type t = model_common(a, b);
  if (fn == DFQ__DIV || fn == DFQ__IS_NAN) return DFQ_F64;
  if (fn >= DFQ__EQ && fn <= DFQ__GE) return DFQ_NULL;
  if (t == DFQ_KINDS || t == DFQ_NULL) return DFQ_NULL;
  return model_computed(t);
}

// Decimals compare, and are multiplied, as they are; other numbers of two types become one.
static inline bool model_as_written(int fn, dfq_type common) {
  bool pair = (fn >= DFQ__EQ && fn <= DFQ__GE) || fn == DFQ__MUL;
  return pair && model_is_decimal(common);
}

static inline bool model_widen_all(dfq_value *a, int count, dfq_type to) {
  bool fits = true;
  for (int i = 0; i < count; i++) {
    a[i] = model_widen(a[i], to);
    fits = fits && a[i].type != DFQ_KINDS;
  }
  return fits;
}

// The same for in: a literal that is no such decimal is compared as it stands.
static inline bool model_widen_members(const dfq_expr *e, dfq_value *a, dfq_type to) {
  for (int i = 0; i < e->argc; i++) {
    dfq_value wide = model_widen(a[i], to);
    bool literal = e->arg[i]->kind == DFQ_LITERAL && model_is_decimal(to);
    if (wide.type == DFQ_KINDS && literal)
      wide = model_is_decimal(a[i].type) ? a[i] : model_widen(a[i], dfq_decimal_of(0));
    if (wide.type == DFQ_KINDS) return false;
    a[i] = wide;
  }
  return true;
}

// list(a, b, ...) of what has one type by now.
static inline dfq_value model_list_call(model *m, dfq_type type, const dfq_value *a, int n) {
  dfq_value list;
  dfq__list_builder b;
  dfq__list_init(&b, m->arena.heap, type);
  for (int i = 0; i < n; i++) dfq__list_append(&b, &a[i]);
  (void)dfq__list_value(&b, &m->arena, &list);
  return list;
}

static inline bool model_call(model *m, const model_scope *s, const dfq_expr *e,
                              dfq_value *to) {
  if (e->fn == DFQ__OR || e->fn == DFQ__AND) return model_logic(m, s, e, to);
  dfq_value *a = (dfq_value *)model_room(m, (size_t)e->argc, sizeof *a);
  dfq_type type[2], common = DFQ_NULL;
  bool null = false;
  for (int i = 0; i < e->argc; i++) {
    if (!model_eval(m, s, e->arg[i], &a[i])) return false;
    null = null || model_is_null(&a[i]);
    if (i < 2) type[i] = model_type(s, e->arg[i]);
    common = model_common(common, model_type(s, e->arg[i]));
  }
  *to = model_null();
  if (e->fn == DFQ__IS_NULL) *to = model_bool(null);
  if (e->fn == DFQ__IS_NOT_NULL) *to = model_bool(!null);
  if (e->fn == DFQ__IS_NULL || e->fn == DFQ__IS_NOT_NULL) return true;
  bool as_written = model_as_written(e->fn, common);
  if (as_written)
    for (int i = 0; i < 2; i++)
      if (model_is_integer(type[i])) a[i] = model_widen(a[i], dfq_decimal_of(0));
  for (int i = 0; as_written && i < 2; i++)
    if (a[i].type == DFQ_KINDS) return false;
  bool in = e->fn == DFQ__IN;
  if (in && common != DFQ_KINDS && !model_widen_members(e, a, common)) return false;
  if (common != DFQ_KINDS && !as_written && !in && !model_widen_all(a, e->argc, common))
    return false;
  if (in) {
    *to = model_in(a, e->argc);
    return true;
  }
  if (e->fn == DFQ__F_LIST) {
    *to = model_list_call(m, common, a, e->argc);
    return true;
  }
  if (e->fn == DFQ__DISTINCT || e->fn == DFQ__NOT_DISTINCT) {
    *to = model_bool(model_same_key(&a[0], &a[1]) == (e->fn == DFQ__NOT_DISTINCT));
    return true;
  }
  if (e->argc == 1) type[1] = type[0];
  bool times = e->fn >= DFQ__ADD && e->fn <= DFQ__SUB && type[0] >= DFQ_DATE &&
               !model_is_number(type[0]);
  common = model_operand(e->fn, type[0], type[1]);
  if (!times && common && !as_written && !model_widen_all(a, e->argc, common)) return false;
  if (null) return true;
  if (times) return model_times(e->fn, &a[0], &a[1], to);
  return model_apply(e->fn, a, e->argc, to);
}

static inline bool model_aggregate(model *m, const model_scope *s, const dfq_expr *e,
                                   dfq_value *to);

static inline bool model_eval(model *m, const model_scope *s, const dfq_expr *e,
                              dfq_value *to) {
  dfq_value v;
  switch (e->kind) {
    case DFQ_COLUMN: *to = s->row[model_find(s->schema, e->name)]; return true;
    case DFQ_LITERAL: *to = e->value; return true;
    case DFQ_CASE: return model_case(m, s, e, to);
    case DFQ_CALL: return model_call(m, s, e, to);
    case DFQ_AGGREGATE: return model_aggregate(m, s, e, to);
    case DFQ_ALIAS: return model_eval(m, s, e->arg[0], to);
    default: break;
  }
  if (!model_eval(m, s, e->arg[0], &v)) return false;
  if (dfq__convert_value(&v, e->type, &m->arena, to)) return true;
  *to = model_null();
  return e->kind == DFQ_TRY_CAST;
}

// ---- exact sums: whole numbers of digits over the range of doubles -------------------------
// A number is 32-bit digits, the lowest first; positive and negative parts are kept apart and
// subtracted at the end. The unit is 2^-1074 for sums, 2^-2148 for sums of squares.

enum { MODEL_DIGITS = 176 };

typedef struct model_number { uint32_t digit[MODEL_DIGITS]; } model_number;

// Adds value * 2^shift.
static inline void model_number_add(model_number *n, uint64_t value, int shift) {
  int at = shift / 32, bits = shift % 32;
  uint32_t part[3] = { (uint32_t)(value << bits), (uint32_t)((value << bits) >> 32), 0 };
  if (bits) part[2] = (uint32_t)(value >> (64 - bits));
  uint64_t carry = 0;
  for (int i = 0; at + i < MODEL_DIGITS && (i < 3 || carry); i++) {
    carry += (uint64_t)n->digit[at + i] + (i < 3 ? part[i] : 0);
    n->digit[at + i] = (uint32_t)carry;
    carry >>= 32;
  }
}

static inline int model_number_compare(const model_number *a, const model_number *b) {
  for (int i = MODEL_DIGITS - 1; i >= 0; i--)
    if (a->digit[i] != b->digit[i]) return a->digit[i] < b->digit[i] ? -1 : 1;
  return 0;
}

// a - b, where a is not the smaller one.
static inline model_number model_number_subtract(const model_number *a, const model_number *b) {
  model_number r;
  int64_t borrow = 0;
  for (int i = 0; i < MODEL_DIGITS; i++) {
    int64_t d = (int64_t)a->digit[i] - (int64_t)b->digit[i] + borrow;
    borrow = d < 0 ? -1 : 0;
    r.digit[i] = (uint32_t)(uint64_t)d;
  }
  return r;
}

static inline model_number model_number_multiply(const model_number *a, const model_number *b) {
  model_number r;
  memset(&r, 0, sizeof r);
  for (int i = 0; i < MODEL_DIGITS; i++) {
    uint64_t carry = 0;
    for (int j = 0; a->digit[i] && i + j < MODEL_DIGITS; j++) {
      carry += (uint64_t)a->digit[i] * b->digit[j] + r.digit[i + j];
      r.digit[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
  }
  return r;
}

static inline bool model_bit(const model_number *n, int i) {
  return i >= 0 && (n->digit[i / 32] >> (i % 32) & 1);
}

// The number times 2^unit, rounded once, half to even.
static inline double model_number_value(const model_number *n, int unit) {
  int top = MODEL_DIGITS * 32 - 1, drop;
  while (top >= 0 && !model_bit(n, top)) top--;
  if (top < 0) return 0;
  drop = top - 52;                                      // bits below the 53 of a double
  if (top + unit < -1022) drop = -1074 - unit;          // a denormal has fewer
  if (drop < 0) drop = 0;
  uint64_t kept = 0;
  bool below = false;
  for (int i = top; i >= drop; i--) kept = kept << 1 | (uint64_t)model_bit(n, i);
  for (int i = 0; i < drop - 1; i++) below = below || model_bit(n, i);
  if (model_bit(n, drop - 1) && (below || (kept & 1))) kept++;
  return ldexp((double)kept, drop + unit);
}

// A finite double as an integer times 2^shift, counted from 2^-1074.
static inline uint64_t model_mantissa(double x, int *shift) {
  uint64_t bits = test_bits(x), e = bits >> 52 & 0x7ff;
  *shift = e ? (int)e - 1 : 0;
  return (bits & UINT64_C(0xfffffffffffff)) | (e ? UINT64_C(1) << 52 : 0);
}

typedef struct model_sum {
  model_number sign[2];     // of positive and of negative values
  bool nan, inf[2];
} model_sum;

static inline void model_sum_add(model_sum *s, double x) {
  int shift;
  bool negative = test_bits(x) >> 63;
  if (test_is_nan(x)) s->nan = true;
  else if (x - x != 0) s->inf[negative] = true;
  else {
    uint64_t m = model_mantissa(x, &shift);
    model_number_add(&s->sign[negative], m, shift);
  }
}

static inline double model_sum_value(const model_sum *s) {
  if (s->nan || (s->inf[0] && s->inf[1])) return (double)NAN;
  if (s->inf[0] || s->inf[1]) return s->inf[0] ? (double)INFINITY : -(double)INFINITY;
  int order = model_number_compare(&s->sign[0], &s->sign[1]);
  if (order == 0) return 0;
  model_number n = model_number_subtract(&s->sign[order < 0], &s->sign[order > 0]);
  double v = model_number_value(&n, -1074);
  return order < 0 ? -v : v;
}

// (n sum x^2 - (sum x)^2) / (n (n - 1)), all of it exact but the last division. *square: about
// sum x^2, for the tolerance. NaN where a value is not finite.
static inline double model_variance(const double *x, size_t n, double *square) {
  model_sum sum;
  model_number squares, count, unit;
  memset(&sum, 0, sizeof sum);
  memset(&squares, 0, sizeof squares);
  memset(&count, 0, sizeof count);
  for (size_t i = 0; i < n; i++) {
    int shift;
    if (x[i] - x[i] != 0) return (double)NAN;
    model_sum_add(&sum, x[i]);
    uint64_t m = model_mantissa(x[i], &shift);
    uint64_t low = m & 0xffffffffu, high = m >> 32;
    model_number_add(&squares, low * low, 2 * shift);
    model_number_add(&squares, 2 * low * high, 2 * shift + 32);
    model_number_add(&squares, high * high, 2 * shift + 64);
  }
  *square = model_number_value(&squares, -2148);
  int order = model_number_compare(&sum.sign[0], &sum.sign[1]);
  unit = model_number_subtract(&sum.sign[order < 0], &sum.sign[order >= 0]);
  model_number_add(&count, n, 0);
  model_number all = model_number_multiply(&count, &squares);
  model_number mean = model_number_multiply(&unit, &unit);
  model_number rest = model_number_subtract(&all, &mean);
  return model_number_value(&rest, -2148) / ((double)n * ((double)n - 1));
}

// Is v the variance of x, but for some last bits? The engine has twice the digits of a double;
// what overflows or vanishes in a square is not judged.
static inline bool model_is_variance(double v, const double *x, size_t n) {
  double square = 0, want = model_variance(x, n, &square);
  for (size_t i = 0; i < n; i++)
    if (x[i] - x[i] == 0 && fabs(x[i]) > 1e150) return true;
  if (test_is_nan(want)) return test_is_nan(v);
  return fabs(v - want) <= want * 1e-15 + square * ldexp(1, -92) + ldexp(1, -1010);
}

// ---- aggregates ----------------------------------------------------------------------------

// Insertion sort by a total order of floats.
static inline void model_sort_floats(double *x, size_t n) {
  for (size_t i = 1; i < n; i++) {
    double v = x[i];
    dfq_value a = model_f64(v);
    size_t j = i;
    for (; j > 0; j--) {
      dfq_value b = model_f64(x[j - 1]);
      if (model_compare(&b, &a) <= 0) break;
      x[j] = x[j - 1];
    }
    x[j] = v;
  }
}

// The share of a sorted list, between its two nearest ranks.
static inline double model_quantile(double *x, size_t n, double q) {
  model_sort_floats(x, n);
  double at = q * (double)(n - 1);
  size_t k = (size_t)at;
  double part = at - (double)k;
  if (part == 0 || x[k] == x[k + 1]) return model_canonical(model_f64(x[k])).as.f;
  double low = x[k], high = x[k + 1], step = high - low;
  bool ends = isfinite(low) && isfinite(high);
  if (isinf(low) && isfinite(high)) return low;
  bool far = ends && isinf(step);   // weighed, then
  double both = low + high;
  if (part == 0.5 && ends && !far)   // half way: the nearest float
    return model_canonical(model_f64(isinf(both) ? low / 2 + high / 2 : both / 2)).as.f;
  step = far ? high * part : step * part;
  return model_canonical(model_f64((far ? low * (1 - part) : low) + step)).as.f;
}

static inline double model_spread(model *m, const double *x, size_t n, bool root) {
  uint64_t words[10];
  memset(words, 0, sizeof words);
  for (size_t i = 0; i < n; i++) (void)dfq__spread_add(words, x[i], &m->arena);
  double v = dfq__spread_variance(words);
  if (!model_is_variance(v, x, n)) m->wrong = "a variance is far from the exact one";
  return root ? sqrt(v) : v;
}

// Aggregates of numbers. v: the non-null values; x: the same as floats.
static inline bool model_numbers(model *m, const dfq_expr *e, const dfq_value *v, double *x,
                                 size_t n, dfq_type type, dfq_value *to) {
  model_wide wide = 0;
  model_sum *sum = (model_sum *)model_room(m, 1, sizeof *sum);
  for (size_t i = 0; i < n; i++) {
    if (v[i].type == DFQ_F64) model_sum_add(sum, v[i].as.f);
    else wide += v[i].as.i;
  }
  bool floats = v[0].type == DFQ_F64;
  double total = floats ? model_sum_value(sum) : (double)wide, q = 0.5;
  switch (e->fn) {
    case DFQ__SUM:
      if (floats) *to = model_f64(total);
      return floats || model_narrow(wide, type, to);
    case DFQ__MEAN:
      if (model_is_decimal(v[0].type))
        total = dfq__mean_whole((uint64_t)wide, (uint64_t)(wide >> 64), n, v[0].type);
      else total = total / (double)n;
      *to = model_f64(total);
      return true;
    case DFQ__VAR: case DFQ__STD:
      if (n > 1) *to = model_f64(model_spread(m, x, n, e->fn == DFQ__STD));
      return true;
    default:
      if (e->fn == DFQ__QUANTILE) q = model_widen(e->arg[1]->value, DFQ_F64).as.f;
      *to = model_f64(model_quantile(x, n, q));
      return true;
  }
}

static inline int64_t model_distinct_count(const dfq_value *v, size_t n) {
  int64_t count = 0;
  for (size_t i = 0; i < n; i++) {
    size_t j = 0;
    while (j < i && !model_same_key(&v[i], &v[j])) j++;
    count += j == i;
  }
  return count;
}

// Those that pick one of the non-null values; any and all are maximum and minimum.
static inline dfq_value model_pick(int fn, const dfq_value *v, size_t n) {
  dfq_value best = v[0];
  if (fn == DFQ__FIRST_NON_NULL) return v[0];
  if (fn == DFQ__LAST_NON_NULL) return v[n - 1];
  for (size_t i = 1; i < n; i++) {
    int order = model_compare(&v[i], &best);
    if (fn == DFQ__MIN || fn == DFQ__ALL ? order < 0 : order > 0) best = v[i];
  }
  return model_canonical(best);
}

// What sums and products are added up in: all else takes values as they are, or in floats.
static inline bool model_widen_sum(int fn, dfq_value *v) {
  bool decimal = model_is_decimal(v->type);
  if (fn != DFQ__SUM && fn != DFQ__MEAN && fn != DFQ__PRODUCT) return true;
  *v = model_widen(*v, fn == DFQ__PRODUCT && decimal ? (dfq_type)DFQ_F64
                                                     : model_computed(v->type));
  return v->type != DFQ_KINDS;
}

static inline bool model_takes_pairs(int fn) {
  return fn == DFQ__COV || fn == DFQ__COV_POP || fn == DFQ__CORR || fn == DFQ__MIN_BY ||
         fn == DFQ__MAX_BY;
}

// The arguments of an aggregate for every member of the group that its filter lets through; *n:
// how many; second ones stand behind the first, s->members further. False when one fails.
static inline bool model_arguments(model *m, const model_scope *s, const dfq_expr *e,
                                   dfq_value *all, size_t *n) {
  model_scope inner = { s->in->schema, NULL, NULL, NULL, 0 };
  *n = 0;
  for (size_t i = 0; i < s->members; i++) {
    dfq_value passes = model_int(DFQ_BOOL, 1);
    inner.row = s->in->cell + s->member[i] * (size_t)s->in->schema->count;
    if (e->filtered && !model_eval(m, &inner, e->arg[e->argc - 1], &passes)) return false;
    if (model_is_null(&passes) || !passes.as.i) continue;
    if (e->argc > e->filtered && !model_eval(m, &inner, e->arg[0], &all[*n])) return false;
    if (model_takes_pairs(e->fn) &&
        !model_eval(m, &inner, e->arg[1], &all[s->members + *n])) return false;
    if (!model_widen_sum(e->fn, &all[*n])) return false;
    ++*n;
  }
  return true;
}

// Of two arguments. The sums behind cov and corr are those of var, which are checked there.
static inline dfq_value model_pairs(model *m, int fn, const dfq_value *x, const dfq_value *y,
                                    size_t n) {
  dfq_value v = model_null();
  const dfq_value *best = NULL;
  uint64_t words[DFQ__CORR_WORDS];
  memset(words, 0, sizeof words);
  for (size_t i = 0; i < n; i++) {
    if (model_is_null(&y[i])) continue;
    int order = best ? model_compare(&y[i], best) : 0;
    if (!best || (fn == DFQ__MIN_BY ? order < 0 : order > 0)) {
      best = &y[i];
      v = x[i];
    }
    if (fn == DFQ__MIN_BY || fn == DFQ__MAX_BY || model_is_null(&x[i])) continue;
    (void)dfq__pair_add(words, model_widen(x[i], DFQ_F64).as.f, model_widen(y[i], DFQ_F64).as.f,
                        fn == DFQ__CORR, &m->arena);
  }
  if (fn == DFQ__MIN_BY || fn == DFQ__MAX_BY) return v;
  v = model_null();
  dfq__pair_value(words, fn, &v);
  return v;
}

// The values as a list; the k best of them when k is not 0, by repeated search for the best.
static inline dfq_value model_list(model *m, int fn, dfq_type type, dfq_value *v, size_t n,
                                   size_t k) {
  dfq_value list;
  if (fn == DFQ__IMPLODE) k = n;
  for (size_t i = 0; i < k && i < n && fn != DFQ__IMPLODE; i++)
    for (size_t j = i + 1; j < n; j++) {
      int order = model_compare(&v[j], &v[i]);
      dfq_value t = v[i];
      if (fn == DFQ__TOP_OF ? order <= 0 : order >= 0) continue;
      v[i] = v[j];
      v[j] = t;
    }
  dfq__list_builder b;
  dfq__list_init(&b, m->arena.heap, type);
  for (size_t i = 0; i < k && i < n; i++) dfq__list_append(&b, &v[i]);
  (void)dfq__list_value(&b, &m->arena, &list);
  return list;
}

static inline dfq_value model_mode(const dfq_value *v, size_t n) {
  size_t most = 0, at = 0;
  for (size_t i = 0; i < n; i++) {
    size_t count = 0;
    for (size_t j = 0; j < n; j++) count += model_same_key(&v[i], &v[j]);
    if (count > most) { most = count; at = i; }
  }
  return model_canonical(v[at]);
}

static inline dfq_value model_joined(model *m, const dfq_value *v, size_t n,
                                     const dfq_value *sep) {
  size_t size = 0;
  for (size_t i = 0; i < n; i++) size += v[i].len + sep->len;
  dfq_value to = dfq__value_str((char *)model_room(m, size + 1, 1), 0);
  char *at = (char *)(uintptr_t)to.as.s;
  for (size_t i = 0; i < n; i++) {
    if (i && sep->len) memcpy(at + to.len, sep->as.s, sep->len);
    if (i) to.len += sep->len;
    if (v[i].len) memcpy(at + to.len, v[i].as.s, v[i].len);
    to.len += v[i].len;
  }
  return to;
}

// Integers in 128 bits until they would leave 64 for good.
static inline bool model_product(const dfq_value *v, size_t n, dfq_value *to) {
  model_wide wide = 1, limit = (model_wide)1 << 64;
  double product = 1;
  for (size_t i = 0; i < n; i++) {
    product = product * v[i].as.f;
    if (v[0].type != DFQ_F64 && v[i].as.i == 0) { *to = model_int(DFQ_I64, 0); return true; }
  }
  *to = model_f64(product);
  for (size_t i = 0; i < n && v[0].type != DFQ_F64; i++)
    if (wide < limit && wide > -limit) wide *= v[i].as.i;
  return v[0].type == DFQ_F64 || model_narrow(wide, DFQ_I64, to);
}

static inline dfq_value model_estimate(const dfq_value *v, size_t n) {
  uint32_t ranks[DFQ__RANKS + 2] = { 0 };
  for (size_t r = 0; r < DFQ__REGISTERS; r++) {
    uint8_t highest = 0, rank;
    for (size_t i = 0, at; i < n; i++) {
      dfq__sketch_place(&v[i], &at, &rank);
      if (at == r && rank > highest) highest = rank;
    }
    ranks[highest]++;
  }
  return model_int(DFQ_I64, dfq__sketch_estimate(ranks));
}

static inline bool model_aggregate(model *m, const model_scope *s, const dfq_expr *e,
                                   dfq_value *to) {
  size_t n = 0, rows, yes = 0;
  dfq_value *all = (dfq_value *)model_room(m, 2 * s->members, sizeof *all);
  dfq_value *v = (dfq_value *)model_room(m, s->members, sizeof *v);
  double *x = (double *)model_room(m, s->members, sizeof *x);
  if (!model_arguments(m, s, e, all, &rows)) return false;
  *to = model_null();
  if (e->fn == DFQ__COUNT && e->argc == e->filtered) {
    *to = model_int(DFQ_I64, (int64_t)rows);
    return true;
  }
  if ((e->fn == DFQ__FIRST || e->fn == DFQ__LAST) && rows) {
    *to = all[e->fn == DFQ__FIRST ? 0 : rows - 1];
    return true;
  }
  if (model_takes_pairs(e->fn)) {
    *to = model_pairs(m, e->fn, all, all + s->members, rows);
    return true;
  }
  dfq_type type = model_type_of_aggregate(s, e), child = dfq__child_of(type);
  if (e->fn == DFQ__IMPLODE) {
    *to = model_list(m, e->fn, child, all, rows, 0);
    return true;
  }
  for (size_t i = 0; i < rows; i++) {
    if (model_is_null(&all[i])) continue;
    if (model_is_number(all[i].type)) x[n] = model_widen(all[i], DFQ_F64).as.f;
    yes += all[i].as.i != 0;
    v[n++] = all[i];
  }
  if (e->fn == DFQ__COUNT_IF || e->fn == DFQ__NULL_COUNT) {
    *to = model_int(DFQ_I64, (int64_t)(e->fn == DFQ__COUNT_IF ? yes : rows - n));
    return true;
  }
  if (e->fn == DFQ__COUNT) *to = model_int(DFQ_I64, (int64_t)n);
  if (e->fn == DFQ__N_UNIQUE) *to = model_int(DFQ_I64, model_distinct_count(v, n));
  if (e->fn == DFQ__APPROX_N_UNIQUE) *to = model_estimate(v, n);
  if (e->fn == DFQ__TOP_OF || e->fn == DFQ__BOTTOM_OF)
    *to = model_list(m, e->fn, child, v, n, (size_t)e->arg[1]->value.as.i);
  if (!model_is_null(to)) return true;
  if (n == 0) return true;
  switch (e->fn) {
    case DFQ__MODE: *to = model_mode(v, n); return true;
    case DFQ__PRODUCT: return model_product(v, n, to);
    case DFQ__STRING_AGG: *to = model_joined(m, v, n, &e->arg[1]->value); return true;
    case DFQ__SKEW: case DFQ__KURTOSIS:
      *to = model_f64(dfq__shape_of(x, n, e->fn));
      return true;
    case DFQ__SUM: case DFQ__MEAN: case DFQ__VAR: case DFQ__STD: case DFQ__MEDIAN:
    case DFQ__QUANTILE:
      return model_numbers(m, e, v, x, n, type, to);
    default: *to = model_pick(e->fn, v, n); return true;
  }
}

// ---- tables --------------------------------------------------------------------------------

static inline model_table model_new(const dfq_schema *schema) {
  model_table t = { schema, 0, 0, NULL, false };
  return t;
}

// Room for one more row, nulls.
static inline dfq_value *model_add(model *m, model_table *t) {
  size_t columns = (size_t)t->schema->count;
  if (t->rows == t->room) {
    size_t room = t->room ? 2 * t->room : 16;
    dfq_value *cell = (dfq_value *)model_room(m, room * columns, sizeof *cell);
    if (t->rows) memcpy(cell, t->cell, t->rows * columns * sizeof *cell);
    t->cell = cell;
    t->room = room;
  }
  if (t->rows > MODEL_MOST_ROWS) m->too_big = true;
  return t->cell + t->rows++ * columns;
}

static inline dfq_value *model_row(const model_table *t, size_t row) {
  return t->cell + row * (size_t)t->schema->count;
}

static inline void model_copy(model *m, model_table *to, const dfq_value *row) {
  dfq_value *r = model_add(m, to);
  if (to->schema->count) memcpy(r, row, (size_t)to->schema->count * sizeof *r);
}

static inline dfq_value model_keep_text(model *m, dfq_value v) {
  if (v.type == DFQ_STR || model_is_list(v.type))
    v.as.s = dfq__arena_text(&m->arena, v.as.s, v.len);
  return v;
}

// Expressions of a node must have the types that its schema says.
static inline void model_check_type(model *m, const model_scope *s, const dfq_expr *e,
                                    dfq_type want) {
  dfq_type got = model_type(s, e);
  if (got != want) m->wrong = dfq_expr_text((dfq_expr *)(uintptr_t)(const void *)e);
}

// ---- nodes ---------------------------------------------------------------------------------

static inline model_table model_run(model *m, const dfq__node *n);

static inline model_table model_scan(model *m, const dfq__node *n) {
  model_table t = model_new(&n->schema);
  if (n->source->is == &dfq__table_source_class) {
    const dfq_table *from = ((const dfq__table_source *)(const void *)n->source)->table;
    for (size_t r = 0; r < dfq_table_rows(from); r++) {
      dfq_value *row = model_add(m, &t);
      for (int c = 0; c < n->schema.count; c++) dfq_table_get(from, r, c, &row[c]);
    }
    return t;
  }
  const dfq_row_source *user = &((const dfq__rows_source *)(const void *)n->source)->user;
  void *cursor = user->open ? user->open(user->user) : user->user;
  dfq_value *row = (dfq_value *)model_room(m, (size_t)user->count, sizeof *row);
  int got = 0;
  while (cursor && (got = user->next(cursor, row)) > 0) {
    dfq_value *to = model_add(m, &t);
    for (int c = 0; c < user->count; c++) to[c] = model_keep_text(m, row[c]);
  }
  if (cursor && user->close) user->close(cursor);
  t.failed = got < 0;
  return t;
}

static inline model_table model_filter(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  model_scope s = { in->schema, NULL, NULL, NULL, 0 };
  for (size_t r = 0; r < in->rows; r++) {
    dfq_value v = model_bool(true);
    s.row = model_row(in, r);
    for (int i = 0; i < n->expr_count && !model_is_null(&v) && v.as.i; i++)
      if (!model_eval(m, &s, n->expr[i], &v)) {
        t.failed = true;
        return t;
      }
    if (!model_is_null(&v) && v.as.i) model_copy(m, &t, s.row);
  }
  t.failed = in->failed;
  return t;
}

static inline model_table model_project(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  model_scope s = { in->schema, NULL, NULL, NULL, 0 };
  for (int i = 0; i < n->expr_count; i++)
    model_check_type(m, &s, n->expr[i], n->schema.field[i].type);
  for (size_t r = 0; r < in->rows; r++) {
    dfq_value *to = model_add(m, &t);
    s.row = model_row(in, r);
    for (int i = 0; i < n->expr_count; i++)
      if (!model_eval(m, &s, n->expr[i], &to[i])) {
        t.rows--;
        t.failed = true;
        return t;
      }
  }
  t.failed = in->failed;
  return t;
}

// A limit that is reached never sees an error behind it.
static inline model_table model_limit(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  for (size_t r = 0; r < in->rows; r++) {
    if (r < (size_t)n->offset) continue;
    if (n->count >= 0 && t.rows >= (size_t)n->count) break;
    model_copy(m, &t, model_row(in, r));
  }
  t.failed = in->failed && (n->count < 0 || t.rows < (size_t)n->count);
  return t;
}

static inline model_table model_row_index(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  for (size_t r = 0; r < in->rows; r++) {
    dfq_value *to = model_add(m, &t);
    to[0] = model_int(DFQ_I64, (int64_t)r);
    for (int c = 1; c < n->schema.count; c++) to[c] = model_row(in, r)[c - 1];
  }
  t.failed = in->failed;
  return t;
}

static inline model_table model_union(model *m, const dfq__node *n, const model_table *a) {
  model_table t = model_new(&n->schema);
  for (size_t r = 0; r < a->rows; r++) model_copy(m, &t, model_row(a, r));
  t.failed = a->failed;
  if (t.failed) return t;
  model_table b = model_run(m, n->in[1]);
  for (size_t r = 0; r < b.rows; r++) model_copy(m, &t, model_row(&b, r));
  t.failed = b.failed;
  return t;
}

// One output row of a join; a side that is NULL is extended by nulls.
static inline void model_join_put(model *m, const dfq__node *n, model_table *t,
                                  const dfq_value *left, const dfq_value *right) {
  dfq_value *to = model_add(m, t);
  for (int c = 0; c < n->schema.count; c++) {
    const dfq__join_column *from = &n->join->column[c];
    if (left && from->side != DFQ__RIGHT_SIDE)
      to[c] = left[model_find(&n->in[0]->schema, from->name)];
    else if (right && from->side != DFQ__LEFT_SIDE)
      to[c] = right[model_find(&n->in[1]->schema, from->name)];
  }
}

static inline bool model_match(const dfq__node *n, const dfq_value *left,
                               const dfq_value *right) {
  const dfq__join_plan *p = n->join;
  for (int k = 0; k < p->key_count; k++) {
    const dfq_value *a = &left[model_find(&n->in[0]->schema, p->left_key[k])];
    const dfq_value *b = &right[model_find(&n->in[1]->schema, p->right_key[k])];
    if (!p->nulls_equal && (model_is_null(a) || model_is_null(b))) return false;
    if (!model_same_key(a, b)) return false;
  }
  return true;
}

// Is a join's condition true of a pair? False when it fails, with *fails.
static inline bool model_where(model *m, const dfq__node *n, const dfq_value *left,
                               const dfq_value *right, bool *fails) {
  const dfq__join_plan *p = n->join;
  dfq_value *row = (dfq_value *)model_room(m, (size_t)p->pair.count, sizeof *row), v;
  model_scope s = { &p->pair, row, NULL, NULL, 0 };
  for (int c = 0; c < p->pair.count; c++) {
    bool on_left = p->pair_column[c].side == DFQ__LEFT_SIDE;
    int at = model_find(&n->in[on_left ? 0 : 1]->schema, p->pair_column[c].name);
    row[c] = (on_left ? left : right)[at];
  }
  for (int i = 0; i < n->expr_count; i++) {
    if (!model_eval(m, &s, n->expr[i], &v)) { *fails = true; return false; }
    if (model_is_null(&v) || !v.as.i) return false;
  }
  return true;
}

// Ascending, nulls last.
static inline bool model_goes_back(const dfq_value *before, const dfq_value *now, int count) {
  for (int i = 0; i < count; i++) {
    bool p = model_is_null(&before[i]), q = model_is_null(&now[i]);
    int order = p || q ? (int)p - (int)q : model_compare(&before[i], &now[i]);
    if (order) return order > 0;
  }
  return false;
}

// The first row whose key goes back; rows when there is none.
static inline size_t model_unsorted(model *m, const model_table *t, const char **key,
                                    int count) {
  dfq_value *a = (dfq_value *)model_room(m, (size_t)count, sizeof *a);
  dfq_value *b = (dfq_value *)model_room(m, (size_t)count, sizeof *b);
  for (size_t r = 1; r < t->rows; r++) {
    for (int k = 0; k < count; k++) {
      int c = model_find(t->schema, key[k]);
      a[k] = model_row(t, r - 1)[c];
      b[k] = model_row(t, r)[c];
    }
    if (model_goes_back(a, b, count)) return r;
  }
  return t->rows;
}

// How far apart two times are, as a number of their unit, in more bits than they have.
static inline long double model_apart(const dfq_value *a, const dfq_value *b) {
  if (model_is_float(a->type) && a->as.f == b->as.f) return 0;
  if (model_is_float(a->type)) return (long double)fabs(a->as.f - b->as.f);
  bool scaled = model_is_decimal(a->type);
  model_wide x = scaled ? a->as.i : model_worth(a), y = scaled ? b->as.i : model_worth(b);
  return (long double)(x < y ? y - x : x - y);
}

static inline bool model_no_time(const dfq_value *v) {
  return model_is_null(v) || (model_is_float(v->type) && test_is_nan(v->as.f));
}

// Each left row with the right row that is nearest in time.
static inline model_table model_near(model *m, const dfq__node *n, const model_table *left) {
  const dfq__join_plan *p = n->join;
  model_table t = model_new(&n->schema), right = model_run(m, n->in[1]);
  t.failed = right.failed;
  if (t.failed) return t;
  int a = model_find(&n->in[0]->schema, p->near_left);
  int b = model_find(&n->in[1]->schema, p->near_right);
  for (size_t l = 0; l < left->rows && !m->too_big; l++) {
    const dfq_value *x = &model_row(left, l)[a];
    size_t best[2] = { right.rows, right.rows };
    for (size_t r = 0; r < right.rows; r++) {
      const dfq_value *y = &model_row(&right, r)[b];
      if (model_no_time(x) || model_no_time(y)) continue;
      if (!model_match(n, model_row(left, l), model_row(&right, r))) continue;
      int c = model_compare(y, x);
      if (c == 0 && p->strict) continue;
      for (int ahead = 0; ahead < 2; ahead++) {
        if (ahead ? c < 0 : c > 0) continue;
        int d = -1;
        if (best[ahead] < right.rows)
          d = model_compare(y, &model_row(&right, best[ahead])[b]);
        if (best[ahead] == right.rows || (ahead ? d < 0 : d >= 0)) best[ahead] = r;
      }
    }
    size_t which = best[p->direction == DFQ_FORWARD];
    if (p->direction == DFQ_NEAREST && best[1] < right.rows &&
        (which == right.rows || model_apart(x, &model_row(&right, best[1])[b]) <
                                    model_apart(x, &model_row(&right, best[0])[b])))
      which = best[1];
    if (which < right.rows && p->tolerance) {
      long double far = model_apart(x, &model_row(&right, which)[b]), most;
      double f;
      memcpy(&f, &p->within, sizeof f);
      most = x->type == DFQ_F64 ? (long double)f : (long double)p->within;
      if (far > most) which = right.rows;
    }
    model_join_put(m, n, &t, model_row(left, l),
                   which < right.rows ? model_row(&right, which) : NULL);
  }
  t.failed = left->failed;
  return t;
}

// Would SQL say neither yes nor no to a not in?
static inline bool model_unknown(const dfq__node *n, const dfq_value *left,
                                 const model_table *right) {
  const dfq__join_plan *p = n->join;
  bool unknown = model_is_null(&left[model_find(&n->in[0]->schema, p->left_key[0])]);
  for (size_t r = 0; r < right->rows; r++)
    if (model_is_null(&model_row(right, r)[model_find(right->schema, p->right_key[0])]))
      unknown = true;
  return unknown && right->rows > 0;
}

static inline model_table model_join(model *m, const dfq__node *n, const model_table *left) {
  const dfq__join_plan *p = n->join;
  if (p->near_left) return model_near(m, n, left);
  model_table t = model_new(&n->schema), right = model_run(m, n->in[1]);
  size_t rows = left->rows;
  bool *met = (bool *)model_room(m, right.rows, sizeof *met);
  bool sorted = p->sorted;
  t.failed = right.failed ||
             (sorted && model_unsorted(m, &right, p->right_key, p->key_count) < right.rows);
  if (t.failed) return t;
  if (sorted) rows = model_unsorted(m, left, p->left_key, p->key_count);
  bool fails = false, semi = p->type == DFQ_SEMI || p->type == DFQ_ANTI;
  for (size_t l = 0; l < rows && !m->too_big; l++) {
    size_t matches = 0;
    for (size_t r = 0; r < right.rows && !(semi && matches); r++) {
      if (!model_match(n, model_row(left, l), model_row(&right, r))) continue;
      bool yes = model_where(m, n, model_row(left, l), model_row(&right, r), &fails);
      if (fails) { t.failed = true; return t; }
      if (!yes) continue;
      met[r] = true;
      matches++;
      if (!semi)
        model_join_put(m, n, &t, model_row(left, l), model_row(&right, r));
    }
    bool alone = p->type == DFQ_SEMI ? matches > 0 : matches == 0 && p->type != DFQ_INNER &&
                 p->type != DFQ_RIGHT && p->type != DFQ_CROSS;
    if (p->not_in && model_unknown(n, model_row(left, l), &right)) alone = false;
    if (alone) model_join_put(m, n, &t, model_row(left, l), NULL);
  }
  t.failed = left->failed || rows < left->rows;
  if (t.failed || (p->type != DFQ_RIGHT && p->type != DFQ_FULL)) return t;
  for (size_t r = 0; r < right.rows; r++)
    if (!met[r]) model_join_put(m, n, &t, NULL, model_row(&right, r));
  return t;
}

// All aggregates inside an item are computed, whether or not the item looks at them.
static inline bool model_all_aggregates(model *m, const model_scope *s, const dfq_expr *e) {
  dfq_value v;
  if (e->kind == DFQ_AGGREGATE) return model_eval(m, s, e, &v);
  for (int i = 0; i < e->argc; i++)
    if (!model_all_aggregates(m, s, e->arg[i])) return false;
  return true;
}

// The same for the arguments, over all rows.
static inline bool model_all_arguments(model *m, const model_scope *s, const dfq_expr *e) {
  if (e->kind == DFQ_AGGREGATE) {
    dfq_value *all = (dfq_value *)model_room(m, 2 * s->members, sizeof *all);
    size_t n;
    return model_arguments(m, s, e, all, &n);
  }
  for (int i = 0; i < e->argc; i++)
    if (!model_all_arguments(m, s, e->arg[i])) return false;
  return true;
}

typedef struct model_groups {
  size_t count, rows;    // rows that have one: all, or those before an error
  dfq_value *key;        // keys of each group
  size_t *of;            // the group of each row
} model_groups;

// Finds each row's group by linear search. False when a key fails, or goes back in a sorted
// group.
static inline bool model_group_rows(model *m, const dfq__node *n, const model_table *in,
                                    model_groups *g) {
  size_t keys = (size_t)n->key_count;
  model_scope s = { in->schema, NULL, NULL, NULL, 0 };
  dfq_value *before = NULL;
  g->key = (dfq_value *)model_room(m, in->rows * keys, sizeof *g->key);
  g->of = (size_t *)model_room(m, in->rows, sizeof *g->of);
  for (size_t r = 0; r < in->rows; r++) {
    dfq_value *now = (dfq_value *)model_room(m, keys, sizeof *now);
    s.row = model_row(in, r);
    for (size_t k = 0; k < keys; k++) {
      if (!model_eval(m, &s, n->key[k].expr, &now[k])) return false;
      now[k] = model_canonical(now[k]);
    }
    if (n->sorted && before && model_goes_back(before, now, (int)keys)) return false;
    before = now;
    size_t at = 0;
    for (; at < g->count; at++) {
      bool same = true;
      for (size_t k = 0; k < keys; k++)
        same = same && model_same_key(&now[k], &g->key[at * keys + k]);
      if (same) break;
    }
    if (at == g->count) {
      for (size_t k = 0; k < keys; k++) g->key[at * keys + k] = now[k];
      g->count++;
    }
    g->of[r] = at;
    g->rows = r + 1;
  }
  return true;
}

// An error in a sorted input comes behind the groups that end before it: the row with which it
// comes, and the last group of those before, which may go on, are left out.
static inline void model_cut_groups(model *m, const dfq__node *n, const model_table *in,
                                    model_groups *g, bool *failed) {
  size_t member = 0, rows = g->rows;
  model_scope s = { in->schema, NULL, in, &member, 1 };
  for (size_t r = 0; r < rows; r++)
    for (int i = 0; i < n->expr_count && r < rows; i++) {
      member = r;
      if (!model_all_arguments(m, &s, n->expr[i])) rows = r;
    }
  *failed = *failed || rows < g->rows;
  if (!*failed) return;
  g->count = rows ? g->of[rows - 1] : 0;
  while (rows && g->of[rows - 1] == g->count) rows--;
  g->rows = rows;
}

static inline model_table model_group(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  model_groups g;
  size_t *member = (size_t *)model_room(m, in->rows, sizeof *member);
  int keys = n->key_count;
  dfq_schema key_schema = { keys, n->schema.field };
  model_scope s = { &key_schema, NULL, in, member, in->rows };
  memset(&g, 0, sizeof g);
  t.failed = true;
  bool failed = !model_group_rows(m, n, in, &g) || in->failed;
  if (n->sorted && keys) model_cut_groups(m, n, in, &g, &failed);
  else if (failed) return t;
  for (size_t r = 0; r < g.rows; r++) member[r] = r;
  s.members = g.rows;
  for (int i = 0; i < n->expr_count; i++) {
    model_check_type(m, &s, n->expr[i], n->schema.field[keys + i].type);
    if (!model_all_arguments(m, &s, n->expr[i])) return t;
  }
  if (keys == 0) g.count = 1;                      // of nothing, too
  for (size_t at = 0; at < g.count; at++) {
    s.members = 0;
    for (size_t r = 0; r < g.rows; r++)
      if (g.of[r] == at) member[s.members++] = r;
    s.row = g.key + at * (size_t)keys;
    dfq_value *to = model_add(m, &t);
    if (keys) memcpy(to, s.row, (size_t)keys * sizeof *to);
    for (int i = 0; i < n->expr_count; i++)
      if (!model_all_aggregates(m, &s, n->expr[i]) ||
          !model_eval(m, &s, n->expr[i], &to[keys + i])) {
        t.rows--;
        return t;
      }
  }
  t.failed = failed;
  return t;
}

static inline bool model_before(const dfq__node *n, const dfq_value *a, const dfq_value *b) {
  for (int k = 0; k < n->key_count; k++) {
    bool p = model_is_null(&a[k]), q = model_is_null(&b[k]);
    if (p != q) return p == n->key[k].nulls_first;
    int order = p ? 0 : model_compare(&a[k], &b[k]);
    if (order) return (order < 0) != n->key[k].descending;
  }
  return false;
}

static inline model_table model_sort(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  size_t keys = (size_t)n->key_count;
  model_scope s = { in->schema, NULL, NULL, NULL, 0 };
  dfq_value *key = (dfq_value *)model_room(m, in->rows * keys, sizeof *key);
  size_t *order = (size_t *)model_room(m, in->rows, sizeof *order);
  t.failed = true;
  for (size_t r = 0; r < in->rows; r++) {
    s.row = model_row(in, r);
    for (size_t k = 0; k < keys; k++)
      if (!model_eval(m, &s, n->key[k].expr, &key[r * keys + k])) return t;
  }
  if (in->failed) return t;
  for (size_t r = 0; r < in->rows; r++) {          // stable: only what is greater moves
    size_t at = r;
    for (; at > 0 && model_before(n, key + r * keys, key + order[at - 1] * keys); at--)
      order[at] = order[at - 1];
    order[at] = r;
  }
  for (size_t r = 0; r < in->rows; r++) model_copy(m, &t, model_row(in, order[r]));
  t.failed = false;
  return t;
}

static inline model_table model_distinct(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  for (size_t r = 0; r < in->rows; r++) {
    const dfq_value *row = model_row(in, r);
    size_t at = 0;
    for (; at < t.rows; at++) {
      bool same = true;
      for (int c = 0; c < n->schema.count; c++) {
        bool key = n->key_count == 0;
        for (int k = 0; k < n->key_count; k++)
          key = key || strcmp(n->key[k].expr->name, n->schema.field[c].name) == 0;
        same = same && (!key || model_same_key(&row[c], &model_row(&t, at)[c]));
      }
      if (same) break;
    }
    if (at == t.rows) model_copy(m, &t, row);
  }
  t.failed = in->failed;
  return t;
}

// For each row, for each turn: what repeats, the label, the turn's cells.
static inline model_table model_unpivot(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  int values = n->expr_count / n->key_count, ids = n->schema.count - values - 1;
  for (size_t r = 0; r < in->rows; r++)
    for (int turn = 0; turn < n->key_count; turn++) {
      dfq_value *to = model_add(m, &t);
      const dfq_value *from = model_row(in, r);
      for (int c = 0; c < ids; c++)
        to[c] = from[model_find(in->schema, n->schema.field[c].name)];
      to[ids] = n->key[turn].expr->value;
      for (int v = 0; v < values; v++)
        to[ids + 1 + v] = from[model_find(in->schema, n->expr[turn * values + v]->name)];
    }
  t.failed = in->failed;
  return t;
}

// As many rows as the longest list has values, and one at least.
static inline model_table model_explode(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  for (size_t r = 0; r < in->rows; r++) {
    size_t count = 1;
    for (int i = 0; i < n->expr_count; i++) {
      dfq_value v = model_row(in, r)[model_find(in->schema, n->expr[i]->name)];
      if (dfq_list_len(&v) > count) count = dfq_list_len(&v);
    }
    for (size_t k = 0; k < count; k++) {
      dfq_value *to = model_add(m, &t);
      for (int c = 0; c < n->schema.count; c++) {
        const dfq_field *f = &n->schema.field[c];
        to[c] = model_row(in, r)[model_find(in->schema, f->name)];
        bool exploded = false;
        for (int i = 0; i < n->expr_count; i++)
          exploded = exploded || strcmp(n->expr[i]->name, f->name) == 0;
        if (exploded && !dfq_list_get(&to[c], k, &to[c])) to[c] = model_null();
      }
    }
  }
  t.failed = in->failed;
  return t;
}

// ---- windows: for each row its partition in order, its frame, a value of the two ------------

typedef struct model_frame {
  int fn;                // what is computed of it
  int64_t least;         // of how many values at least
  int unit;              // -1: none was given
  int64_t first, last;
} model_frame;

// Functions with frames of their own are named after what they compute: cum_sum, rolling_mean.
static inline model_frame model_frame_of(const dfq_expr *e) {
  const dfq_expr *f = e->arg[0];
  const dfq__window *w = e->window;
  const char *name = dfq__aggregates[f->fn].name;
  model_frame r = { f->fn, 0, w->framed ? w->unit : -1, w->first, w->last };
  int64_t n = f->argc > 1 ? f->arg[1]->value.as.i : 0;
  bool cum = strncmp(name, "cum_", 4) == 0, rolls = strncmp(name, "rolling_", 8) == 0;
  bool fills = f->fn == DFQ__FORWARD_FILL || f->fn == DFQ__BACKWARD_FILL;
  if (f->fn == DFQ__CUM_PROD || (!cum && !rolls && !fills)) return r;
  r.unit = DFQ__BY_ROWS;
  r.first = rolls ? 1 - n : fills && n ? -n : INT64_MIN;
  r.last = 0;
  if (!fills) r.fn = dfq__aggregate_find(name + (cum ? 4 : 8), strlen(name) - (cum ? 4u : 8u));
  else r.fn = f->fn == DFQ__FORWARD_FILL ? DFQ__LAST_NON_NULL : DFQ__FIRST_NON_NULL;
  if (f->fn == DFQ__BACKWARD_FILL) { r.first = 0; r.last = n ? n : INT64_MAX; }
  if (rolls && r.fn != DFQ__COUNT) r.least = n;
  if (rolls && f->argc > 2) r.least = f->arg[2]->value.as.i;
  return r;
}

// The rows of the input with what a window reads of them, and the partition at hand.
typedef struct model_windowed {
  const model_table *in;
  const dfq_expr *e;
  dfq_value *key;        // partitions, orders of each row
  int parts, keys;
  size_t *row, rows;     // of the partition, in order
} model_windowed;

static inline int model_window_order(const model_windowed *w, size_t a, size_t b) {
  for (int k = w->parts; k < w->keys; k++) {
    const dfq_value *x = &w->key[a * (size_t)w->keys + (size_t)k],
                    *y = &w->key[b * (size_t)w->keys + (size_t)k];
    const dfq_key *how = &w->e->window->order[k - w->parts];
    bool p = model_is_null(x), q = model_is_null(y);
    if (p != q) return p == how->nulls_first ? -1 : 1;
    int order = p ? 0 : model_compare(x, y);
    if (order) return how->descending ? -order : order;
  }
  return 0;
}

// The partition of a row, in order.
static inline void model_window_partition(model_windowed *w, size_t of) {
  w->rows = 0;
  for (size_t r = 0; r < w->in->rows; r++) {
    bool same = true;
    for (int k = 0; k < w->parts; k++)
      same = same && model_same_key(&w->key[of * (size_t)w->keys + (size_t)k],
                                    &w->key[r * (size_t)w->keys + (size_t)k]);
    size_t at = w->rows;
    if (!same) continue;
    for (; at > 0 && model_window_order(w, r, w->row[at - 1]) < 0; at--)
      w->row[at] = w->row[at - 1];
    w->row[at] = r;
    w->rows++;
  }
}

// How many different keys there are from the i-th row of the partition to the j-th, less one.
static inline int64_t model_window_groups(const model_windowed *w, size_t i, size_t j) {
  int64_t n = 0;
  for (; i < j; i++) n += model_window_order(w, w->row[i], w->row[i + 1]) != 0;
  return n;
}

static inline bool model_window_within(const model_windowed *w, const model_frame *f, size_t i,
                                       size_t j) {
  int order = model_window_order(w, w->row[j], w->row[i]);
  int64_t apart = order;
  if (f->unit < 0) return order <= 0;
  if (f->unit == DFQ__BY_ROWS) apart = (int64_t)j - (int64_t)i;
  if (f->unit == DFQ__BY_GROUPS)
    apart = j < i ? -model_window_groups(w, j, i) : model_window_groups(w, i, j);
  return (f->first == INT64_MIN || apart >= f->first) &&
         (f->last == INT64_MAX || apart <= f->last);
}

// What needs no frame: places, and other rows. Returns: whether that is all.
static inline bool model_window_place(const model_windowed *w, size_t i, dfq_value *to) {
  const dfq_expr *f = w->e->arg[0];
  int64_t n = (int64_t)w->rows, before = 0, upto = 0, k;
  for (size_t j = 0; j < w->rows; j++) {
    before += model_window_order(w, w->row[j], w->row[i]) < 0;
    upto += model_window_order(w, w->row[j], w->row[i]) <= 0;
  }
  switch (f->fn) {
    case DFQ__ROW_NUMBER: *to = model_int(DFQ_I64, (int64_t)i + 1); return true;
    case DFQ__RANK: *to = model_int(DFQ_I64, before + 1); return true;
    case DFQ__DENSE_RANK:
      *to = model_int(DFQ_I64, model_window_groups(w, 0, i) + 1);
      return true;
    case DFQ__PERCENT_RANK:
      *to = model_f64(n == 1 ? 0 : (double)before / (double)(n - 1));
      return true;
    case DFQ__CUME_DIST: *to = model_f64((double)upto / (double)n); return true;
    case DFQ__NTILE:
      k = f->arg[0]->value.as.i;
      for (int64_t bucket = 1, end = 0; (int64_t)i >= end; bucket++) {
        end += n / k + (bucket <= n % k);
        *to = model_int(DFQ_I64, bucket);
      }
      return true;
    default: return false;
  }
}

// lag and lead, of a column.
static inline bool model_window_shift(const model_windowed *w, size_t i, dfq_value *to) {
  const dfq_expr *f = w->e->arg[0];
  if (f->fn != DFQ__LAG && f->fn != DFQ__LEAD) return false;
  int64_t n = f->argc > 1 ? f->arg[1]->value.as.i : 1;
  int64_t at = (int64_t)i + (f->fn == DFQ__LEAD ? n : -n);
  if (at >= 0 && at < (int64_t)w->rows)
    *to = model_row(w->in, w->row[at])[model_find(w->in->schema, f->arg[0]->name)];
  return true;
}

// The value of the i-th row of the partition. False when it fails.
static inline bool model_window_value(model *m, const model_windowed *w, size_t i,
                                      dfq_value *to) {
  model_frame f = model_frame_of(w->e);
  dfq_expr call = *w->e->arg[0];
  size_t *member = (size_t *)model_room(m, w->rows, sizeof *member);
  model_scope s = { w->in->schema, NULL, w->in, member, 0 };
  dfq_value count;
  *to = model_null();
  if (model_window_place(w, i, to) || model_window_shift(w, i, to)) return true;
  for (size_t j = 0; j < w->rows; j++)
    if (model_window_within(w, &f, i, j)) member[s.members++] = w->row[j];
  if (call.fn == DFQ__NTH_VALUE) {
    size_t n = (size_t)call.arg[1]->value.as.i;
    const dfq_expr *column = call.arg[0];
    if (n <= s.members)
      *to = model_row(w->in, member[n - 1])[model_find(w->in->schema, column->name)];
    return true;
  }
  if (f.fn != call.fn) call.argc = call.argc > 0;
  call.fn = DFQ__COUNT;
  if (f.least && (!model_aggregate(m, &s, &call, &count) || count.as.i < f.least)) return true;
  call.fn = f.fn;
  return model_aggregate(m, &s, &call, to);
}

// One window for all rows, into column c of the result.
static inline bool model_window_column(model *m, const model_table *in, const dfq_expr *e,
                                       model_table *t, int c) {
  model_windowed w = { in, e, NULL, e->window->partitions, e->argc - 1, NULL, 0 };
  model_scope s = { in->schema, NULL, NULL, NULL, 0 };
  w.key = (dfq_value *)model_room(m, in->rows * (size_t)w.keys, sizeof *w.key);
  w.row = (size_t *)model_room(m, in->rows, sizeof *w.row);
  for (size_t r = 0; r < in->rows; r++) {
    s.row = model_row(in, r);
    for (int k = 0; k < w.keys; k++)
      if (!model_eval(m, &s, e->arg[k + 1], &w.key[r * (size_t)w.keys + (size_t)k]))
        return false;
  }
  for (size_t r = 0; r < in->rows; r++) {
    size_t i = 0;
    model_window_partition(&w, r);
    while (w.row[i] != r) i++;
    if (!model_window_value(m, &w, i, &model_row(t, r)[c])) return false;
  }
  return true;
}

// Nothing comes out before everything is known.
static inline model_table model_window(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema), none = t;
  none.failed = true;
  if (in->failed) return none;
  for (size_t r = 0; r < in->rows; r++) {
    dfq_value *to = model_add(m, &t);
    if (in->schema->count)
      memcpy(to, model_row(in, r), (size_t)in->schema->count * sizeof *to);
  }
  for (int i = 0; i < n->expr_count; i++)
    if (!model_window_column(m, in, n->expr[i], &t, in->schema->count + i)) return none;
  return t;
}

#if DFQ_CHAPTER >= 6
// The row that a write stage gives, and the bytes that its file has: those of the model's own
// rows, written by themselves.
static inline model_table model_write(model *m, const dfq__node *n, const model_table *in) {
  model_table t = model_new(&n->schema);
  dfq *db = dfq_open(NULL);
  dfq_write_options o = n->to->options;
  FILE *out = tmpfile();
  dfq_table *table = in->failed ? NULL
                                : dfq_table_from_rows(db, in->schema->field, in->schema->count,
                                                      in->cell, in->rows);
  o.format = n->to->is->name;
  t.failed = !table || !out || !dfq_print(dfq_scan_table(db, table), out, &o);
  if (!t.failed) {
    free(m->written);
    m->written = test_text_n(out, &m->written_size);
    dfq_value *to = model_add(m, &t);
    to[0].type = DFQ_STR;
    to[0].as.s = n->to->path;
    to[0].len = (uint32_t)strlen(n->to->path);
    to[1] = model_int(DFQ_I64, 1);
    to[2] = model_int(DFQ_I64, (int64_t)in->rows);
    to[3] = model_int(DFQ_I64, (int64_t)m->written_size);
  } else if (out) fclose(out);
  dfq_table_free(table);
  dfq_close(db);
  return t;
}
#endif

static inline model_table model_run(model *m, const dfq__node *n) {
  model_table in = model_new(&n->schema);
  if (n->in[0]) in = model_run(m, n->in[0]);
  if (m->too_big) return in;
  switch (n->kind) {
    case DFQ__SCAN: return model_scan(m, n);
    case DFQ__FILTER: return model_filter(m, n, &in);
    case DFQ__PROJECT: return model_project(m, n, &in);
    case DFQ__LIMIT: return model_limit(m, n, &in);
    case DFQ__ROW_INDEX: return model_row_index(m, n, &in);
    case DFQ__UNION: return model_union(m, n, &in);
    case DFQ__JOIN: return model_join(m, n, &in);
    case DFQ__GROUP: return model_group(m, n, &in);
    case DFQ__SORT: return model_sort(m, n, &in);
    case DFQ__DISTINCT_ROWS: return model_distinct(m, n, &in);
    case DFQ__UNPIVOT: return model_unpivot(m, n, &in);
    case DFQ__EXPLODE: return model_explode(m, n, &in);
    case DFQ__WINDOW: return model_window(m, n, &in);
#if DFQ_CHAPTER >= 6
    case DFQ__WRITE: return model_write(m, n, &in);
#endif
    default: m->wrong = "a node that only the optimizer makes"; return in;
  }
}

// ---- comparing -----------------------------------------------------------------------------

static inline model model_open(dfq *db) {
  model m;
  memset(&m, 0, sizeof m);
  m.arena.heap = db->heap;
  return m;
}

static inline void model_close(model *m) {
  dfq__arena_release(&m->arena, 0);
  free(m->written);
  m->written = NULL;
}

// The same bits; one NaN is like any other.
static inline bool model_same(const dfq_value *a, const dfq_value *b) {
  if (a->type != b->type) return false;
  if (a->type == DFQ_NULL) return true;
  if (a->type == DFQ_STR || model_is_list(a->type)) return model_compare_text(a, b) == 0;
  if (model_is_float(a->type) && test_is_nan(a->as.f) && test_is_nan(b->as.f)) return true;
  return a->as.i == b->as.i;
}

static inline void model_text(char *to, size_t size, const dfq_value *v) {
  if (v->type == DFQ_NULL) snprintf(to, size, "null");
  else if (model_is_float(v->type)) snprintf(to, size, "%.17g (%a)", v->as.f, v->as.f);
  else if (v->type == DFQ_STR) snprintf(to, size, "'%.*s'", (int)v->len, v->as.s);
  else snprintf(to, size, "%s %lld", dfq_type_name(v->type), (long long)v->as.i);
}

// Compares rows [0, rows) with a table: NULL when they are the same, else the first difference.
static inline const char *model_difference(model *m, const model_table *want,
                                           const dfq_table *got, size_t rows) {
  char *text = (char *)model_room(m, 400, 1);
  int columns = want->schema->count;
  for (size_t r = 0; r < rows && r < dfq_table_rows(got); r++)
    for (int c = 0; c < columns; c++) {
      char a[120], b[120];
      dfq_value v;
      const dfq_value *w = &model_row(want, r)[c];
      dfq_table_get(got, r, c, &v);
      if (model_same(w, &v)) continue;
      model_text(a, sizeof a, w);
      model_text(b, sizeof b, &v);
      snprintf(text, 400, "row %d, %s: the model has %s, the engine %s", (int)r,
               want->schema->field[c].name, a, b);
      return text;
    }
  if (rows == dfq_table_rows(got)) return NULL;
  snprintf(text, 400, "the model has %d rows, the engine %d", (int)rows,
           (int)dfq_table_rows(got));
  return text;
}

// Runs a frame in the model and in one engine. NULL: both the same, or both fail.
static inline const char *model_check(model *m, dfq_frame *f) {
  model_table want = model_run(m, f->node);
  dfq_table *got = dfq_collect(f);
  const char *difference = m->wrong;
  if (!difference && (got == NULL) != want.failed)
    difference = want.failed ? "the model fails, the engine does not" : dfq_error(f->db);
  if (!difference && got) difference = model_difference(m, &want, got, want.rows);
  dfq_table_free(got);
  return difference;
}

#endif // MODEL_H
