/* Backward of a convolution with ReLU and 2x2 max-pooling behind it. Pooling lets one pixel of four through, and ReLU not
 * all of those: only the windows whose gradient g is not zero are listed. One at p meets fh pieces of fw c values:
 *
 *   dW[f, ky, :] += g image[p + ky row, :]         for the windows of filter f; a tile of dW stays in registers
 *   dx[p + ky row, :] += g W[f, ky, :]             for the filters that took window p; a tile of dx stays in registers
 *
 * Both are sums of vectors that a list picks. A zero that meets an infinity is NaN, so x and W have to be finite. */

/* value times the vectors that begin at element `at` */
struct FN(term) {
    bits at;
    real value;
};

/* n lists of terms, `capacity` apart, and the element at which the sum of each begins. */
struct FN(lists) {
    ptrdiff_t n, capacity;
    struct FN(term) *terms;
    ptrdiff_t *count, *to;
};

#define MAX_PIECES 5
#define MAX_VECTORS 8

/* A tile of each sum, a few pieces by nv vectors: to[r to_row + v] += the sum of value from[at + r from_row + v]. */
inline_always void
FN(terms_micro)(const int pieces, const int nv, const struct FN(lists) *lists, const real *from, ptrdiff_t from_row,
                real *to, ptrdiff_t to_row)
{
    const struct FN(term) *first = lists->terms;
    const ptrdiff_t *count = lists->count, *at_sum = lists->to;
    const real *base[MAX_PIECES];
    UNROLL
    for (int r = 0; r < pieces; r++) {
        base[r] = from + r * from_row;
    }
    for (ptrdiff_t l = 0; l < lists->n; l++, first += lists->capacity) {
        if (count[l] == 0) {
            continue;
        }
        real *sum[MAX_PIECES];
        vec acc[MAX_PIECES][MAX_VECTORS];
        UNROLL
        for (int r = 0; r < pieces; r++) {
            sum[r] = to + at_sum[l] + r * to_row;
            UNROLL
            for (int v = 0; v < nv; v++) {
                acc[r][v] = FN(load)(sum[r] + v * VL);
            }
        }
        for (const struct FN(term) *term = first; term < first + count[l]; term++) {
            const ptrdiff_t at = term->at;
            const real value = term->value;
            UNROLL
            for (int r = 0; r < pieces; r++) {
                UNROLL
                for (int v = 0; v < nv; v++) {
                    acc[r][v] += value * FN(load)(base[r] + at + v * VL);
                }
            }
        }
        UNROLL
        for (int r = 0; r < pieces; r++) {
            UNROLL
            for (int v = 0; v < nv; v++) {
                FN(store)(sum[r] + v * VL, acc[r][v]);
            }
        }
    }
}

/* All fh pieces of every sum, tile by tile. */
static void
FN(add_terms)(ptrdiff_t fh, ptrdiff_t piece, const struct FN(lists) *lists, const real *from, ptrdiff_t from_row, real *to,
              ptrdiff_t to_row)
{
    static const uint8_t widths[] = {8, 6, 4, 3, 2, 1};
    const ptrdiff_t rounds = ceil_div(fh, MAX_PIECES);
    for (ptrdiff_t round = 0, ky = 0; round < rounds; round++) {
        const ptrdiff_t pieces = (fh - ky + rounds - round - 1) / (rounds - round);
        for (ptrdiff_t j = 0; j < piece;) {
            int q = 0;
            while (widths[q] * pieces > ACCUMULATORS || widths[q] * VL > piece - j) {
                q++;
            }
            const real *from_tile = from + ky * from_row + j;
            real *to_tile = to + ky * to_row + j;
#define TILE(PIECES, NV)                                                                                            \
            case 16 * PIECES + NV:                                                                                  \
                if (PIECES * NV <= ACCUMULATORS) {                                                                  \
                    FN(terms_micro)(PIECES, NV, lists, from_tile, from_row, to_tile, to_row);                       \
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

inline_always int
FN(is_zero)(real x)
{
    ubits u;
    memcpy(&u, &x, sizeof(u));
    return u << 1 == 0;         /* without the sign: an integer comparison needs no branch */
}

/* One image and its gradient. A cell is four windows, of which each filter took one. */
struct FN(pooled) {
    const struct windows *win;
    ptrdiff_t filters, piece;
    struct FN(image) x, dx;                 /* with their padding */
    const real *W, *g;                      /* W[filter, ky, (kx, channel)] */
    ptrdiff_t g_cell, g_filter;             /* elements of g from a cell, and from a filter, to the next */
    const uint8_t *index;                   /* which window of the cell: [cell, filter] */
    struct FN(lists) lists;
};

/* Rows of cells to work off together: as many as fit into the cache, in blocks of nearly equal height. */
static ptrdiff_t
FN(rows_at_once)(const struct windows *n, ptrdiff_t row_bytes)
{
    const ptrdiff_t rows = n->oh / 2, most = max_(1, L1_PANEL_BYTES / max_(1, row_bytes));
    const ptrdiff_t blocks = max_(1, ceil_div(rows, most));
    return ceil_div(rows, blocks);
}

/* For dW the image stays in the cache, and so do its lists, ... */
static ptrdiff_t
FN(dW_rows)(const struct windows *n, ptrdiff_t row, ptrdiff_t filters)
{
    const ptrdiff_t pixels = 2 * n->stride * row * (ptrdiff_t)sizeof(real);
    return FN(rows_at_once)(n, max_(pixels, n->ow / 2 * filters * (ptrdiff_t)sizeof(struct FN(term))));
}

/* ... for dx its lists, which lie apart. */
static ptrdiff_t
FN(dx_rows)(const struct windows *n, ptrdiff_t filters)
{
    return FN(rows_at_once)(n, 4 * (n->ow / 2) * filters * (ptrdiff_t)sizeof(struct FN(term)));
}

/* The lists of windows for every filter, or of filters for every window. */
static struct FN(lists)
FN(carve_lists)(const struct windows *n, ptrdiff_t filters, ptrdiff_t row, real *memory, ptrdiff_t *used)
{
    const ptrdiff_t cells = n->ow / 2 * max_(FN(dW_rows)(n, row, filters), FN(dx_rows)(n, filters));
    const ptrdiff_t lists = max_(filters, 4 * cells), reals = (ptrdiff_t)sizeof(ptrdiff_t) / (ptrdiff_t)sizeof(real);
    return (struct FN(lists)){
        .terms = (struct FN(term) *)FN(carve)(memory, used, 2 * 4 * cells * filters),
        .count = (ptrdiff_t *)FN(carve)(memory, used, lists * reals),
        .to = (ptrdiff_t *)FN(carve)(memory, used, lists * reals),
    };
}

/* The windows that each filter took in rows [y0, y1) of cells; the sums of their gradients are added to db. */
static void
FN(list_windows)(const struct FN(pooled) *p, ptrdiff_t y0, ptrdiff_t y1, real *db)
{
    const ptrdiff_t down = p->win->stride * p->x.row, right = p->win->stride * p->x.channels, cols = p->win->ow / 2;
    const bits offset[] = {0, (bits)right, (bits)down, (bits)(down + right)};
    for (ptrdiff_t f = 0; f < p->filters; f++) {
        const real *g = p->g + y0 * cols * p->g_cell + f * p->g_filter;
        const uint8_t *index = p->index + y0 * cols * p->filters + f;
        struct FN(term) *first = p->lists.terms + f * p->lists.capacity, *term = first;
        real sum = 0;
        for (ptrdiff_t y = y0; y < y1; y++) {
            bits corner = (bits)(2 * y * down);
            real row = 0;
            for (ptrdiff_t x = 0; x < cols; x++) {
                const real value = *g;
                *term = (struct FN(term)){corner + offset[*index & 3], value};
                term += !FN(is_zero)(value);
                row += value;
                corner += (bits)(2 * right);
                g += p->g_cell;
                index += p->filters;
            }
            sum += row;
        }
        p->lists.count[f] = term - first;
        p->lists.to[f] = f * p->win->fh * p->piece;
        db[f] += sum;
    }
}

/* The filters that took each window of rows [y0, y1) of cells. */
static void
FN(list_filters)(const struct FN(pooled) *p, ptrdiff_t y0, ptrdiff_t y1)
{
    const ptrdiff_t down = p->win->stride * p->x.row, right = p->win->stride * p->x.channels, cols = p->win->ow / 2;
    const ptrdiff_t capacity = p->lists.capacity, weights = p->win->fh * p->piece;
    const real *g = p->g + y0 * cols * p->g_cell;
    const uint8_t *index = p->index + y0 * cols * p->filters;
    struct FN(term) *terms = p->lists.terms;
    ptrdiff_t *count = p->lists.count, *to = p->lists.to;
    for (ptrdiff_t y = y0; y < y1; y++) {
        for (ptrdiff_t x = 0; x < cols; x++, g += p->g_cell, index += p->filters) {
            struct FN(term) *end[] = {terms, terms + capacity, terms + 2 * capacity, terms + 3 * capacity};
            for (ptrdiff_t f = 0; f < p->filters; f++) {
                const bits at = (bits)(f * weights);
                const real value = g[f * p->g_filter];
                const int taken = index[f] & 3;
                *end[taken] = (struct FN(term)){at, value};
                end[taken] += !FN(is_zero)(value);
            }
            for (int q = 0; q < 4; q++, terms += capacity) {
                *count++ = end[q] - terms;
                *to++ = 2 * (y * down + x * right) + q / 2 * down + q % 2 * right;
            }
        }
    }
}

/* dW and db of one image, added. */
static void
FN(pooled_dW)(struct FN(pooled) *p, real *dW, real *db)
{
    const struct windows *n = p->win;
    const ptrdiff_t rows = n->oh / 2, block = FN(dW_rows)(n, p->x.row, p->filters);
    p->lists.n = p->filters;
    p->lists.capacity = block * (n->ow / 2);
    for (ptrdiff_t y = 0; y < rows && (y == 0 || !parallel_interrupted()); y += block) {
        FN(list_windows)(p, y, min_(rows, y + block), db);
        FN(add_terms)(n->fh, p->piece, &p->lists, p->x.at, p->x.row, dW, p->piece);
    }
}

/* dx of one image. */
static void
FN(pooled_dx)(struct FN(pooled) *p)
{
    const struct windows *n = p->win;
    const ptrdiff_t rows = n->oh / 2, block = FN(dx_rows)(n, p->filters);
    memset(p->dx.at, 0, (size_t)((n->h + 2 * n->pad) * p->dx.row) * sizeof(real));
    p->lists.capacity = p->filters;
    for (ptrdiff_t y = 0; y < rows && (y == 0 || !parallel_interrupted()); y += block) {
        const ptrdiff_t end = min_(rows, y + block);
        p->lists.n = 4 * (end - y) * (n->ow / 2);
        FN(list_filters)(p, y, end);
        FN(add_terms)(n->fh, p->piece, &p->lists, p->W, p->piece, p->dx.at, p->dx.row);
    }
}
