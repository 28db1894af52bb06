#include "dispatch.h"
#include "../platform/processors.h"

#include <stdatomic.h>
#include <string.h>

extern const struct kernels kernels_baseline[2];
#if defined(__x86_64__)
extern const struct kernels kernels_avx512[2], kernels_avx2[2];
#elif defined(__aarch64__)
extern const struct kernels kernels_neon[2];
#elif defined(__wasm__)
extern const struct kernels kernels_simd128[2];
#endif

static bool
always(void)
{
    return true;
}

/* Best first; `simple` is never chosen unasked. */
static const struct {
    const char *name;
    const struct kernels *tables;
    bool (*available)(void);
} sets[] = {
#if defined(__x86_64__)
    {"avx512", kernels_avx512, has_avx512},
    {"avx2", kernels_avx2, has_avx2_and_fma},
#elif defined(__aarch64__)
    {"neon", kernels_neon, always},
#elif defined(__wasm__)
    {"simd128", kernels_simd128, always},
#endif
    {"baseline", kernels_baseline, always},
    {"simple", kernels_simple, always},
};

#define N_SETS ((int)(sizeof(sets) / sizeof(sets[0])))

static const struct kernels *_Atomic in_use = kernels_simple;      /* one thread may choose while others compute */

int
dispatch_init(const char *name)
{
    for (int i = 0; i < N_SETS; i++) {
        if ((name == NULL || strcmp(name, sets[i].name) == 0) && sets[i].available()) {
            in_use = sets[i].tables;
            return 0;
        }
    }
    return -1;
}

const struct kernels *
kernels_in_use(int is_double)
{
    return &atomic_load_explicit(&in_use, memory_order_relaxed)[is_double];
}

const char *
dispatch_built(int i)
{
    return i < N_SETS ? sets[i].name : NULL;
}

int
dispatch_available(const char *name)
{
    for (int i = 0; i < N_SETS; i++) {
        if (strcmp(name, sets[i].name) == 0) {
            return sets[i].available();
        }
    }
    return 0;
}
