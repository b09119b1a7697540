"""The value of a unit at a position, as one expression over loads from buffers.

Units without memory of their own are replaced by what they compute, at the position where they are
read: an elementwise unit by its body, a movement by the element that it picks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from ..graph import Unit
from ..kernel.terms import Terms, order_of
from ..kinds import Elementwise, Movement
from ..scalar import Scalar, Word
from ..structural import CONSTANT

Where = tuple[Scalar, ...]
Read = Callable[[Unit, Where], Scalar | None]


class Result(NamedTuple):
    """What an expression is in the graph.

    Attributes
    ----------
    unit : Unit
        Whose element it is.
    operands : tuple of Scalar
        Of an elementwise unit, the elements that it is computed from.
    """

    unit: Unit
    operands: tuple[Scalar, ...]


def is_literal(unit: Unit) -> bool:
    """True for a constant of one element: it is written into the code."""
    return unit.op is CONSTANT and unit.array_type.size == 1


class Values:
    """Expressions of units over one kernel's domain.

    Parameters
    ----------
    terms : Terms
        Owner of the expressions.
    indices : sequence of Scalar
        The kernel's own position, where `here` reads.
    read : callable
        ``read(unit, where)``: the load of a unit that lies in memory, None for one to compute.
    rounded : set of Unit
        Values whose products are rounded by themselves, so that no neighbour changes their bits.

    Attributes
    ----------
    computed : dict of Unit to None
        The units that are computed rather than loaded.
    results : dict of int to Result
        What an expression (by its id) is the element of.
    """

    def __init__(
        self,
        terms: Terms,
        indices: Sequence[Scalar],
        read: Read,
        rounded: AbstractSet[Unit] = frozenset(),
    ) -> None:
        self.terms = terms
        self.rounded = rounded
        self.indices = tuple(indices)
        self._read = read
        self._known: dict[tuple[Unit, tuple[int, ...]], Scalar] = {}
        self.computed: dict[Unit, None] = {}
        self.results: dict[int, Result] = {}
        self._operands: dict[int, tuple[Scalar, ...]] = {}

    def here(self, unit: Unit) -> Scalar:
        """The unit's element at the kernel's own indices."""
        return self.at(unit, self.indices)

    def at(self, unit: Unit, where: Where) -> Scalar:
        """The unit's element at a position; without recursion, as chains may be long."""
        stack = [(unit, where)]
        while stack:
            key = _key(*stack[-1])
            if key in self._known:
                stack.pop()
                continue
            missing: list[tuple[Unit, Where]] = []
            found = self._attempt(*stack[-1], missing)
            if found is None:
                stack.extend(missing)
            else:
                self._known[key] = found
                if key[0] in self.computed:
                    operands = self._operands.get(id(found), ())
                    self.results.setdefault(id(found), Result(key[0], operands))
        return self._known[_key(unit, where)]

    def _attempt(
        self, unit: Unit, where: Where, missing: list[tuple[Unit, Where]]
    ) -> Scalar | None:
        """The element, or None and what has to be known first."""
        if is_literal(unit):
            value = unit.attributes["value"].value.item()
            return self.terms.literal(value, unit.array_type.dtype)
        loaded = self._read(unit, where)
        if loaded is not None:
            return loaded
        self.computed[unit] = None
        if isinstance(unit.op, Elementwise):
            operands = [self._part(operand, where, missing) for operand in unit.inputs]
            given = [operand for operand in operands if operand is not None]
            types = [operand.array_type for operand in unit.inputs]
            if missing:
                return None
            body = unit.op.body(types, unit.attributes)
            if unit in self.rounded:
                body = _rounded(body)
            found = self.terms.substitute(order_of(body), given)
            self._operands.setdefault(id(found), tuple(given))
            return found
        return self._moved(unit, where, missing)

    def _moved(self, unit: Unit, where: Where, missing: list[tuple[Unit, Where]]) -> Scalar | None:
        op = unit.op
        assert isinstance(op, Movement), f"{op.name} must be in memory before it is read"
        types = [operand.array_type for operand in unit.inputs]
        element = op.element(types, unit.array_type, unit.attributes)
        return self.map(element, unit.inputs, where, missing)

    def map(
        self,
        element: Scalar,
        inputs: Sequence[Unit],
        where: Where,
        missing: list[tuple[Unit, Where]],
    ) -> Scalar | None:
        """An index map's expression with loads of `inputs` replaced by their elements."""
        new: dict[int, Scalar] = {}
        for scalar in order_of(element):
            if scalar.word is Word.INPUT:
                new[id(scalar)] = where[scalar.detail]
                continue
            operands = tuple(new[id(operand)] for operand in scalar.operands)
            if scalar.word is Word.LOAD:
                part = self._part(inputs[scalar.detail], operands, missing)
                if part is None:
                    return None
                new[id(scalar)] = part
            else:
                made = self.terms.make(scalar.word, operands, scalar.dtype, scalar.detail)
                new[id(scalar)] = made
        return new[id(element)]

    def mapped(self, element: Scalar, inputs: Sequence[Unit]) -> Scalar:
        """`map` at the kernel's own indices, with everything that it needs."""
        while True:
            missing: list[tuple[Unit, Where]] = []
            found = self.map(element, inputs, self.indices, missing)
            if found is not None:
                return found
            for unit, where in missing:
                self.at(unit, where)

    def _part(self, unit: Unit, where: Where, missing: list[tuple[Unit, Where]]) -> Scalar | None:
        found = self._known.get(_key(unit, where))
        if found is None:
            missing.append((unit, where))
        return found


def _key(unit: Unit, where: Where) -> tuple[Unit, tuple[int, ...]]:
    return unit, tuple(map(id, where))


@lru_cache(maxsize=4096)
def _rounded(body: Scalar) -> Scalar:
    """The body with products that no sum absorbs: a fused one adds -0.0, which changes nothing."""
    new: dict[int, Scalar] = {}
    for scalar in order_of(body):
        word, operands = scalar.word, tuple(new[id(operand)] for operand in scalar.operands)
        if word is Word.MULTIPLY and scalar.dtype.is_float:
            nothing = Scalar(Word.LITERAL, (), scalar.dtype, -0.0)
            word, operands = Word.FMA, (*operands, nothing)
        new[id(scalar)] = Scalar(word, operands, scalar.dtype, scalar.detail)
    return new[id(body)]
