/* Batch normalization (section 6.3; arXiv:1502.03167) and dropout (section 6.4.3): loops over columns and elements that the
 * compiler turns into vectors as they stand. */

#define COLUMNS 32              /* at once: their running sums stay in registers */

inline_always real
FN(deviation)(real variance)
{
    return LIBM(sqrt)(variance + R(10e-7));     /* the book's guard against a division by zero */
}

/* xc = x - mean, std = sqrt(var + 10e-7), out = gamma xc / std + beta; running = momentum running + (1 - momentum) new. */
static void
FN(batchnorm_train)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const ptrdiff_t cols = s->cols;
    const real count = (real)s->rows, keep = (real)s->momentum, take = (real)(1 - s->momentum);
    for (ptrdiff_t j = begin; j < end; j += COLUMNS) {
        const ptrdiff_t width = min_(COLUMNS, end - j);
        const real *x = (const real *)s->x + j, *gamma = (const real *)s->gamma + j, *beta = (const real *)s->beta + j;
        const real *running_mean = (const real *)s->running_mean + j, *running_var = (const real *)s->running_var + j;
        real *xc = (real *)s->xc + j, *out = (real *)s->out + j, *std = (real *)s->std + j;
        real *new_mean = (real *)s->new_mean + j, *new_var = (real *)s->new_var + j;
        real mean[COLUMNS] = {0}, var[COLUMNS] = {0};
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            for (ptrdiff_t q = 0; q < width; q++) {
                mean[q] += x[i * cols + q];
            }
        }
        for (ptrdiff_t q = 0; q < width; q++) {
            mean[q] /= count;
            new_mean[q] = keep * running_mean[q] + take * mean[q];
        }
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            for (ptrdiff_t q = 0; q < width; q++) {
                const real d = x[i * cols + q] - mean[q];
                xc[i * cols + q] = d;
                var[q] += d * d;
            }
        }
        for (ptrdiff_t q = 0; q < width; q++) {
            var[q] /= count;
            new_var[q] = keep * running_var[q] + take * var[q];
            std[q] = FN(deviation)(var[q]);
        }
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            for (ptrdiff_t q = 0; q < width; q++) {
                out[i * cols + q] = gamma[q] * (xc[i * cols + q] / std[q]) + beta[q];
            }
        }
    }
}

/* out = gamma (x - running mean) / sqrt(running var + 10e-7) + beta */
static void
FN(batchnorm_test)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const ptrdiff_t cols = s->cols;
    for (ptrdiff_t j = begin; j < end; j += COLUMNS) {
        const ptrdiff_t width = min_(COLUMNS, end - j);
        const real *x = (const real *)s->x + j, *gamma = (const real *)s->gamma + j, *beta = (const real *)s->beta + j;
        const real *mean = (const real *)s->running_mean + j, *var = (const real *)s->running_var + j;
        real *out = (real *)s->out + j, std[COLUMNS];
        for (ptrdiff_t q = 0; q < width; q++) {
            std[q] = FN(deviation)(var[q]);
        }
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            for (ptrdiff_t q = 0; q < width; q++) {
                out[i * cols + q] = gamma[q] * ((x[i * cols + q] - mean[q]) / std[q]) + beta[q];
            }
        }
    }
}

/* With xn = xc / std and g = gamma dout: dbeta = sum dout, dgamma = sum xn dout,
 * dx = (g - mean of g - xn mean of g xn) / std, where means and sums run over the rows. Where g is infinite, infinities of both
 * signs meet in the sums of the book's formula, and all of dx is NaN: hence 0 times what is infinite then. */
static void
FN(batchnorm_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const ptrdiff_t cols = s->cols;
    const real count = (real)s->rows;
    for (ptrdiff_t j = begin; j < end; j += COLUMNS) {
        const ptrdiff_t width = min_(COLUMNS, end - j);
        const real *dout = (const real *)s->dout + j, *gamma = (const real *)s->gamma + j;
        const real *xc = (const real *)s->xc + j, *std = (const real *)s->std + j;
        real *dx = (real *)s->dx + j, *dgamma = (real *)s->dgamma + j, *dbeta = (real *)s->dbeta + j;
        real sum[COLUMNS] = {0}, product[COLUMNS] = {0};
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            for (ptrdiff_t q = 0; q < width; q++) {
                sum[q] += dout[i * cols + q];
                product[q] += dout[i * cols + q] * (xc[i * cols + q] / std[q]);
            }
        }
        for (ptrdiff_t q = 0; q < width; q++) {
            dbeta[q] = sum[q];
            dgamma[q] = product[q];
            sum[q] = sum[q] / count + 0 * gamma[q] * product[q];
            product[q] /= count;
        }
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            for (ptrdiff_t q = 0; q < width; q++) {
                const real xn = xc[i * cols + q] / std[q];
                dx[i * cols + q] = gamma[q] * (dout[i * cols + q] - sum[q] - xn * product[q]) / std[q];
            }
        }
    }
}

#undef COLUMNS

/* out = x mask: what is dropped is 0 times x */
static void
FN(dropout)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct dropout_args *s = args;
    const real *x = s->x;
    real *out = s->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        out[i] = x[i] * (real)s->mask[i];
    }
}
