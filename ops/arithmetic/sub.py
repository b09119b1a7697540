"""Subtraction."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, elementwise, integers, ordinary, special_pairs


@elementwise(
    formula=r"x - y",
    linear_in=[("x", "y")],
    operator="__sub__",
    reference=np.subtract,
)
def sub(x, y):
    """Difference of two arrays; booleans are refused, as in NumPy."""
    return x - y


@sub.vjp
def sub_vjp(ct, x, y, out):
    return ct, -ct


sub.samples(
    ordinary(),
    special_pairs(),
    case(integers(-9, 9, 5), integers(-9, 9, 5)),
    case(integers(0, 256, 9, dtype="uint8"), integers(0, 256, 9, dtype="uint8")),
    bad(booleans(3), booleans(3), says="got bool, wanted integers"),
)
