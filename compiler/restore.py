"""Restoring graphs from their JSON form; see `serialise`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .attributes import FrozenArray
from .builder import Builder
from .dtypes import as_dtype
from .errors import ChainruleError, ParseError
from .graph import Graph, Unit
from .literal_reader import parse_type
from .provenance import NOWHERE, Frame, Origin
from .registry import find
from .types import ArrayType

FORMAT = "chainrule graph"
VERSION = 1


def from_json(text: str) -> Graph:
    """The graph that `to_json` wrote.

    Raises
    ------
    ParseError
        When the text is no such form, is of another version, names an op that is not registered or
        is damaged.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"the graph is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ParseError(f"the JSON is no graph: its format is not {FORMAT!r}")
    version = document.get("version")
    if version != VERSION:
        raise ParseError(f"the graph is of version {version!r}, this chainrule reads {VERSION}")
    try:
        return _Reader(document).graphs[-1]
    except ChainruleError as error:
        raise ParseError(f"the JSON of the graph cannot be read: {error}") from None
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__} {error}"
        raise ParseError(f"the JSON of the graph is damaged: {reason}") from None


class _Reader:
    """Restores the shared parts, then graph by graph."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.type = cache(parse_type)
        self.arrays = {d: self._array(d, entry) for d, entry in document["arrays"].items()}
        frames = [Frame(*entry) for entry in document["frames"]]
        self.origins = [_origin(entry, frames) for entry in document["origins"]]
        self.graphs: list[Graph] = []
        self.kinds: dict[str, Callable[[Any], Any]] = {
            "float": float,
            "complex": lambda parts: complex(*map(float, parts)),
            "dtype": as_dtype,
            "type": self.type,
            "array": self.arrays.__getitem__,
            "graph": lambda number: _nth(self.graphs, number),
        }
        for entry in document["graphs"]:
            self.graphs.append(self._graph(entry))

    def _array(self, digest: str, entry: dict[str, str]) -> FrozenArray:
        type = self.type(entry["type"])
        if not isinstance(type, ArrayType):
            raise ParseError(f"the type of a constant is {type}")
        data = base64.b64decode(entry["data"], validate=True)
        frozen = FrozenArray(np.frombuffer(data, type.dtype.numpy).reshape(type.shape))
        if frozen.digest != digest:
            raise ParseError(f"the bytes of the constant {digest} are not those that were written")
        return frozen

    def _graph(self, entry: dict[str, Any]) -> Graph:
        builder = Builder()
        units: list[Unit] = []
        origins: dict[Unit, Origin] = {}
        with builder.inherit(NOWHERE):
            for each in entry["units"]:
                unit = self._unit(builder, each, units)
                units.append(unit)
                if "origin" in each:
                    origins[unit] = self.origins[each["origin"]]
        outputs = [_nth(units, number) for number in entry["outputs"]]
        return Graph(entry["name"], units[: entry["inputs"]], outputs, origins)

    def _unit(self, builder: Builder, entry: dict[str, Any], units: list[Unit]) -> Unit:
        return builder.unit(
            find(entry["op"]),
            [_nth(units, number) for number in entry["inputs"]],
            {name: self._attribute(value) for name, value in entry["attributes"].items()},
            self.type(entry["type"]),
        )

    def _attribute(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(map(self._attribute, value))
        if not isinstance(value, dict):
            return value
        ((kind, written),) = value.items()
        return self.kinds[kind](written)


def _nth(made: list[Any], number: int) -> Any:
    """What stands at `number`; what comes later or before the first does not exist."""
    if number not in range(len(made)):
        raise ParseError(f"number {number} is used before it is stated")
    return made[number]


def _origin(entry: dict[str, Any], frames: list[Frame]) -> Origin:
    return Origin(
        frozenset(_nth(frames, number) for number in entry.get("frames", ())),
        frozenset(map(tuple, entry.get("scopes", ()))),
        frozenset(entry.get("names", ())),
        frozenset(map(tuple, entry.get("regions", ()))),
        frozenset(entry.get("phases", ())),
    )
