"""Positions along an axis."""

import numpy as np

from ...compiler.dtypes import as_dtype
from ...compiler.plugin import (
    ArrayType,
    DTypeError,
    ShapeError,
    bad,
    case,
    cast,
    float32,
    int64,
    movement,
    normalise_axis,
)


def _reference(*, shape, axis, dtype):
    places = np.arange(shape[axis]).astype(dtype.numpy)
    return np.broadcast_to(np.expand_dims(places, tuple(range(1, len(shape) - axis))), shape)


@movement(
    formula=r"y_i = i_a",
    reference=_reference,
)
def iota(index, *, shape, axis=0, dtype=int64):
    """An array whose element at `i` is ``i[axis]``."""
    return cast(index[axis], dtype)


@iota.normalise
def iota_axis(*, shape, axis, dtype):
    shape = (shape,) if isinstance(shape, int) else shape
    if any(extent < 0 for extent in shape):
        raise ShapeError(f"the shape {shape} has a negative extent")
    dtype = as_dtype(dtype)
    if dtype.kind == "b":
        raise DTypeError("positions are numbers, not bool")
    return {"shape": shape, "axis": normalise_axis(axis, len(shape)), "dtype": dtype}


@iota.type_rule
def iota_type(*, shape, axis, dtype):
    return ArrayType(shape, dtype)


iota.samples(
    case(shape=5),
    case(shape=(2, 3, 4), axis=1),
    case(shape=(2, 3), axis=-1, dtype=float32),
    case(shape=(0, 3)),
    bad(shape=(), says="axis 0 is out of range for an array of 0 dimensions"),
    bad(shape=(-1,), says="the shape (-1,) has a negative extent"),
)
