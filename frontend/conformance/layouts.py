"""Inputs in other memory layouts, and with one element or none along an axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ...compiler.errors import LocatedError
from ...compiler.kinds import Elementwise, Reduction
from ...compiler.op import Op
from .backends import BACKENDS
from .calls import Call, calls
from .forward import agree
from .report import Finding

# Samples tried in other layouts: each compiles once more on a native backend.
TRIED = 3


def _spaced(array: Any) -> Any:
    """Every second element along each axis of a larger array."""
    wide = np.zeros([2 * extent for extent in array.shape], array.dtype)
    every_other = (slice(None, None, 2),) * array.ndim
    wide[every_other] = array
    return wide[every_other]


def _reversed(array: Any) -> Any:
    """The same elements behind negative strides."""
    backward = (slice(None, None, -1),) * array.ndim
    return np.ascontiguousarray(array[backward])[backward]


def _unaligned(array: Any) -> Any:
    """The same elements one byte off alignment."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "strided": _spaced,
    "reversed": _reversed,
    "transposed": np.asfortranarray,
    "unaligned": _unaligned,
}


def strides(op: Op) -> Iterator[Finding]:
    """The value does not depend on how the inputs lie in memory."""
    shaped = (c for c in calls(op, ("float64",)) if any(a.ndim and a.size for a in c.arrays))
    for call in islice(shaped, TRIED):
        for layout, lay in LAYOUTS.items():
            arrays = [lay(a) if a.ndim and a.size else a for a in call.arrays]
            for name, backend in BACKENDS.items():
                plain = backend(call.graph, list(call.arrays))
                moved = backend(call.graph, arrays)
                for one, other in zip(moved, plain, strict=True):
                    found = agree(call, one, other)
                    if not found:
                        yield Finding(
                            "reference",
                            f"with {layout} inputs on {name} the value {found} at {call.label}",
                        )


def sizes(op: Op) -> Iterator[Finding]:
    """Cut to one element or none along the first axis, inputs work or are refused in a sentence."""
    if isinstance(op, Elementwise):
        yield from _elementwise_sizes(op)
        return
    for call in islice(calls(op, ("float64",)), TRIED):
        for extent in (1, 0):
            arrays = [a[:extent] if a.ndim else a for a in call.arrays]
            yield from _works_or_is_refused(call.on(arrays), extent)


def _elementwise_sizes(op: Op) -> Iterator[Finding]:
    call = next(iter(calls(op, ("float64",))))
    for shape in ((), (1,), (1, 1), (0,), (2, 0)):
        arrays = [
            np.resize(a.ravel()[:1], shape) if a.size else np.ones(shape, a.dtype)
            for a in call.arrays
        ]
        smaller = call.on(arrays)
        if smaller.arrays and smaller.results[0].shape != shape:
            yield Finding("body", f"inputs of shape {shape} give {smaller.results[0].shape}")


def _works_or_is_refused(call: Call, extent: int) -> Iterator[Finding]:
    types = ", ".join(f"{a.dtype}{list(a.shape)}" for a in call.arrays)
    try:
        call.graph  # noqa: B018  (types are inferred here)
        for backend in BACKENDS.values():
            backend(call.graph, list(call.arrays))
        if call.wanted and call.seeds and not isinstance(call.op, Reduction):
            call.gradient  # noqa: B018
    except LocatedError:
        return
    except Exception as error:
        yield Finding(
            "type_rule",
            f"inputs cut to {extent} ({types}) end in {type(error).__name__}: {error}; "
            "refuse them in a sentence, or compute them",
        )
