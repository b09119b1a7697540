"""What a plugin states beside its body: linearity, identity, zeros, regrouping."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ...compiler.kinds import Elementwise
from ...compiler.op import Op
from ...compiler.tolerances import BITS, IDENTITY, Bound, close
from .calls import SEED, Call, calls, smooth_calls
from .report import Finding

TRIED = 4


def properties(op: Op) -> Iterator[Finding]:
    """The stated properties hold at samples in float64."""
    for call in islice(smooth_calls(op), TRIED):
        yield from _linear(op, call)
    for call in islice(calls(op, ("float64",)), TRIED):
        if op.identity and close(call.results[0], call.arrays[0], BITS).holds is False:
            yield Finding("identity", f"the value is not the first input's at {call.label}")
        if op.zero_preserving and isinstance(op, Elementwise):
            yield from _keeps_zeros(op, call)
    if op.associative and isinstance(op, Elementwise):
        yield from _regroups(op)


def _linear(op: Op, call: Call) -> Iterator[Finding]:
    for group in op.linear_in:
        members = [i for i in range(len(call.arrays)) if op.input_name(i) in group]
        if any(call.arrays[i].dtype.kind != "f" for i in members):
            continue
        rng = np.random.default_rng(SEED)
        other = list(call.arrays)
        both = list(call.arrays)
        for i in members:
            drawn = np.asarray(rng.standard_normal(call.arrays[i].shape))
            other[i], both[i] = drawn, 2.0 * call.arrays[i] - 3.0 * drawn
        expected = [
            2.0 * a - 3.0 * b for a, b in zip(call.results, call.on(other).results, strict=True)
        ]
        size = [abs(a) + abs(b) for a, b in zip(call.results, call.on(other).results, strict=True)]
        for value, wanted, scale in zip(call.on(both).results, expected, size, strict=True):
            found = close(np.asarray(value), np.asarray(wanted), _lenient(IDENTITY, scale), scale)
            if not found:
                yield Finding(
                    "linear_in",
                    f"({', '.join(group)}): the value of a combination "
                    f"{found} of its values at {call.label}",
                )


def _lenient(bound: Bound, scale: Any) -> Bound:
    """Nothing is relative to zero: an op that gives zeros alone is linear."""
    return bound if np.linalg.norm(scale) else Bound("norm", 0.0)


def _keeps_zeros(op: Op, call: Call) -> Iterator[Finding]:
    arrays = [np.zeros_like(array) for array in call.arrays]
    if np.any(call.on(arrays).results[0] != 0):
        yield Finding("zero_preserving", f"zeros do not stay zeros at {call.label}")


def _regroups(op: Op) -> Iterator[Finding]:
    if len(op.parameters) != 2 or op.variadic:
        yield Finding("associative", "only an op of two inputs can be regrouped")
        return
    for call in calls(op, ("float64",)):
        if not call.smooth or len({a.shape for a in call.arrays}) > 1:
            continue
        x, y = call.arrays
        if x.dtype != y.dtype or call.results[0].dtype != x.dtype:
            continue
        z = np.roll(x, 1) if x.ndim else x
        left = op(op(x, y, **call.attributes), z, **call.attributes)
        right = op(x, op(y, z, **call.attributes), **call.attributes)
        found = close(np.asarray(left), np.asarray(right), IDENTITY)
        if not found:
            yield Finding("associative", f"the value {found} when regrouped at {call.label}")
            return
