/* Convolution, alone or as a block with the ReLU and the 2x2 max-pooling after it. */
#include "binding.h"
#include "memory.h"

#include "../kernels/parallel.h"

/* Whether 3x3 filters may go the way of fewer multiplications. */
static int winograd_allowed = 1;

/* (allowed): whether; returns what was so before */
PyObject *
py_set_winograd(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("set_winograd", nargs, 1) < 0) {
        return NULL;
    }
    const int allowed = flag_from("set_winograd", "allowed", args[0]), before = winograd_allowed;
    if (allowed < 0) {
        return NULL;
    }
    winograd_allowed = allowed;
    return PyBool_FromLong(before);
}

/* Lays input i, images (n, c, h, w), out as a kernel reads them: whole and in order, or so with their channels last in
 * memory, which *last tells. Copies them where they are neither. -1 with an exception set. */
static int
lay_out_images(call *c, int i, int *last)
{
    PyArrayObject *x = c->in[i];
    npy_intp step = (npy_intp)c->k->itemsize;
    static const int order[] = {1, 3, 2, 0};
    *last = !PyArray_IS_C_CONTIGUOUS(x);
    for (int q = 0; q < 4; q++) {
        *last &= PyArray_DIM(x, order[q]) == 1 || PyArray_STRIDE(x, order[q]) == step;
        step *= PyArray_DIM(x, order[q]);
    }
    return *last ? 0 : make_contiguous(c, i);
}

/* The memory of a new array for images of the given shape, with the channels last in memory if asked for; the next output.
 * NULL with an exception set. */
static void *
new_images(call *c, const npy_intp dims[4], int last)
{
    if (!last) {
        return new_output(c, 4, dims);
    }
    const npy_intp lying[] = {dims[0], dims[2], dims[3], dims[1]};
    npy_intp axes[] = {0, 3, 1, 2};
    PyArray_Dims order = {axes, 4};
    PyArrayObject *base = allocate_array(c->func, 4, lying, c->typenum);
    void *data = base == NULL ? NULL : PyArray_DATA(base);
    PyObject *out = base == NULL ? NULL : PyArray_Transpose(base, &order);
    Py_XDECREF(base);
    return add_output(c, out) < 0 ? NULL : data;
}

/* x and W as they must be for each other, and the windows. -1 with an exception set. */
static int
check_conv(call *c, struct conv_args *s)
{
    char text[SHAPE_TEXT];
    PyArrayObject *W = c->in[1];
    if (PyArray_NDIM(W) != 4) {
        PyErr_Format(PyExc_ValueError, "%s: W has shape %s; it must be (filters, channels, height, width)", c->func,
                     shape_text(W, text));
        return -1;
    }
    if (check_images(c->func, "x", c->in[0]) < 0 || lay_out_images(c, 0, &s->x_last) < 0) {
        return -1;
    }
    PyArrayObject *x = c->in[0];
    const npy_intp channels = PyArray_DIM(W, 1);
    if (PyArray_DIM(x, 1) != channels) {
        const int last = PyArray_DIM(x, 3) == channels;
        PyErr_Format(PyExc_ValueError, "%s: x has %zd channels but W has %zd (x is %s); x must be (N, %zd, height, width)%s",
                     c->func, (Py_ssize_t)PyArray_DIM(x, 1), (Py_ssize_t)channels, shape_text(x, text), (Py_ssize_t)channels,
                     last ? "; its channels seem to come last, use x.transpose(0, 3, 1, 2) (section 7.4.1)" : "");
        return -1;
    }
    s->win.fh = PyArray_DIM(W, 2);
    s->win.fw = PyArray_DIM(W, 3);
    s->fn = PyArray_DIM(W, 0);
    s->x = INPUT(c, 0);
    s->W = INPUT(c, 1);
    return fit_windows(c->func, PyArray_DIMS(x), "W has filters of", &s->win);
}

/* Below this many multiplications a convolution keeps the GIL. */
#define SMALL_CONVOLUTION 16384

/* Runs a kernel of the table in memory that it asks for. */
static void
run_conv(call *c, void (*kernel)(const struct conv_args *), struct conv_args *s, int backward)
{
    const struct windows *n = &s->win;
    s->threads = parallel_num_threads();
    s->winograd = winograd_allowed;
    const size_t bytes = c->k->conv_memory(s, backward) + 63;
    const void *memory = working_memory(c, (npy_intp)(bytes / c->k->itemsize) + 1);
    if (PyErr_Occurred()) {
        return;
    }
    s->memory = (void *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    if (n->n * n->oh * n->ow * s->fn * n->c * n->fh * n->fw < SMALL_CONVOLUTION) {
        kernel(s);
        return;
    }
    release_gil();
    kernel(s);
    take_gil();
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

/* A bias for every filter, all of them the same. NULL with an exception set. */
static const void *
same_bias(call *c, double value, npy_intp filters)
{
    void *bias = working_memory(c, filters);
    for (npy_intp f = 0; bias != NULL && f < filters; f++) {
        if (c->typenum == NPY_FLOAT) {
            ((float *)bias)[f] = (float)value;
        }
        else {
            ((double *)bias)[f] = value;
        }
    }
    return bias;
}

/* The bias of every filter: an array, the third input, or else one number for all. NULL with an exception set. */
static const void *
bias_of(call *c, double number, npy_intp filters)
{
    char text[SHAPE_TEXT];
    if (c->n < 3) {
        return same_bias(c, number, filters);
    }
    if (PyArray_NDIM(c->in[2]) != 1 || PyArray_DIM(c->in[2], 0) != filters) {
        PyErr_Format(PyExc_ValueError, "%s: b has shape %s but W has %zd filters; b must be (%zd,), a number or None", c->func,
                     shape_text(c->in[2], text), (Py_ssize_t)filters, (Py_ssize_t)filters);
        return NULL;
    }
    return INPUT(c, 2);
}

static void
forward(call *c, struct conv_args *s, double bias)
{
    npy_intp dims[4];
    if (check_conv(c, s) < 0 || (s->b = bias_of(c, bias, s->fn)) == NULL) {
        return;
    }
    out_shape(s, dims);
    s->out = new_images(c, dims, s->out_last);
    if (s->after == RELU_AND_POOL) {
        const npy_intp places[] = {dims[0], dims[2], dims[3], s->fn};
        s->index = new_output_of(c, NPY_UINT8, 4, places);
    }
    else if (s->after == RELU_AFTER) {
        add_none(c);
    }
    if (!PyErr_Occurred()) {
        run_conv(c, c->k->conv_forward, s, 0);
    }
}

/* Whether b is no array but one number, which has no dtype to promote the others with; or None. */
static int
is_single(PyObject *b)
{
    return b == Py_None || PyArray_CheckAnyScalar(b) || (PyNumber_Check(b) && !PyArray_Check(b) && !PySequence_Check(b));
}

/* args are x, W, b, stride, pad. */
static PyObject *
call_forward(PyObject *const *args, struct conv_args *s)
{
    static const char *const func = "Convolution.forward", *const names[] = {"x", "W", "b"};
    call c;
    double bias = 0;
    const int single = is_single(args[2]);
    if (read_steps(func, args[3], args[4], &s->win) < 0
        || (single && args[2] != Py_None && number_from(func, "b", args[2], &bias) < 0)
        || call_begin(&c, func, single ? 2 : 3, args, names, STRIDED(0)) < 0) {
        return NULL;
    }
    forward(&c, s, bias);
    return call_finish(&c);
}

/* (x, W, b, stride, pad): out = x correlated with W, plus b, which may be a number or None */
PyObject *
py_conv_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    struct conv_args s = {.after = NOTHING};
    return check_count("Convolution.forward", nargs, 5) < 0 ? NULL : call_forward(args, &s);
}

/* (x, W, b, stride, pad, pool, channels_last): out after ReLU, and pooling if asked for, and what pooling took or None */
PyObject *
py_conv_block_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("Convolution.forward", nargs, 7) < 0) {
        return NULL;
    }
    const int pool = flag_from("Convolution.forward", "pool", args[5]);
    const int last = pool < 0 ? -1 : flag_from("Convolution.forward", "channels_last", args[6]);
    if (last < 0) {
        return NULL;
    }
    struct conv_args s = {.after = pool ? RELU_AND_POOL : RELU_AFTER, .out_last = last};
    return call_forward(args, &s);
}

/* dout and, for a block, out as they must be. -1 with an exception set. */
static int
check_results(call *c, const char *const *names, struct conv_args *s)
{
    npy_intp dims[4];
    out_shape(s, dims);
    for (int i = 2; i < c->n; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): there are c->n names */
        if (check_shape(c->func, names[i], c->in[i], 4, dims) < 0
            || lay_out_images(c, i, i == 2 ? &s->dout_last : &s->out_last) < 0) {
            return -1;
        }
    }
    s->dout = INPUT(c, 2);
    s->out = c->n > 3 ? PyArray_DATA(c->in[3]) : NULL;
    return 0;
}

/* What pooling took in forward. -1 with an exception set. */
static int
check_taken(call *c, PyObject *index, struct conv_args *s)
{
    const npy_intp places[] = {s->win.n, s->win.oh / 2, s->win.ow / 2, s->fn};
    PyArrayObject *taken = (PyArrayObject *)index;
    if (!PyArray_Check(index) || PyArray_TYPE(taken) != NPY_UINT8 || !PyArray_ISCARRAY_RO(taken)
        || PyArray_NDIM(taken) != 4 || !PyArray_CompareLists(PyArray_DIMS(taken), places, 4)) {
        PyErr_Format(PyExc_ValueError, "%s: what pooling took does not fit dout; call forward first", c->func);
        return -1;
    }
    s->index = keep(c, (PyArrayObject *)Py_NewRef(index));
    return 0;
}

static void
backward(call *c, const char *const *names, PyObject *index, int needs_dx, struct conv_args *s)
{
    if (check_conv(c, s) < 0 || check_results(c, names, s) < 0) {
        return;
    }
    if (needs_dx) {
        s->dx = new_images(c, PyArray_DIMS(c->in[0]), s->x_last);
    }
    else {
        add_none(c);
    }
    s->dW = new_output_like(c, 1);
    s->db = new_output(c, 1, &s->fn);
    if (!PyErr_Occurred() && (s->after != RELU_AND_POOL || check_taken(c, index, s) == 0)) {
        run_conv(c, c->k->conv_backward, s, 1);
    }
}

/* args are x, W, dout and, for a block, out; index is what pooling took, or None; steps are stride, pad, needs_dx. */
static PyObject *
call_backward(int n_arrays, PyObject *const *args, PyObject *index, PyObject *const *steps)
{
    static const char *const func = "Convolution.backward", *const names[] = {"x", "W", "dout", "out"};
    call c;
    struct conv_args s = {.after = n_arrays == 3 ? NOTHING : index == Py_None ? RELU_AFTER : RELU_AND_POOL};
    const int needs_dx = flag_from(func, "needs_dx", steps[2]);
    if (needs_dx < 0 || read_steps(func, steps[0], steps[1], &s.win) < 0
        || call_begin(&c, func, n_arrays, args, names, STRIDED(0) | STRIDED(2) | STRIDED(3)) < 0) {
        return NULL;
    }
    backward(&c, names, index, needs_dx, &s);
    return call_finish(&c);
}

/* (x, W, dout, stride, pad, needs_dx): dx or None, dW, db */
PyObject *
py_conv_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("Convolution.backward", nargs, 6) < 0 ? NULL : call_backward(3, args, Py_None, args + 3);
}

/* (x, W, dout, out, index, stride, pad, needs_dx): the same for a block, dout being the gradient of its result */
PyObject *
py_conv_block_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("Convolution.backward", nargs, 8) < 0 ? NULL : call_backward(4, args, args[4], args + 5);
}
