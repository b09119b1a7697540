"""Length of a vector of two."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    case,
    elementwise,
    given,
    integers,
    libm,
    ranges,
    special_pairs,
)


@elementwise(
    formula=r"\sqrt{x^2 + y^2}",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    kink="cotangent 0 at the origin",
    associative=True,
    zero_preserving=True,
    reference=np.hypot,
)
def hypot(x, y):
    """Hypotenuse of each pair, without overflow between; infinite where one is, beside NaN too."""
    return libm("hypot", x, y)


@hypot.vjp
def hypot_vjp(ct, x, y, out):
    length = ops.where(out == 0, 1, out)
    return ct * (x / length), ct * (y / length)


hypot.samples(
    ranges((-3.0, 3.0), (0.5, 3.0)),
    special_pairs(),
    case(given([3e30, 3e-30]), given([4e30, 4e-30])),
    case(integers(-2, 3, 9), integers(-2, 3, 9), smooth=False),
)
