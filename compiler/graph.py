"""The graph: an immutable DAG of units.

A unit's identity is its op, its inputs, its attributes and its type; `Builder` makes each such
combination once, so within a graph equal means identical. Where a unit came from is kept beside
the graph (see `provenance`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .attributes import Attributes, attributes_key, subgraphs
from .provenance import NOWHERE, Origin
from .types import ArrayType, TokenType, TupleType, Type

if TYPE_CHECKING:
    import networkx as nx

    from .op import Op


class Unit:
    """A node: an op applied to inputs, with static attributes and an output type.

    Equality is identity. Make units through `Builder.unit` only.
    """

    __slots__ = ("__weakref__", "attributes", "inputs", "op", "type")

    def __init__(
        self, op: Op, inputs: tuple[Unit, ...], attributes: Attributes, type: Type
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attributes = MappingProxyType(dict(attributes))
        self.type = type

    @property
    def array_type(self) -> ArrayType:
        """The type, known to be an array's."""
        assert isinstance(self.type, ArrayType), f"{self.op.name} does not give an array"
        return self.type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array_type.shape

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes this unit itself within a builder."""
        return unit_key(self.op, self.inputs, self.attributes, self.type)

    def __repr__(self) -> str:
        taken = ", ".join(str(unit.type) for unit in self.inputs)
        return f"<{self.op.name}({taken}) -> {self.type}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Unit:
        return self


def unit_key(
    op: Op, inputs: tuple[Unit, ...], attributes: Attributes, type: Type
) -> tuple[Any, ...]:
    """The hash-consing key; floats by bits, constants by digest, sub-graphs by fingerprint."""
    return op, tuple(map(id, inputs)), attributes_key(attributes), type


def toposort(outputs: Iterable[Unit]) -> tuple[Unit, ...]:
    """Every unit that the outputs need, inputs before users, without recursion."""
    order: list[Unit] = []
    done: set[int] = set()
    stack: list[tuple[Unit, bool]] = [(unit, False) for unit in reversed(tuple(outputs))]
    while stack:
        unit, expanded = stack.pop()
        if expanded:
            order.append(unit)
        elif id(unit) not in done:
            done.add(id(unit))
            stack.append((unit, True))
            stack.extend((i, False) for i in reversed(unit.inputs) if id(i) not in done)
    return tuple(order)


class Graph:
    """An immutable DAG of units from inputs to outputs.

    Attributes
    ----------
    name : str
        The traced function's name.
    inputs : tuple of Unit
        The arguments in order, whether used or not.
    outputs : tuple of Unit
        The results in order; a graph with effects has its last token among them.
    origins : mapping of Unit to Origin
        Provenance, for the units of this graph.
    """

    def __init__(
        self,
        name: str,
        inputs: Iterable[Unit],
        outputs: Iterable[Unit],
        origins: Mapping[Unit, Origin] | None = None,
    ) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        known = origins or {}
        self.origins = {unit: known[unit] for unit in self.units if unit in known}

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All units in topological order, the inputs first."""
        reached = toposort(self.outputs)
        given = set(self.inputs)
        return (*self.inputs, *(unit for unit in reached if unit not in given))

    @cached_property
    def users(self) -> dict[Unit, tuple[Unit, ...]]:
        """Which units read a unit; a unit that reads it twice stands twice."""
        users: dict[Unit, list[Unit]] = {unit: [] for unit in self.units}
        for unit in self.units:
            for operand in unit.inputs:
                users[operand].append(unit)
        return {unit: tuple(by) for unit, by in users.items()}

    @cached_property
    def numbers(self) -> dict[Unit, int]:
        """The position of each unit in `units`."""
        return {unit: number for number, unit in enumerate(self.units)}

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the structure: equal for graphs that compute the same thing the same way."""
        digest = hashlib.blake2b(digest_size=16)
        for unit in self.units:
            operands = tuple(self.numbers[operand] for operand in unit.inputs)
            record = (unit.op.name, operands, attributes_key(unit.attributes), unit.type)
            digest.update(repr(record).encode())
        ends = tuple(self.numbers[unit] for unit in (*self.inputs, *self.outputs))
        digest.update(repr((len(self.inputs), ends)).encode())
        return digest.hexdigest()

    @property
    def input_types(self) -> tuple[Type, ...]:
        return tuple(unit.type for unit in self.inputs)

    @property
    def output_types(self) -> tuple[Type, ...]:
        return tuple(unit.type for unit in self.outputs)

    def origin(self, unit: Unit) -> Origin:
        """Where `unit` comes from; an empty origin when nothing is known."""
        return self.origins.get(unit, NOWHERE)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __len__(self) -> int:
        return len(self.units)

    def __repr__(self) -> str:
        taken = ", ".join(map(str, self.input_types))
        given = ", ".join(map(str, self.output_types))
        return f"<Graph {self.name}: ({taken}) -> ({given}), {len(self)} units>"

    def __str__(self) -> str:
        from .text import print_graph

        return print_graph(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Graph:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from .serialise import from_json

        return from_json, (self.to_json(),)

    def to_json(self) -> str:
        """A versioned JSON text that `Graph.from_json` restores, sharing and origins included."""
        from .serialise import to_json

        return to_json(self)

    @staticmethod
    def from_json(text: str) -> Graph:
        """The graph that `to_json` wrote."""
        from .serialise import from_json

        return from_json(text)

    def to_networkx(self) -> nx.MultiDiGraph:
        """The graph for networkx: nodes by number, edges with the operand's position."""
        from .export import to_networkx

        return to_networkx(self)

    def to_dot(self) -> str:
        """The graph for Graphviz, units grouped by scope and coloured by phase."""
        from .export import to_dot

        return to_dot(self)


def flat_types(type: Type) -> tuple[ArrayType | TokenType, ...]:
    """The types of a unit's results: several for a tuple, else one."""
    if isinstance(type, TupleType):
        return tuple(leaf for item in type.items for leaf in flat_types(item))
    return (type,)


def nested_graphs(graph: Graph) -> tuple[Graph, ...]:
    """`graph` and all graphs among its units' attributes, each once, sub-graphs before users."""
    found: dict[str, Graph] = {}
    stack = [(graph, False)]
    while stack:
        each, expanded = stack.pop()
        if expanded:
            found.setdefault(each.fingerprint, each)
        elif each.fingerprint not in found:
            stack.append((each, True))
            held = [held for unit in each.units for held in subgraphs(unit.attributes)]
            stack.extend((held, False) for held in reversed(held))
    return tuple(found.values())
