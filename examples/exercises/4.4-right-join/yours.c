// 4.4, medium: a right join of other verbs.
//
// An engine whose joins hold the right side in memory streams the left side by, and has no rows
// to give for right rows that met nobody. Make a right join of what it has: inner, anti, select
// and union (dfq_join, dfq_select, dfq_union). The result has to be that of dfq_join with
// DFQ_RIGHT to the bit:
//
//   - the pairs first, in the order of the left rows; then the right rows that met nobody, in
//     the right's order, with nulls for the left columns
//   - the key, which has the same name on both sides, is one column: never null for a row that
//     has one on the right side
//   - the columns of the left side, then those of the right side but the key
//
// Beside the key no name stands on both sides. The columns of a frame are in dfq_schema_of; a
// null of a type is written cast(null as i64), and the name of a type is dfq_type_name.

static dfq_frame *right_join(dfq_frame *left, dfq_frame *right, const char *key) {
  return dfq_join(left, right, key, DFQ_INNER);   // yours: right rows that met nobody are lost
}
