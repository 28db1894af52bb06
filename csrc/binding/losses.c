#include "binding.h"
#include "memory.h"

/* The rows of an array whose last axis is classes. -1 with an exception set. */
static int
rows_of_classes(const call *c, const char *name, npy_intp *rows, npy_intp *classes)
{
    PyArrayObject *x = c->in[0];
    const int ndim = PyArray_NDIM(x);
    if (ndim == 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s is a scalar; it must have at least one axis, the last one over classes",
                     c->func, name);
        return -1;
    }
    *classes = PyArray_DIM(x, ndim - 1);
    *rows = PyArray_MultiplyList(PyArray_DIMS(x), ndim - 1);
    return 0;
}

PyObject *
py_softmax(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"x"};
    call c;
    npy_intp rows;
    struct rows_args r = {0};
    if (check_count("softmax", nargs, 1) < 0 || call_begin(&c, "softmax", 1, args, names, 0) < 0) {
        return NULL;
    }
    if (rows_of_classes(&c, "x", &rows, &r.classes) == 0) {
        r.x = INPUT(&c, 0);
        r.y = new_output_like(&c, 0);
        run(c.k->softmax, &r, r.classes > 0 ? rows : 0, r.classes);
    }
    return call_finish(&c);
}

/* scale 1/2 sum (y - t)^2, where y is the first input, as the next output */
static void
half_squares(call *c, const void *t, double scale)
{
    const npy_intp n = PyArray_SIZE(c->in[0]), blocks = (n + SQUARES - 1) / SQUARES;
    struct squares_args s = {.n = n, .y = INPUT(c, 0), .t = t, .sums = working_memory(c, blocks)};
    run(c->k->squares, &s, blocks, SQUARES);
    if (!PyErr_Occurred()) {
        new_number(c, 0.5 * scale * c->k->sum(s.sums, blocks));
    }
}

PyObject *
py_mean_squared_error(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "mean_squared_error", *const names[] = {"y", "t"};
    call c;
    if (check_count(func, nargs, 2) < 0 || call_begin(&c, func, 2, args, names, 0) < 0) {
        return NULL;
    }
    if (check_same_shape(func, "y", c.in[0], "t", c.in[1]) == 0) {
        half_squares(&c, INPUT(&c, 1), 1);
    }
    return call_finish(&c);
}

/* Why t neither has the shape of x nor holds labels. */
static void
refuse_targets(const char *func, const char *name, PyArrayObject *x, PyArrayObject *t, const struct targets *due)
{
    char text[SHAPE_TEXT], text_t[SHAPE_TEXT];
    if (due->classes == 1) {
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s, a single class, whose probability is always 1; "
                     "to tell two classes apart takes two columns", func, name, shape_text(x, text));
    }
    else {
        PyErr_Format(PyExc_ValueError, "%s: t has shape %s but %s has shape %s; t must have the same shape, or hold one "
                     "label for each row, (%zd,)", func, shape_text(t, text_t), name, shape_text(x, text),
                     (Py_ssize_t)due->rows);
    }
}

int
check_targets(const char *func, const char *name, PyArrayObject *x, PyArrayObject *t, struct targets *out)
{
    char text[SHAPE_TEXT];
    const int ndim = PyArray_NDIM(x);
    *out = (struct targets){0};
    if (ndim < 1 || ndim > 2 || PyArray_SIZE(x) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, classes), or (classes,) for one sample, "
                     "and not empty", func, name, shape_text(x, text));
        return -1;
    }
    out->classes = PyArray_DIM(x, ndim - 1);
    out->rows = ndim == 1 ? 1 : PyArray_DIM(x, 0);
    if (PyArray_SIZE(t) != PyArray_SIZE(x)) {
        out->array = labels_from(func, t, out->rows, out->classes);
        out->labels = out->array == NULL ? NULL : PyArray_DATA(out->array);
    }
    else if (!PyArray_SAMESHAPE(t, x) && (out->rows > 1 || PyArray_NDIM(t) > 2)) {
        refuse_targets(func, name, x, t, out);
    }
    else {
        out->array = array_as(func, "t", t, type_of(x));
        out->t = out->array == NULL ? NULL : PyArray_DATA(out->array);
    }
    return out->array == NULL ? -1 : 0;
}

/* The targets for the first input of a call, in what kernels of rows take. Steals t. -1 with an exception set. */
static int
read_targets(call *c, const char *name, PyArrayObject *t, struct rows_args *r, npy_intp *rows)
{
    struct targets targets;
    keep(c, t);
    if (check_targets(c->func, name, c->in[0], t, &targets) < 0) {
        return -1;
    }
    keep(c, targets.array);
    *rows = targets.rows;
    *r = (struct rows_args){.classes = targets.classes, .x = INPUT(c, 0), .labels = targets.labels, .t = targets.t};
    return 0;
}

/* The mean over rows of what a kernel of rows writes into losses, as the next output. */
static void
mean_loss(call *c, range_kernel *kernel, struct rows_args *r, npy_intp rows)
{
    r->losses = working_memory(c, rows);
    run(kernel, r, rows, r->classes);
    if (!PyErr_Occurred()) {
        new_number(c, c->k->sum(r->losses, rows) / (double)rows);
    }
}

PyObject *
py_cross_entropy_error(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "cross_entropy_error", *const names[] = {"y", "t"};
    call c;
    npy_intp rows;
    struct rows_args r;
    PyArrayObject *t = check_count(func, nargs, 2) < 0 ? NULL : array_from(func, "t", args[1]);
    if (t == NULL) {
        return NULL;
    }
    /* Targets that are floats promote y as any second operand would; integers are data. */
    PyObject *const both[] = {args[0], (PyObject *)t};
    if (call_begin(&c, func, PyArray_ISFLOAT(t) ? 2 : 1, both, names, STRIDED(1)) < 0) {
        Py_DECREF(t);
        return NULL;
    }
    if (read_targets(&c, "y", t, &r, &rows) == 0) {
        mean_loss(&c, c.k->cross_entropy_error, &r, rows);
    }
    return call_finish(&c);
}

/* A call of x with targets t. -1 with an exception set, and nothing to release. */
static int
begin_with_targets(call *c, const char *func, const char *name, PyObject *const *args, struct rows_args *r, npy_intp *rows)
{
    PyArrayObject *t = array_from(func, "t", args[1]);
    if (t == NULL) {
        return -1;
    }
    if (call_begin(c, func, 1, args, &name, 0) < 0) {
        Py_DECREF(t);
        return -1;
    }
    if (read_targets(c, name, t, r, rows) < 0) {
        call_finish(c);
        return -1;
    }
    return 0;
}

PyObject *
py_softmax_loss(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "softmax_loss";
    call c;
    npy_intp rows;
    struct rows_args r;
    if (check_count(func, nargs, 2) < 0 || begin_with_targets(&c, func, "x", args, &r, &rows) < 0) {
        return NULL;
    }
    r.y = working_memory(&c, PyArray_SIZE(c.in[0]));
    mean_loss(&c, c.k->softmax_with_loss, &r, rows);
    return call_finish(&c);
}

/* (x, t): the loss and the probabilities */
PyObject *
py_softmax_with_loss(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "SoftmaxWithLoss.forward";
    call c;
    npy_intp rows;
    struct rows_args r;
    if (check_count(func, nargs, 2) < 0 || begin_with_targets(&c, func, "x", args, &r, &rows) < 0) {
        return NULL;
    }
    PyArrayObject *y = allocate_array(func, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]), c.typenum);
    r.y = y == NULL ? NULL : PyArray_DATA(y);
    mean_loss(&c, c.k->softmax_with_loss, &r, rows);
    add_output(&c, y);
    return call_finish(&c);
}

/* (y, t, dout): dx = (y - t) dout / N */
PyObject *
py_softmax_with_loss_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "SoftmaxWithLoss.backward";
    call c;
    npy_intp rows;
    double dout;
    struct rows_args r;
    if (check_count(func, nargs, 3) < 0 || number_from(func, "dout", args[2], &dout) < 0
        || begin_with_targets(&c, func, "y", args, &r, &rows) < 0) {
        return NULL;
    }
    r.y = new_output_like(&c, 0);
    r.scale = dout / (double)rows;
    run(c.k->softmax_with_loss_backward, &r, rows, r.classes);
    return call_finish(&c);
}

/* A call of the outputs y of a regression with targets t: the same shape and dtype, and (N,) is taken for (N, 1); nothing
 * else is broadcast. *values are those of t. -1 with an exception set, and nothing to release. */
static int
begin_with_values(call *c, const char *func, const char *name, PyObject *const *args, const void **values)
{
    char text[SHAPE_TEXT], text_t[SHAPE_TEXT];
    PyArrayObject *t = array_from(func, "t", args[1]);
    if (t == NULL) {
        return -1;
    }
    if (call_begin(c, func, 1, args, &name, 0) < 0) {
        Py_DECREF(t);
        return -1;
    }
    keep(c, t);
    PyArrayObject *y = c->in[0];
    const int column = PyArray_NDIM(t) == 1 && PyArray_NDIM(y) == 2 && PyArray_DIM(y, 1) == 1
                       && PyArray_DIM(t, 0) == PyArray_DIM(y, 0);
    if (PyArray_NDIM(y) == 0 || PyArray_SIZE(y) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, outputs), or (outputs,) for one sample, and not "
                     "empty", func, name, shape_text(y, text));
    }
    else if (!column && !PyArray_SAMESHAPE(t, y)) {
        PyErr_Format(PyExc_ValueError, "%s: t has shape %s but %s has shape %s; they must be equal", func,
                     shape_text(t, text_t), name, shape_text(y, text));
    }
    else if ((*values = keep(c, array_as(func, "t", t, c->typenum))) != NULL) {
        return 0;
    }
    call_finish(c);
    return -1;
}

/* 1 / N if the mean over the rows is wanted, else 1. */
static double
share_of_row(const call *c, int mean)
{
    return mean && PyArray_NDIM(c->in[0]) > 1 ? 1 / (double)PyArray_DIM(c->in[0], 0) : 1;
}

/* (x, t, mean): 1/2 sum (x - t)^2 or that over N, and a copy of x */
PyObject *
py_identity_with_loss(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "IdentityWithLoss.forward";
    call c;
    const void *t;
    const int mean = check_count(func, nargs, 3) < 0 ? -1 : flag_from(func, "mean", args[2]);
    if (mean < 0 || begin_with_values(&c, func, "x", args, &t) < 0) {
        return NULL;
    }
    half_squares(&c, t, share_of_row(&c, mean));
    if (!PyErr_Occurred()) {
        struct elementwise_args e = {.x = INPUT(&c, 0), .out = new_output_like(&c, 0)};
        run(c.k->elementwise[COPY], &e, PyArray_SIZE(c.in[0]), 1);
    }
    return call_finish(&c);
}

/* (y, t, dout, mean): dx = dout (y - t) or that over N */
PyObject *
py_identity_with_loss_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "IdentityWithLoss.backward";
    call c;
    double dout;
    struct rows_args r = {.classes = 1};
    const int mean = check_count(func, nargs, 4) < 0 || number_from(func, "dout", args[2], &dout) < 0 ? -1
                     : flag_from(func, "mean", args[3]);
    if (mean < 0 || begin_with_values(&c, func, "y", args, &r.t) < 0) {
        return NULL;
    }
    r.x = INPUT(&c, 0);
    r.y = new_output_like(&c, 0);
    r.scale = dout * share_of_row(&c, mean);
    run(c.k->softmax_with_loss_backward, &r, PyArray_SIZE(c.in[0]), 1);
    return call_finish(&c);
}

/* -sum p log q over the last axis, for p and q of one shape. */
static PyObject *
cross_entropy(const char *func, int n, PyObject *const *args)
{
    static const char *const names[] = {"p", "q"};
    call c;
    npy_intp rows;
    struct rows_args r = {0};
    if (call_begin(&c, func, n, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *p = c.in[0], *q = c.in[n - 1];
    if (rows_of_classes(&c, "p", &rows, &r.classes) == 0 && check_same_shape(func, "p", p, "q", q) == 0) {
        r.t = PyArray_DATA(p);
        r.x = PyArray_DATA(q);
        r.losses = new_output(&c, PyArray_NDIM(p) - 1, PyArray_DIMS(p));
        run(c.k->cross_entropy, &r, rows, r.classes);
    }
    return call_finish(&c);
}

PyObject *
py_entropy(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("entropy", nargs, 1) < 0 ? NULL : cross_entropy("entropy", 1, args);
}

PyObject *
py_cross_entropy(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("cross_entropy", nargs, 2) < 0 ? NULL : cross_entropy("cross_entropy", 2, args);
}
