#include "call.h"
#include "memory.h"

#include "../kernels/dispatch.h"
#include "../kernels/parallel.h"

/* Whether a kernel that counts strides in elements can read x as it is. */
static int
strides_fit(PyArrayObject *x)
{
    for (int i = 0; i < PyArray_NDIM(x); i++) {
        if (PyArray_STRIDE(x, i) % PyArray_ITEMSIZE(x) != 0) {
            return 0;
        }
    }
    return 1;
}

/* The dtype of the call, from those of its inputs. -1 with an exception set. */
static int
choose_type(call *c, const char *const *names)
{
    int doubles = 0, halves = 0;
    for (int i = 0; i < c->n; i++) {
        const int type = computing_type(c->func, names[i], c->in[i]);
        if (type < 0) {
            return -1;
        }
        doubles += type == NPY_DOUBLE;
        halves += type == NPY_HALF;
    }
    c->half = halves == c->n;
    c->typenum = doubles > 0 ? NPY_DOUBLE : NPY_FLOAT;
    c->k = kernels_in_use(doubles > 0);
    return 0;
}

/* Replaces input i by a copy of the call's dtype. -1 with an exception set. */
static int
convert(call *c, int i)
{
    PyArrayObject *copy = copy_array(c->func, c->in[i], c->typenum);
    if (copy == NULL) {
        return -1;
    }
    replace(&c->in[i], copy);
    return 0;
}

/* The inputs as they are wanted. -1 with an exception set. */
static int
read_inputs(call *c, int n, PyObject *const *args, const char *const *names, unsigned strided)
{
    for (int i = 0; i < n; i++) {
        PyArrayObject *x = array_from(c->func, names[i], args[i]);
        if (x == NULL) {
            return -1;
        }
        c->in[c->n++] = x;
    }
    if (choose_type(c, names) < 0) {
        return -1;
    }
    for (int i = 0; i < n; i++) {
        PyArrayObject *x = c->in[i];
        const int fits = strided & STRIDED(i) ? PyArray_ISBEHAVED_RO(x) && strides_fit(x) : PyArray_ISCARRAY_RO(x);
        if ((!fits || PyArray_TYPE(x) != c->typenum) && convert(c, i) < 0) {
            return -1;
        }
    }
    return 0;
}

int
call_begin(call *c, const char *func, int n, PyObject *const *args, const char *const *names, unsigned strided)
{
    c->func = func;
    c->n = c->n_out = c->n_kept = 0;
    if (read_inputs(c, n, args, names, strided) < 0) {
        call_finish(c);
        return -1;
    }
    return 0;
}

int
make_contiguous(call *c, int i)
{
    return PyArray_IS_C_CONTIGUOUS(c->in[i]) ? 0 : convert(c, i);
}

int
add_output(call *c, void *array)
{
    if (array == NULL) {
        return -1;
    }
    c->out[c->n_out++] = array;
    return 0;
}

void
add_none(call *c)
{
    c->out[c->n_out++] = Py_NewRef(Py_None);
}

void *
new_output_of(call *c, int typenum, int ndim, const npy_intp *dims)
{
    PyArrayObject *array = allocate_array(c->func, ndim, dims, typenum);
    return add_output(c, array) < 0 ? NULL : PyArray_DATA(array);
}

void *
new_output(call *c, int ndim, const npy_intp *dims)
{
    return new_output_of(c, c->typenum, ndim, dims);
}

void *
new_output_like(call *c, int i)
{
    return new_output_of(c, c->typenum, PyArray_NDIM(c->in[i]), PyArray_DIMS(c->in[i]));
}

void
new_number(call *c, double value)
{
    void *number = new_output(c, 0, NULL);
    if (number != NULL && c->typenum == NPY_FLOAT) {
        *(float *)number = (float)value;
    }
    else if (number != NULL) {
        *(double *)number = value;
    }
}

void *
keep(call *c, PyArrayObject *array)
{
    if (array == NULL) {
        return NULL;
    }
    c->kept[c->n_kept++] = array;
    return PyArray_DATA(array);
}

void *
working_memory(call *c, npy_intp n)
{
    return keep(c, allocate_array(c->func, 1, &n, c->typenum));
}

/* What to hand to Python for output i, which it takes over. NULL with an exception set. */
static PyObject *
result_of(const call *c, int i)
{
    PyObject *out = c->out[i];
    if (out == Py_None) {
        return out;
    }
    if (c->half && PyArray_TYPE((PyArrayObject *)out) == NPY_FLOAT) {
        PyObject *rounded = (PyObject *)copy_array(c->func, (PyArrayObject *)out, NPY_HALF);
        Py_DECREF(out);
        out = rounded;
    }
    return out == NULL ? NULL : PyArray_Return((PyArrayObject *)out);
}

/* The tuple of all outputs. NULL with an exception set. Releases them. */
static PyObject *
tuple_of_outputs(const call *c)
{
    PyObject *result = PyErr_Occurred() ? NULL : PyTuple_New(c->n_out);
    for (int i = 0; i < c->n_out; i++) {
        if (result == NULL) {
            Py_DECREF(c->out[i]);
            continue;
        }
        PyTuple_SetItem(result, i, result_of(c, i));
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(result);
    }
    return result;
}

PyObject *
call_finish(call *c)
{
    PyObject *result = c->n_out == 1 && !PyErr_Occurred() ? result_of(c, 0) : tuple_of_outputs(c);
    while (c->n > 0) {
        Py_DECREF(c->in[--c->n]);
    }
    while (c->n_kept > 0) {
        Py_DECREF(c->kept[--c->n_kept]);
    }
    return result;
}

/* The state of a thread that has released the GIL for a kernel. */
static _Thread_local PyThreadState *released;

/* Whether Ctrl-C or another signal has raised an exception, asked from within a kernel. */
static bool
is_interrupted(void)
{
    if (released == NULL) {
        return false;
    }
    PyEval_RestoreThread(released);
    const bool raised = PyErr_Occurred() || PyErr_CheckSignals() < 0;
    released = PyEval_SaveThread();
    return raised;
}

void
call_init(void)
{
    parallel_set_interrupt(is_interrupted);
}

void
release_gil(void)
{
    released = PyEval_SaveThread();
}

void
take_gil(void)
{
    PyEval_RestoreThread(released);
    released = NULL;
    parallel_forget_interrupt();
}

/* Releasing the GIL costs about as much as a thousand elements of simple work; a chunk should be worth a thread's
 * while to claim. */
#define WORTH_RELEASING 2048
#define CHUNK 16384

/* Chunks of about so many elements or rows: whole lines of elements. */
static npy_intp
grain_of(npy_intp n, npy_intp most)
{
    const npy_intp line = most < 1024 ? 1 : 32;
    return n <= most ? n : even_grain(n, line, (n - 1) / most / parallel_num_threads() + 1);
}

void
run(range_kernel *kernel, void *args, npy_intp n, npy_intp cost)
{
    if (PyErr_Occurred()) {
        return;
    }
    cost = cost > 0 ? cost : 1;
    if (n < WORTH_RELEASING && n * cost < WORTH_RELEASING) {
        kernel(args, 0, n);
        return;
    }
    release_gil();
    parallel_for(n, grain_of(n, cost < CHUNK ? CHUNK / cost : 1), kernel, args);
    take_gil();
}

void
run_gemm(const struct kernels *k, const struct gemm_args *g)
{
    if (PyErr_Occurred()) {
        return;
    }
    if (g->m * g->n * g->k < SMALL_PRODUCT) {
        k->gemm(g);
        return;
    }
    release_gil();
    k->gemm(g);
    take_gil();
}

void
set_a(struct gemm_args *g, const void *data, npy_intp rows, npy_intp cols, npy_intp row_stride, npy_intp col_stride)
{
    g->m = rows;
    g->k = cols;
    g->a = data;
    g->a_rs = rows == 1 ? cols : row_stride;    /* an axis of length 1 may carry any stride */
    g->a_cs = cols == 1 ? 1 : col_stride;
}

void
set_b(struct gemm_args *g, const void *data, npy_intp cols, npy_intp row_stride, npy_intp col_stride)
{
    g->n = cols;
    g->b = data;
    g->b_rs = g->k == 1 ? cols : row_stride;
    g->b_cs = cols == 1 ? 1 : col_stride;
}
