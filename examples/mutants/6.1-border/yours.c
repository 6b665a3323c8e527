// Mutant 6.1: a reader of CSV that forgets, when it has used up its buffer and fills it again,
// that it stood within quotes. Write a program that ends with 0 when the engine in dfq.h is
// right, and with something else when it is not. As it stands, it is content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
