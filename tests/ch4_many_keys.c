// ch4_many_keys.c - keys by the hundred: up to 63 columns may be packed into a word, more are a
// row of words, with words of null bits behind them, one for every 64 columns.

enum { MANY_KEYS = 129, MANY_ROWS = 100, MANY_KINDS = 7 };

// "k0, k1, ...": the first n. Owns: nobody; a static text.
static const char *many_names(int n) {
  static char text[2000];
  size_t len = 0;
  for (int i = 0; i < n; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "%sk%d", i ? ", " : "", i);
  return text;
}

// A cell of column c: as in most rows, or another value.
static dfq_value many_cell(int c, dfq_type type, bool other) {
  if (type == DFQ_STR) return dfq__value_str(other ? "that" : "this", 4);
  if (type == DFQ_F64) return dfq__value_f64(other ? -0.5 : 1.5);
  return dfq__value_int(DFQ_I64, c + (other ? 100 : 0));
}

// Columns k0, k1, ... and kind, which is equal where all of them are: rows differ in one column
// at most, the first, one about the 64th, or one of the last two, which has another value there
// or is null. floats: some are. Owns: the caller.
static dfq_table *many_table(dfq *db, int keys, bool floats) {
  static char name[MANY_KEYS][16];
  const int differs[MANY_KINDS] = { MANY_KEYS, 0, 62, 63, 64, keys - 1, keys - 2 };
  dfq_field field[MANY_KEYS + 1];
  size_t columns = (size_t)keys + 1;
  dfq_value *cells = (dfq_value *)test_alloc(MANY_ROWS * columns * sizeof *cells);
  memset(field, 0, sizeof field);
  for (int c = 0; c < keys; c++) {
    snprintf(name[c], sizeof name[c], "k%d", c);
    field[c].name = name[c];
    field[c].type = c % 3 == 2 ? DFQ_STR : floats && c % 5 == 1 ? DFQ_F64 : DFQ_I64;
  }
  field[keys].name = "kind";
  field[keys].type = DFQ_I64;
  uint64_t seed = 7;
  for (size_t r = 0; r < MANY_ROWS; r++) {
    dfq_value *row = cells + r * columns;
    int at = differs[test_random(&seed) % MANY_KINDS];
    bool null = test_random(&seed) % 2;
    for (int c = 0; c < keys; c++) {
      row[c] = many_cell(c, field[c].type, c == at);
      if (c == at && null) row[c] = dfq__value_null();
    }
    row[keys] = dfq__value_int(DFQ_I64, at >= keys ? 0 : null ? -1 - at : 1 + at);
  }
  dfq_table *t = dfq_table_from_rows(db, field, keys + 1, cells, MANY_ROWS);
  free(cells);
  return t;
}

// As many rows as of the other frame, and the same however it is run.
static void many_like(dfq_frame *f, dfq_frame *want) {
  CHECK_SAME(f);
  CHECK_INT(dfq_count(f), dfq_count(want));
}

// What is asked by the keys and by the kind has the same answer.
static void many_alike(dfq_frame *f, int keys) {
  const char *k = many_names(keys);
  char over[2200];
  dfq_frame *groups = dfq_group_by(f, k, "n_unique(kind) as kinds, count() as n");
  many_like(groups, dfq_distinct(f, "kind"));
  CHECK_INT(dfq_count(dfq_filter(groups, "kinds <> 1")), 0);
  many_like(dfq_distinct(f, k), dfq_distinct(f, "kind"));
  dfq_frame *known = dfq_distinct(dfq_filter(f, "kind <> 1"), NULL);
  many_like(dfq_join(f, known, k, DFQ_INNER),
            dfq_filter(dfq_join(f, known, "kind", DFQ_SEMI), "kind >= 0"));
  many_like(dfq_join(f, known, k, DFQ_ANTI), dfq_filter(f, "kind = 1 or kind < 0"));
  snprintf(over, sizeof over, "count() over (partition by %s) as a, "
           "count() over (partition by kind) as b", k);
  dfq_frame *counts = dfq_with_columns(f, over);
  CHECK_SAME(counts);
  CHECK_INT(dfq_count(dfq_filter(counts, "a <> b")), 0);
  snprintf(over, sizeof over, "row_number() over (partition by %s order by kind) as nr", k);
  many_like(dfq_filter(dfq_with_columns(f, over), "nr <= 1"), groups);
  int tables = 0;
  dfq_table **part = dfq_partition_by(f, k, &tables);
  CHECK_INT(tables, dfq_count(groups));
  for (int i = 0; part && i < tables; i++) dfq_table_free(part[i]);
}

// Keys as a table has them, and as they are computed: then texts have no numbers yet, and each
// thread gives them its own.
TEST(many_keys_as_few) {
  static const int some[] = { 63, 64, 65, MANY_KEYS };
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
    dfq *db = dfq_open(NULL);
    dfq_table *t = many_table(db, some[i], i % 2);
    dfq_frame *f = dfq_scan_table(db, t);
    many_alike(f, some[i]);
    f = dfq_with_columns(f, "concat(k2, '!') as k2, upper(k59) as k59");
    many_alike(f, some[i]);
    dfq_table_free(t);
    dfq_close(db);
  }
}

// A join behind which more columns must be equal has as many keys as it takes.
TEST(many_keys_of_a_filter) {
  dfq *db = dfq_open(NULL);
  dfq_table *t = many_table(db, 70, false);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_frame *known = dfq_select(dfq_distinct(f, NULL), "*, kind as other");
  dfq_frame *pairs = dfq_join(f, known, many_names(64), DFQ_INNER);
  dfq_frame *alike = dfq_filter(pairs, "k64 = k64_right and kind = other");
  many_like(alike, dfq_filter(f, "kind >= 0 or kind < -65"));   // none of the keys is null
  dfq_table_free(t);
  dfq_close(db);
}

static void run_ch4_many_keys(void) {
  RUN(many_keys_as_few);
  RUN(many_keys_of_a_filter);
}
