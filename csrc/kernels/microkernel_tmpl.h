/* The micro-kernel: a tile of C, mr rows by nv vectors, that stays in registers while k runs.
 *
 *   C[i, :] = sum over l of A[i, l] * B[l, :]      i < mr, all columns of the tile at once
 *
 * Each step loads nv vectors of B and broadcasts mr elements of A. mr and nv are constants wherever it is inlined: an
 * array whose bounds the compiler knows becomes registers. Elements of A are reached through both of its strides, so a
 * transposed A costs nothing. What is loaded of B is also stored at `packed`, unless that is NULL. */

#define MAX_MR 12
#define MAX_NV 8

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

/* What follows a tile's sums, and the way to memory. The last vector has `lanes` columns. */
inline_always void
FN(finish)(const int mr, const int nv, const ptrdiff_t lanes, vec acc[MAX_MR][MAX_NV], real *c, ptrdiff_t c_rs,
           const struct FN(epilogue) *e)
{
#define WHOLE(v) (v < nv - 1 || lanes == VL)
    if (e->accumulate) {
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int v = 0; v < nv; v++) {
                const real *from = c + i * c_rs + v * VL;
                acc[i][v] += WHOLE(v) ? FN(load)(from) : FN(load_first)(from, lanes);
            }
        }
    }
    if (e->bias != NULL) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            const real *from = e->bias + v * VL;
            const vec bias = WHOLE(v) ? FN(load)(from) : FN(load_first)(from, lanes);
            UNROLL
            for (int i = 0; i < mr; i++) {
                acc[i][v] += bias;
            }
        }
    }
    if (e->relu) {
        UNROLL
        for (int i = 0; i < mr; i++) {
            UNROLL
            for (int v = 0; v < nv; v++) {
                acc[i][v] = FN(relu_vec)(acc[i][v]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            real *to = c + i * c_rs + v * VL;
            if (WHOLE(v)) {
                FN(store)(to, acc[i][v]);
            }
            else {
                FN(store_first)(to, acc[i][v], lanes);
            }
        }
    }
#undef WHOLE
}

inline_always void
FN(micro)(const int mr, const int nv, ptrdiff_t k, const real *a, ptrdiff_t a_rs, ptrdiff_t a_cs,
          const real *b, ptrdiff_t b_rs, real *packed, real *c, ptrdiff_t c_rs, ptrdiff_t lanes, const struct FN(epilogue) *e)
{
    vec acc[MAX_MR][MAX_NV];
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            acc[i][v] = (vec){0};
        }
        __builtin_prefetch(c + i * c_rs, 1);    /* C is wanted when k is done */
        __builtin_prefetch(c + i * c_rs + nv * VL - 1, 1);
    }
    /* three base pointers and multiples of one stride: few enough registers for twelve rows */
    const real *a0 = a, *a4 = a + 4 * a_rs, *a8 = a + 8 * a_rs;
    for (ptrdiff_t l = 0; l < k; l++) {
        vec bv[MAX_NV];
        UNROLL
        for (int v = 0; v < nv; v++) {
            bv[v] = FN(load)(b + v * VL);
            if (packed != NULL) {
                FN(store)(packed + (l * nv + v) * VL, bv[v]);
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
    if (lanes == VL) {
        FN(finish)(mr, nv, VL, acc, c, c_rs, e);
    }
    else {
        FN(finish)(mr, nv, lanes, acc, c, c_rs, e);
    }
}

/* The rows that a tile nv vectors wide may have: as many as leave C in registers. */
inline_always int
FN(tile_rows)(int nv)
{
    return min_(MAX_MR, ACCUMULATORS / nv);
}

/* The tiles up to PANEL_VECTORS wide; those that do not fit into some instruction set's registers are never asked for. */
#ifndef EVERY_TILE
#define EVERY_TILE(TILE)                                                                                                \
    TILE(1, 1); TILE(2, 1); TILE(3, 1); TILE(4, 1); TILE(5, 1); TILE(6, 1);                                             \
    TILE(7, 1); TILE(8, 1); TILE(9, 1); TILE(10, 1); TILE(11, 1); TILE(12, 1);                                          \
    TILE(1, 2); TILE(2, 2); TILE(3, 2); TILE(4, 2); TILE(5, 2); TILE(6, 2);                                             \
    TILE(7, 2); TILE(8, 2); TILE(9, 2); TILE(10, 2); TILE(11, 2); TILE(12, 2);                                          \
    TILE(1, 3); TILE(2, 3); TILE(3, 3); TILE(4, 3); TILE(5, 3); TILE(6, 3); TILE(7, 3); TILE(8, 3); TILE(9, 3);
#endif

/* One micro-kernel for every tile that fits, and for the wider ones of a C of few rows. */
static void
FN(tile)(int mr, int nv, ptrdiff_t k, const real *a, ptrdiff_t a_rs, ptrdiff_t a_cs,
         const real *b, ptrdiff_t b_rs, real *c, ptrdiff_t c_rs, ptrdiff_t lanes, const struct FN(epilogue) *e)
{
#define TILE(MR, NV)                                                            \
    case 16 * NV + MR:                                                          \
        if (MR * NV <= ACCUMULATORS) {                                          \
            FN(micro)(MR, NV, k, a, a_rs, a_cs, b, b_rs, NULL, c, c_rs, lanes, e);  \
        }                                                                       \
        break
    switch (16 * nv + mr) {
        EVERY_TILE(TILE)
        TILE(1, 4); TILE(2, 4); TILE(3, 4); TILE(4, 4); TILE(5, 4); TILE(6, 4);
    }
#undef TILE
}

/* The first tile of a panel of B whose vectors are all whole: packs it on the way. */
static void
FN(packing_tile)(int mr, int nv, ptrdiff_t k, const real *a, ptrdiff_t a_rs, ptrdiff_t a_cs, const real *b, ptrdiff_t b_rs,
                 real *packed, real *c, ptrdiff_t c_rs, const struct FN(epilogue) *e)
{
#define TILE(MR, NV)                                                            \
    case 16 * NV + MR:                                                          \
        if (MR * NV <= ACCUMULATORS) {                                          \
            FN(micro)(MR, NV, k, a, a_rs, a_cs, b, b_rs, packed, c, c_rs, VL, e);   \
        }                                                                       \
        break
    switch (16 * nv + mr) {
        EVERY_TILE(TILE)
    }
#undef TILE
}
