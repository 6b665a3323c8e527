// interlude.c - the whole engine on one question, then on real data.
//
//   build/interlude                 from the project's root
//   build/interlude PATH/TO/data    from anywhere
//
// Read the output first, then come back: each paragraph of it is one function below.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <string.h>

#include <stdlib.h>

static dfq *db;
static const char *data = "examples/data";

// Ends the program with the context's message when something went wrong.
static void must(bool ok) {
  if (ok) return;
  fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  exit(1);
}

static void heading(const char *text) { printf("\n== %s ==\n\n", text); }

// A file of the data directory. A missing file is reported by the first action.
static dfq_frame *file(const char *name) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s", data, name);
  return dfq_scan_csv(db, path, NULL);
}

static void show(dfq_frame *f) { must(dfq_show(f, stdout)); }
static void explain(dfq_frame *f, dfq_explain_form as) { must(dfq_explain_as(f, as, stdout)); }

// The same frame, to be run as it was written.
static dfq_frame *as_written(dfq_frame *f) {
  dfq_run_options off;
  memset(&off, 0, sizeof off);
  off.threads = 1;
  off.no_optimize = true;
  return dfq_configure(f, &off);
}

// Rows, fields and time of each node, without the optimizer and with it.
static void compare(dfq_frame *f) {
  explain(as_written(f), DFQ_EXPLAIN_ANALYZE);
  puts("");
  explain(f, DFQ_EXPLAIN_ANALYZE);
}

// ---- part 1: six orders, four customers ----------------------------------------------------

static dfq_frame *tax_by_region(void) {
  dfq_frame *q = dfq_join(file("orders.csv"), file("customers.csv"), "customer_id", DFQ_INNER);
  q = dfq_filter(q, "amount > 100");
  q = dfq_with_columns(q, "amount * 0.2 as tax");
  q = dfq_group_by(q, "region", "sum(tax) as tax, count() as orders");
  return dfq_sort(q, "tax desc");
}

static void by_hand(void) {
  heading("1. Six orders, four customers: small enough to check by hand");
  show(file("orders.csv"));
  puts("");
  show(file("customers.csv"));

  heading("2. The question: 20 % tax on orders above 100, by region");
  dfq_frame *q = tax_by_region();
  printf("As a pipeline, it reads\n\n  %s\n", dfq_pipeline_text(q));
  puts("\nand the plan, as it was written, from the bottom up:\n");
  explain(q, DFQ_EXPLAIN_PLAIN);

  heading("3. The waste in it");
  puts("Columns that nobody reads: the answer needs customer_id and amount of the orders, and\n"
       "customer_id and region of the customers. order_id, year and name are made of text,\n"
       "carried through the join, and thrown away.\n"
       "\n"
       "Rows that leave late: amount > 100 looks at the orders alone, and yet each order is\n"
       "joined with its customer before it is asked. Order 102 is of exactly 100, and the\n"
       "amount of order 103 is not known: both could have gone before.");

  heading("4. The plan after the optimizer");
  explain(q, DFQ_EXPLAIN_OPTIMIZED);
  puts("\nand its journal: what each rule did, and why it may:\n");
  explain(q, DFQ_EXPLAIN_JOURNAL);

  heading("5. The counters, as written and optimized");
  compare(q);
  puts("\nLook at rows in, and at fields: texts that were made values. The same answer:\n");
  show(q);
}

// ---- part 2: the flights of a year ---------------------------------------------------------

// Flights by state: each flight meets the airport it leaves and the airport it goes to.
static dfq_frame *out_of_texas(void) {
  dfq_frame *from = dfq_rename(file("airports.csv"), "iata as origin, state as from_state");
  dfq_frame *to = dfq_rename(file("airports.csv"), "iata as destination, state as to_state");
  dfq_frame *q = dfq_join(file("flights-airport.csv"), from, "origin", DFQ_INNER);
  q = dfq_join(q, to, "destination", DFQ_INNER);
  q = dfq_filter(q, "from_state = 'TX' and to_state != from_state");
  q = dfq_group_by(q, "to_state", "sum(count) as flights, count() as routes");
  return dfq_limit(dfq_sort(q, "flights desc"), 10);
}

// Airports that no flight leaves: a left join, and of its rows those that found no flight.
static dfq_frame *no_departures(void) {
  dfq_frame *flights = file("flights-airport.csv");
  dfq_frame *q = dfq_join(file("airports.csv"), flights, "iata = origin", DFQ_LEFT);
  q = dfq_filter(q, "destination is null and country = 'USA'");
  q = dfq_group_by(q, "state", "count() as airports");
  return dfq_limit(dfq_sort(q, "airports desc"), 5);
}

static void on_real_data(void) {
  heading("6. The same shape on real data: from Texas to other states, 2008");
  dfq_frame *q = out_of_texas();
  explain(q, DFQ_EXPLAIN_PLAIN);
  puts("\nBoth joins bring seven columns of which two are wanted. One half of the filter\n"
       "looks at one side: it can go all the way into the scan of the airports. The other\n"
       "half needs both sides: the join asks it of each pair it finds.\n");
  explain(q, DFQ_EXPLAIN_OPTIMIZED);
  puts("");
  explain(q, DFQ_EXPLAIN_JOURNAL);

  heading("7. What that saves");
  compare(q);
  puts("");
  show(q);

  heading("8. A filter that must stay: airports that no flight leaves");
  puts("A left join keeps each airport and fills in nulls where there is no flight. Asked\n"
       "before the join, destination is null would keep no flight at all, and every airport\n"
       "would seem deserted. The journal says so. country = 'USA' asks airports, it may go:\n");
  q = no_departures();
  explain(q, DFQ_EXPLAIN_JOURNAL);
  puts("");
  explain(q, DFQ_EXPLAIN_OPTIMIZED);
  puts("");
  show(q);
}

int main(int argc, char **argv) {
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.run.threads = 1;
  if (argc > 1) data = argv[1];
  db = dfq_open(&options);   // the same counters on every machine
  if (!db) return 1;
  by_hand();
  on_real_data();
  dfq_close(db);
  return 0;
}
