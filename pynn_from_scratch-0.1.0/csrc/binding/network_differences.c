/* The derivatives of one layer of a perceptron: what its steps make of the losses. */
#include "network_gradient.h"

#include <string.h>

#define H 1e-4                  /* the book's */
#define INPUTS 64               /* whose steps are computed at once */
#define ROWS 1024               /* of perturbed samples, through the later layers at once */

void
forward_rows(const struct mlp *m, int l, npy_intp n, const struct rows *rows, const npy_intp *labels, const double *t)
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

/* In C for all weights at once (numgrad_tmpl.h), blocks of samples and inputs that its memory is for. */
int
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
    forward_rows(m, l + 2, batch->n, &batch->rows, m->labels == NULL ? NULL : batch->labels, batch->t);
    for (npy_intp r = 0; r < batch->n; r++) {
        const struct perturbation *change = batch->changes + r;
        *change->derivative += change->factor * (batch->rows.losses[r] - m->all.losses[change->sample]);
    }
    batch->n = 0;
}

/* Steps of column j of z_l, up and down for the inputs from i0 on: input D is 1, the bias. Only samples whose activation moves at
 * all go on: no pixel that is 0, no ReLU that is off. */
static void
perturb(const struct mlp *m, int l, npy_intp j, npy_intp i0, double *up, double *down, struct batch *batch)
{
    const npy_intp N = m->samples, D = m->size[l - 1], M = m->size[l], inputs = D + 1 - i0 < INPUTS ? D + 1 - i0 : INPUTS;
    double *const dW = PyArray_DATA(m->dW[l]), *const db = PyArray_DATA(m->db[l]);
    struct perturb_column_args p = {.samples = N, .inputs = D - i0, .x = m->all.a[l - 1] + i0, .x_rs = D,
                                    .z = m->all.z[l] + j, .z_rs = M, .f = m->f, .h = H, .up = up, .down = down};
    run(m->k->perturb_column, &p, inputs, N);
    for (npy_intp e = 0; e < 2 * inputs * N; e++) {
        const npy_intp i = i0 + e / 2 / N;
        const struct perturbation change = {
            .sample = e / 2 % N, .column = j, .d = e % 2 == 0 ? up[e / 2] : down[e / 2],
            .derivative = i < D ? dW + i * M + j : db + j, .factor = (e % 2 == 0 ? 1 : -1) / (2 * H * (double)N),
        };
        if (change.d != 0) {
            batch->changes[batch->n++] = change;
        }
        if (batch->n == ROWS) {
            flush(m, l, batch);
        }
    }
}

int
differentiate_by_rows(struct mlp *m, int l)
{
    double *const up = hold_zeros(m, INPUTS, m->samples), *const down = hold_zeros(m, INPUTS, m->samples);
    struct batch batch = {.labels = hold_zeros(m, ROWS, 1), .t = hold_zeros(m, ROWS, m->size[m->layers]),
                          .changes = hold_zeros(m, ROWS, sizeof(struct perturbation) / sizeof(double))};
    if (hold_rows(m, &batch.rows, l + 1, ROWS) < 0) {
        return -1;
    }
    for (npy_intp j = 0; j < m->size[l]; j++) {
        for (npy_intp i0 = 0; i0 <= m->size[l - 1]; i0 += INPUTS) {
            perturb(m, l, j, i0, up, down, &batch);
        }
        if (PyErr_Occurred() || PyErr_CheckSignals() < 0) {
            return -1;
        }
    }
    flush(m, l, &batch);
    return 0;
}
