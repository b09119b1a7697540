"""Exponential."""

import numpy as np

from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials


@elementwise(
    formula=r"e^x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    reference=np.exp,
)
def exp(x):
    """Exponential of each element."""
    return libm("exp", x)


@exp.vjp
def exp_vjp(ct, x, out):
    return ct * out


exp.samples(
    ordinary(),
    specials(),
    case(given([-104.0, 88.9, 709.9, -746.0, 1e-9]), smooth=False),
    case(integers(-3, 4, 5)),
)
