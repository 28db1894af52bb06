#include "binding.h"

/* What each rule takes after the parameter and its gradient: arrays that it keeps, then numbers. */
static const struct {
    const char *func, *state[2], *number[4];
} rules[RULES] = {
    [SGD] = {"SGD.update", {NULL}, {"lr"}},
    [MOMENTUM] = {"Momentum.update", {"v"}, {"lr", "momentum"}},
    [NESTEROV] = {"Nesterov.update", {"v"}, {"lr", "momentum"}},
    [ADAGRAD] = {"AdaGrad.update", {"h"}, {"lr"}},
    [RMSPROP] = {"RMSprop.update", {"h"}, {"lr", "decay_rate"}},
    [ADAM] = {"Adam.update", {"m", "v"}, {"lr_t", "beta1", "beta2"}},
    [ADAMW] = {"AdamW.update", {"m", "v"}, {"lr_t", "beta1", "beta2", "lr weight_decay"}},
};

/* The array itself, or where it is not contiguous a copy that is written back when it is released. */
static PyArrayObject *
contiguous(PyArrayObject *x)
{
    return (PyArrayObject *)(PyArray_IS_C_CONTIGUOUS(x)
        ? Py_NewRef((PyObject *)x) : PyArray_FromArray(x, NULL, NPY_ARRAY_CARRAY | NPY_ARRAY_WRITEBACKIFCOPY));
}

/* Whether writing to one contiguous array would change elements of the other that are still to be read. */
static int
overlaps(PyArrayObject *written, PyArrayObject *read)
{
    const char *w = PyArray_DATA(written), *r = PyArray_DATA(read);
    return w != r && w < r + PyArray_NBYTES(read) && r < w + PyArray_NBYTES(written);
}

/* One step of a rule. The parameter and what the rule keeps change in place; a parameter that is a number is returned
 * anew. */
static PyObject *
update(enum rule rule, PyObject *const *args, Py_ssize_t nargs)
{
    const char *const func = rules[rule].func;
    struct update_args u = {0};
    PyArrayObject *array[3] = {NULL}, *given[3], *grad = NULL;  /* the parameter, then the states */
    PyObject *result = NULL;
    int arrays = 1, numbers = 0;
    while (arrays < 3 && rules[rule].state[arrays - 1] != NULL) {
        arrays++;
    }
    while (numbers < 4 && rules[rule].number[numbers] != NULL) {
        numbers++;
    }
    if (check_count(func, nargs, 1 + arrays + numbers) < 0) {
        return NULL;
    }
    for (int i = 0; i < numbers; i++) {
        if (number_of(func, rules[rule].number[i], args[1 + arrays + i], &u.rate[i]) < 0) {
            return NULL;
        }
    }
    for (int i = 1; i < arrays; i++) {
        given[i] = in_place(func, rules[rule].state[i - 1], args[1 + i]);
        if (given[i] == NULL) {
            return NULL;
        }
    }
    const int is_number = PyFloat_Check(args[0]) || PyLong_Check(args[0]) || PyArray_IsScalar(args[0], Floating) ||
                          PyArray_IsScalar(args[0], Integer);
    if (is_number) {
        given[0] = input_as(func, "param", args[0], arrays > 1 ? PyArray_TYPE(given[1]) : NPY_DOUBLE);
    }
    else {
        given[0] = in_place(func, "param", args[0]);
        Py_XINCREF(given[0]);
    }
    if (given[0] == NULL) {
        return NULL;
    }
    const int typenum = PyArray_TYPE(given[0]);
    for (int i = 1; i < arrays; i++) {
        const char *name = rules[rule].state[i - 1];
        if (PyArray_TYPE(given[i]) != typenum) {
            PyErr_Format(PyExc_TypeError, "%s: %s has dtype %S but param has dtype %S; use np.zeros_like(param)", func, name,
                         PyArray_DESCR(given[i]), PyArray_DESCR(given[0]));
            goto done;
        }
        if (check_same_shape(func, name, given[i], "param", given[0]) < 0) {
            goto done;
        }
    }
    grad = input_as(func, "grad", args[1], typenum);
    if (grad == NULL || check_same_shape(func, "grad", grad, "param", given[0]) < 0) {
        goto done;
    }
    for (int i = 0; i < arrays; i++) {
        array[i] = contiguous(given[i]);
        if (array[i] == NULL) {
            goto done;
        }
        if (overlaps(array[i], grad)) {
            Py_SETREF(grad, (PyArrayObject *)PyArray_NewCopy(grad, NPY_CORDER));
            if (grad == NULL) {
                goto done;
            }
        }
    }
    u.param = PyArray_DATA(array[0]);
    u.grad = PyArray_DATA(grad);
    for (int i = 1; i < arrays; i++) {
        u.state[i - 1] = PyArray_DATA(array[i]);
    }
    run(kernels_of(typenum)->update[rule], &u, PyArray_SIZE(array[0]), arrays);
    result = is_number ? PyNumber_Float((PyObject *)array[0]) : Py_NewRef(args[0]);

done:
    for (int i = 0; i < arrays; i++) {
        if (array[i] != NULL && PyArray_ResolveWritebackIfCopy(array[i]) < 0) {
            Py_CLEAR(result);
        }
        Py_XDECREF(array[i]);
    }
    Py_XDECREF(grad);
    Py_DECREF(given[0]);
    return result;
}

#define RULE(name, rule)                                                                            \
    PyObject *                                                                                      \
    py_##name(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)                 \
    {                                                                                               \
        return update(rule, args, nargs);                                                           \
    }

RULE(sgd, SGD)
RULE(momentum, MOMENTUM)
RULE(nesterov, NESTEROV)
RULE(adagrad, ADAGRAD)
RULE(rmsprop, RMSPROP)
RULE(adam, ADAM)
RULE(adamw, ADAMW)
