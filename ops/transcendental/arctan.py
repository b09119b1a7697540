"""Inverse tangent."""

import math

import numpy as np

from ...compiler.plugin import (
    abs_,
    case,
    copysign,
    elementwise,
    integers,
    ordinary,
    select,
    specials,
)
from .inverse_circular import HALF_PI_LOW, arctan_of_quotient


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
    size = abs_(x)
    large = size > 1
    angle = arctan_of_quotient(select(large, 1.0, size), select(large, size, 1.0))
    turned = math.pi / 2 - (angle - HALF_PI_LOW[x.dtype])
    return copysign(select(large, turned, angle), x)


@arctan.vjp
def arctan_vjp(ct, x, out):
    return ct / (1 + x * x)


arctan.samples(ordinary(), specials(), case(integers(-9, 9, 5)))
