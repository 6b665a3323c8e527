// 1.2, medium: take_while(keep), the rows up to the first that keep refuses.
//
// filter passes a refused row over and goes on; take_while ends there. The rows after it must
// not be read: the source may be endless. Write the struct, its next, and the constructor, as
// dfq__filter_rows does.

static dfq_rows *take_while(dfq_rows *in, bool (*keep)(void *user, const dfq_value *row),
                            void *user) {
  (void)keep;
  (void)user;
  return in;            // yours
}
