"""What changed from one graph to another that shares units with it."""

from __future__ import annotations

from dataclasses import dataclass

from .graph import Graph, Unit


@dataclass(frozen=True, slots=True)
class Difference:
    """The units that only one of two graphs has; `Graph.numbers` puts them in order.

    Attributes
    ----------
    added : frozenset of Unit
        Units of the second graph alone.
    removed : frozenset of Unit
        Units of the first alone.
    kept : frozenset of Unit
        Units of both: the same objects.
    """

    added: frozenset[Unit]
    removed: frozenset[Unit]
    kept: frozenset[Unit]

    def __bool__(self) -> bool:
        """True when the graphs have different units."""
        return bool(self.added or self.removed)

    def __str__(self) -> str:
        return f"{len(self.added)} added, {len(self.removed)} removed, {len(self.kept)} kept"


def difference(before: Graph, after: Graph) -> Difference:
    """What a pass did to a graph: since it shares what it leaves alone, a difference of sets."""
    old, new = frozenset(before.units), frozenset(after.units)
    return Difference(added=new - old, removed=old - new, kept=old & new)
