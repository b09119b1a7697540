"""The natural logarithm in parts, shared by log, log1p, log2 and log10.

``x = 2^k m`` with m in [sqrt(1/2), sqrt 2) and ``log x = k ln 2 + log(1 + f)``, ``f = m - 1``. In
float32 a minimax polynomial gives ``log(1+f) = f - f^2/2 + f^3 p(f)``; in float64 the series in
``s = f/(2+f)`` of fdlibm (Sun Microsystems 1993, e_log.c). All numbers but positive normal ones are
a rare case.
"""

import math

from ...compiler.plugin import bitcast, float32, float64, fma, rarely, select, uint32, uint64
from ...compiler.scalar.expression import literal
from .exponential import LN2_HIGH, LN2_LOW
from .polynomial import FORMATS, as_real, polynomial

# The bits of sqrt(1/2): exponents are counted from there.
SQRT_HALF_BITS = {float32: 0x3F3504F3, float64: 0x3FE6A09E667F3BCD}

# Minimax on [sqrt(1/2) - 1, sqrt(2) - 1] of (log(1+f) - f) / f^2: error 6e-9 of the logarithm.
SQUARE = (
    *(-0.5, 0.333333317055964713, -0.250008215695460784, 0.20001227749575375),
    *(-0.16623337379501734, 0.142017199723779415, -0.131603528266355675),
    *(0.127619543850905656, -0.0763450857896206538),
)
SERIES = (
    *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01),
    *(2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01),
    *(1.479819860511658591e-01,),
)


def split(x):
    """``k, m`` with ``x = 2^k m``, k an integer scalar; x is positive and normal."""
    form = FORMATS[x.dtype]
    bits = bitcast(x, form.integer)
    k = (bits - SQRT_HALF_BITS[x.dtype]) >> form.digits
    return k, bitcast(bits - (k << form.digits), x.dtype)


def of_positive(x, value):
    """``value(k, m)`` of ``x = 2^k m``, a logarithm: -inf at 0, NaN below 0; k is a float."""
    k, m = split(x)
    rare = at_the_ends(x, value(*exponent_and_significand(x)))
    return rarely(~is_positive_normal(x), rare, value(as_real(k, x.dtype), m))


def is_positive_normal(x):
    """One comparison of the bits, counted from those of the smallest."""
    form, unsigned = FORMATS[x.dtype], uint32 if x.dtype is float32 else uint64
    above = bitcast(x, unsigned) - literal(1 << form.digits, unsigned)
    return above < literal((2 * form.bias) << form.digits, unsigned)


def log_of_parts(k, f, correction):
    """``k ln 2 + log(1 + f) + correction`` to 0.82 ulp; k is integral, the correction small."""
    rest = _log_less_first(f, fma(k, LN2_LOW[k.dtype], correction))
    return fma(k, LN2_HIGH[k.dtype], f + rest)


def _log_less_first(f, correction):
    """``log(1 + f) - f + correction``."""
    if f.dtype is float32:
        return fma(polynomial(f, SQUARE), f * f, correction)
    half_square = 0.5 * f * f
    s = f / (2 + f)
    z = s * s
    return fma(s, half_square + z * polynomial(z, SERIES), correction) - half_square


def exponent_and_significand(x):
    """``k, m`` with ``x = 2^k m``, k an integral float, for any positive x, subnormal too."""
    form = FORMATS[x.dtype]
    subnormal = x < form.smallest
    k, m = split(select(subnormal, x * 2.0**form.digits, x))
    return as_real(select(subnormal, k - form.digits, k), x.dtype), m


def at_the_ends(x, value):
    """The logarithm of x: `value`, but -inf at 0, NaN below, and infinity and NaN themselves."""
    value = select(x == math.inf, x, value)
    return select(x > 0, value, select(x == 0, -math.inf, literal(math.nan, x.dtype)))


def log_to_base(k, f, digit, per_ln):
    """``k log_b(2) + log_b(1 + f)`` from ``digit = log_b(2)`` and ``1 / ln(b)`` as sums of two."""
    low = k * digit[1] if digit[1] else literal(0.0, k.dtype)
    if f.dtype is float32:
        terms = (per_ln[1], *(per_ln[0] * each for each in SQUARE))
        low = fma(polynomial(f, terms), f, low)
    else:
        low = fma(_log_less_first(f, literal(0.0, f.dtype)), per_ln[0], fma(f, per_ln[1], low))
    return fma(k, digit[0], fma(f, per_ln[0], low))
