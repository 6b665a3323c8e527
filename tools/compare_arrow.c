// compare_arrow.c - tables through DuckDB and back: make compare-arrow. Random tables of all
// types but durations (which become intervals there) go out as an Arrow stream, DuckDB scans it
// and hands its own arrays back, and what is imported must be the same bit by bit.
#define DFQ_IMPLEMENTATION
#include "../dfq.h"
#include "../tests/test.h"
#include "../tests/ch0_foundations.c"
#include "../tests/ch6_arrow.c"

// DuckDB's C API, as far as it is needed; 0 is success.
typedef struct duckdb_handle *duckdb_handle;
int duckdb_open(const char *path, duckdb_handle *database);
int duckdb_connect(duckdb_handle database, duckdb_handle *connection);
int duckdb_arrow_scan(duckdb_handle connection, const char *name, void *stream);
int duckdb_query_arrow(duckdb_handle connection, const char *query, duckdb_handle *result);
int duckdb_query_arrow_schema(duckdb_handle result, struct ArrowSchema **schema);
int duckdb_query_arrow_array(duckdb_handle result, struct ArrowArray **array);
const char *duckdb_query_arrow_error(duckdb_handle result);
void duckdb_destroy_arrow(duckdb_handle *result);
void duckdb_disconnect(duckdb_handle *connection);
void duckdb_close(duckdb_handle *database);

// The rows of a query's arrays, one array after the other.
static dfq_table *fetch(dfq *db, duckdb_handle result) {
  dfq_frame *all = NULL;
  for (;;) {
    struct ArrowSchema schema, *s = &schema;
    struct ArrowArray array, *a = &array;
    memset(s, 0, sizeof *s);
    memset(a, 0, sizeof *a);
    if (duckdb_query_arrow_array(result, &a)) return NULL;
    bool last = !array.release || array.length == 0;
    if (last && all) break;
    if (last && !array.release) return NULL;
    if (duckdb_query_arrow_schema(result, &s)) return NULL;
    dfq_table *t = dfq_import_arrow(db, s, a);
    dfq_frame *f = dfq_scan_table(db, t);
    dfq_table_free(t);
    all = all ? dfq_union(all, f) : f;
  }
  return dfq_collect(all);
}

// One table there and back. Returns whether it came back as it was.
static bool round_trip(duckdb_handle connection, size_t rows, uint64_t *state) {
  char why[256] = "", name[32];
  struct ArrowArrayStream stream;
  duckdb_handle result = NULL;
  dfq *db = dfq_open(NULL);
  dfq_table *from = arrow_random_table(db, rows, state);
  dfq_table *want = dfq_collect(dfq_drop(dfq_scan_table(db, from), "c14")), *got = NULL;
  snprintf(name, sizeof name, "t%zu", rows);
  bool same = want && dfq_export_arrow(dfq_scan_table(db, want), &stream);
  if (same && duckdb_arrow_scan(connection, name, &stream)) same = false;
  snprintf(name, sizeof name, "select * from t%zu", rows);
  if (same && duckdb_query_arrow(connection, name, &result)) {
    snprintf(why, sizeof why, "%s", duckdb_query_arrow_error(result));
    same = false;
  }
  if (same) got = fetch(db, result);
  if (same && !got) snprintf(why, sizeof why, "%s", dfq_error(db));
  same = same && got && dfq_table_equal(got, want, why, sizeof why);
  if (!same) printf("%zu rows: %s\n", rows, why);
  duckdb_destroy_arrow(&result);
  if (stream.release) stream.release(&stream);
  dfq_table_free(got);
  dfq_table_free(want);
  dfq_table_free(from);
  dfq_close(db);
  return same;
}

int main(void) {
  static const size_t sizes[] = { 1, 2, 9, 64, 1000, 2048, 2049, 5000 };
  uint64_t state = 11;
  int same = 0, all = 0;
  duckdb_handle database, connection;
  if (duckdb_open(NULL, &database) || duckdb_connect(database, &connection)) return 1;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++, all++)
    same += round_trip(connection, sizes[i], &state);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  printf("%d of %d tables of %d types came back from DuckDB as they were\n", same, all,
         ARROW_TYPES - 1);
  return same != all;
}
