/* How a thread rounds, and whether it takes subnormal numbers for 0: bits of a register of its own. */
#ifndef PYNN_FPMODE_H
#define PYNN_FPMODE_H

#include <stdint.h>

#if defined(__x86_64__)
#define FPMODE_BITS 0xe040u         /* of MXCSR: flush to zero, rounding, denormals are zero */

static inline uint64_t
fpmode(void)
{
    return __builtin_ia32_stmxcsr() & FPMODE_BITS;
}

static inline void
set_fpmode(uint64_t mode)
{
    const unsigned now = __builtin_ia32_stmxcsr();
    if ((now & FPMODE_BITS) != mode) {
        __builtin_ia32_ldmxcsr((now & ~FPMODE_BITS) | (unsigned)mode);
    }
}

#elif defined(__aarch64__)

static inline uint64_t
fpmode(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}

static inline void
set_fpmode(uint64_t mode)
{
    if (fpmode() != mode) {
        __asm__ volatile("msr fpcr, %0" : : "r"(mode));
    }
}

#else                               /* whatever the thread began with */

static inline uint64_t
fpmode(void)
{
    return 0;
}

static inline void
set_fpmode(uint64_t mode)
{
    (void)mode;
}

#endif
#endif
