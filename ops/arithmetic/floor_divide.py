"""Quotient rounded down."""

import numpy as np

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
    formula=r"\lfloor x / y \rfloor",
    differentiable=(),
    domain={"y": nonzero},
    kink="slope 0 everywhere, at the jumps too",
    operator="__floordiv__",
    reference=np.floor_divide,
)
def floor_divide(x, y):
    """Largest whole number not above the quotient, as in NumPy.

    Floats divided by zero give infinities or NaN. Integers divided by zero give 0, and the smallest
    signed integer divided by -1 is itself.
    """
    return division(x, y)[0]


floor_divide.samples(
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
