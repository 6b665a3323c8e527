// ch6_names.c - frames with a name: dfq_register and dfq_define, what hides what, how long a
// name lasts, and plans over tables in memory that print as text and come back.

static dfq_table *names_numbers(dfq *db, int64_t first) {
  int64_t x[3] = { first, first + 1, first + 2 };
  dfq_column c[] = { { "x", DFQ_I64, x, NULL } };
  return dfq_table_new(db, c, 1, 3);
}

// A frame over three numbers, known as name.
static dfq_frame *names_give(dfq *db, const char *name, int64_t first) {
  dfq_table *t = names_numbers(db, first);
  dfq_frame *f = dfq_scan_table(db, t);
  dfq_table_free(t);
  CHECK(dfq_register(db, name, f));
  return f;
}

// The sum of x that a text gives; -1 when it fails.
static int64_t names_sum(dfq *db, const char *text) {
  dfq_table *t = dfq_collect(dfq_group_by(dfq_query(db, text), "", "sum(x) as s"));
  int64_t s = t ? dfq_table_i64(t, 0, 0) : -1;
  dfq_table_free(t);
  return s;
}

TEST(names_begin_pipelines_and_are_sources) {
  dfq *db = dfq_open(NULL);
  names_give(db, "some", 1);
  names_give(db, "two words", 10);
  CHECK_INT(names_sum(db, "some"), 6);
  CHECK_INT(names_sum(db, "some | filter x > 1"), 5);
  CHECK_INT(names_sum(db, "\"two words\" | union some"), 39);
  CHECK_INT(names_sum(db, "some | join (some | filter x < 3) on x semi"), 3);
  CHECK_INT(names_sum(db, "let more = some | union some; more | union (\"two words\")"), 45);
  dfq_close(db);
}

TEST(names_the_newest_hides_and_a_let_hides_it) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("names_file", "x\n1000\n");
  names_give(db, "a", 1);
  names_give(db, path, 5);
  CHECK_INT(names_sum(db, "let a = a | limit 1; a"), 1);   // the let reads what it will hide
  CHECK_INT(names_sum(db, "a"), 6);
  names_give(db, "a", 100);
  CHECK_INT(names_sum(db, "a"), 303);
  char text[600];
  (void)snprintf(text, sizeof text, "a | limit 0 | union %s", path);
  CHECK_INT(names_sum(db, text), 18);                      // the name, not the file
  (void)snprintf(text, sizeof text, "scan %s", path);
  CHECK_INT(names_sum(db, text), 1000);                    // scan always means the file
  CHECK_INT(names_sum(db, "let b = a; let b = a; b"), -1);
  CHECK_HAS(dfq_error(db), "b is bound already");
  dfq_close(db);
}

TEST(names_last_until_their_mark_is_released) {
  dfq *db = dfq_open(NULL);
  names_give(db, "a", 1);
  size_t mark = dfq_mark(db);
  names_give(db, "a", 100);
  names_give(db, "b", 7);
  CHECK_INT(names_sum(db, "a | union b"), 327);
  dfq_release(db, mark);
  CHECK_INT(names_sum(db, "a"), 6);
  CHECK_INT(names_sum(db, "b"), -1);
  CHECK_HAS(dfq_error(db), "no let binds b");
  dfq_release(db, 0);
  CHECK_INT(names_sum(db, "a"), -1);
  dfq_close(db);
}

TEST(names_define_takes_lets_alone) {
  dfq *db = dfq_open(NULL);
  names_give(db, "a", 1);
  CHECK(dfq_define(db, "let b = a | filter x > 1; let c = b | union a;"));
  CHECK_INT(names_sum(db, "c"), 11);
  CHECK_INT(names_sum(db, "b"), 5);
  CHECK(dfq_define(db, ""));
  CHECK(dfq_define(db, "let c = a;"));
  CHECK_INT(names_sum(db, "c"), 6);
  CHECK(!dfq_define(db, "let d = a; d"));
  CHECK_HAS(dfq_error(db), "expected let or the end");
  CHECK(!dfq_define(db, "let d = a; let e = a | filter nope > 1;"));
  CHECK_HAS(dfq_error(db), "nope");
  CHECK_INT(names_sum(db, "d"), -1);                       // all of them or none
  CHECK(!dfq_define(db, "let d = a"));
  CHECK_HAS(dfq_error(db), "; behind a let's pipeline");
  dfq_close(db);
}

TEST(names_wrong_calls_are_errors) {
  dfq *db = dfq_open(NULL), *other = dfq_open(NULL);
  dfq_frame *f = names_give(db, "some", 1);
  CHECK(!dfq_register(db, "", f));
  CHECK_HAS(dfq_error(db), "it needs a name");
  CHECK(!dfq_register(db, NULL, f));
  CHECK(!dfq_register(other, "some", f));
  CHECK_HAS(dfq_error(other), "of another context");
  CHECK(!dfq_register(db, "bad", dfq_filter(f, "nope > 1")));
  CHECK_HAS(dfq_error(db), "nope");
  CHECK(!dfq_register(db, "none", NULL));
  CHECK(!dfq_register(NULL, "none", f));
  CHECK(!dfq_define(NULL, "let a = some;"));
  CHECK_INT(names_sum(db, "sone"), -1);
  CHECK_HAS(dfq_error(db), "did you mean some?");
  dfq_close(db);
  dfq_close(other);
}

// Text of a plan over what is in memory, and back: the same text, and the same answer.
TEST(names_make_plans_over_memory_printable) {
  static const char *const texts[] = {
    "some\n| filter x > 1",
    "some\n| join (some | filter x > 1) on x semi",
    "some\n| union (\"scan\")",
    "\"scan\"\n| union (\"a|b\" | limit 2)",
  };
  dfq *db = dfq_open(NULL);
  dfq_frame *f = names_give(db, "some", 1);
  names_give(db, "scan", 10);
  names_give(db, "a|b", 100);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    dfq_frame *q = dfq_query(db, texts[i]);
    CHECK_STR(dfq_frame_error(q), NULL);
    CHECK_STR(dfq_pipeline_text(q), texts[i]);
    CHECK_SAME(q);
  }
  CHECK_STR(dfq_pipeline_text(f), "some");
  dfq_table *t = names_numbers(db, 1);
  CHECK_STR(dfq_pipeline_text(dfq_scan_table(db, t)), "scan table of 3 rows");
  dfq_table_free(t);
  dfq_close(db);
}

// Every allocation fails once: the call says so, and no half of it is left behind.
static size_t names_left;
static void *names_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  (void)user;
  (void)old_size;
  if (new_size && names_left && --names_left == 0) return NULL;
  if (new_size) return realloc(ptr, new_size);
  free(ptr);
  return NULL;
}

TEST(names_out_of_memory_registers_nothing) {
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.realloc = names_realloc;
  for (size_t n = 1; n < 40; n++) {
    names_left = 0;
    dfq *db = dfq_open(&options);
    names_give(db, "a", 1);
    names_left = n;
    bool ok = dfq_define(db, "let b = a | filter x > 1; let c = b | filter x > 2;");
    names_left = 0;
    if (!ok) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    CHECK_INT(names_sum(db, "b"), ok ? 5 : -1);
    CHECK_INT(names_sum(db, "c"), ok ? 3 : -1);
    CHECK_INT(names_sum(db, "a"), 6);
    dfq_close(db);
  }
}

static void run_ch6_names(void) {
  RUN(names_begin_pipelines_and_are_sources);
  RUN(names_the_newest_hides_and_a_let_hides_it);
  RUN(names_last_until_their_mark_is_released);
  RUN(names_define_takes_lets_alone);
  RUN(names_wrong_calls_are_errors);
  RUN(names_make_plans_over_memory_printable);
  RUN(names_out_of_memory_registers_nothing);
}
