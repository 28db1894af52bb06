/* Winograd's minimal filtering F(4x4, 3x3): a tile of 4x4 outputs of a 3x3 filter from 36 multiplications a channel instead
 * of 144 (S. Winograd, Arithmetic Complexity of Computations, 1980; Lavin and Gray, arXiv:1509.09308). For an input tile d
 * of 6x6 pixels, a filter w and outputs y, with * element by element:
 *
 *   y = A^T [(G w G^T) * (B^T d B)] A
 *
 * Filter and tile are polynomials, evaluated at six points and multiplied there. The points 0, +-a, +-1/a and infinity with
 * a = 1/sqrt(2) lose the least: half a decimal digit to the direct sum, where 0, +-1, +-2 lose more than one. With s = a:
 *
 *         1   0  -5/2   0    1   0             1     0    0                1   1   1    1    1    0
 *         0 -2s   -2    s    1   0          -2/3 -2s/3 -1/3                0   s  -s   2s  -2s    0
 *   B^T = 0  2s   -2   -s    1   0      G = -2/3  2s/3 -1/3          A^T = 0  1/2 1/2   2    2    0
 *         0  -s  -1/2  2s    1   0           1/6   s/3  1/3                0 s/2 -s/2  4s  -4s    1
 *         0   s  -1/2 -2s    1   0           1/6  -s/3  1/3
 *         0   1    0  -5/2   0   1             0     0    1
 *
 * Every step is linear in w and in d, so the way back is the same matrices transposed (chapter 5): with the gradient g of y,
 *
 *   dw = G^T [sum over tiles of (A g A^T) * (B^T d B)] G,       dd = B [(A g A^T) * (G w G^T)] B^T
 *
 * Each function transforms a tile of vectors, one channel a lane: first its columns, then its rows. */

#define S R(0.70710678118654752440)

/* B^T x */
inline_always void
FN(input_line)(const vec x[6], vec y[6])
{
    const vec e = x[4] - 2 * x[2], o = S * (x[3] - 2 * x[1]);
    const vec p = x[4] - R(0.5) * x[2], q = S * (2 * x[3] - x[1]);
    y[0] = x[0] - R(2.5) * x[2] + x[4];
    y[1] = e + o;
    y[2] = e - o;
    y[3] = p + q;
    y[4] = p - q;
    y[5] = x[1] - R(2.5) * x[3] + x[5];
}

/* B x */
inline_always void
FN(input_gradient_line)(const vec x[6], vec y[6])
{
    const vec e = x[1] + x[2], o = S * (x[1] - x[2]), p = x[3] + x[4], q = S * (x[3] - x[4]);
    y[0] = x[0];
    y[1] = x[5] - 2 * o - q;
    y[2] = R(-2.5) * x[0] - 2 * e - R(0.5) * p;
    y[3] = o + 2 * q - R(2.5) * x[5];
    y[4] = x[0] + e + p;
    y[5] = x[5];
}

/* A^T x */
inline_always void
FN(output_line)(const vec x[6], vec y[4])
{
    const vec e = x[1] + x[2], o = S * (x[1] - x[2]), p = x[3] + x[4], q = S * (x[3] - x[4]);
    y[0] = x[0] + e + p;
    y[1] = o + 2 * q;
    y[2] = R(0.5) * e + 2 * p;
    y[3] = R(0.5) * o + 4 * q + x[5];
}

/* A x */
inline_always void
FN(output_gradient_line)(const vec x[4], vec y[6])
{
    const vec e = x[0] + R(0.5) * x[2], o = S * (x[1] + R(0.5) * x[3]);
    const vec p = x[0] + 2 * x[2], q = S * (2 * x[1] + 4 * x[3]);
    y[0] = x[0];
    y[1] = e + o;
    y[2] = e - o;
    y[3] = p + q;
    y[4] = p - q;
    y[5] = x[3];
}

/* G x */
inline_always void
FN(filter_line)(const vec x[3], vec y[6])
{
    const vec e = R(-2.) / 3 * x[0] - R(1.) / 3 * x[2], o = 2 * S / 3 * x[1];
    const vec p = R(1.) / 6 * x[0] + R(1.) / 3 * x[2], q = S / 3 * x[1];
    y[0] = x[0];
    y[1] = e - o;
    y[2] = e + o;
    y[3] = p + q;
    y[4] = p - q;
    y[5] = x[2];
}

/* G^T x */
inline_always void
FN(filter_gradient_line)(const vec x[6], vec y[3])
{
    const vec e = x[1] + x[2], p = x[3] + x[4];
    y[0] = x[0] - R(2.) / 3 * e + R(1.) / 6 * p;
    y[1] = S / 3 * (x[3] - x[4]) - 2 * S / 3 * (x[1] - x[2]);
    y[2] = R(1.) / 3 * (p - e) + x[5];
}

#undef S

/* A tile of n x n vectors in memory. */
struct FN(tile_at) {
    real *at;
    ptrdiff_t down, right;              /* elements from a row to the next, from a column to the next */
};

/* One tile: `line` takes n vectors to m, first of every column, then of every row. The epilogue is the micro-kernel's. */
typedef void FN(line)(const vec *x, vec *y);

inline_always void
FN(transform)(FN(line) *line, const int n, const int m, const struct FN(tile_at) *x, const struct FN(tile_at) *y,
              const struct FN(epilogue) *e)
{
    vec half[6][6];                     /* column by column */
    UNROLL
    for (int j = 0; j < n; j++) {
        vec column[6];
        UNROLL
        for (int i = 0; i < n; i++) {
            column[i] = FN(load)(x->at + i * x->down + j * x->right);
        }
        line(column, half[j]);
    }
    const vec bias = e->bias != NULL ? FN(load)(e->bias) : (vec){0};
    UNROLL
    for (int i = 0; i < m; i++) {
        vec row[6], out[6];
        UNROLL
        for (int j = 0; j < n; j++) {
            row[j] = half[j][i];
        }
        line(row, out);
        UNROLL
        for (int j = 0; j < m; j++) {
            real *to = y->at + i * y->down + j * y->right;
            vec sum = out[j];
            if (e->accumulate) {
                sum += FN(load)(to);
            }
            if (e->bias != NULL) {
                sum += bias;
            }
            FN(store)(to, e->relu ? FN(relu_vec)(sum) : sum);
        }
    }
}

/* Of n channels or filters, a multiple of VL, one vector after the other. */
#define TRANSFORM(name, line, from, to, ...)                                                                        \
    static void                                                                                                     \
    FN(name)(ptrdiff_t n, struct FN(tile_at) x, struct FN(tile_at) y)                                               \
    {                                                                                                               \
        for (ptrdiff_t c = 0; c < n; c += VL, x.at += VL, y.at += VL) {                                             \
            FN(transform)(FN(line), from, to, &x, &y, &(struct FN(epilogue)){__VA_ARGS__});                         \
        }                                                                                                           \
    }

TRANSFORM(transform_input, input_line, 6, 6, 0)
TRANSFORM(transform_gradient, output_gradient_line, 4, 6, 0)
TRANSFORM(transform_dx, input_gradient_line, 6, 6, .accumulate = 1)
TRANSFORM(transform_filter, filter_line, 3, 6, 0)
TRANSFORM(transform_dW, filter_gradient_line, 6, 3, .accumulate = 1)

#undef TRANSFORM

/* The same with the bias of n filters, and ReLU. */
static void
FN(transform_output)(ptrdiff_t n, struct FN(tile_at) x, struct FN(tile_at) y, const real *bias, int relu)
{
    for (ptrdiff_t c = 0; c < n; c += VL, x.at += VL, y.at += VL) {
        FN(transform)(FN(output_line), 6, 4, &x, &y, &(struct FN(epilogue)){.bias = bias + c, .relu = relu});
    }
}
