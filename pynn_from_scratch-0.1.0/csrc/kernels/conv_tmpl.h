/* Convolution without the im2col matrix, forward; with ReLU and 2x2 max-pooling behind it where they are asked for.
 *
 * Inside, channels come last: an image is copied into a buffer (row, column, channel) with its padding around it. What a
 * filter sees in one of its rows, fw pixels of c channels, then lies in one piece, and so does the same row of all
 * filters. A row of windows is a matrix product whose A is read where it lies, with overlaps, and whose K runs through
 * fh such pieces:
 *
 *   out[y, x, :] = sum over ky, l of image[y stride + ky][x stride c + l] W[ky, l, :]           l < fw c
 *
 * 3x3 filters need fewer multiplications: conv_winograd_tmpl.h.
 */

/* The windows of an image that begins at `start`, correlated with `cols` filters, a multiple of VL. */
struct FN(correlation) {
    const struct FN(image) *image;
    const real *start;
    ptrdiff_t stride, fh, fw, oh, ow, cols;
    const real *weights, *bias;         /* weights[ky, l, filter]; bias may be NULL */
    int relu;
    real *out;                          /* oh x ow x cols */
};

/* All windows against nv vectors of filters from j on, some rows of the filters after the others: they stay in the cache. */
static void
FN(correlate_panel)(const struct FN(correlation) *s, ptrdiff_t j, int nv)
{
    const ptrdiff_t piece = s->fw * s->image->channels, row_bytes = piece * nv * VEC_BYTES;
    const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, row_bytes));
    for (ptrdiff_t ky = 0; ky < s->fh; ky += block) {
        const int is_last = ky + block >= s->fh;
        const struct FN(epilogue) e = {ky > 0, is_last && s->bias != NULL ? s->bias + j : NULL, is_last && s->relu};
        struct FN(part) p = {
            .a = {NULL, s->stride * s->image->channels, 1},
            .b = {s->weights + ky * piece * s->cols + j, s->cols, 1},
            .steps = piece,
            .pieces = min_(block, s->fh - ky),
            .a_piece = s->image->row,
            .b_piece = piece * s->cols,
            .c_rs = s->cols,
            .lanes = VL,
        };
        const struct FN(split) split = FN(split_rows)(s->ow, FN(tile_rows)(nv));
        for (ptrdiff_t y = 0; y < s->oh; y++) {
            if (s->ow * p.pieces * piece * nv * VL > LONG_WORK && parallel_interrupted()) {
                return;
            }
            p.a.at = s->start + (y * s->stride + ky) * s->image->row;
            p.c = s->out + y * s->ow * s->cols + j;
            FN(tiles)(&split, nv, &p, &e);
        }
    }
}

static void
FN(correlate)(const struct FN(correlation) *s)
{
    int nv;
    for (ptrdiff_t j = 0; j < s->cols; j += nv * VL) {
        nv = FN(panel_vectors)((s->cols - j) / VL);
        FN(correlate_panel)(s, j, nv);
    }
}

/* The buffers of a thread. memory may be NULL: then only the size counts. */
struct FN(forward_buffers) {
    struct FN(image) x;
    real *out, *pooled;
    struct FN(places) places;
    ptrdiff_t zeros, size;              /* elements that must be zero at first; all */
};

static struct FN(forward_buffers)
FN(forward_buffers)(const struct FN(conv) *v, real *memory)
{
    const struct windows *n = &v->s->win;
    const ptrdiff_t row = (n->w + 2 * n->pad) * n->c;
    struct FN(forward_buffers) f = {.size = 0};
    f.x = (struct FN(image)){n->c, row, FN(carve)(memory, &f.size, (n->h + 2 * n->pad) * row)};
    f.zeros = f.size;
    f.out = FN(carve)(memory, &f.size, n->oh * n->ow * v->filters);
    const ptrdiff_t pooled_row = v->pools ? n->ow / 2 * v->filters : 0;
    f.pooled = FN(carve)(memory, &f.size, n->oh / 2 * pooled_row);
    f.places = FN(carve_places)(pooled_row, memory, &f.size);
    return f;
}

/* packed[ky, kx, channel, filter], then b */
static void
FN(pack_forward)(const struct FN(conv) *v)
{
    const struct conv_args *s = v->s;
    const ptrdiff_t taps = s->win.fh * s->win.fw, c = s->win.c;
    const real *W = s->W;
    real *out = v->packed;
    for (ptrdiff_t row = 0; row < taps * c; row++) {
        const real *w = W + row % c * taps + row / c;
        for (ptrdiff_t f = 0; f < v->filters; f++) {
            *out++ = f < s->fn ? w[f * c * taps] : 0;
        }
    }
    FN(pack_bias)(v, out);
}

/* What follows the sums of image i, which are in `windows`: pooling, and the way to memory. */
static void
FN(write_result)(const struct FN(conv) *v, ptrdiff_t i, const struct FN(image) *windows, real *pooled,
                 const struct FN(places) *places)
{
    const struct conv_args *s = v->s;
    const ptrdiff_t step = v->pools ? 2 : 1, rows = s->win.oh / step, cols = s->win.ow / step, size = rows * cols * s->fn;
    real *out = (real *)s->out + i * size;
    struct FN(image) result = *windows;
    if (v->pools) {
        result = (struct FN(image)){v->filters, cols * v->filters, v->out_is_direct ? out : pooled};
        FN(pool_2x2)(windows, s->win.oh, s->win.ow, s->fn, result.at, s->index + i * size, places);
    }
    if (result.at != out) {
        FN(write_image)(&result, s->fn, rows, cols, out, s->out_last);
    }
}

/* The range is images. */
static void
FN(direct_forward)(void *conv, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(conv) *v = conv;
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t image = n->c * n->h * n->w, size = n->oh * n->ow * s->fn, weights = n->fh * n->fw * n->c * v->filters;
    real *memory = workspace_take(v->workspace);
    const struct FN(forward_buffers) f = FN(forward_buffers)(v, memory);
    const struct FN(image) inside = {n->c, f.x.row, f.x.at + n->pad * (f.x.row + n->c)};
    for (ptrdiff_t i = begin; i < end && (i == begin || size <= LONG_WORK || !parallel_interrupted()); i++) {
        real *out = v->out_is_direct && !v->pools ? (real *)s->out + i * size : f.out;
        const struct FN(correlation) windows = {
            .image = &f.x, .start = f.x.at, .stride = n->stride, .fh = n->fh, .fw = n->fw, .oh = n->oh, .ow = n->ow,
            .cols = v->filters, .weights = v->packed, .bias = v->packed + weights, .relu = s->after != NOTHING, .out = out,
        };
        FN(read_image)((const real *)s->x + i * image, s->x_last, n->c, n->h, n->w, 1, &inside);
        FN(correlate)(&windows);
        FN(write_result)(v, i, &(struct FN(image)){v->filters, n->ow * v->filters, out}, f.pooled, &f.places);
    }
    workspace_give(v->workspace, memory);
}
