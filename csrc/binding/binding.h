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

/* functions.c */
py_method py_identity_function, py_step_function, py_sigmoid, py_sigmoid_forward, py_sigmoid_grad, py_relu;
py_method py_relu_grad, py_tanh, py_tanh_forward, py_add, py_multiply;

/* losses.c */
py_method py_softmax, py_mean_squared_error, py_cross_entropy_error, py_softmax_loss, py_entropy, py_cross_entropy;
py_method py_softmax_with_loss, py_softmax_with_loss_backward, py_identity_with_loss, py_identity_with_loss_backward;

/* What a loss compares its rows with: labels, or a value for every class. One of them is NULL. */
struct targets {
    PyArrayObject *labels, *t;
};

/* The targets for x (N, C), or (C,) for one row, as the book tells them apart: as many elements as x are one-hot or
 * soft, otherwise labels. They take the dtype of x. -1 with an exception set, and nothing to release. */
int targets_of(const call *c, const char *name, PyObject *t, struct rows_args *r, npy_intp *rows, struct targets *out);

/* layers.c */
py_method py_affine_forward, py_affine_backward, py_relu_forward, py_relu_backward, py_leaky_relu_forward;
py_method py_leaky_relu_backward, py_sigmoid_backward, py_tanh_backward;

/* optimizers.c */
py_method py_sgd, py_momentum, py_nesterov, py_adagrad, py_rmsprop, py_adam, py_adamw;

/* gradient.c */
py_method py_numerical_gradient;

/* network_gradient.c */
py_method py_mlp_numerical_gradient;

/* threads.c */
py_method py_get_num_threads, py_set_num_threads;

/* tour.c */
py_method py_use_kernels, py_kernels, py_tour, py_tour_peak;

/* conv.c */
py_method py_conv_forward, py_conv_backward, py_conv_block_forward, py_conv_block_backward;

/* windows.c */
py_method py_pool_forward, py_pool_backward, py_average_forward, py_average_backward, py_im2col, py_col2im;

/* Whether x is (n, c, h, w). -1 with an exception set. */
int check_images(const char *func, const char *name, PyArrayObject *x);

/* Windows of w->fh x w->fw pixels over images of shape dims; `windows` is how a message begins to tell their size:
 * "W has filters of". -1 with an exception set. */
int windows_of(const char *func, const npy_intp dims[4], const char *windows, PyObject *stride, PyObject *pad,
               struct windows *w);

/* regularization.c */
py_method py_batchnorm_train, py_batchnorm_test, py_batchnorm_backward, py_dropout;

#endif
