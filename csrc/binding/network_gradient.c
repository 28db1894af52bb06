/* The numerical gradient of a multi-layer perceptron: which kernel differentiates which layer. */
#include "network_gradient.h"
#include "memory.h"

#include "../kernels/dispatch.h"

#include <math.h>

/* Whether steps mean anything: infinity times a step is no small change. */
static int
is_finite(const struct mlp *m)
{
    double sum = m->k->sum(m->all.losses, m->samples) + m->k->sum(m->all.a[0], m->samples * m->size[0]);
    for (int l = 1; l <= m->layers; l++) {
        sum += m->k->sum(m->W[l], m->size[l - 1] * m->size[l]);
    }
    return isfinite(sum);
}

static void
fill_with_nan(struct mlp *m)
{
    for (int l = 1; l <= m->layers; l++) {
        PyArrayObject *const both[] = {m->dW[l], m->db[l]};
        for (int i = 0; i < 2; i++) {
            double *derivative = PyArray_DATA(both[i]);
            for (npy_intp e = 0; e < PyArray_SIZE(both[i]); e++) {
                derivative[e] = (double)NAN;
            }
        }
    }
}

/* The i-th derivative in the dtype of its parameter. */
static PyObject *
result_for(const struct mlp *m, int i)
{
    PyArrayObject *derivative = i % 2 == 0 ? m->dW[i / 2 + 1] : m->db[i / 2 + 1];
    const int typenum = type_of((PyArrayObject *)PyTuple_GetItem(m->given, i));
    return PyTypeNum_ISFLOAT(typenum) && typenum != NPY_DOUBLE
           ? (PyObject *)copy_array("numerical_gradient", derivative, typenum) : Py_NewRef(derivative);
}

/* The derivatives of all parameters, computed into dW and db. -1 with an exception set. */
static int
differentiate(struct mlp *m)
{
    forward_rows(m, 1, m->samples, &m->all, m->labels, m->t);
    if (!is_finite(m)) {
        fill_with_nan(m);
        return 0;
    }
    for (int l = 1; l <= m->layers; l++) {
        if ((l + 1 < m->layers ? differentiate_by_rows(m, l) : differentiate_by_series(m, l)) < 0) {
            return -1;
        }
    }
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *
results(const struct mlp *m)
{
    PyObject *result = PyTuple_New(2 * m->layers);
    for (int i = 0; result != NULL && i < 2 * m->layers; i++) {
        PyObject *derivative = result_for(m, i);
        if (derivative == NULL) {
            Py_CLEAR(result);
            break;
        }
        PyTuple_SetItem(result, i, derivative);
    }
    return result;
}

/* (x, t, params, activation): (L(w + h) - L(w - h)) / 2h for every element w of params = W1, b1, W2, b2, ... */
PyObject *
py_mlp_numerical_gradient(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    struct mlp m = {.k = kernels_in_use(1)};
    if (check_count("numerical_gradient", nargs, 4) < 0 || (m.held = PyList_New(0)) == NULL) {
        return NULL;
    }
    PyObject *result = read_network(&m, args) == 0 && differentiate(&m) == 0 ? results(&m) : NULL;
    Py_DECREF(m.held);
    Py_XDECREF(m.given);
    return result;
}
