// h2o.c - the queries of db-benchmark (h2oai): ten groupings of one table, five joins.
//
//   build/bench/h2o groupby FILE                 made by build/bench/gen
//   build/bench/h2o join X SMALL MEDIUM BIG
//   flags: --threads N (1)  --runs N (3)  --query N  --nocopy (walks through the result in
//          batches, does not store it)
//
// The files are loaded first. Then a line for each query: the best of the runs, the rows of the
// answer, and as a checksum the sums of its columns of numbers, keys left out: what another
// engine should get, too, but for the last digits.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#include "suite.h"

// keys: how many columns of the result to leave out of the checksum; -1: the rows alone count.
typedef struct h2o_query {
  const char *name;
  int keys;
  const char *text;
} h2o_query;

static const h2o_query groupings[] = {
  { "q1", 1, "x | group id1: sum(v1) as v1" },
  { "q2", 2, "x | group id1, id2: sum(v1) as v1" },
  { "q3", 1, "x | group id3: sum(v1) as v1, mean(v3) as v3" },
  { "q4", 1, "x | group id4: mean(v1) as v1, mean(v2) as v2, mean(v3) as v3" },
  { "q5", 1, "x | group id6: sum(v1) as v1, sum(v2) as v2, sum(v3) as v3" },
  { "q6", 2, "x | group id4, id5: median(v3) as median_v3, std(v3) as sd_v3" },
  { "q7", 1, "x | group id3: max(v1) - min(v2) as range_v1_v2" },
  { "q8", 1, "x | filter v3 is not null"
             "  | with row_number() over (partition by id6 order by v3 desc) as place"
             "  | filter place <= 2 | select id6, v3" },
  { "q9", 2, "x | group id2, id4: pow(corr(v1, v2), 2) as r2" },
  { "q10", 6, "x | group id1, id2, id3, id4, id5, id6: sum(v3) as v3, count() as count" },
};

static const h2o_query joins[] = {
  { "j1", 0, "x | join small on id1" },
  { "j2", 0, "x | join medium on id2" },
  { "j3", 0, "x | join medium on id2 left" },
  { "j4", 0, "x | join medium on id5" },
  { "j5", 0, "x | join big on id3" },
};

// The checksum of a grouping: its values. Of a join: v1 and v2, which all peers have.
static void print_sums(const h2o_query *q, const suite_answer *a, const dfq_schema *schema) {
  const char *between = " chk=";
  for (int c = 0; c < a->columns; c++) {
    const char *name = schema->field[c].name;
    bool value = name[0] == 'v' && (name[1] == '1' || name[1] == '2');
    if (q->keys ? c < q->keys : !value) continue;
    printf("%s%.10g", between, a->sum[c]);
    between = ";";
  }
  printf("\n");
  fflush(stdout);
}

static void run(suite *s, const h2o_query *queries, int count) {
  for (int i = 0; i < count; i++) {
    suite_answer a;
    if (s->query && s->query != i + 1) continue;
    size_t mark = dfq_mark(s->db);
    dfq_frame *q = dfq_query(s->db, queries[i].text);
    double ms = suite_time(s, q, &a);
    printf("%s %.1f ms rows=%zu", queries[i].name, ms, a.rows);
    print_sums(&queries[i], &a, dfq_schema_of(q));
    dfq_release(s->db, mark);
  }
}

// A file under a name, and then in memory under the same one.
static void load(suite *s, const char *name, const char *path) {
  double start = bench_now();
  suite_must(s, dfq_register(s->db, name, dfq_scan_csv(s->db, path, NULL)));
  suite_load(s, name);
  fprintf(stderr, "%s loaded in %.0f ms\n", path, (bench_now() - start) * 1e3);
}

int main(int argc, char **argv) {
  static const char *const names[] = { "x", "small", "medium", "big" };
  suite s;
  bool ok = suite_flags(&s, argc, argv) && s.count > 1;
  bool group = ok && strcmp(s.word[0], "groupby") == 0 && s.count == 2;
  bool join = ok && strcmp(s.word[0], "join") == 0 && s.count == 5;
  if (!group && !join) {
    fputs("usage: h2o groupby FILE | h2o join X SMALL MEDIUM BIG\n"
          "       [--threads N] [--runs N] [--query N] [--nocopy]\n", stderr);
    return 2;
  }
  for (int i = 0; i + 1 < s.count; i++) load(&s, names[i], s.word[i + 1]);
  if (group) run(&s, groupings, (int)(sizeof groupings / sizeof *groupings));
  else run(&s, joins, (int)(sizeof joins / sizeof *joins));
  dfq_close(s.db);
  return 0;
}
