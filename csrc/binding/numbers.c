/* Numbers, flags and texts among the arguments. */
#include "arrays.h"

/* Whether a dtype is one of real numbers: timedelta64 has the kind of an integer but is none. */
static int
is_real(int typenum)
{
    return PyTypeNum_ISBOOL(typenum) || PyTypeNum_ISINTEGER(typenum) || PyTypeNum_ISFLOAT(typenum);
}

int
is_number(PyObject *x)
{
    if (PyFloat_Check(x) || PyLong_Check(x)) {
        return 1;
    }
    if (PyArray_IsScalar(x, Generic)) {
        return PyArray_IsScalar(x, Bool) || (PyArray_IsScalar(x, Number) && !PyArray_IsScalar(x, ComplexFloating)
                                             && !PyArray_IsScalar(x, Timedelta));
    }
    return PyArray_CheckExact(x) && PyArray_NDIM((PyArrayObject *)x) == 0 && is_real(PyArray_TYPE((PyArrayObject *)x));
}

/* Whether x is of some other type that knows how to be a float: Fraction, Decimal, a reader's own. */
static int
has_float(PyObject *x)
{
    return (PyType_GetSlot(Py_TYPE(x), Py_nb_float) != NULL || PyType_GetSlot(Py_TYPE(x), Py_nb_index) != NULL)
           && !PyArray_Check(x) && !PyArray_IsScalar(x, Generic);
}

int
number_from_other(const char *func, const char *name, PyObject *x, double *out)
{
    char type[TYPE_TEXT];
    if (!is_number(x) && !has_float(x)) {
        char text[SHAPE_TEXT];
        if (PyArray_Check(x)) {
            PyErr_Format(PyExc_TypeError, "%s: %s must be a number, not an array of shape %s and dtype %S", func, name,
                         shape_text((PyArrayObject *)x, text), PyArray_DESCR((PyArrayObject *)x));
        }
        else {
            PyErr_Format(PyExc_TypeError, "%s: %s must be a number, not %s", func, name, type_text(x, type));
        }
        return -1;
    }
    *out = PyFloat_AsDouble(x);
    if (*out != -1.0 || !PyErr_Occurred()) {
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
        explain(PyExc_OverflowError, "%s: %s is too large; it must be a number that a float can hold", func, name);
    }
    else {
        explain(PyExc_TypeError, "%s: %s is a %s that cannot be read as a number", func, name, type_text(x, type));
    }
    return -1;
}

int
whole_number_from(const char *func, const char *name, PyObject *x, Py_ssize_t least, Py_ssize_t most, ptrdiff_t *out)
{
    const Py_ssize_t value = PyNumber_AsSsize_t(x, NULL);       /* clipped where it does not fit */
    if (value == -1 && PyErr_Occurred()) {
        explain_value(PyExc_TypeError, func, name, x, "a whole number");
        return -1;
    }
    if (value < least || value > most) {
        PyObject *text = PyObject_Str(x);       /* Python refuses to write out thousands of digits */
        if (text == NULL) {
            explain(PyExc_ValueError, "%s: %s is out of range; it must be from %zd to %zd", func, name, least, most);
        }
        else if (value < least && most == ANY_SIZE) {
            PyErr_Format(PyExc_ValueError, "%s: %s is %U; it must be at least %zd", func, name, text, least);
        }
        else {
            PyErr_Format(PyExc_ValueError, "%s: %s is %U; it must be from %zd to %zd", func, name, text, least, most);
        }
        Py_XDECREF(text);
        return -1;
    }
    *out = value;
    return 0;
}

int
flag_from(const char *func, const char *name, PyObject *x)
{
    const int flag = PyObject_IsTrue(x);
    if (flag < 0) {
        char type[TYPE_TEXT];
        explain(PyExc_TypeError, "%s: %s is a %s, which is neither true nor false; it must be True or False", func, name,
                type_text(x, type));
    }
    return flag;
}

const char *
text_from(const char *func, const char *name, PyObject *x)
{
    const char *text = PyUnicode_Check(x) ? PyUnicode_AsUTF8AndSize(x, NULL) : NULL;
    if (text == NULL) {
        char type[TYPE_TEXT];
        explain(PyExc_TypeError, "%s: %s is a %s that cannot be read as text; it must be a str", func, name, type_text(x, type));
    }
    return text;
}
