/* Vocabulary of the kernel templates (*_tmpl.h), for the dtype that REAL_BITS names. A table includes this header and
 * its templates once with 32 and once with 64.
 *
 *   real           the dtype
 *   bits, ubits    the signed and the unsigned integer of its size
 *   vec, VL        a vector of VL reals, one register of the instruction set
 *   FN(mask)       a vector of VL bits: what comparing two vectors gives, all ones or all zeros
 *   FN(quad)       four reals, whatever the instruction set: the side of the blocks that packing transposes
 *   FN(name)       name_f32 or name_f64: the name of a function of this dtype
 *   LIBM(sqrt)     sqrtf or sqrt: the C library's function of this dtype
 */
#undef real
#undef bits
#undef ubits
#undef vec
#undef vec_unaligned
#undef VL
#undef FN
#undef LIBM
#undef R

#ifndef PYNN_PASTE
#define PYNN_PASTE_(a, b) a##b
#define PYNN_PASTE(a, b) PYNN_PASTE_(a, b)
#define inline_always static inline __attribute__((always_inline))
#define min_(a, b) ((a) < (b) ? (a) : (b))
#define max_(a, b) ((a) > (b) ? (a) : (b))
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
typedef int32_t quad_mask_f32 __attribute__((vector_size(16)));
typedef int64_t quad_mask_f64 __attribute__((vector_size(32)));
typedef float quad_unaligned_f32 __attribute__((vector_size(16), aligned(4), may_alias));
typedef double quad_unaligned_f64 __attribute__((vector_size(32), aligned(8), may_alias));
typedef float vec_unaligned_f32 __attribute__((vector_size(VEC_BYTES), aligned(4), may_alias));
typedef double vec_unaligned_f64 __attribute__((vector_size(VEC_BYTES), aligned(8), may_alias));
typedef int32_t mask_unaligned_f32 __attribute__((vector_size(VEC_BYTES), aligned(4), may_alias));
typedef int64_t mask_unaligned_f64 __attribute__((vector_size(VEC_BYTES), aligned(8), may_alias));
#endif

#if REAL_BITS == 32
#define real float
#define bits int32_t
#define ubits uint32_t
#define FN(name) PYNN_PASTE(name, _f32)
#define LIBM(name) PYNN_PASTE(name, f)
#define R(x) x##f               /* a literal of this dtype: R(0.5) */
#else
#define real double
#define bits int64_t
#define ubits uint64_t
#define FN(name) PYNN_PASTE(name, _f64)
#define LIBM(name) name
#define R(x) x
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
