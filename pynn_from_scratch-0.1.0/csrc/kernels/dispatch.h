/* Which instruction set runs: the best that this processor has and the build contains, or what PYNN_CPU asks for. */
#ifndef PYNN_DISPATCH_H
#define PYNN_DISPATCH_H

#include "kernels.h"

/* Chooses at import, and again whenever somebody asks. `name` is a set or NULL for the best; 0, or -1 where that set is unknown or not available here. */
int dispatch_init(const char *name);

/* The table in use: kernels_in_use(0) for float32, kernels_in_use(1) for float64. */
const struct kernels *kernels_in_use(int is_double);

/* The name of the i-th instruction set in the build, best first; NULL after the last. */
const char *dispatch_built(int i);

/* Whether this processor can run it. */
int dispatch_available(const char *name);

#endif
