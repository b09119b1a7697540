"""Rewriting a graph: rebuild it bottom-up, sharing every unit that does not change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .builder import Builder
from .graph import Graph, Unit
from .provenance import Origin
from .structural import INPUT

Visit = Callable[[Builder, Unit, tuple[Unit, ...]], Unit | None]


def rebuild(graph: Graph, visit: Visit) -> Graph:
    """The graph with each unit replaced by what `visit` makes of it; itself when that is no change.

    Parameters
    ----------
    visit : callable
        ``visit(builder, unit, inputs) -> Unit or None`` with the unit's new inputs; None keeps it.
    """
    builder = Builder.seeded(graph)
    new: dict[Unit, Unit] = {}
    with builder.activate():
        for unit in graph.units:
            inputs = tuple(new[operand] for operand in unit.inputs)
            with builder.inherit(graph.origin(unit)):
                new[unit] = visit(builder, unit, inputs) or same_unit(builder, unit, inputs)
    if all(new[unit] is unit for unit in graph.outputs):
        return graph
    return Graph(graph.name, graph.inputs, [new[unit] for unit in graph.outputs], builder.origins)


def same_unit(builder: Builder, unit: Unit, inputs: Sequence[Unit]) -> Unit:
    """The unit on new inputs; itself when they are the old ones."""
    if tuple(inputs) == unit.inputs:
        return unit
    return builder.unit(unit.op, inputs, unit.attributes, unit.type)


def splice(
    builder: Builder,
    graph: Graph,
    arguments: Sequence[Unit],
    region: str = "",
    outer: Origin | None = None,
) -> list[Unit]:
    """Copy the units of `graph` into `builder` with its inputs replaced; returns its outputs.

    Parameters
    ----------
    region : str
        Name of the composite that is being opened; kept in the units' provenance.
    outer : Origin, optional
        Where the opened unit came from.
    """
    new: dict[Unit, Unit] = dict(zip(graph.inputs, arguments, strict=True))
    for unit in graph.units:
        if unit in new:
            continue
        assert unit.op is not INPUT, "a sub-graph reads an input that is not its own"
        origin = graph.origin(unit)
        if outer is not None:
            origin = origin.inside(region, outer) if region else origin | outer.derived()
        with builder.inherit(origin):
            inputs = [new[operand] for operand in unit.inputs]
            new[unit] = builder.unit(unit.op, inputs, unit.attributes, unit.type)
    return [new[unit] for unit in graph.outputs]
