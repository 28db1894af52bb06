#include "binding.h"
#include "memory.h"

#include <math.h>
#include <string.h>

/* f(x) as a number. -1 with an exception set. */
static int
number_from(const char *func, PyObject *result, double *value)
{
    char text[SHAPE_TEXT];
    PyArrayObject *array = PyArray_Check(result) ? (PyArrayObject *)result : NULL;
    if (array != NULL && PyArray_SIZE(array) != 1) {
        PyErr_Format(PyExc_TypeError, "%s: f returned an array of shape %s; it must return one number, as np.sum does",
                     func, shape_text(array, text));
        return -1;
    }
    PyObject *number = array != NULL ? PyArray_GETITEM(array, PyArray_BYTES(array)) : Py_NewRef(result);
    if (number == NULL) {
        return -1;
    }
    /* float(x) would drop the imaginary part and read a text */
    const int refused = PyComplex_Check(number) || PyArray_IsScalar(number, ComplexFloating) || PyUnicode_Check(number);
    *value = refused ? 0 : PyFloat_AsDouble(number);
    if (refused || (*value == -1 && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_TypeError))) {
        PyErr_Format(PyExc_TypeError, "%s: f returned a %.100s; it must return one real number", func,
                     Py_TYPE(number)->tp_name);
    }
    Py_DECREF(number);
    return PyErr_Occurred() ? -1 : 0;
}

static int
call_f(const char *func, PyObject *f, PyObject *x, double *value)
{
    PyObject *result = PyObject_CallOneArg(f, x);
    if (result == NULL) {
        return -1;
    }
    const int status = number_from(func, result, value);
    Py_DECREF(result);
    return status;
}

/* Whether x still has the memory it had when data and grad were made: f may have resized it. */
static int
is_where_it_was(PyArrayObject *x, const char *data, PyArrayObject *grad)
{
    return PyArray_BYTES(x) == data && PyArray_NDIM(x) == PyArray_NDIM(grad)
           && PyArray_CompareLists(PyArray_DIMS(x), PyArray_DIMS(grad), PyArray_NDIM(x));
}

/* float64: the book's h. float32: the h that balances the rounding of f, 2^-24 |f| / h, with what the difference leaves
 * out, h^2 |f'''| / 6. */
#define H_DOUBLE 1e-4
#define H_FLOAT 0x1p-8

static void
set_element(void *element, int typenum, double value)
{
    if (typenum == NPY_FLOAT) {
        *(float *)element = (float)value;
    }
    else {
        *(double *)element = value;
    }
}

/* grad[i] = (f(x + h e_i) - f(x - h e_i)) / 2h */
PyObject *
py_numerical_gradient(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "numerical_gradient";
    PyArrayObject *x, *grad;
    if (check_count(func, nargs, 2) < 0 || (x = in_place(func, "x", args[1])) == NULL) {
        return NULL;
    }
    PyObject *f = args[0];
    if (!PyCallable_Check(f)) {
        PyErr_Format(PyExc_TypeError, "%s: f is a %.100s; it must be a function of x", func, Py_TYPE(f)->tp_name);
        return NULL;
    }
    const int typenum = PyArray_TYPE(x), ndim = PyArray_NDIM(x);
    const size_t size = (size_t)PyArray_ITEMSIZE(x);
    if ((grad = allocate_array(ndim, PyArray_DIMS(x), typenum)) == NULL) {
        return NULL;
    }
    npy_intp strides[NPY_MAXDIMS], index[NPY_MAXDIMS] = {0};
    char *const data = PyArray_BYTES(x), *element = data, *out = PyArray_BYTES(grad);
    for (int i = 0; i < ndim; i++) {            /* a scalar's are NULL, which memcpy may not be given */
        strides[i] = PyArray_STRIDE(x, i);
    }
    for (npy_intp n = PyArray_SIZE(grad); n > 0; n--, out += size) {
        char kept[sizeof(double)];
        double above, below;
        memcpy(kept, element, size);
        const double value = typenum == NPY_FLOAT ? *(float *)element : *(double *)element;
        double h = H_DOUBLE, high = value + h, low = value - h, distance = 2 * h;
        if (typenum == NPY_FLOAT) {
            h = H_FLOAT * fmax(1, fabs(value));     /* and x + h is rounded: divide by the true distance */
            high = (float)(value + h);
            low = (float)(value - h);
            distance = high - low;
        }
        set_element(element, typenum, high);
        int failed = call_f(func, f, args[1], &above) < 0;
        if (!failed && is_where_it_was(x, data, grad)) {
            set_element(element, typenum, low);
            failed = call_f(func, f, args[1], &below) < 0;
        }
        if (!is_where_it_was(x, data, grad)) {
            if (!failed) {
                PyErr_Format(PyExc_RuntimeError, "%s: f resized x, which must stay where it is", func);
            }
            goto fail;
        }
        memcpy(element, kept, size);
        if (failed || PyErr_CheckSignals() < 0) {
            goto fail;
        }
        set_element(out, typenum, (above - below) / distance);
        for (int d = ndim - 1; d >= 0; d--) {
            element += strides[d];
            if (++index[d] < PyArray_DIM(grad, d)) {
                break;
            }
            element -= index[d] * strides[d];
            index[d] = 0;
        }
    }
    return (PyObject *)grad;

fail:
    Py_DECREF(grad);
    return NULL;
}
