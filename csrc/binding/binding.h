/* The methods of pynn._core: one py_* function per operation, each in the file of its theme. */
#ifndef PYNN_BINDING_H
#define PYNN_BINDING_H

#include "call.h"

typedef PyObject *py_method(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* module.c */
py_method py_build_info;

/* matmul.c */
py_method py_matmul;

/* functions.c */
py_method py_identity_function, py_step_function, py_sigmoid, py_sigmoid_forward, py_sigmoid_grad, py_relu;
py_method py_relu_grad, py_tanh, py_tanh_forward, py_add, py_multiply, py_as_array, py_widen;

/* losses.c */
py_method py_softmax, py_mean_squared_error, py_cross_entropy_error, py_softmax_loss, py_entropy, py_cross_entropy;
py_method py_softmax_with_loss, py_softmax_with_loss_backward, py_identity_with_loss, py_identity_with_loss_backward;

/* What a loss compares its rows with: labels, or a value for every class. One of them is NULL; the array holds it. */
struct targets {
    npy_intp rows, classes;
    const npy_intp *labels;
    const void *t;
    PyArrayObject *array;
};

/* The targets in t for x (N, C), or (C,) for one row, as the book tells them apart: as many elements as x are one-hot or
 * soft, otherwise labels. They take the dtype of x, which is float32 or float64. -1 with an exception set. */
int check_targets(const char *func, const char *name, PyArrayObject *x, PyArrayObject *t, struct targets *out);

/* layers.c */
py_method py_affine_forward, py_affine_backward, py_relu_forward, py_relu_backward, py_leaky_relu_forward;
py_method py_leaky_relu_backward, py_sigmoid_backward, py_tanh_backward;

/* optimizers.c */
py_method py_sgd, py_momentum, py_nesterov, py_adagrad, py_rmsprop, py_adam, py_adamw;

/* gradient.c */
py_method py_numerical_gradient;

/* network_gradient.c, beside which network_arguments.c and network_differences.c stand */
py_method py_mlp_numerical_gradient;

/* threads.c */
py_method py_get_num_threads, py_set_num_threads;

/* tour.c */
py_method py_use_kernels, py_kernels, py_tour, py_tour_peak;

/* rows.c */
py_method py_take_rows;

/* conv.c */
py_method py_conv_forward, py_conv_backward, py_conv_block_forward, py_conv_block_backward, py_set_winograd;

/* windows.c */
py_method py_pool_forward, py_pool_backward, py_average_forward, py_average_backward, py_im2col, py_col2im;

/* Whether x is (n, c, h, w). -1 with an exception set. */
int check_images(const char *func, const char *name, PyArrayObject *x);

/* How far windows are apart, and what is around the images. -1 with an exception set. */
int read_steps(const char *func, PyObject *stride, PyObject *pad, struct windows *w);

/* Windows of w->fh x w->fw pixels, with steps that were read, over images of shape dims; `windows` is how a message begins to
 * tell their size: "W has filters of". -1 with an exception set. */
int fit_windows(const char *func, const npy_intp dims[4], const char *windows, struct windows *w);

/* regularization.c */
py_method py_batchnorm_train, py_batchnorm_test, py_batchnorm_backward, py_dropout;

#endif
