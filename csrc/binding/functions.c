#include "binding.h"
#include "memory.h"

/* A fresh array of the shape of x for a kernel of one element each. */
static PyObject *
elementwise(const char *func, enum elementwise kernel, PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"x"};
    call c;
    if (check_count(func, nargs, 1) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    PyArrayObject *x = c.in[0], *out;
    if (kernel == STEP) {
        out = allocate_array(PyArray_NDIM(x), PyArray_DIMS(x), NPY_INT64);
        c.half = 0;
    }
    else {
        out = call_output(&c, PyArray_NDIM(x), PyArray_DIMS(x));
    }
    if (out != NULL) {
        struct elementwise_args e = {.x = PyArray_DATA(x), .out = PyArray_DATA(out)};
        run(c.k->elementwise[kernel], &e, PyArray_SIZE(x), 1);
    }
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
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

/* Two arrays of one shape, or an array and a number. A Python number takes the dtype of the array, as in NumPy; two
 * numbers are Python's business, so that the book's apples stay integers. */
static PyObject *
binary(const char *func, enum binary kernel, PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"x", "y"};
    PyArrayObject *out = NULL;
    call c;
    if (check_count(func, nargs, 2) < 0) {
        return NULL;
    }
    if (PyArray_IsAnyScalar(args[0]) && PyArray_IsAnyScalar(args[1])) {
        return kernel == ADD ? PyNumber_Add(args[0], args[1]) : PyNumber_Multiply(args[0], args[1]);
    }
    const int first = is_python_number(args[0]), number = first || is_python_number(args[1]);
    if (call_begin(&c, func, number ? 1 : 2, args + first, names + first, 0) < 0) {
        return NULL;
    }
    if (number) {
        c.in[1] = input_as(func, names[!first], args[!first], c.typenum);
        if (c.in[1] == NULL) {
            goto done;
        }
        c.n = 2;
    }
    const int swap = PyArray_NDIM(c.in[0]) == 0;        /* the number comes second: both operations commute */
    PyArrayObject *x = c.in[swap], *y = c.in[!swap];
    if (PyArray_NDIM(y) > 0 && check_same_shape(func, "x", x, "y", y) < 0) {
        goto done;
    }
    out = call_output(&c, PyArray_NDIM(x), PyArray_DIMS(x));
    if (out != NULL) {
        struct binary_args b = {.x = PyArray_DATA(x), .y = PyArray_DATA(y), .y_is_scalar = PyArray_NDIM(y) == 0,
                                .out = PyArray_DATA(out)};
        run(c.k->binary[kernel], &b, PyArray_SIZE(x), 1);
    }
done:
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
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
