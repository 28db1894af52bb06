#include "binding.h"

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

void
run_gemm(const call *c, const struct gemm_args *g)
{
    if (g->m * g->n * g->k < 8192) {
        c->k->gemm(g);
        return;
    }
    Py_BEGIN_ALLOW_THREADS
    c->k->gemm(g);
    Py_END_ALLOW_THREADS
}

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

static PyArrayObject *
multiply_stacks(const call *c)
{
    npy_intp dims[NPY_MAXDIMS + 2] = {0}, index[NPY_MAXDIMS] = {0}, matrices = 1;
    struct stack a, b;
    const int ndim = broadcast_stacks(c, dims);
    if (ndim < 0) {
        return NULL;
    }
    stack_of(c, 0, ndim, dims, &a);
    stack_of(c, 1, ndim, dims, &b);
    if (a.cols != b.rows) {
        char text_a[SHAPE_TEXT], text_b[SHAPE_TEXT];
        PyErr_Format(PyExc_ValueError, "matmul: a has %zd columns but b has %zd rows (a is %s, b is %s); they must be equal",
                     (Py_ssize_t)a.cols, (Py_ssize_t)b.rows, shape_text(c->in[0], text_a), shape_text(c->in[1], text_b));
        return NULL;
    }
    for (int d = 0; d < ndim; d++) {
        matrices *= dims[d];
    }
    int out_ndim = ndim;
    if (PyArray_NDIM(c->in[0]) > 1) {
        dims[out_ndim++] = a.rows;
    }
    if (PyArray_NDIM(c->in[1]) > 1) {
        dims[out_ndim++] = b.cols;
    }
    PyArrayObject *out = call_output(c, out_ndim, dims);
    if (out == NULL) {
        return NULL;
    }
    const char *at_a = INPUT(c, 0), *at_b = INPUT(c, 1);
    char *to = PyArray_DATA(out);
    for (npy_intp q = 0; q < matrices; q++) {
        struct gemm_args g = {.c = to, .c_rs = b.cols};
        set_a(&g, at_a, a.rows, a.cols, a.row_stride, a.col_stride);
        set_b(&g, at_b, b.cols, b.row_stride, b.col_stride);
        run_gemm(c, &g);
        to += a.rows * b.cols * (npy_intp)c->k->itemsize;
        for (int d = ndim - 1; d >= 0; d--) {   /* the next matrix, as an odometer turns */
            at_a += a.strides[d];
            at_b += b.strides[d];
            if (++index[d] < dims[d]) {
                break;
            }
            at_a -= dims[d] * a.strides[d];
            at_b -= dims[d] * b.strides[d];
            index[d] = 0;
        }
    }
    return out;
}

PyObject *
py_matmul(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const names[] = {"a", "b"};
    call c;
    if (check_count("matmul", nargs, 2) < 0 || call_begin(&c, "matmul", 2, args, names, STRIDED(0) | STRIDED(1)) < 0) {
        return NULL;
    }
    PyArrayObject *out = NULL;
    for (int i = 0; i < 2; i++) {
        if (PyArray_NDIM(c.in[i]) == 0) {
            PyErr_Format(PyExc_ValueError, "matmul: %s is a scalar; it must have at least one axis (to scale an array use *)",
                         names[i]);
            goto done;
        }
    }
    out = multiply_stacks(&c);
done:
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}
