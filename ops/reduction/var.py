"""Variance."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, integers, normal, normalise_axes
from .storage import rounded, widened


@composite(
    formula=r"\frac{1}{n - d} \sum_i (x_i - \bar x)^2",
    reference=np.var,
)
def var(x, *, axis=None, keepdims=False, ddof=0):
    """Variance over `axis` (all axes by default) around the mean, in two passes.

    The divisor is the number of elements less `ddof`, as in NumPy.
    """
    wide = widened(x)
    centred = wide - ops.mean(wide, axis=axis, keepdims=True)
    count = math.prod(x.shape[a] for a in axis)
    variance = ops.sum(centred * centred, axis=axis, keepdims=keepdims) / (count - ddof)
    return rounded(variance, like=x)


@var.normalise
def var_axes(x, *, axis, keepdims, ddof):
    return {"axis": normalise_axes(axis, x.ndim), "keepdims": keepdims, "ddof": ddof}


var.samples(
    case(normal(3, 4)),
    case(normal(3, 4, 2), axis=(0, -1), ddof=1),
    case(normal(3, 4), axis=1, keepdims=True),
    case(normal()),
    case(integers(-9, 9, 5)),
    bad(normal(3, 4), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
)
