"""Diagonals."""

import numpy as np

from ... import ops
from ...compiler.plugin import AxisError, bad, case, movement, normal, normalise_axis
from .permuted import inverse, permuted


@movement(
    formula=r"y_{i, t} = x_{i, t + \max(0, -k), t + \max(0, k)}",
    linear_in=[("x",)],
    reference=np.diagonal,
)
def diagonal(index, x, *, offset=0, axis1=0, axis2=1):
    """The diagonal `offset` above the main one of the matrices along two axes; it comes last."""
    *others, t = index
    rest = iter(others)
    place = [next(rest) if a not in (axis1, axis2) else t for a in range(x.ndim)]
    place[axis1] = place[axis1] + max(0, -offset)
    place[axis2] = place[axis2] + max(0, offset)
    return x[tuple(place)]


@diagonal.normalise
def diagonal_axes(x, *, offset, axis1, axis2):
    axes = {"axis1": normalise_axis(axis1, x.ndim), "axis2": normalise_axis(axis2, x.ndim)}
    if axes["axis1"] == axes["axis2"]:
        raise AxisError(f"axis1 and axis2 are both {axes['axis1']}")
    return {"offset": offset, **axes}


@diagonal.type_rule
def diagonal_type(x, *, offset, axis1, axis2):
    others = [extent for a, extent in enumerate(x.shape) if a not in (axis1, axis2)]
    length = min(x.shape[axis1] + min(0, offset), x.shape[axis2] - max(0, offset))
    return x.with_shape((*others, max(0, length)))


@diagonal.vjp
def diagonal_vjp(ct, x, out, *, offset, axis1, axis2):
    """The cotangent on the diagonal of zeros."""
    rows, columns = x.shape[axis1], x.shape[axis2]
    low = max(0, -offset)
    high = max(0, rows - low - ct.shape[-1])
    spaced = ops.pad(ct, low=_last(ct, low), high=_last(ct, high))
    spaced = ops.slice(spaced, start=(0,) * ct.ndim, stop=(*ct.shape[:-1], rows))
    shape = (rows, columns)
    own = ops.iota(shape=shape, axis=0) + offset == ops.iota(shape=shape, axis=1)
    square = ops.where(own, ops.expand_dims(spaced, axis=-1), 0)
    others = [a for a in range(x.ndim) if a not in (axis1, axis2)]
    return permuted(square, inverse((*others, axis1, axis2)))


def _last(x, amount):
    return (0,) * (x.ndim - 1) + (amount,)


diagonal.samples(
    case(normal(3, 3)),
    case(normal(3, 4), offset=1),
    case(normal(4, 3), offset=-2),
    case(normal(2, 3, 4), axis1=2, axis2=0),
    case(normal(2, 3, 4), offset=-1, axis1=-2, axis2=-1),
    case(normal(2, 2), offset=5),
    case(normal(2, 2), offset=-5),
    case(normal(0, 3)),
    bad(normal(3), says="axis 1 is out of range for an array of 1 dimensions"),
    bad(normal(3, 3), axis2=-2, says="axis1 and axis2 are both 0"),
)
