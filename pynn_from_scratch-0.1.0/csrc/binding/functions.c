#include "binding.h"

/* A fresh array of the shape of x for a kernel of one element each. */
static PyObject *
elementwise(const char *func, enum elementwise kernel, PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"x"};
    call c;
    if (check_count(func, nargs, 1) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *x = c.in[0];
    struct elementwise_args e = {.x = INPUT(&c, 0)};
    e.out = new_output_of(&c, kernel == STEP ? NPY_INT64 : c.typenum, PyArray_NDIM(x), PyArray_DIMS(x));
    run(c.k->elementwise[kernel], &e, PyArray_SIZE(x), 1);
    return call_finish(&c);
}

#define ELEMENTWISE(name, func, kernel)                                                             \
    PyObject *                                                                                      \
    py_##name(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)                 \
    {                                                                                               \
        return elementwise(func, kernel, args, nargs);                                              \
    }

ELEMENTWISE(identity_function, "identity_function", COPY)
ELEMENTWISE(step_function, "step_function", STEP)
ELEMENTWISE(sigmoid, "sigmoid", SIGMOID)
ELEMENTWISE(sigmoid_forward, "Sigmoid.forward", SIGMOID)
ELEMENTWISE(sigmoid_grad, "sigmoid_grad", SIGMOID_GRAD)
ELEMENTWISE(relu, "relu", RELU)
ELEMENTWISE(relu_grad, "relu_grad", RELU_GRAD)
ELEMENTWISE(tanh, "tanh", TANH)
ELEMENTWISE(tanh_forward, "Tanh.forward", TANH)

static int
is_python_number(PyObject *x)
{
    return PyFloat_CheckExact(x) || PyLong_CheckExact(x);
}

/* The result of two numbers, which is Python's business: the book's apples stay integers. */
static PyObject *
of_numbers(const char *func, enum binary kernel, PyObject *x, PyObject *y)
{
    PyObject *result = kernel == ADD ? PyNumber_Add(x, y) : PyNumber_Multiply(x, y);
    if (result == NULL) {
        explain(PyExc_OverflowError, "%s: x and y are too large; a float cannot hold the result", func);
    }
    return result;
}

static void
of_array_and_number(call *c, enum binary kernel, double number)
{
    const float single = (float)number;
    struct binary_args b = {.x = INPUT(c, 0), .y = c->typenum == NPY_FLOAT ? (const void *)&single : &number, .y_is_scalar = 1,
                            .out = new_output_like(c, 0)};
    run(c->k->binary[kernel], &b, PyArray_SIZE(c->in[0]), 1);
}

static void
of_arrays(call *c, enum binary kernel)
{
    const int swap = PyArray_NDIM(c->in[0]) == 0;       /* a number comes second: both operations commute */
    PyArrayObject *x = c->in[swap], *y = c->in[!swap];
    if (PyArray_NDIM(y) == 0 || check_same_shape(c->func, "x", x, "y", y) == 0) {
        struct binary_args b = {.x = PyArray_DATA(x), .y = PyArray_DATA(y), .y_is_scalar = PyArray_NDIM(y) == 0,
                                .out = new_output_like(c, swap)};
        run(c->k->binary[kernel], &b, PyArray_SIZE(x), 1);
    }
}

/* Two arrays of one shape, or an array and a number. A Python number takes the dtype of the array, as in NumPy. */
static PyObject *
binary(const char *func, enum binary kernel, PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"x", "y"};
    call c;
    double value;
    if (check_count(func, nargs, 2) < 0) {
        return NULL;
    }
    if (is_number(args[0]) && is_number(args[1]) && !PyArray_Check(args[0]) && !PyArray_Check(args[1])) {
        return of_numbers(func, kernel, args[0], args[1]);
    }
    const int first = is_python_number(args[0]), number = first || is_python_number(args[1]);
    if (number && number_from(func, names[!first], args[!first], &value) < 0) {
        return NULL;
    }
    if (call_begin(&c, func, number ? 1 : 2, args + first, names + first, 0) < 0) {
        return NULL;
    }
    if (number) {
        of_array_and_number(&c, kernel, value);
    }
    else {
        of_arrays(&c, kernel);
    }
    return call_finish(&c);
}

/* (func, name, x): x as an array of whatever dtype, itself where it is one; func and name are for messages */
PyObject *
py_as_array(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("as_array", nargs, 3) < 0) {
        return NULL;
    }
    const char *func = text_from("as_array", "func", args[0]);
    const char *name = func == NULL ? NULL : text_from("as_array", "name", args[1]);
    return name == NULL ? NULL : (PyObject *)array_from(func, name, args[2]);
}

PyObject *
py_add(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return binary("add", ADD, args, nargs);
}

PyObject *
py_multiply(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return binary("multiply", MULTIPLY, args, nargs);
}
