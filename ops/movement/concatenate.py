"""Joining arrays along an axis."""

import numpy as np

from ... import ops
from ...compiler.plugin import (
    ArgumentError,
    ShapeError,
    bad,
    case,
    integers,
    movement,
    normal,
    normalise_axis,
    select,
)


def _reference(*arrays, axis):
    return np.concatenate(arrays, axis=axis)


@movement(
    formula=r"y_{n_1 + \dots + n_{k-1} + i} = (x_k)_i",
    linear_in=[("arrays",)],
    promotes=("arrays",),
    reference=_reference,
)
def concatenate(index, *arrays, axis=0):
    """The arrays one after the other along `axis`, in their common dtype."""
    element, begin = None, 0
    for array in arrays:
        extent = array.shape[axis]
        if array.type.size == 0:
            continue
        offset = index[axis] - begin
        inside = (offset >= 0) & (offset < extent)
        place = list(index)
        place[axis] = select(inside, offset, 0)
        here = array[tuple(place)]
        element = here if element is None else select(inside, here, element)
        begin += extent
    return arrays[0][index] if element is None else element


@concatenate.normalise
def concatenate_axis(*arrays, axis):
    if not arrays:
        raise ArgumentError("got no arrays")
    if arrays[0].ndim == 0:
        raise ShapeError("arrays without dimensions cannot be joined: use stack")
    return {"axis": normalise_axis(axis, arrays[0].ndim)}


@concatenate.type_rule
def concatenate_type(*arrays, axis):
    first = arrays[0]
    for array in arrays[1:]:
        if array.ndim != first.ndim or any(
            m != n
            for a, (m, n) in enumerate(zip(first.shape, array.shape, strict=True))
            if a != axis
        ):
            raise ShapeError(
                f"the shapes {first.shape} and {array.shape} differ beside the axis {axis}"
            )
    shape = list(first.shape)
    shape[axis] = sum(array.shape[axis] for array in arrays)
    return first.with_shape(shape)


@concatenate.vjp
def concatenate_vjp(ct, *arrays, axis):
    *arrays, _ = arrays
    parts, begin = [], 0
    for array in arrays:
        start, stop = [0] * ct.ndim, list(ct.shape)
        start[axis], stop[axis] = begin, begin + array.shape[axis]
        parts.append(ops.slice(ct, start=start, stop=stop))
        begin = stop[axis]
    return tuple(parts)


concatenate.samples(
    case(normal(3), normal(2)),
    case(normal(2, 3), normal(2, 1), normal(2, 2), axis=-1),
    case(normal(2, 3), normal(0, 3), normal(1, 3)),
    case(normal(0, 3), normal(0, 3)),
    case(normal(4)),
    case(normal(2), integers(0, 9, 3)),
    bad(normal(2, 3), normal(2, 4), says="differ beside the axis 0"),
    bad(normal(2, 3), normal(2), says="differ beside the axis 0"),
    bad(normal(2), normal(2), axis=1, says="axis 1 is out of range"),
    bad(normal(), normal(), says="arrays without dimensions cannot be joined"),
    bad(says="got no arrays"),
)
