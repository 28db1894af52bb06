/* Convolution backward as its formula reads, window by window: what the simple table does, and the fast ones where a number
 * is not finite. There every product counts, those with zeros too, and no others: NaN appears where NumPy has it. */

/* Where pixel (y, x) of channel q of image i lies. */
inline_always ptrdiff_t
FN(pixel_at)(int last, ptrdiff_t c, ptrdiff_t h, ptrdiff_t w, ptrdiff_t i, ptrdiff_t q, ptrdiff_t y, ptrdiff_t x)
{
    return last ? ((i * h + y) * w + x) * c + q : ((i * c + q) * h + y) * w + x;
}

/* Where the pixel lies that weight (c, ky, kx) meets in a window, or -1 outside of the image. */
inline_always ptrdiff_t
FN(input_at)(const struct conv_args *s, ptrdiff_t i, ptrdiff_t oy, ptrdiff_t ox, ptrdiff_t c, ptrdiff_t ky, ptrdiff_t kx)
{
    const struct windows *n = &s->win;
    const ptrdiff_t y = oy * n->stride + ky - n->pad, x = ox * n->stride + kx - n->pad;
    return y >= 0 && y < n->h && x >= 0 && x < n->w ? FN(pixel_at)(s->x_last, n->c, n->h, n->w, i, c, y, x) : -1;
}

inline_always ptrdiff_t
FN(weight_at)(const struct windows *n, ptrdiff_t f, ptrdiff_t c, ptrdiff_t ky, ptrdiff_t kx)
{
    return ((f * n->c + c) * n->fh + ky) * n->fw + kx;
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
    if (step == 2 && s->index[((i * rows + y) * cols + x) * s->padded_fn + f] != oy % 2 * 2 + ox % 2) {
        return 0;
    }
    if (s->after != NOTHING && ((const real *)s->out)[FN(pixel_at)(s->out_last, s->fn, rows, cols, i, f, y, x)] <= 0) {
        return 0;
    }
    return ((const real *)s->dout)[FN(pixel_at)(s->dout_last, s->fn, rows, cols, i, f, y, x)];
}

/* Where dW of filter, channel and pixel of a window is kept: their strides. */
struct FN(weight_strides) {
    ptrdiff_t f, c, ky, kx;
};

/* One window of one filter: every product of forward, once for each of its two factors. */
static void
FN(add_window)(const struct conv_args *s, ptrdiff_t i, ptrdiff_t f, ptrdiff_t oy, ptrdiff_t ox, real g,
               const struct FN(weight_strides) *at, real *dW)
{
    const struct windows *n = &s->win;
    const real *image = s->x, *W = s->W;
    real *dx = s->dx;
    for (ptrdiff_t c = 0; c < n->c; c++) {
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                const ptrdiff_t pixel = FN(input_at)(s, i, oy, ox, c, ky, kx);
                dW[f * at->f + c * at->c + ky * at->ky + kx * at->kx] += g * (pixel < 0 ? 0 : image[pixel]);
                if (dx != NULL && pixel >= 0) {
                    dx[pixel] += g * W[FN(weight_at)(n, f, c, ky, kx)];
                }
            }
        }
    }
}

/* dx of image i; its dW and db are added. */
static void
FN(gradients_by_formula)(const struct conv_args *s, ptrdiff_t i, const struct FN(weight_strides) *at, real *dW, real *db)
{
    const struct windows *n = &s->win;
    const ptrdiff_t image = n->c * n->h * n->w;
    if (s->dx != NULL) {
        memset((real *)s->dx + i * image, 0, (size_t)image * sizeof(real));
    }
    for (ptrdiff_t f = 0; f < s->fn; f++) {
        for (ptrdiff_t oy = 0; oy < n->oh; oy++) {
            for (ptrdiff_t ox = 0; ox < n->ow && !parallel_interrupted(); ox++) {
                const real g = FN(gradient_at)(s, i, f, oy, ox);
                db[f] += g;
                FN(add_window)(s, i, f, oy, ox, g, at, dW);
            }
        }
    }
}
