"""Functions that join arrays and take them apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ... import ops
from ...compiler.errors import ArgumentError, ShapeError
from ...compiler.kinds.reduction import normalise_axis
from ...compiler.value import Value
from .elementwise import alias
from .shapes import atleast_1d, atleast_2d, part, ravel
from .table import array, implements, strong


def _members(arrays: Any) -> list[Value]:
    """The arrays of a sequence; an array counts as the sequence of its slices."""
    return [strong(array(each)) for each in arrays]


def _in(arrays: Sequence[Any], dtype: Any) -> list[Any]:
    return [each if dtype is None else ops.cast(each, dtype=dtype) for each in arrays]


@implements(np.concatenate)
def concatenate(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    """The arrays one after the other along `axis`, in their common dtype."""
    members = _in(_members(arrays), dtype)
    if axis is None:
        members, axis = [ravel(each) for each in members], 0
    return ops.concatenate(*members, axis=axis)


concat = alias("concat", concatenate)


@implements(np.stack)
def stack(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    """The arrays, all of one shape, along a new axis."""
    return ops.stack(*_in(_members(arrays), dtype), axis=axis)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    """Side by side: along the second axis, of vectors along the first."""
    members = [atleast_1d(each) for each in _in(_members(tup), dtype)]
    return ops.concatenate(*members, axis=0 if members and members[0].ndim == 1 else 1)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    """On top of each other; vectors are rows."""
    return ops.concatenate(*(atleast_2d(each) for each in _in(_members(tup), dtype)), axis=0)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Side by side; vectors are columns."""
    columns = [
        each if each.ndim > 1 else ops.reshape(each, shape=(each.size, 1)) for each in _members(tup)
    ]
    return ops.concatenate(*columns, axis=1)


@implements(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """The values after the array; both flat without an axis."""
    return concatenate((arr, values), axis=axis)


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along `axis`: so many of equal length, or cut at the given indices."""
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        raise ShapeError(
            f"axis {axis} of {ary.shape[axis]} elements has no {indices_or_sections} equal parts",
            "Use np.array_split for parts that differ by one",
        )
    return array_split(ary, indices_or_sections, axis)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along `axis`, the first of them longer by one where the division leaves a rest."""
    axis = normalise_axis(axis, ary.ndim)
    extent = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if count < 1:
            raise ArgumentError(f"got {count} parts, wanted at least 1")
        longer = extent % count
        lengths = [extent // count + (i < longer) for i in range(count)]
        cuts = np.cumsum([0, *lengths]).tolist()
    else:
        cuts = [0, *(int(i) for i in indices_or_sections), extent]
    bounds = [slice(a, b).indices(extent)[:2] for a, b in pairwise(cuts)]
    return [part(ary, axis, start, max(start, stop)) for start, stop in bounds]


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the second axis, of vectors along the first."""
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the first axis."""
    return split(ary, indices_or_sections, 0)
