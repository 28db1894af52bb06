/* The methods of pynn._core: one py_* function per operation, each in the file of its theme. */
#ifndef PYNN_BINDING_H
#define PYNN_BINDING_H

#include "arrays.h"

typedef PyObject *py_method(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* module.c */
py_method py_build_info;

/* matmul.c */
py_method py_matmul;

/* The operands of a product, strides in elements; set_a comes first. */
void set_a(struct gemm_args *g, const void *data, npy_intp rows, npy_intp cols, npy_intp row_stride, npy_intp col_stride);
void set_b(struct gemm_args *g, const void *data, npy_intp cols, npy_intp row_stride, npy_intp col_stride);

/* The product, without the GIL where it is worth that. */
void run_gemm(const call *c, const struct gemm_args *g);

/* layers.c */
py_method py_affine_forward, py_affine_backward;

/* gradient.c */
py_method py_numerical_gradient;

#endif
