"""The graph's own units: inputs, constants, tuple items, calls and transforms.

These are the language that graphs are written in, not operations on numbers; they need no plugin.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .errors import ArgumentError
from .graph import Graph
from .op import Op
from .types import TOKEN, ArrayType, TupleType, Type


class Structural(Op):
    """A unit of the graph language itself."""

    kind: ClassVar[str] = "structural"
    structural: ClassVar[bool] = True

    def __init__(self, name: str, doc: str, attributes: Sequence[str] = ()) -> None:
        def function() -> None: ...

        super().__init__(function, name=name)
        self.__doc__ = doc
        self.attribute_defaults = dict.fromkeys(attributes, inspect.Parameter.empty)
        self.sealed = True

    def infer(self, types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
        return _TYPES[self](types, attributes)


INPUT = Structural("input", "An argument of the graph, by position.", ["index", "type"])
CONSTANT = Structural("constant", "A frozen array known while compiling.", ["value", "weak"])
START = Structural("start", "The token before the first effect.")
ITEM = Structural("item", "One result of a unit that has several.", ["index"])
CALL = Structural("call", "A sub-graph applied to inputs.", ["graph"])
VJP = Structural(
    "vjp",
    "A sub-graph's results and the cotangents of its wanted inputs.",
    ["graph", "wanted", "seeds"],
)
JVP = Structural(
    "jvp",
    "A sub-graph's results and the tangents of its differentiable ones.",
    ["graph", "moving"],
)

TRANSFORMS = frozenset({VJP, JVP})
STRUCTURAL: dict[str, Op] = {op.name: op for op in (INPUT, CONSTANT, START, ITEM, CALL, VJP, JVP)}


def _input(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    type: Type = attributes["type"]
    return type


def _constant(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    frozen = attributes["value"].type
    return ArrayType(frozen.shape, frozen.dtype, weak=attributes["weak"])


def _start(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    return TOKEN


def _item(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    (whole,) = types
    index = attributes["index"]
    if not isinstance(whole, TupleType) or index not in range(len(whole.items)):
        raise ArgumentError(f"{whole} has no result number {index}")
    return whole.items[index]


def _call(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    return TupleType(attributes["graph"].output_types)


def _vjp(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    graph: Graph = attributes["graph"]
    cotangents = tuple(graph.inputs[i].type for i in attributes["wanted"])
    return TupleType((*graph.output_types, *map(strong, cotangents)))


def _jvp(types: Sequence[Type], attributes: Mapping[str, Any]) -> Type:
    outputs = attributes["graph"].output_types
    return TupleType((*outputs, *(strong(type) for type in outputs if type.differentiable)))


def strong(type: Type) -> Type:
    """The type of a tangent or cotangent of `type`: never weak."""
    return ArrayType(type.shape, type.dtype) if isinstance(type, ArrayType) else type


_TYPES = {
    INPUT: _input,
    CONSTANT: _constant,
    START: _start,
    ITEM: _item,
    CALL: _call,
    VJP: _vjp,
    JVP: _jvp,
}
