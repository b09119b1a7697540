"""Largest element."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, distinct, given, integers, normal, reduction
from .extremes import larger, lowest, marked


@reduction(
    theory="pwl-09",
    formula=r"\max_i x_i",
    init=lowest,
    empty=False,
    kink="of equal largest elements the first takes the whole cotangent",
    reference=np.max,
)
def max(a, b):
    """Largest element over `axis` (all axes by default); NaN where there is one."""
    return larger(a, b)


@max.vjp
def max_vjp(ct, x, out, *, axis, keepdims):
    return marked(ct, x, ops.argmax(x, axis=axis, keepdims=True), axis, keepdims)


max.samples(
    case(distinct(3, 4)),
    case(distinct(3, 4, 2), axis=(0, -1)),
    case(distinct(3, 4), axis=1, keepdims=True),
    case(normal(2, 0), axis=0),
    case(normal()),
    case(given([1.0, np.nan, 2.0, np.inf]), smooth=False),
    case(integers(-9, 9, 5)),
    bad(normal(0, 3), axis=0, says="are empty, and no elements have no result"),
)
