/* Backward in Winograd's way: the same tiles, and those of the gradient; sums of outer products for dW, products for dx. */

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
