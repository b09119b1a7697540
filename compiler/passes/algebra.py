"""Algebra: rewrite by the rule table, inputs before users, until no rule applies.

Correct because each rule is (see `compiler.algebra`); it ends because each rule leaves less to do.
"""

from __future__ import annotations

from ..algebra import Rule, table
from ..builder import Builder
from ..graph import Graph, Unit
from ..notes import Notes
from ..rewrite import rebuild, same_unit

MOST_SWEEPS = 50


def algebra(graph: Graph, notes: Notes) -> Graph:
    """The graph with every rule of the table applied wherever it can be.

    Raises
    ------
    RuntimeError
        When rules undo each other.
    """
    for _ in range(MOST_SWEEPS):
        after = _sweep(graph, notes)
        if after is graph:
            return graph
        graph = after
    last = sorted({applied.rule for applied in notes.applications[-100:]})
    raise RuntimeError(f"the rules do not come to an end: {', '.join(last)}")


def _sweep(graph: Graph, notes: Notes) -> Graph:
    before = len(notes.applications)

    def visit(builder: Builder, unit: Unit, inputs: tuple[Unit, ...]) -> Unit:
        now = same_unit(builder, unit, inputs)
        while (found := _first(builder, now)) is not None:
            rule, after = found
            notes.applied(rule.name, now, after=after, origin=graph.origin(unit))
            now = after
        return now

    after = rebuild(graph, visit)
    return graph if len(notes.applications) == before else after


def _first(builder: Builder, unit: Unit) -> tuple[Rule, Unit] | None:
    """The first rule that applies to `unit`, and what it makes of it."""
    for rule in table.of(unit.op):
        after = rule.apply(builder, unit)
        if after is not None and after is not unit:
            return rule, after
    return None
