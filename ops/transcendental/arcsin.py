"""Inverse sine."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    around,
    booleans,
    case,
    copysign,
    elementwise,
    inside_one,
    isnan,
    ordinary,
    select,
    specials,
    sqrt,
)
from .inverse_circular import HALF_PI_LOW, arcsin_rest


@elementwise(
    formula=r"\arcsin x",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=2.5,
    domain={"x": inside_one},
    kink="slope infinite at -1 and 1",
    zero_preserving=True,
    reference=np.arcsin,
)
def arcsin(x):
    """Inverse sine, in [-pi/2, pi/2]; NaN outside [-1, 1]."""
    size = abs_(x)
    square = select(size < 0.5, x * x, 0.5 - 0.5 * size)
    root = select(size < 0.5, size, sqrt(square))
    angle = root + arcsin_rest(root, square)
    turned = math.pi / 2 - (2 * angle - HALF_PI_LOW[x.dtype])
    return select(isnan(x), x, copysign(select(size < 0.5, angle, turned), x))


@arcsin.vjp
def arcsin_vjp(ct, x, out):
    return ct / ops.sqrt((1 - x) * (1 + x))


arcsin.samples(ordinary(-0.9, 0.9), around(0.0, 1.0), specials(), case(booleans(4), smooth=False))
