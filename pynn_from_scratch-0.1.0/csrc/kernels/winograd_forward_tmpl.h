/* Forward in Winograd's way: tiles of images in, products at the points, tiles of out back, and what follows them. */

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
