"""Logarithm of a sum of exponentials of two."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import (
    abs_,
    around,
    case,
    elementwise,
    given,
    integers,
    ordinary,
    select,
    special_pairs,
)
from .exp import exp
from .log1p import log1p


@elementwise(
    formula=r"\ln(e^x + e^y)",
    computes="float",
    accepts="biuf",
    cost="expensive",
    ulp=3.0,
    associative=True,
    reference=np.logaddexp,
)
def logaddexp(x, y):
    """Logarithm of the sum of two exponentials; none of them is formed, so none overflows."""
    larger = select(x > y, x, y)
    # Infinities of one sign have no difference.
    return select(x == y, x + math.log(2), larger + log1p(exp(-abs_(x - y))))


@logaddexp.vjp
def logaddexp_vjp(ct, x, y, out):
    level = (x == y) & ops.isinf(x)
    difference = ops.where(level, 0, x) - ops.where(level, 0, y)
    return ct * ops.sigmoid(difference), ct * ops.sigmoid(-difference)


logaddexp.samples(
    ordinary(),
    around(0.0),
    special_pairs(),
    case(given([1e4, -1e4, 50.0, 1e-9]), given([1e4, 0.0, -50.0, 0.0]), smooth=False),
    case(integers(-3, 4, 5), integers(-3, 4, 5)),
)
