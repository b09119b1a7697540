"""Remainder of the quotient rounded down."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    bad,
    booleans,
    case,
    elementwise,
    given,
    integers,
    nonzero,
    ranges,
    special_pairs,
)
from .division import division


@elementwise(
    formula=r"x - y \lfloor x / y \rfloor",
    domain={"y": nonzero},
    kink="slope of the piece above at the jumps",
    operator="__mod__",
    reference=np.mod,
)
def mod(x, y):
    """Remainder with the sign of the divisor, as in NumPy; by zero NaN, of integers 0."""
    return division(x, y)[1]


@mod.vjp
def mod_vjp(ct, x, y, out):
    return ct, -ct * ops.floor_divide(x, y)


mod.samples(
    ranges((-9.0, 9.0), (0.5, 3.0)),
    ranges((-9.0, 9.0), (-3.0, -0.5)),
    special_pairs(),
    case(given([6.0, -6.0, 7.0, 0.3]), given([2.0, 2.0, -7.0, 0.1]), smooth=False),
    case(integers(-9, 9, 20), integers(-3, 4, 20)),
    case(given([-(2**63), -(2**63), 7, -7], "int64"), given([-1, 0, -1, 0], "int64")),
    case(integers(-128, 128, 20, dtype="int8"), integers(-2, 3, 20, dtype="int8")),
    case(integers(0, 256, 20, dtype="uint8"), integers(0, 4, 20, dtype="uint8")),
    bad(booleans(3), booleans(3), says="got bool, wanted integers"),
)
