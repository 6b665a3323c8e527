// threads.c - who may call what at the same time: each line of the table in >>api-threads. With
// `make tsan` a thread sanitizer watches; without it the results must be right all the same.
//
//   DFQ_PLANS=5000 DFQ_SEED=7 build/tests threads_     more random plans, from another seed on
//
// Plans are those of differential.c. A morsel is one batch here, and a batch one row where not
// said otherwise, so that a few rows are shared by all threads, however few cores there are.
// Checks are made when the threads have ended: what reports them is for one thread.

#include <sched.h>
#include <signal.h>

enum { THR_CROWD = 8 };

// ---- sums of results ------------------------------------------------------------------------

static uint64_t thr_bytes(uint64_t sum, const void *bytes, size_t n) {
  const unsigned char *b = (const unsigned char *)bytes;
  for (size_t i = 0; i < n; i++) sum = (sum ^ b[i]) * UINT64_C(0x100000001b3);
  return (sum ^ n) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t thr_value(uint64_t sum, const dfq_value *v) {
  sum = thr_bytes(sum, &v->type, sizeof v->type);
  if (v->type == DFQ_NULL) return sum;
  if (v->type == DFQ_STR || diff_is_list(v->type)) return thr_bytes(sum, v->as.s, v->len);
  return thr_bytes(sum, &v->as.i, sizeof v->as.i);
}

static uint64_t thr_table(const dfq_table *t) {
  uint64_t sum = 1;
  for (size_t r = 0; r < dfq_table_rows(t); r++)
    for (int c = 0; c < dfq_table_columns(t); c++) {
      dfq_value v;
      dfq_table_get(t, r, c, &v);
      sum = thr_value(sum, &v);
    }
  return sum;
}

static bool thr_add_batch(void *user, const dfq_batch *b) {
  uint64_t *sum = (uint64_t *)user;
  for (size_t r = 0; r < dfq_batch_rows(b); r++)
    for (int c = 0; c < dfq_batch_columns(b); c++) {
      dfq_value v;
      dfq_batch_get(b, r, c, &v);
      *sum = thr_value(*sum, &v);
    }
  return true;
}

static uint64_t thr_file(FILE *f) {
  size_t n;
  char *text = test_text_n(f, &n);
  uint64_t sum = thr_bytes(3, text, n);
  free(text);
  return sum;
}

static uint64_t thr_path(const char *path) {
  FILE *f = fopen(path, "rb");
  return f ? thr_file(f) : 0;
}

// ---- contexts of their own ------------------------------------------------------------------

static void thr_settings(dfq_run_options *run, int threads, size_t batch_rows) {
  memset(run, 0, sizeof *run);
  run->threads = threads;
  run->batch_rows = batch_rows;
}

// The plan of a seed in a context of its own, where it is not too big; else NULL.
static diff_trial *thr_open(uint64_t seed) {
  diff_trial *d = diff_open(seed);
  d->check.want = model_run(&d->check.m, d->check.frame->node);
  d->gen.db->heap->morsel = 1;
  if (!d->check.m.too_big) return d;
  diff_close(d);
  return NULL;
}

// The sum of a run's result; where it fails, of its message.
static uint64_t thr_run(dfq_frame *f) {
  dfq_table *t = dfq_collect(f);
  const char *error = t ? NULL : dfq_error(f->db);
  uint64_t sum = error ? thr_bytes(2, error, strlen(error)) : thr_table(t);
  dfq_table_free(t);
  return sum;
}

static uint64_t thr_seed(uint64_t seed, int threads) {
  dfq_run_options run;
  thr_settings(&run, threads, 1);
  diff_trial *d = thr_open(seed);
  uint64_t sum = d ? thr_run(dfq_configure(d->check.frame, &run)) : 0;
  if (d) diff_close(d);
  return sum;
}

enum { THR_SEEDS = 24 };

typedef struct thr_seeds {
  uint64_t first, want[THR_SEEDS];
  size_t wrong;
} thr_seeds;

static void thr_plans(void *arg, int worker) {
  thr_seeds *s = (thr_seeds *)arg;
  for (int i = 0; i < THR_SEEDS / 2; i++) {
    int at = (i + worker * 3) % THR_SEEDS;
    if (thr_seed(s->first + (uint64_t)at, 1 + worker % 3) != s->want[at])
      dfq__add_fetch(&s->wrong, 1);
  }
}

// Contexts share nothing: everything at once, each thread in its own.
TEST(threads_contexts) {
  thr_seeds s;
  s.first = diff_setting("DFQ_SEED", 1);
  s.wrong = 0;
  for (uint64_t i = 0; i < THR_SEEDS; i++) s.want[i] = thr_seed(s.first + i, 1);
  dfq__parallel(THR_CROWD, thr_plans, &s);
  CHECK_INT(s.wrong, 0);
}

// ---- the same bits at any number of threads -------------------------------------------------

// Which of a run's threads had work, a bit for each, and how long one waits for the others.
typedef struct thr_seen {
  size_t bits;
  int threads;
  double patience;
} thr_seen;

static int thr_bits(size_t x) {
  int n = 0;
  for (; x; x &= x - 1) n++;
  return n;
}

// The first that a thread asks for comes when the others had time to begin, too: else one of
// them would have done all the work before they are there.
static void thr_note(void *user, const dfq_trace *trace) {
  thr_seen *s = (thr_seen *)user;
  if (trace->kind != DFQ_TRACE_ASK || trace->worker < 1) return;
  size_t bit = (size_t)1 << (trace->worker - 1);
  if (dfq__load(&s->bits) & bit) return;
  dfq__add_fetch(&s->bits, bit);      // only this thread sets it
  double end = dfq__now() + s->patience;
  while (thr_bits(dfq__load(&s->bits)) < s->threads && dfq__now() < end) sched_yield();
}

// One plan at several numbers of threads. *most: so many of them shared a run.
static bool thr_same(uint64_t seed, double patience, int *most) {
  static const int threads[] = { 2, 3, 8 };
  static const size_t batches[] = { 1, 2, 7 };
  dfq_run_options run;
  diff_trial *d = thr_open(seed);
  bool ok = true;
  *most = 0;
  for (int b = 0; d && ok && b < 3; b++) {
    thr_settings(&run, 1, batches[b]);
    uint64_t want = thr_run(dfq_configure(d->check.frame, &run));
    for (int i = 0; ok && i < 3; i++) {
      thr_seen seen = { 0, threads[i], patience };
      thr_settings(&run, threads[i], batches[b]);
      run.observe = thr_note;
      run.observe_user = &seen;
      ok = thr_run(dfq_configure(d->check.frame, &run)) == want;
      if (!ok)
        test_fail("  DFQ_SEED=%llu DFQ_PLANS=1: %d threads, batches of %d: %s\n%s",
                  (unsigned long long)seed, threads[i], (int)batches[b], dfq_error(d->gen.db),
                  d->gen.plan.data);
      if (thr_bits(seen.bits) > *most) *most = thr_bits(seen.bits);
    }
  }
  if (d) diff_close(d);
  return ok;
}

// On a busy machine threads wait longer for each other: it is not for time to decide whether
// enough plans were shared.
TEST(threads_same_bits) {
  uint64_t first = diff_setting("DFQ_SEED", 1), plans = diff_setting("DFQ_PLANS", 400);
  uint64_t shared = 0, wrong = 0;
  double patience = 0.0005;
  for (uint64_t i = 0; i < plans && wrong < 3; i++) {
    int most;
    if (!thr_same(first + i, patience, &most)) wrong++;
    shared += most > 3;
    if (i % 16 == 15) patience *= shared * 3 > i ? 0.5 : 2;
    patience = patience < 0.0002 ? 0.0002 : patience > 0.1 ? 0.1 : patience;
  }
  CHECK_INT(wrong, 0);
  if (plans >= 100) CHECK(shared * 4 > plans);   // else threads are hardly tested
}

// ---- one frame, run by many -----------------------------------------------------------------

typedef enum thr_action {
  THR_COLLECT, THR_FIRST, THR_COUNT, THR_EACH, THR_ROWS, THR_SHOW, THR_PRINT, THR_JSON,
  THR_WRITE, THR_COLUMNAR, THR_PARTS, THR_SINKS, THR_STRUCTS, THR_STRUCT_ROWS, THR_ARROW,
  THR_EXPLAIN, THR_ANALYZE, THR_SCHEMA, THR_ACTIONS
} thr_action;

typedef struct thr_row { int64_t k; const char *s; } thr_row;

// Many run the same frames at the same time, each with files of its own.
typedef struct thr_crowd {
  dfq *db;
  dfq_frame *frame[16];
  dfq_binding *binding;              // of k and s, which all frames have
  int frames, rounds;
  uint64_t want[16][THR_ACTIONS];
  const char *csv[THR_CROWD], *dfq[THR_CROWD], *dir[THR_CROWD], *part[THR_CROWD];
  size_t wrong, which;               // which: the frame and action of a difference
  size_t stop;                       // for who works as long as the others do
} thr_crowd;

static uint64_t thr_rows(dfq_frame *f) {
  uint64_t sum = 1;
  dfq_rows *r = dfq_rows_open(f);
  const dfq_value *row;
  while (dfq_rows_next(r, &row))
    for (int c = 0; c < dfq_rows_columns(r); c++) sum = thr_value(sum, &row[c]);
  if (dfq_rows_failed(r)) sum = 0;
  dfq_rows_close(r);
  return sum;
}

static uint64_t thr_row_sum(uint64_t sum, const thr_row *row) {
  const char *text = row->s ? row->s : "null";
  return thr_bytes(sum ^ (uint64_t)row->k, text, strlen(text));
}

static uint64_t thr_structs(thr_crowd *c, dfq_frame *f, bool all) {
  uint64_t sum = 1;
  size_t n = 0;
  thr_row one, *row = all ? (thr_row *)dfq_collect_structs(f, c->binding, &n) : NULL;
  for (size_t i = 0; i < n; i++) sum = thr_row_sum(sum, &row[i]);
  dfq_free_structs(row);
  dfq_structs *s = all ? NULL : dfq_structs_open(f, c->binding);
  while (dfq_structs_next(s, &one)) sum = thr_row_sum(sum, &one);
  if (all ? !row : !s || dfq_structs_failed(s)) sum = 0;
  dfq_structs_close(s);
  return sum;
}

static uint64_t thr_arrow(dfq_frame *f) {
  struct ArrowArrayStream stream;
  struct ArrowArray array;
  uint64_t rows = 1;
  if (!dfq_export_arrow(f, &stream)) return 0;
  for (;;) {
    if (stream.get_next(&stream, &array) != 0) { rows = 0; break; }
    if (!array.release) break;
    rows += (uint64_t)array.length;
    array.release(&array);
  }
  stream.release(&stream);
  return rows;
}

static uint64_t thr_print(dfq_frame *f, thr_action what) {
  FILE *out = tmpfile();
  bool ok = what == THR_SHOW      ? dfq_show(f, out)
            : what == THR_PRINT   ? dfq_print_csv(f, out, NULL)
            : what == THR_JSON    ? dfq_print_json(f, out)
            : what == THR_EXPLAIN ? dfq_explain(f, out)
                                  : dfq_explain_as(f, DFQ_EXPLAIN_ANALYZE, out);
  uint64_t sum = thr_file(out);
  return !ok ? 0 : what == THR_ANALYZE ? 5 : sum;   // the last has times in it
}

static uint64_t thr_sinks(thr_crowd *c, dfq_frame *f, int worker) {
  uint64_t sum = 1;
  dfq_sink sink[2] = { { c->csv[worker], NULL, NULL, NULL },
                       { NULL, NULL, thr_add_batch, &sum } };
  return dfq_write_all(f, sink, 2) ? sum ^ thr_path(c->csv[worker]) : 0;
}

// The folder is taken away again: it must be new each time.
static uint64_t thr_parts(thr_crowd *c, dfq_frame *f, int worker) {
  uint64_t sum = dfq_write_partitioned(f, c->dir[worker], "k", NULL) ? 7 : 0;
  for (int k = 0; k < 40; k++) {
    char path[400];
    snprintf(path, sizeof path, "%s/k=%d/part-0.csv", c->dir[worker], k);
    sum = sum * 31 + thr_path(path);
    remove(path);
    snprintf(path, sizeof path, "%s/k=%d", c->dir[worker], k);
    rmdir(path);
  }
  rmdir(c->dir[worker]);
  return sum;
}

// What an action of a frame gives, as a number; 0 when it fails.
static uint64_t thr_do(thr_crowd *c, dfq_frame *f, thr_action what, int worker) {
  uint64_t sum = 1;
  dfq_table *t = NULL;
  switch (what) {
    case THR_COLLECT: t = dfq_collect(f); break;
    case THR_FIRST: t = dfq_first(f, 9); break;
    case THR_COUNT: return (uint64_t)(dfq_count(f) + 1);
    case THR_EACH: return dfq_each_batch(f, thr_add_batch, &sum) ? sum : 0;
    case THR_ROWS: return thr_rows(f);
    case THR_WRITE: return dfq_write(f, c->csv[worker], NULL) ? thr_path(c->csv[worker]) : 0;
    case THR_COLUMNAR: return dfq_write(f, c->dfq[worker], NULL) ? thr_path(c->dfq[worker]) : 0;
    case THR_PARTS: return thr_parts(c, f, worker);
    case THR_SINKS: return thr_sinks(c, f, worker);
    case THR_STRUCTS: case THR_STRUCT_ROWS: return thr_structs(c, f, what == THR_STRUCTS);
    case THR_ARROW: return thr_arrow(f);
    case THR_SCHEMA:
      return (uint64_t)dfq_schema_of(f)->count + (dfq_frame_error(f) == NULL ? 0 : 100);
    default: return thr_print(f, what);
  }
  sum = t ? thr_table(t) : 0;
  dfq_table_free(t);
  return sum;
}

// All do the same at about the same time, with different frames; then with others.
static void thr_act(void *arg, int worker) {
  thr_crowd *c = (thr_crowd *)arg;
  for (int i = 0; i < c->rounds; i++) {
    int f = (i / THR_ACTIONS * 3 + worker) % c->frames, what = i % THR_ACTIONS;
    if (thr_do(c, c->frame[f], (thr_action)what, worker) == c->want[f][what]) continue;
    dfq__add_fetch(&c->wrong, 1);
    dfq__publish(&c->which, (size_t)(f * 100 + what));
  }
}

// Frames over a table, a source of pages, files of three forms; with joins, groups, windows, a
// dictionary of texts, and functions of the program's own. All have k and s.
static const char *thr_double(void *user, const dfq_value *a, int n, dfq_memory *m,
                              dfq_value *to) {
  (void)user; (void)n; (void)m;
  to->type = DFQ_I64;
  to->as.i = a[0].as.i * 2;
  return NULL;
}

static void thr_define(dfq *db) {
  static const dfq_type args[] = { DFQ_I64 };
  dfq_function f;
  memset(&f, 0, sizeof f);
  f.name = "twice";
  f.args = args;
  f.arg_count = 1;
  f.result = DFQ_I64;
  f.row = thr_double;
  CHECK(dfq_define_scalar(db, &f));
}

static void thr_add(thr_crowd *c, dfq_frame *f) {
  dfq_run_options run;
  thr_settings(&run, 1 + c->frames % 3, c->frames % 2 ? 3 : 64);
  if (c->frames % 5 == 4) run.engine = DFQ_ROW_ENGINE;
  c->frame[c->frames++] = dfq_configure(dfq_select(f, "k, s"), &run);
}

static void thr_frames(thr_crowd *c) {
  static const char *const endings[] = { "csv", "jsonl", "dfq" };
  dfq *db = c->db;
  dfq_frame *f = dfq_limit(par_table(db, 4), 700), *scan[3];
  thr_define(db);
  const char *path[3];
  for (int i = 0; i < 3; i++) {
    char name[40];
    snprintf(name, sizeof name, "thr.%s", endings[i]);
    path[i] = test_path(name);
    CHECK(dfq_write(dfq_select(f, "k, s, n"), path[i], NULL));
    scan[i] = dfq_scan(db, path[i]);
    thr_add(c, scan[i]);
  }
  path[1] = path[0];
  thr_add(c, dfq_filter(dfq_scan_csv_files(db, path, 2, NULL), "n % 3 = 0"));
  thr_add(c, dfq_filter(f, "n % 3 = 1 and x > 0"));
  thr_add(c, dfq_sort(f, "s desc, x"));
  thr_add(c, dfq_join(f, dfq_select(scan[0], "k, n as m"), "k", DFQ_SEMI));
  thr_add(c, dfq_join(scan[1], dfq_distinct(scan[2], "s"), "s", DFQ_LEFT));
  thr_add(c, dfq_group_by(f, "k", "max(s) as s, sum(x) as x, median(n) as m"));
  thr_add(c, dfq_select(dfq_group_by(f, "s", "count() as k"), "k, s"));
  thr_add(c, dfq_filter(dfq_with_columns(f, "twice(n) as t, sum(twice(k)) over "
                                            "(partition by s order by n) as w"), "w > 9"));
  thr_add(c, dfq_union(dfq_select(f, "k, s"), dfq_select(scan[0], "k, s")));
  thr_add(c, dfq_filter(f, "9223372036854775807 - 400 + n > 0"));    // fails in row 402
}

static void thr_crowd_begin(thr_crowd *c, int rounds) {
  static const dfq_member members[] = { DFQ_MEMBER(thr_row, k, DFQ_I64),
                                        DFQ_MEMBER(thr_row, s, DFQ_STR) };
  memset(c, 0, sizeof *c);
  c->db = dfq_open(NULL);
  c->db->heap->morsel = 1;
  c->rounds = rounds;
  c->binding = dfq_bind_struct(c->db, members, 2, sizeof(thr_row));
  thr_frames(c);
  for (int i = 0; i < THR_CROWD; i++) {
    char name[40];
    snprintf(name, sizeof name, "thr-%d.csv", i);
    c->csv[i] = test_path(name);
    snprintf(name, sizeof name, "thr-%d.dfq", i);
    c->dfq[i] = test_path(name);
    snprintf(name, sizeof name, "thr-%d", i);
    c->dir[i] = test_path(name);
  }
  for (int f = 0; f < c->frames; f++)
    for (int a = 0; a < THR_ACTIONS; a++)
      c->want[f][a] = thr_do(c, c->frame[f], (thr_action)a, 0);
}

TEST(threads_one_frame) {
  thr_crowd c;
  thr_crowd_begin(&c, (int)diff_setting("THR_ROUNDS", 60));
  for (int f = 0; f < c.frames; f++)
    for (int a = 0; a < THR_EXPLAIN; a++)
      if (a != THR_COUNT && a != THR_FIRST && (c.want[f][a] == 0) != (f == c.frames - 1))
        test_fail("  frame %d, action %d: %s\n", f, a, dfq_error(c.db));
  dfq_clear_error(c.db);
  dfq__parallel(THR_CROWD, thr_act, &c);
  if (!CHECK_INT(c.wrong, 0)) test_fail("  frame and action %d\n", (int)c.which);
  CHECK_HAS(dfq_error(c.db), "in row 402");
  dfq_close(c.db);
}

// A plan at random, run by all threads at once, each with threads of its own.
typedef struct thr_shared {
  dfq_frame *frame;
  uint64_t want;
  size_t wrong;
} thr_shared;

static void thr_collect(void *arg, int worker) {
  thr_shared *s = (thr_shared *)arg;
  (void)worker;
  for (int i = 0; i < 3; i++) {
    dfq_table *t = dfq_collect(s->frame);
    if ((t ? thr_table(t) : 0) != s->want) dfq__add_fetch(&s->wrong, 1);
    dfq_table_free(t);
  }
}

TEST(threads_random_frames) {
  uint64_t first = diff_setting("DFQ_SEED", 1), plans = diff_setting("DFQ_PLANS", 400) / 10;
  for (uint64_t i = 0; i <= plans; i++) {
    dfq_run_options run;
    thr_shared s = { NULL, 0, 0 };
    diff_trial *d = thr_open(first + i);
    if (!d) continue;
    thr_settings(&run, 1 + (int)(i % 2), 1);
    s.frame = dfq_configure(d->check.frame, &run);
    dfq_table *t = dfq_collect(s.frame);
    s.want = t ? thr_table(t) : 0;
    dfq_table_free(t);
    dfq__parallel(4, thr_collect, &s);
    if (!CHECK_INT(s.wrong, 0))
      test_fail("  DFQ_SEED=%d\n%s", (int)(first + i), d->gen.plan.data);
    diff_close(d);
  }
}

// ---- building while others run --------------------------------------------------------------

// All that builds, over and over, in the context whose older frames the others run.
static void thr_build(thr_crowd *c, uint64_t seed) {
  size_t mark = dfq_mark(c->db);
  int count;
  dfq_frame *f = dfq_filter(c->frame[seed % 12], "k > 1 and s is not null");
  f = dfq_sort(dfq_group_by(f, "s", "sum(twice(k)) as twice_k"), "twice_k desc");
  (void)dfq_set_i64(c->db, "limit", (int64_t)seed);
  (void)dfq_register(c->db, "grouped", f);
  dfq_frame *g = dfq_query(c->db, "grouped | filter twice_k > $limit | limit 3");
  (void)dfq_filter(g, "no_such > 1");
  (void)dfq_explain_text(f, DFQ_EXPLAIN_BOTH);
  (void)dfq_journal(f, &count);
  (void)dfq_pipeline_text(f);
  (void)dfq_expr_text(dfq_parse(c->db, "1 + twice(2) as three"));
  (void)dfq_bind(c->frame[0], NULL, 0, 8);
  (void)dfq_pivot_discover(dfq_limit(c->frame[3], 20), "on k: count()");
  dfq_table **part = dfq_partition_by(dfq_limit(c->frame[4], 30), "k", &count);
  for (int i = 0; i < count; i++) dfq_table_free(part[i]);
  dfq_release(c->db, mark);
}

static void thr_run_or_build(void *arg, int worker) {
  thr_crowd *c = (thr_crowd *)arg;
  if (worker) {
    thr_act(arg, worker);
    dfq__add_fetch(&c->stop, 1);
    return;
  }
  for (uint64_t i = 0; dfq__load(&c->stop) < 3; i++) thr_build(c, i);
}

TEST(threads_build_while_others_run) {
  thr_crowd c;
  thr_crowd_begin(&c, (int)diff_setting("THR_ROUNDS", 60));
  dfq__parallel(4, thr_run_or_build, &c);
  if (!CHECK_INT(c.wrong, 0)) test_fail("  frame and action %d\n", (int)c.which);
  dfq_close(c.db);
}

// ---- cancel ---------------------------------------------------------------------------------

// A function or a source that has begun says so, and goes on when it is told to.
typedef struct thr_gate {
  dfq *db;
  size_t inside, open;     // who came; set when they may go on
  size_t most;             // for thr_meet: how many must come before any goes on
  pthread_t caller;
  size_t elsewhere;        // calls in other threads than the caller's
  dfq_frame *frame;
  dfq_status status;
} thr_gate;

// Waits, for ten seconds at most: what then fails is the test, not the machine.
static bool thr_wait(const size_t *flag, size_t least) {
  double end = dfq__now() + 10;
  while (dfq__load(flag) < least)
    if (dfq__now() > end) return false;
    else sched_yield();
  return true;
}

static const char *thr_held(void *user, const dfq_value *a, int n, dfq_memory *m,
                            dfq_value *to) {
  thr_gate *g = (thr_gate *)user;
  (void)n; (void)m;
  dfq__add_fetch(&g->inside, 1);
  thr_wait(&g->open, 1);
  *to = a[0];
  return NULL;
}

// Rows without end.
static void *thr_endless_open(void *user) { return user; }
static int thr_endless_next(void *cursor, dfq_value *row) {
  dfq__add_fetch(&((thr_gate *)cursor)->inside, 1);
  row[0].type = DFQ_I64;
  row[0].as.i = 1;
  return 1;
}

static void thr_gated(dfq *db, thr_gate *g, const char *name,
                      const char *(*row)(void *, const dfq_value *, int, dfq_memory *,
                                         dfq_value *), uint32_t flags) {
  static const dfq_type args[] = { DFQ_I64 };
  dfq_function f;
  memset(&f, 0, sizeof f);
  f.name = name;
  f.args = args;
  f.arg_count = 1;
  f.result = DFQ_I64;
  f.row = row;
  f.user = g;
  f.flags = flags;
  CHECK(dfq_define_scalar(db, &f));
}

static void thr_run_and_cancel(void *arg, int worker) {
  thr_gate *g = (thr_gate *)arg;
  if (worker == 1) {
    thr_wait(&g->inside, 1);
    dfq_cancel(g->db);
    dfq__publish(&g->open, 1);
    return;
  }
  dfq_table *t = dfq_collect(g->frame);
  g->status = t ? DFQ_OK : dfq_error_status(g->db);
  dfq_table_free(t);
}

// One column a, whose rows come from next. Borrows: g.
static dfq_row_source thr_source(thr_gate *g, int (*next)(void *cursor, dfq_value *row)) {
  static const dfq_field field[] = { { "a", DFQ_I64, NULL } };
  dfq_row_source s;
  memset(&s, 0, sizeof s);
  s.fields = field;
  s.count = 1;
  s.user = g;
  s.open = thr_endless_open;
  s.next = next;
  return s;
}

TEST(threads_cancel_from_another) {
  for (int i = 0; i < 8; i++) {
    dfq_run_options run;
    thr_gate g;
    memset(&g, 0, sizeof g);
    dfq_row_source s = thr_source(&g, thr_endless_next);
    g.db = dfq_open(NULL);
    g.db->heap->morsel = 1;
    thr_gated(g.db, &g, "held", thr_held, 0);
    dfq_frame *held = dfq_with_columns(par_table(g.db, 2), "held(n) as h");
    dfq_frame *endless = dfq_scan_rows(g.db, &s);
    dfq_frame *ways[] = { endless, dfq_group_by(endless, "a", "count() as n"),
                          dfq_filter(endless, "a > 1"), held, dfq_sort(held, "h desc, x"),
                          dfq_group_by(held, "h // 9 as k", "sum(x) as x"),
                          dfq_join(held, dfq_select(held, "h"), "h", DFQ_LEFT),
                          dfq_select(held, "row_number() over (order by h) as r") };
    thr_settings(&run, 1 + i % 3, i < 3 ? 1000 : 7);
    g.frame = dfq_configure(ways[i], &run);
    dfq__parallel(2, thr_run_and_cancel, &g);
    if (!CHECK_INT(g.status, DFQ_CANCELLED)) test_fail("  way %d: %s\n", i, dfq_error(g.db));
    CHECK_HAS(dfq_error(g.db), "dfq_cancel was called");
    CHECK_INT(dfq_count(dfq_filter(par_table(g.db, 2), "n < 5")), 5);   // later runs go on
    dfq_close(g.db);
  }
}

// All runs of a context end, those of another one do not.
typedef struct thr_cancelled {
  thr_gate gate[2];
  dfq_status status[4];
} thr_cancelled;

static void thr_run_two(void *arg, int worker) {
  thr_cancelled *c = (thr_cancelled *)arg;
  thr_gate *g = &c->gate[worker > 2];
  if (worker == 0) {
    thr_wait(&c->gate[0].inside, 2);
    thr_wait(&c->gate[1].inside, 1);
    dfq_cancel(c->gate[0].db);
    dfq__publish(&c->gate[0].open, 1);
    dfq__publish(&c->gate[1].open, 1);
    return;
  }
  int64_t n = dfq_count(g->frame);
  c->status[worker] = n == 3000 ? DFQ_OK : DFQ_CANCELLED;
}

TEST(threads_cancel_is_for_one_context) {
  thr_cancelled c;
  dfq_run_options run;
  thr_settings(&run, 1, 500);
  memset(&c, 0, sizeof c);
  for (int i = 0; i < 2; i++) {
    thr_gate *g = &c.gate[i];
    g->db = dfq_open(NULL);
    thr_gated(g->db, g, "held", thr_held, 0);
    g->frame = dfq_configure(dfq_filter(par_table(g->db, 2), "held(n) >= 0"), &run);
  }
  dfq__parallel(4, thr_run_two, &c);
  CHECK_INT(c.status[1], DFQ_CANCELLED);
  CHECK_INT(c.status[2], DFQ_CANCELLED);
  CHECK_INT(c.status[3], DFQ_OK);
  for (int i = 0; i < 2; i++) dfq_close(c.gate[i].db);
}

static dfq *thr_signalled;

static void thr_on_signal(int number) {
  (void)number;
  dfq_cancel(thr_signalled);
}

static int thr_raise_next(void *cursor, dfq_value *row) {
  if (dfq__load(&((thr_gate *)cursor)->inside) == 5000) raise(SIGINT);
  return thr_endless_next(cursor, row);
}

TEST(threads_cancel_in_a_signal_handler) {
  thr_gate g;
  memset(&g, 0, sizeof g);
  dfq_row_source s = thr_source(&g, thr_raise_next);
  thr_signalled = dfq_open(NULL);
  void (*before)(int) = signal(SIGINT, thr_on_signal);
  CHECK(dfq_collect(dfq_scan_rows(thr_signalled, &s)) == NULL);
  CHECK_INT(dfq_error_status(thr_signalled), DFQ_CANCELLED);
  signal(SIGINT, before);
  dfq_close(thr_signalled);
}

// ---- tables and iterators -------------------------------------------------------------------

// Each thread reads the table, scans it in a context of its own, where its texts are numbered
// for the first time, and frees what it holds; the context that made it is closed by then.
typedef struct thr_tables {
  dfq_frame *frame[THR_CROWD];
  dfq *db[THR_CROWD];
  dfq_table *table;
  uint64_t sum, grouped[THR_CROWD];
  size_t wrong;
} thr_tables;

static void thr_use_table(void *arg, int worker) {
  thr_tables *s = (thr_tables *)arg;
  if (thr_table(s->table) != s->sum) dfq__add_fetch(&s->wrong, 1);
  if (dfq_table_find(s->table, "s") != 2) dfq__add_fetch(&s->wrong, 1);
  dfq_frame *f = dfq_scan_table(s->db[worker], s->table);
  dfq_table *t = dfq_collect(dfq_group_by(f, "s", "sum(x) as x, count() as n"));
  s->grouped[worker] = t ? thr_table(t) : 0;
  if (worker) dfq_close(s->db[worker]);    // and with it what the frame holds
  dfq_table_free(t);
}

static void thr_free_table(void *arg, int worker) {
  thr_tables *s = (thr_tables *)arg;
  if (worker == 1) dfq_table_free(s->table);
  if (worker == 2) dfq_close(s->db[0]);
}

TEST(threads_tables) {
  for (uint64_t round = 0; round < 5; round++) {
    thr_tables s;
    memset(&s, 0, sizeof s);
    dfq *db = dfq_open(NULL);
    s.table = dfq_collect(par_table(db, round));
    dfq_close(db);
    s.sum = thr_table(s.table);
    for (int i = 0; i < THR_CROWD; i++) s.db[i] = dfq_open(NULL);
    dfq__parallel(THR_CROWD, thr_use_table, &s);
    CHECK_INT(s.wrong, 0);
    for (int i = 1; i < THR_CROWD; i++) CHECK(s.grouped[i] == s.grouped[0] && s.grouped[i]);
    dfq__parallel(3, thr_free_table, &s);
  }
}

// An iterator and a stream change hands with every row.
typedef struct thr_hands {
  dfq_rows *rows;
  struct ArrowArrayStream stream;
  int64_t seen, arrows;
  int at;
} thr_hands;

static void thr_next(void *arg, int worker) {
  thr_hands *h = (thr_hands *)arg;
  const dfq_value *row;
  struct ArrowArray array;
  if (worker != 1) return;
  if (dfq_rows_next(h->rows, &row)) h->seen += row[0].as.i;
  if (h->stream.get_next(&h->stream, &array) != 0 || !array.release) return;
  h->arrows += array.length;
  array.release(&array);
}

static void thr_close(void *arg, int worker) {
  thr_hands *h = (thr_hands *)arg;
  if (worker == 1) dfq_rows_close(h->rows);
  if (worker == 2) h->stream.release(&h->stream);
}

TEST(threads_iterators_change_hands) {
  thr_hands h;
  dfq_run_options run;
  thr_settings(&run, 2, 3);
  memset(&h, 0, sizeof h);
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_configure(dfq_sort(par_table(db, 2), "n desc"), &run);
  h.rows = dfq_rows_open(f);
  CHECK(dfq_export_arrow(f, &h.stream));
  for (int i = 0; i < 20; i++) dfq__parallel(2, thr_next, &h);
  CHECK_INT(h.seen, 20 * 2999 - 190);
  CHECK(h.arrows >= 20);
  dfq__parallel(3, thr_close, &h);
  dfq_close(db);
}

// Of all that run it at once, one opens a source that can be read once.
static void thr_read_once(void *arg, int worker) {
  thr_gate *g = (thr_gate *)arg;
  int64_t n = dfq_count(g->frame);
  (void)worker;
  if (n >= 0) dfq__add_fetch(&g->elsewhere, 1);
}

static int thr_short_next(void *cursor, dfq_value *row) {
  thr_gate *g = (thr_gate *)cursor;
  return dfq__load(&g->inside) < 100 ? thr_endless_next(g, row) : 0;
}

TEST(threads_read_once) {
  for (int i = 0; i < 20; i++) {
    thr_gate g;
    memset(&g, 0, sizeof g);
    dfq_row_source s = thr_source(&g, thr_short_next);
    s.one_shot = true;
    g.db = dfq_open(NULL);
    g.frame = dfq_scan_rows(g.db, &s);
    dfq__parallel(4, thr_read_once, &g);
    CHECK_INT(g.elsewhere, 1);
    CHECK_HAS(dfq_error(g.db), "one_shot");
    dfq_close(g.db);
  }
}

// ---- what is called back, and where ---------------------------------------------------------

// Nobody goes on before `most` threads are inside: so they were there at the same time.
static const char *thr_meet(void *user, const dfq_value *a, int n, dfq_memory *m,
                            dfq_value *to) {
  thr_gate *g = (thr_gate *)user;
  (void)n; (void)m;
  if (!pthread_equal(g->caller, pthread_self())) dfq__add_fetch(&g->elsewhere, 1);
  dfq__add_fetch(&g->inside, 1);
  if (!dfq__load(&g->open)) dfq__publish(&g->open, thr_wait(&g->inside, g->most) ? 1 : 2);
  *to = a[0];
  return NULL;
}

static bool thr_only_here(void *user, const dfq_batch *b) {
  thr_gate *g = (thr_gate *)user;
  (void)b;
  if (!pthread_equal(g->caller, pthread_self())) dfq__add_fetch(&g->elsewhere, 1);
  return true;
}

static void thr_told(void *user, const dfq_progress *now) {
  (void)now;
  (void)thr_only_here(user, NULL);
}

static bool thr_asked(void *user) { return !thr_only_here(user, NULL); }

// A function of the program's own runs in all threads at once; one that is volatile, and what
// asks and tells, in the caller's alone.
TEST(threads_functions) {
  for (int threads = 2; threads <= 8; threads *= 2) {
    thr_gate meet, here;
    dfq_run_options run;
    memset(&meet, 0, sizeof meet);
    memset(&here, 0, sizeof here);
    meet.caller = here.caller = pthread_self();
    meet.most = (size_t)threads;
    here.open = 1;
    dfq *db = dfq_open(NULL);
    db->heap->morsel = 1;
    thr_gated(db, &meet, "meet", thr_meet, 0);
    thr_gated(db, &here, "here", thr_meet, DFQ_VOLATILE);
    thr_settings(&run, threads, 1);
    run.cancel = thr_asked;
    run.progress = thr_told;
    run.cancel_user = run.progress_user = &here;
    dfq_frame *f = dfq_with_columns(par_table(db, 3), "meet(n) as m");
    dfq_table *t = dfq_collect(dfq_configure(f, &run));
    CHECK_INT(dfq_table_i64(t, 2999, dfq_table_find(t, "m")), 2999);
    CHECK_INT(meet.open, 1);                    // and not for want of time
    CHECK(meet.elsewhere > 0);
    dfq_table_free(t);
    CHECK(dfq_each_batch(dfq_configure(dfq_with_columns(f, "here(n) as h"), &run),
                         thr_only_here, &here));
    CHECK_INT(here.elsewhere, 0);
    CHECK_INT(here.inside, 3000);
    dfq_close(db);
  }
}

// An aggregate of the program's own: a state is one thread's at a time.
typedef struct thr_state { size_t busy, sum; } thr_state;

static const char *thr_state_enter(thr_state *s, thr_gate *g, size_t more) {
  if (dfq__add_fetch(&s->busy, 1) != 1) dfq__add_fetch(&g->elsewhere, 1);
  s->sum += more;
  dfq__add_fetch(&s->busy, (size_t)-1);
  return NULL;
}

static const char *thr_state_update(void *user, void *state, const dfq_value *a,
                                    dfq_memory *m) {
  (void)m;
  return thr_state_enter((thr_state *)state, (thr_gate *)user, (size_t)a[0].as.i);
}

static const char *thr_state_finish(void *user, void *state, dfq_memory *m, dfq_value *to) {
  thr_gate *g = (thr_gate *)user;
  (void)m;
  dfq__add_fetch(&g->inside, 1);
  thr_state_enter((thr_state *)state, g, 0);
  to->type = DFQ_I64;
  to->as.i = (int64_t)((thr_state *)state)->sum;
  return NULL;
}

TEST(threads_aggregates) {
  static const dfq_type args[] = { DFQ_I64 };
  thr_gate g;
  dfq_aggregator a;
  dfq_run_options run;
  memset(&g, 0, sizeof g);
  memset(&a, 0, sizeof a);
  a.name = "total";
  a.args = args;
  a.arg_count = 1;
  a.result = DFQ_I64;
  a.state_size = sizeof(thr_state);
  a.update = thr_state_update;
  a.finish = thr_state_finish;
  a.user = &g;
  dfq *db = dfq_open(NULL);
  db->heap->morsel = 1;
  CHECK(dfq_define_aggregate(db, &a));
  thr_settings(&run, 8, 1);
  dfq_frame *f = dfq_group_by(par_table(db, 3), "n % 700 as k", "total(n) as t, sum(n) as s");
  f = dfq_configure(dfq_with_columns(f, "t = s as same"), &run);
  CHECK_INT(dfq_count(dfq_filter(f, "same")), 700);
  CHECK_INT(g.elsewhere, 0);
  dfq_close(db);
}

// A source of pages in parts: each thread has a cursor of its own, and nobody else is in it.
typedef struct thr_pages {
  size_t cursors, shared, begun;
  size_t most;             // see thr_gate
  size_t open;
} thr_pages;

typedef struct thr_cursor {
  thr_pages *pages;
  size_t busy;
  int64_t at, end, value[10];
} thr_cursor;

static void *thr_pages_open(void *user, const dfq_scan_request *r, const char **why) {
  thr_cursor *c = (thr_cursor *)test_alloc(sizeof *c);
  (void)r; (void)why;
  memset(c, 0, sizeof *c);
  c->pages = (thr_pages *)user;
  c->end = 1000;
  dfq__add_fetch(&c->pages->cursors, 1);
  return c;
}

static bool thr_pages_claim(void *cursor, size_t part) {
  thr_cursor *c = (thr_cursor *)cursor;
  c->at = (int64_t)part * 20;
  c->end = c->at + 20;
  return c->at < 1000;
}

static int thr_pages_next(void *cursor, dfq_page *page, const char **why) {
  thr_cursor *c = (thr_cursor *)cursor;
  thr_pages *p = c->pages;
  (void)why;
  if (dfq__add_fetch(&c->busy, 1) != 1) dfq__add_fetch(&p->shared, 1);
  dfq__add_fetch(&p->begun, 1);
  if (!dfq__load(&p->open)) dfq__publish(&p->open, thr_wait(&p->begun, p->most) ? 1 : 2);
  size_t n = 0;
  for (; n < 10 && c->at < c->end; n++) c->value[n] = c->at++;
  dfq_page_rows(page, n);
  dfq_page_column(page, 0, DFQ_I64, c->value, NULL);
  dfq__add_fetch(&c->busy, (size_t)-1);
  return n > 0;
}

TEST(threads_sources_in_parts) {
  static const dfq_field field[] = { { "a", DFQ_I64, NULL } };
  for (int threads = 1; threads <= 8; threads++) {
    thr_pages p;
    dfq_source s;
    dfq_run_options run;
    memset(&p, 0, sizeof p);
    memset(&s, 0, sizeof s);
    s.size = sizeof s;
    s.name = "pages";
    s.fields = field;
    s.count = 1;
    s.user = &p;
    s.open = thr_pages_open;
    s.next = thr_pages_next;
    s.close = free;
    s.claim = thr_pages_claim;
    s.rows = 1000;
    p.most = (size_t)threads;
    thr_settings(&run, threads, 10);
    dfq *db = dfq_open(NULL);
    dfq_frame *f = dfq_group_by(dfq_scan_source(db, &s), "a % 5 as k", "sum(a) as t");
    dfq_table *t = dfq_collect(dfq_configure(f, &run));
    CHECK_INT(dfq_table_rows(t), 5);
    CHECK_INT(dfq_table_i64(t, 4, 1), 100300);
    CHECK_INT(p.open, 1);
    CHECK(p.cursors >= (size_t)threads);
    CHECK_INT(p.shared, 0);
    dfq_table_free(t);
    dfq_close(db);
  }
}

// The hooks for memory and files are called in several threads; an open file in one at a time.
typedef struct thr_hooks {
  dfq_io io;
  pthread_t caller;
  size_t reallocs, reads, opens;      // in other threads
} thr_hooks;

static thr_hooks thr_hooked;

static void thr_count(size_t *n) {
  if (!pthread_equal(thr_hooked.caller, pthread_self())) dfq__add_fetch(n, 1);
}

static void *thr_realloc(void *user, void *p, size_t old_size, size_t new_size) {
  (void)user; (void)old_size;
  thr_count(&thr_hooked.reallocs);
  if (new_size) return realloc(p, new_size);
  free(p);
  return NULL;
}

static void *thr_open_file(void *user, const char *path, bool write, const char **why) {
  thr_count(&thr_hooked.opens);
  return thr_hooked.io.open(user, path, write, why);
}

static int64_t thr_read_file(void *user, void *file, void *to, size_t bytes) {
  thr_count(&thr_hooked.reads);
  return thr_hooked.io.read(user, file, to, bytes);
}

TEST(threads_hooks) {
  uint64_t state = 3;
  const char *path = csv_morsel_file(&state, 900, 0);
  dfq_io io = thr_hooked.io = dfq_io_default();
  dfq_options o;
  memset(&o, 0, sizeof o);
  io.open = thr_open_file;
  io.read = thr_read_file;
  o.realloc = thr_realloc;
  o.io = &io;
  thr_settings(&o.run, 4, 1);
  thr_hooked.caller = pthread_self();
  for (int i = 0; i < 100 && !thr_hooked.opens; i++) {   // until a second thread gets a turn
    dfq *db = dfq_open(&o);
    CHECK_INT(dfq_count(dfq_filter(dfq_scan_csv(db, path, NULL), "v % 3 = 0")), 300);
    CHECK(dfq_bytes_peak(db) >= dfq_bytes_used(db));
    dfq_close(db);
  }
  CHECK(thr_hooked.opens > 0 && thr_hooked.reads > 0 && thr_hooked.reallocs > 0);
}

// ---- counts ---------------------------------------------------------------------------------

// The peak is the most that there ever was, whoever raises it at the same time. The blocks are
// none: only their sizes count.
typedef struct thr_peaks {
  dfq__heap *heap;
  size_t came, lost;
} thr_peaks;

enum { THR_LARGE = 1 << 20, THR_TURNS = 20000 };   // bytes: more than the context has

static void *thr_no_block(void *user, void *p, size_t old_size, size_t new_size) {
  (void)p; (void)old_size;
  return new_size ? user : NULL;
}

// Both go on when both are there: at the same moment, as far as the machine has it.
static void thr_both(thr_peaks *p, size_t turn) {
  dfq__add_fetch(&p->came, 1);
  for (int spin = 1; dfq__load(&p->came) < 2 * turn; spin++)
    if (spin % 1000 == 0) sched_yield();
}

// One raises it by little, again and again; the other once by much, and that must last.
static void thr_raise_peak(void *arg, int worker) {
  thr_peaks *p = (thr_peaks *)arg;
  for (size_t round = 0; round < THR_TURNS; round++) {
    if (worker) dfq__publish(&p->heap->peak, 0);
    thr_both(p, 2 * round + 1);
    for (size_t i = worker ? round % 50 : 0; i <= 50; i++) {
      size_t bytes = worker && i == 50 ? THR_LARGE : worker ? 1 : THR_LARGE / 2 + i;
      dfq__free(p->heap, dfq__alloc(p->heap, bytes), bytes);
    }
    thr_both(p, 2 * round + 2);
    if (worker && dfq__load(&p->heap->peak) < THR_LARGE) p->lost++;
  }
}

TEST(threads_peak) {
  dfq *db = dfq_open(NULL);
  thr_peaks p = { db->heap, 0, 0 };
  dfq_realloc_fn before = db->heap->realloc;
  db->heap->realloc = thr_no_block;
  dfq__parallel(2, thr_raise_peak, &p);
  db->heap->realloc = before;
  CHECK_INT(p.lost, 0);
  dfq_close(db);
}

static void run_threads(void) {
  diff_no_files = true;
  RUN(threads_contexts);
  RUN(threads_same_bits);
  RUN(threads_one_frame);
  RUN(threads_random_frames);
  RUN(threads_build_while_others_run);
  RUN(threads_cancel_from_another);
  RUN(threads_cancel_is_for_one_context);
  RUN(threads_cancel_in_a_signal_handler);
  RUN(threads_tables);
  RUN(threads_iterators_change_hands);
  RUN(threads_read_once);
  RUN(threads_functions);
  RUN(threads_aggregates);
  RUN(threads_sources_in_parts);
  RUN(threads_hooks);
  RUN(threads_peak);
  diff_no_files = false;
}
