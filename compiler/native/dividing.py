"""Which kernels are divided among threads, and where threads must wait for each other.

Rounds of a kernel's divided loop touch memory of their own, so that any division gives the same
bits. Kernels that are not divided run on the thread that called. A barrier stands before a kernel
that touches what another thread may still be using.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .costs import arithmetic, traffic
from .place import Place
from .record import KernelRecord

WORTH_CYCLES = 20_000
"""What a kernel must cost to be divided: several times what a barrier of a microsecond does."""


def cycles(record: KernelRecord) -> float:
    """About how long a kernel runs on one thread."""
    return arithmetic(record.flops) + traffic(record.nbytes)


def is_worth_dividing(record: KernelRecord, rounds: int | None) -> bool:
    """True when two threads are faster than one by more than they wait."""
    return rounds is not None and rounds > 1 and cycles(record) >= WORTH_CYCLES


@dataclass(frozen=True, slots=True)
class Span:
    """Memory that a kernel touches.

    Attributes
    ----------
    place : Place
        Where it begins.
    nbytes : int
        How much of the arena it is; other places are touched as a whole.
    """

    place: Place
    nbytes: int

    def meets(self, other: Span) -> bool:
        """True when the two share a byte."""
        a, b = self.place, other.place
        if a.kind != b.kind:
            return False
        if a.kind != "arena":
            return a.number == b.number
        return a.number < b.number + other.nbytes and b.number < a.number + self.nbytes


@dataclass
class Barriers:
    """Says of each kernel in turn whether a barrier must come before it."""

    _alone: list[tuple[Span, bool]] = field(default_factory=list)
    _divided: list[tuple[Span, bool]] = field(default_factory=list)

    def before(self, reads: Sequence[Span], writes: Sequence[Span], *, divided: bool) -> bool:
        """True when the kernel meets memory that another thread has touched since the last one."""
        own = [(span, False) for span in reads] + [(span, True) for span in writes]
        others = self._divided + (self._alone if divided else [])
        needed = any(
            (writing or wrote) and span.meets(other)
            for span, writing in own
            for other, wrote in others
        )
        if needed:
            self._alone.clear()
            self._divided.clear()
        (self._divided if divided else self._alone).extend(own)
        return needed
