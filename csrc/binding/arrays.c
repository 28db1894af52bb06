#include "arrays.h"
#include "memory.h"

#include "../kernels/dispatch.h"
#include "../kernels/parallel.h"

#include <stdio.h>

const char *
shape_text(PyArrayObject *x, char text[SHAPE_TEXT])
{
    int at = snprintf(text, SHAPE_TEXT, "(");
    for (int i = 0; i < PyArray_NDIM(x) && at < SHAPE_TEXT - 24; i++) {
        at += snprintf(text + at, SHAPE_TEXT - at, i > 0 ? ", %zd" : "%zd", (Py_ssize_t)PyArray_DIM(x, i));
    }
    snprintf(text + at, SHAPE_TEXT - at, PyArray_NDIM(x) == 1 ? ",)" : ")");
    return text;
}

int
check_count(const char *func, Py_ssize_t given, Py_ssize_t expected)
{
    if (given != expected) {
        PyErr_Format(PyExc_TypeError, "%s: %zd arguments given but %zd expected", func, given, expected);
        return -1;
    }
    return 0;
}

int
check_same_shape(const char *func, const char *name_a, PyArrayObject *a, const char *name_b, PyArrayObject *b)
{
    if (!PyArray_SAMESHAPE(a, b)) {
        char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s but %s has shape %s; they must be equal", func, name_a,
                     shape_text(a, text_a), name_b, shape_text(b, text_b));
        return -1;
    }
    return 0;
}

int
number_of(const char *func, const char *name, PyObject *x, double *out)
{
    *out = PyFloat_AsDouble(x);
    if (*out == -1.0 && PyErr_Occurred()) {
        PyErr_Format(PyExc_TypeError, "%s: %s must be a number, not %.100s", func, name, Py_TYPE(x)->tp_name);
        return -1;
    }
    return 0;
}

PyArrayObject *
array_from(const char *func, const char *name, PyObject *x)
{
    if (PyArray_CheckExact(x)) {
        return (PyArrayObject *)Py_NewRef(x);
    }
    PyObject *array = PyArray_FromAny(x, NULL, 0, 0, NPY_ARRAY_ENSUREARRAY, NULL);
    if (array == NULL && (PyErr_ExceptionMatches(PyExc_ValueError) || PyErr_ExceptionMatches(PyExc_TypeError))) {
        PyErr_Format(PyExc_TypeError, "%s: %s is a %.100s that cannot be read as an array of numbers; "
                     "rows of different lengths are a frequent cause", func, name, Py_TYPE(x)->tp_name);
    }
    return (PyArrayObject *)array;
}

/* The dtype in which a kernel computes with x: NPY_HALF counts as float32 later. -1 with an exception set. */
static int
computing_type(const char *func, const char *name, PyArrayObject *x)
{
    const int type = PyArray_TYPE(x);
    if (type == NPY_FLOAT || type == NPY_DOUBLE || type == NPY_HALF) {
        return type;
    }
    if (PyTypeNum_ISINTEGER(type) || PyTypeNum_ISBOOL(type)) {
        return NPY_DOUBLE;
    }
    PyErr_Format(PyExc_TypeError, "%s: %s has dtype %S; use float32 or float64, as in %s.astype(np.float64)",
                 func, name, PyArray_DESCR(x), name);
    return -1;
}

/* Whether a kernel that counts strides in elements can read x as it is. */
static int
strides_fit(PyArrayObject *x)
{
    for (int i = 0; i < PyArray_NDIM(x); i++) {
        if (PyArray_STRIDE(x, i) % PyArray_ITEMSIZE(x) != 0) {
            return 0;
        }
    }
    return 1;
}

const struct kernels *
kernels_of(int typenum)
{
    return kernels_in_use(typenum == NPY_DOUBLE);
}

int
call_begin(call *c, const char *func, int n, PyObject *const *args, const char *const *names, unsigned strided)
{
    int doubles = 0, halves = 0;
    c->func = func;
    c->n = 0;
    for (int i = 0; i < n; i++) {
        PyArrayObject *x = array_from(func, names[i], args[i]);
        if (x == NULL) {
            goto fail;
        }
        c->in[c->n++] = x;
        const int type = computing_type(func, names[i], x);
        if (type < 0) {
            goto fail;
        }
        doubles += type == NPY_DOUBLE;
        halves += type == NPY_HALF;
    }
    c->half = n > 0 && halves == n;
    c->typenum = doubles > 0 ? NPY_DOUBLE : NPY_FLOAT;
    c->k = kernels_in_use(doubles > 0);
    for (int i = 0; i < n; i++) {
        PyArrayObject *x = c->in[i];
        const int keep = strided & STRIDED(i) ? PyArray_ISBEHAVED_RO(x) && strides_fit(x) : PyArray_ISCARRAY_RO(x);
        if (keep && PyArray_TYPE(x) == c->typenum) {
            continue;
        }
        PyArray_Descr *descr = PyArray_DescrFromType(c->typenum);
        if (descr == NULL) {
            goto fail;
        }
        PyObject *copy = PyArray_FromArray(x, descr, NPY_ARRAY_CARRAY_RO | NPY_ARRAY_FORCECAST);
        if (copy == NULL) {
            goto fail;
        }
        c->in[i] = (PyArrayObject *)copy;
        Py_DECREF(x);
    }
    return 0;

fail:
    call_end(c);
    return -1;
}

void
call_end(call *c)
{
    while (c->n > 0) {
        Py_DECREF(c->in[--c->n]);
    }
}

PyArrayObject *
input_as(const char *func, const char *name, PyObject *x, int typenum)
{
    PyArrayObject *given = array_from(func, name, x), *array = NULL;
    if (given == NULL) {
        return NULL;
    }
    if (PyArray_TYPE(given) == typenum && PyArray_ISCARRAY_RO(given)) {
        return given;
    }
    if (computing_type(func, name, given) >= 0) {
        array = (PyArrayObject *)PyArray_FromArray(given, PyArray_DescrFromType(typenum),
                                                   NPY_ARRAY_CARRAY_RO | NPY_ARRAY_FORCECAST);
    }
    Py_DECREF(given);
    return array;
}

PyArrayObject *
call_output(const call *c, int ndim, const npy_intp *dims)
{
    return allocate_array(ndim, dims, c->typenum);
}

PyObject *
call_result(const call *c, PyArrayObject *out)
{
    if (c->half) {
        PyArrayObject *rounded = (PyArrayObject *)PyArray_Cast(out, NPY_HALF);
        Py_DECREF(out);
        out = rounded;
    }
    return out == NULL ? NULL : PyArray_Return(out);
}

PyObject *
pack_results(Py_ssize_t n, PyObject *const *results)
{
    PyObject *tuple = PyTuple_New(n);
    int failed = tuple == NULL;
    for (Py_ssize_t i = 0; i < n; i++) {
        failed |= results[i] == NULL;
        if (tuple == NULL) {
            Py_XDECREF(results[i]);
        }
        else {
            PyTuple_SET_ITEM(tuple, i, results[i]);
        }
    }
    if (failed) {
        Py_CLEAR(tuple);
    }
    return tuple;
}

PyArrayObject *
mask_of(const char *func, PyObject *x)
{
    PyArrayObject *given = array_from(func, "mask", x), *mask = NULL;
    if (given == NULL) {
        return NULL;
    }
    if (!PyArray_ISBOOL(given)) {
        PyErr_Format(PyExc_TypeError, "%s: mask has dtype %S; it must be bool", func, PyArray_DESCR(given));
    }
    else {
        mask = (PyArrayObject *)PyArray_FromArray(given, NULL, NPY_ARRAY_CARRAY_RO);
    }
    Py_DECREF(given);
    return mask;
}

PyArrayObject *
labels_of(const char *func, PyObject *t, npy_intp n, npy_intp classes)
{
    char text[SHAPE_TEXT];
    PyArrayObject *given = array_from(func, "t", t), *labels = NULL;
    if (given == NULL) {
        return NULL;
    }
    if (!PyTypeNum_ISINTEGER(PyArray_TYPE(given))) {
        PyErr_Format(PyExc_TypeError, "%s: t has dtype %S; class labels must be integers", func, PyArray_DESCR(given));
        goto done;
    }
    if (PyArray_SIZE(given) != n || (PyArray_NDIM(given) > 1 && n > 1)) {
        PyErr_Format(PyExc_ValueError, "%s: t has shape %s but y has %zd rows and %zd classes; t must be labels of shape "
                     "(%zd,) or targets of shape (%zd, %zd)%s", func, shape_text(given, text), (Py_ssize_t)n,
                     (Py_ssize_t)classes, (Py_ssize_t)n, (Py_ssize_t)n, (Py_ssize_t)classes,
                     PyArray_SIZE(given) == n ? "; use t.ravel()" : "");
        goto done;
    }
    labels = (PyArrayObject *)PyArray_SimpleNew(1, &n, NPY_INTP);
    if (labels == NULL) {
        goto done;
    }
    if (PyArray_TYPE(given) == NPY_INTP && PyArray_ISCARRAY_RO(given)) {
        memcpy(PyArray_DATA(labels), PyArray_DATA(given), n * sizeof(npy_intp));
    }
    else if (PyArray_CopyInto(labels, given) < 0) {
        Py_CLEAR(labels);
        goto done;
    }
    const npy_intp *label = PyArray_DATA(labels);
    for (npy_intp i = 0; i < n; i++) {
        if (label[i] < 0 || label[i] >= classes) {
            PyErr_Format(PyExc_IndexError, "%s: t[%zd] is %zd but y has %zd classes; labels must be in 0..%zd", func,
                         (Py_ssize_t)i, (Py_ssize_t)label[i], (Py_ssize_t)classes, (Py_ssize_t)classes - 1);
            Py_CLEAR(labels);
            break;
        }
    }
done:
    Py_DECREF(given);
    return labels;
}

PyArrayObject *
in_place(const char *func, const char *name, PyObject *x)
{
    if (!PyArray_Check(x)) {
        PyErr_Format(PyExc_TypeError, "%s: %s is a %.100s but is changed in place; it must be a float32 or float64 array",
                     func, name, Py_TYPE(x)->tp_name);
        return NULL;
    }
    PyArrayObject *array = (PyArrayObject *)x;
    const int type = PyArray_TYPE(array);
    if (type != NPY_FLOAT && type != NPY_DOUBLE) {
        PyErr_Format(PyExc_TypeError, "%s: %s has dtype %S but is changed in place; use %s.astype(np.float64)", func, name,
                     PyArray_DESCR(array), name);
        return NULL;
    }
    if (!PyArray_ISWRITEABLE(array)) {
        PyErr_Format(PyExc_TypeError, "%s: %s is read-only but is changed in place; pass %s.copy()", func, name, name);
        return NULL;
    }
    if (!PyArray_ISBEHAVED(array)) {
        PyErr_Format(PyExc_TypeError, "%s: %s is not aligned or not in native byte order but is changed in place; "
                     "use %s.astype(np.float64)", func, name, name);
        return NULL;
    }
    return array;
}

/* Releasing the GIL costs about as much as a thousand elements of simple work; a chunk should be worth a thread's
 * while to claim. */
#define WORTH_RELEASING 2048
#define CHUNK 16384

void
run(range_kernel *kernel, void *args, npy_intp n, npy_intp cost)
{
    cost = cost > 0 ? cost : 1;
    if (n * cost < WORTH_RELEASING) {
        kernel(args, 0, n);
        return;
    }
    Py_BEGIN_ALLOW_THREADS
    parallel_for(n, cost < CHUNK ? CHUNK / cost : 1, kernel, args);
    Py_END_ALLOW_THREADS
}
