// 8.3, hard: a sort that compares nothing.
//
// radix_sort sorts n rows by their words, the least first, and rows of equal words keep their
// order. A pass looks at one byte of the words, the lowest first: it counts how often each of
// its 256 values occurs, sums the counts up to places, and puts each row where its byte says,
// one after the other. After the pass over the highest byte all is sorted.
//
// A byte that is the same in all words needs no pass: of years there is one to make, of eight.
// Returns how many passes were made. spare has room for n rows; the result is in row.

typedef struct sort_row {
  uint64_t word;
  uint32_t number;
} sort_row;

static int radix_sort(sort_row *row, sort_row *spare, size_t n) {
  (void)row, (void)spare, (void)n;   // yours
  return 0;
}
