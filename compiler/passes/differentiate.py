"""Differentiate: open transform units, innermost first, each sub-graph cleaned up before.

Correct because a sub-graph is differentiated with its own inputs as variables, so that a value
captured from outside stays a constant of it even when it depends on another input.
"""

from __future__ import annotations

from ..builder import Builder
from ..derivatives import linearised, pulled_back
from ..graph import Graph, Unit
from ..notes import Notes
from ..rewrite import same_unit, splice
from ..structural import ITEM, TRANSFORMS, VJP
from .inline import inline
from .safe_masks import safe_masks


def differentiate(graph: Graph, notes: Notes) -> Graph:
    """The graph with every transform unit replaced by the derivative it asks for."""
    if not any(unit.op in TRANSFORMS for unit in graph.units):
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
            if unit.op in TRANSFORMS:
                outer = graph.origin(unit)
                opened[unit] = splice(builder, derivative_of(unit, notes), inputs, outer=outer)
                notes.applied(
                    f"open {unit.op.name} of {unit.attributes['graph'].name}", unit, origin=outer
                )
                new[unit] = opened[unit][0]
                continue
            with builder.inherit(graph.origin(unit)):
                new[unit] = same_unit(builder, unit, inputs)
    outputs = [new[unit] for unit in graph.outputs]
    return Graph(graph.name, graph.inputs, outputs, builder.origins)


def derivative_of(unit: Unit, notes: Notes) -> Graph:
    """The graph that a transform unit stands for."""
    body = inline(unit.attributes["graph"], notes)
    body = safe_masks(differentiate(body, notes), notes)
    if unit.op is VJP:
        return pulled_back(body, unit.attributes["wanted"], unit.attributes["seeds"])
    return linearised(body, unit.attributes["moving"])
