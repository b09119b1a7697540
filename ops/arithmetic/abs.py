"""Absolute value."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    around,
    booleans,
    case,
    elementwise,
    integers,
    ordinary,
    specials,
)


@elementwise(
    formula=r"|x|",
    accepts="biuf",
    kink="slope 0 at 0",
    zero_preserving=True,
    operator="__abs__",
    reference=np.abs,
)
def abs(x):
    """Magnitude of each element; the smallest signed integer is its own, as in NumPy."""
    return x if x.dtype.kind in "bu" else abs_(x)


@abs.vjp
def abs_vjp(ct, x, out):
    return ct * ops.sign(x)


abs.samples(
    ordinary(),
    around(0.0),
    specials(),
    case(integers(-9, 9, 5)),
    case(integers(0, 9, 5, dtype="uint8")),
    case(booleans(3)),
)
