// h2o.c - the queries of db-benchmark (h2oai): ten groupings of one table, five joins; and over
// the table of the groupings a sort, a filter with a sum and a top-k, in memory, and four
// queries of the file as it lies there.
//
//   build/bench/h2o groupby FILE                 made by build/bench/gen
//   build/bench/h2o join X SMALL MEDIUM BIG
//   build/bench/h2o work FILE                    s1 f1 t1
//   build/bench/h2o csv FILE                     c1 load, c2 group, c3 count, c4 filter
//   flags: --threads N (1)  --runs N (3)  --query N  --nocopy (walks through the result in
//          batches, does not store it)
//
// But for csv the files are loaded first. Then a line for each query: the best of the runs,
// the rows of the answer, and as a checksum the sums of its columns of numbers, keys left out:
// what another engine should get, too, but for the last digits.
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

static const h2o_query works[] = {
  { "s1", 0, "x | select v3, id6 | sort v3" },
  { "f1", 0, "x | filter v3 > 50 | group: sum(v3) as v3" },
  { "t1", 0, "x | select v3, id6 | sort v3 desc | limit 100" },
};

static const h2o_query reads[] = {
  { "c1", 0, "x" },
  { "c2", 1, "x | group id1: sum(v1) as v1" },
  { "c3", 0, "x | group: count() as v1" },
  { "c4", 0, "x | filter id4 = 42" },
};

// What there is to ask for, and how many files it takes.
typedef struct h2o_work {
  const char *name;
  int files, count;
  const h2o_query *query;
  bool load;
} h2o_work;

#define H2O_COUNT(list) (int)(sizeof(list) / sizeof *(list))
static const h2o_work all_works[] = {
  { "groupby", 1, H2O_COUNT(groupings), groupings, true },
  { "join", 4, H2O_COUNT(joins), joins, true },
  { "work", 1, H2O_COUNT(works), works, true },
  { "csv", 1, H2O_COUNT(reads), reads, false },
};

// The checksum of a grouping: its values. Of all else: v1 to v3, which all peers have.
static void print_sums(const h2o_query *q, const suite_answer *a, const dfq_schema *schema) {
  const char *between = " chk=";
  for (int c = 0; c < a->columns; c++) {
    const char *name = schema->field[c].name;
    bool value = name[0] == 'v' && name[1] >= '1' && name[1] <= '3';
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
static void load(suite *s, const char *name, const char *path, bool keep) {
  double start = bench_now();
  suite_must(s, dfq_register(s->db, name, dfq_scan_csv(s->db, path, NULL)));
  if (!keep) return;
  suite_load(s, name);
  fprintf(stderr, "%s loaded in %.0f ms\n", path, (bench_now() - start) * 1e3);
}

int main(int argc, char **argv) {
  static const char *const names[] = { "x", "small", "medium", "big" };
  const h2o_work *work = NULL;
  suite s;
  bool ok = suite_flags(&s, argc, argv) && s.count > 1;
  for (int i = 0; ok && i < H2O_COUNT(all_works); i++)
    if (strcmp(s.word[0], all_works[i].name) == 0 && s.count == all_works[i].files + 1)
      work = &all_works[i];
  if (!work) {
    fputs("usage: h2o groupby|work|csv FILE | h2o join X SMALL MEDIUM BIG\n"
          "       [--threads N] [--runs N] [--query N] [--nocopy]\n", stderr);
    return 2;
  }
  for (int i = 0; i < work->files; i++) load(&s, names[i], s.word[i + 1], work->load);
  run(&s, work->query, work->count);
  dfq_close(s.db);
  return 0;
}
