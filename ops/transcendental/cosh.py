"""Hyperbolic cosine."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    case,
    elementwise,
    finite_exponential,
    given,
    integers,
    ordinary,
    specials,
)
from .exponential import half_exponential


@elementwise(
    formula=r"\cosh x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    domain={"x": finite_exponential},
    ulp=1.0,
    reference=np.cosh,
)
def cosh(x):
    """Hyperbolic cosine of each element."""
    high, low = half_exponential(abs_(x))
    return high + (0.25 / high + low)


@cosh.vjp
def cosh_vjp(ct, x, out):
    return ct * ops.sinh(x)


cosh.samples(
    ordinary(),
    specials(),
    case(given([1e-9, 89.0, -89.0, 710.0]), smooth=False),
    case(integers(-3, 4, 5)),
)
