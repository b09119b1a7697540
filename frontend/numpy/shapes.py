"""Functions that give the same elements another shape or order of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...compiler.errors import AxisError, ShapeError, UnsupportedError
from ...compiler.kinds.reduction import normalise_axes, normalise_axis
from .elementwise import alias
from .table import array, holds_traced, implements

# Facts of a traced array that are known while tracing.


@implements(np.shape)
def shape(a: Any) -> tuple[int, ...]:
    """The extents of the axes, as Python integers."""
    extents: tuple[int, ...] = a.shape
    return extents


@implements(np.ndim)
def ndim(a: Any) -> int:
    """The number of axes."""
    return len(a.shape)


@implements(np.size)
def size(a: Any, axis: Any = None) -> int:
    """The number of elements, or of those along `axis`."""
    axes = normalise_axes(axis, a.ndim)
    return int(np.prod([a.shape[i] for i in axes], dtype=np.int64))


# Shapes.


@implements(np.reshape)
def reshape(a: Any, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
    """The elements in row-major order under another shape; one extent may be -1."""
    return ops.reshape(a, shape=(shape,) if isinstance(shape, (int, np.integer)) else tuple(shape))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """The elements in row-major order."""
    return ops.reshape(a, shape=(-1,) if a.size else (0,))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """An axis of extent 1 at each place `axis` of the result."""
    return ops.expand_dims(a, axis=axis)


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Without the axes `axis` of extent 1, by default all that are."""
    return ops.squeeze(a, axis=axis)


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """At least one axis each."""
    return _each(arys, lambda a: a if a.ndim else ops.reshape(a, shape=(1,)))


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """At least two axes each; new ones come first."""
    return _each(arys, lambda a: a if a.ndim > 1 else ops.reshape(a, shape=(1, a.size)))


def _each(arrays: Sequence[Any], function: Any) -> Any:
    results = tuple(function(array(each)) for each in arrays)
    return results[0] if len(results) == 1 else results


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """Stretched to `shape` by NumPy's rule."""
    return ops.broadcast_to(array, shape=(shape,) if isinstance(shape, int) else tuple(shape))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """All stretched to their common shape."""
    arrays = [array(each) for each in args]
    common = np.broadcast_shapes(*(each.shape for each in arrays))
    return tuple(ops.broadcast_to(each, shape=common) for each in arrays)


@implements(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """Coordinate arrays of a grid from coordinate vectors."""
    vectors = [ravel(array(each)) for each in xi]
    order = list(range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = 1, 0
    placed = []
    for i, vector in enumerate(vectors):
        extents = [1] * len(vectors)
        extents[order[i]] = vector.size
        placed.append(ops.reshape(vector, shape=extents))
    return tuple(placed) if sparse else broadcast_arrays(*placed)


# Axes.


@implements(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in the order `axes`, by default reversed."""
    order = tuple(reversed(range(a.ndim))) if axes is None else _order(axes, a.ndim)
    return a if order == tuple(range(a.ndim)) else ops.transpose(a, axes=order)


permute_dims = alias("permute_dims", transpose)


def _order(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    order = tuple(normalise_axis(int(axis), ndim) for axis in axes)
    if sorted(order) != list(range(ndim)):
        raise AxisError(f"the axes {tuple(axes)} are no order of {ndim} dimensions")
    return order


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(f"got {x.ndim} dimensions, wanted at least 2")
    return swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order = list(range(a.ndim))
    first, second = normalise_axis(axis1, a.ndim), normalise_axis(axis2, a.ndim)
    order[first], order[second] = second, first
    return transpose(a, order)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """The axes `source` moved to the places `destination`, the others in their order."""
    sources = [source] if isinstance(source, int) else list(source)
    destinations = [destination] if isinstance(destination, int) else list(destination)
    if len(sources) != len(destinations):
        raise AxisError(f"got {len(sources)} axes to move and {len(destinations)} places")
    sources = [normalise_axis(axis, a.ndim) for axis in sources]
    places = [normalise_axis(axis, a.ndim) for axis in destinations]
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(a, order)


# Reversal and rotation.


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """The elements along `axis`, by default all axes, in reverse order."""
    return ops.flip(m, axis=axis)


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """The rows in reverse order."""
    return ops.flip(m, axis=0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """The columns in reverse order."""
    return ops.flip(m, axis=1)


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements moved on by `shift` along `axis`; what leaves the end enters the start."""
    return ops.roll(a, shift=shift, axis=axis)


def part(a: Any, axis: int, start: int, stop: int) -> Any:
    """The elements from `start` to before `stop` along one axis."""
    begin, end = [0] * a.ndim, list(a.shape)
    begin[axis], end[axis] = start, stop
    return ops.slice(a, start=tuple(begin), stop=tuple(end))


# Padding and repetition.


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """A border of a constant (0 by default) around the array."""
    if mode != "constant":
        raise UnsupportedError(
            f"mode {mode!r} is not supported", 'Use mode="constant", or np.take with index arrays'
        )
    value = kwargs.get("constant_values", 0)
    if holds_traced([value]) or np.ndim(value):
        raise UnsupportedError(
            "constant_values is no single Python number", "Pad with 0 and add, or np.concatenate"
        )
    widths = np.broadcast_to(_widths(pad_width, array.ndim), (array.ndim, 2)).tolist()
    low, high = zip(*widths, strict=True) if widths else ((), ())
    if array.type.dtype.is_integer:
        value = int(value)
    return ops.pad(array, low=low, high=high, value=value)


def _widths(pad_width: Any, ndim: int) -> Any:
    """NumPy's short forms of ``((before, after), ...)``; a dict maps axes to them."""
    if not isinstance(pad_width, dict):
        return np.asarray(pad_width)
    widths = np.zeros((ndim, 2), int)
    for axis, width in pad_width.items():
        widths[axis] = width
    return widths


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element, or each slice along `axis`, `repeats` times."""
    counts = np.asarray(repeats)
    if counts.size == 1:
        return ops.repeat(a, repeats=int(counts.reshape(())), axis=axis)
    if axis is None:
        a, axis = ravel(a), 0
    return ops.take(a, np.repeat(np.arange(a.shape[axis]), counts), axis=axis)


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """The whole array `reps` times along each axis."""
    return ops.tile(A, reps=reps)


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The elements in another dtype."""
    return ops.cast(x, dtype=dtype)
