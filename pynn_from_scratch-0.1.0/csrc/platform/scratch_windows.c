/* Windows gives every thread of the process its copy of a library's thread-local variables when it starts, wanted or not. So
 * there, scratch is taken when a thread first asks, and given back when it ends. */
#if defined(_WIN32)
#include "../kernels/scratch.h"

#include <stdlib.h>
#include <windows.h>

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static DWORD slot;

static void WINAPI
release(void *scratch)
{
    if (scratch != NULL) {
        VirtualFree(scratch, 0, MEM_RELEASE);
    }
}

static BOOL WINAPI
take_slot(INIT_ONCE *self, void *arg, void **context)
{
    (void)self, (void)arg, (void)context;
    slot = FlsAlloc(release);
    return slot != FLS_OUT_OF_INDEXES;
}

/* Without memory for it the process ends here, as it does where the dynamic linker finds none. */
static void *
take_scratch(void)
{
    void *scratch = VirtualAlloc(NULL, SCRATCH_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (scratch == NULL || !FlsSetValue(slot, scratch)) {
        abort();
    }
    return scratch;
}

void *
thread_scratch(void)
{
    static _Thread_local void *mine;

    if (mine == NULL) {
        if (!InitOnceExecuteOnce(&once, take_slot, NULL, NULL)) {
            abort();
        }
        mine = take_scratch();
    }
    return mine;
}

#endif
