"""Kernels of rows in the kernel language: each row of an array walked several times, in *passes*.

A value of a whole row that a later pass reads is kept in a local array as long as the row, never
computed twice: the maximum of a row and the exponentials of what it is taken from then see the
same bits. A value of one number a row (a maximum, a sum, what is made of them) is a local scalar,
computed between two passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from ..graph import Unit
from ..kernel.grammar import Array, Body, Local, Statement, Store
from ..kernel.terms import Terms
from ..kinds import Reduction
from ..scalar import Scalar, Word
from .arrays import Arrays, nest
from .folds import Folding
from .partition import Group
from .values import Values, Where


class UnfitError(Exception):
    """Why groups cannot be one kernel of rows after all."""


class RowsBody:
    """Makes the body of a group that consists of parts.

    Parameters
    ----------
    group : Group
        With its parts in an order in which they could run.
    arrays : Arrays
        Arrays of units in memory.
    in_memory : callable
        True for units whose value lies in memory before the kernel runs.
    rounded : set of Unit
        See `Values`.
    """

    def __init__(
        self,
        group: Group,
        arrays: Arrays,
        in_memory: Callable[[Unit], bool],
        rounded: AbstractSet[Unit],
    ) -> None:
        self.group = group
        self.arrays = arrays
        self.in_memory = in_memory
        self.rounded = rounded
        self.shape = self._shape()
        self.terms = Terms(self.shape)
        self.rows = range(group.kept)
        self.columns = range(group.kept, len(self.shape))
        self.outside = set(group.stored)
        self.passes: dict[Unit, int] = {}
        self.wide: set[Unit] = set()
        self.local: dict[Unit, Array] = {}
        self.values: list[Values] = []

    def body(self) -> Body:
        """The kernel's body.

        Raises
        ------
        UnfitError
            Where a part reads another's value elsewhere than in its own row.
        """
        self._assign()
        count = 1 + max(self.passes.values())
        statements: list[Statement] = [*self._scalars(0)]
        locals_: list[Array] = []
        for number in range(count):
            statements += self._pass(number, locals_)
            statements += self._scalars(number + 1)
        locals_ += self.local.values()
        inner: list[Statement] = [Local(tuple(dict.fromkeys(locals_)), tuple(statements))]
        return Body(self.terms, nest(self.terms, self.rows, inner))

    def _shape(self) -> tuple[int, ...]:
        folds = [part.units[-1] for part in self.group.parts if _is_fold(part)]
        shape: tuple[int, ...] = folds[0].inputs[0].shape
        return shape

    # Which pass computes what.

    def _assign(self) -> None:
        """Number the passes; a value of a whole row that a later pass reads gets an array."""
        needs = {part.units[-1]: self._needs(part) for part in self.group.parts}
        for part in self.group.parts:
            wide = not _is_fold(part) and part.units[-1].shape == self.shape
            number = 0
            for unit in needs[part.units[-1]]:
                number = max(number, self.passes[unit] + (unit not in self.wide))
            if not wide and not _is_fold(part):  # one number a row, after what it reads
                after = [self.passes[u] + 1 for u in needs[part.units[-1]]]
                number = max(after, default=0) - 1
            for unit in part.stored:
                self.passes[unit] = number
                if wide:
                    self.wide.add(unit)
                else:
                    self.local[unit] = _array(unit, ())
        for part in self.group.parts:
            own = self.passes[part.stored[0]] + (not _is_fold(part) and not self._is_wide(part))
            for unit in needs[part.units[-1]]:
                kept = unit in self.wide and self.passes[unit] < own
                if kept and unit not in self.outside and unit not in self.local:
                    columns = [self.terms.extents[axis] for axis in self.columns]
                    self.local[unit] = _array(unit, columns)

    def _is_wide(self, part: Group) -> bool:
        return part.stored[0] in self.wide

    def _needs(self, part: Group) -> list[Unit]:
        """The values of other parts that a part reads."""
        own = set(part.units)
        found: dict[Unit, None] = {}
        seen: set[Unit] = set()
        pending = [operand for unit in part.units for operand in unit.inputs]
        while pending:
            unit = pending.pop()
            if unit in seen or unit in own:
                continue
            seen.add(unit)
            if unit in self.passes or self._is_part_of_others(unit):
                found[unit] = None
            elif not self.in_memory(unit):
                pending.extend(unit.inputs)
        return list(found)

    def _is_part_of_others(self, unit: Unit) -> bool:
        return any(unit in part.stored for part in self.group.parts)

    # Statements.

    def _pass(self, number: int, locals_: list[Array]) -> list[Statement]:
        """One walk over the row: begin states, the loop, results of the states."""
        values = self._values(self.terms.indices, number)
        inner: list[Statement] = []
        before: list[Statement] = []
        after: list[Statement] = []
        for part in self.group.parts:
            unit = part.units[-1]
            if self.passes[part.stored[0]] != number:
                continue
            if _is_fold(part):
                folding = Folding(self.terms, unit)
                states = folding.states()
                locals_ += states
                before += folding.begin(states, ())
                inner.append(folding.join(states, (), values.here(unit.inputs[0])))
                result = folding.result(states, ())
                after += self._kept(unit, (), folding.where, result)
            elif self._is_wide(part):
                for each in part.stored:
                    columns = tuple(self.terms.indices[axis] for axis in self.columns)
                    if each in self.local or each in self.outside:
                        value = values.here(each)
                        inner += self._kept(each, columns, tuple(self.terms.indices), value)
        return [*before, *nest(self.terms, self.columns, inner), *after] if inner else []

    def _kept(self, unit: Unit, where: Where, there: Where, value: Scalar) -> list[Statement]:
        """Stores of a value in its local array and in its array outside, if it has them."""
        stores: list[Statement] = []
        if unit in self.local:
            stores.append(Store(self.local[unit], where, value))
        if unit in self.outside:
            stores.append(Store(self.arrays.of(unit), there, value))
        return stores

    def _scalars(self, after: int) -> list[Statement]:
        """What is one number a row and can be computed after so many passes."""
        statements: list[Statement] = []
        for part in self.group.parts:
            unit = part.units[-1]
            ready = self.passes[part.stored[0]] + 1
            if _is_fold(part) or self._is_wide(part) or ready != after:
                continue
            where = self._row_of(unit)
            values = self._values(where, after, part.stored)
            found = [(each, values.here(each)) for each in part.stored]
            for each, value in found:
                statements += self._kept(each, (), where, value)
        return statements

    def _row_of(self, unit: Unit) -> Where:
        """The index in an array with one element a row."""
        zero = self.terms.number(0)
        long = [self.terms.indices[axis] for axis in self.rows if self.terms.extents[axis] != 1]
        indices = iter(long)
        return tuple(zero if extent == 1 else next(indices) for extent in unit.shape)

    def _values(self, indices: Sequence[Scalar], number: int, own: Sequence[Unit] = ()) -> Values:
        """Expressions in pass `number`, or before it where one number a row (`own`) is computed."""

        def read(unit: Unit, where: Where) -> Scalar | None:
            if unit not in self.passes:
                if not self.in_memory(unit):
                    return None
                return self._load(self.arrays.of(unit), where)
            if unit not in self.wide:
                self._must_be(unit, where, self._row_of(unit))
                return None if unit in own else self._load(self.local[unit], ())
            kept = self.group.kept
            self._must_be(unit, where[:kept], tuple(self.terms.indices[:kept]))
            if self.passes[unit] < number:
                if unit in self.local:
                    return self._load(self.local[unit], where[kept:])
                return self._load(self.arrays.of(unit), where)
            self._must_be(unit, where, tuple(self.terms.indices))
            return None

        values = Values(self.terms, indices, read, self.rounded)
        self.values.append(values)
        return values

    def _load(self, array: Array, where: Where) -> Scalar:
        return self.terms.make(Word.LOAD, tuple(where), array.dtype, array)

    def _must_be(self, unit: Unit, where: Where, wanted: Where) -> None:
        for index, own in zip(where, wanted, strict=True):
            if index is not own:
                raise UnfitError(f"{unit.op.name} is read elsewhere than in its own row")


def _is_fold(part: Group) -> bool:
    return isinstance(part.units[-1].op, Reduction)


def _array(unit: Unit, shape: Sequence[int]) -> Array:
    return Array(unit.op.name, unit.array_type.dtype, tuple(shape))
