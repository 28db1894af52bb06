/* Convolution, alone or as a block with the ReLU and the 2x2 max-pooling after it. */
#include "binding.h"

#include "../kernels/parallel.h"
#include "../kernels/scratch.h"

/* Images (n, c, h, w) as a kernel reads them: whole and in order, or so with their channels last in memory, which *last
 * tells. Copies input i where it must. -1 with an exception set. */
static int
layout_of(call *c, int i, int *last)
{
    PyArrayObject *x = c->in[i];
    *last = 0;
    if (PyArray_IS_C_CONTIGUOUS(x) || PyArray_NDIM(x) != 4) {
        return 0;
    }
    npy_intp step = (npy_intp)c->k->itemsize;
    static const int order[] = {1, 3, 2, 0};
    *last = 1;
    for (int q = 0; q < 4; q++) {
        *last &= PyArray_DIM(x, order[q]) == 1 || PyArray_STRIDE(x, order[q]) == step;
        step *= PyArray_DIM(x, order[q]);
    }
    if (*last) {
        return 0;
    }
    PyArrayObject *copy = (PyArrayObject *)PyArray_NewCopy(x, NPY_CORDER);
    if (copy == NULL) {
        return -1;
    }
    c->in[i] = copy;
    Py_DECREF(x);
    return 0;
}

/* A new array for images of the given shape, with the channels last in memory if asked for. */
static PyArrayObject *
images_output(const call *c, const npy_intp dims[4], int last)
{
    if (!last) {
        return call_output(c, 4, dims);
    }
    const npy_intp lying[] = {dims[0], dims[2], dims[3], dims[1]};
    npy_intp axes[] = {0, 3, 1, 2};
    PyArray_Dims order = {axes, 4};
    PyArrayObject *base = call_output(c, 4, lying);
    PyArrayObject *out = base == NULL ? NULL : (PyArrayObject *)PyArray_Transpose(base, &order);
    Py_XDECREF(base);
    return out;
}

/* x and W as they must be for each other, and the windows. -1 with an exception set. */
static int
check_conv(call *c, PyObject *stride, PyObject *pad, struct conv_args *s)
{
    char text[SHAPE_TEXT];
    PyArrayObject *W = c->in[1];
    if (PyArray_NDIM(W) != 4) {
        PyErr_Format(PyExc_ValueError, "%s: W has shape %s; it must be (filters, channels, height, width)", c->func,
                     shape_text(W, text));
        return -1;
    }
    if (check_images(c->func, "x", c->in[0]) < 0 || layout_of(c, 0, &s->x_last) < 0) {
        return -1;
    }
    PyArrayObject *x = c->in[0];
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

/* One array for all the working memory: the filters, a slot for each thread, the sums of the groups. */
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

/* The shape of out, after pooling if there is any. */
static void
out_shape(const struct conv_args *s, npy_intp dims[4])
{
    const npy_intp step = s->after == RELU_AND_POOL ? 2 : 1;
    dims[0] = s->win.n;
    dims[1] = s->fn;
    dims[2] = s->win.oh / step;
    dims[3] = s->win.ow / step;
}

/* The bias of every filter: an array, or one number for all, or None for 0. A new reference. */
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
    double value = 0;
    if (b != Py_None && number_of(c->func, "b", b, &value) < 0) {
        return NULL;
    }
    PyArrayObject *bias = call_output(c, 1, &filters);
    for (npy_intp f = 0; bias != NULL && f < filters; f++) {
        if (c->typenum == NPY_FLOAT) {
            ((float *)PyArray_DATA(bias))[f] = (float)value;
        }
        else {
            ((double *)PyArray_DATA(bias))[f] = value;
        }
    }
    return bias;
}

/* Whether b is a number or None, which have no dtype to promote the others with. */
static int
is_number(PyObject *b)
{
    return b == Py_None || PyLong_Check(b) || PyFloat_Check(b) || PyArray_IsScalar(b, Generic)
           || (PyArray_Check(b) && PyArray_NDIM((PyArrayObject *)b) == 0);
}

/* args are x, W, b, stride, pad; *index, which may be NULL, becomes what pooling took. */
static PyObject *
forward(PyObject *const *args, enum after after, int out_last, PyArrayObject **index)
{
    static const char *const func = "Convolution.forward", *const names[] = {"x", "W", "b"};
    call c;
    npy_intp dims[4];
    struct conv_args s = {.after = after, .out_last = out_last};
    struct workspace w = {.slots = 0};
    PyArrayObject *out = NULL, *bias = NULL, *memory = NULL;
    if (call_begin(&c, func, is_number(args[2]) ? 2 : 3, args, names, STRIDED(0)) < 0) {
        return NULL;
    }
    if (check_conv(&c, args[3], args[4], &s) < 0) {
        goto done;
    }
    bias = bias_of(&c, args[2], s.fn);
    c.k->conv_plan(&s);
    memory = bias == NULL ? NULL : lend_memory(&c, &s, &w, 0);
    out_shape(&s, dims);
    if (memory != NULL && index != NULL) {
        npy_intp places[] = {dims[0], dims[2], dims[3], s.padded_fn};
        *index = (PyArrayObject *)PyArray_SimpleNew(4, places, NPY_UINT8);
        s.index = *index == NULL ? NULL : PyArray_DATA(*index);
    }
    out = PyErr_Occurred() ? NULL : images_output(&c, dims, out_last);
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

/* out = x correlated with W, plus b: (x, W, b, stride, pad) */
PyObject *
py_conv_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("Convolution.forward", nargs, 5) < 0 ? NULL : forward(args, NOTHING, 0, NULL);
}

/* (x, W, b, stride, pad, pool, channels_last): out after ReLU, and pooling if asked for, and what pooling took or None */
PyObject *
py_conv_block_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("conv_block_forward", nargs, 7) < 0) {
        return NULL;
    }
    const int pool = PyObject_IsTrue(args[5]), last = PyObject_IsTrue(args[6]);
    if (pool < 0 || last < 0) {
        return NULL;
    }
    PyArrayObject *index = NULL;
    PyObject *out = forward(args, pool ? RELU_AND_POOL : RELU_AFTER, last, pool ? &index : NULL);
    PyObject *results[] = {out, out != NULL && index == NULL ? Py_NewRef(Py_None) : (PyObject *)index};
    return pack_results(2, results);
}

/* args are x, W, dout and, for a block, out; index is what pooling took, or None. */
static PyObject *
backward(PyObject *const *args, int n_arrays, PyObject *index, PyObject *stride, PyObject *pad, PyObject *wants_dx)
{
    static const char *const func = "Convolution.backward", *const names[] = {"x", "W", "dout", "out"};
    call c;
    npy_intp dims[4];
    struct conv_args s = {.after = n_arrays == 3 ? NOTHING : index == Py_None ? RELU_AFTER : RELU_AND_POOL};
    struct workspace w = {.slots = 0};
    PyArrayObject *dx = NULL, *dW = NULL, *db = NULL, *memory = NULL;
    const int needs_dx = PyObject_IsTrue(wants_dx);
    if (needs_dx < 0 || call_begin(&c, func, n_arrays, args, names, STRIDED(0) | STRIDED(2) | STRIDED(3)) < 0) {
        return NULL;
    }
    if (check_conv(&c, stride, pad, &s) < 0) {
        goto fail;
    }
    out_shape(&s, dims);
    for (int i = 2; i < n_arrays; i++) {
        if (PyArray_NDIM(c.in[i]) != 4 || !PyArray_CompareLists(PyArray_DIMS(c.in[i]), dims, 4)) {
            char text[SHAPE_TEXT];
            PyErr_Format(PyExc_ValueError, "%s: %s has shape %s but forward gives (%zd, %zd, %zd, %zd); they must be equal",
                         func, names[i], shape_text(c.in[i], text), dims[0], dims[1], dims[2], dims[3]);
            goto fail;
        }
        if (layout_of(&c, i, i == 2 ? &s.dout_last : &s.out_last) < 0) {
            goto fail;
        }
    }
    dW = call_output(&c, 4, PyArray_DIMS(c.in[1]));
    db = call_output(&c, 1, &s.fn);
    dx = needs_dx ? images_output(&c, PyArray_DIMS(c.in[0]), s.x_last) : NULL;
    if (dW == NULL || db == NULL || (needs_dx && dx == NULL)) {
        goto fail;
    }
    s.dout = INPUT(&c, 2);
    s.out = n_arrays > 3 ? PyArray_DATA(c.in[3]) : NULL;
    s.dW = PyArray_DATA(dW);
    s.db = PyArray_DATA(db);
    s.dx = needs_dx ? PyArray_DATA(dx) : NULL;
    c.k->conv_plan(&s);
    if (s.after == RELU_AND_POOL) {
        const npy_intp places[] = {dims[0], dims[2], dims[3], s.padded_fn};
        PyArrayObject *taken = (PyArrayObject *)index;
        if (!PyArray_Check(taken) || PyArray_TYPE(taken) != NPY_UINT8 || !PyArray_ISCARRAY_RO(taken)
            || PyArray_NDIM(taken) != 4 || !PyArray_CompareLists(PyArray_DIMS(taken), places, 4)) {
            PyErr_Format(PyExc_ValueError, "%s: what pooling took does not fit dout; call forward first", func);
            goto fail;
        }
        s.index = PyArray_DATA(taken);
    }
    memory = lend_memory(&c, &s, &w, 1);
    if (memory == NULL) {
        goto fail;
    }
    if (needs_dx) {
        c.k->conv_pack(&s, 1);
    }
    run(c.k->conv_backward, &s, s.groups, cost_of(&s) * (s.win.n / s.groups + 1));
    run(c.k->conv_sum, &s, s.partial_size / SUM_PIECE, SUM_PIECE * s.groups);
    c.k->conv_unpack(&s);
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

/* (x, W, dout, stride, pad, needs_dx): dx or None, dW, db */
PyObject *
py_conv_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("Convolution.backward", nargs, 6) < 0 ? NULL
           : backward(args, 3, Py_None, args[3], args[4], args[5]);
}

/* (x, W, dout, out, index, stride, pad, needs_dx): the same for a block, dout being the gradient of its result */
PyObject *
py_conv_block_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("Convolution.backward", nargs, 8) < 0 ? NULL
           : backward(args, 4, args[4], args[5], args[6], args[7]);
}
