/* A long transpose times a narrow matrix, as dW of a layer with few outputs: C's transpose, B.T A, is computed, and turned tile by
 * tile on its way to memory. Its tiles run along the rows of both operands, so they take whole cache lines of the large one, where
 * those of A B would take a few numbers of each. */

/* Worth it where A comes from afar and a tile of A B would take less than a line of it in each step, or where B is a vector wide
 * and a tile would wait for its loads; not where the last vector of a row of A is more padding than that of B. Of a wide A a turned
 * tile would take little of each page. */
inline_always int
FN(is_better_turned)(const struct gemm_args *g)
{
    const int is_plain = g->a_rs == 1 && g->a_cs != 1 && g->b_cs == 1 && g->bias == NULL;
    const int takes_part = FN(tile_rows)(PANEL_VECTORS) * (ptrdiff_t)sizeof(real) < 64;
    const int is_narrow = g->n <= 4 * VL || (g->n <= 8 * VL && g->m * (ptrdiff_t)sizeof(real) <= 4096);
    const int is_one_vector = g->n <= VL && g->m >= 6 * VL && g->k >= 512;
    const ptrdiff_t columns = g->n % VL <= MAX_THIN ? g->n : ceil_div(g->n, VL) * VL;
    const int is_padded = ceil_div(g->m, VL) * VL * g->n > g->m * columns;
    return is_plain && (is_one_vector || (takes_part && is_narrow && !is_padded && FN(is_far_transpose)(g)));
}

/* The same product with C for its transpose. */
inline_always struct gemm_args
FN(turn)(const struct gemm_args *g)
{
    struct gemm_args t = *g;
    t.m = g->n;
    t.n = g->m;
    t.a = g->b;
    t.a_rs = g->b_cs;
    t.a_cs = g->b_rs;
    t.b = g->a;
    t.b_rs = g->a_cs;
    t.b_cs = g->a_rs;
    return t;
}

/* `rows` sums of each of `cols` columns, as rows of c. */
static void
FN(write_turned)(int rows, ptrdiff_t cols, const struct FN(matrix) *sums, const struct FN(part) *p, int accumulate)
{
    typedef FN(quad_unaligned) quad_in_memory;
    ptrdiff_t j = 0;
    for (; rows == 4 && j + 4 <= cols; j += 4) {
        FN(quad) r[4];
        UNROLL
        for (int q = 0; q < 4; q++) {
            r[q] = *(const quad_in_memory *)(sums->at + q * sums->rs + j);
        }
        FN(transpose)(r);
        UNROLL
        for (int q = 0; q < 4; q++) {
            quad_in_memory *c = (quad_in_memory *)(p->c + (j + q) * p->c_rs);
            *c = accumulate ? r[q] + *c : r[q];
        }
    }
    for (; j < cols; j++) {
        real *c = p->c + j * p->c_rs;
        for (int i = 0; i < rows; i++) {
            c[i] = sums->at[i * sums->rs + j] + (accumulate ? c[i] : 0);
        }
    }
}

/* As `tiles`, for a c whose rows are the tiles' columns. */
static void
FN(turned_tiles)(const struct FN(split) *rows, int nv, struct FN(part) *p, const struct FN(epilogue) *e)
{
    const ptrdiff_t width = nv * VL, cols = width - VL + p->lanes;
    real sums[MAX_MR * MAX_NV * VEC_BYTES / sizeof(real)] __attribute__((aligned(VEC_BYTES)));
    struct FN(part) aside = *p;
    aside.c_rs = width;
    aside.lanes = VL;
    aside.fetch_c = 0;
    for (ptrdiff_t t = 0; t < rows->tiles; t++) {
        const int mr = rows->low + (t < rows->higher);
        for (ptrdiff_t j = 0; j < cols; j++) {
            fetch_to_write(p->c + j * p->c_rs);
        }
        aside.c = sums;
        FN(tiles)(&(struct FN(split)){1, 0, mr}, nv, &aside, &(struct FN(epilogue)){0, NULL, 0});
        for (int i = 0, some; i < mr; i += some) {
            some = min_(4, mr - i);
            FN(write_turned)(some, cols, &(struct FN(matrix)){sums + i * width, width, 1}, p, e->accumulate);
            p->c += some;
        }
    }
}
