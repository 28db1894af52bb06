/* Convolution by 3x3 filters, stride 1, in Winograd's way (winograd_tmpl.h). At each of the 36 points the tiles of some images
 * are the rows of a product over the channels:
 *
 *   forward    M[point] = V[point] U[point]                 tiles x channels, channels x filters
 *   backward   dW's sums[point] += V[point]^T H[point]      channels x tiles, tiles x filters
 *              N[point] = H[point] U[point]^T               tiles x filters, filters x channels
 *
 * where V are the input's tiles, U the filters, H the gradient's tiles, M and N those of out and dx, all transformed. Images
 * that the transforms might carry beyond the largest number are left out and go the way of the formula.
 *
 * A window of zeros that shares its tile with others comes out as rounding. Where a bias is 0 it has to stay 0, for there
 * ReLU has its kink: a first step on images with an empty background would go another way. */

#define POINTS 36
#define TILES_AT_ONCE 64        /* or the tiles of one image: enough rows for the micro-kernel, few enough for the cache */

/* A matrix for each point. */
struct FN(points) {
    real *at;
    ptrdiff_t point, row;       /* elements from a point, from a row to the next */
};

static struct FN(points)
FN(carve_points)(ptrdiff_t rows, ptrdiff_t row, real *memory, ptrdiff_t *used)
{
    const ptrdiff_t point = rows * row + VL;    /* not a power of two apart: the 36 lines that a tile writes would collide */
    return (struct FN(points)){FN(carve)(memory, used, POINTS * point), point, row};
}

/* Row `row` of all points as a tile of 6x6 vectors. */
inline_always struct FN(tile_at)
FN(tile_of_points)(const struct FN(points) *p, ptrdiff_t row)
{
    return (struct FN(tile_at)){p->at + row * p->row, 6 * p->point, p->point};
}

inline_always struct FN(tile_at)
FN(tile_of_image)(const struct FN(image) *x, ptrdiff_t y, ptrdiff_t col)
{
    return (struct FN(tile_at)){x->at + y * x->row + col * x->channels, x->row, x->channels};
}

/* Tiles of an image: down and across. */
inline_always ptrdiff_t
FN(tiles_down)(const struct windows *n)
{
    return ceil_div(n->oh, 4);
}

inline_always ptrdiff_t
FN(tiles_across)(const struct windows *n)
{
    return ceil_div(n->ow, 4);
}

inline_always ptrdiff_t
FN(images_at_once)(const struct windows *n)
{
    return max_(1, min_(n->n, TILES_AT_ONCE / (FN(tiles_down)(n) * FN(tiles_across)(n))));
}

/* A buffer for an image of `channels` that covers all tiles: of 4x4 pixels, or with the two more that a filter sees. */
static struct FN(image)
FN(carve_tiles)(const struct windows *n, ptrdiff_t channels, ptrdiff_t more, real *memory, ptrdiff_t *used)
{
    const ptrdiff_t height = 4 * FN(tiles_down)(n) + more, row = (4 * FN(tiles_across)(n) + more) * channels;
    return (struct FN(image)){channels, row, FN(carve)(memory, used, height * row)};
}

/* The buffers of a thread. memory may be NULL: then only the size counts. */
struct FN(winograd_buffers) {
    struct FN(image) x, out;            /* out: of forward; g, the gradient before bias and ReLU; then dx */
    struct FN(points) V, M;             /* M: of out, or of dx */
    uint16_t *zero_windows;             /* of each tile, where they matter */
    real *pooled;                       /* the result of pooling, or its gradient */
    struct FN(places) places;
    struct FN(image) dx;
    struct FN(points) H, sums;
    real *masked, *formula;
    ptrdiff_t zeros, size;              /* elements that must be zero at first; all */
};

static struct FN(winograd_buffers)
FN(winograd_buffers)(const struct FN(conv) *v, int backward, real *memory)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t tiles = FN(images_at_once)(n) * FN(tiles_down)(n) * FN(tiles_across)(n), weights = s->fn * (n->c * 9 + 1);
    struct FN(winograd_buffers) f = {.size = 0};
    f.x = FN(carve_tiles)(n, v->channels, 2, memory, &f.size);
    f.out = FN(carve_tiles)(n, v->filters, 0, memory, &f.size);
    f.zeros = f.size;
    f.V = FN(carve_points)(tiles, v->channels, memory, &f.size);
    f.M = FN(carve_points)(tiles, backward ? v->channels : v->filters, memory, &f.size);
    f.pooled = FN(carve)(memory, &f.size, FN(result_pixels)(v) * v->filters);
    if (backward) {
        f.dx = FN(carve_tiles)(n, v->channels, 2, memory, &f.size);
        f.H = FN(carve_points)(tiles, v->filters, memory, &f.size);
        f.sums = FN(carve_points)(n->c, v->filters, memory, &f.size);
        f.masked = FN(carve)(memory, &f.size, s->after != NOTHING ? s->fn * FN(result_pixels)(v) : 0);
        f.formula = FN(carve)(memory, &f.size, weights);
    }
    else {
        f.places = FN(carve_places)(n->ow / 2 * v->filters, memory, &f.size);
        f.zero_windows = (uint16_t *)FN(carve)(memory, &f.size, tiles);
    }
    return f;
}

/* ---- filters ---- */

/* G w G^T of every filter: a row for each of `rows`, whose filters begin `down` elements apart, a column for each of `cols`,
 * `right` elements apart, and zeros up to whole vectors. */
static void
FN(transform_filters)(const real *W, ptrdiff_t rows, ptrdiff_t down, ptrdiff_t cols, ptrdiff_t right, struct FN(points) *U)
{
    real taps[9][VL];
    for (ptrdiff_t row = 0; row < rows; row++) {
        for (ptrdiff_t j = 0; j < U->row; j += VL) {
            for (ptrdiff_t q = 0; q < VL; q++) {
                for (ptrdiff_t tap = 0; tap < 9; tap++) {
                    taps[tap][q] = j + q < cols ? W[row * down + (j + q) * right + tap] : 0;
                }
            }
            struct FN(tile_at) to = FN(tile_of_points)(U, row);
            to.at += j;
            FN(transform_filter)(VL, (struct FN(tile_at)){taps[0], 3 * VL, VL}, to);
        }
    }
}

/* U of forward, with the bias behind it, or of backward: filters are its rows then. */
inline_always struct FN(points)
FN(transformed_filters)(const struct FN(conv) *v, int backward)
{
    const ptrdiff_t rows = backward ? v->s->fn : v->s->win.c, row = backward ? v->channels : v->filters;
    return (struct FN(points)){v->packed, rows * row, row};
}

static void
FN(pack_winograd)(const struct FN(conv) *v, int backward)
{
    const ptrdiff_t fn = v->s->fn, c = v->s->win.c;
    struct FN(points) U = FN(transformed_filters)(v, backward);
    if (backward) {
        FN(transform_filters)(v->s->W, fn, 9 * c, c, 9, &U);
    }
    else {
        FN(transform_filters)(v->s->W, c, 9, fn, 9 * c, &U);
        FN(pack_bias)(v, v->packed + POINTS * U.point);
    }
}

/* ---- products ---- */

/* C = A B at every point; the operands of the first are given, the others follow. C is rows x cols, a multiple of VL. */
static void
FN(multiply_points)(struct FN(part) p, const struct FN(points) *of[3], ptrdiff_t rows, const struct FN(epilogue) *e)
{
    const struct FN(points) *a = of[0], *b = of[1], *c = of[2];
    int nv;
    for (ptrdiff_t j = 0; j < c->row; j += nv * VL) {
        nv = FN(panel_vectors)((c->row - j) / VL);
        const struct FN(split) split = FN(split_rows)(rows, FN(tile_rows)(nv));
        for (ptrdiff_t point = 0; point < POINTS; point++) {
            p.a.at = a->at + point * a->point;
            p.b.at = b->at + point * b->point + j;
            p.c = c->at + point * c->point + j;
            FN(tiles)(&split, nv, &p, e);
        }
    }
}

/* c[point] = a[point] b[point] for tiles x steps and steps x c's columns. */
static void
FN(multiply_tiles)(ptrdiff_t tiles, ptrdiff_t steps, const struct FN(points) *a, const struct FN(points) *b,
                   const struct FN(points) *c)
{
    const struct FN(epilogue) none = {0};
    const struct FN(part) p = {
        .a = {NULL, a->row, 1}, .b = {NULL, b->row, 1}, .steps = steps, .pieces = 1, .c_rs = c->row, .lanes = VL,
    };
    FN(multiply_points)(p, (const struct FN(points) *[]){a, b, c}, tiles, &none);
}

/* sums[point] += V[point]^T H[point] for channels x tiles and tiles x filters; the first are not added to anything. */
static void
FN(add_outer_products)(ptrdiff_t tiles, ptrdiff_t channels, const struct FN(winograd_buffers) *f, int is_first)
{
    const struct FN(epilogue) add = {.accumulate = !is_first};
    const struct FN(part) p = {
        .a = {NULL, 1, f->V.row}, .b = {NULL, f->H.row, 1}, .steps = tiles, .pieces = 1, .c_rs = f->sums.row, .lanes = VL,
    };
    FN(multiply_points)(p, (const struct FN(points) *[]){&f->V, &f->H, &f->sums}, channels, &add);
}

/* ---- forward ---- */

/* Whether image i, and its gradient, may be transformed. */
static int
FN(is_image_moderate)(const struct FN(conv) *v, ptrdiff_t i, int backward)
{
    const struct conv_args *s = v->s;
    const ptrdiff_t image = s->win.c * s->win.h * s->win.w, result = s->fn * FN(result_pixels)(v);
    return FN(is_moderate)((const real *)s->x + i * image, image)
        && (!backward || FN(is_moderate)((const real *)s->dout + i * result, result));
}

static int
FN(is_zero_pixel)(const real *x, ptrdiff_t channels)
{
    int is_zero = 1;
    for (ptrdiff_t c = 0; c < channels; c++) {
        is_zero &= x[c] == 0;
    }
    return is_zero;
}

/* Which of the 4x4 windows of a tile see zeros alone, a bit each. */
static unsigned
FN(zero_windows)(const struct FN(tile_at) *x, ptrdiff_t channels)
{
    unsigned row[6] = {0}, windows = 0;
    for (int i = 0; i < 36; i++) {
        row[i / 6] |= (unsigned)FN(is_zero_pixel)(x->at + i / 6 * x->down + i % 6 * x->right, channels) << i % 6;
    }
    for (int y = 0; y < 4; y++) {
        const unsigned three = row[y] & row[y + 1] & row[y + 2];
        windows |= (three & three >> 1 & three >> 2 & 15) << 4 * y;
    }
    return windows;
}

/* What those come to: the bias, after ReLU. */
static void
FN(write_zero_windows)(const struct FN(conv) *v, unsigned windows, const struct FN(tile_at) *y, const real *bias)
{
    for (int i = 0; i < 16; i++) {
        for (ptrdiff_t c = 0; (windows >> i & 1) && c < v->filters; c += VL) {
            const vec sum = FN(load)(bias + c);
            FN(store)(y->at + i / 4 * y->down + i % 4 * y->right + c, v->s->after != NOTHING ? FN(relu_vec)(sum) : sum);
        }
    }
}

/* V of image i as the tiles from `first` on. */
static void
FN(read_tiles)(const struct FN(conv) *v, ptrdiff_t i, const struct FN(winograd_buffers) *f, ptrdiff_t first)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t image = n->c * n->h * n->w, across = FN(tiles_across)(n);
    const struct FN(image) inside = {f->x.channels, f->x.row, f->x.at + n->pad * (f->x.row + f->x.channels)};
    FN(read_image)((const real *)s->x + i * image, s->x_last, n->c, n->h, n->w, 1, &inside);
    for (ptrdiff_t t = 0; t < FN(tiles_down)(n) * across; t++) {
        const struct FN(tile_at) tile = FN(tile_of_image)(&f->x, t / across * 4, t % across * 4);
        FN(transform_input)(v->channels, tile, FN(tile_of_points)(&f->V, first + t));
        if (v->keeps_zeros) {
            f->zero_windows[first + t] = (uint16_t)FN(zero_windows)(&tile, v->channels);
        }
    }
}

static void
FN(forward_by_formula)(const struct FN(conv) *v, ptrdiff_t i)
{
    const struct windows *n = &v->s->win;
    const ptrdiff_t result = v->s->fn * FN(result_pixels)(v);
    struct conv_args one = *v->s;
    one.win.n = 1;
    one.x = (const real *)one.x + i * n->c * n->h * n->w;
    one.out = (real *)one.out + i * result;
    one.index = v->pools ? one.index + i * result : NULL;
    kernels_simple[REAL_BITS / 64].conv_forward(&one);
}

/* Out of image i, from the tiles of M from `first` on. */
static void
FN(write_tiles)(const struct FN(conv) *v, ptrdiff_t i, const struct FN(winograd_buffers) *f, ptrdiff_t first)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t across = FN(tiles_across)(n), size = n->oh * n->ow * s->fn;
    const real *bias = v->packed + POINTS * FN(transformed_filters)(v, 0).point;
    struct FN(image) windows = f->out;
    if (v->out_is_direct && !v->pools && n->oh % 4 == 0 && n->ow % 4 == 0) {
        windows.at = (real *)s->out + i * size;
    }
    for (ptrdiff_t t = 0; t < FN(tiles_down)(n) * across; t++) {
        const struct FN(tile_at) tile = FN(tile_of_image)(&windows, t / across * 4, t % across * 4);
        FN(transform_output)(v->filters, FN(tile_of_points)(&f->M, first + t), tile, bias, s->after != NOTHING);
        if (v->keeps_zeros) {
            FN(write_zero_windows)(v, f->zero_windows[first + t], &tile, bias);
        }
    }
    FN(write_result)(v, i, &windows, f->pooled, &f->places);
}

/* Images [first, last), at most images_at_once. */
static void
FN(forward_block)(const struct FN(conv) *v, const struct FN(winograd_buffers) *f, ptrdiff_t first, ptrdiff_t last)
{
    const struct windows *n = &v->s->win;
    const ptrdiff_t per_image = FN(tiles_down)(n) * FN(tiles_across)(n);
    const struct FN(points) U = FN(transformed_filters)(v, 0);
    ptrdiff_t images[TILES_AT_ONCE], count = 0;         /* those that are transformed */
    for (ptrdiff_t i = first; i < last; i++) {
        if (FN(is_image_moderate)(v, i, 0)) {
            FN(read_tiles)(v, i, f, count * per_image);
            images[count++] = i;
        }
        else {
            FN(forward_by_formula)(v, i);
        }
    }
    FN(multiply_tiles)(count * per_image, n->c, &f->V, &U, &f->M);
    for (ptrdiff_t q = 0; q < count; q++) {
        FN(write_tiles)(v, images[q], f, q * per_image);
    }
}

/* The range is blocks of images. */
static void
FN(winograd_forward)(void *conv, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(conv) *v = conv;
    const struct windows *n = &v->s->win;
    const ptrdiff_t images = FN(images_at_once)(n);
    real *memory = workspace_take(v->workspace);
    const struct FN(winograd_buffers) f = FN(winograd_buffers)(v, 0, memory);
    for (ptrdiff_t block = begin; block < end && (block == begin || !parallel_interrupted()); block++) {
        FN(forward_block)(v, &f, block * images, min_(n->n, (block + 1) * images));
    }
    workspace_give(v->workspace, memory);
}

/* ---- backward ---- */

/* Its tiles of H from `first` on, and its db, added. */
static void
FN(read_gradient_tiles)(const struct FN(conv) *v, const struct FN(winograd_buffers) *f, ptrdiff_t first, real *db)
{
    const struct windows *n = &v->s->win;
    const ptrdiff_t across = FN(tiles_across)(n);
    FN(add_db)(n, &f->out, v->filters, f->out.row, db);
    for (ptrdiff_t t = 0; t < FN(tiles_down)(n) * across; t++) {
        FN(transform_gradient)(v->filters, FN(tile_of_image)(&f->out, t / across * 4, t % across * 4),
                               FN(tile_of_points)(&f->H, first + t));
    }
}

/* dx of image i from the tiles of M from `first` on: they overlap. */
static void
FN(write_dx)(const struct FN(conv) *v, ptrdiff_t i, const struct FN(winograd_buffers) *f, ptrdiff_t first)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const ptrdiff_t across = FN(tiles_across)(n), down = FN(tiles_down)(n);
    const struct FN(image) inside = {f->dx.channels, f->dx.row, f->dx.at + n->pad * (f->dx.row + f->dx.channels)};
    memset(f->dx.at, 0, (size_t)((4 * down + 2) * f->dx.row) * sizeof(real));
    for (ptrdiff_t t = 0; t < down * across; t++) {
        FN(transform_dx)(v->channels, FN(tile_of_points)(&f->M, first + t),
                         FN(tile_of_image)(&f->dx, t / across * 4, t % across * 4));
    }
    FN(write_image)(&inside, n->c, n->h, n->w, (real *)s->dx + i * n->c * n->h * n->w, s->x_last);
}

/* Images [first, last), at most images_at_once; their dW at the points and their db are added. */
static void
FN(backward_block)(const struct FN(conv) *v, const struct FN(winograd_buffers) *f, ptrdiff_t first, ptrdiff_t last, int is_first,
                   real *dW)
{
    const struct windows *n = &v->s->win;
    const ptrdiff_t per_image = FN(tiles_down)(n) * FN(tiles_across)(n);
    const struct FN(points) U = FN(transformed_filters)(v, 1);
    ptrdiff_t images[TILES_AT_ONCE], count = 0;         /* those that are transformed */
    for (ptrdiff_t i = first; i < last; i++) {
        if (FN(is_image_moderate)(v, i, 1)) {
            FN(read_tiles)(v, i, f, count * per_image);
            FN(read_gradient)(v, i, f->masked, f->pooled, &f->out);
            FN(read_gradient_tiles)(v, f, count * per_image, dW + v->weights_size);
            images[count++] = i;
        }
        else {
            FN(gradients_by_formula)(v, i, f->formula, dW, dW + v->weights_size);
        }
    }
    FN(add_outer_products)(count * per_image, n->c, f, is_first);
    if (v->s->dx == NULL) {
        return;
    }
    FN(multiply_tiles)(count * per_image, v->s->fn, &f->H, &U, &f->M);
    for (ptrdiff_t q = 0; q < count; q++) {
        FN(write_dx)(v, images[q], f, q * per_image);
    }
}

/* dW[ky, kx, channel, filter] from its sums at the points, added. */
static void
FN(gather_dW)(const struct FN(conv) *v, const struct FN(points) *sums, real *dW)
{
    for (ptrdiff_t c = 0; c < v->s->win.c; c++) {
        FN(transform_dW)(v->filters, FN(tile_of_points)(sums, c),
                         (struct FN(tile_at)){dW + c * v->filters, v->piece * v->filters, v->channels * v->filters});
    }
}

/* The range is groups of images. */
static void
FN(winograd_backward)(void *conv, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(conv) *v = conv;
    const struct windows *n = &v->s->win;
    real *memory = workspace_take(v->workspace);
    const struct FN(winograd_buffers) f = FN(winograd_buffers)(v, 1, memory);
    for (ptrdiff_t g = begin; g < end; g++) {
        real *dW = v->partial + g * v->partial_size;
        const ptrdiff_t first = g * n->n / v->groups, last = (g + 1) * n->n / v->groups;
        memset(dW, 0, (size_t)v->partial_size * sizeof(real));
        for (ptrdiff_t i = first; i < last && (i == first || !parallel_interrupted()); i += FN(images_at_once)(n)) {
            FN(backward_block)(v, &f, i, min_(last, i + FN(images_at_once)(n)), i == first, dW);
        }
        FN(gather_dW)(v, &f.sums, dW);
    }
    workspace_give(v->workspace, memory);
}

#undef POINTS
#undef TILES_AT_ONCE
