/* Batch normalization and dropout. */
#include "binding.h"

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
            PyErr_Format(PyExc_ValueError, "%s: %s has shape %s but %s has %zd %s; it must be (%zd,)", c->func, names[i],
                         shape_text(c->in[i], text), names[0], (Py_ssize_t)s->cols,
                         s->pixels == 1 ? "values a sample" : "channels", (Py_ssize_t)s->cols);
            return -1;
        }
    }
    return 0;
}

/* A new array, or NULL; its memory in *data. */
static PyArrayObject *
new_array(const call *c, int ndim, const npy_intp *dims, void **data)
{
    PyArrayObject *array = call_output(c, ndim, dims);
    *data = array == NULL ? NULL : PyArray_DATA(array);
    return array;
}

/* A tuple of the results, which it takes over, unless one of them is missing or an exception is set. */
static PyObject *
finish(call *c, int n, PyArrayObject **out)
{
    PyObject *results[5];
    const int failed = PyErr_Occurred() != NULL;
    for (int i = 0; i < n; i++) {
        results[i] = failed || out[i] == NULL ? (Py_XDECREF(out[i]), NULL) : call_result(c, out[i]);
    }
    call_end(c);
    return pack_results(n, results);
}

/* (x, gamma, beta, running_mean, running_var, momentum): out, xc, std and the new running statistics */
PyObject *
py_batchnorm_train(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "BatchNormalization.forward";
    static const char *const names[] = {"x", "gamma", "beta", "running_mean", "running_var"};
    call c;
    struct batchnorm_args s = {.rows = 0};
    PyArrayObject *out[5] = {NULL};
    if (check_count(func, nargs, 6) < 0 || number_of(func, "momentum", args[5], &s.momentum) < 0
        || call_begin(&c, func, 5, args, names, 0) < 0) {
        return NULL;
    }
    if (check_columns(&c, names, 1, 1, &s) < 0) {
        goto done;
    }
    if (s.rows * s.pixels == 0) {
        PyErr_Format(PyExc_ValueError, "%s: x has no %s, and so no mean; pass at least one", func,
                     s.rows == 0 ? "samples" : "pixels");
        goto done;
    }
    const npy_intp dims[] = {s.rows, s.cols};
    out[0] = new_array(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]), &s.out);
    out[1] = s.pixels == 1 ? new_array(&c, 2, dims, &s.xc) : new_array(&c, 4, PyArray_DIMS(c.in[0]), &s.xc);
    out[2] = new_array(&c, 1, dims + 1, &s.std);
    out[3] = new_array(&c, 1, dims + 1, &s.new_mean);
    out[4] = new_array(&c, 1, dims + 1, &s.new_var);
    if (PyErr_Occurred()) {
        goto done;
    }
    s.x = INPUT(&c, 0);
    s.gamma = INPUT(&c, 1);
    s.beta = INPUT(&c, 2);
    s.running_mean = INPUT(&c, 3);
    s.running_var = INPUT(&c, 4);
    run(s.pixels == 1 ? c.k->batchnorm_train : c.k->channelnorm_train, &s, s.cols, 4 * s.rows * s.pixels);
done:
    return finish(&c, 5, out);
}

/* (x, gamma, beta, running_mean, running_var): out */
PyObject *
py_batchnorm_test(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "BatchNormalization.forward";
    static const char *const names[] = {"x", "gamma", "beta", "running_mean", "running_var"};
    call c;
    struct batchnorm_args s = {.rows = 0};
    PyArrayObject *out = NULL;
    if (check_count(func, nargs, 5) < 0 || call_begin(&c, func, 5, args, names, 0) < 0) {
        return NULL;
    }
    if (check_columns(&c, names, 1, 1, &s) == 0) {
        out = new_array(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]), &s.out);
    }
    if (out != NULL) {
        s.x = INPUT(&c, 0);
        s.gamma = INPUT(&c, 1);
        s.beta = INPUT(&c, 2);
        s.running_mean = INPUT(&c, 3);
        s.running_var = INPUT(&c, 4);
        run(s.pixels == 1 ? c.k->batchnorm_test : c.k->channelnorm_test, &s, s.cols, 2 * s.rows * s.pixels);
    }
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}

/* (dout, gamma, std, xc): dx, dgamma, dbeta */
PyObject *
py_batchnorm_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "BatchNormalization.backward";
    static const char *const names[] = {"dout", "xc", "gamma", "std"};
    call c;
    struct batchnorm_args s = {.rows = 0};
    char text[SHAPE_TEXT];
    PyArrayObject *out[3] = {NULL};
    if (check_count(func, nargs, 4) < 0 || call_begin(&c, func, 4, args, names, 0) < 0) {
        return NULL;
    }
    if (check_columns(&c, names, 2, 2, &s) < 0) {
        goto done;
    }
    const npy_intp dims[] = {s.rows, s.cols};
    const npy_intp *seen = s.pixels == 1 ? dims : PyArray_DIMS(c.in[0]);
    const int ndim = s.pixels == 1 ? 2 : 4;
    if (PyArray_NDIM(c.in[1]) != ndim || !PyArray_CompareLists(PyArray_DIMS(c.in[1]), seen, ndim)) {
        PyErr_Format(PyExc_ValueError, "%s: dout has shape %s but forward saw another one; call forward first", func,
                     shape_text(c.in[0], text));
        goto done;
    }
    out[0] = new_array(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]), &s.dx);
    out[1] = new_array(&c, 1, dims + 1, &s.dgamma);
    out[2] = new_array(&c, 1, dims + 1, &s.dbeta);
    if (PyErr_Occurred()) {
        goto done;
    }
    s.dout = INPUT(&c, 0);
    s.xc = (void *)INPUT(&c, 1);
    s.gamma = INPUT(&c, 2);
    s.std = (void *)INPUT(&c, 3);
    run(s.pixels == 1 ? c.k->batchnorm_backward : c.k->channelnorm_backward, &s, s.cols, 4 * s.rows * s.pixels);
done:
    return finish(&c, 3, out);
}

/* (x, mask): x where mask is True, 0 x where it is False */
PyObject *
py_dropout(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Dropout", *const names[] = {"x"};
    call c;
    char text[SHAPE_TEXT], mask_text[SHAPE_TEXT];
    PyArrayObject *out = NULL, *mask = NULL;
    if (check_count(func, nargs, 2) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *x = c.in[0], *given = (PyArrayObject *)args[1];
    if (!PyArray_Check(given) || PyArray_TYPE(given) != NPY_BOOL) {
        PyErr_Format(PyExc_TypeError, "%s: mask is no array of booleans; call forward first, with train_flg=True", func);
        goto done;
    }
    if (PyArray_NDIM(given) != PyArray_NDIM(x) || !PyArray_CompareLists(PyArray_DIMS(given), PyArray_DIMS(x), PyArray_NDIM(x))) {
        PyErr_Format(PyExc_ValueError, "%s: the array has shape %s but mask has %s; they must be equal", func,
                     shape_text(x, text), shape_text(given, mask_text));
        goto done;
    }
    mask = (PyArrayObject *)PyArray_FromArray(given, NULL, NPY_ARRAY_CARRAY_RO);
    out = mask == NULL ? NULL : call_output(&c, PyArray_NDIM(x), PyArray_DIMS(x));
    if (out != NULL) {
        struct dropout_args s = {.x = INPUT(&c, 0), .mask = PyArray_DATA(mask), .out = PyArray_DATA(out)};
        run(c.k->dropout, &s, PyArray_SIZE(x), 1);
    }
done:
    Py_XDECREF(mask);
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}
