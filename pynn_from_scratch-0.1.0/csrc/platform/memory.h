/* Memory on boundaries of its own choice, from the system. */
#ifndef PYNN_SYSTEM_MEMORY_H
#define PYNN_SYSTEM_MEMORY_H

#include <stddef.h>

/* `size` bytes, a multiple of `alignment`, a power of two; NULL where there are none. Large blocks come in large pages where
 * the system has such: one page fault in place of 512. */
void *aligned_take(size_t alignment, size_t size);
void aligned_give_back(void *memory);

#endif
