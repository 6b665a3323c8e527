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
  char why[512];
  dfq_write_options w;
  memset(&w, 0, sizeof w);
  w.format = "jsonl";
  if (!json_is_flat(dfq_schema_of(f)) || dfq_table_rows(want) == 0) return;
  FUZZ_CHECK(dfq_write(f, "out.jsonl", &w), dfq_error(db), "");
  fuzz_file *out = fuzz_find(disk, "written");
  fuzz_put(disk, "again", out->bytes, out->size);
  char *types = fuzz_types(dfq_schema_of(f));
  dfq_json_options o;
  memset(&o, 0, sizeof o);
  o.types = types;
  dfq_table *got = dfq_collect(dfq_scan_json(db, "again", &o));
  if (got || !fuzz_gave_up(db)) {
    FUZZ_CHECK(got, types, dfq_error(db));
    FUZZ_CHECK(dfq_table_equal(want, got, why, sizeof why), types, why);
  }
  dfq_table_free(got);
  free(types);
}

// What a way of reading gives: a table or a message, and warnings.
typedef struct json_seen {
  dfq_table *table;
  char message[2048], warnings[2048];
  bool gave_up;
} json_seen;

static json_seen json_read(fuzz_disk *disk, const dfq_json_options *o, size_t piece, bool pipe,
                           const fuzz_way *way, bool again) {
  json_seen s;
  disk->piece = piece;
  disk->pipes = pipe;
  dfq *db = fuzz_context(disk);
  dfq_frame *f = dfq_scan_json(db, "a.json", o);
  s.table = fuzz_collect(f, way);
  snprintf(s.message, sizeof s.message, "%s", dfq_error(db));
  snprintf(s.warnings, sizeof s.warnings, "%s", dfq_warnings(db));
  s.gave_up = !s.table && fuzz_gave_up(db);
  if (again && s.table) json_round_trip(db, disk, s.table, f);
  dfq_close(db);   // the table lives on
  return s;
}

static void fuzz_json(const uint8_t *data, size_t size) {
  static const fuzz_way ways[] = { { DFQ_ROW_ENGINE, 0, 1, true },
                                   { DFQ_BATCH_ENGINE, 1, 1, true },
                                   { DFQ_BATCH_ENGINE, 3, 1, true },
                                   { DFQ_BATCH_ENGINE, 64, 1, true } };
  static const size_t pieces[] = { 0, 1, 7, 64 };
  fuzz_input in = { data, size };
  fuzz_disk disk;
  char why[512];
  memset(&disk, 0, sizeof disk);
  dfq_json_options o = json_options(&in);
  fuzz_put(&disk, "a.json", in.at, in.left);
  json_seen want = json_read(&disk, &o, 0, false, &ways[0], true);
  for (int i = 1; i < 5; i++) {   // the last one: from a pipe
    json_seen got = json_read(&disk, &o, pieces[i % 4], i == 4, &ways[i % 4], false);
    if (!want.gave_up && !got.gave_up) {
      FUZZ_CHECK(strcmp(want.message, got.message) == 0, want.message, got.message);
      FUZZ_CHECK(strcmp(want.warnings, got.warnings) == 0, want.warnings, got.warnings);
      FUZZ_CHECK(!want.table == !got.table, want.message, got.message);
      if (want.table)
        FUZZ_CHECK(dfq_table_equal(want.table, got.table, why, sizeof why), "in pieces", why);
    }
    dfq_table_free(got.table);
  }
  dfq_table_free(want.table);
  fuzz_clear(&disk);
}
