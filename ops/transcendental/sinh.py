"""Hyperbolic sine."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    case,
    copysign,
    elementwise,
    finite_exponential,
    float32,
    float64,
    fma,
    given,
    integers,
    ordinary,
    select,
    specials,
)
from .exponential import OVERFLOW, reduced_with_rest
from .polynomial import FORMATS, polynomial, power_of_two

# Minimax on |x| <= 1 of (sinh(x) - x) / x^3 in x^2: errors 6e-11 and 9e-20.
ODD = {
    float32: (
        *(0.16666666489729454195, 0.0083333505455617095774, 0.00019836074472108984704),
        *(2.8173995769397812761e-6,),
    ),
    float64: (
        *(0.16666666666666667415, 0.0083333333333331410078, 0.00019841269841436455276),
        *(2.7557319155664726428e-6, 2.5052123353062800419e-8, 1.6057243500369360347e-10),
        *(7.7592253826214852316e-13,),
    ),
}


@elementwise(
    formula=r"\sinh x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    domain={"x": finite_exponential},
    ulp=1.0,
    zero_preserving=True,
    reference=np.sinh,
)
def sinh(x):
    """Hyperbolic sine of each element."""
    size, square = abs_(x), x * x
    small = fma(x * square, polynomial(square, ODD[x.dtype]), x)
    return select(size < 1, small, copysign(_by_exponential(size), x))


def _by_exponential(x):
    """``(e^x - e^-x) / 2`` for x >= 1: the power of two is added last, to what is smaller."""
    end = OVERFLOW[x.dtype] + 1
    _, n, r, rest = reduced_with_rest(select(x > end, end, x))
    # An eighth of the exponential is finite wherever the result is.
    power = power_of_two(n - 3, FORMATS[x.dtype])
    inverse = 2.0**-6 / fma(power, r + rest, power)
    return 4 * (power + fma(power, r, fma(power, rest, -inverse)))


@sinh.vjp
def sinh_vjp(ct, x, out):
    return ct * ops.cosh(x)


sinh.samples(
    ordinary(),
    specials(),
    case(given([1e-9, 89.0, -89.0, 710.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
