// 9.2: one way out, and only the way on which nothing went wrong passes the rename.

static bool save(const dfq_io *io, const char *path, const char *const *text, int count) {
  char part[200];
  const char *why;
  snprintf(part, sizeof part, "%s.part", path);
  void *file = io->open(io->user, part, true, &why);
  if (!file) return false;
  bool ok = true;
  for (int i = 0; ok && i < count; i++)
    ok = io->write(io->user, file, text[i], strlen(text[i])) >= 0;
  ok = io->close(io->user, file) && ok;
  ok = ok && io->rename(io->user, part, path);
  if (!ok) io->remove(io->user, part);
  return ok;
}
