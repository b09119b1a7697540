"""Scatters: each update element is combined into one element of a copy of the operand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..dtypes import DType, float64, int64
from ..op import Op, array_types
from ..scalar import Scalar, Word
from ..scalar.trace import Accessor, inputs
from ..types import ArrayType, Type
from .bounds import IndexBound, check_bounds, index_bounds
from .promotion import cast_to

if TYPE_CHECKING:
    from ..builder import Builder
    from ..value import Value


class Scatter(Op):
    """An op that combines updates into a copy of its first input, in the updates' order.

    The decorated function is ``map(index, operand, updates, *others, **attributes) -> position``:
    where in the operand the update element at `index` goes. `updates` take the operand's dtype.

    Parameters
    ----------
    combine : callable
        ``combine(old, update) -> new`` over scalars.
    indices : str
        The variadic parameter that holds index arrays: the first of them points along axis 0 of
        the operand, the second along axis 1, ... (see `checked_indices`).
    """

    kind: ClassVar[str] = "scatter"

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        combine: Callable[..., Any],
        indices: str = "",
        **contract: Any,
    ) -> None:
        super().__init__(function, **contract)
        self.combine = combine
        self.indices = indices

    def _own_parameters(self, function: Callable[..., Any]) -> list[inspect.Parameter]:
        return super()._own_parameters(function)[1:]

    def prepare(
        self, builder: Builder, values: list[Value], attributes: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        operand, updates, *others = values
        updates = cast_to(builder, updates, operand.type.dtype)
        return super().prepare(builder, [operand, updates, *others], attributes)

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        if self.type_function is not None:
            self.type_function(*types, **attributes)
        operand = array_types(types)[0]
        return ArrayType(operand.shape, operand.dtype)

    def checked_indices(self, types: Sequence[ArrayType]) -> tuple[IndexBound, ...]:
        """The inputs whose elements a program must check before it writes with them."""
        return index_bounds(self, self.indices, types)

    def evaluate(self, arrays: Sequence[Any], attributes: Mapping[str, Any], type: Type) -> Any:
        check_bounds(self, arrays)
        return super().evaluate(arrays, attributes, type)

    def target(
        self, types: Sequence[ArrayType], attributes: Mapping[str, Any]
    ) -> tuple[Scalar, ...]:
        """Where the update at the position given by INPUT scalars goes."""
        position = inputs([int64] * types[1].ndim)
        accessors = [Accessor(number, type) for number, type in enumerate(types)]
        return tuple(self.function(position, *accessors, **attributes))

    def merged(self, dtype: DType) -> Scalar:
        """The new element over INPUT 0 (old) and INPUT 1 (update)."""
        result: Scalar = self.combine(*inputs([dtype, dtype]))
        return result

    @cached_property
    def adds(self) -> bool:
        """True when updates are added to what is there."""
        merged = self.merged(float64)
        taken = [operand.detail for operand in merged.operands if operand.word is Word.INPUT]
        return merged.word is Word.ADD and sorted(taken) == [0, 1]


def scatter(**contract: Any) -> Callable[[Callable[..., Any]], Scatter]:
    """Define a scatter from its target map; see `Op` and `Scatter` for the fields."""
    return partial(Scatter, **contract)
