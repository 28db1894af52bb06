/* A convolution from its arguments to its results: the road it takes, over the pool. */

static struct FN(conv)
FN(make_conv)(const struct conv_args *s, int backward)
{
    const struct windows *n = &s->win;
    const ptrdiff_t images = n->c * n->h * n->w + s->fn * n->oh * n->ow, taps = n->fh * n->fw;
    struct FN(conv) v = {.s = s, .pools = s->after == RELU_AND_POOL, .winograd = FN(is_winograd)(s, backward)};
    v.lists = v.pools && !v.winograd && FN(has_full_lists)(s);
    v.filters = FN(padded)(s->fn);
    v.out_is_direct = s->out_last && s->fn == v.filters;
    v.channels = v.winograd || (v.lists && s->dx != NULL) ? FN(padded)(n->c) : n->c;
    v.piece = v.lists ? FN(padded)(n->fw * v.channels) : n->fw * v.channels;
    v.weights_size = n->fh * v.piece * v.filters;
    v.partial_size = ceil_div(v.weights_size + v.filters, SUM_PIECE) * SUM_PIECE;
    v.packed_size = max_(v.weights_size + v.filters, taps * v.filters * FN(padded)(n->c));
    if (HAS_WINOGRAD && v.winograd) {
        const struct FN(winograd_buffers) f = FN(winograd_buffers)(&v, backward, NULL);
        v.packed_size = 36 * FN(padded)(n->c) * v.filters + v.filters;
        v.slot_size = f.size;
        v.zeros = f.zeros;
    }
    else if (backward) {
        const struct FN(backward_buffers) f = FN(backward_buffers)(&v, NULL);
        v.slot_size = f.size;
        v.zeros = f.zeros;
    }
    else {
        const struct FN(forward_buffers) f = FN(forward_buffers)(&v, NULL);
        v.slot_size = f.size;
        v.zeros = f.zeros;
    }
    /* groups feed the threads; all their sums together take no more room than x and dout */
    const ptrdiff_t most = v.winograd ? WINOGRAD_GROUPS : GROUPS;
    v.groups = max_(1, min_(min_(most, n->n), n->n * images / max_(1, v.partial_size)));
    return v;
}

/* Elements in whole cache lines. */
inline_always ptrdiff_t
FN(lines)(ptrdiff_t n)
{
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(real);
    return ceil_div(n, line) * line;
}

static size_t
FN(conv_memory)(const struct conv_args *s, int backward)
{
    const struct FN(conv) v = FN(make_conv)(s, backward);
    const ptrdiff_t sums = backward ? v.groups * v.partial_size : 0;
    return (size_t)(FN(lines)(v.packed_size) + s->threads * FN(lines)(v.slot_size) + sums) * sizeof(real);
}

/* The caller's memory: the filters, a slot for each thread, the sums of the groups. */
static void
FN(place_memory)(struct FN(conv) *v, struct workspace *w)
{
    real *slots = (real *)v->s->memory + FN(lines)(v->packed_size);
    const ptrdiff_t slot = FN(lines)(v->slot_size);
    *w = (struct workspace){.base = (unsigned char *)slots, .slot_bytes = (size_t)slot * sizeof(real), .slots = v->s->threads};
    v->packed = v->s->memory;
    v->partial = slots + v->s->threads * slot;
    v->workspace = w;
    for (int i = 0; i < v->s->threads; i++) {
        memset(slots + i * slot, 0, (size_t)v->zeros * sizeof(real));
    }
}

static void
FN(conv_forward)(const struct conv_args *s)
{
    const struct windows *n = &s->win;
    struct workspace w;
    struct FN(conv) v = FN(make_conv)(s, 0);
    FN(place_memory)(&v, &w);
    if (HAS_WINOGRAD && v.winograd) {
        v.keeps_zeros = FN(has_zero)(s->b, s->fn);
        FN(pack_winograd)(&v, 0);
        parallel_for(ceil_div(n->n, FN(images_at_once)(n)), 1, FN(winograd_forward), &v);
        return;
    }
    const ptrdiff_t image_work = max_(1, n->oh * n->ow * s->fn * n->c * n->fh * n->fw);
    FN(pack_forward)(&v);
    parallel_for(n->n, max_(1, LONG_WORK / image_work), FN(direct_forward), &v);
}

/* The sums of the groups, added to that of the first in their order; the range is pieces of SUM_PIECE elements. */
static void
FN(add_groups)(void *conv, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(conv) *v = conv;
    for (ptrdiff_t g = 1; g < v->groups; g++) {
        const real *next = v->partial + g * v->partial_size;
        for (ptrdiff_t i = begin * SUM_PIECE; i < end * SUM_PIECE; i += VL) {
            FN(store)(v->partial + i, FN(load)(v->partial + i) + FN(load)(next + i));
        }
    }
}

/* dW and db from their sum. */
static void
FN(unpack_sum)(const struct FN(conv) *v)
{
    const struct conv_args *s = v->s;
    const struct windows *n = &s->win;
    const struct FN(weight_strides) at = FN(dW_strides)(v);
    const ptrdiff_t taps = n->fh * n->fw;
    real *dW = s->dW;
    for (ptrdiff_t row = 0; row < s->fn * n->c; row++) {
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            *dW++ = v->partial[row / n->c * at.f + row % n->c * at.c + tap / n->fw * at.ky + tap % n->fw * at.kx];
        }
    }
    memcpy(s->db, v->partial + v->weights_size, (size_t)s->fn * sizeof(real));
}

static void
FN(conv_backward)(const struct conv_args *s)
{
    const struct windows *n = &s->win;
    struct workspace w;
    struct FN(conv) v = FN(make_conv)(s, 1);
    FN(place_memory)(&v, &w);
    v.W_is_finite = s->dx == NULL || FN(all_finite)(s->W, s->fn * n->c * n->fh * n->fw);
    if (HAS_WINOGRAD && v.winograd) {
        FN(pack_winograd)(&v, 1);
        parallel_for(v.groups, 1, FN(winograd_backward), &v);
    }
    else {
        if (s->dx != NULL) {
            FN(pack_backward)(&v);
        }
        parallel_for(v.groups, 1, FN(direct_backward), &v);
    }
    parallel_for(v.partial_size / SUM_PIECE, max_(1, 16384 / (SUM_PIECE * v.groups)), FN(add_groups), &v);
    FN(unpack_sum)(&v);
}
