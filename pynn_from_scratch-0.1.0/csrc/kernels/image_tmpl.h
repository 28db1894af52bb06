/* Images as convolutions work on them: channels last, with their padding, in buffers of the caller's. */

/* An image, its padding included, in channels-last order; `channels` may be more than it has. */
struct FN(image) {
    ptrdiff_t channels, row;            /* elements from a pixel to the next, from a row to the next */
    real *at;
};

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
            FN(copy_transposed)(c, w, x + y * w, h * w, out, step);
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
            FN(copy_transposed)(w, c, in, from->channels, x + y * w, plane);
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

/* Two rows of pixels pooled: what is largest of every 2x2, and which of the four it was. The first one counts where several
 * are equal, and NaN is larger than anything, as for np.argmax. */
static void
FN(pool_rows)(const struct FN(image) *x, const real *rows, ptrdiff_t cols, real *out, bits *place)
{
    typedef FN(mask_unaligned) mask_in_memory;
    for (ptrdiff_t i = 0; i < cols; i++) {
        const real *pixels = rows + 2 * i * x->channels;
        for (ptrdiff_t c = 0; c < x->channels; c += VL) {
            vec best = FN(load)(pixels + c);
            FN(mask) at = {0};
            UNROLL
            for (int q = 1; q < 4; q++) {
                const vec pixel = FN(load)(pixels + q / 2 * x->row + q % 2 * x->channels + c);
                const FN(mask) take = ~(FN(mask))(pixel <= best) & (FN(mask))(best == best);
                best = (vec)(((FN(mask))pixel & take) | ((FN(mask))best & ~take));
                at = (take & q) | (at & ~take);
            }
            FN(store)(out + i * x->channels + c, best);
            *(mask_in_memory *)(place + i * x->channels + c) = at;
        }
    }
}

/* Room for a row of places, and for the same as bytes. */
struct FN(places) {
    bits *wide;
    uint8_t *narrow;
};

/* The first `filters` bytes of each pixel. A vector's worth at a time, the next pixel overwrites what was too much. */
static void
FN(copy_places)(const uint8_t *from, ptrdiff_t channels, ptrdiff_t pixels, ptrdiff_t filters, uint8_t *to)
{
    for (; pixels * filters >= channels; pixels--, from += channels, to += filters) {
        for (ptrdiff_t c = 0; c < channels; c += VL) {
            memcpy(to + c, from + c, VL);
        }
    }
    for (; pixels > 0; pixels--, from += channels, to += filters) {
        memcpy(to, from, (size_t)filters);
    }
}

/* 2x2 max-pooling of oh x ow pixels, channels last; the places of the first `filters` channels go to `index`. Narrowing
 * integers vector by vector is slow, a long row of them is not. */
static void
FN(pool_2x2)(const struct FN(image) *x, ptrdiff_t oh, ptrdiff_t ow, ptrdiff_t filters, real *out, uint8_t *index,
             const struct FN(places) *place)
{
    const ptrdiff_t cols = ow / 2, size = cols * x->channels;
    bits *wide = place->wide;
    for (ptrdiff_t y = 0; y + 2 <= oh; y += 2, out += size, index += cols * filters) {
        uint8_t *narrow = x->channels == filters ? index : place->narrow;
        FN(pool_rows)(x, x->at + y * x->row, cols, out, wide);
        for (ptrdiff_t i = 0; i < size; i++) {
            narrow[i] = (uint8_t)wide[i];
        }
        if (narrow != index) {
            FN(copy_places)(narrow, x->channels, cols, filters, index);
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

static struct FN(places)
FN(carve_places)(ptrdiff_t n, real *memory, ptrdiff_t *used)
{
    bits *wide = (bits *)FN(carve)(memory, used, n);
    return (struct FN(places)){wide, (uint8_t *)FN(carve)(memory, used, n)};
}

/* Whether x has neither NaN nor infinity. */
static int
FN(all_finite)(const real *x, ptrdiff_t n)
{
    real sum = 0;
    ptrdiff_t i = 0;
    vec sums[4] = {{0}, {0}, {0}, {0}};
    for (; i + 4 * VL <= n; i += 4 * VL) {
        UNROLL
        for (int q = 0; q < 4; q++) {
            sums[q] += FN(load)(x + i + q * VL) * 0;
        }
    }
    for (; i < n; i++) {
        sum += x[i] * 0;
    }
    return sum + FN(sum_lanes)((sums[0] + sums[1]) + (sums[2] + sums[3])) == 0;
}

/* Whether all numbers are finite, and so far from the largest that sums of hundreds of thousands of their products are. */
static int
FN(is_moderate)(const real *x, ptrdiff_t n)
{
    const real large = (real)(REAL_BITS == 32 ? 0x1p48 : 0x1p480);
    bits limit, is_larger = 0, u;
    memcpy(&limit, &large, sizeof(limit));
    for (ptrdiff_t i = 0; i < n; i++) {
        memcpy(&u, x + i, sizeof(u));
        is_larger |= limit - (bits)((ubits)u << 1 >> 1);        /* its sign, where the magnitude is the larger integer */
    }
    return is_larger >= 0;
}
