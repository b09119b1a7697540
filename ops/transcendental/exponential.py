"""The exponential function in parts, shared by exp, expm1, tanh, sigmoid and their like.

``x = n ln 2 + r`` with ``|r| <= ln(2)/2``; `ln 2` is split in two so that ``n * HIGH`` is exact
(Cody and Waite 1980), and what the second step rounds away is kept as a tail. ``e^r = 1 + r + r^2
q(r)`` with a minimax polynomial q; scaling by ``2^n`` goes in two steps, so that results may be
subnormal.
"""

from ...compiler.plugin import float32, float64, fma, select
from .polynomial import FORMATS, nearest_whole, polynomial, power_of_two

LOG2_E = 1.4426950408889634
LN2_HIGH = {float32: 0.693359375, float64: 6.93147180369123816490e-01}
LN2_LOW = {float32: -2.12194440e-4, float64: 1.90821492927058770002e-10}

# Below the first the result rounds to 0, above the second it overflows.
UNDERFLOW = {float32: -104.5, float64: -746.0}
OVERFLOW = {float32: 89.0, float64: 710.0}

# Minimax on |r| <= 0.35 of (e^r - 1 - r) / r^2: errors 3e-9 and 6e-20 of e^r.
QUADRATIC = {
    float32: (
        *(0.50000001014345642249, 0.16666512965138193055, 0.041666185849347019080),
        *(0.0083695915816933739382, 0.0013951804195253449535),
    ),
    float64: (
        *(0.49999999999999999963, 0.16666666666666685557, 0.041666666666666729289),
        *(0.0083333333333154167024, 0.0013888888888856392885, 0.00019841269900378590351),
        *(0.000024801587377416091776, 2.7557230884849008429e-6, 2.7557230430448355260e-7),
        *(2.5113417798619165977e-8, 2.0927801154305882478e-9),
    ),
}


def reduced(x):
    """``n, r, rest``: an integer scalar, ``r`` of ``x = n ln 2 + r``, and ``e^r - 1 - r``."""
    n, whole = nearest_whole(x, LOG2_E)
    coarse = fma(n, -LN2_HIGH[x.dtype], x)
    low = LN2_LOW[x.dtype]
    r = fma(n, -low, coarse)
    tail = fma(n, -low, coarse - r)
    return whole, r, fma(polynomial(r, QUADRATIC[x.dtype]), r * r, tail)


def scaled(value, exponent):
    """``value * 2**exponent`` rounded once, for an integer scalar."""
    form = FORMATS[value.dtype]
    half = exponent >> 1
    return value * power_of_two(half, form) * power_of_two(exponent - half, form)


def clamped(x, low, high):
    """`x` brought into the range where the reduction holds; NaN stays."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


def exponential(x):
    """``e**x`` to 0.91 ulp; NaN passes through."""
    n, r, rest = reduced(clamped(x, UNDERFLOW[x.dtype], OVERFLOW[x.dtype]))
    return scaled(1 + (r + rest), n)


def exponential_within(x):
    """``e**x`` to 0.91 ulp where neither it nor its reciprocal leaves the normal range."""
    n, r, rest = reduced(x)
    return (1 + (r + rest)) * power_of_two(n, FORMATS[x.dtype])


def exponential_parts(x):
    """``e**x`` for x <= 0 as an unevaluated sum of two, for further use without its rounding."""
    high, low, n = unscaled_parts(clamped(x, UNDERFLOW[x.dtype], OVERFLOW[x.dtype]))
    return scaled(high, n), scaled(low, n)


def half_exponential(x):
    """``e**x / 2`` for x >= 0 as an unevaluated sum of two; infinite only where sinh is."""
    high, low, n = unscaled_parts(clamped(x, 0.0, OVERFLOW[x.dtype] + 1))
    # A quarter of the half is a power of two where the exponential itself overflows.
    eighth = power_of_two(n - 3, FORMATS[x.dtype])
    return high * eighth * 4, low * eighth * 4


def unscaled_parts(x):
    """``high, low, n`` with the exponential ``(high + low) 2**n``."""
    n, r, rest = reduced(x)
    small = r + rest
    lost = rest - (small - r)
    high = 1 + small
    return high, (small - (high - 1)) + lost, n
