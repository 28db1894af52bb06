/* The validator: Python objects in, arrays and numbers that kernels may read out. It alone decides which kinds of arrays, dtypes,
 * labels and numbers are accepted; which shapes are due, each operation says.
 *
 * Reading an object may run its owner's code (__array__, __float__, __index__), which may reshape an array that was read
 * before. So an operation reads all of its arguments, numbers before arrays, before it looks at the shape of any array. */
#ifndef PYNN_ARRAYS_H
#define PYNN_ARRAYS_H

#include "errors.h"

#include <stddef.h>

/* An array for an argument whose dtype and shape are still to be judged. A new reference, or NULL. */
PyArrayObject *array_from_other(const char *func, const char *name, PyObject *x);

static inline PyArrayObject *
array_from(const char *func, const char *name, PyObject *x)
{
    return PyArray_CheckExact(x) ? (PyArrayObject *)Py_NewRef(x) : array_from_other(func, name, x);
}

/* Puts an array, or NULL, in the place of another, which is released. */
static inline void
replace(PyArrayObject **place, PyArrayObject *array)
{
    PyArrayObject *old = *place;
    *place = array;
    Py_DECREF(old);
}

/* The number of x's dtype. A long double of 8 bytes, as Windows and ARM's Macs have it, is a double. */
static inline int
type_of(const PyArrayObject *x)
{
    const int type = PyArray_TYPE(x);
    return type == NPY_LONGDOUBLE && PyArray_ITEMSIZE(x) == (npy_intp)sizeof(double) ? NPY_DOUBLE : type;
}

/* The dtype in which a kernel computes with x: NPY_FLOAT, NPY_DOUBLE, or NPY_HALF, which counts as float32 later. -1 with an
 * exception set where x holds neither floats of at most 64 bits nor integers nor bool. */
int computing_type_of_other(const char *func, const char *name, PyArrayObject *x);

static inline int
computing_type(const char *func, const char *name, PyArrayObject *x)
{
    const int type = type_of(x);
    return type == NPY_FLOAT || type == NPY_DOUBLE ? type : computing_type_of_other(func, name, x);
}

/* x as a C-contiguous, aligned array of native numbers of a dtype: x itself where it is one. A new reference, or NULL. */
PyArrayObject *array_as(const char *func, const char *name, PyArrayObject *x, int typenum);

/* The mask of a ReLU or of dropout: a C-contiguous bool array. A new reference, or NULL. */
PyArrayObject *mask_from(const char *func, PyObject *mask);

/* Class labels out of t: an array of `n` integers, each in [0, classes), copied so that nobody changes them afterwards. */
PyArrayObject *labels_from(const char *func, PyArrayObject *t, npy_intp n, npy_intp classes);

/* An array that will be changed in place: float32 or float64, writeable, aligned, native. Borrowed, or NULL. */
PyArrayObject *in_place(const char *func, const char *name, PyObject *x);

/* Whether x is one real number of Python or NumPy. */
int is_number(PyObject *x);

/* A C double from a number such as a learning rate. -1 with an exception set. */
int number_from_other(const char *func, const char *name, PyObject *x, double *out);

static inline int
number_from(const char *func, const char *name, PyObject *x, double *out)
{
    if (PyFloat_CheckExact(x)) {
        *out = PyFloat_AsDouble(x);
        return 0;
    }
    return number_from_other(func, name, x, out);
}

/* Whether x is true. -1 with an exception set. */
int flag_from(const char *func, const char *name, PyObject *x);

/* A text, which x owns. NULL with an exception set. */
const char *text_from(const char *func, const char *name, PyObject *x);

/* A whole number from `least` to `most`; ANY_SIZE is beyond all that is of use. -1 with an exception set. */
#define ANY_SIZE 1000000000
int whole_number_from(const char *func, const char *name, PyObject *x, Py_ssize_t least, Py_ssize_t most, ptrdiff_t *out);

#endif
