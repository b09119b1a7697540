"""Sub-graphs in a trace: calls and transforms as units, or computed at once outside any trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..compiler.builder import Builder, current, leaked
from ..compiler.graph import Unit
from ..compiler.interpret import evaluate
from ..compiler.op import Op
from ..compiler.types import TOKEN, TupleType
from ..compiler.value import Value
from .arguments import leaf_type
from .integers import check_integers, integer_casts
from .trace import Traced


def emit(
    op: Op, traced: Traced, operands: Sequence[Any], attributes: Mapping[str, Any]
) -> list[Any]:
    """Add a unit of `op` (a call or a transform) around a traced function to the current trace.

    `operands` are the function's leaves and then what the transform adds (seeds, tangents);
    captured units go between them, where the graph has its captured inputs.
    """
    builder = current()
    if builder is None:
        raise leaked(next(operand for operand in operands if isinstance(operand, Value)))
    graph = traced.graph
    leaves = len(graph.inputs) - len(traced.captured)
    units = [builder.lift(operand).unit for operand in operands]
    captured = [
        builder.next_token() if value.unit.type is TOKEN else builder.lift(value).unit
        for value in traced.captured
    ]
    inputs = [*units[:leaves], *captured, *units[leaves:]]
    attributes = {**attributes, "graph": graph}
    type = op.infer([unit.type for unit in inputs], attributes)
    unit = builder.unit(op, inputs, attributes, type)
    assert isinstance(type, TupleType)
    results: list[Unit] = [builder.item(unit, i) for i in range(len(type.items))]
    for result in results:
        if result.type is TOKEN:
            builder.token = result
    return [builder.value(result) for result in results if result.type is not TOKEN]


def traced_or_run(function: Callable[[list[Any]], list[Any]], leaves: Sequence[Any]) -> list[Any]:
    """`function` of a list of values, in the current trace or computed now by the reference."""
    if current() is not None:
        return function(list(leaves))
    for leaf in leaves:
        if isinstance(leaf, Value):
            raise leaked(leaf)
    builder = Builder()
    with builder.activate():
        inputs = [builder.value(builder.input(leaf_type(x, "value"))) for x in leaves]
        results = function(inputs)
        units = [builder.lift(result).unit for result in results]
    graph = builder.graph("eager", units)
    check_integers(integer_casts(graph), leaves, ["value"] * len(leaves))
    found = evaluate(graph, leaves)
    return [np.array(array)[()] for array in found]  # own memory: no views, no constants
