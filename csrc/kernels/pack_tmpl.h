/* Packing: copying a block of A or B into the order in which the micro-kernel reads it. */

/* A matrix as a pointer and two strides: a transpose is two strides swapped, and costs nothing. */
struct FN(matrix) {
    const real *at;
    ptrdiff_t rs, cs;           /* elements from a row to the next, from a column to the next */
};

/* A 4 x 4 block transposed: two rounds that interleave row i with row i + 2 carry every element across the diagonal. */
inline_always void
FN(transpose)(FN(quad) r[4])
{
    UNROLL
    for (int round = 0; round < 2; round++) {
        const FN(quad) t0 = __builtin_shufflevector(r[0], r[2], 0, 4, 1, 5);
        const FN(quad) t1 = __builtin_shufflevector(r[0], r[2], 2, 6, 3, 7);
        const FN(quad) t2 = __builtin_shufflevector(r[1], r[3], 0, 4, 1, 5);
        const FN(quad) t3 = __builtin_shufflevector(r[1], r[3], 2, 6, 3, 7);
        r[0] = t0;
        r[1] = t1;
        r[2] = t2;
        r[3] = t3;
    }
}

/* A transpose: out[l * out_rs + i] = x[i * x_rs + l] for i < n, l < k. */
static void
FN(copy_transposed)(ptrdiff_t n, ptrdiff_t k, const real *x, ptrdiff_t x_rs, real *out, ptrdiff_t out_rs)
{
    typedef FN(quad_unaligned) quad_in_memory;
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        ptrdiff_t l = 0;
        for (; l + 4 <= k; l += 4) {
            FN(quad) r[4];
            UNROLL
            for (int q = 0; q < 4; q++) {
                r[q] = *(const quad_in_memory *)(x + (i + q) * x_rs + l);
            }
            FN(transpose)(r);
            UNROLL
            for (int q = 0; q < 4; q++) {
                *(quad_in_memory *)(out + (l + q) * out_rs + i) = r[q];
            }
        }
        for (; l < k; l++) {
            for (ptrdiff_t q = i; q < i + 4; q++) {
                out[l * out_rs + q] = x[q * x_rs + l];
            }
        }
    }
    for (; i < n; i++) {
        for (ptrdiff_t l = 0; l < k; l++) {
            out[l * out_rs + i] = x[i * x_rs + l];
        }
    }
}

/* The same lines at another distance. */
static void
FN(pack_lines)(ptrdiff_t n, ptrdiff_t width, ptrdiff_t k, const struct FN(matrix) *x, real *out)
{
    if (n == 4 && width == 4) {         /* a tile of AVX2 */
        for (ptrdiff_t l = 0; l < k; l++) {
            *(FN(quad_unaligned) *)(out + l * 4) = *(const FN(quad_unaligned) *)(x->at + l * x->cs);
        }
        return;
    }
    const ptrdiff_t whole = n / VL * VL, rest = n - whole;
    for (ptrdiff_t l = 0; l < k; l++) {
        const real *from = x->at + l * x->cs;
        real *to = out + l * width;
        for (ptrdiff_t i = 0; i < whole; i += VL) {
            FN(store)(to + i, FN(load)(from + i));
        }
        if (rest > 0) {
            FN(store_first)(to + whole, FN(load_first)(from + whole, rest), min_(VL, width - whole));
        }
    }
}

/* Rows of a matrix side by side: out[l * width + i] = x[i, l] for i < n, l < k; columns n .. width are zero. A tile of A is
 * packed so with width = its rows, a panel of B, as a transpose, with width = its columns in whole vectors. */
static void
FN(pack)(ptrdiff_t n, ptrdiff_t width, ptrdiff_t k, const struct FN(matrix) *x, real *out)
{
    if (x->rs == 1) {
        FN(pack_lines)(n, width, k, x, out);
        return;
    }
    if (x->cs == 1) {
        FN(copy_transposed)(n, k, x->at, x->rs, out, width);
    }
    else {
        for (ptrdiff_t l = 0; l < k; l++) {
            for (ptrdiff_t i = 0; i < n; i++) {
                out[l * width + i] = x->at[i * x->rs + l * x->cs];
            }
        }
    }
    for (ptrdiff_t l = 0; l < k && n < width; l++) {
        FN(store_first)(out + l * width + n, (vec){0}, width - n);
    }
}
