// Mutant 8.1: a packed key's field that looks only at value - base + 1. A value that is one
// below the base becomes 0 there, and that is null. Write a program that ends with 0 when the
// engine in dfq.h is right, and with something else when it is not. As it stands, it is content
// with everything. The first batch sets the base, so small batches help.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
