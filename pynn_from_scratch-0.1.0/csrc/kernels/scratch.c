#include "scratch.h"

#include <stdatomic.h>

#if !defined(_WIN32)             /* platform/scratch_windows.c */
/* The dynamic linker hands a thread its copy the first time it asks, so threads that never call a kernel pay nothing. */
static _Thread_local _Alignas(64) unsigned char scratch[SCRATCH_BYTES];

void *
thread_scratch(void)
{
    return scratch;
}
#endif

static _Thread_local size_t latest_job;
static atomic_size_t jobs;

bool
is_new_to_thread(size_t job)
{
    const bool is_new = latest_job != job;
    latest_job = job;
    return is_new;
}

size_t
new_job(void)
{
    return atomic_fetch_add_explicit(&jobs, 1, memory_order_relaxed) + 1;
}

void *
workspace_take(struct workspace *w)
{
    for (int i = 0;; i = (i + 1) % w->slots) {
        if (!atomic_exchange_explicit(&w->taken[i], 1, memory_order_acquire)) {
            return w->base + (size_t)i * w->slot_bytes;
        }
    }
}

void
workspace_give(struct workspace *w, void *slot)
{
    const size_t i = (size_t)((unsigned char *)slot - w->base) / (w->slot_bytes > 0 ? w->slot_bytes : 1);
    atomic_store_explicit(&w->taken[i], 0, memory_order_release);
}
