// Mutant 5.1: an optimizer that sends a condition on right columns below a left join. Write a
// program that ends with 0 when the engine in dfq.h is right, and with something else when it
// is not. As it stands, it is content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
