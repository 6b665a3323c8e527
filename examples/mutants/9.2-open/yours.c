// Mutant 9.2: a result that fails half way leaves its file open. The query fails, as it should,
// the part is removed, and a program that goes on like this runs out of files in the end. Write
// a program that ends with 0 when the engine in dfq.h is right, and with something else when it
// is not. As it stands, it is content with everything. dfq_io_default() gives the library's own
// functions for files, to be called by yours.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
