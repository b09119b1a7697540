"""What work costs: one model for what is saved, computed again, and divided among threads.

The unit is one cycle of one core. The numbers are about those of a current core; they decide how
a program is written, never what it computes, and are the same on every machine, so that a graph
has the same kernels everywhere.
"""

from __future__ import annotations

from functools import lru_cache

from ..graph import Unit
from ..kernel.terms import postorder
from ..kinds import Elementwise
from ..scalar import Scalar, Word

FLOPS_A_CYCLE = 8
"""Operations on float32, in vectors of eight lanes: cores can do two or four of them at once, but
an expression seldom keeps more than one unit busy."""

NEAR_BYTES_A_CYCLE = 16
"""From or to a second-level cache: half a line in two cycles, reads and writes alike."""

FAR_BYTES_A_CYCLE = 8
"""From or to memory: one thread got 10 bytes a cycle, and threads share what there is."""

NEAR_BYTES = 2**20
"""What stays in a second-level cache beside its neighbours: larger arrays are *far*."""

SLOW = {
    Word.DIVIDE: 10,
    Word.SQRT: 12,
    Word.TRUNCATED_DIVIDE: 40,
    Word.TRUNCATED_REMAINDER: 40,
}
"""Words that take longer than an addition, and how many times: vectors of float32 on Skylake and
Zen (Fog's instruction tables); integers are divided one by one."""

FREE = frozenset({Word.INPUT, Word.LITERAL})


def arithmetic(operations: float, itemsize: int = 4) -> float:
    """Cycles of so many operations on elements of `itemsize` bytes."""
    return operations * max(1, itemsize / 4) / FLOPS_A_CYCLE


def traffic(nbytes: int) -> float:
    """Cycles in which an array is read or written once."""
    return nbytes / (NEAR_BYTES_A_CYCLE if nbytes < NEAR_BYTES else FAR_BYTES_A_CYCLE)


def operations(unit: Unit) -> int:
    """What one element of an elementwise unit takes, in additions."""
    assert isinstance(unit.op, Elementwise)
    return _operations(unit.op.body([u.array_type for u in unit.inputs], unit.attributes))


@lru_cache(maxsize=4096)
def _operations(body: Scalar) -> int:
    words = [scalar.word for scalar in postorder([body], _usual)]
    return sum(SLOW.get(word, 1) for word in words if word not in FREE)


def _usual(scalar: Scalar) -> tuple[Scalar, ...]:
    """What a word needs where no rare case is met."""
    if scalar.word is Word.RARELY:
        condition, _, usual = scalar.operands
        return condition, usual
    return scalar.operands
