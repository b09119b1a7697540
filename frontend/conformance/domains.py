"""Kinks and domains: where derivatives must not be NaN, and where they must be finite.

The rule for kinks: at samples with ``smooth=False`` a cotangent is not NaN wherever every input is
finite, lies in the op's domain and has a square that neither overflows nor vanishes (or is zero),
and the value is finite. It may be infinite (a pole of the derivative at the edge). A plugin whose
`kink` says ``NaN`` owns up to one and is let off.

The rule for domains: at ordinary numbers inside the stated domain the value and its first two
derivatives are finite; an op that has none to state is finite at all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ...compiler.interpret import evaluate
from ...compiler.kinds import Elementwise
from ...compiler.op import Op
from .calls import Call, calls, gradient_of
from .report import Finding

# Zeros, ones, halves, small integers of both signs: where poles and branch points usually lie.
ORDINARY = (-3.0, -1.0, -0.5, -0.0, 0.0, 0.25, 0.5, 1.0, 2.5, 3.0)


def kinks(op: Op) -> Iterator[Finding]:
    """No cotangent is NaN at a kink."""
    if "NaN" in op.kink:
        return
    for call in calls(op):
        if call.smooth:
            continue
        inner = call.canonical if isinstance(op, Elementwise) else call
        if inner.wanted and inner.seeds:
            yield from _not_nan(inner)


def _not_nan(call: Call) -> Iterator[Finding]:
    seeds = [np.ones_like(call.results[i]) for i in call.seeds]
    sound = [_tame(a) & _inside(call.op, i, a) for i, a in enumerate(call.arrays)]
    fine = [np.isfinite(call.results[i]) for i in call.seeds]
    for position, ct in zip(
        call.wanted, evaluate(call.gradient, [*call.arrays, *seeds]), strict=True
    ):
        if isinstance(call.op, Elementwise):
            wrong = np.isnan(ct) & np.logical_and.reduce([*sound, *fine])
        else:
            everywhere = all(mask.all() for mask in (*sound, *fine))
            wrong = np.isnan(ct) & everywhere
        if wrong.any():
            place = tuple(map(int, np.argwhere(wrong)[0]))
            at = _described(call, place) if isinstance(call.op, Elementwise) else list(place)
            name = call.op.input_name(position)
            yield Finding("vjp", f"the cotangent of {name} is NaN at {at}: {call.label}")


def _tame(array: Any) -> Any:
    if array.dtype.kind != "f":
        return np.ones(array.shape, bool)
    info = np.finfo(array.dtype)
    size = np.abs(array)
    ordinary = (size > np.sqrt(info.tiny)) & (size < np.sqrt(info.max))
    return np.isfinite(array) & (ordinary | (size == 0))


def _inside(op: Op, position: int, array: Any) -> Any:
    domain = op.domain.get(op.input_name(position))
    return np.ones(array.shape, bool) if domain is None else np.asarray(domain.contains(array))


def _described(call: Call, place: tuple[int, ...]) -> str:
    names = [call.op.input_name(i) for i in range(len(call.arrays))]
    return ", ".join(f"{n} = {a[place]!s}" for n, a in zip(names, call.arrays, strict=True))


def domain(op: Op) -> Iterator[Finding]:
    """Values and derivatives are finite inside the domain, and smooth samples lie in it."""
    yield from _samples_inside(op)
    if not isinstance(op, Elementwise) or not op.differentiable or "NaN" in op.kink:
        return
    probe = _probe(op)
    if probe is None or not probe.wanted or not probe.seeds:
        return
    inside = np.logical_and.reduce([_inside(op, i, a) for i, a in enumerate(probe.arrays)])
    for name, safe in ((name, d) for name, d in op.domain.items() if not _holds(d)):
        yield Finding("domain", f"the safe point {safe.safe} of {name} lies outside {safe.text}")
    for what, arrays in _derivatives(probe):
        for array in arrays:
            wrong = ~np.isfinite(array) & inside
            if wrong.any():
                at = _described(probe, tuple(map(int, np.argwhere(wrong)[0])))
                stated = ", ".join(f"{n}: {d.text}" for n, d in op.domain.items()) or "none stated"
                yield Finding("domain", f"{what} is {array[wrong][0]} at {at} ({stated})")
                return


def _holds(domain: Any) -> bool:
    return bool(np.all(domain.contains(np.float64(domain.safe))))


def _samples_inside(op: Op) -> Iterator[Finding]:
    for call in calls(op, ("float64",)):
        for i, array in enumerate(call.arrays):
            if call.smooth and call.wanted and not np.all(_inside(op, i, array)):
                text = op.domain[op.input_name(i)].text
                yield Finding(
                    "samples",
                    f"{op.input_name(i)} leaves the domain {text}: mark {call.label} smooth=False",
                )


def _probe(op: Elementwise) -> Call | None:
    """The op on every combination of ordinary numbers, with the first sample's attributes."""
    first = next(
        (c for c in calls(op, ("float64",)) if any(a.dtype.kind == "f" for a in c.arrays)), None
    )
    if first is None:
        return None
    choices = [
        (*ORDINARY, op.domain[n].safe) if (n := op.input_name(i)) in op.domain else ORDINARY
        for i in range(len(first.arrays))
    ]
    columns = np.array(list(product(*choices)), np.float64).T
    arrays = [
        column if given.dtype.kind == "f" else (column > 0).astype(given.dtype)
        for column, given in zip(columns, first.arrays, strict=True)
    ]
    return first.on(arrays)


def _derivatives(call: Call) -> Iterator[tuple[str, list[Any]]]:
    yield "the value", [call.results[i] for i in call.seeds]
    seeds = [np.ones_like(call.results[i]) for i in call.seeds]
    first = evaluate(call.gradient, [*call.arrays, *seeds])
    yield "the first derivative", first
    second = gradient_of(call.gradient, call.wanted, range(len(call.wanted)))
    ones = [np.ones_like(a) for a in first]
    yield "the second derivative", evaluate(second, [*call.arrays, *seeds, *ones])
