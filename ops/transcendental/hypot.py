"""Length of a vector of two."""

import math
from dataclasses import dataclass

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    case,
    elementwise,
    float32,
    float64,
    fma,
    given,
    integers,
    literal,
    ranges,
    select,
    special_pairs,
    sqrt,
)


@dataclass(frozen=True)
class Range:
    """Exponents of two: squares are safe between ``2**-small`` and ``2**large``; the way there."""

    small: int
    large: int
    shift: int


RANGE = {float32: Range(50, 62, 96), float64: Range(450, 510, 600)}


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
    a, b = abs_(x), abs_(y)
    most = select(a > b, a, b)
    reach = RANGE[x.dtype]
    large, small = most > 2.0**reach.large, most < 2.0**-reach.small
    scale = select(large, 2.0**-reach.shift, select(small, literal(2.0**reach.shift, x.dtype), 1.0))
    back = select(large, 2.0**reach.shift, select(small, literal(2.0**-reach.shift, x.dtype), 1.0))
    a, b = a * scale, b * scale
    length = sqrt(fma(a, a, b * b)) * back
    return select((abs_(x) == math.inf) | (abs_(y) == math.inf), math.inf, length)


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
