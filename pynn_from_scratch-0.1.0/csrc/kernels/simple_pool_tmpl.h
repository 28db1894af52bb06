/* Windows over images: pooling (section 7.3) and the book's im2col and col2im (section 7.4.2). Pixels outside of the image are
 * zeros. */

/* Where pixel (ky, kx) of window (oy, ox) lies in its plane, or -1 outside of it. */
static ptrdiff_t
FN(seen_at)(const struct windows *n, ptrdiff_t oy, ptrdiff_t ox, ptrdiff_t ky, ptrdiff_t kx)
{
    const ptrdiff_t y = oy * n->stride + ky - n->pad, x = ox * n->stride + kx - n->pad;
    return y >= 0 && y < n->h && x >= 0 && x < n->w ? y * n->w + x : -1;
}

static real
FN(pixel)(const struct windows *n, const real *plane, ptrdiff_t oy, ptrdiff_t ox, ptrdiff_t ky, ptrdiff_t kx)
{
    const ptrdiff_t at = FN(seen_at)(n, oy, ox, ky, kx);
    return at < 0 ? 0 : plane[at];
}

/* Planes [begin, end) of h x w pixels become zeros, to which a gradient is added. */
static void
FN(clear_planes)(const struct windows *n, real *planes, ptrdiff_t begin, ptrdiff_t end)
{
    for (ptrdiff_t i = begin * n->h * n->w; i < end * n->h * n->w; i++) {
        planes[i] = 0;
    }
}

/* The largest pixel of a window, and its place: the first one of several, as np.argmax, for which NaN is the largest
 * (section 7.4.4). */
static void
FN(pool_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct pool_args *p = args;
    const struct windows *n = &p->win;
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t ox = i % n->ow, oy = i / n->ow % n->oh;
        const real *plane = (const real *)p->x + i / n->ow / n->oh * n->h * n->w;
        real largest = FN(pixel)(n, plane, oy, ox, 0, 0);
        int32_t place = 0;
        for (int32_t k = 1; k < n->fh * n->fw; k++) {
            const real pixel = FN(pixel)(n, plane, oy, ox, k / n->fw, k % n->fw);
            if (pixel > largest || (isnan(pixel) && !isnan(largest))) {
                largest = pixel;
                place = k;
            }
        }
        ((real *)p->out)[i] = largest;
        p->index[i] = place;
    }
}

/* dout goes to the pixel that was the largest. */
static void
FN(pool_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct pool_args *p = args;
    const struct windows *n = &p->win;
    real *dx = p->dx;
    FN(clear_planes)(n, dx, begin, end);
    for (ptrdiff_t i = begin * n->oh * n->ow; i < end * n->oh * n->ow; i++) {
        const ptrdiff_t ox = i % n->ow, oy = i / n->ow % n->oh, plane = i / n->ow / n->oh * n->h * n->w;
        const ptrdiff_t at = FN(seen_at)(n, oy, ox, p->index[i] / n->fw, p->index[i] % n->fw);
        if (at >= 0) {
            dx[plane + at] += ((const real *)p->dout)[i];
        }
    }
}

/* The mean of a window. */
static void
FN(average_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct average_args *a = args;
    const struct windows *n = &a->win;
    for (ptrdiff_t i = begin * n->ow; i < end * n->ow && !parallel_interrupted(); i++) {
        const ptrdiff_t ox = i % n->ow, oy = i / n->ow % n->oh;
        const real *plane = (const real *)a->x + i / n->ow / n->oh * n->h * n->w;
        real sum = 0;
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                sum += FN(pixel)(n, plane, oy, ox, ky, kx);
            }
        }
        ((real *)a->out)[i] = sum / (real)(n->fh * n->fw);
    }
}

/* Every pixel of a window has the same part of its dout. */
static void
FN(average_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct average_args *a = args;
    const struct windows *n = &a->win;
    real *dx = a->dx;
    FN(clear_planes)(n, dx, begin, end);
    for (ptrdiff_t i = begin * n->oh * n->ow; i < end * n->oh * n->ow && !parallel_interrupted(); i++) {
        const ptrdiff_t ox = i % n->ow, oy = i / n->ow % n->oh, plane = i / n->ow / n->oh * n->h * n->w;
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            for (ptrdiff_t kx = 0; kx < n->fw; kx++) {
                const ptrdiff_t at = FN(seen_at)(n, oy, ox, ky, kx);
                if (at >= 0) {
                    dx[plane + at] += ((const real *)a->dout)[i] / (real)(n->fh * n->fw);
                }
            }
        }
    }
}

/* col[(image, oy, ox), (c, ky, kx)] = the pixel there */
static void
FN(im2col)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct im2col_args *m = args;
    const struct windows *n = &m->win;
    const ptrdiff_t taps = n->fh * n->fw;
    for (ptrdiff_t i = begin * n->ow; i < end * n->ow; i++) {
        const ptrdiff_t ox = i % n->ow, oy = i / n->ow % n->oh;
        const real *image = (const real *)m->image + i / n->ow / n->oh * n->c * n->h * n->w;
        real *col = (real *)m->col + i * n->c * taps;
        for (ptrdiff_t k = 0; k < n->c * taps; k++) {
            const ptrdiff_t c = k / taps, ky = k % taps / n->fw, kx = k % n->fw;
            col[k] = FN(pixel)(n, image + c * n->h * n->w, oy, ox, ky, kx);
        }
    }
}

/* image = the sum of the rows of col, every value where im2col takes it from: windows overlap, hence +=. The book's order. */
static void
FN(col2im)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct im2col_args *m = args;
    const struct windows *n = &m->win;
    const ptrdiff_t taps = n->fh * n->fw;
    real *image = m->image;
    FN(clear_planes)(n, image, begin, end);
    for (ptrdiff_t q = begin; q < end; q++) {
        const ptrdiff_t i = q / n->c, c = q % n->c;
        for (ptrdiff_t k = 0; k < taps; k++) {
            for (ptrdiff_t o = 0; o < n->oh * n->ow; o++) {
                const ptrdiff_t at = FN(seen_at)(n, o / n->ow, o % n->ow, k / n->fw, k % n->fw);
                if (at >= 0) {
                    image[q * n->h * n->w + at] += ((const real *)m->col)[(i * n->oh * n->ow + o) * n->c * taps + c * taps + k];
                }
            }
        }
    }
}
