/* Working memory of the kernels: a fixed piece per thread, so that no kernel has to allocate. */
#ifndef PYNN_SCRATCH_H
#define PYNN_SCRATCH_H

#include "isa.h"
#include "parallel.h"

#include <stdbool.h>

#define SCRATCH_BYTES (B_BLOCK_BYTES + A_BLOCK_BYTES + L1_PANEL_BYTES)

/* SCRATCH_BYTES of 64-byte aligned memory that belongs to the calling thread; its contents last until the next kernel. */
void *thread_scratch(void);

/* Whether the calling thread has not been here with `job` yet, a number that no other job has: its scratch holds nothing
 * of that job then. */
bool is_new_to_thread(size_t job);

/* A number for a job. */
size_t new_job(void);

/* Memory that a caller lends to the chunks of one parallel_for: a slot for each thread that may be at work. */
struct workspace {
    unsigned char *base;
    size_t slot_bytes;
    int slots;                          /* at most PARALLEL_MAX_THREADS */
    _Atomic int taken[PARALLEL_MAX_THREADS];
};

/* A slot that nobody uses, and back. Waits where there are more threads than slots. */
void *workspace_take(struct workspace *w);
void workspace_give(struct workspace *w, void *slot);

#endif
