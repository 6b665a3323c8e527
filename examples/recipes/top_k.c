// top_k.c - the largest of all, and the largest of each group.
#include "dfq.h"

int main(void) {
  dfq *db = dfq_open(NULL);
  dfq_frame *birds = dfq_scan_csv(db, "examples/data/penguins.csv", NULL);
  birds = dfq_select(birds, "species, island, body_mass_g");

  // Sorted and cut. The optimizer sees both together: three rows are kept, and none is sorted
  // that cannot be among them.
  dfq_frame *top = dfq_limit(dfq_sort(birds, "body_mass_g desc"), 3);
  bool ok = dfq_show(top, stdout);
  puts("");
  ok = ok && dfq_explain_as(top, DFQ_EXPLAIN_OPTIMIZED, stdout);

  // Of each species: a place within it, and the first two places. Equal weights share a place
  // with rank() and dense_rank(); row_number() never gives one twice.
  dfq_frame *each = dfq_with_columns(
      birds, "row_number() over (partition by species order by body_mass_g desc) as place");
  each = dfq_sort(dfq_filter(each, "place <= 2"), "species, place");
  puts("");
  ok = ok && dfq_show(each, stdout);

  // The same question with one row a group, when a list or a single cell is enough.
  dfq_frame *cells = dfq_group_by(birds, "species",
                                  "max(body_mass_g) as most, "
                                  "max_by(island, body_mass_g) as where_from, "
                                  "top_k(body_mass_g, 3) as best");
  puts("");
  ok = ok && dfq_show(cells, stdout);
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  dfq_close(db);
  return !ok;
}
