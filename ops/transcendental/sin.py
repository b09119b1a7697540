"""Sine."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials


@elementwise(
    formula=r"\sin x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    zero_preserving=True,
    reference=np.sin,
)
def sin(x):
    """Sine of each element, in radians; NaN at infinities."""
    return libm("sin", x)


@sin.vjp
def sin_vjp(ct, x, out):
    return ct * ops.cos(x)


sin.samples(
    ordinary(),
    specials(),
    case(given([1e5, -1e5, 3.14159265358979]), smooth=False),
    case(integers(-9, 9, 5)),
)
