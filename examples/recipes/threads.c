// threads.c - several contexts in several threads of the program, without a lock between them.
#include <pthread.h>

#include "dfq.h"

// What a thread is asked for, and its answer: its own until it is joined.
typedef struct job {
  const char *species;
  char answer[160];
} job;

// A context belongs to the thread that opened it. threads = 1: the run starts no more of them,
// since the program has its own already.
static void *work(void *argument) {
  job *j = (job *)argument;
  dfq_options options = { 0 };
  options.run.threads = 1;
  dfq *db = dfq_open(&options);
  if (!db) return argument;
  dfq_set_str(db, "species", j->species);   // a value: it never becomes part of the text
  dfq_frame *q = dfq_query(db, "scan examples/data/penguins.csv"
                               " | filter species = $species"
                               " | group: count() as n, mean(body_mass_g) as grams");
  dfq_table *t = dfq_collect(q);
  if (t && dfq_table_is_null(t, 0, 1))      // the mean of no rows
    snprintf(j->answer, sizeof j->answer, "no birds");
  else if (t)
    snprintf(j->answer, sizeof j->answer, "%d birds of %.0f g", (int)dfq_table_i64(t, 0, 0),
             dfq_table_f64(t, 0, 1));
  else
    snprintf(j->answer, sizeof j->answer, "%.150s", dfq_error(db));
  dfq_table_free(t);
  dfq_close(db);
  return NULL;
}

int main(void) {
  enum { JOBS = 4 };
  job jobs[JOBS] = { { "Adelie", "" }, { "Gentoo", "" }, { "Chinstrap", "" }, { "Emu", "" } };
  pthread_t threads[JOBS];
  bool started[JOBS];
  for (int i = 0; i < JOBS; i++)
    started[i] = pthread_create(&threads[i], NULL, work, &jobs[i]) == 0;
  for (int i = 0; i < JOBS; i++) {
    if (started[i]) pthread_join(threads[i], NULL);
    printf("%-10s %s\n", jobs[i].species, started[i] ? jobs[i].answer : "no thread");
  }
  return 0;
}
