/* Central differences of the loss, one changed weight after the other (numgrad_tmpl.h derives formulas 1 and 2). */

#define DELTA R(1e-7)           /* the book's, against log(0): section 4.2.2 */

static void
FN(numgrad_pack)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    (void)args, (void)begin, (void)end;     /* nothing to prepare */
}

/* sum_c t_c log(y_c + 1e-7) of sample k, where the logits moved by d v. */
static real
FN(log_likelihood)(const struct numgrad_args *n, ptrdiff_t k, const real *v, real d)
{
    const real *logits = n->logits + k * n->classes;
    real largest = logits[0] + d * v[0], sum = 0, result = 0;
    for (ptrdiff_t c = 1; c < n->classes; c++) {
        largest = max_(largest, logits[c] + d * v[c]);
    }
    for (ptrdiff_t c = 0; c < n->classes; c++) {
        sum += FN(exp)(logits[c] + d * v[c] - largest);
    }
    for (ptrdiff_t c = 0; c < n->classes; c++) {
        const real t = n->labels == NULL ? n->t[k * n->classes + c] : n->labels[k] == c;
        if (n->labels == NULL || t != 0) {
            result += t * FN(log)(FN(exp)(logits[c] + d * v[c] - largest) / sum + DELTA);
        }
    }
    return result;
}

/* dW[i, j] += scale sum_k (loss at w + h - loss at w - h), and db likewise with an input that is 1. */
static void
FN(numgrad)(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct numgrad_args *n = args;
    for (ptrdiff_t j = begin; j < end; j++) {
        for (ptrdiff_t i = 0; i < n->inputs + (n->db != NULL); i++) {
            real change = 0;
            for (ptrdiff_t k = 0; k < n->samples; k++) {
                const real z = n->z[k * n->columns + j], a = FN(activate)(n->f, z), *v = n->v + j * n->classes;
                const real step = n->h * (i < n->inputs ? n->x[k * n->x_rs + i] : 1);
                change += FN(log_likelihood)(n, k, v, FN(activate)(n->f, z + step) - a)
                          - FN(log_likelihood)(n, k, v, FN(activate)(n->f, z - step) - a);
            }
            *(i < n->inputs ? n->dW + i * n->columns + j : n->db + j) += n->scale * change;
        }
    }
}
#undef DELTA
