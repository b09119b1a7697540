"""Functions that make arrays: constants of the program, NumPy's own where nothing is traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from .table import implements

arange = np.arange
array = np.array
asarray = np.asarray
empty = np.empty
eye = np.eye
identity = np.identity
linspace = np.linspace
ones = np.ones
tri = np.tri
zeros = np.zeros

e = np.e
inf = np.inf
nan = np.nan
newaxis = np.newaxis
pi = np.pi

bool_ = np.bool_
int8, int16, int32, int64 = np.int8, np.int16, np.int32, np.int64
uint8, uint16, uint32, uint64 = np.uint8, np.uint16, np.uint32, np.uint64
float16, float32, float64 = np.float16, np.float32, np.float64
complex64, complex128 = np.complex64, np.complex128


def _filled(like: Any, value: Any, dtype: Any, shape: Any) -> Any:
    """One element, stretched: the program holds no array of equal numbers."""
    extents = like.shape if shape is None else _extents(shape)
    dtype = like.dtype if dtype is None else np.dtype(dtype)
    return ops.broadcast_to(ops.cast(value, dtype=dtype), shape=extents)


def _extents(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)


@implements(np.zeros_like)
def zeros_like(
    a: Any,
    dtype: Any = None,
    order: Any = None,
    subok: Any = True,
    shape: Any = None,
    **device: Any,
) -> Any:
    """Zeros of the array's shape and dtype, whatever its values."""
    return _filled(a, 0, dtype, shape)


@implements(np.ones_like)
def ones_like(
    a: Any,
    dtype: Any = None,
    order: Any = None,
    subok: Any = True,
    shape: Any = None,
    **device: Any,
) -> Any:
    """Ones of the array's shape and dtype, whatever its values."""
    return _filled(a, 1, dtype, shape)


@implements(np.empty_like)
def empty_like(
    prototype: Any,
    dtype: Any = None,
    order: Any = None,
    subok: Any = True,
    shape: Any = None,
    **device: Any,
) -> Any:
    """Zeros of the array's shape and dtype, so that a program is the same in every run."""
    return _filled(prototype, 0, dtype, shape)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = None,
    subok: Any = True,
    shape: Any = None,
    **device: Any,
) -> Any:
    """One value, traced or not, in the array's shape and dtype."""
    return _filled(a, fill_value, dtype, shape)


@implements(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = None, **device: Any) -> Any:
    """An array of `shape` filled with one value, traced or not."""
    value = fill_value if dtype is None else ops.cast(fill_value, dtype=dtype)
    return ops.broadcast_to(value, shape=_extents(shape))
