/* One result for each element: the activations of chapter 3, and the layers of chapter 5 both ways. */

#define MAP(NAME, TYPE, FORMULA)                                    \
    static void                                                     \
    FN(map_##NAME)(void *args, ptrdiff_t begin, ptrdiff_t end)      \
    {                                                               \
        const struct elementwise_args *e = args;                    \
        for (ptrdiff_t i = begin; i < end; i++) {                   \
            const real x = ((const real *)e->x)[i];                 \
            ((TYPE *)e->out)[i] = FORMULA;                          \
        }                                                           \
    }

MAP(copy, real, x)                                  /* section 3.4.3 */
MAP(step, int64_t, x > 0 ? 1 : 0)                   /* section 3.2.2 */
MAP(sigmoid, real, FN(sigmoid)(x))                  /* section 3.2.4 */
MAP(sigmoid_grad, real, FN(sigmoid_grad)(x))        /* section 5.5.2 */
MAP(relu, real, x <= 0 ? 0 : x)                     /* section 3.2.7; NaN stays */
MAP(relu_grad, real, x >= 0 ? 1 : 0)
MAP(tanh, real, FN(tanh)(x))                        /* section 6.2.2 */
#undef MAP

/* x + y (section 5.4.2) */
static void
FN(add)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct binary_args *b = args;
    const real *x = b->x, *y = b->y;
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)b->out)[i] = x[i] + y[b->y_is_scalar ? 0 : i];
    }
}

/* x y (section 5.4.1) */
static void
FN(multiply)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct binary_args *b = args;
    const real *x = b->x, *y = b->y;
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)b->out)[i] = x[i] * y[b->y_is_scalar ? 0 : i];
    }
}

/* mask = x <= 0, out = 0 where it is set, else x (section 5.5.1) */
static void
FN(relu_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real x = ((const real *)r->x)[i];
        r->mask[i] = x <= 0;
        ((real *)r->out)[i] = r->mask[i] ? 0 : x;
    }
}

/* dx = 0 where the mask is set, else dout */
static void
FN(relu_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)r->out)[i] = r->mask[i] ? 0 : ((const real *)r->x)[i];
    }
}

/* mask = x <= 0, out = slope x where it is set, else x (Maas et al., 2013) */
static void
FN(leaky_relu_forward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real x = ((const real *)r->x)[i];
        r->mask[i] = x <= 0;
        ((real *)r->out)[i] = r->mask[i] ? (real)r->slope * x : x;
    }
}

/* dx = slope dout where the mask is set, else dout */
static void
FN(leaky_relu_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct relu_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real dout = ((const real *)r->x)[i];
        ((real *)r->out)[i] = r->mask[i] ? (real)r->slope * dout : dout;
    }
}

/* dx = dout (1 - y) y (section 5.5.2) */
static void
FN(sigmoid_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct activation_backward_args *s = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real y = ((const real *)s->y)[i];
        ((real *)s->dx)[i] = ((const real *)s->dout)[i] * (1 - y) * y;
    }
}

/* dx = dout (1 - y^2), whose digits cancel near 1 unless it is a product */
static void
FN(tanh_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct activation_backward_args *s = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real y = ((const real *)s->y)[i];
        ((real *)s->dx)[i] = ((const real *)s->dout)[i] * ((1 - y) * (1 + y));
    }
}
