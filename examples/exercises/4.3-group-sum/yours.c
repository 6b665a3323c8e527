// 4.3, hard: group by the first column, sum of the second, as an iterator of chapter 1.
//
// Both columns are i64 or null. A row of the result is a key and its sum: groups in the order
// in which their keys were first seen, all null keys one group. Nulls are not added; the sum of
// nothing but nulls is null.
//
// Sums are exact. What counts is whether the whole sum fits i64, not whether each step on the
// way did: 9223372036854775807, 1 and -1 have a sum. A group whose sum does not fit makes next
// return -1; groups before it come out.
//
// There may be as many groups as rows. The input is read to its end by the first next.
// You have the chapter's table: dfq__table_init, dfq__find_or_add, dfq__table_key and
// dfq__table_close of >>hash-table, with db->heap and db->seed. Its keys are rows of words.

typedef struct group_rows {
  dfq_rows head;
} group_rows;

static bool group_open(dfq_rows *r) {
  (void)r;              // yours
  return true;
}

static int group_next(dfq_rows *r, const dfq_value **row) {
  (void)row;            // yours
  (void)r;
  return 0;
}

static void group_close(dfq_rows *r) {
  (void)r;              // yours
}

static const dfq__rows_class group_class = { "group", group_open, group_next, group_close };

static dfq_rows *group_sum(dfq_rows *in) {
  return in ? dfq__rows_new(in->db, sizeof(group_rows), &group_class, in, 2) : NULL;
}
