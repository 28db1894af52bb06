/* How many threads the kernels use. */
#include "binding.h"

#include "../kernels/parallel.h"

/* get_num_threads() -> int */
PyObject *
py_get_num_threads(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args), Py_ssize_t nargs)
{
    return check_count("get_num_threads", nargs, 0) < 0 ? NULL : PyLong_FromLong(parallel_num_threads());
}

/* set_num_threads(n) */
PyObject *
py_set_num_threads(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "set_num_threads";
    ptrdiff_t n;
    if (check_count(func, nargs, 1) < 0 || whole_number_from(func, "n", args[0], 1, PARALLEL_MAX_THREADS, &n) < 0) {
        return NULL;
    }
    parallel_set_num_threads((int)n);
    return Py_NewRef(Py_None);
}

/* The same for threadpoolctl, which finds them in the loaded library by their names. */
#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

EXPORTED int pynn_get_num_threads(void);
EXPORTED void pynn_set_num_threads(int n);

int
pynn_get_num_threads(void)
{
    return parallel_num_threads();
}

/* n is clipped to what set_num_threads() takes. */
void
pynn_set_num_threads(int n)
{
    parallel_set_num_threads(n);
}
