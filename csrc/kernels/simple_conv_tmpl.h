/* Convolution as its formula reads (section 7.2); pixels outside of the image are zeros.
 *
 *   z[n, f, y, x] = b[f] + sum over c, ky, kx of W[f, c, ky, kx] image[n, c, y stride + ky - pad, x stride + kx - pad]
 *
 * and after it ReLU, and the largest of every 2x2 pixels.
 */

static void
FN(conv_plan)(struct conv_args *s)
{
    s->packed_size = s->forward_size = s->backward_size = 0;
    s->padded_fn = s->fn;
    s->partial_size = s->fn * s->win.c * s->win.fh * s->win.fw + s->fn;
    s->groups = 1;
}

static void
FN(conv_pack)(const struct conv_args *s, int backward)
{
    (void)s;
    (void)backward;
}

static real
FN(convolve)(const struct conv_args *s, ptrdiff_t i, ptrdiff_t f, ptrdiff_t oy, ptrdiff_t ox)
{
    const struct windows *n = &s->win;
    real sum = 0;
    for (ptrdiff_t c = 0; c < n->c; c++) {
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                const ptrdiff_t at = FN(input_at)(s, i, oy, ox, c, ky, kx);
                sum += ((const real *)s->W)[FN(weight_at)(n, f, c, ky, kx)] * (at < 0 ? 0 : ((const real *)s->x)[at]);
            }
        }
    }
    sum += ((const real *)s->b)[f];
    return s->after != NOTHING && sum <= 0 ? 0 : sum;
}

static void
FN(conv_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const ptrdiff_t step = s->after == RELU_AND_POOL ? 2 : 1, rows = s->win.oh / step, cols = s->win.ow / step;
    for (ptrdiff_t i = begin; i < end; i++) {
        for (ptrdiff_t f = 0; f < s->fn; f++) {
            for (ptrdiff_t y = 0; y < rows; y++) {
                for (ptrdiff_t x = 0; x < cols; x++) {
                    real best = FN(convolve)(s, i, f, y * step, x * step);
                    uint8_t place = 0;
                    for (uint8_t q = 1; q < step * step; q++) {
                        const real pixel = FN(convolve)(s, i, f, 2 * y + q / 2, 2 * x + q % 2);
                        if (!(pixel <= best) && best == best) {
                            best = pixel;
                            place = q;
                        }
                    }
                    ((real *)s->out)[FN(pixel_at)(s->out_last, s->fn, rows, cols, i, f, y, x)] = best;
                    if (step == 2) {
                        s->index[FN(pixel_at)(1, s->fn, rows, cols, i, f, y, x)] = place;
                    }
                }
            }
        }
    }
}

static void
FN(conv_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw;
    const struct FN(weight_strides) at = {n->c * taps, taps, n->fw, 1};
    real *dW = s->partial, *db = dW + s->fn * n->c * taps;
    memset(dW, 0, (size_t)s->partial_size * sizeof(real));
    for (ptrdiff_t i = begin * n->n; i < end * n->n; i++) {
        FN(gradients_by_formula)(s, i, &at, dW, db);
    }
}

static void
FN(conv_sum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    (void)args;     /* there is one group */
    (void)begin;
    (void)end;
}

static void
FN(conv_unpack)(const struct conv_args *s)
{
    const ptrdiff_t weights = s->partial_size - s->fn;
    memcpy(s->dW, s->partial, (size_t)weights * sizeof(real));
    memcpy(s->db, (real *)s->partial + weights, (size_t)s->fn * sizeof(real));
}
