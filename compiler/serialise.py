"""The JSON form of graphs: versioned, complete (origins too), every shared part written once.

::

    {"format": "chainrule graph", "version": 1,
     "arrays":  {digest: {"type": "float32[2]", "data": base64}},
     "frames":  [[file, line, function]],
     "origins": [{"frames": [0], "scopes": [["encoder"]], "phases": ["forward"]}],
     "graphs":  [{"name": "mlp", "inputs": 1, "outputs": [1],
                  "units": [{"op": ..., "inputs": [...], "attributes": {...}, "type": "float32[2]",
                             "origin": 0}]}]}

Units stand in topological order, the inputs first, and name their operands by number; graphs stand
after their sub-graphs, the last is the graph itself. Graphs of one fingerprint are written once,
with the origins of all. Of the attributes, None, bools, integers and strings stand as they are and
tuples as lists; anything else is an object of one entry that says what it is: ``{"float": "0.1"}``.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from .attributes import FrozenArray, is_graph, subgraphs
from .dtypes import DType
from .errors import ArgumentError
from .graph import Graph, Unit, nested_graphs
from .literals import write_number
from .provenance import NOWHERE, Frame, Origin
from .restore import FORMAT, VERSION
from .restore import from_json as from_json
from .types import ArrayType, TokenType, TupleType


def to_json(graph: Graph) -> str:
    """The JSON text that `from_json` restores: units, sharing, names and origins.

    Raises
    ------
    ArgumentError
        When an attribute is of no kind that a graph may hold.
    """
    return json.dumps(_Writer().document(graph), separators=(",", ":"))


class _Writer:
    """Writes graphs and numbers what they share."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self.frames: dict[Frame, int] = {}
        self.origins: dict[Origin, int] = {}
        self.graphs: dict[str, int] = {}

    def document(self, graph: Graph) -> dict[str, Any]:
        united = _united_origins(graph)
        graphs = []
        for number, each in enumerate(nested_graphs(graph)):
            graphs.append(self._graph(each, united[each.fingerprint]))
            self.graphs[each.fingerprint] = number
        origins = [self._origin(origin) for origin in self.origins]
        return {
            "format": FORMAT,
            "version": VERSION,
            "arrays": self.arrays,
            "frames": [[frame.file, frame.line, frame.function] for frame in self.frames],
            "origins": origins,
            "graphs": graphs,
        }

    def _graph(self, graph: Graph, origins: list[Origin]) -> dict[str, Any]:
        numbers = graph.numbers
        units = []
        for unit, origin in zip(graph.units, origins, strict=True):
            entry = self._unit(unit, numbers)
            if origin != NOWHERE:
                entry["origin"] = self.origins.setdefault(origin, len(self.origins))
            units.append(entry)
        outputs = [numbers[unit] for unit in graph.outputs]
        return {"name": graph.name, "inputs": len(graph.inputs), "outputs": outputs, "units": units}

    def _unit(self, unit: Unit, numbers: dict[Unit, int]) -> dict[str, Any]:
        return {
            "op": unit.op.name,
            "inputs": [numbers[operand] for operand in unit.inputs],
            "attributes": {n: self._attribute(value) for n, value in unit.attributes.items()},
            "type": str(unit.type),
        }

    def _attribute(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return {"float": write_number(value)}
        if isinstance(value, complex):
            return {"complex": [write_number(value.real), write_number(value.imag)]}
        if isinstance(value, tuple):
            return [self._attribute(item) for item in value]
        if isinstance(value, DType):
            return {"dtype": value.name}
        if isinstance(value, (ArrayType, TupleType, TokenType)):
            return {"type": str(value)}
        if isinstance(value, FrozenArray):
            return {"array": self._array(value)}
        if is_graph(value):
            return {"graph": self.graphs[value.fingerprint]}
        raise ArgumentError(f"{value!r} cannot be a static attribute and has no JSON form")

    def _array(self, array: FrozenArray) -> str:
        if array.digest not in self.arrays:
            data = base64.b64encode(array.value.tobytes()).decode()
            self.arrays[array.digest] = {"type": str(array.type), "data": data}
        return array.digest

    def _origin(self, origin: Origin) -> dict[str, Any]:
        """The sets that are not empty, each in a fixed order."""
        frames = sorted(origin.frames, key=lambda each: (each.file, each.line, each.function))
        entry = {
            "frames": [self.frames.setdefault(frame, len(self.frames)) for frame in frames],
            "scopes": sorted(origin.scopes),
            "names": sorted(origin.names),
            "regions": sorted(origin.regions),
            "phases": sorted(origin.phases),
        }
        return {name: items for name, items in entry.items() if items}


def _united_origins(graph: Graph) -> dict[str, list[Origin]]:
    """By fingerprint, the origin of each unit, united over all graphs of that fingerprint."""
    united: dict[str, list[Origin]] = {}
    seen = {id(graph)}
    waiting = [graph]
    while waiting:
        each = waiting.pop()
        origins = [each.origin(unit) for unit in each.units]
        known = united.get(each.fingerprint, origins)
        united[each.fingerprint] = [a | b for a, b in zip(known, origins, strict=True)]
        held = [held for unit in each.units for held in subgraphs(unit.attributes)]
        waiting += [other for other in held if id(other) not in seen]
        seen.update(map(id, held))
    return united
