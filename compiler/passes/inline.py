"""Inline: open calls, and composites that need not stay closed.

Correct because a sub-graph's units are pure (effects are ordered by their token, which is an
ordinary input). Opened units remember the composite as their region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..builder import Builder
from ..graph import Graph, Unit
from ..kinds import Composite
from ..notes import Notes
from ..provenance import Origin
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
    opening = _Opening(Builder.seeded(graph), opens, notes)
    with opening.builder.activate():
        outputs = opening.copied(graph, graph.inputs, lambda origin: origin)
    return Graph(graph.name, graph.inputs, outputs, opening.builder.origins)


class _Opening:
    """Writes a graph and what it opens, of any depth, into one builder: each unit once."""

    def __init__(self, builder: Builder, opens: Opens, notes: Notes) -> None:
        self.builder = builder
        self.opens = opens
        self.notes = notes

    def copied(
        self, graph: Graph, arguments: Sequence[Unit], placed: Callable[[Origin], Origin]
    ) -> list[Unit]:
        """The outputs of `graph` for these inputs; `placed` tells of an origin where it is now."""
        new = dict(zip(graph.inputs, arguments, strict=True))
        opened: dict[Unit, list[Unit]] = {}
        for unit in graph.units:
            if unit in new:
                continue
            if unit.op is ITEM and unit.inputs[0] in opened:
                new[unit] = opened[unit.inputs[0]][unit.attributes["index"]]
                continue
            inputs = [new[operand] for operand in unit.inputs]
            origin = placed(graph.origin(unit))
            body = _body(unit, self.opens)
            if body is None:
                with self.builder.inherit(origin):
                    new[unit] = self.builder.unit(unit.op, inputs, unit.attributes, unit.type)
                continue
            region = "" if unit.op is CALL else unit.op.name
            self.notes.applied(f"open {region or body.name}", unit, origin=origin)
            opened[unit] = self.copied(body, inputs, partial(_inside, region, origin))
            new[unit] = opened[unit][0]
        return [new[unit] for unit in graph.outputs]


def _inside(region: str, outer: Origin, origin: Origin) -> Origin:
    return origin.inside(region, outer) if region else origin | outer.derived()


def _body(unit: Unit, opens: Opens) -> Graph | None:
    """The sub-graph to put in the unit's place, if it is to be opened."""
    if unit.op is CALL:
        body: Graph = unit.attributes["graph"]
        return body
    if isinstance(unit.op, Composite) and opens(unit.op):
        return unit.op.subgraph([operand.type for operand in unit.inputs], unit.attributes)
    return None
