/* Average pooling: the mean of every window, zeros of the padding included, as the mean of im2col's rows would be. */

/* The windows along an axis of n pixels that pixel k of a window lies in the image for: [first, end) of them. */
inline_always void
FN(windows_inside)(ptrdiff_t n, ptrdiff_t windows, ptrdiff_t stride, ptrdiff_t from, ptrdiff_t *first, ptrdiff_t *end)
{
    *first = from < 0 ? min_(windows, ceil_div(-from, stride)) : 0;
    *end = max_(*first, from < n ? min_(windows, ceil_div(n - from, stride)) : 0);
}

static void
FN(average_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct average_args *a = args;
    const struct windows *n = &a->win;
    const real count = (real)(n->fh * n->fw);
    for (ptrdiff_t row = begin; row < end; row++) {
        const ptrdiff_t top = row % n->oh * n->stride - n->pad;
        const real *plane = (const real *)a->x + row / n->oh * n->h * n->w;
        real *out = (real *)a->out + row * n->ow;
        memset(out, 0, (size_t)n->ow * sizeof(real));
        for (ptrdiff_t y = max_(0, top); y < min_(n->h, top + n->fh); y++) {
            if (n->ow * n->fw > LONG_WORK && parallel_interrupted()) {
                return;
            }
            for (ptrdiff_t kx = max_(0, n->pad - (n->ow - 1) * n->stride); kx < min_(n->fw, n->w + n->pad); kx++) {
                ptrdiff_t first, last;
                FN(windows_inside)(n->w, n->ow, n->stride, kx - n->pad, &first, &last);
                for (ptrdiff_t x = first; x < last; x++) {
                    out[x] += plane[y * n->w + x * n->stride + kx - n->pad];
                }
            }
        }
        for (ptrdiff_t x = 0; x < n->ow; x++) {
            out[x] /= count;
        }
    }
}

/* Every pixel of a window has the same part of its dout. */
static void
FN(average_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct average_args *a = args;
    const struct windows *n = &a->win;
    const real count = (real)(n->fh * n->fw);
    const ptrdiff_t pixels = n->h * n->w;
    memset((real *)a->dx + begin * pixels, 0, (size_t)((end - begin) * pixels) * sizeof(real));
    for (ptrdiff_t row = begin * n->oh; row < end * n->oh; row++) {
        const ptrdiff_t top = row % n->oh * n->stride - n->pad;
        const real *dout = (const real *)a->dout + row * n->ow;
        real *dx = (real *)a->dx + row / n->oh * pixels;
        for (ptrdiff_t y = max_(0, top); y < min_(n->h, top + n->fh); y++) {
            if (n->ow * n->fw > LONG_WORK && parallel_interrupted()) {
                return;
            }
            for (ptrdiff_t ox = 0; ox < n->ow; ox++) {
                const ptrdiff_t left = ox * n->stride - n->pad;
                const real part = dout[ox] / count;
                for (ptrdiff_t x = max_(0, left); x < min_(n->w, left + n->fw); x++) {
                    dx[y * n->w + x] += part;
                }
            }
        }
    }
}
