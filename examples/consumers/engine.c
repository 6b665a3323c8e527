// The one file of the program with the implementation: it is compiled once, not at each change
// of the others.
#define DFQ_IMPLEMENTATION
#include <dfq.h>
