/* Convolution without the im2col matrix, forward; with ReLU and 2x2 max-pooling behind it where they are asked for.
 *
 * Inside, channels come last: an image is copied into a buffer (row, column, channel) with its padding around it. What a
 * filter sees in one of its rows, fw pixels of c channels, then lies in one piece, and so does the same row of all
 * filters. A row of windows is a matrix product whose A is read where it lies, with overlaps, and whose K runs through
 * fh such pieces:
 *
 *   out[y, x, :] = sum over ky, l of image[y stride + ky][x stride c + l] W[ky, l, :]           l < fw c
 */

#define MAX_TILE_ROWS 12
#define MAX_TILE_VECTORS 3

/* How K runs: `pieces` pieces of `steps` steps, and how far A and B move with each. */
struct FN(walk) {
    ptrdiff_t pieces, steps, a_piece, a_step, b_piece, b_step;
};

/* What a tile does besides: add to what C holds, the bias (or NULL), ReLU. */
struct FN(finish) {
    int accumulate, relu;
    const real *bias;
};

/* A tile of C as in gemm's micro-kernel, with K in two levels. */
inline_always void
FN(conv_micro)(const int mr, const int nv, const struct FN(walk) *k, const real *a, ptrdiff_t a_rs, const real *b,
               real *c, ptrdiff_t c_rs, const struct FN(finish) *e)
{
    vec acc[MAX_TILE_ROWS][MAX_TILE_VECTORS];
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            acc[i][v] = e->accumulate ? FN(load)(c + i * c_rs + v * VL) : (vec){0};
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
        const vec bias = e->bias != NULL ? FN(load)(e->bias + v * VL) : (vec){0};
        UNROLL
        for (int i = 0; i < mr; i++) {
            const vec sum = acc[i][v] + bias;
            FN(store)(c + i * c_rs + v * VL, e->relu ? FN(relu_vec)(sum) : sum);
        }
    }
}

/* Rows i < rows of A against nv vectors of columns, in tiles of nearly equal height. */
static void
FN(conv_rows)(ptrdiff_t rows, int nv, const struct FN(walk) *k, const real *a, ptrdiff_t a_rs, const real *b, real *c,
              ptrdiff_t c_rs, const struct FN(finish) *e)
{
    const ptrdiff_t most = min_(MAX_TILE_ROWS, ACCUMULATORS / nv), tiles = ceil_div(rows, most);
    const ptrdiff_t height = rows / max_(1, tiles), higher = rows - height * tiles;
    for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t mr = height + (t < higher);
#define TILE(MR, NV)                                                                        \
        case 16 * NV + MR:                                                                  \
            if (MR * NV <= ACCUMULATORS) {                                                  \
                FN(conv_micro)(MR, NV, k, a, a_rs, b, c, c_rs, e);                          \
            }                                                                               \
            break
        switch (16 * nv + mr) {
            EVERY_TILE(TILE)
        }
#undef TILE
        a += mr * a_rs;
        c += mr * c_rs;
    }
}

#undef MAX_TILE_ROWS
#undef MAX_TILE_VECTORS

/* An image, its padding included, in channels-last order; `channels` may be more than it has. */
struct FN(image) {
    ptrdiff_t channels, row;            /* elements from a pixel to the next, from a row to the next */
    real *at;
};

/* out[y, x, :] = the windows of the image that begins at `start`, correlated with cols filters, a multiple of VL. */
static void
FN(correlate)(const struct FN(image) *image, const real *start, ptrdiff_t stride, ptrdiff_t fh, ptrdiff_t fw,
              const real *weights, const real *bias, int relu, ptrdiff_t cols, ptrdiff_t oh, ptrdiff_t ow, real *out)
{
    const ptrdiff_t piece = fw * image->channels;
    for (ptrdiff_t j = 0; j < cols;) {
        const int nv = FN(panel_vectors)((cols - j) / VL, PANEL_VECTORS);
        const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, piece * nv * VEC_BYTES));      /* filter rows in cache */
        for (ptrdiff_t ky = 0; ky < fh; ky += block) {
            const struct FN(walk) k = {min_(block, fh - ky), piece, image->row, 1, piece * cols, cols};
            const int last = ky + block >= fh;
            const struct FN(finish) e = {ky > 0, relu && last, bias != NULL && last ? bias + j : NULL};
            for (ptrdiff_t y = 0; y < oh; y++) {
                if (ow * k.pieces * piece * nv * VL > LONG_WORK && parallel_interrupted()) {
                    return;
                }
                FN(conv_rows)(ow, nv, &k, start + (y * stride + ky) * image->row, stride * image->channels,
                              weights + ky * piece * cols + j, out + y * ow * cols + j, cols, &e);
            }
        }
        j += nv * VL;
    }
}

/* ---- images in and out ---- */

inline_always ptrdiff_t
FN(padded)(ptrdiff_t n)
{
    return ceil_div(n, VL) * VL;
}

/* An image of c planes of h x w pixels, or with its channels last, into the buffer, with gap - 1 pixels between any two. */
static void
FN(read_image)(const real *x, int last, ptrdiff_t c, ptrdiff_t h, ptrdiff_t w, ptrdiff_t gap, const struct FN(image) *to)
{
    const ptrdiff_t step = gap * to->channels;
    for (ptrdiff_t y = 0; y < h; y++) {
        real *out = to->at + y * gap * to->row;
        if (!last && c > 1) {
            FN(turn)(c, w, x + y * w, h * w, out, step);
        }
        else if (step == c) {
            memcpy(out, x + y * w * c, (size_t)(w * c) * sizeof(real));
        }
        else {
            for (ptrdiff_t i = 0; i < w; i++) {
                memcpy(out + i * step, x + (y * w + i) * c, (size_t)c * sizeof(real));
            }
        }
    }
}

/* And back. */
static void
FN(write_image)(const struct FN(image) *from, ptrdiff_t c, ptrdiff_t h, ptrdiff_t w, real *x, int last)
{
    if (!last && from->row == w * from->channels) {     /* one long row: fewer loose ends */
        w *= h;
        h = 1;
    }
    const ptrdiff_t plane = h * w;
    for (ptrdiff_t y = 0; y < h; y++) {
        const real *in = from->at + y * from->row;
        if (!last) {
            FN(turn)(w, c, in, from->channels, x + y * w, plane);
        }
        else if (from->channels == c) {
            memcpy(x + y * w * c, in, (size_t)(w * c) * sizeof(real));
        }
        else {
            for (ptrdiff_t i = 0; i < w; i++) {
                memcpy(x + (y * w + i) * c, in + i * from->channels, (size_t)c * sizeof(real));
            }
        }
    }
}

/* ---- forward ---- */

/* 2x2 max-pooling of oh x ow pixels, channels last: what is largest, and which of the four it was. The first one counts
 * where several are equal, and NaN is larger than anything, as for np.argmax. `place` has room for a row of the result:
 * narrowing integers vector by vector is slow, a long row of them is not. */
static void
FN(pool_2x2)(const real *x, ptrdiff_t channels, ptrdiff_t oh, ptrdiff_t ow, real *out, uint8_t *index, bits *place)
{
    typedef FN(mask_unaligned) mask_in_memory;
    const ptrdiff_t size = ow / 2 * channels;
    for (ptrdiff_t y = 0; y + 2 <= oh; y += 2, out += size, index += size) {
        for (ptrdiff_t i = 0; i < ow / 2; i++) {
            const real *pixels = x + (y * ow + 2 * i) * channels;
            for (ptrdiff_t c = 0; c < channels; c += VL) {
                vec best = FN(load)(pixels + c);
                FN(mask) at = {0};
                UNROLL
                for (int q = 1; q < 4; q++) {
                    const vec pixel = FN(load)(pixels + (q / 2 * ow + q % 2) * channels + c);
                    const FN(mask) take = ~(FN(mask))(pixel <= best) & (FN(mask))(best == best);
                    best = (vec)(((FN(mask))pixel & take) | ((FN(mask))best & ~take));
                    at = (take & q) | (at & ~take);
                }
                FN(store)(out + i * channels + c, best);
                *(mask_in_memory *)(place + i * channels + c) = at;
            }
        }
        for (ptrdiff_t i = 0; i < size; i++) {
            index[i] = (uint8_t)place[i];
        }
    }
}

inline_always real *
FN(carve)(real *memory, ptrdiff_t *used, ptrdiff_t size)
{
    real *at = memory != NULL ? memory + *used : NULL;
    *used += FN(padded)(size + VL);     /* loads may reach a vector beyond */
    return at;
}

/* The buffers of a thread. memory may be NULL: then only the size counts. */
struct FN(forward_buffers) {
    struct FN(image) x;
    real *out, *pooled;
    bits *place;
    ptrdiff_t size;
};

static struct FN(forward_buffers)
FN(forward_buffers)(const struct conv_args *s, real *memory)
{
    const struct windows *n = &s->win;
    const ptrdiff_t row = (n->w + 2 * n->pad) * n->c;
    struct FN(forward_buffers) f = {.size = 0};
    f.x = (struct FN(image)){n->c, row, FN(carve)(memory, &f.size, (n->h + 2 * n->pad) * row)};
    f.out = FN(carve)(memory, &f.size, n->oh * n->ow * s->padded_fn);
    const ptrdiff_t pooled_row = s->after == RELU_AND_POOL ? n->ow / 2 * s->padded_fn : 0;
    f.pooled = FN(carve)(memory, &f.size, n->oh / 2 * pooled_row);
    f.place = (bits *)FN(carve)(memory, &f.size, pooled_row);
    return f;
}

/* packed[ky, kx, channel, filter], then b */
static void
FN(pack_forward)(const struct conv_args *s)
{
    const struct windows *n = &s->win;
    const ptrdiff_t taps = n->fh * n->fw;
    const real *W = s->W, *b = s->b;
    real *out = s->packed;
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
        for (ptrdiff_t c = 0; c < n->c; c++) {
            for (ptrdiff_t f = 0; f < s->padded_fn; f++) {
                *out++ = f < s->fn ? W[(f * n->c + c) * taps + tap] : 0;
            }
        }
    }
    for (ptrdiff_t f = 0; f < s->padded_fn; f++) {
        *out++ = f < s->fn ? b[f] : 0;
    }
}

static void
FN(conv_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const ptrdiff_t filters = s->padded_fn, image = n->c * n->h * n->w, bias = n->fh * n->fw * n->c * filters;
    const int pool = s->after == RELU_AND_POOL, direct = s->out_last && s->fn == filters;
    const ptrdiff_t rows = pool ? n->oh / 2 : n->oh, cols = pool ? n->ow / 2 : n->ow, size = rows * cols;
    real *memory = workspace_take(s->workspace);
    const struct FN(forward_buffers) f = FN(forward_buffers)(s, memory);
    const struct FN(image) inside = {n->c, f.x.row, f.x.at + n->pad * (f.x.row + n->c)};
    memset(memory, 0, (size_t)(f.out - memory) * sizeof(real));
    for (ptrdiff_t i = begin; i < end; i++) {
        real *out = (real *)s->out + i * size * s->fn;
        real *result = direct ? out : pool ? f.pooled : f.out, *windows = pool ? f.out : result;
        FN(read_image)((const real *)s->x + i * image, s->x_last, n->c, n->h, n->w, 1, &inside);
        FN(correlate)(&f.x, f.x.at, n->stride, n->fh, n->fw, s->packed, (real *)s->packed + bias, s->after != NOTHING,
                      filters, n->oh, n->ow, windows);
        if (size * filters > LONG_WORK && parallel_interrupted()) {
            break;
        }
        if (pool) {
            FN(pool_2x2)(windows, filters, n->oh, n->ow, result, s->index + i * size * filters, f.place);
        }
        if (!direct) {
            FN(write_image)(&(struct FN(image)){filters, cols * filters, result}, s->fn, rows, cols, out, s->out_last);
        }
    }
    workspace_give(s->workspace, memory);
}
