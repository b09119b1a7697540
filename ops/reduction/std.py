"""Standard deviation."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, integers, normal, normalise_axes
from .storage import rounded, widened


@composite(
    formula=r"\sqrt{\frac{1}{n - d} \sum_i (x_i - \bar x)^2}",
    kink="slope 0 where all elements are equal, as of a norm at 0",
    reference=np.std,
)
def std(x, *, axis=None, keepdims=False, ddof=0):
    """Square root of the variance over `axis` (all axes by default); see `var`."""
    variance = ops.var(widened(x), axis=axis, keepdims=keepdims, ddof=ddof)
    return rounded(ops.where(variance == 0, variance, ops.sqrt(variance)), like=x)


@std.normalise
def std_axes(x, *, axis, keepdims, ddof):
    return {"axis": normalise_axes(axis, x.ndim), "keepdims": keepdims, "ddof": ddof}


std.samples(
    case(normal(3, 4)),
    case(normal(3, 4, 2), axis=(0, -1), ddof=1),
    case(normal(3, 4), axis=1, keepdims=True),
    case(normal(), smooth=False),
    case(integers(-9, 9, 5)),
    bad(normal(3, 4), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
)
