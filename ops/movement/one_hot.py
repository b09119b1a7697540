"""Indicator vectors of labels."""

import numpy as np

from ... import ops
from ...compiler.dtypes import as_dtype
from ...compiler.plugin import (
    DTypeError,
    bad,
    case,
    composite,
    float32,
    float64,
    given,
    integers,
    normal,
    normalise_axis,
)


def _reference(labels, *, count, axis, dtype):
    classes = np.arange(count).reshape((count,) + (1,) * (labels.ndim - axis))
    return (np.expand_dims(labels, axis) == classes).astype(dtype.numpy)


@composite(
    formula=r"\delta_{y, k}",
    differentiable=(),
    reference=_reference,
)
def one_hot(labels, *, count, axis=-1, dtype=float32):
    """1 at the label and 0 elsewhere, along a new axis of `count` classes at `axis`.

    A label outside ``0 <= y < count`` gives zeros alone.
    """
    own = ops.expand_dims(ops.cast(labels, dtype=np.int64), axis=axis)
    shape = (*labels.shape[:axis], count, *labels.shape[axis:])
    return ops.cast(own == ops.iota(shape=shape, axis=axis), dtype=dtype)


@one_hot.normalise
def one_hot_axis(labels, *, count, axis, dtype):
    if not labels.dtype.is_integer:
        raise DTypeError(f"the labels are {labels.dtype}, wanted integers")
    return {"axis": normalise_axis(axis, labels.ndim + 1), "dtype": as_dtype(dtype)}


one_hot.samples(
    case(integers(0, 3, 4), count=3),
    case(integers(0, 3, 4, 2), count=3, axis=0, dtype=float64),
    case(integers(0, 3, 2, 2, dtype="uint8"), count=3, axis=1),
    case(given([-1, 5], dtype="int64"), count=3),
    case(integers(0, 3), count=3),
    case(integers(0, 3, 0), count=3),
    bad(normal(3), count=3, says="wanted integers"),
    bad(integers(0, 3, 3), count=3, axis=2, says="axis 2 is out of range"),
)
