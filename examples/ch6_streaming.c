// ch6_streaming.c - chapter 6: files. Sample, then stream; pipelines as text; results as files.
//
// It reads examples/data (or the directory given) and writes into build/.
#define DFQ_CHAPTER 6
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <stdlib.h>

static dfq *db;

static void must(bool ok) {
  if (ok) return;
  printf("%s\n", dfq_error(db));
  dfq_close(db);
  exit(1);
}

static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  bool ok = f && fputs(text, f) >= 0;
  if (f && fclose(f) != 0) ok = false;
  if (!ok) perror(path);
  if (!ok) exit(1);
}

// Names, types, and what decided each type.
static void print_schema(dfq_frame *frame) {
  const dfq_schema *s = dfq_schema_of(frame);
  for (int i = 0; i < s->count; i++) {
    const dfq_field *f = &s->field[i];
    printf("  %-18s %-5s %s\n", f->name, dfq_type_name(f->type), f->why ? f->why : "");
  }
}

// 3,000 days: the sample of 1,000 rows sees numbers only, row 2,000 has a word.
static void write_late_surprise(const char *path) {
  FILE *f = fopen(path, "w");
  if (!f) { perror(path); exit(1); }
  fputs("day,rain\n", f);
  for (int day = 1; day <= 3000; day++)
    fprintf(f, day == 2000 ? "%d,trace\n" : "%d,0.5\n", day);
  if (fclose(f) != 0) { perror(path); exit(1); }
}

// All of a file in memory, cut at each comma and line end. Returns: how many cells; the text is
// the caller's, *bytes how long it is, and as many pointers were needed.
static size_t naive(const char *path, char **text, char ***cells, size_t *bytes) {
  FILE *f = fopen(path, "rb");
  if (!f || fseek(f, 0, SEEK_END) != 0) exit(1);
  size_t size = (size_t)ftell(f), n = 0;
  rewind(f);
  *text = (char *)calloc(size + 1, 1);
  *cells = (char **)calloc(size + 1, sizeof **cells);   // there cannot be more
  if (!*text || !*cells || fread(*text, 1, size, f) != size) exit(1);
  fclose(f);
  for (char *at = strtok(*text, ",\n"); at; at = strtok(NULL, ",\n")) (*cells)[n++] = at;
  *bytes = size + 1;
  return n;
}

static void show_naive(const char *path, const char *late) {
  char *text, **cells;
  size_t bytes, n = naive(path, &text, &cells, &bytes);
  printf("  5 lines of 3 columns: %d cells\n", (int)n);
  printf("  city %s, country %s, people %s\n", cells[3], cells[4], cells[5]);
  free(text);
  free(cells);
  n = naive(late, &text, &cells, &bytes);
  printf("  for the first row of 3,000: %d cells; %d bytes and as many pointers held\n", (int)n,
         (int)bytes);
  free(text);
  free(cells);
}

int main(int argc, char **argv) {
  const char *data = argc > 1 ? argv[1] : "examples/data";
  const char *odd = "build/ch6_odd.csv", *late = "build/ch6_late.csv";
  const char *out = "build/ch6_out.csv", *cities = "build/ch6_cities.csv";
  char path[1000];
  db = dfq_open(NULL);
  if (!db) return 1;

  puts("The naive way: the whole file, cut at its commas\n");
  write_file(cities, "city,country,people\n\"Washington, D.C.\",US,689545\n"
                     "Paris,FR,2102650\nAtlantis,,0\nRome,IT,2748109\n");
  write_late_surprise(late);
  show_naive(cities, late);
  must(dfq_show(dfq_scan_csv(db, cities, NULL), stdout));

  puts("\nThe sample decides the types, and remembers what decided\n");
  snprintf(path, sizeof path, "%s/penguins.csv", data);
  dfq_frame *penguins = dfq_scan_csv(db, path, NULL);
  print_schema(penguins);

  puts("\nNot everything that looks like a number is one\n");
  write_file(odd, "zip,id,seen,id\n"
                  "01234,7,2024-02-29,x\n"
                  "98052,12345678901234567890,2023-01-01,\n");
  print_schema(dfq_scan_csv(db, odd, NULL));
  printf("\n  %s", dfq_warnings(db));

  puts("\nAfter the sample a misfit is an error, never a wrong value\n");
  dfq_frame *rain = dfq_scan_csv(db, late, NULL);
  if (dfq_count(dfq_filter(rain, "rain > 0")) < 0) printf("%s\n", dfq_error(db));

  puts("\nunless it is asked to be a null, or to be left out; both are counted\n");
  dfq_csv_options lenient = { 0 };
  lenient.bad_values = DFQ_BAD_NULL;
  dfq_clear_error(db);
  rain = dfq_scan_csv(db, late, &lenient);
  must(dfq_show(dfq_group_by(rain, NULL, "count(rain) as known, count() as days"), stdout));
  printf("  %s", dfq_warnings(db));

  puts("\nA plan is text, and text is a plan\n");
  dfq_frame *heavy = dfq_filter(penguins, "body_mass_g > 5000");
  heavy = dfq_group_by(heavy, "species, sex", "count() as n, max(body_mass_g) as heaviest");
  heavy = dfq_sort(heavy, "heaviest desc");
  const char *text = dfq_pipeline_text(heavy);
  printf("%s\n\n", text);
  must(dfq_show(dfq_query(db, text), stdout));

  puts("\nA result as a file, which appears when it is complete, and is read back\n");
  must(dfq_write_csv(heavy, out, NULL));
  must(dfq_print_csv(dfq_scan_csv(db, out, NULL), stdout, NULL));
  puts("");
  must(dfq_print_json(dfq_limit(heavy, 2), stdout));
  dfq_close(db);
  return 0;
}
