"""Inverse cosine."""

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
    size = abs_(x)
    square = select(size < 0.5, x * x, 0.5 - 0.5 * size)
    root = select(size < 0.5, size, sqrt(square))
    rest = arcsin_rest(root, square)
    low = HALF_PI_LOW[x.dtype]
    middle = math.pi / 2 - (x + (copysign(rest, x) - low))
    double = 2 * (root + rest)
    outer = select(x < 0, math.pi - (double - 2 * low), double)
    return select(isnan(x), x, select(size < 0.5, middle, outer))


@arccos.vjp
def arccos_vjp(ct, x, out):
    return -ct / ops.sqrt((1 - x) * (1 + x))


arccos.samples(ordinary(-0.9, 0.9), around(0.0, 1.0), specials(), case(booleans(4), smooth=False))
