// ch6_columnar.c - the engine's own file: what is written is read back equal, in every type and
// engine; what is not needed is not read; and a file that is damaged in any way is an error.

enum { COL_TYPES = 19 };
static const dfq_type col_types[COL_TYPES] = {
  DFQ_BOOL, DFQ_I8, DFQ_I16, DFQ_I32, DFQ_I64, DFQ_U8, DFQ_U16, DFQ_U32, DFQ_U64, DFQ_F32,
  DFQ_F64, DFQ_STR, DFQ_DATE, DFQ_DATETIME, DFQ_DURATION, DFQ_TIME, dfq_decimal_of(3),
  dfq_list_of(DFQ_I64), dfq_list_of(DFQ_STR)
};

// A value of a type; small ones repeat. Text is valid until the context is released.
static dfq_value col_random(dfq *db, dfq_type type, uint64_t *state, bool small) {
  static const char *const texts[] = { "", "a", "EU", "exactly 12 b", "thirteen byte",
                                       "thirteen bytf", "a text that does not fit a view" };
  uint64_t bits = test_random(state);
  dfq_value v = dfq__value_int(type, small ? (int64_t)(bits % 5) : (int64_t)bits), item[4];
  switch (dfq__kind(type)) {
    case DFQ_BOOL: v.as.i = (int64_t)(bits & 1); break;
    case DFQ_I8: v.as.i = (int8_t)v.as.i; break;
    case DFQ_I16: v.as.i = (int16_t)v.as.i; break;
    case DFQ_I32: case DFQ_DATE: v.as.i = (int32_t)v.as.i; break;
    case DFQ_U8: v.as.i = (uint8_t)v.as.i; break;
    case DFQ_U16: v.as.i = (uint16_t)v.as.i; break;
    case DFQ_U32: v.as.i = (uint32_t)v.as.i; break;
    case DFQ_TIME: v.as.i = (int64_t)(bits % UINT64_C(86400000000)); break;
    case DFQ_F32: v.as.f = small ? (double)(bits % 4) - 1 : ldexp(1, (int)(bits % 99)); break;
    case DFQ_F64:
      v.as.f = bits % 7 == 0 ? (double)NAN : bits % 7 == 1 ? -0.0 : (double)(int64_t)bits / 64;
      break;
    case DFQ_STR: {
      char *own = (char *)dfq__arena_alloc(&db->arena, 64);
      if (small) v = ch2_string(texts[bits % 7]);
      else v = dfq__value_str(own, (size_t)sprintf(own, "%llx more", (unsigned long long)bits));
      break;
    }
    case DFQ_LIST: {
      size_t n = bits % 4;
      for (size_t i = 0; i < n; i++) {
        item[i] = col_random(db, type >> 8, state, small);
        if (test_random(state) % 5 == 0) item[i] = dfq__value_null();
      }
      CHECK(dfq_list_value(db, type >> 8, item, n, &v));
      break;
    }
    default: break;
  }
  return v;
}

// A table of all types: c0, c1, ...; kinds of nulls and of repetition by column.
static dfq_table *col_table(dfq *db, size_t rows, uint64_t seed) {
  dfq_field field[COL_TYPES];
  static const char *const names[COL_TYPES] = {
    "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13",
    "c14", "c15", "c16", "c17", "c 18 \"odd\", |"
  };
  dfq_value *cell = (dfq_value *)test_alloc((rows * COL_TYPES + 1) * sizeof *cell);
  for (int c = 0; c < COL_TYPES; c++) {
    uint64_t how = test_random(&seed) % 4;   // of nulls: none, few, all
    bool small = test_random(&seed) & 1;
    dfq_field f = { names[c], col_types[c], NULL };
    field[c] = f;
    for (size_t r = 0; r < rows; r++) {
      bool null = how == 0 || (how == 1 && test_random(&seed) % 3 == 0);
      dfq_value v = col_random(db, col_types[c], &seed, small);
      cell[r * COL_TYPES + (size_t)c] = null ? dfq__value_null() : v;
    }
  }
  dfq_table *t = dfq_table_from_rows(db, field, COL_TYPES, cell, rows);
  CHECK(t != NULL);
  free(cell);
  return t;
}

static dfq_write_options col_groups(size_t rows) {
  dfq_write_options o;
  memset(&o, 0, sizeof o);
  o.group_rows = rows;
  return o;
}

TEST(columnar_round_trip) {
  static const size_t rows[] = { 0, 1, 2, 63, 64, 65, 300, 2500 };
  const char *path = test_path("all.dfq");
  char why[256] = "";
  for (uint64_t seed = 1; seed <= 24; seed++) {
    dfq *db = dfq_open(NULL);
    dfq_table *want = col_table(db, rows[seed % 8], seed);
    dfq_write_options o = col_groups(seed % 3 ? 100 * (seed % 3) : 0);
    dfq_columnar_options map;
    memset(&map, 0, sizeof map);
    map.map = seed % 2 == 0;
    CHECK(dfq_write(dfq_scan_table(db, want), path, &o));
    dfq_frame *f = dfq_scan_columnar(db, path, &map);
    dfq_table *got = dfq_collect(f);
    if (!CHECK(got != NULL)) printf("%s\n", dfq_error(db));
    if (!CHECK(dfq_table_equal(want, got, why, sizeof why))) printf("%s\n", why);
    CHECK_SAME(f);
    CHECK_INT(dfq_count(f), want->store.rows);
    dfq_table_free(got);
    dfq_table_free(want);
    dfq_close(db);
  }
}

// Many conditions over small groups of sorted and unsorted columns: what is skipped was empty.
TEST(columnar_skips_only_what_is_empty) {
  static const char *const conditions[] = {
    "day > date '2024-03-01'", "day = date '2024-01-05'", "date '2024-02-01' >= day",
    "n in (3, 900)", "n < 100 and x > 5", "n < 10 or n >= 990", "x is null", "x is not null",
    "x > 99999", "f > 500", "f > 1e9", "f != 3.0", "f = f64 'nan'",
    "s = 'row 500 of a longer text'",
    "s < 'row 3'", "s >= 'row 9'", "s > 'row 999 of a longer texu'", "d <= 12.50", "d > 100",
    "u > 5", "b", "not b", "b = true", "n between 20 and 25", "null > n", "n > n - 1",
    "100 // (n - 500) = 1", "n is not distinct from 7",
    "s in ('row 77 of a longer text', 'zz')",
    "n <= 999999999999", "small > 120", "small < -128", "t < time '00:00:05'",
    "day < date '2024-01-03' and 1 // 0 is null", "coalesce(x, 7) = 7 and n > 700"
  };
  dfq *db = dfq_open(NULL);
  test_string csv = { NULL, 0, 0 };
  test_puts(&csv, "n,x,f,s,d\n");
  for (int i = 0; i < 1000; i++) {
    char line[128];
    if (i / 100 % 2) sprintf(line, "%d,,%d.5,row %d of a longer text,%d.25\n", i, i, i, i / 10);
    else sprintf(line, "%d,%d,%d.0,row %d of a longer text,0.50\n", i, i % 7, i, i);
    test_puts(&csv, line);
  }
  dfq_csv_options types = csv_options();
  types.types = "d: decimal(2)";
  dfq_frame *f = dfq_with_columns(
      dfq_scan_csv(db, test_file("skip.csv", csv.s), &types),
      "n < 300 as b, cast(n % 250 - 125 as i8) as small, cast(n as u64) as u, "
      "make_date(2024, 1 + n // 100, 1 + n % 28) as day, "
      "cast(concat('00:00:', cast(10 + n % 50 as str)) as time) as t");
  dfq_write_options o = col_groups(50);
  const char *path = test_path("skip.dfq");
  if (!CHECK(dfq_write(f, path, &o))) printf("%s\n", dfq_error(db));
  int skipped = 0;
  for (int i = 0; i < (int)(sizeof conditions / sizeof *conditions); i++) {
    dfq_frame *q = dfq_filter(dfq_scan_columnar(db, path, NULL), conditions[i]);
    if (!CHECK(!dfq_frame_error(q))) { printf("%s\n", dfq_frame_error(q)); continue; }
    if (!CHECK(dfq_check_equivalent(q, NULL))) printf("%s\n%s\n", conditions[i], dfq_error(db));
    CHECK_SAME(dfq_select(q, "s, x"));
    CHECK_SAME(dfq_limit(q, 3));
    dfq_frame *g = dfq_group_by(q, "b", "count() as c, sum(n) as m, max(s)");
    CHECK_SAME(g);
    const char *text = dfq_explain_text(q, DFQ_EXPLAIN_ANALYZE);
    const char *of = text ? strstr(text, " of 20 groups skipped") : NULL;
    skipped += of && of[-1] != '0' ? 1 : 0;
  }
  CHECK(skipped >= 15);
  free(csv.s);
  dfq_close(db);
}

// What analyze says, number by number.
TEST(columnar_says_what_it_skips) {
  dfq *db = dfq_open(NULL);
  test_string csv = { NULL, 0, 0 };
  test_puts(&csv, "n,m\n");
  for (int i = 0; i < 100; i++) {
    char line[32];
    sprintf(line, "%d,%d\n", i, i * i);
    test_puts(&csv, line);
  }
  dfq_frame *f = dfq_scan_csv(db, test_file("say.csv", csv.s), NULL);
  dfq_write_options o = col_groups(10);
  CHECK(dfq_write(f, test_path("say.dfq"), &o));
  f = dfq_scan_columnar(db, test_path("say.dfq"), NULL);
  const char *analyze = dfq_explain_text(dfq_filter(f, "n > 74"), DFQ_EXPLAIN_ANALYZE);
  CHECK_HAS(analyze, "7 of 10 groups skipped");
  analyze = dfq_explain_text(dfq_select(f, "m"), DFQ_EXPLAIN_ANALYZE);
  CHECK_HAS(analyze, "100  0 of 10 groups skipped");        // fields: of one column
  analyze = dfq_explain_text(dfq_select(dfq_filter(f, "n > 1000"), "m"), DFQ_EXPLAIN_ANALYZE);
  CHECK_HAS(analyze, "10 of 10 groups skipped");
  free(csv.s);
  dfq_close(db);
}

// ---- damage ---------------------------------------------------------------------------------

// A small file with every kind of block. Owns: the caller, who frees it.
static char *col_bytes(size_t *n) {
  const char *path = test_path("small.dfq");
  dfq *db = dfq_open(NULL);
  dfq_table *t = col_table(db, 40, 5);
  dfq_write_options o = col_groups(20);
  CHECK(dfq_write(dfq_scan_table(db, t), path, &o));
  dfq_table_free(t);
  dfq_close(db);
  return test_read_n(path, n);
}

static bool col_seek(void *user, void *file, uint64_t offset) {
  (void)user;
  ((csv_disk *)file)->at = (size_t)offset;
  return true;
}

// Makes the checksums right, as far as the footer can still be found.
static void col_mend(char *bytes, size_t n) {
  dfq__col_tail tail;
  dfq__col_foot foot;
  memcpy(&tail, bytes + n - sizeof tail, sizeof tail);
  if (tail.bytes < sizeof foot || tail.bytes > n || tail.offset > n - tail.bytes) return;
  memcpy(&foot, bytes + tail.offset, sizeof foot);
  uint64_t blocks = (uint64_t)foot.columns * foot.groups;
  uint64_t size = blocks * sizeof(dfq__col_block);
  for (uint64_t i = 0; blocks < 1000 && size < tail.bytes && i < blocks; i++) {
    dfq__col_block b;
    char *at = bytes + tail.offset + tail.bytes - size + i * sizeof b;
    memcpy(&b, at, sizeof b);
    if (b.offset > n || b.bytes > n - b.offset) continue;
    b.check = dfq__col_check(bytes + b.offset, (size_t)b.bytes);
    memcpy(at, &b, sizeof b);
  }
  tail.check = dfq__col_check(bytes + tail.offset, (size_t)tail.bytes);
  memcpy(bytes + n - sizeof tail, &tail, sizeof tail);
}

// What the file means now: NULL after an error, which must be one that names the file.
static dfq_table *col_read(const char *bytes, size_t n, size_t piece) {
  csv_disk disk = csv_disk_of(bytes, n);
  disk.piece = piece;
  dfq *db = csv_on(&disk);
  db->io.seek = col_seek;
  dfq_table *t = dfq_collect(dfq_scan_columnar(db, "f.dfq", NULL));
  if (!t) {
    CHECK_HAS(dfq_error(db), "f.dfq: ");
    CHECK(dfq_error_status(db) == DFQ_FORMAT_ERROR);
  }
  CHECK_INT(disk.opens, disk.closes);
  dfq_close(db);
  return t;
}

TEST(columnar_cut_anywhere) {
  size_t n;
  char *bytes = col_bytes(&n);
  for (size_t cut = 0; cut < n; cut += cut < 200 || n - cut < 4000 ? 1 : 13) {
    dfq_table *t = col_read(bytes, cut, 0);
    if (!CHECK(t == NULL)) printf("    cut at %zu of %zu\n", cut, n);
    dfq_table_free(t);
  }
  dfq_table *t = col_read(bytes, n, 7);
  CHECK(t != NULL);
  dfq_table_free(t);
  free(bytes);
}

TEST(columnar_bits_flipped) {
  size_t n;
  char *bytes = col_bytes(&n), why[200];
  dfq_table *want = col_read(bytes, n, 0);
  uint64_t state = 3;
  for (int i = 0; i < 6000; i++) {
    size_t at = test_random(&state) % (n * 8);
    bytes[at / 8] = (char)(bytes[at / 8] ^ 1 << at % 8);
    dfq_table *got = col_read(bytes, n, 0);
    if (got && !CHECK(dfq_table_equal(want, got, why, sizeof why)))
      printf("    bit %zu: %s\n", at, why);
    dfq_table_free(got);
    bytes[at / 8] = (char)(bytes[at / 8] ^ 1 << at % 8);
  }
  dfq_table_free(want);
  free(bytes);
}

// Somebody who can write a file can write its checksums, too: then anything may be in it, and
// must be an error or a table that can be read.
TEST(columnar_wrong_with_right_checksums) {
  size_t n;
  char *bytes = col_bytes(&n), *copy = (char *)test_alloc(n);
  uint64_t state = 4;
  int read = 0;
  for (int i = 0; i < 4000; i++) {
    memcpy(copy, bytes, n);
    for (uint64_t k = test_random(&state) % 3 + 1; k; k--) {
      size_t at = test_random(&state) % n;
      if (test_random(&state) % 2) at = n - 1 - test_random(&state) % 4096 % n;
      copy[at] = (char)(test_random(&state) % 3 ? test_random(&state) : 255);
    }
    col_mend(copy, n);
    dfq_table *got = col_read(copy, n, 0);
    if (got) (void)dfq_table_equal(got, got, NULL, 0);   // reads every byte of it
    read += got != NULL;
    dfq_table_free(got);
  }
  CHECK(read > 100);   // else the damage is always found before it matters
  free(copy);
  free(bytes);
}

TEST(columnar_says_what_is_wrong) {
  size_t n;
  char *bytes = col_bytes(&n);
  char order[4] = { bytes[11], bytes[10], bytes[9], bytes[8] };
  const struct { size_t at; const char *to; size_t len; const char *want; } cases[] = {
    { 0, "PK", 2, "it is no columnar file" },
    { 8, order, 4, "the other order of bytes" },
    { 12, "\2\2\2\2", 4, "its version is not" },
    { 20, "x", 1, "its head is damaged" },
    { 64, "\7\7\7\7", 4, "rows of group 0, column c0: the checksum cannot be right" },
  };
  for (int i = 0; i < 5; i++) {
    char old[8];
    memcpy(old, bytes + cases[i].at, cases[i].len);
    memcpy(bytes + cases[i].at, cases[i].to, cases[i].len);
    csv_disk disk = csv_disk_of(bytes, n);
    dfq *db = csv_on(&disk);
    db->io.seek = col_seek;
    CHECK(dfq_collect(dfq_scan_columnar(db, "f.dfq", NULL)) == NULL);
    CHECK_HAS(dfq_error(db), cases[i].want);
    memcpy(bytes + cases[i].at, old, cases[i].len);
    dfq_close(db);
  }
  free(bytes);
}

TEST(columnar_files_that_cannot_be) {
  size_t n;
  char *bytes = col_bytes(&n);
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_columnar(db, test_path("none.dfq"), NULL);
  CHECK_HAS(dfq_frame_error(f), "none.dfq: No such file");
  CHECK_HAS(dfq_frame_error(dfq_scan_columnar(db, test_dir(), NULL)), test_dir());
  CHECK_HAS(dfq_frame_error(dfq_scan_columnar(db, NULL, NULL)), "scan");
  csv_disk disk = csv_disk_of(bytes, n);
  disk.no_size = true;
  dfq *piped = csv_on(&disk);
  CHECK_HAS(dfq_frame_error(dfq_scan_columnar(piped, "p.dfq", NULL)), "no seek");
  piped->io.seek = col_seek;
  CHECK_HAS(dfq_frame_error(dfq_scan_columnar(piped, "p.dfq", NULL)), "a pipe cannot be");
  dfq_close(piped);
  // Another file under the name, between the frame and its run.
  f = dfq_scan_columnar(db, test_path("small.dfq"), NULL);
  dfq_table *t = col_table(db, 41, 6);
  CHECK(dfq_write(dfq_scan_table(db, t), test_path("small.dfq"), NULL));
  CHECK(dfq_collect(f) == NULL);
  CHECK_HAS(dfq_error(db), "not the file that it was");
  dfq_table_free(t);
  dfq_close(db);
  free(bytes);
}

// Memory that ends at any point, while writing and while reading: an error, no leak, no file.
TEST(columnar_without_memory) {
  size_t n;
  char *bytes = col_bytes(&n);
  test_file_n("memory.dfq", bytes, n);
  int wrote = 0, read = 0;
  for (size_t budget = 10000; budget < 2000000 && !(wrote && read); budget += budget / 40) {
    dfq_options o;
    memset(&o, 0, sizeof o);
    o.budget = budget;
    dfq *db = dfq_open(&o);
    int files = test_file_count();
    dfq_frame *f = db ? dfq_scan_columnar(db, test_path("memory.dfq"), NULL) : NULL;
    dfq_table *t = f ? dfq_collect(f) : NULL;
    read += t != NULL;
    if (db && !t) CHECK(dfq_error_status(db) == DFQ_NO_MEMORY);
    dfq_table_free(t);
    if (f && dfq_write(f, test_path("out.dfq"), NULL)) wrote++;
    else CHECK_INT(test_file_count(), files);
    dfq_close(db);
  }
  CHECK(wrote && read);
  free(bytes);
}

TEST(columnar_in_pipelines) {
  dfq *db = dfq_open(NULL);
  const char *csv = test_file("p.csv", "id,name\n1,ann\n2,\n3,\"\"\n");
  char text[600];
  sprintf(text, "scan %s", csv);
  CHECK(dfq_write(dfq_query(db, text), test_path("p q.dfq"), NULL));
  sprintf(text, "scan '%s' map", test_path("p q.dfq"));
  dfq_frame *f = dfq_query(db, text);
  CHECK_STR(dfq_pipeline_text(f), text);
  f = dfq_filter(f, "id > 1");
  char *got = csv_dump(f);
  CHECK_STR(got, "id i64|name str\n2|~\n3|\n");
  free(got);
  CHECK_SAME(f);
  sprintf(text, "scan '%s' delimiter ';'", test_path("p q.dfq"));
  CHECK_HAS(dfq_frame_error(dfq_query(db, text)), "has its schema in itself");
  sprintf(text, "scan '%s' | join '%s' on id", csv, test_path("p q.dfq"));
  CHECK_INT(dfq_count(dfq_query(db, text)), 3);
  CHECK_STR(dfq_format_of("a/b.DFQ"), "dfq");
  dfq_write_options o = col_groups(0);
  o.format = "dfq";
  CHECK(dfq_write(f, test_path("p.bin"), &o));
  sprintf(text, "scan %s format dfq map", test_path("p.bin"));
  CHECK_STR(dfq_pipeline_text(dfq_query(db, text)), text);
  CHECK_INT(dfq_count(dfq_query(db, text)), 2);
  CHECK_INT(dfq_count(dfq_scan(db, test_path("p q.dfq"))), 3);
  dfq_close(db);
}

// What lies between the members of the options may be anything: no option is given by it.
TEST(columnar_options_between_members) {
  dfq_csv_options o;
  memset(&o, 0xaa, sizeof o);
#define BETWEEN(word, kind, member) memset(&o.member, 0, sizeof o.member);
  DFQ__CSV_KNOB_LIST(BETWEEN)
#undef BETWEEN
  o.header = true;
  CHECK(!dfq__csv_plain(&o));
  o.header = false;
  CHECK(dfq__csv_plain(&o));
#define BETWEEN(word, kind, member)                                                            \
  memset(&o.member, 1, sizeof o.member);                                                       \
  if (!CHECK(!dfq__csv_plain(&o))) test_fail("    %s\n", word);                                \
  memset(&o.member, 0, sizeof o.member);
  DFQ__CSV_KNOB_LIST(BETWEEN)
#undef BETWEEN
  CHECK(dfq__csv_plain(&o));
}

static void run_ch6_columnar(void) {
  RUN(columnar_options_between_members);
  RUN(columnar_round_trip);
  RUN(columnar_skips_only_what_is_empty);
  RUN(columnar_says_what_it_skips);
  RUN(columnar_cut_anywhere);
  RUN(columnar_bits_flipped);
  RUN(columnar_wrong_with_right_checksums);
  RUN(columnar_says_what_is_wrong);
  RUN(columnar_files_that_cannot_be);
  RUN(columnar_without_memory);
  RUN(columnar_in_pipelines);
}
