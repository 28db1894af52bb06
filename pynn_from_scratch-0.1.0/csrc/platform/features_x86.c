/* What an x86 processor says of itself. Read here and not by __builtin_cpu_supports, which needs a library that not every
 * compiler brings and that answers 0 without it. */
#if defined(__x86_64__)
#include "processors.h"

#include <cpuid.h>

/* Leaf 1, ECX. */
#define FMA (1u << 12)
#define OSXSAVE (1u << 27)
#define AVX (1u << 28)
/* Leaf 7, EBX. */
#define AVX2 (1u << 5)
#define AVX512F (1u << 16)
#define AVX512DQ (1u << 17)
#define AVX512BW (1u << 30)
#define AVX512VL (1u << 31)
/* XCR0: the registers that the system saves when it switches threads. */
#define SAVES_YMM 0x06u
#if defined(__APPLE__)          /* macOS begins to save the large registers when a thread first uses them */
#define SAVES_ZMM SAVES_YMM
#else
#define SAVES_ZMM 0xe6u
#endif

/* Whether the system saves these registers. */
static bool
saves(unsigned registers)
{
    unsigned a, b, c = 0, d, low, high;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE)) {
        return false;
    }
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & registers) == registers;
}

/* Whether the processor has all of these features. */
static bool
has(unsigned leaf_1, unsigned leaf_7)
{
    unsigned a, b = 0, c = 0, d, unused;

    return __get_cpuid(1, &a, &unused, &c, &d) && (c & leaf_1) == leaf_1
           && __get_cpuid_count(7, 0, &a, &b, &unused, &d) && (b & leaf_7) == leaf_7;
}

bool
has_avx2_and_fma(void)
{
    return has(FMA | AVX, AVX2) && saves(SAVES_YMM);
}

bool
has_avx512(void)
{
    return has(FMA | AVX, AVX2 | AVX512F | AVX512DQ | AVX512BW | AVX512VL) && saves(SAVES_ZMM);
}

#endif
