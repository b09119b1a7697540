"""Elementwise ops: a scalar body applied at every position."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..attributes import attributes_key
from ..constants import value_of
from ..dtypes import ALL, DType, float32, float64, float_of
from ..errors import DTypeError, LocatedError, PluginError
from ..op import Op, array_types
from ..scalar import Scalar, trace_elementwise
from ..types import ArrayType, Type
from .promotion import broadcast_together, cast_to, common_dtype, comparable

if TYPE_CHECKING:
    from ..builder import Builder
    from ..value import Value


class Elementwise(Op):
    """An op whose body is a scalar function over the vocabulary.

    Inputs are promoted to one dtype and broadcast to one shape before they reach the graph, so a
    unit of this kind always has inputs of the output's shape.

    Parameters
    ----------
    accepts : str
        Kinds of dtype that it takes, of ``"biufc"``.
    computes : str
        ``"promoted"`` computes in NumPy's common dtype; ``"float"`` widens integers to floats
        first (``exp``); ``"divide"`` makes float64 of every integer (``/``).
    result : DType, optional
        The output's dtype where it is not the one computed in (comparisons give bool).
    conditions : sequence of str
        Inputs that are booleans beside the promotion (of ``where``).
    compares : bool
        True where only the order of the inputs counts: a Python integer may then lie beyond their
        dtype.
    """

    kind: ClassVar[str] = "elementwise"

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        accepts: str = "iuf",
        computes: Literal["promoted", "float", "divide"] = "promoted",
        result: DType | None = None,
        conditions: Sequence[str] = (),
        compares: bool = False,
        **contract: Any,
    ) -> None:
        super().__init__(function, **contract)
        self.accepts = accepts
        self.computes = computes
        self.result = result
        self.conditions = tuple(conditions)
        self.compares = compares
        self.refusal: Callable[..., None] | None = None
        self._bodies: dict[Any, Scalar] = {}

    def prepare(
        self, builder: Builder, values: list[Value], attributes: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        values, attributes = super().prepare(builder, values, attributes)
        numbers = [v for i, v in enumerate(values) if not self._is_condition(i)]
        dtype, weak = common_dtype(numbers)
        if self.compares:
            values, dtype = comparable(builder, values, dtype)
        self._check_kind(dtype)
        if self.computes == "divide" and not dtype.is_inexact:
            dtype = float64
        elif self.computes != "promoted":
            dtype = float_of(dtype)
        if self.refusal is not None:
            self.refusal(dtype, *(value_of(value.unit) for value in values))
        values = [
            value if self._is_condition(i) else cast_to(builder, value, dtype, weak)
            for i, value in enumerate(values)
        ]
        return broadcast_together(values), attributes

    def refuses(self, rule: Callable[..., None]) -> Callable[..., None]:
        """Attach ``rule(dtype, *arrays)``, which raises for numbers that the op does not take.

        It gets the dtype that the op computes in and, for each input, the array if the program
        knows it when it is traced, else None.
        """
        self.refusal = rule
        return rule

    def _is_condition(self, position: int) -> bool:
        return bool(self.conditions) and self.input_name(position) in self.conditions

    def _check_kind(self, dtype: DType) -> None:
        """Refuse a common dtype that the op does not take: ``1 - mask`` is one of integers."""
        names = {"b": "bool", "i": "integers", "u": "unsigned integers", "f": "floats"}
        if dtype.kind not in self.accepts:
            taken = ", ".join(names.get(kind, "complex") for kind in self.accepts)
            raise DTypeError(f"got {dtype}, wanted {taken}")

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        arrays = array_types(types)
        for position, type in enumerate(arrays):
            if self._is_condition(position) and type.dtype.kind != "b":
                raise DTypeError(f"the condition is {type.dtype}, wanted bool")
        if self.type_function is not None:
            return self.type_function(*arrays, **attributes)
        numbers = [t for i, t in enumerate(arrays) if not self._is_condition(i)]
        weak = all(t.weak for t in numbers) and self.result is None
        return ArrayType(arrays[0].shape, self.result or numbers[0].dtype, weak)

    def body(self, types: Sequence[ArrayType], attributes: Mapping[str, Any]) -> Scalar:
        """The scalar expression over the inputs for these types and attributes."""
        key = (tuple(t.dtype for t in types), attributes_key(attributes))
        if key not in self._bodies:
            scalars = [ArrayType((), type.dtype) for type in types]
            result = self.infer(scalars, attributes)
            assert isinstance(result, ArrayType)
            self._bodies[key] = trace_elementwise(
                self.function, [t.dtype for t in types], result.dtype, attributes
            )
        return self._bodies[key]

    def check_body(self) -> None:
        if any(value is inspect.Parameter.empty for value in self.attribute_defaults.values()):
            return
        dtype = float32 if "f" in self.accepts or self.computes != "promoted" else None
        dtype = dtype or next(d for d in ALL if d.kind in self.accepts)
        boolean = next(d for d in ALL if d.kind == "b")
        types = [
            ArrayType((), boolean if name in self.conditions else dtype) for name in self.parameters
        ]
        try:
            self.body(types, self.attribute_defaults)
        except (LocatedError, PluginError) as error:
            self._require(False, str(error))
        except Exception as error:
            self._require(
                False,
                f"the body ended in {type(error).__name__} ({error}): it may call other "
                "elementwise ops and the words of compiler.plugin",
            )


def elementwise(**contract: Any) -> Callable[[Callable[..., Any]], Elementwise]:
    """Define an elementwise op from a scalar body; see `Op` and `Elementwise` for the fields.

    Examples
    --------
    ::

        @elementwise(formula=r"\\max(0, x)", kink="slope 0 at 0", reference=...)
        def relu(x):
            return select(x > 0, x, 0)
    """
    return partial(Elementwise, **contract)
