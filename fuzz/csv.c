// csv.c - CSV, and columns by their places. The first bytes choose options, the rest is the
// file. However it is cut into reads, and in whichever way it is run, the same table or the
// same message comes out; and what is written is read back equal.
#include "fuzz.h"

static void csv_round_trip(dfq *db, fuzz_disk *disk, const dfq_table *want, dfq_frame *f) {
  FUZZ_CHECK(dfq_write_csv(f, "out.csv", NULL), dfq_error(db), "");
  fuzz_again(disk);
  char *types = fuzz_types(dfq_schema_of(f));
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.types = types;
  o.delimiter = ',';
  o.header = true;
  fuzz_read_back(want, dfq_scan_csv(db, "again", &o), db, types);
}

static dfq_csv_options csv_options(fuzz_input *in) {
  static const char delimiters[] = ",;\t|", quotes[] = "\"\"'\n";
  static const char *comments[] = { NULL, NULL, "#", "//" };
  static const char *nulls[] = { NULL, NULL, "NA", "-, NA" };
  static const dfq_bad_values bad[] = { DFQ_BAD_ERROR, DFQ_BAD_NULL, DFQ_BAD_SKIP,
                                        DFQ_BAD_ERROR };
  unsigned a = fuzz_byte(in), b = fuzz_byte(in), c = fuzz_byte(in);
  unsigned d = c >> 7 ? fuzz_byte(in) : 0, e = c >> 7 ? fuzz_byte(in) : 0;
  dfq_csv_options o;
  memset(&o, 0, sizeof o);
  o.delimiter = delimiters[a & 3];
  o.quote = quotes[a >> 2 & 3];
  o.comment = comments[a >> 4 & 3];
  o.no_header = a >> 6 & 1;
  o.skip = b & 3;
  o.nulls = nulls[b >> 2 & 3];
  o.bad_values = bad[b >> 4 & 3];
  o.infer_rows = (c & 3) == 3 ? DFQ_INFER_ALL : c & 3;
  if (c >> 6 & 1) o.delimiter = 0;   // then the first rows say
  o.escape = d & 1 ? '\\' : 0;
  o.decimal = d >> 1 & 1 ? ',' : 0;
  o.thousands = d >> 2 & 1 ? '.' : 0;
  o.header = (d >> 3 & 1) && !o.no_header;
  o.trim = d >> 4 & 1;
  o.no_dates = d >> 5 & 1;
  o.skip_rows = d >> 6 & 1;
  o.n_rows = d >> 7 ? 3 : 0;
  o.row_index = e & 1 ? "index" : NULL;
  o.true_words = e >> 1 & 1 ? "yes, 1" : NULL;
  o.ragged = (dfq_ragged)((e >> 2 & 3) % 3);
  o.encoding = (dfq_encoding)(e >> 4 & 3);
  o.date_format = e >> 6 & 1 ? "%d.%m.%Y" : NULL;
  if (!(a >> 7)) return o;
  static const char *widths[] = { "", "3, 2, 4", "1-3, 5-", "2" };
  o.widths = widths[c >> 2 & 3];   // what parts fields is not asked then
  o.delimiter = o.quote = 0;
  return o;
}

static dfq_frame *csv_scan(dfq *db, const void *options) {
  const dfq_csv_options *o = (const dfq_csv_options *)options;
  return o->widths ? dfq_scan_fixed(db, "a.csv", o) : dfq_scan_csv(db, "a.csv", o);
}

// Keys and counts by two threads over morsels, against one.
static void csv_groups(fuzz_disk *disk, const dfq_csv_options *o) {
  static const fuzz_way one = { DFQ_ROW_ENGINE, 0, 1, true },
                        two = { DFQ_BATCH_ENGINE, 1, 2, false };
  char why[512];
  dfq *db = fuzz_context(disk);
  dfq_frame *f = csv_scan(db, o);
  const dfq_schema *s = dfq_schema_of(f);
  dfq_expr *key = s->count ? dfq_col(db, s->field[0].name) : dfq_null(db);
  dfq_expr *last = s->count ? dfq_col(db, s->field[s->count - 1].name) : dfq_null(db);
  dfq_expr *aggregate[2];
  aggregate[0] = dfq_as(dfq_count_rows(db), "n of rows");
  aggregate[1] = dfq_as(dfq_max(last), "the max");
  dfq_group_spec spec;
  memset(&spec, 0, sizeof spec);
  spec.keys = &key;
  spec.key_count = 1;
  spec.aggregates = aggregate;
  spec.aggregate_count = 2;
  f = dfq_group_exprs(dfq_filter_expr(f, dfq_is_not_null(last)), &spec);
  dfq_table *want = fuzz_collect(f, &one), *got = want ? fuzz_collect(f, &two) : NULL;
  if (want && (got || !fuzz_gave_up(db))) {
    FUZZ_CHECK(got, "in morsels it fails:", dfq_error(db));
    FUZZ_CHECK(dfq_table_equal(want, got, why, sizeof why), "in morsels", why);
  }
  dfq_table_free(want);
  dfq_table_free(got);
  dfq_close(db);
}

static void fuzz_csv(const uint8_t *data, size_t size) {
  fuzz_input in = { data, size };
  fuzz_disk disk;
  memset(&disk, 0, sizeof disk);
  dfq_csv_options o = csv_options(&in);
  fuzz_reader reader = { csv_scan, csv_round_trip, &o };
  fuzz_put(&disk, "a.csv", in.at, in.left);
  fuzz_in_pieces(&disk, &reader);
  csv_groups(&disk, &o);
  fuzz_clear(&disk);
}
