"""The exponential function in parts, shared by exp, expm1, tanh, sigmoid and their like.

``x = n ln 2 + r`` with ``|r| <= ln(2)/2``; `ln 2` is split in two so that ``n * HIGH`` is exact
(Cody and Waite 1980). ``e^r = 1 + r + r^2 q(r)`` with a minimax polynomial q. Where one rounding
more would cost too much, what the second step of the reduction rounds away is kept as a tail.
"""

from ...compiler.plugin import float32, float64, fma, ldexp, select
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
    """``n, whole, r`` of ``x = n ln 2 + r``: n as a float and as an integer scalar."""
    n, whole = nearest_whole(x, LOG2_E)
    return n, whole, fma(n, -LN2_LOW[x.dtype], fma(n, -LN2_HIGH[x.dtype], x))


def reduced_with_rest(x):
    """``n, whole, r, rest`` with ``e^r - 1 - r``, and what r has lost, in the rest."""
    n, whole = nearest_whole(x, LOG2_E)
    coarse = fma(n, -LN2_HIGH[x.dtype], x)
    low = LN2_LOW[x.dtype]
    r = fma(n, -low, coarse)
    tail = fma(n, -low, coarse - r)
    return n, whole, r, fma(polynomial(r, QUADRATIC[x.dtype]), r * r, tail)


def clamped(x, low, high):
    """`x` brought into the range where the reduction holds; NaN stays."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


def exponential(x):
    """``e**x`` to 0.95 ulp; NaN passes through."""
    n, _, r = reduced(clamped(x, UNDERFLOW[x.dtype], OVERFLOW[x.dtype]))
    return ldexp(polynomial(r, (1.0, 1.0, *QUADRATIC[x.dtype])), n)


def exponential_within(x):
    """``e**x`` to 0.95 ulp where neither it nor its reciprocal leaves the normal range."""
    _, n, r = reduced(x)
    return polynomial(r, (1.0, 1.0, *QUADRATIC[x.dtype])) * power_of_two(n, FORMATS[x.dtype])


def half_exponential(x):
    """``e**x / 2`` for x >= 0 as an unevaluated sum of two; infinite only where sinh is."""
    n, _, r, rest = reduced_with_rest(clamped(x, 0.0, OVERFLOW[x.dtype] + 1))
    small = r + rest
    lost = rest - (small - r)
    high = 1 + small
    low = (small - (high - 1)) + lost
    return ldexp(high, n - 1), ldexp(low, n - 1)
