"""Dtypes: what is float32 stays float32, and every kind of dtype that an op accepts works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...compiler.dtypes import DType, float32, float64
from ...compiler.errors import LocatedError, PromotionWarning
from ...compiler.graph import Graph, Unit
from ...compiler.interpret import evaluate
from ...compiler.kinds import Composite, Elementwise
from ...compiler.op import Op
from ...compiler.types import ArrayType
from .calls import Call, calls
from .report import Finding

KINDS = {"b": "bool", "i": "int32", "u": "uint8", "f": "float32"}


def widths(op: Op) -> Iterator[Finding]:
    """No part of a float32 call, nor of its gradient, computes in float64."""
    for call in calls(op, ("float32",)):
        types = {unit.type.dtype for unit in call.graph.outputs if isinstance(unit.type, ArrayType)}
        asked = any(isinstance(value, DType) for value in call.attributes.values())
        if asked or float32 not in types or not _is_float32(call):
            continue
        if isinstance(op, Composite):
            inner = op.subgraph([u.type for u in call.unit.inputs], call.unit.attributes)
            yield from _widened("body", inner, call)
        if call.smooth and call.wanted and call.seeds:
            yield from _widened_gradient(call)
        if isinstance(op, Elementwise):
            yield from _beside_a_number(op, call)


def _is_float32(call: Call) -> bool:
    return {a.dtype.name for a in call.arrays if a.dtype.kind == "f"} == {"float32"}


def _widened_gradient(call: Call) -> Iterator[Finding]:
    try:
        graph = call.gradient
    except PromotionWarning as warning:
        yield Finding("vjp", f"{warning} at {call.label}")
    else:
        yield from _widened("vjp", graph, call)


def _widened(field: str, graph: Graph, call: Call) -> Iterator[Finding]:
    """Units in float64 that read what depends on a float32 input."""
    depends: set[Unit] = set()
    for unit in graph.units:
        if unit in graph.inputs:
            if isinstance(unit.type, ArrayType) and unit.type.dtype is float32:
                depends.add(unit)
            continue
        if not depends.intersection(unit.inputs):
            continue
        depends.add(unit)
        if isinstance(unit.type, ArrayType) and unit.type.dtype is float64:
            yield Finding(field, f"widens float32 to float64 in {unit!r} at {call.label}")
            return


def _beside_a_number(op: Elementwise, call: Call) -> Iterator[Finding]:
    """``op(x, 2.0)`` of a float32 x is float32."""
    numbers = [i for i in range(len(call.arrays)) if op.input_name(i) not in op.conditions]
    if len(numbers) < 2:
        return
    arguments: list[Any] = list(call.arrays)
    arguments[numbers[-1]] = 2.0
    arguments = [a if np.ndim(a) or isinstance(a, float) else np.atleast_1d(a) for a in arguments]
    result = np.asarray(op(*arguments, **call.attributes))
    narrow = {call.results[0].dtype.name}
    if result.dtype.name not in narrow:
        yield Finding("body", f"a Python number widens it to {result.dtype} at {call.label}")


def accepted_dtypes(op: Op) -> Iterator[Finding]:
    """An elementwise op computes for every kind of dtype that `accepts` names."""
    if not isinstance(op, Elementwise):
        return
    first = next((c for c in calls(op, ("float64",)) if _all_floats(op, c)), None)
    if first is None:
        return
    for kind in op.accepts:
        if kind not in KINDS or kind == "f":
            continue
        arrays = [
            a if op.input_name(i) in op.conditions else np.ones(a.shape, KINDS[kind])
            for i, a in enumerate(first.arrays)
        ]
        call = first.on(arrays)
        try:
            evaluate(call.graph, call.arrays)
            types = [unit.array_type for unit in call.unit.inputs]
            op.body(types, call.unit.attributes)
        except LocatedError as error:
            yield Finding("accepts", f"names {kind!r}, but {KINDS[kind]} ends in: {error.sentence}")


def _all_floats(op: Elementwise, call: Call) -> bool:
    return all(
        a.dtype.kind == "f" or op.input_name(i) in op.conditions for i, a in enumerate(call.arrays)
    )
