/* C = epilogue(A B): which road a product takes, and how it is cut into blocks.
 *
 *   for each block of columns and each run of blocks of K     gemm
 *     for each range of rows (or columns), over the pool      gemm_rows, gemm_columns
 *       pack B, where its rows are not contiguous or it is large; what it can, the micro-kernel packs on its way
 *       for each block of K, for each block of rows           gemm_block
 *         pack A, where it is a transpose and C is wide
 *         for each panel of B, for each tile of rows          the micro-kernel
 *         the last few columns                                dot products
 *
 * K is cut by its length alone and never over threads, so a result does not depend on how many there are. */

/* The thread's share of a run: rows [i0, i1), columns [j0, j1). */
static void
FN(gemm_share)(struct FN(block) *s, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1)
{
    s->scratch = thread_scratch();
    for (ptrdiff_t i = s->first; i < s->last; i++) {
        FN(move_to)(s, i);
        if (s->unpacked) {
            FN(pack_columns)(s, j0, j1);
        }
        FN(gemm_block)(s, i0, i1, j0, j1);
    }
}

static void
FN(gemm_rows)(void *run, ptrdiff_t begin, ptrdiff_t end)
{
    struct FN(block) s = *(const struct FN(block) *)run;
    s.unpacked = is_new_to_thread(s.job);
    FN(gemm_share)(&s, begin, end, 0, s.nc);
}

/* Columns are handed out in groups of PANEL_VECTORS vectors; the last group may hold one more, or fewer. */
inline_always ptrdiff_t
FN(groups)(ptrdiff_t nc)
{
    return max_(1, (ceil_div(nc, VL) + 1) / PANEL_VECTORS);
}

inline_always ptrdiff_t
FN(group_end)(ptrdiff_t group, ptrdiff_t nc)
{
    return group == FN(groups)(nc) ? nc : group * PANEL_VECTORS * VL;
}

static void
FN(gemm_columns)(void *run, ptrdiff_t begin, ptrdiff_t end)
{
    struct FN(block) s = *(const struct FN(block) *)run;
    s.unpacked = 1;
    FN(gemm_share)(&s, 0, s.g->m, begin * PANEL_VECTORS * VL, FN(group_end)(end, s.nc));
}

/* Rows of A and columns of B that are contiguous already: dot products without packing, for a C of few rows. */
static void
FN(gemm_dots)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = args;
    const struct FN(epilogue) e = {0, g->bias == NULL ? NULL : (const real *)g->bias + begin, g->relu};
    FN(dot_columns)(0, g->m, end - begin, g->k, g->a, g->a_rs, (const real *)g->b + begin * g->b_cs, g->b_cs,
                    (real *)g->c + begin, g->c_rs, &e);
}

/* A few vectors of C's only row, the last of them `lanes` long: in registers, while the rows of B pass by. */
inline_always void
FN(row_panel)(const int nv, const ptrdiff_t lanes, const struct gemm_args *g, ptrdiff_t j)
{
    const struct FN(epilogue) e = {0, g->bias == NULL ? NULL : (const real *)g->bias + j, g->relu};
    const real *a = g->a, *b = (const real *)g->b + j;
    vec acc[MAX_MR][MAX_NV];
    UNROLL
    for (int v = 0; v < nv; v++) {
        acc[0][v] = (vec){0};
    }
    for (ptrdiff_t l = 0; l < g->k; l++) {
        UNROLL
        for (int v = 0; v < nv; v++) {
            const real *from = b + l * g->b_rs + v * VL;
            acc[0][v] += a[l * g->a_cs] * (v < nv - 1 || lanes == VL ? FN(load)(from) : FN(load_first)(from, lanes));
        }
    }
    FN(finish)(1, nv, lanes, acc, (real *)g->c + j, g->c_rs, &e);
}

/* One row of C as a sum of rows of B, where they lie. */
static void
FN(gemv)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = args;
    for (ptrdiff_t j = begin, nv; j < end; j += nv * VL) {
        nv = min_(MAX_NV, ceil_div(end - j, VL));
        const ptrdiff_t lanes = min_(VL, end - j - (nv - 1) * VL);
#define PANEL(NV)                                   \
    case NV:                                        \
        if (lanes == VL) {                          \
            FN(row_panel)(NV, VL, g, j);            \
        }                                           \
        else {                                      \
            FN(row_panel)(NV, lanes, g, j);         \
        }                                           \
        break
        switch (nv) {
            PANEL(1); PANEL(2); PANEL(3); PANEL(4); PANEL(5); PANEL(6); PANEL(7); PANEL(8);
        }
#undef PANEL
    }
}

/* Over the pool, in chunks of `unit` things or a multiple, worth handing to another thread and such that the threads come
 * out even; alone in one go, so that a panel of B serves all rows before the next one displaces it. */
static void
FN(spread)(ptrdiff_t n, ptrdiff_t unit, ptrdiff_t work, parallel_fn fn, void *arg)
{
    const ptrdiff_t threads = parallel_num_threads(), units = ceil_div(n, unit), most = max_(1, 16384 * VL / max_(1, work * unit));
    if (units <= most) {
        fn(arg, 0, n);
        return;
    }
    if (threads == 1) {         /* some milliseconds, and then signals get through */
        parallel_for(n, unit * max_(1, (1 << 27) / max_(1, work * unit)), fn, arg);
        return;
    }
    ptrdiff_t grain = most, longest = units;
    for (ptrdiff_t g = most; g > most / 2; g -= 1 + most / 16) {
        const ptrdiff_t share = ceil_div(ceil_div(units, g), threads) * g;
        if (share < longest) {
            grain = g;
            longest = share;
        }
    }
    parallel_for(n, grain * unit, fn, arg);
}

static void
FN(gemm)(const struct gemm_args *g)
{
    const ptrdiff_t size = sizeof(real), m = g->m, n = g->n, k = g->k, rows = FN(tile_rows)(PANEL_VECTORS);
    if (m <= 0 || n <= 0) {
        return;
    }
    if (m <= max_(2, min_(16, k / VL)) && g->a_cs == 1 && g->b_rs == 1 && g->b_cs != 1 && k >= VL) {
        FN(spread)(n, MAX_THIN, m * k, FN(gemm_dots), (void *)g);
        return;
    }
    if (m == 1 && g->b_cs == 1) {
        FN(spread)(n, 512 / size, k, FN(gemv), (void *)g);      /* less of each row would waste the fetch */
        return;
    }
    /* Rows of B that lie apart touch more cache lines than they fill: worth a copy where many rows of A share it. A itself
     * is read well enough where it lies, unless it is a transpose and many panels read it, or its lines are a multiple of a
     * page apart, so that they displace each other before the next tiles have taken their parts. */
    const int collides = g->a_cs * size % 4096 == 0 && 2 * rows * size <= 64;
    const int large = m >= 48 && n >= 2 * VL && (m * k + k * n) * size > PACK_BYTES;
    const int pack_b = g->b_cs != 1 || large;
    const ptrdiff_t width = PANEL_VECTORS * VL, vectors = max_(1, ceil_div(k, VL));
    const ptrdiff_t panel = B_PANEL_BYTES / (width * size), kc_cache = g->a_cs == 1 ? panel : min_(panel, L1_LINES);
    const ptrdiff_t k_blocks = ceil_div(vectors, kc_cache / VL), kc_most = ceil_div(vectors, k_blocks) * VL;
    const ptrdiff_t tiles = ceil_div(m, rows), m_blocks = ceil_div(tiles, A_BLOCK_BYTES / (rows * kc_most * size));
    struct FN(block) s = {
        .g = g,
        .k_blocks = k_blocks,
        .mc = ceil_div(tiles, m_blocks) * rows,
        .pack_b = pack_b,
        .pack_on_way = pack_b && g->b_cs == 1,
        .pack_a = large && g->a_cs != 1 && n >= (collides ? 2 : 32) * width,
        .far = g->a_cs == 1 ? FN(short_rows)(g, B_BLOCK_BYTES) && k * size >= 256 : g->a_rs == 1 && m * k * size > B_BLOCK_BYTES,
        .widest = !pack_b && m <= ACCUMULATORS / 4 ? 4 : PANEL_VECTORS,
    };
    const ptrdiff_t nc_most = pack_b ? (B_BLOCK_BYTES / (size * kc_most)) / width * width : n;
    const ptrdiff_t thin = FN(thin_columns)(g), full = n - thin;
    /* Rows to hand out together: of a transpose a cache line, or what the dot products of thin columns take at once. */
    const ptrdiff_t unit = g->a_cs == 1 ? rows : thin > 0 && m >= 32 * VL ? 4 * VL : 64 / size;

    for (s.j0 = 0; s.j0 == 0 || s.j0 < full; s.j0 += nc_most) {
        s.nc = min_(nc_most, full - s.j0);
        s.thin = s.j0 + s.nc == full ? thin : 0;
        const ptrdiff_t run = max_(1, B_RUN_BYTES / (size * kc_most * max_(s.nc, 8 * MAX_THIN)));
        for (s.first = 0; s.first < k_blocks && (s.first + s.j0 == 0 || !parallel_interrupted()); s.first = s.last) {
            s.last = min_(s.first + run, k_blocks);
            s.steps = FN(block_start)(&s, s.last) - FN(block_start)(&s, s.first);
            s.job = new_job();
            if (tiles >= FN(groups)(s.nc)) {
                FN(spread)(m, unit, s.nc * s.steps, FN(gemm_rows), &s);
            }
            else {
                FN(spread)(FN(groups)(s.nc), 1, m * s.steps * width, FN(gemm_columns), &s);
            }
        }
    }
}

#undef MAX_THIN
#undef MAX_MR
#undef MAX_NV
