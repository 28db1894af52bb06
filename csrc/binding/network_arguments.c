/* The arguments of the numerical gradient: read, owned, checked. */
#include "network_gradient.h"
#include "memory.h"

#include <string.h>

static const char *const func = "numerical_gradient";

/* Puts an array on the list; its data, or NULL with an exception set. Steals array. */
static void *
hold(struct mlp *m, PyArrayObject *array)
{
    if (array == NULL) {
        return NULL;
    }
    const int failed = PyList_Append(m->held, (PyObject *)array) < 0;
    Py_DECREF(array);
    return failed ? NULL : PyArray_DATA(array);
}

/* A new array of zeros. NULL with an exception set. */
static PyArrayObject *
new_zeros(int ndim, const npy_intp *dims)
{
    PyArrayObject *zeros = allocate_array(func, ndim, dims, NPY_DOUBLE);
    if (zeros != NULL) {
        memset(PyArray_DATA(zeros), 0, (size_t)PyArray_NBYTES(zeros));
    }
    return zeros;
}

void *
hold_zeros(struct mlp *m, npy_intp rows, npy_intp cols)
{
    npy_intp dims[] = {rows, cols};
    return hold(m, new_zeros(2, dims));
}

int
hold_rows(struct mlp *m, struct rows *rows, int l, npy_intp n)
{
    rows->losses = hold_zeros(m, n, 1);
    for (; l <= m->layers; l++) {
        rows->z[l] = hold_zeros(m, n, m->size[l]);
        rows->a[l] = hold_zeros(m, n, m->size[l]);
    }
    return PyErr_Occurred() ? -1 : 0;
}

static int
read_activation(struct mlp *m, PyObject *name)
{
    static const struct {const char *name; enum elementwise f;} known[] = {{"relu", RELU}, {"sigmoid", SIGMOID}};
    for (int i = 0; i < 2 && PyUnicode_Check(name); i++) {
        if (PyUnicode_CompareWithASCIIString(name, known[i].name) == 0) {
            m->f = known[i].f;
            return 0;
        }
    }
    explain_value(PyExc_ValueError, func, "activation", name, "'relu' or 'sigmoid'");
    return -1;
}

/* What messages call params[i]. */
static const char *
parameter_name(Py_ssize_t i, char name[16])
{
    snprintf(name, 16, "%c%d", i % 2 == 0 ? 'W' : 'b', (int)(i / 2 + 1));
    return name;
}

/* How long a list is before it is read; 0 where it does not say, -1 with an exception set. */
static Py_ssize_t
promised_length(PyObject *list)
{
    const Py_ssize_t n = PyObject_Size(list);
    if (n < 0 && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        return 0;
    }
    return n;
}

/* All arguments as arrays: the only step that may run somebody's code, which may shrink a list of params or reshape one of
 * them. -1 with an exception set. */
static int
read_arrays(struct mlp *m, PyObject *x, PyObject *t, PyObject *list)
{
    char name[16], type[TYPE_TEXT];
    const Py_ssize_t promised = promised_length(list);       /* before an enormous array becomes a tuple of its rows */
    PyObject *params = promised < 0 || promised > 2 * MAX_LAYERS ? NULL : PySequence_Tuple(list);
    if (params == NULL && promised <= 2 * MAX_LAYERS) {
        explain(PyExc_TypeError, "%s: params is a %s; it must be a list of arrays", func, type_text(list, type));
        return -1;
    }
    const Py_ssize_t n = params == NULL ? promised : PyTuple_Size(params);
    if (n == 0 || n % 2 != 0 || n > 2 * MAX_LAYERS) {
        PyErr_Format(PyExc_ValueError, "%s: params has %zd arrays; it must be W1, b1, W2, b2, ... for 1 to %d layers", func, n,
                     MAX_LAYERS);
    }
    else {
        m->layers = (int)(n / 2);
        m->given = PyTuple_New(n + 2);
    }
    for (Py_ssize_t i = 0; m->given != NULL && i < n + 2; i++) {
        PyObject *argument = i < n ? PyTuple_GetItem(params, i) : i == n ? x : t;
        PyArrayObject *array = array_from(func, i < n ? parameter_name(i, name) : i == n ? "x" : "t", argument);
        if (array == NULL) {
            break;
        }
        PyTuple_SetItem(m->given, i, (PyObject *)array);
    }
    Py_XDECREF(params);
    return PyErr_Occurred() ? -1 : 0;
}

static PyArrayObject *
given(const struct mlp *m, Py_ssize_t i)
{
    return (PyArrayObject *)PyTuple_GetItem(m->given, i);
}

/* The i-th of params, which is W or b of a layer, as a held array of double precision. */
static PyArrayObject *
parameter(struct mlp *m, Py_ssize_t i)
{
    char name[16];
    PyArrayObject *p = array_as(func, parameter_name(i, name), given(m, i), NPY_DOUBLE);
    return hold(m, p) == NULL ? NULL : p;
}

/* W and b of layer l, whose shapes fit each other and the layer before. -1 with an exception set. */
static int
check_layer(const struct mlp *m, int l, PyArrayObject *W, PyArrayObject *b)
{
    char text[SHAPE_TEXT];
    if (PyArray_NDIM(W) != 2 || PyArray_SIZE(W) == 0) {
        PyErr_Format(PyExc_ValueError, "%s: W%d has shape %s; it must have two axes, (inputs, outputs), and not be empty", func, l,
                     shape_text(W, text));
        return -1;
    }
    if (l > 1 && PyArray_DIM(W, 0) != m->size[l - 1]) {
        PyErr_Format(PyExc_ValueError, "%s: W%d has %zd columns but W%d has %zd rows; they must be equal", func, l - 1,
                     (Py_ssize_t)m->size[l - 1], l, (Py_ssize_t)PyArray_DIM(W, 0));
        return -1;
    }
    if (PyArray_NDIM(b) != 1 || PyArray_DIM(b, 0) != PyArray_DIM(W, 1)) {
        PyErr_Format(PyExc_ValueError, "%s: b%d has shape %s but W%d has %zd columns; b%d must be (%zd,)", func, l,
                     shape_text(b, text), l, (Py_ssize_t)PyArray_DIM(W, 1), l, (Py_ssize_t)PyArray_DIM(W, 1));
        return -1;
    }
    return 0;
}

static PyArrayObject *
zeros_like(struct mlp *m, PyArrayObject *x)
{
    PyArrayObject *zeros = new_zeros(PyArray_NDIM(x), PyArray_DIMS(x));
    return hold(m, zeros) == NULL ? NULL : zeros;
}

/* W, b and their derivatives, still zeros, of all layers. -1 with an exception set. */
static int
read_params(struct mlp *m)
{
    for (int l = 1; l <= m->layers; l++) {
        PyArrayObject *W = parameter(m, 2 * l - 2), *b = W == NULL ? NULL : parameter(m, 2 * l - 1);
        if (b == NULL || check_layer(m, l, W, b) < 0) {
            return -1;
        }
        m->size[l - 1] = PyArray_DIM(W, 0);
        m->size[l] = PyArray_DIM(W, 1);
        m->W[l] = PyArray_DATA(W);
        m->b[l] = PyArray_DATA(b);
        m->dW[l] = zeros_like(m, W);
        m->db[l] = m->dW[l] == NULL ? NULL : zeros_like(m, b);
        if (m->db[l] == NULL) {
            return -1;
        }
    }
    return 0;
}

/* x as rows of values: one axis is one sample. -1 with an exception set. */
static int
read_x(struct mlp *m)
{
    char text[SHAPE_TEXT];
    PyArrayObject *x = array_as(func, "x", given(m, 2 * m->layers), NPY_DOUBLE);
    if ((m->all.a[0] = hold(m, x)) == NULL) {
        return -1;
    }
    m->samples = PyArray_NDIM(x) > 1 ? PyArray_DIM(x, 0) : 1;
    const npy_intp cols = m->samples == 0 ? 0 : PyArray_SIZE(x) / m->samples;
    if (cols != m->size[0]) {
        PyErr_Format(PyExc_ValueError, "%s: x has shape %s but W1 has %zd rows; x must be (N, %zd) with at least one sample",
                     func, shape_text(x, text), (Py_ssize_t)m->size[0], (Py_ssize_t)m->size[0]);
        return -1;
    }
    return 0;
}

/* A row of t that is 1 at one class and 0 elsewhere has that class as its label; labels are cheaper. -1 if one is not. */
static int
labels_of_one_hot(const double *t, npy_intp rows, npy_intp classes, npy_intp *labels)
{
    for (npy_intp k = 0; k < rows; k++) {
        npy_intp ones = 0, zeros = 0;
        for (npy_intp c = 0; c < classes; c++) {
            if (t[k * classes + c] == 1) {
                labels[k] = c;
                ones++;
            }
            zeros += t[k * classes + c] == 0;
        }
        if (ones != 1 || zeros != classes - 1) {
            return -1;
        }
    }
    return 0;
}

static int
read_targets(struct mlp *m)
{
    npy_intp dims[] = {m->samples, m->size[m->layers]};
    PyArrayObject *logits = (PyArrayObject *)PyArray_SimpleNewFromData(2, dims, NPY_DOUBLE, m->all.z[m->layers]);
    if (hold(m, logits) == NULL) {
        return -1;
    }
    struct targets targets;
    if (check_targets(func, "y", logits, given(m, 2 * m->layers + 1), &targets) < 0) {
        return -1;
    }
    m->labels = targets.labels;
    m->t = targets.t;
    hold(m, targets.array);
    npy_intp *labels = m->t == NULL || PyErr_Occurred() ? NULL
                       : hold(m, allocate_array(func, 1, &targets.rows, NPY_INTP));
    if (labels != NULL && labels_of_one_hot(m->t, targets.rows, targets.classes, labels) == 0) {
        m->labels = labels;
        m->t = NULL;
    }
    return PyErr_Occurred() ? -1 : 0;
}

int
read_network(struct mlp *m, PyObject *const *args)
{
    const int failed = read_activation(m, args[3]) < 0 || read_arrays(m, args[0], args[1], args[2]) < 0 || read_params(m) < 0
                       || read_x(m) < 0 || hold_rows(m, &m->all, 1, m->samples) < 0 || read_targets(m) < 0;
    return failed ? -1 : 0;
}
