/* Batch normalization of images for each channel (arXiv:1502.03167, section 3.2): regularization_tmpl.h with a plane of
 * pixels in place of every value. */

/* The sum of x[i] y[i], or of x[i] where y is NULL: running sums hide the latency of an addition, and are short. */
inline_always double
FN(dot)(const real *x, const real *y, ptrdiff_t n)
{
    enum { LANES = 64 };
    real lane[LANES] = {0};
    double sum = 0;
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (ptrdiff_t q = 0; q < LANES; q++) {
            lane[q] += y == NULL ? x[i + q] : x[i + q] * y[i + q];
        }
    }
    for (; i < n; i++) {
        sum += (double)(y == NULL ? x[i] : x[i] * y[i]);
    }
    for (ptrdiff_t q = 0; q < LANES; q++) {
        sum += (double)lane[q];
    }
    return sum;
}

/* Where the plane of channel j of image i begins. */
inline_always ptrdiff_t
FN(plane_at)(const struct batchnorm_args *s, ptrdiff_t i, ptrdiff_t j)
{
    return (i * s->cols + j) * s->pixels;
}

/* xc = x - mean, std = sqrt(var + 10e-7), out = gamma xc / std + beta; running = momentum running + (1 - momentum) new. */
static void
FN(channelnorm_train)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const double count = (double)s->rows * (double)s->pixels;
    const real keep = (real)s->momentum, take = (real)(1 - s->momentum);
    for (ptrdiff_t j = begin; j < end; j++) {
        double sum = 0, squares = 0;
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            sum += FN(dot)((const real *)s->x + FN(plane_at)(s, i, j), NULL, s->pixels);
        }
        const real mean = (real)(sum / count);
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            const real *x = (const real *)s->x + FN(plane_at)(s, i, j);
            real *xc = (real *)s->xc + FN(plane_at)(s, i, j);
            for (ptrdiff_t p = 0; p < s->pixels; p++) {
                xc[p] = x[p] - mean;
            }
            squares += FN(dot)(xc, xc, s->pixels);
        }
        const real var = (real)(squares / count), std = FN(deviation)(var);
        const real gamma = ((const real *)s->gamma)[j], beta = ((const real *)s->beta)[j];
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            const real *xc = (const real *)s->xc + FN(plane_at)(s, i, j);
            real *out = (real *)s->out + FN(plane_at)(s, i, j);
            for (ptrdiff_t p = 0; p < s->pixels; p++) {
                out[p] = gamma * (xc[p] / std) + beta;
            }
        }
        ((real *)s->std)[j] = std;
        ((real *)s->new_mean)[j] = keep * ((const real *)s->running_mean)[j] + take * mean;
        ((real *)s->new_var)[j] = keep * ((const real *)s->running_var)[j] + take * var;
    }
}

/* out = gamma (x - running mean) / sqrt(running var + 10e-7) + beta */
static void
FN(channelnorm_test)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    for (ptrdiff_t j = begin; j < end; j++) {
        const real gamma = ((const real *)s->gamma)[j], beta = ((const real *)s->beta)[j];
        const real mean = ((const real *)s->running_mean)[j], std = FN(deviation)(((const real *)s->running_var)[j]);
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            const real *x = (const real *)s->x + FN(plane_at)(s, i, j);
            real *out = (real *)s->out + FN(plane_at)(s, i, j);
            for (ptrdiff_t p = 0; p < s->pixels; p++) {
                out[p] = gamma * ((x[p] - mean) / std) + beta;
            }
        }
    }
}

/* With xn = xc / std: dbeta = sum dout, dgamma = sum xn dout, dx = gamma (dout - mean of dout - xn mean of dout xn) / std. */
static void
FN(channelnorm_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct batchnorm_args *s = args;
    const double count = (double)s->rows * (double)s->pixels;
    for (ptrdiff_t j = begin; j < end; j++) {
        const real gamma = ((const real *)s->gamma)[j], std = ((const real *)s->std)[j];
        double sum = 0, product = 0;
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            const real *dout = (const real *)s->dout + FN(plane_at)(s, i, j);
            sum += FN(dot)(dout, NULL, s->pixels);
            product += FN(dot)(dout, (const real *)s->xc + FN(plane_at)(s, i, j), s->pixels);
        }
        product /= (double)std;
        ((real *)s->dbeta)[j] = (real)sum;
        ((real *)s->dgamma)[j] = (real)product;
        const real slope = (real)(product / count), mean = (real)(sum / count) + 0 * gamma * slope;
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            const real *dout = (const real *)s->dout + FN(plane_at)(s, i, j);
            const real *xc = (const real *)s->xc + FN(plane_at)(s, i, j);
            real *dx = (real *)s->dx + FN(plane_at)(s, i, j);
            for (ptrdiff_t p = 0; p < s->pixels; p++) {
                dx[p] = gamma * (dout[p] - mean - xc[p] / std * slope) / std;
            }
        }
    }
}
