// pyfloe.c - what pyfloe's documentation offers, one operation after the other: how it is said
// here, and its documented result. Where dfq differs the row says so, and semantics.c has the
// rule; the traps of pyfloe that are not to be copied are tested there, too (sem_trap_*).

typedef struct pyfloe_row {
  const char *theirs;   // as their pages write it, c for col("...")
  const char *text;     // a pipeline over the tables below
  const char *want;     // the result as CSV
} pyfloe_row;

static const pyfloe_row pyfloe_rows[] = {
  // -- selecting, filtering, computing
  { "select(\"name\", \"age\")", "people | select name, age",
    "name,age\nAlice,30\nBob,25\n" },
  { "drop(\"internal_id\")", "people | drop city, tags", "name,age\nAlice,30\nBob,25\n" },
  { "filter(c > 100)", "orders | filter amount > 100 | select id, amount",
    "id,amount\n1,250.0\n3,300.0\n4,150.0\n" },
  { "with_column(\"tax\", c * 0.2)", "orders | with amount * 0.2 as tax | limit 1 | select tax",
    "tax\n50.0\n" },
  { "with_columns(tax=..., q=c.dt.quarter())",
    "events | with val * 2 as double, quarter(ts) as q | select double, q",
    "double,q\n200,1\n400,2\n,\n" },
  // -- sorting; nulls come last in both directions, pyfloe has them first when descending
  { "sort(\"amount\", ascending=False)", "orders | sort amount desc | select id",
    "id\n3\n1\n4\n2\n5\n" },
  // -- joining
  { "join(customers, on=\"customer_id\")",
    "orders | join customers on customer_id | select id, name",
    "id,name\n1,Ada\n2,Bo\n4,Ada\n5,Bo\n" },
  { "join(customers, on=..., how=\"left\")",
    "orders | join customers on customer_id left | select id, name",
    "id,name\n1,Ada\n2,Bo\n3,\n4,Ada\n5,Bo\n" },
  { "join(customers, on=..., how=\"full\")",
    "orders | join customers on customer_id full | select id, name",
    "id,name\n1,Ada\n2,Bo\n3,\n4,Ada\n5,Bo\n,Cleo\n" },
  { "join(customers, left_on=, right_on=)",
    "orders | join (customers | rename customer_id as key) on customer_id = key"
    " | select id, customer_id, key, name | limit 1",
    "id,customer_id,key,name\n1,1,1,Ada\n" },
  { "sort(\"id\").join(customers.sort(\"id\"), on=\"id\", sorted=True)",
    "orders | sort customer_id | join (customers | sort customer_id) on customer_id sorted"
    " | select id, name",
    "id,name\n1,Ada\n4,Ada\n2,Bo\n5,Bo\n" },
  // -- grouping
  { "group_by(\"region\").agg(c.sum().alias(\"total\"))",
    "orders | group region: sum(amount) as total", "region,total\nEU,400.0\nUS,400.0\n" },
  { "sort(\"region\").group_by(\"region\", sorted=True)",
    "orders | sort region desc | sort region | group region: count() as n sorted",
    "region,n\nEU,3\nUS,2\n" },
  { "agg(sum, count, mean, min, max, n_unique, first, last)",
    "orders | group region: sum(amount) as s, count(amount) as n, mean(amount) as m,"
    " min(amount) as low, max(amount) as high, n_unique(amount) as u, first(id) as f,"
    " last(id) as l",
    "region,s,n,m,low,high,u,f,l\nEU,400.0,2,200.0,150.0,250.0,2,1,5\n"
    "US,400.0,2,200.0,100.0,300.0,2,2,3\n" },
  // -- deduplicating
  { "unique(\"region\")", "orders | distinct region | select id, region",
    "id,region\n1,EU\n2,US\n" },
  { "unique(\"region\", \"product\")", "orders | distinct region, customer_id | select id",
    "id\n1\n2\n3\n5\n" },
  { "unique()", "orders | select region | distinct", "region\nEU\nUS\n" },
  { "sort(\"region\").unique(\"region\", sorted=True)",
    "orders | sort region | distinct region | select id, region", "id,region\n1,EU\n2,US\n" },
  // -- other operations
  { "rename({\"old\": \"new\"})", "people | rename name as who, age as years | drop city, tags",
    "who,years\nAlice,30\nBob,25\n" },
  { "explode(\"tags\")",
    "people | with split(tags, '+') as tag | explode tag | select name, tag",
    "name,tag\nAlice,a\nAlice,b\nBob,c\n" },
  { "union(other)", "people | union people | select name", "name\nAlice\nBob\nAlice\nBob\n" },
  { "apply(str, columns=[\"amount\"])", "orders | cast amount as str | limit 1 | select amount",
    "amount\n250.0\n" },
  { "head(10)", "orders | limit 2 | select id", "id\n1\n2\n" },
  { "ff[0]", "people | limit 1 | select name", "name\nAlice\n" },
  { "ff[5:10]", "orders | limit 2 offset 1 | select id", "id\n2\n3\n" },
  // -- expressions; there are no two kinds of them, so a literal needs no lit()
  { "c == \"EU\", (a) & (b)", "orders | filter amount > 100 and region = 'EU' | select id",
    "id\n1\n4\n" },
  { "(a) | (b)", "orders | filter amount < 120 or amount > 290 | select id", "id\n2\n3\n" },
  // not null is null, and a filter drops it: pyfloe keeps order 5, whose amount is null
  { "~(c)", "orders | filter not (amount > 200) | select id", "id\n2\n4\n" },
  { "c.is_in([\"EU\", \"APAC\"])", "orders | filter region in ('EU', 'APAC') | select id",
    "id\n1\n4\n5\n" },
  { "c.is_null()", "orders | filter amount is null | select id", "id\n5\n" },
  { "c.is_not_null()", "orders | filter amount is not null | group : count() as n", "n\n4\n" },
  { "a * b, a + lit, a / b, a % 10, -a, 100 + a",
    "people | limit 1 | select age * age as m, age + 100 as p, age / 4 as d, age % 10 as r,"
    " -age as n, 100 + age as q",
    "m,p,d,r,n,q\n900,130,7.5,0,-30,130\n" },
  { "c.cast(str), c.cast(float)",
    "people | limit 1 | select cast(age as str) as s, cast(age as f64) as f",
    "s,f\n30,30.0\n" },
  { "when(c > 200, \"large\").when(c > 100, \"medium\").otherwise(\"small\")",
    "orders | select case when amount > 200 then 'large' when amount > 100 then 'medium'"
    " else 'small' end as size",
    "size\nlarge\nsmall\nlarge\nmedium\nsmall\n" },
  // -- .str; len is len_chars here, and there is len_bytes
  { "c.str.upper()", "people | limit 1 | select upper(name) as x", "x\nALICE\n" },
  { "c.str.lower()", "people | limit 1 | select lower(name) as x", "x\nalice\n" },
  { "c.str.strip()", "people | limit 1 | select strip('  x ') as x", "x\nx\n" },
  { "c.str.title()", "people | limit 1 | select title('alice liddell') as x",
    "x\nAlice Liddell\n" },
  { "c.str.len()", "people | limit 1 | select len_chars(name) as x", "x\n5\n" },
  { "c.str.contains(\"li\")", "people | limit 1 | select contains(name, 'li') as x",
    "x\ntrue\n" },
  { "c.str.startswith(\"Al\")", "people | limit 1 | select starts_with(name, 'Al') as x",
    "x\ntrue\n" },
  { "c.str.endswith(\"ce\")", "people | limit 1 | select ends_with(name, 'ce') as x",
    "x\ntrue\n" },
  { "c.str.replace(\"A\", \"a\")", "people | limit 1 | select replace(name, 'A', 'a') as x",
    "x\nalice\n" },
  { "c.str.slice(0, 3)", "people | limit 1 | select slice(name, 0, 3) as x", "x\nAli\n" },
  // -- windows
  { "row_number().over(partition_by=\"region\", order_by=\"amount\")",
    "orders | select id, row_number() over (partition by region order by amount) as n",
    "id,n\n1,2\n2,1\n3,2\n4,1\n5,3\n" },
  { "rank().over(...), dense_rank().over(...)",
    "orders | with if(id < 3, 1, id) as s | select rank() over (order by s) as r,"
    " dense_rank() over (order by s) as d",
    "r,d\n1,1\n1,1\n3,2\n4,3\n5,4\n" },
  { "c.cumsum().over(partition_by=\"region\", order_by=\"date\")",
    "orders | select id, sum(amount) over (partition by region order by id) as s",
    "id,s\n1,250.0\n2,100.0\n3,400.0\n4,400.0\n5,400.0\n" },
  { "c.cummax().over(order_by=\"round\"), c.cummin()",
    "orders | select max(amount) over (order by id) as high,"
    " min(amount) over (order by id) as low",
    "high,low\n250.0,250.0\n250.0,100.0\n300.0,100.0\n300.0,100.0\n300.0,100.0\n" },
  { "c.lag(1, default=0).over(partition_by=\"user\", order_by=\"ts\")",
    "orders | select id, lag(id, 1, 0) over (partition by customer_id order by id) as before",
    "id,before\n1,0\n2,0\n3,0\n4,1\n5,2\n" },
  { "c.lead(1).over(order_by=\"ts\")", "orders | select lead(id) over (order by id) as next",
    "next\n2\n3\n4\n5\n\n" },
  // a sum of nothing but nulls is null, over a group and over a window: pyfloe has 0 for one
  { "c.sum().over(partition_by=\"region\")",
    "orders | select id, sum(amount) over (partition by region) as s",
    "id,s\n1,400.0\n2,400.0\n3,400.0\n4,400.0\n5,400.0\n" },
  { "c.sum() of nulls", "orders | filter id = 5 | group region: sum(amount) as s",
    "region,s\nEU,\n" },
  // -- .dt; nulls stay null in all of them
  { "c.dt.year() ... microsecond()",
    "events | select year(ts) as y, month(ts) as mo, day(ts) as d, hour(ts) as h,"
    " minute(ts) as mi, second(ts) as s, microsecond(ts) as u",
    "y,mo,d,h,mi,s,u\n2024,1,15,10,30,45,0\n2024,6,20,14,30,0,0\n,,,,,,\n" },
  // Monday is 1, as ISO has it; pyfloe's weekday, where it is 0, is one less
  { "c.dt.weekday(), c.dt.isoweekday()",
    "events | limit 1 | select weekday(ts) - 1 as weekday, weekday(ts) as iso",
    "weekday,iso\n0,1\n" },
  { "c.dt.quarter(), week(), day_of_year()",
    "events | select quarter(ts) as q, week(ts) as w, day_of_year(ts) as d",
    "q,w,d\n1,3,15\n2,25,172\n,,\n" },
  { "c.dt.day_name(), month_name()",
    "events | limit 1 | select day_name(ts) as d, month_name(ts) as m",
    "d,m\nMonday,January\n" },
  { "c.dt.date(), time()", "events | limit 1 | select date(ts) as d, time(ts) as t",
    "d,t\n2024-01-15,10:30:45\n" },
  { "c.dt.truncate(\"year\" ... \"minute\")",
    "events | limit 1 | select truncate(ts, 'year') as y, truncate(ts, 'month') as mo,"
    " truncate(ts, 'day') as d, truncate(ts, 'hour') as h, truncate(ts, 'minute') as mi",
    "y,mo,d,h,mi\n2024-01-01 00:00:00,2024-01-01 00:00:00,2024-01-15 00:00:00,"
    "2024-01-15 10:00:00,2024-01-15 10:30:00\n" },
  // whole seconds here, a float there
  { "c.dt.epoch_seconds()", "events | limit 1 | select epoch_seconds(ts) as x",
    "x\n1705314645\n" },
  { "c.dt.add_days(7), add_hours(3), add_minutes(45), add_seconds(90)",
    "events | limit 1 | select ts + interval '7' day as d, ts + interval '3' hour as h,"
    " ts + interval '45' minute as m, ts + interval '90' second as s",
    "d,h,m,s\n2024-01-22 10:30:45,2024-01-15 13:30:45,2024-01-15 11:15:45,"
    "2024-01-15 10:32:15\n" },
  { "filter(c > lit(datetime(2024, 6, 1)))",
    "events | filter ts > datetime '2024-06-01 00:00:00' | select id", "id\n2\n" },
  { "group_by(\"q\") of c.dt.quarter()",
    "events | group quarter(ts) as q: sum(val) as revenue | sort q",
    "q,revenue\n1,100\n2,200\n,\n" },
  { "group_by of c.dt.truncate(\"month\")",
    "events | filter ts is not null | group truncate(ts, 'month') as m: count(id) as n"
    " | sort m",
    "m,n\n2024-01-01 00:00:00,1\n2024-06-01 00:00:00,1\n" },
};

static const struct { const char *name, *text; } pyfloe_tables[] = {
  { "people", "name,age,city,tags\nAlice,30,Ulm,a+b\nBob,25,Bonn,c\n" },
  { "orders", "id,customer_id,region,amount\n1,1,EU,250.0\n2,2,US,100.0\n3,9,US,300.0\n"
              "4,1,EU,150.0\n5,2,EU,\n" },
  { "customers", "customer_id,name\n1,Ada\n2,Bo\n3,Cleo\n" },
  { "events", "id,ts,val\n1,2024-01-15 10:30:45,100\n2,2024-06-20T14:30:00,200\n3,,\n" },
};

static dfq *pyfloe_open(void) {
  dfq *db = dfq_open(NULL);
  for (size_t i = 0; i < sizeof pyfloe_tables / sizeof *pyfloe_tables; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "pyfloe_%s.csv", pyfloe_tables[i].name);
    const char *path = test_file(name, pyfloe_tables[i].text);
    CHECK(dfq_register(db, pyfloe_tables[i].name, dfq_scan_csv(db, path, NULL)));
  }
  return db;
}

TEST(pyfloe_operations_have_their_documented_results) {
  dfq *db = pyfloe_open();
  for (size_t i = 0; i < sizeof pyfloe_rows / sizeof *pyfloe_rows; i++) {
    const pyfloe_row *row = &pyfloe_rows[i];
    dfq_frame *q = dfq_query(db, row->text);
    FILE *f = tmpfile();
    bool ok = CHECK(f != NULL) && CHECK(dfq_print_csv(q, f, NULL));
    char *got = f ? test_text(f) : NULL;
    ok = ok && CHECK_STR(got, row->want) && CHECK(dfq_check_equivalent(q, NULL));
    if (!ok) printf("    %s\n    %s\n    %s\n", row->theirs, row->text, dfq_error(db));
    free(got);
  }
  dfq_close(db);
}

// explain: written order first; optimized, each filter has gone to the side that it is about.
TEST(pyfloe_filters_go_below_the_join) {
  dfq *db = pyfloe_open();
  dfq_frame *q = dfq_query(db, "orders | join customers on customer_id | filter region = 'EU'"
                               " | filter name = 'Ada' | select id, name, amount");
  const char *plain = dfq_explain_text(q, DFQ_EXPLAIN_PLAIN);
  const char *fast = dfq_explain_text(q, DFQ_EXPLAIN_OPTIMIZED);
  CHECK(strstr(plain, "filter") < strstr(plain, "join"));
  CHECK(strstr(fast, "region = 'EU'") > strstr(fast, "join"));
  CHECK(strstr(fast, "name = 'Ada'") > strstr(fast, "join"));
  dfq_close(db);
}

// The schema is known without data being read, and dates are found in text.
TEST(pyfloe_schema_is_inferred) {
  dfq *db = pyfloe_open();
  const dfq_schema *s = dfq_schema_of(dfq_query(db, "events | with val * 1.5 as x"));
  if (CHECK_INT(s->count, 4)) {
    CHECK_STR(dfq_type_name(s->field[0].type), "i64");
    CHECK_STR(dfq_type_name(s->field[1].type), "datetime");
    CHECK_STR(dfq_type_name(s->field[3].type), "f64");   // pyfloe says int
  }
  dfq_close(db);
}

static void run_pyfloe(void) {
  RUN(pyfloe_operations_have_their_documented_results);
  RUN(pyfloe_filters_go_below_the_join);
  RUN(pyfloe_schema_is_inferred);
}
