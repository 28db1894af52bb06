/* Convolution without the im2col matrix, backward.
 *
 * Without pooling, dx is the correlation of g, the gradient before bias and ReLU, with the filters turned by half a turn;
 * g lies in zeros, and has zeros between its pixels where the stride is not 1. dW is a product with K running over the
 * windows:
 *
 *   dW[ky, l, :] = sum over y, x of image[y stride + ky][x stride c + l] g[y, x, :]             l < fw c
 *
 * Max-pooling lets one pixel of four through, and ReLU not all of those. There the windows whose g is not zero are listed,
 * one filter at a time. A window at p touches fh pieces of fw c values, of W and of the image alike:
 *
 *   dW[f, ky, :] += g image[p + ky row, :]          a tile of dW stays in registers while the list passes
 *   dx[p + ky row, :] += g W[f, ky, :]              a tile of W stays in registers while the list passes
 *
 * A zero that meets an infinity is NaN: where x or W is not finite, zeros are listed too. */

/* The buffers of a thread. With pooling dx has the form of x, channels padded to whole vectors in both. */
struct FN(backward_buffers) {
    struct FN(image) x, dx;
    ptrdiff_t piece;                    /* elements of a piece of W, padded */
    real *masked;                       /* dout where ReLU let it pass */
    /* without pooling: g in zeros, and where the correlation begins */
    struct FN(image) g;
    real *around_g;
    /* with pooling: g as planes; the values in a list, and where their windows begin */
    real *planes, *value;
    ptrdiff_t *at;
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
        f.planes = FN(carve)(memory, &f.size, image);
        f.value = FN(carve)(memory, &f.size, windows);
        f.at = (ptrdiff_t *)FN(carve)(memory, &f.size, windows * (ptrdiff_t)max_(1, sizeof(ptrdiff_t) / sizeof(real)));
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
    s->partial_size = (weights + s->padded_fn + SUM_PIECE - 1) / SUM_PIECE * SUM_PIECE;
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
    vec sums = {0};
    for (; i + VL <= n; i += VL) {
        sums += FN(load)(x + i) * 0;
    }
    for (; i < n; i++) {
        sum += x[i] * 0;
    }
    return sum + FN(sum_lanes)(sums) == 0;
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

/* The windows that pooling took in rows [y0, y1) and whose gradient, in the plane g, is not zero: how many. */
static ptrdiff_t
FN(list_windows)(const struct conv_args *s, const struct FN(backward_buffers) *f, const real *g, const uint8_t *index,
                 ptrdiff_t y0, ptrdiff_t y1, int keep)
{
    const ptrdiff_t down = s->win.stride * f->x.row, right = s->win.stride * f->x.channels, cols = s->win.ow / 2;
    const ptrdiff_t filters = s->padded_fn, offset[] = {0, right, down, down + right};
    ptrdiff_t *at = f->at, count = 0;
    real *value = f->value;
    g += y0 * cols;
    index += y0 * cols * filters;
    for (ptrdiff_t y = y0; y < y1; y++) {
        ptrdiff_t corner = 2 * y * down;
        for (ptrdiff_t x = 0; x < cols; x++, corner += 2 * right, index += filters) {
            const real gradient = *g++;
            for (int q = 0; keep && q < 4; q++, count++) {
                at[count] = corner + offset[q];
                value[count] = q == *index ? gradient : 0;
            }
            if (!keep) {
                at[count] = corner + offset[*index & 3];
                value[count] = gradient;
                count += gradient != 0;
            }
        }
    }
    return count;
}

#define MAX_PIECES 5
#define MAX_VECTORS 8

/* dW[r, v] += g image[at + r row + v]: a tile of r pieces by nv vectors. */
inline_always void
FN(dw_micro)(const int pieces, const int nv, ptrdiff_t count, const ptrdiff_t *at, const real *value, const real *image,
             ptrdiff_t row, real *dW, ptrdiff_t dW_row)
{
    vec acc[MAX_PIECES][MAX_VECTORS];
    UNROLL
    for (int r = 0; r < pieces; r++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            acc[r][v] = FN(load)(dW + r * dW_row + v * VL);
        }
    }
    const real *base[MAX_PIECES];
    UNROLL
    for (int r = 0; r < pieces; r++) {
        base[r] = image + r * row;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t p = at[i];
        const real g = value[i];
        UNROLL
        for (int r = 0; r < pieces; r++) {
            UNROLL
            for (int v = 0; v < nv; v++) {
                acc[r][v] += g * FN(load)(base[r] + p + v * VL);
            }
        }
    }
    UNROLL
    for (int r = 0; r < pieces; r++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            FN(store)(dW + r * dW_row + v * VL, acc[r][v]);
        }
    }
}

/* dx[at + r row + v] += g W[r, v] */
inline_always void
FN(dx_micro)(const int pieces, const int nv, ptrdiff_t count, const ptrdiff_t *at, const real *value, real *image,
             ptrdiff_t row, const real *W, ptrdiff_t W_row)
{
    vec w[MAX_PIECES][MAX_VECTORS];
    UNROLL
    for (int r = 0; r < pieces; r++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            w[r][v] = FN(load)(W + r * W_row + v * VL);
        }
    }
    real *base[MAX_PIECES];
    UNROLL
    for (int r = 0; r < pieces; r++) {
        base[r] = image + r * row;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t p = at[i];
        const real g = value[i];
        UNROLL
        for (int r = 0; r < pieces; r++) {
            UNROLL
            for (int v = 0; v < nv; v++) {
                real *dx = base[r] + p + v * VL;
                FN(store)(dx, FN(load)(dx) + g * w[r][v]);
            }
        }
    }
}

/* All pieces of a filter against a list, tile by tile: dW from x where dW is given, else dx from W. */
static void
FN(sparse_tiles)(ptrdiff_t fh, ptrdiff_t piece, ptrdiff_t count, const struct FN(backward_buffers) *f, real *dW,
                 const real *W)
{
    static const uint8_t widths[] = {8, 6, 4, 3, 2, 1};
    const ptrdiff_t rounds = (fh + MAX_PIECES - 1) / MAX_PIECES;
    for (ptrdiff_t round = 0, ky = 0; round < rounds; round++) {
        const ptrdiff_t pieces = (fh - ky + rounds - round - 1) / (rounds - round);
        for (ptrdiff_t j = 0; j < piece;) {
            int q = 0;
            while (widths[q] * pieces > ACCUMULATORS || widths[q] * VL > piece - j) {
                q++;
            }
            const ptrdiff_t to = ky * piece + j, from = ky * f->x.row + j;
#define TILE(PIECES, NV)                                                                                            \
            case 16 * PIECES + NV:                                                                                  \
                if (PIECES * NV > ACCUMULATORS) {                                                                   \
                    break;                                                                                          \
                }                                                                                                   \
                if (dW != NULL) {                                                                                   \
                    FN(dw_micro)(PIECES, NV, count, f->at, f->value, f->x.at + from, f->x.row, dW + to, piece);     \
                }                                                                                                   \
                else {                                                                                              \
                    FN(dx_micro)(PIECES, NV, count, f->at, f->value, f->dx.at + from, f->dx.row, W + to, piece);    \
                }                                                                                                   \
                break
            switch (16 * pieces + widths[q]) {
                TILE(1, 1); TILE(1, 2); TILE(1, 3); TILE(1, 4); TILE(1, 6); TILE(1, 8);
                TILE(2, 1); TILE(2, 2); TILE(2, 3); TILE(2, 4); TILE(2, 6); TILE(2, 8);
                TILE(3, 1); TILE(3, 2); TILE(3, 3); TILE(3, 4); TILE(3, 6); TILE(3, 8);
                TILE(4, 1); TILE(4, 2); TILE(4, 3); TILE(4, 4); TILE(4, 6);
                TILE(5, 1); TILE(5, 2); TILE(5, 3); TILE(5, 4);
            }
#undef TILE
            j += widths[q] * VL;
        }
        ky += pieces;
    }
}

#undef MAX_PIECES
#undef MAX_VECTORS

/* dW, db and dx of one image after pooling, added. Rows that stay in the cache are worked off together. */
static void
FN(pooled_gradients)(const struct conv_args *s, const struct FN(backward_buffers) *f, const real *g, const uint8_t *index,
                     int keep, real *dW, real *db)
{
    const struct windows *n = &s->win;
    const ptrdiff_t rows = n->oh / 2, cells = rows * (n->ow / 2), weights = n->fh * f->piece;
    const ptrdiff_t row_bytes = (s->dx != NULL ? 4 : 2) * n->stride * f->x.row * (ptrdiff_t)sizeof(real);
    const ptrdiff_t block = max_(1, L1_PANEL_BYTES / max_(1, row_bytes));
    for (ptrdiff_t y = 0; y < rows; y += block) {
        for (ptrdiff_t filter = 0; filter < s->fn; filter++) {
            const ptrdiff_t count = FN(list_windows)(s, f, g + filter * cells, index + filter, y, min_(rows, y + block), keep);
            FN(sparse_tiles)(n->fh, f->piece, count, f, dW + filter * weights, NULL);
            if (s->dx != NULL) {
                FN(sparse_tiles)(n->fh, f->piece, count, f, NULL, (const real *)s->packed + filter * weights);
            }
        }
    }
    for (ptrdiff_t filter = 0; filter < s->fn; filter++, g += cells) {
        vec sums = {0};
        real sum = 0;
        ptrdiff_t i = 0;
        for (; i + VL <= cells; i += VL) {
            sums += FN(load)(g + i);
        }
        for (; i < cells; i++) {
            sum += g[i];
        }
        db[filter] += sum + FN(sum_lanes)(sums);
    }
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
            for (ptrdiff_t j = 0; j < filters;) {
                const int nv = FN(panel_of)((filters - j) / VL);
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

static void
FN(conv_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct conv_args *s = args;
    const struct windows *n = &s->win;
    const int pool = s->after == RELU_AND_POOL;
    const ptrdiff_t image = n->c * n->h * n->w, rows = pool ? n->oh / 2 : n->oh, cols = pool ? n->ow / 2 : n->ow;
    const int direct = !pool && s->x_last && n->c == FN(padded)(n->c);
    const int finite_W = s->dx == NULL || !pool || FN(all_finite)(s->W, s->fn * n->c * n->fh * n->fw);
    real *memory = workspace_take(s->workspace);
    const struct FN(backward_buffers) f = FN(backward_buffers)(s, memory);
    const ptrdiff_t inner = n->pad * (f.x.row + f.x.channels), x_size = (n->h + 2 * n->pad) * f.x.row;
    const struct FN(image) x = {f.x.channels, f.x.row, f.x.at + inner};
    const struct FN(image) dx = {f.dx.channels, f.dx.row, s->dx != NULL && pool ? f.dx.at + inner : f.dx.at};
    memset(memory, 0, (size_t)f.zeros * sizeof(real));
    for (ptrdiff_t g = begin; g < end; g++) {
        real *dW = (real *)s->partial + g * s->partial_size, *db = dW + n->fh * f.piece * s->padded_fn;
        memset(dW, 0, (size_t)s->partial_size * sizeof(real));
        for (ptrdiff_t i = g * n->n / s->groups; i < (g + 1) * n->n / s->groups; i++) {
            const real *gradient = FN(gradient_of)(s, &f, i);
            FN(read_image)((const real *)s->x + i * image, s->x_last, n->c, n->h, n->w, 1, &x);
            if (pool) {
                const int keep = !finite_W || !FN(all_finite)(f.x.at, x_size);
                if (s->dout_last) {
                    FN(turn)(rows * cols, s->fn, gradient, s->fn, f.planes, rows * cols);
                    gradient = f.planes;
                }
                if (s->dx != NULL) {
                    memset(f.dx.at, 0, (size_t)x_size * sizeof(real));
                }
                FN(pooled_gradients)(s, &f, gradient, s->index + i * rows * cols * s->padded_fn, keep, dW, db);
            }
            else {
                FN(read_image)(gradient, s->dout_last, s->fn, rows, cols, n->stride, &f.g);
                FN(dense_gradients)(s, &f, dW, db);
                if (s->dx != NULL) {
                    real *to = direct ? (real *)s->dx + i * image : f.dx.at;
                    FN(correlate)(&f.g, f.around_g, 1, n->fh, n->fw, s->packed, NULL, 0, f.dx.channels, n->h, n->w, to);
                }
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
    const int pool = s->after == RELU_AND_POOL;
    const ptrdiff_t taps = n->fh * n->fw, filter = pool ? n->fh * f.piece : 1, step = pool ? 1 : s->padded_fn;
    const real *sum = s->partial;
    real *dW = s->dW;
    for (ptrdiff_t row = 0; row < s->fn * n->c; row++) {
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            const ptrdiff_t l = tap / n->fw * f.piece + tap % n->fw * f.x.channels + row % n->c;
            *dW++ = sum[row / n->c * filter + l * step];
        }
    }
    memcpy(s->db, sum + n->fh * f.piece * s->padded_fn, (size_t)s->fn * sizeof(real));
}
