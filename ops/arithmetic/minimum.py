"""The smaller of two."""

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
from ..reduction.extremes import smaller


def _reference(x, y):
    return np.where((x <= y) | (x != x), x, y)


@elementwise(
    formula=r"\min(x, y)",
    accepts="biuf",
    associative=True,
    kink="of equal elements the first takes the whole cotangent",
    reference=_reference,
)
def minimum(x, y):
    """The smaller of each pair; NaN where one is NaN, and the first of two equal zeros."""
    return smaller(x, y)


@minimum.vjp
def minimum_vjp(ct, x, y, out):
    first = (x <= y) | (x != x)
    return ops.where(first, ct, 0), ops.where(first, 0, ct)


minimum.samples(
    ordinary(),
    around(0.0, 1.0),
    special_pairs(),
    case(given([0.0, -0.0, 1.0]), given([-0.0, 0.0, 1.0]), smooth=False),
    case(integers(-9, 9, 5), integers(-9, 9, 5)),
    case(booleans(4), booleans(4)),
)
