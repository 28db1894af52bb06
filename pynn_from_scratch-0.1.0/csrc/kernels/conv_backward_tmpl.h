/* Convolution without the im2col matrix, backward.
 *
 * dx is the correlation of g, the gradient before bias and ReLU, with the filters turned by half a turn; g lies in zeros,
 * and has zeros between its pixels where the stride is not 1. dW is a product with K running over the windows:
 *
 *   dW[ky, l, :] = sum over y, x of image[y stride + ky][x stride c + l] g[y, x, :]             l < fw c
 *
 * With max-pooling behind it most of g is zero; conv_pooled_tmpl.h makes use of that in lists. The fast ways want finite numbers:
 * lists leave out products with zeros, without them some are added, as g lies in zeros. Other images go the way of the
 * formula, in simple_conv_tmpl.h. */

/* The buffers of a thread. For lists dx has the form of x, channels padded to whole vectors in both. */
struct FN(backward_buffers) {
    struct FN(image) x, dx;
    real *masked;                       /* dout where ReLU let it pass, */
    real *pooled;                       /* and the same with its channels last */
    real *formula;                      /* dW and db of an image by the formula */
    /* without lists: g in zeros, and where the correlation begins */
    struct FN(image) g;
    real *around_g;
    struct FN(lists) lists;
    ptrdiff_t zeros, size;              /* elements that must be zero at first; all */
};

static struct FN(backward_buffers)
FN(backward_buffers)(const struct FN(conv) *v, real *memory)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t row = (n->w + 2 * n->pad) * v->channels;
    struct FN(backward_buffers) f = {.size = 0};
    f.x = (struct FN(image)){v->channels, row, FN(carve)(memory, &f.size, (n->h + 2 * n->pad) * row)};
    if (v->lists) {
        f.zeros = f.size;
        f.dx = f.x;
        f.dx.at = FN(carve)(memory, &f.size, s->dx != NULL ? (n->h + 2 * n->pad) * row : 0);
        f.lists = FN(carve_lists)(n, s->fn, row, memory, &f.size);
    }
    else {
        /* fh - 1 - pad rows of zeros before g; where that is negative, dx begins as many rows further down */
        const ptrdiff_t top = n->fh - 1 - n->pad, left = n->fw - 1 - n->pad, filters = v->filters;
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
    f.masked = FN(carve)(memory, &f.size, s->after != NOTHING ? s->fn * FN(result_pixels)(v) : 0);
    f.pooled = FN(carve)(memory, &f.size, v->pools ? v->filters * FN(result_pixels)(v) : 0);
    f.formula = FN(carve)(memory, &f.size, s->fn * (n->c * n->fh * n->fw + 1));
    return f;
}

/* packed[ky, kx, filter, channel] of the turned filters; for lists packed[filter, ky, (kx, channel)]. */
static void
FN(pack_backward)(const struct FN(conv) *v)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw, channels = FN(padded)(n->c), piece = n->fw * channels;
    const real *W = s->W;
    real *out = v->packed;
    if (!v->lists) {
        for (ptrdiff_t row = 0; row < taps * v->filters; row++) {
            const ptrdiff_t tap = taps - 1 - row / v->filters, f = row % v->filters;
            for (ptrdiff_t c = 0; c < channels; c++) {
                *out++ = f < s->fn && c < n->c ? W[(f * n->c + c) * taps + tap] : 0;
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

/* g of image i, dout where ReLU let it pass, in the layout of dout. */
static const real *
FN(gradient_of)(const struct FN(conv) *v, ptrdiff_t i, real *masked)
{
    const struct conv_args *s = v->s;
    const ptrdiff_t pixels = FN(result_pixels)(v), image = s->fn * pixels;
    const real *dout = (const real *)s->dout + i * image, *out = (const real *)s->out + i * image;
    if (s->after == NOTHING) {
        return dout;
    }
    if (s->out_last != s->dout_last) {
        const ptrdiff_t n = s->out_last ? pixels : s->fn, k = s->out_last ? s->fn : pixels;
        FN(copy_transposed)(n, k, out, k, masked, n);
        out = masked;
    }
    for (ptrdiff_t q = 0; q < image; q++) {
        masked[q] = out[q] <= 0 ? 0 : dout[q];
    }
    return masked;
}

/* The places of n of VL pixels among the four of their windows, as integers as wide as a pixel. */
inline_always FN(mask)
FN(load_places)(const uint8_t *index, ptrdiff_t n)
{
    uint8_t narrow[VL] = {0};
    FN(mask) places = {0};
    memcpy(narrow, index, (size_t)n);
    UNROLL
    for (int q = 0; q < VL; q++) {
        places[q] = narrow[q];
    }
    return places;
}

/* Gradients of pooled pixels, channels last, to those of their 2x2 windows that pooling took; zeros to the others. Lanes beyond
 * the last filter are nobody's. */
static void
FN(unpool)(const struct FN(conv) *v, const real *pooled, const uint8_t *index, const struct FN(image) *g)
{
    const ptrdiff_t cols = v->s->win.ow / 2, fn = v->s->fn, pixels = FN(result_pixels)(v);
    const ptrdiff_t down = v->s->win.stride * g->row, right = v->s->win.stride * g->channels;
    for (ptrdiff_t i = 0; i < pixels; i++, pooled += v->filters) {
        real *corner = g->at + i / cols * 2 * down + i % cols * 2 * right;
        for (ptrdiff_t f = 0; f < fn; f += VL) {
            const ptrdiff_t left = (pixels - i) * fn - f;
            const FN(mask) gradient = (FN(mask))FN(load)(pooled + f);
            const FN(mask) places = left >= VL ? FN(load_places)(index + i * fn + f, VL) : FN(load_places)(index + i * fn + f, left);
            UNROLL
            for (int q = 0; q < 4; q++) {
                FN(store)(corner + q / 2 * down + q % 2 * right + f, (vec)(gradient & (places == q)));
            }
        }
    }
}

/* g of image i, channels last and stride apart, into an image that is zero elsewhere. masked and pooled are room for it. */
static void
FN(read_gradient)(const struct FN(conv) *v, ptrdiff_t i, real *masked, real *pooled, const struct FN(image) *g)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const real *gradient = FN(gradient_of)(v, i, masked);
    if (!v->pools) {
        FN(read_image)(gradient, s->dout_last, s->fn, n->oh, n->ow, n->stride, g);
        return;
    }
    const ptrdiff_t rows = n->oh / 2, cols = n->ow / 2;
    if (!s->dout_last || s->fn != v->filters) {
        const struct FN(image) whole = {v->filters, cols * v->filters, pooled};
        FN(read_image)(gradient, s->dout_last, s->fn, rows, cols, 1, &whole);
        gradient = pooled;
    }
    FN(unpool)(v, gradient, s->index + i * rows * cols * s->fn, g);
}

/* Some rows of windows of an image against row ky of the filters, added to its dW. */
static void
FN(dense_dW)(const struct FN(conv) *v, const struct FN(backward_buffers) *f, struct FN(part) *p, ptrdiff_t y, real *dW)
{
    static const struct FN(epilogue) add = {.accumulate = 1};
    const struct windows *n = &v->s->win;
    int nv;
    for (ptrdiff_t ky = 0; ky < n->fh; ky++) {
        if (p->pieces * p->steps * v->piece * v->filters > LONG_WORK && parallel_interrupted()) {
            return;
        }
        for (ptrdiff_t j = 0; j < v->filters; j += nv * VL) {
            nv = FN(panel_vectors)((v->filters - j) / VL);
            const struct FN(split) split = FN(split_rows)(v->piece, FN(tile_rows)(nv));
            p->a.at = f->x.at + (y * n->stride + ky) * f->x.row;
            p->b.at = f->g.at + y * n->stride * f->g.row + j;
            p->c = dW + ky * v->piece * v->filters + j;
            FN(tiles)(&split, nv, p, &add);
        }
    }
}

/* db of an image whose pixels of g lie `right` and `down` elements apart, added. */
static void
FN(add_db)(const struct windows *n, const struct FN(image) *g, ptrdiff_t right, ptrdiff_t down, real *db)
{
    for (ptrdiff_t y = 0; y < n->oh; y++) {
        for (ptrdiff_t j = 0; j < g->channels; j += VL) {
            const real *from = g->at + y * down + j;
            vec even = {0}, odd = {0};
            ptrdiff_t x = 0;
            for (; x + 2 <= n->ow; x += 2) {
                even += FN(load)(from + x * right);
                odd += FN(load)(from + (x + 1) * right);
            }
            if (x < n->ow) {
                even += FN(load)(from + x * right);
            }
            FN(store)(db + j, FN(load)(db + j) + (even + odd));
        }
    }
}

/* dW and db of one image without lists, added. */
static void
FN(dense_gradients)(const struct FN(conv) *v, const struct FN(backward_buffers) *f, real *dW, real *db)
{
    const struct windows *n = &v->s->win;
    const ptrdiff_t down = n->stride * f->x.row, right = n->stride * v->filters;
    const ptrdiff_t row_bytes = (down + n->ow * right) * (ptrdiff_t)sizeof(real);
    const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, row_bytes));
    struct FN(part) p = {
        .a = {NULL, 1, n->stride * f->x.channels},
        .b = {NULL, right, 1},
        .steps = n->ow,
        .a_piece = down,
        .b_piece = n->stride * f->g.row,
        .c_rs = v->filters,
        .lanes = VL,
    };
    for (ptrdiff_t y = 0; y < n->oh; y += block) {
        p.pieces = min_(block, n->oh - y);
        FN(dense_dW)(v, f, &p, y, dW);
    }
    FN(add_db)(n, &f->g, right, n->stride * f->g.row, db);
}

/* Where dW is kept in the sum of a group: a row for every weight of the filters; for lists the filters one after the other. Elements from a filter, a channel, a row of the filter, a weight of that row to the next. */
struct FN(weight_strides) {
    ptrdiff_t f, c, ky, kx;
};

static struct FN(weight_strides)
FN(dW_strides)(const struct FN(conv) *v)
{
    const ptrdiff_t step = v->lists ? 1 : v->filters;
    return (struct FN(weight_strides)){v->lists ? v->s->win.fh * v->piece : 1, step, v->piece * step, v->channels * step};
}

/* dx of image i by the formula; its dW and db are added. */
static void
FN(gradients_by_formula)(const struct FN(conv) *v, ptrdiff_t i, real *memory, real *dW, real *db)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw, image = n->c * n->h * n->w, result = s->fn * FN(result_pixels)(v);
    const struct FN(weight_strides) at = FN(dW_strides)(v);
    struct conv_args one = *s;
    const real *sum = memory;
    one.win.n = 1;
    one.x = (const real *)s->x + i * image;
    one.dx = s->dx == NULL ? NULL : (real *)s->dx + i * image;
    one.out = s->out == NULL ? NULL : (real *)s->out + i * result;
    one.dout = (const real *)s->dout + i * result;
    one.index = s->index == NULL ? NULL : s->index + i * result;
    one.dW = memory;
    one.db = memory + s->fn * n->c * taps;
    kernels_simple[REAL_BITS / 64].conv_backward(&one);
    for (ptrdiff_t row = 0; row < s->fn * n->c; row++) {
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            dW[row / n->c * at.f + row % n->c * at.c + tap / n->fw * at.ky + tap % n->fw * at.kx] += *sum++;
        }
    }
    for (ptrdiff_t f = 0; f < s->fn; f++) {
        db[f] += *sum++;
    }
}

/* One image by lists. */
static void
FN(pooled_gradients)(const struct FN(conv) *v, const struct FN(backward_buffers) *f, ptrdiff_t i, real *dW, real *db)
{
    const struct conv_args *s = v->s;
    const ptrdiff_t pixels = FN(result_pixels)(v);
    struct FN(pooled) p = {
        .win = &s->win, .filters = s->fn, .piece = v->piece, .x = f->x, .dx = f->dx, .W = v->packed,
        .g = FN(gradient_of)(v, i, f->masked), .index = s->index + i * pixels * s->fn,
        .g_cell = s->dout_last ? s->fn : 1, .g_filter = s->dout_last ? 1 : pixels, .lists = f->lists,
    };
    FN(pooled_dW)(&p, dW, db);
    if (s->dx != NULL) {
        FN(pooled_dx)(&p);
    }
}

/* One image without lists. */
static void
FN(dense_image)(const struct FN(conv) *v, const struct FN(backward_buffers) *f, ptrdiff_t i, real *dW, real *db)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    FN(read_gradient)(v, i, f->masked, f->pooled, &f->g);
    FN(dense_gradients)(v, f, dW, db);
    if (s->dx != NULL) {
        const struct FN(correlation) turned = {
            .image = &f->g, .start = f->around_g, .stride = 1, .fh = n->fh, .fw = n->fw, .oh = n->h, .ow = n->w,
            .cols = f->dx.channels, .weights = v->packed, .out = f->dx.at,
        };
        FN(correlate)(&turned);
    }
}

/* Image i; dW and db are added. */
static void
FN(direct_image)(const struct FN(conv) *v, const struct FN(backward_buffers) *f, ptrdiff_t i, real *dW, real *db)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t image = n->c * n->h * n->w, inner = n->pad * (f->x.row + f->x.channels);
    const real *x = (const real *)s->x + i * image;
    if (!v->W_is_finite || (v->lists && !FN(all_finite)(x, image))) {
        FN(gradients_by_formula)(v, i, f->formula, dW, db);
        return;
    }
    FN(read_image)(x, s->x_last, n->c, n->h, n->w, 1, &(struct FN(image)){f->x.channels, f->x.row, f->x.at + inner});
    (v->lists ? FN(pooled_gradients) : FN(dense_image))(v, f, i, dW, db);
    if (s->dx != NULL && (image <= LONG_WORK || !parallel_interrupted())) {
        const struct FN(image) dx = {f->dx.channels, f->dx.row, f->dx.at + (v->lists ? inner : 0)};
        FN(write_image)(&dx, n->c, n->h, n->w, (real *)s->dx + i * image, s->x_last);
    }
}

/* The range is groups of images. */
static void
FN(direct_backward)(void *conv, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(conv) *v = conv;
    const ptrdiff_t images = v->s->win.n;
    real *memory = workspace_take(v->workspace);
    const struct FN(backward_buffers) f = FN(backward_buffers)(v, memory);
    for (ptrdiff_t g = begin; g < end; g++) {
        real *dW = v->partial + g * v->partial_size;
        memset(dW, 0, (size_t)v->partial_size * sizeof(real));
        for (ptrdiff_t i = g * images / v->groups; i < (g + 1) * images / v->groups; i++) {
            FN(direct_image)(v, &f, i, dW, dW + v->weights_size);
        }
    }
    workspace_give(v->workspace, memory);
}
