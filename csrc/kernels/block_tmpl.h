/* One block of a product: rows of A against a block of B, by panels, by tiles. gemm_tmpl.h says which blocks there are. */

struct FN(block) {
    const struct gemm_args *g;
    size_t job;                             /* the run's number, by which a thread knows what it has packed */
    real *scratch;                          /* the thread's: what is packed of B never goes from core to core */
    ptrdiff_t j0, nc, thin;                 /* columns of C that panels cover, and how many after them are dot products */
    ptrdiff_t first, last, k_blocks;        /* the run: blocks of K [first, last) of k_blocks */
    ptrdiff_t steps;                        /* of K in the run */
    ptrdiff_t mc;                           /* rows of a block of A */
    int pack_b, pack_on_way;                /* on the way: the first tile of a panel packs it, beside its arithmetic */
    int unpacked;                           /* the thread's scratch holds nothing of this run yet */
    int pack_a, far;                        /* far: A is not in the second cache and will not come by itself */
    int widest;                             /* vectors in a panel */

    /* One block of K: */
    ptrdiff_t kc, next;                     /* its steps, and those of the next */
    const real *a, *b;
    real *packed_b, *tail;                  /* B's panels; if it is not packed, its last, partial vector of columns, padded */
    real *thin_b;                           /* the columns after those, `steps` apart, where dot products run along K */
    struct FN(epilogue) epilogue;
};

/* Where block `i` of K begins: at a whole vector. */
inline_always ptrdiff_t
FN(block_start)(const struct FN(block) *s, ptrdiff_t i)
{
    return i == s->k_blocks ? s->g->k : i * ceil_div(s->g->k, VL) / s->k_blocks * VL;
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
    s->thin_b = (real *)((char *)s->scratch + B_BLOCK_BYTES + A_BLOCK_BYTES) + before;
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

/* One panel of B against rows [begin, end) of A, in tiles of nearly equal height. Where `pack_to` is not NULL, the first
 * tile packs b there, and the others read it there. */
static void
FN(panel)(const struct FN(block) *s, ptrdiff_t begin, ptrdiff_t end, int nv, ptrdiff_t cols, const real *packed_a,
          const real *b, ptrdiff_t b_rs, real *pack_to, ptrdiff_t j)
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
        if (t == 0 && pack_to != NULL) {
            FN(packing_tile)(mr, nv, s->kc, a, a_rs, a_cs, b, b_rs, pack_to, c, g->c_rs, &e);
            b = pack_to;
            b_rs = nv * VL;
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
        FN(dot_columns)(begin, end, s->thin, s->kc, s->a, g->a_rs, s->thin_b, s->steps, c, g->c_rs, &e);
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

/* What is not packed on the way of columns [j0, j1) of B, and of the thin columns after the last of them. */
static void
FN(pack_columns)(const struct FN(block) *s, ptrdiff_t j0, ptrdiff_t j1)
{
    const struct gemm_args *g = s->g;
    const ptrdiff_t rest = (j1 - j0) % VL;
    for (ptrdiff_t j = j0, nv; s->pack_b && j < j1; j += nv * VL) {
        nv = FN(panel_vectors)(ceil_div(j1 - j, VL), s->widest);
        if (!s->pack_on_way || j1 - j < nv * VL) {
            FN(pack)(min_(nv * VL, j1 - j), nv * VL, s->kc, s->b + j * g->b_cs, g->b_cs, g->b_rs, s->packed_b + j * s->kc);
        }
    }
    if (!s->pack_b && rest > 0) {
        FN(pack)(rest, VL, s->kc, s->b + (j1 - rest), 1, g->b_rs, s->tail);
    }
    if (s->thin > 0 && j1 == s->nc && FN(thin_along_k)(g)) {
        for (ptrdiff_t j = 0; j < s->thin; j++) {
            for (ptrdiff_t l = 0; l < s->kc; l++) {
                s->thin_b[j * s->steps + l] = s->b[l * g->b_rs + (s->nc + j) * g->b_cs];
            }
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
            packed_a = (real *)((char *)s->scratch + B_BLOCK_BYTES);
            FN(pack_tiles)(s, i, end, packed_a);
        }
        for (ptrdiff_t j = j0; j < j1;) {
            const ptrdiff_t left = ceil_div(j1 - j, VL);
            int nv = FN(panel_vectors)(left, s->widest);
            const real *b = s->b + j;
            ptrdiff_t b_rs = g->b_rs;
            real *packed = s->packed_b + j * s->kc, *pack_to = NULL;
            if (s->pack_on_way && s->unpacked && i == i0 && j1 - j >= nv * VL) {
                pack_to = packed;
            }
            else if (s->pack_b) {
                b = packed;
                b_rs = nv * VL;
            }
            else if (j1 - j < nv * VL) {        /* the last, partial vector of B stands padded in `tail` */
                nv = nv > 1 ? nv - 1 : 1;
                if (left == 1) {
                    b = s->tail;
                    b_rs = VL;
                }
            }
            FN(panel)(s, i, end, nv, min_(j1 - j, nv * VL), packed_a, b, b_rs, pack_to, j);
            j += nv * VL;
        }
        if (s->thin > 0 && j1 == s->nc) {
            FN(gemm_thin)(s, i, end);
        }
    }
}
