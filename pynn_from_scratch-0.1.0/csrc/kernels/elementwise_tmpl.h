/* One result per element, as loops that the compiler vectorizes. */

#define MAP(NAME, TYPE, FORMULA)                                    \
    static void                                                     \
    FN(map_##NAME)(void *args, ptrdiff_t begin, ptrdiff_t end)            \
    {                                                               \
        const struct elementwise_args *e = args;                    \
        const real *restrict x_ = e->x;                             \
        TYPE *restrict out = e->out;                                \
        for (ptrdiff_t i = begin; i < end; i++) {                   \
            const real x = x_[i];                                   \
            out[i] = FORMULA;                                       \
        }                                                           \
    }

MAP(copy, real, x)
MAP(step, int64_t, x > 0)
MAP(relu, real, x <= 0 ? 0 : x)
MAP(relu_grad, real, x >= 0)
MAP(sigmoid, real, FN(sigmoid)(x))
MAP(sigmoid_grad, real, FN(sigmoid_grad)(x))
MAP(tanh, real, FN(tanh)(x))
#undef MAP

static void
FN(add)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct binary_args *b = args;
    const real *restrict x = b->x, *restrict y = b->y;
    real *restrict out = b->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        out[i] = x[i] + (b->y_is_scalar ? y[0] : y[i]);
    }
}

static void
FN(multiply)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct binary_args *b = args;
    const real *restrict x = b->x, *restrict y = b->y;
    real *restrict out = b->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        out[i] = x[i] * (b->y_is_scalar ? y[0] : y[i]);
    }
}

static void
FN(relu_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    const real *restrict x = r->x;
    unsigned char *restrict mask = r->mask;
    real *restrict out = r->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        mask[i] = x[i] <= 0;
        out[i] = x[i] <= 0 ? 0 : x[i];
    }
}

static void
FN(relu_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    const real *restrict dout = r->x;
    const unsigned char *restrict mask = r->mask;
    real *restrict dx = r->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        dx[i] = mask[i] ? 0 : dout[i];
    }
}

/* slope x where x <= 0 */
static void
FN(leaky_relu_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    const real *restrict x = r->x, slope = (real)r->slope;
    unsigned char *restrict mask = r->mask;
    real *restrict out = r->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        mask[i] = x[i] <= 0;
        out[i] = x[i] <= 0 ? slope * x[i] : x[i];
    }
}

static void
FN(leaky_relu_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    const real *restrict dout = r->x, slope = (real)r->slope;
    const unsigned char *restrict mask = r->mask;
    real *restrict dx = r->out;
    for (ptrdiff_t i = begin; i < end; i++) {
        dx[i] = mask[i] ? slope * dout[i] : dout[i];
    }
}

static void
FN(sigmoid_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct activation_backward_args *s = args;
    const real *restrict dout = s->dout, *restrict y = s->y;
    real *restrict dx = s->dx;
    for (ptrdiff_t i = begin; i < end; i++) {
        dx[i] = dout[i] * (1 - y[i]) * y[i];
    }
}

static void
FN(tanh_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct activation_backward_args *s = args;
    const real *restrict dout = s->dout, *restrict y = s->y;
    real *restrict dx = s->dx;
    for (ptrdiff_t i = begin; i < end; i++) {
        dx[i] = dout[i] * ((1 - y[i]) * (1 + y[i]));    /* 1 - y^2 without the cancellation near 1 */
    }
}
