/* C = epilogue(A B): which road a product takes, and how it is cut into blocks.
 *
 *   for each block of columns and each run of blocks of K     gemm
 *     pack B, where its rows are not contiguous or it is large; on one thread the micro-kernel does it
 *     for each range of rows (or columns), over the pool      gemm_rows, gemm_columns
 *       for each block of K, for each block of rows           gemm_block
 *         pack A, where it is a transpose and C is wide
 *         for each panel of B, for each tile of rows          the micro-kernel
 *         the last few columns                                dot products
 *
 * K is cut by its length alone and never over threads, so a result does not depend on how many there are. */

struct FN(block) {
    const struct gemm_args *g;
    real *scratch, *thin_scratch;           /* the caller's, with what is packed of B */
    ptrdiff_t j0, nc, thin;                 /* columns of C that panels cover, and how many after them are dot products */
    ptrdiff_t first, last, k_blocks;        /* the run: blocks of K [first, last) of k_blocks */
    ptrdiff_t mc;                           /* rows of a block of A */
    int pack_b, pack_on_way;                /* on the way: a full panel's first tile packs it, beside its arithmetic */
    int pack_a, far;                        /* far: A is not in the second cache and will not come by itself */
    int widest;                             /* vectors in a panel */

    /* One block of K: */
    ptrdiff_t kc, next;                     /* its steps, and those of the next */
    const real *a, *b, *packed_b, *tail;    /* A and B there; B's last, partial vector of columns, padded */
    const real *thin_b;                     /* the columns after those, contiguous, where dot products run along K */
    struct FN(epilogue) epilogue;
};

/* Where block `i` of K begins: at a whole vector. */
inline_always ptrdiff_t
FN(block_start)(const struct FN(block) *s, ptrdiff_t i)
{
    return i == s->k_blocks ? s->g->k : i * ceil_div(s->g->k, VL) / s->k_blocks * VL;
}

inline_always ptrdiff_t
FN(run_steps)(const struct FN(block) *s)
{
    return FN(block_start)(s, s->last) - FN(block_start)(s, s->first);
}

/* Move to block `i` of the run. */
static void
FN(move_to)(struct FN(block) *s, ptrdiff_t i)
{
    const struct gemm_args *g = s->g;
    const ptrdiff_t k0 = FN(block_start)(s, i), k1 = FN(block_start)(s, i + 1), before = k0 - FN(block_start)(s, s->first);
    const int last = i + 1 == s->k_blocks;
    s->kc = k1 - k0;
    s->next = last ? 0 : FN(block_start)(s, i + 2) - k1;
    s->a = (const real *)g->a + k0 * g->a_cs;
    s->b = (const real *)g->b + k0 * g->b_rs + s->j0 * g->b_cs;
    s->packed_b = s->scratch + before * ceil_div(s->nc, VL) * VL;
    s->tail = s->scratch + before * VL;
    s->thin_b = s->thin_scratch + before;
    s->epilogue = (struct FN(epilogue)){
        .accumulate = i > 0,
        .bias = last && g->bias != NULL ? (const real *)g->bias + s->j0 : NULL,
        .relu = last && g->relu,
    };
}

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

inline_always void
FN(fetch)(const real *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < cols; j += 64 / sizeof(real)) {
            __builtin_prefetch(x + i * stride + j, 0, 2);
        }
    }
}

/* Two ways to read a large A that no processor foresees: down the columns of a transpose, and along short rows. Before
 * tile `t` of rows [begin, end) its share of the next block of K is fetched, or the rows of the tile after next.
 * Inline, or GCC finds that nothing comes of it and leaves it out. */
inline_always void
FN(fetch_ahead)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t t, ptrdiff_t tiles, ptrdiff_t i, ptrdiff_t mr)
{
    const struct gemm_args *g = s->g;
    if (s->far && g->a_cs != 1) {
        const ptrdiff_t from = s->next * t / tiles, to = s->next * (t + 1) / tiles;
        FN(fetch)(s->a + (s->kc + from) * g->a_cs + begin, g->a_cs, to - from, end - begin);
    }
    else if (s->far && i + 3 * mr <= g->m) {
        FN(fetch)(s->a + (i + 2 * mr) * g->a_rs, g->a_rs, mr, s->kc);
    }
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
        if (j == 0) {
            FN(fetch_ahead)(s, begin, end, t, tiles, i, mr);
        }
        if (t == 0 && unpacked != NULL) {
            FN(packing_tile)(mr, s->kc, a, a_rs, a_cs, unpacked, g->b_rs, (real *)b, c, g->c_rs, &e);
        }
        else {
            FN(tile)(mr, nv, s->kc, a, a_rs, a_cs, b, b_rs, c, g->c_rs, cols - (nv - 1) * VL, &e);
        }
        i += mr;
    }
}

/* A large A of short rows comes from afar, and the processor's prefetching starts anew with each. */
inline_always int
FN(short_rows)(const struct gemm_args *g, ptrdiff_t large)
{
    const ptrdiff_t row = g->k * (ptrdiff_t)sizeof(real);
    return g->a_cs == 1 && row < 2048 && g->m * row > large;
}

/* Whether dot products of the thin columns run along K; the stride alone does not tell, for a single column of A has both.
 * They pass over A once more. */
inline_always int
FN(thin_along_k)(const struct gemm_args *g)
{
    return g->a_cs == 1 && g->k >= 2 * VL && !FN(short_rows)(g, 4 * B_BLOCK_BYTES);
}

/* How many columns to leave to dot products: those of a last vector that would be at least half padding. */
inline_always ptrdiff_t
FN(thin_columns)(const struct gemm_args *g)
{
    const ptrdiff_t rest = g->n % VL;
    const int along_m = g->a_rs == 1 && g->m >= VL;
    return rest <= min_(MAX_THIN, VL / 2) && g->m >= 4 && (FN(thin_along_k)(g) || along_m) ? rest : 0;
}

/* The columns that no panel covers, for rows [begin, end). */
static void
FN(gemm_thin)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end)
{
    const struct gemm_args *g = s->g;
    real *c = (real *)g->c + s->j0 + s->nc;
    struct FN(epilogue) e = s->epilogue;
    e.bias += e.bias != NULL ? s->nc : 0;
    if (FN(thin_along_k)(g)) {
        FN(dot_columns)(begin, end, s->thin, s->kc, s->a, g->a_rs, s->thin_b, FN(run_steps)(s), c, g->c_rs, &e);
    }
    else {
        const real *b = s->b + s->nc * g->b_cs;
        FN(row_columns)(begin, end, g->m, s->thin, s->kc, s->a, g->a_cs, b, g->b_rs, g->b_cs, c, g->c_rs, &e);
    }
}

/* Rows [begin, end) of A in tiles, as `panel` will walk through them, a few lines of each at a time. */
static void
FN(pack_tiles)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end, real *out)
{
    const struct gemm_args *g = s->g;
    const ptrdiff_t tiles = ceil_div(end - begin, FN(tile_rows)(PANEL_VECTORS));
    for (ptrdiff_t l = 0, steps; l < s->kc; l += steps) {
        steps = min_(16, s->kc - l);
        for (ptrdiff_t t = 0, i = begin; t < tiles; t++) {
            const ptrdiff_t rows = (end - i + tiles - t - 1) / (tiles - t);
            FN(pack)(rows, rows, steps, s->a + i * g->a_rs + l * g->a_cs, g->a_rs, g->a_cs, out + (i - begin) * s->kc + l * rows);
            i += rows;
        }
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
            packed_a = (real *)((char *)thread_scratch() + B_BLOCK_BYTES);
            FN(pack_tiles)(s, i, end, packed_a);
        }
        for (ptrdiff_t j = j0; j < j1;) {
            const ptrdiff_t left = ceil_div(j1 - j, VL);
            int nv = FN(panel_vectors)(left, s->widest);
            const real *b = s->b + j;
            ptrdiff_t b_rs = g->b_rs;
            if (s->pack_b) {
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
FN(gemm_rows)(void *run, ptrdiff_t begin, ptrdiff_t end)
{
    struct FN(block) s = *(const struct FN(block) *)run;
    for (ptrdiff_t i = s.first; i < s.last; i++) {
        FN(move_to)(&s, i);
        FN(gemm_block)(&s, begin, end, 0, s.nc);
    }
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
    for (ptrdiff_t i = s.first; i < s.last; i++) {
        FN(move_to)(&s, i);
        FN(gemm_block)(&s, 0, s.g->m, begin * PANEL_VECTORS * VL, FN(group_end)(end, s.nc));
    }
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

/* Over the pool, in chunks of `unit` things or a multiple, worth handing to another thread and such that the threads come
 * out even; alone in one go, so that a panel of B serves all rows before the next one displaces it. */
static void
FN(spread)(ptrdiff_t n, ptrdiff_t unit, ptrdiff_t work, parallel_fn fn, void *arg)
{
    const ptrdiff_t threads = parallel_num_threads(), units = ceil_div(n, unit), most = max_(1, 16384 * VL / max_(1, work * unit));
    if (threads == 1 || units <= most) {
        fn(arg, 0, n);
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

/* Groups [begin, end) of B, in the panels that gemm_block will walk through. */
static void
FN(pack_groups)(void *run, ptrdiff_t begin, ptrdiff_t end)
{
    struct FN(block) s = *(const struct FN(block) *)run;
    const ptrdiff_t stop = FN(group_end)(end, s.nc);
    for (ptrdiff_t i = s.first; i < s.last; i++) {
        FN(move_to)(&s, i);
        for (ptrdiff_t j = begin * PANEL_VECTORS * VL, nv; j < stop; j += nv * VL) {
            nv = FN(panel_vectors)(ceil_div(stop - j, VL), PANEL_VECTORS);
            if (s.pack_on_way && FN(full_panel)((int)nv, stop - j)) {
                continue;
            }
            FN(pack)(min_(nv * VL, stop - j), nv * VL, s.kc, s.b + j * s.g->b_cs, s.g->b_cs, s.g->b_rs,
                     (real *)s.packed_b + j * s.kc);
        }
    }
}

/* Have a run's part of B where the kernels want it. */
static void
FN(pack_run)(struct FN(block) *s)
{
    const struct gemm_args *g = s->g;
    const ptrdiff_t steps = FN(run_steps)(s), rest = s->nc % VL;
    if (s->pack_b) {                    /* an element takes as long as 16 multiply-adds */
        FN(spread)(FN(groups)(s->nc), 1, 16 * PANEL_VECTORS * VL * steps, FN(pack_groups), s);
    }
    for (ptrdiff_t i = s->first; i < s->last && !s->pack_b && rest > 0; i++) {
        FN(move_to)(s, i);
        FN(pack)(rest, VL, s->kc, s->b + (s->nc - rest), 1, g->b_rs, (real *)s->tail);
    }
    FN(move_to)(s, s->first);
    if (s->thin > 0 && FN(thin_along_k)(g)) {
        FN(pack)(steps, steps, s->thin, s->b + s->nc * g->b_cs, g->b_rs, g->b_cs, s->thin_scratch);
    }
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
     * is read well enough where it lies, unless it is a transpose and many panels read it. */
    /* Lines of A at a multiple of a page displace each other: worth packing where a tile takes but a part of each. */
    const int collides = g->a_cs * size % 4096 == 0 && 2 * rows * size <= 64;
    const int large = m >= 48 && n >= 2 * VL && (m * k + k * n) * size > PACK_BYTES;
    const int pack_b = g->b_cs != 1 || large;
    const ptrdiff_t width = PANEL_VECTORS * VL, vectors = max_(1, ceil_div(k, VL));
    const ptrdiff_t panel = B_PANEL_BYTES / (width * size), kc_cache = g->a_cs == 1 ? panel : min_(panel, L1_LINES);
    const ptrdiff_t k_blocks = ceil_div(vectors, kc_cache / VL), kc_most = ceil_div(vectors, k_blocks) * VL;
    const ptrdiff_t tiles = ceil_div(m, rows), m_blocks = ceil_div(tiles, A_BLOCK_BYTES / (rows * kc_most * size));
    real *scratch = thread_scratch();
    struct FN(block) s = {
        .g = g,
        .scratch = scratch,
        .thin_scratch = (real *)((char *)scratch + B_BLOCK_BYTES + A_BLOCK_BYTES),
        .k_blocks = k_blocks,
        .mc = ceil_div(tiles, m_blocks) * rows,
        .pack_b = pack_b,
        .pack_on_way = pack_b && g->b_cs == 1 && parallel_num_threads() == 1,
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
        for (s.first = 0; s.first < k_blocks; s.first = s.last) {
            s.last = min_(s.first + run, k_blocks);
            FN(pack_run)(&s);
            const ptrdiff_t steps = FN(run_steps)(&s);
            if (tiles >= FN(groups)(s.nc)) {
                FN(spread)(m, unit, s.nc * steps, FN(gemm_rows), &s);
            }
            else {
                FN(spread)(FN(groups)(s.nc), 1, m * steps * width, FN(gemm_columns), &s);
            }
        }
    }
}

#undef MAX_THIN
