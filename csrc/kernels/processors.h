/* How many processors there are for this process, and who runs where. */
#ifndef PYNN_PROCESSORS_H
#define PYNN_PROCESSORS_H

#include <pthread.h>

/* Those it may run on, or fewer where a container's quota allows fewer; 1 when the system does not say. */
int count_processors(void);

/* Have a thread run on any processor that the calling thread may use, except the one that it uses now. */
void keep_off(pthread_t thread);

#endif
