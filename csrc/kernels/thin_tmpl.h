/* Products with few columns, where a whole vector of columns would be mostly padding: vectors run along K, or along the
 * rows, instead. */

#define MAX_THIN 4              /* columns at once */
#define DOT_ROWS (ACCUMULATORS >= 16 ? 4 : 2)   /* by four columns, in registers with an element of A and four of B */
#define MAX_DOTS 8              /* of a single row of A */
#define MAX_ROW_VECTORS 8       /* of a single row of C */

/* One element of C from its sum, as the micro-kernel's epilogue does it for a vector; products have no ReLU. */
inline_always void
FN(put)(real *c, real sum, const struct FN(epilogue) *e, ptrdiff_t j)
{
    sum += e->accumulate ? c[j] : 0;
    c[j] = sum + (e->bias != NULL ? e->bias[j] : 0);
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
    *(quad_in_memory *)c = sums;
}

/* One step of mr x nc dot products: the first `lanes` terms from step l on. */
inline_always void
FN(dot_step)(const int mr, const int nc, const ptrdiff_t lanes, const struct FN(part) *p, ptrdiff_t l, vec acc[4][MAX_DOTS])
{
    vec bv[MAX_DOTS];
    UNROLL
    for (int j = 0; j < nc; j++) {
        bv[j] = FN(load_lanes)(p->b.at + l + j * p->b.cs, lanes);
    }
    UNROLL
    for (int i = 0; i < mr; i++) {
        const vec av = FN(load_lanes)(p->a.at + l + i * p->a.rs, lanes);
        UNROLL
        for (int j = 0; j < nc; j++) {
            acc[i][j] += av * bv[j];
        }
    }
}

/* mr x nc dot products: rows of A and columns of B that are both contiguous along K. */
inline_always void
FN(dots)(const int mr, const int nc, const struct FN(part) *p, const struct FN(epilogue) *e)
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
    for (; l + VL <= p->steps; l += VL) {
        FN(dot_step)(mr, nc, VL, p, l, acc);
    }
    if (l < p->steps) {
        FN(dot_step)(mr, nc, p->steps - l, p, l, acc);
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
                FN(put_four)(p->c + i * p->c_rs + j, &sums, &ej);
                continue;
            }
            UNROLL
            for (int q = 0; q < nc; q++) {
                FN(put)(p->c + i * p->c_rs, sums[q], e, q);
            }
        }
    }
}

/* Any number of rows and columns, both operands contiguous along K. */
static void
FN(dot_columns)(ptrdiff_t rows, ptrdiff_t cols, const struct FN(part) *whole, const struct FN(epilogue) *e)
{
    for (ptrdiff_t j = 0, nc; j < cols; j += nc) {
        nc = rows == 1 && cols - j >= MAX_DOTS ? MAX_DOTS : min_(MAX_THIN, cols - j);
        struct FN(part) p = *whole;
        struct FN(epilogue) ej = *e;
        p.b.at += j * p.b.cs;
        p.c += j;
        ej.bias += e->bias != NULL ? j : 0;
        ptrdiff_t left = rows;
#define DOTS(MR, NC)                                        \
    for (; left >= MR; left -= MR) {                        \
        FN(dots)(MR, NC, &p, &ej);                          \
        p.a.at += MR * p.a.rs;                              \
        p.c += MR * p.c_rs;                                 \
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

/* Columns of nv vectors of rows, stored as rows of C from row `first` on, up to row `end`. Not inlined: a compiler would unroll it
 * anew wherever it is called, for a third of its time and nothing. */
static void __attribute__((noinline))
FN(store_columns)(int nc, ptrdiff_t first, ptrdiff_t end, const real column[MAX_THIN][4 * VL], const struct FN(part) *p,
                  const struct FN(epilogue) *e)
{
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
            FN(put_four)(p->c + (i + q) * p->c_rs, &r[q], e);
        }
    }
    for (; i < end; i++) {
        for (int j = 0; j < nc; j++) {
            FN(put)(p->c + i * p->c_rs, column[j][i], e, j);
        }
    }
}

/* nv vectors of rows by nc columns: A has contiguous columns (a transpose), B is reached one element at a time. Of the
 * rows only [first, end) are stored. */
inline_always void
FN(row_vectors)(const int nv, const int nc, ptrdiff_t first, ptrdiff_t end, const struct FN(part) *p,
                const struct FN(epilogue) *e)
{
    vec acc[4][MAX_THIN];
    UNROLL
    for (int v = 0; v < nv; v++) {
        UNROLL
        for (int j = 0; j < nc; j++) {
            acc[v][j] = (vec){0};
        }
    }
    for (ptrdiff_t l = 0; l < p->steps; l++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            const vec av = FN(load)(p->a.at + l * p->a.cs + v * VL);
            UNROLL
            for (int j = 0; j < nc; j++) {
                acc[v][j] += p->b.at[l * p->b.rs + j * p->b.cs] * av;
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
    FN(store_columns)(nc, first, end, column, p, e);
}

/* `rows` rows, at most MAX_THIN columns, where the rows of A are contiguous. The last vector of rows may reach back or ahead
 * into others of A, which has at least VL; `after` of them follow. */
static void
FN(row_columns)(ptrdiff_t rows, ptrdiff_t after, ptrdiff_t cols, const struct FN(part) *whole, const struct FN(epilogue) *e)
{
    struct FN(part) p = *whole;
    ptrdiff_t left = rows;
#define ROWS(NV, NC)                                            \
    for (; left >= NV * VL; left -= NV * VL) {                  \
        FN(row_vectors)(NV, NC, 0, NV * VL, &p, e);             \
        p.a.at += NV * VL;                                      \
        p.c += NV * VL * p.c_rs;                                \
    }
#define LAST_ROWS(NC)                                           \
    if (left > 0) {                                             \
        const ptrdiff_t back = max_(0, VL - left - after);      \
        p.a.at -= back;                                         \
        p.c -= back * p.c_rs;                                   \
        FN(row_vectors)(1, NC, back, back + left, &p, e);       \
    }
    switch (cols) {
        case 1: ROWS(4, 1) ROWS(2, 1) ROWS(1, 1) LAST_ROWS(1) break;
        case 2: ROWS(4, 2) ROWS(2, 2) ROWS(1, 2) LAST_ROWS(2) break;
        case 3: ROWS(2, 3) ROWS(1, 3) LAST_ROWS(3) break;
        default: ROWS(2, 4) ROWS(1, 4) LAST_ROWS(4)
    }
#undef ROWS
#undef LAST_ROWS
}
