"""Product with a logarithm."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    case,
    elementwise,
    given,
    integers,
    isnan,
    positive,
    ranges,
    select,
    special_pairs,
)
from .log import log


def _reference(x, y):
    return np.where((x == 0) & ~np.isnan(y), 0, x * np.log(y))


@elementwise(
    formula=r"x \ln y, \quad 0 \ln y := 0",
    computes="float",
    accepts="biuf",
    linear_in=[("x",)],
    domain={"y": positive},
    cost="expensive",
    ulp=3.0,
    kink="at x = y = 0 the slope in y is 0",
    reference=_reference,
)
def xlogy(x, y):
    """x times the logarithm of y, and 0 where x is 0: entropies need no guard."""
    return select((x == 0) & ~isnan(y), 0, x * log(y))


@xlogy.vjp
def xlogy_vjp(ct, x, y, out):
    both = (x == 0) & (y == 0)
    return ct * ops.log(y), ct * (x / ops.where(both, 1, y))


xlogy.samples(
    ranges((-3.0, 3.0), (0.3, 3.0)),
    special_pairs(),
    case(given([0.0, 0.0, 2.0, 0.0]), given([0.0, -1.0, 0.0, 2.0]), smooth=False),
    case(integers(0, 4, 7), integers(1, 4, 7)),
)
