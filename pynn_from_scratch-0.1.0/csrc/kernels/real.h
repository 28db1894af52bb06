/* The words that every kernel template (*_tmpl.h) knows, for the dtype that REAL_BITS names. A table includes its templates
 * once with 32 and once with 64.
 *
 *   real           the dtype
 *   R(0.5)         a literal of it
 *   FN(name)       name_f32 or name_f64: the name of a function of this dtype
 *   LIBM(sqrt)     sqrtf or sqrt: the C library's function of this dtype
 */
#undef real
#undef R
#undef FN
#undef LIBM

#ifndef PYNN_PASTE
#define PYNN_PASTE_(a, b) a##b
#define PYNN_PASTE(a, b) PYNN_PASTE_(a, b)
#ifdef COUNT_BRANCHES           /* for make coverage: once each, and not once more wherever it is inlined */
#define inline_always static inline
#else
#define inline_always static inline __attribute__((always_inline))
#endif
#define min_(a, b) ((a) < (b) ? (a) : (b))
#define max_(a, b) ((a) > (b) ? (a) : (b))
#endif

#if REAL_BITS == 32
#define real float
#define R(x) x##f
#define FN(name) PYNN_PASTE(name, _f32)
#define LIBM(name) PYNN_PASTE(name, f)
#else
#define real double
#define R(x) x
#define FN(name) PYNN_PASTE(name, _f64)
#define LIBM(name) name
#endif
