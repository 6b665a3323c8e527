// 9.1, easy: a memory hook with a limit of its own. It is told the old size of a block and the
// new one, 0 for none, and returns the block, or NULL when there is no memory: then the old
// block stays as it was. As it is, it does not count. Complete it.

typedef struct limited {
  size_t most;     // bytes that may be in use at a time
  size_t used;     // bytes that are
  size_t peak;     // ... and were at most
} limited;

static void *limited_hook(void *user, void *ptr, size_t old_size, size_t new_size) {
  (void)user, (void)old_size;
  if (new_size) return realloc(ptr, new_size);
  free(ptr);
  return NULL;
}
