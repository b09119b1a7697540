"""Bad samples: each ends in an error of one sentence that says what was stated."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.errors import LocatedError
from ...compiler.op import Op
from ...compiler.registry import registry
from .calls import DTYPES, SEED
from .report import Finding


def refusals(op: Op) -> Iterator[Finding]:
    """Every bad sample is refused in both dtypes, by an error that names the op."""
    for number, bad in enumerate(op.refused):
        for dtype in DTYPES:
            arrays = bad.sample.arrays(len(op.parameters), SEED + number, dtype)
            place = f"bad sample {number} in {dtype}"
            try:
                op(*arrays, **bad.sample.attributes)
            except LocatedError as error:
                yield from _judge(op, error, bad.says, place)
            except Exception as error:
                yield Finding(
                    "samples",
                    f"{place} ends in {type(error).__name__} ({error}), not in a sentence",
                )
            else:
                yield Finding("samples", f"{place} is accepted, and should end in {bad.says!r}")


def _judge(op: Op, error: LocatedError, says: str, place: str) -> Iterator[Finding]:
    """A composite's sentence may come from the op inside it that refused."""
    if says not in error.sentence:
        yield Finding("samples", f"{place} says {error.sentence!r}, wanted {says!r}")
    inner = op.kind == "composite" and error.op is not None and error.op in registry
    if error.op != op.name and not inner:
        yield Finding("samples", f"{place} names {error.op!r} instead of the op")
