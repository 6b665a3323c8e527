// dfq.c - the command-line companion: one pipeline as text in, its answer out.
//
//   dfq "scan orders.csv | filter amount > 100 | sort amount desc"
//   dfq -f report.dfq --output report.csv
//   echo "scan orders.csv | limit 3" | dfq --explain
//
// It uses nothing but the public functions of dfq.h, so it is an example of them too: open a
// context, give it parameters, make a frame of text, then ask the frame for its schema, its
// plan or its rows. Errors are looked at in one place, at the end: that is enough, because what
// goes wrong sticks to the frame.
#define _XOPEN_SOURCE 700   // realpath
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#define ON_TERMINAL(number) isatty(number)
#else
#define ON_TERMINAL(number) 0
#endif

// What the program returns to the shell.
enum { FINE, FAILED, WRONG_USAGE, NO_OUTPUT };

// What there is to know of the language.
enum list { NO_LIST, FUNCTIONS, STAGES, REFERENCE };

// The command line, read.
typedef struct settings {
  const char *text, *file;    // the pipeline, or where it stands; both NULL: standard input
  const char **lets;          // files of lets for it: each -f but the last
  int let_count;
  const char *output;         // the last --output; NULL: standard output
  bool standard;              // --output - was given
  const char *partition;      // keys: output is a folder then
  const char **outputs;       // all of them
  int output_count;
  dfq_write_options write;    // format: a name that dfq_format_at knows
  bool chosen;                // by --format
  bool explain, schema;       // instead of rows
  dfq_explain_form form;      // of --explain
  dfq_run_options run;
  const char **params;        // name=value
  int param_count;
  bool help, version, bar;
  const char *sniff;          // a file to be looked at
  enum list list;             // text is a part of a name then
} settings;

static const char help_text[] =
    "usage: dfq [flags] 'PIPELINE'    dfq [flags] -f FILE    dfq [flags] < FILE\n"
    "\n"
    "  dfq 'scan orders.csv | filter amount > 100 | group year: sum(amount) as sum'\n"
    "  dfq 'scan a.csv | join b.csv on id left | sort id desc' --output both.csv\n"
    "  dfq 'scan /dev/stdin | filter name = $who' --param who=Ada < people.csv\n"
    "\n"
    "scan PATH  [delimiter ';'] [header false] [skip N] [names (a, b)] [nulls 'NA']\n"
    "           [types (a: str)] [quote ''] [comment '#'] [infer N] [decimal ',']\n"
    "           [trim true] [ragged fill] [bad_values error|null|skip]\n"
    "stages     filter COND | select ITEMS | with ITEMS | drop NAMES | rename A as B\n"
    "           group [KEYS]: AGGREGATES | sort KEYS | distinct [NAMES] | limit N\n"
    "           join SOURCE on KEYS [inner|left|right|full|semi|anti]\n"
    "           join SOURCE cross | union SOURCE | and more: dfq --stages\n"
    "let        let NAME = PIPELINE; names one. SOURCE is PATH, NAME or (PIPELINE)\n"
    "           a file of lets alone serves many: -f tables.dfq -f report.dfq\n"
    "functions  dfq --functions [NAME]  files  dfq --sniff FILE  --help  --version\n"
    "flags      --format csv|tsv|json|jsonl|md|fixed|table|dfq  --output FILE  --sync\n"
    "           --partition 'year, region'  --quote needed|always|never  --off RULE\n"
    "           --no-optimize  --crlf  --delimiter ';'  --null TEXT  --skip-nulls\n"
    "           --nan TEXT  --inf TEXT  --digits N  --date-format '%d.%m.%Y'  --align\n"
    "           --datetime-format '%F %R'  --widths '10, 8'  --progress  --no-header\n"
    "           --schema  --explain[=plain|optimized|analyze|journal|dot|json|both]\n"
    "           --param NAME[:TYPE]=VALUE  --engine batch|row  --batch N --threads N\n"
    "exit code  0 fine, 1 query failed, 2 wrong usage, 3 output cannot be written\n";

// ---- the command line -----------------------------------------------------------------------

// Says what is wrong with the command line. Returns false, for the setters below.
static bool wrong(const char *message, ...) {
  va_list args;
  va_start(args, message);
  fputs("dfq: ", stderr);
  vfprintf(stderr, message, args);
  fputs("\ndfq --help shows how it is used\n", stderr);
  va_end(args);
  return false;
}

// The number of the word in a list of them that ends with NULL; -1 when it is none.
static int find_word(const char *const *words, const char *word) {
  for (int i = 0; words[i]; i++)
    if (strcmp(words[i], word) == 0) return i;
  return -1;
}

// A whole number from 1 on; 0 when the text is none.
static long count_of(const char *text) {
  char *end;
  long n = strtol(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end && n > 0 && n < 1000000000 ? n : 0;
}

static bool set_explain(settings *s, const char *value) {
  static const char *const forms[] = {   // in the order of dfq_explain_form
    "both", "plain", "optimized", "analyze", "journal", "dot", "json", NULL
  };
  int form = value ? find_word(forms, value) : 0;
  if (form < 0)
    return wrong("--explain is plain, optimized, analyze, journal, dot, json or both, not %s",
                 value);
  s->explain = true;
  s->form = (dfq_explain_form)form;
  return true;
}

static bool set_format(settings *s, const char *value) {
  const char *name;
  for (int i = 0; (name = dfq_format_at(i)) != NULL; i++)
    if (strcmp(name, value) == 0) return (s->chosen = (s->write.format = name) != NULL);
  fputs("dfq: --format is", stderr);
  for (int i = 0; (name = dfq_format_at(i)) != NULL; i++)
    fprintf(stderr, "%s %s", i ? "," : "", name);
  fprintf(stderr, ", not %s\n", value);
  return false;
}

static bool set_engine(settings *s, const char *value) {
  static const char *const engines[] = { "batch", "row", NULL };
  int i = find_word(engines, value);
  s->run.engine = i == 1 ? DFQ_ROW_ENGINE : DFQ_BATCH_ENGINE;
  return i >= 0 || wrong("--engine is batch or row, not %s", value);
}

static bool set_threads(settings *s, const char *value) {
  s->run.threads = (int)count_of(value);
  return s->run.threads || wrong("--threads is a number from 1 on, not %s", value);
}

static bool set_batch(settings *s, const char *value) {
  s->run.batch_rows = (size_t)count_of(value);
  return s->run.batch_rows || wrong("--batch is a number of rows from 1 on, not %s", value);
}

static bool set_off(settings *s, const char *value) {
  int rule = dfq_rule_find(value);
  if (rule >= 0) {
    s->run.rules_off |= 1u << rule;
    return true;
  }
  fprintf(stderr, "dfq: the optimizer has no rule %s; its rules are", value);
  for (int r = 0; r < DFQ_RULE_COUNT; r++)
    fprintf(stderr, "%s %s", r ? "," : "", dfq_rule_name((dfq_rule)r));
  fputs("\n", stderr);
  return false;
}

static bool set_param(settings *s, const char *value) {
  if (!strchr(value, '=') || *value == '=' || *value == ':')
    return wrong("--param is name=value or name:type=value, not %s", value);
  s->params[s->param_count++] = value;
  return true;
}

static bool set_output(settings *s, const char *value) {
  if (strcmp(value, "-") == 0) return s->standard = true;   // as scan - is standard input
  s->output = s->outputs[s->output_count++] = value;
  return *value || wrong("--output needs the name of a file");
}

static bool set_quote(settings *s, const char *value) {
  static const char *const words[] = { "needed", "always", "never", NULL };
  int i = find_word(words, value);
  s->write.quote = (dfq_quoting)(i < 0 ? 0 : i);   // in the order of the enum
  return i >= 0 || wrong("--quote is needed, always or never, not %s", value);
}

static bool set_delimiter(settings *s, const char *value) {
  s->write.delimiter = strcmp(value, "\\t") == 0 ? '\t' : *value;
  return (*value && !value[1]) || s->write.delimiter == '\t' ||
         wrong("--delimiter is one sign, not %s", value);
}

static bool set_digits(settings *s, const char *value) {
  long n = count_of(value);
  bool none = strcmp(value, "0") == 0;
  s->write.float_digits = none ? -1 : (int)n;
  return none || (n && n < 18) || wrong("--digits is a number from 0 to 17, not %s", value);
}

static bool set_null(settings *s, const char *value) {
  s->write.null = value;
  return true;
}
static bool set_nan(settings *s, const char *value) { s->write.nan = value; return true; }
static bool set_inf(settings *s, const char *value) { s->write.inf = value; return true; }
static bool set_widths(settings *s, const char *value) {
  s->write.widths = value;
  return true;
}
static bool set_partition(settings *s, const char *value) {
  s->partition = value;
  return true;
}
static bool set_date(settings *s, const char *value) {
  s->write.date_format = value;
  return true;
}
static bool set_datetime(settings *s, const char *value) {
  s->write.datetime_format = value;
  return true;
}

static bool set_file(settings *s, const char *value) {
  if (s->file) s->lets[s->let_count++] = s->file;
  s->file = value;
  return *value || wrong("-f needs the name of a file");
}

// Flags without a value.
static bool set_plain(settings *s, const char *v) { (void)v; return s->run.no_optimize = true; }
static bool set_no_header(settings *s, const char *v) {
  (void)v;
  return s->write.no_header = true;
}
static bool set_crlf(settings *s, const char *v) {
  (void)v;
  return (s->write.line_end = "\r\n") != NULL;
}
static bool set_align(settings *s, const char *v) { (void)v; return s->write.align = true; }
static bool set_skip(settings *s, const char *v) {
  (void)v;
  return s->write.skip_nulls = true;
}
static bool set_sync(settings *s, const char *v) { (void)v; return s->write.sync = true; }
static bool set_schema(settings *s, const char *v) { (void)v; return s->schema = true; }
static bool set_bar(settings *s, const char *v) { (void)v; return s->bar = true; }
static bool set_sniff(settings *s, const char *v) { s->sniff = v; return true; }
static bool set_help(settings *s, const char *v) { (void)v; return s->help = true; }
static bool set_version(settings *s, const char *v) { (void)v; return s->version = true; }
static bool set_list(settings *s, const char *value) {
  static const char *const lists[] = { "functions", "stages", "reference", NULL };
  int list = find_word(lists, value);
  s->list = list < 0 ? NO_LIST : (enum list)(list + FUNCTIONS);
  return list >= 0 || wrong("--list is functions, stages or reference, not %s", value);
}

// Short for --list=functions and --list=stages.
static bool list_functions(settings *s, const char *v) {
  (void)v;
  return set_list(s, "functions");
}
static bool list_stages(settings *s, const char *v) { (void)v; return set_list(s, "stages"); }

static const struct {
  const char *name;
  enum { NOTHING, MAYBE, VALUE } takes;   // MAYBE: only behind =
  bool (*set)(settings *s, const char *value);
} flags[] = {
  { "--explain", MAYBE, set_explain },      { "--schema", NOTHING, set_schema },
  { "--sniff", VALUE, set_sniff },
  { "--format", VALUE, set_format },        { "--output", VALUE, set_output },
  { "--param", VALUE, set_param },          { "--engine", VALUE, set_engine },
  { "--threads", VALUE, set_threads },      { "--batch", VALUE, set_batch },
  { "--no-optimize", NOTHING, set_plain },  { "--off", VALUE, set_off },
  { "-f", VALUE, set_file },                { "--help", NOTHING, set_help },
  { "-h", NOTHING, set_help },              { "--version", NOTHING, set_version },
  { "--functions", NOTHING, list_functions }, { "--stages", NOTHING, list_stages },
  { "--list", VALUE, set_list },            { "--quote", VALUE, set_quote },
  { "--delimiter", VALUE, set_delimiter },  { "--no-header", NOTHING, set_no_header },
  { "--null", VALUE, set_null },            { "--crlf", NOTHING, set_crlf },
  { "--digits", VALUE, set_digits },        { "--date-format", VALUE, set_date },
  { "--datetime-format", VALUE, set_datetime }, { "--sync", NOTHING, set_sync },
  { "--progress", NOTHING, set_bar },       { "--partition", VALUE, set_partition },
  { "--nan", VALUE, set_nan },              { "--inf", VALUE, set_inf },
  { "--skip-nulls", NOTHING, set_skip },    { "--align", NOTHING, set_align },
  { "--widths", VALUE, set_widths },
};

// Takes the flag that stands at argv[*i], and its value if it has one there.
static bool read_flag(settings *s, int argc, char **argv, int *i) {
  const char *text = argv[*i];
  size_t length = strcspn(text, "=");
  for (size_t f = 0; f < sizeof flags / sizeof *flags; f++) {
    const char *name = flags[f].name, *value = text[length] ? text + length + 1 : NULL;
    if (strlen(name) != length || memcmp(name, text, length) != 0) continue;
    if (flags[f].takes == NOTHING && value) return wrong("%s takes no value", name);
    if (flags[f].takes == VALUE && !value) {
      if (*i + 1 >= argc) return wrong("%s needs a value", name);
      value = argv[++*i];
    }
    return flags[f].set(s, value);
  }
  return wrong("there is no flag %.*s", (int)length, text);
}

static bool read_arguments(settings *s, int argc, char **argv) {
  bool flags_end = false;
  for (int i = 1; i < argc; i++) {
    if (!flags_end && strcmp(argv[i], "--") == 0) {
      flags_end = true;
    } else if (!flags_end && argv[i][0] == '-' && argv[i][1]) {
      if (!read_flag(s, argc, argv, &i)) return false;
    } else if (s->text) {
      return wrong("one pipeline at a time; put it into quotes as a whole");
    } else {
      s->text = argv[i];
    }
  }
  if (s->text && s->file) return wrong("a pipeline as text or -f FILE, not both");
  if (s->explain && s->schema) return wrong("--explain or --schema, not both");
  return true;
}

// Without --format, the output file's ending says what it is to hold.
static bool choose_format(settings *s) {
  if (s->standard && s->output) return wrong("--output - stands alone");
  if (s->partition && s->output_count != 1)
    return wrong("--partition needs one --output, the folder to be made");
  if (s->partition && !s->write.format) s->write.format = "csv";
  if (s->write.format) return true;
  for (int i = 0; i + 1 < s->output_count; i++)
    if (!dfq_format_of(s->outputs[i]))
      return wrong("what is %s to hold? --format says it, or an ending like .csv, .json or "
                   ".txt", s->outputs[i]);
  s->write.format = s->output && !s->explain ? dfq_format_of(s->output) : "table";
  return s->write.format || wrong("what is %s to hold? --format says it, or an ending like "
                                  ".csv, .json or .txt", s->output);
}

// ---- the pipeline's text and its parameters -------------------------------------------------

// All of an open file, ended by a 0. Owns: the caller, who frees it. NULL when it cannot be
// read, or holds a 0 itself.
static char *read_all(FILE *in) {
  size_t size = 0, room = 4096;
  char *text = (char *)malloc(room);
  while (text) {
    size += fread(text + size, 1, room - size - 1, in);
    if (size + 1 < room) break;
    char *more = (char *)realloc(text, room *= 2);
    if (!more) free(text);
    text = more;
  }
  if (text && (ferror(in) || memchr(text, 0, size))) {
    free(text);
    return NULL;
  }
  if (text) text[size] = 0;
  bool marked = text && strncmp(text, "\xEF\xBB\xBF", 3) == 0;   // as UTF-8
  if (marked) memmove(text, text + 3, size - 2);
  return text;
}

// A text from where it stands; file NULL: standard input. Owns: the caller. NULL after saying
// why not.
static char *read_pipeline(const char *file) {
  FILE *in = file ? fopen(file, "rb") : stdin;
  char *text = in ? read_all(in) : NULL;
  const char *name = file ? file : "standard input";
  if (!text) fprintf(stderr, "dfq: cannot read the pipeline from %s\n", name);
  if (file && in) fclose(in);
  return text;
}

// Makes the lets of a file known to what is read after it.
static int give_lets(dfq *db, const char *file) {
  char *text = read_pipeline(file);
  bool ok = text && dfq_define_at(db, text, file);
  if (text && !ok) fprintf(stderr, "%s\n", dfq_error(db));
  free(text);
  return ok ? FINE : text ? FAILED : WRONG_USAGE;
}

// The text as a value of a type, by the engine's own cast. try_it: what is none becomes null.
static bool cast_text(dfq *db, const char *text, dfq_type type, bool try_it, dfq_value *to) {
  static const dfq_schema no_columns = { 0, NULL };
  dfq_expr *e = dfq_str(db, text);
  e = try_it ? dfq_try_cast(e, type) : dfq_cast(e, type);
  return dfq_expr_eval(e, &no_columns, NULL, to);
}

// A value that says nothing of its type: an integer or a float if it looks like one, else text.
// 007 is no integer, because it would not be written like this.
static bool guess(dfq *db, const char *text, dfq_value *to) {
  bool number = text[strcspn(text, "0123456789")] != 0;
  bool zero = text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  to->type = DFQ_NULL;
  if (number && !zero && !cast_text(db, text, DFQ_I64, true, to)) return false;
  if (number && !zero && to->type == DFQ_NULL && !cast_text(db, text, DFQ_F64, true, to))
    return false;
  return to->type != DFQ_NULL || cast_text(db, text, DFQ_STR, false, to);
}

// The type of that name, as the language has it: i64, decimal(2). False when there is none.
static bool find_type(dfq *db, const char *name, dfq_type *type) {
  char text[40];
  bool plain = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789()") == strlen(name);
  int n = snprintf(text, sizeof text, "cast(null as %s)", name);
  if (!plain || n < 0 || (size_t)n >= sizeof text) return false;
  *type = dfq_expr_cast_type(dfq_parse(db, text));
  bool found = *type != DFQ_NULL && dfq_error_status(db) == DFQ_OK;
  dfq_clear_error(db);
  return found;
}

// Gives one parameter of the command line, name=value or name:type=value, to the context.
static int give_param(dfq *db, const char *param) {
  const char *value = strchr(param, '=') + 1;
  size_t length = (size_t)(value - 1 - param);
  char *name = (char *)malloc(length + 1);
  if (!name) return FAILED;
  memcpy(name, param, length);
  name[length] = 0;
  char *type_name = strchr(name, ':');
  if (type_name) *type_name++ = 0;
  dfq_type type = DFQ_STR;
  int result = FINE;
  dfq_value v;
  if (type_name && !find_type(db, type_name, &type))
    result = (wrong("--param %s: there is no type %s", name, type_name), WRONG_USAGE);
  else if (!(type_name ? cast_text(db, value, type, true, &v) : guess(db, value, &v)))
    result = FAILED;
  else if (v.type == DFQ_NULL)
    result = (wrong("--param %s: %s is no value of type %s", name, *value ? value : "nothing",
                    type_name), WRONG_USAGE);
  else if (!dfq_set_param(db, name, &v))
    result = FAILED;
  free(name);
  return result;
}

// ---- the functions of the language ----------------------------------------------------------

// The example's value behind it, when it has one without any rows.
static void print_example(dfq *db, const dfq_function_info *f) {
  static const dfq_schema no_columns = { 0, NULL };
  dfq_value v;
  printf("  example: %s", f->example);
  bool rows = f->kind == DFQ_FUNCTION_GROUP || f->kind == DFQ_FUNCTION_WINDOW;
  if (!rows && dfq_expr_eval(dfq_parse(db, f->example), &no_columns, NULL, &v))
    printf("  =  %s", dfq_expr_text(dfq_literal(db, &v)));
  puts("");
}

static void print_function(dfq *db, const dfq_function_info *f) {
  puts(f->signatures);
  printf("  %s\n", f->doc ? f->doc : "");
  if (f->infix) printf("  written between its operands: %s\n", f->infix);
  if (f->kind == DFQ_FUNCTION && !f->takes_null) puts("  of a null, null");
  if (f->makes_null) puts("  may be null where no argument is");
  if (f->may_fail) puts("  may fail");
  if (f->kind == DFQ_FUNCTION_WINDOW) puts("  only over a window");
  if (f->example) print_example(db, f);
}

// Without a name a line for each, under its group; with one all there is to say, of those whose
// name holds it if none has it.
static int print_functions(dfq *db, const char *name) {
  dfq_function_info f;
  const char *group = "";
  bool exact = false;
  int found = 0;
  for (int i = 0; name && dfq_function_at(db, i, &f); i++)
    exact = exact || strcmp(f.name, name) == 0;
  for (int i = 0; !name && dfq_function_at(db, i, &f); i++) {
    bool new_group = f.group && strcmp(group, f.group) != 0;
    if (new_group) printf("%s%s\n", i ? "\n" : "", f.group);
    if (new_group) group = f.group;
    printf("  %-20s  %s\n", f.name, f.doc ? f.doc : "");
  }
  for (int i = 0; name && dfq_function_at(db, i, &f); i++) {
    if (exact ? strcmp(f.name, name) != 0 : !strstr(f.name, name)) continue;
    if (found++) puts("");
    print_function(db, &f);
  }
  if (name && !found) fprintf(stderr, "dfq: no function has %s in its name\n", name);
  return name && !found ? FAILED : FINE;
}

// Without a name a line for each stage; with one all there is to say of those that have it.
static int print_stages(const char *name) {
  dfq_stage_info f;
  bool found = !name;
  for (int i = 0; dfq_stage_at(i, &f); i++) {
    if (name && !strstr(f.name, name)) continue;
    printf("%s\n  %s\n", f.syntax, f.doc);
    if (name) printf("  example: %s\n", f.example);
    found = true;
  }
  if (!found) fprintf(stderr, "dfq: no stage has %s in its name\n", name);
  return found ? FINE : FAILED;
}

// ---- the reference page: Markdown, with what each example gives -----------------------------

static bool give_examples(dfq *db) {
  return dfq_define(db, "let orders = scan examples/data/orders.csv;"
                        "let customers = scan examples/data/customers.csv;");
}

static bool print_result(dfq *db, const char *pipeline) {
  size_t mark = dfq_mark(db);
  printf("\n```text\n%s\n\n", pipeline);
  bool ok = dfq_show(dfq_query(db, pipeline), stdout);
  puts("```");
  dfq_release(db, mark);
  return ok;
}

// "a | b" must not become two columns of the table.
static void print_cell(const char *text) {
  for (; *text; text++) {
    if (*text == '|') putchar('\\');
    putchar(*text);
  }
}

// A value as expressions write it; a list as [1, 2], which has no spelling there.
static void print_literal(dfq *db, const dfq_value *v) {
  dfq_value item;
  const char *text = dfq_expr_text(dfq_literal(db, v));
  bool list = dfq_list_len(v) > 0;
  if (list) putchar('[');
  else print_cell(text);
  for (size_t i = 0; dfq_list_get(v, i, &item); i++) {
    if (i) fputs(", ", stdout);
    print_literal(db, &item);
  }
  if (list) putchar(']');
}

// The values of an aggregate for each year of the orders, or of a window function for each.
static bool print_values(dfq *db, const dfq_function_info *f) {
  char text[1024];
  bool over = dfq_expr_kind_of(dfq_parse(db, f->example)) == DFQ_OVER;
  snprintf(text, sizeof text, over ? "orders | select %s as result"
           : "orders | group year: %s as result | select result", f->example);
  dfq_table *t = dfq_collect(dfq_query(db, text));
  for (size_t r = 0; r < dfq_table_rows(t); r++) {
    dfq_value v;
    dfq_table_get(t, r, 0, &v);
    if (r) fputs(", ", stdout);
    print_literal(db, &v);
  }
  dfq_table_free(t);
  return t != NULL;
}

static bool print_value(dfq *db, const dfq_function_info *f) {
  static const dfq_schema no_columns = { 0, NULL };
  dfq_value v;
  if (!dfq_expr_eval(dfq_parse(db, f->example), &no_columns, NULL, &v)) return false;
  print_literal(db, &v);
  return true;
}

static bool print_row(dfq *db, const dfq_function_info *f) {
  bool rows = f->kind == DFQ_FUNCTION_GROUP || f->kind == DFQ_FUNCTION_WINDOW;
  printf("| %s | ", f->name);
  print_cell(f->doc);
  printf(" | `");
  print_cell(f->example);
  printf("` | `");
  bool ok = rows ? print_values(db, f) : print_value(db, f);
  puts("` |");
  return ok;
}

// The whole language. Returns: false when an example failed.
static bool print_reference(dfq *db) {
  dfq_function_info f;
  dfq_stage_info s;
  const char *group = "";
  bool ok = give_examples(db);
  puts("## Stages");
  for (int i = 0; ok && dfq_stage_at(i, &s); i++) {
    printf("\n### %s\n\n`%s`: %s.\n", s.name, s.syntax, s.doc);
    ok = print_result(db, s.example);
  }
  for (int i = 0; ok && dfq_function_at(db, i, &f); i++) {
    if (strcmp(group, f.group) != 0)
      printf("\n## %s\n\n| name | gives | for example | is |\n|---|---|---|---|\n", f.group);
    group = f.group;
    ok = print_row(db, &f);
  }
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  return ok;
}

static int say(const settings *s) {
  dfq *db = dfq_open(NULL);
  int result = s->list == FUNCTIONS ? print_functions(db, s->text)
               : s->list == STAGES  ? print_stages(s->text)
               : print_reference(db) ? FINE : FAILED;
  dfq_close(db);
  return fflush(stdout) == 0 && !ferror(stdout) ? result : NO_OUTPUT;
}

// ---- the answer -----------------------------------------------------------------------------

// The schema as a frame of two columns, name and type: so it can be printed like any result.
static dfq_frame *schema_of(dfq *db, dfq_frame *q) {
  const dfq_schema *schema = dfq_schema_of(q);
  size_t room = (size_t)schema->count + 1;
  const char **name = (const char **)malloc(room * sizeof *name);
  const char **type = (const char **)malloc(room * sizeof *type);
  for (int c = 0; name && type && c < schema->count; c++) {
    name[c] = schema->field[c].name;
    type[c] = dfq_type_name(schema->field[c].type);
  }
  dfq_column columns[] = { { "name", DFQ_STR, name, NULL }, { "type", DFQ_STR, type, NULL } };
  dfq_table *table = NULL;
  if (name && type) table = dfq_table_new(db, columns, 2, (size_t)schema->count);
  free((void *)name);
  free((void *)type);
  dfq_frame *f = dfq_scan_table(db, table);
  dfq_table_free(table);   // the frame keeps it alive
  return f;
}

// Names and types in two columns of plain text.
static bool print_schema(dfq_frame *q, FILE *out) {
  const dfq_schema *schema = dfq_schema_of(q);
  size_t width = 0;
  for (int c = 0; c < schema->count; c++) {
    size_t n = strlen(schema->field[c].name);
    if (n > width && n <= 40) width = n;
  }
  for (int c = 0; c < schema->count; c++)
    fprintf(out, "%-*s  %s\n", (int)width, schema->field[c].name,
            dfq_type_name(schema->field[c].type));
  return !ferror(out);
}

static bool as_table(const settings *s) { return strcmp(s->write.format, "table") == 0; }

// Prints what was asked for to an open file.
static bool print(const settings *s, dfq_frame *q, FILE *out) {
  if (s->explain) return dfq_explain_as(q, s->form, out);
  if (s->schema && as_table(s)) return print_schema(q, out);
  return dfq_print(q, out, &s->write);
}

static int cannot_write(const char *what) {
  fprintf(stderr, "dfq: cannot write %s\n", what);
  return NO_OUTPUT;
}

static volatile sig_atomic_t pipe_closed;

// The reader of our output has gone (dfq ... | head): that is no error, only the end.
static int cannot_print(void) {
  return pipe_closed ? FINE : cannot_write("to standard output");
}

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  interrupted = number;
  signal(number, SIG_DFL);   // the second time it ends at once
}

static bool is_interrupted(void *user) { (void)user; return interrupted != 0; }

// Says what the context says. Returns what that means for the shell.
static int failed(dfq *db) {
  bool ended = interrupted && dfq_error_status(db) == DFQ_CANCELLED;
  fprintf(stderr, "%s\n", ended ? "dfq: interrupted" : dfq_error(db));
  return FAILED;
}

static int print_to_stdout(dfq *db, const settings *s, dfq_frame *q) {
  bool ok = print(s, q, stdout);
  if (fflush(stdout) != 0 || ferror(stdout)) return cannot_print();
  return ok ? FINE : failed(db);
}

// The result into its file. What is wrong with that file is not the query's fault.
static int write_result(dfq *db, const settings *s, dfq_frame *q) {
  dfq_write_options o = s->write;
  dfq_sink *sinks = (dfq_sink *)calloc((size_t)s->output_count, sizeof *sinks);
  if (s->output_count > 1 && !s->chosen) o.format = NULL;   // each as its path ends
  for (int i = 0; sinks && i < s->output_count; i++) {
    sinks[i].path = s->outputs[i];
    sinks[i].options = &o;
  }
  bool its_file = false, ok = sinks != NULL;
  if (s->partition) ok = dfq_write_partitioned(q, s->output, s->partition, &o);
  else ok = ok && dfq_write_all(q, sinks, s->output_count);
  free(sinks);
  if (ok) return FINE;
  for (int i = 0; i < s->output_count; i++)
    its_file = its_file || strstr(dfq_error(db), s->outputs[i]) != NULL;
  its_file = its_file && dfq_error_status(db) == DFQ_IO_ERROR;
  failed(db);
  return its_file ? NO_OUTPUT : FAILED;
}

static int print_to_file(dfq *db, const settings *s, dfq_frame *q, const char *path) {
  FILE *out = fopen(path, "wb");
  if (!out) return cannot_write(s->output);
  bool ok = print(s, q, out), written = !ferror(out);
  written = fclose(out) == 0 && written;
  if (!written) return cannot_write(s->output);
  return ok ? FINE : failed(db);
}

// A name beside a file's that no file has yet. False when none is free.
static bool new_name(char *part, size_t size, const char *to) {
  for (int i = 0; i < 1000; i++) {
    snprintf(part, size, "%s.%d.part", to, i);
    FILE *f = fopen(part, "rb");
    if (!f) return true;
    fclose(f);
  }
  return false;
}

// A plan or a schema, which dfq_write does not know of, whole or not at all: into a file beside
// it, which takes its name when all went well. A device or a pipe is written straight into;
// behind a link the file that it leads to is replaced.
static int write_whole(dfq *db, const settings *s, dfq_frame *q) {
  struct stat there;
  bool exists = stat(s->output, &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) return print_to_file(db, s, q, s->output);
#if defined(_WIN32) || defined(__wasi__)
  char *real = NULL;
#else
  char *real = exists ? realpath(s->output, NULL) : NULL;
#endif
  const char *to = real ? real : s->output;
  size_t size = strlen(to) + sizeof ".1000.part";
  char *part = (char *)malloc(size);
  int result = part && new_name(part, size, to) ? FINE : cannot_write(s->output);
  if (result == FINE) {
    result = print_to_file(db, s, q, part);
    if (result == FINE && exists) chmod(part, there.st_mode & 07777);
    if (result == FINE && rename(part, to) != 0) result = cannot_write(s->output);
    if (result != FINE) remove(part);
  }
  free(part);
  free(real);
  return result;
}

static int answer(dfq *db, const settings *s, dfq_frame *q) {
  if (dfq_frame_error(q)) return failed(db);
  bool words = s->explain || (s->schema && as_table(s));
  if (s->schema && !words) q = schema_of(db, q);
  if (!s->output) return print_to_stdout(db, s, q);
  return words ? write_whole(db, s, q) : write_result(db, s, q);
}

// What happened that was no error, a line each.
static void print_notes(const char *line) {
  for (size_t n; *line; line += n) {
    n = strcspn(line, "\n");
    fprintf(stderr, "dfq: note: %.*s\n", (int)n, line);
    n += line[n] == '\n';
  }
}

// ---- all of it ------------------------------------------------------------------------------

// A line on the terminal that is written over: how far it is, once a second has gone.
static void show_progress(void *user, const dfq_progress *p) {
  static const char bar[] = "##############################";
  bool *shown = (bool *)user, ended = p->fraction == 1;
  if (ended && *shown) fputs("\r\033[K", stderr);
  if (ended || p->seconds < 1) return;
  int done = p->fraction < 0 ? 0 : (int)(p->fraction * 30);
  fprintf(stderr, "\r\033[K[%.*s%*s] ", done, bar, 30 - done, "");
  if (p->fraction >= 0) fprintf(stderr, "%2.0f%%, ", p->fraction * 100);
  fprintf(stderr, "%.1f million rows, %.0f MB, %.0f s", (double)p->rows / 1e6,
          (double)p->bytes / 1e6, p->seconds);
  fflush(stderr);
  *shown = true;
}

static bool progress_shown;

// What went wrong stands on a line of its own.
static void end_progress(void) {
  if (progress_shown) fputs("\r\033[K", stderr);
  progress_shown = false;
}

#ifdef SIGPIPE
// A write that nobody reads is an error like any other.
static void note_pipe(int number) {
  pipe_closed = 1;
  signal(number, note_pipe);
}
#endif

// What ends a program by its own wish is heard only where it would leave a half-written file or
// folder behind; a job that was told to ignore it goes on ignoring it.
static void hear(int number) {
  if (signal(number, interrupt) == SIG_IGN) signal(number, SIG_IGN);
}

static void handle_signals(settings *s, const char *text) {
#ifdef SIGPIPE
  signal(SIGPIPE, note_pipe);
#endif
  if (s->bar || ON_TERMINAL(2)) {
    s->run.progress = show_progress;
    s->run.progress_user = &progress_shown;
  }
  bool writes = s->let_count || strstr(text, "write") || strstr(text, "WRITE");
  if (!s->output && !writes) return;
  hear(SIGINT);
  hear(SIGTERM);
#ifdef SIGHUP
  hear(SIGHUP);
#endif
  s->run.cancel = is_interrupted;
}

static int run(settings *s, const char *text) {
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.run = s->run;
  dfq *db = dfq_open(&options);
  int result = db ? FINE : failed(db);
  for (int i = 0; i < s->param_count && result == FINE; i++) {
    result = give_param(db, s->params[i]);
    if (result == FAILED) failed(db);
  }
  for (int i = 0; i < s->let_count && result == FINE; i++) result = give_lets(db, s->lets[i]);
  if (result == FINE) {
    dfq_frame *q = dfq_query_at(db, text, s->file);   // errors name the file and the line in it
    result = answer(db, s, q);
    end_progress();
    print_notes(dfq_warnings(db));
  }
  dfq_close(db);
  return result;
}

// A text from a file on one line, whatever is in it.
static void print_line(const char *s) {
  for (; *s; s++)
    if ((unsigned char)*s >= ' ') putchar(*s);
    else printf("\\x%02x", (unsigned char)*s);
}

// Prints a pipeline that reads the file, and behind # what made it so: all of it can be pasted.
static int sniff(const settings *s) {
  dfq *db = dfq_open(NULL);
  dfq_csv_found found;
  bool ok = dfq_sniff_csv(db, s->sniff, NULL, &found);
  if (!ok) fprintf(stderr, "%s\n", dfq_error(db));
  if (ok) printf("%s\n", found.text);
  for (const char *why = ok ? found.why : ""; *why; why += strcspn(why, "\n") + 1)
    printf("# %.*s\n", (int)strcspn(why, "\n"), why);
  for (int c = 0; ok && c < found.schema.count; c++) {
    const dfq_field *f = &found.schema.field[c];
    printf("# ");
    print_line(f->name);
    printf(" %s%s", dfq_type_name(f->type), f->why ? ": " : "");
    print_line(f->why ? f->why : "");
    putchar('\n');
  }
  dfq_close(db);
  return !ok ? FAILED : fflush(stdout) == 0 ? FINE : cannot_print();
}

int main(int argc, char **argv) {
  settings s;
  memset(&s, 0, sizeof s);
  s.params = (const char **)malloc((size_t)argc * sizeof *s.params);
  s.lets = (const char **)malloc((size_t)argc * sizeof *s.lets);
  s.outputs = (const char **)malloc((size_t)argc * sizeof *s.outputs);
  int result = WRONG_USAGE;
  char *text = NULL;
  bool good = s.params && s.lets && s.outputs;
  good = good && read_arguments(&s, argc, argv) && choose_format(&s);
  if (good && (s.help || s.version)) {
    fputs(s.help ? help_text : "dfq " DFQ_VERSION "\n", stdout);
    result = fflush(stdout) == 0 ? FINE : cannot_print();
  } else if (good && s.sniff) {
    result = sniff(&s);
  } else if (good && s.list) {
    result = say(&s);
  } else if (good && !s.text && !s.file && ON_TERMINAL(0)) {
    wrong("no pipeline");
  } else if (good) {
    if (!s.text) s.text = text = read_pipeline(s.file);
    if (s.text) {
      handle_signals(&s, s.text);
      result = run(&s, s.text);
    }
  }
  free(text);
  free((void *)s.params);
  free((void *)s.lets);
  free((void *)s.outputs);
  if (interrupted) raise(interrupted);   // whoever waits learns what it was ended by
  return result;
}
