// trace.c - who asks whom: a run's steps as a sequence diagram, and as a file for a browser.
//
//   build/trace                  three runs of one small query, drawn
//   build/trace --chrome FILE    a grouping by two threads, as a trace that Chrome's
//                                chrome://tracing and Perfetto show on a time axis
//
// An observer (dfq_run_options.observe) is told each step of each operator. The diagram needs
// nothing else: whoever was asked last and has not answered yet is the one who asks next.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 4096, MOST_OPERATORS = 16, LANE = 15 };

// ---- the steps of a run, as they come ------------------------------------------------------

typedef struct trace {
  dfq_trace step[MOST_STEPS];
  int steps;
  const char *name[MOST_OPERATORS];   // by the operator's number, from 1
  int operators;
} trace;

static void note(void *user, const dfq_trace *step) {
  trace *t = (trace *)user;
  if (t->steps == MOST_STEPS || step->number >= MOST_OPERATORS) return;
  t->step[t->steps++] = *step;
  t->name[step->number] = step->name;
  if (step->number > t->operators) t->operators = step->number;
}

static void must(dfq *db, bool ok) {
  if (ok) return;
  fprintf(stderr, "%s\n", dfq_error(db));
  exit(1);
}

// ---- drawn ---------------------------------------------------------------------------------
// A lane for each operator, the one on top at the left, and one more for the caller.

static int lane_of(const trace *t, int number) { return t->operators - number + 1; }
static int middle(int lane) { return 3 + lane * LANE; }

static void put_centered(char *line, int at, const char *text) {
  int begin = at - (int)strlen(text) / 2;
  memcpy(line + (begin < 0 ? 0 : begin), text, strlen(text));
}

static void print_line(const char *line) {
  int n = (int)strlen(line);
  while (n > 0 && line[n - 1] == ' ') n--;
  printf("    %.*s\n", n, line);
}

// Lines from the top to the bottom of the lanes that are open.
static void rule(const trace *t, char *line, const bool *open) {
  memset(line, ' ', (size_t)middle(t->operators + 1));
  line[middle(t->operators + 1)] = 0;
  line[middle(0)] = '|';
  for (int i = 1; i <= t->operators; i++)
    if (open[i]) line[middle(lane_of(t, i))] = '|';
}

// An arrow with its text: to the right for a question, to the left for an answer.
static void arrow(char *line, int from, int to, bool answer, const char *text) {
  for (int x = middle(from) + 1; x < middle(to); x++) line[x] = '-';
  if (answer) line[middle(from) + 1] = '<';
  else line[middle(to) - 1] = '>';
  put_centered(line, (middle(from) + middle(to)) / 2, text);
}

static void draw(const trace *t, int most) {
  char line[MOST_OPERATORS * LANE + LANE], text[LANE + 16];
  bool open[MOST_OPERATORS] = { false };
  int asked[MOST_OPERATORS], depth = 0;   // the operators that owe an answer
  memset(line, ' ', sizeof line);
  line[middle(t->operators + 1)] = 0;
  put_centered(line, middle(0), "caller");
  for (int i = 1; i <= t->operators; i++) put_centered(line, middle(lane_of(t, i)), t->name[i]);
  print_line(line);
  for (int i = 0; i < t->steps && i < most; i++) {
    const dfq_trace *s = &t->step[i];
    int lane = lane_of(t, s->number);
    rule(t, line, open);
    switch (s->kind) {
      case DFQ_TRACE_OPEN:
      case DFQ_TRACE_CLOSE:
        open[s->number] = s->kind == DFQ_TRACE_OPEN;
        put_centered(line, middle(lane), open[s->number] ? "open" : "close");
        break;
      case DFQ_TRACE_ASK:
        arrow(line, depth ? lane_of(t, asked[depth - 1]) : 0, lane, false, " next ");
        asked[depth++] = s->number;
        break;
      default:
        depth--;
        snprintf(text, sizeof text, s->kind == DFQ_TRACE_GIVE ? " %d " : " %.0dend ",
                 (int)s->rows);
        arrow(line, depth ? lane_of(t, asked[depth - 1]) : 0, lane, true,
              s->kind == DFQ_TRACE_ERROR ? " error " : text);
    }
    print_line(line);
  }
  if (t->steps > most) printf("    ... and %d steps more\n", t->steps - most);
  printf("\n");
}

// ---- three runs ----------------------------------------------------------------------------

// The numbers from 1 on, as many as *user says.
static void *count_open(void *user) {
  int64_t *at = (int64_t *)malloc(2 * sizeof *at);
  if (at) { at[0] = 0; at[1] = *(int64_t *)user; }
  return at;
}

static int count_next(void *cursor, dfq_value *row) {
  int64_t *at = (int64_t *)cursor;
  if (at[0] == at[1]) return 0;
  row[0].type = DFQ_I64;
  row[0].as.i = ++at[0];
  return 1;
}

static dfq_frame *numbers(dfq *db, int64_t *upto) {
  static const dfq_field field[] = { { "n", DFQ_I64, NULL } };
  dfq_row_source s;
  memset(&s, 0, sizeof s);
  s.name = "numbers";
  s.fields = field;
  s.count = 1;
  s.user = upto;
  s.open = count_open;
  s.next = count_next;
  s.close = free;
  return dfq_scan_rows(db, &s);
}

static void show(dfq *db, dfq_frame *f, dfq_engine engine, int most) {
  trace *t = (trace *)calloc(1, sizeof *t);
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = engine;
  run.batch_rows = 4;
  run.threads = 1;
  run.no_optimize = true;   // each operator as it was written
  run.observe = note;
  run.observe_user = t;
  dfq_table *result = t ? dfq_collect(dfq_configure(f, &run)) : NULL;
  must(db, result != NULL);
  draw(t, most);
  dfq_table_free(result);
  free(t);
}

static void three_runs(dfq *db) {
  int64_t ten = 10;
  dfq_frame *f = dfq_limit(dfq_filter(numbers(db, &ten), "n % 3 = 0"), 2);
  printf("numbers 1 .. 10 | filter n %% 3 = 0 | limit 2\n\n");
  printf("One row at a time. The source is asked six times, of ten:\n\n");
  show(db, f, DFQ_ROW_ENGINE, 100);
  printf("Batches of four rows. The same calls, but fewer, and the filter hands over what is\n"
         "left of a batch:\n\n");
  show(db, f, DFQ_BATCH_ENGINE, 100);
  printf("... | group n %% 2 as odd: sum(n) as n | sort n. Both have to hear everything\n"
         "before they can say anything: pipeline breakers.\n\n");
  f = dfq_sort(dfq_group_by(numbers(db, &ten), "n % 2 as odd", "sum(n) as n"), "n");
  show(db, f, DFQ_BATCH_ENGINE, 100);
}

// ---- a file for a browser ------------------------------------------------------------------
// The Trace Event Format: an event begins with "B" and ends with "E", times are microseconds,
// and each thread has a row of its own.

static int write_trace(const trace *t, const char *path) {
  FILE *out = fopen(path, "w");
  const char *comma = "";
  if (!out) { perror(path); return 1; }
  fprintf(out, "{\"traceEvents\":[");
  for (int i = 0; i < t->steps; i++) {
    const dfq_trace *s = &t->step[i];
    if (s->kind == DFQ_TRACE_OPEN || s->kind == DFQ_TRACE_CLOSE) continue;
    fprintf(out, "%s\n{\"name\":\"%s\",\"ph\":\"%s\",\"ts\":%.3f,\"pid\":1,\"tid\":%d", comma,
            s->name, s->kind == DFQ_TRACE_ASK ? "B" : "E",
            1e6 * (s->seconds - t->step[0].seconds), s->worker);
    fprintf(out, s->kind == DFQ_TRACE_GIVE ? ",\"args\":{\"rows\":%d}}" : "}", (int)s->rows);
    comma = ",";
  }
  fprintf(out, "\n]}\n");
  if (fclose(out)) { perror(path); return 1; }
  printf("%d steps written to %s\n", t->steps, path);
  return 0;
}

// Each thread writes into a trace of its own: observers of several threads run at once.
static void note_worker(void *user, const dfq_trace *step) {
  trace *of = (trace *)user;
  if (step->worker < 3) note(&of[step->worker], step);
}

static int two_threads(dfq *db, const char *path) {
  int64_t many = 1000000;
  trace *t = (trace *)calloc(3, sizeof *t);
  dfq_table *table = dfq_collect(numbers(db, &many)), *result;
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  must(db, table && t);
  run.threads = 2;
  run.observe = note_worker;
  run.observe_user = t;
  dfq_frame *f = dfq_group_by(dfq_filter(dfq_scan_table(db, table), "n % 3 = 0"),
                              "n % 7 as day", "sum(n) as n");
  result = dfq_collect(dfq_configure(f, &run));
  must(db, result != NULL);
  for (int w = 1; w < 3; w++)
    for (int i = 0; i < t[w].steps; i++) note(&t[0], &t[w].step[i]);
  int failed = write_trace(&t[0], path);
  dfq_table_free(result);
  dfq_table_free(table);
  free(t);
  return failed;
}

int main(int argc, char **argv) {
  int failed = 0;
  dfq *db = dfq_open(NULL);
  if (argc == 1) three_runs(db);
  else if (argc == 3 && !strcmp(argv[1], "--chrome")) failed = two_threads(db, argv[2]);
  else { fprintf(stderr, "usage: trace [--chrome FILE]\n"); failed = 2; }
  dfq_close(db);
  return failed;
}
