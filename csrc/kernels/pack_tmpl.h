/* Packing: copying a block of A or B into the order in which the micro-kernel reads it. */

/* out[i][:] = the columns i of the rows r, for a square of VL x VL. Each round interleaves row i with row i + VL/2, which
 * after log2(VL) rounds has carried every element across the diagonal. */
#if VEC_BYTES == 64 && REAL_BITS == 32
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VEC_BYTES * 8 / REAL_BITS == 8
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VEC_BYTES * 8 / REAL_BITS == 4
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

inline_always void
FN(transpose)(vec r[VEC_BYTES * 8 / REAL_BITS])
{
    vec t[VEC_BYTES * 8 / REAL_BITS];
    UNROLL
    for (int round = 1; round < VL; round *= 2) {
        UNROLL
        for (int i = 0; i < VL / 2; i++) {
            t[2 * i] = LOW(r[i], r[i + VL / 2]);
            t[2 * i + 1] = HIGH(r[i], r[i + VL / 2]);
        }
        UNROLL
        for (int i = 0; i < VL; i++) {
            r[i] = t[i];
        }
    }
}

#undef LOW
#undef HIGH

/* out[l * width + i] = x[i * rs + l * cs] for i < n, l < k; columns n .. width are zero. A tile of A is packed with
 * width = its rows; a panel of B with width = its columns, rs and cs being those of B transposed. */
static void
FN(pack)(ptrdiff_t n, ptrdiff_t width, ptrdiff_t k, const real *x, ptrdiff_t rs, ptrdiff_t cs, real *out)
{
    if (rs == 1 && n % VL == 0 && n == width) {
        for (ptrdiff_t l = 0; l < k; l++) {
            for (ptrdiff_t i = 0; i < n; i += VL) {
                FN(store)(out + l * width + i, FN(load)(x + l * cs + i));
            }
        }
        return;
    }
    ptrdiff_t i = 0;
    if (cs == 1) {
        for (; i + VL <= n; i += VL) {
            ptrdiff_t l = 0;
            for (; l + VL <= k; l += VL) {
                vec r[VEC_BYTES * 8 / REAL_BITS];
                UNROLL
                for (int q = 0; q < VL; q++) {
                    r[q] = FN(load)(x + (i + q) * rs + l);
                }
                FN(transpose)(r);
                UNROLL
                for (int q = 0; q < VL; q++) {
                    FN(store)(out + (l + q) * width + i, r[q]);
                }
            }
            for (; l < k; l++) {
                for (ptrdiff_t q = i; q < i + VL; q++) {
                    out[l * width + q] = x[q * rs + l];
                }
            }
        }
    }
    for (ptrdiff_t l = 0; l < k; l++) {
        for (ptrdiff_t q = i; q < n; q++) {
            out[l * width + q] = x[q * rs + l * cs];
        }
        for (ptrdiff_t q = n; q < width; q++) {
            out[l * width + q] = 0;
        }
    }
}
