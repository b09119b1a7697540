"""Graphs for other tools: networkx to compute with, Graphviz's DOT to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .graph import Graph, Unit
from .literals import Literals
from .provenance import Origin
from .structural import CONSTANT, INPUT
from .types import ArrayType

if TYPE_CHECKING:
    import networkx as nx

# Okabe and Ito's palette, which people with any colour vision can tell apart, under black text.
PHASE_COLOURS = {"forward": "#56b4e9", "backward": "#e69f00", "update": "#009e73"}
SEVERAL_PHASES = "#cc79a7"
NO_PHASE = "#ffffff"
INPUT_COLOUR = "#f0e442"
CONSTANT_COLOUR = "#dddddd"


def to_networkx(graph: Graph) -> nx.MultiDiGraph:
    """The graph for networkx.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes by number in topological order, with ``op`` (its name), ``type`` and ``attributes``
        (of the unit) and ``origin``; an edge from each operand with its ``position``. The graph's
        attributes are ``name``, ``inputs`` and ``outputs`` (numbers).
    """
    import networkx as nx

    numbers = graph.numbers
    exported = nx.MultiDiGraph(
        name=graph.name,
        inputs=[numbers[unit] for unit in graph.inputs],
        outputs=[numbers[unit] for unit in graph.outputs],
    )
    for number, unit in enumerate(graph.units):
        exported.add_node(
            number,
            op=unit.op.name,
            type=unit.type,
            attributes=dict(unit.attributes),
            origin=graph.origin(unit),
        )
    for number, unit in enumerate(graph.units):
        for position, operand in enumerate(unit.inputs):
            exported.add_edge(numbers[operand], number, position=position)
    return exported


def to_dot(graph: Graph) -> str:
    """The graph in Graphviz's language.

    Units stand in clusters by the user's scopes and are coloured by phase: forward blue, backward
    orange, update green, several pink. Inputs are yellow ellipses, constants grey notes; results
    have a double border. An edge into one of several operands shows its position.
    """
    return "\n".join([*_Dot(graph).lines(), ""])


class _Dot:
    """Writes one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.outputs = frozenset(graph.outputs)
        self.clusters = 0

    def lines(self) -> Iterator[str]:
        yield f"digraph {quoted(self.graph.name)} {{"
        yield "  rankdir=TB;"
        yield '  node [shape=box, style=filled, fontname="Helvetica"];'
        yield from self._scope(_Scope.of(self.graph), "  ")
        yield from self._edges()
        yield "}"

    def _scope(self, scope: _Scope, indent: str) -> Iterator[str]:
        for unit in scope.units:
            yield f"{indent}{self._node(unit)}"
        for name, inner in scope.inner.items():
            yield f"{indent}subgraph cluster_{self.clusters} {{"
            self.clusters += 1
            yield f"{indent}  label={quoted(name)};"
            yield from self._scope(inner, indent + "  ")
            yield f"{indent}}}"

    def _node(self, unit: Unit) -> str:
        origin = self.graph.origin(unit)
        shape, colour = "box", _colour(origin)
        if unit.op is INPUT:
            shape, colour = "ellipse", INPUT_COLOUR
        elif unit.op is CONSTANT:
            shape, colour = "note", CONSTANT_COLOUR
        options = {"label": _label(unit, origin), "shape": shape, "fillcolor": colour}
        frames = sorted(map(str, origin.frames))
        if frames:
            options["tooltip"] = "\n".join(frames)
        if unit in self.outputs:
            options["peripheries"] = "2"
        listed = ", ".join(f"{name}={quoted(value)}" for name, value in options.items())
        return f"{self.graph.numbers[unit]} [{listed}];"

    def _edges(self) -> Iterator[str]:
        numbers = self.graph.numbers
        for number, unit in enumerate(self.graph.units):
            for position, operand in enumerate(unit.inputs):
                label = f" [label={quoted(str(position))}]" if len(unit.inputs) > 1 else ""
                yield f"  {numbers[operand]} -> {number}{label};"


class _Scope:
    """The units of one scope, and the scopes in it."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.inner: dict[str, _Scope] = {}

    @classmethod
    def of(cls, graph: Graph) -> _Scope:
        """The tree of scopes; a unit of several stands in what they have in common."""
        outermost = cls()
        for unit in graph.units:
            scope = outermost
            for name in _common(sorted(graph.origin(unit).scopes)):
                scope = scope.inner.setdefault(name, cls())
            scope.units.append(unit)
        return outermost


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The longest start that all sorted paths share."""
    if not paths:
        return ()
    first, last = paths[0], paths[-1]
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length]


def _colour(origin: Origin) -> str:
    if len(origin.phases) > 1:
        return SEVERAL_PHASES
    return next((PHASE_COLOURS[phase] for phase in origin.phases), NO_PHASE)


def _label(unit: Unit, origin: Origin) -> str:
    """What the unit is, and its type."""
    what = unit.op.name
    if unit.op is INPUT and origin.names:
        what = ", ".join(sorted(origin.names))
    elif unit.op is CONSTANT and isinstance(unit.type, ArrayType) and not unit.type.shape:
        what = Literals({}).elements(unit.attributes["value"])
    return f"{what}\n{unit.type}"


def quoted(text: str) -> str:
    """A string of the DOT language: quotes and backslashes escaped, a line end as ``\\n``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\r", " ").replace("\n", "\\n")
    return f'"{escaped}"'
