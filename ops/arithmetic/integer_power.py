"""Power with a fixed whole exponent."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ArgumentError,
    around,
    bad,
    case,
    elementwise,
    given,
    integers,
    normal,
    specials,
)


@elementwise(
    formula=r"x^n",
    ulp=8.0,
    reference=lambda x, *, exponent: np.power(x, x.dtype.type(exponent)),
)
def integer_power(x, *, exponent):
    """x to the power `exponent`, a number from 1 to 8, by squaring.

    Each product rounds, so that the error grows with the exponent.
    """
    result, square = None, x
    while exponent:
        if exponent % 2:
            result = square if result is None else result * square
        exponent //= 2
        square = square * square if exponent else square
    return result


@integer_power.normalise
def whole(x, *, exponent):
    if isinstance(exponent, bool) or not isinstance(exponent, int) or not 1 <= exponent <= 8:
        raise ArgumentError(f"the exponent is {exponent!r}, wanted an integer from 1 to 8")
    return {"exponent": exponent}


@integer_power.vjp
def integer_power_vjp(ct, x, out, *, exponent):
    if exponent == 1:
        return ct
    return ct * (exponent * ops.integer_power(x, exponent=exponent - 1))


integer_power.samples(
    case(normal(3, 4), exponent=3),
    case(normal(), exponent=1),
    case(normal(0), exponent=2),
    case(normal(7), exponent=8),
    specials().calling(exponent=3),
    specials().calling(exponent=4),
    around(0.0).calling(exponent=2),
    case(given([-2.0, 0.0, 1e30, 1e-9]), exponent=5, smooth=False),
    case(integers(-9, 9, 7), exponent=7),
    bad(normal(3), exponent=0, says="wanted an integer from 1 to 8"),
    bad(normal(3), exponent=2.0, says="wanted an integer from 1 to 8"),
)
