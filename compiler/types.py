"""Types of units: shape, dtype, weakness and layout, known before anything runs."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .dtypes import DType, as_dtype, float64, int64
from .dtypes import complex128 as _complex128
from .errors import ShapeError


class Layout(enum.Enum):
    """How an array lies in memory: all its elements, or some rows and their indices."""

    DENSE = "dense"
    ROW_SPARSE = "row_sparse"

    __hash__ = object.__hash__  # members are single; an enum's own hash is a call into Python


@dataclass(frozen=True, slots=True)
class ArrayType:
    """The type of one array.

    Attributes
    ----------
    shape : tuple of int
        Extents; a dimension is an integer.
    dtype : DType
        Element type.
    weak : bool
        True for what came from Python scalars alone: it gives way in promotion (NEP 50).
    layout : Layout
        Dense, or row-sparse for the cotangent of a gather.
    """

    shape: tuple[int, ...]
    dtype: DType
    weak: bool = False
    layout: Layout = Layout.DENSE

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def differentiable(self) -> bool:
        """True where a cotangent can exist."""
        return self.dtype.is_inexact

    def with_shape(self, shape: Sequence[int]) -> ArrayType:
        """This type with another shape."""
        return replace(self, shape=tuple(shape))

    def with_dtype(self, dtype: DType) -> ArrayType:
        """This type with another dtype, no longer weak."""
        return replace(self, dtype=dtype, weak=False)

    def __str__(self) -> str:
        extents = ", ".join(map(str, self.shape))
        marks = ("~" if self.weak else "") + ("" if self.layout is Layout.DENSE else " rows")
        return f"{self.dtype}[{extents}]{marks}"


@dataclass(frozen=True, slots=True)
class TupleType:
    """The type of a unit with several results."""

    items: tuple[Type, ...]

    @property
    def differentiable(self) -> bool:
        return any(item.differentiable for item in self.items)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class TokenType:
    """The type of an effect: it orders units that print, check or call back."""

    @property
    def differentiable(self) -> bool:
        return False

    def __str__(self) -> str:
        return "token"


Type = ArrayType | TupleType | TokenType
TOKEN = TokenType()


def type_of(array: Any) -> ArrayType:
    """The type of an array, a NumPy scalar or a Python scalar (which is weak)."""
    if isinstance(array, bool):
        return ArrayType((), as_dtype("bool"))
    if isinstance(array, (int, float, complex)) and not isinstance(array, np.generic):
        dtype = {int: int64, float: float64, complex: _complex128}
        kind = next(k for k in dtype if isinstance(array, k))
        return ArrayType((), dtype[kind], weak=True)
    array = np.asarray(array)
    return ArrayType(array.shape, as_dtype(array.dtype))


def broadcast_shapes(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """NumPy's common shape: extents align at the right, 1 stretches."""
    if shapes and all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    rank = max(map(len, shapes), default=0)
    result = []
    for axis in range(-rank, 0):
        extents = {shape[axis] for shape in shapes if -axis <= len(shape)} - {1}
        if len(extents) > 1:
            listed = " and ".join(str(shape) for shape in shapes)
            raise ShapeError(f"the shapes {listed} do not broadcast together")
        result.append(extents.pop() if extents else 1)
    return tuple(result)
