// 9.2, medium: whole or not at all.
//
// save writes count texts, one behind the other, to the file called path. When it returns true
// they are there; when it returns false the file is what it was before, or is not there if it
// was not. Whoever reads the file meanwhile sees the old one or the new one, never a part. In
// either case nothing else is left behind: no file, and none that is open.
//
// All calls go through io (see dfq_io in dfq.h), and the test lets each of them fail:
//
//   void *open(user, path, true, &why)       a file, empty now; NULL: failed
//   int64_t write(user, file, text, bytes)   -1: failed
//   bool close(user, file)                   false: failed, but it is closed
//   bool rename(user, from, to)              false: failed; else to is replaced at once
//   void remove(user, path)                  cannot fail

static bool save(const dfq_io *io, const char *path, const char *const *text, int count) {
  const char *why;
  void *file = io->open(io->user, path, true, &why);
  if (!file) return false;
  for (int i = 0; i < count; i++)        // yours: by now the old file is gone
    if (io->write(io->user, file, text[i], strlen(text[i])) < 0) return false;
  return io->close(io->user, file);
}
