"""Whether the rounds of a loop without order can be done in any order, or at once.

They can where no round touches what another one writes. One exception: states that are combined
at a place that does not know the loop's index are merged, as long as nothing else touches them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from math import gcd
from typing import NamedTuple

from ..scalar import Scalar, Word
from .grammar import Array, Combine, For, Statement, locals_of, walk, written
from .invariants import Fault, Kernel, place_of
from .terms import postorder


class Access(NamedTuple):
    """One read or write of an array.

    Attributes
    ----------
    array : Array
        What is accessed.
    where : tuple of Scalar
        Which element.
    statement : statement
        What accesses it.
    writes : bool
        Whether it is the statement's target.
    """

    array: Array
    where: tuple[Scalar, ...]
    statement: Statement
    writes: bool


def rounds_apart(kernel: Kernel) -> Iterator[Fault]:
    """Loops without order carry nothing from round to round."""
    for statement in walk(kernel.body.statements):
        if not isinstance(statement, For) or statement.ordered:
            continue
        if kernel.terms.extents[statement.axis] > 1:
            yield from _Rounds(kernel, statement).faults()


class _Rounds:
    """The rounds of one loop."""

    def __init__(self, kernel: Kernel, loop: For) -> None:
        self.kernel = kernel
        self.terms = kernel.terms
        self.loop = loop
        self.axis = loop.axis
        self.inner = {s.axis for s in walk(loop.statements) if isinstance(s, For)}
        self.changing = {id(array) for s in walk(loop.statements) for array in written(s)}

    def faults(self) -> Iterator[Fault]:
        """Pairs of accesses that may meet."""
        for accesses in self._shared().values():
            for one, other in combinations_with_replacement(accesses, 2):
                if not other.writes:
                    one, other = other, one
                if other.writes and not self._apart(one, other) and not _merge(self, one, other):
                    yield Fault(self._sentence(one, other), other.statement)

    def _shared(self) -> dict[int, list[Access]]:
        """The accesses of each array that the rounds share and write, reads last."""
        own = {id(array) for array in locals_of(self.loop.statements)}
        found: dict[int, dict[tuple[object, ...], Access]] = {}
        for access in self._accesses():
            key = id(access.array)
            if key in self.changing and key not in own:
                mark = (access.writes and id(access.statement), *map(id, access.where))
                found.setdefault(key, {}).setdefault(mark, access)
        return {key: list(each.values()) for key, each in found.items()}

    def _accesses(self) -> Iterator[Access]:
        for statement in walk(self.loop.statements):
            for array in written(statement):
                yield Access(array, place_of(statement), statement, True)
            for load in self.kernel.by_statement[id(statement)].loads:
                yield Access(load.detail, load.operands, statement, False)

    def _apart(self, one: Access, other: Access) -> bool:
        """True when the accesses of different rounds are known not to meet."""
        shape = one.array.shape
        pairs = [*zip(one.where, other.where, strict=True)]
        if any(self._separate(*pair) for pair in pairs):
            return True
        if self._separate(*(self.terms.flat(each.where, shape) for each in (one, other))):
            return True
        # Quotients of the index are trusted where both accesses are the same.
        same = all(a is b for a, b in pairs)
        return same and any(self._quotients(index) for index in one.where)

    def _separate(self, one: Scalar, other: Scalar) -> bool:
        """True when two sums of indices differ in different rounds, whatever inner loops do."""
        first, second = _Sum(self, one), _Sum(self, other)
        step = abs(first.step)
        if not step or first.step != second.step or first.fixed != second.fixed:
            return False
        if first.unknown or second.unknown:
            return False
        factors = [*first.inner, *second.inner]
        low_one, high_one = first.span(step)
        low_other, high_other = second.span(step)
        reach = max(high_one - low_other, high_other - low_one)
        grid = gcd(*(factor for factor, _ in factors if abs(factor) >= step))
        whole = step * (self.terms.extents[self.axis] - 1) + reach
        return reach < step and (not grid or whole < grid)

    def _quotients(self, index: Scalar) -> bool:
        """True where the loop's index goes into an index, but not by way of memory."""
        order = postorder([index], lambda s: () if s.word is Word.LOAD else s.operands)
        own = self.terms.indices[self.axis]
        linear = [atom for atom, _ in self.terms.form(index).products]
        return any(s is own for s in order) and not any(atom is own for atom in linear)

    def knows(self, where: Sequence[Scalar]) -> bool:
        """True when a place depends on the round."""
        return any(self.varies(index, {self.axis}) for index in where)

    def varies(self, scalar: Scalar, axes: set[int]) -> bool:
        """True when an expression depends on the indices of axes or on what the rounds write."""
        return any(
            (part.word is Word.INPUT and part.detail in axes)
            or (part.word is Word.LOAD and id(part.detail) in self.changing)
            for part in postorder([scalar])
        )

    def _sentence(self, one: Access, other: Access) -> str:
        array, loop = one.array, f"a loop of {self.terms.extents[self.axis]} without order"
        if not one.writes:
            return f"a round of {loop} may read of {array} what another writes"
        if one is other and not self.knows(one.where):
            return f"every round of {loop} stores to the same place of {array}"
        return f"two rounds of {loop} may write to one place of {array}"


def _merge(rounds: _Rounds, one: Access, other: Access) -> bool:
    """True when the accesses are combines that every round does to the same states."""
    a, b = one.statement, other.statement
    if not (one.writes and isinstance(a, Combine) and isinstance(b, Combine)):
        return False
    same = [*map(id, a.combine)] == [*map(id, b.combine)] and a.arrays == b.arrays
    return same and not rounds.knows(one.where) and not rounds.knows(other.where)


class _Sum:
    """An index as a sum: the loop's own step, inner loops' steps, what stays the same."""

    def __init__(self, rounds: _Rounds, index: Scalar) -> None:
        form = rounds.terms.form(index)
        self.constant = form.constant
        self.step = 0
        self.inner: list[tuple[int, int]] = []  # factor, extent
        self.fixed: dict[int, int] = {}
        self.unknown = False
        for atom, factor in form.products:
            if atom.word is Word.INPUT and atom.detail == rounds.axis:
                self.step = factor
            elif atom.word is Word.INPUT and atom.detail in rounds.inner:
                self.inner.append((factor, rounds.terms.extents[atom.detail]))
            elif rounds.varies(atom, {rounds.axis, *rounds.inner}):
                self.unknown = True
            else:
                self.fixed[id(atom)] = factor

    def span(self, step: int) -> tuple[int, int]:
        """The least and greatest sum of the constant and of the steps below `step`."""
        ends = [
            (min(0, factor * (extent - 1)), max(0, factor * (extent - 1)))
            for factor, extent in self.inner
            if abs(factor) < step
        ]
        low, high = (sum(end[side] for end in ends) for side in (0, 1))
        return self.constant + low, self.constant + high
