// Mutant 2.2: a parser in which "not" binds as tightly as a minus sign: not a = b is (not a)
// = b. Write a program that ends with 0 when the engine in dfq.h is right, and with something
// else when it is not. As it stands, it is content with everything.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
