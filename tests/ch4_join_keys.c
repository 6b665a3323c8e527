// ch4_join_keys.c - joins by how often a key comes: once, where a key's number is its row; more
// often, where rows are chained. Every join type, keys that are null or texts, and
// sides of several batches.

// Rows whose key is row * step modulo cycle, null where it is below nulls.
static dfq_frame *join_keys_side(dfq *db, const char *name, int rows, int step, int cycle,
                                 int nulls) {
  static char text[1 << 15];
  char columns[64];
  size_t n = 0;
  text[0] = 0;
  for (int i = 0; i < rows; i++) {
    int key = i * step % cycle;
    n += (size_t)snprintf(text + n, sizeof text - n, "%s", i ? "; " : "");
    if (key < nulls) n += (size_t)snprintf(text + n, sizeof text - n, "null null %d", i);
    else n += (size_t)snprintf(text + n, sizeof text - n, "%d k%d %d", key, key, i);
  }
  snprintf(columns, sizeof columns, "k i64, s str, %s i64", name);
  return engine_scan(db, columns, text);
}

TEST(join_keys_match_model) {
  static const struct { int rows, step, cycle, nulls; } right[] = {
    { 0, 1, 1, 0 },       // no rows
    { 90, 7, 97, 0 },     // each key once, in no order
    { 90, 1, 97, 1 },     // ... and a null
    { 90, 1, 97, 3 },     // ... and several
    { 1, 1, 5, 1 },       // nothing but a null
    { 90, 7, 30, 2 },     // each key three times
  };
  static const char *const keys[] = { "k", "s", "k, s" };
  for (size_t r = 0; r < sizeof right / sizeof *right; r++)
    for (int t = 0; t < 6; t++)
      for (int k = 0; k < 6; k++) {
        dfq *db = dfq_open(NULL);
        dfq_frame *a = join_keys_side(db, "x", 200, 3, k < 3 ? 110 : 60, 2);
        dfq_frame *b = join_keys_side(db, "y", right[r].rows, right[r].step, right[r].cycle,
                                      right[r].nulls);
        dfq_join_options how;
        memset(&how, 0, sizeof how);
        how.keys = keys[k % 3];
        how.type = hash_joins[t];
        how.nulls_equal = k >= 3;
        if (!hash_check(dfq_join_with(a, b, &how)))
          test_fail("    right %d type %d on \"%s\"\n", (int)r, t, keys[k % 3]);
        dfq_close(db);
      }
}

// A left join whose columns are keys of what follows: the null of a text is no text.
TEST(join_keys_nulls_go_on) {
  dfq *db = dfq_open(NULL);
  dfq_frame *a = engine_scan(db, "k i64", "3; 1; 7; 2; 9");
  dfq_frame *b = engine_scan(db, "k i64, s str", "1 one; 2 null; 3 a_text_of_some_length");
  dfq_frame *left = dfq_join(a, b, "k", DFQ_LEFT);
  CHECK_STR(engine_all(left), "3 a_text_of_some_length; 1 one; 7 null; 2 null; 9 null");
  dfq_frame *names = engine_scan(db, "s str, n i64", "one 1; a_text_of_some_length 3; x 5");
  CHECK_STR(engine_all(dfq_join(left, names, "s", DFQ_LEFT)),
            "3 a_text_of_some_length 3; 1 one 1; 7 null null; 2 null null; 9 null null");
  CHECK(hash_check(dfq_join(left, names, "s", DFQ_FULL)));
  CHECK_STR(engine_all(dfq_join(a, dfq_limit(b, 0), "k", DFQ_LEFT)),
            "3 null; 1 null; 7 null; 2 null; 9 null");
  dfq_close(db);
}

static void run_ch4_join_keys(void) {
  RUN(join_keys_match_model);
  RUN(join_keys_nulls_go_on);
}
