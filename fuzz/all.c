// all.c - the fuzz targets in one program.
//
//   libFuzzer   clang, -DFUZZ_LIBFUZZER: build/fuzz/fuzz CORPUS..., the target by $FUZZ_TARGET
//   replay      any compiler: build/fuzz/replay [-n MUTATIONS] [-s SEED] [TARGET [FILE]]
//               -k DIR: each input is in DIR/TARGET while it runs; -o DIR: writes all inputs
//
// The replay runs each file of fuzz/corpus/TARGET, the examples of the documentation where they
// are inputs, and then mutations of both: a few bytes set, removed, repeated, or taken from
// another input or from the target's dictionary. It finds what it can in seconds, with any
// compiler; the library above finds more in minutes.
#include "arrow.c"
#include "columnar.c"
#include "csv.c"
#include "dates.c"
#include "expression.c"
#include "json.c"
#include "numbers.c"
#include "pipeline.c"
#include "regex.c"

typedef struct fuzz_target {
  const char *name;
  void (*run)(const uint8_t *data, size_t size);
} fuzz_target;

static const fuzz_target fuzz_targets[] = {
  { "arrow", fuzz_arrow },
  { "columnar", fuzz_columnar },
  { "csv", fuzz_csv },
  { "dates", fuzz_dates },
  { "expression", fuzz_expression },
  { "json", fuzz_json },
  { "numbers", fuzz_numbers },
  { "pipeline", fuzz_pipeline },
  { "regex", fuzz_regex }
};
enum { FUZZ_TARGETS = (int)(sizeof fuzz_targets / sizeof *fuzz_targets) };

#if defined(FUZZ_LIBFUZZER)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*run)(const uint8_t *, size_t);
  const char *name = getenv("FUZZ_TARGET");
  for (int i = 0; !run && name && i < FUZZ_TARGETS; i++)
    if (strcmp(fuzz_targets[i].name, name) == 0) run = fuzz_targets[i].run;
  if (!run) {
    fprintf(stderr, "FUZZ_TARGET names no target\n");
    exit(1);
  }
  run(data, size);
  return 0;
}

#else

#include <dirent.h>
#include <time.h>

// Inputs of one target: its corpus, and the words of its dictionary.
typedef struct fuzz_inputs {
  uint8_t **bytes;
  size_t *size;
  int count, room;
} fuzz_inputs;

static void fuzz_inputs_add(fuzz_inputs *all, const void *bytes, size_t size) {
  if (all->count == all->room) {
    all->room = 2 * all->room + 16;
    all->bytes = (uint8_t **)realloc(all->bytes, (size_t)all->room * sizeof *all->bytes);
    all->size = (size_t *)realloc(all->size, (size_t)all->room * sizeof *all->size);
    if (!all->bytes || !all->size) abort();
  }
  uint8_t *copy = (uint8_t *)malloc(size + 1);
  if (!copy) abort();
  if (size) memcpy(copy, bytes, size);
  all->bytes[all->count] = copy;
  all->size[all->count++] = size;
}

static void fuzz_inputs_free(fuzz_inputs *all) {
  for (int i = 0; i < all->count; i++) free(all->bytes[i]);
  free(all->bytes);
  free(all->size);
}

enum { FUZZ_LONGEST = 1 << 16 };

static bool fuzz_load(fuzz_inputs *all, const char *path) {
  static uint8_t bytes[FUZZ_LONGEST];
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  fuzz_inputs_add(all, bytes, n);
  return true;
}

static int fuzz_by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

// The files of a directory, in the order of their names: the same run everywhere.
static void fuzz_load_all(fuzz_inputs *all, const char *path) {
  char *name[4096], file[1024];
  int count = 0;
  DIR *dir = opendir(path);
  for (struct dirent *e; dir && count < 4096 && (e = readdir(dir)) != NULL;) {
    if (e->d_name[0] == '.') continue;
    name[count] = (char *)malloc(strlen(e->d_name) + 1);
    if (!name[count]) abort();
    strcpy(name[count++], e->d_name);
  }
  if (dir) closedir(dir);
  qsort(name, (size_t)count, sizeof *name, fuzz_by_name);
  for (int i = 0; i < count; i++) {
    snprintf(file, sizeof file, "%s/%s", path, name[i]);
    fuzz_load(all, file);
    free(name[i]);
  }
}

// A dictionary has lines NAME="text" with \xNN for bytes, as libFuzzer reads them.
static void fuzz_load_words(fuzz_inputs *all, const char *path) {
  char line[512];
  FILE *f = fopen(path, "r");
  while (f && fgets(line, sizeof line, f)) {
    char *from = strchr(line, '"'), *end = strrchr(line, '"'), *to = line;
    if (*line == '#' || !from || end == from) continue;
    for (from++; from < end;) {
      unsigned byte = (unsigned char)*from;
      if (*from == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1) from += 4;
      else from += *from == '\\' ? 2 : 1;
      if (from[-1] != '\\' && byte == '\\') byte = (unsigned char)from[-1];
      *to++ = (char)byte;
    }
    fuzz_inputs_add(all, line, (size_t)(to - line));
  }
  if (f) fclose(f);
}

static uint64_t fuzz_random_state;
static size_t fuzz_random(size_t below) {
  uint64_t z = fuzz_random_state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return below ? (size_t)((z ^ z >> 31) % below) : 0;
}

// Replaces n bytes at a place by m others.
static size_t fuzz_splice(uint8_t *b, size_t size, size_t at, size_t n, const uint8_t *with,
                          size_t m) {
  if (size - n + m > FUZZ_LONGEST) return size;
  memmove(b + at + m, b + at + n, size - at - n);
  if (m) memcpy(b + at, with, m);
  return size - n + m;
}

// One change of an input, which becomes another size.
static size_t fuzz_mutate(uint8_t *b, size_t size, const fuzz_inputs *all,
                          const fuzz_inputs *words) {
  static const uint8_t odd[] = { 0, 1, 127, 128, 255, '\n', '"', ',', '(', ' ', '0', '9' };
  static uint8_t part[FUZZ_LONGEST];
  size_t at = fuzz_random(size + 1), n = fuzz_random(size - at + 1), m;
  if (n > 8) n = fuzz_random(9);
  const fuzz_inputs *from = words->count && fuzz_random(2) ? words : all;
  int k = (int)fuzz_random((size_t)from->count);
  uint8_t byte = fuzz_random(2) ? odd[fuzz_random(sizeof odd)] : (uint8_t)fuzz_random(256);
  switch (fuzz_random(6)) {
    case 0: return fuzz_splice(b, size, at, n, NULL, 0);
    case 1: return fuzz_splice(b, size, at, at < size, &byte, 1);
    case 2: return fuzz_splice(b, size, at, 0, &byte, 1);
    case 3:
      if (at < size) b[at] ^= (uint8_t)(1u << fuzz_random(8));
      return size;
    case 4:
      if (n) memcpy(part, b + at, n);
      return fuzz_splice(b, size, fuzz_random(size + 1), 0, part, n);
    default:
      at = fuzz_random(size + 1);
      m = from == words ? from->size[k] : fuzz_random(from->size[k] + 1);
      return fuzz_splice(b, size, at, 0, from->bytes[k] + from->size[k] - m, m);
  }
}

// Writes an input to dir/name, if there is a dir.
static void fuzz_keep(const char *dir, const char *name, const uint8_t *b, size_t size) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", dir ? dir : "", name);
  FILE *f = dir ? fopen(path, "wb") : NULL;
  if (f) { fwrite(b, 1, size, f); fclose(f); }
}

// The examples of all functions, or of all stages.
static void fuzz_load_docs(fuzz_inputs *all, const char *name) {
  dfq *db = dfq_open(NULL);
  dfq_function_info function;
  dfq_stage_info stage;
  for (int i = 0; strcmp(name, "expression") == 0 && dfq_function_at(db, i, &function); i++)
    if (function.example) fuzz_inputs_add(all, function.example, strlen(function.example));
  for (int i = 0; strcmp(name, "pipeline") == 0 && dfq_stage_at(i, &stage); i++)
    if (stage.example) fuzz_inputs_add(all, stage.example, strlen(stage.example));
  dfq_close(db);
}

// The inputs and n mutations of them. keep: a directory for the input at hand; out: one for
// all inputs, which then are not run.
static void fuzz_replay(const fuzz_target *t, long n, const char *keep, const char *out) {
  static uint8_t b[FUZZ_LONGEST + 1];
  char path[256];
  fuzz_inputs all = { NULL, NULL, 0, 0 }, words = { NULL, NULL, 0, 0 };
  clock_t start = clock();
  snprintf(path, sizeof path, "fuzz/corpus/%s", t->name);
  fuzz_load_all(&all, path);
  fuzz_load_docs(&all, t->name);
  if (!all.count) fuzz_inputs_add(&all, "", 0);
  int corpus = all.count;
  snprintf(path, sizeof path, "fuzz/dict/%s.dict", t->name);
  fuzz_load_words(&words, path);
  for (int i = 0; i < corpus; i++) {
    char name[64];
    snprintf(name, sizeof name, "%s-%d", t->name, i);
    fuzz_keep(out ? out : keep, out ? name : t->name, all.bytes[i], all.size[i]);
    if (!out) t->run(all.bytes[i], all.size[i]);
  }
  for (long i = 0; i < n; i++) {
    size_t k = fuzz_random((size_t)all.count), size = all.size[k];
    if (size) memcpy(b, all.bytes[k], size);
    for (size_t times = 1 + fuzz_random(4); times; times--)
      size = fuzz_mutate(b, size, &all, &words);
    uint8_t *copy = (uint8_t *)malloc(size ? size : 1);   // so that reading beyond it is seen
    if (!copy) abort();
    if (size) memcpy(copy, b, size);
    fuzz_keep(keep, t->name, copy, size);
    t->run(copy, size);
    free(copy);
  }
  if (!out)
    printf("%-12s %6d inputs %8ld mutations %6.1f s\n", t->name, corpus, n,
           (double)(clock() - start) / CLOCKS_PER_SEC);
  fflush(stdout);
  fuzz_inputs_free(&all);
  fuzz_inputs_free(&words);
}

int main(int argc, char **argv) {
  long n = 0;
  const char *only = NULL, *file = NULL, *keep = NULL, *out = NULL;
  for (int i = 1; i < argc; i++) {
    const char *flag = argv[i][0] == '-' && i + 1 < argc ? argv[i] : "";
    if (strcmp(flag, "-n") == 0) n = atol(argv[++i]);
    else if (strcmp(flag, "-s") == 0) fuzz_random_state = (uint64_t)atol(argv[++i]);
    else if (strcmp(flag, "-k") == 0) keep = argv[++i];
    else if (strcmp(flag, "-o") == 0) out = argv[++i];
    else if (!only) only = argv[i];
    else file = argv[i];
  }
  bool found = false;
  for (int i = 0; i < FUZZ_TARGETS; i++) {
    const fuzz_target *t = &fuzz_targets[i];
    fuzz_inputs one = { NULL, NULL, 0, 0 };
    if (only && strcmp(only, t->name) != 0) continue;
    found = true;
    if (!file) fuzz_replay(t, n, keep, out);
    else if (fuzz_load(&one, file)) t->run(one.bytes[0], one.size[0]);
    else { fprintf(stderr, "cannot read %s\n", file); return 1; }
    fuzz_inputs_free(&one);
  }
  if (!found) fprintf(stderr, "no target of that name\n");
  return !found;
}

#endif
