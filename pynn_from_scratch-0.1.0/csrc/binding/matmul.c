#include "binding.h"

#include "../kernels/parallel.h"

#include <string.h>

/* The matrix in the last two axes of an operand and the stack of them before, broadcast to the result's. */
struct stack {
    npy_intp rows, cols, row_stride, col_stride, strides[NPY_MAXDIMS];
};

static void
stack_of(const call *c, int i, int batch_ndim, const npy_intp *batch, struct stack *s)
{
    PyArrayObject *x = c->in[i];
    const npy_intp size = (npy_intp)c->k->itemsize;
    const int ndim = PyArray_NDIM(x), own = ndim > 2 ? ndim - 2 : 0;
    const int row = ndim >= 2 ? ndim - 2 : i == 0 ? -1 : 0, col = ndim >= 2 ? ndim - 1 : i == 0 ? 0 : -1;
    s->rows = row < 0 ? 1 : PyArray_DIM(x, row);        /* a 1-D a is a row, a 1-D b a column */
    s->cols = col < 0 ? 1 : PyArray_DIM(x, col);
    s->row_stride = row < 0 ? 0 : PyArray_STRIDE(x, row) / size;
    s->col_stride = col < 0 ? 0 : PyArray_STRIDE(x, col) / size;
    for (int d = 0; d < batch_ndim; d++) {
        const int at = d - (batch_ndim - own);
        s->strides[d] = at < 0 || (PyArray_DIM(x, at) == 1 && batch[d] != 1) ? 0 : PyArray_STRIDE(x, at);
    }
}

/* The shape that both stacks broadcast to. -1 with an exception set. */
static int
broadcast_stacks(const call *c, npy_intp *batch)
{
    const int a = PyArray_NDIM(c->in[0]), b = PyArray_NDIM(c->in[1]);
    const int ndim = (a > b ? a : b) > 2 ? (a > b ? a : b) - 2 : 0;
    for (int d = 0; d < ndim; d++) {
        const int at_a = d - (ndim - (a - 2)), at_b = d - (ndim - (b - 2));
        const npy_intp da = at_a < 0 ? 1 : PyArray_DIM(c->in[0], at_a), db = at_b < 0 ? 1 : PyArray_DIM(c->in[1], at_b);
        if (da != db && da != 1 && db != 1) {
            char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
            PyErr_Format(PyExc_ValueError, "matmul: a has shape %s but b has shape %s; the axes before the last two must "
                         "be equal or 1", shape_text(c->in[0], text_a), shape_text(c->in[1], text_b));
            return -1;
        }
        batch[d] = da == 1 ? db : da;
    }
    return ndim;
}

/* The next matrix of a stack, as an odometer turns. */
static void
advance(int ndim, const npy_intp *dims, npy_intp *index, const struct stack *a, const char **at_a, const struct stack *b,
        const char **at_b)
{
    for (int d = ndim - 1; d >= 0; d--) {
        *at_a += a->strides[d];
        *at_b += b->strides[d];
        if (++index[d] < dims[d]) {
            return;
        }
        *at_a -= dims[d] * a->strides[d];
        *at_b -= dims[d] * b->strides[d];
        index[d] = 0;
    }
}

/* The product of every matrix of stack a with that of stack b. */
static void
multiply_each(const call *c, int ndim, const npy_intp *dims, const struct stack *a, const struct stack *b, char *out)
{
    npy_intp index[NPY_MAXDIMS];
    const npy_intp matrices = PyArray_MultiplyList(dims, ndim);
    const char *at_a = INPUT(c, 0), *at_b = INPUT(c, 1);
    const int large = matrices * a->rows * a->cols * b->cols >= SMALL_PRODUCT;
    memset(index, 0, (size_t)ndim * sizeof(*index));
    if (large) {
        release_gil();
    }
    for (npy_intp q = 0; q < matrices && (q % 64 != 63 || !parallel_interrupted()); q++) {
        struct gemm_args g = {.c = out, .c_rs = b->cols};
        set_a(&g, at_a, a->rows, a->cols, a->row_stride, a->col_stride);
        set_b(&g, at_b, b->cols, b->row_stride, b->col_stride);
        c->k->gemm(&g);
        out += a->rows * b->cols * (npy_intp)c->k->itemsize;
        advance(ndim, dims, index, a, &at_a, b, &at_b);
    }
    if (large) {
        take_gil();
    }
}

static void
multiply_stacks(call *c)
{
    npy_intp dims[NPY_MAXDIMS + 2];
    struct stack a, b;
    const int ndim = broadcast_stacks(c, dims);
    if (ndim < 0) {
        return;
    }
    stack_of(c, 0, ndim, dims, &a);
    stack_of(c, 1, ndim, dims, &b);
    if (a.cols != b.rows) {
        char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
        PyErr_Format(PyExc_ValueError, "matmul: a has %zd columns but b has %zd rows (a is %s, b is %s); they must be equal",
                     (Py_ssize_t)a.cols, (Py_ssize_t)b.rows, shape_text(c->in[0], text_a), shape_text(c->in[1], text_b));
        return;
    }
    int out_ndim = ndim;
    if (PyArray_NDIM(c->in[0]) > 1) {
        dims[out_ndim++] = a.rows;
    }
    if (PyArray_NDIM(c->in[1]) > 1) {
        dims[out_ndim++] = b.cols;
    }
    void *out = new_output(c, out_ndim, dims);
    if (out != NULL) {
        multiply_each(c, ndim, dims, &a, &b, out);
    }
}

PyObject *
py_matmul(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"a", "b"};
    call c;
    if (check_count("matmul", nargs, 2) < 0 || call_begin(&c, "matmul", 2, args, names, STRIDED(0) | STRIDED(1)) < 0) {
        return NULL;
    }
    const int scalar = PyArray_NDIM(c.in[0]) == 0 ? 0 : PyArray_NDIM(c.in[1]) == 0 ? 1 : -1;
    if (scalar >= 0) {
        PyErr_Format(PyExc_ValueError, "matmul: %s is a scalar; it must have at least one axis (to scale an array use *)",
                     names[scalar]);
    }
    else {
        multiply_stacks(&c);
    }
    return call_finish(&c);
}
