"""Values: the reference and the type rule, composites and the reference, float32 and float64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...compiler.dtypes import DType
from ...compiler.errors import LocatedError, PluginError
from ...compiler.interpret import fits
from ...compiler.op import Op
from ...compiler.tolerances import BITS, Bound, Closeness, against_numpy, close, composed, summed
from .calls import Call, calls
from .report import Finding


def reference(op: Op) -> Iterator[Finding]:
    """Samples are accepted, and the reference gives what the type rule says for them."""
    for call in calls(op):
        try:
            types = [unit.array_type for unit in call.graph.outputs]
        except LocatedError as error:
            yield Finding("samples", f"{call.label} is refused: {error.sentence}")
            continue
        for array, type in zip(referred(call, len(types)), types, strict=True):
            if not fits(array, type):
                yield Finding(
                    "reference",
                    f"gives {array.dtype}{list(array.shape)} where the type rule says {type} "
                    f"at {call.label}",
                )


def referred(call: Call, count: int) -> list[Any]:
    """The reference's results; the interpreter's for a composite without one."""
    if call.op.reference is None:
        return call.results
    given = call.op.reference(*call.operands, **call.unit.attributes)
    several = list(given) if isinstance(given, (tuple, list)) else [given]
    if len(several) != count:
        raise PluginError(f"reference gives {len(several)} results, wanted {count}")
    return [np.asarray(result) for result in several]


def composition(op: Op) -> Iterator[Finding]:
    """A composite's sub-graph computes its reference."""
    if op.kind != "composite" or op.reference is None:
        return
    for call in calls(op):
        for value, wanted in zip(call.results, referred(call, len(call.results)), strict=True):
            found = agree(call, value, wanted)
            if not found:
                yield Finding("body", f"the value {found} by the reference at {call.label}")


def precision(op: Op) -> Iterator[Finding]:
    """A composite in float32 agrees with itself in float64 on the same numbers."""
    if op.kind != "composite":
        return
    for call in calls(op, ("float32",)):
        wide = [a.astype(np.float64) if a.dtype == np.float32 else a for a in call.arrays]
        dtypes = {array.dtype for array in call.arrays}
        narrow = any(isinstance(value, DType) for value in call.attributes.values())
        if not call.smooth or np.dtype(np.float32) not in dtypes or narrow:
            continue
        for value, exact in zip(call.results, call.on(wide).results, strict=True):
            if value.dtype != np.float32:
                continue
            found = agree(call, value, exact.astype(np.float32))
            if not found:
                yield Finding("body", f"the float32 value {found} in float64 at {call.label}")


def agree(call: Call, actual: Any, expected: Any) -> Closeness:
    """Compare a value of the call with what its kind lets it differ by."""
    scale = None if call.op.kind == "elementwise" else call.scaled()
    return close(actual, expected, bound_of(call), scale)


def bound_of(call: Call) -> Bound:
    """How far two computations of the call may be apart, by the kind of op."""
    op, dtype = call.op, call.results[0].dtype
    if op.kind == "movement" or dtype.kind != "f":
        return BITS
    if op.kind == "elementwise":
        return against_numpy(op.ulp)
    if op.kind == "composite":
        return composed(dtype)
    return summed(max((array.size for array in call.operands), default=1), dtype)
