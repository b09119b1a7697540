"""Graphs with their derivatives beside them: what transform units are opened to."""

from __future__ import annotations

from collections.abc import Sequence

from ..builder import Builder
from ..graph import Graph, Unit
from ..structural import strong
from ..types import ArrayType, Type
from ..value import Value
from .forward import tangents
from .reverse import cotangents
from .rules import zeros


def pulled_back(graph: Graph, wanted: Sequence[int], seeds: Sequence[int]) -> Graph:
    """`graph` with cotangents: (inputs, seeds) -> (outputs, cotangents of wanted inputs)."""
    builder = Builder.seeded(graph)
    with builder.activate():
        given = [builder.value(builder.input(strong(graph.outputs[i].type))) for i in seeds]
        by_output: list[Value | None] = [None] * len(graph.outputs)
        for position, seed in zip(seeds, given, strict=True):
            by_output[position] = seed
        units = [graph.inputs[i] for i in wanted]
        found = cotangents(builder, graph.outputs, by_output, units)
        filled = [_or_zeros(builder, ct, unit.type) for ct, unit in zip(found, units, strict=True)]
    return builder.graph(graph.name, [*graph.outputs, *filled])


def linearised(graph: Graph, moving: Sequence[int]) -> Graph:
    """`graph` with tangents: (inputs, tangents) -> (outputs, tangents of the inexact ones)."""
    builder = Builder.seeded(graph)
    with builder.activate():
        units = [graph.inputs[i] for i in moving]
        given = {unit: builder.value(builder.input(strong(unit.type))) for unit in units}
        found = tangents(builder, graph.outputs, given)
        filled = [
            _or_zeros(builder, tangent, unit.type)
            for tangent, unit in zip(found, graph.outputs, strict=True)
            if unit.type.differentiable
        ]
    return builder.graph(graph.name, [*graph.outputs, *filled])


def _or_zeros(builder: Builder, value: Value | None, type: Type) -> Unit:
    assert isinstance(type, ArrayType)
    return (zeros(builder, type) if value is None else value).unit
