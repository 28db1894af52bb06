/* What moves when one weight does (section 4.4): the layer z = x W + b that it is in, and the next one. */

static real
FN(activate)(enum elementwise f, real z)
{
    switch (f) {
        case SIGMOID: return FN(sigmoid)(z);
        case RELU: return z <= 0 ? 0 : z;
        default: return z;
    }
}

/* Changing W[i, j] by h changes z[k, j] by h x[k, i]: up[i, k] and down[i, k] are what f(z[k, j]) gains by +h and by -h. */
static void
FN(perturb_column)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct perturb_column_args *p = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        for (ptrdiff_t k = 0; k < p->samples; k++) {
            const real x = i == p->inputs ? 1 : p->x[k * p->x_rs + i], z = p->z[k * p->z_rs];
            p->up[i * p->samples + k] = FN(activate)(p->f, z + p->h * x) - FN(activate)(p->f, z);
            p->down[i * p->samples + k] = FN(activate)(p->f, z - p->h * x) - FN(activate)(p->f, z);
        }
    }
}

/* The next layer of a sample whose input `column` moved by d: a[r] = f(z + d W[column]) */
static void
FN(perturb_rows)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct perturb_rows_args *p = args;
    for (ptrdiff_t r = begin; r < end; r++) {
        const struct perturbation *change = p->changes + r;
        for (ptrdiff_t c = 0; c < p->cols; c++) {
            const real z = p->z[change->sample * p->cols + c], w = p->W[change->column * p->cols + c];
            p->a[r * p->cols + c] = FN(activate)(p->f, z + change->d * w);
        }
    }
}
