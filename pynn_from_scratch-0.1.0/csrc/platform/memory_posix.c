/* Aligned memory: C11's own, with large pages asked for on Linux as NumPy asks for them. */
#if !defined(_WIN32)
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#define LARGE ((size_t)4 << 20)

static void
advise(void *memory, size_t size)
{
#if defined(MADV_HUGEPAGE)
    const uintptr_t page = 4096, begin = ((uintptr_t)memory + page - 1) / page * page;

    if (size >= LARGE) {
        madvise((void *)begin, ((uintptr_t)memory + size - begin) / page * page, MADV_HUGEPAGE);   /* a wish: may fail */
    }
#else
    (void)memory, (void)size;
#endif
}

void *
aligned_take(size_t alignment, size_t size)
{
    void *memory = aligned_alloc(alignment, size);

    if (memory != NULL) {
        advise(memory, size);
    }
    return memory;
}

void
aligned_give_back(void *memory)
{
    free(memory);
}

#endif
