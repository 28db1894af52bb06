#include "errors.h"

#include <stdarg.h>
#include <stdio.h>

const char *
dims_text(int ndim, const npy_intp *dims, char text[SHAPE_TEXT])
{
    int at = snprintf(text, SHAPE_TEXT, "(");
    for (int i = 0; i < ndim && at < SHAPE_TEXT - 24; i++) {
        at += snprintf(text + at, SHAPE_TEXT - at, i > 0 ? ", %zd" : "%zd", (Py_ssize_t)dims[i]);
    }
    snprintf(text + at, SHAPE_TEXT - at, ndim == 1 ? ",)" : ")");
    return text;
}

const char *
shape_text(PyArrayObject *x, char text[SHAPE_TEXT])
{
    return dims_text(PyArray_NDIM(x), PyArray_DIMS(x), text);
}

const char *
type_text(PyObject *x, char text[TYPE_TEXT])
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);         /* a cause may be set already */
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(x), "__name__");
    const char *utf8 = name == NULL ? NULL : PyUnicode_AsUTF8AndSize(name, NULL);
    snprintf(text, TYPE_TEXT, "%.100s", utf8 == NULL ? "object of a nameless type" : utf8);
    Py_XDECREF(name);
    PyErr_Restore(type, value, trace);
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
check_shape(const char *func, const char *name, PyArrayObject *x, int ndim, const npy_intp *dims)
{
    if (PyArray_NDIM(x) != ndim || !PyArray_CompareLists(PyArray_DIMS(x), dims, ndim)) {
        char text[SHAPE_TEXT], due[SHAPE_TEXT];
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s but forward gave %s; they must be equal", func, name,
                     shape_text(x, text), dims_text(ndim, dims, due));
        return -1;
    }
    return 0;
}

void
explain(PyObject *type, const char *format, ...)
{
    PyObject *kind, *cause, *trace;
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError) && !PyErr_ExceptionMatches(PyExc_ValueError)
        && !PyErr_ExceptionMatches(PyExc_OverflowError)) {
        return;
    }
    PyErr_Fetch(&kind, &cause, &trace);
    PyErr_NormalizeException(&kind, &cause, &trace);
    if (trace != NULL) {
        PyException_SetTraceback(cause, trace);
    }
    va_list list;
    va_start(list, format);
    PyErr_FormatV(type, format, list);
    va_end(list);
    if (cause != NULL) {
        PyObject *error, *value, *none;
        PyErr_Fetch(&error, &value, &none);
        PyErr_NormalizeException(&error, &value, &none);
        PyException_SetCause(value, Py_NewRef(cause));
        PyException_SetContext(value, Py_NewRef(cause));
        PyErr_Restore(error, value, none);
    }
    Py_XDECREF(kind);
    Py_XDECREF(cause);
    Py_XDECREF(trace);
}

void
explain_value(PyObject *type, const char *func, const char *name, PyObject *x, const char *due)
{
    if (PyArray_Check(x)) {
        char text[SHAPE_TEXT];
        explain(type, "%s: %s is an array of shape %s and dtype %S; it must be %s", func, name, shape_text((PyArrayObject *)x, text),
                PyArray_DESCR((PyArrayObject *)x), due);
    }
    else {
        explain(type, "%s: %s is %R; it must be %s", func, name, x, due);
    }
}

void *
no_memory(const char *func, int ndim, const npy_intp *dims, int typenum)
{
    char text[SHAPE_TEXT], bytes[32];
    PyArray_Descr *descr = PyArray_DescrFromType(typenum);
    double size = (double)PyDataType_ELSIZE(descr);
    for (int i = 0; i < ndim; i++) {
        size *= (double)dims[i];
    }
    snprintf(bytes, sizeof(bytes), size < 1e15 ? "%.0f" : "%.3g", size);
    PyErr_Format(PyExc_MemoryError, "%s: there is no memory for an array of shape %s and dtype %S, which takes %s bytes", func,
                 dims_text(ndim, dims, text), descr, bytes);
    Py_DECREF(descr);
    return NULL;
}
