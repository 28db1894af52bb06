/* Convolution as its formula reads (section 7.2); pixels outside of the image are zeros.
 *
 *   z[n, f, y, x] = b[f] + sum over c, ky, kx of W[f, c, ky, kx] image[n, c, y stride + ky - pad, x stride + kx - pad]
 *
 * and after it ReLU, and the largest of every 2x2 pixels. Backward every product of forward counts once for each of its two
 * factors, those with zeros too: NaN appears where NumPy has it.
 */

/* It works in no memory of its own. */
static size_t
FN(conv_memory)(const struct conv_args *s, int backward)
{
    (void)s;
    (void)backward;
    return 0;
}

/* Where pixel (y, x) of channel q of image i lies. */
static ptrdiff_t
FN(pixel_at)(int last, ptrdiff_t c, ptrdiff_t h, ptrdiff_t w, ptrdiff_t i, ptrdiff_t q, ptrdiff_t y, ptrdiff_t x)
{
    return last ? ((i * h + y) * w + x) * c + q : ((i * c + q) * h + y) * w + x;
}

/* Where the pixel lies that weight (c, ky, kx) meets in a window, or -1 outside of the image. */
static ptrdiff_t
FN(input_at)(const struct conv_args *s, ptrdiff_t i, ptrdiff_t oy, ptrdiff_t ox, ptrdiff_t c, ptrdiff_t ky, ptrdiff_t kx)
{
    const struct windows *n = &s->win;
    const ptrdiff_t y = oy * n->stride + ky - n->pad, x = ox * n->stride + kx - n->pad;
    return y >= 0 && y < n->h && x >= 0 && x < n->w ? FN(pixel_at)(s->x_last, n->c, n->h, n->w, i, c, y, x) : -1;
}

static ptrdiff_t
FN(weight_at)(const struct windows *n, ptrdiff_t f, ptrdiff_t c, ptrdiff_t ky, ptrdiff_t kx)
{
    return ((f * n->c + c) * n->fh + ky) * n->fw + kx;
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
FN(conv_forward)(const struct conv_args *s)
{
    const ptrdiff_t step = s->after == RELU_AND_POOL ? 2 : 1, rows = s->win.oh / step, cols = s->win.ow / step;
    for (ptrdiff_t i = 0; i < s->win.n; i++) {
        for (ptrdiff_t f = 0; f < s->fn; f++) {
            for (ptrdiff_t y = 0; y < rows && !parallel_interrupted(); y++) {
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

/* The gradient before bias and ReLU: dout, where ReLU and pooling let it pass. */
static real
FN(gradient_at)(const struct conv_args *s, ptrdiff_t i, ptrdiff_t f, ptrdiff_t oy, ptrdiff_t ox)
{
    const ptrdiff_t step = s->after == RELU_AND_POOL ? 2 : 1, rows = s->win.oh / step, cols = s->win.ow / step;
    const ptrdiff_t y = oy / step, x = ox / step;
    if (y >= rows || x >= cols) {
        return 0;
    }
    if (step == 2 && s->index[((i * rows + y) * cols + x) * s->fn + f] != oy % 2 * 2 + ox % 2) {
        return 0;
    }
    if (s->after != NOTHING && ((const real *)s->out)[FN(pixel_at)(s->out_last, s->fn, rows, cols, i, f, y, x)] <= 0) {
        return 0;
    }
    return ((const real *)s->dout)[FN(pixel_at)(s->dout_last, s->fn, rows, cols, i, f, y, x)];
}

/* One window of one filter: every product of forward, once for each of its two factors. */
static void
FN(add_window)(const struct conv_args *s, ptrdiff_t i, ptrdiff_t f, ptrdiff_t oy, ptrdiff_t ox, real g)
{
    const struct windows *n = &s->win;
    const real *image = s->x, *W = s->W;
    real *dx = s->dx, *dW = s->dW;
    for (ptrdiff_t c = 0; c < n->c; c++) {
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                const ptrdiff_t pixel = FN(input_at)(s, i, oy, ox, c, ky, kx);
                dW[FN(weight_at)(n, f, c, ky, kx)] += g * (pixel < 0 ? 0 : image[pixel]);
                if (dx != NULL && pixel >= 0) {
                    dx[pixel] += g * W[FN(weight_at)(n, f, c, ky, kx)];
                }
            }
        }
    }
}

/* dx, dW and db. */
static void
FN(conv_backward)(const struct conv_args *s)
{
    const struct windows *n = &s->win;
    memset(s->dW, 0, (size_t)(s->fn * n->c * n->fh * n->fw) * sizeof(real));
    memset(s->db, 0, (size_t)s->fn * sizeof(real));
    if (s->dx != NULL) {
        memset(s->dx, 0, (size_t)(n->n * n->c * n->h * n->w) * sizeof(real));
    }
    for (ptrdiff_t i = 0; i < n->n; i++) {
        for (ptrdiff_t f = 0; f < s->fn; f++) {
            for (ptrdiff_t oy = 0; oy < n->oh; oy++) {
                for (ptrdiff_t ox = 0; ox < n->ow && !parallel_interrupted(); ox++) {
                    const real g = FN(gradient_at)(s, i, f, oy, ox);
                    ((real *)s->db)[f] += g;
                    FN(add_window)(s, i, f, oy, ox, g);
                }
            }
        }
    }
}
