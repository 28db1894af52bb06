/* Rows of classes: softmax and the losses, each as its formula reads. */

#define GUARD R(1e-7)           /* the book's, against log(0): section 4.2.2 */

/* y = exp(x - max x) / sum exp(x - max x) */
static void
FN(softmax)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real *x = (const real *)r->x + i * r->classes;
        real *y = (real *)r->y + i * r->classes;
        real largest = x[0], sum = 0;
        for (ptrdiff_t j = 0; j < r->classes; j++) {
            largest = x[j] > largest ? x[j] : largest;
        }
        for (ptrdiff_t j = 0; j < r->classes; j++) {
            y[j] = FN(exp)(x[j] - largest);
            sum += y[j];
        }
        for (ptrdiff_t j = 0; j < r->classes; j++) {
            y[j] /= sum;
        }
    }
}

/* -log(y + 1e-7) of the label, or -sum t log(y + 1e-7) */
inline_always real
FN(row_loss)(const struct rows_args *r, ptrdiff_t i, const real *y)
{
    if (r->labels != NULL) {
        return -FN(log)(y[r->labels[i]] + GUARD);
    }
    const real *t = (const real *)r->t + i * r->classes;
    real sum = 0;
    for (ptrdiff_t j = 0; j < r->classes; j++) {
        sum += t[j] * FN(log)(y[j] + GUARD);
    }
    return -sum;
}

static void
FN(cross_entropy_error)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)r->losses)[i] = FN(row_loss)(r, i, (const real *)r->x + i * r->classes);
    }
}

static void
FN(softmax_with_loss)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    FN(softmax)(args, begin, end);
    for (ptrdiff_t i = begin; i < end; i++) {
        ((real *)r->losses)[i] = FN(row_loss)(r, i, (const real *)r->y + i * r->classes);
    }
}

/* (y - t) scale */
static void
FN(softmax_with_loss_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    const real scale = (real)r->scale;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real *y = (const real *)r->x + i * r->classes, *t = (const real *)r->t + i * r->classes;
        real *dx = (real *)r->y + i * r->classes;
        for (ptrdiff_t j = 0; j < r->classes; j++) {
            dx[j] = (y[j] - (r->labels != NULL ? (j == r->labels[i]) : t[j])) * scale;
        }
    }
}

/* -sum t log x, with 0 log x = 0 */
static void
FN(cross_entropy)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    for (ptrdiff_t i = begin; i < end; i++) {
        const real *p = (const real *)r->t + i * r->classes, *q = (const real *)r->x + i * r->classes;
        real sum = 0;
        for (ptrdiff_t j = 0; j < r->classes; j++) {
            sum -= p[j] == 0 ? 0 : p[j] * FN(log)(q[j]);
        }
        ((real *)r->losses)[i] = sum;
    }
}

#undef GUARD
