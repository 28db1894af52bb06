/* Central differences of a whole network's loss, without a forward pass for each: (L(w + h) - L(w - h)) / 2h for
 * every weight w of an affine layer. In double precision whatever the network's dtype: the difference loses digits.
 *
 *   z = x W + b,   a = f(z),   logits = a V + c,   y = softmax(logits),   L = -1/N sum_k log(y[k, t_k] + 1e-7)
 *
 * 1. W[i, j] reaches the loss through one column of z alone: z[:, j] becomes z[:, j] +- h x[:, i], and a[:, j] moves by
 *
 *        d[k] = f(z[k, j] +- h x[k, i]) - f(z[k, j])
 *
 *    exactly the step that a forward pass would make, the kink of a ReLU included. A bias is a weight whose input is 1.
 * 2. That adds d[k] V[j, :] to the logits of sample k, so with v = V[j, :]
 *
 *        y[k, t]  becomes  y[k, t] exp(d v_t) / s(d),   s(d) = sum_c y[k, c] exp(d v_c)
 *
 *    and the loss needs C exponentials a sample instead of a product with W. For the last layer, f is the identity and V
 *    the unit matrix.
 * 3. d is small, as h is. Where |d v| <= SMALL, exp(d v) is its series up to d^4, whose remainder |d v|^5 / 120 is below
 *    the rounding of a double. A sum of series is a series: with m_r = sum_c y[k, c] v_c^r / r!
 *
 *        s(d) = 1 + m_1 d + m_2 d^2 + m_3 d^3 + m_4 d^4
 *        q(d) = (y[k, t] exp(d v_t) + 1e-7 s(d)) / (y[k, t] + 1e-7)  likewise
 *
 *    depend on i through d alone. One evaluation of the loss of one sample costs 8 multiply-adds, however many classes.
 * 4. A sum of logarithms is the logarithm of a product: L(w + h) - L(w - h) = -1/N log prod_k q(d+) s(d-) / (q(d-) s(d+)).
 *    Each factor is 1 to within a few SMALL, so the product of a block of samples neither overflows nor underflows.
 * 5. Where x[k, i] is 0 nothing moves: most pixels of most digits. Samples are taken VL at a time, one to a lane, and a
 *    list for each such group tells which inputs it needs.
 *
 * A group with larger steps (large weights or inputs) or with soft targets takes the formula of 2 as it stands, with the
 * largest logit subtracted anew. */

#define DELTA R(1e-7)           /* the book's, against log(0): section 4.2.2 */
#define SMALL R(1e-3)
#define ORDER 4
#define TILE 32                 /* inputs at once: their steps stay in the first-level cache */

/* What numgrad_pack leaves of the samples of group g. */
struct FN(group) {
    const real *x, *logits, *y;     /* a vector for each listed input; for each class */
    const int32_t *index;           /* which inputs are listed */
    ptrdiff_t count;                /* and how many */
    real largest;                   /* |x| */
    const ptrdiff_t *labels;
    const real *t;
    ptrdiff_t samples;
};

static struct FN(group)
FN(group_at)(const struct numgrad_args *n, ptrdiff_t g)
{
    const ptrdiff_t inputs = n->inputs + (n->db != NULL), first = g * VL;
    return (struct FN(group)){
        .x = n->x_packed + first * inputs, .logits = n->logits_packed + first * n->classes,
        .y = n->y_packed + first * n->classes,
        .index = n->index + g * inputs, .count = n->count[g], .largest = n->largest[g],
        .labels = n->labels == NULL ? NULL : n->labels + first, .t = n->t == NULL ? NULL : n->t + first * n->classes,
        .samples = max_(0, min_(VL, n->samples - first)),
    };
}

/* Groups of samples, in eights: x as a list of the inputs that are not 0 in all samples of the group, the logits and
 * their softmax class by class. Lanes beyond the last sample are 0, and so is every step there. */
static void
FN(numgrad_pack)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct numgrad_args *n = args;
    const ptrdiff_t inputs = n->inputs + (n->db != NULL), C = n->classes;
    for (ptrdiff_t g = begin * 8 / VL; g < end * 8 / VL; g++) {
        const ptrdiff_t first = g * VL, samples = max_(0, min_(VL, n->samples - first));
        int32_t *index = n->index + g * inputs;
        real *x = n->x_packed + first * inputs, *logits = n->logits_packed + first * C, *y = n->y_packed + first * C;
        n->count[g] = 0;
        n->largest[g] = 0;
        for (ptrdiff_t i = 0; i < inputs; i++) {
            real largest = 0;
            for (ptrdiff_t s = 0; s < VL; s++) {
                x[s] = s >= samples ? 0 : i < n->inputs ? n->x[(first + s) * n->x_rs + i] : 1;
                largest = max_(largest, fabs(x[s]));
            }
            if (largest > 0) {
                x += VL;
                index[n->count[g]++] = (int32_t)i;
                n->largest[g] = max_(n->largest[g], largest);
            }
        }
        for (ptrdiff_t s = 0; s < VL; s++) {
            real largest = (real)-INFINITY, sum = 0;
            for (ptrdiff_t c = 0; c < C; c++) {
                logits[c * VL + s] = s < samples ? n->logits[(first + s) * C + c] : 0;
                largest = max_(largest, logits[c * VL + s]);
            }
            for (ptrdiff_t c = 0; c < C; c++) {
                sum += y[c * VL + s] = FN(exp)(logits[c * VL + s] - largest);
            }
            for (ptrdiff_t c = 0; c < C; c++) {
                y[c * VL + s] /= sum;
            }
        }
    }
}

#define RELU_(u) ((u) <= 0 ? 0 : (u))

/* d for `count` inputs x and both signs. The column's z and f(z) are repeated for every input: one loop for all. */
static void
FN(steps)(const struct numgrad_args *n, ptrdiff_t count, const real *x, const real *restrict z, const real *restrict a,
          real *restrict up, real *restrict down)
{
    const real h = n->h;
#define STEPS(F)                                                        \
    for (ptrdiff_t e = 0; e < count * VL; e++) {                        \
        const real high = z[e] + h * x[e], low = z[e] - h * x[e];       \
        up[e] = F(high) - a[e];                                         \
        down[e] = F(low) - a[e];                                        \
    }
    if (n->f == RELU) {
        STEPS(RELU_)
    }
    else if (n->f == SIGMOID) {
        STEPS(FN(sigmoid))
    }
    else {
        STEPS()
    }
#undef STEPS
}

/* Formula 3: the coefficients of s and q for the samples of a group. */
static void
FN(coefficients)(const struct numgrad_args *n, const struct FN(group) *g, const real *v, vec *s, vec *q)
{
    vec v_t = {0}, y_t = {0};
    for (ptrdiff_t k = 0; k < g->samples; k++) {
        v_t[k] = v[g->labels[k]];
        y_t[k] = g->y[g->labels[k] * VL + k];
    }
    for (int r = 0; r <= ORDER; r++) {
        s[r] = (vec){0};
    }
    for (ptrdiff_t c = 0; c < n->classes; c++) {
        vec y = FN(load)(g->y + c * VL);
        for (int r = 1; r <= ORDER; r++) {
            y *= v[c] / (real)r;
            s[r] += y;
        }
    }
    vec term = y_t;
    for (int r = 1; r <= ORDER; r++) {
        term *= v_t / (real)r;
        q[r] = (term + DELTA * s[r]) / (y_t + DELTA);
    }
}

inline_always vec
FN(series)(const vec *coefficient, vec d)
{
    vec sum = coefficient[ORDER];
    UNROLL
    for (int r = ORDER - 1; r > 0; r--) {
        sum = coefficient[r] + d * sum;
    }
    return R(1.0) + d * sum;
}

inline_always real
FN(multiply_lanes)(vec x)
{
    real product = x[0];
    for (ptrdiff_t i = 1; i < VL; i++) {
        product *= x[i];
    }
    return product;
}

/* Formula 4: the factors of a group's samples for `count` inputs. */
static void
FN(multiply_factors)(ptrdiff_t count, const int32_t *index, const real *up, const real *down, const vec *s, const vec *q,
                     vec *over, vec *under)
{
    for (ptrdiff_t p = 0; p < count; p++) {
        const vec high = FN(load)(up + p * VL), low = FN(load)(down + p * VL);
        over[index[p]] *= FN(series)(q, high) * FN(series)(s, low);
        under[index[p]] *= FN(series)(q, low) * FN(series)(s, high);
    }
}

/* exp(logit - largest) for `count` classes from c0, where the logits moved by d v. */
static void
FN(exponentials)(const struct FN(group) *g, const real *v, vec d, vec largest, ptrdiff_t c0, ptrdiff_t count, real *e)
{
    for (ptrdiff_t c = 0; c < count; c++) {
        FN(store)(e + c * VL, FN(load)(g->logits + (c0 + c) * VL) + d * v[c0 + c] - largest);
    }
    for (ptrdiff_t i = 0; i < count * VL; i++) {
        e[i] = FN(exp)(e[i]);
    }
}

/* Formula 2: sum_c t_c log(y_c + 1e-7) for each sample of a group, where the logits moved by d v. */
static vec
FN(log_likelihood)(const struct numgrad_args *n, const struct FN(group) *g, const real *v, vec d)
{
    const ptrdiff_t C = n->classes;
    vec largest = FN(load)(g->logits) + d * v[0], sum = {0}, result = {0};
    real e[TILE * VL];
    for (ptrdiff_t c = 1; c < C; c++) {
        largest = FN(larger)(FN(load)(g->logits + c * VL) + d * v[c], largest);
    }
    for (ptrdiff_t c0 = 0; c0 < C; c0 += TILE) {
        const ptrdiff_t count = min_(TILE, C - c0);
        FN(exponentials)(g, v, d, largest, c0, count, e);
        for (ptrdiff_t c = 0; c < count; c++) {
            sum += FN(load)(e + c * VL);
        }
        for (ptrdiff_t k = 0; g->labels != NULL && k < g->samples; k++) {
            const ptrdiff_t c = g->labels[k] - c0;
            result[k] = c >= 0 && c < count ? e[c * VL + k] : result[k];
        }
    }
    if (g->labels != NULL) {
        for (ptrdiff_t k = 0; k < VL; k++) {
            result[k] = FN(log)(result[k] / sum[k] + DELTA);
        }
        return result;
    }
    for (ptrdiff_t c0 = 0; c0 < C; c0 += TILE) {
        const ptrdiff_t count = min_(TILE, C - c0);
        FN(exponentials)(g, v, d, largest, c0, count, e);
        for (ptrdiff_t c = 0; c < count; c++) {
            for (ptrdiff_t k = 0; k < g->samples; k++) {
                result[k] += g->t[k * C + c0 + c] * FN(log)(e[c * VL + k] / sum[k] + DELTA);
            }
        }
    }
    return result;
}

/* Formula 4 for the whole column: the lanes' factors become one logarithm for each input. */
static void
FN(add_gradient)(const struct numgrad_args *n, ptrdiff_t j, const vec *over, const vec *under, real *change)
{
    const ptrdiff_t inputs = n->inputs + (n->db != NULL);
    for (ptrdiff_t i = 0; i < inputs; i++) {
        change[i] += FN(log)(FN(multiply_lanes)(over[i]) / FN(multiply_lanes)(under[i]));
    }
    for (ptrdiff_t i = 0; i < n->inputs; i++) {
        n->dW[i * n->columns + j] += n->scale * change[i];
    }
    if (n->db != NULL) {
        n->db[j] += n->scale * change[n->inputs];
    }
}

static void
FN(numgrad_column)(const struct numgrad_args *n, ptrdiff_t j, vec *over, vec *under, real *change)
{
    const ptrdiff_t inputs = n->inputs + (n->db != NULL);
    const real *v = n->v + j * n->classes;
    real largest_v = 0, z[TILE * VL], a[TILE * VL], up[TILE * VL], down[TILE * VL];
    for (ptrdiff_t c = 0; c < n->classes; c++) {
        largest_v = max_(largest_v, fabs(v[c]));
    }
    for (ptrdiff_t i = 0; i < inputs; i++) {
        over[i] = under[i] = (vec){0} + R(1.0);
        change[i] = 0;
    }
    for (ptrdiff_t first = 0; first < n->samples; first += VL) {
        const struct FN(group) g = FN(group_at)(n, first / VL);
        const int by_series = n->labels != NULL && n->h * g.largest * largest_v <= SMALL;
        vec s[ORDER + 1] = {{0}}, q[ORDER + 1] = {{0}};
        if (by_series) {
            FN(coefficients)(n, &g, v, s, q);
        }
        for (ptrdiff_t k = 0; k < VL; k++) {
            z[k] = k < g.samples ? n->z[(first + k) * n->columns + j] : 0;
            a[k] = FN(activate)(n->f, z[k]);
        }
        for (ptrdiff_t e = VL; e < TILE * VL; e++) {
            z[e] = z[e - VL];
            a[e] = a[e - VL];
        }
        for (ptrdiff_t p = 0; p < g.count; p += TILE) {
            const ptrdiff_t count = min_(TILE, g.count - p);
            FN(steps)(n, count, g.x + p * VL, z, a, up, down);
            if (by_series) {
                FN(multiply_factors)(count, g.index + p, up, down, s, q, over, under);
                continue;
            }
            for (ptrdiff_t i = 0; i < count; i++) {
                const vec high = FN(log_likelihood)(n, &g, v, FN(load)(up + i * VL));
                const vec low = FN(log_likelihood)(n, &g, v, FN(load)(down + i * VL));
                change[g.index[p + i]] += FN(sum_lanes)(high - low);
            }
        }
    }
    FN(add_gradient)(n, j, over, under, change);
}

static void
FN(numgrad)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    vec *over = thread_scratch(), *under = over + NUMGRAD_INPUTS + 1;
    for (ptrdiff_t j = begin; j < end; j++) {
        FN(numgrad_column)(args, j, over, under, (real *)(under + NUMGRAD_INPUTS + 1));
    }
}
#undef RELU_
#undef DELTA
#undef SMALL
#undef ORDER
#undef TILE
