"""Patterns: small expressions that graphs are searched for.

A pattern is written with ops called on variables, as a user would write the expression:
``-(-x)``, ``ops.where(c, x, x)``, ``ops.transpose(x, axes=p)``. A variable as an operand stands
for any unit, as an attribute for any attribute; used twice it must be the same both times. A
Python number stands for a literal of exactly those bits: 0 is not -0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from .attributes import attribute_key, freeze
from .constants import number_of, same_bits
from .graph import Unit
from .op import Op
from .registry import registry
from .symmetry import is_symmetric

Bindings: TypeAlias = Mapping[str, Any]


class Pattern:
    """An expression over variables; subclasses are its three kinds."""

    def matches(self, unit: Unit, bound: Bindings) -> Iterator[Bindings]:
        """The ways in which `unit` is an instance, as bindings that extend `bound`."""
        raise NotImplementedError

    def build(self, bound: Bindings) -> Any:
        """The expression with values in place of its variables."""
        raise NotImplementedError

    def __neg__(self) -> Term:
        return _operator("__neg__", self)

    def __abs__(self) -> Term:
        return _operator("__abs__", self)

    def __invert__(self) -> Term:
        return _operator("__invert__", self)

    def __add__(self, other: Pattern | complex) -> Term:
        return _operator("__add__", self, other)

    def __sub__(self, other: Pattern | complex) -> Term:
        return _operator("__sub__", self, other)

    def __mul__(self, other: Pattern | complex) -> Term:
        return _operator("__mul__", self, other)

    def __truediv__(self, other: Pattern | complex) -> Term:
        return _operator("__truediv__", self, other)

    def __rtruediv__(self, other: complex) -> Term:
        return _operator("__truediv__", other, self)

    def __pow__(self, other: Pattern | complex) -> Term:
        return _operator("__pow__", self, other)


class Variable(Pattern):
    """Anything; the same thing wherever the name stands."""

    def __init__(self, name: str) -> None:
        self.name = name

    def matches(self, unit: Unit, bound: Bindings) -> Iterator[Bindings]:
        if self.name not in bound:
            yield {**bound, self.name: unit}
        elif bound[self.name] is unit:
            yield bound

    def build(self, bound: Bindings) -> Any:
        return bound[self.name]

    def __repr__(self) -> str:
        return self.name


class Number(Pattern):
    """A literal of exactly these bits in whatever dtype stands there, alone or broadcast."""

    def __init__(self, number: complex) -> None:
        self.number = number

    def matches(self, unit: Unit, bound: Bindings) -> Iterator[Bindings]:
        found = number_of(unit)
        if found is not None and same_bits(found, self.number, unit.array_type.dtype):
            yield bound

    def build(self, bound: Bindings) -> Any:
        return self.number

    def __repr__(self) -> str:
        return repr(self.number)


class Term(Pattern):
    """An op applied to patterns; attributes that are not stated may be anything."""

    def __init__(self, op: Op, operands: tuple[Pattern, ...], attributes: Bindings) -> None:
        self.op = op
        self.operands = operands
        self.attributes = attributes

    def matches(self, unit: Unit, bound: Bindings) -> Iterator[Bindings]:
        if unit.op is not self.op or len(unit.inputs) != len(self.operands):
            return
        told = self._told(unit, bound)
        if told is None:
            return
        yield from _each(self.operands, unit.inputs, told)
        if is_symmetric(unit):
            yield from _each(self.operands, tuple(reversed(unit.inputs)), told)

    def _told(self, unit: Unit, bound: Bindings) -> Bindings | None:
        """The bindings with those of the attributes; None when an attribute differs."""
        told = dict(bound)
        for name, wanted in self.attributes.items():
            given = unit.attributes[name]
            if isinstance(wanted, Variable):
                wanted = told.setdefault(wanted.name, given)
            if attribute_key(given) != attribute_key(wanted):
                return None
        return told

    def build(self, bound: Bindings) -> Any:
        attributes = {
            name: wanted.build(bound) if isinstance(wanted, Variable) else wanted
            for name, wanted in self.attributes.items()
        }
        return self.op(*(operand.build(bound) for operand in self.operands), **attributes)

    def __repr__(self) -> str:
        parts = [*map(repr, self.operands), *(f"{n}={v!r}" for n, v in self.attributes.items())]
        return f"{self.op.name}({', '.join(parts)})"


def variables(names: str) -> Iterator[Variable]:
    """Variables of these names, separated by spaces: ``x, y = variables("x y")``."""
    return map(Variable, names.split())


def term(op: Op, operands: tuple[Any, ...], attributes: Bindings) -> Term:
    """What an op called on patterns is."""
    patterns = tuple(x if isinstance(x, Pattern) else Number(x) for x in operands)
    return Term(op, patterns, {name: freeze(value) for name, value in attributes.items()})


def _operator(name: str, *operands: Pattern | complex) -> Term:
    op = registry.operator(name)
    assert op is not None, f"no registered op stands for {name}"
    return term(op, operands, {})


def _each(
    patterns: tuple[Pattern, ...], units: tuple[Unit, ...], bound: Bindings
) -> Iterator[Bindings]:
    if not patterns:
        yield bound
        return
    for found in patterns[0].matches(units[0], bound):
        yield from _each(patterns[1:], units[1:], found)
