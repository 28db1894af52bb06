/* A batch out of a data set: numpy.take along the first axis, faster where rows are what kernels read. */
#include "binding.h"
#include "memory.h"

#include "../kernels/rows.h"

static int
are_plain_rows(PyObject *x, PyObject *rows)
{
    if (!PyArray_CheckExact(x) || !PyArray_CheckExact(rows)) {
        return 0;
    }
    PyArrayObject *a = (PyArrayObject *)x, *index = (PyArrayObject *)rows;
    /* bytes are copied: it makes no difference whether they are aligned, as in arrays that came from another process they are not */
    return (PyArray_TYPE(a) == NPY_FLOAT || PyArray_TYPE(a) == NPY_DOUBLE) && PyArray_IS_C_CONTIGUOUS(a) && PyArray_ISNOTSWAPPED(a)
           && PyArray_NDIM(a) > 1 && PyArray_TYPE(index) == NPY_INT64 && PyArray_NDIM(index) == 1;
}

static int
are_within(const npy_int64 *index, npy_intp n, npy_intp rows)
{
    for (npy_intp i = 0; i < n; i++) {
        if (index[i] < 0 || index[i] >= rows) {
            return 0;
        }
    }
    return 1;
}

/* The rows with those numbers, which are a copy that nobody else can change. NULL with an exception set. */
static PyArrayObject *
copy_rows(PyArrayObject *x, PyArrayObject *index)
{
    npy_intp dims[NPY_MAXDIMS];
    /* not the stride, which may be any where there is one row */
    const npy_intp bytes = PyArray_MultiplyList(PyArray_DIMS(x) + 1, PyArray_NDIM(x) - 1) * PyArray_ITEMSIZE(x);
    const npy_intp n = PyArray_SIZE(index);
    memcpy(dims, PyArray_DIMS(x), (size_t)PyArray_NDIM(x) * sizeof(npy_intp));
    dims[0] = n;
    PyArrayObject *out = allocate_array("take_rows", PyArray_NDIM(x), dims, PyArray_TYPE(x));
    if (out != NULL) {
        struct rows_at s = {PyArray_DATA(x), bytes, PyArray_DATA(index), PyArray_DATA(out)};
        run(take_rows, &s, n, bytes / 4);
        if (PyErr_Occurred()) {
            Py_CLEAR(out);
        }
    }
    return out;
}

/* (x, rows): x.take(rows, axis=0) */
PyObject *
py_take_rows(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("take_rows", nargs, 2) < 0) {
        return NULL;
    }
    if (are_plain_rows(args[0], args[1])) {
        PyArrayObject *x = (PyArrayObject *)args[0];
        PyArrayObject *index = copy_array("take_rows", (PyArrayObject *)args[1], NPY_INT64);
        if (index == NULL) {
            return NULL;
        }
        if (are_within(PyArray_DATA(index), PyArray_SIZE(index), PyArray_DIM(x, 0))) {
            PyArrayObject *out = copy_rows(x, index);
            Py_DECREF(index);
            return (PyObject *)out;
        }
        Py_DECREF(index);
    }
    PyArrayObject *x = array_from("take_rows", "x", args[0]);
    /* not PyArray_TakeFrom: of an array that is not contiguous and aligned it copies the whole */
    PyObject *out = x == NULL ? NULL : PyObject_GetItem((PyObject *)x, args[1]);
    Py_XDECREF(x);
    /* where NumPy 2.4 finds no memory, it may give neither a result nor an exception, or both */
    if (out == NULL && !PyErr_Occurred()) {
        return PyErr_NoMemory();
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(out);
    }
    return out;
}
