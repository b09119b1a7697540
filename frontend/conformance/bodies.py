"""The traced body, evaluated in NumPy kind by kind, against the reference.

A plugin states its operation twice, as a body for kernels and as a NumPy reference; this holds
one to the other. Folds and index maps are walked literally, element by element of the fold and
update by update of the scatter, on the samples' small arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...compiler.kinds import Contraction, Elementwise, Movement, Reduction, Scatter
from ...compiler.kinds.reduction import Fold
from ...compiler.op import Op, array_types
from ...compiler.scalar import Scalar
from ...compiler.scalar.numpy_meaning import evaluate_scalar
from ...compiler.tolerances import Closeness, close
from ...compiler.types import type_of
from .calls import Call, calls
from .forward import agree, bound_of
from .report import Finding


def body(op: Op) -> Iterator[Finding]:
    """The body's value is the reference's at every sample."""
    if type(op) not in _MEANINGS:
        return
    for call in calls(op):
        yield from _MEANINGS[type(op)](op, call)


def _told(call: Call, what: str, found: Closeness) -> Iterator[Finding]:
    if not found:
        yield Finding("body", f"{what} {found} by the reference at {call.label}")


def _expected(call: Call) -> Any:
    return call.op.evaluate(call.operands, call.unit.attributes, call.unit.type)


def evaluated(expression: Scalar, inputs: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """An expression without loads on arrays of one shape."""
    return np.broadcast_to(evaluate_scalar(expression, list(inputs), None), shape)


# Elementwise.


def _elementwise(op: Elementwise, call: Call) -> Iterator[Finding]:
    types = array_types([unit.type for unit in call.unit.inputs])
    value = evaluated(op.body(types, call.unit.attributes), call.operands, call.unit.shape)
    found = agree(call, value, np.asarray(_expected(call)))
    yield from _told(call, "the body's value", found)


# Reductions.


def _reduction(op: Reduction, call: Call) -> Iterator[Finding]:
    (x,) = call.operands
    fold = op.fold(type_of(x).dtype)
    axis = call.unit.attributes["axis"]
    expected = np.asarray(_expected(call))
    kept = [a for a in range(x.ndim) if a not in axis]
    count = math.prod(x.shape[a] for a in axis)
    rows = x.transpose(*axis, *kept).reshape(count, *(x.shape[a] for a in kept))
    for what, order in (("the fold's value", _in_order), ("the regrouped fold's value", _in_pairs)):
        state = order(fold, rows)
        value = evaluated(fold.finalise, state, rows.shape[1:]).reshape(expected.shape)
        yield from _told(call, what, agree(call, value, expected))


def _start(fold: Fold, shape: tuple[int, ...]) -> list[Any]:
    return [evaluated(literal, (), shape) for literal in fold.init]


def _lifted(fold: Fold, rows: Any, number: int) -> list[Any]:
    position = np.full(rows.shape[1:], number, np.int64)
    return [evaluated(e, (rows[number], position), rows.shape[1:]) for e in fold.lift]


def _combined(fold: Fold, first: list[Any], second: list[Any], shape: tuple[int, ...]) -> list[Any]:
    return [evaluated(e, [*first, *second], shape) for e in fold.combine]


def _in_order(fold: Fold, rows: Any) -> list[Any]:
    """One element after another, as the simplest loop does."""
    state = _start(fold, rows.shape[1:])
    for number in range(len(rows)):
        state = _combined(fold, state, _lifted(fold, rows, number), rows.shape[1:])
    return state


def _in_pairs(fold: Fold, rows: Any) -> list[Any]:
    """Neighbours first, and the start on both sides: `init` must be neutral, `combine` regroup."""
    shape = rows.shape[1:]
    states = [_lifted(fold, rows, number) for number in range(len(rows))]
    states = [_start(fold, shape), *states, _start(fold, shape)]
    while len(states) > 1:
        pairs = zip(states[::2], states[1::2], strict=False)
        merged = [_combined(fold, first, second, shape) for first, second in pairs]
        states = merged + states[len(merged) * 2 :]
    return states[0]


# Index maps.


class _Loads:
    """Reads of an index map; what lies outside its input is counted and clamped."""

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.arrays = arrays
        self.outside: list[str] = []

    def __call__(self, number: int, *where: Any) -> Any:
        array = self.arrays[number]
        inside = []
        for axis, (index, extent) in enumerate(zip(where, array.shape, strict=True)):
            index = np.asarray(index)
            wrong = (index < 0) | (index >= extent)
            if wrong.any():
                at = int(index[wrong].ravel()[0])
                self.outside.append(f"input {number} at {at} of axis {axis} with {extent} elements")
            inside.append(np.clip(index, 0, max(extent - 1, 0)))
        if array.size == 0:
            return array.dtype.type(0)
        return array[tuple(inside)]


def _positions(shape: tuple[int, ...]) -> list[Any]:
    return list(np.indices(shape, dtype=np.int64)) if shape else []


def _movement(op: Movement, call: Call) -> Iterator[Finding]:
    types = array_types([unit.type for unit in call.unit.inputs])
    result = call.unit.array_type
    loads = _Loads(call.operands)
    expression = op.element(types, result, call.unit.attributes)
    expected = np.asarray(_expected(call))
    if result.size == 0:
        return
    value = evaluate_scalar(expression, _positions(result.shape), loads)
    for place in loads.outside[:1]:
        yield Finding("body", f"the index map reads {place} at {call.label}")
    value = np.broadcast_to(value, result.shape)
    yield from _told(call, "the index map's value", agree(call, value, expected))


def _scatter(op: Scatter, call: Call) -> Iterator[Finding]:
    types = array_types([unit.type for unit in call.unit.inputs])
    operand, updates, *_ = call.operands
    loads = _Loads(call.operands)
    targets = [
        np.broadcast_to(evaluate_scalar(e, _positions(updates.shape), loads), updates.shape)
        for e in op.target(types, call.unit.attributes)
    ]
    merged = op.merged(types[0].dtype)
    value = operand.copy()
    for place in np.ndindex(updates.shape):
        at = tuple(int(target[place]) for target in targets)
        value[at] = evaluate_scalar(merged, [value[at], updates[place]], None)
    yield from _told(call, "the scatter's value", agree(call, value, np.asarray(_expected(call))))


def _contraction(op: Contraction, call: Call) -> Iterator[Finding]:
    types = array_types([unit.type for unit in call.unit.inputs])
    labels = op.labels(types, call.unit.attributes)
    x, y = call.operands
    value = np.einsum(x, list(labels.x), y, list(labels.y), list(labels.out))
    scale = np.einsum(abs(x), list(labels.x), abs(y), list(labels.y), list(labels.out))
    expected = np.asarray(_expected(call))
    yield from _told(call, "the labels' value", close(value, expected, bound_of(call), scale))


_MEANINGS: dict[type[Op], Callable[[Any, Call], Iterator[Finding]]] = {
    Elementwise: _elementwise,
    Reduction: _reduction,
    Movement: _movement,
    Scatter: _scatter,
    Contraction: _contraction,
}
