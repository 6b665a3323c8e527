// Mutant 7.1: groups come out thread after thread, not in the order of their first rows. What
// is printed depends on who took which morsel. Write a program that ends with 0 when the engine
// in dfq.h is right, and with something else when it is not. As it stands, it is content with
// everything. An observer (dfq_run_options.observe) can make a thread wait.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
