/* exp, log and what is made of them, without branches and without tables, so that the compiler turns a loop over them
 * into vector code. Largest errors seen, in ulp, over the whole range, subnormals included (tests/test_ulp.py bounds them):
 *
 *              exp     log     sigmoid     sigmoid_grad    tanh
 *   float32    0.90    0.81    1.9         2.4             1.4
 *   float64    0.89    0.82    1.9         2.4             1.4
 *
 * Polynomials are minimax (Remez) in the relative error of the function. */

#if REAL_BITS == 32
#define MANTISSA 23
#define BIAS 127
#define DEEP 64                         /* 2^(n + DEEP) is normal wherever 2^n is not 0 */
#define LOWEST_EXP R(-104.0)            /* exp is 0 below */
#define LN2_HIGH R(0x1.63p-1)           /* short enough that n LN2_HIGH is exact */
#define LN2_LOW R(-0x1.bd0106p-13)
#define SQRT_HALF 0x3f3504f3            /* as bits */
#define TWICE_ONE R(20.0)               /* tanh of its half is 1; no larger, for the sake of directed rounding */
#else
#define MANTISSA 52
#define BIAS 1023
#define DEEP 512
#define LOWEST_EXP (-746.0)
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define SQRT_HALF 0x3fe6a09e667f3bcd
#define TWICE_ONE 40.0
#endif
#define POWER(n) ((real)((bits)1 << (n)))
#define ROUNDER (R(1.5) * POWER(MANTISSA))      /* adding it to a number rounds that to a whole one */

inline_always bits
FN(to_bits)(real x)
{
    bits b;
    __builtin_memcpy(&b, &x, sizeof(b));
    return b;
}

inline_always real
FN(from_bits)(bits b)
{
    real x;
    __builtin_memcpy(&x, &b, sizeof(x));
    return x;
}

/* x = n ln 2 + r with |r| <= ln 2 / 2: gives exp(r) - 1, right to its last digits however small r is and without the tail that
 * rounding it leaves, and 2^(n + up).
 * Rounding leaves n + up + BIAS in the low bits of a number, whence they are shifted to be an exponent. */
inline_always real
FN(expm1_of_rest)(real x, int up, real *power, real *tail)
{
    const real at = x * R(0x1.71547652b82fep+0) + (ROUNDER + BIAS + up), n = at - (ROUNDER + BIAS + up);
    const real high = x - n * LN2_HIGH, low = n * LN2_LOW, r = high - low;  /* only the smaller terms see r's rounding */
    *power = FN(from_bits)((bits)((ubits)FN(to_bits)(at) << MANTISSA));
#if REAL_BITS == 32
    real q = R(0x1.6c556ep-10);
    q = q * r + R(0x1.12238cp-7);
    q = q * r + R(0x1.5555bap-5);
    q = q * r + R(0x1.5554b6p-3);
    q = q * r + R(0.5);
#else
    real q = 0x1.ae48faaaebf8bp-26;
    q = q * r + 0x1.2897747da782fp-22;
    q = q * r + 0x1.71de978c131bap-19;
    q = q * r + 0x1.a019b3901fff8p-16;
    q = q * r + 0x1.a01a01719d303p-13;
    q = q * r + 0x1.6c16c17a021ebp-10;
    q = q * r + 0x1.1111111118d46p-7;
    q = q * r + 0x1.5555555553b05p-5;
    q = q * r + 0x1.555555555553ep-3;
    q = q * r + 0.5;
#endif
    const real small = r * r * q - low, p = high + small;
    *tail = small - (p - high);
    return p;
}

/* For x <= 0, which is all that softmax and sigmoid ask for. */
inline_always real
FN(exp)(real x)
{
    real power, tail;
    x = x < LOWEST_EXP ? LOWEST_EXP : x;
    const real p = FN(expm1_of_rest)(x, DEEP, &power, &tail);
    return (1 + p) * power * FN(from_bits)((bits)(BIAS - DEEP) << MANTISSA);    /* rounds once, if it is subnormal */
}

/* x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); log(1 + f) by its series in s = f / (2 + f) (Tang's
 * reduction as in fdlibm: f - f^2/2 is kept apart from the small rest). */
inline_always real
FN(log)(real x)
{
    const real subnormal = x < FN(from_bits)((bits)1 << MANTISSA);      /* 1 or 0: then x is scaled up first */
    const ubits shifted = (ubits)FN(to_bits)(x * (1 + subnormal * (POWER(MANTISSA) - 1))) - SQRT_HALF;
    const bits low = (bits)(shifted & (((ubits)1 << MANTISSA) - 1));
    /* The exponent as the low bits of ROUNDER: there is no conversion from 64-bit integers before AVX-512. */
    const bits high = (bits)((shifted + ((ubits)BIAS << MANTISSA)) >> MANTISSA);
    const real k = (FN(from_bits)(high + FN(to_bits)(ROUNDER)) - (ROUNDER + BIAS)) - subnormal * MANTISSA;
    const real f = FN(from_bits)(low + SQRT_HALF) - 1;
    const real s = f / (2 + f), z = s * s, half_square = R(0.5) * f * f;
#if REAL_BITS == 32
    real series = R(0x1.31e5cep-2);
    series = series * z + R(0x1.995ea2p-2);
    series = series * z + R(0x1.55557ap-1);
#else
    real series = 0x1.2f0b74f8abcacp-3;
    series = series * z + 0x1.39a12ea7feba7p-3;
    series = series * z + 0x1.746643ba3463bp-3;
    series = series * z + 0x1.c71c51f545aedp-3;
    series = series * z + 0x1.2492494204db5p-2;
    series = series * z + 0x1.999999997fcc8p-2;
    series = series * z + 0x1.5555555555592p-1;
#endif
    const real y = k * LN2_HIGH - ((half_square - (s * (half_square + z * series) + k * LN2_LOW)) - f);
    const real no_log = x == 0 ? -(real)INFINITY : (real)NAN;
    return x > 0 ? (x < (real)INFINITY ? y : x) : no_log;
}

/* (e - 1) / (e + 1) with e = exp(2 |x|), and e - 1 free of cancellation. What rounding e - 1 and e + 1 leaves out, `tail` and
 * `rest`, is made good to first order: (less + tail) / (d + rest) = q + (tail - q rest) / d, where 1 / d = (1 - q) / 2. */
inline_always real
FN(tanh)(real x)
{
    real power, tail, twice = 2 * LIBM(fabs)(x);
    twice = twice > TWICE_ONE ? TWICE_ONE : twice;
    const real p = FN(expm1_of_rest)(twice, 0, &power, &tail), less = power * p + (power - 1);
    const real d = less + 2, q = less / d;
    tail = power * tail + (power * p - (less - (power - 1)));
    const real rest = (less < 2 ? less - (d - 2) : 2 - (d - less)) + tail;
    return LIBM(copysign)(q + (tail - q * rest) * (R(0.5) - R(0.5) * q), x);
}

/* With z = exp(-|x|), which cannot overflow: 1 / (1 + z) or, where x < 0, z / (1 + z). What rounding 1 + z leaves out is made
 * good as in tanh; 1 / (1 + z) is q or 1 - q. */
inline_always real
FN(sigmoid)(real x)
{
    const real z = FN(exp)(-LIBM(fabs)(x)), d = 1 + z, rest = z - (d - 1);
    const real q = (x < 0 ? z : 1) / d;
    return q - q * (rest * (x < 0 ? 1 - q : q));
}

/* y (1 - y) with y = sigmoid(-|x|), as y - y^2. Here y = q - c, where c is what rounding 1 + z leaves out of q: all that is small
 * is put together before it is taken from q, which is rounded once. */
inline_always real
FN(sigmoid_grad)(real x)
{
    const real z = FN(exp)(-LIBM(fabs)(x)), d = 1 + z, rest = z - (d - 1), q = z / d;
    return q - q * (q + rest * (1 - q) * (1 - 2 * q));
}

#undef MANTISSA
#undef BIAS
#undef DEEP
#undef LOWEST_EXP
#undef LN2_HIGH
#undef LN2_LOW
#undef SQRT_HALF
#undef TWICE_ONE
#undef POWER
#undef ROUNDER
