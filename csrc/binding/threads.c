/* How many threads the kernels use. */
#include "../kernels/parallel.h"
#include "binding.h"

/* get_num_threads() -> int */
PyObject *
py_get_num_threads(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args), Py_ssize_t nargs)
{
    if (check_count("get_num_threads", nargs, 0) < 0) {
        return NULL;
    }
    return PyLong_FromLong(parallel_num_threads());
}

/* set_num_threads(n) */
PyObject *
py_set_num_threads(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    if (check_count("set_num_threads", nargs, 1) < 0) {
        return NULL;
    }
    if (!PyIndex_Check(args[0])) {
        PyErr_Format(PyExc_TypeError, "set_num_threads: n must be an int, not %.100s", Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    Py_ssize_t n = PyNumber_AsSsize_t(args[0], NULL); /* clipped where it does not fit */
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (n < 1 || n > PARALLEL_MAX_THREADS) {
        PyErr_Format(PyExc_ValueError, "set_num_threads: n is %S; it must be from 1 to %d", args[0],
                     PARALLEL_MAX_THREADS);
        return NULL;
    }
    parallel_set_num_threads((int)n);
    Py_RETURN_NONE;
}
