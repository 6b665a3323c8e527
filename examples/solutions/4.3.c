// 4.3: the chapter's table numbers the keys, states stand in an array by number. A sum has two
// halves of which neither can overflow before 2^31 rows.

typedef struct group_state { int64_t high, low, count; } group_state;

typedef struct group_rows {
  dfq_rows head;
  dfq__hash_table table;
  group_state *state;   // by the key's number
  size_t room, at;
  dfq_value out[2];
} group_rows;

static bool group_add(group_rows *g, const dfq_value *row) {
  bool null = row[0].type == DFQ_NULL;
  uint64_t key[2] = { null ? 0 : (uint64_t)row[0].as.i, null };
  uint32_t number;
  if (!dfq__find_or_add(&g->table, key, 1, &number)) return false;
  if (number >= g->room) {
    size_t room = 2 * g->room + 16;
    group_state *more = (group_state *)realloc(g->state, room * sizeof *more);
    if (!more) return false;
    memset(more + g->room, 0, (room - g->room) * sizeof *more);
    g->state = more;
    g->room = room;
  }
  if (row[1].type == DFQ_NULL) return true;
  g->state[number].high += row[1].as.i >> 32;
  g->state[number].low += row[1].as.i & 0xffffffff;
  g->state[number].count++;
  return true;
}

static bool group_open(dfq_rows *r) {
  group_rows *g = (group_rows *)r;
  const dfq_value *row;
  if (!dfq__table_init(&g->table, r->db->heap, r->db->seed, 2)) return false;
  while (dfq_rows_next(r->in, &row))
    if (!group_add(g, row)) return false;
  return !dfq_rows_failed(r->in);
}

static int group_next(dfq_rows *r, const dfq_value **row) {
  group_rows *g = (group_rows *)r;
  if (g->at == g->table.count) return 0;
  const uint64_t *key = dfq__table_key(&g->table, g->at);
  const group_state *s = &g->state[g->at++];
  int64_t high = s->high + (s->low >> 32);
  if (high < INT32_MIN || high > INT32_MAX) return -1;
  memset(g->out, 0, sizeof g->out);
  g->out[0].type = key[1] ? DFQ_NULL : DFQ_I64;
  g->out[0].as.i = (int64_t)key[0];
  g->out[1].type = s->count ? DFQ_I64 : DFQ_NULL;
  g->out[1].as.i = high * ((int64_t)1 << 32) + (s->low & 0xffffffff);
  *row = g->out;
  return 1;
}

static void group_close(dfq_rows *r) {
  group_rows *g = (group_rows *)r;
  dfq__table_close(&g->table);
  free(g->state);
}

static const dfq__rows_class group_class = { "group", group_open, group_next, group_close };

static dfq_rows *group_sum(dfq_rows *in) {
  return in ? dfq__rows_new(in->db, sizeof(group_rows), &group_class, in, 2) : NULL;
}
