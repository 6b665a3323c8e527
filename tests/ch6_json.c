// ch6_json.c - JSON in: lines and arrays, what keys and values mean, the grammar and its
// messages, every way a file may arrive in pieces, mutated files, and what is written reads
// back equal.

// What a file means, in pieces of several sizes. as: "f.jsonl types (...)" for the pipeline.
static void json_means(const char *at, const char *options, const char *text,
                       const char *want) {
  static const size_t pieces[] = { 0, 1, 7, 64 };
  char query[512];
  snprintf(query, sizeof query, "scan f.jsonl %s", options);
  for (int i = 0; i < 4; i++) {
    csv_disk disk = csv_disk_of(text, strlen(text));
    disk.piece = pieces[i];
    dfq *db = csv_on(&disk);
    char *got = csv_dump(dfq_query(db, query));
    test_str(at, text, "what it means", got, want);
    free(got);
    dfq_close(db);
    CHECK_INT(disk.opens, disk.closes);
  }
}

#define JSON_MEANS(options, text, want) json_means(TEST_AT, options, text, want)

TEST(json_lines_and_arrays) {
  JSON_MEANS("", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n", "a i64|b str\n1|x\n2|~\n");
  JSON_MEANS("", "[{\"a\":1},{\"a\":2}]", "a i64\n1\n2\n");
  JSON_MEANS("", " \n [ { \"a\" : 1 } ,\n {\"b\":\"}],\" , \"a\" : 2 }\n]\n\n",
             "a i64|b str\n1|~\n2|}],\n");
  JSON_MEANS("", "\xEF\xBB\xBF{\"a\":1}\r\n\r\n{\"a\":2}", "a i64\n1\n2\n");
  JSON_MEANS("", "{\n\"a\": 1,\n\"b\": {\"c\": [\n]}}\n{\"a\":\n2}\n",
             "a i64|b.c list(str)\n1|\n2|~\n");
  JSON_MEANS("", "{}\n{\"a\":1}\n", "a i64\n~\n1\n");
  JSON_MEANS("types (a: i64, b.c: str)", "", "a i64|b.c str\n");
  JSON_MEANS("types (a: i64)", "[]\n", "a i64\n");
  JSON_MEANS("types (a: i64)", " [ ] ", "a i64\n");
  JSON_MEANS("types (b: str, a: f64)", "{\"a\":1}\n", "a f64|b str\n1.0|~\n");
}

TEST(json_values) {
  JSON_MEANS("", "{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC\\ud83d\\ude00\\u0041\"}\n",
             "s str\n\"\\/\b\f\n\r\t\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80" "A\n");
  JSON_MEANS("", "{\"a\\u0062\":1}\n{\"ab\":2}\n{\"\\u0061b\":3}\n", "ab i64\n1\n2\n3\n");
  JSON_MEANS("", "{\"a\\\"b\":1, \"c\\\\d\":2}\n", "a\"b i64|c\\d i64\n1|2\n");
  JSON_MEANS("", "{\"n\":[0,-1,9223372036854775807]}\n{\"n\":[null]}\n{\"n\":[]}\n"
                 "{\"n\":null}\n",
             "n list(i64)\n\n\n\n~\n");
  JSON_MEANS("", "{\"x\":-0}\n{\"x\":1e3}\n{\"x\":1.5E-2}\n", "x f64\n-0.0\n1000.0\n0.015\n");
  JSON_MEANS("", "{\"x\":true}\n{\"x\":false}\n", "x bool\ntrue\nfalse\n");
  JSON_MEANS("", "{\"d\":\"2024-01-31\",\"t\":\"2001/01/01 06:55\",\"c\":\"10:30\"}\n",
             "d date|t datetime|c time\n2024-01-31|2001-01-01 06:55:00|10:30:00\n");
  // an integer beyond i64 follows CSV's rule: nothing may be lost
  JSON_MEANS("", "{\"x\":9223372036854775808}\n", "x str\n9223372036854775808\n");
  JSON_MEANS("", "{\"x\":1e17}\n{\"x\":12}\n", "x f64\n1e+17\n12.0\n");
  // several kinds: as they stand
  JSON_MEANS("", "{\"m\":1}\n{\"m\":\"1\"}\n{\"m\":[ 1 ]}\n{\"m\":{\"a\":null}}\n"
                 "{\"m\":null}\n",
             "m str\n1\n\"1\"\n[ 1 ]\n{\"a\":null}\n~\n");
  // given types take texts; str takes everything
  JSON_MEANS("types (a: i64, b: str, c: f64, d: decimal(2), e: list(i64))",
             "{\"a\":\"12\",\"b\":[1,2],\"c\":\"nan\",\"d\":1.5,\"e\":[1,\"2\"]}\n",
             "a i64|b str|c f64|d decimal(2)|e list(i64)\n12|[1,2]|nan|1.50|\n");
  JSON_MEANS("types (a: str)", "{\"a\":{\"b\":1}}\n{\"a\":\"x\"}\n", "a str\n{\"b\":1}\nx\n");
}

TEST(json_objects_within) {
  JSON_MEANS("", "{\"p\":{\"x\":1,\"q\":{\"r\":\"a\"}},\"z\":2}\n{\"p\":null}\n"
                 "{\"p\":{\"q\":{}}}\n",
             "p.x i64|p.q.r str|z i64\n1|a|2\n~|~|~\n~|~|~\n");
  JSON_MEANS("| select p.q.r", "{\"p\":{\"x\":1,\"q\":{\"r\":\"a\"}},\"z\":[{\"p\":[]}]}\n",
             "p.q.r str\na\n");
  JSON_MEANS("nested text", "{\"p\":{\"x\": 1},\"z\":2}\n", "p str|z i64\n{\"x\": 1}|2\n");
  JSON_MEANS("", "{\"e\":{}}\n", "e str\n{}\n");
  JSON_MEANS("", "{\"a.b\":1,\"a\":{\"b\":2}}\n", "a.b i64|a.b_2 i64\n1|2\n");
  test_string t = { NULL, 0, 0 };
  for (int i = 0; i < 9; i++) test_puts(&t, "{\"k\":");
  test_puts(&t, "1");
  for (int i = 0; i < 9; i++) test_puts(&t, "}");
  JSON_MEANS("", t.s, "k.k.k.k.k.k.k.k.k i64\n1\n");
  free(t.s);
}

static const char *json_error(dfq *db, const char *options, const char *text) {
  char query[512];
  snprintf(query, sizeof query, "scan '%s' %s", test_file("j.jsonl", text), options);
  dfq_table *t = dfq_collect(dfq_query(db, query));
  dfq_table_free(t);
  return t ? "no error" : dfq_error(db);
}

TEST(json_grammar_errors_say_where) {
  static const struct { const char *text, *want; } rows[] = {
    { "{\"a\":1,}\n", "j.jsonl:1:8, scan: no JSON: a comma stands before the closing bracket" },
    { "{\"a\":[1,]}\n", "j.jsonl:1:9, scan: no JSON: a comma stands before the closing" },
    { "{\"a\":1 \"b\":2}\n", "j.jsonl:1:8, scan: no JSON: a comma or } is expected here" },
    { "{\"a\":[1 2]}\n", "j.jsonl:1:9, scan: no JSON: a comma or ] is expected here" },
    { "{a:1}\n", "j.jsonl:1:2, scan: no JSON: a key in double quotes is expected here" },
    { "{'a':1}\n", "j.jsonl:1:2, scan: no JSON: a key in double quotes" },
    { "{\"a\" 1}\n", "j.jsonl:1:6, scan: no JSON: a colon is expected behind the key" },
    { "{\"a\":}\n", "j.jsonl:1:6, scan: no JSON: a value is expected here" },
    { "{\"a\":01}\n", "j.jsonl:1:6, scan: no JSON: this is no number" },
    { "{\"a\":+1}\n", "j.jsonl:1:6, scan: no JSON: a value is expected here" },
    { "{\"a\":1.}\n", "j.jsonl:1:6, scan: no JSON: this is no number" },
    { "{\"a\":.5}\n", "j.jsonl:1:6, scan: no JSON: a value is expected here" },
    { "{\"a\":1e}\n", "j.jsonl:1:6, scan: no JSON: this is no number" },
    { "{\"a\":NaN}\n", "j.jsonl:1:6, scan: no JSON: a value is expected here" },
    { "{\"a\":True}\n", "j.jsonl:1:6, scan: no JSON: a value is expected here" },
    { "{\"a\":nul}\n", "j.jsonl:1:6, scan: no JSON: a value is expected here" },
    { "{\"a\":\"\\x\"}\n", "j.jsonl:1:7, scan: no JSON: this is no escape" },
    { "{\"a\":\"\\ud800\"}\n", "j.jsonl:1:7, scan: no JSON: this is no escape, or half of a" },
    { "{\"a\":\"\\udc00\"}\n", "j.jsonl:1:7, scan: no JSON: this is no escape" },
    { "{\"a\":\"\\ud800\\u0041\"}\n", "j.jsonl:1:7, scan: no JSON: this is no escape" },
    { "{\"a\":\"x\ty\"}\n", "j.jsonl:1:8, scan: no JSON: a control character within a string" },
    { "{\"a\":\"x\xC3(\"}\n", "j.jsonl:1:8, scan: no JSON: these bytes are not UTF-8" },
    { "{\"a\":\"x\xED\xA0\x80\"}\n", "j.jsonl:1:8, scan: no JSON: these bytes are not UTF-8" },
    { "{\"a\":\"x\n\"b\":1}\n", "j.jsonl:1:8, scan: no JSON: a control character within" },
    { "{\"a\":\"x", "j.jsonl:1:6, scan: no JSON: the string is never closed" },
    { "{\"a\":1\n{\"a\":2}\n", "j.jsonl:2:1, scan: no JSON: a comma or } is expected here" },
    { "{\"a\":[1\n", "j.jsonl:1:1, scan: no JSON: the bracket that opens here is never" },
    { "{\"a\":1]\n", "j.jsonl:1:7, scan: no JSON: a comma or } is expected here" },
    { "}\n", "j.jsonl:1:1, scan: no JSON: a value is expected here" },
    { "{\"a\":1} {\"a\":2}\n", "j.jsonl:1:9, scan: no JSON: there is more behind the value" },
    { "{\"a\":1}},\n", "j.jsonl:1:8, scan: no JSON: there is more behind the value" },
    { "{\"a\":1}x\n", "j.jsonl:1:8, scan: no JSON: there is more behind the value" },
    { "{\"a\":1},\n", "j.jsonl:1:8, scan: no JSON: there is more behind the value" },
    { "[{\"a\":1},]\n", "j.jsonl:1:10, scan: no JSON: a value is expected here" },
    { "[,{\"a\":1}]\n", "j.jsonl:1:2, scan: no JSON: a value is expected here" },
    { "[{\"a\":1},,{\"a\":1}]\n", "j.jsonl:1:10, scan: no JSON: a value is expected here" },
    { "[{\"a\":1} {\"a\":2}]\n", "j.jsonl:1:10, scan: no JSON: there is more behind" },
    { "[{\"a\":1}", "j.jsonl:1:9, scan: no JSON: the array is never closed" },
    { "[{\"a\":1}\n,{\"a\":2", "j.jsonl:2:2, scan: no JSON: the bracket that opens here" },
    { "[", "j.jsonl:1:1, scan: no JSON: the array is never closed" },
    { "\xef\xbb\xbf[", "j.jsonl:1:1, scan: no JSON: the array is never closed" },
    { "  [", "j.jsonl:1:3, scan: no JSON: the array is never closed" },
    { "{\"b\":12,\"a\":\"12\"}\n{\"a\":1e400,\"b\\\":{}}\n", "j.jsonl:2:" },
    { "[{\"a\":1}] []\n", "j.jsonl:1:11, scan: no JSON: there is more behind the array" },
    { "x [{\"a\":1}]\n", "j.jsonl:1:1, scan: no JSON: a value is expected here" },
    { "123\n", "j.jsonl:1:1, scan: a row is an object, this is a number" },
    { "\"x\"\n", "j.jsonl:1:1, scan: a row is an object, this is a text" },
    { "[1, 2]\n", "j.jsonl:1:2, scan: a row is an object, this is a number" },
    { "[[1], 2]\n", "j.jsonl:1:2, scan: a row is an object, this is a list" },
    { "{\"a\":1}\n[2]\n", "j.jsonl:2:1, scan: a row is an object, this is a list" },
    { "{\"a\":1,\"a\":2}\n", "j.jsonl:1:12, scan: another value of a key that stands t" },
    { "", "is empty, it has no keys to make columns of" },
    { "[]", "is empty, it has no keys" },
    { "{}\n", "is empty, it has no keys" },
  };
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!CHECK_HAS(json_error(db, "", rows[i].text), rows[i].want))
      test_fail("    %s\n", rows[i].text);
  dfq_close(db);
}

// Behind good rows the same mistakes come after them, at their own line.
TEST(json_errors_are_positions) {
  static const char *const bad[] = {
    "{\"a\":1,}", "{\"a\":tru}", "[]", "{\"a\":1,\"zz\":2}", "{\"a\":1,\"a\":1}",
    "{\"a\":\"x\"}",
    "{\"a\":[1}", "{\"a\":\"x",
  };
  static const char *const says[] = {
    "a comma", "a value is expected", "a row is an object",
    "a key that the sample has not: \"zz\"",
    "stands twice", "column a holds a text \"x\", which is no i64", "a comma or ]", "control",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    for (int array = 0; array < 2; array++) {
      test_string t = { NULL, 0, 0 };
      char line[64];
      if (array) test_puts(&t, "[");
      for (int k = 0; k < 3000; k++) {
        snprintf(line, sizeof line, "%s{\"a\":%d}%s", array && k ? "\n," : "", k,
                 array ? "" : "\n");
        test_puts(&t, line);
      }
      if (array) test_puts(&t, "\n,");
      test_puts(&t, bad[i]);
      test_puts(&t, "\n");
      if (array) test_puts(&t, "]");
      dfq *db = dfq_open(NULL);
      dfq_frame *f = dfq_scan_json(db, test_file("pos.jsonl", t.s), NULL);
      char *got = csv_dump(f);
      CHECK_HAS(got, "\n2999\ndfq: malformed data");
      CHECK_HAS(got, "pos.jsonl:3001:");
      if (!CHECK_HAS(got, says[i])) test_fail("    %s\n", bad[i]);
      free(got);
      // whoever wants only the rows before it never sees it
      dfq_table *first = dfq_collect(dfq_limit(f, 3000));
      CHECK_INT(dfq_table_rows(first), 3000);
      dfq_table_free(first);
      free(t.s);
      dfq_close(db);
    }
}

TEST(json_depth_has_a_limit) {
  dfq *db = dfq_open(NULL);
  for (int deep = 1000; deep <= 100000; deep *= 10)
    for (int object = 0; object < 2; object++) {
      test_string t = { NULL, 0, 0 };
      test_puts(&t, "{\"a\":");
      for (int i = 0; i < deep; i++) test_puts(&t, object ? "{\"k\":" : "[");
      test_puts(&t, "1");
      for (int i = 0; i < deep; i++) test_puts(&t, object ? "}" : "]");
      test_puts(&t, "}\n");
      const char *e = json_error(db, "", t.s);
      if (deep == 1000) CHECK_STR(e, "no error");
      else CHECK_HAS(e, "brackets are more than 1,024 deep");
      free(t.s);
    }
  dfq_close(db);
}

TEST(json_types_say_why) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("why.jsonl",
                               "{\"n\":1,\"m\":1,\"s\":\"x\",\"l\":[1],\"z\":null}\n"
                               "{\"n\":2,\"m\":\"N/A\",\"s\":\"y\",\"l\":[2]}\n");
  const dfq_schema *s = dfq_schema_of(dfq_scan_json(db, path, NULL));
  CHECK_INT(s->count, 5);
  CHECK_STR(s->field[0].why, "2 of 2 sampled rows are i64");
  CHECK_HAS(s->field[1].why, "why.jsonl:2 holds \"N/A\" (1 of 2 sampled rows is i64)");
  CHECK_HAS(s->field[1].why, "each value is kept as its JSON text");
  CHECK_HAS(s->field[2].why, "why.jsonl:1 holds \"x\"");
  CHECK_STR(s->field[3].why, "all values are lists of one type");
  CHECK_STR(s->field[4].why, "none of the sampled rows has a value");
  dfq_close(db);
}

TEST(json_bad_values) {
  static const char text[] = "{\"a\":1,\"p\":{\"x\":1}}\n{\"a\":\"no\",\"p\":{\"x\":2}}\n"
                             "{\"a\":3,\"p\":5}\n{\"a\":4,\"p\":{\"x\":\"q\"}}\n{\"a\":5}\n";
  JSON_MEANS("infer 1 bad_values null", text,
             "a i64|p.x i64\n1|1\n~|2\n3|~\n4|~\n5|~\n");
  JSON_MEANS("infer 1 bad_values skip", text, "a i64|p.x i64\n1|1\n5|~\n");
  dfq *db = dfq_open(NULL);
  CHECK_HAS(json_error(db, "infer 1", text), "j.jsonl:2:6, scan: column a holds a text \"no\", "
            "which is no i64\n  a was taken for i64 from the first row\n  try: types (a: str)");
  CHECK_HAS(json_error(db, "infer 1 types (a: str)", text), "j.jsonl:3:12, scan: no object: "
            "\"5\", where the sample has nothing else\n  try: nested text");
  CHECK_HAS(json_error(db, "infer 1", "{\"a\":1}\n{\"b\":2}\n"),
            "j.jsonl:2:3, scan: a key that the sample has not: \"b\"");
  JSON_MEANS("infer 1 unknown ignore", "{\"a\":1}\n{\"b\":2}\n", "a i64\n1\n~\n");
  JSON_MEANS("infer 1 types (b: i64)", "{\"a\":1}\n{\"b\":2}\n", "a i64|b i64\n1|~\n~|2\n");
  JSON_MEANS("infer 1", "{\"s\":\"x\"}\n", "s str\nx\n");
  CHECK_HAS(json_error(db, "infer 1", "{\"s\":\"x\"}\n{\"s\":1}\n"),
            "column s holds a number \"1\", which is no str");
  CHECK_HAS(json_error(db, "delimiter ';'", text), "is JSON, which has other options");
  CHECK_HAS(json_error(db, "types (a: i64, a: str)", text), "two types for column a");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan a.csv nested text")), "are for JSON");
  CHECK_HAS(dfq_frame_error(dfq_query(db, "scan a.json unknown maybe")), "error or ignore");
  CHECK_HAS(dfq_frame_error((dfq_scan_json)(db, "nosuch.json", NULL)), "nosuch.json");
  dfq_close(db);
}

static const char json_traps[] =
    "\xEF\xBB\xBF{\"id\":1,\"s\":\"a,\\\"b\\\\\\\\\",\"p\":{\"x\":[1,2]}}\r\n\n"
    "{\"p\":{\"x\":[]},\"s\":\"}{][:,\\\\\",\"id\":-2}\n{ \"id\" : 3 }\n"
    "{\"s\":\"\\u00e4\xC3\xB6\",\n\"p\":{},\"id\":9223372036854775807}";
static const char json_traps_mean[] =
    "id i64|s str|p.x list(i64)\n1|a,\"b\\\\|\n-2|}{][:,\\|\n3|~|~\n"
    "9223372036854775807|\xC3\xA4\xC3\xB6|~\n";

TEST(json_every_split_point) {
  csv_split_everywhere(TEST_AT, "scan f.json", json_traps, sizeof json_traps - 1,
                       json_traps_mean);
}

// Behind strings of every length: each byte stands at each place of a block of 64.
TEST(json_every_alignment) {
  for (int pad = 0; pad < 140; pad++) {
    test_string t = { NULL, 0, 0 };
    char head[256], want[1024];
    snprintf(head, sizeof head, "{\"id\":0,\"s\":\"%*s\\\\\"}\n", pad, "");
    test_puts(&t, head);
    test_puts(&t, json_traps + 3);
    snprintf(want, sizeof want, "id i64|s str|p.x list(i64)\n0|%*s\\|~\n%s", pad, "",
             strchr(json_traps_mean, '\n') + 1);
    csv_disk disk = csv_disk_of(t.s, t.len);
    if (!csv_means(TEST_AT, &disk, "scan f.json", want))
      test_fail("    behind %d bytes\n", pad);
    free(t.s);
  }
}

// One byte of a file changed, dropped or doubled: in one piece or in many it means the same,
// errors included, and a file that is read without one is JSON, row by row.
TEST(json_mutated_files) {
  static const char seedling[] =
      "{\"a\":1,\"b\":\"x\\n\",\"c\":{\"d\":[1,null]},\"e\":true}\n"
      "{\"a\":-2.5e1,\"b\":\"\",\"c\":{\"d\":[]},\"e\":null}\n{\"b\":\"\xC3\xA4\"}\n";
  static const char alphabet[] = "{}[]:,\"\\ \n01ax.-\xC3\t";
  uint64_t seed = 21;
  for (int round = 0; round < 1500; round++) {
    char text[256];
    size_t n = sizeof seedling - 1;
    memcpy(text, seedling, n);
    if (round & 1) text[n++] = ']';
    if (round & 1) {
      memmove(text + 1, text, n++);
      text[0] = '[';
      for (size_t i = 0; i + 3 < n; i++) if (text[i] == '\n') text[i] = ',';
    }
    for (uint64_t k = test_random(&seed) % 3 + 1; k > 0; k--) {
      size_t at = test_random(&seed) % n;
      text[at] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
    }
    char *want = NULL;
    for (int piece = 0; piece < 3; piece++) {
      csv_disk disk = csv_disk_of(text, n);
      disk.piece = (size_t)(piece == 0 ? 0 : piece == 1 ? 1 : 13);
      dfq *db = csv_on(&disk);
      dfq_json_options o;
      memset(&o, 0, sizeof o);
      o.ignore_unknown = true;
      char *got = csv_dump(dfq_scan_json(db, "f.json", &o));
      if (want && !CHECK_STR(got, want)) test_fail("    %.*s\n", (int)n, text);
      bool fine = !strstr(got, "dfq: ");
      if (!piece && fine && (round & 1)) {
        size_t at;
        if (!CHECK(dfq__json_check(text, n, &at) == NULL))
          test_fail("    %.*s\n", (int)n, text);
      }
      free(want);
      want = got;
      dfq_close(db);
    }
    free(want);
  }
}

static char *json_random_lines(uint64_t *seed, int rows, bool array) {
  test_string t = { NULL, 0, 0 };
  if (array) test_puts(&t, "[");
  for (int i = 0; i < rows; i++) {
    char row[256];
    uint64_t x = test_random(seed);
    snprintf(row, sizeof row,
             "%s{\"a\":%d,%s\"b\":%s%d.5,\"c\":%s,\"p\":{\"d\":\"2020-01-%02d\"}%s}%s",
             array && i ? "," : "", (int)(x % 100), x >> 8 & 1 ? "" : " \"z\": [{\"a\":0}], ",
             x >> 9 & 1 ? "-" : "", (int)(x >> 16 & 255), x >> 10 & 1 ? "\"te\\\"xt\"" : "null",
             (int)(x >> 24) % 28 + 1, x >> 11 & 1 ? ",\"l\":[1,2]" : "", "\n");
    test_puts(&t, row);
  }
  if (array) test_puts(&t, "]");
  return t.s;
}

TEST(json_engines_agree) {
  static const char *const queries[] = {
    "filter a > 50 and b < 100.0", "filter c is null | select p.d, a", "select p.d | distinct",
    "filter b / (a - 50) > 0.0 | limit 5", "group c: sum(a) as s, count() as n | sort s",
    "explode l | filter l = 2 | select a, l", "filter z like '%a%' | limit 7", "limit 0",
  };
  uint64_t seed = 4;
  for (int round = 0; round < 6; round++) {
    char *text = json_random_lines(&seed, 200 + 300 * round, round & 1);
    dfq *db = dfq_open(NULL);
    dfq_frame *f = dfq_scan_json(db, test_file("agree.json", text), NULL);
    CHECK(dfq_register(db, "f", f));
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
      char query[256];
      snprintf(query, sizeof query, "f | %s", queries[q]);
      if (!CHECK(dfq_check_equivalent(dfq_query(db, query), NULL)))
        test_fail("    %s: %s\n", query, dfq_error(db));
    }
    dfq_close(db);
    free(text);
  }
}

// Lines are cut into morsels; an object of several lines makes cuts that do not fit together.
TEST(json_in_morsels) {
  for (int several = 0; several < 2; several++) {
    test_string t = { NULL, 0, 0 };
    int64_t sum = 0;
    for (int i = 0; i < 40000; i++) {
      char line[96];
      snprintf(line, sizeof line, "{\"id\":%d,%s\"t\":\"row %d\"}\n", i, several ? "\n" : "",
               i % 50);
      test_puts(&t, line);
      sum += i;
    }
    dfq *db = dfq_open(NULL);
    dfq_run_options run;
    memset(&run, 0, sizeof run);
    run.threads = 2;
    run.batch_rows = 256;
    dfq_frame *f = dfq_scan(db, test_file("many.jsonl", t.s));
    f = dfq_configure(dfq_group_by(f, "t", "sum(id) as s"), &run);
    dfq_table *got = dfq_collect(dfq_group_by(f, "", "sum(s) as s, count() as n"));
    if (CHECK(got != NULL)) CHECK_INT(dfq_table_i64(got, 0, 0), sum);
    if (got) CHECK_INT(dfq_table_i64(got, 0, 1), 50);
    dfq_table_free(got);
    free(t.s);
    dfq_close(db);
  }
}

TEST(json_pipes_are_read_once) {
  csv_disk disk = csv_disk_of(json_traps, sizeof json_traps - 1);
  disk.no_size = true;
  disk.piece = 5;
  dfq *db = csv_on(&disk);
  dfq_frame *f = dfq_scan_json(db, "pipe", NULL);
  char *got = csv_dump(f);
  CHECK_STR(got, json_traps_mean);
  CHECK_INT(disk.opens, 1);
  free(got);
  got = csv_dump(f);
  CHECK_HAS(got, "can be read only once");
  free(got);
  dfq_close(db);
}

TEST(json_prints_and_parses_back) {
  dfq *db = dfq_open(NULL);
  const char *path = test_file("back.txt", "{\"a\":1,\"b\":{\"c\":\"2\"},\"d e\":[1]}\n");
  static const char *const options[] = {
    "format json", "format json infer 7 types (a: f64, b.c: i64, \"d e\": list(f64))",
    "format json bad_values null unknown ignore nested text", "format json types (b: str)",
    "format json types (new: str)"
  };
  for (int i = 0; i < 5; i++) {
    char query[512];
    snprintf(query, sizeof query, "scan %s %s", path, options[i]);
    dfq_frame *f = dfq_query(db, query);
    if (!CHECK(!dfq_frame_error(f))) continue;
    const char *back = dfq_pipeline_text(f);
    dfq_frame *g = dfq_query(db, back);
    CHECK_STR(dfq_pipeline_text(g), back);
    char *want = csv_dump(f), *got = csv_dump(g);
    CHECK_STR(got, want);
    free(want);
    free(got);
  }
  dfq_close(db);
}

static bool json_use(dfq *db, const void *user) {
  const char *path = (const char *)user;
  dfq_json_options o;
  memset(&o, 0, sizeof o);
  dfq_table *t = dfq_collect(dfq_filter(dfq_scan_json(db, path, &o), "id > 1"));
  if (!t) return false;
  dfq_table_free(t);
  o.types = "id: i32, p: str, new: f64";
  o.bad_values = DFQ_BAD_NULL;
  t = dfq_collect(dfq_scan_json(db, path, &o));
  dfq_table_free(t);
  return t != NULL;
}

TEST(json_out_of_memory_everywhere) {
  CHECK(csv_fail_each(json_use, test_file("memory.jsonl", json_traps + 3), true) > 50);
}

// Random tables of every type, as lines and as an array, with the types given.
TEST(json_what_is_written_reads_back) {
  static const dfq_type types[] = { DFQ_BOOL, DFQ_I32, DFQ_I64, DFQ_F64, DFQ_STR, DFQ_DATE,
                                    DFQ_DATETIME, DFQ_DURATION };
  static const char *const names[] = { "a", "b c", "d,e", "f\"g", "h{", "\\i", "j\nk", "#l" };
  static char room[8 * 40 * 30];
  static dfq_value cells[8 * 40];
  uint64_t seed = 77;
  for (int round = 0; round < 200; round++) {
    dfq *db = dfq_open(NULL);
    int columns = 1 + (int)(test_random(&seed) % 8);
    size_t rows = test_random(&seed) % 40;
    dfq_field fields[8];
    dfq__text given = dfq__text_in(db->heap);
    for (int c = 0; c < columns; c++) {
      fields[c].name = names[c];
      fields[c].type = types[test_random(&seed) % 8];
      fields[c].why = NULL;
      dfq__put(&given, c ? ", " : "");
      dfq__put_name(&given, names[c]);
      dfq__putf(&given, ": %s", dfq_type_name(fields[c].type));
    }
    for (size_t i = 0; i < rows * (size_t)columns; i++) {
      cells[i] = csv_random_value(&seed, fields[i % (size_t)columns].type, room + 30 * i);
      bool wild = cells[i].type == DFQ_F64 && cells[i].as.f - cells[i].as.f != 0;
      if (cells[i].type == DFQ_STR && !dfq__is_ascii(cells[i].as.s, cells[i].len)) wild = true;
      if (wild) cells[i] = dfq__value_null();   // what JSON has not
    }
    dfq_table *want = dfq_table_from_rows(db, fields, columns, cells, rows);
    dfq_json_options o;
    memset(&o, 0, sizeof o);
    o.types = given.data;
    const char *path = test_path(round & 1 ? "json_back.jsonl" : "json_back.json");
    bool wrote = dfq_write(dfq_scan_table(db, want), path, NULL);
    dfq_table *got = dfq_collect(dfq_scan_json(db, path, &o));
    char difference[200] = "";
    if (!CHECK(wrote) || !CHECK(got != NULL)) test_fail("    %s\n", dfq_error(db));
    else if (!CHECK(dfq_table_equal(want, got, difference, sizeof difference)))
      test_fail("    round %d: %s\n", round, difference);
    dfq__text_free(&given);
    dfq_table_free(want);
    dfq_table_free(got);
    dfq_close(db);
  }
}

TEST(json_lines_and_markdown_are_written) {
  dfq *db = dfq_open(NULL);
  const char *in = test_file("w.jsonl",
                             "{\"a\":1,\"s\":\"x|y\\n*\",\"l\":[\"p\"]}\n{\"a\":null}\n");
  dfq_frame *f = dfq_scan(db, in);
  static const char *const want[] = {
    "{\"a\": 1, \"s\": \"x|y\\n*\", \"l\": [\"p\"]}\n"
    "{\"a\": null, \"s\": null, \"l\": null}\n",
    "| a | s | l |\n| ---: | --- | --- |\n| 1 | x\\|y<br>\\* | ['p'] |\n|  |  |  |\n"
  };
  for (int i = 0; i < 2; i++) {
    const char *path = test_path(i ? "w.md" : "w.ndjson");
    CHECK(dfq_write(f, path, NULL));
    char *text = test_read(path);
    CHECK_STR(text, want[i]);
    free(text);
  }
  dfq_close(db);
}

// Departures as a service hands them out, with the types that a person would give them: an
// object within, a list, a null, a number that is text because of its zeros.
static const char json_flights[] =
  "[\n"
  "  {\"flight\": \"KL1009\", \"day\": \"2024-03-01\", \"departs\": \"2024-03-01T07:05:00\",\n"
  "   \"from\": {\"code\": \"AMS\", \"gate\": \"007\"}, \"delay\": 12, \"km\": 371.5,\n"
  "   \"cancelled\": false, \"crew\": [\"Ada\", \"Bo\"], \"seats\": [12, 7]},\n"
  "  {\"flight\": \"AF22\", \"day\": \"2024-03-02\", \"departs\": \"2024-03-02T23:40:00\",\n"
  "   \"from\": {\"code\": \"CDG\", \"gate\": null}, \"delay\": -3, \"km\": 5834,\n"
  "   \"cancelled\": true, \"crew\": [], \"seats\": null, \"note\": \"\\u00fcber Nacht\"}\n"
  "]\n";

TEST(json_flights_open_as_a_person_would_type_them) {
  static const char want[] =
    "flight str|day date|departs datetime|from.code str|from.gate str|delay i64|km f64|"
    "cancelled bool|crew list(str)|seats list(i64)|note str";
  dfq *db = dfq_open(NULL);
  dfq_frame *f = dfq_scan_json(db, test_file("flights.json", json_flights), NULL);
  char *got = csv_dump(f);
  got[strcspn(got, "\n")] = 0;
  CHECK_STR(got, want);
  free(got);
  CHECK_INT(dfq_count(dfq_filter(f, "from.gate = '007' and crew is not null")), 1);
  CHECK_INT(dfq_count(dfq_filter(f, "departs >= datetime '2024-03-02 23:40:00'")), 1);
  CHECK_INT(dfq_count(dfq_filter(f, "km * 2 > 10000 and cancelled and seats is null")), 1);
  CHECK_SAME(dfq_filter(f, "delay < 0 or note is null"));
  CHECK_STR(dfq_error(db), "");
  dfq_close(db);
}

static void run_ch6_json(void) {
  RUN(json_flights_open_as_a_person_would_type_them);
  RUN(json_what_is_written_reads_back);
  RUN(json_lines_and_markdown_are_written);
  RUN(json_lines_and_arrays);
  RUN(json_values);
  RUN(json_objects_within);
  RUN(json_grammar_errors_say_where);
  RUN(json_errors_are_positions);
  RUN(json_depth_has_a_limit);
  RUN(json_types_say_why);
  RUN(json_bad_values);
  RUN(json_every_split_point);
  RUN(json_every_alignment);
  RUN(json_mutated_files);
  RUN(json_engines_agree);
  RUN(json_in_morsels);
  RUN(json_pipes_are_read_once);
  RUN(json_prints_and_parses_back);
  RUN(json_out_of_memory_everywhere);
}
