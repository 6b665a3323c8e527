// Mutant 6.2: a writer that gives its file the name when the run has failed, too. Write a
// program that ends with 0 when the engine in dfq.h is right, and with something else when it
// is not. As it stands, it is content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
