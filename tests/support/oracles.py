"""Oracles for ops: the reference on samples, central differences, traced maps and folds.

A function under test takes and gives values; it is traced for the types of the arrays at hand and
computed by the reference interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from chainrule.compiler.builder import Builder
from chainrule.compiler.derivatives import linearised, pulled_back
from chainrule.compiler.errors import LocatedError
from chainrule.compiler.graph import Graph
from chainrule.compiler.interpret import evaluate
from chainrule.compiler.kinds import Movement, Reduction, Scatter
from chainrule.compiler.notes import Notes
from chainrule.compiler.op import Op
from chainrule.compiler.passes.inline import inline
from chainrule.compiler.rewrite import splice
from chainrule.compiler.samples import Sample
from chainrule.compiler.scalar import Scalar
from chainrule.compiler.scalar.numpy_meaning import evaluate_scalar
from chainrule.compiler.types import type_of

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
STEP = 1e-5


def graph_of(function: Callable[..., Any], *arrays: Any) -> Graph:
    """The graph of a function of values."""
    builder = Builder()
    with builder.activate():
        results = function(*(builder.value(builder.input(type_of(a))) for a in arrays))
        several = results if isinstance(results, tuple) else (results,)
        units = [builder.lift(result).unit for result in several]
    return builder.graph("tested", units)


def value_of(function: Callable[..., Any], *arrays: Any) -> Any:
    """The value of a function of values; a tuple of several."""
    results = evaluate(graph_of(function, *arrays), arrays)
    return results[0] if len(results) == 1 else tuple(results)


def gradient_of(function: Callable[..., Any], *arrays: Any, ct: Any = None) -> list[Any]:
    """The cotangents of all floating arrays, for the cotangent `ct` of the one result (ones)."""
    graph = inline(graph_of(function, *arrays), Notes())
    (type,) = graph.output_types
    ct = np.ones(type.shape, type.dtype.numpy) if ct is None else ct  # type: ignore[union-attr]
    return evaluate(pulled_back(graph, floating(arrays), [0]), [*arrays, ct])[1:]


def floating(arrays: Sequence[Any]) -> list[int]:
    """Which of the arrays can have a cotangent."""
    return [i for i, array in enumerate(arrays) if np.asarray(array).dtype.kind == "f"]


def check_gradient(
    function: Callable[..., Any], *arrays: Any, order: int = 1, bound: float = 1e-6
) -> None:
    """Reverse mode against central differences in float64, and forward against reverse mode.

    With `order` 2 the function that gives the cotangents is checked the same way.
    """
    wanted = floating(arrays)
    graph = inline(graph_of(function, *arrays), Notes())
    rng = np.random.default_rng(1)
    outputs = evaluate(graph, arrays)
    cts = [rng.standard_normal(output.shape).astype(output.dtype) for output in outputs]
    seeds = list(range(len(outputs)))
    reverse = evaluate(pulled_back(graph, wanted, seeds), [*arrays, *cts])[len(outputs) :]
    tangents = [rng.standard_normal(np.shape(arrays[i])) for i in wanted]
    forward = evaluate(linearised(graph, wanted), [*arrays, *tangents])[len(outputs) :]
    pulled = sum(float(np.sum(c * t)) for c, t in zip(reverse, tangents, strict=True))
    pushed = sum(float(np.sum(c * t)) for c, t in zip(cts, forward, strict=True))
    assert pushed == pytest.approx(pulled, rel=1e-9, abs=1e-9)

    def total(*changed: Any) -> float:
        results = evaluate(graph, changed)
        return sum(float(np.sum(c * r)) for c, r in zip(cts, results, strict=True))

    for i, found in zip(wanted, reverse, strict=True):
        np.testing.assert_allclose(found, _differences(total, arrays, i), rtol=bound, atol=bound)
    if order > 1:
        check_gradient(_reverse(graph, wanted, cts), *arrays, order=order - 1, bound=bound)


def _differences(total: Callable[..., float], arrays: Sequence[Any], position: int) -> Any:
    base = np.array(arrays[position], np.float64)
    slopes = np.zeros(base.shape)
    for place in np.ndindex(base.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = base.copy()
            moved[place] += step
            ends.append(total(*arrays[:position], moved, *arrays[position + 1 :]))
        slopes[place] = (ends[0] - ends[1]) / (2 * STEP)
    return slopes


def _reverse(graph: Graph, wanted: Sequence[int], cts: Sequence[Any]) -> Callable[..., Any]:
    """The cotangents as a function of values."""
    pulled = pulled_back(graph, wanted, list(range(len(cts))))

    def function(*values: Any) -> Any:
        builder = values[0].builder
        given = [*(v.unit for v in values), *(builder.lift(ct).unit for ct in cts)]
        units = splice(builder, pulled, given)[len(cts) :]
        return tuple(map(builder.value, units))

    return function


def check_samples(op: Op) -> None:
    """The op against its reference, its gradients on smooth samples, and what it refuses."""
    for seed, sample in enumerate(op.accepted):
        for dtype in ("float32", "float64"):
            check_value(op, sample, seed, dtype)
        if sample.smooth and op.differentiable:
            check_sample_gradient(op, sample, seed)
    for bad in op.refused:
        arrays = bad.sample.arrays(len(op.parameters), 0, "float64")
        with pytest.raises(LocatedError) as caught:
            value_of(lambda *values, s=bad.sample: op(*values, **s.attributes), *arrays)
        assert bad.says in str(caught.value)


def check_sample_gradient(op: Op, sample: Sample, seed: int) -> None:
    """The derivatives on one sample, where input and output are float64."""
    arrays = sample.arrays(len(op.parameters), seed, "float64")

    def function(*values: Any) -> Any:
        return op(*values, **sample.attributes)

    types = graph_of(function, *arrays).output_types
    inputs = [i for i in floating(arrays) if op.is_differentiable(i)]
    if inputs and all(str(type).startswith("float64") for type in types):
        check_gradient(function, *arrays)


def check_value(op: Op, sample: Sample, seed: int, dtype: str) -> None:
    """One sample by the graph, by the bare reference, and by the traced expressions."""
    arrays = sample.arrays(len(op.parameters), seed, dtype)
    graph = graph_of(lambda *values: op(*values, **sample.attributes), *arrays)
    results = evaluate(graph, arrays)
    whole = graph.outputs[0].inputs[0] if len(results) > 1 else graph.outputs[0]
    if op.reference is not None and whole.op is op:
        with np.errstate(all="ignore"):
            expected = op.reference(*_operands(graph, whole, arrays), **whole.attributes)
        several = expected if isinstance(expected, (tuple, list)) else (expected,)
        for result, wanted in zip(results, several, strict=True):
            bound = TOLERANCE[dtype]
            np.testing.assert_allclose(result, wanted, rtol=bound, atol=bound)
            assert result.shape == np.shape(wanted)
    if whole.op is op and isinstance(op, (Movement, Scatter, Reduction)):
        traced = by_expressions(op, whole, _operands(graph, whole, arrays))
        np.testing.assert_allclose(traced, results[0], rtol=TOLERANCE[dtype] * 10)


def _operands(graph: Graph, unit: Any, arrays: Sequence[Any]) -> list[Any]:
    """The arrays that reach `unit` after its kind's casts."""
    inner = Graph("operands", graph.inputs, unit.inputs)
    return evaluate(inner, arrays)


def by_expressions(op: Any, unit: Any, arrays: list[Any]) -> Any:
    """The unit's value from its traced scalar expressions, as generated code computes it."""
    types = [operand.type for operand in unit.inputs]
    if isinstance(op, Reduction):
        return _folded(op, unit, arrays[0])
    if isinstance(op, Movement):
        if unit.type.size == 0:
            return np.zeros(unit.type.shape)
        places = list(np.indices(unit.type.shape))
        element = op.element(types, unit.type, unit.attributes)
        return np.broadcast_to(scalar(element, places, arrays), unit.type.shape)
    target = op.target(types, unit.attributes)
    merged = op.merged(unit.type.dtype)
    out = arrays[0].copy()
    for place in np.ndindex(arrays[1].shape):
        where = tuple(int(scalar(t, [np.int64(p) for p in place], arrays)) for t in target)
        out[where] = scalar(merged, [out[where], arrays[1][place]], [])
    return out


def _folded(op: Reduction, unit: Any, x: Any) -> Any:
    axis = unit.attributes["axis"]
    fold = op.fold(unit.inputs[0].type.dtype)
    kept = [a for a in range(x.ndim) if a not in axis]
    count = int(np.prod([x.shape[a] for a in axis]))
    rows = x.transpose(*kept, *axis).reshape(unit.type.size, count)
    results = []
    for row in rows:
        # Two halves and a merge: what vector accumulators and threads do.
        states = []
        for part in (range(0, len(row), 2), range(1, len(row), 2)):
            state = [scalar(s, [], []) for s in fold.init]
            for i in part:
                lifted = [scalar(s, [row[i], np.int64(i)], []) for s in fold.lift]
                state = [scalar(s, [*state, *lifted], []) for s in fold.combine]
            states.append(state)
        merged = [scalar(s, [*states[0], *states[1]], []) for s in fold.combine]
        results.append(scalar(fold.finalise, merged, []))
    return np.array(results, unit.type.dtype.numpy).reshape(unit.type.shape)


def scalar(expression: Scalar, inputs: Sequence[Any], arrays: Sequence[Any]) -> Any:
    """The value of a scalar expression; every read must stay inside its array."""

    def load(number: int, *places: Any) -> Any:
        array = arrays[number]
        for place, extent in zip(places, array.shape, strict=True):
            assert np.all((place >= 0) & (place < extent)), "a read outside its array"
        return array[places]

    return evaluate_scalar(expression, inputs, load)
