/* The numerical gradient of a multi-layer perceptron, in three files: its arguments, the derivatives of one layer, and the walk
 * over the layers. */
#ifndef PYNN_NETWORK_GRADIENT_H
#define PYNN_NETWORK_GRADIENT_H

#include "binding.h"

#define MAX_LAYERS 64

/* Samples on their way through the layers l = 1, 2, ...: z_l = a_{l-1} W_l + b_l and a_l = f(z_l). a_0 is x, the last z
 * are the logits and the last a their softmax. */
struct rows {
    double *z[MAX_LAYERS + 1], *a[MAX_LAYERS + 1], *losses;
};

/* All in double precision, whatever the dtype of the network. */
struct mlp {
    const struct kernels *k;
    enum elementwise f;
    int layers;
    npy_intp samples, size[MAX_LAYERS + 1];     /* columns of a_l */
    const double *W[MAX_LAYERS + 1], *b[MAX_LAYERS + 1];
    PyArrayObject *dW[MAX_LAYERS + 1], *db[MAX_LAYERS + 1];
    const npy_intp *labels;     /* one of these two */
    const double *t;
    struct rows all;            /* every sample as it is */
    PyObject *given;            /* a tuple of the arguments as arrays: params, then x and t */
    PyObject *held;             /* a list of all other arrays: they live as long */
};

/* network_arguments.c */

/* The arguments of numerical_gradient, in its order, checked and in double precision; and memory for what is computed of them,
 * zeros. -1 with an exception set. */
int read_network(struct mlp *m, PyObject *const *args);

/* Zeros that live as long as m->held, or NULL with an exception set. */
void *hold_zeros(struct mlp *m, npy_intp rows, npy_intp cols);

/* Memory for n rows of z_l and a_l and of all that follows. -1 with an exception set. */
int hold_rows(struct mlp *m, struct rows *rows, int l, npy_intp n);

/* network_differences.c */

/* Everything of some rows, from a_{l-1} on: their logits and losses at the end. */
void forward_rows(const struct mlp *m, int l, npy_intp n, const struct rows *rows, const npy_intp *labels, const double *t);

/* dW and db of layer l, from m->all: of the last layer or the one before it; of one with more behind it. -1 with an exception
 * set. */
int differentiate_by_series(struct mlp *m, int l);
int differentiate_by_rows(struct mlp *m, int l);

#endif
