"""Derivatives: central differences, forward against reverse mode, second order.

All in float64 and by random projection: for a cotangent c and a direction v the number
``<c, f'(x) v>`` is computed in two ways. Differences are of fourth order; the step that agrees
best counts, for a wrong gradient agrees at none. Numbers of extreme size move by their own size.

A plugin whose `kink` speaks of ``second derivatives`` is held to them only where no input is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...compiler.graph import Graph
from ...compiler.interpret import evaluate
from ...compiler.op import Op
from ...compiler.tolerances import DIFFERENCES, IDENTITY
from .calls import SEED, Call, gradient_of, smooth_calls
from .report import Finding

STEPS = (1e-3, 1e-4, 1e-5)
EPS = float(np.finfo(np.float64).eps)

APART = SEED + 1_000_000
"""Samples count up from `SEED`: a cotangent drawn as an input was would be that input."""


def gradient(op: Op) -> Iterator[Finding]:
    """Each input's cotangent equals central differences, and is finite."""
    tried = False
    for call in smooth_calls(op):
        tried |= all(call.arrays[i].size for i in call.wanted)
        seeds = cotangents_for(call)
        found = evaluate(call.gradient, [*call.arrays, *seeds])

        def value(arrays: Sequence[Any], call: Call = call) -> list[Any]:
            return [evaluate(call.graph, arrays)[i] for i in call.seeds]

        yield from _against_differences(call, call.wanted, found, seeds, value, "cotangent")
    if op.differentiable and not tried:
        yield Finding("samples", "no smooth sample in float64, so that no gradient is checked")


def second_order(op: Op) -> Iterator[Finding]:
    """The cotangents of the cotangents equal central differences of the first."""
    for call in smooth_calls(op):
        if "second derivatives" in op.kink and any(np.any(a == 0) for a in call.floats):
            continue
        seeds = cotangents_for(call)
        first = call.gradient
        count = len(call.wanted)
        second = gradient_of(first, call.wanted, range(count))
        outer = _draw(APART + 1, [call.arrays[i] for i in call.wanted])
        found = evaluate(second, [*call.arrays, *seeds, *outer])

        def value(arrays: Sequence[Any], first: Graph = first, seeds: Any = seeds) -> list[Any]:
            return evaluate(first, [*arrays, *seeds])

        yield from _against_differences(call, call.wanted, found, outer, value, "second cotangent")


def modes(op: Op) -> Iterator[Finding]:
    """Forward mode gives the same number as reverse mode: ``<c, J v> = <J' c, v>``."""
    for call in smooth_calls(op):
        seeds = cotangents_for(call)
        directions = _draw(APART + 2, [call.arrays[i] for i in call.wanted])
        pushed = evaluate(call.tangent, [*call.arrays, *directions])
        pulled = evaluate(call.gradient, [*call.arrays, *seeds])
        forward, size = _product(seeds, pushed)
        reverse, other = _product(directions, pulled)
        if not abs(forward - reverse) <= IDENTITY.limit * max(size, other):
            yield Finding(
                "jvp",
                f"forward mode gives {forward:.12g} where reverse mode gives {reverse:.12g} "
                f"at {call.label}",
            )


def constant(op: Op) -> Iterator[Finding]:
    """Inputs that `differentiable` leaves out do not move the output."""
    if op.identity:
        return
    for call in _constant_calls(op):
        left_out = tuple(
            i for i, a in enumerate(call.arrays) if a.dtype.kind == "f" and i not in call.wanted
        )
        seeds = cotangents_for(call)
        zeros = [np.zeros_like(call.arrays[i]) for i in left_out]

        def value(arrays: Sequence[Any], call: Call = call) -> list[Any]:
            return [evaluate(call.graph, arrays)[i] for i in call.seeds]

        for finding in _against_differences(call, left_out, zeros, seeds, value, "cotangent"):
            yield Finding("differentiable", f"leaves an input out: {finding.sentence}")


def _constant_calls(op: Op) -> Iterator[Call]:
    from .calls import calls

    for call in calls(op, ("float64",)):
        floats = [i for i, a in enumerate(call.arrays) if a.dtype.kind == "f"]
        if call.smooth and call.seeds and set(floats) - set(call.wanted):
            yield call


def cotangents_for(call: Call) -> list[Any]:
    """Random cotangents for the outputs that take one."""
    return _draw(APART, [call.results[i] for i in call.seeds])


def _draw(seed: int, like: Sequence[Any]) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(a.shape)).astype(a.dtype) for a in like]


def _product(left: Sequence[Any], right: Sequence[Any]) -> tuple[float, float]:
    """The inner product of two lists of arrays, and the sum of its terms' magnitudes."""
    terms = [np.ravel(a * b) for a, b in zip(left, right, strict=True)]
    flat = np.concatenate(terms) if terms else np.zeros(0)
    return float(flat.sum()), float(np.abs(flat).sum())


def _against_differences(
    call: Call,
    positions: Sequence[int],
    cotangents: Sequence[Any],
    seeds: Sequence[Any],
    value: Callable[[Sequence[Any]], list[Any]],
    what: str,
) -> Iterator[Finding]:
    for position, cotangent in zip(positions, cotangents, strict=True):
        name = call.op.input_name(position)
        if cotangent.shape != call.arrays[position].shape:
            yield Finding("vjp", f"the {what} of {name} has shape {cotangent.shape}: {call.label}")
            continue
        if not cotangent.size:
            continue
        if not np.isfinite(cotangent).all():
            yield Finding("vjp", f"the {what} of {name} is not finite at {call.label}")
            continue
        (direction,) = _draw(APART + 3 + position, [cotangent])
        direction = direction * _stride(call.arrays[position])
        reverse, size = _product([cotangent], [direction])
        best = min(
            (
                _difference(call, position, direction, seeds, value, step, reverse, size)
                for step in STEPS
            ),
            key=lambda pair: pair[0],
        )
        if not best[0] <= DIFFERENCES.limit:
            yield Finding(
                "vjp",
                f"the {what} of {name} differs from central differences by {best[0]:.2g} of its "
                f"size ({reverse:.9g} against {best[1]:.9g}) at {call.label}",
            )


def _stride(array: Any) -> Any:
    """How far each element moves: 1, or its own size where that is extreme."""
    size = np.abs(array)
    return np.where((size == 0) | ((size > 1e-6) & (size < 1e6)), 1.0, size)


def _difference(
    call: Call,
    position: int,
    direction: Any,
    seeds: Sequence[Any],
    value: Callable[[Sequence[Any]], list[Any]],
    step: float,
    reverse: float,
    size: float,
) -> tuple[float, float]:
    """The relative error beyond the difference's own rounding, and the difference."""
    total = noise = 0.0
    for steps, weight in ((-2, 1.0), (-1, -8.0), (1, 8.0), (2, -1.0)):
        arrays = list(call.arrays)
        arrays[position] = arrays[position] + steps * step * direction
        projected, terms = _product(seeds, value(arrays))
        total += weight * projected / (12 * step)
        noise += abs(weight) * terms * EPS / (12 * step)
    allowed = max(abs(total), size)
    error = max(abs(total - reverse) - 4 * noise, 0.0)
    return (error / allowed if allowed else (0.0 if error == 0 else np.inf)), total
