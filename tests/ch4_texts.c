// ch4_texts.c - tables that keep texts by number: which columns they are, what results take
// over from them, and that nobody may notice. A table of the same cells as their types have
// them says what is right.

enum { TEXTS_COLUMNS = 6 };

// few: some short ones. long: some of more than twelve bytes. each: one for each row. none:
// nothing but nulls. n, m: small numbers.
static const char *const texts_header = "few,long,each,none,n,m\n";

// The rows as CSV. late: from that row on each row has a long text of its own.
static const char *texts_file(const char *name, int rows, int late) {
  char *text = (char *)test_alloc((size_t)rows * 120 + 100), *end = text;
  uint64_t state = (uint64_t)rows + 1;
  end += sprintf(end, "%s", texts_header);
  for (int r = 0; r < rows; r++) {
    uint64_t x = test_random(&state);
    end += x % 11 ? sprintf(end, "w%d,", (int)(x % 7)) : sprintf(end, ",");
    end += sprintf(end, "\"a text of %d, which is long\",", r < late ? (int)(x / 7 % 5) : r);
    end += sprintf(end, "e%d,,%d,%d\n", r, (int)(x / 35 % 9), (int)(x / 315 % 100));
  }
  const char *path = test_file_n(name, text, (size_t)(end - text));
  free(text);
  return path;
}

// In a context where also small tables have numbers.
static dfq *texts_db(void) {
  dfq *db = dfq_open(NULL);
  db->heap->narrow = 20;
  db->heap->morsel = 1;
  return db;
}

static dfq_table *texts_run(dfq_frame *f, int threads, size_t batch_rows) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.threads = threads;
  run.batch_rows = batch_rows;
  return dfq_collect(dfq_configure(f, &run));
}

static dfq_table *texts_load(dfq *db, const char *path, int threads) {
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.types = "none: str";
  dfq_table *t = texts_run(dfq_scan_csv(db, path, &o), threads, 16);
  if (!CHECK(t != NULL)) test_fail("    %s\n", dfq_error(db));
  return t;
}

// The same cells, not by number.
static dfq_table *texts_plain(dfq *db, const dfq_table *t) {
  size_t rows = dfq_table_rows(t), columns = (size_t)dfq_table_columns(t);
  dfq_value *cell = (dfq_value *)test_alloc((rows * columns + 1) * sizeof *cell);
  for (size_t i = 0; i < rows * columns; i++)
    dfq_table_get(t, i / columns, (int)(i % columns), &cell[i]);
  const dfq_schema *s = dfq_table_schema(t);
  dfq_table *plain = dfq_table_from_rows(db, s->field, s->count, cell, rows);
  free(cell);
  return plain;
}

static bool texts_same(const dfq_table *got, const dfq_table *want) {
  char why[200];
  if (!CHECK(got != NULL)) return false;
  if (CHECK(dfq_table_equal(got, want, why, sizeof why))) return true;
  return test_fail("    %s\n", why);
}

// A letter for each column: n when it is kept by number.
static const char *texts_kept(const dfq_table *t) {
  static char kept[20];
  int n = dfq_table_columns(t);
  for (int c = 0; c < n; c++) kept[c] = t->store.words[c] ? 'n' : '-';
  kept[n] = 0;
  return kept;
}

TEST(texts_loaded_by_number) {
  const char *path = texts_file("texts.csv", 5000, 5000);
  for (int threads = 1; threads < 4; threads++) {
    dfq *db = texts_db();
    dfq_table *t = texts_load(db, path, threads), *plain = texts_plain(db, t);
    CHECK_STR(texts_kept(t), "nn-n--");   // each: more than few, and none comes again
    CHECK_STR(texts_kept(plain), "------");
    CHECK_INT(t->store.words[1]->texts.count, 5);
    CHECK_INT(dfq_table_rows(t), 5000);
    texts_same(t, plain);
    CHECK_STR(dfq_table_str(t, 4999, 2, NULL), "e4999");
    CHECK(dfq_table_is_null(t, 77, 3));
    dfq_table_free(plain);
    dfq_table_free(t);
    dfq_close(db);
  }
}

// Numbers are given in the order of rows, however many threads there are, and lie in cells of
// as few bytes as they need: 4,000 different ones in two.
TEST(texts_numbers_are_those_of_one_thread) {
  static const int bytes[] = { 1, 2, 2, 1 };
  const char *path = texts_file("texts.csv", 4000, 0);
  dfq *db = texts_db();
  dfq_table *one = texts_load(db, path, 1);
  CHECK_STR(texts_kept(one), "nnnn--");
  for (int threads = 2; threads < 5; threads++) {
    dfq_table *t = texts_load(db, path, threads);
    for (int c = 0; c < 4; c++) {
      static uint32_t x[4000], y[4000];
      dfq__vec a = dfq__store_vec(&one->store, c), b = dfq__store_vec(&t->store, c);
      if (!CHECK(b.texts != NULL)) break;
      CHECK_INT(b.texts->count, a.texts->count);
      CHECK_INT(b.width, bytes[c]);
      dfq__codes_read(x, &a, 4000);
      dfq__codes_read(y, &b, 4000);
      CHECK(memcmp(x, y, sizeof x) == 0);
    }
    dfq_table_free(t);
  }
  dfq_table_free(one);
  dfq_close(db);
}

// The 257th text of a column comes after rows whose numbers have a byte each, and the 65,537th
// of a table that got its numbers as a key goes on into results in four.
TEST(texts_numbers_outgrow_their_cells) {
  enum { ROWS = 150000, MANY = 66000 };
  static const char *text[ROWS];
  static char letters[ROWS][12];
  static int64_t n[ROWS];
  dfq *db = texts_db();
  for (int r = 0; r < ROWS; r++) {
    (void)snprintf(letters[r], sizeof letters[r], "t%d", r % MANY);
    text[r] = letters[r];
    n[r] = r;
  }
  dfq_column columns[] = { { "t", DFQ_STR, text, NULL }, { "n", DFQ_I64, n, NULL } };
  dfq_table *t = dfq_table_new(db, columns, 2, ROWS);
  dfq_register(db, "t", dfq_scan_table(db, t));
  for (int threads = 1; threads < 4; threads++) {
    dfq_table *all = texts_run(dfq_query(db, "t | group t, n | select t, n"), threads, 0);
    if (!CHECK(all != NULL)) break;
    CHECK_STR(texts_kept(all), "n-");
    CHECK_INT(all->store.width[0], 4);
    texts_same(all, t);
    dfq_table_free(all);
    dfq_csv_options o;
    memset(&o, 0, sizeof o);
    const char *path = test_path("texts4.csv");
    if (!CHECK(dfq_write_csv(dfq_query(db, "t | select n // 300 as k, n"),
                             path, NULL)))
      test_fail("    %s\n", dfq_error(db));
    o.types = "k: str";
    dfq_table *few = texts_run(dfq_scan_csv(db, path, &o), threads, 64);
    dfq_table *plain = texts_plain(db, few);
    CHECK_STR(texts_kept(few), "n-");
    CHECK_INT(few->store.width[0], 2);
    texts_same(few, plain);
    dfq_table_free(plain);
    dfq_table_free(few);
  }
  dfq_table_free(t);
  dfq_close(db);
}

// How many texts a column chooses among is guessed from the first 4,096: 10,000 are worth their
// numbers, though most of the first rows bring a new one, and 200,000 are not.
TEST(texts_guessed_by_birthdays) {
  enum { ROWS = 40000 };
  static const int texts[] = { 10000, 30000, 200000 };
  for (int i = 0; i < 3; i++) {
    dfq *db = texts_db();
    dfq_csv_options o;
    memset(&o, 0, sizeof o);
    char *text = (char *)test_alloc(ROWS * 10 + 10), *end = text;
    uint64_t state = 7;
    end += sprintf(end, "t\n");
    for (int r = 0; r < ROWS; r++)
      end += sprintf(end, "t%d\n", (int)(test_random(&state) % (uint64_t)texts[i]));
    const char *path = test_file_n("birthdays.csv", text, (size_t)(end - text));
    for (int threads = 1; threads < 4; threads++) {
      dfq_table *t = texts_run(dfq_scan_csv(db, path, &o), threads, 16);
      dfq_table *plain = texts_plain(db, t);
      CHECK_STR(texts_kept(t), i < 2 ? "n" : "-");
      texts_same(t, plain);
      dfq_table_free(plain);
      dfq_table_free(t);
    }
    free(text);
    dfq_close(db);
  }
}

// Numbers that are given up half way: texts of before, long and short, stay what they were.
TEST(texts_give_numbers_up) {
  static const int late[] = { 0, 100, 200 };
  for (int i = 0; i < 3; i++)
    for (int threads = 1; threads < 4; threads++) {
      dfq *db = texts_db();
      dfq_table *t = texts_load(db, texts_file("texts.csv", 9000, late[i]), threads);
      CHECK_STR(texts_kept(t), "n--n--");
      for (int r = 0; r < 9000; r += 7) {
        char want[40];
        if (r >= late[i]) {
          (void)snprintf(want, sizeof want, "a text of %d, which is long", r);
          if (!CHECK_STR(dfq_table_str(t, (size_t)r, 1, NULL), want)) break;
        }
        (void)snprintf(want, sizeof want, "e%d", r);
        if (!CHECK_STR(dfq_table_str(t, (size_t)r, 2, NULL), want)) break;
      }
      dfq_table_free(t);
      dfq_close(db);
    }
}

static const char *const texts_queries[] = {
  "t", "t | filter few = 'w1'", "t | filter long like '%3%' and n > 4 | select each, long",
  "t | filter few is null", "t | filter upper(few) = 'W2' or none is not null",
  "t | group few: count() as n, min(long) as l, first(each) as e",
  "t | group few, long: sum(m) as m", "t | group none: count() as n",
  "t | group concat(few, long) as k: count() as n",
  "t | group n: n_unique(few) as f, mode(long) as l",
  "t | sort long desc, few, m | limit 50", "t | sort few, each", "t | distinct few, long",
  "t | with len_bytes(long) as l, concat(few, '!') as f", "t | limit 40 | union t",
  "t | join u on few | group few, long_right: count() as c", "u | join t on few = long left",
  "t | join u on n semi", "t | join u on few full | sort n, m, each | limit 99",
  "t | join u on few where long < long_right | group long: count() as c",
  "t | with row_number() over (partition by few order by m, each) as r | filter r <= 2",
  "t | with lag(long) over (order by each) as before",
  "t | unpivot few, long, each | group variable, value: count() as c",
  "t | select few, none | union (u | select few, none)",
};

// What is asked of numbered tables is the same as of plain ones, in each way to run it.
TEST(texts_in_queries) {
  const char *path = texts_file("texts.csv", 400, 300);
  size_t count = sizeof texts_queries / sizeof *texts_queries;
  dfq *db = texts_db();
  dfq_table *t = texts_load(db, path, 2), *plain = texts_plain(db, t);
  for (size_t i = 0; i < count; i++) {
    dfq_register(db, "t", dfq_scan_table(db, plain));
    dfq_register(db, "u", dfq_limit(dfq_scan_table(db, plain), 60));
    dfq_table *want = dfq_collect(dfq_query(db, texts_queries[i]));
    dfq_register(db, "t", dfq_scan_table(db, t));
    dfq_register(db, "u", dfq_limit(dfq_scan_table(db, t), 60));
    dfq_frame *f = dfq_query(db, texts_queries[i]);
    bool ok = CHECK(want != NULL) && CHECK(dfq_check_equivalent(f, NULL));
    for (int threads = 1; ok && threads < 4; threads++) {
      dfq_table *got = texts_run(f, threads, threads == 2 ? 16 : 0);
      ok = texts_same(got, want);
      dfq_table_free(got);
    }
    if (!ok) test_fail("    %s: %s\n", texts_queries[i], dfq_error(db));
    dfq_table_free(want);
  }
  dfq_table_free(plain);
  dfq_table_free(t);
  dfq_close(db);
}

// A result has the numbers of what it was made from, and holds the texts when that is gone.
TEST(texts_of_results_outlive_their_tables) {
  static const char *const query[] = {
    "t | filter n > 1", "t | group few, long: count() as n", "t | sort m",
    "t | join u on each | select few, long_right, m",
  };
  static const char *const kept[] = { "nn-n--", "nn-", "nn-n--", "nn-" };
  const char *path = texts_file("texts.csv", 5000, 5000);
  for (int i = 0; i < 4; i++)
    for (int threads = 1; threads < 3; threads++) {
      dfq *db = texts_db();
      dfq_table *t = texts_load(db, path, threads), *plain = texts_plain(db, t);
      dfq_register(db, "t", dfq_scan_table(db, t));
      dfq_register(db, "u", dfq_scan_table(db, t));
      dfq_table *got = texts_run(dfq_query(db, query[i]), threads, 0);
      CHECK_STR(texts_kept(got), kept[i]);
      dfq_register(db, "u", dfq_scan_table(db, plain));
      dfq_register(db, "t", dfq_scan_table(db, plain));
      dfq_table *want = dfq_collect(dfq_query(db, query[i]));
      dfq_table_free(t);
      dfq_table_free(plain);
      dfq_close(db);
      texts_same(got, want);
      dfq_table_free(got);
      dfq_table_free(want);
    }
}

// The columns as arrays, the table by key, and as people see it.
TEST(texts_as_arrays_and_shown) {
  const char *path = texts_file("texts.csv", 300, 200);
  dfq *db = texts_db();
  dfq_table *t = texts_load(db, path, 2), *plain = texts_plain(db, t);
  for (int c = 0; c < 4; c++) {
    const uint8_t *valid[2];
    const dfq_view *a = (const dfq_view *)dfq_table_data(t, c, &valid[0]);
    const dfq_view *b = (const dfq_view *)dfq_table_data(plain, c, &valid[1]);
    CHECK(a == dfq_table_data(t, c, &valid[0]));
    for (int r = 0; r < 300; r++) {
      bool there = !valid[0] || valid[0][r];
      CHECK(there == (!valid[1] || valid[1][r]));
      if (there && !CHECK(dfq__view_equal(&a[r], &b[r]))) break;
    }
  }
  int count[2];
  dfq_table **a = dfq_partition_by(dfq_scan_table(db, t), "few, long", &count[0]);
  dfq_table **b = dfq_partition_by(dfq_scan_table(db, plain), "few, long", &count[1]);
  CHECK_INT(count[0], count[1]);
  for (int i = 0; a && b && i < count[0] && i < count[1]; i++) {
    texts_same(a[i], b[i]);
    dfq_table_free(a[i]);
    dfq_table_free(b[i]);
  }
  FILE *out[2] = { tmpfile(), tmpfile() };
  CHECK(dfq_show_table(db, t, out[0]) && dfq_show_table(db, plain, out[1]));
  char *got = test_text(out[0]), *want = test_text(out[1]);
  CHECK_STR(got, want);
  free(want);
  free(got);
  dfq_table_free(plain);
  dfq_table_free(t);
  dfq_close(db);
}

// Two tables, each with texts of its own, behind one another: the result has views.
TEST(texts_of_two_lexica) {
  dfq *db = texts_db();
  dfq_table *t = texts_load(db, texts_file("texts.csv", 500, 500), 1);
  dfq_table *u = texts_load(db, texts_file("texts2.csv", 400, 400), 1);
  for (int threads = 1; threads < 3; threads++) {
    dfq_frame *f = dfq_union(dfq_scan_table(db, t), dfq_scan_table(db, u));
    dfq_table *got = texts_run(f, threads, 32);
    CHECK_STR(texts_kept(got), "------");
    dfq_table *plain = texts_plain(db, t), *more = texts_plain(db, u);
    f = dfq_union(dfq_scan_table(db, plain), dfq_scan_table(db, more));
    dfq_table *want = dfq_collect(f);
    if (threads == 2) { dfq_table_free(t); dfq_table_free(u); dfq_close(db); }
    texts_same(got, want);
    dfq_table_free(got);
    dfq_table_free(want);
    dfq_table_free(plain);
    dfq_table_free(more);
  }
}

// A row that a filter fails at is shown to the row evaluator, columns that it does not look at
// included: those may be narrow still.
TEST(texts_in_a_row_that_fails) {
  dfq *db = texts_db();
  dfq_table *t = texts_load(db, texts_file("texts.csv", 200, 200), 1);
  for (int threads = 1; threads < 3; threads++) {
    dfq_frame *f = dfq_filter(dfq_scan_table(db, t), "cast(each as i64) > 3");
    CHECK(texts_run(f, threads, 0) == NULL);
    CHECK_HAS(dfq_error(db), "'e0'");
    f = dfq_filter(dfq_scan_table(db, t), "9223372036854775807 + n > 3");
    CHECK(texts_run(f, threads, 0) == NULL);
    CHECK_HAS(dfq_error(db), "overflow");
    CHECK(dfq_check_equivalent(f, NULL));
  }
  dfq_table_free(t);
  dfq_close(db);
}

static bool texts_without_memory(dfq *db) {
  static const char csv[] = "a,b\nx,a text of more than twelve\ny,another text that is long\n"
                            "x,a text of more than twelve\nz,\nx,another text that is long\n";
  db->heap->narrow = 1;
  const uint8_t *valid;
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  dfq_frame *f = dfq_scan_csv(db, test_file("texts3.csv", csv), &o);
  dfq_table *t = dfq_collect(f);
  dfq_frame *s = dfq_scan_table(db, t);
  dfq_table *n = t ? dfq_collect(dfq_union(dfq_filter(s, "a = 'x'"), f)) : NULL;
  bool ok = n && dfq_table_data(t, 0, &valid);
  if (n) CHECK_INT(dfq_table_rows(n), 8);
  if (n && !ok) dfq__report(db, &dfq__error_memory);   // dfq_table_data has no context to tell
  dfq_table_free(n);
  dfq_table_free(t);
  return ok;
}

TEST(texts_memory_runs_out) { ch0_fail_each(texts_without_memory); }

static void run_ch4_texts(void) {
  RUN(texts_loaded_by_number);
  RUN(texts_numbers_are_those_of_one_thread);
  RUN(texts_numbers_outgrow_their_cells);
  RUN(texts_guessed_by_birthdays);
  RUN(texts_give_numbers_up);
  RUN(texts_in_queries);
  RUN(texts_of_results_outlive_their_tables);
  RUN(texts_as_arrays_and_shown);
  RUN(texts_of_two_lexica);
  RUN(texts_in_a_row_that_fails);
  RUN(texts_memory_runs_out);
}
