// ch4_frames.c - frames of windows: random tables and random frames against a model that asks
// for each row which others are in its frame, functions with frames of their own, and what is
// refused.

// ---- random tables and windows
// ----------------------------------------------------------------

enum { FRAMES_K, FRAMES_D, FRAMES_F, FRAMES_T, FRAMES_U, FRAMES_N, FRAMES_X, FRAMES_COLUMNS };

typedef struct frames_data {
  size_t rows;
  dfq_value *cell;
} frames_data;

static dfq_value frames_at(const frames_data *t, size_t row, int column) {
  return t->cell[row * FRAMES_COLUMNS + (size_t)column];
}

// Few different values, so that there are ties; nulls, NaN, infinities and both zeros.
static dfq_table *frames_table(dfq *db, uint64_t seed, size_t rows, frames_data *to) {
  static const dfq_field fields[] = {
    { "k", DFQ_I64, NULL },      { "d", DFQ_DATE, NULL },     { "f", DFQ_F64, NULL },
    { "t", DFQ_DATETIME, NULL }, { "u", DFQ_DURATION, NULL }, { "n", DFQ_I64, NULL },
    { "x", DFQ_F64, NULL },
  };
  static const double floats[] = { 0.0, -0.0, 1.5, -2.25, 3.0, (double)NAN, (double)INFINITY,
                                   -(double)INFINITY };
  static const double sums[] = { 0.5, -0.0, 1e300, -1e300, 1e-300, 7.0, 0.1, 3.0 };
  to->rows = rows;
  to->cell = (dfq_value *)test_alloc((rows * FRAMES_COLUMNS + 1) * sizeof *to->cell);
  for (size_t r = 0; r < rows; r++) {
    dfq_value *v = to->cell + r * FRAMES_COLUMNS;
    uint64_t h = dfq__hash_word(r, seed), g = dfq__hash_word(h, seed);
    v[FRAMES_K] = dfq__value_int(DFQ_I64, (int64_t)(h & 1));
    v[FRAMES_D] = dfq__value_int(DFQ_DATE, (int64_t)(h >> 1 & 63));
    v[FRAMES_F] = dfq__value_f64(floats[h >> 7 & 7]);
    v[FRAMES_T] = dfq__value_int(DFQ_DATETIME, (int64_t)(h >> 10 & 31) * 43200000000);
    v[FRAMES_U] = dfq__value_int(DFQ_DURATION, (int64_t)(h >> 15 & 15) * 600000000);
    v[FRAMES_N] = dfq__value_int(DFQ_I64, (int64_t)(h >> 20 & 15) - 8);
    if ((h >> 24 & 31) == 0) v[FRAMES_N].as.i = INT64_MAX;
    if ((h >> 24 & 31) == 1) v[FRAMES_N].as.i = INT64_MIN;
    v[FRAMES_X] = dfq__value_f64(seed % 3 ? (double)(g & 7) / 4 : sums[g & 7]);
    if (seed % 4 == 0 && (g >> 3 & 7) == 0) v[FRAMES_X] = dfq__value_f64(floats[g >> 6 & 7]);
    for (int c = 0; c < FRAMES_COLUMNS; c++)
      if ((g >> (9 + 4 * c) & 7) == 0) v[c] = dfq__value_null();
  }
  return dfq_table_from_rows(db, fields, FRAMES_COLUMNS, to->cell, rows);
}

// A random window: the text that says it, and the same in numbers.
typedef struct frames_window {
  char text[256];
  int key;               // the column that orders, -1: none
  bool parted, down, front;
  int unit;              // 0 range, 1 rows, 2 groups, -1: no frame
  int64_t first, last;   // -1000, 1000: unbounded; of a range in its own unit
  bool open;
} frames_window;

static uint64_t frames_below(uint64_t *seed, uint64_t n) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (*seed >> 33) % n;
}

enum { FRAMES_FAR = 1000 };

// "3 preceding", in the unit of the key.
static void frames_bound(char *to, size_t size, const frames_window *w, int64_t n) {
  const char *side = n < 0 ? "preceding" : "following";
  int64_t far = n < 0 ? -n : n;
  if (n == 0) (void)snprintf(to, size, "current row");
  else if (far == FRAMES_FAR) (void)snprintf(to, size, "unbounded %s", side);
  else if (w->unit || w->key == FRAMES_N)
    (void)snprintf(to, size, "%d %s", (int)far, side);
  else if (w->key == FRAMES_F) (void)snprintf(to, size, "%d.5 %s", (int)far - 1, side);
  else if (w->key == FRAMES_U)
    (void)snprintf(to, size, "interval '%d' minute %s", 10 * (int)far, side);
  else
    (void)snprintf(to, size, "interval '%d' %s %s", (int)far,
                   w->key == FRAMES_D && far == 2 ? "month" : "day", side);
}

static frames_window frames_random(uint64_t *seed) {
  static const char *const names[] = { "k", "d", "f", "t", "u", "n" };
  char from[64], to[64];
  frames_window w;
  memset(&w, 0, sizeof w);
  w.parted = frames_below(seed, 3) > 0;
  w.key = (int)frames_below(seed, 6);
  if (w.key == FRAMES_K) w.key = -1;
  w.down = w.key >= 0 && frames_below(seed, 2);
  w.front = w.key >= 0 && frames_below(seed, 3) == 0;
  w.unit = (int)frames_below(seed, 4) - 1;
  w.first = (int64_t)frames_below(seed, 9) - 4;
  w.last = (int64_t)frames_below(seed, 9) - 4;
  if (w.first < -3) w.first = -FRAMES_FAR;
  if (w.last > 3) w.last = FRAMES_FAR;
  int a = (w.first > 0) - (w.first < 0), b = (w.last > 0) - (w.last < 0);
  if (a > b) { int64_t swap = w.first; w.first = w.last; w.last = swap; }
  if (w.unit == 0 && w.key < 0) w.unit = -1;
  int n = snprintf(w.text, sizeof w.text, "%s", w.parted ? "partition by k " : "");
  if (w.key >= 0)
    n += snprintf(w.text + n, sizeof w.text - (size_t)n, "order by %s%s%s ", names[w.key],
                  w.down ? " desc" : "", w.front ? " nulls first" : "");
  frames_bound(from, sizeof from, &w, w.first);
  frames_bound(to, sizeof to, &w, w.last);
  if (w.unit >= 0)
    (void)snprintf(w.text + n, sizeof w.text - (size_t)n, "%s between %s and %s",
                   dfq__frame_units[w.unit], from, to);
  return w;
}

// ---- the model
// ------------------------------------------------------------------------------

// Below 0 when row a comes before row b, by the order alone.
static int frames_order(const frames_data *t, const frames_window *w, size_t a, size_t b) {
  if (w->key < 0) return 0;
  dfq_value x = frames_at(t, a, w->key), y = frames_at(t, b, w->key);
  bool i = x.type == DFQ_NULL, j = y.type == DFQ_NULL;
  if (i != j) return i == w->front ? -1 : 1;
  int c = i ? 0 : dfq__compare_values(&x, &y);
  return w->down ? -c : c;
}

static bool frames_same(const frames_data *t, const frames_window *w, size_t a, size_t b) {
  dfq_value x = frames_at(t, a, FRAMES_K), y = frames_at(t, b, FRAMES_K);
  return !w->parted || (x.type == y.type && (x.type == DFQ_NULL || x.as.i == y.as.i));
}

// Does row b come before row a, with ties in input order?
static bool frames_before(const frames_data *t, const frames_window *w, size_t b, size_t a) {
  int c = frames_order(t, w, b, a);
  return c < 0 || (c == 0 && b < a);
}

// The key moved by n units of its own: a date in days, months for 2. Ends of i64 stay there.
static double frames_moved(const frames_window *w, dfq_value v, int64_t n) {
  int64_t by = w->down ? -n : n, far = n < 0 ? -n : n;
  if (w->key == FRAMES_F) return v.as.f + (by < 0 ? -1 : 1) * ((double)far - 0.5);
  if (w->key == FRAMES_N) return (double)v.as.i + (double)by;
  if (w->key == FRAMES_U) return (double)(v.as.i + by * 600000000);
  if (w->key == FRAMES_T) return (double)(v.as.i + by * 86400000000);
  if (far != 2) return (double)(v.as.i + by);
  int64_t y;
  int m, d;
  dfq__civil_from_days(v.as.i, &y, &m, &d);
  m += (int)by;
  if (m > 12) { m -= 12; y++; }
  if (m < 1) { m += 12; y--; }
  if (d > dfq__month_days(y, m)) d = dfq__month_days(y, m);
  return (double)dfq__days_from_civil(y, m, d);
}

// Where row b stands to an end n of the range of row a: below 0 before it.
static int frames_side(const frames_data *t, const frames_window *w, size_t a, size_t b,
                       int64_t n) {
  dfq_value x = frames_at(t, a, w->key), y = frames_at(t, b, w->key);
  if (n == 0 || x.type == DFQ_NULL) return frames_order(t, w, b, a);
  if (y.type == DFQ_NULL) return w->front ? -1 : 1;
  // around the ends of i64 the double of a sum says nothing
  bool ends = w->key == FRAMES_N && (x.as.i > 1000 || x.as.i < -1000);
  if (ends && y.as.i != x.as.i) return frames_order(t, w, b, a);
  if (ends) return n < 0 ? 1 : -1;
  double end = frames_moved(w, x, n), key = w->key == FRAMES_F ? y.as.f : (double)y.as.i;
  int c = dfq__lt_float(key, end) ? -1 : dfq__lt_float(end, key) ? 1 : 0;
  return w->down ? -c : c;
}

// How many rows, or groups, lie between two rows.
static int64_t frames_apart(const frames_data *t, const frames_window *w, size_t a, size_t b) {
  int64_t n = 0;
  bool back = frames_before(t, w, b, a);
  size_t low = back ? b : a, high = back ? a : b;
  for (size_t r = 0; r < t->rows; r++) {
    if (!frames_same(t, w, a, r)) continue;
    if (w->unit == 1) n += frames_before(t, w, low, r) && !frames_before(t, w, high, r);
    if (w->unit != 2) continue;
    bool first = frames_order(t, w, low, r) < 0 && frames_order(t, w, r, high) <= 0;
    for (size_t s = 0; s < r; s++)
      first = first && !(frames_same(t, w, a, s) && frames_order(t, w, s, r) == 0);
    n += first;
  }
  return back ? -n : n;
}

static bool frames_within(const frames_data *t, const frames_window *w, size_t a, size_t b) {
  if (!frames_same(t, w, a, b)) return false;
  if (w->unit < 0) return frames_order(t, w, b, a) <= 0;
  int64_t n = w->unit ? frames_apart(t, w, a, b) : 0;
  bool in = w->first == -FRAMES_FAR ||
            (w->unit ? n >= w->first : frames_side(t, w, a, b, w->first) >= (w->open ? 1 : 0));
  return in && (w->last == FRAMES_FAR ||
                (w->unit ? n <= w->last : frames_side(t, w, a, b, w->last) <= 0));
}

// The rows of a frame in order. Returns: how many.
static size_t frames_of(const frames_data *t, const frames_window *w, size_t a, size_t *row) {
  size_t n = 0;
  for (size_t b = 0; b < t->rows; b++) {
    if (!frames_within(t, w, a, b)) continue;
    size_t i = n++;
    for (; i > 0 && frames_before(t, w, b, row[i - 1]); i--) row[i] = row[i - 1];
    row[i] = b;
  }
  return n;
}

// sum, count, min, last and last_non_null of x, and how many values there are.
typedef struct frames_result { dfq_value sum, min, last, filled; int64_t count; } frames_result;

static frames_result frames_model(dfq *db, const frames_data *t, const size_t *row, size_t n) {
  frames_result r;
  dfq__sum sum = { 0, 0, NULL };
  memset(&r, 0, sizeof r);
  for (size_t i = 0; i < n; i++) {
    dfq_value v = frames_at(t, row[i], FRAMES_X);
    r.last = v;
    if (v.type == DFQ_NULL) continue;
    r.filled = v;
    CHECK(dfq__sum_add(&sum, v.as.f, &db->arena));
    if (r.count++ == 0 || dfq__lt_float(v.as.f, r.min.as.f)) r.min = v;
  }
  dfq__make_canonical(&r.min);
  if (r.count) r.sum = dfq__value_f64(dfq__sum_value(&sum));
  return r;
}

static bool frames_equal(dfq_value a, dfq_value b) {
  return a.type == b.type && (a.type == DFQ_NULL || a.as.i == b.as.i ||
                              (a.type == DFQ_F64 && a.as.f != a.as.f && b.as.f != b.as.f));
}

static bool frames_cell(dfq_table *t, size_t row, int column, dfq_value want) {
  dfq_value got;
  dfq_table_get(t, row, column, &got);
  return frames_equal(got, want);
}

// The table u has the five results behind the columns. Returns: the row that differs, or rows.
static size_t frames_compare(dfq *db, const frames_data *t, const frames_window *w,
                             dfq_table *u) {
  size_t *row = (size_t *)test_alloc((t->rows + 1) * sizeof *row), r = 0;
  for (; u && r < t->rows; r++) {
    size_t mark = dfq_mark(db);
    frames_result want = frames_model(db, t, row, frames_of(t, w, r, row));
    int c = FRAMES_COLUMNS;
    bool same = frames_cell(u, r, c, want.sum) &&
                frames_cell(u, r, c + 1, dfq__value_int(DFQ_I64, want.count)) &&
                frames_cell(u, r, c + 2, want.min) && frames_cell(u, r, c + 3, want.last) &&
                frames_cell(u, r, c + 4, want.filled);
    dfq_release(db, mark);
    if (!same) break;
  }
  free(row);
  return r;
}

// Both engines, all settings, where chapter 5 can compare them.
static void frames_settings(dfq_frame *q, const char *text) {
#if DFQ_CHAPTER >= 5
  if (!CHECK(dfq_check_equivalent(q, NULL))) printf("  %s: %s\n", text, dfq_error(q->db));
#else
  (void)q;
  (void)text;
#endif
}

TEST(frames_at_random) {
  for (uint64_t start = 1; start <= 160; start++) {
    dfq *db = dfq_open(NULL);
    uint64_t seed = start;
    frames_data data;
    dfq_table *t = frames_table(db, start, frames_below(&seed, start % 10 ? 25 : 90), &data);
    frames_window w = frames_random(&seed);
    char items[2048];
    (void)snprintf(items, sizeof items,
                   "sum(x) over (%s) as a, count(x) over (%s) as b, min(x) over (%s) as c, "
                   "last(x) over (%s) as e, last_non_null(x) over (%s) as g",
                   w.text, w.text, w.text, w.text, w.text);
    dfq_frame *q = dfq_with_columns(dfq_scan_table(db, t), items);
    dfq_table *u = dfq_collect(q);
    size_t r = frames_compare(db, &data, &w, u);
    if (!CHECK(u) || !CHECK_INT(r, data.rows))
      printf("  seed %d, %s: %s\n", (int)start, w.text, u ? "" : dfq_error(db));
    frames_settings(q, w.text);
    dfq_table_free(u);
    dfq_table_free(t);
    free(data.cell);
    dfq_close(db);
  }
}

// What the model does not compute, compared over engines and settings; the functions with
// frames of their own are spelt out once more.
typedef struct frames_pair { const char *sugar, *plain; } frames_pair;

static const frames_pair frames_pairs[] = {
  { "cum_sum(x)", "sum(x) over (rows between unbounded preceding and current row)" },
  { "cum_min(x) over (partition by k order by d)",
    "min(x) over (partition by k order by d rows between unbounded preceding and current "
    "row)" },
  { "cum_max(f)", "max(f) over (rows between unbounded preceding and current row)" },
  { "cum_mean(n // 2)",
    "mean(n // 2) over (rows between unbounded preceding and current row)" },
  { "cum_count(x)", "count(x) over (rows between unbounded preceding and current row)" },
  { "cum_count()", "row_number() over ()" },
  { "row_number()", "row_number() over ()" },
  { "rolling_sum(x, 4, 1)", "sum(x) over (rows between 3 preceding and current row)" },
  { "rolling_sum(x, 2)",
    "case when count(x) over (rows between 1 preceding and current row) = 2 "
    "then sum(x) over (rows between 1 preceding and current row) end" },
  { "rolling_mean(x, 1)", "mean(x) over (rows between current row and current row)" },
  { "rolling_min(f, 3, 0) over (partition by k)",
    "min(f) over (partition by k rows between 2 preceding and current row)" },
  { "rolling_max(f, 3, 2)",
    "case when count(f) over (rows between 2 preceding and current row) >= 2 "
    "then max(f) over (rows between 2 preceding and current row) end" },
  { "rolling_count(x, 3)", "count(x) over (rows between 2 preceding and current row)" },
  { "rolling_var(x, 5, 1)", "var(x) over (rows between 4 preceding and current row)" },
  { "rolling_std(x, 5, 1) over (order by d)",
    "std(x) over (order by d rows between 4 preceding and current row)" },
  { "rolling_median(x, 5, 1)", "median(x) over (rows between 4 preceding and current row)" },
  // over integers, what is at most 2 below is less than 3 below
  { "rolling_sum_by(x, n // 2, 3)",
    "sum(x) over (order by n // 2 range between 2 preceding and current row)" },
  { "rolling_mean_by(x, d, interval '8' day) over (partition by k)",
    "mean(x) over (partition by k order by d range between interval '7' day preceding and "
    "current row)" },
  { "rolling_count_by(x, d, interval '1' day)",
    "count(x) over (order by d range between current row and current row)" },
  { "rolling_max_by(x, d, interval '1' day, 2)",
    "case when count(x) over (partition by d) > 1 then max(x) over (partition by d) end" },
  { "forward_fill(x)",
    "last_non_null(x) over (rows between unbounded preceding and current row)" },
  { "forward_fill(x, 1)", "if_null(x, lag(x))" },
  { "forward_fill(x, 2)", "coalesce(x, lag(x), shift(x, 2))" },
  { "backward_fill(x, 2)", "coalesce(x, lead(x), shift(x, -2))" },
  { "backward_fill(k) over (order by d)",
    "first_non_null(k) over (order by d rows between current row and unbounded following)" },
  { "shift(x, 3, 0.5)", "lag(x, 3, 0.5) over ()" },
  { "shift(x, -1)", "lead(x) over ()" },
  { "shift(x, 0)", "x" },
  { "diff(x)", "x - lag(x)" },
  { "diff(d, 2) over (partition by k order by t)",
    "d - lag(d, 2) over (partition by k order by t)" },
  { "diff(t)", "t - lag(t)" },
  { "pct_change(x) * 100", "(x - lag(x)) / lag(x) * 100" },
  { "cum_prod(k + 1)",
    "case when cum_sum(k) is not null then cast(pow(2.0, cum_sum(k)) as i64) end" },
  { "ewm_mean(n // 4, 1) over (partition by k)",
    "forward_fill(n // 4 + 0.0) over (partition by k)" },
  { "cume_dist() over (partition by k)", "cast(1 as f64) + 0 * row_number()" },
  { "cume_dist() over (order by d)",
    "count() over (order by d) / count() over ()" },
};

static bool frames_same_column(dfq_table *t, dfq_table *u) {
  return t && u && dfq_table_equal(t, u, NULL, 0);
}

TEST(frames_of_their_own) {
  for (uint64_t seed = 1; seed <= 6; seed++) {
    dfq *db = dfq_open(NULL);
    frames_data data;
    dfq_table *t = frames_table(db, seed, seed < 3 ? seed - 1 : 12 * (size_t)seed, &data);
    for (size_t i = 0; i < sizeof frames_pairs / sizeof *frames_pairs; i++) {
      char sugar[256], plain[512];
      (void)snprintf(sugar, sizeof sugar, "%s as v", frames_pairs[i].sugar);
      (void)snprintf(plain, sizeof plain, "%s as v", frames_pairs[i].plain);
      dfq_frame *q = dfq_select(dfq_scan_table(db, t), sugar);
      dfq_table *a = dfq_collect(q);
      dfq_table *b = dfq_collect(dfq_select(dfq_scan_table(db, t), plain));
      if (!CHECK(frames_same_column(a, b)))
        printf("  seed %d, %s: %s\n", (int)seed, sugar, a && b ? "" : dfq_error(db));
      frames_settings(q, sugar);
#if DFQ_CHAPTER >= 6
      const char *text = dfq_pipeline_text(q);
      CHECK_HAS(text, " as v");
#endif
      dfq_table_free(a);
      dfq_table_free(b);
    }
    dfq_table_free(t);
    free(data.cell);
    dfq_close(db);
  }
}

// Long frames that move over many rows: the fold turns over many times.
TEST(frames_long) {
  dfq *db = dfq_open(NULL);
  frames_data data;
  dfq_table *t = frames_table(db, 12, 3000, &data);
  dfq_frame *in = dfq_scan_table(db, t);
  dfq_frame *q = dfq_select(in, "rolling_sum(x, 700, 1) as a, rolling_max(x, 700, 1) as b, "
                                "rolling_count(x, 700) as c");
  dfq_table *u = dfq_collect(q);
  for (size_t r = 0; CHECK(u) && r < data.rows; r += 97) {
    double most = 0;
    int64_t count = 0;
    dfq__sum sum = { 0, 0, NULL };
    for (size_t i = r < 699 ? 0 : r - 699; i <= r; i++) {
      dfq_value v = frames_at(&data, i, FRAMES_X);
      if (v.type == DFQ_NULL) continue;
      if (count++ == 0 || dfq__lt_float(most, v.as.f)) most = v.as.f;
      CHECK(dfq__sum_add(&sum, v.as.f, &db->arena));
    }
    if (count == 0) continue;
    CHECK_F64(dfq_table_f64(u, r, 0), dfq__sum_value(&sum));
    CHECK_F64(dfq_table_f64(u, r, 1), most + 0.0);
    CHECK_INT(dfq_table_i64(u, r, 2), count);
  }
  dfq_table_free(u);
  dfq_table_free(t);
  free(data.cell);
  dfq_close(db);
}

// ---- what is refused
// ------------------------------------------------------------------------

static const char *const frames_refused[][2] = {
  { "sum(x) over (range between 5 preceding and current row)", "one order by key, not 0" },
  { "sum(x) over (order by n, d range between 5 preceding and current row)", "key, not 2" },
  { "sum(x) over (order by d range between 5 preceding and current row)",
    "i64 is no distance between values of date" },
  { "sum(x) over (order by n range between interval '1' day preceding and current row)",
    "days is no distance between values of i64" },
  { "sum(x) over (order by k = 1 range between 1 preceding and current row)",
    "is no distance between values of bool" },
  { "sum(x) over (order by d range between date '2020-01-01' preceding and current row)",
    "is no distance between values of date" },
  { "sum(x) over (order by n range between n preceding and current row)", "a literal" },
  { "sum(x) over (order by f range between f64 'inf' preceding and current row)", "a literal" },
  { "rolling_sum(x, 0)", "an integer literal of at least 1" },
  { "rolling_sum(x, -3)", "an integer literal of at least 1" },
  { "rolling_sum(x, n)", "an integer literal of at least 1" },
  { "rolling_sum(x, 3, -1)", "an integer literal of at least 0" },
  { "rolling_mean_by(x, d, 7)", "i64 is no distance between values of date" },
  { "rolling_mean_by(x, d, interval '0' day)", "looking back by nothing" },
  { "rolling_mean_by(x, d, n)", "a literal" },
  { "rolling_mean_by(x, d, interval '7' day) over (order by t)", "ordered by its second" },
  { "cum_sum(x) over (rows between 1 preceding and current row)", "a frame of its own" },
  { "cum_sum(d)", "sum does not take date" },
  { "cum_prod(x) over (rows between 1 preceding and current row)", "a frame of its own" },
  { "cum_prod(d)", "cum_prod does not take date" },
  { "ewm_mean(d, 0.5)", "it is ewm_mean(i64 or f64, a share)" },
  { "cum_prod(d)", "it is cum_prod(i64 or f64)" },
  { "ewm_mean(x, 0)", "alpha is a literal" },
  { "ewm_mean(x, n)", "alpha is a literal" },
  { "forward_fill(x, 0)", "an integer literal of at least 1" },
  { "shift(x, n)", "an integer literal" },
  { "diff(x, -1)", "an integer literal of at least 0" },
  { "diff(k = 1)", "bool" },
  { "cume_dist()", "cume_dist needs over" },
  { "cum_sum(cum_sum(x))", "windows do not nest" },
  { "sum(x) over (order by cum_sum(x))", "windows do not nest" },
};

TEST(frames_refuse) {
  dfq *db = dfq_open(NULL);
  frames_data data;
  dfq_table *t = frames_table(db, 1, 3, &data);
  dfq_frame *in = dfq_scan_table(db, t);
  for (size_t i = 0; i < sizeof frames_refused / sizeof *frames_refused; i++) {
    const char *why = dfq_frame_error(dfq_select(in, frames_refused[i][0]));
    if (!CHECK_HAS(why ? why : "no error", frames_refused[i][1]))
      printf("  for %s\n", frames_refused[i][0]);
  }
  CHECK_HAS(dfq_frame_error(dfq_filter(in, "cum_sum(x) > 1")), "in select and with");
  CHECK_HAS(dfq_frame_error(dfq_sort(in, "diff(x)")), "in select and with");
  CHECK_HAS(dfq_frame_error(dfq_group_by(in, "k", "cum_sum(x) as s")), "in select and with");
  CHECK_HAS(dfq_frame_error(dfq_group_by(in, "cum_sum(n)", "count() as c")), "in select and");
  dfq_table_free(t);
  free(data.cell);
  dfq_close(db);
}

// Frames by constructors: the same trees as from text, or an error at once.
TEST(frames_two_roads) {
  dfq *db = dfq_open(NULL);
  dfq_key order = { dfq_col(db, "t"), false, false };
  dfq_expr *x = dfq_col(db, "x"), *bare = dfq_call(db, "cum_sum", &x, 1);
  dfq_window how;
  memset(&how, 0, sizeof how);
  how.order_by = &order;
  how.order_count = 1;
  CHECK(dfq_expr_equal(bare, dfq_parse(db, "cum_sum(x)")));
  CHECK_STR(dfq_expr_text(dfq_over(bare, &how)), "cum_sum(x) over (order by t)");
  how.range = true;
  how.first = -1;
  how.first_by = dfq_parse(db, "interval '7' day");
  CHECK_STR(dfq_expr_text(dfq_over(dfq_sum(x), &how)),
            "sum(x) over (order by t range between interval '7' day preceding and current "
            "row)");
  how.last = 1;
  CHECK_INT(dfq_expr_kind_of(dfq_over(dfq_sum(x), &how)), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "how far is missing");
  how.range = false;
  how.groups = true;
  how.first = 2;
  how.last = INT64_MAX;
  CHECK_STR(dfq_expr_text(dfq_over(dfq_sum(x), &how)),
            "sum(x) over (order by t groups between 2 following and unbounded following)");
  how.last = -1;
  CHECK_INT(dfq_expr_kind_of(dfq_over(dfq_sum(x), &how)), DFQ_FAILED);
  CHECK_HAS(dfq_error(db), "ends before it begins");
  dfq_close(db);
}

// A window's own column must not be taken for one of the input that happens to have its name.
TEST(frames_names) {
  dfq *db = dfq_open(NULL);
  frames_data data;
  dfq_table *t = frames_table(db, 2, 9, &data);
  dfq_frame *q = dfq_select(dfq_scan_table(db, t), "n, 5 as \"lag(n)\"");
  q = dfq_select(q, "lag(n) is null as a, \"lag(n)\" as b, 0 * \"lag(n)\" + 1 as c");
  dfq_table *u = dfq_collect(q);
  CHECK(u && dfq_table_i64(u, 0, 0) == 1 && dfq_table_i64(u, 0, 1) == 5);
  q = dfq_select(dfq_scan_table(db, t), "diff(n // 3), cum_sum(x)");
  CHECK_STR(dfq_schema_of(q)->field[0].name, "diff(n // 3)");
  CHECK_STR(dfq_schema_of(q)->field[1].name, "cum_sum(x)");
  dfq_table_free(u);
  dfq_table_free(t);
  free(data.cell);
  dfq_close(db);
}

#if DFQ_CHAPTER >= 5
// Windows share a sort with the one that leads it, not with another that shares it.
TEST(frames_share_sorts) {
  static const char *const items[][2] = {
    { "cume_dist() over () as a, forward_fill(x) as b, min(k) over (order by n) as c",
      "1 sort for 3" },
    { "cum_sum(x) as a, sum(x) over () as b", "no sort for 2" },
    { "row_number() over (partition by k, d order by n) as a, rank() over (partition by d, k "
      "order by n) as b, mean(x) over (partition by d, k) as c", "1 sort for 3" },
    { "row_number() over (partition by k order by n) as a, row_number() over (partition by k) "
      "as b, lag(x) over (partition by k order by n desc) as c", "3 sorts for 3" },
    { "rolling_sum_by(x, n, 2) as a, rank() over (order by n) as b, dense_rank() over (order "
      "by n nulls first) as c", "2 sorts for 3" },
  };
  dfq *db = dfq_open(NULL);
  frames_data data;
  dfq_table *t = frames_table(db, 5, 40, &data);
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    dfq_frame *q = dfq_with_columns(dfq_scan_table(db, t), items[i][0]);
    CHECK_HAS(dfq_explain_text(q, DFQ_EXPLAIN_OPTIMIZED), items[i][1]);
    frames_settings(q, items[i][0]);
  }
  dfq_frame *bare = dfq_with_columns(dfq_scan_table(db, t), "cum_sum(x) as s");
  const char *journal = dfq_explain_text(dfq_filter(bare, "k = 1"), DFQ_EXPLAIN_JOURNAL);
  CHECK_HAS(journal, "REFUSED: s looks at the whole table");
  dfq_table_free(t);
  free(data.cell);
  dfq_close(db);
}
#endif

static void run_ch4_frames(void) {
  RUN(frames_at_random);
  RUN(frames_of_their_own);
  RUN(frames_long);
  RUN(frames_refuse);
  RUN(frames_two_roads);
  RUN(frames_names);
#if DFQ_CHAPTER >= 5
  RUN(frames_share_sorts);
#endif
}
