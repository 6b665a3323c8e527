// Mutant 7.2: a file is cut at line ends for several threads, and nobody looks afterwards
// whether the pieces meet. Where a line end stands within quotes, halves of texts become rows.
// Write a program that ends with 0 when the engine in dfq.h is right, and with something else
// when it is not. As it stands, it is content with everything. A piece has batch_rows * 512
// bytes (dfq_run_options), so small batches make small pieces.
#define DFQ_IMPLEMENTATION
#include "dfq.h"

int main(void) { return 0; }
