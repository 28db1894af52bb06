/* How many processors there are for this process. */
#ifndef PYNN_PROCESSORS_H
#define PYNN_PROCESSORS_H

/* Those it may run on, or fewer where a container's quota allows fewer; 1 when the system does not say. */
int count_processors(void);

#endif
