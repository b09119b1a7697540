"""The text form of graphs: readable, written by hand in tests, and exact both ways.

::

    graph mlp(x: float32[32, 64], w: float32[64, 10]) {
      a = dot_general(x, w, contract=((1,), (0,)), batch=((), ()))  : float32[32, 10]
      b = tanh(a)  : float32[32, 10]
      return b
    }

- A statement is ``label = op(operands, attributes)  : type``. Read, the type may be left out where
  the op's type rule tells it, and an attribute where it has its default.
- A constant is its type and its elements: ``c = float32[2] [1.0, -0.0]``, ``d = float64[]~ 2.0``;
  a large one is its bytes: ``e = float32[1000] base64 "..."``.
- An attribute is None, True, False, an integer, a float (``1.0``, ``1e-05``, ``inf``, ``nan``),
  ``complex(1.0, 0.0)``, a string in double quotes, a tuple, a dtype, a type (one of several results
  as ``type(float32[3], token)``), an array as above, or ``@name``, a graph stated before.
- A name that is no label stands in quotes after one: ``graph f "<lambda>"(a "an input": int64[])``.
- An input called ``_0``, ``_1``, ... has no name. ``#`` starts a comment; line ends mean nothing.

The last graph of a text is the text's graph; those before it are its sub-graphs. Units that nothing
reads are no part of a graph, and frames and scopes have no text form (see `serialise`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .attributes import FrozenArray
from .graph import Graph, Unit, nested_graphs
from .literals import LABEL, Literals, labels, write_string
from .reader import parse_graph as parse_graph
from .structural import CONSTANT
from .types import ArrayType

UNNAMED = re.compile(r"_\d+")


def print_graph(graph: Graph) -> str:
    """The text form of `graph`, its sub-graphs before it.

    `parse_graph` gives a graph of the same fingerprint and input names back.

    Raises
    ------
    ArgumentError
        When an attribute is of no kind that a graph may hold.
    """
    graphs = nested_graphs(graph)
    titles = _titles(graphs)
    literals = Literals(titles)
    return "\n".join(GraphText(each, titles[each.fingerprint], literals).text() for each in graphs)


def _titles(graphs: tuple[Graph, ...]) -> dict[str, str]:
    """A label for each graph, by fingerprint: its name where that is a label and free."""
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for graph in graphs:
        stem = re.sub(r"\W+", "_", graph.name).strip("_") or "graph"
        stem = stem if LABEL.fullmatch(stem) else f"graph_{stem}"
        title, number = stem, 1
        while title in taken:
            number += 1
            title = f"{stem}_{number}"
        taken.add(title)
        titles[graph.fingerprint] = title
    return titles


class GraphText:
    """The lines of one graph.

    Attributes
    ----------
    labels : dict of Unit to str
        What each unit is called.
    """

    def __init__(self, graph: Graph, title: str, literals: Literals) -> None:
        self.graph = graph
        self.title = title
        self.literals = literals
        self.labels = self._label()

    def _label(self) -> dict[Unit, str]:
        known: dict[Unit, str] = {}
        taken: set[str] = set()
        for position, unit in enumerate(self.graph.inputs):
            label = name = _name(self.graph, unit)
            if not LABEL.fullmatch(name) or UNNAMED.fullmatch(name) or name in taken:
                label = f"_{position}"
            known[unit] = label
            taken.add(label)
        fresh = labels(taken)
        for unit in self.graph.units[len(self.graph.inputs) :]:
            known[unit] = next(fresh)
        return known

    def text(self) -> str:
        """The whole graph, with a line end."""
        return "\n".join([self.head(), *self.body(), f"  {self.end()}", "}", ""])

    def head(self) -> str:
        """``graph name(inputs) {``."""
        inputs = ", ".join(map(self.input, self.graph.inputs))
        return f"graph {_labelled(self.title, self.graph.name)}({inputs}) {{"

    def input(self, unit: Unit) -> str:
        """``name: type``."""
        return f"{_labelled(self.labels[unit], _name(self.graph, unit))}: {unit.type}"

    def body(self) -> Iterator[str]:
        """A line for each unit that is no input."""
        for unit in self.graph.units[len(self.graph.inputs) :]:
            yield f"  {self.statement(unit)}"

    def end(self) -> str:
        """The line of the results."""
        return f"return {', '.join(self.labels[unit] for unit in self.graph.outputs)}".rstrip()

    def statement(self, unit: Unit) -> str:
        """One unit's line."""
        label = self.labels[unit]
        if _is_plain_constant(unit):
            return f"{label} = {unit.type} {self.literals.elements(unit.attributes['value'])}"
        operands = [self.labels[operand] for operand in unit.inputs]
        order = dict.fromkeys((*unit.op.attribute_defaults, *unit.attributes))
        given = [
            f"{name}={self.literals.write(unit.attributes[name])}"
            for name in order
            if name in unit.attributes
        ]
        return f"{label} = {unit.op.name}({', '.join([*operands, *given])})  : {unit.type}"


def _is_plain_constant(unit: Unit) -> bool:
    """True when the type and the elements say all about a constant unit, as they should."""
    attributes = unit.attributes
    if unit.op is not CONSTANT or unit.inputs or attributes.keys() != {"value", "weak"}:
        return False
    value, weak = attributes["value"], attributes["weak"]
    if not isinstance(value, FrozenArray) or not isinstance(weak, bool):
        return False
    return unit.type == ArrayType(value.type.shape, value.type.dtype, weak)


def _name(graph: Graph, unit: Unit) -> str:
    """The name of an input; the first of several."""
    return min(graph.origin(unit).names, default="")


def _labelled(label: str, name: str) -> str:
    """A label, and beside it the name where a label cannot be that."""
    unnamed = UNNAMED.fullmatch(label) is not None
    if (not name) if unnamed else (label == name):
        return label
    return f"{label} {write_string(name)}"
