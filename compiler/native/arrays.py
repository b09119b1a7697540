"""The arrays of a program's kernels, and the loops that walk them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..graph import Unit
from ..kernel.grammar import Array, For, Statement
from ..kernel.terms import Terms


class Arrays:
    """One array for each unit that lies in memory."""

    def __init__(self) -> None:
        self._known: dict[Unit, Array] = {}

    def of(self, unit: Unit) -> Array:
        """The unit's array."""
        if unit not in self._known:
            type = unit.array_type
            self._known[unit] = Array(unit.op.name, type.dtype, type.shape, unit)
        return self._known[unit]


def nest(
    terms: Terms, axes: Iterable[int], statements: Sequence[Statement], *, ordered: bool = False
) -> tuple[Statement, ...]:
    """Loops over axes, the first outermost; those of length 1 need none."""
    inner = tuple(statements)
    for axis in reversed(tuple(axes)):
        if terms.extents[axis] != 1:
            inner = (For(axis, inner, ordered),)
    return inner
