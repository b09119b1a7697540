"""The binary logarithm to twice the precision, and two to such a power: for power.

``log2(m) = s (A + B s^2 + s^4 q(s^2))`` with ``s = (m - 1) / (m + 1)``, ``A = 2 / ln 2`` and
``B = A / 3``. The last term alone may be rounded to one float: it is 2^-12 of the whole at most.
"""

from ...compiler.plugin import cast, float32, float64, fma, ldexp, select
from ...compiler.scalar.expression import literal
from .double_word import fast_two_sum, product, times, two_product, two_sum
from .exponential import QUADRATIC, clamped
from .polynomial import FORMATS, nearest_whole, polynomial, power_of_two

# 2 / ln 2, a third of it, and ln 2, each as a sum of two floats.
LINEAR = {
    float32: (2.885390043258667, 3.851926067000022e-08),
    float64: (2.8853900817779268, 4.0710547481862066e-17),
}
CUBIC = {
    float32: (0.9617967009544373, -7.028461812552678e-09),
    float64: (0.9617966939259756, 5.0577616648125907e-17),
}
LN2 = {
    float32: (0.6931471824645996, -1.9046542121259336e-09),
    float64: (0.6931471805599453, 2.3190468138462996e-17),
}
# Minimax on s^2 <= 0.02945 of the rest over s^5: errors 5e-12 and 9e-21 of the whole.
QUINTIC = {
    float32: (0.57707939957548355698, 0.41191877812614030671, 0.33637426269190523956),
    float64: (
        *(0.57707801635558790165, 0.41219858310612825523, 0.32059889981718351903),
        *(0.26230790827344269671, 0.22197482242096697453, 0.19146051221317231139),
        *(0.1885526908561264884,),
    ),
}
# Minimax of log2(m) / s in s^2, and of 2^r on abs(r) <= 1/2: errors 4.2e-12 and 2.0e-9.
SINGLE_LOG2 = (
    *(2.88539008179010664, 0.961796673313460647, 0.577083590719652479),
    *(0.411672355299733285, 0.340737149465757737),
)
SINGLE_EXP2 = (
    *(0.999999999919096522, 0.693147206718407272, 0.240226515049017062),
    *(0.0555032720174810052, 0.0096179945273870365, 0.00134004361531555535),
    *(0.000154780192563819671,),
)
FURTHEST = 2.0**70
# Exponents between which 2^p neither underflows to 0 nor overflows.
LOWEST = {float32: -152.0, float64: -1080.0}
HIGHEST = {float32: 130.0, float64: 1030.0}


def log2_double(k, m):
    """``high, low`` with the sum ``k + log2(m)``."""
    f = m - 1
    whole, rest = two_sum(m, 1.0)
    inverse = 1 / whole
    s = product(f, inverse)
    s_low = fma(-s, rest, fma(-s, whole, f)) * inverse
    square, square_low = two_product(s, s)
    square_low = fma(2 * s, s_low, square_low)
    cubic, cubic_low = CUBIC[m.dtype]
    term = product(square, polynomial(square, QUINTIC[m.dtype]))
    high, low = fast_two_sum(literal(cubic, m.dtype), term)
    high, low = times(high, low + cubic_low, square, square_low)
    linear, linear_low = LINEAR[m.dtype]
    high, rest = fast_two_sum(literal(linear, m.dtype), high)
    high, low = times(high, rest + (low + linear_low), s, s_low)
    high, rest = fast_two_sum(k, high)
    return fast_two_sum(high, rest + low)


def exp2_double(high, low):
    """``2**(high + low)`` to 0.9 ulp, with `low` small; NaN aside."""
    floor, ceiling = LOWEST[high.dtype], HIGHEST[high.dtype]
    outside = (high < floor) | (high > ceiling)
    high = select(high > ceiling, ceiling, select(high < floor, floor, high))
    n, _ = nearest_whole(high)
    part, part_low = fast_two_sum(high - n, select(outside, 0, low))
    ln2, ln2_low = LN2[high.dtype]
    r, tail = two_product(part, ln2)
    tail = fma(part, ln2_low, fma(part_low, ln2, tail))
    rest = fma(polynomial(r, QUADRATIC[r.dtype]), r * r, tail)
    return ldexp(1 + (r + rest), n)


def power_by_parts(k, m, y):
    """``(2^k m)**y`` in float64 for a finite y, to 0.9 ulp."""
    high, low = log2_double(k, m)
    # Beyond, any power other than of 1 overflows or vanishes: products stay finite.
    y = select(y > FURTHEST, FURTHEST, select(y < -FURTHEST, -FURTHEST, y))
    product, rest = two_product(y, high)
    return exp2_double(product, fma(y, low, rest))


def power_by_float64(k, m, y):
    """``(2^k m)**y`` in float32 for a finite y, by way of float64: to 0.6 ulp."""
    m = cast(m, float64)
    s = (m - 1) / (m + 1)
    logarithm = fma(s, polynomial(s * s, SINGLE_LOG2), cast(k, float64))
    exponent = clamped(cast(y, float64) * logarithm, 2 * LOWEST[float32], 2 * HIGHEST[float32])
    n, whole = nearest_whole(exponent)
    value = polynomial(exponent - n, SINGLE_EXP2) * power_of_two(whole, FORMATS[float64])
    return cast(value, float32)
