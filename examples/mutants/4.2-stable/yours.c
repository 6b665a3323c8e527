// Mutant 4.2: a sort that turns equal rows round, sometimes. All rows are there, and the keys
// are in order; and most queries get what they should. Write a program that ends with 0 when
// the engine in dfq.h is right, and with something else when it is not. As it stands, it is
// content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
