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
