"""Hyperbolic sine."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials


@elementwise(
    formula=r"\sinh x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    zero_preserving=True,
    reference=np.sinh,
)
def sinh(x):
    """Hyperbolic sine of each element."""
    return libm("sinh", x)


@sinh.vjp
def sinh_vjp(ct, x, out):
    return ct * ops.cosh(x)


sinh.samples(
    ordinary(),
    specials(),
    case(given([1e-9, 89.0, -89.0, 710.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
