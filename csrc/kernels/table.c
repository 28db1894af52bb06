/* The fast kernels of one instruction set. setup.py compiles this file once for each of them. */
#include "isa.h"
#ifdef ISA                      /* absent where the compiler's target is another architecture */
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"
#include "table_entries.h"

#include <math.h>
#include <string.h>

#define REAL_BITS 32
#include "template.h"
#include "pack_tmpl.h"
#include "microkernel_tmpl.h"
#include "thin_tmpl.h"
#include "gemm_plan_tmpl.h"
#include "gemm_turned_tmpl.h"
#include "gemm_small_tmpl.h"
#include "gemm_tmpl.h"
#include "reduce_tmpl.h"
#include "math_tmpl.h"
#include "elementwise_tmpl.h"
#include "softmax_tmpl.h"
#include "optimizer_tmpl.h"
#include "image_tmpl.h"
#include "conv_plan_tmpl.h"
#include "conv_tmpl.h"
#include "conv_pooled_tmpl.h"
#include "conv_backward_tmpl.h"
#include "winograd_tmpl.h"
#include "conv_winograd_tmpl.h"
#include "winograd_forward_tmpl.h"
#include "winograd_backward_tmpl.h"
#include "conv_roads_tmpl.h"
#include "pool_tmpl.h"
#include "average_tmpl.h"
#include "regularization_tmpl.h"
#include "channelnorm_tmpl.h"
#include "tour_tmpl.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "template.h"
#include "pack_tmpl.h"
#include "microkernel_tmpl.h"
#include "thin_tmpl.h"
#include "gemm_plan_tmpl.h"
#include "gemm_turned_tmpl.h"
#include "gemm_small_tmpl.h"
#include "gemm_tmpl.h"
#include "reduce_tmpl.h"
#include "math_tmpl.h"
#include "elementwise_tmpl.h"
#include "softmax_tmpl.h"
#include "optimizer_tmpl.h"
#include "image_tmpl.h"
#include "conv_plan_tmpl.h"
#include "conv_tmpl.h"
#include "conv_pooled_tmpl.h"
#include "conv_backward_tmpl.h"
#include "winograd_tmpl.h"
#include "conv_winograd_tmpl.h"
#include "winograd_forward_tmpl.h"
#include "winograd_backward_tmpl.h"
#include "conv_roads_tmpl.h"
#include "pool_tmpl.h"
#include "average_tmpl.h"
#include "regularization_tmpl.h"
#include "channelnorm_tmpl.h"
#include "tour_tmpl.h"
#include "perturb_tmpl.h"
#include "numgrad_tmpl.h"
#undef REAL_BITS

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const struct kernels PYNN_PASTE(kernels_, ISA)[2] = {TABLE(TEXT(ISA), _f32, float), TABLE(TEXT(ISA), _f64, double)};

#endif
