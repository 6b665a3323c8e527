// pipeline.c - the text of a pipeline over two tables and two files, all small. It prints as a
// text that makes the same plan, it explains itself, and every way to run it gives one result.
#include "fuzz.h"

static void pipeline_prints(dfq *db, dfq_frame *f) {
  const char *text = dfq_pipeline_text(f);
  FUZZ_CHECK(text, dfq_error(db), "");
  dfq_frame *again = dfq_query(db, text);
  FUZZ_CHECK(!dfq_frame_error(again), text, dfq_frame_error(again));
  const char *more = dfq_pipeline_text(again);
  FUZZ_CHECK(more && strcmp(text, more) == 0, text, more);
  const dfq_schema *a = dfq_schema_of(f), *b = dfq_schema_of(again);
  FUZZ_CHECK(a->count == b->count, text, more);
  for (int c = 0; c < a->count && c < b->count; c++)
    FUZZ_CHECK(a->field[c].type == b->field[c].type &&
                   strcmp(a->field[c].name, b->field[c].name) == 0,
               a->field[c].name, b->field[c].name);
}

static void pipeline_explains(dfq *db, dfq_frame *f) {
  static const dfq_explain_form forms[] = { DFQ_EXPLAIN_BOTH, DFQ_EXPLAIN_DOT,
                                            DFQ_EXPLAIN_JSON };
  for (int i = 0; i < 3; i++) {
    const char *text = dfq_explain_text(f, forms[i]);
    FUZZ_CHECK(text || fuzz_gave_up(db), dfq_error(db), "");
  }
}

static void fuzz_pipeline(const uint8_t *data, size_t size) {
  static const char orders[] = "order_id,customer_id,amount,year\n1,7,100.5,2023\n"
                               "2,8,250,2023\n3,7,,2024\n4,,-0.5,2024\n2,8,1e3,2022\n",
                    customers[] = "customer_id;name;region\n7;ann;EU\n8;bob;\n9;\"\";US\n";
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  fuzz_put(&disk, "orders.csv", orders, sizeof orders - 1);
  fuzz_put(&disk, "customers.csv", customers, sizeof customers - 1);
  char *text = fuzz_text(&in, true);
  dfq *db = fuzz_context(&disk);
  dfq_table *t = fuzz_table(db, FUZZ_ROWS), *u = fuzz_table(db, 3);
  FUZZ_CHECK(dfq_register(db, "t", dfq_scan_table(db, t)), dfq_error(db), "");
  FUZZ_CHECK(dfq_register(db, "u", dfq_scan_table(db, u)), dfq_error(db), "");
  FUZZ_CHECK(dfq_define(db, "let orders = scan orders.csv;"
                            "let customers = scan customers.csv delimiter ';';"),
             dfq_error(db), "");
  dfq_frame *f = dfq_query(db, text);
  if (!dfq_frame_error(f)) {
    pipeline_prints(db, f);
    pipeline_explains(db, f);
    dfq_table_free(fuzz_same(db, f));
  }
  dfq_table_free(t);
  dfq_table_free(u);
  dfq_close(db);
  fuzz_clear(&disk);
  free(text);
}
