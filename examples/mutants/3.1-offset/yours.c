// Mutant 3.1: a limit whose offset is forgotten at the end of a batch: what was not passed over
// in the first one is not passed over at all. Write a program that ends with 0 when the engine
// in dfq.h is right, and with something else when it is not. As it stands, it is content with
// everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
