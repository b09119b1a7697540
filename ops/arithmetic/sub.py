"""Subtraction."""

import numpy as np

from ...compiler.plugin import bad, booleans, elementwise, ordinary, specials


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


sub.samples(ordinary(), specials(), bad(booleans(3), booleans(3), says="got bool, wanted integers"))
