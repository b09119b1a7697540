"""Inverse cosine."""

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
    formula=r"\arccos x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    domain={"x": inside_one},
    kink="slope infinite at -1 and 1",
    reference=np.arccos,
)
def arccos(x):
    """Inverse cosine, in [0, pi]; NaN outside [-1, 1]."""
    return libm("acos", x)


@arccos.vjp
def arccos_vjp(ct, x, out):
    return -ct / ops.sqrt((1 - x) * (1 + x))


arccos.samples(ordinary(-0.9, 0.9), around(0.0, 1.0), specials(), case(booleans(4), smooth=False))
