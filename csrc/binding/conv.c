/* Convolution. */
#include "binding.h"

#include "../kernels/parallel.h"
#include "../kernels/scratch.h"

/* x and W as they must be for each other, and the windows. -1 with an exception set. */
static int
check_conv(const call *c, PyObject *stride, PyObject *pad, struct conv_args *s)
{
    char text[SHAPE_TEXT];
    PyArrayObject *x = c->in[0], *W = c->in[1];
    if (PyArray_NDIM(W) != 4) {
        PyErr_Format(PyExc_ValueError, "%s: W has shape %s; it must be (filters, channels, height, width)", c->func,
                     shape_text(W, text));
        return -1;
    }
    if (check_images(c->func, "x", x) < 0) {
        return -1;
    }
    const npy_intp channels = PyArray_DIM(W, 1);
    if (PyArray_DIM(x, 1) != channels) {
        const int last = PyArray_DIM(x, 3) == channels;
        PyErr_Format(PyExc_ValueError, "%s: x has %zd channels but W has %zd (x is %s); x must be (N, %zd, height, width)%s",
                     c->func, (Py_ssize_t)PyArray_DIM(x, 1), (Py_ssize_t)channels, shape_text(x, text), (Py_ssize_t)channels,
                     last ? "; its channels seem to come last, use x.transpose(0, 3, 1, 2)" : "");
        return -1;
    }
    s->win.fh = PyArray_DIM(W, 2);
    s->win.fw = PyArray_DIM(W, 3);
    s->fn = PyArray_DIM(W, 0);
    s->x = INPUT(c, 0);
    s->W = INPUT(c, 1);
    return windows_of(c->func, PyArray_DIMS(x), "W has filters of", stride, pad, &s->win);
}

/* One array for all the working memory: the filters, the sums of the groups, a slot for each thread. */
static PyArrayObject *
lend_memory(const call *c, struct conv_args *s, struct workspace *w, int backward)
{
    const npy_intp size = (npy_intp)c->k->itemsize, line = 64 / size;
    const npy_intp slot = ((backward ? s->backward_size : s->forward_size) + line - 1) / line * line;
    const npy_intp packed = (s->packed_size + line - 1) / line * line, sums = backward ? s->groups * s->partial_size : 0;
    const npy_intp threads = parallel_num_threads(), chunks = backward ? s->groups : s->win.n;
    w->slots = (int)(threads < chunks ? threads : chunks > 0 ? chunks : 1);
    w->slot_bytes = (size_t)(slot * size);
    npy_intp total = line + packed + w->slots * slot + sums;
    PyArrayObject *memory = call_output(c, 1, &total);
    if (memory != NULL) {
        const uintptr_t aligned = ((uintptr_t)PyArray_DATA(memory) + 63) & ~(uintptr_t)63;
        s->packed = (void *)aligned;
        w->base = (unsigned char *)aligned + packed * size;
        s->partial = w->base + (npy_intp)w->slots * slot * size;
        s->workspace = w;
    }
    return memory;
}

/* The work for one image, in elements of simple work. */
static npy_intp
cost_of(const struct conv_args *s)
{
    return s->win.oh * s->win.ow * s->fn * s->win.c * s->win.fh * s->win.fw / 8;
}

/* The bias of every filter: an array, or one number for all. A new reference. */
static PyArrayObject *
bias_of(const call *c, PyObject *b, npy_intp filters)
{
    char text[SHAPE_TEXT];
    if (c->n == 3) {
        if (PyArray_NDIM(c->in[2]) != 1 || PyArray_DIM(c->in[2], 0) != filters) {
            PyErr_Format(PyExc_ValueError, "%s: b has shape %s but W has %zd filters; b must be (%zd,) or a number", c->func,
                         shape_text(c->in[2], text), (Py_ssize_t)filters, (Py_ssize_t)filters);
            return NULL;
        }
        return (PyArrayObject *)Py_NewRef((PyObject *)c->in[2]);
    }
    PyArrayObject *bias = call_output(c, 1, &filters);
    if (bias != NULL && PyArray_FillWithScalar(bias, b) < 0) {
        Py_CLEAR(bias);
    }
    return bias;
}

/* Whether b is a number, which has no dtype to promote the others with. */
static int
is_number(PyObject *b)
{
    return PyLong_Check(b) || PyFloat_Check(b) || PyArray_IsScalar(b, Generic)
           || (PyArray_Check(b) && PyArray_NDIM((PyArrayObject *)b) == 0);
}

/* out = x correlated with W, plus b */
PyObject *
py_conv_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Convolution.forward", *const names[] = {"x", "W", "b"};
    call c;
    struct conv_args s = {.fn = 0};
    struct workspace w = {.slots = 0};
    PyArrayObject *out = NULL, *bias = NULL, *memory = NULL;
    if (check_count(func, nargs, 5) < 0 || call_begin(&c, func, is_number(args[2]) ? 2 : 3, args, names, 0) < 0) {
        return NULL;
    }
    if (check_conv(&c, args[3], args[4], &s) < 0) {
        goto done;
    }
    bias = bias_of(&c, args[2], s.fn);
    c.k->conv_plan(&s);
    memory = bias == NULL ? NULL : lend_memory(&c, &s, &w, 0);
    const npy_intp dims[] = {s.win.n, s.fn, s.win.oh, s.win.ow};
    out = memory == NULL ? NULL : call_output(&c, 4, dims);
    if (out == NULL) {
        goto done;
    }
    s.b = PyArray_DATA(bias);
    s.out = PyArray_DATA(out);
    c.k->conv_pack(&s, 0);
    run(c.k->conv_forward, &s, s.win.n, cost_of(&s));
done:
    Py_XDECREF(bias);
    Py_XDECREF(memory);
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}

/* dx (if anyone needs it), dW and db */
PyObject *
py_conv_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Convolution.backward", *const names[] = {"x", "W", "dout"};
    call c;
    struct conv_args s = {.fn = 0};
    struct workspace w = {.slots = 0};
    PyArrayObject *dx = NULL, *dW = NULL, *db = NULL, *memory = NULL;
    if (check_count(func, nargs, 6) < 0) {
        return NULL;
    }
    const int needs_dx = PyObject_IsTrue(args[5]);
    if (needs_dx < 0 || call_begin(&c, func, 3, args, names, 0) < 0) {
        return NULL;
    }
    if (check_conv(&c, args[3], args[4], &s) < 0) {
        goto fail;
    }
    const npy_intp dims[] = {s.win.n, s.fn, s.win.oh, s.win.ow};
    if (PyArray_NDIM(c.in[2]) != 4 || !PyArray_CompareLists(PyArray_DIMS(c.in[2]), dims, 4)) {
        char text[SHAPE_TEXT];
        PyErr_Format(PyExc_ValueError, "%s: dout has shape %s but forward gives (%zd, %zd, %zd, %zd); they must be equal", func,
                     shape_text(c.in[2], text), (Py_ssize_t)dims[0], (Py_ssize_t)dims[1], (Py_ssize_t)dims[2],
                     (Py_ssize_t)dims[3]);
        goto fail;
    }
    s.dout = INPUT(&c, 2);
    c.k->conv_plan(&s);
    memory = lend_memory(&c, &s, &w, 1);
    dW = call_output(&c, 4, PyArray_DIMS(c.in[1]));
    db = call_output(&c, 1, &s.fn);
    dx = needs_dx ? call_output(&c, 4, PyArray_DIMS(c.in[0])) : NULL;
    if (memory == NULL || dW == NULL || db == NULL || (needs_dx && dx == NULL)) {
        goto fail;
    }
    s.dW = PyArray_DATA(dW);
    s.db = PyArray_DATA(db);
    s.dx = needs_dx ? PyArray_DATA(dx) : NULL;
    if (needs_dx) {
        c.k->conv_pack(&s, 1);
    }
    run(c.k->conv_backward, &s, s.groups, cost_of(&s) * (s.win.n / s.groups + 1));
    run(c.k->conv_sum, &s, s.win.c * s.win.fh * s.win.fw, s.fn * s.groups);
    Py_DECREF(memory);
    call_end(&c);
    PyObject *results[] = {needs_dx ? call_result(&c, dx) : Py_NewRef(Py_None), call_result(&c, dW), call_result(&c, db)};
    return pack_results(3, results);

fail:
    Py_XDECREF(dx);
    Py_XDECREF(dW);
    Py_XDECREF(db);
    Py_XDECREF(memory);
    call_end(&c);
    return NULL;
}
