/* Every kernel as the formula reads, in plain loops: what the fast ones are tested against (PYNN_CPU=simple), and the
 * place to look a formula up. */
#include "kernels.h"
#include "parallel.h"
#include "table_entries.h"

#include <math.h>
#include <string.h>

#define VEC_BYTES 16            /* only so that template.h can name its types; nothing here uses vectors */

#define REAL_BITS 32
#include "template.h"
#include "simple_tmpl.h"
#include "simple_math_tmpl.h"
#include "elementwise_tmpl.h"
#include "simple_softmax_tmpl.h"
#include "optimizer_tmpl.h"
#include "simple_conv_tmpl.h"
#include "pool_tmpl.h"
#include "average_tmpl.h"
#include "regularization_tmpl.h"
#include "channelnorm_tmpl.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "template.h"
#include "simple_tmpl.h"
#include "simple_math_tmpl.h"
#include "elementwise_tmpl.h"
#include "simple_softmax_tmpl.h"
#include "optimizer_tmpl.h"
#include "simple_conv_tmpl.h"
#include "pool_tmpl.h"
#include "average_tmpl.h"
#include "regularization_tmpl.h"
#include "channelnorm_tmpl.h"
#include "perturb_tmpl.h"
#include "simple_numgrad_tmpl.h"
#undef REAL_BITS

const struct kernels kernels_simple[2] = {TABLE("simple", _f32, float), TABLE("simple", _f64, double)};
