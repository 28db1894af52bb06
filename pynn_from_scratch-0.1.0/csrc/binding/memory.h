/* Arrays whose memory is aligned for vectors and used again. */
#ifndef PYNN_MEMORY_H
#define PYNN_MEMORY_H

#include "arrays.h"

/* A new C-contiguous array of numbers for a function, uninitialised, on 64-byte boundaries. NULL with an exception set. Its memory comes from the buffers that
 * earlier results have given back, so a large result does not cost a page fault for every page in every call. */
PyArrayObject *allocate_array(const char *func, int ndim, const npy_intp *dims, int typenum);

/* A new array like those, of the numbers of x in any dtype. NULL with an exception set. */
PyArrayObject *copy_array(const char *func, PyArrayObject *x, int typenum);

/* Once, at import. -1 with an exception set. */
int memory_init(void);

#endif
