// join_files.c - two files that belong together: what fits, and what does not.
#include "dfq.h"

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_frame *flights = dfq_scan_csv(db, "examples/data/flights-airport.csv", NULL);
  dfq_frame *airports = dfq_scan_csv(db, "examples/data/airports.csv", NULL);

  // The key has another name on each side. The smaller side is the one that is kept in memory:
  // the optimizer picks it.
  dfq_frame *from = dfq_join(flights, airports, "origin = iata", DFQ_INNER);
  dfq_frame *states = dfq_group_by(from, "state",
                                   "sum(count) as flights, n_unique(origin) as airports");
  bool ok = dfq_show(dfq_limit(dfq_sort(states, "flights desc"), 4), stdout);

  // Joined twice, to both ends. A second column called city becomes city_right.
  dfq_frame *names = dfq_select(airports, "iata, city");
  dfq_frame *ends = dfq_join(flights, names, "origin = iata", DFQ_INNER);
  ends = dfq_join(ends, names, "destination = iata", DFQ_INNER);
  ends = dfq_select(ends, "city as a, city_right as b, count");
  puts("");
  ok = ok && dfq_show(dfq_limit(dfq_sort(ends, "count desc, a"), 3), stdout);

  // What is left over: flights from unknown places, and airports without a flight.
  dfq_frame *unknown = dfq_join(flights, airports, "origin = iata", DFQ_ANTI);
  dfq_frame *unused = dfq_join(airports, flights, "iata = origin", DFQ_ANTI);
  int64_t lost = dfq_count(unknown), idle = dfq_count(unused);
  ok = ok && lost >= 0 && idle >= 0;
  printf("\n%d flights from nowhere, %d airports without a flight\n", (int)lost, (int)idle);

  // A left join keeps every row of the left side, and fills with nulls.
  dfq_frame *all = dfq_join(airports, flights, "iata = origin", DFQ_LEFT);
  all = dfq_group_by(all, "iata, city", "sum(count) as flights");
  all = dfq_filter(all, "city = 'Anchorage'");
  puts("");
  ok = ok && dfq_show(all, stdout);
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
