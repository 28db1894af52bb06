/* What a changed weight does to the layer it is in and to the next: the first two steps of a numerical gradient. Plain
 * loops: the products that follow take the time. */

inline_always real
FN(activate)(enum elementwise f, real z)
{
    return f == SIGMOID ? FN(sigmoid)(z) : f == RELU && z <= 0 ? 0 : z;
}

/* up[i, k] = f(z[k] + h x[k, i]) - f(z[k]) and down[i, k] = f(z[k] - h x[k, i]) - f(z[k]), for inputs [begin, end) */
static void
FN(perturb_column)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct perturb_column_args *p = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        for (ptrdiff_t k = 0; k < p->samples; k++) {
            const real z = p->z[k * p->z_rs], a = FN(activate)(p->f, z);
            const real step = p->h * (i < p->inputs ? p->x[k * p->x_rs + i] : 1);
            p->up[i * p->samples + k] = FN(activate)(p->f, z + step) - a;
            p->down[i * p->samples + k] = FN(activate)(p->f, z - step) - a;
        }
    }
}

/* a[r] = f(z[sample r] + d_r W[column r]), for rows [begin, end) */
static void
FN(perturb_rows)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct perturb_rows_args *p = args;
    for (ptrdiff_t r = begin; r < end; r++) {
        const struct perturbation *change = p->changes + r;
        const real *z = p->z + change->sample * p->cols, *w = p->W + change->column * p->cols;
        for (ptrdiff_t c = 0; c < p->cols; c++) {
            p->a[r * p->cols + c] = z[c] + change->d * w[c];
        }
        for (ptrdiff_t c = 0; c < p->cols; c++) {
            p->a[r * p->cols + c] = FN(activate)(p->f, p->a[r * p->cols + c]);
        }
    }
}
