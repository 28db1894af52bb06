/* The validator: Python objects in, arrays that kernels may read out. It alone decides what is accepted, and words
 * every error. */
#ifndef PYNN_ARRAYS_H
#define PYNN_ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define PY_ARRAY_UNIQUE_SYMBOL pynn_ARRAY_API
#ifndef PYNN_IMPORTS_ARRAY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include "../kernels/kernels.h"

#define MAX_INPUTS 8

/* The inputs of one operation, brought to one dtype: float32 where all of them are float32 or float16, else float64. */
typedef struct {
    const char *func;               /* as its user knows it: "Affine.forward" */
    const struct kernels *k;        /* the kernels of that dtype */
    int typenum;                    /* NPY_FLOAT or NPY_DOUBLE */
    int half;                       /* all inputs are float16: so will be what is returned */
    int n;
    PyArrayObject *in[MAX_INPUTS];  /* aligned, in native byte order, C-contiguous unless asked for strided */
} call;

#define STRIDED(i) (1u << (i))      /* input i keeps its strides */

/* Reads n inputs; names[i] is what messages call args[i]. -1 with an exception set, and nothing to release. */
int call_begin(call *c, const char *func, int n, PyObject *const *args, const char *const *names, unsigned strided);

/* The kernels of NPY_FLOAT or NPY_DOUBLE. */
const struct kernels *kernels_of(int typenum);

/* Releases the inputs. */
void call_end(call *c);

/* A new array for a result, of the dtype of the inputs. */
PyArrayObject *call_output(const call *c, int ndim, const npy_intp *dims);

/* What to hand to Python for a result: rounded to float16 where the inputs were, a scalar if it is 0-d. Steals out. */
PyObject *call_result(const call *c, PyArrayObject *out);

/* A tuple of n results, which it takes over; NULL if one of them is. */
PyObject *pack_results(Py_ssize_t n, PyObject *const *results);

/* The i-th input as numbers. */
#define INPUT(c, i) ((const void *)PyArray_DATA((c)->in[i]))

/* An argument on its own as a C-contiguous array of a given dtype. A new reference, or NULL with an exception set. */
PyArrayObject *input_as(const char *func, const char *name, PyObject *x, int typenum);

/* An array for an argument whose dtype and shape are still to be judged. A new reference, or NULL. */
PyArrayObject *array_from(const char *func, const char *name, PyObject *x);

/* ValueError unless both have the same shape. */
int check_same_shape(const char *func, const char *name_a, PyArrayObject *a, const char *name_b, PyArrayObject *b);

/* The mask of a ReLU: a bool array. A new reference, or NULL. */
PyArrayObject *mask_of(const char *func, PyObject *mask);

/* Class labels: an array of `n` integers, each in [0, classes), copied so that nobody changes them afterwards. */
PyArrayObject *labels_of(const char *func, PyObject *t, npy_intp n, npy_intp classes);

/* An array that will be changed in place: float32 or float64, writeable, aligned, native. Borrowed, or NULL. */
PyArrayObject *in_place(const char *func, const char *name, PyObject *x);

/* A C double from a number such as a learning rate. -1 with an exception set. */
int number_of(const char *func, const char *name, PyObject *x, double *out);

/* "(100, 784)", for messages. */
#define SHAPE_TEXT 160
const char *shape_text(PyArrayObject *x, char text[SHAPE_TEXT]);

/* TypeError unless n arguments came. */
int check_count(const char *func, Py_ssize_t given, Py_ssize_t expected);

/* Runs a kernel over [0, n), each step worth `cost` elements: without the GIL and over the pool where that pays. */
void run(range_kernel *kernel, void *args, npy_intp n, npy_intp cost);

#endif
