"""Compiled meanings: the body through Numba, and every backend in the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ...compiler.dtypes import float32
from ...compiler.graph import Graph
from ...compiler.interpret import evaluate
from ...compiler.kinds import Elementwise
from ...compiler.op import Op, array_types
from ...compiler.scalar.numba_meaning import NumbaBody, compile_numba
from ...compiler.tolerances import against_numpy, close, composed, ulps
from .backends import BACKENDS, Backend
from .calls import Call, calls
from .forward import agree
from .gradients import cotangents_for
from .report import Finding

# Compiling for a backend takes tens of milliseconds a graph: all samples in float32, and so many
# in float64 and with their gradients.
FLOAT64_RUN = 2
GRADIENTS_RUN = 2


def numba_body(op: Op) -> Iterator[Finding]:
    """An elementwise body, compiled by Numba for one choice of dtypes.

    For float32 where it computes in floats: there a widened literal shows, and the exact value is
    at hand in float64, so that the stated `ulp` is checked too.
    """
    if not isinstance(op, Elementwise):
        return
    first: NumbaBody | None = None
    for call in calls(op, ("float32",)):
        types = array_types([unit.type for unit in call.unit.inputs])
        dtypes = [type.dtype for type in types]
        if any(d.storage_only for d in (*dtypes, call.unit.array_type.dtype)):
            continue
        if first is not None and first.printed.arguments != tuple(dtypes):
            continue
        body = compile_numba(op.body(types, call.unit.attributes), dtypes)
        if first is None:
            yield from _typed(op, call, body)
        first = body
        yield from _close_enough(op, call, body)


def _typed(op: Op, call: Call, body: NumbaBody) -> Iterator[Finding]:
    wanted = call.unit.array_type.dtype
    if body.result is not wanted:
        yield Finding("body", f"Numba types the result as {body.result}, wanted {wanted}")
    for fault in body.faults():
        taken = ", ".join(map(str, body.printed.arguments))
        yield Finding("body", f"{fault} for inputs {taken}")


def _close_enough(op: Op, call: Call, body: NumbaBody) -> Iterator[Finding]:
    actual = body.evaluate(call.operands).reshape(call.unit.shape)
    expected = np.asarray(op.evaluate(call.operands, call.unit.attributes, call.unit.type))
    found = close(actual, expected, against_numpy(op.ulp))
    if not found:
        yield Finding("body", f"compiled, the value {found} by the reference at {call.label}")
        return
    exact = _exact(op, call)
    if exact is not None:
        found = close(actual, exact, ulps(op.ulp))
        if not found:
            yield Finding("ulp", f"compiled, the value {found} in float64 at {call.label}")


def _exact(op: Op, call: Call) -> Any:
    """The reference in float64 on the float32 operands; None where that is not the same thing."""
    if call.unit.array_type.dtype is not float32 or op.reference is None:
        return None
    wide = [a.astype(np.float64) if a.dtype == np.float32 else a for a in call.operands]
    if all(a.dtype != np.float64 for a in wide):
        return None
    exact = np.asarray(op.reference(*wide, **call.unit.attributes))
    return exact if exact.dtype == np.float64 else None


def backends(op: Op) -> Iterator[Finding]:
    """Every backend agrees with the reference, on values and on gradients."""
    for name, backend in BACKENDS.items():
        if backend is evaluate:
            continue
        gradients = 0
        for call in [*calls(op, ("float32",)), *islice(calls(op, ("float64",)), FLOAT64_RUN)]:
            yield from _same_results(name, backend, call)
            if call.smooth and call.wanted and call.seeds and gradients < GRADIENTS_RUN:
                gradients += 1
                yield from _same_gradients(name, backend, call)


def _same_results(name: str, backend: Backend, call: Call) -> Iterator[Finding]:
    results = backend(call.graph, list(call.arrays))
    for actual, expected in zip(results, call.results, strict=True):
        found = agree(call, actual, expected)
        if not found:
            yield Finding("body", f"on the backend {name} the value {found} at {call.label}")


def _same_gradients(name: str, backend: Backend, call: Call) -> Iterator[Finding]:
    graph: Graph = call.gradient
    arrays = [*call.arrays, *cotangents_for(call)]
    expected = evaluate(graph, arrays)
    for position, one, other in zip(call.wanted, backend(graph, arrays), expected, strict=True):
        found = close(one, other, composed(other.dtype))
        if not found:
            owner = call.op.input_name(position)
            yield Finding(
                "vjp", f"on the backend {name} the cotangent of {owner} {found} at {call.label}"
            )
