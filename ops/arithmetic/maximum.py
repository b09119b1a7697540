"""The larger of two."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    around,
    booleans,
    case,
    elementwise,
    given,
    integers,
    ordinary,
    special_pairs,
)
from ..reduction.extremes import larger


def _reference(x, y):
    return np.where((x >= y) | (x != x), x, y)


@elementwise(
    formula=r"\max(x, y)",
    accepts="biuf",
    associative=True,
    kink="of equal elements the first takes the whole cotangent",
    reference=_reference,
)
def maximum(x, y):
    """The larger of each pair; NaN where one is NaN, and the first of two equal zeros."""
    return larger(x, y)


@maximum.vjp
def maximum_vjp(ct, x, y, out):
    first = (x >= y) | (x != x)
    return ops.where(first, ct, 0), ops.where(first, 0, ct)


maximum.samples(
    ordinary(),
    around(0.0, 1.0),
    special_pairs(),
    case(given([0.0, -0.0, 1.0]), given([-0.0, 0.0, 1.0]), smooth=False),
    case(integers(-9, 9, 5), integers(-9, 9, 5)),
    case(booleans(4), booleans(4)),
)
