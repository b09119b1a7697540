"""Slices at given positions of one axis."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    DTypeError,
    bad,
    case,
    composite,
    given,
    integers,
    normal,
    normalise_axis,
)
from ..movement.permuted import permuted
from .addresses import from_start


@composite(
    formula=r"y_{i, s, k} = x_{i, I_s, k}",
    differentiable=("x",),
    linear_in=[("x",)],
    reference=np.take,
)
def take(x, indices, *, axis=None):
    """The slices of `x` along `axis` that `indices` names; of the flat array without an axis.

    Negative indices count from the end. The axes of `indices` take the place of `axis`.
    """
    if axis is None:
        x, axis = ops.reshape(x, shape=-1), 0
    indices = from_start(indices, x.shape[axis])
    front = (axis, *(a for a in range(x.ndim) if a != axis))
    picked = ops.gather(permuted(x, front), indices)
    new = tuple(range(indices.ndim))
    before = tuple(indices.ndim + a for a in range(axis))
    after = tuple(range(indices.ndim + axis, picked.ndim))
    return permuted(picked, (*before, *new, *after))


@take.normalise
def take_axis(x, indices, *, axis):
    if not indices.dtype.is_integer:
        raise DTypeError(f"the indices are {indices.dtype}, wanted integers")
    return {"axis": None if axis is None else normalise_axis(axis, x.ndim)}


take.samples(
    case(normal(5, 3), integers(-5, 5, 4), axis=0),
    case(normal(5, 3, 2), integers(0, 3, 2, 2), axis=1),
    case(normal(5, 3), integers(0, 15, 4)),
    case(normal(5, 3), integers(0, 3), axis=-1),
    case(normal(5, 3), integers(0, 5, 0), axis=0),
    bad(normal(5), normal(2), axis=0, says="the indices are float"),
    bad(normal(5), integers(0, 5, 2), axis=1, says="axis 1 is out of range"),
    bad(normal(5), given([5], dtype="int64"), axis=0, says="index 5 is out of bounds for axis 0"),
)
