"""A measuring process: one contestant, asked by pickled requests on its standard input.

It is started as ``python -m benchmarks.runner.worker CONTESTANT THREADS``. One process for each
contestant keeps their threads, allocators and environment variables apart.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

from . import contestants
from .workload import Sizes, Skip, Step, Workload

SAMPLE_SECONDS = 3e-4
"""The least duration of a sample: reading the clock must not count."""


def find(module: str, name: str) -> Workload:
    """The workload of that name in a module."""
    for value in vars(import_module(module)).values():
        if isinstance(value, Workload) and value.name == name:
            return value
    raise LookupError(f"{module} has no workload {name!r}")


def arrays(result: Any) -> Iterator[Any]:
    """Every array of a result, as a NumPy array of its own."""
    import numpy as np

    if isinstance(result, dict):
        result = list(result.values())
    elif is_dataclass(result):
        result = [getattr(result, field.name) for field in fields(result)]
    if isinstance(result, (list, tuple)):
        for part in result:
            yield from arrays(part)
    else:
        detached = result.detach() if hasattr(result, "detach") else result
        yield np.array(detached, copy=True)


class Session:
    """What a process can be asked to do; each public method is a request."""

    def __init__(self, contestant: str, threads: int) -> None:
        self._contestant = contestant
        self._threads = threads
        self._step: Step = lambda: None

    def start(self) -> str:
        """Import the library; its version."""
        return contestants.start(self._contestant, self._threads)

    def warm(self) -> None:
        """Compile something small."""
        contestants.warm(self._contestant)

    def prepare(self, module: str, name: str, sizes: Sizes) -> None:
        """Make the step of a workload."""
        self._step = find(module, name).make_step(self._contestant, sizes)

    def first(self) -> float:
        """Seconds of a single step."""
        started = time.perf_counter()
        self._step()
        return time.perf_counter() - started

    def results(self, steps: int) -> list[list[Any]]:
        """The arrays that each of some steps returns."""
        return [list(arrays(self._step())) for _ in range(steps)]

    def turn(self, seconds: float) -> list[float]:
        """Seconds of a step, several times, within about the given time; the first do not count."""
        step, clock = self._step, time.perf_counter
        started = clock()
        once = self.first()
        while clock() - started < seconds / 4:
            once = min(once, self.first())
        calls = max(1, round(SAMPLE_SECONDS / max(once, 1e-8)))
        found: list[float] = []
        gc.collect()
        gc.disable()
        started = clock()
        while not found or clock() - started < seconds:
            begun = clock()
            for _ in range(calls):
                step()
            found.append((clock() - begun) / calls)
        gc.enable()
        return found

    def drop(self) -> None:
        """Forget the step and its arrays."""
        self._step = lambda: None
        contestants.forget(self._contestant)
        gc.collect()

    def call(self, module: str, function: str, *args: Any) -> Any:
        """The result of a function of a module, for what is measured in other ways."""
        return getattr(import_module(module), function)(*args)


def serve(session: Session, requests: Any, replies: Any) -> None:
    """Answer requests until there are no more."""
    while True:
        try:
            method, args = pickle.load(requests)
        except EOFError:
            return
        try:
            reply = "result", getattr(session, method)(*args)
        except Skip as reason:
            reply = "skip", str(reason)
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            reply = "skip", f"{type(error).__name__}: {lines[0]}"
        pickle.dump(reply, replies, protocol=pickle.HIGHEST_PROTOCOL)
        replies.flush()


def main() -> None:
    """Serve on standard input and output; what libraries print goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    contestant, threads = sys.argv[1], int(sys.argv[2])
    contestants.pin(threads)
    serve(Session(contestant, threads), sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
