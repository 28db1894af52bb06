/* The matrix product C = A B climbed in steps, each a small function to read: from the three loops of the formula to
 * vectors, packing and threads. docs/kernels.md walks through them and `python -m pynn tour` times them; gemm_tmpl.h has
 * the product that pynn uses. A is m x k, B is k x n, C is m x n, all C-contiguous. */

#define TOUR_MR (ACCUMULATORS / PANEL_VECTORS)      /* a tile of C: rows ... */
#define TOUR_NR (PANEL_VECTORS * VL)                /* ... and columns, as many as registers hold */
#define TOUR_KC 256                                 /* blocks of k and of columns that stay in the caches */
#define TOUR_NC 512

/* Steps 1 to 4 work on single numbers: GCC would find some vectors by itself, and hide what each step brings. */
#ifndef ONE_BY_ONE
#if defined(__clang__)
#define ONE_BY_ONE
#else
#define ONE_BY_ONE __attribute__((optimize("no-tree-vectorize", "no-tree-slp-vectorize")))
#endif
#endif

/* Step 1, the formula: every element of C is a row of A times a column of B. B is read down its columns, a cache line for each
 * number, and each sum waits for the one before. */
ONE_BY_ONE static void
FN(tour_formula)(const struct tour_args *t)
{
    const real *a = t->a, *b = t->b;
    real *c = t->c;
    for (ptrdiff_t i = 0; i < t->m; i++) {
        for (ptrdiff_t j = 0; j < t->n; j++) {
            real sum = 0;
            for (ptrdiff_t l = 0; l < t->k; l++) {
                sum += a[i * t->k + l] * b[l * t->n + j];
            }
            c[i * t->n + j] = sum;
        }
    }
}

/* The rows of C for [l0, l1) of k, columns [j0, j1): C[i, j] += A[i, l] B[l, j] with j innermost. */
ONE_BY_ONE static void
FN(tour_rows)(const struct tour_args *t, ptrdiff_t l0, ptrdiff_t l1, ptrdiff_t j0, ptrdiff_t j1)
{
    const real *a = t->a, *b = t->b;
    real *c = t->c;
    for (ptrdiff_t i = 0; i < t->m; i++) {
        for (ptrdiff_t l = l0; l < l1; l++) {
            const real x = a[i * t->k + l];
            for (ptrdiff_t j = j0; j < j1; j++) {
                c[i * t->n + j] += x * b[l * t->n + j];
            }
        }
    }
}

/* Step 2, loop order: the innermost loop runs along rows of B and C, so every cache line is used whole, and no product
 * waits for the one before. */
ONE_BY_ONE static void
FN(tour_order)(const struct tour_args *t)
{
    memset(t->c, 0, (size_t)(t->m * t->n) * sizeof(real));
    FN(tour_rows)(t, 0, t->k, 0, t->n);
}

/* Step 3, blocking: a block of B small enough for the cache meets all rows of A before the next one comes. */
ONE_BY_ONE static void
FN(tour_blocking)(const struct tour_args *t)
{
    memset(t->c, 0, (size_t)(t->m * t->n) * sizeof(real));
    for (ptrdiff_t j = 0; j < t->n; j += TOUR_NC) {
        for (ptrdiff_t l = 0; l < t->k; l += TOUR_KC) {
            FN(tour_rows)(t, l, min_(l + TOUR_KC, t->k), j, min_(j + TOUR_NC, t->n));
        }
    }
}

/* What no whole tile covers: rows [i0, i1) and columns [j0, j1) of C for [l0, l1) of k, by the formula. */
static void
FN(tour_rest)(const struct tour_args *t, const ptrdiff_t i[2], const ptrdiff_t j[2], const ptrdiff_t l[2])
{
    const real *a = t->a, *b = t->b;
    real *c = t->c;
    for (ptrdiff_t row = i[0]; row < i[1]; row++) {
        for (ptrdiff_t col = j[0]; col < j[1]; col++) {
            real sum = 0;
            for (ptrdiff_t q = l[0]; q < l[1]; q++) {
                sum += a[row * t->k + q] * b[q * t->n + col];
            }
            c[row * t->n + col] += sum;
        }
    }
}

/* Step 4, registers: a tile of C of 4 x 4 numbers stays in registers while k runs. 8 numbers are loaded for 16 products, where
 * the steps before load and store C for every product. */
ONE_BY_ONE static void
FN(tour_registers)(const struct tour_args *t)
{
    const real *a = t->a, *b = t->b;
    real *c = t->c;
    const ptrdiff_t rows = t->m / 4 * 4, cols = t->n / 4 * 4;
    memset(c, 0, (size_t)(t->m * t->n) * sizeof(real));
    for (ptrdiff_t i = 0; i < rows; i += 4) {
        for (ptrdiff_t j = 0; j < cols; j += 4) {
            real sum[4][4] = {{0}};
            for (ptrdiff_t l = 0; l < t->k; l++) {
                UNROLL
                for (int p = 0; p < 4; p++) {
                    UNROLL
                    for (int q = 0; q < 4; q++) {
                        sum[p][q] += a[(i + p) * t->k + l] * b[l * t->n + j + q];
                    }
                }
            }
            for (int p = 0; p < 4; p++) {
                memcpy(c + (i + p) * t->n + j, sum[p], sizeof(sum[p]));
            }
        }
    }
    FN(tour_rest)(t, (ptrdiff_t[]){0, rows}, (ptrdiff_t[]){cols, t->n}, (ptrdiff_t[]){0, t->k});
    FN(tour_rest)(t, (ptrdiff_t[]){rows, t->m}, (ptrdiff_t[]){0, t->n}, (ptrdiff_t[]){0, t->k});
}

/* A tile of TOUR_MR rows and PANEL_VECTORS vectors: the micro-kernel. b_rs is the distance of its rows of B. */
inline_always void
FN(tour_tile)(const struct tour_args *t, ptrdiff_t k, const real *a, const real *b, ptrdiff_t b_rs, real *c)
{
    vec acc[TOUR_MR][PANEL_VECTORS];
    UNROLL
    for (int p = 0; p < TOUR_MR; p++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            acc[p][v] = FN(load)(c + p * t->n + v * VL);
        }
    }
    for (ptrdiff_t l = 0; l < k; l++) {
        UNROLL
        for (int p = 0; p < TOUR_MR; p++) {
            UNROLL
            for (int v = 0; v < PANEL_VECTORS; v++) {
                acc[p][v] += a[p * t->k + l] * FN(load)(b + l * b_rs + v * VL);
            }
        }
    }
    UNROLL
    for (int p = 0; p < TOUR_MR; p++) {
        UNROLL
        for (int v = 0; v < PANEL_VECTORS; v++) {
            FN(store)(c + p * t->n + v * VL, acc[p][v]);
        }
    }
}

/* Rows [begin, end) of C, tile by tile, in blocks of k. With `pack` each panel of B, as wide as a tile, is first copied to where its
 * rows lie one behind the other. */
inline_always void
FN(tour_tiles)(const struct tour_args *t, ptrdiff_t begin, ptrdiff_t end, const int pack)
{
    const real *a = t->a, *b = t->b;
    real *c = t->c, *panel = thread_scratch();
    const ptrdiff_t rows = begin + (end - begin) / TOUR_MR * TOUR_MR, cols = t->n / TOUR_NR * TOUR_NR;
    memset(c + begin * t->n, 0, (size_t)((end - begin) * t->n) * sizeof(real));
    for (ptrdiff_t l = 0; l < t->k; l += TOUR_KC) {
        const ptrdiff_t k = min_(TOUR_KC, t->k - l);
        for (ptrdiff_t j = 0; j < cols; j += TOUR_NR) {
            const real *from = b + l * t->n + j;
            for (ptrdiff_t q = 0; pack && q < k; q++) {
                memcpy(panel + q * TOUR_NR, from + q * t->n, TOUR_NR * sizeof(real));
            }
            for (ptrdiff_t i = begin; i < rows; i += TOUR_MR) {
                FN(tour_tile)(t, k, a + i * t->k + l, pack ? panel : from, pack ? TOUR_NR : t->n, c + i * t->n + j);
            }
        }
        const ptrdiff_t block[] = {l, l + k};
        FN(tour_rest)(t, (ptrdiff_t[]){begin, rows}, (ptrdiff_t[]){cols, t->n}, block);
        FN(tour_rest)(t, (ptrdiff_t[]){rows, end}, (ptrdiff_t[]){0, t->n}, block);
    }
}

/* Step 5, vectors: the tile is of whole registers of the instruction set. */
static void
FN(tour_vectors)(const struct tour_args *t)
{
    FN(tour_tiles)(t, 0, t->m, 0);
}

/* Step 6, packing: a panel of B is copied once and then read in order, from few pages and whole cache lines, by every tile. */
static void
FN(tour_packing)(const struct tour_args *t)
{
    FN(tour_tiles)(t, 0, t->m, 1);
}

static void
FN(tour_chunk)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    FN(tour_tiles)(args, begin, end, 1);
}

/* Step 7, threads: rows of C are shared out; nobody writes where another reads. */
static void
FN(tour_threads)(const struct tour_args *t)
{
    parallel_for(t->m, 8 * TOUR_MR, FN(tour_chunk), (void *)t);
}

/* The processor's peak: multiplications and additions on registers alone, m rounds of them. Returns how many, and leaves in c a
 * number that depends on all. */
static double
FN(tour_peak)(const struct tour_args *t)
{
    vec acc[ACCUMULATORS], x = FN(load)(t->a), y = FN(load)(t->b), sum = {0};
    UNROLL
    for (int i = 0; i < ACCUMULATORS; i++) {
        acc[i] = x + (real)i;
    }
    for (ptrdiff_t round = 0; round < t->m; round++) {
        UNROLL
        for (int i = 0; i < ACCUMULATORS; i++) {
            acc[i] = acc[i] * x + y;
        }
    }
    UNROLL
    for (int i = 0; i < ACCUMULATORS; i++) {
        sum += acc[i];
    }
    *(real *)t->c = FN(sum_lanes)(sum);
    return 2.0 * ACCUMULATORS * VL * (double)t->m;
}

static double
FN(tour)(int step, const struct tour_args *t)
{
    static void (*const steps[])(const struct tour_args *) = {
        FN(tour_formula), FN(tour_order), FN(tour_blocking), FN(tour_registers), FN(tour_vectors), FN(tour_packing), FN(tour_threads),
    };
    if (step == TOUR_STEPS) {
        return FN(tour_peak)(t);
    }
    steps[step](t);
    return 2.0 * (double)t->m * (double)t->n * (double)t->k;
}
