// Mutant 3.2: a filter whose error comes too early: the rows of the batch that stand in front
// of the row that fails are lost. Write a program that ends with 0 when the engine in dfq.h is
// right, and with something else when it is not. As it stands, it is content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
