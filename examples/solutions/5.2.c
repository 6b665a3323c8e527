// 5.2: the tables of >>push-join and >>outer-to-inner.

static bool makes_up(int side, dfq_join_type type) {
  return type == DFQ_FULL || type == (side ? DFQ_LEFT : DFQ_RIGHT);
}

static bool may_push(int side, dfq_join_type type) { return !makes_up(side, type); }

static dfq_join_type becomes(int side, dfq_join_type type) {
  if (!makes_up(side, type)) return type;
  if (type != DFQ_FULL) return DFQ_INNER;
  return side ? DFQ_RIGHT : DFQ_LEFT;
}
