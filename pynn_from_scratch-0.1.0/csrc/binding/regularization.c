/* Batch normalization and dropout. */
#include "binding.h"

static const char *const forward_names[] = {"x", "gamma", "beta", "running_mean", "running_var"};

/* x as rows of one sample each, or as images if gamma has a value for each channel; every input from the first on has a
 * value for each column or channel. -1 with an exception set. */
static int
check_columns(const call *c, const char *const *names, int gamma, int first, struct batchnorm_args *s)
{
    char text[SHAPE_TEXT];
    PyArrayObject *x = c->in[0];
    if (PyArray_NDIM(x) < 2) {
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, D) or (N, channels, height, width)", c->func, names[0],
                     shape_text(x, text));
        return -1;
    }
    s->rows = PyArray_DIM(x, 0);
    s->cols = PyArray_MultiplyList(PyArray_DIMS(x) + 1, PyArray_NDIM(x) - 1);
    s->pixels = 1;
    if (PyArray_NDIM(x) == 4 && PyArray_SIZE(c->in[gamma]) == PyArray_DIM(x, 1) && s->cols != PyArray_DIM(x, 1)) {
        s->pixels = PyArray_DIM(x, 2) * PyArray_DIM(x, 3);
        s->cols = PyArray_DIM(x, 1);
    }
    for (int i = first; i < c->n; i++) {
        if (PyArray_NDIM(c->in[i]) != 1 || PyArray_DIM(c->in[i], 0) != s->cols) {
            /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): there are c->n names */
            PyErr_Format(PyExc_ValueError, "%s: %s has shape %s but %s has %zd %s; it must be (%zd,)", c->func, names[i],
                         shape_text(c->in[i], text), names[0], (Py_ssize_t)s->cols,
                         s->pixels == 1 ? "values a sample" : "channels", (Py_ssize_t)s->cols);
            return -1;
        }
    }
    return 0;
}

/* The inputs of a forward pass as the kernels take them, x, gamma, beta and the running statistics. -1 with an exception set. */
static int
check_forward(const call *c, struct batchnorm_args *s)
{
    if (check_columns(c, forward_names, 1, 1, s) < 0) {
        return -1;
    }
    s->x = INPUT(c, 0);
    s->gamma = INPUT(c, 1);
    s->beta = INPUT(c, 2);
    s->running_mean = INPUT(c, 3);
    s->running_var = INPUT(c, 4);
    return 0;
}

/* (x, gamma, beta, running_mean, running_var, momentum): out, xc, std and the new running statistics */
PyObject *
py_batchnorm_train(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "BatchNormalization.forward";
    call c;
    struct batchnorm_args s = {.rows = 0};
    if (check_count(func, nargs, 6) < 0 || number_from(func, "momentum", args[5], &s.momentum) < 0
        || call_begin(&c, func, 5, args, forward_names, 0) < 0) {
        return NULL;
    }
    if (check_forward(&c, &s) < 0) {
        return call_finish(&c);
    }
    if (s.rows * s.pixels == 0) {
        PyErr_Format(PyExc_ValueError, "%s: x has no %s, and so no mean; pass at least one", func,
                     s.rows == 0 ? "samples" : "pixels");
        return call_finish(&c);
    }
    const npy_intp dims[] = {s.rows, s.cols};
    s.out = new_output_like(&c, 0);
    s.xc = s.pixels == 1 ? new_output(&c, 2, dims) : new_output_like(&c, 0);
    s.std = new_output(&c, 1, dims + 1);
    s.new_mean = new_output(&c, 1, dims + 1);
    s.new_var = new_output(&c, 1, dims + 1);
    run(s.pixels == 1 ? c.k->batchnorm_train : c.k->channelnorm_train, &s, s.cols, 4 * s.rows * s.pixels);
    return call_finish(&c);
}

/* (x, gamma, beta, running_mean, running_var): out */
PyObject *
py_batchnorm_test(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "BatchNormalization.forward";
    call c;
    struct batchnorm_args s = {.rows = 0};
    if (check_count(func, nargs, 5) < 0 || call_begin(&c, func, 5, args, forward_names, 0) < 0) {
        return NULL;
    }
    if (check_forward(&c, &s) == 0) {
        s.out = new_output_like(&c, 0);
        run(s.pixels == 1 ? c.k->batchnorm_test : c.k->channelnorm_test, &s, s.cols, 2 * s.rows * s.pixels);
    }
    return call_finish(&c);
}

/* (dout, xc, gamma, std): dx, dgamma, dbeta */
PyObject *
py_batchnorm_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "BatchNormalization.backward", *const names[] = {"dout", "xc", "gamma", "std"};
    call c;
    struct batchnorm_args s = {.rows = 0};
    char text[SHAPE_TEXT];
    if (check_count(func, nargs, 4) < 0 || call_begin(&c, func, 4, args, names, 0) < 0) {
        return NULL;
    }
    if (check_columns(&c, names, 2, 2, &s) < 0) {
        return call_finish(&c);
    }
    const npy_intp dims[] = {s.rows, s.cols};
    const int per_column = s.pixels == 1 && PyArray_NDIM(c.in[1]) == 2 && PyArray_CompareLists(PyArray_DIMS(c.in[1]), dims, 2);
    if (!per_column && !(s.pixels != 1 && PyArray_SAMESHAPE(c.in[1], c.in[0]))) {
        PyErr_Format(PyExc_ValueError, "%s: dout has shape %s but forward saw another one; call forward first", func,
                     shape_text(c.in[0], text));
        return call_finish(&c);
    }
    s.dout = INPUT(&c, 0);
    s.xc = (void *)INPUT(&c, 1);
    s.gamma = INPUT(&c, 2);
    s.std = (void *)INPUT(&c, 3);
    s.dx = new_output_like(&c, 0);
    s.dgamma = new_output(&c, 1, dims + 1);
    s.dbeta = new_output(&c, 1, dims + 1);
    run(per_column ? c.k->batchnorm_backward : c.k->channelnorm_backward, &s, s.cols, 4 * s.rows * s.pixels);
    return call_finish(&c);
}

/* (x, mask): x where mask is True, 0 x where it is False */
PyObject *
py_dropout(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Dropout", *const names[] = {"x"};
    call c;
    char text[SHAPE_TEXT], mask_text[SHAPE_TEXT];
    PyArrayObject *mask = check_count(func, nargs, 2) < 0 ? NULL : mask_from(func, args[1]);
    if (mask == NULL || call_begin(&c, func, 1, args, names, 0) < 0) {
        Py_XDECREF(mask);
        return NULL;
    }
    struct dropout_args s = {.x = INPUT(&c, 0), .mask = keep(&c, mask)};
    if (!PyArray_SAMESHAPE(mask, c.in[0])) {
        PyErr_Format(PyExc_ValueError, "%s: the array has shape %s but mask has %s; they must be equal", func,
                     shape_text(c.in[0], text), shape_text(mask, mask_text));
        return call_finish(&c);
    }
    s.out = new_output_like(&c, 0);
    run(c.k->dropout, &s, PyArray_SIZE(c.in[0]), 1);
    return call_finish(&c);
}
