/* Affine and the activations as layers. */
#include "binding.h"

/* An input as a matrix: (N, ...) is N rows, 1-D is one row. */
struct matrix {
    npy_intp rows, cols, row_stride, col_stride;
};

/* Input i as a matrix; made contiguous where it has more than two axes. -1 with an exception set. */
static int
as_matrix(call *c, int i, struct matrix *m)
{
    const int ndim = PyArray_NDIM(c->in[i]);
    const npy_intp size = (npy_intp)c->k->itemsize;
    if (ndim > 2 && make_contiguous(c, i) < 0) {
        return -1;
    }
    PyArrayObject *x = c->in[i];
    m->rows = ndim <= 1 ? 1 : PyArray_DIM(x, 0);
    m->cols = 1;
    for (int d = ndim == 1 ? 0 : 1; d < ndim; d++) {
        m->cols *= PyArray_DIM(x, d);
    }
    m->row_stride = ndim == 2 ? PyArray_STRIDE(x, 0) / size : m->cols;
    m->col_stride = ndim == 1 || ndim == 2 ? PyArray_STRIDE(x, ndim - 1) / size : 1;
    return 0;
}

/* W, and x as a matrix that fits it. -1 with an exception set. */
static int
check_affine(call *c, struct matrix *x, struct matrix *W)
{
    char text[SHAPE_TEXT];
    if (PyArray_NDIM(c->in[1]) != 2) {
        PyErr_Format(PyExc_ValueError, "%s: W has shape %s; it must have two axes, (inputs, outputs)", c->func,
                     shape_text(c->in[1], text));
        return -1;
    }
    if (as_matrix(c, 1, W) < 0 || as_matrix(c, 0, x) < 0) {
        return -1;
    }
    if (PyArray_NDIM(c->in[0]) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: x is a scalar; it must be (N, %zd)", c->func, W->rows);
        return -1;
    }
    if (x->cols != W->rows) {
        PyErr_Format(PyExc_ValueError, "%s: x has %zd columns but W has %zd rows (W is %zdx%zd); x must be (N, %zd) (section 5.6.2)", c->func,
                     x->cols, W->rows, W->rows, W->cols, W->rows);
        return -1;
    }
    return 0;
}

static void
affine_forward(call *c)
{
    char text[SHAPE_TEXT];
    struct matrix x, W;
    PyArrayObject *b = c->n == 3 ? c->in[2] : NULL;
    if (check_affine(c, &x, &W) < 0) {
        return;
    }
    if (b != NULL && (PyArray_NDIM(b) != 1 || PyArray_DIM(b, 0) != W.cols)) {
        PyErr_Format(PyExc_ValueError, "%s: b has shape %s but W has %zd columns; b must be (%zd,) (section 5.6.2)", c->func,
                     shape_text(b, text), W.cols, W.cols);
        return;
    }
    const npy_intp dims[] = {x.rows, W.cols};
    const int one = PyArray_NDIM(c->in[0]) == 1;
    struct gemm_args g = {.c = new_output(c, one ? 1 : 2, dims + one), .c_rs = W.cols, .bias = b == NULL ? NULL : PyArray_DATA(b)};
    set_a(&g, INPUT(c, 0), x.rows, x.cols, x.row_stride, x.col_stride);
    set_b(&g, INPUT(c, 1), W.cols, W.row_stride, W.col_stride);
    run_gemm(c->k, &g);
}

/* out = x W + b; b may be None */
PyObject *
py_affine_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Affine.forward", *const names[] = {"x", "W", "b"};
    call c;
    if (check_count(func, nargs, 3) < 0
        || call_begin(&c, func, args[2] == Py_None ? 2 : 3, args, names, STRIDED(0) | STRIDED(1)) < 0) {
        return NULL;
    }
    affine_forward(&c);
    return call_finish(&c);
}

static void
affine_backward(call *c, int needs_dx)
{
    char text[SHAPE_TEXT];
    struct matrix x, W, d;
    if (check_affine(c, &x, &W) < 0 || as_matrix(c, 2, &d) < 0) {
        return;
    }
    if (PyArray_NDIM(c->in[2]) != (PyArray_NDIM(c->in[0]) == 1 ? 1 : 2) || d.rows != x.rows || d.cols != W.cols) {
        PyErr_Format(PyExc_ValueError, "%s: dout has shape %s but x has %zd rows and W has %zd columns; dout must have "
                     "the shape of forward's result", c->func, shape_text(c->in[2], text), x.rows, W.cols);
        return;
    }
    if (needs_dx) {
        struct gemm_args g = {.c = new_output_like(c, 0), .c_rs = x.cols};
        set_a(&g, INPUT(c, 2), d.rows, d.cols, d.row_stride, d.col_stride);
        set_b(&g, INPUT(c, 1), W.rows, W.col_stride, W.row_stride);
        run_gemm(c->k, &g);
    }
    else {
        add_none(c);
    }
    struct gemm_args g = {.c = new_output_like(c, 1), .c_rs = W.cols};
    set_a(&g, INPUT(c, 0), x.cols, x.rows, x.col_stride, x.row_stride);
    set_b(&g, INPUT(c, 2), W.cols, d.row_stride, d.col_stride);
    run_gemm(c->k, &g);
    struct column_sum_args sum = {.rows = d.rows, .cols = d.cols, .x = INPUT(c, 2), .out = new_output(c, 1, &W.cols)};
    run(c->k->column_sum, &sum, d.cols, d.rows);
}

/* (x, W, dout, needs_dx): dx = dout W^T or None, dW = x^T dout, db = the sum of dout's rows */
PyObject *
py_affine_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Affine.backward", *const names[] = {"x", "W", "dout"};
    call c;
    if (check_count(func, nargs, 4) < 0) {
        return NULL;
    }
    const int needs_dx = flag_from(func, "needs_dx", args[3]);
    if (needs_dx < 0 || call_begin(&c, func, 3, args, names, STRIDED(0) | STRIDED(1)) < 0) {
        return NULL;
    }
    affine_backward(&c, needs_dx);
    return call_finish(&c);
}

/* (x): out = max(0, x), or slope x where x <= 0, and mask = x <= 0 */
static PyObject *
rectify(const char *func, int leaky, double slope, PyObject *const *args)
{
    static const char *const names[] = {"x"};
    call c;
    if (call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    struct relu_args r = {.x = INPUT(&c, 0), .out = new_output_like(&c, 0), .slope = slope};
    r.mask = new_output_of(&c, NPY_BOOL, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
    run(leaky ? c.k->leaky_relu_forward : c.k->relu_forward, &r, PyArray_SIZE(c.in[0]), 1);
    return call_finish(&c);
}

/* (dout, mask): dx = 0, or slope dout, where mask, else dout */
static PyObject *
rectify_backward(const char *func, int leaky, double slope, PyObject *const *args)
{
    static const char *const names[] = {"dout"};
    call c;
    PyArrayObject *mask = mask_from(func, args[1]);
    if (mask == NULL || call_begin(&c, func, 1, args, names, 0) < 0) {
        Py_XDECREF(mask);
        return NULL;
    }
    struct relu_args r = {.x = INPUT(&c, 0), .mask = keep(&c, mask), .slope = slope};
    if (check_same_shape(func, "dout", c.in[0], "mask", mask) == 0) {
        r.out = new_output_like(&c, 0);
        run(leaky ? c.k->leaky_relu_backward : c.k->relu_backward, &r, PyArray_SIZE(c.in[0]), 1);
    }
    return call_finish(&c);
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
    return check_count(func, nargs, 2) < 0 || number_from(func, "slope", args[1], &slope) < 0 ? NULL
           : rectify(func, 1, slope, args);
}

/* (dout, mask, slope) */
PyObject *
py_leaky_relu_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "LeakyRelu.backward";
    double slope;
    return check_count(func, nargs, 3) < 0 || number_from(func, "slope", args[2], &slope) < 0 ? NULL
           : rectify_backward(func, 1, slope, args);
}

/* (dout, out): dx, from what forward returned */
static PyObject *
activation_backward(const char *func, enum elementwise activation, PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"dout", "out"};
    call c;
    if (check_count(func, nargs, 2) < 0 || call_begin(&c, func, 2, args, names, 0) < 0) {
        return NULL;
    }
    if (check_same_shape(func, "dout", c.in[0], "out", c.in[1]) == 0) {
        struct activation_backward_args s = {.dout = INPUT(&c, 0), .y = INPUT(&c, 1), .dx = new_output_like(&c, 0)};
        run(c.k->activation_backward[activation], &s, PyArray_SIZE(c.in[0]), 1);
    }
    return call_finish(&c);
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
