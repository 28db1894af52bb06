/* The fast kernels of one instruction set. setup.py compiles this file once for each of them. */
#include "isa.h"
#ifdef ISA                      /* absent where the compiler's target is another architecture */
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"

#define REAL_BITS 32
#include "template.h"
#include "microkernel_tmpl.h"
#include "pack_tmpl.h"
#include "thin_tmpl.h"
#include "gemm_tmpl.h"
#include "reduce_tmpl.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "template.h"
#include "microkernel_tmpl.h"
#include "pack_tmpl.h"
#include "thin_tmpl.h"
#include "gemm_tmpl.h"
#include "reduce_tmpl.h"
#undef REAL_BITS

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define TABLE(SUFFIX, TYPE)                                                     \
    {                                                                           \
        .isa = TEXT(ISA), .itemsize = sizeof(TYPE),                             \
        .gemm = gemm##SUFFIX,                                                   \
        .column_sum = column_sum##SUFFIX,                                       \
    }

const struct kernels PYNN_PASTE(kernels_, ISA)[2] = {TABLE(_f32, float), TABLE(_f64, double)};

#endif
