"""The reference interpreter: a graph's value by NumPy, unit after unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError, OutOfBoundsError, PluginError
from .graph import Graph, Unit
from .notes import Notes
from .structural import CALL, CONSTANT, ITEM, START, TRANSFORMS
from .types import ArrayType, TokenType, TupleType, Type


def evaluate(graph: Graph, arguments: Sequence[Any]) -> list[Any]:
    """The outputs of `graph` for these arrays, in the working dtypes of its units.

    Raises
    ------
    ArgumentError
        When the arguments do not fit the graph's inputs.
    PluginError
        When a reference gives another type than the op's type rule says.
    """
    if len(arguments) != len(graph.inputs):
        raise ArgumentError(f"got {len(arguments)} arguments, wanted {len(graph.inputs)}")
    known: dict[Unit, Any] = {}
    for unit, argument in zip(graph.inputs, arguments, strict=True):
        known[unit] = checked_input(unit, argument)
    with np.errstate(all="ignore"):
        for unit in graph.units:
            if unit not in known:
                try:
                    known[unit] = evaluate_unit(unit, [known[i] for i in unit.inputs])
                except OutOfBoundsError as error:
                    _point_at(error, graph, unit)
                    raise
    return [known[unit] for unit in graph.outputs if not isinstance(unit.type, TokenType)]


def _point_at(error: OutOfBoundsError, graph: Graph, unit: Unit) -> None:
    """Let the error show the line that made the unit, unless a graph inside it did so."""
    frames = graph.origin(unit).frames
    if frames and unit.op not in (CALL, *TRANSFORMS):
        error.frame = min(frames, key=str)


def checked_input(unit: Unit, argument: Any) -> Any:
    """The argument as an array, which must be of its input's type."""
    if isinstance(unit.type, TokenType):
        return None
    array = np.asarray(argument)
    wanted = unit.array_type
    if isinstance(argument, (int, float, complex)) and not isinstance(argument, np.generic):
        array = array.astype(wanted.dtype.numpy)
    if array.shape != wanted.shape or array.dtype != wanted.dtype.numpy:
        raise ArgumentError(f"argument is {array.dtype}{list(array.shape)}, wanted {wanted}")
    return array


def evaluate_unit(unit: Unit, operands: list[Any]) -> Any:
    """One unit's value for its inputs' values, by the reference."""
    if unit.op in _STRUCTURAL:
        return _STRUCTURAL[unit.op](unit, operands)
    if unit.op in TRANSFORMS:
        from .passes.differentiate import derivative_of

        return tuple(evaluate(derivative_of(unit, Notes()), operands))
    if unit.op.effect:
        operands = operands[1:]
    result = unit.op.evaluate(operands, unit.attributes, unit.type)
    return conform(unit.op.name, result, unit.type)


def _call(unit: Unit, operands: list[Any]) -> Any:
    graph: Graph = unit.attributes["graph"]
    results = iter(evaluate(graph, operands))
    return tuple(None if isinstance(t, TokenType) else next(results) for t in graph.output_types)


_STRUCTURAL: dict[Any, Callable[[Unit, list[Any]], Any]] = {
    CONSTANT: lambda unit, operands: unit.attributes["value"].value,
    START: lambda unit, operands: None,
    ITEM: lambda unit, operands: operands[0][unit.attributes["index"]],
    CALL: _call,
}


def conform(name: str, result: Any, type: Type) -> Any:
    """The reference's result as arrays, checked against the type rule."""
    if isinstance(type, TokenType):
        return None
    if isinstance(type, TupleType):
        return tuple(conform(name, r, t) for r, t in zip(result, type.items, strict=True))
    array = np.asarray(result)
    if not fits(array, type):
        raise PluginError(
            f"plugin {name}: reference gives {array.dtype}{list(array.shape)} where the type rule "
            f"says {type}"
        )
    return array


def fits(array: Any, type: ArrayType) -> bool:
    """True when the array has the type's shape and dtype."""
    return bool(array.shape == type.shape and array.dtype == type.dtype.numpy)
