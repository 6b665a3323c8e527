// faults_forms.c - readers, writers, joins and windows that no example of the documentation
// reaches, under the faults of faults.c; and the check that nothing is left out: each node that
// a plan may have, each kind of join, source, format and option is somewhere in the suite.

// ---- the files ------------------------------------------------------------------------------

static const char form_json[] =
    "[{\"id\": 1, \"who\": {\"name\": \"Ada\", \"tags\": [1, 2]}, \"x\": \"a \\u00e9\"},\n"
    " {\"id\": 2, \"who\": null, \"x\": \"b\"}, {\"id\": 3, \"x\": null, \"more\": true}]\n";
static const char form_jsonl[] = "{\"id\": 1, \"day\": \"2024-02-29\"}\n\n{\"id\": 2}\n"
                                 "{\"id\": 3, \"day\": null, \"late\": 1}\n";
static const char form_fixed[] = "id name   amount\n1  Ada     12.50\n2  Bo       3.25\n";
static const char form_odd[] = "# made up\nskipped\nid;when;yes;text\n1;31.12.2023;ja;'a;b'\n"
                               "2;-;nein;x\n3;01.01.2024 ;ja;'it\\'s'\n4;;;1.234,5\nbad;;;\n";

static void form_put(fault_state *s, const char *name, const char *text) {
  fault_put(s, name, text, strlen(text));
}

static void form_files(fault_state *s) {
  static const char *const part[] = { "set/year=2023/a.csv", "set/year=2024/b.csv",
                                      "set/year=2024/c.csv" };
  form_put(s, "a.json", form_json);
  form_put(s, "a.jsonl", form_jsonl);
  form_put(s, "a.txt", form_fixed);
  form_put(s, "odd.csv", form_odd);
  form_put(s, "a.tsv", "id\tname\n1\tAda\n2\tBo\n");
  form_put(s, part[0], "id,b\n1,x\n2,y\n");
  form_put(s, part[1], "id\n7\n8\n");
  form_put(s, part[2], "b,id\nz,9\n");
  dfq *db = fault_db(s, 0, 1);
  dfq_frame *f = dfq_query(db, "scan orders.csv | with cast(year as str) as y");
  CHECK(dfq_write(f, "a.dfq", NULL));
  dfq_close(db);
}

// ---- what they are read, joined and written by ----------------------------------------------

static const char *const form_texts[] = {
  "scan a.json format json | filter id > 0 | sort id desc",
  "scan a.json format json nested text infer 1 unknown ignore",
  "scan a.jsonl format json infer all | group : max(day) as last, sum(id) as n",
  "scan a.txt format fixed widths (3, 5, 8) | group name: sum(amount) as s",
  "scan a.tsv format tsv types (id: i64, name: str) | sort name",
  "scan a.dfq format dfq | filter amount > 60 and y = '2024' | select order_id, y",
  "scan a.dfq format dfq map | sort order_id desc | limit 2",
  "scan odd.csv format csv delimiter ';' quote '''' escape '\\' comment '#' skip 1 header true"
  " types (id: i64) names (id, day, yes, text) nulls '-' true_words 'ja' false_words 'nein'"
  " date_format '%d.%m.%Y' trim true bad_values skip encoding utf8 row_index line",
  "scan odd.csv delimiter ';' quote '' skip 2 skip_rows 3 rows 2 row_bytes 4096 decimal ','"
  " thousands '.' infer none dates false ragged fill datetime_format '%Y' encoding any",
  "scan set/ fill_missing true file_name f | group year: count(b) as n, min(id) as m,"
  " max(f) as f",
  "scan 'set/*/?.csv' fill_missing true hive false | filter id > 1 | sort id desc",
  "scan 'set/*/?.csv' fill_missing true hive_types (year: str) | filter year > '' | sort id",
  "scan (a.jsonl, a.jsonl) | union (scan a.tsv | select id, cast(null as date) as day)"
  " diagonal",
  "scan orders.csv | write parted by year, customer_id format csv null '-' delimiter ';'"
  " quote always header false line_end crlf float_digits 2 date_format '%Y'"
  " datetime_format '%H' nan 'NaN' inf 'Inf' sync true | select path, files, rows",
  "scan orders.csv | write parted/o.jsonl format jsonl skip_nulls true | select rows",
  "scan orders.csv | write parted/o.txt format fixed line_end crlf | select files",
  "scan orders.csv | write parted/o.md format md align true | select files",
  "scan orders.csv | write parted/t.txt format table float_digits 1 | select rows",
  "scan orders.csv | write parted/o.tsv format tsv | select rows",
  "scan orders.csv | write parted/a.json format json | select rows",
  "scan orders.csv | select order_id, year | write parted/p.txt format fixed widths (9, 6)",
  "scan orders.csv | write parted/o.dfq format dfq group_rows 2 | select bytes > 0 as b",
  "scan orders.csv | join (scan customers.csv) on customer_id right | sort order_id",
  "scan orders.csv | sort customer_id | join (scan customers.csv | sort customer_id) on"
  " customer_id full sorted | sort customer_id",
  "scan orders.csv | sort customer_id | join (scan customers.csv | sort customer_id) on"
  " customer_id left sorted nulls_equal | limit 4",
  "scan orders.csv | sort customer_id | join (scan customers.csv | sort customer_id) on"
  " customer_id semi sorted | select order_id",
  "scan orders.csv | join (scan customers.csv) on customer_id inner suffix '_x' where"
  " name > 'B'",
  "scan orders.csv | join (scan orders.csv | select order_id as o, amount as b) left where"
  " b < amount and o > order_id | sort order_id, o",
  "scan orders.csv | join_asof (scan orders.csv | select year as y, amount as u) on amount = u"
  " by year = y nearest tolerance 60.0",
  "scan orders.csv | filter_in customer_id not in (scan customers.csv | select customer_id)",
  "scan orders.csv | sort amount desc | limit 3 | reverse",
  "scan orders.csv | distinct customer_id keep last | tail 3 | unpivot amount, year keep"
  " order_id",
  "scan orders.csv | with sum(amount) over (order by year range between 1 preceding and current"
  " row) as a, count() over (partition by year order by amount groups between 1 preceding and 1"
  " following) as b, ntile(2) over (order by order_id) as c, forward_fill(amount) as d",
};

TEST(faults_in_every_form) {
  fault_state s;
  fault_begin(&s, fault_paths);
  form_files(&s);
  for (size_t i = 0; i < sizeof form_texts / sizeof *form_texts; i++)
    if (!fault_all(&s, form_texts[i], "out.csv", 9)) break;
  fault_end(&s);
}

// ---- nothing is left out --------------------------------------------------------------------

// How a join finds its rows.
enum { FORM_HASHED, FORM_SORTED, FORM_RANGED, FORM_NEAREST, FORM_NOT_IN, FORM_JOINS };

// What the plans of the suite are made of, as written and as they are run.
static struct form_seen {
  bool node[DFQ__NODE_KINDS], join[DFQ_CROSS + 1], way[FORM_JOINS], sorted_group;
  const dfq__source_class *source[16];
  test_string text;              // all of the suite's
} form_seen;

static void form_see_source(const dfq__source_class *is) {
  int i = 0;
  while (i < 15 && form_seen.source[i] && form_seen.source[i] != is) i++;
  form_seen.source[i] = is;
}

static void form_see_node(const dfq__node *n) {
  struct form_seen *s = &form_seen;
  s->node[n->kind] = true;
  if (n->kind == DFQ__SCAN) form_see_source(n->source->is);
  if (n->kind == DFQ__GROUP && n->sorted) s->sorted_group = true;
  if (n->kind == DFQ__JOIN) {
    const dfq__join_plan *p = n->join;
    s->join[p->type] = true;
    s->way[p->near_left ? FORM_NEAREST : p->not_in ? FORM_NOT_IN : p->ranged ? FORM_RANGED
           : p->sorted ? FORM_SORTED : FORM_HASHED] = true;
  }
  for (int i = 0; i < 2 && n->in[i]; i++) form_see_node(n->in[i]);
}

static void form_see(dfq_frame *f, const char *text) {
  if (!CHECK(!dfq_frame_error(f))) printf("    %s\n    %s\n", text, dfq_frame_error(f));
  test_puts(&form_seen.text, text);
  test_puts(&form_seen.text, " \n");
  for (int plain = 0; plain < 2 && !dfq_frame_error(f); plain++) {
    dfq__run *run = dfq__explain_open(f, plain != 0);
    if (!CHECK(run != NULL)) continue;
    form_see_node(run->plan);
    dfq__run_close(run);
  }
}

// Is there a pipeline with these two words, one behind the other?
static void form_check_word(const char *before, const char *word) {
  char both[100];
  (void)snprintf(both, sizeof both, "%s%s ", before, word);
  bool found = strstr(form_seen.text.s, both) != NULL;
  both[strlen(both) - 1] = '\n';                   // a recipe's name may end the line
  if (!CHECK(found || strstr(form_seen.text.s, both))) printf("    nothing has%s", both);
}

static void form_check_nodes(void) {
  static const dfq__source_class *const classes[] = {
    &dfq__csv_source_class, &dfq__files_class, &dfq__col_source_class
  };
  for (int k = 0; k < DFQ__NODE_KINDS; k++)
    if (!CHECK(form_seen.node[k])) printf("    no plan has node %d of dfq__node_kind\n", k);
  for (int k = 0; k <= DFQ_CROSS; k++)
    if (!CHECK(form_seen.join[k])) printf("    no plan has join %d of dfq_join_type\n", k);
  for (int k = 0; k < FORM_JOINS; k++)
    if (!CHECK(form_seen.way[k])) printf("    no plan joins in way %d\n", k);
  CHECK(form_seen.sorted_group);
  for (int k = 0; k < 3; k++) {
    bool found = false;
    for (int i = 0; i < 16; i++) found = found || form_seen.source[i] == classes[k];
    if (!CHECK(found)) printf("    nothing is read by %s\n", classes[k]->name);
  }
}

// Before this passes, a new stage, function, format, option, node or join is in the suite.
// Sources that a program brings have tests of their own: source_faults, and those of Arrow.
TEST(faults_reach_everything) {
  dfq_stage_info stage;
  fault_looks = form_see;
  faults_in_pipelines();
  faults_in_every_stage();
  faults_in_every_function();
  faults_in_every_format();
  faults_in_every_form();
  fault_looks = NULL;
  form_check_nodes();
  for (int i = 0; dfq_stage_at(i, &stage); i++) form_check_word("| ", stage.name);
  for (int i = 0; dfq_format_at(i); i++) form_check_word(" format ", dfq_format_at(i));
  for (int i = 0; dfq__form_words[i]; i++) form_check_word(" format ", dfq__form_words[i]);
  for (int i = 0; dfq__scan_words[i]; i++) form_check_word(" ", dfq__scan_words[i]);
  for (int i = 0; i < DFQ__WRITE_KNOBS; i++)
    form_check_word(" ", dfq__write_knobs[i].knob.word);
  free(form_seen.text.s);
  memset(&form_seen, 0, sizeof form_seen);
}

static void run_faults_forms(void) {
  RUN(faults_in_every_form);
  RUN(faults_reach_everything);
}
