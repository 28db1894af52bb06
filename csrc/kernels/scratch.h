/* Working memory of the kernels: a fixed piece per thread, so that no kernel has to allocate. */
#ifndef PYNN_SCRATCH_H
#define PYNN_SCRATCH_H

#include "isa.h"

#define SCRATCH_BYTES (B_BLOCK_BYTES + A_BLOCK_BYTES)

/* SCRATCH_BYTES of 64-byte aligned memory that belongs to the calling thread; its contents last until the next kernel. */
void *thread_scratch(void);

#endif
