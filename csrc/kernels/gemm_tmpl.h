/* C = epilogue(A B): the loops around the micro-kernel, named as in BLIS and GotoBLAS.
 *
 *   jc  for each block of columns, and                      gemm
 *   pc    for each block of K: the threads meet here        gemm
 *           for a thread's rows or columns, over the pool   gemm_rows, gemm_columns
 *             pack B; what it can, the micro-kernel packs on its way
 *   ic        for each block of rows                        compute_share
 *               pack A, where it is a transpose and C is wide
 *   jr          for each panel of B                         panel
 *   ir            for each tile of rows                     tiles: the micro-kernel
 *               the last few columns                        thin: dot products
 *
 * gemm_plan_tmpl.h decides all sizes. K is cut by its length and by how A lies, never over threads, so a result does not
 * depend on how many there are. */

/* What is computed between two meetings of the threads: a block of K for a block of columns. */
struct FN(region) {
    const struct FN(plan) *plan;
    size_t job;                         /* its number, by which a thread knows what it has packed */
    ptrdiff_t k0, kc;
    ptrdiff_t j0, nc, thin;             /* columns that panels cover, and how many after them are dot products */
    struct FN(epilogue) epilogue;
};

/* A thread's share of it: rows [i0, i1), columns [j0, j1) of the region. What is packed of B stays with the thread: it costs
 * more to have it go from core to core than to pack it twice. */
struct FN(share) {
    const struct FN(region) *region;
    ptrdiff_t i0, i1, j0, j1;
    int is_fresh;                       /* nothing of this region is packed yet */
    real *packed_b, *packed_a, *thin_b;
};

static struct FN(share)
FN(make_share)(const struct FN(region) *r, int is_fresh)
{
    char *scratch = thread_scratch();
    return (struct FN(share)){
        .region = r,
        .i1 = r->plan->g->m,
        .j1 = r->nc,
        .is_fresh = is_fresh,
        .packed_b = (real *)scratch,
        .packed_a = (real *)(scratch + B_BLOCK_BYTES),
        .thin_b = (real *)(scratch + B_BLOCK_BYTES + A_BLOCK_BYTES),
    };
}

/* Vectors in the panel that starts with `left` vectors to go: four are two and two rather than three and one. */
inline_always int
FN(panel_vectors)(ptrdiff_t left)
{
    if (left == 4 && PANEL_VECTORS == 3) {
        return 2;
    }
    return (int)min_(left, PANEL_VECTORS);
}

/* Rows of A from row i on, in the region's block of K. */
inline_always struct FN(matrix)
FN(rows_of_a)(const struct FN(region) *r, ptrdiff_t i)
{
    const struct gemm_args *g = r->plan->g;
    return (struct FN(matrix)){(const real *)g->a + i * g->a_rs + r->k0 * g->a_cs, g->a_rs, g->a_cs};
}

/* Columns of B from the region's column j on. */
inline_always struct FN(matrix)
FN(columns_of_b)(const struct FN(region) *r, ptrdiff_t j)
{
    const struct gemm_args *g = r->plan->g;
    return (struct FN(matrix)){(const real *)g->b + r->k0 * g->b_rs + (r->j0 + j) * g->b_cs, g->b_rs, g->b_cs};
}

inline_always struct FN(epilogue)
FN(epilogue_from)(const struct FN(region) *r, ptrdiff_t j)
{
    struct FN(epilogue) e = r->epilogue;
    if (e.bias != NULL) {
        e.bias += r->j0 + j;
    }
    return e;
}

/* Whether the panel of nv vectors from column j on is packed: all of a large B, else the last one where it ends within a
 * vector, so that the micro-kernel may load whole ones. */
inline_always int
FN(is_packed)(const struct FN(share) *s, ptrdiff_t j, int nv)
{
    return s->region->plan->pack_b || s->j1 - j < nv * VL;
}

inline_always real *
FN(packed_panel)(const struct FN(share) *s, ptrdiff_t j)
{
    return s->packed_b + (s->region->plan->pack_b ? j * s->region->kc : 0);
}

/* Whether the micro-kernel packs that panel: it copies whole vectors, and its first tile must not be a low one, as those of a
 * packed A are for narrow panels. */
inline_always int
FN(is_packed_on_way)(const struct FN(share) *s, ptrdiff_t j, int nv)
{
    const struct FN(plan) *plan = s->region->plan;
    const int is_whole = s->j1 - j >= nv * VL, is_high = min_(plan->mc, s->i1 - s->i0) >= FN(tile_rows)(nv);
    return plan->pack_b_on_way && is_whole && is_high && (!plan->pack_a || nv == PANEL_VECTORS);
}

/* What is not packed on the way, and the thin columns. */
static void
FN(pack_share)(const struct FN(share) *s)
{
    const struct FN(region) *r = s->region;
    int nv;
    for (ptrdiff_t j = s->j0; j < s->j1; j += nv * VL) {
        nv = FN(panel_vectors)(ceil_div(s->j1 - j, VL));
        if (FN(is_packed)(s, j, nv) && !FN(is_packed_on_way)(s, j, nv)) {
            const struct FN(matrix) b = FN(columns_of_b)(r, j);
            const struct FN(matrix) turned = {b.at, b.cs, b.rs};
            FN(pack)(min_(nv * VL, s->j1 - j), nv * VL, r->kc, &turned, FN(packed_panel)(s, j));
        }
    }
    if (r->thin > 0 && s->j1 == r->nc && FN(thin_along_k)(r->plan->g)) {
        const struct FN(matrix) b = FN(columns_of_b)(r, r->nc);
        for (ptrdiff_t j = 0; j < r->thin; j++) {
            for (ptrdiff_t l = 0; l < r->kc; l++) {
                s->thin_b[j * r->kc + l] = b.at[l * b.rs + j * b.cs];
            }
        }
    }
}

/* `rows` rows of A from row i on in tiles, as `tiles` walks through them, a few lines of each at a time. */
static void
FN(pack_tiles)(const struct FN(share) *s, ptrdiff_t i, ptrdiff_t rows)
{
    const struct FN(region) *r = s->region;
    const struct FN(split) split = FN(split_rows)(rows, FN(tile_rows)(PANEL_VECTORS));
    for (ptrdiff_t l = 0, steps; l < r->kc; l += steps) {
        steps = min_(16, r->kc - l);
        ptrdiff_t done = 0;
        for (ptrdiff_t t = 0; t < split.tiles; t++) {
            const ptrdiff_t mr = split.low + (t < split.higher);
            struct FN(matrix) a = FN(rows_of_a)(r, i + done);
            a.at += l * a.cs;
            FN(pack)(mr, mr, steps, &a, s->packed_a + done * r->kc + l * mr);
            done += mr;
        }
    }
}

/* `rows` rows from row i on against a panel of nv vectors from column j on. */
static void
FN(panel)(const struct FN(share) *s, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t j, int nv)
{
    const struct FN(region) *r = s->region;
    const struct FN(plan) *plan = r->plan;
    const struct FN(epilogue) e = FN(epilogue_from)(r, j);
    const ptrdiff_t line = plan->turned ? r->j0 + j : i, place = plan->turned ? i : r->j0 + j;
    struct FN(part) p = {
        .a = FN(rows_of_a)(r, i),
        .b = FN(columns_of_b)(r, j),
        .steps = r->kc,
        .pieces = 1,
        .c = (real *)plan->g->c + line * plan->g->c_rs + place,
        .c_rs = plan->g->c_rs,
        .lanes = min_(VL, s->j1 - j - (nv - 1) * VL),
        .fetch_c = 1,
        .a_packed = plan->pack_a,
    };
    if (plan->pack_a) {
        p.a = (struct FN(matrix)){s->packed_a, 1, 0};
    }
    if (s->is_fresh && i == s->i0 && FN(is_packed_on_way)(s, j, nv)) {
        p.pack_to = FN(packed_panel)(s, j);
    }
    else if (FN(is_packed)(s, j, nv)) {
        p.b = (struct FN(matrix)){FN(packed_panel)(s, j), nv * VL, 1};
    }
    const struct FN(split) split = FN(split_rows)(rows, FN(tile_rows)(plan->pack_a ? PANEL_VECTORS : nv));
    (plan->turned ? FN(turned_tiles) : FN(tiles))(&split, nv, &p, &e);
}

/* The columns that no panel covers. */
static void
FN(thin)(const struct FN(share) *s, ptrdiff_t i, ptrdiff_t rows)
{
    const struct FN(region) *r = s->region;
    const struct gemm_args *g = r->plan->g;
    const struct FN(epilogue) e = FN(epilogue_from)(r, r->nc);
    struct FN(part) p = {
        .a = FN(rows_of_a)(r, i),
        .b = FN(columns_of_b)(r, r->nc),
        .steps = r->kc,
        .c = (real *)g->c + i * g->c_rs + r->j0 + r->nc,
        .c_rs = g->c_rs,
    };
    if (FN(thin_along_k)(g)) {
        p.b = (struct FN(matrix)){s->thin_b, 1, r->kc};
        FN(dot_columns)(rows, r->thin, &p, &e);
    }
    else {
        FN(row_columns)(rows, g->m - i - rows, r->thin, &p, &e);
    }
}

static void
FN(compute_share)(const struct FN(share) *s)
{
    const struct FN(plan) *plan = s->region->plan;
    if (s->is_fresh) {
        FN(pack_share)(s);
    }
    for (ptrdiff_t i = s->i0; i < s->i1; i += plan->mc) {
        const ptrdiff_t rows = min_(plan->mc, s->i1 - i);
        int nv;
        if (plan->pack_a) {
            FN(pack_tiles)(s, i, rows);
        }
        for (ptrdiff_t j = s->j0; j < s->j1; j += nv * VL) {
            nv = FN(panel_vectors)(ceil_div(s->j1 - j, VL));
            FN(panel)(s, i, rows, j, nv);
        }
        if (s->region->thin > 0 && s->j1 == s->region->nc) {
            FN(thin)(s, i, rows);
        }
    }
}

static void
FN(gemm_rows)(void *region, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(region) *r = region;
    struct FN(share) s = FN(make_share)(r, is_new_to_thread(r->job));
    s.i0 = begin;
    s.i1 = end;
    FN(compute_share)(&s);
}

/* Columns are handed out by panels; the last one that is handed out may hold a vector more, or fewer. */
inline_always ptrdiff_t
FN(column_panels)(ptrdiff_t nc)
{
    return max_(1, (ceil_div(nc, VL) + 1) / PANEL_VECTORS);
}

static void
FN(gemm_columns)(void *region, ptrdiff_t begin, ptrdiff_t end)
{
    const struct FN(region) *r = region;
    struct FN(share) s = FN(make_share)(r, 1);
    s.j0 = begin * PANEL_VECTORS * VL;
    if (end < FN(column_panels)(r->nc)) {
        s.j1 = end * PANEL_VECTORS * VL;
    }
    FN(compute_share)(&s);
}

#define WORTH_HANDING (16384 * VL)       /* multiplications and additions, some microseconds */

/* Over the pool, in chunks worth handing to another thread; alone in one go, so that a panel of B serves all rows before the
 * next one displaces it, but for some milliseconds at most: then signals get through. */
static void
FN(spread)(ptrdiff_t n, ptrdiff_t unit, ptrdiff_t work, parallel_fn fn, void *arg)
{
    const ptrdiff_t chunks = n / max_(unit, WORTH_HANDING / max_(1, work));
    if (chunks < 2) {
        fn(arg, 0, n);
    }
    else if (parallel_num_threads() == 1) {
        parallel_for(n, unit * max_(1, (1 << 27) / max_(1, unit * work)), fn, arg);
    }
    else {
        parallel_for(n, even_grain(n, unit, max_(1, chunks / parallel_num_threads())), fn, arg);
    }
}

/* Rows are handed out where there are more tiles of them than panels of columns. */
static void
FN(compute_region)(struct FN(region) *r)
{
    const struct gemm_args *g = r->plan->g;
    const ptrdiff_t panels = FN(column_panels)(r->nc), rows = FN(tile_rows)(PANEL_VECTORS);
    if (ceil_div(g->m, rows) >= panels) {       /* and no chunk is less than a tile */
        FN(spread)(g->m, r->plan->rows_together, min_(r->nc * r->kc, WORTH_HANDING / rows), FN(gemm_rows), r);
    }
    else {
        FN(spread)(panels, 1, g->m * r->kc * PANEL_VECTORS * VL, FN(gemm_columns), r);
    }
}

static void
FN(gemm_blocks)(const struct FN(plan) *plan)
{
    const struct gemm_args *g = plan->g;
    const ptrdiff_t wide = g->n - plan->thin, vectors = ceil_div(g->k, VL);
    for (ptrdiff_t jc = 0; jc == 0 || jc < wide; jc += plan->nc) {
        for (ptrdiff_t pc = 0; pc < plan->k_blocks && (pc + jc == 0 || !parallel_interrupted()); pc++) {
            const ptrdiff_t k0 = pc * vectors / plan->k_blocks * VL, k1 = min_(g->k, (pc + 1) * vectors / plan->k_blocks * VL);
            const int is_last = pc + 1 == plan->k_blocks;
            struct FN(region) r = {
                .plan = plan, .job = new_job(), .k0 = k0, .kc = k1 - k0, .j0 = jc, .nc = min_(plan->nc, wide - jc),
                .epilogue = {pc > 0, is_last ? g->bias : NULL, 0},
            };
            r.thin = jc + r.nc == wide ? plan->thin : 0;
            FN(compute_region)(&r);
        }
    }
}

static void
FN(gemm)(const struct gemm_args *g)
{
    const ptrdiff_t line = 512 / (ptrdiff_t)sizeof(real);     /* less of each row of B would waste the fetch */
    if (g->m <= 0 || g->n <= 0) {
        return;
    }
    if (FN(is_rows_of_dots)(g)) {
        FN(spread)(g->n, MAX_THIN, g->m * g->k, FN(gemm_dots), (void *)g);
    }
    else if (FN(is_sum_of_rows)(g)) {
        FN(spread)(g->n, line, g->k, FN(gemv), (void *)g);
    }
    else if (FN(is_better_turned)(g)) {
        const struct gemm_args turned = FN(turn)(g);
        const struct FN(plan) plan = FN(make_plan)(&turned, 1);
        FN(gemm_blocks)(&plan);
    }
    else {
        const struct FN(plan) plan = FN(make_plan)(g, 0);
        FN(gemm_blocks)(&plan);
    }
}

#undef MAX_THIN
#undef WORTH_HANDING
