// 2.1: Kleene's logic. One function does and and or: they differ in the value that decides.

static dfq_value kleene_not(dfq_value a) {
  if (a.type != DFQ_NULL) a.as.i = !a.as.i;
  return a;
}

static dfq_value decided_by(int64_t absorbing, dfq_value a, dfq_value b) {
  if (a.type != DFQ_NULL && a.as.i == absorbing) return a;
  if (b.type != DFQ_NULL && b.as.i == absorbing) return b;
  return a.type == DFQ_NULL ? a : b;
}

static dfq_value kleene_and(dfq_value a, dfq_value b) { return decided_by(0, a, b); }
static dfq_value kleene_or(dfq_value a, dfq_value b) { return decided_by(1, a, b); }
