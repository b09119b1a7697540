"""Tangent."""

import numpy as np

from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials


@elementwise(
    formula=r"\tan x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    zero_preserving=True,
    reference=np.tan,
)
def tan(x):
    """Tangent of each element, in radians; NaN at infinities."""
    return libm("tan", x)


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
