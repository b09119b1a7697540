"""The arrays of a program's kernels, and the loops that walk them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..graph import Graph, Unit
from ..kernel.grammar import Array, For, Statement
from ..kernel.terms import Terms
from ..structural import CONSTANT, INPUT


class Arrays:
    """One array for each unit of a graph that lies in memory."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known: dict[Unit, Array] = {}

    def of(self, unit: Unit) -> Array:
        """The unit's array."""
        if unit not in self._known:
            type = unit.array_type
            self._known[unit] = Array(name_of(self.graph, unit), type.dtype, type.shape, unit)
        return self._known[unit]


def name_of(graph: Graph, unit: Unit) -> str:
    """What listings call a unit: an input by the user's name, another by its op and number."""
    number = graph.numbers[unit]
    if unit.op is INPUT:
        given = sorted(graph.origin(unit).names)
        return given[0] if given else f"argument{number}"
    return f"{'constant' if unit.op is CONSTANT else unit.op.name}_{number}"


def nest(
    terms: Terms, axes: Iterable[int], statements: Sequence[Statement], *, ordered: bool = False
) -> tuple[Statement, ...]:
    """Loops over axes, the first outermost; those of length 1 need none."""
    inner = tuple(statements)
    for axis in reversed(tuple(axes)):
        if terms.extents[axis] != 1:
            inner = (For(axis, inner, ordered),)
    return inner
