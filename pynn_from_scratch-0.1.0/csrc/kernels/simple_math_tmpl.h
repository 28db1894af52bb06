/* What math_tmpl.h computes, by the C library. */

inline_always real
FN(exp)(real x)
{
    return LIBM(exp)(x);
}

inline_always real
FN(log)(real x)
{
    return LIBM(log)(x);
}

inline_always real
FN(tanh)(real x)
{
    return LIBM(tanh)(x);
}

/* 1 / (1 + exp(-x)), rounded once where long double has more digits */
inline_always real
FN(sigmoid)(real x)
{
    const long double e = expl(-fabsl((long double)x));      /* cannot overflow */
    return (real)((x < 0 ? e : 1) / (1 + e));
}

/* (1 - s) s with s = sigmoid(x): the same at -x and x, and free of cancellation at -|x| */
inline_always real
FN(sigmoid_grad)(real x)
{
    const real s = FN(sigmoid)(-LIBM(fabs)(x));
    return (1 - s) * s;
}
