#include "binding.h"
#include "memory.h"

/* x as a matrix: (N, ...) is N rows, a 1-D x is one row. Contiguous where it has more than two axes. */
struct rows {
    npy_intp n, cols, row_stride, col_stride;
};

static int
rows_of(call *c, int i, struct rows *r)
{
    PyArrayObject *x = c->in[i];
    const int ndim = PyArray_NDIM(x);
    const npy_intp size = (npy_intp)c->k->itemsize;
    if (ndim > 2 && !PyArray_IS_C_CONTIGUOUS(x)) {
        PyArrayObject *copy = (PyArrayObject *)PyArray_NewCopy(x, NPY_CORDER);
        if (copy == NULL) {
            return -1;
        }
        c->in[i] = copy;
        Py_DECREF(x);
        x = copy;
    }
    r->n = ndim == 1 ? 1 : PyArray_DIM(x, 0);
    r->cols = 1;
    for (int d = ndim == 1 ? 0 : 1; d < ndim; d++) {
        r->cols *= PyArray_DIM(x, d);
    }
    r->row_stride = ndim == 2 ? PyArray_STRIDE(x, 0) / size : r->cols;
    r->col_stride = ndim <= 2 ? PyArray_STRIDE(x, ndim - 1) / size : 1;
    return 0;
}

/* The shapes of x and W, and x as a matrix. -1 with an exception set. */
static int
check_affine(call *c, struct rows *x)
{
    char text[SHAPE_TEXT];
    PyArrayObject *W = c->in[1];
    if (PyArray_NDIM(W) != 2) {
        PyErr_Format(PyExc_ValueError, "%s: W has shape %s; it must have two axes, (inputs, outputs)", c->func,
                     shape_text(W, text));
        return -1;
    }
    if (PyArray_NDIM(c->in[0]) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: x is a scalar; it must be (N, %zd)", c->func, (Py_ssize_t)PyArray_DIM(W, 0));
        return -1;
    }
    if (rows_of(c, 0, x) < 0) {
        return -1;
    }
    if (x->cols != PyArray_DIM(W, 0)) {
        PyErr_Format(PyExc_ValueError, "%s: x has %zd columns but W has %zd rows (W is %zdx%zd); x must be (N, %zd)", c->func,
                     (Py_ssize_t)x->cols, (Py_ssize_t)PyArray_DIM(W, 0), (Py_ssize_t)PyArray_DIM(W, 0),
                     (Py_ssize_t)PyArray_DIM(W, 1), (Py_ssize_t)PyArray_DIM(W, 0));
        return -1;
    }
    return 0;
}

/* out = x W + b; b may be None */
PyObject *
py_affine_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Affine.forward", *const names[] = {"x", "W", "b"};
    call c;
    struct rows x;
    PyArrayObject *out = NULL;
    if (check_count(func, nargs, 3) < 0) {
        return NULL;
    }
    const int inputs = args[2] == Py_None ? 2 : 3;
    if (call_begin(&c, func, inputs, args, names, STRIDED(0) | STRIDED(1)) < 0) {
        return NULL;
    }
    if (check_affine(&c, &x) < 0) {
        goto done;
    }
    PyArrayObject *W = c.in[1], *b = inputs == 3 ? c.in[2] : NULL;
    const npy_intp size = (npy_intp)c.k->itemsize, dims[] = {x.n, PyArray_DIM(W, 1)};
    if (b != NULL && (PyArray_NDIM(b) != 1 || PyArray_DIM(b, 0) != dims[1])) {
        char text[SHAPE_TEXT];
        PyErr_Format(PyExc_ValueError, "%s: b has shape %s but W has %zd columns; b must be (%zd,)", func,
                     shape_text(b, text), (Py_ssize_t)dims[1], (Py_ssize_t)dims[1]);
        goto done;
    }
    out = PyArray_NDIM(c.in[0]) == 1 ? call_output(&c, 1, dims + 1) : call_output(&c, 2, dims);
    if (out == NULL) {
        goto done;
    }
    struct gemm_args g = {.c = PyArray_DATA(out), .c_rs = dims[1], .bias = b == NULL ? NULL : PyArray_DATA(b)};
    set_a(&g, INPUT(&c, 0), x.n, x.cols, x.row_stride, x.col_stride);
    set_b(&g, INPUT(&c, 1), dims[1], PyArray_STRIDE(W, 0) / size, PyArray_STRIDE(W, 1) / size);
    run_gemm(&c, &g);
done:
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}

/* dx = dout W^T (if anyone needs it), dW = x^T dout, db = the sum of dout's rows */
PyObject *
py_affine_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Affine.backward", *const names[] = {"x", "W", "dout"};
    call c;
    struct rows x, d;
    PyArrayObject *dx = NULL, *dW = NULL, *db = NULL;
    if (check_count(func, nargs, 4) < 0) {
        return NULL;
    }
    const int needs_dx = PyObject_IsTrue(args[3]);
    if (needs_dx < 0 || call_begin(&c, func, 3, args, names, STRIDED(0) | STRIDED(1)) < 0) {
        return NULL;
    }
    if (check_affine(&c, &x) < 0) {
        goto fail;
    }
    PyArrayObject *W = c.in[1], *dout = c.in[2];
    const npy_intp size = (npy_intp)c.k->itemsize, M = PyArray_DIM(W, 1);
    const int ndim = PyArray_NDIM(dout);
    if (ndim == 0 || rows_of(&c, 2, &d) < 0 || ndim != (PyArray_NDIM(c.in[0]) == 1 ? 1 : 2) || d.n != x.n || d.cols != M) {
        char text[SHAPE_TEXT];
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_ValueError, "%s: dout has shape %s but x has %zd rows and W has %zd columns; dout must have "
                         "the shape of forward's result", func, shape_text(dout, text), (Py_ssize_t)x.n, (Py_ssize_t)M);
        }
        goto fail;
    }
    dW = call_output(&c, 2, PyArray_DIMS(W));
    db = call_output(&c, 1, &M);
    dx = needs_dx ? call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0])) : NULL;
    if (dW == NULL || db == NULL || (needs_dx && dx == NULL)) {
        goto fail;
    }
    if (needs_dx) {
        struct gemm_args g = {.c = PyArray_DATA(dx), .c_rs = x.cols};
        set_a(&g, INPUT(&c, 2), d.n, M, M, 1);
        set_b(&g, INPUT(&c, 1), x.cols, PyArray_STRIDE(W, 1) / size, PyArray_STRIDE(W, 0) / size);
        run_gemm(&c, &g);
    }
    struct gemm_args g = {.c = PyArray_DATA(dW), .c_rs = M};
    set_a(&g, INPUT(&c, 0), x.cols, x.n, x.col_stride, x.row_stride);
    set_b(&g, INPUT(&c, 2), M, M, 1);
    run_gemm(&c, &g);
    struct column_sum_args sum = {.rows = d.n, .cols = M, .x = INPUT(&c, 2), .out = PyArray_DATA(db)};
    run(c.k->column_sum, &sum, M, d.n);
    call_end(&c);
    PyObject *results[] = {needs_dx ? call_result(&c, dx) : Py_NewRef(Py_None), call_result(&c, dW), call_result(&c, db)};
    return pack_results(3, results);

fail:
    Py_XDECREF(dx);
    Py_XDECREF(dW);
    Py_XDECREF(db);
    call_end(&c);
    return NULL;
}

/* out = max(0, x), or slope x where x <= 0, and mask = x <= 0 */
static PyObject *
rectify(const char *func, int leaky, double slope, PyObject *const *args)
{
    static const char *const names[] = {"x"};
    call c;
    if (call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *x = c.in[0];
    PyArrayObject *out = call_output(&c, PyArray_NDIM(x), PyArray_DIMS(x));
    PyArrayObject *mask = allocate_array(PyArray_NDIM(x), PyArray_DIMS(x), NPY_BOOL);
    if (out != NULL && mask != NULL) {
        struct relu_args r = {.x = PyArray_DATA(x), .mask = PyArray_DATA(mask), .out = PyArray_DATA(out), .slope = slope};
        run(leaky ? c.k->leaky_relu_forward : c.k->relu_forward, &r, PyArray_SIZE(x), 1);
    }
    call_end(&c);
    PyObject *results[] = {out == NULL ? NULL : call_result(&c, out), mask == NULL ? NULL : PyArray_Return(mask)};
    return pack_results(2, results);
}

/* dx = 0, or slope dout, where mask, else dout */
static PyObject *
rectify_backward(const char *func, int leaky, double slope, PyObject *const *args)
{
    static const char *const names[] = {"dout"};
    call c;
    PyArrayObject *dx = NULL;
    if (call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *dout = c.in[0], *mask = mask_of(func, args[1]);
    if (mask != NULL && check_same_shape(func, "dout", dout, "mask", mask) == 0) {
        dx = call_output(&c, PyArray_NDIM(dout), PyArray_DIMS(dout));
    }
    if (dx != NULL) {
        struct relu_args r = {.x = PyArray_DATA(dout), .mask = PyArray_DATA(mask), .out = PyArray_DATA(dx), .slope = slope};
        run(leaky ? c.k->leaky_relu_backward : c.k->relu_backward, &r, PyArray_SIZE(dout), 1);
    }
    Py_XDECREF(mask);
    call_end(&c);
    return dx == NULL ? NULL : call_result(&c, dx);
}

PyObject *
py_relu_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Relu.forward";
    return check_count(func, nargs, 1) < 0 ? NULL : rectify(func, 0, 0, args);
}

PyObject *
py_relu_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Relu.backward";
    return check_count(func, nargs, 2) < 0 ? NULL : rectify_backward(func, 0, 0, args);
}

/* (x, slope) */
PyObject *
py_leaky_relu_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "LeakyRelu.forward";
    double slope;
    return check_count(func, nargs, 2) < 0 || number_of(func, "slope", args[1], &slope) < 0 ? NULL
           : rectify(func, 1, slope, args);
}

/* (dout, mask, slope) */
PyObject *
py_leaky_relu_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "LeakyRelu.backward";
    double slope;
    return check_count(func, nargs, 3) < 0 || number_of(func, "slope", args[2], &slope) < 0 ? NULL
           : rectify_backward(func, 1, slope, args);
}

/* dx from dout and from what forward returned */
static PyObject *
activation_backward(const char *func, enum elementwise activation, PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"dout", "out"};
    call c;
    PyArrayObject *dx = NULL;
    if (check_count(func, nargs, 2) < 0 || call_begin(&c, func, 2, args, names, 0) < 0) {
        return NULL;
    }
    if (check_same_shape(func, "dout", c.in[0], "out", c.in[1]) == 0) {
        dx = call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
    }
    if (dx != NULL) {
        struct activation_backward_args s = {.dout = INPUT(&c, 0), .y = INPUT(&c, 1), .dx = PyArray_DATA(dx)};
        run(c.k->activation_backward[activation], &s, PyArray_SIZE(dx), 1);
    }
    call_end(&c);
    return dx == NULL ? NULL : call_result(&c, dx);
}

PyObject *
py_sigmoid_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return activation_backward("Sigmoid.backward", SIGMOID, args, nargs);
}

PyObject *
py_tanh_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return activation_backward("Tanh.backward", TANH, args, nargs);
}
