/* Allocations that fail when they are told to: Python's three domains, NumPy's arrays (NEP 49), and aligned_alloc, from which
 * pynn takes its results. For the last one the library must be loaded before the C library, by LD_PRELOAD. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION      /* NumPy 2.0 leaves its allocators out otherwise */
#include <numpy/arrayobject.h>

#include <stdlib.h>

static _Thread_local int armed;         /* in the thread that makes an attempt */
static int arrays_only;                 /* Python's own always succeed */
static Py_ssize_t seen, first, last;    /* allocations in it; those that fail */
static int refusing;                    /* aligned_alloc always fails */

/* Whether this allocation is one that fails. */
static int
fails(void)
{
    if (!armed) {
        return 0;
    }
    const Py_ssize_t number = seen++;
    return number >= first && number <= last;
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    void *memory = NULL;
    return refusing || fails() || posix_memalign(&memory, alignment, size) != 0 ? NULL : memory;
}

/* ---- Python's ---- */

static PyMemAllocatorEx before[3];

static void *
py_malloc(void *context, size_t size)
{
    const PyMemAllocatorEx *old = context;
    return !arrays_only && fails() ? NULL : old->malloc(old->ctx, size);
}

static void *
py_calloc(void *context, size_t n, size_t size)
{
    const PyMemAllocatorEx *old = context;
    return !arrays_only && fails() ? NULL : old->calloc(old->ctx, n, size);
}

static void *
py_realloc(void *context, void *memory, size_t size)
{
    const PyMemAllocatorEx *old = context;
    return !arrays_only && fails() ? NULL : old->realloc(old->ctx, memory, size);
}

static void
py_free(void *context, void *memory)
{
    const PyMemAllocatorEx *old = context;
    old->free(old->ctx, memory);
}

/* ---- NumPy's ---- */

static void *
data_malloc(void *Py_UNUSED(context), size_t size)
{
    return fails() ? NULL : malloc(size);
}

static void *
data_calloc(void *Py_UNUSED(context), size_t n, size_t size)
{
    return fails() ? NULL : calloc(n, size);
}

static void *
data_realloc(void *Py_UNUSED(context), void *memory, size_t size)
{
    return fails() ? NULL : realloc(memory, size);
}

static void
data_free(void *Py_UNUSED(context), void *memory, size_t Py_UNUSED(size))
{
    free(memory);
}

static PyDataMem_Handler handler = {"failing", 1, {NULL, data_malloc, data_calloc, data_realloc, data_free}};

/* ---- the module ---- */

/* arrays_only(flag): whether Python's own allocations always succeed. */
static PyObject *
set_arrays_only(PyObject *Py_UNUSED(module), PyObject *flag)
{
    arrays_only = PyObject_IsTrue(flag);
    Py_RETURN_NONE;
}

/* attempt(f, args, first, last): (result, exception, allocations) of f(*args), of whose allocations first to last fail. No
 * Python runs between, as the interpreter needs memory, too. */
static PyObject *
attempt(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *f, *arguments, *kind, *error, *trace;
    if (!PyArg_ParseTuple(args, "OO!nn", &f, &PyTuple_Type, &arguments, &first, &last)) {
        return NULL;
    }
    seen = 0;
    armed = 1;
    PyObject *result = PyObject_Call(f, arguments, NULL);
    armed = 0;
    PyErr_Fetch(&kind, &error, &trace);
    PyErr_NormalizeException(&kind, &error, &trace);
    if (trace != NULL) {
        PyException_SetTraceback(error, trace);
    }
    Py_XDECREF(kind);
    Py_XDECREF(trace);
    return Py_BuildValue("NNn", result == NULL ? Py_NewRef(Py_None) : result, error == NULL ? Py_NewRef(Py_None) : error, seen);
}

/* refuse(flag): whether aligned_alloc always fails. */
static PyObject *
refuse(PyObject *Py_UNUSED(module), PyObject *flag)
{
    refusing = PyObject_IsTrue(flag);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"attempt", attempt, METH_VARARGS, "attempt(f, args, first, last): (result, exception, allocations) of f(*args)"},
    {"arrays_only", set_arrays_only, METH_O, "arrays_only(flag): whether Python's own allocations always succeed."},
    {"refuse", refuse, METH_O, "refuse(flag): whether aligned_alloc always fails."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "failing", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC
PyInit_failing(void)
{
    static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    import_array();
    for (int i = 0; i < 3; i++) {
        PyMem_GetAllocator(domains[i], &before[i]);
        PyMemAllocatorEx ours = {&before[i], py_malloc, py_calloc, py_realloc, py_free};
        PyMem_SetAllocator(domains[i], &ours);
    }
    PyObject *capsule = PyCapsule_New(&handler, "mem_handler", NULL), *old = capsule == NULL ? NULL : PyDataMem_SetHandler(capsule);
    Py_XDECREF(capsule);
    if (old == NULL) {
        return NULL;
    }
    Py_DECREF(old);
    return PyModule_Create(&definition);
}
