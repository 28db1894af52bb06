/* The numerical gradient of a multi-layer perceptron: which kernel differentiates which layer. */
#include "binding.h"

#include "../kernels/dispatch.h"

#include <math.h>
#include <string.h>

#define MAX_LAYERS 64
#define H 1e-4                  /* the book's */
#define INPUTS 64               /* whose steps are computed at once */
#define ROWS 1024               /* of perturbed samples, through the later layers at once */

static const char *const func = "numerical_gradient";

/* Samples on their way through the layers l = 1, 2, ...: z_l = a_{l-1} W_l + b_l and a_l = f(z_l). a_0 is x, the last z
 * are the logits and the last a their softmax. */
struct rows {
    double *z[MAX_LAYERS + 1], *a[MAX_LAYERS + 1], *losses;
};

/* All in double precision, whatever the dtype of the network. */
struct mlp {
    const struct kernels *k;
    enum elementwise f;
    int layers;
    npy_intp samples, size[MAX_LAYERS + 1];     /* columns of a_l */
    const double *W[MAX_LAYERS + 1], *b[MAX_LAYERS + 1];
    PyArrayObject *dW[MAX_LAYERS + 1], *db[MAX_LAYERS + 1];
    const npy_intp *labels;     /* one of these two */
    const double *t;
    struct rows all;            /* every sample as it is */
    PyObject *given;            /* a tuple of the arguments as arrays: params, then x and t */
    PyObject *held;             /* a list of all other arrays: they live as long */
};

/* Puts an array on the list; its data, or NULL with an exception set. Steals array. */
static void *
hold(struct mlp *m, PyArrayObject *array)
{
    if (array == NULL) {
        return NULL;
    }
    const int failed = PyList_Append(m->held, (PyObject *)array) < 0;
    Py_DECREF(array);
    return failed ? NULL : PyArray_DATA(array);
}

static void *
hold_zeros(struct mlp *m, npy_intp rows, npy_intp cols)
{
    npy_intp dims[] = {rows, cols};
    return hold(m, (PyArrayObject *)PyArray_ZEROS(2, dims, NPY_DOUBLE, 0));
}

/* Memory for n rows of a_l and of all that follows. */
static int
hold_rows(struct mlp *m, struct rows *rows, int l, npy_intp n)
{
    rows->losses = hold_zeros(m, n, 1);
    for (; l <= m->layers; l++) {
        rows->z[l] = hold_zeros(m, n, m->size[l]);
        rows->a[l] = hold_zeros(m, n, m->size[l]);
    }
    return PyErr_Occurred() ? -1 : 0;
}

static int
read_activation(struct mlp *m, PyObject *name)
{
    static const struct {const char *name; enum elementwise f;} known[] = {{"relu", RELU}, {"sigmoid", SIGMOID}};
    for (int i = 0; i < 2 && PyUnicode_Check(name); i++) {
        if (PyUnicode_CompareWithASCIIString(name, known[i].name) == 0) {
            m->f = known[i].f;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "%s: activation is %R; it must be 'relu' or 'sigmoid'", func, name);
    return -1;
}

/* What messages call params[i]. */
static const char *
parameter_name(Py_ssize_t i, char name[16])
{
    snprintf(name, 16, "%c%d", i % 2 == 0 ? 'W' : 'b', (int)(i / 2 + 1));
    return name;
}

/* All arguments as arrays: the only step that may run somebody's code, which may shrink a list of params or reshape one of
 * them. -1 with an exception set. */
static int
read_arrays(struct mlp *m, PyObject *x, PyObject *t, PyObject *list)
{
    char name[16];
    PyObject *params = PySequence_Tuple(list);
    if (params == NULL) {
        explain(PyExc_TypeError, "%s: params is a %.100s; it must be a list of arrays", func, Py_TYPE(list)->tp_name);
        return -1;
    }
    const Py_ssize_t n = PyTuple_GET_SIZE(params);
    m->layers = (int)(n / 2);
    if (n == 0 || n % 2 != 0 || n > 2 * MAX_LAYERS) {
        PyErr_Format(PyExc_ValueError, "%s: params has %zd arrays; it must be W1, b1, W2, b2, ... for 1 to %d layers", func, n,
                     MAX_LAYERS);
    }
    else {
        m->given = PyTuple_New(n + 2);
    }
    for (Py_ssize_t i = 0; m->given != NULL && i < n + 2; i++) {
        PyObject *argument = i < n ? PyTuple_GET_ITEM(params, i) : i == n ? x : t;
        PyArrayObject *array = array_from(func, i < n ? parameter_name(i, name) : i == n ? "x" : "t", argument);
        if (array == NULL) {
            break;
        }
        PyTuple_SET_ITEM(m->given, i, (PyObject *)array);
    }
    Py_DECREF(params);
    return PyErr_Occurred() ? -1 : 0;
}

static PyArrayObject *
given(const struct mlp *m, Py_ssize_t i)
{
    return (PyArrayObject *)PyTuple_GET_ITEM(m->given, i);
}

/* The i-th of params, which is W or b of a layer, as a held array of double precision. */
static PyArrayObject *
parameter(struct mlp *m, Py_ssize_t i)
{
    char name[16];
    PyArrayObject *p = array_as(func, parameter_name(i, name), given(m, i), NPY_DOUBLE);
    return hold(m, p) == NULL ? NULL : p;
}

/* W, b and the shapes of all layers. -1 with an exception set. */
static int
check_params(struct mlp *m)
{
    char text[SHAPE_TEXT];
    for (int l = 1; l <= m->layers; l++) {
        PyArrayObject *W = parameter(m, 2 * l - 2), *b = W == NULL ? NULL : parameter(m, 2 * l - 1);
        if (b == NULL) {
            return -1;
        }
        if (PyArray_NDIM(W) != 2 || PyArray_SIZE(W) == 0) {
            PyErr_Format(PyExc_ValueError, "%s: W%d has shape %s; it must have two axes, (inputs, outputs), and not be empty",
                         func, l, shape_text(W, text));
            return -1;
        }
        if (l > 1 && PyArray_DIM(W, 0) != m->size[l - 1]) {
            PyErr_Format(PyExc_ValueError, "%s: W%d has %zd columns but W%d has %zd rows; they must be equal", func, l - 1,
                         (Py_ssize_t)m->size[l - 1], l, (Py_ssize_t)PyArray_DIM(W, 0));
            return -1;
        }
        if (PyArray_NDIM(b) != 1 || PyArray_DIM(b, 0) != PyArray_DIM(W, 1)) {
            PyErr_Format(PyExc_ValueError, "%s: b%d has shape %s but W%d has %zd columns; b%d must be (%zd,)", func, l,
                         shape_text(b, text), l, (Py_ssize_t)PyArray_DIM(W, 1), l, (Py_ssize_t)PyArray_DIM(W, 1));
            return -1;
        }
        m->size[l - 1] = PyArray_DIM(W, 0);
        m->size[l] = PyArray_DIM(W, 1);
        m->W[l] = PyArray_DATA(W);
        m->b[l] = PyArray_DATA(b);
        m->dW[l] = (PyArrayObject *)PyArray_ZEROS(2, PyArray_DIMS(W), NPY_DOUBLE, 0);
        m->db[l] = (PyArrayObject *)PyArray_ZEROS(1, PyArray_DIMS(b), NPY_DOUBLE, 0);
        if (hold(m, m->dW[l]) == NULL || hold(m, m->db[l]) == NULL) {
            return -1;
        }
    }
    return 0;
}

/* x as rows of values: one axis is one sample. -1 with an exception set. */
static int
check_x(struct mlp *m)
{
    char text[SHAPE_TEXT];
    PyArrayObject *x = array_as(func, "x", given(m, 2 * m->layers), NPY_DOUBLE);
    if ((m->all.a[0] = hold(m, x)) == NULL) {
        return -1;
    }
    m->samples = PyArray_NDIM(x) > 1 ? PyArray_DIM(x, 0) : 1;
    const npy_intp cols = m->samples == 0 ? 0 : PyArray_SIZE(x) / m->samples;
    if (cols != m->size[0]) {
        PyErr_Format(PyExc_ValueError, "%s: x has shape %s but W1 has %zd rows; x must be (N, %zd) with at least one sample",
                     func, shape_text(x, text), (Py_ssize_t)m->size[0], (Py_ssize_t)m->size[0]);
        return -1;
    }
    return 0;
}

/* A row of t that is 1 at one class and 0 elsewhere has that class as its label; labels are cheaper. -1 if one is not. */
static int
labels_of_one_hot(const double *t, npy_intp rows, npy_intp classes, npy_intp *labels)
{
    for (npy_intp k = 0; k < rows; k++) {
        npy_intp ones = 0, zeros = 0;
        for (npy_intp c = 0; c < classes; c++) {
            if (t[k * classes + c] == 1) {
                labels[k] = c;
                ones++;
            }
            zeros += t[k * classes + c] == 0;
        }
        if (ones != 1 || zeros != classes - 1) {
            return -1;
        }
    }
    return 0;
}

static int
read_targets(struct mlp *m)
{
    npy_intp dims[] = {m->samples, m->size[m->layers]};
    PyArrayObject *logits = (PyArrayObject *)PyArray_SimpleNewFromData(2, dims, NPY_DOUBLE, m->all.z[m->layers]);
    if (hold(m, logits) == NULL) {
        return -1;
    }
    struct targets targets;
    if (check_targets(func, "y", logits, given(m, 2 * m->layers + 1), &targets) < 0) {
        return -1;
    }
    m->labels = targets.labels;
    m->t = targets.t;
    hold(m, targets.array);
    npy_intp *labels = m->t == NULL || PyErr_Occurred() ? NULL
                       : hold(m, (PyArrayObject *)PyArray_SimpleNew(1, &targets.rows, NPY_INTP));
    if (labels != NULL && labels_of_one_hot(m->t, targets.rows, targets.classes, labels) == 0) {
        m->labels = labels;
        m->t = NULL;
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* The logits and losses of some rows, from a_{l-1} on. */
static void
forward(const struct mlp *m, int l, npy_intp n, const struct rows *rows, const npy_intp *labels, const double *t)
{
    for (; l <= m->layers; l++) {
        struct gemm_args g = {.c = rows->z[l], .c_rs = m->size[l], .bias = m->b[l]};
        set_a(&g, rows->a[l - 1], n, m->size[l - 1], m->size[l - 1], 1);
        set_b(&g, m->W[l], m->size[l], m->size[l], 1);
        run_gemm(m->k, &g);
        if (l < m->layers) {
            struct elementwise_args e = {.x = rows->z[l], .out = rows->a[l]};
            run(m->k->elementwise[m->f], &e, n * m->size[l], 1);
        }
    }
    struct rows_args r = {.classes = m->size[m->layers], .x = rows->z[m->layers], .y = rows->a[m->layers], .labels = labels,
                          .t = t, .losses = rows->losses};
    run(m->k->softmax_with_loss, &r, n, r.classes);
}

/* The last layer, or the one before it: in C for all weights at once (numgrad_tmpl.h), blocks of samples and inputs that
 * its memory is for. */
static int
differentiate_by_series(struct mlp *m, int l)
{
    const int last = l == m->layers;
    const npy_intp N = m->samples, D = m->size[l - 1], M = m->size[l], C = m->size[m->layers];
    const npy_intp samples = N < NUMGRAD_SAMPLES ? (N + 7) / 8 * 8 : NUMGRAD_SAMPLES;
    const npy_intp inputs = (D < NUMGRAD_INPUTS ? D : NUMGRAD_INPUTS) + 1;
    double *unit = last ? hold_zeros(m, C, C) : NULL, *zero = last ? hold_zeros(m, N, C) : NULL;
    struct numgrad_args n = {
        .columns = M, .classes = C, .x_rs = D, .f = last ? COPY : m->f, .v = last ? unit : m->W[l + 1],
        .h = H, .scale = -1 / (2 * H * (double)N), .x_packed = hold_zeros(m, samples, inputs),
        .index = hold_zeros(m, samples, inputs), .logits_packed = hold_zeros(m, samples, C), .y_packed = hold_zeros(m, samples, C),
        .count = hold_zeros(m, samples, 1), .largest = hold_zeros(m, samples, 1),
    };
    if (PyErr_Occurred()) {
        return -1;
    }
    for (npy_intp c = 0; last && c < C; c++) {
        unit[c * C + c] = 1;
    }
    for (npy_intp k = 0; k < N; k += NUMGRAD_SAMPLES) {
        n.samples = N - k < NUMGRAD_SAMPLES ? N - k : NUMGRAD_SAMPLES;
        n.z = last ? zero + k * M : m->all.z[l] + k * M;     /* the logits move by h x wherever they are */
        n.logits = m->all.z[m->layers] + k * C;
        n.labels = m->labels == NULL ? NULL : m->labels + k;
        n.t = m->t == NULL ? NULL : m->t + k * C;
        for (npy_intp i = 0; i < D; i += NUMGRAD_INPUTS) {
            n.inputs = D - i < NUMGRAD_INPUTS ? D - i : NUMGRAD_INPUTS;
            n.x = m->all.a[l - 1] + k * D + i;
            n.dW = (double *)PyArray_DATA(m->dW[l]) + i * M;
            n.db = i + n.inputs == D ? PyArray_DATA(m->db[l]) : NULL;
            run(m->k->numgrad_pack, &n, (n.samples + 7) / 8, 8 * n.inputs);
            run(m->k->numgrad, &n, M, n.samples * n.inputs);
        }
        if (PyErr_Occurred() || PyErr_CheckSignals() < 0) {
            return -1;
        }
    }
    return 0;
}

/* Perturbed samples on their way through the later layers. */
struct batch {
    npy_intp n;
    struct perturbation *changes;
    struct rows rows;
    npy_intp *labels;
    double *t;
};

/* Adds what the perturbed losses differ from the unperturbed ones to the derivatives they belong to. */
static void
flush(const struct mlp *m, int l, struct batch *batch)
{
    const npy_intp C = m->size[m->layers];
    struct perturb_rows_args p = {.cols = m->size[l + 1], .changes = batch->changes, .z = m->all.z[l + 1], .W = m->W[l + 1],
                                  .f = m->f, .a = batch->rows.a[l + 1]};
    run(m->k->perturb_rows, &p, batch->n, p.cols);
    for (npy_intp r = 0; r < batch->n; r++) {
        const npy_intp k = batch->changes[r].sample;
        if (m->labels != NULL) {
            batch->labels[r] = m->labels[k];
        }
        else {
            memcpy(batch->t + r * C, m->t + k * C, sizeof(double) * (size_t)C);
        }
    }
    forward(m, l + 2, batch->n, &batch->rows, m->labels == NULL ? NULL : batch->labels, batch->t);
    for (npy_intp r = 0; r < batch->n; r++) {
        const struct perturbation *change = batch->changes + r;
        *change->derivative += change->factor * (batch->rows.losses[r] - m->all.losses[change->sample]);
    }
    batch->n = 0;
}

/* A layer with at least two more behind it. Only samples whose activation moves at all go on: no pixel that is 0, no
 * ReLU that is off. */
static int
differentiate_by_rows(struct mlp *m, int l)
{
    const npy_intp N = m->samples, D = m->size[l - 1], M = m->size[l], C = m->size[m->layers];
    double *const up = hold_zeros(m, INPUTS, N), *const down = hold_zeros(m, INPUTS, N);
    struct batch batch = {.labels = hold_zeros(m, ROWS, 1), .t = hold_zeros(m, ROWS, C),
                          .changes = hold_zeros(m, ROWS, sizeof(struct perturbation) / sizeof(double))};
    if (hold_rows(m, &batch.rows, l + 1, ROWS) < 0) {
        return -1;
    }
    for (npy_intp j = 0; j < M; j++) {
        for (npy_intp i0 = 0; i0 <= D; i0 += INPUTS) {      /* input D is 1: the bias */
            const npy_intp inputs = D + 1 - i0 < INPUTS ? D + 1 - i0 : INPUTS;
            struct perturb_column_args p = {.samples = N, .inputs = D - i0, .x = m->all.a[l - 1] + i0, .x_rs = D,
                                            .z = m->all.z[l] + j, .z_rs = M, .f = m->f, .h = H, .up = up, .down = down};
            run(m->k->perturb_column, &p, inputs, N);
            for (npy_intp e = 0; e < 2 * inputs * N; e++) {
                const npy_intp i = i0 + e / 2 / N;
                const struct perturbation change = {
                    .sample = e / 2 % N, .column = j, .d = e % 2 == 0 ? up[e / 2] : down[e / 2],
                    .derivative = i < D ? (double *)PyArray_DATA(m->dW[l]) + i * M + j : (double *)PyArray_DATA(m->db[l]) + j,
                    .factor = (e % 2 == 0 ? 1 : -1) / (2 * H * (double)N),
                };
                if (change.d != 0) {
                    batch.changes[batch.n++] = change;
                }
                if (batch.n == ROWS) {
                    flush(m, l, &batch);
                }
            }
        }
        if (PyErr_Occurred() || PyErr_CheckSignals() < 0) {
            return -1;
        }
    }
    flush(m, l, &batch);
    return 0;
}

/* Whether steps mean anything: infinity times a step is no small change. */
static int
is_finite(const struct mlp *m)
{
    double sum = m->k->sum(m->all.losses, m->samples) + m->k->sum(m->all.a[0], m->samples * m->size[0]);
    for (int l = 1; l <= m->layers; l++) {
        sum += m->k->sum(m->W[l], m->size[l - 1] * m->size[l]);
    }
    return isfinite(sum);
}

static void
fill_with_nan(struct mlp *m)
{
    for (int l = 1; l <= m->layers; l++) {
        PyArrayObject *const both[] = {m->dW[l], m->db[l]};
        for (int i = 0; i < 2; i++) {
            double *derivative = PyArray_DATA(both[i]);
            for (npy_intp e = 0; e < PyArray_SIZE(both[i]); e++) {
                derivative[e] = NAN;
            }
        }
    }
}

/* The i-th derivative in the dtype of its parameter. */
static PyObject *
result_for(const struct mlp *m, int i)
{
    PyArrayObject *derivative = i % 2 == 0 ? m->dW[i / 2 + 1] : m->db[i / 2 + 1];
    const int typenum = PyArray_TYPE(given(m, i));
    return PyTypeNum_ISFLOAT(typenum) && typenum != NPY_DOUBLE ? PyArray_Cast(derivative, typenum) : Py_NewRef(derivative);
}

/* The derivatives of all parameters, computed into dW and db. -1 with an exception set. */
static int
differentiate(struct mlp *m)
{
    forward(m, 1, m->samples, &m->all, m->labels, m->t);
    if (!is_finite(m)) {
        fill_with_nan(m);
        return 0;
    }
    for (int l = 1; l <= m->layers; l++) {
        if ((l + 1 < m->layers ? differentiate_by_rows(m, l) : differentiate_by_series(m, l)) < 0) {
            return -1;
        }
    }
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *
results(const struct mlp *m)
{
    PyObject *result = PyTuple_New(2 * m->layers);
    for (int i = 0; result != NULL && i < 2 * m->layers; i++) {
        PyObject *derivative = result_for(m, i);
        if (derivative == NULL) {
            Py_CLEAR(result);
            break;
        }
        PyTuple_SET_ITEM(result, i, derivative);
    }
    return result;
}

/* (x, t, params, activation): (L(w + h) - L(w - h)) / 2h for every element w of params = W1, b1, W2, b2, ... */
PyObject *
py_mlp_numerical_gradient(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    struct mlp m = {.k = kernels_in_use(1)};
    PyObject *result = NULL;
    if (check_count(func, nargs, 4) < 0 || read_activation(&m, args[3]) < 0 || (m.held = PyList_New(0)) == NULL) {
        return NULL;
    }
    if (read_arrays(&m, args[0], args[1], args[2]) == 0 && check_params(&m) == 0 && check_x(&m) == 0
        && hold_rows(&m, &m.all, 1, m.samples) == 0 && read_targets(&m) == 0 && differentiate(&m) == 0) {
        result = results(&m);
    }
    Py_DECREF(m.held);
    Py_XDECREF(m.given);
    return result;
}
