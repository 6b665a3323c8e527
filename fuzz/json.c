// json.c - JSON, one array or lines. The first byte chooses options, the rest is the file.
// However it is cut into reads, and in whichever way it is run, the same table or the same
// message comes out; and what is written as JSON Lines is read back equal.
#include "fuzz.h"

static dfq_json_options json_options(fuzz_input *in) {
  static const char *const types[] = { NULL, NULL, "a: i64, b: str",
                                       "a: list(f64), x.y: date" };
  unsigned a = fuzz_byte(in);
  dfq_json_options o;
  memset(&o, 0, sizeof o);
  o.types = types[a & 3];
  o.infer_rows = a >> 2 & 1 ? 1 : 0;
  o.bad_values = a >> 3 & 1 ? DFQ_BAD_NULL : a >> 4 & 1 ? DFQ_BAD_SKIP : DFQ_BAD_ERROR;
  o.ignore_unknown = a >> 5 & 1;
  o.no_dates = a >> 6 & 1;
  o.nested_text = a >> 7;
  return o;
}

// Columns that are parts of objects are written under names with a point, which is another key.
static bool json_is_flat(const dfq_schema *s) {
  for (int c = 0; c < s->count; c++)
    if (strchr(s->field[c].name, '.')) return false;
  return s->count > 0;
}

static void json_round_trip(dfq *db, fuzz_disk *disk, const dfq_table *want, dfq_frame *f) {
  dfq_write_options w;
  memset(&w, 0, sizeof w);
  w.format = "jsonl";
  if (!json_is_flat(dfq_schema_of(f)) || dfq_table_rows(want) == 0) return;
  FUZZ_CHECK(dfq_write(f, "out.jsonl", &w), dfq_error(db), "");
  fuzz_again(disk);
  char *types = fuzz_types(dfq_schema_of(f));
  dfq_json_options o;
  memset(&o, 0, sizeof o);
  o.types = types;
  fuzz_read_back(want, dfq_scan_json(db, "again", &o), db, types);
}

static dfq_frame *json_scan(dfq *db, const void *options) {
  return dfq_scan_json(db, "a.json", (const dfq_json_options *)options);
}

static void fuzz_json(const uint8_t *data, size_t size) {
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  dfq_json_options o = json_options(&in);
  fuzz_reader reader = { json_scan, json_round_trip, &o };
  fuzz_put(&disk, "a.json", in.at, in.left);
  fuzz_in_pieces(&disk, &reader);
  fuzz_clear(&disk);
}
