"""Inverse tangent."""

import numpy as np

from ...compiler.plugin import case, elementwise, integers, libm, ordinary, specials


@elementwise(
    formula=r"\arctan x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    zero_preserving=True,
    reference=np.arctan,
)
def arctan(x):
    """Inverse tangent, in [-pi/2, pi/2]."""
    return libm("atan", x)


@arctan.vjp
def arctan_vjp(ct, x, out):
    return ct / (1 + x * x)


arctan.samples(ordinary(), specials(), case(integers(-9, 9, 5)))
