// ch6_reference.c - the stages as their table lists them: each has a sentence and an example
// that runs, and what the table has, exists.

static bool ref_stage_exists(const char *name) {
  for (int k = 0; k < DFQ__STAGE_COUNT; k++)
    if (strcmp(dfq__stages[k].name, name) == 0) return true;
  for (int k = 0; k < DFQ__RECIPES; k++)
    if (strcmp(dfq__recipes[k].name, name) == 0) return true;
  return false;
}

static int ref_stage_rows(const char *name) {
  dfq_stage_info s;
  int count = 0;
  for (int i = 0; dfq_stage_at(i, &s); i++) count += strcmp(s.name, name) == 0;
  return count;
}

TEST(reference_one_sentence_for_each_stage) {
  dfq_stage_info s;
  int count = 0;
  for (; dfq_stage_at(count, &s); count++)
    if (!CHECK(ref_stage_exists(s.name) && *s.doc)) printf("    %s\n", s.name);
  for (int k = 0; k < DFQ__STAGE_COUNT; k++)
    if (!CHECK_INT(ref_stage_rows(dfq__stages[k].name), 1))
      printf("    %s\n", dfq__stages[k].name);
  for (int k = 0; k < DFQ__RECIPES; k++)
    if (!CHECK_INT(ref_stage_rows(dfq__recipes[k].name), 1))
      printf("    %s\n", dfq__recipes[k].name);
  CHECK_INT(count, DFQ__STAGE_COUNT + DFQ__RECIPES);
  CHECK(!dfq_stage_at(-1, &s));
}

// An example shows its own stage, and gives the same rows in every way.
TEST(reference_examples_of_stages_run) {
  dfq *db = dfq_open(NULL);
  dfq_stage_info s;
  char word[64];
  CHECK(dfq_define(db, "let orders = scan examples/data/orders.csv;"
                       "let customers = scan examples/data/customers.csv;"));
  for (int i = 0; dfq_stage_at(i, &s); i++) {
    (void)snprintf(word, sizeof word, "| %s", s.name);
    CHECK(strncmp(s.syntax, s.name, strlen(s.name)) == 0);
    bool ok = CHECK_HAS(s.example, word);
    if (!CHECK(dfq_check_equivalent(dfq_query(db, s.example), NULL)) || !ok)
      printf("    %s\n    %s\n", s.example, dfq_error(db));
  }
  dfq_close(db);
}

static void run_ch6_reference(void) {
  RUN(reference_one_sentence_for_each_stage);
  RUN(reference_examples_of_stages_run);
}
