// 4.4: a right join is an inner join, and behind it the right rows that met nobody.

static dfq_frame *right_join(dfq_frame *left, dfq_frame *right, const char *key) {
  char items[2000] = "";
  size_t n = 0;
  dfq_frame *sides[] = { left, right };
  for (int side = 0; side < 2; side++) {
    const dfq_schema *s = dfq_schema_of(sides[side]);
    for (int c = 0; c < s->count; c++) {
      const dfq_field *f = &s->field[c];
      bool is_key = strcmp(f->name, key) == 0;
      if (side == 1 && is_key) continue;
      const char *comma = n ? ", " : "";
      if (side == 1 || is_key)
        n += (size_t)snprintf(items + n, sizeof items - n, "%s%s", comma, f->name);
      else
        n += (size_t)snprintf(items + n, sizeof items - n, "%scast(null as %s) as %s", comma,
                              dfq_type_name(f->type), f->name);
    }
  }
  dfq_frame *lonely = dfq_select(dfq_join(right, left, key, DFQ_ANTI), items);
  return dfq_union(dfq_join(left, right, key, DFQ_INNER), lonely);
}
