/* How many processors there are for this process, who runs where, and what they can do. */
#ifndef PYNN_PROCESSORS_H
#define PYNN_PROCESSORS_H

#include "threads.h"

/* Those it may run on, or fewer where a container's quota allows fewer; 1 when the system does not say. */
int count_processors(void);

/* Have a thread run on any processor that the calling thread may use, except the one that it uses now. Only Linux needs to be
 * told: other systems wake a thread on an idle processor. */
void keep_off(const struct thread *thread);

/* Whether the processor has these instructions and the system saves their registers. */
bool has_avx2_and_fma(void);
bool has_avx512(void);

#endif
