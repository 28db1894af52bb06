#include "binding.h"
#include "memory.h"

#include <math.h>
#include <string.h>

/* What f returned, as a number. -1 with an exception set. */
static int
read_result(const char *func, PyObject *result, double *value)
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
    if (refused || (*value == -1 && PyErr_Occurred())) {
        char type[TYPE_TEXT];
        explain(PyExc_TypeError, "%s: f returned a %s; it must return one real number that a float can hold", func,
                type_text(number, type));
    }
    Py_DECREF(number);
    return PyErr_Occurred() ? -1 : 0;
}

static int
call_f(const char *func, PyObject *f, PyObject *x, double *value)
{
    PyObject *result = PyObject_CallFunctionObjArgs(f, x, NULL);
    if (result == NULL) {
        return -1;
    }
    const int status = read_result(func, result, value);
    Py_DECREF(result);
    return status;
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

/* The points that element `value` moves to, and how far they are apart. */
struct points {
    double high, low, distance;
};

static struct points
points_around(double value, int typenum)
{
    if (typenum == NPY_DOUBLE) {
        return (struct points){value + H_DOUBLE, value - H_DOUBLE, 2 * H_DOUBLE};
    }
    const double h = H_FLOAT * fmax(1, fabs(value));
    const float high = (float)(value + h), low = (float)(value - h);    /* rounded: divide by the true distance */
    return (struct points){(double)high, (double)low, (double)high - (double)low};
}

/* x while it is differentiated. f may do with it what it likes, so its layout is kept as it was. */
struct differentiated {
    PyObject *f;
    PyArrayObject *x, *grad;    /* grad has the shape that x had */
    char *data;                 /* where x began */
    npy_intp strides[NPY_MAXDIMS];
};

static int
is_where_it_was(const struct differentiated *d)
{
    const int ndim = PyArray_NDIM(d->grad);
    return PyArray_BYTES(d->x) == d->data && PyArray_NDIM(d->x) == ndim
           && PyArray_CompareLists(PyArray_DIMS(d->x), PyArray_DIMS(d->grad), ndim)
           && PyArray_CompareLists(PyArray_STRIDES(d->x), d->strides, ndim)
           && type_of(d->x) == type_of(d->grad);
}

/* The element `offset` bytes into x, if f has left it one: resize keeps the elements that still fit, reshape all of them. */
static char *
element_of(const struct differentiated *d, npy_intp offset)
{
    if (PyArray_CHKFLAGS(d->x, NPY_ARRAY_OWNDATA)) {
        return offset + PyArray_ITEMSIZE(d->grad) <= PyArray_NBYTES(d->x) ? PyArray_BYTES(d->x) + offset : NULL;
    }
    return PyArray_BYTES(d->x) == d->data ? d->data + offset : NULL;
}

/* out = the derivative along the element `offset` bytes into x, which is put back. -1 with an exception set. */
static int
differentiate(const char *func, struct differentiated *d, npy_intp offset, char *out)
{
    const int typenum = PyArray_TYPE(d->grad);
    const size_t size = (size_t)PyArray_ITEMSIZE(d->grad);
    char kept[sizeof(double)];
    double above, below;
    memcpy(kept, d->data + offset, size);
    const struct points at = points_around(typenum == NPY_FLOAT ? (double)*(float *)kept : *(double *)kept, typenum);
    set_element(d->data + offset, typenum, at.high);
    int failed = call_f(func, d->f, (PyObject *)d->x, &above) < 0;
    if (!failed && is_where_it_was(d)) {
        set_element(d->data + offset, typenum, at.low);
        failed = call_f(func, d->f, (PyObject *)d->x, &below) < 0;
    }
    char *element = element_of(d, offset);
    if (element != NULL) {
        memcpy(element, kept, size);
    }
    if (!failed && !is_where_it_was(d)) {
        PyErr_Format(PyExc_RuntimeError, "%s: f resized x or changed its shape; it must leave x as it is", func);
        return -1;
    }
    if (failed || PyErr_CheckSignals() < 0) {
        return -1;
    }
    set_element(out, typenum, (above - below) / at.distance);
    return 0;
}

/* All derivatives, into grad. -1 with an exception set. */
static int
differentiate_all(const char *func, struct differentiated *d)
{
    const int ndim = PyArray_NDIM(d->grad);
    npy_intp index[NPY_MAXDIMS] = {0}, offset = 0;
    char *out = PyArray_BYTES(d->grad);
    for (npy_intp n = PyArray_SIZE(d->grad); n > 0; n--, out += PyArray_ITEMSIZE(d->grad)) {
        if (differentiate(func, d, offset, out) < 0) {
            return -1;
        }
        for (int axis = ndim - 1; axis >= 0; axis--) {
            offset += d->strides[axis];
            if (++index[axis] < PyArray_DIM(d->grad, axis)) {
                break;
            }
            offset -= index[axis] * d->strides[axis];
            index[axis] = 0;
        }
    }
    return 0;
}

/* (f, x): grad[i] = (f(x + h e_i) - f(x - h e_i)) / 2h */
PyObject *
py_numerical_gradient(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "numerical_gradient";
    if (check_count(func, nargs, 2) < 0) {
        return NULL;
    }
    struct differentiated d = {.f = args[0], .x = in_place(func, "x", args[1])};
    if (d.x == NULL) {
        return NULL;
    }
    if (!PyCallable_Check(d.f)) {
        char type[TYPE_TEXT];
        PyErr_Format(PyExc_TypeError, "%s: f is a %s; it must be a function of x", func, type_text(d.f, type));
        return NULL;
    }
    d.grad = allocate_array(func, PyArray_NDIM(d.x), PyArray_DIMS(d.x), type_of(d.x));
    if (d.grad == NULL) {
        return NULL;
    }
    d.data = PyArray_BYTES(d.x);
    for (int i = 0; i < PyArray_NDIM(d.x); i++) {
        d.strides[i] = PyArray_STRIDE(d.x, i);
    }
    if (differentiate_all(func, &d) < 0) {
        Py_CLEAR(d.grad);
    }
    return (PyObject *)d.grad;
}
