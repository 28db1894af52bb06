/* The update rules of section 6.1. The gradient may be the parameter itself, so it is read before W is written. */

#define GUARD R(1e-7)           /* the book's, against a division by zero: section 6.1.5 */

/* W := W - lr dW (section 6.1.2) */
static void
FN(sgd)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    const real lr = (real)u->rate[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)u->param)[i] -= lr * ((const real *)u->grad)[i];
    }
}

/* v := momentum v - lr dW, W := W + v (section 6.1.4) */
static void
FN(momentum)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    const real lr = (real)u->rate[0], momentum = (real)u->rate[1];
    real *W = u->param, *v = u->state[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        v[i] = momentum * v[i] - lr * ((const real *)u->grad)[i];
        W[i] += v[i];
    }
}

/* W := W + momentum^2 v - (1 + momentum) lr dW, then v as in Momentum (arXiv:1212.0901, eq. 7) */
static void
FN(nesterov)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    const real lr = (real)u->rate[0], momentum = (real)u->rate[1];
    real *W = u->param, *v = u->state[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        const real dW = ((const real *)u->grad)[i];
        W[i] += momentum * momentum * v[i] - (1 + momentum) * lr * dW;
        v[i] = momentum * v[i] - lr * dW;
    }
}

/* h := h + dW^2, W := W - lr dW / (sqrt(h) + 1e-7) (section 6.1.5) */
static void
FN(adagrad)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    const real lr = (real)u->rate[0];
    real *W = u->param, *h = u->state[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        const real dW = ((const real *)u->grad)[i];
        h[i] += dW * dW;
        W[i] -= lr * dW / (LIBM(sqrt)(h[i]) + GUARD);
    }
}

/* h := decay_rate h + (1 - decay_rate) dW^2, W as in AdaGrad */
static void
FN(rmsprop)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    const real lr = (real)u->rate[0];
    real *W = u->param, *h = u->state[0];
    for (ptrdiff_t i = begin; i < end; i++) {
        const real dW = ((const real *)u->grad)[i];
        h[i] = (real)u->rate[1] * h[i] + (real)(1 - u->rate[1]) * dW * dW;
        W[i] -= lr * dW / (LIBM(sqrt)(h[i]) + GUARD);
    }
}

/* Element i of Adam's step, lr_t m / (sqrt(v) + 1e-7), after m := m + (1 - beta1)(dW - m) and v := v + (1 - beta2)(dW^2 - v)
 * (section 6.1.6; arXiv:1412.6980) */
static real
FN(adam_step)(const struct update_args *u, ptrdiff_t i)
{
    const real dW = ((const real *)u->grad)[i];
    real *m = (real *)u->state[0] + i, *v = (real *)u->state[1] + i;
    *m += (real)(1 - u->rate[1]) * (dW - *m);
    *v += (real)(1 - u->rate[2]) * (dW * dW - *v);
    return (real)u->rate[0] * *m / (LIBM(sqrt)(*v) + GUARD);
}

/* W := W - step */
static void
FN(adam)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)u->param)[i] -= FN(adam_step)(u, i);
    }
}

/* W := W - decay W - step, decay = lr weight_decay (arXiv:1711.05101) */
static void
FN(adamw)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct update_args *u = args;
    const real decay = (real)u->rate[3];
    real *W = u->param;
    for (ptrdiff_t i = begin; i < end; i++) {
        W[i] -= decay * W[i] + FN(adam_step)(u, i);
    }
}

#undef GUARD
