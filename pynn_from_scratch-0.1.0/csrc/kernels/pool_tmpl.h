/* Windows over images: max-pooling, and the book's im2col and col2im. */

/* Windows [first, last) of a row: out[x] = the largest pixel and index[x] = its place in the window, the first one where several are
 * equal, as np.argmax: NaN is larger than anything. Pixels outside the image are zeros. stride is a constant where it
 * matters, so that the loop over x becomes vectors. */
inline_always void
FN(pool_row)(const struct windows *n, const ptrdiff_t stride, const real *plane, ptrdiff_t oy, ptrdiff_t first, ptrdiff_t last,
             real *out, int32_t *index)
{
    for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
        const ptrdiff_t y = oy * stride + ky - n->pad;
        for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
            const int32_t place = (int32_t)(ky * n->fw + kx);
            const ptrdiff_t from = kx - n->pad;     /* the column that window 0 sees */
            ptrdiff_t inside = first, end = first;  /* windows whose pixel lies in the image */
            if (y >= 0 && y < n->h) {
                inside = from < 0 ? min_(last, max_(first, ceil_div(-from, stride))) : first;
                end = max_(inside, from < n->w ? min_(last, ceil_div(n->w - from, stride)) : first);
            }
            if (place == 0) {
                for (ptrdiff_t x = first; x < last; x++) {
                    out[x] = 0;
                    index[x] = 0;
                }
                for (ptrdiff_t x = inside; x < end; x++) {
                    out[x] = plane[y * n->w + x * stride + from];
                }
                continue;
            }
#define TAKE(PIXEL)                                                             \
            do {                                                                \
                const real pixel = PIXEL, best = out[x];                        \
                const int take = !(pixel <= best) & (best == best);             \
                out[x] = take ? pixel : best;                                   \
                index[x] = take ? place : index[x];                             \
            } while (0)
            for (ptrdiff_t x = first; x < inside; x++) {
                TAKE(0);
            }
            for (ptrdiff_t x = inside; x < end; x++) {
                TAKE(plane[y * n->w + x * stride + from]);
            }
            for (ptrdiff_t x = end; x < last; x++) {
                TAKE(0);
            }
#undef TAKE
        }
    }
}

static void
FN(pool_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct pool_args *p = args;
    const struct windows *n = &p->win;
    for (ptrdiff_t row = begin / n->ow; row < ceil_div(end, n->ow); row++) {
        const ptrdiff_t at = row * n->ow, first = max_(0, begin - at), last = min_(n->ow, end - at), oy = row % n->oh;
        const real *plane = (const real *)p->x + row / n->oh * n->h * n->w;
        real *out = (real *)p->out + at;
        switch (n->stride) {
            case 1: FN(pool_row)(n, 1, plane, oy, first, last, out, p->index + at); break;
            case 2: FN(pool_row)(n, 2, plane, oy, first, last, out, p->index + at); break;
            default: FN(pool_row)(n, n->stride, plane, oy, first, last, out, p->index + at);
        }
    }
}

/* dout goes to the pixel that was the largest. */
static void
FN(pool_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct pool_args *p = args;
    const struct windows *n = &p->win;
    const ptrdiff_t windows = n->oh * n->ow, pixels = n->h * n->w;
    memset((real *)p->dx + begin * pixels, 0, (size_t)((end - begin) * pixels) * sizeof(real));
    for (ptrdiff_t q = begin; q < end; q++) {
        const real *dout = (const real *)p->dout + q * windows;
        const int32_t *index = p->index + q * windows;
        real *dx = (real *)p->dx + q * pixels;
        for (ptrdiff_t oy = 0; oy < n->oh; oy++) {
            for (ptrdiff_t ox = 0; ox < n->ow; ox++) {
                const int32_t place = index[oy * n->ow + ox], fw = (int32_t)n->fw;
                const ptrdiff_t y = oy * n->stride - n->pad + place / fw, x = ox * n->stride - n->pad + place % fw;
                if (y >= 0 && y < n->h && x >= 0 && x < n->w) {
                    dx[y * n->w + x] += dout[oy * n->ow + ox];
                }
            }
        }
    }
}

/* col[(image, oy, ox), (c, ky, kx)] = the pixels of every window, one window a row. */
static void
FN(im2col)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct im2col_args *m = args;
    const struct windows *n = &m->win;
    for (ptrdiff_t row = begin; row < end; row++) {
        const real *image = (const real *)m->image + row / n->oh * n->c * n->h * n->w;
        real *col = (real *)m->col + row * n->ow * n->c * n->fh * n->fw;
        for (ptrdiff_t ox = 0; ox < n->ow; ox++) {
            for (ptrdiff_t c = 0; c < n->c; c++) {
                for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
                    const ptrdiff_t y = row % n->oh * n->stride + ky - n->pad, left = ox * n->stride - n->pad;
                    const real *pixels = image + (c * n->h + y) * n->w;
                    for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                        const ptrdiff_t x = left + kx;
                        *col++ = y >= 0 && y < n->h && x >= 0 && x < n->w ? pixels[x] : 0;
                    }
                }
            }
        }
    }
}

/* Every pixel is the sum of its copies in col, taken in the order of (ky, kx): windows overlap, hence +=. */
static void
FN(col2im)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct im2col_args *m = args;
    const struct windows *n = &m->win;
    const ptrdiff_t pixels = n->h * n->w, taps = n->fh * n->fw, width = n->c * taps;
    memset((real *)m->image + begin * pixels, 0, (size_t)((end - begin) * pixels) * sizeof(real));
    for (ptrdiff_t q = begin; q < end; q++) {
        real *plane = (real *)m->image + q * pixels;
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            const real *col = (const real *)m->col + q / n->c * n->oh * n->ow * width + q % n->c * taps + tap;
            for (ptrdiff_t oy = 0; oy < n->oh; oy++) {
                const ptrdiff_t y = oy * n->stride - n->pad + tap / n->fw, left = tap % n->fw - n->pad;
                for (ptrdiff_t ox = 0; y >= 0 && y < n->h && ox < n->ow; ox++) {
                    const ptrdiff_t x = ox * n->stride + left;
                    if (x >= 0 && x < n->w) {
                        plane[y * n->w + x] += col[(oy * n->ow + ox) * width];
                    }
                }
            }
        }
    }
}
