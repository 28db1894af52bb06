#include "scratch.h"

/* The dynamic linker hands a thread its copy the first time it asks, so threads that never call a kernel pay nothing. */
static _Thread_local _Alignas(64) unsigned char scratch[SCRATCH_BYTES];

void *
thread_scratch(void)
{
    return scratch;
}
