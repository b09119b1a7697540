"""Tangent."""

import numpy as np

from ...compiler.plugin import (
    bitcast,
    case,
    elementwise,
    float32,
    fma,
    given,
    integers,
    literal,
    ordinary,
    select,
    specials,
)
from .circular import by_quarters, signed, sine_and_cosine
from .polynomial import polynomial

# Minimax on r^2 <= (pi/4)^2 of (tan(r) - r) / r^3, in float32: error 1.3e-9 of the tangent.
TANGENT = (
    *(0.3333334981679174, 0.1333266119787526, 0.05406016280213702),
    *(0.021280890518493183, 0.010839244894650893, 8.509347950887272e-05),
    0.004378512335980374,
)


@elementwise(
    formula=r"\tan x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.5,
    zero_preserving=True,
    reference=np.tan,
)
def tan(x):
    """Tangent of each element, in radians; NaN at infinities.

    The quotient of sine and cosine in float64. In float32 its errors would add up to 2.7 ulp: a
    polynomial, or one over it.
    """

    def value(q, r, low):
        if r.dtype is float32:
            square = r * r
            sine = r + fma(r * square, polynomial(square, TANGENT), fma(low, square, low))
            cosine = literal(1.0, float32)
        else:
            sine, cosine = sine_and_cosine(r, low)
        odd = (q & 1) != 0
        quotient = select(odd, cosine, sine) / select(odd, sine, cosine)
        return signed(quotient, (q << (q.dtype.bits - 1)) ^ bitcast(x, q.dtype))

    return by_quarters(x, value)


@tan.vjp
def tan_vjp(ct, x, out):
    return ct * (1 + out * out)


tan.samples(
    ordinary(-1.3, 1.3),
    ordinary(2.0, 4.0),
    specials(),
    case(given([1e5, 1.5707963267948966]), smooth=False),
    case(integers(-9, 9, 5)),
)
