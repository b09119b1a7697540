"""Disjunction over axes."""

import numpy as np

from ...compiler.plugin import bad, booleans, case, given, integers, normal, reduction


@reduction(
    formula=r"\bigvee_i x_i",
    init=lambda dtype: False,
    accumulates="bool",
    differentiable=(),
    reference=np.any,
)
def any(a, b):
    """True where some element over `axis` (all axes by default) is not zero; NaN is not zero."""
    return a | b


any.samples(
    case(booleans(3, 4)),
    case(booleans(3, 4), axis=1),
    case(booleans(3, 1, 2), axis=(0, -1), keepdims=True),
    case(integers(0, 2, 3, 2), axis=0),
    case(given([0.0, -0.0, np.nan])),
    case(normal(0)),
    case(booleans()),
    bad(normal(3), axis=1, says="axis 1 is out of range for an array of 1 dimensions"),
)
