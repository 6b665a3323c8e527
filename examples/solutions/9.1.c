// 9.1: refuse first, count last.

typedef struct limited {
  size_t most, used, peak;
} limited;

static void *limited_hook(void *user, void *ptr, size_t old_size, size_t new_size) {
  limited *l = (limited *)user;
  void *to = NULL;
  if (new_size > old_size && new_size - old_size > l->most - l->used) return NULL;
  if (new_size) to = realloc(ptr, new_size);
  else free(ptr);
  if (new_size && !to) return NULL;
  l->used += new_size - old_size;
  if (l->used > l->peak) l->peak = l->used;
  return to;
}
