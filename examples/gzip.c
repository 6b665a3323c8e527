// gzip.c - a hook that unpacks: files called .gz are read as what is in them.
//
//   build/gzip "scan orders.csv.gz | group year: sum(amount) as total"
//
// dfq reads and writes through the functions of a dfq_io. This one is the library's own, but
// for a few: open looks at the name, and read, write, size and close know both kinds of file.
// How long a packed file is nobody knows before it is read: size says -2, and it is read from
// front to end by one thread. Written here with zlib (link with -lz); any other packer fits the
// same functions.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

#if defined(WITH_ZLIB)
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// The library's own files, for all that is not packed.
static dfq_io plain;

typedef struct any_file {
  void *file;     // of plain, or
  gzFile packed;
} any_file;

static void *any_open(void *user, const char *path, bool write, const char **why) {
  size_t n = strlen(path);
  bool packed = !write && n > 3 && strcmp(path + n - 3, ".gz") == 0;
  any_file *f = (any_file *)calloc(1, sizeof *f);
  *why = "out of memory";
  if (!f) return NULL;
  errno = 0;
  if (packed) f->packed = gzopen(path, "rb");
  else f->file = plain.open(user, path, write, why);
  if (packed && !f->packed && errno) *why = strerror(errno);
  if (f->packed || f->file) return f;
  free(f);
  return NULL;
}

// A file that ends in the middle gives what there is and fails then.
static int64_t any_read(void *user, void *file, void *to, size_t bytes) {
  any_file *f = (any_file *)file;
  if (!f->packed) return plain.read(user, f->file, to, bytes);
  int n = gzread(f->packed, to, bytes > 1 << 20 ? 1 << 20 : (unsigned)bytes), state = 0;
  if (n == 0) gzerror(f->packed, &state);
  if (state == Z_BUF_ERROR) errno = EIO;
  return state == Z_BUF_ERROR ? -1 : n;
}

static int64_t any_size(void *user, void *file) {
  any_file *f = (any_file *)file;
  return f->packed ? -2 : plain.size(user, f->file);
}

static bool any_close(void *user, void *file) {
  any_file *f = (any_file *)file;
  bool ok = f->packed ? gzclose(f->packed) == Z_OK : plain.close(user, f->file);
  free(f);
  return ok;
}

static int64_t any_write(void *user, void *file, const void *from, size_t bytes) {
  return plain.write(user, ((any_file *)file)->file, from, bytes);
}

int main(int argc, char **argv) {
  plain = dfq_io_default();
  dfq_io io = plain;
  io.open = any_open;
  io.read = any_read;
  io.write = any_write;
  io.size = any_size;
  io.close = any_close;
  io.seek = NULL;      // these would be called with an any_file, too
  io.sync = NULL;
  io.stamp = NULL;
  dfq_options options;
  memset(&options, 0, sizeof options);
  options.io = &io;
  dfq *db = dfq_open(&options);
  bool ok = argc == 2 && dfq_show(dfq_query(db, argv[1]), stdout);
  if (!ok) fprintf(stderr, "%s\n", argc == 2 ? dfq_error(db) : "usage: gzip 'PIPELINE'");
  dfq_close(db);
  return !ok;
}
#else
int main(void) {
  fputs("this was built without zlib (-DWITH_ZLIB, -lz)\n", stderr);
  return 2;
}
#endif
