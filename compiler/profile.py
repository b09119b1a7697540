"""What a profile says: times of whole calls, and of the kernels inside."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runtime.files import atomic_write

if TYPE_CHECKING:
    from .native.record import KernelRecord

LEAST_SECONDS = 1e-7
"""What takes less is not told apart from the instructions around it: it has no rate."""


@dataclass(frozen=True, slots=True)
class KernelTime:
    """Times of one kernel, in seconds: from its first part's beginning to its last one's end.

    Attributes
    ----------
    name, summary : str
        Which kernel, and what it does.
    best, median : float
        Over all calls.
    flops, nbytes : int
        Its work.
    """

    name: str
    summary: str
    best: float
    median: float
    flops: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Event:
    """A part of a kernel in one run, in seconds from the run's beginning.

    Attributes
    ----------
    kernel : int
        Its number.
    thread : int
        Who did it; 0 is the caller.
    begin, end : float
        When.
    """

    kernel: int
    thread: int
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Profile:
    """Times of calls, in seconds.

    Attributes
    ----------
    calls : int
        How many were timed, after one that was not.
    best, median : float
        Seconds of a call of the program itself.
    timed : float
        The best call of the program with timers between its kernels.
    kernels : tuple of KernelTime
        In the order in which they run.
    events : tuple of Event
        What happened in the fastest of the calls with timers.
    """

    calls: int
    best: float
    median: float
    timed: float = 0.0
    kernels: tuple[KernelTime, ...] = ()
    events: tuple[Event, ...] = ()

    def __str__(self) -> str:
        head = f"best {_us(self.best)} us, median {_us(self.median)} us of {self.calls}"
        if not self.kernels:
            return head
        total = sum(kernel.best for kernel in self.kernels) or 1.0
        rows = [
            f"{_us(each.best):>10} {_us(each.median):>10} {each.best / total:6.0%} "
            f"{_rate(each.flops, each.best):>9} {_rate(each.nbytes, each.best):>8}  {each.summary}"
            for each in self.kernels
        ]
        titles = (
            f"{'best us':>10} {'median us':>10} {'share':>6} {'GFLOP/s':>9} {'GB/s':>8}  kernel"
        )
        return "\n".join([f"{head}; with timers best {_us(self.timed)} us", titles, *rows])

    def trace(self) -> dict[str, Any]:
        """The events in the format of Chrome's tracing and of Perfetto."""
        events = [
            {
                "name": self.kernels[event.kernel].name,
                "ph": "X",
                "ts": 1e6 * event.begin,
                "dur": 1e6 * (event.end - event.begin),
                "pid": 0,
                "tid": event.thread,
                "args": {"kernel": self.kernels[event.kernel].summary},
            }
            for event in self.events
        ]
        return {"traceEvents": events, "displayTimeUnit": "ns"}

    def save_trace(self, path: str | os.PathLike[str]) -> None:
        """Write `trace` as a JSON file, which chrome://tracing and Perfetto open."""
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(self.trace()), encoding="utf-8")


def kernel_times(
    records: Sequence[KernelRecord], owners: Sequence[int], runs: np.ndarray, second: float
) -> tuple[KernelTime, ...]:
    """Times of kernels.

    Parameters
    ----------
    records : sequence of KernelRecord
        The kernels.
    owners : sequence of int
        The kernel of each call.
    runs : array of shape (runs, calls, parts, fields)
        What a clock noted.
    second : float
        Ticks of a second.
    """
    found = []
    for number, record in enumerate(records):
        calls = [call for call, owner in enumerate(owners) if owner == number]
        spent = np.zeros(len(runs))
        for call in calls:
            begin, end = runs[:, call, :, 0], runs[:, call, :, 1]
            done = end > 0
            first = np.where(done, begin, np.iinfo(np.int64).max).min(axis=1)
            spent += np.where(done.any(axis=1), end.max(axis=1) - first, 0) / second
        times = spent.tolist()
        found.append(
            KernelTime(
                record.name,
                record.summary(),
                min(times),
                median(times),
                record.flops,
                record.nbytes,
            )
        )
    return tuple(found)


def events_of(owners: Sequence[int], run: np.ndarray, second: float) -> tuple[Event, ...]:
    """The events of one run, in the order in which they began."""
    rows = [(*row, call) for call, parts in enumerate(run.tolist()) for row in parts if row[1]]
    start = min((row[0] for row in rows), default=0)
    found = [
        Event(owners[call], thread, (begin - start) / second, (end - start) / second)
        for begin, end, thread, _, call in rows
    ]
    return tuple(sorted(found, key=lambda event: event.begin))


def _us(seconds: float) -> str:
    return f"{1e6 * seconds:.1f}"


def _rate(amount: int, seconds: float) -> str:
    return f"{amount / seconds / 1e9:.1f}" if amount and seconds >= LEAST_SECONDS else "-"
