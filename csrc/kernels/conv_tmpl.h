/* Convolution without the im2col matrix.
 *
 * Inside, channels come last: an image is copied into a buffer (row, column, channel) with its padding around it. What a
 * filter sees in one of its rows, fw pixels of c channels, then lies in one piece, and so does the same row of all
 * filters. A row of windows is a matrix product whose A is read where it lies, with overlaps, and whose K runs through
 * fh such pieces:
 *
 *   out[y, x, :] = sum over ky, l of image[y stride + ky][x stride c + l] W[ky, l, :]           l < fw c
 *
 * The gradient with respect to x is the same correlation of dout, padded and with zeros between its pixels where the
 * stride is not 1, with the filters turned by half a turn. That of W is a product with K running over the windows:
 *
 *   dW[ky, l, :] = sum over y, x of image[y stride + ky][x stride c + l] dout[y, x, :]
 */

#define MAX_TILE_ROWS 12
#define MAX_TILE_VECTORS 3

/* How K runs: `pieces` pieces of `steps` steps, and how far A and B move with each. */
struct FN(walk) {
    ptrdiff_t pieces, steps, a_piece, a_step, b_piece, b_step;
};

/* A tile of C as in gemm's micro-kernel, with K in two levels: C (+)= A B (+ bias). */
inline_always void
FN(conv_micro)(const int mr, const int nv, const struct FN(walk) *k, const real *a, ptrdiff_t a_rs, const real *b,
               real *c, ptrdiff_t c_rs, int accumulate, const real *bias)
{
    vec acc[MAX_TILE_ROWS][MAX_TILE_VECTORS];
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            acc[i][v] = accumulate ? FN(load)(c + i * c_rs + v * VL) : (vec){0};
        }
    }
    for (ptrdiff_t piece = 0; piece < k->pieces; piece++) {
        const real *a0 = a + piece * k->a_piece, *a4 = a0 + 4 * a_rs, *a8 = a0 + 8 * a_rs, *bl = b + piece * k->b_piece;
        for (ptrdiff_t l = 0; l < k->steps; l++) {
            vec bv[MAX_TILE_VECTORS];
            UNROLL
            for (int v = 0; v < nv; v++) {
                bv[v] = FN(load)(bl + v * VL);
            }
            UNROLL
            for (int i = 0; i < mr; i++) {
                const real ai = (i < 4 ? a0 : i < 8 ? a4 : a8)[(i % 4) * a_rs];
                UNROLL
                for (int v = 0; v < nv; v++) {
                    acc[i][v] += ai * bv[v];
                }
            }
            a0 += k->a_step;
            a4 += k->a_step;
            a8 += k->a_step;
            bl += k->b_step;
        }
    }
    UNROLL
    for (int v = 0; v < nv; v++) {
        const vec add = bias != NULL ? FN(load)(bias + v * VL) : (vec){0};
        UNROLL
        for (int i = 0; i < mr; i++) {
            FN(store)(c + i * c_rs + v * VL, acc[i][v] + add);
        }
    }
}

/* Every tile that fits into the accumulators. */
static void
FN(conv_tile)(int mr, int nv, const struct FN(walk) *k, const real *a, ptrdiff_t a_rs, const real *b, real *c,
              ptrdiff_t c_rs, int accumulate, const real *bias)
{
#define TILE(MR, NV)                                                                        \
    case 16 * NV + MR:                                                                      \
        if (MR * NV <= ACCUMULATORS) {                                                      \
            FN(conv_micro)(MR, NV, k, a, a_rs, b, c, c_rs, accumulate, bias);               \
        }                                                                                   \
        break
    switch (16 * nv + mr) {
        TILE(1, 1); TILE(2, 1); TILE(3, 1); TILE(4, 1); TILE(5, 1); TILE(6, 1);
        TILE(7, 1); TILE(8, 1); TILE(9, 1); TILE(10, 1); TILE(11, 1); TILE(12, 1);
        TILE(1, 2); TILE(2, 2); TILE(3, 2); TILE(4, 2); TILE(5, 2); TILE(6, 2);
        TILE(7, 2); TILE(8, 2); TILE(9, 2); TILE(10, 2); TILE(11, 2); TILE(12, 2);
        TILE(1, 3); TILE(2, 3); TILE(3, 3); TILE(4, 3); TILE(5, 3); TILE(6, 3); TILE(7, 3); TILE(8, 3); TILE(9, 3);
    }
#undef TILE
}

/* Rows i < rows of A against nv vectors of columns, in tiles of nearly equal height. */
static void
FN(conv_rows)(ptrdiff_t rows, int nv, const struct FN(walk) *k, const real *a, ptrdiff_t a_rs, const real *b, real *c,
              ptrdiff_t c_rs, int accumulate, const real *bias)
{
    const ptrdiff_t most = min_(MAX_TILE_ROWS, ACCUMULATORS / nv), tiles = (rows + most - 1) / most;
    for (ptrdiff_t t = 0, i = 0; t < tiles; t++) {
        const ptrdiff_t mr = (rows - i + tiles - t - 1) / (tiles - t);
        FN(conv_tile)((int)mr, nv, k, a + i * a_rs, a_rs, b, c + i * c_rs, c_rs, accumulate, bias);
        i += mr;
    }
}

/* Vectors of the next panel of columns: two and two rather than three and one. */
inline_always int
FN(conv_vectors)(ptrdiff_t left)
{
    return left == 4 || left < PANEL_VECTORS ? (int)min_(left, 2) : PANEL_VECTORS;
}

/* A padded image in channels-last order. */
struct FN(image) {
    ptrdiff_t channels, row;            /* row: elements from one row of pixels to the next */
    real *at;
};

/* Planes of h x w pixels into `to`, from row `top` and column `left` on, `stride` apart. The rest stays as it is. */
static void
FN(fill_image)(const struct FN(image) *to, const real *planes, ptrdiff_t h, ptrdiff_t w, ptrdiff_t top, ptrdiff_t left,
               ptrdiff_t stride)
{
    const ptrdiff_t c = to->channels;
    for (ptrdiff_t y = 0; y < h; y++) {
        real *out = to->at + (top + y * stride) * to->row + left * c;
        const real *in = planes + y * w;
        if (stride == 1 && c > 1) {
            FN(pack)(c, c, w, in, h * w, 1, out);
            continue;
        }
        for (ptrdiff_t x = 0; x < w; x++) {
            for (ptrdiff_t q = 0; q < c; q++) {
                out[x * stride * c + q] = in[q * h * w + x];
            }
        }
    }
}

/* out[y, x, :] for oh x ow windows of the image; cols, a multiple of VL, is its third side and that of the weights. */
static void
FN(correlate)(const struct FN(image) *image, const real *start, ptrdiff_t stride, ptrdiff_t fh, ptrdiff_t fw,
              const real *weights, const real *bias, ptrdiff_t cols, ptrdiff_t oh, ptrdiff_t ow, real *out)
{
    const ptrdiff_t piece = fw * image->channels;
    for (ptrdiff_t j = 0; j < cols;) {
        const int nv = FN(conv_vectors)((cols - j) / VL);
        const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, piece * nv * VEC_BYTES));      /* filter rows in cache */
        for (ptrdiff_t ky = 0; ky < fh; ky += block) {
            const struct FN(walk) k = {min_(block, fh - ky), piece, image->row, 1, piece * cols, cols};
            const real *add = bias != NULL && ky + block >= fh ? bias + j : NULL;
            for (ptrdiff_t y = 0; y < oh; y++) {
                FN(conv_rows)(ow, nv, &k, start + (y * stride + ky) * image->row, stride * image->channels,
                              weights + ky * piece * cols + j, out + y * ow * cols + j, cols, ky > 0, add);
            }
        }
        j += nv * VL;
    }
}

/* ---- memory ---- */

inline_always ptrdiff_t
FN(padded)(ptrdiff_t n)
{
    return (n + VL - 1) / VL * VL;
}

/* The buffers of one thread: x padded, dout padded, and a result in channels-last order. */
struct FN(conv_buffers) {
    struct FN(image) x, dout;
    real *out;
    ptrdiff_t dout_at, dx_at;           /* where dout's first pixel lies, and where dx starts to read */
    ptrdiff_t padded_size, size;        /* elements of x and dout, and of everything */
};

/* The next `size` elements, and a vector more, for loads that reach beyond. */
inline_always real *
FN(carve)(real *memory, ptrdiff_t *used, ptrdiff_t size)
{
    real *at = memory != NULL ? memory + *used : NULL;
    *used += (size + 2 * VL - 1) / VL * VL;
    return at;
}

/* memory may be NULL: then only the size counts. */
static struct FN(conv_buffers)
FN(conv_buffers)(const struct conv_args *s, real *memory, int backward)
{
    const struct windows *n = &s->win;
    struct FN(conv_buffers) f = {.size = 0};
    const ptrdiff_t row = (n->w + 2 * n->pad) * n->c;
    f.x = (struct FN(image)){n->c, row, FN(carve)(memory, &f.size, (n->h + 2 * n->pad) * row)};
    if (backward) {
        /* dx needs fh - 1 - pad rows of zeros around dout; where that is negative it skips as many */
        const ptrdiff_t top = n->fh - 1 - n->pad, left = n->fw - 1 - n->pad;
        const ptrdiff_t rows = max_(n->h + n->fh - 1 + max_(0, -top), max_(0, top) + (n->oh - 1) * n->stride + 1);
        const ptrdiff_t cols = max_(n->w + n->fw - 1 + max_(0, -left), max_(0, left) + (n->ow - 1) * n->stride + 1);
        f.dout = (struct FN(image)){s->fn, cols * s->fn, FN(carve)(memory, &f.size, rows * cols * s->fn)};
        f.dout_at = max_(0, top) * f.dout.row + max_(0, left) * s->fn;
        f.dx_at = max_(0, -top) * f.dout.row + max_(0, -left) * s->fn;
    }
    f.padded_size = f.size;
    f.out = FN(carve)(memory, &f.size, backward ? n->h * n->w * FN(padded)(n->c) : n->oh * n->ow * FN(padded)(s->fn));
    return f;
}

#define GROUPS 32

static void
FN(conv_plan)(struct conv_args *s)
{
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw, filters = FN(padded)(s->fn), images = n->c * n->h * n->w + s->fn * n->oh * n->ow;
    s->packed_size = max_(taps * n->c * filters + filters, taps * s->fn * FN(padded)(n->c));
    s->partial_size = taps * n->c * filters + filters;
    s->forward_size = FN(conv_buffers)(s, NULL, 0).size;
    s->backward_size = FN(conv_buffers)(s, NULL, 1).size;
    /* groups feed the threads; all their sums together take no more room than x and dout */
    s->groups = max_(1, min_(min_(GROUPS, n->n), n->n * images / max_(1, s->partial_size)));
}

#undef GROUPS

/* Forward: packed[ky, kx, channel, filter], then b. Backward: packed[ky, kx, filter, channel] of the turned filters. */
static void
FN(conv_pack)(const struct conv_args *s, int backward)
{
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw, filters = FN(padded)(s->fn), channels = FN(padded)(n->c);
    const real *W = s->W, *b = s->b;
    real *out = s->packed;
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
        if (backward) {
            for (ptrdiff_t f = 0; f < s->fn; f++) {
                for (ptrdiff_t c = 0; c < channels; c++) {
                    *out++ = c < n->c ? W[(f * n->c + c) * taps + taps - 1 - tap] : 0;
                }
            }
        }
        else {
            for (ptrdiff_t c = 0; c < n->c; c++) {
                for (ptrdiff_t f = 0; f < filters; f++) {
                    *out++ = f < s->fn ? W[(f * n->c + c) * taps + tap] : 0;
                }
            }
        }
    }
    for (ptrdiff_t f = 0; !backward && f < filters; f++) {
        *out++ = f < s->fn ? b[f] : 0;
    }
}

/* ---- forward ---- */

static void
FN(conv_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const ptrdiff_t filters = FN(padded)(s->fn), windows = n->oh * n->ow;
    const real *weights = s->packed, *bias = weights + n->fh * n->fw * n->c * filters;
    real *memory = workspace_take(s->workspace);
    const struct FN(conv_buffers) f = FN(conv_buffers)(s, memory, 0);
    memset(memory, 0, (size_t)f.padded_size * sizeof(real));
    for (ptrdiff_t i = begin; i < end; i++) {
        FN(fill_image)(&f.x, (const real *)s->x + i * n->c * n->h * n->w, n->h, n->w, n->pad, n->pad, 1);
        FN(correlate)(&f.x, f.x.at, n->stride, n->fh, n->fw, weights, bias, filters, n->oh, n->ow, f.out);
        FN(pack)(windows, windows, s->fn, f.out, filters, 1, (real *)s->out + i * s->fn * windows);
    }
    workspace_give(s->workspace, memory);
}

/* ---- backward ---- */

/* dW and db of one image, added to a group's sum. Rows of windows that stay in the cache are worked off together. */
static void
FN(conv_add_dw)(const struct conv_args *s, const struct FN(conv_buffers) *f, real *dW, real *db)
{
    const struct windows *n = &s->win;
    const ptrdiff_t filters = FN(padded)(s->fn), piece = n->fw * n->c, pixel = n->stride * s->fn;
    const ptrdiff_t row = (n->stride * f->x.row + n->ow * s->fn) * (ptrdiff_t)sizeof(real);
    const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, row));
    for (ptrdiff_t y = 0; y < n->oh; y += block) {
        const struct FN(walk) k = {min_(block, n->oh - y), n->ow, n->stride * f->x.row, n->stride * n->c,
                                   n->stride * f->dout.row, pixel};
        const real *dout = f->dout.at + f->dout_at + y * n->stride * f->dout.row;
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            const real *image = f->x.at + (y * n->stride + ky) * f->x.row;
            for (ptrdiff_t j = 0; j < filters;) {
                const int nv = FN(conv_vectors)((filters - j) / VL);
                FN(conv_rows)(piece, nv, &k, image, 1, dout + j, dW + ky * piece * filters + j, filters, 1, NULL);
                j += nv * VL;
            }
        }
    }
    for (ptrdiff_t j = 0; j < filters; j += VL) {
        vec sum = {0};
        for (ptrdiff_t y = 0; y < n->oh; y++) {
            const real *dout = f->dout.at + f->dout_at + y * n->stride * f->dout.row + j;
            for (ptrdiff_t x = 0; x < n->ow; x++) {
                sum += FN(load)(dout + x * pixel);
            }
        }
        FN(store)(db + j, FN(load)(db + j) + sum);
    }
}

static void
FN(conv_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const ptrdiff_t image = n->c * n->h * n->w, windows = n->oh * n->ow, channels = FN(padded)(n->c);
    real *memory = workspace_take(s->workspace);
    const struct FN(conv_buffers) f = FN(conv_buffers)(s, memory, 1);
    const struct FN(image) pixels = {s->fn, f.dout.row, f.dout.at + f.dout_at};
    memset(memory, 0, (size_t)f.padded_size * sizeof(real));
    for (ptrdiff_t g = begin; g < end; g++) {
        real *dW = (real *)s->partial + g * s->partial_size, *db = dW + n->fh * n->fw * n->c * FN(padded)(s->fn);
        memset(dW, 0, (size_t)s->partial_size * sizeof(real));
        for (ptrdiff_t i = g * n->n / s->groups; i < (g + 1) * n->n / s->groups; i++) {
            FN(fill_image)(&pixels, (const real *)s->dout + i * s->fn * windows, n->oh, n->ow, 0, 0, n->stride);
            FN(fill_image)(&f.x, (const real *)s->x + i * image, n->h, n->w, n->pad, n->pad, 1);
            FN(conv_add_dw)(s, &f, dW, db);
            if (s->dx != NULL) {
                FN(correlate)(&f.dout, f.dout.at + f.dx_at, 1, n->fh, n->fw, s->packed, NULL, channels, n->h, n->w, f.out);
                FN(pack)(n->h * n->w, n->h * n->w, n->c, f.out, channels, 1, (real *)s->dx + i * image);
            }
        }
    }
    workspace_give(s->workspace, memory);
}

/* dW and db from the sums of the groups, in the order of the groups. */
static void
FN(conv_sum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw, rows = taps * n->c, filters = FN(padded)(s->fn);
    for (ptrdiff_t row = begin; row < end; row++) {
        const real *partial = (const real *)s->partial + row * filters;
        real *dW = (real *)s->dW + row % n->c * taps + row / n->c;
        for (ptrdiff_t j = 0; j < s->fn; j += VL) {
            vec sum = {0};
            for (ptrdiff_t g = 0; g < s->groups; g++) {
                sum += FN(load)(partial + g * s->partial_size + j);
            }
            real lane[VL];
            FN(store)(lane, sum);
            for (ptrdiff_t q = 0; q < min_(VL, s->fn - j); q++) {
                dW[(j + q) * rows] = lane[q];
            }
        }
    }
    for (ptrdiff_t f = 0; begin == 0 && f < s->fn; f++) {
        real sum = 0;
        for (ptrdiff_t g = 0; g < s->groups; g++) {
            sum += ((const real *)s->partial)[g * s->partial_size + rows * filters + f];
        }
        ((real *)s->db)[f] = sum;
    }
}

#undef MAX_TILE_ROWS
#undef MAX_TILE_VECTORS
