/* C = epilogue(A B): which road a product takes, and how it is cut into blocks.
 *
 *   for each block of columns and each block of K        gemm
 *     pack B, where its rows are not contiguous or the block is large
 *     for each range of rows (or columns), over the pool    gemm_rows, gemm_columns
 *       pack A, where the block is large
 *       for each panel of B, for each tile of rows        the micro-kernel
 *
 * K is cut by its length alone and never over threads, so a result does not depend on how many there are. */

struct FN(block) {
    const struct gemm_args *g;
    const real *a, *b, *packed_b, *tail;    /* A and B at this block; B's last, partial vector of columns, padded */
    ptrdiff_t kc, j0, nc;                   /* rows of B; columns of C that panels cover */
    ptrdiff_t thin;                         /* columns of C after them, if they are computed as dot products */
    int pack_a;
    struct FN(epilogue) epilogue;
};

/* Vectors in the panel that starts with `left` vectors to go. Four are two and two rather than three and one; a C with
 * hardly any rows wants wide tiles, or its few accumulators wait for each other. */
inline_always int
FN(panel_vectors)(ptrdiff_t left, ptrdiff_t rows)
{
    const int widest = rows == 1 ? 8 : rows <= ACCUMULATORS / 4 ? 4 : PANEL_VECTORS;
    if (left >= widest) {
        return left == 4 && widest == 3 ? 2 : widest;
    }
    return left >= 4 ? 4 : (int)left;
}

/* One panel of B against rows [begin, end) of A, in tiles of nearly equal height. */
static void
FN(panel)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end, int nv, ptrdiff_t cols, const real *packed_a,
          const real *b, ptrdiff_t b_rs, ptrdiff_t j)
{
    const struct gemm_args *g = s->g;
    struct FN(epilogue) e = s->epilogue;
    const int most = FN(tile_rows)(packed_a != NULL ? PANEL_VECTORS : nv);  /* A is packed for full panels */
    const ptrdiff_t tiles = (end - begin + most - 1) / most;
    if (e.bias != NULL) {
        e.bias += j;
    }
    for (ptrdiff_t t = 0, i = begin; t < tiles; t++) {
        const int mr = (int)((end - i + tiles - t - 1) / (tiles - t));
        const real *a = packed_a != NULL ? packed_a + (i - begin) * s->kc : s->a + i * g->a_rs;
        const ptrdiff_t a_rs = packed_a != NULL ? 1 : g->a_rs, a_cs = packed_a != NULL ? mr : g->a_cs;
        real *c = (real *)g->c + i * g->c_rs + s->j0 + j;
        if (cols == nv * VL) {
            FN(tile)(mr, nv, s->kc, a, a_rs, a_cs, b, b_rs, c, g->c_rs, &e);
        }
        else {
            FN(partial_tile)(mr, nv, cols, s->kc, a, a_rs, a_cs, b, b_rs, c, g->c_rs, &e);
        }
        i += mr;
    }
}

/* Rows [i0, i1) and columns [j0, j1) of this block. */
static void
FN(gemm_block)(const struct FN(block) *s, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1)
{
    const struct gemm_args *g = s->g;
    const ptrdiff_t mc = s->pack_a ? A_BLOCK_BYTES / ((ptrdiff_t)sizeof(real) * s->kc) : i1 - i0;
    for (ptrdiff_t i = i0; i < i1; i += mc) {
        const ptrdiff_t end = min_(i + mc, i1);
        real *packed_a = NULL;
        if (s->pack_a) {
            const int mr = FN(tile_rows)(PANEL_VECTORS);
            packed_a = (real *)((char *)thread_scratch() + B_BLOCK_BYTES);
            const ptrdiff_t tiles = (end - i + mr - 1) / mr;
            for (ptrdiff_t t = 0, q = i; t < tiles; t++) {
                const ptrdiff_t rows = (end - q + tiles - t - 1) / (tiles - t);
                FN(pack)(rows, rows, s->kc, s->a + q * g->a_rs, g->a_rs, g->a_cs, packed_a + (q - i) * s->kc);
                q += rows;
            }
        }
        for (ptrdiff_t j = j0; j < j1;) {
            const ptrdiff_t left = j1 - j;
            if (s->packed_b != NULL) {
                const ptrdiff_t nv = min_(PANEL_VECTORS, (left + VL - 1) / VL);
                FN(panel)(s, i, end, (int)nv, min_(left, nv * VL), packed_a, s->packed_b + j * s->kc, nv * VL, j);
                j += nv * VL;
            }
            else if (left >= VL) {
                const int nv = FN(panel_vectors)(left / VL, g->m);
                FN(panel)(s, i, end, nv, nv * VL, packed_a, s->b + j, g->b_rs, j);
                j += nv * VL;
            }
            else {
                FN(panel)(s, i, end, 1, left, packed_a, s->tail, VL, j);
                j += VL;
            }
        }
    }
}

static void
FN(gemm_rows)(void *block, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(block) *s = block;
    FN(gemm_block)(s, begin, end, 0, s->nc);
}

static void
FN(gemm_columns)(void *block, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(block) *s = block;
    FN(gemm_block)(s, 0, s->g->m, begin, end);
}

/* The columns that no panel covers, over the whole of K. */
static void
FN(gemm_thin)(void *block, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(block) *s = block;
    const struct gemm_args *g = s->g;
    const real *a = g->a, *bias = g->bias == NULL ? NULL : (const real *)g->bias + s->nc;
    real *c = (real *)g->c + s->nc;
    if (g->a_cs == 1) {
        FN(dot_columns)(begin, end, s->thin, g->k, a, g->a_rs, s->packed_b, g->k, c, g->c_rs, bias, g->relu);
    }
    else {
        const real *b = (const real *)g->b + s->nc * g->b_cs;
        FN(row_columns)(begin, end, g->m, s->thin, g->k, a, g->a_cs, b, g->b_rs, g->b_cs, c, g->c_rs, bias, g->relu);
    }
}

/* Columns of B that are both contiguous already: dot products without packing, for a C of one or two rows. */
static void
FN(gemm_dots)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = args;
    const real *bias = g->bias == NULL ? NULL : (const real *)g->bias + begin;
    FN(dot_columns)(0, g->m, end - begin, g->k, g->a, g->a_rs, (const real *)g->b + begin * g->b_cs, g->b_cs,
                    (real *)g->c + begin, g->c_rs, bias, g->relu);
}

/* As many rows (or columns), a multiple of `unit`, as make a chunk worth handing to another thread. */
inline_always ptrdiff_t
FN(grain)(ptrdiff_t work_per_unit, ptrdiff_t unit)
{
    const ptrdiff_t chunk = 32768 * VL;
    return max_(1, chunk / max_(1, work_per_unit * unit)) * unit;
}

struct FN(pack_job) {
    const struct gemm_args *g;
    const real *b;
    real *out;
    ptrdiff_t kc, nc;
};

/* Panels [begin, end) of a block of B. */
static void
FN(pack_panels)(void *job, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(pack_job) *p = job;
    const ptrdiff_t width = PANEL_VECTORS * VL;
    for (ptrdiff_t j = begin * width; j < min_(end * width, p->nc); j += width) {
        const ptrdiff_t cols = min_(width, p->nc - j), padded = (cols + VL - 1) / VL * VL;
        FN(pack)(cols, padded, p->kc, p->b + j * p->g->b_cs, p->g->b_cs, p->g->b_rs, p->out + j * p->kc);
    }
}

/* How many columns to leave to dot products: those of a last vector that would be at least half padding. */
inline_always ptrdiff_t
FN(thin_columns)(const struct gemm_args *g)
{
    const ptrdiff_t rest = g->n % VL;
    const int along_k = g->a_cs == 1 && g->k >= 4 * VL && rest * g->k * (ptrdiff_t)sizeof(real) <= B_BLOCK_BYTES;
    const int along_m = g->a_rs == 1 && g->m >= VL;
    return rest <= min_(MAX_THIN, VL / 2) && g->m >= 4 && (along_k || along_m) ? rest : 0;
}

static void
FN(gemm)(const struct gemm_args *g)
{
    const ptrdiff_t size = sizeof(real), m = g->m, n = g->n, k = g->k;
    if (m <= 0 || n <= 0) {
        return;
    }
    if (m <= 2 && g->a_cs == 1 && g->b_rs == 1 && g->b_cs != 1 && k >= VL) {
        parallel_for(n, FN(grain)(m * k, MAX_THIN), FN(gemm_dots), (void *)g);
        return;
    }
    const int large = m * n * k >= (ptrdiff_t)192 * 192 * 192 && m > 64;
    const int pack_b = g->b_cs != 1 || (large && k * n * size > 256 * 1024);
    const ptrdiff_t kc_most = L1_PANEL_BYTES / (PANEL_VECTORS * VEC_BYTES), k_blocks = max_(1, (k + kc_most - 1) / kc_most);
    const ptrdiff_t kc_even = max_(1, (k + k_blocks - 1) / k_blocks), width = PANEL_VECTORS * VL;
    const ptrdiff_t nc_most = pack_b ? (B_BLOCK_BYTES / (size * kc_even)) / width * width : n;
    struct FN(block) s = {.g = g, .thin = pack_b ? 0 : FN(thin_columns)(g), .pack_a = large && n >= 4 * width};
    real *scratch = thread_scratch();

    for (s.j0 = 0; s.j0 < n - s.thin; s.j0 += nc_most) {
        s.nc = min_(nc_most, n - s.thin - s.j0);
        for (ptrdiff_t k0 = 0; k0 < max_(k, 1); k0 += kc_even) {
            s.kc = min_(kc_even, k - k0);
            s.a = (const real *)g->a + k0 * g->a_cs;
            s.b = (const real *)g->b + k0 * g->b_rs + s.j0 * g->b_cs;
            const int last = k0 + kc_even >= k;
            s.epilogue = (struct FN(epilogue)){
                .accumulate = k0 > 0,
                .bias = last && g->bias != NULL ? (const real *)g->bias + s.j0 : NULL,
                .relu = last && g->relu,
            };
            if (pack_b) {
                struct FN(pack_job) job = {g, s.b, scratch, s.kc, s.nc};
                parallel_for((s.nc + width - 1) / width, FN(grain)(s.kc * width, 1), FN(pack_panels), &job);
                s.packed_b = scratch;
            }
            else if (s.nc % VL != 0) {
                const ptrdiff_t rest = s.nc % VL;
                FN(pack)(rest, VL, s.kc, s.b + (s.nc - rest), 1, g->b_rs, scratch);
                s.tail = scratch;
            }
            const int rows = FN(tile_rows)(PANEL_VECTORS);
            if (m >= 4 * rows || m >= n) {
                parallel_for(m, FN(grain)(s.nc * s.kc, rows), FN(gemm_rows), &s);
            }
            else {
                parallel_for(s.nc, FN(grain)(m * s.kc, width), FN(gemm_columns), &s);
            }
        }
    }
    if (s.thin > 0) {
        s.nc = n - s.thin;
        if (g->a_cs == 1) {
            FN(pack)(k, k, s.thin, (const real *)g->b + s.nc, g->b_rs, 1, scratch);
            s.packed_b = scratch;
        }
        parallel_for(m, FN(grain)(s.thin * k, 4 * VL), FN(gemm_thin), &s);
    }
}

#undef MAX_THIN
