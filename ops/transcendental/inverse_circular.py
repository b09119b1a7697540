"""Arc tangent and arc sine near 0, and pi: shared by the inverse circular functions."""

import math

from ...compiler.plugin import float32, float64, fma, select
from ...compiler.scalar.expression import literal
from .polynomial import polynomial

TAN_EIGHTH_PI = math.sqrt(2) - 1

# What float(pi / 2) rounds away.
HALF_PI_LOW = {float32: -4.371139000186241e-08, float64: 6.123233995736766e-17}

# Minimax on t <= tan(pi/8), t^2 <= 0.1716, of (arctan(t) - t) / t^3: errors 7e-10 and 1e-18.
ARCTAN = {
    float32: (
        *(-0.33333316441343769984, 0.1999853375631853119, -0.14244544236737775812),
        *(0.10600452393668677498, -0.060934758062440668646),
    ),
    float64: (
        *(-0.33333333333333232956, 0.19999999999961669592, -0.14285714280881882139),
        *(0.1111111081342280415, -0.090908985298491161851, 0.07692072734193932679),
        *(-0.066632353905129290673, 0.05848779749298563323, -0.05043071226366580715),
        *(0.038154947082809020533, -0.018001174651187140647),
    ),
}
# Minimax on x^2 <= 1/4 of (arcsin(x) - x) / x^3: errors 3e-10 and 1e-18.
ARCSIN = {
    float32: (
        *(0.16666660234616670798, 0.075004942938325757427, 0.044518380609249615127),
        *(0.031798276333739055912, 0.014467983282895394545, 0.037481612320864346195),
    ),
    float64: (
        *(0.16666666666666739051, 0.074999999999751819129, 0.044642857171223557412),
        *(0.030381942845432007564, 0.022372211608968509339, 0.017351665962424051135),
        *(0.0139802369294173181, 0.011403272517075604121, 0.010757723340641292195),
        *(0.0037854792435134106823, 0.021527499111890440997, -0.020759518843397332672),
        *(0.032487020334628458103,),
    ),
}


def arctan_of_quotient(least, most):
    """``arctan(least / most)`` in [0, pi/4] for ``0 <= least <= most``, most > 0, a finite sum.

    Above tan(pi/8) it is ``pi/4 + arctan((least - most) / (least + most))``.
    """
    upper = least > TAN_EIGHTH_PI * most
    t = select(upper, least - most, least) / select(upper, least + most, most)
    square = t * t
    base_low = select(upper, literal(HALF_PI_LOW[t.dtype] / 2, t.dtype), 0.0)
    rest = fma(t * square, polynomial(square, ARCTAN[t.dtype]), base_low)
    return select(upper, math.pi / 4 + (t + rest), t + rest)


def arcsin_rest(x, square):
    """``arcsin(x) - x`` for ``|x| <= 1/2``, of x and its square."""
    return x * square * polynomial(square, ARCSIN[x.dtype])
