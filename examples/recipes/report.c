// report.c - a CSV file in, a report out: as Markdown to read, as CSV for the next program.
#include "dfq.h"

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_frame *q = dfq_scan_csv(db, "examples/data/titanic.csv", NULL);
  q = dfq_group_by(q, "class, sex",
                   "count() as people, sum(survived) as saved, median(age) as age");
  q = dfq_with_columns(q, "round(100.0 * saved / people, 1) as percent");
  q = dfq_sort(q, "percent desc");

  dfq_write_options markdown = { 0 };
  markdown.format = "md";
  bool ok = dfq_print(q, stdout, &markdown);

  // Into a file, which appears under its name when it is whole. The form is that of the name.
  ok = ok && dfq_write(q, "build/recipes/report.csv", NULL);

  // What was written reads back equal, types and all.
  ok = ok && dfq_show(dfq_limit(dfq_scan_csv(db, "build/recipes/report.csv", NULL), 2), stdout);

  // A wrong name is found before a row is read, and nothing was written over.
  dfq_frame *wrong = dfq_select(q, "class, gender");
  if (!dfq_write(wrong, "build/recipes/report.csv", NULL)) printf("\n%s\n", dfq_error(db));
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
