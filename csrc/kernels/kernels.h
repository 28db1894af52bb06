/* The contract of every kernel: what the bindings may call, and what a table must offer.
 *
 * There is one table per instruction set and dtype, filled by table.c (fast) and simple.c (the formula in plain
 * loops). Pointers are untyped because the table already knows its dtype. Unless a comment says otherwise arrays are
 * C-contiguous, strides count elements, and outputs do not overlap inputs.
 *
 * Kernels know nothing of Python, never fail and never allocate: their memory is the caller's or the thread's scratch.
 */
#ifndef PYNN_KERNELS_H
#define PYNN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Most kernels are serial code for elements (or rows) [begin, end) of their arguments. Whoever calls one decides
 * whether to split the range over threads: no kernel of this type starts any, and none depends on the split. */
typedef void range_kernel(void *args, ptrdiff_t begin, ptrdiff_t end);

/* C = epilogue(A B): A is m x k, B is k x n, C is m x n with contiguous columns.
 * A matrix is a pointer, a row stride and a column stride, so a transpose is two strides swapped. */
struct gemm_args {
    ptrdiff_t m, n, k;
    const void *a;
    ptrdiff_t a_rs, a_cs;
    const void *b;
    ptrdiff_t b_rs, b_cs;
    void *c;
    ptrdiff_t c_rs;
    const void *bias;           /* n values added to every row, or NULL */
    int relu;                   /* then max(0, c) */
};

struct kernels {
    const char *isa;
    size_t itemsize;

    /* C = A B + bias, then ReLU; spreads itself over the pool. */
    void (*gemm)(const struct gemm_args *args);

    /* out[j] = sum over rows of x[:, j]; the range is columns. struct column_sum_args */
    range_kernel *column_sum;
};

struct column_sum_args {
    ptrdiff_t rows, cols;
    const void *x;
    void *out;
};

#endif
