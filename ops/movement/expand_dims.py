"""New axes of extent 1."""

import numpy as np

from ... import ops
from ...compiler.plugin import bad, case, composite, normal, normalise_axes


@composite(
    formula=r"y_{1, i} = x_i",
    linear_in=[("x",)],
    reference=np.expand_dims,
)
def expand_dims(x, *, axis):
    """`x` with an axis of extent 1 at each place `axis` of the result."""
    rest = iter(x.shape)
    rank = x.ndim + len(axis)
    return ops.reshape(x, shape=tuple(1 if a in axis else next(rest) for a in range(rank)))


@expand_dims.normalise
def expand_dims_axes(x, *, axis):
    axis = (axis,) if isinstance(axis, int) else axis
    return {"axis": normalise_axes(axis, x.ndim + len(axis))}


expand_dims.samples(
    case(normal(4), axis=0),
    case(normal(3, 4), axis=(0, -1)),
    case(normal(), axis=0),
    case(normal(0), axis=1),
    bad(normal(3), axis=2, says="axis 2 is out of range for an array of 2 dimensions"),
)
