"""The builder: makes units once, remembers where they come from, and lifts what ops are given."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .attributes import Attributes, FrozenArray
from .errors import ArgumentError, DTypeError, LeakedTracerError
from .graph import Graph, Unit, unit_key
from .op import Op
from .provenance import NOWHERE, Origin, here
from .structural import CONSTANT, INPUT, ITEM, START
from .types import TOKEN, ArrayType, TupleType, Type, type_of

if TYPE_CHECKING:
    from .value import Value


class _Active(threading.local):
    def __init__(self) -> None:
        self.stack: list[Builder] = []


_active = _Active()


def current() -> Builder | None:
    """The builder that ops add to now, on this thread."""
    return _active.stack[-1] if _active.stack else None


class Builder:
    """Collects units for one graph.

    Parameters
    ----------
    parent : Builder, optional
        The builder of the trace around this one: its values may be used and become extra inputs.
    """

    def __init__(self, parent: Builder | None = None) -> None:
        self.parent = parent
        self.inputs: list[Unit] = []
        self.captured: dict[Unit, Unit] = {}
        self.origins: dict[Unit, Origin] = {}
        self.token: Unit | None = None
        self.closed = False
        self.thread = threading.get_ident()
        self._units: dict[Any, Unit] = {}
        self._inherited: Origin | None = None

    @classmethod
    def seeded(cls, graph: Graph) -> Builder:
        """A builder that already holds the units of `graph`, so that rewrites share them."""
        builder = cls()
        builder.inputs = list(graph.inputs)
        for unit in graph.units:
            builder._units[unit.key] = unit
        builder.origins = dict(graph.origins)
        return builder

    # Units.

    def unit(self, op: Op, inputs: Sequence[Unit], attributes: Attributes, type: Type) -> Unit:
        """The unit with these parts; an existing one gains the origin of this use."""
        key = unit_key(op, tuple(inputs), attributes, type)
        unit = self._units.get(key)
        origin = here() if self._inherited is None else self._inherited
        if unit is None:
            unit = self._units[key] = Unit(op, tuple(inputs), attributes, type)
            self.origins[unit] = origin
        else:
            self.add_origin(unit, origin)
        return unit

    def add_origin(self, unit: Unit, origin: Origin) -> None:
        """Unite `origin` with what is known of `unit`."""
        known = self.origins.get(unit)
        self.origins[unit] = origin if known is None else known | origin

    def input(self, type: Type, name: str = "") -> Unit:
        """A new argument of the graph."""
        attributes = {"index": len(self.inputs), "type": type}
        unit = self.unit(INPUT, (), attributes, type)
        self.origins[unit] = Origin(names=frozenset({name}) if name else frozenset())
        self.inputs.append(unit)
        return unit

    def constant(self, array: Any, weak: bool = False) -> Value:
        """A constant with a frozen copy of the array."""
        frozen = array if isinstance(array, FrozenArray) else FrozenArray(array)
        type = ArrayType(frozen.type.shape, frozen.type.dtype, weak)
        return self.value(self.unit(CONSTANT, (), {"value": frozen, "weak": weak}, type))

    def item(self, unit: Unit, index: int) -> Unit:
        """One result of a unit that has several."""
        assert isinstance(unit.type, TupleType)
        return self.unit(ITEM, (unit,), {"index": index}, unit.type.items[index])

    # Values.

    def value(self, unit: Unit) -> Value:
        """The value that stands for `unit` in the hands of ops and users."""
        from .value import value_class

        return value_class()(unit, self)

    def results(self, unit: Unit) -> Any:
        """The unit's value, or a tuple of values for a unit with several results."""
        if isinstance(unit.type, TupleType):
            return tuple(self.value(self.item(unit, i)) for i in range(len(unit.type.items)))
        return self.value(unit)

    def lift(self, given: Any) -> Value:
        """A value of this builder for whatever an op was given."""
        from .value import Value

        if isinstance(given, Value):
            return given if given.builder is self else self._capture(given)
        if isinstance(given, (bool, int, float, complex)) and not isinstance(given, np.generic):
            type = type_of(given)
            try:
                number = np.asarray(given, type.dtype.numpy)
            except OverflowError:
                raise DTypeError(f"the Python integer {given} does not fit {type.dtype}") from None
            return self.constant(number, weak=type.weak)
        if isinstance(given, (np.ndarray, np.generic)):
            type_of(given)
            return self.constant(given)
        raise ArgumentError(f"got a {type_name(given)}, wanted an array or a number")

    def _capture(self, value: Value) -> Value:
        """An outer trace's value as an extra input of this graph."""
        if self.parent is None or value.builder.closed:
            raise leaked(value)
        outer = self.parent.lift(value).unit
        if outer not in self.captured:
            self.captured[outer] = self.input(outer.type)
        return self.value(self.captured[outer])

    # Effects.

    def next_token(self) -> Unit:
        """The token that the next effect follows."""
        if self.token is None:
            if self.parent is None:
                self.token = self.unit(START, (), {}, TOKEN)
            else:
                outer = self.parent.next_token()
                self.token = self.captured[outer] = self.input(TOKEN)
        return self.token

    # Contexts.

    @contextmanager
    def activate(self) -> Iterator[Builder]:
        """Ops called inside add their units here."""
        _active.stack.append(self)
        try:
            yield self
        finally:
            _active.stack.pop()

    @contextmanager
    def inherit(self, origin: Origin | None) -> Iterator[None]:
        """Units made inside come from `origin` instead of from the caller's line."""
        before = self._inherited
        self._inherited = origin
        try:
            yield
        finally:
            self._inherited = before

    def graph(self, name: str, outputs: Sequence[Unit]) -> Graph:
        """The graph of what was built, from the inputs to `outputs` (and the last effect)."""
        self.closed = True
        ends = tuple(outputs) if self.token is None else (*outputs, self.token)
        return Graph(name, self.inputs, ends, self.origins)


def leaked(value: Value) -> LeakedTracerError:
    """The error for a value that is used where its trace is not the current one."""
    builder = value.builder
    frames = builder.origins.get(value.unit, NOWHERE).frames
    made = [f"made at  {frame}" for frame in sorted(frames, key=str)]
    if builder.closed or (builder.thread == threading.get_ident() and builder not in _active.stack):
        error = LeakedTracerError(
            f"a traced value of type {value.type} was used after its trace ended",
            "Return it from the traced function instead of keeping it in a global, an attribute "
            "or a closure",
        )
    elif builder.thread != threading.get_ident():
        error = LeakedTracerError(
            f"a traced value of type {value.type} was used in another thread than its trace's",
            "Call the traced function from that thread, or return the value and pass it on",
        )
    else:
        error = LeakedTracerError(
            f"a traced value of type {value.type} was used in a trace that does not know it",
            "Pass it to the inner function as an argument",
        )
    error.operands = tuple(made)
    return error


def type_name(given: Any) -> str:
    """How a message calls something that is not an array."""
    return type(given).__name__
