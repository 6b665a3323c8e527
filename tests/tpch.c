// tpch.c - the 22 queries of examples/tpch over a small data set (tpch_data.h): both engines,
// optimized and as written, from files and from memory, against answers of another engine.
//
// tests/data/tpch holds what DuckDB says about the same files, with money as decimals: text,
// integers and dates must be the same, numbers the same to 9 digits. tools/check_tpch.py does
// the same with the official data.
#include "tpch_data.h"

static const char *const tpch_tables[] = {
  "region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"
};
enum { TPCH_TABLES = 8, TPCH_QUERIES = 22 };

// The directory that the files are in, once they are.
static const char *tpch_dir(void) {
  static bool made;
  if (!made) {
    made = CHECK(tpch_write(test_dir(), 1));
    for (int i = 0; i < TPCH_TABLES; i++) {
      char name[32];
      (void)snprintf(name, sizeof name, "%s.tbl", tpch_tables[i]);
      (void)test_path(name);   // known to the harness, which removes it
    }
  }
  return test_dir();
}

// examples/tpch/NAME with a path put in front of every table. Owns: the caller.
static char *tpch_text(const char *name, const char *dir) {
  char path[100];
  (void)snprintf(path, sizeof path, "examples/tpch/%s", name);
  char *text = test_read(path);
  if (!CHECK(text != NULL)) return NULL;
  size_t size = strlen(text) + 20 * (strlen(dir) + 4) + 1, n = 0;
  char *out = (char *)test_alloc(size);
  for (const char *s = text; *s;) {
    size_t word = strcspn(s, " \n"), ends = word > 4 ? word - 4 : 0;
    bool file = ends && strncmp(s + ends, ".tbl", 4) == 0;
    n += (size_t)snprintf(out + n, size - n, file ? "'%s/%.*s'" : "%s%.*s", file ? dir : "",
                          (int)word, s);
    for (s += word; *s == ' ' || *s == '\n'; s++) out[n++] = *s;
  }
  out[n] = 0;
  free(text);
  return out;
}

// A context that knows the tables as files, or with their rows in memory.
static dfq *tpch_open(bool in_memory) {
  dfq *db = dfq_open(NULL);
  char *tables = tpch_text("tables.dfq", tpch_dir());
  CHECK(tables && dfq_define(db, tables));
  free(tables);
  for (int i = 0; in_memory && i < TPCH_TABLES; i++) {
    dfq_table *t = dfq_collect(dfq_query(db, tpch_tables[i]));
    CHECK(t && dfq_register(db, tpch_tables[i], dfq_scan_table(db, t)));
    dfq_table_free(t);
  }
  return db;
}

static dfq_frame *tpch_query(dfq *db, int n) {
  char name[16];
  (void)snprintf(name, sizeof name, "q%02d.dfq", n);
  char *text = tpch_text(name, "");
  dfq_frame *q = dfq_query_at(db, text, name);
  free(text);
  return q;
}

// The stored answer, with columns of the types that the result has.
static dfq_table *tpch_answer(dfq *db, int n, const dfq_schema *like) {
  char path[64], types[1024] = "";
  size_t at = 0;
  (void)snprintf(path, sizeof path, "tests/data/tpch/q%02d.csv", n);
  for (int c = 0; c < like->count; c++)
    at += (size_t)snprintf(types + at, sizeof types - at, "%s%s: %s", c ? ", " : "",
                           like->field[c].name, dfq_type_name(like->field[c].type));
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.types = types;
  return dfq_collect(dfq_scan_csv(db, path, &o));
}

// Equal to 9 digits: the other side has decimals, or added floats up in another order.
static bool tpch_same(const dfq_value *a, const dfq_value *b) {
  if (a->type != DFQ_F64 || b->type != DFQ_F64) return dfq__same_cell(a, b);
  return fabs(a->as.f - b->as.f) <= 1e-9 * fmax(fabs(a->as.f), fabs(b->as.f));
}

static void tpch_compare(int n, const char *how, const dfq_table *got, const dfq_table *want) {
  bool fits = got && want && dfq_table_rows(got) == dfq_table_rows(want) &&
              dfq_table_columns(got) == dfq_table_columns(want);
  if (!fits) test_fail("  Q%d, %s: no answer, or one of another shape\n", n, how);
  for (size_t r = 0; fits && r < dfq_table_rows(got); r++)
    for (int c = 0; fits && c < dfq_table_columns(got); c++) {
      dfq_value a, b;
      dfq_table_get(got, r, c, &a);
      dfq_table_get(want, r, c, &b);
      fits = tpch_same(&a, &b);
      if (!fits) test_fail("  Q%d, %s: row %zu, column %d is another\n", n, how, r, c);
    }
}

static void tpch_run(dfq *db, int n, const char *how, const dfq_run_options *run) {
  dfq_frame *q = tpch_query(db, n);
  if (dfq_frame_error(q)) { test_fail("  Q%d: %s\n", n, dfq_frame_error(q)); return; }
  dfq_table *got = dfq_collect(dfq_configure(q, run));
  if (!got) test_fail("  Q%d, %s: %s\n", n, how, dfq_error(db));
  dfq_table *want = tpch_answer(db, n, dfq_schema_of(q));
  if (!want) test_fail("  Q%d: %s\n", n, dfq_error(db));
  tpch_compare(n, how, got, want);
  dfq_table_free(got);
  dfq_table_free(want);
}

TEST(tpch_from_files_gives_the_stored_answers) {
  dfq *db = tpch_open(false);
  for (int n = 1; n <= TPCH_QUERIES; n++) tpch_run(db, n, "from files", NULL);
  dfq_close(db);
}

// From memory, in each engine: optimized and as written, threads that share the rows.
TEST(tpch_in_memory_gives_the_stored_answers) {
  static const struct {
    const char *how;
    dfq_engine engine;
    int threads;
    size_t batch_rows;
    bool no_optimize;
  } ways[] = {
    { "batches", DFQ_BATCH_ENGINE, 1, 0, false },
    { "batches, as written", DFQ_BATCH_ENGINE, 1, 0, true },
    { "batches of 100, two threads", DFQ_BATCH_ENGINE, 2, 100, false },
    { "rows", DFQ_ROW_ENGINE, 1, 0, false },
    { "rows, as written", DFQ_ROW_ENGINE, 1, 0, true },
  };
  dfq *db = tpch_open(true);
  for (int n = 1; n <= TPCH_QUERIES; n++)
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.engine = ways[i].engine;
      run.threads = ways[i].threads;
      run.batch_rows = ways[i].batch_rows;
      run.no_optimize = ways[i].no_optimize;
      tpch_run(db, n, ways[i].how, &run);
    }
  dfq_close(db);
}

// Every setting there is, the optimizer's rules one by one: the same bits. On a tenth of the
// orders, since that is dozens of runs a query.
TEST(tpch_is_the_same_in_every_way) {
  dfq *db = tpch_open(true);
  dfq_table *few = dfq_collect(dfq_query(db, "lineitem | filter l_orderkey % 10 = 1"));
  CHECK(few && dfq_register(db, "lineitem", dfq_scan_table(db, few)));
  dfq_table_free(few);
  for (int n = 1; n <= TPCH_QUERIES; n++)
    if (!dfq_check_equivalent(tpch_query(db, n), NULL))
      test_fail("  Q%d: %s\n", n, dfq_error(db));
  dfq_close(db);
}

// What a query prints as is a pipeline again, and that one has the same answer.
TEST(tpch_plans_print_and_come_back) {
  dfq *db = tpch_open(true);
  for (int n = 1; n <= TPCH_QUERIES; n++) {
    dfq_frame *q = tpch_query(db, n);
    const char *text = dfq_pipeline_text(q);
    dfq_frame *again = dfq_query(db, text);
    CHECK_STR(dfq_frame_error(again), NULL);
    CHECK_STR(dfq_pipeline_text(again), text);
    dfq_table *a = dfq_collect(q), *b = dfq_collect(again);
    CHECK(dfq_table_equal(a, b, NULL, 0));
    dfq_table_free(a);
    dfq_table_free(b);
  }
  dfq_close(db);
}

static void run_tpch(void) {
  RUN(tpch_from_files_gives_the_stored_answers);
  RUN(tpch_in_memory_gives_the_stored_answers);
  RUN(tpch_is_the_same_in_every_way);
  RUN(tpch_plans_print_and_come_back);
}
