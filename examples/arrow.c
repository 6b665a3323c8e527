// arrow.c - tables from and for other engines, by Arrow's C interfaces: a query's result is
// exported as a stream, a program that knows Arrow only changes it on its way, and a second
// context scans what comes out.
//
//   make build/arrow && build/arrow
#define DFQ_IMPLEMENTATION
#include "dfq.h"

// ---- somebody else's code: it knows nothing of dfq ------------------------------------------

// A stream that passes on the batches of another and counts their rows.
typedef struct counter {
  struct ArrowArrayStream from;
  int batches;
  long long rows;
} counter;

static int counter_schema(struct ArrowArrayStream *s, struct ArrowSchema *out) {
  counter *c = (counter *)s->private_data;
  return c->from.get_schema(&c->from, out);
}

static int counter_next(struct ArrowArrayStream *s, struct ArrowArray *out) {
  counter *c = (counter *)s->private_data;
  int code = c->from.get_next(&c->from, out);
  if (code == 0 && out->release) {
    c->batches++;
    c->rows += (long long)out->length;
  }
  return code;
}

static const char *counter_error(struct ArrowArrayStream *s) {
  counter *c = (counter *)s->private_data;
  return c->from.get_last_error(&c->from);
}

static void counter_release(struct ArrowArrayStream *s) {
  counter *c = (counter *)s->private_data;
  c->from.release(&c->from);
  s->release = NULL;
}

static void count_stream(counter *c, struct ArrowArrayStream *to) {
  c->batches = 0;
  c->rows = 0;
  to->get_schema = counter_schema;
  to->get_next = counter_next;
  to->get_last_error = counter_error;
  to->release = counter_release;
  to->private_data = c;
}

// ---- a table of its own ---------------------------------------------------------------------

static void nothing_to_free_schema(struct ArrowSchema *s) { s->release = NULL; }
static void nothing_to_free_array(struct ArrowArray *a) { a->release = NULL; }

// The schema of a column, and an array over memory that is static.
static struct ArrowSchema schema_of(const char *format, const char *name) {
  struct ArrowSchema s = { format, name, NULL, ARROW_FLAG_NULLABLE, 0, NULL, NULL,
                           nothing_to_free_schema, NULL };
  return s;
}

static struct ArrowArray array_of(int64_t length, const void **buffers, int64_t count) {
  struct ArrowArray a = { length, -1, 0, count, 0, buffers, NULL, NULL, nothing_to_free_array,
                          NULL };
  return a;
}

static dfq_table *islands(dfq *db) {
  static const int32_t ends[] = { 0, 5, 14, 20 };
  static const uint8_t there[] = { 0x03 };   // the third has no number
  static const double area[] = { 9.1, 15.4, 0 };
  const void *text[] = { NULL, ends, "DreamTorgersenBiscoe" }, *number[] = { there, area };
  struct ArrowSchema column[] = { schema_of("u", "island"), schema_of("g", "square_km") };
  struct ArrowArray values[] = { array_of(3, text, 3), array_of(3, number, 2) };
  struct ArrowSchema *columns[] = { &column[0], &column[1] }, batch = schema_of("+s", "");
  struct ArrowArray *arrays[] = { &values[0], &values[1] };
  const void *all[] = { NULL };
  struct ArrowArray rows = array_of(3, all, 1);
  batch.n_children = rows.n_children = 2;
  batch.children = columns;
  rows.children = arrays;
  return dfq_import_arrow(db, &batch, &rows);
}

int main(void) {
  counter c;
  struct ArrowArrayStream stream;
  dfq *here = dfq_open(NULL), *there = dfq_open(NULL);
  dfq_frame *q = dfq_scan_csv(here, "examples/data/penguins.csv", NULL);
  q = dfq_filter(q, "body_mass_g > 4000");
  bool ok = dfq_export_arrow(q, &c.from);
  if (ok) {
    count_stream(&c, &stream);
    q = dfq_scan_arrow_stream(there, &stream);
    q = dfq_group_by(q, "species", "count() as n, max(body_mass_g) as heaviest");
    ok = dfq_show(q, stdout);
    printf("%lld rows passed by, in %d batch%s\n\n", c.rows, c.batches,
           c.batches == 1 ? "" : "es");
  }
  dfq_table *t = islands(there);
  ok = t && dfq_show_table(there, t, stdout) && ok;

  // A stream that fails half way says so to whoever reads it; what is not known is refused.
  q = dfq_with_columns(dfq_scan_table(there, t), "cast(island as i64) as number");
  if (dfq_export_arrow(q, &stream)) {
    struct ArrowArray array;
    int code = stream.get_next(&stream, &array);
    printf("\nget_next returned %d:\n%s\n", code, stream.get_last_error(&stream));
    stream.release(&stream);
  }
  struct ArrowSchema map = schema_of("+m", "tags");
  struct ArrowArray none = array_of(0, NULL, 0);
  if (!dfq_import_arrow(there, &map, &none)) printf("\n%s\n", dfq_error(there));
  if (!ok) fprintf(stderr, "%s\n%s\n", dfq_error(here), dfq_error(there));
  dfq_table_free(t);
  dfq_close(there);
  dfq_close(here);
  return !ok;
}
