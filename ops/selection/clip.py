"""Limiting to an interval."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    around,
    case,
    distinct,
    elementwise,
    given,
    integers,
    normal,
    ordinary,
    specials,
)
from ..arithmetic.maximum import maximum
from ..arithmetic.minimum import minimum


def _reference(x, low, high):
    return minimum.reference(maximum.reference(x, low), high)


@elementwise(
    formula=r"\min(\max(x, l), h)",
    accepts="biuf",
    kink="at the ends of the interval the slope of x is 1 and that of the end 0",
    reference=_reference,
)
def clip(x, low, high):
    """Each element, or the end of [low, high] that it lies beyond.

    The ends are arrays or numbers like `x`; NaN in one of the three gives NaN, and `high` wins
    where it lies below `low`, as in NumPy.
    """
    return minimum(maximum(x, low), high)


@clip.vjp
def clip_vjp(ct, x, low, high, out):
    raised = ops.maximum(x, low)
    below_high = (raised <= high) | (raised != raised)
    above_low = (x >= low) | (x != x)
    return (
        ops.where(below_high & above_low, ct, 0),
        ops.where(below_high & ~above_low, ct, 0),
        ops.where(below_high, 0, ct),
    )


clip.samples(
    case(distinct(12), given(-0.7), given(0.9)),
    case(normal(3, 4), normal(4), normal(3, 1)),
    case(normal(0), normal(), normal()),
    ordinary(),
    around(0.0),
    specials(),
    case(given([-1.0, 1.0, 0.0, np.nan, np.inf]), given(-1.0), given(1.0), smooth=False),
    case(normal(5), given(1.0), given(-1.0)),
    case(normal(4), given([np.nan, 0.0, 0.0, 0.0]), given([1.0, np.nan, 1.0, 1.0]), smooth=False),
    case(integers(-9, 9, 9), integers(-5, 0, 9), integers(0, 5, 9)),
)
