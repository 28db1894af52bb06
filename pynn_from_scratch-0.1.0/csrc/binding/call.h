/* One operation from its arguments to its result. */
#ifndef PYNN_CALL_H
#define PYNN_CALL_H

#include "arrays.h"

#include "../kernels/kernels.h"

#define MAX_INPUTS 5
#define MAX_OUTPUTS 5
#define MAX_KEPT 4

/* The inputs brought to one dtype: float32 where all of them are float32 or float16, else float64; and the outputs. All belong
 * to the call, and call_finish hands over or releases them. */
typedef struct {
    const char *func;               /* as its user knows it: "Affine.forward" */
    const struct kernels *k;        /* the kernels of that dtype */
    int typenum;                    /* NPY_FLOAT or NPY_DOUBLE */
    int half;                       /* all inputs are float16: so will be what is returned */
    int n, n_out, n_kept;
    PyArrayObject *in[MAX_INPUTS];  /* aligned, in native byte order, C-contiguous unless asked for strided */
    PyObject *out[MAX_OUTPUTS];     /* arrays or None, in the order of the result */
    PyArrayObject *kept[MAX_KEPT];  /* whatever else has to live as long */
} call;

#define STRIDED(i) (1u << (i))      /* input i keeps its strides */

/* Reads n inputs; names[i] is what messages call args[i]. -1 with an exception set, and nothing to release. */
int call_begin(call *c, const char *func, int n, PyObject *const *args, const char *const *names, unsigned strided);

/* The numbers of input i. */
#define INPUT(c, i) ((const void *)PyArray_DATA((c)->in[i]))

/* Makes input i C-contiguous. -1 with an exception set. */
int make_contiguous(call *c, int i);

/* The memory of a new array, which is the next output: of the dtype of the inputs, like input i, of a given dtype; or one
 * number. NULL with an exception set. */
void *new_output(call *c, int ndim, const npy_intp *dims);
void *new_output_like(call *c, int i);
void *new_output_of(call *c, int typenum, int ndim, const npy_intp *dims);
void new_number(call *c, double value);

/* Makes an array, or None, the next output. Steals it. -1 where it is NULL. */
int add_output(call *c, void *array);
void add_none(call *c);

/* Keeps an array until the end of the call; its memory. Steals it. NULL where it is NULL. */
void *keep(call *c, PyArrayObject *array);

/* Working memory for n numbers. NULL with an exception set. */
void *working_memory(call *c, npy_intp n);

/* The result: the output, a scalar if it is 0-d, or the tuple of several; rounded to float16 where the inputs were. NULL if an
 * exception is set. Releases all that the call holds. */
PyObject *call_finish(call *c);

/* Runs a kernel over [0, n), each step worth `cost` elements: without the GIL and over the pool where that pays. Does nothing
 * if an exception is set, and may set one: KeyboardInterrupt. */
void run(range_kernel *kernel, void *args, npy_intp n, npy_intp cost);

/* The operands of a product, strides in elements; set_a comes first. */
void set_a(struct gemm_args *g, const void *data, npy_intp rows, npy_intp cols, npy_intp row_stride, npy_intp col_stride);
void set_b(struct gemm_args *g, const void *data, npy_intp cols, npy_intp row_stride, npy_intp col_stride);

/* The product, likewise; one that is too small to release the GIL for. */
#define SMALL_PRODUCT 8192
void run_gemm(const struct kernels *k, const struct gemm_args *g);

/* What run and run_gemm do around a kernel. Signals get through meanwhile: parallel_interrupted() tells. */
void release_gil(void);
void take_gil(void);

/* Once, at import: lets signals through while kernels run. */
void call_init(void);

#endif
