/* What differs between instruction sets. table.c is compiled once for each; setup.py defines which.
 *
 * A micro-kernel holds a tile of C in registers: mr rows by nv vectors. ACCUMULATORS says how many registers may hold
 * C; the rest hold nv vectors of B and one broadcast element of A. */
#ifndef PYNN_ISA_H
#define PYNN_ISA_H

#if defined(ISA_avx512) && defined(__AVX512F__)        /* 32 registers of 64 bytes: 9 x 3 + 3 + 1 */
#define ISA avx512
#define VEC_BYTES 64
#define ACCUMULATORS 27
#define PANEL_VECTORS 3
#elif defined(ISA_avx2) && defined(__AVX2__)        /* 16 registers of 32 bytes: 4 x 3 + 3 + 1 */
#define ISA avx2
#define VEC_BYTES 32
#define ACCUMULATORS 12
#define PANEL_VECTORS 3
#elif defined(ISA_neon) && defined(__aarch64__)        /* 32 registers of 16 bytes: 8 x 3 + 3 + 1 */
#define ISA neon
#define VEC_BYTES 16
#define ACCUMULATORS 24
#define PANEL_VECTORS 3
#elif defined(ISA_simd128) && defined(__wasm_simd128__)        /* WebAssembly: engines have 16 registers of 16 bytes, no FMA */
#define ISA simd128
#define VEC_BYTES 16
#define ACCUMULATORS 8
#define PANEL_VECTORS 2
#elif defined(ISA_baseline)     /* SSE2, or whatever the compiler's default target has: 16 registers of 16 bytes */
#define ISA baseline
#define VEC_BYTES 16
#define ACCUMULATORS 8          /* without FMA a product needs a register of its own */
#define PANEL_VECTORS 2
#endif

/* Blocking, in bytes so that both dtypes share it. A product's panel of B and block of A stay in the second-level cache
 * (they are read in order, so they come in time), all of a packed block of B in the third; a convolution's filters about
 * fill the first. Operands smaller than PACK_BYTES are not worth packing. */
#define B_PANEL_BYTES (80 * 1024)
#define L1_PANEL_BYTES (40 * 1024)
#define PACK_BYTES (96 * 1024)
#define A_BLOCK_BYTES (256 * 1024)
#define B_BLOCK_BYTES (1024 * 1024)

#endif
