/* The fast kernels of one instruction set. setup.py compiles this file once for each of them. */
#include "isa.h"
#ifdef ISA                      /* absent where the compiler's target is another architecture */
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"

#include <math.h>
#include <string.h>

#define REAL_BITS 32
#include "template.h"
#include "microkernel_tmpl.h"
#include "pack_tmpl.h"
#include "thin_tmpl.h"
#include "gemm_tmpl.h"
#include "reduce_tmpl.h"
#include "math_tmpl.h"
#include "elementwise_tmpl.h"
#include "softmax_tmpl.h"
#include "optimizer_tmpl.h"
#include "conv_tmpl.h"
#include "conv_backward_tmpl.h"
#include "pool_tmpl.h"
#include "regularization_tmpl.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "template.h"
#include "microkernel_tmpl.h"
#include "pack_tmpl.h"
#include "thin_tmpl.h"
#include "gemm_tmpl.h"
#include "reduce_tmpl.h"
#include "math_tmpl.h"
#include "elementwise_tmpl.h"
#include "softmax_tmpl.h"
#include "optimizer_tmpl.h"
#include "conv_tmpl.h"
#include "conv_backward_tmpl.h"
#include "pool_tmpl.h"
#include "regularization_tmpl.h"
#include "perturb_tmpl.h"
#include "numgrad_tmpl.h"
#undef REAL_BITS

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define TABLE(SUFFIX, TYPE)                                                     \
    {                                                                           \
        .isa = TEXT(ISA), .itemsize = sizeof(TYPE),                             \
        .gemm = gemm##SUFFIX,                                                   \
        .column_sum = column_sum##SUFFIX,                                       \
        .sum = sum##SUFFIX,                                                     \
        .elementwise = {                                                        \
            [COPY] = map_copy##SUFFIX, [STEP] = map_step##SUFFIX,               \
            [SIGMOID] = map_sigmoid##SUFFIX,                                    \
            [SIGMOID_GRAD] = map_sigmoid_grad##SUFFIX,                          \
            [RELU] = map_relu##SUFFIX, [RELU_GRAD] = map_relu_grad##SUFFIX,     \
            [TANH] = map_tanh##SUFFIX,                                          \
        },                                                                      \
        .binary = {[ADD] = add##SUFFIX, [MULTIPLY] = multiply##SUFFIX},         \
        .relu_forward = relu_forward##SUFFIX,                                   \
        .relu_backward = relu_backward##SUFFIX,                                 \
        .sigmoid_backward = sigmoid_backward##SUFFIX,                           \
        .softmax = softmax##SUFFIX,                                             \
        .softmax_with_loss = softmax_with_loss##SUFFIX,                         \
        .softmax_with_loss_backward = softmax_with_loss_backward##SUFFIX,       \
        .cross_entropy_error = cross_entropy_error##SUFFIX,                     \
        .cross_entropy = cross_entropy##SUFFIX,                                 \
        .squares = squares##SUFFIX,                                             \
        .update = {                                                             \
            [SGD] = sgd##SUFFIX, [MOMENTUM] = momentum##SUFFIX,                 \
            [NESTEROV] = nesterov##SUFFIX, [ADAGRAD] = adagrad##SUFFIX,         \
            [RMSPROP] = rmsprop##SUFFIX, [ADAM] = adam##SUFFIX,                 \
        },                                                                      \
        .conv_plan = conv_plan##SUFFIX, .conv_pack = conv_pack##SUFFIX,         \
        .conv_forward = conv_forward##SUFFIX,                                   \
        .conv_backward = conv_backward##SUFFIX, .conv_sum = conv_sum##SUFFIX,   \
        .conv_unpack = conv_unpack##SUFFIX,                                     \
        .pool_forward = pool_forward##SUFFIX,                                   \
        .pool_backward = pool_backward##SUFFIX,                                 \
        .im2col = im2col##SUFFIX, .col2im = col2im##SUFFIX,                     \
        .batchnorm_train = batchnorm_train##SUFFIX,                             \
        .batchnorm_test = batchnorm_test##SUFFIX,                               \
        .batchnorm_backward = batchnorm_backward##SUFFIX,                       \
        .dropout = dropout##SUFFIX,                                             \
        .numgrad_pack = numgrad_pack_f64,                                       \
        .numgrad = numgrad_f64,                                                 \
        .perturb_column = perturb_column_f64,                                   \
        .perturb_rows = perturb_rows_f64,                                       \
    }

const struct kernels PYNN_PASTE(kernels_, ISA)[2] = {TABLE(_f32, float), TABLE(_f64, double)};

#endif
