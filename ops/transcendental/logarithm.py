"""The natural logarithm in parts, shared by log, log1p, log2 and log10.

``x = 2^k m`` with m in [sqrt(1/2), sqrt 2) and ``log x = k ln 2 + log(1 + f)``, ``f = m - 1``. In
float32 a minimax polynomial gives ``log(1+f) = f - f^2/2 + f^3 p(f)``; in float64 the series in
``s = f/(2+f)`` of fdlibm (Sun Microsystems 1993, e_log.c).
"""

import math

from ...compiler.plugin import bitcast, float32, float64, fma, select
from ...compiler.scalar.expression import literal
from .exponential import LN2_HIGH, LN2_LOW
from .polynomial import FORMATS, as_real, polynomial

# The bits of sqrt(1/2): exponents are counted from there.
SQRT_HALF_BITS = {float32: 0x3F3504F3, float64: 0x3FE6A09E667F3BCD}

# Minimax on [sqrt(1/2) - 1, sqrt(2) - 1] of (log(1+f) - f + f^2/2) / f^3: error 8e-10.
CUBIC = (
    *(0.333333119357, -0.249999863928, 0.200021459608, -0.166692177933, 0.142200247398),
    *(-0.123855304257, 0.118650924509, -0.117808046367, 0.0692124565604),
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


def log_of_parts(k, f, correction):
    """``k ln 2 + log(1 + f) + correction`` to 0.82 ulp; k is integral, the correction small."""
    rest = _log_less_first(f, fma(k, LN2_LOW[k.dtype], correction))
    return fma(k, LN2_HIGH[k.dtype], f + rest)


def _log_less_first(f, correction):
    """``log(1 + f) - f + correction``."""
    if f.dtype is float32:
        return fma(-0.5 * f, f, fma(f * f, f * polynomial(f, CUBIC), correction))
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
    rest = _log_less_first(f, literal(0.0, f.dtype))
    low = fma(rest, per_ln[0], fma(f, per_ln[1], k * digit[1]))
    return fma(k, digit[0], fma(f, per_ln[0], low))
