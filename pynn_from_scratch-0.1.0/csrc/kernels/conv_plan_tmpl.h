/* What is decided about a convolution before it begins: its road, and the memory that its threads work in. */

/* GROUPS of images have a sum of dW each, whatever the number of threads, and these are added in their order. */
#define GROUPS 32
#define WINOGRAD_GROUPS 8       /* their sums at the points are four times as large */
#define SUM_PIECE 16
#define HAS_WINOGRAD (REAL_BITS == 32)          /* float64 is for the book's own numbers, apart in rounding only */

struct FN(conv) {
    const struct conv_args *s;
    int pools;                          /* 2x2 max-pooling follows */
    int winograd;
    int lists;                          /* backward through pooling, windows whose gradient is zero are left out */
    int keeps_zeros;                    /* a window of zeros has to come to its bias exactly: there is one of 0 */
    int out_is_direct;                  /* the last kernel writes out as it lies in memory */
    ptrdiff_t filters, channels;        /* in whole vectors */
    ptrdiff_t piece;                    /* elements of a row of a filter, as dW is summed */
    ptrdiff_t groups;                   /* group g is images [g n / groups, (g + 1) n / groups) */
    int W_is_finite;
    ptrdiff_t weights_size;             /* dW of a group; db follows */
    ptrdiff_t packed_size, partial_size, slot_size;
    ptrdiff_t zeros;                    /* elements of a slot that must be zero at first: padding, which nobody writes */
    real *packed, *partial;             /* the filters as the kernels read them; dW and db of every group */
    struct workspace *workspace;        /* a slot for each thread */
};

/* Whether 3x3 filters have enough channels to fill vectors, and tiles of 4x4 cover not much more than there is. */
static int
FN(fits_tiles)(const struct windows *n, ptrdiff_t filters)
{
    const ptrdiff_t tiles = ceil_div(n->oh, 4) * ceil_div(n->ow, 4);
    return n->fh == 3 && n->fw == 3 && n->stride == 1 && n->c >= VL && filters >= VL && 36 * tiles <= 9 * n->oh * n->ow / 2;
}

/* Backward through pooling, where three of four gradients are zero and ReLU leaves more, the lists win. Numbers that the
 * transforms might carry beyond the largest go the direct road. */
static int
FN(is_winograd)(const struct conv_args *s, int backward)
{
    return HAS_WINOGRAD && s->winograd && !(backward && s->after == RELU_AND_POOL) && FN(fits_tiles)(&s->win, s->fn)
        && FN(is_moderate)(s->W, s->fn * s->win.c * 9);
}

/* Lists add a row of a filter at a time, in whole vectors. Where a row is less than one, as in a first layer of one channel, the
 * zeros cost less than the empty lanes. */
static int
FN(has_full_lists)(const struct conv_args *s)
{
    return s->dx != NULL || s->win.fw * s->win.c >= VL;
}

static int
FN(has_zero)(const real *x, ptrdiff_t n)
{
    int has = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        has |= x[i] == 0;
    }
    return has;
}

/* Behind b the vectors of the last filters are zeros. */
static void
FN(pack_bias)(const struct FN(conv) *v, real *out)
{
    memset(out, 0, (size_t)v->filters * sizeof(real));
    memcpy(out, v->s->b, (size_t)v->s->fn * sizeof(real));
}

/* Pixels of the result, after pooling. */
inline_always ptrdiff_t
FN(result_pixels)(const struct FN(conv) *v)
{
    const ptrdiff_t step = v->pools ? 2 : 1;
    return v->s->win.oh / step * (v->s->win.ow / step);
}
