#include "binding.h"

/* The rows of an array whose last axis is classes. -1 with an exception set. */
static int
rows_of(const call *c, const char *name, npy_intp *rows, npy_intp *classes)
{
    PyArrayObject *x = c->in[0];
    const int ndim = PyArray_NDIM(x);
    if (ndim == 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s is a scalar; it must have at least one axis, the last one over classes",
                     c->func, name);
        return -1;
    }
    *classes = PyArray_DIM(x, ndim - 1);
    *rows = 1;
    for (int i = 0; i < ndim - 1; i++) {
        *rows *= PyArray_DIM(x, i);
    }
    return 0;
}

PyObject *
py_softmax(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"x"};
    call c;
    npy_intp rows;
    struct rows_args r = {0};
    PyArrayObject *y = NULL;
    if (check_count("softmax", nargs, 1) < 0 || call_begin(&c, "softmax", 1, args, names, 0) < 0) {
        return NULL;
    }
    if (rows_of(&c, "x", &rows, &r.classes) == 0) {
        y = call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
    }
    if (y != NULL && r.classes > 0) {
        r.x = INPUT(&c, 0);
        r.y = PyArray_DATA(y);
        run(c.k->softmax, &r, rows, r.classes);
    }
    call_end(&c);
    return y == NULL ? NULL : call_result(&c, y);
}

/* A number of the dtype of the inputs. */
static PyObject *
number_result(const call *c, double value)
{
    PyArrayObject *out = call_output(c, 0, NULL);
    if (out == NULL) {
        return NULL;
    }
    if (c->typenum == NPY_FLOAT) {
        *(float *)PyArray_DATA(out) = (float)value;
    }
    else {
        *(double *)PyArray_DATA(out) = value;
    }
    return call_result(c, out);
}

/* scale 1/2 sum (y - t)^2, where y is the first input */
static PyObject *
half_squares(const call *c, const void *t, double scale)
{
    const npy_intp n = PyArray_SIZE(c->in[0]), blocks = (n + SQUARES - 1) / SQUARES;
    PyArrayObject *sums = call_output(c, 1, &blocks);
    if (sums == NULL) {
        return NULL;
    }
    struct squares_args s = {.n = n, .y = INPUT(c, 0), .t = t, .sums = PyArray_DATA(sums)};
    run(c->k->squares, &s, blocks, SQUARES);
    const double sum = c->k->sum(PyArray_DATA(sums), blocks);
    Py_DECREF(sums);
    return number_result(c, 0.5 * scale * sum);
}

PyObject *
py_mean_squared_error(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "mean_squared_error", *const names[] = {"y", "t"};
    call c;
    PyObject *loss = NULL;
    if (check_count(func, nargs, 2) < 0 || call_begin(&c, func, 2, args, names, 0) < 0) {
        return NULL;
    }
    if (check_same_shape(func, "y", c.in[0], "t", c.in[1]) == 0) {
        loss = half_squares(&c, INPUT(&c, 1), 1);
    }
    call_end(&c);
    return loss;
}

static void
release_targets(struct targets *t)
{
    Py_XDECREF(t->labels);
    Py_XDECREF(t->t);
}

int
targets_of(const call *c, const char *name, PyObject *t, struct rows_args *r, npy_intp *rows, struct targets *out)
{
    char text[SHAPE_TEXT], text_t[SHAPE_TEXT];
    PyArrayObject *x = c->in[0];
    const int ndim = PyArray_NDIM(x);
    *out = (struct targets){0};
    if (ndim < 1 || ndim > 2 || PyArray_SIZE(x) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, classes), or (classes,) for one sample, "
                     "and not empty", c->func, name, shape_text(x, text));
        return -1;
    }
    r->classes = PyArray_DIM(x, ndim - 1);
    *rows = ndim == 1 ? 1 : PyArray_DIM(x, 0);
    PyArrayObject *given = array_from(c->func, "t", t);
    if (given == NULL) {
        return -1;
    }
    if (PyArray_SIZE(given) != PyArray_SIZE(x)) {
        out->labels = labels_of(c->func, (PyObject *)given, *rows, r->classes);
    }
    else if (!PyArray_SAMESHAPE(given, x) && (*rows > 1 || PyArray_NDIM(given) > 2)) {
        if (r->classes == 1) {
            PyErr_Format(PyExc_ValueError, "%s: %s has shape %s, a single class, whose probability is always 1; "
                         "to tell two classes apart takes two columns", c->func, name, shape_text(x, text));
        }
        else {
            PyErr_Format(PyExc_ValueError, "%s: t has shape %s but %s has shape %s; t must have the same shape, or hold one "
                         "label for each row, (%zd,)", c->func, shape_text(given, text_t), name, shape_text(x, text),
                         (Py_ssize_t)*rows);
        }
    }
    else {
        out->t = input_as(c->func, "t", (PyObject *)given, c->typenum);
    }
    Py_DECREF(given);
    if (out->labels == NULL && out->t == NULL) {
        return -1;
    }
    r->x = PyArray_DATA(x);
    r->labels = out->labels == NULL ? NULL : PyArray_DATA(out->labels);
    r->t = out->t == NULL ? NULL : PyArray_DATA(out->t);
    return 0;
}

/* The mean over rows of what a kernel of rows writes into losses. */
static PyObject *
mean_loss(const call *c, range_kernel *kernel, struct rows_args *r, npy_intp rows)
{
    PyArrayObject *losses = call_output(c, 1, &rows);
    if (losses == NULL) {
        return NULL;
    }
    r->losses = PyArray_DATA(losses);
    run(kernel, r, rows, r->classes);
    PyObject *loss = number_result(c, c->k->sum(r->losses, rows) / (double)rows);
    Py_DECREF(losses);
    return loss;
}

PyObject *
py_cross_entropy_error(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "cross_entropy_error", *const names[] = {"y", "t"};
    call c;
    npy_intp rows;
    struct rows_args r = {0};
    struct targets t;
    if (check_count(func, nargs, 2) < 0) {
        return NULL;
    }
    PyArrayObject *given = array_from(func, "t", args[1]);
    if (given == NULL) {
        return NULL;
    }
    /* Targets that are floats promote y as any second operand would; integers are data. */
    PyObject *const both[] = {args[0], (PyObject *)given};
    PyObject *loss = NULL;
    if (call_begin(&c, func, PyArray_ISFLOAT(given) ? 2 : 1, both, names, STRIDED(1)) == 0) {
        if (targets_of(&c, "y", (PyObject *)given, &r, &rows, &t) == 0) {
            loss = mean_loss(&c, c.k->cross_entropy_error, &r, rows);
            release_targets(&t);
        }
        call_end(&c);
    }
    Py_DECREF(given);
    return loss;
}

/* Softmax and the mean cross-entropy error of its rows; y is set to a new array for the probabilities. */
static PyObject *
softmax_with_loss(const char *func, PyObject *const *args, Py_ssize_t nargs, PyObject **y)
{
    static const char *const names[] = {"x"};
    call c;
    npy_intp rows;
    struct rows_args r = {0};
    struct targets t;
    PyObject *loss = NULL;
    *y = NULL;
    if (check_count(func, nargs, 2) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    if (targets_of(&c, "x", args[1], &r, &rows, &t) == 0) {
        PyArrayObject *out = call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
        if (out != NULL) {
            r.y = PyArray_DATA(out);
            loss = mean_loss(&c, c.k->softmax_with_loss, &r, rows);
            *y = call_result(&c, out);
        }
        release_targets(&t);
    }
    call_end(&c);
    return loss;
}

PyObject *
py_softmax_loss(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *y, *loss = softmax_with_loss("softmax_loss", args, nargs, &y);
    Py_XDECREF(y);
    return loss;
}

PyObject *
py_softmax_with_loss(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *results[2];
    results[0] = softmax_with_loss("SoftmaxWithLoss.forward", args, nargs, &results[1]);
    return pack_results(2, results);
}

/* dx = (y - t) dout / N */
PyObject *
py_softmax_with_loss_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "SoftmaxWithLoss.backward", *const names[] = {"y"};
    call c;
    npy_intp rows;
    double dout;
    struct rows_args r = {0};
    struct targets t;
    PyArrayObject *dx = NULL;
    if (check_count(func, nargs, 3) < 0 || number_of(func, "dout", args[2], &dout) < 0 ||
        call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    if (targets_of(&c, "y", args[1], &r, &rows, &t) == 0) {
        dx = call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
        if (dx != NULL) {
            r.y = PyArray_DATA(dx);
            r.scale = dout / (double)rows;
            run(c.k->softmax_with_loss_backward, &r, rows, r.classes);
        }
        release_targets(&t);
    }
    call_end(&c);
    return dx == NULL ? NULL : call_result(&c, dx);
}

/* The targets of an identity output with loss: t in the shape and dtype of y; (N,) is taken for (N, 1). Nothing else is
 * broadcast. A new reference, or NULL. */
static PyArrayObject *
values_of(const call *c, const char *name, PyObject *t)
{
    char text[SHAPE_TEXT], text_t[SHAPE_TEXT];
    PyArrayObject *y = c->in[0];
    if (PyArray_NDIM(y) == 0 || PyArray_SIZE(y) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, outputs), or (outputs,) for one sample, and not "
                     "empty", c->func, name, shape_text(y, text));
        return NULL;
    }
    PyArrayObject *values = input_as(c->func, "t", t, c->typenum);
    if (values == NULL) {
        return NULL;
    }
    const int column = PyArray_NDIM(values) == 1 && PyArray_NDIM(y) == 2 && PyArray_DIM(y, 1) == 1
                       && PyArray_DIM(values, 0) == PyArray_DIM(y, 0);
    if (!column && !PyArray_SAMESHAPE(values, y)) {
        PyErr_Format(PyExc_ValueError, "%s: t has shape %s but %s has shape %s; they must be equal", c->func,
                     shape_text(values, text_t), name, shape_text(y, text));
        Py_CLEAR(values);
    }
    return values;
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
    static const char *const func = "IdentityWithLoss.forward", *const names[] = {"x"};
    call c;
    PyObject *loss = NULL;
    PyArrayObject *y = NULL;
    if (check_count(func, nargs, 3) < 0) {
        return NULL;
    }
    const int mean = PyObject_IsTrue(args[2]);
    if (mean < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *t = values_of(&c, "x", args[1]);
    if (t != NULL) {
        loss = half_squares(&c, PyArray_DATA(t), share_of_row(&c, mean));
        y = loss == NULL ? NULL : call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
    }
    if (y != NULL) {
        struct elementwise_args e = {.x = INPUT(&c, 0), .out = PyArray_DATA(y)};
        run(c.k->elementwise[COPY], &e, PyArray_SIZE(y), 1);
    }
    Py_XDECREF(t);
    call_end(&c);
    PyObject *results[] = {loss, y == NULL ? NULL : call_result(&c, y)};
    return pack_results(2, results);
}

/* (y, t, dout, mean): dout (y - t) or that over N */
PyObject *
py_identity_with_loss_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "IdentityWithLoss.backward", *const names[] = {"y"};
    call c;
    double dout;
    PyArrayObject *dx = NULL;
    if (check_count(func, nargs, 4) < 0 || number_of(func, "dout", args[2], &dout) < 0) {
        return NULL;
    }
    const int mean = PyObject_IsTrue(args[3]);
    if (mean < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *t = values_of(&c, "y", args[1]);
    if (t != NULL) {
        dx = call_output(&c, PyArray_NDIM(c.in[0]), PyArray_DIMS(c.in[0]));
    }
    if (dx != NULL) {
        struct rows_args r = {.classes = 1, .x = INPUT(&c, 0), .t = PyArray_DATA(t), .y = PyArray_DATA(dx),
                              .scale = dout * share_of_row(&c, mean)};
        run(c.k->softmax_with_loss_backward, &r, PyArray_SIZE(dx), 1);
    }
    Py_XDECREF(t);
    call_end(&c);
    return dx == NULL ? NULL : call_result(&c, dx);
}

/* -sum p log q over the last axis, for p and q of one shape. */
static PyObject *
cross_entropy(const char *func, PyObject *p, PyObject *q)
{
    static const char *const names[] = {"p", "q"};
    PyObject *const args[] = {p, q};
    call c;
    npy_intp rows;
    struct rows_args r = {0};
    PyArrayObject *out = NULL;
    if (call_begin(&c, func, q == NULL ? 1 : 2, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *first = c.in[0], *second = q == NULL ? first : c.in[1];
    if (rows_of(&c, "p", &rows, &r.classes) < 0 || check_same_shape(func, "p", first, "q", second) < 0) {
        goto done;
    }
    out = call_output(&c, PyArray_NDIM(first) - 1, PyArray_DIMS(first));
    if (out != NULL) {
        r.t = PyArray_DATA(first);
        r.x = PyArray_DATA(second);
        r.losses = PyArray_DATA(out);
        run(c.k->cross_entropy, &r, rows, r.classes);
    }
done:
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}

PyObject *
py_entropy(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("entropy", nargs, 1) < 0 ? NULL : cross_entropy("entropy", args[0], NULL);
}

PyObject *
py_cross_entropy(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return check_count("cross_entropy", nargs, 2) < 0 ? NULL : cross_entropy("cross_entropy", args[0], args[1]);
}
