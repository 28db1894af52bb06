/* Every kernel as its formula reads, in plain loops that nobody made fast: what the fast ones are tested against
 * (PYNN_CPU=simple), and the place to look a formula up. */
#include "kernels.h"
#include "parallel.h"
#include "table_entries.h"

#include <math.h>
#include <string.h>

#define REAL_BITS 32
#include "real.h"
#include "simple_tmpl.h"
#include "simple_math_tmpl.h"
#include "simple_elementwise_tmpl.h"
#include "simple_softmax_tmpl.h"
#include "simple_optimizer_tmpl.h"
#include "simple_conv_tmpl.h"
#include "simple_pool_tmpl.h"
#include "simple_norm_tmpl.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "real.h"
#include "simple_tmpl.h"
#include "simple_math_tmpl.h"
#include "simple_elementwise_tmpl.h"
#include "simple_softmax_tmpl.h"
#include "simple_optimizer_tmpl.h"
#include "simple_conv_tmpl.h"
#include "simple_pool_tmpl.h"
#include "simple_norm_tmpl.h"
#include "simple_perturb_tmpl.h"
#include "simple_numgrad_tmpl.h"
#undef REAL_BITS

const struct kernels kernels_simple[2] = {TABLE("simple", _f32, float), TABLE("simple", _f64, double)};
