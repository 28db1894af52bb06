/* The update rules of section 6.1, one pass over a parameter each. */

#define EPSILON R(1e-7)         /* the book's, against a division by zero */

/* A parameter that other threads have read, as in a forward pass, is asked for some lines ahead: a line that is loaded first and
 * then stored waits for them twice. */
#define BLOCK (2048 / (ptrdiff_t)sizeof(real))

inline_always void
FN(in_blocks)(range_kernel *rule, void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const real *W = ((const struct update_args *)args)->param;
    for (ptrdiff_t i = begin; i < end; i += BLOCK) {
        const ptrdiff_t stop = min_(i + BLOCK, end);
        for (ptrdiff_t j = i; j < stop; j += 64 / (ptrdiff_t)sizeof(real)) {
            fetch_to_write(W + j);
        }
        rule(args, i, stop);
    }
}

/* A state that fades, as where a pixel is black in every batch, ends at 0. Left alone it would stay subnormal for ever, since 0.9 times
 * the smallest numbers rounds to themselves, and Intel's processors take a hundred cycles for each; no parameter would notice it. */
static inline real
FN(faded)(real state)
{
    return LIBM(fabs)(state) < NORMAL ? 0 : state;
}

/* W := W - lr dW (section 6.1.2) */
inline_always void
FN(sgd_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param;
    const real *g = u->grad, lr = (real)u->rate[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        W[i] -= lr * g[i];
    }
}

/* v := momentum v - lr dW, W := W + v (section 6.1.4) */
inline_always void
FN(momentum_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *v = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0], momentum = (real)u->rate[1];
    for (ptrdiff_t i = begin; i < end; i++) {
        v[i] = FN(faded)(momentum * v[i] - lr * g[i]);
        W[i] += v[i];
    }
}

/* W := W + momentum^2 v - (1 + momentum) lr dW, then v as in Momentum (arXiv:1212.0901) */
inline_always void
FN(nesterov_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *v = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0], momentum = (real)u->rate[1];
    for (ptrdiff_t i = begin; i < end; i++) {
        const real step = lr * g[i];
        W[i] += momentum * momentum * v[i] - (1 + momentum) * step;
        v[i] = FN(faded)(momentum * v[i] - step);
    }
}

/* h := h + dW^2, W := W - lr dW / (sqrt(h) + 1e-7) (section 6.1.5) */
inline_always void
FN(adagrad_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *h = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        h[i] += g[i] * g[i];
        W[i] -= lr * g[i] / (LIBM(sqrt)(h[i]) + EPSILON);
    }
}

/* h := decay_rate h + (1 - decay_rate) dW^2, W as in AdaGrad */
inline_always void
FN(rmsprop_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *h = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0], keep = (real)u->rate[1], take = (real)(1 - u->rate[1]);
    for (ptrdiff_t i = begin; i < end; i++) {
        h[i] = FN(faded)(keep * h[i] + take * g[i] * g[i]);
        W[i] -= lr * g[i] / (LIBM(sqrt)(h[i]) + EPSILON);
    }
}

/* m := m + (1 - beta1)(dW - m), v := v + (1 - beta2)(dW^2 - v), W := W - lr_t m / (sqrt(v) + 1e-7)
 * (section 6.1.6; arXiv:1412.6980) */
inline_always void
FN(adam_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *m = u->state[0], *v = u->state[1];
    const real *g = u->grad, lr = (real)u->rate[0], a = (real)(1 - u->rate[1]), b = (real)(1 - u->rate[2]);
    for (ptrdiff_t i = begin; i < end; i++) {
        m[i] = FN(faded)(m[i] + a * (g[i] - m[i]));
        v[i] = FN(faded)(v[i] + b * (g[i] * g[i] - v[i]));
        W[i] -= lr * m[i] / (LIBM(sqrt)(v[i]) + EPSILON);
    }
}

/* Adam with decoupled weight decay: W := W - decay W beside Adam's step, decay = lr weight_decay
 * (arXiv:1711.05101) */
inline_always void
FN(adamw_rule)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *m = u->state[0], *v = u->state[1];
    const real *g = u->grad, lr = (real)u->rate[0], a = (real)(1 - u->rate[1]), b = (real)(1 - u->rate[2]);
    const real decay = (real)u->rate[3];
    for (ptrdiff_t i = begin; i < end; i++) {
        m[i] = FN(faded)(m[i] + a * (g[i] - m[i]));
        v[i] = FN(faded)(v[i] + b * (g[i] * g[i] - v[i]));
        W[i] -= decay * W[i] + lr * m[i] / (LIBM(sqrt)(v[i]) + EPSILON);
    }
}

#define IN_BLOCKS(name)                                             \
    static void FN(name)(void *args, ptrdiff_t begin, ptrdiff_t end) \
    {                                                               \
        FN(in_blocks)(FN(name##_rule), args, begin, end);           \
    }
IN_BLOCKS(sgd)
IN_BLOCKS(momentum)
IN_BLOCKS(nesterov)
IN_BLOCKS(adagrad)
IN_BLOCKS(rmsprop)
IN_BLOCKS(adam)
IN_BLOCKS(adamw)
#undef IN_BLOCKS
#undef BLOCK
#undef EPSILON
