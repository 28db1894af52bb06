/* Rows of classes: softmax and the losses.
 *
 * Ten classes fill a vector and a quarter, so exp and log do not go row by row: they run over blocks of whole rows, whose
 * elements lie side by side, and only the maximum and the sum are taken of each row. A block stays in the first-level
 * cache from its first step to its last: x is read once and y is written once.
 *
 * Where a function exists twice, for DIGITS classes and for any number, the compiler unrolls the short rows of the former. */

#define DIGITS 10
#define BLOCK 1024              /* elements, unless one row alone has more */
#define GUARD R(1e-7)           /* the book's, against log(0): section 4.2.2 */

inline_always vec
FN(larger)(vec a, vec b)
{
    const FN(mask) m = a > b;
    return (vec)((m & (FN(mask))a) | (~m & (FN(mask))b));
}

/* The largest of n values. It need not be NaN if one of them is: exp(x - largest) will be. */
inline_always real
FN(row_max)(const real *x, ptrdiff_t n)
{
    real largest = x[0];
    if (n < 2 * VL) {
        for (ptrdiff_t j = 1; j < n; j++) {
            largest = x[j] > largest ? x[j] : largest;
        }
        return largest;
    }
    vec most = FN(load)(x);
    for (ptrdiff_t j = VL; j < n; j += VL) {
        most = FN(larger)(FN(load)(x + min_(j, n - VL)), most);    /* the last vector may see some values again */
    }
    for (int i = 0; i < VL; i++) {
        largest = most[i] > largest ? most[i] : largest;
    }
    return largest;
}

/* The sum of n values, in an order that depends on n alone. */
inline_always real
FN(row_sum)(const real *x, ptrdiff_t n)
{
    real sum = 0;
    ptrdiff_t j = 0;
    if (n >= 2 * VL) {
        vec part[4] = {{0}};
        for (; j + 4 * VL <= n; j += 4 * VL) {
            UNROLL
            for (int v = 0; v < 4; v++) {
                part[v] += FN(load)(x + j + v * VL);
            }
        }
        for (; j + VL <= n; j += VL) {
            part[0] += FN(load)(x + j);
        }
        sum = FN(sum_lanes)((part[0] + part[1]) + (part[2] + part[3]));
    }
    for (; j < n; j++) {
        sum += x[j];
    }
    return sum;
}

static void
FN(row_sums)(ptrdiff_t rows, ptrdiff_t classes, const real *restrict x, real *restrict sums)
{
    if (classes == DIGITS) {
        for (ptrdiff_t i = 0; i < rows; i++) {
            sums[i] = FN(row_sum)(x + i * DIGITS, DIGITS);
        }
        return;
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        sums[i] = FN(row_sum)(x + i * classes, classes);
    }
}

/* y = exp(x - max x) / sum exp(x - max x) */
inline_always void
FN(softmax_rows)(ptrdiff_t rows, ptrdiff_t classes, const real *restrict x, real *restrict y)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        const real largest = FN(row_max)(x + i * classes, classes);
        for (ptrdiff_t j = i * classes; j < (i + 1) * classes; j++) {
            y[j] = x[j] - largest;
        }
    }
    for (ptrdiff_t j = 0; j < rows * classes; j++) {
        y[j] = FN(exp)(y[j]);
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        const real scale = 1 / FN(row_sum)(y + i * classes, classes);
        for (ptrdiff_t j = i * classes; j < (i + 1) * classes; j++) {
            y[j] *= scale;
        }
    }
}

static void
FN(softmax_block)(ptrdiff_t rows, ptrdiff_t classes, const real *restrict x, real *restrict y)
{
    if (classes == DIGITS) {
        FN(softmax_rows)(rows, DIGITS, x, y);
    }
    else {
        FN(softmax_rows)(rows, classes, x, y);
    }
}

/* losses = -log(y + 1e-7) of the label of each row */
static void
FN(label_losses)(ptrdiff_t rows, ptrdiff_t classes, const real *restrict y, const ptrdiff_t *labels, real *restrict losses)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        losses[i] = y[i * classes + labels[i]];
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        losses[i] = -FN(log)(losses[i] + GUARD);
    }
}

/* losses = -sum t log(y + 1e-7) where t is one-hot: sum t y is the probability of the label, and one logarithm a row is
 * enough. 0 if t is not one-hot, and losses hold nothing then. */
static int
FN(one_hot_losses)(ptrdiff_t rows, ptrdiff_t classes, const real *restrict y, const real *restrict t, real *restrict losses)
{
    real picked[BLOCK];
    bits others = 0;
    if (rows * classes > BLOCK) {
        return 0;
    }
    for (ptrdiff_t j = 0; j < rows * classes; j++) {
        others |= (t[j] != 0) & (t[j] != 1);
        picked[j] = t[j] * y[j];
    }
    if (others) {
        return 0;
    }
    FN(row_sums)(rows, classes, t, losses);
    for (ptrdiff_t i = 0; i < rows; i++) {
        others |= losses[i] != 1;
    }
    FN(row_sums)(rows, classes, picked, losses);
    for (ptrdiff_t i = 0; i < rows; i++) {
        losses[i] = -FN(log)(losses[i] + GUARD);
    }
    return !others;
}

/* term = -t log(y + 1e-7) or, without the guard, -t log y with 0 log 0 = 0 */
inline_always void
FN(terms)(const int guarded, ptrdiff_t n, const real *restrict y, const real *restrict t, real *restrict term)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        term[j] = guarded ? -t[j] * FN(log)(y[j] + GUARD) : t[j] == 0 ? 0 : -t[j] * FN(log)(y[j]);
    }
}

/* losses = the sums of those terms */
inline_always void
FN(target_losses)(const int guarded, ptrdiff_t rows, ptrdiff_t classes, const real *restrict y, const real *restrict t,
                  real *restrict losses)
{
    real term[BLOCK], loss = 0;
    if (rows * classes <= BLOCK) {
        FN(terms)(guarded, rows * classes, y, t, term);
        FN(row_sums)(rows, classes, term, losses);
        return;
    }
    for (ptrdiff_t j = 0; j < classes; j += BLOCK) {    /* one row, in pieces */
        const ptrdiff_t n = min_(BLOCK, classes - j);
        FN(terms)(guarded, n, y + j, t + j, term);
        loss += FN(row_sum)(term, n);
    }
    losses[0] = loss;
}

/* -sum t log(y + 1e-7) for some rows, whichever way the targets came */
static void
FN(guarded_losses)(const struct rows_args *r, ptrdiff_t i, ptrdiff_t rows, const real *y)
{
    real *losses = (real *)r->losses + i;
    const real *t = (const real *)r->t + i * r->classes;
    if (r->labels != NULL) {
        FN(label_losses)(rows, r->classes, y, r->labels + i, losses);
    }
    else if (!FN(one_hot_losses)(rows, r->classes, y, t, losses)) {
        FN(target_losses)(1, rows, r->classes, y, t, losses);
    }
}

/* Calls the rest of the line with `rows` rows from row i on, a block at a time. */
#define FOR_BLOCKS(r, begin, end)                                                                               \
    for (ptrdiff_t i = begin, rows, step = max_(1, BLOCK / max_(1, (r)->classes));                              \
         rows = min_(step, end - i), i < end; i += step)

static void
FN(softmax)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    FOR_BLOCKS(r, begin, end) {
        FN(softmax_block)(rows, r->classes, (const real *)r->x + i * r->classes, (real *)r->y + i * r->classes);
    }
}

static void
FN(softmax_with_loss)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    FOR_BLOCKS(r, begin, end) {
        real *y = (real *)r->y + i * r->classes;
        FN(softmax_block)(rows, r->classes, (const real *)r->x + i * r->classes, y);
        FN(guarded_losses)(r, i, rows, y);
    }
}

static void
FN(cross_entropy_error)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    FOR_BLOCKS(r, begin, end) {
        FN(guarded_losses)(r, i, rows, (const real *)r->x + i * r->classes);
    }
}

static void
FN(cross_entropy)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    const ptrdiff_t classes = r->classes;
    FOR_BLOCKS(r, begin, end) {
        FN(target_losses)(0, rows, classes, (const real *)r->x + i * classes, (const real *)r->t + i * classes,
                          (real *)r->losses + i);
    }
}

/* y = scale (x - t), where x is what softmax gave */
static void
FN(softmax_with_loss_backward)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_args *r = args;
    const ptrdiff_t classes = r->classes;
    const real *restrict x = r->x, *restrict t = r->t, scale = (real)r->scale;
    real *restrict y = r->y;
    if (t != NULL) {
        for (ptrdiff_t j = begin * classes; j < end * classes; j++) {
            y[j] = (x[j] - t[j]) * scale;
        }
        return;
    }
    for (ptrdiff_t j = begin * classes; j < end * classes; j++) {
        y[j] = x[j] * scale;
    }
    for (ptrdiff_t i = begin; i < end; i++) {
        const ptrdiff_t j = i * classes + r->labels[i];
        y[j] = (x[j] - 1) * scale;
    }
}

#undef DIGITS
#undef BLOCK
#undef GUARD
#undef FOR_BLOCKS
