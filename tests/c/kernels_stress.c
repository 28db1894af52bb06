/*
 * kernels_stress.c: every way in which kernels share memory between threads, with several callers at once while the number of
 * threads changes and calls are interrupted. For ThreadSanitizer, by `make test-tsan`.
 *
 *     ./a.out INSTRUCTION_SET
 *
 * What a caller gets must be, bit for bit, what one thread alone computes. An alarm ends what hangs. Returns 3 where the processor
 * lacks the instructions.
 */
#include "../../csrc/kernels/dispatch.h"
#include "../../csrc/kernels/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CALLERS = 4, ROUNDS = 6, NUMBERS = 1 << 16, UNAVAILABLE = 3 };

/* Numbers for all callers to read, of either dtype. */
static float floats[NUMBERS];
static double doubles[NUMBERS];
static ptrdiff_t labels[NUMBERS];

/* What one caller writes: results side by side. */
struct caller {
    const struct kernels *k;
    const unsigned char *x;
    size_t used;
    _Alignas(64) unsigned char results[16 << 20];
};

static const void *
input(const struct caller *c, ptrdiff_t first)
{
    return c->x + (size_t)first * c->k->itemsize;
}

static void *
output(struct caller *c, ptrdiff_t n, size_t itemsize)
{
    void *out = c->results + c->used;

    c->used += ((size_t)n * itemsize + 63) / 64 * 64;
    CHECK(c->used <= sizeof(c->results));
    return out;
}

static void *
reals(struct caller *c, ptrdiff_t n)
{
    return output(c, n, c->k->itemsize);
}

/* ---- operations ---- */

static void
multiply(struct caller *c, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, int transposed)
{
    const struct gemm_args g = {
        .m = m, .k = k, .n = n,
        .a = input(c, 0), .a_rs = transposed ? 1 : k, .a_cs = transposed ? m : 1,
        .b = input(c, 7), .b_rs = n, .b_cs = 1,
        .c = reals(c, m * n), .c_rs = n,
        .bias = transposed ? NULL : input(c, 3),
    };

    c->k->gemm(&g);
}

static void
products(struct caller *c)
{
    multiply(c, 300, 150, 120, 0);
    multiply(c, 1, 200, 300, 0);        /* thin ones */
    multiply(c, 500, 120, 2, 0);
    multiply(c, 40, 1500, 30, 1);       /* a dW: A is packed, K takes several blocks */
    multiply(c, 260, 150, 300, 1);      /* dozens of panels share the packed A */
}

/* A kernel in memory as the binding lends it, which is cleared afterwards: results alone are kept. */
static void
run_conv(struct caller *c, void (*kernel)(const struct conv_args *), struct conv_args *s, int backward)
{
    const size_t end = c->used;

    s->threads = parallel_num_threads();
    s->memory = output(c, (ptrdiff_t)c->k->conv_memory(s, backward), 1);
    kernel(s);
    memset(c->results + end, 0, c->used - end);
    c->used = end;
}

static void
convolve(struct caller *c, enum after after, int winograd)
{
    struct conv_args s = {
        .win = {.n = 6, .c = 3, .h = 14, .w = 14, .fh = 3, .fw = 3, .stride = 1, .pad = 1, .oh = 14, .ow = 14},
        .after = after, .fn = 10, .x = input(c, 0), .W = input(c, 11), .b = input(c, 5), .dout = input(c, 17),
        .winograd = winograd,
    };

    s.out = reals(c, 6 * 10 * 14 * 14);
    s.dx = reals(c, 6 * 3 * 14 * 14);
    s.dW = reals(c, 10 * 3 * 9);
    s.db = reals(c, 10);
    s.index = output(c, 6 * 7 * 7 * 10, 1);
    run_conv(c, c->k->conv_forward, &s, 0);
    run_conv(c, c->k->conv_backward, &s, 1);
}

static void
convolutions(struct caller *c)
{
    convolve(c, NOTHING, 0);
    convolve(c, NOTHING, 1);
    convolve(c, RELU_AFTER, 0);
    convolve(c, RELU_AND_POOL, 0);
}

static void
rows_and_columns(struct caller *c)
{
    struct column_sum_args sums = {.rows = 300, .cols = 90, .x = input(c, 0), .out = reals(c, 90)};
    struct rows_args rows = {.classes = 30, .x = input(c, 1), .labels = labels, .y = reals(c, 400 * 30), .losses = reals(c, 400)};
    struct batchnorm_args norm = {
        .rows = 200, .cols = 60, .pixels = 1, .momentum = 0.9,
        .x = input(c, 2), .gamma = input(c, 3), .beta = input(c, 4), .running_mean = input(c, 5), .running_var = input(c, 6),
        .out = reals(c, 200 * 60), .xc = reals(c, 200 * 60), .std = reals(c, 60), .new_mean = reals(c, 60),
        .new_var = reals(c, 60),
    };

    parallel_for(90, 32, c->k->column_sum, &sums);
    parallel_for(400, 7, c->k->softmax_with_loss, &rows);
    parallel_for(60, 32, c->k->batchnorm_train, &norm);
}

static void
pooling(struct caller *c)
{
    struct pool_args s = {
        .win = {.n = 4, .c = 6, .h = 16, .w = 16, .fh = 2, .fw = 2, .stride = 2, .pad = 0, .oh = 8, .ow = 8},
        .x = input(c, 0), .dout = input(c, 9), .out = reals(c, 4 * 6 * 64), .dx = reals(c, 4 * 6 * 256),
        .index = output(c, 4 * 6 * 64, sizeof(int32_t)),
    };

    parallel_for(4 * 6 * 64, 50, c->k->pool_forward, &s);
    parallel_for(4 * 6, 1, c->k->pool_backward, &s);
}

static void
work(struct caller *c, int is_double)
{
    c->k = kernels_in_use(is_double);
    c->x = is_double ? (const unsigned char *)doubles : (const unsigned char *)floats;
    memset(c->results, 0, c->used);
    c->used = 0;
    products(c);
    convolutions(c);
    rows_and_columns(c);
    pooling(c);
}

/* ---- callers ---- */

static struct caller alone[2], callers[CALLERS];
static atomic_int working;
static _Thread_local int gives_up;

static bool
give_up(void)
{
    return gives_up;
}

static void *
call(void *arg)
{
    struct caller *c = arg;

    for (int round = 0; round < ROUNDS; round++) {
        const int is_double = round % 2;

        gives_up = round % 3 == 2;      /* then nobody knows what was left out */
        work(c, is_double);
        CHECK(c->used == alone[is_double].used);
        CHECK(gives_up || memcmp(c->results, alone[is_double].results, c->used) == 0);
        parallel_forget_interrupt();
    }
    atomic_fetch_sub(&working, 1);
    return NULL;
}

int
main(int argc, char **argv)
{
    pthread_t threads[CALLERS];

    CHECK(argc == 2);
    if (dispatch_init(argv[1]) < 0) {
        return UNAVAILABLE;
    }
    alarm(1200);
    for (int i = 0; i < NUMBERS; i++) {
        floats[i] = (float)(i * 37 % 101) / 64 - 0.75f;
        doubles[i] = (double)floats[i];
        labels[i] = i % 30;
    }
    parallel_set_interrupt(give_up);
    parallel_set_num_threads(1);
    work(&alone[0], 0);
    work(&alone[1], 1);

    atomic_store(&working, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, call, &callers[i]) == 0);
    }
    for (int n = 0; atomic_load(&working) > 0; n++) {
        parallel_set_num_threads(1 + n % 4);
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    for (int i = 0; i < CALLERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    printf("%s passed\n", argv[1]);
    return 0;
}
