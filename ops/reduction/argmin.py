"""Position of the smallest element."""

import numpy as np

from ...compiler.plugin import (
    bad,
    booleans,
    case,
    distinct,
    given,
    int64,
    integers,
    normal,
    reduction,
    select,
)
from .extremes import LAST, flattened, highest


def _reference(x, *, axis, keepdims):
    place = np.argmin(flattened(x, axis), axis=-1)
    return np.expand_dims(place, axis) if keepdims else place


@reduction(
    formula=r"\min \{ i : x_i = \min_j x_j \}",
    init=lambda dtype: (highest(dtype), LAST),
    lift=lambda x, index: (x, index),
    finalise=lambda value, index: index,
    result=int64,
    empty=False,
    differentiable=(),
    reference=_reference,
)
def argmin(a, b):
    """Position of the smallest element over `axis`: the first of equal ones, NaN before all.

    Over several axes (all by default) it is the row-major position within them. The combiner is
    commutative, so that partial results may be merged in any order.
    """
    (x, i), (y, j) = a, b
    nan, other_nan = x != x, y != y
    tie = (x == y) | (nan & other_nan)
    later = (y < x) | (other_nan & ~nan) | (tie & (j < i))
    return select(later, y, x), select(later, j, i)


argmin.samples(
    case(distinct(3, 4)),
    case(distinct(3, 4), axis=1),
    case(distinct(3, 4, 2), axis=(0, -1), keepdims=True),
    case(given([1.0, 3.0, 3.0, 2.0])),
    case(given([1.0, np.nan, -np.inf, np.nan])),
    case(given([[np.inf, np.inf], [np.inf, 0.0]]), axis=1),
    case(integers(-3, 3, 8)),
    case(booleans(6)),
    case(normal()),
    bad(normal(0), says="are empty, and no elements have no result"),
)
