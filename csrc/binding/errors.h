/* The words of the common errors. A message names the function and the argument, says what came and what is due. */
#ifndef PYNN_ERRORS_H
#define PYNN_ERRORS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define PY_ARRAY_UNIQUE_SYMBOL pynn_ARRAY_API
#ifndef PYNN_IMPORTS_ARRAY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

/* From 3.12 on CPython's headers return these without counting, also to the older versions of the stable ABI, which count. */
#undef Py_RETURN_NONE
#undef Py_RETURN_TRUE
#undef Py_RETURN_FALSE

/* "(100, 784)", for messages. */
#define SHAPE_TEXT 160
const char *shape_text(PyArrayObject *x, char text[SHAPE_TEXT]);
const char *dims_text(int ndim, const npy_intp *dims, char text[SHAPE_TEXT]);

/* The name of x's type, for messages. */
#define TYPE_TEXT 128
const char *type_text(PyObject *x, char text[TYPE_TEXT]);

/* TypeError unless n arguments came. */
int check_count(const char *func, Py_ssize_t given, Py_ssize_t expected);

/* ValueError unless both have the same shape. */
int check_same_shape(const char *func, const char *name_a, PyArrayObject *a, const char *name_b, PyArrayObject *b);

/* ValueError unless x has this shape, which forward saw or gave. */
int check_shape(const char *func, const char *name, PyArrayObject *x, int ndim, const npy_intp *dims);

/* An error in words in place of the TypeError, ValueError or OverflowError that is set, which becomes its cause. Any other
 * exception, such as the KeyboardInterrupt of somebody's own __array__, stays as it is. */
void explain(PyObject *type, const char *format, ...);

/* explain that x cannot be what it must be: an array by its shape, all else as Python writes it. NumPy's way of writing an array out
 * may be long, and leaks where memory runs out. */
void explain_value(PyObject *type, const char *func, const char *name, PyObject *x, const char *due);

/* MemoryError for an array of this shape. NULL. */
void *no_memory(const char *func, int ndim, const npy_intp *dims, int typenum);

#endif
