"""Inline: open calls, and composites that need not stay closed.

Correct because a sub-graph's units are pure (effects are ordered by their token, which is an
ordinary input). Opened units remember the composite as their region.
"""

from __future__ import annotations

from collections.abc import Callable

from ..builder import Builder
from ..graph import Graph, Unit
from ..kinds import Composite
from ..notes import Notes
from ..rewrite import same_unit, splice
from ..structural import CALL, ITEM

Opens = Callable[[Composite], bool]


def inline(graph: Graph, notes: Notes) -> Graph:
    """Open calls and composites without gradient rules of their own."""
    return _open_where(graph, lambda op: not op.has_rules, notes)


def inline_all(graph: Graph, notes: Notes) -> Graph:
    """Open calls and all composites; after derivatives are taken."""
    return _open_where(graph, lambda op: True, notes)


def _open_where(graph: Graph, opens: Opens, notes: Notes) -> Graph:
    if all(_body(unit, opens) is None for unit in graph.units):
        return graph
    builder = Builder.seeded(graph)
    new: dict[Unit, Unit] = {}
    opened: dict[Unit, list[Unit]] = {}
    with builder.activate():
        for unit in graph.units:
            if unit.op is ITEM and unit.inputs[0] in opened:
                new[unit] = opened[unit.inputs[0]][unit.attributes["index"]]
                continue
            inputs = [new[operand] for operand in unit.inputs]
            body = _body(unit, opens)
            if body is None:
                with builder.inherit(graph.origin(unit)):
                    new[unit] = same_unit(builder, unit, inputs)
                continue
            region = "" if unit.op is CALL else unit.op.name
            outer = graph.origin(unit)
            results = splice(builder, _open_where(body, opens, notes), inputs, region, outer)
            notes.applied(f"open {region or body.name}", unit, origin=outer)
            opened[unit] = results
            new[unit] = results[0]
    outputs = [new[unit] for unit in graph.outputs]
    return Graph(graph.name, graph.inputs, outputs, builder.origins)


def _body(unit: Unit, opens: Opens) -> Graph | None:
    """The sub-graph to put in the unit's place, if it is to be opened."""
    if unit.op is CALL:
        body: Graph = unit.attributes["graph"]
        return body
    if isinstance(unit.op, Composite) and opens(unit.op):
        return unit.op.subgraph([operand.type for operand in unit.inputs], unit.attributes)
    return None
