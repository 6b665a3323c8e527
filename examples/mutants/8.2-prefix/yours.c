// Mutant 8.2: texts are sorted by a word of their first 8 bytes, then compared in full. Of the
// two places that have to know which way the sort goes, one forgets it. Write a program that
// ends with 0 when the engine in dfq.h is right, and with something else when it is not. As it
// stands, it is content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
