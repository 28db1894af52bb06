/* Aligned memory of Windows, whose free() takes none. */
#if defined(_WIN32)
#include "memory.h"

#include <malloc.h>

void *
aligned_take(size_t alignment, size_t size)
{
    return _aligned_malloc(size, alignment);
}

void
aligned_give_back(void *memory)
{
    _aligned_free(memory);
}

#endif
