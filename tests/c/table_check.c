/*
 * table_check.c: one table of kernels against plain loops, for platforms on which no Python runs the tests.
 *
 *     cc -O3 -std=gnu11 -DCHECKED=kernels_neon -DISA_neon tests/c/table_check.c csrc/kernels/{table,simple,rows,parallel,scratch}.c ...
 *
 * tools/harness.py compiles it for WebAssembly and others. Products within the bound of the order in which nobody knows that they
 * add up, |error| <= 2 k u |A| |B|, and so are convolutions; sigmoid and tanh within 4 u of the C library's.
 */
#include "../../csrc/kernels/kernels.h"
#include "../../csrc/kernels/parallel.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct kernels CHECKED[2];

enum { LARGEST = 210 * 210 };
static double a[LARGEST], b[LARGEST], bias[210];
static float a_32[LARGEST], b_32[LARGEST], bias_32[210];
static double c[LARGEST];
static float c_32[LARGEST];

/* Numbers in [-1, 1] that a float holds, so that both dtypes multiply the same ones. */
static double
draw(void)
{
    static unsigned state = 1;

    state = state * 1664525u + 1013904223u;
    return (double)((int)(state >> 9) - (1 << 22)) / (1 << 22);
}

static void
fail(const char *what, ptrdiff_t i, double got, double due)
{
    printf("%s: element %td is %.17g but should be %.17g\n", what, i, got, due);
    exit(1);
}

/* (m, k) @ (k, n) + bias; `turned` says which operands lie transposed: 1 for a, 2 for b. */
static void
check_product(int is_double, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int turned)
{
    struct gemm_args args = {.m = m, .n = n, .k = k, .c_rs = n};
    const double unit = is_double ? DBL_EPSILON / 2 : FLT_EPSILON / 2;

    args.a = is_double ? (void *)a : (void *)a_32;
    args.b = is_double ? (void *)b : (void *)b_32;
    args.c = is_double ? (void *)c : (void *)c_32;
    args.bias = is_double ? (void *)bias : (void *)bias_32;
    args.a_rs = turned & 1 ? 1 : k;
    args.a_cs = turned & 1 ? m : 1;
    args.b_rs = turned & 2 ? 1 : n;
    args.b_cs = turned & 2 ? k : 1;
    CHECKED[is_double].gemm(&args);
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t j = 0; j < n; j++) {
            double sum = bias[j], size = fabs(bias[j]);

            for (ptrdiff_t l = 0; l < k; l++) {
                const double term = a[i * args.a_rs + l * args.a_cs] * b[l * args.b_rs + j * args.b_cs];
                sum += term;
                size += fabs(term);
            }
            const double got = is_double ? c[i * n + j] : (double)c_32[i * n + j];
            if (!(fabs(got - sum) <= 2 * (double)(k + 1) * unit * size)) {
                fail("product", i * n + j, got, sum);
            }
        }
    }
}

static void
check_function(const char *name, enum elementwise which, int is_double, double (*f)(double))
{
    struct elementwise_args args = {.x = is_double ? (void *)a : (void *)a_32, .out = is_double ? (void *)c : (void *)c_32};
    const double unit = is_double ? DBL_EPSILON / 2 : FLT_EPSILON / 2;

    CHECKED[is_double].elementwise[which](&args, 0, LARGEST);
    for (ptrdiff_t i = 0; i < LARGEST; i++) {
        const double got = is_double ? c[i] : (double)c_32[i], due = f(a[i]);
        if (!(fabs(got - due) <= 4 * unit * fabs(due) + DBL_MIN)) {
            fail(name, i, got, due);
        }
    }
}

enum { IMAGES = 3, CHANNELS = 16, FILTERS = 17, SIDE = 12, OUTPUTS = IMAGES * FILTERS * SIDE * SIDE, TERMS = 9 * CHANNELS };
static double exact[OUTPUTS], sizes[OUTPUTS];

/* Filters of 3x3 over images with a margin of 1. */
static void
convolve(const struct kernels *kernels, int winograd, const void *x, const void *W, const void *shift, void *out)
{
    struct conv_args args = {
        .win = {.n = IMAGES, .c = CHANNELS, .h = SIDE, .w = SIDE, .fh = 3, .fw = 3, .stride = 1, .pad = 1, .oh = SIDE, .ow = SIDE},
        .fn = FILTERS, .x = x, .W = W, .b = shift, .out = out, .winograd = winograd, .threads = parallel_num_threads(),
    };

    args.memory = aligned_alloc(64, (kernels->conv_memory(&args, 0) / 64 + 1) * 64);
    if (args.memory == NULL) {
        printf("no memory for a convolution\n");
        exit(1);
    }
    kernels->conv_forward(&args);
    free(args.memory);
}

/* The formula in double precision, and the same of the magnitudes. */
static void
convolve_exactly(void)
{
    static double x[LARGEST], W[LARGEST], shift[FILTERS];

    for (int i = 0; i < LARGEST; i++) {
        x[i] = fabs(a[i]);
        W[i] = fabs(b[i]);
    }
    for (int i = 0; i < FILTERS; i++) {
        shift[i] = fabs(bias[i]);
    }
    convolve(&kernels_simple[1], 0, a, b, bias, exact);
    convolve(&kernels_simple[1], 0, x, W, shift, sizes);
}

/* The root mean square of a road's errors; those of the direct one are within the bound of a product. */
static double
check_convolution(int is_double, int winograd)
{
    const double unit = is_double ? DBL_EPSILON / 2 : FLT_EPSILON / 2;
    double squares = 0;

    convolve(&CHECKED[is_double], winograd, is_double ? (void *)a : (void *)a_32, is_double ? (void *)b : (void *)b_32,
             is_double ? (void *)bias : (void *)bias_32, is_double ? (void *)c : (void *)c_32);
    for (ptrdiff_t i = 0; i < OUTPUTS; i++) {
        const double got = is_double ? c[i] : (double)c_32[i], error = fabs(got - exact[i]);
        if (!winograd && !(error <= 2 * (TERMS + 1) * unit * sizes[i])) {
            fail("convolution", i, got, exact[i]);
        }
        squares += error * error;
    }
    return sqrt(squares / OUTPUTS);
}

/* Both roads. Errors of Winograd's are four times those of the direct one at most, and others: tests/test_winograd.py. */
static void
check_convolutions(void)
{
    convolve_exactly();
    check_convolution(1, 0);
    const double direct = check_convolution(0, 0), winograd = check_convolution(0, 1);
    if (!(direct < winograd && winograd < 4 * direct)) {
        fail("Winograd's convolution: the error", 0, winograd, 4 * direct);
    }
}

static double
sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

int
main(void)
{
    static const ptrdiff_t shapes[][3] = {{1, 1, 1}, {1, 50, 200}, {3, 5, 7}, {100, 10, 50}, {100, 50, 200}, {37, 210, 200},
                                          {210, 200, 64}, {200, 3, 210}};
    int products = 0;

    for (ptrdiff_t i = 0; i < LARGEST; i++) {
        a[i] = a_32[i] = (float)draw();
        b[i] = b_32[i] = (float)draw();
    }
    for (int i = 0; i < 210; i++) {
        bias[i] = bias_32[i] = (float)draw();
    }
    for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        for (int turned = 0; turned < 4; turned++) {
            for (int is_double = 0; is_double < 2; is_double++, products++) {
                check_product(is_double, shapes[s][0], shapes[s][1], shapes[s][2], turned);
            }
        }
    }
    for (int is_double = 0; is_double < 2; is_double++) {
        check_function("sigmoid", SIGMOID, is_double, sigmoid);
        check_function("tanh", TANH, is_double, tanh);
    }
    check_convolutions();
    printf("%s: %d products, 4 functions of %d numbers and 3 convolutions are right, on %d threads\n", CHECKED[0].isa, products, LARGEST,
           parallel_num_threads());
    return 0;
}
