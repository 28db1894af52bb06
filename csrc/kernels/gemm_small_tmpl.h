/* Products of few rows, on roads without packing: dot products where W.T lies right for them, sums of rows for one sample.
 * Their range is columns of C; struct gemm_args. */

/* Any columns of C, from dot products of rows of A and columns of B. */
static void
FN(gemm_dots)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = args;
    const struct FN(epilogue) e = {0, g->bias == NULL ? NULL : (const real *)g->bias + begin, 0};
    const struct FN(part) p = {
        .a = {g->a, g->a_rs, 1},
        .b = {(const real *)g->b + begin * g->b_cs, 1, g->b_cs},
        .steps = g->k,
        .c = (real *)g->c + begin,
        .c_rs = g->c_rs,
    };
    FN(dot_columns)(g->m, end - begin, &p, &e);
}

/* A few vectors of C's only row, the last of them `lanes` long: in registers, while the rows of B pass by. */
inline_always void
FN(sum_of_rows)(const int nv, const ptrdiff_t lanes, const struct gemm_args *g, ptrdiff_t j)
{
    const real *a = g->a, *b = (const real *)g->b + j;
    vec acc[MAX_ROW_VECTORS];
    UNROLL
    for (int v = 0; v < nv; v++) {
        acc[v] = (vec){0};
    }
    for (ptrdiff_t l = 0; l < g->k; l++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            acc[v] += a[l * g->a_cs] * FN(load_lanes)(b + l * g->b_rs + v * VL, v < nv - 1 ? VL : lanes);
        }
    }
    UNROLL
    for (int v = 0; v < nv; v++) {
        const ptrdiff_t width = v < nv - 1 ? VL : lanes;
        if (g->bias != NULL) {
            acc[v] += FN(load_lanes)((const real *)g->bias + j + v * VL, width);
        }
        FN(store_lanes)((real *)g->c + j + v * VL, acc[v], width);
    }
}

static void
FN(gemv)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = args;
    for (ptrdiff_t j = begin, nv; j < end; j += nv * VL) {
        nv = min_(MAX_ROW_VECTORS, ceil_div(end - j, VL));
        const ptrdiff_t lanes = min_(VL, end - j - (nv - 1) * VL);
#define VECTORS(NV)                                 \
    case NV:                                        \
        if (lanes == VL) {                          \
            FN(sum_of_rows)(NV, VL, g, j);          \
        }                                           \
        else {                                      \
            FN(sum_of_rows)(NV, lanes, g, j);       \
        }                                           \
        break;
        switch (nv) {
            VECTORS(1) VECTORS(2) VECTORS(3) VECTORS(4) VECTORS(5) VECTORS(6) VECTORS(7) VECTORS(8)
        }
#undef VECTORS
    }
}
