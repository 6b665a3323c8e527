// fuzz.h - what the fuzz targets share: an input that is read in pieces, files in memory, a
// context that is small and can be stopped, and the one way to say that something is wrong.
//
// A target is a function of bytes, void fuzz_NAME(const uint8_t *, size_t), in NAME.c. Whatever
// the bytes are it returns; what must hold is said by FUZZ_CHECK, which prints and aborts, as
// the sanitizers do. all.c has the table of targets, and main for where there is no libFuzzer.
#ifndef FUZZ_H
#define FUZZ_H

#include "../dfq.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_CHECK(cond, ...)                                                                  \
  ((cond) ? (void)0 : fuzz_wrong(#cond, __FILE__, __LINE__, __VA_ARGS__))

static inline void fuzz_wrong(const char *what, const char *file, int line, const char *a,
                              const char *b) {
  fprintf(stderr, "%s:%d: not %s\n  %s\n  %s\n", file, line, what, a ? a : "", b ? b : "");
  abort();
}

// -- the input, taken from its front

typedef struct fuzz_input {
  const uint8_t *at;
  size_t left;
} fuzz_input;

static inline unsigned fuzz_byte(fuzz_input *in) {
  if (!in->left) return 0;
  in->left--;
  return *in->at++;
}

// The rest, or what stands before the first zero byte of it, as a text of its own. Owns: the
// caller, who frees it.
static inline char *fuzz_text(fuzz_input *in, bool to_zero) {
  const void *zero = to_zero && in->left ? memchr(in->at, 0, in->left) : NULL;
  size_t n = zero ? (size_t)((const uint8_t *)zero - in->at) : in->left;
  char *text = (char *)malloc(n + 1);
  if (!text) abort();
  if (n) memcpy(text, in->at, n);
  text[n] = 0;
  in->at += n;
  in->left -= n;
  if (zero) fuzz_byte(in);
  return text;
}

// -- files in memory

enum { FUZZ_FILES = 8 };

typedef struct fuzz_file {
  const char *name;   // NULL: none
  char *bytes;
  size_t size, room;
  bool ours;          // bytes were allocated here
} fuzz_file;

// All that the engine can reach: it opens nothing else. piece: most bytes a read returns.
typedef struct fuzz_disk {
  fuzz_file file[FUZZ_FILES];
  size_t piece;
  bool pipes;         // sizes are not known
} fuzz_disk;

typedef struct fuzz_handle {
  fuzz_file *file;
  size_t at;
} fuzz_handle;

static inline fuzz_file *fuzz_find(fuzz_disk *d, const char *name) {
  for (int i = 0; i < FUZZ_FILES; i++)
    if (d->file[i].name && strcmp(d->file[i].name, name) == 0) return &d->file[i];
  return NULL;
}

static inline void fuzz_put(fuzz_disk *d, const char *name, const void *bytes, size_t size) {
  fuzz_file *f = fuzz_find(d, name);
  for (int i = 0; !f && i < FUZZ_FILES; i++)
    if (!d->file[i].name) f = &d->file[i];
  if (!f) return;
  if (f->ours) free(f->bytes);
  f->name = name;
  f->bytes = (char *)malloc(size + 1);
  if (!f->bytes) abort();
  if (size) memcpy(f->bytes, bytes, size);
  f->size = f->room = size;
  f->ours = true;
}

static inline void fuzz_clear(fuzz_disk *d) {
  for (int i = 0; i < FUZZ_FILES; i++)
    if (d->file[i].ours) free(d->file[i].bytes);
  memset(d->file, 0, sizeof d->file);
}

static inline void *fuzz_open_file(void *user, const char *path, bool write, const char **why) {
  fuzz_disk *d = (fuzz_disk *)user;
  if (write) fuzz_put(d, "written", "", 0);   // under one name, whatever the temporary one is
  fuzz_file *f = fuzz_find(d, write ? "written" : path);
  fuzz_handle *h = f ? (fuzz_handle *)malloc(sizeof *h) : NULL;
  *why = "No such file";
  if (!h) return NULL;
  h->file = f;
  h->at = 0;
  return h;
}

static inline int64_t fuzz_read(void *user, void *file, void *to, size_t bytes) {
  fuzz_disk *d = (fuzz_disk *)user;
  fuzz_handle *h = (fuzz_handle *)file;
  size_t n = h->file->size > h->at ? h->file->size - h->at : 0;
  if (n > bytes) n = bytes;
  if (d->piece && n > d->piece) n = d->piece;
  if (n) memcpy(to, h->file->bytes + h->at, n);
  h->at += n;
  return (int64_t)n;
}

static inline int64_t fuzz_write(void *user, void *file, const void *from, size_t bytes) {
  fuzz_file *f = ((fuzz_handle *)file)->file;
  (void)user;
  if (f->size + bytes > f->room) {
    f->room = 2 * (f->size + bytes);
    f->bytes = (char *)realloc(f->bytes, f->room);
    if (!f->bytes) abort();
  }
  if (bytes) memcpy(f->bytes + f->size, from, bytes);
  f->size += bytes;
  return (int64_t)bytes;
}

static inline bool fuzz_close(void *user, void *file) {
  (void)user;
  free(file);
  return true;
}

static inline bool fuzz_rename(void *user, const char *from, const char *to) {
  return user && from && to;
}

static inline void fuzz_remove(void *user, const char *path) { (void)user, (void)path; }

static inline int64_t fuzz_size(void *user, void *file) {
  return ((fuzz_disk *)user)->pipes ? -1 : (int64_t)((fuzz_handle *)file)->file->size;
}

static inline bool fuzz_seek(void *user, void *file, uint64_t offset) {
  (void)user;
  ((fuzz_handle *)file)->at = (size_t)offset;
  return true;
}

// -- a context

enum { FUZZ_BUDGET = 48 << 20, FUZZ_PULLS = 20000 };

// Ends runs that go on for long. One run is at work at a time.
static int fuzz_pulls;
static inline bool fuzz_cancel(void *user) { return ++*(int *)user > FUZZ_PULLS; }

// A context over that disk, with a small budget.
static inline dfq *fuzz_context(fuzz_disk *disk) {
  dfq_io io;
  dfq_options o;
  memset(&io, 0, sizeof io);
  memset(&o, 0, sizeof o);
  io.user = disk;
  io.open = fuzz_open_file;
  io.read = fuzz_read;
  io.write = fuzz_write;
  io.close = fuzz_close;
  io.rename = fuzz_rename;
  io.remove = fuzz_remove;
  io.size = fuzz_size;
  io.seek = fuzz_seek;
  o.budget = FUZZ_BUDGET;
  o.io = &io;
  dfq *db = dfq_open(&o);
  if (!db) abort();
  return db;
}

// Did the latest run end because it is too large, and for no reason of its own?
static inline bool fuzz_gave_up(const dfq *db) {
  dfq_status s = dfq_error_status(db);
  return s == DFQ_NO_MEMORY || s == DFQ_LIMIT || s == DFQ_CANCELLED;
}

typedef struct fuzz_way {
  dfq_engine engine;
  size_t batch_rows;
  int threads;
  bool no_optimize;
} fuzz_way;

static inline dfq_table *fuzz_collect(dfq_frame *f, const fuzz_way *way) {
  dfq_run_options run;
  memset(&run, 0, sizeof run);
  run.engine = way->engine;
  run.batch_rows = way->batch_rows;
  run.threads = way->threads;
  run.no_optimize = way->no_optimize;
  if (way->threads < 2) {   // a run that can be cancelled is one of one thread
    fuzz_pulls = 0;
    run.cancel = fuzz_cancel;
    run.cancel_user = &fuzz_pulls;
  }
  return dfq_collect(dfq_configure(f, &run));
}

// The schema as options: "\"name\": type, ...". Owns: the caller.
static inline char *fuzz_types(const dfq_schema *s) {
  size_t room = 1, n = 0;
  for (int c = 0; c < s->count; c++) room += 2 * strlen(s->field[c].name) + 40;
  char *text = (char *)malloc(room);
  if (!text) abort();
  for (int c = 0; c < s->count; c++) {
    if (c) text[n++] = ',';
    text[n++] = '"';
    for (const char *p = s->field[c].name; *p; p++) {
      if (*p == '"') text[n++] = '"';
      text[n++] = *p;
    }
    n += (size_t)sprintf(text + n, "\": %s", dfq_type_name(s->field[c].type));
  }
  text[n] = 0;
  return text;
}

// What was written, as the file again.
static inline void fuzz_again(fuzz_disk *disk) {
  fuzz_file *w = fuzz_find(disk, "written");
  fuzz_put(disk, "again", w->bytes, w->size);
}

// The frame over that file gives what was written. Frees types, as which its columns are read.
static inline void fuzz_read_back(const dfq_table *want, dfq_frame *f, dfq *db, char *types) {
  char why[512];
  dfq_table *got = dfq_collect(f);
  if (got || !fuzz_gave_up(db)) {
    FUZZ_CHECK(got, types, dfq_error(db));
    FUZZ_CHECK(dfq_table_equal(want, got, why, sizeof why), types, why);
  }
  dfq_table_free(got);
  free(types);
}

// Runs the frame in several ways. Each must give what the row engine gives without the
// optimizer; where that fails, the batch engine without the optimizer fails, too. Returns that
// table, NULL when there is none. Owns: the caller.
static inline dfq_table *fuzz_same(dfq *db, dfq_frame *f) {
  static const fuzz_way ways[] = { { DFQ_ROW_ENGINE, 0, 1, true },
                                   { DFQ_BATCH_ENGINE, 1, 1, true },
                                   { DFQ_BATCH_ENGINE, 3, 1, true },
                                   { DFQ_BATCH_ENGINE, 2048, 1, false },
                                   { DFQ_BATCH_ENGINE, 2, 2, false },
                                   { DFQ_ROW_ENGINE, 0, 1, false } };
  char why[512], message[1024];
  dfq_table *want = fuzz_collect(f, &ways[0]);
  if (!want && fuzz_gave_up(db)) return NULL;
  snprintf(message, sizeof message, "%s", want ? "" : dfq_error(db));
  for (int i = 1; i < 6; i++) {
    dfq_table *got = fuzz_collect(f, &ways[i]);
    bool gave_up = !got && fuzz_gave_up(db);
    if (want && !gave_up) {
      FUZZ_CHECK(got, "it fails:", dfq_error(db));
      FUZZ_CHECK(dfq_table_equal(want, got, why, sizeof why), i == 5 ? "row engine" : "batches",
                 why);
    } else if (!want && ways[i].no_optimize && !gave_up) {
      FUZZ_CHECK(!got, "the row engine says:", message);
      FUZZ_CHECK(strcmp(message, dfq_error(db)) == 0, message, dfq_error(db));
    }
    dfq_table_free(got);
  }
  return want;
}

// -- the same file in pieces

// What a way of reading gives: a table or a message, and warnings.
typedef struct fuzz_seen {
  dfq_table *table;
  char message[2048], warnings[2048];
  bool gave_up;
} fuzz_seen;

// How a target reads the disk's file, and what it does with the table that came of it.
typedef struct fuzz_reader {
  dfq_frame *(*scan)(dfq *db, const void *options);
  void (*round_trip)(dfq *db, fuzz_disk *disk, const dfq_table *want, dfq_frame *f);
  const void *options;
} fuzz_reader;

static inline fuzz_seen fuzz_read_once(fuzz_disk *disk, const fuzz_reader *r, size_t piece,
                                       bool pipe, const fuzz_way *way, bool again) {
  fuzz_seen s;
  disk->piece = piece;
  disk->pipes = pipe;
  dfq *db = fuzz_context(disk);
  dfq_frame *f = r->scan(db, r->options);
  s.table = fuzz_collect(f, way);
  snprintf(s.message, sizeof s.message, "%s", dfq_error(db));
  char *hint = strstr(s.message, "\n  a pipe can be read only once");
  if (hint) *hint = 0;   // of a pipe only
  snprintf(s.warnings, sizeof s.warnings, "%s", dfq_warnings(db));
  s.gave_up = !s.table && fuzz_gave_up(db);
  if (again && s.table) r->round_trip(db, disk, s.table, f);
  dfq_close(db);   // the table lives on
  return s;
}

// However the file is cut into reads, in whichever way it is run, and of a pipe: the same table
// or the same message, and the same warnings.
static inline void fuzz_in_pieces(fuzz_disk *disk, const fuzz_reader *r) {
  static const fuzz_way ways[] = { { DFQ_ROW_ENGINE, 0, 1, true },
                                   { DFQ_BATCH_ENGINE, 1, 1, true },
                                   { DFQ_BATCH_ENGINE, 3, 1, true },
                                   { DFQ_BATCH_ENGINE, 64, 1, true } };
  static const size_t pieces[] = { 0, 1, 7, 64 };
  char why[512];
  fuzz_seen want = fuzz_read_once(disk, r, 0, false, &ways[0], true);
  for (int i = 1; i < 5; i++) {   // the last one: from a pipe
    fuzz_seen got = fuzz_read_once(disk, r, pieces[i % 4], i == 4, &ways[i % 4], false);
    if (!want.gave_up && !got.gave_up) {
      FUZZ_CHECK(strcmp(want.message, got.message) == 0, want.message, got.message);
      FUZZ_CHECK(strcmp(want.warnings, got.warnings) == 0, want.warnings, got.warnings);
      FUZZ_CHECK(!want.table == !got.table, want.message, got.message);
      if (want.table)
        FUZZ_CHECK(dfq_table_equal(want.table, got.table, why, sizeof why), "in pieces", why);
    }
    dfq_table_free(got.table);
  }
  disk->piece = 0;
  disk->pipes = false;
  dfq_table_free(want.table);
}

// -- a small table with every type, and nulls

static inline dfq_value fuzz_value(dfq_type type, int64_t i) {
  dfq_value v;
  memset(&v, 0, sizeof v);
  v.type = type;
  v.as.i = i;
  return v;
}

static inline dfq_value fuzz_float(dfq_type type, double f) {
  dfq_value v = fuzz_value(type, 0);
  v.as.f = f;
  return v;
}

static inline dfq_value fuzz_string(const char *s, size_t n) {
  dfq_value v = fuzz_value(DFQ_STR, 0);
  v.as.s = s;
  v.len = (uint32_t)n;
  return v;
}

enum { FUZZ_COLUMNS = 18, FUZZ_ROWS = 7 };

// One cell of that table: extremes, ordinary values, nulls in the last rows.
static inline dfq_value fuzz_cell(dfq *db, dfq_type type, int row) {
  static const int64_t word[] = { 3, -7, 0, INT64_MAX, INT64_MIN, 1000000007, 42 };
  static const double real[] = { 1.5, -0.0, NAN, INFINITY, 1e300, -2.25, 1e-310 };
  static const char *text[] = { "a", "", "Ab,c\"d", "2024-02-29", "-17",
                                "\xC3\xA9t\xC3\xA9 et hiver", "a b c d e f g h i j k" };
  dfq_value v = fuzz_value(type, word[row]), part[3];
  if (row == 5 + (int)(type % 2)) return fuzz_value(DFQ_NULL, 0);
  switch (type & 0xFF) {
    case DFQ_BOOL: v.as.i = row & 1; return v;
    case DFQ_I8: v.as.i = (int8_t)word[row]; return v;
    case DFQ_I16: v.as.i = (int16_t)word[row]; return v;
    case DFQ_U8: v.as.i = (uint8_t)word[row]; return v;
    case DFQ_U16: v.as.i = (uint16_t)word[row]; return v;
    case DFQ_U32: v.as.i = (uint32_t)word[row]; return v;
    case DFQ_I32: v.as.i = (int32_t)(word[row] % 2147483647); return v;
    case DFQ_DATE: v.as.i = (int32_t)(word[row] % 700000); return v;
    case DFQ_DATETIME: v.as.i = word[row] % 60000000000000000; return v;
    case DFQ_TIME: v.as.i = (word[row] & INT64_MAX) % 86400000000; return v;
    case DFQ_F32: return fuzz_float(type, (double)(float)real[row]);
    case DFQ_F64: return fuzz_float(type, real[row]);
    case DFQ_STR: return fuzz_string(text[row], strlen(text[row]));
    case DFQ_LIST:
      for (int i = 0; i < 3; i++) part[i] = fuzz_cell(db, type >> 8, (row + i) % FUZZ_ROWS);
      if (!dfq_list_value(db, type >> 8, part, (size_t)(row % 4), &v)) abort();
      return v;
    default: return v;
  }
}

static inline dfq_table *fuzz_table(dfq *db, int rows) {
  static const dfq_type types[FUZZ_COLUMNS] = {
    DFQ_BOOL, DFQ_I64, DFQ_F64, DFQ_STR, DFQ_DATE, DFQ_DATETIME, DFQ_DURATION, DFQ_TIME,
    dfq_decimal_of(2), dfq_list_of(DFQ_I64), dfq_list_of(DFQ_STR), DFQ_I8, DFQ_I16, DFQ_I32,
    DFQ_U8, DFQ_U64, DFQ_F32, DFQ_STR
  };
  static const char *names[FUZZ_COLUMNS] = { "b", "i", "f", "s", "d", "t", "u", "m", "c", "l",
                                             "k", "i8", "i16", "i32", "u8", "u64", "f32", "g" };
  dfq_field field[FUZZ_COLUMNS];
  dfq_value cell[FUZZ_COLUMNS * FUZZ_ROWS];
  for (int c = 0; c < FUZZ_COLUMNS; c++) {
    field[c].name = names[c];
    field[c].type = types[c];
    field[c].why = NULL;
    for (int r = 0; r < rows; r++) {
      cell[r * FUZZ_COLUMNS + c] = fuzz_cell(db, types[c], r);
      if (c == FUZZ_COLUMNS - 1) cell[r * FUZZ_COLUMNS + c] = fuzz_string(r % 2 ? "x" : "y", 1);
    }
  }
  dfq_table *t = dfq_table_from_rows(db, field, FUZZ_COLUMNS, cell, (size_t)rows);
  FUZZ_CHECK(t, dfq_error(db), "");
  return t;
}

#endif // FUZZ_H
