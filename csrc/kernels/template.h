/* What the templates of the fast kernels know beside real.h: vectors, and loops unrolled for them.
 *
 *   bits, ubits    the signed and the unsigned integer of the size of a real
 *   vec, VL        a vector of VL reals, one register of the instruction set
 *   FN(mask)       a vector of VL bits: what comparing two vectors gives, all ones or all zeros
 *   FN(quad)       four reals, whatever the instruction set: the side of the blocks that packing transposes
 */
#include "real.h"

#undef bits
#undef ubits
#undef vec
#undef vec_unaligned
#undef VL

#ifndef UNROLL
#if VEC_BYTES >= 32
#include <immintrin.h>
#endif
#define ceil_div(a, b) (((a) + (b) - 1) / (b))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
typedef float vec_f32 __attribute__((vector_size(VEC_BYTES)));
typedef double vec_f64 __attribute__((vector_size(VEC_BYTES)));
typedef int32_t mask_f32 __attribute__((vector_size(VEC_BYTES)));
typedef int64_t mask_f64 __attribute__((vector_size(VEC_BYTES)));
typedef float quad_f32 __attribute__((vector_size(16)));
typedef double quad_f64 __attribute__((vector_size(32)));
typedef float quad_unaligned_f32 __attribute__((vector_size(16), aligned(4), may_alias));
typedef double quad_unaligned_f64 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float vec_unaligned_f32 __attribute__((vector_size(VEC_BYTES), aligned(4), may_alias));
typedef double vec_unaligned_f64 __attribute__((vector_size(VEC_BYTES), aligned(8), may_alias));
typedef int32_t mask_unaligned_f32 __attribute__((vector_size(VEC_BYTES), aligned(4), may_alias));
typedef int64_t mask_unaligned_f64 __attribute__((vector_size(VEC_BYTES), aligned(8), may_alias));
#endif

#ifndef HAS_FETCH_TO_WRITE
#define HAS_FETCH_TO_WRITE
/* Fetch a line for this processor alone. Compilers know that x86 has an instruction for it only with a flag of its own; every processor
 * with AVX2 takes it. */
static inline void
fetch_to_write(const void *p)
{
#if defined(__AVX2__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
    __builtin_prefetch(p, 1);
#endif
}
#endif

#if REAL_BITS == 32
#define bits int32_t
#define ubits uint32_t
#else
#define bits int64_t
#define ubits uint64_t
#endif

#define vec FN(vec)
#define vec_unaligned FN(vec_unaligned)
#define VL ((ptrdiff_t)(VEC_BYTES / sizeof(real)))

inline_always vec
FN(load)(const real *p)
{
    return *(const vec_unaligned *)p;
}

inline_always void
FN(store)(real *p, vec x)
{
    *(vec_unaligned *)p = x;
}

/* Of a vector only the first n lanes (1 to VL) are in memory: the others are zero, and what lies beyond is not touched. */
#if VEC_BYTES == 32
inline_always __m256i
FN(first)(ptrdiff_t n)
{
    FN(mask) lane;
    UNROLL
    for (int q = 0; q < VL; q++) {
        lane[q] = q;
    }
    return (__m256i)(lane < (bits)n);
}
#endif

inline_always vec
FN(load_first)(const real *p, ptrdiff_t n)
{
#if VEC_BYTES == 64 && REAL_BITS == 32
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif VEC_BYTES == 64
    return (vec)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
#elif VEC_BYTES == 32 && REAL_BITS == 32
    return (vec)_mm256_maskload_ps(p, FN(first)(n));
#elif VEC_BYTES == 32
    return (vec)_mm256_maskload_pd(p, FN(first)(n));
#else
    real lane[VL] = {0};
    for (ptrdiff_t q = 0; q < n; q++) {
        lane[q] = p[q];
    }
    return FN(load)(lane);
#endif
}

inline_always void
FN(store_first)(real *p, vec x, ptrdiff_t n)
{
#if VEC_BYTES == 64 && REAL_BITS == 32
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
#elif VEC_BYTES == 64
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)x);
#elif VEC_BYTES == 32 && REAL_BITS == 32
    _mm256_maskstore_ps(p, FN(first)(n), (__m256)x);
#elif VEC_BYTES == 32
    _mm256_maskstore_pd(p, FN(first)(n), (__m256d)x);
#else
    real lane[VL];
    FN(store)(lane, x);
    for (ptrdiff_t q = 0; q < n; q++) {
        p[q] = lane[q];
    }
#endif
}

/* Pairwise, so that the order of a sum is the same whichever compiler unrolls it. */
inline_always real
FN(sum_lanes)(vec x)
{
    real lane[VL];
    FN(store)(lane, x);
    UNROLL
    for (int half = VL / 2; half > 0; half /= 2) {
        UNROLL
        for (int i = 0; i < half; i++) {
            lane[i] += lane[i + half];
        }
    }
    return lane[0];
}
