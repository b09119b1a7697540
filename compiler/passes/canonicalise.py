"""Canonicalise: units that change nothing go, so that one form is left for what is the same.

Correct because such a unit's value is its input's, bit for bit, and so is its type. An op that
is an identity to values but not to derivatives goes only where no derivative will be taken.
"""

from __future__ import annotations

from ..builder import Builder
from ..graph import Graph, Unit
from ..notes import Notes
from ..rewrite import rebuild
from ..roles import Role

CHANGES_TYPE_ONLY = frozenset({Role.RESHAPE, Role.BROADCAST, Role.CAST})


def canonicalise(graph: Graph, notes: Notes) -> Graph:
    """The graph without movements and casts that change nothing, and without identities.

    For a whole program: nobody differentiates it any more (its transform units differentiate
    their own sub-graphs, see `canonicalise_body`).
    """
    return _without(graph, notes, identities=True)


def canonicalise_body(graph: Graph, notes: Notes) -> Graph:
    """The same for a graph that will be differentiated: `stop_gradient` stays."""
    return _without(graph, notes, identities=False)


def _without(graph: Graph, notes: Notes, identities: bool) -> Graph:
    def visit(builder: Builder, unit: Unit, inputs: tuple[Unit, ...]) -> Unit | None:
        if not _changes_nothing(unit) and not (identities and unit.op.identity):
            return None
        notes.applied(
            f"{unit.op.name} that changes nothing", unit, after=inputs[0], origin=graph.origin(unit)
        )
        return inputs[0]

    return rebuild(graph, visit)


def _changes_nothing(unit: Unit) -> bool:
    if unit.op.role in CHANGES_TYPE_ONLY:
        return unit.type == unit.inputs[0].type
    if unit.op.role is Role.TRANSPOSE:
        axes = unit.attributes["axes"]
        return bool(axes == tuple(range(len(axes))))
    return False
