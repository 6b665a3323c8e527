// found.c - what comparing random plans has found, each as a small test; and the checks that
// keep the suites which draw, break and overload things as wide as the library is.

// Runs a pipeline over two small columns, a: i32 and b: i16; the message of its error, or "".
static const char *found_error(dfq *db, const char *stages) {
  static char text[600];
  snprintf(text, sizeof text, "scan '%s' types (a: i32, b: i16) | %s",
           test_file("found.csv", "a,b\n1,2\n3,4\n"), stages);
  dfq_frame *f = dfq_query(db, text);
  if (!dfq_frame_error(f)) CHECK(dfq_check_equivalent(f, NULL));
  return dfq_frame_error(f) ? dfq_frame_error(f) : "";
}

// A column that stands in two value columns was cast for the first of them, and its bits were
// read as the type of the other: integers came out as the smallest of floats.
TEST(found_unpivot_one_column_two_types) {
  dfq *db = dfq_open(NULL);
  const char *two = "select cast(a as f64) as x, a, b, cast(b as i64) as i | unpivot %s";
  char text[300];
  static const char *const wrong[] = {
    "(i, x), (b, x), (a, a) values to v, w", "(a, a), (i, x) values to v, w",
    "(x, a), (a, b) values to v, w", "(i, b), (b, x) values to v, w"
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    snprintf(text, sizeof text, two, wrong[i]);
    CHECK_HAS(found_error(db, text), "and as another type; make a column of each with cast");
  }
  CHECK_STR(found_error(db, "unpivot (a, b), (a, b) values to v, w"), "");
  CHECK_STR(found_error(db, "with cast(a as f64) as x | unpivot (a, b), (x, b) values to v, w"
                            " | filter v > 0"), "");
  dfq_close(db);
}

static void run_found(void) {
  RUN(found_unpivot_one_column_two_types);
}
