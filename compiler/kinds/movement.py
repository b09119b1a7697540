"""Movements: index maps that say which element of which input an output element is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..op import Op
from ..scalar import Scalar, trace_index_map
from ..types import ArrayType, Type
from .bounds import IndexBound, check_bounds, index_bounds
from .promotion import cast_to, common_dtype

if TYPE_CHECKING:
    from ..builder import Builder
    from ..value import Value


class Movement(Op):
    """An op that only moves elements (or makes them from their position, as iota does).

    The decorated function is ``map(index, *inputs, **attributes) -> scalar``: `index` is the
    position in the output as a tuple of int64 scalars, an input is read as ``x[i, j]``. Every read
    must stay inside its input for every output position, also where `select` drops the value.

    Parameters
    ----------
    promotes : sequence of str
        Inputs brought to one dtype first (the arrays of ``concatenate``).
    view : bool
        True when the output is the input's bytes in the same order (``reshape``).
    indices : str
        The variadic parameter that holds index arrays: the first of them points along axis 0 of
        the first input, the second along axis 1, ... (see `checked_indices`).
    """

    kind: ClassVar[str] = "movement"

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        promotes: Sequence[str] = (),
        view: bool = False,
        indices: str = "",
        **contract: Any,
    ) -> None:
        super().__init__(function, **{"cost": "free", **contract})
        self.promotes = tuple(promotes)
        self.view = view
        self.indices = indices

    def _own_parameters(self, function: Callable[..., Any]) -> list[inspect.Parameter]:
        return super()._own_parameters(function)[1:]

    def prepare(
        self, builder: Builder, values: list[Value], attributes: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        together = [i for i in range(len(values)) if self.input_name(i) in self.promotes]
        if together:
            dtype, weak = common_dtype([values[i] for i in together])
            values = [
                cast_to(builder, v, dtype, weak) if i in together else v
                for i, v in enumerate(values)
            ]
        return super().prepare(builder, values, attributes)

    def checked_indices(self, types: Sequence[ArrayType]) -> tuple[IndexBound, ...]:
        """The inputs whose elements a program must check before it reads with them."""
        return index_bounds(self, self.indices, types)

    def evaluate(self, arrays: Sequence[Any], attributes: Mapping[str, Any], type: Type) -> Any:
        check_bounds(self, arrays)
        return super().evaluate(arrays, attributes, type)

    def element(
        self, types: Sequence[ArrayType], result: ArrayType, attributes: Mapping[str, Any]
    ) -> Scalar:
        """The element at the position given by INPUT scalars, as loads from the inputs."""
        return trace_index_map(self.function, types, result, attributes)


def movement(**contract: Any) -> Callable[[Callable[..., Any]], Movement]:
    """Define a movement from its index map; see `Op` and `Movement` for the fields."""
    return partial(Movement, **contract)
