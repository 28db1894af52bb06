/* C = A B + bias. */
static void
FN(gemm)(const struct gemm_args *g)
{
    const real *a = g->a, *b = g->b, *bias = g->bias;
    for (ptrdiff_t i = 0; i < g->m; i++) {
        real *c = (real *)g->c + i * g->c_rs;
        for (ptrdiff_t j = 0; j < g->n && !parallel_interrupted(); j++) {
            real sum = 0;
            for (ptrdiff_t l = 0; l < g->k; l++) {
                sum += a[i * g->a_rs + l * g->a_cs] * b[l * g->b_rs + j * g->b_cs];
            }
            c[j] = sum + (bias != NULL ? bias[j] : 0);
        }
    }
}

/* Every step of the tour is the formula here, and there is no peak to measure. */
static double
FN(tour)(int step, const struct tour_args *t)
{
    if (step < TOUR_STEPS) {
        const struct gemm_args g = {.m = t->m, .n = t->n, .k = t->k, .a = t->a, .a_rs = t->k, .a_cs = 1,
                                    .b = t->b, .b_rs = t->n, .b_cs = 1, .c = t->c, .c_rs = t->n};
        FN(gemm)(&g);
    }
    return 2.0 * (double)t->m * (double)t->n * (double)t->k;
}

/* out[j] = sum over i of x[i, j] */
static void
FN(column_sum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct column_sum_args *s = args;
    const real *x = s->x;
    real *out = s->out;
    for (ptrdiff_t j = begin; j < end; j++) {
        real sum = 0;
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            sum += x[i * s->cols + j];
        }
        out[j] = sum;
    }
}

static double
FN(sum)(const void *values, ptrdiff_t n)
{
    const real *x = values;
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        sum += (double)x[i];
    }
    return sum;
}

/* sums[b] = sum (y - t)^2 over block b */
static void
FN(squares)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct squares_args *s = args;
    const real *y = s->y, *t = s->t;
    for (ptrdiff_t b = begin; b < end; b++) {
        real sum = 0;
        for (ptrdiff_t i = b * SQUARES; i < min_((b + 1) * SQUARES, s->n); i++) {
            sum += (y[i] - t[i]) * (y[i] - t[i]);
        }
        ((real *)s->sums)[b] = sum;
    }
}
