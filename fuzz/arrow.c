// arrow.c - what another engine hands over: bytes become a schema and arrays, right in most
// places and hostile in some - formats, children, counts, offsets, indices, buffers that are
// not there. Arrow passes on no lengths of buffers, so each is exactly as long as what the array
// says of itself needs, and the sanitizers see whoever reads beyond. As a table, as a stream
// and exported once more it is the same, or an error; and everything is released once.
#include "fuzz.h"

enum { ARROW_BLOCKS = 4096, ARROW_DEEP = 4 };

// Everything that was made of one input, in blocks that are freed at the end.
typedef struct arrow_made {
  fuzz_input in;
  void *block[ARROW_BLOCKS];
  int blocks, live;   // live: schemas and arrays that nobody has released
} arrow_made;

static void *arrow_block(arrow_made *m, size_t bytes) {
  void *p = m->blocks < ARROW_BLOCKS ? calloc(bytes ? bytes : 1, 1) : NULL;
  if (p) m->block[m->blocks++] = p;
  else if (m->blocks < ARROW_BLOCKS) abort();
  return p;
}

static void arrow_schema_end(struct ArrowSchema *s) {
  for (int i = 0; s->children && s->children[i]; i++)   // whatever n_children says
    if (s->children[i]->release) s->children[i]->release(s->children[i]);
  if (s->dictionary && s->dictionary->release) s->dictionary->release(s->dictionary);
  ((arrow_made *)s->private_data)->live--;
  s->release = NULL;
}

static void arrow_array_end(struct ArrowArray *x) {
  for (int i = 0; x->children && x->children[i]; i++)   // whatever n_children says
    if (x->children[i]->release) x->children[i]->release(x->children[i]);
  if (x->dictionary && x->dictionary->release) x->dictionary->release(x->dictionary);
  ((arrow_made *)x->private_data)->live--;
  x->release = NULL;
}

// -- schemas

static const char *const arrow_formats[] = {
  "l", "u", "i", "g", "b", "+s", "+l", "c", "C", "s", "S", "I", "L", "e", "f", "n", "U", "z",
  "Z", "vu", "vz", "w:3", "w:0", "tdD", "tdm", "tts", "ttm", "ttu", "ttn", "tss:", "tsm:UTC",
  "tsu:", "tsn:", "tDs", "tDu", "tDn", "d:9,2", "d:18,18,64", "d:7,1,32", "d:38,4,256", "+L",
  "+vl", "+vL", "+w:2", "+w:0", "+m", "+us:0", "+r", "tiM", "d:9", "w:-1", "w:99999999999",
  "+w:x", "", "x"
};
enum { ARROW_FORMATS = (int)(sizeof arrow_formats / sizeof *arrow_formats) };

static void arrow_make_schema(arrow_made *m, struct ArrowSchema *s, const char *format,
                              int deep) {
  static const char *const names[] = { "a", "b", "", "a", "c.d", NULL, "\xFF", "a b" };
  unsigned kind = fuzz_byte(&m->in), odd = fuzz_byte(&m->in);
  memset(s, 0, sizeof *s);
  s->format = format ? format : arrow_formats[kind % ARROW_FORMATS];
  s->name = names[odd % 8];
  s->flags = ARROW_FLAG_NULLABLE;
  s->release = arrow_schema_end;
  s->private_data = m;
  m->live++;
  int children = strcmp(s->format, "+s") == 0 ? (int)(fuzz_byte(&m->in) % 4)
                 : s->format[0] == '+' ? 1 : 0;
  if (odd == 255) children = !children;
  if (deep >= ARROW_DEEP) children = 0;
  s->n_children = children;
  if (children)
    s->children = (struct ArrowSchema **)arrow_block(m, 4 * sizeof(void *));
  for (int i = 0; s->children && i < children; i++) {
    s->children[i] = (struct ArrowSchema *)arrow_block(m, sizeof *s);
    if (s->children[i]) arrow_make_schema(m, s->children[i], NULL, deep + 1);
  }
  if (!format && odd >> 4 == 9 && deep < ARROW_DEEP) {
    s->dictionary = (struct ArrowSchema *)arrow_block(m, sizeof *s);
    if (s->dictionary) arrow_make_schema(m, s->dictionary, NULL, deep + 1);
  }
}

// -- arrays

// A buffer of so many bytes, filled from the input.
static char *arrow_buffer(arrow_made *m, size_t bytes) {
  char *p = (char *)arrow_block(m, bytes);
  for (size_t i = 0; p && i < bytes && m->in.left; i++) p[i] = (char)fuzz_byte(&m->in);
  return p;
}

// Offsets that ascend by a few, or where a byte says so by anything. *last: the last one.
static char *arrow_offsets(arrow_made *m, size_t count, size_t bytes, int64_t *last) {
  char *p = (char *)arrow_block(m, count * bytes);
  int64_t at = 0;
  *last = 0;
  for (size_t i = 0; p && i < count; i++) {
    unsigned step = m->in.left ? fuzz_byte(&m->in) : 0;
    if (step >= 250) at += (int)step - 280;   // back
    else if (i) at += step % 5;
    if (step == 249 && i + 1 < count) at += 1 << 20;   // far, and back again if it must be
    int32_t narrow = (int32_t)at;
    memcpy(p + i * bytes, bytes == 4 ? (void *)&narrow : (void *)&at, bytes);
    *last = at;
    if (step == 249 && i + 1 < count) at -= 1 << 20;
  }
  return p;
}

// The bytes of a value in a buffer of values; 0 for formats that have none.
static size_t arrow_width(const char *f) {
  static const char *const four[] = { "i", "I", "f", "tdD", "tts", "ttm" };
  int digits, scale, bits = 128;
  if (strchr("cC", f[0])) return *f != 0;
  if (f[1] == 0 && strchr("sSe", f[0])) return 2;
  for (int i = 0; i < 6; i++)
    if (strcmp(f, four[i]) == 0) return 4;
  if (f[0] == 'd' && sscanf(f, "d:%d,%d,%d", &digits, &scale, &bits) > 0)
    return (size_t)bits / 8;
  if (f[0] == 'w') return strcmp(f, "w:3") == 0 ? 3 : 0;
  if (f[0] == 'v') return 16;
  return strchr("lLgt", f[0]) ? 8 : 0;
}

static void arrow_make_array(arrow_made *m, struct ArrowArray *x, const struct ArrowSchema *s,
                             int64_t rows, int deep);

// The rows that the child of a list has: as many as its offsets want, or not quite.
static int64_t arrow_child_rows(arrow_made *m, int64_t wanted) {
  unsigned odd = fuzz_byte(&m->in);
  int64_t rows = wanted < 0 ? 0 : wanted > 300 ? 300 : wanted;
  return odd == 255 && rows ? rows - 1 : odd == 254 ? rows + 2 : rows;
}

// Buffers behind the first, and how many rows a child must have.
static int64_t arrow_make_buffers(arrow_made *m, struct ArrowArray *x, const char *f,
                                  const void **buffer, size_t places) {
  int64_t last = 0, child = 0;
  size_t wide = f[0] == '+' && (f[1] == 'L' || (f[1] == 'v' && f[2] == 'L')) ? 8 : 4;
  x->n_buffers = 2;
  if (f[0] == 'n' || strcmp(f, "+s") == 0 || strncmp(f, "+w", 2) == 0) {
    x->n_buffers = f[0] != 'n';
    child = strcmp(f, "+w:2") == 0 ? 2 * (int64_t)places : f[1] == 's' ? (int64_t)places : 0;
  } else if (f[0] == 'b') {
    buffer[1] = arrow_buffer(m, (places + 7) / 8);
  } else if (f[0] == '+' && f[1] == 'v') {   // places and lengths in the child
    int64_t most;
    buffer[1] = arrow_offsets(m, places, wide, &last);
    buffer[2] = arrow_offsets(m, places, wide, &most);
    x->n_buffers = 3;
    child = last + most;
  } else if (f[0] == '+' || strchr("uzUZ", f[0])) {
    if (strchr("UZ", f[0])) wide = 8;
    buffer[1] = arrow_offsets(m, places + 1, wide, &last);
    if (f[0] != '+') buffer[2] = arrow_buffer(m, last > 0 ? (size_t)last : 0);
    if (f[0] != '+') x->n_buffers = 3;
    child = last;
  } else {
    buffer[1] = arrow_buffer(m, places * arrow_width(f));
  }
  if (f[0] == 'v') {   // two buffers of bytes, and their lengths
    int64_t size[2] = { 20, 0 };
    size[1] = fuzz_byte(&m->in) % 30;
    for (int i = 0; i < 2; i++) buffer[2 + i] = arrow_buffer(m, (size_t)size[i]);
    buffer[4] = arrow_block(m, sizeof size);
    if (buffer[4]) memcpy((void *)(uintptr_t)buffer[4], size, sizeof size);
    x->n_buffers = 5;
  }
  return child;
}

static void arrow_make_array(arrow_made *m, struct ArrowArray *x, const struct ArrowSchema *s,
                             int64_t rows, int deep) {
  unsigned odd = fuzz_byte(&m->in), how = fuzz_byte(&m->in);
  memset(x, 0, sizeof *x);
  x->release = arrow_array_end;
  x->private_data = m;
  m->live++;
  x->length = odd == 255 ? rows - 1 : odd == 254 ? rows + 3 : odd == 253 ? -1 : rows;
  x->offset = how & 3;
  x->null_count = odd == 252 ? -5 : odd == 251 ? rows + 9 : (int)(odd % 3) - 1;
  size_t places = (size_t)(x->length > 0 ? x->length + x->offset : x->offset);
  if (odd == 250) x->offset = INT64_MAX - 2;
  const void **buffer = (const void **)arrow_block(m, 6 * sizeof *buffer);
  if (!buffer) return;
  x->buffers = buffer;
  int64_t child = arrow_make_buffers(m, x, s->format, buffer, places);
  if (how & 4 && x->n_buffers) buffer[0] = arrow_buffer(m, (places + 7) / 8);
  if (how >> 3 == 31) buffer[how & 3] = NULL;
  if (how >> 3 == 30) x->n_buffers += (how & 1) || s->format[0] == 'v' ? 1 : -1;
  if (how >> 3 == 29) x->buffers = NULL;
  x->n_children = s->n_children;
  if (s->n_children)
    x->children = (struct ArrowArray **)arrow_block(m, 4 * sizeof(void *));
  for (int64_t i = 0; x->children && i < s->n_children; i++) {
    x->children[i] = (struct ArrowArray *)arrow_block(m, sizeof *x);
    if (x->children[i] && s->children && s->children[i])
      arrow_make_array(m, x->children[i], s->children[i], arrow_child_rows(m, child), deep + 1);
  }
  if (how >> 3 == 28 && x->children && x->n_children) x->n_children--;
  if (!s->dictionary) return;
  x->dictionary = (struct ArrowArray *)arrow_block(m, sizeof *x);
  if (x->dictionary)
    arrow_make_array(m, x->dictionary, s->dictionary, fuzz_byte(&m->in) % 9, deep + 1);
}

// Both, of one input. A struct on top but for some inputs.
static void arrow_make(arrow_made *m, const uint8_t *data, size_t size, struct ArrowSchema *s,
                       struct ArrowArray *x) {
  memset(m, 0, sizeof *m);
  m->in.at = data;
  m->in.left = size;
  unsigned top = fuzz_byte(&m->in);
  int64_t rows = fuzz_byte(&m->in) % 20;
  arrow_make_schema(m, s, top % 8 ? "+s" : NULL, 0);
  arrow_make_array(m, x, s, rows, 0);
}

static void arrow_free(arrow_made *m) {
  FUZZ_CHECK(m->live == 0, "something was not released, or twice", "");
  for (int i = 0; i < m->blocks; i++) free(m->block[i]);
}

// -- streams

typedef struct arrow_flow {
  struct ArrowSchema schema;
  struct ArrowArray array;
} arrow_flow;

static int arrow_get_schema(struct ArrowArrayStream *s, struct ArrowSchema *out) {
  arrow_flow *f = (arrow_flow *)s->private_data;
  *out = f->schema;
  f->schema.release = NULL;
  return 0;
}

static int arrow_get_next(struct ArrowArrayStream *s, struct ArrowArray *out) {
  arrow_flow *f = (arrow_flow *)s->private_data;
  *out = f->array;   // released already, the second time: the end
  f->array.release = NULL;
  return 0;
}

static const char *arrow_no_error(struct ArrowArrayStream *s) { return s ? NULL : ""; }

static void arrow_flow_end(struct ArrowArrayStream *s) {
  arrow_flow *f = (arrow_flow *)s->private_data;
  if (f->schema.release) f->schema.release(&f->schema);
  if (f->array.release) f->array.release(&f->array);
  s->release = NULL;
}

// Exported and taken in once more, a table is the same.
static void arrow_round_trip(dfq *db, dfq_table *t) {
  struct ArrowSchema s;
  struct ArrowArray x;
  char why[512];
  if (!dfq_table_export(db, t, &s, &x)) {
    FUZZ_CHECK(fuzz_gave_up(db), "export:", dfq_error(db));
    return;
  }
  dfq_table *again = dfq_import_arrow(db, &s, &x);
  if (again || !fuzz_gave_up(db)) {
    FUZZ_CHECK(again, "what was exported:", dfq_error(db));
    FUZZ_CHECK(dfq_table_equal(t, again, why, sizeof why), "exported", why);
  }
  dfq_table_free(again);
}

static void fuzz_arrow(const uint8_t *data, size_t size) {
  arrow_made *m = (arrow_made *)calloc(1, sizeof *m);
  arrow_flow flow;
  struct ArrowArrayStream stream = { arrow_get_schema, arrow_get_next, arrow_no_error,
                                     arrow_flow_end, &flow };
  fuzz_disk disk;
  char why[512], message[1024];
  if (!m) abort();
  memset(&disk, 0, sizeof disk);
  dfq *db = fuzz_context(&disk);
  arrow_make(m, data, size, &flow.schema, &flow.array);
  bool rows = strcmp(flow.schema.format, "+s") == 0;   // what a stream has to be
  dfq_table *want = dfq_import_arrow(db, &flow.schema, &flow.array);
  bool gave_up = !want && fuzz_gave_up(db);
  snprintf(message, sizeof message, "%s", want ? "" : dfq_error(db));
  arrow_free(m);
  if (want) arrow_round_trip(db, want);
  dfq_clear_error(db);
  arrow_make(m, data, size, &flow.schema, &flow.array);
  fuzz_way way = { size % 2 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE, 1 + size % 5, 1, false };
  dfq_table *got = fuzz_collect(dfq_scan_arrow_stream(db, &stream), &way);
  if (rows && !gave_up && (got || !fuzz_gave_up(db))) {
    FUZZ_CHECK(!want == !got, message, dfq_error(db));
    if (want)
      FUZZ_CHECK(dfq_table_equal(want, got, why, sizeof why), "table and stream", why);
  }
  dfq_table_free(want);
  dfq_table_free(got);
  dfq_close(db);
  arrow_free(m);
  free(m);
}
