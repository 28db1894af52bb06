/* The functions of activation_tmpl.h and the like, by the C library. */

inline_always real
FN(exp_)(real x)
{
    return sizeof(real) == 4 ? expf(x) : exp(x);
}

inline_always real
FN(log_)(real x)
{
    return sizeof(real) == 4 ? logf(x) : log(x);
}

inline_always real
FN(tanh_)(real x)
{
    return sizeof(real) == 4 ? tanhf(x) : tanh(x);
}

inline_always real
FN(abs_)(real x)
{
    return sizeof(real) == 4 ? fabsf(x) : fabs(x);
}

/* 1 / (1 + exp(-x)), so that exp never overflows */
inline_always real
FN(sigmoid_)(real x)
{
    const real e = FN(exp_)(-FN(abs_)(x));
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
}
