"""Reading ``x[key]``: NumPy's basic and integer-array indexing, taken apart."""

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import ops
from ...compiler.kinds.bounds import out_of_bounds
from ...compiler.plugin import (
    ArgumentError,
    AxisError,
    DTypeError,
    ShapeError,
    UnsupportedError,
    Value,
    broadcast_shapes,
)
from .addresses import from_start


@dataclass(frozen=True)
class Key:
    """A key, read for an array of a given shape.

    A key acts in three steps: `slices` keeps a box of the array, of shape `box`; the index arrays
    pick elements along the axes `picked` of the box, which gives the axes of `common` (their
    broadcast shape) first and the other axes after them; the common axes then move behind the
    first `before` others, and axes of extent 1 come and go, which gives `shape`. Without index
    arrays the second step is empty.
    """

    slices: tuple[slice, ...]
    box: tuple[int, ...]
    picked: tuple[int, ...]
    arrays: tuple[Any, ...]
    common: tuple[int, ...]
    before: int
    shape: tuple[int, ...]

    def is_whole(self, shape: tuple[int, ...]) -> bool:
        """True when the box is the whole array of `shape`, in its order."""
        return self.box == shape and all(s.step == 1 for s in self.slices)

    @property
    def front(self) -> tuple[int, ...]:
        """The axes of the box, the picked ones first."""
        rest = (a for a in range(len(self.box)) if a not in self.picked)
        return (*self.picked, *rest)

    @property
    def settled(self) -> tuple[int, ...]:
        """The order that moves the common axes behind the first `before` others."""
        rank = len(self.common)
        others = range(rank, rank + len(self.box) - len(self.picked))
        return (*others[: self.before], *range(rank), *others[self.before :])


def read_key(x: Any, key: Any) -> Key:
    """The key for ``x[key]``; raises for what NumPy refuses and for what cannot be traced."""
    entries = _aligned(x, key)
    if any(_is_array(entry) for entry in entries):
        return _advanced(x.shape, entries)
    return _basic(x.shape, entries)


def _aligned(x: Any, key: Any) -> list[Any]:
    """The key's entries, one for each axis beside None and the ellipsis, indices checked."""
    given = [_plain(entry) for entry in (key if isinstance(key, tuple) else (key,))]
    taken = sum(map(_axes_taken, given))
    if taken > x.ndim:
        raise AxisError(f"got {taken} indices for an array of {x.ndim} dimensions")
    ellipses = [place for place, entry in enumerate(given) if entry is ...]
    if len(ellipses) > 1:
        raise ArgumentError("a key has at most one ellipsis")
    rest = ellipses[0] + 1 if ellipses else len(given)
    given[rest:rest] = [slice(None)] * (x.ndim - taken)
    entries: list[Any] = []
    axis = 0
    for entry in given:
        if not _axes_taken(entry):
            entries.append(entry)
            continue
        for part in _by_axis(entry, x.shape[axis:]):
            entries.append(_within(part, axis, x.shape[axis]))
            axis += 1
    return entries


def _plain(entry: Any) -> Any:
    """The entry as None, ..., a slice or an int of Python's, an array of NumPy's, or a value."""
    if entry is None or entry is ...:
        return entry
    if isinstance(entry, slice):
        bounds = slice(*map(_bound, (entry.start, entry.stop, entry.step)))
        if bounds.step == 0:
            raise ArgumentError("the step of a slice is 0")
        return bounds
    if isinstance(entry, Value):
        return _traced(entry)
    if isinstance(entry, (bool, np.bool_)):
        raise UnsupportedError("True and False are no indices here: use np.where to choose")
    if isinstance(entry, (list, np.ndarray)):
        if isinstance(entry, list) and any(isinstance(part, Value) for part in entry):
            raise ArgumentError("a list of traced values is no index: join them with np.stack")
        array = np.asarray(entry)
        if array.ndim:
            return _constant(array)
    try:
        return operator.index(entry)
    except TypeError:
        raise DTypeError(f"{entry!r} is no index: wanted integers, slices, None or ...") from None


def _bound(bound: Any) -> int | None:
    if bound is None:
        return None
    try:
        if not isinstance(bound, Value):
            return operator.index(bound)
    except TypeError:
        pass
    raise ArgumentError(
        f"a slice takes Python integers, not {bound!r}: its length is part of a type",
        "Use np.take or np.take_along_axis with computed indices",
    )


def _traced(entry: Value) -> Value:
    if entry.dtype.kind == "b":
        raise UnsupportedError(
            "a traced mask selects a number of elements that depends on data",
            "Use np.where(mask, x, y) to choose per element",
        )
    if not entry.type.dtype.is_integer:
        raise DTypeError(f"the indices are {entry.dtype}, wanted integers")
    return entry


def _constant(array: Any) -> Any:
    if array.size == 0 and array.dtype != bool:
        array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise DTypeError(f"the indices are {array.dtype}, wanted integers")
    return array


def _axes_taken(entry: Any) -> int:
    if entry is None or entry is ...:
        return 0
    return entry.ndim if _is_mask(entry) else 1


def _is_mask(entry: Any) -> bool:
    return isinstance(entry, np.ndarray) and entry.dtype == bool


def _by_axis(entry: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The entry for each axis that it takes: a constant mask is an index array for each."""
    if not _is_mask(entry):
        return (entry,)
    if entry.shape != shape[: entry.ndim]:
        raise ShapeError(f"the mask has shape {entry.shape}, wanted {shape[: entry.ndim]}")
    return entry.nonzero()


def _within(entry: Any, axis: int, extent: int) -> Any:
    """The entry with constant indices checked, and negative ones counted from the end."""
    if isinstance(entry, slice):
        return entry
    if isinstance(entry, Value):
        return from_start(entry, extent)
    indices = np.asarray(entry, np.int64)
    wrong = (indices < -extent) | (indices >= extent)
    if wrong.any():
        raise out_of_bounds(int(indices[wrong][0]), axis, extent)
    positive = np.where(indices < 0, indices + extent, indices)
    return int(positive) if isinstance(entry, int) else positive


def _is_array(entry: Any) -> bool:
    return isinstance(entry, (Value, np.ndarray))


def _basic(shape: tuple[int, ...], entries: list[Any]) -> Key:
    slices, result = [], []
    for entry in entries:
        if entry is None:
            result.append(1)
        elif isinstance(entry, int):
            slices.append(slice(entry, entry + 1, 1))
        elif entry is not ...:
            kept, extent = _kept(entry, shape[len(slices)])
            slices.append(kept)
            result.append(extent)
    return Key(tuple(slices), _box(slices), (), (), (), 0, tuple(result))


def _kept(entry: slice, extent: int) -> tuple[slice, int]:
    """The slice with explicit bounds (None only before the first element), and its length."""
    start, stop, step = entry.indices(extent)
    count = len(range(start, stop, step))
    if count == 0:
        return slice(0, 0, 1), 0
    return slice(start, None if stop < 0 else stop, step), count


def _box(slices: list[slice]) -> tuple[int, ...]:
    return tuple(len(range(s.start, -1 if s.stop is None else s.stop, s.step)) for s in slices)


def _advanced(shape: tuple[int, ...], entries: list[Any]) -> Key:
    """NumPy's rule: beside index arrays integers are arrays too; the common axes stand where the
    arrays stood if these are neighbours in the key, else they come first."""
    slices: list[slice] = []
    picked: list[int] = []
    arrays: list[Any] = []
    places: list[int] = []
    others: list[int] = []
    before = new_before = 0
    for place, entry in enumerate(entries):
        if entry is None:
            others.append(1)
        elif isinstance(entry, slice):
            kept, extent = _kept(entry, shape[len(slices)])
            slices.append(kept)
            others.append(extent)
            before += not places
        elif entry is not ...:
            picked.append(len(slices))
            arrays.append(entry)
            new_before = new_before if places else len(others)
            places.append(place)
            slices.append(slice(0, shape[len(slices)], 1))
    adjacent = places[-1] - places[0] == len(places) - 1
    if not adjacent:
        before = new_before = 0
    common = broadcast_shapes([np.shape(array) for array in arrays])
    result = (*others[:new_before], *common, *others[new_before:])
    stretched = tuple(_stretched(array, common) for array in arrays)
    return Key(tuple(slices), _box(slices), tuple(picked), stretched, common, before, result)


def _stretched(array: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(array, Value):
        return array if array.shape == shape else ops.broadcast_to(array, shape=shape)
    return np.broadcast_to(np.asarray(array, np.int64), shape)
