/* Sums over rows. */

/* out[j] = sum over i of x[i, j], each column from the first row to the last. Four running sums hide the latency of an
 * addition; one column is summed alike wherever the range of columns begins. */
static void
FN(column_sum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct column_sum_args *s = args;
    const real *x = s->x;
    real *out = s->out;
    for (ptrdiff_t j = begin; j < end; j += 4 * VL) {
        const ptrdiff_t width = min_(4 * VL, end - j);
        real sum[4][4 * VL] = {{0}};
        for (ptrdiff_t i = 0; i < s->rows; i++) {
            const real *row = x + i * s->cols + j;
            real *to = sum[i % 4];
            for (ptrdiff_t q = 0; q < width; q++) {
                to[q] += row[q];
            }
        }
        for (ptrdiff_t q = 0; q < width; q++) {
            out[j + q] = (sum[0][q] + sum[1][q]) + (sum[2][q] + sum[3][q]);
        }
    }
}

/* Pairwise: 64 values in eight running sums, then halves with halves. */
static double
FN(sum)(const void *values, ptrdiff_t n)
{
    const real *x = values;
    if (n > 64) {
        const ptrdiff_t half = n / 2 / 64 * 64 + (n / 2 % 64 != 0 ? 64 : 0);
        return FN(sum)(x, half) + FN(sum)(x + half, n - half);
    }
    double lane[8] = {0};
    for (ptrdiff_t i = 0; i < n; i++) {
        lane[i % 8] += (double)x[i];
    }
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* sums[b] = the sum of (y - t)^2 over block b */
static void
FN(squares)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct squares_args *s = args;
    for (ptrdiff_t b = begin; b < end; b++) {
        const real *y = (const real *)s->y + b * SQUARES, *t = (const real *)s->t + b * SQUARES;
        const ptrdiff_t n = min_(SQUARES, s->n - b * SQUARES);
        real lane[64] = {0};
        for (ptrdiff_t i = 0; i < n; i += 64) {
            for (ptrdiff_t j = 0; j < min_(64, n - i); j++) {
                lane[j] += (y[i + j] - t[i + j]) * (y[i + j] - t[i + j]);
            }
        }
        ((real *)s->sums)[b] = (real)FN(sum)(lane, 64);
    }
}
