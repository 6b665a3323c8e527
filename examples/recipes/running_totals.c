// running_totals.c - sums so far, means of the last days, changes from row to row: windows.
#include "dfq.h"

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_frame *q = dfq_scan_csv(db, "examples/data/seattle-weather.csv", NULL);
  q = dfq_select(q, "date, year(date) as year, precipitation as rain, temp_max as warm");

  // over says which rows belong together, and in which order. The window restarts each year.
  dfq_frame *sums = dfq_with_columns(q,
      "sum(rain) over (partition by year order by date) as so_far, "
      "mean(warm) over (order by date rows between 6 preceding and current row) as week, "
      "warm - lag(warm) over (order by date) as change");
  sums = dfq_with_columns(sums, "round(so_far, 1) as so_far, round(week, 1) as week, "
                                "round(change, 1) as change");
  bool ok = dfq_show(dfq_filter(sums, "date between date '2013-12-30' and date '2014-01-02'"),
                     stdout);

  // The day of each year on which half of its rain had fallen. A window over all rows of the
  // year has no order: the sum stands beside each of its rows.
  dfq_frame *half = dfq_with_columns(q,
      "sum(rain) over (partition by year order by date) as so_far, "
      "sum(rain) over (partition by year) as total");
  half = dfq_filter(half, "so_far * 2 >= total");
  half = dfq_group_by(half, "year", "min(date) as half_way, round(first(total), 1) as rain");
  puts("");
  ok = ok && dfq_show(half, stdout);
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
