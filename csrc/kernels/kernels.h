/* The contract of every kernel: what the bindings may call, and what a table must offer.
 *
 * There is one table per instruction set and dtype, filled by table.c (fast) and simple.c (the formula in plain
 * loops). Pointers are untyped because the table already knows its dtype. Unless a comment says otherwise arrays are
 * C-contiguous, strides count elements, and outputs do not overlap inputs.
 *
 * Kernels know nothing of Python, never fail and never allocate: their memory is the caller's or the thread's scratch.
 */
#ifndef PYNN_KERNELS_H
#define PYNN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Most kernels are serial code for elements (or rows) [begin, end) of their arguments. Whoever calls one decides
 * whether to split the range over threads: no kernel of this type starts any, and none depends on the split. */
typedef void range_kernel(void *args, ptrdiff_t begin, ptrdiff_t end);

/* C = A B + bias: A is m x k, B is k x n, C is m x n with contiguous columns.
 * A matrix is a pointer, a row stride and a column stride, so a transpose is two strides swapped. */
struct gemm_args {
    ptrdiff_t m, n, k;
    const void *a;
    ptrdiff_t a_rs, a_cs;
    const void *b;
    ptrdiff_t b_rs, b_cs;
    void *c;
    ptrdiff_t c_rs;
    const void *bias;           /* n values added to every row, or NULL */
};

/* out[i] = f(x[i]) */
enum elementwise { COPY, STEP, SIGMOID, SIGMOID_GRAD, RELU, RELU_GRAD, TANH, ELEMENTWISE_KERNELS };

struct elementwise_args {
    const void *x;
    void *out;                  /* int64 for STEP */
};

/* out[i] = x[i] + y[i], or x[i] y[i] */
enum binary { ADD, MULTIPLY, BINARY_KERNELS };

struct binary_args {
    const void *x, *y;
    int y_is_scalar;            /* one y for every x */
    void *out;
};

/* The layers Relu and LeakyRelu, both ways: forward out = max(0, x) and mask = x <= 0, backward out = mask ? 0 : x; a leaky
 * one has slope x in place of 0. */
struct relu_args {
    const void *x;
    unsigned char *mask;
    void *out;
    double slope;
};

/* The layers Sigmoid and Tanh backward, from what they returned: dx = dout (1 - y) y, dx = dout (1 - y^2). */
struct activation_backward_args {
    const void *dout, *y;
    void *dx;
};

/* Rows of `classes` values, and what is wanted of each: one class (labels), or a value for every class (t). */
struct rows_args {
    ptrdiff_t classes;
    const void *x;
    const ptrdiff_t *labels;
    const void *t;
    void *y;                    /* as large as x */
    void *losses;               /* one per row */
    double scale;
};

/* Sums of (y - t)^2 over blocks of SQUARES elements; the last may be shorter. */
#define SQUARES 1024

struct squares_args {
    ptrdiff_t n;
    const void *y, *t;
    void *sums;
};

/* One step of an optimizer, in place. */
enum rule { SGD, MOMENTUM, NESTEROV, ADAGRAD, RMSPROP, ADAM, ADAMW, RULES };

struct update_args {
    void *param;
    const void *grad;           /* may be param itself, but not overlap it otherwise */
    void *state[2];
    double rate[4];             /* the learning rate and the rule's other numbers */
};

/* Windows that slide over images: n images of c planes of h x w pixels, with `pad` rows and columns of zeros around;
 * oh x ow windows of fh x fw pixels, `stride` apart. */
struct windows {
    ptrdiff_t n, c, h, w, fh, fw, stride, pad, oh, ow;
};

/* What is computed together with a convolution: nothing, ReLU, or ReLU and max-pooling of 2x2 windows, 2 apart. */
enum after { NOTHING, RELU_AFTER, RELU_AND_POOL };

struct conv_args {
    struct windows win;
    enum after after;
    ptrdiff_t fn;                       /* filters */
    const void *x, *W, *b, *dout;       /* n c h w; fn c fh fw; fn; as out */
    int x_last, out_last, dout_last;    /* whether the channels come last in memory, in dx as in x */
    void *out, *dx, *dW, *db;           /* out: n fn oh ow, or what pooling leaves; dx is NULL where nobody needs it */
    uint8_t *index;                     /* which of its four pixels pooling took: n, oh / 2, ow / 2, fn */
    int winograd;                       /* whether 3x3 filters may go the way of fewer multiplications, for less precision */

    /* What conv_memory asks for, aligned to cache lines, for as many threads. */
    void *memory;
    int threads;
};

struct pool_args {
    struct windows win;
    const void *x, *dout;
    void *out, *dx;
    int32_t *index;                     /* of the largest pixel within its window, as out */
};

/* The mean of every window, whose pixels outside of the image are zeros. */
struct average_args {
    struct windows win;
    const void *x, *dout;
    void *out, *dx;
};

struct im2col_args {
    struct windows win;
    void *image, *col;                  /* n c h w; n oh ow x c fh fw */
};

/* x is rows x cols x pixels; what has one value a column is 1-D. Kernels of columns take pixels to be 1. */
struct batchnorm_args {
    ptrdiff_t rows, cols, pixels;
    double momentum;
    const void *x, *gamma, *beta, *running_mean, *running_var, *dout;
    void *out, *xc, *std, *new_mean, *new_var, *dx, *dgamma, *dbeta;
};

/* The layer Dropout: out[i] = x[i] mask[i], where mask is 0 or 1. */
struct dropout_args {
    const void *x;
    const unsigned char *mask;
    void *out;
};

/* How the mean loss of a network moves with the weights of one affine layer z = x W + b, a = f(z), that is followed by
 * logits = a V + ...: dW and db gain scale (sum of log-likelihoods at w + h - the same at w - h). numgrad_tmpl.h derives
 * the formulas. */
#define NUMGRAD_SAMPLES 512     /* at most, in one call */
#define NUMGRAD_INPUTS 2048

struct numgrad_args {
    ptrdiff_t samples, inputs, columns, classes;
    const double *x;            /* samples x inputs */
    ptrdiff_t x_rs;
    const double *z;            /* samples x columns */
    enum elementwise f;         /* RELU, SIGMOID, or COPY with z = 0 for the last layer */
    const double *v;            /* columns x classes */
    const double *logits;       /* samples x classes */
    const ptrdiff_t *labels;    /* either these */
    const double *t;            /* or samples x classes */
    double h, scale;
    double *dW;                 /* inputs x columns */
    double *db;                 /* or NULL */

    /* What numgrad_pack prepares for numgrad, where samples are rounded up to a multiple of 8. */
    double *x_packed;           /* samples (inputs + 1) */
    int32_t *index;             /* as many */
    double *logits_packed, *y_packed;   /* samples x classes */
    ptrdiff_t *count;           /* samples */
    double *largest;
};

/* Layers further from the loss: first how far each weight of a column of z = x W + b moves f(z), ... */
struct perturb_column_args {
    ptrdiff_t samples, inputs;  /* input number `inputs` is 1: the bias */
    const double *x;
    ptrdiff_t x_rs;
    const double *z;            /* one column of it */
    ptrdiff_t z_rs;
    enum elementwise f;
    double h;
    double *up, *down;          /* inputs x samples */
};

/* ... then, where that is not 0, one sample of it in the next layer. */
struct perturbation {
    ptrdiff_t sample, column;   /* f(z)[sample, column] moves by d, and with it the loss; */
    double d;
    double *derivative;         /* that change times factor belongs here */
    double factor;
};

struct perturb_rows_args {
    ptrdiff_t cols;
    const struct perturbation *changes;
    const double *z, *W;        /* samples x cols, columns x cols: of the next layer */
    enum elementwise f;
    double *a;                  /* a row for each change */
};

/* The product climbed in steps, for whoever reads the kernels: A is m x k, B is k x n, C is m x n, all C-contiguous. */
#define TOUR_STEPS 7

struct tour_args {
    ptrdiff_t m, n, k;
    const void *a, *b;
    void *c;
};

struct kernels {
    const char *isa;
    size_t itemsize;

    /* Step 0 to TOUR_STEPS - 1 of the tour; TOUR_STEPS measures the peak. Returns the number of multiplications and
     * additions. */
    double (*tour)(int step, const struct tour_args *args);

    /* C = A B + bias; spreads itself over the pool. */
    void (*gemm)(const struct gemm_args *args);

    /* out[j] = sum over rows of x[:, j]; the range is columns. struct column_sum_args */
    range_kernel *column_sum;

    /* The sum of n values: pairwise, in double precision. */
    double (*sum)(const void *x, ptrdiff_t n);

    range_kernel *elementwise[ELEMENTWISE_KERNELS];     /* struct elementwise_args */
    range_kernel *widen;                                /* struct elementwise_args: x is float32, out float64 */
    range_kernel *binary[BINARY_KERNELS];               /* struct binary_args */
    range_kernel *relu_forward, *relu_backward;         /* struct relu_args */
    range_kernel *leaky_relu_forward, *leaky_relu_backward;
    range_kernel *activation_backward[ELEMENTWISE_KERNELS];     /* SIGMOID and TANH; struct activation_backward_args */

    /* struct rows_args; the range is rows. */
    range_kernel *softmax;                      /* y = softmax(x) */
    range_kernel *softmax_with_loss;            /* and losses = -sum t log(y + 1e-7) */
    range_kernel *softmax_with_loss_backward;   /* y = scale (x - t), where x is what softmax gave */
    range_kernel *cross_entropy_error;          /* losses = -sum t log(x + 1e-7) */
    range_kernel *cross_entropy;                /* losses = -sum t log x, with 0 log x = 0 */

    range_kernel *squares;                      /* struct squares_args; the range is blocks */

    range_kernel *update[RULES];                /* struct update_args */

    /* Convolution: both ways spread themselves over the pool, in memory of so many bytes. */
    size_t (*conv_memory)(const struct conv_args *args, int backward);
    void (*conv_forward)(const struct conv_args *args);
    void (*conv_backward)(const struct conv_args *args);

    /* Max-pooling, where the range is windows, and its gradient, where it is planes of x. struct pool_args */
    range_kernel *pool_forward, *pool_backward;

    /* Average pooling, where the range is rows of windows, and its gradient, where it is planes. struct average_args */
    range_kernel *average_forward, *average_backward;

    /* The patches of a range of n oh rows of windows; the sum of patches on a range of n c planes. struct im2col_args */
    range_kernel *im2col, *col2im;

    /* Batch normalization of columns; of columns that have many pixels: channels. The range is columns.
     * struct batchnorm_args */
    range_kernel *batchnorm_train, *batchnorm_test, *batchnorm_backward;
    range_kernel *channelnorm_train, *channelnorm_test, *channelnorm_backward;

    range_kernel *dropout;      /* struct dropout_args */

    /* struct numgrad_args; double precision in both tables. */
    range_kernel *numgrad_pack;                 /* the range is samples in eights, the last of them incomplete */
    range_kernel *numgrad;                      /* after numgrad_pack; the range is columns */
    range_kernel *perturb_column;               /* struct perturb_column_args; the range is inputs */
    range_kernel *perturb_rows;                 /* struct perturb_rows_args; the range is rows of a */
};

/* Every kernel as its formula, for float32 and float64; the fast tables leave to it what only the formula does. */
extern const struct kernels kernels_simple[2];

struct column_sum_args {
    ptrdiff_t rows, cols;
    const void *x;
    void *out;
};

#endif
