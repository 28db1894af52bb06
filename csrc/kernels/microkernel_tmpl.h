/* The micro-kernel: a tile of C, mr rows by nv vectors, that stays in registers while K runs.
 *
 *   C[i, :] = sum over l of A[i, l] * B[l, :]      i < mr, all columns of the tile at once
 *
 * Each step loads nv vectors of B and broadcasts mr elements of A. mr and nv are constants wherever it is inlined: an
 * array whose bounds the compiler knows becomes registers. */

#define MAX_MR 12
#define MAX_NV 3

/* Part of a product: C = A B for some rows and columns of C. K comes in pieces of `steps` steps: in a convolution a piece is
 * a row of the filters, elsewhere there is one. */
struct FN(part) {
    struct FN(matrix) a, b;
    ptrdiff_t steps, pieces;
    ptrdiff_t a_piece, b_piece;         /* elements from a piece to the next */
    real *c;
    ptrdiff_t c_rs;
    ptrdiff_t lanes;                    /* columns in the last vector of C, 1 to VL */
    int fetch_c;                        /* C lies far away */
    int a_packed;                       /* tile by tile: the columns of a tile lie one after the other */
    real *pack_to;                      /* where the first tile copies what it reads of B, or NULL */
};

/* What becomes of a tile's sums on their way to memory. */
struct FN(epilogue) {
    int accumulate;             /* add to what C holds: an earlier block of K */
    const real *bias;           /* added to every row, or NULL */
    int relu;
};

/* NaN stays NaN, as in the book's x.copy(); out[x <= 0] = 0. */
inline_always vec
FN(relu_vec)(vec x)
{
    return (vec)((FN(mask))x & ~(FN(mask))(x <= 0));
}

/* The first `lanes` of a vector, and nothing beyond; where that is all of it, the compiler sees it. */
inline_always vec
FN(load_lanes)(const real *p, ptrdiff_t lanes)
{
    return lanes == VL ? FN(load)(p) : FN(load_first)(p, lanes);
}

inline_always void
FN(store_lanes)(real *p, vec x, ptrdiff_t lanes)
{
    if (lanes == VL) {
        FN(store)(p, x);
    }
    else {
        FN(store_first)(p, x, lanes);
    }
}

/* `lanes` is that of the last vector. One question for all rows, rather than one for each. */
inline_always void
FN(write_tile)(const int mr, const int nv, const ptrdiff_t lanes, vec acc[MAX_MR][MAX_NV], const struct FN(part) *p,
               const struct FN(epilogue) *e)
{
#define FOR_TILE                                                                    \
    UNROLL                                                                          \
    for (int i = 0; i < mr; i++)                                                    \
        UNROLL                                                                      \
        for (int v = 0; v < nv; v++)
#define WIDTH (v < nv - 1 ? VL : lanes)
    if (e->accumulate) {
        FOR_TILE {
            acc[i][v] += FN(load_lanes)(p->c + i * p->c_rs + v * VL, WIDTH);
        }
    }
    if (e->bias != NULL) {
        FOR_TILE {
            acc[i][v] += FN(load_lanes)(e->bias + v * VL, WIDTH);
        }
    }
    if (e->relu) {
        FOR_TILE {
            acc[i][v] = FN(relu_vec)(acc[i][v]);
        }
    }
    FOR_TILE {
        FN(store_lanes)(p->c + i * p->c_rs + v * VL, acc[i][v], WIDTH);
    }
#undef FOR_TILE
#undef WIDTH
}

inline_always void
FN(micro)(const int mr, const int nv, const int packs, const struct FN(part) *p, const struct FN(epilogue) *e)
{
    const ptrdiff_t a_rs = p->a.rs, a_cs = p->a.cs, b_rs = p->b.rs;
    real *packed = p->pack_to;
    vec acc[MAX_MR][MAX_NV];
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            acc[i][v] = (vec){0};
        }
    }
    if (p->fetch_c) {                   /* it is wanted when K is done */
        UNROLL
        for (int i = 0; i < mr; i++) {
            fetch_to_write(p->c + i * p->c_rs);
            fetch_to_write(p->c + i * p->c_rs + nv * VL - 1);
        }
    }
    for (ptrdiff_t piece = 0; piece < p->pieces; piece++) {
        /* three base pointers and multiples of one stride: few enough registers for twelve rows */
        const real *a0 = p->a.at + piece * p->a_piece, *a4 = a0 + 4 * a_rs, *a8 = a0 + 8 * a_rs;
        const real *b = p->b.at + piece * p->b_piece;
        for (ptrdiff_t l = 0; l < p->steps; l++) {
            vec bv[MAX_NV];
            UNROLL
            for (int v = 0; v < nv; v++) {
                bv[v] = FN(load)(b + v * VL);
                if (packs) {                /* B may be in another processor's cache */
                    FN(store)(packed + (l * nv + v) * VL, bv[v]);
                    __builtin_prefetch(b + 12 * b_rs + v * VL);
                }
            }
            UNROLL
            for (int i = 0; i < mr; i++) {
                const real ai = (i < 4 ? a0 : i < 8 ? a4 : a8)[(i % 4) * a_rs];
                UNROLL
                for (int v = 0; v < nv; v++) {
                    acc[i][v] += ai * bv[v];
                }
            }
            a0 += a_cs;
            a4 += a_cs;
            a8 += a_cs;
            b += b_rs;
        }
    }
    if (packs || p->lanes == VL) {      /* what is packed on the way are whole vectors */
        FN(write_tile)(mr, nv, VL, acc, p, e);
    }
    else {
        FN(write_tile)(mr, nv, p->lanes, acc, p, e);
    }
}

/* The rows that a tile nv vectors wide may have: as many as leave C in registers. */
inline_always int
FN(tile_rows)(int nv)
{
    return min_(MAX_MR, ACCUMULATORS / nv);
}

/* The tiles of every instruction set; those that do not fit into some set's registers are never asked for. Tiles that pack
 * are the first of several of nearly equal height, so they are not low. */
#ifndef EVERY_TILE
#define HIGH_TILES(TILE)                                                                        \
    TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1) TILE(9, 1) TILE(10, 1) TILE(11, 1) TILE(12, 1)             \
    TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2) TILE(9, 2) TILE(10, 2) TILE(11, 2) TILE(12, 2)   \
    TILE(3, 3) TILE(4, 3) TILE(5, 3) TILE(6, 3) TILE(7, 3) TILE(8, 3) TILE(9, 3)
#define EVERY_TILE(TILE)                                                                        \
    TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(1, 2) TILE(2, 2)                             \
    TILE(1, 3) TILE(2, 3) HIGH_TILES(TILE)
#endif

/* One micro-kernel for every tile that fits. */
inline_always void
FN(tile)(int mr, int nv, const struct FN(part) *p, const struct FN(epilogue) *e)
{
#define TILE(MR, NV)                                                            \
    case 16 * NV + MR:                                                          \
        if (MR * NV <= ACCUMULATORS) {                                          \
            FN(micro)(MR, NV, 0, p, e);                                         \
        }                                                                       \
        break;
    switch (16 * nv + mr) {
        EVERY_TILE(TILE)
    }
#undef TILE
}

/* The same, which copies B to pack_to on its way: a store beside the arithmetic costs nothing. */
static void
FN(packing_tile)(int mr, int nv, const struct FN(part) *p, const struct FN(epilogue) *e)
{
#define TILE(MR, NV)                                                            \
    case 16 * NV + MR:                                                          \
        if (MR * NV <= ACCUMULATORS && 2 * MR > min_(MAX_MR, ACCUMULATORS / NV)) {  \
            FN(micro)(MR, NV, 1, p, e);                                         \
        }                                                                       \
        break;
    switch (16 * nv + mr) {
        HIGH_TILES(TILE)
    }
#undef TILE
}

/* Rows in tiles of nearly equal height: `higher` tiles of low + 1 rows, then some of `low`. */
struct FN(split) {
    ptrdiff_t tiles, higher;
    int low;
};

inline_always struct FN(split)
FN(split_rows)(ptrdiff_t rows, int most)
{
    const ptrdiff_t tiles = ceil_div(rows, most), low = rows / max_(1, tiles);
    return (struct FN(split)){tiles, rows - low * tiles, (int)low};
}

/* Rows of C by nv vectors, tile by tile: the loop that BLIS calls ir. p moves down with them: a copy of what was just written
 * word by word would wait for the words. */
static void
FN(tiles)(const struct FN(split) *rows, int nv, struct FN(part) *p, const struct FN(epilogue) *e)
{
    for (ptrdiff_t t = 0; t < rows->tiles; t++) {
        const int mr = rows->low + (t < rows->higher);
        if (p->a_packed) {
            p->a.cs = mr;
        }
        if (p->pack_to != NULL) {
            FN(packing_tile)(mr, nv, p, e);
            p->b.at = p->pack_to;
            p->b.rs = nv * VL;
            p->pack_to = NULL;
        }
        else {
            FN(tile)(mr, nv, p, e);
        }
        p->a.at += mr * (p->a_packed ? p->steps : p->a.rs);
        p->c += mr * p->c_rs;
    }
}
