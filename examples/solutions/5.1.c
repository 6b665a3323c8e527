// 5.1: from the top down. The engine's own is in >>prune.

static names asked(const stage *s, names above, dfq *db) {
  bool with = !strcmp(s->kind, "with"), group = !strcmp(s->kind, "group");
  bool anew = group || !strcmp(s->kind, "select");
  names below = above;
  if (anew) below.count = 0;
  for (int i = 0; i < 4 && with && s->made[i]; i++) take_out(&below, s->made[i]);
  for (int i = 0; i < 4 && s->item[i]; i++)
    if (!s->made[i] || has(&above, s->made[i])) add_reads(&below, db, s->item[i]);
  for (int i = 0; i < 4 && group && s->key[i]; i++) add(&below, s->key[i]);
  return below;
}
