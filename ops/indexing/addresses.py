"""What gathers and scatters share: index arrays, their types, and counting from the end."""

import math

from ... import ops
from ...compiler.plugin import DTypeError, ShapeError, Value, cast, int64


def address(index, indices):
    """Where the element at `index` of the gathered array lies: by the index arrays, then as is."""
    rank = indices[0].ndim if indices else 0
    first = tuple(cast(array[index[:rank]], int64) for array in indices)
    return (*first, *index[rank:])


def gathered_shape(x, indices):
    """The shape of ``x[indices]``: that of the index arrays, then the axes without one."""
    if len(indices) > x.ndim:
        raise ShapeError(f"got {len(indices)} index arrays for an array of {x.ndim} dimensions")
    for array in indices:
        if not array.dtype.is_integer:
            raise DTypeError(f"the indices are {array.dtype}, wanted integers")
        if array.shape != indices[0].shape:
            raise ShapeError(f"the index arrays have shapes {indices[0].shape} and {array.shape}")
    return (*(indices[0].shape if indices else ()), *x.shape[len(indices) :])


def check_updates(operand, updates, *indices):
    """The type rule of scatters: the updates have the shape of the gathered array."""
    wanted = gathered_shape(operand, indices)
    if updates.shape != wanted:
        raise ShapeError(f"the updates have shape {updates.shape}, wanted {wanted}")
    return operand


def numbered(indices):
    """A number for each index tuple, in order."""
    shape = indices[0].shape if indices else ()
    return ops.reshape(ops.iota(shape=(math.prod(shape),)), shape=shape)


def first_axes(operand, indices):
    """The shape of the axes that the indices point along."""
    return operand.shape[: len(indices)]


def from_start(indices, extent):
    """The indices with negative ones counted from the end of an axis of `extent` elements.

    Index units take ``0 <= i < extent`` only, so that a program checks one range and a label of -1
    is an error rather than the last class: what indexes as NumPy does calls this first.
    """
    if isinstance(indices, Value):
        if not indices.type.dtype.is_integer:
            raise DTypeError(f"the indices are {indices.dtype}, wanted integers")
        indices = indices if indices.type.dtype is int64 else ops.cast(indices, dtype=int64)
    # An index beyond the first element stays as it is: the error names the number that was given.
    return ops.where((indices < 0) & (indices >= -extent), indices + extent, indices)
