/* What this processor can do at most: multiply-adds from registers, and streams from memory.
 * Compiled by machine.py with the system's compiler for the processor at hand; pynn itself never is. */
#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

/* Twelve independent chains keep every multiply-add unit busy (two units of four or five cycles on today's
 * processors) and still leave registers for the two factors. The factors pull each chain towards 1. */
enum { CHAINS = 12 };

#define PEAK(NAME, REAL)                                                                  \
    double NAME(long rounds)                                                              \
    {                                                                                     \
        typedef REAL vec __attribute__((vector_size(VECTOR_BYTES)));                      \
        volatile REAL half = (REAL)0.5;     /* unknown to the compiler: nothing folds */  \
        const vec zero = {0}, scale = zero + half, shift = zero + half;                   \
        vec chain[CHAINS];                                                                \
        for (int i = 0; i < CHAINS; i++)                                                  \
            chain[i] = zero + (REAL)i;                                                    \
        for (long r = 0; r < rounds; r++) {                                               \
            UNROLL for (int i = 0; i < CHAINS; i++)                                       \
                chain[i] = chain[i] * scale + shift;                                      \
        }                                                                                 \
        for (int i = 1; i < CHAINS; i++)                                                  \
            chain[0] += chain[i];                                                         \
        volatile REAL sink = chain[0][0];                                                 \
        (void)sink;                                                                       \
        return 2.0 * rounds * CHAINS * (VECTOR_BYTES / sizeof(REAL));                     \
    }

#define UNROLL _Pragma("GCC unroll 12")     /* so that the chains live in registers */

PEAK(peak_float32, float)
PEAK(peak_float64, double)

/* STREAM's triad; three arrays of n doubles are moved. */
double triad(double *restrict a, const double *restrict b, const double *restrict c, long n, long repeats)
{
    for (long r = 0; r < repeats; r++) {
        for (long i = 0; i < n; i++)
            a[i] = b[i] + 3.0 * c[i];
        __asm__ volatile("" ::: "memory");
    }
    return 24.0 * n * repeats;
}
