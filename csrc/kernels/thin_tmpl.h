/* Products with few columns, where a whole vector of columns would be mostly padding: vectors run along K, or along the
 * rows, instead. */

#define MAX_THIN 4              /* columns at once */
#define DOT_ROWS (ACCUMULATORS >= 16 ? 4 : 2)   /* by four columns, in registers with an element of A and four of B */
#define MAX_DOTS 8              /* of a single row of A */

/* One element of C from its sum, as the micro-kernel's epilogue does it for a vector. */
inline_always void
FN(put)(real *c, real sum, const struct FN(epilogue) *e, ptrdiff_t j)
{
    sum += e->accumulate ? c[j] : 0;
    sum += e->bias != NULL ? e->bias[j] : 0;
    c[j] = e->relu && sum <= 0 ? 0 : sum;
}

/* The sums of the lanes of four vectors at once; the same order, so the same bits, as sum_lanes. */
inline_always void
FN(sum_four)(const vec x[4], FN(quad) *sums)
{
    FN(quad) r[4];
    UNROLL
    for (int i = 0; i < 4; i++) {
        if (VL < 4) {
            r[i] = (FN(quad)){x[i][0] + x[i][1]};
        }
        else {
            FN(quad) part[VL < 4 ? 1 : VL / 4];
            memcpy(part, &x[i], sizeof x[i]);
            UNROLL
            for (int half = VL / 8; half > 0; half /= 2) {
                UNROLL
                for (int q = 0; q < half; q++) {
                    part[q] += part[q + half];
                }
            }
            r[i] = part[0];
        }
    }
    FN(transpose)(r);
    *sums = VL < 4 ? r[0] : (r[0] + r[2]) + (r[1] + r[3]);
}

/* Four elements of C side by side, as `put` does one. */
inline_always void
FN(put_four)(real *c, const FN(quad) *four, const struct FN(epilogue) *e)
{
    typedef FN(quad_unaligned) quad_in_memory;
    FN(quad) sums = *four;
    if (e->accumulate) {
        sums += *(const quad_in_memory *)c;
    }
    if (e->bias != NULL) {
        sums += *(const quad_in_memory *)e->bias;
    }
    if (e->relu) {
        sums = (FN(quad))((FN(quad_mask))sums & ~(FN(quad_mask))(sums <= 0));
    }
    *(quad_in_memory *)c = sums;
}

/* One step of mr x nc dot products: the first `lanes` terms of what lies at a and b. */
inline_always void
FN(dot_step)(const int mr, const int nc, const ptrdiff_t lanes, const real *a, ptrdiff_t a_rs, const real *b, ptrdiff_t b_cs,
             vec acc[4][MAX_DOTS])
{
    vec bv[MAX_DOTS];
    UNROLL
    for (int j = 0; j < nc; j++) {
        bv[j] = lanes == VL ? FN(load)(b + j * b_cs) : FN(load_first)(b + j * b_cs, lanes);
    }
    UNROLL
    for (int i = 0; i < mr; i++) {
        const vec av = lanes == VL ? FN(load)(a + i * a_rs) : FN(load_first)(a + i * a_rs, lanes);
        UNROLL
        for (int j = 0; j < nc; j++) {
            acc[i][j] += av * bv[j];
        }
    }
}

/* mr x nc dot products: rows of A and columns of B that are both contiguous along K. */
inline_always void
FN(dots)(const int mr, const int nc, ptrdiff_t k, const real *a, ptrdiff_t a_rs, const real *b, ptrdiff_t b_cs,
         real *c, ptrdiff_t c_rs, const struct FN(epilogue) *e)
{
    vec acc[4][MAX_DOTS];
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int j = 0; j < MAX_DOTS; j++) {
            acc[i][j] = (vec){0};
        }
    }
    ptrdiff_t l = 0;
    for (; l + VL <= k; l += VL) {
        FN(dot_step)(mr, nc, VL, a + l, a_rs, b + l, b_cs, acc);
    }
    if (l < k) {
        FN(dot_step)(mr, nc, k - l, a + l, a_rs, b + l, b_cs, acc);
    }
    UNROLL
    for (int i = 0; i < mr; i++) {
        UNROLL
        for (int j = 0; j < nc; j += 4) {
            FN(quad) sums;
            FN(sum_four)(acc[i] + j, &sums);
            if (nc % 4 == 0) {
                struct FN(epilogue) ej = *e;
                ej.bias += e->bias != NULL ? j : 0;
                FN(put_four)(c + i * c_rs + j, &sums, &ej);
                continue;
            }
            UNROLL
            for (int q = 0; q < nc; q++) {
                FN(put)(c + i * c_rs, sums[q], e, q);
            }
        }
    }
}

/* C[begin:end, 0:n] for any n, both operands contiguous along K. */
static void
FN(dot_columns)(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n, ptrdiff_t k, const real *a, ptrdiff_t a_rs,
                const real *b, ptrdiff_t b_cs, real *c, ptrdiff_t c_rs, const struct FN(epilogue) *e)
{
    for (ptrdiff_t j = 0, nc; j < n; j += nc) {
        nc = end - begin == 1 && n - j >= MAX_DOTS ? MAX_DOTS : min_(MAX_THIN, n - j);
        const real *bj = b + j * b_cs;
        struct FN(epilogue) ej = *e;
        ej.bias += e->bias != NULL ? j : 0;
        ptrdiff_t i = begin;
#define DOTS(MR, NC)                                                                        \
    for (; i + MR <= end; i += MR) {                                                        \
        FN(dots)(MR, NC, k, a + i * a_rs, a_rs, bj, b_cs, c + i * c_rs + j, c_rs, &ej);     \
    }
        switch (nc) {
            case 1: DOTS(4, 1) DOTS(1, 1) break;
            case 2: DOTS(4, 2) DOTS(1, 2) break;
            case 3: DOTS(2, 3) DOTS(1, 3) break;
            case 4: DOTS(DOT_ROWS, 4) DOTS(2, 4) DOTS(1, 4) break;
            default: DOTS(1, MAX_DOTS)
        }
#undef DOTS
    }
}

/* nv vectors of rows by nc columns: A has contiguous columns (a transpose), B is reached one element at a time. Of the
 * rows only [first, end) are stored. */
inline_always void
FN(row_vectors)(const int nv, const int nc, ptrdiff_t first, ptrdiff_t end, ptrdiff_t k, const real *a, ptrdiff_t a_cs,
                const real *b, ptrdiff_t b_rs, ptrdiff_t b_cs, real *c, ptrdiff_t c_rs, const struct FN(epilogue) *e)
{
    vec acc[4][MAX_THIN];
    UNROLL
    for (int v = 0; v < nv; v++) {
        UNROLL
        for (int j = 0; j < nc; j++) {
            acc[v][j] = (vec){0};
        }
    }
    for (ptrdiff_t l = 0; l < k; l++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            const vec av = FN(load)(a + l * a_cs + v * VL);
            UNROLL
            for (int j = 0; j < nc; j++) {
                acc[v][j] += b[l * b_rs + j * b_cs] * av;
            }
        }
    }
    real column[MAX_THIN][4 * VL];
    UNROLL
    for (int v = 0; v < nv; v++) {
        UNROLL
        for (int j = 0; j < nc; j++) {
            FN(store)(column[j] + v * VL, acc[v][j]);
        }
    }
    ptrdiff_t i = first;
    for (; nc == 4 && i + 4 <= end; i += 4) {
        FN(quad) r[4];
        UNROLL
        for (int q = 0; q < 4; q++) {
            r[q] = *(const FN(quad_unaligned) *)(column[q] + i);
        }
        FN(transpose)(r);
        UNROLL
        for (int q = 0; q < 4; q++) {
            FN(put_four)(c + (i + q) * c_rs, &r[q], e);
        }
    }
    for (; i < end; i++) {
        UNROLL
        for (int j = 0; j < nc; j++) {
            FN(put)(c + i * c_rs, column[j][i], e, j);
        }
    }
}

/* C[begin:end, 0:n] for n <= MAX_THIN, where the rows of A are contiguous and there are at least VL of them. */
static void
FN(row_columns)(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *a, ptrdiff_t a_cs,
                const real *b, ptrdiff_t b_rs, ptrdiff_t b_cs, real *c, ptrdiff_t c_rs, const struct FN(epilogue) *e)
{
    ptrdiff_t i = begin;
#define ROWS(NV, NC)                                                                                        \
    for (; i + NV * VL <= end; i += NV * VL) {                                                              \
        FN(row_vectors)(NV, NC, 0, NV * VL, k, a + i, a_cs, b, b_rs, b_cs, c + i * c_rs, c_rs, e);          \
    }
#define LAST_ROWS(NC)       /* a vector that ends with row `m` at the latest: it may begin before row i */   \
    if (i < end) {                                                                                          \
        const ptrdiff_t from = min_(i, m - VL);                                                             \
        FN(row_vectors)(1, NC, i - from, end - from, k, a + from, a_cs, b, b_rs, b_cs, c + from * c_rs, c_rs, e); \
    }
    switch (n) {
        case 1: ROWS(4, 1) ROWS(2, 1) ROWS(1, 1) LAST_ROWS(1) break;
        case 2: ROWS(4, 2) ROWS(2, 2) ROWS(1, 2) LAST_ROWS(2) break;
        case 3: ROWS(2, 3) ROWS(1, 3) LAST_ROWS(3) break;
        default: ROWS(2, 4) ROWS(1, 4) LAST_ROWS(4)
    }
#undef ROWS
#undef LAST_ROWS
}
