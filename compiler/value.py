"""Values: units in the hands of ops, gradient rules and users, with Python's operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ArgumentError, UnsupportedError
from .graph import Unit
from .registry import registry
from .roles import Role
from .types import ArrayType

if TYPE_CHECKING:
    from .builder import Builder


class Value:
    """One array of a graph under construction.

    Operators and indexing add units to the value's builder. The frontend's subclass adds NumPy's
    protocols.
    """

    __slots__ = ("builder", "unit")
    __array_ufunc__: Any = None
    __hash__ = object.__hash__

    def __init__(self, unit: Unit, builder: Builder) -> None:
        self.unit = unit
        self.builder = builder

    @property
    def type(self) -> ArrayType:
        """Shape, dtype, weakness and layout."""
        return self.unit.array_type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def ndim(self) -> int:
        return self.type.ndim

    @property
    def size(self) -> int:
        return self.type.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type as NumPy's; ``type.dtype`` is the compiler's own."""
        return self.type.dtype.numpy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.unit.type})"

    def __len__(self) -> int:
        if not self.shape:
            raise ArgumentError("len() of an array without dimensions")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __getitem__(self, key: Any) -> Any:
        return registry.player(Role.INDEX)(self, key)

    @property
    def at(self) -> Any:
        """Updated copies: ``x.at[key].set(values)``, also add, multiply, min and max."""
        return registry.player(Role.AT)(self)

    def _apply(self, operator: str, *operands: Any) -> Any:
        if any(not is_operand(operand) for operand in operands):
            return NotImplemented
        op = registry.operator(operator)
        if op is None:
            raise UnsupportedError(f"no registered op stands for {operator}")
        return op(*operands)

    def __add__(self, other: Any) -> Any:
        return self._apply("__add__", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._apply("__add__", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._apply("__sub__", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._apply("__sub__", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._apply("__mul__", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._apply("__mul__", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._apply("__truediv__", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._apply("__truediv__", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._apply("__floordiv__", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._apply("__floordiv__", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._apply("__mod__", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._apply("__mod__", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._apply("__pow__", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._apply("__pow__", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._apply("__matmul__", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._apply("__matmul__", other, self)

    def __neg__(self) -> Any:
        return self._apply("__neg__", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._apply("__abs__", self)

    def __invert__(self) -> Any:
        return self._apply("__invert__", self)

    def __lt__(self, other: Any) -> Any:
        return self._apply("__lt__", self, other)

    def __le__(self, other: Any) -> Any:
        return self._apply("__le__", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._apply("__gt__", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._apply("__ge__", self, other)

    def __eq__(self, other: Any) -> Any:
        return self._apply("__eq__", self, other)

    def __ne__(self, other: Any) -> Any:
        return self._apply("__ne__", self, other)

    def __and__(self, other: Any) -> Any:
        return self._apply("__and__", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._apply("__and__", other, self)

    def __or__(self, other: Any) -> Any:
        return self._apply("__or__", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._apply("__or__", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._apply("__xor__", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._apply("__xor__", other, self)

    def __lshift__(self, other: Any) -> Any:
        return self._apply("__lshift__", self, other)

    def __rlshift__(self, other: Any) -> Any:
        return self._apply("__lshift__", other, self)

    def __rshift__(self, other: Any) -> Any:
        return self._apply("__rshift__", self, other)

    def __rrshift__(self, other: Any) -> Any:
        return self._apply("__rshift__", other, self)


def is_operand(given: Any) -> bool:
    """True for what an operator may combine with a value; the rest is left to Python."""
    return isinstance(given, (Value, bool, int, float, complex, np.ndarray, np.generic))


_class: type[Value] = Value


def value_class() -> type[Value]:
    """The class of the values that builders hand out."""
    return _class


def use_value_class(subclass: type[Value]) -> None:
    """Let builders hand out `subclass`: the frontend's tracer with NumPy's protocols."""
    global _class
    _class = subclass


def describe_operand(label: str, value: Any) -> str:
    """One line of an error message: the operand's parameter, type and name."""
    if not isinstance(value, Value):
        return f"{label}   {value!r}"
    names = value.builder.origins.get(value.unit)
    name = "   " + ", ".join(sorted(names.names)) if names and names.names else ""
    return f"{label}   {value.unit.type}{name}"
