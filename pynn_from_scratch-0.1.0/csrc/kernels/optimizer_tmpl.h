/* The update rules of section 6.1, one pass over a parameter each. */

#define EPSILON R(1e-7)         /* the book's, against a division by zero */

/* W := W - lr dW (section 6.1.2) */
static void
FN(sgd)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param;
    const real *g = u->grad, lr = (real)u->rate[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        W[i] -= lr * g[i];
    }
}

/* v := momentum v - lr dW, W := W + v (section 6.1.4) */
static void
FN(momentum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *v = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0], momentum = (real)u->rate[1];
    for (ptrdiff_t i = begin; i < end; i++) {
        v[i] = momentum * v[i] - lr * g[i];
        W[i] += v[i];
    }
}

/* W := W + momentum^2 v - (1 + momentum) lr dW, then v as in Momentum (arXiv:1212.0901) */
static void
FN(nesterov)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *v = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0], momentum = (real)u->rate[1];
    for (ptrdiff_t i = begin; i < end; i++) {
        const real step = lr * g[i];
        W[i] += momentum * momentum * v[i] - (1 + momentum) * step;
        v[i] = momentum * v[i] - step;
    }
}

/* h := h + dW^2, W := W - lr dW / (sqrt(h) + 1e-7) (section 6.1.5) */
static void
FN(adagrad)(void *args, ptrdiff_t begin, ptrdiff_t end)
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
static void
FN(rmsprop)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *h = u->state[0];
    const real *g = u->grad, lr = (real)u->rate[0], keep = (real)u->rate[1], take = (real)(1 - u->rate[1]);
    for (ptrdiff_t i = begin; i < end; i++) {
        h[i] = keep * h[i] + take * g[i] * g[i];
        W[i] -= lr * g[i] / (LIBM(sqrt)(h[i]) + EPSILON);
    }
}

/* m := m + (1 - beta1)(dW - m), v := v + (1 - beta2)(dW^2 - v), W := W - lr_t m / (sqrt(v) + 1e-7)
 * (section 6.1.6; arXiv:1412.6980) */
static void
FN(adam)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *m = u->state[0], *v = u->state[1];
    const real *g = u->grad, lr = (real)u->rate[0], a = (real)(1 - u->rate[1]), b = (real)(1 - u->rate[2]);
    for (ptrdiff_t i = begin; i < end; i++) {
        m[i] += a * (g[i] - m[i]);
        v[i] += b * (g[i] * g[i] - v[i]);
        W[i] -= lr * m[i] / (LIBM(sqrt)(v[i]) + EPSILON);
    }
}

/* Adam with decoupled weight decay: W := W - decay W beside Adam's step, decay = lr weight_decay
 * (arXiv:1711.05101) */
static void
FN(adamw)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    real *W = u->param, *m = u->state[0], *v = u->state[1];
    const real *g = u->grad, lr = (real)u->rate[0], a = (real)(1 - u->rate[1]), b = (real)(1 - u->rate[2]);
    const real decay = (real)u->rate[3];
    for (ptrdiff_t i = begin; i < end; i++) {
        m[i] += a * (g[i] - m[i]);
        v[i] += b * (g[i] * g[i] - v[i]);
        W[i] -= decay * W[i] + lr * m[i] / (LIBM(sqrt)(v[i]) + EPSILON);
    }
}

#undef EPSILON
