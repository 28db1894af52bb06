#include "binding.h"
#include "memory.h"

#include "../kernels/dispatch.h"

#define MAX_ARRAYS 3
#define MAX_NUMBERS 4

/* What each rule takes after the parameter and its gradient: arrays that it keeps, then numbers. */
static const struct {
    const char *func;
    int arrays, numbers;        /* the parameter is an array, too */
    const char *state[MAX_ARRAYS - 1], *number[MAX_NUMBERS];
} rules[RULES] = {
    [SGD] = {"SGD.update", 1, 1, {NULL}, {"lr"}},
    [MOMENTUM] = {"Momentum.update", 2, 2, {"v"}, {"lr", "momentum"}},
    [NESTEROV] = {"Nesterov.update", 2, 2, {"v"}, {"lr", "momentum"}},
    [ADAGRAD] = {"AdaGrad.update", 2, 1, {"h"}, {"lr"}},
    [RMSPROP] = {"RMSprop.update", 2, 2, {"h"}, {"lr", "decay_rate"}},
    [ADAM] = {"Adam.update", 3, 3, {"m", "v"}, {"lr_t", "beta1", "beta2"}},
    [ADAMW] = {"AdamW.update", 3, 4, {"m", "v"}, {"lr_t", "beta1", "beta2", "lr weight_decay"}},
};

/* One step of a rule. The parameter and what the rule keeps change in place; a parameter that is a number is returned anew. */
struct step {
    enum rule rule;
    int typenum;
    struct update_args kernel;          /* what it takes: its rates are read first */
    PyArrayObject *grad;
    PyArrayObject *array[MAX_ARRAYS];   /* the parameter, then the states */
    PyArrayObject *whole[MAX_ARRAYS];   /* the same, or where one is not contiguous a copy to be written back */
};

static void
release(struct step *s)
{
    Py_XDECREF(s->grad);
    for (int i = 0; i < MAX_ARRAYS; i++) {
        Py_XDECREF(s->array[i]);
        Py_XDECREF(s->whole[i]);
    }
}

/* The parameter, where it is no array: an array of its own. */
static PyArrayObject *
parameter_of_number(const char *func, PyObject *param, int typenum)
{
    double value;
    PyArrayObject *array = number_from(func, "param", param, &value) < 0 ? NULL
                           : allocate_array(func, 0, NULL, typenum);
    if (array != NULL && typenum == NPY_FLOAT) {
        *(float *)PyArray_DATA(array) = (float)value;
    }
    else if (array != NULL) {
        *(double *)PyArray_DATA(array) = value;
    }
    return array;
}

/* args are param, grad, the states, the numbers. Whatever may run somebody's code comes first: the numbers and the gradient.
 * -1 with an exception set. */
static int
read_arguments(struct step *s, PyObject *const *args)
{
    const char *const func = rules[s->rule].func;
    const int arrays = rules[s->rule].arrays;
    for (int i = 0; i < rules[s->rule].numbers; i++) {
        if (number_from(func, rules[s->rule].number[i], args[1 + arrays + i], &s->kernel.rate[i]) < 0) {
            return -1;
        }
    }
    s->grad = array_from(func, "grad", args[1]);
    if (s->grad == NULL) {
        return -1;
    }
    for (int i = 1; i < arrays; i++) {
        s->array[i] = (PyArrayObject *)Py_XNewRef((PyObject *)in_place(func, rules[s->rule].state[i - 1], args[1 + i]));
        if (s->array[i] == NULL) {
            return -1;
        }
    }
    const int typenum = arrays > 1 ? type_of(s->array[1]) : NPY_DOUBLE;
    s->array[0] = is_number(args[0]) && !PyArray_Check(args[0]) ? parameter_of_number(func, args[0], typenum)
                  : (PyArrayObject *)Py_XNewRef((PyObject *)in_place(func, "param", args[0]));
    s->typenum = s->array[0] == NULL ? -1 : type_of(s->array[0]);
    return s->array[0] == NULL ? -1 : 0;
}

/* Whether the states and the gradient fit the parameter. -1 with an exception set. */
static int
check_arguments(struct step *s)
{
    const char *const func = rules[s->rule].func;
    for (int i = 1; i < rules[s->rule].arrays; i++) {
        const char *name = rules[s->rule].state[i - 1];
        if (type_of(s->array[i]) != s->typenum) {
            PyErr_Format(PyExc_TypeError, "%s: %s has dtype %S but param has dtype %S; use np.zeros_like(param)", func, name,
                         PyArray_DESCR(s->array[i]), PyArray_DESCR(s->array[0]));
            return -1;
        }
        if (check_same_shape(func, name, s->array[i], "param", s->array[0]) < 0) {
            return -1;
        }
    }
    replace(&s->grad, array_as(func, "grad", s->grad, s->typenum));
    return s->grad == NULL ? -1 : check_same_shape(func, "grad", s->grad, "param", s->array[0]);
}

/* Whether writing to one contiguous array would change elements of the other that are still to be read. */
static int
overlaps(PyArrayObject *written, PyArrayObject *read)
{
    const char *w = PyArray_DATA(written), *r = PyArray_DATA(read);
    return w != r && w < r + PyArray_NBYTES(read) && r < w + PyArray_NBYTES(written);
}

/* Every array as the kernel reads it. A copy is no NPY_ARRAY_WRITEBACKIFCOPY, which would make the parameter read-only for
 * other threads meanwhile. -1 with an exception set. */
static int
make_whole(struct step *s)
{
    const char *const func = rules[s->rule].func;
    for (int i = 0; i < rules[s->rule].arrays; i++) {
        PyArrayObject *array = s->array[i];
        s->whole[i] = PyArray_IS_C_CONTIGUOUS(array) ? (PyArrayObject *)Py_NewRef((PyObject *)array)
                      : copy_array(func, array, s->typenum);
        if (s->whole[i] == NULL) {
            return -1;
        }
        if (overlaps(s->whole[i], s->grad)) {
            replace(&s->grad, copy_array(func, s->grad, s->typenum));
            if (s->grad == NULL) {
                return -1;
            }
        }
    }
    return 0;
}

/* -1 with an exception set. */
static int
take_step(struct step *s)
{
    const int arrays = rules[s->rule].arrays;
    s->kernel.param = PyArray_DATA(s->whole[0]);
    s->kernel.grad = PyArray_DATA(s->grad);
    for (int i = 1; i < arrays; i++) {
        s->kernel.state[i - 1] = PyArray_DATA(s->whole[i]);
    }
    run(kernels_in_use(s->typenum == NPY_DOUBLE)->update[s->rule], &s->kernel, PyArray_SIZE(s->whole[0]), arrays);
    if (PyErr_Occurred()) {
        return -1;
    }
    for (int i = 0; i < arrays; i++) {
        if (s->whole[i] != s->array[i] && PyArray_CopyInto(s->array[i], s->whole[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyObject *
update(enum rule rule, PyObject *const *args, Py_ssize_t nargs)
{
    struct step s = {.rule = rule};
    PyObject *result = NULL;
    if (check_count(rules[rule].func, nargs, 1 + rules[rule].arrays + rules[rule].numbers) < 0) {
        return NULL;
    }
    if (read_arguments(&s, args) == 0 && check_arguments(&s) == 0 && make_whole(&s) == 0 && take_step(&s) == 0) {
        result = PyArray_Check(args[0]) ? Py_NewRef(args[0]) : PyNumber_Float((PyObject *)s.array[0]);
    }
    release(&s);
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
