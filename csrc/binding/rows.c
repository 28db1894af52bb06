/* A batch out of a data set: numpy.take along the first axis, faster where rows are what kernels read. */
#include "binding.h"
#include "memory.h"

#include "../kernels/rows.h"

/* The numbers of the rows, copied: nobody changes them afterwards, and what is larger than any memory is refused, which NumPy would
 * look through to its end. NULL with an exception set. */
static PyArrayObject *
numbers_of_rows(PyObject *rows)
{
    PyArrayObject *given = array_from("take_rows", "rows", rows), *index = NULL;
    if (given != NULL && !PyTypeNum_ISINTEGER(PyArray_TYPE(given))) {
        PyErr_Format(PyExc_TypeError, "take_rows: rows has dtype %S; it must be whole numbers", PyArray_DESCR(given));
    }
    else if (given != NULL) {
        index = copy_array("take_rows", given, NPY_INT64);
    }
    Py_XDECREF(given);
    return index;
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

static int
are_plain_rows(PyArrayObject *x, PyArrayObject *index)
{
    /* bytes are copied: it makes no difference whether they are aligned, as in arrays that came from another process they are not */
    return (PyArray_TYPE(x) == NPY_FLOAT || PyArray_TYPE(x) == NPY_DOUBLE) && PyArray_IS_C_CONTIGUOUS(x) && PyArray_ISNOTSWAPPED(x)
           && PyArray_NDIM(x) > 1 && PyArray_NDIM(index) == 1 && are_within(PyArray_DATA(index), PyArray_SIZE(index), PyArray_DIM(x, 0));
}

/* The rows with those numbers, which are a copy that nobody else can change. NULL with an exception set. */
static PyObject *
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
    return (PyObject *)out;
}

/* x[index], which is no view where index is an array. NULL with an exception set. */
static PyObject *
index_rows(PyArrayObject *x, PyArrayObject *index)
{
    /* not PyArray_TakeFrom: of an array that is not contiguous and aligned it copies the whole */
    PyObject *out = PyObject_GetItem((PyObject *)x, (PyObject *)index);
    /* where NumPy 2.4 finds no memory, it may give neither a result nor an exception, or both */
    if (out == NULL && !PyErr_Occurred()) {
        PyErr_NoMemory();
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(out);
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
    PyArrayObject *x = array_from("take_rows", "x", args[0]), *index = x == NULL ? NULL : numbers_of_rows(args[1]);
    PyObject *out = NULL;
    if (index != NULL) {
        out = are_plain_rows(x, index) ? copy_rows(x, index) : index_rows(x, index);
    }
    Py_XDECREF(index);
    Py_XDECREF(x);
    return out;
}
