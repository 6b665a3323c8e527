// ch6_messages.c - what messages say to somebody who guessed: another name, the signatures of
// what was called, the place where an aggregate or a window may stand. Each line is a pipeline
// over one small file, and what its error has to have.

typedef struct messages_case {
  const char *stages, *piece;
} messages_case;

static const messages_case messages_cases[] = {
  // names from elsewhere
  { "select is_leap(d)", "did you mean is_leap_year?" },
  { "select iso_week(d)", "did you mean week?" },
  { "group : first_value(y)", "did you mean first?" },
  { "group : last_value(y)", "did you mean last?" },
  { "melt y", "did you mean unpivot?" },
  { "with_row_index", "did you mean row_index?" },
  { "summary", "did you mean describe?" },
  { "slice 1 2", "did you mean limit COUNT offset OFFSET?" },
  { "cross join (scan b.csv)", "did you mean join SOURCE cross?" },
  // a wrong number of arguments
  { "select upper(s, s)", "upper does not take 2 arguments: it is upper(str)\n" },
  { "select round()", "it is round(i64) or round(f64)" },
  { "select if(b, y)", "it is if(bool, any, any) -> any\n" },
  { "group : min(x, y)", "it is min(any but a list); of several values in a row: least(a, b)" },
  { "group : max(x, y)", "greatest(a, b)" },
  { "group : count(x, y)", "it is count() or count(any)\n" },
  { "group : quantile(x)", "it is quantile(i64 or f64, a share)\n" },
  { "select lag()", "it is lag(any, ...)\n" },
  // a type that no signature has at its place
  { "select contains(s, 1)", "(str, str), not (str, i64); argument 2 does not fit\n" },
  { "select list_get(s, 1)", "(list, i64), not (str, i64); argument 1 does not fit\n" },
  { "select hash(x, s)", "(any) or (any, i64), not (f64, str); argument 2 does not fit\n" },
  { "select truncate(time(t), 'hour')", "not (time, str); argument 1 does not fit\n" },
  // where aggregates and windows stand
  { "select sum(y)", "sum is an aggregate: it belongs into group\n" },
  { "select sum(y)",
    "try: group : sum(y), one row of all, or sum(y) over (), a value for each" },
  { "with cum_sum(y) filter (where b) as v", "only aggregates have one, cum_sum is none\n" },
  { "with cum_sum(y) filter (where b) as v", "         ^^^^^^" },
  { "with upper(s) filter (where b) as v", "upper is none" },
  { "with sum(sum(y) over ()) over () as v", "windows do not nest" },
  { "filter sum(y) over () > 1", "a window function stands in select and with only" },
  // a table where values belong
  { "filter y in (scan b.csv)", "| filter_in NAME in (scan ...)" },
  { "filter y not in (scan 'b.csv')", "| filter_in NAME in (scan ...)" },
  { "filter y in (scan /b.csv)", "| filter_in NAME in (scan ...)" },
  // constants that no row makes better
  { "select s like 'a' escape '' as v", "like needs an escape of one byte" },
  { "select 'a' ilike 'a' escape '!!' as v", "ilike needs an escape of one byte" },
  { "group : implode(list(y))", "it is implode(any but a list)" },
  { "group : top_k(list(y), 2)", "it is top_k(any but a list, a count)" },
};

static char messages_path[200];

static dfq_frame *messages_query(dfq *db, const char *stages) {
  char text[600];
  (void)snprintf(text, sizeof text, "scan %s | %s", messages_path, stages);
  return dfq_query(db, text);
}

TEST(messages_say_what_there_is) {
  (void)snprintf(messages_path, sizeof messages_path, "%s",
                 test_file("messages", "x,y,s,d,t,b\n1.5,10,hello,2024-01-31,"
                                       "2024-01-31T10:20:30.5,true\n-2.5,,,,,\n"));
  for (size_t i = 0; i < sizeof messages_cases / sizeof *messages_cases; i++) {
    dfq *db = dfq_open(NULL);
    (void)dfq_schema_of(messages_query(db, messages_cases[i].stages));
    CHECK(dfq_error_status(db) != DFQ_OK);
    if (!CHECK_HAS(dfq_error(db), messages_cases[i].piece))
      printf("    from %s\n", messages_cases[i].stages);
    dfq_close(db);
  }
}

static void run_ch6_messages(void) {
  RUN(messages_say_what_there_is);
}
