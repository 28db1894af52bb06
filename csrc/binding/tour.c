/* Which kernels run, and the product in steps: for whoever wants to see what the fast ones do. */
#include "binding.h"
#include "memory.h"

#include "../kernels/dispatch.h"

/* use_kernels(name) -> None. None chooses the best that this processor has. */
PyObject *
py_use_kernels(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("use_kernels", nargs, 1) < 0) {
        return NULL;
    }
    const char *name = args[0] == Py_None ? NULL : text_from("use_kernels", "name", args[0]);
    if (name == NULL && args[0] != Py_None) {
        return NULL;
    }
    if (dispatch_init(name) < 0) {
        PyErr_Format(PyExc_ValueError, "use_kernels: name is %R, no set of kernels that this build and this processor have", args[0]);
        return NULL;
    }
    return Py_NewRef(Py_None);
}

/* kernels() -> the name of the set in use */
PyObject *
py_kernels(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args), Py_ssize_t nargs)
{
    return check_count("kernels", nargs, 0) < 0 ? NULL : PyUnicode_FromString(kernels_in_use(0)->isa);
}

/* A matrix of float32, or NULL with an exception set. */
static PyArrayObject *
matrix_from(const char *name, PyObject *x)
{
    PyArrayObject *given = array_from("tour", name, x);
    PyArrayObject *matrix = given == NULL ? NULL : array_as("tour", name, given, NPY_FLOAT);
    Py_XDECREF(given);
    return matrix;
}

/* tour(step, a, b) -> a b, by one step of the tour */
PyObject *
py_tour(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "tour";
    if (check_count(func, nargs, 3) < 0) {
        return NULL;
    }
    ptrdiff_t step;
    if (whole_number_from(func, "step", args[0], 0, TOUR_STEPS - 1, &step) < 0) {
        return NULL;
    }
    PyArrayObject *a = matrix_from("a", args[1]), *b = a == NULL ? NULL : matrix_from("b", args[2]), *c = NULL;
    if (b != NULL) {
        if (PyArray_NDIM(a) != 2 || PyArray_NDIM(b) != 2 || PyArray_DIM(a, 1) != PyArray_DIM(b, 0)) {
            char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
            PyErr_Format(PyExc_ValueError, "%s: a has shape %s and b has shape %s; they must be (m, k) and (k, n)", func,
                         shape_text(a, text_a), shape_text(b, text_b));
        }
        else {
            c = allocate_array(func, 2, (npy_intp[]){PyArray_DIM(a, 0), PyArray_DIM(b, 1)}, NPY_FLOAT);
        }
    }
    if (c != NULL) {
        const struct tour_args t = {.m = PyArray_DIM(a, 0), .k = PyArray_DIM(a, 1), .n = PyArray_DIM(b, 1),
                                    .a = PyArray_DATA(a), .b = PyArray_DATA(b), .c = PyArray_DATA(c)};
        Py_BEGIN_ALLOW_THREADS
        kernels_in_use(0)->tour((int)step, &t);
        Py_END_ALLOW_THREADS
    }
    Py_XDECREF(a);
    Py_XDECREF(b);
    return (PyObject *)c;
}

/* tour_peak(rounds) -> how many multiplications and additions were done, on registers alone */
PyObject *
py_tour_peak(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("tour_peak", nargs, 1) < 0) {
        return NULL;
    }
    ptrdiff_t rounds;
    if (whole_number_from("tour_peak", "rounds", args[0], 1, ANY_SIZE, &rounds) < 0) {
        return NULL;
    }
    float tiny[64] = {0}, sum;
    const struct tour_args t = {.m = rounds, .n = 1, .k = 1, .a = tiny, .b = tiny, .c = &sum};
    double operations;
    Py_BEGIN_ALLOW_THREADS
    operations = kernels_in_use(0)->tour(TOUR_STEPS, &t);
    Py_END_ALLOW_THREADS
    return PyFloat_FromDouble(operations);
}
