// Mutant 9.1: bytes that the budget refuses stay counted. The query that asked for too much
// fails, as it should, and so does everything after it. Write a program that ends with 0 when
// the engine in dfq.h is right, and with something else when it is not. As it stands, it is
// content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
