"""Joining arrays along a new axis."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ArgumentError,
    ShapeError,
    bad,
    case,
    composite,
    integers,
    normal,
    normalise_axis,
)


@composite(
    formula=r"y_{k, i} = (x_k)_i",
    linear_in=[("arrays",)],
    reference=lambda *arrays, axis: np.stack(arrays, axis=axis),
)
def stack(*arrays, axis=0):
    """The arrays, all of one shape, along a new axis at `axis` of the result."""
    return ops.concatenate(*(ops.expand_dims(array, axis=axis) for array in arrays), axis=axis)


@stack.normalise
def stack_axis(*arrays, axis):
    if not arrays:
        raise ArgumentError("got no arrays")
    for array in arrays:
        if array.shape != arrays[0].shape:
            raise ShapeError(f"the shapes {arrays[0].shape} and {array.shape} differ")
    return {"axis": normalise_axis(axis, arrays[0].ndim + 1)}


stack.samples(
    case(normal(3), normal(3)),
    case(normal(2, 3), normal(2, 3), normal(2, 3), axis=-1),
    case(normal(), normal()),
    case(normal(0), normal(0)),
    case(normal(2), integers(0, 9, 2), axis=1),
    bad(normal(2, 3), normal(2, 4), says="the shapes (2, 3) and (2, 4) differ"),
    bad(normal(2), normal(2), axis=2, says="axis 2 is out of range"),
    bad(says="got no arrays"),
)
