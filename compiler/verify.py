"""The verifier: finds the first invariant that a graph breaks, and shows the units round it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .attributes import FrozenArray, is_graph, subgraphs
from .errors import ArgumentError, VerificationError
from .graph import Graph, Unit
from .invariants import CHECKS, Fault
from .literals import LARGEST_INLINE, Literals, write_array
from .text import GraphText

SHOWN = 10  # units in a message


def verify(graph: Graph) -> None:
    """Check that `graph` and its sub-graphs are sound; see `invariants` for what is checked.

    Raises
    ------
    VerificationError
        With what is wrong, the user's line if known, and the ten units round the fault.
    """
    waiting, begun = [graph], {id(graph)}
    order: list[Graph] = []
    while waiting:
        each = waiting.pop()
        order.append(each)
        for unit in _reached(each).units:
            for held in subgraphs(unit.attributes):
                if id(held) not in begun:
                    begun.add(id(held))
                    waiting.append(held)
    for each in reversed(order):  # those inside first: the checks outside rely on them
        _verify_one(each)


def _reached(graph: Graph) -> Graph:
    """The graph with its units looked up anew: what it remembers of them may be out of date."""
    return Graph(graph.name, graph.inputs, graph.outputs)


def _verify_one(graph: Graph) -> None:
    fresh = _reached(graph)
    fresh.origins = graph.origins
    for fault in _faults(fresh):
        raise VerificationError("\n".join(_message(fresh, fault)))
    if graph.units != fresh.units:
        raise VerificationError(f"graph {graph.name}: its list of units is not what it reaches")


def _faults(graph: Graph) -> Iterator[Fault]:
    for check in CHECKS:
        yield from check(graph)


def _message(graph: Graph, fault: Fault) -> Iterator[str]:
    yield f"graph {graph.name}: {fault.sentence}"
    if fault.unit is None:
        return
    for frame in sorted(graph.origin(fault.unit).frames, key=str):
        yield f"    {frame}"
    yield from excerpt(graph, fault.unit)


def excerpt(graph: Graph, unit: Unit) -> Iterator[str]:
    """The lines of the ten units round `unit`, which is marked."""
    text = GraphText(graph, graph.name, _Sketch({}))
    middle = graph.units.index(unit)
    first = max(0, min(middle - SHOWN // 2, len(graph.units) - SHOWN))
    for number, each in enumerate(graph.units[first : first + SHOWN], start=first):
        line = text.statement(each) if number >= len(graph.inputs) else text.input(each)
        yield f"  {'>' if each is unit else ' '} {line}"


class _Sketch(Literals):
    """Writes what a person needs to see; also what has no text form."""

    def elements(self, array: FrozenArray) -> str:
        return write_array(array) if array.value.size <= LARGEST_INLINE else "..."

    def write(self, value: Any) -> str:
        if is_graph(value):
            return f"@{value.name}"
        try:
            return super().write(value)
        except ArgumentError:
            return repr(value)
