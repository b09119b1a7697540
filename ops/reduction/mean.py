"""Arithmetic mean."""

import math

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, float64, integers, normal, normalise_axes
from .storage import rounded, widened


@composite(
    formula=r"\frac{1}{n} \sum_i x_i",
    linear_in=[("x",)],
    reference=np.mean,
)
def mean(x, *, axis=None, keepdims=False):
    """Mean over `axis` (all axes by default); of integers in float64, of no elements NaN."""
    count = math.prod(x.shape[a] for a in axis)
    if not x.type.dtype.is_inexact:
        x = ops.cast(x, dtype=float64)  # an integer sum could wrap
    total = ops.sum(widened(x), axis=axis, keepdims=keepdims)
    return rounded(total / count, like=x)


@mean.normalise
def mean_axes(x, *, axis, keepdims):
    return {"axis": normalise_axes(axis, x.ndim), "keepdims": keepdims}


mean.samples(
    case(normal(3, 4)),
    case(normal(3, 4, 2), axis=(0, -1)),
    case(normal(3, 4), axis=1, keepdims=True),
    case(normal()),
    case(integers(-9, 9, 5)),
    case(integers(2**62, 2**62 + 9, 5)),
    bad(normal(3, 4), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
)
