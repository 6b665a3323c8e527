// Mutant 1.2: a take that asks first and counts then. It gives the right rows, and reads one
// row too many: of an endless source, of a slow one. Write a program that ends with 0 when
// the engine in dfq.h is right, and with something else when it is not. As it stands, it is
// content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
