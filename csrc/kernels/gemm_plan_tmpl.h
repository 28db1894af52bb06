/* What is decided about a product before it begins: whether operands are copied, and the sizes of its blocks. Every condition
 * has a name here; gemm_tmpl.h does what the plan says. */

struct FN(plan) {
    const struct gemm_args *g;
    int turned;                 /* C is written as the transpose of what is computed */
    int pack_a, pack_b;
    int pack_b_on_way;          /* the first tile of a panel packs it, beside its arithmetic */
    ptrdiff_t k_blocks, kc;     /* blocks of K, and the steps of the longest */
    ptrdiff_t mc, nc;           /* rows and columns of a block at most */
    ptrdiff_t thin;             /* last columns, which no panel covers */
    ptrdiff_t rows_together;    /* rows are handed out in multiples of this */
};

/* Rows of A and columns of B that are contiguous along K, as in x W.T for a small batch: dot products, nothing is packed. */
inline_always int
FN(is_rows_of_dots)(const struct gemm_args *g)
{
    return g->a_cs == 1 && g->b_rs == 1 && g->b_cs != 1 && g->k >= VL && g->m <= max_(2, min_(16, g->k / VL));
}

/* One row of A, as for a single sample: a sum of rows of B, each of which is read once. */
inline_always int
FN(is_sum_of_rows)(const struct gemm_args *g)
{
    return g->m == 1 && g->b_cs == 1;
}

/* Whether many rows of A share a B that is worth a copy: rows that lie apart touch more cache lines than they fill. */
inline_always int
FN(is_large)(const struct gemm_args *g)
{
    return g->m >= 48 && g->n >= 2 * VL && (g->m * g->k + g->k * g->n) * (ptrdiff_t)sizeof(real) > PACK_BYTES;
}

/* Columns of A whose lines lie a multiple of a page apart displace each other before the next tiles have taken their parts. */
inline_always int
FN(lines_collide)(const struct gemm_args *g)
{
    const ptrdiff_t size = sizeof(real);
    return g->a_cs * size % 4096 == 0 && 2 * FN(tile_rows)(PANEL_VECTORS) * size <= 64;
}

/* A long transpose that comes from memory: read down its columns, a cache line a step, it would come too late. */
inline_always int
FN(is_far_transpose)(const struct gemm_args *g)
{
    return g->a_cs != 1 && g->m >= VL && g->k >= 512 && g->m * g->k * (ptrdiff_t)sizeof(real) > 2 * B_BLOCK_BYTES;
}

/* A is read well enough where it lies, unless it is a transpose that many panels read, or some and it is far. */
inline_always int
FN(is_a_worth_a_copy)(const struct gemm_args *g)
{
    const ptrdiff_t panels = g->n / (PANEL_VECTORS * VL);
    const int many_panels = FN(is_large)(g) && panels >= (FN(lines_collide)(g) ? 2 : 32);
    return g->a_cs != 1 && (many_panels || (panels > 0 && FN(is_far_transpose)(g)));
}

/* A large A of short rows comes from afar, and the processor's prefetching starts anew with each. */
inline_always int
FN(short_rows)(const struct gemm_args *g, ptrdiff_t large)
{
    const ptrdiff_t row = g->k * (ptrdiff_t)sizeof(real);
    return g->a_cs == 1 && row < 2048 && g->m * row > large;
}

/* Whether the dot products of thin columns run along K; the stride alone does not tell, for a single column of A has both.
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

/* Of a transpose a cache line, or what the dot products of thin columns take at once. */
inline_always ptrdiff_t
FN(rows_together)(const struct gemm_args *g, ptrdiff_t thin)
{
    const ptrdiff_t line = 64 / (ptrdiff_t)sizeof(real);
    return g->a_cs == 1 ? 1 : thin > 0 && g->m >= 32 * VL ? 4 * VL : line;
}

/* Vectors of steps in a block of K at most: a panel of B stays in the second cache, and of a far transpose the block of A as
 * well, so that its first tile fetches the lines of all. */
inline_always ptrdiff_t
FN(most_steps)(const struct gemm_args *g)
{
    const ptrdiff_t size = sizeof(real), panel = B_PANEL_BYTES / (PANEL_VECTORS * VL * size);
    const ptrdiff_t far = max_(64, A_BLOCK_BYTES / (2 * g->m * size));
    return (FN(is_far_transpose)(g) ? min_(panel, far) : panel) / VL;
}

/* Tiles of rows in a block of A: as many as are packed together, or, where a panel of B stays in the first cache, a few, so that C is
 * written a few whole rows at a time. */
inline_always ptrdiff_t
FN(block_tiles)(const struct FN(plan) *p)
{
    const ptrdiff_t size = sizeof(real), rows = FN(tile_rows)(PANEL_VECTORS), tiles = ceil_div(p->g->m, rows);
    const int is_short = p->kc * PANEL_VECTORS * VL * size <= L1_PANEL_BYTES && p->g->a_cs == 1;
    const ptrdiff_t most = is_short ? max_(4, 512 / p->kc) : A_BLOCK_BYTES / (rows * p->kc * size);
    return ceil_div(tiles, ceil_div(tiles, most));
}

/* Blocks as large as their caches, and of nearly equal size. */
static struct FN(plan)
FN(make_plan)(const struct gemm_args *g, int turned)
{
    const ptrdiff_t size = sizeof(real), panel = PANEL_VECTORS * VL;
    struct FN(plan) p = {.g = g, .turned = turned, .thin = turned ? 0 : FN(thin_columns)(g)};
    p.pack_a = turned || FN(is_a_worth_a_copy)(g);
    p.pack_b = g->b_cs != 1 || FN(is_large)(g);
    p.pack_b_on_way = p.pack_b && g->b_cs == 1;
    const ptrdiff_t vectors = max_(1, ceil_div(g->k, VL));
    p.k_blocks = ceil_div(vectors, FN(most_steps)(g));
    p.kc = ceil_div(vectors, p.k_blocks) * VL;
    p.mc = FN(block_tiles)(&p) * FN(tile_rows)(PANEL_VECTORS);
    p.nc = p.pack_b ? B_BLOCK_BYTES / (size * p.kc) / panel * panel : max_(1, g->n);
    p.rows_together = FN(rows_together)(g, p.thin);
    return p;
}
