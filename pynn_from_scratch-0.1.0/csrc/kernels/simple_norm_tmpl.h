/* Batch normalization (section 6.3; arXiv:1502.03167) and dropout (section 6.4.3).
 *
 * A column has N = rows x pixels values; where it is no channel of images, pixels is 1. Sums are taken in double precision and
 * rounded once: a channel may have millions of values. */

#define GUARD R(10e-7)          /* the book's, against a division by zero */

/* Where value v of column j lies. */
static ptrdiff_t
FN(value_at)(const struct batchnorm_args *s, ptrdiff_t j, ptrdiff_t v)
{
    return (v / s->pixels * s->cols + j) * s->pixels + v % s->pixels;
}

/* mu = 1/N sum x, xc = x - mu, var = 1/N sum xc^2, std = sqrt(var + 10e-7), out = gamma xc / std + beta;
 * running = momentum running + (1 - momentum) new */
static void
FN(batchnorm_train)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const ptrdiff_t N = s->rows * s->pixels;
    const real *x = s->x, *gamma = s->gamma, *beta = s->beta, *running_mean = s->running_mean, *running_var = s->running_var;
    const real keep = (real)s->momentum, take = (real)(1 - s->momentum);
    real *xc = s->xc, *out = s->out;
    for (ptrdiff_t j = begin; j < end; j++) {
        double sum = 0, squares = 0;
        for (ptrdiff_t v = 0; v < N; v++) {
            sum += (double)x[FN(value_at)(s, j, v)];
        }
        const real mu = (real)sum / (real)N;
        for (ptrdiff_t v = 0; v < N; v++) {
            const ptrdiff_t at = FN(value_at)(s, j, v);
            xc[at] = x[at] - mu;
            squares += (double)(xc[at] * xc[at]);
        }
        const real var = (real)squares / (real)N, std = LIBM(sqrt)(var + GUARD);
        for (ptrdiff_t v = 0; v < N; v++) {
            const ptrdiff_t at = FN(value_at)(s, j, v);
            out[at] = gamma[j] * (xc[at] / std) + beta[j];
        }
        ((real *)s->std)[j] = std;
        ((real *)s->new_mean)[j] = keep * running_mean[j] + take * mu;
        ((real *)s->new_var)[j] = keep * running_var[j] + take * var;
    }
}

/* out = gamma (x - running mean) / sqrt(running var + 10e-7) + beta */
static void
FN(batchnorm_test)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const real *x = s->x, *gamma = s->gamma, *beta = s->beta, *mu = s->running_mean, *var = s->running_var;
    for (ptrdiff_t j = begin; j < end; j++) {
        for (ptrdiff_t v = 0; v < s->rows * s->pixels; v++) {
            const ptrdiff_t at = FN(value_at)(s, j, v);
            ((real *)s->out)[at] = gamma[j] * ((x[at] - mu[j]) / LIBM(sqrt)(var[j] + GUARD)) + beta[j];
        }
    }
}

/* The forward pass step by step backwards, with dxn = gamma dout:
 *
 *   dbeta = sum dout, dgamma = sum dout xc / std,
 *   dstd = -sum dxn xc / std^2, dvar = dstd / 2 std, dxc = dxn / std + 2/N xc dvar, dmu = -sum dxc, dx = dxc + dmu / N */
static void
FN(batchnorm_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const ptrdiff_t N = s->rows * s->pixels;
    const real *dout = s->dout, *xc = s->xc, *gamma = s->gamma, *deviation = s->std;
    real *dx = s->dx;
    for (ptrdiff_t j = begin; j < end; j++) {
        const real std = deviation[j];
        double dbeta = 0, dgamma = 0, dstd = 0, dmu = 0;
        for (ptrdiff_t v = 0; v < N; v++) {
            const ptrdiff_t at = FN(value_at)(s, j, v);
            dbeta += (double)dout[at];
            dgamma += (double)(dout[at] * (xc[at] / std));
            dstd -= (double)(gamma[j] * dout[at] * xc[at] / (std * std));
        }
        const real dvar = (real)dstd / (2 * std);
        for (ptrdiff_t v = 0; v < N; v++) {
            const ptrdiff_t at = FN(value_at)(s, j, v);
            dx[at] = gamma[j] * dout[at] / std + 2 / (real)N * xc[at] * dvar;
            dmu -= (double)dx[at];
        }
        for (ptrdiff_t v = 0; v < N; v++) {
            dx[FN(value_at)(s, j, v)] += (real)dmu / (real)N;
        }
        ((real *)s->dbeta)[j] = (real)dbeta;
        ((real *)s->dgamma)[j] = (real)dgamma;
    }
}

/* A channel is a column that has pixels. */
static void
FN(channelnorm_train)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    FN(batchnorm_train)(args, begin, end);
}

static void
FN(channelnorm_test)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    FN(batchnorm_test)(args, begin, end);
}

static void
FN(channelnorm_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    FN(batchnorm_backward)(args, begin, end);
}

/* out = x mask */
static void
FN(dropout)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct dropout_args *s = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)s->out)[i] = ((const real *)s->x)[i] * (real)s->mask[i];
    }
}

#undef GUARD
