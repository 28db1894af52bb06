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
