// ch6_arrow.c - the Arrow interfaces from both sides: a producer that uses everything the
// specification allows and much that it forbids, and a consumer that takes arrays apart, keeps
// them and lets go of them in any order. Every buffer is a block of its own, of exactly the
// bytes that it must have, so that a sanitizer sees a step beyond it.

// ---- a producer -----------------------------------------------------------------------------

static int arrow_live = 0;   // schemas, arrays and streams that nobody has released yet

static void arrow_free_schema(struct ArrowSchema *s) {
  for (int64_t i = 0; i < s->n_children; i++) {
    if (s->children[i] && s->children[i]->release) s->children[i]->release(s->children[i]);
    free(s->children[i]);
  }
  if (s->dictionary && s->dictionary->release) s->dictionary->release(s->dictionary);
  free(s->dictionary);
  free(s->children);
  s->release = NULL;
  arrow_live--;
}

static struct ArrowSchema *arrow_schema_in(struct ArrowSchema *s, const char *format,
                                           const char *name, int children) {
  memset(s, 0, sizeof *s);
  s->format = format;
  s->name = name;
  s->flags = ARROW_FLAG_NULLABLE;
  s->n_children = children;
  s->children = children ? (struct ArrowSchema **)calloc((size_t)children, sizeof *s->children)
                         : NULL;
  s->release = arrow_free_schema;
  arrow_live++;
  return s;
}

static struct ArrowSchema *arrow_schema(const char *format, const char *name, int children) {
  struct ArrowSchema *s = (struct ArrowSchema *)test_alloc(sizeof *s);
  return arrow_schema_in(s, format, name, children);
}

// Behind private_data: the blocks that buffers were made of.
typedef struct arrow_blocks {
  void *block[8];
  int count;
} arrow_blocks;

static void arrow_free_array(struct ArrowArray *x) {
  arrow_blocks *b = (arrow_blocks *)x->private_data;
  for (int64_t i = 0; x->children && i < (int64_t)(intptr_t)b->block[7]; i++) {
    if (x->children[i] && x->children[i]->release) x->children[i]->release(x->children[i]);
    free(x->children[i]);
  }
  if (x->dictionary && x->dictionary->release) x->dictionary->release(x->dictionary);
  free(x->dictionary);
  free(x->children);
  for (int i = 0; i < b->count; i++) free(b->block[i]);
  free(b);
  free(x->buffers);
  x->release = NULL;
  arrow_live--;
}

static struct ArrowArray *arrow_array_in(struct ArrowArray *x, int64_t length, int64_t offset,
                                         int children) {
  arrow_blocks *b = (arrow_blocks *)calloc(1, sizeof *b);
  memset(x, 0, sizeof *x);
  x->length = length;
  x->offset = offset;
  x->null_count = -1;
  x->buffers = (const void **)calloc(8, sizeof *x->buffers);
  x->n_children = children;
  x->children = children ? (struct ArrowArray **)calloc((size_t)children, sizeof *x->children)
                         : NULL;
  b->block[7] = (void *)(intptr_t)children;
  x->private_data = b;
  x->release = arrow_free_array;
  arrow_live++;
  return x;
}

static struct ArrowArray *arrow_array(int64_t length, int64_t offset, int children) {
  struct ArrowArray *x = (struct ArrowArray *)test_alloc(sizeof *x);
  return arrow_array_in(x, length, offset, children);
}

// One more buffer, a copy; odd: at an odd address. NULL: no buffer.
static void arrow_buffer(struct ArrowArray *x, const void *bytes, size_t n, bool odd) {
  arrow_blocks *b = (arrow_blocks *)x->private_data;
  char *to = NULL;
  if (bytes) {
    b->block[b->count++] = to = (char *)malloc(n + odd);
    to += odd;
    if (n) memcpy(to, bytes, n);
  }
  x->buffers[x->n_buffers++] = to;
}

// The bits of valid rows, behind offset others. pattern: 'x' null, anything else there.
static void arrow_bits(struct ArrowArray *x, const char *pattern, int64_t rows,
                       int64_t offset) {
  uint8_t bits[64] = { 0 };
  for (int64_t i = 0; i < offset; i++) bits[i / 8] |= (uint8_t)((i % 3 != 0) << i % 8);
  for (int64_t i = 0; i < rows; i++) {
    int64_t at = i + offset;
    if (pattern[i] != 'x') bits[at / 8] |= (uint8_t)(1 << at % 8);
  }
  arrow_buffer(x, bits, (size_t)(rows + offset + 7) / 8, false);
}

// Values of fixed width behind offset others that are junk.
static struct ArrowArray *arrow_fixed(const void *values, size_t size, int64_t rows,
                                      const char *nulls, int64_t offset, bool odd) {
  struct ArrowArray *x = arrow_array(rows, offset, 0);
  char bytes[1024];
  memset(bytes, 0xa5, sizeof bytes);
  memcpy(bytes + (size_t)offset * size, values, (size_t)rows * size);
  if (nulls) arrow_bits(x, nulls, rows, offset);
  else arrow_buffer(x, NULL, 0, false);
  arrow_buffer(x, bytes, (size_t)(rows + offset) * size, odd);
  return x;
}

// Texts by offsets of 4 or 8 bytes; NULL: null.
static struct ArrowArray *arrow_texts(const char *const *texts, int64_t rows, int64_t offset,
                                      int size) {
  struct ArrowArray *x = arrow_array(rows, offset, 0);
  char bytes[512], offsets[512], nulls[64];
  int64_t at = 0;
  for (int64_t i = 0; i <= rows + offset; i++) {
    int32_t narrow = (int32_t)at;
    const char *s = i < offset ? "junk" : i < rows + offset ? texts[i - offset] : NULL;
    if (size == 4) memcpy(offsets + 4 * i, &narrow, 4);
    else memcpy(offsets + 8 * i, &at, 8);
    if (i >= offset && i < rows + offset) nulls[i - offset] = s ? '.' : 'x';
    if (s) memcpy(bytes + at, s, strlen(s));
    if (s) at += (int64_t)strlen(s);
  }
  arrow_bits(x, nulls, rows, offset);
  arrow_buffer(x, offsets, (size_t)(rows + offset + 1) * (size_t)size, true);
  arrow_buffer(x, bytes, (size_t)at, false);
  return x;
}

// A struct around columns, as a record batch is.
static void arrow_wrap(struct ArrowSchema *s, struct ArrowArray *x, struct ArrowSchema *column,
                       struct ArrowArray *values) {
  arrow_schema_in(s, "+s", "", 1);
  s->children[0] = column;
  arrow_array_in(x, values->length, 0, 1);
  arrow_buffer(x, NULL, 0, false);
  x->children[0] = values;
}

// ---- streams of given arrays ----------------------------------------------------------------

typedef struct arrow_list {
  struct ArrowSchema schema;
  struct ArrowArray array[4];
  int count, at, fails_at, schema_error;
} arrow_list;

static int arrow_list_schema(struct ArrowArrayStream *s, struct ArrowSchema *out) {
  arrow_list *l = (arrow_list *)s->private_data;
  if (l->schema_error) return l->schema_error;
  *out = l->schema;
  l->schema.release = NULL;
  return 0;
}

static int arrow_list_next(struct ArrowArrayStream *s, struct ArrowArray *out) {
  arrow_list *l = (arrow_list *)s->private_data;
  memset(out, 0, sizeof *out);
  if (l->fails_at && l->at + 1 == l->fails_at) return 5;
  if (l->at == l->count) return 0;
  *out = l->array[l->at];
  l->array[l->at++].release = NULL;
  return 0;
}

static const char *arrow_list_error(struct ArrowArrayStream *s) {
  return ((arrow_list *)s->private_data)->fails_at ? "the wire is cut" : NULL;
}

static void arrow_list_release(struct ArrowArrayStream *s) {
  arrow_list *l = (arrow_list *)s->private_data;
  if (l->schema.release) l->schema.release(&l->schema);
  for (int i = 0; i < l->count; i++)
    if (l->array[i].release) l->array[i].release(&l->array[i]);
  free(l);
  s->release = NULL;
  arrow_live--;
}

static arrow_list *arrow_stream(struct ArrowArrayStream *s) {
  arrow_list *l = (arrow_list *)calloc(1, sizeof *l);
  s->get_schema = arrow_list_schema;
  s->get_next = arrow_list_next;
  s->get_last_error = arrow_list_error;
  s->release = arrow_list_release;
  s->private_data = l;
  arrow_live++;
  return l;
}

// ---- import, type by type -------------------------------------------------------------------

// "name type: a | null | b"
static void arrow_say(test_string *t, const dfq_table *table) {
  const dfq_schema *s = dfq_table_schema(table);
  char head[128];
  for (int c = 0; s && c < s->count; c++) {
    snprintf(head, sizeof head, "%s%s %s:", c ? "\n" : "", s->field[c].name,
             dfq_type_name(s->field[c].type));
    test_puts(t, head);
    for (size_t r = 0; r < dfq_table_rows(table); r++) {
      dfq__heap *heap = table->heap;
      dfq__text text = dfq__text_in(heap);
      dfq_value v;
      dfq_table_get(table, r, c, &v);
      dfq__put_value(&text, &v);
      test_puts(t, r ? " | " : " ");
      test_puts(t, text.data ? text.data : "");
      dfq__text_free(&text);
    }
  }
}

static void arrow_expect(const char *what, struct ArrowSchema *schema, struct ArrowArray *array,
                         const char *want) {
  dfq *db = dfq_open(NULL);
  test_string got = { NULL, 0, 0 };
  dfq_table *t = dfq_import_arrow(db, schema, array);
  CHECK(!schema->release && !array->release);
  arrow_say(&got, t);
  const char *text = t ? got.s : dfq_error(db);
  if (t ? strcmp(text, want) != 0 : !strstr(text, want))
    test_fail("  %s\n    got  %s\n    want %s\n", what, text, want);
  free(got.s);
  dfq_table_free(t);
  dfq_close(db);
  if (!CHECK_INT(arrow_live, 0)) arrow_live = 0;
}

// The same values at each offset and address, with and without nulls.
static void arrow_expect_fixed(const char *format, const void *values, size_t size, int rows,
                               const char *nulls, const char *want) {
  for (int mode = 0; mode < 4; mode++) {
    struct ArrowSchema s;
    struct ArrowArray x;
    arrow_wrap(&s, &x, arrow_schema(format, "x", 0),
               arrow_fixed(values, size, rows, nulls, mode / 2 * 9, mode % 2));
    arrow_expect(format, &s, &x, want);
  }
}

TEST(arrow_numbers) {
  static const int64_t wide[] = { 5, INT64_MIN, INT64_MAX };
  static const int32_t mid[] = { 7, -1, INT32_MAX };
  static const int16_t narrow[] = { 7, -1, 300 };
  static const int8_t byte[] = { 7, -1, 100 };
  static const double f64[] = { 0.5, -1e300, 3 };
  static const float f32[] = { 0.5f, -0.25f, 3 };
  static const uint16_t half[] = { 0x3c00, 0xc580, 0x0001, 0x7c00, 0x8000, 0x3555 };
  arrow_expect_fixed("l", wide, 8, 3, NULL,
                     "x i64: 5 | -9223372036854775808 | 9223372036854775807");
  arrow_expect_fixed("l", wide, 8, 3, ".x.", "x i64: 5 | null | 9223372036854775807");
  arrow_expect_fixed("L", wide, 8, 3, NULL,
                     "x u64: 5 | 9223372036854775808 | 9223372036854775807");
  arrow_expect_fixed("i", mid, 4, 3, "x..", "x i32: null | -1 | 2147483647");
  arrow_expect_fixed("I", mid, 4, 3, NULL, "x u32: 7 | 4294967295 | 2147483647");
  arrow_expect_fixed("s", narrow, 2, 3, NULL, "x i16: 7 | -1 | 300");
  arrow_expect_fixed("S", narrow, 2, 3, NULL, "x u16: 7 | 65535 | 300");
  arrow_expect_fixed("c", byte, 1, 3, "..x", "x i8: 7 | -1 | null");
  arrow_expect_fixed("C", byte, 1, 3, NULL, "x u8: 7 | 255 | 100");
  arrow_expect_fixed("g", f64, 8, 3, NULL, "x f64: 0.5 | -1e+300 | 3.0");
  arrow_expect_fixed("f", f32, 4, 3, NULL, "x f32: 0.5 | -0.25 | 3.0");
  arrow_expect_fixed("e", half, 2, 6, NULL,
                     "x f32: 1.0 | -5.5 | 5.9604645e-08 | inf | -0.0 | 0.33325195");
}

TEST(arrow_times) {
  static const int32_t days[] = { 0, 18262, -1 }, secs[] = { 0, 86399, 61 };
  static const int64_t date_ms[] = { 0, INT64_C(86400000) * 18262, -86400000 };
  static const int64_t bad_ms[] = { 1 }, ns[] = { 1000, -2000, 0 }, bad_ns[] = { 0, 1500 };
  static const int64_t s[] = { 0, 1577836800, -1 }, huge[] = { INT64_MAX };
  static const int64_t day[] = { INT64_C(86400000000) };
  arrow_expect_fixed("tdD", days, 4, 3, NULL, "x date: 1970-01-01 | 2020-01-01 | 1969-12-31");
  arrow_expect_fixed("tdm", date_ms, 8, 3, NULL,
                     "x date: 1970-01-01 | 2020-01-01 | 1969-12-31");
  arrow_expect_fixed("tdm", bad_ms, 8, 1, NULL, "row 1 would lose what is below the unit here");
  arrow_expect_fixed("tts", secs, 4, 3, ".x.", "x time: 00:00:00 | null | 00:01:01");
  arrow_expect_fixed("ttm", secs, 4, 2, NULL, "x time: 00:00:00 | 00:01:26.399000");
  arrow_expect_fixed("ttu", date_ms, 8, 1, NULL, "x time: 00:00:00");
  arrow_expect_fixed("ttu", day, 8, 1, NULL, "column x: row 1 is out of range");
  arrow_expect_fixed("ttu", day, 8, 1, "x", "x time: null");
  arrow_expect_fixed("ttn", ns, 8, 1, NULL, "x time: 00:00:00.000001");
  arrow_expect_fixed("tss:UTC", s, 8, 3, NULL,
                     "x datetime: 1970-01-01 00:00:00 | 2020-01-01 00:00:00 | "
                     "1969-12-31 23:59:59");
  arrow_expect_fixed("tss:", huge, 8, 1, NULL, "row 1 is out of range");
  arrow_expect_fixed("tsm:Europe/Berlin", s, 8, 2, NULL,
                     "x datetime: 1970-01-01 00:00:00 | 1970-01-19 06:17:16.800000");
  arrow_expect_fixed("tsu:", s, 8, 1, NULL, "x datetime: 1970-01-01 00:00:00");
  arrow_expect_fixed("tsn:", ns, 8, 2, NULL,
                     "x datetime: 1970-01-01 00:00:00.000001 | 1969-12-31 23:59:59.999998");
  arrow_expect_fixed("tsn:", bad_ns, 8, 2, NULL, "row 2 would lose what is below");
  arrow_expect_fixed("tsn:", bad_ns, 8, 2, ".x", "x datetime: 1970-01-01 00:00:00 | null");
  arrow_expect_fixed("tDs", s, 8, 1, NULL, "x duration: 00:00:00");
  arrow_expect_fixed("tDn", ns, 8, 3, "..x",
                     "x duration: 00:00:00.000001 | -00:00:00.000002 | null");
}

TEST(arrow_decimals) {
  static const int64_t wide[] = { 1230, 0, -5, -1, 7, 7 };
  static const int64_t large[] = { INT64_C(1000000000000000000), 0 };
  static const int64_t four[] = { -250, -1, -1, -1 };
  static const int32_t narrow[] = { 1230, -5 };
  arrow_expect_fixed("d:10,2", wide, 16, 2, NULL, "x decimal(2): 12.30 | -0.05");
  arrow_expect_fixed("d:38,2", wide, 16, 3, NULL, "column x: row 3 has more than 18 digits");
  arrow_expect_fixed("d:38,2,128", wide, 16, 3, "..x", "x decimal(2): 12.30 | -0.05 | null");
  arrow_expect_fixed("d:38,0", large, 16, 1, NULL, "row 1 has more than 18 digits");
  arrow_expect_fixed("d:50,1,256", four, 32, 1, NULL, "x decimal(1): -25.0");
  arrow_expect_fixed("d:9,2,32", narrow, 4, 2, NULL, "x decimal(2): 12.30 | -0.05");
  arrow_expect_fixed("d:9,2,64", wide, 8, 2, NULL, "x decimal(2): 12.30 | 0.00");
  arrow_expect_fixed("d:38,19", wide, 16, 1, NULL, "has 19 digits behind the point");
  arrow_expect_fixed("d:38,-1", wide, 16, 1, NULL, "a decimal here has 0 to 18");
  arrow_expect_fixed("d:x,1", wide, 16, 1, NULL, "has no number there");
}

TEST(arrow_texts_and_bits) {
  static const char *const texts[] = { "a", NULL, "", "a text of more than twelve", "zoë" };
  const char *want = "x str: a | null |  | a text of more than twelve | zoë";
  for (int mode = 0; mode < 8; mode++) {
    struct ArrowSchema s;
    struct ArrowArray x;
    static const char *const formats[] = { "u", "U", "z", "Z" };
    arrow_wrap(&s, &x, arrow_schema(formats[mode % 4], "x", 0),
               arrow_texts(texts, 5, mode / 4 * 5, mode % 2 ? 8 : 4));
    arrow_expect(formats[mode % 4], &s, &x, want);
  }
  arrow_expect_fixed("w:2", "abcdef", 2, 3, ".x.", "x str: ab | null | ef");
  for (int64_t offset = 0; offset < 11; offset += 5) {
    uint8_t bits[4] = { 0 };
    struct ArrowSchema s;
    struct ArrowArray x, *b = arrow_array(5, offset, 0);
    for (int64_t i = offset; i < offset + 5; i += 2) bits[i / 8] |= (uint8_t)(1 << i % 8);
    arrow_bits(b, ".x...", 5, offset);
    arrow_buffer(b, bits, (size_t)(5 + offset + 7) / 8, false);
    arrow_wrap(&s, &x, arrow_schema("b", "x", 0), b);
    arrow_expect("b", &s, &x, "x bool: true | null | true | false | true");
  }
  struct ArrowSchema s;
  struct ArrowArray x, *none = arrow_array(2, 3, 0);
  arrow_wrap(&s, &x, arrow_schema("n", "x", 0), none);
  arrow_expect("n", &s, &x, "x str: null | null");
}

// One view of 16 bytes.
static void arrow_view_put(char *to, const char *text, int32_t buffer, int32_t offset) {
  int32_t len = (int32_t)strlen(text);
  memset(to, 0, 16);
  memcpy(to, &len, 4);
  if (len <= 12) { memcpy(to + 4, text, (size_t)len); return; }
  memcpy(to + 4, text, 4);
  memcpy(to + 8, &buffer, 4);
  memcpy(to + 12, &offset, 4);
}

static struct ArrowArray *arrow_views(int32_t buffer, int32_t offset) {
  struct ArrowArray *x = arrow_array(3, 1, 0);
  char views[64];
  static const int64_t sizes[] = { 4, 20 };
  memset(views, 0xff, sizeof views);
  arrow_view_put(views + 16, "short", 0, 0);
  arrow_view_put(views + 32, "a text that is long", buffer, offset);
  arrow_bits(x, "..x", 3, 1);
  arrow_buffer(x, views, 64, true);
  arrow_buffer(x, "....", 4, false);
  arrow_buffer(x, "_a text that is long", 20, false);
  arrow_buffer(x, sizes, 16, true);
  return x;
}

TEST(arrow_view_layout) {
  struct ArrowSchema s;
  struct ArrowArray x;
  static const int32_t bad[][2] = { { 2, 0 }, { 1, 2 }, { -1, 0 }, { 0, 1 }, { 1, -1 } };
  arrow_wrap(&s, &x, arrow_schema("vu", "x", 0), arrow_views(1, 1));
  arrow_expect("vu", &s, &x, "x str: short | a text that is long | null");
  for (int i = 0; i < 5; i++) {
    arrow_wrap(&s, &x, arrow_schema("vz", "x", 0), arrow_views(bad[i][0], bad[i][1]));
    arrow_expect("vz", &s, &x, "column x: row 2 has a view of no buffer's bytes");
  }
}

TEST(arrow_lists) {
  static const int32_t values[] = { 1, 2, 3, 4, 5, 6 }, small[] = { 9, 0, 2, 2, 5 };
  static const int32_t starts[] = { 3, 0, 1 }, sizes[] = { 2, 0, 3 };
  static const int64_t large[] = { 9, 0, 2, 2, 5 };
  static const char *const texts[] = { "x", NULL, "y", "a long text in a list", "z" };
  struct ArrowSchema s, *l;
  struct ArrowArray x, *a;
  for (int mode = 0; mode < 5; mode++) {
    static const char *const formats[] = { "+l", "+L", "+vl", "+w:2", "+l" };
    int64_t rows = 3, offset = mode == 2 || mode == 3 ? 0 : 1;
    a = arrow_array(rows, offset, 1);
    if (mode == 3) arrow_buffer(a, NULL, 0, false);
    else arrow_bits(a, mode == 2 ? "..." : ".x.", 3, offset);
    if (mode == 0 || mode == 4) arrow_buffer(a, small, 20, true);
    if (mode == 1) arrow_buffer(a, large, 40, false);
    if (mode == 2) { arrow_buffer(a, starts, 12, false); arrow_buffer(a, sizes, 12, true); }
    a->children[0] = mode == 4 ? arrow_texts(texts, 5, 2, 4)
                               : arrow_fixed(values, 4, 6, "...x..", 3, true);
    l = arrow_schema(formats[mode], "x", 1);
    l->children[0] = arrow_schema(mode == 4 ? "u" : "i", "item", 0);
    arrow_wrap(&s, &x, l, a);
    arrow_expect(formats[mode], &s, &x,
                 mode == 2 ? "x list(i32): [null, 5] | [] | [2, 3, null]"
                 : mode == 3 ? "x list(i32): [1, 2] | [3, null] | [5, 6]"
                 : mode == 4 ? "x list(str): ['x', null] | null | "
                               "['y', 'a long text in a list', 'z']"
                             : "x list(i32): [1, 2] | null | [3, null, 5]");
  }
  // a list of lists
  l = arrow_schema("+l", "x", 1);
  l->children[0] = arrow_schema("+l", "item", 1);
  l->children[0]->children[0] = arrow_schema("i", "item", 0);
  arrow_wrap(&s, &x, l, arrow_array(0, 0, 0));
  arrow_expect("+l", &s, &x, "lists of lists have no type here");
}

// A dictionary of texts or decimals behind indices of a width.
TEST(arrow_dictionaries) {
  static const char *const words[] = { "red", NULL, "a colour with a long name" };
  static const int8_t narrow[] = { 2, 0, 1, 0 };
  static const uint64_t wide[] = { 2, 0, 1, 0 };
  static const int16_t bad[] = { 0, 3 }, negative[] = { -1, 0 };
  static const int32_t days[] = { 5, 6, 7 };
  struct { const char *format; const void *values; size_t size; int rows; const char *want; }
  rows[] = {
    { "c", narrow, 1, 4, "x str: a colour with a long name | red | null | red" },
    { "L", wide, 8, 4, "x str: a colour with a long name | red | null | red" },
    { "s", bad, 2, 2, "column x: row 2 has index 3 into a dictionary of 3" },
    { "s", negative, 2, 2, "column x: row 1 has index -1 into a dictionary of 3" },
  };
  struct ArrowSchema s;
  struct ArrowArray x, *a;
  struct ArrowSchema *c;
  for (int r = 0; r < 4; r++) {
    c = arrow_schema(rows[r].format, "x", 0);
    c->dictionary = arrow_schema("U", "", 0);
    a = arrow_fixed(rows[r].values, rows[r].size, rows[r].rows, NULL, 2, true);
    a->dictionary = arrow_texts(words, 3, 4, 8);
    arrow_wrap(&s, &x, c, a);
    arrow_expect("dictionary", &s, &x, rows[r].want);
  }
  c = arrow_schema("c", "x", 0);
  c->dictionary = arrow_schema("tdD", "", 0);
  a = arrow_fixed(narrow, 1, 4, ".x..", 0, false);
  a->dictionary = arrow_fixed(days, 4, 3, NULL, 1, true);
  arrow_wrap(&s, &x, c, a);
  arrow_expect("dictionary", &s, &x, "x date: 1970-01-08 | null | 1970-01-07 | 1970-01-06");
  c = arrow_schema("g", "x", 0);
  c->dictionary = arrow_schema("u", "", 0);
  arrow_wrap(&s, &x, c, arrow_array(0, 0, 0));
  arrow_expect("dictionary", &s, &x, "the indices of a dictionary are no integers");
}

// Offsets and nulls at each level: of the batch, of a struct in it, and of the columns.
TEST(arrow_structs) {
  static const int32_t ids[] = { 1, 2, 3, 4, 5, 6, 7 };
  static const char *const names[] = { "a", "b", "c", "d", NULL, "f" };
  struct ArrowSchema s, *inner;
  struct ArrowArray x, *in;
  arrow_schema_in(&s, "+s", NULL, 3);
  inner = arrow_schema("+s", "p", 2);
  inner->children[0] = arrow_schema("u", "name", 0);
  inner->children[1] = arrow_schema("i", NULL, 0);
  s.children[0] = arrow_schema("i", "id", 0);
  s.children[1] = inner;
  s.children[2] = arrow_schema("+s", "empty", 0);
  arrow_array_in(&x, 4, 1, 3);
  arrow_bits(&x, "...x", 4, 1);
  x.children[0] = arrow_fixed(ids, 4, 7, NULL, 2, true);
  in = arrow_array(5, 1, 2);
  arrow_bits(in, "..x..", 5, 1);
  in->children[0] = arrow_texts(names, 6, 3, 4);
  in->children[1] = arrow_fixed(ids, 4, 6, "......", 0, false);
  x.children[1] = in;
  x.children[2] = arrow_array(5, 0, 0);
  arrow_buffer(x.children[2], NULL, 0, false);
  arrow_expect("struct", &s, &x,
               "id i32: 2 | 3 | 4 | null\n"
               "p.name str: c | null | null | null\n"
               "p.column_2 i32: 3 | null | 5 | null");
}

TEST(arrow_formats_refused) {
  static const char *const rows[][2] = {
    { "+m", "column x: its Arrow format '+m' is a map; try: hand over" },
    { "+ud:0,1", "its Arrow format '+ud:0,1' is a union; try: " },
    { "+us:0", "is a union" }, { "+r", "is run-end encoded; try: decode it" },
    { "tiM", "is an interval; try: a duration" }, { "tin", "is an interval" },
    { "", "its Arrow format '' is none that is known here" },
    { "uu", "its Arrow format 'uu' is none that is known here" },
    { "w:", "has no number there" }, { "w:-3", "its Arrow format is 'w:-3'" },
    { "+w:99999999999999", "its Arrow format is '+w:99999999999999'" },
    { "w:9999999999999999999999", "has no number there" },
    { "ts", "none that is known" }, { "d:", "has no number there" },
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    struct ArrowSchema s;
    struct ArrowArray x;
    arrow_wrap(&s, &x, arrow_schema(rows[r][0], "x", 0), arrow_array(0, 0, 0));
    arrow_expect(rows[r][0], &s, &x, rows[r][1]);
  }
}

// ---- what a wrong array says ----------------------------------------------------------------

// Breaks one thing of a batch of a number and a text.
static const char *arrow_spoil(int how, struct ArrowSchema *s, struct ArrowArray *x) {
  static const int32_t back[] = { 4, 1, 2, 3 }, below[] = { INT32_MIN, 1, 2, 3 };
  struct ArrowArray *id = x->children[0], *name = x->children[1];
  switch (how) {
    case 0: x->length = -1; return "the array has length -1 and offset 0";
    case 1: id->offset = -2; return "column id: the array has length 3 and offset -2";
    case 2: id->length = 2; return "column id: the array has 2 rows, and 3 are needed";
    case 3: x->offset = 1; return "column id: the array has 3 rows, and 4 are needed";
    case 4: id->n_buffers = 1; return "column id: the array has 1 buffers, and 2 are needed";
    case 5: name->n_buffers = 2; return "column name: the array has 2 buffers, and 3";
    case 6: name->null_count = 7; return "column name: the array has a null_count of 7";
    case 7: id->null_count = -2; return "column id: the array has a null_count of -2";
    case 8: id->null_count = 2; return "has 2 nulls and no bits that say where";
    case 9: id->buffers[1] = NULL; return "column id: buffer 1 of the array is NULL";
    case 10: name->buffers[1] = NULL; return "column name: row 1 has offsets that are missing";
    case 11: name->buffers[2] = NULL; return "column name: row 1 has no bytes";
    case 12: x->n_children = 1; return "the array has 1 children, and 2 are needed";
    case 13: id->n_children = 1; return "column id: the array has 1 children, and 0 are needed";
    case 14: x->length = INT64_MAX; return "column (all): the array has length";
    case 15: s->children[0]->format = NULL; return "column id: the schema was released already";
    case 16: s->children[1]->name = "id"; return "column id stands twice";
    case 17: name->buffers[1] = back;
      return "column name: row 1 has offsets that are missing or go back";
    case 18: name->buffers[1] = below;
      return "row 1 has offsets";
    case 19: free(id->dictionary); id->dictionary = arrow_array(1, 0, 0);
      return "column id: the array has a dictionary";
    case 20: free(name->children); name->children = NULL; name->n_children = 3;
      return "column name: the array has 3 children";
    case 21: x->n_buffers = 0; return "the array has 0 buffers, and 1 are needed";
    default: return NULL;
  }
}

TEST(arrow_hostile_arrays) {
  static const int32_t ids[] = { 1, 2, 3 };
  static const char *const names[] = { "a", "b", "c" };
  for (int how = 0; how < 22; how++)
    for (int streams = 0; streams < 2; streams++) {
      struct ArrowSchema s;
      struct ArrowArray x;
      struct ArrowArrayStream stream;
      dfq *db = dfq_open(NULL);
      arrow_schema_in(&s, "+s", "", 2);
      s.children[0] = arrow_schema("i", "id", 0);
      s.children[1] = arrow_schema("u", "name", 0);
      arrow_array_in(&x, 3, 0, 2);
      arrow_buffer(&x, NULL, 0, false);
      x.children[0] = arrow_fixed(ids, 4, 3, NULL, 0, false);
      x.children[1] = arrow_texts(names, 3, 0, 4);
      const char *want = arrow_spoil(how, &s, &x);
      dfq_table *t;
      if (streams) {
        arrow_list *l = arrow_stream(&stream);
        l->schema = s;
        l->array[0] = x;
        l->count = 1;
        dfq_frame *f = dfq_scan_arrow_stream(db, &stream);
        CHECK(!stream.release);
        t = dfq_collect(f);
      } else {
        t = dfq_import_arrow(db, &s, &x);
      }
      CHECK(!t);
      CHECK_HAS(dfq_error(db), want);
      dfq_close(db);
      if (!CHECK_INT(arrow_live, 0)) { printf("  case %d\n", how); arrow_live = 0; }
    }
}

// ---- streams --------------------------------------------------------------------------------

// A stream of two batches and an empty one, ids 0 to 9, with a name each.
static arrow_list *arrow_example(struct ArrowArrayStream *stream) {
  static const int64_t ids[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
  static const char *const names[] = { "a", "b", NULL, "d", "the fifth of the names", "f" };
  static const int rows[] = { 6, 0, 4 };
  arrow_list *l = arrow_stream(stream);
  arrow_schema_in(&l->schema, "+s", "", 2);
  l->schema.children[0] = arrow_schema("l", "id", 0);
  l->schema.children[1] = arrow_schema("u", "name", 0);
  for (int i = 0; i < 3; i++) {
    struct ArrowArray *x = arrow_array_in(&l->array[l->count++], rows[i], 0, 2);
    arrow_buffer(x, NULL, 0, false);
    x->children[0] = arrow_fixed(ids + (i ? 6 : 0), 8, rows[i], NULL, i, i == 2);
    x->children[1] = arrow_texts(names, rows[i], i, 4);
  }
  return l;
}

TEST(arrow_stream_scan) {
  struct ArrowArrayStream stream;
  dfq *db = dfq_open(NULL);
  arrow_example(&stream);
  dfq_frame *f = dfq_scan_arrow_stream(db, &stream);
  CHECK(!stream.release);
  f = dfq_group_by(dfq_filter(f, "id > 1"), "name", "sum(id) as s");
  CHECK_HAS(dfq_explain_text(f, DFQ_EXPLAIN_OPTIMIZED), "scan#1 pages of an Arrow stream");
  dfq_table *t = dfq_collect(f);
  test_string got = { NULL, 0, 0 };
  arrow_say(&got, t);
  CHECK_STR(got.s, "name str: null | d | the fifth of the names | f | a | b\n"
                   "s i64: 10 | 12 | 4 | 5 | 6 | 7");
  CHECK_INT(arrow_live, 0);   // the run is over, nothing is kept
  CHECK(!dfq_collect(f));
  CHECK_HAS(dfq_error(db), "an Arrow stream can be read once only (one_shot), and it was");
  dfq_table_free(t);
  free(got.s);
  arrow_example(&stream);     // one that nobody runs, and one that is not read to its end
  dfq_scan_arrow_stream(db, &stream);
  arrow_example(&stream);
  CHECK_INT(dfq_count(dfq_limit(dfq_scan_arrow_stream(db, &stream), 3)), 3);
  dfq_close(db);
  CHECK_INT(arrow_live, 0);
}

TEST(arrow_stream_errors) {
  struct ArrowArrayStream stream;
  dfq *db = dfq_open(NULL);
  arrow_example(&stream)->fails_at = 3;
  CHECK(!dfq_collect(dfq_scan_arrow_stream(db, &stream)));
  CHECK_HAS(dfq_error(db), "page 3 of an Arrow stream: the wire is cut");
  CHECK_INT(arrow_live, 0);
  arrow_example(&stream)->schema_error = 22;
  dfq_frame *f = dfq_scan_arrow_stream(db, &stream);
  CHECK_HAS(dfq_frame_error(f), "the Arrow stream has no schema: the Arrow stream returned "
                                "error 22");
  CHECK_INT(arrow_live, 0);
  f = dfq_scan_arrow_stream_at(db, &stream, "here.c:3");
  CHECK_HAS(dfq_frame_error(f), "here.c:3, scan: the Arrow stream was released already");
  arrow_list *l = arrow_stream(&stream);
  arrow_schema_in(&l->schema, "u", "x", 0);
  f = dfq_scan_arrow_stream(db, &stream);
  CHECK_HAS(dfq_frame_error(f), "an Arrow stream of structs is needed, and this is one of 'u'");
  struct ArrowSchema s;
  struct ArrowArray x;
  memset(&s, 0, sizeof s);
  memset(&x, 0, sizeof x);
  CHECK(!dfq_import_arrow(db, &s, &x));
  CHECK_HAS(dfq_error(db), "was released already");
  dfq_close(db);
  CHECK_INT(arrow_live, 0);
}

// An array that is no struct is a column by itself.
TEST(arrow_single_column) {
  static const char *const texts[] = { "a", NULL };
  struct ArrowSchema s, *from = arrow_schema("u", "word", 0);
  struct ArrowArray x, *values = arrow_texts(texts, 2, 0, 4);
  s = *from;
  x = *values;
  free(from);
  free(values);
  arrow_expect("column", &s, &x, "word str: a | null");
}

// ---- export ---------------------------------------------------------------------------------

static const dfq_type arrow_types[] = {
  DFQ_BOOL, DFQ_I8, DFQ_I16, DFQ_I32, DFQ_I64, DFQ_U8, DFQ_U16, DFQ_U32, DFQ_U64, DFQ_F32,
  DFQ_F64, DFQ_STR, DFQ_DATE, DFQ_DATETIME, DFQ_DURATION, DFQ_TIME, dfq_decimal_of(0),
  dfq_decimal_of(2), dfq_decimal_of(18), dfq_list_of(DFQ_I64), dfq_list_of(DFQ_STR),
  dfq_list_of(DFQ_BOOL), dfq_list_of(DFQ_DATE), dfq_list_of(dfq_decimal_of(3)),
  dfq_list_of(DFQ_F32), dfq_list_of(DFQ_U8)
};
enum { ARROW_TYPES = sizeof arrow_types / sizeof arrow_types[0] };

static dfq_value arrow_random(dfq *db, dfq_type type, uint64_t *state) {
  static const char *const texts[] = { "", "a", "exactly 12 b", "thirteen byte", "é\n\"'",
                                       "x" };
  dfq_value v = dfq__value_null(), some[3];
  uint64_t r = test_random(state);
  if (r % 5 == 0) return v;
  r >>= 8;
  v.type = type;
  switch (dfq__kind(type)) {
    case DFQ_BOOL: v.as.i = r & 1; break;
    case DFQ_I8: v.as.i = (int8_t)r; break;
    case DFQ_I16: v.as.i = (int16_t)r; break;
    case DFQ_I32: case DFQ_DATE: v.as.i = (int32_t)r; break;
    case DFQ_U8: v.as.i = (uint8_t)r; break;
    case DFQ_U16: v.as.i = (uint16_t)r; break;
    case DFQ_U32: v.as.i = (uint32_t)r; break;
    case DFQ_F64: v.as.f = r % 7 ? (double)(int64_t)r / 3 : (double)NAN; break;
    case DFQ_F32: v.as.f = r % 7 ? (double)(float)((int32_t)r / 3.0) : (double)INFINITY; break;
    case DFQ_STR:
      v.as.s = texts[r % 6];
      v.len = (uint32_t)strlen(v.as.s);
      break;
    case DFQ_TIME: v.as.i = (int64_t)(r % (uint64_t)DFQ__DAY); break;
    case DFQ_DECIMAL: v.as.i = (int64_t)(r % 1000000) - 500000; break;
    case DFQ_LIST:
      for (int i = 0; i < 3; i++) some[i] = arrow_random(db, type >> 8, state);
      CHECK(dfq_list_value(db, type >> 8, some, r % 4, &v));
      break;
    default: v.as.i = (int64_t)(r * 3); break;
  }
  return v;
}

static dfq_table *arrow_random_table(dfq *db, size_t rows, uint64_t *state) {
  dfq_field field[ARROW_TYPES];
  char names[ARROW_TYPES][16];
  dfq_value *cells = (dfq_value *)test_alloc((rows * ARROW_TYPES + 1) * sizeof *cells);
  for (int c = 0; c < ARROW_TYPES; c++) {
    snprintf(names[c], sizeof names[c], "c%d", c);
    field[c].name = names[c];
    field[c].type = arrow_types[c];
    field[c].why = NULL;
    for (size_t r = 0; r < rows; r++)
      cells[r * ARROW_TYPES + (size_t)c] = arrow_random(db, arrow_types[c], state);
  }
  dfq_table *t = dfq_table_from_rows(db, field, ARROW_TYPES, cells, rows);
  free(cells);
  return t;
}

// What a well-behaved array looks like.
static bool arrow_sound(const struct ArrowSchema *s, const struct ArrowArray *x) {
  bool good = s->release && x->release && x->offset == 0 && x->null_count >= 0 &&
              s->n_children == x->n_children && !x->dictionary && x->null_count <= x->length;
  for (int64_t i = 0; good && i < x->n_children; i++)
    good = x->children[i]->length >= (*s->format == '+' && s->format[1] == 's' ? x->length : 0)
           && arrow_sound(s->children[i], x->children[i]);
  return good && (x->null_count == 0) == (x->n_buffers == 0 || !x->buffers[0]);
}

TEST(arrow_round_trip) {
  uint64_t state = 3;
  static const size_t sizes[] = { 0, 1, 7, 64, 300 };
  for (int i = 0; i < 5; i++)
    for (int mode = 0; mode < 3; mode++) {
      char why[256] = "";
      struct ArrowArrayStream stream;
      struct ArrowSchema s;
      struct ArrowArray x;
      dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
      dfq_table *first = arrow_random_table(db, sizes[i], &state), *got = NULL;
      if (i % 2) db->heap->narrow = 30;      // whole numbers are kept narrow, see >>narrow
      dfq_table *want = dfq_collect(dfq_scan_table(db, first));
      dfq_table_free(first);
      dfq_frame *f = dfq_scan_table(db, want);
      dfq_run_options run;
      memset(&run, 0, sizeof run);
      run.batch_rows = mode ? 50 : 0;
      run.engine = mode == 1 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
      if (mode < 2) {
        CHECK(dfq_export_arrow(dfq_configure(f, &run), &stream));
        got = dfq_collect(dfq_scan_arrow_stream(other, &stream));
      } else if (CHECK(dfq_table_export(db, want, &s, &x))) {
        dfq_table_free(want);            // the array holds it
        CHECK(arrow_sound(&s, &x));
        got = dfq_import_arrow(other, &s, &x);
        want = dfq_collect(f);
      }
      if (!CHECK(dfq_table_equal(got, want, why, sizeof why)))
        test_fail("  %zu rows, mode %d: %s %s\n", sizes[i], mode, why, dfq_error(other));
      dfq_table_free(got);
      dfq_table_free(want);
      dfq_close(other);
      dfq_close(db);
    }
}

// A consumer that moves children out, lets go of parents first, and keeps what it took for
// longer than everything it came from.
TEST(arrow_hostile_consumer) {
  uint64_t state = 9;
  struct ArrowArrayStream stream;
  struct ArrowSchema schema, again;
  struct ArrowArray x, kept[ARROW_TYPES], after;
  dfq *db = dfq_open(NULL);
  dfq_table *t = arrow_random_table(db, 100, &state);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.batch_rows = 40;
  CHECK(dfq_export_arrow(dfq_configure(dfq_scan_table(db, t), &run), &stream));
  CHECK(!stream.get_last_error(&stream));
  CHECK_INT(stream.get_next(&stream, &x), 0);       // before the schema
  CHECK_INT(stream.get_schema(&stream, &schema), 0);
  CHECK_INT(stream.get_schema(&stream, &again), 0);
  again.release(&again);
  CHECK(arrow_sound(&schema, &x));
  CHECK_INT(x.length, 40);
  for (int c = 0; c < ARROW_TYPES; c++) {
    kept[c] = *x.children[c];
    x.children[c]->release = NULL;
  }
  x.release(&x);
  CHECK(!x.release);
  stream.release(&stream);                          // in the middle
  CHECK(!stream.release);
  dfq_table_free(t);
  dfq_close(db);
  for (int c = 0; c < ARROW_TYPES; c++) {           // reads them, and frees them
    struct ArrowSchema one = *schema.children[c];
    dfq *other = dfq_open(NULL);
    schema.children[c]->release = NULL;
    dfq_table *column = dfq_import_arrow(other, &one, &kept[c]);
    if (!CHECK_INT(dfq_table_rows(column), 40)) printf("  %s\n", dfq_error(other));
    CHECK(!kept[c].release);
    dfq_table_free(column);
    dfq_close(other);
  }
  schema.release(&schema);
  db = dfq_open(NULL);
  t = arrow_random_table(db, 3, &state);
  CHECK(dfq_export_arrow(dfq_scan_table(db, t), &stream));
  CHECK_INT(stream.get_next(&stream, &x), 0);
  for (int i = 0; i < 3; i++) {                     // the end, as often as one likes
    CHECK_INT(stream.get_next(&stream, &after), 0);
    CHECK(!after.release);
  }
  stream.release(&stream);
  dfq_table_free(t);
  dfq_close(db);
  x.release(&x);
}

TEST(arrow_export_errors) {
  struct ArrowArrayStream stream;
  struct ArrowArray x;
  dfq *db = dfq_open(NULL);
  const char *path = test_file("arrow_bad.csv", "a,b\n1,2\n3,4\n5,9223372036854775807\n");
  dfq_frame *f = dfq_with_columns(dfq_scan_csv(db, path, NULL), "b + a as c");
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.batch_rows = 1;
  CHECK(dfq_export_arrow(dfq_configure(f, &run), &stream));
  for (int i = 0; i < 2; i++) {
    CHECK_INT(stream.get_next(&stream, &x), 0);
    x.release(&x);
  }
  for (int i = 0; i < 2; i++) {
    CHECK(stream.get_next(&stream, &x) != 0);
    CHECK(!x.release);
    CHECK_HAS(stream.get_last_error(&stream), "value error");
  }
  stream.release(&stream);
  CHECK(!dfq_export_arrow(dfq_filter(f, "nix > 1"), &stream));
  CHECK_HAS(dfq_error(db), "no column nix");
  CHECK(!stream.release);
  dfq_close(db);
}

// Every call for memory fails once, on both sides.
TEST(arrow_no_memory) {
  bool asked = true;
  for (size_t fail_at = 1; asked && fail_at < 2000; fail_at++) {
    uint64_t state = 9;
    struct ArrowArrayStream stream;
    ch0_hook h = ch0_hook_new(fail_at, fail_at % 2);
    dfq *db = ch0_open(&h, 0), *safe = dfq_open(NULL);
    dfq_table *from = arrow_random_table(safe, 5, &state), *t = NULL;
    if (db && dfq_export_arrow(dfq_scan_table(db, from), &stream))
      t = dfq_collect(dfq_scan_arrow_stream(db, &stream));
    asked = h.calls >= fail_at;
    if (!asked && !CHECK(t != NULL)) test_fail("  %s\n", dfq_error(db));
    if (!t && db) CHECK_HAS(dfq_error(db), "memory");
    dfq_table_free(t);
    dfq_close(db);
    dfq_table_free(from);
    dfq_close(safe);
  }
}

// ---- Arrow pages of a source of one's own ---------------------------------------------------

typedef struct arrow_pages {
  struct ArrowSchema schema;
  struct ArrowArray array;
  int at;
} arrow_pages;

static void *arrow_pages_open(void *user, const dfq_scan_request *r, const char **why) {
  arrow_pages *p = (arrow_pages *)calloc(1, sizeof *p);
  (void)r;
  (void)why;
  CHECK(dfq_table_export(NULL, (dfq_table *)user, &p->schema, &p->array));
  return p;
}

static int arrow_pages_next(void *cursor, dfq_page *page, const char **why) {
  arrow_pages *p = (arrow_pages *)cursor;
  (void)why;
  if (p->at++) return 0;
  dfq_page_arrow(page, &p->schema, &p->array);
  return 1;
}

static void arrow_pages_close(void *cursor) {
  arrow_pages *p = (arrow_pages *)cursor;
  p->schema.release(&p->schema);
  p->array.release(&p->array);
  free(p);
}

TEST(arrow_pages_of_a_source) {
  uint64_t state = 5;
  dfq *db = dfq_open(NULL);
  dfq_table *t = arrow_random_table(db, 60, &state);
  dfq_source source;
  dfq_field fields[ARROW_TYPES];
  memset(&source, 0, sizeof source);
  memcpy(fields, dfq_table_schema(t)->field, sizeof fields);
  source.size = sizeof source;
  source.fields = fields;
  source.count = ARROW_TYPES;
  source.user = t;
  source.open = arrow_pages_open;
  source.next = arrow_pages_next;
  source.close = arrow_pages_close;
  if (!CHECK(dfq_check_source(db, &source, NULL))) printf("%s\n", dfq_error(db));
  fields[3].type = DFQ_I64;
  CHECK(dfq_count(dfq_scan_source(db, &source)) < 0);
  CHECK_HAS(dfq_error(db), "column c3 comes as i32, it was declared i64");
  source.count = 4;
  CHECK(dfq_count(dfq_scan_source(db, &source)) < 0);
  CHECK_HAS(dfq_error(db), "the array has 26 columns, the source 4");
  dfq_table_free(t);
  dfq_close(db);
}

static void run_ch6_arrow(void) {
  RUN(arrow_numbers);
  RUN(arrow_times);
  RUN(arrow_decimals);
  RUN(arrow_texts_and_bits);
  RUN(arrow_view_layout);
  RUN(arrow_lists);
  RUN(arrow_dictionaries);
  RUN(arrow_structs);
  RUN(arrow_formats_refused);
  RUN(arrow_hostile_arrays);
  RUN(arrow_stream_scan);
  RUN(arrow_stream_errors);
  RUN(arrow_single_column);
  RUN(arrow_round_trip);
  RUN(arrow_hostile_consumer);
  RUN(arrow_export_errors);
  RUN(arrow_no_memory);
  RUN(arrow_pages_of_a_source);
}
