// ch6_pipeline.c - the pipeline language: what parses and to what plan, what does not and where
// the caret stands, and the way back, plan to text to plan, for every stage, by a table and at
// random.

// ---- files and templates --------------------------------------------------------------------

// In the templates below @o is the path of the orders, @c of the customers, @w of a file whose
// columns have the language's own words as names, @s of one with semicolons.
static const struct { char letter; const char *name, *text; } pipe_files[] = {
  { 'o', "pipe_o.csv",
    "id,customer,amount,region,year,day\n"
    "1,1,250,EU,2024,2024-01-05\n2,2,100,US,2024,2024-02-01\n3,1,,EU,2024,2024-02-29\n"
    "4,3,150,EU,2023,2023-12-31\n5,9,300,,2024,2024-03-01\n6,2,120.5,US,2024,2024-03-02\n" },
  { 'c', "pipe_c.csv", "customer,name,region\n1,Ada,EU\n2,Bo,US\n3,Cleo,EU\n4,Dan,US\n" },
  { 'w', "pipe_w.csv",
    "desc,left,date,on,two words,filter\n1,2,2020-06-01,4,x,y\n3,1,2019-01-01,4,z,y\n" },
  { 's', "pipe_s.csv", "# made by hand\na;b;zip\n1;NA;00501\n2;'x;y';10001\n" },
};
enum { PIPE_FILES = sizeof pipe_files / sizeof *pipe_files };

static const char *pipe_path(char letter) {
  static const char *made[PIPE_FILES];
  for (int i = 0; i < PIPE_FILES; i++) {
    if (pipe_files[i].letter != letter) continue;
    if (!made[i]) made[i] = test_file(pipe_files[i].name, pipe_files[i].text);
    return made[i];
  }
  return NULL;
}

// The template with its paths put in.
static char *pipe_fill(const char *form) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "");
  for (; *form; form++) {
    const char *path = *form == '@' ? pipe_path(form[1]) : NULL;
    if (!path) { test_add(&t, form, 1); continue; }
    test_puts(&t, path);
    form++;
  }
  return t.s;
}

// The way back: paths become @x, and a stage's line break a blank.
static char *pipe_fold(const char *text) {
  test_string t = { NULL, 0, 0 };
  test_puts(&t, "");
  while (*text) {
    int i = 0;
    size_t n = 0;
    for (; i < PIPE_FILES; i++) {
      const char *path = pipe_path(pipe_files[i].letter);
      n = strlen(path);
      if (strncmp(text, path, n) == 0) break;
    }
    if (i == PIPE_FILES) {
      test_add(&t, *text == '\n' ? " " : text, 1);
      text++;
      continue;
    }
    test_puts(&t, "@");
    test_add(&t, &pipe_files[i].letter, 1);
    text += n;
  }
  return t.s;
}

static dfq_frame *pipe_query(dfq *db, const char *form) {
  char *text = pipe_fill(form);
  dfq_frame *f = dfq_query_at(db, text, NULL);
  free(text);
  return f;
}

// ---- what parses ----------------------------------------------------------------------------

// A pipeline, and how its plan is written; NULL: just like that.
typedef struct pipe_good {
  const char *in, *out;
} pipe_good;

static const pipe_good pipe_goods[] = {
  // sources
  { "scan @o", NULL },
  { "scan @o;", "scan @o" },
  { "scan '@o'", "scan @o" },
  { "  scan\n@o\n", "scan @o" },
  { "(scan @o)", "scan @o" },
  { "(((scan @o | limit 2)) | limit 1)", "scan @o | limit 2 | limit 1" },
  { "scan @o # the orders\n| limit 2 # of them", "scan @o | limit 2" },
  { "# nothing yet\nscan @o", "scan @o" },
  { "scan @o|limit 2|limit 1", "scan @o | limit 2 | limit 1" },
  { "let a = scan @o; a", "scan @o" },
  { "let a = scan @o; let b = a | limit 3; b | limit 2;", "scan @o | limit 3 | limit 2" },
  { "let let = scan @o; \"let\" | limit 2", "scan @o | limit 2" },
  { "let scan = scan @o; \"scan\"", "scan @o" },
  { "let \"my orders\" = scan @o; \"my orders\" | limit 1", "scan @o | limit 1" },
  { "let filter = scan @o; filter | filter id = 1", "scan @o | filter id = 1" },
  { "let unused = scan @c; scan @o", "scan @o" },
  // options of a scan
  { "scan @s delimiter ';' quote '''' comment '#' nulls 'NA'", NULL },
  { "scan @s nulls 'NA' quote '''' comment '#' delimiter ';'",
    "scan @s delimiter ';' quote '''' comment '#' nulls 'NA'" },
  { "scan @s delimiter ';' skip 1 types (zip: i64)", NULL },
  { "scan @s delimiter ';' skip 1 types (zip: str, a: f64,)",
    "scan @s delimiter ';' skip 1 types (a: f64, zip: str)" },
  { "scan @o names (a, b, c, d, e, f)", NULL },
  { "scan @o header false names (a, b, \"c d\", d, e, f,)",
    "scan @o header false names (a, b, \"c d\", d, e, f)" },
  { "scan @o header true infer 3", NULL },
  { "scan @o infer all row_index n rows 2 skip_rows 1 row_bytes 100",
    "scan @o skip_rows 1 rows 2 row_bytes 100 row_index n infer all" },
  { "scan @o escape '\\' comment '//' decimal ',' thousands '.' trim true nulls 'NA, id: 7'",
    "scan @o escape '\\' comment '//' decimal ',' thousands '.' trim true nulls 'NA, id: 7'" },
  { "scan @o encoding 'latin1' ragged truncate true_words 'yes' false_words 'no' dates false",
    "scan @o true_words 'yes' false_words 'no' dates false encoding latin1 ragged truncate" },
  { "scan @o date_format '%d.%m.%Y' infer none header false",
    "scan @o date_format '%d.%m.%Y' header false infer none" },
  { "scan @o delimiter '\\t'", "scan @o delimiter '\t'" },
  { "scan @o quote ''", NULL },
  { "scan @o infer 2 bad_values null", NULL },
  { "scan @o infer 2 bad_values skip", NULL },
  { "scan @o bad_values error", "scan @o" },
  // filter
  { "scan @o | filter amount > 100", NULL },
  { "scan @o | filter amount > 100 and region = 'EU' or year <> 2024",
    "scan @o | filter amount > 100 and region = 'EU' or year != 2024" },
  { "scan @o | filter region in ('EU', 'US',) and not id = 3",
    "scan @o | filter region in ('EU', 'US') and not id = 3" },
  { "scan @o | filter day > date '2024-02-01'", NULL },
  { "scan @o | filter region like 'E%' and region is not null", NULL },
  { "scan @o | filter true", NULL },
  { "scan @o | filter amount between 100 and 200",
    "scan @o | filter amount >= 100 and amount <= 200" },
  { "scan @o | filter\n  amount > 100   # large\n  and id < 5",
    "scan @o | filter amount > 100 and id < 5" },
  // select, with, drop, rename
  { "scan @o | select id, amount", NULL },
  { "scan @o | select *", "scan @o | select id, customer, amount, region, year, day" },
  { "scan @o | select id as a, amount * 2 as b, year + 1,",
    "scan @o | select id as a, amount * 2 as b, year + 1" },
  { "scan @o | select *, 1 as one | drop day",
    "scan @o | select id, customer, amount, region, year, day, 1 as one | drop day" },
  { "scan @o | select null as n, 'a''b' as s, -1 as m, 1e10 as f",
    "scan @o | select cast(null as str) as n, 'a''b' as s, -1 as m, 10000000000.0 as f" },
  { "scan @o | with amount * 0.2 as tax", NULL },
  { "scan @o | with amount * 2 as amount, id as id2", NULL },
  { "scan @o | with case when id > 3 then 'late' else 'early' end as when_", NULL },
  { "scan @o | with id", "scan @o | select id, customer, amount, region, year, day" },
  { "scan @o | with cast(id as f64) as id, coalesce(amount, 0) as amount",
    "scan @o | with cast(id as f64) as id, "
    "case when amount is not null then amount else 0 end as amount" },
  { "scan @o | drop id, day,", "scan @o | drop id, day" },
  { "scan @o | rename id as key, amount as \"the amount\"", NULL },
  { "scan @o | rename id as customer, customer as id,",
    "scan @o | rename id as customer, customer as id" },
  // windows, which the plan keeps in a node of their own
  { "scan @o | with sum(amount) over (partition by customer order by id) as running", NULL },
  { "scan @o | select id, row_number() over (order by amount desc) as r, "
    "amount / sum(amount) over () as share", NULL },
  { "scan @o | with rank() over (partition by year order by amount desc nulls first) + 1",
    NULL },
  { "scan @o | with mean(amount) over (order by id rows between 1 preceding and current row) "
    "as amount, sum(amount) over () as all_ | filter amount > 3", NULL },
  { "scan @o | select count() over (), id | with max(id) over () as id", NULL },
  // group
  { "scan @o | group region: sum(amount) as total, count() as n", NULL },
  { "scan @o | group region, year", NULL },
  { "scan @o | group: count(), max(amount) - min(amount) as spread", NULL },
  { "scan @o | group : count(*)", "scan @o | group: count()" },
  { "scan @o | group year // 2 as half,: mean(id) as m,",
    "scan @o | group year // 2 as half: mean(id) as m" },
  { "scan @o | group region: quantile(amount, 0.5) as q, any(id > 2) as some", NULL },
  { "scan @o | sort year | group year: first(id) sorted", NULL },
  // sort
  { "scan @o | sort amount", NULL },
  { "scan @o | sort amount asc nulls last, id desc,", "scan @o | sort amount, id desc" },
  { "scan @o | sort region desc nulls first, amount nulls first", NULL },
  { "scan @o | sort amount * -1, -id", NULL },
  // limit, offset, row_index, distinct
  { "scan @o | limit 3 offset 2", NULL },
  { "scan @o | limit 3 offset 0", "scan @o | limit 3" },
  { "scan @o | limit 0", NULL },
  { "scan @o | offset 4", NULL },
  { "scan @o | row_index i", NULL },
  { "scan @o | row_index \"row number\"", NULL },
  { "scan @o | select region | distinct", NULL },
  { "scan @o | distinct region, year,", "scan @o | distinct region, year" },
  // join
  { "scan @o | join @c on customer", "scan @o | join @c on customer inner" },
  { "scan @o | join '@c' on customer left", "scan @o | join @c on customer left" },
  { "scan @o | join @c on customer = customer, region full",
    "scan @o | join @c on customer, region full" },
  { "scan @o | join @c on id = customer right", NULL },
  { "scan @o | join @c on id = customer semi", NULL },
  { "scan @o | join @c on customer anti", NULL },
  { "scan @o | join @c on customer inner suffix '_c'", NULL },
  { "scan @o | join @c on region right nulls_equal", NULL },
  { "scan @o | sort customer | join (scan @c | sort customer) on customer inner sorted", NULL },
  { "scan @o | join @c cross", NULL },
  { "scan @o | join (scan @c | filter region = 'EU') on customer left", NULL },
  { "scan @o | join (scan @c) on customer left", "scan @o | join @c on customer left" },
  { "let c = scan @c | limit 2; scan @o | join c on customer semi",
    "scan @o | join (scan @c | limit 2) on customer semi" },
  { "scan @o | join @c names (customer, who, where_) on customer left",
    "scan @o | join (scan @c names (customer, who, where_)) on customer left" },
  { "scan @o | join (scan @c | join (scan @w | limit 1) cross) on customer left | limit 1",
    "scan @o | join (scan @c | join (scan @w | limit 1) cross) on customer left | limit 1" },
  // union
  { "scan @o | union @o", NULL },
  { "let a = scan @o | filter id > 3; a | union a",
    "scan @o | filter id > 3 | union (scan @o | filter id > 3)" },
  { "scan @c | union (scan @c | union (scan @c | limit 1))", NULL },
  // words that are names here
  { "scan @w | sort desc desc", NULL },
  { "scan @w | sort desc, left asc, desc desc nulls first",
    "scan @w | sort desc, left, desc desc nulls first" },
  { "scan @w | join @w on left left", NULL },
  { "scan @w | join @w on desc = left left", NULL },
  { "scan @w | join @w on on right", NULL },
  { "scan @w | join @w on on, left", "scan @w | join @w on on, left inner" },
  { "scan @w | filter date > date '2020-01-01'", NULL },
  { "scan @w | filter filter = 'y'", NULL },
  { "scan @w | select date, \"two words\", \"on\"",
    "scan @w | select date, \"two words\", on" },
  { "scan @w | group left: sum(desc) as sum", NULL },
  { "scan @w | rename on as \"and\"", NULL },
};

TEST(pipe_grammar_accepts) {
  for (size_t i = 0; i < sizeof pipe_goods / sizeof *pipe_goods; i++) {
    const pipe_good *g = &pipe_goods[i];
    dfq *db = dfq_open(NULL);
    dfq_frame *f = pipe_query(db, g->in);
    if (CHECK(!dfq_frame_error(f))) {
      char *text = pipe_fold(dfq_pipeline_text(f));
      CHECK_STR(text, g->out ? g->out : g->in);
      free(text);
    } else {
      test_fail("    %s\n    %s\n", g->in, dfq_frame_error(f));
    }
    dfq_close(db);
  }
}

// Text to plan to text to plan: the same text, the same schema, the same rows.
static void pipe_check_round_trip(dfq *db, dfq_frame *f) {
  const char *text = dfq_pipeline_text(f);
  dfq_frame *again = dfq_query_at(db, text, NULL);
  if (!CHECK(!dfq_frame_error(again))) {
    test_fail("    %s\n    %s\n", text, dfq_frame_error(again));
    return;
  }
  CHECK_STR(dfq_pipeline_text(again), text);
  CHECK_STR(dfq_explain_text(again, DFQ_EXPLAIN_PLAIN), dfq_explain_text(f, DFQ_EXPLAIN_PLAIN));
  dfq_table *a = dfq_collect(f), *b = dfq_collect(again);
  char difference[200] = "one of them failed";
  bool same = a && b ? dfq_table_equal(a, b, difference, sizeof difference) : !a && !b;
  if (!CHECK(same)) test_fail("    %s\n    %s\n    %s\n", text, difference, dfq_error(db));
  dfq_table_free(a);
  dfq_table_free(b);
}

TEST(pipe_text_reads_back) {
  for (size_t i = 0; i < sizeof pipe_goods / sizeof *pipe_goods; i++) {
    dfq *db = dfq_open(NULL);
    dfq_frame *f = pipe_query(db, pipe_goods[i].in);
    if (!dfq_frame_error(f)) pipe_check_round_trip(db, f);
    dfq_close(db);
  }
}

// ---- what does not parse --------------------------------------------------------------------

// A pipeline that is wrong: its status, a piece of the message, and where the caret stands: the
// rest of the line from there on, and how many carets there are.
typedef struct pipe_bad {
  const char *in;
  dfq_status status;
  const char *piece, *rest;
  int carets;
} pipe_bad;

static const pipe_bad pipe_bads[] = {
  // no pipeline
  { "", DFQ_SYNTAX, "expected a pipeline", "", 1 },
  { "  # only this\n", DFQ_SYNTAX, "expected a pipeline", "  # only this", 1 },
  { ";", DFQ_SYNTAX, "expected scan, a name that a let binds, or (", ";", 1 },
  { "let a = scan @o;", DFQ_SYNTAX, "expected a pipeline", "", 1 },
  { "limit 3", DFQ_UNKNOWN_NAME, "no let binds limit", "limit 3", 5 },
  { "@o | limit 3", DFQ_SYNTAX, "expected scan, a name that a let binds, or (", NULL, 1 },
  { "orders.csv | limit 3", DFQ_UNKNOWN_NAME, "a file is read by scan orders.csv",
    "orders.csv | limit 3", 10 },
  // let
  { "let", DFQ_SYNTAX, "expected a name for the pipeline", "", 1 },
  { "let 3 = scan @o; scan @o", DFQ_SYNTAX, "expected a name for the pipeline, not 3", NULL,
    1 },
  { "let a scan @o; a", DFQ_SYNTAX, "expected =, not scan", NULL, 4 },
  { "let a = scan @o a", DFQ_SYNTAX, "expected | and a stage, or the end, not a", "a", 1 },
  { "let a = scan @o", DFQ_SYNTAX, "expected ; behind a let's pipeline", "", 1 },
  { "let a = scan @o; let a = scan @c; a", DFQ_SYNTAX, "a is bound already", NULL, 1 },
  { "let abc = scan @o; abd | limit 1", DFQ_UNKNOWN_NAME, "no let binds abd; did you mean abc?",
    "abd | limit 1", 3 },
  { "let a = scan @o; a; a", DFQ_SYNTAX, "expected the end, not a", "a", 1 },
  // parentheses
  { "(scan @o", DFQ_SYNTAX, "expected | or ), but the text ends here", "", 1 },
  { "(scan @o | limit 1))", DFQ_SYNTAX, "expected the end, not )", ")", 1 },
  { "scan @o )", DFQ_SYNTAX, "expected the end, not )", ")", 1 },
  { "()", DFQ_SYNTAX, "expected scan, a name that a let binds, or (", ")", 1 },
  // paths
  { "scan", DFQ_SYNTAX, "expected a path, but the text ends here", "", 1 },
  { "scan |", DFQ_SYNTAX, "expected a path, not |", "|", 1 },
  { "scan ''", DFQ_SYNTAX, "expected a path", "''", 2 },
  { "scan \"a.csv\" | limit 1", DFQ_SYNTAX, "a path stands in 'single quotes'",
    "\"a.csv\" | limit 1", 7 },
  { "scan 'a.csv", DFQ_SYNTAX, "this quote is never closed", "'a.csv", 1 },
  { "scan nosuch.csv | limit 3", DFQ_IO_ERROR, "nosuch.csv", "nosuch.csv | limit 3", 10 },
  { "scan table of 6 rows", DFQ_UNKNOWN_NAME, "what is in memory has no name",
    "table of 6 rows", 5 },
  // options of a scan
  { "scan @o delimeter ';'", DFQ_SYNTAX, "no option called delimeter; did you mean delimiter?",
    "delimeter ';'", 9 },
  { "scan @o delimiter ;", DFQ_SYNTAX, "expected a sign in single quotes, as in ';', not ;",
    ";", 1 },
  { "scan @o delimiter 'ab'", DFQ_SYNTAX, "expected one sign of one byte, not 'ab'", "'ab'",
    4 },
  { "scan @o escape ''", DFQ_SYNTAX, "expected one sign of one byte", "''", 2 },
  { "scan @o comment ''", DFQ_USAGE, "a comment begins with some text", NULL, -1 },
  { "scan @o ragged maybe", DFQ_SYNTAX, "expected error, fill or truncate, not maybe", "maybe",
    5 },
  { "scan @o encoding 'utf7'", DFQ_SYNTAX, "expected any, utf8, lossy or latin1", "'utf7'",
    6 },
  { "scan @o types (id: i64 '%Y')", DFQ_TYPE_ERROR,
    "only date and datetime are read by a format", NULL, -1 },
  { "scan @o date_format '%d.%m'", DFQ_USAGE, "'%d.%m' has a format without a year", NULL,
    -1 },
  { "scan @o nulls 'idd: 7'", DFQ_UNKNOWN_NAME, "has no column idd", NULL, -1 },
  { "scan @o nulls '\"a'", DFQ_USAGE, "nulls are texts between commas", NULL, -1 },
  { "scan @o decimal '.' thousands '.'", DFQ_USAGE, "decimal and thousands are the same byte",
    NULL, -1 },
  { "scan @o row_index id", DFQ_USAGE, "has a column id already", NULL, -1 },
  { "scan @o quote '\xc3\xa9'", DFQ_SYNTAX, "expected one sign of one byte", "'\xc3\xa9'", 3 },
  { "scan @o header maybe", DFQ_SYNTAX, "expected true or false, not maybe", "maybe", 5 },
  { "scan @o skip -1", DFQ_SYNTAX, "expected a number of lines, not -", "-1", 1 },
  { "scan @o skip 1.5", DFQ_SYNTAX, "expected a number of lines, not 1.5", "1.5", 3 },
  { "scan @o infer many", DFQ_SYNTAX, "expected a number of rows, all or none, not many",
    "many", 4 },
  { "scan @o names a, b", DFQ_SYNTAX, "expected (, not a", "a, b", 1 },
  { "scan @o names (a, b", DFQ_SYNTAX, "expected ), but the text ends here", "", 1 },
  { "scan @o names ()", DFQ_SYNTAX, "expected a column's name, not )", ")", 1 },
  { "scan @o types (id: string)", DFQ_SYNTAX, "expected a type", "string)", 6 },
  { "scan @o types (id str)", DFQ_SYNTAX, "expected :, not str", "str)", 3 },
  { "scan @o types (idd: str)", DFQ_UNKNOWN_NAME, "idd", NULL, -1 },
  { "scan @o bad_values ignore", DFQ_SYNTAX, "expected error, null or skip, not ignore",
    "ignore", 6 },
  { "scan @o nulls NA", DFQ_SYNTAX, "expected a text in quotes, as in 'NA', not NA", "NA", 2 },
  { "scan @o skip 0 skip 0", DFQ_SYNTAX, "skip stands twice", "skip 0", 4 },
  // stages
  { "scan @o | fliter amount > 1", DFQ_SYNTAX, "no stage called fliter; did you mean filter?",
    "fliter amount > 1", 6 },
  { "scan @o | where amount > 1", DFQ_SYNTAX, "did you mean filter?", "where amount > 1", 5 },
  { "scan @o | order_by id", DFQ_SYNTAX, "did you mean sort?", "order_by id", 8 },
  { "scan @o | frobnicate", DFQ_SYNTAX,
    "no stage called frobnicate; there are filter, select, with",
    "frobnicate", 10 },
  { "scan @o | ", DFQ_SYNTAX, "expected a stage", " ", 1 },
  { "scan @o | | limit 1", DFQ_SYNTAX, "expected a stage, as in | limit 10, not |", "| limit 1",
    1 },
  { "scan @o || limit 1", DFQ_SYNTAX, "a single | separates", "|| limit 1", 2 },
  { "scan @o limit 1", DFQ_SYNTAX, "expected | and a stage, or the end, not limit", "limit 1",
    5 },
  { "scan @o | (limit 1)", DFQ_SYNTAX, "expected a stage", "(limit 1)", 1 },
  { "scan @o | limit 1 $", DFQ_SYNTAX, "not $", "$", 1 },
  // filter
  { "scan @o | filter", DFQ_SYNTAX, "filter: expected an expression, but the text ends here",
    "", 1 },
  { "scan @o | filter amount >", DFQ_SYNTAX, "filter: expected an expression", "", 1 },
  { "scan @o | filter amount > | limit 1", DFQ_SYNTAX, "expected an expression, not |",
    "| limit 1", 1 },
  { "scan @o | filter amuont > 1", DFQ_UNKNOWN_NAME,
    "filter: no column amuont; did you mean amount?",
    "amuont > 1", 6 },
  { "scan @o | filter region = \"EU\"", DFQ_UNKNOWN_NAME, "try: 'EU', if text is meant",
    "\"EU\"", 4 },
  { "scan @o | filter region > 1", DFQ_TYPE_ERROR, "cannot compare region (str) with 1 (i64)",
    "region > 1", 6 },
  { "scan @o | filter amount", DFQ_TYPE_ERROR, "a condition is a bool, this is f64", "amount",
    6 },
  { "scan @o | filter id > 1 && id < 3", DFQ_SYNTAX, "write and", "&& id < 3", 2 },
  { "scan @o | filter id = 1 || id = 3", DFQ_SYNTAX, "write or", "|| id = 3", 2 },
  { "scan @o | filter id > 1 id", DFQ_SYNTAX, "expected | and a stage, or the end, not id",
    "id", 2 },
  { "scan @o | filter id = $nobody", DFQ_UNKNOWN_NAME, "the parameter $nobody has no value",
    "$nobody", 7 },
  { "scan @o | filter row_number() over () = 2", DFQ_TYPE_ERROR,
    "a window function stands in select and with only", "row_number() over () = 2", 20 },
  { "scan @o | filter sum(id) > 3", DFQ_TYPE_ERROR, "sum is an aggregate", "sum(id) > 3", 7 },
  // select, with, drop, rename, distinct
  { "scan @o | select", DFQ_SYNTAX, "select: expected an expression", "", 1 },
  { "scan @o | select id as", DFQ_SYNTAX, "expected a name", "", 1 },
  { "scan @o | select id, id", DFQ_USAGE, "two columns are called id", "select id, id", 6 },
  { "scan @o | with *", DFQ_USAGE, "* is all columns", "with *", 4 },
  { "scan @o | drop", DFQ_SYNTAX, "expected a column, but the text ends here", "", 1 },
  { "scan @o | drop id, amont", DFQ_UNKNOWN_NAME, "drop: no column amont; did you mean amount?",
    "amont", 5 },
  { "scan @o | drop id + 1", DFQ_SYNTAX, "expected | and a stage, or the end, not +", "+ 1",
    1 },
  { "scan @o | rename id key", DFQ_SYNTAX, "expected as, not key", "key", 3 },
  { "scan @o | rename idd as key", DFQ_UNKNOWN_NAME, "rename: no column idd; did you mean id?",
    "idd as key", 3 },
  { "scan @o | rename id as year", DFQ_USAGE, "two columns are called year",
    "rename id as year", 6 },
  { "scan @o | distinct regoin", DFQ_UNKNOWN_NAME, "distinct: no column regoin", "regoin", 6 },
  // group, sort
  { "scan @o | group", DFQ_SYNTAX, "group: expected an expression", "", 1 },
  { "scan @o | group region:", DFQ_SYNTAX, "group: expected an expression", "", 1 },
  { "scan @o | group region: amount", DFQ_TYPE_ERROR, "amount", "amount", 6 },
  { "scan @o | group region: sum(region)", DFQ_TYPE_ERROR, "sum", NULL, -1 },
  { "scan @o | group region: sum(amount) : count()", DFQ_SYNTAX, "not :", ": count()", 1 },
  { "scan @o | sort", DFQ_SYNTAX, "sort: expected an expression", "", 1 },
  { "scan @o | sort id desc nulls", DFQ_SYNTAX, "expected first or last", "", 1 },
  { "scan @o | sort id down", DFQ_SYNTAX, "expected | and a stage, or the end, not down",
    "down", 4 },
  { "scan @o | sort ids", DFQ_UNKNOWN_NAME, "sort: no column ids; did you mean id?", "ids", 3 },
  // limit, row_index
  { "scan @o | limit", DFQ_SYNTAX, "limit: expected a number of rows", "", 1 },
  { "scan @o | limit ten", DFQ_SYNTAX, "limit: expected a number of rows, not ten", "ten", 3 },
  { "scan @o | limit -1", DFQ_SYNTAX, "expected a number of rows, not -", "-1", 1 },
  { "scan @o | limit 1.0", DFQ_SYNTAX, "expected a number of rows, not 1.0", "1.0", 3 },
  { "scan @o | limit 99999999999999999999", DFQ_SYNTAX, "does not fit",
    "99999999999999999999", 20 },
  { "scan @o | limit 1 offset", DFQ_SYNTAX, "expected a number of rows", "", 1 },
  { "scan @o | row_index", DFQ_SYNTAX, "expected a name for the new column", "", 1 },
  { "scan @o | row_index id", DFQ_USAGE, "there is a column id already", "row_index id", 9 },
  // join, union
  { "scan @o | join", DFQ_SYNTAX, "expected a path", "", 1 },
  { "scan @o | join scan @c on customer", DFQ_SYNTAX, "a pipeline stands in parentheses here",
    NULL, 4 },
  { "scan @o | join @c", DFQ_SYNTAX, "a join that is not cross needs on and its keys", "", 1 },
  { "scan @o | join @c on", DFQ_SYNTAX, "join: expected", "", 1 },
  { "scan @o | join @c on customer lef", DFQ_SYNTAX,
    "no join type called lef; did you mean left?",
    "lef", 3 },
  { "scan @o | join @c on customer left left", DFQ_SYNTAX, "or the end, not left", "left", 4 },
  { "scan @o | join @c left on customer", DFQ_SYNTAX, "on stands before the join's type",
    "on customer", 2 },
  { "scan @o | join @c on custmer left", DFQ_UNKNOWN_NAME,
    "join: no column custmer; did you mean customer?", "custmer left", 7 },
  { "scan @o | join @c on id left", DFQ_UNKNOWN_NAME, "no column id", "id left", 2 },
  { "scan @o | join @c on id = nam left", DFQ_UNKNOWN_NAME, "did you mean name?", "nam left",
    3 },
  { "scan @o | join @c on customer, right", DFQ_UNKNOWN_NAME, "no column right", "right", 5 },
  { "scan @o | join @c on id = name", DFQ_TYPE_ERROR, "join", NULL, -1 },
  { "scan @o | join @c on customer suffix _c", DFQ_SYNTAX, "expected a text in single quotes",
    "_c", 2 },
  { "scan @o | join @c delimeter ';' on customer", DFQ_SYNTAX,
    "no option called delimeter; did you mean delimiter?", "delimeter ';' on customer", 9 },
  { "let big = scan @c; scan @o | join bigg on customer", DFQ_UNKNOWN_NAME,
    "no file and no pipeline called bigg; did you mean big?", "bigg on customer", 4 },
  { "scan @o | join \"c d\" on customer", DFQ_UNKNOWN_NAME, "no let binds c d",
    "\"c d\" on customer", 5 },
  { "scan @o | union @c", DFQ_TYPE_ERROR, "one side has 6 columns, the other 3", NULL, 5 },
  { "scan @o | union (scan @c | fliter id)", DFQ_SYNTAX, "no stage called fliter", "fliter id)",
    6 },
};

// The line that carries the carets, and the one above it, from the caret on. False: there is
// none.
static bool pipe_caret(const char *message, char *rest, size_t size, int *carets) {
  const char *above = message;
  for (const char *line = message, *next; line; above = line, line = next) {
    size_t blank = strspn(line, " "), n = strcspn(line, "\n"), column = 0;
    next = line[n] ? line + n + 1 : NULL;
    if (line[blank] != '^' || blank + strspn(line + blank, "^") != n) continue;
    *carets = (int)(n - blank);
    const char *s = above;   // columns are characters
    for (; *s != '\n' && column < blank; column++)
      for (s++; (*s & 0xC0) == 0x80; s++) {}
    (void)snprintf(rest, size, "%.*s", (int)strcspn(s, "\n"), s);
    return true;
  }
  return false;
}

static void pipe_check_bad(const pipe_bad *b) {
  dfq *db = dfq_open(NULL);
  const char *message = dfq_frame_error(pipe_query(db, b->in));
  char rest[300] = "";
  int carets = 0;
  bool ok = CHECK(message != NULL);
  if (ok) {
    ok = CHECK_INT(dfq_error_status(db), b->status) && CHECK_HAS(message, b->piece);
    ok = ok && CHECK(pipe_caret(message, rest, sizeof rest, &carets));
    ok = ok && CHECK_STR(dfq_error(db), message);
  }
  if (ok && b->rest) ok = CHECK_STR(rest, b->rest);
  if (ok && b->carets >= 0) ok = CHECK_INT(carets, b->carets);
  if (!ok) test_fail("    %s\n    %s\n", b->in, message ? message : "no error");
  dfq_close(db);
}

TEST(pipe_grammar_refuses) {
  for (size_t i = 0; i < sizeof pipe_bads / sizeof *pipe_bads; i++)
    pipe_check_bad(&pipe_bads[i]);
}

static void pipe_check_message(const char *text, const char *at, const char *want) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(dfq_frame_error(dfq_query_at(db, text, at)), want);
  dfq_close(db);
}

// The whole message: the caller's place, the line in a text of several, and the carets.
TEST(pipe_messages_whole) {
  pipe_check_message("limit 3", NULL,
                     "dfq: unknown name: no let binds limit; a file is read by scan limit\n"
                     "  limit 3\n"
                     "  ^^^^^");
  pipe_check_message("let a =\n  limit 3;\na", "query.c:42",
                     "dfq: unknown name, query.c:42, line 2: no let binds limit; "
                     "a file is read by scan limit\n"
                     "    limit 3;\n"
                     "    ^^^^^");
}

TEST(pipe_messages_name_the_line) {
  static const struct { const char *text, *piece; } cases[] = {
    { "scan @o\n| filter id > 1\n| fliter id", "dfq: syntax error, line 3: no stage called" },
    { "scan @o\n| filter\n  id >\n  'x'", "dfq: type error, line 4, filter: cannot compare" },
    { "scan @o\n| filter id >\n  1 +", "dfq: syntax error, line 3, filter: expected an expr" },
    { "scan @o\n| join\n  nosuch.csv on id", "line 3, scan" },
    { "scan @o | filter idd = 1", "dfq: unknown name, filter: no column idd" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dfq *db = dfq_open(NULL);
    CHECK_HAS(dfq_frame_error(pipe_query(db, cases[i].text)), cases[i].piece);
    dfq_close(db);
  }
}

// What goes wrong only when the rows come knows its line too.
TEST(pipe_messages_of_a_run_name_the_line) {
  dfq *db = dfq_open(NULL);
  dfq_frame *f = pipe_query(db, "scan @o\n| with\n  cast(region as i64) as r");
  CHECK(!dfq_frame_error(f));
  CHECK_INT(dfq_count(dfq_filter(f, "r > 0")), -1);
  CHECK_HAS(dfq_error(db), "value error, line 2, with: ");
  dfq_close(db);
}

// ---- parameters, limits, memory -------------------------------------------------------------

TEST(pipe_parameters) {
  dfq *db = dfq_open(NULL);
  CHECK(dfq_set_i64(db, "n", 2) && dfq_set_str(db, "who", "EU") && dfq_set_f64(db, "f", 1));
  dfq_frame *f = pipe_query(db, "scan @o | filter region = $who | limit $n offset $n");
  char *text = pipe_fold(dfq_pipeline_text(f));
  CHECK_STR(text, "scan @o | filter region = 'EU' | limit 2 offset 2");
  free(text);
  CHECK_INT(dfq_count(f), 1);
  CHECK_HAS(dfq_frame_error(pipe_query(db, "scan @o | limit $f")), "expected a number of rows");
  CHECK_HAS(dfq_frame_error(pipe_query(db, "scan @o | limit $x")), "$x has no value");
  dfq_close(db);
}

// One more level than is allowed fails, and so do very many: no stack is overrun.
TEST(pipe_depth_is_limited) {
  static const int depths[] = { 10, DFQ__MAX_PIPELINES - 1, DFQ__MAX_PIPELINES, 20000 };
  for (int i = 0; i < 4; i++) {
    test_string t = { NULL, 0, 0 };
    dfq *db = dfq_open(NULL);
    for (int d = 0; d < depths[i]; d++) test_puts(&t, "(");
    test_puts(&t, "scan ");
    test_puts(&t, pipe_path('o'));
    for (int d = 0; d < depths[i]; d++) test_puts(&t, ")");
    const char *message = dfq_frame_error(dfq_query(db, t.s));
    if (i < 2) CHECK_STR(message, NULL);
    else CHECK_HAS(message, "nested more than");
    free(t.s);
    dfq_close(db);
  }
}

TEST(pipe_length_is_limited) {
  test_string t = { NULL, 0, 0 };
  dfq *db = dfq_open(NULL);
  test_puts(&t, "scan ");
  test_puts(&t, pipe_path('o'));
  for (int i = 0; i < 20000; i++) test_puts(&t, " | limit 9");
  CHECK_HAS(dfq_frame_error(dfq_query(db, t.s)), "the plan is more than 1000 steps long");
  free(t.s);
  t.s = NULL;
  t.len = t.size = 0;
  test_puts(&t, "let a = scan ");   // each let doubles what stands below it
  test_puts(&t, pipe_path('c'));
  test_puts(&t, ";");
  for (char c = 'a'; c < 'z'; c++) {
    char line[80];
    (void)snprintf(line, sizeof line, "let %c = %c | union %c;\n", c + 1, c, c);
    test_puts(&t, line);
  }
  test_puts(&t, "z");
  CHECK_HAS(dfq_frame_error(dfq_query(db, t.s)), "the plan has more than 100000 nodes");
  free(t.s);
  dfq_close(db);
}

// A hook that has no memory from the n-th call on.
typedef struct pipe_memory {
  long left;
} pipe_memory;

static void *pipe_realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
  pipe_memory *m = (pipe_memory *)user;
  if (!new_size) { free(ptr); return NULL; }
  if (new_size > old_size && --m->left < 0) return NULL;
  return realloc(ptr, new_size);
}

TEST(pipe_out_of_memory_is_an_error) {
  char *text = pipe_fill("let c = scan @c; scan @o names (id, customer, a, r, y, d) skip 1\n"
                         "header false | join c on customer left\n"
                         "| filter id > 2 and name like 'B%'\n"
                         "| group name: sum(a) as s | sort s desc | drop s | limit 1");
  for (long n = 1, good = 0; n < 100000 && good < 3; n++) {
    pipe_memory m = { n };
    dfq_options options;
    memset(&options, 0, sizeof options);
    options.realloc = pipe_realloc;
    options.realloc_user = &m;
    dfq *db = dfq_open(&options);
    dfq_frame *f = dfq_query(db, text);
    if (dfq_frame_error(f)) {
      CHECK_HAS(dfq_frame_error(f), "out of memory");
      if (db) CHECK_INT(dfq_error_status(db), DFQ_NO_MEMORY);
    } else {
      const char *back = dfq_pipeline_text(f);
      if (*back && !CHECK_HAS(back, "| limit 1")) good = 3;
      good += *back != 0;
    }
    dfq_close(db);
  }
  free(text);
}

TEST(pipe_nulls_are_tolerated) {
  dfq *db = dfq_open(NULL);
  CHECK_STR(dfq_pipeline_text(NULL), "");
  CHECK(dfq_query(NULL, "scan a.csv") == NULL);
  CHECK_HAS(dfq_frame_error(dfq_query(db, NULL)), "expected a pipeline");
  dfq_clear_error(db);
  CHECK_STR(dfq_pipeline_text(dfq_query(db, "scan nosuch.csv")), "");
  CHECK_INT(dfq_error_status(db), DFQ_IO_ERROR);
  dfq_close(db);
}

// What has no text says so when it is read back.
TEST(pipe_tables_do_not_read_back) {
  static const int64_t values[] = { 1, 2, 3 };
  dfq_column column = { "a", DFQ_I64, values, NULL };
  dfq *db = dfq_open(NULL);
  dfq_table *t = dfq_table_new(db, &column, 1, 3);
  dfq_frame *f = dfq_filter(dfq_scan_table(db, t), "a > 1");
  CHECK_STR(dfq_pipeline_text(f), "scan table of 3 rows\n| filter a > 1");
  CHECK_HAS(dfq_frame_error(dfq_query(db, dfq_pipeline_text(f))),
            "what is in memory has no name");
  dfq_table_free(t);
  dfq_close(db);
}

// ---- paths ----------------------------------------------------------------------------------

// Files whose names need quotes: each is printed so that it is read again.
TEST(pipe_paths_of_all_kinds) {
  static const char *const names[] = {
    "plain.csv", "two words.csv", "it's.csv", "a|b.csv", "a,b;c.csv", "(a).csv", "\"a\".csv",
    "#a.csv", "on", "b#c.csv", "\xc3\xa9t\xc3\xa9.csv", "tab\there.csv", "line\nbreak.csv",
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!test_can_be_called(names[i])) continue;
    dfq *db = dfq_open(NULL);
    const char *path = test_file(names[i], "a,b\n1,2\n");
    dfq_frame *f = dfq_scan_csv(db, path, NULL);
    pipe_check_round_trip(db, f);
    pipe_check_round_trip(db, dfq_union(f, f));
    pipe_check_round_trip(db, dfq_join(f, f, "a", DFQ_LEFT));
    dfq_close(db);
  }
}

// A bare # would begin a comment, so such a path needs quotes too; seen only when it is
// relative.
TEST(pipe_paths_that_look_like_comments) {
  char back[4096];
  dfq *db = dfq_open(NULL);
  (void)test_file("#a.csv", "a,b\n1,2\n");
  if (!CHECK(getcwd(back, sizeof back) && chdir(test_dir()) == 0)) return;
  dfq_frame *f = dfq_scan_csv(db, "#a.csv", NULL);
  CHECK_STR(dfq_pipeline_text(f), "scan '#a.csv'");
  pipe_check_round_trip(db, dfq_union(f, f));
  CHECK_INT(chdir(back), 0);
  dfq_close(db);
}

// ---- pipes of the system --------------------------------------------------------------------

// A file hook over numbers, a line each, that comes in pieces and, like a pipe, never begins
// anew.
typedef struct pipe_stream {
  int at, lines, piece, opens, closes;
} pipe_stream;

static void *pipe_open(void *user, const char *path, bool write, const char **why) {
  pipe_stream *s = (pipe_stream *)user;
  (void)path;
  *why = "it cannot be written";
  if (write) return NULL;
  s->opens++;
  return s;
}

static int64_t pipe_read(void *user, void *file, void *to, size_t bytes) {
  pipe_stream *s = (pipe_stream *)file;
  char *text = (char *)to;
  int64_t n = 0;
  (void)user;
  for (int i = 0; i < s->piece && s->at <= s->lines && n + 12 <= (int64_t)bytes; i++, s->at++)
    n += snprintf(text + n, 12, s->at ? "%d\n" : "a\n", s->at);
  return n;
}

static bool pipe_close(void *user, void *file) {
  (void)file;
  ((pipe_stream *)user)->closes++;
  return true;
}

static int64_t pipe_size(void *user, void *file) { (void)user; (void)file; return -1; }

static dfq *pipe_db(pipe_stream *s, dfq_io *io) {
  dfq_options options;
  memset(&options, 0, sizeof options);
  memset(io, 0, sizeof *io);
  io->user = s;
  io->open = pipe_open;
  io->read = pipe_read;
  io->close = pipe_close;
  io->size = pipe_size;
  options.io = io;
  return dfq_open(&options);
}

// What the sample has read comes again, then the rest; and there is no second time.
TEST(pipe_system_pipes_are_read_once) {
  static const int lines[] = { 1, 5, 1000, 200000 };
  for (int i = 0; i < 8; i++) {
    pipe_stream s = { 0, lines[i / 2], i % 2 ? 1 : 5000, 0, 0 };
    dfq_io io;
    dfq *db = pipe_db(&s, &io);
    dfq_frame *f = dfq_query(db, "scan numbers infer 3 | group: count() as n, sum(a) as s");
    CHECK_INT(s.opens - s.closes, 1);
    CHECK(s.at <= 200000);
    dfq_table *t = dfq_collect(f);
    CHECK_INT(dfq_table_i64(t, 0, 0), lines[i / 2]);
    CHECK_INT(dfq_table_i64(t, 0, 1), (int64_t)lines[i / 2] * (lines[i / 2] + 1) / 2);
    dfq_table_free(t);
    CHECK_INT(s.closes, 1);
    CHECK(!dfq_collect(f));
    CHECK_HAS(dfq_error(db), "numbers is a pipe, it can be read only once, and it was");
    CHECK_INT(s.opens, 1);
    dfq_close(db);
    CHECK_INT(s.closes, 1);
  }
}

// A pipe that nobody reads on is closed with its context; so is one whose scan failed.
TEST(pipe_system_pipes_are_closed) {
  static const char *const texts[] = { "scan numbers", "scan numbers types (b: i64)",
                                       "scan numbers | limit 2" };
  for (int i = 0; i < 3; i++) {
    pipe_stream s = { 0, 100000, 100, 0, 0 };
    dfq_io io;
    dfq *db = pipe_db(&s, &io);
    dfq_frame *f = dfq_query(db, texts[i]);
    if (i == 1) CHECK_HAS(dfq_frame_error(f), "numbers has no column b");
    if (i == 2) CHECK_INT(dfq_count(f), 2);
    CHECK(s.at < 100000);
    dfq_close(db);
    CHECK_INT(s.opens, 1);
    CHECK_INT(s.closes, 1);
  }
}

// ---- plans at random ------------------------------------------------------------------------

typedef struct pipe_random {
  uint64_t state;
} pipe_random;

static int pipe_below(pipe_random *r, int n) {
  r->state ^= r->state << 13;
  r->state ^= r->state >> 7;
  r->state ^= r->state << 17;
  return (int)(r->state % (uint64_t)n);
}

static void pipe_put_name(test_string *t, const char *name) {
  test_puts(t, "\"");
  for (; *name; name++) test_add(t, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
  test_puts(t, "\"");
}

static void pipe_put_column(pipe_random *r, test_string *t, const dfq_schema *s) {
  pipe_put_name(t, s->field[pipe_below(r, s->count)].name);
}

// An expression over some column; of which type, the verbs will say.
static void pipe_put_expr(pipe_random *r, test_string *t, const dfq_schema *s) {
  static const char *const before[] = { "", "", "", "-", "abs(", "coalesce(", "cast(", "not " };
  static const char *const behind[] = {
    "", " + 1", " * 0.5", "", ")", ", 3)", " as str)", " = 2"
  };
  int form = pipe_below(r, 8);
  test_puts(t, before[form]);
  pipe_put_column(r, t, s);
  test_puts(t, behind[form]);
}

// Comparisons of columns, each with what its type can be compared with.
static void pipe_put_condition(pipe_random *r, test_string *t, const dfq_schema *s) {
  static const char *const numbers[] = {
    " > 2", " < 200.5", " between 1 and 3", " in (1, 3, null)", " is distinct from 2",
    " + 1 != 3",
  };
  static const char *const texts[] = {
    " = 'EU'", " like '%a%'", " not in ('US')", " >= 'B'", " ilike 'e_' escape '!'",
    " < 'it''s'",
  };
  static const char *const others[] = {
    " is not null", " is null", " >= date '2024-01-01'", " is not distinct from null",
    " + interval '1' month > date '2024-02-28'", " = $day",
  };
  for (int i = pipe_below(r, 3); i >= 0; i--) {
    const dfq_field *f = &s->field[pipe_below(r, s->count)];
    bool number = f->type == DFQ_I64 || f->type == DFQ_F64;
    const char *const *tests = number ? numbers : f->type == DFQ_STR ? texts : others;
    if (pipe_below(r, 4) == 0) test_puts(t, "not ");
    pipe_put_name(t, f->name);
    test_puts(t, tests[pipe_below(r, 6)]);
    if (i) test_puts(t, pipe_below(r, 2) ? " and " : " or ");
  }
}

// A few of something, with commas.
static void pipe_put_some(pipe_random *r, test_string *t, const dfq_schema *s,
                          const char *behind) {
  for (int i = pipe_below(r, 3); i >= 0; i--) {
    char name[16];
    if (strcmp(behind, "as") == 0) pipe_put_expr(r, t, s);
    else pipe_put_column(r, t, s);
    if (strcmp(behind, "as") == 0) {
      (void)snprintf(name, sizeof name, " as x%d", pipe_below(r, 20));
      test_puts(t, name);
    } else if (pipe_below(r, 2)) {
      test_puts(t, behind);
    }
    if (i) test_puts(t, ", ");
  }
}

static void pipe_put_source(pipe_random *r, test_string *t) {
  static const char *const sources[] = {
    "@c", "(scan @c | filter customer > 1)", "(scan @o | limit 3)", "@o",
    "(scan @c | distinct region)", "(scan @w | rename left as customer)",
  };
  char *source = pipe_fill(sources[pipe_below(r, 6)]);
  test_puts(t, source);
  free(source);
}

static void pipe_put_join(pipe_random *r, test_string *t) {
  static const char *const types[] = { "inner", "left", "right", "full", "semi", "anti" };
  test_puts(t, "join ");
  pipe_put_source(r, t);
  test_puts(t, pipe_below(r, 2) ? " on customer " : " on customer = customer, region ");
  test_puts(t, types[pipe_below(r, 6)]);
  if (pipe_below(r, 2)) test_puts(t, " suffix ' 2'");
  if (pipe_below(r, 2)) test_puts(t, " nulls_equal");
}

// One more stage. Not every one fits the frame: who asks tries again.
static void pipe_put_stage(pipe_random *r, test_string *t, const dfq_schema *s) {
  char number[64];
  test_puts(t, " | ");
  switch (pipe_below(r, 13)) {
    case 0: test_puts(t, "filter "); pipe_put_condition(r, t, s); return;
    case 1: test_puts(t, "select *, "); pipe_put_some(r, t, s, "as"); return;
    case 2: test_puts(t, "select "); pipe_put_some(r, t, s, ""); return;
    case 3: test_puts(t, "with "); pipe_put_some(r, t, s, "as"); return;
    case 4: test_puts(t, "drop "); pipe_put_column(r, t, s); return;
    case 5:
      test_puts(t, "rename ");
      pipe_put_column(r, t, s);
      test_puts(t, " as \"r \"\"x\"");
      return;
    case 6: test_puts(t, "sort "); pipe_put_some(r, t, s, " desc nulls first"); return;
    case 7: test_puts(t, "distinct "); pipe_put_column(r, t, s); return;
    case 8: test_puts(t, "row_index \"no.\""); return;
    case 9: pipe_put_join(r, t); return;
    case 10:
      test_puts(t, "group ");
      pipe_put_column(r, t, s);
      test_puts(t, ": count() as n, max(");
      pipe_put_column(r, t, s);
      test_puts(t, ") as top");
      return;
    case 11:
      test_puts(t, pipe_below(r, 2) ? "with count() over (partition by "
                                    : "select *, rank() over (order by ");
      pipe_put_column(r, t, s);
      test_puts(t, pipe_below(r, 2) ? ") + 1" : ") as w");
      return;
    default:
      (void)snprintf(number, sizeof number, "limit %d offset %d", pipe_below(r, 9),
                     pipe_below(r, 3));
      test_puts(t, number);
  }
}

static void pipe_random_plan(uint64_t seed) {
  pipe_random r = { seed * 0x9E3779B97F4A7C15u + 1 };
  test_string t = { NULL, 0, 0 };
  dfq *db = dfq_open(NULL);
  dfq_value day = { DFQ_DATE, 0, { 19782 } };   // 2024-02-29
  CHECK(dfq_set_param(db, "day", &day));
  test_puts(&t, "scan ");
  test_puts(&t, pipe_path('o'));
  dfq_frame *f = dfq_query(db, t.s);
  for (int tries = 0, stages = pipe_below(&r, 8); tries < 40 && stages > 0; tries++) {
    size_t before = t.len;
    pipe_put_stage(&r, &t, dfq_schema_of(f));
    dfq_frame *next = dfq_query(db, t.s);
    bool fits = !dfq_frame_error(next) && dfq_schema_of(next)->count > 0;
    if (fits) f = next;
    else t.s[t.len = before] = 0;
    stages -= fits;
  }
  pipe_check_round_trip(db, f);
  if (test_now.broken) test_fail("    seed %llu: %s\n", (unsigned long long)seed, t.s);
  free(t.s);
  dfq_close(db);
}

TEST(pipe_random_plans_read_back) {
  for (uint64_t seed = 1; seed <= 1000 && !test_now.broken; seed++) pipe_random_plan(seed);
}

// Damaged pipelines: bytes changed, dropped and doubled. Whatever comes of it is a frame or an
// error.
TEST(pipe_damaged_text_is_safe) {
  pipe_random r = { 0x1234567 };
  const int goods = (int)(sizeof pipe_goods / sizeof *pipe_goods);
  for (int i = 0; i < 3000; i++) {
    char *text = pipe_fill(pipe_goods[pipe_below(&r, goods)].in);
    size_t n = strlen(text);
    for (int k = pipe_below(&r, 3); k >= 0; k--) {
      size_t at = (size_t)pipe_below(&r, (int)n);
      switch (pipe_below(&r, 3)) {
        case 0: text[at] = " |;()'\",#$=:\n\xc3x9"[pipe_below(&r, 15)]; break;
        case 1: memmove(text + at, text + at + 1, n - at); n -= n > 1; text[n] = 0; break;
        default: text[at] = text[(size_t)pipe_below(&r, (int)n)];
      }
    }
    dfq *db = dfq_open(NULL);
    dfq_frame *f = dfq_query(db, text);
    bool failed = dfq_frame_error(f) != NULL;
    bool well = failed ? dfq_error_status(db) != DFQ_OK : *dfq_pipeline_text(f) != 0;
    if (!CHECK(well)) test_fail("    %s\n", text);
    free(text);
    dfq_close(db);
  }
}

static void run_ch6_pipeline(void) {
  RUN(pipe_grammar_accepts);
  RUN(pipe_text_reads_back);
  RUN(pipe_grammar_refuses);
  RUN(pipe_messages_whole);
  RUN(pipe_messages_name_the_line);
  RUN(pipe_messages_of_a_run_name_the_line);
  RUN(pipe_parameters);
  RUN(pipe_depth_is_limited);
  RUN(pipe_length_is_limited);
  RUN(pipe_out_of_memory_is_an_error);
  RUN(pipe_nulls_are_tolerated);
  RUN(pipe_tables_do_not_read_back);
  RUN(pipe_paths_of_all_kinds);
  RUN(pipe_paths_that_look_like_comments);
  RUN(pipe_system_pipes_are_read_once);
  RUN(pipe_system_pipes_are_closed);
  RUN(pipe_random_plans_read_back);
  RUN(pipe_damaged_text_is_safe);
}
