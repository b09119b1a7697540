"""Inverse sine."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    around,
    booleans,
    case,
    elementwise,
    inside_one,
    libm,
    ordinary,
    specials,
)


@elementwise(
    formula=r"\arcsin x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": inside_one},
    kink="slope infinite at -1 and 1",
    zero_preserving=True,
    reference=np.arcsin,
)
def arcsin(x):
    """Inverse sine, in [-pi/2, pi/2]; NaN outside [-1, 1]."""
    return libm("asin", x)


@arcsin.vjp
def arcsin_vjp(ct, x, out):
    return ct / ops.sqrt((1 - x) * (1 + x))


arcsin.samples(ordinary(-0.9, 0.9), around(0.0, 1.0), specials(), case(booleans(4), smooth=False))
