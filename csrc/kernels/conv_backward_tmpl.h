/* Convolution without the im2col matrix, backward.
 *
 * dx is the correlation of g, the gradient before bias and ReLU, with the filters turned by half a turn; g lies in zeros,
 * and has zeros between its pixels where the stride is not 1. dW is a product with K running over the windows:
 *
 *   dW[ky, l, :] = sum over y, x of image[y stride + ky][x stride c + l] g[y, x, :]             l < fw c
 *
 * With max-pooling behind it most of g is zero; conv_pooled_tmpl.h makes use of that. */

/* The buffers of a thread. With pooling dx has the form of x, channels padded to whole vectors in both. */
struct FN(backward_buffers) {
    struct FN(image) x, dx;
    ptrdiff_t piece;                    /* elements of a piece of W, padded */
    real *masked;                       /* dout where ReLU let it pass */
    /* without pooling: g in zeros, and where the correlation begins */
    struct FN(image) g;
    real *around_g;
    struct FN(lists) lists;             /* with pooling */
    ptrdiff_t zeros, size;              /* elements that must be zero at first; all */
};

static struct FN(backward_buffers)
FN(backward_buffers)(const struct conv_args *s, real *memory)
{
    const struct windows *n = &s->win;
    const int pool = s->after == RELU_AND_POOL;
    const ptrdiff_t filters = s->padded_fn, channels = pool && s->dx != NULL ? FN(padded)(n->c) : n->c;
    const ptrdiff_t row = (n->w + 2 * n->pad) * channels, windows = n->oh * n->ow;
    const ptrdiff_t image = s->fn * (pool ? n->oh / 2 * (n->ow / 2) : windows);
    struct FN(backward_buffers) f = {.piece = pool ? FN(padded)(n->fw * channels) : n->fw * channels};
    f.x = (struct FN(image)){channels, row, FN(carve)(memory, &f.size, (n->h + 2 * n->pad) * row)};
    if (pool) {
        f.zeros = f.size;
        f.dx = f.x;
        f.dx.at = FN(carve)(memory, &f.size, s->dx != NULL ? (n->h + 2 * n->pad) * row : 0);
        /* lists of windows for every filter, or of filters for every window */
        const ptrdiff_t cols = n->ow / 2, rows = max_(FN(dW_rows)(n, row, s->fn), FN(dx_rows)(n, s->fn));
        const ptrdiff_t lists = max_(s->fn, 4 * rows * cols), terms = 4 * rows * cols * s->fn;
        const ptrdiff_t reals = (ptrdiff_t)sizeof(ptrdiff_t) / (ptrdiff_t)sizeof(real);
        f.lists.terms = (struct FN(term) *)FN(carve)(memory, &f.size, 2 * terms);
        f.lists.count = (ptrdiff_t *)FN(carve)(memory, &f.size, lists * reals);
        f.lists.to = (ptrdiff_t *)FN(carve)(memory, &f.size, lists * reals);
    }
    else {
        /* fh - 1 - pad rows of zeros before g; where that is negative, dx begins as many rows further down */
        const ptrdiff_t top = n->fh - 1 - n->pad, left = n->fw - 1 - n->pad;
        const ptrdiff_t height = max_(n->h + n->fh - 1 + max_(0, -top), max_(0, top) + (n->oh - 1) * n->stride + 1);
        const ptrdiff_t width = max_(n->w + n->fw - 1 + max_(0, -left), max_(0, left) + (n->ow - 1) * n->stride + 1);
        real *zeros = FN(carve)(memory, &f.size, height * width * filters);
        f.g = (struct FN(image)){filters, width * filters, zeros};
        f.zeros = f.size;
        f.dx = (struct FN(image)){FN(padded)(n->c), n->w * FN(padded)(n->c), NULL};
        f.dx.at = FN(carve)(memory, &f.size, s->dx != NULL ? n->h * f.dx.row : 0);
        if (memory != NULL) {
            f.g.at += max_(0, top) * f.g.row + max_(0, left) * filters;
            f.around_g = zeros + max_(0, -top) * f.g.row + max_(0, -left) * filters;
        }
    }
    f.masked = FN(carve)(memory, &f.size, s->after != NOTHING ? image : 0);
    return f;
}

#define GROUPS 32

static void
FN(conv_plan)(struct conv_args *s)
{
    const struct windows *n = &s->win;
    const ptrdiff_t images = n->c * n->h * n->w + s->fn * n->oh * n->ow;
    s->padded_fn = FN(padded)(s->fn);
    const struct FN(backward_buffers) f = FN(backward_buffers)(s, NULL);
    const ptrdiff_t weights = n->fh * f.piece * s->padded_fn;
    s->packed_size = max_(weights + s->padded_fn, n->fh * n->fw * s->padded_fn * FN(padded)(n->c));
    s->partial_size = ceil_div(weights + s->padded_fn, SUM_PIECE) * SUM_PIECE;
    s->forward_size = FN(forward_buffers)(s, NULL).size;
    s->backward_size = f.size;
    /* groups feed the threads; all their sums together take no more room than x and dout */
    s->groups = max_(1, min_(min_(GROUPS, n->n), n->n * images / max_(1, s->partial_size)));
}

#undef GROUPS

/* Whether x has neither NaN nor infinity. */
static int
FN(all_finite)(const real *x, ptrdiff_t n)
{
    real sum = 0;
    ptrdiff_t i = 0;
    vec sums[4] = {{0}, {0}, {0}, {0}};
    for (; i + 4 * VL <= n; i += 4 * VL) {
        UNROLL
        for (int q = 0; q < 4; q++) {
            sums[q] += FN(load)(x + i + q * VL) * 0;
        }
    }
    for (; i < n; i++) {
        sum += x[i] * 0;
    }
    return sum + FN(sum_lanes)((sums[0] + sums[1]) + (sums[2] + sums[3])) == 0;
}

/* Without pooling packed[ky, kx, filter, channel] of the turned filters, with it packed[filter, ky, (kx, channel)]. */
static void
FN(pack_backward)(const struct conv_args *s)
{
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw, channels = FN(padded)(n->c);
    const ptrdiff_t piece = n->fw * channels;
    const real *W = s->W;
    real *out = s->packed;
    if (s->after != RELU_AND_POOL) {
        for (ptrdiff_t tap = taps - 1; tap >= 0; tap--) {
            for (ptrdiff_t f = 0; f < s->padded_fn; f++) {
                for (ptrdiff_t c = 0; c < channels; c++) {
                    *out++ = f < s->fn && c < n->c ? W[(f * n->c + c) * taps + tap] : 0;
                }
            }
        }
        return;
    }
    for (ptrdiff_t row = 0; row < s->fn * n->fh; row++, out += piece) {
        const real *w = W + row / n->fh * n->c * taps + row % n->fh * n->fw;
        memset(out, 0, (size_t)piece * sizeof(real));
        for (ptrdiff_t i = 0; i < n->fw; i++) {
            for (ptrdiff_t c = 0; c < n->c; c++) {
                out[i * channels + c] = w[c * taps + i];
            }
        }
    }
}

static void
FN(conv_pack)(const struct conv_args *s, int backward)
{
    (backward ? FN(pack_backward) : FN(pack_forward))(s);
}

/* g of image i, dout where ReLU let it pass, in the layout of dout. */
static const real *
FN(gradient_of)(const struct conv_args *s, const struct FN(backward_buffers) *f, ptrdiff_t i)
{
    const int pool = s->after == RELU_AND_POOL;
    const ptrdiff_t pixels = pool ? s->win.oh / 2 * (s->win.ow / 2) : s->win.oh * s->win.ow, image = s->fn * pixels;
    const real *dout = (const real *)s->dout + i * image, *out = (const real *)s->out + i * image;
    if (s->after == NOTHING) {
        return dout;
    }
    if (s->out_last != s->dout_last) {
        const ptrdiff_t n = s->out_last ? pixels : s->fn, k = s->out_last ? s->fn : pixels;
        FN(turn)(n, k, out, k, f->masked, n);
        out = f->masked;
    }
    for (ptrdiff_t q = 0; q < image; q++) {
        f->masked[q] = out[q] <= 0 ? 0 : dout[q];
    }
    return f->masked;
}

/* dW and db of one image without pooling, added. */
static void
FN(dense_gradients)(const struct conv_args *s, const struct FN(backward_buffers) *f, real *dW, real *db)
{
    const struct windows *n = &s->win;
    const ptrdiff_t filters = s->padded_fn, down = n->stride * f->x.row;
    const ptrdiff_t row_bytes = (down + n->ow * n->stride * filters) * (ptrdiff_t)sizeof(real);
    const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, row_bytes));
    const struct FN(finish) e = {.accumulate = 1};
    for (ptrdiff_t y = 0; y < n->oh; y += block) {
        const struct FN(walk) k = {min_(block, n->oh - y), n->ow, down, n->stride * f->x.channels, n->stride * f->g.row,
                                   n->stride * filters};
        for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
            if (k.pieces * k.steps * f->piece * filters > LONG_WORK && parallel_interrupted()) {
                return;
            }
            for (ptrdiff_t j = 0; j < filters;) {
                const int nv = FN(panel_vectors)((filters - j) / VL, PANEL_VECTORS);
                FN(conv_rows)(f->piece, nv, &k, f->x.at + y * down + ky * f->x.row, 1,
                              f->g.at + y * n->stride * f->g.row + j, dW + ky * f->piece * filters + j, filters, &e);
                j += nv * VL;
            }
        }
    }
    for (ptrdiff_t y = 0; y < n->oh; y++) {
        for (ptrdiff_t j = 0; j < filters; j += VL) {
            const real *g = f->g.at + y * n->stride * f->g.row + j;
            vec even = {0}, odd = {0};
            ptrdiff_t x = 0;
            for (; x + 2 <= n->ow; x += 2) {
                even += FN(load)(g + x * n->stride * filters);
                odd += FN(load)(g + (x + 1) * n->stride * filters);
            }
            if (x < n->ow) {
                even += FN(load)(g + x * n->stride * filters);
            }
            FN(store)(db + j, FN(load)(db + j) + (even + odd));
        }
    }
}

/* Where dW is kept in the sum of a group: without pooling a row for every weight of the filters, with it the filters one
 * after the other. */
static struct FN(weight_strides)
FN(dW_strides)(const struct conv_args *s, const struct FN(backward_buffers) *f)
{
    const int pool = s->after == RELU_AND_POOL;
    const ptrdiff_t step = pool ? 1 : s->padded_fn;
    return (struct FN(weight_strides)){pool ? s->win.fh * f->piece : 1, step, f->piece * step, f->x.channels * step};
}

/* The fast ways want finite numbers: with pooling they leave out products with zeros, without it they add some, as g lies in
 * zeros. */
static void
FN(conv_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const int pool = s->after == RELU_AND_POOL;
    const ptrdiff_t image = n->c * n->h * n->w, rows = pool ? n->oh / 2 : n->oh, cols = pool ? n->ow / 2 : n->ow;
    const int direct = !pool && s->x_last && n->c == FN(padded)(n->c);
    const int finite_W = s->dx == NULL || FN(all_finite)(s->W, s->fn * n->c * n->fh * n->fw);
    real *memory = workspace_take(s->workspace);
    const struct FN(backward_buffers) f = FN(backward_buffers)(s, memory);
    const ptrdiff_t inner = n->pad * (f.x.row + f.x.channels);
    const struct FN(image) x = {f.x.channels, f.x.row, f.x.at + inner};
    const struct FN(image) dx = {f.dx.channels, f.dx.row, s->dx != NULL && pool ? f.dx.at + inner : f.dx.at};
    const struct FN(weight_strides) strides = FN(dW_strides)(s, &f);
    memset(memory, 0, (size_t)f.zeros * sizeof(real));
    for (ptrdiff_t g = begin; g < end; g++) {
        real *dW = (real *)s->partial + g * s->partial_size, *db = dW + n->fh * f.piece * s->padded_fn;
        memset(dW, 0, (size_t)s->partial_size * sizeof(real));
        for (ptrdiff_t i = g * n->n / s->groups; i < (g + 1) * n->n / s->groups; i++) {
            if (!finite_W || (pool && !FN(all_finite)((const real *)s->x + i * image, image))) {
                FN(gradients_by_formula)(s, i, &strides, dW, db);
                continue;
            }
            const real *gradient = FN(gradient_of)(s, &f, i);
            FN(read_image)((const real *)s->x + i * image, s->x_last, n->c, n->h, n->w, 1, &x);
            if (pool) {
                struct FN(pooled) p = {
                    .win = n, .filters = s->fn, .piece = f.piece, .index_cell = s->padded_fn, .x = f.x, .dx = f.dx,
                    .W = s->packed, .g = gradient, .index = s->index + i * rows * cols * s->padded_fn,
                    .g_cell = s->dout_last ? s->fn : 1, .g_filter = s->dout_last ? 1 : rows * cols,
                    .lists = f.lists,
                };
                FN(pooled_dW)(&p, dW, db);
                if (s->dx != NULL) {
                    FN(pooled_dx)(&p);
                }
            }
            else {
                FN(read_image)(gradient, s->dout_last, s->fn, rows, cols, n->stride, &f.g);
                FN(dense_gradients)(s, &f, dW, db);
                if (s->dx != NULL) {
                    real *to = direct ? (real *)s->dx + i * image : f.dx.at;
                    FN(correlate)(&f.g, f.around_g, 1, n->fh, n->fw, s->packed, NULL, 0, f.dx.channels, n->h, n->w, to);
                }
            }
            if (image > LONG_WORK && parallel_interrupted()) {
                break;
            }
            if (s->dx != NULL && !direct) {
                FN(write_image)(&dx, n->c, n->h, n->w, (real *)s->dx + i * image, s->x_last);
            }
        }
    }
    workspace_give(s->workspace, memory);
}

/* The sums of the groups, added to that of the first in their order. */
static void
FN(conv_sum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    for (ptrdiff_t g = 1; g < s->groups; g++) {
        real *sum = s->partial;
        const real *next = sum + g * s->partial_size;
        for (ptrdiff_t i = begin * SUM_PIECE; i < end * SUM_PIECE; i += VL) {
            FN(store)(sum + i, FN(load)(sum + i) + FN(load)(next + i));
        }
    }
}

/* dW and db from their sum. */
static void
FN(conv_unpack)(const struct conv_args *s)
{
    const struct windows *n = &s->win;
    const struct FN(backward_buffers) f = FN(backward_buffers)(s, NULL);
    const struct FN(weight_strides) at = FN(dW_strides)(s, &f);
    const ptrdiff_t taps = n->fh * n->fw;
    const real *sum = s->partial;
    real *dW = s->dW;
    for (ptrdiff_t row = 0; row < s->fn * n->c; row++) {
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            *dW++ = sum[row / n->c * at.f + row % n->c * at.c + tap / n->fw * at.ky + tap % n->fw * at.kx];
        }
    }
    memcpy(s->db, sum + n->fh * f.piece * s->padded_fn, (size_t)s->fn * sizeof(real));
}
