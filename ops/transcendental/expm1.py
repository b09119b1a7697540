"""Exponential minus one."""

import numpy as np

from ... import ops
from ...compiler.plugin import case, elementwise, given, integers, libm, ordinary, specials


@elementwise(
    formula=r"e^x - 1",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.0,
    zero_preserving=True,
    reference=np.expm1,
)
def expm1(x):
    """Exponential less one, exact to the last places near 0."""
    return libm("expm1", x)


@expm1.vjp
def expm1_vjp(ct, x, out):
    return ct * ops.exp(x)


expm1.samples(
    ordinary(),
    specials(),
    case(given([1e-9, -1e-9, -50.0, 89.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
