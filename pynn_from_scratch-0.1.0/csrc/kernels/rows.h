/* Rows of an array by their numbers: a batch out of a data set. The same for every instruction set and dtype. */
#ifndef PYNN_ROWS_H
#define PYNN_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct rows_at {
    const unsigned char *x;
    ptrdiff_t row_bytes;
    const int64_t *index;
    unsigned char *out;
};

/* Row index[i] of x becomes row i of out; the range is i. struct rows_at */
void take_rows(void *args, ptrdiff_t begin, ptrdiff_t end);

#endif
