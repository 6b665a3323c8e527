// 2.1, easy: Kleene's not, and, or over values that may be null.
//
// A value of type DFQ_NULL is "unknown". not unknown is unknown. false and unknown is false,
// because whatever the unknown one is, it cannot help; true and unknown is unknown.
// The values are of type DFQ_BOOL, with 0 or 1 in as.i, or of type DFQ_NULL.

static dfq_value kleene_not(dfq_value a) {
  return a;             // yours
}

static dfq_value kleene_and(dfq_value a, dfq_value b) {
  (void)b;              // yours
  return a;
}

static dfq_value kleene_or(dfq_value a, dfq_value b) {
  (void)b;              // yours
  return a;
}
