"""Differentiate: open transform units, innermost first, each sub-graph cleaned up before.

Correct because a sub-graph is differentiated with its own inputs as variables, so that a value
captured from outside stays a constant of it even when it depends on another input.

Linear chains are collapsed before the derivative is taken: afterwards the backward half reads the
intermediates. The cheapest order of the forward products is also the cheapest for both halves,
since each product costs two more of its size in the backward half.
"""

from __future__ import annotations

from ..builder import Builder
from ..derivatives import linearised, pulled_back
from ..graph import Graph, Unit
from ..notes import Notes
from ..rewrite import same_unit, splice
from ..structural import ITEM, TRANSFORMS, VJP
from .algebra import algebra
from .canonicalise import canonicalise_body
from .common_subexpressions import common_subexpressions
from .fold_constants import fold_constants
from .inline import inline
from .linear_chain import linear_chain
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
                derivative = _derivative(unit, _prepared(unit.attributes["graph"], notes), notes)
                opened[unit] = splice(builder, derivative, inputs, outer=outer)
                notes.applied(f"{unit.op.name} of {derivative.name}", unit, origin=outer)
                new[unit] = opened[unit][0]
                continue
            with builder.inherit(graph.origin(unit)):
                new[unit] = same_unit(builder, unit, inputs)
    outputs = [new[unit] for unit in graph.outputs]
    return Graph(graph.name, graph.inputs, outputs, builder.origins)


def derivative_of(unit: Unit, notes: Notes) -> Graph:
    """The graph that a transform unit stands for, made of its sub-graph as it was written."""
    return _derivative(unit, _opened(unit.attributes["graph"], notes), notes)


def _derivative(unit: Unit, body: Graph, notes: Notes) -> Graph:
    body = safe_masks(body, notes)
    if unit.op is VJP:
        return pulled_back(body, unit.attributes["wanted"], unit.attributes["seeds"])
    return linearised(body, unit.attributes["moving"])


def _prepared(body: Graph, notes: Notes) -> Graph:
    """The sub-graph without calls and transforms in it, simplified."""
    simplified = _simplified(inline(body, notes), notes)
    opened = _opened(simplified, notes)
    if opened is not simplified:
        opened = _simplified(opened, notes)
    return linear_chain(opened, notes)


def _opened(body: Graph, notes: Notes) -> Graph:
    """The sub-graph without calls and transforms; rules may have left composites, opened too."""
    body = inline(body, notes)
    if any(unit.op in TRANSFORMS for unit in body.units):
        body = inline(differentiate(body, notes), notes)
    return body


def _simplified(body: Graph, notes: Notes) -> Graph:
    for each in (canonicalise_body, fold_constants, algebra, common_subexpressions):
        body = each(body, notes)
    return body
