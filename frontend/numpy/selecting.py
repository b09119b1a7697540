"""Functions that pick elements by position."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...compiler.errors import ShapeError, UnsupportedError
from ...compiler.kinds.reduction import normalise_axis
from .shapes import part, ravel
from .table import implements


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    """The slices along `axis` that `indices` names, of the flat array without one.

    ``mode="clip"`` takes the nearest end for an index outside, ``"wrap"`` counts on from the start.
    """
    if mode not in ("raise", "clip", "wrap"):
        raise UnsupportedError(f"mode {mode!r} is none of raise, clip and wrap")
    extent = a.size if axis is None else a.shape[normalise_axis(axis, a.ndim)]
    if mode == "clip":
        indices = ops.clip(indices, 0, extent - 1)
    elif mode == "wrap":
        indices = indices % extent
    return ops.take(a, indices, axis=axis)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """One element along `axis` for each place of the other axes."""
    if axis is None:
        return ops.take_along_axis(ravel(arr), indices, axis=0)
    return ops.take_along_axis(arr, indices, axis=axis)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose index along `axis2` is that along `axis1` plus `offset`; axis last."""
    return ops.diagonal(a, offset=offset, axis1=axis1, axis2=axis2)


@implements(np.trace)
def trace(
    a: Any,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """Sum of a diagonal."""
    found = diagonal(a, offset, axis1, axis2)
    found = found if dtype is None else ops.cast(found, dtype=dtype)
    return ops.sum(found, axis=-1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix with a vector on it and 0 elsewhere."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"got {v.ndim} dimensions, wanted 1 or 2")
    count = v.size + abs(k)
    before, after = max(-k, 0), max(k, 0)
    rows = ops.reshape(ops.pad(v, low=(before,), high=(after,)), shape=(count, 1))
    return ops.where(np.eye(count, k=k, dtype=bool), rows, 0)


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """The elements on and below the k-th diagonal, 0 above."""
    return ops.tril(m, k=k)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """The elements on and above the k-th diagonal, 0 below."""
    return ops.triu(m, k=k)


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th difference of neighbours along `axis`."""
    if prepend is not None or append is not None:
        raise UnsupportedError("prepend and append are not supported", "Use np.concatenate first")
    axis = normalise_axis(axis, a.ndim)
    for _ in range(n):
        extent = a.shape[axis]
        later, earlier = part(a, axis, min(1, extent), extent), part(a, axis, 0, max(extent - 1, 0))
        a = ops.not_equal(later, earlier) if a.type.dtype.kind == "b" else later - earlier
    return a


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each element the choice of the first condition that holds, else `default`."""
    if len(condlist) != len(choicelist):
        raise ShapeError(f"got {len(condlist)} conditions and {len(choicelist)} choices")
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = ops.where(condition, choice, result)
    return result
