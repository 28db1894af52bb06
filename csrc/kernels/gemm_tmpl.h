/* C = epilogue(A B): which road a product takes, and how it is cut into blocks.
 *
 *   for each block of columns and each block of K        gemm
 *     pack B, where its rows are not contiguous or the block is large; on one thread the micro-kernel does it
 *     for each range of rows (or columns), over the pool    gemm_rows, gemm_columns
 *       for each block of rows                            gemm_block
 *         pack A, where it is a transpose and C is wide
 *         for each panel of B, for each tile of rows      the micro-kernel
 *         the last few columns                            dot products
 *
 * K is cut by its length alone and never over threads, so a result does not depend on how many there are. */

struct FN(block) {
    const struct gemm_args *g;
    const real *a, *b, *packed_b, *tail;    /* A and B at this block; B's last, partial vector of columns, padded */
    const real *thin_b;                     /* the columns after those, contiguous, where dot products run along K */
    ptrdiff_t kc, mc, j0, nc;               /* rows of B; rows of a block of A; columns of C that panels cover */
    ptrdiff_t thin;                         /* columns of C after them, as dot products */
    int pack_a, pack_on_way;                /* on the way: a full panel's first tile packs it, beside its arithmetic */
    int widest;                             /* vectors in a panel */
    struct FN(epilogue) epilogue;
};

/* Vectors in the panel that starts with `left` vectors to go. Four are two and two rather than three and one; a C of
 * few rows wants wide tiles, or its few accumulators wait for each other. */
inline_always int
FN(panel_vectors)(ptrdiff_t left, int widest)
{
    return left > widest ? left == 4 && widest == 3 ? 2 : widest : left > 4 ? 4 : (int)left;
}

inline_always int
FN(full_panel)(int nv, ptrdiff_t cols)
{
    return nv == PANEL_VECTORS && cols >= PANEL_VECTORS * VL;
}

/* One panel of B against rows [begin, end) of A, in tiles of nearly equal height. Where `unpacked` is not NULL, that is
 * the panel as it lies in B, and the first tile packs it into b. */
static void
FN(panel)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end, int nv, ptrdiff_t cols, const real *packed_a,
          const real *b, ptrdiff_t b_rs, const real *unpacked, ptrdiff_t j)
{
    const struct gemm_args *g = s->g;
    struct FN(epilogue) e = s->epilogue;
    const int most = FN(tile_rows)(packed_a != NULL ? PANEL_VECTORS : nv);  /* A is packed for full panels */
    const ptrdiff_t tiles = ceil_div(end - begin, most);
    if (e.bias != NULL) {
        e.bias += j;
    }
    for (ptrdiff_t t = 0, i = begin; t < tiles; t++) {
        const int mr = (int)((end - i + tiles - t - 1) / (tiles - t));
        const real *a = packed_a != NULL ? packed_a + (i - begin) * s->kc : s->a + i * g->a_rs;
        const ptrdiff_t a_rs = packed_a != NULL ? 1 : g->a_rs, a_cs = packed_a != NULL ? mr : g->a_cs;
        real *c = (real *)g->c + i * g->c_rs + s->j0 + j;
        if (t == 0 && unpacked != NULL) {
            FN(packing_tile)(mr, s->kc, a, a_rs, a_cs, unpacked, g->b_rs, (real *)b, c, g->c_rs, &e);
        }
        else if (cols == nv * VL) {
            FN(tile)(mr, nv, s->kc, a, a_rs, a_cs, b, b_rs, c, g->c_rs, &e);
        }
        else {
            FN(partial_tile)(mr, nv, cols, s->kc, a, a_rs, a_cs, b, b_rs, c, g->c_rs, &e);
        }
        i += mr;
    }
}

/* The columns that no panel covers, for rows [begin, end). */
static void
FN(gemm_thin)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = s->g;
    real *c = (real *)g->c + s->j0 + s->nc;
    struct FN(epilogue) e = s->epilogue;
    e.bias += e.bias != NULL ? s->nc : 0;
    if (s->thin_b != NULL) {
        FN(dot_columns)(begin, end, s->thin, s->kc, s->a, g->a_rs, s->thin_b, s->kc, c, g->c_rs, &e);
    }
    else {
        const real *b = s->b + s->nc * g->b_cs;
        FN(row_columns)(begin, end, g->m, s->thin, s->kc, s->a, g->a_cs, b, g->b_rs, g->b_cs, c, g->c_rs, &e);
    }
}

/* Rows [i0, i1) and columns [j0, j1) of this block, and the thin columns after the last of them. */
static void
FN(gemm_block)(const struct FN(block) *s, ptrdiff_t i0, ptrdiff_t i1, ptrdiff_t j0, ptrdiff_t j1)
{
    const struct gemm_args *g = s->g;
    for (ptrdiff_t i = i0, end; i < i1; i = end) {
        end = min_(i + s->mc, i1);
        real *packed_a = NULL;
        if (s->pack_a) {
            const int mr = FN(tile_rows)(PANEL_VECTORS);
            packed_a = (real *)((char *)thread_scratch() + B_BLOCK_BYTES);
            const ptrdiff_t tiles = ceil_div(end - i, mr);
            for (ptrdiff_t t = 0, q = i; t < tiles; t++) {
                const ptrdiff_t rows = (end - q + tiles - t - 1) / (tiles - t);
                FN(pack)(rows, rows, s->kc, s->a + q * g->a_rs, g->a_rs, g->a_cs, packed_a + (q - i) * s->kc);
                q += rows;
            }
        }
        for (ptrdiff_t j = j0; j < j1;) {
            const ptrdiff_t left = ceil_div(j1 - j, VL);
            int nv = FN(panel_vectors)(left, s->widest);
            const real *b = s->b + j;
            ptrdiff_t b_rs = g->b_rs;
            if (s->packed_b != NULL) {
                b = s->packed_b + j * s->kc;
                b_rs = nv * VL;
            }
            else if (j1 - j < nv * VL) {        /* the last, partial vector of B stands padded in `tail` */
                nv = nv > 1 ? nv - 1 : 1;
                if (left == 1) {
                    b = s->tail;
                    b_rs = VL;
                }
            }
            const int first_use = s->pack_on_way && i == i0 && FN(full_panel)(nv, j1 - j);
            FN(panel)(s, i, end, nv, min_(j1 - j, nv * VL), packed_a, b, b_rs, first_use ? s->b + j : NULL, j);
            j += nv * VL;
        }
        if (s->thin > 0 && j1 == s->nc) {
            FN(gemm_thin)(s, i, end);
        }
    }
}

static void
FN(gemm_rows)(void *block, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(block) *s = block;
    FN(gemm_block)(s, begin, end, 0, s->nc);
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
FN(gemm_columns)(void *block, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(block) *s = block;
    FN(gemm_block)(s, 0, s->g->m, begin * PANEL_VECTORS * VL, FN(group_end)(end, s->nc));
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

/* One row of C as a sum of rows of B: B streams through once, in the order in which it lies. */
static void
FN(gemv)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = args;
    const struct FN(epilogue) e = {0, g->bias, g->relu};
    const real *a = g->a, *b = g->b;
    real *c = g->c;
    for (ptrdiff_t j = begin; j < end; j++) {
        c[j] = 0;
    }
    ptrdiff_t l = 0;
    for (; l + 8 <= g->k; l += 8) {
        const real *row = b + l * g->b_rs;
        const ptrdiff_t rs = g->b_rs;
        real al[8];
        for (int q = 0; q < 8; q++) {
            al[q] = a[(l + q) * g->a_cs];
        }
        for (ptrdiff_t j = begin; j < end; j++) {
            c[j] += ((al[0] * row[j] + al[1] * row[j + rs]) + (al[2] * row[j + 2 * rs] + al[3] * row[j + 3 * rs]))
                  + ((al[4] * row[j + 4 * rs] + al[5] * row[j + 5 * rs]) + (al[6] * row[j + 6 * rs] + al[7] * row[j + 7 * rs]));
        }
    }
    for (; l < g->k; l++) {
        for (ptrdiff_t j = begin; j < end; j++) {
            c[j] += a[l * g->a_cs] * b[l * g->b_rs + j];
        }
    }
    for (ptrdiff_t j = begin; j < end; j++) {
        FN(put)(c, c[j], &e, j);
    }
}

/* Over the pool; alone in one go, so that a panel of B serves all rows before the next one displaces it. */
static void
FN(spread)(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg)
{
    if (parallel_num_threads() == 1) {
        fn(arg, 0, n);
    }
    else {
        parallel_for(n, grain, fn, arg);
    }
}

/* As many rows (or columns), a multiple of `unit`, as make a chunk worth handing to another thread. */
inline_always ptrdiff_t
FN(grain)(ptrdiff_t work_per_unit, ptrdiff_t unit)
{
    const ptrdiff_t chunk = 16384 * VL;
    return max_(1, chunk / max_(1, work_per_unit * unit)) * unit;
}

struct FN(pack_job) {
    const struct gemm_args *g;
    const real *b;
    real *out;
    ptrdiff_t kc, nc;
    int only_others;            /* full panels are packed on the way */
};

/* Groups [begin, end) of a block of B, in the panels that gemm_block will walk through. */
static void
FN(pack_groups)(void *job, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(pack_job) *p = job;
    const ptrdiff_t stop = FN(group_end)(end, p->nc);
    for (ptrdiff_t j = begin * PANEL_VECTORS * VL, nv; j < stop; j += nv * VL) {
        nv = FN(panel_vectors)(ceil_div(stop - j, VL), PANEL_VECTORS);
        if (p->only_others && FN(full_panel)((int)nv, stop - j)) {
            continue;
        }
        FN(pack)(min_(nv * VL, stop - j), nv * VL, p->kc, p->b + j * p->g->b_cs, p->g->b_cs, p->g->b_rs, p->out + j * p->kc);
    }
}

/* Whether dot products of the thin columns run along K; the stride alone does not tell, for a single column of A has both.
 * Short ones pay only while A and C stay in the cache. */
inline_always int
FN(thin_along_k)(const struct gemm_args *g)
{
    const int in_cache = g->m * g->k * (ptrdiff_t)sizeof(real) <= A_BLOCK_BYTES;
    return g->a_cs == 1 && g->k >= (in_cache ? 2 : 4) * VL;
}

/* How many columns to leave to dot products: those of a last vector that would be at least half padding. */
inline_always ptrdiff_t
FN(thin_columns)(const struct gemm_args *g)
{
    const ptrdiff_t rest = g->n % VL;
    const int along_m = g->a_rs == 1 && g->m >= VL;
    return rest <= min_(MAX_THIN, VL / 2) && g->m >= 4 && (FN(thin_along_k)(g) || along_m) ? rest : 0;
}

static void
FN(gemm)(const struct gemm_args *g)
{
    const ptrdiff_t size = sizeof(real), m = g->m, n = g->n, k = g->k, rows = FN(tile_rows)(PANEL_VECTORS);
    if (m <= 0 || n <= 0) {
        return;
    }
    if (m <= max_(2, min_(16, k / VL)) && g->a_cs == 1 && g->b_rs == 1 && g->b_cs != 1 && k >= VL) {
        FN(spread)(n, FN(grain)(m * k, MAX_THIN), FN(gemm_dots), (void *)g);
        return;
    }
    if (m == 1 && g->b_cs == 1) {
        FN(spread)(n, FN(grain)(k, 512 / size), FN(gemv), (void *)g);      /* less of each row would waste the fetch */
        return;
    }
    /* Rows of B that lie apart touch more cache lines than they fill: worth a copy where many rows of A share it. A itself
     * is read well enough where it lies, unless it is a transpose and many panels read it. */
    const int large = m >= 48 && n >= 2 * VL && (m * k + k * n) * size > PACK_BYTES;
    const int pack_b = g->b_cs != 1 || large;
    const ptrdiff_t width = PANEL_VECTORS * VL, vectors = max_(1, ceil_div(k, VL));
    const ptrdiff_t panel = B_PANEL_BYTES / (width * size), kc_cache = g->a_cs == 1 ? panel : min_(panel, L1_LINES);
    const ptrdiff_t k_blocks = ceil_div(vectors, kc_cache / VL), kc_most = ceil_div(vectors, k_blocks) * VL;
    const ptrdiff_t tiles = ceil_div(m, rows), m_blocks = ceil_div(tiles, A_BLOCK_BYTES / (rows * kc_most * size));
    struct FN(block) s = {
        .g = g,
        .mc = ceil_div(tiles, m_blocks) * rows,
        .pack_a = large && g->a_cs != 1 && n >= 32 * width,
        .pack_on_way = pack_b && g->b_cs == 1 && parallel_num_threads() == 1,
        .widest = !pack_b && m <= ACCUMULATORS / 4 ? 4 : PANEL_VECTORS,
    };
    const ptrdiff_t nc_most = pack_b ? (B_BLOCK_BYTES / (size * kc_most)) / width * width : n;
    const ptrdiff_t thin = FN(thin_columns)(g), full = n - thin;
    real *scratch = thread_scratch(), *thin_b = (real *)((char *)scratch + B_BLOCK_BYTES + A_BLOCK_BYTES);

    for (s.j0 = 0; s.j0 == 0 || s.j0 < full; s.j0 += nc_most) {
        s.nc = min_(nc_most, full - s.j0);
        s.thin = s.j0 + s.nc == full ? thin : 0;
        for (ptrdiff_t block = 0, k0 = 0; block < k_blocks; block++, k0 += s.kc) {
            const int last = block + 1 == k_blocks;
            s.kc = last ? k - k0 : (block + 1) * vectors / k_blocks * VL - k0;
            s.a = (const real *)g->a + k0 * g->a_cs;
            s.b = (const real *)g->b + k0 * g->b_rs + s.j0 * g->b_cs;
            s.epilogue = (struct FN(epilogue)){
                .accumulate = block > 0,
                .bias = last && g->bias != NULL ? (const real *)g->bias + s.j0 : NULL,
                .relu = last && g->relu,
            };
            if (pack_b) {
                struct FN(pack_job) job = {g, s.b, scratch, s.kc, s.nc, s.pack_on_way};
                FN(spread)(FN(groups)(s.nc), FN(grain)(s.kc * width, 1), FN(pack_groups), &job);
                s.packed_b = scratch;
            }
            else if (s.nc % VL != 0) {
                const ptrdiff_t rest = s.nc % VL;
                FN(pack)(rest, VL, s.kc, s.b + (s.nc - rest), 1, g->b_rs, scratch);
                s.tail = scratch;
            }
            if (s.thin > 0 && FN(thin_along_k)(g)) {
                FN(pack)(s.kc, s.kc, s.thin, s.b + s.nc * g->b_cs, g->b_rs, g->b_cs, thin_b);
                s.thin_b = thin_b;
            }
            if (tiles >= FN(groups)(s.nc)) {
                FN(spread)(m, FN(grain)(s.nc * s.kc, rows), FN(gemm_rows), &s);
            }
            else {
                FN(spread)(FN(groups)(s.nc), FN(grain)(m * s.kc * width, 1), FN(gemm_columns), &s);
            }
        }
    }
}

#undef MAX_THIN
