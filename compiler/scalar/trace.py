"""Tracing bodies: call them with symbolic scalars and keep the expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..dtypes import DType, float32, int64
from ..errors import PluginError
from ..types import ArrayType
from .expression import Scalar, cast, index
from .words import Word


class Accessor:
    """An input of an index map: ``x[i, j]`` is the load of one element.

    Attributes
    ----------
    number : int
        Which input.
    type : ArrayType
        Its type.
    """

    __slots__ = ("number", "type")

    def __init__(self, number: int, type: ArrayType) -> None:
        self.number = number
        self.type = type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def ndim(self) -> int:
        return self.type.ndim

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    def __getitem__(self, position: Sequence[Scalar | int]) -> Scalar:
        where = tuple(p if isinstance(p, Scalar) else index(p) for p in position)
        if len(where) != self.type.ndim:
            raise PluginError(f"the index map reads {self.type} with {len(where)} indices")
        return Scalar(Word.LOAD, where, self.type.dtype, self.number)


def inputs(dtypes: Sequence[DType]) -> tuple[Scalar, ...]:
    """Symbolic scalars for the arguments of a body."""
    return tuple(Scalar(Word.INPUT, (), dtype, number) for number, dtype in enumerate(dtypes))


def trace_elementwise(
    body: Callable[..., Any],
    dtypes: Sequence[DType],
    result: DType,
    attributes: Mapping[str, Any],
) -> Scalar:
    """The expression of an elementwise body over `INPUT` scalars; checks the result's dtype.

    Storage types are widened to float32 for the body, and what it gives is rounded once.
    """
    wide = [cast(x, float32) if x.dtype.storage_only else x for x in inputs(dtypes)]
    value = body(*wide, **attributes)
    if not isinstance(value, Scalar):
        raise PluginError(f"the body returns {value!r}, not a scalar")
    if result.storage_only and value.dtype is float32:
        value = cast(value, result)
    if value.dtype is not result:
        taken = ", ".join(map(str, dtypes))
        raise PluginError(
            f"the body gives {value.dtype} where its type rule says {result} (inputs {taken})"
        )
    return value


def trace_index_map(
    body: Callable[..., Any],
    types: Sequence[ArrayType],
    result: ArrayType,
    attributes: Mapping[str, Any],
) -> Scalar:
    """The expression of a movement's element over `INPUT` scalars that are the output's indices."""
    position = inputs([int64] * result.ndim)
    accessors = [Accessor(number, type) for number, type in enumerate(types)]
    value = body(position, *accessors, **attributes)
    if not isinstance(value, Scalar) or value.dtype is not result.dtype:
        raise PluginError(f"the index map gives {value!r} where {result.dtype} is wanted")
    return value
