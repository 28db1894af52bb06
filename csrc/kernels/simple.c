/* Every kernel as the formula reads, in plain loops: what the fast ones are tested against (PYNN_CPU=simple), and the
 * place to look a formula up. */
#include "kernels.h"

#include <math.h>

#define VEC_BYTES 16            /* only so that template.h can name its types; nothing here uses vectors */

#define REAL_BITS 32
#include "template.h"
#include "simple_tmpl.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "template.h"
#include "simple_tmpl.h"
#undef REAL_BITS

#define TABLE(SUFFIX, TYPE)                                                     \
    {                                                                           \
        .isa = "simple", .itemsize = sizeof(TYPE),                              \
        .gemm = gemm##SUFFIX,                                                   \
        .column_sum = column_sum##SUFFIX,                                       \
    }

const struct kernels kernels_simple[2] = {TABLE(_f32, float), TABLE(_f64, double)};
