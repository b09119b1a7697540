"""Shift to the right."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, elementwise, integers, normal, select


@elementwise(
    formula=r"\lfloor x / 2^y \rfloor",
    accepts="iu",
    differentiable=(),
    operator="__rshift__",
    reference=np.right_shift,
)
def right_shift(x, y):
    """Bits moved down by `y` places; into a negative number the sign moves.

    All are gone where `y` is negative or no place of the number, as in NumPy.
    """
    inside = (y >= 0) & (y < x.dtype.bits)
    gone = x ^ x if x.dtype.kind == "u" else x >> (x.dtype.bits - 1)
    return select(inside, x >> select(inside, y, 0), gone)


right_shift.samples(
    case(integers(-9, 9, 3, 4), integers(0, 5, 4)),
    case(integers(-9, 9, 8), integers(-70, 70, 8)),
    case(integers(-128, 128, 20, dtype="int8"), integers(-2, 12, 20, dtype="int8")),
    case(integers(0, 256, 20, dtype="uint8"), integers(0, 12, 20, dtype="uint8")),
    bad(booleans(3), booleans(3), says="got bool, wanted integers"),
    bad(normal(3), normal(3), says="wanted integers, unsigned integers"),
)
