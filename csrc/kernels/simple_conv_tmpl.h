/* Convolution as its formula reads (section 7.2); pixels outside of the image are zeros.
 *
 *   out[n, f, y, x] = b[f] + sum over c, ky, kx of W[f, c, ky, kx] image[n, c, y stride + ky - pad, x stride + kx - pad]
 */

static void
FN(conv_plan)(struct conv_args *s)
{
    s->packed_size = s->forward_size = s->backward_size = 0;
    s->partial_size = s->fn * s->win.c * s->win.fh * s->win.fw + s->fn;
    s->groups = 1;
}

static void
FN(conv_pack)(const struct conv_args *s, int backward)
{
    (void)s;
    (void)backward;
}

/* The window's pixel (ky, kx) in a plane of the image, or -1 outside of it. */
inline_always ptrdiff_t
FN(pixel_of)(const struct windows *n, ptrdiff_t oy, ptrdiff_t ox, ptrdiff_t ky, ptrdiff_t kx)
{
    const ptrdiff_t y = oy * n->stride + ky - n->pad, x = ox * n->stride + kx - n->pad;
    return y >= 0 && y < n->h && x >= 0 && x < n->w ? y * n->w + x : -1;
}

static void
FN(conv_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const real *W = s->W, *b = s->b;
    real *out = (real *)s->out + begin * s->fn * n->oh * n->ow;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real *image = (const real *)s->x + i * n->c * n->h * n->w;
        for (ptrdiff_t f = 0; f < s->fn; f++) {
            for (ptrdiff_t oy = 0; oy < n->oh; oy++) {
                for (ptrdiff_t ox = 0; ox < n->ow; ox++) {
                    real sum = 0;
                    for (ptrdiff_t c = 0; c < n->c; c++) {
                        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
                            for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                                const ptrdiff_t at = FN(pixel_of)(n, oy, ox, ky, kx);
                                const real pixel = at < 0 ? 0 : image[c * n->h * n->w + at];
                                sum += W[((f * n->c + c) * n->fh + ky) * n->fw + kx] * pixel;
                            }
                        }
                    }
                    *out++ = sum + b[f];
                }
            }
        }
    }
}

/* Every product of forward, once for each of its two factors. */
static void
FN(conv_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const ptrdiff_t image = n->c * n->h * n->w;
    for (ptrdiff_t g = begin; g < end; g++) {
        real *dW = (real *)s->partial + g * s->partial_size, *db = dW + s->fn * n->c * n->fh * n->fw;
        memset(dW, 0, (size_t)s->partial_size * sizeof(real));
        for (ptrdiff_t i = g * n->n / s->groups; i < (g + 1) * n->n / s->groups; i++) {
            const real *x = (const real *)s->x + i * image;
            real *dx = s->dx == NULL ? NULL : (real *)s->dx + i * image;
            if (dx != NULL) {
                memset(dx, 0, (size_t)image * sizeof(real));
            }
            for (ptrdiff_t f = 0; f < s->fn; f++) {
                for (ptrdiff_t oy = 0; oy < n->oh; oy++) {
                    for (ptrdiff_t ox = 0; ox < n->ow; ox++) {
                        const real d = ((const real *)s->dout)[((i * s->fn + f) * n->oh + oy) * n->ow + ox];
                        db[f] += d;
                        for (ptrdiff_t c = 0; c < n->c; c++) {
                            for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
                                for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                                    const ptrdiff_t at = FN(pixel_of)(n, oy, ox, ky, kx);
                                    const ptrdiff_t weight = ((f * n->c + c) * n->fh + ky) * n->fw + kx;
                                    dW[weight] += d * (at < 0 ? 0 : x[c * n->h * n->w + at]);
                                    if (dx != NULL && at >= 0) {
                                        dx[c * n->h * n->w + at] += d * ((const real *)s->W)[weight];
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

static void
FN(conv_sum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const ptrdiff_t taps = s->win.c * s->win.fh * s->win.fw;
    const real *partial = s->partial;
    for (ptrdiff_t f = 0; f < s->fn; f++) {
        for (ptrdiff_t k = begin; k < end; k++) {
            ((real *)s->dW)[f * taps + k] = partial[f * taps + k];
        }
        if (begin == 0) {
            ((real *)s->db)[f] = partial[s->fn * taps + f];
        }
    }
}
